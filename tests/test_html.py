"""Handouts as a page: formulas in MathML, nothing of strangers' but text, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from xml.dom import minidom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app import cli
from gradcalc.app.export import Export, export
from gradcalc.app.shipped import exercise_text, titles
from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.solve import solve
from gradcalc.exercise import markdown as md
from gradcalc.exercise import tex_commands as textables
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError
from gradcalc.render import html
from gradcalc.render.mathml import mathml
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.handout_model import Handout
from gradcalc.report.labels import Label

_TAGS = (
    "html head meta title style body article h1 h2 h3 h4 h5 h6 small p ol ul li div pre code em strong br img footer span table "
    "tr th td math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle "
    "mphantom"
)
_ATTRIBUTES = (
    "lang charset name content http-equiv type start class style alt src display displaystyle scriptlevel width stretchy form "
    "movablelimits lspace rspace mathvariant accent accentunder minsize maxsize linethickness"
)
TAGS, ATTRIBUTES = set(_TAGS.split()), set(_ATTRIBUTES.split())


@cache
def solved(name: str) -> Solution:
    return solve(parse_exercise(exercise_text(name), f"{name}.yaml"))


def titled(**texts: str) -> Handout:
    solution = solved("ex1")
    changed = replace(solution.graph.exercise, **texts)  # type: ignore[arg-type]
    return compose(replace(solution, graph=replace(solution.graph, exercise=changed)), Sheet())


class Reader(HTMLParser):
    """What is on a page: its text, and whatever may not be there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.wrong, self.open = "", [], []  # type: ignore[var-annotated]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [tag] * (tag not in TAGS) + [
            name for name, _ in attrs if name not in ATTRIBUTES
        ]
        self.wrong += [
            v
            for k, v in attrs
            if k == "src" and not (v or "").startswith("data:image/svg+xml;base64,")
        ]
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.wrong += [] if self.open and self.open.pop() == tag else [f"</{tag}>"]

    def handle_data(self, data: str) -> None:
        self.text += data


def labels(item: object) -> Iterator[str]:
    """All the TeX in a handout."""
    match item:
        case Label():
            yield item.latex
        case md.Formula():
            yield item.tex
        case tuple():
            for part in item:
                yield from labels(part)
        case _:
            for name in getattr(item, "__dataclass_fields__", ()):
                yield from labels(getattr(item, name))


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


@pytest.mark.parametrize("name", ["ex1", "ex2", "ex3", *list(titles())[::20]])
def test_pages_of_shipped_exercises(name: str) -> None:
    for tex in labels(compose(solved(name), Sheet())):
        minidom.parseString(mathml(tex))
    for sheet in (Sheet(), Sheet(solution=True)):
        page = export([solved(name)], "html", Export(sheet)).text
        read = Reader(page)
        assert (read.wrong, read.open) == ([], [])
        assert (
            "http" not in page.replace("http-equiv", "").replace("&#39;", "'")
            or solved(name).graph.exercise.text
        )


def test_the_sheet_has_room_and_the_key_has_answers() -> None:
    blank, key = (
        export([solved("ex1")], "html", Export(Sheet(solution=solution))).text
        for solution in (False, True)
    )
    assert blank.count('<li class="room" style="padding-bottom: 2cm">') == 6
    assert 'class="key"' not in blank.split("</style>")[1]
    assert key.count('<div class="key">') == 6
    assert Reader(key).text.count("With the upstream gradient:") == 4


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_strangers_texts_are_text(title: str, text: str) -> None:
    problems: list[SpanError] = []
    md.read(text, problems)
    if problems:
        text = text.replace("$", "")
    made = titled(title=title or "x", text=text, author=title, source=text)
    read = Reader(html.page([html.article(made, True)]))
    assert (read.wrong, read.open) == ([], [])


def test_links_are_printed_and_mathematics_of_other_scripts_does_not_begin() -> None:
    text = "See [here](https://example.org/a?b=1&c=2). <script>alert(1)</script> costs \\$5, \\\\(x\\\\)."
    page = html.article(titled(title="$x$ <b>", text=text), False)
    assert "here (<code>https://example.org/a?b=1&amp;c=2</code>)" in page
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; costs <span>$</span>5, <span>\\</span>(x<span>\\</span>)."
        in page
    )
    assert "<h1><span>$</span>x<span>$</span> &lt;b&gt; <small>" in page


def test_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", "exercises/ex1.yaml", "exercises/ex2.yaml", "--to", "html"]) == 0
    assert capsys.readouterr().out.count("<article>") == 2
