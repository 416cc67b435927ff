"""A derivation as a teacher would put it on the board: what is shown, the rule, its general formula, then the instance.

compose_explanation(derivation, options)  ->  Report: forward pass, backward steps, answers
pages(derivation, options)                ->  the same, a Report for each step
"""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.assembly import Assembly
from gradcalc.because import core, under
from gradcalc.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Line,
    Math,
    Note,
    Options,
    Paragraph,
    Partial,
    Piece,
    Report,
    Shaped,
    Table,
    Under,
    math,
    table,
)
from gradcalc.board import Board, record
from gradcalc.records import dataclass, replace
from gradcalc.report import answer_blocks
from gradcalc.shapes import ONE
from gradcalc.solution import Answer
from gradcalc.steps import Derivation, Pass, Quantity, Step
from gradcalc.syntax import Name

DETAILS = ("brief", "normal", "full")


def compose_explanation(derivation: Derivation, options: Options) -> Report:
    """The whole derivation on one page; `options.detail` says how much."""
    view = _View(derivation, options.detail, options.digits)
    blocks: list[Block] = [Heading((view.title,), 1), *view.forward()]
    count = 0
    for one in derivation.passes:
        blocks += view.opening(one)
        if view.detail == "brief":
            blocks.append(view.brief(one))
            continue
        for step in one.steps:
            count += 1
            blocks.append(view.step(one, step, f"{count}. "))
    blocks += view.answers()
    return Report(tuple(blocks), derivation.names, view.title, derivation.graph.exercise.file)


@dataclass(frozen=True, slots=True)
class Page:
    """One step of the walk. `values`, `gradients`: the names whose value or gradient is known by then; `at`: the
    quantity it is about."""

    report: Report
    values: frozenset[str]
    gradients: frozenset[str]
    at: str | None
    of: int = 0  # which pass the gradients belong to


def pages(derivation: Derivation, options: Options) -> list[Page]:
    """The walk, a page a step: what is given, each quantity forward, each gradient backward, the answers."""
    view = _View(derivation, options.detail, options.digits)
    found: list[tuple[tuple[Block, ...], frozenset[str], frozenset[str], str | None, int]] = []
    known = frozenset(q.name for q in derivation.forward if q.expr is None)
    found.append(((*view.inputs(),), known, frozenset(), None, 0))
    for quantity in derivation.forward:
        if quantity.expr is not None:
            known |= {quantity.name}
            found.append(((view.quantity(quantity),), known, frozenset(), quantity.name, 0))
    for place, one in enumerate(derivation.passes):
        done: frozenset[str] = frozenset()
        opening = tuple(view.opening(one))
        for step in one.steps:
            done |= {step.quantity}
            view.said.clear()  # each step has the screen to itself
            found.append(((*opening, view.step(one, step, "")), known, done, step.quantity, place))
            opening = ()
    last = len(derivation.passes) - 1
    done = found[-1][2]
    found.append((tuple(view.answers()), known, done, None, max(last, 0)))
    total = len(found)
    out = []
    for count, (blocks, values, gradients, at, place) in enumerate(found, 1):
        head = Heading((f"Step {count} of {total}",))
        out.append(Page(Report((head, *blocks), derivation.names, view.title, None), values, gradients, at, place))
    return out


