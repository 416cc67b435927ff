"""Graph to derivatives: every derivative by pulling terms back along all paths.

A derivative starts as deltas at the numerator and is pulled back, node by node in reverse order, to the denominator;
contributions of all paths add. What the nodes are is in definitions.py, what makes the results short in readback.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp

from gradcalc.calculus.derivative_rules import RULES
from gradcalc.calculus.folding import shorter
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.simplify import cost, repeated, signs_met, slope, standing_for
from gradcalc.calculus.sympy_functions import Spell, unspelled
from gradcalc.calculus.term_algebra import met
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.calculus.totals import Totals
from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.tree import Expr

__all__ = ["Derivative", "Engine", "Pseudo"]

NAMED_LENGTH = 40  # operations; a longer upstream gradient gets a name
SHORT_PRODUCT = 8  # operations; in a long computation any other gradient gets a name


@dataclass(frozen=True, slots=True)
class Derivative:
    """Terms of a derivative. `out` and `into` are the free indices of numerator and denominator, without size-1 axes;
    named indices, examples among them, come last in each."""

    terms: tuple[Term, ...]
    out: Key
    into: Key


class Engine(Totals):
    """Derivatives over one graph."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph, RULES)
        self.again: set[int] = set()  # derivatives that are differentiated once more
        self.named: dict[int, int] = {}  # named gradient -> the node whose gradient it is
        self._local: dict[
            int, dict[int, list[tuple[Key, Term]]]
        ] = {}  # of scalar nodes, whose operands are scalars
        self.asked: dict[
            tuple[int, int], str
        ] = {}  # (numerator, node) -> the name an earlier answer gave its gradient
        self.writable: Callable[[list[Term], Key], bool] = lambda terms, own: (
            True
        )  # has a matrix form (see answers.py)
        self.spelled: Spell = (
            unspelled  # sums and arguments as the author wrote them (see answers.py)
        )

    def numeral(self, expr: sp.Expr) -> Expr | None:
        """A number as the author writes numbers; None for what is no number."""
        return self.spelled(expr) if isinstance(expr, sp.Rational) else None

    def local(self, number: int, indices: Key) -> dict[int, list[tuple[Key, Term]]]:
        """The local derivatives of one entry of a node: operand -> [(its indices, term)].

        Entries of a symmetric matrix are independent while differentiating; in the result A_ji is A_ij.
        """
        if (
            not indices and number in self._local
        ):  # a number: nothing in it depends on what its indices are called
            return self._local[number]
        raw = self.raw_local(number, indices)
        found = {
            n: [
                (at, self.called(self.algebra.identified(self.assumed(term))))
                for at, term in pieces
            ]
            for n, pieces in raw.items()
        }
        if not indices and all(not at for pieces in found.values() for at, _ in pieces):
            self._local[number] = found
        return found

    def raw_local(self, number: int, indices: Key) -> dict[int, list[tuple[Key, Term]]]:
        node = self.nodes[number]
        result: dict[int, list[tuple[Key, Term]]] = {}
        if number not in self.virtual and node.op in self.rules.special:
            positional, named = self.full(node, indices)
            stated: dict[int, list[tuple[Key, Term]]] = self.rules.special[node.op](
                self, number, node, positional, named
            )
            return stated
        if number not in self.virtual and node.op not in self.rules.contractions:
            if node.op == "input":
                return result
            formula = self.formula(number, *self.full(node, indices))
            own = self.entry(number, indices)
            for symbol, quantity, at in self.entries.entries(formula):
                derivative = self.slope(formula, symbol)
                if isinstance(quantity, int) and derivative != 0:
                    groups = self.algebra.split(
                        shorter(signs_met(derivative), formula, own, self.positive(formula))
                    )
                    result.setdefault(quantity, []).append((at, Term(sp.S.One, groups)))
            return result
        for term in self.varied(number, indices):
            for key, expr in term.groups.items():
                for symbol, quantity, at in self.entries.entries(expr):
                    derivative = slope(expr, symbol)
                    if not isinstance(quantity, int) or derivative == 0:
                        continue
                    # Not brought to normal form: a summed index may be carried by `at` alone.
                    groups = {k: e for k, e in term.groups.items() if k != key}
                    for k, e in self.algebra.split(signs_met(derivative)).items():
                        groups[k] = groups.get(k, sp.S.One) * e
                    result.setdefault(quantity, []).append((at, replace(term, groups=groups)))
        return result

    def slope(self, formula: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
        """∂formula/∂symbol; through a sum that stands in it more than once by the chain rule."""
        inner = repeated(formula)
        if inner is None or symbol not in inner.free_symbols:
            return slope(formula, symbol)
        t = standing_for(inner)
        outer = self.algebra.tidy(slope(formula.xreplace({inner: t}), t))
        return outer.xreplace({t: inner}) * slope(inner, symbol)

    def pull(
        self, start: int, out: Key, terms: Sequence[Term], targets: set[int], through: Any
    ) -> dict[int, tuple[Key, list[Term]]]:
        """Pull terms at node `start` (free: `out`-side indices and `start`'s own) back to every node they reach.

        `through(n)` says whether the derivative passes on through node n. Returns node -> (its indices, terms).
        """
        own: dict[int, Key] = {start: out}
        adjoint: dict[int, list[Term]] = {start: list(terms)}
        reach = self.reaching(start, targets, through)
        pending = {start}
        while pending:
            number = max(pending, key=self.rank)
            pending.discard(number)
            adjoint[number] = upstream = self.algebra.gather(adjoint[number])
            if number != start and (not through(number) or not upstream):
                continue
            upstream = self.settle(start, number, own[number], upstream)
            pieces = self.local(number, own[number])
            for operand, contributions in sorted(pieces.items()):
                if operand not in reach:
                    continue
                if operand not in own:
                    own[operand] = self.fresh(operand)
                    adjoint[operand] = []
                for at, piece in contributions:
                    for term in upstream:
                        adjoint[operand].append(
                            self.step(term, piece, own[number], at, own[operand])
                        )
                pending.add(operand)
        return {n: (own[n], adjoint[n]) for n in targets if n in adjoint}

    def settle(self, start: int, number: int, own: Key, upstream: list[Term]) -> list[Term]:
        """An upstream gradient that is more than one short term gets a name, so that nothing is expanded.

        Returns the single term that names it, or the terms unchanged.
        """
        node = self.nodes[number]
        length = sum(cost(expr) for term in upstream for expr in term.groups.values())
        asked = self.asked.get((start, number))
        if asked is not None and (len(upstream) > 1 or length > 1) and self.writable(upstream, own):
            return self.name_gradient(number, own, upstream, asked)
        if node.name is None or start == number or self.brief(upstream, length):
            return upstream
        start_node = self.nodes[start]
        of = start_node.name or (self.graph.exercise.loss if start_node.op == "gradient" else None)
        free = {ix for term in upstream for ix in term.indices if ix not in term.summed}
        if of is None or not free <= set(
            own
        ):  # a Jacobian's gradient has the numerator's axes besides: left as it is
            return upstream
        if not self.writable(upstream, own):
            return upstream
        name = (
            f"{of}d{node.name}" if start in self.again else f"d{of}_d{node.name}"
        )  # d2f_dxdz, df_dz
        return self.name_gradient(number, own, upstream, name)

    def brief(self, upstream: Sequence[Term], length: int) -> bool:
        """Is an upstream gradient written out in what it is multiplied by?"""
        if self.long:
            sums = any(
                isinstance(expr, sp.Add) for term in upstream for expr in term.groups.values()
            )
            return len(upstream) == 1 and not sums and length <= SHORT_PRODUCT
        return len(upstream) <= 2 and length <= NAMED_LENGTH

    def name_gradient(self, number: int, own: Key, upstream: list[Term], name: str) -> list[Term]:
        """The gradient at a node as a quantity of its own: the single term that names it."""
        node = self.nodes[number]
        self.nodes.append(Node("gradient", (), node.shape, node.over, name=name))
        named = len(self.nodes) - 1
        self.virtual[named] = (own, upstream)
        self.named[named] = number
        return [
            Term(sp.S.One, {own: self.entry(named, own)} if own else {(): self.entry(named, own)})
        ]

    def step(self, upstream: Term, local: Term, own: Key, at: Key, into: Key) -> Term:
        """Upstream × local, summed over the indices of the node between them; the operand's indices become free."""
        free = set(own)
        upstream = self.algebra.rename(
            upstream, {ix: self.entries.like(ix) for ix in sorted(upstream.summed)}
        )
        table = {ix: self.entries.like(ix) for ix in sorted(local.summed)}
        local = self.algebra.rename(local, table)
        at = tuple(table.get(ix, ix) for ix in at)
        deltas = frozenset(
            (min(pair), max(pair)) for pair in zip(at, into, strict=True) if pair[0] != pair[1]
        )
        groups = met(upstream.groups, local.groups, self.shorten)
        summed = upstream.summed | local.summed | free
        product = Term(
            upstream.coef * local.coef, groups, upstream.deltas | local.deltas | deltas, summed
        )
        return self.named_parts(self.inline(self.selected(self.algebra.normal(product))))

    def rank(self, number: int) -> int:
        """Topological rank: virtual nodes made from graph nodes come right after their operand."""
        return number

    def reaching(self, start: int, targets: set[int], through: Any) -> set[int]:
        """The nodes between a start and the targets, both included, on paths that pass on `through` every node."""
        below, stack = {start}, [start]
        while stack:
            number = stack.pop()
            if number == start or through(number):
                new = set(self.operands(number)) - below
                below |= new
                stack += new
        found = set(targets)
        for number in sorted(below):  # operands come before what is made from them
            if any(arg in found for arg in self.operands(number)):
                found.add(number)
        return found

    def derivative(self, of: int, by: int, through: Any = lambda n: True) -> Derivative:
        """The derivative of one node by another: along all paths, or only those on which `through` holds."""
        return self.derivatives(of, {by}, through)[by]

    def derivatives(
        self, of: int, by: set[int], through: Any = lambda n: True
    ) -> dict[int, Derivative]:
        """The derivatives of one node by several, in one pass."""
        out, own = self.fresh(of), self.fresh(of)
        start = Term(
            sp.S.One, {}, frozenset((min(pair), max(pair)) for pair in zip(out, own, strict=True))
        )
        pulled = self.pull(of, own, [start], by, through)
        empty = {n: Derivative((), out, self.fresh(n)) for n in by - pulled.keys()}
        return empty | {
            n: Derivative(tuple(terms), out, into) for n, (into, terms) in pulled.items()
        }

    def quantity(self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], name: str) -> int:
        """A derivative as a quantity of its own, so that it can be differentiated again; `each`: its example indices.

        `name` begins the names of second derivatives on the way: d2f_dx.
        """
        indices = (*free, *each)
        self.nodes.append(
            Node("gradient", (), tuple(ix.size for ix in free), tuple(each.values()), name=name)
        )
        number = len(self.nodes) - 1
        self.again.add(number)
        self.virtual[number] = (indices, list(terms))
        return number
