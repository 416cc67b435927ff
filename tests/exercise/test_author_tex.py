"""TeX and Markdown that an author may write."""

from __future__ import annotations

from random import Random

import pytest
import yaml

from gradcalc.exercise.author_tex import _plainly_right, check_markdown, check_tex
from gradcalc.exercise.markdown import read
from gradcalc.language.errors import SpanError
from helpers.paths import EXERCISES


@pytest.mark.parametrize(
    "text",
    [
        "\\frac{x}{2}",
        "\\hat{y}^{(i)}",
        "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}",
        "x_1 + \\{a\\}",
    ],
)
def test_tex_that_may_be_written(text: str) -> None:
    assert list(check_tex(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "\\input{x}",
        "\\write18{x}",
        "\\def\\x{}",
        "{x",
        "x}",
        "\\begin{verbatim}",
        "\\end{matrix}",
        "a & b",
        "x % y",
        "^^41",
        "#1",
        "\\csname",
        "\\@",
    ],
)
def test_tex_that_may_not(text: str) -> None:
    assert list(check_tex(text))
    assert list(check_markdown(f"a ${text}$ b"))


def test_a_single_dollar_is_a_dollar() -> None:
    assert list(check_markdown("It costs 5$ or ${7*7}, \\input{x}")) == []


# ---- the short way past the library that reads Markdown

PARTS = (
    "$", "$", "$x$", r"$\frac{a}{b}$", r"$\bad$", r"$x_1$", "$x$ and $y$", "$a $", "$ a", "$5", r"\alpha", " ", "a", "3",
    "\n", "\n\n", "\\", "- ", "1. ", "# ", "*", "_", "{", "}", "(", ")", ",", ".", "!", "    ", "&",
)  # fmt: skip


def test_what_is_called_right_without_the_library_is_right() -> None:
    random, called = Random(1), 0
    for _ in range(4000):
        text = "".join(random.choice(PARTS) for _ in range(random.randint(1, 9)))
        if _plainly_right(text):
            problems: list[SpanError] = []
            read(text, problems)
            assert problems == [], text
            called += 1
    assert called > 500


def test_statements_of_exercises_need_no_library() -> None:
    files = sorted(EXERCISES.glob("*.yaml"))[:60]
    texts = [yaml.safe_load(path.read_text("utf-8")).get("text") for path in files]
    assert [text for text in texts if text and not _plainly_right(text)] == []
