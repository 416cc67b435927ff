"""Places between brackets that are sums of indices: t + s, 2*t + 1, t - s + n - 1."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from gradcalc.language.constants import fraction
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.shape_rules import Size
from gradcalc.language.size_expressions import size_of, size_tree
from gradcalc.language.tree import Binary, Expr, Index, Name, Neg, Num, Slice, names, walk
from gradcalc.language.unparse import unparse

ZERO, ONE = Size.of(0), Size.of(1)


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Σ step·index + offset; each index runs from 0."""

    steps: tuple[tuple[str, int], ...]
    offset: Size

    def first(self, sizes: Mapping[str, Size]) -> Size:
        """The smallest place, for indices of these sizes."""
        return self._edge(sizes, -1)

    def last(self, sizes: Mapping[str, Size]) -> Size:
        """The largest place."""
        return self._edge(sizes, 1)

    def _edge(self, sizes: Mapping[str, Size], sign: int) -> Size:
        total = self.offset
        for name, step in self.steps:
            if step * sign > 0:
                total = total + (sizes[name] - ONE) * step
        return total

    def below(self, other: IndexPlace) -> bool:
        """Does the other reach at least as far, whatever the sizes, and is it another?"""
        mine, theirs = dict(self.steps), dict(other.steps)
        further = (other.offset - self.offset).number
        steps = all(
            max(theirs.get(name, 0), 0) >= max(mine.get(name, 0), 0) for name in {*mine, *theirs}
        )
        return self != other and steps and further is not None and further >= 0


def index_place(expr: Expr, indices: Collection[str]) -> IndexPlace | None:
    """A place that is a sum of indices; None where there is no index in it, or an array. Raises
    SpanError for a product of indices and the like.
    """
    plain = all(isinstance(part, Name | Num | Neg | Binary) for part in walk(expr))
    if not plain or not any(name in indices for name in names(expr)):
        return None
    steps, offset = _linear(expr, indices)
    kept = tuple((name, step) for name, step in steps.items() if step)
    return IndexPlace(kept, offset)


def _linear(expr: Expr, indices: Collection[str]) -> tuple[dict[str, int], Size]:
    if not any(name in indices for name in names(expr)):
        return {}, size_of(expr)
    match expr:
        case Name(id):
            return {id: 1}, ZERO
        case Neg(arg):
            steps, offset = _linear(arg, indices)
            return {name: -step for name, step in steps.items()}, -offset
        case Binary("+" | "-" as op, left, right):
            sign = 1 if op == "+" else -1
            (a, first), (b, second) = _linear(left, indices), _linear(right, indices)
            steps = {name: a.get(name, 0) + sign * b.get(name, 0) for name in (*a, *b)}
            return steps, first + second * sign
        case Binary("*", left, right):
            for number, other in ((left, right), (right, left)):
                value = fraction(number)
                if value is not None and value.denominator == 1:
                    steps, offset = _linear(other, indices)
                    times = int(value)
                    return {name: step * times for name, step in steps.items()}, offset * times
    message = f"`{unparse(expr)}` is no sum of indices"
    hint = "an index may be shifted and scaled by a whole number: x[t + s], x[2*t + 1]"
    raise SpanError("index", message, *expr.span, hint)


def place_tree(parts: Sequence[tuple[Expr, int]], offset: Size) -> Expr:
    """Σ step·index + offset, what is added before what is taken away."""
    total: Expr | None = None
    for part, step in sorted(parts, key=lambda item: item[1] < 0):
        walked = part if abs(step) == 1 else Binary("*", Num(Fraction(abs(step))), part)
        if total is None:
            total = walked if step > 0 else Neg(walked)
        else:
            total = Binary("+" if step > 0 else "-", total, walked)
    if offset.number == 0 and total is not None:
        return total
    if total is None:
        return size_tree(offset)
    less = all(coefficient < 0 for _, coefficient in offset.terms)
    return Binary("-", total, size_tree(-offset)) if less else Binary("+", total, size_tree(offset))


def loose_places(
    exprs: Iterable[Expr], indices: Collection[str]
) -> frozenset[tuple[str, int, IndexPlace]]:
    """Places (what is indexed, the axis, the place) that end before another one of the same axis:
    x[t] beside x[t + 1].
    """
    found: dict[tuple[str, int], list[IndexPlace]] = {}
    for expr in exprs:
        for part in walk(expr):
            if not isinstance(part, Index):
                continue
            for axis, item in enumerate(part.items):
                if isinstance(item, Slice):
                    continue
                try:
                    place = index_place(item, indices)
                except SpanError:  # said where the line is read
                    continue
                if place is not None:
                    found.setdefault((unparse(part.base), axis), []).append(place)
    return frozenset(
        (base, axis, place)
        for (base, axis), places in found.items()
        for place in places
        if any(place.below(other) for other in places)
    )
