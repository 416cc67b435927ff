"""Inside one definition: its elementary operations, each with the gradient that stands behind it.

    gates(…, "f", {"x"}) of f = sin(x²) e^(−x)   ->   f: product gate, ∂L/∂f e^(−x) at sin(x²);
    cosine at x²; power rule at x; …

The one way back, with a stop at every operation instead of every name: in formulas where everything
is taken entry by entry, in terms where it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import sympy as sp

from gradcalc.calculus.derivative_rules import RULES
from gradcalc.calculus.notation.author_order import AuthorText
from gradcalc.calculus.notation.derivative_forms import Forms
from gradcalc.calculus.notation.matrix import NoMatrixForm
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.reverse_mode import Derivative, Engine
from gradcalc.calculus.terms import Key, Term
from gradcalc.derivation.backward_pass import chained, standing_for, written
from gradcalc.derivation.general_rules import partial
from gradcalc.derivation.step_model import Gate, Step, Written
from gradcalc.graph.backward import Handed, pull
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Call, Expr, Name
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import plus
from gradcalc.ops import NODES, TABLE

CONSTANT = frozenset(op.name for op in NODES.values() if op.kind in ("constant", "comparison"))
# What passes a gradient unchanged is said only in full detail.
PLAIN = frozenset(
    op.name
    for op in TABLE.values()
    if set(op.partials) == {"1"} or (not op.example and op.kind == "rearranging")
)
TRIVIAL = frozenset(
    op.name
    for op in TABLE.values()
    if (op.partials and {"1", "-1"}.issuperset(op.partials)) or op.kind == "rearranging"
)


def telling(operation: str, operand: int) -> bool:
    """Whether an operation does something to the gradient."""
    return operation not in PLAIN and (operation, operand) != ("sub", 0)


def inside(graph: Graph, name: str, steady: set[int]) -> dict[int, list[int]]:
    """The operations of a definition from the outside in, as it is read, each with its operands
    that vary.
    """
    top = graph.names[name]
    found: dict[int, list[int]] = {}
    done: list[int] = []
    stack = [(top, False)]
    while stack:
        number, left = stack.pop()
        if left:
            done.append(number)
        elif number not in found and (number == top or graph.nodes[number].name is None):
            found[number] = [arg for arg in graph.nodes[number].args if arg not in steady]
            stack += [(number, True), *((arg, False) for arg in found[number])]
    return {number: found[number] for number in reversed(done)}


def constants(graph: Graph) -> set[int]:
    """Nodes that no input reaches, and integer inputs."""
    found: set[int] = {graph.names[name] for name in graph.integers}
    for number, node in enumerate(graph.nodes):
        if node.op != "input" and (
            node.op in CONSTANT or (node.args and all(arg in found for arg in node.args))
        ):
            found.add(number)
    return found


def leading(operations: Mapping[int, list[int]], target: int) -> dict[int, list[int]]:
    """The operations between a definition and one of its operands."""
    reach = {target}
    for number in sorted(operations):
        if any(arg in reach for arg in operations[number]):
            reach.add(number)
    return {
        n: [arg for arg in args if arg in reach] for n, args in operations.items() if n in reach
    }


SEVERAL = (
    "chain rule in several variables: along each argument, multiply by the derivative with respect "
    "to that argument, ∂₁f for the first, and add the contributions"
)


def said(graph: Graph, number: int, operand: int, steady: set[int]) -> str:
    """The sentence of an operation for one of its operands."""
    node = graph.nodes[number]
    op = TABLE[node.op]
    if node.op == "apply" and len(node.args) > 1:
        return SEVERAL
    if op.fixed and sum(arg in steady for arg in node.args) == len(node.args) - 1:
        return op.fixed[node.args.index(operand)]
    return op.sentence


def slope(call: Call, args: Sequence[int], operand: int) -> Expr | None:
    """The derivative of an unknown function by an operand, which may stand at several places."""
    if len(args) == 1:
        return replace(call, primes=call.primes + 1)
    places = [place for place, arg in enumerate(args, 1) if arg == operand]
    parts: list[Expr] = [
        replace(call, places=tuple(sorted((*call.places, place)))) for place in places
    ]
    return reduce(plus, parts) if parts else None


def depth(graph: Graph, operations: Mapping[int, list[int]], steady: set[int]) -> int:
    """How many operations that need an explanation follow one another on one path."""
    deepest: dict[int, int] = {}
    for number in sorted(operations):
        node = graph.nodes[number]
        scaling = node.op in ("mul", "div") and any(arg in steady for arg in node.args)
        own = 0 if node.op in TRIVIAL or scaling else 1
        deepest[number] = own + max((deepest.get(arg, 0) for arg in operations[number]), default=0)
    return max(deepest.values(), default=0)


def is_number(node: Node) -> bool:
    """Whether a node is one number, the same for all examples."""
    return not node.over and all(size == ONE for size in node.shape)


@dataclass(frozen=True, slots=True)
class _Formulas:
    """Gradients as formulas, the products written as they arise. An upstream gradient of None is
    1.
    """

    turns: Mapping[int, int]
    operations: Mapping[int, Sequence[int]]
    locals: Mapping[tuple[int, int], Expr | None]

    def turn(self, node: int) -> int:
        return self.turns.get(node, len(self.turns))

    def gradient(self, node: int, handed: Sequence[Handed[Expr | None, Expr]]) -> Expr | None:
        parts = [one.product for one in handed if one.product is not None]
        return reduce(plus, parts) if parts else None

    def handed_back(
        self, node: int, gradient: Expr | None
    ) -> Iterator[tuple[int, Expr, Expr | None]]:
        for operand in dict.fromkeys(self.operations.get(node, ())):
            local = self.locals[node, operand]
            if local is not None:
                yield operand, local, chained(gradient, local)


class GateWriter:
    """Gates of the definitions of one graph."""

    def __init__(self, graph: Graph, form: str) -> None:
        self.graph = graph
        own = {n for n, node in enumerate(graph.nodes) if node.op not in CONSTANT or node.name}
        self.engine = Engine(Quantities(graph, RULES, bounded=own))
        self.forms = Forms(self.engine, form, text=AuthorText(self.engine.graph))
        self.steady = constants(graph)
        self.done: dict[tuple[str, str | None], list[tuple[tuple[int, int], Gate]]] = {}

    def gates(self, name: str, upstream: Step | None, operand: str) -> tuple[Gate, ...]:
        """The operations of a definition back to one of its operands; `upstream` is the step of its
        gradient, None where the definition is what is differentiated. Empty where the numerator is
        an array.
        """
        key = name, upstream.name if upstream else None
        if key not in self.done:
            self.done[key] = self.all_gates(name, upstream)
        kept = leading(inside(self.graph, name, self.steady), self.graph.names[operand])
        return tuple(gate for (number, arg), gate in self.done[key] if arg in kept.get(number, ()))

    def all_gates(self, name: str, upstream: Step | None) -> list[tuple[tuple[int, int], Gate]]:
        """Every operation of a definition, with the numbers of its node and its operand."""
        graph, nodes = self.graph, self.graph.nodes
        number, node = graph.names[name], graph.node(name)
        if (
            (upstream.shape, upstream.over) != (node.shape, node.over)
            if upstream
            else not is_number(node)
        ):
            return []
        operations = {n: args for n, args in inside(graph, name, self.steady).items() if args}
        edges = {(n, arg): self.local(n, arg) for n, args in operations.items() for arg in args}
        last = {arg: n for n, arg in edges}
        alike = all(self.alike(number, n) for n in operations) and all(
            self.alike(number, arg, True) for arg in last
        )
        gradients = (
            self.formulas(name, upstream, operations, edges)
            if alike
            else self.terms(name, upstream, operations, [arg for n, arg in edges if last[arg] == n])
        )
        found: list[tuple[tuple[int, int], Gate]] = []
        for (n, arg), local in edges.items():
            same = (nodes[n].shape, nodes[n].over) == (nodes[arg].shape, nodes[arg].over)
            gate = Gate(
                nodes[n].op,
                tree(nodes, n, open_=n == number),
                tree(nodes, arg),
                nodes[n].args.index(arg),
                said(graph, n, arg, self.steady),
                local if same else None,  # what is broadcast is added up as well
                gradients.get(arg) if last[arg] == n else None,
            )
            found.append(((n, arg), gate))
        return found

    def formulas(
        self,
        name: str,
        upstream: Step | None,
        operations: Mapping[int, Sequence[int]],
        locals_: Mapping[tuple[int, int], Expr | None],
    ) -> dict[int, Written | None]:
        """The gradients at the operations of a definition that is taken entry by entry."""
        number, node = self.graph.names[name], self.graph.node(name)
        each = tuple(index for index in node.over if index in self.graph.examples)
        way = _Formulas({n: turn for turn, n in enumerate(operations)}, operations, locals_)
        start = Name(upstream.name) if upstream else None
        return {
            one.node: Written(one.gradient, node.shape, (), each)
            for one in pull({number: start}, way)
            if one.node != number and one.gradient is not None
        }

    def terms(
        self,
        name: str,
        upstream: Step | None,
        operations: Mapping[int, Sequence[int]],
        reached: Sequence[int],
    ) -> dict[int, Written | None]:
        """The gradients at the operations of any other definition."""
        engine, nodes = self.engine, self.graph.nodes
        number, node = self.graph.names[name], self.graph.node(name)
        reading = Reading(NodeSet.of((number, *operations, *reached)), plain=True)
        own = engine.quantities.fresh(number)
        start = Term(sp.S.One, {})
        if upstream is not None:
            start = standing_for(engine, upstream.name, node.shape, node.over, own)
        pulled = engine.pull(
            number, own, [start], set(reached), lambda n: n not in reached or nodes[n].name is None,
            reading,
        )  # fmt: skip
        return {arg: self.written(reading, arg, *pulled.get(arg, ((), []))) for arg in reached}

    def alike(self, top: int, number: int, operand: bool = False) -> bool:
        """Whether a node has the axes of the definition, and is made of its operands entry by
        entry.
        """
        one, other = self.graph.nodes[top], self.graph.nodes[number]
        entrywise = operand or bool(TABLE[other.op].partials) or other.op == "apply"
        return entrywise and one.shape == other.shape and one.over == other.over

    def written(self, reading: Reading, number: int, own: Key, terms: list[Term]) -> Written | None:
        """The gradient at an operation; None where examples meet."""
        try:
            forms = replace(self.forms, reading=reading)
            found = Derivative(tuple(terms), (), own)
            return written(forms, found, self.engine.quantities.nodes[number].shape)
        except (GradcalcError, NoMatrixForm):
            return None

    def local(self, number: int, operand: int) -> Expr | None:
        """∂result/∂operand of an operation that is taken entry by entry, as the table states it."""
        nodes, node = self.graph.nodes, self.graph.nodes[number]
        if node.op == "apply":
            result = tree(nodes, number, open_=True)
            return slope(result, node.args, operand) if isinstance(result, Call) else None
        operands = [tree(nodes, arg) for arg in node.args]
        found: Expr | None = None
        for place, arg in enumerate(node.args):
            if (
                arg == operand
                and (local := partial(node.op, place, operands, tree(nodes, number))) is not None
            ):
                found = local if found is None else plus(found, local)
        return found
