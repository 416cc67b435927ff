"""Handouts in a browser: for a telephone and for a desk, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcalc.app.export import Export, export
from gradcalc.report.figure import Sheet
from helpers.browser import Tab
from helpers.handouts import solved

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Axe = Callable[["Page"], list[str]]
# Width in pixels and colours; 320 is a window of 1,280 at 400 %.
VIEWS = ((320, "light"), (400, "light"), (400, "dark"), (1200, "light"), (1200, "dark"))


def faults(tab: Tab, path: Path, axe: Axe) -> Iterator[str]:
    """What is wrong with a page in a view."""
    page = tab.open(path)
    if tab.sideways > 0:
        yield f"scrolls sideways by {tab.sideways} px"
    yield from (f"policy: {report}" for report in tab.policy_reports)
    levels = page.eval_on_selector_all("h1,h2,h3,h4,h5,h6", "all => all.map(h => +h.tagName[1])")
    yield from (
        f"a heading {level} after {before}"
        for before, level in zip([0, *levels], levels, strict=False)
        if level > before + 1
    )
    yield from axe(page)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ex1", "ex2", "ex3"])
def test_pages_are_narrow_accessible_and_quiet(
    name: str, tab: Callable[..., Tab], axe: Axe, tmp_path: Path
) -> None:
    for solution in (False, True):
        path = tmp_path / f"{name}-{solution}.html"
        path.write_text(export([solved(name)], "html", Export(Sheet(solution))).text, "utf-8")
        for width, scheme in VIEWS:
            one = tab(width=width, scheme=scheme)
            assert list(faults(one, path, axe)) == [], (width, scheme, solution)
            assert (one.errors, one.requests) == ([], [])


def test_a_tab_hears_what_a_page_does(tab: Callable[..., Tab], axe: Axe, tmp_path: Path) -> None:
    """The tests that find nothing wrong would find it."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\"><img src='x.png'>"
        "<div style='width: 2000px'>wide</div><link rel='stylesheet' href='https://example.org/a.css'>"
        "<script>console.error('no')</script><script>undefined.x</script>",
        "utf-8",
    )
    one = tab(width=400)
    found = list(faults(one, path, axe))
    assert any("sideways" in fault for fault in found)
    assert any(fault.startswith("policy: img-src") for fault in found)
    assert any(fault.startswith("image-alt (1)") for fault in found)
    assert "https://example.org/a.css" in one.requests
    assert any(error == "no" for error in one.errors)
    assert any("undefined" in error for error in one.errors)
