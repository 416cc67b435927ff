"""Index-notation terms: what a derivative is made of inside.

A `Term` is  coefficient × Π groups × Π Kronecker deltas, summed over its `summed` indices:

    (1/m) Σ_i (ŷ_i − y_i) · W2_k · 1[z1_ki > 0] · x_qi   =  Term(1/m, {(i,): ŷ−y, (k,): W2, (k,i):
    mask, (q,i): x}, summed={i})

A group is one scalar SymPy expression of *entries*; its key is the set of indices the entries
carry. Factors on the same indices meet in one SymPy product, so p·(1/p) cancels by itself. A scalar
is a term whose only key is (). The method is that of Laue, Mitterreiter and Giesen, "Computing
Higher Order Derivatives of Matrix and Tensor Expressions" (NeurIPS 2018) and "A Simple and
Efficient Tensor Calculus" (AAAI 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus.lengths import Lengths
from gradcalc.language.shape_rules import Size

Key: TypeAlias = "tuple[Ix, ...]"


@dataclass(frozen=True, slots=True, order=True)
class Ix:
    """An index that runs over `size`. Two are the same index if they have the same number.

    `label` is the named index (an example index, say) it stands for, if any.
    """

    uid: int
    size: Size = field(compare=False)
    label: str | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return self.uid


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient (numbers and sizes) × groups × deltas, summed over `summed`; all other indices
    are free.
    """

    coef: sp.Expr
    groups: Mapping[Key, sp.Expr]
    deltas: frozenset[tuple[Ix, Ix]] = frozenset()
    summed: frozenset[Ix] = frozenset()

    @property
    def indices(self) -> set[Ix]:
        """All indices in it, summed or free."""
        found = {ix for key in self.groups for ix in key}
        return found | {ix for pair in self.deltas for ix in pair}


@dataclass(frozen=True, slots=True)
class RawTerm:
    """A term as a rule states it, its factors not yet sorted by their indices: coef × Σ_summed
    expr × deltas.
    """

    expr: sp.Expr
    summed: frozenset[Ix] = frozenset()
    coef: sp.Expr = sp.S.One
    deltas: frozenset[tuple[Ix, Ix]] = frozenset()


def one_name(quantity: Any) -> int:
    """The length of a quantity that stands under its name."""
    return 1


class Entries:
    """The one table of entry symbols of a derivation: symbol <-> (quantity, indices). `length`: of
    what is written for a quantity; `given`: whether it is an input.
    """

    def __init__(
        self,
        length: Callable[[Any], int] = one_name,
        given: Callable[[Any], bool] = lambda quantity: False,
    ) -> None:
        self.lengths = Lengths()
        self._length, self._given = length, given
        self._symbol: dict[tuple[Any, Key], sp.Symbol] = {}
        self._entry: dict[sp.Symbol, tuple[Any, Key]] = {}
        self._within: dict[sp.Expr, list[tuple[sp.Symbol, Any, Key]]] = {}
        self._count = 0

    def index(self, size: Size, label: str | None = None) -> Ix:
        """A new index."""
        self._count += 1
        return Ix(self._count, size, label)

    def like(self, ix: Ix) -> Ix:
        """A new index of the same kind."""
        return self.index(ix.size, ix.label)

    def symbol(self, quantity: Any, indices: Key) -> sp.Symbol:
        """The entry of a quantity at indices, as a real SymPy symbol; on the diagonal of an
        identity it is 1.
        """
        found = self._symbol.get((quantity, indices))
        if found is None:
            if getattr(quantity, "kind", "") == "eye" and indices[0] == indices[1]:
                return sp.S.One
            # The name only has to be unique and to sort stably: quantities in the order of the
            # graph.
            rank = f"{quantity:06d}" if isinstance(quantity, int) else str(quantity)
            name = "q" + rank + "".join(f".{ix.uid:05d}" for ix in indices)
            found = sp.Symbol(name, real=True)
            length = self._length(quantity)
            if length > 1:
                self.lengths.enter(found, length)
            if self._given(quantity):
                self.lengths.give(found)
            self._symbol[quantity, indices] = found
            self._entry[found] = (quantity, indices)
        return found

    def entry(self, symbol: sp.Symbol) -> tuple[Any, Key] | None:
        """(quantity, indices) of an entry symbol; None for a size."""
        return self._entry.get(symbol)

    def entries(self, expr: sp.Expr) -> list[tuple[sp.Symbol, Any, Key]]:
        """The entries in an expression, in a stable order."""
        found = self._within.get(expr)
        if (
            found is None
        ):  # kept for every part: SymPy walks the whole expression whenever it is asked for symbols
            if expr in self._entry:
                found = [(expr, *self._entry[expr])]
            else:
                inner = {item[0]: item for arg in expr.args for item in self.entries(arg)}
                found = sorted(inner.values(), key=lambda item: item[0].name)
            self._within[expr] = found
        return found

    def key(self, expr: sp.Expr) -> Key:
        """The indices of the entries in an expression, in order."""
        return tuple(sorted({ix for _, _, at in self.entries(expr) for ix in at}))

    def rename(self, expr: sp.Expr, table: Mapping[Ix, Ix], symmetric: Any) -> sp.Expr:
        """One simultaneous renaming of indices. `symmetric(quantity)` sorts the two indices of a
        symmetric one.
        """
        swaps = {}
        for symbol, quantity, indices in self.entries(expr):
            if any(ix in table for ix in indices):
                renamed = tuple(table.get(ix, ix) for ix in indices)
                swaps[symbol] = self.symbol(quantity, sort_symmetric(renamed, symmetric(quantity)))
        return expr.xreplace(swaps) if swaps else expr


