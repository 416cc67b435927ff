"""A vector spread over a matrix, or put into a chain: the rows of a matrix times the entries of a
column.
"""

from __future__ import annotations

from gradcalc.calculus.notation.matrix import (
    diagonal,
    diagonal_of,
    entry_factors,
    factors,
    hadamard,
    is_eye,
    is_product,
    is_vector,
    multiple_of,
    multiplied,
    product,
    spread,
    spread_of,
    transpose,
)
from gradcalc.calculus.notation.matrix_expressions import column
from gradcalc.calculus.notation.selectors import selects
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import Sized


def undivided(m: Sized) -> list[Sized]:
    """A chain with a diagonal in it whose vector keeps its axis, written without it: M diag(w) N
    as M (w N), and as (M w) N. What else there is stays.
    """
    parts = factors(m)
    for at, part in enumerate(parts if len(parts) > 1 else ()):
        vector, before, after = diagonal_of(part), parts[:at], parts[at + 1 :]
        if vector is None or column(vector) is None:
            continue
        found = []
        if after and not is_vector(after[0]):
            found.append(product(*before, weighed(vector, product(*after))))
        if before and not is_vector(before[-1]):
            beside = before[-1]
            turned = spread(transpose(vector), beside.rows, beside.cols)
            found.append(product(*before[:-1], hadamard(beside, turned), *after))
        return [whole for one in found for whole in undivided(one)] or [m]
    return [m]


def weighed(vector: Sized, m: Sized) -> Sized:
    """The rows of a matrix times the entries of a column, of a product those of its first
    factor.
    """
    first, *rest = factors(m)
    if rest and column(vector) is not None and not is_vector(first):
        return product(weighed(vector, first), *rest)
    beside = entry_factors(m)
    whole = [part for part in beside if is_product(part)] if len(beside) > 1 else []
    if len(whole) == 1 and column(vector) is not None and not is_vector(factors(whole[0])[0]):
        inner = weighed(vector, whole[0])
        return hadamard(*(inner if part is whole[0] else part for part in beside))
    if (multiple := multiple_of(m)) is not None:
        return multiplied(multiple[0], weighed(vector, multiple[1]))
    if rest and first.cols == ONE:
        return product(hadamard(first, vector), *rest)
    if selects(m) or is_eye(m):
        return product(diagonal(vector), m)
    return hadamard(spread(vector, m.rows, m.cols), m)


def drawn_out(m: Sized) -> list[Sized]:
    """A product whose first factor has rows with weights, also with these beside the whole: (w M)
    N, and w (M N).
    """
    first, *after = factors(m)
    if not after:
        return [m]
    weights, rest = [], []
    for part in entry_factors(first):
        vector = spread_of(part)
        if vector is not None and vector.cols == ONE:
            weights.append(spread(vector, m.rows, m.cols))
        else:
            rest.append(part)
    if not weights or not rest:
        return [m]
    return [m, hadamard(product(hadamard(*rest), *after), *weights)]
