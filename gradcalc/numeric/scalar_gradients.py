"""Numbers on the wires of a scalar graph: every node forward, every gradient backward, and each wire's share of it.

Floats only; where a node has no value (undefined, or a value is missing) it is None, and so is what depends on it.
Local derivatives come from the table of operations, in terms of operands and result. Nothing here loads SymPy or
NumPy; the number of paths does not matter, each node is visited once.
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
from gradcalc.numeric.precision import floats
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.ops import SIGNS, TABLE

ARITHMETIC: Mapping[str, Callable[..., Any]] = {"+": add, "-": sub, "*": mul}
CONSTANTS = {"pi": math.pi, "e": math.e}
ZERO = Num(Fraction(0))

_KNOWN = frozenset(
    name for name, op in TABLE.items() if op.value and op.kind in ("elementwise", "comparison")
) | {"input", "const", "size"}

_Handed: TypeAlias = "Handed[float | None, float | None]"


@dataclass(frozen=True, slots=True)
class Flow:
    """values[n], gradients[n]: of node n; a gradient is None where the loss does not depend on the node, too."""

    nodes: Sequence[Node]
    values: Sequence[Any]
    gradients: Sequence[float | None]

    def share(self, number: int, place: int) -> float | None:
        """What a node hands back to its operand at `place`."""
        node = self.nodes[number]
        given = (*[self.values[n] for n in node.args], self.values[number])
        return _times(self.gradients[number], _local(local_derivatives(node.op)[place], given))

    def shares(self, target: int, until: Set[int]) -> dict[int, float | None]:
        """What a node hands back, through nodes that are not in `until`, to each node of `until` it is computed from."""
        way = _Numbers(self.nodes, self.values, until - {target})
        found = pull({target: self.gradients[target]}, way)
        return {one.node: one.gradient for one in found if one.node in way.stop}


def is_scalar(graph: Graph) -> bool:
    """Whether every node is one number, so that numbers can stand on the wires."""
    return all(not node.shape and not node.over and node.op in _KNOWN for node in graph.nodes)


def flow(graph: Graph, inputs: Mapping[str, Any]) -> Flow:
    """Forward and backward through a scalar graph. The loss is Σ upstream · quantity, or the output itself."""
    given: dict[int, Any] = {}
    for number, node in enumerate(graph.nodes):
        if node.op == "input":
            given[number] = inputs.get(node.name or "")
        elif node.op == "size":
            given[number] = _size(node, graph)
    return through(graph.nodes, given, seeds(graph))


def through(
    nodes: Sequence[Node], given: Mapping[int, Any], seeds: Mapping[int, float | None]
) -> Flow:
    """Forward from the values `given` for inputs and sizes, then backward from the gradients `seeds`, by node."""
    values = forward(nodes, given)
    gradients: list[float | None] = [None] * len(nodes)
    for number, _, gradient in pull(seeds, _Numbers(nodes, values)):
        gradients[number] = gradient
    return Flow(nodes, values, gradients)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Gradients as numbers, at the values of the nodes; they are not handed on from nodes of `stop`."""

    nodes: Sequence[Node]
    values: Sequence[Any]
    stop: Set[int] = frozenset()

    def turn(self, node: int) -> int:
        return -node

    def gradient(self, node: int, handed: list[_Handed]) -> float | None:
        total = handed[0].product
        for share in handed[1:]:
            total = _plus(total, share.product)
        return total

    def handed_back(
        self, number: int, gradient: float | None
    ) -> Iterator[tuple[int, float | None, float | None]]:
        node = self.nodes[number]
        if not node.args or number in self.stop:
            return
        given = (*[self.values[n] for n in node.args], self.values[number])
        for operand, stated in zip(node.args, local_derivatives(node.op), strict=True):
            local = _local(stated, given)
            yield operand, local, _times(gradient, local)


def seeds(graph: Graph) -> dict[int, float | None]:
    """The upstream gradients as numbers, by node; None for one that is a symbol."""
    upstream = graph.exercise.upstream
    if not upstream:
        return {graph.names[graph.outputs[-1]]: 1.0} if graph.outputs else {}
    found: dict[int, float | None] = {}
    for item in upstream:
        number = graph.names[item.of or graph.outputs[-1]]
        value = _constant(item.value)
        found[number] = _plus(found[number], value) if number in found else value
    return found


def _constant(value: Value) -> float | None:
    """A constant expression as a float; None for a symbol or an array."""
    try:
        return None if isinstance(value, tuple) else float(function(value, {})(()))
    except (KeyError, TypeError, Undefined, ArithmeticError, ValueError):
        return None


