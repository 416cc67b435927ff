"""Reduced terms added up: common factors are pulled out at either end, entry by entry, or as
numbers, and the sum is written the shortest way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import islice
from itertools import product as product_of
from typing import Any

import sympy as sp

from gradcalc.calculus.notation.author_order import AuthorOrder
from gradcalc.calculus.notation.chosen_entries import picked
from gradcalc.calculus.notation.contraction import Reduced
from gradcalc.calculus.notation.matrix import (
    NoMatrixForm,
    added,
    along,
    diagonal,
    elementary,
    factors,
    hadamard,
    is_eye,
    is_ones,
    is_product,
    multiple_of,
    multiplied,
    operands,
    product,
    spread,
    spread_of,
    transpose,
)
from gradcalc.calculus.notation.matrix_entries import MatrixEntries
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.products import written_length
from gradcalc.calculus.notation.selectors import selects
from gradcalc.calculus.notation.spreading import drawn_out, undivided
from gradcalc.calculus.sympy_functions import (
    Spell,
    decimals,
    product_ast,
    to_ast,
)
from gradcalc.calculus.terms import minus
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, Neg, Num, Vector
from gradcalc.language.shape_rules import ONE
from gradcalc.language.tree import Sized

SHORT = 12  # entries that are listed at most, where most of them are zeros
READS_LONG = 8  # names and signs; for less a sum of products is not rewritten with diagonals
MOST = 16  # ways to write the terms of one sum that are compared
ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))


class MatrixSums:
    """Adds up reduced terms. `rank` orders factors and summands, `spelled` knows how the author
    wrote a sum or a number, `renamed` reads named products by their names; `jacobian` as in
    contraction.py.
    """

    def __init__(
        self,
        entries: MatrixEntries,
        rank: AuthorOrder,
        spelled: Spell,
        renamed: Callable[[Sized], Sized],
        jacobian: bool,
    ) -> None:
        self.entries, self.rank, self.spelled = entries, rank, spelled
        self.renamed, self.jacobian = renamed, jacobian

    def combine(self, terms: list[Reduced]) -> Sized:
        """The sum of reduced terms, common factors pulled out, as one matrix."""
        if not terms:
            raise NoMatrixForm
        terms = self.alike(terms)
        if self.jacobian:
            return self.total(terms)
        choices = [
            [None]
            if term.body is None
            else [one for way in undivided(term.body) for one in drawn_out(way)]
            for term in terms
        ]
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

    def total(self, terms: list[Reduced]) -> Sized:
        """The sum of reduced terms, common factors pulled out."""
        if len(terms) == 1:
            return self.single(terms[0])
        bodies = [term.body for term in terms if term.body is not None]
        loose = [body for body in bodies if along(body, bodies[0])]
        vectors = [vector for body in loose if (vector := spread_of(body)) is not None]
        if len(vectors) == len(terms):
            turn = transpose if vectors[0].rows == ONE else (lambda m: m)
            upright = [
                Reduced(term.coef, term.scalars, turn(vector))
                for term, vector in zip(terms, vectors, strict=True)
            ]
            return spread(turn(self.total(upright)), bodies[0].rows, bodies[0].cols)
        if (listed := self.listed(terms)) is not None:
            return listed
        others = [m for m in (self.partly_shared(terms), self.vector_shared(terms)) if m]
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
        if number != 1 or shared:
            inner = self.single(Reduced(number, list(shared), inner))
        return min([inner, *others], key=lambda m: written_length(write(m)[0]))

    def partly_shared(self, terms: list[Reduced]) -> Sized | None:
        """The sum with a number that some of its terms share in front of these: u + μ (v + w);
        None where none is shared by some alone.
        """
        for scalar in dict.fromkeys(s for term in terms for s in term.scalars):
            having = [term for term in terms if scalar in term.scalars]
            if isinstance(scalar, Sized) or len(having) < 2 or len(having) == len(terms):
                continue
            others = [term for term in terms if scalar not in term.scalars]
            inner = self.total([replace(term, scalars=list(term.scalars)) for term in having])
            sign = sp.S.One
            multiple = multiple_of(inner)
            if multiple is not None and isinstance(multiple[0], Neg):
                sign = sp.S.NegativeOne
                inner = multiplied(multiple[0].arg, multiple[1])
            whole = [replace(term, scalars=list(term.scalars)) for term in others]
            return self.total([*whole, Reduced(sign, [], inner)])
        return None

    def vector_shared(self, terms: list[Reduced]) -> Sized | None:
        """The sum with a vector that all products end with entry by entry: Aᵀ (u ∘ w) + Bᵀ (v ∘ w)
        is (Aᵀ diag(u) + Bᵀ diag(v)) w; None where there is none.
        """
        chains = [factors(term.body) if term.body is not None else [] for term in terms]
        if not all(len(c) > 1 and c[-1].cols == ONE and c[0].rows != ONE for c in chains):
            return None
        shared, rests = shared_entries([c[-1] for c in chains], [False] * len(terms))
        if not shared or written_length(write(hadamard(*shared))[0]) < READS_LONG:
            return None
        inner = [
            Reduced(term.coef, list(term.scalars), product(*c[:-1], diagonal(rest)))
            for term, c, rest in zip(terms, chains, rests, strict=True)
            if rest is not None
        ]
        return product(self.total(inner), hadamard(*shared))

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

    def listed(self, terms: list[Reduced]) -> Sized | None:
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
        return Sized(Vector(items), terms[0].body.rows, ONE, 1) if terms[0].body else None

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
        powers = [c.as_powers_dict() for c in coefs]
        factor = shared
        for base in powers[0]:
            exponents = [each.get(base, sp.S.Zero) for each in powers]
            if base.is_number or not all(e.is_Rational for e in exponents):
                continue
            if all(e > 0 for e in exponents):
                factor *= base ** min(exponents)
            elif all(e < 0 for e in exponents):
                factor *= base ** max(exponents)
        return factor, [c / factor for c in coefs]

    def added(self, terms: list[Reduced]) -> Sized:
        """The sum of terms, with the factors that all of them have at either end, or entry by
        entry, beside it.
        """
        chains = [[] if term.body is None else factors(term.body) for term in terms]
        # What is weighted and put among zeros reads better as it is: w₁ concat(0, r) + w₂ concat(r,
        # 0).
        weighted = any(term.scalars for term in terms)
        first: list[Sized] = []
        last: list[Sized] = []
        if not any(is_eye(m) or (weighted and selects(m)) for c in chains for m in c):
            first, last, chains = shared_ends(chains)
        beside: list[Sized] = []
        if all(chains):
            spare = [bool(term.scalars) and not self.jacobian for term in terms]
            beside, rests = shared_entries([product(*c) for c in chains], spare)
            if beside:
                inner = [
                    Reduced(term.coef, term.scalars, rest)
                    for term, rest in zip(terms, rests, strict=True)
                ]
                total = self.combine(inner)
                leads = [m for m in beside if is_product(m) or not operands(m.expr)]
                masks = [m for m in beside if m not in leads]
                total = hadamard(*leads, total, *masks)
                return product(*first, total, *last) if first or last else total
        bodies = [
            self.single(Reduced(sp.S.One, term.scalars, product(*c) if c else None))
            for term, c in zip(terms, chains, strict=True)
        ]
        flat = [
            counts(term.scalars) and (not c or all_ones(c)) and any(chains)
            for term, c in zip(terms, chains, strict=True)
        ]
        if not self.jacobian and any(flat) and not all(flat):
            # A number is spread over the entries of the others: x - mean(x).
            bodies = [
                self.single(Reduced(sp.S.One, term.scalars)) if alone else body
                for alone, body, term in zip(flat, bodies, terms, strict=True)
            ]
        # Positive terms lead, and of those the products: (A + Aᵀ) x + b.
        order = sorted(
            range(len(terms)), key=lambda n: (minus(terms[n].coef), not is_product(bodies[n]))
        )
        full = next(
            body for body, alone in zip(bodies, flat, strict=True) if not alone or all(flat)
        )
        numbers = [to_ast(term.coef, self.entries.plain, self.rank, self.spelled) for term in terms]
        total = added(((numbers[n], bodies[n]) for n in order), full.rows, full.cols)
        return product(*first, total, *last) if first or last else total

    def single(self, term: Reduced) -> Sized:
        """coefficient · scalars · body as one matrix."""
        number, symbolic = term.coef.as_coeff_Mul()
        written: dict[sp.Symbol, Expr] = {}
        for scalar in term.scalars:
            if isinstance(scalar, Sized):
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
        cost = self.entries.engine.quantities.entries.lengths.cost
        inside = isinstance(symbolic, sp.Add) and number.is_Integer
        powers = inside and len(symbolic.free_symbols) == 1 and symbolic.is_polynomial()
        if inside and cost(number * symbolic) < cost(number) + 1 + cost(symbolic) + powers:
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
            return Sized(coefficient, ONE, ONE, 0)
        if coefficient == UNIT:
            return term.body
        return multiplied(coefficient, term.body)


def shared_ends(
    chains: list[list[Sized]],
) -> tuple[list[Sized], list[Sized], list[list[Sized]]]:
    """The factors that all chains begin with and those that they end with, and what is left of
    each.
    """
    first: list[Sized] = []
    last: list[Sized] = []
    while all(len(c) > 1 for c in chains) and all(c[-1] == chains[0][-1] for c in chains):
        last.insert(0, chains[0][-1])
        chains = [c[:-1] for c in chains]
    while all(len(c) > 1 for c in chains) and all(c[0] == chains[0][0] for c in chains):
        first.append(chains[0][0])
        chains = [c[1:] for c in chains]
    return first, last, chains


def counts(scalars: Sequence[sp.Expr | Sized]) -> bool:
    """Is a product of numbers more than one over something, so that it may stand for an array?"""
    above = [s for s in scalars if isinstance(s, Sized) or sp.fraction(s)[0] != 1]
    return bool(above)


def all_ones(chain: Sequence[Sized]) -> bool:
    """Is a chain ones in every entry: 𝟏, or 𝟏𝟏ᵀ?"""
    return bool(chain) and all(map(is_ones, chain))


def shared_entries(
    bodies: Sequence[Sized], spare: Sequence[bool]
) -> tuple[list[Sized], list[Sized | None]]:
    """The factors that all matrices have entry by entry, and what is left of each; nothing where
    one would be left without a factor. `spare`: a number is left of this one; of all it may not be.
    """
    found = [elementary(body) for body in bodies]
    shared: list[Sized] = []
    for factor in list(found[0]):
        if not all(factor in own for own in found):
            continue
        lone = [len(own) == 1 for own in found]
        if all(lone) or any(one and not number for one, number in zip(lone, spare, strict=True)):
            continue
        shared.append(factor)
        for own in found:
            own.remove(factor)
    return shared, [hadamard(*own) if own else None for own in found] if shared else []
