"""Files of answers: YAML, JSON or CSV, of one student or of many; and claims on a command line.

    answers:                     student,question,answer          student,df/dx,df/dy
      df/dx: 2*x                 s0421,df/dx,2*x                  s0421,2*x,3

A question is named by its name, its text (spaces and ∂ do not matter) or its number, from 1.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.model import Question
from gradcalc.exercise.source import Source, Text
from gradcalc.exercise.yaml_nodes import Node, from_python, read_yaml
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tokens import canonical, shown
from gradcalc.marking.model import Given

MOST_BYTES = 64 * 1024 * 1024  # of a table of answers
STUDENT = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_BLANK = re.compile(rb"(:[ \t]+)\?([ \t\r]*)$", re.MULTILINE)  # YAML begins a key with ?
COLUMNS = ("student", "question", "answer", "value", "variant")
KEYS = ("student", "variant", "answers")


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student answered: question, counted from 0 -> answer."""

    answers: dict[int, Given]
    student: str | None = None
    variant: int | None = None


class Questions(Protocol):
    """The questions of one exercise or of several, found by what students call them."""

    @property
    def questions(self) -> Sequence[Question]:
        """Every question, in order."""

    def find(self, word: str) -> int | None:
        """Its number, from 0; None where there is none."""

    def unknown(self, word: str) -> tuple[str, str]:
        """Message and hint for a question that there is not."""


