"""Terms to matrix notation: terms are reduced to matrices one by one (contraction.py), common
factors pulled out of their sum, and the whole put in orientation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import islice
from itertools import product as product_of
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.calculus.notation.author_order import NO_TEXT, AuthorOrder, AuthorText
from gradcalc.calculus.notation.contraction import Contraction, Reduced, picked, undivided, weighed
from gradcalc.calculus.notation.matrix import (
    Matrix,
    NoMatrixForm,
    along,
    diagonal,
    elementary,
    hadamard,
    leaf,
    product,
    spread,
    transpose,
)
from gradcalc.calculus.notation.matrix_entries import MatrixEntries
from gradcalc.calculus.notation.matrix_expressions import row, write
from gradcalc.calculus.notation.products import written_length
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reading import NO_NAMES, Reading
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.sympy_functions import (
    Spell,
    decimals,
    numerals,
    product_ast,
    to_ast,
    unspelled,
)
from gradcalc.calculus.terms import Ix, Key, Term, minus
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, Name, Num, Vector
from gradcalc.language.shape_rules import ONE

SHORT = 12  # entries that are listed at most, where most of them are zeros
MOST = 16  # ways to write the terms of one sum that are compared
WORTH = 4  # operations saved, from which on a common weight is pulled out of a sum
ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))


Products: TypeAlias = (
    "Mapping[tuple[Matrix, ...], Matrix]"  # the factors of a product -> the name it has
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

    def derived(self, quantity: int, at: Key, visible: list[Ix]) -> tuple[Matrix, list[Ix]]:
        """An unnamed quantity over a visible named index: written from its definition."""
        terms = self.engine.definitions.definition(quantity, at)
        if not terms:
            raise NoMatrixForm
        if len(set(visible)) != len(visible):
            raise NoMatrixForm
        body = self.combine(
            [
                self.contraction.reduce(self.engine.algebra.normal(term), tuple(visible))
                for term in terms
            ]
        )
        expr, rank = write(body)
        return leaf(expr, body.rows, body.cols, rank), visible

    def combine(self, terms: list[Reduced]) -> Matrix:
        """The sum of reduced terms, common factors pulled out, as one matrix."""
        if not terms:
            raise NoMatrixForm
        terms = self.alike(terms)
        if self.contraction.jacobian:
            return self.total(terms)
        choices = [[None] if term.body is None else undivided(term.body) for term in terms]
        found = [
            self.total(
                [
                    Reduced(term.coef, list(term.scalars), body)
                    for term, body in zip(terms, bodies, strict=True)
                ]
            )
            for bodies in islice(product_of(*choices), MOST)
        ]
        return (
            found[0] if len(found) == 1 else min(found, key=lambda m: written_length(write(m)[0]))
        )

    def total(self, terms: list[Reduced]) -> Matrix:
        """The sum of reduced terms, common factors pulled out."""
        if len(terms) == 1:
            return self.single(terms[0])
        bodies = [term.body for term in terms if term.body is not None]
        loose = [body for body in bodies if along(body, bodies[0])]
        if len(loose) == len(terms):
            turn = transpose if loose[0].parts[0].rows == ONE else (lambda m: m)
            vectors = [
                Reduced(term.coef, term.scalars, turn(body.parts[0]))
                for term, body in zip(terms, loose, strict=True)
            ]
            return spread(turn(self.total(vectors)), loose[0].rows, loose[0].cols)
        if (listed := self.listed(terms)) is not None:
            return listed
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

    def listed(self, terms: list[Reduced]) -> Matrix | None:
        """Several unit vectors with numbers in front as the list of these: t e₀ + e₁ is [t, 1]."""
        found: dict[int, Expr] = {}
        for term in terms:
            place = None if term.body is None else picked(term.body)
            count = None if term.body is None else term.body.rows.number
            if not isinstance(place, Num) or count is None or count > SHORT:
                return None
            at = int(place.value)
            if at in found:
                return None
            found[at] = write(self.single(Reduced(term.coef, term.scalars)))[0]
        count = terms[0].body.rows.number if terms[0].body is not None else 0
        items = tuple(found.get(n, ZERO) for n in range(count or 0))
        return leaf(Vector(items), terms[0].body.rows, ONE, 1) if terms[0].body else None

    def common(self, coefs: list[sp.Expr]) -> tuple[sp.Expr, list[sp.Expr]]:
        """The factor all coefficients share (numbers and sizes), and what is left of each."""
        numbers = [c.as_coeff_Mul()[0] for c in coefs]
        shared = (
            sp.gcd_list([abs(n) for n in numbers])
            if all(n.is_Rational for n in numbers)
            else sp.S.One
        )
        if all(n < 0 for n in numbers):
            shared = -shared
        if (
            any(abs(n / shared) != 1 for n in numbers)
            and shared.q != 1
            and any(n.q == 1 for n in numbers)
        ):
            shared = sp.sign(shared)  # I + X + X²/2 keeps its half
        symbols = set.intersection(
            *({f for f in sp.Mul.make_args(c) if not f.is_number} for c in coefs)
        )
        factor = shared * sp.Mul(*symbols)
        return factor, [c / factor for c in coefs]

    def added(self, terms: list[Reduced]) -> Matrix:
        """The sum of terms, with the factors that all of them have at either end, or entry by
        entry, beside it.
        """
        chains = [
            []
            if term.body is None
            else list(term.body.parts)
            if term.body.kind == "product"
            else [term.body]
            for term in terms
        ]
        first: list[Matrix] = []
        last: list[Matrix] = []
        # What is weighted and put among zeros reads better as it is: w₁ concat(0, r) + w₂ concat(r,
        # 0).
        whole = {"eye", "shift"} if any(term.scalars for term in terms) else {"eye"}
        if all(m.kind not in whole for c in chains for m in c):
            while all(len(c) > 1 for c in chains) and all(c[-1] == chains[0][-1] for c in chains):
                last.insert(0, chains[0][-1])
                chains = [c[:-1] for c in chains]
            while all(len(c) > 1 for c in chains) and all(c[0] == chains[0][0] for c in chains):
                first.append(chains[0][0])
                chains = [c[1:] for c in chains]
        beside: list[Matrix] = []
        if all(chains):
            beside, rests = shared_entries([product(*c) for c in chains])
            if beside:
                inner = [
                    Reduced(term.coef, term.scalars, rest)
                    for term, rest in zip(terms, rests, strict=True)
                ]
                total = self.combine(inner)
                leads = [m for m in beside if m.kind in ("leaf", "product")]
                masks = [m for m in beside if m not in leads]
                total = hadamard(*leads, total, *masks)
                return product(*first, total, *last) if first or last else total
        bodies = [
            self.single(Reduced(sp.S.One, term.scalars, product(*c) if c else None))
            for term, c in zip(terms, chains, strict=True)
        ]
        # Positive terms lead, and of those the products: (A + Aᵀ) x + b.
        order = sorted(
            range(len(terms)), key=lambda n: (minus(terms[n].coef), bodies[n].kind != "product")
        )
        coefficients = tuple(
            to_ast(terms[n].coef, lambda s: Name(s.name), self.rank, self.spelled) for n in order
        )
        total = Matrix(
            "sum",
            bodies[0].rows,
            bodies[0].cols,
            tuple(bodies[n] for n in order),
            coefficients=coefficients,
        )
        return product(*first, total, *last) if first or last else total

    def single(self, term: Reduced) -> Matrix:
        """coefficient · scalars · body as one matrix."""
        number, symbolic = term.coef.as_coeff_Mul()
        written: dict[sp.Symbol, Expr] = {}
        for scalar in term.scalars:
            if isinstance(scalar, Matrix):
                stand_in = sp.Symbol(
                    f"~{term.scalars.index(scalar)}", real=True
                )  # the same twice is a square
                written[stand_in] = write(self.renamed(scalar))[0]
                symbolic *= stand_in
            else:
                symbolic *= scalar

        minus = (
            sp.Add(*(-arg for arg in symbolic.args)) if isinstance(symbolic, sp.Add) else symbolic
        )
        if len(minus.args) > 2 and self.spelled(minus) and not self.spelled(symbolic):
            number, symbolic = -number, minus  # −2 (w + x − y − z), as the author wrote it
        cost = self.engine.quantities.entries.lengths.cost
        if (
            isinstance(symbolic, sp.Add)
            and number.is_Integer
            and cost(number * symbolic) < cost(number) + 1 + cost(symbolic)
        ):
            number, symbolic = sp.S.One, number * symbolic  # 6x + 2, but 2 (x + y)
        if self.spelled(abs(number)):
            number, symbolic = decimals(number, symbolic)

        def entry(symbol: sp.Symbol) -> Expr:
            if symbol in written:
                return written[symbol]
            matrix, at = self.entries.leaf(symbol)
            if at:
                raise NoMatrixForm
            return write(matrix)[0]

        def rank(expr: sp.Expr, summand: bool = False, beside: sp.Expr = sp.S.One) -> Any:
            order = self.rank(expr, summand, beside)
            return (*self.rank.scalar(written[expr]), *order[-2:]) if expr in written else order

        coefficient = product_ast(symbolic, entry, rank, number, self.spelled)
        if term.body is None:
            return leaf(coefficient, ONE, ONE, 0)
        if coefficient == UNIT:
            return term.body
        return Matrix(
            "scaled", term.body.rows, term.body.cols, (term.body,), coefficients=(coefficient,)
        )

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
        if inner is None or inner.kind != "product":
            return {}
        return {inner.parts: outer, transpose(inner).parts: transpose(outer)}

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
            self.combine([self.contraction.reduce(term, visible) for term in terms])
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

    def literal(self, terms: Sequence[Term], free: Key) -> Matrix | None:
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
        items = {at: write(self.combine(place))[0] for at, place in places.items()}
        if len(free) == 1:
            return leaf(
                Vector(tuple(items.get((k,), ZERO) for k in range(counts[0] or 0))),
                free[0].size,
                ONE,
                1,
            )
        rows = (
            Vector(tuple(items.get((k, n), ZERO) for n in range(counts[1] or 0)))
            for k in range(counts[0] or 0)
        )
        return leaf(Vector(tuple(rows)), free[0].size, free[1].size)

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


def shared_entries(bodies: Sequence[Matrix]) -> tuple[list[Matrix], list[Matrix]]:
    """The factors that all matrices have entry by entry, and what is left of each; nothing where
    one would be left without a factor.
    """
    factors = [elementary(body) for body in bodies]
    shared: list[Matrix] = []
    for factor in list(factors[0]):
        if all(len(own) > 1 and factor in own for own in factors):
            shared.append(factor)
            for own in factors:
                own.remove(factor)
    return shared, [hadamard(*own) for own in factors] if shared else []


def oriented(m: Matrix, shape: Sequence[Any]) -> Expr:
    """The expression in the orientation of a declared shape: a row for [1, n], and for [1, 1,
    n].
    """
    if wants_row(shape) and m.cols == ONE and m.rows != ONE:
        return row(transpose(m))
    return write(m)[0]


def wants_row(shape: Sequence[Any]) -> bool:
    """Whether a shape is that of a row, 1 × n."""
    return len(shape) >= 2 and all(size == ONE for size in shape[:-1]) and shape[-1] != ONE
