"""Products with conditions as factors."""

from __future__ import annotations

import pytest

from gradcalc.language.brackets import inside, split
from gradcalc.language.parser import parse, unparse

INDICATOR = "where(x > 0, 1, 0)"


@pytest.mark.parametrize(
    ("text", "brackets", "rest"),
    [
        (f"{INDICATOR}*(1 + log(x))", INDICATOR, "1 + log(x)"),
        (f"2*p*{INDICATOR}*(1 + log(x))", INDICATOR, "2*p*(1 + log(x))"),
        (f"y*{INDICATOR}/x", INDICATOR, "y/x"),
        (f"{INDICATOR}/x", INDICATOR, "1/x"),
        ("where(x > 0, 0, y)*sqrt(x)", "where(x > 0, 0, y)", "sqrt(x)"),
        (
            f"{INDICATOR}*(z*where(y > 0, 1, 0))",
            f"{INDICATOR}*where(y > 0, 1, 0)",
            "z",
        ),
    ],
)
def test_a_product_is_parted(text: str, brackets: str, rest: str) -> None:
    parts = split(parse(text))
    assert parts is not None
    assert tuple(map(unparse, parts)) == (brackets, rest)


@pytest.mark.parametrize(
    "text", ["x", "x*y/z", INDICATOR, f"y/{INDICATOR}", f"x + {INDICATOR}", f"x @ {INDICATOR}"]
)
def test_what_has_no_bracket_or_nothing_else_stays(text: str) -> None:
    assert split(parse(text)) is None
    assert inside(parse(text)) == parse(text)


@pytest.mark.parametrize(
    ("text", "within"),
    [
        (f"g*{INDICATOR}*(1 + log(x))", "where(x > 0, g*(1 + log(x)), 0)"),
        ("where(x > 0, 0, y)*sqrt(x)", "where(x > 0, 0, y*sqrt(x))"),
        (
            "where(x > 0, 1, 0)*where(y > 0, 2, 0)/x",
            "where(x > 0, where(y > 0, 2*(1/x), 0), 0)",
        ),
    ],
)
def test_the_factors_go_inside(text: str, within: str) -> None:
    assert unparse(inside(parse(text))) == within
