"""Simplification of terms: what it may cost, and that it stays equal."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.simplify import Simplifier, apart, slope
from gradcalc.calculus.sympy_functions import function_class

a, b, c, d, e = sp.symbols("a b c d e", real=True)


@pytest.mark.parametrize(
    ("expr", "parts"),
    [
        (a * b * (1 - b) * (1 - c**2), {a, b * (1 - b), 1 - c**2}),
        (a * (1 - b) * (1 - c**2) / c, {a, 1 - b, (1 - c**2) / c}),
        (a * (b - 1) / c / (d - 1), {a, b - 1, 1 / c, 1 / (d - 1)}),
        (a * b * (1 - c) + a * d * (1 - c), {a, 1 - c, b + d}),
        (3 * a * (1 - b) / 4, {a, 1 - b, sp.Rational(3, 4)}),
        (a + b, {a + b}),
        (a * (b + 1 / a), {a * (b + 1 / a)}),  # they cancel
    ],
)
def test_factors_that_cannot_cancel_are_simplified_apart(
    expr: sp.Expr, parts: set[sp.Expr]
) -> None:
    assert set(apart(expr)) == parts


def test_a_product_of_many_gates_costs_no_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    factor = sp.factor

    def counted(expr: sp.Expr) -> sp.Expr:
        seen.append(len(expr.free_symbols))
        return factor(expr)

    monkeypatch.setattr(sp, "factor", counted)
    gates = a * (1 - a) * b * (1 - b) * (1 - c**2) * (d - e / d) / c
    tidied = Simplifier(Lengths()).tidy(gates)
    assert max(seen, default=0) <= 3
    assert sp.simplify(tidied - gates) == 0


@pytest.mark.parametrize(
    "expr",
    [
        a,
        b,
        3 * a - b,
        a * b * (1 - a) ** 2 / c,
        (a + b / a) ** sp.Rational(3, 2),
        2 * (a + b) ** 2,
        function_class("sigmoid")(a * b) * function_class("tanh")(c) + sp.exp(a) ** 2,
        function_class("where")(a, a * b, c * a),
    ],
    ids=str,
)
def test_a_slope_is_that_of_sympy(expr: sp.Expr) -> None:
    assert slope(expr, a) == sp.diff(expr, a)


def test_a_slope_is_taken_without_sympy_checking_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sp, "diff", lambda *_: pytest.fail("sp.diff"))
    assert slope(a**2 * function_class("sigmoid")(a * b), b) != 0
