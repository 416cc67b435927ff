"""Numbers with a proof: exact fractions while they are short, else balls, midpoint ± radius, of
FLINT's `arb`.

    with working(120):
        Balls(120).exp(fmpq(1, 3))                                      # [1.3956124250860895286 +/-
                                                                        3e-36]
        evaluate(parse("x*(1 - tanh(x))"), forward.at({"x": 100}, 120))    # Tensor([+/- 3e-34])
    climb(lambda bits: …)                        # more bits, for as long as what is computed raises
                                                 Unsure

`Balls` are real functions named as the `value` lambdas of the table call them. They raise
`Undefined` where a number surely lies outside the domain, and `Unsure` where the ball does not
tell: a comparison that it straddles, a pole inside it. More bits may tell: 120, 600, 5,000
(LADDER). A `Jet` is a number that moves, c₀ + c₁t + c₂t²: the same functions of it give derivatives
as enclosures, without a step and without our rules.

FLINT keeps one precision for the whole process: whatever computes stands inside `working`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NoReturn

from flint import acb, arb, arb_series, ctx, fmpq

from gradcalc.numeric.scalar_functions import LADDER, Overflow, Undefined, Unsure, show

EXACT_BITS = 256  # of the numerator or denominator of a fraction that is kept, at least
LARGEST_EXPONENT = (
    arb(10) ** 30
)  # of exp: beyond, the exponent of the result is itself a number too large
SMALL_POWER = 64  # up to here powers are products, which need not know the sign of the base


@contextmanager
def working(bits: int, order: int = 0) -> Iterator[None]:
    """FLINT's precision, and the highest power of t that a `Jet` keeps."""
    before = ctx.prec, ctx.cap
    ctx.prec, ctx.cap = bits, order + 1
    try:
        yield
    finally:
        ctx.prec, ctx.cap = before


class Jet:
    """A number that moves with t: a truncated power series whose coefficients are balls."""

    __slots__ = ("series",)

    def __init__(self, series: Any) -> None:
        self.series = series

    @classmethod
    def of(cls, *coefficients: Any) -> Jet:
        return cls(arb_series([arb(c) for c in coefficients], ctx.cap))

    @property
    def lead(self) -> Any:
        """Its value at t = 0."""
        return self.series[0]

    def coefficient(self, order: int) -> Any:
        return self.series[order]

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if hasattr(other, "ndim"):
            return NotImplemented
        try:
            return Jet(operation(self.series, other.series if type(other) is Jet else arb(other)))
        except (ValueError, ZeroDivisionError):  # a divisor that is not surely other than 0
            raise Unsure(f"a quotient is not known to {digits(ctx.prec)}") from None

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b / a)

    def __neg__(self) -> Jet:
        return Jet(-self.series)

    def __float__(self) -> float:
        return float(self.lead)


def lead(x: Any) -> Any:
    """The value of a number that may move."""
    return x.series[0] if type(x) is Jet else x


def middle(x: Any) -> float:
    """About how large a number is."""
    x = lead(x)
    return int(x.p) / int(x.q) if type(x) is fmpq else float(x)


def finite(x: Any) -> bool:
    """Is it enclosed at all, with every coefficient?"""
    kind = type(x)
    if kind is arb:
        return bool(x.is_finite())
    return kind is not Jet or all(c.is_finite() for c in x.series.coeffs())


def to_float(x: Any) -> float:
    """The float nearest to a number. Raises Unsure where the ball holds several floats,
    Undefined on overflow.
    """
    x = lead(x)
    try:
        if type(x) is fmpq:
            return int(x.p) / int(x.q)
        low, high = float(x.lower()), float(x.upper())
    except OverflowError:
        low = high = float("inf")
    if low != high:
        # A ball around the middle between two floats holds both at every precision.
        if ctx.prec < LADDER[-1] or x.rel_accuracy_bits() < LADDER[-1] // 4:
            raise Unsure(f"not known to {digits(ctx.prec)}")
        low = float(x.mid())
    if abs(low) == float("inf"):
        raise Undefined("the result is too large for a decimal number")
    return low + 0.0


def digits(bits: int) -> str:
    """A precision in words: "1,500 digits"."""
    return f"{int(bits * 0.301):,} digits"


