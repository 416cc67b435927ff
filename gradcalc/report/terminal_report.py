"""The view for a terminal: the answers first, then what explains them; what is long only on
request.

compose_terminal(solution, options)  ->  Report: answers, warnings, the check, given, forward pass
TERMINAL                             ->  how views that show more, such as steps, end on a terminal
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import (
    Cell,
    Line,
    Number,
    Shaped,
    line,
    listed,
    math,
)
from gradcalc.language.named_formulas import joined
from gradcalc.language.parser import Expr, Name
from gradcalc.report.answer_cells import LAYOUTS, AnswerCells, asked, wrong
from gradcalc.report.answer_report import Ending
from gradcalc.report.blocks import (
    Block,
    Column,
    Heading,
    Note,
    Options,
    Paragraph,
    Report,
    Table,
    table,
)
from gradcalc.report.equations import ended
from gradcalc.report.lines import text_line

DEEP = 3  # order of the tensors whose entries are shown on request
Item = TypeVar("Item")
LONG, ENDS = 200, 50  # rows of a table that is long, and the rows at each end that it is cut to
MANY, SHOWN = 30, 3  # terms of a sum that is long, and the terms at each end that it is cut to


def compose_terminal(solution: Solution, options: Options) -> Report:
    """The worked answer for a terminal. Options say what else is asked for: values, expanded,
    verbose.
    """
    exercise = solution.graph.exercise
    view = _View(solution, options)
    blocks = (
        Heading((exercise.title or exercise.file,), 1),
        *view.answers(),
        *view.given(),
        *view.forward(),
    )
    where = joined([answer.where for answer in solution.answers])
    return Report(blocks, printed_names(solution.graph, where), exercise.title, exercise.file)


def terminal_notes(
    solution: Solution, options: Options, right: int, checked: int
) -> Iterator[Block]:
    """The warnings of a solution, its check and that of its steps, `right` of `checked`."""
    view = _View(solution, options)
    yield from view.problems()
    good, compared = view.cells.counted
    found = [
        f"{ok} of {count} {what}"
        for ok, count, what in (
            (good, compared, "answers"),
            (right, checked, "intermediate gradients"),
        )
        if count
    ]
    if found:
        fine = (good, right) == (compared, checked)
        against = view.cells.against if options.verbose else ""
        text = f"{'✓' if fine else '✗'} {' and '.join(found)} verified numerically{against}"
        yield Note("check" if fine else "failed", (text,))
    yield from view.cells.unchecked()
    if any(answer.layout != "gradient" for answer in solution.answers if _shaped(answer)):
        yield from view.layout()


TERMINAL = Ending(terminal_notes)


class _View:
    def __init__(self, solution: Solution, options: Options) -> None:
        self.solution, self.graph, self.options = solution, solution.graph, options
        self.digits = options.digits or self.graph.exercise.notation.digits
        self.cells = AnswerCells(solution, self.digits, options.detail == "full")
        where = joined([answer.where for answer in solution.answers])
        self.names = printed_names(self.graph, where)
        graph, answers = self.graph, solution.answers
        self.cut = max(len(answers), len(graph.inputs), len(graph.quantities)) > LONG
        self.left_out: dict[
            str, list[Answer]
        ] = {}  # Options field -> answers of which it shows more

    # ---- the answers

    def answers(self) -> Iterator[Block]:
        self.left_out.clear()
        answers = self.solution.answers
        layouts = {answer.layout for answer in answers if _shaped(answer)}
        for shapes, group in groupby(answers, key=lambda answer: answer.kind == "shape"):
            run = tuple(group)
            yield self.shapes(run) if shapes else self.values(run, len(layouts) > 1)
        yield from self.notes()
        yield from self.hints()

    def notes(self) -> Iterator[Block]:
        """The warnings, the check, and the layout where it is one for all."""
        yield from self.problems()
        yield from self.check()
        yield from self.cells.unchecked()
        yield from self.layout()

    def problems(self) -> Iterator[Block]:
        yield from self.cells.warnings()
        yield from self.cells.failures()

    def layout(self) -> Iterator[Block]:
        layouts = {answer.layout for answer in self.solution.answers if _shaped(answer)}
        if len(layouts) == 1:
            (layout,) = layouts
            yield Note("note", (LAYOUTS.get(layout, f"Layout: {layout}."),))

    def check(self) -> Iterator[Block]:
        right, compared = self.cells.counted
        if compared:
            against = self.cells.against if self.options.verbose else ""
            sign, kind = ("✓", "check") if right == compared else ("✗", "failed")
            yield Note(kind, (f"{sign} {right} of {compared} verified numerically{against}",))

    def hints(self) -> Iterator[Block]:
        """The options that show what was left out."""
        deep, long = self.left_out.get("values", []), self.left_out.get("expanded", [])
        said: list[Line] = []
        if self.cut:
            said.append(("the rows between the ends of long tables (--format json)",))
        if deep:
            said.append(line("entries of ", listed(map(_short, deep), last=", "), " (--values)"))
        if self.left_out.get("terms"):
            said.append(("the terms between the ends of long sums (--format json)",))
        if long:
            said.append(("answers in the inputs alone (--expanded)",))
        if said and self.options.hints:
            yield Note("note", line("Not shown: ", listed(said, "; ", "; "), "."))

    def shapes(self, answers: Sequence[Answer]) -> Table:
        rows: list[list[Cell]] = []
        for answer in answers:
            stacked = answer.stacked
            stack: Cell = (
                (math(Shaped(stacked.shape)),) if stacked and stacked.shape != answer.shape else ()
            )
            reason = self.cells.reason(answer)
            rows.append(
                [(math(Name(answer.question.of)),), (math(Shaped(answer.shape)),), stack, reason]
            )
        columns = [
            Column("quantity"),
            Column("shape", answer=True),
            Column("stacked"),
            Column("because", aside=True),
        ]
        return table(columns, rows)

    def values(self, answers: Sequence[Answer], layouts: bool) -> Table:
        arrays = any(isinstance(answer.value, list) for answer in answers)
        shaped = not all(map(self.evident, answers))
        values = any(answer.kind == "value" for answer in answers)
        first, last = ends(answers)
        shown = (*first, *last)
        wheres = dict(zip(map(id, shown), self.cells.wheres(shown), strict=True))
        fields: list[tuple[Column, Callable[[Answer], Cell]]] = [
            (Column("question"), lambda a: (asked(a.question),)),
            (Column("formula" if values else "derivative", answer=True), self.formula),
            (Column("value", right=not arrays, answer=True), self.value),
            (Column("with upstream", right=not arrays), self.with_upstream),
            (Column("shape", aside=True), lambda a: self.cells.shape(a) if shaped else ()),
            (Column("layout", aside=True), lambda a: ((a.layout,),) if layouts else ()),
            (Column("stacked", aside=True), self.stacked),
            (Column("simplified", aside=True), lambda a: self.cells.formula(a, a.simplified)),
            (Column("where", aside=True), lambda a: wheres[id(a)]),
            (Column("in words", aside=True), self.cells.in_words),
            (Column("in the inputs", aside=True), self.expanded),
            (Column("shorthand", aside=True), self.cells.shorthand),
            (Column("chain rule", aside=True), self.cells.chain),
            (Column("because", aside=True), lambda a: ((a.reason,),) if a.reason else ()),
        ]
        columns = [column for column, _ in fields]
        rows = [[cell(a) for _, cell in fields] for a in first]
        rows += self.left(len(answers) - len(first) - len(last), len(fields))
        rows += [[cell(a) for _, cell in fields] for a in last]
        alone = len(answers) == 1 and bool(answers[0].shape)  # one array needs no head
        return table(columns, rows, records=alone)

    def left(self, count: int, columns: int) -> list[list[Cell]]:
        """The row that stands for so many which are not shown."""
        return [[((f"… {count:,} more",),), *([()] * (columns - 1))]] if count else []

    def evident(self, answer: Answer) -> bool:
        """Whether the shape says nothing: a number, a quantity, or the gradient of a number in
        the shape of the variable.
        """
        if answer.per_example is not None or answer.stacked is not None:
            return False
        if answer.question.expr is not None:
            return not _shaped(answer)
        if answer.kind != "derivative":
            return answer.question.of in self.graph.names
        (by, *more) = answer.question.by
        known = by in self.graph.names and self.graph.node(by).shape == answer.shape
        return not _shaped(answer) or (known and not more and not answer.question.entry)

    def formula(self, answer: Answer) -> Cell:
        """The derivative, of one example where there are several."""
        if answer.per_example is not None:
            view = self.cells.view(answer, answer.per_example, example=True)
            return tuple(self.ended(answer, whole) for whole in view)
        (whole,) = self.cells.view(answer, answer) or ((),)
        found = self.ended(answer, whole)
        entry = f"  entry ({', '.join(answer.free)})" if answer.free and found else ""
        return (line(found, entry),) if found else ()

    def ended(self, answer: Answer, whole: Line) -> Line:
        """A formula; of a very long sum its ends."""
        found = ended(whole, MANY, SHOWN)
        if found != whole:
            self.left_out.setdefault("terms", []).append(answer)
        return found

    def stacked(self, answer: Answer) -> Cell:
        """The formula over all examples, where it is another."""
        if answer.same:
            return (("identical for all examples",),)
        found = self.cells.view(answer, answer.stacked)
        return () if found == self.formula(answer) else found

    def value(self, answer: Answer) -> Cell:
        return self.number(answer, answer.value, answer.exact)

    def with_upstream(self, answer: Answer) -> Cell:
        """Where it is another number."""
        found = self.number(answer, answer.with_upstream, answer.with_upstream_exact)
        own = self.value(answer)
        return () if self.texts(found) == self.texts(own) else found

    def number(self, answer: Answer, value: Number, exact: Expr | None) -> Cell:
        if _order(value) >= DEEP and not self.options.values and not wrong(answer):
            if answer not in self.left_out.setdefault("values", []):
                self.left_out["values"].append(answer)
            return ()
        return self.cells.number(answer, value, exact)

    def expanded(self, answer: Answer) -> Cell:
        """In the inputs alone, where that is no longer than the answer, or asked for."""
        found = self.cells.expanded(answer)
        longer = sum(map(len, self.texts(found))) > sum(map(len, self.texts(self.formula(answer))))
        if found and longer and not self.options.expanded:
            self.left_out.setdefault("expanded", []).append(answer)
            return ()
        return found

    def texts(self, cell: Cell) -> list[str]:
        return [text_line(one, self.names) for one in cell]

    # ---- what explains them

    def given(self) -> Iterator[Block]:
        """The inputs: numbers on a line, arrays in a table; the upstream gradients."""
        first, last = ends(self.graph.inputs)
        inputs = {name: self.cells.quantity(name) for name in (*first, *last)}
        scalars = [n for n in inputs if not (self.graph.node(n).shape or self.graph.node(n).over)]
        rows = [
            [label, shape, self.entries(n, value)]
            for n, (label, _, shape, value) in inputs.items()
            if n not in scalars
        ]
        upstream = tuple(self.cells.upstream())
        if not (inputs or upstream):
            return
        yield Heading(("Given",))
        if scalars:
            parts = [_assigned(*inputs[n]) for n in scalars]
            if count := len(self.graph.inputs) - len(inputs):
                parts.insert(len([n for n in scalars if n in first]), (f"… {count:,} more …",))
            yield Paragraph(listed(parts, last=", "))
        if rows:
            columns = [Column("input"), Column("shape"), Column("value")]
            yield replace(table(columns, rows), tight=True)
        yield from upstream

    def forward(self) -> Iterator[Block]:
        names = list(self.graph.quantities)
        first, last = ends(names)
        found = {name: self.cells.quantity(name) for name in (*first, *last)}
        arrays = any(self.graph.node(name).shape or self.graph.node(name).over for name in names)
        rows = [
            [label, formula, shape if arrays else (), self.entries(name, value)]
            for name, (label, formula, shape, value) in found.items()
        ]
        rows[len(first) : len(first)] = self.left(len(names) - len(found), 4)
        columns = [
            Column("quantity"),
            Column("expression"),
            Column("shape"),
            Column("value", right=not arrays),
        ]
        yield Heading(("Forward pass",))
        yield replace(table(columns, rows), tight=True)
        if any(self.graph.node(name).over for name in self.graph.names):
            yield Note(
                "note", ("Per-example values are stacked; examples run along the last axis.",)
            )

    def entries(self, name: str, value: Cell) -> Cell:
        """A value, unless it is a tensor whose entries were not asked for."""
        source = self.solution.inputs if name in self.graph.inputs else self.solution.forward
        deep = _order(source.get(name)) >= DEEP and not self.options.values
        return () if deep else value


def ends(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """All and nothing; of very many the first and the last."""
    return (items, ()) if len(items) <= LONG else (items[:ENDS], items[-ENDS:])


def _assigned(label: Cell, formula: Cell, shape: Cell, value: Cell) -> Line:
    """x = 3; the name alone where it has no value."""
    return line(*label[0], " = ", *value[0]) if value else label[0]


def _shaped(answer: Answer) -> bool:
    """Whether the layout says something: a derivative that is an array."""
    return answer.kind == "derivative" and any(size.number != 1 for size in answer.shape)


def _short(answer: Answer) -> Line:
    """An answer by its name, or what is asked."""
    name = answer.question.name
    return math(Name(name)) if name else asked(answer.question)


def _order(value: Number) -> int:
    """The number of axes of nested lists."""
    order = 0
    while isinstance(value, list):
        order, value = order + 1, value[0] if value else None
    return order
