"""Shapes that follow from indices and from upstream gradients."""

from __future__ import annotations

from gradcalc.language.shape_rules import (
    show,
)
from helpers.graphs import graph_of


def test_an_upstream_gradient_has_the_shape_of_its_quantity() -> None:
    found = graph_of(
        "expression: Y = X @ W + b\nvariables: {W: [d, k], b: [1, k]}\nupstream: {dL/dY: [[1, 2], [3, 4], [5, 6]]}\n"
    )
    assert show(found.node("X").shape) == "3×d"
    assert found.sizes == {"k": 2}


def test_indices_fix_the_axes_they_index() -> None:
    found = graph_of(
        "expression: |\n  a[i] = sum(W[i, j] * x[j], j) + b[i]\n  f = sum(a)\nindices: {i: n, j: d}\n"
    )
    assert {name: show(found.node(name).shape) for name in ("W", "x", "b", "a")} == {
        "W": "n×d",
        "x": "[d]",
        "b": "[n]",
        "a": "[n]",
    }
    assert found.reasons["x"] == "`x[j]` is a scalar and j runs over d, so x is [d]"
