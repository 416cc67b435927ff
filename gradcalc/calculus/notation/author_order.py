"""The order of factors and summands: as the chain rule and the author's lines bring them.

A factor stands at the line that it comes from: the line nearest to the numerator leads, as in
∂E/∂y · ∂y/∂v · ∂v/∂t, and within a line the factors follow the author's text. Summands follow the
author's sums; two summands of one product rule follow the factor that was differentiated: u′ v
before u v′.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus import bounded
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.graph.model import Graph, Node
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tree import Expr, Index, Name, walk

Path: TypeAlias = "tuple[int, ...]"

SUMS = ("add", "sub")
PRODUCTS = ("mul", "matmul", "outer")
FIRST: Path = (-(10**9),)  # before all that a line has


class _Tie:
    """SymPy's own order of expressions, which is slow and seldom needed."""

    def __init__(self, expr: sp.Expr) -> None:
        self.expr = expr

    def __lt__(self, other: _Tie) -> bool:
        return bool(self.expr.sort_key() < other.expr.sort_key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tie) and self.expr == other.expr


@dataclass(frozen=True, slots=True)
class Use:
    """One place of a quantity: minus its line, the summand, the position in the line's text, the
    path through sums (up) and products (down), and the power that it is in.
    """

    line: int
    group: Path
    position: int
    path: Path
    power: Fraction = Fraction(1)


class AuthorText:
    """Where each quantity of a graph stands in the lines that use it."""

    def __init__(self, graph: Graph | None = None) -> None:
        self._nodes = graph.nodes if graph is not None else []

    @cached_property
    def uses(self) -> Mapping[int, Mapping[int, Sequence[Use]]]:
        """A quantity -> its uses by minus their line, those nearest to the end first."""
        found: dict[int, dict[int, list[Use]]] = {}
        for line in range(len(self._nodes) - 1, -1, -1):
            last = line == len(self._nodes) - 1
            if self._nodes[line].args and (last or self._nodes[line].name is not None):
                for position, (number, group, path, power) in enumerate(self.walk(line)):
                    uses = found.setdefault(number, {}).setdefault(-line, [])
                    uses.append(Use(-line, group, position, path, power))
        return found

    def walk(self, line: int) -> Iterable[tuple[int, Path, Path, Fraction]]:
        """The operands of a line, in the order of its text, each with the summand it is in, its
        path and its power.
        """
        stack: list[tuple[int, Path, Path, Fraction]] = [(line, (), (), Fraction(1))]
        while stack:
            number, group, path, power = stack.pop()
            node = self._nodes[number]
            if number != line:
                yield number, group, path, power
            if number == line or node.name is None:
                sign = -1 if node.op in PRODUCTS else 1
                power = self.exponent(node) if node.op == "pow" else Fraction(1)
                for at, arg in reversed(list(enumerate(self.operands(node)))):
                    below = (*path, sign * at)
                    stack.append((arg, below if node.op in SUMS else group, below, power))

    def exponent(self, node: Node) -> Fraction:
        """The exponent of a power; where it is no number, anything may be."""
        value = self._nodes[node.args[1]].attrs.get("value")
        return value if isinstance(value, Fraction) else Fraction(1000)

    def operands(self, node: Node) -> list[int]:
        """The operands of a node; those of a sum of sums, or a product of products, in one list."""
        alike = next((ops for ops in (SUMS, PRODUCTS) if node.op in ops), ())
        found: list[int] = []
        stack = list(reversed(node.args))
        while stack:
            number = stack.pop()
            inner = self._nodes[number]
            if inner.op in alike and inner.name is None:
                stack += reversed(inner.args)
            else:
                found.append(number)
        return found


NO_TEXT = AuthorText()


def simple(factor: sp.Expr) -> bool:
    """Is it a number, a name, or a power of one?"""
    base, exponent = factor.args if isinstance(factor, sp.Pow) else (factor, sp.S.One)
    return bool((base.is_Symbol and exponent.is_number) or factor.is_number)


