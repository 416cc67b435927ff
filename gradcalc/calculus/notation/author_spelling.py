"""Sums, arguments and numbers as the author of an exercise wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

import sympy as sp

from gradcalc.calculus.quantities import Quantities
from gradcalc.graph.to_expression import tree
from gradcalc.language.tree import Expr, Num, walk

DECIMALS = 10**6  # a decimal has at most six digits behind the point


class AuthorSpelling:
    """How the author wrote an expression: σ(β x), though x was named before β; tenths and
    hundredths as decimals, 0.01, where the author writes any. None where the author did not write
    it.
    """

    def __init__(self, quantities: Quantities) -> None:
        self.quantities = quantities

    def __call__(self, expr: sp.Expr) -> Expr | None:
        if isinstance(expr, sp.Rational):
            short = expr.q % 5 == 0 and DECIMALS % expr.q == 0 and 0 < expr.p < DECIMALS
            return Num(Fraction(expr.p, expr.q), decimal=True) if short and self._decimal else None
        return self._spellings.get(expr)

    @cached_property
    def _decimal(self) -> bool:
        """Whether the author writes decimals."""
        exercise = self.quantities.graph.exercise
        lines = [definition.expr for definition in exercise.definitions]
        lines += [function.expr for function in exercise.functions.values()]
        numbers = (part for line in lines for part in walk(line) if isinstance(part, Num))
        return any(number.decimal and number.value.denominator != 1 for number in numbers)

    @cached_property
    def _spellings(self) -> Mapping[sp.Expr, Expr]:
        quantities, nodes = self.quantities, self.quantities.graph.nodes
        found: dict[sp.Expr, Expr] = {}
        for number, node in enumerate(nodes):
            if number in quantities.bounded or node.shape or node.over or not node.args:
                continue
            expr = quantities.expr(number, (), {})
            if not expr.is_Atom and expr not in found:
                found[expr] = tree(nodes, number)
        return found
