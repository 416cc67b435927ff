"""The one way back: who comes when, what is handed back, what is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gradcalc.graph.backward import Handed, Reached, pull


class Counts:
    """Gradients as numbers; every edge of a graph has a number as its local derivative."""

    def __init__(self, edges: Mapping[int, Mapping[int, int]], stop: frozenset[int]) -> None:
        self.edges, self.stop = edges, stop
        self.asked: list[int] = []

    def turn(self, node: int) -> int:
        return -node

    def gradient(self, node: int, handed: list[Handed[int, int]]) -> int:
        return sum(one.product for one in handed)

    def handed_back(self, node: int, gradient: int) -> Iterator[tuple[int, int, int]]:
        self.asked.append(node)
        if node not in self.stop:
            for operand, local in self.edges.get(node, {}).items():
                yield operand, local, gradient * local


DIAMOND = {3: {1: 2, 2: 5}, 2: {0: 3}, 1: {0: 7}}


def back(given: Mapping[int, int], stop: frozenset[int] = frozenset()) -> list[Reached[int, int]]:
    return list(pull(given, Counts(DIAMOND, stop)))


def test_each_node_comes_once_after_all_that_use_it() -> None:
    assert [one.node for one in back({3: 1})] == [3, 2, 1, 0]


def test_contributions_of_all_paths_add() -> None:
    assert {one.node: one.gradient for one in back({3: 1})} == {3: 1, 2: 5, 1: 2, 0: 29}


def test_who_handed_back_what_is_kept() -> None:
    *_, last = back({3: 1})
    assert last.handed == [Handed(2, 5, 3, 15), Handed(1, 2, 7, 14)]


def test_what_is_given_on_the_way_is_added() -> None:
    found = {one.node: one for one in back({3: 1, 1: 10})}
    assert found[1].handed == [Handed(None, None, None, 10), Handed(3, 1, 2, 2)]
    assert found[0].gradient == 15 + 12 * 7


def test_nothing_passes_where_the_way_ends() -> None:
    assert [one.node for one in back({3: 1}, stop=frozenset((1, 2)))] == [3, 2, 1]


def test_a_node_is_seen_before_it_hands_back() -> None:
    way = Counts(DIAMOND, frozenset())
    for one in pull({3: 1}, way):
        assert one.node not in way.asked
    assert way.asked == [3, 2, 1, 0]
