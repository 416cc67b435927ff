"""What reading an exercise, or anything else, says is wrong."""

from __future__ import annotations

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.errors import GradcalcError, Problem


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(GradcalcError) as caught:
        parse_exercise(text, "e.yaml")
    return list(caught.value.problems)


def one(text: str | bytes) -> tuple[int, int, str, str | None]:
    """Line, column, message and hint of the only problem."""
    (problem,) = problems(text)
    assert problem.place is not None
    return problem.place.line, problem.place.column, problem.message, problem.hint


def refusals(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a text that may be fine; only GradcalcError is caught."""
    try:
        parse_exercise(text, "e.yaml")
    except GradcalcError as error:
        return error.problems
    return ()


def message(error: pytest.ExceptionInfo[GradcalcError]) -> str:
    return error.value.problems[0].message
