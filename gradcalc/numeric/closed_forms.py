"""Numbers that are known exactly: fractions, and fractions plus multiples of logarithms and of pi.

    with exact_numbers().working():
        evaluate(parse("sigmoid(log(3) - z)"), env)      # 3/4 at z = 0, a fraction

A `Form` is q + Σ c·log p + c·pi with fractions q and c. Logarithms of different primes and 1 are
independent over the fractions, so a form is a fraction only where all its c are 0. What is neither
a fraction nor a form is enclosed in a ball, as everywhere; nobody takes a ball for a fraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from flint import arb, fmpq, fmpq_mat, fmpz

from gradcalc.numeric.balls import Balls, working
from gradcalc.numeric.precision import Numbers

BITS = 240
LARGEST_FACTOR = 10**9  # of what is factored under a logarithm
PI = 0  # among the primes, the key of pi

Number = Any  # fmpq | Form | arb


class Form:
    """q + Σ c·log p + c·pi; `parts`: prime (or PI) -> c, none of them 0, and at least one."""

    __slots__ = ("parts", "rest")

    def __init__(self, rest: fmpq, parts: Mapping[int, fmpq]) -> None:
        self.rest, self.parts = rest, dict(parts)

    @property
    def ball(self) -> Any:
        """Its enclosure at the working precision."""
        total = arb(self.rest)
        for prime, factor in self.parts.items():
            total += arb(factor) * (arb.pi() if prime == PI else arb(prime).log())
        return total

    def _plus(self, other: Any, sign: int) -> Any:
        if isinstance(other, int):
            other = fmpq(other)
        if type(other) is fmpq:
            return Form(self.rest + sign * other, self.parts)
        if type(other) is Form:
            return form(
                self.rest + sign * other.rest,
                {
                    prime: self.parts.get(prime, fmpq(0)) + sign * other.parts.get(prime, fmpq(0))
                    for prime in {**self.parts, **other.parts}
                },
            )
        if type(other) is arb:
            return self.ball + sign * other
        return NotImplemented

    def __add__(self, other: Any) -> Any:
        return self._plus(other, 1)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._plus(other, -1)

    def __rsub__(self, other: Any) -> Any:
        return (-self)._plus(other, 1)

    def __neg__(self) -> Form:
        return Form(-self.rest, {prime: -factor for prime, factor in self.parts.items()})

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, int):
            other = fmpq(other)
        if type(other) is fmpq:
            factors = {prime: factor * other for prime, factor in self.parts.items()}
            return form(self.rest * other, factors)
        if type(other) is Form or type(other) is arb:
            return self.ball * (other.ball if type(other) is Form else other)
        return NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, int):
            other = fmpq(other)
        if type(other) is fmpq:
            return self * (1 / other)
        if type(other) is arb:
            return self.ball / other
        if type(other) is not Form:
            return NotImplemented
        prime, factor = next(iter(self.parts.items()))
        below = other.parts.get(prime)
        ratio = factor / below if below is not None else fmpq(0)
        if ratio != 0 and same(self, other * ratio):
            return ratio
        return self.ball / other.ball

    def __rtruediv__(self, other: Any) -> Any:
        if isinstance(other, int):
            other = fmpq(other)
        if type(other) is fmpq or type(other) is arb:
            return other / self.ball
        return NotImplemented

    def __float__(self) -> float:
        return float(self.ball)

    def __gt__(self, other: Any) -> bool:
        return bool(self.ball > other)

    def __lt__(self, other: Any) -> bool:
        return bool(self.ball < other)

    def __eq__(self, other: object) -> bool:
        return type(other) is Form and self.rest == other.rest and self.parts == other.parts

    def __hash__(self) -> int:
        return hash((self.rest, tuple(sorted(self.parts.items()))))

    def is_zero(self) -> bool:
        """Never: it is no fraction."""
        return False

    def __repr__(self) -> str:
        names = {prime: "pi" if prime == PI else f"log({prime})" for prime in self.parts}
        parts = [f"{factor}*{names[prime]}" for prime, factor in sorted(self.parts.items())]
        return " + ".join(([str(self.rest)] if self.rest != 0 else []) + parts)


def form(rest: fmpq, parts: Mapping[int, fmpq]) -> Number:
    """The same as a fraction where it is one."""
    kept = {prime: factor for prime, factor in parts.items() if factor != 0}
    return Form(rest, kept) if kept else rest


def same(one: Number, other: Number) -> bool:
    """Are two numbers known to be one? A ball never is."""
    if type(one) is Form and type(other) is Form:
        return bool(one.rest == other.rest) and one.parts == other.parts
    return type(one) is fmpq and type(other) is fmpq and bool(one == other)


def logarithm(value: fmpq) -> Number | None:
    """log of a positive fraction as a form; None where its factors are too large."""
    parts: dict[int, fmpq] = {}
    for part, sign in ((value.p, 1), (value.q, -1)):
        if part > LARGEST_FACTOR:
            return None
        for prime, power in fmpz(part).factor():
            parts[int(prime)] = fmpq(sign * int(power))
    return form(fmpq(0), parts)


def exponential(value: Number) -> fmpq | None:
    """exp of whole multiples of logarithms, which is a fraction; else None."""
    if type(value) is fmpq:
        return fmpq(1) if value == 0 else None
    if type(value) is not Form or value.rest != 0:
        return None
    found = fmpq(1)
    for prime, factor in value.parts.items():
        if prime == PI or factor.q != 1 or abs(factor.p) > 200:
            return None
        found *= fmpq(prime) ** int(factor.p)
    return found


class ClosedForms(Balls):
    """Real functions that keep fractions and forms, where the result is one."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.pi = Form(fmpq(0), {PI: fmpq(1)})  # type: ignore[assignment]

    def number(self, value: Any) -> Any:
        return value if type(value) is Form else super().number(value)

    def finite(self, value: Any) -> bool:
        return type(value) is Form or super().finite(value)

    def settled(self, value: Any) -> Any:
        return value if type(value) is Form else super().settled(value)

    def sign_of(self, x: Any) -> int | None:
        return super().sign_of(x.ball if type(x) is Form else x)

    def by_sign(self, x: Any, positive: Any, negative: Any) -> Any:
        sign = self.sign_of(x)
        if sign is not None:
            return positive if sign > 0 else negative
        return super().by_sign(*map(_enclosed, (x, positive, negative)))

    def power(self, x: Any, y: Any) -> Any:
        if type(y) is Form:
            y = y.ball
        if type(x) is Form and not (type(y) is fmpq and y == 1):
            x = x.ball
        return super().power(x, y)

    def _apply(self, name: str, x: Any) -> Any:
        return super()._apply(name, _enclosed(x))

    def exp(self, x: Any) -> Any:
        found = exponential(x)
        return super().exp(_enclosed(x)) if found is None else found

    def expm1(self, x: Any) -> Any:
        found = exponential(x)
        return super().expm1(_enclosed(x)) if found is None else found - 1

    def log(self, x: Any) -> Any:
        if type(x) is fmpq and x > 0 and (found := logarithm(x)) is not None:
            return found
        return super().log(_enclosed(x))

    def log1p(self, x: Any) -> Any:
        return self.log(1 + x)

    def sinh(self, x: Any) -> Any:
        found = exponential(x)
        return super().sinh(_enclosed(x)) if found is None else (found - 1 / found) / 2

    def cosh(self, x: Any) -> Any:
        found = exponential(x)
        return super().cosh(_enclosed(x)) if found is None else (found + 1 / found) / 2

    def tanh(self, x: Any) -> Any:
        found = exponential(2 * x)
        return super().tanh(_enclosed(x)) if found is None else (found - 1) / (found + 1)

    def sigmoid(self, x: Any) -> Any:
        found = exponential(x)
        return super().sigmoid(_enclosed(x)) if found is None else found / (1 + found)

    def softplus(self, x: Any) -> Any:
        found = exponential(x)
        return super().softplus(_enclosed(x)) if found is None else self.log(1 + found)

    def sin(self, x: Any) -> Any:
        found = _sine(x, fmpq(0))
        return super().sin(_enclosed(x)) if found is None else found

    def cos(self, x: Any) -> Any:
        found = _sine(x, fmpq(1, 2))
        return super().cos(_enclosed(x)) if found is None else found

    def tan(self, x: Any) -> Any:
        sine, cosine = _sine(x, fmpq(0)), _sine(x, fmpq(1, 2))
        if sine is None or cosine is None or cosine == 0:
            return super().tan(_enclosed(x))
        return sine / cosine

    def arctan(self, x: Any) -> Any:
        if type(x) is fmpq and x in (-1, 0, 1):
            return x * self.pi / 4
        return super().arctan(_enclosed(x))