class Balls:
    """Real functions of fractions, balls and jets, at a precision in bits.

    `ties`: two numbers that this precision does not separate count as equal. Formulas of
    derivatives are evaluated so at the last precision, where a kink is met: `abs(cos(x))` at pi/2.
    """

    def __init__(self, bits: int, ties: bool = False) -> None:
        self.bits, self.ties = bits, ties
        self.exact_bits = max(EXACT_BITS, bits)
        with working(bits):
            self.pi, self.e = arb.pi(), arb.const_e()
        self.nan = arb.nan()

    # ---- numbers

    def constant(self, value: Fraction | float | int) -> Any:
        value = Fraction(value)
        exact = fmpq(value.numerator, value.denominator)
        return exact if exact.height_bits() <= self.exact_bits else arb(exact)

    def number(self, value: Any) -> Any:
        kind = type(value)
        if kind is fmpq or kind is arb or kind is Jet:
            return value
        if value != value:
            return self.nan
        return fmpq(int(value)) if value == int(value) else self.constant(float(value))

    def finite(self, value: Any) -> bool:
        return finite(value)

    def settled(self, value: Any) -> Any:
        """The result of an operation: a fraction that grew long becomes a ball. Raises Unsure
        for no number.
        """
        kind = type(value)
        if kind is fmpq:
            return value if value.height_bits() <= self.exact_bits else arb(value)
        if kind is not bool and not finite(value):
            raise Unsure("the value cannot be told to working precision")
        return value

    # ---- decisions

    def sign_of(self, x: Any) -> int | None:
        """1, -1, 0, or None where the ball does not tell."""
        x = lead(x)
        if type(x) is fmpq:
            p = x.p
            return (p > 0) - (p < 0)
        if x > 0:
            return 1
        if x < 0:
            return -1
        return 0 if x.is_zero() else None

    def _tied(self, x: Any) -> int | None:
        """The same, where what is not told counts as 0 if `ties` are allowed."""
        sign = self.sign_of(x)
        return 0 if sign is None and self.ties and lead(x).is_finite() else sign

    def _decided(self, x: Any, what: str) -> int:
        sign = self._tied(x)
        if sign is None:
            raise Unsure(f"{what} is not known to {digits(self.bits)}")
        return sign

    def _order(self, x: Any, y: Any) -> int:
        if x is y:  # the same number, as pi and pi
            return 0
        return self._decided(lead(x) - lead(y), f"which of {show(x)} and {show(y)} is larger")

    def less(self, x: Any, y: Any) -> bool:
        return self._order(x, y) < 0

    def less_equal(self, x: Any, y: Any) -> bool:
        return self._order(x, y) <= 0

    def equal(self, x: Any, y: Any) -> bool:
        return self._order(x, y) == 0

    def unequal(self, x: Any, y: Any) -> bool:
        return self._order(x, y) != 0

    def where(self, c: Any, x: Any, y: Any) -> Any:
        return self.number(x if c else y)

    def sign(self, x: Any) -> Any:
        return fmpq(self._decided(x, f"the sign of {show(x)}"))

    def step(self, x: Any) -> Any:
        return fmpq(int(self._decided(x, f"the sign of {show(x)}") > 0))

    # ---- functions that are continuous where they change: the ball may straddle that place

    def by_sign(self, x: Any, positive: Any, negative: Any) -> Any:
        """`positive` where x > 0, else `negative`; both are equal at 0."""
        sign = self.sign_of(x)
        if sign is not None:
            return positive if sign > 0 else negative
        if any(type(value) is Jet for value in (x, positive, negative)):
            self._decided(x, f"the sign of {show(x)}")
        return arb(positive).union(arb(negative))

    def abs(self, x: Any) -> Any:
        return self.by_sign(x, x, -x)

    def maximum(self, x: Any, y: Any) -> Any:
        return self.by_sign(lead(x) - lead(y), x, y) if x is not y else x

    def minimum(self, x: Any, y: Any) -> Any:
        return self.by_sign(lead(y) - lead(x), x, y) if x is not y else x

    def clip(self, x: Any, low: Any, high: Any) -> Any:
        if self.sign_of(lead(high) - lead(low)) == -1:
            raise Undefined(f"clip from {show(low)} to {show(high)} is undefined")
        return self.minimum(self.maximum(x, low), high)

    # ---- arithmetic

    def divide(self, x: Any, y: Any) -> Any:
        if self.sign_of(y) == 0:
            raise Undefined(f"{show(x)} / 0 is undefined")
        return x / y

    def ratio(self, x: Any, y: Any) -> Any:
        """x / y, and 0 where both are 0: by a norm, whose derivative at 0 is 0 by convention."""
        return fmpq(0) if self._tied(y) == 0 == self._tied(x) else self.divide(x, y)

    def power(self, x: Any, y: Any) -> Any:
        if type(y) is fmpq and y.q == 1:
            return self._whole_power(x, int(y.p))
        sign, rising = self.sign_of(x), self.sign_of(y)
        if sign == 0 and type(x) is not Jet:
            if rising == 0:
                return fmpq(1)
            if rising == 1:
                return fmpq(0)
            if rising == -1:
                raise Undefined(f"0^({show(y)}) is undefined")
        if sign == -1 and (type(y) is fmpq or (type(y) is arb and not y.contains_integer())):
            raise Undefined(f"({show(x)})^({show(y)}) is undefined among the real numbers")
        if sign == 0 and rising is not None:  # a jet at the edge: more bits tell no more
            raise Undefined(f"(0)^({show(y)}) has no power series")
        if sign != 1:
            raise Unsure(f"({show(x)})^({show(y)}) is not known to {digits(self.bits)}")
        if type(y) is fmpq and y.q == 2 and type(root := self.sqrt(x)) is fmpq:
            return self._whole_power(root, int(y.p))
        return self.exp(y * self.log(x))

    def _whole_power(self, x: Any, n: int) -> Any:
        sign = self.sign_of(x)
        if n < 0:
            if sign == 0:
                raise Undefined(f"0^({n}) is undefined")
            return 1 / self._whole_power(x, -n)
        if sign == 0 and n and type(x) is not Jet:
            return fmpq(0)
        if type(x) is fmpq:
            if x.height_bits() * n <= 4 * self.exact_bits or abs(x) == 1:
                return x ** (n % 2 if abs(x) == 1 else n)
            x = arb(x)
        if n > SMALL_POWER and sign:
            size = self.exp(n * self.log(x if sign > 0 else -x))
            return size if sign > 0 or n % 2 == 0 else -size
        result, factor = fmpq(1), x
        while n:
            result, n = (result * factor if n & 1 else result), n >> 1
            factor = factor * factor if n else factor
        return result

    # ---- functions

    def _apply(self, name: str, x: Any) -> Any:
        if type(x) is Jet:
            return Jet(getattr(x.series, name)())
        return getattr(x if type(x) is arb else arb(x), name)()

    def _refuse(self, name: str, x: Any) -> NoReturn:
        raise Undefined(f"{name} of {show(x)} is undefined")

    def exp(self, x: Any) -> Any:
        if lead(x) > LARGEST_EXPONENT:
            raise Overflow(f"exp of {show(x)} overflows")
        return self._apply("exp", x)

    def expm1(self, x: Any) -> Any:
        return self.exp(x) - 1 if type(x) is Jet else self._apply("expm1", x)

    def log(self, x: Any) -> Any:
        if self.sign_of(x) in (0, -1):
            self._refuse("log", x)
        return self._apply("log", x)

    def log1p(self, x: Any) -> Any:
        if self.sign_of(1 + lead(x)) in (0, -1):
            self._refuse("log1p", x)
        return self.log(1 + x) if type(x) is Jet else self._apply("log1p", x)

    def sqrt(self, x: Any) -> Any:
        sign = self.sign_of(x)
        if sign == -1:
            self._refuse("sqrt", x)
        if type(x) is fmpq:
            p, q = x.p, x.q
            if (root := p.isqrt()) ** 2 == p and (other := q.isqrt()) ** 2 == q:
                return fmpq(root, other)
        return self._apply("sqrt", x)

    def sin(self, x: Any) -> Any:
        return self._apply("sin", x)

    def cos(self, x: Any) -> Any:
        return self._apply("cos", x)

    def tan(self, x: Any) -> Any:
        result = self._apply("tan", x)
        if not finite(result):
            raise Unsure(f"tan of {show(x)} is undefined to working precision")
        return result

    def arcsin(self, x: Any) -> Any:
        if abs(lead(x)) > 1:
            self._refuse("asin", x)
        return self._apply("asin", x)

    def arccos(self, x: Any) -> Any:
        if abs(lead(x)) > 1:
            self._refuse("acos", x)
        return self._apply("acos", x)

    def arctan(self, x: Any) -> Any:
        return self._apply("atan", x)

    def arctan2(self, y: Any, x: Any) -> Any:
        """The angle of the point (x, y), from −π to π."""
        right, up = self.sign_of(x), self.sign_of(y)
        if right == 0 == up:
            raise Undefined("atan2(0, 0) is undefined")
        if type(x) is not Jet and type(y) is not Jet:
            return arb.atan2(arb(y), arb(x))
        if right == 1:
            return self.arctan(y / x)
        if right == -1 and up == 0 and type(y) is not Jet:
            return self.pi  # for all x < 0
        if right == -1 and up == 0:
            raise Undefined("atan2(y, x) jumps where y is 0 and x is negative")
        if up in (0, None):
            raise Unsure(f"the sign of {show(y)} is not known to {digits(self.bits)}")
        return up * self.pi / 2 - self.arctan(x / y)

    def arcsinh(self, x: Any) -> Any:
        if type(x) is not Jet:
            return self._apply("asinh", x)
        return self._by_slope(x, arb(lead(x)).asinh(), 1 / self.sqrt(1 + x * x))

    def arccosh(self, x: Any) -> Any:
        if lead(x) < 1:
            self._refuse("acosh", x)
        if type(x) is not Jet:
            return self._apply("acosh", x)
        return self._by_slope(x, arb(lead(x)).acosh(), 1 / self.sqrt(x * x - 1))

    def arctanh(self, x: Any) -> Any:
        if abs(lead(x)) >= 1:
            self._refuse("atanh", x)
        if type(x) is not Jet:
            return self._apply("atanh", x)
        return self._by_slope(x, arb(lead(x)).atanh(), 1 / (1 - x * x))

    def _by_slope(self, x: Jet, value: Any, slope: Jet) -> Jet:
        """A function of a jet from its value and its derivative there."""
        return Jet((x.series.derivative() * slope.series).integral() + value)

    def _pole(self, name: str, x: Any) -> None:
        """Raises Undefined at 0, -1, -2, …, and Unsure where the ball does not tell."""
        at = lead(x)
        if type(at) is fmpq:
            if at <= 0 and at.q == 1:
                self._refuse(name, x)
        elif not at > 0 and at.contains_integer():
            raise Unsure(f"{name} of {show(x)} is not known to {digits(self.bits)}")

    def lgamma(self, x: Any) -> Any:
        """log |Γ(x)|; left of 0 by Γ(x) Γ(1 − x) = π/sin(πx)."""
        self._pole("lgamma", x)
        if not lead(x) < 0:
            return self._apply("lgamma", x)
        return self.log(self.abs(self.pi / self.sin(self.pi * x))) - self.lgamma(1 - x)

    def polygamma(self, k: Any, x: Any) -> Any:
        """The k-th derivative of digamma, which is that of lgamma; of a jet, its Taylor series."""
        self._pole("polygamma" if k else "digamma", x)
        order, at = int(k), arb(lead(x))
        value = acb(at).polygamma(acb(order)).real
        if type(x) is not Jet:
            return value
        moved, power, factor = x - lead(x), Jet.of(1), 1
        total = Jet.of(value)
        for n in range(1, ctx.cap):
            power, factor = power * moved, factor * n
            total = total + power * (acb(at).polygamma(acb(order + n)).real / factor)
        return total

    def erf(self, x: Any) -> Any:
        return self._apply("erf", x)

    def sinh(self, x: Any) -> Any:
        return (self.exp(x) - self.exp(-x)) / 2 if type(x) is Jet else self._hyperbolic("sinh", x)

    def cosh(self, x: Any) -> Any:
        return (self.exp(x) + self.exp(-x)) / 2 if type(x) is Jet else self._hyperbolic("cosh", x)

    def _hyperbolic(self, name: str, x: Any) -> Any:
        if abs(x) > LARGEST_EXPONENT:
            raise Overflow(f"{name} of {show(x)} overflows")
        return self._apply(name, x)

    def tanh(self, x: Any) -> Any:
        return 2 * self.sigmoid(2 * x) - 1 if type(x) is Jet else self._apply("tanh", x)

    def sigmoid(self, x: Any) -> Any:
        """1/(1 + exp(-x)), or exp(x)/(1 + exp(x)): whichever exponential is the small one."""
        if middle(x) >= 0:
            return 1 / (1 + self.exp(-x))
        tail = self.exp(x)
        return tail / (1 + tail)

    def softplus(self, x: Any) -> Any:
        return x + self.log1p(self.exp(-x)) if middle(x) > 0 else self.log1p(self.exp(x))
