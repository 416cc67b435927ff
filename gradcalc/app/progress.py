"""A bar on stderr while long work goes on, where somebody watches it."""

from __future__ import annotations

import sys
import time
from typing import Any

from gradcalc.language.typography import for_terminal

OFTEN = 0.2  # seconds between two drawings
AFTER = 1.0  # seconds; nobody needs a bar for what is done by then


class Bar:
    """`waiting` draws it and keeps it moving, once the work has taken a while; `clear` takes it
    away.

    Rich is imported when the bar is first drawn. It draws without a thread, so that the process may
    fork.
    """

    def __init__(self, names: list[str], watched: bool, color: bool) -> None:
        self.names, self.watched, self.color = names, watched, color
        self.begun = time.monotonic()
        self.shown: Any = None

    def waiting(self, done: int) -> None:
        """Called every now and then while the item after `done` of them is worked on."""
        if not self.watched or time.monotonic() - self.begun < AFTER:
            return
        if self.shown is None:
            self.shown = _progress(len(self.names), self.color)
            self.shown.start()
        (task,) = self.shown.task_ids
        self.shown.update(task, completed=done, description=for_terminal(self.names[done]))
        self.shown.refresh()

    def clear(self) -> None:
        if self.shown is not None:
            self.shown.stop()
            self.shown = None


class Tally:
    """How many of many small things are done, drawn like a bar. `expect` and `step` count; it is
    taken away when the work is left.
    """

    def __init__(self, watched: bool, color: bool) -> None:
        self.watched, self.color = watched, color
        self.begun = self.drawn = time.monotonic()
        self.total = self.done = 0
        self.shown: Any = None

    def expect(self, count: int) -> None:
        """So many more are to be done."""
        self.total += count

    def step(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        now = time.monotonic()
        if not self.watched or now - self.begun < AFTER or now - self.drawn < OFTEN:
            return
        self.drawn = now
        if self.shown is None:
            self.shown = _progress(max(self.total, 2), self.color)
            self.shown.start()
        (task,) = self.shown.task_ids
        self.shown.update(task, completed=self.done, total=self.total, description="marking")
        self.shown.refresh()

    def __enter__(self) -> Tally:
        return self

    def __exit__(self, *_: object) -> None:
        if self.shown is not None:
            self.shown.stop()


def _progress(total: int, color: bool) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = [SpinnerColumn("line"), TextColumn("{task.description}", markup=False)]
    columns += [BarColumn(20), MofNCompleteColumn()] if total > 1 else []
    console = Console(
        file=sys.stderr,
        force_terminal=True,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    made = Progress(
        *columns, TimeElapsedColumn(), console=console, auto_refresh=False, transient=True,
        redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip
    made.add_task("", total=total)
    return made