def _sine(x: Any, shift: fmpq) -> fmpq | None:
    """sin of (a multiple of pi) + shift·pi where it is a fraction: 0, ±1/2 or ±1."""
    if type(x) is fmpq:
        turns = fmpq(0) if x == 0 else None
    elif type(x) is Form and x.rest == 0 and set(x.parts) == {PI}:
        turns = x.parts[PI]
    else:
        turns = None
    if turns is None:
        return None
    sixths = (turns + shift) * 6
    if sixths.q != 1:
        return None
    values = (0, 1, None, 2, None, 1, 0, -1, None, -2, None, -1)
    found = values[int(sixths.p) % 12]
    return None if found is None else fmpq(found, 2)


def _enclosed(x: Any) -> Any:
    return x.ball if type(x) is Form else x


@cache
def exact_numbers() -> Numbers:
    """The domain of fractions, forms and, for what is neither, balls."""
    with working(BITS):
        return Numbers(ClosedForms(BITS), BITS)


def rational(value: Fraction | int) -> Any:
    """A fraction among exact numbers."""
    value = Fraction(value)
    return fmpq(value.numerator, value.denominator)


def as_fraction(value: Any) -> Fraction | None:
    """An exact number as a fraction; None where it is none, or is not known to be one."""
    return Fraction(int(value.p), int(value.q)) if type(value) is fmpq else None


def is_rational(value: Any) -> bool:
    """Is a number known to be a fraction? Its parts are then `p` and `q`."""
    return type(value) is fmpq


def full_rank(entries: Sequence[Fraction], rows: int, columns: int) -> bool:
    """Has a matrix full rank?"""
    matrix = fmpq_mat(rows, columns, [rational(entry) for entry in entries])
    return int(matrix.rank()) == min(rows, columns)


def solution(slopes: Sequence[Sequence[Any]], wanted: Sequence[Any]) -> list[Any] | None:
    """x with Σ x_j slopes[j] = wanted, exactly; None where there is not one alone."""
    n = len(slopes)
    if not n or any(type(slope) is not fmpq for row in slopes for slope in row):
        return None
    if n == 1:
        (row,) = slopes
        found = [w / s for w, s in zip(wanted, row, strict=True) if s != 0]
        if len(found) < len(row) or any(not same(one, found[0]) for one in found):
            return None
        return found[:1]
    if len(wanted) != n:
        return None
    matrix = fmpq_mat([[slopes[j][i] for j in range(n)] for i in range(n)])
    if matrix.det() == 0:
        return None
    inverse = matrix.inv().tolist()
    return [sum((row[j] * wanted[j] for j in range(n)), fmpq(0)) for row in inverse]
