"""Answers to verdicts.

    marker = Marker(exercise)
    marker.mark({0: Given(Text("z"))})        a Verdict for each question that was answered

What is right is known for each question after its first answer; the second takes a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice, permutations

from gradcalc.exercise.model import Exercise, Grading, Question
from gradcalc.exercise.source import Text
from gradcalc.language.errors import GradcalcError, SpanError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Expr, Vector, names, unparse
from gradcalc.marking import shapes
from gradcalc.marking.asked import LAYOUTS, Asked
from gradcalc.marking.carried import Wrong
from gradcalc.marking.equality import SECONDS, Function, Rules, compare, refuted, written
from gradcalc.marking.finder import Finder
from gradcalc.marking.follow import Follower, number_function
from gradcalc.marking.mistakes import TRIES
from gradcalc.marking.model import (
    BLANK,
    INVALID,
    RIGHT,
    UNDECIDED,
    WRONG,
    Decision,
    Given,
    Mistake,
    Reading,
    Verdict,
)
from gradcalc.marking.printed import Printed
from gradcalc.marking.reader import Reader
from gradcalc.marking.reading import shape_from
from gradcalc.marking.values import judge_value
from gradcalc.marking.wording import NOTES, SAID, carried_over, flatten, invalid, say

HALF = Fraction(1, 2)


class Marker:
    """Marks the answers to one exercise by its policy, or by another. `seconds`: how long the
    comparison of one answer may take, by the clock.
    """

    def __init__(
        self, exercise: Exercise, policy: Grading | None = None, seconds: float = SECONDS
    ) -> None:
        self.policy = policy or exercise.grading
        self.asked = Asked(exercise)
        self.printed = Printed(self.asked)
        self.reader = Reader(self.asked, self.printed)
        strict, common = self.policy.columns == "strict", self.policy.domain == "common"
        self.rules = Rules(not strict, common, seconds)
        self.finder = Finder(self.asked, self.printed)
        self.follower = Follower(self.asked, self.printed, self.policy, self.rules)
        self._author: dict[int, list[tuple[Function, Mistake]]] = {}

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked, in order."""
        return self.asked.questions

    def mark(
        self,
        answers: Mapping[int, Given],
        only: bool = False,
        reveal: bool = False,
        variant: int | None = None,
    ) -> tuple[Verdict, ...]:
        """A verdict for each question, in order; with `only`, for each that has an answer.
        `variant`: the one that was handed out, whose numbers are not those of the exercise.
        """
        found: list[Verdict] = []
        earlier: list[Wrong] = []
        for number in range(len(self.questions)):
            if only and number not in answers:
                continue
            verdict = self.one(number, answers.get(number, Given()), variant)
            if verdict.verdict == WRONG and self.policy.carry:
                verdict = self.followed(number, verdict, earlier)
                earlier += self.wrong(number, verdict.reading)
            if reveal:
                verdict = replace(verdict, revealed=self.reveal(number))
            found.append(verdict)
        return tuple(found)

    def reveal(self, number: int) -> Expr | None:
        """The right answer as it is printed."""
        return self.printed.answer(number).symbolic

    # ---- errors carried forward

    def wrong(self, number: int, reading: Reading) -> list[Wrong]:
        """A wrong answer, from which later ones may follow."""
        if reading.formula is not None:
            function = self.function(number, reading.formula, reading.free)
            expr = None if reading.free else reading.formula
            return [Wrong(number, function, expr)]
        if reading.value is not None:
            return [Wrong(number, number_function(reading.value))]
        return []

    def followed(self, number: int, verdict: Verdict, earlier: list[Wrong]) -> Verdict:
        """The verdict on a wrong answer that follows from earlier wrong ones."""
        reading, policy = verdict.reading, self.policy
        if not earlier or reading.kind == "both":
            return verdict
        function = None
        if reading.formula is not None:
            function = self.function(number, reading.formula, reading.free)
        carried = self.follower.carried(number, reading, function, earlier)
        if carried is None:
            return verdict
        points, message = carried_over(verdict.points, verdict.of, verdict.message, carried, policy)
        return replace(verdict, carried=carried, points=points, message=message, mistakes=())

    # ---- one answer

    def one(
        self, number: int, given: Given, variant: int | None = None, tries: int = TRIES
    ) -> Verdict:
        """The verdict on one answer. `tries`: how many candidates for a mistake are looked at."""
        question = self.questions[number]
        of = Fraction(str(question.points)) if question.points is not None else Fraction(1)
        shown = "; ".join(part.value for part in (given.text, given.value) if part is not None)
        blank = Verdict(question, shown, Reading(BLANK), BLANK, 0.0, float(of), SAID["blank"])
        try:
            reading = self.reader.read(number, given)
        except GradcalcError as error:
            problem = error.problems[0]
            said = invalid(problem)
            return replace(blank, verdict=INVALID, message=said, problems=error.problems)
        if reading.kind == BLANK:
            return blank
        text = given.text or given.value
        assert text is not None
        found = replace(blank, reading=reading, read_as=_read_as(reading))
        if reading.value is not None and variant is not None:
            reason = f"the values of variant {variant} are not known here"
            decision = Decision(UNDECIDED, "value", reason=reason)
            said = say(decision, reading, self.policy)
            return replace(found, verdict=UNDECIDED, message=said, decided=decision)
        if reading.kind == "both":
            return self.both(number, found, text, of, tries)
        return self.scored(number, found, text, of, tries)

    def both(self, number: int, found: Verdict, text: Text, of: Fraction, tries: int) -> Verdict:
        """A formula and its value: each counts half."""
        formula = replace(found.reading, kind="formula", value=None)
        value = replace(found.reading, kind="value", formula=None)
        first = self.scored(number, replace(found, reading=formula), text, of * HALF, tries)
        second = self.scored(number, replace(found, reading=value), text, of * HALF, tries)
        order = (INVALID, WRONG, UNDECIDED, RIGHT)
        verdict = min((first.verdict, second.verdict), key=order.index)
        parts = [f"Formula: {first.message}", f"Value: {second.message}"]
        said = [part for part, one in zip(parts, (first, second), strict=True) if one.message]
        message = "Right." if verdict == RIGHT and said else " ".join(said)
        return replace(
            first,
            reading=found.reading,
            verdict=verdict,
            points=first.points + second.points,
            of=float(of),
            message=message,
            by_value=second.decided,
            entries=first.entries or second.entries,
        )

    def scored(self, number: int, found: Verdict, text: Text, of: Fraction, tries: int) -> Verdict:
        """The decision about an answer, in words and points."""
        decision, function, note = self.decide(number, found.reading, text)
        mistakes: tuple[Mistake, ...] = ()
        if decision.verdict == WRONG and found.reading.kind != "shape":
            mistakes = self.mistakes(number, function, found.reading, tries)
        policy = self.policy
        points = of * self.share(decision, mistakes)
        return replace(
            found,
            verdict=decision.verdict,
            points=float(points),
            message=say(decision, found.reading, policy, mistakes, note),
            mistakes=mistakes if policy.hints == "full" else (),
            entries=decision.entries if policy.hints in ("where", "full") else None,
            decided=decision,
        )

    def share(self, decision: Decision, mistakes: tuple[Mistake, ...]) -> Fraction:
        """The share of the points that is earned."""
        if decision.verdict == RIGHT:
            return Fraction(1)
        if decision.verdict != WRONG:
            return Fraction(0)
        for mistake in mistakes:
            own = mistake.points
            if own is not None:
                return Fraction(str(own))
            if mistake.slug in self.policy.mistakes:
                return self.policy.mistakes[mistake.slug]
        if decision.by == "value" and self.policy.entries == "proportional":
            flat = flatten(decision.entries)
            return Fraction(sum(one is True for one in flat), len(flat))
        return Fraction(0)

    # ---- decisions

    def decide(
        self, number: int, reading: Reading, text: Text
    ) -> tuple[Decision, Function | None, str]:
        """What a comparison with the right answer finds; the answer as a function; a note."""
        if reading.kind == "shape":
            return self.shape(number, reading), None, ""
        if reading.kind == "value":
            assert reading.value is not None
            if not self.printed.has_value(number):
                return Decision(INVALID, "value", reason=SAID["no values"]), None, ""
            value = self.printed.value(number)
            shape = self.asked.shape(number)
            return judge_value(reading.value, value, self.policy, shape), None, ""
        return self.formula(number, reading, text)

    def formula(
        self, number: int, reading: Reading, text: Text
    ) -> tuple[Decision, Function | None, str]:
        """A formula beside the right answer."""
        expr = reading.formula
        assert expr is not None
        if isinstance(expr, Vector) and not self.asked.shape(number):
            return Decision(INVALID, "shape", reason=SAID["list"]), None, ""
        function, decision = self.compared(number, expr, reading.free)
        if decision.verdict == UNDECIDED and decision.by == "shape":
            decision = self.beside_printed(number, function) or decision
        note = ""
        if decision.verdict in (WRONG, INVALID):
            decision, note = self.otherwise(number, function, decision)
        if decision.by == "shape" and decision.verdict != RIGHT:
            decision = self.explained(number, reading, decision, text)
        return decision, function, note

    def compared(self, number: int, expr: Expr, free: tuple[str, ...]) -> tuple[Function, Decision]:
        """A formula beside the right answer. Indices with names of the student's own do not say
        which axis is which: each order is tried.
        """
        known = not free or free in self.printed.free(number)
        found: list[tuple[Function, Decision]] = []
        for order in (free,) if known else permutations(free):
            function = self.function(number, expr, order)
            right, places = self.asked.right(number), self.asked.places
            found.append((function, compare(function, right, places, self.rules)))
            if found[-1][1].verdict == RIGHT:
                return found[-1]
        return found[0]

    def function(self, number: int, expr: Expr, free: tuple[str, ...] = ()) -> Function:
        """A formula as a function of the inputs."""
        known = dict(self.asked.names(number))
        graph = self.asked.graph
        lacking = [n for n in names(expr) if n not in known and n not in graph.names]
        if any("_" in name and name.startswith("d") for name in lacking):
            known |= self.printed.gradients(number)
        ranges = self.printed.ranges(number, free) if free else ()
        return written(expr, self.asked.places.computation, known, ranges)

    def beside_printed(self, number: int, function: Function) -> Decision | None:
        """What is too large for the derivative of the computation is compared with the printed
        answer.
        """
        answer = self.printed.symbolic(number, "matrix")
        if answer is None or answer.symbolic is None:
            return None
        right = self.function(number, answer.symbolic, answer.free)
        return compare(function, right, self.asked.places, self.rules)

    def otherwise(
        self, number: int, function: Function, decision: Decision
    ) -> tuple[Decision, str]:
        """Is it right as a shorthand, or, where the policy says so, in another layout?"""
        question = self.questions[number]
        if self.policy.layouts == "any" and question.kind in ("derivative", "local"):
            for layout in LAYOUTS:
                if layout == self.asked.layout:
                    continue
                right = self.asked.right(number, layout)
                found = compare(function, right, self.asked.places, self.rules)
                if found.verdict == RIGHT:
                    return found, NOTES["layout"].format(layout, self.asked.layout)
        if decision.by == "shape" and self.asked.may_be_short(number):
            short = self.printed.shorthand(number)
            if short is not None and not refuted(function, short, islice(self.asked.places, 2)):
                found = compare(function, short, self.asked.places, self.rules)
                if found.verdict == RIGHT:
                    return found, NOTES["shorthand"]
        return decision, ""

    def explained(self, number: int, reading: Reading, decision: Decision, text: Text) -> Decision:
        """Shapes in the sizes of the exercise, and where in the answer they do not fit."""
        assert reading.formula is not None
        want = shapes.wanted(self.asked, number)
        if reading.free:
            return replace(decision, shapes=decision.shapes and (decision.shapes[0], want))
        built = shapes.built(self.asked, number, reading.formula, text)
        if decision.verdict == INVALID:
            if built.problem is not None:
                return replace(decision, reason=built.problem.message)
            return replace(decision, verdict=UNDECIDED) if built.shape is not None else decision
        if decision.shapes is None:
            return decision
        got = built.said if built.shape is not None else decision.shapes[0]
        return replace(decision, shapes=(got, want))

    def shape(self, number: int, reading: Reading) -> Decision:
        """A shape beside that of the quantity, per example or stacked, in symbols or in numbers."""
        assert reading.shape is not None
        try:
            got = shape_from(reading.shape)
        except SpanError as error:
            return Decision(INVALID, "shape", reason=error.message)
        answer = self.printed.symbolic(number, "matrix")
        assert answer is not None
        views = [view.shape for view in (answer, answer.per_example, answer.stacked) if view]
        sizes = dict(self.asked.graph.sizes)
        loose = self.rules.loose

        def plain(shape: tuple[object, ...]) -> tuple[object, ...]:
            kept = tuple(size for size in shape if size != 1)
            return kept if loose or not kept else shape

        for view in views:
            right = plain(tuple(s.number if s.number is not None else s for s in view))
            mine = plain(tuple(s.number if s.number is not None else s for s in got))
            if mine == right:
                return Decision(RIGHT, "shape")
            numbers = all(size.number is not None for size in got)
            if not numbers or not all(size.names <= sizes.keys() for size in view):
                continue
            if mine == plain(tuple(size.at(sizes) for size in view)):
                return Decision(RIGHT, "shape")
        return Decision(WRONG, "shape")

    # ---- which mistake

    def mistakes(
        self, number: int, formula: Function | None, reading: Reading, tries: int = TRIES
    ) -> tuple[Mistake, ...]:
        """The mistakes that give exactly this answer: those that the author expects first."""
        function = formula
        if function is None:
            assert reading.value is not None
            function = number_function(reading.value)
        for known, mistake in self.expected(number):
            if refuted(function, known, islice(self.asked.places, 2)):
                continue
            if compare(function, known, self.asked.places, self.rules).verdict == RIGHT:
                return (mistake,)
        if self.policy.hints in ("none", "verdict") and not self.policy.mistakes:
            return ()  # nobody would read it, and no points depend on it
        if formula is None:
            return self.finder.value(number, reading, function, tries)

        def read(expr: Expr) -> Function:
            return self.function(number, expr, reading.free)

        return self.finder.formula(number, function, reading, read, tries)

    def expected(self, number: int) -> list[tuple[Function, Mistake]]:
        """The author's mistakes as functions. Raises GradcalcError where one cannot be read."""
        if number not in self._author:
            found = []
            for item in self.questions[number].mistakes:
                reading = self.reader.formula(number, item.answer)
                assert reading.formula is not None
                function = self.function(number, reading.formula, reading.free)
                mistake = Mistake("author", item.say, {}, float(item.points))
                found.append((function, mistake))
            self._author[number] = found
        return self._author[number]


def _read_as(reading: Reading) -> str | None:
    """How an answer was read, in the expression language."""
    parts = []
    if reading.shape is not None:
        return "[" + ", ".join(map(unparse, reading.shape)) + "]"
    if reading.formula is not None:
        parts.append(unparse(reading.formula))
    if reading.value is not None:
        parts.append(_rows(reading.value))
    return "; ".join(parts) if parts else None


def _rows(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_rows, value)) + "]"
    return unparse(value)  # type: ignore[arg-type]
