"""Expression text to syntax tree and back. No eval, no sympify; numbers are exact.

    parse("w0*x0 + 1/3")  ->  Binary("+", Binary("*", Name("w0"), Name("x0")), Binary("/", Num(1), Num(3)))
    unparse(tree)         ->  the same in the expression language; parse(unparse(t)) == t

The tree is the one notation of the program: exercises are read into it, derivatives are written in it,
every printer prints it, and the numeric evaluator walks it. Spans (offsets into the parsed text) do not
take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
NOWHERE: Span = (0, 0)


def _span() -> Span:
    return field(default=NOWHERE, compare=False, repr=False)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Num:
    """An exact number; decimals are rationals (0.5 is 1/2). Never negative when parsed: `-2` is Neg(Num(2))."""

    value: Fraction
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity, an input, a size, an index, or a constant (`pi`, `e`)."""

    id: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Neg:
    arg: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is one of `+ - * / ^ @`; `*` and `/` are elementwise, `@` is the matrix product."""

    op: str
    left: Expr
    right: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Compare:
    """`op` is one of `< <= > >= == !=`; only inside `where` and conditions."""

    op: str
    left: Expr
    right: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Call:
    """`func(args, name=value, …)`; `primes` counts the ' of an unknown function's derivative: g''(z).

    `func` is the canonical name of the operation (`ln` is read as `log`, `σ` as `sigmoid`, `√x` as `sqrt(x)`)
    unless the exercise defines a function of that name.
    """

    func: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...] = ()
    primes: int = 0
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` inside an index; None where left out."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Index:
    """`base[items]`; trailing items may be left out."""

    base: Expr
    items: tuple[Expr | Slice, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Transpose:
    """`arg.T`"""

    arg: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Vector:
    """`[a, b]`"""

    items: tuple[Expr, ...]
    span: Span = _span()


Expr: TypeAlias = Num | Name | Neg | Binary | Compare | Call | Index | Transpose | Vector
