"""Shifted and scaled indices: what they deduce of sizes, and what is refused, with its cure."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError
from gradcalc.language.index_places import IndexPlace, index_place
from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import Size

VECTORS = {"x": ["n"], "k": ["m"]}


@pytest.mark.parametrize(
    ("line", "content", "name", "shape"),
    [
        ("c[t] = sum(k[s]*x[t + s], s)", {"variables": VECTORS}, "c", "[n - m + 1]"),
        ("c[t] = sum(k[s]*x[t + s], s)", {"variables": {"k": ["m"]}, "indices": {"t": "p"}}, "x", "[m + p - 1]"),
        ("c[t] = sum(k[s]*x[t + s], s)", {"variables": {"x": ["n"], "k": ["m"], "c": ["n - m + 1"]}}, "c", "[n - m + 1]"),
        ("d[t] = x[t + 1] - x[t]", {"variables": {"x": ["n"]}}, "d", "[n - 1]"),
        ("d[t] = x[t + 2] - 2*x[t + 1] + x[t]", {"variables": {"x": ["n"]}}, "d", "[n - 2]"),
        ("r[t] = x[t + 1] - u[t]", {"variables": {"u": ["n"]}}, "x", "[n + 1]"),
        ("c[t] = sum(k[s]*x[2*t + s], s)", {"variables": {"x": [7], "k": [2]}}, "c", "[3]"),
        ("c[t] = sum(k[s]*x[2*t + s], s)", {"values": {"k": [1, 2]}, "indices": {"t": 3}}, "x", "[6]"),
        ("c[t] = sum(k[s]*x[t - s + 2], s)", {"variables": {"x": [6]}, "indices": {"s": 3}}, "c", "[4]"),
        ("c[t] = sum(k[s]*x[t + s], s)", {"values": {"x": [1, 2, 3, 4], "k": [1, 2]}}, "c", "[3]"),
        ("Y[i, j] = sum(K[a, b]*X[i + a, j + b], a, b)", {"variables": {"X": ["h", "w"], "K": [2, 3]}}, "Y", "(h - 1)×(w - 2)"),
        ("c = conv(x, k)", {"variables": VECTORS}, "c", "[n - m + 1]"),
    ],
)  # fmt: skip
def test_sizes_are_deduced(line: str, content: dict[str, Any], name: str, shape: str) -> None:
    from gradcalc.language.shape_rules import show

    graph = build(exercise_from({"expression": line, **content}))
    assert show(graph.node(name).shape) == shape


@pytest.mark.parametrize(
    ("line", "content", "message", "hint"),
    [
        (
            "d[t] = x[t] - x[t - 1]", {"variables": {"x": ["n"]}},
            "`x[t - 1]`: t runs from 0 to n - 1, so `t - 1` begins at -1, before entry 0", "shift the others instead: x[t + 1] and x[t] for x[t] and x[t - 1]",
        ),
        (
            "d[t] = x[2*t + 1]", {"variables": {"x": ["n"]}, "indices": {"t": "n"}},
            "`x[2*t + 1]`: t runs from 0 to n - 1, so axis 0 of x needs 2*n entries; it has n", "declare no range for an index and no shape for x, and it is deduced",
        ),
        (
            "f = sum(x[t*s], t, s)", {"variables": {"x": ["n"]}, "indices": {"t": "n", "s": "n"}},
            "`t*s` is no sum of indices", "an index may be shifted and scaled by a whole number: x[t + s], x[2*t + 1]",
        ),
    ],
)  # fmt: skip
def test_a_place_beyond_the_axis_is_refused(
    line: str, content: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(GradcalcError) as caught:
        build(exercise_from({"expression": line, **content}))
    assert [(problem.message, problem.hint) for problem in caught.value.problems] == [
        (message, hint)
    ]


def test_a_kernel_that_is_too_long() -> None:
    with pytest.raises(GradcalcError) as caught:
        build(exercise_from({"expression": "c = conv(x, k)", "variables": {"x": [2], "k": [3]}}))
    (problem,) = caught.value.problems
    assert problem.message.endswith("the kernel is longer: [3] does not fit into [2]")


def test_places() -> None:
    """What is read between brackets; None for what holds no index."""
    indices = {"s", "t"}
    assert index_place(parse("2*t + s - 1 + n"), indices) == IndexPlace(
        (("t", 2), ("s", 1)), Size.of("n") - 1
    )
    assert index_place(parse("-(t - s)"), indices) == IndexPlace((("t", -1), ("s", 1)), Size.of(0))
    assert index_place(parse("n - 1"), indices) is None
    assert index_place(parse("y[t]"), indices) is None
