"""Two values beside each other, entry by entry, in enclosures: do they agree, or is it excluded?"""

from __future__ import annotations

from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.numeric.scalar_functions import LADDER, show
from gradcalc.numeric.tensor import Tensor

AGREEING_BITS = 80  # relative accuracy of enclosures that count as agreeing


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arrays of one shape, entry beside entry."""

    got: list[Any]
    want: list[Any]
    shape: tuple[int, ...]
    form: str | None  # per example, or stacked, where the second is per example


class Unlike(Exception):
    """Two arrays of different shapes: (the answer's, the right one's), and over which examples."""

    def __init__(self, got: Tensor, want: Tensor) -> None:
        super().__init__("different shapes")
        self.got, self.want = got, want


def paired(got: Tensor, want: Tensor, loose: bool = True) -> Pair:
    """Two values of one shape, entry beside entry: per example or stacked, columns as vectors
    where that is `loose`. Raises Unlike.
    """
    if got.plain and want.plain:
        return Pair([_single(got.data)], [_single(want.data)], (), None)
    import numpy as np

    a, b = np.asarray(got.data, dtype=object), np.asarray(want.data, dtype=object)
    shape, over = want.shape, want.over
    if got.plain and shape and not _is_zero(got.data) and a.size != b.size:
        raise Unlike(got, want)
    if set(got.over) <= set(over) and (
        _same(got.shape, shape, loose) or (got.plain and (not shape or _is_zero(got.data)))
    ):
        sizes = dict(zip(got.over, a.shape, strict=False))
        inner = shape if not got.plain else (1,) * len(shape)
        a = a.reshape((*(sizes.get(name, 1) for name in over), *inner))
        a = np.broadcast_to(a, b.shape)
        form = "per example" if over else None
        return Pair(a.reshape(-1).tolist(), b.reshape(-1).tolist(), b.shape[len(over) :], form)
    if over and not got.over:
        last = np.moveaxis(b, range(len(over)), range(b.ndim - len(over), b.ndim))
        if _same(a.shape, last.shape, loose=True):
            shape = last.shape
            return Pair(a.reshape(-1).tolist(), last.reshape(-1).tolist(), shape, "stacked")
    raise Unlike(got, want)


def _same(one: tuple[int, ...], other: tuple[int, ...], loose: bool) -> bool:
    if one == other:
        return True
    squeezed = tuple(n for n in one if n != 1), tuple(n for n in other if n != 1)
    return squeezed[0] == squeezed[1] and (loose or not squeezed[0])


def _single(data: Any) -> Any:
    return data[()] if hasattr(data, "ndim") else data


def _is_zero(data: Any) -> bool:
    from gradcalc.numeric.balls import lead

    data = _single(data)
    return bool(lead(data) == 0)


def judged(pair: Pair, bits: int) -> list[bool] | None:
    """Entry by entry: do the two agree? None where an entry is not known well enough and none is
    proved to differ.
    """
    found: list[bool | None] = [
        _agree(got, want, bits) for got, want in zip(pair.got, pair.want, strict=True)
    ]
    if None in found:
        if False not in found:
            return None
        return [agrees is not False for agrees in found]
    return [bool(agrees) for agrees in found]


def _agree(got: Any, want: Any, bits: int) -> bool | None:
    """True where the enclosures overlap and are small, False where they exclude equality, None
    else.
    """
    from flint import arb, fmpq

    exact = type(got) is fmpq, type(want) is fmpq
    if all(exact):
        return bool(got == want)
    a, b = arb(got), arb(want)
    if not a.overlaps(b):
        return False
    if all(
        known or ball.rel_accuracy_bits() >= AGREEING_BITS
        for known, ball in zip(exact, (a, b), strict=True)
    ) and not (a.contains(0) or b.contains(0)):
        return True
    # What may be 0 has no relative accuracy: it counts as 0 where many bits leave next to nothing.
    if bits > LADDER[0] and max(abs(a).upper(), abs(b).upper()) < arb(2) ** (-bits // 2):
        return True
    return None


def decimal(number: Any) -> str:
    """An enclosure as a decimal of some twelve digits."""
    from flint import arb, fmpq

    if type(number) is fmpq:
        return show(int(number.p) / int(number.q)) if abs(number) < 10**15 else str(number)
    return str(arb(number).str(12, radius=False))
