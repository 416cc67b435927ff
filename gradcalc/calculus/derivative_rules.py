"""What the structured operations are in index notation: contractions as terms, special functions by
their pullback.

A contraction is defined by terms and differentiated entry by entry like everything else. A special
function has its local derivative stated, in entries of its own result: softmax's is p_i (δ_ij −
p_j).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

from gradcalc.calculus.quantities import Quantities, Rules, whole
from gradcalc.calculus.sympy_functions import apply
from gradcalc.calculus.terms import Ix, Key, RawTerm, size_expr
from gradcalc.graph.model import Node
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.shape_rules import ONE, Size

Positional = Sequence["Ix | None"]
Named = Mapping[str, Ix]
Local = dict[int, list[tuple[Key, RawTerm]]]


def index_for(quantities: Quantities, size: Size) -> Ix | None:
    """A new index along an axis; None for an axis of length 1, which has none."""
    return None if size == ONE else quantities.entries.index(size)


def present(*indices: Ix | None) -> set[Ix]:
    """The indices that are there."""
    return {ix for ix in indices if ix is not None}


def raw(expr: sp.Expr, summed: Iterable[Ix] = (), coef: sp.Expr = sp.S.One) -> RawTerm:
    """coef × Σ_summed expr."""
    return RawTerm(expr, frozenset(summed), coef)


# ---- contractions: Quantities, node, its index list -> terms


def matmul(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """C_ij = Σ_k A_ik B_kj; a vector has no row (left) or column (right)."""
    left, right = (quantities.nodes[arg] for arg in node.args)
    k = index_for(quantities, left.shape[-1])
    rows = list(at[: len(left.shape) - 1])
    columns = list(at[len(rows) :])
    batch_left, row = rows[:-1], rows[-1:]
    a = quantities.expr(node.args[0], [*batch_left, *row, k], named)
    b = quantities.expr(
        node.args[1],
        [*batch_left[: max(len(right.shape) - 2, 0)], k, *columns] if len(right.shape) > 1 else [k],
        named,
    )
    return [raw(a * b, present(k))]


def reduced(
    quantities: Quantities, node: Node, at: Positional, named: Named
) -> tuple[list[Ix | None], dict[str, Ix], set[Ix], Size]:
    """The operand's index list under a reduction, the indices summed over, and how many entries
    that is.
    """
    arg = quantities.nodes[node.args[0]]
    if "index" in node.attrs:
        fresh = {
            name: quantities.entries.index(quantities.graph.indices[name], quantities.label(name))
            for name in node.attrs["index"]
        }
        count = Size.of(1)
        for ix in fresh.values():
            count = count * ix.size
        return list(at), {**named, **fresh}, set(fresh.values()), count
    given = iter(at)
    inner: list[Ix | None] = []
    count, over = Size.of(1), set()
    for axis, size in enumerate(arg.shape):
        if axis in node.attrs["axis"]:
            along = index_for(quantities, size)
            inner.append(along)
            over |= present(along)
            count = count * size
            if node.attrs.get("keepdims"):
                next(given)
        else:
            inner.append(next(given))
    return inner, dict(named), over, count


def sum_(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """s = Σ_k a_k over the axes or the named indices"""
    inner, names, over, _ = reduced(quantities, node, at, named)
    return [raw(quantities.expr(node.args[0], inner, names), over)]


def mean(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """m = (1/n) Σ_k a_k, n the number of entries"""
    inner, names, over, count = reduced(quantities, node, at, named)
    return [raw(quantities.expr(node.args[0], inner, names), over, 1 / size_expr(count))]


def trace(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """t = Σ_i M_ii"""
    i = index_for(quantities, quantities.nodes[node.args[0]].shape[-1])
    return [raw(quantities.expr(node.args[0], [i, i], named), present(i))]


def diag(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """A vector on the diagonal, v_i δ_ij, or the diagonal of a matrix, A_ii."""
    if len(node.shape) == 1:
        return [raw(quantities.expr(node.args[0], [at[0], at[0]], named))]
    i, j = at
    entry = raw(quantities.expr(node.args[0], spread(quantities, node.args[0], i), named))
    if i is None or j is None:
        return [entry]
    return [replace(entry, deltas=frozenset({(min(i, j), max(i, j))}))]


def spread(quantities: Quantities, arg: int, ix: Ix | None) -> list[Ix | None]:
    """One index put on the axis of a vector, column or row that is longer than 1."""
    return [None if size == ONE else ix for size in quantities.nodes[arg].shape]


def outer(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """C_ij = u_i v_j"""
    a = quantities.expr(node.args[0], spread(quantities, node.args[0], at[0]), named)
    b = quantities.expr(node.args[1], spread(quantities, node.args[1], at[1]), named)
    return [raw(a * b)]


def paired(
    quantities: Quantities, whole: Ix | None, outer_size: Size, inner_size: Size
) -> tuple[Ix | None, Ix | None, sp.Expr, set[Ix]]:
    """whole = a·inner_size + c: the two indices, the selector that ties them to it, and the
    summed ones.
    """
    if whole is None:
        return None, None, sp.S.One, set()
    if inner_size == ONE:
        return whole, None, sp.S.One, set()
    if outer_size == ONE:
        return None, whole, sp.S.One, set()
    a, c = quantities.entries.index(outer_size), quantities.entries.index(inner_size)
    return a, c, quantities.pseudo("pair", (whole, a, c), size=inner_size), {a, c}


def kron(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """K_(a·n + c)(b·m + d) = A_ab B_cd, B of n × m"""
    a, b = (quantities.nodes[arg].shape for arg in node.args)
    i, k, rows, over_rows = paired(quantities, at[0], a[0], b[0])
    j, m, columns, over_columns = paired(quantities, at[1], a[1], b[1])
    product = quantities.expr(node.args[0], [i, j], named) * quantities.expr(
        node.args[1], [k, m], named
    )
    return [raw(rows * columns * product, over_rows | over_columns)]


def vec(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """Column by column: vec(A)_(j·n + i) = A_ij."""
    n, m = quantities.nodes[node.args[0]].shape
    j, i, select, over = paired(quantities, at[0], m, n)
    return [raw(select * quantities.expr(node.args[0], [i, j], named), over)]


def concat(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """Each piece is shifted to its place: Σ_a 1[k = a + offset] piece_a."""
    axis = node.attrs.get("axis", 0)
    offset, terms = Size.of(0), []
    for arg in node.args:
        shape = quantities.nodes[arg].shape
        size = shape[axis] if shape else ONE
        k = at[axis]
        assert k is not None
        inner = index_for(quantities, size)
        select = (
            quantities.pseudo("unit", (k,), offset=offset)
            if inner is None
            else quantities.pseudo("shift", (k, inner), offset=offset)
        )
        place = [inner if n == axis else ix for n, ix in enumerate(at)] if shape else []
        terms.append(raw(select * quantities.expr(arg, place, named), present(inner)))
        offset = offset + size
    return terms


def stack(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """Entry k of a list of numbers is the k-th of them."""
    if at[0] is None:
        return [raw(quantities.expr(node.args[0], at[1:], named))]
    return [
        raw(
            quantities.pseudo("unit", (at[0],), offset=Size.of(position))
            * quantities.expr(arg, at[1:], named)
        )
        for position, arg in enumerate(node.args)
    ]


def cumsum(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """c_k = Σ_j 1[j ≤ k] u_j"""
    axis = node.attrs["axis"]
    j, k = index_for(quantities, node.shape[axis]), at[axis]
    entry = quantities.expr(
        node.args[0], [j if n == axis else ix for n, ix in enumerate(at)], named
    )
    if j is None or k is None:
        return [raw(entry)]
    earlier = apply("le", [quantities.pseudo("iota", (index,)) for index in (j, k)])
    return [raw(apply("where", [earlier, sp.S.One, sp.S.Zero]) * entry, {j})]


def triangle(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """T_ij = 1[j ≥ i + k] A_ij, or 1[j ≤ i + k] A_ij"""
    mask = quantities.triangle(node.shape, node.op == "triu", node.attrs["k"])
    place = quantities.flat(mask, at, {})
    return [raw(quantities.entry(mask, place) * quantities.expr(node.args[0], list(at), named))]


def placed(
    quantities: Quantities, whole: Ix | None, parts: Sequence[tuple[Ix | None, int]], offset: Size
) -> sp.Expr:
    """1[whole = Σ step·index + offset], an index that is None being 0."""
    if whole is None:
        return sp.S.One
    there = [(ix, step) for ix, step in parts if ix is not None]
    if not there:
        return quantities.pseudo("unit", (whole,), offset=offset)
    if len(there) == 1 and there[0][1] > 0:
        (ix, step), *_ = there
        if step == 1 and offset.number == 0 and ix.size == whole.size:
            return quantities.pseudo("eye", (min(whole, ix), max(whole, ix)))
        return quantities.pseudo("shift", (whole, ix), offset=offset, step=step)
    steps = tuple(step for _, step in there)
    return quantities.pseudo("place", (whole, *(ix for ix, _ in there)), offset=offset, steps=steps)


def correlated(quantities: Quantities, node: Node, at: Positional, named: Named) -> list[RawTerm]:
    """c_t = Σ_s k_s x_(t + s), and so along every axis."""
    array, kernel = (quantities.nodes[arg].shape for arg in node.args)
    inner = [index_for(quantities, size) for size in kernel]
    outer_ = [index_for(quantities, size) for size in array]
    select = sp.Mul(
        *(
            placed(quantities, whole, [(t, 1), (s, 1)], Size.of(0))
            for whole, t, s in zip(outer_, at, inner, strict=True)
        )
    )
    entries = quantities.expr(node.args[1], inner, named) * quantities.expr(
        node.args[0], outer_, named
    )
    return [raw(entries * select, present(*inner, *outer_))]


CONTRACTIONS: Mapping[str, Any] = {
    "matmul": matmul, "sum": sum_, "mean": mean,
    "tr": trace, "diag": diag, "outer": outer, "kron": kron,
    "vec": vec, "concat": concat, "stack": stack,
    "cumsum": cumsum, "triu": triangle, "tril": triangle,
    "conv": correlated, "conv2d": correlated,
}  # fmt: skip
INLINED = frozenset({"matmul", "sum", "mean", "tr", "diag", "outer"})


# ---- special functions: Quantities, node number, node, its index list -> operand -> [(operand's
# indices, term)]


def softmax(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂p_i/∂s_j = p_i (δ_ij − p_j)"""
    axis, arg = node.attrs["axis"], node.args[0]
    own = quantities.flat(number, at, named)
    if at[axis] is None:
        return {}
    j = quantities.entries.index(node.shape[axis])
    other = quantities.flat(number, [j if n == axis else ix for n, ix in enumerate(at)], named)
    p, q = quantities.entry(number, own), quantities.entry(number, other)
    return {
        arg: [
            (quantities.flat(arg, at, named), raw(p)),
            (
                quantities.flat(arg, [j if n == axis else ix for n, ix in enumerate(at)], named),
                raw(p * q, {j}, sp.S.NegativeOne),
            ),
        ]
    }


