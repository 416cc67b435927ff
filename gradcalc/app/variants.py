"""Variants of an exercise made and checked, as the files of a folder."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from gradcalc.app.files import names_for
from gradcalc.app.shipped import exercise_bytes
from gradcalc.derivation.solve import solve
from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise, Question
from gradcalc.exercise.vary_model import Variant, Vary
from gradcalc.grading import tables
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.answers import STUDENT
from gradcalc.variants.engine import Found
from gradcalc.variants.search import Ran, Search
from gradcalc.variants.writing import Sheet, written

CLOSE = 1e-9  # relative: two ways to one number


@dataclass(frozen=True, slots=True)
class Made:
    """A variant as it was found and written."""

    found: Found
    variant: Variant
    name: str  # of its file
    text: str


class Course:
    """The variants of one exercise file."""

    def __init__(self, file: str, seed: int, vary: Vary | None = None) -> None:
        data = exercise_bytes(file)
        self.file, self.seed = file, seed
        self.of = sha256(data).hexdigest()
        self.exercise: Exercise = parse_exercise(data, "<stdin>" if file == "-" else file)
        self.text = data.decode("utf-8")
        self.vary = vary if vary is not None else self.exercise.vary
        self.search = Search(self.exercise, self.vary, self.of, seed)
        self.stem = names_for([file], "yaml")[0].removesuffix(".yaml")
        self.made: list[Made] = []

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked."""
        return self.search.first.prepared.questions

    @property
    def asked(self) -> list[tuple[int, Question]]:
        """The questions whose answers are numbers."""
        return [(k, q) for k, q in enumerate(self.questions) if q.kind != "shape"]

    def make(self, count: int, jobs: int = 1) -> list[Made]:
        """Draw the variants, write them, and check three of them from what was written. Raises
        GradcalcError.
        """
        point = self.search.first.prepared.point
        given = {n: v for n, v in point.values.items() if n not in self.vary.domains}
        if point.missing:
            message = f"{', '.join(point.missing)} has neither a value nor a range"
            cure = f"give values, or write vary: {{{point.missing[0]}: {{integers: [-5, 5]}}}}"
            raise GradcalcError(Problem("vary", message, None, cure))
        sheet = Sheet(self.text, self.exercise, given)
        width = max(3, len(str(count)))
        with pool(self.search, jobs if count > 20 else 1) as run:
            for found in self.search.variants(count, run):
                variant = Variant(self.of, self.seed, found.at.number)
                name = f"{self.stem}-{found.at.number:0{width}d}.yaml"
                self.made.append(Made(found, variant, name, sheet.write(found, variant)))
        for one in {id(m): m for m in (*self.made[:1], *self.made[-1:], *self._middle())}.values():
            check(sheet.checked(one.text, one.found, one.variant), one)
        return self.made

    def _middle(self) -> list[Made]:
        return [self.made[len(self.made) // 2]] if self.made else []

    # ---- tables

    def table(self) -> str:
        """variants.csv: a row a variant, its values and its answers."""
        names = list(self.vary.domains)
        rows = [["number", *names, *(question.text for _, question in self.asked)]]
        for one in self.made:
            rows.append(
                [
                    str(one.found.at.number),
                    *(self._drawn(one.found, name) for name in names),
                    *(plain(one.found.answers[k]) for k, _ in self.asked),
                ]
            )
        return table(rows)

    def _drawn(self, found: Found, name: str) -> str:
        if name in found.values:
            return written(found.values[name]).strip("'")
        return str(found.sizes.get(name, found.functions.get(name, "")))

    def data(self) -> str:
        """The same as JSON."""
        names = list(self.vary.domains)
        found = {
            "format": 1,
            "file": self.file,
            "of": self.of,
            "seed": self.seed,
            "variants": [
                {
                    "number": one.found.at.number,
                    "mark": one.variant.mark,
                    "values": {name: self._drawn(one.found, name) for name in names},
                    "answers": {q.text: one.found.answers[k] for k, q in self.asked},
                }
                for one in self.made
            ],
        }
        return json.dumps(found, indent=1, ensure_ascii=False) + "\n"

    def roster(self, path: str) -> str:
        """roster.csv: which student has which variant."""
        rows = [["student", "variant", "mark"]]
        for student in students(path):
            one = self.made[variant_of(self.seed, student, len(self.made)) - 1]
            rows.append([student, str(one.found.at.number), one.variant.mark])
        return table(rows)


def variant_of(seed: int, student: str, count: int) -> int:
    """The number of a student's variant, always the same."""
    digest = blake2b(f"gradcalc/{seed}/{student}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count + 1


def students(path: str) -> list[str]:
    """The students of a roster: its column `student`, or its only column. Raises GradcalcError."""
    text = read_bytes(path).decode("utf-8-sig", "replace")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = head.index("student") if "student" in head else 0
    if "student" not in head and len(head) > 1:
        message = "this roster has no column `student`"
        raise GradcalcError(Problem("roster", message, Place(path, 1, 1, first)))
    found: dict[str, int] = {}
    for number, row in enumerate(rows[1:] if "student" in head else rows, 1):
        line = number + ("student" in head)
        student = row[column].strip() if column < len(row) else ""
        if not STUDENT.fullmatch(student):
            message = "a student is 1 to 64 letters, digits and . _ @ -"
            raise GradcalcError(Problem("roster", message, Place(path, line, 1, ",".join(row))))
        if student in found:
            message = f"{student} is there twice, in line {found[student]} before"
            raise GradcalcError(Problem("roster", message, Place(path, line, 1, ",".join(row))))
        found[student] = line
    if not found:
        raise GradcalcError(Problem("roster", "this roster names no student", Place(path, 0, 0)))
    return list(found)


def check(exercise: Exercise, one: Made) -> None:
    """Solve a variant as it was written: its answers are verified, and are those that were noted.
    Raises GradcalcError.
    """
    solution = solve(exercise)
    for answer, noted in zip(solution.answers, one.found.answers, strict=True):
        if answer.kind == "shape":
            continue
        fine = answer.verified is None or answer.verified.ok is not False
        if not fine or not _same(answer.value, noted):
            message = f"variant {one.found.at.number}: {answer.question.text} failed its check"
            raise GradcalcError(Problem("vary", message, None, "please report it"))


def _same(value: Any, noted: Any) -> bool:
    if isinstance(value, list) and isinstance(noted, list):
        return len(value) == len(noted) and all(map(_same, value, noted))
    if value is None or noted is None or isinstance(value, list) or isinstance(noted, list):
        return value is noted
    return bool(abs(value - noted) <= CLOSE * max(1.0, abs(noted)))


def plain(value: Any) -> str:
    """A number, or nested lists of them, for programs."""
    if isinstance(value, list):
        return "[" + ", ".join(map(plain, value)) + "]"
    if value is None:
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def table(rows: Sequence[Sequence[str]]) -> str:
    """CSV. A cell that a spreadsheet would compute is quoted with an apostrophe."""
    return tables.written(rows, tables.number_or_escaped)


@contextmanager
def pool(search: Search, jobs: int) -> Iterator[Ran]:
    """Tries computed by so many processes; the result does not depend on how many there are."""
    import multiprocessing

    if jobs < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield search.run
        return
    _ = search.first.told_apart  # once, before the processes part
    _SEARCHES["search"] = search
    with multiprocessing.get_context("fork").Pool(jobs) as workers:

        def run(tries: Sequence[Any]) -> list[Any]:
            step = -(-len(tries) // jobs)
            parts = [tries[k : k + step] for k in range(0, len(tries), step)]
            return [one for part in workers.map(_run, parts) for one in part]

        yield run


_SEARCHES: dict[str, Search] = {}


def _run(tries: Sequence[Any]) -> list[Any]:
    return _SEARCHES["search"].run(tries)


class NoPdf(Exception):
    """TeX is missing, or failed. `lines` say so."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


def documents(
    made: Sequence[Made], to: str, solution: bool, stem: str, folder: str
) -> Mapping[str, str | bytes]:
    """Sheets, and keys, of variants: an HTML page each; one document of all in LaTeX and PDF.
    Raises NoPdf.
    """
    from gradcalc.app.export import Export, part, whole
    from gradcalc.report.figure import Sheet as Figure

    found: dict[str, str | bytes] = {}
    kinds = [("sheets", False), *([("keys", True)] if solution else [])]
    solutions = [solve(parse_exercise(one.text, str(Path(folder) / one.name))) for one in made]
    for word, key in kinds:
        wanted = Export(Figure(key, detail="brief"))
        parts = [part(one, "", to, wanted) for one in solutions]
        if to == "html":
            for one, own in zip(made, parts, strict=True):
                name = one.name.removesuffix(".yaml") + ("-key" if key else "")
                found[f"{name}.html"] = whole([own], to, wanted).text
            continue
        document = whole(parts, to, wanted)
        found[f"{stem}-{word}.tex"] = document.text
        if to == "pdf":
            from gradcalc.render import pdf

            seconds = pdf.SECONDS + len(made)
            lua = bool(document.frame.get("characters"))
            try:
                compiled = pdf.make(document.text, seconds, document.files, lua)
            except pdf.NoEngine:
                said = (
                    "the pdf could not be made: TeX is not installed; the .tex is written instead"
                )
                raise NoPdf(said, *(f"    {way}" for way in pdf.WAYS_OUT)) from None
            except pdf.Failed as error:
                said = f"the pdf could not be made: {error}; the .tex is written instead"
                raise NoPdf(said) from None
            del found[f"{stem}-{word}.tex"]
            found[f"{stem}-{word}.pdf"] = compiled.data
    return found
