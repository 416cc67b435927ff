"""For the terminal, through Rich: headings, tables, records, notes. Nothing is cut off at any
width.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from gradcalc.derivation.answer_model import Solution
from gradcalc.language.formula_pieces import Cell, Line, Names
from gradcalc.render.line_breaks import HANG, open_ends
from gradcalc.render.table_widths import GAP, Plan, plan
from gradcalc.render.terminal_cells import HEAD, HEAD_ASCII, LEAST, Drawn, terminal, wrapped
from gradcalc.report.blocks import Block, Heading, Note, Options, Paragraph, Report, Table
from gradcalc.report.lines import text_line
from gradcalc.report.terminal_report import compose_terminal

LONG = 200  # rows; beyond this nobody reads a grid
NARROW = 24  # columns; with fewer beside its title a value stands under it
STYLES = {
    "error": "bold red",
    "failed": "bold red",
    "warning": "bold yellow",
    "check": "green",
    "note": "dim",
}
ANSWER, TITLE, HEADING, LABEL = "bold", "bold underline", "underline", "dim"
_END = re.compile(r"[ ]+$", re.M)


def render(item: Solution | Report, options: Options) -> str:
    """A report at `options.width` columns (at least 20), in colour or ASCII as the options say."""
    report = compose_terminal(item, options) if isinstance(item, Solution) else item
    return _Page(report.names, options).draw(report.blocks)


def join(parts: list[str]) -> str:
    """Several exercises, with an empty line between them."""
    return "\n\n".join(parts)


class _Page:
    def __init__(self, names: Names, options: Options) -> None:
        self.names, self.ascii, self.width = names, options.ascii, max(LEAST, options.width)
        self.console = terminal(self.width, options.color)

    def draw(self, blocks: tuple[Block, ...]) -> str:
        with self.console.capture() as said:
            for before, block in zip((None, *blocks), blocks, strict=False):
                if isinstance(block, Table) and not (
                    isinstance(before, Heading) and before.level > 1
                ):
                    self.console.print()
                for part in self.block(block):
                    self.console.print(part)
        lines = _END.sub("", said.get()).split("\n")
        kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
        return "\n".join(kept).strip("\n")

    def block(self, block: Block) -> Iterator[RenderableType]:
        match block:
            case Heading(line, level):
                if level > 1:
                    yield ""
                yield self.drawn((line,), HEADING if level > 1 else TITLE)
            case Paragraph(line):
                yield self.drawn((line,))
            case Note(kind, line):
                yield self.note(kind, line)
            case Table() if len(block.rows) > LONG:
                yield from self.listing(block)
            case Table(records=True):
                yield from self.records(block)
            case Table():
                yield from self.table(block)

    def drawn(self, cell: Cell, style: str = "", joined: bool = True) -> Drawn:
        return Drawn(cell, self.names, self.ascii, style, joined)

    def note(self, kind: str, line: Line) -> RenderableType:
        lead = f"{kind}: " if kind in ("error", "warning") else ""
        if not lead:
            return self.drawn((line,), STYLES[kind])
        text = Text("\n".join(self.drawn(((lead, *line),)).lines(self.width)))
        text.stylize(STYLES[kind], 0, len(lead))
        return text

    # ---- tables

    def table(self, block: Table) -> Iterator[RenderableType]:
        """Columns where they fit; what does not fit, and what explains a row, stands below it."""
        rows = [
            [
                self.drawn(cell, ANSWER if column.answer else "")
                for column, cell in zip(block.columns, row, strict=True)
            ]
            for row in block.rows
        ]
        laid = plan(block.columns, rows, self.width)
        if laid is None:
            yield from self.records(block)
            return
        apart = not block.tight and any(
            any(laid.below[n])
            or max(len(cell.lines(laid.widths[i])) for i, cell in laid.beside(row, n)) > 1
            for n, row in enumerate(rows)
        )
        grid = self.grid(block, laid, head=True)
        for number, row in enumerate(rows):
            if number and apart:
                yield from (grid,) if grid.row_count or not number else ()
                yield ""
                grid = self.grid(block, laid)
            shown = dict(laid.beside(row, number))
            if number in laid.spans:
                yield from (grid,) if grid.row_count or not number else ()
                yield from self.span(laid, row[0], row[laid.spans[number]])
                grid = self.grid(block, laid)
            else:
                grid.add_row(*(shown.get(i, "") for i in laid.widths))
            if laid.below[number] or number in laid.spans:
                yield grid
                grid = self.grid(block, laid)
                for i in laid.below[number]:
                    yield self.entry(block.columns[i].title, row[i], laid.indent, laid.side)
        if grid.row_count:
            yield grid
        yield ""

    def grid(self, block: Table, laid: Plan, head: bool = False) -> Grid:
        box = HEAD_ASCII if self.ascii else HEAD
        made = Grid(
            box=box,
            show_header=head,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1),
            header_style=LABEL,
            border_style=LABEL,
        )
        for i, width in laid.widths.items():
            column = block.columns[i]
            made.add_column(
                Text(column.title),
                width=width,
                no_wrap=True,
                justify="right" if column.right else "left",
            )
        return made

    def span(self, laid: Plan, name: Drawn, value: Drawn) -> Iterator[RenderableType]:
        """A row of which one cell takes the rest of the line; all of the next line where only there
        it is not broken in its brackets.
        """
        room = self.width - laid.indent
        beside, below = value.lines(room), value.lines(self.width - HANG)
        if open_ends(beside) > open_ends(below):
            yield name
            yield Text("\n".join(" " * HANG + line for line in below), value.style)
            return
        made = Grid(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
        made.add_column(width=laid.widths[0], no_wrap=True)
        made.add_column(width=room, no_wrap=True)
        made.add_row(name, value)
        yield made

    def entry(self, title: str, value: Drawn, indent: int, side: int) -> RenderableType:
        """A title and what belongs to it beside it; below it where there is little room, or where
        only there an array is not elided and a formula not broken in its brackets.
        """
        places = [indent + side, indent + HANG, HANG]
        if self.width - indent - side < NARROW:
            del places[0]
        found = [value.lines(self.width - place) for place in places]
        wide = [value.solid and value.natural > self.width - place for place in places]
        best = min(range(len(places)), key=lambda k: (wide[k], open_ends(found[k]), k))
        at, lines = places[best], found[best]
        text = Text(" " * indent).append(title.ljust(side) if at == indent + side else title, LABEL)
        for number, line in enumerate(lines):
            text.append("\n" + " " * at if number or at < indent + side else "")
            text.append(line, value.style)
        return text

    def records(self, block: Table) -> Iterator[RenderableType]:
        """One row under another: its first cell as a heading, then title and value of every cell
        that is not empty.
        """
        columns = block.columns[1:]
        side = max((cell_len(column.title) for column in columns), default=0) + 2
        for row in block.rows:
            yield ""
            yield self.drawn(row[0], ANSWER)
            for column, cell in zip(columns, row[1:], strict=True):
                if cell:
                    made = self.drawn(
                        cell, ANSWER if column.answer else "", joined=not block.records
                    )
                    yield self.entry(column.title, made, 2, side)
        yield ""

    def listing(self, block: Table) -> Iterator[RenderableType]:
        """A long table, a line a row: Rich would take seconds over a grid of it."""
        rows = [[self.on_one_line(cell) for cell in row] for row in block.rows]
        sizes = [max(cell_len(row[i]) for row in rows) for i in range(len(block.columns))]
        lines = [
            "  ".join(
                word + " " * (size - cell_len(word)) for word, size in zip(row, sizes, strict=True)
            )
            for row in rows
        ]
        yield ""
        yield Text(
            "\n".join(piece for line in lines for piece in wrapped(line.rstrip(), self.width))
        )
        yield ""

    def on_one_line(self, cell: Cell) -> str:
        return "  ".join(
            text_line(line, self.names, self.ascii).replace("\n", " ") for line in cell
        )
