"""What is said to the student of a verdict: short, and never the answer."""

from __future__ import annotations

from gradcalc.exercise.model import Grading
from gradcalc.language.errors import Problem
from gradcalc.language.parser import Expr, Num, walk
from gradcalc.language.typography import number as decimal
from gradcalc.marking.model import (
    RIGHT,
    UNDECIDED,
    WRONG,
    Carried,
    Decision,
    Entries,
    Mistake,
    Reading,
)

NOTES = {
    "layout": "It is written in {0} layout; the exercise uses {1} layout.",
    "shorthand": "It is the shorthand of the literature for this derivative.",
}
# What else is said; a page that checks answers by itself says the same.
SAID = {
    "blank": "Not answered.",
    "right": "Right.",
    "wrong": "Wrong.",
    "differs": "Wrong: it differs from the answer.",
    "shape": "Wrong shape: yours is {0}, the answer is {1}.",
    "undefined": "Wrong: it is undefined where the answer is defined ({0}).",
    "undefined everywhere": "It is undefined everywhere: {0}.",
    "decimal": "Wrong: a formula is exact, and {0} is not {1}. Write fractions.",
    "some entries": " {0} of {1} entries are right.",
    "no entry": " No entry is right.",
    "line": " Look at the line of {0}.",
    "per example": "It was read for each example.",
    "stacked": "It was read as stacked over the examples.",
    "list": "the answer is a number, not a list",
    "no values": "there is no number to compare with, because the exercise has no values",
}


def say(
    decision: Decision,
    reading: Reading,
    policy: Grading,
    mistakes: tuple[Mistake, ...] = (),
    note: str = "",
) -> str:
    """One or two sentences on a verdict."""
    if policy.hints == "none" and decision.verdict in (RIGHT, WRONG):
        return ""
    if decision.verdict == RIGHT:
        return " ".join(part for part in (SAID["right"], note or _form(decision)) if part)
    if decision.verdict == UNDECIDED:
        return f"Not decided: {decision.reason}. Your teacher decides."
    if decision.verdict != WRONG:
        if decision.by == "undefined":
            return SAID["undefined everywhere"].format(decision.reason)
        return _capital(f"{decision.reason}.")
    if policy.hints == "verdict":
        return SAID["wrong"]
    if policy.hints == "full" and mistakes:
        lead = f"{_wrong(decision, reading)} " if decision.shapes is not None else ""
        return f"{lead}{' '.join(mistake.sentence for mistake in mistakes)}"
    return _wrong(decision, reading) + _where(mistakes)


def _where(mistakes: tuple[Mistake, ...]) -> str:
    """Which step to look at, where it is known."""
    quantity = mistakes[0].at.get("quantity") if mistakes else None
    return SAID["line"].format(quantity) if quantity else ""


def follows(carried: Carried) -> str:
    """What is said of an answer that follows from earlier wrong ones."""
    return f"Wrong, but it follows from your answer to {' and '.join(carried.sources)}."


def carried_over(
    points: float, of: float, message: str, carried: Carried, policy: Grading
) -> tuple[float, str]:
    """The points of an answer that follows from earlier wrong ones, and what is said of it."""
    said = message if policy.hints in ("none", "verdict") else follows(carried)
    return max(points, float(policy.carry) * of), said


def _wrong(decision: Decision, reading: Reading) -> str:
    if decision.shapes is not None:
        got, want = decision.shapes
        return SAID["shape"].format(got, want)
    if decision.by == "undefined":
        return SAID["undefined"].format(decision.reason)
    if decision.by in ("value", "shape"):
        return SAID["wrong"] + _which(decision.entries)
    rough = _decimal(reading.formula)
    if rough is not None:
        return SAID["decimal"].format(*rough)
    return SAID["differs"] + _which(decision.entries)


def _which(entries: Entries) -> str:
    """How many entries of an array are right."""
    if not isinstance(entries, list):
        return ""
    flat = flatten(entries)
    right = sum(found is True for found in flat)
    return SAID["some entries"].format(right, len(flat)) if right else SAID["no entry"]


def flatten(entries: Entries) -> list[bool | None]:
    """The entries row by row."""
    if isinstance(entries, list):
        return [found for item in entries for found in flatten(item)]
    return [entries]


def _form(decision: Decision) -> str:
    return SAID[decision.form] if decision.form in ("per example", "stacked") else ""


def _decimal(expr: Expr | None) -> tuple[str, str] | None:
    """(0.333, 1/3), where a decimal seems to stand for a fraction."""
    for part in walk(expr) if expr is not None else ():
        if isinstance(part, Num) and part.decimal and part.value.denominator > 1:
            near = part.value.limit_denominator(12)
            gap = abs(near - part.value)
            if near != part.value and gap < abs(part.value) / 100:
                return decimal(float(part.value), 12), str(near)
    return None


def invalid(problem: Problem) -> str:
    """What is wrong with an answer that cannot be read."""
    for_authors = problem.hint and ("declare" in problem.hint or "`questions`" in problem.hint)
    hint = f" ({problem.hint})" if problem.hint and not for_authors else ""
    return _capital(f"{problem.message}{hint}.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1].isalpha() and " " in text.split("`")[0] else text
