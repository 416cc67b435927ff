"""What a gradient means in numbers: if x grows by 0.01, f changes by about −0.04.

It is said only where it is so: the forward pass is computed again at the displaced value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.solve import Solver
from gradcalc.derivation.step_model import Meaning
from gradcalc.exercise.model import Value
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import Number
from gradcalc.language.parser import Binary, Num
from gradcalc.numeric.forward import Forward
from gradcalc.numeric.scalar_functions import TooLarge, Undefined

STEPS = (0.01, 0.001, 0.0001)
CLOSE = 0.1  # by which part the change may differ from gradient × step


def meaning(solver: Solver, answers: Sequence[Answer]) -> Meaning | None:
    """Of the last answer that says so; None where none does."""
    for answer in reversed(answers):
        found = meant(solver, answer)
        if found is not None:
            return found
    return None


def meant(solver: Solver, answer: Answer) -> Meaning | None:
    """What one answer means; None where it is not about one number, or not so at any step."""
    graph, question = solver.graph, answer.question
    if answer.kind != "derivative" or question.kind != "derivative" or question.entry:
        return None
    of, by = question.of, question.by[0]
    right = answer.verified is not None and answer.verified.ok
    if question.loss or of not in graph.names or by not in graph.inputs or not right:
        return None
    start, node = graph.node(of), graph.node(by)
    if start.over or node.over or any(size.number != 1 for size in start.shape):
        return None
    entry = largest(answer.value)
    before = number(solver.values, of)
    if entry is None or before is None or answer.layout != "gradient":
        return None
    at, slope = entry
    given = solver.values.point.values
    if len(at) != len(node.shape) or by not in given:
        return None
    for step in STEPS:
        values = {**given, by: moved(given[by], at, step)}
        try:
            after = number(Forward(graph, replace(solver.values.point, values=values)), of)
        except (GradcalcError, Undefined, TooLarge, ValueError, OverflowError):
            return None
        if after is not None and abs(after - before - slope * step) <= CLOSE * abs(slope * step):
            return Meaning(of, by, at, step, slope * step)
    return None


def number(values: Forward, name: str) -> float | None:
    """The value of a quantity that is one number."""
    found = values.lists(name)
    while isinstance(found, list):
        found = found[0] if len(found) == 1 else None
    return found if isinstance(found, int | float) else None


def largest(value: Number) -> tuple[tuple[int, ...], float] | None:
    """The entry of a value with the largest magnitude, and where it is; None where all are 0."""
    entries = [(at, x) for at, x in listed(value) if x]
    return max(entries, key=lambda pair: abs(pair[1])) if entries else None


def listed(value: Number, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], float]]:
    """The entries of a value, and where they are."""
    if isinstance(value, list):
        for k, item in enumerate(value):
            yield from listed(item, (*at, k))
    elif isinstance(value, int | float):
        yield at, value


def moved(value: Value, at: tuple[int, ...], step: float) -> Value:
    """A value with one entry displaced."""
    if isinstance(value, tuple) and at:
        return tuple(
            moved(item, at[1:], step) if k == at[0] else item for k, item in enumerate(value)
        )
    assert not isinstance(value, tuple)
    return Binary("+", value, Num(Fraction(str(step))))
