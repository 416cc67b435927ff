"""A step of a derivation on the board: what is used where, the rule, the local derivative, upstream
× local, the numbers.

Board(derivation, detail, digits).step(…)  ->  a record of a table: fields with formulas, empty ones
left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.derivation.elementary_steps import telling
from gradcalc.derivation.form_changes import canonical
from gradcalc.derivation.step_model import Contribution, Derivation, Gate, Path, Step, Written
from gradcalc.language.formula_pieces import (
    Cell,
    Factors,
    Line,
    Number,
    Partial,
    Piece,
    Shaped,
    Slope,
    Values,
    line,
    listed,
    math,
)
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Neg, Num, names
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import occurrences, substitute
from gradcalc.language.typography import name_text, whole
from gradcalc.language.unparse import unparse
from gradcalc.report.blocks import Column, Table

COUNTED = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}
SUBSTITUTED = 32  # characters of a gradient that is repeated where it is substituted


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
        self.said: set[object] = set()
        self.like: dict[object, tuple[Line, Path, Step]] = {}  # a pattern -> where it is told
        self.arrays = any(
            self.graph.node(name).shape or self.graph.node(name).over for name in self.graph.names
        )
        steps = [step for one in derivation.passes for step in one.steps]
        self.asked = {
            (answer.question.of, self.graph.stacks.get(answer.question.by[0], answer.question.by[0]))
            for answer in derivation.answers
            if answer.kind == "derivative"
        }
        self.formulas = {
            step.name: step.total.symbolic if step.collected is None else step.collected
            for step in steps
        }

    def first(self, thing: object) -> bool:
        """Whether something is said for the first time, or to be said every time."""
        new = thing not in self.said
        self.said.add(thing)
        return new or self.full

    def wipe(self) -> None:
        """Nothing that was said still stands there."""
        self.said.clear()
        self.like.clear()

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
        used_in = f"through {name_text(path.through)}" if several else "used in"
        told = self.told(step, path, lead)
        if told is not None:
            yield used_in, (line(*self.definition(path.through), told),)
        else:
            yield used_in, self.defined(path.through)
            yield "rule", tuple(self.rules(path))
            yield "terms", tuple(self.parts(path))
            yield "inside", tuple(self.gates(path)) if not path.parts else ()
            yield "local", tuple(self.local(step, path))
            yield "one entry", tuple(self.entries(step, path))
        yield "contribution" if several else "gradient", tuple(self.product(step, path))
        if told is None:
            checks = [reason for reason in path.because if " ✓" in reason]
            others = [reason for reason in path.because if " ✓" not in reason]
            yield "shape check", tuple(map(spoken, checks))
            yield "why", tuple(map(spoken, others))
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
            shown = Values(path.value, self.digits) if path.value is not None else formula
            there = line("the upstream gradient given directly at ", Name(step.quantity))
            return spoken(line(there, ": ", math(shown) if path.value is not None or known else ""))
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

    # ---- what repeats

    def told(self, step: Step, path: Path, lead: str) -> Line | None:
        """", as in step 4", where an earlier step is the same but for the names."""
        pattern = self.pattern(step, path)
        if pattern is None or self.full:
            return None
        if pattern not in self.like:
            where = line(f"step {lead.rstrip('. ')}") if lead else step_of(step)
            self.like[pattern] = (where, path, step)
            return None
        where, other, before = self.like[pattern]
        if before is step:
            return line(", as through ", Name(other.through or ""))
        return line(", as in ", where)

    def pattern(self, step: Step, path: Path) -> object | None:
        """What a path is, whatever the quantities on it are called; None for a short one."""
        expr = self.expression(path.through or "")
        if expr is None or not path.upstream:
            return None
        words = dict.fromkeys(part.id for part in occurrences(expr))
        words |= dict.fromkeys((path.through or "", step.quantity))
        table: dict[str, Expr] = {word: Name(f"#{n}") for n, word in enumerate(words)}
        table[path.upstream] = Name("#")
        shapes = tuple(
            tuple(map(len, (self.graph.node(word).shape, self.graph.node(word).over)))
            for word in words
            if word in self.graph.names
        )
        rules = tuple(rule.sentence for rule in path.rules)
        made = unparse(substitute(expr, table)), unparse(substitute(path.product.symbolic, table))
        return made, str(table[step.quantity]), rules, shapes, len(path.because)

    def expression(self, name: str) -> Expr | None:
        found = next((d for d in self.graph.exercise.definitions if d.name == name), None)
        return found.expr if found is not None else None

    # ---- the rule, and what it does

    def rules(self, path: Path) -> Iterator[Line]:
        """The sentence of each rule that is new, with its general form and what stands for its
        letters; the names of those that are known. What passes a gradient unchanged only in full
        detail, or alone.
        """
        rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
        known: list[str] = []
        for rule in path.rules if self.full else rules or path.rules:
            if not self.first(rule.sentence):
                known.append(rule.name)
                continue
            yield (capital(rule.sentence) + ".",)
            if rule.general and rule.telling:
                here = ("; here ", *rule.here) if rule.here else ()
                yield ("In general ", *rule.general, *here)
        if known:
            yield (capital(", ".join(dict.fromkeys(known))),)

    def parts(self, path: Path) -> Iterator[Line]:
        """What each place of the operand contributes."""
        for one in path.parts:
            if one.part is not None:
                yield line(one.part, ": ", self.contribution(one), example=bool(path.product.each))

    def contribution(self, one: Contribution) -> Line:
        if one.product is not None:
            return line(one.product.symbolic, example=bool(one.product.each))
        return math(Factors(one.factors) if len(one.factors) > 1 else one.factors[0])

    def gates(self, path: Path) -> Iterator[Line]:
        """Each operation with what it does to the gradient, from the outside in."""
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
        out = line("through ", gate.result, " to ", gate.operand, example=example)
        if gate.local is not None:
            by = Factors((gate.local,))
            out = line("through ", gate.result, ": multiply by ", by, example=example)
        if written is None:
            return out
        lead = ", giving " if gate.local is not None else ": "
        if places > 1:
            lead = f" occurs at {places} places; the sum of their contributions is "
            out = line(out, "; ", gate.operand, example=example)
        entry = f", at entry ({', '.join(written.free)})" if written.free else ""
        return line(out, lead, written.symbolic, entry, example=example)

    def local(self, step: Step, path: Path) -> Iterator[Line]:
        found = path.local
        if found is None:
            return
        plain = not path.upstream and found.symbolic == path.product.symbolic
        if plain and not self.held(step, path):
            return
        pieces: list[Piece] = [Partial(path.through or "", (step.quantity,)), "="]
        pieces += self.along(path)
        pieces.append(found.symbolic)
        if path.local_value is not None and not literal(found.symbolic):
            pieces += self.equals(path.local_value)
        entry = f" with entries indexed [{', '.join(found.free)}]" if found.free else ""
        shape = (
            line(f"{entry}, shape ", Shaped(found.shape))
            if any(s != ONE for s in found.shape)
            else ()
        )
        yield line(self.held(step, path), math(*pieces, example=bool(found.each)), shape)
        if path.shorthand is not None and self.first(path.shorthand.sentence):
            short, sentence = path.shorthand.symbolic, path.shorthand.sentence
            yield line("in short ", short, f": {sentence}", example=bool(found.each))

    def held(self, step: Step, path: Path) -> Line:
        """Beside the total derivative of the same name: which operands are held."""
        held = [
            Name(other.through)
            for other in step.paths
            if other.through and other.through != path.through
        ]
        return line("with ", listed(held), " held: ") if path.through == step.of and held else ()

    def along(self, path: Path) -> list[Piece]:
        """The local derivatives on the only way through a definition, where there are several."""
        if len(path.parts) == 1 and path.parts[0].part is None:
            return [Factors(path.parts[0].factors), "="]
        return []

    def product(self, step: Step, path: Path) -> Iterator[Line]:
        """Upstream × local, then what that is; with several paths the sum follows."""
        example = bool(path.product.each)
        alone = len(step.paths) == 1
        lead: list[Piece] = [step.gradient, "="] if alone else []
        scalar = path.local is not None and not path.local.shape and not path.product.shape
        if not path.upstream:
            if path.local is not None and path.local.symbolic == path.product.symbolic:
                lead += self.along(path)
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
        stacked = path.product.stacked
        if self.full and not scalar and stacked not in (None, path.product.symbolic):
            yield line("stacked over the examples: ", stacked)

    def scalar_value(self, step: Step) -> list[Piece]:
        shown = is_number(step.value) and not literal(step.total.symbolic)
        return self.equals(step.value) if shown and step.collected is None else []

    def written(
        self, formula: Written, lead: Sequence[Piece], more: Sequence[Piece] = ()
    ) -> Line:
        entry = f" with entries indexed [{', '.join(formula.free)}]" if formula.free else ""
        return line(math(*lead, formula.symbolic, *more, example=bool(formula.each)), entry)

    def collected(self, step: Step) -> Iterator[Line]:
        """The gradient with earlier gradients substituted, the line of algebra that decides, and
        what is used besides algebra.
        """
        if step.collected is None:
            return
        example = bool(step.total.each)
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
        matrix = rows > 1 and isinstance(step.value[0], list)
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

    def entries(self, step: Step, path: Path) -> Iterator[Line]:
        """The derivation behind the matrix form: the definition of an entry, the sum over the
        entries that depend on the operand, and what is left of it. Nothing where each entry depends
        on one alone.
        """
        found = path.entries
        if found is None or path.through is None or not (found.local.free or found.product.free):
            return
        into = found.product.free
        out = [index for index in found.local.free if index not in into]
        if not self.full and (
            (isinstance(found.local.symbolic, Call) and len(out) == len(into))
            or not self.first(("entry", tuple((r.sentence, r.operand) for r in path.rules)))
        ):
            return
        example = bool(found.product.each)
        if found.definition is not None:
            left = indexed(path.through, found.definition.free)
            yield math(left, "=", found.definition.symbolic, example=example)
        own = Slope(Name(step.of), indexed(step.quantity, into))
        results = [found.product.symbolic]
        if path.upstream and out:
            each = Binary("*", indexed(path.upstream, out), found.local.symbolic)
            results.insert(0, Call("sum", (each, *map(Name, out))))
        shown = dict.fromkeys(map(canonical, results))
        if len(shown) < len(results):
            del results[0]
        yield math(own, "=", results[0], example=example)
        for more in results[1:]:
            yield math("=", more, example=example)

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


def indexed(name: str, indices: Sequence[str]) -> Expr:
    """z[k], or z where it has no index."""
    return Index(Name(name), tuple(map(Name, indices))) if indices else Name(name)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def step_of(step: Step) -> Line:
    return line("the step for ", step.gradient)


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
