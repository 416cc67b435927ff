"""A report as static HTML for a notebook: the notebook sets the mathematics between dollar signs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradcalc.language.formula_pieces import Cell, Line, Names
from gradcalc.language.typography import for_terminal
from gradcalc.report.blocks import Block, Heading, Note, Paragraph, Report, Table
from gradcalc.report.lines import latex_math


def fragment(report: Report, drawing: str = "") -> str:
    """Headings, paragraphs and tables without scripts or styles; `drawing`, an SVG, under the title."""
    parts: list[str] = []
    for block in report.blocks:
        parts += _parts(block, report.names)
        if drawing and isinstance(block, Heading):
            parts.append(f"<div>{drawing}</div>")
            drawing = ""
    return "<div>" + "\n".join(parts) + "</div>"


def _parts(block: Block, names: Names) -> Iterator[str]:
    match block:
        case Heading(line, level):
            yield f"<h{level + 2}>{_line(line, names)}</h{level + 2}>"
        case Paragraph(line):
            yield f"<p>{_line(line, names)}</p>"
        case Note(kind, line):
            lead = {"error": "<b>Error:</b> ", "warning": "<b>Warning:</b> "}.get(kind, "")
            yield f"<p>{lead}{_line(line, names)}</p>"
        case Table(columns, rows):
            titles = "".join(f"<th>{_text(column.title)}</th>" for column in columns)
            body = "".join(
                "<tr>" + "".join(f"<td>{_cell(cell, names)}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            yield f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: Cell, names: Names) -> str:
    return "<br>".join(_line(line, names) for line in cell)


def _line(line: Line, names: Names) -> str:
    return "".join(
        _text(part) if isinstance(part, str) else f"${_tex(latex_math(part, names))}$"
        for part in line
    )


def _text(text: str) -> str:
    return escape(for_terminal(text)).replace(
        "$", "<span>$</span>"
    )  # alone in its element it begins no mathematics


def _tex(tex: str) -> str:
    return escape(tex, quote=False)
