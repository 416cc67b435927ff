"""Expressions of one shape: x/(1 + y) and u/(1 + v) are rewritten alike, so one search serves
both. In a long recurrence every line has the shape of the line before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache

import sympy as sp

from gradcalc.calculus.lengths import Lengths

STEP = 1 << 40  # between the places of symbols, so that others find room between them
MIDDLE = 1 << 62
LENGTHS = Lengths()  # of the symbols below, whose names tell their lengths


def shape(expr: sp.Expr, lengths: Lengths) -> tuple[sp.Expr, dict[sp.Symbol, sp.Symbol]]:
    """An expression with its symbols numbered in their order, and the symbol for each number. What
    else decides how it is rewritten stays with the number: how long the symbol reads, and what is
    known of it (a size is a positive integer).
    """
    symbols = sorted(expr.free_symbols, key=sp.default_sort_key)
    numbers = {
        symbol: place_symbol(n, lengths.cost(symbol), symbol._assumptions_orig)
        for n, symbol in enumerate(symbols)
    }
    return renamed(expr, numbers), {number: symbol for symbol, number in numbers.items()}


def renamed(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """An expression in other symbols of the same order, and otherwise as it is: `xreplace` would
    multiply (1 − x)/2 out.
    """
    if expr.is_Symbol:
        return names[expr]
    args = [renamed(arg, names) for arg in expr.args]
    if all(new is old for new, old in zip(args, expr.args, strict=True)):
        return expr
    if isinstance(expr, (sp.Add, sp.Mul)):
        return expr.func._from_args(args)
    return sp.Pow(*args, evaluate=False) if isinstance(expr, sp.Pow) else expr.func(*args)


def place_symbol(
    place: int, length: int, known: Mapping[str, bool], given: bool = False
) -> sp.Symbol:
    """A symbol that stands at a place in the order of all, with what decides how it is read."""
    return _symbol(place, length, tuple(sorted(known.items())), given)


@lru_cache(maxsize=4096)
def _symbol(place: int, length: int, known: tuple[tuple[str, bool], ...], given: bool) -> sp.Symbol:
    symbol = sp.Symbol(f"q{place:020}_{length}{'g' * given}", **dict(known))
    if length > 1:
        LENGTHS.enter(symbol, length)
    if given:
        LENGTHS.give(symbol)
    return symbol


class Crowded(Exception):
    """There is no place left between two symbols."""


class Numbering:
    """Symbols, each numbered where it is met first, in the order of their names; how long they
    read, and whether they are given, goes with the number.
    """

    def __init__(self, lengths: Lengths) -> None:
        self.lengths = lengths
        self.number: dict[sp.Symbol, sp.Symbol] = {}
        self.symbol: dict[sp.Symbol, sp.Symbol] = {}
        self._names: list[str] = []
        self._places: list[int] = []

    def __call__(self, symbol: sp.Symbol) -> sp.Symbol:
        """The number of a symbol, a new one behind those it follows in order."""
        found = self.number.get(symbol)
        if found is None:
            at = bisect_left(self._names, symbol.name)
            place = self._place(at)
            self._names.insert(at, symbol.name)
            self._places.insert(at, place)
            lengths = self.lengths
            found = place_symbol(
                place, lengths.cost(symbol), symbol._assumptions_orig, lengths.given(symbol)
            )
            self.number[symbol], self.symbol[found] = found, symbol
        return found

    def _place(self, at: int) -> int:
        places = self._places
        if not places:
            return MIDDLE
        if at == len(places):
            return places[-1] + STEP
        if at == 0:
            return places[0] - STEP
        place = (places[at - 1] + places[at]) // 2
        if place == places[at - 1]:
            raise Crowded
        return place

    def expr(self, expr: sp.Expr, *beside: sp.Symbol) -> sp.Expr:
        """An expression in numbers, its symbols and those `beside` it met in their order."""
        for symbol in sorted({*expr.free_symbols, *beside}, key=by_name):
            self(symbol)
        return renamed(expr, self.number)


def by_name(symbol: sp.Symbol) -> str:
    """Entries are named in the order of the graph."""
    return str(symbol.name)


def entries(expr: sp.Expr) -> list[sp.Symbol]:
    """The entries in an expression, in the order of the graph; its other symbols are sizes."""
    found = (symbol for symbol in expr.free_symbols if not symbol.is_integer)
    return sorted(found, key=by_name)
