"""Lines of an expression: definitions and functions."""

from __future__ import annotations

from gradcalc.language.parser import (
    unparse,
)
from gradcalc.language.statements import statements


def test_lines() -> None:
    lines, wrong = statements(
        "# first\nq = x + y  # sum\ng(t) = 1/(1 +\n   t)\n\np[k] = exp(s[k])\na = b = c\n2 = x\n"
    )
    assert [(line.name, line.kind, line.params) for line in lines] == [
        ("q", "quantity", ()), ("g", "function", ("t",)), ("p", "entries", ("k",)),
    ]  # fmt: skip
    assert [error.message for error, _ in wrong] == [
        "a line has one `=`, after the name that it defines",
        "the left side of `=` must be a name",
    ]
    assert unparse(lines[1].parse(frozenset(), frozenset())) == "1/(1 + t)"


def test_a_forgotten_parenthesis_does_not_swallow_the_next_line() -> None:
    lines, _ = statements("a = exp(x\nb = sum(y,\n  axis=0)\n")
    assert [line.name for line in lines] == ["a", "b"]
