"""Constants that are too large to compute are refused."""

from __future__ import annotations

import pytest

from gradcalc.language.constants import MAX_EXPONENT, check_constants
from gradcalc.language.errors import SpanError
from gradcalc.language.parser import (
    parse,
)


@pytest.mark.parametrize(
    "text",
    [
        "10^400*x",
        "(-1)^(10^30 + 1)",
        "2^4095",
        f"x^{MAX_EXPONENT}",
        "0^0",
        "1/x",
        "1e300*1e300",
        "exp(1000)",
        "x/(1 - 1/2)",
        "log(2)",
    ],
)
def test_constants_that_are_fine(text: str) -> None:
    check_constants(parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9^9^9^9", "this power has more than 1,200 digits"),
        ("2^4097", "this power has more than 1,200 digits"),
        ("(1/3)^(10^9)", "this power has more than 1,200 digits"),
        ("e^e^e^e^e", "this power has more than 1,200 digits"),
        (f"x^{MAX_EXPONENT + 1}", "the exponent is beyond ±100,000"),
        ("1e400*1e400*1e400*1e400", "this constant has more than 1,200 digits"),
        ("exp(3000)", "exp of a constant gives more than 1,200 digits"),
        ("x/(1 - 1)", "division by zero"),
        ("0^(-1)", "division by zero"),
        ("π/0", "division by zero"),
        ("log(0)", "the logarithm of 0 is undefined"),
        ("log(1 - 2)", "the logarithm of a negative number is undefined"),
        ("sqrt(-2)", "the square root of a negative number is undefined"),
        ("asin(2)", "asin is defined from -1 to 1 only"),
        ("(-8)^(1/3)", "a negative number to a power that is not whole has no real value"),
        ("zeros(10^9)", "this array has more than 1,000,000 entries"),
        ("eye(1001)", "this array has more than 1,000,000 entries"),
    ],
)
def test_constants_that_are_not(text: str, message: str) -> None:
    with pytest.raises(SpanError) as caught:
        check_constants(parse(text))
    assert caught.value.message == message


def test_declared_constants_are_variables() -> None:
    check_constants(parse("1/(e - e)^0"), {"e"})
    check_constants(parse("log(pi - 4)"), {"pi"})
