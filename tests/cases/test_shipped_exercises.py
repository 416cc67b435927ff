"""The shipped exercises: each says where it comes from, and every answer to it is checked, or says why it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import load_exercise
from helpers.paths import SHIPPED


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_answer_is_checked_and_evaluated(path: Path) -> None:
    exercise = load_exercise(str(path))
    assert exercise.title
    assert exercise.source
    solution = solve(exercise)
    asked = [answer for answer in solution.answers if answer.kind != "shape"]
    for answer in asked:
        assert answer.kind == "value" or checked(answer), answer.question.text
    if exercise.values or exercise.seed is not None:
        missing = [problem for problem in solution.warnings if problem.slug == "missing-values"]
        without = [
            answer.question.text for answer in asked if answer.value is None and not reason(answer)
        ]
        assert without == [] or missing


def checked(answer: Answer) -> bool:
    found = answer.verified
    return found is not None and (
        found.ok is True or (found.ok is None and found.reason is not None)
    )


def reason(answer: Answer) -> str | None:
    """Why an answer has no number."""
    undefined = [problem.message for problem in answer.warnings if problem.slug == "undefined"]
    return undefined[0] if undefined else answer.verified.reason if answer.verified else None