class Finder:
    """Finds the question that is meant."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
        self._known: dict[str, int] = {}
        for number, question in enumerate(questions):
            self._known.setdefault(normal(question.text), number)
        for number, question in enumerate(questions):
            if question.name:
                self._known[normal(question.name)] = number

    def find(self, word: str) -> int | None:
        """Its number, from 0; None where there is none."""
        found = self._known.get(normal(word))
        if found is None and re.fullmatch(r"[0-9]{1,6}", word.strip()):
            number = int(word)
            return number - 1 if 1 <= number <= len(self.questions) else None
        if found is None and "=" in word:  # delta1 = dJ/dyhat
            return self.find(word.partition("=")[2])
        return found

    def unknown(self, word: str) -> tuple[str, str]:
        """Message and hint for a question that there is not."""
        texts = [question.text for question in self.questions]
        texts += [question.name for question in self.questions if question.name]
        near = closest(word.strip(), texts)
        listed = ", ".join(texts[:8]) + (", …" if len(texts) > 8 else "")
        hint = f"did you mean {near}?" if near else f"questions: {listed}"
        return f"there is no question `{shown(word.strip(), 40)}`", hint


def normal(word: str) -> str:
    """The text of a question without spaces, ∂ as d, ² as 2."""
    text = re.sub(r"\s+", "", word).replace("∂", "d").replace("²", "2").replace("^2", "2")
    return "".join(canonical(part) for part in re.split(r"(\W)", text))


def read_answers(path: str, questions: Sequence[Question]) -> list[Submission]:
    """The answers in a file, or in the standard input (`-`). Raises GradcalcError with every
    problem at its place.
    """
    name = "<stdin>" if path == "-" else path
    data = read_bytes(path, MOST_BYTES)
    ending = path.rpartition(".")[2].lower()
    if ending in ("csv", "tsv") or (ending not in ("yaml", "yml", "json") and _is_table(data)):
        return _Table(name, data, Finder(questions)).read()
    return [read_submission(data, name, Finder(questions))]


def read_submission(data: bytes, file: str, finder: Questions) -> Submission:
    """The answers of one student in YAML or JSON. Raises GradcalcError."""
    node, problems = read_yaml(_BLANK.sub(rb"\1 \2", data), file)
    return _Mapping(finder, list(problems)).read(node)


def answers_from(data: Mapping[str, Any], questions: Sequence[Question]) -> Submission:
    """Answers as Python data, question -> answer. Raises GradcalcError."""
    node = from_python({"answers": {str(key): value for key, value in data.items()}}, "<answers>")
    return _Mapping(Finder(questions), []).read(node)


def claims(words: Iterable[str], questions: Sequence[Question]) -> dict[int, Given]:
    """`dL/dW=X.T @ G`, cut at the first `=` outside brackets that follows a question. Raises
    GradcalcError.
    """
    finder, found, problems = Finder(questions), dict[int, Given](), list[Problem]()
    for word in words:
        cut = _cut(word, finder)
        if cut is None:
            asked, sign, _ = word.partition("=")
            message, hint = finder.unknown(asked)
            if not sign:
                message, hint = (
                    "an answer is given as QUESTION=ANSWER",
                    f"write {_example(questions)}",
                )
            place = Place("--answer", 1, 1, word, max(len(asked), 1))
            problems.append(Problem("question", message, place, hint))
            continue
        number, at = cut
        text = Text(word[at:], "--answer", ((0, 1, at + 1),), (word,))
        if number in found:
            message = f"two answers to {questions[number].text}"
            problems.append(Problem("duplicate", message, Place("--answer", 1, 1, word, at)))
        found[number] = Given(text, claimed=True)
    if problems:
        raise GradcalcError(*problems)
    return found


def _example(questions: Sequence[Question]) -> str:
    asked = questions[0].text if questions else "df/dx"
    return f"--answer '{asked}=…'"


def _cut(word: str, finder: Finder) -> tuple[int, int] | None:
    """(question, where its answer begins)."""
    depth = 0
    for at, char in enumerate(word):
        depth += (char in "([") - (char in ")]")
        if char == "=" and depth <= 0 and (number := finder.find(word[:at])) is not None:
            return number, at + 1
    return None


def _is_table(data: bytes) -> bool:
    """A header with separators: a table, and no YAML."""
    head = data[:4096].decode("utf-8", "replace").lstrip("\ufeff").lstrip().split("\n", 1)[0]
    return bool(re.search(r"[,;\t]", head)) and not re.match(r"[{\[]|\w+\s*:", head)


class _Mapping:
    """The answers of one student, as nodes of YAML or JSON."""

    def __init__(self, finder: Questions, problems: list[Problem]) -> None:
        self.finder, self.problems = finder, problems

    def read(self, node: Node) -> Submission:
        if node.kind != "mapping":
            if not self.problems:
                hint = "write answers: and below it a line for each question, df/dx: 2*x"
                self.problems.append(node.text.wrong("type", "the file has no keys", hint))
            raise GradcalcError(*self.problems)
        student, variant, answers = None, None, dict[int, Given]()
        seen = False
        for key, part in node.pairs:
            word = key.text.value
            if key.kind != "scalar":
                continue
            if word == "student":
                student = self.student(part)
            elif word == "variant":
                variant = self.variant(part)
            elif word == "answers":
                seen, answers = True, self.answers(part)
            else:
                near = closest(word, KEYS)
                hint = f"did you mean {near}?" if near else "known keys: student, variant, answers"
                if self.finder.find(word) is not None:
                    hint = "answers stand under the key `answers`"
                message = f"unknown key `{shown(word)}`"
                self.problems.append(key.text.wrong("key", message, hint))
        if not seen:
            message = "the key `answers` is missing"
            hint = "write answers: and below it a line for each question"
            self.problems.append(node.text.wrong("missing", message, hint))
        if self.problems:
            raise GradcalcError(*self.problems)
        return Submission(answers, student, variant)

    def student(self, node: Node) -> str | None:
        if node.kind == "scalar" and STUDENT.fullmatch(node.text.value):
            return node.text.value
        if node.kind not in ("broken", "empty"):
            self.problems.append(node.text.wrong("student", *NO_STUDENT))
        return None

    def variant(self, node: Node) -> int | None:
        if node.kind == "scalar" and re.fullmatch(r"[0-9]{1,9}", node.text.value):
            return int(node.text.value)
        if node.kind not in ("broken", "empty"):
            self.problems.append(node.text.wrong("variant", "a variant is a whole number"))
        return None

    def answers(self, node: Node) -> dict[int, Given]:
        found: dict[int, Given] = {}
        if node.kind not in ("mapping", "empty", "broken"):
            hint = "write a line for each question, df/dx: 2*x"
            self.problems.append(node.text.wrong("type", "`answers` must be a mapping", hint))
        for key, part in node.pairs:
            if key.kind != "scalar" or part.kind == "broken":
                continue
            number = self.finder.find(key.text.value)
            if number is None:
                self.problems.append(
                    key.text.wrong("question", *self.finder.unknown(key.text.value))
                )
            elif number in found:
                message = f"two answers to {self.finder.questions[number].text}"
                self.problems.append(key.text.wrong("duplicate", message))
            elif (given := self.given(part)) is not None:
                found[number] = given
        return found

    def given(self, node: Node) -> Given | None:
        """One answer: text, a list, or a formula and a value apart."""
        if node.kind == "empty" or (node.plain and node.text.value in ("null", "~")):
            return Given()
        if node.kind == "scalar":
            return Given(node.text)
        if node.kind == "list":
            return Given(_listed(node))
        parts: dict[str, Text] = {}
        for key, part in node.pairs:
            word = key.text.value
            if word not in ("formula", "value"):
                near = closest(word, ("formula", "value"))
                hint = f"did you mean {near}?" if near else "known keys: formula, value"
                self.problems.append(
                    key.text.wrong("key", f"unknown key `{shown(word)}` in an answer", hint)
                )
            elif part.kind in ("scalar", "list"):
                parts[word] = _listed(part) if part.kind == "list" else part.text
        return Given(parts.get("formula"), parts.get("value"), "formula" in parts)


NO_STUDENT = (
    "this is no student: up to 64 letters, digits and . _ @ -",
    "write for example student: s0421",
)


def _listed(node: Node) -> Text:
    """A list in YAML as the text of a list."""

    def text(node: Node) -> str:
        if node.kind == "list":
            return "[" + ", ".join(map(text, node.items)) + "]"
        return node.text.value

    whole = text(node)
    return Text(whole, node.text.file, node.text.lines[:1], node.text.source)


class _Table:
    """Answers of many students in a table: a row an answer, or a row a student."""

    def __init__(self, file: str, data: bytes, finder: Finder) -> None:
        self.file, self.finder = file, finder
        self.problems: list[Problem] = []
        try:
            self.text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            problem = Source.of(data[:4096] + b"\xff", file)  # raises, with the place
            raise AssertionError(problem) from None
        self.lines = self.text.split("\n")

    def read(self) -> list[Submission]:
        head = self.lines[0]
        separator = max(",;\t", key=head.count)
        rows = csv.reader(io.StringIO(self.text, newline=""), delimiter=separator)
        found: dict[str, Submission] = {}
        try:
            header = [cell.strip() for cell in next(rows, [])]
            read = self.long if {"question", "answer"} <= set(map(str.lower, header)) else self.wide
            columns = self.columns(header, read == self.long)
            for row in rows:
                if any(cell.strip() for cell in row):
                    read(columns, row, rows.line_num, found)
        except csv.Error as error:
            self.wrong("csv", f"this table cannot be read: {error}", 1)
        if self.problems:
            raise GradcalcError(*self.problems[:50])
        return list(found.values())

    def wrong(
        self, slug: str, message: str, line: int, hint: str | None = None, cell: str = ""
    ) -> None:
        text = self.lines[line - 1].rstrip("\r") if line <= len(self.lines) else ""
        column = text.find(cell) + 1 if cell and cell in text else 1
        place = Place(self.file, line, column, text, max(len(cell), 1))
        self.problems.append(Problem(slug, message, place, hint))

    def columns(self, header: list[str], long: bool) -> list[str | int | None]:
        """What each column holds: one of COLUMNS, or the number of a question."""
        found: list[str | int | None] = []
        for word in header:
            name = word.lower()
            if name in COLUMNS and (long or name in ("student", "variant")):
                found.append(name)
            elif not long and (number := self.finder.find(word)) is not None:
                found.append(number)
            else:
                known = COLUMNS if long else ("student", "variant")
                near = closest(name, known)
                message, hint = self.finder.unknown(word)
                if long or near:
                    message = f"unknown column `{shown(word)}`"
                    hint = f"did you mean {near}?" if near else f"columns: {', '.join(known)}"
                self.wrong("column", message, 1, hint, word)
                found.append(None)
        for column in found:
            if column is not None and found.count(column) > 1:
                name = self.finder.questions[column].text if isinstance(column, int) else column
                self.wrong("duplicate", f"two columns for {name}", 1)
                break
        return found

    def cell(self, row: list[str], columns: list[str | int | None], name: str) -> str | None:
        if name not in columns:
            return None
        at = columns.index(name)
        return row[at] if at < len(row) else ""

    def who(
        self,
        columns: list[str | int | None],
        row: list[str],
        line: int,
        found: dict[str, Submission],
    ) -> Submission | None:
        """The student of a row."""
        student = self.cell(row, columns, "student")
        variant = self.cell(row, columns, "variant")
        if student is not None and not STUDENT.fullmatch(student.strip()):
            self.wrong("student", NO_STUDENT[0], line, None, student)
            return None
        if variant and not re.fullmatch(r"[0-9]{1,9}", variant.strip()):
            self.wrong("variant", "a variant is a whole number", line, None, variant)
            return None
        key = student.strip() if student is not None else ""
        if key not in found:
            number = int(variant) if variant and variant.strip() else None
            found[key] = Submission({}, key or None, number)
        return found[key]

    def long(
        self,
        columns: list[str | int | None],
        row: list[str],
        line: int,
        found: dict[str, Submission],
    ) -> None:
        whose = self.who(columns, row, line, found)
        asked = self.cell(row, columns, "question") or ""
        number = self.finder.find(asked)
        if number is None:
            message, hint = self.finder.unknown(asked)
            self.wrong("question", message, line, hint, asked)
        elif whose is not None:
            text, value = (self.cell(row, columns, name) for name in ("answer", "value"))
            self.put(whose, number, self.given(text, value, line), line)

    def wide(
        self,
        columns: list[str | int | None],
        row: list[str],
        line: int,
        found: dict[str, Submission],
    ) -> None:
        whose = self.who(columns, row, line, found)
        if whose is None:
            return
        if whose.answers:
            self.wrong("duplicate", f"two rows for {whose.student or 'one student'}", line)
            return
        for column, text in zip(columns, row, strict=False):
            if isinstance(column, int):
                self.put(whose, column, self.given(text, None, line), line)

    def put(self, whose: Submission, number: int, given: Given, line: int) -> None:
        if number in whose.answers:
            name = self.finder.questions[number].text
            who = f" by {whose.student}" if whose.student else ""
            self.wrong("duplicate", f"two answers to {name}{who}", line)
        whose.answers[number] = given

    def given(self, text: str | None, value: str | None, line: int) -> Given:
        return Given(self.placed(text, line), self.placed(value, line))

    def placed(self, cell: str | None, line: int) -> Text | None:
        """A cell as text that knows its line."""
        if cell is None or not cell.strip():
            return None
        source = self.lines[line - 1].rstrip("\r") if line <= len(self.lines) else cell
        column = source.find(cell) + 1
        if not column or "\n" in cell:
            return Text(cell, self.file, ((0, 1, 1),), (cell,))
        lines = ("",) * (line - 1) + (source,)
        return Text(cell, self.file, ((0, line, column),), lines)
