"""Every node defined by terms in the entries of others, and what that says of it: whether it is
symmetric.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from gradcalc.calculus.bounds import NAMED
from gradcalc.calculus.known_sums import KnownSum, KnownSums
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.simplify import Simplifier
from gradcalc.calculus.term_algebra import Algebra
from gradcalc.calculus.terms import Facts, Ix, Key, RawTerm, Term
from gradcalc.language.shape_rules import ONE


class Definitions:
    """The definitions of nodes as terms."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities, self.known_sums = quantities, KnownSums(quantities)
        entries = quantities.entries
        simplifier = Simplifier(entries.lengths)
        facts = Facts(
            self.symmetric,
            self.known_sum,
            self.centred,
            quantities.computed,
            quantities.made_by,
        )
        self.algebra = Algebra(entries, simplifier, facts, most=quantities.most)
        # For differentiating: entries are independent, so that neither A_ji is A_ij nor Σ p
        # is 1.
        self.one_by_one = Algebra(entries, simplifier, facts, knowing=False)
        self._symmetric: dict[int, bool] = {}
        self.used: list[KnownSum] = []  # what was known of sums, in the order in which it was used

    def known_sum(self, expr: sp.Expr, ix: Ix) -> sp.Expr | None:
        """The number that an expression sums to over an index; that it was used is noted."""
        total = self.known_sums.known_sum(expr, ix)
        if total is not None:
            self.used += self.known_sums.reasons(expr, ix)
        return total

    def centred(self, expr: sp.Expr, over: Key) -> bool:
        """Does an expression sum to 0 over all of its indices? That it was used is noted."""
        found = self.known_sums.centred(expr, over)
        if found:
            self.used.append(KnownSum("deviations"))
        return found

    def definition(self, number: int, indices: Key) -> list[Term]:
        """A node's value at `indices` as terms in the entries of its operands; [] for inputs and
        special nodes.
        """
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
            return [stated(algebra, term) for term in rule(quantities, node, positional, named)]
        if not quantities.elementwise(number):
            return []
        return [algebra.term(quantities.formula(number, positional, named))]

    def symmetric(self, quantity: Any) -> bool:
        """Is A_ji A_ij: as it is assumed, by its operation, or by its definition?"""
        if not isinstance(quantity, int) or quantity >= len(self.quantities.nodes):
            return False
        if quantity not in self._symmetric:
            # Known before the definition is looked at, for that asks again.
            before = len(self.used)
            self._symmetric[quantity] = self._symmetric_operation(quantity)
            self._symmetric[quantity] = self._symmetric[quantity] or self._mirrored(quantity)
            del self.used[before:]  # looked at, and used for nothing
        return self._symmetric[quantity]

    def _symmetric_operation(self, number: int) -> bool:
        """By what is assumed, and by the operation and its operands."""
        nodes, node = self.quantities.nodes, self.quantities.nodes[number]
        square = len(node.shape) == 2
        if {"symmetric", "diagonal"} & self.quantities.assume.get(number, frozenset()):
            return True
        if node.op in ("inv", "copy"):
            return self.symmetric(node.args[0])
        if node.op in ("eye", "diag"):
            return square
        if node.op in ("add", "sub") and square:
            return all(self.symmetric(arg) or nodes[arg].shape == () for arg in node.args)
        if node.op == "matmul" and all(len(nodes[arg].shape) == 2 for arg in node.args):
            return self.chain(number) == self.chain(number, True)
        return False

    def _mirrored(self, number: int) -> bool:
        """Has its definition at (j, i) the terms of that at (i, j)? Σ x xᵀ, XᵀX/m + λI, exp(−D)
        of a symmetric D.
        """
        quantities, node = self.quantities, self.quantities.nodes[number]
        if number >= len(quantities.graph.nodes) or len(node.shape) != 2 or ONE in node.shape:
            return False
        if node.shape[0] != node.shape[1]:
            return False
        if node.op == "input" or node.op in quantities.rules.special:
            return False
        i, j, *over = quantities.fresh(number)
        given, turned = (
            [self.algebra.identified(term) for term in self.definition(number, at)]
            for at in ((i, j, *over), (j, i, *over))
        )
        factors = (expr for term in given for expr in term.groups.values())
        if sum(map(quantities.entries.lengths.cost, factors)) > NAMED:
            return False
        return not self.algebra.gather(
            [*given, *(replace(term, coef=-term.coef) for term in turned)]
        )

    def chain(self, number: int, flipped: bool = False) -> list[tuple[int, bool]]:
        """A matrix product as its factors, each with whether it is transposed."""
        nodes, node = self.quantities.nodes, self.quantities.nodes[number]
        if node.op == "transpose":
            return self.chain(node.args[0], not flipped)
        if node.op == "matmul" and all(len(nodes[arg].shape) == 2 for arg in node.args):
            parts = [
                self.chain(arg, flipped) for arg in (node.args[::-1] if flipped else node.args)
            ]
            return parts[0] + parts[1]
        return [(number, flipped and not self.symmetric(number))]


def stated(algebra: Algebra, raw: RawTerm) -> Term:
    """A term as a rule states it, in normal form."""
    term = algebra.term(raw.expr, raw.summed, raw.coef)
    return replace(term, deltas=term.deltas | raw.deltas) if raw.deltas else term
