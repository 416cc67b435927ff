"""The paths between the named quantities of a graph: how many there are, and the first of them.

Everything that is asked of a numerator is found once for it, from the numerator down and no further
than the denominator. So the questions about a long computation cost what lies between their two
ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice

from gradcalc.graph.dependencies import operands
from gradcalc.graph.model import Graph


class Ways:
    """The paths of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._reads: dict[str, tuple[str, ...]] = {}
        self._counts: dict[str, _Counts] = {}
        self._trees: dict[str, dict[str, str]] = {}

    def reads(self, name: str) -> tuple[str, ...]:
        """The named quantities that the definition of a quantity uses, in order of first use."""
        if name not in self._reads:
            self._reads[name] = operands(self.graph, name)
        return self._reads[name]

    @cached_property
    def places(self) -> dict[str, int]:
        """The names in the order of the computation, an input just before what uses it first."""
        found: dict[str, int] = {}
        for name in self.graph.quantities:
            for other in (*self.reads(name), name):
                found.setdefault(other, len(found))
        for name in self.graph.inputs:
            found.setdefault(name, len(found))
        return found

    @cached_property
    def _above(self) -> dict[str, int]:
        """What each quantity is made from, itself included, as the bits of a number."""
        found: dict[str, int] = {}
        for name in sorted(self.places, key=self.places.__getitem__):
            found[name] = 1 << self.places[name]
            for other in self.reads(name):
                found[name] |= found[other]
        return found

    def depends(self, of: str, by: str) -> bool:
        """Is a quantity computed from another one? From itself, too."""
        return bool(self._above[of] >> self.places[by] & 1)

    def otherwise(self, of: str, by: str) -> bool:
        """Does a quantity depend on one of its operands through another operand, too?"""
        return any(self.depends(other, by) for other in self.reads(of) if other != by)

    def count(self, of: str, by: str) -> int:
        """How many paths lead from a numerator to a denominator; none to itself."""
        if of == by:
            return 0
        if of not in self._counts:
            self._counts[of] = _Counts(self, of)
        return self._counts[of].at(by)

    def first(self, of: str, by: str) -> Iterator[str]:
        """The names along the first path, one after the other."""
        yield of
        while of != by:
            of = next(name for name in self.reads(of) if self.depends(name, by))
            yield of

    def paths(self, of: str, by: str, limit: int, links: int) -> list[tuple[str, ...]]:
        """Up to `limit` paths from `of` down to `by`, those before the first with more than `links`
        links.
        """
        found: list[tuple[str, ...]] = []
        path: list[str] = []
        stack = [(of, 0)] if of != by and self.depends(of, by) else []
        while stack and len(found) < limit:
            name, depth = stack.pop()
            path[depth:] = [name]
            if name == by:
                found.append(tuple(path))
            elif depth == links:
                break
            else:
                down = (other for other in reversed(self.reads(name)) if self.depends(other, by))
                stack += [(other, depth + 1) for other in down]
        return found

    def ends(self, of: str, by: str, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names along the first `count` links of the first path, and along its last ones."""
        if of not in self._trees:
            self._trees[of] = self._tree(of)
        last = [by]
        while len(last) <= count:
            last.append(self._trees[of][last[-1]])
        return tuple(islice(self.first(of, by), count + 1)), tuple(reversed(last))

    def _tree(self, of: str) -> dict[str, str]:
        """What stands before each name on the first path to it."""
        found: dict[str, str] = {}
        stack = [(other, of) for other in reversed(self.reads(of))]
        while stack:
            name, before = stack.pop()
            if name not in found:
                found[name] = before
                stack += [(other, name) for other in reversed(self.reads(name))]
        return found


class _Counts:
    """The numbers of paths from a numerator, counted as far down as they are asked for."""

    def __init__(self, ways: Ways, of: str) -> None:
        self.ways = ways
        self.found = {of: 1}
        self.heap = [(-ways.places[of], of)]

    def at(self, by: str) -> int:
        heap, found, places = self.heap, self.found, self.ways.places
        while heap and -heap[0][0] > places[by]:
            _, name = heappop(heap)
            for other in self.ways.reads(name):
                if other not in found:
                    heappush(heap, (-places[other], other))
                found[other] = found.get(other, 0) + found[name]
        return found.get(by, 0)
