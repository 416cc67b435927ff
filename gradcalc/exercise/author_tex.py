"""What is wrong with the TeX that authors write, in statements and in declarations. The rules
stand in texmath.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcalc.exercise.markdown import read
from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError

# What turns the direction of text, and control characters: they would reach a page as they are.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


def check_markdown(text: str) -> Iterator[SpanError]:
    """What is wrong with the mathematics in a Markdown text; offsets are into it."""
    problems: list[SpanError] = []
    read(text, problems)
    yield from problems


def check_tex(text: str) -> Iterator[SpanError]:
    """What is wrong with mathematics in TeX, without its $."""
    if hidden := _HIDDEN.search(text):
        message = f"the invisible character U+{ord(hidden.group()):04X} is not allowed in TeX"
        yield SpanError("character", message, hidden.start(), hidden.end(), "delete it")
        return
    try:
        check(text)
    except SpanError as error:
        yield error
