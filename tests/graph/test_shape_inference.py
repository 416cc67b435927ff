"""Shapes that nobody declared: what they are, with the reason, and the errors."""

from __future__ import annotations

import pytest

from gradcalc.graph.printed_names import printed_names
from gradcalc.language.errors import GradcalcError
from gradcalc.language.shape_rules import (
    show,
)
from helpers.graphs import graph_of, inferred

EX3 = """
expression: |
  z1 = W1 @ x + b1
  a1 = relu(z1)
  z2 = W2 @ a1 + b2
  yhat = sigmoid(z2)
  L = y * log(yhat) + (1 - y) * log(1 - yhat)
  J = -1/m * sum(L, i)
examples: {i: m}
variables:
  x: {shape: [D_x, 1], each: i}
  y: {shape: [1, 1], each: i}
  z1: {shape: [D_a1, 1]}
"""


def test_exercise_3_infers_the_parameters_and_says_why() -> None:
    found = graph_of(EX3)
    shapes = {name: show(found.node(name).shape) for name in ("W1", "b1", "W2", "b2", "z2", "J")}
    assert shapes == {
        "W1": "D_a1×D_x",
        "b1": "D_a1×1",
        "W2": "1×D_a1",
        "b2": "1×1",
        "z2": "1×1",
        "J": "1×1",
    }
    assert show(printed_names(found).shapes["X"]) == "D_x×m"
    assert show(printed_names(found).shapes["Y"]) == "1×m"
    assert found.stacks["X"] == "x"
    assert found.stacks["Yhat"] == "yhat"
    assert found.reasons["x"] == found.reasons["z1"] == "declared"
    assert found.reasons["W1"] == "`W1 @ x` is D_a1×1 and x is D_x×1, so W1 is D_a1×D_x"
    assert found.reasons["b1"] == "`W1 @ x + b1` is elementwise and z1 is D_a1×1, so b1 is D_a1×1"
    assert found.reasons["W2"] == "`W2 @ a1` is 1×1 and a1 is D_a1×1, so W2 is 1×D_a1"
    assert (
        found.reasons["yhat"]
        == "`y * log(yhat)` is elementwise and y is 1×1, so z2 and yhat are 1×1"
    )
    assert found.reasons["a1"] == "z1 is D_a1×1, so `relu(z1)` is D_a1×1"


@pytest.mark.parametrize(("expression", "variables", "name", "shape"), [
    ("f = x + y * z", "", "x", "a scalar"),  # nothing constrains it
    ("f = w * x", "{x: [n]}", "w", "[n]"),  # no broadcasting is assumed
    ("f = 2 * x + m", "{x: [m]}", "f", "[m]"),  # literals and sizes broadcast
    ("J = norm(w)^2 * c", "{w: [n]}", "c", "a scalar"),  # a scalar operand says nothing against a scalar
    ("Y = X @ W + b; L = norm(Y - T)^2", "{X: [N, D], T: [N, K], b: [1, K]}", "W", "D×K"),  # broadcasting that is certain
    ("Y = X @ W + b; L = norm(Y - T)^2", "{X: [N, D], T: [N, K], b: [K]}", "W", "D×K"),
    ("s = x.T @ A @ x", "{x: [n, 1]}", "A", "n×n"),
    ("a = b.T", "{a: [n, m]}", "b", "m×n"),
    ("s = sum(X, axis=1, keepdims=True); f = sum(s * t)", "{X: [n, d]}", "t", "n×1"),
    ("f = det(A) + tr(A @ B)", "{B: [n, n]}", "A", "n×n"),
    ("f = tr(diag(x) @ A)", "{A: [n, n]}", "x", "[n]"),
    ("f = sum(outer(u, v) * M)", "{M: [n, m]}", "u", "[n]"),
    ("f = dot(u, v)", "{u: [n]}", "v", "[n]"),
    ("g(t) = exp(t) * c; f = g(x)", "{x: [n]}", "c", "[n]"),
    ("z = W @ x; p = softmax(z)", "{x: [d], p: [k]}", "W", "k×d"),
    ("f = max(x, y) + where(c > 0, x, 1)", "{x: [n]}", "c", "[n]"),
    ("f = a * b", "{f: []}", "b", "a scalar"),
    ("f = x + y", "{f: [1, n], x: [1, n]}", "y", "1×n"),
    ("f = x @ y", "{f: [n], x: [n, k]}", "y", "[k]"),
    ("f = x @ y", "{f: [n], x: [n]}", "y", "n×n"),
    ("f = x @ y + w", "{x: [2, n, m], y: [2, m, k]}", "w", "2×n×k"),
    ("f = x @ y + w", "{x: [1, n, m], y: [3, m, k]}", "w", "3×n×k"),
    ("f = x.T", "{f: [n, m]}", "x", "m×n"),
    ("f = softmax(x)", "{f: [n]}", "x", "[n]"),
    ("p[j] = x + w; f = sum(p @ w)", "{p: [n, k]}\nindices: {j: n}", "x", "[k]"),
    ("f = x[1:] * w", "{x: [n + 1]}", "w", "[n]"),
])  # fmt: skip
def test_inference_without_assuming_broadcasting(
    expression: str, variables: str, name: str, shape: str
) -> None:
    assert inferred(expression, variables)[name] == shape


