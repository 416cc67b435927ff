"""Graph to derivatives: every quantity defined by terms, every derivative by pulling terms back along all paths.

A node is *fused* when it is elementwise and unnamed: it becomes part of one scalar SymPy expression. All other nodes
(inputs, named quantities, contractions, special functions) have entries of their own. A derivative starts as deltas
at the numerator and is pulled back, node by node in reverse order, to the denominator; contributions of all paths add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.graph import Graph, Node
from gradcalc.ops import TABLE
from gradcalc.pullbacks import CONTRACTIONS, INLINED, SPECIAL
from gradcalc.scalar import constant, function
from gradcalc.shapes import ONE, Size
from gradcalc.terms import Algebra, Entries, Ix, Key, Term, cost, measure, shortest, signs_met, size_expr

NAMED_LENGTH = 40  # operations; a longer upstream gradient gets a name
FUSED_LIMIT = 40  # operations; a longer elementwise expression gets entries of its own, so nothing is expanded twice


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A constant array that no one declared, as an index expression.

    unit (k): 1[k = at]           gather (k, *over): 1[k = value of node `node` there]
    shift (R, a): 1[R = a·step + offset], a slice or a piece of a concatenation of size `size`
    pair (R, a, c): 1[R = a·size + c], for kron and vec
    iota (j): j itself
    """

    kind: str
    node: int = -1
    offset: Size = Size(())
    step: int = 1
    size: Size = Size(())

    def __str__(self) -> str:
        return f"{self.kind}{self.node}.{self.offset}.{self.step}.{self.size}"


@dataclass(frozen=True, slots=True)
class Derivative:
    """Terms of a derivative. `out` and `into` are the free indices of numerator and denominator, without size-1 axes;
    named indices, examples among them, come last in each."""

    terms: tuple[Term, ...]
    out: Key
    into: Key


