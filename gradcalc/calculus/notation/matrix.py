"""The typed matrix tree: every node knows rows × columns; one function writes it in the expression
language.

A 1-D array has no orientation of its own: as a matrix it is a column or a row as needed, and its
transpose is itself. `rank` says what the written expression is: 1 for such an array, 2 for a
matrix, a column `[n, 1]` or a row `[1, n]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from gradcalc.calculus.notation.products import chain_of, factors_of, flip
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Binary, Call, Expr, Name, Num, Transpose
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.tree import substitute, walk

NONE = Size.of(0)


class NoMatrixForm(Exception):
    """The terms need more than two axes at once; the entry form is the answer."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """kind: leaf | entrywise | scaled | product | hadamard | sum | diag | eye | ones | shift (1[row
    = column + offset]) | spread | turned.

    An entrywise node is an expression in stand-ins for its parts (see `stand_in`); a scaled one is
    coefficients[0] times its part. A spread one is a column put beside itself, v_i for all j, or a
    row under itself; a turned one is the transpose of its part. `count`: of a leaf that is a sum,
    how many entries are added up.
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
    count: Size | None = None


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
        return Matrix("turned", m.cols, m.rows, (m,), mask=m.mask)
    if m.kind == "turned":
        return m.parts[0]
    if m.kind in ("hadamard", "sum", "entrywise", "scaled", "spread"):
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
    parts = summed_diagonals(cancelled(parts))
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


def summed_diagonals(parts: list[Matrix]) -> list[Matrix]:
    """A chain in which ones meet a diagonal: diag(v) 𝟏 is v."""
    for at, (left, right) in enumerate(pairwise(parts)):
        if left.kind == "diag" and right.kind == "ones":
            return summed_diagonals([*parts[:at], left.parts[0], *parts[at + 2 :]])
        if left.kind == "ones" and right.kind == "diag" and left.rows == ONE:
            return summed_diagonals([*parts[:at], transpose(right.parts[0]), *parts[at + 2 :]])
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
    """The entrywise product; factors of ones are left out, spread vectors of one direction
    meet.
    """
    parts: list[Matrix] = []
    for factor in factors:
        parts.extend(factor.parts if factor.kind == "hadamard" else [factor])
    kept: list[Matrix] = []
    for part in (part for part in parts if part.kind != "ones"):
        twin = next((k for k in kept if along(k, part)), None)
        if twin is None:
            kept.append(part)
        else:
            both = hadamard(twin.parts[0], part.parts[0])
            kept[kept.index(twin)] = replace(twin, parts=(both,))
    kept = kept or parts[:1]
    return (
        kept[0] if len(kept) == 1 else Matrix("hadamard", kept[0].rows, kept[0].cols, tuple(kept))
    )


def spread(vector: Matrix, rows: Size, cols: Size) -> Matrix:
    """A column put beside itself, or a row under itself, to a matrix of rows × cols."""
    return Matrix("spread", rows, cols, (vector,))


def along(a: Matrix, b: Matrix) -> bool:
    """Are two matrices spread vectors that are both columns, or both rows?"""
    return a.kind == b.kind == "spread" and (a.parts[0].cols == ONE) == (b.parts[0].cols == ONE)


def elementary(m: Matrix) -> list[Matrix]:
    """The factors of an entrywise product, each by itself: P ∘ g/s as P, g and 1/s."""
    if m.kind == "hadamard":
        return [factor for part in m.parts for factor in elementary(part)]
    if m.kind == "spread":
        return [replace(m, parts=(factor,)) for factor in elementary(m.parts[0])]
    if m.kind != "entrywise" or m.expr is None:
        return [m]
    found = []
    for expr, below in factors_of(m.expr):
        inside = {part.id for part in walk(expr) if isinstance(part, Name)}
        used = [n for n in range(len(m.parts)) if stand_in(n).id in inside]
        parts = tuple(m.parts[n] for n in used)
        sizes = {(part.rows, part.cols) for part in parts} - {(ONE, ONE)}
        if (m.rows, m.cols) not in sizes and not {(m.rows, ONE), (ONE, m.cols)} <= sizes:
            return [m]  # a number, or a vector that only the whole spreads
        alone = substitute(expr, {stand_in(n).id: stand_in(at) for at, n in enumerate(used)})
        if below:
            alone = Binary("/", Num(Fraction(1)), alone)
        plain = isinstance(alone, Name) and not below
        found.append(parts[0] if plain else replace(m, parts=parts, expr=alone))
    return found


def diagonal(vector: Matrix) -> Matrix:
    """The diagonal matrix of a vector."""
    return Matrix("diag", vector.rows, vector.rows, (vector,))


def is_vector(m: Matrix) -> bool:
    """Whether one of its two sizes is 1."""
    return ONE in (m.rows, m.cols)
