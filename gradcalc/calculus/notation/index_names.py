"""The names of the indices in one formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count

from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.terms import Ix, Term

OUT, INTO, BOUND = "kluv", "pqrs", "abcdghst"


class IndexNames:
    """`taken` are the names an index must not have; `hidden` example indices keep their own name.
    `given` are the names of indices that the exercise declares, `sizes` tells how far each name
    runs.
    """

    def __init__(self, engine: Engine, taken: frozenset[str], hidden: Mapping[Ix, str]) -> None:
        self.engine, self.taken = engine, set(taken)
        self.words: dict[Ix, str] = dict(hidden)
        self.sizes: dict[str, object] = {}
        self.declared: list[tuple[str, object]] = []
        self.given: frozenset[str] = frozenset()

    def offer(self, terms: Sequence[Term]) -> None:
        """Give the author's names to the indices of these terms, as far as they are free there."""
        self.declared = self.available(terms)
        self.given = frozenset(name for name, _ in self.declared)

    def available(self, terms: Sequence[Term]) -> list[tuple[str, object]]:
        """The author's indices with their sizes, save those that a sum inside an unnamed
        quantity binds.
        """
        graph, nodes = self.engine.graph, self.engine.quantities.nodes
        exprs = (expr for term in terms for expr in term.groups.values())
        stack = [
            q.node if isinstance(q, Pseudo) else q
            for e in exprs
            for _, q, _ in self.engine.quantities.entries.entries(e)
        ]
        seen, bound = set(), set(graph.examples) | graph.names.keys()
        while stack:
            number = stack.pop()
            if number not in seen and number >= 0 and nodes[number].name is None:
                seen.add(number)
                bound.update(nodes[number].attrs.get("index", ()))
                stack += nodes[number].args
        return [(name, size) for name, size in graph.indices.items() if name not in bound]

    def of(self, ix: Ix, letters: str) -> str:
        """The name of an index: the one it has, the author's for its size, or a new one of these
        letters.
        """
        given = (
            next((item for item in self.declared if item[1] == ix.size), None)
            if ix not in self.words
            else None
        )
        if given is not None:
            self.declared.remove(given)
            self.words[ix], self.sizes[given[0]] = given[0], ix.size
        if ix not in self.words:
            free = (x + tail for tail in chain([""], map(str, count(1))) for x in letters)
            word = next(w for w in free if w not in self.taken)
            self.words[ix] = word
            self.taken.add(word)
            self.sizes[word] = ix.size
        return self.words[ix]
