"""The script and the style of the page: files of their own, put together in a fixed order."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from gradcalc.render.page.packing import packed, tight

SCRIPTS = (
    "numbers.js", "reader.js", "tensors.js", "evaluate.js", "mathematics.js", "verdict.js",
    "formats.js", "followed.js", "figure.js", "walk.js", "values.js", "check.js", "page.js",
)  # fmt: skip
STYLES = ("page.css",)


@cache
def script() -> str:
    """All of the script, in a scope of its own, without what only its readers need."""
    body = tight("\n".join(packed(_read(name)) for name in SCRIPTS))
    return f"(()=>{{'use strict';\n{body}\n}})();"


@cache
def style() -> str:
    """All of the style."""
    return "\n".join(packed(_read(name)) for name in STYLES)


def digest(text: str) -> str:
    """How a policy names a text: sha256-…"""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (files("gradcalc.render.page") / name).read_text(encoding="utf-8")
