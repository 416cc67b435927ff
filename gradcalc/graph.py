"""Exercise to Graph: elementary nodes with shapes, each made by one operation; named quantities keep their names."""

from __future__ import annotations

from gradcalc.exercise import Exercise
from gradcalc.nodes import Graph, Node

__all__ = ["Graph", "Node", "build"]


def build(exercise: Exercise) -> Graph:
    """Infer shapes and make the nodes. Raises GradcalcError with every problem found."""
    raise NotImplementedError
