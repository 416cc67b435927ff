"""Functions of real numbers, named as the `value` lambdas of the table call them.

`Scalars` works on plain numbers, floats or mpmath's, and refuses every value outside a function's domain by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn


class Undefined(Exception):
    """There is no such number; the message names the step and the value: "log of -2 is undefined (in `log(x)`)"."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unknown(Undefined):
    """There is no number because something has none: an unknown function, an input without a value."""


class Misfit(Undefined):
    """Shapes that do not go together: in a formula for other sizes, a mistake of the formula."""


class TooLarge(Undefined):
    """An array of more entries than are worth computing."""


def show(value: Any) -> str:
    """A number in a message: 12 significant digits at most, integers as such."""
    number = float(value)
    if math.isinf(number):
        from mpmath import nstr

        return str(nstr(value, 6))
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.6g}"


class Scalars:
    """Real functions on floats (`lib` is `math`) or on mpmath numbers (`lib` is a context of mpmath).

    Every method raises `Undefined` outside its domain, on overflow, and where the working precision does not tell.
    """

    def __init__(self, lib: Any, number: Callable[[Any], Any], digits: int, limit: float) -> None:
        self.lib, self.number, self.digits, self.limit = lib, number, digits, limit
        self.pi, self.e = +lib.pi, +lib.e
        self.nan = number("nan")

    def constant(self, value: Fraction | float | int) -> Any:
        if isinstance(value, Fraction):
            try:
                return (
                    self.number(value.numerator) / self.number(value.denominator)
                    if self.lib is not math
                    else value.numerator / value.denominator
                )
            except OverflowError:
                raise Undefined("a constant overflows") from None
        return self.number(value)

    def finite(self, value: Any) -> bool:
        if self.lib is math:
            return math.isfinite(value)
        return bool(self.lib.isfinite(value)) and self.lib.mag(value) < 4_000_000 if value else True

    def _refuse(self, name: str, x: Any) -> NoReturn:
        raise Undefined(f"{name} of {show(x)} is undefined")

    def divide(self, x: Any, y: Any) -> Any:
        if y == 0:
            raise Undefined(f"{show(x)} / 0 is undefined")
        return x / y

    def power(self, x: Any, y: Any) -> Any:
        whole = y == y and abs(y) < 1e15 and y == int(y)
        if x == 0 and y < 0:
            raise Undefined(f"0^({show(y)}) is undefined")
        if x < 0 and not whole:
            raise Undefined(f"({show(x)})^({show(y)}) is undefined among the real numbers")
        if x != 0 and x != 1:
            size = y * self.lib.log(abs(x))
            if size > self.limit:
                raise Undefined(f"({show(x)})^({show(y)}) overflows")
            if size < -self.limit:
                return self.number(0)
        return x ** (int(y) if whole else y)

    def exp(self, x: Any) -> Any:
        if x > self.limit:
            raise Undefined(f"exp of {show(x)} overflows")
        return self.number(0) if x < -self.limit - 50 else self.lib.exp(x)

    def expm1(self, x: Any) -> Any:
        if x > self.limit:
            raise Undefined(f"exp of {show(x)} overflows")
        return self.number(-1) if x < -self.limit else self.lib.expm1(x)

    def log(self, x: Any) -> Any:
        return self._refuse("log", x) if x <= 0 else self.lib.log(x)

    def sqrt(self, x: Any) -> Any:
        return self._refuse("sqrt", x) if x < 0 else self.lib.sqrt(x)

    def abs(self, x: Any) -> Any:
        return abs(x)

    def sign(self, x: Any) -> Any:
        return self.number((x > 0) - (x < 0)) if x == x else x

    def where(self, c: Any, x: Any, y: Any) -> Any:
        return self.number(x) if c else self.number(y)

    def maximum(self, x: Any, y: Any) -> Any:
        return x if x >= y or x != x else y

    def minimum(self, x: Any, y: Any) -> Any:
        return x if x <= y or x != x else y

    def sin(self, x: Any) -> Any:
        return self.lib.sin(x)

    def cos(self, x: Any) -> Any:
        return self.lib.cos(x)

    def tan(self, x: Any) -> Any:
        if abs(self.lib.cos(x)) < 4 * 10.0 ** (1 - self.digits) * max(1.0, abs(x)):
            raise Undefined(f"tan of {show(x)} is undefined to working precision")
        return self.lib.tan(x)

    def arcsin(self, x: Any) -> Any:
        return self._refuse("asin", x) if abs(x) > 1 else self.lib.asin(x)

    def arccos(self, x: Any) -> Any:
        return self._refuse("acos", x) if abs(x) > 1 else self.lib.acos(x)

    def arctan(self, x: Any) -> Any:
        return self.lib.atan(x)

    def sinh(self, x: Any) -> Any:
        if abs(x) > self.limit:
            raise Undefined(f"sinh of {show(x)} overflows")
        return self.lib.sinh(x)

    def cosh(self, x: Any) -> Any:
        if abs(x) > self.limit:
            raise Undefined(f"cosh of {show(x)} overflows")
        return self.lib.cosh(x)

    def tanh(self, x: Any) -> Any:
        return self.sign(x) if abs(x) > self.limit else self.lib.tanh(x)

    def erf(self, x: Any) -> Any:
        return self.sign(x) if abs(x) > self.limit else self.lib.erf(x)

    def sigmoid(self, x: Any) -> Any:
        if x >= 0:
            return 1 / (1 + self.exp(-x))
        tail = self.exp(x)
        return tail / (1 + tail)

    def softplus(self, x: Any) -> Any:
        return (x if x > 0 else 0 * x) + self.lib.log1p(self.exp(-abs(x)))