def forward(nodes: Sequence[Node], given: Mapping[int, Any]) -> list[Any]:
    """The value of every node; `given` has those of inputs and sizes."""
    values: list[Any] = []
    for number, node in enumerate(nodes):
        values.append(_value(node, [values[n] for n in node.args], given.get(number)))
    return values


def _value(node: Node, operands: Sequence[Any], given: Any) -> Any:
    if node.op in ("input", "size"):
        return float(given) if isinstance(given, int | float) else None
    if node.op == "const":
        value = node.attrs["value"]
        return CONSTANTS[value] if isinstance(value, str) else float(Fraction(value))
    if None in operands:
        return None
    return _applied(functions()[node.op], operands)


def _size(node: Node, graph: Graph) -> float | None:
    try:
        return float(node.attrs["value"].at(graph.sizes))
    except KeyError:
        return None


def _applied(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    try:
        value = function(*operands)
    except (Undefined, ArithmeticError, ValueError):
        return None
    return value if isinstance(value, bool) or math.isfinite(value) else None


def _local(stated: LocalDerivative | None, given: tuple[Any, ...]) -> float | None:
    """A local derivative as a number, `given` the values of the operands and the result."""
    if stated is None:
        return 0.0
    for place in stated.reads:
        if given[place] is None:
            return None
    value = _applied(stated.of, (given,))
    return None if value is None else float(value)


def _times(a: float | None, b: float | None) -> float | None:
    if a == 0 or b == 0:
        return 0.0
    return None if a is None or b is None else a * b


def _plus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


# ---- the formulas of the table as functions


@dataclass(frozen=True, slots=True)
class LocalDerivative:
    """`of` (operands…, result), of which it reads those at `reads`."""

    of: Callable[[tuple[Any, ...]], Any]
    reads: frozenset[int]


@cache
def local_derivatives(op: str) -> tuple[LocalDerivative | None, ...]:
    """The local derivative of an operation by each operand, as the table states it; None where it is 0."""
    entry = TABLE[op]
    places = {word: n for n, word in enumerate((*entry.operands, "r"))}
    stated = [entry_fields.partial(entry, place) for place in range(len(entry.operands))]
    return tuple(None if tree in (None, ZERO) else _stated(tree, places) for tree in stated)


def _stated(tree: Expr, places: Mapping[str, int]) -> LocalDerivative:
    reads = frozenset(places[part.id] for part in occurrences(tree) if part.id in places)
    return LocalDerivative(function(tree, places), reads)


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Float functions by operation: those of `math` and of our floats by the same name, else as the table has them.

    They raise Undefined, ArithmeticError or ValueError where there is no value.
    """
    numbers = floats().scalar
    found: dict[str, Callable[..., Any]] = {}
    for name, op in TABLE.items():
        if op.value is not None:
            direct = (
                getattr(math, name, None) or getattr(numbers, name, None)
                if op.partials and len(op.operands) == 1
                else None
            )
            found[name] = direct or partial(op.value, numbers)
    return found


def function(tree: Expr, places: Mapping[str, int]) -> Callable[[Any], Any]:
    """A scalar formula as a function of a tuple, put together from those of its parts; `places`: of names in the tuple.

    Raises KeyError for any other name, TypeError for what is no scalar expression.
    """
    if isinstance(tree, Name) and tree.id in places:
        return itemgetter(places[tree.id])
    if isinstance(tree, (Name, Num)):
        constant = CONSTANTS[tree.id] if isinstance(tree, Name) else float(tree.value)
        return lambda v: constant
    if isinstance(tree, Neg):
        inner = function(tree.arg, places)
        return lambda v: -inner(v)
    if isinstance(tree, Call):
        called, (first, *rest) = (
            functions()[tree.func],
            [function(arg, places) for arg in tree.args],
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
            _square(function(tree.left, places)) if place is None else lambda v: v[place] * v[place]
        )
    combined = ARITHMETIC.get(tree.op) or functions()[SIGNS[tree.op]]
    left, right = function(tree.left, places), function(tree.right, places)
    if isinstance(tree.left, Num):
        number = float(tree.left.value)
        return lambda v: combined(number, right(v))
    return (
        (lambda v: combined(left(v), right(v)))
        if place is None
        else lambda v: combined(v[place], right(v))
    )


def _square(base: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def square(v: Any) -> Any:
        value = base(v)
        return value * value

    return square
