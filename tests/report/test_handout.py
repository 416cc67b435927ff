"""Handouts: statements, questions, answers."""

from __future__ import annotations

import pytest

from gradcalc.exercise import markdown as md
from gradcalc.exercise.load import parse_exercise
from gradcalc.render import handout_markdown, html, latex
from helpers.handouts import handout_of, titled

# ---- Markdown


def test_statements_in_every_form() -> None:
    made = titled(
        text="# T\n\nA *b* **c** `d` [e](https://f.g) h  \ni\n\n3. x\n4. y\n\n- z\n\n```\n<c> $x$\n```\n"
    )
    assert (
        '<h2 dir="auto">T</h2>\n<p dir="auto">A <em>b</em> <strong>c</strong> <code>d</code> e '
        "(<code>https://f.g</code>) h<br>i</p>\n"
        '<ol start="3"><li><p dir="auto">x</p></li><li><p dir="auto">y</p></li></ol>\n'
        '<ul><li><p dir="auto">z</p></li></ul>\n'
        '<pre tabindex="0">&lt;c&gt; <span>$</span>x<span>$</span></pre>'
    ) in html.article(made)
    assert (
        "## T\n\nA *b* **c** `d` [e](https://f.g) h  \ni\n\n3. x\n\n4. y\n\n- z\n\n```\n<c> $x$\n```\n"
    ) in handout_markdown.page(made, "a.svg")
    assert (
        "\\par\\medskip\\noindent\\textbf{T}\\par\nA \\emph{b} \\textbf{c} \\texttt{d} "
        "e (\\texttt{https:/\\allowbreak{}/\\allowbreak{}f.\\allowbreak{}g}) h\\hfil\\break i\n\n"
        "\\begin{itemize}\n\\item[3.] {}x\n\\item[4.] {}y\n\\end{itemize}\n\\begin{itemize}\n\\item {}z\n\\end{itemize}\n"
        "\\noindent\\texttt{\\textless{}c\\textgreater{} \\$x\\$}\\par\n"
    ) in latex.question(made)


def test_a_sheet_without_questions() -> None:
    made = handout_of("expression: f = 2\n")
    assert made.parts == ()
    assert "<ol" not in html.article(made)
    assert "parts}" not in latex.question(made)


def test_a_question_in_words_stands_with_it() -> None:
    made = handout_of("expression: f = x*y\nquestions: [{ask: df/dx, text: How *much*?}]\n")
    assert made.parts[0].prompt == (
        md.Words("How "),
        md.Emphasis((md.Words("much"),)),
        md.Words("?"),
    )
    assert r"How \emph{much}?" in latex.question(made)
    asked = r"\gradcalc@def{ask}{df/dx}{$\displaystyle \frac{\partial f}{\partial x}$}"
    assert asked in latex.fragment(made)


def test_a_mistake_in_a_statement_is_placed_in_the_file() -> None:
    from gradcalc.language.errors import GradcalcError

    with pytest.raises(GradcalcError) as error:
        parse_exercise(
            "expression: f = x\ntext: |\n  First line.\n  Then $x + \\input{y}$ here.\n", "a.yaml"
        )
    (problem,) = error.value.problems
    assert problem.message == r"the command `\input` is not supported"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (4, 13)


def test_tables_quotations_and_pictures() -> None:
    made = titled(
        text="| a | $x$ |\n|---|--:|\n| 1 | 2 |\n\n> said\n\n---\n\n![a picture](img/a.png)\n"
    )
    page = html.article(made, {"img/a.png": "data:image/png;base64,AA"}.get)
    assert '<td class="right">2</td>' in page
    assert '<blockquote><p dir="auto">said</p></blockquote>\n<hr>' in page
    assert '<img alt="a picture" src="data:image/png;base64,AA">' in page
    assert "[a picture]" in html.article(made)
    tex = latex.question(made, frozenset(["img/a.png"]))
    assert "\\begin{tabular}{lr} \\hline\na & $x$ \\\\ \\hline\n1 & 2 \\\\" in tex
    assert r"\authorpicture{img/a.png}" in tex
    assert r"\fbox{a picture}" in latex.question(made)
    text = handout_markdown.page(made, "a.svg")
    assert (
        "| a | $x$ |\n| --- | ---: |\n| 1 | 2 |\n\n> said\n\n---\n\n![a picture](img/a.png)" in text
    )


def test_github_reads_formulas_in_its_own_way() -> None:
    made = titled(text="Let $\\operatorname{f}(x) < 1$.\n\n$$\nx\n$$\n")
    text = handout_markdown.page(made, "a.svg", "github")
    assert "Let $`\\mathrm{f}(x) < 1`$." in text
    assert "```math\nx\n```" in text
    assert "   ```math\n   \\begin{aligned}" in text
    assert "$$" not in text
