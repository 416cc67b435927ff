"""What the drawings of a picture share: how large labels are, how wide paper is."""

from __future__ import annotations

from functools import partial

from gradcalc.render.typeset import typeset
from gradcalc.report.figure import Picture
from gradcalc.report.figure_folding import Band, fold
from gradcalc.report.figure_layout import Metrics
from gradcalc.report.labels import Label

EM = 0.3515  # centimetres of an em of 10 points, the size of every label
PAPER = 17.0  # centimetres: what A4 and Letter have between margins of two


def measure(slack: float, label: Label) -> tuple[float, float, float]:
    """Width, and reach above and below the line, in centimetres; `slack` for a format whose
    letters are wider.
    """
    made = typeset(label.latex)
    return made.width * EM * slack, made.above * EM, made.below * EM


def metrics(slack: float) -> Metrics:
    """The sizes of a drawing, in centimetres; `slack` widens what is measured."""
    return Metrics(
        character=0.19, pad=0.28, box=0.6, lane=0.6, channel=0.45, spread=0.05, port=0.26,
        measure=partial(measure, slack),
    )  # fmt: skip


def bands(what: Picture, slack: float, width: float = PAPER) -> tuple[Band, ...]:
    """A picture in bands of at most `width` centimetres."""
    return fold(what, metrics(slack), width)


def branching(what: Picture) -> list[int]:
    """Vertices from which several wires go."""
    sources = [wire.source for wire in what.wires]
    return sorted({source for source in sources if sources.count(source) > 1})
