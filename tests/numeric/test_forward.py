"""The forward computation: values, stable functions, and every way in which there is no value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from gradcalc.language.parser import Num, parse
from gradcalc.numeric.evaluate import stacked
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward, Point
from gradcalc.numeric.scalar_functions import Undefined, Unknown
from helpers.graphs import graph_of


def softmax(a: Any, axis: int) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=axis, keepdims=True)


def scalar(text: str, **values: str) -> float:
    """The last quantity of a scalar exercise."""
    given = ", ".join(f"{name}: {value}" for name, value in values.items())
    graph = graph_of(f"expression: |\n  f = {text}\nvalues: {{{given}}}\n")
    found = Forward(graph, given_point(graph))
    if "f" in found.undefined:
        raise found.undefined["f"]
    return float(found["f"].data)


@pytest.mark.parametrize(
    ("text", "x", "want"),
    [
        ("sigmoid(x)", "1000", 1.0), ("sigmoid(x)", "-700", 9.859676543759770e-305), ("softplus(x)", "1000", 1000.0),
        ("softplus(x)", "-700", 9.859676543759770e-305), ("log(sigmoid(x))", "-1000", -1000.0), ("1 - sigmoid(x)", "40", 4.248354255291589e-18),
        ("log(1 + exp(x))", "1000", 1000.0), ("-(0*log(sigmoid(x)) + (1 - 0)*log(1 - sigmoid(x)))", "1000", 1000.0),
        ("1 - tanh(x)^2", "50", 1.4880303904083345e-43), ("exp(x)/(1 + exp(x))", "1000", 1.0), ("1/(1 + exp(-x))", "-1000", 0.0),
        ("sin(pi*x)", "1", 0.0), ("0.1 + 0.2 - 0.3*x", "1", 0.0),
    ],
)  # fmt: skip
def test_scalars_are_right_to_the_last_digit(text: str, x: str, want: float) -> None:
    """D5: no overflow, no cancellation; as many digits as it takes."""
    assert scalar(text, x=x) == pytest.approx(want, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("expression", "want"),
    [
        ("logsumexp([1000, 0, -1000])", 1000.0), ("logsumexp([-1000, -1000])", -999.306852819440),
        ("softmax([1000, 0, -1000])", [1.0, 0.0, 0.0]), ("log_softmax([1000, 0])", [0.0, -1000.0]),
        ("log_softmax([50, 0])", [-1.928749847963918e-22, -50.0]), ("sigmoid([1000, -1000, -700])", [1.0, 0.0, 9.85967654375977e-305]),
        ("softplus([1000, -700])", [1000.0, 9.85967654375977e-305]), ("log(sigmoid([-1000, 0]))", [-1000.0, -0.6931471805599453]),
        ("-sum([1, 0]*log(softmax([-1000, 0])))", 1000.0),
    ],
)  # fmt: skip
def test_arrays_are_stable(expression: str, want: Any) -> None:
    """D5: sigma, softplus, log-sum-exp, softmax, cross entropy at ±1000, relative error at most 1e-12."""
    graph = graph_of(f"expression:\n  - f = {expression} + 0*x\nvalues: {{x: 1}}\n")
    found = Forward(graph, given_point(graph))
    assert found.undefined == {}
    assert np.allclose(found["f"].data, want, rtol=1e-12, atol=0)


@pytest.mark.parametrize("order", ["x: 0, y: 0", "y: 0, x: 0"])
def test_zero_over_zero_is_refused_in_any_order(order: str) -> None:
    """D6: x/y at 0, 0."""
    graph = graph_of(f"expression: f = x/y\nvalues: {{{order}}}\n")
    found = Forward(graph, given_point(graph))
    assert str(found.undefined["f"]) == "0 / 0 is undefined (in `x/y`)"


@pytest.mark.parametrize(
    ("derivative", "x", "message"),
    [
        ("1/(2*sqrt(x))", "0", "1 / 0 is undefined"), ("2/3*x^(-1/3)", "0", "0^(-0.333333) is undefined"), ("1/x", "0", "1 / 0"),
        ("log(x)", "0", "log of 0 is undefined"), ("log(x)", "-1", "log of -1 is undefined"), ("-1/x^2", "0", "1 / 0 is undefined"),
        ("1 + tan(x)^2", "pi/2", "to working precision"), ("x^x*(log(x) + 1)", "0", "log of 0 is undefined"),
        ("1/sqrt(1 - x^2)", "1", "1 / 0 is undefined"), ("-1/sqrt(1 - x^2)", "-1", "1 / 0 is undefined"),
        ("1/(cos(x)*1)", "pi/2", "cannot be told to working precision"), ("0^x*log(0*x)", "2", "log of 0 is undefined"),
    ],
)  # fmt: skip
def test_infinite_derivatives_are_refused(derivative: str, x: str, message: str) -> None:
    """D4: the derivative's own formula is evaluated, and says which step has no value."""
    graph = graph_of(f"expression: f = x + 1\nvalues: {{x: {x}}}\n")
    with pytest.raises(
        Undefined, match=message.replace("^", r"\^").replace("(", r"\(").replace(")", r"\)")
    ):
        Forward(graph, given_point(graph)).evaluate(parse(derivative))


