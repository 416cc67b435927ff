"""Is one formula equal to another, as a function of the inputs? Decided by enclosures, place by
place.

    places = Places(graph)
    right = derivative(places.computation, question)         the right answer, computed once
    answer = written(tree, places.computation)               an answer as it was read
    compare(answer, right, places)                           Decision: right, wrong, undecided
    refuted(answer, candidate, places)                       True where they surely differ, cheaply

`wrong` is proved: at some place the enclosures of the two exclude equality, or the answer has no
value where the right one has. `right` needs enclosures that overlap, of relative radius 2^-80 at
most, at eight places or more, at every choice of sizes and, if the exercise has values there, far
out; for functions made of pieces also on both sides of where pieces meet.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.edges import beside
from gradcalc.marking.functions import Function as Function
from gradcalc.marking.functions import as_named as as_named
from gradcalc.marking.functions import derivative as derivative
from gradcalc.marking.functions import written as written
from gradcalc.marking.model import INVALID, RIGHT, UNDECIDED, WRONG, Decision, Entries
from gradcalc.marking.points import Place, Places
from gradcalc.numeric.agreement import Pair, Unlike, decimal, judged, paired
from gradcalc.numeric.precision import balls
from gradcalc.numeric.scalar_functions import LADDER, Misfit, Overflow, TooLarge, Undefined, Unsure
from gradcalc.numeric.tensor import Tensor

ENOUGH = 8  # places that agree
SECONDS = 2.0  # for one answer


# ---- comparing


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as the same. `loose`: a vector is a column and a row; `common`: only where both
    are defined.
    """

    loose: bool = True
    common: bool = False
    seconds: float = SECONDS


def compare(
    answer: Function, right: Function, places: Iterable[Place], rules: Rules | None = None
) -> Decision:
    """Is `answer` equal to `right` as a function? Never raises; a shape that does not fit and a
    formula that is undefined everywhere are `invalid`, another shape is `wrong`. Of an exercise's
    places it takes more where the usual ones do not tell.
    """
    return _Comparison(answer, right, rules or Rules()).run(places)


def refuted(
    answer: Function, candidate: Function, places: Iterable[Place], loose: bool = True
) -> bool:
    """Do the two surely differ? A cheap look in floats, for trying many candidates; False says
    nothing.
    """
    import numpy as np

    for place in places:
        got, want = answer.floats(place), candidate.floats(place)
        if got is None or want is None:
            return True
        if not got.shape and not want.shape:  # numbers: NumPy would take ten times as long
            mine, right = got.item(), want.item()
            if not abs(mine - right) <= (1e-9 + 1e-12) * max(abs(mine), abs(right)):
                return True
            continue
        if got.shape != want.shape:
            got, want = np.squeeze(got), np.squeeze(want)
            if got.shape != want.shape and got.size == want.size:
                return False  # stacked beside per example: left to the comparison
            if got.shape != want.shape:
                return not (got.size == 1 and not got.any())
        size = np.maximum(np.abs(got), np.abs(want))
        # Entries next to nothing beside the others may be lost to cancellation.
        if not (np.abs(got - want) <= 1e-9 * size + 1e-12 * size.max(initial=0)).all():
            return True
    return False


