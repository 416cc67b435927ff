"""How long expressions read."""

from __future__ import annotations

import sympy as sp

from gradcalc.calculus.lengths import Lengths

x, y = sp.symbols("x y", real=True)


def test_a_quantity_that_is_written_out_reads_as_long_as_what_is_written() -> None:
    lengths = Lengths()
    lengths.enter(x, 5)
    assert lengths.cost(x * y) == 7
    assert lengths.written_out(x)
    assert not lengths.written_out(y)


def test_a_table_of_lengths_is_its_own() -> None:
    """What one derivation writes out has a name in another, though the symbols are equal."""
    one, other = Lengths(), Lengths()
    one.enter(x, 5)
    assert (one.cost(1 / x), other.cost(1 / x)) == (7, 3)


def test_a_symbol_that_stands_for_an_expression_is_as_long() -> None:
    lengths = Lengths()
    inner = x + y**2
    assert lengths.cost(lengths.standing_for(inner)) == lengths.cost(inner)


def test_of_equally_long_forms_the_one_with_less_left_to_factor_is_the_shortest() -> None:
    lengths = Lengths()
    factored, expanded = x * (1 - x), x - x**2
    assert lengths.cost(factored) == lengths.cost(expanded) == 5
    assert lengths.shortest([expanded, factored]) == factored
