"""Terms that are alike though they are not written alike."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.answers import answer

VECTORS: dict[str, Any] = {"A": ["m", "n"], "v": ["n"], "b": ["m"], "c": ["m"]}


@pytest.mark.parametrize(
    ("line", "question", "formula"),
    [
        ("f = norm(A @ v - b)^2/2 + norm(A @ v)^2/2", "df/dv", "A.T @ (2*A @ v - b)"),
        ("f = norm(A @ v - b)^2/2 - norm(A @ v - c)^2/2", "df/dv", "A.T @ (c - b)"),
        ("f = sum(((A @ v)^2 - b)^2)/4", "d2f/dv2", "A.T @ diag(3*(A @ v)^2 - b) @ A"),
    ],
)
def test_a_product_meets_itself_in_full(line: str, question: str, formula: str) -> None:
    shapes = {name: shape for name, shape in VECTORS.items() if name in line}
    found = answer(line, shapes, {}, question, sizes={"m": 3, "n": 2}, seed=1)
    assert found.text == formula
    assert found.verified
    assert found.verified.ok


def test_the_two_entries_of_a_symmetric_product_meet() -> None:
    shapes = {"M": ["k", "k"], "V": ["k", "r"]}
    found = answer("f = norm(M - V @ V.T)^2/4", shapes, {}, "df/dV")
    assert found.text == "(2*V @ V.T - M.T - M) @ V/2"
