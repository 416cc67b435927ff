"""What the structured operations are in index notation: contractions as terms, special functions by their pullback.

A contraction is defined by terms and differentiated entry by entry like everything else. A special function has its
local derivative stated, in entries of its own result: softmax's is p_i (δ_ij − p_j).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from gradcalc.calculus.sympy_functions import apply
from gradcalc.calculus.terms import Ix, Key, Term, size_expr
from gradcalc.graph.build import Node
from gradcalc.language.shape_rules import ONE, Size

if TYPE_CHECKING:
    from gradcalc.calculus.reverse_mode import Engine

Positional = Sequence["Ix | None"]
Named = Mapping[str, Ix]
Local = dict[int, list[tuple[Key, Term]]]


def index_for(engine: Engine, size: Size) -> Ix | None:
    return None if size == ONE else engine.entries.index(size)


def present(*indices: Ix | None) -> set[Ix]:
    return {ix for ix in indices if ix is not None}


# ---- contractions: Engine, node, its index list -> terms


def matmul(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    """C_ij = Σ_k A_ik B_kj; a vector has no row (left) or column (right)."""
    left, right = (engine.nodes[arg] for arg in node.args)
    k = index_for(engine, left.shape[-1])
    rows = list(at[: len(left.shape) - 1])
    columns = list(at[len(rows) :])
    batch_left, row = rows[:-1], rows[-1:]
    a = engine.expr(node.args[0], [*batch_left, *row, k], named)
    b = engine.expr(
        node.args[1],
        [*batch_left[: max(len(right.shape) - 2, 0)], k, *columns] if len(right.shape) > 1 else [k],
        named,
    )
    return [engine.algebra.term(a * b, present(k))]


def reduced(
    engine: Engine, node: Node, at: Positional, named: Named
) -> tuple[list[Ix | None], dict[str, Ix], set[Ix], Size]:
    """The operand's index list under a reduction, the indices summed over, and how many entries that is."""
    arg = engine.nodes[node.args[0]]
    if "index" in node.attrs:
        fresh = {
            name: engine.entries.index(engine.graph.indices[name], engine.label(name))
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
            along = index_for(engine, size)
            inner.append(along)
            over |= present(along)
            count = count * size
            if node.attrs.get("keepdims"):
                next(given)
        else:
            inner.append(next(given))
    return inner, dict(named), over, count


def sum_(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    inner, names, over, _ = reduced(engine, node, at, named)
    return [engine.algebra.term(engine.expr(node.args[0], inner, names), over)]


def mean(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    inner, names, over, count = reduced(engine, node, at, named)
    return [
        engine.algebra.term(engine.expr(node.args[0], inner, names), over, 1 / size_expr(count))
    ]


def trace(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    i = index_for(engine, engine.nodes[node.args[0]].shape[-1])
    return [engine.algebra.term(engine.expr(node.args[0], [i, i], named), present(i))]


def diag(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    """A vector on the diagonal, v_i δ_ij, or the diagonal of a matrix, A_ii."""
    if len(node.shape) == 1:
        return [engine.algebra.term(engine.expr(node.args[0], [at[0], at[0]], named))]
    i, j = at
    if i is None or j is None:
        return [
            engine.algebra.term(engine.expr(node.args[0], spread(engine, node.args[0], i), named))
        ]
    term = engine.algebra.term(engine.expr(node.args[0], spread(engine, node.args[0], i), named))
    return [Term(term.coef, term.groups, frozenset({tuple(sorted((i, j)))}), term.summed)]  # type: ignore[arg-type]


def spread(engine: Engine, arg: int, ix: Ix | None) -> list[Ix | None]:
    """One index put on the axis of a vector, column or row that is longer than 1."""
    return [None if size == ONE else ix for size in engine.nodes[arg].shape]


def outer(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    a = engine.expr(node.args[0], spread(engine, node.args[0], at[0]), named)
    b = engine.expr(node.args[1], spread(engine, node.args[1], at[1]), named)
    return [engine.algebra.term(a * b)]


def paired(
    engine: Engine, whole: Ix | None, outer_size: Size, inner_size: Size
) -> tuple[Ix | None, Ix | None, sp.Expr, set[Ix]]:
    """whole = a·inner_size + c: the two indices, the selector that ties them to it, and the summed ones."""
    if whole is None:
        return None, None, sp.S.One, set()
    if inner_size == ONE:
        return whole, None, sp.S.One, set()
    if outer_size == ONE:
        return None, whole, sp.S.One, set()
    a, c = engine.entries.index(outer_size), engine.entries.index(inner_size)
    return a, c, engine.pseudo("pair", (whole, a, c), size=inner_size), {a, c}


def kron(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    a, b = (engine.nodes[arg].shape for arg in node.args)
    i, k, rows, over_rows = paired(engine, at[0], a[0], b[0])
    j, m, columns, over_columns = paired(engine, at[1], a[1], b[1])
    product = engine.expr(node.args[0], [i, j], named) * engine.expr(node.args[1], [k, m], named)
    return [engine.algebra.term(rows * columns * product, over_rows | over_columns)]


def vec(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    """Column by column: vec(A)_(j·n + i) = A_ij."""
    n, m = engine.nodes[node.args[0]].shape
    j, i, select, over = paired(engine, at[0], m, n)
    return [engine.algebra.term(select * engine.expr(node.args[0], [i, j], named), over)]


def concat(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    """Each piece is shifted to its place: Σ_a 1[k = a + offset] piece_a."""
    axis = node.attrs.get("axis", 0)
    offset, terms = Size.of(0), []
    for arg in node.args:
        shape = engine.nodes[arg].shape
        size = shape[axis] if shape else ONE
        k = at[axis]
        assert k is not None
        inner = index_for(engine, size)
        select = (
            engine.pseudo("unit", (k,), offset=offset)
            if inner is None
            else engine.pseudo("shift", (k, inner), offset=offset)
        )
        place = [inner if n == axis else ix for n, ix in enumerate(at)] if shape else []
        terms.append(engine.algebra.term(select * engine.expr(arg, place, named), present(inner)))
        offset = offset + size
    return terms


def stack(engine: Engine, node: Node, at: Positional, named: Named) -> list[Term]:
    if at[0] is None:
        return [engine.algebra.term(engine.expr(node.args[0], at[1:], named))]
    return [
        engine.algebra.term(
            engine.pseudo("unit", (at[0],), offset=Size.of(position))
            * engine.expr(arg, at[1:], named)
        )
        for position, arg in enumerate(node.args)
    ]


CONTRACTIONS: Mapping[str, Any] = {
    "matmul": matmul, "sum": sum_, "mean": mean, "tr": trace, "diag": diag, "outer": outer, "kron": kron,
    "vec": vec, "concat": concat, "stack": stack,
}  # fmt: skip
INLINED = frozenset({"matmul", "sum", "mean", "tr", "diag", "outer"})


# ---- special functions: Engine, node number, node, its index list -> operand -> [(operand's indices, term)]


def one(
    expr: sp.Expr, engine: Engine, summed: set[Ix] = frozenset(), coef: sp.Expr = sp.S.One
) -> Term:  # type: ignore[assignment]
    return Term(coef, engine.algebra.split(expr), frozenset(), frozenset(summed))


def softmax(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂p_i/∂s_j = p_i (δ_ij − p_j)"""
    axis, arg = node.attrs["axis"], node.args[0]
    own = engine.flat(number, at, named)
    if at[axis] is None:
        return {}
    j = engine.entries.index(node.shape[axis])
    other = engine.flat(number, [j if n == axis else ix for n, ix in enumerate(at)], named)
    p, q = engine.entry(number, own), engine.entry(number, other)
    return {
        arg: [
            (engine.flat(arg, at, named), one(p, engine)),
            (
                engine.flat(arg, [j if n == axis else ix for n, ix in enumerate(at)], named),
                one(p * q, engine, {j}, sp.S.NegativeOne),
            ),
        ]
    }


def log_softmax(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂/∂s_j of log p_i is δ_ij − p_j"""
    axis, arg = node.attrs["axis"], node.args[0]
    if at[axis] is None:
        return {}
    p = engine.make_virtual("softmax", arg, axis=axis)
    j = engine.entries.index(node.shape[axis])
    moved = [j if n == axis else ix for n, ix in enumerate(at)]
    return {
        arg: [
            (engine.flat(arg, at, named), one(sp.S.One, engine)),
            (
                engine.flat(arg, moved, named),
                one(engine.entry(p, engine.flat(p, moved, named)), engine, {j}, sp.S.NegativeOne),
            ),
        ]
    }


def logsumexp(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂/∂s_j of log Σ e^s is softmax(s)_j"""
    arg = node.args[0]
    inner, names, over, _ = reduced(engine, node, at, named)
    place = engine.flat(arg, inner, names)
    if len(node.attrs.get("axis", ())) == 1:
        p = engine.make_virtual("softmax", arg, axis=node.attrs["axis"][0])
        return {arg: [(place, one(engine.entry(p, engine.flat(p, inner, names)), engine, over))]}
    value = sp.exp(engine.entry(arg, place) - engine.entry(number, engine.flat(number, at, named)))
    return {arg: [(place, one(value, engine, over))]}


def norm(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂‖x‖/∂x_j = x_j / ‖x‖"""
    arg = node.args[0]
    inner, names, over, _ = reduced(engine, node, at, named)
    place = engine.flat(arg, inner, names)
    return {
        arg: [
            (
                place,
                one(
                    engine.entry(arg, place) / engine.entry(number, engine.flat(number, at, named)),
                    engine,
                    over,
                ),
            )
        ]
    }


def prod(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂(Π x)/∂x_j = (Π x) / x_j; where an entry may be 0, the product of the others (see Engine.careful)."""
    arg = node.args[0]
    inner, names, over, _ = reduced(engine, node, at, named)
    place = engine.flat(arg, inner, names)
    if engine.careful:
        return {arg: [(place, one(engine.entry(engine.rest(arg, number), place), engine, over))]}
    product = engine.entry(number, engine.flat(number, at, named))
    return {arg: [(place, one(product / engine.entry(arg, place), engine, over))]}


def rest(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂(Π_{k≠p} x_k)/∂x_q = Π_{k≠p,q} x_k, and 0 where q is p; of arrays that are no vector, as (Π x) / x_p."""
    arg, product = node.args
    place = engine.flat(number, at, named)
    if engine.vector(arg):
        (p,), (q,) = place, engine.fresh(arg)
        pairs = engine.pairs(arg)
        return {
            arg: [
                ((q,), one(engine.entry(pairs, (p, q)), engine, {q})),
                ((p,), one(engine.entry(pairs, (p, p)), engine, coef=sp.S.NegativeOne)),
            ]
        }
    own = engine.multiplied(number, place)
    whole, entry = engine.entry(product, own), engine.entry(arg, place)
    return {
        product: [(own, one(1 / entry, engine))],
        arg: [(place, one(-whole / entry**2, engine))],
    }


def extremum(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """The largest entry gets the gradient; ties share it evenly."""
    arg = node.args[0]
    inner, names, over, _ = reduced(engine, node, at, named)
    place = engine.flat(arg, inner, names)
    own = engine.flat(number, at, named)
    ties = engine.ties(number, arg)
    mask = apply(
        "where",
        [apply("eq", [engine.entry(arg, place), engine.entry(number, own)]), sp.S.One, sp.S.Zero],
    )
    return {arg: [(place, one(mask / engine.entry(ties, own), engine, over))]}


def inv(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂B_kl/∂A_pq = −B_kp B_ql for B = A⁻¹"""
    arg = node.args[0]
    p, q = (index_for(engine, size) for size in node.shape)
    left = engine.entry(number, engine.flat(number, [at[0], p], named))
    right = engine.entry(number, engine.flat(number, [q, at[1]], named))
    return {
        arg: [
            (
                engine.flat(arg, [p, q], named),
                one(left * right, engine, present(p, q), sp.S.NegativeOne),
            )
        ]
    }


def inverse_transposed(engine: Engine, arg: int, named: Named) -> tuple[sp.Expr, Key, set[Ix]]:
    inverse = engine.make_virtual("inv", arg)
    p, q = (index_for(engine, size) for size in engine.nodes[arg].shape)
    return (
        engine.entry(inverse, engine.flat(inverse, [q, p], named)),
        engine.flat(arg, [p, q], named),
        present(p, q),
    )


def det(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂ det A / ∂A_pq = det A · (A⁻¹)_qp"""
    entry, place, over = inverse_transposed(engine, node.args[0], named)
    return {
        node.args[0]: [
            (place, one(entry * engine.entry(number, engine.flat(number, at, named)), engine, over))
        ]
    }


def logdet(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """∂ log det A / ∂A_pq = (A⁻¹)_qp"""
    entry, place, over = inverse_transposed(engine, node.args[0], named)
    return {node.args[0]: [(place, one(entry, engine, over))]}


def getitem(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """A selected entry depends on itself alone: 1[k = position]."""
    arg = node.args[0]
    given = iter(at)
    place: list[Ix | None] = []
    select, over = sp.S.One, set()
    gathered: list[Ix | None] | None = None
    for item, size in engine.items(node):
        kind = item[0]
        if kind == "index":
            place.append(named[item[1]] if size != ONE else None)
        elif kind == "slice" and engine.whole(item, size):
            place.append(next(given))
        elif kind == "slice":
            a, k = next(given), index_for(engine, size)
            if k is not None:
                over.add(k)
                select *= (
                    engine.pseudo("unit", (k,), offset=item[1])
                    if a is None
                    else engine.pseudo("shift", (k, a), offset=item[1], step=item[3])
                )
            place.append(k)
        else:
            k = index_for(engine, size)
            if kind == "gather":
                y = node.args[item[1]]
                if gathered is None:  # several integer arrays are walked side by side, as in NumPy
                    gathered = [next(given) for _ in engine.nodes[y].shape]
                if k is not None:
                    select *= engine.pseudo("gather", (k, *engine.flat(y, gathered, named)), node=y)
            elif k is not None:
                select *= engine.pseudo("unit", (k,), offset=item[1])
            over |= present(k)
            place.append(k)
    return {arg: [(engine.flat(arg, place, named), one(select, engine, over))]}


def nothing(engine: Engine, number: int, node: Node, at: Positional, named: Named) -> Local:
    """No gradient: constants, and the number of ties."""
    return {}


SPECIAL: Mapping[str, Any] = {
    "softmax": softmax, "log_softmax": log_softmax, "logsumexp": logsumexp, "norm": norm, "prod": prod, "max": extremum,
    "min": extremum, "inv": inv, "det": det, "logdet": logdet, "getitem": getitem, "eye": nothing, "ties": nothing,
    "rest": rest,
}  # fmt: skip
