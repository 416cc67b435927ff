"""Functions that were written out: the sigmoid taken apart, tanh, softplus, softmax, log-sum-exp,
the log-determinant.

Each rule is algebraically exact, and looks through unnamed nodes only: what has a name stays a step
of its own. A rule gets the builder and the operands of a node that is about to be made, and returns
the node to take instead, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from gradcalc.graph.node_builder import NodeBuilder

Rule: TypeAlias = Callable[[NodeBuilder, tuple[int, ...], Mapping[str, Any]], int | None]


# ---- reading: what an unnamed node is


def parts(make: NodeBuilder, number: int, op: str) -> tuple[int, ...] | None:
    """The operands of an unnamed node of this operation."""
    node = make.nodes[number]
    return node.args if node.op == op and node.name is None else None


def one(make: NodeBuilder, number: int) -> bool:
    """Whether a node is the number 1."""
    return make.value(number) == 1


def exponent(make: NodeBuilder, number: int) -> int | None:
    """t of exp(t)"""
    found = parts(make, number, "exp")
    return found[0] if found else None


def one_plus_exp(make: NodeBuilder, number: int) -> int | None:
    """t of 1 + exp(t)"""
    for left, right in both_ways(parts(make, number, "add")):
        if one(make, left):
            return exponent(make, right)
    return None


def both_ways(pair: tuple[int, ...] | None) -> tuple[tuple[int, int], ...]:
    """A pair in both orders; nothing for None."""
    return ((pair[0], pair[1]), (pair[1], pair[0])) if pair else ()


def minus(make: NodeBuilder, number: int) -> int | None:
    """u where the node is plainly −u: a minus sign, a negative number, or a product or quotient
    that begins with one.
    """
    value = make.value(number)
    if value is not None:
        return make.const(-value) if value < 0 else None
    node = make.nodes[number]
    if node.name is not None:
        return None
    if node.op == "neg":
        return node.args[0]
    if node.op in ("mul", "div"):
        first = minus(make, node.args[0])
        if first is not None:
            return (
                node.args[1]
                if node.op == "mul" and one(make, first)
                else make(node.op, (first, node.args[1]))
            )
        if node.op == "mul" and (second := minus(make, node.args[1])) is not None:
            return node.args[0] if one(make, second) else make("mul", (node.args[0], second))
    return None


def negative(make: NodeBuilder, number: int) -> int:
    """−u as a node"""
    plain = minus(make, number)
    return plain if plain is not None else make("neg", (number,))


def half(make: NodeBuilder, number: int) -> int:
    """u/2 as a node: t where u is 2·t"""
    for left, right in both_ways(parts(make, number, "mul")):
        value = make.value(left)
        if value is not None:
            return right if value == 2 else make("mul", (make.const(value / 2), right))
    pair = parts(make, number, "add")
    return (
        pair[0] if pair and pair[0] == pair[1] else make("div", (number, make.const(Fraction(2))))
    )


def opposite(make: NodeBuilder, left: int, right: int) -> bool:
    """right = −left"""
    return minus(make, right) == left or minus(make, left) == right


# ---- rules


def sigmoid_of_reciprocal(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """1/(1 + exp(-t)) = σ(t)"""
    t = one_plus_exp(make, args[1])
    return make("sigmoid", (negative(make, t),)) if t is not None and one(make, args[0]) else None


def sigmoid_of_power(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """(1 + exp(-t))^-1 = σ(t)"""
    t = one_plus_exp(make, args[0])
    return (
        make("sigmoid", (negative(make, t),))
        if t is not None and make.value(args[1]) == -1
        else None
    )


def sigmoid_of_quotient(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """exp(t)/(1 + exp(t)) = σ(t)"""
    t = one_plus_exp(make, args[1])
    return make("sigmoid", (t,)) if t is not None and exponent(make, args[0]) == t else None


def tanh_of_exponentials(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """(exp(t) - exp(-t))/(exp(t) + exp(-t)) = tanh(t)"""
    top, bottom = parts(make, args[0], "sub"), parts(make, args[1], "add")
    if not top or not bottom or set(top) != set(bottom):
        return None
    up, down = exponent(make, top[0]), exponent(make, top[1])
    if up is None or down is None or not opposite(make, up, down):
        return None
    return make("tanh", (up,))


def tanh_of_square(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """(exp(2t) - 1)/(exp(2t) + 1) = tanh(t), and (1 - exp(-2t))/(1 + exp(-2t))"""
    top, u = parts(make, args[0], "sub"), one_plus_exp(make, args[1])
    if not top or u is None:
        return None
    if one(make, top[1]) and exponent(make, top[0]) == u:
        return make("tanh", (half(make, u),))
    if one(make, top[0]) and exponent(make, top[1]) == u:
        return make("tanh", (half(make, negative(make, u)),))
    return None


def tanh_of_sigmoid(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """2*sigmoid(2t) - 1 = tanh(t)"""
    for factor, unit in both_ways(parts(make, args[0], "mul")):
        found = parts(make, unit, "sigmoid")
        if found and make.value(factor) == 2 and one(make, args[1]):
            return make("tanh", (half(make, found[0]),))
    return None


def softplus(make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]) -> int | None:
    """log(1 + exp(t)) = softplus(t)"""
    t = one_plus_exp(make, args[0])
    return make("softplus", (t,)) if t is not None else None


def softmax_of_exponentials(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """exp(t)/sum(exp(t)) = softmax(t), the sum over one axis longer than 1"""
    t, total = exponent(make, args[0]), parts(make, args[1], "sum")
    if t is None or not total or total[0] != args[0]:
        return None
    given, shape = make.nodes[args[1]].attrs, make.nodes[t].shape
    long = [axis for axis in given.get("axis", ()) if shape[axis].number != 1]
    rest = [size for place, size in enumerate(shape) if place not in given.get("axis", ())]
    if len(long) != 1 or not (given["keepdims"] or not rest):
        return None
    return make("softmax", (t,), {"axis": long[0]})


def logsumexp(make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]) -> int | None:
    """log(sum(exp(t))) = logsumexp(t); over a named index where it runs over a whole vector,
    log(sum(exp(s[k]), k))
    """
    total = parts(make, args[0], "sum")
    t = exponent(make, total[0]) if total else None
    if t is None:
        return None
    given = make.nodes[args[0]].attrs
    if "axis" in given:
        return make("logsumexp", (t,), dict(given)) if given["axis"] else None
    vector = by_entry(make, t, given["index"])
    return (
        None if vector is None else make("logsumexp", (vector,), {"axis": (0,), "keepdims": False})
    )


def log_softmax(make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]) -> int | None:
    """log(softmax(t)) = log_softmax(t)"""
    found = parts(make, args[0], "softmax")
    return make("log_softmax", found, dict(make.nodes[args[0]].attrs)) if found else None


def logdet(make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]) -> int | None:
    """log(det(A)) = logdet(A): both undefined where the determinant is not positive"""
    found = parts(make, args[0], "det")
    return make("logdet", found) if found else None


def softmax_by_entry(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """p[k] = exp(s[k])/sum(exp(s[l]), l) is p = softmax(s)"""
    quotient = parts(make, args[0], "div")
    if not quotient or len(attrs["indices"]) != 1:
        return None
    t, total = exponent(make, quotient[0]), parts(make, quotient[1], "sum")
    u = exponent(make, total[0]) if total else None
    inner = make.nodes[quotient[1]].attrs.get("index", ())
    if t is None or u is None or len(inner) != 1:
        return None
    vector = by_entry(make, t, attrs["indices"])
    if vector is None or vector != by_entry(make, u, inner):
        return None
    return make("softmax", (vector,), {"axis": 0})


def by_entry(make: NodeBuilder, number: int, index: tuple[str, ...]) -> int | None:
    """The vector s where the node is s[k], k running over all of it."""
    node = make.nodes[number]
    if (
        node.op != "getitem"
        or node.name is not None
        or len(index) != 1
        or node.attrs["items"] != (("index", index[0]),)
    ):
        return None
    base = make.nodes[node.args[0]]
    return node.args[0] if len(base.shape) == 1 and index[0] not in base.over else None


def product_of_numbers(
    make: NodeBuilder, args: tuple[int, ...], attrs: Mapping[str, Any]
) -> int | None:
    """prod([a, b, c]) = a*b*c"""
    factors = parts(make, args[0], "stack")
    if (
        not factors
        or attrs.get("keepdims")
        or attrs.get("index")
        or any(make.nodes[arg].shape for arg in factors)
    ):
        return None
    total, *rest = factors
    for factor in rest:
        total = make("mul", (total, factor))
    return total


RULES: Mapping[str, tuple[Rule, ...]] = {
    "div": (
        sigmoid_of_reciprocal,
        sigmoid_of_quotient,
        tanh_of_exponentials,
        tanh_of_square,
        softmax_of_exponentials,
    ),
    "pow": (sigmoid_of_power,),
    "sub": (tanh_of_sigmoid,),
    "log": (softplus, logsumexp, log_softmax, logdet),
    "toaxis": (softmax_by_entry,),
    "prod": (product_of_numbers,),
}
