"""What simplification may cost. SymPy's polynomial algorithms expand what they are given, and that
need not end.

Bounds are counted, not timed: the same exercise gives the same answer on every machine. What is
beyond them stays as the rules gave it, which is longer and just as right.
"""

from __future__ import annotations

import math

import sympy as sp

from gradcalc.calculus.bounds import EXPANDED, SEARCHED
from gradcalc.language.fast_dataclasses import dataclass

BITS = 2_000  # of a number, times the degree that it is raised to
FACTORED = 500  # of them, where it is factored: SymPy looks for a prime that is longer
RAISED = 64  # of a power of numbers that is computed
SUMMANDS = 500  # of all sums in an expression whose common factors are looked for
FAR = 10**9  # more than any bound


@dataclass(frozen=True, slots=True)
class Bulk:
    """At most so many monomials, of at most such a degree, would the expanded numerator and
    denominator have.
    """

    top: int = 1
    bottom: int = 1
    high: int = 0
    low: int = 0

    def __mul__(self, other: Bulk) -> Bulk:
        top, bottom = min(self.top * other.top, FAR), min(self.bottom * other.bottom, FAR)
        return Bulk(top, bottom, self.high + other.high, self.low + other.low)

    def __add__(self, other: Bulk) -> Bulk:
        both = min(self.top * other.bottom + other.top * self.bottom, FAR)
        degree = max(self.high + other.low, other.high + self.low)
        return Bulk(both, min(self.bottom * other.bottom, FAR), degree, self.low + other.low)

    def power(self, exponent: int) -> Bulk:
        """What a power of it expands to."""
        n = abs(exponent)
        top, bottom = monomials(self.top, n), monomials(self.bottom, n)
        raised = Bulk(top, bottom, self.high * n, self.low * n)
        return raised if exponent > 0 else Bulk(bottom, top, raised.low, raised.high)

    @property
    def size(self) -> int:
        """How many monomials the larger of the two has."""
        return max(self.top, self.bottom)

    @property
    def fits(self) -> bool:
        """Is it within the bounds?"""
        return self.size <= EXPANDED and max(self.high, self.low) <= SEARCHED


def monomials(terms: int, exponent: int) -> int:
    """How many a power of a sum of so many terms has when expanded."""
    if terms == 1:
        return 1
    return math.comb(terms + exponent - 1, exponent) if max(terms, exponent) <= EXPANDED else FAR


def bulk(expr: sp.Expr) -> Bulk:
    """How much an expression expands to; functions count as variables, and their arguments for
    themselves.
    """
    if isinstance(expr, (sp.Add, sp.Mul)):
        total, *rest = map(bulk, expr.args)
        for part in rest:
            total = total + part if isinstance(expr, sp.Add) else total * part
        return total
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        return bulk(expr.base).power(int(expr.exp))
    inner = [found for found in map(bulk, expr.args) if not found.fits]
    if inner:
        return inner[0]
    plain = expr.is_number and not isinstance(expr, sp.exp)
    return Bulk(high=0 if plain else degree(expr))


def degree(expr: sp.Expr) -> int:
    """Of a root or an exponential in what SymPy takes as the variable: 3 for x^(2/3), which is
    (x^(1/3))^2, 5 for exp(5 x). Exponents count as SymPy expands them: exp((x - 9)^2) has exp(81).
    """
    if not isinstance(expr, (sp.Pow, sp.exp)):
        return 1
    return max(max(abs(c.p), c.q) if c.is_Rational else 1 for c in exponents(expr.exp))


def exponents(exponent: sp.Expr) -> list[sp.Expr]:
    """The numbers in front of the summands of an exponent, which is expanded where it may be."""
    if exponent.has(sp.Add) and bulk(exponent).fits:
        exponent = sp.expand(exponent)
    return [term.as_coeff_Mul()[0] for term in sp.Add.make_args(exponent)]


def height(expr: sp.Expr) -> int:
    """The bits of the longest number in an expression."""
    return max((max(abs(n.p), n.q).bit_length() for n in expr.atoms(sp.Rational)), default=1)


def expandable(expr: sp.Expr, bits: int = BITS) -> bool:
    """Whether an expression may be expanded or cancelled: its numbers are at most so long then."""
    found = bulk(expr)
    return found.fits and height(expr) * max(found.high, found.low, 1) <= bits


def factorable(expr: sp.Expr) -> bool:
    """Whether an expression may be factored."""
    return expandable(expr, FACTORED)


def gatherable(expr: sp.Expr) -> bool:
    """Whether common factors may be looked for, which expands nothing."""
    summands = sum(len(part.args) for part in sp.preorder_traversal(expr) if part.is_Add)
    return summands <= SUMMANDS and height(expr) <= BITS


def raisable(expr: sp.Expr) -> bool:
    """Whether the powers of numbers in an expression may be computed: 1.000001^(1000000 x) may
    not.
    """
    return all(
        max(abs(c.p), c.q) * height(power.base) <= RAISED
        for power in expr.atoms(sp.Pow)
        if power.base.is_number
        for c in exponents(power.exp)
        if c.is_Rational
    )
