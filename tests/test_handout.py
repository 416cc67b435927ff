"""Handouts: authors' TeX and Markdown, the documents, and what compiles. `GRADCALC_ACCEPT=1` accepts golden files."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.delivery import OutsideError, deliver
from gradcalc.app.export import Export, export
from gradcalc.app.shipped import exercise_text, titles
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise import markdown as md
from gradcalc.exercise import tex_commands as textables
from gradcalc.exercise.author_tex import check_tex
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.tex import check, escape, in_math
from gradcalc.language.errors import SpanError
from gradcalc.render import handout_markdown, html, latex, pdf, tikz
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import Derived, Handout, plain

GOLDEN = Path(__file__).with_name("golden")
SEEDS = ("ex1", "ex2", "ex3")
needs_tex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="TeX is not installed")


@cache
def solved(name: str) -> Solution:
    return solve(parse_exercise(exercise_text(name), f"{name}.yaml"))


@cache
def handout(name: str) -> Handout:
    return compose(solved(name), Sheet())


def of(text: str) -> Handout:
    return compose(solve(parse_exercise(text, "test.yaml")), Sheet())


def titled(**texts: str) -> Handout:
    solution = solved("ex1")
    changed = replace(solution.graph.exercise, **texts)  # type: ignore[arg-type]
    return compose(replace(solution, graph=replace(solution.graph, exercise=changed)), Sheet())


# ---- TeX of authors


@pytest.mark.parametrize(
    ("given_", "written"),
    [
        (r"\frac12 x^2", r"\frac{1}{2} x^{2}"),
        (r"x_1^{(i)}", "x_{1}^{(i)}"),
        (r"f''(x) + g'^2", r"f^{\prime\prime}(x) + g^{\prime {2}}"),
        (r"\left( \frac{a}{b} \right)^\top", r"\left( \frac{a}{b} \right)^{\top}"),
        (r"\sqrt[3]{x}", r"\sqrt[{3}]{x}"),
        (r"\sum\limits_{i=1}^n x_i", r"\sum \limits _{i=1}^{n} x_{i}"),
        (r"\operatorname{ReLU}(z)", r"\operatorname{ReLU}(z)"),
        (
            r"\begin{bmatrix} a & b \\ [c] & d \end{bmatrix}",
            r"\begin{bmatrix} a & b \\ {}[c] & d \end{bmatrix}",
        ),
        ("α ≤ β", r"\alpha \le \beta "),
        (r"\text{if 5% é}", r"\text{if 5\% é}"),
        (r"a~b\ c", r"a\ {}b\ {}c"),
        (r"\bigl( x \bigr)", r"\bigl( x \bigr)"),
        (r"\left( a \middle| b \right)", r"\left( a \middle| b \right)"),
        (r"\operatorname*{argmax}_x", r"\operatorname*{argmax}_{x}"),
    ],
)
def test_formulas_are_written_again(given_: str, written: str) -> None:
    assert check(given_) == written


@pytest.mark.parametrize(
    ("tex", "message", "start"),
    [
        (r"\write18{x}", r"the command `\write` is not supported", 0),
        (r"x + \input{a}", r"the command `\input` is not supported", 4),
        (r"\fracc{1}{2}", r"the command `\fracc` is not supported", 0),
        ("x^2^3", "a second exponent", 3),
        ("x_1_2", "a second subscript", 3),
        ("x^2'", "a ' after an exponent", 3),
        ("{x", "`{` is never closed", 0),
        ("x}", "`}` closes nothing", 1),
        (r"\frac{1}", r"`\frac` without its argument", 0),
        ("x^", "`^` without its argument", 1),
        ("^^41", "`^` without its argument", 0),
        (r"\left( x", r"`\left` without \right", 0),
        (r"x \right)", r"`\right` without \left", 2),
        (r"\left x \right)", r"`\left` needs a bracket after it", 0),
        ("50%", "`%` is a special character in TeX", 2),
        ("a & b", "`&` is only allowed between the columns of a matrix", 2),
        (r"a \\ b", r"`\\` is only allowed between the rows of a matrix", 2),
        (
            r"\begin{tikzpicture}\end{tikzpicture}",
            r"`\begin{tikzpicture}` is not allowed in formulas",
            0,
        ),
        (r"\begin{cases} a & b & c \end{cases}", "cases has at most 2 columns", 21),
        (r"\begin{matrix} a \end{pmatrix}", r"\begin{matrix} ends with \end{pmatrix}", 17),
        (r"\mathbb{r}", r"\mathbb is for capital letters and 1", 8),
        (r"\text{\input}", r"`\` is not allowed in \text{…}", 6),
        (r"a \middle| b", r"`\middle` without \left", 2),
        (r"\left( {a \middle| b} \right)", r"`\middle` without \left", 10),
        (r"\sqrt[3", "`[` is never closed", 0),
        (r"\operatorname x", r"`\operatorname` needs its argument in braces", 0),
        (r"\begin x", r"`\begin` needs a name in braces", 0),
        (r"x \end{matrix}", r"`\end` without \begin", 2),
        (r"\begin{matrix} a }", "`}` closes nothing", 17),
        ("x" * 4001, "a formula of 4001 characters; the limit is 4000", 0),
        (r"\limits_a", r"`\limits` is only allowed after a big operator", 0),
        ('x"y', '`"` is not allowed in a formula', 1),
        ("{" * 40, "nested more than 24 deep", 24),
    ],
)
def test_anything_else_is_an_error_at_its_place(tex: str, message: str, start: int) -> None:
    with pytest.raises(SpanError) as error:
        check(tex)
    assert (error.value.message, error.value.start) == (message, start)


def test_a_mistyped_command_is_recognised() -> None:
    with pytest.raises(SpanError) as error:
        check(r"\fracc{1}{2}")
    assert error.value.hint == r"did you mean \frac?"


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *"\\{}^_'&%$#~ ab1()[]+αé",
                r"\frac",
                r"\left(",
                r"\right)",
                r"\sqrt",
                r"\begin{cases}",
                r"\end{cases}",
                r"\\",
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_what_is_accepted_is_balanced_and_read_again(tex: str) -> None:
    (problem, *_) = [*check_tex(tex), None]
    if problem is not None:
        assert 0 <= problem.start < max(problem.end, 1) <= len(tex) + 2
    else:
        assert balanced(check(tex))
        assert balanced(check(check(tex)))


def test_text_is_escaped() -> None:
    assert (
        escape(r"50% & #1_a^b~\x {$}")
        == r"50\% \& \#1\_a\textasciicircum{}b\textasciitilde{}\textbackslash{}x \{\$\}"
    )
    assert escape("a -- b ''c'' ,,") == "a -{}- b '{}'c'{}' ,{},"
    assert (
        escape("é ǎ 中 α ½\x1b\u202e")
        == r"é \v{a} \texttt{U+4E2D} \ensuremath{\alpha} \texttt{U+00BD}\texttt{U+001B}\texttt{U+202E}"
    )
    assert escape("a\u2003b \u0301c") == "a b c"  # a space of another width, an accent over nothing
    assert in_math("α ≤ β") == r"\ensuremath{\alpha} \ensuremath{\le} \ensuremath{\beta}"
    assert in_math(r"\text{é} + 中") == r"\text{\text{é}} + \text{\texttt{U+4E2D}}"


# ---- Markdown


def test_markdown_blocks() -> None:
    text = "Let $q = x$ and **b *c***.\n\n- one\n  more\n- two\n\n  para\n\n2. x\n3. y\n\n# T #\n\n```\n$code$\n```\n"
    blocks = md.read(text)
    assert [type(block).__name__ for block in blocks] == [
        "Paragraph",
        "Items",
        "Items",
        "Title",
        "Listing",
    ]
    assert blocks[1] == md.Items(
        (
            (md.Paragraph((md.Words("one more"),)),),
            (md.Paragraph((md.Words("two"),)), md.Paragraph((md.Words("para"),))),
        )
    )
    assert isinstance(blocks[2], md.Items)
    assert (blocks[2].ordered, blocks[2].start) == (True, 2)
    assert blocks[4] == md.Listing("$code$")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("$5 and $6", (md.Words("$5 and $6"),)),
        ("a $ b $ c", (md.Words("a $ b $ c"),)),
        (r"\$x\$ \*a\*", (md.Words("$x$ *a*"),)),
        ("$x$", (md.Formula("x"),)),
        ("$$x^2$$", (md.Formula("x^{2}", True),)),
        ("`$x$`", (md.Code("$x$"),)),
        ("<b>&amp;", (md.Words("<b>&amp;"),)),
        ("[a](javascript:x)", (md.Words("[a](javascript:x)"),)),
        ("[a](https://b.c/d)", (md.Link((md.Words("a"),), "https://b.c/d"),)),
        ("snake_case_name", (md.Words("snake_case_name"),)),
        ("a  \nb", (md.Words("a"), md.Break(), md.Words("b"))),
        ("$$a\n\n b$$ c", (md.Formula("a b", True), md.Words(" c"))),
        ("*a `b* c` d*", (md.Emphasis((md.Words("a "), md.Code("b* c"), md.Words(" d"))),)),
        ("*a *c*", (md.Emphasis((md.Words("a *c"),)),)),  # behind a space nothing ends
        ("_e_", (md.Emphasis((md.Words("e"),)),)),
    ],
)
def test_markdown_lines(text: str, parts: tuple[md.Inline, ...]) -> None:
    (block,) = md.read(text)
    assert isinstance(block, md.Paragraph)
    assert block.parts == parts


def test_a_list_ends_where_something_else_begins() -> None:
    item = md.Items(((md.Paragraph((md.Words("a b"),)),), (md.Paragraph((md.Words("c"),)),)))
    assert md.read("- a\nb\n- c") == (item,)
    with pytest.raises(SpanError, match="may not be used here"):
        md.read("- a $\\x$")


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


def test_a_long_formula_within_a_line_is_fitted() -> None:
    tex = "+".join("x" * 61)
    assert rf"so \begin{{fitted}}${tex}$\end{{fitted}} is" in latex.question(
        titled(text=f"so ${tex}$ is")
    )


def test_an_upstream_gradient_is_written_as_it_was_given() -> None:
    def given_(upstream: str, shape: str) -> str:
        made = of(
            f"expression: f = 2*x\nvariables: {{x: [{shape}]}}\nupstream: {upstream}\nquestions: [dL/dx]\n"
        )
        return "; ".join(plain(said) for said in made.given if not isinstance(said, Derived))

    assert "∂L/∂f = [1/2, 3]." in given_("[1/2, 3]", "2")
    assert "∂L/∂f = [[1/2, 3], [0, 1]]." in given_("[[1/2, 3], [0, 1]]", "2, 2")
    assert "Upstream" not in given_("[[[1, 2]]]", "1, 1, 2")  # no way to write it on paper


def test_values_and_stacks_are_answered() -> None:
    made = of(
        "expression: |\n  p[k] = s[k]^2\n  J = sum(p[k]*x, k)\nindices: {k: n}\nvalues: {s: [1, 2], x: 3}\nquestions: [value J]\n"
    )
    assert [row.right.text for row in made.given[1].rows] == ["= s_k²", "= Σₖ p_k x"]  # type: ignore[union-attr]
    assert [row.right.text for row in made.parts[0].key[0].rows] == ["= Σₖ p_k x", "= 15"]  # type: ignore[union-attr]
    made = of(
        "expression: J = sum(w*x, i)\nvariables: {x: {each: i}, w: []}\nexamples: {i: m}\nquestions: [shape x]\n"
    )
    assert [plain(said) for said in made.parts[0].key][:2] == [
        "x: scalar",
        "stacked over the examples: m",
    ]  # type: ignore[arg-type]


def test_a_sheet_without_questions() -> None:
    made = of("expression: f = 2\n")
    assert made.parts == ()
    assert "<ol" not in html.article(made, True)
    assert "parts}" not in latex.question(made)


def test_a_question_in_words_stands_with_it() -> None:
    made = of("expression: f = x*y\nquestions: [{ask: df/dx, text: How *much*?}]\n")
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
    assert problem.message == r"the command `\input` is not supported"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (4, 13)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    problems: list[SpanError] = []
    md.read(text, problems)
    for problem in problems:
        assert 0 <= problem.start <= len(text)


# ---- the document


def balanced(tex: str) -> bool:
    depth = 0
    for char in re.sub(r"\\[\\{}]", "", tex):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


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
    tex = latex.question(of(text))
    assert r"\part[1\half]{} $" in tex
    assert r"\part{} (0.25 points) $" in tex
    assert "(1.75 points)" in tex


def rows(name: str, number: int) -> list[str]:
    return [
        row.right.text
        for step in handout(name).parts[number].key
        if isinstance(step, Derived)
        for row in step.rows
    ]


def test_answers_are_derived() -> None:
    assert rows("ex1", 4) == ["= ∂f/∂q · ∂q/∂x", "= z · 1", "= z", "= −4"]
    assert rows("ex2", 0)[:3] == ["= ∂α/∂z · ∂z/∂x₀", "= α (1 − α) · w₀", "= w₀ α (1 − α)"]
    steps = [plain(step) for step in handout("ex1").parts[4].key if not isinstance(step, Derived)]
    assert steps == ["With the upstream gradient: ∂L/∂x = −4"]


def test_shapes_stand_under_the_factors_of_arrays() -> None:
    key = latex.question(handout("ex3"))
    assert r"\underbrace{X^{\top}}_{m \times D_x}" in key


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


def test_long_sums_are_broken() -> None:
    terms = " + ".join(f"a{k} * x^{k}" for k in range(2, 20))
    made = of(f"expression: f = {terms}\nquestions: [df/dx]\n")
    first = next(step for step in made.given if isinstance(step, Derived))
    assert len(first.rows) > 1
    assert all(len(row.right.text) < 90 for row in first.rows)


def test_code_of_strangers_holds_no_control_characters() -> None:
    page = handout_markdown.page(
        titled(text="`a\x1b[2Jb` and\n\n```\n\u202ec\x07\n```\n"), False, "a.svg"
    )
    assert r"`a\x1b[2Jb`" in page
    assert "```\n\\u202ec\\x07\n```" in page


def test_author_and_source_are_two_sentences() -> None:
    made = titled(author="A. B.", source="a book,\n page 3")
    assert handout_markdown.page(made, True, "a.svg").endswith(
        "\n*Author: A. B. Source: a book, page 3*\n"
    )
    assert "Author: A. B. Source: a book, page 3" in latex.question(made)


def test_what_is_small_within_a_fraction_is_set_large() -> None:
    """A hat in a fraction in a fraction is taken for its bar."""
    derived = next(step for step in handout("ex3").parts[6].key if isinstance(step, Derived))
    assert (
        derived.rows[1].right.latex
        == r"= \frac{\displaystyle \frac{1 - y^{(i)}}{1 - \hat{y}^{(i)}} - \frac{y^{(i)}}{\hat{y}^{(i)}}}{m}"
    )


def test_a_failed_answer_is_not_shown() -> None:
    from gradcalc.numeric.verified import Verified

    solution = solved("ex1")
    wrong = replace(solution.answers[0], verified=Verified(False, "by hand", 0.5))
    made = compose(replace(solution, answers=(wrong, *solution.answers[1:])), Sheet())
    assert [plain(step) for step in made.parts[0].key if not isinstance(step, Derived)] == [
        "This answer failed its check and is not shown."
    ]


@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_golden_documents(solution: bool) -> None:
    """The first exercise: the others' formulas are tested where they are made."""
    word = "key" if solution else "blank"
    wanted = Export(Sheet(solution=solution))
    for to, ending in (("latex", "tex"), ("markdown", "md")):
        path, text = GOLDEN / f"ex1.{word}.{ending}", export([solved("ex1")], to, wanted).text
        if os.environ.get("GRADCALC_ACCEPT"):
            path.write_text(text)
        assert text == path.read_text(), f"GRADCALC_ACCEPT=1 accepts {path.name}"


