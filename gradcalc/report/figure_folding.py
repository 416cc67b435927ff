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
    places = _places(picture, whole.layers)
    found: list[Band] = []
    left = sorted(set(places))
    while left:
        # best where inputs stay with their gate, else anywhere, and at least one place
        for end in (*sorted(left, key=lambda place: (place % 2, -place)), left[0]):
            part = _part(picture, places, left[0], end)
            drawing = lay_out(part, metrics)
            if drawing.width <= width:
                break
        found.append(Band(part, drawing))
        left = [place for place in left if place > end]
    return tuple(found)


def _places(picture: Picture, layers: Sequence[int]) -> list[int]:
    """Where a picture may be parted: what is computed in a layer has an even place, and an input
    the odd one just before the gate that uses it first, so that it is not carried through a band
    that does not need it.
    """
    users: dict[int, list[int]] = {}
    for wire in picture.wires:
        users.setdefault(wire.source, []).append(layers[wire.target])
    computed = {wire.target for wire in picture.wires}
    return [
        2 * layer if n in computed or n not in users else 2 * min(users[n]) - 1
        for n, layer in enumerate(layers)
    ]


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
