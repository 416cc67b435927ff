"""NumPy code."""

from __future__ import annotations

from gradcalc.codegen.spelling import Spelling

ARRAY = '''
def _array(inputs, name, axes=None, dtype=FLOAT, default=None):
    """An argument as an array with that many axes."""
    value = inputs.get(name, default)
    if type(value) is np.ndarray and value.dtype is dtype and value.ndim == axes:
        return value
    if value is None:
        raise TypeError(f"missing argument {name}")
    value = np.asarray(value, dtype)
    if value.ndim != axes and axes is not None:
        raise ValueError(f"{name} has {value.ndim} axes, not {axes}")
    return value[()]  # without axes: a number, which computes faster than an array
'''

DTYPE = '''
def _dtype(inputs):
    """The type to compute in: float32 where all arrays of floating-point numbers are float32."""
    found = {getattr(value, "dtype", None) for value in inputs.values()}
    found = {dtype for dtype in found if dtype is not None and dtype.kind == "f"}
    return found.pop() if len(found) == 1 else np.result_type(*found) if found else FLOAT
'''

FULL = '''
def _full(shape, value, dtype):
    """An array of one number; np.full takes three times as long for a small one."""
    found = np.empty(shape, dtype)
    found[...] = value
    return found
'''

SPELLING = Spelling(
    title="NumPy",
    imports=("import numpy as np",),
    xp="np",
    words={
        "array": "np.asarray({0}, dtype)",
        "full": "_full({0}, {1}, dtype)",
        "transpose": "np.transpose({0}, {order})",
        "eye": "np.eye({0}, dtype=dtype)",
        "arange": "np.arange({0})",
        "zeros_like": "np.zeros_like({0})",
        "concatenate": "np.concatenate",
        "amax": "np.max",
        "amin": "np.min",
        "relu": "np.maximum({0}, 0.0)",
        "zero": "0.0",
        "stop_gradient": "",
        "sigmoid": "sigmoid",
        "erf": "erf",
        "lgamma": "lgamma",
        "digamma": "digamma",
        "polygamma": "polygamma",
        "softmax": "softmax",
        "log_softmax": "log_softmax",
        "logsumexp": "logsumexp",
        "pi": "np.pi",
        "e": "np.e",
        "FLOAT": "FLOAT = np.float64",
        "typed": "{0}.astype(dtype)",
        "number": "float({0})",  # np.float64 would turn float32 into double precision
        "setup": "",
    },
    helpers={
        "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x)) without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1 + e)
''',
        "erf": '''
def erf(x):
    """The error function, in the type of x."""
    x = np.asarray(x) * 1.0
    return np.vectorize(math.erf, otypes=[x.dtype])(x)
''',
        "lgamma": '''
def lgamma(x):
    """log |Gamma(x)|, in the type of x."""
    x = np.asarray(x) * 1.0
    return np.vectorize(math.lgamma, otypes=[x.dtype])(x)
''',
        "digamma": '''
def digamma(x):
    """The derivative of lgamma, by recurrence and the asymptotic series."""
    x = np.asarray(x) * 1.0

    def one(x):
        total = 0.0
        while x < 15:
            total, x = total - 1 / x, x + 1
        series = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)
        return total + math.log(x) - 0.5 / x - sum(b / x ** (2 * j) for j, b in enumerate(series, 1))

    return np.vectorize(one, otypes=[x.dtype])(x)
''',
        "polygamma": '''
def polygamma(k, x):
    """The derivative of digamma of order k, from 1 on, by recurrence and the asymptotic series."""
    f, numbers = math.factorial, (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
    x = np.asarray(x) * 1.0

    def one(x):
        total = 0.0
        while x < 20:
            total, x = total + f(k) / x ** (k + 1), x + 1
        series = sum(b * f(2 * j + k - 1) / f(2 * j) / x ** (2 * j + k) for j, b in enumerate(numbers, 1))
        return (-1) ** (k + 1) * (total + f(k - 1) / x**k + f(k) / (2 * x ** (k + 1)) + series)

    return np.vectorize(one, otypes=[x.dtype])(x)
''',
        "softmax": '''
def softmax(x, axis):
    """exp(x) / sum(exp(x)) without overflow."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
''',
        "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) without overflow."""
    largest = x.max(axis=axis, keepdims=True)
    total = largest + np.log(np.exp(x - largest).sum(axis=axis, keepdims=True))
    return total if keepdims else np.squeeze(total, axis=axis)
''',
        "log_softmax": '''
def log_softmax(x, axis):
    """log(softmax(x)) without underflow."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
''',
        "_array": ARRAY,
        "_dtype": DTYPE,
        "_full": FULL,
    },
    methods=frozenset(("sum", "max", "min", "mean", "prod")),
)
