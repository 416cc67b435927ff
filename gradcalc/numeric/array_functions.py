"""The same functions on arrays, of float64; `ball_arrays` has them of enclosures.

Float functions answer nan or inf outside their domain (the evaluator finds the entry and names it).
Axes are counted from the end: what stands before them are examples, indices and perturbations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradcalc.numeric.scalar_functions import Undefined, pole, polygamma

Axes = tuple[int, ...]


class Arrays:
    """What both kinds share. `axis` is a tuple of negative numbers."""

    dtype: Any = float

    def __init__(self, scalar: Any) -> None:
        self.scalar = scalar
        self.pi, self.e = scalar.pi, scalar.e
        self.tolerant: list[Undefined] | None = None

    def array(self, value: Any) -> Any:
        """Numbers, nested lists or an array as an array of this kind."""
        return np.asarray(value, dtype=self.dtype)

    def where(self, c: Any, x: Any, y: Any) -> Any:
        """`x` where the condition holds, else `y`; the condition may be nested lists of truth
        values.
        """
        return self.array(np.where(c, x, y))

    def sum(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The sum over the axes."""
        return np.sum(a, axis=axis, keepdims=keepdims)

    def prod(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The product over the axes."""
        return np.prod(a, axis=axis, keepdims=keepdims)

    def max(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The largest entry over the axes."""
        if any(np.shape(a)[k] == 0 for k in axis):
            raise Undefined("max of nothing is undefined")
        return np.max(a, axis=axis, keepdims=keepdims)

    def min(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The smallest entry over the axes."""
        return -self.max(-a, axis, keepdims)

    def mean(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The mean over the axes."""
        return self.sum(a, axis, keepdims) / self._count(a, axis)

    def var(self, a: Any, axis: Axes, keepdims: bool = False, ddof: int = 0) -> Any:
        """The variance over the axes: squares divided by the count less `ddof`."""
        count = self._count(a, axis) - ddof
        if count <= 0:
            raise Undefined(f"the variance of {count + ddof} numbers with ddof={ddof} is undefined")
        centred = a - self.mean(a, axis, True)
        return self.sum(centred * centred, axis, keepdims) / count

    def norm(self, a: Any, axis: Axes, keepdims: bool = False, ord: Any = 2) -> Any:
        """The norm over the axes: `ord` 1, 2, infinity, or any positive number."""
        if ord == 1:
            return self.sum(self.abs(a), axis, keepdims)
        if ord == math.inf:
            return self.max(self.abs(a), axis, keepdims)
        if ord == 2:
            return self.sqrt(self.sum(a * a, axis, keepdims))
        return self.power(
            self.sum(self.power(self.abs(a), ord), axis, keepdims), 1 / self.scalar.number(ord)
        )

    def _count(self, a: Any, axis: Axes) -> int:
        return math.prod(np.shape(a)[k] for k in axis)

    def _largest(self, flat: Any) -> Any:
        return np.argmax(flat, axis=-1)

    def _top(self, a: Any, axis: Axes) -> tuple[Any, Any, Any]:
        """(`axis` as one last axis, where the largest entry is, that entry)."""
        last = tuple(range(-len(axis), 0))
        moved = np.moveaxis(a, axis, last)
        flat = moved.reshape(*moved.shape[: moved.ndim - len(axis)], -1)
        place = np.expand_dims(self._largest(flat), -1)
        return flat, place, np.take_along_axis(flat, place, -1)

    def _rest(self, a: Any, axis: Axes) -> tuple[Any, Any]:
        """(largest entry, log of the sum of exp(entry - largest)), with kept axes: log1p of all
        but the largest.
        """
        flat, place, top = self._top(a, axis)
        others = self.exp(flat - top)
        np.put_along_axis(others, place, self.array(0), -1)
        log = self.log1p(np.sum(others, axis=-1, keepdims=True))
        kept = [1 if k - a.ndim in axis else n for k, n in enumerate(a.shape)]
        return top.reshape(kept), self.array(log).reshape(kept)

    def logsumexp(self, a: Any, axis: Axes, keepdims: bool = False) -> Any:
        """The logarithm of the sum of exponentials over the axes, without overflow."""
        top, log = self._rest(a, axis)
        total = top + log
        return total if keepdims else np.squeeze(total, axis=axis)

    def log_softmax(self, a: Any, axis: int) -> Any:
        """The logarithm of softmax along one axis, without overflow."""
        top, log = self._rest(a, (axis,))
        return (a - top) - log

    def softmax(self, a: Any, axis: int) -> Any:
        """Exponentials along one axis, divided by their sum."""
        _, _, top = self._top(a, (axis,))
        powers = self.exp(a - np.moveaxis(top, -1, axis))
        return powers / self.sum(powers, (axis,), True)

    def cumsum(self, a: Any, axis: int) -> Any:
        """The running sums along one axis."""
        return np.cumsum(a, axis=axis)

    def triangle(self, a: Any, k: int, upper: bool) -> Any:
        """The last two axes with 0 below the k-th diagonal, or above it."""
        rows, columns = np.ogrid[: a.shape[-2], : a.shape[-1]]
        return self.where(columns - rows >= k if upper else columns - rows <= k, a, 0)

    def correlate(self, x: Any, k: Any, rank: int) -> Any:
        """Σ of the kernel's entries times the array shifted to them, on the last `rank` axes."""
        sizes = [n - m + 1 for n, m in zip(x.shape[-rank:], k.shape[-rank:], strict=True)]
        total = 0
        for place in np.ndindex(*k.shape[-rank:]):
            shifted = tuple(slice(a, a + size) for a, size in zip(place, sizes, strict=True))
            total = total + k[(..., *place, *(None,) * rank)] * x[(..., *shifted)]
        return total

    def matmul(self, a: Any, b: Any) -> Any:
        """The matrix product of the last two axes."""
        return np.matmul(a, b)

    def transpose(self, a: Any) -> Any:
        """The last two axes swapped."""
        return np.swapaxes(a, -1, -2)

    def outer(self, a: Any, b: Any) -> Any:
        """Entry (j, k) is a_j b_k, of vectors on the last axes."""
        return a[..., :, None] * b[..., None, :]

    def kron(self, a: Any, b: Any) -> Any:
        """The Kronecker product of matrices on the last two axes."""
        product = a[..., :, None, :, None] * b[..., None, :, None, :]
        return product.reshape(
            *product.shape[:-4], a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1]
        )

    def trace(self, a: Any) -> Any:
        """The sum of the diagonal of the last two axes."""
        return np.trace(a, axis1=-2, axis2=-1)

    def diagonal(self, a: Any) -> Any:
        """The diagonal of the last two axes, on one axis."""
        return np.diagonal(a, axis1=-2, axis2=-1)

    def diag(self, a: Any) -> Any:
        """A matrix with the last axis on its diagonal."""
        return a[..., :, None] * self.array(np.eye(a.shape[-1]))

    def vec(self, a: Any) -> Any:
        """The columns of the last two axes under one another, on one axis."""
        return np.swapaxes(a, -1, -2).reshape(*a.shape[:-2], -1)

    def matrix_power(self, a: Any, k: int) -> Any:
        """The k-th power of a matrix; the inverse is taken for k < 0."""
        if k < 0:
            return self.matrix_power(self.inv(a), -k)
        result = self.array(np.broadcast_to(np.eye(a.shape[-1]), a.shape))
        for _ in range(k):
            result = np.matmul(result, a)
        return result

    def eye(self, n: int) -> Any:
        """The identity matrix of n rows."""
        return self.array(np.eye(n))

    def full(self, shape: tuple[int, ...], value: int) -> Any:
        """An array of one number."""
        return self.array(np.full(shape, value))

    # What the two kinds do each in their own way.
    abs: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    power: Callable[[Any, Any], Any]
    inv: Callable[[Any], Any]
    lost: Callable[[Any], Any]
    settled: Callable[[Any], Any]


class FloatArrays(Arrays):
    """float64. Nothing warns: the evaluator runs these with NumPy's error state silenced."""

    abs, sign, sqrt, exp, expm1 = np.abs, np.sign, np.sqrt, np.exp, np.expm1
    log, log1p, power, divide = np.log, np.log1p, np.power, np.divide
    sin, cos, sinh, cosh, tanh = np.sin, np.cos, np.sinh, np.cosh, np.tanh
    arcsin, arccos, arctan, maximum, minimum = (
        np.arcsin,
        np.arccos,
        np.arctan,
        np.maximum,
        np.minimum,
    )
    arcsinh, arccosh, arctanh = np.arcsinh, np.arccosh, np.arctanh

    less, less_equal, equal, unequal = np.less, np.less_equal, np.equal, np.not_equal

    def lost(self, data: Any) -> Any:
        """Which entries are no numbers, for they are undefined in a branch that may not be
        taken.
        """
        return np.isnan(data)

    def ratio(self, x: Any, y: Any) -> Any:
        """x / y, and 0 where both are 0: by a norm, whose derivative at 0 is 0 by convention."""
        return np.divide(x, np.where((x == 0) & (y == 0), 1.0, y))

    def step(self, x: Any) -> Any:
        return np.where(x > 0, 1.0, 0.0)

    def by_sign(self, x: Any, positive: Any, negative: Any) -> Any:
        """`positive` where x > 0, else `negative`; both are equal at 0."""
        return np.where(x > 0, positive, negative)

    def clip(self, x: Any, low: Any, high: Any) -> Any:
        return np.where(low > high, np.nan, np.minimum(np.maximum(x, low), high))

    def tan(self, x: Any) -> Any:
        near = np.abs(np.cos(x)) < 4e-15 * np.maximum(1.0, np.abs(x))
        return np.where(near, np.nan, np.tan(x))

    def erf(self, x: Any) -> Any:
        return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=float)

    def arctan2(self, y: Any, x: Any) -> Any:
        return np.where((x == 0) & (y == 0), np.nan, np.arctan2(y, x))

    def lgamma(self, x: Any) -> Any:
        return self._without_poles(math.lgamma, x)

    def polygamma(self, k: Any, x: Any) -> Any:
        """The k-th derivative of digamma, which is that of lgamma."""
        return self._without_poles(partial(polygamma, int(k)), x)

    def _without_poles(self, function: Callable[[float], float], x: Any) -> Any:
        """A function entry by entry, and nan where the gamma function has its poles."""
        found = np.frompyfunc(lambda x: math.nan if pole(x) else function(float(x)), 1, 1)(x)
        return np.asarray(found, dtype=float)

    def sigmoid(self, x: Any) -> Any:
        tail = np.exp(-np.abs(x))
        return np.where(x >= 0, 1.0, tail) / (1.0 + tail)

    def softplus(self, x: Any) -> Any:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    def det(self, a: Any) -> Any:
        """The determinant of the last two axes."""
        return np.linalg.det(a)

    def logdet(self, a: Any) -> Any:
        """The logarithm of a determinant; raises Undefined unless it is positive."""
        sign, log = np.linalg.slogdet(a)
        if not np.all(sign > 0):
            raise Undefined("logdet of a matrix whose determinant is not positive is undefined")
        if not np.all(np.linalg.cond(a) < 1e15):
            raise Undefined("logdet of a matrix that is singular to working precision is undefined")
        return log

    def inv(self, a: Any) -> Any:
        """The inverse of the last two axes; raises Undefined for a singular matrix."""
        try:
            inverse = np.linalg.inv(a)
        except np.linalg.LinAlgError:
            raise Undefined("the inverse of a singular matrix is undefined") from None
        size = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
        if not np.all(size < 1e15):
            raise Undefined(
                "the inverse of a matrix that is singular to working precision is undefined"
            )
        return inverse
