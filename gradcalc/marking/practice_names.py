"""The names that an answer may use and the exercise does not have, with what gives their values in
a page: upstream gradients, answers that are asked above, gradients that printed answers name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Expr, names, unparse
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Size
from gradcalc.marking.asked import Asked
from gradcalc.marking.equality import Function, compare, written
from gradcalc.marking.model import RIGHT
from gradcalc.marking.practice_points import Shared
from gradcalc.marking.printed import Printed
from gradcalc.numeric.scalar_functions import LADDER, Undefined

LOOKED = 12  # near points at which a formula is compared with what it stands for


@dataclass(frozen=True, slots=True)
class OwnName:
    """A name that an answer may use and the exercise does not have: an upstream gradient, an
    answer that is asked above, a gradient that the printed answer names. `formula`: its tree as
    text; `upstream`: at which quantity it is the upstream gradient, with its axes; neither: the
    page does not compute it.
    """

    formula: str | None = None
    free: tuple[tuple[str, str], ...] = ()
    upstream: str | None = None
    shape: tuple[str, ...] = ()
    over: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON-able data."""
        if self.upstream is not None:
            return {"upstream": self.upstream, "shape": self.shape, "over": self.over}
        found: dict[str, Any] = {} if self.formula is None else {"formula": self.formula}
        return found | ({"free": self.free} if self.free else {})


class OwnNames:
    """Those of an exercise, as its questions need them."""

    def __init__(self, asked: Asked, printed: Printed, points: Sequence[Shared]) -> None:
        self.asked, self.printed, self.points = asked, printed, points
        self.found: dict[str, OwnName] = {}
        self._functions: dict[str, Function] = {}  # those that the page computes

    def names(self, number: int) -> list[str]:
        """The names that an answer to a question may use besides those of the exercise."""
        known = dict(self.asked.names(number))
        with suppress(GradcalcError):
            known = self.printed.gradients(number) | known
        for name in [name for name in known if name in self.asked.graph.names]:
            del known[name]
        for _ in range(2):  # the formula of one may use another
            for name, function in known.items():
                if name not in self._functions:
                    self.found[name] = self._made(number, name, function)
        return list(known)

    def _made(self, number: int, name: str, function: Function) -> OwnName:
        """A name with the formula that gives its value, where one is proved to."""
        graph, loss = self.asked.graph, self.asked.exercise.loss
        for item in self.asked.exercise.upstream if name in self.asked.upstreams else ():
            quantity = item.of or graph.outputs[-1]
            spelled = () if isinstance(item.value, tuple) else (unparse(item.value),)
            if name in (f"d{loss}_d{quantity}", f"upstream_{quantity}", *spelled):
                self._functions[name] = function
                node = graph.node(quantity)
                shape = tuple(map(said_size, node.shape))
                return OwnName(upstream=quantity, shape=shape, over=node.over)
        for formula, free in self._formulas(number, name):
            if self._gives(formula, free, function):
                self._functions[name] = function
                ranges = tuple((index, said_size(size)) for index, size in free)
                return OwnName(unparse(formula), ranges)
        return OwnName()

    def _formulas(self, number: int, name: str) -> Iterator[tuple[Expr, list[tuple[str, Size]]]]:
        """Printed formulas of an answer above, or of a gradient that an answer names."""
        for form in ("matrix", "index"):
            for k in range(number + 1):
                answer = self.printed.symbolic(k, form)
                question = self.asked.questions[k]
                if answer is None:
                    continue
                for label, expr in answer.where:
                    if label == name:
                        yield expr, []
                called = (question.name, f"d{question.of}_d{question.by[0]}" if question.by else "")
                if k < number and name in called:
                    for whole in (answer.symbolic, answer.expanded):
                        if whole is not None:
                            yield whole, self.printed.ranges(k, tuple(answer.free))

    def _gives(self, formula: Expr, free: list[tuple[str, Size]], function: Function) -> bool:
        """Does a formula give a function, of the same axes, at the points?"""
        graph = self.asked.graph
        own = set(graph.names) | set(graph.stacks) | self._functions.keys()
        lacking = [name for name in names(formula) if name not in own]
        unknown = {name for name in lacking if name in self.found or name.startswith("d")}
        if unknown:
            return False
        computed = written(formula, self.asked.places.computation, self._functions, free)
        near = [point for point in self.points if not point.far][:LOOKED]
        for point in near[:2]:
            mine, right = axes_at(computed, point), axes_at(function, point)
            if mine is None or right is None or mine[1] != right[1] or set(mine[0]) - set(right[0]):
                return False
        return compare(computed, function, [point.place for point in near]).verdict == RIGHT


def axes_at(function: Function, point: Shared) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The examples that a value is per, and its axes, at a point."""
    for bits in LADDER[:2]:
        try:
            tensor = function.at(point.place, bits)
        except Undefined:
            continue
        return tensor.over, tuple(map(int, tensor.shape))
    return None


def said_size(size: Size) -> str:
    """A size as text of the expression language."""
    return unparse(size_tree(size))
