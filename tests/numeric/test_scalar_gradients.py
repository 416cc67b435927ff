"""The gradients that stand on the wires of a figure."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.numeric.scalar_gradients import flow, is_scalar
from gradcalc.report.figure import sketch
from helpers.pictures import exercise


@pytest.mark.parametrize(
    "name",
    [
        "ex1",
        "ex2",
        "ex2-gates",
        "diamond-chain",
        "gru-cell-scalar",
        "relu-kink",
        "max-tie",
        "several-outputs",
    ],
)
def test_the_float_gradients_are_those_of_the_solution(name: str) -> None:
    solution = solve(exercise(name))
    graph = solution.graph
    found = flow(graph, solution.inputs)
    for by, gradient in solution.gradients.items():
        got = found.gradients[graph.names[by]]
        assert got == pytest.approx(gradient.value, abs=1e-9) or (
            got is None and gradient.value == 0
        )


def test_shares_add_up_to_the_gradient() -> None:
    solution = sketch(exercise("lstm-cell-scalar"))
    graph = solution.graph
    assert is_scalar(graph)
    found, names = flow(graph, solution.inputs), frozenset(graph.names.values())
    total = dict.fromkeys(graph.names.values(), 0.0)
    for name in graph.quantities:
        for source, share in found.shares(graph.names[name], names).items():
            total[source] += share or 0.0
    for name in graph.inputs:
        assert total[graph.names[name]] == pytest.approx(found.gradients[graph.names[name]])
