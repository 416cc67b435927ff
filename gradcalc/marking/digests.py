"""An array as one number: a fixed combination of its entries, so that a page can compare arrays
without having all their entries. JavaScript has the same weights.

Two arrays of other shapes have other weights, but for axes of 1. What is per example is taken as
stacked, its examples last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.candidates import changed
from gradcalc.marking.functions import UNCHECKED, Function
from gradcalc.marking.points import Place
from gradcalc.numeric.balls import middle
from gradcalc.numeric.forward import rounded
from gradcalc.numeric.precision import climb
from gradcalc.numeric.scalar_functions import LADDER, Undefined
from gradcalc.numeric.tensor import Tensor

MODULUS, MULTIPLIER = 2147483647, 16807  # products stay exact in JavaScript's numbers
SPAN = 999  # weights are whole numbers from -SPAN to SPAN, without 0
STEP = 16  # of the exponents in what all points give together
EQUAL, DOUBTFUL = 1e-8, 1e-5  # of what all points give together


def weights(shape: Sequence[int], count: int) -> list[int]:
    """The weights of the entries of an array; 1 for a number."""
    if count == 1:
        return [1]
    state = 1
    for length in shape:
        state = (state * MULTIPLIER + length) % MODULUS
    found = []
    for _ in range(count):
        state = state * MULTIPLIER % MODULUS
        found.append(state % (2 * SPAN + 1) - SPAN or SPAN)
    return found


def stacked_last(tensor: Tensor) -> Any:
    """Its entries with the examples last, without axes of 1, and their weights."""
    import numpy as np

    data = np.asarray(tensor.data, dtype=object)
    data = np.moveaxis(data, range(len(tensor.over)), range(-len(tensor.over), 0))
    data = np.squeeze(data)
    return data.reshape(-1), np.array(weights(data.shape, data.size), dtype=object)


def combined(tensor: Tensor, place: Place) -> Tensor:
    """The combination of the entries."""
    if tensor.plain:
        return tensor
    entries, factors = stacked_last(tensor)
    return Tensor((entries * factors).sum() if len(entries) else 0)


def exact(function: Function, place: Place) -> Any:
    """The combination at a place as the nearest float; None where it has none."""
    whole = changed(function, combined)
    try:
        return float(climb(lambda bits: rounded(whole.at(place, bits))).data)
    except (Undefined, *UNCHECKED):
        return None


def entries(function: Function, place: Place) -> list[float] | None:
    """The entries at a place as the nearest floats, row by row, the examples on the last axes; None
    where there are none.
    """
    try:
        found = climb(lambda bits: rounded(function.at(place, bits)))
    except (Undefined, *UNCHECKED):
        return None
    return [float(entry) for entry in stacked_last(found)[0]]


# ---- all points together


@dataclass(frozen=True, slots=True)
class Print:
    """What a function gives at several points: for each what stands for its entries, or None."""

    parts: tuple[float | None, ...]

    @property
    def known(self) -> int:
        """At how many points it has a value."""
        return sum(part is not None for part in self.parts)

    def total(self, skipped: Iterable[int] = ()) -> float:
        """One number for all points, but for those that are skipped."""
        left = set(skipped)
        factors = weights((len(self.parts),), len(self.parts))
        return sum(
            factor / SPAN * part
            for k, (factor, part) in enumerate(zip(factors, self.parts, strict=True))
            if part is not None and k not in left
        )

    @property
    def skipped(self) -> tuple[int, ...]:
        return tuple(k for k, part in enumerate(self.parts) if part is None)


def fingerprint(function: Function, places: Sequence[Place]) -> Print:
    """What a function gives at places; where it has no value at the first two, at none."""
    parts: list[float | None] = []
    for place in places:
        given_up = len(parts) >= 2 and all(part is None for part in parts)
        parts.append(None if given_up else _part(function, place))
    return Print(tuple(parts))


def _part(function: Function, place: Place) -> float | None:
    """The combination beside the size of the entries, so that far points count as near ones do."""
    try:
        found, factors = stacked_last(function.at(place, LADDER[0]))
        numbers = [float(middle(entry)) for entry in found]
    except (Undefined, *UNCHECKED):
        return None
    largest = max(map(abs, numbers), default=0.0)
    if not math.isfinite(largest):
        return None
    exponent = math.frexp(largest)[1]
    parts = (
        math.ldexp(number, -exponent) * factor
        for number, factor in zip(numbers, factors, strict=True)
    )
    return math.fsum(parts) / SPAN + exponent / STEP
