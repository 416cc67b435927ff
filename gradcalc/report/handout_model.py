"""What a handout is: a report with parts, points, room to write in, and a key. Mathematics is
data in its lines.
"""

from __future__ import annotations

from gradcalc.exercise.markdown import Block as Written
from gradcalc.exercise.markdown import Inline
from gradcalc.exercise.model import Paper, Space
from gradcalc.exercise.vary_model import Variant
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.formula_pieces import Line, Names
from gradcalc.report.blocks import Printed
from gradcalc.report.figure import Picture
from gradcalc.report.frame_words import Words, words


@dataclass(frozen=True, slots=True)
class Part:
    """A question: what is asked, in the author's words where there are some; points; room to write
    in; the key.

    label, name  the question as it is written in the file, and the name of its answer
    result       the answer alone, where it has a formula
    """

    label: str
    name: str | None
    ask: Line
    prompt: tuple[Inline, ...]
    points: float | None
    room: Space
    key: tuple[Printed, ...] = ()
    result: Line = ()


@dataclass(frozen=True, slots=True)
class Handout:
    """A sheet, or with `solved` a key.

    statement  the author's Markdown        given   what is computed, from which values
    blank      the figure to be filled in   solved  the same with its gradients; None on a sheet
    folder     of the exercise, in which its images are
    mark       of a variant, on each page: ex1 · variant 017 · 9f3c
    """

    title: str
    file: str
    lang: str
    paper: Paper
    author: str | None
    source: str | None
    statement: tuple[Written, ...]
    given: tuple[Printed, ...]
    blank: Picture
    solved: Picture | None
    parts: tuple[Part, ...]
    names: Names = field(default_factory=Names)
    folder: str = "."
    mark: str = ""

    @property
    def words(self) -> Words:
        return words(self.lang)

    @property
    def key(self) -> bool:
        """Whether it has the answers."""
        return self.solved is not None

    @property
    def figure(self) -> Picture:
        return self.solved or self.blank

    @property
    def points(self) -> float | None:
        """What all parts are worth; None where none says, or they are not to be printed."""
        worth = [part.points for part in self.parts if part.points is not None]
        return sum(worth) if worth and self.paper.points else None


def points_said(points: float, said: Words) -> str:
    """“1 point”, “3 points”, in the language of the sheet."""
    return said.point if points == 1 else said.points.format(f"{points:g}")


def credits(it: Handout) -> str:
    """Author and source, on one line; "" where neither is named."""
    said = it.words
    lines = [
        f"{word}: {' '.join(value.split())}"
        for word, value in ((said.author, it.author), (said.source, it.source))
        if value
    ]
    return (
        ". ".join(line.removesuffix(".") for line in lines[:-1])
        + ". " * (len(lines) > 1)
        + "".join(lines[-1:])
    )


def variant_mark(file: str, variant: Variant | None) -> str:
    """What stands on each page of a variant; "" for an exercise that is none."""
    if variant is None:
        return ""
    stem = file.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or file
    number = f"{variant.number:03d}"
    stem = stem.removesuffix(f"-{number}")
    return f"{stem} · variant {number} · {variant.mark}"
