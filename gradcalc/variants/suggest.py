"""What an exercise that does not say so could vary, and how: `--auto`.

Ways to draw the inputs are tried in order, from small whole numbers to numbers near the given
ones. The first counts with which enough variants are found, all of whose numbers are nice, or all
but those that cannot be: log(3/4) is no fraction whatever the values are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Nice, Vary
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.variants.draws import Try, count_of
from gradcalc.variants.engine import Engine
from gradcalc.variants.profiles import Profiles
from gradcalc.variants.reasons import WORDS
from gradcalc.variants.search import Search

OF, SEED = "suggested", 0
SAMPLE = 192  # tries that are looked at for each way
DEFINED = 0.02  # of them have to be defined and small
RARE = 0.004  # numbers that are nice more rarely may be any
SEARCHED, LEAST = 100, 50  # variants that a way looks for, and has to find
PATIENCE, BUDGET = 1_500, 12_000  # tries of one variant, and of all
FEW = "there are too few values to choose from"
# What is asked of the answers: all, or as much as can be had.
RELAXED = (Nice(), Nice(zeros=True), Nice(zeros=True, discriminate=False))
ROOM = 1_200  # different variants that it had better have


@dataclass(frozen=True, slots=True)
class Suggested:
    """What varies, and what is to be said of it."""

    vary: Vary
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A way that works: how many numbers are left out of `nice`, and how many variants it has."""

    vary: Vary
    left_out: int
    room: float


def suggest(exercise: Exercise) -> Suggested:
    """What the exercise could vary. Raises GradcalcError where nothing can."""
    exercise = replace(exercise, vary=Vary())
    profiles = Profiles(exercise)
    if not profiles.varied:
        message = "there is nothing to vary: no input is a number that may change"
        raise GradcalcError(Problem("vary", message))
    reasons: Counter[str] = Counter()
    for nice in RELAXED:
        found = _best(exercise, profiles, nice, reasons)
        if found is not None:
            return Suggested(found.vary, tuple(_remarks(found.vary.nice)))
    telling = [reason for reason, _ in reasons.most_common() if reason != FEW]
    raise GradcalcError(Problem("vary", f"no variants were found: {(telling or [FEW])[0]}"))


def _best(
    exercise: Exercise, profiles: Profiles, nice: Nice, reasons: Counter[str]
) -> _Found | None:
    best: _Found | None = None
    first: Engine | None = None
    for domains, last in profiles.all():
        if last and best is not None:
            break
        vary = Vary(domains, nice=nice)
        try:
            first = Engine(exercise, vary, OF, SEED, {}, {}, first)
            found = _tried(exercise, vary, first, last, reasons)
        except GradcalcError as error:
            reasons[error.problems[0].message] += 1
            continue
        if found is not None and (best is None or _better(found, best)):
            best = found
        if best is not None and best.left_out == 0 and best.room >= ROOM:
            break
    return best


def _better(one: _Found, other: _Found) -> bool:
    """Fewer numbers that are not nice, if it has room; else more room."""
    if min(one.room, other.room) >= ROOM or one.room == other.room:
        return one.left_out < other.left_out
    if one.left_out == other.left_out:
        return one.room > other.room
    return one.left_out < other.left_out if one.room >= LEAST else False


def _tried(
    exercise: Exercise, vary: Vary, engine: Engine, last: bool, reasons: Counter[str]
) -> _Found | None:
    """The way with the numbers left out that are never nice, if it finds enough variants."""
    import numpy as np

    shapes = {name: engine.prepared.shape(name) for name in engine.domains}
    if count_of(vary.domains, shapes) < LEAST:
        reasons[FEW] += 1
        return None
    alive, fine = engine.sample([Try(0, count) for count in range(SAMPLE)])
    if alive.mean() < DEFINED:
        reasons["with most values something is undefined or too large"] += 1
        return None
    shares = {label: (one & alive).sum() / alive.sum() for label, one in fine.items()}
    for nice in _levels(vary.nice, shares, last):
        judged = [one for label, one in fine.items() if label not in nice.exempt and nice.numbers]
        if judged and not (alive & np.logical_and.reduce(judged)).any():
            reasons["numbers that are nice are too rare"] += 1
            continue
        search = Search(exercise, replace(vary, nice=nice), OF, SEED, engine)
        count = sum(1 for _ in search.variants(SEARCHED, most=PATIENCE, budget=BUDGET))
        twice = sum(n for why, n in search.tally.rejected.items() if why.kind == "duplicate")
        if count >= LEAST:
            room = count * count / (2 * twice) if twice else float("inf")
            room = room if search.tally.stopped is None else count
            left_out = len(nice.exempt) if nice.numbers else len(shares) + 1
            return _Found(search.vary, left_out, room)
        if search.tally.rejected:
            why = search.tally.rejected.most_common(1)[0][0]
            reasons[f"{WORDS[why.kind]} ({why.about})" if why.about else WORDS[why.kind]] += 1
    return None


def _levels(nice: Nice, shares: Mapping[str, float], last: bool) -> Iterator[Nice]:
    """What may be any number: nothing, what is never nice, what rarely is, everything."""
    seen: set[frozenset[str]] = set()
    for share in (0.0, RARE, 0.05, 0.3):
        exempt = frozenset(label for label, one in shares.items() if one <= share)
        if exempt in seen or len(exempt) > max(1, 0.6 * len(shares)):
            continue
        seen.add(exempt)
        yield replace(nice, exempt=exempt)
    if last:
        yield replace(nice, numbers=False)


def _remarks(nice: Nice) -> Iterator[str]:
    if nice.zeros:
        yield "no values were found with answers that are all different and none of them 0"
    if not nice.discriminate:
        yield "no values were found for which every common mistake gives another number"
    if not nice.numbers:
        yield "the numbers of this exercise are not nice whatever the values are: any will do"
    elif nice.exempt:
        few = sorted(nice.exempt)[:6]
        more = f" and {len(nice.exempt) - 6} more" if len(nice.exempt) > 6 else ""
        said = "not nice whatever the values are, so they may be any numbers"
        yield f"{said}: {', '.join(few)}{more}"
