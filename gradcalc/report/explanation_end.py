"""How an explanation ends: what the gradients mean, a line for each answer, and the signs that were
used.

    meaning(derivation, digits)    "If x grows by 0.01, f changes by about −0.04."
    summary(derivation, board, …)  a table: question, result, value
    legend(blocks, names)          "∘: elementwise product", of the signs that occur in the blocks
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.step_model import Derivation, Step
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import (
    Cell,
    Line,
    Math,
    Names,
    Partial,
    Shaped,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Call, Expr, Index, Name, Transpose
from gradcalc.language.tree import names as names_in
from gradcalc.language.tree import number
from gradcalc.report.answer_cells import AnswerCells, asked, expression, wrong
from gradcalc.report.blocks import Block, Column, Heading, Note, Paragraph, Table, table
from gradcalc.report.lines import text_line
from gradcalc.report.step_table import Board, record
from gradcalc.report.step_way import literal, per_example

WIDE = 44  # columns of a result beyond which the gradients that it is made of are named in it


# ---- what it means


def meaning(derivation: Derivation) -> Iterator[Block]:
    """If x grows by 0.01, f changes by about −0.04."""
    found = derivation.meaning
    if found is None:
        return
    at = tuple(number(Fraction(k)) for k in found.at)
    by: Expr = Index(Name(found.by), at) if at else Name(found.by)
    step = math(Values(found.step, 4))
    about = math(Values(found.change, 2))
    says = line(
        "If ", by, " grows by ", step, ", ", Name(found.of), " changes by about ", about, "."
    )
    yield Paragraph(line("What it means: ", *lowered(says)))


def lowered(line: Line) -> Line:
    """A line that goes on in a sentence."""
    first = line[0]
    return (first[:1].lower() + first[1:] if isinstance(first, str) else first, *line[1:])


def upstream(derivation: Derivation) -> Iterator[Block]:
    """How the given upstream gradient enters, where the questions are about what it is given at."""
    exercise = derivation.graph.exercise
    if not exercise.upstream or any(one.loss for one in derivation.passes) or not derivation.passes:
        return
    given = exercise.upstream[0]
    if len(exercise.upstream) != 1 or isinstance(given.value, tuple):
        return
    value = given.value
    of = given.of or derivation.graph.outputs[-1]
    steps = [step for one in derivation.passes if one.of == of for step in one.steps]
    if not steps or derivation.graph.node(of).shape or derivation.graph.node(of).over:
        return
    by = steps[-1].quantity
    loss = exercise.loss
    rule = math(Partial(loss, (by,)), "=", Partial(loss, (of,)), "·", Partial(of, (by,)))
    start = line("Given ", *math(Partial(loss, (of,)), "=", value), ", multiply by it")
    yield Paragraph(line(start, " to get the gradients of ", Name(loss), ": ", *rule, "."))


# ---- expressions that are asked for


def expressions(derivation: Derivation, board: Board) -> Iterator[Block]:
    """Each expression that is asked for: the answers that it names put in, and the result."""
    cells, names = AnswerCells(derivation.solution, board.digits), derivation.names
    for answer in derivation.answers:
        expr = answer.question.expr
        if expr is None or wrong(answer):
            continue
        asked_ = derivation.graph.asked[answer.question.text]
        above = {name for name, _ in (*asked_.lines, *asked_.answers)}
        used = [name for name in names_in(expr) if name in above]
        fields: list[tuple[str, Cell]] = []
        if used:
            fields.append(("uses", (line(*listed(map(Name, used)), " from above"),)))
        known = {text_line(math(expr), names)}
        for label, part in (("put in", answer.put_in), ("result", answer.symbolic)):
            shown: Line = () if part is None else math("=", part)
            text = "" if part is None else text_line(math(part), names)
            if shown and text not in known and (label == "result" or len(text) <= 2 * WIDE):
                known.add(text)
                fields.append((label, (shown,)))
        fields.append(("value", cells.number(answer, answer.value, answer.exact)))
        yield record((expression(answer.question),), fields)


# ---- a line for each answer


class Summary:
    """The answers of a derivation, each on a line."""

    def __init__(self, derivation: Derivation, board: Board, short: Callable[[Answer], Answer]):
        self.derivation, self.board, self.short = derivation, board, short
        self.cells = AnswerCells(derivation.solution, board.digits)
        self.steps = {
            (one.of, step.quantity): step
            for one in derivation.passes
            if one.first is None
            for step in one.steps
        }

    def blocks(self) -> Iterator[Block]:
        answers = self.derivation.answers
        if not answers:
            return
        yield Heading(("Summary",))
        shapes = [answer for answer in answers if answer.kind == "shape"]
        others = [answer for answer in answers if answer.kind != "shape"]
        if shapes:
            yield self.shapes(shapes)
        if others:
            columns = [
                Column("question"),
                Column("result", answer=True),
                Column("value", right=not any(isinstance(a.value, list) for a in others)),
                Column("stacked", aside=True),
                Column("where", aside=True),
            ]
            yield replace(table(columns, [self.row(answer) for answer in others]), tight=True)

    def shapes(self, answers: Iterable[Answer]) -> Table:
        rows: list[list[Cell]] = [
            [
                (math(Name(answer.question.of)),),
                (math(Shaped(answer.shape)),),
                self.cells.reason(answer),
            ]
            for answer in answers
        ]
        columns = [Column("quantity"), Column("shape", answer=True), Column("because", aside=True)]
        return replace(table(columns, rows), tight=True)

    def row(self, answer: Answer) -> list[Cell]:
        if wrong(answer):
            return [(asked(answer.question),), (("failed the check",),), (), (), ()]
        view = answer.per_example or answer
        example = answer.per_example is not None
        shown: Line = ()
        if view.symbolic is not None:
            free = view.free if isinstance(view, View | Answer) else ()
            entry = f"  entry ({', '.join(free)})" if free else ""
            shown = line(view.symbolic, entry, example=example)
        named = {other.question.name for other in self.derivation.answers}
        pairs = tuple((word, expr) for word, expr in answer.where if word not in named)
        where = self.cells.where(answer, pairs)
        step = self.step(answer)
        if step is not None and (where or self.wide(shown)) and step.collected is not None:
            own = math(step.total.symbolic, example=per_example(step.total, self.board.ranges))
            if step.total.free == () and len(self.text(own)) < len(self.text(shown)):
                shown, where = own, ()
        value = self.short(answer).value
        literal_ = view.symbolic is not None and literal(view.symbolic)
        number_ = self.cells.number(answer, value, answer.exact) if not literal_ else ()
        stack = answer.stacked
        stacked: Cell = ()
        if answer.same:
            stacked = (("identical for all examples",),)
        elif stack is not None and stack.symbolic is not None and not stack.free:
            found = math(stack.symbolic)
            stacked = (found,) if self.text(found) != self.text(shown) else ()
        return [(asked(answer.question),), (shown,) if shown else (), number_, stacked, where]

    def step(self, answer: Answer) -> Step | None:
        """The step that an answer is the result of."""
        question = answer.question
        if question.kind != "derivative" or question.entry:
            return None
        by = self.derivation.graph.stacks.get(question.by[0], question.by[0])
        return self.steps.get((question.of, by))

    def text(self, shown: Line) -> str:
        return text_line(shown, self.derivation.names)

    def wide(self, shown: Line) -> bool:
        return len(self.text(shown)) > WIDE


# ---- the signs that were used


def legend(blocks: Iterable[Block], names: Names) -> Iterator[Block]:
    """What the signs mean that occur in the formulas of some blocks; nothing where none does."""
    text = "\n".join(formulas(blocks, names))
    found = [said for signs, said in SIGNS if any(sign in text for sign in signs)]
    if found:
        yield Note("note", line("Symbols: ", listed(found, "; ", "; "), "."))


def formulas(blocks: Iterable[Block], names: Names) -> Iterator[str]:
    """The formulas of some blocks as text."""
    for block in blocks:
        lines: list[Line] = []
        if isinstance(block, Table):
            lines = [one for row in block.rows for cell in row for one in cell]
        elif isinstance(block, Paragraph | Note):
            lines = [block.line]
        for one in lines:
            yield from (text_line((part,), names) for part in one if isinstance(part, Math))


U, K = Name("u"), Name("k")


def _sign(expr: Expr, says: str) -> Line:
    return ((Math((expr,), names=Names())), says)


SIGNS: tuple[tuple[tuple[str, ...], Line], ...] = (
    (("∘",), line(Math(("∘",)), " elementwise product")),
    (("1[",), _sign(Call("step", (U,)), " is 1 where the condition holds, else 0")),
    (("Σ",), _sign(Call("sum", (Name("…"), K)), " sum over k")),
    (("ᵀ", "⁻ᵀ"), _sign(Transpose(Name("A")), " transpose of A")),
    (("⁻ᵀ",), _sign(Transpose(Call("inv", (Name("A"),))), " transpose of the inverse of A")),
    (("‖",), _sign(Call("norm", (U,)), " length (norm) of u")),
    (("𝟏",), _sign(Call("ones", (Name("n"),)), " vector or matrix of ones")),
    (("diag(",), _sign(Call("diag", (U,)), " matrix with u on its diagonal")),
)
