"""Bytes of a file, a pipe or the standard input, within limits of size and of patience."""

from __future__ import annotations

import os
import stat
import sys
import time

from gradcalc.exercise.source import MAX_TOTAL
from gradcalc.language.errors import GradcalcError, Place, Problem

PATIENCE = 10.0  # seconds for a pipe that nobody writes to
_CHUNK = 1 << 16


def read_bytes(path: str, most: int = MAX_TOTAL) -> bytes:
    """A file, or `-` for the standard input. Raises GradcalcError where it cannot be read or is
    larger than `most`.
    """
    try:
        data = _standard_input(most) if path == "-" else _file(path, most)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(path, f"cannot read this file: {reason}") from None
    if len(data) > most:
        raise _refused(path, f"the file is larger than {most // 1024:,} KiB, the limit")
    return data


def _refused(path: str, message: str) -> GradcalcError:
    return GradcalcError(Problem("file", message, Place("<stdin>" if path == "-" else path, 0, 0)))


def _standard_input(most: int) -> bytes:
    if sys.stdin is None:
        raise OSError("the standard input is closed")
    return sys.stdin.buffer.read(most + 1)


def _file(path: str, most: int) -> bytes:
    """What is in a file. One that is no regular file, a named pipe for example, is not waited
    for without end.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb", buffering=0) as file:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            return _pipe(handle, most)
        parts, size = [], 0
        while size <= most and (part := file.read(_CHUNK)):
            parts.append(part)
            size += len(part)
        return b"".join(parts)


def _pipe(handle: int, most: int) -> bytes:
    """All that is written to a pipe before its writers close it."""
    import select

    data, deadline = b"", time.monotonic() + PATIENCE
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while len(data) <= most:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise OSError(f"it is a pipe, and nothing was written to it for {PATIENCE:g} seconds")
        part = os.read(handle, _CHUNK)
        if not part:
            break
        data, deadline = data + part, time.monotonic() + PATIENCE
    return data
