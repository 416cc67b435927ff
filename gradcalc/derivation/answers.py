"""Questions to symbolic answers: which derivative is meant, in which layout, written per example and stacked.

Everything here is symbolic; solver.py evaluates and checks what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

import sympy as sp

from gradcalc.calculus.notation.derivative_forms import length, much_shorter, sizes
from gradcalc.calculus.notation.views import View
from gradcalc.calculus.reverse_mode import Derivative
from gradcalc.calculus.sympy_functions import from_ast
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.derivation.answer_details import Beside, fractions, operations, upstream_name
from gradcalc.derivation.answer_model import SAME, UNLISTED, Answer, Gradient
from gradcalc.exercise.model import Question
from gradcalc.graph.dependencies import many, paths
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.question_checks import default_questions
from gradcalc.graph.to_expression import tree
from gradcalc.language.constants import fraction
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.shape_rules import ONE, Shape, stacked
from gradcalc.language.tree import Expr, Name, occurrences

APART = frozenset(
    ("symmetric", "diagonal", "orthogonal")
)  # assumptions by which entries could change only together
TIES = frozenset(
    ("symmetric", "diagonal", "onehot")
)  # assumptions by which one entry tells another


class Answerer(Beside):
    """Answers the questions of one graph."""

    def __init__(self, graph: Graph, form: str = "matrix", layout: str = "gradient") -> None:
        super().__init__(graph, form, layout)
        self._all: dict[tuple[int, frozenset[tuple[int, int]]], dict[int, Derivative]] = {}
        # numerator -> node -> the name of the answer to d numerator / d node
        self._names: dict[int, dict[int, str]] = {}

    @cached_property
    def loss(self) -> int | None:
        """The loss behind the upstream gradients as a node: Σ upstream · quantity; None without upstream."""
        upstream = self.graph.exercise.upstream
        if not upstream:
            return None
        engine, terms = self.engine, []
        for item in upstream:
            number = self.graph.names[item.of or self.graph.outputs[-1]]
            indices = engine.fresh(number)
            given = self.upstream_entry(item, number, indices)
            terms.append(engine.algebra.term(given * engine.entry(number, indices), indices))
        engine.nodes.append(Node("gradient", (), (), name=None))
        loss = len(engine.nodes) - 1
        engine.virtual[loss] = ((), terms)
        return loss

    def upstream_entry(self, item: Any, number: int, indices: Key) -> sp.Expr:
        """A number, or the entry of an input that is the upstream gradient."""
        node = self.graph.nodes[number]
        number_ = None if isinstance(item.value, (tuple, Name)) else fraction(item.value)
        if number_ is not None and (number_ == 1 or not (node.shape or node.over)):
            return sp.Rational(number_.numerator, number_.denominator)
        if not (node.shape or node.over or isinstance(item.value, (tuple, Name))):
            return from_ast(item.value, {})  # pi/4
        name = upstream_name(self.graph, item)
        if name in self.graph.names:
            return self.engine.entry(self.graph.names[name], indices)
        for n, other in enumerate(self.engine.nodes):
            if other.name == name:
                return self.engine.entry(n, indices)
        self.engine.nodes.append(Node("input", (), node.shape, node.over, name=name))
        return self.engine.entry(len(self.engine.nodes) - 1, indices)

    def numerator(self, question: Question) -> int:
        if question.loss:
            assert self.loss is not None
            return self.loss
        return self.graph.names[self.graph.stacks.get(question.of, question.of)]

    def answer(self, question: Question) -> Answer:
        if question.kind == "value":
            return self.value(question)
        if question.kind == "shape":
            return self.shape(question)
        of = self.numerator(question)
        stacked_by = [name for name in question.by if name in self.graph.stacks]
        by = [self.graph.names[self.graph.stacks.get(name, name)] for name in question.by]
        if question.kind == "second" and (free := self.varied(by)) is not None:
            answer = free.answer(question)
            return replace(
                answer,
                expanded=self.expanded(answer.symbolic, answer.where) if answer.symbolic else None,
            )
        if question.kind == "second":
            first, out, into, each = self.per_example(self.total(of, by[0]), question)
            # The gradient's own axes come first: numerator, then the first denominator.
            name = f"d2{question.of}_d{question.by[0]}"
            derivative = self.engine.derivative(
                self.engine.quantity(first, (*out, *into), each, name), by[1]
            )
            single = False
        elif question.kind == "local":
            self.engine.within(of)
            derivative = self.engine.derivative(
                of, by[0], lambda n: self.engine.nodes[n].name is None
            )
            single = True
        else:
            derivative = self.total(of, by[0])
            single = self.is_single(question)
        answer = self.written(question, derivative, of, by, single)
        if question.kind == "derivative":
            answer = self.with_names(question, answer, of, by)
        chain, rest = ((), 0) if question.kind != "derivative" else self.chain(question)
        warnings = list(answer.warnings)
        if derivative.terms:
            warnings += self.taken_apart(by)
        if rest:
            warnings.append(
                Problem(
                    UNLISTED,
                    f"{many(rest)} more path{'s' if rest > 1 else ''} not listed in the chain",
                )
            )
        if not derivative.terms and not self.depends(of, by):
            warnings.append(
                Problem(
                    "independent",
                    f"{question.of} does not depend on {question.by[-1]}: the derivative is 0",
                )
            )
        if stacked_by and answer.stacked is not None:
            answer = replace(
                answer,
                symbolic=answer.stacked.symbolic,
                free=answer.stacked.free,
                shape=answer.stacked.shape,
                per_example=answer.per_example and replace(answer.per_example, free=answer.free),
            )
        return replace(answer, chain=chain, chain_rest=rest, warnings=tuple(warnings))

    def taken_apart(self, by: Sequence[int]) -> Iterable[Problem]:
        """An assumption that ties entries together does not tie their changes: the answer says so."""
        for number in dict.fromkeys(by):
            tied = sorted(APART & self.engine.assume.get(number, frozenset()))
            if tied:
                name = self.engine.nodes[number].name
                yield Problem(
                    "entries-apart", f"{name} is {tied[0]}, but its entries are varied one by one"
                )

    def varied(self, by: Sequence[int]) -> Answerer | None:
        """The same where the denominators are inputs of which nothing is known; None where they are so already.

        What holds at their values may not be used before the last differentiation: 2 S x, by S, is not S x + Sᵀ x.
        """
        nodes, variables = list(self.graph.nodes), dict(self.graph.exercise.variables)
        for number in by:
            node = nodes[number]
            if node.op != "input":
                nodes[number] = Node("input", (), node.shape, node.over, name=node.name)
            elif TIES & self.engine.assume.get(number, frozenset()):
                assert node.name is not None
                variables[node.name] = replace(
                    variables[node.name], assume=variables[node.name].assume - TIES
                )
        exercise = replace(self.graph.exercise, variables=variables)
        if nodes == self.graph.nodes and exercise == self.graph.exercise:
            return None
        return Answerer(replace(self.graph, exercise=exercise, nodes=nodes), self.form, self.layout)

    def with_names(self, question: Question, answer: Answer, of: int, by: list[int]) -> Answer:
        """The answer in the names of earlier answers, where that is shorter; its own name is for later ones."""
        names = self._names.get(of, {})
        if names:
            self.engine.asked = {(of, n): name for n, name in names.items() if n != by[0]}
            if self.engine.asked:
                named = self.written(question, self.total(of, by[0]), of, by, False)
                stacks = [bool(one.stacked and not one.stacked.free) for one in (answer, named)]
                lost = stacks == [True, False]  # the stack of a named gradient has no name
                written = (
                    not lost
                    and named.symbolic is not None
                    and answer.symbolic is not None
                    and not named.free
                )
                if written and (
                    answer.free or operations(named.symbolic) < operations(answer.symbolic)
                ):
                    answer = replace(named, simplified=None, expanded=answer.expanded)
            self.engine.asked = {}
        if question.name and by[0] not in names and self.graph.nodes[by[0]].op != "input":
            self._names.setdefault(of, {})[by[0]] = question.name
        return answer

    def depends(self, of: int, by: Sequence[int]) -> bool:
        ancestors = self.engine.ancestors(of)
        return all(n in ancestors for n in by)

    def total(self, of: int, by: int) -> Derivative:
        """The total derivative of a node by another, along all paths; what is asked of a node is found in one pass."""
        self.engine.within(of)
        found = self._all.setdefault((of, frozenset(self.engine.asked)), {})
        if by not in found:
            found |= self.engine.derivatives(of, {by} | self._wanted.get(of, set()))
        return found[by]

    def want(self, of: int, by: Iterable[int]) -> None:
        """Further nodes by which a numerator is differentiated, in the pass that finds the others."""
        self._wanted.setdefault(of, set()).update(by)

    @cached_property
    def _wanted(self) -> dict[int, set[int]]:
        """Numerator -> the nodes by which it is differentiated somewhere."""
        graph = self.graph
        wanted: dict[int, set[int]] = {}
        for question in graph.exercise.questions or default_questions(graph):
            if question.kind in ("derivative", "second"):
                by = graph.names[graph.stacks.get(question.by[0], question.by[0])]
                wanted.setdefault(self.numerator(question), set()).add(by)
        last = graph.names[graph.outputs[-1]] if self.loss is None else self.loss
        wanted.setdefault(last, set()).update(graph.names[name] for name in graph.inputs)
        return wanted

    def is_single(self, question: Question) -> bool:
        """One local derivative and nothing else: it stays as its rule gives it."""
        by = self.graph.stacks.get(question.by[0], question.by[0])
        of = self.graph.stacks.get(question.of, question.of)
        found, rest = paths(self.graph, of, by, 2) if not question.loss else ([], 1)
        if rest or len(found) != 1:
            return False
        locals_ = (self.local(a, b).symbolic for a, b in pairwise(found[0]))
        varying = (
            True
            for expr in locals_
            if expr is None or any(name.id in self.graph.names for name in occurrences(expr))
        )
        return len(list(islice(varying, 2))) < 2

    def written(
        self, question: Question, derivative: Derivative, of: int, by: list[int], single: bool
    ) -> Answer:
        engine = self.engine
        terms, out, into, each = self.per_example(derivative, question)
        terms = [engine.residuals_open(engine.algebra.normal(term)) for term in terms]
        simplified_terms = engine.with_totals(self.shortened(terms, single))
        simplified: Expr | None = None
        out_shape, shape = self.shapes(of, by, question)
        free = self.order(out, into, out_shape)
        if single and length(simplified_terms) < length(terms):
            if much_shorter(simplified_terms, terms):
                terms = simplified_terms
            else:
                simplified = self.form_of(simplified_terms, free, each, shape, into).expr
        else:
            terms = simplified_terms
        terms = [engine.algebra.facing(term) for term in terms]
        if self.pairs(terms, each):
            return self.paired(question, terms, free, each, shape, into, of)
        form = self.form_of(terms, free, each, shape, into)
        if simplified is not None and fractions(simplified) >= fractions(form.expr):
            simplified = None  # x² + 12xy³ is as good as x (x + 12y³)
        view = View(form.expr, shape)
        layout = self.layout
        answer = Answer(
            question, "derivative", form.expr, shape, layout, form.free, simplified=simplified
        )
        sums = any(ix.label in self.graph.examples for term in terms for ix in term.summed)
        if each or sums:
            answer = replace(
                answer, per_example=view, stacked=self.stacked(terms, free, each, shape, into)
            )
        if each and terms and not any(ix in term.indices for term in terms for ix in each):
            answer = replace(answer, warnings=(Problem(SAME, "it is the same for every example"),))
        where = self.gradients_named(form.expr, of)
        answer = replace(answer, expanded=self.expanded(form.expr, where), where=where)
        return replace(answer, shorthand=self.shorthand(terms, out, into, each, by))

    def paired(
        self,
        question: Question,
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        shape: Shape,
        into: Key,
        of: int,
    ) -> Answer:
        """An answer in which examples meet, written in stacks, the example index last."""
        full = stacked(shape, *(ix.size for ix in each))
        view = self.stacked(terms, free, each, shape, into)
        if view is None:
            message = f"{question.text}: this sum over pairs of examples cannot be written"
            raise GradcalcError(Problem("no-form", message, question.place))
        whole = None if view.free else view
        answer = Answer(
            question, "derivative", view.symbolic, full, self.layout, view.free, stacked=whole
        )
        where = self.gradients_named(view.symbolic, of)
        return replace(answer, expanded=None, where=where)

    def value(self, question: Question) -> Answer:
        number = self.graph.names[self.graph.stacks.get(question.of, question.of)]
        node = self.graph.nodes[number]
        expr = (
            tree(self.graph.nodes, number, open_=True)
            if node.op != "input"
            else Name(node.name or "")
        )
        return Answer(
            question, "value", expr, node.shape, self.layout, expanded=self.expanded(expr, ())
        )

    def shape(self, question: Question) -> Answer:
        of = question.of
        node = self.graph.node(self.graph.stacks.get(of, of))
        examples = [self.graph.indices[name] for name in node.over if name in self.graph.examples]
        full = stacked(node.shape, *examples)
        shape = full if of in self.graph.stacks else node.shape
        reason = self.graph.reasons.get(self.graph.stacks.get(of, of))
        views = {}
        if self.graph.examples:
            views = {
                "per_example": View(sizes(node.shape), node.shape),
                "stacked": View(sizes(full), full),
            }
        return Answer(question, "shape", sizes(shape), shape, self.layout, reason=reason, **views)  # type: ignore[arg-type]

    def gradients(self) -> dict[str, Gradient]:
        """The total gradient at every real input, upstream included; {} for an array output without upstream."""
        graph = self.graph
        output = graph.node(graph.outputs[-1])
        of = self.loss
        if of is None:
            if any(size != ONE for size in output.shape) or output.over:
                return {}
            of = graph.names[graph.outputs[-1]]
        result = {}
        held = Answerer.__new__(Answerer)
        held.__dict__.update(self.__dict__)
        held.layout = "gradient"
        for name in graph.inputs:
            if name in graph.integers or name in graph.constants:
                continue
            derivative = held.total(of, graph.names[name])
            terms, _, into, each = held.per_example(derivative, Question(name, "derivative", name))
            terms = [held.engine.algebra.normal(term) for term in terms]
            shape = graph.node(name).shape
            if held.pairs(terms, each):
                asked = Question(f"d{graph.exercise.loss}/d{name}", "derivative", name)
                answer = held.paired(asked, terms, into, each, shape, into, of)
                result[name] = Gradient(
                    answer.symbolic, free=answer.free, where=answer.where, shape=answer.shape
                )
                continue
            form = held.form_of(terms, into, each, shape)
            where = held.gradients_named(form.expr, of)
            result[name] = Gradient(form.expr, free=form.free, sizes=form.sizes, where=where)
        return result
