"""Exported code for arrays, indices and examples: values, and gradients of the right shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.exported_code import agrees, exported

CASES: dict[str, dict[str, Any]] = {
    "vectors per example": {
        "expression": "s = W @ x + b\np = softmax(s)\nl = -log(p[y])\nJ = sum(l, i)/m", "examples": {"i": "m"},
        "variables": {"x": {"shape": ["d"], "each": "i"}, "y": {"shape": [], "each": "i"}, "W": ["k", "d"], "b": ["k"]},
    },
    "one matrix per example": {
        "expression": "q = x.T @ S @ x\nd = logdet(S)\nJ = sum(q + d, i)", "examples": {"i": "m"},
        "variables": {"x": {"shape": ["n", 1], "each": "i"}, "S": {"shape": ["n", "n"], "each": "i", "assume": "positive"}},
    },
    "entry by entry": {
        "expression": "p[k] = exp(s[k]) / sum(exp(s[l]), l)\nf = sum(a[k]*p[k]*k, k)", "indices": {"k": "n", "l": "n"},
        "variables": {"s": ["n"], "a": ["n"]},
    },
    "pairs with a condition": {"expression": "f = sum(x[j]*x[k]^2, j, k, j != k)", "indices": {"j": "n", "k": "n"}, "variables": {"x": ["n"]}},
    "slices": {"expression": "d = x[1:] - x[:-1]\nf = sum(d^2) + x[0]*x[2]", "variables": {"x": ["n"]}, "sizes": {"n": 5}},
    "pieces": {"expression": "h = concat(u, v, [a, 1])\nf = sum(h^3)", "variables": {"u": ["n"], "v": ["m"], "a": []}},
    "broadcasting": {
        "expression": "mu = mean(X, axis=0)\ns = var(X, axis=0)\nZ = (X - mu)/sqrt(s + 1)\nf = sum(G*Z)",
        "variables": {"X": ["m", "n"], "G": ["m", "n"], "mu": ["n"], "s": ["n"]},
    },
    "three axes": {"expression": "C = A @ B\nf = sum(C^2)", "variables": {"A": ["b", "n", "k"], "B": ["b", "k", "m"]}},
    "an array as output": {"expression": "Z = tanh(X @ W)", "variables": {"X": ["n", "d"], "W": ["d", "k"]}},
    "upstream inside": {
        "expression": "q = x*y\nf = q^2", "variables": {"x": ["n"], "y": ["n"]}, "sizes": {"n": 3},
        "upstream": {"dL/df": "G", "dL/dq": [1, 2, 3]},
    },
    "kron and vec": {"expression": "f = sum(vec(kron(A, B))^2)", "variables": {"A": ["n", "m"], "B": ["p", "q"]}},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_arrays_of_every_kind(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agrees(
        exported({**CASES[name], "seed": 1} if "sizes" in CASES[name] else CASES[name], tmp_path),
        capsys,
    )


def test_gradients_have_the_shape_of_their_input(tmp_path: Path) -> None:
    module = exported(CASES["vectors per example"], tmp_path)
    rng = np.random.default_rng(0)
    given = {
        "x": rng.normal(size=(3, 4)),
        "W": rng.normal(size=(2, 3)),
        "b": rng.normal(size=2),
        "y": [0.0, 1.0, 1.0, 0.0],
    }
    found = module.gradients(**given)
    assert {name: value.shape for name, value in found.items()} == {
        "x": (3, 4),
        "W": (2, 3),
        "b": (2,),
    }
    assert module.forward(**given)["l"].shape == (4,)


def test_a_gradient_that_is_the_same_everywhere_may_be_written_to(tmp_path: Path) -> None:
    found = exported({"expression": "f = sum(x)", "variables": {"x": ["n"]}}, tmp_path).gradients(
        x=[1.0, 2.0]
    )["x"]
    found[0] = 5.0
    assert found.tolist() == [5.0, 1.0]


def test_an_input_nothing_depends_on_has_gradient_0(tmp_path: Path) -> None:
    module = exported({"expression": "f = x^2", "variables": {"x": [], "w": [2]}}, tmp_path)
    assert module.gradients(x=3, w=[1, 2])["w"].tolist() == [0.0, 0.0]
