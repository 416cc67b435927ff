"""Kinks and ties at a point, and the convention that holds there."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.graph.model import Graph
from gradcalc.language.parser import parse
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward
from gradcalc.numeric.kinks import Kink, places
from helpers.answers import solved
from helpers.graphs import graph_of


def found_kinks(graph: Graph) -> list[Kink]:
    return places(Forward(graph, given_point(graph)))


@pytest.mark.parametrize(
    ("text", "x", "want"),
    [
        ("relu(x)", "0", ["x is 0: relu'(0) = 0 by convention"]),
        ("abs(x - 1)", "1", ["x - 1 is 0: abs'(0) = 0 by convention"]),
        (
            "step(x) + sign(x)",
            "0",
            ["x is 0: step'(0) = 0 by convention", "x is 0: sign'(0) = 0 by convention"],
        ),
        (
            "max(x, 2, 2*x - 2)",
            "2",
            [
                "x, 2 and 2*x - 2 are equal: at a tie max shares the gradient evenly, two by two, by convention"
            ],
        ),
        (
            "max(x, 2)",
            "2",
            ["x and 2 are equal: at a tie max shares the gradient evenly, by convention"],
        ),
        ("relu(0.1 + 0.2 - x)", "0.3", ["0.1 + 0.2 - x is 0: relu'(0) = 0 by convention"]),
        (
            "where(x > 1, 2*x, x + 1)",
            "1",
            ["x is 1: the derivative is that of the branch that is taken, by convention"],
        ),
        ("relu(x) + max(x, 2)", "1", []),
    ],
)
def test_kinks_name_the_convention(text: str, x: str, want: list[str]) -> None:
    graph = graph_of(f"expression: f = {text}\nvalues: {{x: {x}}}\n")
    assert [kink.message for kink in found_kinks(graph)] == want


def test_a_jump_is_no_kink() -> None:
    graph = graph_of("expression: f = where(x > 1, 2*x, x)\nvalues: {x: 1}\n")
    found = found_kinks(graph)
    assert [kink.slug for kink in found] == ["jump"]
    assert (
        found[0].message == "x is 1, where where(x > 1, 2*x, x) jumps: it has no derivative there"
    )


def test_kinks_in_arrays_say_which_entry() -> None:
    text = "expression: |\n  a = relu(v)\n  n = norm(w)\n  t = max(v)\nvariables: {v: [3], w: [2]}\nvalues: {v: [1, 0, 1], w: [0, 0]}\n"
    graph = graph_of(text)
    assert [kink.message for kink in found_kinks(graph)] == [
        "v[1] is 0: relu'(0) = 0 by convention",
        "norm(w) is 0: its derivative there is 0 by convention",
        "entries of v tie: at a tie max shares the gradient evenly, by convention",
    ]


def test_the_derivative_of_a_norm_at_zero_is_zero_by_convention() -> None:
    graph = graph_of("expression: r = norm(w)\nvariables: {w: [2]}\nvalues: {w: [0, 0]}\n")
    found = Forward(graph, given_point(graph))
    for text in ("w/r", "w/norm(w)", "3*w/(2*norm(w))"):
        assert np.array_equal(found.evaluate(parse(text)).data, [0, 0])


@pytest.mark.parametrize(
    ("line", "question", "ok", "value"),
    [
        ("f = 1e-100*abs(x)", "df/dx", None, 0.0),  # a kink of a small function is one
        ("f = abs(x)^3 + 1e-120*abs(x)", "df/dx", None, 0.0),
        ("f = 1e-150*abs(x) + 2*x", "df/dx", True, 2.0),  # beside 2 nothing shows of it
        ("f = 1e300*abs(x)^3 + 1e-250*x", "df/dx", True, 1e-250),
        ("f = 1e-90*abs(x)^3", "d2f/dx2", True, 0.0),
        ("f = x^2*abs(x) + 5*x", "df/dx", True, 5.0),
        ("f = 1e-200*x*abs(x)", "d2f/dx2", None, 0.0),
        ("f = 1e-200*x^2*abs(x)", "d2f/dx2", True, 0.0),
    ],
)
def test_sides_are_compared_at_the_scale_of_the_slope(
    line: str, question: str, ok: bool | None, value: float
) -> None:
    (answer,) = solved(line, question, values={"x": 0}).answers
    assert answer.value == value
    assert answer.verified is not None
    assert answer.verified.ok is ok
    assert bool(answer.warnings) == (ok is None)


def test_the_entry_of_a_sum_is_named_with_parentheses() -> None:
    (answer,) = solved("f = sum(abs(x[1:] - x[:-1]))", "df/dx", values={"x": [1, 1, 4]}).answers
    assert [problem.message for problem in answer.warnings] == [
        "(x[1:] - x[:-1])[0] is 0: abs'(0) = 0 by convention"
    ]


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("f = where(y == 1, 1, y)^2", 2.0),
        ("f = exp(where(1 == y, 1, y))", 2.718281828459045),
        ("f = 3*sin(where(y == 1, 1, y))", 1.620906917604419),
    ],
)
def test_a_point_that_lies_on_the_curve_is_no_jump(line: str, want: float) -> None:
    """The formula, where(y == 1, 0, 1), does not hold there; all sides agree."""
    (answer,) = solved(line, "df/dy", values={"y": 1}).answers
    assert answer.value == want
    assert [problem.slug for problem in answer.warnings] == ["limit"]


@pytest.mark.parametrize(
    ("line", "y", "named"),
    [
        ("min(cos(y), where(y > pi, y, pi))", "pi", False),
        ("where(y > pi, y, pi) - where(y > pi, y, pi) + y", "pi", False),
        ("where(y > 2*pi, 2*y, y + 2*pi)", "2*pi", True),
        ("max(sqrt(2), where(y >= sqrt(2), y, 2*y - sqrt(2)) - 1/2)", "sqrt(2)", False),
        ("where(y > sqrt(2), y^2, 2*sqrt(2)*y - 2)", "sqrt(2)", False),
        ("where(y > e, y, e)^2", "e", True),
    ],
)
def test_a_kink_at_an_irrational_number_is_named_where_the_value_depends_on_it(
    line: str, y: str, named: bool
) -> None:
    found = solved(f"f = {line}", "df/dy", variables={"y": []}, values={"y": y})
    answer = found["df/dy"]
    assert [warning.slug for warning in answer.warnings] == (["kink"] if named else [])
    assert answer.verified
    assert answer.verified.ok is (None if named else True)


def test_an_angle_jumps_where_the_first_operand_crosses_0_below_0() -> None:
    """atan2(y, x) goes from π to −π there when y varies, and is π for all such x."""
    values = {"y": 0, "x": -1}
    found = solved("f = atan2(y, x)", ["df/dy", "df/dx"], values=values)
    assert found["df/dy"].value is None
    said = "y is 0 and x is negative, where atan2(y, x) jumps: it has no derivative there"
    assert found["df/dy"].warnings[-1].message == f"no value here: {said}"
    assert found["df/dx"].value == 0
    assert found["df/dx"].verified
    assert found["df/dx"].verified.ok
    for y, x in ((0, 1), (1, -1), (-1, -1)):
        smooth = solved("f = atan2(y, x)", "df/dy", values={"y": y, "x": x})["df/dy"]
        assert smooth.verified
        assert smooth.verified.ok, (y, x)
        assert not smooth.warnings
    many = solved("f = sum(atan2(y, x))", ["df/dy", "df/dx"], values={"y": [0, 1], "x": [-1, -2]})
    assert many["df/dy"].value is None
    assert many["df/dx"].value == [0, pytest.approx(-0.2, rel=1e-15)]


def test_a_number_at_which_the_power_series_ends_is_compared_from_every_side() -> None:
    answer = solved("f = (x^2)^(3/2)", "df/dx", values={"x": 0})["df/dx"]
    assert answer.value == 0
    assert answer.verified
    assert answer.verified.ok
