"""What has a value at every place of an exercise: an answer as it was read, and the right answer,
which is the derivative of the forward computation itself (power series in enclosures) and shares
nothing with the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gradcalc.exercise.model import Question
from gradcalc.graph.asked_values import answer_shape, answers_above, stacks
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Expr, names
from gradcalc.language.sizes import Shape, Size
from gradcalc.marking.points import Computation, Place, ends_of_pieces, in_pieces
from gradcalc.numeric.derivative_arrays import derivative_at
from gradcalc.numeric.evaluate import entries, evaluate, stacked
from gradcalc.numeric.finite_differences import Target, needed
from gradcalc.numeric.forward import mentioned, rounded
from gradcalc.numeric.precision import FLOAT, floats
from gradcalc.numeric.scalar_functions import (
    LADDER,
    Misfit,
    Undefined,
    Unknown,
    Unsure,
)
from gradcalc.numeric.tensor import Env, Tensor

Compute: TypeAlias = Callable[[Place, int], Tensor]


class Function:
    """What has a value at every place: a right answer, an answer as it was read, a candidate for
    a mistake. Values are computed once for each place and precision.

    pieces     it may be made of pieces, step(x) or max(x, y), so that more places are looked at
    arguments  where one piece ends and another begins these are 0
    made       how it was made, where that can be told: for who computes it in a way of their own
    """

    def __init__(
        self,
        compute: Compute,
        pieces: bool = False,
        arguments: tuple[Function, ...] = (),
        made: Derived | Changed | None = None,
    ) -> None:
        self._compute, self.pieces, self.arguments = compute, pieces, arguments
        self.made = made
        self._known: dict[tuple[int, int], Tensor | Undefined] = {}
        self._floats: dict[int, Any] = {}

    def at(self, place: Place, bits: int) -> Tensor:
        """Its value. Raises Undefined where there is none, Unsure where more bits may tell,
        Misfit and TooLarge where it cannot be computed at all.
        """
        if place.number < 0:  # met once
            return self._compute(place, bits)
        key = (place.number, bits)
        known = self._known.get(key)
        if known is None:
            try:
                known = self._compute(place, bits)
            except Undefined as problem:
                known = problem
            self._known[key] = known
        if isinstance(known, Undefined):
            raise known
        return known

    def floats(self, place: Place) -> Any:
        """About how large its entries are, as a NumPy array; None where it has no value."""
        if place.number not in self._floats:
            self._floats[place.number] = self._rounded(place)
        return self._floats[place.number]

    def _rounded(self, place: Place) -> Any:
        import numpy as np

        from gradcalc.numeric.balls import middle

        for bits in LADDER[:2]:
            try:
                data = self.at(place, bits).data
            except Unsure:
                continue
            except Undefined:
                return None
            try:
                if not isinstance(data, np.ndarray):
                    return np.asarray(middle(data), dtype=float)
                found = np.frompyfunc(middle, 1, 1)(np.asarray(data, dtype=object))
                return np.asarray(found, dtype=float)
            except (OverflowError, TypeError):
                return None
        return None


def written(
    expr: Expr,
    computation: Computation,
    more: Mapping[str, Function] | None = None,
    free: Sequence[tuple[str, Size]] = (),
) -> Function:
    """A formula in the names of an exercise. `more`: further names, each a function; `free`: the
    free indices of an entry formula with their ranges, which become its axes.
    """
    used = {name: function for name, function in (more or {}).items() if name in set(names(expr))}

    def at(place: Place, bits: int) -> Tensor:
        env = replace(computation.at(place).env(bits), brackets=True)  # 1[x > 0] log(x) is 0 at -1
        with env.numbers.working():
            if used:
                env = env.bind({name: function.at(place, bits) for name, function in used.items()})
            try:
                if not free:
                    return evaluate(expr, env)
                ranges = {name: size.at(dict(place.sizes)) for name, size in free}
                return entries(expr, ranges, env)
            except UNCHECKED as problem:  # a line of an exercise is checked before, an answer not
                raise Misfit(f"it cannot be computed: {problem}") from None

    if not in_pieces(expr):
        return Function(at, computation.pieces)
    bound = {name for name, _ in free}
    ends = tuple(
        written(part, computation, more)
        for part in ends_of_pieces(expr)
        if not bound & set(names(part))
    )
    return Function(at, True, ends)


@dataclass(frozen=True, slots=True)
class Derived:
    """The answer to a question about a computation. `shape`: before an entry is taken."""

    computation: Computation
    question: Question
    layout: str
    target: Target | None  # None: the value of a quantity
    shape: Shape


@dataclass(frozen=True, slots=True)
class Changed:
    """A function whose values are those of another one, changed at each place."""

    function: Function
    change: Callable[[Tensor, Place], Tensor]


UNCHECKED = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


# ---- what is right


def derivative(computation: Computation, question: Question, layout: str = "gradient") -> Function:
    """The right answer to a question about an exercise, or about a variation of it: the derivative
    of what is computed, or the value of a quantity.
    """
    graph = computation.graph
    of = None if question.loss else graph.stacks.get(question.of, question.of)
    if question.expr is not None:
        return _expression(computation, question, layout)
    if question.kind == "value":
        made = Derived(computation, question, layout, None, answer_shape(graph, question))
        return Function(
            lambda place, bits: _quantity(computation, of or "", place, bits), made=made
        )
    bys = tuple(graph.stacks.get(name, name) for name in question.by)
    local = question.kind == "local"
    target = Target(of, bys, needed(graph, mentioned(graph), of, bys, local))
    shape = answer_shape(graph, question, layout, whole=True)

    def at(place: Place, bits: int) -> Tensor:
        if bits == FLOAT:  # power series are in enclosures
            return rounded(at(place, LADDER[0]))
        values = computation.at(place)
        lengths = [size.at(dict(place.sizes)) for size in shape]
        result = derivative_at(values, target, layout, lengths, bits)
        return entry_of(result, question, values.env(bits)) if question.entry else result

    ends = tuple(written(part, computation) for part in computation.ends)
    made = Derived(computation, question, layout, target, shape)
    return Function(at, computation.pieces, ends, made)


def _expression(computation: Computation, question: Question, layout: str) -> Function:
    """The value of an expression, in the right answers to the questions above that it names."""
    graph, expr = computation.graph, question.expr
    assert expr is not None
    taken = (*graph.names, *graph.stacks)
    above = answers_above(graph.exercise.questions, question, taken)
    used = {
        name: as_named(graph, above[name], derivative(computation, above[name], layout))
        for name in names(expr)
        if name in above
    }
    return written(expr, computation, used)


def as_named(graph: Graph, question: Question, function: Function) -> Function:
    """An answer as expressions have it: one array where its question names a stack."""
    if not stacks(graph, question):
        return function
    examples = Env(floats(), {}, examples=tuple(graph.examples))
    return Function(lambda place, bits: stacked(function.at(place, bits), examples))


def _quantity(computation: Computation, name: str, place: Place, bits: int) -> Tensor:
    env = computation.at(place).env(bits)
    if name not in env.values:
        raise env.lacking.get(name) or Unknown(f"{name} has no value")
    return env.values[name]


def entry_of(whole: Tensor, question: Question, env: Env) -> Tensor:
    """The entry that is asked for."""
    from gradcalc.numeric.array_operations import getitem

    with env.numbers.working():
        return getitem(whole, [evaluate(item, env) for item in question.entry or ()], env)
