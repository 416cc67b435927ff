"""What gives exactly a wrong number: a sign, a factor, another entry, a slipped decimal point, too
few digits, degrees for radians, the logarithm to base 10.

A number is compared at the given values alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.model import Mistake

CLOSE = 1e-6  # relative: two numbers are the same slip


@dataclass(frozen=True, slots=True)
class NumberSlip:
    """A row of the table: `made` gives what the slip makes of the right numbers."""

    slug: str
    sentence: str
    made: Callable[[Any], Iterator[Any]]


def _scaled(factor: float) -> Callable[[Any], Iterator[Any]]:
    def made(right: Any) -> Iterator[Any]:
        yield right * factor

    return made


def _transposed(right: Any) -> Iterator[Any]:
    if right.ndim == 2:
        yield right.T


def _reversed_rows(right: Any) -> Iterator[Any]:
    if right.ndim == 1 and right.size > 1:
        yield right[::-1]


NUMBER_SLIPS: tuple[NumberSlip, ...] = (
    NumberSlip("sign", "This is the right number with the opposite sign.", _scaled(-1.0)),
    NumberSlip("transposed", "Rows and columns are exchanged.", _transposed),
    NumberSlip("order", "The entries stand in the opposite order.", _reversed_rows),
    NumberSlip("constant-factor", "This is twice the right number.", _scaled(2.0)),
    NumberSlip("constant-factor", "This is half the right number.", _scaled(0.5)),
    *(
        NumberSlip("rounding", f"The decimal point has slipped: this is 10^{k} times the right "
                   "number.", _scaled(10.0**k))
        for k in (1, -1, 2, -2, 3, -3)
    ),
    NumberSlip("wrong-local-derivative", "The logarithm to base 10 stands where the natural one "
               "belongs: this is the right number divided by log(10).", _scaled(1 / math.log(10))),
    NumberSlip("wrong-local-derivative", "Degrees stand where radians belong: this is the right "
               "number times 180/pi.", _scaled(180 / math.pi)),
    NumberSlip("wrong-local-derivative", "Degrees stand where radians belong: this is the right "
               "number times pi/180.", _scaled(math.pi / 180)),
)  # fmt: skip


def number_mistakes(
    value: Any, right: Any, sizes: Mapping[str, int], others: Sequence[tuple[str, Any]]
) -> tuple[Mistake, ...]:
    """What gives exactly these numbers. `value`, `right`: a number or nested lists of numbers;
    `others`: the right numbers of the other questions.
    """
    import numpy as np

    got, want = (np.squeeze(np.asarray(one, dtype=float)) for one in (value, right))
    for row in NUMBER_SLIPS:
        if any(_same(got, made) for made in row.made(want)):
            return (Mistake(row.slug, row.sentence),)
    for name, size in sizes.items():
        if size > 1 and _same(got, want * size):
            words = f"This is what comes out if the factor 1/{name} is left out."
            return (Mistake("missing-mean", words),)
        if size > 1 and _same(got, want / size):
            words = f"This is what comes out if it is divided by {name} once too often."
            return (Mistake("extra-mean", words),)
    if (digits := _rounded(got, want)) is not None:
        words = f"This agrees with the right number to {digits} digits: was it rounded too early?"
        return (Mistake("rounding", words),)
    for text, other in others:
        if _same(got, np.squeeze(np.asarray(other, dtype=float))):
            return (Mistake("other-question", f"This is the number of another question, {text}."),)
    if not got.ndim and want.ndim and any(_same(got, entry) for entry in want.reshape(-1)):
        return (Mistake("shape", "This is one entry of the array that is asked for."),)
    return ()


def _same(one: Any, other: Any) -> bool:
    import numpy as np

    if np.shape(one) != np.shape(other):
        return False
    scale = float(np.max(np.abs(other), initial=0))
    return scale > 0 and bool(np.all(np.abs(one - other) <= CLOSE * scale))


def _rounded(got: Any, want: Any) -> int | None:
    """How many significant digits agree, from two on; None for other numbers."""
    if got.ndim or want.ndim or not want or not got:
        return None
    gap = abs(float(got - want) / float(want))
    return max(2, int(-math.log10(gap))) if 0 < gap <= 0.02 else None
