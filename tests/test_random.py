"""Random computations: the derivative that is shown equals the oracle's, 0 mismatches.

200 scalar and 200 array programs by default; GRADCALC_RANDOM=1000 for more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from gradcalc.errors import GradcalcError
from gradcalc.exercise import Exercise
from gradcalc.solution import Solution
from gradcalc.solver import solve

COUNT = int(os.environ.get("GRADCALC_RANDOM", "200"))
BATCH = 20
UNARY = [
    "exp",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "sigmoid",
    "relu",
    "abs",
    "softplus",
    "softsign",
    "gelu",
    "silu",
    "atan",
    "erf",
]  # defined everywhere
CAREFUL = (
    "log({} + 3)",
    "sqrt({}^2 + 1)",
    "1/({}^2 + 2)",
    "leaky_relu({}, 1/10)",
    "elu({}, 1)",
    "asin({}/9)",
    "({})^3",
    "2^({})",
    "log(1 + exp({}))",
)


def scalar(random: Random, names: list[str], depth: int) -> str:
    """A random scalar expression."""
    if depth == 0 or random.random() < 0.15:
        return random.choice([*names, *names, str(random.randint(1, 4)), "1/2", "pi"])
    kind = random.random()

    def part() -> str:
        return scalar(random, names, depth - 1)

    if kind < 0.45:
        return f"({part()} {random.choice('+-**/')} {part()})"
    if kind < 0.75:
        return f"{random.choice(UNARY)}({part()}/2)"
    if kind < 0.85:
        return random.choice(CAREFUL).format(f"({part()})")
    return random.choice(
        (f"max({part()}, {part()})", f"min({part()}, {part()})", f"where({part()} > 1/3, {part()}, {part()})")
    )


def scalar_program(random: Random) -> dict[str, Any]:
    """Several lines, quantities used more than once."""
    inputs = ["x", "y", "w"][: random.randint(1, 3)]
    names, lines = list(inputs), []
    for k in range(random.randint(1, 4)):
        lines.append(f"q{k} = {scalar(random, names, random.randint(1, 4))}")
        names.append(f"q{k}")
    last = f"q{len(lines) - 1}"
    values = {name: round(random.uniform(-1.5, 1.5), 2) for name in inputs}
    questions = [f"d{last}/d{name}" for name in inputs]
    if random.random() < 0.2:
        questions.append(f"d2{last}/d{inputs[0]}d{inputs[-1]}" if len(inputs) > 1 else f"d2{last}/d{inputs[0]}2")
    return {"expression": lines, "variables": {name: [] for name in inputs}, "values": values, "questions": questions}


def vector(random: Random, depth: int) -> str:
    """A random vector of size n from x [n], y [n], A [n, n], B [n, m], z [m], s []."""
    if depth == 0:
        return random.choice(["x", "y", "x", "B @ z"])

    def part() -> str:
        return vector(random, depth - 1)

    return random.choice(
        [
            lambda: f"A @ ({part()})",
            lambda: f"A.T @ ({part()})",
            lambda: f"({part()} + {part()})",
            lambda: f"({part()} - {part()})",
            lambda: f"({part()}) * ({part()})",
            lambda: f"{random.choice(['tanh', 'sigmoid', 'sin', 'softplus', 'relu', 'gelu'])}({part()})",
            lambda: f"s * ({part()})",
            lambda: f"softmax({part()})",
            lambda: f"({part()}) / (1 + norm({part()})^2)",
            lambda: f"({part()}) - mean({part()})",
            lambda: f"B @ tanh(B.T @ ({part()}))",
            lambda: f"inv(A @ A.T + eye(n)) @ ({part()})",
            lambda: f"concat(({part()})[1:], ({part()})[0])",
            lambda: f"diag(outer({part()}, {part()}))",
            lambda: f"sum(outer({part()}, z) * B, axis=1)",
        ]
    )()  # type: ignore[no-any-return]


def array_program(random: Random) -> dict[str, Any]:
    """A vector quantity or two, and a scalar of them."""
    lines = [f"u = {vector(random, random.randint(1, 2))}", f"v = {vector(random, 1).replace('y', 'u', 1)}"]
    ends: list[Callable[[], str]] = [
        lambda: "u @ v",
        lambda: "norm(u - v)^2",
        lambda: "sum(exp(u) * v)",
        lambda: "logsumexp(u + v)",
        lambda: "tr(outer(u, v) @ A)",
        lambda: "u.T @ A @ v",
        lambda: "log(det(A @ A.T + eye(n))) + u @ u",
        lambda: "sum(abs(u)) + max(v)",
        lambda: "v @ v / (1 + u @ u)",
    ]
    lines.append(f"f = {random.choice(ends)()}")
    shapes = {"x": ["n"], "y": ["n"], "A": ["n", "n"], "B": ["n", "m"], "z": ["m"], "s": []}
    used = [
        name
        for name in shapes
        if any(
            name in line.split("=", 1)[1].replace("softmax", "").replace("exp", "").replace("max", "") for line in lines
        )
    ]
    questions = [f"df/d{name}" for name in used if name != "s"] + ["df/du", "du/dx"]
    if random.random() < 0.3:
        questions.append("d2f/dx2")
    layout = random.choice(["gradient", "gradient", "jacobian", "denominator"])
    return {
        "expression": lines,
        "variables": shapes,
        "sizes": {"n": 3, "m": 2},
        "seed": random.randint(0, 999),
        "questions": questions,
        "notation": {"layout": layout},
    }


def checked(solution: Solution) -> tuple[int, int]:
    """(verified answers, answers that could not be compared); a mismatch fails."""
    good = unknown = 0
    for answer in solution.answers:
        assert answer.verified is not None
        text = [d.source.value for d in solution.graph.exercise.definitions]
        assert answer.verified.ok is not False, (text, answer.question.text, answer.verified)
        good += answer.verified.ok is True
        unknown += answer.verified.ok is None
    return good, unknown


@pytest.mark.parametrize("batch", range(COUNT // BATCH))
@pytest.mark.parametrize("make", [scalar_program, array_program])
def test_no_mismatch(make: Callable[[Random], dict[str, Any]], batch: int) -> None:
    """Every answer to a random computation equals the numeric derivative, and nearly all can be compared."""
    good = unknown = 0
    for number in range(BATCH):
        program = make(Random(f"{make.__name__} {batch} {number}"))
        try:
            found = checked(solve(Exercise.from_dict(program)))
        except GradcalcError:  # a constant part may turn out absurd, or a program not use what it asks about
            continue
        good, unknown = good + found[0], unknown + found[1]
    assert good > 3 * unknown
    assert good >= BATCH
