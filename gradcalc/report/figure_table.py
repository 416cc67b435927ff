"""A graph as a table, where it has too many vertices for a drawing or the screen is too narrow
for it.
"""

from __future__ import annotations

from gradcalc.report.figure import Picture
from gradcalc.report.labels import Label

NOTHING = Label("", "")


def rows(what: Picture) -> list[tuple[Label, ...]]:
    """A head and one row for each vertex: number, what it is, from which, forward, gradient."""
    head = tuple(
        Label(word, rf"\text{{{word}}}") for word in ("no.", "node", "from", "forward", "gradient")
    )
    into: dict[int, list[str]] = {}
    for wire in what.wires:
        into.setdefault(wire.target, []).append(str(wire.source + 1))
    found = [head]
    for k, vertex in enumerate(what.vertices):
        number, sources = str(k + 1), ", ".join(into.get(k, ()))
        found.append(
            (
                Label(number, number),
                vertex.label,
                Label(sources, sources),
                vertex.above or NOTHING,
                vertex.below or NOTHING,
            )
        )
    return found
