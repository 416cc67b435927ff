"""Several files: what hangs, fills memory or aborts costs its own file and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradcalc.app.batch import each
from gradcalc.app.console import Console
from gradcalc.language.errors import GradcalcError, Place, Problem
from helpers.paths import EXERCISES
from helpers.program import FOLDER, environment, python

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here"),
    pytest.mark.filterwarnings(
        "ignore:.*multi-threaded.*fork:DeprecationWarning"
    ),  # the test runner has threads
]


def test_results_and_problems_cross_over(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(file: str) -> object:
        if file == "bad":
            raise GradcalcError(
                Problem("x", "wrong", Place("bad", 3, 4, "a line", 2), "right"),
                Problem("y", "more"),
            )
        if file == "bug":
            raise KeyError("a bug")
        return [file, {"x": 1.5, "y": None}]

    console = Console(forks=True)
    found = list(each(console, ["good", "bad", "bug"], answer, 10))
    assert [result for _, result, _ in found] == [["good", {"x": 1.5, "y": None}], None, None]
    assert found[1][2] == (
        Problem("x", "wrong", Place("bad", 3, 4, "a line", 2), "right"),
        Problem("y", "more", Place("bad", 1, 1)),
    )
    assert console.problems == 3
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "bug:1:1: this is a bug in gradcalc (KeyError: 'a bug')",
        "    please report it; --debug shows where it happened",
    ]  # fmt: skip


# ---- the command line


PROGRAM = """
import os, sys, time
from gradcalc.app import shipped
read = shipped.open_exercise
def strange(file):
    if file.endswith("hang.yaml"):
        print(os.getpid(), file=sys.stderr, flush=True)
        while True: pass
    if file.endswith("abort.yaml"): os.abort()
    if file.endswith("memory.yaml"): bytearray(5 << 30)
    return read(file)
shipped.open_exercise = strange
from gradcalc.app import cli  # its commands take what stands there now
cli.main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_file_that_is_lost_spoils_no_other() -> None:
    ex1, ex2 = str(EXERCISES / "ex1.yaml"), str(EXERCISES / "ex2.yaml")
    files = [ex1, "abort.yaml", "memory.yaml", ex2]
    done = python("-c", PROGRAM, "solve", *files, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "abort.yaml:1:1: no answer: its process ended with SIGABRT",
        "memory.yaml:1:1: no answer: out of memory",
        "    use smaller arrays",
    ]
    alone = python("-m", "gradcalc", "solve", ex1, ex2, text=True)
    assert done.stdout == alone.stdout != ""


@pytest.mark.slow
def test_a_late_file_is_named_in_the_data() -> None:
    done = python("-c", PROGRAM, "solve", "hang.yaml", "--timeout", "1", "--format", "json", text=True)  # fmt: skip
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "file": "hang.yaml",
        "errors": [{"line": 1, "column": 1, "message": "no answer: it took longer than 1 seconds", "hint": "use --timeout to allow more seconds"}],
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_child_too(number: signal.Signals, code: int) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "solve", "hang.yaml"],
        cwd=FOLDER, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )  # fmt: skip
    assert running.stderr is not None
    child = int(running.stderr.readline())
    assert child != running.pid
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert running.returncode == code
    assert said == ("interrupted\n" if number == signal.SIGINT else f"ended by {number.name}\n")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("format", ["table", "json", "jsonl", "markdown"])
def test_what_is_done_is_printed_while_the_next_file_is_waited_for(
    tmp_path: Path, format: str
) -> None:
    pipe, first = tmp_path / "late.yaml", tmp_path / "first.yaml"
    os.mkfifo(pipe)
    first.write_text("expression: x^2\nvalues: {x: 3}\n", "utf-8")
    command = [sys.executable, "-m", "gradcalc", "solve", "--format", format, str(first), str(pipe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        begun = ""
        while "x" not in begun.replace("expression", ""):
            begun += process.stdout.readline()
        with pipe.open("w", encoding="utf-8") as other:
            other.write("expression: y^3\nvalues: {y: 2}\n")
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "y" in rest
    if format == "json":
        assert [item["answers"][0]["value"] for item in json.loads(begun + rest)] == [6, 12]
