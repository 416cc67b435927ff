"""Derivatives written down: as matrices, entry by entry or as lists; per example and stacked; in
their layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import sympy as sp

from gradcalc.calculus.notation.author_order import NO_TEXT, AuthorText
from gradcalc.calculus.notation.contraction import Reduced
from gradcalc.calculus.notation.entry_lists import listed
from gradcalc.calculus.notation.index_writer import IndexWriter
from gradcalc.calculus.notation.matrix import NoMatrixForm, added, multiple_of, multiplied
from gradcalc.calculus.notation.matrix_expressions import row, write
from gradcalc.calculus.notation.matrix_writer import (
    Products,
    Writer,
    oriented,
    upright_row,
    wants_row,
)
from gradcalc.calculus.notation.recognised import Recognised
from gradcalc.calculus.notation.views import View
from gradcalc.calculus.reading import NO_NAMES, Reading
from gradcalc.calculus.reverse_mode import Derivative, Engine
from gradcalc.calculus.sympy_functions import Spell, unspelled
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.exercise.model import Question
from gradcalc.graph.model import Graph
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.layouts import derivative_shape
from gradcalc.language.shape_rules import ONE, Shape, Size, stacked
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import Call, Expr, Name, Neg, Num, Sized, Vector


@dataclass(frozen=True, slots=True)
class Form:
    """A derivative written down: matrix form, or one entry with its free indices and the sizes
    of all indices in it.
    """

    expr: Expr
    free: tuple[str, ...] = ()
    sizes: Mapping[str, Size] | None = None


@dataclass(frozen=True, slots=True)
class Forms:
    """Writes the derivatives of one engine. `form`: matrix, index or entries; `layout`: see
    format.md section 3; `reading`: in which names; `spelled`: how the author wrote a sum or a
    number.
    """

    engine: Engine
    form: str = "matrix"
    layout: str = "gradient"
    reading: Reading = NO_NAMES
    spelled: Spell = unspelled
    factored: dict[int, Products] = field(default_factory=dict)  # named products, as far as read
    text: AuthorText = NO_TEXT  # the order of the author's lines
    rules: list[Recognised] = field(default_factory=list)  # made when one is needed
    numbers: dict[Any, Form] = field(default_factory=dict)  # the forms of numbers that were written

    @property
    def graph(self) -> Graph:
        """The graph whose derivatives are written."""
        return self.engine.graph

    def writer(self, hidden: Mapping[Ix, str] | None = None, jacobian: bool = True) -> Writer:
        """A writer of matrices; `hidden` example indices stand inside the names. `jacobian`: an
        array is differentiated, not a number.
        """
        return Writer(
            self.engine, hidden, self.reading, self.spelled, self.factored, jacobian, self.text
        )

    def shortened(self, terms: Sequence[Term], single: bool) -> list[Term]:
        """The terms in their shortest form; those of a local derivative stay in what it is local
        to.
        """
        algebra, shorten = self.engine.algebra, self.engine.search.shorten
        summand = len(terms) > 1
        found = [
            replace(
                term,
                groups={
                    key: shorten(expr, self.reading, not single, summand)
                    for key, expr in term.groups.items()
                },
            )
            for term in terms
        ]
        return algebra.gather([algebra.normal(term) for term in found])

    def pairs(self, terms: Sequence[Term], each: Mapping[Ix, str]) -> bool:
        """Does a term speak of two examples at once? Then it has no form per example, only in
        stacks.
        """
        for term in terms:
            labels = [ix.label for ix in (*each, *term.summed) if ix.label in self.graph.examples]
            if len(set(labels)) != len(labels):
                return True
        return False

    def per_example(
        self, derivative: Derivative, question: Question
    ) -> tuple[list[Term], Key, Key, dict[Ix, str]]:
        """The terms of `at_examples` to be written, without stop_gradient, which is said of
        derivatives: the number is its argument's.
        """
        terms, out, into, each = self.at_examples(derivative, question)
        return [self.engine.algebra.unstopped(term) for term in terms], out, into, each

    def at_examples(
        self, derivative: Derivative, question: Question
    ) -> tuple[list[Term], Key, Key, dict[Ix, str]]:
        """Terms with one shared example index where the derivative is per example; it is hidden,
        not an axis.
        """
        examples = self.graph.examples
        each: dict[Ix, str] = {}
        terms = list(derivative.terms)
        out = [ix for ix in derivative.out if ix.label not in examples]
        into = [ix for ix in derivative.into if ix.label not in examples]
        for ix in derivative.out:
            if ix.label not in examples:
                continue
            assert ix.label is not None
            each[ix] = ix.label
        for ix in derivative.into:
            if ix.label not in examples:
                continue
            assert ix.label is not None
            twin = next((other for other in each if other.label == ix.label), None)
            if twin is None:
                each[ix] = ix.label
                continue
            pair = tuple(sorted((ix, twin)))
            if any(pair not in term.deltas for term in terms):
                raise GradcalcError(
                    Problem(
                        "mixed-examples",
                        f"{question.text}: the examples influence each other here, so there is "
                        "no derivative per example",
                        question.place,
                    )
                )
            kept = [replace(term, deltas=term.deltas - {pair}) for term in terms]
            terms = [self.engine.algebra.rename(term, {ix: twin}) for term in kept]
        return terms, tuple(out), tuple(into), each

    def form_of(
        self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape, into: Key = ()
    ) -> Form:
        """Terms in the form that is wanted; one entry where they have no matrix form."""
        if free or each or shape:
            return self.new_form_of(terms, free, each, shape, into)
        key = self.reading, self.form, number_of(terms)
        if key[-1] is None:
            return self.new_form_of(terms, free, each, shape, into)
        if key not in self.numbers:
            self.numbers[key] = self.new_form_of(terms, free, each, shape, into)
        return self.numbers[key]

    def new_form_of(
        self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape, into: Key
    ) -> Form:
        terms = self.engine.alike.met(terms, self.reading)
        if not terms:
            return Form(Num(Fraction(0)) if all(size == ONE for size in shape) else zeros(shape))
        if self.form == "matrix":
            try:
                jacobian = bool(into) and not set(free) <= set(into)
                read = self.engine.softmax.read(terms)
                return Form(self.recognised(self.matrix(read, free, each, shape, jacobian)))
            except NoMatrixForm:
                pass
        form = self.entry_form(terms, free, each, into)
        whole = (
            listed(form.expr, form.free, form.sizes or {}, shape)
            if self.form == "entries"
            else None
        )
        return form if whole is None else Form(whole)

    def recognised(self, expr: Expr) -> Expr:
        """A formula with its means and traces."""
        more = self.engine.quantities.nodes[len(self.graph.nodes) :]
        named = {node.name: node.shape for node in more if node.name}
        if not self.rules:
            self.rules.append(Recognised(self.graph))
        return self.rules[0].written(expr, named)

    def matrix(
        self,
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        shape: Shape,
        jacobian: bool = True,
    ) -> Expr:
        """Matrix form with example sums written Σ_i of per-example quantities."""
        groups: dict[tuple[str, ...], list[Term]] = {}
        for term in terms:
            labels = tuple(
                sorted(ix.label or "" for ix in term.summed if ix.label in self.graph.examples)
            )
            if len(set(labels)) != len(labels):
                raise NoMatrixForm
            groups.setdefault(labels, []).append(term)
        parts: list[Sized] = []
        for labels, members in groups.items():
            part = self.summed(labels, members, free, each, shape, jacobian)
            parts.append(upright_row(part) if wants_row(shape) else part)
        if len(parts) == 1:
            return oriented(parts[0], shape)
        multiples = [multiple_of(part) or (None, part) for part in parts]
        multiples.sort(key=lambda found: isinstance(found[0], Neg))
        total = added(multiples, parts[0].rows, parts[0].cols)
        return oriented(total, shape)

    def summed(
        self,
        labels: tuple[str, ...],
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        shape: Shape,
        jacobian: bool,
    ) -> Sized:
        """Terms that are summed over the same examples: Σ_i of a quantity per example."""
        if not labels:
            return self.writer(each, jacobian).matrix(terms, free)
        hidden = dict(each)
        shared = {
            label: self.engine.quantities.entries.index(self.graph.indices[label], label)
            for label in labels
        }
        hidden.update({ix: label for label, ix in shared.items()})
        members = []
        for term in terms:
            table = {ix: shared[ix.label] for ix in term.summed if ix.label in shared}
            renamed = self.engine.algebra.rename(term, table)
            members.append(replace(renamed, summed=renamed.summed - set(shared.values())))
        writer = self.writer(hidden, jacobian)
        members, constant = apart(members)
        factor, rests = writer.sums.common([term.coef for term in members])
        inner = writer.matrix(
            [replace(term, coef=rest) for term, rest in zip(members, rests, strict=True)], free
        )
        expr, rank = write(inner)
        if wants_row(shape):
            inner = upright_row(inner)
            expr, rank = row(inner), 2  # Σ_i xᵀ: as a row already
        over = Call("sum", (expr, *(Name(label) for label in labels)))
        body = Sized(over, inner.rows, inner.cols, rank)
        if factor * constant == 1:
            return body
        front = write(writer.sums.single(Reduced(factor, [constant])))[0]
        return multiplied(front, body)

    def entry_form(
        self,
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        into: Key,
        apart: bool = False,
    ) -> Form:
        """One entry; `apart`: example indices are indices like others, into the stacks."""
        graph = self.graph
        taken = (
            frozenset(graph.names) | frozenset(graph.sizes) | frozenset(graph.indices) | {"e", "pi"}
        )
        taken |= {name for size in graph.indices.values() for name in size.names}
        taken |= {name for node in graph.nodes for size in node.shape for name in size.names}
        taken |= set(graph.exercise.functions)
        hidden = dict(each)
        for term in terms if not apart else ():
            hidden.update(
                {ix: ix.label for ix in term.summed if ix.label in graph.examples and ix.label}
            )
        form = IndexWriter(self.engine, taken, hidden, self.spelled, self.reading, self.text).write(
            terms, free, into
        )
        return Form(form.expr, form.free, form.sizes)  # type: ignore[arg-type]

    def stacked(
        self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape, into: Key
    ) -> View | None:
        """The same in stacks over the examples, the example axis last; one entry where that has
        no matrix form.
        """
        terms = self.engine.alike.met(terms, self.reading)
        axes = (*free, *each)
        full = stacked(shape, *(ix.size for ix in each))
        if not terms:
            return View(zeros(full), full)
        if self.form == "matrix":
            with suppress(NoMatrixForm):
                jacobian = bool(into) and not set(free) <= set(into)
                read = self.engine.softmax.read(terms)
                whole = oriented(self.writer(None, jacobian).matrix(read, axes), full)
                return View(self.recognised(whole), full)
        with suppress(NoMatrixForm):
            form = self.entry_form(terms, axes, {}, (*into, *each), apart=True)
            return View(form.expr, full, free=form.free)
        return None

    def paired(
        self,
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        shape: Shape,
        into: Key,
        question: Question,
    ) -> View:
        """A derivative in which examples meet, in stacks. Raises GradcalcError where that cannot
        be written.
        """
        view = self.stacked(terms, free, each, shape, into)
        if view is None:
            message = f"{question.text}: this sum over pairs of examples cannot be written"
            raise GradcalcError(Problem("no-form", message, question.place))
        return view

    def order(self, out: Key, into: Key, out_shape: Shape | None) -> Key:
        """Free indices in the order of the layout."""
        if out_shape is None and self.layout == "jacobian" and not out and len(into) == 2:
            return into[::-1]  # of a second derivative the axes stay in the order asked
        if out_shape is not None and self.layout == "denominator":
            return (*into, *out)
        return (*out, *into)

    def shapes(self, of: int, by: Sequence[int], question: Question) -> tuple[Shape | None, Shape]:
        """(the numerator's axes, or None where it is a scalar; the shape of the answer in the
        layout).
        """
        node = self.engine.quantities.nodes[of]
        into = [self.engine.quantities.nodes[n].shape for n in by]
        output = node.name is None or node.name == self.graph.outputs[-1]
        return derivative_shape(node.shape, into, self.layout, output)


def number_of(terms: Sequence[Term]) -> tuple[tuple[sp.Expr, sp.Expr], ...] | None:
    """Terms that are numbers, each as its coefficient and its expression; None for others."""
    if any(term.deltas or term.summed or not term.groups.keys() <= {()} for term in terms):
        return None
    return tuple((term.coef, term.groups.get((), sp.S.One)) for term in terms)


def apart(terms: Sequence[Term]) -> tuple[list[Term], sp.Expr]:
    """Terms without the numbers that all of them share, and these. They do not depend on the
    example, and stand in front of the sum.
    """
    numbers = [sp.Mul.make_args(term.groups.get((), sp.S.One)) for term in terms]
    shared = sp.Mul(*(f for f in numbers[0] if all(f in own for own in numbers)))
    found = []
    for term in terms:
        groups = dict(term.groups)
        rest = groups.pop((), sp.S.One) / shared
        found.append(replace(term, groups=groups if rest == 1 else {**groups, (): rest}))
    return found, shared


def sizes(shape: Shape) -> Expr:
    """A shape as the vector of its sizes."""
    return Vector(tuple(size_tree(size) for size in shape))


def zeros(shape: Shape) -> Expr:
    """An array of zeros of a shape; 0 for a number."""
    return Call("zeros", tuple(size_tree(size) for size in shape)) if shape else Num(Fraction(0))
