"""Numbers on the wires of a scalar graph: every node forward, every gradient backward, and each wire's share of it.

Enclosures, read as floats; where a node has no value (undefined, or a value is missing) it is None, and so is what
depends on it. At a kink a gradient follows the convention of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from gradcalc.exercise.model import Value
from gradcalc.graph.model import Graph, Node
from gradcalc.language.parser import Expr, Name, parse
from gradcalc.language.tree import occurrences
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward, forward, rounded
from gradcalc.numeric.precision import Numbers, balls, climb
from gradcalc.numeric.scalar_functions import LADDER, Undefined, Unknown, Unsure
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE

_COMPARISONS = frozenset(("lt", "le", "gt", "ge", "eq", "ne"))
_KNOWN = frozenset(
    name for name, op in TABLE.items() if op.value and (op.partials or name in _COMPARISONS)
) | {"input", "const", "size"}


def is_scalar(graph: Graph) -> bool:
    """Whether every node is one number, so that numbers can stand on the wires."""
    return all(not node.shape and not node.over and node.op in _KNOWN for node in graph.nodes)


def flow(graph: Graph) -> Flow:
    """Forward and backward through a scalar graph. The loss is Σ upstream · quantity, or the output itself."""
    return Flow(graph, forward(graph, given_point(graph)))


class Flow:
    """values[n], gradients[n]: of node n. share(n, k): what node n hands back to its operand k."""

    def __init__(self, graph: Graph, given: Forward) -> None:
        self.graph, self.given = graph, given
        self._passes: dict[int, _Pass] = {}
        nodes = range(len(graph.nodes))
        self.values = [self._known(_Pass.value, n) for n in nodes]
        self.gradients = [self._known(_Pass.gradient, n) for n in nodes]

    def _known(self, number: Callable[..., Any], *of: Any) -> Any:
        """A number of a pass as a float, with as many bits as that takes; None where it has none."""

        def at(bits: int) -> Any:
            if bits not in self._passes:
                self._passes[bits] = _Pass(self.graph, self.given.env(bits), bits)
            return rounded(Tensor(_there(number(self._passes[bits], *of)))).data

        try:
            return climb(at)
        except Undefined:
            return None

    def share(self, number: int, operand: int) -> float | None:
        return self._known(_Pass.share, number, operand)  # type: ignore[no-any-return]

    def shares(self, target: int, until: frozenset[int]) -> dict[int, float | None]:
        """What a node hands back, through nodes that are not in `until`, to each node of `until` it is computed from."""
        found: list[int] = []
        pending, seen = [target], {target}
        while pending:
            for operand in self.graph.nodes[pending.pop()].args:
                if operand not in seen:
                    seen.add(operand)
                    (found if operand in until else pending).append(operand)
        places = sorted(found, reverse=True)
        return {n: self._known(_Pass.handed, target, until, n) for n in places}


class _Pass:
    """Forward and backward in enclosures of so many bits. What has no number is the `Undefined` that says why."""

    def __init__(self, graph: Graph, env: Env, bits: int) -> None:
        self.graph, self.nodes = graph, graph.nodes
        self.numbers: Numbers = env.numbers
        self.tied = Env(balls(bits, ties=bits == LADDER[-1]), {})
        self.values: list[Any] = []
        for node in graph.nodes:
            self.values.append(self._value(node, [self.values[n] for n in node.args], env))
        self._locals: dict[tuple[int, int], Any] = {}
        self._gradients: dict[int, Any] | None = None
        self._handed: dict[tuple[int, frozenset[int]], dict[int, Any]] = {}

    def _value(self, node: Node, operands: Sequence[Any], env: Env) -> Any:
        scalar = self.numbers.scalar
        if node.op == "input":
            given = env.values.get(node.name or "")
            return Unknown(f"{node.name} has no value") if given is None else given.data
        if node.op == "const":
            value = node.attrs["value"]
            return getattr(scalar, value) if isinstance(value, str) else scalar.constant(value)
        if node.op == "size":
            try:
                return scalar.constant(Fraction(node.attrs["value"].at(self.graph.sizes)))
            except KeyError:
                return Unknown("a size has no number")
        if node.op == "where" and isinstance(operands[0], bool):
            return operands[1 if operands[0] else 2]
        value = TABLE[node.op].value
        assert value is not None
        return _applied(lambda *known: scalar.settled(value(scalar, *known)), operands)

    def gradient(self, number: int) -> Any:
        if self._gradients is None:
            self._gradients = self.back(dict(_seeds(self.graph, self.numbers)), None)
        return self._gradients.get(number, Unknown("the loss does not depend on it"))

    def value(self, number: int) -> Any:
        return self.values[number]

    def handed(self, target: int, until: frozenset[int], number: int) -> Any:
        """What `target` hands back to another node, through nodes that are not in `until`."""
        key = target, until
        if key not in self._handed:
            self._handed[key] = self.back({target: self.gradient(target)}, until, target)
        return self._handed[key][number]

    def back(
        self, carried: dict[int, Any], until: frozenset[int] | None, start: int | None = None
    ) -> dict[int, Any]:
        """What arrives at each node, from those given; it does not go on from nodes of `until`."""
        found: dict[int, Any] = {}
        for number in range(max(carried, default=-1), -1, -1):
            if number not in carried:
                continue
            upstream = found[number] = carried.pop(number)
            if until is not None and number in until and number != start:
                continue
            for k, operand in enumerate(self.nodes[number].args):
                handed = _times(upstream, self.local(number, k))
                carried[operand] = (
                    _applied(lambda a, b: a + b, (carried[operand], handed))
                    if operand in carried
                    else handed
                )
        return found

    def share(self, number: int, operand: int) -> Any:
        return _times(self.gradient(number), self.local(number, operand))

    def local(self, number: int, operand: int) -> Any:
        """The local derivative that the table states, as a number."""
        if (number, operand) not in self._locals:
            self._locals[number, operand] = self._local(self.nodes[number], operand, number)
        return self._locals[number, operand]

    def _local(self, node: Node, operand: int, number: int) -> Any:
        op = TABLE[node.op]
        if not op.partials or op.partials[operand] in ("", "0"):
            return self.numbers.scalar.number(0)
        tree, needed = _stated(node.op, operand)
        names = (*op.operands, "r")
        given = zip(names, (*(self.values[n] for n in node.args), self.values[number]), strict=True)
        known = {name: value for name, value in given if name in needed}

        def formula(*values: Any) -> Any:
            named = {name: Tensor(value) for name, value in zip(known, values, strict=True)}
            return evaluate(tree, self.tied.bind(named)).data

        return _applied(formula, tuple(known.values()))


@cache
def _stated(op: str, operand: int) -> tuple[Expr, frozenset[str]]:
    """The local derivative of the table, and the names in it."""
    tree = parse(TABLE[op].partials[operand])
    return tree, frozenset(part.id for part in occurrences(tree))


def _seeds(graph: Graph, numbers: Numbers) -> Mapping[int, Any]:
    """The upstream gradients, by node."""
    if not graph.exercise.upstream:
        return {graph.names[graph.outputs[-1]]: numbers.scalar.number(1)} if graph.outputs else {}
    found: dict[int, Any] = {}
    for item in graph.exercise.upstream:
        number = graph.names[item.of or graph.outputs[-1]]
        value = _constant(item.value, numbers)
        if number in found:
            value = _applied(lambda a, b: a + b, (found[number], value))
        found[number] = value
    return found


def _constant(value: Value, numbers: Numbers) -> Any:
    if isinstance(value, tuple) or (isinstance(value, Name) and value.id not in ("pi", "e")):
        return Unknown("the upstream gradient has no number")
    try:
        return evaluate(value, Env(numbers, {})).data
    except Undefined as problem:
        return problem


def _there(number: Any) -> Any:
    if isinstance(number, Undefined):
        raise number
    return number


def _applied(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """The function of numbers; where one is missing, what is wrong with it, before all that more bits may help."""
    wrong = [operand for operand in operands if isinstance(operand, Undefined)]
    if wrong:
        return next((problem for problem in wrong if isinstance(problem, Unsure)), wrong[0])
    try:
        return function(*operands)
    except Undefined as problem:
        return problem


def _times(a: Any, b: Any) -> Any:
    """A product; 0 where one factor surely is, whatever the other."""
    for factor in (a, b):
        if not isinstance(factor, Undefined) and factor == 0:
            return factor
    return _applied(lambda x, y: x * y, (a, b))
