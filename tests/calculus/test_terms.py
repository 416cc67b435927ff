"""Terms in index notation."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.terms import Entries, Ix, Key, Term, has_matrix_form
from gradcalc.language.shape_rules import Size

ENTRIES = Entries()
ROW, INNER, COLUMN = (ENTRIES.index(Size.of(name)) for name in "mnk")
EXAMPLE, OTHER = (ENTRIES.index(Size.of("b"), "i") for _ in "12")


def term(*keys: Key, summed: frozenset[Ix] = frozenset()) -> Term:
    groups = {key: ENTRIES.symbol(number, key) for number, key in enumerate(keys)}
    return Term(sp.S.One, groups, frozenset(), summed)


@pytest.mark.parametrize(
    ("terms", "own", "written"),
    [
        ([term((ROW, INNER), (INNER, COLUMN), summed=frozenset({INNER}))], (ROW, COLUMN), True),
        (
            [term((ROW,), (INNER,), (COLUMN,))],
            (ROW, INNER, COLUMN),
            False,
        ),  # an array with three axes
        (
            [term((ROW, INNER, COLUMN), summed=frozenset({INNER, COLUMN}))],
            (ROW,),
            False,
        ),  # a factor with three
        ([term((EXAMPLE, ROW, INNER))], (EXAMPLE, ROW, INNER), True),  # per example
        ([term((EXAMPLE, ROW), (OTHER, ROW), summed=frozenset({EXAMPLE, OTHER}))], (ROW,), False),
        ([], (), True),
    ],
    ids=["product", "three axes", "three indices", "per example", "two examples", "nothing"],
)
def test_a_sum_has_a_matrix_form_where_no_factor_has_three_indices(
    terms: list[Term], own: Key, written: bool
) -> None:
    assert has_matrix_form(terms, own, {"i"}) is written
