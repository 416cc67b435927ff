"""The derivatives of one graph's quantities, each found once: total ones, local ones, those of
the loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import sympy as sp

from gradcalc.calculus.reading import Reading
from gradcalc.calculus.reverse_mode import Derivative, Engine
from gradcalc.calculus.sympy_functions import from_ast
from gradcalc.calculus.terms import Key
from gradcalc.exercise.model import Question, Upstream
from gradcalc.graph.dependencies import operands
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.constants import fraction
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.tree import Name


class Derivatives:
    """Derivatives in terms, by one engine. What is asked of a numerator is found in one pass."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.graph = engine, engine.graph
        self._total: dict[tuple[int, Reading], dict[int, Derivative]] = {}
        self._links: dict[tuple[int, Reading], dict[int, Derivative]] = {}
        self._links_read: dict[int, Reading] = {}
        self._names: dict[int, dict[int, str]] = {}

    @cached_property
    def loss(self) -> int | None:
        """The loss behind the upstream gradients as a node: Σ upstream · quantity; None without
        upstream.
        """
        engine, terms = self.engine, []
        for item in self.graph.exercise.upstream:
            number = self.graph.names[item.of or self.graph.outputs[-1]]
            indices = engine.quantities.fresh(number)
            given = self._upstream_entry(item, number, indices)
            terms.append(
                engine.algebra.term(given * engine.quantities.entry(number, indices), indices)
            )
        return engine.quantities.defined(Node("gradient", (), ()), (), terms) if terms else None

    def _upstream_entry(self, item: Upstream, number: int, indices: Key) -> sp.Expr:
        """A number, or the entry of an input that is the upstream gradient."""
        node = self.graph.nodes[number]
        number_ = None if isinstance(item.value, (tuple, Name)) else fraction(item.value)
        if number_ is not None and (number_ == 1 or not (node.shape or node.over)):
            return sp.Rational(number_.numerator, number_.denominator)
        if not (node.shape or node.over or isinstance(item.value, (tuple, Name))):
            return from_ast(item.value, {})  # pi/4
        name = upstream_name(self.graph, item)
        if name in self.graph.names:
            return self.engine.quantities.entry(self.graph.names[name], indices)
        for n, other in enumerate(self.engine.quantities.nodes):
            if other.name == name:
                return self.engine.quantities.entry(n, indices)
        given = self.engine.quantities.added(Node("input", (), node.shape, node.over, name=name))
        return self.engine.quantities.entry(given, indices)

    def numerator(self, question: Question) -> int:
        """The node that a question differentiates."""
        if question.loss:
            assert self.loss is not None
            return self.loss
        return self.graph.names[self.graph.stacks.get(question.of, question.of)]

    def reading(self, of: int, asked: Mapping[int, str] | None = None) -> Reading:
        """The names in which derivatives of a node are read; `asked`: nodes whose gradient an
        answer has named.
        """
        found = self.engine.search.reading(of)
        return replace(found, asked=tuple(asked.items())) if asked else found

    def total(self, of: int, by: int, asked: Mapping[int, str] | None = None) -> Derivative:
        """The total derivative of a node by another, along all paths; what is asked of a node is
        found in one pass.
        """
        reading = self.reading(of, asked)
        found = self._total.setdefault((of, reading), {})
        if by not in found:
            wanted = {by} | self._wanted.get(of, set())
            found |= self.engine.derivatives(of, wanted, reading)
        return found[by]

    def local(self, of: int, by: int) -> Derivative:
        """The derivative of a node by another through no quantity with a name."""
        return self.engine.derivative(of, by, self.engine.search.reading(of), self.unnamed)

    def links_read(self, of: int, reading: Reading) -> Reading:
        """How the local derivatives of a quantity are read: as the first derivative that they are
        part of, so that they look alike wherever they stand.
        """
        return self._links_read.setdefault(of, reading)

    def links(self, of: int, reading: Reading) -> Mapping[int, Derivative]:
        """The local derivatives of a quantity by the named operands of its definition, in one pass.

        `reading`: that of the derivative which they are part of (see `links_read`).
        """
        reading = self.links_read(of, reading)
        key = of, reading
        if key not in self._links:
            names = operands(self.graph, self.graph.nodes[of].name or "")
            by = {self.graph.names[name] for name in names}
            self._links[key] = self.engine.derivatives(of, by, reading, self.unnamed)
        return self._links[key]

    def unnamed(self, number: int) -> bool:
        """Has a node no name, so that a local derivative passes on through it?"""
        return self.engine.quantities.nodes[number].name is None

    def depends(self, of: int, by: Iterable[int]) -> bool:
        """Is a node made from all of these?"""
        ancestors = self.engine.quantities.ancestors(of)
        return all(n in ancestors for n in by)

    def call(self, of: int, by: int, name: str) -> None:
        """Keep the name of an answer, d of/d by, for the answers after it; the first one stays."""
        if self.graph.nodes[by].op != "input":
            self._names.setdefault(of, {}).setdefault(by, name)

    def asked(self, of: int, by: int) -> Mapping[int, str]:
        """The nodes whose gradients answers have named, but for the one that is asked for."""
        return {n: name for n, name in self._names.get(of, {}).items() if n != by}

    def want(self, of: int, by: Iterable[int]) -> None:
        """Further nodes by which a numerator is differentiated, in the pass that finds the
        others.
        """
        self._wanted.setdefault(of, set()).update(by)

    @cached_property
    def _wanted(self) -> dict[int, set[int]]:
        """Numerator -> the nodes by which it is differentiated somewhere."""
        graph = self.graph
        wanted: dict[int, set[int]] = {}
        for question in graph.exercise.questions or default_questions(graph):
            if question.kind in ("derivative", "second"):
                by = graph.names[graph.stacks.get(question.by[0], question.by[0])]
                wanted.setdefault(self.numerator(question), set()).add(by)
        last = graph.names[graph.outputs[-1]] if self.loss is None else self.loss
        wanted.setdefault(last, set()).update(graph.names[name] for name in graph.inputs)
        return wanted


def upstream_name(graph: Graph, item: Upstream) -> str:
    """How an upstream gradient is written: its own name, or dL_df."""
    if isinstance(item.value, Name):
        return item.value.id
    quantity = item.of or graph.outputs[-1]
    # At a quantity that feeds others the total gradient is more than what is given there.
    return (
        f"d{graph.exercise.loss}_d{quantity}"
        if quantity in graph.outputs
        else f"upstream_{quantity}"
    )
