"""Exported modules in tests: written to a file and imported from there, as a user would."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from gradcalc.codegen import code
from gradcalc.exercise.load import exercise_from
from gradcalc.exercise.model import Exercise
from gradcalc.graph.build import build


def written(exercise: Exercise, to: str = "numpy") -> str:
    """The text of the module of an exercise."""
    return code(build(exercise), to)


def imported(text: str, folder: Path) -> Any:
    """A module from its text."""
    path = folder / "exported.py"
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location("exported", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def exported(content: dict[str, Any], folder: Path) -> Any:
    """The NumPy module of an exercise given as data."""
    return imported(written(exercise_from(content)), folder)


def agrees(module: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The module's own comparison with finite differences."""
    module._compare()
    said = capsys.readouterr().out
    assert said
    assert all("agrees" in line for line in said.splitlines()), said


def body(text: str) -> list[str]:
    """The lines of both passes without their comments."""
    inside = text[text.index("    # forward") : text.index("\n    found = {\n")]
    return [re.sub(r"  # .*", "", line).strip() for line in inside.splitlines()]
