"""How far an index runs that equations alone tell about."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import parse
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor


def value(text: str) -> float:
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
    assert value(f"sum(D[a, 0]*V[b]*({equations}), a, b, d)") == 32


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
