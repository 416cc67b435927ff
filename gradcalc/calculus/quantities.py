"""What the quantities of a graph are in index notation: entries, and every node defined by terms in other entries.

A node is *fused* when it is elementwise and unnamed: it becomes part of one scalar SymPy expression. All other nodes
(inputs, named quantities, contractions, special functions) are *bounded*: they have entries of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.calculus.simplify import cost, operation
from gradcalc.calculus.sympy_functions import constant, function
from gradcalc.calculus.term_algebra import Algebra
from gradcalc.calculus.terms import Entries, Ix, Key, Term, size_expr
from gradcalc.graph.model import Graph, Node
from gradcalc.language.errors import GradcalcError, Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Call, unparse, walk
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.ops import NODES

LONGEST = 10  # that an unnamed quantity counts for
FUSED_LIMIT = 40  # operations; a longer elementwise expression gets entries of its own, so nothing is expanded twice


ZERO = Size.of(0)


UNDEFINED = frozenset((sp.zoo, sp.nan, sp.oo, -sp.oo))


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A constant array that no one declared, as an index expression.

    unit (k): 1[k = at]           gather (k, *over): 1[k = value of node `node` there]
    shift (R, a): 1[R = a·step + offset], a slice or a piece of a concatenation of size `size`
    pair (R, a, c): 1[R = a·size + c], for kron and vec
    eye (a, b): 1[a = b]          iota (j): j itself
    """

    kind: str
    node: int = -1
    offset: Size = ZERO
    step: int = 1
    size: Size = ZERO

    def __str__(self) -> str:
        return f"{self.kind}{self.node}.{self.offset}.{self.step}.{self.size}"


