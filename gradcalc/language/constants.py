"""Expressions without variables: exact rationals, sizes, floats. All raise SpanError at the part that is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from gradcalc.language.errors import SpanError, closest
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, unparse
from gradcalc.language.sizes import Size

MAX_BITS = 4096  # of a numerator or denominator that is computed exactly


def power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """base^exponent where it is rational; None where it is not. ZeroDivisionError for 0^-1, OverflowError if absurd."""
    if exponent.denominator != 1:
        return None
    if abs(base) == 1 or (base == 0 and exponent > 0):
        return abs(base) if exponent % 2 == 0 else base
    if (
        abs(exponent) * max(abs(base.numerator).bit_length(), base.denominator.bit_length())
        > MAX_BITS
    ):
        raise OverflowError
    return base ** int(exponent)


def arithmetic(op: str, left: Fraction, right: Fraction) -> Fraction | None:
    """`+ - * / ^` on exact numbers; None where the result is irrational. ZeroDivisionError, OverflowError."""
    result = (
        left + right if op == "+" else left - right if op == "-" else left * right if op == "*"
        else left / right if op == "/" else power(left, right)
    )  # fmt: skip
    if (
        result is not None
        and max(abs(result.numerator).bit_length(), result.denominator.bit_length()) > MAX_BITS
    ):
        raise OverflowError
    return result


def square_out(value: int) -> tuple[int, int]:
    """(a, b) with a²·b = value, a as large as trial division by small primes finds it."""
    outside = 1
    for prime in (2, 3, 5, 7, 11, 13):
        while value % prime**2 == 0:
            value, outside = value // prime**2, outside * prime
    root = math.isqrt(value)
    return (outside * root, 1) if root**2 == value else (outside, value)


def fraction(expr: Expr) -> Fraction | None:
    """An expression of numbers alone as an exact number, or None where it is none."""
    match expr:
        case Num(value):
            return value
        case Neg(arg):
            inner = fraction(arg)
            return None if inner is None else -inner
        case Binary(op, left, right) if op != "@":
            first = fraction(left)
            second = None if first is None else fraction(right)
            if first is None or second is None:
                return None
            try:
                return arithmetic(op, first, second)
            except ZeroDivisionError:
                raise SpanError(
                    "undefined", f"`{unparse(expr)}` divides by zero", *expr.span
                ) from None
            except OverflowError:
                raise SpanError(
                    "limit", f"`{unparse(expr)}` is too large to compute", *expr.span
                ) from None
    return None


def whole(expr: Expr, what: str) -> int:
    """An expression that must be an integer, `what` it is for: "an axis"."""
    value = fraction(expr)
    if value is None or value.denominator != 1:
        raise SpanError("argument", f"{what} is a whole number, not `{unparse(expr)}`", *expr.span)
    return int(value)


def size_of(expr: Expr, known: Collection[str] | None = None) -> Size:
    """A size expression: whole numbers and names joined by + - *. With `known`, other names are errors."""
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


_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
    "erf": math.erf,
}  # fmt: skip
_NAMES = {"pi": math.pi, "e": math.e}


def number(expr: Expr, sizes: Mapping[str, int] | None = None) -> Fraction | float:
    """A constant expression as a number, exact where it is rational."""
    match expr:
        case Num(value):
            return value
        case Name(id) if id in _NAMES:
            return _NAMES[id]
        case Name(id) if sizes is not None and id in sizes:
            return Fraction(sizes[id])
        case Neg(arg):
            return -number(arg, sizes)
        case Binary(op, left, right) if op != "@":
            return _binary(expr, op, number(left, sizes), number(right, sizes))
        case Call(func, (arg,), ()) if func in _FUNCTIONS:
            try:
                return _FUNCTIONS[func](float(number(arg, sizes)))
            except (ValueError, OverflowError):
                raise SpanError(
                    "undefined", f"`{unparse(expr)}` is undefined", *expr.span
                ) from None
    raise SpanError("value", f"`{unparse(expr)}` is not a number", *expr.span)


def _binary(
    expr: Expr, op: str, left: Fraction | float, right: Fraction | float
) -> Fraction | float:
    try:
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            exact = arithmetic(op, left, right)
            if exact is not None:
                return exact
        a, b = float(left), float(right)
        result = (
            a + b
            if op == "+"
            else a - b
            if op == "-"
            else a * b
            if op == "*"
            else a / b
            if op == "/"
            else a**b
        )
    except (ZeroDivisionError, OverflowError, ValueError):
        raise SpanError("undefined", f"`{unparse(expr)}` is undefined", *expr.span) from None
    if isinstance(result, complex) or not math.isfinite(result):
        raise SpanError("undefined", f"`{unparse(expr)}` is undefined", *expr.span)
    return float(result)
