"""Exported NumPy gradients of a network on a batch, beside hand-written NumPy and `jax.grad`.

`python -m benchmarks.code` prints a line per batch size.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import clock

EXERCISE = {
    "title": "A network with two hidden layers, on a batch",
    "expression": {
        "z1": "W1 @ x + b1", "a1": "relu(z1)", "z2": "W2 @ a1 + b2", "a2": "relu(z2)", "s": "W3 @ a2 + b3",
        "L": "-sum(y * log_softmax(s))", "J": "1/m * sum(L, i)",
    },
    "examples": {"i": "m"},
    "variables": {
        "x": {"shape": ["D", 1], "each": "i", "assume": "constant"},
        "y": {"shape": ["K", 1], "each": "i", "assume": ["onehot", "constant"]},
        "W1": ["H", "D"], "b1": ["H", 1], "W2": ["H", "H"], "b2": ["H", 1], "W3": ["K", "H"], "b3": ["K", 1],
    },
    "sizes": {"D": 3, "H": 4, "K": 2, "m": 5},
    "seed": 1,
    "questions": ["dJ/dW1"],
}  # fmt: skip
BATCHES = (
    (32, 64, 16),
    (128, 256, 64),
    (512, 784, 128),
)  # examples, inputs, hidden units; ten classes


def exported() -> Callable[..., Any]:
    """The `gradients` of the module that gradcalc writes."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "mlp.yaml", Path(folder) / "mlp.py"
        source.write_text(json.dumps(EXERCISE), "utf-8")  # JSON is YAML
        done = clock.process(
            [
                sys.executable,
                "-m",
                "gradcalc",
                "export",
                str(source),
                "--to",
                "numpy",
                "-o",
                str(target),
            ]
        )
        if done.code:
            raise RuntimeError(f"export failed with exit code {done.code}")
        spec = importlib.util.spec_from_file_location("exported", target)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found: Callable[..., Any] = module.gradients
    return found


def by_hand(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> dict[str, Any]:
    """As one would write it."""
    import numpy as np

    m = x.shape[1]
    z1 = W1 @ x + b1
    a1 = np.maximum(z1, 0)
    z2 = W2 @ a1 + b2
    a2 = np.maximum(z2, 0)
    s = W3 @ a2 + b3
    e = np.exp(s - s.max(axis=0))
    p = e / e.sum(axis=0)
    ds = (p - y) / m
    dz2 = (W3.T @ ds) * (z2 > 0)
    dz1 = (W2.T @ dz2) * (z1 > 0)
    return {
        "W1": dz1 @ x.T, "b1": dz1.sum(axis=1, keepdims=True), "W2": dz2 @ a1.T, "b2": dz2.sum(axis=1, keepdims=True),
        "W3": ds @ a2.T, "b3": ds.sum(axis=1, keepdims=True),
    }  # fmt: skip


def with_jax() -> Callable[..., Any] | None:
    """The compiled gradient of the loss in JAX, in double precision; None where there is no JAX."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    import jax.numpy as jnp

    def loss(weights: dict[str, Any], x: Any, y: Any) -> Any:
        a1 = jnp.maximum(weights["W1"] @ x + weights["b1"], 0)
        a2 = jnp.maximum(weights["W2"] @ a1 + weights["b2"], 0)
        s = weights["W3"] @ a2 + weights["b3"]
        return -jnp.sum(y * jax.nn.log_softmax(s, axis=0)) / x.shape[1]

    gradient = jax.jit(jax.grad(loss))

    def run(x: Any, y: Any, **weights: Any) -> Any:
        return jax.block_until_ready(gradient(weights, x, y))

    return run


def repeated(work: Callable[..., Any], values: dict[str, Any], times: int) -> None:
    for _ in range(times):
        work(**values)


if __name__ == "__main__":
    import numpy as np

    peers: dict[str, Callable[..., Any] | None] = {
        "by hand": by_hand,
        "gradcalc": exported(),
        "jax.grad": with_jax(),
    }
    clock.say(loaded=True)
    for m, d, h in BATCHES:
        rng = np.random.default_rng(1)
        values = {
            "x": rng.normal(size=(d, m)), "y": np.eye(10)[:, rng.integers(10, size=m)],
            "W1": rng.normal(size=(h, d)) / d**0.5, "b1": np.zeros((h, 1)), "W2": rng.normal(size=(h, h)) / h**0.5,
            "b2": np.zeros((h, 1)), "W3": rng.normal(size=(10, h)) / h**0.5, "b3": np.zeros((10, 1)),
        }  # fmt: skip
        want = by_hand(**values)
        right = {}
        for name, work in peers.items():
            if work is not None:
                got = work(**values)  # compiles, where something is compiled
                right[name] = all(
                    np.allclose(got[key], value, rtol=1e-9, atol=1e-12)
                    for key, value in want.items()
                )
        times: dict[str, list[float]] = {
            name: [] for name, work in peers.items() if work is not None
        }
        for _ in range(40):
            for name in times:
                work = peers[name]
                assert work is not None
                seconds, _ = clock.timed(repeated, work, values, 10 if m < 100 else 3, most=1)
                times[name].append(seconds)
        ratios = {
            name: median(
                own / base for own, base in zip(times[name], times["by hand"], strict=True)
            )
            for name in times
        }
        clock.say(
            m=m,
            d=d,
            h=h,
            seconds={name: median(taken) / (10 if m < 100 else 3) for name, taken in times.items()},
            ratio=ratios,
            right=right,
        )