def test_what_depends_on_an_undefined_quantity_names_the_cause() -> None:
    graph = graph_of("expression: |\n  q = log(x)\n  r = x + 1\n  f = q + 1\nvalues: {x: -2}\n")
    found = Forward(graph, given_point(graph))
    assert found.lists("r") == -1
    assert found.lists("f") is None
    assert str(found.undefined["f"]) == "log of -2 is undefined (in `log(x)`)"


def test_an_untaken_branch_may_be_undefined() -> None:
    assert scalar("where(x > 0, x*log(x), 0)", x="0") == 0
    graph = graph_of(
        "expression: f = where(v > 0, v*log(v), 0)\nvariables: {v: [3]}\nvalues: {v: [0, 1, -2]}\n"
    )
    assert Forward(graph, given_point(graph)).lists("f") == [0.0, 0.0, 0.0]


def test_a_taken_branch_may_not() -> None:
    graph = graph_of(
        "expression: f = where(v > -1, log(v), 0)\nvariables: {v: [2]}\nvalues: {v: [0, 1]}\n"
    )
    assert (
        str(Forward(graph, given_point(graph)).undefined["f"])
        == "log of 0 is undefined (in `log(v)`)"
    )


PER_EXAMPLE = """
expression: |
  z = W @ x + b
  a = relu(z)
  s = sum(a)
  J = mean(s, i)
examples: {i: m}
variables:
  W: [2, 3]
  x: {shape: [3, 1], each: i}
  b: [2, 1]
values:
  W: [[1, 0, -1], [2, 1, 0]]
  x: [[1, 2, 3, 4], [0, 1, 0, 1], [1, 1, 1, 1]]
  b: [[0], [-1]]
"""


def test_stacks_have_the_examples_last() -> None:
    """[D, 1] becomes D × m, [] becomes m; values of per-example inputs are stacks."""
    graph = graph_of(PER_EXAMPLE)
    found = Forward(graph, given_point(graph))
    assert found.lists("z") == [[0, 1, 2, 3], [1, 4, 5, 8]]
    assert found.lists("s") == [1, 5, 7, 11]
    assert found.lists("J") == 6
    assert stacked(found["x"], found.env()).shape == (3, 4)


def test_defined_indices_become_axes() -> None:
    graph = graph_of(
        "expression: 'p[k] = exp(s[k]) / sum(exp(s[l]), l)'\nindices: {k: 3, l: 3}\nvariables: {s: [3]}\nvalues: {s: [1, 2, 3]}\n"
    )
    assert Forward(graph, given_point(graph)).lists("p") == pytest.approx(
        list(softmax(np.array([1.0, 2, 3]), 0))
    )


def test_functions_of_the_exercise_are_evaluated() -> None:
    graph = graph_of("expression: |\n  g(t) = t^2 + c\n  f = g(x) * g(2*x)\nvalues: {x: 1, c: 3}\n")
    assert Forward(graph, given_point(graph)).lists("f") == 28


def test_missing_values_are_listed_not_refused() -> None:
    graph = graph_of("expression: f = x*y + 1\nvalues: {x: 1}\n")
    point = given_point(graph)
    assert point.missing == ("y",)
    assert isinstance(Forward(graph, point).undefined["f"], Unknown)


def test_a_point_is_only_data() -> None:
    graph = graph_of("expression: f = x^2\n")
    assert Forward(graph, Point({}, {"x": Num(Fraction(3, 2))})).lists("f") == 2.25
