"""A domain of numbers: its scalar functions, and its array functions once an array is met.

A scalar exercise never loads NumPy, and nothing loads FLINT before a number is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from gradcalc.numeric.scalar_functions import LADDER, Scalars, Undefined, Unsure

if TYPE_CHECKING:
    from gradcalc.numeric.array_functions import Arrays

FLOAT = 53  # bits
Result = TypeVar("Result")


class Numbers:
    """Scalar functions (`Scalars` of floats, `Balls`), array functions, and how many entries an
    array may have.
    """

    def __init__(self, scalar: Any, bits: int) -> None:
        self.scalar, self.bits = scalar, bits
        self._arrays: Arrays | None = None

    @property
    def exact(self) -> bool:
        """Enclosures, and not floats."""
        return self.bits > FLOAT

    @property
    def limit(self) -> int:
        """The most entries of an array: some 60 MB."""
        return 100_000 if self.exact else 8_000_000

    @property
    def arrays(self) -> Arrays:
        if self._arrays is None:
            if self.exact:
                from gradcalc.numeric.ball_arrays import BallArrays

                self._arrays = BallArrays(self.scalar)
            else:
                from gradcalc.numeric.array_functions import FloatArrays

                self._arrays = FloatArrays(self.scalar)
        return self._arrays

    def working(self, order: int = 0) -> AbstractContextManager[None]:
        """Stand inside it to compute with these numbers; `order`: the highest power of t that a
        jet keeps.
        """
        if not self.exact:
            return nullcontext()
        from gradcalc.numeric.balls import working

        return working(self.bits, order)


def floats() -> Numbers:
    """Double precision: `math` for scalars, NumPy's float64 for arrays."""
    return Numbers(Scalars(), FLOAT)


@cache
def balls(bits: int, ties: bool = False) -> Numbers:
    """Fractions and balls of so many bits; see `Balls`."""
    from gradcalc.numeric.balls import Balls

    return Numbers(Balls(bits, ties), bits)


def climb(at: Callable[[int], Result], order: int = 0) -> Result:
    """`at(bits)` for the first precision that is enough: it raises Unsure where it is not.
    Raises Undefined.
    """
    for bits in LADDER:
        try:
            with balls(bits).working(order):
                return at(bits)
        except Unsure as found:
            problem = found
    raise Undefined(problem.message)
