"""Every operation is exported, with shapes of every kind, and agrees with finite differences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gradcalc.ops import TABLE
from helpers.exported_code import agrees, exported

# Written with signs, taken apart, or without code: every other operation is exported by its entry.
NO_EXAMPLE = frozenset(("toaxis", "apply", "half_step", "free"))


SHAPES = {
    "A": [2, 3],
    "B": [3, 2],
    "M": [3, 3],
    "u": [3],
    "v": [3],
    "x": [3],
    "y": [3],
    "w": [2],
    "K": [2, 2],
}


@pytest.mark.parametrize(
    "op", [op for op in TABLE.values() if op.name not in NO_EXAMPLE], ids=lambda op: op.name
)
def test_every_operation_is_exported(
    op: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of each entry of the table becomes code whose gradients agree with finite differences."""
    names = set(re.findall(r"\b[ABKMuvwxy]\b", op.example))
    variables = {name: SHAPES[name] for name in sorted(names)} or {"x": [3]}
    head = op.example if names else f"{op.example} + 0 * x[0]"
    module = exported({"expression": f"f = sum(({head})^2) / 2", "variables": variables}, tmp_path)
    if op.name == "stop_gradient":
        assert not module.gradients(**module.VALUES)["x"].any()
    else:
        agrees(module, capsys)


J3, K3 = {"indices": {"j": 3}}, {"indices": {"j": 3, "k": 3}}


EACH = {
    "examples": {"i": 4},
    "indices": {"k": 2},
    "variables": {"z": {"each": "i", "shape": [2, 2]}, "w": [2], "s": []},
}


MORE = {
    "T": [2, 3, 4],
    "Q": [2, 2, 2, 3],
    "c": [3, 1],
    "r": [1, 3],
    "o": [1, 1],
    "p": [1],
    "s": [],
    "k": [4],
}


@pytest.mark.parametrize(
    ("expression", "content"),
    [
        ("f = sum(norm(Q, axis=(0, 1, 2)))", {}), ("f = prod(M)*s + sum(prod(T, axis=(0, 2)))", {}), ("f = norm(o)*s + norm(p) + norm(s)", {}),
        ("f = sum(softmax(c, axis=1)) + sum(log_softmax(p)) + tr(o)*s + sum(diag(o)) + sum(diag(p))", {}),
        ("f = sum(x[::2]^2) + sum(M[::2, 1:] @ M[1:, ::2])", {}), ("f = tr(T[0, :, :3].T @ M) + tr(diag(x))", {}), ("f = sum((M.T @ x.T).T)", {}),
        ("f = prod(s, j)*s + sum(prod(M*s, j))", J3), ("f = sum(s*x, j) @ y", J3), ("f = sum(M[j, :]*x[j], j) @ y", J3),
        ("P[j, k] = x[j]*y[k]; f = sum(P @ M)", K3), ("q[j] = sum(M[j, k]*x[k], k) + o[0, 0]; f = sum(q^2)", K3),
        ("f = sum(ones(3)[k]*x[0]) + sum(eye(3)[k] @ x)", {"values": {"k": [0, 2, 1, 1]}}),
        ("f = sum(x*diag(2*ones(3, 3))) + sum(x*diag(ones(3, 3) + x))", {}),
        ("f = sum(T.T * T.T) + sum(M[0]) * sum(M[:, 0]) + sum(ones(2, 3) @ ones(3))*s", {}),
        ("J = sum(kron(z, z), i); f = sum(J)", EACH), ("J = sum(vec(z), i); f = sum(J^2)", EACH), ("J = sum(prod(z) + tr(z), i)", EACH),
        ("J = sum(sum(norm(z, axis=0)) + norm(w), i)", EACH), ("p[k] = s*w[k]; J = sum(sum(z @ p), i)", EACH),
    ],
)  # fmt: skip
def test_shapes_that_are_rare_are_exported_too(
    expression: str, content: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = {**SHAPES, **MORE}
    used = (
        set(re.findall(r"[A-Za-z]\w*", expression))
        & shapes.keys() - content.get("indices", {}).keys()
    )
    variables = content.get("variables", {name: shapes[name] for name in sorted(used)})
    agrees(
        exported(
            {**content, "expression": expression.split("; "), "variables": variables}, tmp_path
        ),
        capsys,
    )


def test_a_product_with_a_factor_of_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Along any axis nothing is divided by an entry."""
    lines = [
        "f = prod(x) + prod(A)",
        "g = prod(A, axis=0)",
        "h = prod(w[j] + x[j], j)",
        "J = f + sum(g*w) + h",
    ]
    content = {
        "expression": lines, "variables": {"x": [3], "A": [2, 3], "w": [3]}, "indices": {"j": 3},
        "values": {"x": [2, 0, 3], "A": [[1, 0, 2], [3, 4, 5]], "w": [1, 0, 2]},
    }  # fmt: skip
    agrees(exported(content, tmp_path), capsys)
