"""The same graph, to be computed without overflow and cancellation: logarithms are taken of what
they are really of.

    log σ(z) = −softplus(−z)          log softmax(s) = log_softmax(s)     log det A = logdet A
    log(1 − σ(z)) = −softplus(z)      log Σ exp(s) = logsumexp(s)         log(1 + exp(t)) =
    softplus(t)

Names are looked through: p = softmax(s) in one line and log(p) in another. What is differentiated
afterwards never divides by a probability that has become 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import replace


def stable(graph: Graph) -> Graph:
    """Names, inputs and values of quantities stay; numbers of nodes change."""
    return _Stable(graph).graph()


class _Stable:
    def __init__(self, graph: Graph) -> None:
        self.before = graph
        self.nodes: list[Node] = []
        self.levels: dict[
            int, int
        ] = {}  # a softmax whose logarithm is taken -> that, computed first

    def graph(self) -> Graph:
        logged = self.logged()
        place: list[int] = []
        for number, node in enumerate(self.before.nodes):
            node = replace(node, args=tuple(place[arg] for arg in node.args))
            level = (
                self.add("log_softmax", node.args, node, node.attrs) if number in logged else None
            )
            found = self.log(node) if node.op == "log" else None
            if found is not None and found.shape == node.shape and found.over == node.over:
                node = replace(found, name=node.name, expr=node.expr)
            place.append(len(self.nodes))
            self.nodes.append(node)
            if level is not None:
                self.levels[place[number]] = level
        names = {name: place[number] for name, number in self.before.names.items()}
        return replace(self.before, nodes=self.nodes, names=names)

    def logged(self) -> set[int]:
        """The softmax nodes whose logarithm is taken, whole or at chosen entries."""
        nodes, found = self.before.nodes, set()
        for node in nodes:
            if node.op == "log":
                number = node.args[0]
                while nodes[number].op in ("copy", "getitem"):
                    number = nodes[number].args[0]
                if nodes[number].op == "softmax":
                    found.add(number)
        return found

    def add(
        self, op: str, args: Sequence[int], like: Node, attrs: Mapping[str, Any] | None = None
    ) -> int:
        self.nodes.append(Node(op, tuple(args), like.shape, like.over, attrs or {}))
        return len(self.nodes) - 1

    def real(self, number: int) -> int:
        """The node behind other names for it."""
        while self.nodes[number].op == "copy":
            number = self.nodes[number].args[0]
        return number

    def node(self, number: int) -> Node:
        return self.nodes[self.real(number)]

    def one(self, number: int) -> bool:
        return self.node(number).op == "const" and bool(self.node(number).attrs["value"] == 1)

    def log(self, node: Node) -> Node | None:
        """What log(…) is, or None."""
        number = self.real(node.args[0])
        inner = self.nodes[number]
        if (
            inner.op == "sub"
            and self.one(inner.args[0])
            and self.node(inner.args[1]).op == "sigmoid"
        ):
            return Node(
                "neg",
                (self.add("softplus", self.node(inner.args[1]).args, node),),
                node.shape,
                node.over,
            )
        if inner.op == "sigmoid":
            flipped = self.add("neg", inner.args, node)
            return Node("neg", (self.add("softplus", (flipped,), node),), node.shape, node.over)
        if number in self.levels:
            return Node("copy", (self.levels[number],), node.shape, node.over)
        if inner.op == "getitem" and self.real(inner.args[0]) in self.levels:
            return replace(inner, args=(self.levels[self.real(inner.args[0])], *inner.args[1:]))
        if inner.op == "sum" and "axis" in inner.attrs and self.node(inner.args[0]).op == "exp":
            return replace(inner, op="logsumexp", args=self.node(inner.args[0]).args)
        if inner.op == "det":
            return replace(inner, op="logdet")
        if inner.op == "add":
            for left, right in (inner.args, inner.args[::-1]):
                exponential = self.node(right)
                if self.one(left) and exponential.op == "exp" and exponential.shape == inner.shape:
                    return replace(inner, op="softplus", args=exponential.args)
        return None
