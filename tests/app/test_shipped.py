"""What is shipped with the program: the schema and the exercise to start from."""

from __future__ import annotations

import json

from gradcalc.app.shipped import SCHEMA_FILE, STARTER
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.schema import (
    json_schema,
)
from helpers.paths import EXERCISES


def test_the_shipped_schema_is_the_current_one() -> None:
    assert json.loads((EXERCISES / SCHEMA_FILE).read_text("utf-8")) == json_schema()


def test_the_exercise_to_start_from_is_valid() -> None:
    exercise = parse_exercise(STARTER)
    assert exercise.warnings == ()
    assert len(exercise.questions) == 3
