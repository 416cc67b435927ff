"""Answers about slices, joined arrays, entries and equal indices; every one is checked by the oracle."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.unparse import unparse


def answers(expression: str, variables: str, questions: str) -> list[str]:
    """The answers in the expression language; each agrees with numerical differences."""
    lines = "".join(f"  {line.strip()}\n" for line in expression.split(";"))
    text = f"expression: |\n{lines}variables: {variables}\nquestions: [{questions}]\n"
    found = solve(parse_exercise(text, "e.yaml")).answers
    assert all(answer.verified is not None and answer.verified.ok for answer in found)
    return [unparse(answer.symbolic) for answer in found if answer.symbolic is not None]


@pytest.mark.parametrize(
    ("expression", "variables", "questions", "expected"),
    [
        ('J = sum(A[:, 1:]*W)', '{A: [n, k + 1], W: [n, k]}', 'dJ/dA, dJ/dW', ['concat(zeros(n, 1), W, axis=1)', 'A[:, 1:]']),
        ('J = norm(A[:, 1:] @ x)^2', '{A: [n, k + 1], x: [k]}', 'dJ/dA, dJ/dx', ['2*outer(A[:, 1:] @ x, concat(0, x))', '2*A[:, 1:].T @ A[:, 1:] @ x']),
        ('J = norm(A[:, 1:] @ B)^2', '{A: [n, k + 1], B: [k, m]}', 'dJ/dA, dJ/dB', ['2*A[:, 1:] @ B @ concat(zeros(m, 1), B.T, axis=1)', '2*A[:, 1:].T @ A[:, 1:] @ B']),
        ('J = tr(A[:, 1:] @ B)', '{A: [m, k + 1], B: [k, m]}', 'dJ/dA, dJ/dB', ['concat(zeros(m, 1), B.T, axis=1)', 'A[:, 1:].T']),
        ('J = sum(exp(A[:, 1:]))', '{A: [m, k + 1]}', 'dJ/dA', ['concat(zeros(m, 1), exp(A[:, 1:]), axis=1)']),
        ('J = norm(W @ concat(x, y))^2', '{W: [n, k + m], x: [k], y: [m]}', 'dJ/dx, d2J/dx2, d2J/dxdy', ['2*W[:, :k].T @ W @ concat(x, y)', '2*W[:, :k].T @ W[:, :k]', '2*W[:, :k].T @ W[:, k:]']),
        ('Y = C @ concat(A, D, axis=1) @ B; J = sum(Y*Y)', '{C: [m, m], A: [m, k], D: [m, q], B: [k + q, m]}', 'dJ/dA, dJ/dD', ['2*C.T @ Y @ B[:k].T', '2*C.T @ Y @ B[k:].T']),
        ('J = sum(w*x[1:]^2)', '{x: [n + 1], w: [n]}', 'dJ/dx, d2J/dx2, d2J/dxdw', ['2*concat(0, w*x[1:])', '2*diag(concat(0, w))', '2*concat(zeros(1, n), diag(x[1:]))']),
        ('z = (A @ x)[1:]; J = norm(z)^2', '{A: [n + 1, k], x: [k]}', 'dJ/dA, d2J/dx2', ['2*outer(concat(0, z), x)', '2*A.T @ diag(concat(0, ones(n))) @ A']),
        ('J = (A @ x)[k0]*y[k0]', '{A: [n, m], x: [m], y: [n], k0: []}', 'dJ/dx, dJ/dA, dJ/dy', ['y[k0]*A[k0]', 'y[k0]*outer(eye(n)[k0], x)', '(A @ x)[k0]*eye(n)[k0]']),
        ('J = sum(E[ids, :] @ x)', '{E: [V, m], x: [m], ids: [5]}', 'dJ/dE, dJ/dx', ['outer(sum(eye(V)[ids], axis=0), x)', 'sum(E[ids], axis=0)']),
        ('J = x @ diag(diag(A)) @ y', '{A: [n, n], x: [n], y: [n]}', 'dJ/dA, dJ/dx', ['diag(x*y)', 'diag(A)*y']),
        ('J = x @ (A * A.T) @ y', '{A: [n, n], x: [n], y: [n]}', 'dJ/dA, dJ/dx', ['A.T*(outer(y, x) + outer(x, y))', 'A.T*A @ y']),
        ('J = (x @ y)*(y @ z)*(z @ x)', '{x: [n], y: [n], z: [n]}', 'dJ/dx, d2J/dxdy', ['y @ z*(x @ y*z + x @ z*y)', 'y @ z*outer(z, x) + x @ y*outer(z, z) + x @ z*(y @ z)*eye(n) + x @ z*outer(y, z)']),
        ('J = sum(1/x * 1/y)', '{x: [n], y: [n]}', 'dJ/dx', ['-1/(x^2*y)']),
        # No size is drawn at which there is no such part.
        ("J = sum(x[1:4]^2)", "{x: [n]}", "dJ/dx", ["2*concat(0, x[1:4], zeros(n - 4))"]),
        ("J = sum(x[n - 5:]^2)", "{x: [n]}", "dJ/dx", ["2*concat(zeros(n - 5), x[n - 5:])"]),
        ("J = x[8]^2", "{x: [n]}", "dJ/dx", ["2*x[8]*eye(n)[8]"]),
        ("J = sum(x[:n + 1]^2)", "{x: [n]}", "dJ/dx", ["2*x"]),
    ],
)  # fmt: skip
def test_answers_about_parts_of_arrays(
    expression: str, variables: str, questions: str, expected: list[str]
) -> None:
    assert answers(expression, variables, questions) == expected
