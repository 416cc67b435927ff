"""The worked example: forty submissions with the mistakes that students make, marked as they should be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gradcalc.app.cli import run
from helpers.paths import ROOT

COURSE = ROOT / "examples" / "course"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    words = [
        "neuron.yaml",
        "submissions.csv",
        "--roster",
        "roster.csv",
        "--override",
        "by-hand.csv",
    ]
    named = [str(COURSE / word) if word[0] != "-" else word for word in words]
    assert run(["grade", *named, "-o", str(folder), "-j", "1"]) == 0
    return folder


def test_the_verdicts_are_those_expected(out: Path) -> None:
    lines = [json.loads(line) for line in (out / "grades.jsonl").read_text("utf-8").splitlines()]
    found = {(line["student"], line["name"] or line["question"]): line for line in lines[1:]}
    wrong = []
    with (COURSE / "expected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        line = found.get((row["student"], row["question"]))
        got = {"verdict": "blank", "mistake": "", "follows": ""}
        if line is not None:
            got = {
                "verdict": line["verdict"],
                "mistake": ",".join(one["slug"] for one in line["mistakes"]),
                "follows": ",".join(line["carried"]["from"]) if line["carried"] else "",
            }
        if got != {key: row[key] for key in got}:
            wrong.append((row, got))
    assert wrong == []
    assert len(rows) > 30


def test_everybody_has_a_row(out: Path) -> None:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert len(rows) == 42
    assert (rows["s101"]["name"], rows["s101"]["total"]) == ("Ada", "10")
    assert (rows["s131"]["out"], rows["s131"]["set by hand"]) == ("1", "out")
    assert (rows["s141"]["total"], rows["s141"]["dL/da"]) == ("0", "")


def test_the_summary_counts_everybody(out: Path) -> None:
    found = json.loads((out / "summary.json").read_text("utf-8"))
    assert (found["students"], found["of"], found["answers"]) == (42, 10, 226)
    for question in found["questions"]:
        assert sum(question["verdicts"].values()) == 42
        named = sum(one["count"] for one in question["mistakes"]) + question["carried"]
        assert named <= question["verdicts"]["wrong"] + 3  # several mistakes may give one answer


@pytest.mark.slow
def test_the_answers_of_variants_are_right(tmp_path: Path) -> None:
    """Those that `vary` wrote, handed in by whom they were handed out to."""
    sheets, roster = tmp_path / "sheets", str(COURSE / "roster.csv")
    exercise = str(COURSE / "neuron.yaml")
    assert run(["vary", exercise, "-n", "3", "--roster", roster, "-o", str(sheets)]) == 0
    with (sheets / "variants.csv").open(encoding="utf-8") as file:
        variants = {row["number"]: row for row in csv.DictReader(file)}
    questions = ["value a", "dL/da", "da/dz", "dL/dz", "dL/dw", "dL/dx"]
    with (sheets / "roster.csv").open(encoding="utf-8") as file:
        rows = [
            [one["student"], *map(variants[one["variant"]].get, questions)]
            for one in csv.DictReader(file)
        ]
    with (tmp_path / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["student", *questions], *rows])
    out = tmp_path / "out"
    assert (
        run(["grade", str(sheets), str(tmp_path / "answers.csv"), "-o", str(out), "-j", "1"]) == 0
    )
    found = json.loads((out / "summary.json").read_text("utf-8"))
    assert (found["students"], found["mean"], found["of"]) == (42, 10, 10)
