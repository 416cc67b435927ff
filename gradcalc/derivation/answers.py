"""Questions to symbolic answers: which derivative is meant, in which layout, written per example
and stacked.

Everything here is symbolic; solve.py evaluates and checks what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise

from gradcalc.calculus.bounds import READABLE, SHORT
from gradcalc.calculus.gradients import Gradients
from gradcalc.calculus.notation.author_order import AuthorText
from gradcalc.calculus.notation.author_spelling import AuthorSpelling
from gradcalc.calculus.notation.derivative_forms import (
    Forms,
    sizes,
)
from gradcalc.calculus.notation.shorter_forms import length, much_shorter
from gradcalc.calculus.notation.views import View
from gradcalc.calculus.reverse_mode import Derivative, engine
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.derivation.answer_details import Details, shorthand
from gradcalc.derivation.answer_model import SAME, UNLISTED, Answer, Gradient, Local
from gradcalc.derivation.asked_expressions import named, put_in, short, shortened
from gradcalc.derivation.expansion import Expansion, expanded_length, operations, reading_length
from gradcalc.derivation.single_entry import one_entry
from gradcalc.derivation.total_derivatives import Derivatives
from gradcalc.exercise.model import Question
from gradcalc.graph.asked_values import answer_layout
from gradcalc.graph.dependencies import many
from gradcalc.graph.model import Graph, Node
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.named_formulas import Formulas, Named, needed
from gradcalc.language.shape_rules import ONE, Shape, stacked
from gradcalc.language.tree import Binary, Expr, Index, Name, occurrences, picked, walk

APART = frozenset(
    ("symmetric", "diagonal", "orthogonal")
)  # assumptions by which entries could change only together
TIES = frozenset(
    ("symmetric", "diagonal", "onehot")
)  # assumptions by which one entry tells another


# What is said of a matrix whose free parameters are varied.
FREE = {
    "symmetric": "symmetric, and its free parameters are varied: entries (i, j) and (j, i) are one "
    "parameter",
    "skew": "skew-symmetric, and its free parameters are varied: entry (j, i) is minus entry (i, j)",
    "diagonal": "diagonal, and its free parameters are varied: the entries beside the diagonal stay 0",
    "lower": "lower triangular, and its free parameters are varied: the entries above the diagonal stay 0",
}


class Answerer:
    """Answers the questions of one graph."""

    def __init__(self, derivatives: Derivatives, details: Details, expansion: Expansion) -> None:
        self.derivatives, self.details, self.expansion = derivatives, details, expansion
        self.engine, self.graph, self.forms = derivatives.engine, derivatives.graph, details.forms
        self._asked: dict[str, dict[str, Answer]] = {}
        self._lengths: dict[Named, int] = {}

    def laid_out(self, layout: str) -> Answerer:
        """The same in another layout, with all that is derived already."""
        if layout == self.forms.layout:
            return self
        forms = replace(self.forms, layout=layout)
        return Answerer(self.derivatives, Details(self.derivatives, forms), self.expansion)

    def answer(self, question: Question) -> Answer:
        """The symbolic answer to a question. Raises GradcalcError where it cannot be written."""
        if question.expr is not None:
            return self.expression(question)
        if question.kind == "value":
            return self.value(question)
        if question.kind == "shape":
            return self.shape(question)
        of = self.derivatives.numerator(question)
        by = [self.graph.names[self.graph.stacks.get(name, name)] for name in question.by]
        if question.kind == "second" and (free := self.varied(by)) is not None:
            answer = free.answer(question)
            expr, where = answer.symbolic, answer.where
            return replace(answer, expanded=self.expansion.expanded(expr, where) if expr else None)
        derivative, single = self.derivative(question, of, by)
        answer = self.written(question, derivative, of, by, single)
        chain: tuple[tuple[Local, ...], ...] = ()
        rest = 0
        if question.kind == "derivative":
            answer = self.with_names(question, answer, of, by)
            chain, rest = self.details.chain(question)
        warnings = (*answer.warnings, *self.warnings(question, derivative, of, by, rest))
        if answer.stacked is not None and any(name in self.graph.stacks for name in question.by):
            answer = replace(
                answer,
                symbolic=answer.stacked.symbolic,
                free=answer.stacked.free,
                shape=answer.stacked.shape,
                per_example=answer.per_example and replace(answer.per_example, free=answer.free),
            )
        return replace(answer, chain=chain, chain_rest=rest, warnings=warnings)

    def derivative(self, question: Question, of: int, by: Sequence[int]) -> tuple[Derivative, bool]:
        """The derivative that is asked for, and whether it stays as its rule gives it."""
        if question.kind == "local":
            return self.derivatives.local(of, by[0]), True
        total = self.derivatives.total(of, by[0])
        if question.kind != "second":
            return total, self.is_single(question, of)
        first, out, into, each = self.forms.at_examples(total, question)
        # The gradient's own axes come first: numerator, then the first denominator.
        name = f"d2{question.of}_d{question.by[0]}"
        gradient = self.engine.quantity(first, (*out, *into), each, name)
        return Gradients(self.engine, gradient, self.derivatives.reading(of)).derivative(
            by[1]
        ), False

    def warnings(
        self, question: Question, derivative: Derivative, of: int, by: Sequence[int], rest: int
    ) -> Iterable[Problem]:
        """What is to be said of a derivative; `rest`: paths that its chain does not list."""
        if derivative.terms:
            yield from self.taken_apart(by)
        if rest:
            paths = f"path{'s' if rest > 1 else ''}"
            yield Problem(UNLISTED, f"{many(rest)} more {paths} not listed in the chain")
        if not derivative.terms and not self.derivatives.depends(of, by):
            message = f"{question.of} does not depend on {question.by[-1]}: the derivative is 0"
            yield Problem("independent", message)

    def taken_apart(self, by: Sequence[int]) -> Iterable[Problem]:
        """An assumption that ties entries together does not tie their changes: the answer says
        so.
        """
        for number in dict.fromkeys(by):
            variable = self.graph.exercise.variables.get(self.graph.nodes[number].name or "")
            if variable is not None and variable.free:
                yield Problem("free-parameters", f"{variable.name} is {FREE[variable.free]}")
                continue
            tied = sorted(APART & self.engine.quantities.assume.get(number, frozenset()))
            if tied:
                name = self.engine.quantities.nodes[number].name
                yield Problem(
                    "entries-apart",
                    f"{name} is {tied[0]}, but its entries are treated as independent variables",
                )

    def varied(self, by: Sequence[int]) -> Answerer | None:
        """The same where the denominators are inputs of which nothing is known; None where they are
        so already.

        What holds at their values may not be used before the last differentiation: 2 S x, by S, is
        not S x + Sᵀ x.
        """
        nodes, variables = list(self.graph.nodes), dict(self.graph.exercise.variables)
        for number in by:
            node = nodes[number]
            if node.op != "input":
                nodes[number] = Node("input", (), node.shape, node.over, name=node.name)
            elif TIES & self.engine.quantities.assume.get(number, frozenset()):
                assert node.name is not None
                if variables[node.name].free:  # its entries change together
                    continue
                variables[node.name] = replace(
                    variables[node.name], assume=variables[node.name].assume - TIES
                )
        exercise = replace(self.graph.exercise, variables=variables)
        if nodes == self.graph.nodes and exercise == self.graph.exercise:
            return None
        graph = replace(self.graph, exercise=exercise, nodes=nodes)
        careful = self.engine.quantities.careful
        return answerer(graph, self.forms.form, self.forms.layout, careful)

    def with_names(self, question: Question, answer: Answer, of: int, by: list[int]) -> Answer:
        """The answer in the names of answers above, where that is shorter; its own name is for
        those below.
        """
        plain, derivative = (self.derivatives.total(of, by[0], asked) for asked in (False, True))
        asked = derivative.terms != plain.terms
        if asked:
            named = self.written(question, derivative, of, by, False, opened=False)
            asked = self.shorter(named, answer)
            answer = replace(named, simplified=None, expanded=answer.expanded) if asked else answer
        if not question.entry and answer.symbolic is not None and not answer.free:
            numerator = question.of if question.loss else self.graph.nodes[of].name
            name = question.name or f"d{numerator}_d{self.graph.nodes[by[0]].name}"
            if reading_length(answer.symbolic) > 1 and (question.name or worth(answer)):
                self.derivatives.call(of, by[0], name, asked)
                self.details.show(name, answer)
        return answer

    def shorter(self, named: Answer, plain: Answer) -> bool:
        """Is an answer in the names of answers above preferred to the same without them? Not where
        something cancels that the names hide.
        """
        if named.symbolic is None or plain.symbolic is None or named.free:
            return False
        if [bool(one.stacked and not one.stacked.free) for one in (plain, named)] == [True, False]:
            return False  # the stack of a named gradient has no name
        if plain.free:
            return True
        short, long = operations(named.symbolic), operations(plain.symbolic)
        if long <= max(READABLE, 2 * short) and not self.details.called(named):
            return short < long and self.whole_length(named) <= self.whole_length(plain)
        return short < long or (short == long and bool(plain.where))

    def whole_length(self, answer: Answer) -> int:
        """How many operations an answer has with the gradients that it names written out."""
        found, where = self._lengths, answer.where
        assert isinstance(where, Formulas)
        for one in needed(where.direct, found):
            lengths = {use.name: found[use] for use in one.uses if use in found}
            found[one] = expanded_length(one.formula, lengths)
        lengths = {one.name: found[one] for one in where.direct}
        return 0 if answer.symbolic is None else expanded_length(answer.symbolic, lengths)

    def is_single(self, question: Question, number: int) -> bool:
        """One local derivative and nothing else: it stays as its rule gives it."""
        by = self.graph.stacks.get(question.by[0], question.by[0])
        of = self.graph.stacks.get(question.of, question.of)
        if question.loss or self.derivatives.ways.count(of, by) != 1:
            return False
        links = pairwise(self.derivatives.ways.first(of, by))
        locals_ = (self.details.local(*link).symbolic for link in links)
        varying = (
            True
            for expr in locals_
            if expr is None or any(name.id in self.graph.names for name in occurrences(expr))
        )
        return len(list(islice(varying, 2))) < 2

    def written(
        self,
        question: Question,
        derivative: Derivative,
        of: int,
        by: list[int],
        single: bool,
        opened: bool = True,
    ) -> Answer:
        """A derivative written as an answer: its form, its forms per example and in stacks, the
        gradients it names. `opened`: in inputs alone, too.
        """
        lengths = self.engine.quantities.entries.lengths
        engine, forms = self.engine, replace(self.forms, reading=self.derivatives.reading(of))
        terms, out, into, each = forms.per_example(derivative, question)
        terms = [engine.names.residuals_open(engine.algebra.normal(term)) for term in terms]
        simplified_terms = engine.sums.with_totals(forms.shortened(terms, single), forms.reading)
        simplified: Expr | None = None
        out_shape, shape = forms.shapes(of, by, question)
        free = forms.order(out, into, out_shape)
        if single and length(simplified_terms, lengths) < length(terms, lengths):
            if much_shorter(simplified_terms, terms, lengths):
                terms = simplified_terms
            else:
                simplified = forms.form_of(simplified_terms, free, each, shape, into).expr
        else:
            terms = simplified_terms
        terms = [engine.algebra.signs.facing(term) for term in terms]
        if forms.pairs(terms, each):
            return self.paired(question, terms, free, each, shape, into, of)
        form = forms.form_of(terms, free, each, shape, into)
        if simplified is not None and fractions(simplified) >= fractions(form.expr):
            simplified = None  # x² + 12xy³ is as good as x (x + 12y³)
        view = View(form.expr, shape)
        answer = Answer(
            question, "derivative", form.expr, shape, forms.layout, form.free, simplified=simplified
        )
        sums = any(ix.label in self.graph.examples for term in terms for ix in term.summed)
        if each or sums:
            stacked = forms.stacked(terms, free, each, shape, into)
            answer = replace(answer, per_example=view, stacked=stacked)
        if each and terms and not any(ix in term.indices for term in terms for ix in each):
            answer = replace(answer, warnings=(Problem(SAME, "it is identical for all examples"),))
        exprs = [form.expr]
        if answer.stacked is not None and answer.stacked.symbolic is not None:
            exprs.append(answer.stacked.symbolic)
        where = self.details.gradients_named(*exprs, reading=forms.reading)
        expanded = self.expansion.expanded(form.expr, where) if opened else None
        shown = shorthand(forms, terms, out, into, each)
        return replace(answer, expanded=expanded, where=where, shorthand=shown)

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
        forms = replace(self.forms, reading=self.derivatives.reading(of))
        view = forms.paired(terms, free, each, shape, into, question)
        stacked = None if view.free else view
        where = self.details.gradients_named(view.symbolic, reading=forms.reading)
        return Answer(
            question, "derivative", view.symbolic, view.shape, forms.layout, view.free,
            stacked=stacked, where=where,
        )  # fmt: skip

    def value(self, question: Question) -> Answer:
        """The formula of a quantity."""
        number = self.graph.names[self.graph.stacks.get(question.of, question.of)]
        node = self.graph.nodes[number]
        expr = (
            tree(self.graph.nodes, number, open_=True)
            if node.op != "input"
            else Name(node.name or "")
        )
        expanded = self.expansion.expanded(expr, ())
        return Answer(question, "value", expr, node.shape, self.forms.layout, expanded=expanded)

    def expression(self, question: Question) -> Answer:
        """The formula of an expression that is asked for, in the formulas of the answers above
        that it names; where these are long, in their names.
        """
        asked = self.graph.asked[question.text]
        answers = self.asked_answers(question)
        whole = put_in(asked, answers)
        written = None if whole is None else shortened(self.graph, asked, whole, self.normal)
        if written is not None and short(written):
            symbolic: Expr = written
            where: Sequence[tuple[str, Expr]] = ()
        else:
            symbolic, where = asked.opened, named(answers)
        known = written or (symbolic if len(where) == len(answers) else None)
        expanded = (
            None if known is None else self.expansion.expanded(known, () if written else where)
        )
        return Answer(
            question, "value", symbolic, asked.shape, self.forms.layout, expanded=expanded,
            where=where, put_in=whole,
        )  # fmt: skip

    def asked_answers(self, question: Question) -> dict[str, Answer]:
        """The derivatives that an expression names, written without the names of others."""
        if question.text not in self._asked:
            graph = self.graph
            found: dict[str, Answer] = {}
            for name, earlier in graph.asked[question.text].answers:
                layout = answer_layout(graph, earlier, self.forms.layout)
                plain = answerer(graph, self.forms.form, layout).answer(earlier)
                if earlier.entry:
                    plain = one_entry(graph, dict(graph.sizes), plain, earlier.entry)
                    if isinstance(plain.symbolic, Index):
                        plain = replace(
                            plain, symbolic=picked(plain.symbolic.base, plain.symbolic.items)
                        )
                found[name] = plain
            self._asked[question.text] = found
        return self._asked[question.text]

    def normal(self, graph: Graph, question: Question) -> Answer:
        """The answer to a question about another graph, in matrix form and as short as can be."""
        other = answerer(graph)
        of, by = graph.names[question.of], [graph.names[name] for name in question.by]
        return other.written(question, other.derivatives.total(of, by[0]), of, by, False)

    def shape(self, question: Question) -> Answer:
        """The shape of a quantity, per example and in stacks."""
        of = question.of
        node = self.graph.node(self.graph.stacks.get(of, of))
        examples = [self.graph.indices[name] for name in node.over if name in self.graph.examples]
        full = stacked(node.shape, *examples)
        shape = full if of in self.graph.stacks else node.shape
        reason = self.graph.reasons.get(self.graph.stacks.get(of, of))
        both = bool(self.graph.examples)
        return Answer(
            question,
            "shape",
            sizes(shape),
            shape,
            self.forms.layout,
            reason=reason,
            per_example=View(sizes(node.shape), node.shape) if both else None,
            stacked=View(sizes(full), full) if both else None,
        )

    def gradients(self) -> dict[str, Gradient]:
        """The total gradient at every real input, upstream included; {} for an array output
        without upstream.
        """
        graph = self.graph
        output = graph.node(graph.outputs[-1])
        of = self.derivatives.loss
        if of is None:
            if any(size != ONE for size in output.shape) or output.over:
                return {}
            of = graph.names[graph.outputs[-1]]
        result = {}
        held = self.laid_out("gradient")
        forms = replace(held.forms, reading=self.derivatives.reading(of))
        for name in graph.inputs:
            if name in graph.integers or name in graph.constants:
                continue
            derivative = self.derivatives.total(of, graph.names[name])
            terms, _, into, each = forms.per_example(derivative, Question(name, "derivative", name))
            terms = [self.engine.algebra.normal(term) for term in terms]
            shape = graph.node(name).shape
            if forms.pairs(terms, each):
                asked = Question(f"d{graph.exercise.loss}/d{name}", "derivative", name)
                answer = held.paired(asked, terms, into, each, shape, into, of)
                result[name] = Gradient(
                    answer.symbolic, free=answer.free, where=answer.where, shape=answer.shape
                )
                continue
            terms = self.engine.sums.with_totals(forms.shortened(terms, False), forms.reading)
            form = forms.form_of(terms, into, each, shape)
            where = held.details.gradients_named(form.expr, reading=forms.reading)
            result[name] = Gradient(form.expr, free=form.free, sizes=form.sizes, where=where)
        return result


def answerer(
    graph: Graph, form: str = "matrix", layout: str = "gradient", careful: bool = False
) -> Answerer:
    """Who answers the questions of a graph. `careful`: no product is divided by its factors,
    which may be 0.
    """
    made = engine(graph, careful)
    forms = Forms(
        made, form, layout, spelled=AuthorSpelling(made.quantities), text=AuthorText(graph)
    )
    derivatives = Derivatives(made)
    return Answerer(derivatives, Details(derivatives, forms), Expansion(forms))


def fractions(expr: Expr) -> int:
    """How many divisions stand in an expression."""
    return sum(isinstance(part, Binary) and part.op == "/" for part in walk(expr))


def worth(answer: Answer) -> bool:
    """Is an answer used by its name in those below? A product of matrices is not computed
    twice, nor what itself rests on a gradient.
    """
    assert answer.symbolic is not None
    products = (part for part in walk(answer.symbolic) if isinstance(part, Binary))
    return (
        bool(answer.where)
        or any(part.op == "@" for part in products)
        or reading_length(answer.symbolic) > SHORT
    )
