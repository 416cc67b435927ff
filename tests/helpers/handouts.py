"""Handouts of shipped exercises, of a text, and with texts of strangers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from gradcalc.app.shipped import exercise_text
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import Handout


@cache
def solved(name: str) -> Solution:
    return solve(parse_exercise(exercise_text(name), f"{name}.yaml"))


@cache
def handout(name: str) -> Handout:
    return compose(solved(name), Sheet())


def handout_of(text: str) -> Handout:
    return compose(solve(parse_exercise(text, "test.yaml")), Sheet())


def titled(**texts: str) -> Handout:
    solution = solved("ex1")
    changed = replace(solution.graph.exercise, **texts)  # type: ignore[arg-type]
    return compose(replace(solution, graph=replace(solution.graph, exercise=changed)), Sheet())
