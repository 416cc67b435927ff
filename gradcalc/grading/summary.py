"""What the class got wrong: verdicts and mistakes of each question, answers that many gave and
nobody expected, and what the teacher has to decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from gradcalc.grading.results import Results, shown
from gradcalc.marking.model import BLANK, INVALID, UNDECIDED, VERDICTS, WRONG

FORMAT = 1
EXAMPLES = 2  # answers that show a mistake
MANY = 2  # students who gave the same answer
UNEXPECTED = 10  # answers that are listed, of a question
DECIDED = 200  # answers that are left to the teacher and listed with who gave them


class Counts:
    """What is counted of a question."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.carried = 0
        self.mistakes: dict[tuple[str, str], Counter[str]] = {}  # (slug, sentence) -> answers
        self.unexpected: Counter[str] = Counter()
        self.undecided: dict[tuple[str, str], list[str]] = {}  # (answer, message) -> who
        self.invalid: Counter[tuple[str, str]] = Counter()  # (answer, message)

    def take(self, line: Mapping[str, Any]) -> None:
        """A line of the gradebook."""
        verdict, answer = line["verdict"], line["answer"]
        self.verdicts[verdict] += 1
        if verdict == UNDECIDED:
            self.undecided.setdefault((answer, line["message"]), []).append(line["student"])
        elif verdict == INVALID:
            self.invalid[answer, line["message"]] += 1
        elif verdict != WRONG:
            return
        elif line["carried"]:
            self.carried += 1
        elif line["mistakes"]:
            for mistake in line["mistakes"]:
                key = (mistake["slug"], mistake["sentence"])
                self.mistakes.setdefault(key, Counter())[answer] += 1
        else:
            self.unexpected[answer] += 1


def count(results: Results, lines: Iterable[tuple[int, dict[str, Any]]]) -> list[Counts]:
    """What is counted of each question, of the lines that count."""
    found = [Counts() for _ in results.exam.questions]
    for question, line in lines:
        found[question].take(line)
    return found


def most(counter: Counter[Any], number: int, least: int = 1) -> list[tuple[Any, int]]:
    """What is most frequent, in an order of its own."""
    found = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return [item for item in found if item[1] >= least][:number]


def summarise(results: Results, counts: list[Counts]) -> dict[str, Any]:
    """`summary.json`."""
    students = results.students
    questions = []
    totals = dict.fromkeys(students, 0.0)
    for number, counted in enumerate(counts):
        cells = {student: results.cell(student, number) for student in students}
        for student, cell in cells.items():
            totals[student] += cell.points
        counted.verdicts[BLANK] = len(students) - sum(
            counted.verdicts[word] for word in VERDICTS if word != BLANK
        )
        questions.append(_question(results, number, counted, cells.values()))
    of = sum(results.of(number) for number in range(len(counts)))
    scores = sorted(totals.values())
    return {
        "format": FORMAT,
        "students": len(students),
        "answers": sum(sum(c.verdicts.values()) - c.verdicts[BLANK] for c in counts),
        "of": _number(of),
        "mean": _mean(scores),
        "median": _number(_median(scores)),
        "questions": questions,
    }


def _question(
    results: Results, number: int, counted: Counts, cells: Iterable[Any]
) -> dict[str, Any]:
    part, inside = results.exam.part(number)
    question = part.questions[inside]
    mistakes = sorted(counted.mistakes.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    undecided = sorted(counted.undecided.items())
    return {
        "exercise": part.name,
        "question": question.text,
        "name": question.name,
        "of": _number(results.of(number)),
        "mean": _mean([cell.points for cell in cells]),
        "verdicts": {word: counted.verdicts[word] for word in VERDICTS},
        "carried": counted.carried,
        "set_by_hand": sum(question == number for _, question in results.overrides),
        "mistakes": [
            {
                "slug": slug,
                "sentence": sentence,
                "count": sum(answers.values()),
                "examples": [answer for answer, _ in most(answers, EXAMPLES)],
            }
            for (slug, sentence), answers in mistakes
        ],
        "unexpected": [
            {"answer": answer, "count": many}
            for answer, many in most(counted.unexpected, UNEXPECTED, MANY)
        ],
        "invalid": [
            {"answer": answer, "message": message, "count": many}
            for (answer, message), many in most(counted.invalid, UNEXPECTED)
        ],
        "undecided": [
            {"answer": answer, "message": message, "students": sorted(who)}
            for (answer, message), who in undecided[:DECIDED]
        ],
    }


def _mean(values: list[float]) -> float | int | None:
    return _number(sum(sorted(values)) / len(values)) if values else None


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    if not ordered:
        return 0
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _number(value: float) -> float | int:
    value = round(value, 6)
    return int(value) if value == int(value) else value


def points(value: float | int | None) -> str:
    """Points in a table."""
    return "–" if value is None else shown(round(value, 2))
