"""The staged backward pass as data: every quantity's gradient once, each in terms of the gradients
after it.

    staged(graph)   forward as it is; backward, in reverse order, one `Stage` for each quantity and
                    input: dJ_dz1 = Σ over the users u of z1 of dJ_du · ∂u/∂z1

This is the order in which one writes backpropagation as code. Before anything is derived the graph
is made stable: log σ(z) becomes −softplus(−z), so that neither pass divides by a probability that
has become 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.derivative_rules import RULES
from gradcalc.calculus.quantities import Quantities, with_entries
from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.reverse_mode import Engine, anything
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.calculus.terms import Key, Term
from gradcalc.graph.dependencies import ancestors
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.stable import stable
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Name, names, parse
from gradcalc.ops import TABLE

__all__ = ["Stage", "Staged", "staged"]

# Functions whose derivative is written with their result alone.
REUSED = frozenset(
    op.name
    for op in TABLE.values()
    if len(op.partials) == 1 and op.partials[0] and names(parse(op.partials[0])) == ("r",)
)
MANY_TERMS = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """The gradient at one quantity or input: `terms` in gradients of earlier stages, free indices
    `own`.

    `node` is the quantity's node, `gradient` the virtual node that stands for the gradient in later
    stages.
    """

    name: str
    node: int
    gradient: int
    own: Key
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """`upstream` maps every quantity with an upstream gradient to the node that stands for it."""

    graph: Graph
    engine: Engine
    reading: Reading
    loss: str
    upstream: Mapping[str, int]
    stages: tuple[Stage, ...]


class _Stages:
    """Names the gradient of every named quantity, and keeps what each is: one stage after the
    other.
    """

    def __init__(self, graph: Graph) -> None:
        rules = replace(
            RULES, inlined=frozenset(("diag",))
        )  # others are at hand from the forward pass
        # So is the result of a function whose derivative is written with it.
        reused = {n for n, node in enumerate(graph.nodes) if node.op in REUSED}
        self.quantities = Quantities(
            graph,
            rules,
            careful=True,
            bounded=with_entries(graph, rules) | reused,
            at_hand=True,
            most=MANY_TERMS,
        )
        self.engine = Engine(self.quantities)
        self.algebra = self.engine.algebra
        self.found: list[Stage] = []
        names = set(graph.names)
        self.loss = next(
            word for word in (graph.exercise.loss, "loss", "loss_") if word not in names
        )

    def settle(
        self, start: int, number: int, own: Key, upstream: list[Term], reading: Reading
    ) -> list[Term]:
        """The gradient at a named quantity as a stage of its own."""
        node = self.quantities.nodes[number]
        if node.name is None or start == number:
            return upstream
        upstream = self.algebra.gather([self.reread(term, reading) for term in upstream])
        self.found.append(
            Stage(node.name, number, len(self.quantities.nodes), own, tuple(upstream))
        )
        return self.engine.name_gradient(number, own, upstream, f"d{self.loss}_d{node.name}")

    def reread(self, term: Term, reading: Reading) -> Term:
        """The term as it is to be computed.

        A sigmoid that making the graph stable brought in is read as the quantity it is: y·σ(−z) −
        (1 − y)·σ(z) is y − ŷ. The gradient of a norm, x/‖x‖, is 0 at 0 by convention: it is divided
        by a guarded norm.
        """
        sigmoid = function_class("sigmoid")
        groups = {}
        for key, expr in term.groups.items():
            expr = self.guarded(expr)
            units = sorted(expr.atoms(sigmoid), key=str)
            flipped = {
                unit: 1 - sigmoid(-unit.args[0])
                for unit in units
                if unit.args[0].could_extract_minus_sign()
            }
            if units:
                expr = self.engine.search.shorten(expr.xreplace(flipped), reading)
                expr = min(expr, bounded.factor(expr), key=self.quantities.entries.lengths.measure)
            groups[key] = expr
        return self.algebra.normal(replace(term, groups=groups))

    def guarded(self, expr: sp.Expr) -> sp.Expr:
        """The expression with norms as divisors replaced by 1 where they are 0."""
        table = {}
        for power in expr.atoms(sp.Pow):
            if not (power.base.is_Symbol and power.exp.could_extract_minus_sign()):
                continue
            found = self.quantities.entries.entry(power.base)
            if (
                found is not None
                and isinstance(found[0], int)
                and self.quantities.nodes[found[0]].op == "norm"
            ):
                table[power] = (
                    self.quantities.entry(self.quantities.make_virtual("guard", found[0]), found[1])
                    ** power.exp
                )
        return expr.xreplace(table) if table else expr


def staged(graph: Graph) -> Staged:
    """The backward pass from the loss behind the upstream gradients, or from *the* output, to every
    real input.

    Raises GradcalcError for an unknown function, which has no code.
    """
    functions = graph.exercise.unknown_functions
    if functions:
        raise GradcalcError(
            Problem("export", f"{functions[0]} is an unknown function: there is no code for it")
        )
    before, graph = graph, stable(graph)
    stages = _Stages(graph)
    engine, quantities = stages.engine, stages.quantities
    upstream: dict[str, int] = {}
    terms: list[Term] = []
    for quantity, given in _upstreams(graph).items():
        number = graph.names[quantity]
        node = graph.nodes[number]
        if given is None:
            name = f"d{stages.loss}_d{quantity}"
            while name in graph.inputs or name in graph.sizes:  # an argument of that name already
                name += "_"
            given = quantities.added(Node("upstream", (), node.shape, node.over, name=name))
        upstream[quantity] = given
        own = quantities.fresh(number)
        terms.append(
            engine.algebra.term(quantities.entry(given, own) * quantities.entry(number, own), own)
        )
    loss = quantities.defined(Node("gradient", (), ()), (), terms)
    used = set().union(*(ancestors(before, quantity) for quantity in upstream))
    names = {graph.names[name] for name, n in before.names.items() if n in used}
    reading = Reading(NodeSet.of(quantities.ancestors(loss) | names))
    targets = {
        graph.names[name]
        for name in graph.inputs
        if name not in graph.integers and name not in graph.constants
    }
    engine.pull(loss, (), [Term(sp.S.One, {})], targets, anything, reading, stages.settle)
    return Staged(graph, engine, reading, stages.loss, upstream, tuple(stages.found))


def _upstreams(graph: Graph) -> dict[str, int | None]:
    """Quantities with an upstream gradient; the node of the input that is it, where it is one."""
    found: dict[str, int | None] = {}
    for item in graph.exercise.upstream:
        named = graph.names.get(item.value.id) if isinstance(item.value, Name) else None
        found[item.of or graph.outputs[-1]] = named
    return found or {graph.outputs[-1]: None}
