"""A class marked: what was handed in is read, each distinct answer is marked once, and the
gradebook gets a line for each answer of each student.

An exercise at a time: first its answers are marked, then those that are wrong are compared with
what follows from the same student's earlier wrong answers. What is in the gradebook already is not
marked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradcalc.app.backends import Run
from gradcalc.app.gradebook import FORMAT, Gradebook
from gradcalc.app.progress import Tally
from gradcalc.grading.answers import NONE, Answers, answer_of
from gradcalc.grading.carrying import Check, Group, Held, pairs, singles, source
from gradcalc.grading.exam import Exam, Part
from gradcalc.grading.lines import (
    followed,
    key_in,
    lead,
    may_follow,
    may_spread,
    question_of,
    undecided,
)
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.policy import show_policy
from gradcalc.version import __version__

SMALL, TOGETHER = 8, 48  # answers in a request: of a small class, and at most
DONE, DEPENDS = 1, 2  # a marked answer; one that may follow from the student's earlier ones
CHECKS = 200  # of what follows from what, in a request
TRIES, ALL_TRIES, LEAST = 3_000, 200_000, 60  # candidates for mistakes: an answer, a question


@dataclass(frozen=True, slots=True)
class Way:
    """How answers are marked: a policy file's text, and seconds for one answer."""

    policy: str | None
    seconds: float


def header(exam: Exam) -> dict[str, Any]:
    """The first line of a gradebook."""
    exercises = {
        part.name: _sha(*(f"{n}\0{sheet.text}" for n, sheet in part.sheets.items()))
        for part in exam.parts
    }
    return {
        "format": FORMAT,
        "exercise": _sha(*(f"{name}\0{sha}" for name, sha in sorted(exercises.items()))),
        "policy": _sha(*(show_policy(part.grading) for part in exam.parts)),
        "version": __version__,
        "exercises": exercises,
    }


def _sha(*texts: str) -> str:
    made = hashlib.sha256()
    for text in texts:
        made.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return made.hexdigest()


