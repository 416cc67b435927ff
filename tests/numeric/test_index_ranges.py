"""How far an index runs that a sum binds."""

from __future__ import annotations

import pytest

from gradcalc.language.parser import Expr, Name, Num, parse
from gradcalc.numeric.index_ranges import index_ranges

LENGTHS = {"A": (6, 6), "x": (5,), "y": (3,)}
SIZES = {"p": 2, "n": 3}


def axis(base: Expr, place: int) -> int | None:
    return LENGTHS[base.id][place] if isinstance(base, Name) else None


def whole(expr: Expr) -> int | None:
    if isinstance(expr, Num):
        return int(expr.value)
    return SIZES.get(expr.id) if isinstance(expr, Name) else None


@pytest.mark.parametrize(
    ("text", "names", "known", "found"),
    [
        ("x[a]", "a", {}, {"a": 5}),
        ("x[a]*y[a]", "a", {}, {"a": 3}),
        ("x[a + 1]", "a", {}, {"a": 4}),
        ("x[2*a]", "a", {}, {"a": 3}),
        ("A[c*p + q, c*p + r]", "c", {"q": 2, "r": 2}, {"c": 3}),
        ("A[a*p + c, 0]", "ca", {}, {"a": 3, "c": 2}),
        ("where(k == a + 1, 1, 0)", "a", {"k": 5}, {"a": 4}),
        ("x[y[a]]", "a", {}, {"a": 3}),
        ("where(a < 2, 1, 0)", "a", {}, {}),
    ],
)
def test_places_tell_the_range(
    text: str, names: str, known: dict[str, int], found: dict[str, int]
) -> None:
    assert index_ranges(list(names), parse(text), known, axis, whole) == found
