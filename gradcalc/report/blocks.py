"""What a report is made of: a closed set of blocks that every format draws, mathematics kept as
data in them.

A format decides how an expression, a partial derivative, a shape or a number is written; a view
(see report.py) decides what is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.formula_pieces import Cell, Line, Names


@dataclass(frozen=True, slots=True)
class Options:
    """How to print: `width` of the terminal, `digits` None for the exercise's own, `form` for
    matrix answers.

    On a terminal, on request: `values` of tensors, answers `expanded` in the inputs, `verbose`
    checks. `hints`: whether to name the options that ask for what was left out.
    """

    width: int = 80
    color: bool = False
    ascii: bool = False
    digits: int | None = None
    form: str | None = None
    detail: str = "normal"
    values: bool = False
    expanded: bool = False
    verbose: bool = False
    hints: bool = False


# ---- blocks


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; level 1 is that of the exercise."""

    line: Line
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of text on its own."""

    line: Line


@dataclass(frozen=True, slots=True)
class Column:
    """`right`: numbers, aligned to the right. `aside`: explains its row, and may stand below it
    where the table is too wide. `answer`: what the reader looks for.
    """

    title: str
    right: bool = False
    aside: bool = False
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first cell names its row. `records`: one row under another rather than a
    grid. `tight`: rows of several lines stand close.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    records: bool = False
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """`kind`: note, check, warning or error."""

    kind: str
    line: Line


@dataclass(frozen=True, slots=True)
class Row:
    """One line of aligned equations: what stands left of the sign, and from the sign on."""

    left: Line
    right: Line


@dataclass(frozen=True, slots=True)
class Equations:
    """Equations, aligned at their signs."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Formulas one after another, as many on a line as there is room for, under a few words."""

    title: Line
    items: tuple[Line, ...]


Block: TypeAlias = Heading | Paragraph | Table | Note
Printed: TypeAlias = Block | Equations | Listed  # what a handout is made of


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of an exercise, block by block; `names` tells how its formulas print."""

    blocks: tuple[Block, ...]
    names: Names = field(default_factory=Names)
    title: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be read, for formats that list it among the others."""

    file: str
    problems: tuple[Problem, ...]


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], records: bool = False
) -> Table:
    """A table without the columns that are empty in every row."""
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    return Table(
        tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows), records
    )