def variance(node: Node) -> bool:
    """The last step of var(x), which is written var(x)."""
    return node.op == "div" and isinstance(node.expr, Call) and node.expr.func == "var"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operations on whole arrays are in index notation, by name (derivative_rules.py).

    contractions  defined by terms      special  with a stated local derivative
    inlined       the contractions that are written out where they have no name
    """

    contractions: Mapping[str, Any]
    special: Mapping[str, Any]
    inlined: frozenset[str]


class Quantities:
    """The quantities of one graph. Node numbers beyond the graph's are virtual nodes (inverses, gradients)."""

    def __init__(self, graph: Graph, rules: Rules) -> None:
        self.graph, self.rules = graph, rules
        self.nodes: list[Node] = list(graph.nodes)
        self.entries = Entries()
        self.entries.length = self.written_length
        self.algebra = Algebra(
            self.entries, self.symmetric, self.known_sum, self.computed, self.made_by
        )
        self.algebra.centred = self.centred
        self.careful = False  # does not divide a product by an entry, which may be 0
        self.virtual: dict[int, tuple[Key, list[Term]]] = {}
        self._numbers: dict[
            int, sp.Expr
        ] = {}  # the formulas of scalars, which have no indices to be written with
        self._symmetric: dict[int, bool] = {}
        self._operands: dict[int, list[int]] = {}
        self._lengths: list[int] = []
        self._fusing: dict[int, int] = {}
        self.assume = {
            graph.names[name]: v.assume
            for name, v in graph.exercise.variables.items()
            if name in graph.names
        }

    def known_sum(self, expr: sp.Expr, ix: Ix) -> sp.Expr | None:
        """What an expression is known to sum to over an index; readback.py knows some."""
        return None

    def written_length(self, quantity: Any) -> int:
        """How long a quantity reads: 1 for a name, else its operations and names, up to a bound."""
        if not isinstance(quantity, int):
            return 1
        while len(self._lengths) <= quantity:  # operands come first
            node = self.nodes[len(self._lengths)]
            own = 0 if node.op in ("const", "size", "index", "copy") else max(len(node.args) - 1, 1)
            length = own + sum(self._lengths[arg] for arg in node.args if arg < len(self._lengths))
            length = 3 if variance(node) else max(min(length, LONGEST), 1)
            self._lengths.append(1 if node.name is not None else length)
        return self._lengths[quantity]

    def centred(self, expr: sp.Expr, over: Key) -> bool:
        """Whether an expression is known to sum to 0 over several indices."""
        return False

    def axes(self, number: int) -> tuple[Size, ...]:
        """Sizes of a node's index list: positional axes longer than 1, then named indices."""
        node = self.nodes[number]
        return (
            *(size for size in node.shape if size != ONE),
            *(self.graph.indices[name] for name in node.over),
        )

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
            size = 1 + sum(self._fusing.get(arg, 1) for arg in node.args if arg not in bounded)
            if (
                node.name is not None
                or not self.entrywise(node)
                or size > FUSED_LIMIT
                or variance(node)
            ):
                bounded.add(number)
                size = 1
            self._fusing[number] = size
            if node.op in self.rules.special:
                bounded.update(
                    arg for arg in node.args if node.op != "getitem" or arg == node.args[0]
                )
        return bounded

    def entrywise(self, node: Node) -> bool:
        """Is an entry one scalar expression in entries of the operands, each at the same indices or in another place?"""
        if node.op == "getitem":
            return all(
                item[0] == "index" or self.whole(item, size) for item, size in self.items(node)
            )
        kinds = ("constant", "elementwise", "comparison", "rearranging")
        return node.op not in self.rules.special and NODES[node.op].kind in kinds

    def items(self, node: Node) -> list[tuple[Any, Size]]:
        shape = self.nodes[node.args[0]].shape
        items = list(node.attrs["items"])
        items += [("slice", Size.of(0), size, 1) for size in shape[len(items) :]]
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
            if (
                not found
                and node.op == "matmul"
                and all(len(self.nodes[arg].shape) == 2 for arg in node.args)
            ):
                found = self.chain(quantity) == self.chain(quantity, True)
            self._symmetric[quantity] = found
            if (
                not found
                and node.op not in self.rules.special
                and node.op != "input"
                and node.shape[:1] == node.shape[1:]
            ):
                self._symmetric[quantity] = self.mirrored(quantity)
        return self._symmetric[quantity]

    def positive(self, expr: sp.Expr) -> set[sp.Symbol]:
        """The entries in an expression that are assumed to be positive; of a positive matrix they need not be."""
        numbers = [(symbol, n) for symbol, n, _ in self.entries.entries(expr) if n in self.assume]
        return {
            s for s, n in numbers if "positive" in self.assume[n] and len(self.nodes[n].shape) < 2
        }

    def mirrored(self, quantity: int) -> bool:
        """Has its definition at (j, i) the terms of that at (i, j)? Σ x xᵀ, XᵀX/m + λI, exp(−D) of a symmetric D."""
        if (
            len(self.nodes[quantity].shape) != 2
            or ONE in self.nodes[quantity].shape
            or quantity >= len(self.graph.nodes)
        ):
            return False
        i, j, *over = self.fresh(quantity)
        given, turned = (
            [self.algebra.identified(term) for term in self.definition(quantity, at)]
            for at in ((i, j, *over), (j, i, *over))
        )
        if sum(cost(expr) for term in given for expr in term.groups.values()) > FUSED_LIMIT:
            return False
        return not self.algebra.gather(
            [*given, *(replace(term, coef=-term.coef) for term in turned)]
        )

    def computed(self, quantity: Any) -> bool:
        """Does it lead a difference, as ŷ − y? A mean does not (x − μ), nor does what is only spread out (x − 1 μᵀ)."""
        if not isinstance(quantity, int):
            return False
        node = self.nodes[quantity]
        spread = node.op == "matmul" and any(self.nodes[arg].op == "ones" for arg in node.args)
        return node.op not in ("input", "mean") and not spread

    def made_by(self, quantity: Any) -> str:
        return self.nodes[quantity].op if isinstance(quantity, int) else ""

    def chain(self, number: int, flipped: bool = False) -> list[tuple[int, bool]]:
        """A matrix product as its factors, each with whether it is transposed."""
        node = self.nodes[number]
        if node.op == "transpose":
            return self.chain(node.args[0], not flipped)
        if node.op == "matmul" and all(len(self.nodes[arg].shape) == 2 for arg in node.args):
            parts = [
                self.chain(arg, flipped) for arg in (node.args[::-1] if flipped else node.args)
            ]
            return parts[0] + parts[1]
        return [(number, flipped and not self.symmetric(number))]

    @staticmethod
    def position(node: Node, axis: int) -> int:
        return sum(1 for size in node.shape[:axis] if size != ONE)

    def entry(self, number: int, indices: Key) -> sp.Symbol:
        return self.entries.symbol(number, indices)

    def pseudo(self, kind: str, indices: Key, **facts: Any) -> sp.Symbol:
        return self.entries.symbol(Pseudo(kind, **facts), indices)

    def full(self, node: Node, indices: Key) -> tuple[list[Ix | None], dict[str, Ix]]:
        """An index list spread over the positional axes (None at size 1) and the named indices."""
        given = iter(indices)
        return [None if size == ONE else next(given) for size in node.shape], {
            name: next(given) for name in node.over
        }

    def flat(self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]) -> Key:
        """The index list of a node under broadcasting: trailing axes align, size-1 axes carry no index."""
        node = self.nodes[number]
        aligned = list(positional)[len(positional) - len(node.shape) :] if node.shape else []
        found = [ix for ix, size in zip(aligned, node.shape, strict=True) if size != ONE]
        assert all(ix is not None for ix in found)
        return (*found, *(named[name] for name in node.over))  # type: ignore[arg-type]

    def expr(
        self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]
    ) -> sp.Expr:
        """The value of an operand at these indices as one scalar expression of entries."""
        node = self.nodes[number]
        if node.op == "eye" or number in self.bounded or number >= len(self.graph.nodes):
            at = self.flat(number, positional, named)
            plain = node.op == "eye" and node.name is None and len(at) == 2
            return self.pseudo("eye", at) if plain else self.entry(number, at)
        return self.formula(number, positional, named)

    def formula(
        self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]
    ) -> sp.Expr:
        """An elementwise node's own expression in its operands."""
        if named or any(ix is not None for ix in positional):
            return self._formula(number, positional, named)
        if number not in self._numbers:
            self._numbers[number] = self._formula(number, positional, named)
        return self._numbers[number]

    def _formula(
        self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]
    ) -> sp.Expr:
        node = self.nodes[number]
        if node.op == "const":
            return constant(node.attrs["value"])
        if node.op == "size":
            return size_expr(node.attrs["value"])
        if node.op in ("ones", "zeros"):
            return sp.Integer(1 if node.op == "ones" else 0)
        if node.op == "index":
            return self.pseudo("iota", (named[node.attrs["name"]],))
        aligned = list(positional)[len(positional) - len(node.shape) :] if node.shape else []
        if node.op == "transpose":
            return self.expr(node.args[0], aligned[::-1], named)
        if node.op == "toaxis":
            names = node.attrs["indices"]
            return self.expr(
                node.args[0],
                aligned[len(names) :],
                {
                    **named,
                    **{
                        name: ix for name, ix in zip(names, aligned, strict=False) if ix is not None
                    },
                },
            )
        if node.op == "getitem":
            given = iter(aligned)
            inner = [
                named[item[1]] if item[0] == "index" else next(given)
                for item, _ in self.items(node)
            ]
            inner = [
                None if size == ONE else ix
                for ix, (_, size) in zip(inner, self.items(node), strict=True)
            ]
            return self.expr(node.args[0], inner, named)
        operands = [self.expr(arg, aligned, named) for arg in node.args]
        result = self.selecting(operands) if node.op == "where" else None
        result = function(node, operands) if result is None else result
        if result in UNDEFINED or not UNDEFINED.isdisjoint(result.args):
            written = f"`{unparse(node.expr)}`" if node.expr is not None else node.name or node.op
            raise GradcalcError(self.placed(node, f"{written} is undefined, whatever the values"))
        return result

    def placed(self, node: Node, message: str) -> Problem:
        """A problem with a node, where the expression behind it stands in a definition."""
        for definition in self.graph.exercise.definitions:
            if node.expr is not None and any(part is node.expr for part in walk(definition.expr)):
                return definition.source.problem(SpanError("undefined", message, *node.expr.span))
        return Problem("undefined", message)

    def selecting(self, operands: Sequence[sp.Expr]) -> sp.Expr | None:
        """where(j == y, a, 0) as a selector times a, and where(j != y, a, 0) as what it leaves."""
        condition, yes, no = operands
        if operation(condition) == "ne":
            yes, no = no, yes
        elif operation(condition) != "eq":
            return None
        selector = self.compared(*condition.args) or self.compared(*condition.args[::-1])
        if selector is None or 0 not in (yes, no):
            return None
        return selector * yes if no == 0 else (1 - selector) * no

    def compared(self, index: sp.Expr, other: sp.Expr) -> sp.Expr | None:
        """1[j = y] for an index and a place, an integer input or another index; None for anything else."""
        quantity, at = (self.entries.entry(index) if index.is_Symbol else None) or (None, ())
        if not isinstance(quantity, Pseudo) or quantity.kind != "iota":
            return None
        if other.is_Integer:
            return self.pseudo("unit", at, offset=Size.of(int(other))) if other >= 0 else None
        found, where = (self.entries.entry(other) if other.is_Symbol else None) or (None, ())
        if isinstance(found, int):
            return (
                self.pseudo("gather", (*at, *where), node=found)
                if self.nodes[found].name in self.graph.integers
                else None
            )
        same = isinstance(found, Pseudo) and found.kind == "iota" and at[0].size == where[0].size
        return self.pseudo("eye", tuple(sorted((*at, *where)))) if same else None

    def definition(self, number: int, indices: Key) -> list[Term]:
        """A node's value at `indices` as terms in the entries of its operands; [] for inputs and special nodes."""
        if number in self.virtual:
            own, terms = self.virtual[number]
            return [
                self.algebra.rename(self.algebra.fresh(term), dict(zip(own, indices, strict=True)))
                for term in terms
            ]
        node = self.nodes[number]
        positional, named = self.full(node, indices)
        if node.op in self.rules.contractions:
            found: list[Term] = self.rules.contractions[node.op](self, node, positional, named)
            return found
        if node.op == "input" or node.op in self.rules.special:
            return []
        return [self.algebra.term(self.formula(number, positional, named))]

    def varied(self, number: int, indices: Key) -> list[Term]:
        """The definition for differentiating: Σ p stays, though its value is 1, for entries are varied one by one."""
        self.algebra.knowing = False
        try:
            return self.definition(number, indices)
        finally:
            self.algebra.knowing = True

    def operands(self, number: int) -> list[int]:
        """Bounded nodes that a node's definition uses, found through its fused operands."""
        if number in self.virtual:
            return sorted(
                {
                    q
                    for term in self.virtual[number][1]
                    for e in term.groups.values()
                    for _, q, _ in self.entries.entries(e)
                    if isinstance(q, int)
                }
            )
        if number not in self._operands:
            self._operands[number] = self._bounded_operands(number)
        return self._operands[number]

    def _bounded_operands(self, number: int) -> list[int]:
        found: set[int] = set()
        stack = list(self.nodes[number].args)
        while stack:
            arg = stack.pop()
            if arg in self.bounded or arg >= len(self.graph.nodes):
                found.add(arg)
            else:
                stack.extend(self.nodes[arg].args)
        return sorted(found)

    def opened(self, expr: sp.Expr, keep: int = -1) -> sp.Expr:
        """Named elementwise quantities replaced by their formulas, one level."""
        table = {}
        for symbol, quantity, at in self.entries.entries(expr):
            if isinstance(quantity, int) and quantity != keep and quantity < len(self.graph.nodes):
                node = self.nodes[quantity]
                if (
                    node.op not in self.rules.special
                    and node.op not in self.rules.contractions
                    and node.op != "input"
                ):
                    table[symbol] = self.formula(quantity, *self.full(node, at))
        return expr.xreplace(table)

    def ancestors(self, number: int) -> set[int]:
        """The bounded nodes that a node is made from, itself included."""
        found, stack = {number}, [number]
        while stack:
            for arg in self.operands(stack.pop()):
                if arg not in found:
                    found.add(arg)
                    stack.append(arg)
        return found

    def make_virtual(self, op: str, arg: int, **attrs: Any) -> int:
        """A node the graph does not hold, such as the inverse inside a determinant's derivative."""
        if op == self.nodes[arg].op == "inv":
            return self.nodes[arg].args[0]
        for number, node in enumerate(self.nodes):
            if node.op == op and node.args == (arg,):
                return number
        node = self.nodes[arg]
        self.nodes.append(Node(op, (arg,), node.shape, node.over, attrs))
        return len(self.nodes) - 1

    def vector(self, number: int) -> bool:
        """Has it one axis, which is no named index?"""
        return len(self.axes(number)) == 1 and not self.nodes[number].over

    def rest(self, arg: int, product: int) -> int:
        """The products of all entries of an array but one, along the axes of a `prod`: a virtual node."""
        for number, node in enumerate(self.nodes):
            if node.op == "rest" and node.args == (arg, product):
                return number
        node = self.nodes[arg]
        self.nodes.append(
            Node("rest", (arg, product), node.shape, node.over, self.nodes[product].attrs)
        )
        return len(self.nodes) - 1

    def multiplied(self, rest: int, at: Key) -> Key:
        """The indices of the product that an entry of `rest` is part of."""
        node = self.nodes[rest]
        positional, named = self.full(node, at)
        over = node.attrs.get("axis", ())
        kept = [
            ix
            for axis, ix in enumerate(positional)
            if axis not in over or node.attrs.get("keepdims")
        ]
        return self.flat(node.args[1], kept, named)

    def pairs(self, arg: int) -> int:
        """The products of all entries of a vector but two: a virtual node."""
        (size,) = self.axes(arg)
        for number, node in enumerate(self.nodes):
            if node.op == "pairs" and node.args == (arg,):
                return number
        self.nodes.append(Node("pairs", (arg,), (size, size)))
        return len(self.nodes) - 1

    def ties(self, number: int, arg: int) -> int:
        """How many entries reach the maximum (or minimum): a virtual node of the result's shape."""
        for other, node in enumerate(self.nodes):
            if node.op == "ties" and node.args == (arg, number):
                return other
        result = self.nodes[number]
        self.nodes.append(Node("ties", (arg, number), result.shape, result.over, result.attrs))
        return len(self.nodes) - 1
