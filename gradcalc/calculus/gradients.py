"""The gradients of one numerator with respect to all quantities that it is made from. Each is
computed once, when it is asked for.

A gradient is the sum of what all users of a quantity contribute: the user's gradient times the
local derivative. The user's gradient stands there written out, or by its name: where an answer
above has named it, or where writing it out would repeat it (see `upstream`). So what is found at a
quantity depends on what lies between the numerator and it, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

import sympy as sp

from gradcalc.calculus.bounds import NAMED, READABLE
from gradcalc.calculus.known_sums import KnownSum
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.reverse_mode import Derivative, Engine, Pieces
from gradcalc.calculus.terms import Key, Term, has_matrix_form

Asked: TypeAlias = "frozenset[int]"  # nodes whose gradients answers have named

NOTHING: Asked = frozenset()


class Gradients:
    """The gradients of `start`, read in the names of `reading`."""

    def __init__(self, engine: Engine, start: int, reading: Reading) -> None:
        self.engine, self.start, self.reading = engine, start, reading
        self.quantities = engine.quantities
        self.out, own = self.quantities.fresh(start), self.quantities.fresh(start)
        self.own: dict[int, Key] = {start: own}
        pairs = zip(self.out, own, strict=True)
        given = Term(sp.S.One, {}, frozenset((min(pair), max(pair)) for pair in pairs))
        self._terms: dict[tuple[int, Asked], list[Term]] = {(start, NOTHING): [given]}
        self._upstream: dict[tuple[int, Asked, bool], list[Term]] = {}
        self._local: dict[int, dict[int, Pieces]] = {}
        self._called: dict[int, list[Term]] = {}  # by the names of answers
        self._users = Users(self.quantities, start)
        self._rejoins: dict[int, bool] = {}
        self._fresh: list[int] = []  # whose terms were found since gradients were last shared
        self._shared: set[int] = set()  # by several ways, and without a name so far
        self._known: dict[int, list[KnownSum]] = {}

    def derivative(self, by: int, asked: bool = False) -> Derivative:
        """The derivative by a node. `asked`: in the names of answers above."""
        return Derivative(tuple(self.at(by, asked)), self.out, self.index(by))

    def index(self, node: int) -> Key:
        """The indices at which the gradient at a node is written."""
        if node not in self.own:
            self.own[node] = self.quantities.fresh(node)
        return self.own[node]

    def at(self, node: int, asked: bool = False) -> list[Term]:
        """The terms of the gradient at a node."""
        named = frozenset(self._called) - {node} if asked else NOTHING
        region, stack = set[int](), [node]
        while stack:
            number = stack.pop()
            if number in region:
                continue
            region.add(number)
            if not named and (number, NOTHING) in self._terms:
                continue
            stack += (user for user in self._users.of(number) if user not in named)
        met: dict[int, Asked] = {}  # the names that each of them is written in
        for number in sorted(region, reverse=True):  # what is made from others comes behind them
            through = self._users.of(number)
            if named:
                met[number] = NOTHING.union(
                    *({user} if user in named else met[user] for user in through)
                )
            key = number, met.get(number, NOTHING)
            if key not in self._terms:
                self._terms[key] = self.handed(number, through, named, met)
                if not key[1]:
                    self._fresh.append(number)
        return self._terms[node, met.get(node, NOTHING)]

    def handed(
        self, number: int, through: Sequence[int], named: Asked, met: Mapping[int, Asked]
    ) -> list[Term]:
        """The contributions of the users of a node, added up."""
        found: list[Term] = []
        into, used = self.index(number), self.engine.definitions.used
        before = len(used)
        for user in sorted(through, reverse=True):
            own = self.index(user)
            if user not in self._local:
                self._local[user] = self.engine.locals.of(user, own)
            pieces = self._local[user].get(number, [])
            if not pieces:
                continue
            if user in named:
                upstream = self._called[user]
            else:
                upstream = self.upstream(user, met.get(user, NOTHING), pieces)
            found += (
                self.engine.step(term, piece, own, at, into, self.reading)
                for at, piece in pieces
                for term in upstream
            )
        gathered = self.engine.algebra.gather(found)
        self._known.setdefault(number, used[before:])
        return gathered

    def known(self, node: int) -> list[KnownSum]:
        """What was known of sums and used for the gradient at a node, from those at the named
        quantities that use it.
        """
        self.at(node)
        found = list(self._known.get(node, ()))
        for user in self._users.of(node):
            if self.quantities.nodes[user].name is None and user != self.start:
                found += self.known(user)
        return list(dict.fromkeys(found))

    # ---- names

    def share(self) -> None:
        """Name the gradients of numbers that are sums and shared by several ways, for whoever asks
        in names.
        """
        fresh, self._fresh = self._fresh, []
        self._shared |= {number for number in fresh if self.shared(number)}
        for number in sorted(self._shared - self._called.keys(), reverse=True):
            name = self.name(number)
            if name is not None:
                self.call(number, name, asked=True)
        self._shared -= self._called.keys()

    def shared(self, number: int) -> bool:
        """Is a gradient a number that is a sum, and shared by several ways?"""
        if number == self.start or number in self._called:
            return False
        return self.sums(number, self._terms[number, NOTHING]) and self.rejoins(number)

    def call(self, by: int, name: str, asked: bool) -> None:
        """Keep the name of an answer for the answers below it; the first one stays."""
        own = self.index(by)
        if self.quantities.nodes[by].op != "input" and by not in self._called:
            terms = self.at(by, asked)
            if self.writable(terms, own):
                self._called[by] = self.engine.name_gradient(by, own, terms, name)

    def length(self, terms: Sequence[Term]) -> int:
        """How long a gradient reads."""
        cost = self.quantities.entries.lengths.cost
        return sum(cost(expr) for term in terms for expr in term.groups.values() if expr != 1)

    def writable(self, terms: Sequence[Term], own: Key) -> bool:
        """May it have a name? A Jacobian has the numerator's axes besides: it is left as it is."""
        free = {ix for term in terms for ix in term.indices if ix not in term.summed}
        return free <= set(own) and has_matrix_form(terms, own, self.engine.graph.examples)

    def upstream(self, number: int, met: Asked, pieces: Pieces) -> list[Term]:
        """The gradient at a node as it stands in what it is multiplied by: written out, or its
        name.
        """
        terms, own = self._terms[number, met], self.own[number]
        if len(terms) == 1:
            apart = (
                self.sums(number, terms) and self.length(terms) > READABLE and self.rejoins(number)
            )
        else:
            apart = bool(terms) and (self.long(pieces) or self.rejoins(number))
        key = number, met, apart
        if key not in self._upstream:
            self._upstream[key] = terms
            brief = len(terms) <= 2 and self.length(terms) <= NAMED
            name = self.name(number)
            if number != self.start and name and (apart or not brief) and self.writable(terms, own):
                made = self._upstream.get((number, met, not apart))
                if made is not None and made is not terms:
                    self._upstream[key] = made
                else:
                    self._upstream[key] = self.engine.name_gradient(number, own, terms, name)
        return self._upstream[key]

    def name(self, number: int) -> str | None:
        """df_dz, or d2f_dxdz of a derivative that is differentiated once more."""
        nodes, graph = self.quantities.nodes, self.engine.graph
        node, start = nodes[number], nodes[self.start]
        of = start.name or (graph.exercise.loss if start.op == "gradient" else None)
        if node.name is None or of is None:
            return None
        again = self.start in self.engine.again
        return f"{of}d{node.name}" if again else f"d{of}_d{node.name}"

    def sums(self, number: int, terms: Sequence[Term]) -> bool:
        """Is a gradient a sum of numbers, factored or not?"""
        return len(terms) == 1 and () in terms[0].groups and len(self._users.of(number)) > 1

    def long(self, pieces: Pieces) -> bool:
        """Would a local derivative that is more than a name be repeated for each term?"""
        return any(self.length([piece]) > 1 for _, piece in pieces)

    def rejoins(self, number: int) -> bool:
        """Do several ways lead from a quantity to one that it is made from?"""
        if number not in self._rejoins:
            seen, found = 0, False
            for arg in self.quantities.operands(number):
                unnamed = self.quantities.nodes[arg].name is None
                made = self.quantities.made_from(arg)
                found = found or bool(seen & made) or (unnamed and self.rejoins(arg))
                seen |= made
            self._rejoins[number] = found
        return self._rejoins[number]


class Users:
    """The quantities that a numerator is made from, each with what uses it there, found from the
    numerator down as far as they are asked for.
    """

    def __init__(self, quantities: Quantities, start: int) -> None:
        self.quantities = quantities
        self._found: dict[int, list[int]] = {start: []}
        self._heap = [(-quantities.turn(start), start)]

    def of(self, number: int) -> Sequence[int]:
        """What uses a quantity, in the order of the computation; () of one that is not there."""
        heap, found, quantities = self._heap, self._found, self.quantities
        turn = quantities.turn(number)
        while heap and -heap[0][0] > turn:
            _, user = heappop(heap)
            for arg in quantities.operands(user):
                if arg not in found:
                    found[arg] = []
                    heappush(heap, (-quantities.turn(arg), arg))
                found[arg].append(user)
        return found.get(number, [])[::-1]
