"""Exact numbers: their arithmetic, bounded in time and memory."""

from __future__ import annotations

import math
from fractions import Fraction

MAX_BITS = (
    4096  # of a numerator or denominator that is computed exactly: 2^4096 is beyond every use
)


def power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """base^exponent where it is rational; None where it is not. ZeroDivisionError for 0^-1,
    OverflowError if absurd.
    """
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
    """`+ - * / ^` on exact numbers; None where the result is irrational. ZeroDivisionError,
    OverflowError.
    """
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
