"""Handouts of shipped exercises, of a text, and with texts of strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from gradcalc.app.shipped import exercise_text
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.formula_pieces import Line
from gradcalc.report.blocks import Equations, Listed, Paragraph, Printed
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import Handout
from gradcalc.report.lines import text_line


@cache
def solved(name: str) -> Solution:
    return solve(parse_exercise(exercise_text(name), f"{name}.yaml"))


KEY = Sheet(solution=True, detail="brief")


@cache
def handout(name: str, sheet: Sheet = KEY) -> Handout:
    return compose(solved(name), sheet)


def handout_of(text: str, sheet: Sheet = KEY) -> Handout:
    return compose(solve(parse_exercise(text, "test.yaml")), sheet)


def titled(sheet: Sheet = KEY, **texts: str) -> Handout:
    """The first exercise with other texts."""
    solution = solved("ex1")
    changed = replace(solution.graph.exercise, **texts)  # type: ignore[arg-type]
    return compose(replace(solution, graph=replace(solution.graph, exercise=changed)), sheet)


def text_of(it: Handout, line: Line) -> str:
    return text_line(line, it.names)


def rows_of(it: Handout, blocks: Sequence[Printed]) -> list[str]:
    """The right sides of all equations."""
    return [
        text_of(it, row.right)
        for block in blocks
        if isinstance(block, Equations)
        for row in block.rows
    ]


def sentences(it: Handout, blocks: Sequence[Printed]) -> list[str]:
    return [text_of(it, block.line) for block in blocks if isinstance(block, Paragraph)]


def listed(it: Handout) -> dict[str, list[str]]:
    """What is given, by title."""
    return {
        text_of(it, block.title): [text_of(it, item) for item in block.items]
        for block in it.given
        if isinstance(block, Listed)
    }
