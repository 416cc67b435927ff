"""Enclosures in JavaScript: each holds the exact number, and is narrow."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest
from flint import acb, arb

from gradcalc.numeric.balls import working
from helpers.page import pair, run

BITS = 400
Real = Callable[..., Any]

# Function -> (exact function, where its arguments lie, the width that is allowed).
FUNCTIONS: dict[str, tuple[Real, str, float]] = {
    "exp": (lambda x: x.exp(), "small", 1e-14),
    "expm1": (lambda x: x.expm1(), "small", 1e-14),
    "log": (lambda x: x.log(), "positive", 1e-14),
    "log1p": (lambda x: x.log1p(), "positive", 1e-14),
    "sqrt": (lambda x: x.sqrt(), "positive", 1e-15),
    "sin": (lambda x: x.sin(), "turned", 1e-14),
    "cos": (lambda x: x.cos(), "turned", 1e-14),
    "tan": (lambda x: x.tan(), "turned", math.inf),
    "sinh": (lambda x: x.sinh(), "small", 1e-14),
    "cosh": (lambda x: x.cosh(), "small", 1e-14),
    "tanh": (lambda x: x.tanh(), "any", 1e-14),
    "arctan": (lambda x: x.atan(), "any", 1e-14),
    "arcsin": (lambda x: x.asin(), "unit", 1e-14),
    "arccos": (lambda x: x.acos(), "unit", 1e-13),
    "arcsinh": (lambda x: x.asinh(), "any", 1e-14),
    "arccosh": (lambda x: (1 + x).acosh(), "positive", 1e-13),
    "arctanh": (lambda x: x.atanh(), "unit", 1e-14),
    "sigmoid": (lambda x: 1 / (1 + (-x).exp()), "small", 1e-13),
    "softplus": (lambda x: (1 + x.exp()).log(), "small", 1e-13),
    "erf": (lambda x: x.erf(), "small", 1e-13),
    "lgamma": (lambda x: x.lgamma(), "gamma", 1e-13),
    "digamma": (lambda x: x.digamma(), "gamma", 1e-13),
    "trigamma": (lambda x: acb(x).polygamma(acb(1)).real, "gamma", 1e-13),
}


@cache
def arguments(kind: str) -> tuple[float, ...]:
    """Numbers of every size, down to the smallest and up to the largest that make sense."""
    random = Random(kind)
    found: list[float] = []
    for _ in range(60):
        mantissa = random.uniform(1, 10)
        sign = random.choice((1, -1))
        found += {
            "small": [sign * mantissa * 10 ** random.randint(-18, 1), random.uniform(-6, 6)],
            "positive": [mantissa * 10.0 ** random.randint(-300, 300), random.uniform(0, 3)],
            "any": [sign * mantissa * 10.0 ** random.randint(-300, 300), random.uniform(-3, 3)],
            "turned": [sign * mantissa * 10.0 ** random.randint(-15, 4), random.uniform(-9, 9)],
            "unit": [random.uniform(-1, 1), sign * (1 - 10.0 ** random.randint(-15, -1))],
            "gamma": [random.uniform(0, 30), mantissa * 10.0 ** random.randint(-12, 6)],
        }[kind]
    return tuple(found)


def test_functions_enclose_the_exact_number() -> None:
    cases: list[list[Any]] = []
    wanted: list[tuple[str, float, Any, float]] = []
    with working(BITS):
        for name, (exact, kind, width) in FUNCTIONS.items():
            for x in arguments(kind):
                given: list[Any] = [x]
                word = name
                if name == "arccosh":
                    given = [1 + x]
                    value = arb(1 + x).acosh()
                else:
                    value = exact(arb(x))
                if name in ("digamma", "trigamma"):
                    word, given = "polygamma", [int(name == "trigamma"), x]
                cases.append(["function", word, given])
                wanted.append((name, x, value, width))
    for (name, x, value, width), answer in zip(wanted, run(cases), strict=True):
        known = name, x, answer
        if isinstance(answer, dict):
            assert answer["problem"] == "Unsure", known
            assert name == "tan", known
            continue
        lo, hi = pair(answer)
        assert arb(lo) <= value or arb(lo).overlaps(value), known
        assert arb(hi) >= value or arb(hi).overlaps(value), known
        assert hi - lo <= width * max(abs(lo), abs(hi), 1e-300, _scale(name)), known


def _scale(name: str) -> float:
    """Near a zero elsewhere than at 0 the width is beside 1."""
    return 1.0 if name in ("log", "cos", "sin", "lgamma", "digamma", "arccos", "arccosh") else 0.0


def test_arithmetic_is_exact_or_one_unit_wide() -> None:
    random = Random(7)
    cases: list[list[Any]] = []
    exact: list[Fraction] = []
    for _ in range(400):
        a, b = (_double(random) for _ in range(2))
        if b == 0:
            continue
        for name, value in (
            ("add", Fraction(a) + Fraction(b)),
            ("subtract", Fraction(a) - Fraction(b)),
            ("multiply", Fraction(a) * Fraction(b)),
            ("divide", Fraction(a) / Fraction(b)),
        ):
            cases.append(["function", name, [a, b]])
            exact.append(value)
    for case, value, answer in zip(cases, exact, run(cases), strict=True):
        lo, hi = pair(answer)
        assert _within(lo, value, hi), (case, answer)
        if math.isfinite(lo) and math.isfinite(hi):
            assert hi <= math.nextafter(math.nextafter(lo, math.inf), math.inf), (case, answer)
        if 1e-280 < abs(value) < 1e280 and value == _float(value):
            assert lo == hi, (case, answer)


def _double(random: Random) -> float:
    kind = random.randrange(4)
    if kind == 0:
        return float(random.randint(-9, 9))
    if kind == 1:
        return random.randint(-999, 999) / 64
    return random.uniform(-1, 1) * 10.0 ** random.randint(-320, 300)


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _within(lo: float, value: Fraction, hi: float) -> bool:
    below = lo == -math.inf or Fraction(lo) <= value
    return below and (hi == math.inf or value <= Fraction(hi))


def test_decimals_and_powers() -> None:
    texts = ["0.1", "0.5", "3", "1e22", "1e23", "123456789012345678901234567890", "1e-330", "2.5e-3",
             "0.1234567890123456789", "7/3", "-0.3", "1e308", "5e-324", "000.25"]  # fmt: skip
    for text, answer in zip(texts, run([["number", text] for text in texts]), strict=True):
        lo, hi = pair(answer)
        assert _within(lo, Fraction(text), hi), text
        assert hi - lo <= 5e-16 * abs(hi) + 1e-323
        assert (lo == hi) is (text in ("0.5", "3", "1e22", "000.25")), text
    random = Random(3)
    cases, exact = [], []
    for _ in range(200):
        base, power = random.randint(-50, 50) / 8, random.randint(-9, 30)
        if base:
            cases.append(["function", "power", [base, power]])
            exact.append(Fraction(base) ** power)
    for case, value, answer in zip(cases, exact, run(cases), strict=True):
        lo, hi = pair(answer)
        assert _within(lo, value, hi), case
        assert hi - lo <= 1e-13 * abs(hi), case


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("log", [0], "log of 0 is undefined"),
        ("log", [-2], "log of -2 is undefined"),
        ("sqrt", [-0.25], "sqrt of -0.25 is undefined"),
        ("divide", [1, 0], "1 / 0 is undefined"),
        ("power", [0, -1], "0^(-1) is undefined"),
        ("power", [-8, "1/3"], "(-8)^(0.333333) is undefined among the real numbers"),
        ("arcsin", [2], "asin of 2 is undefined"),
        ("arctan2", [0, 0], "atan2(0, 0) is undefined"),
        ("lgamma", [-3], "lgamma of -3 is undefined"),
        ("clip", [0, 1, -1], "clip from 1 to -1 is undefined"),
    ],
)
def test_undefined_numbers_are_said_as_python_says_them(
    name: str, given: list[Any], message: str
) -> None:
    (found,) = run([["function", name, given]])
    assert (found["problem"], found["message"]) == ("Undefined", message)


def test_what_an_enclosure_does_not_tell_is_not_told() -> None:
    wide = [-1e-17, 1e-17]
    for name, given in (
        ("log", [wide]), ("divide", [1, wide]), ("sign", [wide]), ("step", [wide]),
        ("sqrt", [wide]), ("where", [[0, 1], 1, 2]), ("sin", [1e9]), ("arctan2", [wide, -1]),
    ):  # fmt: skip
        (found,) = run([["function", name, given]])
        assert found["problem"] == "Unsure", name
    answers = run([["function", "maximum", [wide, 0]], ["function", "less", [wide, 0]],
                   ["function", "abs", [wide]]])  # fmt: skip
    assert [pair(one) for one in answers] == [(0, 1e-17), (0, 1), (0, 1e-17)]
