"""What a gradebook says in the end: the last word on each answer, points that are set by hand, and
the table of grades.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gradcalc.grading.exam import Exam
from gradcalc.grading.rosters import Enrolled, Override
from gradcalc.grading.tables import written
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.model import BLANK, INVALID, UNDECIDED, VERDICTS

NOWHERE = -1
BLANK_CODE = VERDICTS.index(BLANK)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a student earned with an answer. `override`: the points are set by hand."""

    verdict: str
    points: float
    override: Override | None = None


class Results:
    """The grades of a class: those of the gradebook, and those of whom the roster names."""

    def __init__(
        self,
        exam: Exam,
        students: Iterable[str],
        roster: Mapping[str, Enrolled],
        overrides: Mapping[tuple[str, int], Override],
    ) -> None:
        self.exam, self.roster, self.overrides = exam, roster, overrides
        self._students: dict[str, int] = {}
        for name in (*students, *roster, *(student for student, _ in overrides)):
            self._students.setdefault(name, len(self._students))
        self._at: list[array[int]] = [array("q") for _ in exam.questions]
        self._points: list[array[float]] = [array("d") for _ in exam.questions]
        self._verdicts: list[bytearray] = [bytearray() for _ in exam.questions]

    @property
    def students(self) -> list[str]:
        """Everybody, by name."""
        return sorted(self._students)

    def take(self, at: int, question: int, line: Mapping[str, Any]) -> None:
        """A line of the gradebook, which begins there; a later one on the same answer counts."""
        student = self._students.setdefault(line["student"], len(self._students))
        places = self._at[question]
        missing = student + 1 - len(places)
        if missing > 0:
            places.extend([NOWHERE] * missing)
            self._points[question].extend([0.0] * missing)
            self._verdicts[question].extend([BLANK_CODE] * missing)
        places[student] = at
        self._points[question][student] = line["points"]
        self._verdicts[question][student] = VERDICTS.index(line["verdict"])

    def at(self, student: str, question: int) -> int:
        """Where the last line on an answer begins; NOWHERE where there is none."""
        number, places = self._students[student], self._at[question]
        return places[number] if number < len(places) else NOWHERE

    def cell(self, student: str, question: int) -> Cell:
        """What a student earned with an answer."""
        number, override = self._students[student], self.overrides.get((student, question))
        verdict, points = BLANK, 0.0
        if number < len(self._at[question]):
            verdict = VERDICTS[self._verdicts[question][number]]
            points = self._points[question][number]
        return Cell(verdict, points if override is None else override.points, override)

    def cells(self, student: str) -> list[Cell]:
        """What a student earned with each answer."""
        return [self.cell(student, question) for question in range(len(self.exam.questions))]

    def of(self, question: int) -> float:
        """How many points there are for a question."""
        points = self.exam.questions[question].points
        return 1 if points is None else points

    def table(self, variants: Mapping[str, str]) -> str:
        """`grades.csv`: a row a student. `variants`: what each was handed out."""
        exam = self.exam
        questions = range(len(exam.questions))
        more = list(dict.fromkeys(name for one in self.roster.values() for name in one.more))
        varied = ["variant"] if exam.varied else []
        head = ["student", *more, *varied, *map(exam.called, questions)]
        rows: list[Sequence[str]] = [[*head, "total", "of", UNDECIDED, INVALID, "set by hand"]]
        total = shown(sum(map(self.of, questions)))
        for student in self.students:
            cells = self.cells(student)
            enrolled = self.roster.get(student)
            row = [student, *((enrolled.more.get(name, "") if enrolled else "") for name in more)]
            row += [variants.get(student, "")] if varied else []
            row += [
                "" if cell.verdict == BLANK and cell.override is None else shown(cell.points)
                for cell in cells
            ]
            counts = [sum(cell.verdict == word for cell in cells) for word in (UNDECIDED, INVALID)]
            own = [exam.called(k) for k, cell in enumerate(cells) if cell.override is not None]
            row += [shown(sum(cell.points for cell in cells)), total, *map(str, counts)]
            rows.append([*row, "; ".join(own)])
        return written(rows)


def shown(points: float) -> str:
    """Points as they are written: 1, 0.5."""
    return f"{round(points, 6):g}" if points < 1e5 else str(round(points, 6))


def last_lines(
    results: Results, lines: Iterator[tuple[int, int, dict[str, Any]]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Of lines with their place and question, those that count: question and line."""
    for at, question, line in lines:
        if results.at(line["student"], question) == at:
            yield question, line
