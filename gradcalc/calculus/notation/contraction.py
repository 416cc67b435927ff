"""One term to a matrix by graph reduction: indices are vertices, two-index groups edges, one-index
groups weights.

Parallel edges become an elementwise product, a leaf M v, a vertex between two edges M diag(w) N.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial, reduce

import sympy as sp

from gradcalc.calculus.notation.chosen_entries import column_at, entry_at, picked
from gradcalc.calculus.notation.matrix import (
    NoMatrixForm,
    diagonal,
    elementary,
    entry_factors,
    eye,
    factors,
    hadamard,
    is_eye,
    is_mask,
    is_ones,
    is_product,
    ones,
    operands,
    product,
    spread,
    transpose,
)
from gradcalc.calculus.notation.matrix_entries import MatrixEntries
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.products import transposes
from gradcalc.calculus.notation.selectors import selects
from gradcalc.calculus.notation.spreading import weighed
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Binary, Call, Expr, Num
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import Sized, walk

ZERO = Num(Fraction(0))


@dataclass(slots=True)
class Reduced:
    """coefficient · Π scalars · body; a body of None is 1."""

    coef: sp.Expr
    scalars: list[sp.Expr | Sized] = field(default_factory=list)
    body: Sized | None = None


class Contraction:
    """Sums over the indices of a term, one after the other. `renamed`: a tree with named
    products read by their names. `jacobian`: what varies along rows or columns alone is a diagonal
    matrix, as in a Jacobian; in the gradient of a number it is spread along the other axis.
    """

    def __init__(
        self, entries: MatrixEntries, renamed: Callable[[Sized], Sized], jacobian: bool = True
    ) -> None:
        self.entries, self.renamed, self.jacobian = entries, renamed, jacobian

    def reduce(self, term: Term, free: Key) -> Reduced:
        """One term over its visible free indices (at most two) as coefficient, scalars and a
        matrix or column.
        """
        if len(free) > 2 or any(
            ix not in free and ix not in term.summed
            for ix in self.entries.shown(tuple(term.indices))
        ):
            raise NoMatrixForm
        result = Reduced(term.coef)
        weights: dict[Ix, list[Sized]] = {}
        edges: list[tuple[Ix, Ix, Sized]] = []
        summed = {ix for ix in term.summed if ix not in self.entries.hidden}
        grouped: dict[Key, sp.Expr] = {}
        for key, expr in term.groups.items():
            visible = tuple(self.entries.shown(key))
            grouped[visible] = grouped.get(visible, sp.S.One) * expr
        for key, expr in sorted(grouped.items(), key=lambda item: item[0]):
            if len(key) > 2:
                raise NoMatrixForm
            if not key:
                result.scalars.extend(sp.Mul.make_args(expr))
            elif len(key) == 1:
                weights.setdefault(key[0], []).append(self.entries.elementwise(expr, key))
            else:
                edges.append((key[0], key[1], self.entries.elementwise(expr, key)))
        for a, b in sorted(term.deltas):
            if a in self.entries.hidden or b in self.entries.hidden:
                continue
            edges.append((a, b, eye(a.size, b.size)))
        self.parallel(edges)
        while summed:
            # Leaves first; of equals the one between plain matrices, so that products form before
            # masks meet them.
            vertex = min(
                summed,
                key=lambda v: (
                    sum(v in e[:2] for e in edges),
                    sum(is_mask(e[2]) for e in edges if v in e[:2]),
                    v,
                ),
            )
            if (lone := self.lone(vertex, summed, weights, edges)) is not None:
                edges.remove(lone)
                result.scalars.append(self.whole(lone[2]))
                summed -= set(lone[:2])
                continue
            self.eliminate(vertex, weights, edges, result)
            summed.discard(vertex)
            self.parallel(edges)
        result.body = self.finish(free, weights, edges)
        return result

    @staticmethod
    def lone(
        vertex: Ix,
        summed: set[Ix],
        weights: dict[Ix, list[Sized]],
        edges: list[tuple[Ix, Ix, Sized]],
    ) -> tuple[Ix, Ix, Sized] | None:
        """The edge between two summed vertices that nothing else touches: a sum over all entries
        of a matrix.
        """
        touching = [edge for edge in edges if vertex in edge[:2]]
        if (
            len(touching) != 1
            or not set(touching[0][:2]) <= summed
            or touching[0][0] == touching[0][1]
        ):
            return None
        ends = set(touching[0][:2])
        alone = not ends & weights.keys() and sum(bool(ends & set(edge[:2])) for edge in edges) == 1
        return touching[0] if alone and traced(touching[0][2]) is not None else None

    @staticmethod
    def whole(m: Sized) -> Sized:
        """Σ_ij of a matrix that reads best as a trace."""
        found = traced(m)
        assert found is not None
        return Sized(Call("tr", (found,)), ONE, ONE, 0)

    @staticmethod
    def parallel(edges: list[tuple[Ix, Ix, Sized]]) -> None:
        """Parallel edges become one, entry by entry."""
        joined: dict[tuple[Ix, Ix], list[Sized]] = {}
        for a, b, matrix in edges:
            if (b, a) in joined:
                joined[b, a].append(transpose(matrix))
            else:
                joined.setdefault((a, b), []).append(matrix)
        edges[:] = []
        for (a, b), parts in joined.items():
            if len(parts) > 1 and any(is_eye(part) for part in parts):
                rest = [part for part in parts if not is_eye(part)]
                edges.append(
                    (
                        a,
                        b,
                        diagonal(
                            hadamard(
                                *(Sized(Call("diag", (write(p)[0],)), p.rows, ONE, 1) for p in rest)
                            )
                        ),
                    )
                )
                continue
            ordered = sorted(parts, key=is_mask)  # masks last: M ∘ 1[Z > 0]
            edges.append((a, b, hadamard(*ordered)))

    def eliminate(
        self,
        vertex: Ix,
        weights: dict[Ix, list[Sized]],
        edges: list[tuple[Ix, Ix, Sized]],
        result: Reduced,
    ) -> None:
        """Sum over one index."""
        own = weights.pop(vertex, [])
        touching = [edge for edge in edges if vertex in edge[:2]]
        edges[:] = [edge for edge in edges if vertex not in edge[:2]]
        out = [
            (a if b == vertex else b, transpose(m) if b == vertex else m) for a, b, m in touching
        ]  # (other end, vertex × other)
        if any(other == vertex for other, _ in out):  # a loop M_vv
            own += [
                Sized(Call("diag", (write(m)[0],)), vertex.size, ONE, 1)
                for other, m in out
                if other == vertex
            ]
            out = [(other, m) for other, m in out if other != vertex]
        if not out:
            result.scalars.append(self.total(own))
        elif len(out) == 1:
            other, m = out[0]
            vector = entries_of(own) if own else ones(vertex.size)
            weights.setdefault(other, []).append(self.apply(transpose(m), vector))
        elif len(out) == 2:
            (left, m), (right, n) = out
            if right < left:
                (left, m), (right, n) = (right, n), (left, m)
            if left == right:
                raise NoMatrixForm
            inner = entries_of(own) if own else None
            # An elementwise edge with weights at both ends takes them in: (u vᵀ) ∘ M.
            if inner is not None and is_mask(n) and right in weights:
                n, inner = (
                    hadamard(product(inner, transpose(hadamard(*weights.pop(right)))), n),
                    None,
                )
            elif inner is not None and is_mask(m) and left in weights:
                m, inner = (
                    hadamard(product(inner, transpose(hadamard(*weights.pop(left)))), m),
                    None,
                )
            middle = [diagonal(inner)] if inner is not None else []
            edges.append((left, right, self.renamed(product(transpose(m), *middle, n))))
        else:
            raise NoMatrixForm

    @staticmethod
    def apply(m: Sized, vector: Sized) -> Sized:
        place = picked(vector)
        if place is not None and (chosen := column_at(m, place)) is not None:
            return chosen
        if is_ones(vector) and not selects(m) and not is_eye(m):
            # M @ 1 reads better as a sum along the rows, and of a long product times another matrix
            # as a diagonal.
            both = entry_factors(m)
            if len(both) == 2 and (both[0] == both[1] or any(len(factors(p)) > 2 for p in both)):
                chain = write(product(both[0], transpose(both[1])))[0]
                return Sized(Call("diag", (chain,)), m.rows, ONE, 1)
            upright, flipped = write(m)[0], write(transpose(m))[0]
            axis = 0 if transposes(flipped) < transposes(upright) else 1
            along = (("axis", Num(Fraction(axis))),)
            summed = Call("sum", (flipped if axis == 0 else upright,), along)
            return Sized(summed, m.rows, ONE, 1)
        return product(m, vector)

    @staticmethod
    def total(own: list[Sized]) -> Sized:
        """Σ_v of a weight: a dot product of two factors, or the sum of the entries."""
        parts = [part for m in own for part in entry_factors(m)]
        if len(parts) == 1:
            parts = halves(parts[0])
        chosen = next((part for part in parts if picked(part) is not None), None)
        if chosen is not None and len(parts) == 2:
            (other,) = (part for part in parts if part is not chosen)
            found = entry_at(other, picked(chosen))
            if found is not None:
                return found
        if len(parts) == 2:
            left, right = parts
            if not is_product(left) and is_product(right):
                left, right = right, left
            if len({write(m)[1] for m in parts}) == 1:
                return product(transpose(left), right)
        whole = hadamard(*parts)
        expr = min(write(whole)[0], write(transpose(whole))[0], key=transposes)
        match expr:
            case Call("diag", args) if len(parts) == 1:
                return Sized(Call("tr", args), ONE, ONE, 0)
            case Call("sum", (_,) as args, (_, *_)) if len(parts) == 1:  # of the sums of rows
                return Sized(Call("sum", args), ONE, ONE, 0)
        return Sized(Call("sum", (expr,)), ONE, ONE, 0)

    def finish(
        self, free: Key, weights: dict[Ix, list[Sized]], edges: list[tuple[Ix, Ix, Sized]]
    ) -> Sized | None:
        """What is left hangs on the free indices."""
        if not free:
            return None
        if len(free) == 1:
            own = weights.get(free[0], [])
            return entries_of(own) if own else ones(free[0].size)
        row, col = free
        u = entries_of(weights[row]) if row in weights else None
        v = entries_of(weights[col]) if col in weights else None
        between = [m if (a, b) == (row, col) else transpose(m) for a, b, m in edges]
        if not between:
            if (u is None) != (v is None) and not self.jacobian:
                lone = u if u is not None else transpose(v) if v is not None else None
                assert lone is not None
                return spread(lone, row.size, col.size)
            return product(u or ones(row.size), transpose(v or ones(col.size)))
        m = between[0]
        if is_eye(m):
            # A delta between free indices identifies them: all weights stand on the first.
            both = [w for w in (u, v) if w is not None]
            return diagonal(hadamard(*both)) if both else m
        if u is not None and v is not None and not is_product(m) and not selects(m):
            return hadamard(product(u, transpose(v)), m)
        if self.jacobian or selects(m):
            ends = [[] if w is None else [diagonal(w)] for w in (u, v)]
            return product(*ends[0], m, *ends[1])
        if v is not None:
            m = hadamard(m, spread(transpose(v), m.rows, m.cols))
        return m if u is None else weighed(u, m)


def traced(m: Sized) -> Expr | None:
    """M for which Σ_ij (A ∘ B)_ij reads best as tr(M): with fewer transposes, or with an inverse
    in it.
    """
    parts = elementary(m)
    if len(parts) != 2 or any(operands(part.expr) and not is_product(part) for part in parts):
        return None
    left, right = parts
    if left == right or any(map(is_mask, parts)):
        return None
    turned = transpose(left), transpose(right)
    found = [
        product(a, b)
        for a, b in ((turned[0], right), (right, turned[0]), (left, turned[1]), (turned[1], left))
    ]
    best = min((write(product_)[0] for product_ in found), key=transposes)
    plain = min(transposes(write(whole)[0]) for whole in (m, transpose(m)))
    inverse = any(isinstance(part, Call) and part.func == "inv" for part in walk(best))
    return best if inverse or transposes(best) < plain else None


def entries_of(weights: Sequence[Sized]) -> Sized:
    """The elementwise product of vectors: names, then products, then elementwise derivatives."""
    return hadamard(*sorted(weights, key=place_of))


def place_of(m: Sized) -> int:
    """Where a factor of an entrywise product stands: see `entries_of`."""
    return 1 if is_product(m) else 2 if operands(m.expr) else 0


def adds(expr: Expr) -> bool:
    """Is it a sum or a difference?"""
    return isinstance(expr, Binary) and expr.op in "+-"


def halves(m: Sized) -> list[Sized]:
    """x ∘ sin(x) as its two factors, for a dot product, a difference the second: x · (ŷ − y).
    Anything else stays whole.
    """
    found: list[Expr] = []
    rest = m.expr
    while isinstance(rest, Binary) and rest.op == "*":
        found.insert(0, rest.right)
        rest = rest.left
    if not found:
        return [m]
    found = sorted([rest, *found], key=adds)
    sides = reduce(partial(Binary, "*"), found[:-1]), found[-1]
    if any(all((n.rows, n.cols) == (ONE, ONE) for n in operands(side)) for side in sides):
        return [m]
    return [side if isinstance(side, Sized) else Sized(side, m.rows, m.cols) for side in sides]
