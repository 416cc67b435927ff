"""What a mistake is tried on: a question of an exercise, and the functions that its variations
give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import unparse
from gradcalc.language.shape_rules import Shape, shape_of
from gradcalc.language.tree import Expr
from gradcalc.marking.asked import Asked
from gradcalc.marking.equality import Function, derivative
from gradcalc.marking.functions import Changed
from gradcalc.marking.model import Mistake
from gradcalc.marking.points import Computation, Place
from gradcalc.marking.variations import Site
from gradcalc.numeric.finite_differences import Target, needed
from gradcalc.numeric.forward import mentioned
from gradcalc.numeric.precision import balls
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mistake and the function it gives. `answer`: what is compared with it, where that is made
    from the answer; None: the answer itself. `common`: they are compared where both are defined.
    `site`: where the exercise is edited; of two edits there that give the same, the first is told.
    """

    mistake: Mistake
    function: Function
    answer: Function | None = None
    common: bool = False
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """An answer that is wrong. `expr`: the formula that was written, with its free indices;
    `printed`: the ways in which the right answer is printed.
    """

    function: Function
    expr: Expr | None = None
    free: tuple[str, ...] = ()
    read: Callable[[Expr], Function] | None = None  # another formula in the same names
    printed: Callable[[], tuple[Expr, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a kind of mistake, with the words that are filled in; `where` it applies."""

    slug: str
    sentence: str
    where: str

    def mistake(self, at: Mapping[str, Any] | None = None, **words: str) -> Mistake:
        """The mistake in these words."""
        return Mistake(self.slug, self.sentence.format(**words), at or {})


class Scene:
    """A question about an exercise: what is right, and what variations of it give."""

    def __init__(self, asked: Asked, number: int) -> None:
        self.asked, self.number = asked, number
        self.graph, self.places, self.layout = asked.graph, asked.places, asked.layout
        self.question = asked.questions[number]
        self._functions: dict[Any, Function] = {}
        self._candidates: dict[str, tuple[list[Candidate], Iterator[Candidate]]] = {}

    @property
    def exercise(self) -> Exercise:
        return self.graph.exercise

    @property
    def right(self) -> Function:
        """The right answer."""
        return self.asked.right(self.number)

    @property
    def others(self) -> tuple[Question, ...]:
        """The other questions of the exercise."""
        return tuple(q for k, q in enumerate(self.asked.questions) if k != self.number)

    def function(self, question: Question) -> Function:
        """The right answer to any question about this exercise."""
        key = (question.kind, question.of, question.by, question.loss, question.entry)
        if key not in self._functions:
            found = derivative(self.places.computation, question, self.layout)
            self._functions[key] = found
        return self._functions[key]

    @property
    def of(self) -> str | None:
        """What is differentiated, or asked for; None for the loss behind upstream gradients."""
        question = self.question
        return None if question.loss else self.graph.stacks.get(question.of, question.of)

    @property
    def bys(self) -> tuple[str, ...]:
        """By what it is differentiated."""
        return tuple(self.graph.stacks.get(name, name) for name in self.question.by)

    @cached_property
    def target(self) -> Target:
        """The quantities on the way from the denominator to the numerator."""
        uses = mentioned(self.graph)
        local = self.question.kind == "local"
        return Target(self.of, self.bys, needed(self.graph, uses, self.of, self.bys, local))

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        return {name: self.graph.node(name).shape for name in self.graph.names}

    def shape(self, expr: Expr) -> Shape | None:
        """The shape of a part of a definition; None where it cannot be told."""
        try:
            return shape_of(expr, self.shapes)
        except Exception:
            return None

    def cached(self, key: str, made: Callable[[Scene], Iterator[Candidate]]) -> Iterator[Candidate]:
        """The candidates of a family, made when they are first asked for."""
        if key not in self._candidates:
            self._candidates[key] = ([], made(self))
        found, rest = self._candidates[key]
        at = 0
        while True:
            if at == len(found):
                candidate = next(rest, None)
                if candidate is None:
                    return
                found.append(candidate)
            yield found[at]
            at += 1

    def varied(self, exercise: Exercise) -> Function:
        """The answer in an exercise with other definitions of the same quantities. It has no
        value where one of them uses a quantity that is computed later.
        """
        graph = replace(self.graph, exercise=exercise)
        if not _in_order(graph):
            return Function(_circular)
        return derivative(Computation(graph), self.question, self.layout)

    def rebuilt(self, exercise: Exercise, question: Question | None = None) -> Function | None:
        """The answer in an exercise with other names; None where that is no exercise."""
        try:
            graph = build(replace(exercise, questions=()))
        except GradcalcError:
            return None
        return derivative(Computation(graph), question or self.question, self.layout)

    def at(self, site: Site, operand: str | None = None) -> dict[str, Any]:
        """The place of a mistake: the quantity, its line, the edge of the graph."""
        return self.place_of(site.quantity, operand)

    def place_of(self, quantity: str | None, operand: str | None = None) -> dict[str, Any]:
        if quantity is None:
            return {}
        found: dict[str, Any] = {"quantity": quantity}
        for definition in self.exercise.definitions:
            if definition.name == quantity and definition.place is not None:
                found["line"] = definition.place.line
        if operand is not None and operand in self.graph.names:
            found["edge"] = [operand, quantity]
        return found


def _in_order(graph: Graph) -> bool:
    """Does every quantity use earlier ones alone?"""
    uses, known = mentioned(graph), set(graph.inputs)
    for name in graph.quantities:
        if not uses[name] <= known:
            return False
        known.add(name)
    return True


def _circular(place: Place, bits: int) -> Tensor:
    raise Undefined("a quantity would be computed from itself")


def changed(function: Function, change: Callable[[Tensor, Place], Tensor]) -> Function:
    """Another function of the same value."""

    def at(place: Place, bits: int) -> Tensor:
        tensor = function.at(place, bits)
        with balls(bits).working():
            return change(tensor, place)

    return Function(at, function.pieces, function.arguments, Changed(function, change))


IF = "This is what comes out if "


def sentence(words: str) -> str:
    """How a mistake is told."""
    return f"{IF}{words}."


def shown(expr: Expr) -> str:
    """A part of a definition in a sentence."""
    return f"`{unparse(expr)}`"


Found = Iterator[Candidate]
