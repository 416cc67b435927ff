"""Places beside the edges at which functions made of pieces change: step(x + 1) is step(x) for most
x, and surely not on both sides of -1.

An edge is found by halving the way between two places on whose ends what is 0 there has different
signs; looked at are a place a little before it, and one a little behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

from gradcalc.exercise.model import Value
from gradcalc.language.constants import fraction
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Neg, Num
from gradcalc.marking.functions import Function
from gradcalc.marking.points import STRUCTURED, Place, Places
from gradcalc.numeric.forward import Point
from gradcalc.numeric.precision import FLOAT
from gradcalc.numeric.scalar_functions import Undefined

HALVINGS = 26
STEPS = (Fraction(31, 97), Fraction(31, 1009), Fraction(31, 10007))  # from 0, on both sides
MOST = 4  # arguments of an answer whose edges are looked for
ENTRIES = 2  # of each


def beside(answer: Function, right: Function, places: Places) -> Iterator[Place]:
    """Places beside the edges of an answer that the right one does not have; of numbers also the
    reverse, which for arrays would cost more than it finds.
    """
    near = [place for place in places if not place.far]
    pairs = [(answer, right), (right, answer)] if places.scalar else [(answer, right)]
    for one, other in pairs:
        new = [
            end
            for end in one.arguments
            if not any(_same(end, known, near) for known in other.arguments)
        ]
        for end in new[:MOST]:
            yield from _edges(end, places, near)


def _same(one: Function, other: Function, near: list[Place]) -> bool:
    """Is one a multiple of the other, so that both are 0 at the same points?"""
    import numpy as np

    ratios = []
    for place in near[:4]:
        a, b = one.floats(place), other.floats(place)
        if a is None or b is None:
            continue
        a, b = np.squeeze(a), np.squeeze(b)
        if a.shape != b.shape or not (b != 0).all():
            return False
        ratios.append(np.ravel(a / b))
    if not ratios:
        return False
    found = np.concatenate(ratios)
    return bool(np.allclose(found, found[0], rtol=1e-9))


def _edges(end: Function, places: Places, near: list[Place]) -> Iterator[Place]:
    import numpy as np

    count = 0
    for one, other in combinations(near, 2):
        if one.sizes != other.sizes:
            continue
        a, b = end.floats(one), end.floats(other)
        if a is None or b is None or a.shape != b.shape:
            continue
        crossing = np.argwhere(np.ravel(a) * np.ravel(b) < 0)[:, 0]
        for entry in crossing[: ENTRIES - count]:
            count += 1
            start, stop = float(np.ravel(a)[entry]), float(np.ravel(b)[entry])
            at = _halved(end, places, one, other, int(entry), start)
            if at is not None:
                length = Fraction(abs(stop - start)).limit_denominator(10**6)
                for way in (at + side * step / (1 + length) for step in STEPS for side in (-1, 1)):
                    yield Place(-1, between(places, one, other, way), False, False)
        if count >= ENTRIES:
            return


def _halved(
    end: Function, places: Places, one: Place, other: Place, entry: int, start: float
) -> Fraction | None:
    """Where on the way from one place to the other an entry changes its sign."""
    low, high = Fraction(0), Fraction(1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        place = Place(-1, between(places, one, other, middle), False, False)
        try:
            data: Any = end.at(place, FLOAT).data
        except Undefined:
            return None
        value = float(data.reshape(-1)[entry]) if hasattr(data, "reshape") else float(data)
        low, high = (middle, high) if value * start > 0 else (low, middle)
    return low + (high - low) * Fraction(3, 7)


def between(places: Places, one: Place, other: Place, way: Fraction) -> Point:
    """A point on the way from one place to another: 0 is the one, 1 the other. What has to meet an
    assumption stays as it is at the one.
    """
    graph = places.graph
    variables = graph.exercise.variables
    values: dict[str, Value] = {}
    for name, value in one.point.values.items():
        assume = variables[name].assume if name in variables else frozenset()
        fixed = name in graph.integers or STRUCTURED & assume
        values[name] = value if fixed else _mixed(value, other.point.values[name], way)
    return replace(one.point, values=values)


def _mixed(one: Value, other: Value, way: Fraction) -> Value:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(_mixed(a, b, way) for a, b in zip(one, other, strict=True))
    a, b = fraction(one), fraction(other)  # type: ignore[arg-type]
    assert a is not None
    assert b is not None
    value = a + (b - a) * way
    return Num(value) if value >= 0 else Neg(Num(-value))
