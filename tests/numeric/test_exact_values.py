"""Values in exact form."""

from __future__ import annotations

import pytest

from gradcalc.language.parser import parse, unparse
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.exact_values import exact
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1/3 + 1/6", "1/2"), ("x*y + 1", "1/3"), ("exp(log(2))", "2"), ("log(2)/2", "log(2)/2"), ("sqrt(8/18)", "2/3"),
        ("sqrt(2)*3/2", "3*sqrt(2)/2"), ("sin(pi/2) + cos(pi)", "0"), ("8^(1/3)", "2"), ("2^0.5", "sqrt(2)"), ("exp(-log(2)/2)", "sqrt(2)/2"), ("cos(pi/6)", "sqrt(3)/2"), ("exp(1/2)^2", "e"), ("leaky_relu(-2, 1/10)", "-1/5"),
        ("sin(-3*pi/4)", "-sqrt(2)/2"), ("tan(pi/6)", "1/sqrt(3)"), ("sin(pi/4)^2", "1/2"), ("1/(sqrt(70)/5)", "5/sqrt(70)"), ("sqrt(2)^3", "2*sqrt(2)"),
        ("0*log(2)", "0"),
        ("sigmoid(0)*(1 - sigmoid(0))", "1/4"), ("softplus(0)", "log(2)"), ("where(x < y, 5, 6)", "5"), ("relu(x) + max(1, x)", "1"),
        ("1/(1 + exp(-1))", "1/(1 + exp(-1))"), ("x^3", "-8"), ("(1 - 1/3*3)/5", "0"), ("exp(1)", "e"), ("1/3*pi/2", "pi/6"), ("2/3*(3*pi/4)", "pi/2"), ("abs(-log(2))", "log(2)"),
        ("tanh(0) + atan(0)", "0"), ("sqrt(2)*sqrt(2)", "2"), ("-2*-4", "8"),
    ],
)  # fmt: skip
def test_exact_values(text: str, want: str) -> None:
    found = exact(parse(text), {"x": parse("-2"), "y": parse("1/3")})
    assert found is not None
    assert unparse(found) == want
    value = float(evaluate(found, Env(floats(), {})).data)
    names = {"x": Tensor(-2.0), "y": Tensor(1 / 3)}
    assert value == pytest.approx(
        float(evaluate(parse(text), Env(floats(), names)).data), abs=1e-15
    )


@pytest.mark.parametrize(
    "text",
    [
        "9^9^9",
        "log(-2)",
        "1/0",
        "1/(sqrt(2)^2 - 2)",
        "log(2) + log(3) + log(5)*log(7)",
        "w + 1",
        "(1/7)^80",
    ],
)
def test_no_exact_value(text: str) -> None:
    assert exact(parse(text), {}) is None
