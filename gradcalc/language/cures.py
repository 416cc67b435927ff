"""Mistakes that know their cure: the text is mended, mistake after mistake, until it can be read,
and shown.

A SpanError may carry `mend`, which turns the text into what was probably meant. `np.dot(W,
x.sum())` takes two of them to become `dot(W, sum(x))`. Only a text that reads is ever shown as a
cure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradcalc.language.errors import Mend, SpanError

MOST = 16  # mistakes mended in one line
LONGEST = 72  # characters of a cure that is shown


def swap(*edits: tuple[int, int, str]) -> Mend:
    """A mend that replaces each `start:end` by other text."""

    def mend(text: str) -> str:
        for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    return mend


def cured(
    error: SpanError, text: str, start: int, read: Callable[[str], Any], head: int = 0
) -> SpanError:
    """The error, its hint showing the mended line: "write …", and what the hint said behind it.

    text: what the offsets are into, up to the end of the line, which begins at `start`
    read: reads that line of such a text, or raises SpanError
    head: how many characters of the line go unsaid where they stay as they are (a name and its `=`)
    """
    mend, line, more = error.mend, text, _besides(error)
    for _ in range(MOST):
        if mend is None:
            return error
        try:
            line = mend(line)
            read(line)
        except SpanError as another:
            mend, more = another.mend, more or _besides(another)
        except (ValueError, IndexError, KeyError):  # a mend that does not fit this text
            return error
        else:
            cure = _shown(text[start:], line[start:], head)
            hint = f"write {cure}" + (f"; {more}" if more else "")
            if error.hint and error.hint.startswith("did you mean"):  # a typo
                hint = error.hint
            return SpanError(error.slug, error.message, error.start, error.end, hint, error.mend)
    return error


def _besides(error: SpanError) -> str:
    """What a hint says besides how to write it."""
    hint = error.hint or ""
    return "" if hint.startswith("did you mean") else re.sub(r"^write .*?(; |$)", "", hint)


def _shown(before: str, line: str, head: int) -> str:
    """The mended line: its right side where the left one stays, and of a long one the part that
    changed.
    """
    line = line.rstrip()
    if line[:head] == before[:head]:
        before, line = before[head:], line[head:]
    before, line = before.strip(), line.strip()
    if len(line) <= LONGEST:
        return line
    first = next((k for k, (a, b) in enumerate(zip(before, line, strict=False)) if a != b), 0)
    first = max(line.rfind(" ", 0, max(first - 12, 0)) + 1, 0)
    part = line[first : first + LONGEST - 4]
    return ("… " if first else "") + part + (" …" if first + len(part) < len(line) else "")
