"""Text with styles for a terminal: measured in cells, wrapped at words, drawn in grids.

Rich does all this and more; loading it takes a tenth of the time of a textbook exercise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.cells import cell_len, chop_cells

_WORD = re.compile(r"\s*\S+\s*")
_CODES = {"bold": "1", "dim": "2", "underline": "4", "red": "31", "green": "32", "yellow": "33"}


class Text:
    """Pieces of text, each with a style such as "bold red"; pieces added without one take the style of the whole."""

    def __init__(self, plain: str = "", style: str = "") -> None:
        self.style = style
        self.parts: list[tuple[str, str]] = [(plain, style)] if plain else []

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self.parts)

    def append(self, other: str | Text) -> Text:
        """Add at the end; returns itself."""
        parts = [(other, "")] if isinstance(other, str) else other.parts
        self.parts += [(text, style or self.style) for text, style in parts if text]
        return self

    def replaced(self, old: str, new: str) -> Text:
        """The same with one character for another."""
        return self._with((text.replace(old, new), style) for text, style in self.parts)

    def lines(self) -> list[Text]:
        """Cut at line ends."""
        plain = self.plain
        ends = [match.start() for match in re.finditer("\n", plain)]
        return [
            self._cut(a, b)
            for a, b in zip([0, *(end + 1 for end in ends)], [*ends, len(plain)], strict=True)
        ]

    def wrap(self, width: int) -> list[Text]:
        """Lines of at most `width` cells, broken at words; a longer word is cut."""
        out = []
        for line in self.lines():
            breaks = [0, *_breaks(line.plain, width), len(line.plain)]
            out += [line._cut(a, b).stripped(width) for a, b in pairwise(breaks)]
        return out

    def stripped(self, width: int) -> Text:
        """Without the spaces at its end that stand beyond `width`."""
        plain = self.plain
        spare = min(len(plain) - len(plain.rstrip()), max(0, cell_len(plain) - width))
        return self._cut(0, len(plain) - spare)

    def padded(self, width: int, right: bool = False) -> Text:
        """Filled with spaces to `width` cells."""
        space = " " * (width - cell_len(self.plain))
        return Text(space).append(self) if right else self._with(self.parts).append(Text(space))

    def drawn(self, color: bool) -> str:
        """With ANSI codes where there is colour."""
        if not color:
            return self.plain
        return "".join(
            f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"
            if style and text.strip()
            else text
            for text, style in self.parts
        )

    def _cut(self, start: int, end: int) -> Text:
        at, kept = 0, []
        for text, style in self.parts:
            kept.append((text[max(0, start - at) : max(0, end - at)], style))
            at += len(text)
        return self._with(kept)

    def _with(self, parts: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Text:
        made = Text("", self.style)
        made.parts = [(text, style) for text, style in parts if text]
        return made


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where to break a line."""
    used = 0
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        size = cell_len(word.rstrip())
        if size <= width - used:
            used += cell_len(word)
        elif size > width:
            for piece in chop_cells(word, width):
                if start:
                    yield start
                start += len(piece)
                used = cell_len(piece)
        else:
            if start:
                yield start
            used = cell_len(word)


def grid(
    titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[Text]], ascii: bool
) -> list[Text]:
    """Lines of a grid: titles, a rule, rows; rows stand apart where one of them has several lines."""
    cells = [[cell.lines() for cell in row] for row in rows]
    widths = [
        max(map(cell_len, (title, *(line.plain for row in cells for line in row[i]))))
        for i, title in enumerate(titles)
    ]
    edge, wall = ("| ", " | ") if ascii else (" ", "   ")
    close, rule = (" |", "+" + "+".join("-" * (width + 2) for width in widths) + "+") if ascii else (
        " ", "─" * (sum(widths) + 3 * len(widths) - 1)
    )  # fmt: skip

    def line(parts: Sequence[Text]) -> Text:
        out = Text(edge)
        for i, part in enumerate(parts):
            out.append(Text(wall * bool(i))).append(part.padded(widths[i], right[i]))
        return out.append(close)

    apart = any(len(cell) > 1 for row in cells for cell in row)
    out = [Text(rule)] * ascii + [line([Text(title, "dim") for title in titles]), Text(rule)]
    for number, row in enumerate(cells):
        if number and apart:
            out.append(Text(rule if ascii else ""))
        out += [
            line([cell[k] if k < len(cell) else Text() for cell in row])
            for k in range(max(map(len, row)))
        ]
    return out + [Text(rule)] * ascii
