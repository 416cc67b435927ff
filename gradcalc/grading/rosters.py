"""Tables of the teacher: who is in the class and which variant each got, and points that are set
by hand.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping

from gradcalc.exercise.files import read_bytes
from gradcalc.grading.exam import Exam
from gradcalc.grading.tables import FORMULA, Report, Row, columns, rows
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.answers import NO_STUDENT, STUDENT

MOST_POINTS = 1e6
OWN = ("student", "variant", "mark")  # columns of a roster that `vary` writes
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A student of the class: the variant that was handed out, and what else the roster says."""

    variant: int | None
    more: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Override:
    """Points that are set by hand, and why."""

    points: float
    comment: str = ""


def read_roster(path: str, report: Report) -> dict[str, Enrolled]:
    """student -> what the roster says. Raises GradcalcError."""
    header, found = _open(path, report)
    names = [cell.strip() for cell in header.cells]
    lower = [name.lower() for name in names]
    if "student" not in lower:
        hint = "a roster has the columns student and, where there are variants, variant"
        raise GradcalcError(header.wrong("column", "the column student is missing", hint))
    student_at = lower.index("student")
    variant_at = lower.index("variant") if "variant" in lower else None
    read: dict[str, Enrolled] = {}
    for row in found:
        cells = (*row.cells, *[""] * (len(names) - len(row.cells)))
        student = _unescaped(cells[student_at].strip())
        variant = cells[variant_at].strip() if variant_at is not None else ""
        if not STUDENT.fullmatch(student):
            report(row.wrong("student", *NO_STUDENT, cells[student_at]))
        elif student in read:
            report(row.wrong("duplicate", f"{student} is on the roster twice", None, student))
        elif variant and not re.fullmatch(r"[0-9]{1,9}", variant):
            report(row.wrong("variant", "a variant is a whole number", None, variant))
        else:
            more = {n: cells[k] for k, n in enumerate(names) if n and lower[k] not in OWN}
            read[student] = Enrolled(int(variant) if variant else None, more)
    return read


def read_overrides(path: str, exam: Exam, report: Report) -> dict[tuple[str, int], Override]:
    """(student, question) -> the points that are set. Raises GradcalcError."""
    header, found = _open(path, report)
    known = ("student", "question", "points", "comment", "exercise")
    names = columns(header, known, known[:3], report)
    read: dict[tuple[str, int], Override] = {}
    for row in found:
        cells = dict(zip(names, row.cells, strict=False))
        student, word = (
            _unescaped(cells.get("student", "").strip()),
            cells.get("question", ""),
        )
        if exercise := cells.get("exercise", "").strip():
            word = f"{exercise}: {word}"
        question, points = exam.find(word), _number(cells.get("points", ""))
        if not STUDENT.fullmatch(student):
            report(row.wrong("student", *NO_STUDENT, student))
        elif question is None:
            report(row.wrong("question", *exam.unknown(word), cells.get("question", "")))
        elif points is None:
            message, cell = "points are a number of at least 0", cells.get("points", "")
            report(row.wrong("points", message, "write for example 1.5", cell))
        elif (student, question) in read:
            message = f"two overrides of {exam.called(question)} for {student}"
            report(row.wrong("duplicate", message))
        else:
            read[student, question] = Override(points, _unescaped(cells.get("comment", "").strip()))
    return read


def _unescaped(cell: str) -> str:
    """A cell without the mark that keeps spreadsheets from computing it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _number(word: str) -> float | None:
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", word.strip()):
        return None
    found = float(word)
    return found if found <= MOST_POINTS else None


def _open(path: str, report: Report) -> tuple[Row, Iterator[Row]]:
    source = io.BufferedReader(io.BytesIO(read_bytes(path, MOST_BYTES)))
    found = rows(source, path, report)
    header = next(found, None)
    if header is None:
        raise GradcalcError(Problem("csv", "this table is empty", Place(path, 1, 1)))
    return header, found
