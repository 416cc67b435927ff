"""How far an index runs that a sum binds and nothing declares: as far as the places go that it
stands in.

In sum(A[c*p + q, c*p + r], c) with A of n p rows, c runs over n: the last c has to fit with the
last q.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gradcalc.language.parser import Binary, Compare, Expr, Index, Name, Neg, Slice
from gradcalc.language.tree import walk

# A sum of indices, each with a whole number in front, and a number.
Linear = tuple[Mapping[str, int], int]
Whole = Callable[[Expr], "int | None"]  # the whole number that an expression without indices is


def index_ranges(
    names: Sequence[str],
    expr: Expr,
    known: Mapping[str, int],
    axis: Callable[[Expr, int], int | None],
    whole: Whole,
) -> dict[str, int]:
    """The sizes of the indices `names` that stand in an expression, as far as they are told.

    `known`: the sizes of other indices. `axis`: the length of an axis of an expression, None where
    it has no value yet. The places between brackets tell it, of several the shortest; where there
    are none, equations with another index do, of several again the shortest.
    """
    found: dict[str, int] = {}
    indices = {*names, *known}
    held: list[tuple[Linear, int]] = []
    for base, n, item in places(expr):
        form = None if isinstance(item, Slice) else linear(item, indices, whole)
        if form is None or not form[0].keys() & set(names):
            continue
        length = axis(base, n)
        if length is not None:
            held.append((form, length))
    for form, length in sorted(held, key=lambda one: len(one[0][0])):
        fit(form, length, max, names, known, found)
    missing = [name for name in names if name not in found]
    if not missing:
        return found
    for part in walk(expr):
        if not isinstance(part, Compare) or part.op != "==":
            continue
        for side, other in ((part.left, part.right), (part.right, part.left)):
            form = linear(other, indices, whole)
            if isinstance(side, Name) and side.id in {**known, **found} and form is not None:
                fit(form, {**known, **found}[side.id], min, missing, known, found)
    return found


def fit(
    form: Linear,
    length: int,
    beside: Callable[[int, int], int],
    names: Sequence[str],
    known: Mapping[str, int],
    found: dict[str, int],
) -> None:
    """Enter how far the indices of a place run that is below `length`, whatever (max) or wherever
    (min) the others are; the one with the longest step first, for it tells what is left.
    """
    steps, start = form
    for name in sorted(set(steps) & set(names), key=lambda name: -steps[name]):
        if steps[name] <= 0:
            continue
        sizes = {**known, **found}
        others = start + sum(
            beside(0, step * (sizes.get(other, 1) - 1))
            for other, step in steps.items()
            if other != name
        )
        room = max((length - 1 - others) // steps[name] + 1, 0)
        found[name] = min(found.get(name, room), room)


def places(expr: Expr) -> Iterator[tuple[Expr, int, Expr | Slice]]:
    """What stands between brackets: (what is indexed, the axis, the item)."""
    for part in walk(expr):
        if isinstance(part, Index):
            for n, item in enumerate(part.items):
                yield part.base, n, item


def linear(expr: Expr, indices: set[str], whole: Whole) -> Linear | None:
    """c*p + q + 1 as ({c: p, q: 1}, 1); None for anything else."""
    if not any(isinstance(part, Name) and part.id in indices for part in walk(expr)):
        number = whole(expr)
        return None if number is None else ({}, number)
    match expr:
        case Name(id=name):
            return {name: 1}, 0
        case Neg(arg):
            inner = linear(arg, indices, whole)
            return None if inner is None else ({n: -s for n, s in inner[0].items()}, -inner[1])
        case Binary(op, left, right) if op in ("+", "-", "*"):
            sides = [linear(side, indices, whole) for side in (left, right)]
            if sides[0] is None or sides[1] is None:
                return None
            (a, first), (b, second) = sides[0], sides[1]
            if op == "*":
                if a and b:
                    return None
                steps, number = (a, second) if a else (b, first)
                return {n: s * number for n, s in steps.items()}, first * second
            sign = 1 if op == "+" else -1
            total = {n: a.get(n, 0) + sign * b.get(n, 0) for n in (*a, *b)}
            return total, first + sign * second
    return None
