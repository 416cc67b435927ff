"""How far an index runs that a sum binds."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import Expr, Name, Num, parse
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.index_ranges import index_ranges
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor

LENGTHS = {"A": (6, 6), "x": (5,), "y": (3,)}
SIZES = {"p": 2, "n": 3}


def axis(base: Expr, place: int) -> int | None:
    return LENGTHS[base.id][place] if isinstance(base, Name) else None


def whole(expr: Expr) -> int | None:
    if isinstance(expr, Num):
        return int(expr.value)
    return SIZES.get(expr.id) if isinstance(expr, Name) else None


@pytest.mark.parametrize(
    ("text", "names", "known", "found"),
    [
        ("x[a]", "a", {}, {"a": 5}),
        ("x[a]*y[a]", "a", {}, {"a": 3}),
        ("x[a + 1]", "a", {}, {"a": 4}),
        ("x[2*a]", "a", {}, {"a": 3}),
        ("A[c*p + q, c*p + r]", "c", {"q": 2, "r": 2}, {"c": 3}),
        ("A[a*p + c, 0]", "ca", {}, {"a": 3, "c": 2}),
        ("where(k == a + 1, 1, 0)", "a", {"k": 5}, {"a": 4}),
        ("x[y[a]]", "a", {}, {"a": 3}),
        ("where(a < 2, 1, 0)", "a", {}, {}),
    ],
)
def test_places_tell_the_range(
    text: str, names: str, known: dict[str, int], found: dict[str, int]
) -> None:
    assert index_ranges(list(names), parse(text), known, axis, whole) == found


def summed(text: str) -> float:
    data = {"D": Tensor(np.ones((4, 3))), "V": Tensor(np.ones(16))}
    return float(evaluate(parse(text), Env(floats(), data, sizes={"k": 4})).data)


@pytest.mark.parametrize(
    "equations",
    [
        "where(b == a*k + d, 1, 0) + where(b == d*k + a, 1, 0)",
        "where(b == d*k + a, 1, 0) + where(b == a*k + d, 1, 0)",
    ],
)
def test_of_several_equations_the_shortest_tells(equations: str) -> None:
    """d runs over 4 in both, though the one alone would let it run over 16."""
    assert summed(f"sum(D[a, 0]*V[b]*({equations}), a, b, d)") == 32


def test_a_matrix_and_its_transpose_in_one_vec_are_right() -> None:
    text = """
expression: q = norm(vec(w + outer(w, w)) - vec(D @ c + (D @ c).T))
variables: {w: {shape: [k]}, D: {shape: [k, n]}, c: {shape: [n, 1]}}
sizes: {n: 2, k: 3}
values:
  w: [-1.25, 0.5, 0.75]
  D: [[0.5, -1], [0.25, 2], [1, -0.5]]
  c: [[0.5], [-0.25]]
questions: [dq/dc]
"""
    (answer,) = solve(parse_exercise(text, "test.yaml")).answers
    assert answer.verified is not None
    assert answer.verified.ok
