"""What depends on what: nodes, named quantities, examples."""

from __future__ import annotations

import math

from gradcalc.graph.model import Graph


def descendants(graph: Graph, name: str) -> set[int]:
    """The nodes that depend on a quantity, itself included."""
    start = graph.names[name]
    found = {start}
    for number in range(start + 1, len(graph.nodes)):
        if any(arg in found for arg in graph.nodes[number].args):
            found.add(number)
    return found


def ancestors(graph: Graph, name: str) -> set[int]:
    """The nodes a quantity depends on, itself included."""
    found, stack = set[int](), [graph.names[name]]
    while stack:
        number = stack.pop()
        if number not in found:
            found.add(number)
            stack.extend(graph.nodes[number].args)
    return found


def depends(graph: Graph, of: str, by: str) -> bool:
    """Whether `of` is computed from `by`; a quantity depends on itself."""
    return graph.names[by] in ancestors(graph, of)


def interact(graph: Graph, of: str, by: str) -> bool:
    """Whether one example's `by` influences another example's `of`."""
    shared = set(graph.node(of).over) & set(graph.node(by).over) & set(graph.examples)
    if not shared:
        return False
    between = descendants(graph, by) & ancestors(graph, of)
    return any(shared - set(graph.nodes[number].over) for number in between)


def mixes(graph: Graph) -> bool:
    """Whether anything per example depends on other examples: a sum over the examples that is
    used for each of them.
    """
    for index in graph.examples:
        mixed = [False] * len(graph.nodes)
        for number, node in enumerate(graph.nodes):
            without = index not in node.over
            mixed[number] = any(
                mixed[arg] or (without and index in graph.nodes[arg].over) for arg in node.args
            )
            if mixed[number] and not without:
                return True
    return False


def operands(graph: Graph, name: str) -> tuple[str, ...]:
    """The named quantities and inputs that the definition of a quantity uses directly, in order
    of first use.
    """
    found: dict[str, None] = {}
    stack = list(reversed(graph.node(name).args))
    seen: set[int] = set()
    while stack:
        number = stack.pop()
        node = graph.nodes[number]
        if node.name is not None:
            found[node.name] = None
        elif number not in seen:
            seen.add(number)
            stack.extend(reversed(node.args))
    return tuple(found)


def reached_otherwise(graph: Graph, of: str, by: str) -> bool:
    """Does a quantity depend on one of its operands through another operand, too?"""
    target = graph.names[by]
    stack, seen = [graph.names[name] for name in operands(graph, of) if name != by], set()
    while stack:
        number = stack.pop()
        if number == target:
            return True
        if number > target and number not in seen:  # what comes before it is not made from it
            seen.add(number)
            stack.extend(graph.nodes[number].args)
    return False


def many(count: int) -> str:
    """How many paths, in words: 12, or "more than 10^208"; there may be more than Python writes
    out.
    """
    return (
        str(count)
        if count < 10**9
        else f"more than 10^{int((count.bit_length() - 1) * math.log10(2))}"
    )
