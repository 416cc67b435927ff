"""Expressions with numbers put in for their names."""

from __future__ import annotations

import pytest

from gradcalc.derivation.substituted_numbers import decimal, plugged
from gradcalc.language.parser import parse, unparse


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (-0.73105857, "-0.7311"), (1e-7, "1e-7"), (0, "0")]
)
def test_numbers_are_put_in_as_they_are_printed(value: float, text: str) -> None:
    assert unparse(decimal(value, 4)) == text


def test_an_expression_with_numbers_for_its_names() -> None:
    found = plugged(parse("w*x + b"), {"w": 2.0, "x": -1.5, "b": 1.0}, 4)
    assert found is not None
    assert unparse(found) == "2*(-1.5) + 1"
    assert plugged(parse("w*x"), {"w": 2.0, "x": None}, 4) is None
    assert plugged(parse("2 + 3"), {}, 4) is None
