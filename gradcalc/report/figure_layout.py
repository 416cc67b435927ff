"""Where everything in a picture stands: layers from left to right, one layout for SVG, TikZ and the
terminal.

    lay_out(picture, metrics)  ->  Drawing: boxes, stubs behind them, and wires as corners

A vertex's layer is the longest path to it; inputs stand left, in declared order. A wire that
crosses a layer runs level through it on a place of its own, so no wire meets a box or a label:
boxes and their stubs stand in columns, and wires slant only in the channels between columns.
Vertices of a layer are ordered by the barycentre of their neighbours, and moved to the least
squares of the distances to them that their order and their heights allow.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from itertools import pairwise

from gradcalc.language.cell_width import cells
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.report.figure import Picture
from gradcalc.report.labels import Label

SWEEPS = 12
OFF = 0.1  # between a wire and a label above or below it
NEAR = 3  # an input that is first used this far to the right still stands with the other inputs


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in the units of a format.

    character, pad: width of a label is character × its length + pad; script: how wide small
    characters are beside others; box: the least width and the height of a box row, lane: the least
    distance of two vertices in a layer, and of a wire from its neighbours channel: between columns,
    and more for each wire; port: between arrow heads; grid: whole numbers only; measure: width of a
    label, and how far it reaches above and below its line; without it by the length of its text
    stagger: on a grid, even rows in every other layer and odd ones in the rest, so that no two
    wires want one row
    """

    character: float = 0.19
    pad: float = 0.24
    box: float = 0.62
    row: float = 1.3
    lane: float = 0.72
    channel: float = 0.7
    spread: float = 0.07
    port: float = 0.24
    gap: float = 0.16
    grid: bool = False
    stagger: bool = False
    script: float = 1.0
    measure: Callable[[Label], tuple[float, float, float]] | None = None

    def extent(self, label: Label | None) -> tuple[float, float]:
        """Width and height of a label, without room around it."""
        if label is None:
            return 0.0, 0.0
        if self.measure is None:
            return self.width(label.text) - self.pad, 0.36
        width, above, below = self.measure(label)
        return width, above + below

    def wide(self, label: Label) -> float:
        """Width of a label with room around it."""
        return self.width(label.text) if self.measure is None else self.extent(label)[0] + self.pad

    def width(self, text: str) -> float:
        small = sum(
            char == "_" or unicodedata.decomposition(char)[:4] in ("<sub", "<sup") for char in text
        )
        return (
            self.character * (cells(text) - (1 - self.script) * small) + self.pad if text else 0.0
        )


@dataclass(slots=True)
class Box:
    """A vertex: centre, size, where its stub ends, and the height of each arrow head by wire."""

    x: float
    y: float
    width: float
    height: float
    end: float
    ports: dict[int, float] = field(default_factory=dict)

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Drawing:
    """y grows downward. paths[k]: the corners of wire k, from the end of a stub to an arrow
    head; layers: of vertices.
    """

    boxes: tuple[Box, ...]
    paths: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float
    layers: tuple[int, ...]


def lay_out(picture: Picture, metrics: Metrics) -> Drawing:
    """Deterministic; O(sweeps × wires × layers) at worst."""
    return _Layout(picture, metrics).drawing()