def log_softmax(
    quantities: Quantities, number: int, node: Node, at: Positional, named: Named
) -> Local:
    """∂/∂s_j of log p_i is δ_ij − p_j"""
    axis, arg = node.attrs["axis"], node.args[0]
    if at[axis] is None:
        return {}
    p = quantities.make_virtual("softmax", arg, axis=axis)
    j = quantities.entries.index(node.shape[axis])
    moved = [j if n == axis else ix for n, ix in enumerate(at)]
    return {
        arg: [
            (quantities.flat(arg, at, named), raw(sp.S.One)),
            (
                quantities.flat(arg, moved, named),
                raw(quantities.entry(p, quantities.flat(p, moved, named)), {j}, sp.S.NegativeOne),
            ),
        ]
    }


def logsumexp(
    quantities: Quantities, number: int, node: Node, at: Positional, named: Named
) -> Local:
    """∂/∂s_j of log Σ e^s is softmax(s)_j"""
    arg = node.args[0]
    inner, names, over, _ = reduced(quantities, node, at, named)
    place = quantities.flat(arg, inner, names)
    if len(node.attrs.get("axis", ())) == 1:
        p = quantities.make_virtual("softmax", arg, axis=node.attrs["axis"][0])
        return {
            arg: [
                (
                    place,
                    raw(quantities.entry(p, quantities.flat(p, inner, names)), over),
                )
            ]
        }
    value = sp.exp(
        quantities.entry(arg, place) - quantities.entry(number, quantities.flat(number, at, named))
    )
    return {arg: [(place, raw(value, over))]}


