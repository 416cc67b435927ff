"""Solving as a whole: what cannot be solved is said at its place."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.errors import GradcalcError


def test_what_is_undefined_whatever_the_values_is_placed() -> None:
    with pytest.raises(GradcalcError) as caught:
        solve(parse_exercise("expression: |\n  q = 2*x\n  f = q + tan(pi/2)\n", "t.yaml"))
    (problem,) = caught.value.problems
    assert problem.message == "`tan(pi/2)` is undefined, whatever the values"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 11)
