"""Graph to derivatives: every derivative by pulling terms back along all paths.

A derivative starts as deltas at the numerator and is pulled back, node by node in reverse order, to
the denominator; contributions of all paths add. What the nodes are is in definitions.py, what makes
the results short in name_search.py, named_quantities.py and named_sums.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import sympy as sp

from gradcalc.calculus.definitions import Definitions
from gradcalc.calculus.derivative_rules import RULES
from gradcalc.calculus.like_terms import LikeTerms
from gradcalc.calculus.local_derivatives import LocalDerivatives
from gradcalc.calculus.name_search import NameSearch
from gradcalc.calculus.named_quantities import NamedQuantities
from gradcalc.calculus.named_sums import NamedSums
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.rearranged import Rearranged
from gradcalc.calculus.softmax_entries import SoftmaxEntries
from gradcalc.calculus.term_algebra import met
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.graph.backward import Handed, pull
from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import dataclass

Through: TypeAlias = "Callable[[int], bool]"  # whether a derivative passes on through a node


Pieces: TypeAlias = "list[tuple[Key, Term]]"  # a local derivative: (the operand's indices, term)

# (start, node, its indices, upstream gradient, reading) -> the terms that are passed on in its
# place
Settle: TypeAlias = "Callable[[int, int, Key, list[Term], Reading], list[Term]]"


def written_out(
    start: int, number: int, own: Key, upstream: list[Term], reading: Reading
) -> list[Term]:
    """An upstream gradient as it is."""
    return upstream


def anything(number: int) -> bool:
    """Along all paths."""
    return True


@dataclass(frozen=True, slots=True)
class Derivative:
    """Terms of a derivative. `out` and `into` are the free indices of numerator and denominator,
    without size-1 axes; named indices, examples among them, come last in each.
    """

    terms: tuple[Term, ...]
    out: Key
    into: Key


class _Terms:
    """Terms on their way back from `start`, in fresh indices for every node. See `Engine.pull`."""

    def __init__(
        self,
        engine: Engine,
        start: int,
        out: Key,
        targets: set[int],
        through: Through,
        reading: Reading,
        settle: Settle,
    ) -> None:
        self.engine, self.start, self.reading, self.settle = engine, start, reading, settle
        self.through = through
        self.reach = engine.reaching(start, targets, through)
        self.own: dict[int, Key] = {start: out}

    def turn(self, node: int) -> int:
        """Operands come before what is made from them."""
        return -node

    def gradient(self, node: int, handed: list[Handed[list[Term], Pieces]]) -> list[Term]:
        return self.engine.algebra.gather([term for one in handed for term in one.product])

    def handed_back(
        self, number: int, gradient: list[Term]
    ) -> Iterator[tuple[int, Pieces, list[Term]]]:
        engine, reading, own = self.engine, self.reading, self.own
        if number != self.start and not (self.through(number) and gradient):
            return
        upstream = self.settle(self.start, number, own[number], gradient, reading)
        for operand, pieces in sorted(engine.locals.of(number, own[number]).items()):
            if operand not in self.reach:
                continue
            if operand not in own:
                own[operand] = engine.quantities.fresh(operand)
            product = [
                engine.step(term, piece, own[number], at, own[operand], reading)
                for at, piece in pieces
                for term in upstream
            ]
            yield operand, pieces, product


class Engine:
    """Derivatives over the quantities of one graph."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities, self.graph = quantities, quantities.graph
        self.definitions = Definitions(quantities)
        self.algebra = self.definitions.algebra
        self.names = NamedQuantities(self.definitions)
        self.sums = NamedSums(self.names)
        self.alike = LikeTerms(self.sums)
        self.rearranged = Rearranged(self.definitions)
        self.softmax = SoftmaxEntries(self.definitions)
        self.search = NameSearch(quantities)
        self.locals = LocalDerivatives(self.names)
        self.again: set[int] = set()  # derivatives that are differentiated once more
        self.named: dict[int, int] = {}  # named gradient -> the node whose gradient it is
        self.called: dict[str, int] = {}  # a name -> the named gradient, the last of that name

    def pull(
        self,
        start: int,
        out: Key,
        terms: Sequence[Term],
        targets: set[int],
        through: Through,
        reading: Reading,
        settle: Settle = written_out,
    ) -> dict[int, tuple[Key, list[Term]]]:
        """Pull terms at node `start` (free: `out`-side indices and `start`'s own) back to every
        node they reach.

        `through(n)` says whether the derivative passes on through node n; `settle` gives what is
        passed on of an upstream gradient. Returns node -> (its indices, terms).
        """
        way = _Terms(self, start, out, targets, through, reading, settle)
        found = {
            one.node: one.gradient for one in pull({start: list(terms)}, way) if one.node in targets
        }
        return {n: (way.own[n], found[n]) for n in targets if n in found}

    def name_gradient(self, number: int, own: Key, upstream: list[Term], name: str) -> list[Term]:
        """The gradient at a node as a quantity of its own: the single term that names it."""
        node = self.quantities.nodes[number]
        named = self.quantities.defined(
            Node("gradient", (), node.shape, node.over, name=name), own, upstream
        )
        self.named[named] = number
        self.called[name] = named
        return [Term(sp.S.One, {own: self.quantities.entry(named, own)})]

    def step(
        self, upstream: Term, local: Term, own: Key, at: Key, into: Key, reading: Reading
    ) -> Term:
        """Upstream × local, summed over the indices of the node between them; the operand's
        indices become free.
        """
        free = set(own)
        upstream = self.algebra.rename(
            upstream, {ix: self.quantities.entries.like(ix) for ix in sorted(upstream.summed)}
        )
        table = {ix: self.quantities.entries.like(ix) for ix in sorted(local.summed)}
        local = self.algebra.rename(local, table)
        at = tuple(table.get(ix, ix) for ix in at)
        deltas = frozenset(
            (min(pair), max(pair)) for pair in zip(at, into, strict=True) if pair[0] != pair[1]
        )
        groups = met(upstream.groups, local.groups, lambda expr: self.search.shorten(expr, reading))
        summed = upstream.summed | local.summed | free
        product = Term(
            upstream.coef * local.coef, groups, upstream.deltas | local.deltas | deltas, summed
        )
        found = self.names.inline(
            self.rearranged.read(self.names.selected(self.algebra.normal(product)))
        )
        return self.names.named_parts(found, reading)

    def reaching(self, start: int, targets: set[int], through: Through) -> set[int]:
        """The nodes between a start and the targets, both included, on paths that pass on
        `through` every node.
        """
        below, stack = {start}, [start]
        while stack:
            number = stack.pop()
            if number == start or through(number):
                new = set(self.quantities.operands(number)) - below
                below |= new
                stack += new
        found = set(targets)
        for number in sorted(below):  # operands come before what is made from them
            if any(arg in found for arg in self.quantities.operands(number)):
                found.add(number)
        return found

    def derivative(
        self, of: int, by: int, reading: Reading, through: Through = anything
    ) -> Derivative:
        """The derivative of one node by another: along all paths, or only those on which
        `through` holds.
        """
        return self.derivatives(of, {by}, reading, through)[by]

    def derivatives(
        self, of: int, by: set[int], reading: Reading, through: Through = anything
    ) -> dict[int, Derivative]:
        """The derivatives of one node by several, in one pass."""
        out, own = self.quantities.fresh(of), self.quantities.fresh(of)
        start = Term(
            sp.S.One, {}, frozenset((min(pair), max(pair)) for pair in zip(out, own, strict=True))
        )
        pulled = self.pull(of, own, [start], by, through, reading)
        empty = {n: Derivative((), out, self.quantities.fresh(n)) for n in by - pulled.keys()}
        return empty | {
            n: Derivative(tuple(terms), out, into) for n, (into, terms) in pulled.items()
        }

    def quantity(self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], name: str) -> int:
        """A derivative as a quantity of its own, so that it can be differentiated again; `each`:
        its example indices.

        `name` begins the names of second derivatives on the way: d2f_dx.
        """
        shape, over = tuple(ix.size for ix in free), tuple(each.values())
        number = self.quantities.defined(
            Node("gradient", (), shape, over, name=name), (*free, *each), list(terms)
        )
        self.again.add(number)
        return number


def engine(graph: Graph, careful: bool = False) -> Engine:
    """The engine of a graph. `careful`: no product is divided by its factors, which may be 0."""
    return Engine(Quantities(graph, RULES, careful))
