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


def shifted_rows(selector: Sized, m: Sized, expr: Expr, rank: int) -> Sized:
    """selector @ m, for an m that is written as `expr`: a slice of its rows, or these put into
    zeros.
    """
    vector = m.cols == ONE and rank == 1
    offset = start_of(selector) or NONE
    if chooses_rows(selector):  # small × big: rows offset … offset + small
        start, stop = offset, offset + selector.rows
        piece = Slice(
            None if start.number == 0 else size_tree(start), stop_tree(stop, selector.cols)
        )
        if isinstance(expr, Transpose):
            return Sized(Transpose(Index(expr.arg, (Slice(), piece))), selector.rows, m.cols, rank)
        return Sized(Index(expr, (piece,)), selector.rows, m.cols, rank)
    before, after = offset, selector.rows - offset - selector.cols
    shape = (lambda n: (size_tree(n),)) if vector else (lambda n: (size_tree(n), size_tree(m.cols)))
    pieces: list[Expr] = [expr]
    if before.number != 0:
        pieces.insert(
            0, Num(Fraction(0)) if vector and before == ONE else Call("zeros", shape(before))
        )
    if after.number != 0:
        pieces.append(Num(Fraction(0)) if vector and after == ONE else Call("zeros", shape(after)))
    padded = Call("concat", tuple(pieces)) if len(pieces) > 1 else expr
    return Sized(padded, selector.rows, m.cols, rank)


def shifted_columns(m: Sized, expr: Expr, selector: Sized) -> Sized:
    """m @ selector, for an m that is written as `expr`: a slice of its columns, or these put into
    zeros.
    """
    offset = start_of(selector) or NONE
    if not chooses_rows(selector):  # m.cols × small: columns offset … offset + small
        start, stop = offset, offset + selector.cols
        piece = Slice(
            None if start.number == 0 else size_tree(start), stop_tree(stop, selector.rows)
        )
        if isinstance(expr, Transpose):
            return Sized(Transpose(Index(expr.arg, (piece,))), m.rows, selector.cols)
        return Sized(Index(expr, (Slice(), piece)), m.rows, selector.cols)
    before, after = offset, selector.cols - offset - selector.rows
    pieces: list[Expr] = [expr]
    if before.number != 0:
        pieces.insert(0, Call("zeros", (size_tree(m.rows), size_tree(before))))
    if after.number != 0:
        pieces.append(Call("zeros", (size_tree(m.rows), size_tree(after))))
    padded = (
        Call("concat", tuple(pieces), (("axis", Num(Fraction(1))),)) if len(pieces) > 1 else expr
    )
    return Sized(padded, m.rows, selector.cols)
