"""Arrays of enclosures: NumPy arrays of objects, entry by entry by the functions of `Balls`.

Whole matrices go to FLINT where nothing in them moves: exact ones as fractions, others as matrices
of balls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from gradcalc.numeric.array_functions import Arrays, Axes
from gradcalc.numeric.balls import Jet, finite, lead, middle
from gradcalc.numeric.scalar_functions import Undefined, Unsure

ZERO: Any = fmpq(0)
ONE: Any = fmpq(1)
LARGE_PRODUCT = 1000  # multiplications from which a product of matrices is left to FLINT


def _lost(x: Any) -> bool:
    return not isinstance(x, bool) and not finite(x)


class BallArrays(Arrays):
    """Raises `Undefined` and `Unsure` as `Balls` do; where it is `tolerant` the entry becomes no
    number instead.
    """

    dtype = object

    def array(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == object:
            return value
        if hasattr(value, "dtype") or isinstance(value, list | tuple | range):
            value = np.asarray(value, dtype=object)
            return np.asarray(np.frompyfunc(self.scalar.number, 1, 1)(value), dtype=object)
        return self._single(self.scalar.number(value))

    def _single(self, value: Any) -> Any:
        out = np.empty((), dtype=object)
        out[()] = value
        return out

    def __getattr__(self, name: str) -> Any:
        """Elementwise functions: those of the scalars, over every entry."""
        return self._over_entries(getattr(self.scalar, name))

    def _over_entries(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def safely(*operands: Any) -> Any:
            try:
                return function(*operands)
            except Undefined as problem:
                if self.tolerant is None:
                    raise
                if not any(_lost(x) for x in operands):  # else it is noted where it arose
                    self.tolerant.append(problem)
                return self.scalar.nan

        return lambda *operands: np.frompyfunc(safely, len(operands), 1)(*operands)

    def where(self, c: Any, x: Any, y: Any) -> Any:
        def choose(c: Any, x: Any, y: Any) -> Any:
            return (
                c
                if c is not True and c is not False and not isinstance(c, np.bool_)
                else (self.scalar.where(c, x, y))
            )

        return np.frompyfunc(choose, 3, 1)(c, x, y)

    def settled(self, data: Any) -> Any:
        if self.tolerant:  # what is no number is one for a reason that was noted

            def settled(x: Any) -> Any:
                return self.scalar.settled(x) if isinstance(x, bool) or finite(x) else x

            return np.frompyfunc(settled, 1, 1)(data)
        return self._over_entries(self.scalar.settled)(data)

    def lost(self, data: Any) -> Any:
        """Which entries are no numbers, for they are undefined in a branch that may not be
        taken.
        """
        return np.frompyfunc(_lost, 1, 1)(data).astype(bool)

    # ---- reductions

    def sum(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        return np.sum(a, axis=axis, keepdims=keepdims, initial=ZERO)

    def prod(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        return np.prod(a, axis=axis, keepdims=keepdims, initial=ONE)

    def max(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        if any(np.shape(a)[k] == 0 for k in axis):
            raise Undefined("max of nothing is undefined")
        larger = np.frompyfunc(self.scalar.maximum, 2, 1)
        for k in sorted(axis):
            a = np.expand_dims(larger.reduce(a, axis=k), k if k >= 0 else np.ndim(a) + k)
        return a if keepdims else np.squeeze(a, axis=axis)

    def _largest(self, flat: Any) -> Any:
        return np.argmax(np.frompyfunc(middle, 1, 1)(flat).astype(float), axis=-1)

    # ---- matrices

    def matmul(self, a: Any, b: Any) -> Any:
        work = a.shape[-2] * a.shape[-1] * b.shape[-1]
        if work < LARGE_PRODUCT or a.ndim > 2 or b.ndim > 2 or _moves(a) or _moves(b):
            return np.matmul(a, b)
        return _rows(_balls(a) * _balls(b), (a.shape[0], b.shape[1]))

    def _matrices(self, a: Any, function: Callable[[Any], Any], shape: tuple[int, ...]) -> Any:
        out = np.empty((*a.shape[:-2], *shape), dtype=object)
        for place in np.ndindex(*a.shape[:-2]):
            out[place] = function(a[place])
        return out[()] if out.ndim == 0 else out

    def det(self, a: Any) -> Any:
        return self._matrices(a, self._determinant, ())

    def _determinant(self, a: Any) -> Any:
        if _moves(a):
            return _by_minors(a)
        return (_fractions(a) if _exact(a) else _balls(a)).det()

    def logdet(self, a: Any) -> Any:
        def log(a: Any) -> Any:
            determinant = self._determinant(a)
            if self.scalar.sign_of(determinant) in (0, -1):
                raise Undefined("logdet of a matrix whose determinant is not positive is undefined")
            return self.scalar.log(determinant)

        return self._matrices(a, log, ())

    def inv(self, a: Any) -> Any:
        return self._matrices(a, self._inverse, a.shape[-2:])

    def _inverse(self, a: Any) -> Any:
        if _moves(a):
            return self._eliminate(a)
        try:
            return _rows((_fractions(a) if _exact(a) else _balls(a)).inv(), a.shape)
        except ZeroDivisionError:
            kind = Undefined if _exact(a) else Unsure
            raise kind("the inverse of a singular matrix is undefined") from None

    def _eliminate(self, a: Any) -> Any:
        """The inverse by Gauss-Jordan, the pivot that is surely farthest from 0."""
        n = len(a)
        work = np.concatenate([a, self.eye(n)], axis=1)
        for k in range(n):
            best = max(range(k, n), key=lambda r: arb(lead(work[r, k])).abs_lower())
            if not arb(lead(work[best, k])).abs_lower() > 0:
                raise Unsure("the inverse of a singular matrix is undefined")
            work[[k, best]] = work[[best, k]]
            work[k] = work[k] / work[k, k]
            for r in range(n):
                if r != k:
                    work[r] = work[r] - work[r, k] * work[k]
        return work[:, n:]


def _moves(a: Any) -> bool:
    return any(type(x) is Jet for x in a.flat)


def _exact(a: Any) -> bool:
    return all(type(x) is fmpq for x in a.flat)


def _fractions(a: Any) -> Any:
    return fmpq_mat(a.tolist())


def _balls(a: Any) -> Any:
    return arb_mat([[arb(x) for x in row] for row in a.tolist()])


def _rows(matrix: Any, shape: tuple[int, ...]) -> Any:
    return np.array(matrix.tolist(), dtype=object).reshape(shape)


def _by_minors(a: Any) -> Any:
    """The determinant without a division, so of singular matrices too (Samuelson and Berkowitz)."""
    n = len(a)
    coefficients = np.array([fmpq(1)], dtype=object)
    for k in range(n):
        row, column, block = a[k, :k], a[:k, k], a[:k, :k]
        lower = [fmpq(1), -a[k, k]]
        for _ in range(k):
            lower.append(-_inner(row, column))
            column = block @ column
        toeplitz = np.empty((k + 2, k + 1), dtype=object)
        for i in range(k + 2):
            for j in range(k + 1):
                toeplitz[i, j] = lower[i - j] if i >= j else fmpq(0)
        coefficients = toeplitz @ coefficients
    return coefficients[-1] if n % 2 == 0 else -coefficients[-1]


def _inner(row: Any, column: Any) -> Any:
    return np.sum(row * column, initial=ZERO)