class AuthorOrder:
    """Ranks factors and summands of the formulas of one engine. `reading`: the quantities that
    the numerator is made from; the lines of others have no say.
    """

    def __init__(self, engine: Engine, reading: Reading, text: AuthorText) -> None:
        self.engine, self.text = engine, text
        self.of = reading.names
        self.numerator = self.of.largest
        self._uses: dict[Any, Mapping[int, Sequence[Use]]] = {}
        self._within: dict[sp.Expr, Mapping[Any, Use]] = {}

    def __call__(
        self, expr: sp.Expr, summand: bool = False, beside: sp.Expr = sp.S.One
    ) -> tuple[Any, ...]:
        """The rank of a factor, or of a summand; `beside`: the product that a factor is in. The
        first part tells the line: numbers, upstream gradients, then from the numerator on.
        """
        own = [quantity for _, quantity, _ in self.engine.quantities.entries.entries(expr)]
        uses = self.within(expr if beside == 1 else beside)
        found = [uses[quantity] for quantity in own]
        ends = self.engine.quantities.entries.lengths.cost(expr), _Tie(expr)
        if summand:
            paths = sorted((use.line, use.path) for use in self.summand(expr).values())
            # Summands in one quantity go down in degree, fractions last: 6x² − 6x + 1/(2√x).
            degree = bounded.total_degree(expr) if len(found) == 1 else 0
            return (bool(found),), paths, 1 if degree is None else -degree, *ends
        upstream = any(self.upstream(quantity) for quantity in own)
        line = self.line(expr, own, uses, beside)
        positions = sorted((use.line, use.position) for use in found)
        bare = (
            isinstance(expr.as_base_exp()[0], sp.Add) and not found
        )  # n − 1 stands behind all names
        chain = (bool(found) or bare, not upstream, 2 if bare else line)
        return chain, not simple(expr), positions, *ends

    def within(self, product: sp.Expr) -> Mapping[Any, Use]:
        """Where the quantities of a product are used, the same for each of its factors."""
        if product not in self._within:
            whole = [q for _, q, _ in self.engine.quantities.entries.entries(product)]
            self._within[product] = self.places(whole, opened=self.opened(product))
        return self._within[product]

    def upstream(self, quantity: Any) -> bool:
        """Is it a gradient, given or named? Then it leads a product: G ∘ (1 − a²)."""
        if not isinstance(quantity, int) or quantity < len(self.engine.graph.nodes):
            return False
        op = self.engine.quantities.nodes[quantity].op
        return quantity in self.engine.named or op in ("input", "gradient")

    def scalar(self, form: Expr) -> tuple[Any, ...]:
        """The rank of a factor that is written in arrays: r[0] is as good as a name, x · y stands
        behind all names.
        """
        graph = self.engine.graph
        names = [name.id for name in walk(form) if isinstance(name, Name)]
        own = [
            graph.names[graph.stacks.get(n, n)]
            for n in names
            if graph.stacks.get(n, n) in graph.names
        ]
        uses = self.places(own)
        entry = isinstance(form, Index)
        line = min((use.line for use in uses.values()), default=2) if entry else 2
        return (True, True, line), not entry, sorted((u.line, u.position) for u in uses.values())

    def line(
        self, expr: sp.Expr, own: Sequence[Any], uses: Mapping[Any, Use], beside: sp.Expr
    ) -> float:
        """The line that a factor comes from: the one that uses most of its quantities. 1 − a²
        opens the line of a = tanh(z); the numerator's own closes a product of names, x (1 − a²).
        """
        names = all(simple(f) or f == expr for f in sp.Mul.make_args(beside))
        made = self.opens(expr)
        if names and self.numerator in (made, *own):
            return 1
        if made is not None:
            return -made - 0.5
        if len(own) < 2:
            return uses[own[0]].line if own else 0
        lines = [self.uses(quantity) for quantity in own]
        candidates = {*min(lines, key=len), *(next(iter(found)) for found in lines)}
        return min(candidates, key=lambda line: (-sum(line in found for found in lines), line))

    def opens(self, factor: sp.Expr) -> int | None:
        """The quantity a whose line 1 − a² opens; None for any other factor."""
        own = self.engine.quantities.entries.entries(factor)
        if not isinstance(factor, sp.Add) or len(own) != 1 or not isinstance(own[0][1], int):
            return None
        node = self.engine.quantities.nodes[own[0][1]]
        return own[0][1] if node.name is not None and node.args else None

    def opened(self, product: sp.Expr) -> set[int]:
        """The lines that a product has a 1 − a² of."""
        found = (self.opens(factor) for factor in sp.Mul.make_args(product))
        return {-made for made in found if made is not None}

    def summand(self, expr: sp.Expr) -> Mapping[Any, Use]:
        """Where the quantities of a summand are used: in one of the author's that has them in
        this power at least, for a derivative does not raise it.
        """
        powers: dict[Any, sp.Expr] = {}
        for base, exponent in expr.as_powers_dict().items():
            for _, quantity, _ in self.engine.quantities.entries.entries(base):
                powers[quantity] = exponent if base.is_Symbol else sp.S.One
        return self.places(list(powers), powers)

    def places(
        self,
        quantities: Sequence[Any],
        powers: Mapping[Any, sp.Expr] | None = None,
        opened: Set[int] = frozenset(),
    ) -> Mapping[Any, Use]:
        """Where each of the quantities is used, in an opened line or else nearest to the
        numerator, and of the summands there in the one that holds most of them, in these powers.
        """
        nearest = {q: self.nearest(q, opened) for q in quantities}
        for quantity, power in (powers or {}).items():
            high = [use for use in nearest[quantity] if not power.is_Rational or use.power >= power]
            nearest[quantity] = high or nearest[quantity]
        held = Counter((u.line, u.group) for found in nearest.values() for u in {*found})
        return {
            quantity: max(found, key=lambda use: held[use.line, use.group])
            for quantity, found in nearest.items()
        }

    def nearest(self, quantity: Any, opened: Set[int]) -> Sequence[Use]:
        """The uses of a quantity in one line: an opened one, or the nearest to the numerator."""
        uses = self.uses(quantity)
        at = max((line for line in opened if line in uses), default=None)
        return uses[next(iter(uses)) if at is None else at]

    def uses(self, quantity: Any) -> Mapping[int, Sequence[Use]]:
        """The uses of a quantity by their line, the nearest to the numerator first; the numerator
        itself opens its line.
        """
        if quantity not in self._uses:
            number = quantity.node if isinstance(quantity, Pseudo) else quantity
            all_ = self.text.uses.get(number, {})
            found = {line: all_[line] for line in all_ if not self.of or -line in self.of}
            rank = number if isinstance(number, int) else 0
            own = rank == self.numerator
            alone = Use(-rank, (), -1, FIRST) if own else Use(1, (), -1, (rank,))
            self._uses[quantity] = found or {alone.line: [alone]}
        return self._uses[quantity]
