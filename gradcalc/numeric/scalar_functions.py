"""Functions of real numbers, named as the `value` lambdas of the table call them.

`Scalars` works on floats, and refuses every value outside a function's domain by name.
`balls.Balls` are the same functions of enclosures.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NoReturn

LADDER = (120, 600, 5000)  # bits of enclosures, until a number is known


class Undefined(Exception):
    """There is no such number; the message names the step and the value: "log of -2 is undefined
    (in `log(x)`)".
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unsure(Undefined):
    """The precision does not tell; more digits may."""


class Overflow(Undefined):
    """There is a number, but it is too large for enclosures."""


class Unknown(Undefined):
    """There is no number because something has none: an unknown function, an input without a
    value.
    """


class Misfit(Undefined):
    """Shapes that do not go together: in a formula for other sizes, a mistake of the formula."""


class TooLarge(Undefined):
    """An array of more entries than are worth computing."""


def show(value: Any) -> str:
    """A number in a message: 12 significant digits at most, integers as such."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        return "no number"
    if math.isinf(number):
        return _long(value)
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.6g}"


def _long(value: Any) -> str:
    """A number that is no float: 1.2968e+434."""
    from flint import arb

    return str(arb(getattr(value, "lead", value)).str(6, radius=False))


def pole(x: Any) -> bool:
    """Is a number 0, -1, -2, …, where the gamma function has its poles?"""
    return bool(x <= 0 and x == int(x))


def polygamma(k: int, x: float) -> float:
    """The k-th derivative of digamma at a float that is no pole."""
    from flint import acb

    return float(acb(x).polygamma(acb(k)).real)


class Scalars:
    """Real functions on floats. Every method raises `Undefined` outside its domain and on
    overflow.
    """

    limit = 709.0  # of exp
    pi, e, nan = math.pi, math.e, math.nan

    def constant(self, value: Fraction | float | int) -> float:
        try:
            return float(value)
        except OverflowError:
            raise Undefined("a constant overflows") from None

    def number(self, value: Any) -> float:
        return float(value)

    def finite(self, value: Any) -> bool:
        return math.isfinite(value)

    def settled(self, value: Any) -> Any:
        """The result of an operation. Raises Undefined where it is no number."""
        if value is not True and value is not False and not math.isfinite(value):
            raise Undefined("the result overflows")
        return value

    def _refuse(self, name: str, x: Any) -> NoReturn:
        raise Undefined(f"{name} of {show(x)} is undefined")

    def less(self, x: Any, y: Any) -> bool:
        return bool(x < y)

    def less_equal(self, x: Any, y: Any) -> bool:
        return bool(x <= y)

    def equal(self, x: Any, y: Any) -> bool:
        return bool(x == y)

    def unequal(self, x: Any, y: Any) -> bool:
        return bool(x != y)

    def divide(self, x: Any, y: Any) -> Any:
        if y == 0:
            raise Undefined(f"{show(x)} / 0 is undefined")
        return x / y

    def ratio(self, x: Any, y: Any) -> Any:
        """x / y, and 0 where both are 0: by a norm, whose derivative at 0 is 0 by convention."""
        return 0.0 if x == 0 == y else self.divide(x, y)

    def power(self, x: Any, y: Any) -> Any:
        whole = y == y and abs(y) < 1e15 and y == int(y)
        if x == 0 and y < 0:
            raise Undefined(f"0^({show(y)}) is undefined")
        if x < 0 and not whole:
            raise Undefined(f"({show(x)})^({show(y)}) is undefined among the real numbers")
        if x != 0 and x != 1:
            size = y * math.log(abs(x))
            if size > self.limit:
                raise Undefined(f"({show(x)})^({show(y)}) overflows")
            if size < -self.limit - 40:
                return 0.0
        return x ** (int(y) if whole else y)

    def exp(self, x: Any) -> Any:
        if x > self.limit:
            raise Undefined(f"exp of {show(x)} overflows")
        return math.exp(x)

    def expm1(self, x: Any) -> Any:
        if x > self.limit:
            raise Undefined(f"exp of {show(x)} overflows")
        return math.expm1(x)

    def log(self, x: Any) -> Any:
        return self._refuse("log", x) if x <= 0 else math.log(x)

    def sqrt(self, x: Any) -> Any:
        return self._refuse("sqrt", x) if x < 0 else math.sqrt(x)

    def abs(self, x: Any) -> Any:
        return abs(x)

    def sign(self, x: Any) -> Any:
        return 1.0 if x > 0 else -1.0 if x < 0 else 0.0

    def step(self, x: Any) -> Any:
        return 1.0 if x > 0 else 0.0

    def by_sign(self, x: Any, positive: Any, negative: Any) -> Any:
        """`positive` where x > 0, else `negative`; both are equal at 0."""
        return positive if x > 0 else negative

    def where(self, c: Any, x: Any, y: Any) -> Any:
        return float(x) if c else float(y)

    def maximum(self, x: Any, y: Any) -> Any:
        return x if x >= y or x != x else y

    def minimum(self, x: Any, y: Any) -> Any:
        return x if x <= y or x != x else y

    def clip(self, x: Any, low: Any, high: Any) -> Any:
        if low > high:
            raise Undefined(f"clip from {show(low)} to {show(high)} is undefined")
        return self.minimum(self.maximum(x, low), high)

    def sin(self, x: Any) -> Any:
        return math.sin(x)

    def cos(self, x: Any) -> Any:
        return math.cos(x)

    def tan(self, x: Any) -> Any:
        if abs(math.cos(x)) < 4e-15 * max(1.0, abs(x)):
            raise Undefined(f"tan of {show(x)} is undefined to working precision")
        return math.tan(x)

    def arcsin(self, x: Any) -> Any:
        return self._refuse("asin", x) if abs(x) > 1 else math.asin(x)

    def arccos(self, x: Any) -> Any:
        return self._refuse("acos", x) if abs(x) > 1 else math.acos(x)

    def arctan(self, x: Any) -> Any:
        return math.atan(x)

    def sinh(self, x: Any) -> Any:
        if abs(x) > self.limit:
            raise Undefined(f"sinh of {show(x)} overflows")
        return math.sinh(x)

    def cosh(self, x: Any) -> Any:
        if abs(x) > self.limit:
            raise Undefined(f"cosh of {show(x)} overflows")
        return math.cosh(x)

    def tanh(self, x: Any) -> Any:
        return math.tanh(x)

    def erf(self, x: Any) -> Any:
        return math.erf(x)

    def arcsinh(self, x: Any) -> Any:
        return math.asinh(x)

    def arccosh(self, x: Any) -> Any:
        return self._refuse("acosh", x) if x < 1 else math.acosh(x)

    def arctanh(self, x: Any) -> Any:
        return self._refuse("atanh", x) if abs(x) >= 1 else math.atanh(x)

    def arctan2(self, y: Any, x: Any) -> Any:
        if x == 0 == y:
            raise Undefined("atan2(0, 0) is undefined")
        return math.atan2(y, x)

    def log1p(self, x: Any) -> Any:
        return self._refuse("log1p", x) if x <= -1 else math.log1p(x)

    def lgamma(self, x: Any) -> Any:
        return self._refuse("lgamma", x) if pole(x) else math.lgamma(x)

    def polygamma(self, k: Any, x: Any) -> Any:
        """The k-th derivative of digamma, which is that of lgamma."""
        if pole(x):
            self._refuse("polygamma" if k else "digamma", x)
        return polygamma(int(k), x)

    def sigmoid(self, x: Any) -> Any:
        if x >= 0:
            return 1 / (1 + self.exp(-x))
        tail = self.exp(x)
        return tail / (1 + tail)

    def softplus(self, x: Any) -> Any:
        return (x if x > 0 else 0 * x) + math.log1p(self.exp(-abs(x)))
