"""Derivatives as one writes them: each answer's formula in full, and checked against the oracle."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.language.errors import GradcalcError
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
    ("z = w*x; a = sigmoid(z); L = (a - y)^2", {}, {}, "dL/dw", "2*x*(a - y)*a*(1 - a)"),
    ("c = a + b; d = b + 1; g = c*d", {}, {}, "dg/db", "c + d"),
    ("u = (a + b)^2; v = (a - b)^2; f = (u + v)^2", {}, {}, "df/da", "8*a*(u + v)"),
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
        "-outer(inv(X).T @ a, b @ inv(X).T)",
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
        "-diag(A.T @ inv(A @ diag(x) @ A.T) @ inv(A @ diag(x) @ A.T) @ A)",
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
        "(G - H @ diag(sum(G*H, axis=0))/m - outer(ones(m), sum(G, axis=0))/m) @ diag(g/s)",
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


NETWORK = """z1 = W1 @ x + b1; a1 = relu(z1); z2 = W2 @ a1 + b2; yhat = sigmoid(z2)
L = y * log(yhat) + (1 - y) * log(1 - yhat); J = -1/m * sum(L, i)""".replace("\n", ";")
SHAPES = {
    "x": {"shape": ["D_x", 1], "each": "i"},
    "y": {"shape": [1, 1], "each": "i"},
    "z1": {"shape": ["D_a1", 1]},
}


@pytest.mark.parametrize(
    ("question", "per_example", "stacked"),
    [
        ("dJ/dyhat", "((1 - y)/(1 - yhat) - y/yhat)/m", "((1 - Y)/(1 - Yhat) - Y/Yhat)/m"),
        ("dyhat/dz2", "yhat*(1 - yhat)", "Yhat*(1 - Yhat)"),
        ("dJ/dz1", "(yhat - y)*W2.T*step(z1)/m", "W2.T @ (Yhat - Y)*step(Z1)/m"),
        (
            "dJ/dW1",
            "sum((yhat - y)*W2.T*step(z1) @ x.T, i)/m",
            "W2.T @ (Yhat - Y)*step(Z1) @ X.T/m",
        ),
        ("dJ/dW2", "sum((yhat - y)*a1.T, i)/m", "(Yhat - Y) @ A1.T/m"),
        ("dJ/db2", "sum(yhat - y, i)/m", "sum(Yhat - Y)/m"),
    ],
)
def test_examples(question: str, per_example: str, stacked: str) -> None:
    """Per example with a sum over the examples, and stacked, the examples last."""
    found = answer(
        NETWORK,
        SHAPES,
        {},
        question,
        examples={"i": "m"},
        sizes={"D_x": 3, "D_a1": 4, "m": 5},
        seed=1,
    )
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


@pytest.mark.parametrize(
    ("layout", "formula"), [("gradient", "W"), ("jacobian", "W"), ("denominator", "W.T")]
)
def test_layout(layout: str, formula: str) -> None:
    """The denominator layout is the transpose of the numerator layout."""
    found = answer(
        "z = W @ x", {"W": ["m", "n"], "x": ["n"]}, {}, "dz/dx", notation={"layout": layout}
    )
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
    first, second = solve(exercise_from(exercise)).answers
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
    found = solve(exercise_from(exercise)).answers[0]
    assert found.expanded is not None
    assert unparse(found.expanded) == expanded
    assert found.verified is not None
    assert found.verified.ok is True


INDEXED = {"indices": {"i": "I", "j": "J", "k": "K", "r": "R", "t": "T"}, "seed": 1}


@pytest.mark.parametrize(
    ("lines", "shapes", "question", "formula", "free"),
    [
        (
            "f = sum((X[i, j, k] - sum(A[i, r]*B[j, r]*C[k, r], r))^2, i, j, k)",
            {"X": ["I", "J", "K"], "A": ["I", "R"], "B": ["J", "R"], "C": ["K", "R"]},
            "df/dA",
            "2*sum(B[j, p]*C[k, p]*(sum(A[i, r]*B[j, r]*C[k, r], r) - X[i, j, k]), j, k)",
            ("i", "p"),
        ),
        (
            "p = softmax(Z); L = -mean(log(p[t, y[t]]), t)",
            {"Z": ["T", "V"], "y": ["T"]},
            "dL/dZ",
            "(p - eye(V)[y])/T",
            (),
        ),
        (
            "f = x[y] + sum(x[j]^2, j, j != y)",
            {"x": ["J"], "y": []},
            "df/dx",
            "2*x*(1 - eye(J)[y]) + eye(J)[y]",
            (),
        ),
    ],
)
def test_indices(
    lines: str, shapes: dict[str, Any], question: str, formula: str, free: tuple[str, ...]
) -> None:
    """An entry is written with the author's indices; a place that an index is compared with is a unit vector."""
    sizes = {"I": 2, "J": 3, "K": 4, "R": 2, "T": 3, "V": 4}
    found = answer(lines, shapes, {}, question, sizes=sizes, **INDEXED)
    assert found.symbolic is not None
    assert (unparse(found.symbolic), found.free) == (formula, free)
    assert found.verified is not None
    assert found.verified.ok is True


