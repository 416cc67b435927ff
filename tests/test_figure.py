"""The figure: what stands in it, where, and how it is drawn. `GRADCALC_ACCEPT=1 pytest tests/test_figure.py` accepts changes."""

from __future__ import annotations

import os
import random
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.shipped import exercise_text
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.graph.build import build
from gradcalc.numeric.scalar_gradients import flow, is_scalar
from gradcalc.render import svg, terminal_graph, tikz
from gradcalc.report.figure import Picture, Sheet, Vertex, Wire, picture, sketch
from gradcalc.report.figure_layout import Drawing, Metrics, lay_out, spread
from gradcalc.report.labels import Label

GOLDEN = Path(__file__).with_name("golden")
EX1 = "ex1"


def exercise(name: str) -> Exercise:
    return parse_exercise(exercise_text(name), f"{name}.yaml")


def drawn(name: str, sheet: Sheet | None = None) -> Picture:
    return picture(sketch(exercise(name)), sheet or Sheet())


def of(text: str, sheet: Sheet | None = None) -> Picture:
    return picture(sketch(parse_exercise(text, "test.yaml")), sheet or Sheet())


def table(what: Picture) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (v.kind, v.label.text, v.above and v.above.text, v.below and v.below.text)
        for v in what.vertices
    ]


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GRADCALC_ACCEPT"):
        path.write_text(text)
    assert text == path.read_text(), f"GRADCALC_ACCEPT=1 accepts {name}"


# ---- what stands in it


def test_a_blank_sheet_gives_values_and_the_upstream_and_asks_for_gradients() -> None:
    assert table(drawn(EX1)) == [
        ("input", "x", "−2", "?"),
        ("input", "y", "5", "?"),
        ("input", "z", "−4", "?"),
        ("gate", "+", "q = 3", "?"),
        ("gate", "×", "f = −12", "1"),
    ]


def test_the_key_has_the_gradients() -> None:
    assert [v[3] for v in table(drawn(EX1, Sheet(solution=True)))] == ["−4", "−4", "3", "−4", "1"]


def test_blank_all_asks_for_values_of_quantities_too_but_not_in_the_key() -> None:
    assert [v[2] for v in table(drawn(EX1, Sheet(blank_all=True)))] == [
        "−2",
        "5",
        "−4",
        "q = ?",
        "f = ?",
    ]
    assert [v[2] for v in table(drawn(EX1, Sheet(blank_all=True, solution=True)))][3:] == [
        "q = 3",
        "f = −12",
    ]


def test_the_neuron_gate_by_gate_is_that_of_the_course() -> None:
    """CS231n, Backpropagation, Intuitions: the sigmoid neuron."""
    gates = {
        label: (above, below)
        for kind, label, above, below in table(drawn("ex2-gates", Sheet(solution=True)))
        if kind == "gate"
    }
    assert gates["×(−1)"] == ("n = −1", "−0.1966")
    assert gates["exp"] == ("u = 0.3679", "−0.5344")
    assert gates["+1"] == ("v = 1.368", "−0.5344")
    assert gates["1/x"] == ("α = 0.7311", "1")


def test_parameters_are_told_from_inputs() -> None:
    kinds = {v.label.text: v.kind for v in drawn("ex2").vertices}
    assert kinds["w₀"] == kinds["w₂"] == "parameter"
    assert kinds["x₀"] == "input"
    kinds = {v.label.text: v.kind for v in drawn("ex3").vertices}
    assert kinds["W₁"] == kinds["b₂"] == "parameter"
    assert kinds["x"] == kinds["y"] == "input"
    assert {v.kind for v in drawn(EX1).vertices} == {"input", "gate"}


def test_a_fan_out_has_the_sum_on_its_stub_and_the_shares_at_its_arrows() -> None:
    what = drawn("diamond-chain", Sheet(solution=True))
    x = next(v for v in what.vertices if v.label.text == "x")
    shares = [w.share.text for w in what.wires if w.share and what.vertices[w.source] is x]
    assert x.below is not None
    assert (x.below.text, shares) == ("96", ["24", "72"])
    assert {w.share.text for w in drawn("diamond-chain").wires if w.share} == {"?"}


def test_arrays_have_shapes_on_their_wires_and_formulas_below() -> None:
    what = drawn("ex3", Sheet(solution=True))
    by_label = {v.label.text: v for v in what.vertices}
    above = by_label["W₁ x + b₁"].above
    assert above is not None
    assert (above.text, above.latex) == ("z₁ : D_a₁ × 1", r"z_1 : D_{a_1} \times 1")
    notes = {mark.text: formula.text for mark, formula in what.notes}
    assert notes["L"] == "y log(ŷ) + (1 − y) log(1 − ŷ)"
    assert "∂J/∂W₁" in notes


def test_shapes_and_values_that_are_asked_are_not_given() -> None:
    shapes = {v.label.text: v.above and v.above.text for v in drawn("ex3").vertices}
    assert shapes["W₁"] == "?"
    assert shapes["x"] == "D_x × 1"
    asked = of(
        "expression: |\n  q = x + y\n  f = 2 * q\nvalues: {x: 1, y: 2}\nquestions: [value q]\n"
    )
    assert [v.above and v.above.text for v in asked.vertices][2:] == ["q = ?", "f = 6"]


def test_constants_stand_in_their_gates() -> None:
    text = "expression: f = 3 - x^2/2 + max(x, 0) + 2*exp(-x)\nvalues: {x: 2}\n"
    labels = [v.label.text for v in of(text, Sheet(gates=True)).vertices]
    assert {"x²", "÷2", "3 − x", "max(x, 0)", "×(−1)", "exp", "×2", "+"} == set(labels) - {"x"}


