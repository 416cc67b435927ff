"""Expressions that would overflow are computed in a stable form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.graph.stable import stable
from helpers.exported_code import exported


def test_logarithms_of_probabilities_are_stable(tmp_path: Path) -> None:
    """log σ, log(1 − σ) and their gradients where σ is 0 or 1 to the last digit."""
    content = {"expression": "p = sigmoid(z)\nL = -y*log(p) - (1 - y)*log(1 - p)"}
    module = exported(content, tmp_path)
    for z, y, loss, slope in (
        (800.0, 0.0, 800.0, 1.0),
        (-800.0, 1.0, 800.0, -1.0),
        (800.0, 1.0, 0.0, 0.0),
    ):
        assert module.forward(z=z, y=y)["L"] == loss
        assert module.gradients(z=z, y=y)["z"] == slope


def test_softmax_and_cross_entropy_are_stable(tmp_path: Path) -> None:
    module = exported(
        {"expression": "p = softmax(s)\nL = -log(p[k])", "variables": {"s": ["n"], "k": []}},
        tmp_path,
    )
    given = {"s": [1000.0, 0.0, -1000.0], "k": 2}
    assert module.forward(**given)["L"] == 2000
    assert module.gradients(**given)["s"].tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("lines", "op"),
    [("s = exp(x)\nt = sum(s)\nf = log(t)", "logsumexp"), ("D = det(x)\nf = log(D)", "logdet"), ("e1 = exp(x)\nq = 1 + e1\nf = sum(log(q))", "softplus")],
)  # fmt: skip
def test_stable_looks_through_names(lines: str, op: str) -> None:
    shape = ["n", "n"] if op == "logdet" else ["n"]
    graph = stable(build(exercise_from({"expression": lines, "variables": {"x": shape}})))
    assert op in {node.op for node in graph.nodes}


def test_quantities_keep_their_values_when_the_graph_is_made_stable(tmp_path: Path) -> None:
    module = exported(
        {"expression": "D = det(A)\nf = log(D)", "variables": {"A": ["n", "n"]}}, tmp_path
    )
    found = module.forward(A=[[2.0, 0.0], [0.0, 3.0]])
    assert found["D"] == pytest.approx(6)
    assert found["f"] == pytest.approx(np.log(6))
