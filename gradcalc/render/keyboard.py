"""The keyboard of a terminal, key by key; what is typed while nothing reads it waits."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Key: TypeAlias = Callable[[], str]

KEYS = {
    " ": "next", "\r": "next", "\n": "next", "n": "next", "b": "back", "\x7f": "back",
    "\x08": "back", "q": "quit", "\x1b": "quit", "f": "end", "\x04": "quit", "": "quit",
    "j": "down", "k": "up", "?": "more", "h": "hint",
}  # fmt: skip
ARROWS = {"A": "up", "B": "down", "C": "next", "D": "back", "5~": "page up", "6~": "page down"}
_SEQUENCE = re.compile(rb"\x1b[\[O]([0-9;]*[A-Za-z~])|.", re.DOTALL)


@contextmanager
def keyboard() -> Iterator[Key]:
    """A function that waits for a key and names it: next, back, up, down, page up, page down, end,
    more, hint, quit; "again" for another key and for a window of a new size. The terminal is put
    back at the end.
    """
    try:
        import msvcrt
    except ImportError:
        yield from _unix()
        return
    read: Any = msvcrt
    yield lambda: _windows(read)


def _windows(read: Any) -> str:
    char = read.getwch()
    if char == "\x03":
        raise KeyboardInterrupt
    if char in ("\x00", "\xe0"):
        moves = {"M": "next", "K": "back", "P": "down", "H": "up", "I": "page up", "Q": "page down"}
        return moves.get(read.getwch(), "again")
    return KEYS.get(char.lower(), "again")


def _unix() -> Iterator[Key]:
    import select
    import signal
    import termios
    import tty

    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    wake, bell = os.pipe()
    os.set_blocking(bell, False)
    waiting: list[str] = []

    def resized(number: int, frame: Any) -> None:
        os.write(bell, b"r")

    def key() -> str:
        if not waiting:
            ready, _, _ = select.select([source, wake], [], [])
            if wake in ready:
                os.read(wake, 1024)
                return "again"
            waiting.extend(named(os.read(source, 1024)))
        return waiting.pop(0)

    old = signal.signal(signal.SIGWINCH, resized)
    try:
        tty.setcbreak(source, termios.TCSADRAIN)  # what was typed before stays to be read
        yield key
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, old)
        os.close(wake)
        os.close(bell)


def named(data: bytes) -> list[str]:
    """The names of the keys that some bytes stand for; the end of the input is "quit"."""
    found = []
    for match in _SEQUENCE.finditer(data):
        if match[1]:
            found.append(ARROWS.get(match[1].decode("ascii"), "again"))
        else:
            found.append(KEYS.get(match[0].decode("ascii", "replace").lower(), "again"))
    return found or ["quit"]
