"""Answers evaluated and checked: the symbolic answer, its number at the given values, the
oracle's verdict.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from typing import Any

from gradcalc.derivation.answer_model import Answer, Gradient, Solution
from gradcalc.derivation.answers import Answerer, answerer
from gradcalc.derivation.expression_numbers import ExpressionNumbers
from gradcalc.derivation.formula_values import FormulaValues, shaped
from gradcalc.derivation.single_entry import one_entry
from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.asked_values import answer_layout
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.shape_rules import Shape, stacked
from gradcalc.language.tree import Name
from gradcalc.numeric.forward import Forward
from gradcalc.numeric.kinks import Kink
from gradcalc.numeric.oracle import FEW, Claim, Oracle
from gradcalc.numeric.scalar_functions import Misfit, Undefined, Unknown
from gradcalc.numeric.tensor import Tensor
from gradcalc.numeric.verified import Verified

COARSE = "these arrays are too large for enclosures: numbers are floats, of some 15 digits"
LIMIT = Problem(
    "limit",
    "the formula does not hold at this point: the number is what differences from every side "
    "come to",
)


def solve(exercise: Exercise, form: str | None = None, layout: str | None = None) -> Solution:
    """Build the graph, answer every question, evaluate the answers and check each against the
    oracle.

    `form` (matrix, index, entries) and `layout` (gradient, jacobian, denominator) default to the
    exercise's notation. Raises GradcalcError where the exercise cannot be read as mathematics.
    """
    return Solver(
        build(exercise), form or exercise.notation.form, layout or exercise.notation.layout
    ).solution()


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and its number in floats, over the examples, or why it has none."""

    answer: Answer
    tensor: Tensor | None = None
    problem: Undefined | None = None


