"""Pages in a real browser: the distribution's Chromium, offline, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
AXE = "GRADCALC_AXE"  # holds the path of axe.min.js

# Notes each report of the content security policy, from the first byte of a page on.
_NOTE_REPORTS = """
window.policyReports = [];
document.addEventListener('securitypolicyviolation', event => window.policyReports.push(
    `${event.effectiveDirective}: ${event.blockedURI || event.sourceFile}`));
"""
# Puts "rule (n elements): how to mend the first one" in a line for each kind of violation.
_RUN_AXE = """
async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(found =>
    `${found.id} (${found.nodes.length}): ${found.nodes[0].html.slice(0, 200)} `
    + found.nodes[0].failureSummary.replace(/\\s+/g, ' '))
"""


def missing(what: str) -> None:
    """Skip a test that needs what a developer may not have. In CI it fails: nothing is skipped
    there unnoticed.
    """
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and in CI no test of the browser is skipped", pytrace=False)
    pytest.skip(what)


def chromium() -> str:
    """The path of the browser; skips where there is none."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        missing("no browser: install the package chromium")
    return str(found)


def axe_source() -> str:
    """The text of axe-core, which finds what is inaccessible; skips where there is none."""
    path = Path(os.environ.get(AXE, ""))
    if not path.is_file():
        missing(
            f"no axe-core: npm ci in tests/browser, and {AXE}=…/node_modules/axe-core/axe.min.js"
        )
    return path.read_text("utf-8")


@dataclass(frozen=True)
class Tab:
    """A tab without a network, and what happened in it: `errors` on the console or thrown,
    `requests` for anything but the page itself and `data:` addresses.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Page:
        """The page of a file."""
        self.page.goto(path.as_uri())
        return self.page

    def look(self, width: int, scheme: Any) -> None:
        """Make the window so many pixels wide, and its colours "light" or "dark"."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)

    @property
    def policy_reports(self) -> list[str]:
        """What the page's content security policy has forbidden, of the page that is open."""
        reports: list[str] = self.page.evaluate("window.policyReports")
        return reports

    @property
    def sideways(self) -> int:
        """How many pixels the page is wider than the window."""
        wider: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


def open_tab(browser: Browser, width: int, height: int, scheme: str, **options: Any) -> Tab:
    """A tab of a context of its own: `scheme` is "light" or "dark", the options are those of
    Playwright's `new_context`.
    """
    size: Any = {"width": width, "height": height}
    colors: Any = scheme
    context = browser.new_context(viewport=size, offline=True, color_scheme=colors, **options)
    context.add_init_script(_NOTE_REPORTS)
    tab = Tab(context.new_page())

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            tab.errors.append(message.text)

    def requested(request: Request) -> None:
        itself = request.is_navigation_request() and request.url.startswith("file:")
        if not itself and not request.url.startswith("data:"):
            tab.requests.append(request.url)

    tab.page.on("console", said)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("request", requested)
    return tab


def violations(page: Page, source: str) -> list[str]:
    """A line for each rule of axe-core that the page breaks."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(source)
    found: list[str] = page.evaluate(_RUN_AXE)
    return found
