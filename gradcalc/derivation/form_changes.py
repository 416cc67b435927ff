"""What lies between two forms of one gradient, in a teacher's words.

rewritings(ŷ (1 − ŷ) ((1 − y)/(1 − ŷ) − y/ŷ)/m,  (ŷ − y)/m)  ->  multiplied out; 1 − ŷ, ŷ cancel
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num, children, walk
from gradcalc.language.unparse import unparse


@dataclass(frozen=True, slots=True)
class Rewriting:
    """`what` was done, to these `parts`, which come first where there are any: "1 − ŷ, ŷ"
    "cancel".
    """

    what: str
    parts: tuple[Expr, ...] = ()


def rewritings(before: Expr, after: Expr) -> tuple[Rewriting, ...]:
    """What turned one form into the other, as far as it can be told from the two; () where only
    the order changed.
    """
    if canonical(before) == canonical(after):
        return ()
    had, has = (
        Counter(part.id for part in walk(expr) if isinstance(part, Name))
        for expr in (before, after)
    )
    lost = had.keys() - has.keys()
    more = tuple(Name(name) for name in has if has[name] > had[name] and (lost or not had[name]))
    if more:
        return (
            Rewriting(
                "read back in the place of what defines it"
                if len(more) == 1
                else "read back in the place of what defines them",
                more,
            ),
        )
    found: list[Rewriting] = []
    left = {canonical(part) for part in divisors(after)}
    gone = {canonical(part): part for part in divisors(before) if canonical(part) not in left}
    old, new = ({sign_free(part): part for part in sums(expr)} for expr in (before, after))
    if old.keys() - new.keys() and (gone or additions(after) > additions(before)):
        found.append(Rewriting("multiplied out"))
    if gone:
        found.append(Rewriting("cancels" if len(gone) == 1 else "cancel", tuple(gone.values())))
    elif additions(after) < additions(before):
        found.append(Rewriting("like terms collected"))
    elif new.keys() - old.keys():
        found.append(Rewriting("factor out what the terms share"))
    elif len(list(divisors(after))) < len(list(divisors(before))):
        found.append(Rewriting("brought over one denominator"))
    return tuple(found)


def canonical(expr: Expr) -> str:
    """The same text for expressions that differ in the order of factors and terms, and in where
    a divisor stands.
    """
    return "|".join(sorted(f"{sign}{'*'.join(sorted(parts))}" for sign, parts in terms(expr)))


def terms(expr: Expr, sign: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The terms of a sum: (sign, factors), an inverse behind a slash."""
    match expr:
        case Binary("+" | "-" as op, left, right):
            yield from terms(left, sign)
            yield from terms(right, sign if op == "+" else -sign)
        case Neg(arg):
            yield from terms(arg, -sign)
        case _:
            parts: list[str] = []
            for part, inverse in factors_and_divisors(expr):
                while isinstance(part, Neg):
                    part, sign = part.arg, -sign
                word = (
                    f"({canonical(part)})"
                    if isinstance(part, Binary) and part.op in "+-"
                    else inner(part)
                )
                if word != "1":
                    parts.append("/" * inverse + word)
            yield sign, parts


def factors_and_divisors(expr: Expr, inverse: bool = False) -> Iterator[tuple[Expr, bool]]:
    """The factors of a product entry by entry, and whether it is divided by them."""
    match expr:
        case Binary("*" | "/" as op, left, right):
            yield from factors_and_divisors(left, inverse)
            yield from factors_and_divisors(right, inverse != (op == "/"))
        case _:
            yield expr, inverse


def inner(expr: Expr) -> str:
    """An expression as text, its parts in their canonical form."""
    parts = children(expr)
    if not parts:
        return unparse(expr)
    head = (
        expr.func
        if isinstance(expr, Call)
        else expr.op
        if isinstance(expr, Binary)
        else type(expr).__name__
    )
    return f"{head}({','.join(map(canonical, parts))})"


def sign_free(expr: Expr) -> str:
    """The same text for an expression and its negative."""
    return min(canonical(expr), canonical(Neg(expr)))


def factors(expr: Expr) -> Iterator[Expr]:
    """Of a product, signs and numbers left out; what it is divided by too."""
    stack = [expr]
    while stack:
        match stack.pop():
            case Neg(arg):
                stack.append(arg)
            case Binary("*" | "@" | "/", left, right):
                stack += [right, left]
            case Num():
                pass
            case other:
                yield other


def divisors(expr: Expr) -> Iterator[Expr]:
    """What anything in an expression is divided by."""
    for part in walk(expr):
        if isinstance(part, Binary) and part.op == "/":
            yield from factors(part.right)


def sums(expr: Expr) -> Iterator[Expr]:
    """Sums that stand in a product."""
    for part in walk(expr):
        if isinstance(part, Binary) and part.op in "*@/":
            yield from (
                side for side in factors(part) if isinstance(side, Binary) and side.op in "+-"
            )


def additions(expr: Expr) -> int:
    """How many sums and differences stand in an expression."""
    return sum(isinstance(part, Binary) and part.op in "+-" for part in walk(expr))
