"""Markdown with $…$: headings, pipe tables, and lists where rows are long. Text from authors is
escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gradcalc.derivation.answer_model import Solution
from gradcalc.language.formula_pieces import Cell, Line, Names, continues
from gradcalc.language.typography import for_terminal, to_ascii
from gradcalc.report.answer_report import compose_solution
from gradcalc.report.blocks import Block, Heading, Note, Options, Paragraph, Report, Table
from gradcalc.report.lines import latex_math

_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "[": "&#91;",
    "$": "&#36;",
}  # \[ and \( would begin mathematics
_SPECIAL = re.compile(r"([\\`*_~|])")
_LEAD = re.compile(r"^(\s*)(?:([-+=#])|(\d+)(?=[.)]\s))")


def render(item: Solution | Report, options: Options) -> str:
    """A solution or a report as Markdown."""
    report = compose_solution(item, options) if isinstance(item, Solution) else item
    text = "\n\n".join(part for block in report.blocks for part in _parts(block, report.names))
    return to_ascii(text) if options.ascii else text


def join(parts: list[str]) -> str:
    """Several exercises, with a rule between them."""
    return "\n\n---\n\n".join(parts)


def escape(text: str) -> str:
    """Text that Markdown prints as it stands."""
    safe = _SPECIAL.sub(r"\\\1", for_terminal(text))
    safe = "".join(_ENTITIES.get(char, char) for char in safe)
    return _LEAD.sub(
        lambda match: f"{match[1]}\\{match[2]}" if match[2] else f"{match[1]}{match[3]}\\", safe
    )


def _parts(block: Block, names: Names) -> Iterator[str]:
    match block:
        case Heading(line, level):
            yield "#" * level + " " + _line(line, names)
        case Paragraph(line):
            yield _line(line, names)
        case Note(kind, line):
            lead = {"error": "**Error:** ", "warning": "**Warning:** "}.get(kind, "")
            yield f"> {lead}{_line(line, names)}"
        case Table(records=True):
            yield from _records(block, names)
        case Table():
            yield "\n".join(_grid(block, names))


def _line(line: Line, names: Names) -> str:
    return "".join(
        escape(part) if isinstance(part, str) else f"${latex_math(part, names)}$" for part in line
    )


def _cell(cell: Cell, names: Names, between: str) -> str:
    out = ""
    for line in cell:
        out += (" " if continues(line) else between) * bool(out) + _line(line, names)
    return out


def _grid(table: Table, names: Names) -> Iterator[str]:
    yield "| " + " | ".join(escape(column.title) for column in table.columns) + " |"
    yield "|" + "|".join(" ---: " if column.right else " --- " for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell, names, "<br>") for cell in row) + " |"


def _records(table: Table, names: Names) -> Iterator[str]:
    for row in table.rows:
        yield "### " + _cell(row[0], names, " ")
        yield "\n".join(
            f"- {escape(column.title)}: {_cell(cell, names, '; ')}"
            for column, cell in zip(table.columns[1:], row[1:], strict=True)
            if cell
        )
