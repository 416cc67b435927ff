"""The staged backward pass as data: every quantity's gradient once, each in terms of the gradients after it.

    staged(graph)   forward as it is; backward, in reverse order, one `Stage` for each quantity and input:
                    dJ_dz1 = Σ over the users u of z1 of dJ_du · ∂u/∂z1

This is the order in which one writes backpropagation as code. Before anything is derived the graph is made stable:
log σ(z) becomes −softplus(−z), so that neither pass divides by a probability that has become 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import sympy as sp

from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.simplify import measure
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.calculus.term_algebra import Algebra
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
    """The gradient at one quantity or input: `terms` in gradients of earlier stages, free indices `own`.

    `node` is the quantity's node, `gradient` the virtual node that stands for the gradient in later stages.
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
    loss: str
    upstream: Mapping[str, int]
    stages: tuple[Stage, ...]


class _Algebra(Algebra):
    """Sums of many terms stay as they are: comparing each with each would cost more than it shortens."""

    def gather(self, terms: Sequence[Term]) -> list[Term]:
        return super().gather(terms) if len(terms) <= MANY_TERMS else list(terms)


class _Engine(Engine):
    """An engine that names the gradient of every named quantity."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.inlined = frozenset(("diag",))  # other contractions are at hand from the forward pass
        self.entries.length = lambda quantity: 1  # every quantity has a variable
        self.algebra = _Algebra(self.entries, self.symmetric, self.known_sum, self.computed)
        self.careful = True
        self.stages: list[Stage] = []
        names = set(graph.names)
        self.loss = next(
            word for word in (graph.exercise.loss, "loss", "loss_") if word not in names
        )

    @cached_property
    def bounded(self) -> set[int]:
        """Besides the others: functions whose derivative is written with their result, which is then at hand."""
        kept = {n for n, node in enumerate(self.graph.nodes) if node.op in REUSED}
        return set(super().bounded) | kept

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """As for every engine, but for quantities that very many others use: trying each would take too long."""
        return {arg: found for arg, found in super().users.items() if len(found) <= MANY_TERMS}

    def settle(self, start: int, number: int, own: Key, upstream: list[Term]) -> list[Term]:
        node = self.nodes[number]
        if node.name is None or start == number:
            return upstream
        upstream = self.algebra.gather([self.reread(term) for term in upstream])
        self.stages.append(Stage(node.name, number, len(self.nodes), own, tuple(upstream)))
        return self.name_gradient(number, own, upstream, f"d{self.loss}_d{node.name}")

    def reread(self, term: Term) -> Term:
        """The term as it is to be computed.

        A sigmoid that making the graph stable brought in is read as the quantity it is: y·σ(−z) − (1 − y)·σ(z) is y − ŷ.
        The gradient of a norm, x/‖x‖, is 0 at 0 by convention: it is divided by a guarded norm.
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
                expr = self.shorten(expr.xreplace(flipped))
                expr = min(expr, sp.factor(expr), key=measure)
            groups[key] = expr
        return self.algebra.normal(replace(term, groups=groups))

    def guarded(self, expr: sp.Expr) -> sp.Expr:
        """The expression with norms as divisors replaced by 1 where they are 0."""
        table = {}
        for power in expr.atoms(sp.Pow):
            if not (power.base.is_Symbol and power.exp.could_extract_minus_sign()):
                continue
            found = self.entries.entry(power.base)
            if (
                found is not None
                and isinstance(found[0], int)
                and self.nodes[found[0]].op == "norm"
            ):
                table[power] = (
                    self.entry(self.make_virtual("guard", found[0]), found[1]) ** power.exp
                )
        return expr.xreplace(table) if table else expr


def staged(graph: Graph) -> Staged:
    """The backward pass from the loss behind the upstream gradients, or from *the* output, to every real input.

    Raises GradcalcError for an unknown function, which has no code.
    """
    functions = graph.exercise.unknown_functions
    if functions:
        raise GradcalcError(
            Problem("export", f"{functions[0]} is an unknown function: there is no code for it")
        )
    before, graph = graph, stable(graph)
    engine = _Engine(graph)
    upstream: dict[str, int] = {}
    terms: list[Term] = []
    for quantity, given in _upstreams(graph).items():
        number = graph.names[quantity]
        node = graph.nodes[number]
        if given is None:
            engine.nodes.append(
                Node("upstream", (), node.shape, node.over, name=f"d{engine.loss}_d{quantity}")
            )
            given = len(engine.nodes) - 1
        upstream[quantity] = given
        own = engine.fresh(number)
        terms.append(engine.algebra.term(engine.entry(given, own) * engine.entry(number, own), own))
    engine.nodes.append(Node("gradient", (), ()))
    loss = len(engine.nodes) - 1
    engine.virtual[loss] = ((), terms)
    used = set().union(*(ancestors(before, quantity) for quantity in upstream))
    engine.scope = engine.ancestors(loss) | {
        graph.names[name] for name, n in before.names.items() if n in used
    }
    targets = {
        graph.names[name]
        for name in graph.inputs
        if name not in graph.integers and name not in graph.constants
    }
    engine.pull(loss, (), [Term(sp.S.One, {})], targets, lambda number: True)
    return Staged(graph, engine, engine.loss, upstream, tuple(engine.stages))


def _upstreams(graph: Graph) -> dict[str, int | None]:
    """Quantities with an upstream gradient; the node of the input that is it, where it is one."""
    found: dict[str, int | None] = {}
    for item in graph.exercise.upstream:
        named = graph.names.get(item.value.id) if isinstance(item.value, Name) else None
        found[item.of or graph.outputs[-1]] = named
    return found or {graph.outputs[-1]: None}
