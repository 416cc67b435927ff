"""Products, quotients and transposes of expressions as one writes them: one fraction bar,
numbers in front.
"""

from __future__ import annotations

from fractions import Fraction

from gradcalc.language.parser import Binary, Expr, Neg, Num, Transpose
from gradcalc.language.tree import walk


def chain_of(expr: Expr) -> list[Expr]:
    """The factors of a matrix product."""
    factors: list[Expr] = []
    while isinstance(expr, Binary) and expr.op == "@":
        factors.insert(0, expr.right)
        expr = expr.left
    return [expr, *factors]


def factors_of(expr: Expr) -> list[tuple[Expr, bool]]:
    """The factors of an entrywise product or quotient, each with whether it stands below the
    bar.
    """
    if isinstance(expr, Binary) and expr.op in "*/":
        right = factors_of(expr.right)
        if expr.op == "/":
            right = [(factor, not below) for factor, below in right]
        return factors_of(expr.left) + right
    return [(expr, False)]


def flip(expr: Expr) -> Expr:
    """The transpose of an expression; two meet and are gone."""
    return expr.arg if isinstance(expr, Transpose) else Transpose(expr)


def hadamard_product(left: Expr, right: Expr) -> Expr:
    """left ∘ right, entry by entry, without brackets that say nothing: a*(b*c/d) is a*b*c/d."""
    if isinstance(right, Binary) and right.op in "*/" and not isinstance(left, Neg):
        inner = hadamard_product(left, right.left)
        return over(inner, right.right) if right.op == "/" else Binary("*", inner, right.right)
    return left if right == Num(Fraction(1)) else Binary("*", left, right)


def upright(expr: Expr) -> Expr:
    """Aᵀ + A as A + Aᵀ."""
    if isinstance(expr, Binary) and expr.op == "+" and expr.left == Transpose(expr.right):
        return Binary("+", expr.right, expr.left)
    return expr


def scaled(coefficient: Expr, expr: Expr) -> Expr:
    """coefficient · expr with one fraction bar, the denominator behind: x / 2, 2*x / (m*r)."""
    if isinstance(coefficient, Binary) and coefficient.op == "/":
        return over(scaled(coefficient.left, expr), coefficient.right)
    if coefficient == Num(Fraction(1)):
        return expr
    if isinstance(expr, Binary) and expr.op == "/":
        return over(scaled(coefficient, expr.left), expr.right)
    if expr == Num(Fraction(1)):
        return coefficient
    if isinstance(expr, Binary) and expr.op in "@*":
        return Binary(expr.op, scaled(coefficient, expr.left), expr.right)
    return Binary("*", coefficient, expr)


def multiple(coefficient: Expr, expr: Expr) -> Expr:
    """coefficient · (expr), the denominator behind."""
    if isinstance(coefficient, Binary) and coefficient.op == "/":
        return over(multiple(coefficient.left, expr), coefficient.right)
    return expr if coefficient == Num(Fraction(1)) else Binary("*", coefficient, expr)


def over(top: Expr, bottom: Expr) -> Expr:
    """top/bottom as one fraction: (a/b)/c is a/(b c)."""
    if isinstance(top, Binary) and top.op == "/":
        return Binary("/", top.left, Binary("*", bottom, top.right))
    return Binary("/", top, bottom)


def transposes(expr: Expr) -> int:
    """How many transposes stand in an expression."""
    return sum(isinstance(part, Transpose) for part in walk(expr))


def written_length(expr: Expr) -> int:
    """How long an expression reads: its names, numbers and signs."""
    return sum(1 for _ in walk(expr))
