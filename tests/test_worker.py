"""What hangs, fills memory or aborts costs its own item and nothing else."""

from __future__ import annotations

import faulthandler
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gradcalc.app.batch import each
from gradcalc.app.console import Console
from gradcalc.app.worker import Lost, apart
from gradcalc.language.errors import GradcalcError, Place, Problem

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here"),
    pytest.mark.filterwarnings(
        "ignore:.*multi-threaded.*fork:DeprecationWarning"
    ),  # the test runner has threads
]
ROOT = Path(__file__).parent.parent


def endless() -> None:
    """A loop in C, which no handler of a signal interrupts. With gmpy2, SymPy's factorial(5*10**7) is one."""
    math.factorial(3 * 10**7)


def ignoring() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def abort() -> None:
    faulthandler.disable()  # pytest's, which would print where it was
    os.abort()


WORK: dict[str, Callable[[], object]] = {
    "endless": endless,
    "ignoring": ignoring,
    "abort": abort,
    "exit": lambda: os._exit(7),
    "memory": lambda: bytearray(5 << 30),
    "error": lambda: 1 / 0,
}


def work(item: str) -> str:
    if item in WORK:
        WORK[item]()
    return f"{item} \ud800 done"


@pytest.mark.parametrize(
    ("item", "lost"),
    [
        ("endless", Lost("late", "it took longer than 0.5 seconds")),
        ("ignoring", Lost("late", "it took longer than 0.5 seconds")),
        ("abort", Lost("died", "its process ended with SIGABRT")),
        ("exit", Lost("died", "its process ended with exit code 7")),
        ("memory", Lost("memory", "out of memory")),
        ("error", Lost("died", "its process ended with exit code 1")),
    ],
)
def test_what_is_lost_is_said_in_time_and_the_next_goes_on(item: str, lost: Lost) -> None:
    """B4: the verdict comes at most half a second after the deadline (here a second: the machine may be busy)."""
    begin = time.monotonic()
    assert list(apart(work, ["a", item, "b"], 0.5)) == ["a \ud800 done", lost, "b \ud800 done"]
    assert time.monotonic() - begin < 0.5 + 1


def test_answers_come_in_order_whatever_their_length() -> None:
    items = [n * 100_000 for n in range(8)]
    assert [len(str(text)) for text in apart(lambda n: "x" * n, items, 10)] == items
    assert list(apart(work, [], 10)) == []


def test_a_child_ends_with_whoever_asked() -> None:
    answers = apart(lambda _: str(os.getpid()), [1, 2], 10)
    child = int(str(next(answers)))
    answers.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


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
from gradcalc.app import cli
read = cli.open_exercise
def strange(file):
    if file.endswith("hang.yaml"):
        print(os.getpid(), file=sys.stderr, flush=True)
        time.sleep(600)
    if file.endswith("abort.yaml"): os.abort()
    if file.endswith("memory.yaml"): bytearray(5 << 30)
    return read(file)
cli.open_exercise = strange
cli.main(sys.argv[1:])
"""


def test_a_file_that_is_lost_spoils_no_other() -> None:
    ex1, ex2 = str(ROOT / "exercises/ex1.yaml"), str(ROOT / "exercises/ex2.yaml")
    files = [ex1, "abort.yaml", "memory.yaml", ex2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "solve", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "abort.yaml:1:1: no answer: its process ended with SIGABRT",
        "memory.yaml:1:1: no answer: out of memory",
        "    use smaller arrays",
    ]
    alone = subprocess.run(
        [sys.executable, "-m", "gradcalc", "solve", ex1, ex2],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout == alone.stdout != ""


def test_a_late_file_is_named_in_the_data() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "solve", "hang.yaml", "--timeout", "1", "--format", "json"],
        cwd=ROOT, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "file": "hang.yaml",
        "errors": [{"line": 1, "column": 1, "message": "no answer: it took longer than 1 seconds", "hint": "use --timeout to allow more seconds"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_child_too(number: signal.Signals, code: int) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "solve", "hang.yaml"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
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