def test_the_same_twice() -> None:
    assert latex.question(compose(solved("ex3"), Sheet())) == latex.question(
        compose(solved("ex3"), Sheet())
    )


# ---- compiled


TROUBLE = re.compile(r"Warning|Overfull|Underfull|Missing character|undefined|^!", re.MULTILINE)


def compiled(tex: str) -> pdf.Pdf:
    made = pdf.make(tex)
    assert made.data.startswith(b"%PDF")
    lines = [line for line in made.log.splitlines() if TROUBLE.search(line)]
    assert [line for line in lines if not line.startswith(("Package: ", "Package shellesc"))] == []
    return made


@needs_tex
@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_the_seeds_compile_without_warnings(solution: bool) -> None:
    compiled(latex.document([latex.question(handout(name)) for name in SEEDS], solution))


@needs_tex
@pytest.mark.skipif(not os.environ.get("CI"), reason="takes minutes: CI=1 runs it")
@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_all_shipped_exercises_compile_without_warnings(solution: bool) -> None:
    tex = latex.document([latex.question(handout(name)) for name in titles()], solution)
    assert TROUBLE.findall(pdf.make(tex, 600).log) == []


@needs_tex
@pytest.mark.parametrize("language", ["ngerman", "french"])
def test_babel_in_the_preamble_breaks_nothing(language: str) -> None:
    from subprocess import run

    if run(
        ["kpsewhich", {"ngerman": "ngerman.ldf", "french": "french.ldf"}[language]],
        capture_output=True,
        check=False,
    ).returncode:
        pytest.skip(f"babel has no {language} here")
    compiled(
        latex.document([latex.question(handout("ex2"))], True, rf"\usepackage[{language}]{{babel}}")
    )


