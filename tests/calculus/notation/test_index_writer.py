"""Entries in index notation: every sum has its range, and selectors are met."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.language.parser import unparse
from tests.helpers.answers import solved

SIZES = {"m": 2, "n": 3, "p": 2}


@pytest.mark.parametrize(
    ("lines", "shapes", "question", "entry"),
    [
        (
            "f = tr(A @ kron(eye(n), F))",
            {"A": ["n*p", "n*p"], "F": ["p", "p"]},
            "df/dF",
            "sum(A[a*p + r, a*p + q], a)",
        ),
        (
            "f = sum(kron(A, ones(1, 2)) * W)",
            {"A": ["m", "n"], "W": ["m", "2*n"]},
            "df/dA",
            "sum(W[p, q*2 + a], a)",
        ),
        (
            "f = vec(A) @ S @ vec(A)",
            {"A": ["m", "n"], "S": ["m*n", "m*n"]},
            "d2f/dAdA",
            "S[q*m + p, l*m + k] + S[l*m + k, q*m + p]",
        ),
        (
            "f = sum(concat(A[1:], A[:1], axis=0) * W)",
            {"A": ["n", "m"], "W": ["n", "m"]},
            "df/dA",
            "where(p == 0, W[n - 1, q], 0) + where(p >= 1, W[p - 1, q], 0)",
        ),
        (
            "f = sum(concat(A[2:4], A[0:2], axis=0)^2 * W)",
            {"A": [6, "m"], "W": [4, "m"]},
            "df/dA",
            None,
        ),
        ("f = sum(E[w] * V)", {"E": [4, "m"], "w": [3], "V": [3, "m"]}, "df/dE", None),
        ("f = sum(E[w] * V)", {"E": [4, "m"], "w": [3], "V": [3, "m"]}, "df/dV", "E[w[p], q]"),
        (
            "f = sum(u @ E[w])",
            {"E": [4, "m"], "w": [3], "u": [3]},
            "df/du",
            "sum(E[w[p], a], a)",
        ),
    ],
)
def test_sums_have_their_range(
    lines: str, shapes: dict[str, Any], question: str, entry: str | None
) -> None:
    used = {name for shape in shapes.values() for size in shape for name in str(size)}
    sizes = {name: size for name, size in SIZES.items() if name in used}
    values = {"values": {"w": [1, 3, 1]}} if "w" in shapes else {}
    result = solved(
        lines, question, variables=shapes, sizes=sizes, notation={"form": "index"}, seed=1, **values
    )
    (answer,) = result.answers
    assert answer.verified
    assert answer.verified.ok
    assert answer.value is not None
    if entry is not None and answer.symbolic is not None:
        assert unparse(answer.symbolic) == entry


def test_a_named_gradient_has_its_definition_in_index_form_too() -> None:
    lines = "C = A.T @ B/n; f = sum((1 - diag(C))^2) + l*(sum(C^2) - sum(diag(C)^2))"
    shapes = {"A": ["n", "m"], "B": ["n", "m"], "l": []}
    result = solved(
        lines, "df/dA", variables=shapes, sizes={"n": 4, "m": 2}, notation={"form": "index"}
    )
    (answer,) = result.answers
    assert answer.verified
    assert answer.verified.ok
    assert answer.value is not None
    for name, formula in answer.where:
        assert unparse(formula) != name


@pytest.mark.parametrize("layout", ["gradient", "jacobian", "denominator"])
def test_a_second_derivative_by_a_matrix_in_every_layout(layout: str) -> None:
    result = solved(
        "f = sum(A^2)",
        ["df/dA", "d2f/dAdA"],
        variables={"A": ["m", "n"]},
        sizes={"m": 2, "n": 3},
        notation={"layout": layout},
    )
    assert all(answer.verified and answer.verified.ok for answer in result.answers)


@pytest.mark.parametrize(
    ("line", "shapes", "question", "entry"),
    [
        (
            "f = sum((B - mean(B, axis=1, keepdims=True))^2*c)",
            {"B": ["m", "n"], "c": ["m", 1]},
            "df/dc",
            "sum((B[p, a] - mean(B, axis=1)[p])^2, a)",
        ),
        ("f = sum(z*exp(mean(z, keepdims=True)))", {"z": ["n"]}, "df/dz", None),
        ("f = sum(r*exp(mean(r, axis=1, keepdims=True)))", {"r": [1, "n"]}, "df/dr", None),
        (
            "f = sum(s*norm(T, axis=[0, 2], keepdims=True))",
            {"T": ["m", "n", "p"], "s": ["n"]},
            "df/ds",
            "sum(norm(T, axis=[0, 2])[a], a)",
        ),
    ],
)
def test_an_axis_that_a_reduction_keeps_is_no_place(
    line: str, shapes: dict[str, Any], question: str, entry: str | None
) -> None:
    """The formula of an entry is a number, not an array of one."""
    sizes = {name: size for name, size in SIZES.items() if name in str(shapes)}
    form = {"form": "index"}
    found = solved(line, question, variables=shapes, sizes=sizes, notation=form, seed=1)
    answer = found[question]
    assert answer.symbolic is not None
    assert answer.verified
    assert answer.verified.ok
    assert "keepdims" not in unparse(answer.symbolic)
    if entry is not None:
        assert unparse(answer.symbolic) == entry
