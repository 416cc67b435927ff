"""Solving as a whole: what cannot be solved is said at its place."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.language.errors import GradcalcError


def test_what_is_undefined_whatever_the_values_is_placed() -> None:
    with pytest.raises(GradcalcError) as caught:
        solve(parse_exercise("expression: |\n  q = 2*x\n  f = q + tan(pi/2)\n", "t.yaml"))
    (problem,) = caught.value.problems
    assert problem.message == "`tan(pi/2)` is undefined, whatever the values"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 11)


def test_answers_have_values_whichever_is_asked_first() -> None:
    """An answer named by one further up may use one that is named below it."""
    lines = ["a0 = x", *(f"a{k} = sigmoid(w{k}*a{k - 1})" for k in range(1, 13))]
    values = {"x": 0.5, **{f"w{k}": 0.5 + k / 12 for k in range(1, 13)}}
    asked = [*(f"da12/da{k}" for k in range(12)), "da12/dx"]
    found = solve(exercise_from({"expression": lines, "values": values, "questions": asked}))
    assert all(answer.verified and answer.verified.ok for answer in found.answers)
    assert found.answers[-1].value == found.answers[0].value