@needs_tex
def test_fragments_and_figures_compile() -> None:
    fragment = export([solved("ex3")], "latex", Export(Sheet(solution=True), standalone=True)).text
    packages = r"\usepackage{amsmath,amssymb,graphicx,longtable,xcolor,tikz}"
    compiled(
        rf"\documentclass{{article}}{packages}\begin{{document}}\hfuzz=8pt"
        + "\n"
        + fragment
        + r"\end{document}"
    )
    compiled(export([solved("ex2")], "tikz", Export(standalone=True)).text)


@needs_tex
def test_strangers_texts_compile() -> None:
    nasty = (
        r"""\input{/etc/passwd} $x$ 100% #1 & ~ ^ _ {} \end{document} [a] -- ,, << `` "q" é ǎ 中 🎉 ½ → ²"""
        + " \u202e\x1b"
    )
    text = "- [b] $\\frac12$\n\n1. `a_b`\n\n```\n\\end{document}\n```\n\n[x](https://a.b/%7E#c_d)\n\n$$\\begin{aligned} a &= b \\\\ [c] &= d \\end{aligned}$$\n"
    compiled(
        latex.document(
            [
                latex.question(titled(title=nasty, text=text, author=nasty, source=nasty)),
                latex.question(titled(title="", text="[x] y")),
            ],
            True,
        )
    )


