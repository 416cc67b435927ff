"""An expression in other names of the same order is rewritten the same way."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.rewrite_rules import shortest
from gradcalc.calculus.same_shape import Crowded, Numbering, renamed, shape

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


def test_symbols_met_later_stand_between_those_they_stand_between() -> None:
    """Numbers are in the order of the names, in whatever order these are met; no place is left
    between two that were halved too often.
    """
    names = [sp.Symbol(f"q{n:06}", real=True) for n in range(200)]
    number = Numbering(Lengths())
    random.Random(1).shuffle(names)
    found = {symbol.name: number(symbol) for symbol in names}
    assert sorted(found) == sorted(found, key=lambda name: found[name].name)
    crowded = Numbering(Lengths())
    for n in (0, 200):
        crowded(sp.Symbol("a" * n + "b"))
    crowded(sp.Symbol("a"))
    for n in range(199, 159, -1):  # each between the two before it
        crowded(sp.Symbol("a" * n + "b"))
    with pytest.raises(Crowded):
        crowded(sp.Symbol("a" * 159 + "b"))


def test_an_expression_comes_back_from_its_numbers() -> None:
    """What is given, and how long it reads, is part of the number."""
    lengths = Lengths()
    lengths.give(A)
    number = Numbering(lengths)
    expr = A * (1 - B) / sp.sqrt(C)
    assert renamed(number.expr(expr), number.symbol) == expr
    assert number(A) != Numbering(Lengths())(A)
