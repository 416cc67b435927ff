"""A page of an exercise whose author means harm: none of its texts becomes a script, an element or an attribute."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcalc.exercise.load import exercise_from
from helpers.browser import Tab
from helpers.played import derived, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVIL = (
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    '" onfocus="window.ran = 1" autofocus x="',
    "' onclick='window.ran = 1' y='",
    "<!-- <script> ]]> --!>",
    "</title></style><svg/onload=window.ran=1>",
    "[a](javascript:window.ran=1) ![b](javascript:window.ran=1)",
    "\u2028\u2029\u202e\u2066\u200f gnp.\u202d",
    "&lt;script&gt;window.ran = 1&lt;/script&gt; &#x3c;b&#x3e;",
    "$</math><script>window.ran=1</script>$ $\\text{<img src=x onerror=window.ran=1>}$",
)

# What a page consists of: every element, and every attribute but data-…
ELEMENTS = """
    html head meta title style body main nav ol ul li a article header footer h1 h2 h3 h4 h5 h6 section div p span
    figure table thead tbody tr th td details summary button input label select option fieldset legend output textarea
    strong em b i code pre blockquote br hr dl dt dd img script
    math mrow mi mn mo mtext mfrac msup msub msubsup mover munder munderover mtable mtr mtd msqrt mroot mspace mpadded
    mphantom mstyle semantics
    svg g path line polyline polygon rect circle text tspan desc
"""
ATTRIBUTES = """
    lang dir charset http-equiv content name class id hidden type title role tabindex value min max step for href
    scope colspan open start selected checked disabled readonly rows placeholder autocomplete autocapitalize spellcheck
    autocorrect inputmode src alt
    aria-label aria-labelledby aria-live aria-describedby aria-disabled aria-invalid aria-hidden aria-current
    aria-pressed style xmlns display mathvariant stretchy fence separator form lspace rspace movablelimits accent
    accentunder columnalign rowspacing columnspacing displaystyle scriptlevel linethickness width height depth voffset
    minsize maxsize symmetric
    viewBox x y x1 x2 y1 y2 dx dy cx cy r rx ry d points fill stroke stroke-width font-size font-family font-style
    font-weight text-anchor transform stroke-dasharray stroke-linejoin textLength lengthAdjust xml:space
"""
FOUND = """([elements, attributes]) => [...document.querySelectorAll('*')].flatMap(one => [
    ...(elements.includes(one.localName) ? [] : [`<${one.localName}>`]),
    ...[...one.attributes]
        .filter(({name}) => !attributes.includes(name) && !/^data-[a-z]+$/.test(name))
        .map(({name}) => `<${one.localName} ${name}>`),
    ...[...one.attributes]
        .filter(({name, value}) => ['href', 'src'].includes(name) && !/^(#|data:image[/]|https?:)/.test(value))
        .map(({name, value}) => `<${one.localName} ${name}="${value}">`)])"""


def hostile(evil: str) -> str:
    """A page with that text wherever an author can write one."""
    data = {
        "title": evil,
        "text": f"{evil}\n\nLet *f* be `{evil}`.\n\n| {evil.replace('|', '')} |\n| --- |\n",
        "author": evil,
        "source": evil,
        "tags": [evil],
        "expression": "q = x + y\nf = q * z",
        "variables": {"x": {"description": evil}, "y": {}, "z": {}},
        "values": {"x": -2, "y": 5, "z": -4},
        "notation": {"latex": {"x": r"\text{<img onerror=1>}", "q": r"\text{</script>}"}},
        "questions": [
            {
                "ask": "df/dx",
                "text": evil,
                "mistakes": [{"answer": "x", "say": f"Said: {evil}", "points": 0.5}],
            },
            {"ask": "df/dz", "name": "last"},
        ],
    }
    return page_of(derived(exercise_from(json.loads(json.dumps(data)))))


def strange(page: Page) -> list[str]:
    """Elements, attributes and addresses that are not on the list."""
    found: list[str] = page.evaluate(FOUND, [ELEMENTS.split(), ATTRIBUTES.split()])
    return sorted(set(found))


@pytest.mark.parametrize("evil", EVIL)
def test_texts_stay_texts(evil: str, tab: Callable[..., Tab], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(hostile(evil), "utf-8")
    one = tab()
    page = one.open(path)
    assert page.locator("script").count() == 3  # the exercise, the language, the program
    scripts = page.evaluate("[...document.scripts].map(one => one.type)")
    assert scripts.count("") == 1
    page.locator(".bar .last").click()
    answer, verdict = page.locator(".answer").first, page.locator(".verdict").first
    answer.fill("x")  # the mistake, whose sentence is said
    answer.press("Enter")
    assert "Said: " in verdict.inner_text()
    answer.fill(evil)
    answer.press("Enter")
    for _ in range(6):
        if (hint := page.locator(".hint").first).is_visible():
            hint.click()
    page.locator(".change input[type=text]").first.fill(evil)
    page.locator(".copy .yaml").click()
    assert (
        evil.strip()[:8] in page.locator(".copy textarea").input_value() or not evil.isprintable()
    )
    assert strange(page) == []
    assert page.evaluate("window.ran") is None
    assert (one.errors, one.requests, one.policy_reports) == ([], [], [])


def test_what_is_strange_is_found(tab: Callable[..., Tab], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<iframe></iframe><p onclick='x'></p><a href='javascript:1'>a</a>", "utf-8")
    found = strange(tab().open(path))
    assert found == ['<a href="javascript:1">', "<iframe>", "<p onclick>"]
