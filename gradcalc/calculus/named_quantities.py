"""Quantities read backwards: what makes a derivative short.

A node's own formula inside a derivative becomes its name; E/N² with N = 1 + E and f = 1/N becomes f(1 − f);
(x − μ)/σ becomes x̂; 1[k = y] p_k becomes p[y]; Σ_j (p_j − y_j) is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.calculus.effort import expandable
from gradcalc.calculus.folding import divisors, folded, solve_for
from gradcalc.calculus.quantities import Pseudo, Quantities, Rules
from gradcalc.calculus.simplify import assuming, cost, measure
from gradcalc.calculus.terms import Ix, Key, Term, size_expr
from gradcalc.graph.model import Graph
from gradcalc.language.shape_rules import ONE, Size

LONG = 32  # named quantities; in a longer computation no search is made for what could be read backwards


class Readback(Quantities):
    """Shortens terms by what the graph says of its quantities. `scope`: the nodes whose names may be used."""

    def __init__(self, graph: Graph, rules: Rules) -> None:
        super().__init__(graph, rules)
        self.scope: set[int] = set()
        self.factors: dict[int, Any] = {}  # named product -> what it is read from (see notation.py)
        self.beside: set[int] = set()  # of these, the numbers that the numerator is not made from
        self.inlined: frozenset[str] = rules.inlined  # unnamed contractions that are written out
        self._shortened: dict[tuple[sp.Expr, bool], sp.Expr] = {}
        self._scopes: dict[int, tuple[set[int], set[int], dict[tuple[sp.Expr, bool], sp.Expr]]] = {}
        self._solved: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr | None] = {}
        self.long = len(graph.quantities) > LONG
        self.algebra.factoring = not self.long

    @cached_property
    def products(self) -> tuple[int, ...]:
        """Products of matrices and vectors that have a name."""
        nodes = enumerate(self.graph.nodes)
        return tuple(
            n
            for n, node in nodes
            if node.op == "matmul" and node.name and not node.over and node.shape
        )

    def unit_sum(self, quantity: Any, position: int) -> bool:
        """Do the entries sum to 1 over the index at `position`? Softmax, one-hot, selections."""
        if isinstance(quantity, Pseudo):
            return quantity.kind == "eye" or (quantity.kind in ("unit", "gather") and position == 0)
        node = self.nodes[quantity]
        while node.op == "copy":
            node = self.nodes[node.args[0]]
        if node.op == "softmax":
            return bool(position == self.position(node, node.attrs["axis"]))
        if "onehot" in self.assume.get(quantity, frozenset()):
            return position == len([size for size in node.shape if size != ONE]) - 1
        return (quantity, position) in self.normalised

    def known_sum(self, expr: sp.Expr, ix: Ix) -> sp.Expr | None:
        """The number that an expression sums to over an index: 1 for p_j, 0 for p_j − y_j and for x_j − μ."""
        units = [self.unit_multiple(arg, ix) for arg in sp.Add.make_args(expr)]
        if any(unit is not None for unit in units):
            constants = zip(units, sp.Add.make_args(expr), strict=True)
            known = [
                unit if unit is not None else arg * size_expr(ix.size)
                for unit, arg in constants
                if unit is not None or ix not in self.entries.key(arg)
            ]
            whole = (
                sp.expand(sp.Add(*known))
                if len(known) == len(units) and expandable(sp.Add(*known))
                else None
            )
            if whole is not None and not self.entries.entries(whole):
                return whole
        if cost(expr) > 12 or not self.averages:
            return None
        total = sp.S.Zero
        opened = self.opened(expr) if expr.is_Symbol else expr
        for arg in sp.Add.make_args(
            sp.expand(opened) if expr.is_Symbol and expandable(opened) else opened
        ):
            inside = sp.Mul(
                *(factor for factor in sp.Mul.make_args(arg) if ix in self.entries.key(factor))
            )
            quantity, at = (self.entries.entry(inside) if inside.is_Symbol else None) or (None, ())
            if inside == 1:
                total += arg * size_expr(ix.size)
            elif (
                isinstance(quantity, int)
                and at.count(ix) == 1
                and (quantity, at.index(ix)) in self.averages
            ):
                place = at.index(ix)
                total += arg / inside * self.total_of(quantity, place, at[:place] + at[place + 1 :])
            elif inside != expr and self.known_sum(inside, ix) == 0:  # of c_j / s, that of c_j
                continue
            else:
                return None
        for _ in range(3):
            total = self.opened(total)
        averages = {
            symbol: self.definition_of_mean(symbol) for symbol, _, _ in self.entries.entries(total)
        }
        total = total.xreplace(averages)
        return sp.S.Zero if expandable(total) and sp.expand(total) == 0 else None

    def unit_multiple(self, arg: sp.Expr, ix: Ix) -> sp.Expr | None:
        """c for c·p_j where the entries of p sum to 1 over j, and c is the same for all j."""
        inside = [factor for factor in sp.Mul.make_args(arg) if ix in self.entries.key(factor)]
        found = self.entries.entry(inside[0]) if len(inside) == 1 and inside[0].is_Symbol else None
        quantity, indices = found or (None, ())
        return (
            arg / inside[0]
            if indices.count(ix) == 1 and self.unit_sum(quantity, indices.index(ix))
            else None
        )

    def centred(self, expr: sp.Expr, over: Key) -> bool:
        """Does A_ij − Σ A/(mn) stand here, summed over all of its indices?"""
        numbers = {}
        for arg in sp.Add.make_args(expr):
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (self.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if (
                not isinstance(quantity, int)
                or quantity in numbers
                or (at and sorted(at) != sorted(over))
            ):
                return False
            numbers[quantity] = number
        for number, node in ((n, self.nodes[n]) for n in numbers):
            rest = numbers.keys() - {number, *node.args}
            if (
                node.op == "mean"
                and node.args[0] in numbers
                and not rest
                and self.axes(number) == ()
            ):
                return bool(numbers[number] == -numbers[node.args[0]])
        return False

    @cached_property
    def averages(self) -> set[tuple[int, int]]:
        """(q, place) for quantities that the graph sums or averages over that index alone."""
        places = (self.reduction(number) for number in range(len(self.graph.nodes)))
        return {(found[0], found[1]) for found in places if found is not None}

    def reduction(self, number: int) -> tuple[int, int, Size] | None:
        """(operand, place of the index, its size) of a node that sums or averages a bounded operand over one index."""
        node = self.nodes[number]
        if node.op not in ("sum", "mean") or node.args[0] not in self.bounded:
            return None
        operand = self.nodes[node.args[0]]
        names, axes = node.attrs.get("index", ()), node.attrs.get("axis", ())
        if len(names) == 1 and names[0] in operand.over:
            place = self.position(operand, len(operand.shape)) + operand.over.index(names[0])
            return node.args[0], place, self.graph.indices[names[0]]
        if len(axes) == 1:
            return node.args[0], self.position(operand, axes[0]), operand.shape[axes[0]]
        return None

    def total_of(self, quantity: int, position: int, rest: Key) -> sp.Symbol:
        """The sum of a quantity over one of its indices, as a symbol that every sum and mean of it is written with."""
        return self.entries.symbol(f"total {quantity} {position}", rest)

    def definition_of_mean(self, symbol: sp.Symbol) -> sp.Expr:
        """Sums and means by one unit: a mean stays, a sum is the mean times the count (an arbitrary common symbol)."""
        quantity, at = self.entries.entry(symbol) or (None, ())
        found = (
            self.reduction(quantity)
            if isinstance(quantity, int) and quantity < len(self.graph.nodes)
            else None
        )
        if found is None or not isinstance(quantity, int):
            return symbol
        operand, place, size = found
        total = self.total_of(operand, place, at)
        return total if self.nodes[quantity].op == "sum" else total / size_expr(size)

    @cached_property
    def normalised(self) -> set[tuple[int, int]]:
        """(q, axis) for quantities written out as e / Σ e: A_ij · g_i where g_i is one over the sum of A along j."""
        found = set()
        for number, node in enumerate(self.graph.nodes):
            if node.op != "sum" or "axis" not in node.attrs or len(node.attrs["axis"]) != 1:
                continue
            summed = node.args[0]
            for user in self.users.get(summed, ()):
                own = self.fresh(user)
                if summed not in self.bounded or self.axes(user) != self.axes(summed):
                    continue
                position = self.position(self.nodes[summed], node.attrs["axis"][0])
                factor = self.formula(user, *self.full(self.nodes[user], own)) / self.entry(
                    summed, own
                )
                total = self.entry(number, own[:position] + own[position + 1 :])
                for _ in range(3):
                    factor = self.opened(factor, keep=number)
                if expandable(factor * total) and sp.cancel(factor * total) == 1:
                    found.add((user, position))
        return found

    @cached_property
    def twins(self) -> Mapping[int, int]:
        """Unnamed quantities that another one equals, kept axes aside: the mean inside var(x) where μ = mean(x)."""
        alike: dict[Any, list[int]] = {}
        for number, node in enumerate(self.graph.nodes):
            if (
                node.op in ("sum", "mean", "norm", "max", "min", "logsumexp")
                and number in self.bounded
            ):
                what = (
                    node.op,
                    node.args,
                    node.attrs.get("axis"),
                    node.attrs.get("index"),
                    node.over,
                )
                alike.setdefault(what, []).append(number)
        found = {}
        for numbers in alike.values():
            first = min(
                numbers,
                key=lambda n: (
                    self.nodes[n].name is None,
                    bool(self.nodes[n].attrs.get("keepdims")),
                    n,
                ),
            )
            found.update({n: first for n in numbers if n != first and self.nodes[n].name is None})
        return found

    def called(self, term: Term) -> Term:
        """A value under the name it has."""
        if not self.twins:
            return term
        table = {
            symbol: self.entry(self.twins[quantity], at)
            for expr in term.groups.values()
            for symbol, quantity, at in self.entries.entries(expr)
            if isinstance(quantity, int) and quantity in self.twins
        }
        if not table:
            return term
        return replace(
            term, groups={key: expr.xreplace(table) for key, expr in term.groups.items()}
        )

    def residuals_open(self, term: Term) -> Term:
        """Unnamed differences that had entries of their own, as in norm(y − a), written out."""
        table = {}
        for expr in term.groups.values():
            for symbol, quantity, at in self.entries.entries(expr):
                if (
                    not isinstance(quantity, int)
                    or quantity >= len(self.graph.nodes)
                    or self.nodes[quantity].name is not None
                ):
                    continue
                node = self.nodes[quantity]
                if node.op in ("add", "sub") and quantity in self.bounded:
                    table[symbol] = self.formula(quantity, *self.full(node, at))
        if not table:
            return term
        return self.algebra.normal(
            replace(term, groups={key: expr.xreplace(table) for key, expr in term.groups.items()})
        )

    def selected(self, term: Term) -> Term:
        """1[k = y] p_k is 1[k = y] p[y], where p[y] is a quantity of the graph."""
        for expr in term.groups.values():
            for factor in sp.Mul.make_args(expr):
                selector, where = (self.entries.entry(factor) if factor.is_Symbol else None) or (
                    None,
                    (),
                )
                if not isinstance(selector, Pseudo) or selector.kind not in ("gather", "unit"):
                    continue
                table = {}
                for other in term.groups.values():
                    for symbol, quantity, at in self.entries.entries(other):
                        if at.count(where[0]) == 1 and isinstance(quantity, int):
                            picked = self.picks.get((quantity, at.index(where[0]), selector))
                            own = (
                                self.place_of(picked, at, where[1:]) if picked is not None else None
                            )
                            if picked is not None and own is not None:
                                table[symbol] = self.entry(picked, own)
                if table:
                    groups = {key: e.xreplace(table) for key, e in term.groups.items()}
                    return self.selected(self.algebra.normal(replace(term, groups=groups)))
        return term

    def place_of(self, picked: int, at: Key, chosen: Key) -> Key | None:
        """The indices of p[t, y[t]] where p stands at `at` and y at `chosen`; None where they do not fit."""
        node = self.nodes[picked]
        given, rest = iter(at), []
        named: dict[str, Ix] = {}
        for item, size in self.items(node):
            ix = next(given) if size != ONE else None
            if item[0] == "index" and ix is not None:
                named[item[1]] = ix
            elif item[0] == "gather":
                named |= dict(zip(self.nodes[node.args[item[1]]].over, chosen, strict=True))
            elif self.whole(item, size) and ix is not None:
                rest.append(ix)
        pairs = [*zip(self.nodes[node.args[0]].over, given, strict=True)]
        for name, ix in pairs:
            if named.setdefault(name, ix) != ix:
                return None
        return (
            (*rest, *(named[name] for name in node.over))
            if set(node.over) <= named.keys()
            else None
        )

    @cached_property
    def picks(self) -> dict[tuple[int, int, Pseudo], int]:
        """(q, axis, selector) -> the node that picks one place along that axis of q and keeps the others."""
        found = {}
        for number, node in enumerate(self.graph.nodes):
            if node.op != "getitem" or node.args[0] not in self.bounded:
                continue
            items = self.items(node)
            chosen = [
                n
                for n, (item, size) in enumerate(items)
                if item[0] != "index" and not self.whole(item, size)
            ]
            if len(chosen) != 1 or items[chosen[0]][0][0] not in ("at", "gather"):
                continue
            item = items[chosen[0]][0]
            selector = (
                Pseudo("unit", offset=item[1])
                if item[0] == "at"
                else Pseudo("gather", node=node.args[item[1]])
            )
            if item[0] == "gather" and self.nodes[node.args[item[1]]].shape:
                continue
            found[node.args[0], self.position(self.nodes[node.args[0]], chosen[0]), selector] = (
                number
            )
        return found

    def named_parts(self, term: Term) -> Term:
        """Quantities that are an entry, or a difference, times factors on fewer indices, read backwards:
        x_j / r² with u = x / r becomes u_j / r, and x_ij − μ_i becomes x̂_ij σ_i."""
        for key, expr in term.groups.items():
            if not key or cost(expr) > 12:
                continue
            for _, quantity, at in self.entries.entries(expr):
                for user in self.users.get(quantity, ()):
                    if (
                        user not in self.scope
                        or self.axes(user) != self.axes(quantity)
                        or tuple(sorted(at)) != key
                    ):
                        continue
                    parts = self.algebra.split(self.formula(user, *self.full(self.nodes[user], at)))
                    sign, own = self.algebra.content(parts.pop(key, sp.S.One))
                    if own + expr == 0:
                        sign, own = -sign, expr
                    if own != expr or not parts:
                        continue
                    groups = {**term.groups, key: self.entry(user, at)}
                    before = cost(expr) + sum(cost(term.groups.get(k, sp.S.One)) for k in parts)
                    for k, factor in parts.items():
                        groups[k] = self.algebra.tidy(groups.get(k, sp.S.One) / factor)
                    divides = any(
                        divisors(groups[k]) - divisors(term.groups.get(k, sp.S.One)) for k in parts
                    )
                    if not divides and 1 + sum(cost(groups[k]) for k in parts) < before:
                        return self.named_parts(
                            self.algebra.normal(replace(term, coef=term.coef / sign, groups=groups))
                        )
        return term

    def assumed(self, term: Term) -> Term:
        """A term with what is assumed of the signs of inputs."""
        if not any("positive" in known for known in self.assume.values()):
            return term
        return replace(
            term, groups={key: assuming(e, self.positive(e)) for key, e in term.groups.items()}
        )

    def within(self, number: int) -> None:
        """Let answers about a quantity use the names it is made from, and those beside."""
        if number not in self._scopes:
            beside = self.siblings(number)
            self._scopes[number] = (self.ancestors(number) | beside, beside, {})
        self.scope, self.beside, self._shortened = self._scopes[number]

    @contextmanager
    def about(self, number: int) -> Iterator[None]:
        """The same for a while."""
        kept = self.scope, self.beside, self._shortened
        self.within(number)
        try:
            yield
        finally:
            self.scope, self.beside, self._shortened = kept

    def shorten(self, expr: sp.Expr, deep: bool = True) -> sp.Expr:
        """A product of local derivatives in its shortest form: tidied, and with definitions read backwards.

        E/N² with N = 1 + E and f = 1/N becomes f(1 − f): each named quantity is solved for an operand in which it is
        linear-fractional, a few steps deep; only quantities that the numerator depends on, or beside them, are used.
        `deep`: equations may be solved, and names written out to see what cancels.
        """
        if (expr, deep) in self._shortened:
            return self._shortened[expr, deep]
        first = self.algebra.tidy(expr)
        if self.algebra.effort.left <= 0 or self.long:
            return first
        frontier = [first, *(self.written_out(first) if deep else ())]
        seen = set(frontier)
        best = min(frontier, key=self.reading)
        for _ in range(3):
            found = []
            for current in frontier:
                for candidate in self.readings(current, deep):
                    candidate = self.algebra.tidy(candidate)
                    if candidate not in seen and cost(candidate) <= cost(best) + 6:
                        seen.add(candidate)
                        found.append(candidate)
            frontier = sorted(found, key=measure)[:6]
            # A reading that divides by something new is no simplification: y₁ y₂ g stays, though g²/y₀ is as short.
            best = min(
                [best, *(found for found in frontier if self.divides_alike(found, expr))],
                key=self.reading,
            )
            if not frontier:
                break
        self._shortened[expr, deep] = best
        return best

    def reading(self, expr: sp.Expr) -> tuple[int, int, int]:
        """How long an expression reads; names of quantities beside the way are less at hand than those on it."""
        beside = sum(quantity in self.beside for _, quantity, _ in self.entries.entries(expr))
        length, symbols, unfactored = measure(expr)
        return length + 2 * beside, symbols, unfactored

    def written_out(self, expr: sp.Expr) -> list[sp.Expr]:
        """An expression that divides, its names written out one and two levels deep: p/(1 − p) times 1 − p is p."""
        found: list[sp.Expr] = []
        for _ in range(2):
            expr = self.opened(expr)
            if cost(expr) > 24 or not divisors(expr):
                break
            expr = self.algebra.tidy(expr)
            found.append(expr)
        return found

    def divides_alike(self, found: sp.Expr, expr: sp.Expr) -> bool:
        """Whether a reading divides by nothing new, only by names or factors of what `expr` divides by."""
        known = divisors(expr) | divisors(self.opened(expr))
        return all(
            symbol in known or self.opened(symbol).free_symbols <= known
            for symbol in divisors(found)
        )

    def readings(self, expr: sp.Expr, solve: bool = True) -> list[sp.Expr]:
        """The expression with one operand of a named elementwise quantity expressed by that quantity; where that takes
        an equation to `solve`, too."""
        results: list[sp.Expr] = []
        if cost(expr) > 24:
            return results
        known = expr.free_symbols
        for symbol, quantity, at in self.entries.entries(expr):
            if not isinstance(quantity, int):
                continue
            for user in self.users.get(quantity, ()):
                if user not in self.scope or self.axes(user) != self.axes(quantity):
                    continue
                formula = self.formula(user, *self.full(self.nodes[user], at))
                own = self.entry(user, at)
                if formula == symbol:  # a copy
                    if self.nodes[quantity].op != "input":
                        results.append(expr.xreplace({symbol: own}))
                    continue
                if all(part in known or part.is_integer for part in formula.free_symbols):
                    named = folded(expr, formula, own)
                    if named != expr:
                        results.append(named)
                # Solved for a computed operand, never for an input, and of a sum only where it has no other: E = N − 1.
                if (
                    not solve
                    or self.nodes[quantity].op == "input"
                    or (formula.has(sp.Add) and len(self.entries.entries(formula)) != 1)
                ):
                    continue
                if (symbol, own) not in self._solved:
                    self._solved[symbol, own] = solve_for(symbol, formula, own)
                solved = self._solved[symbol, own]
                if solved is not None:
                    results.append(expr.xreplace({symbol: solved}))
        return results

    def siblings(self, number: int) -> set[int]:
        """Named quantities beside the way to another, made of computed ones on it: p₂ = e₂/Z, for p₁ = e₁/Z and log Z."""
        way = self.ancestors(number)
        found = set()
        for user in {user for arg in way for user in self.users.get(arg, ())} - way:
            operands = set(self.operands(user))
            if operands <= way - {number} and any(self.computed(arg) for arg in operands):
                found.add(user)
        return found

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """Named elementwise quantities by the nodes they are made from."""
        users: dict[int, list[int]] = {}
        for number in sorted(self.bounded):
            node = self.nodes[number]
            if (
                node.name is not None
                and node.op not in self.rules.special
                and node.op not in self.rules.contractions
                and node.op != "input"
            ):
                for arg in self.operands(number):
                    users.setdefault(arg, []).append(number)
        return {arg: tuple(found) for arg, found in users.items()}

    def inline(self, term: Term) -> Term:
        """An unnamed contraction that is a lone linear factor is written out: Σ_j x_i A_ij instead of t_j."""
        for key, expr in term.groups.items():
            for symbol, quantity, at in self.entries.entries(expr):
                if (
                    not isinstance(quantity, int)
                    or self.nodes[quantity].name is not None
                    or symbol not in sp.Mul.make_args(expr)
                ):
                    continue
                if quantity >= len(self.graph.nodes) or self.nodes[quantity].op not in self.inlined:
                    continue
                terms = self.definition(quantity, at)
                if len(terms) != 1:
                    continue
                rest = {**term.groups, key: expr / symbol}
                inner = self.algebra.identified(self.algebra.fresh(terms[0]))
                outer = Term(term.coef, rest, term.deltas, term.summed)
                return self.inline(self.algebra.times(outer, inner))
        return term
