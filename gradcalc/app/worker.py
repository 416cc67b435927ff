"""Work in a process of its own, which is ended at its deadline.

Limits on what is read and on what simplification may cost come first; this is for what they let
through. A library that loops in C hears no signal handler, and one that runs out of memory may
abort: that ends the child alone, and the next item gets another. The child computes; the parent
alone prints and writes files.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, TypeVar

from gradcalc.language.fast_dataclasses import dataclass

T = TypeVar("T")

MEMORY = 4 << 30  # bytes of data that a child may hold
HEAD = 8  # bytes that say how long an answer is
TICK = 0.1  # seconds between two looks for an answer
WAITING = 10  # times its limit of processor time may an item take by the clock
PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that a process gets when its parent ends
OUT_OF_MEMORY = 3  # exit code of a child


@dataclass(frozen=True, slots=True)
class Lost:
    """The work on an item was ended, or ended its process. `slug`: late, memory or died;
    `reason` says it in words.
    """

    slug: str
    reason: str


def apart(
    work: Callable[[T], str],
    items: Sequence[T],
    seconds: float,
    waiting: Callable[[int], None] = lambda done: None,
) -> Iterator[str | Lost]:
    """What `work` says of each item, in order, each within so many seconds of processor time, so
    that a busy machine costs none its answer. One child does all, until it is lost.

    waiting: called every `TICK` seconds while there is no answer, with the number of those that
    came
    """
    done = 0
    while done < len(items):
        parent = os.getpid()
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            os.close(read)
            _serve(work, items[done:], write, seconds, parent)
        os.close(write)
        alive = True
        try:
            while len(head := _read(read, HEAD, done, waiting)) == HEAD:
                text = _read(read, length := int.from_bytes(head, "big"), done, waiting)
                if len(text) < length:
                    break
                done += 1
                yield text.decode("utf-8", "surrogatepass")
            alive = False
        finally:
            os.close(read)
            if alive:  # whoever asked wants no more
                os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
        if done < len(items):
            done += 1
            yield why_lost(os.waitstatus_to_exitcode(status), seconds)


def _read(source: int, length: int, done: int, waiting: Callable[[int], None]) -> bytes:
    """So many bytes from a pipe, or fewer where it ends."""
    parts = bytearray()
    while len(parts) < length:
        while not select.select([source], [], [], TICK)[0]:
            waiting(done)
        if not (part := os.read(source, min(length - len(parts), 1 << 20))):
            break
        parts += part
    return bytes(parts)


def _serve(
    work: Callable[[T], str], items: Sequence[T], write: int, seconds: float, parent: int
) -> NoReturn:
    """The child: answers until nothing is left or nobody listens. It leaves without what the
    parent does at its end.
    """
    try:
        default_signals()
        _orphaned(parent)
        limit_memory()
        with os.fdopen(write, "wb") as out:
            for item in items:
                with deadline(seconds):
                    text = work(item).encode("utf-8", "surrogatepass")
                out.write(len(text).to_bytes(HEAD, "big") + text)
                out.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException:
        os._exit(1)
    os._exit(0)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End this process where what is done inside takes more seconds of processor time, or far
    longer by the clock; 0: no limit.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITING * seconds)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)


def default_signals() -> None:
    """Leave interrupts to the parent, and take the system's own action, which needs nobody to
    listen, for the others.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGPROF, signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _orphaned(parent: int) -> None:
    """End this process with its parent, also where that is killed: by the system, where it can,
    else by a thread that looks.
    """
    import sys

    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    else:
        from threading import Thread

        Thread(target=watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it has died meanwhile
        os._exit(1)


def watch(parent: int) -> None:
    """End this process soon after its parent has ended; called in a thread."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def limit_memory() -> None:
    """Let this process hold so much data and no more, and leave no core behind."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [limit for limit in (soft, hard, MEMORY) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(known), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def why_lost(code: int, seconds: float) -> Lost:
    """Why a child ended that had work to do. `code`: its exit code, below 0 the signal."""
    if code < 0:
        if -code == signal.SIGPROF:
            return Lost("late", f"it took longer than {seconds:g} seconds")
        if -code == signal.SIGALRM:
            return Lost("late", f"it waited longer than {WAITING * seconds:g} seconds")
        return Lost("died", f"its process ended with {signal.Signals(-code).name}")
    if code == OUT_OF_MEMORY:
        return Lost("memory", "out of memory")
    return Lost("died", f"its process ended with exit code {code}")
