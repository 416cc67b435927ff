"""Graphs too large to draw become a table."""

from __future__ import annotations

from gradcalc.render import svg, terminal_graph, tikz
from helpers.pictures import picture_of


def test_beyond_forty_vertices_a_table_says_it_and_the_terminal_draws_down() -> None:
    lines = "\n".join(f"  x{k} = x{k - 1} * y" for k in range(1, 45))
    what = picture_of(f"expression: |\n{lines}\nvalues: {{x0: 1, y: 1}}\n")
    assert what.crowded
    assert terminal_graph.render(what).count("●") == 46
    assert r"\begin{longtable}" in tikz.draw(what)
    assert "<polyline" not in svg.draw(what)
