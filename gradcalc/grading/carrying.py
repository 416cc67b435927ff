"""Errors carried forward through the answers of a class: what has to be found out, and what follows
from it.

Does this answer follow from that one, or from these two? Each such check is made once, whoever gave
the answers. An answer follows from the nearest earlier one from which it follows alone, else from
the two nearest together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from gradcalc.grading.work import FOLLOWS, MUTE, NOT
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.carried import groups

Group: TypeAlias = tuple[tuple[int, int], ...]  # earlier answers: question and number of the answer
Check: TypeAlias = tuple[int, int, Group]  # a question, an answer to it, and from what it follows
Known: TypeAlias = Mapping[Check, str]
# (question, student) -> the student's earlier wrong answers, the nearest first
Before: TypeAlias = Callable[[int, int], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Held:
    """A wrong answer that may follow from earlier ones: the line without its student, and whose."""

    question: int
    number: int
    body: dict[str, Any]
    students: list[int]


def singles(held: Iterable[Held], before: Before) -> list[Check]:
    """Whether each answer follows from each earlier one of the same student."""
    found: dict[Check, None] = {}
    for one in held:
        for student in one.students:
            for earlier in before(one.question, student):
                found[one.question, one.number, (earlier,)] = None
    return list(found)


def pairs(held: Iterable[Held], before: Before, known: Known) -> list[Check]:
    """Whether answers that follow from none alone follow from the two nearest."""
    found: dict[Check, None] = {}
    for one in held:
        for student in one.students:
            checks = [(one.question, one.number, g) for g in _groups(one, student, before, known)]
            if checks and len(checks[-1][2]) > 1 and FOLLOWS not in map(known.get, checks):
                found[checks[-1]] = None
    return list(found)


def source(held: Held, student: int, before: Before, known: Known) -> Group | str | None:
    """The earlier answers from which one follows; None; or why that is not known."""
    for group in _groups(held, student, before, known):
        said = known.get((held.question, held.number, group), NOT)
        if said == FOLLOWS:
            return group
        if said not in (NOT, MUTE):
            return said
    return None


def _groups(held: Held, student: int, before: Before, known: Known) -> list[Group]:
    """From what an answer may follow, in order."""
    told = [
        one
        for one in before(held.question, student)
        if known[held.question, held.number, (one,)] != MUTE
    ]
    return list(groups(told))
