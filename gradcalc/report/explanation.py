"""A derivation as a teacher would put it on the board: what is shown, the rule, its general
formula, the instance, and at the end what it means.

compose_explanation(derivation, options)  ->  Report: forward pass, backward steps, answers
pages(derivation, options)                ->  the same, a Report for each step
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.reasons import core, under
from gradcalc.derivation.step_model import Assembly, Derivation, Factor, Pass, Quantity, Step
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.formula_pieces import (
    Cell,
    Line,
    Math,
    Partial,
    Piece,
    Shaped,
    Under,
    line,
    math,
)
from gradcalc.language.parser import Expr, Name, Transpose
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import walk
from gradcalc.report.answer_report import DOCUMENT, Ending
from gradcalc.report.blocks import (
    Block,
    Column,
    Heading,
    Options,
    Paragraph,
    Report,
    Table,
    table,
)
from gradcalc.report.explanation_end import Summary, expressions, legend, meaning, upstream
from gradcalc.report.hints import hint, in_words
from gradcalc.report.step_table import Board, record

DETAILS = ("brief", "normal", "full")
ROWS = 1  # rows of a matrix that is shown in the forward pass in normal detail

STEPS_LAYOUT = (
    "The steps are in gradient layout: each gradient has the shape of its variable. The summary is "
    "in the layout that was asked for; in numerator layout, the derivative of a scalar is the "
    "transpose."
)


def compose_explanation(
    derivation: Derivation, options: Options, ending: Ending = DOCUMENT
) -> Report:
    """The whole derivation on one page; `options.detail` says how much, `ending` how it ends."""
    view = _View(derivation, options)
    blocks: list[Block] = [Heading((view.title,), 1), *view.forward()]
    count = 0
    told: list[Block] = []
    for one in derivation.passes:
        told += view.opening(one)
        if view.detail == "brief":
            told.append(view.brief(one))
            continue
        for step in one.steps:
            count += 1
            told.append(view.board.step(step, f"{count}. "))
    blocks += [*told, *view.answers(ending, told)]
    return Report(tuple(blocks), derivation.names, view.title, derivation.graph.exercise.file)


def assembled(derivation: Derivation, options: Options, one: Assembly) -> Table:
    """Why the factors of one chain do not simply multiply, and how they do; without the result."""
    return _View(derivation, options).assembly(one, result=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the walk. `values`, `gradients`: the names whose value or gradient is known by
    then; `at`: the quantity it is about; `hint`: what to read before a backward step; `more`: the
    step explained more fully.
    """

    report: Report
    values: frozenset[str]
    gradients: frozenset[str]
    at: str | None
    of: int = 0  # which pass the gradients belong to
    hint: Report | None = None
    more: Report | None = None


def pages(derivation: Derivation, options: Options, ending: Ending = DOCUMENT) -> list[Page]:
    """The walk, a page a step: what is given, each quantity forward, each gradient backward, the
    answers.
    """
    view = _View(derivation, options)
    found: list[Page] = []
    values = frozenset(quantity.name for quantity in derivation.forward if quantity.expr is None)
    gradients: frozenset[str] = frozenset()

    def report(blocks: Iterable[Block]) -> Report:
        return Report((*blocks,), derivation.names, view.title)

    def add(blocks: Iterable[Block], at: str | None = None, of: int = 0, *more: Report) -> None:
        found.append(Page(report(blocks), values, gradients, at, of, *more))

    add(view.inputs())
    for quantity in derivation.forward:
        if quantity.expr is not None:
            values |= {quantity.name}
            add([view.quantity(quantity)], quantity.name)
    for place, one in enumerate(derivation.passes):
        gradients = frozenset()
        for step in one.steps:
            opening = () if gradients else view.opening(one)
            gradients |= {step.quantity}
            view.board.wipe()  # each step has the screen to itself
            hints = report([Heading(line("Hint: ", step.gradient)), hint([step], view.board)])
            full = Board(derivation, "full", options.digits)
            fuller = report([full.step(step, ""), *in_words(step, full)])
            add([*opening, view.board.step(step, "")], step.quantity, place, hints, fuller)
    add(view.answers(ending), of=max(len(derivation.passes) - 1, 0))
    for number, page in enumerate(found, 1):
        head = Heading((f"Step {number} of {len(found)}",))
        more = page.more and replace(page.more, blocks=(head, *page.more.blocks))
        found[number - 1] = replace(
            page, report=replace(page.report, blocks=(head, *page.report.blocks)), more=more
        )
    return found


