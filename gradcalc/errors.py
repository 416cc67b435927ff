"""The one error type: what is wrong, where, and what would be right. Data only; nothing here prints."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a source: `line` and `column` count from 1; `text` is that whole line, for the caret."""

    file: str
    line: int
    column: int
    text: str = ""
    length: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `slug` names its kind for tests and tools, `hint` says what would be right."""

    slug: str
    message: str
    place: Place | None = None
    hint: str | None = None


class GradcalcError(Exception):
    """Unusable input. Carries every problem that was found, in the order of the source."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class SpanError(Exception):
    """A mistake at offsets `start:end` of an expression; whoever knows the file turns it into a `Problem`."""

    def __init__(self, slug: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.slug, self.message, self.start, self.end, self.hint = slug, message, start, end, hint


def for_terminal(text: str) -> str:
    """Text from outside as it may reach a terminal: what would move the cursor, colour the screen or turn the
    direction of reading becomes visible, `\\x1b`. Newlines stay; a tab becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char == "\n" or _harmless(char) else _visible(char) for char in text)


def _harmless(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs" or char == "\u200d"  # the joiner of emoji


def _visible(char: str) -> str:
    if char == "\t":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns a text takes in a terminal: two for wide characters, none for accents that combine."""
    if text.isascii():
        return len(text)
    wide = {"W": 2, "F": 2}
    return sum(0 if unicodedata.combining(char) else wide.get(unicodedata.east_asian_width(char), 1) for char in text)


def describe(problem: Problem, columns: int = 100, kind: str = "") -> str:
    """A problem in at most three lines: FILE:LINE:COLUMN and message, the line, the caret and the hint beside it."""
    place, hint = problem.place, for_terminal(problem.hint or "").replace("\n", " ")
    message = for_terminal(kind + problem.message).replace("\n", " ")
    if place is None:
        return message + (f"\n    {hint}" if hint else "")
    head = f"{for_terminal(place.file)}:{place.line}:{place.column}: {message}".replace("\n", " ")
    if not place.text.strip():
        return head + (f"\n    {hint}" if hint else "")
    before, at = place.text[: place.column - 1], place.text[place.column - 1 :]
    room = max(columns - 6, 20)
    if width(before) > room // 2:  # the caret keeps its line on the screen
        before = "…" + before[len(before) - room // 2 + 1 :]
    after = at[: max(room - width(before), 1)]
    marked = at[: max(1, min(place.length, len(after)))]
    start, length = width(for_terminal(before)), max(1, min(width(for_terminal(marked)), 40))
    caret = " " * start + "^" * length
    return f"{head}\n    {for_terminal(before + after)}\n    {caret}" + (f" {hint}" if hint else "")


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: Damerau-Levenshtein, equal length first. None if nothing is near."""
    if len(word) > 64:
        return None
    limit = 1 if len(word) < 6 else 2 if len(word) < 10 else 3
    best: tuple[int, int, str] | None = None
    for other in known:
        if other == word or abs(len(other) - len(word)) > limit:
            continue
        distance = 1 if other.lower() == word.lower() else _distance(word, other)
        if distance <= limit and distance < max(len(word), len(other)):
            best = min(best or (99, 0, ""), (distance, abs(len(other) - len(word)), other))
    return best[2] if best else None


def _distance(a: str, b: str) -> int:
    """Insertions, deletions, changes and swaps of neighbours that turn `a` into `b`."""
    last, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, left in enumerate(a):
        before, last, row = last, row, [i + 1] + [0] * len(b)
        for j, right in enumerate(b):
            row[j + 1] = min(last[j] + (left != right), last[j + 1] + 1, row[j] + 1)
            if i and j and left == b[j - 1] and a[i - 1] == right:
                row[j + 1] = min(row[j + 1], before[j - 1] + 1)
    return row[len(b)]
