"""Numbers on the wires of a scalar graph: every node forward, every gradient backward, and each
wire's share of it.

Enclosures, read as floats; where a node has no value (undefined, or a value is missing) it is None,
and so is what depends on it. At a kink a gradient follows the convention of the table. Local
derivatives come from the table of operations, in terms of operands and result. Nothing here loads
SymPy or NumPy; the number of paths does not matter, each node is visited once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from fractions import Fraction
from functools import cache, partial
from operator import add, itemgetter, mul, sub
from typing import Any, TypeAlias

from gradcalc.exercise.model import Value
from gradcalc.graph.backward import Handed, pull
from gradcalc.graph.model import Graph, Node
from gradcalc.language import entry_fields
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num
from gradcalc.language.tree import occurrences
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward, rounded
from gradcalc.numeric.precision import Numbers, climb, floats
from gradcalc.numeric.scalar_functions import LADDER, Undefined, Unsure
from gradcalc.numeric.tensor import Tensor
from gradcalc.ops import SIGNS, TABLE

ARITHMETIC: Mapping[str, Callable[..., Any]] = {"+": add, "-": sub, "*": mul}
FLOATS = floats()
ZERO = Num(Fraction(0))

_KNOWN = frozenset(
    name for name, op in TABLE.items() if op.value and op.kind in ("elementwise", "comparison")
) | {"input", "const", "size"}

_Handed: TypeAlias = "Handed[Any, Any]"


@dataclass(frozen=True, slots=True)
class Flow:
    """values[n], gradients[n]: of node n; a gradient is None where the loss does not depend on
    the node, too.
    """

    nodes: Sequence[Node]
    values: Sequence[Any]
    gradients: Sequence[Any]
    numbers: Numbers

    def share(self, number: int, place: int) -> Any:
        """What a node contributes to its operand at `place`."""
        node = self.nodes[number]
        given = (*[self.values[n] for n in node.args], self.values[number])
        stated = local_derivatives(node.op, self.numbers)[place]
        return _times(self.gradients[number], _local(stated, given, self.numbers))

    def shares(self, target: int, until: Set[int]) -> dict[int, Any]:
        """What a node contributes, through nodes that are not in `until`, to each node of `until`
        it is computed from.
        """
        way = _Numbers(self.nodes, self.values, self.numbers, until - {target})
        found = pull({target: self.gradients[target]}, way)
        return {one.node: one.gradient for one in found if one.node in way.stop}


class Wires:
    """The same at the given values of a graph, read as floats: from enclosures of as many bits
    as a number takes.
    """

    def __init__(self, graph: Graph, given: Forward) -> None:
        self.graph, self.given = graph, given
        self._flows: dict[int, Flow] = {}
        numbers = range(len(graph.nodes))
        self.values = [self._known(lambda flow, n: flow.values[n], n) for n in numbers]
        self.gradients = [self._known(lambda flow, n: flow.gradients[n], n) for n in numbers]

    def share(self, number: int, place: int) -> float | None:
        """What a node contributes to its operand at `place`."""
        return self._known(lambda flow: flow.share(number, place))  # type: ignore[no-any-return]

    def shares(self, target: int, until: Set[int]) -> dict[int, float | None]:
        """What a node contributes, through nodes that are not in `until`, to each node of `until`
        it is computed from.
        """

        def at(bits: int) -> dict[int, Any]:
            found = self._flow(bits).shares(target, until)
            return {n: _rounded(x, bits) for n, x in found.items()}

        return climb(at)

    def _known(self, read: Callable[..., Any], *of: int) -> Any:
        return climb(lambda bits: _rounded(read(self._flow(bits), *of), bits))

    def _flow(self, bits: int) -> Flow:
        if bits not in self._flows:
            env = self.given.formulas(bits)
            known = {number: env.values.get(name) for name, number in self.graph.names.items()}
            given: dict[int, Any] = {n: tensor and tensor.data for n, tensor in known.items()}
            for number, node in enumerate(self.graph.nodes):
                if node.op == "size":
                    given[number] = _size(node, self.graph)
            start = seeds(self.graph, env.numbers)
            self._flows[bits] = through(self.graph.nodes, given, start, env.numbers)
        return self._flows[bits]


def _rounded(value: Any, bits: int) -> Any:
    """A number of so many bits as a float; None where it is none, or the most bits do not tell
    which.
    """
    if value is None or isinstance(value, bool):
        return value
    try:
        return rounded(Tensor(value)).data
    except Unsure:
        if bits < LADDER[-1]:
            raise
        return None
    except Undefined:
        return None


def is_scalar(graph: Graph) -> bool:
    """Whether every node is one number, so that numbers can stand on the wires."""
    return all(not node.shape and not node.over and node.op in _KNOWN for node in graph.nodes)


def flow(graph: Graph) -> Wires:
    """Forward and backward through a scalar graph. The loss is Σ upstream · quantity, or the
    output itself.
    """
    return Wires(graph, Forward(graph, given_point(graph)))


def through(
    nodes: Sequence[Node],
    given: Mapping[int, Any],
    seeds: Mapping[int, Any],
    numbers: Numbers = FLOATS,
) -> Flow:
    """Forward from the values `given` for inputs and sizes, then backward from the gradients
    `seeds`, by node.
    """
    values = forward(nodes, given, numbers)
    gradients: list[Any] = [None] * len(nodes)
    for number, _, gradient in pull(seeds, _Numbers(nodes, values, numbers)):
        gradients[number] = gradient
    return Flow(nodes, values, gradients, numbers)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Gradients as numbers, at the values of the nodes; they are not handed on from nodes of
    `stop`.
    """

    nodes: Sequence[Node]
    values: Sequence[Any]
    numbers: Numbers
    stop: Set[int] = frozenset()

    def turn(self, node: int) -> int:
        return -node

    def gradient(self, node: int, handed: list[_Handed]) -> Any:
        total = handed[0].product
        for share in handed[1:]:
            total = _plus(total, share.product)
        return total

    def handed_back(self, number: int, gradient: Any) -> Iterator[tuple[int, Any, Any]]:
        node = self.nodes[number]
        if not node.args or number in self.stop:
            return
        given = (*[self.values[n] for n in node.args], self.values[number])
        stated = local_derivatives(node.op, self.numbers)
        for operand, one in zip(node.args, stated, strict=True):
            local = _local(one, given, self.numbers)
            yield operand, local, _times(gradient, local)


