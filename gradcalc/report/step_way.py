"""The way of a gradient through one definition: the rules it meets, what each place of the operand
contributes, the local derivative, and one entry of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gradcalc.derivation.elementary_steps import telling
from gradcalc.derivation.form_changes import canonical
from gradcalc.derivation.step_model import Contribution, Gate, Path, Step, Written
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import (
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
from gradcalc.language.parser import Call, Expr, Index, Name, Neg, Num
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import substitute, walk
from gradcalc.language.typography import whole
from gradcalc.language.unparse import unparse

LONG_ENTRY = 120  # characters of an entry that is written out


class Memory:
    """What was said already; in full detail everything is said every time."""

    def __init__(self, full: bool) -> None:
        self.full = full
        self.said: set[object] = set()

    def first(self, thing: object) -> bool:
        """Whether something is said for the first time, or to be said every time."""
        new = thing not in self.said
        self.said.add(thing)
        return new or self.full


class Way:
    """Writes what happens inside the definitions of one derivation."""

    def __init__(self, memory: Memory, digits: int, ranges: frozenset[str]) -> None:
        self.memory, self.digits, self.ranges = memory, digits, ranges

    def rules(self, path: Path) -> Iterator[Line]:
        """The sentence of each rule that is new, with its general form and what stands for its
        letters; the names of those that are known. What passes a gradient unchanged only in full
        detail, or alone.
        """
        rules = [rule for rule in path.rules if telling(rule.operation, rule.operand)]
        known: list[str] = []
        for rule in path.rules if self.memory.full else rules or path.rules:
            new = self.memory.first(rule.sentence)
            if not new or (len(rules) > 1 and not rule.full and not self.memory.full):
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
                yield line(
                    one.part,
                    ": ",
                    self.contribution(one),
                    example=per_example(path.product, self.ranges),
                )

    def contribution(self, one: Contribution) -> Line:
        if one.product is not None:
            return line(one.product.symbolic, example=per_example(one.product, self.ranges))
        return math(Factors(one.factors) if len(one.factors) > 1 else one.factors[0])

    def gates(self, path: Path) -> Iterator[Line]:
        """Each operation with what it does to the gradient, from the outside in."""
        squared = {
            gate.operand: gate.result
            for gate in path.gates
            if gate.operation == "pow" and isinstance(gate.operand, Call)
            and gate.operand.func == "norm" and not self.memory.full
        }  # fmt: skip
        for gate in path.gates:
            if gate.operand in squared:
                continue
            gate = replace(
                gate, result=next((r for o, r in squared.items() if o == gate.result), gate.result)
            )
            free = gate.operation == "free"
            places = sum(
                other.operand == gate.operand and (other.operation == "free") == free
                for other in path.gates
            )
            if (
                self.memory.full
                or telling(gate.operation, gate.place)
                or (places > 1 and gate.gradient is not None)
            ):
                yield self.gate(gate, places)

    def gate(self, gate: Gate, places: int) -> Line:
        written = gate.gradient
        example = written is not None and bool(written.each)
        out = line("through ", gate.result, " to ", gate.operand, example=example)
        if gate.operation == "free":
            out = line("in the free parameters of ", gate.operand, example=example)
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
            pieces += equals(path.local_value, self.digits)
        entry = f" with entries indexed [{', '.join(found.free)}]" if found.free else ""
        sized = any(s != ONE for s in found.shape)
        shape = line(f"{entry}, shape ", Shaped(found.shape)) if sized else ()
        if found.free and len(unparse(found.symbolic)) > LONG_ENTRY and not self.memory.full:
            array = Partial(path.through or "", (step.quantity,))
            yield line(array, " is an array of shape ", Shaped(found.shape))
            return
        yield line(self.held(step, path), math(*pieces, example=bool(found.each)), shape)
        if path.shorthand is not None and self.memory.first(path.shorthand.sentence):
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
        number = path.local is not None and all(size == ONE for size in path.local.shape)
        if number and len(path.parts) == 1 and path.parts[0].part is None:
            return [Factors(path.parts[0].factors), "="]
        return []

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
        if not self.memory.full and (
            (isinstance(found.local.symbolic, Call) and len(out) == len(into))
            or not self.memory.first(("entry", tuple((r.sentence, r.operand) for r in path.rules)))
        ):
            return
        example = per_example(found.product, self.ranges)
        results = [found.product.symbolic]
        if found.summed is not None:
            results = [found.summed, *results]
        if len(results) > 1 and alike(*results):
            del results[1]
        shown = [*results, *([found.definition.symbolic] if found.definition else [])]
        if max(len(unparse(expr)) for expr in shown) > LONG_ENTRY and not self.memory.full:
            return
        sums = found.definition is not None and has_sum(found.definition.symbolic)
        if not sums and not has_sum(results[0]):
            return
        if found.definition is not None and sums:
            left = indexed(path.through, found.definition.free)
            yield math(left, "=", found.definition.symbolic, example=example)
        own = Slope(Name(step.of), indexed(step.quantity, into))
        yield math(own, "=", results[0], example=example)
        for more in results[1:]:
            yield math("=", more, example=example)


def per_example(written: Written, ranges: Collection[str]) -> bool:
    """Whether a formula is written for one example, or is a sum over the examples of such."""
    return bool(written.each) or any(
        isinstance(part, Call) and part.func == "sum" and not ranges_of(part).isdisjoint(ranges)
        for part in walk(written.symbolic)
    )


def ranges_of(call: Call) -> set[str]:
    """The indices that a sum runs over."""
    return {part.id for part in call.args[1:] if isinstance(part, Name)}


def has_sum(expr: Expr) -> bool:
    """Whether a sum over an index stands in a formula."""
    return any(
        isinstance(part, Call) and part.func == "sum" and len(part.args) > 1 for part in walk(expr)
    )


def alike(one: Expr, other: Expr) -> bool:
    """Whether two formulas differ at most in the order of factors and in the index of a sum."""
    match one, other:
        case Call("sum", (body, Name(a))), Call("sum", (more, Name(b))):
            return canonical(substitute(body, {a: Name(b)})) == canonical(more)
    return canonical(one) == canonical(other)


def indexed(name: str, indices: Sequence[str]) -> Expr:
    """z[k], or z where it has no index."""
    return Index(Name(name), tuple(map(Name, indices))) if indices else Name(name)


def capital(text: str) -> str:
    """A sentence with a capital at its start."""
    return text[:1].upper() + text[1:]


def literal(expr: Expr) -> bool:
    """Whether an expression is a number, with or without a minus."""
    return isinstance(expr.arg if isinstance(expr, Neg) else expr, Num)


def equals(value: Number, digits: int) -> list[Piece]:
    """= 3, or ≈ 0.3333 where digits are dropped."""
    if value is None:
        return []
    exact = isinstance(value, int) or (isinstance(value, float) and whole(value, digits))
    return ["=" if exact or isinstance(value, list) else "≈", Values(value, digits)]
