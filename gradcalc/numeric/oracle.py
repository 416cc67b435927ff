"""The oracle: derivatives of the forward computation by differences, compared with what the rules claim.

    oracle = Oracle(graph)
    oracle.verify(Claim(tree), "J", "W1")      -> Verified
    oracle.derivative("J", "W1")               -> Tensor over the examples, positional axes (*of, *by)

An input, or an intermediate quantity, is moved away from its value, and the definitions that depend on it are
computed again, all of its entries in one pass along one more named axis. Nothing is shared with the rules.
Arrays: six evaluations around the point in float64, of order h^6. Scalars, and whatever disagrees in float:
two evaluations with 60 digits, then with 400.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr
from gradcalc.numeric.evaluate import bind, entries, evaluate
from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.finite_differences import (
    Directions,
    Target,
    arranged_shape,
    columns,
    derivative_of,
    directions,
    needed,
    scalar_difference,
)
from gradcalc.numeric.forward import MANY_DEFINITIONS, Forward, Point, mentioned, work
from gradcalc.numeric.kinks import Kink, places
from gradcalc.numeric.scalar_functions import Misfit, TooLarge, Undefined, Unknown
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.numeric.verified import Verified

MAX_ENTRIES, RANDOM_DIRECTIONS, RECHECKED = 200, 3, 12
STEEP = 1e100  # a slope that steps in 400 digits, some 1e-133, do not resolve
LADDER = 60, 150, 400  # digits
FLOAT, EXACT = 1e-7, 1e-9
MAX_EFFORT = 20_000  # entries recomputed in high precision
MAX_WORK = 50_000  # operations that one direction may take there


@dataclass(frozen=True, slots=True)
class Claim:
    """A derivative as the rules found it. `where` names parts of it, in order. `free` are the indices of an entry
    formula, in the order of the axes (*of, *by), axes of length 1 having none. `layout` is that of the formula."""

    expr: Expr
    where: tuple[tuple[str, Expr], ...] = ()
    free: tuple[str, ...] = ()
    layout: str = "gradient"

    def at(self, env: Env, shape: tuple[int, ...]) -> Tensor:
        """Its value; `shape` are the positional axes the answer has."""
        env = bind(env, self.where)
        if not self.free:
            return evaluate(self.expr, env)
        sizes = [n for n in shape if n != 1]
        if len(sizes) != len(self.free):
            sizes = list(shape)
        if len(sizes) != len(self.free):
            raise Misfit(f"{len(self.free)} free indices for an array of shape {shape}")
        return entries(self.expr, dict(zip(self.free, sizes, strict=True)), env)


# A claim may also be a function of the environment, or an array, which holds at the given point alone.
AnyClaim: TypeAlias = "Claim | Callable[[Env], Tensor] | Any"


@dataclass(slots=True)
class _Outcome:
    """What the comparison at one point found; `ok` None: nothing to compare there."""

    ok: bool | None
    error: float = 0.0
    how: str = ""
    reason: str | None = None


@dataclass()
class Oracle:
    """The numeric derivatives of one exercise. Forward values are computed once per point."""

    graph: Graph
    point: Point | None = None
    _depends: Mapping[str, frozenset[str]] = field(init=False)
    _given: Forward | None = field(init=False, default=None)
    _others: list[Forward] | None = field(init=False, default=None)
    _reason: str | None = field(init=False, default=None)
    _kinks: dict[int, list[Kink]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._depends = mentioned(self.graph)

    @property
    def given(self) -> Forward:
        """The forward computation at the point of the exercise."""
        if self._given is None:
            self._given = Forward(self.graph, self.point or given_point(self.graph))
        return self._given

    @property
    def others(self) -> list[Forward]:
        """The forward computation at random points: two where sizes are symbolic or values are missing, else one."""
        if self._others is None:
            symbolic = any(
                size.names for name in self.graph.names for size in self.graph.node(name).shape
            )
            symbolic = symbolic or any(size.names for size in self.graph.indices.values())
            count = 2 if symbolic or self.given.point.missing else 1
            points, self._reason = random_points(self.graph, count)
            self._others = [Forward(self.graph, point) for point in points]
        return self._others

    def target(self, of: str | None, bys: tuple[str, ...], local: bool = False) -> Target:
        """What is differentiated (None: the loss) and the definitions to compute again."""
        return Target(of, bys, needed(self.graph, self._depends, of, bys, local))

    def derivative(
        self, of: str | None, by: str, values: Forward | None = None, local: bool = False
    ) -> Tensor:
        """The derivative at a point, by default the given one: over the examples, positional axes (*of, *by).

        `of` None is the loss behind the upstream gradients. Raises Undefined.
        """
        values = values or self.given
        return derivative_of(values, self.target(of, (by,), local), 60 if values.precise else 16)

    def second(self, of: str | None, by: str, then: str, values: Forward | None = None) -> Tensor:
        """The second derivative, positional axes (*of, *by, *then). Raises Undefined."""
        values = values or self.given
        return derivative_of(values, self.target(of, (by, then)), 60 if values.precise else 16)

    def kinks(self, values: Forward, target: Target) -> list[Kink]:
        """Kinks at a point that matter to a derivative."""
        key = id(values)
        if key not in self._kinks:
            self._kinks[key] = places(values)
        return [kink for kink in self._kinks[key] if kink.quantity in target.again]

    def refusal(
        self, of: str | None, bys: tuple[str, ...], local: bool = False
    ) -> Undefined | None:
        """Why a derivative has no number at the given point although its formula may have one.

        A quantity it is about has none there (log at -1), or jumps there, or is a root of 0; None where nothing is wrong.
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
        for kink in self.kinks(values, target):
            if kink.slug == "jump" or (
                kink.slug in ("root", "point") and kink.on & {*target.again, *bys}
            ):
                return Undefined(kink.message)
        return None

    def verify(
        self,
        claim: AnyClaim,
        of: str | None,
        by: str,
        then: str | None = None,
        local: bool = False,
        layout: str | None = None,
        once: bool = False,
    ) -> Verified:
        """Compare a claimed derivative of `of` by `by` (and `then`) with differences, at the given point and others.

        The claim holds in the layout given (default: its own, else gradient), squeezed of axes of length 1; it may be
        over the examples, or their stack. `once`: at one point, along one direction.
        """
        bys = (by,) if then is None else (by, then)
        target = self.target(of, bys, local)
        layout = layout or (claim.layout if isinstance(claim, Claim) else "gradient")
        found: list[tuple[str, _Outcome]] = []
        for label, values in self._points(claim):
            outcome = self._at(claim, target, values, layout, once)
            found.append((label, outcome))
            if outcome.ok is False or (once and outcome.ok):
                break
        return self._summary(found)

    def _points(self, claim: AnyClaim) -> Iterator[tuple[str, Forward]]:
        yield self.given.point.label, self.given
        if isinstance(claim, Claim) or callable(claim):
            yield from ((values.point.label, values) for values in self.others)

    def _summary(self, found: list[tuple[str, _Outcome]]) -> Verified:
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

    def _at(
        self, claim: AnyClaim, target: Target, values: Forward, layout: str, once: bool = False
    ) -> _Outcome:
        for name in (*((target.of,) if target.of else ()), *target.bys):
            if name in values.undefined:
                return _Outcome(None, reason=f"{name}: {values.undefined[name].message}")
        varied = {*target.again, *target.bys}
        met = self.kinks(values, target)
        near = [
            kink
            for kink in met
            if kink.slug in ("kink", "jump") or (kink.slug == "point" and kink.on & varied)
        ]
        if near:
            return _Outcome(None, reason=f"no comparison at a kink: {near[0].message}")
        try:
            if values.scalar:
                return self._scalar(claim, target, values)
            chosen = directions(
                values, target, *((0, 1) if once else (MAX_ENTRIES, RANDOM_DIRECTIONS))
            )
            how = "differences in float64, " + (
                "entry by entry"
                if chosen.complete
                else f"along {RANDOM_DIRECTIONS} random directions"
            )
            for finer in (1, 64):
                try:
                    got, want = self._both(claim, target, values, layout, chosen, 16, finer)
                except (Unknown, Misfit, TooLarge):
                    raise
                except Undefined:
                    continue
                error, wrong = difference(got, want, FLOAT, 1e-9, 0.0)
                if not wrong:
                    return _Outcome(True, error, how)
                chosen = chosen.some(wrong[:RECHECKED])
                break
            return self._precisely(claim, target, values, layout, chosen)
        except Misfit as problem:
            return _Outcome(False, how="differences", reason=problem.message)
        except Undefined as problem:
            return _Outcome(None, reason=problem.message)

    def _scalar(self, claim: AnyClaim, target: Target, values: Forward) -> _Outcome:
        """Numbers need no arrays: two evaluations, with so many digits that rounding does not hide what is claimed.

        What disagrees is tried with more; a first derivative through very many definitions with floats before.
        """
        outcome = _Outcome(None)
        problem: Undefined | None = None
        many = not values.precise and len(target.again) > MANY_DEFINITIONS and len(target.bys) == 1
        for digits in (16, *LADDER) if many else LADDER:
            relative = (
                EXACT if digits > 16 and (isinstance(claim, Claim) or callable(claim)) else FLOAT
            )
            noise = 0.0 if digits == 16 else noise_of(target, digits)
            try:
                want = self._claimed(claim, values.env(digits), ())
                if not want.plain:
                    want = Tensor(want.data.reshape(-1)[0]) if want.data.size == 1 else want
                if not want.plain:
                    return _Outcome(None, reason="the formula is no number")
                if noise > relative * abs(want.data) and digits < LADDER[-1]:
                    continue
                got = _near(partial(scalar_difference, values, target, digits))
            except (Unknown, Misfit):
                raise
            except Undefined as found:
                problem = found
                continue
            size, gap = max(abs(got), abs(want.data)), abs(got - want.data)
            ok = bool(gap <= relative * size + noise)
            reason = (
                None if ok else f"the oracle says {float(got):.10g}, not {float(want.data):.10g}"
            )
            error = float(gap / size) if size > 1e-250 and gap > max(1e-30 * size, noise) else 0.0
            how = (
                f"central differences with {digits} digits"
                if digits > 16
                else "differences in float64"
            )
            outcome = _Outcome(ok, error, how, reason)
            if ok:
                return outcome
        if outcome.ok is None and problem is not None:
            raise problem
        return beyond(values, target, digits, size) or outcome

    def _claimed(self, claim: AnyClaim, env: Env, shape: tuple[int, ...]) -> Tensor:
        if isinstance(claim, Claim):
            return claim.at(env, shape)
        if callable(claim):
            return claim(env)
        if isinstance(claim, Tensor):
            return claim
        return Tensor(
            env.numbers.arrays.array(claim)
            if isinstance(claim, list) or hasattr(claim, "shape")
            else env.numbers.scalar.number(claim)
        )

    def _precisely(
        self, claim: AnyClaim, target: Target, values: Forward, layout: str, chosen: Directions
    ) -> _Outcome:
        """Arrays with 60 digits, and with 400 where that disagrees: a difference that is still there is a mistake."""
        functions = isinstance(claim, Claim) or callable(claim)
        names = [name for name in (*target.again, *target.bys) if name in values]
        if sum(work(values[name]) for name in names) > MAX_WORK:
            return _Outcome(
                None, reason="floats do not tell, and with more digits it would take too long"
            )
        effort = len(chosen.arrays[0]) * sum(
            getattr(values[name].data, "size", 1) for name in names
        )
        if effort > MAX_EFFORT:
            chosen = chosen.some(range(max(1, len(chosen.arrays[0]) * MAX_EFFORT // effort)))
        outcome = _Outcome(None)
        problem: Undefined | None = None
        for digits in (60, 400):
            try:
                got, want = self._both(claim, target, values, layout, chosen, digits)
            except (Unknown, Misfit, TooLarge):
                raise
            except Undefined as found:
                problem = found
                continue
            relative, noise = (EXACT, 1e-20) if functions else (FLOAT, 1e-12)
            error, wrong = difference(got, want, relative, noise, noise_of(target, digits))
            reason = f"the oracle says {_sample(want, got)}" if wrong else None
            outcome = _Outcome(not wrong, error, f"differences with {digits} digits", reason)
            if outcome.ok:
                return outcome
        if outcome.ok is None and problem is not None:
            raise problem
        size = max(abs(entry) for array in (got, want) for entry in array.flat)
        return outcome if outcome.ok else beyond(values, target, digits, size) or outcome

    def _both(
        self,
        claim: AnyClaim,
        target: Target,
        values: Forward,
        layout: str,
        chosen: Directions,
        digits: int,
        finer: int = 1,
    ) -> tuple[Any, Any]:
        """(differences, claim) along the chosen directions: arrays (direction, rest)."""
        env = values.env(digits)
        got = _near(partial(columns, values, target, chosen, digits, finer))
        return got, chosen.contract(
            self._claimed(claim, env, arranged_shape(chosen, layout)), layout, env
        )


def noise_of(target: Target, digits: int) -> float:
    """What rounding leaves of a difference that is 0: 10^−digits over the step, or over its square, with a margin."""
    if len(target.bys) == 2:
        # With 400 digits also what the step leaves where the second derivative is continuous and no more: |x|³ at 0.
        left = digits // 4 + 8 if digits > 60 else digits - 2 * (digits // 4)
    else:
        left = digits - digits // 3
    return float(f"1e-{left - 10}")


def beyond(values: Forward, target: Target, digits: int, size: Any) -> _Outcome | None:
    """What to say of a disagreement where differences do not tell: of slopes, or among numbers, that are too large."""
    import numpy as np

    if size > STEEP:
        return _Outcome(None, reason="it changes too fast for differences")
    known = (values[name].data for name in (*target.again, *target.bys) if name in values)
    largest = max(
        (np.abs(np.asarray(data, dtype=float)).max(initial=0.0) for data in known), default=0.0
    )
    if largest * noise_of(target, digits) > EXACT * size:
        return _Outcome(None, reason="the numbers are too large for differences")
    return None


def _near(differences: Callable[[], Any]) -> Any:
    """Differences of values that are there on both sides of the point. Raises Undefined where they are not."""
    try:
        return differences()
    except Unknown:
        raise
    except Undefined:
        raise Undefined("nothing to compare at the edge of the domain") from None


def difference(
    got: Any, want: Any, relative: float, noise: float, floor: float
) -> tuple[float, list[int]]:
    """(largest difference relative to the largest entry, the directions in which any entry differs, worst first)."""
    import numpy as np

    got, want = np.asarray(got), np.asarray(want)
    if got.size == 0:
        return 0.0, []
    gap, size = np.abs(got - want), np.maximum(np.abs(got), np.abs(want))
    scale = size.max()
    excess = gap - (relative * size + noise * scale + floor)
    worst = excess.max(axis=1)
    wrong = [int(k) for k in np.argsort(-worst.astype(float), kind="stable") if not worst[k] <= 0]
    error = float(gap.max() / scale) if scale > floor else 0.0
    return error, wrong


def _sample(claimed: Any, found: Any) -> str:
    import numpy as np

    gap = np.abs(np.asarray(claimed - found, dtype=float))
    place = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return f"{float(found[place]):.10g}, not {float(claimed[place]):.10g}"
