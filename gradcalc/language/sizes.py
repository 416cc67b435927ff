"""Symbolic sizes: polynomials with integer coefficients over named sizes; shapes are tuples of
them.
"""

from __future__ import annotations

from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass


def in_order(term: tuple[tuple[str, ...], int]) -> tuple[int, bool, tuple[str, ...]]:
    """The order in which the terms of a size are written: n - m + 1."""
    monomial, coefficient = term
    return -len(monomial), coefficient < 0, monomial


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

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        parts = []
        for monomial, coefficient in sorted(self.terms, key=in_order):
            body = "*".join(monomial)
            magnitude = abs(coefficient)
            word = str(magnitude) if not body else body if magnitude == 1 else f"{magnitude}*{body}"
            parts.append(("-" if coefficient < 0 else "+") + " " + word)
        text = " ".join(parts) or "0"
        return (
            text[2:]
            if text.startswith("+ ")
            else text.replace("- ", "-", 1)
            if text.startswith("- ")
            else text
        )


Shape: TypeAlias = tuple[Size, ...]
ONE = Size.of(1)


class ShapeError(Exception):
    """Shapes that do not go together. `reason` is the small fact (`D_x ≠ D_z`); whoever knows
    the words adds them.
    """

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


def show(shape: Shape) -> str:
    """A shape in words: `a scalar`, `[n]`, `D_x×1`, `(N - 1)×d`."""
    if not shape:
        return "a scalar"
    if len(shape) == 1:
        return f"[{shape[0]}]"
    return "×".join(
        f"({size})" if " " in str(size) or str(size).startswith("-") else str(size)
        for size in shape
    )


def broadcast(*shapes: Shape) -> Shape:
    """The common shape under NumPy's rule: trailing axes align, axes of size 1 stretch. Raises
    ShapeError.
    """
    longest = max(shapes, key=len, default=())
    if all(shape == longest or not shape for shape in shapes):
        return longest
    result = list(longest)
    for shape in shapes:
        for place, size in enumerate(shape, len(longest) - len(shape)):
            if result[place] == ONE:
                result[place] = size
            elif size not in (ONE, result[place]):
                raise ShapeError(f"{result[place]} ≠ {size}")
    return tuple(result)


def stacked(shape: Shape, *examples: Size) -> Shape:
    """The shape of the stack, examples on the last axis: [D] and [D, 1] give D×m, [1, 1] 1×m,
    [] m.
    """
    for position, size in enumerate(examples):
        shape = (
            *(shape[:1] if position == 0 and len(shape) == 2 and shape[1] == ONE else shape),
            size,
        )
    return shape


def product(shape: Shape) -> Size:
    """The number of entries of an array of this shape."""
    total = ONE
    for size in shape:
        total = total * size
    return total


def quoted(text: str) -> str:
    """A piece of an expression as it is quoted in a sentence: on one line, a long one with its
    middle left out.
    """
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:36]} … {text[-18:]}"
