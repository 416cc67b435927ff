"""For the terminal: headings, grids, and records where a grid would not fit. Nothing is cut off at any width."""

from __future__ import annotations

import re
from io import StringIO

from rich.box import ASCII2, SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from gradcalc.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Formula,
    Heading,
    Line,
    Math,
    Names,
    Note,
    Options,
    Paragraph,
    Report,
    Table,
    continues,
)
from gradcalc.render.inline import text_line
from gradcalc.report import compose_solution
from gradcalc.solve import Solution

LONG = 200  # rows; beyond this Rich takes seconds, and nobody reads a grid
NARROW = 46  # below this a record's value stands under its title
GLUE = "\ue000"  # stands for a space at which no line is broken: all but those before an operator
_GLUE = re.compile(r" (?![-+−·∘=≈*/@<>≤≥≠]|\[)")
STYLES = {"error": "bold red", "warning": "yellow", "check": "green", "note": "dim"}


def render(item: Solution | Report, options: Options) -> str:
    """A report at `options.width` columns (at least 20), in colour or ASCII as the options say."""
    report = compose_solution(item, options) if isinstance(item, Solution) else item
    return _Page(report.names, options).draw(report.blocks)


def join(parts: list[str]) -> str:
    return "\n\n".join(parts)


class _Page:
    def __init__(self, names: Names, options: Options) -> None:
        self.names, self.ascii, self.width = names, options.ascii, max(20, options.width)
        self.console = Console(
            file=StringIO(), width=self.width, force_terminal=options.color, no_color=not options.color,
            color_system="standard" if options.color else None, markup=False, highlight=False, emoji=False, legacy_windows=False,
        )  # fmt: skip

    def draw(self, blocks: tuple[Block, ...]) -> str:
        with self.console.capture() as capture:
            for block in blocks:
                self.block(block)
        lines = [line.rstrip() for line in capture.get().splitlines()]
        kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
        return "\n".join(kept).strip("\n")

    def block(self, block: Block) -> None:
        match block:
            case Heading(line, level):
                self.say(self.text(line, "bold" if level > 1 else "bold underline"), before=level > 1)
            case Paragraph(line):
                self.say(self.text(line))
            case Formula(math):
                self.say(self.text((math,)), indent=2)
            case Note(kind, line):
                lead = {"error": "error: ", "warning": "warning: "}.get(kind, "")
                self.say(
                    Text(lead, STYLES[kind] if lead else "").append_text(
                        self.text(line, STYLES[kind] if not lead else "")
                    )
                )
            case Table() if len(block.rows) > LONG:
                self.listing(block)
            case Table() if block.records or not self.grid(block):
                self.records(block)
            case Figure():
                pass

    def text(self, line: Line, style: str = "", width: int = 10_000) -> Text:
        """A line; formulas of it that would fit in `width` hold together around their products."""
        out = ""
        for part in line:
            word = text_line((part,), self.names, self.ascii, width)
            if isinstance(part, Math) and (glued := _GLUE.sub(GLUE, word)) and _longest(glued) <= width:
                word = glued
            out += word
        return Text(out, style)

    def say(self, text: Text, indent: int = 0, before: bool = False) -> None:
        if before:
            self.console.print()
        for line in self.wrapped(text, self.width - indent):
            self.console.print(Text(" " * indent).append_text(line), soft_wrap=True)

    def wrapped(self, text: Text, width: int) -> list[Text]:
        lines = list(text.wrap(self.console, max(8, width), overflow="fold"))
        for line in lines:
            line.plain = line.plain.replace(GLUE, " ")
        return lines

    def cell(self, cell: Cell) -> list[Text]:
        """The lines of a cell."""
        lines = [self.text(line, width=self.width // 2) for line in cell]
        for line in lines:
            line.plain = line.plain.replace(GLUE, " ")
        return lines

    def label(self, row: tuple[Cell, ...]) -> Text:
        """What names a row, on one line."""
        lines = self.cell(row[0])
        return _joined(lines, [True] * len(lines), " ")

    def grid(self, table: Table) -> bool:
        """Print a grid where it fits; False where it does not. A cell's lines go on one line where there is room, and
        columns that may stand aside follow below where there is none."""
        narrow = [i for i, column in enumerate(table.columns) if not column.aside]
        cells = [[(self.cell(cell), [continues(line) for line in cell]) for cell in row] for row in table.rows]
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
            max(cell_len(line) for text in (column.title, *(row[i].plain for row in rows)) for line in text.split("\n"))
            for i, column in enumerate(columns)
        ]
        return sum(sizes) + 3 * len(sizes) + 1 <= self.width

    def draw_grid(self, columns: list[Column], rows: list[list[Text]]) -> None:
        tall = any("\n" in text.plain for row in rows for text in row)
        grid = Grid(
            box=ASCII2 if self.ascii else SIMPLE_HEAD, show_edge=self.ascii, header_style="dim",
            leading=int(tall and not self.ascii), show_lines=tall and self.ascii,
        )  # fmt: skip
        for column in columns:
            grid.add_column(Text(column.title), justify="right" if column.right else "left", no_wrap=True)
        for row in rows:
            grid.add_row(*row)
        self.console.print()
        self.console.print(grid)
        self.console.print()

    def aside(self, table: Table, i: int) -> None:
        self.say(Text(f"{table.columns[i].title}:"))
        rows = [(self.label(row), row[i]) for row in table.rows if row[i]]
        side = max(cell_len(name.plain) for name, _ in rows) + 5
        for name, cell in rows:
            self.entry(name.append(" " * (side - 5 - cell_len(name.plain)) + " = "), cell, side)
        self.console.print()

    def entry(self, lead: Text, cell: Cell, side: int) -> None:
        """A title and a cell beside it, or below it where there is little room."""
        below = self.width < max(NARROW, 2 * side)
        indent = 4 if below else side
        if below:
            self.say(lead, indent=2)
        width = self.width - indent
        lines = [piece for line in cell for piece in self.wrapped(self.text(line, width=width), width)]
        for number, line in enumerate(lines):
            start = Text(" " * indent) if below or number else Text("  ").append_text(lead)
            start.append(" " * (indent - cell_len(start.plain)))
            self.console.print(start.append_text(line), soft_wrap=True)

    def records(self, table: Table) -> None:
        """One row under another: its first cell as a heading, then title and value of every cell that is not empty."""
        titles = [column.title for column in table.columns[1:]]
        side = max(map(len, titles), default=0) + 4
        for row in table.rows:
            self.console.print()
            self.say(self.label(row))
            for title, cell in zip(titles, row[1:], strict=True):
                if cell:
                    self.entry(Text(title, "dim"), cell, side)
        self.console.print()

    def listing(self, table: Table) -> None:
        """A long table, a line a row: Rich would take seconds over it."""
        rows = [[text_line_of(cell, self.names, self.ascii) for cell in row] for row in table.rows]
        sizes = [max(cell_len(row[i]) for row in rows) for i in range(len(table.columns))]
        lines = (
            "  ".join(word + " " * (size - cell_len(word)) for word, size in zip(row, sizes, strict=True))
            for row in rows
        )
        self.console.print()
        self.console.out("\n".join(lines), highlight=False)
        self.console.print()


def _joined(lines: list[Text], continuing: list[bool], between: str) -> Text:
    """Lines of a cell as one text; those that continue a formula stand behind `between`."""
    out = Text()
    for number, (line, going) in enumerate(zip(lines, continuing, strict=True)):
        out.append((between if going else "\n") * bool(number)).append_text(line)
    return out


def text_line_of(cell: Cell, names: Names, ascii: bool) -> str:
    """A cell on one line."""
    return "  ".join(text_line(line, names, ascii).replace("\n", " ") for line in cell)


def _longest(text: str) -> int:
    return max(map(cell_len, text.replace("\n", " ").split(" ")))