def test_integers_and_constants_have_no_gradient() -> None:
    what = of("expression: L = -log(p[k])\nvariables: {p: [3], c: {shape: [], assume: constant}}\n")
    assert {v.label.text: v.below and v.below.text for v in what.vertices}["k"] is None


def test_without_a_number_to_differentiate_there_are_no_gradients() -> None:
    what = of("expression: y = A @ x\nvariables: {A: [m, n], x: [n]}\n", Sheet(solution=True))
    assert [v.below for v in what.vertices] == [None, None, None]


def test_values_that_are_undefined_or_missing_are_left_out() -> None:
    assert (
        table(of("expression: |\n  q = log(x)\n  f = q + y\nvalues: {x: -1, y: 1}\n"))[2][2] == "q"
    )
    assert [v[2] for v in table(of("expression: |\n  q = x * y\n  f = q + y\n"))] == [
        None,
        None,
        "q",
        "f",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ex1",
        "ex2",
        "ex2-gates",
        "diamond-chain",
        "gru-cell-scalar",
        "relu-kink",
        "max-tie",
        "several-outputs",
    ],
)
def test_the_float_gradients_are_those_of_the_solution(name: str) -> None:
    solution = solve(exercise(name))
    graph = solution.graph
    found = flow(graph)
    for by, gradient in solution.gradients.items():
        got = found.gradients[graph.names[by]]
        assert got == pytest.approx(gradient.value, abs=1e-9) or (
            got is None and gradient.value == 0
        )


def test_shares_add_up_to_the_gradient() -> None:
    solution = sketch(exercise("lstm-cell-scalar"))
    graph = solution.graph
    assert is_scalar(graph)
    found, names = flow(graph), frozenset(graph.names.values())
    total = dict.fromkeys(graph.names.values(), 0.0)
    for name in graph.quantities:
        for source, share in found.shares(graph.names[name], names).items():
            total[source] += share or 0.0
    for name in graph.inputs:
        assert total[graph.names[name]] == pytest.approx(found.gradients[graph.names[name]])


# ---- where it stands


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


# ---- how it is drawn


SHEETS = {"blank": Sheet(), "solution": Sheet(solution=True)}


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("name", ["ex1", "ex2-gates", "ex3", "diamond-chain"])
def test_golden_figures(name: str, sheet: str) -> None:
    if name == "ex3" and sheet == "solution":
        return  # its formulas are others' and change with them
    what = drawn(name, SHEETS[sheet])
    golden(f"{name}.{sheet}.svg", svg.draw(what))
    golden(f"{name}.{sheet}.tikz.txt", tikz.draw(what))
    golden(f"{name}.{sheet}.graph.txt", terminal_graph.render(what, 200) + "\n")


ELEMENTS = {
    "svg",
    "title",
    "desc",
    "defs",
    "marker",
    "path",
    "rect",
    "g",
    "polyline",
    "text",
    "line",
    "circle",
}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_an_svg_is_xml_of_listed_elements_whatever_the_title(title: str) -> None:
    what = replace(drawn(EX1), title=title, description=title)
    root = ET.fromstring(svg.draw(what))
    assert {element.tag.split("}")[1] for element in root.iter()} <= ELEMENTS
    assert {
        a for element in root.iter() for a in element.attrib if a.startswith("on") or "href" in a
    } == set()
    assert root[0].tag.endswith("title")
    assert root[1].tag.endswith("desc")


def test_colour_is_never_the_only_sign() -> None:
    text = svg.draw(drawn("ex2"))
    assert "above the wire: forward" in text
    assert "below: gradient of L" in text
    assert ">parameter<" in text


def test_the_terminal_shows_everything_at_every_width() -> None:
    what = drawn("ex2", Sheet(solution=True))
    for width in (20, 40, 80, 200):
        printed = terminal_graph.render(what, width)
        for vertex in what.vertices:
            assert all(
                label.text in printed
                for label in (vertex.label, vertex.above, vertex.below)
                if label
            )
        if "no." not in printed:
            assert max(map(len, printed.splitlines())) <= max(width, 61)
    assert "no.  node" in terminal_graph.render(what, 20)


def test_ascii_is_ascii_and_colour_is_ended() -> None:
    printed = terminal_graph.render(drawn("ex2", Sheet(solution=True)), 200, ascii=True)
    assert printed.isascii()
    assert "(w0 x0 + w1 x1 + w2)" in printed
    colored = terminal_graph.render(drawn(EX1), 200, color=True)
    assert colored.count("\x1b[32m") + colored.count("\x1b[31m") == colored.count("\x1b[0m")


@pytest.mark.parametrize(
    "name",
    [
        "gru-cell-scalar",
        "lstm-cell-scalar",
        "relu-network-scalar",
        "two-two-one-network",
        "batch-normalisation",
    ],
)
def test_wires_in_the_terminal_do_not_meet_by_accident(name: str) -> None:
    printed = terminal_graph.render(drawn(name), 250)
    assert "no.  node" not in printed
    assert printed.count("→") == len({w.target for w in drawn(name).wires})


def test_beyond_forty_vertices_a_table_says_it() -> None:
    lines = "\n".join(f"  x{k} = x{k - 1} * y" for k in range(1, 45))
    what = of(f"expression: |\n{lines}\nvalues: {{x0: 1, y: 1}}\n")
    assert what.crowded
    assert terminal_graph.render(what).splitlines()[2].startswith("no.  node")
    assert r"\begin{longtable}" in tikz.draw(what)
    assert "<polyline" not in svg.draw(what)


def test_a_graph_needs_no_answers() -> None:
    assert build(exercise(EX1)).names.keys() == sketch(exercise(EX1)).graph.names.keys()
