"""Handouts: statements, questions, answers."""

from __future__ import annotations

import pytest

from gradcalc.exercise import markdown as md
from gradcalc.exercise.load import parse_exercise
from gradcalc.render import handout_markdown, html, latex
from helpers.handouts import handout, handout_of, titled

# ---- Markdown


def test_statements_in_every_form() -> None:
    made = titled(
        text="# T\n\nA *b* **c** `d` [e](https://f.g) h  \ni\n\n3. x\n4. y\n\n- z\n\n```\n<c> $x$\n```\n"
    )
    assert (
        "<h2>T</h2>\n<p>A <em>b</em> <strong>c</strong> <code>d</code> e (<code>https://f.g</code>) h<br>i</p>\n"
        '<ol start="3"><li><p>x</p></li><li><p>y</p></li></ol>\n<ul><li><p>z</p></li></ul>\n'
        "<pre>&lt;c&gt; <span>$</span>x<span>$</span></pre>"
    ) in html.article(made, False)
    assert (
        "## T\n\nA *b* **c** `d` [e](https://f.g) h  \ni\n\n3. x\n\n4. y\n\n- z\n\n```\n<c> $x$\n```\n"
    ) in handout_markdown.page(made, False, "a.svg")
    assert (
        "\\par\\medskip\\noindent\\textbf{T}\\par\nA \\emph{b} \\textbf{c} \\texttt{d} "
        "e (\\texttt{https:/\\allowbreak{}/\\allowbreak{}f.\\allowbreak{}g}) h\\hfil\\break i\n\n"
        "\\begin{itemize}\n\\item[3.] {}x\n\\item[4.] {}y\n\\end{itemize}\n\\begin{itemize}\n\\item {}z\n\\end{itemize}\n"
        "\\noindent\\texttt{\\textless{}c\\textgreater{} \\$x\\$}\\par\n"
    ) in latex.question(made)


def test_a_sheet_without_questions() -> None:
    made = handout_of("expression: f = 2\n")
    assert made.parts == ()
    assert "<ol" not in html.article(made, True)
    assert "parts}" not in latex.question(made)


def test_a_question_in_words_stands_with_it() -> None:
    made = handout_of("expression: f = x*y\nquestions: [{ask: df/dx, text: How *much*?}]\n")
    assert made.parts[0].prompt == (
        md.Words("How "),
        md.Emphasis((md.Words("much"),)),
        md.Words("?"),
    )
    assert r"How \emph{much}?" in latex.question(made)
    assert (
        latex.fragment(made, False)
        .rstrip()
        .endswith(r"$\displaystyle \frac{\partial f}{\partial x}$")
    )


def test_a_mistake_in_a_statement_is_placed_in_the_file() -> None:
    from gradcalc.language.errors import GradcalcError

    with pytest.raises(GradcalcError) as error:
        parse_exercise(
            "expression: f = x\ntext: |\n  First line.\n  Then $x + \\input{y}$ here.\n", "a.yaml"
        )
    (problem,) = error.value.problems
    assert problem.message == r"the command `\input` may not be used here"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (4, 13)


# ---- the document


def test_analytic_stands_beside_numeric() -> None:
    summary = handout("ex1").summary
    assert summary is not None
    assert summary.head == ("derivative", "analytic", "numeric", "with upstream")
    assert [[cell and cell.text for cell in row] for row in summary.rows][4] == [
        "∂f/∂x",
        "z",
        "−4",
        "−4",
    ]