class _Comparison:
    def __init__(self, answer: Function, right: Function, rules: Rules) -> None:
        self.answer, self.right, self.rules = answer, right, rules
        self.spent = 0.0  # seconds on the answer; what is right is computed once, and not counted
        self.agreed: list[Place] = []
        self.looked = 0  # places where the right answer has a value
        self.undefined: list[tuple[Place, Undefined]] = []
        self.bits = 0
        self.form: str | None = None
        self.reason: str | None = None
        self.places: Iterable[Place] = ()

    def run(self, places: Iterable[Place]) -> Decision:
        self.places = places
        for place in places.every() if isinstance(places, Places) else places:
            if place.extra and len(self.agreed) >= ENOUGH and not self.more(place, places):
                break
            if (decision := self.tried(place)) is not None:
                return decision
            if self.spent > self.rules.seconds:
                self.reason = "time ran out"
                break
        found = self.verdict()
        if found.verdict == RIGHT and isinstance(places, Places):
            for place in beside(self.answer, self.right, places):
                if (decision := self.tried(place)) is not None:
                    return decision
        return found

    def tried(self, place: Place) -> Decision | None:
        """As `look`, for answers that fit and answers that do not."""
        try:
            return self.look(place)
        except Unlike as found:
            return self.unlike(found, place)
        except Misfit as problem:
            return Decision(INVALID, "shape", reason=problem.message)
        except TooLarge as problem:
            return Decision(UNDECIDED, "shape", reason=problem.message)

    def more(self, place: Place, places: Iterable[Place]) -> bool:
        """Is another place needed, because a piece of one of the functions might be missed?"""
        if not (self.answer.pieces or self.right.pieces):
            return False
        return isinstance(places, Places) and place.number < places.pieces

    def verdict(self) -> Decision:
        """The verdict where no place proves a difference."""
        if self.undefined and not self.agreed and len(self.undefined) == self.looked:
            problem = self.undefined[0][1]
            return Decision(INVALID, "undefined", points=self.looked, reason=problem.message)
        if self.undefined and not self.rules.common:
            place, problem = self.undefined[0]
            return Decision(
                WRONG,
                "undefined",
                LADDER[0],
                self.looked,
                (place.sizes,) if place.sizes else (),
                point_of(place),
                reason=problem.message,
            )
        sizes = _distinct(place.sizes for place in self.agreed)
        if len(self.agreed) >= ENOUGH and self.reason is None:
            return Decision(RIGHT, "enclosure", self.bits, len(self.agreed), sizes, form=self.form)
        reason = self.reason or "the precision does not tell at enough points"
        return Decision(UNDECIDED, "enclosure", self.bits, len(self.agreed), sizes, reason=reason)

    def look(self, place: Place) -> Decision | None:
        """A proof that the two differ at a place; None where they agree or nothing is known."""
        counted = False
        for bits in LADDER:
            try:
                want = self.right.at(place, bits)
            except Unsure:
                continue
            except (Misfit, TooLarge):
                raise
            except Undefined:
                return None
            self.looked += not counted
            counted = True
            start = time.monotonic()
            try:
                got = self.answer.at(place, bits)
            except Unsure:
                continue
            except Overflow:  # it has a value there
                return None
            except (Misfit, TooLarge):
                raise
            except Undefined as problem:
                self.undefined.append((place, problem))
                return None
            finally:
                self.spent += time.monotonic() - start
            pair = paired(got, want, self.rules.loose)
            with balls(bits).working():
                found = judged(pair, bits)
            if found is None:
                if self.spent > self.rules.seconds:
                    return None
                continue
            if all(found):
                self.bits = max(self.bits, bits)
                self.agreed.append(place)
                self.form = pair.form if self.form in (None, pair.form) else self.form
                return None
            return self.wrong(place, pair, found, bits)
        return None

    def wrong(self, place: Place, pair: Pair, found: list[bool], bits: int) -> Decision:
        first = found.index(False)
        entries = _nested(found, pair.shape)
        if pair.shape and not place.given:
            entries = self.at_given_sizes() or entries
        return Decision(
            WRONG,
            "enclosure",
            bits,
            max(self.looked, 1),
            (place.sizes,) if place.sizes else (),
            point_of(place),
            (decimal(pair.got[first]), decimal(pair.want[first])),
            pair.form,
            entries=entries,
        )

    def at_given_sizes(self) -> Entries:
        """Which entries are right at the sizes of the exercise, as far as two places tell."""
        both: list[bool] | None = None
        shape: tuple[int, ...] = ()
        for place in islice((place for place in self.places if place.given), 2):
            try:
                bits = LADDER[0]
                pair = paired(
                    self.answer.at(place, bits), self.right.at(place, bits), self.rules.loose
                )
                with balls(bits).working():
                    found = judged(pair, bits)
            except (Undefined, Unlike):
                continue
            if found is not None:
                both = (
                    found if both is None else [a and b for a, b in zip(both, found, strict=True)]
                )
                shape = pair.shape
        return None if both is None else _nested(both, shape)

    def unlike(self, found: Unlike, place: Place) -> Decision:
        return Decision(
            WRONG,
            "shape",
            0,
            max(self.looked, 1),
            (place.sizes,) if place.sizes else (),
            shapes=(_shape_text(found.got), _shape_text(found.want)),
        )


def _nested(found: list[bool], shape: tuple[int, ...]) -> Entries:
    """Which entries are right, row by row; None for a number."""
    count = 1
    for length in shape:
        count *= length
    if not shape or len(found) != count:
        return None
    flat: list[Any] = list(found)
    for length in reversed(shape[1:]):
        flat = [flat[k : k + length] for k in range(0, len(flat), length)]
    return flat


def _distinct(sizes: Iterable[Mapping[str, int]]) -> tuple[Mapping[str, int], ...]:
    found: list[Mapping[str, int]] = []
    for one in sizes:
        if one and one not in found:
            found.append(one)
    return tuple(found)


def point_of(place: Place) -> dict[str, Any]:
    """The inputs and upstream gradients at a place as exact numbers in text, row by row."""
    from gradcalc.language.parser import unparse

    def shown(value: Any) -> Any:
        return [shown(item) for item in value] if isinstance(value, tuple) else unparse(value)

    found = {name: shown(value) for name, value in place.point.values.items()}
    for name, value in place.point.upstream.items():
        found[f"upstream of {name}"] = shown(value)
    return found


def _shape_text(tensor: Tensor) -> str:
    shape = "×".join(map(str, tensor.shape)) or "a number"
    return f"{shape} per example" if tensor.over else shape
