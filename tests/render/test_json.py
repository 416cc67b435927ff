"""JSON: every key of the contract."""

from __future__ import annotations

import json
from dataclasses import replace

from gradcalc.language.errors import Place, Problem
from gradcalc.language.parser import parse
from gradcalc.render import render_as
from gradcalc.render.json import data
from gradcalc.report.blocks import Failed, Options
from helpers import handmade_solutions as solutions


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
            "inputs",
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
