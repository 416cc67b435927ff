"""Numbers on the wires of a scalar graph: every node forward, every gradient backward, and each wire's share of it.

Floats only; where a node has no value (undefined, or a value is missing) it is None, and so is what depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradcalc.exercise.model import Value
from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.numeric.reverse import function, functions, pullback, reads
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.ops import TABLE


@dataclass(slots=True)
class Flow:
    """values[n], gradients[n]: of node n. share(n, k): what node n hands back to its operand k."""

    nodes: Sequence[Node]
    values: list[Any]
    gradients: list[float | None]
    locals: dict[tuple[int, int], float | None] = field(default_factory=dict)

    def share(self, number: int, operand: int) -> float | None:
        return _times(self.gradients[number], self.local(number, operand))

    def local(self, number: int, operand: int) -> float | None:
        if (number, operand) not in self.locals:
            self.locals[number, operand] = _local(
                self.nodes[number], operand, self.values, self.values[number]
            )
        return self.locals[number, operand]

    def shares(self, target: int, until: frozenset[int]) -> dict[int, float | None]:
        """What a node hands back, through nodes that are not in `until`, to each node of `until` it is computed from."""
        carried: dict[int, float | None] = {target: self.gradients[target]}
        found: dict[int, float | None] = {}
        for number in range(target, -1, -1):
            if number not in carried:
                continue
            upstream = carried.pop(number)
            if number in until and number != target:
                found[number] = upstream
                continue
            for k, operand in enumerate(self.nodes[number].args):
                handed = _times(upstream, self.local(number, k))
                carried[operand] = _plus(carried[operand], handed) if operand in carried else handed
        return found


def is_scalar(graph: Graph) -> bool:
    """Whether every node is one number, so that numbers can stand on the wires."""
    return all(not node.shape and not node.over and node.op in _KNOWN for node in graph.nodes)


_KNOWN = frozenset(
    name for name, op in TABLE.items() if op.value and op.kind in ("elementwise", "comparison")
) | {
    "input",
    "const",
    "size",
}


def flow(graph: Graph, inputs: Mapping[str, Any]) -> Flow:
    """Forward and backward through a scalar graph. The loss is Σ upstream · quantity, or the output itself."""
    values = forward(graph, inputs)
    gradients: list[float | None] = [None] * len(graph.nodes)
    reached: dict[int, float | None] = {}
    for number, seed in seeds(graph).items():
        reached[number] = seed
    found = Flow(graph.nodes, values, gradients)
    for number in range(len(graph.nodes) - 1, -1, -1):
        if number not in reached:
            continue
        gradients[number] = reached[number]
        for k, operand in enumerate(graph.nodes[number].args):
            handed = found.share(number, k)
            reached[operand] = _plus(reached[operand], handed) if operand in reached else handed
    return found


def seeds(graph: Graph) -> dict[int, float | None]:
    """The upstream gradients as numbers, by node; None for one that is a symbol."""
    upstream = graph.exercise.upstream
    if not upstream:
        return {graph.names[graph.outputs[-1]]: 1.0} if graph.outputs else {}
    found: dict[int, float | None] = {}
    for item in upstream:
        number = graph.names[item.of or graph.outputs[-1]]
        value = _constant(item.value)
        found[number] = _plus(found[number], value) if number in found else value
    return found


def _constant(value: Value) -> float | None:
    """A constant expression as a float; None for a symbol or an array."""
    try:
        return None if isinstance(value, tuple) else float(function(value, {})(()))
    except (KeyError, TypeError, Undefined, ArithmeticError, ValueError):
        return None


def forward(graph: Graph, inputs: Mapping[str, Any]) -> list[Any]:
    """The value of every node in floats; None where it is unknown or undefined."""
    table: Mapping[str, Any] = functions()
    values: list[Any] = []
    for node in graph.nodes:
        values.append(_value(node, [values[n] for n in node.args], inputs, graph, table))
    return values


def _value(
    node: Node,
    operands: list[Any],
    inputs: Mapping[str, Any],
    graph: Graph,
    table: Mapping[str, Any],
) -> Any:
    if node.op == "input":
        value = inputs.get(node.name or "")
        return float(value) if isinstance(value, int | float) else None
    if node.op == "const":
        value = node.attrs["value"]
        return (
            {"pi": math.pi, "e": math.e}[value]
            if isinstance(value, str)
            else float(Fraction(value))
        )
    if node.op == "size":
        try:
            return float(node.attrs["value"].at(graph.sizes))
        except KeyError:
            return None
    if any(operand is None for operand in operands):
        return None
    return _applied(table[node.op], operands)


def _applied(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    try:
        value = function(*operands)
    except (Undefined, ArithmeticError, ValueError):
        return None
    return value if isinstance(value, bool) or math.isfinite(value) else None


def _local(node: Node, operand: int, values: Sequence[Any], result: Any) -> float | None:
    """The local derivative as a number."""
    partials = TABLE[node.op].partials
    if not partials or partials[operand] in ("", "0"):
        return 0.0
    name, given = f"{node.op}'{operand}", (*(values[n] for n in node.args), result)
    if any(given[place] is None for place in reads(name)):
        return None
    value = _applied(pullback(name), (given,))
    return None if value is None else float(value)


def _times(a: float | None, b: float | None) -> float | None:
    if a == 0 or b == 0:
        return 0.0
    return None if a is None or b is None else a * b


def _plus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
