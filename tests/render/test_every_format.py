"""What holds for every format."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.export import Export, export
from gradcalc.render import load, printed, render_as
from gradcalc.report.blocks import Options
from helpers import handmade_solutions as solutions
from helpers.program import python

TEXTS = ("table", "plain", "markdown")


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


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_title_can_be_printed(title: str) -> None:
    solution = solutions.ex1()
    named = replace(
        solution,
        graph=replace(solution.graph, exercise=replace(solution.graph.exercise, title=title)),
    )
    for format in (*printed(), "html", "latex", "svg", "tikz"):
        said = (
            render_as(format, [named], Options(width=40))
            if format in printed()
            else export([named], format, Export()).text
        )
        assert not characters(said) & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        if format.startswith("json"):
            assert json.loads(said)["title"] == title


# ---- formats and arrays


def test_formats_are_found_by_name_and_imported_when_asked() -> None:
    code = "import sys; from gradcalc.render import formats; print(*formats()); print('rich' in sys.modules, 'gradcalc.report.answer_report' in sys.modules)"
    found, imported = python("-c", code, text=True).stdout.splitlines()
    assert {"json", "jsonl", "markdown", "plain", "table"} <= set(found.split())
    assert imported == "False False"
    with pytest.raises(
        ValueError, match=r"no format 'xml'; there are .*json, jsonl, latex, markdown"
    ):
        load("xml")
