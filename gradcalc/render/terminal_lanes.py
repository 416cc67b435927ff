"""The graph from top to bottom, a line a node: what is computed below what it is computed from.

    ●      x            −2
    │ ●    y             5
    └─●    q = x + y     3       ●  a node        │  a value that is still used
                                 └ ┴ ├  it goes to the node on this line, for the last time or not

It fits any width that holds its labels, and takes a line for each node however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.render import line_breaks
from gradcalc.report.figure import Picture, Vertex

GAP = 3  # columns between what stands on a line
FORWARD, BACKWARD = "green", "red"
_ASCII = str.maketrans("●│─├└┤┘┼┴", "o|-|'|'+'")


@dataclass(frozen=True, slots=True)
class Row:
    """A node with the lanes on its line, and those that go on below it."""

    vertex: int
    lanes: str
    rails: str


def rows(what: Picture) -> list[Row]:
    """The nodes in an order in which each stands below those it is computed from, an input right
    before its first use.
    """
    sources: dict[int, list[int]] = {n: [] for n in range(len(what.vertices))}
    for wire in what.wires:
        if wire.source not in sources[wire.target]:
            sources[wire.target].append(wire.source)
    order = list(_order(sources))
    last = {source: n for n in order for source in sources[n]}
    lanes: list[int | None] = []  # the value in each lane
    before: list[int | None] = []  # those of the line before
    found = []
    for n in order:
        ending = [k for k, value in enumerate(lanes) if value is not None and last[value] == n]
        own = max(ending) if ending else _free(lanes, before)
        lanes += [None] * (own + 1 - len(lanes))
        line = _line(lanes, own, sources[n], last, n)
        before = list(lanes)
        before[own] = n
        lanes = [None if value is not None and last[value] == n else value for value in lanes]
        lanes[own] = n if n in last else None
        found.append(Row(n, line, _rails(lanes)))
    return found


def _order(sources: dict[int, list[int]]) -> Iterator[int]:
    done: set[int] = set()
    for n in sorted(sources, key=lambda n: (not sources[n], n)):
        for at in (*(s for s in sources[n] if not sources[s]), n):
            if at not in done:
                done.add(at)
                yield at


def _free(lanes: Sequence[int | None], before: Sequence[int | None]) -> int:
    """A lane that is free here and above, so that nothing seems to lead into it."""
    above = [*before, *[None] * len(lanes)]
    return next(
        (k for k, value in enumerate(lanes) if value is None and above[k] is None), len(lanes)
    )


def _line(
    lanes: Sequence[int | None], own: int, sources: Sequence[int], last: dict[int, int], n: int
) -> str:
    here = [k for k, value in enumerate(lanes) if value in sources and k != own]
    low, high = min([own, *here]), max([own, *here])
    out = ""
    for k, value in enumerate(lanes):
        inside = low < k < high
        if k == own:
            sign = "●"
        elif k in here:
            ends = value is not None and last[value] == n
            if inside:
                sign = "┴" if ends else "┼"
            elif k < own:
                sign = "└" if ends else "├"
            else:
                sign = "┘" if ends else "┤"
        elif value is not None:
            sign = "│"  # where another wire crosses, it goes under this one
        else:
            sign = "─" if inside else " "
        out += sign + ("─" if low <= k < high else " ")
    return out.rstrip()


def _rails(lanes: Sequence[int | None]) -> str:
    return " ".join(" " if value is None else "│" for value in lanes).rstrip()


def draw(
    what: Picture, width: int, ascii: bool = False, whole: Picture | None = None
) -> list[Text] | None:
    """The lines, laid out for `whole`, of which `what` may show a part; None where the lanes
    leave no room for labels.
    """
    found = rows(what)
    room = max(len(row.lanes) for row in found) + GAP - 1
    if width - room < min(20, width // 2):
        return None
    columns = [_texts(what.vertices[row.vertex]) for row in found]
    sizes = [
        max(cell_len(_texts(vertex)[k]) for vertex in (whole or what).vertices) for k in range(3)
    ]
    aligned = room + sum(sizes) + 2 * GAP <= width
    out = []
    for row, texts in zip(found, columns, strict=True):
        lanes, rails = (_ascii(part, ascii).ljust(room) for part in (row.lanes, row.rails))
        if aligned:
            line = Text(lanes)
            for text, size, style in zip(texts, sizes, ("", FORWARD, BACKWARD), strict=True):
                line.append(text, style).append(" " * (size - cell_len(text) + GAP))
            out.append(line)
        else:
            out += _stacked(lanes, rails, texts, width - room)
    for line in out:
        line.rstrip()
    return out


def _stacked(lanes: str, rails: str, texts: Sequence[str], room: int) -> Iterator[Text]:
    """A node whose line is too short for all: what it is, then its value and its gradient."""
    label, *others = texts
    for number, piece in enumerate(line_breaks.lines(label, room, cell_len)):
        yield Text(rails if number else lanes).append(piece)
    line, used = Text(rails), 0
    for text, style in zip(others, (FORWARD, BACKWARD), strict=True):
        for number, piece in enumerate(line_breaks.lines(text, room - 2, cell_len) if text else ()):
            if used and (number or used + GAP + cell_len(piece) > room - 2):
                yield line
                line, used = Text(rails), 0
            line.append(" " * (GAP if used else 2)).append(piece, style)
            used += cell_len(piece) + (GAP if used else 0)
    if used:
        yield line


def _texts(vertex: Vertex) -> list[str]:
    return [part.text if part else "" for part in (vertex.label, vertex.above, vertex.below)]


def _ascii(text: str, wanted: bool) -> str:
    return text.translate(_ASCII) if wanted else text
