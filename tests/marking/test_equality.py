"""Is one formula equal to another? By enclosures, at points near and far, at several sizes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from gradcalc.exercise.load import exercise_from
from gradcalc.language.parser import parse
from gradcalc.marking.asked import Asked
from gradcalc.marking.equality import Rules, compare, refuted, written
from gradcalc.marking.model import Decision


def asked(expression: str, question: str, **more: Any) -> Asked:
    return Asked(exercise_from({"expression": expression, "questions": [question], **more}))


def decided(of: Asked, answer: str, **rules: Any) -> Decision:
    function = written(parse(answer, variables=of.graph.names), of.places.computation)
    return compare(function, of.right(0), of.places, Rules(**rules))


@pytest.mark.parametrize(
    ("right", "answer"),
    [
        ("cosh(311*x)^2 - sinh(311*x)^2", "1"),
        ("1 - sigmoid(x)", "sigmoid(-x)"),
        ("sqrt(x^2 + 1) - x", "1/(sqrt(x^2 + 1) + x)"),
        ("relu(x) - relu(-x)", "x"),
        ("x/x", "1"),
        ("(x^2 - 1)/(x - 1)", "x + 1"),
        ("exp(2*log(abs(x)))", "x^2"),
        ("step(x)", "relu(x)/x"),
    ],
)
def test_equal_functions_are_right(right: str, answer: str) -> None:
    of = asked(f"f = u*({right})", "df/du", variables={"x": [], "u": []})
    found = decided(of, answer)
    assert (found.verdict, found.by) == ("right", "enclosure")
    assert found.points >= 8


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("where(x > 0, 1, 0)*(1 + log(x))", "right"),
        ("(1 + log(x))*where(x <= 0, 0, 1)", "right"),
        ("where(x > 0, 1 + log(x), 0)", "right"),
        ("where(x > 0, 0, 1)*(1 + log(x))", "wrong"),
        ("where(x > 0, 1, 0)*log(x)", "wrong"),
        ("1 + log(x)", "wrong"),
    ],
)
def test_a_product_with_a_condition_is_0_where_that_does_not_hold(
    answer: str, verdict: str
) -> None:
    of = asked("f = where(x > 0, x*log(x), 0)", "df/dx", variables={"x": []})
    assert decided(of, answer).verdict == verdict


@pytest.mark.parametrize(
    ("right", "answer"),
    [
        ("0*x", "relu(x - 50)"),
        ("x", "min(x, 100)"),
        ("step(x)", "sigmoid(1000*x)"),
        ("x", "x*(1 + 1/10^12)"),
        ("x", "x + exp(-50)"),
        ("0*x", "exp(-1000)"),
        ("sqrt(x^2)", "x"),
        ("step(x)", "step(x + 1)"),
        ("step(x)", "step(x + 1/100)"),
        ("step(x)", "step(x)*(1 - step(x - 7)*step(7.01 - x))"),
        ("where(x > 1, where(x < 1.02, x, 0), 0)", "0"),
        ("relu(x*y)", "relu(x)*relu(y)"),
        ("x*y", "x*y + y/10^6"),
        ("x", "where(x > 1/2, where(x < 1, 2*x, x), x)"),
    ],
)
def test_a_difference_is_proved_by_a_point(right: str, answer: str) -> None:
    of = asked(f"f = u*({right}) + 0*y", "df/du", variables={"x": [], "y": [], "u": []})
    found = decided(of, answer)
    assert found.verdict == "wrong"
    assert found.point is not None
    x = Fraction(found.point["x"])
    assert x.denominator > 10_000  # on no kink


def test_undefined_where_the_answer_is_defined_is_wrong_unless_the_domain_is_common() -> None:
    of = asked("f = u*x", "df/du", variables={"x": [], "u": []})
    found = decided(of, "exp(log(x))")
    assert (found.verdict, found.by) == ("wrong", "undefined")
    assert found.point is not None
    assert found.point["x"].startswith("-")
    assert decided(of, "exp(log(x))", common=True).verdict == "right"
    assert decided(of, "log(-1 - x^2)").verdict == "invalid"


def test_what_is_too_large_is_not_undefined() -> None:
    of = asked("f = u*sigmoid(-exp(exp(x)))", "df/du", variables={"x": [], "u": []})
    assert decided(of, "1/(1 + exp(exp(exp(x))))").verdict == "right"


def test_the_domain_is_that_of_the_exercise() -> None:
    of = asked("f = log(x)", "df/dx")
    assert decided(of, "exp(-log(x))").verdict == "right"


def test_what_is_right_for_square_matrices_only_is_wrong() -> None:
    of = asked("f = sum(W @ x)", "df/dx", variables={"W": ["n", "n"], "x": ["n"]})
    assert decided(of, "sum(W, axis=0)").verdict == "right"
    assert decided(of, "sum(W, axis=1)").verdict == "wrong"
    of = asked("f = sum(W @ x)", "df/dW", variables={"W": ["m", "n"], "x": ["n"]})
    assert decided(of, "outer(ones(m), x)").verdict == "right"
    assert decided(of, "outer(ones(n), x)").by == "shape"


def test_sizes_of_a_right_answer_are_pairwise_different() -> None:
    variables = {"W": ["m", "n"], "x": ["n"]}
    of = asked("f = sum(W @ x)", "df/dx", variables=variables, sizes={"m": 3, "n": 3})
    found = decided(of, "W.T @ ones(m)")
    assert found.verdict == "right"
    assert {"m": 3, "n": 3} in found.sizes
    assert len([one for one in found.sizes if one["m"] != one["n"]]) == 2


def test_a_bare_number_is_not_broadcast_but_zero_is() -> None:
    of = asked("f = sum(x)", "df/dx", variables={"x": ["n"]})
    assert decided(of, "1").shapes is not None
    assert decided(of, "ones(n)").verdict == "right"
    of = asked("f = sum(x) + 0*sum(y)", "df/dy", variables={"x": ["n"], "y": ["n"]})
    assert decided(of, "0").verdict == "right"


def test_columns_count_as_vectors_unless_strict() -> None:
    of = asked("f = sum(W @ x)", "df/dx", variables={"W": ["m", "n"], "x": ["n", 1]})
    assert decided(of, "sum(W, axis=0)").verdict == "right"
    assert decided(of, "sum(W, axis=0)", loose=False).by == "shape"
    assert decided(of, "W.T @ ones(m, 1)", loose=False).verdict == "right"


EXAMPLES: dict[str, Any] = {
    "examples": {"i": "m"},
    "variables": {"x": {"shape": ["n"], "each": "i"}, "w": ["n"]},
}


def test_per_example_and_stacked_answers_are_both_read() -> None:
    of = asked("z = w @ x\nJ = sum(z^2, i)/m", "dJ/dz", **EXAMPLES)
    assert decided(of, "2*z/m").form == "per example"
    assert decided(of, "2*Z/m").form == "stacked"
    of = asked("z = w @ x\nJ = sum(z^2, i)/m", "dJ/dw", **EXAMPLES)
    assert decided(of, "2*X @ Z/m").verdict == "right"
    assert decided(of, "sum(2*z*x, i)/m").verdict == "right"
    assert decided(of, "2*z*x/m").by == "shape"


def test_mistakes_are_refuted_cheaply() -> None:
    of = asked("f = sum(A @ x)", "df/dx", variables={"A": ["m", "n"], "x": ["n"]})
    right = of.right(0)
    for text, differs in (("sum(A, axis=0)", False), ("-sum(A, axis=0)", True), ("x", True)):
        function = written(parse(text), of.places.computation)
        assert refuted(function, right, list(of.places)[:2]) is differs


def test_unknown_functions_stand_for_any() -> None:
    variables = {"g": {"function": 1}, "x": []}
    of = asked("f = g(x^2)", "df/dx", variables=variables)
    answer = written(parse("2*x*g'(x^2)", {"g"}), of.places.computation)
    assert compare(answer, of.right(0), of.places).verdict == "right"
    answer = written(parse("2*x*g'(x)", {"g"}), of.places.computation)
    assert compare(answer, of.right(0), of.places).verdict == "wrong"
