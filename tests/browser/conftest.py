"""What the tests in the browser share. Without a browser they are skipped; in CI they fail."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from helpers.browser import Tab, axe_source, chromium, missing, open_tab, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    if importlib.util.find_spec("playwright") is None:
        missing("no Playwright: pip install -e '.[dev]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Makes tabs: `tab(width=400, scheme="dark")`. Each is closed at the end of its test."""
    made: list[Tab] = []

    def new(width: int = 1200, height: int = 900, scheme: str = "light", **options: Any) -> Tab:
        made.append(open_tab(browser, width, height, scheme, **options))
        return made[-1]

    yield new
    for one in made:
        one.page.context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Says what is inaccessible on a page, a line for each rule that it breaks."""
    source = axe_source()
    return lambda page: violations(page, source)
