"""Entries and columns that a unit vector chooses of matrices made of names: A[:, 0]."""

from __future__ import annotations

from fractions import Fraction

from gradcalc.calculus.notation.matrix import (
    is_entrywise,
    is_eye,
    is_hadamard,
    is_sum,
    is_vector,
    mapped,
    operands,
    put_in,
)
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.selectors import selects
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Call, Expr, Index, Name, Num, Slice, Transpose
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import Sized

ZERO = Num(Fraction(0))


def picked(m: Sized) -> Expr | None:
    """The place of the 1 in a unit vector, eye(n)[k]; None for anything else."""
    match m.expr:
        case Index(Call("eye", _), (place,)) if m.cols == ONE and not isinstance(place, Slice):
            return place
    return None


def column_at(m: Sized, place: Expr) -> Sized | None:
    """One column of a matrix, or of one made of matrices entry by entry: A[:, 0] + A[0]."""
    if parts := operands(m.expr):
        columns = {
            part: part if (part.rows, part.cols) == (ONE, ONE) else column_at(part, place)
            for part in parts
        }
        found = {part: column for part, column in columns.items() if column is not None}
        if len(found) < len(columns) or not is_entrywise(m):
            return None
        return replace(mapped(m, found.__getitem__), cols=ONE)
    if m.rank != 2 or is_vector(m) or is_eye(m) or selects(m):
        return None
    turned = isinstance(m.expr, Transpose)
    whole = m.expr.arg if isinstance(m.expr, Transpose) else m.expr
    return Sized(Index(whole, (place,) if turned else (Slice(), place)), m.rows, ONE, 1)


def entry_at(m: Sized, place: Expr | None) -> Sized | None:
    """One entry of a vector that is a name, or made of names entry by entry: t[0] − a[0]."""
    if parts := operands(m.expr):
        if not is_entrywise(m) or is_hadamard(m) or is_sum(m):
            return None
        entries = {
            part: part if (part.rows, part.cols) == (ONE, ONE) else entry_at(part, place)
            for part in parts
        }
        found = {part: write(entry)[0] for part, entry in entries.items() if entry is not None}
        if len(found) < len(entries):
            return None
        return Sized(put_in(m.expr, found), ONE, ONE, 0)
    if place is None or picked(m) is not None:
        return None
    if isinstance(m.expr, Index) and m.rank == 1:
        match m.expr.items:
            case (Slice(start=None, stop=None, step=None), column):
                return Sized(Index(m.expr.base, (place, column)), ONE, ONE, 0)
            case (row,) if not isinstance(row, Slice):
                return Sized(Index(m.expr.base, (row, place)), ONE, ONE, 0)
    if not isinstance(m.expr, Name):
        return None
    items = (place,) if m.rank == 1 or m.cols == ONE else (ZERO, place)
    return Sized(
        Index(m.expr, items if len(items) == m.rank or m.rank == 1 else (*items, ZERO)), ONE, ONE, 0
    )