ERRORS = [
    ("z = W1 @ x", "{W1: [D_a1, D_x], x: [D_z, 1]}", ["2:7: `W1 @ x`: W1 is D_a1×D_x, x is D_z×1: D_x ≠ D_z"]),
    ("z = W1 @ x; v = z + x; u = x @ x", "{W1: [a, b], x: [b, 1]}", ["3:7: `z + x`: z is a×1, x is b×1: a ≠ b", "4:7: `x @ x`: x is b×1: 1 ≠ b"]),
    ("z = A @ x; v = B @ x + c", "{A: [a, n], B: [b, m], x: [n]}", ["3:7: `B @ x`: B is b×m, x is [n]: m ≠ n"]),
    ("z = W @ x", "{x: [n]}", ["2:7: `W @ x`: W could be [n] or k×n"]),
    ("z = W @ x", "{W: [m, n]}", ["2:7: `W @ x`: x could be [n] or n×1"]),
    ("z = W @ x", "{W: [a, b], x: [b], z: [b]}", ["2:7: z is declared [b], but `W @ x` is [a]"]),
    ("z = tanh(x); f = det(z)", "{x: [n, m]}", ["3:7: `det(z)`: z is n×m: n ≠ m"]),
    ("z = U @ tanh(V @ x)", "{z: [k, 1], x: [d, 1]}", ["2:7: the length of axis 1 of U is unknown", "2:16: the length of axis 0 of V is unknown"]),
    ("f = logdet(S)", "{}", ["2:14: the length of axis 0 of S is unknown"]),
    ("f = x - y", "{x: [n], y: [n + 1]}", ["2:7: `x - y`: x is [n], y is [n + 1]: n ≠ n + 1"]),
    ("f = c * x", "{c: [2], x: [n]}", ["2:7: `c * x`: c is [2], x is [n]: 2 ≠ n"]),
    ("f = a @ x", "{a: [], x: [n]}", ["2:7: `a @ x`: a is a scalar, x is [n]: @ cannot multiply a scalar"]),
    ("f = g(A, x); g(M, v) = M @ v", "{A: [n, m], x: [n]}", ["3:13: `M @ v`: M is n×m, v is [n]: m ≠ n"]),
    ("f = concat(A, B)", "{A: [a, b], B: [c, d]}", ["2:7: `concat(A, B)`: A is a×b, B is c×d: b ≠ d"]),
    ("f = sum(A, axis=2)", "{A: [n, m]}", ["2:7: `sum(A, axis=2)`: A is n×m: there is no axis 2 in n×m"]),
    ("f = a * b", "{f: [], b: [n]}", ["2:7: `a * b`: a is a scalar, b is [n]: the result is a scalar, b is not"]),
    ("f = x + y", "{f: [n, m], x: [n], y: [n]}", ["2:7: f is declared n×m, but `x + y` is [n]"]),
    ("f = x + y", "{f: [n], x: [n, m]}", ["2:7: `x + y`: x is n×m, y is [?]: the result has 1 axes, not 2"]),
    ("f = x @ y", "{f: [n, m], x: [n]}", ["2:7: `x @ y`: x is [n]: the result is n×m"]),
    ("f = x @ y", "{x: [2, n, m], y: [3, m, k]}", ["2:7: `x @ y`: x is 2×n×m, y is 3×m×k: 2 ≠ 3"]),
    ("f = sum(x, axis=0)", "{f: [n]}", ["2:11: the length of axis 0 of x is unknown"]),
    ("f = sum(x, axis=0, keepdims=True)", "{f: [1, n]}", ["2:11: the length of axis 0 of x is unknown"]),
    ("f = sum(x, axis=2)", "{f: [n]}", ["2:7: `sum(x, axis=2)`: x is ?×?: there is no axis 2 in ?×?"]),
    ("f = x[:, :, 0]", "{f: [n]}", ["2:7: `x[:, :, 0]`: the result is [n]"]),
    ("f = x[1:]; h = x @ w", "{w: [5]}", ["3:7: `x @ w`: x could be [5] or k×5"]),
    ("f = x[y, :]", "{f: [k, n]}", ["2:9: no shape of y fits all of its uses"]),
    ("f = inv(x)", "{f: [n]}", ["2:7: f is declared [n], but `inv(x)` is ?×?"]),
    ("f = softmax(x)", "{f: []}", ["2:7: `softmax(x)`: x is a scalar: it acts on a vector"]),
    ("f = softmax(z)", "{z: []}", ["2:7: `softmax(z)`: z is a scalar: softmax needs a vector, not a scalar"]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "variables", "messages"), ERRORS)
def test_shape_errors_stand_at_their_place(
    expression: str, variables: str, messages: list[str]
) -> None:
    with pytest.raises(GradcalcError) as caught:
        inferred(expression, variables)
    found = [
        f"{p.place.line}:{p.place.column}: {p.message}" for p in caught.value.problems if p.place
    ]
    assert found == messages


def test_a_choice_comes_with_both_ways_to_make_it() -> None:
    with pytest.raises(GradcalcError) as caught:
        inferred("z = W @ x", "{x: [n]}")
    assert caught.value.problems[0].hint == "declare it: variables: {W: [n]} or {W: [k, n]}"
