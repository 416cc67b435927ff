"""One JSON object a line, the same as `json`."""

from __future__ import annotations

from gradcalc.derivation.answer_model import Solution
from gradcalc.render.json import document, dumps
from gradcalc.report.blocks import Failed, Options


def render(item: Solution | Failed, options: Options) -> str:
    """An exercise as one line of JSON."""
    return dumps(document(item), options.ascii)


def join(parts: list[str]) -> str:
    """A line for each exercise."""
    return "\n".join(parts)
