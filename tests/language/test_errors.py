"""Suggestions, and how an error looks in a traceback."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.language.errors import GradcalcError, closest


def test_a_mistake_says_in_a_traceback_where_it_is_and_what_would_be_right() -> None:
    with pytest.raises(GradcalcError) as error:
        gradcalc.solve({"expression": "f = sigmiod(x)", "question": ["df/dx"]})
    assert str(error.value).splitlines() == [
        "<exercise>:1:1: unknown key `question` (did you mean questions?)",
        "<exercise>:1:5: unknown function `sigmiod` (did you mean sigmoid?)",
    ]
    with pytest.raises(GradcalcError, match=r"nowhere\.yaml: cannot read this file"):
        gradcalc.solve("nowhere.yaml")


def test_suggestions_prefer_equal_length() -> None:
    assert closest("w3", ["w", "w2", "v33"]) == "w2"
    assert closest("alhpa", ["alpha", "beta"]) == "alpha"
    assert closest("q", ["x", "y"]) is None
