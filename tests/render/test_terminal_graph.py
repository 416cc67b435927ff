"""The graph drawn in a terminal."""

from __future__ import annotations

import pytest

from gradcalc.render import terminal_graph
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
        if "no." not in printed:
            assert max(map(len, printed.splitlines())) <= max(width, 61)
    assert "no.  node" in terminal_graph.render(what, 20)


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
    assert "no.  node" not in printed
    assert printed.count("→") == len({w.target for w in drawn(name).wires})
