"""Terms to matrix notation: terms are reduced to matrices one by one (contraction.py), common
factors pulled out of their sum, and the whole put in orientation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus.notation.author_order import NO_TEXT, AuthorOrder, AuthorText
from gradcalc.calculus.notation.contraction import Contraction, Reduced
from gradcalc.calculus.notation.matrix import (
    NoMatrixForm,
    chain,
    diagonal,
    factors,
    hadamard,
    is_product,
    mapped,
    product,
    spread,
    transpose,
)
from gradcalc.calculus.notation.matrix_entries import MatrixEntries
from gradcalc.calculus.notation.matrix_expressions import column, row, write
from gradcalc.calculus.notation.matrix_sums import SHORT, MatrixSums
from gradcalc.calculus.notation.spreading import weighed
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reading import NO_NAMES, Reading
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.sympy_functions import (
    Spell,
    numerals,
    unspelled,
)
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, Num, Vector
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import Sized

WORTH = 4  # operations saved, from which on a common weight is pulled out of a sum
ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))


Products: TypeAlias = (
    "Mapping[tuple[Sized, ...], Sized]"  # the factors of a product -> the name it has
)


class Writer:
    """Writes sums of terms as matrices. `hidden` example indices stand inside the names (see
    matrix_entries.py); `reading` says which products are read by their names, `spelled` how the
    author wrote a sum or a number, `factored` holds the factors of named products, as far as they
    were asked for, `jacobian` whether an array is differentiated (see contraction.py), `text` the
    order of the author's lines.
    """

    def __init__(
        self,
        engine: Engine,
        hidden: Mapping[Ix, str] | None = None,
        reading: Reading = NO_NAMES,
        spelled: Spell = unspelled,
        factored: dict[int, Products] | None = None,
        jacobian: bool = True,
        text: AuthorText = NO_TEXT,
    ) -> None:
        self.engine, self.hidden, self.reading, self.spelled = (
            engine,
            hidden or {},
            reading,
            spelled,
        )
        self.factored = {} if factored is None else factored
        self.rank = AuthorOrder(engine, reading, text)
        self.entries = MatrixEntries(
            engine, self.hidden, self.derived, numerals(spelled), self.rank
        )
        self.contraction = Contraction(self.entries, self.renamed, jacobian)
        self.sums = MatrixSums(self.entries, self.rank, spelled, self.renamed, jacobian)

    def derived(self, quantity: int, at: Key, visible: list[Ix]) -> tuple[Sized, list[Ix]]:
        """An unnamed quantity over a visible named index: written from its definition."""
        terms = self.engine.definitions.definition(quantity, at)
        if not terms:
            raise NoMatrixForm
        if len(set(visible)) != len(visible):
            raise NoMatrixForm
        body = self.sums.combine(
            [
                self.contraction.reduce(self.engine.algebra.normal(term), tuple(visible))
                for term in terms
            ]
        )
        expr, rank = write(body)
        return Sized(expr, body.rows, body.cols, rank), visible

    @cached_property
    def products(self) -> Products:
        """Factors of a product that has a name: A V is O."""
        numbers = [n for n in self.engine.names.products if n in self.reading.names]
        if any(number not in self.factored for number in numbers):
            bare = Writer(
                self.engine, self.hidden, spelled=self.spelled, text=self.rank.text
            )  # without their names
            self.factored.update({n: bare.factors(n) for n in numbers if n not in self.factored})
        return {parts: name for number in numbers for parts, name in self.factored[number].items()}

    def factors(self, number: int) -> Products:
        """The factors of one named product and of its transpose; {} where it has none."""
        try:
            own = self.engine.quantities.fresh(number)
            term = self.engine.names.inline(
                self.engine.algebra.normal(self.engine.definitions.definition(number, own)[0])
            )
            inner = self.contraction.reduce(term, own).body
            outer, _ = self.entries.leaf(self.engine.quantities.entry(number, own))
        except (NoMatrixForm, AssertionError):
            return {}
        if inner is None or not is_product(inner):
            return {}
        turned = transpose(inner)
        return {tuple(factors(inner)): outer, tuple(factors(turned)): transpose(outer)}

    def renamed(self, m: Sized) -> Sized:
        """The tree with named products read by their names."""
        if not self.products:
            return m
        if not is_product(m):
            return mapped(m, self.renamed)
        parts = tuple(map(self.renamed, factors(m)))
        for named, name in self.products.items():
            for at in range(len(parts) - len(named) + 1):
                if parts[at : at + len(named)] == named:
                    return product(*parts[:at], name, *parts[at + len(named) :])
        return chain(parts)

    def matrix(self, terms: Sequence[Term], free: Key) -> Sized:
        """The sum of terms over visible free indices as a matrix; NoMatrixForm where there is
        none.
        """
        visible = tuple(self.entries.shown(free))
        if not terms:
            raise NoMatrixForm
        literal = self.literal(terms, visible)
        if literal is not None:
            return literal
        terms, weights = self.weights(terms, visible)
        whole = self.renamed(
            self.sums.combine([self.contraction.reduce(term, visible) for term in terms])
        )
        for axis, weight in weights:
            vector = self.entries.elementwise(weight, visible[axis : axis + 1])
            if self.contraction.jacobian:
                ends = [[diagonal(vector)], []] if axis == 0 else [[], [diagonal(vector)]]
                whole = product(*ends[0], whole, *ends[1])
            elif axis == 0:
                whole = weighed(vector, whole)
            else:
                whole = hadamard(whole, spread(transpose(vector), whole.rows, whole.cols))
        return whole

    def weights(
        self, terms: Sequence[Term], free: Key
    ) -> tuple[Sequence[Term], list[tuple[int, sp.Expr]]]:
        """Long factors that all terms have along a row or column index, to stand once beside
        their sum: (…) diag(γ/σ).
        """
        found: list[tuple[int, sp.Expr]] = []
        cost = self.engine.quantities.entries.lengths.cost
        if (
            len(terms) < 2
            or len(free) != 2
            or any(set(pair) & set(free) for term in terms for pair in term.deltas)
        ):
            return terms, found
        for axis, ix in enumerate(free):
            own = [
                sp.Mul(*(e for key, e in term.groups.items() if self.entries.shown(key) == [ix]))
                for term in terms
            ]
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
                groups = {
                    key: e for key, e in term.groups.items() if self.entries.shown(key) != [ix]
                }
                keys = [key for key in term.groups if self.entries.shown(key) == [ix]]
                if expr != shared:
                    groups[max(keys, key=len)] = expr / shared
                rest.append(replace(term, groups=groups))
            terms = rest
        return terms, found

    def literal(self, terms: Sequence[Term], free: Key) -> Sized | None:
        """An array given entry by entry, [w[0]·δ, w[1]·δ, 1], where every term sits at a fixed
        place.
        """
        counts = [ix.size.number for ix in free]
        if not 1 <= len(free) <= 2 or any(count is None or count > SHORT for count in counts):
            return None
        places: dict[tuple[int, ...], list[Reduced]] = {}
        for term in terms:
            pieces: list[tuple[tuple[int, ...], sp.Expr]] = [((), term.coef)]
            for ix in free:
                positions = self.positions(term.groups.get((ix,), sp.S.One))
                if positions is None:
                    return None
                pieces = [
                    ((*at, position), coef * number)
                    for at, coef in pieces
                    for position, number in positions
                ]
            rest = {
                key: expr for key, expr in term.groups.items() if key not in [(ix,) for ix in free]
            }
            for at, coef in pieces:
                bare = Term(coef, rest, term.deltas, term.summed)
                if set(free) & bare.indices:
                    return None
                places.setdefault(at, []).append(self.contraction.reduce(bare, ()))
        items = {at: write(self.sums.combine(place))[0] for at, place in places.items()}
        if len(free) == 1:
            return Sized(
                Vector(tuple(items.get((k,), ZERO) for k in range(counts[0] or 0))),
                free[0].size,
                ONE,
                1,
            )
        rows = (
            Vector(tuple(items.get((k, n), ZERO) for n in range(counts[1] or 0)))
            for k in range(counts[0] or 0)
        )
        return Sized(Vector(tuple(rows)), free[0].size, free[1].size)

    def positions(self, expr: sp.Expr) -> list[tuple[int, sp.Expr]] | None:
        """2·1[k = 0] + 1[k = 2] as [(0, 2), (2, 1)]; None for anything else."""
        found = []
        for piece in sp.Add.make_args(expr):
            number, symbol = piece.as_coeff_Mul()
            quantity, _ = (
                self.engine.quantities.entries.entry(symbol) if symbol.is_Symbol else None
            ) or (
                None,
                (),
            )
            if (
                not isinstance(quantity, Pseudo)
                or quantity.kind != "unit"
                or quantity.offset.number is None
            ):
                return None
            found.append((quantity.offset.number, number))
        return found


def oriented(m: Sized, shape: Sequence[Any]) -> Expr:
    """The expression in the orientation of a declared shape: a row for [1, n], and for [1, 1,
    n].
    """
    if wants_row(shape):
        return row(upright_row(m))
    if len(shape) == 2 and shape[1] == ONE and m.cols == ONE and m.rows != ONE:
        return column(m) or write(m)[0]
    return write(m)[0]


def upright_row(m: Sized) -> Sized:
    """A column turned into a row; anything else as it is."""
    return transpose(m) if m.cols == ONE and m.rows != ONE else m


def wants_row(shape: Sequence[Any]) -> bool:
    """Whether a shape is that of a row, 1 × n."""
    return len(shape) >= 2 and all(size == ONE for size in shape[:-1]) and shape[-1] != ONE