def seeds(graph: Graph, numbers: Numbers = FLOATS) -> dict[int, Any]:
    """The upstream gradients as numbers, by node; None for one that is a symbol."""
    upstream = graph.exercise.upstream
    if not upstream:
        one = numbers.scalar.number(1)
        return {graph.names[graph.outputs[-1]]: one} if graph.outputs else {}
    found: dict[int, Any] = {}
    for item in upstream:
        number = graph.names[item.of or graph.outputs[-1]]
        value = _constant(item.value, numbers)
        found[number] = _plus(found[number], value) if number in found else value
    return found


def _constant(value: Value, numbers: Numbers) -> Any:
    """A constant expression as a number; None for a symbol or an array."""
    if isinstance(value, tuple):
        return None
    try:
        return function(value, {}, numbers)(())
    except Unsure:
        if numbers.bits < LADDER[-1]:
            raise
        return None
    except (KeyError, TypeError, Undefined, ArithmeticError, ValueError):
        return None


def forward(
    nodes: Sequence[Node], given: Mapping[int, Any], numbers: Numbers = FLOATS
) -> list[Any]:
    """The value of every node; `given` has those of inputs and sizes."""
    values: list[Any] = []
    for number, node in enumerate(nodes):
        operands = [values[n] for n in node.args]
        values.append(_value(node, operands, given.get(number), numbers))
    return values


def _value(node: Node, operands: Sequence[Any], given: Any, numbers: Numbers) -> Any:
    if node.op in ("input", "size"):
        return None if given is None else numbers.scalar.number(given)
    if node.op == "const":
        value = node.attrs["value"]
        scalar = numbers.scalar
        return (
            getattr(scalar, value) if isinstance(value, str) else scalar.constant(Fraction(value))
        )
    if node.op == "where" and operands[0] is not None:  # the branch not taken need not be defined
        operands = [operands[0], *[operands[1 if operands[0] else 2]] * 2]
    if any(operand is None for operand in operands):
        return None
    return _applied(functions(numbers)[node.op], operands, numbers)


def _size(node: Node, graph: Graph) -> int | None:
    try:
        return int(node.attrs["value"].at(graph.sizes))
    except KeyError:
        return None


def _applied(function: Callable[..., Any], operands: Sequence[Any], numbers: Numbers) -> Any:
    """A result, or None where there is none. Raises Unsure where more bits may tell."""
    try:
        return numbers.scalar.settled(function(*operands))
    except Unsure:
        if numbers.bits < LADDER[-1]:
            raise
        return None
    except (Undefined, ArithmeticError, ValueError):
        return None


