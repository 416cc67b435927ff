"""What gives exactly a wrong number."""

from __future__ import annotations

import math
import random

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


def test_numbers_agree_to_the_digits_that_are_said() -> None:
    """To k digits: they differ by half a unit of the k-th digit at most, and by more than half a
    unit of the next one.
    """
    draw, told = random.Random(3), 0
    for _ in range(3000):
        right = draw.choice((-1, 1)) * 10 ** draw.uniform(-3, 3)
        digits = draw.randrange(1, 6)
        value = float(f"{right:.{digits - 1}e}") * (1 + draw.choice((0, 0, 1e-3, 0.01)))
        found = [one.sentence for one in number_mistakes(value, right, {}, [])]
        said = [
            int(one.split(" digits")[0].rpartition(" ")[2]) for one in found if " digits" in one
        ]
        unit = 10.0 ** (math.floor(math.log10(abs(right))) + 1)
        gap = abs(value - right) / unit
        for k in said:
            told += 1
            assert 0.5 * 10.0 ** (-k - 1) * 0.999999 < gap <= 0.5 * 10.0**-k * 1.000001, (
                value,
                right,
            )
    assert told > 500
    assert number_mistakes(0.4, 0.3932, {}, []) == ()
