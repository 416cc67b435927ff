"""What was given for a question, read: is it a formula, a number, both, a shape, or nothing?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from gradcalc.exercise.model import Value
from gradcalc.exercise.source import Text
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.errors import GradcalcError, Problem, SpanError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, Num
from gradcalc.language.sizes import Shape
from gradcalc.language.tokens import MAX_LENGTH, canonical
from gradcalc.marking.asked import Asked
from gradcalc.marking.model import BLANK, Given, Reading
from gradcalc.marking.printed import Printed
from gradcalc.marking.reading import (
    Words,
    is_constant,
    only_index,
    read_formula,
    read_number,
    read_rows,
    read_shape,
    unbound,
)

Found = TypeVar("Found")
MOST_AXES = 3  # of an answer whose indices may have any name
ZERO = Num(Fraction(0))


class Reader:
    """Reads the answers to the questions of one exercise."""

    def __init__(self, asked: Asked, printed: Printed) -> None:
        self.asked, self.printed = asked, printed
        self._words: dict[int, Words] = {}

    def read(self, number: int, given: Given) -> Reading:
        """Raises GradcalcError, with the place of what is wrong."""
        question = self.asked.questions[number]
        text, value = given.text, given.value
        blank = ("", "?") if not given.claimed else ("",)
        if all(part is None or part.value.strip() in blank for part in (text, value)):
            return Reading(BLANK)
        if text is not None and text.value.strip() in blank:
            text = None
        if value is not None and value.value.strip() in blank:
            value = None
        if question.kind == "shape":
            part = text or value
            assert part is not None
            sizes = _placed(part, lambda: read_shape(part.value, self.asked.sizes))
            return Reading("shape", shape=sizes)
        if value is not None or question.answer == "value":
            number_text = value or text
            assert number_text is not None
            found = Reading("value", value=_placed(number_text, lambda: _value(number_text)))
            if text is None or value is None:
                return found
            formula = self.formula(number, text)
            return Reading("both", formula.formula, formula.free, found.value)
        assert text is not None
        if question.answer in ("formula", "both") or given.formula_only:
            return self.formula(number, text)
        return self.told(number, text)

    def told(self, number: int, text: Text) -> Reading:
        """A number where it is made of numbers and there is one to compare it with, else a
        formula.
        """
        if read_rows(text.value) is not None:
            return Reading("value", value=_placed(text, lambda: _value(text)))
        reading = self.formula(number, text)
        assert reading.formula is not None
        words = self.words(number)
        if not is_constant(reading.formula, words) or not self.printed.has_value(number):
            return reading
        if reading.formula == ZERO and isinstance(self.printed.value(number), list):
            return reading  # 0 stands for an array of zeros
        return Reading("value", value=_placed(text, lambda: _value(text)))

    def formula(self, number: int, text: Text) -> Reading:
        """A formula, and the free indices that it uses, as the printed answer has them."""
        words = self.words(number)
        if len(text.value) > MAX_LENGTH:
            message = f"an answer has at most {MAX_LENGTH} characters"
            raise GradcalcError(Problem("limit", message, text.place(0, 1)))
        first: SpanError | None = None
        try:
            tree = read_formula(text.value, words)
            if not self.loose(tree):
                return Reading("formula", tree)
        except SpanError as error:
            if error.slug != "unknown-name":
                raise GradcalcError(text.problem(error)) from None
            first = error
        for free in self.printed.free(number):
            more = replace(words, known=words.known | self.printed.gradients(number).keys())
            try:
                tree = read_formula(text.value, more, free)
            except SpanError:
                continue
            if self.loose(tree) <= set(free):
                return Reading("formula", tree, free)
        if first is None:
            return Reading("formula", tree)
        if (entry := self.entry(number, text.value, words)) is not None:
            return entry
        raise GradcalcError(text.problem(first)) from None

    def entry(self, number: int, text: str, words: Words) -> Reading | None:
        """The entry i, j of a matrix, whatever its indices are called: names that are none of the
        exercise and stand in brackets alone, as many as there are axes.
        """
        axes = [size for size in self.asked.shape(number) if size.number != 1]
        found: list[str] = []
        while len(found) <= len(axes) <= MOST_AXES:
            try:
                tree = read_formula(text, words, found)
            except SpanError as error:
                if error.slug != "unknown-name":
                    return None
                found.append(canonical(text[error.start : error.end]))
                continue
            fits = len(found) == len(axes) and all(only_index(tree, name) for name in found)
            return Reading("formula", tree, tuple(sorted(found))) if fits else None
        return None

    def loose(self, tree: Expr) -> set[str]:
        """The indices of the exercise that stand free in a formula, but for those of examples."""
        graph = self.asked.graph
        indices = set(graph.indices) - set(graph.examples)
        return indices & unbound(tree) if indices else indices

    def words(self, number: int) -> Words:
        """The names that an answer to a question may use."""
        if number not in self._words:
            asked = self.asked
            names = asked.names(number)
            partials = {
                (of, by): name
                for name in names
                if name.startswith("d")
                for of, found, by in [name[1:].partition("_d")]
                if found and (by in asked.graph.names or by in asked.graph.stacks)
            }
            self._words[number] = Words(
                self._own | names.keys(),
                frozenset(asked.exercise.functions) | set(asked.exercise.unknown_functions),
                asked.forbidden(number),
                partials,
                {**self._shapes, **asked.shapes(number)},
                {
                    name: asked.exercise.variables[name].function
                    for name in asked.exercise.unknown_functions
                },
            )
        return self._words[number]

    @cached_property
    def _shapes(self) -> Mapping[str, Shape]:
        """The shapes of the names of the exercise."""
        return printed_names(self.asked.graph).shapes

    @cached_property
    def _own(self) -> frozenset[str]:
        """The names of the exercise."""
        graph = self.asked.graph
        found = {*graph.names, *graph.stacks, *graph.indices, *self.asked.sizes}
        return frozenset(found - set(self.asked.exercise.unknown_functions))


def _value(text: Text) -> Value:
    return read_number(text.value)


def _placed(text: Text, read: Callable[[], Found]) -> Found:
    """What `read` returns; what it refuses, at its place in the file."""
    try:
        return read()
    except SpanError as error:
        raise GradcalcError(text.problem(error)) from None
