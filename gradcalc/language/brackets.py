"""Products with a condition as a factor, 1[x > 0] (1 + log x), written where(x > 0, 1, 0)*(1 +
log(x)).

In a formula a condition that does not hold makes the product 0, whatever the other factors are,
as of 1/x at 0: so it holds wherever the branch of `where` that it was derived from is not taken.
(Iverson's brackets: Knuth, Two notes on notation, American Mathematical Monthly 99, 1992.)
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.tree import Binary, Call, Expr, Num

ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))


def is_bracket(expr: Expr) -> bool:
    """Is a factor 0 where its condition does not hold, or where it does?"""
    return isinstance(expr, Call) and expr.func == "where" and ZERO in expr.args[1:]


def split(expr: Expr) -> tuple[Expr, Expr] | None:
    """A product as (its brackets, the other factors); None where one of the two is missing."""
    if not isinstance(expr, Binary) or expr.op not in "*/" or not any(map(is_bracket, above(expr))):
        return None
    brackets: list[Expr] = []
    rest = without(expr, brackets)
    return (product(brackets), rest) if rest != UNIT else None


def above(expr: Expr) -> Iterator[Expr]:
    """The factors of a product that do not stand below a bar."""
    while isinstance(expr, Binary) and expr.op in "*/":
        if expr.op == "*":
            yield from above(expr.right)
        expr = expr.left
    yield expr


def without(expr: Expr, found: list[Expr]) -> Expr:
    """A product without its brackets, which are added to `found`."""
    if is_bracket(expr):
        found.append(expr)
        return UNIT
    if not isinstance(expr, Binary) or expr.op not in "*/":
        return expr
    left = without(expr.left, found)
    if expr.op == "/":
        return Binary("/", left, expr.right)
    return multiplied(left, without(expr.right, found))


def inside(expr: Expr) -> Expr:
    """A product with its other factors inside its brackets: where(x > 0, 1 + log(x), 0)."""
    if (parts := split(expr)) is None:
        return expr
    brackets, total = parts
    for bracket in above(brackets):
        assert isinstance(bracket, Call)
        condition, *branches = bracket.args
        whole = [part if part == ZERO else multiplied(part, total) for part in branches]
        total = replace(bracket, args=(condition, *whole))
    return total


def multiplied(left: Expr, right: Expr) -> Expr:
    """left · right, without a 1."""
    return right if left == UNIT else left if right == UNIT else Binary("*", left, right)


def product(factors: list[Expr]) -> Expr:
    """The factors multiplied."""
    total = factors[0]
    for factor in factors[1:]:
        total = Binary("*", total, factor)
    return total
