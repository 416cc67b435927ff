"""What stands in a figure: vertices, wires, values and gradients."""

from __future__ import annotations

from gradcalc.graph.build import build
from gradcalc.report.figure import Picture, Sheet, sketch
from helpers.pictures import drawn, exercise, picture_of


def table(what: Picture) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (v.kind, v.label.text, v.above and v.above.text, v.below and v.below.text)
        for v in what.vertices
    ]


# ---- what stands in it


def test_a_blank_sheet_gives_values_and_the_upstream_and_asks_for_gradients() -> None:
    assert table(drawn("ex1")) == [
        ("input", "x", "−2", "?"),
        ("input", "y", "5", "?"),
        ("input", "z", "−4", "?"),
        ("gate", "+", "q = 3", "?"),
        ("gate", "×", "f = −12", "1"),
    ]


def test_the_key_has_the_gradients() -> None:
    assert [v[3] for v in table(drawn("ex1", Sheet(solution=True)))] == ["−4", "−4", "3", "−4", "1"]


def test_blank_all_asks_for_values_of_quantities_too_but_not_in_the_key() -> None:
    assert [v[2] for v in table(drawn("ex1", Sheet(blank_all=True)))] == [
        "−2",
        "5",
        "−4",
        "q = ?",
        "f = ?",
    ]
    assert [v[2] for v in table(drawn("ex1", Sheet(blank_all=True, solution=True)))][3:] == [
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
    assert {v.kind for v in drawn("ex1").vertices} == {"input", "gate"}


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
    asked = picture_of(
        "expression: |\n  q = x + y\n  f = 2 * q\nvalues: {x: 1, y: 2}\nquestions: [value q]\n"
    )
    assert [v.above and v.above.text for v in asked.vertices][2:] == ["q = ?", "f = 6"]


def test_constants_stand_in_their_gates() -> None:
    text = "expression: f = 3 - x^2/2 + max(x, 0) + 2*exp(-x)\nvalues: {x: 2}\n"
    labels = [v.label.text for v in picture_of(text, Sheet(gates=True)).vertices]
    assert {"x²", "÷2", "3 − x", "max(x, 0)", "×(−1)", "exp", "×2", "+"} == set(labels) - {"x"}


def test_integers_and_constants_have_no_gradient() -> None:
    what = picture_of(
        "expression: L = -log(p[k])\nvariables: {p: [3], c: {shape: [], assume: constant}}\n"
    )
    assert {v.label.text: v.below and v.below.text for v in what.vertices}["k"] is None


def test_without_a_number_to_differentiate_there_are_no_gradients() -> None:
    what = picture_of(
        "expression: y = A @ x\nvariables: {A: [m, n], x: [n]}\n", Sheet(solution=True)
    )
    assert [v.below for v in what.vertices] == [None, None, None]


def test_values_that_are_undefined_or_missing_are_left_out() -> None:
    assert (
        table(picture_of("expression: |\n  q = log(x)\n  f = q + y\nvalues: {x: -1, y: 1}\n"))[2][2]
        == "q"
    )
    assert [v[2] for v in table(picture_of("expression: |\n  q = x * y\n  f = q + y\n"))] == [
        None,
        None,
        "q",
        "f",
    ]


# ---- how it is drawn


def test_a_graph_needs_no_answers() -> None:
    assert build(exercise("ex1")).names.keys() == sketch(exercise("ex1")).graph.names.keys()
