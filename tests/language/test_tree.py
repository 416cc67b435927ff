"""Walks over a tree."""

from __future__ import annotations

from gradcalc.language.parser import (
    names,
    parse,
)


def test_names_come_in_order_and_without_options() -> None:
    assert names(parse("sum(b*a[j], axis=0, keepdims=True) + b")) == ("b", "a", "j")
