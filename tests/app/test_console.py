"""Standard output and error: streams, widths, how a problem is printed."""

from __future__ import annotations

import io
import sys

import pytest

from gradcalc.app import cli
from gradcalc.app.console import Console, OutputError, PipeClosed, describe
from gradcalc.language.cell_width import cells
from gradcalc.language.errors import Place, Problem
from helpers.mistakes import problems


@pytest.mark.parametrize("columns", ["0", "1", "20", "40", "80", "400", "x", "-5"])
def test_any_width(
    columns: str, bad: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert 20 <= Console().width <= 200
    assert cli.run(["validate", bad]) == 2
    assert "something is missing after `*`" in capsys.readouterr().err


def test_a_stream_without_anything_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    console = Console()
    assert (console.is_terminal, console.interactive, console.width) == (False, False, 80)
    for say in (lambda: console.out("x"), lambda: console.raw(b"x")):
        with pytest.raises(OutputError, match="the standard output is closed"):
            say()
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # holds text alone
    with pytest.raises(OutputError, match="cannot write to the standard output"):
        console.raw(b"x")


def test_bytes_go_out_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, "ascii"))
    Console().raw(b"\x89PNG\r\n")
    assert stream.getvalue() == b"\x89PNG\r\n"

    class Closed(io.TextIOWrapper):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed(io.BytesIO()))
    with pytest.raises(PipeClosed):
        Console().raw(b"x")


def test_many_problems_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Console().report(*[Problem("x", f"number {n}", Place("e.yaml", n + 1, 1)) for n in range(25)])
    assert capsys.readouterr().err.endswith("e.yaml:20:1: number 19\n… and 5 more\n")
    Console().warn(*[Problem("x", f"number {n}", Place("e.yaml", n + 1, 1)) for n in range(25)])
    assert capsys.readouterr().err.endswith(
        "e.yaml:20:1: warning: number 19\n… and 5 more warnings\n"
    )


def test_widths() -> None:
    assert (cells("abc"), cells("数"), cells("y\u0302")) == (3, 2, 1)
    long = Problem("x", "m", Place("f", 1, 500, "a" * 1000))
    assert all(cells(line) <= 60 for line in describe(long, 60).split("\n"))


def said(text: str | bytes) -> list[str]:
    return [describe(problem) for problem in problems(text)]


def test_a_message_has_the_line_and_a_caret() -> None:
    assert said("expression: |\n  q = x\n  f = q * sgmoid(y)\n") == [
        "e.yaml:3:11: unknown function `sgmoid`\n      f = q * sgmoid(y)\n              ^^^^^^ did you mean sigmoid?"
    ]


def test_the_caret_stays_on_the_screen_and_under_wide_characters() -> None:
    (long,) = said("expression: " + "x + " * 100 + "y z\n")
    assert all(len(line) <= 110 for line in long.split("\n"))
    _, line, caret = long.split("\n")
    assert line[caret.index("^")] == "z"
    (wide,) = said("expression: 数 + x y\n")
    assert wide.split("\n")[2].index("^") == 4 + len("expression: 数 + x ") + 1