class Grader:
    """Marks the answers of a class into a gradebook."""

    def __init__(
        self, exam: Exam, answers: Answers, book: Gradebook, run: Run, way: Way, tally: Tally
    ) -> None:
        self.exam, self.answers, self.book = exam, answers, book
        self.run, self.way, self.tally = run, way, tally
        self.names = sorted(answers.students)
        self.marked = [bytearray(len(answers.students)) for _ in exam.questions]
        # question -> the answers that are wrong, from which others may follow
        self.wrong: list[set[int]] = [set() for _ in exam.questions]

    def grade(self) -> None:
        """Mark what is not marked yet."""
        self._resume()
        for part in self.exam.parts:
            requests = self._requests(part)
            self.tally.expect(sum(len(request.answers) for request in requests))
        for part in self.exam.parts:
            _Part(self, part).grade()
        self.book.flush()

    # ---- what is there already

    def _resume(self) -> None:
        """Which answers the gradebook has. A wrong answer after one that is new may follow from it,
        and is marked again.
        """
        exam, answers = self.exam, self.answers
        for _, line in self.book.lines():
            student = answers.students.get(line["student"])
            question = question_of(exam, line)
            if student is None or question is None:
                continue
            number = answers.of(student, question)
            same = number != NONE and key_in(line) == answers.keys[question][number]
            self.marked[question][student] = DONE if same else 0
            if same and may_spread(line):
                self.wrong[question].add(number)
                if may_follow(line):
                    self.marked[question][student] = DEPENDS
        for part in exam.parts if answers.students else ():
            for student in range(len(answers.students)):
                whole = True
                for question in exam.numbers(part):
                    if not whole and self.marked[question][student] == DEPENDS:
                        self.marked[question][student] = 0
                    if answers.of(student, question) != NONE:
                        whole = whole and bool(self.marked[question][student])

    # ---- requests

    def open(self, question: int) -> dict[int, list[int]]:
        """Answers to a question that are not marked -> who gave them, by name."""
        found: dict[int, list[int]] = {}
        done = self.marked[question]
        for name in self.names:
            student = self.answers.students[name]
            number = self.answers.of(student, question)
            if number != NONE and not done[student]:
                found.setdefault(number, []).append(student)
        return found

    def _requests(self, part: Part) -> list[_Request]:
        """The distinct answers of an exercise in small groups, each of one question and variant; in
        an order that depends on the answers alone.
        """
        keyed: list[tuple[int, int, str, int]] = []
        for question in self.exam.numbers(part):
            keys = self.answers.keys[question]
            for number in self.open(question):
                answer = answer_of(keys[number])
                if not answer.several:
                    keyed.append((answer.variant or 0, question, keys[number], number))
        keyed.sort()
        most = max(SMALL, min(TOGETHER, len(keyed) // 64))
        found: list[_Request] = []
        for variant, question, _, number in keyed:
            last = found[-1] if found else None
            same = last and (last.variant, last.question) == (variant, question)
            if last and same and len(last.answers) < most:
                last.answers.append(number)
            else:
                found.append(_Request(variant, question, [number]))
        return found

    def asked(
        self, part: Part, what: str, variant: int, items: list[Any], **more: Any
    ) -> dict[str, Any]:
        """A request, as it is sent."""
        sheet = part.sheets[variant if part.varied else None]
        return {
            "what": what,
            "file": sheet.file,
            "text": sheet.text,
            "policy": self.way.policy,
            "seconds": self.way.seconds,
            "items": items,
            **more,
        }

    def sent(self, question: int, number: int) -> list[Any]:
        """An answer as it is sent."""
        answer = answer_of(self.answers.keys[question][number])
        return [answer.text, answer.value, answer.formula]

    def tries(self, question: int) -> int:
        """How many candidates for a mistake are looked at: fewer where a question has thousands of
        different answers.
        """
        return max(LEAST, min(TRIES, ALL_TRIES // max(len(self.answers.keys[question]), 1)))


@dataclass(frozen=True, slots=True)
class _Request:
    variant: int
    question: int
    answers: list[int]


class _Part:
    """The answers to one exercise."""

    def __init__(self, grader: Grader, part: Part) -> None:
        self.grader, self.part = grader, part
        self.exam, self.answers = grader.exam, grader.answers
        self.names = list(self.answers.students)
        self.first = self.exam.first[part.name]
        self.held: list[Held] = []
        self.earlier: list[list[int]] = []  # a question -> those that it may follow from

    def grade(self) -> None:
        grader = self.grader
        requests = grader._requests(self.part)
        self.several()
        if requests and self.part.grading.carry:
            self.earlier = self.order(requests[0].variant)
        whose: dict[int, dict[int, list[int]]] = {}
        made = [lambda request=request: self.request(request) for request in requests]
        for request, said in zip(requests, grader.run(made), strict=True):
            if request.question not in whose:
                whose[request.question] = grader.open(request.question)
            for number, text in zip(request.answers, said, strict=True):
                students = whose[request.question][number]
                self.take(request.question, number, json.loads(text), students)
            grader.tally.step(len(said))
        self.carry()

    def order(self, variant: int) -> list[list[int]]:
        """For each question those above it, the nearest first."""
        request = self.grader.asked(self.part, "order", variant, [0])
        ((said,),) = self.grader.run([lambda: request])
        found = json.loads(said)
        return found if isinstance(found, list) else [[] for _ in self.part.questions]

    def request(self, request: _Request) -> dict[str, Any]:
        items = [self.grader.sent(request.question, number) for number in request.answers]
        tries = self.grader.tries(request.question)
        number = request.question - self.first
        return self.grader.asked(
            self.part, "mark", request.variant, items, question=number, tries=tries
        )

    # ---- lines

    def several(self) -> None:
        """Two different answers to one question: the teacher decides."""
        for question in self.exam.numbers(self.part):
            for number, students in self.grader.open(question).items():
                answer = answer_of(self.answers.keys[question][number])
                if answer.several:
                    asked = self.exam.questions[question]
                    body = undecided(asked, answer.shown, "two answers were handed in")
                    self.write(question, number, body, students)

    def take(self, question: int, number: int, body: Any, students: list[int]) -> None:
        """What was said of an answer: a line for each student, or held until it is known whether it
        follows from earlier ones.
        """
        if "lost" in body:
            shown = answer_of(self.answers.keys[question][number]).shown
            body = undecided(self.exam.questions[question], shown, body["lost"])
        free, held = students, list[int]()
        if may_spread(body):
            self.grader.wrong[question].add(number)
            if may_follow(body):
                free = []
                for student in students:
                    (held if self.before(question, student) else free).append(student)
        self.write(question, number, body, free)
        if held:
            self.held.append(Held(question, number, body, held))

    def before(self, question: int, student: int) -> list[tuple[int, int]]:
        """The earlier wrong answers of a student that this question may follow from: question and
        answer, the nearest first.
        """
        if not self.earlier:
            return []
        found = []
        for inside in self.earlier[question - self.first]:
            number = self.answers.of(student, self.first + inside)
            if number in self.grader.wrong[self.first + inside]:
                found.append((self.first + inside, number))
        return found

    def write(
        self, question: int, number: int, body: Mapping[str, Any], students: Iterable[int]
    ) -> None:
        key = self.answers.keys[question][number]
        where = lead(self.part.name, question - self.first + 1, key)
        text = json.dumps(body, ensure_ascii=False)[1:]
        for student in students:
            self.grader.book.append(f'{{"student": "{self.names[student]}", {where}, {text}')

    # ---- errors carried forward

    def carry(self) -> None:
        """Lines for what was held, once it is known what follows from what."""
        known: dict[Check, str] = {}
        self.check(singles(self.held, self.before), known)
        self.check(pairs(self.held, self.before, known), known)
        for held in self.held:
            sources: dict[Group | str | None, list[int]] = {}
            for student in held.students:
                found = source(held, student, self.before, known)
                sources.setdefault(found, []).append(student)
            for found, students in sorted(sources.items(), key=lambda item: self.placed(item[0])):
                self.write(held.question, held.number, self.body(held, found), students)

    def placed(self, found: Group | str | None) -> Any:
        """A place in an order that does not depend on how answers are numbered."""
        if not isinstance(found, tuple):
            return found or "", []
        return "", [(question, self.answers.keys[question][n]) for question, n in found]

    def body(self, held: Held, found: Group | str | None) -> dict[str, Any]:
        """What is said of an answer that follows, or does not."""
        asked = self.exam.questions
        if found is None:
            return held.body
        if isinstance(found, str):
            return undecided(asked[held.question], held.body["answer"], found)
        texts = tuple(asked[question].text for question, _ in found)
        return followed(held.body, texts, self.part.grading)

    def check(self, checks: Sequence[Check], known: dict[Check, str]) -> None:
        """Find out what follows from what; those that share what they follow from together."""
        by_variant: dict[int, list[Check]] = {}
        for check in checks:
            question, number, _ = check
            variant = answer_of(self.answers.keys[question][number]).variant or 0
            by_variant.setdefault(variant, []).append(check)
        chunks: list[tuple[int, list[Check]]] = []
        for variant, found in sorted(by_variant.items()):
            found.sort(key=self.sorting)
            most = max(SMALL, min(CHECKS, len(found) // 16))
            chunks += [(variant, found[k : k + most]) for k in range(0, len(found), most)]
        self.grader.tally.expect(len(checks))
        made = [lambda chunk=chunk: self.checking(*chunk) for chunk in chunks]
        for (_, found), said in zip(chunks, self.grader.run(made), strict=True):
            for check, text in zip(found, said, strict=True):
                answer = json.loads(text)
                known[check] = answer if isinstance(answer, str) else answer["lost"]
            self.grader.tally.step(len(said))

    def sorting(self, check: Check) -> Any:
        question, number, group = check
        keys = self.answers.keys
        return question, [(q, keys[q][n]) for q, n in group], keys[question][number]

    def checking(self, variant: int, checks: Sequence[Check]) -> dict[str, Any]:
        def inside(question: int) -> int:
            return question - self.first

        items = [
            [
                inside(question),
                self.grader.sent(question, number),
                [[inside(q), *self.grader.sent(q, n)] for q, n in group],
            ]
            for question, number, group in checks
        ]
        return self.grader.asked(self.part, "follow", variant, items)
