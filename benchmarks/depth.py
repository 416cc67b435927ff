"""A tanh network of growing depth with symbolic shapes: the gradient by every weight, as formulas.

`python -m benchmarks.depth PEER` prints a line per depth until it is stopped.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import clock

DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 40, 50)


def network(depth: int) -> dict[str, Any]:
    """The exercise: z_l = W_l a_(l-1) + b_l, a_l = tanh z_l, J = Σ a_L; all sizes different and without a number."""
    lines = {}
    shapes: dict[str, list[Any]] = {"x": ["D_0", 1]}
    below = "x"
    for k in range(1, depth + 1):
        lines[f"z{k}"] = f"W{k} @ {below} + b{k}"
        lines[f"a{k}"] = f"tanh(z{k})"
        shapes |= {f"W{k}": [f"D_{k}", f"D_{k - 1}"], f"b{k}": [f"D_{k}", 1]}
        below = f"a{k}"
    lines["J"] = f"sum({below})"
    return {
        "expression": lines,
        "variables": shapes,
        "questions": [f"dJ/dW{k}" for k in range(1, depth + 1)],
    }


def gradcalc(depth: int) -> list[int]:
    """Terms of each gradient; read, shaped, derived and written in matrix notation, not yet checked."""
    from gradcalc.derivation.answers import answerer
    from gradcalc.exercise.load import exercise_from
    from gradcalc.graph.build import build

    exercise = exercise_from(network(depth))
    found = answerer(build(exercise))
    answers = [found.answer(question) for question in exercise.questions]
    assert not any(answer.free for answer in answers)
    return [
        max(1, *map(terms, (a.symbolic, *(formula for _, formula in a.where)))) for a in answers
    ]


def terms(expr: Any) -> int:
    """Summands of a formula, a negative one counted too; factors like (1 - a²) are one factor."""
    from gradcalc.language.parser import Binary, Neg

    match expr:
        case Neg(arg):
            return terms(arg)
        case Binary("+" | "-", left, right):
            return terms(left) + terms(right)
    return 1


def checked(depth: int) -> list[int]:
    """The same by `solve`: evaluated, and verified at other sizes."""
    from gradcalc.derivation.solve import solve
    from gradcalc.exercise.load import exercise_from

    solution = solve(
        exercise_from(
            network(depth) | {"seed": 1, "sizes": {f"D_{k}": 2 + k % 3 for k in range(depth + 1)}}
        )
    )
    assert all(answer.verified is not None and answer.verified.ok for answer in solution.answers)
    return [terms(answer.symbolic) for answer in solution.answers]


def tensorgrad(depth: int) -> list[int]:
    """`grad(W).full_simplify()` of the same network."""
    import sympy
    import tensorgrad as tg
    from tensorgrad import functions as F

    sizes = sympy.symbols(f"d0:{depth + 1}")
    below: Any = tg.Variable("x", e0=sizes[0])
    weights = []
    for k in range(1, depth + 1):
        w = tg.Variable(f"W{k}", **{f"e{k - 1}": sizes[k - 1], f"e{k}": sizes[k]})
        weights.append(w)
        below = F.tanh(below @ w + tg.Variable(f"b{k}", **{f"e{k}": sizes[k]}))
    found = [F.sum(below).grad(w).full_simplify() for w in weights]
    return [len(getattr(g, "terms", (g,))) for g in found]


def sympy(depth: int) -> list[int]:
    """`diff` of the matrix expression; raises or stays unevaluated from the second layer on."""
    import sympy as sp

    sizes = sp.symbols(f"d0:{depth + 1}", positive=True, integer=True)
    below: Any = sp.MatrixSymbol("x", sizes[0], 1)
    weights = []
    for k in range(1, depth + 1):
        w = sp.MatrixSymbol(f"W{k}", sizes[k], sizes[k - 1])
        weights.append(w)
        below = (w * below + sp.MatrixSymbol(f"b{k}", sizes[k], 1)).applyfunc(sp.tanh)
    loss = sp.OneMatrix(1, sizes[depth]) * below
    found = [loss.diff(w) for w in weights]
    if any(g.has(sp.Derivative) or type(g).__name__ == "ArrayDerivative" for g in found):
        raise NotImplementedError("left unevaluated")
    return [len(sp.MatAdd.make_args(g)) if g.is_MatAdd else 1 for g in found]


PEERS = {
    "gradcalc": gradcalc,
    "gradcalc, checked": checked,
    "tensorgrad": tensorgrad,
    "SymPy": sympy,
}

if __name__ == "__main__":
    work = PEERS[sys.argv[1]]
    work(1)
    clock.say(loaded=True)
    for n in DEPTHS:
        if sys.argv[1] == "SymPy":
            from sympy.core.cache import clear_cache

            clear_cache()
        seconds, counts = clock.timed(
            work, n, budget=4.0 if sys.argv[1] == "gradcalc" else 1.0, most=5
        )
        clock.say(n=n, seconds=seconds, terms=max(counts))
