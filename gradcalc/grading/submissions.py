"""What a class handed in, read answer by answer: a table (CSV, a row an answer or a row a
student), JSON lines (a line a student), or a folder of answer files.

What cannot be read is reported, at its place, and does not keep the others from being marked.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from gradcalc.exercise.files import read_bytes
from gradcalc.grading.exam import Exam
from gradcalc.grading.tables import Report, Row, columns, rows
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tokens import shown
from gradcalc.marking.answers import NO_STUDENT, STUDENT, read_submission

COLUMNS = ("student", "question", "answer", "value", "variant", "exercise")
KEYS = ("student", "variant", "answers")
ENDINGS = (".yaml", ".yml", ".json", ".csv", ".tsv")
LINES = (".jsonl", ".ndjson")
MOST_LINE = 4 * 1024 * 1024  # bytes of the answers of one student


@dataclass(frozen=True, slots=True)
class Handed:
    """One answer of a student; `question` None: the student handed in, and answered nothing.
    `place`: where it stands.
    """

    student: str
    question: int | None = None
    text: str | None = None
    value: str | None = None
    variant: int | None = None
    place: Place | None = None
    formula: bool = False  # it stands under the key `formula`


def read_submissions(path: str, exam: Exam, report: Report) -> Iterator[Handed]:
    """The answers in a file, a folder, or the standard input (`-`). Raises GradcalcError for what
    cannot be read at all.
    """
    reader = _Reader(exam, report)
    if path != "-" and os.path.isdir(path):
        yield from reader.folder(Path(path))
        return
    name = "<stdin>" if path == "-" else path
    try:
        source: IO[bytes] = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        place = Place(name, 0, 0)
        raise GradcalcError(Problem("file", f"cannot read this file: {reason}", place)) from None
    with source:
        if path.endswith(LINES) or (path == "-" and _begins(source) == b"{"):
            yield from reader.lines(source, name)
        else:
            yield from reader.table(source, name)


def _begins(source: Any) -> bytes:
    found: bytes = source.peek(16).lstrip()[:1]
    return found


class _Reader:
    def __init__(self, exam: Exam, report: Report) -> None:
        self.exam, self.report = exam, report
        self.found: dict[str, int | None] = {}  # a word -> its question

    def find(self, word: str) -> int | None:
        if word not in self.found:
            self.found[word] = self.exam.find(word)
        return self.found[word]

    # ---- tables

    def table(self, source: IO[bytes], file: str, student: str | None = None) -> Iterator[Handed]:
        """`student`: whose table it is, where it has no column of that name."""
        found = rows(source, file, self.report)
        header = next(found, None)
        if header is None:
            raise GradcalcError(Problem("csv", "this table is empty", Place(file, 1, 1)))
        names = [cell.strip().lower() for cell in header.cells]
        if {"question", "answer"} <= set(names):
            yield from self.long(header, found, student)
        else:
            yield from self.wide(header, found, student)

    def long(self, header: Row, found: Iterator[Row], whose: str | None) -> Iterator[Handed]:
        names = columns(header, COLUMNS, () if whose else ("student",), self.report)
        at = {name: place for place, name in enumerate(names) if name}

        def cell(row: Row, name: str) -> str:
            place = at.get(name, len(row.cells))
            return row.cells[place] if place < len(row.cells) else ""

        for row in found:
            student = self.student(row, cell(row, "student") or whose or "")
            variant = self.variant(row, cell(row, "variant"))
            word = cell(row, "question")
            if exercise := cell(row, "exercise").strip():
                word = f"{exercise}: {word}"
            question = self.find(word)
            if question is None:
                message, hint = self.exam.unknown(word)
                self.report(row.wrong("question", message, hint, cell(row, "question")))
            elif student is not None and variant is not False:
                place = Place(row.file, row.line, 1)
                text, value = cell(row, "answer"), cell(row, "value")
                yield Handed(student, question, text, value, variant or None, place)

    def wide(self, header: Row, found: Iterator[Row], whose: str | None) -> Iterator[Handed]:
        places = self.questions(header)
        student_at, variant_at = places.pop("student", None), places.pop("variant", None)
        if student_at is None and whose is None:
            hint = "columns: student, and a question each; or student, question, answer"
            raise GradcalcError(header.wrong("column", "the column student is missing", hint))
        for row in found:
            cells = row.cells
            word = cells[student_at] if student_at is not None and student_at < len(cells) else ""
            student = self.student(row, word or whose or "")
            given = cells[variant_at] if variant_at is not None and variant_at < len(cells) else ""
            variant = self.variant(row, given)
            if student is None or variant is False:
                continue
            place = Place(row.file, row.line, 1)
            yield Handed(student, None, None, None, variant or None, place)
            if len(cells) > len(header.cells):
                message = f"this row has {len(cells)} cells, and the header {len(header.cells)}"
                self.report(row.wrong("csv", message, "quote answers that hold a comma"))
                continue
            for question, at in places.items():
                if at < len(cells) and cells[at] and isinstance(question, int):
                    yield Handed(student, question, cells[at], None, variant or None, place)

    def questions(self, header: Row) -> dict[int | str, int]:
        """Which column holds which question."""
        found: dict[int | str, int] = {}
        for at, cell in enumerate(header.cells):
            name = cell.strip().lower()
            word: int | str | None = name if name in ("student", "variant") else self.find(cell)
            if word is None:
                near = closest(name, ("student", "variant"))
                message, hint = self.exam.unknown(cell)
                if near:
                    message = f"unknown column `{shown(cell.strip())}`"
                    hint = f"did you mean {near}?"
                self.report(header.wrong("column", message, hint, cell))
            elif word in found:
                self.report(
                    header.wrong("duplicate", f"two columns for {cell.strip()}", None, cell)
                )
            else:
                found[word] = at
        return found

    def student(self, row: Row, word: str) -> str | None:
        name = word.strip()
        if STUDENT.fullmatch(name):
            return name
        self.report(row.wrong("student", *NO_STUDENT, word))
        return None

    def variant(self, row: Row, word: str) -> int | bool | None:
        """A number, None where there is none, False for what is no number."""
        name = word.strip()
        if not name:
            return None
        if re.fullmatch(r"[0-9]{1,9}", name):
            return int(name)
        self.report(row.wrong("variant", "a variant is a whole number", None, word))
        return False

    # ---- JSON, a line a student

    def lines(self, source: IO[bytes], file: str) -> Iterator[Handed]:
        number = 0
        while line := source.readline(MOST_LINE + 1):
            number += 1
            place = Place(file, number, 1)
            if len(line) > MOST_LINE:
                raise GradcalcError(Problem("limit", "this line is longer than 4 MiB", place))
            if not line.strip():
                continue
            try:
                text = line.decode("utf-8-sig")
                data = json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_pairs)
            except (ValueError, RecursionError) as error:
                said = str(error).splitlines()[0][:80] if error.args else "it is nested too deeply"
                self.report(Problem("json", f"this line is no JSON: {said}", place))
                continue
            yield from self.record(data, place)

    def record(self, data: Any, place: Place) -> Iterator[Handed]:
        if not isinstance(data, dict) or not isinstance(data.get("answers", {}), dict):
            hint = 'write {"student": "s0421", "answers": {"df/dx": "2*x"}}'
            self.report(Problem("type", "these are no answers", place, hint))
            return
        for key in data.keys() - set(KEYS):
            near = closest(key, KEYS)
            hint = f"did you mean {near}?" if near else f"known keys: {', '.join(KEYS)}"
            self.report(Problem("key", f"unknown key `{shown(key)}`", place, hint))
        student, variant = data.get("student"), data.get("variant")
        if not isinstance(student, str) or not STUDENT.fullmatch(student):
            self.report(Problem("student", NO_STUDENT[0], place, NO_STUDENT[1]))
            return
        if variant is not None and not re.fullmatch(r"[0-9]{1,9}", str(variant)):
            self.report(Problem("variant", "a variant is a whole number", place))
            return
        number = None if variant is None else int(variant)
        yield Handed(student, None, None, None, number, place)
        for word, answer in data.get("answers", {}).items():
            question = self.find(word)
            if question is None:
                self.report(
                    Problem(
                        "question", self.exam.unknown(word)[0], place, self.exam.unknown(word)[1]
                    )
                )
            elif isinstance(answer, dict) and answer.keys() <= {"formula", "value"}:
                text, value = (_text(answer.get(name)) for name in ("formula", "value"))
                yield Handed(student, question, text, value, number, place, "formula" in answer)
            else:
                yield Handed(student, question, _text(answer), None, number, place)

    # ---- a folder of answer files

    def folder(self, folder: Path) -> Iterator[Handed]:
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
        )
        if not files:
            message = "there are no answer files (.yaml, .json, .csv) in this folder"
            raise GradcalcError(Problem("file", message, Place(str(folder), 0, 0)))
        for path in files:
            try:
                yield from self.file(path)
            except GradcalcError as error:
                for problem in error.problems:
                    self.report(problem)

    def file(self, path: Path) -> Iterator[Handed]:
        """The answers of one student, who is called as the file is."""
        student, name = path.stem, str(path)
        if not STUDENT.fullmatch(student):
            raise GradcalcError(Problem("student", NO_STUDENT[0], Place(name, 0, 0), NO_STUDENT[1]))
        if path.suffix.lower() in (".csv", ".tsv"):
            with path.open("rb") as source:
                yield from self.table(source, name, student)
            return
        found = read_submission(read_bytes(name), name, self.exam)
        place = Place(name, 0, 0)
        if found.student not in (None, student):
            message = f"the file is called {student}, and inside it says {found.student}"
            raise GradcalcError(Problem("student", message, place, "rename one of them"))
        yield Handed(student, None, None, None, found.variant, place)
        for question, given in found.answers.items():
            text, value = given.text, given.value
            yield Handed(
                student,
                question,
                text.value if text else None,
                value.value if value else None,
                found.variant,
                place,
                given.formula_only,
            )


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _text(answer: Any) -> str | None:
    """An answer in JSON as text: numbers are what was written."""
    if answer is None or isinstance(answer, str):
        return answer
    if isinstance(answer, list):
        return "[" + ", ".join(_text(item) or "" for item in answer) + "]"
    return json.dumps(answer)
