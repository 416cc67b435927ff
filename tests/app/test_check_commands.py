"""check and diff --answer: what is printed, with which exit code."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import gradcalc
from gradcalc.app.cli import run
from helpers.paths import EX1


def test_one_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", EX1, "--answer", "df/dx=z"]) == 0
    assert capsys.readouterr().out == (
        "Simple computational graph\n\n"
        "question   read as   verdict   points\n"
        "─────────────────────────────────────\n"
        "∂f/∂x      z         ✓ right      2/2\n\n"
        "2 of 2 points\n"
    )
    assert run(["check", EX1, "--answer", "df/dx=z", "--answer", "df/dy=x z"]) == 1
    out, err = capsys.readouterr()
    assert "∂f/∂y      x z       ! invalid      0/2" in out
    assert err == (
        "--answer:1:9: an operator is missing between `x` and `z`\n"
        "    df/dy=x z\n"
        "            ^ write x*z\n"
    )


def test_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--answer", "df/dz=x*y", "--format", "json", "--reveal"]
    assert run(["check", EX1, *words]) == 1
    found = json.loads(capsys.readouterr().out)
    (answer,) = found.pop("answers")
    assert found == {
        "format": 1, "file": EX1, "student": None, "points": 0, "of": 1, "warnings": [],
    }  # fmt: skip
    decided = answer.pop("decided")
    assert decided["by"] == "enclosure"
    assert decided["bits"] == 120
    assert set(decided["point"]) == {"x", "y", "z", "upstream of f"}
    assert answer.pop("message")
    assert {mistake["slug"] for mistake in answer.pop("mistakes")} <= set(gradcalc_slugs())
    assert answer == {
        "question": "df/dz", "name": None, "answer": "x*y", "read_as": "x*y", "kind": "formula",
        "verdict": "wrong", "points": 0, "of": 1, "carried": None, "entries": None,
        "right_answer": "q",
    }  # fmt: skip


def gradcalc_slugs() -> tuple[str, ...]:
    from gradcalc.exercise.grading import SLUGS

    return SLUGS


def test_a_table_of_students(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.csv"
    path.write_text("student,question,answer\ns1,df/dx,z\ns2,df/dx,-4\n")
    assert run(["check", EX1, str(path), "--format", "json"]) == 1  # others are blank
    one, two = json.loads(capsys.readouterr().out)
    assert (one["student"], one["points"], two["student"], two["points"]) == ("s1", 2, "s2", 2)
    assert [answer["verdict"] for answer in one["answers"]].count("blank") == 5


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stdin:
        buffer = io.BytesIO(b"answers:\n  df/dx: z\n  df/dy: ?\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run(["check", EX1, "-", "--format", "plain"]) == 1
    out = capsys.readouterr().out
    assert "df/dx verdict: ✓ right" in out
    assert "df/dy verdict: – blank" in out


def test_policies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", EX1, "--show-policy"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("grading:\n  tolerance: {relative: 0.001, absolute: 1e-09}\n")
    path = tmp_path / "policy.yaml"
    path.write_text(shown.replace("hints: full", "hints: none"))
    assert run(["check", EX1, "--policy", str(path), "--show-policy"]) == 0
    assert "hints: none" in capsys.readouterr().out
    path.write_text("hints: some\n")
    assert run(["check", EX1, "--policy", str(path), "--answer", "df/dx=z"]) == 2
    assert "`hints` cannot be `some`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a file of answers, or --answer 'QUESTION=ANSWER'"),
        (["a.yaml", "--answer", "df/dx=z"], "give a file of answers, or --answer"),
        (["nowhere.yaml"], "nowhere.yaml: cannot read this file"),
        (["--answer", "df/du=z"], "there is no question `df/du`"),
    ],
)
def test_what_cannot_be_used(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", EX1, *words]) == 2
    assert message in capsys.readouterr().err


def test_claims_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "logdet(X)", "--wrt", "X", "--answer", "inv(X).T"]) == 0
    assert capsys.readouterr() == ("right\n", "assumed: X is n×n\n")
    assert run(["diff", "logdet(X)", "--wrt", "X", "--answer", "inv(X)"]) == 1
    assert capsys.readouterr().out.startswith("wrong: ")
    words = ["--answer", "inv(X.T)", "--answer", "X +"]
    assert run(["diff", "logdet(X)", "--wrt", "X", *words]) == 1
    assert capsys.readouterr().out == (
        "inv(X.T): right\nX +: invalid: something is missing after `+`\n"
    )
    assert run(["diff", "x^2", "--wrt", "x", "--answer", "2*x", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "right"


def test_claims_on_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stdin:
        buffer = io.BytesIO(b"2*a\n\na\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run(["diff", "a^2", "--wrt", "a", "--answer", "-"]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == "2*a: right"
    assert second.startswith("a: wrong: ")


def test_the_library() -> None:
    verdict = gradcalc.check("logdet(X)", wrt="X", answer="inv(X).T")
    assert isinstance(verdict, gradcalc.Verdict)
    assert verdict.right
    verdicts = gradcalc.check(EX1, {"df/dx": "z", "df/dy": -4, 3: 1.5})
    found = [one.verdict for one in verdicts]
    assert found == ["blank", "blank", "wrong", "blank", "right", "right"]
    with pytest.raises(gradcalc.GradcalcError, match="there is no question"):
        gradcalc.check(EX1, {"df/du": "z"})
    with pytest.raises(gradcalc.GradcalcError, match="needs an expression and wrt"):
        gradcalc.check(EX1, answer="z", wrt="")
