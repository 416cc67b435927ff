"""Inputs that are solved so that a quantity takes the value that is aimed at.

The quantity has to depend on the input along a straight line: z = w @ x + b for b, or for w where
it is a number. Solved in fractions and logarithms, so that it is met exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gradcalc.exercise.vary_model import Aim
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg
from gradcalc.language.tree import number
from gradcalc.numeric.closed_forms import (
    PI,
    Form,
    as_fraction,
    exact_numbers,
    rational,
    same,
    solution,
)
from gradcalc.numeric.forward import leaf
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Env
from gradcalc.variants.draws import Entry, Unfit, flat
from gradcalc.variants.prepared import Prepared


class Aimer:
    """Solves for the inputs of one exercise that are aimed."""

    def __init__(self, prepared: Prepared, aims: Mapping[str, Sequence[Aim]]) -> None:
        self.prepared = prepared
        self.order = self._order(aims)
        self.needed = {
            aim.quantity: prepared.rests_on(aim.quantity) | {aim.quantity}
            for some in aims.values()
            for aim in some
        }

    def _order(self, aims: Mapping[str, Sequence[Aim]]) -> tuple[str, ...]:
        """The inputs, each after those that what it aims at depends on. Raises GradcalcError."""
        rests = {
            name: frozenset().union(*(self.prepared.rests_on(aim.quantity) for aim in some))
            for name, some in aims.items()
        }
        for name, found in rests.items():
            if name not in found:
                what = aims[name][0].quantity
                message = f"`{what}` does not depend on `{name}`, so {name} cannot aim at it"
                raise GradcalcError(Problem("vary", message))
        order: list[str] = []
        while len(order) < len(aims):
            ready = [
                name
                for name in aims
                if name not in order and not (rests[name] & (aims.keys() - {name} - set(order)))
            ]
            if not ready:
                names = " and ".join(sorted(aims.keys() - set(order)))
                message = f"{names} aim at quantities that depend on each other"
                raise GradcalcError(Problem("vary", message, None, "aim with one of them"))
            order += ready
        return tuple(order)

    def solved(
        self, name: str, aims: Sequence[Aim], columns: Mapping[str, Any]
    ) -> list[list[Any] | None]:
        """The exact entries of an input, as written, for many tries, `aims` one each; None where
        there are none. `columns`: of the inputs that are drawn already, (try, *shape).
        """
        found: list[list[Any] | None] = [None] * len(aims)
        for aim in dict.fromkeys(aims):
            rows = [k for k, one in enumerate(aims) if one == aim]
            own = {key: column[rows] for key, column in columns.items()}
            for k, entries in zip(rows, self._solved(name, aim, own, len(rows)), strict=True):
                found[k] = entries
        return found

    def _solved(
        self, name: str, aim: Aim, columns: Mapping[str, Any], tries: int
    ) -> list[list[Any] | None]:
        import numpy as np

        shape = self.prepared.shape(name)
        count = math.prod(shape)

        def at(entries: Any) -> Any:
            """The quantity, (try, entries)."""
            column = np.broadcast_to(entries, (tries, count)).reshape(tries, *shape)
            env = self.prepared.together({**columns, name: column}, tries, exactly=True)
            env = self.prepared.computed(env, self.needed[aim.quantity])
            if aim.quantity not in env.values:
                raise env.lacking[aim.quantity]
            return np.asarray(env.values[aim.quantity].data, dtype=object).reshape(tries, -1)

        try:
            with exact_numbers().working():
                start = at(_row([rational(0)] * count))
                target = self._target(aim, start.shape[1])
                units = [_row([rational(int(k == j)) for k in range(count)]) for j in range(count)]
                slopes = [at(unit) - start for unit in units]
                found = [
                    solution([row[k] for row in slopes], list(target - start[k]))
                    for k in range(tries)
                ]
                blank = [rational(0)] * count
                met = at(np.array([_row(one or blank) for one in found], dtype=object))
                return [
                    one if one is not None and all(map(same, met[k], target)) else None
                    for k, one in enumerate(found)
                ]
        except (Undefined, ZeroDivisionError, TypeError, ValueError):
            if tries == 1:
                return [None]
        return [
            self._solved(name, aim, {n: c[k : k + 1] for n, c in columns.items()}, 1)[0]
            for k in range(tries)
        ]

    def _target(self, aim: Aim, count: int) -> Any:
        env = Env(exact_numbers(), {})
        found = [
            leaf(number(entry) if isinstance(entry, Fraction) else entry, env)
            for entry in flat(aim.value)
        ]
        if len(found) not in (1, count):
            message = f"`{aim.quantity}` has {count} entries, and the aim has {len(found)}"
            raise GradcalcError(Problem("vary", message))
        return _row(found * (count // len(found)))


def _row(entries: Sequence[Any]) -> Any:
    """Numbers as an array of objects."""
    import numpy as np

    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


def as_entry(value: Any) -> Entry:
    """An exact number as an entry: log(3) - 2. Raises Unfit for a ball."""
    if (known := as_fraction(value)) is not None:
        return known
    if type(value) is not Form:
        raise Unfit
    terms: list[Expr] = []
    logs = {prime: factor for prime, factor in value.parts.items() if prime != PI}
    if logs and all(factor.q == 1 for factor in logs.values()):
        inside = Fraction(1)
        for prime, factor in logs.items():
            inside *= Fraction(prime) ** int(factor.p)
        terms.append(Call("log", (number(inside),)))
    else:
        terms += [_times(factor, Call("log", (number(p),))) for p, factor in sorted(logs.items())]
    if PI in value.parts:
        terms.append(_times(value.parts[PI], Name("pi")))
    found = terms[0]
    for term in terms[1:]:
        found = Binary("+", found, term)
    rest = as_fraction(value.rest) or Fraction(0)
    if rest:
        found = Binary("+" if rest > 0 else "-", found, number(abs(rest)))
    return found


def _times(factor: Any, of: Expr) -> Expr:
    value = as_fraction(factor) or Fraction(0)
    if abs(value) == 1:
        return Neg(of) if value < 0 else of
    found: Expr = of
    if abs(value.numerator) != 1:
        found = Binary("*", number(abs(value.numerator)), found)
    if value.denominator != 1:
        found = Binary("/", found, number(value.denominator))
    return Neg(found) if value < 0 else found
