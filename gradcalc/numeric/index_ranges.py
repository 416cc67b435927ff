"""How far an index runs that a sum binds and nothing declares: as far as the places go that it
stands in.

In sum(A[c*p + q, c*p + r], c) with A of n p rows, c runs over n: the last c has to fit with the
last q. In sum(where(l == a*k + b, 1, 0), b) nothing but the equation tells how far b runs: over k,
for l counts the entries of rows of k.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set

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
    are none, equations do, of several again the shortest.
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
            form, number = linear(other, indices, whole), linear(side, indices, whole)
            if form is not None and number is not None:
                length = below(number, {**known, **found})
                count(form, multiplied(other), length, missing, known, found)
    return found


def below(form: Linear, sizes: Mapping[str, int]) -> int | None:
    """What a sum of indices is always below; None where it is not known how far one runs."""
    steps, start = form
    if any(name not in sizes for name in steps):
        return None
    return start + sum(max(0, step * (sizes[name] - 1)) for name, step in steps.items()) + 1


def multiplied(expr: Expr) -> set[str]:
    """The names in products: they count rows, also where a row has one entry."""
    products = (part for part in walk(expr) if isinstance(part, Binary) and part.op == "*")
    return {part.id for product in products for part in walk(product) if isinstance(part, Name)}


def count(
    form: Linear,
    rows: Set[str],
    length: int | None,
    names: Sequence[str],
    known: Mapping[str, int],
    found: dict[str, int],
) -> None:
    """Enter how far indices run that number entries, as a*k + b does: b below k, and a as far as
    the number, which is below `length` where that is known. Of a + b neither is told.
    """
    steps = form[0]
    rank = {name: (step, name in rows) for name, step in steps.items()}
    for name in sorted(set(steps) & set(names), key=rank.__getitem__, reverse=True):
        if steps[name] <= 0:
            continue
        others = [other for other in steps if other != name and rank[other] >= rank[name]]
        other = min(others, key=rank.__getitem__, default=None)
        if other is None:
            if length is not None:
                fit(form, length, min, [name], known, found)
        elif rank[other] > rank[name] and steps[other] % steps[name] == 0:
            room = steps[other] // steps[name]
            found[name] = min(found.get(name, room), room)


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
