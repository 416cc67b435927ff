"""Handouts as a page: formulas in MathML, nothing of strangers' but text, nothing loaded from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.dom import minidom

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.export import Export, export
from gradcalc.app.shipped import titles
from gradcalc.exercise import markdown as md
from gradcalc.language.errors import SpanError
from gradcalc.render import html
from gradcalc.render.mathml import mathml
from gradcalc.report.answer_report import compose_solution
from gradcalc.report.blocks import Options
from gradcalc.report.figure import Sheet
from gradcalc.report.handout import compose
from gradcalc.report.labels import Label
from helpers.handouts import solved, titled

_TAGS = (
    "html head meta title style body main article h1 h2 h3 h4 h5 h6 small p ol ul li div dl dt dd pre code em strong br hr img footer span "
    "figure svg g rect desc polyline polygon circle line text blockquote table thead tbody "
    "tr th td math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle "
    "mphantom"
)


_ATTRIBUTES = (
    "lang charset name content http-equiv type start class style alt src display displaystyle scriptlevel width stretchy form "
    "dir tabindex xmlns height viewbox role aria-label font-family font-size font-style fill stroke stroke-width stroke-linejoin "
    "stroke-dasharray x y rx r cx cy x1 x2 y1 y2 points transform textlength lengthadjust "
    "movablelimits lspace rspace mathvariant accent accentunder minsize maxsize linethickness"
)


TAGS, ATTRIBUTES = set(_TAGS.split()), set(_ATTRIBUTES.split())


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
        if tag not in ("meta", "br", "img", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self.wrong += [] if self.open and self.open.pop() == tag else [f"</{tag}>"]

    def handle_data(self, data: str) -> None:
        self.text += data


def labels(item: object) -> Iterator[str]:
    """All the TeX in a figure and a statement."""
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ex1", "ex2", "ex3", *list(titles())[::20]])
def test_pages_of_shipped_exercises(name: str) -> None:
    made = compose(solved(name), Sheet(solution=True))
    for tex in labels((made.statement, made.blank, made.solved)):
        minidom.parseString(mathml(tex))
    for sheet in (Sheet(), Sheet(solution=True)):
        page = export([solved(name)], "html", Export(sheet)).text
        read = Reader(page)
        assert (read.wrong, read.open) == ([], [])
        assert (
            "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
            or solved(name).graph.exercise.text
        )


def test_the_sheet_has_room_and_the_key_has_answers() -> None:
    blank, key = (
        export([solved("ex1")], "html", Export(Sheet(solution=solution))).text
        for solution in (False, True)
    )
    assert blank.count('<li style="padding-bottom: 2cm">') == 6
    assert 'class="key"' not in blank.split("</style>")[1]
    assert key.count('<div class="key">') == 6
    assert "−4" in Reader(key.split('<ol type="a"')[1]).text


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_strangers_texts_are_text(title: str, text: str) -> None:
    problems: list[SpanError] = []
    md.read(text, problems)
    if problems:
        text = text.replace("$", "")
    made = titled(title=title or "x", text=text, author=title, source=text)
    read = Reader(html.page([html.article(made)], title, "en"))
    assert (read.wrong, read.open) == ([], [])


def test_links_are_printed_and_mathematics_of_other_scripts_does_not_begin() -> None:
    text = "See [here](https://example.org/a?b=1&c=2). <script>alert(1)</script> costs \\$5, \\\\(x\\\\)."
    page = html.article(titled(title="$x$ <b>", text=text))
    assert "here (<code>https://example.org/a?b=1&amp;c=2</code>)" in page
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; costs <span>$</span>5, <span>\\</span>(x<span>\\</span>)."
        in page
    )
    assert '<h1 dir="auto"><span>$</span>x<span>$</span> &lt;b&gt; <small>' in page


def test_language_and_direction_of_the_page() -> None:
    page = html.render(titled(lang="ar", title="x"))
    assert '<html lang="ar" dir="rtl">' in page
    assert '<html lang="de" dir="ltr">' in html.render(titled(lang="de"))


def test_no_level_of_heading_is_left_out() -> None:
    page = html.article(titled(text="### a\n\n###### b\n\n# c\n"))
    assert re.findall(r"<h(\d)", page) == ["1", "2", "3", "2"]


def test_a_minus_before_a_number_is_no_minus_between_two() -> None:
    minus = '<mo form="prefix" lspace="0" rspace="0">−</mo>'
    assert f"<mo>=</mo>{minus}<mn>4</mn>" in mathml("z = -4")
    assert "<mi>a</mi><mo>−</mo><mn>4</mn>" in mathml("a - 4")


def test_a_figure_for_paper_and_one_for_a_telephone() -> None:
    page = html.article(titled())
    assert page.count("<svg ") == 2
    assert " id=" not in page


def test_what_stands_between_backticks_is_code() -> None:
    page = html.fragment(compose_solution(solved("ex3"), Options()))
    assert "<code>W1 @ x</code>" in page
    assert "`" not in page
