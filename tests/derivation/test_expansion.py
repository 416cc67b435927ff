"""Answers written in inputs alone."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.language.parser import unparse


@pytest.mark.parametrize("power", ["1/2", "1/4", "3/2"])
def test_a_root_of_a_negative_constant_stays_as_it_is_written(power: str) -> None:
    """Simplifying it would make it imaginary, and no formula of real numbers says that."""
    lines = ["q = -(2^relu(1/2))", f"r = q^({power})"]
    (answer,) = solve(exercise_from({"expression": lines, "questions": ["dr/dq"]})).answers
    assert answer.expanded is not None
    assert "relu" in unparse(answer.expanded)
    assert answer.value is None
