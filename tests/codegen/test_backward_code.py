"""The backward pass of exported code: each gradient once, in reverse order, nothing computed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.codegen.backward_code import staged
from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.graph.build import build
from helpers.exported_code import agrees, body, imported, written
from helpers.paths import EXERCISES


def test_gradients_do_not_compute_the_loss() -> None:
    text = written(load_exercise(str(EXERCISES / "ex3.yaml")))
    shared, rest = text.split("    if valued:\n")
    assert "    yhat = sigmoid(z2)" in shared
    assert "        J = -1 / m * L.sum(axis=1, keepdims=True)" in rest
    assert "    J = " not in shared


def test_every_gradient_stands_once_in_reverse_order() -> None:
    graph = build(exercise_from({"expression": "q = x + y\nr = q^2\nf = r*q"}))
    assert [stage.name for stage in staged(graph).stages] == ["f", "r", "q", "y", "x"]


def test_a_step_used_twice_has_a_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {
        "expression": "f = sum(tanh(A @ x)) * sum(exp(tanh(A @ x)))",
        "variables": {"A": ["n", "m"], "x": ["m"]},
    }
    text = written(exercise_from(content))
    assert "\n".join(body(text)).count("np.tanh(") == 1
    agrees(imported(text, tmp_path), capsys)
