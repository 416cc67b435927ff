"""An answer is a function of its expression and of the names it may use: a line that it does not depend on changes
nothing in it, nor does a question below it; a question above it changes it by that name alone."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
import yaml

from gradcalc.derivation.answers import Answerer, answerer
from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import unparse
from helpers.paths import EXERCISES

SHIPPED = sorted(EXERCISES.glob("*.yaml"))
PROGRAMS = 60
FUNCTIONS = ("exp", "log", "sin", "tanh", "sigmoid", "sqrt")


def program(seed: int) -> dict[str, Any]:
    """A random scalar computation of some lines, and a question about each of its quantities."""
    random = Random(seed)
    names, lines = ["x", "y", "w"], {}
    for k in range(random.randint(2, 6)):
        a, b = random.choice(names[-4:]), random.choice(names)
        form = random.choice(
            (
                "{a}*{b}",
                "{a}/{b}",
                "{a} + {b}",
                "{a} - {b}",
                "{f}({a})",
                "{a}*{f}({b})",
                "1/(1 + exp(-{a}))",
                "{a}^2",
            )
        )
        names.append(f"q{k}")
        lines[names[-1]] = form.format(a=a, b=b, f=random.choice(FUNCTIONS))
    asked = [f"d{names[-1]}/d{name}" for name in random.sample(names[:-1], 3)]
    return {"expression": lines, "questions": asked}


def content(name: str) -> dict[str, Any]:
    """A shipped exercise as what its file says, its lines by their names; none where they are not written so."""
    found = yaml.safe_load(
        next(path for path in SHIPPED if path.name == name).read_text(encoding="utf-8")
    )
    if not isinstance(found["expression"], str):
        pytest.skip("its lines are not one text")
    return {key: value for key, value in found.items() if key != "page"}


def answers(found: dict[str, Any]) -> list[str | None]:
    """The formula of every answer."""
    return [said(one, question) for one, questions in (asked(found),) for question in questions]


def asked(found: dict[str, Any]) -> tuple[Answerer, tuple[Any, ...]]:
    exercise = exercise_from(found)
    return answerer(
        build(exercise), exercise.notation.form, exercise.notation.layout
    ), exercise.questions


def said(one: Answerer, question: Any) -> str | None:
    try:
        answer = one.answer(question)
    except GradcalcError:
        return None
    return None if answer.symbolic is None else unparse(answer.symbolic)


def with_lines(found: dict[str, Any], count: int) -> dict[str, Any]:
    """The same beside lines that have nothing to do with it."""
    lines = [f"unrelated{k} = spare*{k + 2} + {k}" for k in range(count)]
    if isinstance(found.get("variables"), list):
        found = found | {"variables": [*found["variables"], "spare"]}
    if isinstance(found["expression"], str):
        written = "\n".join([*lines, found["expression"]]) + "\n"
        return found | {"expression": written}
    return found | {"expression": dict(line.split(" = ") for line in lines) | found["expression"]}


def check_lines(found: dict[str, Any]) -> None:
    assert answers(with_lines(found, 40)) == answers(found)


def check_users(found: dict[str, Any], random: Random) -> None:
    """Lines that use what is there, and that no question is about."""
    lines, names = dict(found["expression"]), ["x", "y", "w", *found["expression"]]
    for k in range(4):
        a, b = random.choice(names), random.choice(names)
        lines[f"beside{k}"] = random.choice(
            ("{a}*{b}", "{a}/{b}", "1/{a}", "{a} - {b}", "exp({a})")
        ).format(a=a, b=b)
    assert answers(found | {"expression": lines}) == answers(found)


def check_questions_below(found: dict[str, Any]) -> None:
    """Each question without those below it."""
    whole, questions = answers(found), found["questions"]
    for count in range(1, len(questions)):
        assert answers(found | {"questions": questions[:count]}) == whole[:count]


def check_questions_above(found: dict[str, Any]) -> None:
    """Each question by itself; another answer is one that uses the name of a question above it, or of a gradient that
    several ways share."""
    one, questions = asked(found)
    for number, question in enumerate(questions):
        first = said(one, question)
        alone = said(
            *(lambda pair: (pair[0], pair[1][0]))(
                asked(found | {"questions": [found["questions"][number]]})
            )
        )
        if first != alone:
            assert first is not None
            names = set(re.findall(r"[^\W\d]\w*", first))
            above = {q.name or f"d{q.of}_d{q.by[0]}" for q in questions[:number] if q.by}
            assert names & above, f"{question.text}: {alone} became {first}"


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_random_answer_depends_on_nothing_else(seed: int) -> None:
    found = program(seed)
    try:
        asked(found)
    except GradcalcError:
        pytest.skip("it has no meaning")
    check_lines(found)
    check_users(found, Random(seed))
    check_questions_below(found)
    check_questions_above(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", [path.name for path in SHIPPED])
def test_an_answer_of_a_shipped_exercise_depends_on_nothing_else(name: str) -> None:
    found = content(name)
    check_lines(found)
    if all(
        isinstance(question, str) and question.startswith(("d", "local"))
        for question in found["questions"]
    ):
        check_questions_below(found)
        check_questions_above(found)
