"""The exported module: how it reads, its arguments, sizes, upstream gradients."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.ops import TABLE
from gradcalc.ops.entry import Op
from helpers.exported_code import body, exported, imported, written
from helpers.paths import EXERCISES

LETTERS = {
    "x": [], "y": [], "u": ["n"], "v": ["n"], "A": ["n", "m"], "B": ["m", "k"], "M": ["n", "n"],
    "w": ["m"], "K": [2, 1],
}  # fmt: skip
EXAMPLES = [
    op
    for op in TABLE.values()
    if op.example and "g" not in re.findall(r"\w+", op.example)
    and op.name not in ("lt", "le", "gt", "ge", "eq", "ne")
]  # fmt: skip

# ---- what it reads like


def test_the_network_of_exercise_3_reads_as_one_writes_it() -> None:
    lines = body(written(load_exercise(str(EXERCISES / "ex3.yaml"))))
    for line in (
        "z1 = W1 @ x + b1", "a1 = np.maximum(z1, 0.0)", "z2 = W2 @ a1 + b2", "yhat = sigmoid(z2)",
        "J = -1 / m * L.sum(axis=1, keepdims=True)",
        "dloss_dz2 = dloss_dL * (y - yhat)", "dloss_dz1 = dloss_da1 * (z1 > 0)",
        "dloss_dW2 = dloss_dz2 @ a1.T", "dloss_dW1 = dloss_dz1 @ x.T", "dloss_dx = W1.T @ dloss_dz1",
        "dloss_db1 = dloss_dz1.sum(axis=1, keepdims=True)",
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


def network(folder: Path) -> Any:
    return imported(written(load_exercise(str(EXERCISES / "ex3.yaml"))), folder)


def test_value_and_gradients_come_in_one_pass(tmp_path: Path) -> None:
    module = network(tmp_path)
    value, gradients = module.value_and_gradients(**module.VALUES)
    assert value == module.forward(**module.VALUES)["J"]
    for name, gradient in module.gradients(**module.VALUES).items():
        assert np.array_equal(gradients[name], gradient)


@pytest.mark.parametrize("wrt", ["W2", ("b2", "W1"), [], ["x", "y", "W1", "b1", "W2", "b2"]])
def test_gradients_asked_for_are_the_same_as_among_all(wrt: Any, tmp_path: Path) -> None:
    module = network(tmp_path)
    every = module.gradients(**module.VALUES)
    some = module.gradients(**module.VALUES, wrt=wrt)
    assert set(some) == ({wrt} if isinstance(wrt, str) else set(wrt))
    assert all(np.array_equal(some[name], every[name]) for name in some)
    assert module.value_and_gradients(**module.VALUES, wrt=wrt)[1].keys() == some.keys()


def test_what_no_asked_gradient_needs_is_not_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dloss_dy alone needs logarithms in the backward pass."""
    module = network(tmp_path)
    monkeypatch.setattr(module, "np", SimpleNamespace(**{**vars(np), "logaddexp": None}))
    assert module.gradients(**module.VALUES, wrt="W1")["W1"].shape == (4, 3)
    with pytest.raises(TypeError, match="not callable"):
        module.gradients(**module.VALUES, wrt="y")


def test_a_gradient_that_there_is_not_is_named(tmp_path: Path) -> None:
    module = network(tmp_path)
    with pytest.raises(ValueError, match="no gradient with respect to w; choose from x, y, W1"):
        module.gradients(**module.VALUES, wrt=["W1", "w"])


def test_every_gradient_has_its_program_of_its_own(tmp_path: Path) -> None:
    """Each alone, for what is left out must not be needed."""
    content = {
        "expression": "u = A @ x\nv = tanh(u)\nw = sum(v*u)*k\nf = w^2 + sum(x)*c",
        "variables": {"A": ["n", "m"], "x": ["m"], "k": [], "c": []},
        "seed": 1,
    }
    module = exported(content, tmp_path)
    every = module.gradients(**module.VALUES)
    for name in module.GRADIENTS:
        assert np.array_equal(module.gradients(**module.VALUES, wrt=name)[name], every[name])


