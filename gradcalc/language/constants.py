"""Expressions without variables. All raise SpanError at the part that is wrong.

fraction, whole, number   their value: exact where it is rational
check_constants           refuses undefined parts (1/0, log(-1)) and absurd ones (9^9^9^9) of any
                          expression before anything is computed with them: exact numbers stay below
                          4,096 bits
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from gradcalc.language.errors import SpanError
from gradcalc.language.exact_numbers import MAX_BITS, arithmetic
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, children, walk
from gradcalc.language.unparse import unparse

MAX_EXPONENT = 100_000  # of a power of something that is not constant
MAX_ENTRIES = 1_000_000  # of an array made by eye, ones, zeros

Constant: TypeAlias = Fraction | float | None  # None: not constant, or beyond floats

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e}
_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "sqrt": math.sqrt,
    "abs": abs, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan,
    "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
    "erf": math.erf,
}  # fmt: skip


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


def number(expr: Expr, sizes: Mapping[str, int] | None = None) -> Fraction | float:
    """A constant expression as a number, exact where it is rational."""
    match expr:
        case Num(value):
            return value
        case Name(id) if id in CONSTANTS:
            return CONSTANTS[id]
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
        result = _in_floats(op, a, b)
    except (ZeroDivisionError, OverflowError, ValueError):
        raise SpanError("undefined", f"`{unparse(expr)}` is undefined", *expr.span) from None
    if isinstance(result, complex) or not math.isfinite(result):
        raise SpanError("undefined", f"`{unparse(expr)}` is undefined", *expr.span)
    return float(result)


def _in_floats(op: str, a: float, b: float) -> Any:
    """`+ - * / ^` on floats; complex where a negative number is raised to a power that is not
    whole.
    """
    if op == "^":
        return a**b
    return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b


def check_constants(expr: Expr, declared: Collection[str] = frozenset()) -> None:
    """Raises SpanError at a constant part that has no real value or an absurd one. `pi` and `e` are
    not constant where they are declared.
    """
    values: dict[int, Constant] = {}
    for node in reversed(list(walk(expr))):  # parts before the whole
        values[id(node)] = _value(node, [values[id(part)] for part in children(node)], declared)


def _value(node: Expr, parts: list[Constant], declared: Collection[str]) -> Constant:
    match node:
        case Num(value):
            return value
        case Name(name):
            return CONSTANTS.get(name) if name not in declared else None
        case Neg():
            return None if parts[0] is None else -parts[0]
        case Binary("^"):
            return _power(node, parts[0], parts[1])
        case Binary(op):
            return _arithmetic(node, op, parts[0], parts[1])
        case Call(func) if func in ("eye", "ones", "zeros"):
            entries = 1.0
            for part in parts:
                entries *= (
                    1.0 if part is None else float(_size(part)) if _size(part) < 10**9 else 1e9
                )
            if entries ** (2 if func == "eye" else 1) > MAX_ENTRIES:
                raise _absurd(node, f"this array has more than {MAX_ENTRIES:,} entries")
        case Call(func) if func in _FUNCTIONS and len(parts) == 1 and parts[0] is not None:
            return _function(node, func, parts[0])
    return None


def _absurd(node: Expr, message: str) -> SpanError:
    return SpanError("constant", message, *node.span)


def _undefined(node: Expr, message: str) -> SpanError:
    return SpanError("undefined", message, *node.span)


def _size(value: Fraction | float) -> Fraction | float:
    return -value if value < 0 else value


def _float(value: Constant) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def _arithmetic(node: Binary, op: str, left: Constant, right: Constant) -> Constant:
    if op == "/" and right is not None and right == 0:
        raise _undefined(node, "division by zero")
    if left is None or right is None or op == "@":
        return None
    if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
        a, b = _float(left), _float(right)
        if a is None or b is None:
            return None
        value = _in_floats(op, a, b)
        return value if math.isfinite(value) else None
    try:
        return arithmetic(op, left, right)
    except OverflowError:
        raise _absurd(node, "this constant has more than 1,200 digits") from None


def _power(node: Binary, base: Constant, exponent: Constant) -> Constant:
    if exponent is None:
        return None
    if base is None:
        if _size(exponent) > MAX_EXPONENT:
            raise _absurd(node, f"the exponent is beyond ±{MAX_EXPONENT:,}")
        return None
    if base == 0:
        if exponent < 0:
            raise _undefined(node, "division by zero")
        return Fraction(0 if exponent else 1)
    whole = isinstance(exponent, Fraction) and exponent.denominator == 1
    if base < 0 and not whole:
        raise _undefined(node, "a negative number to a power that is not whole has no real value")
    if _size(base) == 1 and isinstance(base, Fraction):
        return base if whole and exponent % 2 else Fraction(1)
    if isinstance(base, Fraction):
        bits = max(math.log2(abs(base.numerator)), math.log2(base.denominator))
    else:
        bits = abs(math.log2(_size(base)))
    if _size(exponent) > 10**9 or _size(exponent) * Fraction(bits) > MAX_BITS:
        raise _absurd(node, "this power has more than 1,200 digits")
    if whole and isinstance(base, Fraction) and isinstance(exponent, Fraction):
        return Fraction(base**exponent.numerator)
    a, b = _float(base), _float(exponent)
    try:
        return None if a is None or b is None else math.pow(a, b)
    except OverflowError:
        return None


def _function(node: Call, func: str, argument: Fraction | float) -> Constant:
    if func in ("exp", "sinh", "cosh") and _size(argument) > MAX_BITS * math.log(2):
        raise _absurd(node, f"{func} of a constant gives more than 1,200 digits")
    if func == "log" and argument <= 0:
        raise _undefined(
            node, f"the logarithm of {'0' if argument == 0 else 'a negative number'} is undefined"
        )
    if func == "sqrt" and argument < 0:
        raise _undefined(node, "the square root of a negative number is undefined")
    if func in ("asin", "acos") and _size(argument) > 1:
        raise _undefined(node, f"{func} is defined from -1 to 1 only")
    value = _float(argument)
    try:
        return None if value is None else _FUNCTIONS[func](value)
    except (OverflowError, ValueError):
        return None
