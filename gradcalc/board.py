"""A step of a derivation on the board: what is used where, the rule, the local derivative, upstream × local, the numbers.

Board(derivation, detail, digits).step(…)  ->  a record of a table: fields with formulas, empty ones left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.backpass import Written
from gradcalc.blocks import Cell, Column, Factors, Line, Math, Partial, Piece, Shaped, Table, Values, math
from gradcalc.gates import Gate, telling
from gradcalc.rules import general
from gradcalc.shapes import ONE
from gradcalc.solution import Number
from gradcalc.steps import Derivation, Pass, Path, Quantity, Step
from gradcalc.syntax import Expr, Index, Name, Neg, Num, names
from gradcalc.typography import name_text, whole

COUNTED = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}


class Board:
    """Writes the steps of one derivation. What stands above (a rule with its general formula) is said in short again,
    but in full detail."""

    def __init__(self, derivation: Derivation, detail: str, digits: int | None) -> None:
        self.derivation, self.graph = derivation, derivation.graph
        self.full = detail == "full"
        self.detail = detail
        self.digits = digits or self.graph.exercise.notation.digits
        self.said: set[object] = set()
        self.arrays = any(self.graph.node(name).shape or self.graph.node(name).over for name in self.graph.names)

    def first(self, thing: object) -> bool:
        """Whether something is said for the first time, or to be said every time."""
        new = thing not in self.said
        self.said.add(thing)
        return new or self.full

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
        words: list[str | Math] = [*math(Name(step.quantity)), f" is used {COUNTED.get(count, f'{count} times')}: in "]
        for place, path in enumerate(step.paths):
            words += [" and in " if place == count - 1 else ", in " if place else "",
                      "the loss itself" if path.through is None else Math((Name(path.through),))]  # fmt: skip
        words.append(f". Add the contributions of {'both' if count == 2 else 'all'} paths.")
        return tuple(words)

    def path(self, one: Pass, step: Step, path: Path, several: bool) -> Iterator[tuple[str, Cell]]:
        if path.through is None:
            yield "given", (self.given(one, step, path, several),)
            return
        definition = self.definition(path.through)
        yield "used in", (definition,) if definition else ()
        yield "rule", tuple(self.rules(path))
        if path.gates:
            yield "inside", tuple(self.gates(path))
        yield "local", tuple(self.local(one, step, path))
        yield "gradient" if not several else "hands back", tuple(self.product(one, step, path))
        if path.why.shapes is not None:
            yield "shapes", ((path.why.shapes,),)
        if path.why.reasons:
            yield "because", tuple(map(spoken, path.why.reasons))
        if path.entries is not None and (path.entries.local.free or path.entries.product.free):
            yield "by entries", tuple(self.entries(one, step, path))
        value = path.value if several else step.value
        if (
            isinstance(path.local_value, int | float)
            and isinstance(path.upstream_value, int | float)
            and value is not None
        ):
            numbers = (Values(path.upstream_value, self.digits), "·", *self.bracketed(path.local_value))
            own: list[Piece] = [] if several else [Partial(one.of, (step.quantity,)), "="]
            yield "numbers", (math(*own, *numbers, *self.equals(value)),)

    def given(self, one: Pass, step: Step, path: Path, several: bool) -> Line:
        """The upstream gradient with which the way back begins, or which is added on the way."""
        known: Line = ()
        if path.product.symbolic != Name(step.name):
            known = (", ", *math(Partial(one.of, (step.quantity,)), "=", path.product.symbolic)) if not several else (
                ": ", *math(path.product.symbolic))  # fmt: skip
        if several:
            return (*math(Name(one.of)), " depends on ", *math(Name(step.quantity)), " directly too; the upstream gradient given there", *known)  # fmt: skip
        return ("the way back begins here, with the upstream gradient that is given", *known)

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
        """The sentence of each rule, then its formula; what passes a gradient unchanged only in full detail, or alone."""
        rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
        for rule in path.rules if self.full else rules or path.rules:
            sentence = rule.sentence if self.first(rule.sentence) else rule.sentence.partition(":")[0]
            yield (sentence[:1].upper() + sentence[1:],)
            formula = general(rule.operation, rule.operand)
            if formula and self.first((rule.operation, rule.operand)):
                yield ("in general ", *formula)

    def gates(self, path: Path) -> Iterator[Line]:
        """Each operation with what it hands on, from the outside in."""
        for gate in path.gates:
            places = sum(other.operand == gate.operand for other in path.gates)
            if self.full or telling(gate.operation, gate.place) or (places > 1 and gate.gradient is not None):
                yield self.gate(gate, places)

    def gate(self, gate: Gate, places: int) -> Line:
        written = gate.gradient
        example = written is not None and bool(written.each)
        operand = math(gate.operand, example=example)
        out: list[str | Math] = ["from ", *math(gate.result, example=example), " to ", *operand]
        if gate.local is not None:
            out += [": times ", *math(Factors((gate.local,)), example=example)]
        if written is None:
            return tuple(out)
        if places > 1:
            out += ["; ", *operand, f" stands at {places} places here, so what reaches them is added: "]
        else:
            out += [", so far "]
        out += math(written.symbolic, example=example)
        return (*out, f", at entry ({', '.join(written.free)})") if written.free else tuple(out)

    def local(self, one: Pass, step: Step, path: Path) -> Iterator[Line]:
        found = path.local
        if found is None:
            return
        held = [other.through for other in step.paths if other.through not in (None, path.through)]
        lead: list[str | Math] = []
        if path.through == one.of and held:  # beside the total derivative of the same name
            for place, name in enumerate(held):
                lead += [" and " if place and place == len(held) - 1 else ", " if place else "with ", *math(Name(name or ""))]  # fmt: skip
            lead.append(" held: ")
        pieces: list[Piece] = [Partial(path.through or "", (step.quantity,)), "=", found.symbolic]
        if path.local_value is not None and not number(found.symbolic):
            pieces += self.equals(path.local_value)
        free = f", entry ({', '.join(found.free)})" if found.free else ""
        shape: Line = (f"{free}, shape ", Math((Shaped(found.shape),))) if any(s != ONE for s in found.shape) else ()
        yield (*lead, *math(*pieces, example=bool(found.each)), *shape)
        if path.shorthand is not None:
            yield ("for short ", *math(path.shorthand.symbolic, example=bool(found.each)), f": {path.shorthand.sentence}")  # fmt: skip

    def product(self, one: Pass, step: Step, path: Path) -> Iterator[Line]:
        """Upstream × local, then what that is; with several paths the sum follows."""
        example = bool(path.product.each)
        alone = len(step.paths) == 1
        own: Piece = Partial(one.of, (step.quantity,))
        lead: list[Piece] = [own, "="] if alone else []
        scalar = path.local is not None and not path.local.shape and not path.product.shape
        if not path.upstream:
            line = self.written(path.product, lead)
            if alone and self.first(("begins", one.of)):
                line = (*line, ": ", *math(Name(one.of)), " is where the way back begins, so the local derivative is the gradient")  # fmt: skip
            yield line
        elif scalar and path.local is not None:
            yield math(*lead, *self.chain(one, step, path), "=", Factors((Name(path.upstream), path.local.symbolic)), example=example)  # fmt: skip
        else:
            yield math(*lead, *self.chain(one, step, path), example=example)
            yield self.written(path.product, ["="])
        if alone:
            yield from self.collected(one, step)
        if not scalar and path.product.stacked is not None and path.product.stacked != path.product.symbolic:
            yield ("stacked over the examples: ", *math(path.product.stacked))

    def written(self, formula: Written, lead: Sequence[Piece]) -> Line:
        free = (f" at entry ({', '.join(formula.free)})",) if formula.free else ()
        return (*math(*lead, formula.symbolic, example=bool(formula.each)), *free)

    def collected(self, one: Pass, step: Step) -> Iterator[Line]:
        """The gradient with the gradients of earlier steps put in; in full detail what is done to it."""
        if step.collected is None:
            return
        example = bool(step.total.each)
        if step.put_in is not None:
            yield (*math("=", step.put_in, example=example), ", with ", *self.upstreams(one, step), " put in")
            notes: list[str | Math] = [":"]
            for rewriting in step.rewritings:
                notes.append("; " if len(notes) > 1 else " ")
                for place, part in enumerate(rewriting.parts):
                    last = place == len(rewriting.parts) - 1
                    notes += [" and " if place and last else ", " if place else "", *math(part, example=example)]
                notes.append(" " * bool(rewriting.parts) + rewriting.what)
            yield (*math("=", step.collected, example=example), *(notes if step.rewritings else ()))
        else:
            words = self.upstreams(one, step)
            yield (*math("=", step.collected, example=example), *((", with ", *words, " put in") if words else ()))

    def upstreams(self, one: Pass, step: Step) -> Line:
        """The gradients of earlier steps that a step uses."""
        words: list[str | Math] = []
        assert step.collected is not None
        left = set(names(step.collected))  # a gradient that is given by a name stays
        users = [path.through for path in step.paths if path.upstream and path.through and path.upstream not in left]
        for place, name in enumerate(users):
            words += [" and " if place and place == len(users) - 1 else ", " if place else "", *math(Partial(one.of, (name,)))]  # fmt: skip
        return tuple(words)

    def sum(self, one: Pass, step: Step, several: bool) -> Iterator[tuple[str, Cell]]:
        own = Partial(one.of, (step.quantity,))
        counted = False
        if several:
            lines = [math(own, "=", *self.added(step), example=bool(step.total.each)), *self.collected(one, step)]
            yield "sum", tuple(lines)
            values = [path.value for path in step.paths]
            counted = step.value is not None and all(isinstance(value, int | float) for value in values)
            if counted:
                parts: list[Piece] = [Values(values[0], self.digits)]
                for value in values[1:]:
                    parts += ["−" if value < 0 else "+", Values(abs(value), self.digits)]
                yield "numbers", (math(own, "=", *parts, *self.equals(step.value)),)
        else:
            path = step.paths[0]
            counted = isinstance(path.local_value, int | float) and (
                path.upstream is None or isinstance(path.upstream_value, int | float)
            )
        if step.where:
            yield "where", tuple(math(Name(name), "=", expr) for name, expr in step.where)
        if step.value is not None and not counted and not number(step.total.symbolic):
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
        if found.definition is not None:
            free = found.definition.free
            entry = Index(user, tuple(map(Name, free))) if free else user
            yield math(entry, "=", found.definition.symbolic, example=bool(found.definition.each))
        local, product = found.local, found.product
        slope, gradient = Partial(path.through, (step.quantity,)), Partial(one.of, (step.quantity,))
        yield (*of_entry(local.free), *math(slope, "=", local.symbolic, example=bool(local.each)))
        yield ("times the upstream gradient, summed over all entries of ", *math(user), ": ", *of_entry(product.free),
               *math(gradient, "=", product.symbolic, example=bool(product.each)))  # fmt: skip

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


def number(expr: Expr) -> bool:
    return isinstance(expr.arg if isinstance(expr, Neg) else expr, Num)


def of_entry(free: Sequence[str]) -> Line:
    return (f"entry ({', '.join(free)}) of ",) if free else ()


def spoken(line: Line) -> Line:
    """A line with a capital at its start, if it does not start with a name."""
    first = line[0]
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *line[1:])


def record(head: Cell, fields: Sequence[tuple[str, Cell]]) -> Table:
    """One row, its cells under one another; empty ones left out."""
    kept = [(title, cell) for title, cell in fields if cell]
    return Table(
        (Column(""), *(Column(title) for title, _ in kept)), ((head, *(cell for _, cell in kept)),), records=True
    )
