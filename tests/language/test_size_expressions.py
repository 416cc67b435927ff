"""Sizes as expressions."""

from __future__ import annotations

from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import (
    Size,
)
from gradcalc.language.size_expressions import size_of


def test_a_size_expression_may_divide_what_is_divisible() -> None:
    assert size_of(parse("(4*n + 2)/2")) == Size.of("n") * 2 + 1
