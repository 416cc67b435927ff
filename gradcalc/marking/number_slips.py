"""What gives exactly a wrong number: a sign, a factor, another entry, a slipped decimal point, too
few digits, degrees for radians, the logarithm to base 10.

A number is compared at the given values alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.model import Mistake
from gradcalc.marking.relations import EXTRA_MEAN, NO_MEAN

CLOSE = 1e-6  # relative: two numbers are the same slip


@dataclass(frozen=True, slots=True)
class NumberSlip:
    """A row of the table. `factor`: by what the slip multiplies the right numbers, or how it
    orders them anew: `transposed`, `reversed`.
    """

    slug: str
    sentence: str
    factor: float | str

    def made(self, right: Any) -> Any:
        """What the slip makes of the right numbers; None where it does not apply."""
        if self.factor == "transposed":
            return right.T if right.ndim == 2 else None
        if self.factor == "reversed":
            return right[::-1] if right.ndim == 1 and right.size > 1 else None
        return right * self.factor


# fmt: off
NUMBER_SLIPS: tuple[NumberSlip, ...] = (
    NumberSlip("sign", "This is the right number with the opposite sign.", -1.0),
    NumberSlip("transposed", "Rows and columns are exchanged.", "transposed"),
    NumberSlip("order", "The entries stand in the opposite order.", "reversed"),
    NumberSlip("constant-factor", "This is twice the right number.", 2.0),
    NumberSlip("constant-factor", "This is half the right number.", 0.5),
    *(
        NumberSlip("rounding", f"The decimal point has slipped: this is 10^{k} times the right "
                   "number.", 10.0**k)
        for k in (1, -1, 2, -2, 3, -3)
    ),
    NumberSlip("wrong-local-derivative", "The logarithm to base 10 stands where the natural one "
               "belongs: this is the right number divided by log(10).", 1 / math.log(10)),
    NumberSlip("wrong-local-derivative", "Degrees stand where radians belong: this is the right "
               "number times 180/pi.", 180 / math.pi),
    NumberSlip("wrong-local-derivative", "Degrees stand where radians belong: this is the right "
               "number times pi/180.", math.pi / 180),
)
AGREES = ("rounding",
          "This agrees with the right number to {digits} digits: was it rounded too early?")
ANOTHER = ("other-question", "This is the number of another question, {asked}.")
ONE_ENTRY = ("shape", "This is one entry of the array that is asked for.")
# fmt: on


def number_mistakes(
    value: Any, right: Any, sizes: Mapping[str, int], others: Sequence[tuple[str, Any]]
) -> tuple[Mistake, ...]:
    """What gives exactly these numbers. `value`, `right`: a number or nested lists of numbers;
    `others`: the right numbers of the other questions.
    """
    import numpy as np

    got, want = (np.squeeze(np.asarray(one, dtype=float)) for one in (value, right))
    for row in NUMBER_SLIPS:
        made = row.made(want)
        if made is not None and _same(got, made):
            return (Mistake(row.slug, row.sentence),)
    for name, size in sizes.items():
        for said, made in ((NO_MEAN, want * size), (EXTRA_MEAN, want / size)):
            if size > 1 and _same(got, made):
                return (said.mistake(size=name),)
    if (digits := _rounded(got, want)) is not None:
        return (Mistake(AGREES[0], AGREES[1].format(digits=digits)),)
    for text, other in others:
        if _same(got, np.squeeze(np.asarray(other, dtype=float))):
            return (Mistake(ANOTHER[0], ANOTHER[1].format(asked=text)),)
    if not got.ndim and want.ndim and any(_same(got, entry) for entry in want.reshape(-1)):
        return (Mistake(*ONE_ENTRY),)
    return ()


def _same(one: Any, other: Any) -> bool:
    import numpy as np

    if np.shape(one) != np.shape(other):
        return False
    scale = float(np.max(np.abs(other), initial=0))
    return scale > 0 and bool(np.all(np.abs(one - other) <= CLOSE * scale))


def _rounded(got: Any, want: Any) -> int | None:
    """To how many significant digits two numbers agree, from two on: they differ by half a unit
    of the last one at most. None for other numbers.
    """
    if got.ndim or want.ndim or not want or got == want:
        return None
    first = math.floor(math.log10(abs(float(want))))
    digits = math.floor(first + 1 - math.log10(2 * abs(float(got - want))) + 1e-9)
    return digits if digits >= 2 else None
