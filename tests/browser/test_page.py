"""The page in a browser, offline: it walks to its end, its numbers are Python's, it marks as Python
does, and everybody can use it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcalc.app.shipped import titles
from gradcalc.derivation.step_model import Derivation
from helpers.browser import Tab
from helpers.played import DIGITS, derived, expected, off, page_of, shipped, walked

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAMPLE = ("ex1", "ex2", "ex3", "max-tie", "convolution-in-the-plane", *list(titles())[5::20])


@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_works_offline(
    name: str, tab: Callable[..., Tab], axe: Callable[[Page], list[str]], tmp_path: Path
) -> None:
    derivation = derived(shipped(name))
    path = tmp_path / f"{name}.html"
    path.write_text(page_of(derivation, DIGITS), "utf-8")
    one = tab()
    page = one.open(path)
    assert off(walked(page), expected(derivation)) == []
    assert marked(page, derivation) == []
    assert changed(page, name) == []
    assert (one.errors, one.requests, one.policy_reports) == ([], [], [])
    for width, scheme in ((1200, "light"), (320, "dark")):
        one.look(width, scheme)
        assert one.sideways <= 0
        assert axe(page) == []


def marked(page: Page, derivation: Derivation) -> list[tuple[str, str]]:
    """Printed answers that the page does not find right when they are typed."""
    found = []
    for number, answer in enumerate(derivation.solution.answers):
        if answer.text is None or answer.kind == "shape" or answer.where:
            continue
        question = page.locator(".question").nth(number)
        question.locator(".try .answer").fill(answer.text)
        question.locator(".ask").click()
        verdict = question.locator(".verdict").inner_text()
        if not verdict.startswith("✓ Right"):
            found.append((answer.text, verdict))
    return found


def changed(page: Page, name: str) -> list[object]:
    """Steps whose numbers are not those of `solve --set` after the first number is changed."""
    fields = page.locator(".change fieldset:has(.number) input[type=text]:not(:disabled)")
    if not fields.count():
        return []
    field = fields.first
    of = field.get_attribute("aria-label")
    value = float(field.input_value()) + 0.375
    field.fill(str(value))
    if page.locator(".change .said").inner_text() or (of or "").startswith("d"):
        return []  # refused for what is assumed, or an upstream gradient
    found = off(walked(page), expected(derived(shipped(name), (f"{of}={value!r}",))))
    page.locator(".reset").click()
    return list(found)
