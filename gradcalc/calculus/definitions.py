"""Every node defined by terms in the entries of others, and what that says of it: whether it is symmetric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradcalc.calculus.known_sums import KnownSums
from gradcalc.calculus.quantities import FUSED_LIMIT, Quantities
from gradcalc.calculus.simplify import Simplifier
from gradcalc.calculus.term_algebra import Algebra, Facts
from gradcalc.calculus.terms import Key, RawTerm, Term
from gradcalc.language.shape_rules import ONE


class Definitions:
    """The definitions of nodes as terms."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities, self.known_sums = quantities, KnownSums(quantities)
        entries = quantities.entries
        simplifier = Simplifier(entries.lengths, factoring=not quantities.long)
        facts = Facts(
            self.symmetric,
            self.known_sums.known_sum,
            self.known_sums.centred,
            quantities.computed,
            quantities.made_by,
        )
        self.algebra = Algebra(entries, simplifier, facts, most=quantities.most)
        # For differentiating: entries are varied one by one, so that neither A_ji is A_ij nor Σ p is 1.
        self.one_by_one = Algebra(entries, simplifier, facts, knowing=False)
        self._symmetric: dict[int, bool] = {}

    def definition(self, number: int, indices: Key) -> list[Term]:
        """A node's value at `indices` as terms in the entries of its operands; [] for inputs and special nodes."""
        return self._definition(number, indices, self.algebra)

    def varied(self, number: int, indices: Key) -> list[Term]:
        """The definition for differentiating: Σ p stays, though its value is 1."""
        return self._definition(number, indices, self.one_by_one)

    def _definition(self, number: int, indices: Key, algebra: Algebra) -> list[Term]:
        quantities = self.quantities
        if number in quantities.virtual:
            own, terms = quantities.virtual[number]
            table = dict(zip(own, indices, strict=True))
            return [algebra.rename(algebra.fresh(term), table) for term in terms]
        node = quantities.nodes[number]
        positional, named = quantities.full(node, indices)
        if node.op in quantities.rules.contractions:
            rule = quantities.rules.contractions[node.op]
            return [given(algebra, term) for term in rule(quantities, node, positional, named)]
        if not quantities.elementwise(number):
            return []
        return [algebra.term(quantities.formula(number, positional, named))]

    def symmetric(self, quantity: Any) -> bool:
        nodes = self.quantities.nodes
        if not isinstance(quantity, int) or quantity >= len(nodes):
            return False
        if quantity not in self._symmetric:
            node = nodes[quantity]
            found = bool(
                {"symmetric", "diagonal"} & self.quantities.assume.get(quantity, frozenset())
            )
            if not found and node.op in ("inv", "copy"):
                found = self.symmetric(node.args[0])
            if not found and node.op in ("eye", "diag") and len(node.shape) == 2:
                found = True
            if not found and node.op in ("add", "sub") and len(node.shape) == 2:
                found = all(self.symmetric(arg) or nodes[arg].shape == () for arg in node.args)
            if (
                not found
                and node.op == "matmul"
                and all(len(nodes[arg].shape) == 2 for arg in node.args)
            ):
                found = self.chain(quantity) == self.chain(quantity, True)
            self._symmetric[quantity] = found
            if (
                not found
                and node.op not in self.quantities.rules.special
                and node.op != "input"
                and node.shape[:1] == node.shape[1:]
            ):
                self._symmetric[quantity] = self.mirrored(quantity)
        return self._symmetric[quantity]

    def mirrored(self, quantity: int) -> bool:
        """Has its definition at (j, i) the terms of that at (i, j)? Σ x xᵀ, XᵀX/m + λI, exp(−D) of a symmetric D."""
        nodes = self.quantities.nodes
        if (
            len(nodes[quantity].shape) != 2
            or ONE in nodes[quantity].shape
            or quantity >= len(self.quantities.graph.nodes)
        ):
            return False
        i, j, *over = self.quantities.fresh(quantity)
        given, turned = (
            [self.algebra.identified(term) for term in self.definition(quantity, at)]
            for at in ((i, j, *over), (j, i, *over))
        )
        if (
            sum(
                self.quantities.entries.lengths.cost(expr)
                for term in given
                for expr in term.groups.values()
            )
            > FUSED_LIMIT
        ):
            return False
        return not self.algebra.gather(
            [*given, *(replace(term, coef=-term.coef) for term in turned)]
        )

    def chain(self, number: int, flipped: bool = False) -> list[tuple[int, bool]]:
        """A matrix product as its factors, each with whether it is transposed."""
        nodes = self.quantities.nodes
        node = nodes[number]
        if node.op == "transpose":
            return self.chain(node.args[0], not flipped)
        if node.op == "matmul" and all(len(nodes[arg].shape) == 2 for arg in node.args):
            parts = [
                self.chain(arg, flipped) for arg in (node.args[::-1] if flipped else node.args)
            ]
            return parts[0] + parts[1]
        return [(number, flipped and not self.symmetric(number))]


def given(algebra: Algebra, raw: RawTerm) -> Term:
    """A term as a rule states it, in normal form."""
    term = algebra.term(raw.expr, raw.summed, raw.coef)
    return replace(term, deltas=term.deltas | raw.deltas) if raw.deltas else term
