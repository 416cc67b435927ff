"""The typed matrix tree: every node knows rows × columns; one function writes it in the expression
language.

A 1-D array has no orientation of its own: as a matrix it is a column or a row as needed, and its
transpose is itself. `rank` says what the written expression is: 1 for such an array, 2 for a
matrix, a column `[n, 1]` or a row `[1, n]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gradcalc.calculus.notation.products import (
    chain_of,
    flip,
    hadamard_product,
    multiple,
    over,
    scaled,
    transposes,
    upright,
    weighted,
)
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Binary, Call, Expr, Index, Name, Neg, Num, Slice, Transpose
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.size_expressions import size_tree, stop_tree
from gradcalc.language.tree import substitute

NONE = Size.of(0)


class NoMatrixForm(Exception):
    """The terms need more than two axes at once; the entry form is the answer."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """kind: leaf | entrywise | scaled | product | hadamard | sum | diag | eye | ones | shift (1[row
    = column + offset]).

    An entrywise node is an expression in stand-ins for its parts (see `stand_in`); a scaled one is
    coefficients[0] times its part.
    """

    kind: str
    rows: Size
    cols: Size
    parts: tuple[Matrix, ...] = ()
    expr: Expr | None = None
    rank: int = 2
    symmetric: bool = False
    mask: bool = False  # an elementwise derivative, which takes weights at both ends inside
    kept: Expr | None = (
        None  # of a 1-D leaf: the same as a column or row, where a sum can keep its axis
    )
    coefficients: tuple[Expr | None, ...] = ()
    offset: Size = NONE


def stand_in(place: int) -> Name:
    """What stands for the part at this place in the expression of an entrywise node."""
    return Name(f"~{place}")


def filled(expr: Expr, parts: Sequence[Expr]) -> Expr:
    """The expression of an entrywise node with its parts in place of their stand-ins."""
    return substitute(expr, {stand_in(place).id: part for place, part in enumerate(parts)})


def leaf(
    expr: Expr, rows: Size, cols: Size, rank: int = 2, symmetric: bool = False, mask: bool = False
) -> Matrix:
    """A matrix that is written as `expr`."""
    return Matrix("leaf", rows, cols, (), expr, rank, symmetric, mask)


def transpose(m: Matrix) -> Matrix:
    """mᵀ, with the transpose moved inside as far as it goes."""
    if m.kind == "product":
        return replace(
            m, rows=m.cols, cols=m.rows, parts=tuple(transpose(part) for part in reversed(m.parts))
        )
    if (
        m.kind == "entrywise"
        and not is_vector(m)
        and any(part.rank == 1 and is_vector(part) for part in m.parts)
    ):
        # A 1-D operand broadcasts along the last axis: only the whole can be turned.
        return leaf(Transpose(write(m)[0]), m.cols, m.rows, mask=m.mask)
    if m.kind in ("hadamard", "sum", "entrywise", "scaled"):
        return replace(
            m, rows=m.cols, cols=m.rows, parts=tuple(transpose(part) for part in m.parts)
        )
    if m.kind in ("diag", "eye") or m.symmetric:
        return m
    if m.kind == "shift":
        return replace(m, rows=m.cols, cols=m.rows, symmetric=False, mask=not m.mask)
    if m.kind == "ones" or m.rank < 2:
        kept = (
            m.kept.arg
            if isinstance(m.kept, Transpose)
            else Transpose(m.kept)
            if m.kept is not None
            else None
        )
        return replace(m, rows=m.cols, cols=m.rows, kept=kept)
    assert m.expr is not None
    flipped = m.expr.arg if isinstance(m.expr, Transpose) else Transpose(m.expr)
    return replace(m, rows=m.cols, cols=m.rows, expr=flipped)


def product(*factors: Matrix) -> Matrix:
    """A chain; products are associative, so chains are flat, and identities vanish."""
    parts: list[Matrix] = []
    for factor in factors:
        parts.extend(factor.parts if factor.kind == "product" else [factor])
    parts = cancelled(parts)
    kept = [part for part in parts if part.kind != "eye"] or parts[:1]
    return (
        kept[0] if len(kept) == 1 else Matrix("product", kept[0].rows, kept[-1].cols, tuple(kept))
    )


def cancelled(parts: list[Matrix]) -> list[Matrix]:
    """A chain in which an inverse meets what it inverts: inv(AᵀA) Aᵀ A is I, and of square factors
    X inv(Xᵀ A X) is inv(Xᵀ A).
    """
    for at, part in enumerate(parts):
        inside = inverted(part)
        if inside is None:
            continue
        for side, near in (
            (1, parts[at + 1 : at + 1 + len(inside)]),
            (-1, parts[max(at - len(inside), 0) : at]),
        ):
            written = [m.expr for m in near]
            span = slice(at, at + 1 + len(near)) if side == 1 else slice(at - len(near), at + 1)
            if written == inside:
                rows, cols = (part.rows, near[-1].cols) if side == 1 else (near[0].rows, part.cols)
                return cancelled(
                    [*parts[: span.start], Matrix("eye", rows, cols), *parts[span.stop :]]
                )
            beside = near[0] if side == 1 and near else near[-1] if near else None
            end = inside[0] if side == 1 else inside[-1]
            if beside is None or beside.expr != end or beside.rows != beside.cols:
                continue
            rest = inverse(inside[1:] if side == 1 else inside[:-1], part)
            span = slice(at, at + 2) if side == 1 else slice(at - 1, at + 1)
            return cancelled([*parts[: span.start], rest, *parts[span.stop :]])
    return parts


def inverted(m: Matrix) -> list[Expr] | None:
    """The factors of the matrix whose inverse this is; None for anything else."""
    if m.kind != "leaf":
        return None
    match m.expr:
        case Call("inv", (arg,)):
            return chain_of(arg)
        case Transpose(Call("inv", (arg,))):
            return [flip(factor) for factor in reversed(chain_of(arg))]
    return None


def inverse(factors: list[Expr], like: Matrix) -> Matrix:
    """The inverse of a product of square matrices; of a transpose alone it is the transposed
    inverse.
    """
    total = factors[0]
    for factor in factors[1:]:
        total = Binary("@", total, factor)
    call: Expr = Call("inv", (total,))
    if all(isinstance(factor, Transpose) for factor in factors):
        bare = [flip(factor) for factor in reversed(factors)]
        call = Transpose(inverse(bare, like).expr or call)
    return leaf(call, like.rows, like.cols)


def hadamard(*factors: Matrix) -> Matrix:
    """The entrywise product; factors of ones are left out."""
    parts: list[Matrix] = []
    for factor in factors:
        parts.extend(factor.parts if factor.kind == "hadamard" else [factor])
    kept = [part for part in parts if part.kind != "ones"] or parts[:1]
    return (
        kept[0] if len(kept) == 1 else Matrix("hadamard", kept[0].rows, kept[0].cols, tuple(kept))
    )


def diagonal(vector: Matrix) -> Matrix:
    """The diagonal matrix of a vector."""
    return Matrix("diag", vector.rows, vector.rows, (vector,))


def is_vector(m: Matrix) -> bool:
    """Whether one of its two sizes is 1."""
    return ONE in (m.rows, m.cols)


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
    if m.kind == "hadamard":
        return write_hadamard(m)
    if m.kind == "entrywise":
        return write_entrywise(m)
    if m.kind == "scaled":
        expr, rank = write(m.parts[0])
        coefficient = m.coefficients[0]
        assert coefficient is not None
        row = m.parts[0].kind == "product" and m.parts[0].parts[0].rows == ONE and rank < 2
        if row:  # 2 (yᵀ W), not (2 y)ᵀ W
            negative, size = (
                (True, coefficient.arg) if isinstance(coefficient, Neg) else (False, coefficient)
            )
            whole = multiple(size, expr)
            return Neg(whole) if negative else whole, rank
        if isinstance(coefficient, Neg):
            return Neg(scaled(coefficient.arg, expr)), rank
        return scaled(coefficient, expr), rank
    if m.kind == "sum":
        return write_sum(m)
    return write_product(m.parts)


def flat_vector(m: Matrix) -> Expr:
    """A vector as a 1-D expression."""
    expr, rank = write(m)
    if rank < 2:
        return expr
    return (
        Index(expr, (Slice(), Num(Fraction(0))))
        if m.cols == ONE
        else Index(expr, (Num(Fraction(0)), Slice()))
    )


def align(parts: Sequence[Matrix]) -> tuple[list[Expr], int]:
    """Vectors of one orientation, or matrices, written so that NumPy combines them entry by
    entry.
    """
    written = [write(part) for part in parts]
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


def write_hadamard(m: Matrix) -> tuple[Expr, int]:
    """An entrywise product as (expression, number of axes)."""
    exprs, rank = align(m.parts)
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
    return total, rank


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
    """A chain; where two vectors meet back to back it is an outer product."""
    segments: list[list[Matrix]] = [[]]
    for part in parts:
        if segments[-1] and segments[-1][-1].cols == ONE and part.rows == ONE:
            segments.append([])
        segments[-1].append(part)
    if len(segments) > 2:
        raise NoMatrixForm
    written = [write_chain(segment) for segment in segments]
    if len(written) == 1:
        return written[0]
    (left, left_rank), (right, right_rank) = written
    if left_rank == right_rank == 2:
        return Binary("@", left, right), 2
    bare = [
        arg.arg if isinstance(arg, Transpose) and rank == 2 else arg
        for arg, rank in zip((left, right), (left_rank, right_rank), strict=True)
    ]
    return Call("outer", tuple(bare)), 2


def write_chain(parts: Sequence[Matrix]) -> tuple[Expr, int]:
    """A matrix product as (expression, number of axes)."""
    parts = kept_diagonal(parts)
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
    if len(parts) > 1 and not any(is_vector(part) for part in parts):
        # At either end of a product a diagonal of a column (or row) broadcasts: w * M, M * v.
        if parts[0].kind == "diag" and write(parts[0].parts[0])[1] == 2:
            inner, rank = write_chain(parts[1:])
            return weighted(write(parts[0].parts[0])[0], inner), rank
        if parts[-1].kind == "diag" and write(parts[-1].parts[0])[1] == 2:
            inner, rank = write_chain(parts[:-1])
            return hadamard_product(inner, write(transpose(parts[-1].parts[0]))[0]), rank
    total, rank = write_factor(parts[0], len(parts) > 1)
    for part in parts[1:]:
        expr, other = write_factor(part)
        total, rank = Binary("@", total, expr), min(rank, other)
    return total, rank


def write_factor(m: Matrix, beside: bool = True) -> tuple[Expr, int]:
    """A factor of a product: of a sum with fewer transposes inside, the whole is transposed."""
    expr, rank = write(m)
    if beside and m.kind == "sum" and not is_vector(m) and not isinstance(expr, Transpose):
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
