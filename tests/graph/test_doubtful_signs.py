"""Signs that may be meant otherwise draw a warning that names the other way to write them."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gradcalc

MATRICES: dict[str, Any] = {"A": ["n", "n"], "B": ["n", "m"], "X": ["n", "n"], "x": ["n"]}
MATRICES |= {"c": ["n", 1], "r": [1, "n"], "I": ["n", "n"]}


def used(expression: str) -> dict[str, Any]:
    """The shapes of the names in an expression."""
    names = re.findall(r"[A-Za-z]+", expression)
    return {name: MATRICES[name] for name in names if name in MATRICES}


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("tr(A' * X)", ("`A' * X` multiplies entry by entry", "write A.T @ X for the matrix product")),
        ("sum(x.T*A*x)", ("`x.T*A` multiplies entry by entry", "write x.T @ A for the matrix product")),
        ("sum(x'*x)", ("`x'*x` multiplies entry by entry", "write x.T @ x for the matrix product")),
        ("sum(X*A.T)", ("`X*A.T` multiplies entry by entry", "write X @ A.T for the matrix product")),
        ("sum(c.T*c)", ("`c.T*c` multiplies entry by entry", "write c.T @ c for the matrix product")),
        ("sum((A - X)*A.T)", ("`(A - X)*A.T` multiplies entry by entry", "write (A - X) @ A.T for the matrix product")),
        ("sum((A - X)^2)", ("`(A - X)^2` raises every entry of `A - X` to that power", "write (A - X) @ (A - X), or matrix_power(A - X, k), for the matrix power")),
        ("sum(X^2)", ("`X^2` raises every entry of X to that power", "write X @ X, or matrix_power(X, k), for the matrix power")),
        ("sum(X^-1)", ("`X^-1` raises every entry of X to that power", "write inv(X) for the inverse")),
        ("x @ x.T", ("`x @ x.T` is a scalar, because .T does nothing to a vector with one axis", "write outer(x, x) for the matrix")),
        ("tr(2*I @ A)", ("`I` is a matrix like any other here", "write eye(n) for the identity")),
    ],
)  # fmt: skip
def test_it_is_said(expression: str, said: tuple[str, str]) -> None:
    graph = gradcalc.build({"expression": expression, "variables": used(expression)})
    assert [(problem.message, problem.hint) for problem in graph.warnings] == [said]


@pytest.mark.parametrize(
    "expression",
    ["sum(r.T*c)", "sum(B*(2*B.T).T)", "A.T @ X", "sum(exp(A.T)*X)", "sum(2*A.T)", "sum(A*X)"],
)
def test_what_can_only_be_meant_as_it_is_read_draws_no_warning(expression: str) -> None:
    assert gradcalc.build({"expression": expression, "variables": used(expression)}).warnings == ()
