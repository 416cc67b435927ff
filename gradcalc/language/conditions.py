"""Conditions as one writes them: m < 1 where a formula compares 1 − m with 0."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradcalc.language.tree import Binary, Compare, Expr, Neg, Num, number

ZERO = Fraction(0)


def positive(expr: Expr) -> Compare:
    """The condition expr > 0, solved for what varies: m < 1 for 1 − m, u > 3 for 2u − 6, a > b for
    a − b, x > y + 1 for x − y − 1.
    """
    parts = summands(expr)
    constant = sum((sign * value for sign, part in parts if (value := constant_of(part))), ZERO)
    varying = [(sign, *multiple(part)) for sign, part in parts if constant_of(part) is None]
    if not varying:
        return Compare(">", expr, Num(ZERO))
    factors = {factor for _, factor, _ in varying}
    shared = factors.pop() if len(factors) == 1 else Fraction(1)
    above, below = (
        [times(factor / shared, part) for sign, factor, part in varying if sign == side]
        for side in (1, -1)
    )
    constant /= shared
    if above and below:
        (above if constant > 0 else below).extend([number(abs(constant))] if constant else [])
        return Compare(">", total(above), total(below))
    if above:
        return Compare(">", total(above), number(-constant))
    return Compare("<", total(below), number(constant))


def summands(expr: Expr, sign: int = 1) -> list[tuple[int, Expr]]:
    """The summands of an expression in their order, each with its sign."""
    match expr:
        case Binary("+" | "-" as op, left, right):
            return [*summands(left, sign), *summands(right, sign if op == "+" else -sign)]
        case Neg(arg):
            return summands(arg, -sign)
    return [(sign, expr)]


def constant_of(expr: Expr) -> Fraction | None:
    """The value of a number, 3 or 3/2; None for anything else."""
    match expr:
        case Num(value):
            return value
        case Binary("/", Num(above), Num(below)):
            return above / below
    return None


def multiple(expr: Expr) -> tuple[Fraction, Expr]:
    """A product as the number in front and the rest: 2 and x·y for 2·x·y."""
    if isinstance(expr, Binary) and expr.op == "*":
        front = constant_of(expr.left)
        if front is not None and front > 0:
            return front, expr.right
        factor, rest = multiple(expr.left)
        return factor, Binary("*", rest, expr.right) if factor != 1 else expr
    return Fraction(1), expr


def times(factor: Fraction, expr: Expr) -> Expr:
    """A number times the rest of a product."""
    if factor == 1:
        return expr
    if isinstance(expr, Binary) and expr.op == "*":
        return Binary("*", times(factor, expr.left), expr.right)
    return Binary("*", number(factor), expr)


def total(parts: Sequence[Expr]) -> Expr:
    """A sum of parts."""
    found = parts[0]
    for part in parts[1:]:
        found = Binary("+", found, part)
    return found
