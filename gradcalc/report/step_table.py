"""A step of a derivation on the board: what is used where, the rule, the local derivative, upstream
× local, the numbers.

Board(derivation, detail, digits).step(…)  ->  a record of a table: fields with formulas, empty ones
left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.derivation.step_model import Derivation, Path, Step, Written
from gradcalc.language import formula
from gradcalc.language.formula_pieces import (
    Cell,
    Factors,
    Line,
    Math,
    Number,
    Partial,
    Piece,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Expr, Name, names
from gradcalc.language.unparse import unparse
from gradcalc.report.blocks import Column, Table
from gradcalc.report.convolution_words import in_words
from gradcalc.report.lines import text_line
from gradcalc.report.recurrences import Repeats
from gradcalc.report.step_way import Memory, Way, equals, literal, per_example

COUNTED = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
LONG = 56  # columns of a gradient with the gradients before it substituted that is written out
SUBSTITUTED = 18  # characters of a gradient that is repeated where it is substituted


class Board:
    """Writes the steps of one derivation. A rule is stated in full where it is first used, and
    named afterwards; a step that repeats an earlier one refers to it; in full detail everything is
    said every time.
    """

    def __init__(self, derivation: Derivation, detail: str, digits: int | None) -> None:
        self.derivation, self.graph = derivation, derivation.graph
        self.full = detail == "full"
        self.detail = detail
        self.digits = digits or self.graph.exercise.notation.digits
        self.memory = Memory(self.full)
        self.ranges = frozenset(derivation.names.ranges)
        self.way = Way(self.memory, self.digits, self.ranges)
        self.repeats = Repeats(derivation, self.memory)
        self.arrays = any(
            self.graph.node(name).shape or self.graph.node(name).over for name in self.graph.names
        )
        steps = [step for one in derivation.passes for step in one.steps]
        self.asked = {
            (
                answer.question.of,
                self.graph.stacks.get(answer.question.by[0], answer.question.by[0]),
            )
            for answer in derivation.answers
            if answer.kind == "derivative"
        }
        self.formulas = {
            step.name: step.total.symbolic if step.collected is None else step.collected
            for step in steps
        }

    def wipe(self) -> None:
        """Nothing that was said still stands there."""
        self.memory.said.clear()
        self.repeats.like.clear()

    def chain(self, step: Step, path: Path) -> list[Piece]:
        """∂L/∂z · ∂z/∂x₀"""
        if path.through is None:
            return []
        local = Partial(path.through, (step.quantity,))
        return [Partial(step.of, (path.through,)), "·", local] if path.upstream else [local]

    def step(self, step: Step, lead: str) -> Table:
        """A step backward as a record: the fields of each path, then the sum."""
        fields: list[tuple[str, Cell]] = []
        several = len(step.paths) > 1
        if several:
            fields.append(("used", (self.used(step),)))
        for path in step.paths:
            fields += self.path(step, path, lead)
        fields += self.repeats.general(step)
        fields += self.sum(step)
        return record((line(lead, step.gradient),), fields)

    def used(self, step: Step) -> Line:
        count = len(step.paths)
        times = COUNTED.get(count, f"{count} times")
        users = [
            line("in ", Name(path.through) if path.through else "the loss itself")
            for path in step.paths
        ]
        both = "both" if count == 2 else "all"
        ending = f". Add the contributions of {both} paths."
        return line(Name(step.quantity), f" is used {times}: ", listed(users), ending)

    def path(self, step: Step, path: Path, lead: str) -> Iterator[tuple[str, Cell]]:
        several = len(step.paths) > 1
        if path.through is None:
            yield "given", (self.given(step, path, several),)
            return
        used_in = (
            f"through {formula.text(Name(path.through), self.derivation.names)}"
            if several
            else "used in"
        )
        told = self.repeats.told(step, path, lead)
        if told is not None:
            yield used_in, (line(*self.definition(path.through), told),)
        else:
            yield used_in, self.defined(path.through)
            yield "rule", tuple(self.way.rules(path))
            yield "terms", tuple(self.way.parts(path))
            nested = self.full or not (path.parts or path.product.free)
            yield "inside", tuple(self.way.gates(path)) if nested and not path.parts else ()
            yield "local", tuple(self.way.local(step, path))
            yield "one entry", tuple(self.way.entries(step, path))
        yield "contribution" if several else "gradient", tuple(self.product(step, path))
        if told is None:
            checks = [reason for reason in path.because if fits(reason)]
            others = [
                reason
                for reason in path.because
                if not fits(reason)
                and (not transposed(reason) or self.memory.first(("transpose", reason[-1])))
            ]
            yield "shape check", tuple(map(spoken, checks))
            yield "note", (*map(spoken, others), *chosen(step, path))
        value = path.value if several else step.value
        if is_number(path.local_value) and is_number(path.upstream_value) and value is not None:
            numbers = (
                Values(path.upstream_value, self.digits),
                "·",
                *self.bracketed(path.local_value),
            )
            own: list[Piece] = [] if several else [step.gradient, "="]
            yield "numbers", (math(*own, *numbers, *self.equals(value)),)

    def given(self, step: Step, path: Path, several: bool) -> Line:
        """The upstream gradient where the backward pass starts, or that is added on the way."""
        formula = path.product.symbolic
        known = formula != Name(step.name)
        if several:
            pieces: list[Piece] = [formula] if known else []
            if path.value is not None and not literal(formula):
                pieces += [*(["="] if pieces else []), Values(path.value, self.digits)]
            there = line("The upstream gradient given directly at ", Name(step.quantity))
            return line(there, ": ", math(*pieces)) if pieces else there
        if not known:
            return line("Start here: ", step.gradient, " is given.")
        return line("Start here: ", *math(step.gradient, "=", formula), " is given.")

    def defined(self, name: str) -> Cell:
        found = self.definition(name)
        return (found,) if found else ()

    def definition(self, name: str) -> Line:
        firsts = (one.first[1] for one in self.derivation.passes if one.first is not None)
        found = next((q for q in (*self.derivation.forward, *firsts) if q.name == name), None)
        return () if found is None or found.expr is None else math(found.written, "=", found.expr)

    def product(self, step: Step, path: Path) -> Iterator[Line]:
        """Upstream × local, then what that is; with several paths the sum follows."""
        example = per_example(path.product, self.ranges)
        alone = len(step.paths) == 1
        lead: list[Piece] = [step.gradient, "="] if alone else []
        scalar = path.local is not None and not path.local.shape and not path.product.shape
        if not path.upstream:
            if path.local is not None and path.local.symbolic == path.product.symbolic:
                lead += self.way.along(path)
            more = self.scalar_value(step) if alone else []
            if not alone and is_number(path.value) and not literal(path.product.symbolic):
                more = self.equals(path.value)
            yield self.written(path.product, lead, more)
        elif scalar and path.local is not None:
            factors = Factors((Name(path.upstream), path.local.symbolic))
            yield math(*lead, *self.chain(step, path), "=", factors, example=example)
        else:
            yield self.written(path.product, lead)
        if alone:
            yield from self.collected(step)
            if words := in_words(step.total.symbolic, step.total.free):
                yield line("in words: ", words)
        stacked = path.product.stacked
        if self.full and not scalar and stacked not in (None, path.product.symbolic):
            yield line("stacked over the examples: ", stacked)

    def scalar_value(self, step: Step) -> list[Piece]:
        shown = is_number(step.value) and not literal(step.total.symbolic)
        return self.equals(step.value) if shown and step.collected is None else []

    def written(self, formula: Written, lead: Sequence[Piece], more: Sequence[Piece] = ()) -> Line:
        entry = f" with entries indexed [{', '.join(formula.free)}]" if formula.free else ""
        return line(
            math(*lead, formula.symbolic, *more, example=per_example(formula, self.ranges)), entry
        )

    def collected(self, step: Step) -> Iterator[Line]:
        """The gradient with earlier gradients substituted, the line of algebra that decides, and
        what is used besides algebra.
        """
        if step.collected is None:
            return
        example = per_example(step.total, self.ranges)
        if not self.full and step.between is None and not step.facts and self.long(step.collected):
            return
        first = step.put_in if step.put_in is not None else step.collected
        because = line(", since ", listed(step.facts)) if step.facts else ()
        words = self.substituted(step)
        if step.put_in is None:
            yield line(math("=", first, example=example), words, because)
            return
        yield line(math("=", first, example=example), words)
        if step.between is not None:
            ending = " (multiply out and cancel)"
            yield line(math("=", step.between, example=example), ending)
        yield line(math("=", step.collected, example=example), because)

    def long(self, expr: Expr) -> bool:
        """Whether a formula is too long to be worth writing out."""
        return len(text_line(math(expr), self.derivation.names)) > LONG

    def substituted(self, step: Step) -> Line:
        """(substituting ∂L/∂q = z)"""
        left = set(names(step.collected)) if step.collected is not None else set()
        found: list[Line] = []
        for path in step.paths:
            if path.upstream and path.through and path.upstream not in left:
                formula = self.formulas.get(path.upstream)
                gradient = Partial(step.of, (path.through,))
                short = formula is not None and len(unparse(formula)) <= SUBSTITUTED
                known = math(gradient, "=", formula) if formula is not None else ()
                found.append(known if short else line(gradient))
        return line(" (substituting ", listed(found), ")") if found else ()

    # ---- the sum, the value

    def sum(self, step: Step) -> Iterator[tuple[str, Cell]]:
        if len(step.paths) > 1:
            total = math(
                step.gradient, "=", *self.added(step), example=per_example(step.total, self.ranges)
            )
            yield "sum", (total, *self.collected(step))
            values = [path.value for path in step.paths]
            counted = step.value is not None and all(map(is_number, values))
            if counted:
                parts: list[Piece] = [Values(values[0], self.digits)]
                for value in values[1:]:
                    parts += ["−" if value < 0 else "+", Values(abs(value), self.digits)]
                yield "numbers", (math(step.gradient, "=", *parts, *self.equals(step.value)),)
        else:
            (path,) = step.paths
            counted = is_number(step.value) and (
                path.upstream is None or is_number(path.upstream_value)
            )
        yield "where", tuple(math(Name(name), "=", expr) for name, expr in step.where)
        if not counted and not literal(step.total.symbolic) and self.wanted(step):
            yield "value", self.value(step.value)
        if step.verified is not None and step.verified.ok is False:
            yield "check", (("differs from the numeric derivative: do not rely on this step",),)

    def wanted(self, step: Step) -> bool:
        """Whether the value of a step is shown: a matrix only where it was asked for."""
        rows = len(step.value) if isinstance(step.value, list) else 1
        matrix = rows > 0 and isinstance(step.value, list) and isinstance(step.value[0], list)
        return self.full or not matrix or (step.of, step.quantity) in self.asked

    def added(self, step: Step) -> list[Piece]:
        """The contributions side by side: upstream · local + upstream · local; arrays as they
        were composed.
        """
        if step.shape or any(
            path.local is None or path.local.shape for path in step.paths if path.through
        ):
            return [step.total.symbolic]
        pieces: list[Piece] = []
        for path in step.paths:
            pieces += ["+"] if pieces else []
            if path.local is not None and path.upstream is not None:
                pieces.append(Factors((Name(path.upstream), path.local.symbolic)))
            else:
                pieces.append(path.product.symbolic)
        return pieces

    def value(self, value: Number) -> Cell:
        return () if value is None else (math(Values(value, self.digits)),)

    def bracketed(self, value: Number) -> list[Piece]:
        """A factor that is not the first: a negative number in brackets."""
        return ["(", Values(value, self.digits), ")"] if value < 0 else [Values(value, self.digits)]

    def equals(self, value: Number) -> list[Piece]:
        """= 3, or ≈ 0.3333 where digits are dropped."""
        return equals(value, self.digits)


def chosen(step: Step, path: Path) -> Iterator[Line]:
    """Which of two numbers max or min takes, at the given values."""
    words = {"maximum": "larger", "minimum": "smaller"}
    if len(path.rules) != 1 or path.rules[0].operation not in words:
        return
    word, name = words[path.rules[0].operation], Name(step.quantity)
    if path.local_value == 1:
        yield line("Here ", name, f" is the {word}, so the whole gradient goes to it")
    elif path.local_value == 0:
        yield line("Here ", name, f" is not the {word}, so it receives 0")


def fits(reason: Line) -> bool:
    """Whether a reason is the check of a shape."""
    last = reason[-1]
    return isinstance(last, Math) and last.pieces[-1] == "✓"


def transposed(reason: Line) -> bool:
    """Whether a reason says why a factor is transposed."""
    return isinstance(reason[0], str) and reason[0].startswith("why the transpose")


def is_number(value: Number) -> bool:
    """Whether a value is one number."""
    return isinstance(value, int | float)


def spoken(line: Line) -> Line:
    """A line with a capital at its start, if it does not start with a name."""
    first = line[0]
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *line[1:])


def record(head: Cell, fields: Sequence[tuple[str, Cell]]) -> Table:
    """One row, its cells under one another; empty ones left out."""
    kept = [(title, cell) for title, cell in fields if cell]
    return Table(
        (Column(""), *(Column(title, answer=title in ("gradient", "sum")) for title, _ in kept)),
        ((head, *(cell for _, cell in kept)),),
        records=True,
    )
