"""What the page's script must know of a computation: its lines, inputs, indices and functions, as
text of the expression language.
"""

from __future__ import annotations

from typing import Any

from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.graph.model import Graph
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Shape, Size
from gradcalc.language.unparse import unparse


def computation(graph: Graph) -> dict[str, Any]:
    """JSON-able, the lines in the order in which they are computed."""
    exercise = graph.exercise
    lines = {definition.name: definition for definition in exercise.definitions}
    return {
        "indices": {name: _said(size) for name, size in graph.indices.items()},
        "examples": list(graph.examples),
        "stacks": dict(graph.stacks),
        "functions": {
            name: {"params": list(one.params), "formula": unparse(one.expr)}
            for name, one in exercise.functions.items()
        },
        "unknown": sorted(exercise.unknown_functions),
        "inputs": [{"name": name, **_place(graph, name)} for name in graph.inputs],
        "lines": [
            {
                "name": name,
                "indices": list(lines[name].indices),
                "formula": unparse(lines[name].expr),
            }
            for name in graph.quantities
        ],
        "upstream": [
            {"name": upstream_name(graph, item), **_place(graph, item.of or graph.outputs[-1])}
            for item in exercise.upstream
            if upstream_name(graph, item) not in graph.names
        ],
        "shapes": {name: _shape(graph.node(name).shape) for name in graph.names},
    }


def _place(graph: Graph, name: str) -> dict[str, Any]:
    node = graph.node(name)
    return {"shape": _shape(node.shape), "over": list(node.over)}


def _shape(shape: Shape) -> list[str]:
    return [_said(size) for size in shape]


def _said(size: Size) -> str:
    return unparse(size_tree(size))