class Solver:
    """Answers one graph's questions. The value of an answer is the value of the formula that is
    shown.
    """

    def __init__(self, graph: Graph, form: str, layout: str, oracle: Oracle | None = None) -> None:
        self.graph, self.form, self.layout = graph, form, layout
        self.answerer = answerer(graph, form, layout)
        self.oracle = oracle or Oracle(graph)
        self.formulas = FormulaValues(self.oracle)
        self.warnings: list[Problem] = [*graph.exercise.warnings, *graph.warnings]
        self.met: dict[Kink, None] = {}  # the kinks on whose conventions numbers rest

    @property
    def values(self) -> Forward:
        """The forward computation at the given point."""
        return self.oracle.given

    def solution(self) -> Solution:
        """All answers, the gradients at the inputs, and the values of the quantities."""
        answers = self.answers(self.graph.exercise.questions or default_questions(self.graph))
        return self.with_values(answers, self.checked_gradients(answers))

    def solution_for(self, question: Question) -> Solution:
        """The answer to one question, the answers that it names, and the values of the
        quantities; no gradients beside them.
        """
        asked = self.graph.asked.get(question.text)
        named = {one.text for _, one in asked.answers} if asked else set()
        posed = self.graph.exercise.questions
        wanted = [one for one in posed if one == question or one.text in named]
        return self.with_values(self.answers(wanted), {})

    def answers(self, questions: Sequence[Question]) -> tuple[Answer, ...]:
        """The answers to questions, with their numbers and their checks."""
        found = [self.evaluated_answer(question) for question in questions]
        right = self.right_together(found)
        return tuple(self.checked(one, right.get(number)) for number, one in enumerate(found))

    def checked_gradients(self, answers: Sequence[Answer]) -> dict[str, Gradient]:
        """The total gradients at the inputs; those that a verified answer states need no check."""
        known = {
            (a.question.by, a.text)
            for a in answers
            if self.total(a.question) and a.verified and a.verified.ok
        }
        gradients = self.gradients(self.answerer, known)
        if any(found.value is None for found in gradients.values()) and self.careful is not None:
            again = self.gradients(self.careful, known)
            gradients = {
                name: found if found.value is not None else again[name]
                for name, found in gradients.items()
            }
        for name, gradient in gradients.items():
            if gradient.verified is not None and gradient.verified.ok is False:
                self.warn("refuted", f"the gradient at {name} failed its check; it is not shown")
        return gradients

    def with_values(
        self, answers: tuple[Answer, ...], gradients: Mapping[str, Gradient]
    ) -> Solution:
        """Answers and gradients beside the values of the quantities, and all warnings."""
        graph = self.graph
        forward = {name: self.values.lists(name) for name in graph.quantities}
        names = (*graph.inputs, *graph.quantities)
        exacts = {
            name: exact for name in names if (exact := self.formulas.exact(Name(name))) is not None
        }
        inputs = {name: self.values.lists(name) for name in graph.inputs}
        missing = self.values.point.missing
        if missing and (graph.exercise.values or graph.exercise.seed is not None):
            has, them = ("has", "it") if len(missing) == 1 else ("have", "them")
            message = f"{', '.join(missing)} {has} no value, so results that depend on {them}"
            self.warn("missing-values", f"{message} stay symbolic")
        for name, problem in self.values.undefined.items():
            if name in graph.quantities and not missing:
                self.warn("undefined", f"{name} has no value: {problem.message}")
        if self.values.coarse:
            self.warn("floats", COARSE)
        self.warnings += [Problem(kink.slug, kink.message) for kink in self.met]
        unique = tuple(dict.fromkeys(self.warnings))
        return Solution(graph, answers, forward, exacts, inputs, gradients, unique)

    def total(self, question: Question) -> bool:
        """Does it ask for what `gradients` holds, of the loss or of *the* output?"""
        of_output = not self.graph.exercise.upstream and question.of == self.graph.outputs[-1]
        return question.kind == "derivative" and (question.loss or of_output)

    def warn(self, slug: str, message: str) -> None:
        """Keep a warning about the whole."""
        self.warnings.append(Problem(slug, message))

    # ---- one answer

    def answer(self, question: Question) -> Answer:
        """The answer to a question, with its number and its check."""
        return self.checked(self.evaluated_answer(question))

    def evaluated_answer(self, question: Question) -> Found:
        """The answer to a question, and its number in floats, not yet checked."""
        layout = answer_layout(self.graph, question, self.layout)
        writer = self.answerer if layout == self.layout else self.answerer.laid_out(layout)
        found = writer.answer(question)
        if question.kind in ("shape", "value"):
            return Found(found)
        tensor, problem = self.evaluated(found)
        if problem is not None and (careful := self.careful) is not None:
            again = careful.laid_out(layout).answer(question)
            other, wrong = self.evaluated(again)
            if wrong is None:
                return Found(again, other)
        return Found(found, tensor, problem)

    def right_together(self, found: Sequence[Found]) -> dict[int, Verified]:
        """The checks of derivatives of one number by many others, which are compared at once; those
        that are missing here are to be compared one by one.
        """
        if not self.values.scalar:
            return {}
        groups: dict[str | None, dict[str, int]] = {}
        for place, one in enumerate(found):
            question = one.answer.question
            if question.kind == "derivative" and question.expr is None:
                of, (by,) = self.of(question), self.bys(question)
                if of != by:
                    groups.setdefault(of, {}).setdefault(by, place)
        right: dict[int, Verified] = {}
        for of, places in groups.items():
            if len(places) > FEW:
                claims = {
                    by: (self.claim(found[place].answer), found[place].tensor)
                    for by, place in places.items()
                }
                checks = self.oracle.all_together(of, claims)
                right.update({places[by]: verified for by, verified in checks.items()})
        return right

    def checked(self, one: Found, verified: Verified | None = None) -> Answer:
        """An answer with its number and its check, which may be known."""
        found, tensor, problem = one.answer, one.tensor, one.problem
        question = found.question
        if question.kind == "shape":
            return found
        if question.expr is not None:
            return self.asked_value(found)
        if question.kind == "value":
            return self.quantity(found)
        verified = verified or self.verify(found, tensor)
        if verified.ok is False and self.form == "matrix":
            # The entry form is nearer to the terms; where it holds, only the matrix form was at
            # fault.
            layout = answer_layout(self.graph, question, self.layout)
            again = answerer(self.graph, "index", layout).answer(question)
            other, wrong = self.evaluated(again)
            if (right := self.verify(again, other)).ok:
                found, verified, tensor, problem = again, right, other, wrong
        found = self.numbered(replace(found, verified=verified), tensor, problem)
        if question.entry:
            found = one_entry(self.graph, self.formulas.sizes, found, question.entry)
        return found

    def quantity(self, found: Answer) -> Answer:
        """The value of a quantity, checked against the computation in more digits."""
        name = self.of(found.question) or ""
        value, problem = self.formulas.number(Name(name), (), (), found.shape)
        exactly, verified = self.formulas.exact(Name(name)), self.oracle.recomputed(name)
        found = replace(found, value=value, exact=exactly, verified=verified)
        if self.graph.node(name).over:  # one value for each example
            counts = [self.graph.indices[index] for index in self.graph.node(name).over]
            found = replace(found, shape=stacked(found.shape, *counts))
        return self.noted(found, problem)

    def asked_value(self, found: Answer) -> Answer:
        """The value of an expression, checked against that of the same expression in numeric
        derivatives.
        """
        numbers = ExpressionNumbers(self.oracle, found, self.answerer.asked_answers(found.question))
        tensor, problem = numbers.value()
        where = self.formulas.where(found.where)
        found = replace(
            found,
            value=self.formulas.listed(tensor, found.shape),
            exact=self.formulas.exact(found.symbolic, where),
            verified=numbers.verified(),
        )
        over = self.graph.asked[found.question.text].over
        if over:  # one value for each example
            counts = [self.graph.indices[index] for index in over]
            found = replace(found, shape=stacked(found.shape, *counts))
        return self.noted(found, problem)

    def evaluated(self, found: Answer) -> tuple[Tensor | None, Undefined | None]:
        """The number of an answer's formula at the given values, over the examples it is per."""
        # Written in stacks: two examples meet, or the question names a stack.
        by_stack = any(name in self.graph.stacks for name in found.question.by)
        whole = found.stacked is not None and (found.per_example is None or by_stack)
        examples = () if whole or self.spans(found) else self.examples(found.question)
        where = self.formulas.where(found.where)
        return self.formulas.tensor(found.symbolic, where, found.free, found.shape, examples)

    def numbered(self, found: Answer, tensor: Tensor | None, problem: Undefined | None) -> Answer:
        """The answer with its number: its formula's, the derivative's where that has none, none
        where there is none.
        """
        question = found.question
        where = self.formulas.where(found.where)
        exactly = self.formulas.exact(found.symbolic, where)
        asked = self.of(question), self.bys(question), question.kind == "local"
        if refusal := self.oracle.refusal(*asked):
            tensor, exactly, problem = None, None, refusal
        elif not self.values.point.missing and not isinstance(problem, Unknown | Misfit):
            limit = self.oracle.limit(*asked, tensor, found.layout)
            if limit is not None:
                tensor, exactly, problem = self.laid_out(limit, found), None, None
                found = replace(found, warnings=(*found.warnings, LIMIT))
                if found.verified and found.verified.ok is None and found.verified.method:
                    # The formula holds elsewhere, and the number is the oracle's own.
                    found = replace(found, verified=replace(found.verified, ok=True))
            elif tensor is not None:
                met = self.oracle.conventions(*asked, tensor, found.layout)
                self.met.update(dict.fromkeys(met))
                noted = (Problem(kink.slug, kink.message) for kink in met)
                found = replace(found, warnings=(*found.warnings, *noted))
        value = self.formulas.listed(tensor, found.shape)
        found = replace(found, value=value, exact=exactly)
        if (stacked := found.stacked) is not None:
            if value is not None and found.verified and found.verified.ok:
                wrong = self.formulas.agree(stacked, where, value)
                found = replace(found, verified=wrong or found.verified)
            found = replace(found, stacked=replace(stacked, value=value))
        return self.noted(self.with_upstream(found), problem)

    def laid_out(self, derivative: Tensor, answer: Answer) -> Tensor:
        """The oracle's derivative in the layout and the shape of an answer."""
        import numpy as np

        question, first = answer.question, len(derivative.over)
        data = np.asarray(derivative.data)
        rank = 0 if question.loss else len(self.graph.node(self.of(question) or "").shape)
        if answer.layout == "denominator" and len(question.by) == 1:
            of = range(first, first + rank)
            data = np.moveaxis(data, of, range(data.ndim - rank, data.ndim))
        elif answer.layout == "jacobian" and rank == 0 and data.ndim - first == 2:
            data = np.swapaxes(data, -1, -2)
        target = [size.at(self.formulas.sizes) for size in answer.shape]
        if self.spans(answer):  # examples last, as one of its axes
            data = np.moveaxis(data, range(first), range(data.ndim - first, data.ndim))
            return Tensor(data.reshape(target))
        return shaped(Tensor(data, derivative.over), target, data.shape[:first])

    @cached_property
    def careful(self) -> Answerer | None:
        """Answers that do not divide a product by its factors, for where one of them is 0; None
        without products.
        """
        if all(node.op != "prod" for node in self.graph.nodes):
            return None
        return answerer(self.graph, self.form, self.layout, careful=True)

    def examples(self, question: Question) -> tuple[str, ...]:
        """The example indices that an answer is per: of its numerator and its denominators."""
        names = [name for name in (self.of(question), *self.bys(question)) if name is not None]
        found = {
            ix for name in names for ix in self.graph.node(name).over if ix in self.graph.examples
        }
        return tuple(ix for ix in self.graph.examples if ix in found)

    def spans(self, answer: Answer) -> bool:
        """Is an entry form already over the examples, as one of its axes?"""
        sizes = [self.graph.indices[ix] for ix in self.examples(answer.question)]
        return (
            bool(sizes)
            and answer.per_example is None
            and list(answer.shape[-len(sizes) :]) == sizes
        )

    def noted(self, answer: Answer, problem: Undefined | None) -> Answer:
        """The answer with a warning where it has no value."""
        if problem is None or self.values.point.missing:
            return answer
        warning = Problem("undefined", f"no value here: {problem.message}")
        return replace(answer, warnings=(*answer.warnings, warning))

    def of(self, question: Question) -> str | None:
        """The quantity that is differentiated; None for the loss behind upstream gradients."""
        return None if question.loss else self.graph.stacks.get(question.of, question.of)

    def bys(self, question: Question) -> tuple[str, ...]:
        """The quantities by which it is differentiated, one after the other."""
        return tuple(self.graph.stacks.get(name, name) for name in question.by)

    def verify(self, answer: Answer, shown: Tensor | None, once: bool = False) -> Verified:
        """The oracle's verdict on a formula and its number; `once`: compared along one
        direction.
        """
        question = answer.question
        by = self.bys(question)
        then = by[1] if len(by) > 1 else None
        return self.oracle.verify(
            self.claim(answer),
            self.of(question),
            by[0],
            then,
            question.kind == "local",
            once=once,
            shown=shown,
        )

    def claim(self, answer: Answer) -> Claim:
        """What an answer says of a derivative."""
        expr, free = answer.symbolic, answer.free
        assert expr is not None
        if answer.per_example is not None and answer.per_example.symbolic != expr:
            expr, free = answer.per_example.symbolic, answer.per_example.free
        return Claim(expr, self.formulas.where(answer.where), free, answer.layout)

    # ---- the loss

    def with_upstream(self, answer: Answer) -> Answer:
        """The total derivative of the loss by the denominator, where the numerator is the loss
        or bears an upstream.
        """
        question = answer.question
        if not self.graph.exercise.upstream or question.kind != "derivative":
            return answer
        if question.loss:
            return replace(answer, with_upstream=answer.value, with_upstream_exact=answer.exact)
        borne = {item.of or self.graph.outputs[-1] for item in self.graph.exercise.upstream}
        if question.of not in borne:
            return answer
        asked = Question(
            question.text, "derivative", self.graph.exercise.loss, question.by, loss=True
        )
        total = self.answerer.answer(asked)
        where = self.formulas.where(total.where)
        if self.oracle.refusal(None, self.bys(question)):
            return answer
        tensor, _ = self.formulas.tensor(
            total.symbolic, where, total.free, total.shape, self.examples(asked)
        )
        if (verified := self.verify(total, tensor, once=True)).ok is False:
            return replace(answer, verified=verified)
        value = self.formulas.listed(tensor, total.shape)
        return replace(
            answer,
            with_upstream=value,
            with_upstream_exact=self.formulas.exact(total.symbolic, total.where),
        )

    def gradients(self, answerer: Answerer, known: Container[Any]) -> dict[str, Gradient]:
        """The total gradients at the inputs, with their numbers. What no verified answer says
        already is compared, all of them at once where that tells.
        """
        found = answerer.gradients()
        numbers = {name: self.gradient_number(name, found[name]) for name in found}
        new = [
            name
            for name, gradient in found.items()
            if gradient.symbolic is not None and ((name,), gradient.text) not in known
        ]
        shown = {name: numbers[name][0] for name in new}
        common = self.oracle.together(self.loss, shown) if len(new) > 1 else None
        for name in new:
            verified = common or self.verified_gradient(name, found[name], shown[name])
            found[name] = replace(found[name], verified=verified)
            if verified.ok is False:
                found[name] = replace(found[name], symbolic=None, where=(), free=())
        return {name: self.evaluated_gradient(name, found[name], *numbers[name]) for name in found}

    @property
    def loss(self) -> str | None:
        """What the gradients are of: *the* output, or the loss behind upstream gradients, None."""
        return None if self.graph.exercise.upstream else self.graph.outputs[-1]

    def gradient_number(self, name: str, found: Gradient) -> tuple[Tensor | None, Undefined | None]:
        """The number of a total gradient, over the examples."""
        where, over = self.formulas.where(found.where), self.graph.node(name).over
        examples = () if found.shape else tuple(ix for ix in over if ix in self.graph.examples)
        shape = self.gradient_shape(name, found)
        return self.formulas.tensor(found.symbolic, where, found.free, shape, examples)

    def gradient_shape(self, name: str, found: Gradient) -> Shape:
        """Its own, of a stack; else that of the input."""
        return found.shape or self.graph.node(name).shape

    def verified_gradient(self, name: str, found: Gradient, shown: Tensor | None) -> Verified:
        """One total gradient compared along one direction."""
        assert found.symbolic is not None
        claim = Claim(found.symbolic, self.formulas.where(found.where), found.free)
        return self.oracle.verify(claim, self.loss, name, once=True, shown=shown)

    def evaluated_gradient(
        self, name: str, found: Gradient, tensor: Tensor | None, problem: Undefined | None
    ) -> Gradient:
        """A total gradient with its number: its formula's, the derivative's where that has none,
        none where there is none, or where the formula failed its check.
        """
        if found.verified is not None and found.verified.ok is False:
            return found
        loss = self.loss
        if self.oracle.refusal(loss, (name,)):
            met = self.oracle.met(loss, (name,))
            self.met.update(dict.fromkeys(kink for kink in met if kink.slug in ("kink", "jump")))
            return found
        if not self.values.point.missing and not isinstance(problem, Unknown | Misfit):
            limit = self.oracle.limit(loss, (name,), False, tensor)
            if limit is not None:
                tensor = limit
            elif tensor is not None:
                met = self.oracle.conventions(loss, (name,), False, tensor, "gradient")
                self.met.update(dict.fromkeys(met))
        value = self.formulas.listed(tensor, self.gradient_shape(name, found))
        return replace(found, value=value)
