"""Terms as matrices: what is spread stays spread, common factors leave sums, rows are rows."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.language.parser import unparse
from helpers.answers import answer, solved

SHAPES: dict[str, Any] = {
    "X": ["r", "k"], "W": ["r", "k"], "T": ["r", "k"], "g": ["k"], "M": ["n", "n"], "u": ["n"],
    "c": ["n"], "A": ["n", "n"],
}  # fmt: skip
SIZES = {"r": 2, "k": 3, "n": 2}


def text(lines: str, question: str, **content: Any) -> str | None:
    right = " ".join(line.partition("=")[2] for line in lines.split(";"))
    shapes = {name: shape for name, shape in SHAPES.items() if name in right}
    sizes = {n: s for n, s in SIZES.items() if any(n in shape for shape in shapes.values())}
    found = answer(
        lines, shapes, content.pop("assume", {}), question, sizes=sizes, seed=1, **content
    )
    assert found.verified
    assert found.verified.ok
    return found.text


@pytest.mark.parametrize(
    ("lines", "question", "formula"),
    [
        ("Y = X*g; f = sum(Y*T)", "df/dX", "T*g"),
        ("S = sum(X, axis=1, keepdims=True); R = X/S; f = sum(R*W)", "df/dX",
         "(W - sum(R*W, axis=1, keepdims=True))/S"),
        ("P = softmax(X, axis=1); f = sum(P*W)", "df/dX",
         "P*(W - sum(P*W, axis=1, keepdims=True))"),
        ("m = mean(X, axis=0, keepdims=True); C = X - m; f = sum(W*C^2)", "df/dX",
         "2*(W*C - mean(W*C, axis=0))"),
        ("y = M @ tanh(u)", "dy/du", "M @ diag(1 - tanh(u)^2)"),
    ],
)  # fmt: skip
def test_a_forward_broadcast_is_one_backward(lines: str, question: str, formula: str) -> None:
    assert text(lines, question) == formula


@pytest.mark.parametrize(
    ("line", "question", "formula"),
    [
        ("f = tr(M @ M @ M @ M @ M)", "df/dM", "5*matrix_power(M.T, 4)"),
        ("f = tr(M @ M @ M)", "df/dM", "3*M.T @ M.T"),
        ("f = tr(inv(M))", "df/dM", "-matrix_power(inv(M).T, 2)"),
        ("f = tr(M @ A)*tr(M)", "df/dM", "tr(M @ A)*eye(n) + tr(M)*A.T"),
        ("f = log(1 + tr(outer(u, u)))", "df/du", "2*u/(1 + u @ u)"),
    ],
)
def test_powers_and_traces(line: str, question: str, formula: str) -> None:
    assert text(line, question) == formula


@pytest.mark.parametrize(
    ("line", "formula"),
    [
        ("f = c @ u", "c.T"),
        ("f = sum(u^2)", "2*u.T"),
        ("f = c @ A @ u + u @ u", "c @ A + 2*u.T"),
        ("f = norm(u - c)^2", "2*(u - c).T"),
    ],
)
def test_the_derivative_of_a_number_by_a_vector_is_a_row_in_numerator_layout(
    line: str, formula: str
) -> None:
    assert text(line, "df/du", notation={"layout": "jacobian"}) == formula


JACOBIANS = [  # (lines, per example, stacked): rows, of 1-D vectors too
    (
        "q = max(x, v); f = q @ v; J = sum(f, i)",
        "sum((q + v*step(v - x)).T, i)",
        "(sum(Q, axis=1) + v*sum(step(v - X.T), axis=0)).T",
    ),
    ("J = sum(v @ x, i)", "sum(x.T, i)", "sum(X, axis=1, keepdims=True).T"),
    (
        "z = v @ x; J = sum(z^2, i) + v @ v/2 + sum(v)",
        "(v + 1).T + 2*sum(z*x.T, i)",
        "2*Z @ X.T + (v + 1).T",
    ),
]


@pytest.mark.parametrize(("lines", "per_example", "stacked"), JACOBIANS)
def test_a_row_is_written_as_one(lines: str, per_example: str, stacked: str) -> None:
    found = solved(
        lines,
        "dJ/dv",
        variables={"v": ["n"], "x": {"shape": ["n"], "each": "i"}},
        examples={"i": "N"},
        sizes={"n": 3, "N": 2},
        notation={"layout": "jacobian"},
    )
    answer = found["dJ/dv"]
    assert answer.per_example
    assert answer.stacked
    texts = [unparse(view.symbolic) for view in (answer.per_example, answer.stacked)]  # type: ignore[arg-type]
    assert texts == [per_example, stacked]
    assert answer.verified
    assert answer.verified.ok


def test_a_stack_beside_a_product_is_no_number() -> None:
    """Q * (B Z) is not (Q * B) Z: stacks have two axes."""
    found = solved(
        "q = (B @ outer(z, w)) @ (D @ c); f = norm(q)^2; J = mean(f, i)",
        "dJ/dw",
        variables={
            "B": ["n", "m"],
            "z": {"shape": ["m"], "each": "i"},
            "c": {"shape": ["n", 1], "each": "i"},
            "D": ["k", "n"],
            "w": ["k"],
        },
        examples={"i": "N"},
        sizes={"n": 3, "m": 4, "k": 2, "N": 5},
    )
    answer = found["dJ/dw"]
    assert answer.stacked
    assert answer.stacked.symbolic
    assert unparse(answer.stacked.symbolic) == "2*D @ C @ sum(Q*(B @ Z), axis=0)/N"
    assert answer.verified
    assert answer.verified.ok


@pytest.mark.parametrize(
    ("line", "question", "formula"),
    [
        ("y = eye(n)[1:] @ M @ u", "dy/du", "M[1:]"),
        ("f = tr(eye(n)[1:] @ M @ eye(n)[1:].T)", "df/dM", "diag(concat(0, ones(n - 1)))"),
        ("y = (eye(n)[1:] + M[1:]) @ u", "dy/du", "eye(n)[1:] + M[1:]"),
    ],
)
def test_rows_of_the_identity_choose(line: str, question: str, formula: str) -> None:
    assert text(line, question) == formula


@pytest.mark.parametrize("name", ["diag", "eye", "ones", "spread"])
def test_a_function_with_the_name_of_a_matrix_stays_a_function(name: str) -> None:
    shapes = {"M": ["n", "n"], "A": ["n", "n"], name: {"function": 1}}
    found = answer(f"Y = {name}(M) @ A; f = sum(Y^2)", shapes, {}, "df/dA", sizes={"n": 2}, seed=1)
    assert found.text == f"2*{name}(M.T) @ Y"
