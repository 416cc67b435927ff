"""The value of an expression that is asked for, beside that of the same expression in the oracle's
own derivatives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.formula_values import Where, shaped
from gradcalc.exercise.model import Question
from gradcalc.graph.asked_values import answer_layout, answer_shape, stacks
from gradcalc.language.fast_dataclasses import replace
from gradcalc.numeric.array_operations import getitem
from gradcalc.numeric.comparison import Outcome, agreement
from gradcalc.numeric.derivative_arrays import derivative_at
from gradcalc.numeric.evaluate import bind, evaluate, stacked
from gradcalc.numeric.forward import Forward, upstream_key
from gradcalc.numeric.oracle import CONVENTION, Claim, Oracle
from gradcalc.numeric.precision import climb
from gradcalc.numeric.scalar_functions import Misfit, Undefined
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.numeric.verified import Verified

HOW = "the expression in power series in enclosures"


class ExpressionNumbers:
    """The numbers of one expression. `answers`: the derivatives that it names."""

    def __init__(self, oracle: Oracle, answer: Answer, answers: Mapping[str, Answer]) -> None:
        self.oracle, self.graph, self.answer, self.answers = oracle, oracle.graph, answer, answers
        self.asked = self.graph.asked[answer.question.text]

    # ---- what is shown

    def value(self) -> tuple[Tensor | None, Undefined | None]:
        """The value of the formula at the given point, in floats."""
        values = self.oracle.given
        for earlier in self.answers.values():
            if refusal := self.oracle.refusal(*self.target(earlier.question)):
                return None, refusal
        try:
            return values.known(lambda bits: self.shown(values, bits)), None
        except (Misfit, KeyError):
            return None, None
        except Undefined as problem:
            return None, problem

    def shown(self, values: Forward, bits: int) -> Tensor:
        """The formula, with the formulas of the derivatives that it names."""
        env = values.formulas(bits)
        with env.numbers.working():
            for name, earlier in self.answers.items():
                env = self.called(env, name, self.formula(earlier, env, values))
            env = bind(env, self.given(self.answer.where))
            assert self.answer.symbolic is not None
            return self.sized(evaluate(self.answer.symbolic, env), values)

    def given(self, where: Where) -> Where:
        """Named gradients, and before them the upstream gradients under the names in formulas."""
        from gradcalc.derivation.total_derivatives import upstream_name

        found: list[Any] = []
        for item in self.graph.exercise.upstream:
            name = upstream_name(self.graph, item)
            if name not in self.graph.names:
                from gradcalc.language.tree import Name

                found.append((name, Name(upstream_key(item.of or self.graph.outputs[-1]))))
        return (*found, *where)

    def formula(self, earlier: Answer, env: Env, values: Forward) -> Tensor:
        """A derivative by its formula."""
        assert earlier.symbolic is not None
        target = self.lengths(earlier.question, values)
        axes = [n for n, size in zip(target, earlier.shape, strict=False) if size.number != 1]
        claim = Claim(earlier.symbolic, self.given(earlier.where), earlier.free)
        tensor = claim.at(env, tuple(axes))
        return shaped(tensor, target, [tensor.size(name) for name in tensor.over])

    # ---- what the oracle says

    def computed(self, values: Forward, bits: int) -> Tensor:
        """The expression in numeric derivatives."""
        env = values.formulas(bits)
        with env.numbers.working():
            for name, question in self.asked.answers:
                env = self.called(env, name, self.derivative(question, values, bits))
            return self.sized(evaluate(self.asked.opened, env), values)

    def derivative(self, question: Question, values: Forward, bits: int) -> Tensor:
        """A derivative as the oracle has it, in the layout of the answer."""
        target = self.oracle.target(*self.target(question))
        layout = answer_layout(self.graph, question)
        shape = answer_shape(self.graph, question, layout, whole=True)
        lengths = [size.at(dict(values.point.sizes)) for size in shape]
        found = derivative_at(values, target, layout, lengths, bits)
        env = values.env(bits)
        if stacks(self.graph, question):
            found = stacked(found, env)
        if question.entry:
            found = getitem(found, [evaluate(item, env) for item in question.entry], env)
        return found

    def verified(self) -> Verified:
        """The formula beside the expression in numeric derivatives, here and at other points."""
        labels: list[str] = []
        reasons: list[str] = []
        worst = 0.0
        for values in self.points():
            outcome = self.at(values)
            label = values.point.label
            if outcome.ok is False:
                return Verified(False, f"{HOW}, at {label}", outcome.error, f"differs at {label}")
            if outcome.ok is None:
                reasons.append(outcome.reason or "nothing to compare")
                if values is self.oracle.given and not values.point.missing:
                    return Verified(None, reason=reasons[0])
            else:
                labels.append(label)
                worst = max(worst, outcome.error)
        if not labels:
            return Verified(None, reason=reasons[0] if reasons else "nothing to compare")
        return Verified(True, f"{HOW}, at {'; at '.join(labels)}", worst)

    def points(self) -> Iterator[Forward]:
        yield self.oracle.given
        yield from self.oracle.others

    def at(self, values: Forward) -> Outcome:
        """The comparison at one point."""
        for _, question in self.asked.answers:
            target = self.oracle.target(*self.target(question))
            near = self.oracle.candidates(values, target)
            if near and not self.oracle.sides(values, target).smooth:
                kink = near[0].slug == "kink"
                reason = CONVENTION if kink else f"nothing to compare: {near[0].message}"
                return Outcome(None, reason=reason, convention=kink)
        if values.coarse:
            return Outcome(None, reason="with more digits it would take too long")
        try:
            return climb(
                lambda bits: agreement(self.computed(values, bits), self.shown(values, bits), HOW)
            )
        except Misfit as problem:
            return Outcome(False, how=HOW, reason=problem.message)
        except Undefined as problem:
            return Outcome(None, reason=problem.message)
        except KeyError:
            return Outcome(None, reason="a size has no value")

    # ---- shapes

    def target(self, question: Question) -> tuple[str | None, tuple[str, ...], bool]:
        known = self.graph.stacks
        of = None if question.loss else known.get(question.of, question.of)
        bys = tuple(known.get(name, name) for name in question.by)
        return of, bys, question.kind == "local"

    def called(self, env: Env, name: str, tensor: Tensor) -> Env:
        """An answer under its name, with the shape that is declared for it."""
        shape = self.asked.graph.node(name).shape
        return replace(env.bind({name: tensor}), shapes={**env.shapes, name: shape})

    def lengths(self, question: Question, values: Forward) -> list[int]:
        """The shape of an answer in numbers."""
        name = next(name for name, asked in self.asked.answers if asked is question)
        return [size.at(dict(values.point.sizes)) for size in self.asked.graph.node(name).shape]

    def sized(self, tensor: Tensor, values: Forward) -> Tensor:
        target = [size.at(dict(values.point.sizes)) for size in self.asked.shape]
        return shaped(tensor, target, [tensor.size(name) for name in tensor.over])
