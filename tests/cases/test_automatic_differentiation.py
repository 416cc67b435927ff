"""Opt-in, where PyTorch or JAX is installed: exported gradients against automatic differentiation, on all exercises."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcalc.exercise.load import load_exercise, parse_exercise
from helpers.exported_code import imported, written
from helpers.paths import EXERCISES

# |x| at 0 has derivative 1 in JAX; here, and in PyTorch, it is 0.
OTHER_CONVENTION = {("jax", "relu-kink")}


LIBRARIES = [name for name in ("torch", "jax") if importlib.util.find_spec(name) is not None]


if not LIBRARIES:
    pytest.skip("neither PyTorch nor JAX is installed", allow_module_level=True)


def names() -> list[str]:
    found = []
    for path in sorted(EXERCISES.glob("*.yaml")):
        if not load_exercise(str(path)).unknown_functions:
            found.append(path.stem)
    return found


@pytest.mark.parametrize("to", LIBRARIES)
@pytest.mark.parametrize("name", names())
def test_gradients_agree_with_automatic_differentiation(to: str, name: str, tmp_path: Path) -> None:
    library = pytest.importorskip(to)
    if (to, name) in OTHER_CONVENTION:
        pytest.skip("another convention at a kink")
    if to == "jax":
        library.config.update("jax_enable_x64", True)
    module = imported(written(load_exercise(str(EXERCISES / f"{name}.yaml")), to), tmp_path)
    given = module.VALUES
    found = module.gradients(**given)
    inputs = {name: module._array(given, name) for name in found}
    wanted = by_torch(library, module, inputs) if to == "torch" else by_jax(library, module, inputs)
    for word, gradient in found.items():
        assert tuple(gradient.shape) == tuple(inputs[word].shape)
        want = np.zeros(gradient.shape) if wanted[word] is None else np.asarray(wanted[word])
        np.testing.assert_allclose(
            np.asarray(gradient),
            want,
            rtol=1e-9,
            atol=1e-12 * max(1.0, float(np.abs(want).max(initial=0))),
        )


@pytest.mark.parametrize("to", LIBRARIES)
def test_numbers_keep_their_sixteen_digits(to: str, tmp_path: Path) -> None:
    if to == "jax":
        pytest.importorskip(to).config.update("jax_enable_x64", True)
    module = imported(written(parse_exercise("expression: f = x*y"), to), tmp_path)
    assert float(module.forward(x=0.1, y=1)["f"]) == 0.1


def loss(module: Any, inputs: dict[str, Any]) -> Any:
    """The loss behind the upstream gradients: Σ upstream · quantity."""
    values = {**module.VALUES, **inputs}
    forward = module.forward(**values)
    return sum(
        (forward[of] * module._array(values, name, default=1.0)).sum()
        for of, name in module.LOSS.items()
    )


def by_torch(torch: Any, module: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    leaves = {name: value.clone().requires_grad_(True) for name, value in inputs.items()}
    total = loss(module, leaves)
    if not total.requires_grad:
        return dict.fromkeys(leaves)
    return dict(
        zip(
            leaves,
            torch.autograd.grad(total, list(leaves.values()), allow_unused=True),
            strict=True,
        )
    )


def by_jax(jax: Any, module: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = jax.grad(lambda values: loss(module, values))(inputs)
    return found
