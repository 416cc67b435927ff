"""The one error type: what is wrong, where, and what would be right. Data only; nothing here
prints.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a source: `line` and `column` count from 1 (0: the file as a whole); `text` is
    that whole line, for the caret.
    """

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

    def __str__(self) -> str:
        """A line for each problem: where, what, and what would be right."""
        return "\n".join(map(_line, self.problems))


def _line(problem: Problem) -> str:
    place, hint = problem.place, f" ({problem.hint})" if problem.hint else ""
    at = (
        ""
        if place is None
        else f"{place.file}:{place.line}:{place.column}: "
        if place.line
        else f"{place.file}: "
    )
    return f"{at}{problem.message}{hint}"


Mend: TypeAlias = Callable[[str], str]


class SpanError(Exception):
    """A mistake at offsets `start:end` of an expression; whoever knows the file turns it into a
    `Problem`.

    `mend`, where there is one, takes the text and returns it as it was probably meant (see
    cures.py).
    """

    def __init__(
        self,
        slug: str,
        message: str,
        start: int,
        end: int,
        hint: str | None = None,
        mend: Mend | None = None,
    ) -> None:
        super().__init__(message)
        self.slug, self.message, self.start, self.end, self.hint = slug, message, start, end, hint
        self.mend = mend


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: the same in print or but for its case, else by
    Damerau-Levenshtein, equal length first. None if nothing is near.
    """
    if len(word) > 64:
        return None
    known = [other for other in known if other != word]
    for alike in (skeleton, str.casefold):
        same = [other for other in known if alike(other) == alike(word)]
        if len(same) == 1:
            return same[0]
    limit = 1 if len(word) < 6 else 2 if len(word) < 10 else 3
    best: tuple[int, int, str] | None = None
    for other in known:
        if abs(len(other) - len(word)) > limit:
            continue
        distance = _distance(word, other)
        if distance <= limit and distance < max(len(word), len(other)):
            best = min(best or (99, 0, ""), (distance, abs(len(other) - len(word)), other))
    return best[2] if best else None


_TWINS = str.maketrans(
    "АВЕКМНОРСТХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTXaeopcyxijsABEZHIKMNOPTYXo"
)
GREEK = {
    unicodedata.name(chr(code)).rpartition(" ")[2].lower(): chr(code)
    for code in range(0x3B1, 0x3CA)
    if code != 0x3C2
} | {"lambda": "λ"}


def skeleton(name: str) -> str:
    """What a name looks like in print: alpha and α, x_1 and x1, Latin and Cyrillic x are alike."""
    head, digits = re.fullmatch(r"(.*?)_?(\d*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    return GREEK.get(head, head).translate(_TWINS) + digits


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
