"""Products of the shown factors equal the shown results, and the oracle agrees with every gradient on the way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcalc.derivation.derive_steps import derive
from gradcalc.derivation.solve import Solver
from gradcalc.exercise.load import load_exercise
from gradcalc.graph.build import build
from helpers.derivations import derivation_of, shipped_derivation
from helpers.paths import EXERCISES

SCALARS = [
    "ex1", "ex2", "ex2-gates", "diamond", "rosenbrock", "quotient-rule", "gru-cell-scalar", "vanishing-gradient",
    "reused-variable", "loss-huber", "gate-max", "second-derivative-sigmoid", "upstream-inside",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SCALARS)
def test_the_product_of_the_shown_factors_is_the_shown_result(name: str) -> None:
    found = shipped_derivation(name)
    checked = 0
    for one in found.passes:
        for step in one.steps:
            total = 0.0
            for path in step.paths:
                part = path.value if path.value is not None else step.value
                if path.through is not None:
                    upstream = 1.0 if path.upstream is None else path.upstream_value
                    assert math.isclose(
                        upstream * path.local_value, part, rel_tol=1e-12, abs_tol=1e-15
                    )
                    checked += 1
                total += part
            assert math.isclose(total, step.value, rel_tol=1e-12, abs_tol=1e-14)
    assert checked


ARRAYS = [
    "ex3",
    "batch-normalisation",
    "minibatch-network",
    "attention",
    "softmax-regression",
    "network-examples",
    "matrix-product",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ARRAYS)
def test_upstream_times_local_is_the_product_entry_by_entry(name: str) -> None:
    """The full local derivative, contracted with the upstream gradient by NumPy, against the product that is shown."""
    exercise = load_exercise(str(EXERCISES / f"{name}.yaml"))
    solver = Solver(build(exercise), "matrix", "gradient")
    found = derive(solver, solver.solution())
    graph, checked = solver.graph, 0
    for one in found.passes:
        values = {step.quantity: step.value for step in one.steps}
        for step in one.steps:
            for path in step.paths:
                if (
                    path.through is None
                    or path.upstream is None
                    or path.local is None
                    or len(step.paths) > 1
                ):
                    continue
                user, own = graph.node(path.through), graph.node(step.quantity)
                local = solver.oracle.derivative(path.through, step.quantity, local=True)
                upstream = np.asarray(values[path.through])
                if local.over:
                    upstream = np.moveaxis(upstream.reshape(-1, upstream.shape[-1]), -1, 0)
                    full = np.asarray(local.data).reshape(upstream.shape[0], upstream.shape[1], -1)
                    got = np.einsum("ik,ikp->ip", upstream, full)
                    got = got.T if own.over else got.sum(axis=0)
                elif user.over:
                    continue
                else:
                    got = upstream.reshape(-1) @ np.asarray(local.data).reshape(upstream.size, -1)
                assert np.allclose(
                    got.reshape(-1), np.asarray(step.value).reshape(-1), rtol=1e-6, atol=1e-8
                )
                checked += 1
    assert checked


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SCALARS, *ARRAYS])
def test_every_gradient_on_the_way_agrees_with_the_oracle(name: str) -> None:
    for one in shipped_derivation(name).passes:
        if one.first is None:
            assert all(step.verified is not None and step.verified.ok for step in one.steps)


@pytest.mark.slow
@pytest.mark.parametrize(
    "questions", ["d2L/dx2, d2L/dxdW", "d2L/dWdx, d2z/dx2", "'d2L/dxdW[0, 1, 2]'"]
)
@pytest.mark.parametrize("given", ["[1, -2, 3]", "G", "1"])
def test_second_derivatives_of_arrays_are_checked_step_by_step(given: str, questions: str) -> None:
    """An upstream gradient that a first derivative holds is an input of what is differentiated again."""
    text = f"""
expression: |
  y = W @ x
  z = tanh(y)
variables: {{W: [n, n], x: [n]}}
upstream: {{dL/dz: {given}}}
sizes: {{n: 3}}
seed: 1
questions: [{questions}]
"""
    again = [one for one in derivation_of(text).passes if one.first is not None]
    assert again
    for one in again:
        assert all(step.verified is not None and step.verified.ok for step in one.steps)
        assert all(path.rules for step in one.steps for path in step.paths)
