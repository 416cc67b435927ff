"""The script and the style of the page: files of their own, put together in a fixed order."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

SCRIPTS = (
    "numbers.js", "reader.js", "tensors.js", "evaluate.js", "mathematics.js", "verdict.js",
    "formats.js", "followed.js", "figure.js", "walk.js", "values.js", "check.js", "page.js",
)  # fmt: skip
STYLES = ("page.css",)


@cache
def script() -> str:
    """All of the script, in a scope of its own: lines that are a comment alone are left out, and
    the space before a line.
    """
    body = "\n".join(packed(_read(name)) for name in SCRIPTS)
    return f"(()=>{{'use strict';\n{body}\n}})();"


@cache
def style() -> str:
    """All of the style."""
    return "\n".join(packed(_read(name)) for name in STYLES)


def packed(text: str) -> str:
    """A file without what only its readers need; no literal in it goes over lines."""
    found: list[str] = []
    inside = False
    for line in (line.strip() for line in text.split("\n")):
        if inside or line.startswith("/*"):
            inside = not line.endswith("*/")
        elif line and not line.startswith("//"):
            found.append(line)
    return "\n".join(found)


def digest(text: str) -> str:
    """How a policy names a text: sha256-…"""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (files("gradcalc.render.page") / name).read_text(encoding="utf-8")