def test_a_gradient_at_a_factor_of_zero() -> None:
    """The derivative of a product is not divided by an entry that is 0."""
    found = answer("f = prod(x)", {"x": ["n"]}, {}, "df/dx", values={"x": [0, 2, 3]})
    assert found.value == [6, 0, 0]
    found = answer("f = prod(x)", {"x": ["n"]}, {}, "d2f/dx2", values={"x": [0, 2, 0]})
    assert found.value == [[0, 0, 2], [0, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize(
    ("expression", "shape", "indices", "x", "gradient"),
    [
        ("sum(prod(x, axis=0))", ["n", "m"], {}, [[1, 0, 2], [0, 3, 4]], [[0, 3, 4], [1, 0, 2]]),
        ("sum(prod(x, axis=1, keepdims=True))", ["n", "m"], {}, [[1, 0, 2], [0, 3, 4]], [[0, 2, 0], [12, 0, 0]]),
        ("prod(x)", ["n", "m"], {}, [[1, 2], [0, 3]], [[0, 0], [6, 0]]),
        ("prod(x[j] + x[j]^2, j)", ["n"], {"j": "n"}, [2, 0, 1], [0, 12, 0]),
        ("prod(a*x)", ["n"], {}, [2, 0, 1], [0, 16, 0]),
    ],
)  # fmt: skip
def test_a_gradient_at_a_factor_of_zero_along_any_axis(
    expression: str, shape: list[str], indices: dict[str, str], x: Any, gradient: Any
) -> None:
    content = {
        "expression": f"f = {expression}",
        "variables": {"x": shape, "a": []},
        "indices": indices,
    }
    solution = solve(exercise_from({**content, "values": {"x": x, "a": 2}, "questions": ["df/dx"]}))
    (found,) = solution.answers
    assert found.value == gradient
    assert solution.gradients["x"].value == gradient
    assert found.verified is not None
    assert found.verified.ok is True


def test_a_named_power_is_not_read_back_by_a_division() -> None:
    """3 s² x³ is not 3 q/s, which has no value where s is 0."""
    lines, values = ["q = (x*s)^3", "f = sum(q)"], {"x": [1, 2], "s": 0}
    exercise = {
        "expression": lines,
        "variables": {"x": ["n"], "s": []},
        "values": values,
        "questions": ["dq/ds", "df/ds"],
    }
    local, total = solve(exercise_from(exercise)).answers
    assert (local.text, local.value) == ("3*s^2*x^3", [0, 0])
    assert (total.text, total.value) == ("3*sum(x^3)*s^2", 0)


def test_second_derivatives_by_a_stack() -> None:
    lines = ["z = w.T @ x", "J = sum(z^2, i)"]
    variables = {"w": ["n", 1], "x": {"shape": ["n", 1], "each": "i"}}
    given = {"examples": {"i": "m"}, "sizes": {"n": 2, "m": 3}, "seed": 1}
    exercise = {
        "expression": lines,
        "variables": variables,
        **given,
        "questions": ["d2J/dX2", "d2J/dx2"],
    }
    by_stack, by_each = solve(exercise_from(exercise)).answers
    assert by_stack.verified is not None
    assert by_stack.verified.ok is True
    assert by_stack.value == by_each.value
    assert by_stack.per_example is not None
    assert unparse(by_stack.per_example.symbolic) == "2*w @ w.T"


def test_gradients_of_a_given_upstream_are_named() -> None:
    """An array upstream names the gradients on the way, as a loss does: 12 layers with skips are no larger than two."""
    lines = [
        f"h{n} = tanh(W @ {f'h{n - 1}' if n > 1 else 'x'}) + {f'h{n - 1}' if n > 1 else 'x'}"
        for n in range(1, 13)
    ]
    exercise = {
        "expression": lines,
        "variables": {"x": ["n"], "W": ["n", "n"]},
        "upstream": {"dL/dh12": "G"},
    }
    (found,) = solve(exercise_from({**exercise, "questions": ["dL/dx"]})).answers
    assert len(unparse(found.symbolic)) < 400  # type: ignore[arg-type]
    assert found.where


@pytest.mark.parametrize(
    ("question", "formula"),
    [
        (
            "dL/dx",
            "[2*(W[0, 0]*z[0] + W[1, 0]*z[1]), 2*(W[0, 1]*z[0] + W[1, 1]*z[1]), 2*(W[0, 2]*z[0] + W[1, 2]*z[1])]",
        ),
        ("dz/dW", "[[[x[0], x[1], x[2]], [0, 0, 0]], [[0, 0, 0], [x[0], x[1], x[2]]]]"),
    ],
)
def test_entries(question: str, formula: str) -> None:
    """The form `entries` lists every entry where the sizes are numbers."""
    lines = "z = W @ x; L = norm(z)^2"
    found = answer(
        lines, {"W": [2, 3], "x": [3]}, {}, question, notation={"form": "entries"}, seed=1
    )
    assert unparse(found.symbolic) == formula  # type: ignore[arg-type]
    assert found.verified is not None
    assert found.verified.ok is True


def test_what_an_answer_says_of_itself() -> None:
    """Entries of a symmetric matrix are varied one by one; a derivative per example may be the same for all."""
    (said,) = answer(
        "f = tr(A @ X)", {"A": ["n", "n"], "X": ["n", "n"]}, {"X": "symmetric"}, "df/dX"
    ).warnings
    assert said.message == "X is symmetric, but its entries are varied one by one"
    assert answer(NETWORK, SHAPES, {}, "dz2/da1", examples={"i": "m"}).same


def test_stacks_of_what_has_no_stack() -> None:
    """A gradient given per example is stacked by name; a stack at an example is an entry of it."""
    lines = "mu = mean(x, i); v = mean((x - mu)^2, i); h = (x - mu)/sqrt(v + 1)"
    shapes = {"x": {"shape": [], "each": "i"}}
    more = {"examples": {"i": "m"}, "sizes": {"m": 4}, "seed": 1}
    found = answer(lines, shapes, {}, "dL/dx", upstream={"dL/dh": "G"}, **more)
    assert (
        unparse(found.symbolic)
        == "(stack(G) - stack(G) @ H*H/m - sum(stack(G))*ones(m)/m)/sqrt(v + 1)"
    )  # type: ignore[arg-type]
    found = answer(
        "s = w*x; T = stack(s); L = logsumexp(T)", {**shapes, "w": []}, {}, "dL/ds", **more
    )
    assert unparse(found.symbolic) == "softmax(T)[i]"  # type: ignore[arg-type]
    assert isinstance(found.value, list)


def test_no_shorthand_that_leaves_factors_out() -> None:
    """∂Z/∂X of relu(X W) needs W and the mask at once: no single matrix stands for it in the chain."""
    assert (
        answer("Z = relu(X @ W)", {"X": ["n", "d"], "W": ["d", "k"]}, {}, "dZ/dX").shorthand is None
    )


def test_second_derivatives_per_example() -> None:
    exercise = {
        "expression": ["z = w.T @ x", "a = z^3", "J = 1/m*sum(a, i)"], "examples": {"i": "m"}, "sizes": {"n": 3, "m": 4},
        "variables": {"x": {"shape": ["n", 1], "each": "i"}, "w": {"shape": ["n", 1]}}, "seed": 1,
        "questions": ["d2a/dz2", "d2a/dw2", "d2J/dxdw", "d2J/dw2"],
    }  # fmt: skip
    answers = solve(exercise_from(exercise)).answers
    assert all(answer.verified is not None and answer.verified.ok for answer in answers)
    assert [unparse(answer.symbolic) for answer in answers if answer.symbolic is not None] == [
        "6*z", "6*z*x @ x.T", "3*(z^2*eye(n) + 2*z*w @ x.T)/m", "6*sum(z*x @ x.T, i)/m"
    ]  # fmt: skip
    stacked = answers[0].stacked
    assert stacked is not None
    assert unparse(stacked.symbolic) == "6*Z"


def test_a_gradient_on_the_way_of_a_second_derivative_is_not_called_the_loss_s() -> None:
    exercise = {
        "expression": ["k = p*t + r", "m = tanh(k)", "h = where(k > 0, m*k, k^2)", "G = h*m - log(1 + t^2)"],
        "values": {"p": 0.5, "t": 2, "r": -0.25}, "upstream": {"dE/dG": 3}, "questions": ["d2G/dr2"],
    }  # fmt: skip
    (answer,) = solve(exercise_from(exercise)).answers
    assert answer.verified is not None
    assert answer.verified.ok
    assert [name for name, _ in answer.where] == ["d2G_drdk"]


def test_products_have_no_parentheses_around_factors_that_are_products() -> None:
    found = answer("q = x*y; r = x/y; f = q^2 + r^2", {}, {}, "df/dq")
    assert found.expanded is not None
    assert unparse(found.expanded) == "2*x*y"
    found = answer("q = x*y; r = x/y; f = q^2 + r^2", {}, {}, "df/dr")
    assert found.expanded is not None
    assert unparse(found.expanded) == "2*x/y"


def test_an_upstream_gradient_may_be_a_constant_expression_and_values_stay_exact_beside_it() -> (
    None
):
    exercise = {
        "expression": "f = x^2", "values": {"x": "1/3"}, "upstream": {"dL/df": "pi/4"}, "questions": ["dL/dx", "df/dx"],
    }  # fmt: skip
    loss, f = solve(exercise_from(exercise)).answers
    assert [unparse(expr) for expr in (loss.symbolic, loss.exact, f.exact) if expr is not None] == [
        "pi*x/2",
        "pi/6",
        "2/3",
    ]
    assert loss.value == pytest.approx(0.5235987755982988)


def test_what_is_undefined_whatever_the_values_is_placed() -> None:
    with pytest.raises(GradcalcError) as caught:
        solve(parse_exercise("expression: |\n  q = 2*x\n  f = q + tan(pi/2)\n", "t.yaml"))
    (problem,) = caught.value.problems
    assert problem.message == "`tan(pi/2)` is undefined, whatever the values"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 11)


def test_the_maximum_of_one_and_the_same_is_no_tie() -> None:
    (found,) = solve(parse_exercise("expression: f = max(x, x)\nvalues: {x: 1}\n")).answers
    assert (found.symbolic and unparse(found.symbolic), found.value) == ("1", 1)


def test_the_chain_of_the_loss_begins_with_each_upstream_gradient() -> None:
    exercise = {
        "expression": ["q = x*y", "f = q^2", "g = q + z"], "upstream": {"dL/df": 3, "dL/dg": "G", "dL/dq": -5},
        "questions": ["dL/dx", "dL/dq", "dL/df", "df/dx"],
    }  # fmt: skip
    answers = solve(exercise_from(exercise)).answers
    assert [[[local.label for local in path] for path in answer.chain] for answer in answers] == [
        [["dL/df", "df/dq", "dq/dx"], ["dL/dg", "dg/dq", "dq/dx"], ["dL/dq", "dq/dx"]],
        [["dL/df", "df/dq"], ["dL/dg", "dg/dq"], ["dL/dq"]], [["dL/df"]], [["df/dq", "dq/dx"]],
    ]  # fmt: skip
    firsts = [path[0] for path in answers[0].chain]
    assert [(unparse(local.symbolic), local.direct) for local in firsts if local.symbolic is not None] == [
        ("3", False), ("G", False), ("-5", True)
    ]  # fmt: skip


ENTRIES = {
    "expression": ["y = W @ x", "a = tanh(y)", "J = sum(a)"], "variables": {"W": ["n", "d"], "x": ["d"]},
    "values": {"W": [[1, 2], [3, 4]], "x": [1, 2]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "question", "formula", "free", "value"),
    [
        ("matrix", "dy/dW[0, 0, 1]", "x[1]", (), 2),
        ("matrix", "dy/dx[n - 1, 0]", "W[n - 1, 0]", (), 3),
        ("matrix", "dy/dW[0, 0]", "x[q]", ("q",), [1, 2]),
        ("matrix", "dy/dW[0]", "where(0 == p, x[q], 0)", ("p", "q"), [[1, 2], [0, 0]]),
        ("matrix", "dy/dx[1, 0]", "W[1, 0]", (), 3),
        ("index", "dJ/dW[1, 0]", "x[0]*(1 - a[1]^2)", (), 1.1157e-9),
        ("index", "dJ/dx[1]", "sum(W[b, 1]*(1 - a[b]^2), b)", (), 3.632e-4),
    ],
)
def test_an_entry_names_no_index_that_it_fixes(
    form: str, question: str, formula: str, free: tuple[str, ...], value: Any
) -> None:
    exercise = exercise_from({**ENTRIES, "notation": {"form": form}, "questions": [question]})
    (found,) = solve(exercise).answers
    assert found.symbolic is not None
    assert (unparse(found.symbolic), found.free, found.expanded is None) == (formula, free, False)
    assert (
        found.value == pytest.approx(value, rel=1e-3)
        if not isinstance(value, list)
        else found.value == value
    )


@pytest.mark.parametrize(
    "question", ["dJ/dW[2, 0]", "dJ/dx[0, 0]", "dJ/dx[1.5]", "dJ/dx[-1]", "dJ/dx[i]"]
)
def test_an_entry_that_is_not_there_is_an_error(question: str) -> None:
    with pytest.raises(GradcalcError):
        solve(exercise_from({**ENTRIES, "questions": [question]}))


@pytest.mark.parametrize(
    ("question", "stacked", "value"),
    [
        ("dJ/dX", "2*w @ Z", [[4, 8, 12], [8, 16, 24]]),
        ("dJ/dstack(x)", "2*w @ Z", [[4, 8, 12], [8, 16, 24]]),
        ("dZ/dw", "X", [[[0, 2, 2], [1, 1, 2]]]),
        ("dstack(z)/dw", "X", [[[0, 2, 2], [1, 1, 2]]]),
        ("dZ/dX", "outer(w, ones(m))", [[[1, 1, 1], [2, 2, 2]]]),
    ],
)
def test_questions_may_name_stacks(question: str, stacked: str, value: Any) -> None:
    exercise = {
        "expression": ["z = w.T @ x", "J = sum(z^2, i)"], "examples": {"i": "m"},
        "variables": {"x": {"shape": ["D", 1], "each": "i"}, "w": ["D", 1]},
        "values": {"x": [[0, 2, 2], [1, 1, 2]], "w": [[1], [2]]}, "questions": [question],
    }  # fmt: skip
    (found,) = solve(exercise_from(exercise)).answers
    assert found.verified is not None
    assert found.verified.ok, found.verified
    assert found.stacked is not None
    assert (unparse(found.stacked.symbolic), found.value) == (stacked, value)


def test_a_stack_of_numbers_has_their_derivatives_once() -> None:
    exercise = {
        "expression": ["z = w*x", "J = sum(z^2, i)"], "examples": {"i": 2}, "variables": {"x": {"each": "i"}},
        "values": {"x": [1, 2], "w": 3}, "questions": ["dJ/dX", "shape stack(x)"],
    }  # fmt: skip
    by_stack, shape = solve(exercise_from(exercise)).answers
    assert by_stack.value == [18, 36]
    assert by_stack.verified is not None
    assert by_stack.verified.ok
    assert [str(size) for size in shape.shape] == ["2"]
