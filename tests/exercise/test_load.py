"""Exercises from files, from text and from Python data; any file is read or refused."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcalc.app.console import describe
from gradcalc.exercise.load import exercise_from, load_exercise, parse_exercise
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import Neg, Num, unparse
from helpers.mistakes import refusals
from helpers.paths import SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_exercises_are_read_without_a_warning(path: Path) -> None:
    assert load_exercise(str(path)).warnings == ()


def test_an_exercise() -> None:
    exercise = parse_exercise(
        "title: T\nexpression: |\n  q = x + y\n  f = q * z  # last\nvariables: [x, y, z]\n"
        "values: {x: -2, y: 5, z: 1/3}\nupstream: {dL/df: 1}\nquestions: [df/dq, delta = dL/dx]\n",
        "e.yaml",
    )
    assert [definition.name for definition in exercise.definitions] == ["q", "f"]
    assert exercise.inputs == ("x", "y", "z")
    assert exercise.values["x"] == Neg(Num(Fraction(2)))
    assert unparse(exercise.values["z"]) == "1/3"  # type: ignore[arg-type]
    assert (exercise.loss, exercise.upstream[0].of) == ("L", "f")
    first, second = exercise.questions
    assert (first.text, first.kind, first.of, first.by, first.name, first.loss) == (
        "df/dq",
        "derivative",
        "f",
        ("q",),
        None,
        False,
    )
    assert (second.text, second.of, second.name, second.loss) == ("dL/dx", "L", "delta", True)
    place = exercise.definitions[1].place
    assert place is not None
    assert (place.line, place.column) == (4, 3)


def test_from_python_data() -> None:
    exercise = exercise_from(
        {"expression": ["q = x", "f = q*w"], "values": {"x": -0.5, "w": [1, 2]}, "seed": 3}
    )
    assert unparse(exercise.values["x"]) == "-0.5"  # type: ignore[arg-type]
    assert exercise.seed == 3
    assert exercise_from({"expression": "w", "values": {"w": np.eye(2)}}).values == exercise_from(
        {"expression": "w", "values": {"w": [[1.0, 0.0], [0.0, 1.0]]}}
    ).values  # fmt: skip
    with pytest.raises(GradcalcError) as caught:
        exercise_from({"expression": "x", "values": {"x": float("inf")}, "colour": None})
    assert [problem.slug for problem in caught.value.problems] == ["key", "number"]


def test_files_that_cannot_be_read() -> None:
    for path in ("no/such/file.yaml", "a\0b", str(Path(__file__).parent)):
        with pytest.raises(GradcalcError) as caught:
            load_exercise(path)
        assert caught.value.problems[0].message.startswith("cannot read this file: ")


PIECES = [
    "expression:", "variables:", "values:", "upstream:", "questions:", "indices:", "examples:", "notation:", "vary:", "sizes:",
    " ", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", ": ", "x", "f = ", "x + y", "p[k]", "g(t) = ", "df/dx", "d2f/dx2", "dL/df",
    "1", "-0.5", "1e9", "'", '"', "|", ">", "*", "&a", "!!t", "#", "\t", "\\u202e", "\0", "é", "each: i", "shape:", "function: 1",
    "digits: 4", "integers: [1, 2]", "require:", "ask:", "~", "<<", "2024-01-01", "$\\x$", "---", "(", ")",
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
    | st.text(max_size=60)
    | st.binary(max_size=60)
)
def test_any_file_is_read_or_refused(text: str | bytes) -> None:
    """Only GradcalcError leaves the reader, and every problem has its place."""
    for problem in refusals(text):
        assert describe(problem).startswith("e.yaml:")
        assert len(describe(problem).split("\n")) <= 3


def test_damaged_exercises_are_read_or_refused() -> None:
    """Shipped exercises with characters dropped, doubled and swapped."""
    chance = random.Random(1)
    for path in SHIPPED[:40]:
        text = path.read_text("utf-8")
        for _ in range(5):
            at = chance.randrange(len(text))
            piece = chance.choice(PIECES)
            damaged = (
                text[:at]
                + chance.choice(["", piece, text[at : at + 2] * 2])
                + text[at + chance.randrange(3) :]
            )
            assert all(describe(problem).startswith("e.yaml:") for problem in refusals(damaged))
