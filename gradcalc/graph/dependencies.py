"""Paths through the graph of named quantities."""

from __future__ import annotations

import math

from gradcalc.graph.build import Graph


def uses(graph: Graph, name: str) -> tuple[str, ...]:
    """The inputs and named quantities that a quantity's own expression uses, in order."""
    found: dict[str, None] = {}
    stack = list(reversed(graph.node(name).args))
    while stack:
        node = graph.nodes[stack.pop()]
        if node.name is not None:
            found.setdefault(node.name)
        else:
            stack.extend(reversed(node.args))
    return tuple(found)


def reached_otherwise(graph: Graph, of: str, by: str) -> bool:
    """Does a quantity depend on one of its operands through another operand, too?"""
    target = graph.names[by]
    stack, seen = [graph.names[name] for name in uses(graph, of) if name != by], set()
    while stack:
        number = stack.pop()
        if number == target:
            return True
        if number > target and number not in seen:  # what comes before it is not made from it
            seen.add(number)
            stack.extend(graph.nodes[number].args)
    return False


def many(count: int) -> str:
    """How many paths, in words: 12, or "more than 10^208"; there may be more than Python writes out."""
    return (
        str(count)
        if count < 10**9
        else f"more than 10^{int((count.bit_length() - 1) * math.log10(2))}"
    )


def paths(graph: Graph, of: str, by: str, limit: int) -> tuple[list[tuple[str, ...]], int]:
    """Up to `limit` paths from numerator to denominator, each from `of` down to `by`, and how many more there are."""
    names = [*graph.inputs, *graph.quantities]
    operands = {name: uses(graph, name) for name in names}
    count: dict[str, int] = {}
    for name in names:  # inputs, then quantities in topological order
        count[name] = 1 if name == by else sum(count[other] for other in operands[name])
    found: list[tuple[str, ...]] = []
    stack: list[tuple[str, ...]] = [(of,)] if of != by else []
    while stack and len(found) < limit:
        path = stack.pop()
        if path[-1] == by:
            found.append(path)
            continue
        stack.extend((*path, other) for other in reversed(operands[path[-1]]) if count[other])
    return found, (count[of] - len(found) if of != by else 0)
