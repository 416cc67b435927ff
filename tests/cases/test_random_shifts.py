"""Random programs with shifted indices, convolutions and structured matrices: every gradient against differences of
plain loops.

70 programs by default; GRADCALC_RANDOM=1000 for more. Always the same ones, so a failure can be run again."""

from __future__ import annotations

import os
from random import Random

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from helpers.shifted_programs import shifted_program

COUNT = int(os.environ.get("GRADCALC_RANDOM", "70"))
BATCHES = 5


def compare(seed: str) -> int:
    """How many gradients of a program were compared; each agrees with differences of the loops."""
    made = shifted_program(Random(seed))
    content = made.content()
    solution = solve(exercise_from(content))
    for name, answer in zip(made.asked, solution.answers, strict=True):
        found, want = np.asarray(answer.value, dtype=float), made.gradient(name)
        assert answer.verified is not None, (seed, content)
        assert answer.verified.ok is True, (seed, content, name, answer.verified)
        assert found.size == want.size, (seed, content, name)
        gap = np.max(np.abs(found.reshape(want.shape) - want))
        assert gap <= 1e-5 * (1 + np.max(np.abs(want))), (seed, content, name, found, want)
    return len(made.asked)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_shifts(batch: int) -> None:
    """The numbers shown are the slopes of the computation as loops."""
    compared = sum(compare(f"shifts {batch} {number}") for number in range(COUNT // BATCHES))
    assert compared >= 2 * (COUNT // BATCHES)
