"""Nodes back to the expression language: how a quantity, named or not, is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from gradcalc.graph.model import Node
from gradcalc.language.index_places import place_tree
from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
)
from gradcalc.language.shape_rules import Size
from gradcalc.language.size_expressions import size_tree, stop_tree
from gradcalc.language.tree import number
from gradcalc.ops import COMPARISONS, NODES, SPELLINGS


def own_call(node: Node) -> bool:
    """Is a node what a function of the author gives, such as N(d) in an exercise that defines N?"""
    made = isinstance(node.expr, Call) and node.expr.func not in SPELLINGS
    return made and bool(node.args) and node.op != "apply"


def normed_array(nodes: Sequence[Node], node: Node) -> int | None:
    """The x of a norm such as norm(x, ord=3), which is a root of a sum of powers of |x|; None for
    any other node. It is written as the norm: at 0 its slope is 0 by convention, and that of a
    root is not.
    """
    if not isinstance(node.expr, Call) or node.expr.func != "norm":
        return None
    for op in ("pow", "sum", "pow", "abs"):
        if node.op != op:
            return None
        inner = node.args[0]
        node = nodes[inner]
    return inner


def as_written(node: Node) -> bool:
    """Does a node stand in formulas as the author wrote it? N(d), var(x), max(0, z)."""
    variance = node.op == "div" and isinstance(node.expr, Call) and node.expr.func == "var"
    return variance or own_call(node) or "zero" in node.attrs


def signed(op: str, left: Expr, right: Expr) -> Expr:
    """left + right, left < right: an operation that has a sign."""
    return (Compare if op in COMPARISONS else Binary)(NODES[op].sign, left, right)


def tree(
    nodes: Sequence[Node], at: int, indices: Mapping[str, str] | None = None, open_: bool = False
) -> Expr:
    """The expression of node `at`, down to named quantities. `open_`: its own formula even where it
    has a name.

    `indices` renames named indices.
    """
    node = nodes[at]
    if node.name is not None and not open_:
        return Name(node.name)
    words = indices or {}
    if own_call(node) and all(name == word for name, word in words.items()):
        assert node.expr is not None
        return node.expr

    def arg(position: int) -> Expr:
        return tree(nodes, node.args[position], indices)

    op = node.op
    if op == "const":
        value = node.attrs["value"]
        if isinstance(node.expr, Num) and node.expr.value == value:
            return node.expr  # a decimal stays one
        return Name(value) if isinstance(value, str) else number(value)
    if op == "size":
        return size_tree(node.attrs["value"])
    if op == "index":
        return Name(words.get(node.attrs["name"], node.attrs["name"]))
    if op == "div" and isinstance(node.expr, Call) and node.expr.func == "var" and not indices:
        return node.expr
    normed = normed_array(nodes, node)
    if normed is not None and isinstance(node.expr, Call):
        array = tree(nodes, normed, indices)
        return replace(node.expr, args=(array, *node.expr.args[1:]))
    if NODES[op].sign:
        return signed(op, arg(0), arg(1))
    if op == "neg":
        return Neg(arg(0))
    if op in ("copy", "toaxis", "free"):
        return arg(0)
    if op == "transpose":
        return Transpose(arg(0))
    if op == "getitem":
        return Index(
            arg(0),
            tuple(
                item(part, size, node, nodes, indices, words) for part, size in trimmed(node, nodes)
            ),
        )
    if op == "apply":
        args = tuple(arg(n) for n in range(len(node.args)))
        order, places = node.attrs.get("order", 0), node.attrs.get("places", ())
        return Call(node.attrs["function"], args, primes=order, places=places)
    if op in ("eye", "ones", "zeros"):
        return Call(
            op, tuple(size_tree(size) for size in (node.shape[:1] if op == "eye" else node.shape))
        )
    if op == "triangle":
        ones = Call("ones", tuple(size_tree(size) for size in node.shape))
        return Call("triu" if node.attrs["upper"] else "tril", (ones, *diagonal(node)))
    if op in ("triu", "tril"):
        return Call(op, (arg(0), *diagonal(node)))
    if op == "stack" and all(nodes[a].shape == () for a in node.args):
        return Vector(tuple(arg(n) for n in range(len(node.args))))
    if op == "rest":
        vector, size = arg(0), node.shape[0]
        column = len(nodes[node.args[0]].shape) == 2 and nodes[node.args[0]].shape[1] == Size.of(1)
        at_one = Compare("==", Call("eye", (size_tree(size),)), Num(Fraction(1)))
        rows = Call("where", (at_one, Num(Fraction(1)), Transpose(vector) if column else vector))
        return Call("prod", (rows,), (("axis", Num(Fraction(1))),))
    names = tuple(Name(words.get(name, name)) for name in node.attrs.get("index", ()))
    if op == "ties":
        # The extremum keeps its axes, so that it can be compared with every entry it was taken
        # from.
        found = nodes[node.args[1]]
        whole = len(found.attrs.get("axis", ())) == len(nodes[node.args[0]].shape)
        kept = replace(
            found, name=None, attrs={**found.attrs, "keepdims": not whole and "axis" in found.attrs}
        )
        extremum = (
            Name(found.name)
            if whole and found.name
            else tree([*nodes[: node.args[1]], kept], node.args[1], indices)
        )
        largest = Compare("==", arg(0), extremum)
        return Call(
            "sum",
            (Call("where", (largest, Num(Fraction(1)), Num(Fraction(0)))), *names),
            options(node, nodes),
        )
    if op == "relu" and "zero" in node.attrs:
        zero = Num(Fraction(0))
        return Call("max", (zero, arg(0)) if node.attrs["zero"] == 0 else (arg(0), zero))
    return Call(
        NODES[op].called, (*(arg(n) for n in range(len(node.args))), *names), options(node, nodes)
    )


def diagonal(node: Node) -> tuple[Expr, ...]:
    """The diagonal that a triangle begins at, where it is not the main one."""
    k = node.attrs["k"]
    return (number(Fraction(k)),) if k else ()


def options(node: Node, nodes: Sequence[Node]) -> tuple[tuple[str, Expr], ...]:
    """Keyword arguments that are not the default."""
    axis = node.attrs.get("axis")
    found: list[tuple[str, Expr]] = []
    rank = len(nodes[node.args[0]].shape) if node.args else 0
    # A reduction over all axes is the default, except for logsumexp, which acts along the last one.
    if isinstance(axis, tuple) and (len(axis) < rank or (node.op == "logsumexp" and rank > 1)):
        numbers = tuple(Num(Fraction(number)) for number in axis)
        found.append(("axis", numbers[0] if len(numbers) == 1 else Vector(numbers)))
    if isinstance(axis, int) and node.op == "concat" and axis != 0:
        found.append(("axis", Num(Fraction(axis))))
    if isinstance(axis, int) and node.op in ("softmax", "log_softmax", "cumsum"):
        shape = nodes[node.args[0]].shape
        column = len(shape) == 2 and shape[1] == Size.of(1)
        needed = node.op == "cumsum" and Size.of(1) not in shape and rank > 1
        if needed or axis != (0 if column else rank - 1):
            found.append(("axis", Num(Fraction(axis))))
    if node.attrs.get("keepdims"):
        found.append(("keepdims", Name("True")))
    return tuple(found)


def trimmed(node: Node, nodes: Sequence[Node]) -> list[tuple[Any, Size]]:
    """(index item, size of its axis) without trailing full slices."""
    items = list(zip(node.attrs["items"], nodes[node.args[0]].shape, strict=False))
    while len(items) > 1 and items[-1][0] == ("slice", Size.of(0), items[-1][1], 1):
        items.pop()
    return items


def item(
    part: Any,
    size: Size,
    node: Node,
    nodes: Sequence[Node],
    indices: Mapping[str, str] | None,
    words: Mapping[str, str],
) -> Expr | Slice:
    """One place between the brackets of x[…] as an expression or a slice."""
    kind = part[0]
    if kind == "index":
        return Name(words.get(part[1], part[1]))
    if kind == "at":
        return size_tree(part[1])
    if kind == "shift":
        parts = [(Name(words.get(name, name)), step) for name, step in part[1]]
        return place_tree(parts, part[2])
    if kind == "gather":
        return tree(nodes, node.args[part[1]], indices)
    start, stop, step = part[1:]
    return Slice(
        None if start.number == 0 else size_tree(start),
        stop_tree(stop, size),
        None if step == 1 else number(Fraction(step)),
    )
