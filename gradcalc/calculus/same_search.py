"""Searches in like surroundings, made once.

In a long computation every line is written like others: a search that looks at like expressions,
finds like formulas around them and like users finds the same, in other names. So a search works in
numbered symbols, and what it looked up on its way is kept as a path: where another expression of
that shape meets the same answers all along, the result of the first is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Protocol

import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.calculus.same_shape import Crowded, Numbering, by_name, renamed, shape
from gradcalc.calculus.surroundings import Entry, User

Asked = tuple[str, sp.Symbol]  # what is looked up, of which number


class Surroundings(Protocol):
    """What a search may ask of an entry."""

    def entry(self, symbol: sp.Symbol) -> Entry: ...

    def users(self, symbol: sp.Symbol) -> tuple[User, ...]: ...


class _Path:
    """A stretch of a search: what is asked next, and where each answer leads; or what is found."""

    __slots__ = ("asked", "branches", "found")

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.branches: dict[Hashable, _Path] = {}
        self.found: sp.Expr | None = None

    def after(self, answer: Hashable) -> _Path:
        """Where an answer leads."""
        found = self.branches.get(answer)
        if found is None:
            found = self.branches[answer] = _Path()
        return found


class Searches:
    """The searches of one kind: `search` takes an expression, its surroundings and options, and
    gives an expression.
    """

    def __init__(self, search: Callable[..., sp.Expr], lengths: Lengths) -> None:
        self.search, self.lengths = search, lengths
        self._paths: dict[Hashable, _Path] = {}
        self._shapes: dict[sp.Expr, tuple[sp.Expr, tuple[sp.Symbol, ...]]] = {}

    def found(self, expr: sp.Expr, around: Surroundings, *options: bool) -> sp.Expr:
        """What the search finds, along the path of a like one where there is one."""
        try:
            number = Numbering(self.lengths)
            start = number.expr(expr)
            path = first = self._paths.setdefault((start, options), _Path())
            while path.asked is not None:
                path = path.after(self.said(path.asked, around, number))
            if path.found is None:
                noted = _Noted(self, around, number, first)
                found = self.search(start, noted, *options)
                path = noted.path
                path.found = found
            assert path.found is not None
            return renamed(path.found, number.symbol)
        except Crowded:
            return self.search(expr, around, *options)

    def said(self, asked: Asked, around: Surroundings, number: Numbering) -> Hashable:
        """An answer in numbers, to be compared with others."""
        kind, symbol = asked
        if kind == "users":
            return tuple(
                (
                    self.written(user.formula, number),
                    number(user.own),
                    user.numerator,
                    user.solvable,
                )
                for user in around.users(number.symbol[symbol])
            )
        entry = around.entry(number.symbol[symbol])
        formula = None if entry.formula is None else self.written(entry.formula, number)
        return entry.own, formula, tuple(map(number, entry.copies))

    def written(self, formula: sp.Expr, number: Numbering) -> tuple[sp.Expr, ...]:
        """The shape of a formula and the numbers in it."""
        found = self._shapes.get(formula)
        if found is None:
            symbols = tuple(sorted(formula.free_symbols, key=by_name))
            found = self._shapes[formula] = shape(formula, self.lengths)[0], symbols
        return (found[0], *map(number, found[1]))


class _Noted:
    """Surroundings in numbers; what is asked and said is noted on a path."""

    def __init__(
        self, searches: Searches, around: Surroundings, number: Numbering, path: _Path
    ) -> None:
        self.searches, self.around, self.number, self.path = searches, around, number, path
        self._known: set[Asked] = set()

    def entry(self, symbol: sp.Symbol) -> Entry:
        """What is known of an entry."""
        self._note(("entry", symbol))
        found, number = self.around.entry(self.number.symbol[symbol]), self.number.number
        formula = None if found.formula is None else renamed(found.formula, number)
        return Entry(found.own, formula, tuple(number[copy] for copy in found.copies))

    def users(self, symbol: sp.Symbol) -> tuple[User, ...]:
        """The named quantities that an entry is used for."""
        self._note(("users", symbol))
        number = self.number.number
        return tuple(
            User(renamed(user.formula, number), number[user.own], user.numerator, user.solvable)
            for user in self.around.users(self.number.symbol[symbol])
        )

    def _note(self, asked: Asked) -> None:
        if asked not in self._known:
            self._known.add(asked)
            self.path.asked = asked
            answer = self.searches.said(asked, self.around, self.number)
            self.path = self.path.after(answer)
