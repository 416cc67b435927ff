"""Answers evaluated and checked: the symbolic answer, its number at the given values, the oracle's verdict."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from gradcalc.calculus.notation.entry_lists import settled
from gradcalc.calculus.notation.views import View
from gradcalc.derivation.answer_details import upstream_name
from gradcalc.derivation.answer_model import Answer, Gradient, Solution
from gradcalc.derivation.answers import Answerer
from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.build import Graph, build
from gradcalc.language.constants import size_of
from gradcalc.language.errors import GradcalcError, Problem, SpanError
from gradcalc.language.formula_pieces import Number
from gradcalc.language.shape_rules import Shape, Size
from gradcalc.language.tree import Expr, Index, Name, occurrences, substitute
from gradcalc.numeric.exact_values import exact
from gradcalc.numeric.forward import Forward, to_lists, upstream_key
from gradcalc.numeric.kinks import Kink
from gradcalc.numeric.oracle import Claim, Oracle
from gradcalc.numeric.scalar_functions import Misfit, Undefined, Unknown
from gradcalc.numeric.tensor import Tensor
from gradcalc.numeric.verified import Verified

Where = tuple[tuple[str, Expr], ...]


def solve(exercise: Exercise, form: str | None = None, layout: str | None = None) -> Solution:
    """Build the graph, answer every question, evaluate the answers and check each against the oracle.

    `form` (matrix, index, entries) and `layout` (gradient, jacobian, denominator) default to the exercise's notation.
    Raises GradcalcError where the exercise cannot be read as mathematics.
    """
    return Solver(
        build(exercise), form or exercise.notation.form, layout or exercise.notation.layout
    ).solution()


class Solver:
    """Answers one graph's questions. The value of an answer is the value of the formula that is shown."""

    def __init__(self, graph: Graph, form: str, layout: str) -> None:
        self.graph, self.form, self.layout = graph, form, layout
        self.answerer = Answerer(graph, form, layout)
        self.oracle = Oracle(graph)
        self.warnings: list[Problem] = [*graph.exercise.warnings, *graph.warnings]
        self.met: dict[Kink, None] = {}

    @property
    def values(self) -> Forward:
        return self.oracle.given

    @cached_property
    def sizes(self) -> dict[str, int]:
        return dict(self.values.point.sizes)

    def solution(self) -> Solution:
        graph = self.graph
        questions = graph.exercise.questions or default_questions(graph)
        answers = tuple(self.answer(question) for question in questions)
        known = {
            (a.question.by, a.text)
            for a in answers
            if self.total(a.question) and a.verified and a.verified.ok
        }
        gradients = {
            name: self.gradient(name, found, known)
            for name, found in self.answerer.gradients().items()
        }
        if any(found.value is None for found in gradients.values()) and self.careful is not None:
            again = {
                name: self.gradient(name, found, known)
                for name, found in self.careful.gradients().items()
            }
            gradients = {
                name: found if found.value is not None else again[name]
                for name, found in gradients.items()
            }
        for name, gradient in gradients.items():
            if gradient.verified is not None and gradient.verified.ok is False:
                self.warn("refuted", f"the gradient at {name} failed its check; it is not shown")
        forward = {name: self.values.lists(name) for name in graph.quantities}
        names = (*graph.inputs, *graph.quantities)
        exacts = {name: found for name in names if (found := self.exact(Name(name))) is not None}
        inputs = {name: self.values.lists(name) for name in graph.inputs}
        missing = self.values.point.missing
        if missing and (graph.exercise.values or graph.exercise.seed is not None):
            self.warn(
                "missing-values",
                f"no value for {', '.join(missing)}: what depends on it is symbolic only",
            )
        for name, problem in self.values.undefined.items():
            if name in graph.quantities and not missing:
                self.warn("undefined", f"{name} has no value: {problem.message}")
        if self.values.coarse:
            message = (
                "these arrays are too large for enclosures: numbers are floats, of some 15 digits"
            )
            self.warn("floats", message)
        self.warnings += [Problem(kink.slug, kink.message) for kink in self.met]
        unique = tuple(dict.fromkeys(self.warnings))
        return Solution(graph, answers, forward, exacts, inputs, gradients, unique)

    def total(self, question: Question) -> bool:
        """Does it ask for what `gradients` holds, of the loss or of *the* output?"""
        of_output = not self.graph.exercise.upstream and question.of == self.graph.outputs[-1]
        return question.kind == "derivative" and (question.loss or of_output)

    def warn(self, slug: str, message: str) -> None:
        self.warnings.append(Problem(slug, message))

    # ---- one answer

    def answer(self, question: Question) -> Answer:
        found = self.answerer.answer(question)
        if question.kind == "shape":
            return found
        if question.kind == "value":
            name = self.of(question) or ""
            value, problem = self.number(Name(name), (), (), found.shape)
            verified = self.oracle.recomputed(name)
            exactly = self.exact(Name(question.of))
            return self.noted(
                replace(found, value=value, exact=exactly, verified=verified), problem
            )
        tensor, problem = self.evaluated(found)
        if problem is not None and (careful := self.careful) is not None:
            again = careful.answer(question)
            other, wrong = self.evaluated(again)
            if wrong is None:
                found, tensor, problem = again, other, None
        verified = self.verify(found, tensor)
        if verified.ok is False and self.answerer.form == "matrix":
            # The entry form is nearer to the terms; where it holds, only the matrix form was at fault.
            plain = Answerer(self.graph, "index", self.layout)
            again = plain.answer(question)
            other, wrong = self.evaluated(again)
            if (right := self.verify(again, other)).ok:
                found, verified, tensor, problem = again, right, other, wrong
        where = self.where(found.where)
        exactly = self.exact(found.symbolic, where)
        asked = self.of(question), self.bys(question), question.kind == "local"
        limit: Tensor | None = None
        if refusal := self.oracle.refusal(*asked):
            tensor, exactly, problem = None, None, refusal
        elif not self.values.point.missing and not isinstance(problem, Unknown | Misfit):
            limit = self.oracle.limit(*asked, tensor, found.layout)
        if limit is not None:
            tensor, exactly, problem = self.laid_out(limit, found), None, None
            message = "the formula does not hold at this point: the number is what differences from every side come to"
            found = replace(found, warnings=(*found.warnings, Problem("limit", message)))
        value = None if tensor is None else to_lists(self.graph, tensor, found.shape)
        found = replace(found, verified=verified, value=value, exact=exactly)
        if (stacked := found.stacked) is not None:
            if value is not None and verified.ok:
                found = replace(found, verified=self.agree(stacked, where, value) or verified)
            found = replace(found, stacked=replace(stacked, value=value))
        found = self.with_upstream(found)
        if question.entry:
            found = self.one_entry(found, question.entry)
        if limit is None and tensor is not None and not self.values.point.missing:
            met = self.oracle.conventions(*asked, tensor, found.layout)
            self.met.update(dict.fromkeys(met))
            noted = (Problem(kink.slug, kink.message) for kink in met)
            found = replace(found, warnings=(*found.warnings, *noted))
        return self.noted(found, problem)

    def evaluated(self, found: Answer) -> tuple[Tensor | None, Undefined | None]:
        """The number of an answer's formula at the given values, over the examples it is per."""
        # Written in stacks: two examples meet, or the question names a stack.
        by_stack = any(name in self.graph.stacks for name in found.question.by)
        whole = found.stacked is not None and (found.per_example is None or by_stack)
        examples = () if whole or self.spans(found) else self.examples(found.question)
        where = self.where(found.where)
        return self.tensor(found.symbolic, where, found.free, found.shape, examples)

    @cached_property
    def careful(self) -> Answerer | None:
        """Answers that do not divide a product by its factors, for where one of them is 0; None without products."""
        if all(node.op != "prod" for node in self.graph.nodes):
            return None
        answerer = Answerer(self.graph, self.form, self.layout)
        answerer.engine.careful = True
        return answerer

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

    def agree(self, view: View, where: Where, value: Number) -> Verified | None:
        """None where the stacked form has the value of the answer; else what is wrong with it."""
        import numpy as np

        try:
            if view.free:
                found, problem = self.number(view.symbolic, where, view.free, view.shape)
                if problem is not None:
                    raise problem
                got = np.asarray(found, dtype=float)
            else:
                got = np.asarray(self.values.evaluate(view.symbolic, dict(where)).data, dtype=float)
        except Undefined as problem:
            return Verified(
                False,
                "the stacked form evaluated at the given values",
                None,
                f"stacked form: {problem.message}",
            )
        want = np.asarray(value, dtype=float)
        if got.size == 1 and want.size != 1:
            got = np.broadcast_to(got.reshape(-1), want.shape)
        if got.size == want.size and np.allclose(
            got.reshape(want.shape), want, rtol=1e-8, atol=1e-10
        ):
            return None
        return Verified(
            False,
            "the stacked form evaluated at the given values",
            None,
            "the stacked form has another value",
        )

    def noted(self, answer: Answer, problem: Undefined | None) -> Answer:
        if problem is None or self.values.point.missing:
            return answer
        warning = Problem("undefined", f"no value here: {problem.message}")
        return replace(answer, warnings=(*answer.warnings, warning))

    def of(self, question: Question) -> str | None:
        return None if question.loss else self.graph.stacks.get(question.of, question.of)

    def bys(self, question: Question) -> tuple[str, ...]:
        return tuple(self.graph.stacks.get(name, name) for name in question.by)

    def verify(self, answer: Answer, shown: Tensor | None, once: bool = False) -> Verified:
        """The oracle's verdict on the formula, and on the number that is shown for it."""
        question = answer.question
        by = self.bys(question)
        expr, free = answer.symbolic, answer.free
        assert expr is not None
        if answer.per_example is not None and answer.per_example.symbolic != expr:
            expr, free = answer.per_example.symbolic, answer.per_example.free
        claim = Claim(expr, self.where(answer.where), free, answer.layout)
        then = by[1] if len(by) > 1 else None
        return self.oracle.verify(
            claim, self.of(question), by[0], then, question.kind == "local", once=once, shown=shown
        )

    def where(self, where: Where) -> Where:
        """Named gradients, and before them the upstream gradients under the names they are written with."""
        given: list[tuple[str, Expr]] = []
        for item in self.graph.exercise.upstream:
            quantity = item.of or self.graph.outputs[-1]
            name = upstream_name(self.graph, item)
            if name not in self.graph.names:
                given.append((name, Name(upstream_key(quantity))))
        return (*given, *where)

    def number(
        self,
        expr: Expr | None,
        where: Where,
        free: Sequence[str],
        shape: Shape,
        examples: Sequence[str] = (),
    ) -> tuple[Number, Undefined | None]:
        """The value of a formula as nested lists in the shape of the answer, examples last."""
        tensor, problem = self.tensor(expr, where, free, shape, examples)
        return None if tensor is None else to_lists(self.graph, tensor, shape), problem

    def tensor(
        self,
        expr: Expr | None,
        where: Where,
        free: Sequence[str],
        shape: Shape,
        examples: Sequence[str] = (),
    ) -> tuple[Tensor | None, Undefined | None]:
        """The same as an array over the examples."""
        try:
            target = [size.at(self.sizes) for size in shape]
        except KeyError:
            return None, None
        try:
            tensor = self.values.evaluate(expr, dict(where), self.lengths(free, shape))
            tensor = shaped(tensor, target, self.sizes_over(tensor))
            return self.spread(tensor, examples), None
        except Undefined as problem:
            return None, problem

    def lengths(self, free: Sequence[str], shape: Shape) -> dict[str, int]:
        """The free indices of an entry formula with their ranges; axes that are 1 by declaration have none."""
        axes = [size.at(self.sizes) for size in shape if size.number != 1]
        return dict(zip(free, axes, strict=True)) if free else {}

    def spread(self, tensor: Tensor, examples: Sequence[str]) -> Tensor:
        """A per-example answer that is the same for all examples, once for each."""
        for name in examples:
            if name not in tensor.over:
                import numpy as np

                count = self.graph.indices[name].at(self.sizes)
                data = np.broadcast_to(np.asarray(tensor.data), (count, *np.shape(tensor.data)))
                tensor = Tensor(data, (name, *tensor.over))
        return tensor

    def laid_out(self, derivative: Tensor, answer: Answer) -> Tensor:
        """The oracle's derivative in the layout and the shape of an answer."""
        import numpy as np

        target = [size.at(self.sizes) for size in answer.shape]
        first, data = len(derivative.over), np.asarray(derivative.data)
        rank = len(self.graph.node(self.of(answer.question) or self.graph.outputs[-1]).shape)
        if answer.question.loss:
            rank = 0
        if answer.layout == "denominator" and len(answer.question.by) == 1:
            of = range(first, first + rank)
            data = np.moveaxis(data, of, range(data.ndim - rank, data.ndim))
        elif answer.layout == "jacobian" and rank == 0 and data.ndim - first == 2:
            data = np.swapaxes(data, -1, -2)
        if self.spans(answer):  # examples last, as one of its axes
            data = np.moveaxis(data, range(first), range(data.ndim - first, data.ndim))
            return Tensor(data.reshape(target))
        over = [data.shape[k] for k in range(first)]
        return shaped(Tensor(data, derivative.over), target, over)

    @staticmethod
    def sizes_over(tensor: Tensor) -> list[int]:
        return [tensor.size(name) for name in tensor.over]

    def exact(self, expr: Expr | None, where: Where = ()) -> Expr | None:
        """The exact value of a scalar formula, where it is short."""
        if expr is None or self.values.point.missing or not self.values.scalar:
            return None
        if not {name for name, _ in where}.isdisjoint(name.id for name in occurrences(expr)):
            return None
        given = {
            name: value
            for name, value in self.values.point.values.items()
            if not isinstance(value, tuple)
        }
        values = {**given, **self.exact_quantities}
        return exact(expr, values)

    @cached_property
    def exact_quantities(self) -> Mapping[str, Expr]:
        found: dict[str, Expr] = {}
        values: dict[str, Any] = dict(self.values.point.values)
        for definition in sorted(
            self.graph.exercise.definitions, key=lambda d: self.graph.quantities.index(d.name)
        ):
            value = exact(definition.expr, {**values, **found})
            if value is not None:
                found[definition.name] = value
        return found

    def one_entry(self, answer: Answer, entry: tuple[Expr, ...]) -> Answer:
        """A single entry of an answer. Raises GradcalcError where it has none at that place."""
        question = answer.question
        try:
            known = {
                name for node in self.graph.nodes for size in node.shape for name in size.names
            }
            places = [self.length(size_of(item, known)) for item in entry]
        except SpanError as error:
            raise GradcalcError(
                Problem("entry", error.message, question.place, "entries are counted from 0")
            ) from None
        axes = [self.length(size) for size in answer.shape]
        pairs = [(k, n) for k, n in zip(places, axes, strict=False) if k is not None]
        if len(places) > len(axes) or any(k < 0 or (n is not None and k >= n) for k, n in pairs):
            message = f"`{question.text}`: the derivative has the shape [{', '.join(map(str, answer.shape))}]"
            raise GradcalcError(
                Problem("entry", message, question.place, "entries are counted from 0")
            )

        def pick(value: Any) -> Any:
            for place in places:
                value = value[place] if isinstance(value, list) and place is not None else None
            return value

        fixed = [item for item, size in zip(entry, answer.shape, strict=False) if size.number != 1]
        table = dict(zip(answer.free, fixed, strict=False))

        def part(expr: Expr | None) -> Expr | None:
            if expr is None or not answer.free:
                return None if expr is None else Index(expr, entry)
            return settled(substitute(expr, table), {})

        return replace(
            answer, symbolic=part(answer.symbolic), expanded=part(answer.expanded), value=pick(answer.value),
            with_upstream=pick(answer.with_upstream), shape=answer.shape[len(entry):], free=answer.free[len(table):],
            per_example=None, stacked=None, shorthand=None,
        )  # fmt: skip

    def length(self, size: Size) -> int | None:
        try:
            return size.at(self.sizes)
        except KeyError:
            return None

    # ---- the loss

    def with_upstream(self, answer: Answer) -> Answer:
        """The total derivative of the loss by the denominator, where the numerator is the loss or bears an upstream."""
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
        where = self.where(total.where)
        if self.oracle.refusal(None, self.bys(question)):
            return answer
        examples = self.examples(asked)
        tensor, _ = self.tensor(total.symbolic, where, total.free, total.shape, examples)
        if (verified := self.verify(total, tensor, once=True)).ok is False:
            return replace(answer, verified=verified)
        value = None if tensor is None else to_lists(self.graph, tensor, total.shape)
        return replace(
            answer, with_upstream=value, with_upstream_exact=self.exact(total.symbolic, total.where)
        )

    def gradient(self, name: str, found: Gradient, known: Container[Any]) -> Gradient:
        """A total gradient with its number. What no verified answer says already is compared along one direction."""
        node = self.graph.node(name)
        loss = None if self.graph.exercise.upstream else self.graph.outputs[-1]
        where = self.where(found.where)
        over = tuple(ix for ix in node.over if ix in self.graph.examples)
        shape, examples = (found.shape, ()) if found.shape else (node.shape, over)
        tensor, problem = self.tensor(found.symbolic, where, found.free, shape, examples)
        if found.symbolic is not None and ((name,), found.text) not in known:
            claim = Claim(found.symbolic, where, found.free)
            verified = self.oracle.verify(claim, loss, name, once=True, shown=tensor)
            found = replace(found, verified=verified)
            if verified.ok is False:
                return replace(found, symbolic=None, where=(), free=())
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
        value = None if tensor is None else to_lists(self.graph, tensor, shape)
        return replace(found, value=value)


def shaped(tensor: Tensor, target: Sequence[int], over: Sequence[int]) -> Tensor:
    """A formula's array in the shape of the answer: axes of length 1 as declared. Raises Undefined for another size."""
    import math

    if tensor.plain and not target:
        return tensor
    import numpy as np

    data = np.asarray(tensor.data)
    have, want = data.size, math.prod(over) * math.prod(target)
    if have != want:
        if math.prod(data.shape[len(over) :]) != 1:
            raise Undefined("the formula has another shape than the answer")
        data = np.broadcast_to(data.reshape((*over, *([1] * len(target)))), (*over, *target))
    return Tensor(data.reshape((*over, *target)), tensor.over)


def default_questions(graph: Graph) -> tuple[Question, ...]:
    from gradcalc.graph.build import default_questions as asked

    return asked(graph)
