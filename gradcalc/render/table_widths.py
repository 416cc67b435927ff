"""How wide the columns of a table are on a terminal, and which of its cells stand below their row.

First the columns that explain a row give way, the widest first; then arrays go below, and formulas
are broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.render.line_breaks import HANG, open_ends
from gradcalc.render.terminal_cells import Drawn
from gradcalc.report.blocks import Column

GAP = 3  # columns between two cells
LEAST = 36  # columns of a terminal on which a table can be read
PROSE = 32  # the least width of a column of prose
MOST = 0.4  # of the width may be taken by what names the rows


@dataclass(frozen=True, slots=True)
class Plan:
    """`widths` of the columns that are kept; `below`: for each row the columns of which it has a
    cell below it; `spans`: rows whose first cell behind the name takes the whole line; `indent` and
    `side`: where cells below begin, and the width of their titles.
    """

    widths: dict[int, int]
    below: tuple[tuple[int, ...], ...]
    spans: dict[int, int]
    indent: int
    side: int

    def beside(self, row: Sequence[Drawn], number: int) -> Iterator[tuple[int, Drawn]]:
        """The cells of a row that stand in their columns."""
        return ((i, row[i]) for i in self.widths if i not in self.below[number])


def plan(columns: Sequence[Column], rows: Sequence[Sequence[Drawn]], width: int) -> Plan | None:
    """None where there is no room for a table."""
    natural = {
        i: max([len(column.title), *(row[i].natural for row in rows)])
        for i, column in enumerate(columns)
    }
    if width < LEAST or (
        natural[0] > MOST * width and len(columns) > 1 and _taken(natural) > width
    ):
        return None
    widths = {i: natural[i] for i, column in enumerate(columns) if not column.aside}
    out: set[tuple[int, int]] = set()
    if _taken(widths) > width:
        widths, out = _shrunk(widths, columns, rows, width)
    if not widths:
        return None
    asides = [i for i, column in enumerate(columns) if column.aside]
    if not out and _taken(widths | {i: natural[i] for i in asides}) <= width:
        widths |= {i: natural[i] for i in asides}
    else:
        usual = [i for i in asides if 2 * sum(bool(row[i].cell) for row in rows) >= len(rows)]
        for i in sorted(usual, key=lambda i: natural[i]):
            room = width - _taken(widths) - GAP
            alone = len(asides) == 1 and room >= PROSE and not out
            if natural[i] <= room or (
                alone and not any(open_ends(row[i].lines(room)) for row in rows)
            ):
                widths[i] = min(natural[i], room)
    widths = {i: widths[i] for i in sorted(widths)}
    indent = widths[0] + GAP
    spans = dict(_spans(widths, rows, out, width))
    out |= {(n, i) for n, first in spans.items() for i in widths if i not in (0, first)}
    below = tuple(
        tuple(i for i in range(len(columns)) if row[i].cell and (i not in widths or (n, i) in out))
        for n, row in enumerate(rows)
    )
    titles = [len(columns[i].title) for some in below for i in some]
    return Plan(widths, below, spans, indent, max(titles, default=0) + 2)


def _spans(
    widths: dict[int, int], rows: Sequence[Sequence[Drawn]], out: set[tuple[int, int]], width: int
) -> Iterator[tuple[int, int]]:
    """Rows, and the column of the formula that has a line to itself: because its column is so
    narrow that it would be broken in its brackets, or into more lines than it and the rest of the
    row take below one another.
    """
    for n, row in enumerate(rows):
        shown = [i for i in widths if i and row[i].cell and (n, i) not in out]
        if not shown or row[shown[0]].natural <= widths[shown[0]]:
            continue
        first, *others = shown
        beside = row[first].lines(widths[first])
        places = [row[first].lines(width - place) for place in (widths[0] + GAP, HANG)]
        alone = min(places, key=open_ends)
        rest = sum(len(row[i].lines(widths[i])) for i in others)
        fewer = len(beside) > len(alone) + rest - (len(alone) == 1)
        if fewer or open_ends(beside) > open_ends(alone):
            yield n, first


def _taken(widths: dict[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _shrunk(
    natural: dict[int, int], columns: Sequence[Column], rows: Sequence[Sequence[Drawn]], width: int
) -> tuple[dict[int, int], set[tuple[int, int]]]:
    """Columns with a fair share of the width each, and the arrays, by row and column, that are
    too wide for theirs.
    """
    out: set[tuple[int, int]] = set()
    caps = _shares(natural, width - GAP * (len(natural) - 1))
    for n, row in enumerate(rows):
        out |= {(n, i) for i, cap in caps.items() if row[i].natural > cap and row[i].solid}
    widths = _kept(columns, rows, natural, out)
    if _taken(widths) > width:
        widths = _shares(widths, width - GAP * (len(widths) - 1))
    if any(size < min(max(8, len(columns[i].title)), natural[i]) for i, size in widths.items()):
        return {}, set()
    return widths, out


def _kept(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Drawn]],
    candidates: Iterable[int],
    out: set[tuple[int, int]],
) -> dict[int, int]:
    """The columns in which cells are left, as wide as these are."""
    widths = {}
    for i in candidates:
        kept = [row[i].natural for n, row in enumerate(rows) if row[i].cell and (n, i) not in out]
        if kept or i == 0:
            widths[i] = max([len(columns[i].title), *kept])
    return widths


def _shares(natural: dict[int, int], room: int) -> dict[int, int]:
    """The width shared out: who wants less than a fair share has what it wants."""
    shares: dict[int, int] = {}
    for place, i in enumerate(sorted(natural, key=lambda i: natural[i])):
        fair = (room - sum(shares.values())) // (len(natural) - place)
        shares[i] = min(natural[i], fair)
    return {i: shares[i] for i in natural}
