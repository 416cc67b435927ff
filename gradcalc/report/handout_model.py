"""What a handout is made of: data, in both scripts, for LaTeX and Markdown to set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gradcalc.exercise.markdown import Block, Inline
from gradcalc.report.figure import Picture
from gradcalc.report.labels import Label

Said: TypeAlias = "tuple[str | Label, ...]"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of aligned equations: what stands left of the sign, and from the sign on."""

    left: Label | None
    right: Label


@dataclass(frozen=True, slots=True)
class Derived:
    """Equations, aligned at their signs."""

    rows: tuple[Row, ...]


Step: TypeAlias = "Derived | Said"


@dataclass(frozen=True, slots=True)
class Part:
    """A question: what is asked, in the author's words where there are some; points; room to write, in cm; the key."""

    ask: Said
    prompt: tuple[Inline, ...]
    points: float | None
    room: float
    key: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Analytic beside numeric: a head, and cells of labels."""

    head: tuple[str, ...]
    rows: tuple[tuple[Label | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Handout:
    """A sheet and its key: statement, given values, figure without and with answers, parts,
    summary.
    """

    title: str
    file: str
    author: str | None
    source: str | None
    statement: tuple[Block, ...]
    given: tuple[Derived | Said, ...]
    blank: Picture
    solved: Picture
    parts: tuple[Part, ...]
    summary: Summary | None
    points: float | None


def plain(said: Said) -> str:
    """What is said, as plain text."""
    return "".join(part if isinstance(part, str) else part.text for part in said)


def credits(it: Handout) -> str:
    """Author and source, on one line; "" where neither is named."""
    lines = [
        f"{word}: {' '.join(value.split())}"
        for word, value in (("Author", it.author), ("Source", it.source))
        if value
    ]
    return (
        ". ".join(line.removesuffix(".") for line in lines[:-1])
        + ". " * (len(lines) > 1)
        + "".join(lines[-1:])
    )
