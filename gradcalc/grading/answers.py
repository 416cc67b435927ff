"""The answers of a class, kept small: each text once, and for each question which student wrote
which.

What students write differs in spaces and in how accents are composed; such answers are one answer.
"""

from __future__ import annotations

import re
import unicodedata
from array import array

from gradcalc.language.fast_dataclasses import dataclass

BLANKS = re.compile("[ \t\xa0]+")
CUT, BOTH = "\x1f", "\x1e"  # between the parts of a key; before each of several answers
NONE = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept: of which variant, the text, and the value where it is given apart.
    `formula`: the text is no number, whatever it looks like; `several`: two different answers to
    one question were handed in.
    """

    variant: int | None
    text: str
    value: str = ""
    formula: bool = False
    several: bool = False

    @property
    def shown(self) -> str:
        """What was written."""
        return "; ".join(part for part in (self.text, self.value) if part)


def normal(text: str | None) -> str:
    """An answer without what makes no difference; "" for none."""
    if text is None:
        return ""
    found = text
    if not text.isascii():  # half a character, as JSON may have it, is none
        whole = text.encode("utf-8", "replace").decode()
        found = unicodedata.normalize("NFC", whole)
    found = BLANKS.sub(" ", found).strip().replace(CUT, "\ufffd").replace(BOTH, "\ufffd")
    return "" if found == "?" else found


def key_of(answer: Answer) -> str:
    """An answer as one string."""
    variant = "" if answer.variant is None else answer.variant
    return f"{variant}{CUT}{answer.text}{CUT}{answer.value}{CUT}{'f' if answer.formula else ''}"


def answer_of(key: str) -> Answer:
    """The answer of a key."""
    if key.startswith(BOTH):
        found = [answer_of(part) for part in key.split(BOTH)[1:]]
        return Answer(found[0].variant, " | ".join(one.shown for one in found), several=True)
    variant, text, value, formula = key.split(CUT)
    return Answer(int(variant) if variant else None, text, value, bool(formula))


class Answers:
    """The answers of a class. Students and answers are numbered in the order in which they come;
    nothing that is made of them depends on it.
    """

    def __init__(self, questions: int) -> None:
        self.students: dict[str, int] = {}
        self.keys: list[list[str]] = [[] for _ in range(questions)]
        self._numbers: list[dict[str, int]] = [{} for _ in range(questions)]
        self._given: list[array[int]] = [array("i") for _ in range(questions)]

    def student(self, name: str) -> int:
        """The number of a student, who is added where nobody has that name."""
        return self.students.setdefault(name, len(self.students))

    def add(self, student: int, question: int, key: str) -> bool:
        """Keep an answer; False where the student has answered this question otherwise."""
        before = self.of(student, question)
        if before != NONE:
            old = self.keys[question][before]
            parts = old.split(BOTH)[1:] if old.startswith(BOTH) else [old]
            if key in parts:
                return True
            key = "".join(BOTH + part for part in sorted((key, *parts)))
        row = self._given[question]
        if student >= len(row):
            row.extend([NONE] * (max(student + 1, len(self.students)) - len(row)))
        row[student] = self.number(question, key)
        return before == NONE

    def number(self, question: int, key: str) -> int:
        """The number of an answer to a question."""
        known, keys = self._numbers[question], self.keys[question]
        found = known.setdefault(key, len(keys))
        if found == len(keys):
            keys.append(key)
        return found

    def of(self, student: int, question: int) -> int:
        """Which answer a student gave; NONE for none."""
        row = self._given[question]
        return row[student] if student < len(row) else NONE

    def count(self) -> int:
        """How many answers there are."""
        return sum(len(row) - row.count(NONE) for row in self._given)
