"""What is wrong with the TeX that authors write, in statements and in declarations. The rules stand in texmath.py."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.exercise.markdown import read
from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError


def check_markdown(text: str) -> Iterator[SpanError]:
    """What is wrong with the mathematics in a Markdown text; offsets are into it."""
    problems: list[SpanError] = []
    read(text, problems)
    yield from problems


def check_tex(text: str) -> Iterator[SpanError]:
    """What is wrong with mathematics in TeX, without its $."""
    try:
        check(text)
    except SpanError as error:
        yield error
