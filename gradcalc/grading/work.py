"""The work on one exercise, as a process does it that is asked by another: an answer is marked, or
compared with what follows from earlier wrong ones.

The same answer is asked about once. So errors are not carried through the answers of a student, but
from an answer to an answer: does this one follow from that one, or from these two?
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.source import Text
from gradcalc.marking.carried import Wrong, follow_through, nearest
from gradcalc.marking.equality import Function
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given, Reading, Verdict
from gradcalc.marking.policy import policy_from

T = TypeVar("T")
FOLLOWS, NOT, MUTE = "follows", "not", "mute"  # mute: the earlier answer leaves nothing to derive
MARKERS = 4  # exercises that are kept ready
KEPT = 256  # answers, and what follows from answers


class Recent:
    """What was made last, by its key."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for a key, or is made now."""
        if key not in self._known:
            self._known[key] = make()
            if len(self._known) > self.most:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        found: T = self._known[key]
        return found


class Work:
    """Answers to the questions of exercises, each marked by itself. Exercises are kept ready."""

    def __init__(self) -> None:
        self._ready = Recent(MARKERS)

    def exercise(self, file: str, text: str, policy: str | None) -> Ready:
        """An exercise, ready to be marked. What it says does not depend on the clock."""

        def made() -> Ready:
            exercise = parse_exercise(text, file)
            own = exercise.grading
            graded = own if policy is None else policy_from(policy.encode(), "<policy>", own)
            return Ready(Marker(exercise, graded, math.inf))

        return self._ready.get((file, text, policy), made)


class Ready:
    """The answers to one exercise."""

    def __init__(self, marker: Marker) -> None:
        self.marker = marker
        self._read, self._through = Recent(KEPT), Recent(KEPT)

    def mark(self, question: int, answer: Sequence[Any], tries: int) -> Verdict:
        """The verdict on an answer."""
        return self.marker.one(question, given(answer), None, tries)

    def order(self) -> list[list[int]]:
        """For each question those above it from which errors are carried, the nearest first."""
        return [nearest(self.marker.asked, k) for k in range(len(self.marker.questions))]

    def follows(self, question: int, answer: Sequence[Any], group: Sequence[Sequence[Any]]) -> str:
        """Does a wrong answer follow from wrong answers to earlier questions? `group`: the number
        of a question, and the answer to it.
        """
        reading, wrong = self.read(question, answer)
        if not wrong:
            return NOT
        value, follower = reading.formula is None, self.marker.follower
        earlier = [one for number, *rest in group for one in self.read(number, rest)[1]]
        if len(earlier) < len(group):
            return MUTE
        if len(group) == 1 and not follower.tells(earlier[0], value):
            return MUTE
        right: Function | None = self._through.get(
            (question, *map(tuple, group)),
            lambda: follow_through(self.marker.asked, question, earlier),
        )
        if right is None:
            return NOT
        function = None if value else wrong[0].function
        return FOLLOWS if follower.same(question, reading, function, right) else NOT

    def read(self, question: int, answer: Sequence[Any]) -> tuple[Reading, list[Wrong]]:
        """An answer as it is read, and as what others may follow from."""

        def made() -> tuple[Reading, list[Wrong]]:
            reading = self.marker.reader.read(question, given(answer))
            return reading, self.marker.wrong(question, reading)

        return self._read.get((question, *answer), made)


def given(answer: Sequence[Any]) -> Given:
    """An answer as it was sent: its text, its value where that is apart, whether it is a
    formula.
    """
    text, value, formula = answer
    return Given(_text(text), _text(value), bool(formula))


def _text(text: str) -> Text | None:
    return Text(text, "answer") if text else None
