"""The command line: what is printed where, with which exit code, whatever the streams are like."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gradcalc
from gradcalc.app import cli
from gradcalc.app.console import Console, OutputError, PipeClosed, describe, width
from gradcalc.app.files import check_target, sweep, write_whole
from gradcalc.app.shipped import exercise_text, titles
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.language.errors import GradcalcError, Place, Problem

ROOT = Path(__file__).parent.parent
EX1 = str(ROOT / "exercises" / "ex1.yaml")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text("expression: x *\n", "utf-8")
    return str(path)


def process(*words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own, without a terminal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}  # type: ignore[dict-item]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(
        [sys.executable, "-m", "gradcalc", *words], env=environment, timeout=60, **streams
    )  # type: ignore[call-overload,no-any-return]


def test_validate_treats_every_file(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["validate", bad, "nowhere.yaml", EX1]) == 2
    out, err = capsys.readouterr()
    assert out == f"{EX1}: valid; inputs: x, y, z\n"
    assert err == (
        f"{bad}:1:15: something is missing after `*`\n    expression: x *\n                  ^\n"
        "nowhere.yaml: cannot be read: No such file or directory\n"
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
    assert capsys.readouterr().err.startswith(f"{path}:1:8: warning: `title` is cut at `#2`")


def test_a_pipe_is_a_file() -> None:
    done = process("validate", "-", input=b"expression: x*y\n")
    assert (done.returncode, done.stdout) == (0, b"-: valid; inputs: x, y\n")
    done = process("validate", "-", input=b"expression: x*\n")
    assert done.returncode == 2
    assert done.stderr.startswith(b"<stdin>:1:14: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vaildate", "x"], "No such command 'vaildate'"),
        (["validate"], "Missing argument"),
        (["solve", EX1, "--format", "word"], "'word' is none of table, json, "),
        (["solve", EX1, "--layout", "row"], "'row' is none of gradient, jacobian, denominator"),
        (["solve", EX1, "--digits", "0"], "0 is not in the range"),
        (["new", "--from", "ex22"], "no shipped exercise is called `ex22`"),
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
    assert "exists already" in capsys.readouterr().err
    assert cli.run(["new"]) == 0
    assert parse_exercise(capsys.readouterr().out).title == "A first exercise"
    assert {"ex1", "ex2", "ex3"} <= set(titles())


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys\nfrom gradcalc.app import cli\n"
        f"for words in (['--help'], ['--version'], ['validate', {EX1!r}], ['solve'], ['schema']): cli.run(words)\n"
        "print(sorted({'sympy', 'numpy', 'mpmath', 'flint', 'pydantic', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, cwd=ROOT, timeout=60, check=True
    )
    assert done.stderr.splitlines()[-1] == b"[]"


# Streams and signals


def test_a_reader_that_stops_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = process("validate", *[EX1] * 3, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.Exit.BROKEN_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["validate", EX1], ["schema"], ["--help"], ["--version"]])
def test_a_full_disk_is_said(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = process(*words, stdout=full)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    command = f"{sys.executable} -m gradcalc validate - {EX1} {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, input=b"", cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode in (2, 3)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_encodings_of_the_output(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("expression: β*ŷ\n", "utf-8")
    done = process("validate", str(path), env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    expected = "β, ŷ" if encoding == "utf-8" else "beta, yhat"
    assert done.stdout.decode().endswith(f"inputs: {expected}\n")
    assert (
        process("validate", str(path), "--ascii").stdout.decode().endswith("inputs: beta, yhat\n")
    )


@pytest.mark.parametrize("columns", ["0", "1", "20", "40", "80", "400", "x", "-5"])
def test_any_width(
    columns: str, bad: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert 20 <= Console().width <= 200
    assert cli.run(["validate", bad]) == 2
    assert "something is missing after `*`" in capsys.readouterr().err


def test_no_home_and_a_dumb_terminal() -> None:
    environment = {"HOME": "", "TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C"}
    assert process("validate", EX1, env=environment).returncode == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_end_it_quietly(number: signal.Signals, code: int) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "gradcalc", "validate", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(3)  # it waits for its input by now
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert b"Traceback" not in err


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

    monkeypatch.setattr(cli, "load_exercise", fail)
    assert cli.run(["validate", EX1]) == 2
    assert (
        capsys.readouterr().err
        == f"{EX1}:1:1: gradcalc failed here (ZeroDivisionError: a bug)\n    that is a bug; --debug shows where\n"
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
            "gradcalc failed: KeyError: 'k'\n    that is a bug; --debug shows where\n",
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


def test_help_for_a_full_disk() -> None:
    with open("/dev/full", "wb") as full:
        done = process("--help", stdout=full)
    assert (done.returncode, done.stderr) == (3, b"gradcalc: No space left on device\n")


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


def test_the_graph_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["graph", EX1, "--solution", "--set", "z=2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Simple computational graph\n")
    assert "above the wire: forward; below: gradient of L" in out
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
    assert capsys.readouterr().err == f"{path}:1:1: the preamble cannot be read: it is not UTF-8\n"
    assert cli.run(["export", EX1, "--to", "latex", "--preamble", "nowhere.tex"]) == 2
    assert "the preamble cannot be read: No such file or directory" in capsys.readouterr().err


def test_two_figures_are_not_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", EX1, EX1, "--to", "svg"]) == 2
    assert "svg holds one exercise, and there are 2" in capsys.readouterr().err


def test_a_png_to_the_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "rsvg-convert"
    program.write_text("#!/bin/sh\ncat >/dev/null; printf '\\211PNG-'\n")
    program.chmod(0o755)
    done = process(
        "export", EX1, "--to", "png", "-o", "-", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"\x89PNG-",
        b"made with rsvg-convert\n",
    )
    program.write_text("#!/bin/sh\ncat >/dev/null; echo no >&2; exit 1\n")
    done = process(
        "export", EX1, "--to", "png", "-o", "-", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"png was not made: rsvg-convert failed: no\n" in done.stderr


def test_many_problems_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Console().report(*[Problem("x", f"number {n}", Place("e.yaml", n + 1, 1)) for n in range(25)])
    assert capsys.readouterr().err.endswith("e.yaml:20:1: number 19\n… and 5 more\n")
    Console().warn(*[Problem("x", f"number {n}", Place("e.yaml", n + 1, 1)) for n in range(25)])
    assert capsys.readouterr().err.endswith(
        "e.yaml:20:1: warning: number 19\n… and 5 more warnings\n"
    )


def test_widths() -> None:
    assert (width("abc"), width("数"), width("y\u0302")) == (3, 2, 1)
    long = Problem("x", "m", Place("f", 1, 500, "a" * 1000))
    assert all(width(line) <= 60 for line in describe(long, 60).split("\n"))


# Files written


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, "old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(GradcalcError, match="No space left on device"):
        write_whole(path, "newer")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_targets_are_refused_before_work_begins(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    for path, replace, reason in (
        (tmp_path, True, "is a folder"),
        (tmp_path / "there", False, "exists already"),
        (tmp_path / "no" / "x", True, "its folder does not exist"),
        (tmp_path / ("n" * 300), True, "cannot be written"),
    ):
        with pytest.raises(GradcalcError, match=reason):
            check_target(path, replace)
    check_target(tmp_path / "there")
    check_target(tmp_path / "new")


def test_old_litter_is_swept(tmp_path: Path) -> None:
    old, fresh, other = (
        tmp_path / ".gradcalc-1.tmp",
        tmp_path / ".gradcalc-2.tmp",
        tmp_path / "mine.tmp",
    )
    for path in (old, fresh, other):
        path.write_text("")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh, other]


@pytest.mark.parametrize(
    "words", [["diff", "-x^2", "--wrt", "x"], ["--ascii", "diff", "--wrt", "x", "-sum(x^2)"]]
)
def test_an_expression_may_begin_with_a_minus(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 0
    assert capsys.readouterr().out.strip() in ("−2 diag(x)", "-2 x", "-2*x")
