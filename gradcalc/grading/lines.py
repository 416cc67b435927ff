"""The lines of a gradebook: the answer of a student, with the keys of `check` and whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradcalc.exercise.model import Grading, Question
from gradcalc.grading.answers import Answer, answer_of, key_of
from gradcalc.grading.exam import Exam
from gradcalc.marking.model import UNDECIDED, WRONG, Carried
from gradcalc.marking.wording import carried_over


def lead(exercise: str, number: int, key: str) -> str:
    """What a line says before the verdict, but for the student: to which question of which exercise
    and variant, and the answer as it is kept where its text does not tell.
    """
    answer = answer_of(key)
    found: dict[str, Any] = {"exercise": exercise, "number": number}
    if answer.variant is not None:
        found["variant"] = answer.variant
    if key != key_of(Answer(answer.variant, answer.shown)):
        found["key"] = key
    return json.dumps(found, ensure_ascii=False)[1:-1]


def undecided(question: Question, shown: str, reason: str) -> dict[str, Any]:
    """What is said of an answer that nobody could decide about."""
    return {
        "question": question.text,
        "name": question.name,
        "answer": shown,
        "read_as": None,
        "kind": None,
        "verdict": UNDECIDED,
        "points": 0,
        "of": 1 if question.points is None else question.points,
        "message": f"Not decided: {reason}. Your teacher decides.",
        "mistakes": [],
        "carried": None,
        "entries": None,
        "decided": None,
    }


def followed(body: Mapping[str, Any], sources: tuple[str, ...], policy: Grading) -> dict[str, Any]:
    """What is said of a wrong answer that follows from those to some questions."""
    points, message = carried_over(
        body["points"], body["of"], body["message"], Carried(sources), policy
    )
    whole = int(points) if points == int(points) else round(points, 6)
    carried = {"from": list(sources), "verdict": "right"}
    more: dict[str, Any] = {"points": whole, "message": message, "mistakes": [], "carried": carried}
    return {**body, **more}


def may_spread(line: Mapping[str, Any]) -> bool:
    """May later answers follow from this one?"""
    return line["verdict"] == WRONG and line["kind"] in ("formula", "value", "both")


def may_follow(line: Mapping[str, Any]) -> bool:
    """May this answer follow from earlier ones?"""
    return may_spread(line) and line["kind"] != "both"


def key_in(line: Mapping[str, Any]) -> str:
    """The answer of a line, as answers are kept."""
    found: str = line.get("key") or key_of(Answer(line.get("variant"), line["answer"]))
    return found


def question_of(exam: Exam, line: Mapping[str, Any]) -> int | None:
    """The question that a line is about; None where it is not asked any more."""
    first = exam.first.get(line["exercise"])
    return None if first is None else first + int(line["number"]) - 1
