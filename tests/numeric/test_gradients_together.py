"""All gradients at once: right ones agree, and a single entry that is off by 0.05 % is noticed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.solve import Solver, solve
from gradcalc.exercise.load import exercise_from
from gradcalc.exercise.model import Question
from gradcalc.graph.build import build
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import parse
from gradcalc.language.tree import Binary
from gradcalc.numeric.oracle import FEW, Claim, Oracle
from gradcalc.numeric.scalar_gradients import through
from gradcalc.numeric.tensor import Tensor


def chain(length: int) -> dict[str, Any]:
    """A chain of sigmoids with a weight each: the first gradients are 4^-length of the last."""
    lines = ["a0 = x", *(f"a{k} = sigmoid(w{k}*a{k - 1})" for k in range(1, length + 1))]
    weights = {f"w{k}": (-1) ** k * (0.5 + k / length) for k in range(1, length + 1)}
    return {"expression": lines, "values": {"x": 0.5, **weights}}


def network(depth: int) -> dict[str, Any]:
    """Layers of three sizes by turns, drawn values."""
    variables: dict[str, Any] = {"x": ["n0"]}
    lines = []
    for k in range(1, depth + 1):
        lines.append(f"h{k} = tanh(W{k} @ {f'h{k - 1}' if k > 1 else 'x'} + b{k})")
        variables[f"W{k}"], variables[f"b{k}"] = [f"n{k % 3}", f"n{(k - 1) % 3}"], [f"n{k % 3}"]
    lines.append(f"f = sum(h{depth}^2)")
    sizes = {"n0": 2, "n1": 3, "n2": 4}
    return {"expression": lines, "variables": variables, "sizes": sizes, "seed": 1}


def examples() -> dict[str, Any]:
    """A mean over four examples."""
    return {
        "expression": "f = mean((w @ x + b - y)^2, i)",
        "variables": {
            "w": ["d"], "b": [], "x": {"shape": ["d"], "each": "i"}, "y": {"shape": [], "each": "i"}
        },
        "sizes": {"d": 3}, "examples": {"i": 4}, "seed": 3,
    }  # fmt: skip


CASES = {"chain": chain(50), "network": network(5), "examples": examples()}


def found(content: dict[str, Any]) -> tuple[Oracle, str, dict[str, Tensor]]:
    """The oracle, the output, and the gradients at the inputs, over the examples."""
    exercise = exercise_from(content)
    graph = build(exercise)
    oracle, gradients = Oracle(graph), {}
    for name, gradient in solve(exercise).gradients.items():
        assert gradient.verified is None or gradient.verified.ok
        value = np.asarray(gradient.value, dtype=float)
        over = graph.node(name).over
        data = np.moveaxis(value, -1, 0) if over else value
        gradients[name] = Tensor(data if data.ndim else float(data), over)
    return oracle, graph.outputs[-1], gradients


@pytest.mark.parametrize("case", CASES)
def test_right_gradients_agree(case: str) -> None:
    """And the sentence says how they were compared."""
    oracle, of, gradients = found(CASES[case])
    verified = oracle.together(of, gradients)
    assert verified is not None
    assert verified.ok
    assert "all gradients at once" in verified.method


@pytest.mark.parametrize("case", CASES)
def test_one_entry_that_is_off_is_noticed(case: str) -> None:
    """By 0.05 % of itself, also where it is 10^-30 of the others; each input by turns."""
    oracle, of, gradients = found(CASES[case])
    sizes = [np.abs(np.asarray(g.data)).max() for g in gradients.values()]
    assert case != "chain" or min(sizes) < 1e-20 * max(sizes)
    for name, gradient in gradients.items():
        data = np.array(gradient.data, dtype=float)
        data.flat[-1] *= 1.0005
        wrong = Tensor(data if data.ndim else float(data), gradient.over)
        assert oracle.together(of, {**gradients, name: wrong}) is None, name


def test_a_zero_that_is_none_is_noticed() -> None:
    """A gradient of 0 where the true one is 10^-8 of another."""
    oracle, of, gradients = found({"expression": "f = a*10^8 + b", "values": {"a": 1, "b": 2}})
    assert oracle.together(of, gradients) is not None
    assert oracle.together(of, {**gradients, "b": Tensor(0.0)}) is None


def test_gradients_of_other_axes_are_not_compared_at_once() -> None:
    """Their displacements would have no meaning."""
    oracle, of, gradients = found(CASES["network"])
    (name, first), *_ = gradients.items()
    squeezed = Tensor(np.asarray(first.data).reshape(-1))
    if squeezed.data.shape == np.shape(first.data):
        squeezed = Tensor(squeezed.data[:, None])
    assert oracle.together(of, {**gradients, name: squeezed}) is None


def claims(content: dict[str, Any]) -> tuple[Oracle, str, dict[str, tuple[Claim, Tensor | None]]]:
    """The derivatives of the output by every quantity and every input, with their numbers."""
    graph = build(exercise_from(content))
    solver, of = Solver(graph, "matrix", "gradient"), graph.outputs[-1]
    made = {}
    for by in (*graph.quantities, *graph.inputs):
        if by != of:
            one = solver.evaluated_answer(Question(f"d{of}/d{by}", "derivative", of, (by,)))
            made[by] = solver.claim(one.answer), one.tensor
    return solver.oracle, of, made


@pytest.mark.parametrize("case", ["chain", "shared"])
def test_the_derivative_that_is_wrong_is_found_among_all(case: str) -> None:
    """At quantities too; of 0.05 %, and where it is 10^-30 of the others. All others are right."""
    content = chain(50)
    if case == "shared":
        content = {
            "expression": ["a0 = x", *(f"a{k + 1} = sin(w*a{k}) + a{k}*u" for k in range(40))],
            "values": {"x": 0.3, "w": 0.7, "u": 0.4},
        }
    oracle, of, made = claims(content)
    right = oracle.all_together(of, made)
    assert right.keys() == made.keys()
    assert all(verified.ok and "at once" in verified.method for verified in right.values())
    for name in list(made)[::7]:
        claim, tensor = made[name]
        assert tensor is not None
        for off in (
            (claim, Tensor(tensor.data * 1.0005)),
            (replace(claim, expr=Binary("*", claim.expr, parse("1.0005"))), tensor),
        ):
            found = oracle.all_together(of, {**made, name: off})
            assert name not in found
            assert len(made) - len(found) <= FEW


@pytest.mark.slow
def test_one_node_of_ten_thousand_that_is_off_is_noticed() -> None:
    """By 0.05 %, in the comparison of all at once; the first gradients are 10^-200 of the last."""
    lines = ["a0 = x", *(f"a{k} = sin(w{k % 7}*a{k - 1})" for k in range(1, 10_000))]
    values = {"x": 0.5, **{f"w{k}": 0.945 + k / 1000 for k in range(7)}}
    graph = build(exercise_from({"expression": lines, "values": values}))
    oracle, of = Oracle(graph), graph.outputs[-1]
    inputs = {graph.names[name]: float(oracle.given[name].data) for name in graph.inputs}
    flow = through(graph.nodes, inputs, {graph.names[of]: 1.0}).gradients
    names = (name for name in graph.names if name != of)
    found = {name: Tensor(float(flow[graph.names[name]] or 0)) for name in names}
    assert abs(found["a1"].data) < 1e-200
    assert oracle.together(of, found) is not None
    wrong = {**found, "a2": Tensor(found["a2"].data * 1.0005)}
    assert oracle.together(of, wrong) is None
