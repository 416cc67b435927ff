"""The exported module: how it reads, its arguments, sizes, upstream gradients."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.language.errors import GradcalcError
from helpers.exported_code import body, exported, written
from helpers.paths import EXERCISES

# ---- what it reads like


def test_the_network_of_exercise_3_reads_as_one_writes_it() -> None:
    lines = body(written(load_exercise(str(EXERCISES / "ex3.yaml"))))
    for line in (
        "z1 = W1 @ x + b1", "a1 = np.maximum(z1, 0.0)", "z2 = W2 @ a1 + b2", "yhat = sigmoid(z2)",
        "J = -1 / m * np.sum(L, axis=1, keepdims=True)",
        "dloss_dz2 = dloss_dL * (y - yhat)", "dloss_dz1 = dloss_da1 * (z1 > 0)",
        "dloss_dW2 = dloss_dz2 @ a1.T", "dloss_dW1 = dloss_dz1 @ x.T", "dloss_dx = W1.T @ dloss_dz1",
        "dloss_db1 = np.sum(dloss_dz1, axis=1, keepdims=True)",
    ):  # fmt: skip
        assert line in lines, line


def test_each_line_has_its_formula_and_shape() -> None:
    text = written(load_exercise(str(EXERCISES / "ex3.yaml")))
    assert "    z1 = W1 @ x + b1  # z₁ = W₁ x + b₁: D_a₁×m\n" in text
    assert "    dloss_dW1 = dloss_dz1 @ x.T  # ∂loss/∂W₁ = Σᵢ (∂loss/∂z₁) xᵀ: D_a₁×D_x\n" in text


# ---- what it computes


def test_constants_and_integers_have_no_gradient(tmp_path: Path) -> None:
    content = {
        "expression": "f = c*w[k]",
        "variables": {"w": [3], "k": [], "c": {"shape": [], "assume": "constant"}},
    }
    assert exported(content, tmp_path).gradients(w=[1, 2, 3], k=2.0, c=4)["w"].tolist() == [
        0.0,
        0.0,
        4.0,
    ]


def test_upstream_is_an_argument(tmp_path: Path) -> None:
    module = exported({"expression": "f = x^2", "upstream": 1}, tmp_path)
    assert module.gradients(x=3)["x"] == 6
    assert module.gradients(x=3, dL_df=10)["x"] == 60


def test_an_array_needs_its_upstream(tmp_path: Path) -> None:
    module = exported({"expression": "z = 2*x", "variables": {"x": ["n"]}}, tmp_path)
    assert module.gradients(x=[1, 2], dL_dz=[1, 3])["x"].tolist() == [2, 6]
    with pytest.raises(TypeError, match="missing argument dL_dz"):
        module.gradients(x=[1, 2])


def test_a_size_in_no_shape_is_an_argument(tmp_path: Path) -> None:
    module = exported(
        {"expression": "f = N*x", "variables": {"x": []}, "sizes": {"N": 3}}, tmp_path
    )
    assert module.forward(x=2, N=5)["f"] == 10


def test_a_size_is_read_from_a_sum(tmp_path: Path) -> None:
    module = exported(
        {"expression": "f = sum(x)/N", "variables": {"x": ["N - 1"]}, "sizes": {"N": 3}}, tmp_path
    )
    assert module.forward(x=[2.0, 2.0, 2.0])["f"] == 1.5


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    module = exported({"expression": "f = sum(x)", "variables": {"x": ["n"]}}, tmp_path)
    for given, message in (({}, "missing argument x"), ({"x": [1], "z": 2}, "unknown argument z")):
        with pytest.raises(TypeError, match=message):
            module.forward(**given)
    with pytest.raises(ValueError, match="x has 0 axes, not 1"):
        module.forward(x=1)


# ---- names and text


def test_unknown_functions_have_no_code() -> None:
    with pytest.raises(GradcalcError, match="g is an unknown function: there is no code for it"):
        written(
            exercise_from({"expression": "f = g(x)", "variables": {"x": [], "g": {"function": 1}}})
        )
