"""Exponentials over their sum as entries of a softmax: e^{s_ij} / Σ_i e^{s_ij}, whose sum runs
over a named index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from gradcalc.calculus.definitions import Definitions
from gradcalc.calculus.terms import Key, Term, kind
from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Softmax:
    """e^s over the sum `total`, a node, at (the indices of that node, the index that it sums
    over).
    """

    total: int

    def __str__(self) -> str:
        return f"softmax{self.total}"


class SoftmaxEntries:
    """Reads terms in the entries of such a softmax."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions, self.entries = definitions, definitions.quantities.entries
        self.nodes = definitions.quantities.nodes

    def read(self, terms: Sequence[Term]) -> list[Term]:
        """The terms with exponentials over their sum as entries of a softmax."""
        return [self.term(term) for term in terms]

    def term(self, term: Term) -> Term:
        """One term with them."""
        for below, other in term.groups.items():
            for factor in sp.Mul.make_args(other):
                base, exponent = factor.as_base_exp()
                quantity, at = (self.entries.entry(base) if base.is_Symbol else None) or (None, ())
                if not isinstance(quantity, int) or self.nodes[quantity].op != "sum":
                    continue
                if self.nodes[quantity].name is not None or not (
                    exponent.is_Integer and exponent < 0
                ):
                    continue
                for key, expr in term.groups.items():
                    for exponential in sp.Mul.make_args(expr):
                        if not isinstance(exponential, sp.exp):
                            continue
                        place = self.place(quantity, at, exponential)
                        if place is None:
                            continue
                        groups = dict(term.groups)
                        groups[below] = groups[below] * base
                        entry = self.entries.symbol(Softmax(quantity), place)
                        parts = [f for f in sp.Mul.make_args(groups[key]) if f != exponential]
                        groups[key] = sp.Mul(*parts, entry)
                        left = {k: e for k, e in groups.items() if e != 1}
                        return self.term(replace(term, groups=left))
        return term

    def place(self, total: int, at: Key, exponential: sp.Expr) -> Key | None:
        """The indices of an exponential that the sum at `at` adds up; None for another."""
        defined = self.definitions.definition(total, at)
        if len(defined) != 1 or len(defined[0].summed) != 1 or len(at) > 1:
            return None
        (over,), found = defined[0].summed, defined[0]
        for ix in set(self.entries.key(exponential)) - set(at):
            table = {over: ix}
            inside = [self.entries.rename(e, table, lambda q: False) for e in found.groups.values()]
            if kind(ix) == kind(over) and found.coef == 1 and sp.Mul(*inside) == exponential:
                return (*at, ix)
        return None

    def exponent(self, softmax: Softmax, at: Key) -> sp.Expr:
        """s at the indices of an entry."""
        (found,) = self.definitions.definition(softmax.total, at[:-1])
        (over,) = found.summed
        inside = [
            self.entries.rename(e, {over: at[-1]}, lambda q: False) for e in found.groups.values()
        ]
        return sp.Mul(*inside).args[0]
