"""Walks the table of operations: every rule against numeric differences, every entry complete; and tests the test."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from gradcalc.exercise import Exercise
from gradcalc.numeric.backends import Undefined, decimals
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE, Op
from gradcalc.scalar import function_class
from gradcalc.solve import solve
from gradcalc.syntax import parse

DIGITS, STEP = 60, 25
# stop_gradient has derivative 0 by definition, which no difference can tell.
SMOOTH = [
    op for op in TABLE.values() if any(op.partials) and op.signature == "elementwise" and op.name != "stop_gradient"
]
RULES = [(op, k) for op in SMOOTH for k, partial in enumerate(op.partials) if partial]


def mismatches(op: Op, operand: int, partial: str) -> int:
    """At how many of 20 points in the domain a local derivative differs from a central difference in 60 digits."""
    numbers, random, wrong, compared = decimals(DIGITS), Random(f"{op.name} {operand}"), 0, 0
    step = numbers.scalar.constant(1) / 10**STEP
    tree = parse(partial)
    for _ in range(400):
        point = {name: numbers.scalar.number(round(random.uniform(-3, 3), 3)) for name in op.operands}
        if op.name == "where":
            point["c"] = point["c"] > 0
        moved = [{**point, op.operands[operand]: point[op.operands[operand]] + sign * step} for sign in (1, -1)]
        try:
            high, low = (op.value(numbers.scalar, *place.values()) for place in moved)  # type: ignore[misc]
            result = op.value(numbers.scalar, *point.values())  # type: ignore[misc]
            values = {name: Tensor(value) for name, value in {**point, "r": result}.items()}
            claimed = chosen(point, operand) if op.name == "where" else evaluate(tree, Env(numbers, values)).data
        except (Undefined, ZeroDivisionError, ValueError):
            continue
        found = (high - low) / (2 * step)
        wrong += bool(abs(found - claimed) > 1e-15 * (1 + abs(found)))
        compared += 1
        if compared == 20:
            return wrong
    pytest.fail(f"{op.name}: only {compared} points in its domain")


def chosen(point: Mapping[str, Any], operand: int) -> int:
    """The derivative of where(c, x, y): a condition has no tensor of its own."""
    return int(bool(point["c"]) == (operand == 1))


@pytest.mark.parametrize(("op", "operand"), RULES, ids=lambda item: getattr(item, "name", str(item)))
def test_local_derivative(op: Op, operand: int) -> None:
    """Each local derivative of the table is the limit of differences."""
    assert mismatches(op, operand, op.partials[operand]) == 0


@pytest.mark.parametrize("name", ["mul", "sigmoid", "tanh", "log", "pow", "gelu", "atan"])
def test_a_rule_wrong_by_half_a_per_mille_is_found(name: str) -> None:
    """The check above fails on a rule that is wrong by 0.05 %."""
    assert mismatches(TABLE[name], 0, f"1.0005*({TABLE[name].partials[0]})") == 20


@pytest.mark.parametrize("op", [op for op in SMOOTH if op.form], ids=lambda op: op.name)
def test_sympy_agrees(op: Op) -> None:
    """A local derivative is what SymPy makes of the scalar form."""
    import sympy as sp

    from gradcalc.scalar import from_ast

    operands = {name: sp.Symbol(name, positive=True) for name in op.operands}
    form = from_ast(parse(op.form), operands)
    rewritten = {"sigmoid": lambda x: 1 / (1 + sp.exp(-x))}
    for name, partial in zip(op.operands, op.partials, strict=True):
        rule = from_ast(parse(partial), {**operands, "r": form})
        for word, plain in rewritten.items():
            rule = rule.replace(function_class(word), plain)
        gap = sp.diff(form, operands[name]) - rule
        points = [sp.Rational(3, 10), sp.Rational(7, 10)]
        for shift in points:
            place = {symbol: shift + sp.Rational(k, 7) / 5 for k, symbol in enumerate(operands.values())}
            assert abs(gap.subs(place).evalf(40)) < 1e-30


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_an_entry_is_complete(op: Op) -> None:
    """Every operation has words and, where one can call it, an example."""
    assert op.sentence
    assert op.example or op.name == "toaxis"


def test_a_wrong_rule_does_not_pass_as_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule wrong by 0.05 % anywhere in the table makes the answer that uses it unverified."""
    import dataclasses

    exercise = Exercise.from_dict(
        {"expression": ["a = silu(w*x)", "f = a^2"], "values": {"w": 2, "x": "1/3"}, "questions": ["df/dw"]}
    )
    assert solve(exercise).answers[0].verified.ok is True  # type: ignore[union-attr]
    wrong = dataclasses.replace(TABLE["silu"], partials=(f"1.0005*({TABLE['silu'].partials[0]})",))
    monkeypatch.setitem(TABLE, "silu", wrong)  # type: ignore[arg-type]
    function_class.cache_clear()
    try:
        assert solve(exercise).answers[0].verified.ok is False  # type: ignore[union-attr]
    finally:
        monkeypatch.undo()
        function_class.cache_clear()
