"""Outputs in full, in tests/golden. `GRADCALC_ACCEPT=1 pytest tests/test_golden_files.py` accepts changes; read the difference."""

from __future__ import annotations

import os

import pytest

from gradcalc.app.export import Export, export
from gradcalc.render import render_as, svg, terminal_graph, tikz
from gradcalc.report.blocks import Options
from gradcalc.report.figure import Sheet
from helpers import handmade_solutions as solutions
from helpers.handouts import solved
from helpers.paths import GOLDEN
from helpers.pictures import drawn


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GRADCALC_ACCEPT"):
        path.write_text(text)
    assert text == path.read_text(), f"GRADCALC_ACCEPT=1 accepts {name}"


SHEETS = {"blank": Sheet(), "solution": Sheet(solution=True)}


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("name", ["ex1", "ex2-gates", "ex3", "diamond-chain"])
def test_golden_figures(name: str, sheet: str) -> None:
    if name == "ex3" and sheet == "solution":
        return  # its formulas are others' and change with them
    what = drawn(name, SHEETS[sheet])
    golden(f"{name}.{sheet}.svg", svg.draw(what))
    golden(f"{name}.{sheet}.tikz.txt", tikz.draw(what))
    golden(f"{name}.{sheet}.graph.txt", terminal_graph.render(what, 200) + "\n")


@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_golden_documents(solution: bool) -> None:
    """The first exercise: the others' formulas are tested where they are made."""
    word = "key" if solution else "blank"
    wanted = Export(Sheet(solution=solution))
    for to, ending in (("latex", "tex"), ("markdown", "md")):
        path, text = GOLDEN / f"ex1.{word}.{ending}", export([solved("ex1")], to, wanted).text
        if os.environ.get("GRADCALC_ACCEPT"):
            path.write_text(text)
        assert text == path.read_text(), f"GRADCALC_ACCEPT=1 accepts {path.name}"


VIEWS = [
    *((f"table-{width}", "table", Options(width=width)) for width in (60, 80, 120)),
    ("table-ascii", "table", Options(width=80, ascii=True)),
    ("plain", "plain", Options()),
    ("markdown", "markdown", Options()),
    ("json", "json", Options()),
]


@pytest.mark.parametrize("name", solutions.ALL)
@pytest.mark.parametrize(("view", "format", "options"), VIEWS, ids=[view for view, _, _ in VIEWS])
def test_golden(name: str, view: str, format: str, options: Options) -> None:
    printed = render_as(format, [solutions.ALL[name]()], options) + "\n"
    path = GOLDEN / f"{name}.{view}.txt"
    if os.environ.get("GRADCALC_ACCEPT"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed, encoding="utf-8")
    assert printed == path.read_text(encoding="utf-8")
