"""Numbers that were given as an answer, beside the right ones: within the tolerance of the policy,
entry by entry.
"""

from __future__ import annotations

import math
from typing import Any

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.model import Grading, Value
from gradcalc.language.formula_pieces import Number
from gradcalc.language.shape_rules import Shape
from gradcalc.marking.functions import UNCHECKED
from gradcalc.marking.model import INVALID, RIGHT, WRONG, Decision, Entries
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.forward import at, rounded
from gradcalc.numeric.precision import climb
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor


def judge_value(
    value: Value, right: Number, policy: Grading, per_example: Shape | None = None
) -> Decision:
    """Is a number, or an array of numbers, near enough to the right one? One number stands for
    those of all examples where each has one (`per_example`: the shape for each).
    """
    try:
        got = numbers(value)
    except Undefined as problem:
        return Decision(INVALID, "undefined", reason=problem.message)
    shape, wanted = shape_of_value(value), _shape(right)
    if _squeezed(shape) != _squeezed(wanted) or (
        policy.columns == "strict" and not _same(shape, wanted)
    ):
        each = per_example is not None and all(size.number == 1 for size in per_example)
        alike = not shape and (each or got == [0.0])
        if not alike:
            return Decision(WRONG, "shape", shapes=(_said(shape), _said(wanted)))
        got = got * math.prod(wanted)
    want = _flat(right)
    found = [near(a, b, policy) for a, b in zip(got, want, strict=True)]
    verdict = RIGHT if all(found) else WRONG
    return Decision(verdict, "value", entries=_rows(found, wanted))


def near(number: float, right: float, policy: Grading) -> bool:
    """Within the tolerance, or with as many significant digits right as the policy asks for."""
    gap = abs(number - right)
    if policy.digits is not None and right:
        place = math.floor(math.log10(abs(right))) - policy.digits + 1
        return gap <= 0.5000001 * 10.0**place
    return gap <= max(float(policy.absolute), float(policy.relative) * abs(right))


def numbers(value: Value) -> list[float]:
    """The entries of a value, row by row. Raises Undefined."""
    if isinstance(value, tuple):
        return [number for item in value for number in numbers(item)]

    def known(bits: int) -> Tensor:
        return rounded(evaluate(value, at({}, bits)))

    try:
        found = climb(known)
        if not found.plain:
            raise Undefined("this is an array: write it as a list of its rows")
        return [float(found.data)]
    except UNCHECKED as problem:
        raise Undefined(f"it cannot be computed: {problem}") from None


def _flat(right: Number) -> list[float]:
    if isinstance(right, list):
        return [number for item in right for number in _flat(item)]
    return [float(right)]


def _shape(right: Number) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(right, list):
        shape.append(len(right))
        right = right[0]
    return tuple(shape)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _same(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one == other or not (_squeezed(one) or _squeezed(other))


def _said(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if len(shape) > 1 else f"[{shape[0]}]" if shape else "a number"


def _rows(found: list[bool], shape: tuple[int, ...]) -> Entries:
    if not shape:
        return None
    rows: list[Any] = list(found)
    for length in reversed(shape[1:]):
        rows = [rows[k : k + length] for k in range(0, len(rows), length)]
    return rows
