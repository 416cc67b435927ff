"""Matrix derivatives: gradcalc and SymPy's `.diff` against numeric derivatives in plain NumPy.

right, wrong (a formula with another value), or none (it raises, or leaves something undone). `python -m
benchmarks.matrices PEER START` prints a line per case from number START on.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

from benchmarks import clock
from benchmarks.expressions import CASES, DEFINITE, SHAPES, SIZES, Case


def point(case: Case) -> dict[str, Any]:
    """Values of every name, the same for everybody."""
    import numpy as np

    rng = np.random.default_rng(20261125)
    values: dict[str, Any] = {}
    for name, shape in (SHAPES | {"p": (3, 1)}).items():
        value = rng.normal(size=shape).round(2)
        if name in DEFINITE:
            value = (value @ value.T + np.eye(shape[0])).round(2)
            if name == "X":  # definite, but not symmetric
                value = value + np.triu(np.full(shape, 0.25), 1)
        if name == "p":
            value = abs(value) + 0.5
        values[name] = value
    return values


def numeric(case: Case, values: dict[str, Any]) -> Any:
    """Central differences in float64, of shape (*output, *input) without axes of length one."""
    import numpy as np

    def at(value: Any) -> Any:
        return np.asarray(
            case.numpy(np, SimpleNamespace(**(values | {case.by: value}))), dtype=float
        )

    base, h = np.asarray(values[case.by], dtype=float), 1e-6
    columns = []
    for k in range(base.size):
        step = np.zeros(base.size)
        step[k] = h
        step = np.reshape(step, base.shape)
        columns.append((at(base + step) - at(base - step)) / (2 * h))
    return np.squeeze(
        np.moveaxis(np.stack(columns), 0, -1).reshape((*np.shape(at(base)), *base.shape))
    )


def same(got: Any, want: Any, transposed: bool = False) -> bool:
    """Equal to seven digits; `transposed`: in any order of the axes, so that no convention is wrong."""
    from itertools import permutations

    import numpy as np

    got = np.squeeze(np.asarray(got, dtype=float))
    orders = permutations(range(got.ndim)) if transposed else [tuple(range(got.ndim))]
    return any(
        got.transpose(order).shape == want.shape
        and np.allclose(got.transpose(order), want, rtol=1e-6, atol=1e-7)
        for order in orders
    )


def gradcalc(case: Case, values: dict[str, Any], want: Any) -> dict[str, Any]:
    """`solve` with symbolic sizes; in matrix notation, or by its entries where there is none."""
    import re

    from gradcalc.derivation.solve import solve
    from gradcalc.exercise.load import exercise_from
    from gradcalc.language.parser import unparse

    used = [name for name in values if re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z(])", case.text)]
    shapes = {name: [SIZES.get(size, size) for size in values[name].shape] for name in used}
    data = {
        "expression": f"f = {case.text}",
        "variables": shapes,
        "sizes": {
            letter: size
            for size, letter in SIZES.items()
            if any(letter in shape for shape in shapes.values())
        },
        "values": {name: values[name].tolist() for name in used},
        "questions": [f"df/d{case.by}"],
    }
    answer = solve(exercise_from(data)).answers[0]
    formula = unparse(answer.symbolic) if answer.symbolic is not None else ""
    right = answer.value is not None and same(answer.value, want)
    verified = bool(answer.verified and answer.verified.ok)
    outcome = (
        "right"
        if right and verified
        else "wrong"
        if answer.value is not None and verified
        else "none"
    )
    return {
        "outcome": outcome,
        "matrix": not answer.free,
        "formula": formula,
        "where": [f"{n} = {unparse(e)}" for n, e in answer.where],
    }


def sympy(case: Case, values: dict[str, Any], want: Any) -> dict[str, Any]:
    """`expression.diff(variable)` of matrix symbols, then the values put in."""
    import sympy as sp

    symbols = {
        name: sp.MatrixSymbol(name, *value.shape) if value.ndim else sp.Symbol(name)
        for name, value in values.items()
    }
    assert case.sympy is not None
    try:
        found = case.sympy(sp, SimpleNamespace(**symbols)).diff(symbols[case.by])
    except Exception as error:
        return {"outcome": "none", "formula": f"raises {type(error).__name__}: {str(error)[:80]}"}
    formula = str(found)[:300]
    if found.has(sp.Derivative) or "Derivative" in formula or "ArrayDerivative" in sp.srepr(found):
        return {"outcome": "none", "formula": formula}
    try:
        number = put_in(sp, found, symbols, values)
        outcome = "right" if same(number, want, transposed=True) else "wrong"
        return {
            "outcome": outcome,
            "matrix": not any(word in formula for word in ("Array", "PermuteDims")),
            "formula": formula,
        }
    except Exception as error:
        return {
            "outcome": "none",
            "formula": f"{formula} (not evaluable: {type(error).__name__}: {str(error)[:60]})",
        }


def put_in(sp: Any, found: Any, symbols: dict[str, Any], values: dict[str, Any]) -> Any:
    """A derivative as an array of numbers."""
    import numpy as np

    table = {
        symbols[name]: sp.ImmutableDenseMatrix(value.tolist())
        if value.ndim
        else sp.Float(float(value))
        for name, value in values.items()
    }
    explicit = found.as_explicit() if hasattr(found, "as_explicit") else found
    entries = {
        symbols[name][i, j]: sp.Float(float(value[i, j]))
        for name, value in values.items()
        if value.ndim
        for i in range(value.shape[0])
        for j in range(value.shape[1])
    }
    explicit = explicit.subs(table).doit() if hasattr(explicit, "subs") else explicit
    explicit = explicit.as_explicit() if hasattr(explicit, "as_explicit") else explicit
    array = np.array(explicit.tolist() if hasattr(explicit, "tolist") else explicit, dtype=object)
    return np.vectorize(
        lambda e: float(sp.sympify(e).xreplace(entries).doit().evalf()), otypes=[float]
    )(array)


PEERS = {"gradcalc": gradcalc, "SymPy": sympy}

if __name__ == "__main__":
    work, first = PEERS[sys.argv[1]], int(sys.argv[2])
    __import__("gradcalc.derivation.solve" if sys.argv[1] == "gradcalc" else "sympy")
    clock.say(loaded=True)
    for case in CASES[first:]:
        numbers = point(case)
        if case.sympy is None and sys.argv[1] == "SymPy":
            clock.say(name=case.name, outcome="none", formula="no way to say it", seconds=0.0)
            continue
        target = numeric(case, numbers)
        try:
            seconds, result = clock.timed(work, case, numbers, target, most=1)
        except Exception as error:
            seconds, result = (
                0.0,
                {"outcome": "none", "formula": f"raises {type(error).__name__}: {error}"[:200]},
            )
        clock.say(name=case.name, text=case.text, by=case.by, seconds=seconds, **result)
