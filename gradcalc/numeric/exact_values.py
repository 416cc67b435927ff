"""Exact values of scalar expressions at exact inputs, where they are short: 1/3, 3/2*sqrt(2),
log(2)/2. Without SymPy.

A value is a Fraction of at most 60 digits, or a constant expression of at most 3 operations that
nothing simplifies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.exact_numbers import square_out
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num, children, number
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import balls, climb
from gradcalc.numeric.scalar_functions import LADDER, Undefined, Unsure
from gradcalc.numeric.tensor import Env

LIMIT = 10**60
MAX_OPERATIONS = 3
UNKNOWN = 2  # a sign that no precision tells

Exact: TypeAlias = "Fraction | Expr"

_AT_ZERO: Mapping[str, Fraction] = {
    "exp": Fraction(1),
    "sin": Fraction(0),
    "cos": Fraction(1),
    "tan": Fraction(0),
    "asin": Fraction(0),
    "atan": Fraction(0),
    "sinh": Fraction(0),
    "cosh": Fraction(1),
    "tanh": Fraction(0),
    "erf": Fraction(0),
    "sigmoid": Fraction(1, 2),
    "gelu": Fraction(0),
    "silu": Fraction(0),
    "sqrt": Fraction(0),
}
_SIGNS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "abs": abs,
    "sign": lambda x: Fraction((x > 0) - (x < 0)),
    "step": lambda x: Fraction(x > 0),
    "half_step": lambda x: Fraction(1 + (x > 0) - (x < 0), 2),
    "relu": lambda x: max(x, Fraction(0)),
    "softsign": lambda x: x / (1 + abs(x)),
    "stop_gradient": lambda x: x,
}
_INVERSE = {"exp": "log", "log": "exp", "sin": "asin", "cos": "acos", "tan": "atan"}
_PLAIN = frozenset(
    (
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "erf",
        "sigmoid",
        "softplus",
    )
)
_PARTIAL = frozenset(("log", "sqrt", "asin", "acos", "tan"))  # not defined everywhere
# 4 sin² at these multiples of pi
_SINES = {
    Fraction(0): 0,
    Fraction(1, 6): 1,
    Fraction(1, 4): 2,
    Fraction(1, 3): 3,
    Fraction(1, 2): 4,
}


class _NotExact(Exception):
    """No short exact value."""


def exact(expr: Expr, values: Mapping[str, Expr]) -> Expr | None:
    """The exact value of a scalar expression where names have these exact values; None where
    there is no short one.
    """
    try:
        result = _value(expr, values, {})
        if not isinstance(result, Fraction):
            _enclosed(result)
        return _tree(result)
    except (_NotExact, Undefined, ZeroDivisionError, OverflowError):
        return None


def _tree(value: Exact) -> Expr:
    return number(value) if isinstance(value, Fraction) else value


def _enclosed(expr: Expr) -> int | None:
    """The sign of a form by enclosures, None where no precision tells. Raises Undefined where the
    form has no value.
    """

    def at(bits: int) -> int:
        numbers = balls(bits)
        sign = numbers.scalar.sign_of(evaluate(expr, Env(numbers, {})).data)
        if sign is None:
            if bits < LADDER[-1]:
                raise Unsure("the sign is not known")
            return UNKNOWN
        return int(sign)

    sign = climb(at)
    return None if sign == UNKNOWN else sign


def _sign(expr: Expr) -> int:
    """The same. Raises where no precision tells."""
    sign = _enclosed(expr)
    if sign is None:
        raise _NotExact
    return sign


def _bounded(value: Fraction) -> Fraction:
    if abs(value.numerator) > LIMIT or value.denominator > LIMIT:
        raise _NotExact
    return value


def _form(expr: Expr) -> Expr:
    """A form that nothing simplifies, if it is short."""
    pending, operations = [expr], 0
    while pending:
        node = pending.pop()
        fraction = (
            isinstance(node, Binary)
            and node.op == "/"
            and isinstance(node.left, Num)
            and isinstance(node.right, Num)
        )
        operations += not isinstance(node, Num | Name | Neg) and not fraction
        pending.extend(children(node))
    if operations > MAX_OPERATIONS:
        raise _NotExact
    return expr


def _value(expr: Expr, values: Mapping[str, Expr], seen: dict[str, Exact]) -> Exact:
    match expr:
        case Num(value):
            return _bounded(value)
        case Name(name):
            if name in seen:
                return seen[name]
            if name in values:
                seen[name] = _value(values[name], {}, {})
                return seen[name]
            if name in ("pi", "e"):
                return expr
            raise _NotExact
        case Neg(arg):
            return _minus(_value(arg, values, seen))
        case Binary():
            chain = [expr]
            while isinstance(chain[-1].left, Binary):
                chain.append(chain[-1].left)
            left = _value(chain[-1].left, values, seen)
            for link in reversed(chain):
                left = _binary(link.op, left, _value(link.right, values, seen))
            return left
        case Call(func, args, kwargs, primes) if not primes and not kwargs:
            if func == "where" and len(args) == 3 and isinstance(args[0], Compare):
                return _value(args[1] if _holds(args[0], values, seen) else args[2], values, seen)
            return _call(func, [_value(arg, values, seen) for arg in args])
        case _:
            raise _NotExact


def _holds(expr: Compare, values: Mapping[str, Expr], seen: dict[str, Exact]) -> bool:
    left, right = _value(expr.left, values, seen), _value(expr.right, values, seen)
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        raise _NotExact
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
            "==": left == right, "!=": left != right}[expr.op]  # fmt: skip


def _minus(value: Exact) -> Exact:
    if isinstance(value, Fraction):
        return -value
    return value.arg if isinstance(value, Neg) else Neg(value)


def _binary(op: str, left: Exact, right: Exact) -> Exact:
    if op == "^":
        return _power(left, right)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if op == "/":
            return _bounded(left / right)
        if op in "+-*":
            return _bounded(
                left + right if op == "+" else left - right if op == "-" else left * right
            )
        raise _NotExact
    if op in "+-":
        return _sum(op, left, right)
    if op == "*":
        return _product(left, right)
    if op == "/":
        return _quotient(left, right)
    raise _NotExact


def _sum(op: str, left: Exact, right: Exact) -> Exact:
    if left == right:
        return Fraction(0) if op == "-" else _product(Fraction(2), left)
    if right == 0:
        return left
    if left == 0:
        return right if op == "+" else _minus(right)
    if isinstance(right, Neg):
        return _sum("-" if op == "+" else "+", left, right.arg)
    if isinstance(right, Fraction) and right < 0:
        return _sum("-" if op == "+" else "+", left, -right)
    if isinstance(left, Neg) and op == "+":
        return _sum("-", right, left.arg)
    return _form(Binary(op, _tree(left), _tree(right)))


def _product(left: Exact, right: Exact) -> Exact:
    if left == 0 or right == 0:
        return Fraction(0)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return _bounded(left * right)
    if left == 1:
        return right
    if right == 1:
        return left
    if left == -1:
        return _minus(right)
    if right == -1:
        return _minus(left)
    if isinstance(right, Fraction):
        left, right = right, left
    if isinstance(left, Fraction):
        if left < 0:
            return _minus(_product(-left, right))
        if isinstance(right, Neg):
            return _minus(_product(left, right.arg))
        if isinstance(right, Binary) and right.op == "/" and isinstance(right.right, Num):
            return _product(left / right.right.value, right.left)
        if isinstance(right, Binary) and right.op == "*" and isinstance(right.left, Num):
            return _product(left * right.left.value, right.right)
        if left.numerator == 1:
            return _form(Binary("/", _tree(right), Num(Fraction(left.denominator))))
        whole = _form(Binary("*", Num(Fraction(left.numerator)), _tree(right)))
        return (
            whole
            if left.denominator == 1
            else _form(Binary("/", whole, Num(Fraction(left.denominator))))
        )
    if left == right:
        return _power(left, Fraction(2))
    if isinstance(left, Neg):
        return _minus(_product(left.arg, right))
    if isinstance(right, Neg):
        return _minus(_product(left, right.arg))
    return _form(Binary("*", left, _tree(right)))


def _quotient(left: Exact, right: Exact) -> Exact:
    if right == 0:
        raise ZeroDivisionError
    if left == right:
        return Fraction(1)
    if isinstance(right, Fraction):
        return _product(1 / right, left)
    if _sign(right) == 0:
        raise ZeroDivisionError
    if left == 0:
        return Fraction(0)
    if isinstance(right, Neg):
        return _minus(_quotient(left, right.arg))
    if isinstance(right, Binary) and right.op == "/" and isinstance(right.right, Num):
        return _quotient(_product(right.right.value, left), right.left)
    if isinstance(left, Neg) or (isinstance(left, Fraction) and left < 0):
        return _minus(_quotient(_minus(left), right))
    if isinstance(left, Fraction) and isinstance(right, Binary) and right.op == "*":
        match right.left:
            case Num(value) if (reduced := left / value).denominator != value:  # 300/(3 x)
                return _quotient(reduced, right.right)
    if isinstance(left, Fraction) and left.denominator != 1:
        return _form(
            Binary(
                "/",
                Num(Fraction(left.numerator)),
                _tree(_product(Fraction(left.denominator), right)),
            )
        )
    return _form(Binary("/", _tree(left), right))


def _power(base: Exact, exponent: Exact) -> Exact:
    if not isinstance(exponent, Fraction):
        if base == Name("e"):
            return _call("exp", [exponent])
        raise _NotExact
    if exponent == 0:
        return Fraction(1)
    if exponent == 1:
        return base
    if isinstance(base, Fraction):
        if base == 0 and exponent < 0:
            raise ZeroDivisionError
        if exponent.denominator == 1:
            if base not in (0, 1, -1) and abs(exponent) > 200:
                raise _NotExact
            if base in (1, -1):
                return base if exponent % 2 else Fraction(1)
            return _bounded(base ** int(exponent)) if base else Fraction(0)
        if base < 0:
            raise _NotExact
        root = _root(base, exponent.denominator)
        if root is not None:
            return _power(root, Fraction(exponent.numerator))
        whole, part = exponent.numerator // exponent.denominator, exponent % 1
        if whole:
            return _product(_power(base, Fraction(whole)), _power(base, part))
        if part == Fraction(1, 2):
            outside, inside = square_out(base.numerator * base.denominator)
            return _product(
                Fraction(outside, base.denominator),
                _form(Call("sqrt", (number(Fraction(inside)),))),
            )
        return _form(Binary("^", number(base), number(part)))
    match base:
        case Call("sqrt", (arg,)) if exponent == 2 or isinstance(arg, Num):
            return _power(_value(arg, {}, {}), exponent / 2)
        case Call("exp", (arg,)):
            return _call("exp", [_product(exponent, _value(arg, {}, {}))])
        case Neg(arg) if exponent.denominator == 1:
            power = _power(_value(arg, {}, {}), exponent)
            return power if exponent % 2 == 0 else _minus(power)
    if exponent == -1:
        return _quotient(Fraction(1), base)
    times, of = _multiple(base)
    if times != 1 and exponent.denominator == 1:
        return _binary("*", _power(times, exponent), _power(_value(of, {}, {}), exponent))
    if exponent.denominator != 1 and _sign(base) <= 0:
        raise _NotExact
    return _form(Binary("^", base, number(exponent)))


def _root(value: Fraction, degree: int) -> Fraction | None:
    """The rational root, if there is one."""
    if degree > 20:
        return None
    parts = []
    for part in (value.numerator, value.denominator):
        guess = (
            math.isqrt(part)
            if degree == 2
            else round(float(part) ** (1 / degree))
            if part < 10**15
            else 0
        )
        if guess**degree != part:
            return None
        parts.append(guess)
    return Fraction(parts[0], parts[1])


def _call(func: str, args: list[Exact]) -> Exact:
    if func in ("max", "min") and len(args) > 1:
        numbers = [arg for arg in args if isinstance(arg, Fraction)]
        if len(numbers) == len(args):
            return max(numbers) if func == "max" else min(numbers)
        raise _NotExact
    if func in ("leaky_relu", "elu") and isinstance(args[0], Fraction):
        slope = (
            args[1] if len(args) > 1 else Fraction(1, 100) if func == "leaky_relu" else Fraction(1)
        )
        if args[0] > 0:
            return args[0]
        return _product(
            slope,
            args[0] if func == "leaky_relu" else _sum("-", _call("exp", [args[0]]), Fraction(1)),
        )
    if len(args) != 1:
        raise _NotExact
    arg = args[0]
    if isinstance(arg, Fraction):
        return _at(func, arg)
    match arg:
        case Call(inner, (inside,)) if func in _INVERSE and inner == _INVERSE[func]:
            return _value(inside, {}, {})
        case Name("e") if func == "log":
            return Fraction(1)
    times, of = _multiple(arg)
    if func == "exp" and isinstance(of, Call) and of.func == "log":  # exp(q log a) = a^q
        return _power(_value(of.args[0], {}, {}), times)
    if func in ("sin", "cos", "tan") and of == Name("pi"):
        sine, cosine = _sine(times), _sine(times + Fraction(1, 2))
        if sine is not None and cosine is not None and not (func == "tan" and cosine == 0):
            return (
                _binary("/", sine, cosine) if func == "tan" else sine if func == "sin" else cosine
            )
    if func in ("abs", "relu", "sign", "step", "half_step"):
        sign = _sign(arg)
        positive = sign > 0
        if func in ("sign", "step", "half_step"):
            if func == "half_step" and sign == 0:
                return Fraction(1, 2)
            return Fraction(sign if func == "sign" else int(positive))
        return arg if positive else _minus(arg) if func == "abs" else Fraction(0)
    if func == "stop_gradient":
        return arg
    return _call_form(func, arg)


def _at(func: str, x: Fraction) -> Exact:
    """A function at a rational number."""
    if func in _SIGNS:
        return _SIGNS[func](x)
    if x == 0 and func in _AT_ZERO:
        return _AT_ZERO[func]
    if func == "sqrt" and x > 0:
        return _power(x, Fraction(1, 2))
    if func == "log" and x == 1:
        return Fraction(0)
    if func == "acos" and x == 1:
        return Fraction(0)
    if func == "exp" and x == 1:
        return Name("e")
    if func == "softplus" and x == 0:
        return _form(Call("log", (Num(Fraction(2)),)))
    return _call_form(func, x)


def _call_form(func: str, arg: Exact) -> Expr:
    if func not in _PLAIN:
        raise _NotExact
    form = _form(Call(func, (_tree(arg),)))
    if func in _PARTIAL:
        _enclosed(form)
    return form


def _multiple(expr: Expr) -> tuple[Fraction, Expr]:
    """(q, x) where the expression is q*x."""
    match expr:
        case Neg(arg):
            times, of = _multiple(arg)
            return -times, of
        case Binary("*", Num(value), right):
            times, of = _multiple(right)
            return value * times, of
        case Binary("/", left, Num(value)):
            times, of = _multiple(left)
            return times / value, of
    return Fraction(1), expr


def _sine(turn: Fraction) -> Exact | None:
    """The sine of turn*pi, where it is half a root."""
    turn, sign = turn % 1, -1 if turn % 2 > 1 else 1
    four = _SINES.get(min(turn, 1 - turn))
    return (
        None
        if four is None
        else _product(Fraction(sign, 2), _power(Fraction(four), Fraction(1, 2)))
    )
