"""An exercise of which everything but the values of its inputs is fixed: its answers are derived
once, and then evaluated for one try exactly, or for many tries at once in floats.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.answers import answerer
from gradcalc.derivation.formula_values import shaped
from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Exercise, Question, Value
from gradcalc.graph.asked_values import answer_examples
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Expr, Name, names
from gradcalc.language.shape_rules import Shape
from gradcalc.marking.functions import entry_of
from gradcalc.numeric.closed_forms import exact_numbers
from gradcalc.numeric.drawn_values import stacked_shape
from gradcalc.numeric.evaluate import bind, entries, evaluate
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Point, blank, mentioned, propagate, upstream_key
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import TRIES, Env, Tensor, Watch

MOST_LOCAL = 2_000  # entries of a local derivative that is looked at


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or an array that a variant shows, or that comes up in solving it.

    label     how it is called: q, dq/dx
    kind      input, quantity, local, answer or gradient
    expr      its formula, with named parts `where`, free indices and the shape of the whole
    examples  over which it is repeated where it has one value for them
    question  of an answer: its place among the questions
    """

    label: str
    kind: str
    expr: Expr
    where: tuple[tuple[str, Expr], ...] = ()
    free: tuple[str, ...] = ()
    shape: Shape | None = None
    examples: tuple[str, ...] = ()
    asked: Question | None = None
    question: int | None = None


