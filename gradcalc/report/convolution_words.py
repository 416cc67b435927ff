"""Sums over shifted entries, named in words: Σ_a k_a G[p − a] is the convolution of G with the
flipped kernel k.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.language.errors import SpanError
from gradcalc.language.formula_pieces import Line, line
from gradcalc.language.index_places import IndexPlace, index_place
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Neg, Slice, names, walk
from gradcalc.language.tree import product

PLAIN, BACK, ON = "plain", "back", "on"  # a, p - a, p + a: of the index summed over


def in_words(expr: Expr | None, free: Sequence[str]) -> Line | None:
    """What a derivative entry by entry is called; None where it is no convolution."""
    total = _total(expr)
    if total is None or not free:
        return None
    summed = [arg.id for arg in total.args[1:] if isinstance(arg, Name)]
    if not 1 <= len(summed) == len(free):
        return None
    found: dict[str, list[Expr]] = {}
    for factor in _factors(total.args[0]):
        kinds = {_kind(part, summed, free) for part in _indexed(factor)}
        loose = names(_whole(factor)) if not kinds else ()
        if len(kinds) > 1 or None in kinds or {*loose} & {*summed, *free}:
            return None
        if kinds:
            found.setdefault(str(*kinds), []).append(_whole(factor))
        else:
            return None
    plain, other = found.pop(PLAIN, []), next(iter(found), "")
    if not plain or len(found) != 1:
        return None
    kernel, array = product(plain), product(found[other])
    overlap = ", wherever they overlap" if len(total.args) > 1 + len(summed) else ""
    flipped = "the flipped kernel " if other == BACK else "the kernel "
    end = "" if other == BACK else ", not flipped"
    lead = "" if expr is total else "minus " if expr == Neg(total) else "a multiple of "
    return line(lead, "the convolution of ", array, " with ", flipped, kernel, end, overlap)


def _whole(expr: Expr) -> Expr:
    """The arrays whose entries stand in a factor: Y^2 for Y[p - a]^2."""
    match expr:
        case Index(base, _):
            return base
        case Neg(arg):
            return Neg(_whole(arg))
        case Binary(op, left, right):
            return Binary(op, _whole(left), _whole(right))
        case Call(func, args, kwargs, primes):
            return Call(func, tuple(map(_whole, args)), kwargs, primes)
    return expr


def _total(expr: Expr | None) -> Call | None:
    """The sum over indices in a formula, numbers and signs in front of it left out."""
    match expr:
        case Neg(arg):
            return _total(arg)
        case Binary("*", left, right):
            sides = [_total(side) for side in (left, right)]
            plain = [side for side in (left, right) if not any(_indexed(side))]
            return next((side for side in sides if side is not None), None) if plain else None
        case Binary("/", left, right):
            return None if any(_indexed(right)) else _total(left)
        case Call("sum", (_, Name(), *_)):
            return expr
    return None


def _indexed(expr: Expr) -> list[Index]:
    return [part for part in walk(expr) if isinstance(part, Index)]


def _factors(expr: Expr) -> list[Expr]:
    match expr:
        case Neg(arg):
            return _factors(arg)
        case Binary("*", left, right):
            return [*_factors(left), *_factors(right)]
    return [expr]


def _kind(part: Index, summed: Sequence[str], free: Sequence[str]) -> str | None:
    """How the places of an entry go with the indices summed over, the same on every axis."""
    if len(part.items) != len(summed):
        return None
    kinds = set()
    for item, over, out in zip(part.items, summed, free, strict=True):
        if isinstance(item, Slice):
            return None
        try:
            place = index_place(item, {*summed, *free})
        except SpanError:
            return None
        kinds.add(_of_place(place, over, out))
    return kinds.pop() if len(kinds) == 1 else None


def _of_place(place: IndexPlace | None, over: str, out: str) -> str | None:
    if place is None:
        return None
    steps = dict(place.steps)
    if steps == {over: 1} and place.offset.number == 0:
        return PLAIN
    return BACK if steps == {out: 1, over: -1} else ON if steps == {out: 1, over: 1} else None
