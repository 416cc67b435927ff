"""The site that is built from README.md and docs/ (extra `docs`): it has every page and loads nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from helpers.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs the extra docs"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with warnings as errors: links and anchors that lead nowhere, pages that are in no list."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "GRADCALC_PAGES": "1"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / page.stem / "index.html").exists(), page.name
    assert "Beside other tools" in (site / "index.html").read_text("utf-8")
    assert "ex1" in (site / "exercises" / "index.html").read_text("utf-8")


def test_the_gallery_links_to_its_pages(site: Path) -> None:
    """Of which this test makes the first."""
    text = (site / "pages" / "index.html").read_text("utf-8")
    made = sorted(path.name for path in (site / "pages").glob("*.html"))
    assert made == ["ex1.html", "index.html"]
    assert 'href="ex1.html"' in text
    assert 'href="../exercises/ex3.yaml"' in text
    assert '<article class="play"' in (site / "pages" / "ex1.html").read_text("utf-8")


def test_links_out_of_the_pages_lead_to_files(site: Path) -> None:
    assert (site / "exercises" / "ex1.yaml").exists()
    assert (site / "examples" / "gradcalc.ipynb").exists()
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for target in re.findall(r'(?:href|src)="([^"#?]+)', page.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loading = re.compile(
        r'<(?:script|img|iframe)[^>]* src="(https?:[^"]*)"|<link[^>]* href="(https?:[^"]*)"'
    )
    for page in site.rglob("*.html"):
        assert loading.findall(page.read_text("utf-8")) == [], page


def test_code_in_tables_has_no_backslashes(site: Path) -> None:
    text = unescape((site / "index.html").read_text("utf-8"))
    assert "<code>--detail brief|normal|full</code>" in text
