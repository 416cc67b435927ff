"""Matrices that choose: rows of the identity beside each other, eye(n)[a:b], and their transposes,
which put rows among zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction

from gradcalc.calculus.notation.matrix import (
    chain,
    diagonal,
    diagonal_of,
    is_sum,
    ones,
    terms_of,
    transpose,
)
from gradcalc.language.errors import SpanError
from gradcalc.language.parser import Call, Expr, Index, Num, Slice, Transpose
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.size_expressions import size_of, size_tree, stop_tree
from gradcalc.language.tree import Sized

NONE = Size.of(0)
ZERO = Num(Fraction(0))


def selector(rows: Size, cols: Size, offset: Size) -> Sized:
    """1[row = column + offset]: the transpose of rows of the identity."""
    start = None if offset.number == 0 else size_tree(offset)
    chosen = Slice(start, stop_tree(offset + cols, rows))
    return Sized(Transpose(Index(Call("eye", (size_tree(rows),)), (chosen,))), rows, cols)


def start_of(m: Sized) -> Size | None:
    """Where the rows of the identity start, eye(n)[a:b] or its transpose; None for anything
    else.
    """
    expr, size = (m.expr.arg, m.rows) if isinstance(m.expr, Transpose) else (m.expr, m.cols)
    match expr:
        case Index(Call("eye", (whole,)), (Slice(start, _, None),)) if whole == size_tree(size):
            with suppress(SpanError):
                offset = NONE if start is None else size_of(start)
                return None if (offset.number or 0) < 0 else offset
    return None


def selects(m: Sized) -> bool:
    """Is it rows, or columns, of the identity beside each other?"""
    return start_of(m) is not None


def placed(m: Sized, rows: bool) -> bool:
    """Does a selector, or a sum of some, put rows (or columns) among zeros?"""
    inner = [part for _, _, part in terms_of(m)] if is_sum(m) else [m]
    return all(selects(part) and chooses_rows(part) != rows for part in inner)


def chooses_rows(selector: Sized) -> bool:
    """Does a selector choose rows of what stands behind it? Its transpose puts them into zeros."""
    return not isinstance(selector.expr, Transpose)


def kept_diagonal(parts: Sequence[Sized]) -> list[Sized]:
    """S diag(v) Sᵀ with a selector S is the diagonal matrix of v among zeros."""
    found = list(parts)
    for at, part in enumerate(parts):
        if not selects(part) or chooses_rows(part):
            continue
        turned = transpose(part)
        middle = diagonal_of(parts[at + 1]) if len(parts) > at + 2 else None
        if parts[at + 1 : at + 2] == [turned]:
            found[at : at + 2] = [diagonal(chain([part, ones(part.cols)]))]
        elif middle is not None and parts[at + 2] == turned:
            found[at : at + 3] = [diagonal(chain([part, middle]))]
        else:
            continue
        return kept_diagonal(found)
    return found


def shifted(selector: Sized, m: Sized, expr: Expr, rank: int, axis: int = 0) -> Sized:
    """selector @ m, for an m that is written as `expr`: a slice of its rows, or these put into
    zeros. Along axis 1 it is m @ selector.T, of its columns.
    """
    offset = start_of(selector) or NONE
    rows, cols = (selector.rows, m.cols) if axis == 0 else (m.rows, selector.rows)
    if chooses_rows(selector):
        start = None if offset.number == 0 else size_tree(offset)
        piece = Slice(start, stop_tree(offset + selector.rows, selector.cols))
        turned = isinstance(expr, Transpose)
        whole = expr.arg if isinstance(expr, Transpose) else expr
        chosen = Index(whole, (piece,) if (axis == 1) == turned else (Slice(), piece))
        return Sized(Transpose(chosen) if turned else chosen, rows, cols, rank)
    vector = axis == 0 and m.cols == ONE and rank == 1

    def zeros(count: Size) -> list[Expr]:
        sizes = (count,) if vector else (count, m.cols) if axis == 0 else (m.rows, count)
        if count.number == 0:
            return []
        return [ZERO if sizes == (ONE,) else Call("zeros", tuple(map(size_tree, sizes)))]

    pieces = (*zeros(offset), expr, *zeros(selector.rows - offset - selector.cols))
    along = (("axis", Num(Fraction(1))),) if axis == 1 else ()
    return Sized(Call("concat", pieces, along) if len(pieces) > 1 else expr, rows, cols, rank)
