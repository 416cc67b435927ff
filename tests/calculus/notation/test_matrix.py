"""Matrices as expressions: what is written has the value, however it is turned and taken apart."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from gradcalc.calculus.notation.matrix import (
    added,
    diagonal,
    elementary,
    eye,
    hadamard,
    is_eye,
    is_ones,
    multiplied,
    ones,
    product,
    spread,
    transpose,
)
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.selectors import selector
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, parse
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.tree import Sized
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor

N, K = Size.of("n"), Size.of("k")
VALUES = {
    "A": np.array([[1.0, 2, 4], [5, 7, 11], [13, 17, 23]]),
    "B": np.array([[2.0, 3], [5, 8], [9, 1]]),
    "C": np.array([[1.0, 6], [4, 2], [7, 3]]),
    "D": np.array([[5.0, 4], [8, 2]]),
    "v": np.array([2.0, 3, 5]),
    "w": np.array([[4.0], [1], [6]]),
}
A = Sized(Name("A"), N, N)
B, C, D = Sized(Name("B"), N, K), Sized(Name("C"), N, K), Sized(Name("D"), N - ONE, K)
V, W = Sized(Name("v"), N, ONE, 1), Sized(Name("w"), N, ONE)
TWO = Num(Fraction(2))
KINDS = {
    "product": (product(A, B), "A @ B"),
    "product with a diagonal": (product(A, diagonal(V), B), "A @ diag(v) @ B"),
    "outer product": (product(V, transpose(V)), "outer(v, v)"),
    "entrywise product": (hadamard(B, C), "B*C"),
    "spread beside a matrix": (hadamard(spread(W, N, K), B), "w*B"),
    "a 1-D array spread": (hadamard(spread(V, N, K), B), "diag(v) @ B"),
    "sum": (added([(None, B), (Neg(TWO), C)], N, K), "B - 2*C"),
    "multiple": (multiplied(TWO, B), "2*B"),
    "diagonal": (diagonal(V), "diag(v)"),
    "entry by entry": (Sized(Binary("-", Call("exp", (B,)), C), N, K), "exp(B) - C"),
    "entry by entry with a row": (Sized(Binary("*", A, transpose(V)), N, N), "A*v"),
    "rows put among zeros": (product(selector(N, N - ONE, ONE), D), "concat(zeros(1, k), D)"),
    "rows of a product": (product(transpose(selector(N, N - ONE, ONE)), A, B), "(A @ B)[1:]"),
    "columns": (product(A, selector(N, N - ONE, ONE)), "A[:, 1:]"),
}


def value(expr: Expr) -> Any:
    found = {name: Tensor(array) for name, array in VALUES.items()}
    return evaluate(expr, Env(floats(), found, {"n": 3, "k": 2})).data


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_has_the_value_also_turned(kind: str) -> None:
    matrix, text = KINDS[kind]
    assert np.allclose(value(write(matrix)[0]), value(parse(text)))
    assert np.allclose(value(write(transpose(matrix))[0]), value(parse(text)).T)


@pytest.mark.parametrize("kind", KINDS)
def test_turned_twice_is_the_same(kind: str) -> None:
    matrix, _ = KINDS[kind]
    turned = transpose(matrix)
    assert (turned.rows, turned.cols) == (matrix.cols, matrix.rows)
    assert transpose(turned) == matrix


def test_an_inverse_meets_what_it_inverts() -> None:
    inverse = Sized(Call("inv", (Name("A"),)), N, N)
    assert product(inverse, A, B) == B
    assert is_eye(product(A, inverse))


def test_identities_and_ones_vanish() -> None:
    assert product(eye(N, N), A) == A
    assert hadamard(V, ones(N)) == V
    assert product(diagonal(V), ones(N)) == V
    assert is_ones(transpose(ones(N)))


def test_an_entrywise_product_comes_apart() -> None:
    quotient = Sized(Binary("/", B, C), N, K)
    first, second = elementary(hadamard(C, quotient))[:2]
    assert (first, second) == (C, B)
    assert write(elementary(quotient)[1])[0] == parse("1/C")