def test_an_input_may_be_called_wrt(tmp_path: Path) -> None:
    module = exported({"expression": "f = wrt*x^2"}, tmp_path)
    assert module.gradients(wrt=3, x=2) == {"wrt": 4, "x": 12}
    assert module.gradients(wrt=3, x=2, wrt_="x") == {"x": 12}
    assert module.value_and_gradients(wrt=3, x=2, wrt_="wrt") == (12, {"wrt": 4})


def test_an_input_may_be_called_as_an_upstream_gradient(tmp_path: Path) -> None:
    """Gradients were multiplied by it."""
    module = exported({"expression": "f = dL_df*x", "upstream": 1}, tmp_path)
    assert module.gradients(dL_df=5, x=2) == {"dL_df": 2, "x": 5}
    assert module.gradients(dL_df=5, x=2, dL_df_=10) == {"dL_df": 20, "x": 50}
    assert module._compare()


# ---- in which type


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("op", EXAMPLES, ids=lambda op: op.name)
def test_single_precision_stays(op: Op, tmp_path: Path) -> None:
    """Of every operation: its value, the output, and the gradients."""
    used = set(re.findall(r"\w+", op.example))
    content = {
        "expression": f"r = {op.example}\nf = sum(r*r)",
        "variables": {name: shape for name, shape in LETTERS.items() if name in used},
        "sizes": {"n": 3, "m": 2, "k": 2},
        "seed": 1,
    }
    module = exported(content, tmp_path)
    single = {
        name: value if name in module.UPSTREAM else np.asarray(value, np.float32)
        for name, value in module.VALUES.items()
    }
    quantities, gradients = module.forward(**single), module.gradients(**single)
    if used & LETTERS.keys():
        assert {value.dtype for value in (*quantities.values(), *gradients.values())} == {
            np.dtype(np.float32)
        }
    for name, gradient in module.gradients(**module.VALUES).items():
        assert gradient.dtype == np.float64
        assert np.allclose(gradients[name], gradient, 1e-3, 1e-4)


def test_types_mix_as_in_numpy(tmp_path: Path) -> None:
    module = exported({"expression": "f = sum(k*x)", "variables": {"x": ["n"], "k": []}}, tmp_path)
    x = np.ones(3, np.float32)
    assert module.gradients(x=x, k=2)["x"].dtype == np.float32  # a Python number has no type
    assert module.gradients(x=x, k=np.float64(2))["x"].dtype == np.float64
    assert module.gradients(x=[1, 2, 3], k=2)["x"].dtype == np.float64
    assert module.gradients(x=np.arange(3), k=2)["x"].dtype == np.float64


# ---- names and text


def test_unknown_functions_have_no_code() -> None:
    with pytest.raises(GradcalcError, match="g is an unknown function: there is no code for it"):
        written(
            exercise_from({"expression": "f = g(x)", "variables": {"x": [], "g": {"function": 1}}})
        )


@pytest.mark.parametrize(
    "formula", ["1e309*x", "x/3e330", "1e-310*x", "log(1e320 + x^2)", "where(x > 1e310, x, 2*x)"]
)
@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_a_number_that_is_no_float_has_no_code(formula: str, library: str) -> None:
    with pytest.raises(GradcalcError, match=r"\de3\d\d is too large for the numbers"):
        written(exercise_from({"expression": f"f = {formula}", "values": {"x": 2}}), library)


@pytest.mark.parametrize("given", [{"x": "1e309"}, {"x": "1/1e310"}])
def test_values_that_are_no_floats_are_not_compared(given: dict[str, str]) -> None:
    assert "_compare" not in written(exercise_from({"expression": "f = x*x", "values": given}))
