"""Where exercises are evaluated: given values, drawn ones, random ones."""

from __future__ import annotations

import time

import numpy as np
import pytest

import gradcalc
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


KINKED = [
    "max(c, c)",
    "min(outer(u, w), outer(w, u).T)",
    "where(A > A, A*A, A)",
    "norm(vec(outer(u, w)) - vec(outer(u, w)))",
    "abs(relu(-c^2 - 1))",
    "max(sqrt(1 + c^2), sqrt(c^2 + 1))",
]


@pytest.mark.parametrize("always", KINKED)
def test_a_kink_that_no_value_avoids_costs_few_points(always: str) -> None:
    """The other quantities are still compared at it: the search does not go on for ever, which
    took half a minute.
    """
    text = f"""
expression: |
  p = {always}
  q = sum(log(u)) + sum(A^2) + c
  f = norm(inv(A @ A + 20*A))
variables: {{c: [], u: [n], w: [n], A: [n, n]}}
questions: [dq/du, dq/dA]
"""
    started = time.process_time()
    graph = graph_of(text)
    points, reason = random_points(graph, 2, smooth=False)
    assert reason is None
    assert [len(point.values) for point in points] == [4, 4]
    assert all(Forward(graph, point).undefined == {} for point in points)
    assert random_points(graph, 2)[0] == []
    answers = gradcalc.solve(gradcalc.parse_exercise(text)).answers
    assert [answer.verified and answer.verified.ok for answer in answers] == [True, True]
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "nowhere", ["sum(log(-1 - A^2))", "asin(2 + sum(abs(A)))", "log(-norm(A @ B)) + sum(u)"]
)
def test_where_one_quantity_is_defined_nowhere_the_others_are_compared(nowhere: str) -> None:
    """Within seconds: sizes are not tried for ever, which took 12 s."""
    text = f"""
expression: |
  q = sum(log(u)) + sum(A^2) + sum(B)
  f = {nowhere}
variables: {{u: [n], A: [n, n], B: [n, m]}}
questions: [dq/du, dq/dA, df/dA]
"""
    started = time.process_time()
    answers = gradcalc.solve(gradcalc.parse_exercise(text)).answers
    assert [answer.verified and answer.verified.ok for answer in answers] == [True, True, None]
    assert "is undefined (in" in str(answers[2].verified)
    assert random_points(graph_of(text), 2)[0] == []
    assert time.process_time() - started < 4
