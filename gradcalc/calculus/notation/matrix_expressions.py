"""Matrices as expressions: how each kind is written in the expression language."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from gradcalc.calculus.notation.matrix import (
    Matrix,
    NoMatrixForm,
    diagonal,
    filled,
    hadamard,
    is_vector,
    leaf,
    product,
    transpose,
)
from gradcalc.calculus.notation.products import (
    flip,
    hadamard_product,
    multiple,
    over,
    scaled,
    transposes,
    upright,
)
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import (
    Binary,
    Call,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
)
from gradcalc.language.shape_rules import ONE
from gradcalc.language.size_expressions import size_tree, stop_tree


def write(m: Matrix) -> tuple[Expr, int]:
    """(expression, rank) of a tree."""
    if m.kind == "leaf":
        assert m.expr is not None
        return m.expr, m.rank
    if m.kind == "eye":
        return Call("eye", (size_tree(m.rows),)), 2
    if m.kind == "ones":
        return Call("ones", (size_tree(m.rows if m.cols == ONE else m.cols),)), 1
    if m.kind == "diag":
        return Call("diag", (write(m.parts[0])[0],)), 2
    if m.kind == "shift":
        return write_shift(m), 2
    if m.kind == "spread":
        return write_spread(m), 2
    if m.kind == "turned":
        return Transpose(write(m.parts[0])[0]), 2
    if m.kind == "hadamard":
        return write_hadamard(m)
    if m.kind == "entrywise":
        return write_entrywise(m)
    if m.kind == "scaled":
        expr, rank = write(m.parts[0])
        row = m.parts[0].kind == "product" and m.parts[0].parts[0].rows == ONE and rank < 2
        return write_scaled(m.coefficients[0], expr, row), rank
    if m.kind == "sum":
        return write_sum(m)
    return write_product(m.parts)


def write_scaled(coefficient: Expr | None, expr: Expr, row: bool = False) -> Expr:
    """coefficient · expr, the sign in front. `row`: 2 (yᵀ W), not (2 y)ᵀ W."""
    assert coefficient is not None
    if isinstance(coefficient, Neg):
        return Neg(write_scaled(coefficient.arg, expr, row))
    return multiple(coefficient, expr) if row else scaled(coefficient, expr)


def row(m: Matrix) -> Expr:
    """A row as an expression that is read as one: a 1-D array transposed, vᵀ, unless it leads a
    product or is a list.
    """
    if m.kind == "sum":
        return write(replace(m, parts=tuple(rows(m.parts))))[0]
    expr, rank = write(m)
    if rank == 2 or m.kind == "product" or isinstance(expr, Vector):
        return expr
    if m.kept is not None:
        return m.kept
    if m.kind == "scaled":
        return write_scaled(m.coefficients[0], row(m.parts[0]), m.parts[0].kind == "product")
    return flip(expr)


def rows(parts: Sequence[Matrix]) -> list[Matrix]:
    """The parts of a sum as rows. A column with its axis and a 1-D array are both written flat:
    the transpose may stand outside their sum, where NumPy would spread the one along the other.
    """
    exprs = [row(part) for part in parts]
    flat = [write(part)[1] < 2 and part.kept is None for part in parts]
    turned = [isinstance(expr, Transpose) for expr in exprs]
    if all(turned) and len(set(flat)) == 2:
        exprs = [flip(flat_vector(part)) for part in parts]
    return [leaf(expr, part.rows, part.cols) for expr, part in zip(exprs, parts, strict=True)]


def flat_vector(m: Matrix) -> Expr:
    """A vector as a 1-D expression."""
    expr, rank = write(m)
    if rank < 2:
        return expr
    column = m.cols == ONE
    if isinstance(expr, Transpose):
        expr, column = expr.arg, not column
    return Index(expr, (Slice(), Num(Fraction(0))) if column else (Num(Fraction(0)), Slice()))


def unscaled(m: Matrix) -> Matrix:
    """A matrix without the number in front of it."""
    return m.parts[0] if m.kind == "scaled" else m


def align(parts: Sequence[Matrix]) -> tuple[list[Expr], int]:
    """Vectors of one orientation, or matrices, written so that NumPy combines them entry by
    entry.
    """
    written = [write(part) for part in parts]
    if {rank for _, rank in written} == {1, 2}:
        columns = [wide(part) for part in parts]
        if all(expr is not None for expr in columns):
            return [expr for expr in columns if expr is not None], 2
    if any(rank == 2 for _, rank in written) and all(
        rank == 2 or part.kept is not None for part, (_, rank) in zip(parts, written, strict=True)
    ):
        return [
            part.kept if rank == 1 and part.kept is not None else expr
            for part, (expr, rank) in zip(parts, written, strict=True)
        ], 2
    if any(rank == 1 for _, rank in written) and any(
        rank == 2 and is_vector(part) for part, (_, rank) in zip(parts, written, strict=True)
    ):
        return [flat_vector(part) for part in parts], 1
    return [expr for expr, _ in written], max(rank for _, rank in written)


def write_spread(m: Matrix) -> Expr:
    """A spread vector alone: outer(v, 𝟏)."""
    (vector,) = m.parts
    if vector.cols == ONE:
        return write(product(vector, Matrix("ones", ONE, m.cols, rank=1)))[0]
    return write(product(Matrix("ones", m.rows, ONE, rank=1), vector))[0]


def broadcast(m: Matrix) -> Expr | None:
    """What NumPy spreads to this matrix: a column with its axis, or a row. None where a 1-D array
    is a column, for NumPy takes it for a row, and of what is no spread vector.
    """
    if m.kind == "scaled" and (inner := broadcast(m.parts[0])) is not None:
        return write_scaled(m.coefficients[0], inner)
    if m.kind != "spread":
        return None
    return wide(m.parts[0]) if m.parts[0].cols == ONE else write(m.parts[0])[0]


def column(m: Matrix) -> Expr | None:
    """A column with its axis, [n, 1]; None where it is written as a 1-D array."""
    expr, rank = write(m)
    if rank == 2:
        return expr
    if m.kept is not None:
        return m.kept
    if m.kind == "scaled" and (inner := column(m.parts[0])) is not None:
        return write_scaled(m.coefficients[0], inner)
    if m.kind in ("hadamard", "sum") and all(column(part) is not None for part in m.parts):
        return write(replace(m, parts=tuple(map(upright_column, m.parts))))[0]
    if m.kind == "entrywise":
        parts = [upright_column(part) if part.rows != ONE else part for part in m.parts]
        if all(part.rank == 2 or part.rows == ONE for part in parts):
            return write(replace(m, parts=tuple(parts)))[0]
    return None


def wide(m: Matrix) -> Expr | None:
    """A column with its axis, also of a product with a 1-D array: Σ_j M_ij v_j along the rows."""
    expr = column(m)
    if expr is None and m.kind == "product" and m.cols == ONE and not is_vector(m.parts[-2]):
        rows, rank = write_product(m.parts[:-1])
        vector, own = write(m.parts[-1])
        if (rank, own) == (2, 1) and not isinstance(rows, Transpose):
            kept = (("axis", Num(Fraction(1))), ("keepdims", Name("True")))
            return Call("sum", (hadamard_product(rows, vector),), kept)
    return expr


def upright_column(m: Matrix) -> Matrix:
    """The same column, written with its axis where it can be."""
    expr = column(m)
    return m if expr is None else leaf(expr, m.rows, m.cols, mask=m.mask)


def write_hadamard(m: Matrix) -> tuple[Expr, int]:
    """An entrywise product as (expression, number of axes)."""
    loose = [part for part in m.parts if part.kind == "spread"]
    if len(loose) == len(m.parts):  # a column and a row
        ordered = sorted((part.parts[0] for part in loose), key=lambda v: v.rows == ONE)
        return write(product(*ordered))
    bare = [part for part in loose if broadcast(part) is None]
    if bare:
        rest = hadamard(*(part for part in m.parts if part not in bare))
        return write(product(*(diagonal(part.parts[0]) for part in bare), rest))
    if loose:
        first = [part for part in loose if part.parts[0].cols == ONE]
        full = [part for part in m.parts if part.kind != "spread"]
        order = [*first, *full, *(part for part in loose if part not in first)]
        return entry_by_entry([broadcast(part) or write(part)[0] for part in order]), 2
    exprs, rank = align(m.parts)
    return entry_by_entry(exprs), rank


def entry_by_entry(exprs: Sequence[Expr]) -> Expr:
    """An entrywise product of expressions; reciprocals divide."""
    reciprocal = [
        isinstance(expr, Binary) and expr.op == "/" and expr.left == Num(Fraction(1))
        for expr in exprs
    ]
    if all(reciprocal):
        reciprocal[0] = False
    above = [expr for expr, bare in zip(exprs, reciprocal, strict=True) if not bare]
    below = [
        expr.right
        for expr, bare in zip(exprs, reciprocal, strict=True)
        if bare and isinstance(expr, Binary)
    ]
    total = above[0]
    for expr in above[1:]:
        total = hadamard_product(total, expr)
    for expr in below:  # W x / h rather than 1/h ∘ W x
        total = over(total, expr)
    return total


def write_entrywise(m: Matrix) -> tuple[Expr, int]:
    """An elementwise expression with its operands in place."""
    assert m.expr is not None
    arrays = [part for part in m.parts if (part.rows, part.cols) != (ONE, ONE)]
    vectors = ONE in (m.rows, m.cols)
    exprs, rank = align(arrays) if vectors else ([write(part)[0] for part in arrays], 2)
    flipped = len(exprs) > 1 and all(isinstance(expr, Transpose) for expr in exprs)
    if flipped:  # (Ŷ − Y)ᵀ rather than Ŷᵀ − Yᵀ
        exprs = [expr.arg for expr in exprs if isinstance(expr, Transpose)]
    given = iter(exprs)
    parts = [
        write(part)[0] if (part.rows, part.cols) == (ONE, ONE) else next(given) for part in m.parts
    ]
    whole = upright(filled(m.expr, parts))
    return Transpose(whole) if flipped else whole, rank


def write_sum(m: Matrix) -> tuple[Expr, int]:
    """A sum as (expression, number of axes)."""
    exprs, rank = align(m.parts)
    loose = [broadcast(part) for part in m.parts]
    wholes = [part for part in map(unscaled, m.parts) if (part.rows, part.cols) != (ONE, ONE)]
    rows = {part.parts[0].rows == ONE for part in wholes if part.kind == "spread"}
    if any(part.kind != "spread" for part in wholes) or len(rows) == 2:
        exprs = [expr or whole for expr, whole in zip(loose, exprs, strict=True)]
    flipped = len(exprs) > 1 and all(isinstance(expr, Transpose) for expr in exprs)
    if flipped:
        exprs = [expr.arg for expr in exprs if isinstance(expr, Transpose)]
    total: Expr | None = None
    for coefficient, expr in zip(m.coefficients, exprs, strict=True):
        negative = isinstance(coefficient, Neg)
        size = coefficient.arg if isinstance(coefficient, Neg) else coefficient
        piece = expr if size is None or size == Num(Fraction(1)) else scaled(size, expr)
        total = (
            (Neg(piece) if negative else piece)
            if total is None
            else Binary("-" if negative else "+", total, piece)
        )
    assert total is not None
    return Transpose(total) if flipped else upright(total), rank


def write_product(parts: Sequence[Matrix]) -> tuple[Expr, int]:
    """A chain; where two vectors meet back to back it is an outer product. A number or a 1-D
    array is written the way round that is shorter: x @ A @ x for x @ A.T @ x.
    """
    segments: list[list[Matrix]] = [[]]
    for part in parts:
        if segments[-1] and segments[-1][-1].cols == ONE and part.rows == ONE:
            segments.append([])
        segments[-1].append(part)
    if len(segments) > 2:
        raise NoMatrixForm
    written = [write_chain(segment) for segment in segments]
    if len(written) == 1:
        number = parts[0].rows == ONE and parts[-1].cols == ONE
        return shorter(parts, written[0]) if number else written[0]
    (left, left_rank), (right, right_rank) = written
    if left_rank == right_rank == 2:
        return Binary("@", left, right), 2
    if right_rank == 1:
        right, right_rank = shorter(segments[1], written[1])
    bare = [
        arg.arg if isinstance(arg, Transpose) and rank == 2 else arg
        for arg, rank in zip((left, right), (left_rank, right_rank), strict=True)
    ]
    return Call("outer", tuple(bare)), 2


def shorter(parts: Sequence[Matrix], written: tuple[Expr, int]) -> tuple[Expr, int]:
    """A chain as it is written, or turned round where that has fewer transposes."""
    if len(parts) < 2 or not transposes(written[0]):
        return written
    turned = write_chain([transpose(part) for part in reversed(parts)])
    fewer = transposes(turned[0]) < transposes(written[0])
    return turned if fewer and turned[1] == written[1] else written


def write_chain(parts: Sequence[Matrix]) -> tuple[Expr, int]:
    """A matrix product as (expression, number of axes)."""
    parts = powers(kept_diagonal(parts))
    if placed(parts[0], True) and placed(
        parts[-1], False
    ):  # zeros on all sides: I[1:]ᵀ diag(v) I[:−1]
        parts = [
            leaf(write(part)[0], part.rows, part.cols) if part.kind == "shift" else part
            for part in parts
        ]
    while len(parts) > 1 and any(part.kind == "shift" for part in parts):
        at = next(n for n, part in enumerate(parts) if part.kind == "shift")
        if at + 1 < len(parts):
            parts[at : at + 2] = [shifted_rows(parts[at], parts[at + 1])]
        else:
            parts[at - 1 : at + 1] = [shifted_columns(parts[at - 1], parts[at])]
    total, rank = write_factor(parts[0], len(parts) > 1)
    for part in parts[1:]:
        expr, other = write_factor(part)
        total, rank = Binary("@", total, expr), min(rank, other)
    return total, rank


def powers(parts: Sequence[Matrix]) -> list[Matrix]:
    """A chain in which equal factors beside each other are a power, from three on, and from two
    on where a factor is no name: M M M v is M³ v.
    """
    found: list[Matrix] = []
    for (factor, _), run in groupby(parts, key=lambda m: (m, m.rows == m.cols)):
        again = list(run)
        simple = isinstance(factor.expr, Name) or (
            isinstance(factor.expr, Transpose) and isinstance(factor.expr.arg, Name)
        )
        if factor.rows != factor.cols or len(again) < (3 if simple else 2) or factor.rows == ONE:
            found += again
            continue
        power = Call("matrix_power", (write(factor)[0], Num(Fraction(len(again)))))
        found.append(leaf(power, factor.rows, factor.cols, symmetric=factor.symmetric))
    return found


def write_factor(m: Matrix, beside: bool = True) -> tuple[Expr, int]:
    """A factor of a product: where that has fewer transposes inside, the whole is transposed."""
    expr, rank = write(m)
    if (
        beside
        and m.kind in ("sum", "hadamard")
        and not is_vector(m)
        and not isinstance(expr, Transpose)
    ):
        whole = Transpose(write(transpose(m))[0])
        if not isinstance(whole.arg, Transpose) and transposes(whole) < transposes(expr):
            return whole, rank
    return expr, rank


def placed(m: Matrix, rows: bool) -> bool:
    """Does a selector, or a sum of some, put rows (or columns) among zeros?"""
    inner = m.parts if m.kind == "sum" else (m,)
    return all(part.kind == "shift" and part.mask != rows for part in inner)


def kept_diagonal(parts: Sequence[Matrix]) -> list[Matrix]:
    """S diag(v) Sᵀ with a selector S is the diagonal matrix of v among zeros."""
    found = list(parts)
    for at, part in enumerate(parts):
        turned = transpose(part)
        if part.kind != "shift" or part.mask:
            continue
        if parts[at + 1 : at + 2] == [turned]:
            vector = Matrix("ones", part.cols, ONE, rank=1)
        elif len(parts) > at + 2 and parts[at + 1].kind == "diag" and parts[at + 2] == turned:
            vector = parts[at + 1].parts[0]
        else:
            continue
        end = at + (2 if parts[at + 1] == turned else 3)
        found[at:end] = [diagonal(shifted_rows(part, vector))]
        return kept_diagonal(found)
    return found


def write_shift(m: Matrix) -> Expr:
    """A selector alone: rows (or columns) of the identity."""
    big, small, offset = (m.cols, m.rows, m.offset) if m.mask else (m.rows, m.cols, m.offset)
    start = None if offset.number == 0 else size_tree(offset)
    rows = Index(Call("eye", (size_tree(big),)), (Slice(start, stop_tree(offset + small, big)),))
    return rows if m.mask else Transpose(rows)


def shifted_rows(selector: Matrix, m: Matrix) -> Matrix:
    """selector @ m: a slice of the rows, or the rows put into zeros."""
    expr, rank = write(m)
    vector = m.cols == ONE and rank == 1
    if selector.mask:  # small × big: rows offset … offset + small
        start, stop = selector.offset, selector.offset + selector.rows
        piece = Slice(
            None if start.number == 0 else size_tree(start), stop_tree(stop, selector.cols)
        )
        if isinstance(expr, Transpose):
            return leaf(Transpose(Index(expr.arg, (Slice(), piece))), selector.rows, m.cols, rank)
        return leaf(Index(expr, (piece,)), selector.rows, m.cols, rank)
    before, after = selector.offset, selector.rows - selector.offset - selector.cols
    shape = (lambda n: (size_tree(n),)) if vector else (lambda n: (size_tree(n), size_tree(m.cols)))
    pieces: list[Expr] = [expr]
    if before.number != 0:
        pieces.insert(
            0, Num(Fraction(0)) if vector and before == ONE else Call("zeros", shape(before))
        )
    if after.number != 0:
        pieces.append(Num(Fraction(0)) if vector and after == ONE else Call("zeros", shape(after)))
    padded = Call("concat", tuple(pieces)) if len(pieces) > 1 else expr
    return leaf(padded, selector.rows, m.cols, rank)


def shifted_columns(m: Matrix, selector: Matrix) -> Matrix:
    """m @ selector: a slice of the columns, or the columns put into zeros."""
    if m.rows == ONE:
        return transpose(shifted_rows(transpose(selector), transpose(m)))
    expr, _ = write(m)
    if not selector.mask:  # m.cols × small: columns offset … offset + small
        start, stop = selector.offset, selector.offset + selector.cols
        piece = Slice(
            None if start.number == 0 else size_tree(start), stop_tree(stop, selector.rows)
        )
        if isinstance(expr, Transpose):
            return leaf(Transpose(Index(expr.arg, (piece,))), m.rows, selector.cols)
        return leaf(Index(expr, (Slice(), piece)), m.rows, selector.cols)
    before, after = selector.offset, selector.cols - selector.offset - selector.rows
    pieces: list[Expr] = [expr]
    if before.number != 0:
        pieces.insert(0, Call("zeros", (size_tree(m.rows), size_tree(before))))
    if after.number != 0:
        pieces.append(Call("zeros", (size_tree(m.rows), size_tree(after))))
    padded = (
        Call("concat", tuple(pieces), (("axis", Num(Fraction(1))),)) if len(pieces) > 1 else expr
    )
    return leaf(padded, m.rows, selector.cols)
