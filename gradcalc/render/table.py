"""For the terminal: headings, grids, and records where a grid would not fit. Nothing is cut off at any width."""

from __future__ import annotations

import re

from rich.cells import cell_len

from gradcalc.derivation.answer_model import Solution
from gradcalc.language.formula_pieces import Cell, Line, Math, Names, continues
from gradcalc.render.terminal_text import Text, grid
from gradcalc.report.answer_report import compose_solution
from gradcalc.report.blocks import Block, Column, Heading, Note, Options, Paragraph, Report, Table
from gradcalc.report.lines import text_line

LONG = 200  # rows; beyond this nobody reads a grid
NARROW = 46  # below this a record's value stands under its title
GLUE = "\ue000"  # stands for a space at which no line is broken: all but those before an operator
_GLUE = re.compile(r" (?![-+−·∘=≈*/@<>≤≥≠]|\[)")
STYLES = {"error": "bold red", "warning": "yellow", "check": "green", "note": "dim"}


def render(item: Solution | Report, options: Options) -> str:
    """A report at `options.width` columns (at least 20), in colour or ASCII as the options say."""
    report = compose_solution(item, options) if isinstance(item, Solution) else item
    return _Page(report.names, options).draw(report.blocks)


def join(parts: list[str]) -> str:
    """Several exercises, with an empty line between them."""
    return "\n\n".join(parts)


class _Page:
    def __init__(self, names: Names, options: Options) -> None:
        self.names, self.ascii, self.width = names, options.ascii, max(20, options.width)
        self.color = options.color
        self.out: list[str] = []

    def draw(self, blocks: tuple[Block, ...]) -> str:
        for block in blocks:
            self.block(block)
        lines = [line.rstrip() for line in self.out]
        kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
        return "\n".join(kept).strip("\n")

    def block(self, block: Block) -> None:
        match block:
            case Heading(line, level):
                self.say(
                    self.text(line, "bold" if level > 1 else "bold underline"), before=level > 1
                )
            case Paragraph(line):
                self.say(self.text(line))
            case Note(kind, line):
                lead = {"error": "error: ", "warning": "warning: "}.get(kind, "")
                self.say(
                    Text(lead, STYLES[kind]).append(
                        self.text(line, STYLES[kind] if not lead else "")
                    )
                )
            case Table() if len(block.rows) > LONG:
                self.listing(block)
            case Table() if block.records or not self.grid(block):
                self.records(block)

    def text(self, line: Line, style: str = "", width: int = 10_000) -> Text:
        """A line; formulas of it that would fit in `width` hold together around their products."""
        out = ""
        for part in line:
            word = text_line((part,), self.names, self.ascii, width)
            if (
                isinstance(part, Math)
                and (glued := _GLUE.sub(GLUE, word))
                and _longest(glued) <= width
            ):
                word = glued
            out += word
        return Text(out, style)

    def print(self, text: Text | None = None) -> None:
        """A line, an empty one by default."""
        self.out += (text or Text()).drawn(self.color).split("\n")

    def say(self, text: Text, indent: int = 0, before: bool = False) -> None:
        if before:
            self.print()
        for line in self.wrapped(text, self.width - indent):
            self.print(Text(" " * indent).append(line))

    def wrapped(self, text: Text, width: int) -> list[Text]:
        return [line.replaced(GLUE, " ") for line in text.wrap(max(8, width))]

    def cell(self, cell: Cell) -> list[Text]:
        """The lines of a cell."""
        return [self.text(line, width=self.width // 2).replaced(GLUE, " ") for line in cell]

    def label(self, row: tuple[Cell, ...]) -> Text:
        """What names a row, on one line."""
        lines = self.cell(row[0])
        return _joined(lines, [True] * len(lines), " ")

    def grid(self, table: Table) -> bool:
        """Print a grid where it fits; False where it does not. A cell's lines go on one line where there is room, and
        columns that may stand aside follow below where there is none."""
        narrow = [i for i, column in enumerate(table.columns) if not column.aside]
        cells = [
            [(self.cell(cell), [continues(line) for line in cell]) for cell in row]
            for row in table.rows
        ]
        for kept in dict.fromkeys((tuple(range(len(table.columns))), tuple(narrow))):
            for between in (" ", "\n"):
                rows = [[_joined(*row[i], between) for i in kept] for row in cells]
                columns = [table.columns[i] for i in kept]
                if self.fits(columns, rows):
                    self.draw_grid(columns, rows)
                    for i in set(range(len(table.columns))) - set(kept):
                        self.aside(table, i)
                    return True
        return False

    def fits(self, columns: list[Column], rows: list[list[Text]]) -> bool:
        sizes = [
            max(
                cell_len(line)
                for text in (column.title, *(row[i].plain for row in rows))
                for line in text.split("\n")
            )
            for i, column in enumerate(columns)
        ]
        return sum(sizes) + 3 * len(sizes) + 1 <= self.width

    def draw_grid(self, columns: list[Column], rows: list[list[Text]]) -> None:
        titles, right = [column.title for column in columns], [column.right for column in columns]
        self.print()
        for line in grid(titles, right, rows, self.ascii):
            self.print(line)
        self.print()

    def aside(self, table: Table, i: int) -> None:
        self.say(Text(f"{table.columns[i].title}:"))
        rows = [(self.label(row), row[i]) for row in table.rows if row[i]]
        side = max(cell_len(name.plain) for name, _ in rows) + 5
        for name, cell in rows:
            self.entry(name.append(" " * (side - 5 - cell_len(name.plain)) + " = "), cell, side)
        self.print()

    def entry(self, lead: Text, cell: Cell, side: int) -> None:
        """A title and a cell beside it, or below it where there is little room."""
        below = self.width < max(NARROW, 2 * side)
        indent = 4 if below else side
        if below:
            self.say(lead, indent=2)
        width = self.width - indent
        lines = [
            piece for line in cell for piece in self.wrapped(self.text(line, width=width), width)
        ]
        for number, line in enumerate(lines):
            start = Text(" " * indent) if below or number else Text("  ").append(lead)
            self.print(start.padded(indent).append(line))

    def records(self, table: Table) -> None:
        """One row under another: its first cell as a heading, then title and value of every cell that is not empty."""
        titles = [column.title for column in table.columns[1:]]
        side = max(map(len, titles), default=0) + 4
        for row in table.rows:
            self.print()
            self.say(self.label(row))
            for title, cell in zip(titles, row[1:], strict=True):
                if cell:
                    self.entry(Text(title, "dim"), cell, side)
        self.print()

    def listing(self, table: Table) -> None:
        """A long table, a line a row: Rich would take seconds over it."""
        rows = [[text_line_of(cell, self.names, self.ascii) for cell in row] for row in table.rows]
        sizes = [max(cell_len(row[i]) for row in rows) for i in range(len(table.columns))]
        lines = [
            "  ".join(
                word + " " * (size - cell_len(word)) for word, size in zip(row, sizes, strict=True)
            )
            for row in rows
        ]
        self.out += ["", *lines, ""]


def _joined(lines: list[Text], continuing: list[bool], between: str) -> Text:
    """Lines of a cell as one text; those that continue a formula stand behind `between`."""
    out = Text()
    for number, (line, going) in enumerate(zip(lines, continuing, strict=True)):
        out.append((between if going else "\n") * bool(number)).append(line)
    return out


def text_line_of(cell: Cell, names: Names, ascii: bool) -> str:
    """A cell on one line."""
    return "  ".join(text_line(line, names, ascii).replace("\n", " ") for line in cell)


def _longest(text: str) -> int:
    return max(map(cell_len, text.replace("\n", " ").split(" ")))
