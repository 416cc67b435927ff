"""Labels are 0 or 1."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.labels import labels_met
from gradcalc.calculus.sympy_functions import apply
from helpers.answers import answer

Y, P, Q = (sp.Symbol(name, real=True) for name in "ypq")


@pytest.mark.parametrize(
    ("given", "met"),
    [
        (Y**2 * P, Y * P),
        (Y * (1 - Y) * P, sp.S.Zero),
        (apply("where", [apply("eq", [Y, sp.S.One]), P, Q]), Y * P + (1 - Y) * Q),
        (apply("where", [apply("gt", [Y, sp.S.Half]), P, Q]), Y * P + (1 - Y) * Q),
        (apply("where", [apply("eq", [Y, sp.S.Zero]), P, Q]), (1 - Y) * P + Y * Q),
        (P**2, P**2),
    ],
)
def test_what_holds_of_a_label(given: sp.Expr, met: sp.Expr) -> None:
    assert sp.expand(labels_met(given, {Y}) - met) == 0


@pytest.mark.parametrize(
    ("lines", "assume", "formula"),
    [
        ("p = sigmoid(s); E = where(y == 1, -log(p), -log(1 - p))", "binary", "p - y"),
        ("p = sigmoid(s); E = -log(p^y*(1 - p)^(1 - y))", "binary", "p - y"),
        ("p = sigmoid(s); E = -(y*log(p) + (1 - y)*log(1 - p))", "binary", "p - y"),
    ],
)
def test_two_cases_of_a_likelihood(lines: str, assume: str, formula: str) -> None:
    found = answer(lines, {"s": [], "y": []}, {"y": assume}, "dE/ds", seed=1)
    assert found.text == formula
    assert found.verified
    assert found.verified.ok


@pytest.mark.parametrize(
    ("lines", "formula"),
    [
        ("p = softmax(s); q = sum(y*p); E = -log(q)", "p - y"),
        ("p = softmax(s); E = sum((1 - p)*y)", "p @ y*(p - y)"),
    ],
)
def test_what_a_one_hot_label_chooses(lines: str, formula: str) -> None:
    found = answer(lines, {"s": ["k"], "y": ["k"]}, {"y": "onehot"}, "dE/ds", seed=1)
    assert found.text == formula
