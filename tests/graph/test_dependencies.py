"""What depends on what."""

from __future__ import annotations

from gradcalc.graph.dependencies import depends, operands
from helpers.graphs import graph


def test_what_depends_on_what() -> None:
    found = graph("q = x + y; r = sin(q)*z; f = r + q")
    assert depends(found, "f", "x")
    assert not depends(found, "q", "z")
    assert operands(found, "r") == ("q", "z")
    assert operands(found, "f") == ("r", "q")
