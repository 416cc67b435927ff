"""Sums, arguments and numbers as the author of an exercise wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from fractions import Fraction
from functools import cached_property

import sympy as sp

from gradcalc.calculus.quantities import Quantities
from gradcalc.graph.to_expression import tree
from gradcalc.language.tree import Binary, Expr, Num, walk

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
            value = Fraction(expr.p, expr.q)
            if value in self._powers:
                return self._powers[value]
            finite = expr.q % 5 == 0 or expr.q in self._denominators  # halves only beside halves
            short = finite and DECIMALS % expr.q == 0 and 0 < expr.p < DECIMALS
            return Num(value, decimal=True) if short and self._denominators else None
        return self._spellings.get(expr)

    @cached_property
    def _lines(self) -> list[Expr]:
        """The author's lines, those of functions too."""
        exercise = self.quantities.graph.exercise
        lines = [definition.expr for definition in exercise.definitions]
        return [*lines, *(function.expr for function in exercise.functions.values())]

    @cached_property
    def _denominators(self) -> Set[int]:
        """The denominators of the decimals that the author writes: 4 for 0.25."""
        numbers = (part for line in self._lines for part in walk(line) if isinstance(part, Num))
        return {number.value.denominator for number in numbers if number.decimal} - {1}

    @cached_property
    def _powers(self) -> Mapping[Fraction, Expr]:
        """Powers of decimals that the author leaves standing, such as 1.7^2, by their value."""
        parts = (part for line in self._lines for part in walk(line))
        powers = ((value_of(part), part) for part in parts)
        return {value: part for value, part in powers if value is not None}

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


def value_of(power: Expr) -> Fraction | None:
    """The value of a decimal to a small whole power; None for anything else."""
    match power:
        case Binary("^", Num(base), Num(exponent)) if base.denominator != 1:
            return base**exponent.numerator if exponent in range(2, 10) else None
    return None
