"""Symbolic sizes and shapes: polynomials with integer coefficients over named sizes, and their unification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Size:
    """A size: a polynomial over size names, e.g. D_x, 3, N - 1. Equal only by name or number.

    `terms` is a sorted tuple of (monomial, coefficient), a monomial being a sorted tuple of names.
    """

    terms: tuple[tuple[tuple[str, ...], int], ...]

    @classmethod
    def of(cls, value: int | str | Size) -> Size:
        if isinstance(value, Size):
            return value
        if isinstance(value, str):
            return cls((((value,), 1),))
        return cls((((), value),) if value else ())

    def __add__(self, other: int | str | Size) -> Size:
        total = dict(self.terms)
        for monomial, coefficient in Size.of(other).terms:
            total[monomial] = total.get(monomial, 0) + coefficient
        return Size(tuple(sorted((m, c) for m, c in total.items() if c)))

    def __mul__(self, other: int | str | Size) -> Size:
        total: dict[tuple[str, ...], int] = {}
        for left, a in self.terms:
            for right, b in Size.of(other).terms:
                monomial = tuple(sorted(left + right))
                total[monomial] = total.get(monomial, 0) + a * b
        return Size(tuple(sorted((m, c) for m, c in total.items() if c)))

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: int | str | Size) -> Size:
        return self + -Size.of(other)

    @property
    def number(self) -> int | None:
        """The size as an integer, or None where names are left."""
        if not self.terms:
            return 0
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for monomial, _ in self.terms for name in monomial)

    def at(self, sizes: dict[str, int]) -> int:
        """The number at given sizes; KeyError for a name without one."""
        total = 0
        for monomial, coefficient in self.terms:
            for name in monomial:
                coefficient *= sizes[name]
            total += coefficient
        return total

    def __str__(self) -> str:
        parts = []
        for monomial, coefficient in sorted(self.terms, key=lambda term: (-len(term[0]), term[0])):
            body = "*".join(monomial)
            magnitude = abs(coefficient)
            word = str(magnitude) if not body else body if magnitude == 1 else f"{magnitude}*{body}"
            parts.append(("-" if coefficient < 0 else "+") + " " + word)
        text = " ".join(parts) or "0"
        return text[2:] if text.startswith("+ ") else text.replace("- ", "-", 1) if text.startswith("- ") else text


Shape: TypeAlias = tuple[Size, ...]
ONE = Size.of(1)
