"""TeX and Markdown that an author may write."""

from __future__ import annotations

import pytest

from gradcalc.exercise.author_tex import check_markdown, check_tex


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
