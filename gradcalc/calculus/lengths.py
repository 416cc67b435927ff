"""How long expressions read: the quantities in them that read longer than a name, and what
follows for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import sympy as sp

from gradcalc.calculus.sympy_functions import divides


class Lengths:
    """A table of symbols that stand for more than a name, and the lengths of expressions by it."""

    def __init__(self) -> None:
        self._of: dict[sp.Symbol, int] = {}
        self._given: set[sp.Symbol] = set()
        self.cost: Callable[[sp.Expr], int] = lru_cache(maxsize=50_000)(self._cost)

    def enter(self, symbol: sp.Symbol, length: int) -> None:
        """A symbol that is written out where it stands, and how long that reads."""
        self._of[symbol] = length

    def give(self, symbol: sp.Symbol) -> None:
        """A symbol that is an entry of an input."""
        self._given.add(symbol)

    def given(self, expr: sp.Expr) -> bool:
        """Is it an entry of an input?"""
        return expr in self._given

    def written_out(self, expr: sp.Expr) -> bool:
        """Is it a symbol that is written out, an entry of a quantity without a name?"""
        return expr in self._of

    def standing_for(self, expr: sp.Expr) -> sp.Symbol:
        """A symbol that is as long as the expression it stands for."""
        symbol = sp.Dummy("q~", real=True)  # sorted behind the entries
        self.enter(symbol, self.cost(expr))
        return symbol

    def _cost(self, expr: sp.Expr) -> int:
        """How long an expression reads: its atoms and operations, as one would write it with
        fractions.
        """
        if isinstance(expr, sp.Rational):
            return 1 if expr.q == 1 else 2
        if expr.is_Atom:
            return self._of.get(expr, 1)
        if isinstance(expr, (sp.Mul, sp.Pow)):
            above, below, inside = 0, 0, 0
            parts = [factor for factor in sp.Mul.make_args(expr) if factor is not sp.S.NegativeOne]
            for factor in parts:
                base, exponent = (
                    factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
                )
                negative = divides(exponent)
                exponent = -exponent if negative else exponent
                raised = (
                    0 if exponent == 1 else 1 if exponent == sp.S.Half else 1 + self.cost(exponent)
                )
                length = self.cost(base) + raised
                above, below = (above, below + length) if negative else (above + length, below)
                sums = [part for part in sp.Mul.make_args(base) if isinstance(part, sp.Add)]
                inside += any(sp.fraction(arg)[1] != 1 for part in sums for arg in part.args)
            # A fraction inside another is hard to read.
            return (
                above
                + below
                + len(parts)
                - 1
                + (2 if below and not above else 0)
                + (3 * inside if below else 0)
            )
        return sum(self.cost(arg) for arg in expr.args) + max(len(expr.args) - 1, 1)

    def shortest(self, exprs: Sequence[sp.Expr]) -> sp.Expr:
        """The one that reads shortest; of several, the one that `measure` prefers, and of those
        the first.
        """
        costs = [self.cost(expr) for expr in exprs]
        best = [expr for expr, length in zip(exprs, costs, strict=True) if length == min(costs)]
        return best[0] if len(best) == 1 else min(best, key=self.measure)

    def measure(self, expr: sp.Expr) -> tuple[int, int, int]:
        """What `shortest` means: how long it reads, how many different quantities it names, how
        much is left to factor.
        """
        sums = [part for part in sp.preorder_traversal(expr) if isinstance(part, sp.Add)]
        unfactored = sum(
            bool(set.intersection(*(set(above(arg).free_symbols) for arg in part.args)))
            for part in sums
        )
        unfactored += sum(len(complements(part)) for part in sums)
        return self.cost(expr), len(expr.free_symbols), unfactored + conjugates(expr)


def above(expr: sp.Expr) -> sp.Expr:
    """What stands above the bar."""
    return sp.Mul(
        *(f for f in sp.Mul.make_args(expr) if not (isinstance(f, sp.Pow) and divides(f.exp)))
    )


def conjugates(expr: sp.Expr) -> int:
    """How many products (y − x) (y + x) there are, which read better as y² − x²."""
    found = 0
    for product in expr.atoms(sp.Mul):
        pairs = [
            part.args for part in product.args if isinstance(part, sp.Add) and len(part.args) == 2
        ]
        found += any(
            {a, -b} == set(other) or {-a, b} == set(other) for a, b in pairs for other in pairs
        )
    return found


def complements(total: sp.Add) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """(t·a, −t·a², a) among the summands, which read better as t·a·(1 − a)."""
    found = []
    for square in total.args if len(total.args) > 2 else ():
        for factor in sp.Mul.make_args(square):
            if (
                isinstance(factor, sp.Pow)
                and factor.exp == 2
                and -square / factor.base in total.args
            ):
                found.append((-square / factor.base, square, factor.base))
    return found
