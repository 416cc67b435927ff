"""`diff`: the layout and the shapes of one expression without a file."""

from __future__ import annotations

import pytest

from gradcalc.derivation.assumed_shapes import axes_of
from gradcalc.derivation.single_expression import shape_of_text
from gradcalc.language.errors import GradcalcError


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("a", 0),
        ("g", 0),
        ("h", 1),
        ("z", 1),
        ("x1", 1),
        ("W", 2),
        ("λ", 0),
        ("lambda", 0),
        ("alpha_2", 0),
        ("Sigma", 2),
    ],
)
def test_the_convention(name: str, axes: int) -> None:
    assert axes_of(name) == axes


def test_shapes_in_words() -> None:
    assert shape_of_text("x: [n, 1]") == ("x", ("n", "1"))
    assert shape_of_text("c: []") == ("c", ())
    with pytest.raises(GradcalcError, match="a shape is written"):
        shape_of_text("x")
