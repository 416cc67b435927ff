"""Why each name has its shape: one sentence, from what is declared outwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from gradcalc.exercise.model import Definition
from gradcalc.graph.model import Node
from gradcalc.graph.shape_solver import Axis, Constraint, Solver, Term
from gradcalc.language.parser import names
from gradcalc.language.shape_rules import Shape, Size, show

MAX_TEXT = 60  # of an expression that is quoted


def explain(
    s: Solver,
    terms: Mapping[str, Term],
    inputs: Iterable[str],
    declared: Collection[str],
    values: Mapping[str, Sequence[int]],
    said: Mapping[str, str],
) -> dict[str, str]:
    """The reasons of what was inferred, one relation at a time: results from their operands first,
    then backwards.

    Quantities whose operands are known need no reason here. `said` are reasons that stand already.
    """
    reasons = dict(said)
    known = {
        id(term)
        for name, term in terms.items()
        if name in declared or name in values or name in said
    }
    for name in terms:
        if name not in declared and name in values:
            reasons[name] = (
                f"its value has shape {s.show(terms[name])}"
                if values[name]
                else "its value is a number"
            )
    touching: dict[int, list[Constraint]] = {}
    for constraint in s.constraints:
        for term in constraint.terms:
            touching.setdefault(id(term), []).append(constraint)
            if s.shape(term) == () and not term.names:
                known.add(id(term))

    forward, backward = deque(s.constraints), deque(s.constraints)

    def learn(term: Term, reason: str) -> None:
        if id(term) in known:
            return
        known.add(id(term))
        forward.extend(touching.get(id(term), ()))
        backward.extend(touching.get(id(term), ()))
        undeclared = [name for name in term.names if name not in declared]
        verb = "are" if len(undeclared) > 1 else "is"
        for name in undeclared if reason else ():
            reasons.setdefault(
                name, f"{reason}, so {' and '.join(undeclared)} {verb} {s.show(term)}"
            )

    while forward or backward:
        if forward:
            constraint = forward.popleft()
            if all(id(term) in known for term in constraint.ins):
                learn(constraint.out, "")
        else:
            for term, reason in backward.popleft().explain(s, lambda term: id(term) in known):
                learn(term, reason)
    for name in inputs:
        if name not in declared:
            reasons.setdefault(name, f"nothing else than {s.show(terms[name])} fits")
    return reasons


def letters(dims: list[Axis], name: str) -> Shape:
    """Axes with a letter for what is unknown; a column where the last axis is, and the name is
    not a matrix's.
    """
    free = iter(letter for letter in "kpq" if Size.of(letter) not in dims)
    last = len(dims) - 1 if name[:1].islower() else -1
    return tuple(
        dim
        if isinstance(dim, Size)
        else Size.of(dim.number)
        if dim.number is not None
        else Size.of(1)
        if place == last == 1 and isinstance(dims[0], Size)
        else Size.of(next(free, "r"))
        for place, dim in enumerate(dims)
    )


def computed(definition: Definition, nodes: Sequence[Node], numbers: Mapping[str, int]) -> str:
    """Why a quantity has its shape: from the shapes of what it names."""
    shape = show(nodes[numbers[definition.name]].shape)
    parts = [
        f"{part} is {show(nodes[numbers[part]].shape)}"
        for part in names(definition.expr)
        if part in numbers
    ]
    text = " ".join(definition.source.value[slice(*definition.expr.span)].split())
    if not 0 < len(parts) <= 4 or not 0 < len(text) <= MAX_TEXT:
        return f"its expression is {shape}"
    listed = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
    return f"{listed}, so `{text}` is {shape}"
