"""Terms in the names of quantities, which makes a derivative short.

(x − μ)/σ becomes x̂; 1[k = y] p_k becomes p[y]; the mean inside var(x) becomes μ; an unnamed
product is written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.calculus.bounds import READABLE
from gradcalc.calculus.definitions import Definitions
from gradcalc.calculus.folding import divisors
from gradcalc.calculus.labels import labels_met
from gradcalc.calculus.quantities import Pseudo, whole
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.simplify import assuming
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.language.shape_rules import ONE


class NamedQuantities:
    """Reads terms in the names that the graph has for what is in them."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions, self.quantities = definitions, definitions.quantities
        self.algebra, self.entries = definitions.algebra, self.quantities.entries
        self.graph, self.nodes = self.quantities.graph, self.quantities.nodes

    @cached_property
    def products(self) -> tuple[int, ...]:
        """Products of matrices and vectors that have a name."""
        nodes = enumerate(self.graph.nodes)
        return tuple(
            n
            for n, node in nodes
            if node.op == "matmul" and node.name and not node.over and node.shape
        )

    @cached_property
    def twins(self) -> Mapping[int, int]:
        """Unnamed quantities that another one equals, kept axes aside: the mean inside var(x)
        where μ = mean(x).
        """
        alike: dict[Any, list[int]] = {}
        for number, node in enumerate(self.graph.nodes):
            if (
                node.op in ("sum", "mean", "norm", "max", "min", "logsumexp")
                and number in self.quantities.bounded
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
            symbol: self.quantities.entry(self.twins[quantity], at)
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
                if node.op in ("add", "sub") and quantity in self.quantities.bounded:
                    table[symbol] = self.quantities.formula(
                        quantity, *self.quantities.full(node, at)
                    )
        if not table:
            return term
        return self.algebra.normal(
            replace(term, groups={key: expr.xreplace(table) for key, expr in term.groups.items()})
        )

    def selected(self, term: Term) -> Term:
        """1[k = y] p_k is 1[k = y] p[y], where p[y] is a quantity of the graph."""
        chosen: dict[tuple[Ix, Pseudo], Key] = {}
        for expr in term.groups.values():
            for factor in sp.Mul.make_args(expr):
                selector, where = (self.entries.entry(factor) if factor.is_Symbol else None) or (
                    None,
                    (),
                )
                if isinstance(selector, Pseudo) and selector.kind in ("gather", "unit"):
                    chosen[where[0], selector] = where[1:]
        table = {}
        for expr in term.groups.values() if chosen else ():
            for symbol, quantity, at in self.entries.entries(expr):
                for places, picked in self.picks.get(quantity, ()):
                    found = [chosen.get((at[n], selector)) for n, selector in places]
                    alone = all(at.count(at[n]) == 1 for n, _ in places)
                    if not alone or found[0] is None or any(one != found[0] for one in found):
                        continue
                    own = self.place_of(picked, at, found[0])
                    if own is not None:
                        table[symbol] = self.quantities.entry(picked, own)
        if not table:
            return term
        groups = {key: expr.xreplace(table) for key, expr in term.groups.items()}
        return self.selected(self.algebra.normal(replace(term, groups=groups)))

    def place_of(self, picked: int, at: Key, chosen: Key) -> Key | None:
        """The indices of p[t, y[t]] where p stands at `at` and y at `chosen`; None where they do
        not fit.
        """
        node = self.nodes[picked]
        given, rest = iter(at), []
        named: dict[str, Ix] = {}
        for item, size in self.quantities.items(node):
            ix = next(given) if size != ONE else None
            if item[0] == "index" and ix is not None:
                named[item[1]] = ix
            elif item[0] == "gather":
                named |= dict(zip(self.nodes[node.args[item[1]]].over, chosen, strict=True))
            elif whole(item, size) and ix is not None:
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
    def picks(self) -> Mapping[Any, list[tuple[list[tuple[int, Pseudo]], int]]]:
        """q -> [(places in its index list, each with its selector; the node)]: the nodes that
        pick one place along axes of q, those in one index array side by side.
        """
        found: dict[Any, list[tuple[list[tuple[int, Pseudo]], int]]] = {}
        for number, node in enumerate(self.graph.nodes):
            if node.op != "getitem" or node.args[0] not in self.quantities.bounded:
                continue
            items = self.quantities.items(node)
            chosen = [
                (n, item)
                for n, (item, size) in enumerate(items)
                if item[0] != "index" and not whole(item, size)
            ]
            kinds = {item[0] for _, item in chosen}
            if kinds not in ({"at"}, {"gather"}) or any(items[n][1] == ONE for n, _ in chosen):
                continue
            arrays = [node.args[item[1]] for _, item in chosen if item[0] == "gather"]
            if any(self.nodes[array].shape for array in arrays):
                continue
            places = [
                (
                    self.quantities.position(self.nodes[node.args[0]], n),
                    Pseudo("unit", offset=item[1])
                    if item[0] == "at"
                    else Pseudo("gather", node=node.args[item[1]]),
                )
                for n, item in chosen
            ]
            found.setdefault(node.args[0], []).append((places, number))
        return found

    def named_parts(self, term: Term, reading: Reading) -> Term:
        """Quantities that are an entry, or a difference, times factors on fewer indices, read
        backwards: x_j / r² with u = x / r becomes u_j / r, and x_ij − μ_i becomes x̂_ij σ_i.
        """
        if reading.plain:
            return term
        cost = self.entries.lengths.cost
        for key, expr in term.groups.items():
            if not key or cost(expr) > READABLE:
                continue
            for _, quantity, at in self.entries.entries(expr):
                for user in self.quantities.users.get(quantity, ()):
                    if (
                        user not in reading.names
                        or self.quantities.axes(user) != self.quantities.axes(quantity)
                        or tuple(sorted(at)) != key
                    ):
                        continue
                    parts = self.algebra.split(
                        self.quantities.formula(user, *self.quantities.full(self.nodes[user], at))
                    )
                    sign, own = self.algebra.signs.content(parts.pop(key, sp.S.One))
                    if own + expr == 0:
                        sign, own = -sign, expr
                    beside = expr / own  # c_k E_k / N is c_k p_k
                    alone = own == expr or own in sp.Mul.make_args(expr)
                    if not alone or own == 1 or not parts:
                        continue
                    groups = {**term.groups, key: beside * self.quantities.entry(user, at)}
                    before = cost(expr) + sum(cost(term.groups.get(k, sp.S.One)) for k in parts)
                    for k, factor in parts.items():
                        groups[k] = self.algebra.simplifier.tidy(groups.get(k, sp.S.One) / factor)
                    divides = any(
                        divisors(groups[k]) - divisors(term.groups.get(k, sp.S.One)) for k in parts
                    )
                    length = cost(groups[key]) + sum(cost(groups[k]) for k in parts)
                    if not divides and length < before:
                        return self.named_parts(
                            self.algebra.normal(
                                replace(term, coef=term.coef / sign, groups=groups)
                            ),
                            reading,
                        )
        return term

    def assumed(self, term: Term) -> Term:
        """A term with what is known of the signs of quantities, and what is assumed of labels."""
        quantities, groups = self.quantities, {}
        for key, expr in term.groups.items():
            positive = quantities.positive(expr) | quantities.positive_results(expr)
            binary = quantities.binary(expr)
            groups[key] = (
                labels_met(assuming(expr, positive), binary) if binary else assuming(expr, positive)
            )
        return replace(term, groups=groups)

    def inline(self, term: Term) -> Term:
        """An unnamed contraction that is a lone linear factor is written out: Σ_j x_i A_ij
        instead of t_j.
        """
        for key, expr in term.groups.items():
            for symbol, quantity, at in self.entries.entries(expr):
                if (
                    not isinstance(quantity, int)
                    or self.nodes[quantity].name is not None
                    or symbol not in sp.Mul.make_args(expr)
                ):
                    continue
                if (
                    quantity >= len(self.graph.nodes)
                    or self.nodes[quantity].op not in self.quantities.rules.inlined
                ):
                    continue
                terms = self.definitions.definition(quantity, at)
                if len(terms) != 1:
                    continue
                rest = {**term.groups, key: expr / symbol}
                inner = self.algebra.identified(self.algebra.fresh(terms[0]))
                outer = Term(term.coef, rest, term.deltas, term.summed)
                return self.inline(self.algebra.times(outer, inner))
        return term
