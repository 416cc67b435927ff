"""The data of marking: an answer as it was read, what was decided about it and how, which mistake
it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from gradcalc.exercise.model import Question, Value
from gradcalc.exercise.source import Text
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import Expr

RIGHT, WRONG, UNDECIDED, INVALID, BLANK = "right", "wrong", "undecided", "invalid", "blank"
VERDICTS = (RIGHT, WRONG, UNDECIDED, INVALID, BLANK)

Entries: TypeAlias = "bool | list[Entries] | None"


@dataclass(frozen=True, slots=True)
class Given:
    """What a student wrote for a question: a formula or a number as text (which of them is told
    from the text), both apart, or nothing. `value` is set where the file gives it apart or as a
    list.
    """

    text: Text | None = None
    value: Text | None = None
    formula_only: bool = False  # given under `formula:`
    claimed: bool = False  # on the command line: `?` is no blank there


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer as it was read. `kind`: formula, value, both, shape or blank.

    formula  the tree; spans are offsets into the text of the answer
    free     the free indices of an entry formula, in the order of the axes
    value    a number or nested rows of numbers
    shape    the sizes of a shape
    """

    kind: str
    formula: Expr | None = None
    free: tuple[str, ...] = ()
    value: Value | None = None
    shape: tuple[Expr, ...] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a comparison found, and what proves it.

    by       enclosure, shape, value or undefined
    bits     of the enclosures that decided
    points   how many points agree (right), or were looked at
    sizes    the choices of sizes that were met
    point    where the two differ: name -> exact value as text; None where they do not
    values   (the answer's, the right one's) first entries that differ there, as text
    form     per-example or stacked, where the question has both; broadcast: the same for all
    shapes   (the answer's, the right one's) where they differ
    entries  of an array: which entries are right
    """

    verdict: str
    by: str = "enclosure"
    bits: int = 0
    points: int = 0
    sizes: tuple[Mapping[str, int], ...] = ()
    point: Mapping[str, Any] | None = None
    values: tuple[str, str] | None = None
    form: str | None = None
    shapes: tuple[str, str] | None = None
    entries: Entries = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """What would give exactly this answer: a statement that was computed and holds at every point.

    `at` names its place: {"quantity": "h", "line": 3, "edge": ["h", "z1"]}. `points`: the share
    that an author's own mistake earns.
    """

    slug: str
    sentence: str
    at: Mapping[str, Any] = field(default_factory=dict)
    points: float | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """An answer that follows from earlier wrong ones: `sources` are their questions."""

    sources: tuple[str, ...]
    verdict: str = RIGHT


@dataclass(frozen=True, slots=True)
class Verdict:
    """One marked answer.

    answer    what was written; read_as: how it was read, in the expression language
    message   one or two sentences for the student; mistakes: those that give exactly this answer
    decided   what proves the verdict; by_value: the same of the number of an answer of kind both
    revealed  the right answer, where it is asked for
    """

    question: Question
    answer: str
    reading: Reading
    verdict: str
    points: float
    of: float
    message: str
    read_as: str | None = None
    mistakes: tuple[Mistake, ...] = ()
    carried: Carried | None = None
    entries: Entries = None
    decided: Decision | None = None
    by_value: Decision | None = None
    problems: tuple[Problem, ...] = ()
    revealed: Expr | None = None

    @property
    def right(self) -> bool:
        """Is it proved to be right?"""
        return self.verdict == RIGHT

    @property
    def mistake(self) -> str | None:
        """The slug of the mistake that gives exactly this answer, where there is one."""
        return self.mistakes[0].slug if self.mistakes else None

    def __repr__(self) -> str:
        return f"<Verdict {self.question.text}: {self.verdict}, {self.points:g} of {self.of:g}>"


@dataclass(frozen=True, slots=True)
class Marked:
    """The marked answers of one student, in the order of the questions. `names`: how its formulas
    print.
    """

    verdicts: tuple[Verdict, ...]
    file: str
    title: str | None = None
    student: str | None = None
    warnings: tuple[str, ...] = ()
    names: Names = field(default_factory=Names)

    @property
    def right(self) -> bool:
        """Is every answer right?"""
        return all(verdict.right for verdict in self.verdicts)

    @property
    def points(self) -> float:
        """What was earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def of(self) -> float:
        """What could be earned."""
        return sum(verdict.of for verdict in self.verdicts)
