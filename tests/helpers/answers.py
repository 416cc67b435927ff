"""Answers to questions about a few lines."""

from __future__ import annotations

from typing import Any

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from


def answer(
    lines: str, shapes: dict[str, Any], assume: dict[str, str], question: str, **more: Any
) -> Answer:
    variables = {
        name: {"shape": shape, "assume": assume[name]} if name in assume else shape
        for name, shape in shapes.items()
    }
    exercise: dict[str, Any] = {
        "expression": [line.strip() for line in lines.split(";")],
        "questions": [question],
        **more,
    }
    if variables:
        exercise["variables"] = variables
    return solve(exercise_from(exercise)).answers[0]


class Solved:
    """A solution whose answers are found by their questions."""

    def __init__(self, solution: Solution) -> None:
        self.solution, self.answers, self.ok = solution, solution.answers, solution.right

    def __getitem__(self, question: str) -> Answer:
        return next(one for one in self.answers if question == one.question.text)


def solved(lines: str, question: str | list[str], **content: Any) -> Solved:
    asked = [question] if isinstance(question, str) else question
    drawn = {} if "values" in content else {"seed": 1}
    data = {"expression": lines.split("; "), "questions": asked, **drawn, **content}
    return Solved(solve(exercise_from(data)))