class _Layout:
    """Items 0…n-1 are vertices; those after them are the places where long wires cross a layer."""

    def __init__(self, picture: Picture, metrics: Metrics) -> None:
        self.picture, self.metrics = picture, metrics
        self.count = len(picture.vertices)
        self.into: list[list[int]] = [
            [] for _ in picture.vertices
        ]  # wires by the vertex they go to
        for k, wire in enumerate(picture.wires):
            self.into[wire.target].append(k)
        self.reaches: dict[int, tuple[float, float]] = {}
        self.layer = self.layered()
        self.chains: list[list[int]] = []  # of each wire: source, crossings, target
        for wire in picture.wires:
            chain = [wire.source]
            for layer in range(self.layer[wire.source] + 1, self.layer[wire.target]):
                self.layer.append(layer)
                chain.append(len(self.layer) - 1)
            self.chains.append([*chain, wire.target])
        self.before: list[list[int]] = [[] for _ in self.layer]
        self.after: list[list[int]] = [[] for _ in self.layer]
        for chain in self.chains:
            for left, right in pairwise(chain):
                self.before[right].append(left)
                self.after[left].append(right)

    # ---- layers and the order in them

    def layered(self) -> list[int]:
        layer = [0] * self.count
        inner = {wire.target for wire in self.picture.wires}
        for wire in sorted(self.picture.wires, key=lambda wire: wire.target):
            layer[wire.target] = max(layer[wire.target], layer[wire.source] + 1)
        for n in range(self.count):
            if n in inner or not (
                first := [layer[w.target] for w in self.picture.wires if w.source == n]
            ):
                continue
            kind = self.picture.vertices[n].kind
            if kind == "from":  # where a wire goes on that came from the row above
                continue
            alone = len(first) == 1 and not self.metrics.grid
            if kind == "constant" or alone or min(first) > NEAR:
                layer[n] = min(first) - 1
        last = max(layer, default=0)
        for n in range(self.count):
            if self.picture.vertices[n].kind == "to":
                layer[n] = last
        return layer

    def ordered(self) -> list[list[int]]:
        """The items of each layer from top to bottom, with few crossings; inputs of the first as
        declared.
        """
        layers: list[list[int]] = [[] for _ in range(max(self.layer, default=0) + 1)]
        for item in range(len(self.layer)):
            layers[self.layer[item]].append(item)
        best: list[list[int]] = [list(items) for items in layers]
        fewest: int | None = None
        for sweep in range(SWEEPS):
            down = sweep % 2 == 0
            for at in range(1, len(layers)) if down else range(len(layers) - 2, 0, -1):
                beside = layers[at - 1] if down else layers[at + 1]
                place = {item: k for k, item in enumerate(beside)}
                near = self.before if down else self.after
                wanted = [
                    _mean([place[o] for o in near[item]], k) for k, item in enumerate(layers[at])
                ]
                order = sorted(range(len(wanted)), key=wanted.__getitem__)
                layers[at] = [layers[at][k] for k in order]
            crossings = sum(self.crossings(left, right) for left, right in pairwise(layers))
            if fewest is None or crossings < fewest:
                best, fewest = [list(items) for items in layers], crossings
            if fewest == 0:
                break
        return best

    def crossings(self, left: list[int], right: list[int]) -> int:
        """Inversions between two layers, counted by insertion into a sorted list."""
        place = {item: k for k, item in enumerate(right)}
        seen: list[int] = []
        total = 0
        for item in left:
            ends = sorted(place[other] for other in self.after[item] if other in place)
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
        return total

    # ---- heights

    def apart(self, one: int, other: int) -> float:
        """The least distance of two neighbours in a layer."""
        m = self.metrics
        if m.measure is not None:
            down = self.reach(one)[1] if one < self.count else 0.0
            up = self.reach(other)[0] if other < self.count else 0.0
            return down + up + (m.lane / 2 if min(one, other) >= self.count else m.gap)
        if one < self.count and other < self.count:
            return m.row + (self.box_height(one) + self.box_height(other)) / 2 - m.box
        if one >= self.count and other >= self.count:
            return m.lane / 2 if not m.grid else 1
        vertex = min(one, other)
        return m.lane + (self.box_height(vertex) - m.box) / 2

    def reach(self, n: int) -> tuple[float, float]:
        """How far a vertex and its labels reach above and below the line of its wire."""
        if n in self.reaches:
            return self.reaches[n]
        vertex, half = self.picture.vertices[n], self.box_height(n) / 2
        above, below = (self.metrics.extent(label)[1] for label in (vertex.above, vertex.below))
        shares = [
            self.metrics.extent(share)[1]
            for k in self.into[n]
            if (share := self.picture.wires[k].share)
        ]
        last = self.span(n) / 2 + max(shares) + OFF if shares else 0.0
        self.reaches[n] = max(half, above + OFF), max(half, below + OFF, last)
        return self.reaches[n]

    def box_height(self, vertex: int) -> float:
        m = self.metrics
        if m.grid:
            return m.box
        span = self.span(vertex)
        if m.measure is not None:
            inner = m.extent(self.picture.vertices[vertex].label)[1] + 0.16
            return max(m.box, inner, span + 0.2 if span else 0.0)
        return max(m.box, span + 0.2 if len(self.into[vertex]) > 2 or span > m.port else m.box)

    def span(self, n: int) -> float:
        """From the first arrow head at a vertex to the last, at most."""
        return sum(sorted(map(self.gap, self.into[n]))[1:])

    def gap(self, k: int) -> float:
        """From a wire's arrow head to the next below it: what stands between them is clear of
        both.
        """
        m, share = self.metrics, self.picture.wires[k].share
        if m.measure is None:
            return m.port * (1.9 if share else 1)
        return max(m.port, m.extent(share)[1] + 2 * OFF) if share else m.port

    def placed(self, layers: list[list[int]]) -> list[float]:
        y = [0.0] * len(self.layer)
        for items in layers:
            at = 0.0
            for k, item in enumerate(items):
                at += self.apart(items[k - 1], item) if k else 0
                y[item] = at
        for sweep in range(SWEEPS):
            last = sweep >= SWEEPS - 2
            down = last or sweep % 2 == 0
            for at in range(len(layers)) if down else range(len(layers) - 1, -1, -1):
                wanted = []
                for item in layers[at]:
                    left, right = (
                        [y[o] for o in self.before[item]],
                        [y[o] for o in self.after[item]],
                    )
                    if (
                        item >= self.count
                    ):  # a long wire: straight, in the end level with where it comes from
                        near = left if last else left + right
                    else:
                        near = left or right if down else right or left
                    wanted.append(_mean(near, y[item]))
                gaps = [self.apart(one, other) for one, other in pairwise(layers[at])]
                weights = [1.0 if item < self.count else 3.0 for item in layers[at]]
                for item, value in zip(layers[at], spread(wanted, gaps, weights), strict=True):
                    y[item] = value
        if self.metrics.grid:
            self.to_grid(layers, y)
        top = min(y, default=0.0)
        return [value - top for value in y]

    def to_grid(self, layers: list[list[int]], y: list[float]) -> None:
        """Whole rows, in order; staggered, of one parity in a layer."""
        step = 2 if self.metrics.stagger else 1
        for number, items in enumerate(layers):
            odd = number % 2 if self.metrics.stagger else 0
            for k, item in enumerate(items):
                y[item] = float(round((y[item] - odd) / step) * step + odd)
                if k:
                    gap = self.apart(items[k - 1], item)
                    y[item] = max(y[item], y[items[k - 1]] + -(-gap // step) * step)

    # ---- all together

    def drawing(self) -> Drawing:
        m, picture = self.metrics, self.picture
        layers = self.ordered()
        y = self.placed(layers)
        boxes: list[Box] = [Box(0, 0, 0, 0, 0)] * self.count
        starts, ends = [0.0] * len(layers), [0.0] * len(layers)
        at = 0.0
        for number, items in enumerate(layers):
            vertices = [item for item in items if item < self.count]
            sizes = {n: max(m.box, m.wide(picture.vertices[n].label)) for n in vertices}
            stubs = {n: self.stub(n) for n in vertices}
            column = max(sizes.values(), default=0.0)
            starts[number], ends[number] = at, at + column + max(stubs.values(), default=0.0)
            for n in vertices:
                boxes[n] = Box(
                    at + column - sizes[n] / 2,
                    y[n],
                    sizes[n],
                    self.box_height(n),
                    at + column + stubs[n],
                )
            at = ends[number] + self.channel(number)
        self.set_ports(boxes, y)
        for n, box in enumerate(
            boxes
        ):  # a stub reaches the end of its column where wires go on from it
            if self.after[n]:
                box.end = ends[self.layer[n]]
        paths = tuple(self.path(k, boxes, y, starts, ends) for k in range(len(picture.wires)))
        width = max((box.end for box in boxes), default=0.0)
        if m.measure is not None:
            tops = [self.reach(n)[0] - box.y for n, box in enumerate(boxes)]
            self.drop(max(tops, default=0.0), boxes, y)
            paths = tuple(self.path(k, boxes, y, starts, ends) for k in range(len(picture.wires)))
            high = max((box.y + self.reach(n)[1] for n, box in enumerate(boxes)), default=0.0)
            return Drawing(
                tuple(boxes), paths, width, max(high, *y, 0.0), tuple(self.layer[: self.count])
            )
        below = m.row / 2 if not m.grid else 1
        height = max((box.y + max(box.height / 2, below) for box in boxes), default=0.0)
        height = max(height, max(y, default=0.0))
        return Drawing(tuple(boxes), paths, width, height, tuple(self.layer[: self.count]))

    def drop(self, by: float, boxes: list[Box], y: list[float]) -> None:
        """Everything lower, so that nothing reaches above the picture."""
        for k, value in enumerate(y):
            y[k] = value + by
        for box in boxes:
            box.y += by
            box.ports.update({k: port + by for k, port in box.ports.items()})

    def stub(self, n: int) -> float:
        m, vertex = self.metrics, self.picture.vertices[n]
        texts = [part for part in (vertex.above, vertex.below) if part]
        if vertex.kind in ("from", "to"):
            return 0.0
        if not texts:
            return 0.0 if not self.after[n] and vertex.kind == "constant" else m.pad
        return max(map(m.wide, texts)) + (2 if m.grid else 0.1)

    def channel(self, number: int) -> float:
        """The width of the space behind a layer."""
        m = self.metrics
        here = [
            k
            for k, wire in enumerate(self.picture.wires)
            if self.layer[wire.source] <= number < self.layer[wire.target]
        ]
        return m.channel + m.spread * len(here) + self.room(number + 1)

    def room(self, layer: int) -> float:
        """Room before the boxes of a layer, for what stands at arrow heads."""
        shares = [w.share for w in self.picture.wires if w.share and self.layer[w.target] == layer]
        return max(map(self.metrics.wide, shares), default=0.0) + (
            0.15 if not self.metrics.grid else 0
        )

    def set_ports(self, boxes: list[Box], y: list[float]) -> None:
        into: dict[int, list[int]] = {}
        for k, wire in enumerate(self.picture.wires):
            into.setdefault(wire.target, []).append(k)
        for target, wires in into.items():
            wires.sort(key=lambda k: (y[self.chains[k][-2]], k))
            gaps = [0.0 if self.metrics.grid else self.gap(k) for k in wires]
            at = boxes[target].y - sum(gaps[:-1]) / 2
            for k, gap in zip(wires, gaps, strict=True):
                boxes[target].ports[k] = at
                at += gap

    def path(
        self, k: int, boxes: list[Box], y: list[float], starts: list[float], ends: list[float]
    ) -> tuple[tuple[float, float], ...]:
        chain = self.chains[k]
        source, target = boxes[chain[0]], boxes[chain[-1]]
        points = [(source.end, source.y)]
        for item in chain[1:-1]:
            points += [
                (starts[self.layer[item]] - self.room(self.layer[item]), y[item]),
                (ends[self.layer[item]], y[item]),
            ]
        port = target.ports[k]
        room = self.room(self.layer[chain[-1]])
        points.append((starts[self.layer[chain[-1]]] - room, port))
        points.append((target.left + self.inset(target, port), port))
        return tuple(points)

    def inset(self, box: Box, port: float) -> float:
        """How far a round box draws back from its left edge at a height."""
        radius = box.height / 2
        if self.metrics.grid or box.width > box.height + 0.01:
            return 0.0
        off = min(abs(port - box.y), radius)
        return float(radius - (radius**2 - off**2) ** 0.5)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def spread(wanted: Sequence[float], gaps: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Heights nearest to those wanted (least squares) that keep their order and the gaps between
    them.
    """
    shift, shifts = 0.0, [0.0]
    for gap in gaps:
        shift += gap
        shifts.append(shift)
    blocks: list[list[float]] = []  # weighted sum, weight, count
    for value, by, weight in zip(wanted, shifts, weights, strict=False):
        blocks.append([(value - by) * weight, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    found: list[float] = []
    for total, weight, count in blocks:
        found += [total / weight] * int(count)
    return [value + by for value, by in zip(found, shifts, strict=False)]
