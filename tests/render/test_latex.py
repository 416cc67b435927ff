"""Handouts in LaTeX: what may stand in them, sheet and key, points."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.exercise import markdown as md
from gradcalc.exercise import tex_commands as textables
from gradcalc.language.errors import SpanError
from gradcalc.render import handout_markdown, latex
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from helpers.handouts import handout, handout_of, solved, titled
from helpers.tex import balanced

SEEDS = ("ex1", "ex2", "ex3")


# ---- Markdown


def test_a_long_formula_within_a_line_is_fitted() -> None:
    tex = "+".join("x" * 61)
    assert rf"so \begin{{fitted}}${tex}$\end{{fitted}} is" in latex.question(
        titled(text=f"so ${tex}$ is")
    )


# ---- the document


def control_sequences(tex: str) -> set[str]:
    return set(re.findall(r"\\([A-Za-z]+)", tex.replace("\\\\", "")))


def allowed() -> set[str]:
    """What the writers use by themselves, and the lists."""
    found = set().union(*(control_sequences(latex.question(handout(name))) for name in SEEDS))
    found |= (
        textables.SYMBOLS | textables.ONE | textables.TWO | set(textables.WORDS) | textables.SIZES
    )
    tables = (textables.TEXT_CHARS, textables.MATH_CHARS, textables.ACCENTED)
    found |= set().union(
        *(control_sequences(value) for table in tables for value in table.values())
    )
    return found | {"left", "right", "middle", "limits", "nolimits", "begin", "end", "item", "textbf", "emph", "texttt", "allowbreak",
                    "hfil", "break", "mbox", "par", "medskip", "noindent", "strut", "ensuremath", "i", "j"}  # fmt: skip


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_strangers_texts_can_neither_run_nor_break_anything(title: str, text: str) -> None:
    problems: list[SpanError] = []
    md.read(text, problems)
    if problems:
        text = text.replace("$", "")
    made = titled(title=title, text=text, author=title, source=text)
    tex = latex.question(made)
    assert control_sequences(tex) <= allowed()
    assert balanced(tex)
    assert "^^" not in tex.replace(r"\^", "")
    assert tex.count(r"\begin{") == tex.count(r"\end{")
    assert not re.search(r"(?<!\\)%(?!\n)", re.sub(r"\\\\", "", tex))
    assert not {unicodedata.category(char) for char in tex.replace("\n", "")} & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }
    page = handout_markdown.page(made, True, "a.svg")
    assert not {unicodedata.category(char) for char in page.replace("\n", "")} & {
        "Cc",
        "Cs",
        "Zl",
        "Zp",
    }


def test_the_sheet_and_the_key_are_one_source() -> None:
    questions = [latex.question(handout("ex1"))]
    sheet, key = latex.document(questions, False), latex.document(questions, True)
    assert [line for line in sheet.splitlines() if line not in key.splitlines()] == [
        r"%\printanswers % this line makes it the key"
    ]
    assert r"\printanswers" in key.splitlines()


def test_points_are_counted() -> None:
    assert handout("ex1").points == 8
    assert handout("diamond-chain").points is None
    text = "expression: f = x * y\nquestions: [{ask: df/dx, points: 1.5}, {ask: df/dy, points: 0.25}]\n"
    tex = latex.question(handout_of(text))
    assert r"\part[1\half]{} $" in tex
    assert r"\part{} (0.25 points) $" in tex
    assert "(1.75 points)" in tex


def test_shapes_stand_under_the_factors_of_arrays() -> None:
    key = latex.question(handout("ex3"))
    assert r"\underbrace{X^{\top}}_{m \times D_x}" in key


def test_the_same_twice() -> None:
    assert latex.question(compose(solved("ex3"), Sheet())) == latex.question(
        compose(solved("ex3"), Sheet())
    )
