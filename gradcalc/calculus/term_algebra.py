"""The algebra of terms: products, deltas met, sums that are known, what is shortest, and terms
added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.signs import Signs
from gradcalc.calculus.simplify import Simplifier
from gradcalc.calculus.sympy_functions import function_class
from gradcalc.calculus.terms import (
    Entries,
    Facts,
    Ix,
    Key,
    Term,
    kind,
    minus,
    size_expr,
    sort_symmetric,
)
from gradcalc.language.fast_dataclasses import replace

MANY = 12  # terms


def met(
    left: Mapping[Key, sp.Expr], right: Mapping[Key, sp.Expr], shorter: Callable[[sp.Expr], sp.Expr]
) -> dict[Key, sp.Expr]:
    """The groups of a product; where two meet, they are made `shorter`."""
    groups = dict(left)
    for key, expr in right.items():
        other = groups.get(key, sp.S.One)
        groups[key] = shorter(other * expr) if other != 1 and expr != 1 else other * expr
    return groups


class Algebra:
    """Products and sums of terms over one table of entries.

    `knowing`: known sums and symmetries are used. `most`: a sum of more terms stays as it is, for
    comparing each with each would cost more than it shortens.
    """

    def __init__(
        self,
        entries: Entries,
        simplifier: Simplifier,
        facts: Facts,
        knowing: bool = True,
        most: int | None = None,
    ) -> None:
        self.entries, self.simplifier, self.facts = entries, simplifier, facts
        self.signs = Signs(entries, facts)
        self.knowing, self.most = knowing, most

    # ---- making terms

    def term(self, expr: sp.Expr, summed: Iterable[Ix] = (), coef: sp.Expr = sp.S.One) -> Term:
        """A scalar expression of entries as a term: each factor goes to the group of its
        indices.
        """
        return self.normal(Term(coef, self.split(expr), frozenset(), frozenset(summed)))

    def split(self, expr: sp.Expr) -> dict[Key, sp.Expr]:
        """The factors of an expression, those on the same indices together."""
        factors: dict[Key, list[sp.Expr]] = {}
        for factor in sp.Mul.make_args(expr):
            if (
                isinstance(factor, sp.Pow)
                and isinstance(factor.base, sp.Mul)
                and factor.exp.is_Integer
            ):
                for key, part in self.split(factor.base).items():
                    factors.setdefault(key, []).append(part**factor.exp)
            else:
                factors.setdefault(self.entries.key(factor), []).append(factor)
        return {key: sp.Mul(*parts) for key, parts in factors.items()}

    def times(self, left: Term, right: Term) -> Term:
        """Product of two terms whose summed indices are distinct; same-index groups meet and are
        tidied.
        """
        groups = met(left.groups, right.groups, self.simplifier.tidy)
        return self.normal(
            Term(
                left.coef * right.coef,
                groups,
                left.deltas | right.deltas,
                left.summed | right.summed,
            )
        )

    def unstopped(self, term: Term) -> Term:
        """The term with stop_gradient(x) as x, for formulas that are differentiated no more."""
        stop = function_class("stop_gradient")
        if not any(expr.has(stop) for expr in term.groups.values()):
            return term
        opened = [expr.replace(stop, lambda x: x) for expr in term.groups.values()]
        found = self.split(sp.Mul(*map(self.simplifier.tidy, opened)))
        return self.normal(replace(term, groups=found))

    def normal(self, term: Term) -> Term:
        """Deltas with a summed index eliminated, groups regrouped, numbers and signs in the
        coefficient.
        """
        groups: Mapping[Key, sp.Expr] = term.groups
        deltas, summed, coef = set(term.deltas), set(term.summed), term.coef
        while True:
            table: dict[Ix, Ix] = {}
            for a, b in sorted(deltas):
                if a == b:
                    deltas.discard((a, b))
                elif a in summed or b in summed:
                    gone, stays = (b, a) if b in summed else (a, b)
                    if a in summed and b in summed and stays.label is None:
                        gone, stays = stays, gone
                    table = {gone: stays}
                    deltas.discard((a, b))
                    summed.discard(gone)
                    break
            else:
                break
            if table:
                groups = self.rename_groups(groups, table)
                deltas = {tuple(sorted((table.get(a, a), table.get(b, b)))) for a, b in deltas}  # type: ignore[misc]
        result: dict[Key, sp.Expr] = {}
        for expr in groups.values():
            for key, part in self.split(expr).items():
                result[key] = result.get(key, sp.S.One) * part
        # A delta between free indices identifies them: write every entry with the first of the two.
        same = {b: a for a, b in sorted(deltas)}
        if same:
            result = dict(self.rename_groups(result, same))
        met = self.selectors(result, summed)
        if met is not None:
            kept, pairs, absorbed = met
            return self.normal(
                Term(coef, kept, frozenset(deltas) | pairs, frozenset(summed) - absorbed)
            )
        final: dict[Key, sp.Expr] = {}
        for key in sorted(result):
            number, expr = self.signs.content(self.units_met(result[key]))
            coef *= number
            if expr != 1:
                final[key] = expr
        present = {ix for key in final for ix in key}
        for ix in sorted(summed - present):
            coef *= size_expr(ix.size)
            summed.discard(ix)
        coef, final = self.constants(coef, final)
        if minus(coef):
            coef, final = self.signs.turned(coef, final)
        term = Term(coef, final, frozenset(deltas), frozenset(summed))
        return self.unit_sums(term)

    def selectors(
        self, groups: Mapping[Key, sp.Expr], summed: set[Ix]
    ) -> tuple[dict[Key, sp.Expr], frozenset[tuple[Ix, Ix]], set[Ix]] | None:
        """An identity I_ab is δ_ab, and so is Σ_R S(R, a…) S(R, b…) for two equal selectors that
        share only R.
        """
        for key, expr in groups.items():
            for factor in sp.Mul.make_args(expr):
                quantity, at = (self.entries.entry(factor) if factor.is_Symbol else None) or (
                    None,
                    (),
                )
                if getattr(quantity, "kind", "") == "eye":
                    rest = {**groups, key: expr / factor}
                    return rest, frozenset((tuple(sorted(at)),)), set()  # type: ignore[arg-type]
        for ix in sorted(summed):
            keys = [key for key in groups if ix in key]
            if len(keys) != 2 or not all(groups[key].is_Symbol for key in keys):
                continue
            (left, first), (right, second) = (
                self.entries.entry(groups[key]) or (None, ()) for key in keys
            )
            if (
                left == right
                and getattr(left, "kind", "") in ("shift", "pair")
                and first[0] == second[0] == ix
            ):
                pairs = frozenset(
                    tuple(sorted(pair)) for pair in zip(first[1:], second[1:], strict=True)
                )
                return {key: e for key, e in groups.items() if key not in keys}, pairs, {ix}  # type: ignore[return-value]
        return None

    def units_met(self, expr: sp.Expr) -> sp.Expr:
        """The selectors of all places of an axis added up, e₀ + e₁, as 1."""
        if isinstance(expr, sp.Mul):
            return sp.Mul(*map(self.units_met, expr.args))
        if not isinstance(expr, sp.Add):
            return expr
        units: dict[Ix, dict[int, sp.Expr]] = {}
        rest = []
        for arg in expr.args:
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (self.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if quantity is None or getattr(quantity, "kind", "") != "unit":
                rest.append(arg)
            elif quantity.offset.number is None:
                return expr
            else:
                units.setdefault(at[0], {})[quantity.offset.number] = number
        if len(units) != 1:
            return expr
        ((ix, numbers),) = units.items()
        whole = sorted(numbers) == list(range(ix.size.number or 0))
        same = set(numbers.values())
        return sp.Add(*rest, *same) if whole and len(same) == 1 else expr

    def constants(
        self, coef: sp.Expr, groups: dict[Key, sp.Expr]
    ) -> tuple[sp.Expr, dict[Key, sp.Expr]]:
        """A scalar group free of entries belongs to the coefficient."""
        scalar = groups.get((), sp.S.One)
        numbers = [f for f in sp.Mul.make_args(scalar) if not self.entries.entries(f)]
        if numbers:
            rest = sp.Mul(*(f for f in sp.Mul.make_args(scalar) if self.entries.entries(f)))
            coef *= sp.Mul(*numbers)
            groups = {**groups, (): rest}
            if rest == 1:
                del groups[()]
        return coef, groups

    def unit_sums(self, term: Term) -> Term:
        """Sums that are known: Σ_j p_j = 1 for softmax and one-hot, so Σ_j (p_j − y_j) = 0; Σ_j
        (x_j − μ) = 0.
        """
        for ix in sorted(term.summed) if self.knowing else ():
            where = [key for key in term.groups if ix in key]
            if len(where) != 1:
                continue
            total = self.facts.known_sum(term.groups[where[0]], ix)
            if total is None:
                continue
            if total == 0:
                return Term(sp.S.Zero, {}, term.deltas, frozenset())
            groups = {key: expr for key, expr in term.groups.items() if key != where[0]}
            return self.normal(Term(term.coef * total, groups, term.deltas, term.summed - {ix}))
        for key, expr in term.groups.items() if self.knowing and len(term.summed) > 1 else ():
            apart = (
                len(key) > 1
                and set(key) <= term.summed
                and not any(set(key) & set(k) for k in term.groups if k != key)
            )
            if apart and self.facts.centred(expr, key):
                return Term(sp.S.Zero, {}, term.deltas, frozenset())
        return term

    def rename_groups(
        self, groups: Mapping[Key, sp.Expr], table: Mapping[Ix, Ix]
    ) -> dict[Key, sp.Expr]:
        # A renaming may identify two indices, so the groups are formed anew.
        """Groups with their indices renamed."""
        result: dict[Key, sp.Expr] = {}
        for expr in groups.values():
            for key, part in self.split(self.entries.rename(expr, table, self.same)).items():
                result[key] = result.get(key, sp.S.One) * part
        return result

    def same(self, quantity: Any) -> bool:
        """May A_ji be written A_ij? Not while differentiating: the entries are varied one by
        one.
        """
        return self.knowing and bool(self.facts.symmetric(quantity))

    def identified(self, term: Term) -> Term:
        """The two entries A_ij and A_ji of a symmetric matrix written as one."""
        swaps = {}
        for expr in term.groups.values():
            for symbol, quantity, at in self.entries.entries(expr):
                if len(at) >= 2 and at[1] < at[0] and self.facts.symmetric(quantity):
                    swaps[symbol] = self.entries.symbol(quantity, sort_symmetric(at, True))
        if not swaps:
            return term
        return replace(
            term, groups={key: expr.xreplace(swaps) for key, expr in term.groups.items()}
        )

    def rename(self, term: Term, table: Mapping[Ix, Ix]) -> Term:
        """Rename indices, summed ones included."""
        if not table:
            return term
        deltas = frozenset(
            tuple(sorted((table.get(a, a), table.get(b, b)))) for a, b in term.deltas
        )
        summed = frozenset(table.get(ix, ix) for ix in term.summed)
        return Term(term.coef, self.rename_groups(term.groups, table), deltas, summed)  # type: ignore[arg-type]

    def fresh(self, term: Term) -> Term:
        """The same term with new summed indices."""
        return self.rename(term, {ix: self.entries.like(ix) for ix in sorted(term.summed)})

    # ---- sums of terms

    def gather(self, terms: Sequence[Term]) -> list[Term]:
        """Terms added up: equal ones, and those equal save in one group (the distributive law
        backwards).
        """
        if self.most is not None and len(terms) > self.most:
            return list(terms)
        pool = [
            term
            for term in terms
            if term.coef != 0 and all(expr != 0 for expr in term.groups.values())
        ]
        if len(pool) > MANY and all(
            not term.groups.keys() - {()} and not term.summed and term.deltas == pool[0].deltas
            for term in pool
        ):  # numbers, added up at once: one by one, each sum is gone through again
            total = sp.Add(*(term.coef * term.groups.get((), sp.S.One) for term in pool))
            pool = [self.normal(Term(sp.S.One, {(): self.simplifier.tidy(total)}, pool[0].deltas))]
        merged = True
        while merged:
            merged = False
            for i in range(len(pool)):
                for j in range(i + 1, len(pool)):
                    both = self.merge(pool[i], pool[j])
                    if both is not None:
                        rest = [term for k, term in enumerate(pool) if k not in (i, j)]
                        pool = rest[:i] + ([both] if both.coef != 0 else []) + rest[i:]
                        merged = True
                        break
                if merged:
                    break
        return pool

    def merge(self, a: Term, b: Term) -> Term | None:
        """Two terms as one, where they are equal but for one group and the names of summed
        indices.
        """
        if (
            len(a.summed) != len(b.summed)
            or a.deltas != b.deltas
            or abs(len(a.groups) - len(b.groups)) > 1
        ):
            return None
        if len(a.summed) > 5 or sorted(map(kind, a.summed)) != sorted(map(kind, b.summed)):
            return None
        targets = sorted(a.summed)
        for order in permutations(sorted(b.summed)):
            if any(kind(x) != kind(y) for x, y in zip(order, targets, strict=True)):
                continue
            renamed = self.rename_groups(b.groups, dict(zip(order, targets, strict=True)))
            both = self.merge_named(a, Term(b.coef, renamed, b.deltas, a.summed))
            if both is not None:
                return both
        return None

    def merge_named(self, a: Term, b: Term) -> Term | None:
        """The same for terms whose summed indices have the same names."""
        keys = sorted(set(a.groups) | set(b.groups))
        differ = [key for key in keys if a.groups.get(key, sp.S.One) != b.groups.get(key, sp.S.One)]
        if not differ:
            return self.normal(replace(a, coef=a.coef + b.coef))
        if len(differ) > 1:
            return None
        key = differ[0]
        left, right = a.groups.get(key, sp.S.One), b.groups.get(key, sp.S.One)
        if key and (left == 1 or right == 1) and any(ix in a.summed for ix in key):
            return None
        ratio = bounded.cancel(b.coef / a.coef)
        if not ratio.is_Rational and key != ():
            return None
        number = a.coef.as_coeff_Mul()[0]
        if ratio.is_Rational and number.is_Rational:
            expr = self.simplifier.tidy(number * left + number * ratio * right)
            return self.normal(replace(a, coef=a.coef / number, groups={**a.groups, key: expr}))
        expr = self.simplifier.tidy(left + ratio * right)
        return self.normal(replace(a, groups={**a.groups, key: expr}))
