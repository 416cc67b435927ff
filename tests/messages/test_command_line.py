"""What the command line says to mistyped commands, files and options, in full."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gradcalc.app import cli
from gradcalc.app.cli import COMMANDS
from gradcalc.exercise import files
from gradcalc.exercise.source import MAX_TOTAL

LISTED = f"Commands: {', '.join(COMMANDS)}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ex1.yaml"], "gradcalc: ex1.yaml is a file, not a command\n    Run 'gradcalc solve ex1.yaml' to solve it.\n"),
        (["ex1"], "gradcalc: ex1 is a file, not a command\n    Run 'gradcalc solve ex1' to solve it.\n"),
        (["slove", "ex1"], f"gradcalc: unknown command 'slove'\n    did you mean solve? {LISTED}\n"),
        (["exprot"], f"gradcalc: unknown command 'exprot'\n    did you mean export? {LISTED}\n"),
        (["grph"], f"gradcalc: unknown command 'grph'\n    did you mean graph? {LISTED}\n"),
        (["latex"], f"gradcalc: unknown command 'latex'\n    {LISTED}\n"),
        (["solve"], "gradcalc: Missing argument 'FILE...'.\n    Run 'gradcalc solve --help' for the options.\n"),
        (["solve", "ex1", "--format", "doc"], "gradcalc: unknown format 'doc' (choose from table, json, jsonl, markdown, plain)\n    Run 'gradcalc solve --help' for the options.\n"),
        (["solve", "ex1x"], "ex1x: cannot read this file: No such file or directory\n    did you mean the shipped exercise ex1?\n"),
        (["solve", "no/such.yaml"], "no/such.yaml: cannot read this file: No such file or directory\n"),
        (["new", "--from", "ridge"], "there is no shipped exercise `ridge`\n    did you mean kernel-ridge-regression or ridge-regression?\n"),
        (["new", "--from", "xyzzy"], "there is no shipped exercise `xyzzy`\n    run 'gradcalc new --list' for all of them\n"),
        (["export", "ex1", "ex2", "--to", "svg"], "one svg file holds one exercise, and you gave 2\n    give a folder: -o figures/\n"),
        (["diff", "x^2y", "--wrt", "x"], "<expression>:1:3: `2y` can be read in two ways here\n    x^2y\n      ^ write x^2*y or x^(2*y)\n"),
        (["diff", "x^2", "--wrt", "y"], "`y` is not in the expression\n    names: x\n"),
    ],
)  # fmt: skip
def test_what_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", said)


def test_a_shipped_exercise_is_read_by_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["validate", "ex1", "ex2.yaml"]) == 0
    assert capsys.readouterr().out == (
        "ex1: valid; inputs: x, y, z\nex2.yaml: valid; inputs: w0, x0, w1, x1, w2\n"
    )
    (tmp_path / "ex1").write_text("expression: a*b\n")  # a file of that name comes first
    assert cli.run(["validate", "ex1"]) == 0
    assert capsys.readouterr().out == "ex1: valid; inputs: a, b\n"


def test_the_shipped_exercises_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split(maxsplit=1) == ["ex1", "Simple computational graph"] for line in lines)


def test_new_overwrites_when_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("mine")
    assert cli.run(["new", "-o", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"{path}: already exists\n    use --force to overwrite it, or choose another name\n"
    )
    assert path.read_text() == "mine"
    assert cli.run(["new", "-o", str(path), "--force"]) == 0
    assert path.read_text() != "mine"


def test_validate_takes_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", ".hidden/d.yaml", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("expression: x*y\n")
    monkeypatch.chdir(tmp_path)
    assert cli.run(["validate", "."]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "a.yml", "b.yaml", "sub/c.yaml",
    ]  # fmt: skip
    (tmp_path / "empty").mkdir()
    assert cli.run(["validate", "empty"]) == 2
    assert capsys.readouterr().err == "empty: there is no .yaml file in this folder\n"


def test_validate_for_ci(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("expression: f = sin x\n")
    Path("odd.yaml").write_text("expression: f = 2xy\n")
    assert cli.run(["validate", "--format", "json", "bad.yaml", "odd.yaml"]) == 2
    bad, odd = json.loads(capsys.readouterr().out)
    assert bad == {
        "file": "bad.yaml", "ok": False, "inputs": [], "warnings": [],
        "errors": [{
            "file": "bad.yaml", "line": 1, "column": 17, "hint": "write sin(x)",
            "message": "`sin` is a function: put its argument in parentheses",
        }],
    }  # fmt: skip
    assert (odd["ok"], odd["inputs"], odd["errors"]) == (True, ["xy"], [])
    assert odd["warnings"][0]["hint"] == "did you mean x*y?"


def test_an_export_does_not_overwrite_its_exercise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("expression: f = x*y\n")
    assert cli.run(["export", str(path), "--to", "latex", "-o", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"{path} is the exercise itself\n    choose another name for the output\n"
    )
    assert path.read_text() == "expression: f = x*y\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.2)
    os.mkfifo(tmp_path / "pipe")
    assert cli.run(["validate", str(tmp_path / "pipe")]) == 2
    assert "it is a pipe, and nothing was written to it for 0.2 seconds" in capsys.readouterr().err


def test_a_file_without_end_is_read_up_to_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["validate", "/dev/zero"]) == 2
    assert capsys.readouterr().err == (
        f"/dev/zero: the file is larger than {MAX_TOTAL // 1024:,} KiB, the limit\n"
    )
    assert cli.run(["export", "ex1", "--to", "latex", "--preamble", "/dev/zero"]) == 2


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\x1b"])
def test_hidden_characters_are_refused_in_tex(
    sign: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.yaml"
    escape = f"\\u{ord(sign):04x}"
    path.write_text(f'expression: f = x\nvariables: {{x: {{latex: "a{escape}b"}}}}\n')
    assert cli.run(["validate", str(path)]) == 2
    found = f"{path}:2:26: the invisible character U+{ord(sign):04X} is not allowed in TeX\n"
    assert capsys.readouterr().err.startswith(found)
