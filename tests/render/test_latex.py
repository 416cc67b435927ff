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
from helpers.handouts import KEY, handout, handout_of, solved, titled
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


# What sets a quotation apart: italics, and narrower lines.
QUOTATION = ("itshape", "advance", "leftskip", "rightskip")
LINES = ("hrulefill", "hline")  # of a rule, and of a table


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
                    "hfil", "break", "mbox", "par", "medskip", "noindent", "strut", "ensuremath", "i", "j",
                    *QUOTATION, *LINES}  # fmt: skip


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
    page = handout_markdown.page(made, "a.svg")
    assert not {unicodedata.category(char) for char in page.replace("\n", "")} & {
        "Cc",
        "Cs",
        "Zl",
        "Zp",
    }


def test_the_source_of_a_sheet_has_no_answers() -> None:
    sheet, key = (latex.render(handout("ex1", sheet)) for sheet in (Sheet(), KEY))
    for word in (r"\printanswers", r"\begin{solution}", r"\ifprintanswers"):
        assert word not in sheet
        assert word in key
    assert "-4" in key.replace(sheet, "")


def test_the_header_is_that_of_the_course() -> None:
    made = handout_of(
        "lang: fr\nsheet: {paper: letter, header: {course: Algèbre, date: '3 mai', form: B, fields: [Nom, Groupe]},"
        " space: half, grade-table: yes}\nexpression: f = x*y\nquestions: [{ask: df/dx, points: 2}, {ask: df/dy, space: page}]\n",
        Sheet(),
    )
    tex = latex.render(made)
    assert r"\documentclass[11pt,letterpaper,addpoints]{exam}" in tex
    assert r"\noindent \textbf{Algèbre}\hfill Version B\quad 3 mai\par" in tex
    assert r"Nom:\enspace\hrulefill\quad Groupe:\enspace\hrulefill" in tex
    assert r"\room{0.42\textheight}" in tex
    assert r"\vspace*{\fill}\newpage" in tex
    assert r"Exercice & 1 & Total \\ \hline points & 2 & 2 \\ \hline Note" in tex
    assert r"\usepackage[french]{babel}" in tex


def test_the_pdf_has_its_title_in_any_alphabet() -> None:
    tex = latex.render(titled(title="Größe 计算"))
    title = "FEFF" + "Größe 计算".encode("utf-16-be").hex().upper()
    assert rf"\pdfinfo{{/Title <{title}>" in tex


def test_text_of_other_scripts_asks_for_luatex() -> None:
    assert r"\usepackage{fontspec}" in latex.render(titled(text="计算梯度"))
    assert r"\usepackage{fontspec}" not in latex.render(titled(text="Größe, ≤ α"))


def test_pieces_are_called_by_their_question() -> None:
    pieces = latex.fragment(handout("ex3"))
    assert r"\gradcalc@def{answer}{dJ/dW1}{%" in pieces
    assert r"\gradcalc@def{answer}{delta1}{%" in pieces
    assert r"\gradcalc@def{value}{delta3}{\ensuremath{W_2}}" in pieces
    assert r"\gradcalc@def{answer}" not in latex.fragment(handout("ex3", Sheet()))


def test_points_are_counted() -> None:
    assert handout("ex1").points == 8
    assert handout("diamond-chain").points is None
    text = "expression: f = x * y\nquestions: [{ask: df/dx, points: 1.5}, {ask: df/dy, points: 0.25}]\n"
    tex = latex.question(handout_of(text))
    assert r"\part{} (1.5 points) $" in tex
    assert r"\part{} (0.25 points) $" in tex
    assert "(1.75 points)" in tex


def test_shapes_stand_under_the_factors_of_arrays() -> None:
    key = latex.question(handout("ex3"))
    assert r"\underbrace{X^{\top}}_{m \times D_x}" in key


def test_the_same_twice() -> None:
    assert latex.question(compose(solved("ex3"), Sheet())) == latex.question(
        compose(solved("ex3"), Sheet())
    )
