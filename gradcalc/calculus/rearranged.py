"""Entries of arrays that only put others in new places, read where a selector says which place it
is: kron(A, B) at (p n + r, q m + s) is A_pq B_rs, [a, b] at 0 is a.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from gradcalc.calculus.definitions import Definitions
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.terms import Ix, Key, Term

OPERATIONS = frozenset(("kron", "vec", "concat", "stack"))
SELECTORS = frozenset(("pair", "shift", "unit"))

Chosen = dict[tuple[Ix, Pseudo], Key]  # (the index a selector places, the selector) -> the others


class Rearranged:
    """Reads entries of unnamed arrays through the selectors in a term."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions, self.algebra = definitions, definitions.algebra
        self.quantities, self.entries = definitions.quantities, definitions.quantities.entries

    def read(self, term: Term) -> Term:
        """The term with what stands at the chosen places."""
        chosen: Chosen = {}
        for expr in term.groups.values():
            for factor in sp.Mul.make_args(expr):
                selector, at = self.selector(factor)
                if selector is not None:
                    chosen[at[0], selector] = at[1:]
        table = {}
        for expr in term.groups.values() if chosen else ():
            for symbol, quantity, at in self.entries.entries(expr):
                if isinstance(quantity, int) and self.rearranging(quantity):
                    value = self.value(quantity, at, chosen)
                    if value is not None:
                        table[symbol] = value
        if not table:
            return term
        groups = {key: expr.xreplace(table) for key, expr in term.groups.items()}
        return self.read(self.algebra.normal(replace(term, groups=groups)))

    def selector(self, factor: sp.Expr) -> tuple[Pseudo | None, Key]:
        """A factor that chooses a place, and its indices."""
        found = self.entries.entry(factor) if factor.is_Symbol else None
        if found is None or not isinstance(found[0], Pseudo) or found[0].kind not in SELECTORS:
            return None, ()
        return found

    def rearranging(self, quantity: int) -> bool:
        """Has a quantity no name, and only puts entries in new places?"""
        node = self.quantities.nodes[quantity]
        return node.name is None and node.op in OPERATIONS

    def value(self, quantity: int, at: Key, chosen: Chosen) -> sp.Expr | None:
        """What stands at these indices, by the places that are chosen; None where they do not
        tell.
        """
        for term in self.definitions.definition(quantity, at):
            table: dict[Ix, Ix] = {}
            rest, told = [term.coef], False
            for expr in term.groups.values():
                for factor in sp.Mul.make_args(expr):
                    selector, where = self.selector(factor)
                    if selector is None or where[0] not in at:
                        rest.append(factor)
                        continue
                    found = chosen.get((where[0], selector))
                    if found is None:
                        break
                    told = True
                    table.update(zip(where[1:], found, strict=True))
                else:
                    continue
                break
            else:
                if told and not term.deltas and term.summed <= table.keys():
                    return self.entries.rename(sp.Mul(*rest), table, self.algebra.same)
        return None
