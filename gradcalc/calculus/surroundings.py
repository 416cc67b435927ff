"""What stands around the entries of an expression: the formulas that they are made by, and the
named quantities that they make. A search for names asks here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

import sympy as sp

from gradcalc.calculus.bounds import SHORT
from gradcalc.calculus.quantities import Quantities
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.rewrite_rules import divided
from gradcalc.calculus.terms import Key
from gradcalc.language.fast_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a quantity.

    own      it is the numerator of the derivative
    formula  what it is made by, one level; None of what no formula makes
    copies   the entries that are nothing but this one under another name
    """

    own: bool = False
    formula: sp.Expr | None = None
    copies: tuple[sp.Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """A named quantity that an entry is used for: `own` = `formula`.

    numerator  it is what is differentiated
    solvable   its formula may be solved for the entry
    """

    formula: sp.Expr
    own: sp.Symbol
    numerator: bool
    solvable: bool


class Around:
    """The surroundings of entries in the names of one reading, each looked up once."""

    def __init__(self, quantities: Quantities, reading: Reading, solving: Solving) -> None:
        self.quantities, self.reading, self.solving = quantities, reading, solving
        self._entries: dict[sp.Symbol, Entry] = {}
        self._users: dict[sp.Symbol, tuple[User, ...]] = {}
        self._made_with: dict[int, tuple[int, ...]] = {}

    def entry(self, symbol: sp.Symbol) -> Entry:
        """What is known of an entry."""
        if symbol not in self._entries:
            quantity, at = self.quantities.entries.entry(symbol) or (None, ())
            self._entries[symbol] = self._entry(quantity, at)
        return self._entries[symbol]

    def users(self, symbol: sp.Symbol) -> tuple[User, ...]:
        """The named quantities that an entry is used for, entry by entry, nearest first. Each is
        found by the last of its operands, and by those it can be solved for.
        """
        if symbol not in self._users:
            quantity, at = self.quantities.entries.entry(symbol) or (None, ())
            found = self._found(symbol, quantity, at) if isinstance(quantity, int) else ()
            self._users[symbol] = tuple(found)
        return self._users[symbol]

    def _entry(self, quantity: Any, at: Key) -> Entry:
        quantities = self.quantities
        if not isinstance(quantity, int):
            return Entry()
        copies = tuple(
            quantities.entry(user, at)
            for user in self.solving.copies.get(quantity, ())
            if user in self.reading.names
        )
        formula = quantities.made_as(quantity, at)
        return Entry(quantity == self.reading.own, formula, copies)

    def _found(self, symbol: sp.Symbol, quantity: int, at: Key) -> Iterator[User]:
        quantities, solving = self.quantities, self.solving
        if quantity not in self._made_with:
            found = (
                user
                for user in quantities.users.get(quantity, ())
                if user in self.reading.names
                and quantities.axes(user) == quantities.axes(quantity)
                and (quantity == quantities.operands(user)[-1] or solving.solvable(user, quantity))
            )
            self._made_with[quantity] = tuple(islice(found, SHORT))
        for user in self._made_with[quantity]:
            formula = quantities.formula(user, *quantities.full(quantities.nodes[user], at))
            numerator, solvable = user == self.reading.own, solving.solvable(user, quantity)
            if formula != symbol or quantities.nodes[quantity].op != "input":  # else a copy
                yield User(formula, quantities.entry(user, at), numerator, solvable)


class Solving:
    """What the formulas of quantities say, whatever the reading: which are copies, and which may
    be solved for an operand.
    """

    def __init__(self, quantities: Quantities) -> None:
        self.quantities = quantities
        self._alone: dict[int, bool] = {}

    @cached_property
    def copies(self) -> dict[int, list[int]]:
        """A quantity -> those that are nothing but this one."""
        found: dict[int, list[int]] = {}
        for quantity, users in self.quantities.users.items():
            for user in users:
                if self.quantities.nodes[user].op == "copy":
                    found.setdefault(quantity, []).append(user)
        return found

    def solvable(self, user: int, quantity: int) -> bool:
        """Is a quantity solved for an operand: a computed one, never an input, and of a sum only
        where it has no other, E = N − 1, or in a fraction?
        """
        quantities = self.quantities
        if quantities.nodes[quantity].op == "input":
            return False
        if user not in self._alone:
            at = quantities.full(quantities.nodes[user], quantities.fresh(user))
            formula = quantities.formula(user, *at)
            alone = not formula.has(sp.Add) or len(quantities.entries.entries(formula)) == 1
            self._alone[user] = alone or divided(formula)
        return self._alone[user]
