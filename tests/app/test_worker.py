"""Work in a child process: what hangs, fills memory or aborts is said in time."""

from __future__ import annotations

import faulthandler
import math
import os
import signal
import time
from collections.abc import Callable

import pytest

from gradcalc.app.worker import Lost, apart

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here"),
    pytest.mark.filterwarnings(
        "ignore:.*multi-threaded.*fork:DeprecationWarning"
    ),  # the test runner has threads
]


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


@pytest.mark.slow
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