class _View:
    """A derivation on its way into blocks: what stands around the steps, which are on its board."""

    def __init__(self, derivation: Derivation, options: Options) -> None:
        self.derivation, self.detail = derivation, options.detail
        self.board = Board(derivation, options.detail, options.digits)
        self.options = options

    @property
    def title(self) -> str:
        return self.board.graph.exercise.title or self.board.graph.exercise.file

    def forward(self) -> Iterator[Block]:
        rows: list[list[Cell]] = []
        for quantity in self.derivation.forward:
            value = self.board.value(quantity.value) if self.valued(quantity) else ()
            formulas: list[Cell] = [
                (math(expr),) if expr is not None else ()
                for expr in (quantity.expr, quantity.plugged)
            ]
            rows.append([(math(quantity.written),), *formulas, self.shape(quantity), value])
        columns = [
            Column("quantity"),
            Column("expression"),
            Column("with numbers"),
            Column("shape"),
            Column("value", right=not self.board.arrays, aside=self.board.arrays),
        ]
        yield Heading(("Forward pass",))
        if self.detail != "brief" and not self.derivation.asked:
            text = "Compute every quantity in order. The backward pass will need these values."
            if self.detail == "normal" and not all(map(self.valued, self.derivation.forward)):
                text += " Matrices are shown with --detail full."
            yield Paragraph((text,))
        yield replace(table(columns, rows), tight=True)

    def valued(self, quantity: Quantity) -> bool:
        """Whether the value of a quantity is shown: an array not in brief, a matrix in full."""
        value = quantity.value
        if self.detail == "full" or not isinstance(value, list):
            return True
        return self.detail != "brief" and not (len(value) > ROWS and isinstance(value[0], list))

    def shape(self, quantity: Quantity) -> Cell:
        each = f", each {', '.join(quantity.each)}" if quantity.each else ""
        return (line(Shaped(quantity.shape), each),) if self.board.arrays else ()

    def inputs(self) -> Iterator[Block]:
        yield Paragraph(("What is given:",))
        rows = [
            [(math(q.written),), self.shape(q), self.board.value(q.value)]
            for q in self.derivation.forward
            if q.expr is None
        ]
        yield table(
            [Column("input"), Column("shape"), Column("value", right=not self.board.arrays)], rows
        )

    def quantity(self, quantity: Quantity) -> Table:
        """A step forward as a record."""
        assert quantity.expr is not None
        fields: list[tuple[str, Cell]] = [("value", self.board.value(quantity.value))]
        if quantity.plugged is not None and quantity.value is not None:
            numbers = math(
                Name(quantity.name), "=", quantity.plugged, *self.board.equals(quantity.value)
            )
            fields = [("numbers", (numbers,))]
        if self.board.arrays:
            because = (
                ((quantity.reason,),) if quantity.reason and quantity.reason != "declared" else ()
            )
            fields.append(("shape", (*self.shape(quantity), *because)))
        return record((line("Forward: ", *math(quantity.written, "=", quantity.expr)),), fields)

    def opening(self, one: Pass) -> Iterator[Block]:
        """What a pass is about."""
        of = Name(one.of)
        yield Heading(line("Backward pass from ", of))
        if one.first is not None:
            question, first = one.first
            assert first.expr is not None
            formula = math(first.written, "=", Partial(question.of, question.by), "=", first.expr)
            named = line("For the second derivative, give the first one a name, ", *formula)
            yield Paragraph(line(named, ", and differentiate ", of, "."))
        elif self.detail != "brief" and one is self.derivation.passes[0]:
            several = any(
                len(step.paths) > 1 for one in self.derivation.passes for step in one.steps
            )
            more = " If it is used more than once, add the contributions." if several else ""
            how = ". For each quantity, multiply the upstream gradient by the local derivative "
            layouts = {answer.layout for answer in self.derivation.answers if answer.shape}
            if layouts & {"jacobian", "denominator"}:
                more += f" {STEPS_LAYOUT}"
            yield Paragraph(line("Work backward from ", of, how, f"(chain rule).{more}"))

    def brief(self, one: Pass) -> Table:
        rows: list[list[Cell]] = []
        for step in one.steps:
            chain = [
                piece for path in step.paths for piece in ("+", *self.board.chain(step, path))
            ][1:]
            formula = self.result(step)
            rows.append(
                [
                    (math(step.gradient),),
                    (math(*chain),) if chain else (("given",),),
                    (formula,) if formula else (),
                    self.board.value(step.value) if not isinstance(step.value, list) else (),
                ]
            )
        columns = [
            Column("gradient"),
            Column("upstream times local"),
            Column("formula"),
            Column("value", right=True),
        ]
        return table(columns, rows)

    def result(self, step: Step) -> Line | None:
        expr = step.collected if step.collected is not None else step.total.symbolic
        return math(expr, example=bool(step.total.each))

    def answers(self, ending: Ending, told: Sequence[Block] = ()) -> Iterator[Block]:
        """What stands behind the steps: the common mistake, what it means, the summary, the check,
        and the signs of the steps `told`.
        """
        derivation = self.derivation
        for one in derivation.assemblies:
            yield self.assembly(one)
        yield from upstream(derivation)
        if self.detail != "brief":
            yield from expressions(derivation, self.board)
        yield from meaning(derivation)
        end = [*Summary(derivation, self.board, self.short).blocks()]
        yield from end
        steps = [step for one in derivation.passes for step in one.steps]
        found = [step.verified.ok for step in steps if step.verified is not None]
        right, checked = found.count(True), len(found) - found.count(None)
        solution = replace(derivation.solution, answers=derivation.answers)
        yield from ending.notes(solution, self.options, right, checked)
        if self.detail != "brief":
            yield from legend([*told, *end], derivation.names)

    def assembly(self, one: Assembly, result: bool = True) -> Table:
        """Why the factors of a chain do not simply multiply, and how they do."""
        base = self.derivation.names
        shapes = {f.name: f.shape for f in one.factors}
        partials = {f.name: (f.of, f.by) for f in one.factors if f.name == f"d{f.of}_d{f.by}"}
        names = replace(
            base, shapes={**base.shapes, **shapes}, partials={**base.partials, **partials}
        )

        def own(*pieces: Piece) -> Math:
            return Math(pieces, example=True, names=names)

        def full(factor: Factor) -> Line:
            of = line(Partial(factor.of, (factor.by,)), " is a ", Shaped(factor.full))
            short = line("; write only ", own(Name(factor.name)), " (", Shaped(factor.shape), ")")
            return line(of, " array with mostly zeros", short)

        mostly = [
            f
            for f in one.factors
            if len(f.full) > 2 or (len(f.full) == 2 and ONE in f.shape and ONE not in f.full)
        ]
        gradient = Partial(one.question.of, one.question.by)
        under_it = under(core(one.product, names), one.shape)
        answer = next(a for a in self.derivation.answers if a.question == one.question)
        stacked: list[Line] = []
        if answer.same:
            stacked.append(("identical for all examples",))
        elif answer.stacked is not None and not answer.stacked.free:
            below = under(core(answer.stacked.symbolic, base), one.shape)
            stacked += [math("=", answer.stacked.symbolic), *([(below,)] if below else [])]
        that_is = (
            math("=", answer.symbolic, example=answer.per_example is not None)
            if answer.symbolic is not None
            else ()
        )
        row = own(*(Under(Name(f.name), f.shape) for f in one.factors))
        full_detail = self.detail == "full" or not result
        fields: list[tuple[str, Cell]] = [
            ("factors", ((row,), *self.factors(one, own))),
            ("Jacobians", tuple(map(full, mostly)) if self.detail == "full" or not result else ()),
            ("common mistake", (mistake(one),)),
            ("correct", ((correct(one.product),), (own(gradient, "=", one.product),))),
            (
                "shapes",
                ((replace(under_it, names=names),),)
                if full_detail and under_it is not None
                else (),
            ),
            ("result", (that_is,) if that_is and result and self.detail == "full" else ()),
            ("stacked", tuple(stacked) if result and self.detail == "full" else ()),
        ]
        return record((line("Putting it together: ", gradient),), fields)

    def factors(self, one: Assembly, own: Callable[..., Math]) -> Iterator[Line]:
        """What the factors are; those that an answer has named are in the summary."""
        named = {answer.question.name for answer in self.derivation.answers}
        for factor in one.factors:
            if factor.name not in named or self.detail == "full":
                yield (own(Name(factor.name), "=", factor.short),)

    def short(self, answer: Answer) -> Answer:
        """An answer without what its step has shown, or nobody reads: arrays of numbers, the
        formula in the inputs.
        """
        if self.detail == "full":
            return answer
        value, by = answer.value, answer.question.by
        arrays = isinstance(value, list)
        deep = arrays and value and isinstance(value[0], list) and isinstance(value[0][0], list)
        of = None if answer.question.loss else answer.question.of
        passes = [
            one
            for one in self.derivation.passes
            if one.first is None and of == (None if one.loss else one.of)
        ]
        seen = any(step.quantity == by[0] for one in passes for step in one.steps) if by else False
        return replace(answer, value=None if arrays and (deep or seen) else value, expanded=None)


def correct(product: Expr) -> str:
    """How the factors of a chain are put together, said from the product."""
    parts = list(walk(product))
    turned = any(isinstance(part, Transpose) for part in parts)
    said = "Put the factors in the order in which their shapes match"
    said += ", transposed where needed" if turned else ""
    return said + ":"


def mistake(one: Assembly) -> Line:
    """What comes out where the factors of a chain are multiplied as they stand."""
    tempting = "multiplying the factors in the order of the chain rule. "
    if one.clash is not None:
        pieces = [piece for shape in one.clash for piece in ("(", Shaped(shape), ")")]
        return line(tempting, "The shapes do not match: ", Math(tuple(pieces)), ".")
    gives = Shaped(one.literal or ())
    return line(tempting, "The product would be ", gives, ", not ", Shaped(one.shape), ".")
