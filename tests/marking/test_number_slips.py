"""What gives exactly a wrong number."""

from __future__ import annotations

import math

import pytest

from gradcalc.marking.number_slips import number_mistakes

SIZES = {"m": 4}


@pytest.mark.parametrize(
    ("value", "right", "slug"),
    [
        (-3.0, 3.0, "sign"),
        ([1.0, -2.0], [-1.0, 2.0], "sign"),
        (6.0, 3.0, "constant-factor"),
        (12.0, 3.0, "missing-mean"),
        (0.75, 3.0, "extra-mean"),
        (0.3, 3.0, "rounding"),
        (3.1, 3.14159, "rounding"),
        ([[1.0, 3.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], "transposed"),
        ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], "order"),
        (1 / math.log(10), 1.0, "wrong-local-derivative"),
        (180.0, math.pi, "wrong-local-derivative"),
        (2.0, [1.0, 2.0], "shape"),
        (7.0, 3.0, "other-question"),
    ],
)
def test_a_slip_is_named(value: object, right: object, slug: str) -> None:
    (found,) = number_mistakes(value, right, SIZES, [("df/dy", 7.0)])
    assert found.slug == slug


def test_what_is_no_slip_has_no_name() -> None:
    assert number_mistakes(5.0, 3.0, SIZES, []) == ()
    assert number_mistakes(5.0, 0.0, SIZES, []) == ()
    assert number_mistakes([5.0], [[1.0, 2.0]], {}, []) == ()
