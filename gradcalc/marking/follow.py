"""Does a wrong answer follow from earlier wrong ones? Then it earns what the policy says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from gradcalc.exercise.model import Grading, Value
from gradcalc.language.parser import Expr, names
from gradcalc.marking.asked import Asked
from gradcalc.marking.carried import Wrong, follow_through, groups, nearest
from gradcalc.marking.equality import Function, Rules, compare, refuted
from gradcalc.marking.model import RIGHT, Carried, Reading
from gradcalc.marking.points import Place
from gradcalc.marking.printed import Printed
from gradcalc.marking.values import judge_value
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import at, mentioned, rounded, to_lists
from gradcalc.numeric.precision import climb
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor

GIVEN = -1  # the number of the place of the given values


class Follower:
    """Errors carried forward in the answers to one exercise."""

    def __init__(self, asked: Asked, printed: Printed, policy: Grading, rules: Rules) -> None:
        self.asked, self.printed, self.policy, self.rules = asked, printed, policy, rules

    def carried(
        self, number: int, reading: Reading, function: Function | None, earlier: Sequence[Wrong]
    ) -> Carried | None:
        """From which earlier answers a wrong one follows; None where it follows from none.
        `function`: the formula, None for a number.
        """
        order = nearest(self.asked, number)
        known = [wrong for wrong in earlier if self.tells(wrong, function is None)]
        for group in groups(sorted(known, key=lambda wrong: order.index(wrong.number))):
            right = follow_through(self.asked, number, group)
            if right is not None and self.same(number, reading, function, right):
                texts = tuple(self.asked.questions[wrong.number].text for wrong in group)
                return Carried(texts)
        return None

    def same(
        self, number: int, reading: Reading, function: Function | None, right: Function
    ) -> bool:
        """Is a wrong answer what follows? `function`: its formula, None for a number."""
        if function is not None:
            return self.follows(function, right)
        return reading.value is not None and self.value_follows(number, reading.value, right)

    def follows(self, function: Function, right: Function) -> bool:
        """Is a formula equal to what follows?"""
        places = self.asked.places
        if not any(_any(right.floats(place)) for place in islice(places, 2)):
            return False  # the earlier answer leaves nothing to derive
        if refuted(function, right, [*places][:2]):
            return False
        return compare(function, right, places, self.rules).verdict == RIGHT

    def value_follows(self, number: int, value: Value, right: Function) -> bool:
        """Is a number near enough to what follows, at the given values?"""
        graph, asked = self.asked.graph, self.asked
        place = Place(GIVEN, self.given, False, True)
        try:
            tensor = climb(lambda bits: rounded(right.at(place, bits)))
        except Undefined:
            return False
        want = to_lists(graph, tensor, asked.shape(number))
        if not _any(want):
            return False  # the earlier answer leaves nothing to compute
        return judge_value(value, want, self.policy, asked.shape(number)).verdict == RIGHT

    @cached_property
    def given(self) -> Any:
        """The given values."""
        return given_point(self.asked.graph)

    def tells(self, wrong: Wrong, given: bool) -> bool:
        """Does an earlier answer leave something to do? Not where it is constant and the right one
        is not, or has none of the variables of the right one.
        """
        if given:
            return True
        answer = self.printed.symbolic(wrong.number, "matrix")
        if answer is None or answer.symbolic is None:
            return wrong.expr is not None
        right = self.inputs(answer.expanded or answer.symbolic)
        if wrong.expr is None:
            return not right
        known = set(self.asked.graph.names) | set(self.asked.upstreams)
        own = self.inputs(wrong.expr)
        if not right | own <= known:  # one of them is written in the names of other answers
            return True
        return not right or bool(right & own)

    def inputs(self, expr: Expr) -> set[str]:
        """The inputs that a formula is made of, by its text; names of gradients are themselves."""
        graph = self.asked.graph
        uses = mentioned(graph)
        pending = [graph.stacks.get(name, name) for name in names(expr)]
        found: set[str] = set()
        while pending:
            name = pending.pop()
            if name in uses:
                pending += sorted(uses[name])
            elif name not in self.asked.sizes:
                found.add(name)
        return found


def number_function(value: Value) -> Function:
    """A number or an array of numbers as a function of nothing."""

    def exact(value: Value, bits: int) -> Any:
        if isinstance(value, tuple):
            return [exact(item, bits) for item in value]
        return evaluate(value, at({}, bits)).data

    def compute(place: Place, bits: int) -> Tensor:
        found = exact(value, bits)
        if not isinstance(found, list):
            return Tensor(found)
        import numpy as np

        return Tensor(np.array(found, dtype=object))

    return Function(compute)


def _any(value: Any) -> bool:
    """Is any number in it other than 0?"""
    if isinstance(value, list):
        return any(map(_any, value))
    return bool(value.any()) if hasattr(value, "any") else bool(value)
