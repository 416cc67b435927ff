"""Where exercises are evaluated: given values, drawn ones, random ones."""

from __future__ import annotations

import numpy as np
import pytest

from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.forward import Forward
from helpers.graphs import graph_of

SEEDED = """
expression: |
  z = W @ x
  l = log(det(S)) + sum(log(r)) + p[y] + sum(sqrt(q))
variables:
  W: [2, n]
  x: [n]
  S: {shape: [3, 3], assume: symmetric}
  r: {shape: [4], assume: positive}
  h: {shape: [n], assume: onehot}
  p: [5]
  q: [2]
sizes: {n: 3}
seed: 1
"""


def test_a_seed_draws_what_is_missing_where_it_is_defined() -> None:
    """The same numbers each time, two decimals, assumptions kept, the domain respected."""
    graph = graph_of(SEEDED)
    point = given_point(graph)
    assert point == given_point(graph)
    assert point.missing == ()
    found = Forward(graph, point)
    assert found.undefined == {}
    symmetric = np.array(found.lists("S"))
    assert np.array_equal(symmetric, symmetric.T)
    assert min(found.lists("r")) > 0
    assert sorted(found.lists("h")) == [0, 0, 1]
    assert found.lists("y") in range(5)
    assert all(round(100 * x) == pytest.approx(100 * x) for row in found.lists("W") for x in row)


def test_random_points_have_other_sizes_pairwise_different() -> None:
    graph = graph_of(
        SEEDED.replace("seed: 1", "examples: {i: m}").replace("W: [2, n]", "W: [d, n]")
    )
    points, reason = random_points(graph, 2)
    assert reason is None
    assert len(points) == 2
    for point in points:
        assert len(set(point.sizes.values())) == len(point.sizes)
        assert min(point.sizes.values()) >= 2
        assert Forward(graph, point).undefined == {}
    assert points[0].sizes != points[1].sizes


def test_no_point_in_the_domain_gives_a_reason() -> None:
    points, reason = random_points(graph_of("expression: f = log(-1 - x^2)\n"), 1)
    assert points == []
    assert reason is not None
    assert reason.startswith("log of -")
