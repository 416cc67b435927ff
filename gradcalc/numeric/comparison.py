"""A claimed derivative beside what the forward computation does, at one point.

In enclosures the claim is right, wrong, or more bits are taken; what is large is compared in
float64 first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.numeric.finite_differences import (
    SIDE_BITS,
    Directions,
    Target,
    columns,
    one_sided,
    random_rows,
    slopes,
)
from gradcalc.numeric.forward import Forward, rounded
from gradcalc.numeric.precision import FLOAT, balls, climb
from gradcalc.numeric.scalar_functions import LADDER, Misfit, TooLarge, Undefined, Unknown, Unsure
from gradcalc.numeric.tensor import Env, Tensor

FLOAT_ERROR, ERROR = 1e-7, 1e-12  # relative: in float64, in enclosures
RECHECKED = 12  # directions that are tried again where floats disagree
MAX_EFFORT = 3_000  # numbers that may be computed in enclosures before floats are tried
MAX_WORK = 100_000  # numbers that may be computed in enclosures at all
ROUNDING = 2.0**-52  # what is left of a number that is rounded to a float
SMALLEST = 2.0**-1074  # of the positive floats: a number that is shown may be off by so much
# One-sided differences: how near they come to each other where there is a derivative, relative to
# it; and by how much the finer one is the smaller where only the step has left it. A slope of
# 1e-200 is one, at its own scale.
AGREE, VANISHED = 2.0**-90, 2.0**-40

Claimed = Callable[[Env, "Directions | None"], Tensor]


class Edge(Undefined):
    """The power series of the computation is undefined, though its value is not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the comparison at one point found; `ok` None: nothing to compare there. `convention`:
    it is a kink.
    """

    ok: bool | None
    error: float = 0.0
    how: str = ""
    reason: str | None = None
    convention: bool = False


@dataclass(frozen=True, slots=True)
class Sides:
    """Difference quotients from every side; `smooth` None: there are none on one of them."""

    smooth: bool | None
    slopes: Any = None
    chosen: Directions | None = None


def numbers_in(values: Forward, target: Target) -> int:
    """How many numbers one direction moves."""
    return sum(
        int(getattr(values[name].data, "size", 1))
        for name in (*target.again, *target.bys)
        if name in values
    )


def compared(
    claimed: Claimed,
    target: Target,
    values: Forward,
    layout: str,
    chosen: Directions | None,
    precisely: bool,
) -> Outcome:
    """The claim beside the computation. `precisely`: in enclosures from the start, as the number
    that is shown is.
    """
    if chosen is None:
        return by_enclosures(claimed, target, values, layout, None)
    work = numbers_in(values, target)
    if precisely and not values.coarse:
        if chosen.complete and work * len(chosen.arrays[0]) <= MAX_EFFORT:
            return by_enclosures(claimed, target, values, layout, chosen)
        if work <= MAX_EFFORT:
            scaled = _scaled(claimed, values, layout, chosen)
            return by_enclosures(claimed, target, values, layout, scaled)
    found = by_floats(claimed, target, values, layout, chosen)
    if isinstance(found, Outcome):
        return found
    if work > MAX_WORK or values.coarse:
        message = "floats do not tell, and with more digits it would take too long"
        return Outcome(None, reason=message)
    return by_enclosures(
        claimed, target, values, layout, found.some(range(max(1, MAX_WORK // (8 * work))))
    )


def _how(chosen: Directions | None, what: str) -> str:
    if chosen is None:
        return what
    count = len(chosen.arrays[0])
    if chosen.complete:
        return f"{what}, entry by entry"
    return f"{what}, along {count} random direction{'s' * (count > 1)}"


def by_floats(
    claimed: Claimed, target: Target, values: Forward, layout: str, chosen: Directions
) -> Outcome | Directions:
    """An agreement in float64, or the directions in which floats disagree or do not tell."""
    for finer in (1, 64):
        try:
            env = values.formulas(FLOAT)
            got = columns(values, target, chosen, finer)
            want, _ = chosen.contract(claimed(env, chosen), layout, env)
        except (Unknown, Misfit, TooLarge):
            raise
        except Undefined:
            continue
        error, wrong = _float_gap(got, want)
        if not wrong:
            return Outcome(True, error, _how(chosen, "differences in float64"))
        return chosen.some(wrong[:RECHECKED])
    return chosen


def _float_gap(got: Any, want: Any) -> tuple[float, list[int]]:
    """(largest difference relative to the largest entry, the directions in which any entry
    differs, worst first).
    """
    import numpy as np

    if got.size == 0:
        return 0.0, []
    gap, size = np.abs(got - want), np.maximum(np.abs(got), np.abs(want))
    scale = size.max()
    worst = (gap - (FLOAT_ERROR * size + 1e-9 * scale)).max(axis=1)
    order = np.argsort(-worst, kind="stable")
    return float(gap.max() / scale) if scale else 0.0, [int(k) for k in order if not worst[k] <= 0]


def _scaled(claimed: Claimed, values: Forward, layout: str, chosen: Directions) -> Directions:
    """Random directions in which every entry of a gradient counts alike, so that none is lost
    beside larger ones.
    """
    import numpy as np

    few = chosen.some(range(2))
    arrays = [random_rows(2, array.shape[1]) for array in chosen.arrays]
    env = values.formulas(LADDER[0])
    with env.numbers.working():
        matrix = chosen.matrix(claimed(env, chosen), layout, env)
        if len(arrays) == 1 and matrix.shape[1] == 1:
            from gradcalc.numeric.balls import middle

            sizes = np.abs(np.frompyfunc(middle, 1, 1)(matrix[:, 0]).astype(float))
            arrays[0] = arrays[0] / np.maximum(sizes, 1e-300)
    return few.along(tuple(arrays))


def by_enclosures(
    claimed: Claimed, target: Target, values: Forward, layout: str, chosen: Directions | None
) -> Outcome:
    """Power series in t of the forward computation beside the claim, with as many bits as tell
    them apart.
    """

    def at(bits: int) -> Outcome:
        got = _within(lambda: slopes(values, target, chosen, bits))
        env = values.formulas(bits)
        want, size = _claim(claimed, env, chosen, layout)
        return _outcome(got, want, size, chosen, _how(chosen, "power series in enclosures"))

    return climb(at)


def _within(computed: Callable[[], Any]) -> Any:
    """Values that are there on every side of the point. Raises Undefined where they are not."""
    try:
        return computed()
    except (Unknown, Unsure, TooLarge):
        raise
    except Undefined:
        raise Edge("nothing to compare at the edge of the domain") from None


def _claim(claimed: Claimed, env: Env, chosen: Directions | None, layout: str) -> tuple[Any, Any]:
    """(the claim along the directions, the sum of the sizes of what it is made of)."""
    tensor = claimed(env, chosen)
    if chosen is not None:
        return chosen.contract(tensor, layout, env)
    data = tensor.data
    if not tensor.plain:
        if data.size != 1:
            raise Misfit("the formula is no number")
        data = data.reshape(-1)[0]
    data = env.numbers.scalar.number(data)
    return data, abs(data)


def _outcome(got: Any, want: Any, size: Any, chosen: Directions | None, how: str) -> Outcome:
    """Right, or wrong; raises Unsure where the enclosures do not tell."""
    parts: Any = [(got, want, size, SMALLEST)]
    if chosen is not None:
        import numpy as np

        floor = np.abs(chosen.arrays[0]).sum(axis=1)[:, None] * SMALLEST
        arrays = got, want, size, np.broadcast_to(floor, got.shape)
        parts = zip(*(array.reshape(-1).tolist() for array in arrays), strict=True)
    return judged(parts, how)


def judged(parts: Iterable[tuple[Any, Any, Any, float]], how: str) -> Outcome:
    """Right, or wrong, of parts (what the computation does, the claim, the size of what the claim
    is made of, by how much rounding may put it off). Raises Unsure where enclosures do not tell.
    """
    from flint import arb

    largest, scale = arb(0), arb(0)
    for found, claim, of, least in parts:
        gap = abs(arb(found) - arb(claim))
        bound = (arb(of) if arb(of) > abs(arb(found)) else abs(arb(found))) * ERROR + least
        scale = scale.max(arb(of).mid())
        largest = largest.max(gap.mid())
        if gap <= bound:
            continue
        if not gap > bound:
            raise Unsure("the derivative is not known well enough to compare")
        error = float((gap / abs(arb(found)).max(abs(arb(claim)))).mid())
        return Outcome(False, error, how, f"the oracle says {_text(found)}, not {_text(claim)}")
    error = float((largest / scale).mid()) if scale > 0 else 0.0
    return Outcome(True, error if error > ROUNDING else 0.0, how)


def agreement(got: Tensor, want: Tensor, how: str) -> Outcome:
    """Two arrays in enclosures, entry by entry: what the oracle has, and a formula. Raises Unsure
    where they do not tell.
    """
    import numpy as np
    from flint import arb

    one, other = (np.asarray(part.data, dtype=object) for part in (got, want))
    if got.over != want.over or one.shape != other.shape:
        try:
            one, other = np.broadcast_arrays(one, other)
        except ValueError:
            raise Misfit(f"the formula has shape {want.shape}, not {got.shape}") from None
    largest = arb(0)
    for found, claim in zip(one.reshape(-1).tolist(), other.reshape(-1).tolist(), strict=True):
        a, b = arb(found), arb(claim)
        gap, bound = abs(a - b), abs(a).max(abs(b)) * ERROR + SMALLEST
        if gap <= bound:
            largest = largest.max((gap / bound).mid() * ERROR)
            continue
        if not gap > bound:
            raise Unsure("the value is not known well enough to compare")
        return Outcome(False, float((gap / abs(a).max(abs(b))).mid()), how)
    error = float(largest)
    return Outcome(True, error if error > ROUNDING else 0.0, how)


def _text(number: Any) -> str:
    from flint import arb

    value = float(arb(number).mid())
    return f"{value:.10g}" if abs(value) < 1e300 else str(arb(number).str(10, radius=False))


def sides(values: Forward, target: Target, chosen: Directions | None) -> Sides:
    """Whether the derivatives from all sides exist and agree."""
    if values.coarse:
        return Sides(None)
    count = 1 if chosen is None else len(chosen.arrays[0])
    if numbers_in(values, target) * count > MAX_WORK // 4:
        return Sides(None)
    try:
        found = one_sided(values, target, chosen)
    except Undefined:
        return Sides(None)
    count = len(found) // 2
    with balls(SIDE_BITS).working():
        slopes = list(map(_at_no_step, found[:count], found[count:]))
        return Sides(all(_agree(part, slopes[0]) for part in slopes[1:]), slopes[0], chosen)


def _at_no_step(coarse: Any, fine: Any) -> Any:
    """The difference quotients of the finer step; 0 where they go to 0 with it."""
    from flint import arb

    def settled(coarse: Any, fine: Any) -> Any:
        coarse, fine = arb(coarse), arb(fine)
        vanished = fine.contains(0) or abs(fine) <= abs(coarse) * VANISHED
        return arb(0) if vanished else fine.mid()

    if not hasattr(fine, "ndim"):
        return settled(coarse, fine)
    import numpy as np

    return np.frompyfunc(settled, 2, 1)(coarse, fine)


def _agree(one: Any, other: Any) -> bool:
    def close(a: Any, b: Any) -> bool:
        return bool(abs(a - b) <= max(abs(a), abs(b)) * AGREE)

    if not hasattr(one, "ndim"):
        return close(one, other)
    return all(map(close, one.reshape(-1).tolist(), other.reshape(-1).tolist()))


def beside_sides(claimed: Claimed, values: Forward, layout: str, found: Sides) -> Outcome:
    """A claim at a place where a kink may be and is none."""
    with balls(LADDER[-1]).working():
        want, size = _claim(claimed, values.formulas(LADDER[-1]), found.chosen, layout)
        how = _how(found.chosen, "differences from every side")
        return _outcome(found.slopes, want, size, found.chosen, how)


def limit(found: Sides) -> Any:
    """The derivative where all sides agree, as floats. Raises Undefined where it is too large."""
    with balls(SIDE_BITS).working():
        return rounded(Tensor(found.slopes)).data


def again(values: Forward, name: str, bits: int) -> tuple[bool, float]:
    """(whether a value is the nearest float to the enclosure at this precision, its relative
    error).
    """
    from gradcalc.numeric.balls import middle, to_float

    with balls(bits).working():
        env = values.env(bits)
        shown, enclosed = values[name].data, env.value(name).data
        pairs = [(shown, enclosed)]
        if hasattr(shown, "reshape"):
            pairs = list(
                zip(shown.reshape(-1).tolist(), enclosed.reshape(-1).tolist(), strict=True)
            )
        error = max((abs(1 - a / middle(b)) for a, b in pairs if middle(b)), default=0.0)
        return all(a == to_float(b) for a, b in pairs), error if error > ROUNDING else 0.0
