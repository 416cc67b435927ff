"""The gradebook: a file of JSON lines that only grows, so that nothing that was marked is lost,
whatever ends the program.

The first line says what is marked by which policy; each other line is a marked answer. Lines are
written in chunks, each synced. A line that was cut short is removed when the book is opened; where
the disk is full, the chunk that did not fit is. One program writes at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gradcalc.language.errors import GradcalcError, Place, Problem

FORMAT = 1
BLOCK = 1 << 16
CHUNK = 1 << 20  # bytes that are written and synced at a time
OFTEN = 1.0  # seconds after which fewer are
NEEDED = {"student", "exercise"}  # keys of a line
HEAD = b'{"format": '  # how a gradebook begins


class Gradebook:
    """A gradebook, open for this program alone. Raises GradcalcError with its path."""

    def __init__(self, path: Path, header: Mapping[str, Any], regrade: bool = False) -> None:
        self.path = path
        self._waiting: list[bytes] = []
        self._size = 0
        self._synced = time.monotonic()
        try:
            self._handle = _opened(path)
        except (OSError, ValueError) as error:
            raise _refused(path, f"cannot be written: {_reason(error)}") from None
        try:
            self.end = _mended(self._handle, path)
            if regrade and self.end:
                self._handle = _set_aside(path, self._handle)
                self.end = 0
            self.begun = not self.end
            if self.begun:
                self._written(_line(header))
                _sync_folder(path.parent)
            else:
                self._same(header)
        except OSError as error:
            self.close()
            raise _refused(path, f"cannot be written: {_reason(error)}") from None
        except GradcalcError:
            self.close()
            raise

    def _same(self, header: Mapping[str, Any]) -> None:
        """Refuse a book of other exercises or another policy."""
        found = next(self.lines(0))[1]
        for key, what in (
            ("exercise", "the exercise has changed"),
            ("policy", "the policy has changed"),
        ):
            if found.get(key) != header[key]:
                message = f"{what} since these answers were marked"
                hint = "use --regrade to mark all of them again; the old gradebook is kept"
                raise _refused(self.path, message, hint)

    def lines(self, start: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Where each line begins, and what it says; from the first answer on."""
        with self.path.open("rb") as file:
            at = 0
            if start is None:
                at = len(file.readline())
            for line in file:
                if at >= self.end:
                    return
                try:
                    found = json.loads(line)
                    if start is None and not found.keys() >= NEEDED:
                        raise ValueError
                except (ValueError, AttributeError):
                    message = f"the line at byte {at} is damaged"
                    hint = "restore this file, or use --regrade to mark all answers again"
                    raise _refused(self.path, message, hint) from None
                yield at, found
                at += len(line)

    def line(self, at: int) -> dict[str, Any]:
        """The line that begins there."""
        with self.path.open("rb") as file:
            file.seek(at)
            found: dict[str, Any] = json.loads(file.readline())
            return found

    def append(self, line: str) -> None:
        """Add a line, which is written with its chunk."""
        data = line.encode("utf-8", "replace") + b"\n"
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= CHUNK or time.monotonic() - self._synced > OFTEN:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and sync it. Where that fails, the book is as it was before."""
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._synced = time.monotonic()
        if data:
            try:
                self._written(data)
            except OSError as error:
                message = f"cannot be written: {_reason(error)}"
                hint = "what was marked before is kept; the same command goes on from there"
                raise _refused(self.path, message, hint) from None

    def _written(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self.end)
            raise
        self.end += len(data)

    def close(self) -> None:
        """Leave the book to others."""
        os.close(self._handle)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode() + b"\n"


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
    _lock(handle, path)
    return handle


def _lock(handle: int, path: Path) -> None:
    """Refuse a second writer. The system unlocks the file where this program ends, however."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine, now = os.fstat(handle), os.stat(path)
        free = (mine.st_dev, mine.st_ino) == (now.st_dev, now.st_ino)
    except BlockingIOError:
        free = False
    if not free:
        os.close(handle)
        raise _refused(
            path, "another gradcalc is writing to this gradebook", "wait until it is done"
        )


def _mended(handle: int, path: Path) -> int:
    """Cut what was not written whole at the end; the size that is left. A file that is no gradebook
    is left alone.
    """
    size = os.fstat(handle).st_size
    first, newline, _ = os.pread(handle, BLOCK, 0).partition(b"\n")
    if size and not (_whole(first, "exercise") if newline else HEAD.startswith(first[: len(HEAD)])):
        raise _refused(path, "this is no gradebook", "choose another folder")
    end = size
    while end:
        start = _line_start(handle, end)
        line = os.pread(handle, end - start, start)
        if line.endswith(b"\n") and _whole(line, "exercise"):
            break
        end = start
    if end < size:
        os.ftruncate(handle, end)
        os.fsync(handle)
    return end


def _whole(line: bytes, key: str) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and key in found


def _line_start(handle: int, end: int) -> int:
    """Where the last line before `end` begins."""
    at = end - 1  # a newline there ends that line
    while at > 0:
        start = max(0, at - BLOCK)
        found = os.pread(handle, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def _set_aside(path: Path, handle: int) -> int:
    """Keep the book under another name, and begin a new one."""
    number = 1
    while path.with_name(f"{path.stem}-{number}{path.suffix}").exists():
        number += 1
    os.rename(path, path.with_name(f"{path.stem}-{number}{path.suffix}"))
    new = _opened(path)
    os.close(handle)
    return new


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can sync a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _refused(path: Path, reason: str, hint: str | None = None) -> GradcalcError:
    return GradcalcError(Problem("gradebook", reason, Place(str(path), 0, 0), hint))