def norm(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂‖x‖/∂x_j = x_j / ‖x‖"""
    arg = node.args[0]
    inner, names, over, _ = reduced(quantities, node, at, named)
    place = quantities.flat(arg, inner, names)
    return {
        arg: [
            (
                place,
                raw(
                    quantities.entry(arg, place)
                    / quantities.entry(number, quantities.flat(number, at, named)),
                    over,
                ),
            )
        ]
    }


def prod(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂(Π x)/∂x_j = (Π x) / x_j; where an entry may be 0, the product of the others (see
    Quantities.careful).
    """
    arg = node.args[0]
    inner, names, over, _ = reduced(quantities, node, at, named)
    place = quantities.flat(arg, inner, names)
    if quantities.careful:
        return {
            arg: [
                (
                    place,
                    raw(quantities.entry(quantities.rest(arg, number), place), over),
                )
            ]
        }
    product = quantities.entry(number, quantities.flat(number, at, named))
    return {arg: [(place, raw(product / quantities.entry(arg, place), over))]}


def rest(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂(Π_{k≠p} x_k)/∂x_q = Π_{k≠p,q} x_k, and 0 where q is p; of arrays that are no vector, as
    (Π x) / x_p.
    """
    arg, product = node.args
    place = quantities.flat(number, at, named)
    if quantities.vector(arg):
        (p,), (q,) = place, quantities.fresh(arg)
        pairs = quantities.pairs(arg)
        return {
            arg: [
                ((q,), raw(quantities.entry(pairs, (p, q)), {q})),
                ((p,), raw(quantities.entry(pairs, (p, p)), coef=sp.S.NegativeOne)),
            ]
        }
    own = quantities.multiplied(number, place)
    whole, entry = quantities.entry(product, own), quantities.entry(arg, place)
    return {
        product: [(own, raw(1 / entry))],
        arg: [(place, raw(-whole / entry**2))],
    }


def extremum(
    quantities: Quantities, number: int, node: Node, at: Positional, named: Named
) -> Local:
    """The largest entry gets the gradient; ties share it evenly."""
    arg = node.args[0]
    inner, names, over, _ = reduced(quantities, node, at, named)
    place = quantities.flat(arg, inner, names)
    own = quantities.flat(number, at, named)
    ties = quantities.ties(number, arg)
    mask = apply(
        "where",
        [
            apply("eq", [quantities.entry(arg, place), quantities.entry(number, own)]),
            sp.S.One,
            sp.S.Zero,
        ],
    )
    return {arg: [(place, raw(mask / quantities.entry(ties, own), over))]}


def inv(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂B_kl/∂A_pq = −B_kp B_ql for B = A⁻¹"""
    arg = node.args[0]
    p, q = (index_for(quantities, size) for size in node.shape)
    left = quantities.entry(number, quantities.flat(number, [at[0], p], named))
    right = quantities.entry(number, quantities.flat(number, [q, at[1]], named))
    return {
        arg: [
            (
                quantities.flat(arg, [p, q], named),
                raw(left * right, present(p, q), sp.S.NegativeOne),
            )
        ]
    }


def inverse_transposed(
    quantities: Quantities, arg: int, named: Named
) -> tuple[sp.Expr, Key, set[Ix]]:
    """(A⁻¹)_qp, the place of A_pq, and the indices p, q that are present."""
    inverse = quantities.make_virtual("inv", arg)
    p, q = (index_for(quantities, size) for size in quantities.nodes[arg].shape)
    return (
        quantities.entry(inverse, quantities.flat(inverse, [q, p], named)),
        quantities.flat(arg, [p, q], named),
        present(p, q),
    )


def det(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂ det A / ∂A_pq = det A · (A⁻¹)_qp"""
    entry, place, over = inverse_transposed(quantities, node.args[0], named)
    return {
        node.args[0]: [
            (
                place,
                raw(entry * quantities.entry(number, quantities.flat(number, at, named)), over),
            )
        ]
    }


def logdet(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂ log det A / ∂A_pq = (A⁻¹)_qp"""
    entry, place, over = inverse_transposed(quantities, node.args[0], named)
    return {node.args[0]: [(place, raw(entry, over))]}


def getitem(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """A selected entry depends on itself alone: 1[k = position]."""
    arg = node.args[0]
    given = iter(at)
    place: list[Ix | None] = []
    select, over = sp.S.One, set()
    gathered: list[Ix | None] | None = None
    for item, size in quantities.items(node):
        kind = item[0]
        if kind == "index":
            place.append(named[item[1]] if size != ONE else None)
        elif kind == "shift":
            k = index_for(quantities, size)
            parts = [(named[name], step) for name, step in item[1]]
            select *= placed(quantities, k, parts, item[2])
            over |= present(k)
            place.append(k)
        elif kind == "slice" and whole(item, size):
            place.append(next(given))
        elif kind == "slice":
            a, k = next(given), index_for(quantities, size)
            if k is not None:
                over.add(k)
                select *= (
                    quantities.pseudo("unit", (k,), offset=item[1])
                    if a is None
                    else quantities.pseudo("shift", (k, a), offset=item[1], step=item[3])
                )
            place.append(k)
        else:
            k = index_for(quantities, size)
            if kind == "gather":
                y = node.args[item[1]]
                if gathered is None:  # several integer arrays are walked side by side, as in NumPy
                    gathered = [next(given) for _ in quantities.nodes[y].shape]
                if k is not None:
                    select *= quantities.pseudo(
                        "gather", (k, *quantities.flat(y, gathered, named)), node=y
                    )
            elif k is not None:
                select *= quantities.pseudo("unit", (k,), offset=item[1])
            over |= present(k)
            place.append(k)
    return {arg: [(quantities.flat(arg, place, named), raw(select, over))]}


def free(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """The entries of a matrix in its free parameters: S_ij moves with the parameters (i, j) and
    (j, i).
    """
    (i, j), arg, structure = at, node.args[0], node.attrs["structure"]
    here = quantities.flat(arg, [i, j], named)
    if i is None or j is None:
        return {} if structure == "skew" else {arg: [(here, raw(sp.S.One))]}
    there = quantities.flat(arg, [j, i], named)
    diagonal = RawTerm(sp.S.One, deltas=frozenset({(min(i, j), max(i, j))}))
    if structure == "symmetric":
        twice = replace(diagonal, coef=sp.S.NegativeOne)
        return {arg: [(here, raw(sp.S.One)), (there, raw(sp.S.One)), (here, twice)]}
    if structure == "skew":
        return {arg: [(here, raw(sp.S.One)), (there, raw(sp.S.One, coef=sp.S.NegativeOne))]}
    if structure == "diagonal":
        return {arg: [(here, diagonal)]}
    mask = quantities.triangle(node.shape, False, 0)
    return {arg: [(here, raw(quantities.entry(mask, (i, j))))]}


def nothing(quantities: Quantities, number: int, node: Node, at: Positional, named: Named) -> Local:
    """No gradient: constants, and the number of ties."""
    return {}


SPECIAL: Mapping[str, Any] = {
    "softmax": softmax, "log_softmax": log_softmax,
    "logsumexp": logsumexp, "norm": norm, "prod": prod, "max": extremum,
    "min": extremum, "inv": inv, "det": det, "logdet": logdet,
    "getitem": getitem, "eye": nothing, "ties": nothing,
    "rest": rest, "triangle": nothing, "free": free,
}  # fmt: skip

RULES = Rules(CONTRACTIONS, SPECIAL, INLINED)
