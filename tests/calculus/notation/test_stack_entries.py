"""Entries of one of several examples as entries of the stacks."""

from __future__ import annotations

import pytest

from gradcalc.language.parser import unparse
from helpers.answers import solved

VARIABLES = {
    "h": {"shape": ["n"], "each": "i"},
    "a": {"shape": [], "each": "i"},
    "b": {"shape": [], "each": "i"},
    "M": [2, 2],
    "V": ["n", "n"],
    "w": ["n"],
    "t": [],
}
VALUES = {
    "h": [[1, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6]],
    "a": [0, 2, 1, 0],
    "b": [1, 1, 0, 2],
    "M": [[2, 3], [4, 5]],
    "V": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    "w": [1, 2, 3],
    "t": 2,
}


@pytest.mark.parametrize(
    ("line", "question", "stacked"),
    [
        ("q = h[a]*M[0, 1]", "local dq/dM", "where(r == 1, where(p == 0, H[A[s], s], 0), 0)"),
        ("q = w[a]*t", "local dq/dt", "w[A[p]]"),
        ("q = V[a, b]*t", "local dq/dt", "V[A[p], B[p]]"),
    ],
)
def test_a_place_per_example_is_read_from_its_stack(line: str, question: str, stacked: str) -> None:
    used = [name for name in VARIABLES if name in line]
    found = solved(
        line,
        question,
        variables={name: VARIABLES[name] for name in used},
        values={name: VALUES[name] for name in used},
        examples={"i": "N"},
        sizes={"n": 3, "N": 4},
        notation={"form": "index"},
    )
    answer = found[question]
    assert answer.stacked is not None
    assert answer.stacked.symbolic is not None
    assert unparse(answer.stacked.symbolic) == stacked
    assert answer.verified is not None
    assert answer.verified.ok is True
