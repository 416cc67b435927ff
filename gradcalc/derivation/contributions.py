"""Where one quantity stands at several places of a definition: what each place contributes.

    f = sin(x²) e^(−x)       x in sin(x²):    e^(−x) · cos(x²) · 2x
                             x in e^(−x):     sin(x²) · e^(−x) · (−1)
    J = ‖X w − y‖² + λ ‖w‖²  w in ‖X w − y‖²: 2Xᵀ(X w − y)
                             w in λ ‖w‖²:     2λ w

A part is the largest piece of the definition that the other places do not share. Where everything
is taken entry by entry its contribution is the product of the local derivatives on the way, without
the upstream gradient; elsewhere it is the part of the gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise

import sympy as sp

from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.terms import Term
from gradcalc.derivation.backward_pass import MINUS_ONE, chained, standing_for
from gradcalc.derivation.elementary_steps import GateWriter, inside, is_number, leading
from gradcalc.derivation.general_rules import partial
from gradcalc.derivation.step_model import Contribution, Step
from gradcalc.graph.to_expression import tree
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Expr, Neg, Num
from gradcalc.language.tree import number, plus

ADDITIVE = frozenset(("add", "sub", "neg"))
MOST = 8  # parts that are listed


@dataclass(frozen=True, slots=True)
class _Part:
    """A node where the ways part, under a node, behind a minus sign or not."""

    above: int
    node: int
    minus: bool


def contributions(
    writer: GateWriter, name: str, upstream: Step | None, operand: str
) -> tuple[Contribution, ...]:
    """What each place of an operand contributes; of a single place the factors of its way, where
    there are several of them. Empty where that cannot be told apart.
    """
    graph = writer.graph
    top, target = graph.names[name], graph.names[operand]
    operations = leading(inside(graph, name, writer.steady), target)
    if not operations:
        return ()
    before, parts = parting(writer, operations, top, target)
    distinct = len({part.node for part in parts}) == len(parts)
    squared = len(parts) == 2 and parts[0].above == parts[1].above  # x x, x^x
    alike = all(writer.alike(top, n) for n in operations) and writer.alike(top, target, True)
    if not (distinct or (alike and squared)) or len(parts) > MOST:
        return ()
    if alike:
        return elementwise(writer, operations, before, parts, target)
    return by_terms(writer, name, upstream, operations, parts, target) if len(parts) > 1 else ()


def parting(
    writer: GateWriter, operations: Mapping[int, Sequence[int]], top: int, target: int
) -> tuple[list[int], list[_Part]]:
    """The nodes that all ways share, and the nodes where they part; none where there is one way."""
    shared, node = [top], top
    while len(operations[node]) == 1:
        (node,) = operations[node]
        if node == target:
            return shared, []
        shared.append(node)
    found: list[_Part] = []
    adding = writer.graph.nodes[node].op in ADDITIVE

    def part(above: int, minus: bool) -> None:
        args = writer.graph.nodes[above].args
        for place, arg in enumerate(args):
            if arg not in operations[above]:
                continue
            flips = writer.graph.nodes[above].op == "neg" or (
                writer.graph.nodes[above].op == "sub" and place == 1
            )
            sign = minus != (adding and flips)
            if adding and arg in operations and writer.graph.nodes[arg].op in ADDITIVE:
                part(arg, sign)
            else:
                found.append(_Part(above, arg, sign))

    part(node, False)
    return shared, found


def elementwise(
    writer: GateWriter,
    operations: Mapping[int, Sequence[int]],
    shared: Sequence[int],
    parts: Sequence[_Part],
    target: int,
) -> tuple[Contribution, ...]:
    """The local derivatives on the way through each part."""
    nodes = writer.graph.nodes

    def factors(node: int) -> tuple[Expr, ...] | None:
        """The local derivatives from a node to the target."""
        if node == target:
            return ()
        args = dict.fromkeys(operations[node])
        ways: list[tuple[Expr, ...]] = []
        for arg in args:
            local, rest = writer.local(node, arg), factors(arg)
            if local is None or rest is None:
                return None
            ways.append((local, *rest))
        if len(ways) == 1:
            return ways[0]
        return (reduce(plus, (reduce(chained, way) for way in ways)),)

    if not parts:
        found = factors(shared[0])
        return (Contribution(None, told(found)),) if found and len(told(found)) > 1 else ()
    before: list[Expr] = []
    for above, below in pairwise(shared):
        local = writer.local(above, below)
        if local is None:
            return ()
        before.append(local)
    made: list[Contribution] = []
    adding = nodes[shared[-1]].op in ADDITIVE
    for place, part in enumerate(parts):
        own = factors(part.node)
        local = None if adding else writer.local(part.above, part.node)
        if parts[0].node == parts[-1].node and not adding:
            node = nodes[part.above]
            operands = [tree(nodes, arg) for arg in node.args]
            local = partial(node.op, place, operands, tree(nodes, part.above))
        if own is None or (local is None and not adding):
            return ()
        first = (MINUS_ONE,) if adding and part.minus else () if local is None else (local,)
        whole = tree(nodes, part.node)
        made.append(
            Contribution(Neg(whole) if part.minus else whole, told((*before, *first, *own)))
        )
    return tuple(made)


def told(factors: Sequence[Expr]) -> tuple[Expr, ...]:
    """Factors without those that are 1; −1 in front of the others is a sign."""
    kept = [f for f in factors if not (isinstance(f, Num) and f.value == 1)]
    if len(kept) > 1 and kept[0] == MINUS_ONE:
        first = kept[1].arg if isinstance(kept[1], Neg) else Neg(kept[1])
        kept = [first, *kept[2:]]
    return tuple(kept or factors[:1] or (number(1),))


def by_terms(
    writer: GateWriter,
    name: str,
    upstream: Step | None,
    operations: Mapping[int, Sequence[int]],
    parts: Sequence[_Part],
    target: int,
) -> tuple[Contribution, ...]:
    """Each part's share of the gradient, the ways through the other parts closed."""
    graph, engine = writer.graph, writer.engine
    top, node = graph.names[name], graph.node(name)
    given = (
        (upstream.shape, upstream.over) == (node.shape, node.over) if upstream else is_number(node)
    )
    if not given:
        return ()
    reading = Reading(NodeSet.of((*operations, *graph.names.values())), plain=True)
    made: list[Contribution] = []
    for part in parts:
        closed = {other.node for other in parts} - {part.node}
        own = engine.quantities.fresh(top)
        start = Term(sp.S.One, {})
        if upstream is not None:
            start = standing_for(engine, upstream.name, node.shape, node.over, own)

        def through(n: int, closed: set[int] = closed) -> bool:
            return n not in closed and n != target and (n == top or graph.nodes[n].name is None)

        pulled = engine.pull(top, own, [start], {part.node}, through, reading)
        if part.node not in pulled:
            return ()
        if part.node != target:
            at, terms = pulled[part.node]
            pulled = engine.pull(part.node, at, terms, {target}, through, reading)
            if target not in pulled:
                return ()
        found = writer.written(reading, target, *pulled[target])
        if found is None or found.free:
            return ()
        whole = tree(graph.nodes, part.node)
        made.append(Contribution(Neg(whole) if part.minus else whole, (), found))
    return tuple(made)