class Engine:
    """Derivatives over one graph. Node numbers beyond the graph's are virtual nodes (inverses, gradients)."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = list(graph.nodes)
        self.entries = Entries()
        self.algebra = Algebra(self.entries, self.symmetric, self.known_sum, self.computed)
        self.virtual: dict[int, tuple[Key, list[Term]]] = {}
        self._shortened: dict[sp.Expr, sp.Expr] = {}
        self._solved: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr | None] = {}
        self._symmetric: dict[int, bool] = {}
        self._fusing: dict[int, int] = {}
        self.assume = {graph.names[name]: v.assume for name, v in graph.exercise.variables.items() if name in graph.names}
        self.scope: set[int] = set()
        self.named: dict[int, int] = {}  # named gradient -> the node whose gradient it is
        self.asked: dict[tuple[int, int], str] = {}  # (numerator, node) -> the name an earlier answer gave its gradient
        self.writable: Callable[[list[Term], Key], bool] = lambda terms, own: True  # has a matrix form (see answers.py)

    # ---- facts about nodes

    def axes(self, number: int) -> tuple[Size, ...]:
        """Sizes of a node's index list: positional axes longer than 1, then named indices."""
        node = self.nodes[number]
        return (*(size for size in node.shape if size != ONE), *(self.graph.indices[name] for name in node.over))

    def fresh(self, number: int) -> Key:
        """New indices for a node's axes."""
        node = self.nodes[number]
        return (
            *(self.entries.index(size) for size in node.shape if size != ONE),
            *(self.entries.index(self.graph.indices[name], self.label(name)) for name in node.over),
        )

    def label(self, name: str) -> str | None:
        """Example indices stay apart from others of their size; `indices` are as good as any."""
        return name if name in self.graph.examples else None

    @cached_property
    def bounded(self) -> set[int]:
        """Nodes with entries of their own."""
        bounded = set()
        for number, node in enumerate(self.graph.nodes):
            op = TABLE.get(node.op)
            elementwise = node.op in ("const", "size", "index", "ones", "zeros", "toaxis", "transpose") or (
                op is not None and op.signature == "elementwise")
            if node.op == "getitem":
                elementwise = all(item[0] == "index" or self.whole(item, size) for item, size in self.items(node))
            size = 1 + sum(self._fusing.get(arg, 1) for arg in node.args if arg not in bounded)
            if node.name is not None or not elementwise or size > FUSED_LIMIT:
                bounded.add(number)
                size = 1
            self._fusing[number] = size
            if node.op in SPECIAL:
                bounded.update(arg for arg in node.args if node.op != "getitem" or arg == node.args[0])
        return bounded

    def items(self, node: Node) -> list[tuple[Any, Size]]:
        shape = self.nodes[node.args[0]].shape
        items = list(node.attrs["items"])
        items += [("slice", Size.of(0), size, 1) for size in shape[len(items):]]
        return list(zip(items, shape, strict=True))

    @staticmethod
    def whole(item: Any, size: Size) -> bool:
        return bool(item[0] == "slice" and item[1].number == 0 and item[2] == size and item[3] == 1)

    def symmetric(self, quantity: Any) -> bool:
        if not isinstance(quantity, int) or quantity >= len(self.nodes):
            return False
        if quantity not in self._symmetric:
            node = self.nodes[quantity]
            found = bool({"symmetric", "diagonal"} & self.assume.get(quantity, frozenset()))
            if not found and node.op in ("inv", "copy"):
                found = self.symmetric(node.args[0])
            if not found and node.op in ("eye", "diag") and len(node.shape) == 2:
                found = True
            if not found and node.op in ("add", "sub") and len(node.shape) == 2:
                found = all(self.symmetric(arg) or self.nodes[arg].shape == () for arg in node.args)
            if not found and node.op == "matmul" and len(node.shape) == 2:
                found = self.chain(quantity) == self.chain(quantity, True)
            self._symmetric[quantity] = found
        return self._symmetric[quantity]

    def computed(self, quantity: Any) -> bool:
        return isinstance(quantity, int) and self.nodes[quantity].op != "input"

    def chain(self, number: int, flipped: bool = False) -> list[tuple[int, bool]]:
        """A matrix product as its factors, each with whether it is transposed."""
        node = self.nodes[number]
        if node.op == "transpose":
            return self.chain(node.args[0], not flipped)
        if node.op == "matmul" and all(len(self.nodes[arg].shape) == 2 for arg in node.args):
            parts = [self.chain(arg, flipped) for arg in (node.args[::-1] if flipped else node.args)]
            return parts[0] + parts[1]
        return [(number, flipped and not self.symmetric(number))]

    def unit_sum(self, quantity: Any, position: int) -> bool:
        """Do the entries sum to 1 over the index at `position`? Softmax, one-hot, selections."""
        if isinstance(quantity, Pseudo):
            return quantity.kind in ("unit", "gather") and position == 0
        node = self.nodes[quantity]
        while node.op == "copy":
            node = self.nodes[node.args[0]]
        if node.op == "softmax":
            return bool(position == self.position(node, node.attrs["axis"]))
        if "onehot" in self.assume.get(quantity, frozenset()):
            return position == len([size for size in node.shape if size != ONE]) - 1
        return (quantity, position) in self.normalised

    def known_sum(self, expr: sp.Expr, ix: Ix) -> sp.Expr | None:
        """The number that an expression sums to over an index: 1 for p_j, 0 for p_j − y_j and for x_j − μ."""
        units = [self.unit_multiple(arg, ix) for arg in sp.Add.make_args(expr)]
        if all(unit is not None for unit in units):
            return sp.Add(*units)
        if cost(expr) > 12 or not self.averages:
            return None
        total = sp.S.Zero
        for arg in sp.Add.make_args(sp.expand(self.opened(expr)) if expr.is_Symbol else expr):
            number, symbol = arg.as_coeff_Mul()
            quantity, at = (self.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
            if ix not in self.entries.key(arg):
                total += arg * size_expr(ix.size)
            elif at.count(ix) == 1 and (quantity, at.index(ix)) in self.averages:
                place = at.index(ix)
                total += number * self.total_of(quantity, place, at[:place] + at[place + 1 :])
            else:
                return None
        for _ in range(3):
            total = self.opened(total)
        averages = {symbol: self.definition_of_mean(symbol) for symbol, _, _ in self.entries.entries(total)}
        return sp.S.Zero if sp.expand(total.xreplace(averages)) == 0 else None

    def unit_multiple(self, arg: sp.Expr, ix: Ix) -> sp.Expr | None:
        """c for c·p_j where the entries of p sum to 1 over j."""
        number, symbol = arg.as_coeff_Mul()
        quantity, indices = (self.entries.entry(symbol) if symbol.is_Symbol else None) or (None, ())
        return number if indices.count(ix) == 1 and self.unit_sum(quantity, indices.index(ix)) else None

    @cached_property
    def averages(self) -> dict[tuple[Any, int], int]:
        """(q, axis) -> a node that sums or averages q along that axis alone."""
        found: dict[tuple[Any, int], int] = {}
        for number, node in enumerate(self.graph.nodes):
            if node.op in ("sum", "mean") and len(node.attrs.get("axis", ())) == 1 and node.args[0] in self.bounded:
                position = self.position(self.nodes[node.args[0]], node.attrs["axis"][0])
                if node.op == "sum" or (node.args[0], position) not in found:
                    found[node.args[0], position] = number
        return found

    def total_of(self, quantity: int, position: int, rest: Key) -> sp.Symbol:
        """The sum of a quantity over one of its indices, as a symbol that every sum and mean of it is written with."""
        return self.entries.symbol(f"total {quantity} {position}", rest)

    def definition_of_mean(self, symbol: sp.Symbol) -> sp.Expr:
        """Sums and means by one unit: a mean stays, a sum is the mean times the count (an arbitrary common symbol)."""
        quantity, at = self.entries.entry(symbol) or (None, ())
        node = self.nodes[quantity] if isinstance(quantity, int) else None
        if node is None or node.op not in ("sum", "mean") or len(node.attrs.get("axis", ())) != 1:
            return symbol
        stand_in = self.total_of(node.args[0], self.position(self.nodes[node.args[0]], node.attrs["axis"][0]), at)
        return stand_in if node.op == "sum" else stand_in / size_expr(self.nodes[node.args[0]].shape[node.attrs["axis"][0]])

    @cached_property
    def normalised(self) -> set[tuple[int, int]]:
        """(q, axis) for quantities written out as e / Σ e: A_ij · g_i where g_i is one over the sum of A along j."""
        found = set()
        for number, node in enumerate(self.graph.nodes):
            if node.op != "sum" or "axis" not in node.attrs or len(node.attrs["axis"]) != 1:
                continue
            summed = node.args[0]
            for user in self.users.get(summed, ()):
                own = self.fresh(user)
                if summed not in self.bounded or self.axes(user) != self.axes(summed):
                    continue
                position = self.position(self.nodes[summed], node.attrs["axis"][0])
                factor = self.formula(user, *self.full(self.nodes[user], own)) / self.entry(summed, own)
                total = self.entry(number, own[:position] + own[position + 1 :])
                for _ in range(3):
                    factor = self.opened(factor, keep=number)
                if sp.cancel(factor * total) == 1:
                    found.add((user, position))
        return found

    def opened(self, expr: sp.Expr, keep: int = -1) -> sp.Expr:
        """Named elementwise quantities replaced by their formulas, one level."""
        table = {}
        for symbol, quantity, at in self.entries.entries(expr):
            if isinstance(quantity, int) and quantity != keep and quantity < len(self.graph.nodes):
                node = self.nodes[quantity]
                if node.op not in SPECIAL and node.op not in CONTRACTIONS and node.op != "input":
                    table[symbol] = self.formula(quantity, *self.full(node, at))
        return expr.xreplace(table)

    @staticmethod
    def position(node: Node, axis: int) -> int:
        return sum(1 for size in node.shape[:axis] if size != ONE)

    # ---- entries and definitions

    def entry(self, number: int, indices: Key) -> sp.Symbol:
        return self.entries.symbol(number, indices)

    def pseudo(self, kind: str, indices: Key, **facts: Any) -> sp.Symbol:
        return self.entries.symbol(Pseudo(kind, **facts), indices)

    def full(self, node: Node, indices: Key) -> tuple[list[Ix | None], dict[str, Ix]]:
        """An index list spread over the positional axes (None at size 1) and the named indices."""
        given = iter(indices)
        return [None if size == ONE else next(given) for size in node.shape], {name: next(given) for name in node.over}

    def flat(self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]) -> Key:
        """The index list of a node under broadcasting: trailing axes align, size-1 axes carry no index."""
        node = self.nodes[number]
        aligned = list(positional)[len(positional) - len(node.shape):] if node.shape else []
        found = [ix for ix, size in zip(aligned, node.shape, strict=True) if size != ONE]
        assert all(ix is not None for ix in found)
        return (*found, *(named[name] for name in node.over))  # type: ignore[arg-type]

    def expr(self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]) -> sp.Expr:
        """The value of an operand at these indices as one scalar expression of entries."""
        if number in self.bounded or number >= len(self.graph.nodes):
            return self.entry(number, self.flat(number, positional, named))
        return self.formula(number, positional, named)

    def formula(self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]) -> sp.Expr:
        """An elementwise node's own expression in its operands."""
        node = self.nodes[number]
        if node.op == "const":
            return constant(node.attrs["value"])
        if node.op == "size":
            return size_expr(node.attrs["value"])
        if node.op in ("ones", "zeros"):
            return sp.Integer(1 if node.op == "ones" else 0)
        if node.op == "index":
            return self.pseudo("iota", (named[node.attrs["name"]],))
        aligned = list(positional)[len(positional) - len(node.shape):] if node.shape else []
        if node.op == "transpose":
            return self.expr(node.args[0], aligned[::-1], named)
        if node.op == "toaxis":
            names = node.attrs["indices"]
            return self.expr(node.args[0], aligned[len(names):], {**named, **dict(zip(names, aligned, strict=False))})  # type: ignore[dict-item]
        if node.op == "getitem":
            given = iter(aligned)
            inner = [named[item[1]] if item[0] == "index" else next(given) for item, _ in self.items(node)]
            inner = [None if size == ONE else ix for ix, (_, size) in zip(inner, self.items(node), strict=True)]
            return self.expr(node.args[0], inner, named)
        operands = [self.expr(arg, aligned, named) for arg in node.args]
        return function(node, operands)

    def definition(self, number: int, indices: Key) -> list[Term]:
        """A node's value at `indices` as terms in the entries of its operands; [] for inputs and special nodes."""
        if number in self.virtual:
            own, terms = self.virtual[number]
            return [self.algebra.rename(self.algebra.fresh(term), dict(zip(own, indices, strict=True))) for term in terms]
        node = self.nodes[number]
        positional, named = self.full(node, indices)
        if node.op in CONTRACTIONS:
            return CONTRACTIONS[node.op](self, node, positional, named)
        if node.op == "input" or node.op in SPECIAL:
            return []
        return [self.algebra.term(self.formula(number, positional, named))]

    # ---- local derivatives

    def operands(self, number: int) -> list[int]:
        """Bounded nodes that a node's definition uses, found through its fused operands."""
        if number in self.virtual:
            return sorted({q for term in self.virtual[number][1] for e in term.groups.values() for _, q, _ in self.entries.entries(e) if isinstance(q, int)})
        found: set[int] = set()
        stack = list(self.nodes[number].args)
        while stack:
            arg = stack.pop()
            if arg in self.bounded or arg >= len(self.graph.nodes):
                found.add(arg)
            else:
                stack.extend(self.nodes[arg].args)
        return sorted(found)

    def local(self, number: int, indices: Key) -> dict[int, list[tuple[Key, Term]]]:
        """The local derivatives of one entry of a node: operand -> [(its indices, term)].

        Entries of a symmetric matrix are independent while differentiating; in the result A_ji is A_ij.
        """
        found = self.raw_local(number, indices)
        return {n: [(at, self.algebra.identified(term)) for at, term in pieces] for n, pieces in found.items()}

    def raw_local(self, number: int, indices: Key) -> dict[int, list[tuple[Key, Term]]]:
        node = self.nodes[number]
        result: dict[int, list[tuple[Key, Term]]] = {}
        if number not in self.virtual and node.op in SPECIAL:
            positional, named = self.full(node, indices)
            return SPECIAL[node.op](self, number, node, positional, named)
        if number not in self.virtual and node.op not in CONTRACTIONS:
            if node.op == "input":
                return result
            formula = self.formula(number, *self.full(node, indices))
            own = self.entry(number, indices)
            for symbol, quantity, at in self.entries.entries(formula):
                derivative = sp.diff(formula, symbol)
                if isinstance(quantity, int) and derivative != 0:
                    groups = self.algebra.split(shorter(signs_met(derivative), formula, own))
                    result.setdefault(quantity, []).append((at, Term(sp.S.One, groups)))
            return result
        for term in self.definition(number, indices):
            for key, expr in term.groups.items():
                for symbol, quantity, at in self.entries.entries(expr):
                    derivative = sp.diff(expr, symbol)
                    if not isinstance(quantity, int) or derivative == 0:
                        continue
                    # Not brought to normal form: a summed index may be carried by `at` alone.
                    groups = {k: e for k, e in term.groups.items() if k != key}
                    for k, e in self.algebra.split(signs_met(derivative)).items():
                        groups[k] = groups.get(k, sp.S.One) * e
                    result.setdefault(quantity, []).append((at, replace(term, groups=groups)))
        return result

    # ---- pulling back

    def pull(self, start: int, out: Key, terms: Sequence[Term], targets: set[int], through: Any) -> dict[int, tuple[Key, list[Term]]]:
        """Pull terms at node `start` (free: `out`-side indices and `start`'s own) back to every node they reach.

        `through(n)` says whether the derivative passes on through node n. Returns node -> (its indices, terms).
        """
        own: dict[int, Key] = {start: out}
        adjoint: dict[int, list[Term]] = {start: list(terms)}
        reach = self.reaching(targets)
        pending = {start}
        while pending:
            number = max(pending, key=self.rank)
            pending.discard(number)
            adjoint[number] = upstream = self.algebra.gather(adjoint[number])
            if number != start and (not through(number) or not upstream):
                continue
            upstream = self.settle(start, number, own[number], upstream)
            pieces = self.local(number, own[number])
            for operand, contributions in sorted(pieces.items()):
                if operand not in reach:
                    continue
                if operand not in own:
                    own[operand] = self.fresh(operand)
                    adjoint[operand] = []
                for at, piece in contributions:
                    for term in upstream:
                        adjoint[operand].append(self.step(term, piece, own[number], at, own[operand]))
                pending.add(operand)
        return {n: (own[n], adjoint[n]) for n in targets if n in adjoint}

    def settle(self, start: int, number: int, own: Key, upstream: list[Term]) -> list[Term]:
        """An upstream gradient that is more than one short term gets a name, so that nothing is expanded.

        Returns the single term that names it, or the terms unchanged.
        """
        node = self.nodes[number]
        length = sum(cost(expr) for term in upstream for expr in term.groups.values())
        asked = self.asked.get((start, number))
        if asked is not None and (len(upstream) > 1 or length > 1) and self.writable(upstream, own):
            return self.name_gradient(number, own, upstream, asked)
        if node.name is None or start == number or (len(upstream) <= 2 and length <= NAMED_LENGTH):
            return upstream
        of = self.nodes[start].name
        free = {ix for term in upstream for ix in term.indices if ix not in term.summed}
        if of is None or not free <= set(own):  # a Jacobian's gradient has the numerator's axes besides: left as it is
            return upstream
        if not self.writable(upstream, own):
            return upstream
        return self.name_gradient(number, own, upstream, f"d{of}_d{node.name}")

    def name_gradient(self, number: int, own: Key, upstream: list[Term], name: str) -> list[Term]:
        """The gradient at a node as a quantity of its own: the single term that names it."""
        node = self.nodes[number]
        self.nodes.append(Node("gradient", (), node.shape, node.over, name=name))
        named = len(self.nodes) - 1
        self.virtual[named] = (own, upstream)
        self.named[named] = number
        return [Term(sp.S.One, {own: self.entry(named, own)} if own else {(): self.entry(named, own)})]

    def step(self, upstream: Term, local: Term, own: Key, at: Key, into: Key) -> Term:
        """Upstream × local, summed over the indices of the node between them; the operand's indices become free."""
        free = set(own)
        upstream = self.algebra.rename(upstream, {ix: self.entries.like(ix) for ix in sorted(upstream.summed)})
        table = {ix: self.entries.like(ix) for ix in sorted(local.summed)}
        local = self.algebra.rename(local, table)
        at = tuple(table.get(ix, ix) for ix in at)
        deltas = frozenset(tuple(sorted(pair)) for pair in zip(at, into, strict=True) if pair[0] != pair[1])
        groups = dict(upstream.groups)
        met = set()
        for key, expr in local.groups.items():
            if key in groups and groups[key] != 1 and expr != 1:
                met.add(key)
            groups[key] = groups.get(key, sp.S.One) * expr
        groups = {key: self.shorten(expr) if key in met else expr for key, expr in groups.items()}
        summed = upstream.summed | local.summed | free
        product = Term(upstream.coef * local.coef, groups, upstream.deltas | local.deltas | deltas, summed)  # type: ignore[arg-type]
        return self.named_parts(self.inline(self.selected(self.algebra.normal(product))))

    def residuals_open(self, term: Term) -> Term:
        """Unnamed differences that had entries of their own, as in norm(y − a), written out."""
        table = {}
        for expr in term.groups.values():
            for symbol, quantity, at in self.entries.entries(expr):
                if not isinstance(quantity, int) or quantity >= len(self.graph.nodes) or self.nodes[quantity].name is not None:
                    continue
                node = self.nodes[quantity]
                if node.op in ("add", "sub") and quantity in self.bounded:
                    table[symbol] = self.formula(quantity, *self.full(node, at))
        if not table:
            return term
        return self.algebra.normal(replace(term, groups={key: expr.xreplace(table) for key, expr in term.groups.items()}))

    def selected(self, term: Term) -> Term:
        """1[k = y] p_k is 1[k = y] p[y], where p[y] is a quantity of the graph."""
        for expr in term.groups.values():
            for factor in sp.Mul.make_args(expr):
                selector, where = (self.entries.entry(factor) if factor.is_Symbol else None) or (None, ())
                if not isinstance(selector, Pseudo) or selector.kind not in ("gather", "unit"):
                    continue
                table = {}
                for other in term.groups.values():
                    for symbol, quantity, at in self.entries.entries(other):
                        if at.count(where[0]) == 1 and isinstance(quantity, int):
                            picked = self.picks.get((quantity, at.index(where[0]), selector))
                            if picked is not None:
                                place = at.index(where[0])
                                table[symbol] = self.entry(picked, at[:place] + at[place + 1 :] + tuple(ix for ix in where[1:] if ix not in at))
                if table:
                    groups = {key: e.xreplace(table) for key, e in term.groups.items()}
                    return self.selected(self.algebra.normal(replace(term, groups=groups)))
        return term

    @cached_property
    def picks(self) -> dict[tuple[int, int, Pseudo], int]:
        """(q, axis, selector) -> the node that picks one place along that axis of q and keeps the others."""
        found = {}
        for number, node in enumerate(self.graph.nodes):
            if node.op != "getitem" or node.args[0] not in self.bounded:
                continue
            items = self.items(node)
            chosen = [n for n, (item, size) in enumerate(items) if not self.whole(item, size)]
            if len(chosen) != 1 or items[chosen[0]][0][0] not in ("at", "gather"):
                continue
            item = items[chosen[0]][0]
            selector = Pseudo("unit", offset=item[1]) if item[0] == "at" else Pseudo("gather", node=node.args[item[1]])
            if item[0] == "gather" and self.nodes[node.args[item[1]]].shape:
                continue
            found[node.args[0], self.position(self.nodes[node.args[0]], chosen[0]), selector] = number
        return found

    def named_parts(self, term: Term) -> Term:
        """Quantities that are an entry, or a difference, times factors on fewer indices, read backwards:
        x_j / r² with u = x / r becomes u_j / r, and x_ij − μ_i becomes x̂_ij σ_i."""
        for key, expr in term.groups.items():
            if not key or cost(expr) > 12:
                continue
            for symbol, quantity, at in self.entries.entries(expr):
                for user in self.users.get(quantity, ()):
                    if user not in self.scope or self.axes(user) != self.axes(quantity) or tuple(sorted(at)) != key:
                        continue
                    parts = self.algebra.split(self.formula(user, *self.full(self.nodes[user], at)))
                    sign, own = self.algebra.content(parts.pop(key, sp.S.One))
                    if own != expr or not parts:
                        continue
                    groups = {**term.groups, key: self.entry(user, at)}
                    before = cost(expr) + sum(cost(term.groups.get(k, sp.S.One)) for k in parts)
                    for k, factor in parts.items():
                        groups[k] = self.algebra.tidy(groups.get(k, sp.S.One) / factor)
                    if 1 + sum(cost(groups[k]) for k in parts) < before:
                        return self.named_parts(self.algebra.normal(replace(term, coef=term.coef / sign, groups=groups)))
        return term

    def shorten(self, expr: sp.Expr) -> sp.Expr:
        """A product of local derivatives in its shortest form: tidied, and with definitions read backwards.

        E/N² with N = 1 + E and f = 1/N becomes f(1 − f): each named quantity is solved for an operand in which it is
        linear-fractional, a few steps deep; only quantities that the numerator depends on are used.
        """
        if expr in self._shortened:
            return self._shortened[expr]
        best = self.algebra.tidy(expr)
        frontier = [best]
        seen = {best}
        for _ in range(3):
            found = []
            for current in frontier:
                for candidate in self.readings(current):
                    candidate = self.algebra.tidy(candidate)
                    if candidate not in seen and cost(candidate) <= cost(best) + 6:
                        seen.add(candidate)
                        found.append(candidate)
            frontier = sorted(found, key=measure)[:6]
            # A reading that divides by something new is no simplification: y₁ y₂ g stays, though g²/y₀ is as short.
            best = shortest([best, *(found for found in frontier if denominator(found) <= denominator(expr))])
            if not frontier:
                break
        self._shortened[expr] = best
        return best

    def readings(self, expr: sp.Expr) -> list[sp.Expr]:
        """The expression with one operand of a named elementwise quantity expressed by that quantity."""
        results = []
        if cost(expr) > 24:
            return results
        for symbol, quantity, at in self.entries.entries(expr):
            if not isinstance(quantity, int):
                continue
            for user in self.users.get(quantity, ()):
                if user not in self.scope or self.axes(user) != self.axes(quantity):
                    continue
                formula = self.formula(user, *self.full(self.nodes[user], at))
                own = self.entry(user, at)
                if formula == symbol:  # a copy
                    if self.nodes[quantity].op != "input":
                        results.append(expr.xreplace({symbol: own}))
                    continue
                named = folded(expr, formula, own)
                if named != expr:
                    results.append(named)
                # Solved for a computed operand, never for an input, and of a sum only where it has no other: E = N − 1.
                if self.nodes[quantity].op == "input" or (formula.has(sp.Add) and len(self.entries.entries(formula)) != 1):
                    continue
                if (symbol, own) not in self._solved:
                    self._solved[symbol, own] = solve_for(symbol, formula, own)
                solved = self._solved[symbol, own]
                if solved is not None:
                    results.append(expr.xreplace({symbol: solved}))
        return results

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """Named elementwise quantities by the nodes they are made from."""
        users: dict[int, list[int]] = {}
        for number in sorted(self.bounded):
            node = self.nodes[number]
            if node.name is not None and node.op not in SPECIAL and node.op not in CONTRACTIONS and node.op != "input":
                for arg in self.operands(number):
                    users.setdefault(arg, []).append(number)
        return {arg: tuple(found) for arg, found in users.items()}

    def ancestors(self, number: int) -> set[int]:
        """The bounded nodes that a node is made from, itself included."""
        found, stack = {number}, [number]
        while stack:
            for arg in self.operands(stack.pop()):
                if arg not in found:
                    found.add(arg)
                    stack.append(arg)
        return found

    def inline(self, term: Term) -> Term:
        """An unnamed contraction that is a lone linear factor is written out: Σ_j x_i A_ij instead of t_j."""
        for key, expr in term.groups.items():
            for symbol, quantity, at in self.entries.entries(expr):
                if not isinstance(quantity, int) or self.nodes[quantity].name is not None or symbol not in sp.Mul.make_args(expr):
                    continue
                if quantity >= len(self.graph.nodes) or self.nodes[quantity].op not in INLINED:
                    continue
                terms = self.definition(quantity, at)
                if len(terms) != 1:
                    continue
                rest = {**term.groups, key: expr / symbol}
                inner = self.algebra.identified(self.algebra.fresh(terms[0]))
                outer = Term(term.coef, rest, term.deltas, term.summed)
                return self.inline(self.algebra.times(outer, inner))
        return term

    def rank(self, number: int) -> int:
        """Topological rank: virtual nodes made from graph nodes come right after their operand."""
        return number

    def reaching(self, targets: set[int]) -> set[int]:
        """Bounded nodes from which a target is reached, and the targets."""
        found = set(targets)
        for number in [*sorted(self.bounded), *range(len(self.graph.nodes), len(self.nodes))]:
            if number not in found and any(arg in found for arg in self.operands(number)):
                found.add(number)
        return found

    def derivative(self, of: int, by: int, through: Any = lambda n: True) -> Derivative:
        """The derivative of one node by another: along all paths, or only those on which `through` holds."""
        return self.derivatives(of, {by}, through)[by]

    def derivatives(self, of: int, by: set[int], through: Any = lambda n: True) -> dict[int, Derivative]:
        """The derivatives of one node by several, in one pass."""
        out, own = self.fresh(of), self.fresh(of)
        start = Term(sp.S.One, {}, frozenset(tuple(sorted(pair)) for pair in zip(out, own, strict=True)))  # type: ignore[misc]
        pulled = self.pull(of, own, [start], by, through)
        empty = {n: Derivative((), out, self.fresh(n)) for n in by - pulled.keys()}
        return empty | {n: Derivative(tuple(terms), out, into) for n, (into, terms) in pulled.items()}

    def make_virtual(self, op: str, arg: int, **attrs: Any) -> int:
        """A node the graph does not hold, such as the inverse inside a determinant's derivative."""
        for number, node in enumerate(self.nodes):
            if node.op == op and node.args == (arg,):
                return number
        node = self.nodes[arg]
        self.nodes.append(Node(op, (arg,), node.shape, node.over, attrs))
        return len(self.nodes) - 1

    def ties(self, number: int, arg: int) -> int:
        """How many entries reach the maximum (or minimum): a virtual node of the result's shape."""
        for other, node in enumerate(self.nodes):
            if node.op == "ties" and node.args == (arg, number):
                return other
        result = self.nodes[number]
        self.nodes.append(Node("ties", (arg, number), result.shape, result.over, result.attrs))
        return len(self.nodes) - 1

    def quantity(self, derivative: Derivative) -> int:
        """A derivative as a quantity of its own, so that it can be differentiated again."""
        indices = (*derivative.out, *derivative.into)
        self.nodes.append(Node("gradient", (), tuple(ix.size for ix in indices)))
        number = len(self.nodes) - 1
        self.virtual[number] = (indices, list(derivative.terms))
        return number


