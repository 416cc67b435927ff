"""Places on an axis that are sums of indices, as t + s in x[t + s]: written, and solved for one of
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.terms import Ix, Key
from gradcalc.language.parser import Compare, Expr, Num
from gradcalc.language.shape_rules import Size
from gradcalc.language.size_expressions import size_tree

ZERO = Num(Fraction(0))


def solved(selector: Pseudo, at: Key, among: Sequence[Ix]) -> tuple[Pseudo, Key] | None:
    """1[R = Σ step·index + offset] as one that places an index of `among`: t = R − s for R = t + s.

    The longest is chosen, for sums over the others are short; None where each has a step.
    """
    steps = dict(zip(at[1:], selector.steps, strict=True))
    able = [ix for ix in among if abs(steps.get(ix, 0)) == 1]
    if not able:
        return None
    chosen = max(able, key=lambda ix: (ix.size.number or 0, len(ix.size.terms), -at.index(ix)))
    sign = steps.pop(chosen)
    turned = (sign, *(-sign * step for step in steps.values()))
    offset = selector.offset * -sign
    return Pseudo("place", offset=offset, steps=turned), (chosen, at[0], *steps)


def on_the_axis(place: Expr, size: Size) -> tuple[Expr, Expr]:
    """0 ≤ place < size, as two conditions."""
    return Compare(">=", place, ZERO), Compare("<", place, size_tree(size))
