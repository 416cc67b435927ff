"""A formula with one slip in it: a sign, an exponent, a factor or a term that is left out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from gradcalc.language.tree import Binary, Call, Expr, Neg, Num
from gradcalc.marking.variations import ONE, TWO, put, sites


def slips(expr: Expr) -> tuple[Expr, ...]:
    """Every formula with one slip, each once; not the formula itself."""
    found: dict[Expr, None] = {}
    for site in sites(expr):
        for new in _slips(site.expr):
            found[put(expr, site.path, new)] = None
    found.pop(expr, None)
    return tuple(found)


def _slips(expr: Expr) -> Iterator[Expr]:
    match expr:
        case Binary("+" | "-" as op, left, right):
            yield Binary("-" if op == "+" else "+", left, right)
            yield left
            yield right if op == "+" else Neg(right)
            if op == "-":
                yield right
        case Binary("*" | "/" as op, left, right):
            yield left
            yield right if op == "*" else Binary("/", ONE, right)
            yield Binary("/" if op == "*" else "*", left, right)
        case Binary("^", base, Num(n)):
            yield base
            for other in (n + 1, n - 1):
                if other not in (0, 1):
                    yield Binary("^", base, Num(other))
        case Neg(arg):
            yield arg
        case Call("sqrt", (arg,)):
            yield arg
        case Num(n) if n == Fraction(2):
            yield ONE
        case Call(_, (arg,)):
            yield Binary("^", expr, TWO)
            yield arg
