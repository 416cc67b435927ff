"""The graph on a grid of characters. Inputs stand bare, parameters in [ ], gates in ( ).

Where it does not fit from left to right, it is drawn from top to bottom (terminal_lanes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rich.cells import cell_len
from rich.text import Text

from gradcalc.language.cell_width import cells
from gradcalc.language.typography import for_terminal, to_ascii
from gradcalc.render import line_breaks, terminal_lanes
from gradcalc.render.terminal_cells import LEAST, terminal, wrapped
from gradcalc.render.terminal_lanes import BACKWARD, FORWARD
from gradcalc.report.figure import Picture, Vertex
from gradcalc.report.figure_layout import Box, Drawing, Metrics, lay_out
from gradcalc.report.labels import Label

METRICS = Metrics(character=1, pad=2, box=1, row=3, lane=2, channel=3, spread=1, port=0, grid=True)
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = {
    LEFT | RIGHT: "─",
    LEFT: "─",
    RIGHT: "─",
    UP | DOWN: "│",
    UP: "│",
    DOWN: "│",
    DOWN | RIGHT: "┌",
    DOWN | LEFT: "┐",
    UP | RIGHT: "└",
    UP | LEFT: "┘",
    UP | DOWN | RIGHT: "├",
    UP | DOWN | LEFT: "┤",
    DOWN | LEFT | RIGHT: "┬",
    UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}
_ASCII = {"─": "-", "│": "|", "→": ">"} | dict.fromkeys("┌┐└┘├┤┬┴┼", "+")
_STYLES = {"forward": FORWARD, "backward": BACKWARD}
_BRACKETS = {"gate": "()", "parameter": "[]"}


class Tangled(Exception):
    """Two wires would have to share a place."""


def render(what: Picture, width: int = 80, color: bool = False, ascii: bool = False) -> str:
    """The graph with its title, legend and the formulas that its marks stand for."""
    width = max(LEAST, width)
    if ascii:
        what = plain(what)
    lines, legend = draw(what, width, ascii)
    legend = to_ascii(legend) if ascii else legend
    words = [*wrapped(for_terminal(what.title), width), "", *lines, "", *wrapped(legend, width)]
    for mark, formula in what.notes:
        words += line_breaks.lines(f"{mark.text} = {formula.text}", width, cell_len)
    console = terminal(width, color)
    with console.capture() as said:
        for line in words:
            console.print(Text(line) if isinstance(line, str) else line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in said.get().rstrip("\n").split("\n"))


def draw(what: Picture, width: int, ascii: bool = False) -> tuple[list[Text], str]:
    """The lines of the drawing and its legend: across where it fits, else from top to bottom,
    else as a list.
    """
    gradient, sign = f"∂{what.of.text}/∂(value)", "; [ ] = parameter" * ("parameter" in what.kinds)
    shown = "shape" if what.shapes else "value"
    if (found := across(what, what, width, ascii)) is not None:
        return found, f"above each edge: {shown}; below: {gradient}{sign}"
    if (found := terminal_lanes.draw(what, width, ascii)) is not None:
        return found, f"each line: node, {shown}, {gradient}"
    return [Text(line) for line in _list(what, width)], f"gradient: {gradient}"


def across(what: Picture, shown: Picture, width: int, ascii: bool) -> list[Text] | None:
    """From left to right, laid out for `what` and with the values of `shown`; None where it does
    not fit.
    """
    if what.crowded:
        return None
    for metrics in (METRICS, replace(METRICS, row=4, stagger=True)):
        try:
            return _draw(what, shown, width, ascii, metrics)
        except Tangled:
            continue
    return None


def plain(what: Picture) -> Picture:
    """A picture in ASCII."""

    def label(it: Label | None) -> Label | None:
        return None if it is None else Label(to_ascii(it.text), it.latex)

    def sure(it: Label) -> Label:
        return Label(to_ascii(it.text), it.latex)

    vertices = tuple(
        replace(
            v,
            label=sure(Label(v.label.text.replace("×", "*"), "")),
            above=label(v.above),
            below=label(v.below),
        )
        for v in what.vertices
    )
    notes = tuple((sure(mark), sure(formula)) for mark, formula in what.notes)
    return replace(
        what, title=to_ascii(what.title), vertices=vertices, of=sure(what.of), notes=notes
    )


@dataclass(slots=True)
class _Canvas:
    chars: dict[tuple[int, int], str] = field(default_factory=dict)
    colors: dict[tuple[int, int], str] = field(default_factory=dict)

    def put(self, x: int, y: int, text: str, color: str = "") -> None:
        for char in text:
            self.chars[x, y] = char
            if color:
                self.colors[x, y] = color
            step = cells(char)
            x += step
            if step == 0:  # an accent joins the character before it
                self.chars[x - 1, y] = self.chars.get((x - 1, y), "") + char
                self.chars.pop((x, y), None)
            elif step == 2:
                self.chars[x - 1, y] = ""

    def lines(self) -> list[Text]:
        found = []
        ys = [y for _, y in self.chars]
        for y in range(min(ys), max(ys) + 1):
            line = Text()
            for x in range(max((x for x, row in self.chars if row == y), default=-1) + 1):
                line.append(self.chars.get((x, y), " "), _STYLES.get(self.colors.get((x, y), "")))
            line.rstrip()
            found.append(line)
        return found


def _draw(
    what: Picture, shown: Picture, width: int, ascii: bool, metrics: Metrics
) -> list[Text] | None:
    bare = replace(what, wires=tuple(replace(wire, share=None) for wire in what.wires))
    drawing = lay_out(bare, metrics)
    if drawing.width > width:
        return None
    canvas = _Canvas()
    _lines(drawing, bare, canvas)
    for vertex, box in zip(shown.vertices, drawing.boxes, strict=True):
        brackets = _BRACKETS.get(vertex.kind, "  ")
        y = round(box.y)
        canvas.put(
            round(box.right) - cells(vertex.label.text) - 2,
            y,
            brackets[0] + vertex.label.text + brackets[1],
        )
        if round(box.end) > round(box.right):
            for at in range(round(box.right), round(box.end)):
                canvas.chars.setdefault((at, y), "─")
        if vertex.above:
            canvas.put(round(box.right) + 1, y - 1, vertex.above.text, "forward")
        if vertex.below:
            canvas.put(round(box.right) + 1, y + 1, vertex.below.text, "backward")
    for vertex, box in zip(what.vertices, drawing.boxes, strict=True):  # rows that fill up later
        for part, y in ((vertex.above, round(box.y) - 1), (vertex.below, round(box.y) + 1)):
            if part:
                canvas.chars.setdefault((0, y), " ")
    if ascii:
        canvas.chars = {place: _ASCII.get(char, char) for place, char in canvas.chars.items()}
    return canvas.lines()


def _lines(drawing: Drawing, what: Picture, canvas: _Canvas) -> None:
    """Every wire: level through columns, and through each channel by a track that belongs to
    where it goes.
    """
    channels: dict[int, list[tuple[int, int, int, int]]] = {}
    for wire, path in zip(what.wires, drawing.paths, strict=True):
        points = [(round(x), round(y)) for x, y in path]
        box = drawing.boxes[wire.target]
        for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
            if number % 2 == 0:
                channels.setdefault(x0, []).append((x0, y0, x1, y1))
            else:
                end = _end(box, points, number)
                for x in range(x0, end):
                    canvas.chars[x, y0] = "─"
    for parts in channels.values():
        _channel(parts, canvas)
    for wire in what.wires:
        box = drawing.boxes[wire.target]
        canvas.chars[round(box.left) - 1, round(box.y)] = "→"


def _end(box: Box, points: list[tuple[int, int]], number: int) -> int:
    return round(box.left) if number == len(points) - 2 else points[number + 1][0]


def _channel(parts: list[tuple[int, int, int, int]], canvas: _Canvas) -> None:
    """The wires between two columns: (left, row there, right, row there). Raises Tangled."""
    targets: dict[int, set[int]] = {}
    for _, y0, _, y1 in parts:
        targets.setdefault(y1, set()).add(y0)
    left, right = min(part[0] for part in parts), max(part[2] for part in parts)
    order = _tracks(targets)
    crooked = [y1 for y1 in order if targets[y1] != {y1}]
    if len(crooked) > right - left - 1:
        raise Tangled
    start = left + max((right - left - len(crooked)) // 2, 0)
    track = {y1: start + k for k, y1 in enumerate(crooked)}
    cells: dict[tuple[int, int], dict[tuple[str, int], int]] = {}

    def mark(x: int, y: int, net: tuple[str, int], bits: int) -> None:
        nets = cells.setdefault((x, y), {})
        nets[net] = nets.get(net, 0) | bits

    for y1, sources in targets.items():
        if sources == {y1}:
            for x in range(left, right):
                mark(x, y1, ("row", y1), LEFT | RIGHT)
            continue
        at = track[y1]
        for y0 in sources:
            for x in range(left, at):
                mark(x, y0, ("row", y0), LEFT | RIGHT)
            mark(at, y0, ("track", y1), LEFT)
        for x in range(at + 1, right):
            mark(x, y1, ("to", y1), LEFT | RIGHT)
        mark(at, y1, ("track", y1), RIGHT)
        low, high = min(*sources, y1), max(*sources, y1)
        for y in range(low, high + 1):
            mark(at, y, ("track", y1), (UP if y > low else 0) | (DOWN if y < high else 0))
    for place, nets in cells.items():
        canvas.chars[place] = _sign(nets, targets)


def _tracks(targets: dict[int, set[int]]) -> list[int]:
    """The rows wires go to, in an order of their tracks from the left: a wire's row must be free
    behind its track.
    """
    before: dict[int, set[int]] = {y1: set() for y1 in targets}
    for y1, sources in targets.items():
        for y0 in sources:
            if y0 != y1 and y0 in targets and y0 not in targets[y0]:
                before[y0].add(
                    y1
                )  # the wire from row y0 must have turned before another arrives in that row
    order: list[int] = []
    while before:
        # of those free to come next, the one that goes furthest up comes last
        free = sorted(
            (y for y, others in before.items() if not others & before.keys()),
            key=lambda y: _turn(y, targets[y]),
        )
        if not free:
            raise Tangled
        order.append(free[0])
        del before[free[0]]
    return order


def _turn(y1: int, sources: Iterable[int]) -> tuple[int, int]:
    """Wires that rise take tracks from the top row on, those that fall from the bottom row on:
    fewer crossings.
    """
    first = min(sources)
    return (0, y1) if first >= y1 else (1, -y1)


def _sign(nets: dict[tuple[str, int], int], targets: dict[int, set[int]]) -> str:
    tracks = [net for net in nets if net[0] == "track"]
    if not tracks:
        return "─"
    if len(tracks) > 1:
        raise Tangled
    (track,) = tracks
    bits = nets[track]
    for net, other in nets.items():
        if net[0] == "row" and net[1] in targets[track[1]]:
            bits |= other
        elif net != track and nets[track] & (UP | DOWN) != UP | DOWN:
            # it would look like a junction; where a track passes, the other wire goes under it
            raise Tangled
    return _LINES[bits]


def _list(what: Picture, width: int) -> Iterator[str]:
    """A node a paragraph, with the names of what it is computed from."""
    into: dict[int, list[str]] = {}
    for wire in what.wires:
        into.setdefault(wire.target, []).append(_name(what.vertices[wire.source]))
    for k, vertex in enumerate(what.vertices):
        yield from line_breaks.lines(vertex.label.text, width, cell_len)
        facts = (
            ("from", ", ".join(into.get(k, ()))),
            ("forward", vertex.above.text if vertex.above else ""),
            ("gradient", vertex.below.text if vertex.below else ""),
        )
        for title, text in facts:
            if text:
                yield from ("  " + line for line in wrapped(f"{title} {text}", width - 2))


def _name(vertex: Vertex) -> str:
    """What a vertex is called: the name in front of its value, or what stands in it."""
    head = (
        re.split(" [=:] ", vertex.above.text)[0] if vertex.above and vertex.kind == "gate" else ""
    )
    return head or vertex.label.text
