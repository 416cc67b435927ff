"""Every operation of the table, in JavaScript against Python: the same numbers, and undefined alike."""

from __future__ import annotations

import math
import re
from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

from gradcalc.language.parser import parse
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.forward import rounded
from gradcalc.numeric.precision import balls, climb
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE
from gradcalc.render.page.language import Recorder, language, recorded
from helpers.page import agrees, run

POINTS = 20
WIDTH = 1e-12  # of an enclosure, beside the largest entry
SHAPES = {
    **dict.fromkeys(("x", "y", "a", "b"), ()),
    **dict.fromkeys(("u", "v"), (4,)),
    "w": (2,),
    "A": (3, 2),
    "B": (2, 3),
    "M": (3, 3),
    "N": (3, 3),
    "K": (2, 2),
    "T": (2, 2, 3),
    "c": (4, 1),
    "r": (1, 4),
}
REDUCTIONS = [name for name, op in TABLE.items() if op.signature == "reduction"]
FORMULAS = [
    *(op.example for op in TABLE.values() if op.example and op.name not in ("getitem", "apply")),
    *(f"{name}({given})" for name in REDUCTIONS for given in (
        "A", "A, axis=0", "A, axis=1, keepdims=True", "A, axis=-1", "T, axis=[0, 2]", "u", "x",
        "c", "r", "T", "T, keepdims=True",
    )),
    *(f"{name}({given})" for name in ("softmax", "log_softmax", "cumsum") for given in (
        "A, axis=0", "A, axis=-1", "c", "r", "u, axis=0", "50*u",
    )),
    *(f"{name}(A, ord={order})" for name in ("norm",) for order in ("1", "2", "inf", "3", "3/2")),
    "norm(A, axis=1, ord=1)", "var(A, ddof=1)", "var(u, ddof=4)", "var(A, axis=0, ddof=2)",
    "triu(M, 1)", "triu(M, -1)", "tril(A, 0)", "tril(M, 1)", "diag(M)", "diag(u)", "diag(c)",
    "vec(A)", "vec(u)", "kron(A, B)", "kron(u, v)", "kron(x, A)", "outer(c, v)", "dot(c, c)", "dot(A, B)",
    "concat(u, v)", "concat(A, B.T, axis=1)", "concat(x, u)", "stack(u, v)", "stack(A, B.T)",
    "conv(u, w)", "conv2d(M, K)", "matrix_power(M, 3)", "matrix_power(M, 0)", "matrix_power(M, -2)",
    "inv(M) @ M", "det(M)", "det(K)", "det(x)", "logdet(M)", "logdet(M @ M.T)", "tr(M)", "tr(x)", "inv(K)",
    "det(M - M.T)", "inv(M - M.T)", "eye(3) + M", "ones(3, 2)*A", "zeros(4) + u", "u @ v", "A @ B", "u @ c",
    "r @ c", "T @ B.T", "T @ [x, y, 1]", "A.T", "T.T", "u.T", "c @ r", "M[0]", "M[:, 1]", "M[-1, 0]", "M[0:2, ::2]",
    "T[1, :, 0:2]", "u[1:3]", "M[[0, 2], [1, 1]]", "M[[0, 2], :]", "T[:, 1, [0, 2]]", "u[5]", "u[1/2]", "[u, v]",
    "[x, y, u[0]]", "[[x, y], [1, 2]]", "x*A + y", "A + u", "c + r", "u*c", "M/c", "A/B", "A^2", "2^A", "A^x", "u^(1/2)",
    "x^3", "x^-1", "x^0", "x^(1/3)", "x^y", "0^x", "x^100", "x^(5/2)", "(-8)^(1/3)", "u/0", "0/norm(0*u)", "u/norm(0*u)",
    "max(x, 0)", "max(u, 0)", "max(0, u)", "max(u, v)", "min(u, x)", "where(u > 0, log(u), 0)", "where(u > 0, sqrt(u), x)",
    "where(x > 0, log(x), 0)", "where(u == u, 1, 0)", "where(x < y, x, y)", "where(u != v, u/(u - v), 0)", "where(u >= v, u, v)",
    "clip(u, -1, 1)", "clip(x, 1, -1)", "abs(u)", "|x|", "||u||_1", "stop_gradient(x)*x", "sin(pi*x)", "exp(1000*x)",
    "log(x)", "log(x - x)", "1/(x - x)", "log(1 + x^2)", "tan(x)", "asin(x)", "acosh(x)", "atanh(x)", "sqrt(x - 1)",
    "lgamma(x)", "digamma(x)", "polygamma(2, x)", "polygamma(3, u)", "atan2(x, y)", "atan2(0*x, -1)", "atan2(x - x, 0)",
    "sum(u[i], i)", "sum(u[i]*v[j], i, j)", "sum(u[i], i, i > 1)", "mean(u[i], i, i != 2)", "prod(u[i], i)", "max(u[i], i)",
    "min(u[i], i, u[i] > 0)", "logsumexp(u[i], i)", "sum(A[i, j]*B[j, i], i, j)", "sum(u[i + 1] - u[i], i)", "sum(M[i, i], i)",
    "sum(u[k]*v[3 - k], k)", "sum(x, i)", "sum(log(u[i]), i, u[i] > 0)", "norm(u[i], i)", "sum(A[i, :], i)",
]  # fmt: skip


