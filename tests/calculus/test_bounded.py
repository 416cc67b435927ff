"""Simplification is bounded by counts, so that it ends."""

from __future__ import annotations

import time

import pytest
import sympy as sp

import gradcalc
from gradcalc.calculus import bounded
from gradcalc.calculus.effort import expandable, raisable

x = sp.Symbol("x", real=True)


@pytest.mark.parametrize(
    ("expr", "may"),
    [
        ((x + 1) ** 24, True),
        ((x + 1) ** 25, False),
        (sp.exp(-((x - 2) ** 2) / 2) + x, True),
        (sp.exp(-((x - 100) ** 2) / 2) + x, False),  # of degree 100 in e^x, and 5,000 in e
        (sp.exp(5000) * x + 1, False),
        (x + sp.Rational(10) ** 40, True),
        ((x + sp.Integer(10) ** 40) ** 20, False),
    ],
)
def test_what_expands_beyond_the_bounds_is_left_alone(expr: sp.Expr, may: bool) -> None:
    assert expandable(expr) == may
    if not may:
        assert bounded.expand(expr) == expr == bounded.factor(expr) == bounded.cancel(expr)


@pytest.mark.parametrize(
    ("expr", "may"),
    [(sp.Integer(2) ** (3 * x), True), (sp.Rational(1000001, 10**6) ** (10**6 * x), False)],
)
def test_powers_of_numbers_are_computed_only_while_they_are_short(expr: sp.Expr, may: bool) -> None:
    assert raisable(expr) == may
    if not may:
        assert bounded.powsimp(expr * x) == expr * x


@pytest.mark.parametrize(
    "expression",
    [
        "exp(-(x - 100)^2/2) + x",
        "exp(-(x - 1000)^4/2)*x + (x + 1e30)^9",
        "1.000001^(1000000*x)",
        "2^(300*x^2)*3^(1000*x) + x^(300/7)",
        "(1 + x)^200*exp(x)",
        "exp(500)*x^2 + exp(499)*x",
    ],
)
def test_derivatives_of_steep_powers_end(expression: str) -> None:
    """Each took a minute to hours, or did not end."""
    started = time.process_time()
    data = {"expression": expression, "values": {"x": 1}, "questions": ["df/dx", "d2f/dx2"]}
    result = gradcalc.solve(data)
    assert [answer.verified and answer.verified.ok for answer in result.answers] == [True, True]
    assert time.process_time() - started < 5


@pytest.mark.parametrize("power", [12, 100, 160, 300])
@pytest.mark.parametrize(
    "formula", ["log(C*u + v)", "C*u/(C*u + v)", "(u + C*v)^2/(C*u + 3*v)^2", "sqrt(C*u^2 + v^2/C)"]
)
def test_long_numbers_in_several_variables_end(power: int, formula: str) -> None:
    """SymPy factors them modulo a prime that is longer, and looks for it for seconds."""
    started = time.process_time()
    lines = f"u = exp(x)\nv = exp(2*y)\nf = {formula.replace('C', f'1e{power}')}"
    data = {"expression": lines, "values": {"x": 0, "y": 1}, "questions": ["df/dx", "df/dy"]}
    result = gradcalc.solve(data)
    assert all(answer.verified and answer.verified.ok for answer in result.answers)
    assert time.process_time() - started < 4


def test_what_is_too_steep_to_expand_is_still_shortened() -> None:
    data = {"expression": "exp(-(x - 100)^2/2)", "questions": ["d2f/dx2"]}
    assert gradcalc.solve(data).answers[0].symbolic == "f*((100 - x)^2 - 1)"
