"""Where things stand in a figure: nothing overlaps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.render import svg, tikz
from gradcalc.report.figure import Picture, Sheet, Vertex, Wire
from gradcalc.report.figure_layout import Drawing, Metrics, lay_out, spread
from gradcalc.report.labels import Label
from helpers.pictures import drawn


def rectangles(
    what: Picture, drawing: Drawing, m: Metrics
) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    boxes, labels = [], []
    for vertex, box in zip(what.vertices, drawing.boxes, strict=True):
        boxes.append((box.left, box.y - box.height / 2, box.right, box.y + box.height / 2))
        for label, top in ((vertex.above, -0.42), (vertex.below, 0.06)):
            if label:
                left = box.right + 0.06
                labels.append(
                    (left, box.y + top, left + m.width(label.text) - m.pad, box.y + top + 0.36)
                )
    for wire, path in zip(what.wires, drawing.paths, strict=True):
        if wire.share:
            x, y = drawing.boxes[wire.target].left, path[-1][1]
            labels.append(
                (x - 0.2 - (m.width(wire.share.text) - m.pad) * 0.8, y + 0.05, x - 0.2, y + 0.32)
            )
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


def faults(what: Picture, m: Metrics) -> list[str]:
    drawing = lay_out(what, m)
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
        for metrics in (svg.METRICS, tikz.METRICS):
            assert faults(what, metrics) == [], name


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
    assert faults(random_picture(seed, count, min(inputs, count)), svg.METRICS) == []


def test_layers_are_longest_paths_and_inputs_stand_as_declared() -> None:
    what = drawn("ex2-gates")
    drawing = lay_out(what, svg.METRICS)
    for wire in what.wires:
        assert drawing.layers[wire.source] < drawing.layers[wire.target]
    inputs = [
        box.y
        for vertex, box in zip(what.vertices, drawing.boxes, strict=True)
        if vertex.kind != "gate"
    ]
    assert inputs == sorted(inputs)
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
    lay_out(random_picture(1, 200, 10), svg.METRICS)
    assert time.perf_counter() - begin < 5
