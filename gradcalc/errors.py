"""The one error type: what is wrong, where, and what would be right. Data only; nothing here prints."""

from __future__ import annotations

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