def _local(stated: LocalDerivative | None, given: tuple[Any, ...], numbers: Numbers) -> Any:
    """A local derivative as a number, `given` the values of the operands and the result."""
    if stated is None:
        return numbers.scalar.number(0)
    for place in stated.reads:
        if given[place] is None:
            return None
    value = _applied(stated.of, (given,), numbers)
    return None if value is None else numbers.scalar.number(value)


def _times(a: Any, b: Any) -> Any:
    for factor in (a, b):
        if factor is not None and factor == 0:
            return factor
    return None if a is None or b is None else a * b


def _plus(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


# ---- the formulas of the table as functions


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """`of` (operands…, result), of which it reads those at `reads`."""

    of: Callable[[tuple[Any, ...]], Any]
    reads: frozenset[int]


@cache
def local_derivatives(op: str, numbers: Numbers) -> tuple[LocalDerivative | None, ...]:
    """The local derivative of an operation by each operand, as the table states it; None where
    it is 0.
    """
    entry = TABLE[op]
    places = {word: n for n, word in enumerate((*entry.operands, "r"))}
    stated = [entry_fields.partial(entry, place) for place in range(len(entry.operands))]
    return tuple(
        None if tree in (None, ZERO) else _stated(tree, places, numbers) for tree in stated
    )


def _stated(tree: Expr, places: Mapping[str, int], numbers: Numbers) -> LocalDerivative:
    reads = frozenset(places[part.id] for part in occurrences(tree) if part.id in places)
    return LocalDerivative(function(tree, places, numbers), reads)


@cache
def functions(numbers: Numbers = FLOATS) -> Mapping[str, Callable[..., Any]]:
    """Functions by operation; of floats those of `math` by the same name, else as the table has
    them.

    They raise Undefined, ArithmeticError or ValueError where there is no value.
    """
    scalar = numbers.scalar
    found: dict[str, Callable[..., Any]] = {}
    for name, op in TABLE.items():
        if op.value is not None:
            direct = (
                (getattr(math, name, None) or getattr(scalar, name, None))
                if not numbers.exact and op.partials and len(op.operands) == 1
                else None
            )
            found[name] = direct or partial(op.value, scalar)
    return found


def function(
    tree: Expr, places: Mapping[str, int], numbers: Numbers = FLOATS
) -> Callable[[Any], Any]:
    """A scalar formula as a function of a tuple, put together from those of its parts; `places`: of
    names in the tuple.

    Raises KeyError for any other name, TypeError for what is no scalar expression.
    """
    if isinstance(tree, Name) and tree.id in places:
        return itemgetter(places[tree.id])
    if isinstance(tree, (Name, Num)):
        constant = _constant_of(tree, numbers)
        return lambda v: constant
    if isinstance(tree, Neg):
        inner = function(tree.arg, places, numbers)
        return lambda v: -inner(v)
    if isinstance(tree, Call):
        called, (first, *rest) = (
            functions(numbers)[tree.func],
            [function(arg, places, numbers) for arg in tree.args],
        )
        return (
            (lambda v: called(first(v), *[part(v) for part in rest]))
            if rest
            else (lambda v: called(first(v)))
        )
    if not isinstance(tree, (Binary, Compare)):
        raise TypeError(f"not a scalar expression: {tree!r}")
    place = places.get(tree.left.id) if isinstance(tree.left, Name) else None
    if tree.op == "^" and tree.right == Num(Fraction(2)):
        return (
            _square(function(tree.left, places, numbers))
            if place is None
            else lambda v: v[place] * v[place]
        )
    combined = ARITHMETIC.get(tree.op) or functions(numbers)[SIGNS[tree.op]]
    left = function(tree.left, places, numbers)
    right = function(tree.right, places, numbers)
    if isinstance(tree.left, Num):
        number = numbers.scalar.constant(tree.left.value)
        return lambda v: combined(number, right(v))
    return (
        (lambda v: combined(left(v), right(v)))
        if place is None
        else lambda v: combined(v[place], right(v))
    )


def _constant_of(tree: Name | Num, numbers: Numbers) -> Any:
    if isinstance(tree, Num):
        return numbers.scalar.constant(tree.value)
    return {"pi": numbers.scalar.pi, "e": numbers.scalar.e}[tree.id]


def _square(base: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def square(v: Any) -> Any:
        value = base(v)
        return value * value

    return square