@needs_tex
def test_a_graph_too_large_to_draw_compiles() -> None:
    lines = "\n".join(f"  x{k} = x{k - 1} * y" for k in range(1, 60))
    compiled(
        latex.document(
            [
                latex.question(
                    of(f"expression: |\n{lines}\nvalues: {{x0: 1, y: 1}}\nquestions: [dx59/dy]\n")
                )
            ],
            True,
        )
    )


@needs_tex
def test_tex_can_neither_read_nor_write_outside_its_folder(tmp_path: Path) -> None:
    body = rf"\newread\r\openin\r=/etc/passwd \ifeof\r closed\else\input{{/etc/passwd}}\fi\newwrite\w\immediate\openout\w={tmp_path}/out.txt x"
    with pytest.raises(pdf.Failed):
        pdf.make(rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}")
    assert list(tmp_path.iterdir()) == []
    shell = rf"\immediate\write18{{touch {tmp_path}/shell}} x"
    pdf.make(rf"\documentclass{{article}}\begin{{document}}{shell}\end{{document}}")
    assert list(tmp_path.iterdir()) == []


# ---- engines that are missing, fail or hang


def engine(folder: Path, script: str, name: str = "tectonic") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "no TeX is installed (latexmk, tectonic, pdflatex)"),
        (
            "echo './handout.tex:5: Undefined control sequence.' > handout.log; echo 'l.5 \\\\foo' >> handout.log; exit 1",
            "tectonic: a.tex:5: Undefined control sequence. l.5 \\foo",
        ),
        ("exit 0", "tectonic: it made no PDF and printed no message"),
        ("/bin/sleep 30", "tectonic: it was still running after 0.5 seconds"),
    ],
    ids=["missing", "failing", "silent", "hanging"],
)
def test_without_a_pdf_the_tex_is_written(
    script: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf.make, "__defaults__", (0.5,))
    if script is not None:
        engine(tmp_path, script)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.pdf").write_text("old")
    begin = time.monotonic()
    with pytest.raises(OutsideError) as error:
        deliver(
            export([solved("ex1")], "pdf", Export()), "pdf", out / "a.pdf", print, lambda data: None
        )
    assert time.monotonic() - begin < 20
    assert error.value.lines[0] == f"the pdf could not be made: {reason}"
    assert error.value.lines[1] == f"{out / 'a.tex'}: written instead"
    assert len(error.value.lines) == (
        5 if script is None else 4
    )  # no advice to install what there is
    assert (out / "a.pdf").read_text() == "old"
    assert r"\begin{questions}" in (out / "a.tex").read_text()


def test_without_a_program_a_png_is_left_an_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError) as error:
        deliver(
            export([solved("ex1")], "png", Export()),
            "png",
            tmp_path / "a.png",
            print,
            lambda data: None,
        )
    assert (
        error.value.lines[0]
        == "the png could not be made: no program that makes PNG from SVG is installed"
    )
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")


def test_the_engine_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine(tmp_path, "echo '%PDF-1.5' > handout.pdf")
    assert deliver(
        export([solved("ex1")], "pdf", Export()),
        "pdf",
        tmp_path / "a.pdf",
        print,
        lambda data: None,
    ) == [f"{tmp_path / 'a.pdf'}: written, made with tectonic"]
    assert (tmp_path / "a.pdf").read_text() == "%PDF-1.5\n"


def test_a_tikz_picture_needs_no_library() -> None:
    assert "usetikzlibrary" not in tikz.draw(handout("ex1").blank)
