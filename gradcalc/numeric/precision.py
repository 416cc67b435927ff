"""A precision: its scalar functions, and its array functions once an array is met.

A scalar exercise never loads NumPy.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from gradcalc.numeric.scalar_functions import Scalars

if TYPE_CHECKING:
    from gradcalc.numeric.array_functions import Arrays


class Numbers:
    """A precision: its scalar functions, and its array functions once they are needed."""

    def __init__(self, scalar: Scalars) -> None:
        self.scalar = scalar
        self.digits = scalar.digits
        self._arrays: Arrays | None = None

    @property
    def exact(self) -> bool:
        """More precise than a float."""
        return self.scalar.lib is not math

    @property
    def limit(self) -> int:
        """The most entries of an array: some 60 MB."""
        return 300_000 if self.exact else 8_000_000

    @property
    def arrays(self) -> Arrays:
        if self._arrays is None:
            from gradcalc.numeric.array_functions import FloatArrays, ObjectArrays

            self._arrays = ObjectArrays(self.scalar) if self.exact else FloatArrays(self.scalar)
        return self._arrays


def floats() -> Numbers:
    """Double precision: `math` for scalars, NumPy's float64 for arrays."""
    return Numbers(Scalars(math, float, 16, 709.0))


@cache  # a context takes a millisecond to make, and nothing changes its precision
def decimals(digits: int) -> Numbers:
    """mpmath numbers of `digits` digits, arrays of them as NumPy objects. A context of its own, so nothing global."""
    from mpmath import MPContext

    context = MPContext()
    context.dps = digits
    return Numbers(Scalars(context, context.mpf, digits, 1e6))
