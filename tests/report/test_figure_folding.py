"""Figures that go on in rows: what stands in which, and that each is as wide as it may be."""

from __future__ import annotations

import pytest

from gradcalc.render.drawing import metrics
from gradcalc.report.figure import Picture
from gradcalc.report.figure_folding import fold
from helpers.pictures import drawn

PAPER, HALF = 17.0, 11.0  # centimetres


def folded(name: str, width: float) -> tuple[Picture, list[list[str]]]:
    """A picture, and the labels in each of its rows; marks stand in brackets."""
    whole = drawn(name)
    rows = []
    for band in fold(whole, metrics(1.08), width):
        assert band.drawing.width <= width
        rows.append(
            [
                f"[{vertex.label.text}]" if vertex.kind in ("from", "to") else vertex.label.text
                for vertex in band.picture.vertices
            ]
        )
    return whole, rows


def test_an_input_stands_in_the_row_that_uses_it_first() -> None:
    _, (first, second) = folded("two-two-one-network", PAPER)
    assert {"v₁", "v₂", "c"} <= set(second)
    assert [label for label in first if label.startswith("[")] == ["[h₁]", "[h₂]"]


@pytest.mark.parametrize("width", [PAPER, HALF])
@pytest.mark.parametrize("name", ["ex2", "two-two-one-network", "gru-cell-scalar"])
def test_every_vertex_stands_in_one_row(name: str, width: float) -> None:
    whole, rows = folded(name, width)
    shown = [label for row in rows for label in row if not label.startswith("[")]
    assert sorted(shown) == sorted(vertex.label.text for vertex in whole.vertices)
