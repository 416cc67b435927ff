"""Places on an axis that are sums of indices, as t + s in x[t + s]: written, and solved for one of
them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from gradcalc.calculus.notation.recognised import rebuilt
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.terms import Ix, Key
from gradcalc.language.errors import SpanError
from gradcalc.language.index_places import IndexPlace, index_place, place_tree
from gradcalc.language.parser import Binary, Compare, Expr, Index, Name, Num, Slice, names
from gradcalc.language.size_expressions import size_tree

ZERO = Num(Fraction(0))


def solved(selector: Pseudo, at: Key, among: Sequence[Ix]) -> tuple[Pseudo, Key] | None:
    """1[R = Σ step·index + offset] as one that places an index of `among`: t = R − s for R = t + s.

    The longest is chosen, for sums over the others are short; None where each has a step.
    """
    own = selector.steps if selector.kind == "place" else (selector.step,)
    steps = dict(zip(at[1:], own, strict=True))
    able = [ix for ix in among if abs(steps.get(ix, 0)) == 1]
    if not able:
        return None
    chosen = max(able, key=lambda ix: (ix.size.number or 0, len(ix.size.terms), -at.index(ix)))
    sign = steps.pop(chosen)
    turned = (sign, *(-sign * step for step in steps.values()))
    offset = selector.offset * -sign
    return Pseudo("place", offset=offset, steps=turned), (chosen, at[0], *steps)


def on_the_axis(place: Expr, ix: Ix, tie: tuple[Pseudo, Key]) -> list[Expr]:
    """0 ≤ place < size as conditions, for an index that is tied to a place; without what holds
    anyway.
    """
    selector, at = tie
    found: list[Expr] = [Compare(">=", place, ZERO), Compare("<", place, size_tree(ix.size))]
    if selector.steps == (1,):  # p + offset, with p on its own axis
        first, last = selector.offset.number, (at[1].size + selector.offset - ix.size).number
        if last is not None and last <= 0:
            del found[1]
        if first is not None and first >= 0:
            del found[0]
    return found


def folded(expr: Expr, indices: Collection[str]) -> Expr:
    """A formula with its places added up: x[p] for x[p - 1 + 1], p ≥ 1 for p - 1 ≥ 0."""

    def read(part: Expr) -> IndexPlace | None:
        try:
            return index_place(part, indices) if isinstance(part, Binary) else None
        except SpanError:  # c*p + r with a size p
            return None

    def added(part: Expr) -> Expr:
        place = read(part)
        if place is None or not longer(part, indices):
            return part
        return place_tree([(Name(name), step) for name, step in place.steps], place.offset)

    def change(part: Expr) -> Expr:
        match part:
            case Index(base, items):
                return Index(base, tuple(i if isinstance(i, Slice) else added(i) for i in items))
            case Compare(op, left, right):
                place = read(left)
                if place is not None and right == ZERO and [s for _, s in place.steps] == [1]:
                    return Compare(op, Name(place.steps[0][0]), size_tree(-place.offset))
                return Compare(op, added(left), added(right))
        return part

    return rebuilt(expr, change)


def longer(expr: Expr, indices: Collection[str]) -> bool:
    """Does a sum of indices have a part in parentheses, an index twice, or two numbers?"""
    plain: list[Expr] = []
    while isinstance(expr, Binary) and expr.op in "+-":
        if isinstance(expr.right, Binary) and expr.right.op in "+-":
            return True
        plain.append(expr.right)
        expr = expr.left
    used = [names(part) for part in (*plain, expr)]
    numbers = sum(not {*indices}.intersection(found) for found in used)
    repeated = [name for found in used for name in found if name in indices]
    return numbers > 1 or len(repeated) > len({*repeated})
