"""A limit of processor time for the library, which has no process of its own to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from gradcalc.language.errors import GradcalcError, Problem

SECONDS = 60  # of processor time for one exercise; the longest of the library needs two


class _Late(BaseException):
    """The time is over. It passes through every handler that waits for an exception."""


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Raises GradcalcError where what is done inside takes more seconds on the processor; None or
    0: no limit.

    It takes the signal SIGVTALRM, so it holds in the main thread alone, where nobody else uses
    that signal and the system has it. What loops in C is stopped when it returns.
    """
    if not seconds or not _free():
        yield
        return

    def stop(number: int, frame: Any) -> NoReturn:
        raise _Late

    signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    except _Late:
        message = f"no answer: it took longer than {seconds:g} seconds"
        raise GradcalcError(
            Problem("late", message, None, "use timeout=… to allow more seconds")
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)


def _free() -> bool:
    """May the signal be taken?"""
    main = threading.current_thread() is threading.main_thread()
    return (
        main
        and hasattr(signal, "setitimer")
        and signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    )
