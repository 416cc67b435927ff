"""Expressions mean what NumPy means, as floats and as enclosures."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from gradcalc.language.parser import Num, parse
from gradcalc.numeric.evaluate import entries, evaluate
from gradcalc.numeric.precision import Numbers, balls, climb, floats
from gradcalc.numeric.scalar_functions import Undefined, Unknown
from gradcalc.numeric.tensor import Env, Tensor

GENERATOR = np.random.default_rng(7)


A, M, X = GENERATOR.normal(size=(3, 4)), GENERATOR.normal(size=(3, 3)), GENERATOR.normal(size=4)


T, P, Y = GENERATOR.normal(size=(2, 3, 4)), GENERATOR.random((5, 3)), np.array([0, 2, 1, 1, 0])


C, H = A[:, :1], np.exp(A)


def environment(numbers: Numbers) -> Env:
    """A 3×4, M 3×3, x 4, T 2×3×4, c 3×1, per example i of 5: y (integers), p 3; z 3 (integers)."""
    array = numbers.arrays.array
    values = {
        "A": Tensor(array(A)), "M": Tensor(array(M)), "x": Tensor(array(X)), "T": Tensor(array(T)), "c": Tensor(array(C)),
        "y": Tensor(array(Y), ("i",)), "p": Tensor(array(P), ("i",)), "z": Tensor(array([0, 1, 1])),
    }  # fmt: skip
    return Env(numbers, values, {"n": 3, "m": 5}, {"i": 5, "j": 4, "k": 3}, examples=("i",))


def softmax(a: Any, axis: int) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=axis, keepdims=True)


CASES: list[tuple[str, Any, tuple[str, ...]]] = [
    ("A @ x", A @ X, ()), ("x @ A.T", X @ A.T, ()), ("x @ x", X @ X, ()), ("T @ x", T @ X, ()), ("A.T @ M", A.T @ M, ()),
    ("2x^2 - x/3", 2 * X**2 - X / 3, ()), ("A + x", A + X, ()), ("A * c", A * C, ()), ("-x^2", -(X**2), ()),
    ("sum(A)", A.sum(), ()), ("sum(A, axis=0)", A.sum(0), ()), ("mean(A, axis=-1, keepdims=True)", A.mean(1, keepdims=True), ()),
    ("var(A, axis=(0, 1), ddof=1)", A.var(ddof=1), ()), ("prod(x)", X.prod(), ()), ("max(A, axis=0)", A.max(0), ()),
    ("min(x)", X.min(), ()), ("max(x, 0, x/2)", np.maximum(np.maximum(X, 0), X / 2), ()), ("norm(A)", np.linalg.norm(A), ()),
    ("norm(x, ord=1)", abs(X).sum(), ()), ("norm(x, ord=3)", (abs(X) ** 3).sum() ** (1 / 3), ()),
    ("norm(x, ord=inf)", abs(X).max(), ()), ("softmax(A)", softmax(A, 1), ()), ("softmax(c)", softmax(C, 0), ()),
    ("log_softmax(A, axis=0)", np.log(softmax(A, 0)), ()), ("logsumexp(A, axis=1)", np.log(H.sum(1)), ()),
    ("logsumexp(c)", np.log(np.exp(C).sum()), ()), ("tr(M)", np.trace(M), ()), ("det(M)", np.linalg.det(M), ()),
    ("inv(M)", np.linalg.inv(M), ()), ("logdet(M @ M.T)", np.log(np.linalg.det(M @ M.T)), ()),
    ("matrix_power(M, 3)", M @ M @ M, ()), ("kron(M, A)", np.kron(M, A), ()), ("vec(A)", A.T.ravel(), ()),
    ("diag(x)", np.diag(X), ()), ("diag(M)", np.diag(M), ()), ("diag(c)", np.diag(C[:, 0]), ()),
    ("concat(x, 1, x)", np.concatenate([X, [1], X]), ()), ("concat(A, M, axis=1)", np.concatenate([A, M], 1), ()),
    ("stack(x, 2*x)", np.stack([X, 2 * X]), ()), ("[x[0], 1, x[-1]]", [X[0], 1, X[-1]], ()), ("outer(x, c)", np.outer(X, C), ()),
    ("dot(x, x)", X @ X, ()), ("eye(n) + ones(n, n) - zeros(n)", np.eye(3) + 1, ()), ("x[1:] - x[:-1]", np.diff(X), ()),
    ("x[n]", X[3], ()), ("A[z]", A[[0, 1, 1]], ()), ("A[:, z]", A[:, [0, 1, 1]], ()), ("T[1, z, 1:]", T[1][[0, 1, 1]][:, 1:], ()),
    ("A[y, :]", A[Y], ("i",)), ("A[:, y]", A[:, Y].T, ("i",)), ("p[y]", P[range(5), Y], ("i",)), ("p[k]", P, ("i", "k")),
    ("A[k, y]", A[:, Y].T, ("i", "k")), ("T[:, k, y]", T[:, :, Y].transpose(2, 1, 0), ("i", "k")),
    ("sum(x[j]*A[k, j], j)", A @ X, ("k",)), ("sum(x[j], k)", 3 * X, ("j",)), ("sum(j*x[j], j, j != 2)", X[1] + 3 * X[3], ()),
    ("max(A[k, 0], k)", A[:, 0].max(), ()), ("mean(p, i)", P.mean(0), ()), ("sum(p[k]*log(p[k]), k)", (P * np.log(P)).sum(1), ("i",)),
    ("sum(log(x[j]), j, x[j] > 0)", np.log(X[X > 0]).sum(), ()), ("sum(A[k, j]*A[k, j], j, k)", (A**2).sum(), ()),
    ("logsumexp(x[j], j)", np.log(np.exp(X).sum()), ()),
    ("where(x > 0, log(x), 0)", np.where(X > 0, np.log(abs(X)), 0), ()), ("where(j == y, 1, 0)", np.eye(4)[Y], ("i", "j")),
    ("stop_gradient(x) + pi - e", X + np.pi - np.e, ()), ("leaky_relu(x) + elu(x)", np.where(X > 0, 2 * X, 0.01 * X + np.expm1(X)), ()),
]  # fmt: skip


@pytest.mark.parametrize("numbers", [floats(), balls(120)], ids=["floats", "balls"])
@pytest.mark.parametrize(("text", "want", "over"), CASES, ids=[case[0] for case in CASES])
def test_expressions_mean_what_numpy_means(
    text: str, want: Any, over: tuple[str, ...], numbers: Numbers
) -> None:
    """Values with their named axes, in both precisions, without a warning."""
    with numbers.working():
        found = evaluate(parse(text), environment(numbers))
    assert found.over == over
    assert np.shape(found.data) == np.shape(want)
    assert np.allclose(np.asarray(found.data, dtype=float), want, rtol=1e-12, atol=1e-13)


def test_entry_formulas_become_arrays() -> None:
    """Free indices are the axes, in the order given, and shadow indices of the exercise."""
    found = entries(
        parse("where(j == b, x[d], 0)"), {"j": 3, "b": 3, "d": 4}, environment(floats())
    )
    assert np.array_equal(found.data, np.einsum("ab,d->abd", np.eye(3), X))


def test_an_index_bound_in_a_formula_needs_no_declaration() -> None:
    found = evaluate(parse("sum(A[k, q]*x[q], q)"), environment(floats()))
    assert found.over == ("k",)
    assert np.allclose(found.data, A @ X)


def test_a_long_sum_is_walked_not_recursed_into() -> None:
    tree = parse("1")
    for _ in range(20_000):
        from gradcalc.language.parser import Binary

        tree = Binary("+", tree, Num(Fraction(1)))
    assert evaluate(tree, Env(floats(), {})).data == 20_001


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log(-2)", "log of -2 is undefined (in `log(-2)`)"),
        ("1/0", "1 / 0 is undefined (in `1/0`)"),
        ("0^-1", "0^(-1) is undefined (in `0^(-1)`)"),
        ("(-8)^(1/3)", "(-8)^(0.333333) is undefined among the real numbers (in `(-8)^(1/3)`)"),
        ("tan(pi/2)", "tan of 1.5708 is undefined to working precision (in `tan(pi/2)`)"),
        ("exp(1000)^2000", ""),
        ("acos(2)", "acos of 2 is undefined (in `acos(2)`)"),
        ("asin(-1.5)", "asin of -1.5 is undefined (in `asin(-1.5)`)"),
        ("0*log(0)", "log of 0 is undefined (in `log(0)`)"),
        ("sqrt(sin(4))", "sqrt of -0.756802 is undefined (in `sqrt(sin(4))`)"),
        ("log(x - x)", "log of 0 is undefined (in `log(x - x)`)"),
        ("inv(ones(n, n))", "the inverse of a singular matrix is undefined (in `inv(ones(n, n))`)"),
        ("c/zeros(n, 1)", f"{C[0, 0]:.6g} / 0 is undefined (in `c/zeros(n, 1)`)"),
        ("p[y + 2]", "index 4 is out of range for 3 entries (in `p[y + 2]`)"),
        ("p[y/2]", "an index is not an integer (in `p[y/2]`)"),
        (
            "logdet(-M @ M.T)",
            "logdet of a matrix whose determinant is not positive is undefined (in `logdet(-M @ M.T)`)",
        ),
    ],
)
@pytest.mark.parametrize("exact", [False, True], ids=["floats", "balls"])
def test_undefined_numbers_are_refused_by_name(text: str, message: str, exact: bool) -> None:
    """The step and the value are named, in scalars and arrays alike."""
    if text.startswith("exp(1000)"):
        message = f"exp of {'1e+31' if exact else '1000'} overflows (in `exp({'10^31' if exact else '1000'})`)"
        text = text.replace("1000", "10^31") if exact else text

    def found() -> Tensor:
        if exact:
            return climb(lambda bits: evaluate(parse(text), environment(balls(bits))))
        return evaluate(parse(text), environment(floats()))

    with pytest.raises(Undefined) as caught:
        found()
    assert caught.value.message == message


def test_conditions_on_numbers_bound_no_index() -> None:
    """A comparison inside min or sum may be between numbers that no integer is: enclosures, huge
    ones, undefined ones.
    """
    for numbers in (floats(), balls(120)):
        one, third = (numbers.scalar.constant(Fraction(n)) for n in ("1", "1/3"))
        env = Env(numbers, {"a": Tensor(one * 10**300), "b": Tensor(third), "c": Tensor(one)})
        found = evaluate(parse("min(where(a == b, a, b), 2)*where(c > sqrt(b), c, log(-c))"), env)
        assert float(found.data) == pytest.approx(1 / 3)


def test_names_without_value_are_unknown() -> None:
    with pytest.raises(Unknown, match="w has no value"):
        evaluate(parse("w + 1"), environment(floats()))
