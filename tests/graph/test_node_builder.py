"""Nodes that are equal are made once, and know the author's piece of text."""

from __future__ import annotations

from gradcalc.graph.dependencies import depends
from helpers.graphs import graph, shown


def test_equal_pieces_are_one_node_but_names_stay_apart() -> None:
    found = graph("q = x + y; f = (x + y) * sin(x + y); p = sin(x + y)")
    assert shown(found, found.names["f"]) == "mul(add(x, y), sin(add(x, y)))"
    assert sum(node.op == "add" for node in found.nodes) == 2  # q, and the unnamed one
    assert not depends(found, "f", "q")
    assert not depends(found, "p", "f")


def test_nodes_keep_the_authors_piece() -> None:
    found = graph("f = 1/(1 + exp(-z)) + cos(z*w)")
    pieces = {node.op: node.expr for node in found.nodes}
    source = found.exercise.definitions[0].source.value
    assert source[slice(*pieces["cos"].span)] == "cos(z*w)"  # type: ignore[union-attr]
    assert source[slice(*pieces["sigmoid"].span)] == "1/(1 + exp(-z))"  # type: ignore[union-attr]
