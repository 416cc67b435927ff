"""Sums read backwards: Σ_j p_j (log p_j/q_j + 1) is KL + 1 where KL = Σ_j p_j log p_j/q_j has
that name and Σ_j p_j is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import sympy as sp

from gradcalc.calculus.named_quantities import NamedQuantities
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.terms import Ix, Term


class NamedSums:
    """Names for sums, and what then cancels."""

    def __init__(self, names: NamedQuantities) -> None:
        self.names, self.definitions, self.algebra = names, names.definitions, names.algebra
        self.quantities = names.quantities

    def with_totals(self, terms: Sequence[Term], reading: Reading) -> list[Term]:
        """The terms with sums under their names, those that are entry by entry added up where
        that is shorter.
        """
        named = [self.named_totals(term, reading) for term in terms]
        found: list[Term] = []
        for term in named:
            for n, other in enumerate(found):
                both = self.together(other, term)
                if both is not None:
                    found[n] = both
                    break
            else:
                found.append(term)
        return [term for term in found if term.coef != 0]

    def named_totals(self, term: Term, reading: Reading) -> Term:
        """A term with its sums over one index under the names they have."""
        for ix in sorted(term.summed):
            if [key for key in term.groups if ix in key] != [(ix,)]:
                continue
            total = self.total(term.groups[(ix,)], ix, reading)
            if total is not None:
                groups = {key: expr for key, expr in term.groups.items() if key != (ix,)}
                groups[()] = groups.get((), sp.S.One) * total
                return self.named_totals(
                    self.algebra.normal(replace(term, groups=groups, summed=term.summed - {ix})),
                    reading,
                )
        return term

    def total(self, expr: sp.Expr, ix: Ix, reading: Reading) -> sp.Expr | None:
        """Σ_ix of an expression in named scalars; None where one of its parts has no name."""
        whole = self.of_sums(expr, ix, reading)
        if whole is not None:
            return whole
        sums = [factor for factor in sp.Mul.make_args(expr) if isinstance(factor, sp.Add)]
        parts = [expr / sums[0] * arg for arg in sums[0].args] if len(sums) == 1 else [expr]
        found, named = sp.S.Zero, False
        for part in parts:
            known = self.definitions.known_sums.known_sum(part, ix)
            if known is None:
                known, named = self.of_sums(part, ix, reading), True
            if known is None:
                return None
            found += known
        return found if named else None

    def of_sums(self, expr: sp.Expr, ix: Ix, reading: Reading) -> sp.Expr | None:
        """Σ_ix of an expression as a multiple of one of the named sums."""
        return next(
            (
                n
                for n in (
                    self.multiple(expr, ix, number)
                    for number in self.sums
                    if number in reading.names
                )
                if n is not None
            ),
            None,
        )

    def multiple(self, expr: sp.Expr, ix: Ix, number: int) -> sp.Expr | None:
        """Σ_ix of an expression as a multiple of the named sum `number`."""
        coef, inside, own = self.sums[number]
        if own.size != ix.size or own.label != ix.label:
            return None
        times, rest = self.algebra.signs.content(expr)
        unit, same = self.algebra.signs.content(
            self.quantities.entries.rename(inside, {own: ix}, self.algebra.same)
        )
        return times / unit / coef * self.quantities.entry(number, ()) if rest == same else None

    @cached_property
    def sums(self) -> dict[int, tuple[sp.Expr, sp.Expr, Ix]]:
        """Named scalars that are a sum over one index: node -> (coefficient, what is summed, the
        index).
        """
        found = {}
        for number, node in enumerate(self.quantities.graph.nodes):
            if node.name is None or self.quantities.axes(number) or node.op == "input":
                continue
            terms = [self.names.inline(term) for term in self.definitions.definition(number, ())]
            if len(terms) == 1 and len(terms[0].summed) == 1:
                (ix,) = terms[0].summed
                if list(terms[0].groups) == [(ix,)]:
                    found[number] = terms[0].coef, terms[0].groups[(ix,)], ix
        return found

    def together(self, a: Term, b: Term) -> Term | None:
        """Two terms that share a factor on the one index they have, added entry by entry: p (log
        p/q + 1) − p (KL + 1).
        """
        keys = {key for term in (a, b) for key in term.groups if key}
        if len(keys) != 1 or a.summed or b.summed or a.deltas or b.deltas:
            return None
        (key,) = keys
        sides = [set(sp.Mul.make_args(term.groups.get(key, sp.S.One))) for term in (a, b)]
        if not sides[0] & sides[1]:
            return None
        wholes = [term.coef * sp.Mul(*term.groups.values()) for term in (a, b)]
        both = self.algebra.simplifier.tidy(sp.Add(*wholes))
        cost = self.quantities.entries.lengths.cost
        if cost(both) >= sum(map(cost, wholes)):
            return None
        return self.algebra.term(both)
