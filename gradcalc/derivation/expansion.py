"""Formulas in inputs alone: the quantities in them written out, where that is short enough to be
read.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from functools import cached_property

import sympy as sp

from gradcalc.calculus.bounds import EXPANDED
from gradcalc.calculus.folding import units_read
from gradcalc.calculus.notation.derivative_forms import Forms
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.quantities import UNDEFINED
from gradcalc.calculus.sympy_functions import from_ast
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import SpanError
from gradcalc.language.named_formulas import Formulas, Named, needed
from gradcalc.language.parser import MAX_DEPTH, parse, unparse
from gradcalc.language.tokens import MAX_LENGTH, MAX_TOKENS
from gradcalc.language.tree import (
    Binary,
    Call,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    children,
    names,
    occurrences,
    substitute,
    walk,
)
from gradcalc.ops import SPELLINGS

EXPANDED_LIMIT = 300
FUNCTIONS = frozenset(("cos", "exp", "log", "sigmoid", "sin", "sqrt", "tanh"))
STOPS = frozenset(("stop_gradient",))  # it is said of derivatives: its value is its argument's


class Expansion:
    """Writes formulas of one graph in its inputs."""

    def __init__(self, forms: Forms) -> None:
        self.forms, self.engine, self.graph = forms, forms.engine, forms.graph
        self._named: dict[Named, tuple[Expr | None, int]] = {}

    def expanded(self, expr: Expr, where: Sequence[tuple[str, Expr]]) -> Expr | None:
        """The expression in inputs alone, or None beyond 300 operations, and where its text is more
        than one line may be.

        `where`: named gradients in it with their formulas, those that others need first.
        """
        table, lengths = self.opened_with(where)
        if expanded_length(expr, lengths) > EXPANDED_LIMIT:
            return None
        expr = self.tidied(substitute(expr, table, STOPS))
        return expr if readable(expr) else None

    def opened_with(
        self, where: Sequence[tuple[str, Expr]]
    ) -> tuple[Mapping[str, Expr], Mapping[str, int]]:
        """Quantities and named gradients in inputs alone, and how many operations they have."""
        if isinstance(where, Formulas) and not where.before:
            found = self._named
            for one in needed(where.direct, found):
                found[one] = self.named_opened(one.formula, one.uses)
            return self.beside(where.direct)
        table, lengths = dict(self._opened[0]), dict(self._opened[1])
        for name, formula in where:
            opened(name, formula, table, lengths)
        return table, lengths

    def named_opened(self, formula: Expr, uses: Sequence[Named]) -> tuple[Expr | None, int]:
        """A formula in inputs alone, where that is short, and how many operations it has."""
        table, lengths = self.beside(uses)
        length = expanded_length(formula, lengths)
        return substitute(formula, table, STOPS) if length <= EXPANDED_LIMIT else None, length

    def beside(self, named: Sequence[Named]) -> tuple[Mapping[str, Expr], Mapping[str, int]]:
        """Quantities in inputs alone, and beside them named gradients."""
        found = {one.name: self._named[one] for one in named if one in self._named}
        table = {name: expr for name, (expr, _) in found.items() if expr is not None}
        lengths = {name: length for name, (_, length) in found.items()}
        return ChainMap(table, self._opened[0]), ChainMap(lengths, self._opened[1])

    def tidied(self, expr: Expr) -> Expr:
        """An expression in numbers alone with what cancels cancelled, where that is shorter: a +
        b + (a − b) is 2a.
        """
        words = names(expr)
        if operations(expr) > EXPANDED or not all(
            word in self._numbers or word in ("pi", "e") for word in words
        ):
            return expr
        entry = self.engine.quantities.entry
        table = {word: entry(self._numbers[word], ()) for word in words if word in self._numbers}
        try:
            found = from_ast(expr, table)
        except (TypeError, KeyError):
            return expr
        found = self.engine.algebra.simplifier.tidy(units_read(found))
        if not UNDEFINED.isdisjoint(sp.preorder_traversal(found)):
            return expr
        written = self.forms.writer().matrix([self.engine.algebra.term(found)], ())
        return min(
            expr,
            write(written)[0],
            key=lambda form: operations(form) + bars(form) + len(list(occurrences(form))),
        )

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        """The names that are numbers, with their nodes."""
        quantities = self.engine.quantities
        return {
            name: n
            for name, n in self.graph.names.items()
            if not quantities.axes(n) and not quantities.nodes[n].shape
        }

    @cached_property
    def _opened(self) -> tuple[dict[str, Expr], dict[str, int]]:
        """Quantities written in inputs alone, where that is short enough, and how many
        operations all of them have.
        """
        table: dict[str, Expr] = {}
        lengths: dict[str, int] = {}
        for name in self.graph.quantities:
            if self.graph.node(name).op != "toaxis":
                opened(
                    name, tree(self.graph.nodes, self.graph.names[name], open_=True), table, lengths
                )
        return table, lengths


def operations(expr: Expr | None) -> int:
    """How many operations an expression has."""
    count, stack = 0, [expr] if expr is not None else []
    while stack:
        parts = children(stack.pop())
        count += bool(parts)
        stack.extend(parts)
    return count


def reading_length(expr: Expr) -> int:
    """How many names and operations an expression has; an entry or a unit vector counts as a
    name, a sign not at all.
    """
    length, stack = 0, [expr]
    while stack:
        part = stack.pop()
        whole = isinstance(part, (Name, Index))
        parts = () if whole else children(part)
        length += whole or (bool(parts) and not isinstance(part, Neg))
        stack.extend(parts)
    return length


def readable(expr: Expr) -> bool:
    """Is its text within the limits of a line, so that it parses back?"""
    if plain(expr):
        return True
    try:
        parse(
            unparse(expr),
            {call.func for call in walk(expr) if isinstance(call, Call)} - SPELLINGS.keys(),
        )
    except SpanError:
        return False
    return True


def plain(expr: Expr) -> bool:
    """Is it within all limits for certain: operations on names and small numbers, which parse
    back? Lengths are counted with parentheses around every operation.
    """
    length, tokens, stack = 0, 0, [(expr, 0)]
    while stack:
        part, depth = stack.pop()
        tokens += 3
        match part:
            case Name():
                length, tokens = length + len(part.id), tokens - 2
            case Num(value) if abs(value.numerator) < 10**6 and value.denominator < 10**6:
                length, tokens = length + 15, tokens + 2
            case Neg():
                length += 3
                stack.append((part.arg, depth + 1))
            case Binary("+" | "-" | "*" | "/", left, right):
                length += 5 if part.op in "+-" else 3
                same = isinstance(left, Binary) and left.op == part.op
                stack += [(left, depth + (not same)), (right, depth + 1)]
            case Binary("^", left, Num(value)) if value.denominator == 1 and value <= 100:
                length, tokens = length + 6, tokens + 1
                stack.append((left, depth + 1))
            case Call(func, (arg,), (), 0) if func in FUNCTIONS:
                length += len(func) + 2
                stack.append((arg, depth + 1))
            case _:
                return False
        if depth > MAX_DEPTH // 3 or length > MAX_LENGTH - 100 or tokens > MAX_TOKENS - 50:
            return False
    return True


def opened(name: str, formula: Expr, table: dict[str, Expr], lengths: dict[str, int]) -> None:
    """Enter a formula in those written in inputs alone, if it is not beyond the limit; and its
    length.
    """
    lengths[name] = expanded_length(formula, lengths)
    if lengths[name] <= EXPANDED_LIMIT:
        table[name] = substitute(formula, table, STOPS)


def expanded_length(expr: Expr, lengths: Mapping[str, int]) -> int:
    """How many operations an expression has once its names are replaced by expressions of these
    lengths.
    """
    return operations(expr) + sum(lengths.get(name.id, 0) for name in occurrences(expr))


def bars(expr: Expr) -> int:
    """How many fractions of an expression stand in a product, a power or another fraction."""
    within = [part for part in walk(expr) if isinstance(part, Binary) and part.op in "/*^"]
    return sum(
        isinstance(side, Binary) and side.op == "/"
        for part in within
        for side in (part.left, part.right)
    )
