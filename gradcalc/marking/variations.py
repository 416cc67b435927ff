"""Variations of an exercise, each of which is an exercise: edited in one place, or cut.

`stop_gradient` keeps the forward values, so a fault in a derivation is one edit of a definition,
and whoever differentiates the edited exercise makes the fault: no rule is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from gradcalc.exercise.model import Definition, Exercise, Text
from gradcalc.language.fast_dataclasses import dataclass, replace
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
    children,
)

Path: TypeAlias = tuple[int, ...]

SIZED = frozenset(("eye", "ones", "zeros"))  # their arguments are sizes
ONE, TWO = Num(Fraction(1)), Num(Fraction(2))


@dataclass(frozen=True, slots=True)
class Site:
    """A part of an expression: of a quantity's definition (`quantity`), or of an answer (None).
    `path` are the places among `children`, from the outside in.
    """

    quantity: str | None
    path: Path
    expr: Expr


def sites(expr: Expr, quantity: str | None = None) -> Iterator[Site]:
    """Every part of an expression that is a quantity, from the outside in: no condition, and not
    what stands in an option or in a slice.
    """
    pending: list[tuple[Path, Expr]] = [((), expr)]
    while pending:
        path, part = pending.pop()
        if not isinstance(part, Compare):
            yield Site(quantity, path, part)
        inner = list(enumerate(children(part)))
        if isinstance(part, Call):
            inner = [] if part.func in SIZED else inner[: len(part.args)]
        elif isinstance(part, Index):
            inner = inner[:1]
        pending += [((*path, number), child) for number, child in reversed(inner)]


def exercise_sites(exercise: Exercise) -> Iterator[Site]:
    """Every part of every definition."""
    for definition in exercise.definitions:
        yield from sites(definition.expr, definition.name)


def with_children(expr: Expr, parts: Sequence[Expr]) -> Expr:
    """The same form with other direct parts, in the order of `children`."""
    match expr:
        case Binary():
            return Binary(expr.op, parts[0], parts[1])
        case Compare():
            return Compare(expr.op, parts[0], parts[1])
        case Neg():
            return Neg(parts[0])
        case Transpose():
            return Transpose(parts[0])
        case Vector():
            return Vector(tuple(parts))
        case Call():
            count = len(expr.args)
            named = zip((name for name, _ in expr.kwargs), parts[count:], strict=True)
            return Call(
                expr.func, tuple(parts[:count]), tuple(named), expr.primes, places=expr.places
            )
        case Index():
            rest = list(parts[1:])
            items: list[Expr | Slice] = []
            for item in expr.items:
                if isinstance(item, Slice):
                    start, stop, step = (
                        None if one is None else rest.pop(0)
                        for one in (item.start, item.stop, item.step)
                    )
                    items.append(Slice(start, stop, step))
                else:
                    items.append(rest.pop(0))
            return Index(parts[0], tuple(items))
        case _:
            return expr


def put(expr: Expr, path: Path, new: Expr) -> Expr:
    """The expression with another part at a place."""
    if not path:
        return new
    parts = list(children(expr))
    parts[path[0]] = put(parts[path[0]], path[1:], new)
    return with_children(expr, parts)


def part(expr: Expr, path: Path) -> Expr:
    """The part at a place."""
    for number in path:
        expr = children(expr)[number]
    return expr


def edited(exercise: Exercise, changes: Mapping[str, Expr]) -> Exercise:
    """The exercise with other definitions of some quantities; new ones stand first."""
    known = {definition.name for definition in exercise.definitions}
    new = tuple(
        Definition(name, expr, Text("")) for name, expr in changes.items() if name not in known
    )
    kept = tuple(
        replace(definition, expr=changes[definition.name])
        if definition.name in changes
        else definition
        for definition in exercise.definitions
    )
    return replace(exercise, definitions=(*new, *kept))


def edited_at(exercise: Exercise, site: Site, new: Expr) -> Exercise:
    """The exercise with another part at one place."""
    assert site.quantity is not None
    whole = definition_of(exercise, site.quantity).expr
    return edited(exercise, {site.quantity: put(whole, site.path, new)})


def definition_of(exercise: Exercise, name: str) -> Definition:
    """How a quantity is defined."""
    return next(definition for definition in exercise.definitions if definition.name == name)


def named_part(exercise: Exercise, site: Site, name: str) -> Exercise:
    """The exercise with a name for a part of a definition, so that it can be asked about."""
    assert site.quantity is not None
    definition = definition_of(exercise, site.quantity)
    whole = put(definition.expr, site.path, Name(name))
    return edited(exercise, {name: site.expr, site.quantity: whole})


def held(expr: Expr) -> Expr:
    """The same value, without a gradient; what has none anyway stays."""
    return expr if isinstance(expr, Num) else Call("stop_gradient", (expr,))


def differentiated_as(expr: Expr, moving: Expr) -> Expr:
    """The value of `expr` with the derivative of `moving`."""
    return Binary("-", Binary("+", held(expr), moving), held(moving))


def with_slopes(expr: Expr, slopes: Sequence[tuple[Expr, Expr]]) -> Expr:
    """The value of `expr` with the derivative Σ slope · operand′, entry by entry."""
    terms = [
        operand if slope == ONE else Binary("*", held(slope), operand) for slope, operand in slopes
    ]
    moving = terms[0]
    for term in terms[1:]:
        moving = Binary("+", moving, term)
    return differentiated_as(expr, moving)


def with_value(exercise: Exercise, quantity: str, answer: Expr) -> Exercise:
    """The exercise in which a quantity is what an answer says it is."""
    return edited(exercise, {quantity: answer})
