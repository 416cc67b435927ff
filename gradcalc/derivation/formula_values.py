"""Formulas evaluated at the given point: the number of an answer, its exact value, whether two
of its forms agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from gradcalc.calculus.notation.views import View
from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Definition, Value
from gradcalc.language import formula
from gradcalc.language.formula_pieces import Names, Number
from gradcalc.language.named_formulas import Formulas
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Expr, Name, Num, occurrences, walk
from gradcalc.numeric.exact_values import exact
from gradcalc.numeric.forward import Forward, to_lists, upstream_key
from gradcalc.numeric.oracle import Oracle
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor
from gradcalc.numeric.verified import Verified

Where: TypeAlias = Sequence[tuple[str, Expr]]  # named gradients, each with its formula, in order

SHORT = 12  # characters of an exact value as it is printed: √2/2, 3π/4
ROUNDED = 2.0**-50  # relative: by how much two floats of one number may differ
COARSE = 1e-9  # of arrays that are computed in floats, relative to their largest entry
STACKED = "the stacked form evaluated at the given values"


class FormulaValues:
    """The values of formulas over one graph at its given point."""

    def __init__(self, oracle: Oracle) -> None:
        self.graph, self.oracle = oracle.graph, oracle

    @property
    def values(self) -> Forward:
        """The forward computation at the given point."""
        return self.oracle.given

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The given sizes."""
        return dict(self.values.point.sizes)

    def where(self, where: Where) -> Where:
        """Named gradients, and before them the upstream gradients under the names they are
        written with.
        """
        given: list[tuple[str, Expr]] = []
        for item in self.graph.exercise.upstream:
            quantity = item.of or self.graph.outputs[-1]
            name = upstream_name(self.graph, item)
            if name not in self.graph.names:
                given.append((name, Name(upstream_key(quantity))))
        if isinstance(where, Formulas):
            return Formulas(where.direct, (*given, *where.before))
        return (*given, *where)

    def number(
        self,
        expr: Expr | None,
        where: Where,
        free: Sequence[str],
        shape: Shape,
        examples: Sequence[str] = (),
    ) -> tuple[Number, Undefined | None]:
        """The value of a formula as nested lists in the shape of the answer, examples last."""
        tensor, problem = self.tensor(expr, where, free, shape, examples)
        return self.listed(tensor, shape), problem

    def listed(self, tensor: Tensor | None, shape: Shape) -> Number:
        """An array over the examples as nested lists, in the shape of the answer."""
        return None if tensor is None else to_lists(self.graph, tensor, shape)

    def tensor(
        self,
        expr: Expr | None,
        where: Where,
        free: Sequence[str],
        shape: Shape,
        examples: Sequence[str] = (),
    ) -> tuple[Tensor | None, Undefined | None]:
        """The value of a formula as an array over the examples, in floats."""
        try:
            target = [size.at(self.sizes) for size in shape]
        except KeyError:
            return None, None
        try:
            tensor = self.values.evaluate(expr, where, self.lengths(free, shape))
            tensor = shaped(tensor, target, [tensor.size(name) for name in tensor.over])
            return self.spread(tensor, examples), None
        except Undefined as problem:
            return None, problem

    def lengths(self, free: Sequence[str], shape: Shape) -> dict[str, int]:
        """The free indices of an entry formula with their ranges; axes that are 1 by declaration
        have none.
        """
        axes = [size.at(self.sizes) for size in shape if size.number != 1]
        return dict(zip(free, axes, strict=True)) if free else {}

    def spread(self, tensor: Tensor, examples: Sequence[str]) -> Tensor:
        """A per-example answer that is identical for all examples, once for each."""
        for name in examples:
            if name not in tensor.over:
                import numpy as np

                count = self.graph.indices[name].at(self.sizes)
                data = np.broadcast_to(np.asarray(tensor.data), (count, *np.shape(tensor.data)))
                tensor = Tensor(data, (name, *tensor.over))
        return tensor

    def exact(self, expr: Expr | None, where: Where = ()) -> Expr | None:
        """The exact value of a scalar formula, where it is short and no number that it rests on
        is a decimal.
        """
        if expr is None or self.values.point.missing or not self.values.scalar:
            return None
        named = {name.id for name in occurrences(expr)}
        direct = where.direct if isinstance(where, Formulas) else ()
        given = where.before if isinstance(where, Formulas) else where
        if any(one.name in named for one in direct) or any(name in named for name, _ in given):
            return None
        if named & self.decimals or _decimal(expr):
            return None
        if any(name in self.graph.names and name not in self.exact_values for name in named):
            return None
        found = exact(expr, self.exact_values)
        if found is None or len(formula.text(found, Names())) > SHORT:
            return None
        if any(name.id in self.graph.names for name in occurrences(found)):
            return None  # pi, the number, beside a pi of the author's
        return found

    @cached_property
    def decimals(self) -> frozenset[str]:
        """The names whose values rest on a number that is written as a decimal."""
        found = {name for name, value in self.values.point.values.items() if _decimal(value)}
        for definition in self._in_order:
            named = {name.id for name in occurrences(definition.expr)}
            if named & found or _decimal(definition.expr):
                found.add(definition.name)
        return frozenset(found)

    @cached_property
    def exact_values(self) -> Mapping[str, Expr]:
        """The inputs that are numbers and the quantities that have an exact value."""
        given = self.values.point.values.items()
        found = {name: value for name, value in given if not isinstance(value, tuple)}
        for definition in self._in_order:
            named = {name.id for name in occurrences(definition.expr)}
            if all(name in found or name not in self.graph.names for name in named):
                value = exact(definition.expr, found)
                if value is not None:
                    found[definition.name] = value
        return found

    @cached_property
    def _in_order(self) -> list[Definition]:
        places = {name: n for n, name in enumerate(self.graph.quantities)}
        return sorted(self.graph.exercise.definitions, key=lambda d: places[d.name])

    def agree(self, view: View, where: Where, value: Number) -> Verified | None:
        """None where the stacked form has the value of the answer; else what is wrong with it."""
        import numpy as np

        try:
            if view.free:
                found, problem = self.number(view.symbolic, where, view.free, view.shape)
                if problem is not None:
                    raise problem
                got = np.asarray(found, dtype=float)
            else:
                got = np.asarray(self.values.evaluate(view.symbolic, where).data, dtype=float)
        except Undefined as problem:
            return Verified(False, STACKED, None, f"stacked form: {problem.message}")
        want = np.asarray(value, dtype=float)
        if got.size == 1 and want.size != 1:
            got = np.broadcast_to(got.reshape(-1), want.shape)
        if self.same(got, want):
            return None
        return Verified(False, STACKED, None, "the stacked form has another value")

    def same(self, one: Any, other: Any) -> bool:
        """Whether two numbers, or arrays of them, are one: both are rounded from enclosures,
        unless the computation is too large for them.
        """
        if not isinstance(one, int | float) or not isinstance(other, int | float):
            import numpy as np

            first, second = (np.asarray(part, dtype=float).ravel() for part in (one, other))
            if first.size != second.size:
                return False
            slack = COARSE * max(np.abs(first).max(initial=0), np.abs(second).max(initial=0))
            slack = slack if self.values.coarse else 0.0
            gap, size = np.abs(first - second), np.maximum(np.abs(first), np.abs(second))
            return bool((gap <= ROUNDED * size + slack).all())
        slack = COARSE if self.values.coarse else ROUNDED
        return abs(one - other) <= slack * max(abs(one), abs(other))


def _decimal(value: Value) -> bool:
    """Does it hold a number that is written as a decimal?"""
    if isinstance(value, tuple):
        return False
    return any(
        isinstance(part, Num) and part.decimal and part.value.denominator != 1
        for part in walk(value)
    )


def shaped(tensor: Tensor, target: Sequence[int], over: Sequence[int]) -> Tensor:
    """A formula's array in the shape of the answer: axes of length 1 as declared. Raises
    Undefined for another size.
    """
    import math

    if tensor.plain and not target:
        return tensor
    import numpy as np

    data = np.asarray(tensor.data)
    have, want = data.size, math.prod(over) * math.prod(target)
    if have != want:
        if math.prod(data.shape[len(over) :]) != 1:
            raise Undefined("the formula has another shape than the answer")
        data = np.broadcast_to(data.reshape((*over, *([1] * len(target)))), (*over, *target))
    return Tensor(data.reshape((*over, *target)), tensor.over)
