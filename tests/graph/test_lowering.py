"""Expressions become elementary nodes, named indices become axes."""

from __future__ import annotations

import pytest

from helpers.graphs import graph, lowered

X, C, A, V = "{x: [n]}", "{x: [n, 1]}", "{A: [n, n]}", "{x: [3]}"


AXES = "axis=0, keepdims=False"


@pytest.mark.parametrize(("expression", "variables", "nodes"), [
    ("f = -x + 2*y/3", "", "add(neg(x), div(mul(2, y), 3))"),
    ("f = x^(1/2)", "", "pow(x, 1/2)"),
    ("f = 2^3 * x - (1 - 3)", "", "sub(mul(8, x), -2)"),
    ("f = e^x + pi", "", "add(exp(x), pi)"),
    ("f = 1/m * x", "{x: [m]}", "mul(div(1, m), x)"),
    ("f = x", "", "copy(x)"),
    ("f = x @ A @ x", "{A: [n, n], x: [n]}", "matmul(matmul(x, A), x)"),
    ("f = A.T", A, "transpose(A)"),
    ("f = sin(x.T)", X, "sin(x)"),
    ("f = sum(x)", X, f"sum(x, {AXES})"),
    ("f = sum(A, axis=-1, keepdims=True)", A, "sum(A, axis=1, keepdims=True)"),
    ("f = mean(A)", A, "mean(A, axis=0/1, keepdims=False)"),
    ("f = max(x)", X, f"max(x, {AXES})"),
    ("f = max(x, 0, y)", "", "maximum(relu(x, zero=1), y)"),
    ("f = var(x)", X, f"div(sum(pow(sub(x, mean(x, axis=0, keepdims=True)), 2), {AXES}), n)"),
    ("f = var(x, ddof=1)", V, f"div(sum(pow(sub(x, mean(x, axis=0, keepdims=True)), 2), {AXES}), 2)"),
    ("f = norm(x)", X, f"norm(x, {AXES})"),
    ("f = norm(x, ord=1)", X, f"sum(abs(x), {AXES})"),
    ("f = norm(x, ord=inf)", X, f"max(abs(x), {AXES})"),
    ("f = norm(x, 3)", X, f"pow(sum(pow(abs(x), 3), {AXES}), 1/3)"),
    ("f = norm(x)", "{x: []}", "abs(x)"),
    ("f = dot(x, x)", X, "matmul(x, x)"),
    ("f = dot(x, x)", C, "sum(mul(x, x), axis=0/1, keepdims=False)"),
    ("f = matrix_power(A, 3)", A, "matmul(matmul(A, A), A)"),
    ("f = matrix_power(A, -2)", A, "matmul(inv(A), inv(A))"),
    ("f = matrix_power(A, 0) + A", A, "add(eye(), A)"),
    ("f = softmax(x)", C, "softmax(x, axis=0)"),
    ("f = softmax(A)", A, "softmax(A, axis=1)"),
    ("f = logsumexp(A, axis=0)", A, f"logsumexp(A, {AXES})"),
    ("f = leaky_relu(x)", "", "leaky_relu(x, 1/100)"),
    ("f = elu(x)", "", "elu(x, 1)"),
    ("f = concat(1, x)", X, "concat(1, x, axis=0)"),
    ("f = [x, 2]", "", "stack(x, 2)"),
    ("f = where(x > 0, x, 0)", "", "where(gt(x, 0), x, 0)"),
    ("f = where(x, y, 0)", "", "where(ne(x, 0), y, 0)"),
    ("f = g''(x)", "{x: [n], g: {function: 1}}", "apply(x, function=g, order=2)"),
    ("g(s, t) = s*t + s; f = g(x, g(x, 2))", "", "add(mul(x, add(mul(x, 2), x)), x)"),
    ("f = x[0]", X, "getitem(x, at 0)"),
    ("f = x[-1]", X, "getitem(x, at n - 1)"),
    ("f = x[1:]", X, "getitem(x, 1:n)"),
    ("f = x[:-1]", X, "getitem(x, 0:n - 1)"),
    ("f = A[1]", A, "getitem(A, at 1, 0:n)"),
    ("f = exp(x[:])", X, "exp(x)"),
    ("f = x[y]", X, "getitem(x, y, gather 1)"),
    ("f = A[y, :]", A, "getitem(A, y, gather 1, 0:n)"),
])  # fmt: skip
def test_expressions_become_elementary_nodes(expression: str, variables: str, nodes: str) -> None:
    assert lowered(expression, variables) == nodes


INDEX = "indices: {j: n, k: n}\n"


@pytest.mark.parametrize(("expression", "variables", "nodes"), [
    ("f = sum(x[j]^2, j)", X, "sum(pow(getitem(x, index j), 2), index=j)"),
    ("f = sum(A[j, k], k, j)", A, "sum(getitem(A, index j, index k), index=j/k)"),
    ("f = sum(x[j], j, j != k0)", X, "sum(where(ne(index(name=j), k0), getitem(x, index j), 0), index=j)"),
    ("f = prod(x[j], j, j < 2)", X, "prod(where(lt(index(name=j), 2), getitem(x, index j), 1), index=j)"),
    ("f = prod(x[j]*c, j, k)", X, "prod(pow(mul(getitem(x, index j), c), n), index=j)"),  # equal factors
    ("f = prod(c, j)", "", "pow(c, n)"),
    ("f = mean(j * x[j], j)", X, "mean(mul(index(name=j), getitem(x, index j)), index=j)"),
    ("f = max(x[j], j)", X, "max(getitem(x, index j), index=j)"),
    ("f = sum(3, j)", "", "sum(3, index=j)"),
    ("p[k] = x[k]^2", X, "toaxis(pow(getitem(x, index k), 2), indices=k)"),
    ("M[k, j] = x[k]*x[j]", X, "toaxis(mul(getitem(x, index k), getitem(x, index j)), indices=k/j)"),
    ("f = logsumexp(A[0, j], j)", A, "log(sum(exp(getitem(A, at 0, index j)), index=j))"),  # no vector of its own
])  # fmt: skip
def test_named_indices(expression: str, variables: str, nodes: str) -> None:
    assert lowered(expression, variables, INDEX) == nodes


def test_indices_come_in_declared_order_the_examples_last() -> None:
    found = graph(
        "p[k] = w[k] * x; s = sum(w[k] * x * v[j], k, j); J = sum(s + sum(p), i)",
        "{w: [n], v: [d], x: {shape: [], each: i}}",
        "examples: {i: m}\nindices: {j: d, k: n}\n",
    )
    assert found.node("p").over == ("i",)
    assert found.node("s").over == ("i",)
    assert found.node("J").over == ()
    assert {node.over for node in found.nodes} >= {("j",), ("j", "k", "i"), ("k", "i")}
    assert list(found.indices) == ["j", "k", "i"]
    assert found.examples == ("i",)
