"""The one place that touches stdout, stderr and the terminal's properties."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys

from gradcalc.language.cell_width import cells
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.typography import for_terminal, to_ascii

# What a terminal would act on, in text for machines: JSON allows it only as an escape.
_ACTIVE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class OutputError(Exception):
    """The standard output cannot take what was written."""


class PipeClosed(Exception):
    """Whoever read the standard output has stopped reading."""


@dataclass(slots=True)
class Console:
    """`out` for results, `note` for messages. Text from outside is made harmless before it comes
    here, or here.

    forks: whether the process is the program's own and nothing heavy is loaded, so that it may be
    forked wanted: always, never or auto: colour, whatever the environment says, or as it says
    """

    ascii: bool = False
    debug: bool = False
    forks: bool = False
    wanted: str = "auto"
    problems: int = field(default=0)

    @classmethod
    def open(
        cls, ascii: bool = False, debug: bool = False, forks: bool = False, color: str = "auto"
    ) -> Console:
        """Makes the streams take every character: what an encoding lacks is replaced."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                with contextlib.suppress(OSError, ValueError):
                    stream.reconfigure(errors="replace", newline="\n")
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
        return cls(ascii or not encoding.startswith("utf"), debug, forks, color)

    @property
    def width(self) -> int:
        """Columns to fill: COLUMNS or the terminal's, 80 without one, never below 20 or above
        200.
        """
        given = os.environ.get("COLUMNS", "")
        columns = int(given) if given.isdecimal() and len(given) < 6 else 0
        if columns <= 0:
            columns = shutil.get_terminal_size((80, 24)).columns if self.is_terminal else 80
        return max(20, min(columns, 200))

    @property
    def is_terminal(self) -> bool:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            return sys.stdout.isatty()
        return False

    @property
    def interactive(self) -> bool:
        """Whether keys can be read and a screen be drawn."""
        with contextlib.suppress(AttributeError, ValueError, OSError):
            return self.is_terminal and sys.stdin.isatty() and os.environ.get("TERM") != "dumb"
        return False

    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal as it is now."""
        columns, rows = os.get_terminal_size() if self.is_terminal else (80, 24)
        return max(20, min(columns or 80, 200)), rows or 24

    @property
    def color(self) -> bool:
        """As --color says; else NO_COLOR (https://no-color.org), FORCE_COLOR
        (https://force-color.org), the terminal.
        """
        if self.wanted != "auto":
            return self.wanted == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return self.is_terminal and os.environ.get("TERM") != "dumb"

    @property
    def watched(self) -> bool:
        """Whether somebody sees messages as they come, so that progress can be shown."""
        with contextlib.suppress(AttributeError, ValueError, OSError):
            return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        return False

    def out(self, text: str, machine: bool = False) -> None:
        """A result. `machine`: JSON and code, which a terminal must not act on either. Raises
        OutputError.
        """
        if machine:
            text = _ACTIVE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
        elif self.ascii:
            text = to_ascii(text)
        try:
            if sys.stdout is None:
                raise OutputError("the standard output is closed")
            sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise PipeClosed from None
        except (OSError, ValueError) as error:
            raise OutputError(
                f"cannot write to the standard output: {getattr(error, 'strerror', None) or error}"
            ) from None

    def raw(self, data: bytes) -> None:
        """A picture or a PDF. Raises as `out` does."""
        try:
            if sys.stdout is None:
                raise OutputError("the standard output is closed")
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise PipeClosed from None
        except (OSError, ValueError, AttributeError) as error:
            raise OutputError(
                f"cannot write to the standard output: {getattr(error, 'strerror', None) or error}"
            ) from None

    def note(self, text: str) -> None:
        """A message, on stderr; one that cannot be said is dropped."""
        text = for_terminal(text, self.ascii, lines=True)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def report(self, *problems: Problem) -> None:
        """Mistakes, each in at most three lines; beyond 20 their number."""
        self.problems += len(problems)
        for problem in problems[:20]:
            self.note(describe(problem, self.width))
        if len(problems) > 20:
            self.note(f"… and {len(problems) - 20} more")

    def warn(self, *problems: Problem) -> None:
        for problem in problems[:20]:
            self.note(describe(problem, self.width, "warning: "))
        if len(problems) > 20:
            self.note(f"… and {len(problems) - 20} more warnings")


def describe(problem: Problem, columns: int = 100, kind: str = "") -> str:
    """A problem in at most three lines: FILE:LINE:COLUMN and message, the line, the caret and
    the hint beside it.
    """
    place, hint = problem.place, for_terminal(problem.hint or "")
    message = for_terminal(kind + problem.message)
    if place is None:
        return message + (f"\n    {hint}" if hint else "")
    where = f":{place.line}:{place.column}" if place.line else ""
    head = f"{for_terminal(place.file)}{where}: {message}"
    if not place.text.strip():
        return head + (f"\n    {hint}" if hint else "")
    before, at = place.text[: place.column - 1], place.text[place.column - 1 :]
    room = max(columns - 6, 20)
    if cells(before) > room // 2:  # the caret keeps its line on the screen
        before = "…" + before[len(before) - room // 2 + 1 :]
    after = at[: max(room - cells(before), 1)]
    marked = at[: max(1, min(place.length, len(after)))]
    start, length = cells(for_terminal(before)), max(1, min(cells(for_terminal(marked)), 40))
    caret = " " * start + "^" * length
    return f"{head}\n    {for_terminal(before + after)}\n    {caret}" + (f" {hint}" if hint else "")
