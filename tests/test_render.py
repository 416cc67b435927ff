"""Formats: golden files, and what holds for every report. `GRADCALC_ACCEPT=1 pytest tests/test_render.py` accepts changes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import solutions
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gradcalc.app.export import Export, export
from gradcalc.language.errors import Place, Problem
from gradcalc.language.formula_pieces import Names, Partial, math
from gradcalc.language.parser import Name, parse
from gradcalc.render import EXPORTED, load, printed, render_as
from gradcalc.render.json import data
from gradcalc.report.blocks import Column, Failed, Options, Report, Table
from gradcalc.report.lines import array_latex, array_text, partial_latex

GOLDEN = Path(__file__).with_name("golden")
VIEWS = [
    *((f"table-{width}", "table", Options(width=width)) for width in (60, 80, 120)),
    ("table-ascii", "table", Options(width=80, ascii=True)),
    ("plain", "plain", Options()),
    ("markdown", "markdown", Options()),
    ("json", "json", Options()),
]
TEXTS = ("table", "plain", "markdown")


@pytest.mark.parametrize("name", solutions.ALL)
@pytest.mark.parametrize(("view", "format", "options"), VIEWS, ids=[view for view, _, _ in VIEWS])
def test_golden(name: str, view: str, format: str, options: Options) -> None:
    printed = render_as(format, [solutions.ALL[name]()], options) + "\n"
    path = GOLDEN / f"{name}.{view}.txt"
    if os.environ.get("GRADCALC_ACCEPT"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed, encoding="utf-8")
    assert printed == path.read_text(encoding="utf-8")


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


def characters(printed: str) -> set[str]:
    return {unicodedata.category(char) for char in printed if char != "\n"}


@pytest.mark.parametrize("format", [*TEXTS, "json", "jsonl"])
def test_no_control_or_bidi_characters_reach_the_output(format: str) -> None:
    assert not characters(render_as(format, [solutions.wrong()], Options())) & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }


def test_brackets_and_colons_of_a_title_are_printed_as_they_stand() -> None:
    printed = render_as("table", [solutions.wrong()], Options(width=120))
    assert (
        printed.splitlines()[0]
        == "[bold]f = x[/foo] \\x1b[31mred\\x1b[0m \\u202eevil :smile: $x$ | `a` <b>&"
    )


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_title_can_be_printed(title: str) -> None:
    solution = solutions.ex1()
    named = replace(
        solution,
        graph=replace(solution.graph, exercise=replace(solution.graph.exercise, title=title)),
    )
    for format in (*printed(), *EXPORTED):
        text = (
            export([named], format, Export()).text
            if format in EXPORTED
            else render_as(format, [named], Options(width=40))
        )
        assert not characters(text) & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        if format.startswith("json"):
            assert json.loads(text)["title"] == title


def test_colour_is_ours_alone_and_only_when_asked() -> None:
    coloured, plain = (
        render_as("table", [solutions.wrong()], Options(color=color)) for color in (True, False)
    )
    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


# ---- json


def test_every_key_of_the_contract_is_there() -> None:
    for name in solutions.ALL:
        document = json.loads(render_as("json", [solutions.ALL[name]()], Options()))
        assert list(document) == [
            "format",
            "file",
            "title",
            "warnings",
            "sizes",
            "shapes",
            "forward",
            "answers",
            "gradients",
        ]
        for answer in document["answers"]:
            assert set(answer) >= {
                "question", "name", "kind", "symbolic", "free", "expanded", "latex", "shape", "layout", "value", "with_upstream",
                "chain", "shorthand", "per_example", "stacked", "warnings", "verified",
            }  # fmt: skip


def test_json_says_what_the_contract_shows() -> None:
    answer = json.loads(render_as("json", [solutions.ex1()], Options()))["answers"][4]
    assert {key: answer[key] for key in ("question", "symbolic", "latex", "shape", "value", "with_upstream", "chain")} == {
        "question": "df/dx", "symbolic": "z", "latex": "z", "shape": [], "value": -4, "with_upstream": -4, "chain": [["df/dq", "dq/dx"]],
    }  # fmt: skip
    assert answer["verified"] == {
        "ok": True,
        "method": "central differences in 60-digit arithmetic",
        "error": 1e-15,
        "reason": None,
    }


def test_symbolic_answers_parse_back() -> None:
    for answer in solutions.ex3().answers:
        data = json.loads(
            render_as("jsonl", [replace(solutions.ex3(), answers=(answer,))], Options())
        )["answers"][0]
        assert parse(data["symbolic"]) == answer.symbolic


def test_json_has_no_nan() -> None:
    assert data([float("nan"), [float("-inf"), 2.5]]) == [None, [None, 2.5]]
    assert str(data(-0.0)) == "0.0"


def test_several_files_make_an_array_and_a_bad_one_is_among_them() -> None:
    failed = Failed(
        "bad.yaml",
        (Problem("name", "unknown name `w`", Place("bad.yaml", 3, 7), "did you mean `w0`?"),),
    )
    for format, documents in (
        ("json", json.loads(render_as("json", [failed, solutions.ex1()], Options()))),
        (
            "jsonl",
            [
                json.loads(line)
                for line in render_as("jsonl", [failed, solutions.ex1()], Options()).splitlines()
            ],
        ),
    ):
        assert documents[0] == {
            "file": "bad.yaml",
            "errors": [
                {
                    "line": 3,
                    "column": 7,
                    "message": "unknown name `w`",
                    "hint": "did you mean `w0`?",
                }
            ],
        }, format
        assert documents[1]["file"] == "ex1.yaml"


# ---- formats and arrays


def test_formats_are_found_by_name_and_imported_when_asked() -> None:
    code = "import sys; from gradcalc.render import formats; print(*formats()); print('rich' in sys.modules, 'gradcalc.report.answer_report' in sys.modules)"
    found, imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {"json", "jsonl", "markdown", "plain", "table"} <= set(found.split())
    assert imported == "False False"
    with pytest.raises(
        ValueError, match=r"no format 'xml'; there are .*json, jsonl, latex, markdown"
    ):
        load("xml")


def test_arrays_are_laid_out_and_large_ones_shortened() -> None:
    assert array_text([[1, -0.5], [10.25, 0.125]], 4, "-") == "[[    1, -0.5  ],\n [10.25,  0.125]]"
    assert array_text([1, 2.5, None], 4) == "[1, 2.5, undefined]"
    entry = Partial("J", ("W",), entry=(parse("0"), parse("n - 1")))
    assert partial_latex(entry, Names()) == r"\left[\frac{\partial J}{\partial W}\right]_{0,n - 1}"
    assert array_latex(None, 4) == r"\text{undefined}"
    assert array_text([[i * j for j in range(20)] for i in range(20)], 4).count("\n") == 6
    assert max(map(len, array_text([[1.234567] * 9] * 2, 9, "-", width=30).splitlines())) <= 30
    assert array_text([], 4) == "[]"
    assert (
        array_latex([[1, 2], [3, -1e-9]], 4)
        == r"\begin{bmatrix} 1 & 2 \\ 3 & -10^{-9} \end{bmatrix}"
    )


def test_a_long_table_is_printed_at_once() -> None:
    rows = tuple(((math(Name(f"x{i}")),), (math(parse("a + b")),)) for i in range(3000))
    long = Report((Table((Column("quantity"), Column("expression")), rows),))
    begun = time.process_time()
    printed = render_as("table", [long], Options())
    assert time.process_time() - begun < 1.5
    assert printed.count("a + b") == 3000
