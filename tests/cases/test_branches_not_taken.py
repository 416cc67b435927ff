"""A formula with a condition as a factor holds where the branch it is from is not taken."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.language.parser import parse
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward
from gradcalc.numeric.scalar_functions import Undefined
from helpers.answers import solved
from helpers.graphs import graph_of

# (lines, values, question, number): the formula is 1[…] times what is undefined there.
CASES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("f = where(x > 0, x*log(x), 0)", {"x": -1}, "df/dx", 0),
    ("f = where(x > 0, x*log(x), 0)", {"x": 2}, "df/dx", 1.6931471805599454),
    ("f = where(x > 0, sqrt(x), 0) + x", {"x": -4}, "df/dx", 1),
    ("f = where(x <= 0, 0, y*x^(1/3))", {"x": -8, "y": 2}, "df/dx", 0),
    ("f = where(y > 0, x*log(y), 0)", {"x": 3, "y": 0}, "df/dx", 0),
    ("f = where(y != 0, x/y, 0)", {"x": 3, "y": 0}, "df/dx", 0),
    ("p = where(x > 0, x*log(x), 0); f = p^2 + y", {"x": -1, "y": 2}, "df/dx", 0),
    ("f = y*where(x > 1, acosh(x)*where(y > 0, log(y), 1), 0)", {"x": -2, "y": -1}, "df/dx", 0),
    ("f = sum(where(x > 0, x*log(x), 0))", {"x": [-1, 1]}, "df/dx", [0, 1]),
    ("f = sum(w*where(x > 0, log(x), 0))", {"x": [-1, 1], "w": [2, 5]}, "df/dx", [0, 5]),
    ("f = sum(where(x > 0, x*log(x/y), 0))", {"x": [0, 1], "y": [1, 1]}, "df/dy", [0, -1]),
]


@pytest.mark.parametrize(("lines", "values", "question", "number"), CASES)
@pytest.mark.parametrize("form", ["matrix", "index"])
def test_the_number_is_the_formula_s(
    lines: str, values: dict[str, Any], question: str, number: Any, form: str
) -> None:
    shapes = {name: [len(v)] if isinstance(v, list) else [] for name, v in values.items()}
    found = solved(lines, question, variables=shapes, values=values, notation={"form": form})
    answer = found[question]
    assert answer.value == pytest.approx(number, rel=1e-15, abs=0)
    assert answer.verified is not None
    assert answer.verified.ok is True
    assert not answer.warnings


@pytest.mark.parametrize("lines", ["f = {0}", "h(x) = {0}; f = h(x) + x"])
def test_the_author_s_product_is_computed_as_it_stands(lines: str) -> None:
    written = lines.format("where(x > 0, 1, 0)*log(x)")
    found = solved(written, "df/dx", variables={"x": []}, values={"x": -1})
    assert found.solution.forward["f"] is None
    assert found["df/dx"].value is None


def test_a_condition_that_holds_hides_nothing() -> None:
    graph = graph_of("expression: f = 2*x\nvalues: {x: -1}\n")
    values = Forward(graph, given_point(graph))
    assert values.evaluate(parse("where(x > 0, 1, 0)*log(x)")).data == 0
    with pytest.raises(Undefined, match="log of -1"):
        values.evaluate(parse("where(x < 0, 1, 0)*log(x)"))


def test_a_branch_without_a_number_is_no_jump() -> None:
    found = solved("f = where(x > 0, x*log(x), 0)", "df/dx", variables={"x": []}, values={"x": 0})
    said = "a branch of where(x > 0, x*log(x), 0) is undefined: it has no derivative there"
    assert [warning.message for warning in found.solution.warnings] == [f"x is 0, where {said}"]
    assert found["df/dx"].value is None


@pytest.mark.parametrize(
    "root", ["sqrt(relu(z))", "relu(z)^(1/2)", "relu(z)*sqrt(relu(z))/relu(z)", "abs(z)*z/relu(z)"]
)
@pytest.mark.parametrize("layers", ["conv(a, v)", "a[1:]*v[0] + a[:-1]*v[1]", "a[1:]*a[:-1]"])
def test_what_is_undefined_in_part_of_a_convolution_is_no_mistake_of_its_formula(
    root: str, layers: str
) -> None:
    """At the entries that the conditions leave out, the index is beyond the kernel; at others 0 is
    divided by 0. That is why nothing can be compared there, and not the formula's shape.
    """
    lines = f"z = conv(x, u); a = {root}; y = {layers}; L = sum(y^2)/2"
    found = solved(
        lines,
        ["dL/dx", "dL/du"],
        variables={"x": ["n"], "u": ["m"], "v": [2]},
        values={
            "x": [-0.97, -0.14, -0.35, 0.56, -0.35, -0.19],
            "u": [-0.5, 0.6, -0.4],
            "v": [2, 1],
        },
    )
    for question in ("dL/dx", "dL/du"):
        verified = found[question].verified
        assert verified is not None
        assert verified.ok is not False, verified
        assert "out of range" not in str(verified)
