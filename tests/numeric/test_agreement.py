"""Two values beside each other, entry by entry, in enclosures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from gradcalc.numeric.agreement import Unlike, decimal, judged, paired
from gradcalc.numeric.precision import balls
from gradcalc.numeric.tensor import Tensor


def array(*shape: int, start: int = 0) -> Any:
    count = int(np.prod(shape))
    entries = [fmpq(k) for k in range(start, start + count)]
    return np.array(entries, dtype=object).reshape(shape)


def verdicts(got: Any, want: Any, bits: int = 120) -> list[bool] | None:
    with balls(bits).working():
        return judged(paired(Tensor(got), Tensor(want)), bits)


def test_fractions_are_compared_exactly() -> None:
    assert verdicts(fmpq(1, 3), fmpq(2, 6)) == [True]
    assert verdicts(fmpq(1, 3), fmpq(333, 1000)) == [False]


def test_balls_agree_where_they_overlap_and_are_small() -> None:
    with balls(120).working():
        third, rough = arb(1) / 3, arb(1, 0.1)
    assert verdicts(third, fmpq(1, 3)) == [True]
    assert verdicts(rough, fmpq(1)) is None
    assert verdicts(rough, fmpq(2)) == [False]


def test_what_may_be_zero_needs_many_bits() -> None:
    with balls(600).working():
        small = arb(0, arb(2) ** -500)
    assert verdicts(small, fmpq(0), 120) is None
    assert verdicts(small, fmpq(0), 600) == [True]


def test_columns_are_vectors_unless_strict() -> None:
    column, vector = Tensor(array(3, 1)), Tensor(array(3))
    assert paired(column, vector).shape == (3,)
    with pytest.raises(Unlike):
        paired(column, vector, loose=False)
    assert paired(Tensor(array(1, 1)), Tensor(fmpq(0)), loose=False).shape == ()
    with pytest.raises(Unlike):
        paired(Tensor(array(2, 3)), Tensor(array(3, 2)))


def test_only_zero_stands_for_an_array() -> None:
    assert paired(Tensor(fmpq(0)), Tensor(array(2, 3))).got == [fmpq(0)] * 6
    with pytest.raises(Unlike):
        paired(Tensor(fmpq(1)), Tensor(array(2, 3)))


def test_per_example_and_stacked() -> None:
    each = Tensor(array(5, 2), ("i",))  # five examples of a vector of 2
    stack = Tensor(array(5, 2).T)
    assert paired(stack, each).form == "stacked"
    assert paired(each, each).form == "per example"
    assert paired(stack, each).got == paired(stack, each).want
    same = paired(Tensor(array(2)), each)
    assert same.got == [fmpq(0), fmpq(1)] * 5
    with pytest.raises(Unlike):
        paired(each, Tensor(array(2)))


def test_numbers_in_text() -> None:
    assert decimal(fmpq(1, 4)) == "0.25"
    with balls(120).working():
        assert decimal(arb(2).sqrt()) == "1.41421356237"
