"""The page of a derivation: its parts."""

from __future__ import annotations

import re

import pytest

from gradcalc.app.export import Export, part
from gradcalc.derivation.derive_steps import explained
from gradcalc.exercise.load import parse_exercise
from gradcalc.report.figure import Sheet

EXERCISE = """\
expression: |
  q = x + y
  f = q * z
values: {x: -2, y: 5, z: -4}
questions: [df/dx, df/dz]
"""
CLASSES = re.compile(r'<section class="(walk|change|check|asked)"')


def article(page: str, answers: bool = True) -> str:
    derivation = explained(parse_exercise(EXERCISE + page))
    return part(derivation.solution, "1", "page", Export(Sheet(answers)), derivation).text


@pytest.mark.parametrize(
    ("page", "there"),
    [
        ("", ["walk", "change", "check"]),
        ("page: {parts: [check, walk]}", ["walk", "check"]),
        ("page: {parts: [values]}", ["change", "asked"]),
        ("page: {parts: []}", ["asked"]),
    ],
)
def test_a_page_has_the_parts_that_its_exercise_wants(page: str, there: list[str]) -> None:
    text = article(page)
    assert CLASSES.findall(text) == there
    assert '<details class="key">' in text
    assert ('"practice":' in text) == ("check" in there)
    assert ('"runs":' in text) == bool({"walk", "change"} & set(there))


def test_a_page_without_answers_has_neither_walk_nor_checks() -> None:
    text = article("page: {parts: [walk, values, check]}", answers=False)
    assert CLASSES.findall(text) == ["change", "asked"]
    assert "key" not in re.findall(r'<details class="(\w+)"', text)


def test_without_a_walk_no_question_leads_to_its_step() -> None:
    assert 'data-stage="' in article("page: {parts: [walk, check]}")
    assert 'data-stage="' not in article("page: {parts: [values, check]}")
