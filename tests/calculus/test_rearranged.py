"""Arrays that only put entries in new places, read where a selector says which place it is."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.answers import answer

SHAPES: dict[str, Any] = {
    "A": ["m", "n"], "B": ["k", "l"], "x": ["m"], "y": ["n"], "z": ["k"], "a": [], "v": [2],
}  # fmt: skip
SIZES = {"m": 2, "n": 3, "k": 2, "l": 4}


@pytest.mark.parametrize(
    ("line", "question", "formula"),
    [
        ("f = sum(kron(A, B)^2)", "df/dA", "2*sum(B^2)*A"),
        ("f = sum(outer(kron(x, y), z)^2)", "df/dx", "2*norm(y)^2*norm(z)^2*x"),
        ("f = sum(vec(A)^3)", "df/dA", "3*A^2"),
        ("f = sum(concat(x, y)^2)", "df/dy", "2*y"),
        ("f = sum(([a, a]*v)^2)", "df/da", "2*a*norm(v)^2"),
    ],
)
def test_entries_stand_for_what_is_there(line: str, question: str, formula: str) -> None:
    shapes = {name: shape for name, shape in SHAPES.items() if name in line.partition("=")[2]}
    used = {size for shape in shapes.values() for size in shape if isinstance(size, str)}
    sizes = {name: size for name, size in SIZES.items() if name in used}
    found = answer(line, shapes, {}, question, sizes=sizes, seed=1)
    assert found.text == formula
    assert found.verified
    assert found.verified.ok
