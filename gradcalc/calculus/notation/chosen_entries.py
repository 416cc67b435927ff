"""Entries and columns that a unit vector chooses of matrices made of names: A[:, 0]."""

from __future__ import annotations

from fractions import Fraction

from gradcalc.calculus.notation.matrix import (
    Matrix,
    filled,
    is_vector,
    leaf,
)
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Call, Expr, Index, Name, Num, Slice, Transpose
from gradcalc.language.shape_rules import ONE

ZERO = Num(Fraction(0))


def picked(m: Matrix) -> Expr | None:
    """The place of the 1 in a unit vector, eye(n)[k]; None for anything else."""
    match m.expr:
        case Index(Call("eye", _), (place,)) if (
            m.kind == "leaf" and m.cols == ONE and not isinstance(place, Slice)
        ):
            return place
    return None


def column_at(m: Matrix, place: Expr) -> Matrix | None:
    """One column of a matrix, or of one made of matrices entry by entry: A[:, 0] + A[0]."""
    if m.kind in ("entrywise", "hadamard", "sum"):
        parts = [
            part if (part.rows, part.cols) == (ONE, ONE) else column_at(part, place)
            for part in m.parts
        ]
        found = tuple(part for part in parts if part is not None)
        return replace(m, cols=ONE, parts=found, mask=False) if len(found) == len(parts) else None
    if m.kind != "leaf" or m.rank != 2 or is_vector(m) or m.expr is None:
        return None
    turned = isinstance(m.expr, Transpose)
    whole = m.expr.arg if isinstance(m.expr, Transpose) else m.expr
    return leaf(Index(whole, (place,) if turned else (Slice(), place)), m.rows, ONE, 1)


def entry_at(m: Matrix, place: Expr | None) -> Matrix | None:
    """One entry of a vector that is a name, or made of names entry by entry: t[0] − a[0]."""
    if m.kind == "entrywise" and m.expr is not None:
        places = [
            part if (part.rows, part.cols) == (ONE, ONE) else entry_at(part, place)
            for part in m.parts
        ]
        found = [write(part)[0] for part in places if part is not None]
        return leaf(filled(m.expr, found), ONE, ONE, 0) if len(found) == len(places) else None
    if m.kind != "leaf" or place is None or picked(m) is not None:
        return None
    if isinstance(m.expr, Index) and m.rank == 1:
        match m.expr.items:
            case (Slice(start=None, stop=None, step=None), column):
                return leaf(Index(m.expr.base, (place, column)), ONE, ONE, 0)
            case (row,) if not isinstance(row, Slice):
                return leaf(Index(m.expr.base, (row, place)), ONE, ONE, 0)
    if not isinstance(m.expr, Name):
        return None
    items = (place,) if m.rank == 1 or m.cols == ONE else (ZERO, place)
    return leaf(
        Index(m.expr, items if len(items) == m.rank or m.rank == 1 else (*items, ZERO)), ONE, ONE, 0
    )
