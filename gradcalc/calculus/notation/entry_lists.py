"""One entry with its indices, written out as the list of all entries: [[x[0], 0], [0, x[0]]].

Done where all sizes are small numbers: conditions are decided, short sums written out, zeros left
away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

from gradcalc.language.shape_rules import Shape, Size
from gradcalc.language.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    substitute,
)

MOST_ENTRIES, MOST_SUMMANDS = 36, 6
ZERO, ONE = Num(Fraction(0)), Num(Fraction(1))
DECIDED = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def listed(
    entry: Expr, free: Sequence[str], sizes: Mapping[str, Size], shape: Shape
) -> Expr | None:
    """All entries as nested lists in the shape of the answer; None where a size is no number, or
    there are too many.
    """
    counts = [sizes[name].number for name in free]
    if (
        any(count is None for count in counts)
        or prod(count or 0 for count in counts) > MOST_ENTRIES
    ):
        return None

    axes = [size.number for size in shape]
    if [n for n in axes if n != 1] != counts:
        return None

    def rows(at: tuple[int, ...]) -> Expr:
        if len(at) < len(axes):
            return Vector(tuple(rows((*at, n)) for n in range(axes[len(at)] or 0)))
        places = [n for n, size in zip(at, axes, strict=True) if size != 1]
        return settled(substitute(entry, numbers(free, places)), sizes)

    return rows(())


def numbers(names: Sequence[str], at: Sequence[int]) -> dict[str, Expr]:
    """Index name -> position, as numbers to be put in."""
    return {name: Num(Fraction(n)) for name, n in zip(names, at, strict=True)}


def settled(expr: Expr, sizes: Mapping[str, Size]) -> Expr:
    """An expression with its conditions decided, its short sums written out, and what is 0 or 1
    left away.
    """
    match expr:
        case Call("sum", (body, *over)) if over and all(
            isinstance(name, Name) and name.id in sizes for name in over
        ):
            names = [name.id for name in over if isinstance(name, Name)]
            counts = [sizes[name].number for name in names]
            if (
                any(count is None for count in counts)
                or prod(count or 0 for count in counts) > MOST_SUMMANDS
            ):
                return Call("sum", (settled(body, sizes), *over))
            total: Expr = ZERO
            for at in product(*(range(count or 0) for count in counts)):
                total = binary("+", total, settled(substitute(body, numbers(names, at)), sizes))
            return total
        case Call("where", (condition, yes, no)):
            test = settled(condition, sizes)
            if (
                isinstance(test, Compare)
                and isinstance(test.left, Num)
                and isinstance(test.right, Num)
            ):
                return settled(
                    yes if DECIDED[test.op](test.left.value, test.right.value) else no, sizes
                )
            return Call("where", (test, settled(yes, sizes), settled(no, sizes)))
        case Call(_, args, kwargs):
            return replace(expr, args=tuple(settled(arg, sizes) for arg in args), kwargs=kwargs)
        case Compare(op, left, right):
            return Compare(op, settled(left, sizes), settled(right, sizes))
        case Binary(op, left, right):
            return binary(op, settled(left, sizes), settled(right, sizes))
        case Neg(arg):
            inner = settled(arg, sizes)
            return ZERO if inner == ZERO else inner.arg if isinstance(inner, Neg) else Neg(inner)
        case Transpose(arg):
            return Transpose(settled(arg, sizes))
        case Index(base, items):
            places = tuple(
                item if isinstance(item, Slice) else settled(item, sizes) for item in items
            )
            return flipped(settled(base, sizes), places)
    return expr


def flipped(base: Expr, items: tuple[Expr | Slice, ...]) -> Expr:
    """A.T[i, j] is A[j, i]."""
    if isinstance(base, Transpose) and len(items) == 2:
        return Index(base.arg, (items[1], items[0]))
    return Index(base, items)


def binary(op: str, left: Expr, right: Expr) -> Expr:
    """left op right, without what is 0 or 1."""
    if isinstance(left, Num) and isinstance(right, Num) and op in "+*":
        return Num(left.value + right.value if op == "+" else left.value * right.value)
    if op == "*" and ZERO in (left, right):
        return ZERO
    if op == "*" and ONE in (left, right):
        return right if left == ONE else left
    if op == "*" and left == right:
        return Binary("^", left, Num(Fraction(2)))
    if op in "+-" and right == ZERO:
        return left
    if op == "+" and left == ZERO:
        return right
    if op == "-" and left == ZERO:
        return Neg(right)
    if op == "/" and left == ZERO:
        return ZERO
    if op == "+" and isinstance(right, Neg):
        return Binary("-", left, right.arg)
    if op == "-" and isinstance(right, Neg):
        return Binary("+", left, right.arg)
    return Binary(op, left, right)
