"""The page's scripts under ESLint, as one text: they are one scope."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from gradcalc.render.page.assets import SCRIPTS
from helpers.browser import AXE, missing
from helpers.page import PAGE
from helpers.paths import ROOT

CONFIG = ROOT / "tests" / "page" / "eslint.config.cjs"


def linted(text: str) -> list[str]:
    """What ESLint says of a text, a line each."""
    modules = Path(os.environ.get(AXE, "")).parent.parent
    program = modules / ".bin" / "eslint"
    if not program.exists():
        missing(f"no ESLint: npm ci in tests/browser, and {AXE}=…/node_modules/axe-core/axe.min.js")
    ran = subprocess.run(
        [str(program), "--config", str(CONFIG), "--stdin", "--format", "json"],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    found = json.loads(ran.stdout)[0]["messages"]
    return [f"{one['line']}: {one['message']}" for one in found]


def test_the_scripts_are_clean() -> None:
    text = "\n".join((PAGE / name).read_text("utf-8") for name in SCRIPTS)
    assert linted(text) == []


def test_the_linter_would_say() -> None:
    found = linted("const a = b;\nif (a == 1) eval('2');\n")
    assert [line.partition(":")[0] for line in found] == ["1", "2", "2"]
