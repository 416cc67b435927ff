"""The chain of an array answer put together: its factors as they stand, and the order in which they
conform.

    ∂J/∂W1 along δ1 δ2 δ3 δ4 δ5  ->  the literal product has the wrong shape;  δ1 δ2 (δ3ᵀ ∘ δ4) δ5
    has the right one

Every factor is made a quantity of its own, what is written for it in short, and the engine composes
them as it composes everything else: the order, the transposes and the ∘ are what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from gradcalc.calculus.notation.matrix import NoMatrixForm
from gradcalc.calculus.reverse_mode import Derivative
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.answers import Answerer
from gradcalc.derivation.backward_pass import standing_for
from gradcalc.derivation.step_model import Assembly, Factor
from gradcalc.exercise.model import Question
from gradcalc.graph.model import Graph
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Binary, Name
from gradcalc.language.shape_rules import ONE, ShapeError, as_vector, shape_of
from gradcalc.language.sizes import Shape


def links(
    graph: Graph, path: Sequence[str], named: Sequence[Answer], question: Question
) -> list[tuple[str, str, str]]:
    """(name, of, by) along a path; where an answer has named a stretch of it, that stretch is
    one link.
    """
    names = {
        (a.question.of, graph.stacks.get(a.question.by[0], a.question.by[0])): a.question.name
        for a in named
        if a.question.name
        and a.kind == "derivative"
        and a.question.kind == "derivative"
        and a.question != question
    }
    out: list[tuple[str, str, str]] = []
    at = 0
    while at < len(path) - 1:
        far = next(
            (end for end in range(len(path) - 1, at, -1) if (path[at], path[end]) in names), at + 1
        )
        of, by = path[at], path[far]
        out.append((names.get((of, by)) or f"d{of}_d{by}", of, by))
        at = far
    return out


class Assembler:
    """Chains of the answers of one graph."""

    def __init__(self, writer: Answerer, named: Sequence[Answer]) -> None:
        self.writer, self.graph, self.engine = writer, writer.graph, writer.engine
        self.named = named  # factors that these have named are called so
        self.made: dict[tuple[str, str, str], tuple[Factor, Term, Key, Key] | None] = {}

    def assemble(self, answer: Answer) -> Assembly | None:
        """The chain of an answer that is an array, where it is one path of at least three factors
        that do not simply multiply; else None.
        """
        question, graph = answer.question, self.graph
        if (
            answer.kind != "derivative"
            or question.kind != "derivative"
            or question.loss
            or question.entry
        ):
            return None
        by = graph.stacks.get(question.by[0], question.by[0])
        of = graph.stacks.get(question.of, question.of)
        start, ways = graph.node(of), self.writer.derivatives.ways
        if start.over or ways.count(of, by) != 1 or len(found := list(ways.first(of, by))) < 4:
            return None
        if not all(size == ONE for size in start.shape) or all(
            size == ONE for size in graph.node(by).shape
        ):
            return None
        try:
            return self.assembly(links(graph, found, self.named, question), question)
        except (GradcalcError, NoMatrixForm):
            return None

    def assembly(
        self, chain: Sequence[tuple[str, str, str]], question: Question
    ) -> Assembly | None:
        engine, graph = self.engine, self.graph
        start, node = graph.names[question.of], graph.node(chain[-1][2])
        reading = engine.search.reading(start)
        made: list[tuple[Factor, Term, Key, Key]] = []
        for link in chain:
            if link not in self.made:
                self.made[link] = self.factor(*link)
            if (found := self.made[link]) is None:
                return None
            made.append(found)
        factors = tuple(factor for factor, *_ in made)
        literal, clash = product_in_order([factor.shape for factor in factors])
        if literal == node.shape:
            return None
        own = engine.quantities.fresh(start)
        upstream = [Term(sp.S.One, {})]
        for (_, _, by), (_, term, out, at) in zip(chain, made, strict=True):
            term = engine.algebra.rename(term, dict(zip(out, own, strict=True)))
            into = engine.quantities.fresh(graph.names[by])
            upstream = [engine.step(before, term, own, at, into, reading) for before in upstream]
            own = into
        forms = replace(self.writer.forms, reading=reading)
        terms, _, free, each = forms.per_example(Derivative(tuple(upstream), (), own), question)
        product = forms.matrix(terms, free, each, node.shape, jacobian=False)
        return Assembly(question, factors, literal, clash, product, node.shape)

    def factor(self, name: str, of: str, by: str) -> tuple[Factor, Term, Key, Key] | None:
        """A link as a quantity of its own, and the term it stands in: the quantity, with the
        deltas that tie its indices.
        """
        engine, graph = self.engine, self.graph
        numerator, denominator = graph.names[of], graph.names[by]
        found = self.writer.derivatives.total(numerator, denominator)
        terms = [engine.algebra.normal(term) for term in found.terms]
        if (
            not terms
            or any(term.deltas != terms[0].deltas for term in terms)
            or not any(term.groups for term in terms)
        ):
            return None  # zero, several patterns of zeros, or an identity
        deltas = terms[0].deltas
        used = {ix for term in terms for key in term.groups for ix in key if ix not in term.summed}
        tied = {b: a for a, b in deltas}
        carried = [ix for ix in (*found.out, *found.into) if ix in used or tied.get(ix) in used]
        carried = [ix for ix in carried if not (ix in tied and tied[ix] in carried)]
        shape = self.shape(carried, found, of, graph.node(by).shape)
        if shape is None:
            return None
        over = tuple(dict.fromkeys(ix.label for ix in carried if ix.label))
        positional = [ix for ix in carried if not ix.label]
        if len(positional) == 2 and positional[0] in found.into:
            positional.sort()
        key = (*positional, *(ix for ix in carried if ix.label))
        term = standing_for(engine, name, shape, over, key)
        term = replace(term, deltas=deltas, summed=frozenset(found.into))
        full = (*as_vector(graph.node(of).shape), *as_vector(graph.node(by).shape))
        bare = [replace(term, deltas=frozenset()) for term in terms]
        forms = replace(self.writer.forms, reading=engine.search.reading(numerator))
        short = forms.matrix(
            bare, tuple(positional), {ix: ix.label for ix in carried if ix.label}, shape
        )
        return Factor(name, of, by, full, short, shape), term, found.out, found.into

    def shape(self, carried: Sequence[Ix], found: Derivative, name: str, by: Shape) -> Shape | None:
        """How a factor is written: a gradient like its variable, what stands entry by entry as a
        column, what only the operand carries as a row.
        """
        positional, of = [ix for ix in carried if not ix.label], self.graph.node(name).shape
        flat = len(of) < 2 and len(by) < 2
        if of == () or name == self.graph.outputs[-1]:
            return by if len(positional) == sum(size != ONE for size in by) else None
        if not positional:
            return () if flat else (ONE, ONE)
        if len(positional) == 1:
            (ix,) = positional
            if flat:
                return (ix.size,)
            own = [i for i in found.into if not i.label]
            row = ix in found.into and (len(own) == 1 or ix == own[-1])
            return (ONE, ix.size) if row else (ix.size, ONE)
        return tuple(ix.size for ix in positional) if len(positional) == 2 else None


def product_in_order(shapes: Sequence[Shape]) -> tuple[Shape | None, tuple[Shape, Shape] | None]:
    """The shape of a product of matrices and numbers as it stands, or the two shapes at which it
    fails.
    """
    done: Shape = ()
    for shape in shapes:
        if all(size == ONE for size in shape):
            continue
        if all(size == ONE for size in done):
            done = shape
            continue
        try:
            done = shape_of(Binary("@", Name("a"), Name("b")), {"a": done, "b": shape})
        except ShapeError:
            return None, (done, shape)
    return done, None
