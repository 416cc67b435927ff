"""Sizes as expressions, and expressions as sizes."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from gradcalc.language.errors import SpanError, closest
from gradcalc.language.sizes import Size, in_order
from gradcalc.language.tree import Binary, Expr, Name, Neg, Num, product
from gradcalc.language.unparse import unparse


def size_tree(size: Size) -> Expr:
    """A size in the expression language."""
    total: Expr | None = None
    for monomial, coefficient in sorted(size.terms, key=in_order):
        factors: list[Expr] = [Name(name) for name in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, Num(Fraction(abs(coefficient))))
        tree = product(factors)
        if total is None:
            total = Neg(tree) if coefficient < 0 else tree
        else:
            total = Binary("-" if coefficient < 0 else "+", total, tree)
    return total if total is not None else Num(Fraction(0))


def stop_tree(stop: Size, size: Size) -> Expr | None:
    """The end of a slice: left out at the end of the axis, counted from it where that is shorter
    (x[:-1]).
    """
    short = (stop - size).number
    if short == 0:
        return None
    return (
        Neg(Num(Fraction(-short)))
        if short is not None and short < 0 and size.names
        else size_tree(stop)
    )


def size_of(expr: Expr, known: Collection[str] | None = None) -> Size:
    """A size expression: whole numbers and names joined by + - *. With `known`, other names are
    errors.
    """
    match expr:
        case Num(value) if value.denominator == 1:
            return Size.of(int(value))
        case Name(id):
            if known is not None and id not in known:
                near = closest(id, known)
                raise SpanError(
                    "size",
                    f"`{id}` is not a size",
                    *expr.span,
                    f"did you mean {near}?" if near else None,
                )
            return Size.of(id)
        case Neg(arg):
            return -size_of(arg, known)
        case Binary("+", left, right):
            return size_of(left, known) + size_of(right, known)
        case Binary("-", left, right):
            return size_of(left, known) - size_of(right, known)
        case Binary("*", left, right):
            return size_of(left, known) * size_of(right, known)
        case Binary("/", left, Num(value)) if value.denominator == 1 and value:
            size = size_of(left, known)
            if all(coefficient % int(value) == 0 for _, coefficient in size.terms):
                return Size(
                    tuple(
                        (monomial, coefficient // int(value))
                        for monomial, coefficient in size.terms
                    )
                )
    hint = "sizes are whole numbers and names, joined by + - *"
    raise SpanError("size", f"`{unparse(expr)}` is not a size", *expr.span, hint)
