"""A vector spread over a matrix, or put into a chain: the rows of a matrix times the entries of a
column.
"""

from __future__ import annotations

from gradcalc.calculus.notation.matrix import (
    Matrix,
    diagonal,
    hadamard,
    is_vector,
    product,
    spread,
    transpose,
)
from gradcalc.calculus.notation.matrix_expressions import column
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.shape_rules import ONE


def undivided(m: Matrix) -> list[Matrix]:
    """A chain with a diagonal in it whose vector keeps its axis, written without it: M diag(w) N
    as M (w N), and as (M w) N. What else there is stays.
    """
    if m.kind != "product":
        return [m]
    for at, part in enumerate(m.parts):
        if part.kind != "diag" or column(part.parts[0]) is None:
            continue
        vector, before, after = part.parts[0], m.parts[:at], m.parts[at + 1 :]
        found = []
        if after and not is_vector(after[0]):
            found.append(product(*before, weighed(vector, product(*after))))
        if before and not is_vector(before[-1]):
            beside = before[-1]
            turned = spread(transpose(vector), beside.rows, beside.cols)
            found.append(product(*before[:-1], hadamard(beside, turned), *after))
        return [whole for one in found for whole in undivided(one)] or [m]
    return [m]


def weighed(vector: Matrix, m: Matrix) -> Matrix:
    """The rows of a matrix times the entries of a column, of a product those of its first
    factor.
    """
    if m.kind == "product" and column(vector) is not None and not is_vector(m.parts[0]):
        return product(weighed(vector, m.parts[0]), *m.parts[1:])
    if m.kind == "hadamard":
        whole = [part for part in m.parts if part.kind == "product"]
        if len(whole) == 1 and column(vector) is not None and not is_vector(whole[0].parts[0]):
            inner = weighed(vector, whole[0])
            return hadamard(*(inner if part is whole[0] else part for part in m.parts))
    if m.kind == "scaled":
        return replace(m, parts=(weighed(vector, m.parts[0]),))
    if m.kind == "product" and m.parts[0].cols == ONE:
        return product(hadamard(m.parts[0], vector), *m.parts[1:])
    if m.kind in ("shift", "eye"):
        return product(diagonal(vector), m)
    return hadamard(spread(vector, m.rows, m.cols), m)


def drawn_out(m: Matrix) -> list[Matrix]:
    """A product whose first factor has rows with weights, also with these beside the whole: (w M)
    N, and w (M N).
    """
    if m.kind != "product" or m.parts[0].kind != "hadamard":
        return [m]
    first = m.parts[0]
    loose = [part for part in first.parts if part.kind == "spread" and part.parts[0].cols == ONE]
    rest = [part for part in first.parts if part not in loose]
    if not loose or not rest:
        return [m]
    weights = [spread(part.parts[0], m.rows, m.cols) for part in loose]
    return [m, hadamard(product(hadamard(*rest), *m.parts[1:]), *weights)]
