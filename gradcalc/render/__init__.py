"""Formats: a file each, found by its name and imported when it is asked for.

A format that is printed has `render(item, options) -> str` for one file, and `join(parts) -> str`
for several, with a line break and what else it likes between them. One that is exported is given
a handout or a picture, which app/export.py composes.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcalc.derivation.answer_model import Solution
    from gradcalc.report.answer_report import Failed, Options, Report

# What the formats share, and what makes no text of a solution alone.
TOOLS = frozenset(
    (
        "line_breaks",
        "table_widths",
        "terminal_cells",
        "handout_markdown",
        "drawing",
        "latex_document",
        "mathml",
        "tex_fonts",
        "typeset",
        "pdf",
        "png",
        "terminal_graph",
        "terminal_lanes",
        "player",
        "keyboard",
        "derivation_json",
        "marks_json",
    )
)

# Made by `export`; the others are printed.
EXPORTED = frozenset(("html", "latex", "page", "svg", "tikz"))


def printed() -> tuple[str, ...]:
    """The names of the formats that commands print in, the default first."""
    return ("table", *(name for name in formats() if name not in EXPORTED and name != "table"))


def formats() -> tuple[str, ...]:
    """The names of all formats, none of them imported."""
    return tuple(
        sorted(module.name for module in iter_modules(__path__) if module.name not in TOOLS)
    )


def load(name: str) -> ModuleType:
    """The module of a format. Raises ValueError for one there is not."""
    if name not in formats():
        raise ValueError(f"no format {name!r}; there are {', '.join(formats())}")
    return import_module(f"{__name__}.{name}")


def render_as(name: str, items: Sequence[Solution | Report | Failed], options: Options) -> str:
    """Several files in one format. Only json and jsonl take files that could not be read."""
    module = load(name)
    joined: str = module.join([module.render(item, options) for item in items])
    return joined
