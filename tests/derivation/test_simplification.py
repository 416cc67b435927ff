"""The line of algebra that is shown, and the facts that a simplification is said to have used."""

from __future__ import annotations

import pytest

from gradcalc.derivation.form_changes import canonical
from gradcalc.derivation.simplification import multiplied_out
from gradcalc.language.parser import Expr, Name, parse
from gradcalc.report.lines import text_line
from helpers.derivations import derivation_of, shipped_derivation, steps

VECTORS = {"p", "y"}


def rank(expr: Expr) -> int | None:
    """1 where p or y occurs outside a sum."""
    text = str(expr)
    return int(
        any(isinstance(expr, Name) and expr.id in VECTORS for expr in [expr]) or "'p'" in text
    )


@pytest.mark.parametrize(("before", "after"), [
    ("((1 - y)/(1 - h) - y/h)/m*h*(1 - h)", "((1 - y)*h - y*(1 - h))/m"),
    ("(a/b + c)*b", "a + c*b"),
    ("-(a/b - c)*b", "-a + c*b"),
    ("p*(-y/p) - (p.T @ (-y/p))*p", "-y + sum(y)*p"),
    ("a/b*b", "a"),
])  # fmt: skip
def test_where_divisors_cancel_a_product_is_multiplied_out(before: str, after: str) -> None:
    found = multiplied_out(parse(before), rank)
    assert found is not None
    assert canonical(found) == canonical(parse(after))


@pytest.mark.parametrize("before", ["(a + b)*c", "1/v*(2*x) - f/v", "-(1/v)*(1/v)", "a*b/c"])
def test_where_nothing_cancels_there_is_no_such_line(before: str) -> None:
    assert multiplied_out(parse(before), rank) is None


def facts(text: str, quantity: str) -> list[str]:
    found = derivation_of(text)
    return [text_line(line, found.names) for line in steps(found)[quantity].facts]


CROSS = """
expression: |
  p = softmax(z)
  L = -sum(y * log(p))
variables: {z: [3], y: {shape: [3]%s}}
values: {z: [1, 0, 2], y: [0, 1, 0]}
questions: [dL/dz]
"""


def test_that_labels_sum_to_one_is_said_where_it_is_used() -> None:
    assert facts(CROSS % ", assume: onehot", "z") == ["sum(y) = 1 (y is one-hot)"]
    assert facts(CROSS % "", "z") == []


def test_a_definition_is_said_where_it_is_used_and_not_where_one_behind_it_is() -> None:
    found = shipped_derivation("determinant")
    step = next(s for one in found.passes if one.of == "f" for s in one.steps if s.quantity == "X")
    assert [text_line(line, found.names) for line in step.facts] == ["f = D²"]


def test_algebra_alone_needs_no_fact() -> None:
    passes = shipped_derivation("logistic-regression").passes
    step = next(step for step in passes[0].steps if step.quantity == "z")
    assert step.between is not None
    assert step.facts == ()


def test_every_fact_that_is_said_is_needed() -> None:
    """Without values nothing can be tried, and nothing is said."""
    assert facts(CROSS.replace("values: {z: [1, 0, 2], y: [0, 1, 0]}\n", "") % "", "z") == []
