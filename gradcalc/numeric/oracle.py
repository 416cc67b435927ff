"""The oracle: derivatives of the forward computation itself, compared with what the rules claim and
what is shown.

    oracle = Oracle(graph)
    oracle.verify(Claim(tree), "J", "W1")      -> Verified
    oracle.derivative("J", "W1")               -> Tensor over the examples, positional axes (*of,
                                               *by)

An input, or an intermediate quantity, is moved away from its value, and the definitions that depend
on it are computed again, all of its entries in one pass along one more named axis. Nothing is
shared with the rules. Numbers that are shown are compared in enclosures, formulas at other points
in float64 first (`comparison`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr
from gradcalc.numeric.comparison import (
    MAX_WORK,
    Edge,
    Outcome,
    Sides,
    again,
    beside_sides,
    compared,
    limit,
    numbers_in,
    sides,
)
from gradcalc.numeric.evaluate import bind, entries, evaluate
from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.finite_differences import (
    Directions,
    Target,
    assembled,
    derivative_of,
    directions,
    free_lengths,
    in_order,
    moving,
    needed,
)
from gradcalc.numeric.forward import Forward, Point, mentioned
from gradcalc.numeric.gradients_together import together
from gradcalc.numeric.kinks import Kink, places
from gradcalc.numeric.precision import balls, climb
from gradcalc.numeric.scalar_functions import LADDER, Misfit, TooLarge, Undefined, Unknown
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.numeric.verified import Verified

CONVENTION = "a convention: nothing to compare at this point"
MAX_ENTRIES, RANDOM_DIRECTIONS = 200, 3
FEW = 3  # answers that are compared one by one


@dataclass(frozen=True, slots=True)
class Claim:
    """A derivative as the rules found it. `where` names parts of it, in order. `free` are the
    indices of an entry formula, in the order of the axes (*of, *by), axes of length 1 having none.
    `layout` is that of the formula.
    """

    expr: Expr
    where: Sequence[tuple[str, Expr]] = ()
    free: tuple[str, ...] = ()
    layout: str = "gradient"

    def at(self, env: Env, lengths: tuple[int, ...]) -> Tensor:
        """Its value; `lengths` are those of the axes that have an index."""
        env = bind(env, self.where)
        if not self.free:
            return evaluate(self.expr, env)
        if len(lengths) != len(self.free):
            raise Misfit(f"{len(self.free)} free indices for {len(lengths)} axes")
        return entries(self.expr, dict(zip(self.free, lengths, strict=True)), env)


# A claim may also be a function of the environment, or an array, which holds at the given point
# alone.
AnyClaim: TypeAlias = "Claim | Callable[[Env], Tensor] | Any"


@dataclass()
class Oracle:
    """The numeric derivatives of one exercise. Forward values are computed once per point."""

    graph: Graph
    point: Point | None = None
    _depends: Mapping[str, frozenset[str]] = field(init=False)
    _places: Mapping[str, int] = field(init=False)
    _target: tuple[Any, Target] | None = field(init=False, default=None)  # the last one
    _given: Forward | None = field(init=False, default=None)
    _others: list[Forward] | None = field(init=False, default=None)
    _reason: str | None = field(init=False, default=None)
    _kinks: dict[int, list[Kink]] = field(init=False, default_factory=dict)
    _sides: dict[tuple[int, Target], Sides] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._depends = mentioned(self.graph)
        self._places = in_order(self.graph, self._depends)

    @property
    def given(self) -> Forward:
        """The forward computation at the point of the exercise."""
        if self._given is None:
            self._given = Forward(self.graph, self.point or given_point(self.graph))
        return self._given

    @property
    def others(self) -> list[Forward]:
        """The forward computation at random points: two where sizes are symbolic or values are
        missing, else one.
        """
        if self._others is None:
            symbolic = any(
                size.names for name in self.graph.names for size in self.graph.node(name).shape
            )
            symbolic = symbolic or any(size.names for size in self.graph.indices.values())
            count = 2 if symbolic or self.given.point.missing else 1
            points, self._reason = random_points(self.graph, count, smooth=False)
            self._others = [Forward(self.graph, point) for point in points]
        return self._others

    def target(self, of: str | None, bys: tuple[str, ...], local: bool = False) -> Target:
        """What is differentiated (None: the loss) and the definitions to compute again."""
        key = of, bys, local
        if self._target is None or self._target[0] != key:
            between = needed(self.graph, self._depends, of, bys, local, self._places)
            self._target = key, Target(of, bys, between)
        return self._target[1]

    def derivative(
        self, of: str | None, by: str, values: Forward | None = None, local: bool = False
    ) -> Tensor:
        """The derivative at a point, by default the given one: over the examples, positional axes
        (*of, *by).

        `of` None is the loss behind the upstream gradients. Raises Undefined.
        """
        return derivative_of(values or self.given, self.target(of, (by,), local))

    def second(self, of: str | None, by: str, then: str, values: Forward | None = None) -> Tensor:
        """The second derivative, positional axes (*of, *by, *then). Raises Undefined."""
        return derivative_of(values or self.given, self.target(of, (by, then)))

    # ---- kinks

    def candidates(self, values: Forward, target: Target) -> list[Kink]:
        """Where what is differentiated may not be smooth in what is varied."""
        key = id(values)
        if key not in self._kinks:
            self._kinks[key] = places(values)
        if not self._kinks[key]:
            return []
        again, varied = set(target.again), {*target.again, *target.bys}
        return [kink for kink in self._kinks[key] if kink.quantity in again and kink.on & varied]

    def sides(self, values: Forward, target: Target) -> Sides:
        """Derivatives from all sides, at a point where it may not be smooth. Computed once."""
        key = (id(values), target)
        if key not in self._sides and _lacking(values, target):
            self._sides[key] = Sides(None)
        if key not in self._sides:
            try:
                chosen = None if values.scalar else directions(values, target, MAX_ENTRIES)
                self._sides[key] = sides(values, target, chosen)
            except Undefined:  # a value that is no float
                self._sides[key] = Sides(None)
        return self._sides[key]

    def refusal(
        self, of: str | None, bys: tuple[str, ...], local: bool = False
    ) -> Undefined | None:
        """Why a derivative has no number at the given point although its formula may have one.

        A quantity it is about has none there (log at -1), or jumps there, or is a root of 0; None
        where nothing is wrong.
        """
        values, graph = self.given, self.graph
        ofs = (
            (of,)
            if of is not None
            else tuple(item.of or graph.outputs[-1] for item in graph.exercise.upstream)
        )
        for name in (*ofs, *bys):
            problem = values.undefined.get(name)
            if problem is not None and not isinstance(problem, Unknown):
                return problem
        target = self.target(of, bys, local)
        bad = [kink for kink in self.candidates(values, target) if kink.slug != "kink"]
        if bad and not self.sides(values, target).smooth:
            return Undefined(bad[0].message)
        return None

    def limit(
        self,
        of: str | None,
        bys: tuple[str, ...],
        local: bool,
        shown: Tensor | None,
        layout: str = "gradient",
    ) -> Tensor | None:
        """The derivative at the given point where the formula does not have it and all sides agree.

        The formula has no number there, sqrt(x^4) at 0, or one that a condition met at that point
        alone gives it. Positional axes (*of, *by, …).
        """
        values, target = self.given, self.target(of, bys, local)
        if _lacking(values, target):
            return None
        if shown is not None:
            if all(kink.slug == "kink" for kink in self.candidates(values, target)):
                return None
            if self._at(shown, target, values, layout).ok:
                return None
        found = self.sides(values, target)
        if not found.smooth or (found.chosen is not None and not found.chosen.complete):
            return None
        try:
            slopes = limit(found)
        except Undefined:
            return None
        if found.chosen is None:
            return Tensor(slopes)
        return assembled(slopes, found.chosen, values)

    def met(self, of: str | None, bys: tuple[str, ...], local: bool = False) -> list[Kink]:
        """The kinks at the given point at which a derivative is not the same from all sides."""
        target = self.target(of, bys, local)
        found = self.candidates(self.given, target)
        return [] if found and self.sides(self.given, target).smooth else found

    def conventions(
        self, of: str | None, bys: tuple[str, ...], local: bool, shown: Tensor, layout: str
    ) -> list[Kink]:
        """The kinks at the given point on whose conventions a number rests: where sides differ,
        or differ from it.
        """
        values, target = self.given, self.target(of, bys, local)
        found = [kink for kink in self.candidates(values, target) if kink.slug == "kink"]
        if not found or self._at(shown, target, values, layout).ok:
            return []
        return found

    # ---- comparing

    def recomputed(self, name: str) -> Verified | None:
        """The value of a quantity at the given point beside the forward computation in more
        digits.
        """
        values = self.given
        if name not in values:
            problem = values.undefined.get(name)
            return Verified(None, reason=problem.message if problem else "it has no value")
        if values.coarse:
            return Verified(None, reason="with more digits it would take too long")
        method = f"the forward computation with {LADDER[-2]} bits, at {values.point.label}"
        try:
            ok, error = climb(lambda bits: again(values, name, max(bits, LADDER[-2])))
        except Undefined as problem:
            return Verified(None, reason=problem.message)
        return Verified(ok, method, error, None if ok else "the value differs")

    def verify(
        self,
        claim: AnyClaim,
        of: str | None,
        by: str,
        then: str | None = None,
        local: bool = False,
        layout: str | None = None,
        once: bool = False,
        shown: Tensor | None = None,
    ) -> Verified:
        """Compare a claimed derivative of `of` by `by` (and `then`) with the computation, at the
        given point and others.

        The claim holds in the layout given (default: its own, else gradient), squeezed of axes of
        length 1; it may be over the examples, or their stack. `shown` is its number, which is what
        is compared at the given point. `once`: at one point, along one direction.
        """
        bys = (by,) if then is None else (by, then)
        target = self.target(of, bys, local)
        layout = layout or (claim.layout if isinstance(claim, Claim) else "gradient")
        found: list[tuple[str, Outcome]] = []
        for label, values in self._points(claim):
            said = shown if shown is not None and values is self.given else claim
            outcome = self._at(said, target, values, layout, once)
            if outcome.ok is False and said is shown and self._rough(claim, target, layout):
                outcome = self._at(said, target, values, layout, once, precisely=False)
            found.append((label, outcome))
            if outcome.ok is False or (once and outcome.ok):
                break
        verified = self._summary(found)
        here = found[0][1]
        missing = self.given.point.missing  # then what is shown depends on no value
        if shown is not None and here.ok is None and verified.ok and not missing:
            # What was compared is not the number that is shown.
            return Verified(None, verified.method, None, here.reason)
        return verified

    def together(
        self, of: str | None, shown: Mapping[str, Tensor | None], values: Forward | None = None
    ) -> Verified | None:
        """The numbers of many gradients of `of` at a point, by default the given one, compared at
        once: right, or None where that does not tell, and each has to be compared by itself. Of
        numbers they may be those at quantities, each displaced for itself.
        """
        values = values or self.given
        numbers: dict[str, Tensor] = {}
        for name, tensor in shown.items():
            if tensor is None or name not in values or not alike(tensor, values[name]):
                return None
            numbers[name] = tensor
        bys = tuple(shown)
        again = moving(self.graph, self._depends, of, frozenset(bys), self._places)
        target = Target(of, bys, again)
        if not values.scalar and any(name in numbers for name in again):
            return None
        work = numbers_in(values, target)
        if values.coarse or work > MAX_WORK or self.candidates(values, target):
            return None
        try:
            outcome = together(values, target, numbers)
        except Undefined:
            return None
        label = values.point.label
        return Verified(True, f"{outcome.how}, at {label}", outcome.error) if outcome.ok else None

    def all_together(
        self, of: str | None, claims: Mapping[str, tuple[Claim, Tensor | None]]
    ) -> dict[str, Verified]:
        """The derivatives of a number by many quantities and inputs, in numbers, compared at once
        at the given point and others: those that are right there. Half of them at a time where
        not all are.
        """
        points = [*([] if self.given.point.missing else [self.given]), *self.others]
        found = [self._together_at(values, of, claims) for values in points]
        compared = [verified for verified in found if verified is not None]
        if not compared or len(compared) < len(found):
            names = list(claims)
            if len(names) <= FEW:
                return {}
            half = len(names) // 2
            parts = ({n: claims[n] for n in part} for part in (names[:half], names[half:]))
            return {n: said for part in parts for n, said in self.all_together(of, part).items()}
        errors = [verified.error for verified in compared if verified.error is not None]
        how = compared[0].method.rpartition(", at ")[0]
        labels = [verified.method.rpartition(", at ")[2] for verified in compared]
        method = f"{how}, at {'; at '.join(labels)}"
        reason = self.given.undefined
        return {
            name: Verified(
                True,
                method,
                max(errors, default=0.0),
                next((f"{n}: {reason[n].message}" for n in (of, name) if n in reason), None),
            )
            for name in claims
        }

    def _together_at(
        self, values: Forward, of: str | None, claims: Mapping[str, tuple[Claim, Tensor | None]]
    ) -> Verified | None:
        shown = {name: tensor for name, (_, tensor) in claims.items()}
        if values is not self.given:
            try:
                for name, (claim, _) in claims.items():
                    shown[name] = values.evaluate(claim.expr, claim.where)
            except Undefined:
                return None
        return self.together(of, shown, values)

    def _points(self, claim: AnyClaim) -> Iterator[tuple[str, Forward]]:
        yield self.given.point.label, self.given
        if isinstance(claim, Claim) or callable(claim):
            yield from ((values.point.label, values) for values in self.others)

    def _summary(self, found: list[tuple[str, Outcome]]) -> Verified:
        compared = [(label, outcome) for label, outcome in found if outcome.ok is not None]
        reasons = [outcome.reason for _, outcome in found if outcome.reason]
        if not compared:
            if self.given.point.missing and self._reason:  # that no values are given is not why
                reasons = [self._reason]
            return Verified(
                None,
                reason=(reasons[0] if reasons else None) or self._reason or "nothing to compare",
            )
        bad = [(label, outcome) for label, outcome in compared if not outcome.ok]
        label, worst = max(bad or compared, key=lambda item: item[1].error)
        labels = list(dict.fromkeys(label for label, _ in compared))
        method = f"{compared[0][1].how}, at {'; at '.join(labels)}"
        if bad:
            return Verified(False, method, worst.error, worst.reason or f"differs at {label}")
        return Verified(True, method, worst.error, reasons[0] if reasons else None)

    def _rough(self, claim: AnyClaim, target: Target, layout: str) -> bool:
        """Is the number of a formula at the given point one of floats, for enclosures would be too
        many?
        """
        if not isinstance(claim, Claim):
            return False
        values = self.given
        try:
            chosen = None if values.scalar else directions(values, target, MAX_ENTRIES)
            with balls(LADDER[0]).working():
                _claimed(claim, values.formulas(LADDER[0]), lengths_of(chosen, layout))
        except Undefined as problem:
            return isinstance(problem, TooLarge)
        return False

    def _at(
        self,
        claim: AnyClaim,
        target: Target,
        values: Forward,
        layout: str,
        once: bool = False,
        precisely: bool = True,
    ) -> Outcome:
        """`precisely`: the number that is shown at the given point is one of enclosures."""
        if lacking := _lacking(values, target):
            return Outcome(None, reason=f"{lacking}: {values.undefined[lacking].message}")

        def claimed(env: Env, chosen: Directions | None) -> Tensor:
            return _claimed(claim, env, lengths_of(chosen, layout))

        try:
            if near := self.candidates(values, target):
                found = self.sides(values, target)
                if found.smooth and (outcome := beside_sides(claimed, values, layout, found)).ok:
                    return outcome
                convention = near[0].slug == "kink"
                reason = CONVENTION if convention else f"nothing to compare: {near[0].message}"
                return Outcome(None, reason=reason, convention=convention)
            limits = (0, 1) if once else (MAX_ENTRIES, RANDOM_DIRECTIONS)
            chosen = None if values.scalar else directions(values, target, *limits)
            precisely = precisely and values is self.given
            return compared(claimed, target, values, layout, chosen, precisely)
        except Misfit as problem:
            return Outcome(False, how="differences", reason=problem.message)
        except Edge as problem:
            found = self.sides(values, target)
            if found.smooth and (outcome := beside_sides(claimed, values, layout, found)).ok:
                return outcome
            return Outcome(None, reason=problem.message)
        except Undefined as problem:
            return Outcome(None, reason=problem.message)


def _lacking(values: Forward, target: Target) -> str | None:
    """What is differentiated, or by what, if it has no value."""
    names = (*((target.of,) if target.of else ()), *target.bys)
    return next((name for name in names if name in values.undefined), None)


def alike(one: Tensor, other: Tensor) -> bool:
    """Have they the same axes, over the examples and of their own?"""
    return one.over == other.over and (
        getattr(one.data, "shape", ()) == getattr(other.data, "shape", ())
    )


def lengths_of(chosen: Directions | None, layout: str) -> tuple[int, ...]:
    """The lengths of the axes that have an index in an entry formula."""
    return () if chosen is None else free_lengths(chosen, layout)


def _claimed(claim: AnyClaim, env: Env, lengths: tuple[int, ...]) -> Tensor:
    """The value of a claim in the numbers of an environment."""
    if isinstance(claim, Claim):
        return claim.at(env, lengths)
    if callable(claim):
        return claim(env)
    over = claim.over if isinstance(claim, Tensor) else ()
    data = claim.data if isinstance(claim, Tensor) else claim
    if isinstance(data, list) or getattr(data, "ndim", 0) > 0:
        return Tensor(env.numbers.arrays.array(data), over)
    return Tensor(env.numbers.scalar.number(data), over)
