"""Places at which answers are compared."""

from __future__ import annotations

from typing import Any

from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.language.parser import unparse
from gradcalc.marking.points import Places


def places(expression: str, **more: Any) -> Places:
    return Places(build(exercise_from({"expression": expression, **more})))


def numbers(of: Places, name: str) -> list[float]:
    found = []
    for place in of:
        sign, _, rest = unparse(place.point.values[name]).rpartition("-")
        top, _, bottom = rest.partition("/")
        found.append(
            (-1 if "-" in unparse(place.point.values[name]) else 1) * int(top) / int(bottom)
        )
        assert sign == ""
    return found


def test_some_lie_far_out_on_both_sides_and_some_near() -> None:
    found = numbers(places("f = x^2"), "x")
    assert sum(x > 50 for x in found) >= 2
    assert sum(x < -50 for x in found) >= 2
    assert sum(abs(x) < 3 for x in found) >= 3
    assert all(abs(x) <= 500 for x in found)


def test_they_lie_in_the_domain() -> None:
    assert all(x > 0 for x in numbers(places("f = log(x)"), "x"))
    assert all(0 < x < 1 for x in numbers(places("f = log(x) + log(1 - x)"), "x"))
    assert len(list(places("f = logdet(X)", variables={"X": ["n", "n"]}))) >= 8


def test_they_meet_assumptions() -> None:
    of = places("f = y @ x", variables={"y": {"shape": ["k"], "assume": "onehot"}, "x": ["k"]})
    for place in of:
        entries = sorted(unparse(entry) for entry in place.point.values["y"])  # type: ignore[union-attr]
        assert entries == ["0"] * (len(entries) - 1) + ["1"]


def test_without_a_domain_there_are_none() -> None:
    of = places("f = log(-1 - x^2)")
    assert list(of) == []
    assert "undefined" in of.reason


def test_they_are_the_same_in_every_run() -> None:
    one, two = (places("f = x*y") for _ in range(2))
    assert [place.point.values for place in one] == [place.point.values for place in two]
