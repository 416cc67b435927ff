"""Authors' formulas in TeX: parsed, checked against the list of commands, written again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.exercise.author_tex import check_tex
from gradcalc.exercise.tex import beyond_pdftex, check, escape, in_math
from gradcalc.language.errors import SpanError
from helpers.tex import balanced


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
        ("x" * 4001, "this formula has 4001 characters; the limit is 4000", 0),
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
        == r"é \v{a} 中 \ensuremath{\alpha} ½\texttt{U+001B}\texttt{U+202E}"
    )
    assert escape("λόγος and λ") == r"λόγος and \ensuremath{\lambda}"  # a word is no formula
    assert beyond_pdftex(escape("é λόγος 中 λ")) == "γλοςό中"
    assert escape("a\u2003b \u0301c") == "a b c"  # a space of another width, an accent over nothing
    assert in_math("α ≤ β") == r"\ensuremath{\alpha} \ensuremath{\le} \ensuremath{\beta}"
    assert in_math(r"\text{é} + 中") == r"\text{\text{é}} + \text{中}"
