"""The points of a page that checks answers by itself: the places of marking, with inputs that are
short decimals, so that Python and JavaScript compute at the very same point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from gradcalc.exercise.model import Value
from gradcalc.language.constants import fraction
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.tree import Neg, Num
from gradcalc.language.unparse import unparse
from gradcalc.marking.points import STRUCTURED, STYLES, Place, Places
from gradcalc.numeric.forward import Point
from gradcalc.numeric.scalar_functions import Unknown, Unsure

FIRST = 100_000  # the number of the first of these places; those of marking are fewer
DIGITS, DIGITS_OF_ARRAYS = 6, 4  # significant ones, of inputs
NEAR = 10  # places where doubles hardly cancel
LARGEST = 160  # entries of the inputs at a point
MOST = 900  # of all points together, but for the first dozen
LEAST = 12


@dataclass(frozen=True, slots=True)
class Shared:
    """A point of the page. `choice`: which choice of sizes it has, from 0; `far`: with inputs
    beyond 50; `near`: with none beyond 3 or so, where doubles hardly cancel.
    """

    place: Place
    choice: int
    near: bool = True

    @property
    def far(self) -> bool:
        return self.place.far

    def data(self) -> dict[str, Any]:
        """As JSON-able data."""
        point = self.place.point
        found: dict[str, Any] = {
            "sizes": dict(point.sizes),
            "values": {name: plain(value) for name, value in point.values.items()},
            "upstream": {name: plain(value) for name, value in point.upstream.items()},
        }
        found |= {"far": True} if self.far else {}
        found |= {"given": True} if self.place.given else {}
        return found | ({"standIn": True} if point.stand_in else {})


def shared_points(places: Places) -> tuple[Shared, ...]:
    """The points of an exercise: near and far, at its sizes and at others, and more where it has
    pieces; as many as the page can carry.
    """
    found: list[Shared] = []
    choices: list[dict[str, int]] = []
    entries = 0
    for place in _wanted(places):
        near = _near(place, places)
        if near and place.extra and sum(point.near for point in found) >= NEAR:
            continue
        size = sum(map(_count, (*place.point.values.values(), *place.point.upstream.values())))
        if size > LARGEST or (len(found) >= LEAST and entries + size > MOST):
            continue
        short = _shortened(place, places, DIGITS if places.scalar else DIGITS_OF_ARRAYS)
        if short is None:
            continue
        entries += size
        sizes = dict(short.sizes)
        if sizes not in choices:
            choices.append(sizes)
        short = replace(short, number=FIRST + len(found))
        found.append(Shared(short, choices.index(sizes), near))
    return tuple(found)


def _wanted(places: Places) -> Iterator[Place]:
    """The near ones, those far out, and for pieces those that leave no gap."""
    every = list(places.every())
    yield from (place for place in every if _near(place, places))
    yield from (place for place in every if not place.extra and not _near(place, places))
    if places.computation.pieces:
        yield from (p for p in every if p.extra and not _near(p, places))


def _near(place: Place, places: Places) -> bool:
    style = STYLES[place.number] if not place.extra else ""
    return style == "near" or place.number >= places.pieces


def _shortened(place: Place, places: Places, digits: int) -> Place | None:
    """A place with short decimals, or as it is where those leave what is defined."""
    graph = places.graph
    variables = graph.exercise.variables
    values: dict[str, Value] = {}
    for name, value in place.point.values.items():
        assume = variables[name].assume if name in variables else frozenset()
        kept = name in graph.integers or STRUCTURED & assume
        values[name] = value if kept else short(value, digits)
    drawn = {name for name, value in place.point.upstream.items() if isinstance(value, tuple)}
    upstream = {
        name: short(value, digits) if name in drawn else value
        for name, value in place.point.upstream.items()
    }
    for point in (replace(place.point, values=values, upstream=upstream), place.point):
        if defined(point, places):
            return replace(place, point=point)
    return None


def defined(point: Point, places: Places) -> bool:
    """Has everything in the exercise a value at a point, as far as can be told?"""
    at = places.computation.at(Place(-1, point, False, False))
    problems = at.env().lacking.values()
    return all(isinstance(problem, Unknown | Unsure) for problem in problems)


def short(value: Value, digits: int) -> Value:
    """A value with entries of so many significant digits; what is no fraction stays."""
    if isinstance(value, tuple):
        return tuple(short(item, digits) for item in value)
    exact = fraction(value)
    if exact is None or _decimal(exact) is not None:
        return value
    places = digits - 1 - math.floor(math.log10(abs(exact)))
    near = round(exact * Fraction(10) ** places) / Fraction(10) ** places
    return Num(near, decimal=True) if near >= 0 else Neg(Num(-near, decimal=True))


def plain(value: Value) -> Any:
    """A value as JSON-able data: a decimal as a number, another one as text."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    exact = fraction(value)
    if exact is None:
        return unparse(value)
    known = _decimal(exact)
    return f"{exact.numerator}/{exact.denominator}" if known is None else known


def _decimal(exact: Fraction) -> int | float | None:
    """A fraction as the number that JSON writes for it; None where that is not all of it."""
    if exact.denominator == 1 and abs(exact) < 10**15:
        return int(exact)
    try:
        near = float(exact)
    except OverflowError:
        return None
    return near if Fraction(repr(near)) == exact and len(repr(near)) <= 12 else None


def _count(value: Value) -> int:
    return sum(map(_count, value)) if isinstance(value, tuple) else 1
