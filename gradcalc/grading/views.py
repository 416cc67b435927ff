"""The views of a marked class: the summary for the teacher, and the feedback for a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.grading.exam import Exam
from gradcalc.grading.results import Cell, shown
from gradcalc.grading.summary import points
from gradcalc.language.formula_pieces import Cell as Cells
from gradcalc.marking.model import BLANK, INVALID, RIGHT, UNDECIDED, WRONG
from gradcalc.report.blocks import Block, Column, Heading, Note, Report, table

SIGNS = {RIGHT: "✓ right", WRONG: "✗ wrong", UNDECIDED: "? undecided", INVALID: "! invalid"}
LISTED = 8  # mistakes and answers in the table on a terminal; the JSON has all
NAMED = 3  # students who are named beside an answer
LONG = 60  # characters of an answer


def compose_summary(summary: Mapping[str, Any], exam: Exam) -> Report:
    """What the class got wrong."""
    title = " · ".join(part.title for part in exam.parts[:3])
    blocks: list[Block] = [Heading((title,), 1), _verdicts(summary, exam)]
    rows = [
        (exam.called(k), f"{one['sentence']} ({one['slug']})", one["count"], one["examples"])
        for k, question in enumerate(summary["questions"])
        for one in question["mistakes"]
    ]
    blocks += _listed("Mistakes", "what it shows", rows, last="for example")
    rows = [
        (exam.called(k), one["answer"], one["count"], ())
        for k, question in enumerate(summary["questions"])
        for one in question["unexpected"]
    ]
    blocks += _listed("Wrong answers that several gave, without a known mistake", "answer", rows)
    rows = [
        (exam.called(k), one["answer"], len(one["students"]), _decide(one))
        for k, question in enumerate(summary["questions"])
        for one in question["undecided"]
    ]
    blocks += _listed("For you to decide", "answer", rows, last="who, and why")
    said = (
        f"{_count(summary['students'], 'student')}, {_count(summary['answers'], 'answer')}; "
        f"mean {points(summary['mean'])}, median {points(summary['median'])} "
        f"of {points(summary['of'])} points"
    )
    return Report((*blocks, Note("note", (said,))), title=title)


def _verdicts(summary: Mapping[str, Any], exam: Exam) -> Block:
    words = (RIGHT, WRONG, UNDECIDED, INVALID, BLANK)
    columns = [Column("question"), *(Column(word, right=True) for word in words)]
    columns += [Column("follows", right=True), Column("mean", right=True), Column("of", right=True)]
    rows: list[Sequence[Cells]] = []
    for number, question in enumerate(summary["questions"]):
        counts = [question["verdicts"][word] for word in words]
        row = [exam.called(number), *(str(count or "–") for count in counts)]
        row += [str(question["carried"] or "–"), points(question["mean"]), points(question["of"])]
        rows.append([((cell,),) for cell in row])
    return table(columns, rows)


def _listed(
    title: str, what: str, rows: Sequence[tuple[str, str, int, Sequence[str]]], last: str = ""
) -> list[Block]:
    """The most frequent rows under a heading."""
    if not rows:
        return []
    columns = (Column("question"), Column(what), Column("students", right=True), Column(last))
    ordered = sorted(rows, key=lambda row: -row[2])
    shown_rows: list[Sequence[Cells]] = [
        (
            ((question,),),
            ((_short(words),),),
            ((str(count),),),
            tuple((_short(one),) for one in more),
        )
        for question, words, count, more in ordered[:LISTED]
    ]
    blocks: list[Block] = [Heading((title,)), table(columns, shown_rows)]
    if len(rows) > LISTED:
        blocks.append(Note("note", (f"… and {len(rows) - LISTED} more in summary.json",)))
    return blocks


def _decide(one: Mapping[str, Any]) -> tuple[str, ...]:
    who = one["students"]
    named = ", ".join(who[:NAMED]) + (f" and {len(who) - NAMED} more" if len(who) > NAMED else "")
    reason = one["message"].removeprefix("Not decided: ").removesuffix(" Your teacher decides.")
    return (named, reason)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONG * 2 else f"{line[: LONG * 2 - 1]}…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


# ---- for a student


def compose_feedback(
    exam: Exam, student: str, lines: Sequence[Mapping[str, Any] | None], cells: Sequence[Cell]
) -> Report:
    """What a student is told. `lines`: the last word on each answer, None where there is none."""
    blocks: list[Block] = [Heading((student,), 1)]
    columns = (
        Column("question"),
        Column("your answer"),
        Column("read as"),
        Column("verdict", answer=True),
        Column("points", right=True),
        Column("because", aside=True),
    )
    total = of = 0.0
    for part in exam.parts:
        rows: list[Sequence[Cells]] = []
        for number in exam.numbers(part):
            question = exam.questions[number]
            points_of = 1 if question.points is None else question.points
            total, of = total + cells[number].points, of + points_of
            rows.append(_row(question.text, lines[number], cells[number], points_of))
        blocks += [Heading((part.title,)), table(columns, rows)]
    blocks.append(Note("note", (f"{shown(total)} of {shown(of)} points",)))
    return Report(tuple(blocks), title=student)


def _row(question: str, line: Mapping[str, Any] | None, cell: Cell, of: float) -> Sequence[Cells]:
    answer = _short(line["answer"]) if line else ""
    read = _short(line["read_as"] or "") if line else ""
    said = []
    if line and line["message"] not in ("", "Right.", "Wrong."):
        said.append(line["message"])
    if cell.override is not None:
        comment = f": {cell.override.comment}" if cell.override.comment else "."
        said.append(f"Your teacher set the points{comment}")
    words = (
        question, answer, "" if read == answer else read, SIGNS.get(cell.verdict, "– blank"),
        f"{shown(cell.points)}/{shown(of)}", " ".join(said),
    )  # fmt: skip
    return [((word,),) if word else () for word in words]
