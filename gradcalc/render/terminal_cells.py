"""What stands on a terminal, as Rich draws it: lines of text with formulas in them, broken where
they may be.

Drawn(cell, names, ascii, style)   a renderable; how wide it wants to be, and its lines at a width
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.box import Box
from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

from gradcalc.language.formula_pieces import Cell, Line, Math, Names, Values, continues
from gradcalc.render import line_breaks
from gradcalc.report.lines import depends_on_width, text_line

UNBOUND = 10_000  # columns, where a text is to stand as it is
LEAST = 20  # columns of the narrowest terminal that is filled
GLUE = "\ue000"  # stands for a space at which no line is broken
HEAD = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
HEAD_ASCII = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def terminal(width: int, color: bool) -> Console:
    """A console that writes into memory and asks nothing of the machine it runs on."""
    return Console(
        file=io.StringIO(),
        width=max(LEAST, width),
        height=100,
        force_terminal=color,
        force_jupyter=False,
        force_interactive=False,
        color_system="standard" if color else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )


class Drawn:
    """A cell. `joined`: lines that continue a formula stand behind it where there is room."""

    def __init__(
        self, cell: Cell, names: Names, ascii: bool = False, style: str = "", joined: bool = True
    ) -> None:
        self.cell, self.names, self.ascii, self.style = cell, names, ascii, style
        self.joined = joined
        self.parts = tuple(self.runs())
        self.texts: dict[int, str] = {}  # what stands the same at every width, typeset
        self.found: dict[int, list[str]] = {}  # the lines, by width
        self.whole = self.broken(UNBOUND)
        self.natural = max(map(cell_len, self.whole), default=0)

    @property
    def solid(self) -> bool:
        """Whether it cannot be broken: an array."""
        alone = [part for line in self.cell for part in line if isinstance(part, Math)]
        return any(
            isinstance(piece, Values) and isinstance(piece.value, list)
            for math in alone
            for piece in math.pieces
        )

    def lines(self, width: int) -> list[str]:
        """At most `width` cells wide. What fits, a line a part, is not typeset again."""
        if self.natural <= width and len(self.whole) == len(self.parts):
            return self.whole
        if width not in self.found:
            self.found[width] = self.broken(width)
        return self.found[width]

    def broken(self, width: int) -> list[str]:
        """Typeset at most `width` cells wide."""
        found = (piece for line in self.parts for piece in self.flow(line, width))
        return [piece for line in found for piece in _cut(line, width)]

    def runs(self) -> Iterator[Line]:
        """The lines of the cell, those that continue a formula joined to it."""
        run: Line = ()
        for line in self.cell:
            if run and self.joined and continues(line) and _formula(run):
                run = (*run, " ", *line)
            else:
                if run:
                    yield run
                run = line
        if run:
            yield run

    def flow(self, line: Line, width: int) -> list[str]:
        """A line of text in lines: formulas hold together where a line holds them."""
        text = ""
        if _formula(line):
            text = self.text(line, width)
            if "\n" in text:
                return _hung(text)
            return line_breaks.lines(text, width, cell_len)
        for part in line:
            word = text_line((part,), self.names, self.ascii, width)
            if not isinstance(part, Math) or "\n" in word:
                text += word
            elif cell_len(word) <= width:
                text += word.replace(" ", GLUE)
            else:
                broken = line_breaks.lines(word, width, cell_len)
                text = (text.rstrip() + "\n" if text.strip() else "") + "\n".join(broken).replace(
                    " ", GLUE
                )
        return [piece.replace(GLUE, " ") for piece in wrapped(text, width)]

    def text(self, line: Line, width: int) -> str:
        """A formula, typeset once where its width decides nothing."""
        if any(isinstance(part, Math) and depends_on_width(part) for part in line):
            return text_line(line, self.names, self.ascii, width)
        if id(line) not in self.texts:
            self.texts[id(line)] = text_line(line, self.names, self.ascii)
        return self.texts[id(line)]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(self.natural, LEAST), self.natural).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self.lines(options.max_width):
            yield Text(line, self.style, no_wrap=True, overflow="crop")


def wrapped(text: str, width: int) -> list[str]:
    """Prose in lines, broken at words."""
    if width >= UNBOUND:
        return text.split("\n")
    console = terminal(width, False)
    return [
        line.plain.rstrip()
        for part in text.split("\n")
        for line in (Text(part).wrap(console, width, overflow="fold") if part else [Text()])
    ]


def _formula(line: Line) -> bool:
    """Whether a line is one formula, perhaps in several parts."""
    return all(isinstance(part, Math) or part.isspace() for part in line)


def _hung(text: str) -> list[str]:
    """The rows of an array under one another, also behind what leads up to it."""
    first, *rest = text.split("\n")
    lead = max(first.find("[["), 0)
    return [first, *(" " * lead + line if line else "" for line in rest)]


def _cut(line: str, width: int) -> Sequence[str]:
    return [line] if cell_len(line) <= width else chop_cells(line, width)
