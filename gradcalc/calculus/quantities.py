"""What the quantities of a graph are in index notation: their entries, and their formulas in the
entries of others.

A node is *fused* when it is elementwise and unnamed: it becomes part of one scalar SymPy
expression. All other nodes (inputs, named quantities, contractions, special functions) are
*bounded*: they have entries of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any

import sympy as sp

from gradcalc.calculus.bounds import NAMED, READABLE
from gradcalc.calculus.signs_met import operation
from gradcalc.calculus.simplify import assuming
from gradcalc.calculus.sympy_functions import constant, function
from gradcalc.calculus.terms import Entries, Ix, Key, Term, one_name, size_expr
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.to_expression import as_written
from gradcalc.language.errors import GradcalcError, Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import unparse, walk
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.ops import NODES

ZERO = Size.of(0)


UNDEFINED = frozenset((sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I))  # no real numbers


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A constant array that no one declared, as an index expression.

    unit (k): 1[k = at]           gather (k, *over): 1[k = value of node `node` there]
    shift (R, a): 1[R = a·step + offset], a slice or a piece of a concatenation of size `size`
    pair (R, a, c): 1[R = a·size + c], for kron and vec
    place (R, a, b, …): 1[R = Σ step·index + offset], for x[2*t + s]
    eye (a, b): 1[a = b]          iota (j): j itself
    """

    kind: str
    node: int = -1
    offset: Size = ZERO
    step: int = 1
    size: Size = ZERO
    steps: tuple[int, ...] = ()

    def __str__(self) -> str:
        steps = "".join(f".{step}" for step in self.steps)
        return f"{self.kind}{self.node}.{self.offset}.{self.step}.{self.size}{steps}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operations on whole arrays are in index notation, by name (derivative_rules.py).

    contractions  defined by terms      special  with a stated local derivative
    inlined       the contractions that are written out where they have no name
    """

    contractions: Mapping[str, Any]
    special: Mapping[str, Any]
    inlined: frozenset[str]


def items(nodes: Sequence[Node], node: Node) -> list[tuple[Any, Size]]:
    """What stands in the brackets of a selection, with the size of the axis it stands for."""
    shape = nodes[node.args[0]].shape
    found = list(node.attrs["items"])
    found += [("slice", Size.of(0), size, 1) for size in shape[len(found) :]]
    return list(zip(found, shape, strict=True))


def whole(item: Any, size: Size) -> bool:
    """Does an item take all of its axis?"""
    return bool(item[0] == "slice" and item[1].number == 0 and item[2] == size and item[3] == 1)


def entrywise(nodes: Sequence[Node], node: Node, rules: Rules) -> bool:
    """Is an entry one scalar expression in entries of the operands, each at the same indices or
    in another place?
    """
    if node.op == "getitem":
        return all(item[0] == "index" or whole(item, size) for item, size in items(nodes, node))
    kinds = ("constant", "elementwise", "comparison", "rearranging")
    return node.op not in rules.special and NODES[node.op].kind in kinds


def with_entries(graph: Graph, rules: Rules) -> set[int]:
    """The nodes that have entries of their own; all others are part of the formulas of these."""
    bounded: set[int] = set()
    fused: dict[int, int] = {}  # node -> how many operations its formula has
    for number, node in enumerate(graph.nodes):
        size = 1 + sum(fused.get(arg, 1) for arg in node.args if arg not in bounded)
        if (
            node.name is not None
            or not entrywise(graph.nodes, node, rules)
            or size > NAMED
            or (as_written(node) and {*node.over} <= {*graph.examples})
        ):
            bounded.add(number)
            size = 1
        fused[number] = size
        if node.op in rules.special:
            bounded.update(arg for arg in node.args if node.op != "getitem" or arg == node.args[0])
    return bounded


class Quantities:
    """The quantities of one graph. Node numbers beyond the graph's are virtual nodes (inverses,
    gradients).

    `careful`: no product is divided by an entry, which may be 0. `bounded`: the nodes with entries
    of their own. `at_hand`: every quantity has a name where it is written, as in code. `most`: sums
    of more terms stay as they are, and quantities with more users are not read backwards; trying
    each would take too long.
    """

    def __init__(
        self,
        graph: Graph,
        rules: Rules,
        careful: bool = False,
        bounded: Set[int] | None = None,
        at_hand: bool = False,
        most: int | None = None,
    ) -> None:
        self.graph, self.rules, self.careful, self.most = graph, rules, careful, most
        self.bounded = with_entries(graph, rules) if bounded is None else bounded
        self.nodes: list[Node] = list(graph.nodes)
        self.entries = Entries(one_name if at_hand else self.written_length, self.given)
        self.virtual: dict[int, tuple[Key, list[Term]]] = {}
        self.assume = {
            graph.names[name]: v.assume
            for name, v in graph.exercise.variables.items()
            if name in graph.names
        }
        for number, node in enumerate(graph.nodes):
            if node.op == "free":  # it is what stands in formulas
                self.assume[number] = self.assume[node.args[0]]
        self._numbers: dict[
            int, sp.Expr
        ] = {}  # the formulas of scalars, which have no indices to be written with
        self._operands: dict[int, list[int]] = {}
        self._made_from: dict[int, int] = {}
        self._lengths: list[int] = []

    def written_length(self, quantity: Any) -> int:
        """How long a quantity reads: 1 for a name, else its operations and names, up to a bound."""
        if not isinstance(quantity, int):
            return 1
        while len(self._lengths) <= quantity:  # operands come first
            node = self.nodes[len(self._lengths)]
            own = 0 if node.op in ("const", "size", "index", "copy") else max(len(node.args) - 1, 1)
            length = own + sum(self._lengths[arg] for arg in node.args if arg < len(self._lengths))
            length = 3 if as_written(node) else max(min(length, READABLE), 1)
            self._lengths.append(1 if node.name is not None else length)
        return self._lengths[quantity]

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

    def entrywise(self, node: Node) -> bool:
        """Is an entry one scalar expression in entries of the operands?"""
        return entrywise(self.nodes, node, self.rules)

    def items(self, node: Node) -> list[tuple[Any, Size]]:
        """What stands in the brackets of a selection, with the size of the axis it stands for."""
        return items(self.nodes, node)

    def positive(self, expr: sp.Expr) -> set[sp.Symbol]:
        """The entries in an expression that are assumed to be positive; of a positive matrix
        they need not be.
        """
        numbers = [(symbol, n) for symbol, n, _ in self.entries.entries(expr) if n in self.assume]
        return {
            s for s, n in numbers if "positive" in self.assume[n] and len(self.nodes[n].shape) < 2
        }

    def positive_results(self, expr: sp.Expr) -> set[sp.Symbol]:
        """The entries in an expression that are positive by the operation they come from."""
        return {s for s, n, _ in self.entries.entries(expr) if self.results_positive(n)}

    def results_positive(self, quantity: Any) -> bool:
        """Is a quantity the result of an operation whose results are positive?"""
        return bool(op := self.made_by(quantity)) and NODES[op].positive

    def binary(self, expr: sp.Expr) -> set[sp.Symbol]:
        """The entries in an expression that are assumed to be 0 or 1."""
        labels = ("binary", "onehot")
        return {
            symbol
            for symbol, number, _ in self.entries.entries(expr)
            if any(word in self.assume.get(number, frozenset()) for word in labels)
        }

    def computed(self, quantity: Any) -> bool:
        """Does it lead a difference, as ŷ − y? A mean does not (x − μ), nor does what is only
        spread out (x − 1 μᵀ).
        """
        if not isinstance(quantity, int):
            return False
        node = self.nodes[quantity]
        spread = node.op == "matmul" and any(self.nodes[arg].op == "ones" for arg in node.args)
        return node.op not in ("input", "mean") and not spread

    def given(self, quantity: Any) -> bool:
        """Is it an input?"""
        return self.made_by(quantity) == "input"

    def made_by(self, quantity: Any) -> str:
        """The operation of a quantity; "" for what is no node."""
        return self.nodes[quantity].op if isinstance(quantity, int) else ""

    @staticmethod
    def position(node: Node, axis: int) -> int:
        """The place of a positional axis in the index list of a node."""
        return sum(1 for size in node.shape[:axis] if size != ONE)

    def entry(self, number: int, indices: Key) -> sp.Symbol:
        """The entry of a node at indices."""
        return self.entries.symbol(number, indices)

    def pseudo(self, kind: str, indices: Key, **facts: Any) -> sp.Symbol:
        """An entry of a constant array that no one declared."""
        return self.entries.symbol(Pseudo(kind, **facts), indices)

    def full(self, node: Node, indices: Key) -> tuple[list[Ix | None], dict[str, Ix]]:
        """An index list spread over the positional axes (None at size 1) and the named indices."""
        given = iter(indices)
        return [None if size == ONE else next(given) for size in node.shape], {
            name: next(given) for name in node.over
        }

    def flat(self, number: int, positional: Sequence[Ix | None], named: Mapping[str, Ix]) -> Key:
        """The index list of a node under broadcasting: trailing axes align, size-1 axes carry no
        index.
        """
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
        if result.has(sp.Abs):  # SymPy's own, of (r^2)^(3/2)
            result = assuming(result, self.positive(result) | self.positive_results(result))
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
        """1[j = y] for an index and a place, an integer input or another index; None for
        anything else.
        """
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

    def elementwise(self, number: int) -> bool:
        """Is a node of the graph given by a formula in the entries of others?"""
        op = self.nodes[number].op
        return op != "input" and op not in self.rules.special and op not in self.rules.contractions

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

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """Named elementwise quantities by the nodes they are made from."""
        users: dict[int, list[int]] = {}
        for number in sorted(self.bounded):
            if self.nodes[number].name is not None and self.elementwise(number):
                for arg in self.operands(number):
                    users.setdefault(arg, []).append(number)
        most = len(self.nodes) if self.most is None else self.most
        return {arg: tuple(found) for arg, found in users.items() if len(found) <= most}

    def opened(self, expr: sp.Expr, keep: int = -1) -> sp.Expr:
        """Named elementwise quantities replaced by their formulas, one level."""
        table = {}
        for symbol, quantity, at in self.entries.entries(expr):
            formula = None if quantity == keep else self.made_as(quantity, at)
            if formula is not None:
                table[symbol] = formula
        return expr.xreplace(table)

    def made_as(self, quantity: Any, at: Key) -> sp.Expr | None:
        """The formula of an entry of an elementwise quantity of the graph; None of any other."""
        if not isinstance(quantity, int) or quantity >= len(self.graph.nodes):
            return None
        if not self.elementwise(quantity):
            return None
        return self.formula(quantity, *self.full(self.nodes[quantity], at))

    def ancestors(self, number: int) -> set[int]:
        """The bounded nodes that a node is made from, itself included."""
        found, stack = {number}, [number]
        while stack:
            for arg in self.operands(stack.pop()):
                if arg not in found:
                    found.add(arg)
                    stack.append(arg)
        return found

    def turn(self, number: int) -> float:
        """When a node is reached from the output backwards, the last of what uses it before it: an
        input just behind what uses it first.
        """
        first = self._first_uses.get(number)
        return number if first is None else first - 0.5

    @cached_property
    def _first_uses(self) -> Mapping[int, int]:
        """Nodes of the graph that are made from nothing, with the first that uses each."""
        found: dict[int, int] = {}
        for number in sorted(self.bounded):
            for arg in self.operands(number):
                if not self.operands(arg):
                    found.setdefault(arg, number)
        return found

    def made_from(self, number: int) -> int:
        """The same as the bits of a number."""
        found, stack = self._made_from, [number]
        while stack:
            if stack[-1] in found:
                stack.pop()
                continue
            operands = self.operands(stack[-1])
            if missing := [arg for arg in operands if arg not in found]:
                stack += missing
                continue
            bits = 1 << (number := stack.pop())
            for arg in operands:
                bits |= found[arg]
            found[number] = bits
        return found[number]

    def added(self, node: Node) -> int:
        """The number of one more node, which the graph does not hold."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def defined(self, node: Node, own: Key, terms: list[Term]) -> int:
        """The number of one more node, given by terms at the indices `own`."""
        number = self.added(node)
        self.virtual[number] = (own, terms)
        return number

    def make_virtual(self, op: str, arg: int, **attrs: Any) -> int:
        """A node the graph does not hold, such as the inverse inside a determinant's derivative."""
        if op == self.nodes[arg].op == "inv":
            return self.nodes[arg].args[0]
        for number, node in enumerate(self.nodes):
            if node.op == op and node.args == (arg,):
                return number
        node = self.nodes[arg]
        return self.added(Node(op, (arg,), node.shape, node.over, attrs))

    def vector(self, number: int) -> bool:
        """Has it one axis, which is no named index?"""
        return len(self.axes(number)) == 1 and not self.nodes[number].over

    def rest(self, arg: int, product: int) -> int:
        """The products of all entries of an array but one, along the axes of a `prod`: a virtual
        node.
        """
        for number, node in enumerate(self.nodes):
            if node.op == "rest" and node.args == (arg, product):
                return number
        node = self.nodes[arg]
        attrs = self.nodes[product].attrs
        return self.added(Node("rest", (arg, product), node.shape, node.over, attrs))

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
        return self.added(Node("pairs", (arg,), (size, size)))

    def triangle(self, shape: tuple[Size, ...], upper: bool, k: int) -> int:
        """1 above (or below) a diagonal, and 0 elsewhere: a virtual node."""
        attrs = {"upper": upper, "k": k}
        for number, node in enumerate(self.nodes):
            if node.op == "triangle" and node.shape == shape and node.attrs == attrs:
                return number
        return self.added(Node("triangle", (), shape, (), attrs))

    def ties(self, number: int, arg: int) -> int:
        """How many entries reach the maximum (or minimum): a virtual node of the result's shape."""
        for other, node in enumerate(self.nodes):
            if node.op == "ties" and node.args == (arg, number):
                return other
        result = self.nodes[number]
        return self.added(Node("ties", (arg, number), result.shape, result.over, result.attrs))
