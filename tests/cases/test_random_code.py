"""Random programs of columns, rows, vectors and examples: exported gradients agree with finite differences.

60 programs by default; GRADCALC_RANDOM=1000 for more."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError
from helpers.exported_code import exported

COUNT = int(os.environ.get("GRADCALC_RANDOM", "60"))


BATCH = 10


FUNCTIONS = ("tanh", "sigmoid", "sin", "softplus", "exp(-1*{}^2)", "{}^2", "silu", "abs", "relu")


def apply(random: Random, part: str) -> str:
    function = random.choice(FUNCTIONS)
    return function.format(f"({part})") if "{" in function else f"{function}({part})"


def vector(random: Random, depth: int, each: bool) -> str:
    """A random vector [n] from u [n], x [n] (per example), A [n, n], c [n, 1], r [1, n], s []."""
    if depth == 0:
        return random.choice(["u", "x", "x", "c[:, 0]", "r[0]"])

    def part() -> str:
        return vector(random, depth - 1, each)

    makers: list[Callable[[], str]] = [
        lambda: f"A @ ({part()})", lambda: f"({part()}) @ A", lambda: f"({part()}) + ({part()})", lambda: f"({part()}) * ({part()})",
        lambda: apply(random, part()), lambda: f"s * ({part()})", lambda: f"softmax({part()})", lambda: f"log_softmax({part()})",
        lambda: f"({part()}) * (({part()}) @ ({part()}))", lambda: f"(A @ c)[:, 0] + {part()}", lambda: f"outer({part()}, {part()}) @ u",
        lambda: f"({part()}) - mean({part()})", lambda: f"({part()}) / (1 + sum(({part()})^2))", lambda: f"({part()})[::1] + u[0]",
        lambda: f"concat(({part()})[1:], ({part()})[:1])", lambda: f"where(u > 0, {part()}, {part()})", lambda: f"max({part()}, {part()})",
        lambda: f"diag(A) * ({part()})", lambda: f"inv(A @ A.T + 2*eye(n)) @ ({part()})", lambda: f"sum(A, axis=0) * ({part()})",
        lambda: f"(r @ A)[0] * ({part()})", lambda: f"({part()})[k] * u", lambda: f"norm({part()}) * u", lambda: f"logsumexp({part()}) * u",
    ]  # fmt: skip
    return random.choice(makers)()


def column(random: Random, depth: int) -> str:
    """A random column [n, 1] from c, z (per example), A."""
    if depth == 0:
        return random.choice(["c", "z", "z", "r.T"])

    def part() -> str:
        return column(random, depth - 1)

    makers: list[Callable[[], str]] = [
        lambda: f"A @ ({part()})", lambda: f"A.T @ ({part()})", lambda: f"({part()}) + ({part()})", lambda: f"({part()}) * ({part()})",
        lambda: apply(random, part()), lambda: f"({part()}) @ (({part()}).T @ ({part()}))", lambda: f"(({part()}) @ r) @ ({part()})",
        lambda: f"softmax({part()})", lambda: f"s * ({part()})", lambda: f"(({part()}).T @ A).T", lambda: f"({part()}) - mean({part()})",
        lambda: f"diag(({part()})[:, 0]) @ ({part()})", lambda: f"({part()}) / (1 + norm({part()})^2)",
    ]  # fmt: skip
    return random.choice(makers)()


def program(random: Random) -> dict[str, Any]:
    """Two quantities and a scalar of them; with and without examples."""
    each = random.random() < 0.6
    lines = [
        f"q = {vector(random, random.randint(1, 3), each)}",
        f"w = {column(random, random.randint(1, 3))}",
        "e = q @ w[:, 0] + t*sum(q)",
    ]
    depends = "x" in lines[0] or "z" in lines[1]
    lines.append("J = mean(e^2, i) + sum(u*u)" if each and depends else "J = e^2 + sum(u*u)")
    own = {"each": "i"} if each else {}
    shapes: dict[str, Any] = {
        "u": ["n"],
        "A": ["n", "n"],
        "c": ["n", 1],
        "r": [1, "n"],
        "s": [],
        "k": [],
    }
    shapes |= {
        "x": {"shape": ["n"], **own},
        "z": {"shape": ["n", 1], **own},
        "t": {"shape": [], **own},
    }
    content: dict[str, Any] = {"expression": lines, "variables": shapes, "sizes": {"n": 3, "m": 4}}
    return {**content, "examples": {"i": "m"}} if each else content


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(COUNT // BATCH))
def test_no_mismatch(batch: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared = 0
    for number in range(BATCH):
        content = program(Random(f"code {batch} {number}"))
        try:
            module = exported(content, tmp_path)
        except GradcalcError:  # an index that is never used as one, an output per example
            continue
        if hasattr(module, "_compare"):
            module._compare()
            said = capsys.readouterr().out
            assert "DIFFERS" not in said, (content["expression"], said)
            assert "nan" not in said, (content["expression"], said)
            value, every = module.value_and_gradients(**module.VALUES)
            output = build(exercise_from(content)).outputs[-1]
            assert np.array_equal(value, module.forward(**module.VALUES)[output])
            for name, gradient in every.items():  # nothing that it needs is left out
                alone = module.gradients(**module.VALUES, wrt=name)
                assert np.array_equal(alone[name], gradient), (content["expression"], name)
            compared += 1
    assert compared >= BATCH // 2
