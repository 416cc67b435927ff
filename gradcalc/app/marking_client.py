"""Answers marked in a process of its own, which is replaced where an answer ends it.

`work` is what a worker of joblib, dask or ray does: each worker has one such process. Nothing heavy
is loaded here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from gradcalc.app.worker import Lost, watch, why_lost

HELLO = b"ready\n"  # what the process says when it can be asked
STARTS = 5  # times that the process is started before it is given up
AGAIN = 2  # times that an item is tried whose process ended for no reason of its own
_START = (
    "import sys; sys.path.append(sys.argv[1]); from gradcalc.app.marking_server import main; main()"
)


class CannotStart(Exception):
    """The process that marks ends before it can be asked."""


class Server:
    """The process, started when it is first asked."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def answers(self, request: dict[str, Any]) -> Iterator[str | Lost]:
        """What is said of each item of a request, in order."""
        items, done, tried = request["items"], 0, 0
        while done < len(items):
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps({**request, "items": items[done:]}).encode() + b"\n")
                process.stdin.flush()
            while done < len(items) and (line := process.stdout.readline()).endswith(b"\n"):
                yield line[:-1].decode("utf-8", "surrogatepass")
                done, tried = done + 1, 0
            if done < len(items):
                lost = why_lost(self.end(), request["seconds"])
                tried += 1
                if lost.slug != "died" or tried == AGAIN:
                    yield lost
                    done, tried = done + 1, 0

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        package = str(Path(__file__).parent.parent.parent)
        for _ in range(STARTS):
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, package],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self._process.stdout is not None
            if self._process.stdout.readline() == HELLO:
                return self._process
            code = self.end()
        raise CannotStart(f"the process that marks does not start: {why_lost(code, 0).reason}")

    def end(self) -> int:
        """End the process; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        code = process.wait()
        process.stdout.close()
        return code

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self.end()


SERVER, _lock, _watching = Server(), Lock(), set[int]()


def work(request: dict[str, Any], main: int = 0) -> list[str]:
    """What is said of each item of a request. `main`: the process without which nobody wants to
    know, where that is the parent of this one.
    """
    if main and main != os.getpid() and main not in _watching:
        _watching.add(main)
        Thread(target=watch, args=(main,), daemon=True).start()
    with _lock:
        found = []
        for said in SERVER.answers(request):
            found.append(json.dumps({"lost": said.reason}) if isinstance(said, Lost) else said)
        return found
