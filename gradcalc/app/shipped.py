"""The exercises that come with the program: in the wheel beside the code, in a checkout beside the package."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gradcalc.language.errors import GradcalcError, Problem, closest
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
    """A shipped exercise, with the line that tells editors its schema. Raises GradcalcError for one there is not."""
    word = name.removesuffix(".yaml")
    if word not in titles():
        near = closest(word, titles())
        hint = f"did you mean {near}?" if near else f"there are {', '.join(titles())}"
        raise GradcalcError(
            Problem("exercise", f"no shipped exercise is called `{shown(name)}`", None, hint)
        )
    return with_modeline((folder() / f"{word}.yaml").read_text("utf-8"))


def with_modeline(text: str) -> str:
    """The text of an exercise with the line on top that tells editors its schema."""
    return text if text.startswith("# yaml-language-server:") else MODELINE + text
