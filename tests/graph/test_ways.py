"""Paths between named quantities: as many as there are, and the first of them."""

from __future__ import annotations

from random import Random

import pytest

from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.graph.ways import Ways


def drawn(seed: int, lines: int) -> Graph:
    """A random graph in which every quantity is a sum of earlier ones."""
    random, names, text = Random(seed), ["a", "b"], []
    for k in range(lines):
        parts = sorted({*random.sample(names, min(len(names), random.randint(1, 3)))})
        text.append(f"y{k} = {' + '.join(parts)}")
        names.append(f"y{k}")
    return build(exercise_from({"expression": text}))


def all_paths(ways: Ways, of: str, by: str) -> list[tuple[str, ...]]:
    """Every path, by trying all."""
    if of == by:
        return [(by,)]
    return [(of, *rest) for other in ways.reads(of) for rest in all_paths(ways, other, by)]


@pytest.mark.parametrize("seed", range(6))
def test_paths_are_those_that_trying_all_of_them_finds(seed: int) -> None:
    graph = drawn(seed, 9)
    ways = Ways(graph)
    for of in graph.quantities:
        for by in (*graph.inputs, *graph.quantities):
            found = [] if of == by else all_paths(ways, of, by)
            assert ways.count(of, by) == len(found)
            assert ways.depends(of, by) == (bool(found) or of == by)
            assert ways.paths(of, by, 1000, 1000) == found
            assert ways.paths(of, by, 2, 1000) == found[:2]
            through = [path for path in found if path[1] != by]
            direct = by in ways.reads(of)
            assert not direct or ways.otherwise(of, by) == bool(through)
            if found:
                assert tuple(ways.first(of, by)) == found[0]
            if found and len(found[0]) > 2:
                assert ways.ends(of, by, 1) == (found[0][:2], found[0][-2:])


def test_paths_end_with_the_first_that_is_too_long() -> None:
    graph = build(
        exercise_from({"expression": ["u = sin(x)", "v = cos(u)", "w = exp(v)", "f = x*u + w"]})
    )
    ways = Ways(graph)
    assert ways.paths("f", "x", 20, 2) == [("f", "x"), ("f", "u", "x")]
    assert ways.count("f", "x") == 3
    assert ways.paths("w", "x", 20, 2) == []


def test_two_to_the_sixty_paths_are_counted() -> None:
    lines = [line for k in range(60) for line in (f"a{k} = sin(x{k})", f"x{k + 1} = x{k} + a{k}")]
    ways = Ways(build(exercise_from({"expression": lines})))
    assert ways.count("x60", "x0") == 2**60
    assert ways.count("x60", "x59") == 2
    first, last = ways.ends("x60", "x0", 2)
    assert first == ("x60", "x59", "x58")
    assert last == ("x2", "x1", "x0")
