"""Terms to the expression language: matrix notation where it exists, index notation on request and where it does not.

Matrix notation is graph reduction: indices are vertices, two-index groups edges, one-index groups weights. Parallel
edges become an elementwise product, a leaf M v, a vertex between two edges M diag(w) N. Then common factors are
pulled out of the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.derive import Engine, Pseudo
from gradcalc.matrix import (
    Matrix,
    NoMatrixForm,
    diagonal,
    hadamard,
    is_vector,
    leaf,
    product,
    size_tree,
    transpose,
    transposes,
    write,
)  # fmt: skip
from gradcalc.records import dataclass, field, replace
from gradcalc.scalar import product_ast, to_ast
from gradcalc.shapes import ONE, Size
from gradcalc.simplify import cost
from gradcalc.syntax import Binary, Call, Expr, Index, Name, Neg, Num, Slice, Transpose, Vector
from gradcalc.terms import Ix, Key, Term, minus
from gradcalc.tree import substitute, walk
from gradcalc.unbuild import tree

WORTH = 4  # operations saved, from which on a common weight is pulled out of a sum
ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))


@dataclass(slots=True)
class Reduced:
    """coefficient · Π scalars · body; a body of None is 1."""

    coef: sp.Expr
    scalars: list[sp.Expr | Matrix] = field(default_factory=list)
    body: Matrix | None = None


class Writer:
    """Writes the terms of one engine. `hidden` example indices stand inside the names (per example); in the stacked
    view nothing is hidden and the example index is an axis of the stacks."""

    def __init__(self, engine: Engine, hidden: Mapping[Ix, str] | None = None) -> None:
        self.engine = engine
        self.hidden = dict(hidden or {})
        self.names = {per: stack for stack, per in engine.graph.stacks.items()}

    # ---- entries

    def rank(self, expr: sp.Expr, summand: bool = False) -> Any:
        """Factors and summands in the order of the graph: inputs, then quantities as they are computed. In a sum an
        unnamed product leads: X w + b."""
        names = sorted(s.name for s, _, _ in self.engine.entries.entries(expr))
        power = isinstance(expr, sp.Pow) and expr.base.is_Symbol and expr.exp.is_number
        simple = summand or expr.is_Symbol or power
        unnamed = summand and any(
            isinstance(q, int) and self.engine.nodes[q].name is None for _, q, _ in self.engine.entries.entries(expr)
        )
        # Summands in one quantity go down in degree, fractions last: 6x² − 6x + 1/(2√x).
        after = (-sp.Poly(expr).total_degree() if expr.is_polynomial() else 1,) if summand and len(names) == 1 else ()
        upstream = not summand and any(self.upstream(q) for _, q, _ in self.engine.entries.entries(expr))
        return (bool(names), not upstream, not unnamed, not simple, names, *after, cost(expr), expr.sort_key())

    def upstream(self, quantity: Any) -> bool:
        """Is it a gradient, given or named? Then it leads a product: G ∘ (1 − a²)."""
        if not isinstance(quantity, int) or quantity < len(self.engine.graph.nodes):
            return False
        return quantity in self.engine.named or self.engine.nodes[quantity].op == "input"

    def shown(self, at: Key) -> list[Ix]:
        return [ix for ix in at if ix not in self.hidden]

    def leaf(self, symbol: sp.Symbol) -> tuple[Matrix, list[Ix]]:
        """An entry as a matrix over its visible indices: [] scalar, [a] a column over a, [a, b] a × b."""
        found = self.engine.entries.entry(symbol)
        if found is None:
            return leaf(Name(symbol.name), ONE, ONE, 0), []
        quantity, at = found
        if isinstance(quantity, Pseudo):
            return self.pseudo(quantity, at)
        visible = self.shown(at)
        if len(visible) > 2:
            raise NoMatrixForm
        node = self.engine.nodes[quantity]
        if node.op == "others" and len(node.shape) > 1:
            raise NoMatrixForm
        positional = [size for size in node.shape if size != ONE]
        over_visible = [ix for ix in at[len(positional) :] if ix not in self.hidden]
        if not over_visible:
            words = {name: self.hidden[ix] for name, ix in zip(node.over, at[len(positional) :], strict=True)}
            expr, shape = self.standing(quantity, words)
            if any(ix in self.hidden for ix in at[: len(positional)]):
                expr, shape = self.at_hidden(expr, shape, at)
        elif node.name is not None and len(over_visible) == 1 and node.op != "gradient":
            stack = self.names.get(node.name)
            expr = Name(stack) if stack is not None else Call("stack", (Name(node.name),))
            shape = self.stack_shape(node.shape, over_visible[0])
        elif node.name is not None:
            raise NoMatrixForm
        else:
            return self.derived(quantity, at, visible)
        if len(visible) == 2 and visible[0] == visible[1]:
            return leaf(Call("diag", (expr,)), visible[0].size, ONE, 1), visible[:1]
        if not visible:
            return leaf(expr, ONE, ONE, len(shape) and 2), []
        if len(visible) == 1:
            size = visible[0].size
            if len(shape) == 1:
                return leaf(expr, size, ONE, 1), visible
            if len(shape) > 2:
                raise NoMatrixForm
            column = leaf(expr, size, ONE, 2) if shape[1] == ONE else transpose(leaf(expr, ONE, size, 2))
            return column, visible
        if len(shape) > 2:
            raise NoMatrixForm
        return leaf(expr, visible[0].size, visible[1].size, 2, self.engine.symmetric(quantity)), visible

    def standing(self, quantity: int, words: Mapping[str, str]) -> tuple[Expr, Sequence[Any]]:
        """A quantity as it stands in a formula, and its shape; a number without the axes that a reduction kept."""
        node = self.engine.nodes[quantity]
        if node.name is None and node.attrs.get("keepdims") and all(size == ONE for size in node.shape):
            bare = replace(node, attrs={**node.attrs, "keepdims": False})
            return tree([*self.engine.nodes[:quantity], bare], quantity, words), ()
        return tree(self.engine.nodes, quantity, words), node.shape

    def at_hidden(self, expr: Expr, shape: Sequence[Any], at: Key) -> tuple[Expr, tuple[Any, ...]]:
        """A quantity at the hidden indices of its axes, W[k]: the expression, and the axes it has left."""
        given = iter(at)
        items: list[Expr | Slice] = []
        left = []
        for size in shape:
            ix = next(given) if size != ONE else None
            if ix is not None and ix in self.hidden:
                items.append(Name(self.hidden[ix]))
            else:
                items.append(Slice())
                left.append(size)
        while isinstance(items[-1], Slice):
            items.pop()
        return Index(expr, tuple(items)), tuple(left)

    def stack_shape(self, shape: Sequence[Any], ix: Ix) -> tuple[Any, ...]:
        if not shape:
            return (ix.size,)
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == ONE):
            return (shape[0], ix.size)
        raise NoMatrixForm

    def derived(self, quantity: int, at: Key, visible: list[Ix]) -> tuple[Matrix, list[Ix]]:
        """An unnamed quantity over a visible named index: written from its definition."""
        terms = self.engine.definition(quantity, at)
        if not terms:
            raise NoMatrixForm
        if len(set(visible)) != len(visible):
            raise NoMatrixForm
        body = self.combine([self.reduce(self.engine.algebra.normal(term), tuple(visible)) for term in terms])
        expr, rank = write(body)
        return leaf(expr, body.rows, body.cols, rank), visible

    def pseudo(self, quantity: Pseudo, at: Key) -> tuple[Matrix, list[Ix]]:
        visible = self.shown(at)
        if quantity.kind == "eye" and len(visible) == 2:
            return Matrix("eye", at[0].size, at[1].size), visible
        if quantity.kind == "unit" or (quantity.kind == "gather" and len(visible) == 1 and visible[0] == at[0]):
            position = size_tree(quantity.offset) if quantity.kind == "unit" else tree(self.engine.nodes, quantity.node)
            return leaf(Index(Call("eye", (size_tree(at[0].size),)), (position,)), at[0].size, ONE, 1), [at[0]]
        if quantity.kind == "gather" and len(visible) == 2:
            node = self.engine.nodes[quantity.node]
            if node.over and len(at) == 2 and node.name in self.names and visible[1] == at[1]:
                position = Name(self.names[node.name])
            elif not node.over and len(node.shape) == 1:
                position = tree(self.engine.nodes, quantity.node)
            elif node.op == "getitem" and [item[0] for item in node.attrs["items"]] == ["index"]:
                position = tree(self.engine.nodes, node.args[0])
            else:
                raise NoMatrixForm
            rows = Index(Call("eye", (size_tree(at[0].size),)), (position,))
            return transpose(leaf(rows, at[1].size, at[0].size, 2)), list(at)
        if quantity.kind == "shift" and quantity.step == 1 and len(visible) == 2:
            return Matrix("shift", at[0].size, at[1].size, offset=quantity.offset), list(at)
        if quantity.kind == "shift" and len(visible) == 2 and quantity.step > 0:
            start = None if quantity.offset.number == 0 else size_tree(quantity.offset)
            step = Num(Fraction(quantity.step))
            stop = quantity.offset + Size.of(quantity.step) * at[1].size
            beyond = (stop - at[0].size).number
            chosen = Slice(start, None if beyond is not None and beyond >= 0 else size_tree(stop), step)
            rows = Index(Call("eye", (size_tree(at[0].size),)), (chosen,))
            return transpose(leaf(rows, at[1].size, at[0].size, 2)), list(at)
        raise NoMatrixForm

    # ---- groups

    def elementwise(self, expr: sp.Expr, axes: Sequence[Ix]) -> Matrix:
        """A same-index group as one elementwise expression over a column (one axis) or a matrix (two)."""
        if expr.is_Symbol:
            matrix, at = self.leaf(expr)
            if tuple(at) == tuple(axes):
                return matrix
            if tuple(at) == tuple(reversed(axes)):
                return transpose(matrix)
        if len(axes) == 2 and (selectors := self.selectors(expr, axes)) is not None:
            return selectors
        symbols = [s for s, _, _ in self.engine.entries.entries(expr)]
        leaves: dict[sp.Symbol, Matrix] = {}
        for symbol in symbols:
            matrix, at = self.leaf(symbol)
            if len(at) == 2 and tuple(at) != tuple(axes):
                matrix = transpose(matrix)
            if len(at) == 1 and len(axes) == 2 and at[0] == axes[1]:
                matrix = transpose(matrix)
            if matrix.kind == "shift":
                raise NoMatrixForm
            leaves[symbol] = matrix
        arrays = [m for m in leaves.values() if (m.rows, m.cols) != (ONE, ONE)]
        rows, cols = (axes[0].size if axes else ONE), (axes[1].size if len(axes) == 2 else ONE)
        if len(axes) == 2:
            # A 1-D array along the first axis would broadcast along the last: then the transpose is written.
            if any(m.cols == ONE and m.rank == 1 for m in arrays):
                if any(m.rows == ONE and m.rank == 1 for m in arrays):
                    raise NoMatrixForm
                return transpose(self.elementwise(expr, list(reversed(axes))))
            full = any(not is_vector(m) for m in arrays) or len({m.rows == ONE for m in arrays}) == 2
            if not full:
                raise NoMatrixForm
        stand_in = {s: Name(f"~{n}") for n, s in enumerate(leaves)}
        written = to_ast(expr, lambda s: stand_in[s] if s in stand_in else Name(s.name), self.rank)
        return Matrix("entrywise", rows, cols, tuple(leaves.values()), written, mask=len(axes) == 2)

    def selectors(self, expr: sp.Expr, axes: Sequence[Ix]) -> Matrix | None:
        """A sum of selectors with numbers in front, such as the second difference I[2:] − 2 I[1:−1] + I[:−2]."""
        parts, numbers = [], []
        for arg in expr.args if isinstance(expr, sp.Add) else ():
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (self.engine.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if not isinstance(quantity, Pseudo) or len(self.shown(at)) != 2:
                return None
            part = self.pseudo(quantity, at)[0]
            parts.append(part if tuple(self.shown(at)) == tuple(axes) else transpose(part))
            numbers.append(to_ast(number, lambda s: Name(s.name)))
        order = sorted(range(len(parts)), key=lambda n: isinstance(numbers[n], Neg))
        if not parts:
            return None
        chosen, coefficients = tuple(parts[n] for n in order), tuple(numbers[n] for n in order)
        return Matrix("sum", axes[0].size, axes[1].size, chosen, coefficients=coefficients)

    # ---- reduction

    def reduce(self, term: Term, free: Key) -> Reduced:
        """One term over its visible free indices (at most two) as coefficient, scalars and a matrix or column."""
        if len(free) > 2 or any(ix not in free and ix not in term.summed for ix in self.shown(tuple(term.indices))):
            raise NoMatrixForm
        result = Reduced(term.coef)
        weights: dict[Ix, list[Matrix]] = {}
        edges: list[tuple[Ix, Ix, Matrix]] = []
        summed = {ix for ix in term.summed if ix not in self.hidden}
        grouped: dict[Key, sp.Expr] = {}
        for key, expr in term.groups.items():
            visible = tuple(self.shown(key))
            grouped[visible] = grouped.get(visible, sp.S.One) * expr
        for key, expr in sorted(grouped.items(), key=lambda item: item[0]):
            if len(key) > 2:
                raise NoMatrixForm
            if not key:
                result.scalars.extend(sp.Mul.make_args(expr))
            elif len(key) == 1:
                weights.setdefault(key[0], []).append(self.elementwise(expr, key))
            else:
                edges.append((key[0], key[1], self.elementwise(expr, key)))
        for a, b in sorted(term.deltas):
            if a in self.hidden or b in self.hidden:
                continue
            edges.append((a, b, Matrix("eye", a.size, b.size)))
        self.parallel(edges)
        while summed:
            # Leaves first; of equals the one between plain matrices, so that products form before masks meet them.
            vertex = min(
                summed, key=lambda v: (sum(v in e[:2] for e in edges), sum(e[2].mask for e in edges if v in e[:2]), v)
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
        vertex: Ix, summed: set[Ix], weights: dict[Ix, list[Matrix]], edges: list[tuple[Ix, Ix, Matrix]]
    ) -> tuple[Ix, Ix, Matrix] | None:
        """The edge between two summed vertices that nothing else touches: a sum over all entries of a matrix."""
        touching = [edge for edge in edges if vertex in edge[:2]]
        if len(touching) != 1 or not set(touching[0][:2]) <= summed or touching[0][0] == touching[0][1]:
            return None
        ends = set(touching[0][:2])
        alone = not ends & weights.keys() and sum(bool(ends & set(edge[:2])) for edge in edges) == 1
        return touching[0] if alone and traced(touching[0][2]) is not None else None

    @staticmethod
    def whole(m: Matrix) -> Matrix:
        """Σ_ij of a matrix that reads best as a trace."""
        found = traced(m)
        assert found is not None
        return leaf(Call("tr", (found,)), ONE, ONE, 0)

    @staticmethod
    def parallel(edges: list[tuple[Ix, Ix, Matrix]]) -> None:
        """Parallel edges become one, entry by entry."""
        joined: dict[tuple[Ix, Ix], list[Matrix]] = {}
        for a, b, matrix in edges:
            if (b, a) in joined:
                joined[b, a].append(transpose(matrix))
            else:
                joined.setdefault((a, b), []).append(matrix)
        edges[:] = []
        for (a, b), parts in joined.items():
            if len(parts) > 1 and any(part.kind == "shift" for part in parts):
                raise NoMatrixForm
            if len(parts) > 1 and any(part.kind == "eye" for part in parts):
                rest = [part for part in parts if part.kind != "eye"]
                edges.append(
                    (a, b, diagonal(hadamard(*(leaf(Call("diag", (write(p)[0],)), p.rows, ONE, 1) for p in rest))))
                )
                continue
            ordered = sorted(parts, key=lambda part: part.mask)  # masks last: M ∘ 1[Z > 0]
            edges.append((a, b, hadamard(*ordered)))

    def eliminate(
        self, vertex: Ix, weights: dict[Ix, list[Matrix]], edges: list[tuple[Ix, Ix, Matrix]], result: Reduced
    ) -> None:
        """Sum over one index."""
        own = weights.pop(vertex, [])
        touching = [edge for edge in edges if vertex in edge[:2]]
        edges[:] = [edge for edge in edges if vertex not in edge[:2]]
        out = [
            (a if b == vertex else b, transpose(m) if b == vertex else m) for a, b, m in touching
        ]  # (other end, vertex × other)
        if any(other == vertex for other, _ in out):  # a loop M_vv
            own += [leaf(Call("diag", (write(m)[0],)), vertex.size, ONE, 1) for other, m in out if other == vertex]
            out = [(other, m) for other, m in out if other != vertex]
        if not out:
            result.scalars.append(self.total(own))
        elif len(out) == 1:
            other, m = out[0]
            column = entries_of(own) if own else Matrix("ones", vertex.size, ONE, rank=1)
            weights.setdefault(other, []).append(self.apply(transpose(m), column))
        elif len(out) == 2:
            (left, m), (right, n) = out
            if right < left:
                (left, m), (right, n) = (right, n), (left, m)
            if left == right:
                raise NoMatrixForm
            inner = entries_of(own) if own else None
            # An elementwise edge with weights at both ends takes them in: (u vᵀ) ∘ M.
            if inner is not None and n.mask and right in weights:
                n, inner = hadamard(product(inner, transpose(hadamard(*weights.pop(right)))), n), None
            elif inner is not None and m.mask and left in weights:
                m, inner = hadamard(product(inner, transpose(hadamard(*weights.pop(left)))), m), None
            middle = [diagonal(inner)] if inner is not None else []
            edges.append((left, right, self.renamed(product(transpose(m), *middle, n))))
        else:
            raise NoMatrixForm

    @staticmethod
    def apply(m: Matrix, column: Matrix) -> Matrix:
        if (place := picked(column)) is not None and m.kind == "leaf" and m.rank == 2 and not is_vector(m):
            whole = m.expr.arg if isinstance(m.expr, Transpose) else m.expr
            assert whole is not None
            items = (place,) if isinstance(m.expr, Transpose) else (Slice(), place)
            return leaf(Index(whole, items), m.rows, ONE, 1)
        if column.kind == "ones" and m.kind not in ("shift", "eye"):
            # M @ 1 reads better as a sum along the rows, and of a long product times another matrix as a diagonal.
            if (
                m.kind == "hadamard"
                and len(m.parts) == 2
                and (m.parts[0] == m.parts[1] or any(len(p.parts) > 2 for p in m.parts))
            ):
                return leaf(Call("diag", (write(product(m.parts[0], transpose(m.parts[1])))[0],)), m.rows, ONE, 1)
            upright, flipped = write(m)[0], write(transpose(m))[0]
            axis = 0 if transposes(flipped) < transposes(upright) else 1
            of, along = (flipped if axis == 0 else upright,), ("axis", Num(Fraction(axis)))
            kept: Expr = Call("sum", of, (along, ("keepdims", Name("True"))))
            return replace(leaf(Call("sum", of, (along,)), m.rows, ONE, 1), kept=Transpose(kept) if axis == 0 else kept)
        return product(m, column)

    @staticmethod
    def total(own: list[Matrix]) -> Matrix:
        """Σ_v of a weight: a dot product of two factors, or the sum of the entries."""
        factors = [part for m in own for part in (m.parts if m.kind == "hadamard" else [m])]
        chosen = next((part for part in factors if picked(part) is not None), None)
        if chosen is not None and len(factors) == 2:
            (other,) = (part for part in factors if part is not chosen)
            found = entry_at(other, picked(chosen))
            if found is not None:
                return found
        if len(factors) == 1 and factors[0].kind == "entrywise":
            factors = halves(factors[0])
        if len(factors) == 2:
            left, right = factors
            if left.kind != "product" and right.kind == "product":
                left, right = right, left
            if len({write(m)[1] for m in factors}) == 1:
                return product(transpose(left), right)
        whole = hadamard(*factors)
        expr = min(write(whole)[0], write(transpose(whole))[0], key=transposes)
        if len(factors) == 1 and isinstance(expr, Call) and expr.func == "diag":
            return leaf(Call("tr", expr.args), ONE, ONE, 0)
        if len(factors) == 1 and isinstance(expr, Call) and expr.func == "sum" and expr.kwargs and len(expr.args) == 1:
            return leaf(Call("sum", expr.args), ONE, ONE, 0)
        return leaf(Call("sum", (expr,)), ONE, ONE, 0)

    def finish(self, free: Key, weights: dict[Ix, list[Matrix]], edges: list[tuple[Ix, Ix, Matrix]]) -> Matrix | None:
        """What is left hangs on the free indices."""
        if not free:
            return None
        if len(free) == 1:
            own = weights.get(free[0], [])
            return entries_of(own) if own else Matrix("ones", free[0].size, ONE, rank=1)
        row, column = free
        u = entries_of(weights[row]) if row in weights else None
        v = entries_of(weights[column]) if column in weights else None
        between = [m if (a, b) == (row, column) else transpose(m) for a, b, m in edges]
        if not between:
            left = u or Matrix("ones", row.size, ONE, rank=1)
            right = v or Matrix("ones", column.size, ONE, rank=1)
            return product(left, transpose(right))
        m = between[0]
        if m.kind == "eye":
            # A delta between free indices identifies them: all weights stand on the first.
            both = [w for w in (u, v) if w is not None]
            return diagonal(hadamard(*both)) if both else m
        if u is not None and v is not None and m.kind not in ("product", "shift"):
            return hadamard(product(u, transpose(v)), m)
        return product(*([diagonal(u)] if u is not None else []), m, *([diagonal(v)] if v is not None else []))

    # ---- sums

    def combine(self, terms: list[Reduced]) -> Matrix:
        """The sum of reduced terms, common factors pulled out, as one matrix."""
        if not terms:
            raise NoMatrixForm
        terms = self.alike(terms)
        if len(terms) == 1:
            return self.single(terms[0])
        number, rests = self.common([term.coef for term in terms])
        for term, rest in zip(terms, rests, strict=True):
            term.coef = rest
        shared = []
        for s in list(terms[0].scalars):  # a factor may stand twice
            if all(s in term.scalars for term in terms):
                shared.append(s)
                for term in terms:
                    term.scalars.remove(s)
        inner = self.added(terms)
        if number == 1 and not shared:
            return inner
        return self.single(Reduced(number, list(shared), inner))

    @staticmethod
    def alike(terms: list[Reduced]) -> list[Reduced]:
        """Terms that read the same, though their indices did not tell, added up."""
        kept: list[Reduced] = []
        for term in terms:
            twin = next((k for k in kept if (k.scalars, k.body) == (term.scalars, term.body)), None)
            if twin is not None:
                twin.coef += term.coef
            else:
                kept.append(term)
        return [term for term in kept if term.coef != 0] or kept[:1]

    def common(self, coefs: list[sp.Expr]) -> tuple[sp.Expr, list[sp.Expr]]:
        """The factor all coefficients share (numbers and sizes), and what is left of each."""
        numbers = [c.as_coeff_Mul()[0] for c in coefs]
        shared = sp.gcd_list([abs(n) for n in numbers]) if all(n.is_Rational for n in numbers) else sp.S.One
        if all(n < 0 for n in numbers):
            shared = -shared
        if any(abs(n / shared) != 1 for n in numbers) and shared.q != 1 and any(n.q == 1 for n in numbers):
            shared = sp.sign(shared)  # I + X + X²/2 keeps its half
        symbols = set.intersection(*({f for f in sp.Mul.make_args(c) if not f.is_number} for c in coefs))
        factor = shared * sp.Mul(*symbols)
        return factor, [c / factor for c in coefs]

    def added(self, terms: list[Reduced]) -> Matrix:
        bodies = [self.single(Reduced(sp.S.One, term.scalars, term.body)) for term in terms]
        chains = [list(b.parts) if b.kind == "product" else [b] for b in bodies]
        first: list[Matrix] = []
        last: list[Matrix] = []
        if all(m.kind != "eye" for c in chains for m in c):
            while all(len(c) > 1 for c in chains) and all(c[-1] == chains[0][-1] for c in chains):
                last.insert(0, chains[0][-1])
                chains = [c[:-1] for c in chains]
            while all(len(c) > 1 for c in chains) and all(c[0] == chains[0][0] for c in chains):
                first.append(chains[0][0])
                chains = [c[1:] for c in chains]
        bodies = [product(*c) for c in chains]
        # Positive terms lead, and of those the products: (A + Aᵀ) x + b.
        order = sorted(range(len(terms)), key=lambda n: (minus(terms[n].coef), bodies[n].kind != "product"))
        coefficients = tuple(to_ast(terms[n].coef, lambda s: Name(s.name), self.rank) for n in order)
        total = Matrix(
            "sum", bodies[0].rows, bodies[0].cols, tuple(bodies[n] for n in order), coefficients=coefficients
        )
        return product(*first, total, *last) if first or last else total

    def single(self, term: Reduced) -> Matrix:
        """coefficient · scalars · body as one matrix."""
        number, symbolic = term.coef.as_coeff_Mul()
        written: dict[sp.Symbol, Expr] = {}
        for scalar in term.scalars:
            if isinstance(scalar, Matrix):
                stand_in = sp.Symbol(f"~{term.scalars.index(scalar)}", real=True)  # the same twice is a square
                written[stand_in] = write(scalar)[0]
                symbolic *= stand_in
            else:
                symbolic *= scalar

        minus = sp.Add(*(-arg for arg in symbolic.args)) if isinstance(symbolic, sp.Add) else symbolic
        if len(minus.args) > 2 and self.engine.spelled(minus) and not self.engine.spelled(symbolic):
            number, symbolic = -number, minus  # −2 (w + x − y − z), as the author wrote it
        if (
            isinstance(symbolic, sp.Add)
            and number.is_Integer
            and cost(number * symbolic) < cost(number) + 1 + cost(symbolic)
        ):
            number, symbolic = sp.S.One, number * symbolic  # 6x + 2, but 2 (x + y)

        def entry(symbol: sp.Symbol) -> Expr:
            if symbol in written:
                return written[symbol]
            matrix, at = self.leaf(symbol)
            if at:
                raise NoMatrixForm
            return write(matrix)[0]

        coefficient = product_ast(symbolic, entry, self.rank, number, self.engine.spelled)
        if term.body is None:
            return leaf(coefficient, ONE, ONE, 0)
        if coefficient == UNIT:
            return term.body
        return Matrix("scaled", term.body.rows, term.body.cols, (term.body,), coefficients=(coefficient,))

    @cached_property
    def products(self) -> dict[tuple[Matrix, ...], Matrix]:
        """Factors of a product that has a name: A V is O."""
        found: dict[tuple[Matrix, ...], Matrix] = {}
        self.__dict__["products"] = found  # empty while the products themselves are written
        for number in sorted(self.engine.scope):
            if number >= len(self.engine.graph.nodes):
                continue
            node = self.engine.nodes[number]
            if node.op != "matmul" or node.name is None or node.over or len(node.shape) != 2:
                continue
            try:
                own = self.engine.fresh(number)
                term = self.engine.inline(self.engine.algebra.normal(self.engine.definition(number, own)[0]))
                inner = self.reduce(term, own).body
                outer, _ = self.leaf(self.engine.entry(number, own))
            except (NoMatrixForm, AssertionError):
                continue
            if inner is not None and inner.kind == "product":
                found[inner.parts] = outer
                found[transpose(inner).parts] = transpose(outer)
        return found

    def renamed(self, m: Matrix) -> Matrix:
        """The tree with named products read by their names."""
        if not self.products:
            return m
        parts = tuple(self.renamed(part) for part in m.parts)
        if m.kind == "product":
            for factors, name in self.products.items():
                for at in range(len(parts) - len(factors) + 1):
                    if parts[at : at + len(factors)] == factors:
                        return product(*parts[:at], name, *parts[at + len(factors) :])
        return replace(m, parts=parts) if parts != m.parts else m

    def matrix(self, terms: Sequence[Term], free: Key) -> Matrix:
        """The sum of terms over visible free indices as a matrix; NoMatrixForm where there is none."""
        visible = tuple(self.shown(free))
        if not terms:
            raise NoMatrixForm
        literal = self.literal(terms, visible)
        if literal is not None:
            return literal
        terms, weights = self.weights(terms, visible)
        whole = self.renamed(self.combine([self.reduce(term, visible) for term in terms]))
        for axis, weight in weights:
            spread = diagonal(self.elementwise(weight, visible[axis : axis + 1]))
            whole = product(spread, whole) if axis == 0 else product(whole, spread)
        return whole

    def weights(self, terms: Sequence[Term], free: Key) -> tuple[Sequence[Term], list[tuple[int, sp.Expr]]]:
        """Long factors that all terms have along a row or column index, to stand once beside their sum: (…) diag(γ/σ)."""
        found: list[tuple[int, sp.Expr]] = []
        if len(terms) < 2 or len(free) != 2 or any(set(pair) & set(free) for term in terms for pair in term.deltas):
            return terms, found
        for axis, ix in enumerate(free):
            own = [sp.Mul(*(e for key, e in term.groups.items() if self.shown(key) == [ix])) for term in terms]
            powers = [expr.as_powers_dict() for expr in own]
            shared = sp.S.One
            for base in powers[0]:
                exponents = [each.get(base, sp.S.Zero) for each in powers]
                if all(e.is_Rational and e > 0 for e in exponents):
                    shared *= base ** min(exponents)
                elif all(e.is_Rational and e < 0 for e in exponents):
                    shared *= base ** max(exponents)
            if shared == 1 or cost(shared) * (len(terms) - 1) < WORTH:
                continue
            found.append((axis, shared))
            rest = []
            for term, expr in zip(terms, own, strict=True):
                groups = {key: e for key, e in term.groups.items() if self.shown(key) != [ix]}
                keys = [key for key in term.groups if self.shown(key) == [ix]]
                if expr != shared:
                    groups[max(keys, key=len)] = expr / shared
                rest.append(replace(term, groups=groups))
            terms = rest
        return terms, found

    def literal(self, terms: Sequence[Term], free: Key) -> Matrix | None:
        """An array given entry by entry, [w[0]·δ, w[1]·δ, 1], where every term sits at a fixed place."""
        counts = [ix.size.number for ix in free]
        if not 1 <= len(free) <= 2 or any(count is None or count > 12 for count in counts):
            return None
        places: dict[tuple[int, ...], list[Reduced]] = {}
        for term in terms:
            pieces: list[tuple[tuple[int, ...], sp.Expr]] = [((), term.coef)]
            for ix in free:
                positions = self.positions(term.groups.get((ix,), sp.S.One))
                if positions is None:
                    return None
                pieces = [((*at, position), coef * number) for at, coef in pieces for position, number in positions]
            rest = {key: expr for key, expr in term.groups.items() if key not in [(ix,) for ix in free]}
            for at, coef in pieces:
                bare = Term(coef, rest, term.deltas, term.summed)
                if set(free) & bare.indices:
                    return None
                places.setdefault(at, []).append(self.reduce(bare, ()))
        items = {at: write(self.combine(place))[0] for at, place in places.items()}
        if len(free) == 1:
            return leaf(Vector(tuple(items.get((k,), ZERO) for k in range(counts[0] or 0))), free[0].size, ONE, 1)
        rows = (Vector(tuple(items.get((k, n), ZERO) for n in range(counts[1] or 0))) for k in range(counts[0] or 0))
        return leaf(Vector(tuple(rows)), free[0].size, free[1].size)

    def positions(self, expr: sp.Expr) -> list[tuple[int, sp.Expr]] | None:
        """2·1[k = 0] + 1[k = 2] as [(0, 2), (2, 1)]; None for anything else."""
        found = []
        for piece in sp.Add.make_args(expr):
            number, symbol = piece.as_coeff_Mul()
            quantity, _ = (self.engine.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if not isinstance(quantity, Pseudo) or quantity.kind != "unit" or quantity.offset.number is None:
                return None
            found.append((quantity.offset.number, number))
        return found


def traced(m: Matrix) -> Expr | None:
    """M for which Σ_ij (A ∘ B)_ij reads best as tr(M): with fewer transposes, or with an inverse in it."""
    if m.kind != "hadamard" or len(m.parts) != 2 or any(part.kind not in ("leaf", "product") for part in m.parts):
        return None
    left, right = m.parts
    if left == right or any(part.mask for part in m.parts):
        return None
    turned = transpose(left), transpose(right)
    found = [product(a, b) for a, b in ((turned[0], right), (right, turned[0]), (left, turned[1]), (turned[1], left))]
    best = min((write(product_)[0] for product_ in found), key=transposes)
    plain = min(transposes(write(whole)[0]) for whole in (m, transpose(m)))
    inverse = any(isinstance(part, Call) and part.func == "inv" for part in walk(best))
    return best if inverse or transposes(best) < plain else None


def picked(m: Matrix) -> Expr | None:
    """The place of the 1 in a unit vector, eye(n)[k]; None for anything else."""
    match m.expr:
        case Index(Call("eye", _), (place,)) if m.kind == "leaf" and m.cols == ONE and not isinstance(place, Slice):
            return place
    return None


def entry_at(m: Matrix, place: Expr | None) -> Matrix | None:
    """One entry of a vector that is a name."""
    if m.kind != "leaf" or not isinstance(m.expr, Name) or place is None or picked(m) is not None:
        return None
    items = (place,) if m.rank == 1 or m.cols == ONE else (ZERO, place)
    return leaf(Index(m.expr, items if len(items) == m.rank or m.rank == 1 else (*items, ZERO)), ONE, ONE, 0)


def entries_of(weights: Sequence[Matrix]) -> Matrix:
    """The elementwise product of vectors: names, then products, then elementwise derivatives."""
    return hadamard(*sorted(weights, key=lambda m: {"leaf": 0, "product": 1}.get(m.kind, 2)))


def halves(m: Matrix) -> list[Matrix]:
    """x ∘ sin(x) as its two factors, for a dot product; anything else stays whole."""
    if isinstance(m.expr, Binary) and m.expr.op == "*":
        sides = []
        for side in (m.expr.left, m.expr.right):
            used = [n for n in range(len(m.parts)) if Name(f"~{n}") in set(walk(side))]
            if not any((m.parts[n].rows, m.parts[n].cols) != (ONE, ONE) for n in used):
                return [m]
            table = {f"~{n}": Name(f"~{position}") for position, n in enumerate(used)}
            expr = substitute(side, table)
            parts = tuple(m.parts[n] for n in used)
            sides.append(parts[0] if isinstance(expr, Name) else Matrix("entrywise", m.rows, m.cols, parts, expr))
        return sides
    return [m]


def oriented(m: Matrix, shape: Sequence[Any]) -> Expr:
    """The expression in the orientation of a declared shape: a row for [1, n]."""
    return write(transpose(m) if wants_row(shape) and m.cols == ONE and m.rows != ONE else m)[0]


def wants_row(shape: Sequence[Any]) -> bool:
    return len(shape) == 2 and shape[0] == ONE and shape[1] != ONE
