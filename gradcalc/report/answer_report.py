"""Views: a Solution becomes a Report.

    compose_solution(solution, options)  ->  Report: forward pass, answers, warnings, the check

Other views (the terminal's, steps, handouts, verdicts) are further functions that return a Report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Cell, Names, Shaped, math
from gradcalc.language.named_formulas import joined
from gradcalc.language.parser import Name
from gradcalc.report.answer_cells import LAYOUTS, AnswerCells, arrayed, asked
from gradcalc.report.blocks import (
    Block,
    Column,
    Failed,
    Heading,
    Note,
    Options,
    Paragraph,
    Report,
    Table,
    table,
)

__all__ = ["LAYOUTS", "Failed", "Names", "Options", "Report", "asked", "compose_solution"]


def compose_solution(solution: Solution, options: Options) -> Report:
    """The worked answer: forward pass, upstream, each question, warnings, the check."""
    exercise = solution.graph.exercise
    view = _View(solution, options.digits or exercise.notation.digits, options.detail == "full")
    blocks: list[Block] = [Heading((exercise.title or exercise.file,), 1)]
    blocks += view.forward()
    blocks += view.answers()
    blocks += view.notes()
    where = joined([answer.where for answer in solution.answers])
    return Report(
        tuple(blocks), printed_names(solution.graph, where), exercise.title, exercise.file
    )


def answer_notes(solution: Solution, options: Options, right: int, checked: int) -> Iterator[Block]:
    """The warnings of a solution, its check and that of its steps, for views that show the answers
    themselves.
    """
    digits = options.digits or solution.graph.exercise.notation.digits
    yield from _View(solution, digits, options.detail == "full").notes()
    if checked:
        said = f"{right} of {checked} intermediate gradients verified numerically"
        yield Note("check", (said,))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a view that shows more ends: what is said of the answers and of the check of the steps,
    so many right of so many.
    """

    notes: Callable[[Solution, Options, int, int], Iterator[Block]] = answer_notes


DOCUMENT = Ending()


class _View:
    """One solution on its way into blocks."""

    def __init__(self, solution: Solution, digits: int, full: bool = False) -> None:
        self.solution, self.graph = solution, solution.graph
        self.cells = AnswerCells(solution, digits, full)

    # ---- before the answers

    def forward(self) -> Iterator[Block]:
        graph, rows = self.graph, list[list[Cell]]()
        arrays = any(graph.node(name).shape or graph.node(name).over for name in graph.names)
        for name in (*graph.inputs, *graph.quantities):
            label, formula, shape, value = self.cells.quantity(name)
            rows.append([label, formula, shape if arrays else (), value])
        last = Column("value", right=not arrays, aside=arrays)
        columns = [Column("quantity"), Column("expression"), Column("shape"), last]
        yield Heading(("Forward pass",))
        yield table(columns, rows)
        if any(graph.node(name).over for name in graph.names) and any(row[3] for row in rows):
            yield Note(
                "note",
                ("Per-example values are stacked; examples run along the last axis.",),
            )

    # ---- the answers

    def answers(self) -> Iterator[Block]:
        answers = self.solution.answers
        if not answers:
            return
        yield Heading(("Answers",))
        yield from self.cells.upstream()
        layouts = {
            answer.layout for answer in answers if answer.kind == "derivative" and arrayed(answer)
        }
        if len(layouts) == 1:
            (layout,) = layouts
            yield Paragraph((LAYOUTS.get(layout, f"Layout: {layout}."),))
        for shapes, group in groupby(answers, key=lambda answer: answer.kind == "shape"):
            run = tuple(group)
            yield self.shapes(run) if shapes else self.values(run, len(layouts) > 1)

    def shapes(self, answers: Sequence[Answer]) -> Table:
        rows: list[list[Cell]] = []
        for answer in answers:
            stack: Cell = (math(Shaped(answer.stacked.shape)),) if answer.stacked else ()
            reason = self.cells.reason(answer)
            rows.append(
                [(math(Name(answer.question.of)),), (math(Shaped(answer.shape)),), stack, reason]
            )
        return table(
            [Column("quantity"), Column("shape"), Column("stacked"), Column("because")], rows
        )

    def values(self, answers: Sequence[Answer], layouts: bool) -> Table:
        records = any(map(arrayed, answers))
        wheres = dict(zip(map(id, answers), self.cells.wheres(answers), strict=True))
        fields: list[tuple[Column, Callable[[Answer], Cell]]] = [
            (Column("question"), lambda a: (asked(a.question),)),
            (Column("chain rule"), self.cells.chain),
            (
                Column("per example"),
                lambda a: (
                    self.cells.view(a, a.per_example, example=True)
                    if self.cells.per_example(a)
                    else ()
                ),
            ),
            (
                Column("as a sum"),
                lambda a: (
                    ()
                    if self.cells.per_example(a)
                    else self.cells.view(a, a.per_example, example=True)
                ),
            ),
            (
                Column("stacked"),
                lambda a: (
                    (("identical for all examples",),) if a.same else self.cells.view(a, a.stacked)
                ),
            ),
            (Column("derivative"), lambda a: () if a.per_example else self.cells.view(a, a)),
            (Column("entry"), lambda a: ((f"({', '.join(a.free)})",),) if a.free else ()),
            (Column("simplified", aside=True), lambda a: self.cells.formula(a, a.simplified)),
            (Column("where"), lambda a: wheres[id(a)]),
            (Column("in words", aside=True), self.cells.in_words),
            (Column("in the inputs", aside=True), self.cells.expanded),
            (Column("shape"), lambda a: self.cells.shape(a) if records else ()),
            (
                Column("layout"),
                lambda a: ((a.layout,),) if layouts and a.kind == "derivative" else (),
            ),
            (Column("shorthand"), self.cells.shorthand),
            (Column("because"), lambda a: ((a.reason,),) if a.reason else ()),
            (Column("value", right=not records), lambda a: self.cells.number(a, a.value, a.exact)),
            (
                Column("with upstream", right=not records),
                lambda a: self.cells.number(a, a.with_upstream, a.with_upstream_exact),
            ),
        ]
        if any(answer.kind == "value" for answer in answers):
            fields[5] = (Column("formula"), fields[5][1])
        return table(
            [column for column, _ in fields],
            [[cell(a) for _, cell in fields] for a in answers],
            records,
        )

    # ---- after the answers

    def notes(self) -> Iterator[Block]:
        yield from self.cells.warnings()
        yield from self.cells.failures()
        right, compared = self.cells.counted
        if compared:
            yield Note("check", (f"checked: {right} of {compared}{self.cells.against}",))
        yield from self.cells.unchecked()
