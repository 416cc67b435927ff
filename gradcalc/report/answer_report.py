"""Views: a Solution becomes a Report.

    compose_solution(solution, options)  ->  Report: forward pass, answers, warnings, the check

Other views (steps, handouts, verdicts) are further functions that return a Report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_model import LINKS, SAME, UNLISTED, Answer, Local, Solution
from gradcalc.exercise.model import Question, Value
from gradcalc.graph.dependencies import many
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.constants import fraction
from gradcalc.language.errors import Problem
from gradcalc.language.formula_pieces import (
    Cell,
    Factors,
    Line,
    Math,
    Names,
    Number,
    Partial,
    Piece,
    Shaped,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Expr, Index, Name, Neg
from gradcalc.language.typography import number, whole
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

__all__ = ["Failed", "Names", "Options", "Report", "asked", "compose_solution"]

LISTED = 4  # answers that a warning names, where it is not about more
PATHS = 4  # paths of a chain that are written out, unless everything is wanted
ENDS = 3  # local derivatives at each end of a path of more than LINKS, which are written out

LAYOUTS: Mapping[str, str] = {
    "gradient": "the derivative of a number has the shape of the variable, any other is the full Jacobian, output axes first",
    "jacobian": "numerator layout, output axes first: the derivative of a number by a column is a row",
    "denominator": "denominator layout, axes of the variable first",
}


def compose_solution(solution: Solution, options: Options) -> Report:
    """The worked answer: forward pass, upstream, each question, warnings, the check."""
    exercise = solution.graph.exercise
    view = _View(solution, options.digits or exercise.notation.digits, options.detail == "full")
    blocks: list[Block] = [Heading((exercise.title or exercise.file,), 1)]
    blocks += view.forward()
    blocks += view.answers()
    blocks += view.notes()
    where = tuple(pair for answer in solution.answers for pair in answer.where)
    return Report(
        tuple(blocks), printed_names(solution.graph, where), exercise.title, exercise.file
    )


def answer_blocks(solution: Solution, digits: int, full: bool = False) -> Iterator[Block]:
    """The answers of a solution, its warnings and its check, for views that say more before them."""
    view = _View(solution, digits, full)
    yield from view.answers()
    yield from view.notes()


def asked(question: Question) -> Line:
    """What a question asks, as it is headed: δ₁ = ∂J/∂ŷ, shape of W₁, ∂²f/∂x∂y."""
    if question.kind in ("shape", "value"):
        return line(f"{question.kind} of ", Name(question.of))
    named = (Name(question.name), "=") if question.name else ()
    formula = math(*named, Partial(question.of, question.by, question.entry or ()))
    return line("local " if question.kind == "local" else "", formula)


class _View:
    """One solution on its way into blocks."""

    def __init__(self, solution: Solution, digits: int, full: bool = False) -> None:
        self.solution, self.graph, self.digits, self.full = solution, solution.graph, digits, full

    # ---- before the answers

    def forward(self) -> Iterator[Block]:
        graph, solution = self.graph, self.solution
        definitions = {d.name: d for d in graph.exercise.definitions}
        arrays = any(graph.node(name).shape or graph.node(name).over for name in graph.names)
        rows: list[list[Cell]] = []
        for name in (*graph.inputs, *graph.quantities):
            found = definitions.get(name)
            at = tuple(map(Name, found.indices)) if found else ()
            label = math(Index(Name(name), at) if at else Name(name))
            values = solution.inputs if name in graph.inputs else solution.forward
            value = self.value(values.get(name), solution.forward_exact.get(name))
            shape: Cell = (self.shape_line(name),) if arrays else ()
            rows.append([(label,), (math(found.expr),) if found else (), shape, value])
        last = Column("value", right=not arrays, aside=arrays)
        columns = [Column("quantity"), Column("expression"), Column("shape"), last]
        yield Heading(("Forward pass",))
        yield table(columns, rows)
        if any(graph.node(name).over for name in graph.names) and any(row[3] for row in rows):
            yield Note(
                "note",
                (
                    "Values of quantities with one value per example are stacked, the examples last.",
                ),
            )

    def shape_line(self, name: str) -> Line:
        node = self.graph.node(name)
        each = [index for index in node.over if index in self.graph.examples]
        return line(Shaped(node.shape), f", each {', '.join(each)}" if each else "")

    def upstream(self) -> Iterator[Block]:
        exercise, graph = self.graph.exercise, self.graph
        pieces: list[Piece] = []
        for upstream in exercise.upstream:
            of = upstream.of or (graph.outputs[-1] if graph.outputs else "f")
            pieces += (
                [",", Partial(exercise.loss, (of,)), "="]
                if pieces
                else [Partial(exercise.loss, (of,)), "="]
            )
            pieces += _given(upstream.value)
        if pieces:
            yield Paragraph(("Upstream gradient: ", Math(tuple(pieces))))

    # ---- the answers

    def answers(self) -> Iterator[Block]:
        answers = self.solution.answers
        if not answers:
            return
        yield Heading(("Answers",))
        yield from self.upstream()
        layouts = {
            answer.layout for answer in answers if answer.kind == "derivative" and _arrayed(answer)
        }
        if len(layouts) == 1:
            (layout,) = layouts
            yield Paragraph(
                (f"Layout: {layout}" + (f" ({LAYOUTS[layout]})." if layout in LAYOUTS else "."),)
            )
        for shapes, group in groupby(answers, key=lambda answer: answer.kind == "shape"):
            run = tuple(group)
            yield self.shapes(run) if shapes else self.values(run, len(layouts) > 1)

    def shapes(self, answers: Sequence[Answer]) -> Table:
        rows: list[list[Cell]] = []
        for answer in answers:
            stack: Cell = (math(Shaped(answer.stacked.shape)),) if answer.stacked else ()
            reason: Cell = ((answer.reason,),) if answer.reason else ()
            rows.append(
                [(math(Name(answer.question.of)),), (math(Shaped(answer.shape)),), stack, reason]
            )
        return table(
            [Column("quantity"), Column("shape"), Column("stacked"), Column("because")], rows
        )

    def values(self, answers: Sequence[Answer], layouts: bool) -> Table:
        records = any(map(_arrayed, answers))
        fields: list[tuple[Column, Callable[[Answer], Cell]]] = [
            (Column("question"), lambda a: (asked(a.question),)),
            (Column("chain rule"), self.chain),
            (
                Column("per example"),
                lambda a: self.view(a, a.per_example, example=True) if self.per_example(a) else (),
            ),
            (
                Column("as a sum"),
                lambda a: () if self.per_example(a) else self.view(a, a.per_example, example=True),
            ),
            (
                Column("stacked"),
                lambda a: (("the same for every example",),) if a.same else self.view(a, a.stacked),
            ),
            (Column("derivative"), lambda a: () if a.per_example else self.view(a, a)),
            (Column("entry"), lambda a: ((f"({', '.join(a.free)})",),) if a.free else ()),
            (Column("simplified", aside=True), lambda a: self.formula(a, a.simplified)),
            (Column("where"), lambda a: self.where(a, answers)),
            (Column("in the inputs", aside=True), self.expanded),
            (Column("shape"), lambda a: self.shape(a) if records else ()),
            (
                Column("layout"),
                lambda a: ((a.layout,),) if layouts and a.kind == "derivative" else (),
            ),
            (Column("shorthand"), self.shorthand),
            (Column("because"), lambda a: ((a.reason,),) if a.reason else ()),
            (Column("value", right=not records), lambda a: self.number(a, a.value, a.exact)),
            (
                Column("with upstream", right=not records),
                lambda a: self.number(a, a.with_upstream, a.with_upstream_exact),
            ),
        ]
        if any(answer.kind == "value" for answer in answers):
            fields[5] = (Column("formula"), fields[5][1])
        return table(
            [column for column, _ in fields],
            [[cell(a) for _, cell in fields] for a in answers],
            records,
        )

    def per_example(self, answer: Answer) -> bool:
        """Is the answer one per example, or a sum over them?"""
        names = [
            name
            for name in (answer.question.of, *answer.question.by)
            if name in self.graph.names or name in self.graph.stacks
        ]
        return any(self.graph.node(self.graph.stacks.get(name, name)).over for name in names)

    def chain(self, answer: Answer) -> Cell:
        """The paths as products of local derivatives, and what these are: ∂f/∂u · ∂u/∂x + local ∂f/∂x = x · 2x + u."""
        lines: list[Line] = []
        formulas: list[Line] = []
        paths = answer.chain if any(len(path) > 1 for path in answer.chain) else ()
        shown = paths if len(paths) <= PATHS or self.full else paths[: PATHS - 1]
        for position, path in enumerate(shown):
            pieces: list[Piece] = ["+"] if position else []
            long = len(path) > LINKS and not self.full
            for n, local in enumerate(path):
                if long and ENDS <= n < len(path) - ENDS:
                    pieces += ["…", "·"] if n == ENDS else []
                else:
                    pieces += [Partial(*_label(local.label), local=local.direct), "·"]
            lines.append(math(*pieces[:-1]))
            if (
                _arrayed(answer)
                and len(path) > 1
                and all(local.shape is not None for local in path)
            ):
                shapes = (Shaped(local.shape) for local in path if local.shape is not None)
                lines.append(line("shapes: ", listed(shapes, "; ", "; ")))
            product = None if _arrayed(answer) or answer.question.entry or long else _product(path)
            if product is not None and not _wrong(answer):
                formulas.append(math(*_signed(product, bool(position))))
        rest = answer.chain_rest + len(paths) - len(shown)
        if rest:
            lines.append((f"and {many(rest)} more path{'s' if rest > 1 else ''}",))
            formulas += [math("+ …")] if formulas else []
        return (*lines, *(formulas if len(formulas) == len(shown) + bool(rest) else ()))

    def where(self, answer: Answer, answers: Sequence[Answer]) -> Cell:
        """The formulas of named gradients; of very many, those that no answer above has."""
        if _wrong(answer):
            return ()
        new = dict(answer.where)
        if len(new) > LINKS:
            for other in answers[: answers.index(answer)]:
                new = {
                    name: expr for name, expr in new.items() if dict(other.where).get(name) != expr
                }
        lines = tuple(math(Name(name), "=", expr) for name, expr in new.items())
        return (
            lines
            if len(new) == len(answer.where)
            else (*lines, ("and the formulas above" if lines else "the formulas above",))
        )

    def view(self, answer: Answer, view: View | Answer | None, example: bool = False) -> Cell:
        if view is None or view.symbolic is None:
            return ()
        if _wrong(answer):
            return (("failed the check",),)
        entry = f"  entry ({', '.join(view.free)})" if isinstance(view, View) and view.free else ""
        return (line(view.symbolic, entry, example=example),)

    def formula(self, answer: Answer, expr: Expr | None) -> Cell:
        return (
            ()
            if expr is None or _wrong(answer)
            else (math(expr, example=answer.per_example is not None),)
        )

    def expanded(self, answer: Answer) -> Cell:
        return () if answer.expanded == answer.symbolic else self.formula(answer, answer.expanded)

    def shape(self, answer: Answer) -> Cell:
        if answer.per_example is None and answer.stacked is None:
            return (math(Shaped(answer.shape)),)
        shapes = {view.shape for view in (answer.per_example, answer.stacked) if view is not None}
        if len(shapes) == 1 and answer.stacked is not None:
            return (math(Shaped(answer.stacked.shape)),)
        views = (answer.per_example, " per example"), (answer.stacked, " stacked")
        return (
            listed(
                (line(Shaped(view.shape), word) for view, word in views if view is not None),
                last=", ",
            ),
        )

    def shorthand(self, answer: Answer) -> Cell:
        short = answer.shorthand
        if short is None or _wrong(answer):
            return ()
        return (math(short.symbolic, example=answer.per_example is not None), (short.sentence,))

    def number(self, answer: Answer, value: Number, exact: Expr | None) -> Cell:
        return () if _wrong(answer) else self.value(value, exact)

    def value(self, value: Number, exact: Expr | None) -> Cell:
        """The number, with its exact form before it where that says more: 1/3 ≈ 0.3333."""
        if value is None:
            return ()
        if exact is not None and isinstance(value, float) and _telling(exact, value, self.digits):
            return (math(exact, "≈", Values(value, self.digits)),)
        return (math(Values(value, self.digits)),)

    # ---- after the answers

    def notes(self) -> Iterator[Block]:
        about: dict[str, list[Answer]] = {}
        for answer in self.solution.answers:
            for problem in (p for p in answer.warnings if p.slug not in (SAME, UNLISTED)):
                about.setdefault(_said(problem), []).append(answer)
        for problem in self.solution.warnings:
            if _said(problem) not in about:
                yield Note("warning", (_said(problem),))
        for message, answers in about.items():
            yield Note(
                "warning",
                line(*((_listed(answers), ": ") if len(answers) <= LISTED else ()), message),
            )
        yield from self.checks()

    def checks(self) -> Iterator[Block]:
        checked = [answer for answer in self.solution.answers if answer.verified is not None]
        right = [answer for answer in checked if answer.verified and answer.verified.ok]
        for answer in checked:
            verified = answer.verified
            if verified and verified.ok is False:
                off = (
                    f" (relative difference {number(verified.error, 1)})"
                    if verified.error is not None
                    else ""
                )
                message = f" failed the check against {verified.method or 'the numeric derivative'}{off}; it is not shown."
                yield Note("error", (*asked(answer.question), message))
        compared = [
            answer for answer in checked if answer.verified and answer.verified.ok is not None
        ]
        if compared:
            parts = [
                part
                for a in compared
                if a.verified
                for part in a.verified.method.split("; ")
                if part
            ]
            methods = dict.fromkeys(parts)
            errors = [
                a.verified.error for a in right if a.verified and a.verified.error is not None
            ]
            against = f" against {'; '.join(methods)}" if methods else ""
            worst = (
                f"{';' if ';' in against else ','} largest relative difference {number(max(errors), 1)}"
                if errors
                else ""
            )
            yield Note("check", (f"checked: {len(right)} of {len(compared)}{against}{worst}",))
        reasons: dict[str, list[Answer]] = {}
        for answer in checked:
            if answer.verified and answer.verified.ok is None:
                reasons.setdefault(answer.verified.reason or "nothing to compare", []).append(
                    answer
                )
        for reason, answers in reasons.items():
            yield Note("note", ("not checked: ", *_listed(answers), f" ({reason})"))


def _arrayed(answer: Answer) -> bool:
    """Whether an answer has more to say than a row of a table holds."""
    extras = (answer.per_example, answer.stacked, answer.shorthand)
    arrays = any(size.number != 1 for size in answer.shape) or isinstance(answer.value, list)
    return arrays or bool(answer.where or answer.free) or any(extra is not None for extra in extras)


def _wrong(answer: Answer) -> bool:
    return answer.verified is not None and answer.verified.ok is False


def _label(label: str) -> tuple[str, tuple[str, ...]]:
    """ "df/dq" as numerator and denominator."""
    of, _, by = label.partition("/")
    return of.removeprefix("d"), (by.removeprefix("d"),)


def _product(path: Sequence[Local]) -> Factors | None:
    """The local derivatives of a path as one product, or None where one has no formula."""
    factors = tuple(local.symbolic for local in path if local.symbolic is not None)
    return Factors(factors) if len(factors) == len(path) else None


def _signed(product: Factors, added: bool) -> tuple[Piece, ...]:
    """= a · b, or added to what stands before: + a · b, − a · b."""
    first, *rest = product.factors
    if added and isinstance(first, Neg):
        return "−", Factors((first.arg, *rest))
    return "+" if added else "=", product


def _given(value: Value) -> tuple[Piece, ...]:
    """An upstream gradient as the author gave it; arrays entry by entry."""
    if not isinstance(value, tuple):
        return (value,)
    pieces: list[Piece] = []
    for item in value:
        pieces += [*([","] if pieces else []), *_given(item)]
    return ("[", *pieces, "]")


def _telling(exact: Expr, decimal: float, digits: int) -> bool:
    """Whether an exact form says more than its decimal: 1/3 and π/4 do, 5/4 and 121/100 do not."""
    value = fraction(exact)
    if value is None:
        return not whole(decimal, digits)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest != 1 and value.denominator < 10_000


def _said(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _listed(answers: Sequence[Answer]) -> Line:
    return listed((asked(answer.question) for answer in answers), last=", ")
