"""What is wrong with the TeX that authors write, in statements and in declarations. The rules
stand in texmath.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError

# What turns the direction of text, and control characters: they would reach a page as they are.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
# A formula as most are: on one line, with no space at its ends and no digit beside them.
_PLAIN = re.compile(r"(?<![\d\\])\$([^\s$\\]|[^\s$][^$\n]*[^\s$\\])\$(?!\d)")
# Outside formulas: what Markdown could read as more than words, and a digit at the end of a line.
_MARKED = re.compile(r"[$`\\<>\[\]|~\t]|^ {4}|\d[ \r]*$", re.MULTILINE)


def check_markdown(text: str) -> Iterator[SpanError]:
    """What is wrong with the mathematics in a Markdown text; offsets are into it."""
    if _plainly_right(text):
        return
    from gradcalc.exercise.markdown import read

    problems: list[SpanError] = []
    read(text, problems)
    yield from problems


def _plainly_right(text: str) -> bool:
    """Whether a text is words with plain formulas that are right. It is true of most, and the
    library that reads Markdown then need not be loaded; where it is false the library decides.
    """
    if _MARKED.search(_PLAIN.sub("x", text)):
        return False
    try:
        for formula in _PLAIN.findall(text):
            check(formula)
    except SpanError:
        return False
    return True


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
