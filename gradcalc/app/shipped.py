"""The exercises that come with the program: in the wheel beside the code, in a checkout beside
the package.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gradcalc.exercise.files import read_bytes
from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.language.errors import GradcalcError, Place, Problem, closest
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.tokens import shown

SCHEMA_FILE = "exercise.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"

STARTER = """\
title: A first exercise
expression: |
  q = x + y
  f = q * z
variables: [x, y, z]
values: {x: -2, y: 5, z: -4}
upstream: 1                 # the gradient of the loss L at f
questions:
  - df/dq
  - df/dx
  - dL/dx
"""


def folder() -> Traversable:
    """Where the shipped exercises are."""
    packed = files("gradcalc") / "shipped_exercises"
    return packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "exercises"


def titles() -> tuple[str, ...]:
    """The names of the shipped exercises, without `.yaml`."""
    try:
        return tuple(
            sorted(item.name[:-5] for item in folder().iterdir() if item.name.endswith(".yaml"))
        )
    except OSError:
        return ()


def exercise_text(name: str) -> str:
    """A shipped exercise, with the line that tells editors its schema. Raises GradcalcError for
    one there is not.
    """
    word = name.removesuffix(".yaml")
    if word not in titles():
        raise GradcalcError(
            Problem(
                "exercise", f"there is no shipped exercise `{shown(name)}`", None, _nearest(word)
            )
        )
    return with_modeline((folder() / f"{word}.yaml").read_text("utf-8"))


def _nearest(word: str) -> str:
    """The shipped exercises whose names are alike or hold the same word; else how to list them."""
    parts = {part for part in re.split(r"[-_ ]", word.lower()) if len(part) > 2}
    alike = [name for name in titles() if parts & set(name.split("-")) or word.lower() in name]
    alike = list(dict.fromkeys([*filter(None, [closest(word, titles())]), *alike]))[:5]
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    return "run 'gradcalc new --list' for all of them"


def shipped_titles() -> Iterator[tuple[str, str]]:
    """Name and title of every shipped exercise."""
    for name in titles():
        text = (folder() / f"{name}.yaml").read_text("utf-8")
        found = re.search(r"^title:\s*(.+)$", text, re.MULTILINE)
        yield name, found[1].strip("'\"") if found else ""


def open_exercise(name: str) -> Exercise:
    """A file, `-`, or a shipped exercise by its name, where there is no such file. Raises
    GradcalcError.
    """
    return parse_exercise(exercise_bytes(name), "<stdin>" if name == "-" else name)


def exercise_bytes(name: str) -> bytes:
    """What stands in it. Raises GradcalcError."""
    word = name.removesuffix(".yaml")
    if name == "-" or os.path.lexists(name):
        return read_bytes(name)
    if word in titles():
        return (folder() / f"{word}.yaml").read_bytes()
    try:
        return read_bytes(name)
    except GradcalcError as error:
        near = closest(word, titles()) if "/" not in name else None
        if near is None or error.problems[0].slug != "file":
            raise
        hint = f"did you mean the shipped exercise {near}?"
        raise GradcalcError(replace(error.problems[0], hint=hint)) from None


def exercise_files(paths: Sequence[str]) -> list[str]:
    """The paths, with the exercises in a folder, and in those in it, in its place. Raises
    GradcalcError for an empty one.
    """
    found: list[str] = []
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            found.append(path)
            continue
        inside: list[str] = []
        for place, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside += (
                os.path.normpath(os.path.join(place, name))
                for name in sorted(names)
                if name.endswith((".yaml", ".yml")) and not name.startswith(".")
            )
        if not inside:
            message = "there is no .yaml file in this folder"
            raise GradcalcError(Problem("file", message, Place(path, 0, 0)))
        found += inside
    return found


def with_modeline(text: str) -> str:
    """The text of an exercise with the line on top that tells editors its schema."""
    return text if text.startswith("# yaml-language-server:") else MODELINE + text
