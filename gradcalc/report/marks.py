"""The view of marked answers: how each was read, its verdict, its points, and what is said."""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.language.formula_pieces import Cell, math
from gradcalc.language.typography import number
from gradcalc.marking.model import (
    BLANK,
    INVALID,
    RIGHT,
    UNDECIDED,
    WRONG,
    Marked,
    Verdict,
)
from gradcalc.report.answer_cells import asked
from gradcalc.report.blocks import Block, Column, Heading, Note, Report, table

SIGNS = {RIGHT: "✓ right", WRONG: "✗ wrong", UNDECIDED: "? undecided", INVALID: "! invalid"}
COLUMNS = (
    Column("question"),
    Column("read as"),
    Column("verdict", answer=True),
    Column("points", right=True),
    Column("the answer", aside=True),
    Column("because", aside=True),
)


def compose_marks(marked: Marked) -> Report:
    """The marked answers of one student."""
    blocks: list[Block] = []
    head = marked.title or marked.file
    if marked.student:
        head = f"{head}: {marked.student}"
    blocks.append(Heading((head,), 1))
    blocks.append(table(COLUMNS, [row(verdict) for verdict in marked.verdicts]))
    blocks += [Note("warning", (warning,)) for warning in marked.warnings]
    total = f"{_points(marked.points)} of {_points(marked.of)} points"
    blocks.append(Note("check" if marked.right else "note", (total,)))
    return Report(tuple(blocks), marked.names, marked.title, marked.file)


def row(verdict: Verdict) -> Sequence[Cell]:
    """One answer as cells."""
    reading = verdict.reading
    read: Cell = ()
    if reading.formula is not None:
        read = (math(reading.formula),)
    elif verdict.read_as is not None:
        read = ((verdict.read_as,),)
    elif verdict.verdict not in (BLANK, RIGHT):
        read = ((verdict.answer.strip(),),)
    if reading.kind == "both" and verdict.read_as:
        read = (*read, ("= " + verdict.read_as.partition("; ")[2],))
    message = _message(verdict)
    sign = SIGNS.get(verdict.verdict, "– blank")
    return (
        (asked(verdict.question),),
        read,
        ((sign,),),
        ((f"{_points(verdict.points)}/{_points(verdict.of)}",),),
        (math(verdict.revealed),) if verdict.revealed is not None else (),
        ((message,),) if message else (),
    )


def claim_lines(verdicts: Sequence[Verdict]) -> list[str]:
    """A line for each claim: the verdict and what is said of it; the claim first, where there are
    several.
    """
    lines = []
    for verdict in verdicts:
        message = _message(verdict).rstrip(".")
        lead = f"{verdict.answer.strip()}: " if len(verdicts) > 1 else ""
        if message[:1].isupper() and message[1:2].islower():
            message = message[:1].lower() + message[1:]
        lines.append(f"{lead}{verdict.verdict}" + (f": {message}" if message else ""))
    return lines


def _message(verdict: Verdict) -> str:
    """What is said beside the verdict itself."""
    message = verdict.message
    for lead in ("Right.", "Wrong: ", "Wrong. ", "Not decided: ", "Not answered."):
        message = message.removeprefix(lead).strip()
    return "" if message == "Wrong." else message[:1].upper() + message[1:]


def _points(value: float) -> str:
    return number(round(value, 4), 6)
