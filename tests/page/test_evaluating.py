"""The page computes what Python computes: every line of every shipped exercise."""

from __future__ import annotations

from functools import cache

from gradcalc.exercise.load import load_exercise
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.numeric.forward import Forward
from helpers.page import agrees, at, computation, point_of, run
from helpers.paths import SHIPPED


@cache
def exercises() -> tuple[tuple[str, Graph, Forward], ...]:
    found = []
    for path in SHIPPED:
        graph = build(load_exercise(str(path)))
        point = point_of(graph)
        if point is not None:
            found.append((path.stem, graph, Forward(graph, point)))
    return tuple(found)


def test_every_line_has_the_same_value() -> None:
    cases = [["values", computation(graph), at(graph, f.point)] for _, graph, f in exercises()]
    lines = 0
    for (name, graph, forward), answers in zip(exercises(), run(cases), strict=True):
        for quantity, answer in zip(graph.quantities, answers, strict=True):
            lines += 1
            if quantity in forward:
                tensor = forward[quantity]
                assert agrees(answer, tensor.data, tensor.over), (name, quantity, answer)
            else:
                assert "problem" in answer, (name, quantity)
    assert lines > 400