def sort_symmetric(indices: Key, is_symmetric: bool) -> Key:
    """The indices of an entry; the first two of a symmetric matrix in order, so that S_ij and S_ji
    are one.
    """
    if is_symmetric and len(indices) >= 2 and indices[1] < indices[0]:
        return (indices[1], indices[0], *indices[2:])
    return indices


@dataclass(frozen=True, slots=True)
class Facts:
    """What an algebra of terms may use of the quantities in them.

    symmetric   (quantity): A_ji is A_ij
    known_sum   (expression, index): what it sums to over the index, or None
    centred     (expression, indices): does it sum to 0 over all of them?
    computed    (quantity): it is not given, and leads a difference
    made_by     (quantity): its operation
    """

    symmetric: Callable[[Any], bool] = lambda quantity: False
    known_sum: Callable[[sp.Expr, Ix], sp.Expr | None] = lambda expr, ix: None
    centred: Callable[[sp.Expr, Key], bool] = lambda expr, over: False
    computed: Callable[[Any], bool] = lambda quantity: True
    made_by: Callable[[Any], str] = lambda quantity: ""


def has_matrix_form(terms: Sequence[Term], own: Key, examples: Container[str | None]) -> bool:
    """Have terms at these indices a matrix form, per example? Each factor then has two indices at
    most, and no term speaks of two examples at once.
    """

    def visible(key: Key) -> int:
        return sum(ix.label not in examples for ix in key)

    for term in terms:
        labels = [ix.label for ix in term.summed if ix.label in examples]
        if len(set(labels)) != len(labels) or any(visible(key) > 2 for key in term.groups):
            return False
    return visible(own) <= 2


def minus(coef: sp.Expr) -> bool:
    """Does a coefficient bear a minus? SymPy finds one in 1/(n − 1) too."""
    return bool(coef.as_coeff_Mul()[0] < 0)


def kind(ix: Ix) -> tuple[str, str]:
    """Indices of one kind may stand for each other."""
    return str(ix.size), ix.label or ""


def size_expr(size: Size) -> sp.Expr:
    """A size as a SymPy expression of positive integer symbols."""
    total = sp.Integer(0)
    for monomial, coefficient in size.terms:
        total += coefficient * sp.Mul(
            *(sp.Symbol(name, positive=True, integer=True) for name in monomial)
        )
    return total
