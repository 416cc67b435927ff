"""A step of a derivation on the board: what is used where, the rule, the local derivative, upstream × local, the numbers.

Board(derivation, detail, digits).step(…)  ->  a record of a table: fields with formulas, empty ones left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from gradcalc.backpass import Written
from gradcalc.blocks import (
    Cell,
    Column,
    Factors,
    Line,
    Math,
    Partial,
    Piece,
    Shaped,
    Table,
    Values,
    math,
)
from gradcalc.gates import PLAIN, Gate
from gradcalc.plug import decimal
from gradcalc.records import replace
from gradcalc.rules import general
from gradcalc.shapes import ONE
from gradcalc.solution import Number
from gradcalc.steps import Derivation, Pass, Path, Quantity, Rule, Step
from gradcalc.syntax import Binary, Expr, Index, Name, Num
from gradcalc.typography import name_text, whole

COUNTED = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}


class Board:
    """Writes the steps of one derivation. What has been said once (a rule's general formula) is not said again."""

    def __init__(self, derivation: Derivation, detail: str, digits: int | None) -> None:
        self.derivation, self.graph = derivation, derivation.graph
        self.detail = detail
        self.digits = digits or self.graph.exercise.notation.digits
        self.said: set[tuple[str, int]] = set()  # rules whose general formula stands above
        self.arrays = any(self.graph.node(name).shape or self.graph.node(name).over for name in self.graph.names)

    def gradient(self, one: Pass, step: Step) -> Line:
        return math(Partial(one.of, (step.quantity,)))

    def chain(self, one: Pass, step: Step, path: Path) -> list[Piece]:
        """∂L/∂z · ∂z/∂x₀"""
        if path.through is None:
            return []
        local = Partial(path.through, (step.quantity,))
        return [Partial(one.of, (path.through,)), "·", local] if path.upstream else [local]

    def step(self, one: Pass, step: Step, lead: str) -> Table:
        """A step backward as a record: the fields of each path, then the sum."""
        several = len(step.paths) > 1
        fields: list[tuple[str, Cell]] = []
        if several:
            fields.append(("used", (self.used(one, step),)))
        for path in step.paths:
            own = list(self.path(one, step, path, several))
            if several and path.through is not None:
                fields.append((f"through {name_text(path.through)}", own[0][1] if own else ()))
                fields += own[1:]
            else:
                fields += own
        fields += self.sum(one, step, several)
        head: Cell = ((lead, *self.gradient(one, step)),)
        return record(head, fields)

    def used(self, one: Pass, step: Step) -> Line:
        count = len(step.paths)
        words: list[str | Math] = [
            Math((Name(step.quantity),)),
            f" is used {COUNTED.get(count, f'{count} times')}: in ",
        ]
        users = [path.through for path in step.paths]
        for place, user in enumerate(users):
            words += [" and in " if place == count - 1 else ", in " if place else "",
                      "the loss itself" if user is None and one.loss else Math((Name(user or one.of),))]  # fmt: skip
        words.append(f". Add the contributions of {'both' if count == 2 else 'all'} paths.")
        return tuple(words)

    def path(self, one: Pass, step: Step, path: Path, several: bool) -> Iterator[tuple[str, Cell]]:
        if path.through is None:
            of, by = Name(one.of), Name(step.quantity)
            said: Line = ("how ", *math(of), " itself changes with ", *math(by))
            known = path.product.symbolic == Name(step.name) and not several
            yield "given" if one.loss else "directly", (said if known else (*said, ": ", *math(path.product.symbolic)),)
            return
        definition = self.definition(path.through)
        yield "used in", (definition,) if definition else ()
        yield "rule", tuple(self.rules(path))
        if path.gates:
            yield "inside", tuple(self.gates(path))
        yield "local", tuple(self.local(step, path))
        yield "gradient" if not several else "hands back", tuple(self.product(one, step, path))
        if path.why.shapes is not None:
            yield "shapes", ((path.why.shapes,),)
        if path.why.reasons:
            yield "because", tuple(map(spoken, path.why.reasons))
        if path.entries is not None:
            yield "by entries", tuple(self.entries(one, step, path))
        numbers = self.numbers(path)
        if numbers is not None and several and path.value is not None:
            yield "numbers", (math(*numbers, *self.equals(path.value)),)
        elif numbers is not None and step.value is not None:
            yield "numbers", (math(Partial(one.of, (step.quantity,)), "=", *numbers, *self.equals(step.value)),)

    def definition(self, name: str) -> Line | None:
        firsts = (one.first[1] for one in self.derivation.passes if one.first is not None)
        found = next((q for q in (*self.derivation.forward, *firsts) if q.name == name), None)
        return None if found is None or found.expr is None else self.defined(found)

    def defined(self, quantity: Quantity) -> Line:
        assert quantity.expr is not None
        return math(*self.name(quantity), "=", quantity.expr)

    def name(self, quantity: Quantity) -> tuple[Expr]:
        name = Name(quantity.name)
        return (Index(name, tuple(map(Name, quantity.indices))) if quantity.indices else name,)

    def rules(self, path: Path) -> Iterator[Line]:
        """The sentence of each rule, then its formula; sums and signs only in full detail, or where nothing else is."""
        rules = path.rules
        telling = [
            rule
            for rule in rules
            if rule.operation not in PLAIN and not (rule.constant and rule.operation in ("mul", "div"))
        ]
        scaling = [rule for rule in rules if rule.operation in ("mul", "div", "neg", "sub")]
        for rule in rules if self.detail == "full" else telling or scaling or rules:
            yield (sentence(rule),)
            formula = general(rule.operation, rule.operand)
            if formula and (rule.operation, rule.operand) not in self.said:
                yield ("in general ", *formula)
            self.said.add((rule.operation, rule.operand))

    def gates(self, path: Path) -> Iterator[Line]:
        """Each operation with what it hands on, from the outside in."""
        for gate in path.gates:
            places = sum(other.operand == gate.operand for other in path.gates)
            if self.detail == "full" or gate.operation not in PLAIN or (places > 1 and gate.gradient is not None):
                yield self.gate(gate, places)

    def gate(self, gate: Gate, places: int) -> Line:
        written = gate.gradient
        example = written is not None and bool(written.each)
        out: list[str | Math] = [
            "from ",
            *math(gate.result, example=example),
            " to ",
            *math(gate.operand, example=example),
        ]
        if gate.local is not None:
            out += [": times ", *math(gate.local, example=example)]
        if self.detail == "full":
            out.append(f" ({gate.sentence})")
        if written is None:
            return tuple(out)
        if places > 1:
            out += [
                "; ",
                *math(gate.operand, example=example),
                f" stands at {places} places here, so what reaches them is added",
            ]
        free = f", at entry ({', '.join(written.free)})" if written.free else ""
        return (
            *out,
            ", so far " if places == 1 else ": ",
            *math(written.symbolic, example=example),
            *((free,) if free else ()),
        )

    def local(self, step: Step, path: Path) -> Iterator[Line]:
        if path.local is None:
            return
        slope = Partial(path.through or "", (step.quantity,))
        pieces: list[Piece] = [slope, "=", path.local.symbolic]
        if path.local_value is not None and not isinstance(path.local.symbolic, Num):
            pieces += self.equals(path.local_value)
        free = f", entry ({', '.join(path.local.free)})" if path.local.free else ""
        shape: Line = (
            (f"{free}, ", Math((Shaped(path.local.shape),))) if any(s != ONE for s in path.local.shape) else ()
        )
        yield (*math(*pieces, example=bool(path.local.each)), *shape)
        if path.shorthand is not None:
            yield (
                "for short ",
                *math(path.shorthand.symbolic, example=bool(path.local.each)),
                f": {path.shorthand.sentence}",
            )

    def product(self, one: Pass, step: Step, path: Path) -> Iterator[Line]:
        """Upstream × local, then what that is; with several paths the sum follows."""
        example = bool(path.product.each)
        alone = len(step.paths) == 1
        chain = self.chain(one, step, path)
        own: Piece = Partial(one.of, (step.quantity,))
        pieces: list[Piece] = [own, "=", *chain] if alone and chain != [own] else chain
        scalar = path.local is not None and not path.local.shape and not path.product.shape
        if scalar and path.local is not None:
            factors = Factors((Name(path.upstream), path.local.symbolic)) if path.upstream else path.local.symbolic
            pieces += ["=", factors]
        if scalar or path.upstream:
            yield math(*pieces, example=example)
        if not scalar:
            (formula, *rest) = self.written(path.product)
            assert isinstance(formula, Math)
            pieces = [] if path.upstream else pieces
            yield (replace(formula, pieces=(*pieces, *formula.pieces)), *rest)
        if not path.upstream and alone:
            yield (*math(Name(one.of)), " is where the way back begins, so this local derivative is the gradient")
        if alone and step.collected is not None:
            yield math("=", step.collected, example=bool(step.total.each))
        if not scalar and path.product.stacked is not None and path.product.stacked != path.product.symbolic:
            yield ("stacked over the examples: ", *math(path.product.stacked))

    def written(self, formula: Written) -> Line:
        free = (f" at entry ({', '.join(formula.free)})",) if formula.free else ()
        return (*math("=", formula.symbolic, example=bool(formula.each)), *free)

    def numbers(self, path: Path) -> list[Piece] | None:
        """0.1966 · 2, where both are numbers."""
        if not isinstance(path.local_value, int | float):
            return None
        local = decimal(path.local_value, self.digits)
        if path.upstream is None:
            return None
        if not isinstance(path.upstream_value, int | float):
            return None
        return [Factors((decimal(path.upstream_value, self.digits), local))]

    def sum(self, one: Pass, step: Step, several: bool) -> Iterator[tuple[str, Cell]]:
        if several:
            added = self.added(step)
            lines: list[Line] = [math(Partial(one.of, (step.quantity,)), "=", *added, example=bool(step.total.each))]
            if step.collected is not None:
                lines.append(math("=", step.collected, example=bool(step.total.each)))
            yield "sum", tuple(lines)
            parts = [decimal(path.value, self.digits) for path in step.paths if isinstance(path.value, int | float)]
            if len(parts) == len(step.paths) and step.value is not None:
                total = reduce(lambda left, right: Binary("+", left, right), parts)
                yield "numbers", (math(Partial(one.of, (step.quantity,)), "=", total, *self.equals(step.value)),)
        for name, expr in step.where:
            yield "where", (math(Name(name), "=", expr),)
        counted = several and all(isinstance(path.value, int | float) for path in step.paths)
        if step.value is not None and not counted and (several or self.numbers(step.paths[0]) is None):
            yield "value", self.value(step.value)
        if step.verified is not None and step.verified.ok is False:
            yield "check", (("differs from the numeric derivative: do not rely on this step",),)

    def added(self, step: Step) -> list[Piece]:
        """The contributions side by side: upstream · local + upstream · local; arrays as they were composed."""
        if step.shape or any(path.local is None or path.local.shape for path in step.paths if path.through):
            return [step.total.symbolic]
        pieces: list[Piece] = []
        for path in step.paths:
            pieces += ["+"] if pieces else []
            if path.local is not None and path.upstream is not None:
                pieces.append(Factors((Name(path.upstream), path.local.symbolic)))
            else:
                pieces.append(path.product.symbolic)
        return pieces

    def entries(self, one: Pass, step: Step, path: Path) -> Iterator[Line]:
        """The index derivation behind the matrix rule."""
        found = path.entries
        assert found is not None
        assert path.through is not None
        user = Name(path.through)

        def entry(name: Name, free: Sequence[str]) -> Expr:
            return Index(name, tuple(map(Name, free))) if free else name

        if found.definition is not None:
            yield math(
                entry(user, found.definition.free), "=", found.definition.symbolic, example=bool(found.definition.each)
            )
        local, product = found.local, found.product
        slope, gradient = Partial(path.through, (step.quantity,)), Partial(one.of, (step.quantity,))
        yield (*of_entry(local.free), *math(slope, "=", local.symbolic, example=bool(local.each)))
        yield ("times the upstream gradient, summed over all entries of ", *math(user), ": ", *of_entry(product.free),
               *math(gradient, "=", product.symbolic, example=bool(product.each)))  # fmt: skip

    def value(self, value: Number) -> Cell:
        return () if value is None else (math(Values(value, self.digits)),)

    def equals(self, value: Number) -> list[Piece]:
        """= 3, or ≈ 0.3333 where digits are dropped."""
        if value is None:
            return []
        exact = isinstance(value, int) or (isinstance(value, float) and whole(value, self.digits))
        return ["=" if exact or isinstance(value, list) else "≈", Values(value, self.digits)]


def of_entry(free: Sequence[str]) -> Line:
    return (f"entry ({', '.join(free)}) of ",) if free else ()


def sentence(rule: Rule) -> str:
    return rule.sentence[:1].upper() + rule.sentence[1:]


def spoken(line: Line) -> Line:
    """A line with a capital at its start."""
    first = line[0]
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *line[1:])


def record(head: Cell, fields: Sequence[tuple[str, Cell]]) -> Table:
    """One row, its cells under one another; empty ones left out."""
    kept = [(title, cell) for title, cell in fields if cell]
    return Table(
        (Column(""), *(Column(title) for title, _ in kept)), ((head, *(cell for _, cell in kept)),), records=True
    )
