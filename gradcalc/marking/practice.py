"""What a page needs to check answers by itself: points, the right answers there, what mistakes
give, the names that an answer may use.

    practice = Practice(Marker(exercise))
    practice.data()          JSON-able, the same bytes on every machine

Python writes the points and what is right there, as the nearest floats of enclosures of the
derivative itself; JavaScript evaluates what is typed (`render/page/verdict.js`) and may be less
sure, never of another opinion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from gradcalc.language.constants import fraction
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Num, names, unparse, walk
from gradcalc.marking import shapes
from gradcalc.marking.asked import LAYOUTS
from gradcalc.marking.digests import entries, exact
from gradcalc.marking.equality import Function
from gradcalc.marking.marker import Marker
from gradcalc.marking.points import PIECES, ends_of_pieces
from gradcalc.marking.practice_conditions import Met, met_conditions
from gradcalc.marking.practice_mistakes import (
    AT,
    AT_OF_ARRAYS,
    Known,
    known_mistakes,
)
from gradcalc.marking.practice_names import OwnNames, axes_at, said_size
from gradcalc.marking.practice_points import Shared, shared_points
from gradcalc.marking.practice_words import words
from gradcalc.ops import TABLE

LOOKED = 12  # near points at which a formula is compared with what it stands for
WHOLE_ENTRIES = 80  # of an array that is written whole
SMALLEST, LARGEST, LONGEST = 1e-11, 1e11, 12  # numbers that doubles may not tell apart


@dataclass(frozen=True, slots=True)
class Right:
    """What is right at the points of the page. `shapes`: for each choice of sizes the examples it
    is per, and its axes; `digests`: one number a point, None where there is none; `whole`: all
    entries at some points, the examples on the last axes.
    """

    shapes: tuple[tuple[tuple[str, ...], tuple[int, ...]] | None, ...]
    digests: tuple[float | None, ...]
    whole: Mapping[int, list[float]]

    def data(self) -> dict[str, Any]:
        """As JSON-able data."""
        digests = [None if number is None else lean(number) for number in self.digests]
        whole = {k: [*map(lean, row)] for k, row in self.whole.items()}
        found: dict[str, Any] = {"shapes": self.shapes, "digests": digests}
        return found | ({"whole": whole} if whole else {})


class Practice:
    """The page's side of marking, for one exercise."""

    def __init__(self, marker: Marker) -> None:
        self.marker = marker
        self.asked, self.printed = marker.asked, marker.printed
        self.points: tuple[Shared, ...] = shared_points(self.asked.places)
        self.sentences: dict[str, int] = {}
        self.own = OwnNames(self.asked, self.printed, self.points)

    def data(self) -> dict[str, Any]:
        """All of it as JSON-able data."""
        questions = [self.question(number) for number in range(len(self.marker.questions))]
        exercise = self.asked.exercise
        return {
            "points": [point.data() | {"choice": point.choice} for point in self.points],
            "questions": questions,
            "own": {name: own.data() for name, own in self.own.found.items()},
            "sentences": list(self.sentences),
            "policy": self.policy,
            "conditions": [condition.data(self.points) for condition in self.conditions],
            "words": words(),
            "sizes": dict(self.asked.graph.sizes),
            "known": sorted(self.marker.reader.words(0).known - self.asked.names(0).keys())
            if questions
            else [],
            "functions": sorted(exercise.functions),
            "unknown": {
                name: exercise.variables[name].function for name in exercise.unknown_functions
            },
            "ranks": self.ranks,
            "kinked": sorted(PIECES | {name for name, op in TABLE.items() if op.smooth}),
            "ends": self.ends,
            "integers": sorted(self.asked.graph.integers),
            "pieces": self.asked.places.computation.pieces,
            "delicate": self.delicate,
        }

    @cached_property
    def conditions(self) -> tuple[Met, ...]:
        """Conditions under which an answer may be right, and is not in general."""
        asked = [k for k, question in enumerate(self.marker.questions) if question.kind != "shape"]
        if not asked or not self.told:
            return ()
        return met_conditions(self.marker.finder.scene(asked[0]), self.points)

    @property
    def told(self) -> bool:
        """Is a mistake ever told?"""
        policy = self.marker.policy
        return policy.hints not in ("none", "verdict") or bool(policy.mistakes)

    @cached_property
    def policy(self) -> dict[str, Any]:
        """How numbers and shapes are judged, and what is said."""
        policy = self.marker.policy
        return {
            "relative": float(policy.relative),
            "absolute": float(policy.absolute),
            "digits": policy.digits,
            "columns": policy.columns,
            "domain": policy.domain,
            "layouts": policy.layouts,
            "entries": policy.entries,
            "hints": policy.hints,
            "mistakes": {slug: float(share) for slug, share in policy.mistakes.items()},
        }

    @cached_property
    def ranks(self) -> dict[str, int]:
        """How many axes a name has, where it has some."""
        last = len(self.marker.questions) - 1
        shapes = self.marker.reader.words(last).shapes if last >= 0 else {}
        return {name: len(shape) for name, shape in shapes.items() if shape}

    @cached_property
    def ends(self) -> list[str]:
        """What is 0 where the pieces of the exercise end, and those of its printed answers."""
        found = dict.fromkeys(self.asked.places.computation.ends)
        known = self.marker.reader.words(0).known if self.marker.questions else frozenset()
        for number, question in enumerate(self.marker.questions):
            answer = None if question.kind == "shape" else self.printed.symbolic(number, "matrix")
            for expr in (answer.symbolic, answer.expanded) if answer is not None else ():
                ends = ends_of_pieces(expr) if expr is not None else []
                found |= dict.fromkeys(end for end in ends if set(names(end)) <= known)
        return [unparse(end) for end in found]

    @cached_property
    def delicate(self) -> bool:
        """Has the exercise a number beside which another may be lost in doubles?"""
        exercise = self.asked.exercise
        lines = [d.expr for d in exercise.definitions]
        lines += [function.expr for function in exercise.functions.values()]
        return any(isinstance(part, Num) and lost(part) for line in lines for part in walk(line))

    # ---- a question

    def question(self, number: int) -> dict[str, Any]:
        """One question as JSON-able data."""
        question = self.marker.questions[number]
        found: dict[str, Any] = {
            "text": question.text,
            "name": question.name,
            "kind": question.kind,
            "answer": question.answer,
            "points": question.points if question.points is not None else 1,
        }
        if question.kind == "shape":
            return found | {"views": self.views(number)}
        right = self.asked.right(number)
        values = self.right(right)
        places = self.looked_at(values)
        conditions = [
            [exact(right, place) for _, place in condition.places] for condition in self.conditions
        ]
        allowed = self.marker.reader.words(number)
        found |= {
            "names": self.own.names(number),
            "partials": {f"{of} {by}": name for (of, by), name in allowed.partials.items()},
            "forbidden": sorted(allowed.forbidden),
            "free": [
                [[name, said_size(size)] for name, size in self.printed.ranges(number, free)]
                for free in self.free(number)
            ],
            "axes": [said_size(size) for size in self.asked.shape(number) if size.number != 1],
            "wanted": shapes.wanted(self.asked, number),
            "right": values.data(),
            "also": self.also(number),
            "at": places,
            "where": conditions,
            "mistakes": [one.data(self.sentences) for one in self.mistakes(number, places)],
        }
        if self.valued(number):
            found["value"] = self.printed.value(number)
        return {key: value for key, value in found.items() if value not in ([], {}, None)}

    def valued(self, number: int) -> bool:
        """Has it a number to compare with?"""
        try:
            return self.printed.has_value(number)
        except GradcalcError:
            return False

    def free(self, number: int) -> list[tuple[str, ...]]:
        """The free indices that its printed entry forms have."""
        try:
            return [free for free in self.printed.free(number) if free]
        except GradcalcError:
            return []

    def views(self, number: int) -> list[list[str]]:
        """The shapes that are right, per example and stacked, as texts of sizes."""
        answer = self.printed.symbolic(number, "matrix")
        if answer is None:
            return []
        views = [view.shape for view in (answer, answer.per_example, answer.stacked) if view]
        return [[said_size(size) for size in shape] for shape in dict.fromkeys(views)]

    def right(self, function: Function) -> Right:
        """A right answer at the points: one number each, all entries at a few near ones."""
        digests = tuple(exact(function, point.place) for point in self.points)
        found: list[tuple[tuple[str, ...], tuple[int, ...]] | None] = []
        whole: dict[int, list[float]] = {}
        for choice in range(1 + max((point.choice for point in self.points), default=-1)):
            here = [k for k, point in enumerate(self.points) if point.choice == choice]
            here = [k for k in here if digests[k] is not None]
            known = next(
                (shape for k in here if (shape := axes_at(function, self.points[k]))), None
            )
            found.append(known)
            if known is None or math.prod(known[1]) == 1 == len(known[0]) + 1:
                continue
            near = sorted(here, key=lambda k: not self.points[k].near)
            near = [k for k in near if not self.points[k].far]
            count = 2 if here and self.points[here[0]].place.given else 1
            for k in near[:count]:
                flat = entries(function, self.points[k].place)
                if flat is not None and 1 < len(flat) <= WHOLE_ENTRIES:
                    whole[k] = flat
        return Right(tuple(found), digests, whole)

    def looked_at(self, values: Right) -> list[int]:
        """The points at which mistakes are looked at: near ones first."""
        known = [k for k, found in enumerate(values.digests) if found is not None]
        known.sort(key=lambda k: (not self.points[k].near) + self.points[k].far)
        return known[: AT if self.asked.places.scalar else AT_OF_ARRAYS]

    def mistakes(self, number: int, at: Sequence[int]) -> tuple[Known, ...]:
        """What is known of mistakes before anybody types."""
        if not self.told:
            return ()
        places = [self.points[k].place for k in at]
        author = self.marker.expected(number)
        return known_mistakes(self.marker.finder.scene(number), places, author)

    def also(self, number: int) -> list[dict[str, Any]]:
        """What is accepted besides: the shorthand of the literature, other layouts."""
        question = self.marker.questions[number]
        found: list[dict[str, Any]] = []
        if self.marker.policy.layouts == "any" and question.kind in ("derivative", "local"):
            for layout in LAYOUTS:
                if layout != self.asked.layout:
                    right = self.right(self.asked.right(number, layout))
                    found.append({"layout": layout, "right": right.data()})
        if self.asked.may_be_short(number):
            short = self.printed.shorthand(number)
            if short is not None:
                found.append({"shorthand": True, "right": self.right(short).data()})
        return found


def lost(part: Num) -> bool:
    """Is a number so small, so large or so long that a formula with it differs from another by
    less than doubles show?
    """
    value = fraction(part)
    if not value:
        return False
    digits = len(str(value.numerator).strip("0"))
    return not SMALLEST < abs(value) < LARGEST or (part.decimal and digits > LONGEST)


def lean(number: float) -> float | int:
    """A number in the fewest characters of JSON."""
    whole = abs(number) < 2.0**53 and number == int(number)
    return int(number) if whole else number
