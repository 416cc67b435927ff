"""Where things stand in a figure: nothing overlaps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.render import svg, tikz
from gradcalc.render.drawing import PAPER, metrics
from gradcalc.report.figure import Picture, Sheet, Vertex, Wire
from gradcalc.report.figure_folding import fold
from gradcalc.report.figure_layout import Drawing, Metrics, lay_out, spread
from gradcalc.report.labels import Label
from helpers.pictures import drawn

METRICS = metrics(svg.SLACK)


def rectangles(
    what: Picture, drawing: Drawing, m: Metrics
) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    boxes, labels = [], []
    for vertex, box in zip(what.vertices, drawing.boxes, strict=True):
        boxes.append((box.left, box.y - box.height / 2, box.right, box.y + box.height / 2))
        left = box.right + 0.08
        if vertex.above:
            wide, high = m.extent(vertex.above)
            labels.append((left, box.y - 0.08 - high, left + wide, box.y - 0.08))
        if vertex.below:
            wide, high = m.extent(vertex.below)
            labels.append((left, box.y + 0.08, left + wide, box.y + 0.08 + high))
    for wire, path in zip(what.wires, drawing.paths, strict=True):
        if wire.share:
            x, y = drawing.boxes[wire.target].left, path[-1][1]
            wide, high = m.extent(wire.share)
            labels.append((x - 0.14 - wide, y + 0.05, x - 0.14, y + 0.05 + high))
    return boxes, labels


def meets(a: Sequence[float], b: Sequence[float], by: float = 0.01) -> bool:
    return a[0] < b[2] - by and b[0] < a[2] - by and a[1] < b[3] - by and b[1] < a[3] - by


def crosses(
    start: tuple[float, float], end: tuple[float, float], box: Sequence[float], by: float = 0.02
) -> bool:
    """Whether a line enters a rectangle (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        low, high, at, step = (
            box[axis] + by,
            box[axis + 2] - by,
            start[axis],
            end[axis] - start[axis],
        )
        if low >= high:
            return False
        if abs(step) < 1e-12:
            if not low < at < high:
                return False
            continue
        near, far = sorted(((low - at) / step, (high - at) / step))
        first, last = max(first, near), min(last, far)
    return first < last - 1e-9


def faults(what: Picture, m: Metrics, width: float = 1e9) -> list[str]:
    """What overlaps in any of the rows of a picture."""
    return [
        fault for band in fold(what, m, width) for fault in of_band(band.picture, band.drawing, m)
    ]


def of_band(what: Picture, drawing: Drawing, m: Metrics) -> list[str]:
    boxes, labels = rectangles(what, drawing, m)
    everything = boxes + labels
    found = [
        f"{j} on {i}"
        for i, a in enumerate(everything)
        for j, b in enumerate(everything[:i])
        if meets(a, b)
    ]
    for k, (wire, path) in enumerate(zip(what.wires, drawing.paths, strict=True)):
        for start, end in pairwise(path):
            found += [
                f"wire {k} through box {i}"
                for i, box in enumerate(boxes)
                if i != wire.target and crosses(start, end, box)
            ]
            found += [
                f"wire {k} through label {i}"
                for i, box in enumerate(labels)
                if crosses(start, end, box)
            ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "sheet", [Sheet(), Sheet(gates=True), Sheet(blank_all=True)], ids=["names", "gates", "blank"]
)
def test_nothing_overlaps_in_any_shipped_exercise(sheet: Sheet) -> None:
    from gradcalc.app.shipped import titles

    for name in titles():
        what = drawn(name, sheet)
        for slack, width in ((tikz.SLACK, PAPER), (svg.SLACK, PAPER), (svg.SLACK, 8.0)):
            assert faults(what, metrics(slack), width) == [], name


def random_picture(seed: int, count: int, inputs: int) -> Picture:
    draw = random.Random(seed)
    vertices, wires = [], []
    for k in range(count):
        text = "x" * draw.randint(1, 12)
        label = Label(text, text)
        vertices.append(Vertex("input" if k < inputs else "gate", label, label, Label("?", "?")))
        for _ in range(draw.randint(1, 4) if k >= inputs else 0):
            wires.append(
                Wire(draw.randrange(k), k, Label("0.12", "0.12") if draw.random() < 0.4 else None)
            )
    return Picture(tuple(vertices), tuple(wires), "t", "d", Label("L", "L"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 6))
def test_nothing_overlaps_in_any_picture(seed: int, count: int, inputs: int) -> None:
    assert faults(random_picture(seed, count, min(inputs, count)), METRICS) == []


def test_a_picture_is_folded_to_the_width_of_paper_and_loses_nothing() -> None:
    what = drawn("lstm-cell-scalar", Sheet(solution=True))
    bands = fold(what, METRICS, PAPER)
    assert len(bands) > 1
    assert all(band.drawing.width <= PAPER for band in bands)
    shown = [vertex for band in bands for vertex in band.picture.vertices]
    assert sorted(v.label.text for v in shown if v.kind not in ("from", "to")) == sorted(
        v.label.text for v in what.vertices
    )
    marks = [v.label.text for v in shown if v.kind == "to"]
    assert set(marks) >= {v.label.text for v in shown if v.kind == "from"} - {
        v.label.text for v in what.vertices if v.kind in ("input", "parameter")
    }


def test_an_input_that_is_used_once_stands_at_its_gate() -> None:
    what = drawn("ex1")
    layers = lay_out(what, METRICS).layers
    z = next(k for k, vertex in enumerate(what.vertices) if vertex.label.text == "z")
    (wire,) = (wire for wire in what.wires if wire.source == z)
    assert layers[z] == layers[wire.target] - 1


def test_layers_are_longest_paths() -> None:
    what = drawn("ex2-gates")
    drawing = lay_out(what, METRICS)
    for wire in what.wires:
        assert drawing.layers[wire.source] < drawing.layers[wire.target]
    assert max(drawing.layers) == 7


@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.floats(0.1, 5), st.floats(0.5, 4)), min_size=1, max_size=12
    )
)
def test_spread_keeps_order_and_gaps_and_moves_nothing_without_need(
    items: list[tuple[float, float, float]],
) -> None:
    wanted, gaps, weights = [i[0] for i in items], [i[1] for i in items[1:]], [i[2] for i in items]
    found = spread(wanted, gaps, weights)
    assert all(b - a >= gap - 1e-6 for a, b, gap in zip(found, found[1:], gaps, strict=False))
    if all(b - a >= gap for a, b, gap in zip(wanted, wanted[1:], gaps, strict=False)):
        assert found == pytest.approx(wanted)


def test_a_long_graph_is_laid_out_quickly() -> None:
    import time

    begin = time.perf_counter()
    lay_out(random_picture(1, 200, 10), METRICS)
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("solution", [False, True], ids=["blank", "key"])
def test_a_share_of_a_gradient_is_clear_of_the_next_wire(solution: bool) -> None:
    what = drawn("two-two-one-network", Sheet(solution))
    drawing = lay_out(what, METRICS)
    seen = 0
    for number, box in enumerate(drawing.boxes):
        here = [k for k, wire in enumerate(what.wires) if wire.target == number]
        here.sort(key=lambda k: drawing.paths[k][-1][1])
        for one, other in pairwise(here):
            if share := what.wires[one].share:
                between = drawing.paths[other][-1][1] - drawing.paths[one][-1][1]
                assert between >= METRICS.extent(share)[1] + 0.19, box
                seen += 1
    assert seen == 4
