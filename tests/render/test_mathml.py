"""Formulas in MathML."""

from __future__ import annotations

from xml.dom import minidom

import pytest

from gradcalc.exercise import tex_commands as textables
from gradcalc.exercise.tex import check
from gradcalc.render.mathml import mathml


@pytest.mark.parametrize(
    ("tex", "xml"),
    [
        (
            r"\frac{1}{2} x^{2}",
            "<mrow><mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mi>x</mi><mn>2</mn></msup></mrow>",
        ),
        (
            r"x_1^{(i)}",
            '<msubsup><mi>x</mi><mn>1</mn><mrow><mo stretchy="false">(</mo><mi>i</mi><mo stretchy="false">)</mo></mrow></msubsup>',
        ),
        (
            r"\sum_i x",
            '<mrow><munder><mo movablelimits="true">∑</mo><mi>i</mi></munder><mi>x</mi></mrow>',
        ),
        (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (
            r"2 \log x",
            '<mrow><mn>2</mn><mspace width="0.17em"/><mi mathvariant="normal">log</mi><mspace width="0.17em"/><mi>x</mi></mrow>',
        ),
        (r"\mathit{data} < \mathbf{W}", "<mrow><mi>𝑑𝑎𝑡𝑎</mi><mo>&lt;</mo><mi>𝐖</mi></mrow>"),
        (r"\text{5% é “中” & <b>}", "<mtext>5% é “中” &amp; &lt;b&gt;</mtext>"),
        (r"\text{ǎ ≤ 中}", "<mtext>ǎ ≤ 中</mtext>"),
        (r"\sum\limits_i x", "<mrow><munder><mo>∑</mo><mi>i</mi></munder><mi>x</mi></mrow>"),
        (r"\int\nolimits_0 x", "<mrow><msub><mo>∫</mo><mn>0</mn></msub><mi>x</mi></mrow>"),
        (r"\{x\|y\}", "<mrow><mo>{</mo><mi>x</mi><mo>‖</mo><mi>y</mi><mo>}</mo></mrow>"),
        (
            r"\operatorname*{argmax}_x",
            '<msub><mi mathvariant="normal">argmax</mi><mi>x</mi></msub>',
        ),
        (r"a\ b", '<mrow><mi>a</mi><mspace width="0.25em"/><mi>b</mi></mrow>'),
        (r"\mathbf{a+b}", "<mrow><mi>𝐚</mi><mo>+</mo><mi>𝐛</mi></mrow>"),
        (
            r"\left( a \middle| b \right)",
            '<mrow><mo stretchy="true" form="prefix">(</mo><mi>a</mi><mo stretchy="true">|</mo><mi>b</mi>'
            '<mo stretchy="true" form="postfix">)</mo></mrow>',
        ),
        (
            r"\frac{\displaystyle x}{y}",
            '<mfrac><mstyle displaystyle="true"><mi>x</mi></mstyle><mi>y</mi></mfrac>',
        ),
    ],
)
def test_formulas(tex: str, xml: str) -> None:
    assert (
        mathml(check(tex.replace("&", r"\&") if "matrix" in tex else tex)) == f"<math>{xml}</math>"
    )


@pytest.mark.parametrize(
    "word",
    sorted(
        textables.SYMBOLS | textables.ONE | textables.TWO | textables.SIZES | set(textables.WORDS)
    ),
)
def test_every_command_of_the_list_has_its_mathml(word: str) -> None:
    arguments = (
        "{A}"
        if word in textables.ONE or word in textables.WORDS
        else "{A}{b}"
        if word in textables.TWO
        else " ("
    )
    drawn = minidom.parseString(mathml(check(f"\\{word}{arguments}")))
    assert "\\" not in drawn.toxml() or word == "backslash"


@pytest.mark.parametrize("name", textables.ENVIRONMENTS)
def test_every_environment_is_a_table(name: str) -> None:
    drawn = mathml(check(rf"\begin{{{name}}} a \\ b \end{{{name}}}"))
    assert drawn.count("<mtr>") == 2
    minidom.parseString(drawn)


def test_what_is_on_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match="no MathML for"):
        mathml(r"\input{x}")
    with pytest.raises(ValueError, match="no MathML for tabular"):
        mathml(r"\begin{tabular}x\end{tabular}")
    with pytest.raises(ValueError, match="'}' in 'x }'"):
        mathml("x }")
