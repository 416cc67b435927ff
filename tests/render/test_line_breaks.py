"""Where formulas are broken, and how tables make room for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.language.formula_pieces import Names, math
from gradcalc.language.parser import Name, parse
from gradcalc.render import load
from gradcalc.render.line_breaks import flat, lines, open_ends, pieces
from gradcalc.report.blocks import Column, Options, Report, Table

LSTM = "W_gᵀ(i ∘ (u + v) ∘ (1 − g²)) + W_oᵀ(u ∘ tanh(c₁) ∘ o ∘ (1 − o)) + p"


@pytest.mark.parametrize(
    ("text", "width", "broken"),
    [
        ("a + b", 5, ["a + b"]),
        ("a b + c d", 7, ["a b", "  + c d"]),
        ("f = a + b", 8, ["f", " = a + b"]),
        (LSTM, 44, ["W_gᵀ(i ∘ (u + v) ∘ (1 − g²))", "  + W_oᵀ(u ∘ tanh(c₁) ∘ o ∘ (1 − o)) + p"]),
        ("(a + b)/(c + d)", 10, ["(a + b)", "  /(c + d)"]),
        ("σ(a + b)(1 − σ(a + b))", 16, ["σ(a + b)", "  (1 − σ(a + b))"]),
        ("−(1/m) Σᵢ (a + b)", 12, ["−(1/m)", "  Σᵢ (a + b)"]),
        ("f(aaaa + bbbb + cccc)", 14, ["f(aaaa + bbbb", "  + cccc)"]),
        ("a*(b + c)*d", 9, ["a*(b + c)", "  *d"]),
        ("‖A x − b‖ ‖x‖", 9, ["‖A x − b‖", "  ‖x‖"]),
        ("abcdefghij", 4, ["abcd", "  ef", "  gh", "  ij"]),
        ("(a if x > 0, else b)", 14, ["(a if x > 0,", " else b)"]),
    ],
)
def test_a_formula_breaks_at_its_loosest_operators(
    text: str, width: int, broken: list[str]
) -> None:
    """Inside a bracket only where no line holds it."""
    assert lines(text, width) == broken


@settings(max_examples=300, deadline=None)
@given(st.text("ab+−∘·/ ()[],‖|Σᵢᵀ²=", max_size=60), st.integers(8, 40))
def test_no_character_is_lost_and_no_line_too_wide(text: str, width: int) -> None:
    """Whatever stands in it, brackets that do not match included."""
    words = " ".join(text.split())
    assert "".join(flat(pieces(words)).split()) == "".join(words.split())
    found = lines(words, width)
    assert "".join("".join(found).split()) == "".join(words.split())
    assert max(map(len, found)) <= width + depth(words)


def depth(text: str) -> int:
    """How many brackets may close where a line ends."""
    return sum(char in "()[]‖|" for char in text)


@pytest.mark.parametrize("width", [24, 30, 40])
def test_a_bracket_that_a_line_holds_is_whole(width: int) -> None:
    """(c₀ ∘ (u + v)) needs 15 columns beside what it is multiplied by."""
    text = "(c₀ ∘ (u + v)) vᵀ + (c₀ ∘ (u + w)) wᵀ + A (c₀ ∘ (u − w) ∘ z) B"
    assert open_ends(lines(text, width)) == 0


def test_one_long_row_does_not_turn_a_table_into_a_list() -> None:
    """It takes the lines it needs; the others stay rows."""
    long = " + ".join(f"x{k}*y{k}" for k in range(30))
    rows = tuple(
        ((math(Name(f"q{k}")),), (math(parse(f"a*b + {k}")),), (("3",),)) for k in range(4)
    )
    rows += (((math(Name("q9")),), (math(parse(long)),), (("7",),)),)
    columns = (Column("question"), Column("derivative", answer=True), Column("value", right=True))
    report = Report((Table(columns, rows, tight=True),), Names())
    for width in (40, 60, 80, 120):
        printed = load("table").render(report, Options(width=width)).splitlines()
        assert printed[0].split() == ["question", "derivative", "value"]
        assert [line.split() for line in printed if line.startswith("q₂")] == [
            ["q₂", "a", "b", "+", "2", "3"]
        ]
        assert max(map(len, printed)) <= width
