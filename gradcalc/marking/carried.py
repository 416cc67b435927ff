"""Errors carried forward: what is right after an earlier answer that is wrong.

The follow-through answer is the right answer of a variation of the exercise: a quantity is what the
wrong answer says, or the graph is cut at the denominator of the earlier question, and what passes
through the cut is multiplied by the wrong answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from gradcalc.exercise.model import Definition, Exercise, Question, Upstream
from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.sizes import Size
from gradcalc.language.tree import (
    Binary,
    Call,
    Expr,
    Index,
    Name,
    Num,
    Transpose,
    names,
    substitute,
)
from gradcalc.marking.asked import Asked
from gradcalc.marking.equality import Function, derivative
from gradcalc.marking.points import Computation, Place, Values
from gradcalc.marking.variations import held
from gradcalc.numeric.agreement import Unlike, paired
from gradcalc.numeric.finite_differences import needed
from gradcalc.numeric.forward import blank, mentioned, propagate, rounded
from gradcalc.numeric.precision import FLOAT, balls, floats
from gradcalc.numeric.scalar_functions import LADDER, Misfit, Undefined
from gradcalc.numeric.tensor import Env, Tensor

ONE = Num(Fraction(1))
T = TypeVar("T")
TOGETHER = 2  # earlier errors that are carried together


@dataclass(frozen=True, slots=True)
class Wrong:
    """An earlier answer that is wrong. `expr`: its formula; None for a number."""

    number: int
    function: Function
    expr: Expr | None = None


@dataclass(frozen=True, slots=True)
class _Cut:
    """A variation of the exercise: its definitions by name, the values of new names, quantities
    that are added to the loss, and what new quantities are copies of.
    """

    definitions: Mapping[str, Definition]
    bound: Mapping[str, Function]
    added: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)


def nearest(asked: Asked, number: int) -> list[int]:
    """The questions above one, the nearest on the path first."""
    return sorted(range(number), key=lambda earlier: _distance(asked, number, earlier))


def groups(known: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """What earlier wrong answers, the nearest first, are carried together: each, then the two
    nearest.
    """
    yield from ((wrong,) for wrong in known)
    if len(known) >= TOGETHER:
        yield tuple(known[:TOGETHER])


def _distance(asked: Asked, number: int, earlier: int) -> int:
    """How far an earlier question is from a later one, in the order of the computation."""
    order = (*asked.graph.inputs, *asked.graph.quantities)
    later, question = asked.questions[number], asked.questions[earlier]
    if later.expr is not None or question.expr is not None:
        return number - earlier
    if later.kind == "value":
        return -order.index(_one(asked, question.of)) if question.kind == "value" else 0
    if question.by:
        return order.index(_one(asked, question.by[0]))
    return order.index(_one(asked, question.of))


def _one(asked: Asked, name: str) -> str:
    return asked.graph.stacks.get(name, name)


def follow_through(asked: Asked, number: int, group: Sequence[Wrong]) -> Function | None:
    """The answer to a question that follows from earlier wrong ones together; None where they have
    no such meaning.
    """
    if asked.questions[number].expr is not None:
        return _in_expression(asked, number, group)
    definitions = {d.name: d for d in asked.graph.exercise.definitions}
    cut: _Cut | None = _Cut(definitions, {})
    for wrong in group:
        if asked.questions[wrong.number].entry or cut is None:
            return None
        cut = _applied(asked, wrong, cut)
    return None if cut is None else _asked_of(asked, number, cut)


def _in_expression(asked: Asked, number: int, group: Sequence[Wrong]) -> Function | None:
    """An expression in the wrong answers that it names."""
    above = {id(asked.questions[wrong.number]) for wrong in group}
    if not above <= {id(question) for question in asked.named(number).values()}:
        return None
    instead = {
        wrong.number: _shaped(wrong.function, asked.right(wrong.number), None) for wrong in group
    }
    return asked.expression(number, asked.layout, instead)


def _applied(asked: Asked, wrong: Wrong, cut: _Cut) -> _Cut | None:
    question = asked.questions[wrong.number]
    if question.expr is not None:
        return None
    if question.kind == "value":
        return _with_value(asked, wrong, cut)
    if question.kind not in ("derivative", "local") or asked.layout != "gradient":
        return None
    return _with_derivative(asked, wrong, question, cut)


def _with_value(asked: Asked, wrong: Wrong, cut: _Cut) -> _Cut | None:
    """A quantity is what the answer says."""
    name = _one(asked, asked.questions[wrong.number].of)
    if name not in cut.definitions:
        return None
    symbol = f"answer {wrong.number}"
    bound = {**cut.bound, symbol: _shaped(wrong.function, asked.right(wrong.number), None)}
    expr: Expr = Name(symbol)
    if wrong.expr is not None:
        expr = wrong.expr
        bound |= asked.names(wrong.number)
    definition = replace(cut.definitions[name], expr=expr, indices=())
    return replace(cut, definitions={**cut.definitions, name: definition}, bound=bound)


def _with_derivative(asked: Asked, wrong: Wrong, question: Question, cut: _Cut) -> _Cut | None:
    """A derivative is what the answer says: the paths it stands for are held, and its product
    with the change of the denominator is added.
    """
    graph, by = asked.graph, _one(asked, question.by[0])
    of = None if question.loss else _one(asked, question.of)
    symbol = f"answer {wrong.number}"
    term = _Term(asked, wrong, of, by)
    added = term.expr(symbol)
    if added is None:
        return None
    bound = {**cut.bound, symbol: term.function}
    definitions = dict(cut.definitions)
    stops: dict[str, Expr] = {name: held(Name(name)) for name in _called(graph, by)}
    if of is None:
        for name, definition in cut.definitions.items():
            definitions[name] = replace(definition, expr=substitute(definition.expr, stops))
        loss = f"carried {wrong.number}"
        definitions[loss] = replace(
            next(iter(definitions.values())), name=loss, expr=added, indices=()
        )
        copies = {**cut.copies, loss: ""}
        return _Cut(definitions, bound, (*cut.added, loss), copies)
    if of not in cut.definitions:
        return None
    uses = mentioned(graph)
    between = [
        name
        for name in needed(graph, uses, of, (by,), question.kind == "local")
        if name != of and question.kind != "local"
    ]
    copies = dict(cut.copies)
    for name in between:
        copy = f"{name} for {wrong.number}"
        definition = cut.definitions[name]
        definitions[copy] = replace(definition, name=copy, expr=substitute(definition.expr, stops))
        copies[copy] = name
        stops[name] = Name(copy)
        for stack, one in graph.stacks.items():
            if one == name:
                stops[stack] = Call("stack", (Name(copy),))
    whole = substitute(cut.definitions[of].expr, stops)
    definitions[of] = replace(cut.definitions[of], expr=Binary("+", whole, added))
    return _Cut(definitions, bound, cut.added, copies)


def _called(graph: Graph, name: str) -> list[str]:
    """A quantity and its stacks."""
    return [name, *(stack for stack, one in graph.stacks.items() if one == name)]


class _Term:
    """The wrong derivative times the change of its denominator, as an expression."""

    def __init__(self, asked: Asked, wrong: Wrong, of: str | None, by: str) -> None:
        self.graph, self.of, self.by, self.places = asked.graph, of, by, asked.places
        self.right, self.wrong = asked.right(wrong.number), wrong.function
        self.function = self.wrong

    def outer(self, rows: Size, shape: Sequence[Size]) -> bool:
        """Is ∂z/∂W, where z = W x, written short as x?"""
        place = self.places.get(0)
        if place is None or len(shape) != 2 or shape[0] != rows or shape[1].number == 1:
            return False
        try:
            got = self.wrong.at(place, LADDER[0])
        except Undefined:
            return False
        return [n for n in got.shape if n != 1] == [shape[1].at(dict(place.sizes))]

    def expr(self, symbol: str) -> Expr | None:
        """None where the answer has a shape of which that makes no sense."""
        graph = self.graph
        into = graph.node(self.by)
        out_shape = () if self.of is None else graph.node(self.of).shape
        out_over = () if self.of is None else graph.node(self.of).over
        change: Expr = Binary("-", Name(self.by), held(Name(self.by)))
        if any(index not in graph.examples for index in (*into.over, *out_over)):
            return None
        long = [size for size in out_shape if size.number != 1]
        if not long:
            self.function = _shaped(self.wrong, self.right, lambda at: at(into.shape))
            found: Expr = Binary("*", held(Name(symbol)), change)
            if into.shape:
                found = Call("sum", (found,))
        elif len(long) == 1 and self.outer(long[0], into.shape):
            self.function = _elementwise(self.wrong, into.shape[1:])
            found = _column(Binary("@", change, held(Name(symbol))), out_shape)
        elif len(long) == 1:
            width = [size for size in into.shape if size.number != 1]
            if width:
                self.function = _shaped(self.wrong, self.right, lambda at: (*at(long), -1))
                flat = _flat(change, into.shape)
                found = Binary("@", held(Name(symbol)), flat)
            else:
                self.function = _shaped(self.wrong, self.right, lambda at: at(long))
                found = Binary("*", held(Name(symbol)), _scalar(change, into.shape))
            found = _column(found, out_shape)
        elif out_shape == into.shape:  # entry by entry, as a mask is
            self.function = _elementwise(self.wrong, into.shape)
            return Binary("*", held(Name(symbol)), change)
        else:
            return None
        missing = tuple(Name(index) for index in into.over if index not in out_over)
        return Call("sum", (found, *missing)) if missing else found


def _column(vector: Expr, shape: Sequence[Size]) -> Expr:
    """A vector as the column or the row that a shape says."""
    if len(shape) < 2:
        return vector
    ones = Call("ones", (ONE,))
    return Call("outer", (vector, ones) if shape[1].number == 1 else (ones, vector))


def _flat(change: Expr, shape: Sequence[Size]) -> Expr:
    """An array as a vector, row by row."""
    if len(shape) == 1:
        return change
    return Call("vec", (Transpose(change),))


def _scalar(change: Expr, shape: Sequence[Size]) -> Expr:
    return Index(change, tuple(Num(Fraction(0)) for _ in shape)) if shape else change


def _shaped(answer: Function, right: Function, target: Any) -> Function:
    """An answer over the examples that the right one is over, in the shape of the right one or in
    another of as many entries; the diagonal alone is put into a square matrix. Raises Misfit for
    another shape.
    """

    def at(place: Place, bits: int) -> Tensor:
        import numpy as np

        got, want = answer.at(place, bits), right.at(place, bits)
        data = np.asarray(want.data, dtype=object)
        try:
            pair = paired(got, want)
            if pair.form == "stacked":
                count = len(want.over)
                last = np.moveaxis(data, range(count), range(data.ndim - count, data.ndim))
                found = np.array(pair.got, dtype=object).reshape(last.shape)
                found = np.moveaxis(found, range(data.ndim - count, data.ndim), range(count))
            else:
                found = np.array([*pair.got, None], dtype=object)[:-1].reshape(data.shape)
        except Unlike:
            found = _diagonal(got, want)
        if target is not None:
            lengths = target(lambda sizes: [size.at(dict(place.sizes)) for size in sizes])
            found = found.reshape((*found.shape[: len(want.over)], *lengths))
        return Tensor(found if found.ndim else found[()], want.over)

    return Function(at)


def _diagonal(got: Tensor, want: Tensor) -> Any:
    """A vector where a square Jacobian is asked for, as its diagonal."""
    import numpy as np

    n = math.prod(got.shape)
    length = [size for size in want.shape if size != 1]
    if n < 2 or length != [n, n] or not set(got.over) <= set(want.over):
        raise Misfit("the earlier answer has another shape")
    vector = np.asarray(got.data, dtype=object).reshape((*np.shape(got.data)[: len(got.over)], n))
    vector = np.broadcast_to(vector, (*np.shape(want.data)[: len(want.over)], n))
    zero = balls(LADDER[0]).scalar.constant(0)
    found = np.full((*vector.shape, n), zero, dtype=object)
    for k in range(n):
        found[..., k, k] = vector[..., k]
    return found.reshape(np.shape(want.data))


def _elementwise(answer: Function, shape: Sequence[Size]) -> Function:
    """An answer in a shape, axes of length 1 aside. Raises Misfit for another."""

    def at(place: Place, bits: int) -> Tensor:
        import numpy as np

        got = answer.at(place, bits)
        want = [size.at(dict(place.sizes)) for size in shape]
        if [n for n in got.shape if n != 1] != [n for n in want if n != 1]:
            raise Misfit("the earlier answer has another shape")
        data = np.asarray(got.data, dtype=object)
        return Tensor(data.reshape((*data.shape[: len(got.over)], *want)), got.over)

    return Function(at)


# ---- the variation


class _Bound(Values):
    """The forward computation of a variation, with values for its new names."""

    def __init__(
        self,
        graph: Graph,
        place: Place,
        definitions: Mapping[str, Definition],
        bound: Mapping[str, Function],
    ) -> None:
        super().__init__(graph, place.point, definitions)
        self.place, self.bound = place, bound

    def env(self, bits: int = LADDER[0]) -> Env:
        """Names and their values at a precision, the new ones among them."""
        if bits not in self._envs:
            values = {name: self.value(function, bits) for name, function in self.bound.items()}
            numbers = floats() if bits == FLOAT else balls(bits)
            with numbers.working():
                env = blank(self.graph, self.point, numbers).bind(values)
                order = (self.definitions[name] for name in self.graph.quantities)
                self._envs[bits] = propagate(env, order)
        return self._envs[bits]

    def value(self, function: Function, bits: int) -> Tensor:
        """The value of a new name; floats are those of enclosures."""
        if bits == FLOAT:
            return rounded(function.at(self.place, LADDER[0]))
        return function.at(self.place, bits)


class _Carried(Computation):
    """The variation at the places of the exercise."""

    def __init__(self, graph: Graph, cut: _Cut) -> None:
        super().__init__(graph)
        self.cut = cut

    def at(self, place: Place) -> Values:
        """Its values at a place."""
        if place.number >= 0 and place.number in self._values:
            return self._values[place.number]
        upstream = {**place.point.upstream, **dict.fromkeys(self.cut.added, ONE)}
        moved = replace(place, point=replace(place.point, upstream=upstream))
        found = _Bound(self.graph, moved, self.definitions, self.cut.bound)
        if place.number >= 0:
            self._values[place.number] = found
        return found


def _asked_of(asked: Asked, number: int, cut: _Cut) -> Function | None:
    """The right answer to a question about the variation."""
    graph = asked.graph
    numbers = dict(graph.names)
    nodes = [*graph.nodes, Node("const", (), ())]  # what is added to the loss is a number
    for copy, name in cut.copies.items():
        numbers[copy] = numbers[name] if name else len(graph.nodes)
    exercise = replace(graph.exercise, definitions=tuple(cut.definitions.values()))
    order = _order(graph, cut)
    if order is None:
        return None
    varied = replace(graph, exercise=exercise, nodes=nodes, names=numbers, quantities=order)
    if cut.added:
        varied = replace(varied, exercise=_with_upstreams(varied, cut))
    return derivative(_Carried(varied, cut), asked.questions[number], asked.layout)


def _with_upstreams(graph: Graph, cut: _Cut) -> Exercise:
    """The exercise in which what is added belongs to the loss."""
    added = tuple(Upstream(name, ONE) for name in cut.added)
    return replace(graph.exercise, upstream=(*graph.exercise.upstream, *added))


def _order(graph: Graph, cut: _Cut) -> tuple[str, ...] | None:
    """The quantities in the order of the computation; None for a circle."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, definition in cut.definitions.items():
        used = {graph.stacks.get(one, one) for one in names(definition.expr)}
        sorter.add(name, *sorted(used & cut.definitions.keys()))
    try:
        return tuple(sorter.static_order())
    except CycleError:
        return None
