"""Mathematics as data: what a line of a report, of an explanation or of a rule is made of.

Whoever draws a line decides how an expression, a partial derivative, a shape or a number is
written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.sizes import Shape, Size
from gradcalc.language.tree import Expr

# A float or int, nested lists of them row by row, or None where there is no number.
Number: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Names:
    """What printers must know of the names in an expression.

    shapes     of quantities, inputs and stacks; a name that is missing (a size, an index) is a
               number
    each       quantities with one value per example; in per-example views they carry the example
               index
    ranges     the example indices with their sizes
    latex      TeX for a name, from `notation.latex` or its declaration
    functions  unknown functions
    partials   names of upstream gradients that nobody named: dL_dO is written ∂L/∂O
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    each: frozenset[str] = frozenset()
    ranges: Mapping[str, Size] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    partials: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partial:
    """∂f/∂x, ∂²f/∂x∂y, ∂f/∂x[0, 2]. `local`: with the other operands held, where it is not all
    of ∂f/∂x.
    """

    of: str
    by: tuple[str, ...]
    entry: tuple[Expr, ...] = ()
    local: bool = False
    places: tuple[tuple[str, ...], tuple[str, ...]] = (
        (),
        (),
    )  # indices of numerator and denominator


@dataclass(frozen=True, slots=True)
class Shaped:
    """A shape, D_x × m."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Values:
    """A number, or nested lists of them, at significant digits."""

    value: Number
    digits: int


@dataclass(frozen=True, slots=True)
class Grid:
    """An array of order 1 or 2 as it was given, whole: expressions, or numbers with all their
    digits, row by row. `turned`: a column that is written as a row, with a sign that it is turned.
    """

    rows: tuple[tuple[Expr | float, ...], ...]
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Factors:
    """A product with a dot between its factors, as a chain of local derivatives is written: α (1
    − α) · w₀.
    """

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of an expression, ∂(x y)/∂x. `alone`: it has no other variable, dσ(u)/du."""

    of: Expr
    by: Expr
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Under:
    """A factor with its shape below it."""

    expr: Expr
    shape: Shape


Piece: TypeAlias = Expr | Partial | Shaped | Values | Grid | Factors | Slope | Under | str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula: pieces side by side; a str is a sign between them (= ≈ · + , ∘ →). `example`: a
    per-example view; `names`: of a formula that is not about the report's quantities, a general
    rule.
    """

    pieces: tuple[Piece, ...]
    example: bool = False
    names: Names | None = None


Line: TypeAlias = tuple[str | Math, ...]
Cell: TypeAlias = tuple[Line, ...]


def continues(line: Line) -> bool:
    """Whether a line goes on with the formula of the line before: = …, + …"""
    return isinstance(line[0], Math) and line[0].pieces[0] in ("=", "+", "−", "+ …")


def math(*pieces: Piece, example: bool = False) -> Line:
    """A line that is one formula."""
    return (Math(pieces, example),)


def line(*parts: str | Line | Math | Piece, example: bool = False) -> Line:
    """Text with formulas in it: a str is text, a line stands as it is, anything else is a
    formula of its own.
    """
    found: list[str | Math] = []
    for part in parts:
        if isinstance(part, tuple):
            found += part
        elif part != "":
            found.append(part if isinstance(part, str | Math) else Math((part,), example))
    return tuple(found)


def listed(
    parts: Iterable[str | Line | Math | Piece],
    between: str = ", ",
    last: str = " and ",
    example: bool = False,
) -> Line:
    """In a sentence: a, b and c."""
    lines = [line(part, example=example) for part in parts]
    signs = ["", *[between] * (len(lines) - 2), last]
    return line(*(piece for pair in zip(signs, lines, strict=False) for piece in pair))