def folded(expr: sp.Expr, formula: sp.Expr, own: sp.Symbol) -> sp.Expr:
    """`expr` with `formula` read as `own`; of a root, its powers too: u^(−1/2) is 1/v for v = √u."""
    if isinstance(formula, sp.Pow) and formula.exp == sp.Rational(1, 2):
        powers = {p: own ** (2 * p.exp) for p in expr.atoms(sp.Pow) if p.base == formula.base and p.exp.q == 2} if not expr.is_Symbol else {}
        return expr.xreplace(powers)
    return expr.xreplace({formula: own})


def shorter(derivative: sp.Expr, formula: sp.Expr, own: sp.Symbol) -> sp.Expr:
    """`derivative` with `formula` read as `own`, where that is shorter and divides by nothing new."""
    derivative = sp.powsimp(derivative) if isinstance(formula, sp.Pow) else derivative
    candidates = [derivative, folded(derivative, formula, own)]
    if isinstance(formula, (sp.Mul, sp.exp)) or (isinstance(formula, sp.Pow) and not formula.exp.is_number):
        ratio = sp.powsimp(derivative / formula)
        read = ratio * own
        fewer = quantities(read) <= quantities(derivative) and cost(sp.fraction(ratio)[1]) <= cost(sp.fraction(derivative)[1])
        if fewer and not ratio.has(formula):
            candidates.append(read)
    return shortest(candidates)


def denominator(expr: sp.Expr) -> int:
    """How long the denominators of an expression are."""
    powers = [part for part in sp.Mul.make_args(expr) if isinstance(part, sp.Pow) and part.exp.could_extract_minus_sign()]
    inner = [p for arg in sp.Mul.make_args(expr) if isinstance(arg, sp.Add) for p in arg.atoms(sp.Pow) if p.exp.could_extract_minus_sign()]
    return sum(cost(1 / part) for part in (*powers, *inner))


def quantities(expr: sp.Expr) -> int:
    """How many entries (sizes not counted) an expression has."""
    return sum(not symbol.is_integer for symbol in expr.free_symbols)


def solve_for(symbol: sp.Symbol, formula: sp.Expr, own: sp.Symbol) -> sp.Expr | None:
    """own = formula solved for `symbol`, where it is linear-fractional in it; None otherwise."""
    if cost(formula) > 15:
        return None
    top, bottom = sp.fraction(sp.together(formula))
    equation = sp.expand(own * bottom - top)
    slope = sp.diff(equation, symbol)
    if slope == 0 or slope.has(symbol):
        return None
    return sp.cancel(-(equation - slope * symbol).expand() / slope)
