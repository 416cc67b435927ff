"""The shortest way to read an expression: definitions of named quantities read backwards.

E/N² with N = 1 + E and f = 1/N becomes f (1 − f): each named quantity is solved for an operand in
which it is linear-fractional, a few steps deep.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

import sympy as sp

from gradcalc.calculus.bounds import SEARCHED, SHORT
from gradcalc.calculus.folding import divisors, folded, of_names, solve_for, varying
from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import NodeSet, Reading
from gradcalc.calculus.rewrite_rules import divided
from gradcalc.calculus.same_search import Searches, Surroundings
from gradcalc.calculus.same_shape import LENGTHS, entries
from gradcalc.calculus.simplify import Simplifier
from gradcalc.calculus.surroundings import Around, Solving


class NameSearch:
    """Finds the shortest form of an expression in the names of quantities."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities, self.solving = quantities, Solving(quantities)
        self.searches = Searches(Search(LENGTHS).shortened, quantities.entries.lengths)
        self._shortened: dict[Reading, dict[tuple[sp.Expr, bool, bool], sp.Expr]] = {}
        self._readings: dict[int, Reading] = {}
        self._around: dict[Reading, Around] = {}

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
        if key not in shortened:
            if reading not in self._around:
                self._around[reading] = Around(self.quantities, reading, self.solving)
            shortened[key] = self.searches.found(expr, self._around[reading], deep, summand)
        return shortened[key]


class Search:
    """The search itself, which knows of an expression what its surroundings say."""

    def __init__(self, lengths: Lengths) -> None:
        self.lengths, self.simplifier = lengths, Simplifier(lengths)
        self._solved: dict[tuple[sp.Expr, sp.Expr, sp.Symbol], sp.Expr | None] = {}

    def shortened(self, expr: sp.Expr, around: Surroundings, deep: bool, summand: bool) -> sp.Expr:
        """See `NameSearch.shorten`."""
        expr = one_name(expr, around)
        first = self.simplifier.tidy(expr)
        frontier = [first, *(self.written_out(first, around) if deep else ())]
        if isinstance(expr, sp.Add) and expr not in frontier:
            frontier.append(expr)
        seen = set(frontier)
        own = any(around.entry(symbol).own for symbol in entries(expr))

        def length(expr: sp.Expr) -> tuple[int, int, int]:
            return self.legibility(expr, around, own or summand)

        best = frontier[0] if len(frontier) == 1 else min(frontier, key=length)
        for _ in range(3):
            found = []
            for current in frontier:
                for candidate in self.readings(current, around, deep, summand):
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
            alike = [found for found in frontier if divides_alike(found, expr, around)]
            best = min([best, *alike], key=length) if alike else best
            if not frontier:
                break
        return best

    def legibility(self, expr: sp.Expr, around: Surroundings, own: bool) -> tuple[int, int, int]:
        """How long an expression reads; in a fraction the quantity that is differentiated is less
        at hand than others, where the rules have it not: `own` says that they do.
        """
        apart = (
            not own
            and any(around.entry(symbol).own for symbol in entries(expr))
            and bool(divisors(expr))
        )
        length, symbols, unfactored = self.lengths.measure(expr)
        return length + 2 * apart, symbols, unfactored

    def written_out(self, expr: sp.Expr, around: Surroundings) -> list[sp.Expr]:
        """An expression that divides, its names written out one and two levels deep: p/(1 − p)
        times 1 − p is p; and those alone that are made of what stands beside them.
        """
        found: list[sp.Expr] = []
        if not divisors(expr) and not any(divides(symbol, around) for symbol in entries(expr)):
            return found
        for start in dict.fromkeys((expr, opened(expr, around, within=expr.free_symbols))):
            inner = start if start == expr else self.simplifier.tidy(start)
            found += [inner] if inner != expr and divisors(start) else []
            for _ in range(2):
                inner = opened(inner, around)
                if self.lengths.cost(inner) > SEARCHED or not divisors(inner):
                    break
                inner = self.simplifier.tidy(inner)
                found.append(inner)
        return found

    def readings(
        self, expr: sp.Expr, around: Surroundings, solve: bool, summand: bool
    ) -> list[sp.Expr]:
        """The expression with a named elementwise quantity read back for its formula; or, where
        that takes an equation to `solve`, with an operand expressed by that quantity.
        """
        results: list[sp.Expr] = []
        if self.lengths.cost(expr) > SEARCHED:
            return results
        monomial = of_names(expr, self.lengths)
        known = expr.free_symbols
        for symbol in entries(expr):
            for user in around.users(symbol):
                formula, own = user.formula, user.own
                if all(part in known or part.is_integer for part in formula.free_symbols):
                    named = folded(expr, formula, own, self.lengths)
                    kept = monomial and not (summand and user.numerator)
                    if named != expr and not (kept and self.left(named, formula)):
                        results.append(named)
                    for part in self.inner(formula) if solve else ():
                        if expr.has(part):
                            results += self.solved(expr, part, formula, own)
                if solve and user.solvable:
                    results += (
                        read
                        for read in self.solved(expr, symbol, formula, own)
                        if not (monomial and self.left(read, formula))
                        and not divides_anew(read, expr, formula)
                    )
        return results

    def left(self, expr: sp.Expr, formula: sp.Expr) -> bool:
        """Is something left of a product, a quotient or a power of names? −n/d² is not −f/d."""
        return of_names(formula, self.lengths) and bool(expr.free_symbols & varying(formula))

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
        key = part, formula, own
        if key not in self._solved:
            symbol = part if part.is_Symbol else self.lengths.standing_for(part)
            found = solve_for(symbol, formula.xreplace({part: symbol}), own, self.lengths)
            self._solved[key] = found
        found = self._solved[key]
        if found is not None:
            yield expr.xreplace({part: found})


def one_name(expr: sp.Expr, around: Surroundings) -> sp.Expr:
    """An expression in which a quantity and its copy both stand, with the copy for both."""
    known, table = expr.free_symbols, {}
    for symbol in entries(expr):
        for copy in around.entry(symbol).copies:
            if copy in known:
                table[symbol] = copy
    return expr.xreplace(table)


def opened(expr: sp.Expr, around: Surroundings, within: Set[sp.Symbol] | None = None) -> sp.Expr:
    """Named elementwise quantities replaced by their formulas, one level. `within`: only those
    made of these symbols.
    """
    table = {}
    for symbol in entries(expr):
        formula = around.entry(symbol).formula
        if formula is not None and (within is None or formula.free_symbols <= within):
            table[symbol] = formula
    return expr.xreplace(table)


def divides(symbol: sp.Symbol, around: Surroundings) -> bool:
    """Does the formula of an entry divide by something?"""
    return bool(divisors(opened(symbol, around)))


def divides_alike(found: sp.Expr, expr: sp.Expr, around: Surroundings) -> bool:
    """Whether a reading divides by nothing new, only by names or factors of what `expr` divides
    by.
    """
    known = divisors(expr) | divisors(opened(expr, around))
    return all(
        divisor in known or opened(divisor, around).free_symbols <= known
        for divisor in divisors(found)
    )


def divides_anew(read: sp.Expr, expr: sp.Expr, formula: sp.Expr) -> bool:
    """Does an expression without a denominator divide, now that a formula without one is solved
    for an operand: x y + z with c = y z is x c/z + z, and nothing cancels?
    """
    return not divided(formula) and not divisors(expr) and bool(divisors(read))
