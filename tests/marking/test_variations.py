"""A variation of an exercise is an exercise, and its derivative is that of the fault."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Num
from gradcalc.marking.variations import (
    differentiated_as,
    edited_at,
    exercise_sites,
    held,
    named_part,
    part,
    put,
    sites,
    with_slopes,
)

TEXT = """
expression: |
  h = tanh(w*x)
  f = h^2 + x
values: {w: 0.5, x: 2}
questions: [df/dx]
"""


def exercise() -> Exercise:
    return parse_exercise(TEXT, "e.yaml")


def value(varied: Exercise) -> float:
    found = solve(varied).answers[0].value
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize("text", ["a*(b + c)^2", "x[1:, 0] + where(a > 0, b, c)", "sum(u, axis=0)"])
def test_every_part_can_be_put_back(text: str) -> None:
    expr = parse(text)
    for site in sites(expr):
        assert part(expr, site.path) == site.expr
        assert put(expr, site.path, site.expr) == expr


def test_conditions_sizes_and_options_are_no_parts() -> None:
    texts = {unparse(site.expr) for site in sites(parse("where(a > b, eye(n), sum(u, axis=1))"))}
    assert texts == {
        "where(a > b, eye(n), sum(u, axis=1))",
        "a",
        "b",
        "eye(n)",
        "sum(u, axis=1)",
        "u",
    }


def test_an_operation_can_be_differentiated_as_another() -> None:
    (site,) = [s for s in exercise_sites(exercise()) if unparse(s.expr) == "tanh(w*x)"]
    left_out = edited_at(exercise(), site, differentiated_as(site.expr, parse("w*x")))
    h = 0.7615941559557649
    assert value(left_out) == pytest.approx(2 * h * 0.5 + 1)
    kept = edited_at(exercise(), site, with_slopes(site.expr, [(site.expr, parse("w*x"))]))
    assert value(kept) == pytest.approx(2 * h * h * 0.5 + 1)
    stopped = edited_at(exercise(), site, held(site.expr))
    assert value(stopped) == 1


def test_a_part_can_be_named() -> None:
    (site,) = [s for s in exercise_sites(exercise()) if unparse(s.expr) == "w*x"]
    named = named_part(exercise(), site, "z")
    assert [d.name for d in named.definitions] == ["z", "h", "f"]
    assert value(replace(named, questions=exercise().questions)) == value(exercise())


def test_a_number_held_stays_a_number() -> None:
    assert isinstance(held(parse("2")), Num)
