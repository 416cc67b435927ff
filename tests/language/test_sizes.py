"""Sizes are polynomials; shapes as they are shown."""

from __future__ import annotations

from gradcalc.language.shape_rules import (
    ONE,
    Size,
    show,
)
from helpers.graphs import sizes

# ---- sizes


def test_sizes_are_polynomials_that_print_as_written() -> None:
    n, m = Size.of("n"), Size.of("m")
    assert str(n + 1) == "n + 1"
    assert str(n - 1) == "n - 1"
    assert str(n * m + n * m) == "2*m*n"
    assert n + 1 - 1 == n
    assert n - n == Size.of(0)
    assert (n * 2 + 1).at({"n": 3}) == 7


def test_shapes_are_shown_as_on_a_board() -> None:
    assert show(()) == "a scalar"
    assert show(sizes("n")) == "[n]"
    assert show(sizes("D_x 1")) == "D_x×1"
    assert show(sizes("N-1 d")) == "(N - 1)×d"


# ---- inference


def test_an_axis_of_1_is_the_number_1() -> None:
    assert sizes("1") == (ONE,)
