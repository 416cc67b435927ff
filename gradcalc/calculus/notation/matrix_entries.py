"""Entries and elementwise expressions of terms as matrices: the vertices and edges that
contraction.py works on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus.notation.author_order import AuthorOrder
from gradcalc.calculus.notation.matrix import (
    NoMatrixForm,
    added,
    eye,
    is_vector,
    transpose,
)
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.selectors import selector
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.softmax_entries import Softmax
from gradcalc.calculus.sympy_functions import Spell, plain_name, to_ast
from gradcalc.calculus.terms import Ix, Key
from gradcalc.graph.to_expression import tree
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Call, Expr, Index, Name, Neg, Num, Slice
from gradcalc.language.shape_rules import ONE, Size, stacked
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import Sized

# An unnamed quantity at (its indices, of which these are visible), written from its definition.
Derived: TypeAlias = "Callable[[int, Key, list[Ix]], tuple[Sized, list[Ix]]]"


class MatrixEntries:
    """Writes the entries of one engine. `hidden` example indices stand inside the names (per
    example); in the stacked view nothing is hidden and the example index is an axis of the stacks.
    `derived` writes what has no name, `numeral` a number as the author does; `rank` orders
    factors and summands.
    """

    def __init__(
        self,
        engine: Engine,
        hidden: Mapping[Ix, str],
        derived: Derived,
        numeral: Spell,
        rank: AuthorOrder,
    ) -> None:
        self.engine, self.derived, self.numeral, self.rank = engine, derived, numeral, rank
        self.hidden = dict(hidden)
        self.names = {per: stack for stack, per in engine.graph.stacks.items()}

    def shown(self, at: Key) -> list[Ix]:
        return [ix for ix in at if ix not in self.hidden]

    def plain(self, symbol: sp.Expr) -> Expr:
        """A size, pi or e."""
        return plain_name(symbol, self.engine.quantities.graph.names)

    def leaf(self, symbol: sp.Symbol) -> tuple[Sized, list[Ix]]:
        """An entry as a matrix over its visible indices: [] scalar, [a] a column over a, [a, b]
        a × b.
        """
        found = self.engine.quantities.entries.entry(symbol)
        if found is None:
            return Sized(self.plain(symbol), ONE, ONE, 0), []
        quantity, at = found
        if isinstance(quantity, Pseudo):
            return self.pseudo(quantity, at)
        if isinstance(quantity, Softmax):
            return self.softmax(quantity, at)
        visible = self.shown(at)
        if len(visible) > 2:
            raise NoMatrixForm
        node = self.engine.quantities.nodes[quantity]
        if node.op == "pairs" or (
            node.op == "rest" and not self.engine.quantities.vector(node.args[0])
        ):
            raise NoMatrixForm
        positional = [size for size in node.shape if size != ONE]
        over_visible = [ix for ix in at[len(positional) :] if ix not in self.hidden]
        if not over_visible:
            words = {
                name: self.hidden[ix]
                for name, ix in zip(node.over, at[len(positional) :], strict=True)
            }
            expr, shape = self.standing(quantity, words)
            if any(ix in self.hidden for ix in at[: len(positional)]):
                expr, shape = self.at_hidden(expr, shape, at)
        elif node.name is not None and len(over_visible) == 1 and node.op != "gradient":
            stack = self.names.get(node.name)
            expr = Name(stack) if stack is not None else Call("stack", (Name(node.name),))
            shape = stacked(node.shape, over_visible[0].size)
            if len(shape) > 2:
                raise NoMatrixForm
        elif node.name is not None:
            raise NoMatrixForm
        else:
            return self.derived(quantity, at, visible)
        if len(visible) == 2 and visible[0] == visible[1]:
            return Sized(Call("diag", (expr,)), visible[0].size, ONE, 1), visible[:1]
        if not visible:
            return Sized(expr, ONE, ONE, len(shape) and 2), []
        if len(visible) == 1:
            size = visible[0].size
            if len(shape) == 1:
                return Sized(expr, size, ONE, 1), visible
            if len(shape) > 2:
                raise NoMatrixForm
            column = (
                Sized(expr, size, ONE, 2)
                if shape[1] == ONE
                else transpose(Sized(expr, ONE, size, 2))
            )
            return column, visible
        if len(shape) > 2:
            raise NoMatrixForm
        return Sized(
            expr, visible[0].size, visible[1].size, 2, self.engine.definitions.symmetric(quantity)
        ), visible

    def softmax(self, quantity: Softmax, at: Key) -> tuple[Sized, list[Ix]]:
        """Entries of a softmax along the index that is summed over, as rows of a matrix."""
        visible = self.shown(at)
        if len(visible) > 2 or at[-1] not in visible or len(set(visible)) != len(visible):
            raise NoMatrixForm
        inside = self.elementwise(self.engine.softmax.exponent(quantity, at), visible)
        expr, rank = write(inside)
        if len(visible) == 1:
            return Sized(Call("softmax", (expr,)), inside.rows, inside.cols, rank), visible
        return Sized(Call("softmax", (expr,)), visible[0].size, visible[1].size), visible

    def standing(self, quantity: int, words: Mapping[str, str]) -> tuple[Expr, Sequence[Any]]:
        """A quantity as it stands in a formula, and its shape; a number without the axes that a
        reduction kept.
        """
        node = self.engine.quantities.nodes[quantity]
        if (
            node.name is None
            and node.attrs.get("keepdims")
            and all(size == ONE for size in node.shape)
        ):
            bare = replace(node, attrs={**node.attrs, "keepdims": False})
            return tree([*self.engine.quantities.nodes[:quantity], bare], quantity, words), ()
        return tree(self.engine.quantities.nodes, quantity, words), node.shape

    def at_hidden(self, expr: Expr, shape: Sequence[Any], at: Key) -> tuple[Expr, tuple[Any, ...]]:
        """A quantity at the hidden indices of its axes, W[k]: the expression, and the axes it
        has left.
        """
        given = iter(at)
        items: list[Expr | Slice] = []
        left = []
        for size in shape:
            ix = next(given) if size != ONE else None
            if ix is not None and ix in self.hidden:
                items.append(Name(self.hidden[ix]))
            else:
                items.append(Slice())
                left.append(size)
        while isinstance(items[-1], Slice):
            items.pop()
        return Index(expr, tuple(items)), tuple(left)

    def pseudo(self, quantity: Pseudo, at: Key) -> tuple[Sized, list[Ix]]:
        visible = self.shown(at)
        if quantity.kind == "eye" and len(visible) == 2:
            return eye(at[0].size, at[1].size), visible
        if quantity.kind == "unit" or (
            quantity.kind == "gather" and len(visible) == 1 and visible[0] == at[0]
        ):
            position = (
                size_tree(quantity.offset)
                if quantity.kind == "unit"
                else tree(self.engine.quantities.nodes, quantity.node)
            )
            return Sized(
                Index(Call("eye", (size_tree(at[0].size),)), (position,)), at[0].size, ONE, 1
            ), [at[0]]
        if quantity.kind == "gather" and len(visible) == 2:
            node = self.engine.quantities.nodes[quantity.node]
            if node.over and len(at) == 2 and node.name in self.names and visible[1] == at[1]:
                position = Name(self.names[node.name])
            elif not node.over and len(node.shape) == 1:
                position = tree(self.engine.quantities.nodes, quantity.node)
            elif node.op == "getitem" and [item[0] for item in node.attrs["items"]] == ["index"]:
                position = tree(self.engine.quantities.nodes, node.args[0])
            else:
                raise NoMatrixForm
            rows = Index(Call("eye", (size_tree(at[0].size),)), (position,))
            return transpose(Sized(rows, at[1].size, at[0].size, 2)), list(at)
        if quantity.kind == "shift" and quantity.step == 1 and len(visible) == 2:
            return selector(at[0].size, at[1].size, quantity.offset), list(at)
        if quantity.kind == "shift" and len(visible) == 2 and quantity.step > 0:
            start = None if quantity.offset.number == 0 else size_tree(quantity.offset)
            step = Num(Fraction(quantity.step))
            stop = quantity.offset + Size.of(quantity.step) * at[1].size
            beyond = (stop - at[0].size).number
            chosen = Slice(
                start, None if beyond is not None and beyond >= 0 else size_tree(stop), step
            )
            rows = Index(Call("eye", (size_tree(at[0].size),)), (chosen,))
            return transpose(Sized(rows, at[1].size, at[0].size, 2)), list(at)
        raise NoMatrixForm

    def elementwise(self, expr: sp.Expr, axes: Sequence[Ix]) -> Sized:
        """A same-index group as one elementwise expression over a column (one axis) or a matrix
        (two).
        """
        if expr.is_Symbol:
            matrix, at = self.leaf(expr)
            if tuple(at) == tuple(axes):
                return matrix
            if tuple(at) == tuple(reversed(axes)):
                return transpose(matrix)
        if len(axes) == 2 and (selectors := self.selectors(expr, axes)) is not None:
            return selectors
        symbols = [s for s, _, _ in self.engine.quantities.entries.entries(expr)]
        leaves: dict[sp.Symbol, Sized] = {}
        for symbol in symbols:
            matrix, at = self.leaf(symbol)
            if len(at) == 2 and tuple(at) != tuple(axes):
                matrix = transpose(matrix)
            if len(at) == 1 and len(axes) == 2 and at[0] == axes[1]:
                matrix = transpose(matrix)
            leaves[symbol] = matrix
        arrays = [m for m in leaves.values() if (m.rows, m.cols) != (ONE, ONE)]
        rows, cols = (axes[0].size if axes else ONE), (axes[1].size if len(axes) == 2 else ONE)
        if len(axes) == 2:
            # A 1-D array along the first axis would broadcast along the last: then the transpose is
            # written.
            if any(m.cols == ONE and m.rank == 1 for m in arrays):
                if any(m.rows == ONE and m.rank == 1 for m in arrays):
                    raise NoMatrixForm
                return transpose(self.elementwise(expr, list(reversed(axes))))
            full = (
                any(not is_vector(m) for m in arrays) or len({m.rows == ONE for m in arrays}) == 2
            )
            if not full:
                raise NoMatrixForm
        written = to_ast(
            expr,
            lambda s: leaves[s] if s in leaves else self.plain(s),
            self.rank,
            self.numeral,
        )
        return Sized(written, rows, cols)

    def selectors(self, expr: sp.Expr, axes: Sequence[Ix]) -> Sized | None:
        """A sum of selectors with numbers in front, such as the second difference I[2:] − 2
        I[1:−1] + I[:−2].
        """
        parts, numbers = [], []
        for arg in expr.args if isinstance(expr, sp.Add) else ():
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (
                self.engine.quantities.entries.entry(symbol) if symbol.is_Symbol else None
            ) or (
                None,
                (),
            )
            if not isinstance(quantity, Pseudo) or len(self.shown(at)) != 2:
                return None
            part = self.pseudo(quantity, at)[0]
            parts.append(part if tuple(self.shown(at)) == tuple(axes) else transpose(part))
            numbers.append(to_ast(number, self.plain, spell=self.numeral))
        order = sorted(range(len(parts)), key=lambda n: isinstance(numbers[n], Neg))
        if not parts:
            return None
        return added(((numbers[n], parts[n]) for n in order), axes[0].size, axes[1].size)
