"""How far an index runs that a sum binds."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.language.parser import Expr, Name, Num, parse
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.index_ranges import index_ranges
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor

LENGTHS = {"A": (6, 6), "x": (5,), "y": (3,)}
SIZES = {"p": 2, "n": 3, "o": 1}


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
        ("where(k == a*n + b, 1, 0)", "ab", {"k": 12}, {"a": 4, "b": 3}),
        ("where(k == a*6 + b*2 + c, 1, 0)", "abc", {"k": 12}, {"a": 2, "b": 3, "c": 2}),
        ("where(k == q*n + b, 1, 0)", "b", {"k": 12, "q": 4}, {"b": 3}),
        ("where(k == a*o + b, 1, 0)", "ab", {"k": 12}, {"a": 12, "b": 1}),  # rows of one
        ("where(q*n + r == a*n + b, 1, 0)", "ab", {"q": 4, "r": 3}, {"a": 4, "b": 3}),
        ("where(k == a + b, 1, 0)", "ab", {"k": 5}, {}),  # neither is told
        ("where(k == q + b, 1, 0)", "b", {"k": 5, "q": 2}, {}),
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


@pytest.mark.parametrize("sizes", [{}, {"n": 2, "m": 3}, {"n": 1, "m": 3}, {"n": 2, "m": 1}])
@pytest.mark.parametrize("form", ["matrix", "index"])
@pytest.mark.parametrize(
    ("line", "questions"),
    [
        ("vec(w + outer(w, z))", ["dy/dw", "dL/dw", "dL/dz"]),
        ("vec(c*ones(n, m) + A)", ["dy/dc", "dL/dc", "dy/dA"]),
        ("vec(v + A) - t", ["dy/dv", "dL/dv", "d2L/dv2"]),
        ("kron(w, ones(m)) + t", ["dy/dw", "dL/dw", "d2L/dw2"]),
        ("kron(ones(m), w) + t", ["dy/dw", "dL/dw", "d2L/dw2"]),
    ],
)
def test_an_index_that_an_equation_alone_tells_runs_as_far_as_its_row(
    line: str, questions: list[str], form: str, sizes: dict[str, int]
) -> None:
    """It ran too far, and what is right failed its check."""
    shapes = {"w": ["n"], "z": ["m"], "c": [], "A": ["n", "m"], "v": ["m"], "t": ["n*m"]}
    used = {name: shape for name, shape in shapes.items() if name in set(re.findall(r"\w+", line))}
    square = line.startswith("vec(w")
    if square:
        used["z"] = ["n"]
        sizes = {name: n for name, n in sizes.items() if name == "n"}
    data = {
        "expression": [f"y = {line}", "L = sum(y^3)"],
        "variables": used,
        "questions": questions,
        "notation": {"form": form},
        "sizes": sizes,
        "seed": 1,
    }
    for answer in solve(exercise_from(data)).answers:
        assert answer.verified is not None
        assert answer.verified.ok, (answer.question.text, answer.symbolic, answer.verified)
