"""What the page gets to check answers by itself: points, right answers there, mistakes."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.exercise.source import Text
from gradcalc.language.constants import fraction
from gradcalc.language.parser import parse
from gradcalc.marking.digests import EQUAL, exact, fingerprint, weights
from gradcalc.marking.equality import written
from gradcalc.marking.marker import Marker
from gradcalc.marking.practice import Practice
from gradcalc.marking.practice_points import plain, short
from gradcalc.marking.practice_words import words
from helpers.paths import EXERCISES

RELU = {
    "expression": "z = W @ x\na = relu(z)\nf = sum(a)/n",
    "variables": {"W": ["n", "d"], "x": ["d"]},
    "questions": ["df/dz", "df/dW"],
}


@cache
def practice(name: str) -> Practice:
    found = exercise_from(RELU) if name == "relu" else load_exercise(EXERCISES / f"{name}.yaml")
    return Practice(Marker(found))


@cache
def data(name: str) -> dict[str, Any]:
    return practice(name).data()


def numbers(value: Any) -> list[Any]:
    return [n for item in value for n in numbers(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ["ex1", "relu"])
def test_points_are_the_same_in_json(name: str) -> None:
    for point, row in zip(practice(name).points, data(name)["points"], strict=True):
        for key, value in point.place.point.values.items():
            written_down = json.loads(json.dumps(row["values"][key]))
            assert plain(value) == written_down
            for number in numbers(written_down):
                assert isinstance(number, int | float)
                assert len(repr(number)) <= 10


def test_points_are_near_and_far_and_at_several_sizes() -> None:
    rows = data("relu")["points"]
    assert sum(not row.get("far") for row in rows) >= 8
    assert any(row.get("far") for row in rows)
    assert len({json.dumps(row["sizes"]) for row in rows}) >= 3
    assert any(len(set(row["sizes"].values())) == 2 for row in rows)


def test_short_decimals() -> None:
    assert fraction(short(parse("12345678/10007"), 6)) == Fraction("1233.70")
    assert plain(short(parse("-1/3"), 4)) == -0.3333
    assert plain(parse("1/3")) == "1/3"
    assert plain((parse("2"), parse("0.5"))) == [2, 0.5]


def test_right_answers_are_the_nearest_floats() -> None:
    (first, *_), points = data("ex1")["questions"], data("ex1")["points"]
    for digest, point in zip(first["right"]["digests"], points, strict=True):
        assert digest == point["values"]["z"]


def test_whole_arrays_and_their_digests_agree() -> None:
    question = data("relu")["questions"][1]
    right = question["right"]
    assert right["whole"]
    for k, row in right["whole"].items():
        shape = right["shapes"][data("relu")["points"][k]["choice"]][1]
        factors = weights([n for n in shape if n != 1], len(row))
        combined = sum(factor * entry for factor, entry in zip(factors, row, strict=True))
        assert right["digests"][k] == pytest.approx(combined, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "number", "answer"),
    [("ex1", 4, "q"), ("ex1", 4, "1"), ("ex1", 3, "f"), ("relu", 0, "a/n"), ("relu", 1, "x.T")],
)
def test_mistakes_are_those_of_marking(name: str, number: int, answer: str) -> None:
    one, question = practice(name), data(name)["questions"][number]
    typed = written(parse(answer), one.asked.places.computation, one.asked.names(number))
    places = [one.points[k].place for k in question["at"]]
    total = fingerprint(typed, places).total()
    said = [row[1] for row in question["mistakes"] if abs(row[0] - total) < EQUAL]
    told = [[slug, data(name)["sentences"][k]] for rows in said for slug, k, *_ in rows]
    expected = one.marker.mistakes(number, typed, one.marker.reader.formula(number, Text(answer)))
    assert told == [[m.slug, m.sentence] for m in expected]


def test_names_of_answers_above_have_formulas() -> None:
    own = data("ex3")["own"]
    assert own["delta3"] == {"formula": "W2"}
    assert data("ex3")["questions"][11]["names"][0] == "delta1"


def test_the_same_bytes_twice() -> None:
    again = Practice(Marker(exercise_from(RELU))).data()
    assert json.dumps(again) == json.dumps(data("relu"))


def test_what_doubles_cannot_tell_is_known() -> None:
    made = {"expression": "f = x + 1e-13", "questions": ["df/dx"]}
    assert Practice(Marker(exercise_from(made))).delicate
    assert not practice("ex1").delicate
    assert exact(practice("ex1").asked.right(3), practice("ex1").points[0].place) is not None


def test_sentences_are_data() -> None:
    json.dumps(words())
    assert (
        words()["factors"]["sign"][1] == "This is what comes out if the sign is wrong everywhere."
    )
