"""Expressions with numbers put in for their names."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from gradcalc.language.formula_pieces import Number
from gradcalc.language.parser import Expr, Neg, Num
from gradcalc.language.tree import occurrences, substitute
from gradcalc.language.typography import number


def decimal(value: float | int, digits: int) -> Expr:
    """A number as an expression that prints as the number does."""
    exact = Fraction(number(value, digits))
    size = Num(abs(exact), decimal=True)
    return Neg(size) if exact < 0 else size


def plugged(expr: Expr, values: Mapping[str, Number], digits: int) -> Expr | None:
    """An expression with numbers for its names; None where one has no number, or none is named."""
    names = {name.id for name in occurrences(expr) if name.id in values}
    if not names or not all(isinstance(values[name], int | float) for name in names):
        return None
    return substitute(expr, {name: decimal(values[name], digits) for name in names})
