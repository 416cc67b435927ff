"""Matrices as expressions: how each kind is written in the expression language."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from gradcalc.calculus.notation.matrix import (
    NoMatrixForm,
    diagonal,
    factors,
    hadamard,
    is_entrywise,
    is_hadamard,
    is_product,
    is_sum,
    is_vector,
    kept,
    mapped,
    multiple_of,
    ones,
    operands,
    product,
    put_in,
    spread_of,
    terms_of,
    transpose,
    unscaled,
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
from gradcalc.calculus.notation.selectors import (
    kept_diagonal,
    placed,
    selects,
    shifted_columns,
    shifted_rows,
)
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
from gradcalc.language.tree import Sized


def write(m: Sized) -> tuple[Expr, int]:
    """(expression, rank) of a matrix."""
    if is_product(m):
        return write_product(factors(m))
    if is_hadamard(m):
        return write_hadamard(m)
    if is_sum(m):
        return write_sum(m)
    if (vector := spread_of(m)) is not None:
        return write_spread(vector, m), 2
    if (multiple := multiple_of(m)) is not None:
        number, part = multiple
        expr, rank = write(part)
        row = is_product(part) and factors(part)[0].rows == ONE and rank < 2
        return write_scaled(number, expr, row), rank
    return write_entrywise(m)


def write_scaled(coefficient: Expr, expr: Expr, row: bool = False) -> Expr:
    """coefficient · expr, the sign in front. `row`: 2 (yᵀ W), not (2 y)ᵀ W."""
    if isinstance(coefficient, Neg):
        return Neg(write_scaled(coefficient.arg, expr, row))
    return multiple(coefficient, expr) if row else scaled(coefficient, expr)


def row(m: Sized) -> Expr:
    """A row as an expression that is read as one: a 1-D array transposed, vᵀ, unless it leads a
    product or is a list.
    """
    if is_sum(m):
        given = iter(rows([part for _, _, part in terms_of(m)]))
        return write(mapped(m, lambda _: next(given)))[0]
    expr, rank = write(m)
    if rank == 2 or is_product(m) or isinstance(expr, Vector):
        return expr
    if (whole := kept(m)) is not None:
        return whole
    if (multiple := multiple_of(m)) is not None:
        return write_scaled(multiple[0], row(multiple[1]), is_product(multiple[1]))
    return flip(expr)


def rows(parts: Sequence[Sized]) -> list[Sized]:
    """The parts of a sum as rows. A column with its axis and a 1-D array are both written flat:
    the transpose may stand outside their sum, where NumPy would spread the one along the other.
    """
    exprs = [row(part) for part in parts]
    flat = [write(part)[1] < 2 and kept(part) is None for part in parts]
    turned = [isinstance(expr, Transpose) for expr in exprs]
    if all(turned) and len(set(flat)) == 2:
        exprs = [flip(flat_vector(part)) for part in parts]
    return [Sized(expr, part.rows, part.cols) for expr, part in zip(exprs, parts, strict=True)]


def flat_vector(m: Sized) -> Expr:
    """A vector as a 1-D expression."""
    expr, rank = write(m)
    if rank < 2:
        return expr
    column = m.cols == ONE
    if isinstance(expr, Transpose):
        expr, column = expr.arg, not column
    return Index(expr, (Slice(), Num(Fraction(0))) if column else (Num(Fraction(0)), Slice()))


def align(parts: Sequence[Sized]) -> tuple[list[Expr], int]:
    """Vectors of one orientation, or matrices, written so that NumPy combines them entry by
    entry.
    """
    written = [write(part) for part in parts]
    if {rank for _, rank in written} == {1, 2}:
        columns = [wide(part) for part in parts]
        if all(expr is not None for expr in columns):
            return [expr for expr in columns if expr is not None], 2
    if any(rank == 2 for _, rank in written) and all(
        rank == 2 or kept(part) is not None for part, (_, rank) in zip(parts, written, strict=True)
    ):
        return [
            (kept(part) or expr) if rank == 1 else expr
            for part, (expr, rank) in zip(parts, written, strict=True)
        ], 2
    if any(rank == 1 for _, rank in written) and any(
        rank == 2 and is_vector(part) for part, (_, rank) in zip(parts, written, strict=True)
    ):
        return [flat_vector(part) for part in parts], 1
    return [expr for expr, _ in written], max(rank for _, rank in written)


def write_spread(vector: Sized, m: Sized) -> Expr:
    """A spread vector alone: outer(v, 𝟏)."""
    if vector.cols == ONE:
        return write(product(vector, ones(ONE, m.cols)))[0]
    return write(product(ones(m.rows), vector))[0]


def broadcast(m: Sized) -> Expr | None:
    """What NumPy spreads to this matrix: a column with its axis, or a row. None where a 1-D array
    is a column, for NumPy takes it for a row, and of what is no spread vector.
    """
    if (multiple := multiple_of(m)) is not None:
        inner = broadcast(multiple[1])
        return None if inner is None else write_scaled(multiple[0], inner)
    vector = spread_of(m)
    if vector is None:
        return None
    return wide(vector) if vector.cols == ONE else write(vector)[0]


def column(m: Sized) -> Expr | None:
    """A column with its axis, [n, 1]; None where it is written as a 1-D array."""
    expr, rank = write(m)
    if rank == 2:
        return expr
    if (whole := kept(m)) is not None:
        return whole
    if (multiple := multiple_of(m)) is not None:
        inner = column(multiple[1])
        return None if inner is None else write_scaled(multiple[0], inner)
    if not is_entrywise(m):
        return None
    upright = {part: upright_column(part) for part in operands(m.expr) if part.rows != ONE}
    if any(part.rank < 2 for part in upright.values()):
        return None
    return write(mapped(m, lambda part: upright.get(part, part)))[0]


def wide(m: Sized) -> Expr | None:
    """A column with its axis, also of a product with a 1-D array: Σ_j M_ij v_j along the rows."""
    expr = column(m)
    if expr is None and is_product(m) and m.cols == ONE and not is_vector(factors(m)[-2]):
        *before, last = factors(m)
        rows, rank = write_product(before)
        vector, own = write(last)
        if (rank, own) == (2, 1) and not isinstance(rows, Transpose):
            along = (("axis", Num(Fraction(1))), ("keepdims", Name("True")))
            return Call("sum", (hadamard_product(rows, vector),), along)
    return expr


def upright_column(m: Sized) -> Sized:
    """The same column, written with its axis where it can be."""
    expr = column(m)
    return m if expr is None else Sized(expr, m.rows, m.cols)


def write_hadamard(m: Sized) -> tuple[Expr, int]:
    """An entrywise product as (expression, number of axes)."""
    parts = operands(m.expr)
    loose = [(part, vector) for part in parts if (vector := spread_of(part)) is not None]
    if len(loose) == len(parts):  # a column and a row
        return write(product(*sorted((vector for _, vector in loose), key=lambda v: v.rows == ONE)))
    bare = [part for part, _ in loose if broadcast(part) is None]
    if bare:
        rest = hadamard(*(part for part in parts if part not in bare))
        return write(product(*(diagonal(vector) for part, vector in loose if part in bare), rest))
    if loose:
        first = [part for part, vector in loose if vector.cols == ONE]
        last = [part for part, vector in loose if vector.cols != ONE]
        order = [*first, *(part for part in parts if spread_of(part) is None), *last]
        return entry_by_entry([broadcast(part) or write(part)[0] for part in order]), 2
    exprs, rank = align(parts)
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


def write_entrywise(m: Sized) -> tuple[Expr, int]:
    """An expression with its operands in place."""
    parts = list(dict.fromkeys(operands(m.expr)))
    if not parts:
        return m.expr, m.rank
    arrays = [part for part in parts if (part.rows, part.cols) != (ONE, ONE)]
    exprs, rank = (
        align(arrays) if arrays and is_vector(m) else ([write(part)[0] for part in arrays], 2)
    )
    flipped, exprs = unturned(exprs)
    written = dict(zip(arrays, exprs, strict=True))
    written.update((part, write(part)[0]) for part in parts if part not in written)
    whole = upright(put_in(m.expr, written))
    return Transpose(whole) if flipped else whole, rank


def unturned(exprs: list[Expr]) -> tuple[bool, list[Expr]]:
    """Whether all of several are transposes, and then what is transposed: (Ŷ − Y)ᵀ rather than
    Ŷᵀ − Yᵀ.
    """
    bare = [expr.arg for expr in exprs if isinstance(expr, Transpose)]
    flipped = len(bare) == len(exprs) > 1
    return flipped, bare if flipped else exprs


def write_sum(m: Sized) -> tuple[Expr, int]:
    """A sum as (expression, number of axes)."""
    terms = terms_of(m)
    parts = [part for _, _, part in terms]
    exprs, rank = align(parts)
    wholes = [part for part in map(unscaled, parts) if (part.rows, part.cols) != (ONE, ONE)]
    vectors = [spread_of(part) for part in wholes]
    if None in vectors or len({v.rows == ONE for v in vectors if v is not None}) == 2:
        exprs = [broadcast(part) or whole for part, whole in zip(parts, exprs, strict=True)]
    flipped, exprs = unturned(exprs)
    total: Expr | None = None
    for (negative, size, _), expr in zip(terms, exprs, strict=True):
        piece = expr if size is None else scaled(size, expr)
        if total is None:
            total = Neg(piece) if negative else piece
        else:
            total = Binary("-" if negative else "+", total, piece)
    assert total is not None
    return Transpose(total) if flipped else upright(total), rank


def write_product(parts: Sequence[Sized]) -> tuple[Expr, int]:
    """A chain; where two vectors meet back to back it is an outer product. A number or a 1-D
    array is written the way round that is shorter: x @ A @ x for x @ A.T @ x.
    """
    segments: list[list[Sized]] = [[]]
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


def shorter(parts: Sequence[Sized], written: tuple[Expr, int]) -> tuple[Expr, int]:
    """A chain as it is written, or turned round where that has fewer transposes."""
    if len(parts) < 2 or not transposes(written[0]):
        return written
    turned = write_chain([transpose(part) for part in reversed(parts)])
    fewer = transposes(turned[0]) < transposes(written[0])
    return turned if fewer and turned[1] == written[1] else written


def write_chain(parts: Sequence[Sized]) -> tuple[Expr, int]:
    """A matrix product as (expression, number of axes)."""
    parts = powers(kept_diagonal(parts))
    # With zeros on all sides selectors stay: I[1:]ᵀ diag(v) I[:−1].
    around = placed(parts[0], True) and placed(parts[-1], False)
    while not around and len(parts) > 1 and any(selects(part) for part in parts):
        at = next(n for n, part in enumerate(parts) if selects(part))
        if at + 1 < len(parts):
            chosen = parts[at + 1]
            parts[at : at + 2] = [shifted_rows(parts[at], chosen, *write(chosen))]
        elif parts[at - 1].rows == ONE:
            turned = transpose(parts[at - 1])
            turned = shifted_rows(transpose(parts[at]), turned, *write(turned))
            parts[at - 1 : at + 1] = [transpose(turned)]
        else:
            chosen = parts[at - 1]
            parts[at - 1 : at + 1] = [shifted_columns(chosen, write(chosen)[0], parts[at])]
    total, rank = write_factor(parts[0], len(parts) > 1)
    for part in parts[1:]:
        expr, other = write_factor(part)
        total, rank = Binary("@", total, expr), min(rank, other)
    return total, rank


def powers(parts: Sequence[Sized]) -> list[Sized]:
    """A chain in which equal factors beside each other are a power, from three on, and from two
    on where a factor is no name: M M M v is M³ v.
    """
    found: list[Sized] = []
    for (factor, _), run in groupby(parts, key=lambda m: (m, m.rows == m.cols)):
        again = list(run)
        simple = isinstance(factor.expr, Name) or (
            isinstance(factor.expr, Transpose) and isinstance(factor.expr.arg, Name)
        )
        if factor.rows != factor.cols or len(again) < (3 if simple else 2) or factor.rows == ONE:
            found += again
            continue
        power = Call("matrix_power", (write(factor)[0], Num(Fraction(len(again)))))
        found.append(Sized(power, factor.rows, factor.cols, symmetric=factor.symmetric))
    return found


def write_factor(m: Sized, beside: bool = True) -> tuple[Expr, int]:
    """A factor of a product: where that has fewer transposes inside, the whole is transposed."""
    expr, rank = write(m)
    if (
        beside
        and (is_sum(m) or is_hadamard(m))
        and not is_vector(m)
        and not isinstance(expr, Transpose)
    ):
        whole = Transpose(write(transpose(m))[0])
        if not isinstance(whole.arg, Transpose) and transposes(whole) < transposes(expr):
            return whole, rank
    return expr, rank
