"""Marked answers as JSON data, format 1.

{"format", "file", "student", "answers": [{"question", "name", "answer", "read_as", "kind",
 "verdict", "points", "of", "message", "mistakes", "carried", "entries", "decided"}], "points",
 "of", "warnings"}
"""

from __future__ import annotations

from typing import Any

from gradcalc.language.parser import unparse
from gradcalc.marking.model import Decision, Marked, Verdict
from gradcalc.render.json import FORMAT


def document(marked: Marked) -> dict[str, Any]:
    """The marked answers of one student."""
    return {
        "format": FORMAT,
        "file": marked.file,
        "student": marked.student,
        "answers": [answer(verdict) for verdict in marked.verdicts],
        "points": number(marked.points),
        "of": number(marked.of),
        "warnings": list(marked.warnings),
    }


def answer(verdict: Verdict) -> dict[str, Any]:
    """One marked answer."""
    carried = verdict.carried
    found: dict[str, Any] = {
        "question": verdict.question.text,
        "name": verdict.question.name,
        "answer": verdict.answer,
        "read_as": verdict.read_as,
        "kind": verdict.reading.kind,
        "verdict": verdict.verdict,
        "points": number(verdict.points),
        "of": number(verdict.of),
        "message": verdict.message,
        "mistakes": [
            {"slug": mistake.slug, "sentence": mistake.sentence, "at": dict(mistake.at)}
            for mistake in verdict.mistakes
        ],
        "carried": carried and {"from": list(carried.sources), "verdict": carried.verdict},
        "entries": verdict.entries,
        "decided": verdict.decided and decided(verdict.decided),
    }
    if verdict.by_value is not None:
        found["decided_value"] = decided(verdict.by_value)
    if verdict.revealed is not None:
        found["right_answer"] = unparse(verdict.revealed)
    return found


def decided(decision: Decision) -> dict[str, Any]:
    """What proves a verdict. The point can be computed again by anyone."""
    return {
        "by": decision.by,
        "bits": decision.bits or None,
        "points": decision.points or None,
        "sizes": [dict(sizes) for sizes in decision.sizes],
        "point": decision.point,
        "form": decision.form,
        "shapes": decision.shapes and {"answer": decision.shapes[0], "right": decision.shapes[1]},
    }


def number(value: float) -> float | int:
    """Whole numbers without a point."""
    value = round(value, 6)
    return int(value) if value == int(value) else value
