"""Terms of one sum that are alike though they are not written alike: A v in full beside the
quantity A v, S_ij beside S_ji, y_j p_j beside y_j Σ y p of a one-hot y.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import permutations

import sympy as sp

from gradcalc.calculus.named_sums import NamedSums
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.terms import Ix, Key, Term, kind


class LikeTerms:
    """Brings like terms together, as far as that leaves fewer of them or shorter ones."""

    def __init__(self, sums: NamedSums) -> None:
        self.sums, self.names, self.algebra = sums, sums.names, sums.algebra
        self.known = sums.definitions.known_sums
        self.quantities, self.entries = sums.quantities, sums.quantities.entries

    def met(self, terms: Sequence[Term], reading: Reading) -> list[Term]:
        """The terms with differences written out, and like ones added up."""
        opened = [self.names.residuals_open(term) for term in terms]
        opened = [self.algebra.identified(self.unturned(term)) for term in opened]
        if any(new is not old for new, old in zip(opened, terms, strict=True)):
            opened = self.algebra.gather([self.algebra.normal(term) for term in opened])
            opened = [self.algebra.signs.facing(term) for term in opened]
        for rule in (self.chosen, self.folded, self.chosen, self.quotients):
            found = rule(opened, reading)
            if found is not None and self.length(found) < self.length(opened):
                opened = [self.algebra.signs.facing(term) for term in found]
        return opened

    def length(self, terms: Sequence[Term]) -> tuple[int, int]:
        """How many terms there are, and how long their factors read; numbers that all of them
        share stand once.
        """
        cost = self.entries.lengths.cost
        numbers = [set(sp.Mul.make_args(term.groups.get((), sp.S.One))) for term in terms]
        shared = sp.Mul(*set.intersection(*numbers)) if numbers else sp.S.One
        total = cost(shared) if shared != 1 else 0
        for term in terms:
            for key, expr in term.groups.items():
                rest = expr / shared if key == () else expr
                total += cost(rest) if rest != 1 else 0
        return len(terms), total

    # ---- a product and its transpose

    @cached_property
    def products(self) -> Mapping[tuple[tuple[int, bool], ...], int]:
        """The first unnamed product of matrices with these factors."""
        found: dict[tuple[tuple[int, bool], ...], int] = {}
        for number, node in enumerate(self.names.graph.nodes):
            if node.op == "matmul" and node.name is None and len(node.shape) == 2:
                found.setdefault(tuple(self.names.definitions.chain(number)), number)
        return found

    def unturned(self, term: Term) -> Term:
        """A term with (Vᵀ Uᵀ)_ji as (U V)_ij, where both products stand in the graph."""
        table = {}
        for expr in term.groups.values():
            for symbol, quantity, at in self.entries.entries(expr):
                if not isinstance(quantity, int) or quantity >= len(self.names.graph.nodes):
                    continue
                node = self.names.nodes[quantity]
                if node.op != "matmul" or node.name is not None or len(at) < 2:
                    continue
                turned = tuple(self.names.definitions.chain(quantity, True))
                first = self.products.get(turned, quantity)
                if first < quantity:
                    table[symbol] = self.quantities.entry(first, (at[1], at[0], *at[2:]))
        if not table:
            return term
        groups = {key: expr.xreplace(table) for key, expr in term.groups.items()}
        return replace(term, groups=groups)

    # ---- a product in full beside the quantity that it is

    def folded(self, terms: Sequence[Term], reading: Reading) -> list[Term] | None:
        """The terms with those products in full that another term has as an entry, t_i for Σ_a
        B_ia v_a, and with the sums that have a name; None where there are none.
        """
        present = {
            quantity
            for term in terms
            for expr in term.groups.values()
            for _, quantity, _ in self.entries.entries(expr)
            if isinstance(quantity, int) and quantity < len(self.names.graph.nodes)
        }
        inlined, nodes = self.quantities.rules.inlined, self.names.nodes
        wanted = {n for n in present if nodes[n].name is None and nodes[n].op in inlined}
        if len(terms) < 2:
            wanted = set()
        for operand in present:
            wanted |= {n for n in self.named_sums.get(operand, ()) if n in reading.names}
        if not wanted:
            return None
        found = list(terms)
        for quantity in sorted(wanted):
            found = [self.with_entry(term, quantity) for term in found]
        return self.algebra.gather(found) if found != list(terms) else None

    @cached_property
    def named_sums(self) -> Mapping[int, list[int]]:
        """The arrays with a name that are a sum, by what is in their terms."""
        found: dict[int, list[int]] = {}
        for number, node in enumerate(self.names.graph.nodes):
            if node.op == "sum" and node.name is not None and self.quantities.axes(number):
                for operand in self.quantities.operands(number):
                    found.setdefault(operand, []).append(number)
        return found

    def with_entry(self, term: Term, quantity: int) -> Term:
        """A term with the sums in it that are entries of a quantity written as these entries."""
        own = self.quantities.fresh(quantity)
        defined = self.names.definitions.definition(quantity, own)
        if len(defined) != 1 or len(defined[0].summed) != 1 or defined[0].deltas:
            return term
        inner = self.names.inline(defined[0])
        if len(inner.summed) != 1:
            return term
        (over,) = inner.summed
        if any(over not in key for key in inner.groups):
            return term
        for ix in sorted(term.summed):
            touching = {key: expr for key, expr in term.groups.items() if ix in key}
            if kind(ix) != kind(over) or len(touching) != len(inner.groups):
                continue
            beside = sorted({other for key in touching for other in key if other != ix})
            for at in permutations(beside, len(own)) if len(beside) == len(own) else ():
                if list(map(kind, at)) != list(map(kind, own)):
                    continue
                table = {over: ix, **dict(zip(own, at, strict=True))}
                if self.algebra.rename_groups(inner.groups, table) != touching:
                    continue
                rest = {key: expr for key, expr in term.groups.items() if ix not in key}
                entry = self.quantities.entry(quantity, at)
                key = tuple(sorted(at))
                rest[key] = rest.get(key, sp.S.One) * entry
                bare = replace(
                    term, coef=term.coef / inner.coef, groups=rest, summed=term.summed - {ix}
                )
                found = self.algebra.normal(self.algebra.identified(bare))
                return self.with_entry(found, quantity)
        return term

    # ---- a vector over its length

    def quotients(self, terms: Sequence[Term], reading: Reading) -> list[Term] | None:
        """The terms with a vector that has a name over a number, r = v/s, for the vector itself;
        None where there are none.
        """
        if len(terms) < 2 or reading.plain:
            return None
        found = [self.over_number(term, reading) for term in terms]
        return self.algebra.gather(found) if found != list(terms) else None

    def over_number(self, term: Term, reading: Reading) -> Term:
        """A term with r_j s for v_j, where r = v/s."""
        for key, expr in term.groups.items():
            quantity, at = (self.entries.entry(expr) if expr.is_Symbol else None) or (None, ())
            if not key or not isinstance(quantity, int):
                continue
            for user in self.quantities.users.get(quantity, ()):
                same = self.quantities.axes(user) == self.quantities.axes(quantity)
                if user not in reading.names or not same:
                    continue
                full = self.quantities.full(self.names.nodes[user], at)
                parts = self.algebra.split(self.quantities.formula(user, *full))
                if parts.pop(key, None) != expr or parts.keys() != {()}:
                    continue
                below = term.groups.get((), sp.S.One) / parts[()]
                groups = {**term.groups, key: self.quantities.entry(user, at), (): below}
                return self.algebra.normal(replace(term, groups=groups))
        return term

    # ---- what a one-hot vector chooses

    def chosen(self, terms: Sequence[Term], reading: Reading) -> list[Term] | None:
        """The terms with y_j p_j of a one-hot y as y_j Σ_k y_k p_k, where that sum has a name or
        stands in another term; None where there are none.
        """
        found = list(terms)
        for n, term in enumerate(found):
            for key, label, rest, ix in self.labelled(term):
                total = self.total(label * rest, ix, key, terms, reading)
                if total is not None:
                    groups = {**term.groups, key: term.groups[key] / rest}
                    times = self.algebra.times(replace(term, groups=groups), total)
                    found[n] = times
                    break
        return self.algebra.gather(found) if found != list(terms) else None

    def labelled(self, term: Term) -> Iterator[tuple[Key, sp.Expr, sp.Expr, Ix]]:
        """Factors that a one-hot vector chooses from: (the group, its entry y_j, what else depends
        on j, j).
        """
        for key, expr in term.groups.items():
            parts = sp.Mul.make_args(expr)
            for factor in parts:
                found = self.entries.entry(factor) if factor.is_Symbol else None
                if found is None or not found[1] or not isinstance(found[0], int):
                    continue
                quantity, at = found
                if not self.known.onehot(quantity):
                    continue
                ix = at[self.known.last(quantity)]
                rest = sp.Mul(*(p for p in parts if p != factor and ix in self.entries.key(p)))
                if rest != 1:
                    yield key, factor, rest, ix

    def total(
        self, expr: sp.Expr, ix: Ix, key: Key, terms: Sequence[Term], reading: Reading
    ) -> Term | None:
        """Σ_ix of an expression as a term: a name, or a factor of one of the terms."""
        named = self.sums.of_sums(expr, ix, reading) if key == (ix,) else None
        if named is not None:
            return self.algebra.term(named)
        for symbol, quantity, at in self.sums_in(terms):
            (defined,) = self.names.definitions.definition(quantity, at)
            (over,) = defined.summed
            inside = {
                tuple(sorted(ix if one == over else one for one in own)): self.entries.rename(
                    other, {over: ix}, self.algebra.same
                )
                for own, other in defined.groups.items()
            }
            if defined.coef == 1 and inside == {key: expr}:
                return self.algebra.term(symbol)
        for term in terms:
            for own, other in term.groups.items():
                for over in set(own) & term.summed:
                    alone = not any(over in k for k in term.groups if k != own)
                    if alone and kind(over) == kind(ix):
                        moved = self.entries.rename(other, {over: ix}, self.algebra.same)
                        if moved == expr:
                            fresh = self.entries.like(ix)
                            inner = self.entries.rename(expr, {ix: fresh}, self.algebra.same)
                            return self.algebra.term(inner, {fresh})
        return None

    def sums_in(self, terms: Sequence[Term]) -> Iterator[tuple[sp.Symbol, int, Key]]:
        """Entries in terms that are a sum over one index and have no name."""
        seen = set()
        for term in terms:
            for expr in term.groups.values():
                for symbol, quantity, at in self.entries.entries(expr):
                    if symbol in seen or not isinstance(quantity, int):
                        continue
                    seen.add(symbol)
                    node = self.names.nodes[quantity]
                    if node.name is not None or node.op not in self.quantities.rules.inlined:
                        continue
                    defined = self.names.definitions.definition(quantity, at)
                    if len(defined) == 1 and len(defined[0].summed) == 1:
                        yield symbol, quantity, at
