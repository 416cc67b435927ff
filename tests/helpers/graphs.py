"""Graphs made of lines of text, and their nodes and shapes as text."""

from __future__ import annotations

from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import (
    Shape,
    show,
)
from gradcalc.language.size_expressions import size_of


def graph_of(text: str) -> Graph:
    return build(parse_exercise(text, "e.yaml"))


def graph(expression: str, variables: str = "", more: str = "") -> Graph:
    """Lines of the expression are separated by `;`"""
    lines = "".join(f"  {line.strip()}\n" for line in expression.split(";"))
    return build(
        parse_exercise(
            f"expression: |\n{lines}" + (f"variables: {variables}\n" if variables else "") + more,
            "e.yaml",
        )
    )


def shown(found: Graph, number: int) -> str:
    """A node as operations in one another, down to names and numbers."""
    node = found.nodes[number]
    inner = [found.nodes[arg].name or shown(found, arg) for arg in node.args]
    if node.op == "input":
        return node.name or ""
    if node.op in ("const", "size"):
        return str(node.attrs["value"])
    said = [
        f"{key}={'/'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in node.attrs.items()
        if key not in ("shape", "items")
    ]
    for item in node.attrs.get("items", ()):
        said.append(f"{item[1]}:{item[2]}" if item[0] == "slice" else f"{item[0]} {item[1]}")
    return f"{node.op}({', '.join([*inner, *said])})"


def lowered(expression: str, variables: str = "", more: str = "") -> str:
    """The node of the last quantity."""
    found = graph(expression, variables, more)
    return shown(found, found.names[found.quantities[-1]])


def sizes(text: str) -> Shape:
    """`n 1 N-1` as a shape"""
    return tuple(size_of(parse(word)) for word in text.split())


def inferred(expression: str, variables: str = "", more: str = "") -> dict[str, str]:
    """name -> shape, of everything; lines of the expression are separated by `;`"""
    lines = "".join(f"  {line.strip()}\n" for line in expression.split(";"))
    found = graph_of(
        f"expression: |\n{lines}" + (f"variables: {variables}\n" if variables else "") + more
    )
    return {name: show(found.node(name).shape) for name in found.names}
