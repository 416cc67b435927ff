"""Figures of shipped exercises and of a text, before a format draws them."""

from __future__ import annotations

from gradcalc.app.shipped import exercise_text
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.report.figure import Picture, Sheet, picture, sketch


def exercise(name: str) -> Exercise:
    return parse_exercise(exercise_text(name), f"{name}.yaml")


def drawn(name: str, sheet: Sheet | None = None) -> Picture:
    return picture(sketch(exercise(name)), sheet or Sheet())


def picture_of(text: str, sheet: Sheet | None = None) -> Picture:
    return picture(sketch(parse_exercise(text, "test.yaml")), sheet or Sheet())
