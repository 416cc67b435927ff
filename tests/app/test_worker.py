"""Work in a child process: what hangs, fills memory or aborts is said in time."""

from __future__ import annotations

import faulthandler
import math
import os
import resource
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
    while True:
        pass


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
    """B4: the verdict comes at most half a second of processor time after the deadline."""
    begin = spent()
    assert list(apart(work, ["a", item, "b"], 0.5)) == ["a \ud800 done", lost, "b \ud800 done"]
    assert spent() - begin < 0.5 + 0.5 + 0.5  # the last half for the two others


def spent() -> float:
    """Processor time of the children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def test_waiting_is_not_working() -> None:
    """A limit is one of processor time; what only waits has longer, but not for ever."""

    def wait(seconds: float) -> str:
        time.sleep(seconds)
        return "done"

    assert list(apart(wait, [0.3], 0.1)) == ["done"]
    late = Lost("late", "it waited longer than 0.5 seconds")
    assert list(apart(wait, [30.0, 0.0], 0.05)) == [late, "done"]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks into /proc")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    read, write = os.pipe()
    if (parent := os.fork()) == 0:

        def hold(_: int) -> str:
            os.write(write, f"{os.getpid()}\n".encode())
            endless()
            return ""

        list(apart(hold, [1], 60))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        child = int(lines.readline())
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    deadline = time.monotonic() + 10
    while running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(child)


def running(process: int) -> bool:
    """Is there such a process, which is no zombie?"""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
