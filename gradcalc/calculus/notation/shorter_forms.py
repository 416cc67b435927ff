"""When a simplified form is preferred to the one that the rule of an operation gives."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.calculus.folding import divisors
from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.terms import Term

SHORTER = (
    0.75  # a local derivative is replaced by its simplified form below this share of its length
)


def much_shorter(simplified: Sequence[Term], terms: Sequence[Term], lengths: Lengths) -> bool:
    """Is the simplified form to be preferred to that of the rule?"""
    short, long = length(simplified, lengths), length(terms, lengths)
    return short < long and (short < SHORTER * long or not (divided(terms) or polynomial(terms)))


def divided(terms: Sequence[Term]) -> bool:
    """Does a term divide by something?"""
    return any(divisors(expr) for term in terms for expr in term.groups.values())


def polynomial(terms: Sequence[Term]) -> bool:
    """Are all terms polynomials in their entries?"""
    return all(expr.is_polynomial() for term in terms for expr in term.groups.values())


def length(terms: Sequence[Term], lengths: Lengths) -> int:
    """How long a sum of terms reads."""
    factors = (expr for term in terms for expr in term.groups.values())
    return sum(map(lengths.cost, factors)) + 3 * max(len(terms) - 1, 0)
