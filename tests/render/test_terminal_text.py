"""Styled text for the terminal."""

from __future__ import annotations

import pytest

from gradcalc.render.terminal_text import Text, grid


def drawn(lines: list[Text]) -> list[str]:
    return [line.plain for line in lines]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 8, ["one two ", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a abcdefghij b", 4, ["a ", "abcd", "efgh", "ij b"]),
        ("日本語 x", 4, ["日本", "語 x"]),
        ("two\nlines", 20, ["two", "lines"]),
        ("", 5, [""]),
    ],
)
def test_lines_break_at_words_and_long_words_are_cut(
    text: str, width: int, lines: list[str]
) -> None:
    """A wide character takes two cells; a space may stand at the end of a line that has room."""
    assert drawn(Text(text).wrap(width)) == lines


def test_a_style_lasts_over_a_break() -> None:
    text = Text("error: ", "bold red").append("no such file").append(Text(" here", "dim"))
    assert [line.drawn(True) for line in text.wrap(14)] == [
        "\x1b[1;31merror: \x1b[0m\x1b[1;31mno such\x1b[0m",
        "\x1b[1;31mfile\x1b[0m\x1b[2m here\x1b[0m",
    ]
    assert [line.drawn(False) for line in text.wrap(14)] == ["error: no such", "file here"]


def test_a_grid() -> None:
    rows = [[Text("f"), Text("12")], [Text("two\nlines"), Text("3")]]
    assert [
        line.rstrip() for line in drawn(grid(["name", "value"], [False, True], rows, False))
    ] == [
        " name    value",
        "───────────────",
        " f          12",
        "",
        " two         3",
        " lines",
    ]
    assert drawn(grid(["name", "value"], [False, True], rows[:1], True)) == [
        "+------+-------+",
        "| name | value |",
        "+------+-------+",
        "| f    |    12 |",
        "+------+-------+",
    ]
