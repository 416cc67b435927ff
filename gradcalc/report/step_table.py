"""A step of a derivation on the board: what is used where, the rule, the local derivative, upstream
× local, the numbers.

Board(derivation, detail, digits).step(…)  ->  a record of a table: fields with formulas, empty ones
left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.derivation.elementary_steps import telling
from gradcalc.derivation.general_rules import general
from gradcalc.derivation.step_model import Derivation, Gate, Path, Step, Written
from gradcalc.language.formula_pieces import (
    Cell,
    Factors,
    Line,
    Number,
    Partial,
    Piece,
    Shaped,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Expr, Index, Name, Neg, Num, names
from gradcalc.language.shape_rules import ONE
from gradcalc.language.typography import name_text, whole
from gradcalc.report.blocks import Column, Table

COUNTED = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}


class Board:
    """Writes the steps of one derivation. What stands above (a rule with its general formula) is
    said in short again, but in full detail.
    """

    def __init__(self, derivation: Derivation, detail: str, digits: int | None) -> None:
        self.derivation, self.graph = derivation, derivation.graph
        self.full = detail == "full"
        self.detail = detail
        self.digits = digits or self.graph.exercise.notation.digits
        self.said: set[object] = set()
        self.arrays = any(
            self.graph.node(name).shape or self.graph.node(name).over for name in self.graph.names
        )

    def first(self, thing: object) -> bool:
        """Whether something is said for the first time, or to be said every time."""
        new = thing not in self.said
        self.said.add(thing)
        return new or self.full

    def wipe(self) -> None:
        """Nothing that was said still stands there."""
        self.said.clear()

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
            own = list(self.path(step, path))
            if several and path.through is not None:
                own[0] = (f"through {name_text(path.through)}", own[0][1])
            fields += own
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
        return line(
            Name(step.quantity),
            f" is used {times}: ",
            listed(users),
            f". Add the contributions of {both} paths.",
        )

    def path(self, step: Step, path: Path) -> Iterator[tuple[str, Cell]]:
        several = len(step.paths) > 1
        if path.through is None:
            yield "given", (self.given(step, path, several),)
            return
        yield "used in", self.definition(path.through)
        yield "rule", tuple(self.rules(path))
        yield "inside", tuple(self.gates(path))
        yield "local", tuple(self.local(step, path))
        yield "gradient" if not several else "hands back", tuple(self.product(step, path))
        yield "shapes", ((path.shapes,),) if path.shapes is not None else ()
        yield "because", tuple(map(spoken, path.because))
        yield "by entries", tuple(self.entries(step, path))
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
        """The upstream gradient with which the way back begins, or which is added on the way."""
        formula = path.product.symbolic
        known = formula != Name(step.name)
        if several:
            directly = line(Name(step.of), " depends on ", Name(step.quantity), " directly too")
            return line(
                directly,
                "; the upstream gradient given there",
                line(": ", formula) if known else (),
            )
        begins = "the way back begins here, with the upstream gradient that is given"
        return line(begins, line(", ", *math(step.gradient, "=", formula)) if known else ())

    def definition(self, name: str) -> Cell:
        firsts = (one.first[1] for one in self.derivation.passes if one.first is not None)
        found = next((q for q in (*self.derivation.forward, *firsts) if q.name == name), None)
        return (
            () if found is None or found.expr is None else (math(found.written, "=", found.expr),)
        )

    def rules(self, path: Path) -> Iterator[Line]:
        """The sentence of each rule, then its formula; what passes a gradient unchanged only in
        full detail, or alone.
        """
        rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
        for rule in path.rules if self.full else rules or path.rules:
            sentence = (
                rule.sentence if self.first(rule.sentence) else rule.sentence.partition(":")[0]
            )
            yield (sentence[:1].upper() + sentence[1:],)
            formula = general(rule.operation, rule.operand)
            if formula and self.first((rule.operation, rule.operand)):
                yield ("in general ", *formula)

    def gates(self, path: Path) -> Iterator[Line]:
        """Each operation with what it hands on, from the outside in."""
        for gate in path.gates:
            places = sum(other.operand == gate.operand for other in path.gates)
            if (
                self.full
                or telling(gate.operation, gate.place)
                or (places > 1 and gate.gradient is not None)
            ):
                yield self.gate(gate, places)

    def gate(self, gate: Gate, places: int) -> Line:
        written = gate.gradient
        example = written is not None and bool(written.each)
        local = (
            line(": times ", Factors((gate.local,)), example=example)
            if gate.local is not None
            else ()
        )
        out = line("from ", gate.result, " to ", gate.operand, local, example=example)
        if written is None:
            return out
        lead = ", so far "
        if places > 1:
            lead = f" stands at {places} places here, so what reaches them is added: "
            out = line(out, "; ", gate.operand, example=example)
        entry = f", at entry ({', '.join(written.free)})" if written.free else ""
        return line(out, lead, written.symbolic, entry, example=example)

    def local(self, step: Step, path: Path) -> Iterator[Line]:
        found = path.local
        if found is None:
            return
        lead: Line = ()
        held = [
            Name(other.through)
            for other in step.paths
            if other.through and other.through != path.through
        ]
        if path.through == step.of and held:  # beside the total derivative of the same name
            lead = line("with ", listed(held), " held: ")
        pieces: list[Piece] = [Partial(path.through or "", (step.quantity,)), "=", found.symbolic]
        if path.local_value is not None and not literal(found.symbolic):
            pieces += self.equals(path.local_value)
        entry = f", entry ({', '.join(found.free)})" if found.free else ""
        shape = (
            line(f"{entry}, shape ", Shaped(found.shape))
            if any(s != ONE for s in found.shape)
            else ()
        )
        yield line(lead, math(*pieces, example=bool(found.each)), shape)
        if path.shorthand is not None:
            short, sentence = path.shorthand.symbolic, path.shorthand.sentence
            yield line("for short ", short, f": {sentence}", example=bool(found.each))

    def product(self, step: Step, path: Path) -> Iterator[Line]:
        """Upstream × local, then what that is; with several paths the sum follows."""
        example = bool(path.product.each)
        alone = len(step.paths) == 1
        lead: list[Piece] = [step.gradient, "="] if alone else []
        scalar = path.local is not None and not path.local.shape and not path.product.shape
        if not path.upstream:
            begins = line(
                ": ",
                Name(step.of),
                " is where the way back begins, so the local derivative is the gradient",
            )
            first = alone and self.first(("begins", step.of))
            yield line(self.written(path.product, lead), begins if first else ())
        elif scalar and path.local is not None:
            factors = Factors((Name(path.upstream), path.local.symbolic))
            yield math(*lead, *self.chain(step, path), "=", factors, example=example)
        else:
            yield math(*lead, *self.chain(step, path), example=example)
            yield self.written(path.product, ["="])
        if alone:
            yield from self.collected(step)
        if (
            not scalar
            and path.product.stacked is not None
            and path.product.stacked != path.product.symbolic
        ):
            yield line("stacked over the examples: ", path.product.stacked)

    def written(self, formula: Written, lead: Sequence[Piece]) -> Line:
        entry = f" at entry ({', '.join(formula.free)})" if formula.free else ""
        return line(math(*lead, formula.symbolic, example=bool(formula.each)), entry)

    def collected(self, step: Step) -> Iterator[Line]:
        """The gradient with the gradients of earlier steps put in; in full detail what is done
        to it.
        """
        if step.collected is None:
            return
        example = bool(step.total.each)
        left = set(names(step.collected))  # a gradient that is given by a name stays
        users = [
            path.through
            for path in step.paths
            if path.upstream and path.through and path.upstream not in left
        ]
        words = (
            line(", with ", listed(Partial(step.of, (name,)) for name in users), " put in")
            if users
            else ()
        )
        if step.put_in is None:
            yield line(math("=", step.collected, example=example), words)
            return
        yield line(math("=", step.put_in, example=example), words)
        done = [
            line(
                listed(rewriting.parts, example=example) if rewriting.parts else (),
                " " * bool(rewriting.parts) + rewriting.what,
            )
            for rewriting in step.rewritings
        ]
        yield line(
            math("=", step.collected, example=example),
            line(": ", listed(done, "; ", "; ")) if done else (),
        )

    # ---- the sum, the value

    def sum(self, step: Step) -> Iterator[tuple[str, Cell]]:
        if len(step.paths) > 1:
            total = math(step.gradient, "=", *self.added(step), example=bool(step.total.each))
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
            counted = is_number(path.local_value) and (
                path.upstream is None or is_number(path.upstream_value)
            )
        yield "where", tuple(math(Name(name), "=", expr) for name, expr in step.where)
        if not counted and not literal(step.total.symbolic):
            yield "value", self.value(step.value)
        if step.verified is not None and step.verified.ok is False:
            yield "check", (("differs from the numeric derivative: do not rely on this step",),)

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

    def entries(self, step: Step, path: Path) -> Iterator[Line]:
        """The index derivation behind the matrix rule; nothing where no factor has indices."""
        found = path.entries
        if found is None or path.through is None or not (found.local.free or found.product.free):
            return
        user = Name(path.through)
        if found.definition is not None:
            free = found.definition.free
            entry = Index(user, tuple(map(Name, free))) if free else user
            yield math(entry, "=", found.definition.symbolic, example=bool(found.definition.each))
        yield self.entry(Partial(path.through, (step.quantity,)), found.local)
        summed = line("times the upstream gradient, summed over all entries of ", user, ": ")
        yield line(summed, self.entry(step.gradient, found.product))

    def entry(self, gradient: Partial, written: Written) -> Line:
        which = f"entry ({', '.join(written.free)}) of " if written.free else ""
        return line(which, math(gradient, "=", written.symbolic, example=bool(written.each)))

    def value(self, value: Number) -> Cell:
        return () if value is None else (math(Values(value, self.digits)),)

    def bracketed(self, value: Number) -> list[Piece]:
        """A factor that is not the first: a negative number in brackets."""
        return ["(", Values(value, self.digits), ")"] if value < 0 else [Values(value, self.digits)]

    def equals(self, value: Number) -> list[Piece]:
        """= 3, or ≈ 0.3333 where digits are dropped."""
        if value is None:
            return []
        exact = isinstance(value, int) or (isinstance(value, float) and whole(value, self.digits))
        return ["=" if exact or isinstance(value, list) else "≈", Values(value, self.digits)]


def literal(expr: Expr) -> bool:
    """Whether an expression is a number, with or without a minus."""
    return isinstance(expr.arg if isinstance(expr, Neg) else expr, Num)


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
