"""The syntax tree, and walks over it. The one notation of the program: exercises are read into it,
derivatives are written in it, every printer prints it, and the numeric evaluator walks it.

Trees are immutable and equal by what they say: spans (offsets into the parsed text) do not take
part in equality. Nesting is limited where text is read, but a sum of many terms leans to the left,
so the walks here iterate.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.sizes import Size

Span: TypeAlias = tuple[int, int]
NOWHERE: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Num:
    """An exact number; decimals are rationals (0.5 is 1/2). Never negative when parsed: `-2` is
    Neg(Num(2)).

    `decimal`: it prints as a decimal where it has a short one, as authors write them, and not as a
    fraction. That is how it looks, not what it says: it takes no part in equality.
    """

    value: Fraction
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    decimal: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity, an input, a size, an index, or a constant (`pi`, `e`)."""

    id: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Neg:
    """-x"""

    arg: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is one of `+ - * / ^ @`; `*` and `/` are elementwise, `@` is the matrix product."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`op` is one of `< <= > >= == !=`; only inside `where` and conditions."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`func(args, name=value, …)`; `primes` counts the ' of an unknown function's derivative:
    g''(z). `places` are the arguments, counted from 1 and in order, by which an unknown function
    of several was differentiated: (1, 2) in d12f(x, y).

    `func` is the canonical name of the operation (`ln` is read as `log`, `σ` as `sigmoid`, `√x` as
    `sqrt(x)`) unless the exercise defines a function of that name. `keepdims` is Name("True") or
    Name("False").
    """

    func: str
    args: tuple[Expr, ...]
    kwargs: tuple[tuple[str, Expr], ...] = ()
    primes: int = 0
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """`start:stop:step` inside an index; None where left out."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Index:
    """`base[items]`; trailing items may be left out."""

    base: Expr
    items: tuple[Expr | Slice, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Transpose:
    """`arg.T`"""

    arg: Expr
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Vector:
    """`[a, b]`"""

    items: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sized:
    """An expression as a matrix of rows × cols, while a derivative is put together: the operands
    in it are sized in turn (calculus/notation/matrix.py). It is no part of a formula that is read
    or printed, and the walks here take it for a leaf.

    A 1-D array has no orientation of its own: as a matrix it is a column or a row as needed, and
    its transpose is itself. `rank` says what an expression without operands is: 1 for such an
    array, 2 for a matrix, a column `[n, 1]` or a row `[1, n]`.
    """

    expr: Expr
    rows: Size
    cols: Size
    rank: int = 2
    symmetric: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Expr: TypeAlias = Num | Name | Neg | Binary | Compare | Call | Index | Transpose | Vector | Sized


def children(expr: Expr | Slice) -> tuple[Expr, ...]:
    """The direct parts, left to right; those of a slice count as parts of the index."""
    match expr:
        case Binary() | Compare():
            return (expr.left, expr.right)
        case Neg() | Transpose():
            return (expr.arg,)
        case Call():
            return expr.args + tuple(value for _, value in expr.kwargs)
        case Vector():
            return expr.items
        case Index():
            parts: list[Expr] = [expr.base]
            for item in expr.items:
                parts += children(item) if isinstance(item, Slice) else (item,)
            return tuple(parts)
        case Slice():
            return tuple(part for part in (expr.start, expr.stop, expr.step) if part is not None)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything in it, from the outside in, left to right."""
    stack = [expr]
    while stack:
        expr = stack.pop()
        yield expr
        stack.extend(reversed(children(expr)))


def occurrences(expr: Expr) -> Iterator[Name]:
    """Every Name that stands for a quantity, size, index or constant, left to right (not the
    words of an option).
    """
    stack = [expr]
    while stack:
        expr = stack.pop()
        if isinstance(expr, Name):
            yield expr
        elif isinstance(expr, Call):
            stack.extend(
                value for name, value in reversed(expr.kwargs) if name not in ("keepdims", "ord")
            )
            stack.extend(reversed(expr.args))
        else:
            stack.extend(reversed(children(expr)))


def names(expr: Expr) -> tuple[str, ...]:
    """The distinct names in an expression, in order of first occurrence."""
    return tuple(dict.fromkeys(name.id for name in occurrences(expr)))


def number(value: Fraction | int) -> Expr:
    """An exact number as a tree that parses back to itself: Num(2), Neg(Num(2)), Binary("/",
    Num(1), Num(3)).
    """
    value = Fraction(value)
    top: Expr = Num(Fraction(abs(value.numerator)))
    if value.denominator != 1:
        top = Binary("/", top, Num(Fraction(value.denominator)))
    return Neg(top) if value < 0 else top


def plus(left: Expr, right: Expr) -> Expr:
    """left + right, where a minus before the right side is that of a difference: a - b, not a +
    -b.
    """
    return Binary("-", left, right.arg) if isinstance(right, Neg) else Binary("+", left, right)


def product(factors: Sequence[Expr]) -> Expr:
    """a*b*c as it is read, from the left; 1 where there are none."""
    total = factors[0] if factors else Num(Fraction(1))
    for factor in factors[1:]:
        total = Binary("*", total, factor)
    return total


def times(left: Expr, right: Expr) -> Expr:
    """A product without parentheses around a factor that is a product itself: 2*x*y, not
    2*(x*y).
    """
    match left, right:
        case _, Binary("*" | "/" as op, first, second):
            return Binary(op, times(left, first), second)
        case Num(a), Num(b):  # 2 · 0.5 is 1
            return Num(a * b, decimal=left.decimal if a.denominator != 1 else right.decimal)
        case Binary("*", Num(a) as first, second), Num(b):
            return Binary("*", times(first, right), second)
        case Neg(arg), Num():
            return Neg(times(arg, right))
        case Num(Fraction(numerator=1, denominator=1)), _:
            return right
        case _:
            return Binary("*", left, right)


def substitute(
    expr: Expr, table: Mapping[str, Expr], through: Container[str] = frozenset()
) -> Expr:
    """`expr` with names replaced by expressions, all at once; called names and keyword names
    stay. `through`: functions that are left out, their argument in their place.
    """
    return filled(
        expr, lambda part: table.get(part.id, part) if isinstance(part, Name) else part, through
    )


def filled(
    expr: Expr, put: Callable[[Name | Sized], Expr], through: Container[str] = frozenset()
) -> Expr:
    """`expr` with another expression put for each name and each shaped operand; `through` as in
    `substitute`.
    """

    def of(part: Expr) -> Expr:
        return filled(part, put, through)

    def maybe(part: Expr | None) -> Expr | None:
        return None if part is None else of(part)

    match expr:
        case Name() | Sized():
            return put(expr)
        case Neg(Name() | Sized()) if (opposite := negated(of(expr.arg))) is not None:
            return opposite
        case Neg():
            return Neg(of(expr.arg))
        case Transpose():
            return Transpose(of(expr.arg))
        case Binary("*", left, Name() | Sized()):
            return times(of(left), of(expr.right))
        case Binary("+" | "-", _, Name() | Sized()) if (
            opposite := negated(of(expr.right))
        ) is not None:
            return Binary(
                "-" if expr.op == "+" else "+", of(expr.left), opposite
            )  # a − f with f = −b is a + b
        case Binary():
            return Binary(expr.op, of(expr.left), of(expr.right))
        case Compare():
            return Compare(expr.op, of(expr.left), of(expr.right))
        case Call(func, (arg,)) if func in through:
            return of(arg)
        case Call():
            return Call(
                expr.func,
                tuple(map(of, expr.args)),
                tuple((k, of(v)) for k, v in expr.kwargs),
                expr.primes,
                places=expr.places,
            )
        case Vector():
            return Vector(tuple(map(of, expr.items)))
        case Index():
            items = tuple(
                Slice(maybe(i.start), maybe(i.stop), maybe(i.step))
                if isinstance(i, Slice)
                else of(i)
                for i in expr.items
            )
            return (
                picked(of(expr.base), items)
                if isinstance(expr.base, Name | Sized)
                else Index(of(expr.base), items)
            )
        case _:
            return expr


def negated(expr: Expr) -> Expr | None:
    """b/c for −b/c; None where no minus leads, and for a number: 3 − (−2) stays."""
    match expr:
        case Neg(arg) if names(arg):
            return arg
        case Binary("*" | "/" as op, left, right) if (opposite := negated(left)) is not None:
            return Binary(op, opposite, right)
        case _:
            return None


def picked(base: Expr, items: tuple[Expr | Slice, ...]) -> Expr:
    """base[items], where the base is a list its item: [a, b][1] is b."""
    match base, items:
        case Vector(entries), (Num(value), *rest) if value.denominator == 1 and value < len(
            entries
        ):
            return picked(entries[int(value)], tuple(rest)) if rest else entries[int(value)]
        case _:
            return Index(base, items)
