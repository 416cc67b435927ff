"""A declared name is never a constant or a built-in, whatever it is called: as a variable, a
quantity, an array and per example, with values and without.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradcalc
from gradcalc.language.errors import GradcalcError
from gradcalc.ops import TABLE

CONSTANTS = ("e", "pi")
REFUSED = (*CONSTANTS, "inf", "nan", "oo", "None", "await", "yield")  # unless they are declared
LETTERS = [
    "i",
    "j",
    "n",
    "m",
    "E",
    "I",
    "S",
    "N",
    "Q",
    "O",
    "C",
    "T",
    "L",
    "G",
    "beta",
    "gamma",
    "zeta",
    "sigma",
    "y",
    "no",
    "yes",
    "on",
    "off",
    "dL",
    "loss",
]
WORDS = (
    "axis keepdims ord ddof each shape value local stack upstream x0 np jnp torch float sum self"
)
NAMES = sorted(
    {*TABLE, *(op.called for op in TABLE.values()), *REFUSED, *LETTERS, *WORDS.split()}
    | set(keyword.kwlist)
)
NAMES = [name for name in NAMES if name.isidentifier()]
TANH, EXP = 1 - math.tanh(1) ** 2, math.exp(0.5)


def exercises(name: str) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    """(role, exercise, the values of its answers); None: no value."""
    number, array = {name: []}, {name: [2], "ww": [2]}
    each = {name: {"shape": [], "each": "ii"}, "ww": []}
    asked = [f"dzz/d{name}", "dzz/dww"]
    expression = f"zz = {name}^2*ww + exp({name})"
    data: dict[str, Any] = {"expression": expression, "questions": asked}
    values = {name: 0.5, "ww": 3}
    yield "declared", {**data, "variables": {**number, "ww": []}, "values": values}, [3 + EXP, 0.25]
    yield "declared, no values", {**data, "variables": {**number, "ww": []}}, [None, None]
    if name not in REFUSED:
        yield "inferred", {**data, "values": values}, [3 + EXP, 0.25]
        yield "inferred, no values", data, [None, None]
    expression = f"{name} = aa*bb\nzz = {name}^2 + tanh({name})"
    data = {"expression": expression, "questions": [f"dzz/d{name}", "dzz/daa", f"value {name}"]}
    values = {"aa": 0.5, "bb": 2}
    yield "quantity", {**data, "values": values}, [2 + TANH, 2 * (2 + TANH), 1]
    yield "quantity, no values", data, [None, None, None]
    data = {"expression": f"zz = sum({name}^2*ww)", "variables": array, "questions": asked[:1]}
    yield "array", {**data, "values": {name: [1, 2], "ww": [3, 4]}}, [[6, 16]]
    yield "array, no values", data, [None]
    data = {"expression": f"{name} = softmax(hh)\nzz = rr @ {name}", "questions": ["dzz/dhh"]}
    data["variables"] = {"hh": [2], "rr": [2]}
    yield "array quantity", {**data, "values": {"hh": [0, 0], "rr": [1, 3]}}, [[-0.5, 0.5]]
    data = {"expression": f"ll = {name}^2*ww\nzz = sum(ll, ii)", "examples": {"ii": "mm"}}
    data |= {"variables": each, "questions": asked}
    values = {name: [1, 2], "ww": 3}
    yield "per example", {**data, "sizes": {"mm": 2}, "values": values}, [[6, 12], 5]
    yield "per example, no values", data, [None, None]


def wrong(name: str) -> list[str]:
    """What is wrong with the answers about a name."""
    found = []
    for role, data, wanted in exercises(name):
        try:
            answers = gradcalc.solve(data).answers
        except GradcalcError as error:
            found.append(f"{name} as {role}: {error}")
            continue
        for answer, want in zip(answers, wanted, strict=True):
            right = answer.value is None if want is None else np.allclose(answer.value, want, 1e-14)
            checked = answer.verified is not None and answer.verified.ok is not False
            if not right or not checked:
                found.append(f"{name} as {role}: {answer!r}")
    return found


@pytest.mark.parametrize("name", [*CONSTANTS, "i", "lambda", "exp", "tanh", "sum"])
def test_a_declared_name_is_the_author_s(name: str) -> None:
    assert wrong(name) == []


@pytest.mark.slow
def test_every_reserved_name_may_be_declared() -> None:
    assert [line for name in NAMES for line in wrong(name)] == []


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (
            {"expression": "f = erf(x)*pi", "variables": {"x": [], "pi": []}},
            {"df/dx": "2*pi*exp(-x^2)/sqrt(acos(-1))"},
        ),
        (
            {
                "expression": "pi = softmax(h)\nf = sum(erf(x))*sum(pi^2)",
                "variables": {"h": [3], "x": [2]},
            },
            {"df/dx": "2*norm(pi)^2*exp(-x^2)/sqrt(acos(-1))"},
        ),
        ({"expression": "e = y - t\nf = exp(1)*e*x"}, {"df/dx": "exp(1)*e"}),
        (
            {"expression": "f = gelu(x)*pi", "variables": {"x": [], "pi": []}},
            {"d2f/dx2": "pi*exp(-x^2/2)*(2 - x^2)/sqrt(2*acos(-1))"},
        ),
    ],
)
def test_a_constant_beside_an_author_s_name_is_written_without_it(
    data: dict[str, Any], want: dict[str, str]
) -> None:
    """2/√π beside a variable π was written with the variable."""
    result = gradcalc.solve({**data, "questions": list(want), "seed": 1})
    for answer in result.answers:
        assert answer.symbolic == want[answer.question]
        assert answer.verified is not None
        assert answer.verified.ok


def test_an_exact_value_holds_no_constant_of_an_author_s_name() -> None:
    data = {"expression": "e = y - t\nf = exp(1)*e", "values": {"y": 2, "t": 5}}
    result = gradcalc.solve({**data, "questions": ["value f"]})
    assert result.solution.answers[0].exact is None


def test_constants_in_values_are_constants() -> None:
    data = {"expression": "f = pi*x", "variables": {"pi": [], "x": []}, "questions": ["df/dx"]}
    result = gradcalc.solve({**data, "values": {"pi": "pi/2", "x": 1}})
    assert result.answers[0].value == math.pi / 2
