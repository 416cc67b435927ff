"""The shortest way to read an expression: definitions of named quantities read backwards.

E/N² with N = 1 + E and f = 1/N becomes f (1 − f): each named quantity is solved for an operand in
which it is linear-fractional, a few steps deep.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import sympy as sp

from gradcalc.calculus.bounds import SEARCHED, SHORT
from gradcalc.calculus.folding import divisors, folded, of_names, solve_for, varying
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.rewrite_rules import divided
from gradcalc.calculus.simplify import Simplifier
from gradcalc.calculus.terms import Key


class NameSearch:
    """Searches for the shortest form of an expression in the names of quantities."""

    def __init__(self, quantities: Quantities, simplifier: Simplifier) -> None:
        self.quantities, self.simplifier = quantities, simplifier
        self.entries, self.lengths = quantities.entries, quantities.entries.lengths
        self._shortened: dict[Reading, dict[tuple[sp.Expr, bool, bool], sp.Expr]] = {}
        self._readings: dict[int, Reading] = {}
        self._solved: dict[tuple[sp.Expr, sp.Symbol], sp.Expr | None] = {}
        self._made_with: dict[tuple[int, NodeSet], tuple[int, ...]] = {}
        self._alone: dict[int, bool] = {}
        self._divides: dict[Any, bool] = {}

    def reading(self, number: int) -> Reading:
        """How derivatives of a quantity are read: in the names it is made from, and its own."""
        if number not in self._readings:
            names = NodeSet(self.quantities.made_from(number))
            self._readings[number] = Reading(names, number)
        return self._readings[number]

    def shorten(
        self, expr: sp.Expr, reading: Reading, deep: bool = True, summand: bool = False
    ) -> sp.Expr:
        """A product of local derivatives in its shortest form: tidied, and with definitions read
        backwards.

        E/N² with N = 1 + E and f = 1/N becomes f(1 − f): each named quantity is solved for an
        operand in which it is linear-fractional, a few steps deep; only quantities that the
        numerator depends on are used. `deep`: equations may be solved, and names
        written out to see what cancels. `summand`: it is part of a sum of terms, in which a
        quotient of names is read by its own name.
        """
        if reading.plain:
            return expr
        shortened = self._shortened.setdefault(reading, {})
        key = expr, deep, summand
        if key in shortened:
            return shortened[key]
        expr = self.one_name(expr, reading)
        first = self.simplifier.tidy(expr)
        frontier = [first, *(self.written_out(first) if deep else ())]
        if isinstance(expr, sp.Add) and expr not in frontier:
            frontier.append(expr)
        seen = set(frontier)

        own = any(quantity == reading.own for _, quantity, _ in self.entries.entries(expr))

        def length(expr: sp.Expr) -> tuple[int, int, int]:
            return self.legibility(expr, reading, own or summand)

        best = min(frontier, key=length)
        for _ in range(3):
            found = []
            for current in frontier:
                for candidate in self.readings(current, reading, deep, summand):
                    candidate = self.simplifier.tidy(candidate)
                    if (
                        candidate not in seen
                        and self.lengths.cost(candidate) <= self.lengths.cost(best) + SHORT
                    ):
                        seen.add(candidate)
                        found.append(candidate)
            frontier = sorted(found, key=self.lengths.measure)[:SHORT]
            # A reading that divides by something new is no simplification: y₁ y₂ g stays, though
            # g²/y₀ is as short.
            best = min(
                [best, *(found for found in frontier if self.divides_alike(found, expr))],
                key=length,
            )
            if not frontier:
                break
        shortened[key] = best
        return best

    def legibility(self, expr: sp.Expr, reading: Reading, own: bool) -> tuple[int, int, int]:
        """How long an expression reads; in a fraction the quantity that is differentiated is less
        at hand than others, where the rules have it not: `own` says that they do.
        """
        quantities = [quantity for _, quantity, _ in self.entries.entries(expr)]
        apart = not own and reading.own in quantities and bool(divisors(expr))
        length, symbols, unfactored = self.lengths.measure(expr)
        return length + 2 * apart, symbols, unfactored

    def one_name(self, expr: sp.Expr, reading: Reading) -> sp.Expr:
        """An expression in which a quantity and its copy both stand, with the copy for both."""
        known, table = expr.free_symbols, {}
        for symbol, quantity, at in self.entries.entries(expr):
            for user in (
                self.quantities.users.get(quantity, ()) if quantity in reading.names else ()
            ):
                own = self.quantities.entry(user, at) if self.copies(user) else None
                if own in known:
                    table[symbol] = own
        return expr.xreplace(table)

    def copies(self, user: int) -> bool:
        """Is a quantity nothing but another one?"""
        return self.quantities.nodes[user].op == "copy"

    def written_out(self, expr: sp.Expr) -> list[sp.Expr]:
        """An expression that divides, its names written out one and two levels deep: p/(1 − p)
        times 1 − p is p; and those alone that are made of what stands beside them.
        """
        found: list[sp.Expr] = []
        if not divisors(expr) and not any(map(self.divides, self.entries.entries(expr))):
            return found
        for start in dict.fromkeys((expr, self.quantities.opened(expr, within=expr.free_symbols))):
            opened = start if start == expr else self.simplifier.tidy(start)
            found += [opened] if opened != expr and divisors(start) else []
            for _ in range(2):
                opened = self.quantities.opened(opened)
                if self.lengths.cost(opened) > SEARCHED or not divisors(opened):
                    break
                opened = self.simplifier.tidy(opened)
                found.append(opened)
        return found

    def divides(self, entry: tuple[sp.Symbol, Any, Key]) -> bool:
        """Does the formula of an entry divide by something?"""
        symbol, quantity, _ = entry
        if quantity not in self._divides:
            self._divides[quantity] = bool(divisors(self.quantities.opened(symbol)))
        return self._divides[quantity]

    def divides_alike(self, found: sp.Expr, expr: sp.Expr) -> bool:
        """Whether a reading divides by nothing new, only by names or factors of what `expr`
        divides by.
        """
        known = divisors(expr) | divisors(self.quantities.opened(expr))
        return all(
            symbol in known or self.quantities.opened(symbol).free_symbols <= known
            for symbol in divisors(found)
        )

    def readings(
        self, expr: sp.Expr, reading: Reading, solve: bool = True, summand: bool = False
    ) -> list[sp.Expr]:
        """The expression with a named elementwise quantity read back for its formula; or, where
        that takes an equation to `solve`, with an operand expressed by that quantity.
        """
        results: list[sp.Expr] = []
        if self.lengths.cost(expr) > SEARCHED:
            return results
        monomial = of_names(expr, self.lengths)
        known = expr.free_symbols
        for symbol, quantity, at in self.entries.entries(expr):
            if not isinstance(quantity, int):
                continue
            for user, formula, own in self.made_with(symbol, quantity, at, reading):
                if all(part in known or part.is_integer for part in formula.free_symbols):
                    named = folded(expr, formula, own, self.lengths)
                    kept = monomial and not (summand and user == reading.own)
                    if named != expr and not (kept and self.left(named, formula)):
                        results.append(named)
                    for part in self.inner(formula) if solve else ():
                        if expr.has(part):
                            results += self.solved(expr, part, formula, own)
                if solve and self.solvable(user, quantity):
                    results += (
                        read
                        for read in self.solved(expr, symbol, formula, own)
                        if not (monomial and self.left(read, formula))
                        and not self.divides_anew(read, expr, formula)
                    )
        return results

    def divides_anew(self, read: sp.Expr, expr: sp.Expr, formula: sp.Expr) -> bool:
        """Does an expression without a denominator divide, now that a formula without one is solved
        for an operand: x y + z with c = y z is x c/z + z, and nothing cancels?
        """
        return not divided(formula) and not divisors(expr) and bool(divisors(read))

    def left(self, expr: sp.Expr, formula: sp.Expr) -> bool:
        """Is something left of a product, a quotient or a power of names? −n/d² is not −f/d."""
        return of_names(formula, self.lengths) and bool(expr.free_symbols & varying(formula))

    def made_with(
        self, symbol: sp.Symbol, quantity: int, at: Key, reading: Reading
    ) -> Iterator[tuple[int, sp.Expr, sp.Symbol]]:
        """The named quantities that an entry is used for, entry by entry: (number, formula, own
        entry), nearest first. Each is found by the last of its operands, and by those it can be
        solved for.
        """
        quantities = self.quantities
        key = quantity, reading.names
        if key not in self._made_with:
            found = (
                user
                for user in quantities.users.get(quantity, ())
                if user in reading.names
                and quantities.axes(user) == quantities.axes(quantity)
                and (quantity == quantities.operands(user)[-1] or self.solvable(user, quantity))
            )
            self._made_with[key] = tuple(islice(found, SHORT))
        for user in self._made_with[key]:
            formula = quantities.formula(user, *quantities.full(quantities.nodes[user], at))
            if formula != symbol:
                yield user, formula, quantities.entry(user, at)
            elif quantities.nodes[quantity].op != "input":  # a copy
                yield user, symbol, quantities.entry(user, at)

    def solvable(self, user: int, quantity: int) -> bool:
        """Is a quantity solved for an operand: a computed one, never an input, and of a sum only
        where it has no other, E = N − 1, or in a fraction?
        """
        if self.quantities.nodes[quantity].op == "input":
            return False
        if user not in self._alone:
            formula = self.generic(user)
            alone = not formula.has(sp.Add) or len(self.entries.entries(formula)) == 1
            self._alone[user] = alone or divided(formula)
        return self._alone[user]

    def generic(self, user: int) -> sp.Expr:
        """The formula of a quantity at some indices."""
        node = self.quantities.nodes[user]
        return self.quantities.formula(
            user, *self.quantities.full(node, self.quantities.fresh(user))
        )

    def inner(self, formula: sp.Expr) -> list[sp.Expr]:
        """The functions that a formula can be solved for: the one that all its entries are in,
        exp(−z) of 1 + exp(−z), and each in a fraction.
        """
        if isinstance(formula, sp.Function):
            return []
        found = sorted(formula.atoms(sp.Function, sp.exp), key=str)
        if divided(formula):
            return found
        whole = [part for part in found if part.free_symbols >= formula.free_symbols]
        return [max(whole, key=self.lengths.cost)] if whole else []

    def solved(
        self, expr: sp.Expr, part: sp.Expr, formula: sp.Expr, own: sp.Symbol
    ) -> Iterator[sp.Expr]:
        """The expression with an operand, or a function of it, expressed by a quantity."""
        if (part, own) not in self._solved:
            symbol = part if part.is_Symbol else self.lengths.standing_for(part)
            found = solve_for(symbol, formula.xreplace({part: symbol}), own, self.lengths)
            self._solved[part, own] = found
        found = self._solved[part, own]
        if found is not None:
            yield expr.xreplace({part: found})
