"""Expressions of one shape: x/(1 + y) and u/(1 + v) are rewritten alike, so one search serves
both. In a long recurrence every line has the shape of the line before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sympy as sp

from gradcalc.calculus.lengths import Lengths

LENGTHS = Lengths()  # of the symbols below, whose names tell their lengths


def shape(expr: sp.Expr, lengths: Lengths) -> tuple[sp.Expr, dict[sp.Symbol, sp.Symbol]]:
    """An expression with its symbols numbered in their order, and the symbol for each number. What
    else decides how it is rewritten stays with the number: how long the symbol reads, and what is
    known of it (a size is a positive integer).
    """
    symbols = sorted(expr.free_symbols, key=sp.default_sort_key)
    numbered = {
        symbol: _numbered(n, lengths.cost(symbol), symbol._assumptions_orig)
        for n, symbol in enumerate(symbols)
    }
    return renamed(expr, numbered), {number: symbol for symbol, number in numbered.items()}


def renamed(expr: sp.Expr, names: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """An expression in other symbols of the same order, and otherwise as it is: `xreplace` would
    multiply (1 − x)/2 out.
    """
    if expr.is_Symbol:
        return names[expr]
    if not expr.args or not expr.free_symbols:
        return expr
    args = [renamed(arg, names) for arg in expr.args]
    if isinstance(expr, (sp.Add, sp.Mul)):
        return expr.func._from_args(args)
    return sp.Pow(*args, evaluate=False) if isinstance(expr, sp.Pow) else expr.func(*args)


def _numbered(n: int, length: int, known: dict[str, bool]) -> sp.Symbol:
    return _symbol(n, length, tuple(sorted(known.items())))


@lru_cache(maxsize=4096)
def _symbol(n: int, length: int, known: tuple[tuple[str, bool], ...]) -> sp.Symbol:
    symbol = sp.Symbol(f"s{n:04}_{length}", **dict(known))
    LENGTHS.enter(symbol, length)
    return symbol
