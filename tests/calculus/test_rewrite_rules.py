"""Each rule of rewriting by an example, and what the search leaves as it is."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.rewrite_rules import RULES, shortest
from gradcalc.calculus.sympy_functions import function_class

a, b, c, s, t = sp.symbols("a b c s t", real=True)
root = sp.sqrt(1 + a**2)
sigmoid = function_class("sigmoid")

EXAMPLES = [
    ("meet", sp.sinh(a) * b / sp.cosh(a), b * sp.tanh(a)),
    ("roots", 1 / root - a**2 / root**3, root**-3),
    ("cancel", (a**2 - b**2) / (a - b) + c / (a - b) * (a - b), a + b + c),
    ("factor", 1 / (a + b) ** 2 - 1 / (a + b) ** 2 * a / (a + b), b / (a + b) ** 3),
    ("draw out", a * b + a * c, a * (b + c)),
    ("expand", 1 - (2 * a - 1) ** 2, 4 * a * (1 - a)),
    ("one sign", a * (b - c) + s * (c - b), (a - s) * (b - c)),
    ("one bar", sp.sin(a) / (1 + b * c) - t / (1 + b * c) ** 2, None),
    ("multiply out", a * (1 - a) * (b / a - c / (1 - a)), b * (1 - a) - a * c),
    ("complement", a - a**2 + b, a * (1 - a) + b),
]


@pytest.mark.parametrize(("name", "expr", "wanted"), EXAMPLES, ids=[name for name, *_ in EXAMPLES])
def test_a_rule_gives_an_equal_form_that_is_found(
    name: str, expr: sp.Expr, wanted: sp.Expr | None
) -> None:
    lengths = Lengths()
    rule = next(rule for rule in RULES if rule.name == name)
    assert rule.applies(expr)
    for form in rule.rewrite(expr, lengths):
        assert sp.simplify(form - expr) == 0
    found = shortest(expr, lengths)
    assert lengths.cost(found) <= lengths.cost(expr)
    assert wanted is None or sp.simplify(found - wanted) == 0 == lengths.cost(found) - lengths.cost(
        wanted
    )


def test_every_rule_has_an_example() -> None:
    assert {rule.name for rule in RULES} == {name for name, *_ in EXAMPLES}


@pytest.mark.parametrize(
    "expr",
    [
        a * sp.exp(-a) + sp.exp(-2 * a),  # exponentials are not pulled apart
        (1 - a**2) * sp.exp(-(a**2) / 2 - b**2),
        a**2 + a * b + c * b,  # nothing that all share
        1 / a - (b - c) ** 2 / a**3,  # another form is as long
        4 * a**3 - 2 * b * a + c,
    ],
    ids=str,
)
def test_what_nobody_asked_for_is_not_done(expr: sp.Expr) -> None:
    assert shortest(expr, Lengths()) == expr
