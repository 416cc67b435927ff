"""Local derivatives: of one entry of a node by the entries of its operands, as rules and
formulas give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import sympy as sp

from gradcalc.calculus.folding import shorter
from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.named_quantities import NamedQuantities
from gradcalc.calculus.same_shape import LENGTHS, Numbering, entries, renamed
from gradcalc.calculus.signs_met import signs_met
from gradcalc.calculus.simplify import Simplifier, repeated, slope
from gradcalc.calculus.terms import Key, Term

# operand -> [(its indices, term)]
Local: TypeAlias = "dict[int, list[tuple[Key, Term]]]"


class LocalDerivatives:
    """The local derivatives of nodes, in the names that quantities have."""

    def __init__(self, names: NamedQuantities) -> None:
        self.names, self.definitions, self.quantities = names, names.definitions, names.quantities
        self.algebra, self.entries = names.algebra, names.entries
        self._numbers: dict[int, Local] = {}  # of scalar nodes, whose operands are scalars

    def of(self, number: int, indices: Key) -> Local:
        """The local derivatives of one entry of a node.

        Entries of a symmetric matrix are independent while differentiating; in the result A_ji is
        A_ij.
        """
        if (
            not indices and number in self._numbers
        ):  # a number: nothing in it depends on what its indices are called
            return self._numbers[number]
        names, algebra = self.names, self.algebra
        found = {
            n: [(at, names.called(algebra.identified(names.assumed(term)))) for at, term in pieces]
            for n, pieces in self._raw(number, indices).items()
        }
        if not indices and all(not at for pieces in found.values() for at, _ in pieces):
            self._numbers[number] = found
        return found

    def _raw(self, number: int, indices: Key) -> Local:
        quantities, node = self.quantities, self.quantities.nodes[number]
        if number in quantities.virtual or node.op in quantities.rules.contractions:
            return self._of_terms(number, indices)
        if node.op in quantities.rules.special:
            positional, named = quantities.full(node, indices)
            stated = quantities.rules.special[node.op](quantities, number, node, positional, named)
            split = self.algebra.split
            return {
                operand: [
                    (at, Term(raw.coef, split(raw.expr), raw.deltas, raw.summed))
                    for at, raw in pieces
                ]
                for operand, pieces in stated.items()
            }
        return {} if node.op == "input" else self._of_formula(number, indices)

    def _of_formula(self, number: int, indices: Key) -> Local:
        """Of an elementwise node, by its formula."""
        quantities = self.quantities
        result: Local = {}
        formula = quantities.formula(number, *quantities.full(quantities.nodes[number], indices))
        own, positive = quantities.entry(number, indices), quantities.positive(formula)
        places = {symbol: (quantity, at) for symbol, quantity, at in self.entries.entries(formula)}
        for symbol, derivative in slopes(formula, own, positive, self.entries.lengths):
            quantity, at = places[symbol]
            if isinstance(quantity, int):
                groups = self.algebra.split(derivative)
                result.setdefault(quantity, []).append((at, Term(sp.S.One, groups)))
        return result

    def _of_terms(self, number: int, indices: Key) -> Local:
        """Of a node that is defined by terms, factor by factor."""
        result: Local = {}
        for term in self.definitions.varied(number, indices):
            for key, expr in term.groups.items():
                for symbol, quantity, at in self.entries.entries(expr):
                    derivative = slope(likelihoods_apart(expr), symbol)
                    if not isinstance(quantity, int) or derivative == 0:
                        continue
                    # Not brought to normal form: a summed index may be carried by `at` alone.
                    groups = {k: e for k, e in term.groups.items() if k != key}
                    for k, e in self.algebra.split(signs_met(derivative)).items():
                        groups[k] = groups.get(k, sp.S.One) * e
                    result.setdefault(quantity, []).append((at, replace(term, groups=groups)))
        return result


def slopes(
    formula: sp.Expr, own: sp.Symbol, positive: Set[sp.Symbol], lengths: Lengths
) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    """The derivatives of own = formula by its entries that are not 0, in their shortest form;
    those of formulas of one shape are found once. `positive`: entries that are.
    """
    number = Numbering(lengths)
    numbered = number.expr(formula, own)
    found = _slopes(numbered, number(own), frozenset(map(number, positive)))
    for symbol, derivative in found:
        yield number.symbol[symbol], renamed(derivative, number.symbol)


@lru_cache(maxsize=20_000)
def _slopes(
    formula: sp.Expr, own: sp.Symbol, positive: frozenset[sp.Symbol]
) -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    found = []
    for symbol in entries(formula):
        derivative = through_sum(formula, symbol)
        if derivative != 0:
            form = shorter(signs_met(derivative), formula, own, positive, LENGTHS)
            found.append((symbol, form))
    return tuple(found)


def through_sum(formula: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """∂formula/∂symbol; through a sum that stands in it more than once by the chain rule."""
    formula = likelihoods_apart(formula)
    inner = repeated(formula)
    if inner is None or symbol not in inner.free_symbols:
        return slope(formula, symbol)
    t = LENGTHS.standing_for(inner)
    outer = Simplifier(LENGTHS).tidy(slope(formula.xreplace({inner: t}), t))
    return outer.xreplace({t: inner}) * slope(inner, symbol)


def likelihoods_apart(formula: sp.Expr) -> sp.Expr:
    """log(p^y q^z) as y log p + z log q, whose derivative needs no powers; logarithms of other
    products stay.
    """
    table = {}
    for log in formula.atoms(sp.log):
        factors = [factor.as_base_exp() for factor in sp.Mul.make_args(log.args[0])]
        if any(exponent.free_symbols for _, exponent in factors):
            table[log] = sp.Add(*(exponent * sp.log(base) for base, exponent in factors))
    return formula.xreplace(table) if table else formula