def value(kind: int, random: Random) -> Fraction:
    """Whole numbers (ties and zeros), decimals, and numbers between 0 and 1."""
    if kind % 4 == 0:
        return Fraction(random.randint(-2, 3))
    if kind % 4 == 1:
        return Fraction(random.randint(-3000, 3000), 1000)
    if kind % 4 == 2:
        return Fraction(random.randint(1, 999), 1000)
    return Fraction(random.randint(1, 90), random.randint(1, 9))


def values(kind: int) -> dict[str, Any]:
    random = Random(kind)
    return {name: _array(shape, kind, random) for name, shape in SHAPES.items()}


def _array(shape: tuple[int, ...], kind: int, random: Random) -> Any:
    if not shape:
        return value(kind, random)
    return [_array(shape[1:], kind, random) for _ in range(shape[0])]


def _text(given: Any) -> Any:
    return [_text(item) for item in given] if isinstance(given, list) else str(given)


def python(text: str, given: dict[str, Any]) -> Tensor | str:
    """Its value, or why it has none."""

    def compute(bits: int) -> Tensor:
        numbers = balls(bits)

        def entry(one: Any) -> Any:
            return list(map(entry, one)) if isinstance(one, list) else numbers.scalar.constant(one)

        known = {
            name: Tensor(numbers.arrays.array(entry(one)) if isinstance(one, list) else entry(one))
            for name, one in given.items()
        }
        return rounded(evaluate(parse(text), Env(numbers, known, indices={})))

    try:
        return climb(compute)
    except Undefined as problem:
        return problem.message


COMPUTATION = {
    "indices": {},
    "functions": {},
    "unknown": [],
    "lines": [],
    "inputs": [
        {"name": name, "shape": list(map(str, shape)), "over": []} for name, shape in SHAPES.items()
    ],
}


def test_every_operation_at_twenty_points() -> None:
    formulas = list(dict.fromkeys(FORMULAS))
    asked = [{"text": text} for text in formulas]
    points = [values(kind) for kind in range(POINTS)]
    found = run(
        [
            [
                "formulas",
                COMPUTATION,
                {"sizes": {}, "values": {k: _text(v) for k, v in point.items()}},
                asked,
            ]
            for point in points
        ]
    )
    seen: Counter[str] = Counter()
    wrong = []
    for point, answers in zip(points, found, strict=True):
        for text, answer in zip(formulas, answers, strict=True):
            kind = compared(python(text, point), answer)
            seen[kind] += 1
            if kind == "wrong":
                wrong.append((text, answer, python(text, point)))
    assert wrong == []
    assert seen["agreed"] > 3000
    assert seen["unsure"] + seen["wide"] < 0.02 * seen.total()


def compared(expected: Tensor | str, answer: Any) -> str:
    if "problem" not in answer:
        if not isinstance(expected, Tensor) or not agrees(answer, expected.data, (), math.inf):
            return "wrong"
        return "agreed" if agrees(answer, expected.data, (), WIDTH) else "wide"
    if answer["problem"] in ("Unsure", "Unsupported"):
        return "unsure"
    words = _bare(answer["message"])
    return "undefined" if isinstance(expected, str) and _bare(expected) == words else "wrong"


def _bare(message: str) -> str:
    """Without the place, and with shapes written one way."""
    return re.sub(r" \(in `.*", "", message)


ELEMENTWISE = [
    op.name for op in TABLE.values() if op.signature == "elementwise" and op.value is not None
]


def test_every_operation_is_traced() -> None:
    operations = language()["operations"]
    lacking = [name for name, op in TABLE.items() if op.value and "value" not in operations[name]]
    assert lacking == []
    assert len(ELEMENTWISE) > 50
    assert recorded(lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2) == [
        "divide",
        ["multiply", "x", ["add", 1, ["erf", ["divide", "x", ["sqrt", 2]]]]],
        2,
    ]
    assert recorded(lambda m, x: x if x > 0 else -x) is None
    assert Recorder().pi.said == ["pi"]
