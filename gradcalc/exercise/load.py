"""A file, YAML text or Python data to an Exercise, and an exercise with other values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.overrides import read_setting
from gradcalc.exercise.reader import read_exercise
from gradcalc.exercise.yaml_nodes import from_python, read_yaml
from gradcalc.language.errors import Place


def parse_exercise(text: str | bytes, file: str = "<text>") -> Exercise:
    """YAML text to an exercise. Raises GradcalcError with every problem found."""

    node, problems = read_yaml(text, file)
    return read_exercise(node, file, problems)


def load_exercise(path: str) -> Exercise:
    """A file (or `-`: standard input) to an exercise."""
    return parse_exercise(read_bytes(path), "<stdin>" if path == "-" else path)


def exercise_from(data: Mapping[str, Any], file: str = "<exercise>") -> Exercise:
    """The content of an exercise file as Python data: numbers may be numbers, arrays anything
    with `tolist`.
    """

    return read_exercise(from_python(data, file), file, [])


def with_set(exercise: Exercise, *settings: str) -> Exercise:
    """The exercise with other values: `x=3`, `w=[1, 1/3]`, `n=5` for a size. Raises
    GradcalcError.
    """

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
