"""An exercise ready to be marked: its questions, their right answers as functions, and the names
that an answer may use. Everything is made when it is first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.asked_values import answer_shape, answers_above
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.parser import Name, names
from gradcalc.language.sizes import ONE, Shape
from gradcalc.marking.equality import Function, as_named, derivative, written
from gradcalc.marking.points import Place, Places
from gradcalc.numeric.evaluation_points import size_names
from gradcalc.numeric.forward import upstream_key
from gradcalc.numeric.scalar_functions import Unknown
from gradcalc.numeric.tensor import Tensor

LAYOUTS = ("gradient", "jacobian", "denominator")


class Asked:
    """What is asked in an exercise, and what is right. Questions are counted from 0."""

    def __init__(self, exercise: Exercise, layout: str | None = None) -> None:
        self.exercise = exercise
        self.layout = layout or exercise.notation.layout
        self.graph: Graph = build(exercise)
        self.questions: tuple[Question, ...] = tuple(
            exercise.questions or default_questions(self.graph)
        )
        self.places = Places(self.graph)
        self._right: dict[tuple[int, str], Function] = {}
        self._names: dict[int, Mapping[str, Function]] = {}

    def right(self, number: int, layout: str | None = None) -> Function:
        """The right answer to a question, in the layout of the exercise or in another."""
        key = (number, layout or self.layout)
        if key not in self._right:
            question = self.questions[number]
            self._right[key] = (
                self.expression(number, key[1])
                if question.expr is not None
                else derivative(self.places.computation, question, key[1])
            )
        return self._right[key]

    def expression(
        self, number: int, layout: str, instead: Mapping[int, Function] | None = None
    ) -> Function:
        """The value of an expression, in the right answers above that it names; `instead`: in other
        answers to some of them.
        """
        found: dict[str, Function] = {}
        for name, earlier in self.named(number).items():
            place = self.questions.index(earlier)
            function = (instead or {}).get(place) or self.right(place, layout)
            found[name] = as_named(self.graph, earlier, function)
        expr = self.questions[number].expr
        assert expr is not None
        return written(expr, self.places.computation, found)

    def named(self, number: int) -> dict[str, Question]:
        """The answers above that an expression names."""
        question, graph = self.questions[number], self.graph
        above = answers_above(self.questions, question, (*graph.names, *graph.stacks))
        used = set() if question.expr is None else set(names(question.expr))
        return {name: earlier for name, earlier in above.items() if name in used}

    def shape(self, number: int) -> Shape:
        """The shape of the right answer, per example."""
        return answer_shape(self.graph, self.questions[number], self.layout)

    def may_be_short(self, number: int) -> bool:
        """May the answer have a shorthand? It has the axes of two arrays."""
        question = self.questions[number]
        if question.kind in ("value", "shape"):
            return False
        of = self.graph.stacks.get(question.of, question.of)
        scalar = question.loss or all(size == ONE for size in self.graph.node(of).shape)
        return len(self.shape(number)) >= 2 and (question.kind == "second" or not scalar)

    # ---- names

    def names(self, number: int) -> Mapping[str, Function]:
        """Names in an answer that are none of the exercise: upstream gradients, answers asked
        above it by their name or as dL_dz.
        """
        if number not in self._names:
            found: dict[str, Function] = {}
            for earlier, question in enumerate(self.questions[:number]):
                if question.kind == "shape" or question.entry:
                    continue
                same = (question.of, question.by, question.kind, question.expr) == (
                    self.questions[number].of,
                    self.questions[number].by,
                    self.questions[number].kind,
                    self.questions[number].expr,
                )
                if same:
                    continue
                if question.name:
                    found[question.name] = self.right(earlier)
                if question.kind == "derivative":
                    found[f"d{question.of}_d{question.by[0]}"] = self.right(earlier)
            self._names[number] = {
                name: function
                for name, function in {**found, **self.upstreams}.items()
                if name not in self.graph.names
            }
        return self._names[number]

    @cached_property
    def upstreams(self) -> Mapping[str, Function]:
        """The upstream gradients under the names they are written with."""
        found: dict[str, Function] = {}
        for item in self.exercise.upstream:
            quantity = item.of or self.graph.outputs[-1]
            function = self.upstream(quantity)
            if isinstance(item.value, Name) and item.value.id not in CONSTANTS:
                found[item.value.id] = function
            if quantity in self.graph.outputs:
                found[f"d{self.exercise.loss}_d{quantity}"] = function
            else:  # the total gradient there is more than what is given
                found[f"upstream_{quantity}"] = function
        return found

    def upstream(self, quantity: str) -> Function:
        """The upstream gradient at a quantity."""
        key = upstream_key(quantity)

        def at(place: Place, bits: int) -> Tensor:
            values = self.places.computation.at(place).env(bits).values
            if key not in values:
                raise Unknown(f"the upstream gradient at {quantity} has no value")
            return values[key]

        return Function(at)

    def shapes(self, number: int) -> dict[str, Shape]:
        """The shapes of those names."""
        found: dict[str, Shape] = {}
        for earlier, question in enumerate(self.questions[:number]):
            shape = self.shape(earlier)
            if question.name:
                found[question.name] = shape
            if question.kind == "derivative":
                found[f"d{question.of}_d{question.by[0]}"] = shape
        for item in self.exercise.upstream:
            quantity = item.of or self.graph.outputs[-1]
            shape = self.graph.node(quantity).shape
            for name, function in self.upstreams.items():
                if (
                    (isinstance(item.value, Name) and item.value.id == name)
                    or name.endswith(f"_d{quantity}")
                    or name == f"upstream_{quantity}"
                ):
                    found[name] = shape
                assert function is not None
        return {name: found[name] for name in self.names(number) if name in found}

    @cached_property
    def sizes(self) -> frozenset[str]:
        """The names of symbolic sizes."""
        return frozenset(size_names(self.graph)) | self.exercise.size_names

    def forbidden(self, number: int) -> frozenset[str]:
        """Quantities that would beg the question: what is asked for by `value`, and what is made
        of it.
        """
        question = self.questions[number]
        if question.kind != "value" or question.expr is not None:
            return frozenset()
        from gradcalc.numeric.forward import mentioned

        name = self.graph.stacks.get(question.of, question.of)
        found = {name}
        uses = mentioned(self.graph)
        for quantity in self.graph.quantities:
            if uses[quantity] & found:
                found.add(quantity)
        stacks = {stack for stack, one in self.graph.stacks.items() if one in found}
        return frozenset(found - set(self.graph.inputs)) | stacks
