"""A file, YAML text or Python data to an Exercise, and an exercise with other values."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradcalc.exercise.model import Exercise
from gradcalc.exercise.overrides import read_setting
from gradcalc.exercise.reader import read_exercise
from gradcalc.exercise.yaml_nodes import from_python, read_yaml
from gradcalc.language.errors import GradcalcError, Place, Problem

_MOST_BYTES = 64 * 1024 * 1024  # no text is read that would be refused for its size anyway


def parse_exercise(text: str | bytes, file: str = "<text>") -> Exercise:
    """YAML text to an exercise. Raises GradcalcError with every problem found."""

    node, problems = read_yaml(text, file)
    return read_exercise(node, file, problems)


def load_exercise(path: str) -> Exercise:
    """A file (or `-`: standard input) to an exercise."""
    try:
        if path == "-":
            if sys.stdin is None:
                raise OSError("the standard input is closed")
            return parse_exercise(sys.stdin.buffer.read(), "<stdin>")
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise GradcalcError(
            Problem("file", f"cannot be read: {reason}", Place(path, 0, 0))
        ) from None
    return parse_exercise(data, path)


def exercise_from(data: Mapping[str, Any], file: str = "<exercise>") -> Exercise:
    """The content of an exercise file as Python data: numbers may be numbers, arrays anything with `tolist`."""

    return read_exercise(from_python(data, file), file, [])


def with_set(exercise: Exercise, *settings: str) -> Exercise:
    """The exercise with other values: `x=3`, `w=[1, 1/3]`, `n=5` for a size. Raises GradcalcError."""

    for setting in settings:
        name, value = read_setting(setting, exercise)
        if name in exercise.size_names:
            exercise = replace(exercise, sizes={**exercise.sizes, name: value})
        else:
            place = Place("--set", 1, 1, setting)
            places = {**exercise.value_places, name: place}
            exercise = replace(
                exercise, values={**exercise.values, name: value}, value_places=places
            )
    return exercise
