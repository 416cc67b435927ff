"""The derivatives of one graph's quantities, each found once: total ones, local ones, those of
the loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import sympy as sp

from gradcalc.calculus.gradients import Gradients
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.reverse_mode import Derivative, Engine
from gradcalc.calculus.sympy_functions import from_ast
from gradcalc.calculus.terms import Key
from gradcalc.exercise.model import Question, Upstream
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.ways import Ways
from gradcalc.language.constants import fraction
from gradcalc.language.tree import Name


class Derivatives:
    """Derivatives in terms, by one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.graph, self.ways = engine, engine.graph, Ways(engine.graph)
        self._gradients: dict[int, Gradients] = {}
        self._links: dict[int, dict[int, Derivative]] = {}

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

    def reading(self, of: int) -> Reading:
        """The names in which derivatives of a node are read."""
        return self.engine.search.reading(of)

    def gradients(self, of: int) -> Gradients:
        """The gradients of a node at all it is made from."""
        if of not in self._gradients:
            self._gradients[of] = Gradients(self.engine, of, self.reading(of))
        return self._gradients[of]

    def total(self, of: int, by: int, asked: bool = False) -> Derivative:
        """The total derivative of a node by another, along all paths. `asked`: in the names of
        answers above, and of gradients that several ways share.
        """
        if asked:
            self.gradients(of).share()
        return self.gradients(of).derivative(by, asked)

    def local(self, of: int, by: int) -> Derivative:
        """The derivative of a node by another through no quantity with a name."""
        return self.engine.derivative(of, by, self.engine.search.reading(of), self.unnamed)

    def links(self, of: int) -> Mapping[int, Derivative]:
        """The local derivatives of a quantity by the named operands of its definition, in one
        pass.
        """
        if of not in self._links:
            names = self.ways.reads(self.graph.nodes[of].name or "")
            by = {self.graph.names[name] for name in names}
            self._links[of] = self.engine.derivatives(of, by, self.reading(of), self.unnamed)
        return self._links[of]

    def unnamed(self, number: int) -> bool:
        """Has a node no name, so that a local derivative passes on through it?"""
        return self.engine.quantities.nodes[number].name is None

    def depends(self, of: int, by: Iterable[int]) -> bool:
        """Is a node made from all of these?"""
        ancestors = self.engine.quantities.ancestors(of)
        return all(n in ancestors for n in by)

    def call(self, of: int, by: int, name: str, asked: bool) -> None:
        """Keep the name of an answer, d of/d by, for the answers below it. `asked`: it is itself
        written in such names.
        """
        self.gradients(of).call(by, name, asked)


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
