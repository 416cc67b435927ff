"""The table on a terminal of any width."""

from __future__ import annotations

import re
import time

import pytest
from rich.cells import cell_len

from gradcalc.language.formula_pieces import math
from gradcalc.language.parser import Name, parse
from gradcalc.render import render_as
from gradcalc.report.blocks import Column, Options, Report, Table
from helpers import handmade_solutions as solutions


@pytest.mark.parametrize("name", solutions.ALL)
@pytest.mark.parametrize("width", [0, 1, 20, 33, 40, 60, 80, 100, 120, 400])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_the_terminal(name: str, width: int, ascii: bool) -> None:
    printed = render_as("table", [solutions.ALL[name]()], Options(width=width, ascii=ascii))
    assert max(map(cell_len, printed.splitlines())) <= max(20, width)
    assert printed.isascii() or not ascii


@pytest.mark.parametrize("name", solutions.ALL)
def test_nothing_is_lost_in_a_narrow_terminal(name: str) -> None:
    """At 20 columns stand the same characters as at 400, whatever the order."""
    wide, narrow = (
        render_as("table", [solutions.ALL[name]()], Options(width=width)) for width in (400, 20)
    )
    for fact in (
        "failed the check",
        "D_a₁×m",
        "−0.5898",
        "1/3≈0.3333",
        "α(1−α)",
        "diag(1[z₁>0])",
        "largestrelativedifference1e-15",
    ):
        flat = "".join(wide.split())
        assert ("".join(fact.split()) in flat) <= (
            "".join(fact.split()) in "".join(narrow.split())
        ), fact


def test_colour_is_ours_alone_and_only_when_asked() -> None:
    coloured, plain = (
        render_as("table", [solutions.wrong()], Options(color=color)) for color in (True, False)
    )
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


# ---- formats and arrays


def test_a_long_table_is_printed_at_once() -> None:
    rows = tuple(((math(Name(f"x{i}")),), (math(parse("a + b")),)) for i in range(3000))
    long = Report((Table((Column("quantity"), Column("expression")), rows),))
    begun = time.process_time()
    printed = render_as("table", [long], Options())
    assert time.process_time() - begun < 1.5
    assert printed.count("a + b") == 3000
