"""The numbers among the factors of a product as one number in front: 0.5*(2*X.T @ r) is X.T @ r.
A factor that stands twice is a square."""

from __future__ import annotations

from fractions import Fraction

from gradcalc.language.tree import Binary, Call, Expr, Neg, Num, Transpose, Vector

ONE = Fraction(1)


def gathered(expr: Expr) -> Expr:
    """The expression with one number in front of each product, of scalars and of matrices."""
    factor, rest = _split(expr)
    return _joined(factor, rest)


def _split(expr: Expr) -> tuple[Num, Expr | None]:
    """(the number, what it is a factor of; None where that is 1)."""
    match expr:
        case Num():
            return expr, None
        case Neg(arg):
            factor, rest = _split(arg)
            return _times(factor, Num(-ONE)), rest
        case Transpose(arg):
            factor, rest = _split(arg)
            return factor, None if rest is None else Transpose(rest)
        case Binary("*" | "@" | "/" as op, left, right):
            return _product(op, _split(left), _split(right))
        case Binary("+" | "-" as op, left, right):
            first, (factor, rest) = gathered(left), _split(right)
            if factor.value < 0 and rest is not None:
                op, factor = ("-" if op == "+" else "+"), _times(factor, Num(-ONE))
            return Num(ONE), Binary(op, first, _joined(factor, rest))
        case Binary(op, left, right):
            return Num(ONE), Binary(op, gathered(left), gathered(right))
        case Call(func, args, kwargs, primes):
            return Num(ONE), Call(
                func, tuple(map(gathered, args)), kwargs, primes, places=expr.places
            )
        case Vector(items):
            return Num(ONE), Vector(tuple(map(gathered, items)))
        case _:
            return Num(ONE), expr


def _product(
    op: str, left: tuple[Num, Expr | None], right: tuple[Num, Expr | None]
) -> tuple[Num, Expr | None]:
    (one, first), (other, second) = left, right
    if op == "/":
        if not other.value:
            return Num(ONE), Binary("/", _joined(*left), _joined(*right))
        one = _times(one, Num(1 / other.value, decimal=other.decimal and one.decimal))
        if second is None:
            return one, first
        return one, Binary("/", Num(ONE) if first is None else first, second)
    factor = _times(one, other)
    if first is None or second is None:
        return factor, second if first is None else first
    if op == "*" and first == second:
        return factor, Binary("^", first, Num(ONE + ONE))
    match first:
        case Binary("*", before, last) if op == "*" and last == second:
            return factor, Binary("*", before, Binary("^", last, Num(ONE + ONE)))
    return factor, Binary(op, first, second)


def _times(one: Num, other: Num) -> Num:
    value = one.value * other.value
    return Num(value, decimal=(one.decimal or other.decimal) and value.denominator != 1)


def _joined(factor: Num, rest: Expr | None) -> Expr:
    """The number times the rest, written at its first factor."""
    value = factor.value
    if rest is None:
        return Neg(Num(-value, decimal=factor.decimal)) if value < 0 else factor
    if value < 0:
        return Neg(_joined(Num(-value, decimal=factor.decimal), rest))
    if value == 1 or not value:
        return rest if value else Binary("*", factor, rest)
    if factor.decimal:
        return _led(factor, rest)
    over, under = Fraction(value.numerator), Fraction(value.denominator)
    found = rest if over == 1 else _led(Num(over), rest)
    return found if under == 1 else Binary("/", found, Num(under))


def _led(factor: Num, rest: Expr) -> Expr:
    """A product with a number before its first factor."""
    if isinstance(rest, Binary) and rest.op in ("*", "@", "/"):
        if rest.op == "/" and isinstance(rest.left, Num) and rest.left.value == 1:
            return Binary("/", factor, rest.right)
        return Binary(rest.op, _led(factor, rest.left), rest.right)
    return Binary("*", factor, rest)
