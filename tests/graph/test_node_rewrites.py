"""Functions that are written out are recognised: sigmoid, tanh, softplus, softmax and others."""

from __future__ import annotations

import math

import pytest

from gradcalc.graph.model import Graph
from helpers.graphs import graph, lowered

INDEX = "indices: {j: n, k: n}\n"


@pytest.mark.parametrize(("expression", "nodes"), [
    ("f = 1/(1 + exp(-z))", "sigmoid(z)"),
    ("f = 1/(exp(-z) + 1)", "sigmoid(z)"),
    ("f = 1/(1 + e^(-(w*x + b)))", "sigmoid(add(mul(w, x), b))"),
    ("f = 1/(1 + exp(-w*x))", "sigmoid(mul(w, x))"),
    ("f = 1/(1 + exp(-2*x))", "sigmoid(mul(2, x))"),
    ("f = 1/(1 + exp(z))", "sigmoid(neg(z))"),
    ("f = (1 + exp(-z))^-1", "sigmoid(z)"),
    ("f = exp(z)/(1 + exp(z))", "sigmoid(z)"),
    ("g(t) = 1/(1 + exp(-t)); f = g(g(z))", "sigmoid(sigmoid(z))"),
    ("f = (exp(z) - exp(-z))/(exp(z) + exp(-z))", "tanh(z)"),
    ("f = (exp(z) - exp(-z))/(exp(-z) + exp(z))", "tanh(z)"),
    ("f = (exp(-z) - exp(z))/(exp(z) + exp(-z))", "tanh(neg(z))"),
    ("f = (exp(2*z) - 1)/(exp(2*z) + 1)", "tanh(z)"),
    ("f = (1 - exp(-2*z))/(1 + exp(-2*z))", "tanh(z)"),
    ("f = 2*sigmoid(2*z) - 1", "tanh(z)"),
    ("f = 2/(1 + exp(-2*z)) - 1", "sub(div(2, add(1, exp(neg(mul(2, z))))), 1)"),
    ("f = log(1 + exp(z))", "softplus(z)"),
    ("f = log(exp(-z) + 1)", "softplus(neg(z))"),
    ("f = log(det(S))", "logdet(S)"),
    ("f = exp(s)/sum(exp(s))", "softmax(s, axis=0)"),
    ("f = exp(c)/sum(exp(c), axis=0, keepdims=True)", "softmax(c, axis=0)"),
    ("f = exp(c)/sum(exp(c))", "softmax(c, axis=0)"),
    ("f = exp(M)/sum(exp(M), axis=1, keepdims=True)", "softmax(M, axis=1)"),
    ("f = exp(M)/sum(exp(M))", "div(exp(M), sum(exp(M), axis=0/1, keepdims=False))"),
    ("f = log(sum(exp(s)))", "logsumexp(s, axis=0, keepdims=False)"),
    ("f = log(softmax(s))", "log_softmax(s, axis=0)"),
    ("f[k] = exp(s[k])/sum(exp(s[j]), j)", "softmax(s, axis=0)"),
    ("f = log(sum(exp(s[j]), j))", "logsumexp(s, axis=0, keepdims=False)"),
    ("E = exp(-z); f = 1/(1 + E)", "div(1, add(1, E))"),  # what has a name stays a gate
    ("d = det(S); f = log(d)", "log(d)"),
    ("f = 1/(2 + exp(-z))", "div(1, add(2, exp(neg(z))))"),
    ("f = exp(z)/(1 + exp(-z))", "div(exp(z), add(1, exp(neg(z))))"),
])  # fmt: skip
def test_functions_written_out_are_recognised(expression: str, nodes: str) -> None:
    variables = "{s: [n], c: [3, 1], M: [a, b], S: [n, n], z: [], w: [], x: [], b0: []}"
    assert lowered(expression, variables, INDEX) == nodes


def number(found: Graph, at: int, inputs: dict[str, float]) -> float:
    """The value of a scalar node of the kinds that recognition makes."""
    node = found.nodes[at]
    args = [number(found, arg, inputs) for arg in node.args]
    unary = {
        "sigmoid": lambda t: 1 / (1 + math.exp(-t)), "tanh": math.tanh, "softplus": lambda t: math.log1p(math.exp(t)), "neg": lambda t: -t,
        "exp": math.exp, "log": math.log,
    }  # fmt: skip
    if node.op == "input":
        return inputs[node.name or ""]
    if node.op == "const":
        return float(node.attrs["value"])
    if node.op in unary:
        return unary[node.op](args[0])
    return {
        "mul": args[0] * args[-1],
        "div": args[0] / args[-1],
        "add": args[0] + args[-1],
        "sub": args[0] - args[-1],
    }[node.op]


@pytest.mark.parametrize(("expression", "value"), [
    ("1/(1 + exp(3*z - w))", lambda z, w: 1 / (1 + math.exp(3 * z - w))),
    ("1/(1 + exp(-(z - w)/2))", lambda z, w: 1 / (1 + math.exp(-(z - w) / 2))),
    ("1/(1 + exp(z*(-w)))", lambda z, w: 1 / (1 + math.exp(-z * w))),
    ("(exp(z) - 1)/(exp(z) + 1)", lambda z, w: (math.exp(z) - 1) / (math.exp(z) + 1)),
    ("(1 - exp(z*w))/(1 + exp(z*w))", lambda z, w: (1 - math.exp(z * w)) / (1 + math.exp(z * w))),
    ("(exp(-z*w) - exp(z*w))/(exp(z*w) + exp(-z*w))", lambda z, w: -math.tanh(z * w)),
    ("2*sigmoid(z + z) - 1", lambda z, w: math.tanh(z)),
    ("2*sigmoid(4*z) - 1", lambda z, w: math.tanh(2 * z)),
    ("2*sigmoid(z) - 1", lambda z, w: math.tanh(z / 2)),
    ("log(1 + exp(-w*z))", lambda z, w: math.log(1 + math.exp(-w * z))),
])  # fmt: skip
def test_recognition_is_exact(expression: str, value: object) -> None:
    found = graph(f"f = {expression}")
    assert found.node("f").op in ("sigmoid", "tanh", "softplus")
    for z, w in ((0.3, 1.7), (-1.2, 0.4), (2.5, -0.6)):
        assert number(found, found.names["f"], {"z": z, "w": w}) == pytest.approx(
            value(z, w), rel=1e-12
        )  # type: ignore[operator]
