"""The spelling of NumPy, PyTorch and JAX."""

from __future__ import annotations

import ast

import pytest

from gradcalc.exercise.load import load_exercise
from helpers.exported_code import body, written
from helpers.paths import EXERCISES


def test_the_module_needs_numpy_alone() -> None:
    tree = ast.parse(written(load_exercise(str(EXERCISES / "ex3.yaml"))))
    assert [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ] == ["import numpy as np"]


@pytest.mark.parametrize("to", ["numpy", "torch", "jax"])
def test_the_three_libraries_differ_in_spelling_alone(to: str) -> None:
    """Same names, same number of lines in both passes; all of it is Python."""
    exercise = load_exercise(str(EXERCISES / "ex3.yaml"))
    text, plain = written(exercise, to), written(exercise)
    ast.parse(text)
    left = [line.split(" = ")[0] for line in body(text)]
    assert left == [line.split(" = ")[0] for line in body(plain)]
