"""SymPy's algorithms on polynomials and powers, behind one gate.

They expand what they are given, and that need not end: `factor` of exp(-(x - 100)^2/2) + x makes
a polynomial of degree 5,000 in e. So terms, degrees, exponents and digits are counted first
(`effort`), and what is beyond the bounds comes back as it was: longer, and just as right. Nothing
else in the package calls these functions of SymPy.
"""

from __future__ import annotations

import sympy as sp

from gradcalc.calculus.effort import expandable, factorable, gatherable, raisable


def expand(expr: sp.Expr) -> sp.Expr:
    """Products multiplied out."""
    return sp.expand(expr) if expandable(expr) else expr


def cancel(expr: sp.Expr) -> sp.Expr:
    """One fraction without common factors. Raises PolynomialError, NotImplementedError."""
    return sp.cancel(expr) if expandable(expr) else expr


def factor(expr: sp.Expr) -> sp.Expr:
    """A product of factors that are not reducible. Raises as `cancel` does."""
    return sp.factor(expr) if factorable(expr) else expr


def factor_terms(expr: sp.Expr) -> sp.Expr:
    """What all summands share, in front."""
    return sp.factor_terms(expr) if gatherable(expr) else expr


def together(expr: sp.Expr) -> sp.Expr:
    """One fraction, not expanded."""
    return sp.together(expr) if expandable(expr) else expr


def coefficients(expr: sp.Expr, symbol: sp.Symbol) -> list[tuple[int, sp.Expr]]:
    """A polynomial in a symbol as (power, coefficient), from the highest power down. Raises
    PolynomialError, also where it is too large.
    """
    if not expandable(expr):
        raise sp.PolynomialError("too large to be expanded")
    return [(power, coefficient) for (power,), coefficient in sp.Poly(expr, symbol).terms()]


def total_degree(expr: sp.Expr) -> int | None:
    """The degree of a polynomial in all of its symbols; None for what is none, or is too
    large.
    """
    if expr.as_coeff_Mul()[1].is_Symbol:
        return 1
    if not expandable(expr) or not expr.is_polynomial():
        return None
    return int(sp.Poly(expr).total_degree())


def powsimp(expr: sp.Expr) -> sp.Expr:
    """Powers of one base as one power."""
    return sp.powsimp(expr) if raisable(expr) else expr
