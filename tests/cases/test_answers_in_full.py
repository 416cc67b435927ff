"""Derivatives as one writes them: each line is an exercise with arrays, and its answer in full, checked by the oracle."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.language.unparse import unparse
from helpers.answers import answer

# lines, shapes, assumptions, question, the formula
FORMULAS: list[tuple[str, dict[str, Any], dict[str, str], str, str]] = [
    ("q = x + y; f = q*z", {}, {}, "df/dx", "z"),
    ("q = x + y; f = q*z", {}, {}, "df/dz", "q"),
    ("z = w0*x0 + w2; alpha = sigmoid(z)", {}, {}, "dalpha/dw0", "x0*alpha*(1 - alpha)"),
    ("z = w0*x0 + w2; alpha = 1/(1 + exp(-z))", {}, {}, "dalpha/dw0", "x0*alpha*(1 - alpha)"),
    ("z = w0*x0 + w2; n = -z; u = exp(n); v = 1 + u; f = 1/v", {}, {}, "df/dw0", "x0*f*(1 - f)"),
    ("z = w0*x0 + w2; n = -z; u = exp(n); v = 1 + u; f = 1/v", {}, {}, "df/dv", "-1/v^2"),
    ("u = exp(2*t); o = (u - 1)/(u + 1)", {}, {}, "do/dt", "1 - o^2"),
    ("z = w*x; a = sigmoid(z); L = (a - y)^2", {}, {}, "dL/dw", "2*(a - y)*a*(1 - a)*x"),
    ("c = a + b; d = b + 1; g = c*d", {}, {}, "dg/db", "d + c"),
    ("u = (a + b)^2; v = (a - b)^2; f = (u + v)^2", {}, {}, "df/da", "8*(u + v)*a"),
    ("f = x^y", {}, {}, "df/dy", "f*log(x)"),
    ("f = x^3", {}, {}, "df/dx", "3*x^2"),
    ("f = log(abs(x))", {}, {}, "df/dx", "1/x"),
    ("f = abs(x)^2", {}, {}, "df/dx", "2*x"),
    ("f = x/abs(x)", {}, {}, "df/dx", "0"),
    ("f = sqrt(abs(x))", {}, {}, "df/dx", "sign(x)/(2*f)"),
    ("f = sigmoid(-x)", {}, {}, "df/dx", "-f*(1 - f)"),
    ("f = 1/(1 + exp(x))", {}, {}, "df/dx", "-f*(1 - f)"),
    ("f = -log(sigmoid(-x))", {}, {}, "df/dx", "sigmoid(x)"),
    (
        "L = -sum(y*log(softmax(W @ x)))",
        {"W": ["k", "n"], "x": ["n"], "y": ["k"]},
        {},
        "dL/dW",
        "outer(sum(y)*softmax(W @ x) - y, x)",
    ),
    (
        "c = dot(x, y)/(norm(x)*norm(y))",
        {"x": ["n"], "y": ["n"]},
        {},
        "dc/dx",
        "y/(norm(x)*norm(y)) - c*x/norm(x)^2",
    ),
    ("f = z/(1 + abs(z))", {}, {}, "df/dz", "1/(1 + abs(z))^2"),
    ("f = 1/2*(v*w + c - r)^2", {}, {}, "d2f/dvdw", "2*v*w + c - r"),
    ("u = x^2 + 1; v = sqrt(u); f = log(v)", {}, {}, "df/dx", "x/u"),
    ("f = x.T @ B @ x", {"x": ["n"], "B": ["n", "n"]}, {}, "df/dx", "(B + B.T) @ x"),
    ("f = x.T @ B @ x", {"x": ["n"], "B": ["n", "n"]}, {"B": "symmetric"}, "df/dx", "2*B @ x"),
    (
        "f = x.T @ A @ x + b.T @ x",
        {"x": ["n", 1], "A": ["n", "n"], "b": ["n", 1]},
        {},
        "df/dx",
        "(A + A.T) @ x + b",
    ),
    (
        "f = x.T @ A @ x + b.T @ x",
        {"x": ["n", 1], "A": ["n", "n"], "b": ["n", 1]},
        {},
        "d2f/dx2",
        "A + A.T",
    ),
    (
        "f = norm(A @ x - y)^2",
        {"x": ["n"], "A": ["m", "n"], "y": ["m"]},
        {},
        "df/dx",
        "2*A.T @ (A @ x - y)",
    ),
    (
        "f = norm(A @ x - y)^2",
        {"x": ["n"], "A": ["m", "n"], "y": ["m"]},
        {},
        "df/dA",
        "2*outer(A @ x - y, x)",
    ),
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
        "-outer(inv(X).T @ a, inv(X) @ b)",
    ),
    ("p = softmax(s); L = -sum(y*log(p))", {"s": ["n"], "y": ["n"]}, {}, "dL/ds", "sum(y)*p - y"),
    (
        "p = softmax(s); L = -sum(y*log(p))",
        {"s": ["n"], "y": ["n"]},
        {"y": "onehot"},
        "dL/ds",
        "p - y",
    ),
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
        "-diag(A.T @ matrix_power(inv(A @ diag(x) @ A.T), 2) @ A)",
    ),
    ("f = tr(kron(X, X))", {"X": ["n", "n"]}, {}, "df/dX", "2*tr(X)*eye(n)"),
    (
        "f = norm(X - U @ V)^2",
        {"X": ["m", "n"], "U": ["m", "r"], "V": ["r", "n"]},
        {},
        "df/dV",
        "2*U.T @ (U @ V - X)",
    ),
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
        "A*(G @ V.T - sum(G*O, axis=1, keepdims=True))",
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
    ("f = det(inv(X))", {"X": ["n", "n"]}, {}, "df/dX", "-f*inv(X).T"),
    ("f = logdet(L @ L.T)", {"L": ["n", "n"]}, {}, "df/dL", "2*inv(L).T"),
    (
        "f = logdet(A + t*eye(n))",
        {"A": ["n", "n"], "t": []},
        {"A": "symmetric"},
        "df/dt",
        "tr(inv(A + t*eye(n)))",
    ),
    (
        "f = tr(inv(X.T @ C @ X) @ (X.T @ B @ X))",
        {"X": ["m", "n"], "C": ["m", "m"], "B": ["m", "m"]},
        {"C": "symmetric", "B": "symmetric"},
        "df/dX",
        "2*(B - C @ X @ inv(X.T @ C @ X) @ X.T @ B) @ X @ inv(X.T @ C @ X)",
    ),
    (
        "P = A @ inv(A.T @ A) @ A.T; f = y.T @ P @ y",
        {"A": ["m", "n"], "y": ["m"]},
        {},
        "df/dA",
        "2*outer(y - P @ y, y @ A @ inv(A.T @ A))",
    ),
    (
        "K = exp(-D) + eye(n); f = y @ inv(K) @ y",
        {"D": ["n", "n"], "y": ["n"]},
        {"D": "symmetric"},
        "df/dy",
        "2*inv(K) @ y",
    ),
    ("f = sqrt(var(x, ddof=1))", {"x": ["n"]}, {}, "df/dx", "(x - mean(x))/(f*(n - 1))"),
    ("v = var(A)", {"A": ["m", "n"]}, {}, "dv/dA", "2*(A - mean(A))/(m*n)"),
    (
        "z = (x - mean(x))/sqrt(var(x))",
        {"x": ["n"]},
        {},
        "dz/dx",
        "(eye(n) - outer(z, z)/n - outer(ones(n), ones(n))/n)/sqrt(var(x))",
    ),
    (
        "mu = mean(X, axis=0); s = sqrt(var(X, axis=0) + eps); H = (X - mu)/s; L = sum(G*(g*H))",
        {"X": ["m", "n"], "g": ["n"], "G": ["m", "n"], "eps": []},
        {},
        "dL/dX",
        "(G - H*mean(G*H, axis=0) - mean(G, axis=0))*g/s",
    ),
    (
        "p = softmax(s); KL = sum(p*log(p/q))",
        {"s": ["k"], "q": ["k"]},
        {"q": "positive"},
        "dKL/ds",
        "p*(log(p/q) - KL)",
    ),
    (
        "a = x - c; r = a.T @ b/(norm(a)*norm(b))",
        {"x": ["n"], "c": ["n"], "b": ["n"]},
        {},
        "dr/dx",
        "b/(norm(a)*norm(b)) - r*a/norm(a)^2",
    ),
    (
        "f = sum((x[2:] - 2*x[1:-1] + x[:-2])^2)",
        {"x": ["n"]},
        {},
        "d2f/dx2",
        "2*(eye(n)[:-2] + eye(n)[2:] - 2*eye(n)[1:-1]).T @ (eye(n)[:-2] + eye(n)[2:] - 2*eye(n)[1:-1])",
    ),
    ("f = sum(x[::2]^2)", {"x": [6]}, {}, "df/dx", "2*eye(6)[::2].T @ x[::2]"),
    (
        "f = sum(x[:-1]*x[1:])",
        {"x": ["N"]},
        {},
        "d2f/dx2",
        "eye(N)[:-1].T @ eye(N)[1:] + eye(N)[1:].T @ eye(N)[:-1]",
    ),
    (
        "f = logsumexp(x)",
        {"x": ["n"]},
        {},
        "d2f/dx2",
        "diag(softmax(x)) - outer(softmax(x), softmax(x))",
    ),
    ("f = sum(abs(x))", {"x": ["n"]}, {}, "df/dx", "sign(x)"),
    (
        "f = -sum(log(sigmoid(-U @ v)))",
        {"U": ["K", "d"], "v": ["d"]},
        {},
        "df/dv",
        "U.T @ sigmoid(U @ v)",
    ),
]


@pytest.mark.parametrize(("lines", "shapes", "assume", "question", "formula"), FORMULAS)
def test_formula(
    lines: str, shapes: dict[str, Any], assume: dict[str, str], question: str, formula: str
) -> None:
    """A derivative reads as it would on a board, and the oracle agrees with it."""
    found = answer(lines, shapes, assume, question)
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula
    assert found.verified is not None
    assert found.verified.ok is True
