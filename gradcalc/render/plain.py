"""One fact a line, formulas in the expression language: for grep, diff and pasting back."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.derivation.answer_model import Solution
from gradcalc.language.formula_pieces import Cell, continues
from gradcalc.language.typography import to_ascii
from gradcalc.report.answer_report import compose_solution
from gradcalc.report.blocks import Block, Heading, Note, Options, Paragraph, Report, Table
from gradcalc.report.lines import plain_line


def render(item: Solution | Report, options: Options) -> str:
    """Each row of a table becomes lines `name title: cell`."""
    report = compose_solution(item, options) if isinstance(item, Solution) else item
    text = "\n".join(line for block in report.blocks for line in _lines(block))
    return to_ascii(text) if options.ascii else text


def join(parts: list[str]) -> str:
    """Several exercises, with an empty line between them."""
    return "\n\n".join(parts)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(line, level):
            yield f"{'#' * level} {plain_line(line)}"
        case Paragraph(line):
            yield plain_line(line)
        case Note(kind, line):
            lead = f"{kind}: " if kind in ("error", "warning", "note") else ""
            yield lead + plain_line(line)
        case Table(columns, rows):
            for row in rows:
                name = " ".join(map(plain_line, row[0]))
                facts = [
                    (column.title, _joined(cell))
                    for column, cell in zip(columns[1:], row[1:], strict=True)
                    if cell
                ]
                yield from (f"{name} {title}: {fact}" for title, fact in facts)
                if not facts:
                    yield name


def _joined(cell: Cell) -> str:
    """The lines of a cell as one."""
    out = ""
    for line in cell:
        out += (
            plain_line(line) if not out else (" " if continues(line) else "; ") + plain_line(line)
        )
    return out
