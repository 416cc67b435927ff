"""The answers as they are printed, found when something of them is needed: their value, the free
indices of their entry forms, the gradients they name, their shorthand, or to reveal them.

Most answers are marked without: SymPy is loaded with the first that needs one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gradcalc.language.errors import GradcalcError
from gradcalc.language.formula_pieces import Number
from gradcalc.language.sizes import Size
from gradcalc.marking.asked import Asked
from gradcalc.marking.equality import Function, written
from gradcalc.numeric.evaluation_points import given_point

if TYPE_CHECKING:
    from gradcalc.derivation.answer_model import Answer
    from gradcalc.derivation.answers import Answerer
    from gradcalc.derivation.solve import Solver


class Printed:
    """The printed answers of an exercise."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._answers: dict[int, Answer] = {}
        self._symbolic: dict[tuple[int, str], Answer | None] = {}

    @cached_property
    def solver(self) -> Solver:
        """What answers, evaluates and checks."""
        from gradcalc.derivation.solve import Solver

        asked = self.asked
        return Solver(asked.graph, asked.exercise.notation.form, asked.layout)

    def answer(self, number: int) -> Answer:
        """The answer to a question with its value. Raises GradcalcError."""
        for earlier in range(number + 1):  # a named answer is used by later ones
            if earlier not in self._answers:
                self._answers[earlier] = self.solver.answer(self.asked.questions[earlier])
        return self._answers[number]

    def value(self, number: int) -> Number:
        """Its number at the given values; None where there is none."""
        return self.answer(number).value

    def has_value(self, number: int) -> bool:
        """Is there a number to compare with? Nothing is derived where no values are given."""
        exercise = self.asked.exercise
        if not exercise.values and exercise.seed is None:
            return False
        if given_point(self.asked.graph).missing and not exercise.values:
            return False
        return self.value(number) is not None

    # ---- symbols

    @cached_property
    def _answerers(self) -> Mapping[str, Answerer]:
        from gradcalc.derivation.answers import answerer

        found: dict[str, Answerer] = {}
        for form in dict.fromkeys((self.asked.exercise.notation.form, "matrix", "index")):
            found[form] = answerer(self.asked.graph, form, self.asked.layout)
        return found

    def symbolic(self, number: int, form: str) -> Answer | None:
        """The answer in a form, without a number; None where there is none."""
        if (number, form) not in self._symbolic:
            try:
                for question in self.asked.questions[: number + 1]:
                    found: Answer | None = self._answerers[form].answer(question)
            except GradcalcError:
                found = None
            self._symbolic[number, form] = found
        return self._symbolic[number, form]

    def free(self, number: int) -> list[tuple[str, ...]]:
        """The free indices that an entry form of the answer has, () first."""
        found: dict[tuple[str, ...], None] = {(): None}
        for form in self._answerers:
            answer = self.symbolic(number, form)
            for view in (answer, answer and answer.per_example, answer and answer.stacked):
                if view is not None and view.free:
                    found[tuple(view.free)] = None
        return list(found)

    def ranges(self, number: int, free: tuple[str, ...]) -> list[tuple[str, Size]]:
        """The ranges of free indices: the axes of the answer, but for those that are 1."""
        shapes = [self.asked.shape(number)]
        for form in self._answerers:
            answer = self.symbolic(number, form)
            for view in (answer, answer and answer.per_example, answer and answer.stacked):
                if view is not None and tuple(view.free) == free:
                    shapes.insert(0, view.shape)
        for shape in shapes:
            axes = [size for size in shape if size.number != 1]
            if len(axes) == len(free):
                return list(zip(free, axes, strict=True))
        return []

    def gradients(self, number: int) -> dict[str, Function]:
        """The gradients that the printed answer names, as functions."""
        found: dict[str, Function] = {}
        for form in self._answerers:
            answer = self.symbolic(number, form)
            for name, expr in answer.where if answer is not None else ():
                if name not in self.asked.graph.names and name not in found:
                    known = {**self.asked.names(number), **found}
                    found[name] = written(expr, self.asked.places.computation, known)
        return found

    def shorthand(self, number: int) -> Function | None:
        """What the literature writes for an answer with too many axes."""
        answer = self.symbolic(number, "matrix")
        if answer is None or answer.shorthand is None:
            return None
        known = {**self.asked.names(number), **self.gradients(number)}
        return written(answer.shorthand.symbolic, self.asked.places.computation, known)
