"""An expression in other names of the same order is rewritten the same way."""

from __future__ import annotations

import pytest
import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.rewrite_rules import shortest
from gradcalc.calculus.same_shape import renamed, shape

A, B, C = sp.symbols("a b c", real=True)
X, Y, Z = sp.symbols("x y z", real=True)

EXPRESSIONS = (
    A / (A + B) - A**2 / (A + B) ** 2,
    (1 - A**2) / 2,
    A * (1 - B) + C * A,
    sp.exp(A) / (1 + sp.exp(A)) ** 2 + B,
    1 / sp.sqrt(A**2 + B**2) - A**2 / (A**2 + B**2) ** sp.Rational(3, 2),
)


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_other_names_of_the_same_order_change_only_the_names(expr: sp.Expr) -> None:
    """The numbered form is the same, the way back gives what it was, and so does the search."""
    other = expr.xreplace({A: X, B: Y, C: Z})
    lengths = Lengths()
    numbered, symbols = shape(expr, lengths)
    assert shape(other, lengths)[0] == numbered
    assert renamed(numbered, symbols) == expr
    found = shortest(expr, lengths)
    assert renamed(found, {A: X, B: Y, C: Z}) == shortest(other, lengths)
    assert sp.simplify(found - expr) == 0


def test_what_decides_the_form_is_part_of_the_shape() -> None:
    """A longer symbol and a size are told apart from a name."""
    lengths, size = Lengths(), sp.Symbol("b", integer=True, positive=True)
    long = lengths.standing_for(A + B * C)
    assert len({shape(A / other, lengths)[0] for other in (B, size, long)}) == 3


def test_renaming_expands_nothing() -> None:
    """(1 − a)/2 stays a product, which SymPy would multiply out."""
    half = sp.Mul(sp.S.Half, 1 - A, evaluate=False)
    assert renamed(half, {A: X}) == sp.Mul(sp.S.Half, 1 - X, evaluate=False)
    assert renamed(half, {A: X}).is_Mul
