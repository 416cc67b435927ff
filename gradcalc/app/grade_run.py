"""A class marked, from its files to its files: exercises, policy, roster and submissions in; the
gradebook, the table of grades, the summary and the feedback out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradcalc.app.backends import workers
from gradcalc.app.console import Console
from gradcalc.app.files import check_folder, check_target, sweep, write_whole
from gradcalc.app.gradebook import Gradebook
from gradcalc.app.grading import Grader, Way, header
from gradcalc.app.progress import Tally
from gradcalc.app.shipped import exercise_bytes
from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.variant_files import ROSTER, load_variant, variant_files
from gradcalc.grading.answers import Answer, Answers, key_of, normal
from gradcalc.grading.exam import Exam, Part, Sheet
from gradcalc.grading.lines import question_of
from gradcalc.grading.results import NOWHERE, Results, last_lines
from gradcalc.grading.rosters import Enrolled, Override, read_overrides, read_roster
from gradcalc.grading.submissions import Handed, read_submissions
from gradcalc.grading.summary import count, summarise
from gradcalc.grading.tables import written
from gradcalc.grading.views import compose_feedback, compose_summary
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.policy import policy_from
from gradcalc.report.blocks import Options, Report

BOOK, GRADES, SUMMARY, OVERRIDES = "grades.jsonl", "grades.csv", "summary.json", "overrides.csv"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    exercises: tuple[str, ...]
    submissions: str
    folder: str
    policy: str | None
    roster: str | None
    override: str | None
    feedback: bool
    jobs: int
    backend: str
    address: str | None
    resume: bool
    regrade: bool
    seconds: float


def grade_class(wanted: Wanted, console: Console) -> tuple[dict[str, Any], Report, list[str]]:
    """The summary, as data and as a report, and what was written. Raises GradcalcError."""
    policy = read_bytes(wanted.policy).decode("utf-8", "replace") if wanted.policy else None
    exam = Exam(_named([part for file in wanted.exercises for part in _parts(file, policy)]))
    roster = _roster(wanted, exam, console)
    folder = Path(wanted.folder)
    check_folder(folder)
    for name in (GRADES, SUMMARY, OVERRIDES):
        check_target(folder / name)
    if wanted.resume and not (folder / BOOK).exists():
        message = "there is no gradebook to go on with"
        raise GradcalcError(Problem("gradebook", message, Place(str(folder / BOOK), 0, 0)))
    with Gradebook(folder / BOOK, header(exam), wanted.regrade) as book:
        overrides = _overrides(wanted, folder, exam, console)
        answers, variants = _collected(wanted, exam, roster, console)
        way = Way(policy, wanted.seconds)
        with (
            workers(wanted.backend, wanted.jobs, wanted.address) as run,
            Tally(console.watched, console.color) as tally,
        ):
            Grader(exam, answers, book, run, way, tally).grade()
        return _finished(wanted, folder, book, exam, answers, variants, roster, overrides)


# ---- exercises


def _parts(file: str, policy: str | None) -> Iterator[Part]:
    """An exercise, or the variants in a folder."""
    if file != "-" and os.path.isdir(file):
        files = variant_files(file)
        sheets: dict[int | None, Sheet] = {
            number: Sheet(str(path), _text(str(path))) for number, path in files.items()
        }
        name = next(iter(files.values())).stem.rpartition("-")[0]
        exercises = [load_variant(file, number) for number in files]
        yield _part(name, exercises[0], sheets, policy)
        return
    text = exercise_bytes(file).decode("utf-8", "surrogateescape")
    exercise = parse_exercise(text, "<stdin>" if file == "-" else file)
    name = "exercise" if file == "-" else Path(file).name.rsplit(".", 1)[0]
    yield _part(name, exercise, {None: Sheet(exercise.file, text)}, policy)


def _text(file: str) -> str:
    return read_bytes(file).decode("utf-8", "surrogateescape")


def _part(
    name: str, exercise: Exercise, sheets: dict[int | None, Sheet], policy: str | None
) -> Part:
    from gradcalc.graph.build import build
    from gradcalc.graph.question_checks import default_questions

    questions = exercise.questions or default_questions(build(exercise))
    own = exercise.grading
    grading = own if policy is None else policy_from(policy.encode(), "<policy>", own)
    variant = exercise.variant.number if exercise.variant else None
    return Part(name, exercise.title or name, tuple(questions), sheets, grading, variant)


def _named(parts: list[Part]) -> list[Part]:
    """Refuse two exercises of one name."""
    names = [part.name for part in parts]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        message = f"two exercises are called {twice[0]}"
        raise GradcalcError(Problem("file", message, None, "rename one of the files"))
    return parts


# ---- tables of the teacher


def _roster(wanted: Wanted, exam: Exam, console: Console) -> dict[str, Enrolled]:
    """Who is in the class, by the roster that is given or those beside the variants."""
    found: dict[str, Enrolled] = {}
    paths = [wanted.roster] if wanted.roster else []
    if not paths:
        paths = [os.path.join(f, ROSTER) for f in wanted.exercises if os.path.isdir(f)]
    for path in paths:
        if path in (wanted.roster,) or os.path.exists(path):
            found |= read_roster(path, console.report)
    if not exam.varied and any(one.variant is not None for one in found.values()):
        message = "the roster says who has which variant, and no exercise has variants"
        hint = "give the folder that `vary` wrote, or a roster without the column variant"
        raise GradcalcError(Problem("variant", message, Place(paths[0], 1, 1), hint))
    return found


def _overrides(
    wanted: Wanted, folder: Path, exam: Exam, console: Console
) -> dict[tuple[str, int], Override]:
    """Points that were set by hand before, and now: kept in the folder."""
    kept = folder / OVERRIDES
    found = read_overrides(str(kept), exam, console.report) if kept.exists() else {}
    if wanted.override:
        found |= read_overrides(wanted.override, exam, console.report)
        rows = [("student", "question", "points", "comment")]
        for (student, question), one in sorted(found.items()):
            rows.append((student, exam.called(question), f"{one.points:g}", one.comment))
        write_whole(kept, written(rows))
    return found


# ---- submissions


def _collected(
    wanted: Wanted, exam: Exam, roster: dict[str, Enrolled], console: Console
) -> tuple[Answers, dict[str, str]]:
    """The answers of the class, and which variant each was handed out."""
    answers, variants = Answers(len(exam.questions)), dict[str, int]()
    collector = _Collector(exam, roster, answers, variants, console)
    problems = _Problems(console)
    for handed in read_submissions(wanted.submissions, exam, problems.report):
        collector.take(handed, problems)
    problems.finish()
    return answers, {student: str(number) for student, number in variants.items()}


class _Problems:
    """What could not be read: the first are shown, the others counted."""

    def __init__(self, console: Console, most: int = 50) -> None:
        self.console, self.most, self.more = console, most, 0

    def report(self, problem: Problem) -> None:
        if self.console.problems < self.most:
            self.console.report(problem)
        else:
            self.console.problems += 1
            self.more += 1

    def finish(self) -> None:
        if self.more:
            self.console.note(f"… and {self.more} more problems")


@dataclass(slots=True)
class _Collector:
    exam: Exam
    roster: dict[str, Enrolled]
    answers: Answers
    variants: dict[str, int]
    console: Console

    def take(self, handed: Handed, problems: _Problems) -> None:
        student = handed.student
        new = student not in self.answers.students
        number = self.answers.student(student)
        if new and self.roster and student not in self.roster:
            said = Problem("roster", f"{student} is not on the roster", handed.place)
            self.console.warn(said)
        if handed.question is None:
            self.variant(handed, problems)
            return
        part, _ = self.exam.part(handed.question)
        text, value = normal(handed.text), normal(handed.value)
        if not text and not value:
            return
        variant = None
        if not self.exam.varied and handed.variant not in (None, part.own):
            message = f"this answers variant {handed.variant}, and {part.name} has no variants"
            hint = "give the folder that `vary` wrote in the place of the exercise"
            problems.report(Problem("variant", message, handed.place, hint))
            return
        if part.varied:
            variant = self.variant(handed, problems)
            if variant is None:
                message = f"it is not known which variant {student} has"
                hint = "give a roster, or a column variant"
                problems.report(Problem("variant", message, handed.place, hint))
                return
            if variant not in part.sheets:
                message = f"{part.name} has no variant {variant}"
                problems.report(Problem("variant", message, handed.place))
                return
        key = key_of(Answer(variant, text, value, handed.formula and not value))
        if not self.answers.add(number, handed.question, key):
            message = f"two answers to {self.exam.called(handed.question)} by {student}"
            hint = "it is left to you to decide; delete one of them"
            problems.report(Problem("duplicate", message, handed.place, hint))

    def variant(self, handed: Handed, problems: _Problems) -> int | None:
        """The variant of a student: the roster knows, else what was handed in says."""
        enrolled = self.roster.get(handed.student)
        known = enrolled.variant if enrolled else None
        before = self.variants.get(handed.student)
        found = known or before or handed.variant
        if found is not None:
            self.variants[handed.student] = found
            if handed.variant is not None and handed.variant != found and before is None:
                said = f"{handed.student} says variant {handed.variant}, and has {found}"
                self.console.warn(Problem("variant", said, handed.place))
        return found


# ---- what is written at the end


def _finished(
    wanted: Wanted,
    folder: Path,
    book: Gradebook,
    exam: Exam,
    answers: Answers,
    variants: dict[str, str],
    roster: dict[str, Enrolled],
    overrides: dict[tuple[str, int], Override],
) -> tuple[dict[str, Any], Report, list[str]]:
    results = Results(exam, answers.students, roster, overrides)
    for at, question, line in _lines(book, exam):
        results.take(at, question, line)
        if "variant" in line:
            variants.setdefault(line["student"], str(line["variant"]))
    for student, enrolled in roster.items():
        if enrolled.variant is not None:
            variants.setdefault(student, str(enrolled.variant))
    counts = count(results, last_lines(results, _lines(book, exam)))
    summary = summarise(results, counts)
    write_whole(folder / GRADES, results.table(variants))
    text = json.dumps(summary, ensure_ascii=False, indent=1)
    write_whole(folder / SUMMARY, text + "\n")
    notes = [f"{folder / name}: written" for name in (GRADES, SUMMARY)]
    if wanted.feedback:
        notes.append(_feedback(folder / "feedback", book, exam, results))
    return summary, compose_summary(summary, exam), notes


def _lines(book: Gradebook, exam: Exam) -> Iterator[tuple[int, int, dict[str, Any]]]:
    for at, line in book.lines():
        question = question_of(exam, line)
        if question is not None:
            yield at, question, line


def _feedback(folder: Path, book: Gradebook, exam: Exam, results: Results) -> str:
    from gradcalc.render import markdown

    check_folder(folder)
    sweep(folder)
    for student in results.students:
        places = [results.at(student, question) for question in range(len(exam.questions))]
        lines = [None if at == NOWHERE else book.line(at) for at in places]
        report = compose_feedback(exam, student, lines, results.cells(student))
        text = markdown.render(report, Options()) + "\n"
        write_whole(folder / f"{student}.md", text, tidy=False)
    return f"{folder}: feedback for {len(results.students)} students"
