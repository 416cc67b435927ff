"""Nodes and terms as pieces of array code.

A node is written from its operands down to what has a variable of its own; a derivative from its
terms: what stands at the same indices entry by entry, sums as matrix products. Arrays are held as
stacks: positional axes, then named indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.sympy_functions import CONSTANTS, product_ast, to_ast
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.codegen.elementwise import formula
from gradcalc.codegen.labelled_arrays import Arrays, Axes, Piece
from gradcalc.graph.model import Node
from gradcalc.graph.to_expression import signed
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import number as number_tree
from gradcalc.language.tree import plus
from gradcalc.ops import NODES

Positional = Sequence["Ix | None"]
Named = Mapping[str, Ix]

# Emitter, node, its indices, the axes wanted -> Piece; None: it is written from its definition
# instead.
Rule: TypeAlias = "Callable[[Emitter, Node, list[Ix | None], Named, Axes], Piece | None]"


class Emitter:
    """`variables`: node -> the variable that holds it; `size(name)`: the variable of a symbolic
    size; `rules`: the operations on whole arrays (rules.py); `masks`: where(z > 0, 1, 0) as a
    factor is (z > 0).
    """

    def __init__(
        self,
        engine: Engine,
        arrays: Arrays,
        variables: dict[int, str],
        size: Callable[[str], str],
        rules: Mapping[str, Rule],
        masks: bool = False,
    ) -> None:
        self.engine, self.arrays, self.variables, self.size_name = engine, arrays, variables, size
        self.rules, self.masks = rules, masks

    # ---- sizes and stores

    def size(self, size: Size) -> Piece:
        """A size as a Python number."""
        leaves = {name: Piece(self.size_name(name), plain=True) for name in size.names}
        return formula(self.arrays, size_tree(size), leaves, None)

    def shape(self, axes: Axes) -> str:
        """The sizes of axes as a tuple."""
        inside = ", ".join("1" if axis is None else self.size(axis.size).text for axis in axes)
        return f"({inside},)" if len(axes) == 1 else f"({inside})"

    @staticmethod
    def stored(node: Node, positional: Positional, named: Named) -> Axes:
        """The axes of the array that holds a node: those of its stack, where it has one value
        per example.
        """
        inner = (
            positional[:1]
            if node.over and len(node.shape) == 2 and node.shape[1] == ONE
            else positional
        )
        return (*inner, *(named[name] for name in node.over))

    @staticmethod
    def own(node: Node, positional: Positional) -> list[Ix | None]:
        """The positions that concern a node: the last ones, none where its axis has length 1."""
        last = list(positional)[len(positional) - len(node.shape) :] if node.shape else []
        return [None if size == ONE else ix for ix, size in zip(last, node.shape, strict=True)]

    # ---- nodes

    def value(
        self,
        number: int,
        positional: Positional,
        named: Named,
        hint: Axes | None = None,
        fresh: bool = False,
    ) -> Piece:
        """A node at indices. `fresh`: its own formula even where it has a variable."""
        node = self.engine.quantities.nodes[number]
        at = self.own(node, positional)
        axes = self.stored(node, at, named)
        if number in self.variables and not fresh:
            return Piece(self.variables[number], axes=axes)
        if not self.engine.quantities.entrywise(node):
            return self.structured(number, at, named, hint or axes)
        leaves: dict[str, Piece] = {}
        expr = self.tree(number, at, named, leaves, fresh)
        if isinstance(expr, Name) and expr.id in leaves:
            return leaves[expr.id]
        return formula(self.arrays, expr, leaves, hint or axes, self.masks)

    def tree(
        self,
        number: int,
        positional: Positional,
        named: Named,
        leaves: dict[str, Piece],
        fresh: bool = False,
    ) -> Expr:
        """An elementwise node as an expression in leaves, down to variables and to what is not
        elementwise.
        """
        node = self.engine.quantities.nodes[number]
        at = self.own(node, positional)
        if not fresh and (number in self.variables or not self.engine.quantities.entrywise(node)):
            return self.leaf(self.value(number, at, named), leaves)

        def arg(position: int, where: Positional = at, names: Named = named) -> Expr:
            return self.tree(node.args[position], where, names, leaves)

        op = node.op
        if op == "const":
            value = node.attrs["value"]
            return Name(value) if isinstance(value, str) else number_tree(value)
        if op == "size":
            return self.leaf(self.size(node.attrs["value"]), leaves)
        if op in ("ones", "zeros"):
            return number_tree(1 if op == "ones" else 0)
        if op == "index":
            ix = named[node.attrs["name"]]
            return self.leaf(self.arrays.call("{arange}", self.size(ix.size), axes=(ix,)), leaves)
        if op == "copy":
            return arg(0)
        if op == "transpose":
            return arg(0, at[::-1])
        if op == "toaxis":
            names = node.attrs["indices"]
            return arg(
                0,
                at[len(names) :],
                {**named, **{n: ix for n, ix in zip(names, at, strict=False) if ix is not None}},
            )
        if op == "getitem":
            given = iter(at)
            inner = [
                named[item[1]] if item[0] == "index" else next(given)
                for item, _ in self.engine.quantities.items(node)
            ]
            return arg(0, inner)
        args = [arg(n) for n in range(len(node.args))]
        if NODES[op].sign:
            return signed(op, *args)
        return Neg(args[0]) if op == "neg" else Call(op, tuple(args))

    @staticmethod
    def leaf(piece: Piece, leaves: dict[str, Piece]) -> Name:
        name = f"~{len(leaves)}"
        leaves[name] = piece
        return Name(name)

    def structured(self, number: int, at: list[Ix | None], named: Named, hint: Axes) -> Piece:
        node = self.engine.quantities.nodes[number]
        rule = self.rules.get(node.op)
        found = rule(self, node, at, named, hint) if rule else None
        if found is not None:
            return found
        return self.terms(
            self.engine.definitions.definition(
                number, self.engine.quantities.flat(number, at, named)
            ),
            hint,
        )

    def exact(self, number: int, positional: Positional, named: Named, axes: Axes) -> Piece:
        """A node's array with exactly these axes."""
        return self.arrays.exact(
            self.value(number, positional, named, axes), axes, self.shape(axes)
        )

    # ---- terms

    def terms(self, terms: Sequence[Term], hint: Axes) -> Piece:
        """A sum of terms over the labels of `hint`."""
        leaves: dict[str, Piece] = {}
        total: Expr | None = None
        front, terms = shared(terms)
        for term in sorted(terms, key=lambda t: bool(t.coef.could_extract_minus_sign())):
            expr = self.term(term, leaves, hint)
            total = expr if total is None else plus(total, expr)
        if total is None:
            return Piece("0.0", plain=True)
        if isinstance(total, Name) and total.id in leaves:
            return leaves[total.id]
        if front != 1:
            number, rest = front.as_coeff_Mul()
            total = factored(
                product_ast(rest, lambda symbol: self.symbol(symbol, leaves), self.rank, number),
                total,
            )
        return formula(self.arrays, total, leaves, hint, self.masks)

    def term(self, term: Term, leaves: dict[str, Piece], hint: Axes) -> Expr:
        """coefficient × what stands outside the sum × the sum."""
        outside, inside = term.coef, []
        for key, expr in sorted(term.groups.items(), key=lambda item: item[0]):
            if set(key) & term.summed:
                inside += self.group(expr)
            else:
                outside *= expr
        standing: dict[sp.Symbol, Expr] = {}

        def stand_in(piece: Piece) -> sp.Symbol:
            symbol = sp.Symbol(f"~~{len(standing)}", real=True)  # sorts behind the entries
            standing[symbol] = self.leaf(piece, leaves)
            return symbol

        for a, b in sorted(term.deltas):
            outside *= stand_in(self.eye(a, b))
        if inside:
            have = set().union(*(piece.labels for piece in inside))
            for ix in sorted(term.summed - have):
                outside *= stand_in(self.size(ix.size))
            outside *= stand_in(self.arrays.contract(inside, term.summed & have, hint))
        rest_number, rest = outside.as_coeff_Mul()
        return product_ast(
            rest,
            lambda symbol: standing.get(symbol) or self.symbol(symbol, leaves),
            self.rank,
            rest_number,
        )

    def group(self, expr: sp.Expr) -> list[Piece]:
        """Factors on the same indices as pieces to be contracted."""
        leaves: dict[str, Piece] = {}
        written = to_ast(expr, lambda symbol: self.symbol(symbol, leaves), self.rank)
        if isinstance(written, Name) and written.id in leaves:
            return [leaves[written.id]]
        return [formula(self.arrays, written, leaves, None, self.masks)]

    def rank(
        self, expr: sp.Expr, summand: bool = False, beside: sp.Expr = sp.S.One
    ) -> tuple[Any, ...]:
        """Gradients first, then quantities in the order of the graph, sums and functions last."""
        found = self.engine.quantities.entries.entries(expr)
        gradient = any(isinstance(q, int) and q in self.gradients for _, q, _ in found)
        simple = expr.is_Symbol or (isinstance(expr, sp.Pow) and expr.base.is_Symbol)
        return (not gradient and bool(found),), not simple, [s.name for s, _, _ in found], str(expr)

    @property
    def gradients(self) -> Mapping[int, Any]:
        return self.engine.named

    def symbol(self, symbol: sp.Symbol, leaves: dict[str, Piece]) -> Name:
        found = self.engine.quantities.entries.entry(symbol)
        if symbol in CONSTANTS:
            return Name(CONSTANTS[symbol][0])
        if found is None:
            return self.leaf(Piece(self.size_name(symbol.name), plain=True), leaves)
        return self.leaf(self.entry(*found), leaves)

    def entry(self, quantity: Any, at: Key) -> Piece:
        """An entry of a quantity as its whole array, labelled."""
        if isinstance(quantity, Pseudo):
            return self.pseudo(quantity, at)
        node = self.engine.quantities.nodes[quantity]
        distinct = tuple(
            ix if ix not in at[:n] else self.engine.quantities.entries.like(ix)
            for n, ix in enumerate(at)
        )
        piece = self.value(quantity, *self.engine.quantities.full(node, distinct))
        for twin, ix in zip(distinct, at, strict=True):
            if twin is not ix:
                piece = self.diagonal(piece, ix, twin)
        return piece

    def diagonal(self, piece: Piece, ix: Ix, twin: Ix) -> Piece:
        """The entries of an array at which two of its axes have the same index; that axis comes
        last.
        """
        a, b = piece.axes.index(ix), piece.axes.index(twin)
        axes = (*(axis for axis in piece.axes if axis not in (ix, twin)), ix)
        places = "" if (a, b) == (0, 1) else f", 0, {a}, {b}"
        return self.arrays.call("{xp}.diagonal({0}{places})", piece, axes=axes, places=places)

    def eye(self, row: Ix, column: Ix) -> Piece:
        return self.arrays.call("{eye}", self.size(row.size), axes=(row, column))

    def pseudo(self, quantity: Pseudo, at: Key) -> Piece:
        """A constant array: positions as numbers, or rows and columns of the identity."""
        first, count = at[0], self.size(at[0].size)
        if quantity.kind == "eye":
            return self.eye(*at)
        if quantity.kind == "iota":
            return self.arrays.call("{arange}", count, axes=(first,))
        if quantity.kind == "unit":
            return self.arrays.call("{eye}[{1}]", count, self.size(quantity.offset), axes=(first,))
        if quantity.kind == "gather":
            node = self.engine.quantities.nodes[quantity.node]
            index = self.value(quantity.node, *self.engine.quantities.full(node, at[1:]))
            return self.arrays.call("{eye}[{1}]", count, index, axes=(*index.axes, first))
        if quantity.kind == "shift":
            start, length = self.size(quantity.offset), self.size(at[1].size)
            if quantity.step == 1:
                stop = self.size(quantity.offset + at[1].size)
                return self.arrays.call("{eye}[:, {1}:{2}]", count, start, stop, axes=at)
            steps = self.arrays.call("{arange}", length, axes=())
            return self.arrays.call(
                f"{{eye}}[:, {{1}} + {quantity.step} * {{2}}]", count, start, steps, axes=at
            )
        if quantity.kind == "place":
            there = self.positions(list(zip(at[1:], quantity.steps, strict=True)), quantity.offset)
            return self.arrays.call("{eye}[{1}]", count, there, axes=(*there.axes, first))
        shape = Piece(self.shape(at))
        return self.arrays.call("{eye}.reshape({1})", count, shape, axes=at)

    def positions(self, parts: Sequence[tuple[Ix, int]], offset: Size) -> Piece:
        """Places on an axis, Σ step·index + offset, as an array over the indices."""
        axes = tuple(ix for ix, _ in parts)
        leaves = {"~": self.size(offset)}
        total: Expr | None = None if offset.number == 0 else Name("~")
        for n, (ix, step) in enumerate(sorted(parts, key=lambda part: part[1] < 0)):
            leaves[f"~{n}"] = self.arrays.call("{arange}", self.size(ix.size), axes=(ix,))
            walked: Expr = Name(f"~{n}")
            if abs(step) != 1:
                walked = Binary("*", number_tree(Fraction(abs(step))), walked)
            sign = "-" if step < 0 else "+"
            total = (
                walked
                if total is None and step > 0
                else Binary(sign, total or Num(Fraction(0)), walked)
            )
        assert total is not None
        return formula(self.arrays, total, leaves, axes)


def shared(terms: Sequence[Term]) -> tuple[sp.Expr, Sequence[Term]]:
    """The scalar factors that all of several terms have, and the terms without them."""
    if len(terms) < 2:
        return sp.S.One, terms
    each = [set(sp.Mul.make_args(term.coef * term.groups.get((), sp.S.One))) for term in terms]
    front = sp.Mul(*sorted(set.intersection(*each) - {sp.S.One}, key=str))
    if front == 1:
        return front, terms
    rest = [
        replace(
            term,
            coef=term.coef * term.groups.get((), sp.S.One) / front,
            groups={k: e for k, e in term.groups.items() if k},
        )
        for term in terms
    ]
    return front, rest


def factored(front: Expr, total: Expr) -> Expr:
    """front · total, the sign in front."""
    if isinstance(front, Neg):
        return Neg(factored(front.arg, total))
    return Binary("*", front, total)
