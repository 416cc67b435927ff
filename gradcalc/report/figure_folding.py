"""A picture in rows: where it is wider than the paper it goes on below, and nothing in it is made
smaller.

fold(picture, metrics, width)  ->  bands from top to bottom; a wire that goes on in another band
ends at a mark with the name of its quantity, and begins again at the same mark
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.report.figure import Picture, Vertex, Wire
from gradcalc.report.figure_layout import Drawing, Metrics, lay_out
from gradcalc.report.labels import Label


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a picture, with its layout."""

    picture: Picture
    drawing: Drawing


def fold(picture: Picture, metrics: Metrics, width: float) -> tuple[Band, ...]:
    """As few bands as there may be, each at most so wide, if it has more than one layer."""
    whole = lay_out(picture, metrics)
    if whole.width <= width:
        return (Band(picture, whole),)
    layers, last = whole.layers, max(whole.layers)
    found: list[Band] = []
    first = 0
    while first <= last:
        for end in range(last, first - 1, -1):
            part = _part(picture, layers, first, end)
            drawing = lay_out(part, metrics)
            if drawing.width <= width or end == first:
                found.append(Band(part, drawing))
                first = end + 1
                break
    return tuple(found)


def _part(picture: Picture, layers: Sequence[int], first: int, last: int) -> Picture:
    """The vertices of some layers, with marks where wires come from other bands or go on in
    them.
    """
    vertices: list[Vertex] = []
    number: dict[tuple[str, int], int] = {}

    def at(kind: str, n: int) -> int:
        if (kind, n) not in number:
            number[kind, n] = len(vertices)
            vertex = picture.vertices[n]
            mine = Vertex(kind, mark(picture, n), key=vertex.key)
            vertices.append(vertex if kind == "" else mine)
        return number[kind, n]

    inside = [first <= layer <= last for layer in layers]
    for wire in picture.wires:  # marks of what comes in stand first, above the inputs
        if inside[wire.target] and layers[wire.source] < first:
            at("from", wire.source)
    for n, is_inside in enumerate(inside):
        if is_inside:
            at("", n)
    wires = []
    for wire in picture.wires:
        source, target = layers[wire.source], layers[wire.target]
        if inside[wire.source] and inside[wire.target]:
            wires.append(Wire(at("", wire.source), at("", wire.target), wire.share))
        elif inside[wire.target] and source < first:
            wires.append(Wire(at("from", wire.source), at("", wire.target), wire.share))
        elif inside[wire.source] and target > last and ("to", wire.source) not in number:
            wires.append(Wire(at("", wire.source), at("to", wire.source)))
    return replace(picture, vertices=tuple(vertices), wires=tuple(wires))


def mark(picture: Picture, n: int) -> Label:
    """The name of a quantity; of one without a name, its number."""
    vertex = picture.vertices[n]
    if vertex.name is not None:
        return vertex.name
    if vertex.kind != "gate":
        return vertex.label
    return Label(f"({n + 1})", f"({n + 1})")
