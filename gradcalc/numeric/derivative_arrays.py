"""The derivative of the forward computation as the array that an answer is: every entry, in
enclosures, its axes in the order of a layout.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.numeric.finite_differences import (
    Computed,
    Target,
    arrangement,
    assembled,
    directions,
    slopes,
)
from gradcalc.numeric.scalar_functions import TooLarge
from gradcalc.numeric.tensor import Tensor

MOST_ENTRIES = 3_000  # of a derivative at a place


def derivative_at(
    values: Computed, target: Target, layout: str, lengths: Sequence[int], bits: int
) -> Tensor:
    """The derivative over the examples, in the shape of the answer, `lengths`. Raises Undefined
    where there is none, Unsure where more bits may tell, TooLarge for too many entries.
    """
    for name in (*((target.of,) if target.of else ()), *target.bys):
        values[name]
    if values.scalar:
        return Tensor(slopes(values, target, None, bits))
    import numpy as np

    chosen = directions(values, target, None)
    if len(chosen.arrays[0]) * int(np.prod(chosen.of_shape)) > MOST_ENTRIES:
        raise TooLarge("this derivative has too many entries to be compared")
    found = assembled(slopes(values, target, chosen, bits), chosen, values)
    return arranged(found, arrangement(chosen, layout), lengths)


def arranged(found: Tensor, order: Sequence[int], lengths: Sequence[int]) -> Tensor:
    """A derivative over the examples, its axes in the order of a layout, in the shape of the
    answer.
    """
    import numpy as np

    first = len(found.over)
    data = np.transpose(np.asarray(found.data), [*range(first), *(first + k for k in order)])
    data = data.reshape((*data.shape[:first], *lengths))
    return Tensor(data if data.ndim else data[()], found.over)