class Prepared:
    """An exercise with everything in it that a try evaluates."""

    def __init__(self, exercise: Exercise, varied: Sequence[str]) -> None:
        self.exercise, self.varied = exercise, tuple(varied)
        self.graph: Graph = build(exercise)
        given = given_point(self.graph)
        self.point = replace(
            given, missing=tuple(name for name in given.missing if name not in varied)
        )
        self.sizes = dict(self.point.sizes)
        self.questions: tuple[Question, ...] = tuple(
            exercise.questions or default_questions(self.graph)
        )
        self.answerer = answerer(self.graph, exercise.notation.form, exercise.notation.layout)
        self.definitions = {d.name: d for d in exercise.definitions}
        self.order = [self.definitions[name] for name in self.graph.quantities]

    def shape(self, name: str) -> list[int]:
        """The shape of an input as its value is written: examples last."""
        node = self.graph.node(name)
        shape = [size.at(self.sizes) for size in node.shape]
        stack = [self.graph.indices[index].at(self.sizes) for index in node.over]
        return stacked_shape(shape, stack)

    # ---- what is looked at

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything that is to be nice: inputs that vary, quantities, answers, gradients, local
        derivatives. What cannot be written as a formula is left out.
        """
        found = [Quantity(name, "input", Name(name)) for name in self.varied]
        found += [Quantity(name, "quantity", Name(name)) for name in self.graph.quantities]
        found += self.answers
        for kind, question in (*self._gradients(), *self._locals()):
            one = self._quantity(kind, question, None)
            if one is not None:
                found.append(one)
        seen, kept = set[Any](), []
        for one in found:
            key = one.label, one.expr, one.free, one.where
            if one.question is not None or key not in seen:  # every answer has its own place
                kept.append(one)
            seen.add(key)
        return tuple(kept)

    @cached_property
    def answers(self) -> tuple[Quantity, ...]:
        """The answers that are numbers or arrays, in the order of the questions."""
        found = []
        for number, question in enumerate(self.questions):
            if question.kind == "shape":
                continue
            one = self._quantity("answer", question, number)
            if one is None and question.expr is not None:
                continue
            if one is None:
                raise ValueError(f"{question.text} has no formula")
            found.append(one)
        return tuple(found)

    def _quantity(self, kind: str, question: Question, number: int | None) -> Quantity | None:
        label = question.text.replace("∂", "d").removeprefix("local ")
        if question.kind == "value" and question.expr is None:
            of = self.graph.stacks.get(question.of, question.of)
            return Quantity(label, kind, Name(of), asked=question, question=number)
        try:
            found = self.answerer.answer(question)
        except GradcalcError:
            return None
        if found.symbolic is None or (question.expr is not None and self._unknown(found)):
            return None
        given: list[tuple[str, Expr]] = []
        for item in self.exercise.upstream:
            name = upstream_name(self.graph, item)
            if name not in self.graph.names:
                given.append((name, Name(upstream_key(item.of or self.graph.outputs[-1]))))
        by_stack = any(name in self.graph.stacks for name in question.by)
        whole = found.stacked is not None and (found.per_example is None or by_stack)
        over = answer_examples(self.graph, question)
        counts = [self.graph.indices[name] for name in over]
        spans = bool(over) and found.per_example is None
        spans = spans and list(found.shape[-len(over) :]) == counts
        return Quantity(
            label, kind, found.symbolic, (*given, *found.where), found.free, found.shape,
            () if whole or spans else over, question, number,
        )  # fmt: skip

    def _unknown(self, found: Answer) -> bool:
        """Does an expression name an answer that no formula can stand for?"""
        asked = {name for name, _ in self.graph.asked[found.question.text].answers}
        used = set(names(found.symbolic)) if found.symbolic is not None else set()
        return bool(used & asked - {name for name, _ in found.where})

    def _gradients(self) -> list[tuple[str, Question]]:
        """The gradient at every input, of the loss or of the output, where that is a number."""
        graph, output = self.graph, self.graph.outputs[-1]
        loss = bool(self.exercise.upstream)
        if not loss and (graph.node(output).shape or graph.node(output).over):
            return []
        of = self.exercise.loss if loss else output
        return [
            ("gradient", Question(f"d{of}/d{name}", "derivative", of, (name,), loss=loss))
            for name in graph.inputs
            if name not in graph.integers and name not in graph.constants
        ]

    def _locals(self) -> list[tuple[str, Question]]:
        """The local derivatives of every line."""
        graph, found = self.graph, list[tuple[str, Question]]()
        uses = self.uses
        for name in graph.quantities:
            for by in graph.names:
                if by not in uses[name] or by in graph.integers or by in graph.constants:
                    continue
                size = math.prod(self._length(one) for one in (name, by))
                if size <= MOST_LOCAL:
                    text = f"local d{name}/d{by}"
                    found.append(("local", Question(text, "local", name, (by,))))
        return found

    def _length(self, name: str) -> int:
        node = self.graph.node(name)
        return math.prod(size.at(self.sizes) for size in node.shape)

    @cached_property
    def cells(self) -> int:
        """How many numbers one try has."""
        total = sum(map(self._entries, self.graph.names))
        for quantity in self.quantities:
            if quantity.shape is not None:
                over = math.prod(self.graph.indices[i].at(self.sizes) for i in quantity.examples)
                total += over * math.prod(size.at(self.sizes) for size in quantity.shape)
        return max(1, total)

    def _entries(self, name: str) -> int:
        over = self.graph.node(name).over
        return self._length(name) * math.prod(self.graph.indices[i].at(self.sizes) for i in over)

    # ---- evaluation

    def exactly(self, values: Mapping[str, Value], watch: Watch | None = None) -> Env:
        """The computation for one try, in fractions and forms; inside `exact_numbers().working()`.
        Raises Undefined.
        """
        point = Point(self.sizes, {**self.point.values, **values}, self.point.upstream)
        env = replace(blank(self.graph, point, exact_numbers()), watch=watch)
        env = propagate(env, self.order)
        for problem in env.lacking.values():
            raise problem
        return env

    def together(self, columns: Mapping[str, Any], count: int, exactly: bool = False) -> Env:
        """The inputs of many tries: `columns` are arrays (try, *shape as written), of floats or of
        exact numbers. What is undefined for a try becomes no number there.
        """
        import numpy as np

        numbers = exact_numbers() if exactly else floats()
        kind: Any = object if exactly else float
        with numbers.working():
            env = blank(self.graph, self.point, numbers)
        values: dict[str, Tensor] = dict(env.values)
        for name in self.graph.inputs:
            node = self.graph.node(name)
            if name in columns:
                over = [env.indices[index] for index in node.over]
                shape = [size.at(self.sizes) for size in node.shape]
                data = np.asarray(columns[name], dtype=kind).reshape(count, -1, *over)
                last = range(2, 2 + len(over))
                data = np.moveaxis(data, last, range(1, 1 + len(over)))
                data = data.reshape(count, *over, *shape)
            elif name in values:
                known = np.empty((), dtype=kind)
                known[...] = values[name].data if values[name].plain else 0
                known = known if values[name].plain else np.asarray(values[name].data, dtype=kind)
                data = np.broadcast_to(known, (count, *known.shape)).copy()
            else:
                continue
            values[name] = Tensor(data, (TRIES, *node.over))
        return replace(env, values=values, indices={TRIES: count, **env.indices}, tolerant=[])

    def computed(self, env: Env, needed: Collection[str] | None = None) -> Env:
        """The same with all quantities, or with those that are needed."""
        order = [one for one in self.order if needed is None or one.name in needed]
        with env.numbers.working():
            return propagate(env, order)

    def value(self, quantity: Quantity, env: Env) -> Tensor:
        """The value of a quantity. Raises Undefined."""
        if quantity.shape is None:
            return evaluate(quantity.expr, env)
        env = bind(env, quantity.where) if quantity.where else env
        target = [size.at(self.sizes) for size in quantity.shape]
        if quantity.free:
            axes = [size.at(self.sizes) for size in quantity.shape if size.number != 1]
            found = entries(quantity.expr, dict(zip(quantity.free, axes, strict=True)), env)
        else:
            found = evaluate(quantity.expr, env)
        found = shaped(found, target, [found.size(name) for name in found.over])
        if quantity.asked is not None and quantity.asked.entry:
            return entry_of(found, quantity.asked, env)
        return self._spread(found, quantity.examples, env)

    def _spread(self, tensor: Tensor, examples: Sequence[str], env: Env) -> Tensor:
        lacking = [name for name in examples if name not in tensor.over]
        if not lacking:
            return tensor
        import numpy as np

        over = env.order(tensor.over, tuple(lacking))
        places = {name: k for k, name in enumerate(tensor.over)}
        data = np.asarray(tensor.data)
        for k, name in enumerate(over):
            if name not in places:
                data = np.expand_dims(data, k)
        sizes = [env.indices[name] for name in over]
        data = np.broadcast_to(data, (*sizes, *data.shape[len(over) :]))
        return Tensor(data, over)

    @cached_property
    def uses(self) -> Mapping[str, frozenset[str]]:
        """Quantity -> the inputs and quantities in its line."""
        return mentioned(self.graph)

    def rests_on(self, name: str) -> frozenset[str]:
        """The inputs and quantities that a quantity is made from."""
        found, pending = set[str](), [name]
        while pending:
            for one in self.uses.get(pending.pop(), ()):
                if one not in found:
                    found.add(one)
                    pending.append(one)
        return frozenset(found)
