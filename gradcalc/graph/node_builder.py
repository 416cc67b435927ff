"""Makes nodes: equal unnamed nodes are one node, constants are folded, functions that were
written out are recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from gradcalc.graph.model import Node, item_indices
from gradcalc.language.exact_numbers import arithmetic
from gradcalc.language.parser import Expr
from gradcalc.language.shape_rules import PLAIN, Shape, Size, rule
from gradcalc.ops import NODES, SIGNS

_ARITHMETIC = {op: sign for sign, op in SIGNS.items() if NODES[op].kind == "elementwise"}
_NO_ATTRS: Mapping[str, Any] = {}

# The builder and the operands of a node about to be made -> the node to take instead, or None.
Rewrite: TypeAlias = "Callable[[NodeBuilder, tuple[int, ...], Mapping[str, Any]], int | None]"


class NodeBuilder:
    """`make(op, args)` is the number of the node for that operation on these operands.

    `order` sorts named indices; `rewrites`: operation -> rules tried in order (node_rewrites.py).
    Named nodes are never shared: a quantity is a step of its own, whatever it equals.
    """

    def __init__(
        self,
        order: Callable[[set[str]], tuple[str, ...]],
        rewrites: Mapping[str, Sequence[Rewrite]],
    ) -> None:
        self.nodes: list[Node] = []
        self.order, self.rewrites = order, rewrites
        self.known: dict[Any, int] = {}
        self.keys: dict[int, list[Any]] = {}  # the inverse of `known`
        self.values: dict[int, Fraction] = {}

    def __call__(
        self,
        op: str,
        args: tuple[int, ...] = (),
        attrs: Mapping[str, Any] = _NO_ATTRS,
        shape: Shape | None = None,
        expr: Expr | None = None,
    ) -> int:
        """`shape` where the table does not give it. Raises ShapeError, ZeroDivisionError,
        OverflowError.
        """
        if self.values and args and all(arg in self.values for arg in args):
            folded = self.fold(op, args)
            if folded is not None:
                return self.const(folded, expr)
        if (
            op == "pow"
            and self.nodes[args[0]].attrs.get("value") == "e"
            and self.nodes[args[0]].op == "const"
        ):
            op, args = "exp", args[1:]
        key = (op, args, tuple(attrs.items())) if attrs else (op, args)
        number = self.known.get(key)
        if number is None:
            number = self.rewritten(op, args, attrs)
            if number is None:
                if shape is None:
                    shape = rule(op, [self.nodes[arg].shape for arg in args], PLAIN)
                number = self.add(Node(op, args, shape, self.over(op, args, attrs), attrs))
            self.known[key] = number
            self.keys.setdefault(number, []).append(key)
        if expr is not None and self.nodes[number].name is None and self.nodes[number].expr is None:
            self.nodes[number].expr = expr
        return number

    def rewritten(self, op: str, args: tuple[int, ...], attrs: Mapping[str, Any]) -> int | None:
        """The node that says in one operation what `op(args)` would say in several, or None."""
        for rewrite in self.rewrites.get(op, ()):
            found = rewrite(self, args, attrs)
            if found is not None:
                return found
        return None

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def fold(self, op: str, args: tuple[int, ...]) -> Fraction | None:
        if op == "neg":
            return -self.values[args[0]]
        return (
            arithmetic(_ARITHMETIC[op], self.values[args[0]], self.values[args[1]])
            if op in _ARITHMETIC
            else None
        )

    def over(self, op: str, args: Sequence[int], attrs: Mapping[str, Any]) -> tuple[str, ...]:
        """The named indices a node depends on."""
        found = self.nodes[args[0]].over if args else ()
        for arg in args[1:]:
            other = self.nodes[arg].over
            if other != found:
                found = self.order({*found, *other})
        if op == "index":
            return (attrs["name"],)
        if op == "getitem" and (
            named := [name for item in attrs["items"] for name in item_indices(item)]
        ):
            return self.order({*found, *named})
        gone = attrs.get("index") or attrs.get("indices")
        return tuple(index for index in found if index not in gone) if gone else found

    def const(self, value: Fraction | str, expr: Expr | None = None) -> int:
        number = self.known.get(("const", value))
        if number is None:
            number = self.known["const", value] = self.add(
                Node("const", (), (), (), {"value": value}, None, expr)
            )
            if isinstance(value, Fraction):
                self.values[number] = value
        return number

    def size(self, value: Size, expr: Expr | None = None) -> int:
        if value.number is not None:
            return self.const(Fraction(value.number), expr)
        return self("size", (), {"value": value}, (), expr)

    def value(self, number: int) -> Fraction | None:
        """The exact number an unnamed node is, or None."""
        return self.values.get(number)

    def name(self, number: int, name: str, first: int, expr: Expr) -> int:
        """The node of a definition: `number` itself where it was made for it (not before
        `first`), else a node beside it.
        """
        node = self.nodes[number]
        if node.name is not None:
            return self.add(Node("copy", (number,), node.shape, node.over, {}, name, expr))
        if number < first or node.op == "const":
            return self.add(Node(node.op, node.args, node.shape, node.over, node.attrs, name, expr))
        node.name, node.expr = name, expr
        for key in self.keys.pop(
            number, ()
        ):  # equal expressions elsewhere must not become this quantity
            self.known.pop(key, None)
        return number

    def pruned(self, names: Mapping[str, int]) -> tuple[list[Node], dict[str, int]]:
        """The nodes that a name needs, renumbered in the same order."""
        alive = [node.name is not None for node in self.nodes]
        for number in range(len(self.nodes) - 1, -1, -1):
            if alive[number]:
                for arg in self.nodes[number].args:
                    alive[arg] = True
        place = [-1] * len(self.nodes)
        kept: list[Node] = []
        for number, node in enumerate(self.nodes):
            if alive[number]:
                place[number] = len(kept)
                node.args = tuple(place[arg] for arg in node.args)
                kept.append(node)
        return kept, {name: place[number] for name, number in names.items()}
