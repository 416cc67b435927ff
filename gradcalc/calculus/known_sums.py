"""Sums that are known: Σ_j p_j is 1 for softmax, Σ_j (p_j − y_j) is 0, Σ_j (x_j − μ) is 0 for
their mean μ.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.quantities import Pseudo, Quantities
from gradcalc.calculus.terms import Ix, Key, size_expr
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.shape_rules import ONE, Size

PLACED = ("unit", "gather", "shift", "pair", "place")  # selectors that place their first index


@dataclass(frozen=True, slots=True)
class KnownSum:
    """What was known of a sum: the entries of `quantity` sum to 1, for it is one-hot, a softmax, or
    divided by its sum; or `deviations` from a mean sum to 0.
    """

    kind: str
    quantity: int = -1


class KnownSums:
    """What expressions of the entries of quantities sum to over an index."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities = quantities
        self.entries, self.nodes = quantities.entries, quantities.nodes

    def known_sum(self, expr: sp.Expr, ix: Ix) -> sp.Expr | None:
        """The number that an expression sums to over an index: 1 for p_j, 0 for p_j − y_j and
        for x_j − μ.
        """
        units = [self.unit_multiple(arg, ix) for arg in sp.Add.make_args(expr)]
        if any(unit is not None for unit in units):
            constants = zip(units, sp.Add.make_args(expr), strict=True)
            known = [
                unit if unit is not None else arg * size_expr(ix.size)
                for unit, arg in constants
                if unit is not None or ix not in self.entries.key(arg)
            ]
            whole = bounded.expand(sp.Add(*known)) if len(known) == len(units) else None
            if whole is not None and not self.entries.entries(whole):
                return whole
        if self.entries.lengths.cost(expr) > 12 or not self.averages:
            return None
        total = sp.S.Zero
        opened = self.quantities.opened(expr) if expr.is_Symbol else expr
        for arg in sp.Add.make_args(bounded.expand(opened) if expr.is_Symbol else opened):
            inside = sp.Mul(
                *(factor for factor in sp.Mul.make_args(arg) if ix in self.entries.key(factor))
            )
            quantity, at = (self.entries.entry(inside) if inside.is_Symbol else None) or (None, ())
            if inside == 1:
                total += arg * size_expr(ix.size)
            elif (
                isinstance(quantity, int)
                and at.count(ix) == 1
                and (quantity, at.index(ix)) in self.averages
            ):
                place = at.index(ix)
                total += arg / inside * self.total_of(quantity, place, at[:place] + at[place + 1 :])
            elif inside != expr and self.known_sum(inside, ix) == 0:  # of c_j / s, that of c_j
                continue
            else:
                return None
        for _ in range(3):
            total = self.quantities.opened(total)
        averages = {
            symbol: self.definition_of_mean(symbol) for symbol, _, _ in self.entries.entries(total)
        }
        total = total.xreplace(averages)
        return sp.S.Zero if bounded.expand(total) == 0 else None

    def reasons(self, expr: sp.Expr, ix: Ix) -> list[KnownSum]:
        """Why a sum is known: which of its quantities sum to 1, and for what."""
        found = []
        for arg in sp.Add.make_args(expr):
            if self.unit_multiple(arg, ix) is None:
                continue
            for _, quantity, at in self.entries.entries(arg):
                if isinstance(quantity, int) and ix in at:
                    softmax = self.nodes[quantity].op == "softmax"
                    onehot = "onehot" in self.quantities.assume.get(quantity, frozenset())
                    kind = "one-hot" if onehot else "softmax" if softmax else "divided"
                    found.append(KnownSum(kind, quantity))
        units = any(self.unit_multiple(arg, ix) is not None for arg in sp.Add.make_args(expr))
        return found if units else [KnownSum("deviations")]

    def unit_sum(self, quantity: Any, position: int) -> bool:
        """Do the entries sum to 1 over the index at `position`? Softmax, one-hot, selections."""
        if isinstance(quantity, Pseudo):
            return quantity.kind == "eye" or (quantity.kind in PLACED and position == 0)
        node = self.nodes[quantity]
        while node.op == "copy":
            node = self.nodes[node.args[0]]
        if node.op == "softmax":
            return bool(position == self.quantities.position(node, node.attrs["axis"]))
        if self.onehot(quantity):
            return position == self.last(quantity)
        return (quantity, position) in self.normalised

    def onehot(self, quantity: int) -> bool:
        """Is one entry along the last axis 1, and the others 0?"""
        assumed = "onehot" in self.quantities.assume.get(quantity, frozenset())
        return assumed and self.last(quantity) >= 0

    def last(self, quantity: int) -> int:
        """The place of the last axis in the index list of a quantity; -1 where it has none."""
        return len([size for size in self.nodes[quantity].shape if size != ONE]) - 1

    def unit_multiple(self, arg: sp.Expr, ix: Ix) -> sp.Expr | None:
        """c for c·p_j where the entries of p sum to 1 over j, and c does not depend on j."""
        inside = [factor for factor in sp.Mul.make_args(arg) if ix in self.entries.key(factor)]
        found = self.entries.entry(inside[0]) if len(inside) == 1 and inside[0].is_Symbol else None
        quantity, indices = found or (None, ())
        return (
            arg / inside[0]
            if indices.count(ix) == 1 and self.unit_sum(quantity, indices.index(ix))
            else None
        )

    def centred(self, expr: sp.Expr, over: Key) -> bool:
        """Does A_ij − Σ A/(mn) stand here, summed over all of its indices?"""
        numbers = {}
        for arg in sp.Add.make_args(expr):
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (self.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if (
                not isinstance(quantity, int)
                or quantity in numbers
                or (at and sorted(at) != sorted(over))
            ):
                return False
            numbers[quantity] = number
        for number, node in ((n, self.nodes[n]) for n in numbers):
            rest = numbers.keys() - {number, *node.args}
            if (
                node.op == "mean"
                and node.args[0] in numbers
                and not rest
                and self.quantities.axes(number) == ()
            ):
                return bool(numbers[number] == -numbers[node.args[0]])
        return False

    @cached_property
    def averages(self) -> set[tuple[int, int]]:
        """(q, place) for quantities that the graph sums or averages over that index alone."""
        places = (self.reduction(number) for number in range(len(self.quantities.graph.nodes)))
        return {(found[0], found[1]) for found in places if found is not None}

    def reduction(self, number: int) -> tuple[int, int, Size] | None:
        """(operand, place of the index, its size) of a node that sums or averages a bounded
        operand over one index.
        """
        node = self.nodes[number]
        if node.op not in ("sum", "mean") or node.args[0] not in self.quantities.bounded:
            return None
        operand = self.nodes[node.args[0]]
        names, axes = node.attrs.get("index", ()), node.attrs.get("axis", ())
        if len(names) == 1 and names[0] in operand.over:
            place = self.quantities.position(operand, len(operand.shape)) + operand.over.index(
                names[0]
            )
            return node.args[0], place, self.quantities.graph.indices[names[0]]
        if len(axes) == 1:
            return node.args[0], self.quantities.position(operand, axes[0]), operand.shape[axes[0]]
        return None

    def total_of(self, quantity: int, position: int, rest: Key) -> sp.Symbol:
        """The sum of a quantity over one of its indices, as a symbol that every sum and mean of
        it is written with.
        """
        return self.entries.symbol(f"total {quantity} {position}", rest)

    def definition_of_mean(self, symbol: sp.Symbol) -> sp.Expr:
        """Sums and means by one unit: a mean stays, a sum is the mean times the count (an
        arbitrary common symbol).
        """
        quantity, at = self.entries.entry(symbol) or (None, ())
        found = (
            self.reduction(quantity)
            if isinstance(quantity, int) and quantity < len(self.quantities.graph.nodes)
            else None
        )
        if found is None or not isinstance(quantity, int):
            return symbol
        operand, place, size = found
        total = self.total_of(operand, place, at)
        return total if self.nodes[quantity].op == "sum" else total / size_expr(size)

    @cached_property
    def normalised(self) -> set[tuple[int, int]]:
        """(q, axis) for quantities written out as e / Σ e: A_ij · g_i where g_i is one over the
        sum of A along j.
        """
        found, quantities = set(), self.quantities
        for number, node in enumerate(quantities.graph.nodes):
            if node.op != "sum" or len(node.attrs.get("axis", ())) != 1:
                continue
            summed = node.args[0]
            for user in quantities.users.get(summed, ()):
                own = quantities.fresh(user)
                if summed not in quantities.bounded:
                    continue
                if quantities.axes(user) != quantities.axes(summed):
                    continue
                position = quantities.position(self.nodes[summed], node.attrs["axis"][0])
                formula = quantities.formula(user, *quantities.full(self.nodes[user], own))
                factor = formula / quantities.entry(summed, own)
                total = quantities.entry(number, own[:position] + own[position + 1 :])
                for _ in range(3):
                    factor = quantities.opened(factor, keep=number)
                if bounded.cancel(factor * total) == 1:
                    found.add((user, position))
        return found
