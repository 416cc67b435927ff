"""The graph drawn in a terminal."""

from __future__ import annotations

import pytest

from gradcalc.render import terminal_graph, terminal_lanes
from gradcalc.report.figure import Sheet
from helpers.pictures import drawn


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
        assert max(map(len, printed.splitlines())) <= width
    assert "from w₀, x₀, w₁, x₁, w₂" in " ".join(terminal_graph.render(what, 20).split())


def test_from_top_to_bottom_a_node_stands_below_what_it_is_computed_from() -> None:
    """Each lane is followed from its node: it ends at the last node that uses it, and passes none it does not."""
    for name in ("ex2", "ex3", "lstm-cell", "gru-cell-scalar", "batch-normalisation"):
        what = drawn(name)
        order = [row.vertex for row in terminal_lanes.rows(what)]
        assert sorted(order) == list(range(len(what.vertices)))
        for wire in what.wires:
            assert order.index(wire.source) < order.index(wire.target)
    printed = terminal_graph.render(drawn("ex3"), 60).splitlines()
    assert [line[:7].rstrip() for line in printed[2:14]] == [
        "●", "│ ●", "│ │ ●", "└─┴─●", "    ●", "●   │", "│ ● │", "└─┴─●", "    ●", "●   │", "└───●", "    ●",
    ]  # fmt: skip


def test_ascii_is_ascii_and_colour_is_ended() -> None:
    printed = terminal_graph.render(drawn("ex2", Sheet(solution=True)), 200, ascii=True)
    assert printed.isascii()
    assert "(w0 x0 + w1 x1 + w2)" in printed
    colored = terminal_graph.render(drawn("ex1"), 200, color=True)
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
    assert "●" not in printed
    assert printed.count("→") == len({w.target for w in drawn(name).wires})
