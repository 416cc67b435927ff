"""Inputs that are solved so that a quantity takes the value that is aimed at.

The quantity has to depend on the input along a straight line: z = w @ x + b for b, or for w where it
is a number. Solved in fractions and logarithms, so that it is met exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_mat

from gradcalc.exercise.model import Value
from gradcalc.exercise.vary_model import Aim
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg
from gradcalc.language.tree import number
from gradcalc.numeric.closed_forms import PI, Form, exact_numbers, same
from gradcalc.numeric.forward import Point, blank, leaf, propagate
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.variants.draws import Entry, Unfit, flat, nested
from gradcalc.variants.prepared import Prepared


class Aimer:
    """Solves for the inputs of one exercise that are aimed."""

    def __init__(self, prepared: Prepared, aims: Mapping[str, Sequence[Aim]]) -> None:
        self.prepared = prepared
        self.order = self._order(aims)
        self.needed = {
            aim.quantity: prepared.rests_on(aim.quantity) for some in aims.values() for aim in some
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

    def solved(self, name: str, aim: Aim, values: Mapping[str, Value]) -> list[Entry]:
        """The entries of an input, as written. Raises Unfit where there are none."""
        shape = self.prepared.shape(name)
        count = math.prod(shape)

        def at(entries: Sequence[Entry]) -> list[Any]:
            env = self._env({**values, name: nested(entries, shape)}, aim.quantity)
            return _entries(env.values[aim.quantity])

        zero, one = Fraction(0), Fraction(1)
        try:
            with exact_numbers().working():
                start = at([zero] * count)
                units = [[one if k == j else zero for k in range(count)] for j in range(count)]
                moved = [at(unit) for unit in units] if len(start) in (1, count) else []
                target = self._target(aim, len(start))
                wanted = [t - s for t, s in zip(target, start, strict=True)]
                slopes = [[m - s for m, s in zip(row, start, strict=True)] for row in moved]
                found = [as_entry(value) for value in _solution(slopes, wanted)]
                met = at(found)
        except (Undefined, ZeroDivisionError, TypeError):
            raise Unfit from None
        if not all(same(a, b) for a, b in zip(met, target, strict=True)):
            raise Unfit
        return found

    def _target(self, aim: Aim, count: int) -> list[Any]:
        env = Env(exact_numbers(), {})
        found = [
            leaf(number(entry) if isinstance(entry, Fraction) else entry, env)
            for entry in flat(aim.value)
        ]
        if len(found) == 1:
            return found * count
        if len(found) != count:
            raise Unfit
        return found

    def _env(self, values: Mapping[str, Value], wanted: str) -> Env:
        """The computation as far as one quantity needs it. Raises Undefined."""
        prepared = self.prepared
        point = Point(prepared.sizes, {**prepared.point.values, **values}, prepared.point.upstream)
        env = blank(prepared.graph, point, exact_numbers())
        needed = self.needed[wanted] | {wanted}
        env = propagate(env, [one for one in prepared.order if one.name in needed])
        if wanted not in env.values:
            raise env.lacking[wanted]
        return env


def _entries(tensor: Tensor) -> list[Any]:
    data = tensor.data
    return list(data.reshape(-1)) if hasattr(data, "reshape") else [data]


def _solution(slopes: list[list[Any]], wanted: list[Any]) -> list[Any]:
    """x with Σ x_j slopes[j] = wanted. Raises Unfit."""
    n = len(slopes)
    if any(type(slope) is not fmpq for row in slopes for slope in row) or not n:
        raise Unfit
    if n == 1:
        (row,) = slopes
        found = [w / s for w, s in zip(wanted, row, strict=True) if s != 0]
        if len(found) < len(row) or any(not same(one, found[0]) for one in found):
            raise Unfit
        return found[:1]
    if len(wanted) != n:
        raise Unfit
    matrix = fmpq_mat([[slopes[j][i] for j in range(n)] for i in range(n)])
    if matrix.det() == 0:
        raise Unfit
    inverse = matrix.inv().tolist()
    return [sum((row[j] * wanted[j] for j in range(n)), fmpq(0)) for row in inverse]


def as_entry(value: Any) -> Entry:
    """An exact number as an entry: log(3) - 2. Raises Unfit for a ball."""
    if type(value) is fmpq:
        return Fraction(int(value.p), int(value.q))
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
    rest = Fraction(int(value.rest.p), int(value.rest.q))
    if rest:
        found = Binary("+" if rest > 0 else "-", found, number(abs(rest)))
    return found


def _times(factor: Any, of: Expr) -> Expr:
    value = Fraction(int(factor.p), int(factor.q))
    if abs(value) == 1:
        return Neg(of) if value < 0 else of
    found: Expr = of
    if abs(value.numerator) != 1:
        found = Binary("*", number(abs(value.numerator)), found)
    if value.denominator != 1:
        found = Binary("/", found, number(value.denominator))
    return Neg(found) if value < 0 else found