class _View(Board):
    """A derivation on its way into blocks: what stands around the steps."""

    @property
    def title(self) -> str:
        return self.graph.exercise.title or self.graph.exercise.file

    def forward(self) -> Iterator[Block]:
        rows: list[list[Cell]] = []
        for quantity in self.derivation.forward:
            value = self.value(quantity.value) if not isinstance(quantity.value, list) or self.detail != "brief" else ()
            shape: Cell = (self.shape(quantity),) if self.arrays else ()
            formula: Cell = (math(quantity.expr),) if quantity.expr is not None else ()
            plugged: Cell = (math(quantity.plugged),) if quantity.plugged is not None else ()
            rows.append([(math(*self.name(quantity)),), formula, plugged, shape, value])
        columns = [Column("quantity"), Column("expression"), Column("with numbers"), Column("shape"),
                   Column("value", right=not self.arrays, aside=self.arrays)]  # fmt: skip
        yield Heading(("Forward pass",))
        if self.detail != "brief" and not self.derivation.asked:
            yield Paragraph(("Every quantity in the order in which it is computed; the way back needs these values.",))
        yield table(columns, rows)

    def shape(self, quantity: Quantity) -> Line:
        each = f", each {', '.join(quantity.each)}" if quantity.each else ""
        return (Math((Shaped(quantity.shape),)), *((each,) if each else ()))

    def inputs(self) -> Iterator[Block]:
        yield Paragraph(("What is given:",))
        rows = [[(math(*self.name(q)),), (self.shape(q),) if self.arrays else (), self.value(q.value)]
                for q in self.derivation.forward if q.expr is None]  # fmt: skip
        yield table([Column("input"), Column("shape"), Column("value", right=not self.arrays)], rows)

    def quantity(self, quantity: Quantity) -> Table:
        """A step forward as a record."""
        assert quantity.expr is not None
        head: Cell = (("Forward: ", *self.defined(quantity)),)
        fields: list[tuple[str, Cell]] = []
        if quantity.plugged is not None and quantity.value is not None:
            fields.append(
                ("numbers", (math(Name(quantity.name), "=", quantity.plugged, *self.equals(quantity.value)),))
            )
        elif quantity.value is not None:
            fields.append(("value", self.value(quantity.value)))
        if self.arrays:
            because = ((quantity.reason,),) if quantity.reason and quantity.reason != "declared" else ()
            fields.append(("shape", (self.shape(quantity), *because)))
        return record(head, fields)

    def opening(self, one: Pass) -> Iterator[Block]:
        """What a pass is about."""
        of = math(Name(one.of))
        yield Heading(("Backward pass from ", *of))
        if one.first is not None:
            question, first = one.first
            assert first.expr is not None
            yield Paragraph(("The first derivative is a quantity like any other: call it ", *of, ". ", *math(
                *self.name(first), "=", Partial(question.of, question.by), "=", first.expr), ". Differentiate it again."))  # fmt: skip
        elif self.detail != "brief" and one is self.derivation.passes[0]:
            yield Paragraph(("From the output back: the gradient at an operand is the upstream gradient times the local derivative; "
                             "where a quantity is used more than once, the contributions of all its uses are added.",))  # fmt: skip

    def brief(self, one: Pass) -> Table:
        rows: list[list[Cell]] = []
        for step in one.steps:
            chain = [piece for path in step.paths for piece in ("+", *self.chain(one, step, path))][1:]
            formula = self.result(step)
            rows.append([(self.gradient(one, step),), (math(*chain),) if chain else (("given",),), (formula,) if formula else (),
                         self.value(step.value) if not isinstance(step.value, list) else ()])  # fmt: skip
        columns = [Column("gradient"), Column("upstream times local"), Column("formula"), Column("value", right=True)]
        return table(columns, rows)

    def result(self, step: Step) -> Line | None:
        expr = step.collected if step.collected is not None else step.total.symbolic
        return math(expr, example=bool(step.total.each))

    def answers(self) -> Iterator[Block]:
        derivation = self.derivation
        solution = replace(derivation.solution, answers=tuple(map(self.short, derivation.answers)))
        yield from answer_blocks(solution, self.digits, self.detail == "full")
        for one in derivation.assemblies:
            yield self.assembly(one)
        steps = [step for one in derivation.passes for step in one.steps]
        checked = [step for step in steps if step.verified is not None and step.verified.ok is not None]
        right = [step for step in checked if step.verified is not None and step.verified.ok]
        if checked:
            yield Note(
                "check",
                (
                    f"steps checked: the value of {len(right)} of {len(checked)} gradients on the way agrees with the numeric derivative",
                ),
            )

    def assembly(self, one: Assembly) -> Table:
        """Why the factors of a chain do not simply multiply, and how they do."""
        base = self.derivation.names
        partials = {f.name: (f.of, f.by) for f in one.factors if f.name == f"d{f.of}_d{f.by}"}
        names = replace(
            base,
            shapes={**base.shapes, **{f.name: f.shape for f in one.factors}},
            partials={**base.partials, **partials},
        )

        def line(*pieces: Piece) -> Math:
            return Math(pieces, example=True, names=names)

        gradient = Partial(one.question.of, one.question.by)
        head: Cell = (("Putting it together: ", *math(gradient)),)
        row: list[Piece] = [Under(Name(f.name), f.shape) for f in one.factors]
        short = [line(Name(f.name), "=", f.short) for f in one.factors]
        full = [(*math(Partial(f.of, (f.by,))), " is in full ", *math(Shaped(f.full)), ", mostly zeros: written short it is ",
                 *math(Shaped(f.shape))) for f in one.factors if len(f.full) > 2 or (len(f.full) == 2 and ONE in f.shape and ONE not in f.full)]  # fmt: skip
        literal: Line
        if one.clash is not None:
            literal = (
                "multiplied as they stand they do not conform: ",
                *math(Shaped(one.clash[0])),
                " meets ",
                *math(Shaped(one.clash[1])),
            )
        else:
            literal = (
                "multiplied as they stand they give ",
                *math(Shaped(one.literal or ())),
                ", not ",
                *math(Shaped(one.shape)),
            )
        found = core(one.product, names)
        shapes = under(found, one.shape)
        fields: list[tuple[str, Cell]] = [
            ("the factors", ((line(*row),), *((piece,) for piece in short))),
            ("in full", tuple(full)),
            ("the trap", (literal,)),
            ("what conforms", (
                ("going back, each factor is transposed as it acts on what came before, a mask acts entry by entry, and a row closes an outer product",),
                (line(gradient, "=", one.product),),
            )),
            ("shapes", ((replace(shapes, names=names),),) if shapes is not None else ()),
        ]  # fmt: skip
        answer = next(a for a in self.derivation.answers if a.question == one.question)
        if answer.symbolic is not None:
            fields.append(("that is", (math("=", answer.symbolic, example=answer.per_example is not None),)))
        if answer.same:
            fields.append(("stacked", (("the same for every example",),)))
        elif answer.stacked is not None and not answer.stacked.free:
            fields.append(
                (
                    "stacked",
                    (
                        math("=", answer.stacked.symbolic),
                        *([(f,)] if (f := under(core(answer.stacked.symbolic, base), one.shape)) else []),
                    ),
                )
            )
        return record(head, fields)

    def short(self, answer: Answer) -> Answer:
        """An answer without what its step has shown, or nobody reads: arrays of numbers, the formula in the inputs."""
        if self.detail == "full":
            return answer
        deep = (
            isinstance(answer.value, list)
            and bool(answer.value)
            and isinstance(answer.value[0], list)
            and isinstance(answer.value[0][0], list)
        )
        of = None if answer.question.loss else answer.question.of
        seen = any(step.quantity == answer.question.by[0] for one in self.derivation.passes for step in one.steps
                   if one.first is None and of == (None if one.loss else one.of)) if answer.question.by else False  # fmt: skip
        hidden = isinstance(answer.value, list) and (deep or seen)
        return replace(answer, value=None if hidden else answer.value, expanded=None)
