"""`--set`: values that replace those of the file."""

from __future__ import annotations

import pytest

from gradcalc.exercise.load import parse_exercise, with_set
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import Name, unparse


def test_settings_replace_values() -> None:
    exercise = parse_exercise("expression: x*w\nvariables: {w: [n]}\nvalues: {x: 1}\n")
    assert with_set(exercise, "x=pi").values["x"] == Name("pi")
    changed = with_set(exercise, "x=-1/3", "w=[1, 2]", "n=2")
    assert unparse(changed.values["x"]) == "-1/3"  # type: ignore[arg-type]
    assert (len(changed.values["w"]), changed.sizes) == (2, {"n": 2})  # type: ignore[arg-type]
    for setting, message in {
        "x": "`x` has no `=`",
        "y=1": "there is no input `y`",
        "x=w": "`w` is not a number",
        "w=[[1],2]": "the rows have different lengths",
        "n=1/2": "the size `n` must be a whole number of at least 1",
    }.items():
        with pytest.raises(GradcalcError) as caught:
            with_set(exercise, setting)
        assert caught.value.problems[0].message == message
