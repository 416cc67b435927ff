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
from gradcalc.grading.answers import NONE, Answer, Answers, answer_of, key_of
from gradcalc.grading.exam import Exam, Part
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.carried import groups
from gradcalc.marking.model import Carried
from gradcalc.marking.policy import show_policy
from gradcalc.marking.wording import carried_over
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
                if line["kind"] != "both":
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


@dataclass(frozen=True, slots=True)
class _Held:
    """Wrong answers that may follow from earlier ones: the line without its student, and who."""

    question: int
    number: int
    body: dict[str, Any]
    students: list[int]


class _Part:
    """The answers to one exercise."""

    def __init__(self, grader: Grader, part: Part) -> None:
        self.grader, self.part = grader, part
        self.exam, self.answers = grader.exam, grader.answers
        self.names = list(self.answers.students)
        self.first = self.exam.first[part.name]
        self.held: list[_Held] = []
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
                    body = self.undecided(question, answer.shown, "two answers were handed in")
                    self.write(question, number, body, students)

    def undecided(self, question: int, shown: str, reason: str) -> dict[str, Any]:
        asked = self.exam.questions[question]
        return {
            "question": asked.text,
            "name": asked.name,
            "answer": shown,
            "read_as": None,
            "kind": None,
            "verdict": "undecided",
            "points": 0,
            "of": 1 if asked.points is None else asked.points,
            "message": f"Not decided: {reason}. Your teacher decides.",
            "mistakes": [],
            "carried": None,
            "entries": None,
            "decided": None,
        }

    def take(self, question: int, number: int, body: Any, students: list[int]) -> None:
        """What was said of an answer: a line for each student, or held until it is known whether it
        follows from earlier ones.
        """
        if "lost" in body:
            shown = answer_of(self.answers.keys[question][number]).shown
            body = self.undecided(question, shown, body["lost"])
        free, held = students, list[int]()
        if may_spread(body):
            self.grader.wrong[question].add(number)
            if body["kind"] != "both":
                free = []
                for student in students:
                    (held if self.before(question, student) else free).append(student)
        self.write(question, number, body, free)
        if held:
            self.held.append(_Held(question, number, body, held))

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
        answer = answer_of(key)
        text = json.dumps(body, ensure_ascii=False)[1:]
        where: dict[str, Any] = {"exercise": self.part.name, "number": question - self.first + 1}
        if answer.variant is not None:
            where["variant"] = answer.variant
        if key != key_of(Answer(answer.variant, answer.shown)):
            where["key"] = key
        lead = json.dumps(where, ensure_ascii=False)[1:-1]
        for student in students:
            name = self.names[student]
            self.grader.book.append(f'{{"student": "{name}", {lead}, {text}')

    # ---- errors carried forward

    def carry(self) -> None:
        """Each held answer, compared with what follows from each earlier one alone, then from the
        two nearest together.
        """
        known: dict[_Check, str] = {}
        asked = [(held, student) for held in self.held for student in held.students]
        singles: dict[_Check, None] = {}
        for held, student in asked:
            for one in self.before(held.question, student):
                singles[held.question, held.number, (one,)] = None
        self.check(singles, known)
        pairs: dict[_Check, None] = {}
        for held, student in asked:
            check = self.pair(held, student, known)
            if check is not None:
                pairs[check] = None
        self.check(pairs, known)
        for held in self.held:
            ways: dict[tuple[str, ...] | str | None, list[int]] = {}
            for student in held.students:
                ways.setdefault(self.way(held, student, known), []).append(student)
            for way, students in sorted(ways.items(), key=lambda item: str(item[0])):
                self.write(held.question, held.number, self.body(held, way), students)

    def groups(self, held: _Held, student: int, known: Mapping[_Check, str]) -> list[_Group]:
        """From what an answer may follow, in order."""
        told = [
            one
            for one in self.before(held.question, student)
            if known[held.question, held.number, (one,)] != "mute"
        ]
        return list(groups(told))

    def pair(self, held: _Held, student: int, known: Mapping[_Check, str]) -> _Check | None:
        """The two nearest, where none alone does."""
        found = [(held.question, held.number, g) for g in self.groups(held, student, known)]
        if any(known.get(check) == "follows" for check in found):
            return None
        return found[-1] if found and len(found[-1][2]) > 1 else None

    def way(
        self, held: _Held, student: int, known: Mapping[_Check, str]
    ) -> tuple[str, ...] | str | None:
        """The questions from whose answers this one follows; None; or why that is not known."""
        for group in self.groups(held, student, known):
            said = known.get((held.question, held.number, group), "not")
            if said == "follows":
                return tuple(self.exam.questions[question].text for question, _ in group)
            if said not in ("not", "mute"):
                return said
        return None

    def body(self, held: _Held, way: tuple[str, ...] | str | None) -> dict[str, Any]:
        """What is said of an answer that follows."""
        if way is None:
            return held.body
        if isinstance(way, str):
            return self.undecided(held.question, held.body["answer"], way)
        points, message = carried_over(
            held.body["points"],
            held.body["of"],
            held.body["message"],
            Carried(way),
            self.part.grading,
        )
        carried = {"from": list(way), "verdict": "right"}
        whole = int(points) if points == int(points) else round(points, 6)
        return {
            **held.body,
            "points": whole,
            "message": message,
            "mistakes": [],
            "carried": carried,
        }

    def check(self, checks: Mapping[_Check, None], known: dict[_Check, str]) -> None:
        """Find out what follows from what; those that share what they follow from together."""
        by_variant: dict[int, list[_Check]] = {}
        for check in checks:
            question, number, _ = check
            variant = answer_of(self.answers.keys[question][number]).variant or 0
            by_variant.setdefault(variant, []).append(check)
        chunks: list[tuple[int, list[_Check]]] = []
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

    def sorting(self, check: _Check) -> Any:
        question, number, group = check
        keys = self.answers.keys
        return question, [(q, keys[q][n]) for q, n in group], keys[question][number]

    def checking(self, variant: int, checks: Sequence[_Check]) -> dict[str, Any]:
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


_Group = tuple[tuple[int, int], ...]
_Check = tuple[int, int, _Group]


def may_spread(line: Mapping[str, Any]) -> bool:
    """May later answers follow from this one?"""
    return line["verdict"] == "wrong" and line["kind"] in ("formula", "value", "both")


def key_in(line: Mapping[str, Any]) -> str:
    """The answer of a line, as answers are kept."""
    found: str = line.get("key") or key_of(Answer(line.get("variant"), line["answer"]))
    return found


def question_of(exam: Exam, line: Mapping[str, Any]) -> int | None:
    """The question that a line is about; None where it is not asked any more."""
    first = exam.first.get(line["exercise"])
    return None if first is None else first + int(line["number"]) - 1
