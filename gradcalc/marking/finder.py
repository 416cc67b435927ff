"""The mistakes of the answers to one exercise: what was found for a question is kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradcalc.exercise.literals import shape_of_value
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr
from gradcalc.marking.asked import Asked
from gradcalc.marking.candidates import Scene, Submitted
from gradcalc.marking.equality import Function, Rules, compare
from gradcalc.marking.mistakes import TRIES, find
from gradcalc.marking.model import RIGHT, Mistake, Reading
from gradcalc.marking.number_slips import number_mistakes
from gradcalc.marking.printed import Printed
from gradcalc.marking.relations import multiples_of
from gradcalc.marking.values import numbers


class Finder:
    """Finds which mistake gives exactly a wrong answer."""

    def __init__(self, asked: Asked, printed: Printed) -> None:
        self.asked, self.printed = asked, printed
        self._scenes: dict[int, Scene] = {}

    def scene(self, number: int) -> Scene:
        """A question, with all that was found for it."""
        if number not in self._scenes:
            self._scenes[number] = Scene(self.asked, number)
        return self._scenes[number]

    def formula(
        self,
        number: int,
        function: Function,
        reading: Reading,
        read: Callable[[Expr], Function],
        tries: int = TRIES,
    ) -> tuple[Mistake, ...]:
        """The mistakes that give a formula. `read`: another formula in the same names; `tries`: how
        many candidates are looked at.
        """

        def printed() -> tuple[Expr, ...]:
            answer = self.printed.symbolic(number, "matrix")
            if answer is None or answer.free:
                return ()
            return tuple(one for one in (answer.symbolic, answer.expanded) if one is not None)

        submitted = Submitted(function, reading.formula, reading.free, read, printed)
        found = find(self.scene(number), submitted, tries)
        return found or self.shorthand(number, submitted)

    def shorthand(self, number: int, submitted: Submitted) -> tuple[Mistake, ...]:
        """A multiple of what the literature writes for an answer with too many axes."""
        short = self.printed.shorthand(number) if len(self.asked.shape(number)) >= 2 else None
        if short is None:
            return ()
        for candidate in multiples_of(self.scene(number), short, submitted):
            found = compare(
                submitted.function, candidate.function, self.asked.places, Rules(seconds=math.inf)
            )
            if found.verdict == RIGHT:
                said = f"{candidate.mistake.sentence[:-1]}, in the shorthand of the literature."
                return (replace(candidate.mistake, sentence=said),)
        return ()

    def value(
        self, number: int, reading: Reading, function: Function, tries: int = TRIES
    ) -> tuple[Mistake, ...]:
        """The mistakes that give a number at the given values, or a constant everywhere."""
        value = reading.value
        right = self.printed.value(number)
        assert value is not None
        assert right is not None
        others = [
            (question.text, self.printed.value(other))
            for other, question in enumerate(self.asked.questions)
            if other != number and question.kind != "shape" and other < number
        ]
        known = [(text, found) for text, found in others if found is not None]
        got = _nested(numbers(value), shape_of_value(value))
        found = number_mistakes(got, right, self.asked.graph.sizes, known)
        return found or find(self.scene(number), Submitted(function), tries)


def _nested(flat: list[float], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    rows: list[Any] = list(flat)
    for length in reversed(shape[1:]):
        rows = [rows[k : k + length] for k in range(0, len(rows), length)]
    return rows
