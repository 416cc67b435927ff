"""Handouts in a browser: for a telephone and for a desk, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradcalc.app.export import Export, export
from gradcalc.app.shipped import titles
from gradcalc.report.figure import Sheet
from helpers.browser import Tab
from helpers.handouts import KEY, solved

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Axe = Callable[["Page"], list[str]]
# Width in pixels and colours; 320 is a window of 1,280 at 400 %.
VIEWS = ((320, "dark"), (1200, "light"))

PORTIONS = 4  # of the exercises, for as many processes


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
@pytest.mark.parametrize("solution", [False, True], ids=["sheet", "key"])
def test_pages_are_accessible_by_day_and_by_night(
    solution: bool, tab: Callable[..., Tab], axe: Axe, tmp_path: Path
) -> None:
    """Of a page with exercises of all kinds, which breaks no rule of axe-core."""
    names = ["ex1", "ex2", "ex3", *list(titles())[::16]]
    path = tmp_path / "page.html"
    wanted = Export(Sheet(solution))
    path.write_text(export([solved(name) for name in names], "html", wanted).text, "utf-8")
    one = tab()
    for width, scheme in VIEWS:
        one.look(width, scheme)
        assert list(faults(one, path, axe)) == [], (width, scheme)
    assert (one.errors, one.requests) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("start", range(PORTIONS))
def test_no_page_scrolls_sideways(start: int, tab: Callable[..., Tab], tmp_path: Path) -> None:
    """The key of each exercise, which has all that its sheet has. Wide formulas scroll by
    themselves.
    """
    one, wide = tab(), []
    for name in list(titles())[start::PORTIONS]:
        path = tmp_path / f"{name}.html"
        path.write_text(export([solved(name)], "html", Export(KEY)).text, "utf-8")
        one.open(path)
        for width in (320, 400, 1200):
            one.look(width, "light")
            wide += [(name, width, one.sideways)] * (one.sideways > 0)
    assert (wide, one.errors, one.requests) == ([], [], [])


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
