"""Sizes as expressions."""

from __future__ import annotations

from fractions import Fraction

from gradcalc.language.sizes import Size
from gradcalc.language.tree import Binary, Expr, Name, Neg, Num


def size_tree(size: Size) -> Expr:
    """A size in the expression language."""
    total: Expr | None = None
    for monomial, coefficient in sorted(size.terms, key=lambda term: (-len(term[0]), term[0])):
        factors: list[Expr] = [Name(name) for name in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, Num(Fraction(abs(coefficient))))
        tree = factors[0]
        for factor in factors[1:]:
            tree = Binary("*", tree, factor)
        if total is None:
            total = Neg(tree) if coefficient < 0 else tree
        else:
            total = Binary("-" if coefficient < 0 else "+", total, tree)
    return total if total is not None else Num(Fraction(0))


def stop_tree(stop: Size, size: Size) -> Expr | None:
    """The end of a slice: left out at the end of the axis, counted from it where that is shorter (x[:-1])."""
    short = (stop - size).number
    if short == 0:
        return None
    return (
        Neg(Num(Fraction(-short)))
        if short is not None and short < 0 and size.names
        else size_tree(stop)
    )
