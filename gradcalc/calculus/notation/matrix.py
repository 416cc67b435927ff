"""Matrices are expressions with a shape: how they are made, and taken apart again.

An expression without sized operands is written as it stands; among these are 𝟏, the identity, and
the rows of it that choose (selectors.py). One with sized operands is

    A @ B @ C             a product of matrices
    c * A                 a multiple: nothing in the number c is sized
    A.T                   the transpose of what can only be turned as a whole
    diag(v)               a diagonal matrix
    exp(A) - B, …         entry by entry, as it is written
    ~hadamard(A, B, …)    entry by entry, in an order and above or below a bar that writing chooses
    ~sum(A, -2*B, …)      a sum, transposed as a whole or not as writing chooses
    ~spread(v)            a column put beside itself, v_i for all j, or a row under itself

Nobody else's function has a ~ in its name. matrix_expressions.py writes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from gradcalc.calculus.notation.products import chain_of, factors_of, flip
from gradcalc.calculus.notation.recognised import rebuilt
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, Transpose
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import Sized, filled, walk

UNIT = Num(Fraction(1))


class NoMatrixForm(Exception):
    """The terms need more than two axes at once; the entry form is the answer."""


def operands(expr: Expr) -> list[Sized]:
    """The sized operands in an expression, from the left."""
    return [part for part in walk(expr) if isinstance(part, Sized)]


def mapped(m: Sized, change: Callable[[Sized], Sized]) -> Sized:
    """The same expression with changed operands."""
    if not operands(m.expr):
        return m
    expr = rebuilt(m.expr, lambda part: change(part) if isinstance(part, Sized) else part)
    return replace(m, expr=expr)


def put_in(expr: Expr, written: Mapping[Sized, Expr]) -> Expr:
    """An expression with what is written for its operands in their place."""
    return filled(expr, lambda part: written[part] if isinstance(part, Sized) else part)


def is_product(m: Sized) -> bool:
    """Is it a product of sized factors?"""
    return isinstance(m.expr, Binary) and m.expr.op == "@" and isinstance(m.expr.right, Sized)


def factors(m: Sized) -> list[Sized]:
    """The factors of a matrix product; of anything else it alone."""
    return operands(m.expr) if is_product(m) else [m]


def entry_factors(m: Sized) -> list[Sized]:
    """The factors of an entrywise product; of anything else it alone."""
    return operands(m.expr) if is_hadamard(m) else [m]


def is_hadamard(m: Sized) -> bool:
    """Is it an entrywise product of sized factors?"""
    return isinstance(m.expr, Call) and m.expr.func == "~hadamard"


def is_sum(m: Sized) -> bool:
    """Is it a sum of sized terms?"""
    return isinstance(m.expr, Call) and m.expr.func == "~sum"


def is_entrywise(m: Sized) -> bool:
    """Is an entry of it made of those of its operands at the same place?"""
    if is_product(m) or diagonal_of(m) is not None or spread_of(m) is not None:
        return False
    return not isinstance(m.expr, Transpose) and bool(operands(m.expr))


def is_mask(m: Sized) -> bool:
    """Is it an elementwise expression over a matrix, as the derivative of a function is? It takes
    weights at both ends inside.
    """
    turned = isinstance(m.expr, Transpose) and bool(operands(m.expr))
    chosen = is_hadamard(m) or is_sum(m) or multiple_of(m) is not None
    return turned or (is_entrywise(m) and not chosen and not is_vector(m))


def kept(m: Sized) -> Expr | None:
    """A sum along the rows or columns of a matrix as a column or row, which it is where the sum
    keeps its axis; None for anything else.
    """
    match m.expr:
        case Call("sum", (_,) as of, (("axis", Num(axis)),) as along) if m.rank == 1:
            whole = Call("sum", of, (*along, ("keepdims", Name("True"))))
            return whole if (axis == 1) == (m.cols == ONE) else Transpose(whole)
    return None


def terms_of(m: Sized) -> list[tuple[bool, Expr | None, Sized]]:
    """The terms of a sum: whether it is taken away, the number in front, the matrix."""
    found: list[tuple[bool, Expr | None, Sized]] = []
    for term in m.expr.args if isinstance(m.expr, Call) else ():
        match term.arg if isinstance(term, Neg) else term:
            case Sized() as part:
                found.append((isinstance(term, Neg), None, part))
            case Binary("*", number, Sized() as part):
                found.append((isinstance(term, Neg), number, part))
    return found


def multiple_of(m: Sized) -> tuple[Expr, Sized] | None:
    """The number in front of a matrix, and the matrix; None where none is there."""
    match m.expr:
        case Binary("*", number, Sized() as part) if not operands(number):
            return number, part
    return None


def unscaled(m: Sized) -> Sized:
    """A matrix without the number in front of it."""
    found = multiple_of(m)
    return m if found is None else found[1]


def diagonal_of(m: Sized) -> Sized | None:
    """The vector of a diagonal matrix; None for anything else."""
    match m.expr:
        case Call("diag", (Sized() as vector,)) if (vector.rows, vector.cols) == (m.cols, ONE):
            return vector
    return None


def spread_of(m: Sized) -> Sized | None:
    """The vector that is spread to this matrix; None for anything else."""
    match m.expr:
        case Call("~spread", (Sized() as vector,)):
            return vector
    return None


def is_eye(m: Sized) -> bool:
    """Is it the identity?"""
    return m.expr == Call("eye", (size_tree(m.rows),))


def is_ones(m: Sized) -> bool:
    """Is it a vector of ones?"""
    return m.expr == Call("ones", (size_tree(m.rows if m.cols == ONE else m.cols),))


def ones(rows: Size, cols: Size = ONE) -> Sized:
    """A column of ones; a row where `rows` is 1."""
    return Sized(Call("ones", (size_tree(rows if cols == ONE else cols),)), rows, cols, 1)


def eye(rows: Size, cols: Size) -> Sized:
    """The identity."""
    return Sized(Call("eye", (size_tree(rows),)), rows, cols, symmetric=True)


def transpose(m: Sized) -> Sized:
    """mᵀ, with the transpose moved inside as far as it goes."""
    if is_product(m):
        return chain([transpose(part) for part in reversed(factors(m))])
    if m.symmetric or diagonal_of(m) is not None:
        return m
    if isinstance(m.expr, Transpose) and isinstance(m.expr.arg, Sized):
        return m.expr.arg
    parts = operands(m.expr)
    if not parts:
        return replace(m, rows=m.cols, cols=m.rows, expr=m.expr if m.rank < 2 else flip(m.expr))
    if (
        not is_vector(m)
        and spread_of(m) is None
        and any(part.rank == 1 and is_vector(part) for part in parts)
    ):
        # A 1-D operand broadcasts along the last axis: only the whole can be turned.
        return Sized(Transpose(m), m.cols, m.rows)
    return replace(mapped(m, transpose), rows=m.cols, cols=m.rows)


def product(*given: Sized) -> Sized:
    """A chain; products are associative, so chains are flat, and identities vanish."""
    parts = summed_diagonals(cancelled([part for m in given for part in factors(m)]))
    return chain([part for part in parts if not is_eye(part)] or parts[:1])


def chain(parts: Sequence[Sized]) -> Sized:
    """The product of matrices as they are."""
    total: Expr = parts[0]
    for part in parts[1:]:
        total = Binary("@", total, part)
    return parts[0] if len(parts) == 1 else Sized(total, parts[0].rows, parts[-1].cols)


def cancelled(parts: list[Sized]) -> list[Sized]:
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
                return cancelled([*parts[: span.start], eye(rows, cols), *parts[span.stop :]])
            beside = near[0] if side == 1 and near else near[-1] if near else None
            end = inside[0] if side == 1 else inside[-1]
            if beside is None or beside.expr != end or beside.rows != beside.cols:
                continue
            rest = inverse(inside[1:] if side == 1 else inside[:-1], part)
            span = slice(at, at + 2) if side == 1 else slice(at - 1, at + 1)
            return cancelled([*parts[: span.start], rest, *parts[span.stop :]])
    return parts


def summed_diagonals(parts: list[Sized]) -> list[Sized]:
    """A chain in which ones meet a diagonal: diag(v) 𝟏 is v."""
    for at, (left, right) in enumerate(pairwise(parts)):
        before, after = diagonal_of(left), diagonal_of(right)
        if before is not None and is_ones(right):
            return summed_diagonals([*parts[:at], before, *parts[at + 2 :]])
        if after is not None and is_ones(left) and left.rows == ONE:
            return summed_diagonals([*parts[:at], transpose(after), *parts[at + 2 :]])
    return parts


def inverted(m: Sized) -> list[Expr] | None:
    """The factors of the matrix whose inverse this is; None for anything else."""
    match m.expr:
        case Call("inv", (arg,)):
            return chain_of(arg)
        case Transpose(Call("inv", (arg,))):
            return [flip(factor) for factor in reversed(chain_of(arg))]
    return None


def inverse(factors: list[Expr], like: Sized) -> Sized:
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
    return Sized(call, like.rows, like.cols)


def hadamard(*given: Sized) -> Sized:
    """The entrywise product; factors of ones are left out, spread vectors of one direction
    meet.
    """
    parts = [part for m in given for part in entry_factors(m)]
    kept: list[Sized] = []
    for part in (part for part in parts if not is_ones(part)):
        at = next((n for n, k in enumerate(kept) if along(k, part)), None)
        if at is None:
            kept.append(part)
        else:
            kept[at] = joined(kept[at], part)
    kept = kept or parts[:1]
    first = kept[0]
    return (
        first if len(kept) == 1 else Sized(Call("~hadamard", tuple(kept)), first.rows, first.cols)
    )


def joined(a: Sized, b: Sized) -> Sized:
    """Two vectors that are spread alike, as one."""
    both = hadamard(*(part for m in (a, b) for part in operands(m.expr)))
    return replace(a, expr=Call("~spread", (both,)))


def added(terms: Iterable[tuple[Expr | None, Sized]], rows: Size, cols: Size) -> Sized:
    """The sum of matrices with numbers in front; None is 1."""
    found: list[Expr] = []
    for number, part in terms:
        size = number.arg if isinstance(number, Neg) else number
        term = part if size is None or size == UNIT else Binary("*", size, part)
        found.append(Neg(term) if isinstance(number, Neg) else term)
    return Sized(Call("~sum", tuple(found)), rows, cols)


def multiplied(number: Expr, m: Sized) -> Sized:
    """A number times a matrix."""
    return Sized(Binary("*", number, m), m.rows, m.cols)


def spread(vector: Sized, rows: Size, cols: Size) -> Sized:
    """A column put beside itself, or a row under itself, to a matrix of rows × cols."""
    return Sized(Call("~spread", (vector,)), rows, cols)


def along(a: Sized, b: Sized) -> bool:
    """Are two matrices spread vectors that are both columns, or both rows?"""
    u, v = spread_of(a), spread_of(b)
    return u is not None and v is not None and (u.cols == ONE) == (v.cols == ONE)


def elementary(m: Sized) -> list[Sized]:
    """The factors of an entrywise product, each by itself: P ∘ g/s as P, g and 1/s."""
    if is_hadamard(m):
        return [factor for part in operands(m.expr) for factor in elementary(part)]
    if (vector := spread_of(m)) is not None:
        return [spread(factor, m.rows, m.cols) for factor in elementary(vector)]
    found = []
    for expr, below in factors_of(m.expr):
        sizes = {(part.rows, part.cols) for part in operands(expr)} - {(ONE, ONE)}
        if (m.rows, m.cols) not in sizes and not {(m.rows, ONE), (ONE, m.cols)} <= sizes:
            return [m]  # a number, or a vector that only the whole spreads
        if isinstance(expr, Sized) and not below:
            found.append(expr)
        else:
            found.append(replace(m, expr=Binary("/", UNIT, expr) if below else expr))
    return found


def diagonal(vector: Sized) -> Sized:
    """The diagonal matrix of a vector."""
    return Sized(Call("diag", (vector,)), vector.rows, vector.rows)


def is_vector(m: Sized) -> bool:
    """Whether one of its two sizes is 1."""
    return ONE in (m.rows, m.cols)
