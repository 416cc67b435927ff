"""The commands: what is printed, with which exit code."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import gradcalc
from gradcalc.app import cli, file_commands
from gradcalc.app.cli import run
from gradcalc.app.shipped import exercise_text, titles
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from helpers.paths import EX1, EXERCISES


def test_validate_treats_every_file(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["validate", bad, "nowhere.yaml", EX1]) == 2
    out, err = capsys.readouterr()
    assert out == f"{EX1}: valid; inputs: x, y, z\n"
    assert err == (
        f"{bad}:1:15: something is missing after `*`\n    expression: x *\n                  ^\n"
        "nowhere.yaml: cannot read this file: No such file or directory\n"
    )
    assert cli.run(["validate", EX1]) == 0


def test_validate_lists_inputs_found_beside_a_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("expression: x*w + b\nvariables: {x: []}\n")
    assert cli.run(["validate", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: valid; inputs: x, w, b; not declared: w, b\n"


def test_warnings_go_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("title: Sheet #2\nexpression: x\n")
    assert cli.run(["validate", str(path)]) == 0
    assert capsys.readouterr().err.startswith(f"{path}:1:8: warning: YAML reads `#2` as a comment")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vaildate", "x"], "unknown command 'vaildate'\n    did you mean validate?"),
        (["validate"], "Missing argument"),
        (
            ["export", EX1, "--to", "html", "--lang", "xx"],
            "unknown language 'xx' (choose from en, de, fr, es, zh)",
        ),
        (["solve", EX1, "--format", "word"], "unknown format 'word' (choose from table, json, "),
        (
            ["solve", EX1, "--layout", "row"],
            "unknown layout 'row' (choose from gradient, jacobian, denominator)",
        ),
        (["solve", EX1, "--digits", "0"], "0 is not in the range"),
        (["new", "--from", "ex22"], "there is no shipped exercise `ex22`"),
        (["new", "-o", "/no/such/folder/x.yaml"], "its folder does not exist"),
        (["new", "-o", "/"], "is a folder"),
        (["new", "-o", "/dev/null"], "is not a regular file"),
    ],
)
def test_unusable_arguments(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_version_schema_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"gradcalc {gradcalc.__version__}\n"
    assert cli.run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "gradcalc exercise"
    for words in (
        ["--help"],
        ["solve", "-h"],
        ["validate", "--help"],
        ["new", "--help"],
        ["schema", "--help"],
    ):
        assert cli.run(words) == 0
        assert capsys.readouterr().out.startswith("Usage: ")


def test_new_writes_an_exercise_and_its_schema_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    assert cli.run(["new", "-o", str(path), "--from", "ex2"]) == 0
    assert path.read_text("utf-8") == exercise_text("ex2")
    assert path.read_text("utf-8").startswith(
        "# yaml-language-server: $schema=exercise.schema.json\n"
    )
    assert (tmp_path / "exercise.schema.json").exists()
    assert cli.run(["new", "-o", str(path)]) == 2
    assert path.read_text("utf-8") == exercise_text("ex2")
    assert "already exists" in capsys.readouterr().err
    assert cli.run(["new"]) == 0
    assert parse_exercise(capsys.readouterr().out).title == "A first exercise"
    assert {"ex1", "ex2", "ex3"} <= set(titles())


# Streams and signals


def test_messages_carry_no_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\x1b[31m.yaml"
    path.write_text('expression: x\nvariables: {"\\e]0;t\\a": []}\n')
    assert cli.run(["validate", str(path)]) == 2
    out, err = capsys.readouterr()
    assert all(char.isprintable() or char == "\n" for char in out + err)
    assert "a\\x1b[31m.yaml:2:" in err


def test_a_bug_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str) -> Exercise:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(file_commands, "open_exercise", fail)
    assert cli.run(["validate", EX1]) == 2
    assert (
        capsys.readouterr().err
        == f"{EX1}:1:1: this is a bug in gradcalc (ZeroDivisionError: a bug)\n    please report it; --debug shows where it happened\n"
    )
    assert cli.run(["validate", EX1, "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 2, "gradcalc: out of memory\n"),
        (
            KeyError("k"),
            2,
            "This is a bug in gradcalc (KeyError: 'k').\n    Please report it; rerun with --debug for details.\n",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_stops_the_program_itself_is_one_line(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    assert (cli.run(["validate", EX1]), capsys.readouterr().err) == (code, said)
    cli.run(["--debug", "validate", EX1])
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, KeyError)


def test_a_stream_that_cannot_be_emptied_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise OSError(32, "Broken pipe")

    monkeypatch.setattr(cli, "run", lambda arguments, forks: 0)
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 3
    assert sys.stdout is None


def test_the_graph_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["graph", EX1, "--solution", "--set", "z=2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Simple computational graph\n")
    assert "above each edge: value; below: ∂L/∂(value)" in out
    assert "f = 6" in out
    assert cli.run(["graph", EX1, EX1, "--ascii"]) == 0
    assert capsys.readouterr().out.count("Simple computational graph") == 2


def test_a_preamble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.tex"
    path.write_text("% é, mine\n", "utf-8")
    assert cli.run(["export", EX1, "--to", "latex", "--preamble", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.index("% é, mine") < out.index("\\begin{document}")
    path.write_bytes(b"\xff")
    assert cli.run(["export", EX1, "--to", "latex", "--preamble", str(path)]) == 2
    assert capsys.readouterr().err == f"{path}: this preamble is not UTF-8\n    save it as UTF-8\n"
    assert cli.run(["export", EX1, "--to", "latex", "--preamble", "nowhere.tex"]) == 2
    assert (
        "nowhere.tex: cannot read this file: No such file or directory" in capsys.readouterr().err
    )


def test_two_figures_are_not_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", EX1, EX1, "--to", "svg"]) == 2
    assert "one svg file holds one exercise, and you gave 2" in capsys.readouterr().err


# Files written


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["f(x, 2*x)", "--function", "f: 2"], "∂₁f(x, 2x) + 2 ∂₂f(x, 2x)"),
        (["sum(x[i]*y[i], i)", "--index", "i: n"], "y"),
        (["x^2*y", "--set", "x=3", "--set", "y=2"], "2x y\n12"),
        (["norm(x)^2", "--set", "x=[1, 2]", "--format", "plain"], "2*x\n[2, 4]"),
        (["norm(A@x)^2", "--format", "latex"], "2 A^{\\top} A x"),
        (["x^2*eye(n)", "--shape", "x: []", "--set", "n=2", "--set", "x=3"], "2x I\n[[6, 0],\n [0, 6]]"),
    ],
)  # fmt: skip
def test_diff_declares_what_its_hints_ask_for(
    words: list[str], out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["diff", *words, "--wrt", "x"]) == 0
    assert capsys.readouterr().out.strip() == out


@pytest.mark.parametrize(
    "words", [["diff", "-x^2", "--wrt", "x"], ["--ascii", "diff", "--wrt", "x", "-sum(x^2)"]]
)
def test_an_expression_may_begin_with_a_minus(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 0
    assert capsys.readouterr().out.strip() in ("−2x", "-2 x", "-2*x")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_without_a_file_the_first_shipped_exercise(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "--step")
    assert "Step 1 of 8" in out
    assert "Forward: q = x + y" in out
    assert out.index("Step 4 of 8") < out.index("∂f/∂q") < out.index("Summary")


def test_one_answer_by_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, str(EXERCISES / "ex2.yaml"), "--for", "dalpha/dx0", "--format", "plain")
    assert "dalpha/dx0" in out
    assert "dalpha/dw0" not in out


def test_a_question_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(EXERCISES / "ex2.yaml"), "--for", "dalpha/dq"]) == 2
    assert "--for:1:" in capsys.readouterr().err


def test_an_unknown_detail_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--detail", "long"]) == 2
    assert (
        "unknown level of detail 'long' (choose from brief, normal, full)"
        in capsys.readouterr().err
    )


def test_a_bad_file_is_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("expression: f = x +\n", "utf-8")
    assert run(["explain", str(file), "--format", "json"]) == 2
    assert "errors" in json.loads(capsys.readouterr().out)


def test_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", "exercises/ex1.yaml", "exercises/ex2.yaml", "--to", "html"]) == 0
    assert capsys.readouterr().out.count("<article") == 2


def test_diff_prints_the_formula_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["diff", "norm(A@x - y)^2", "--wrt", "x"]) == 0
    out, err = capsys.readouterr()
    assert out == "2·Aᵀ(A x − y)\n"
    assert err == "assumed: A is n×m, x is [m], y is [n]\n"


def test_diff_in_other_formats(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "diff",
        "x.T @ A @ x",
        "--wrt",
        "x",
        "--shape",
        "x: [n]",
        "--shape",
        "A: [n, n]",
        "--format",
    ]
    assert cli.run([*words, "plain"]) == 0
    assert capsys.readouterr() == ("(A + A.T) @ x\n", "")
    assert cli.run([*words, "json"]) == 0
    assert json.loads(capsys.readouterr().out)["symbolic"] == "(A + A.T) @ x"
    assert cli.run([*words, "markdown"]) == 0
    assert capsys.readouterr().out == "$(A + A^{\\top}) x$\n"


def test_diff_without_a_matrix_form_names_the_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["diff", "W@x + u", "--wrt", "W", "--format", "plain"]) == 0
    out, err = capsys.readouterr()
    assert out == "where(k == p, x[q], 0)\n"
    assert "one entry, at k, p, q: the derivative is n×n×m" in err


@pytest.mark.parametrize(
    "words",
    [["x +", "--wrt", "x"], ["x", "--wrt", "w"], ["x", "--wrt", "x", "--shape", "x"], ["x"]],
)
def test_diff_refuses(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["diff", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err
