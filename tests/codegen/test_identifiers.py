"""Names and texts of strangers in exported code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gradcalc.exercise.load import exercise_from
from helpers.exported_code import exported, imported, written


def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Keywords, names of ours and of Python, and look-alikes that Python would take for one name."""
    content = {
        "expression": "import1 = lambda*np + class*inputs\nforward = ϕ*import1 + ﬁ*fi\nprint = forward*µ",
        "variables": ["lambda", "np", "class", "inputs", "ϕ", "ﬁ", "fi", "µ"],
    }  # fmt: skip
    module = exported(content, tmp_path)
    names = module.INPUTS
    found = module.gradients(**{name: n + 2.0 for n, name in enumerate(names)})
    value = {name: n + 2.0 for n, name in enumerate(names)}
    assert set(found) == set(names)
    assert found["lambda"] == value[names[4]] * value["np"] * value[names[7]]


EVIL = [
    'x\n"""\nraise SystemExit("injected")\n"""', "a\x0craise SystemExit(1)", "a\u2028raise SystemExit(1)", "# -*- coding: utf-7 -*-",
    "\\", '"""', "{0}{xp}", "a\r\nraise SystemExit(1)",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_text_cannot_get_into_the_code(text: str, tmp_path: Path) -> None:
    clean = ast.dump(ast.parse(written(exercise_from({"expression": "f = x^2"}))))
    exercise = exercise_from(
        {"expression": "f = x^2", "title": text, "source": text, "author": text}
    )
    found = written(exercise)
    assert ast.dump(ast.parse(found)) == clean
    assert imported(found, tmp_path).gradients(x=3.0)["x"] == 6.0
    assert "coding" not in "".join(found.splitlines()[:2])
