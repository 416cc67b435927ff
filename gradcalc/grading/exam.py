"""What is marked together: the questions of one exercise or of several, under one numbering.

A question is found as in one exercise; where several exercises ask the same, `ex1: df/dx` says
which is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from gradcalc.exercise.model import Grading, Question
from gradcalc.language.errors import closest
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.tokens import shown
from gradcalc.marking.answers import Finder


@dataclass(frozen=True, slots=True)
class Sheet:
    """The text of an exercise, or of one of its variants, and the file it is from."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One exercise of an exam.

    name      the name of its file: what its questions are called by beside those of others
    sheets    number of a variant -> what was handed out; None is the exercise itself
    grading   how it is marked
    own       the number of the variant that the exercise itself is
    """

    name: str
    title: str
    questions: tuple[Question, ...]
    sheets: Mapping[int | None, Sheet]
    grading: Grading = field(default_factory=Grading)
    own: int | None = None

    @property
    def varied(self) -> bool:
        """Has it variants?"""
        return None not in self.sheets


class Exam:
    """The exercises that are marked together. Questions are counted from 0 through all of them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.finders = {part.name: Finder(part.questions) for part in self.parts}
        self.first: dict[str, int] = {}
        places: list[tuple[int, int]] = []
        for at, part in enumerate(self.parts):
            self.first[part.name] = len(places)
            places += [(at, number) for number in range(len(part.questions))]
        self.places = tuple(places)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question."""
        return tuple(question for part in self.parts for question in part.questions)

    @property
    def varied(self) -> bool:
        """Has one of them variants?"""
        return any(part.varied for part in self.parts)

    def part(self, number: int) -> tuple[Part, int]:
        """The exercise of a question, and its number there."""
        at, inside = self.places[number]
        return self.parts[at], inside

    def numbers(self, part: Part) -> range:
        """The questions of an exercise."""
        return range(self.first[part.name], self.first[part.name] + len(part.questions))

    def called(self, number: int) -> str:
        """What a question is called in tables."""
        part, inside = self.part(number)
        question = part.questions[inside]
        text = question.name or question.text
        return text if len(self.parts) == 1 else f"{part.name}: {text}"

    def find(self, word: str) -> int | None:
        """The number of the question that is meant; None where there is none, or several."""
        found = self._all(word)
        return found[0] if len(found) == 1 else None

    def unknown(self, word: str) -> tuple[str, str]:
        """Message and hint for what is no question, or may be several."""
        if several := self._all(word):
            names = [self.part(number)[0].name for number in several]
            message = f"several exercises have a question `{shown(word.strip(), 40)}`"
            return message, f"write {names[0]}: {word.strip()}"
        name, colon, rest = word.partition(":")
        if len(self.parts) == 1 or (colon and name.strip() in self.finders):
            finder = self.finders.get(name.strip() if colon else "", self._only)
            return finder.unknown(rest if finder is not self._only else word)
        near = closest(word.strip(), [self.called(k) for k in range(len(self.questions))])
        message = f"there is no question `{shown(word.strip(), 40)}`"
        return message, f"did you mean {near}?" if near else f"exercises: {', '.join(self.finders)}"

    @property
    def _only(self) -> Finder:
        return self.finders[self.parts[0].name]

    def _all(self, word: str) -> list[int]:
        name, colon, rest = word.partition(":")
        if colon and name.strip() in self.finders:
            found = self.finders[name.strip()].find(rest)
            return [] if found is None else [self.first[name.strip()] + found]
        if len(self.parts) > 1 and word.strip().isdecimal():
            return []  # the third question of which exercise?
        each = [(name, finder.find(word)) for name, finder in self.finders.items()]
        return [self.first[name] + found for name, found in each if found is not None]
