"""Derivatives as one writes them: each answer's formula in full, and checked against the oracle."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.exercise import Exercise
from gradcalc.solution import Answer
from gradcalc.solver import solve
from gradcalc.unparse import unparse

# lines, shapes, assumptions, question, the formula
FORMULAS: list[tuple[str, dict[str, Any], dict[str, str], str, str]] = [
    ("q = x + y; f = q*z", {}, {}, "df/dx", "z"),
    ("q = x + y; f = q*z", {}, {}, "df/dz", "q"),
    ("z = w0*x0 + w2; alpha = sigmoid(z)", {}, {}, "dalpha/dw0", "x0*alpha*(1 - alpha)"),
    ("z = w0*x0 + w2; alpha = 1/(1 + exp(-z))", {}, {}, "dalpha/dw0", "x0*alpha*(1 - alpha)"),
    ("z = w0*x0 + w2; n = -z; u = exp(n); v = 1 + u; f = 1/v", {}, {}, "df/dw0", "x0*f*(1 - f)"),
    ("z = w0*x0 + w2; n = -z; u = exp(n); v = 1 + u; f = 1/v", {}, {}, "df/dv", "-1/v^2"),
    ("u = exp(2*t); o = (u - 1)/(u + 1)", {}, {}, "do/dt", "1 - o^2"),
    ("z = w*x; a = sigmoid(z); L = (a - y)^2", {}, {}, "dL/dw", "2*x*(a - y)*a*(1 - a)"),
    ("c = a + b; d = b + 1; g = c*d", {}, {}, "dg/db", "c + d"),
    ("u = (a + b)^2; v = (a - b)^2; f = (u + v)^2", {}, {}, "df/da", "8*a*(u + v)"),
    ("f = x^y", {}, {}, "df/dy", "f*log(x)"),
    ("f = x^3", {}, {}, "df/dx", "3*x^2"),
    ("c = dot(x, y)/(norm(x)*norm(y))", {"x": ["n"], "y": ["n"]}, {}, "dc/dx", "y/(norm(x)*norm(y)) - c*x/norm(x)^2"),
    ("f = z/(1 + abs(z))", {}, {}, "df/dz", "1/(1 + abs(z))^2"),
    ("f = 1/2*(v*w + c - r)^2", {}, {}, "d2f/dvdw", "2*v*w + c - r"),
    ("u = x^2 + 1; v = sqrt(u); f = log(v)", {}, {}, "df/dx", "x/u"),
    ("f = x.T @ B @ x", {"x": ["n"], "B": ["n", "n"]}, {}, "df/dx", "(B + B.T) @ x"),
    ("f = x.T @ B @ x", {"x": ["n"], "B": ["n", "n"]}, {"B": "symmetric"}, "df/dx", "2*B @ x"),
    ("f = x.T @ A @ x + b.T @ x", {"x": ["n", 1], "A": ["n", "n"], "b": ["n", 1]}, {}, "df/dx", "(A + A.T) @ x + b"),
    ("f = x.T @ A @ x + b.T @ x", {"x": ["n", 1], "A": ["n", "n"], "b": ["n", 1]}, {}, "d2f/dx2", "A + A.T"),
    ("f = norm(A @ x - y)^2", {"x": ["n"], "A": ["m", "n"], "y": ["m"]}, {}, "df/dx", "2*A.T @ (A @ x - y)"),
    ("f = norm(A @ x - y)^2", {"x": ["n"], "A": ["m", "n"], "y": ["m"]}, {}, "df/dA", "2*outer(A @ x - y, x)"),
    (
        "f = norm(X @ w - y)^2 + lam*norm(w)^2",
        {"X": ["m", "n"], "w": ["n"], "y": ["m"], "lam": []},
        {},
        "df/dw",
        "2*(X.T @ (X @ w - y) + lam*w)",
    ),
    (
        "f = tr(A @ X @ B @ X)",
        {"A": ["n", "m"], "X": ["m", "n"], "B": ["n", "m"]},
        {},
        "df/dX",
        "B.T @ X.T @ A.T + A.T @ X.T @ B.T",
    ),
    (
        "f = det(A @ X @ B)",
        {"A": ["n", "n"], "X": ["n", "n"], "B": ["n", "n"]},
        {},
        "df/dX",
        "f*inv(X).T",
    ),
    ("f = log(det(X))", {"X": ["n", "n"]}, {}, "df/dX", "inv(X).T"),
    ("f = tr(A @ X)", {"A": ["n", "n"], "X": ["n", "n"]}, {"X": "symmetric"}, "df/dX", "A.T"),
    (
        "f = a.T @ inv(X) @ b",
        {"a": ["n"], "X": ["n", "n"], "b": ["n"]},
        {},
        "df/dX",
        "-outer(inv(X).T @ a, b @ inv(X).T)",
    ),
    ("p = softmax(s); L = -sum(y*log(p))", {"s": ["n"], "y": ["n"]}, {}, "dL/ds", "sum(y)*p - y"),
    ("p = softmax(s); L = -sum(y*log(p))", {"s": ["n"], "y": ["n"]}, {"y": "onehot"}, "dL/ds", "p - y"),
    ("p = softmax(s); L = -log(p[c])", {"s": ["n"], "c": []}, {}, "dL/ds", "p - eye(n)[c]"),
    ("p = softmax(s)", {"s": ["n"]}, {}, "dp/ds", "diag(p) - outer(p, p)"),
    (
        "f = (X @ b + c).T @ D @ (X @ b + c)",
        {"X": ["m", "n"], "b": ["n"], "c": ["m"], "D": ["m", "m"]},
        {},
        "df/dX",
        "outer((D + D.T) @ (X @ b + c), b)",
    ),
    (
        "f = tr(inv(X.T @ C @ X) @ A)",
        {"X": ["m", "n"], "C": ["m", "m"], "A": ["n", "n"]},
        {"C": "symmetric"},
        "df/dX",
        "-C @ X @ inv(X.T @ C @ X) @ (A + A.T) @ inv(X.T @ C @ X)",
    ),
    (
        "f = tr(inv(A @ diag(x) @ A.T))",
        {"A": ["m", "n"], "x": ["n"]},
        {},
        "df/dx",
        "-diag(A.T @ inv(A @ diag(x) @ A.T) @ inv(A @ diag(x) @ A.T) @ A)",
    ),
    ("f = tr(kron(X, X))", {"X": ["n", "n"]}, {}, "df/dX", "2*tr(X)*eye(n)"),
    ("f = norm(X - U @ V)^2", {"X": ["m", "n"], "U": ["m", "r"], "V": ["r", "n"]}, {}, "df/dV", "2*U.T @ (U @ V - X)"),
    ("r = norm(x); u = x/r", {"x": ["n"]}, {}, "du/dx", "(eye(n) - outer(u, u))/r"),
    (
        "f = (w.T @ X - y) @ (w.T @ X - y).T + lam*w.T @ w",
        {"w": ["d", 1], "X": ["d", "n"], "y": [1, "n"], "lam": []},
        {},
        "df/dw",
        "2*(X @ (w.T @ X - y).T + lam*w)",
    ),
    ("z = x @ W", {"x": [1, "n"], "W": ["n", "m"]}, {}, "dz/dx", "W.T"),
    ("z = W @ x", {"x": ["n"], "W": ["m", "n"]}, {}, "dz/dW", "where(k == p, x[q], 0)"),
    ("a = relu(z)", {"z": ["n"]}, {}, "da/dz", "diag(step(z))"),
    (
        "l = sum(logsumexp(X @ W, axis=1) - sum(Y*(X @ W), axis=1))/m",
        {"X": ["m", "n"], "W": ["n", "k"], "Y": ["m", "k"]},
        {},
        "dl/dW",
        "X.T @ (softmax(X @ W) - Y)/m",
    ),
    (
        "S = Q @ K.T; A = softmax(S); O = A @ V; L = sum(O*G)",
        {"Q": ["n", "d"], "K": ["n", "d"], "V": ["n", "d"], "G": ["n", "d"]},
        {},
        "dL/dS",
        "A*(G @ V.T) - diag(sum(G*O, axis=1)) @ A",
    ),
    (
        "mu = mean(x); v = mean((x - mu)^2); s = sqrt(v + eps); h = (x - mu)/s",
        {"x": ["d"], "eps": []},
        {},
        "dh/dx",
        "(eye(d) - outer(h, h)/d - outer(ones(d), ones(d))/d)/s",
    ),
    ("g1 = y[0] + 2*y[1] + 3*y[2]", {"y": [3]}, {}, "dg1/dy", "[1, 2, 3]"),
    (
        "f = sum((x[1:] - x[:-1])^2)",
        {"x": ["N"]},
        {},
        "df/dx",
        "2*(concat(x[:-1] - x[1:], 0) + concat(0, x[1:] - x[:-1]))",
    ),
    ("f = logsumexp(x)", {"x": ["n"]}, {}, "d2f/dx2", "diag(softmax(x)) - outer(softmax(x), softmax(x))"),
    ("f = sum(abs(x))", {"x": ["n"]}, {}, "df/dx", "sign(x)"),
    ("f = -sum(log(sigmoid(-U @ v)))", {"U": ["K", "d"], "v": ["d"]}, {}, "df/dv", "U.T @ sigmoid(U @ v)"),
]


def answer(lines: str, shapes: dict[str, Any], assume: dict[str, str], question: str, **more: Any) -> Answer:
    variables = {
        name: {"shape": shape, "assume": assume[name]} if name in assume else shape for name, shape in shapes.items()
    }
    exercise: dict[str, Any] = {
        "expression": [line.strip() for line in lines.split(";")],
        "questions": [question],
        **more,
    }
    if variables:
        exercise["variables"] = variables
    return solve(Exercise.from_dict(exercise)).answers[0]


@pytest.mark.parametrize(("lines", "shapes", "assume", "question", "formula"), FORMULAS)
def test_formula(lines: str, shapes: dict[str, Any], assume: dict[str, str], question: str, formula: str) -> None:
    """A derivative reads as it would on a board, and the oracle agrees with it."""
    found = answer(lines, shapes, assume, question)
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula
    assert found.verified is not None
    assert found.verified.ok is True


NETWORK = """z1 = W1 @ x + b1; a1 = relu(z1); z2 = W2 @ a1 + b2; yhat = sigmoid(z2)
L = y * log(yhat) + (1 - y) * log(1 - yhat); J = -1/m * sum(L, i)""".replace("\n", ";")
SHAPES = {"x": {"shape": ["D_x", 1], "each": "i"}, "y": {"shape": [1, 1], "each": "i"}, "z1": {"shape": ["D_a1", 1]}}


@pytest.mark.parametrize(
    ("question", "per_example", "stacked"),
    [
        ("dJ/dyhat", "((1 - y)/(1 - yhat) - y/yhat)/m", "((1 - Y)/(1 - Yhat) - Y/Yhat)/m"),
        ("dyhat/dz2", "yhat*(1 - yhat)", "Yhat*(1 - Yhat)"),
        ("dJ/dz1", "(yhat - y)*W2.T*step(z1)/m", "W2.T @ (Yhat - Y)*step(Z1)/m"),
        ("dJ/dW1", "sum((yhat - y)*W2.T*step(z1) @ x.T, i)/m", "W2.T @ (Yhat - Y)*step(Z1) @ X.T/m"),
        ("dJ/dW2", "sum((yhat - y)*a1.T, i)/m", "(Yhat - Y) @ A1.T/m"),
        ("dJ/db2", "sum(yhat - y, i)/m", "sum(Yhat - Y)/m"),
    ],
)
def test_examples(question: str, per_example: str, stacked: str) -> None:
    """Per example with a sum over the examples, and stacked, the examples last."""
    found = answer(NETWORK, SHAPES, {}, question, examples={"i": "m"}, sizes={"D_x": 3, "D_a1": 4, "m": 5}, seed=1)
    assert found.per_example is not None
    assert found.stacked is not None
    assert unparse(found.per_example.symbolic) == per_example
    assert unparse(found.stacked.symbolic) == stacked
    assert found.verified is not None
    assert found.verified.ok is True


def test_shorthand() -> None:
    """A Jacobian that is mostly zeros comes with what the literature writes for it."""
    found = answer(NETWORK, SHAPES, {}, "dz1/dW1", examples={"i": "m"})
    assert found.free == ("k", "p", "q")
    assert found.shorthand is not None
    assert unparse(found.shorthand.symbolic) == "x.T"


@pytest.mark.parametrize(("layout", "formula"), [("gradient", "W"), ("jacobian", "W"), ("denominator", "W.T")])
def test_layout(layout: str, formula: str) -> None:
    """The denominator layout is the transpose of the numerator layout."""
    found = answer("z = W @ x", {"W": ["m", "n"], "x": ["n"]}, {}, "dz/dx", notation={"layout": layout})
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula
    assert found.verified is not None
    assert found.verified.ok is True


def test_names_of_earlier_answers() -> None:
    """A later answer is written with the name of an earlier one, where that is shorter."""
    lines = "z = W @ x; a = sigmoid(z); C = 1/2 * norm(y - a)^2"
    exercise = {
        "expression": lines.split(";"),
        "variables": {"W": ["m", "n"], "x": ["n"], "y": ["m"]},
        "questions": ["delta = dC/dz", "dC/dW"],
    }
    first, second = solve(Exercise.from_dict(exercise)).answers
    assert unparse(second.symbolic) == "outer(delta, x)"  # type: ignore[arg-type]
    assert second.where == (("delta", first.symbolic),)


@pytest.mark.parametrize(
    ("line", "expanded"),
    [
        ("s = sum(T, axis=(0, 1)); f = s @ s", "2*sum(T, axis=[0, 1])"),
        ("s = logsumexp(X, axis=(0, 1)); f = s^2", "2*logsumexp(X, axis=[0, 1])"),
    ],
)
def test_axes_survive(line: str, expanded: str) -> None:
    """A reduction over several axes is written with all of them: without, it would mean another one."""
    exercise = {
        "expression": [part.strip() for part in line.split(";")],
        "variables": {"T": ["a", "b", "c"]},
        "questions": ["df/ds"],
    }
    if "X" in line:
        exercise["variables"] = {"X": ["a", "b"]}
    found = solve(Exercise.from_dict(exercise)).answers[0]
    assert found.expanded is not None
    assert unparse(found.expanded) == expanded
    assert found.verified is not None
    assert found.verified.ok is True
