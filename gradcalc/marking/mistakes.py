"""Which mistake an answer shows: a statement that was computed and holds at every point.

The table is in six files, a family each; the first family with exactly one kind of statement is
told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeAlias

from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.marking.candidates import Candidate, Said, Scene, Submitted, changed, sentence
from gradcalc.marking.conditions import (
    AT_VALUES,
    CONDITIONS,
    MULTIPLE_WHERE,
    RIGHT_WHERE,
    Condition,
    conditions,
)
from gradcalc.marking.derivation_faults import PATHS, TABLE_3, derivation_faults
from gradcalc.marking.equality import Function, Rules, compare, refuted
from gradcalc.marking.forward_faults import FORWARD, OTHER_NAME, forward_faults
from gradcalc.marking.model import RIGHT, Mistake
from gradcalc.marking.number_slips import NUMBER_SLIPS
from gradcalc.marking.other_quantities import OTHERS, other_quantities
from gradcalc.marking.points import Place
from gradcalc.marking.relations import (
    LAYOUT,
    MULTIPLES,
    RELATIONS,
    factor_text,
    factors,
    multiples,
    multiplied,
    relations,
    spread,
)
from gradcalc.marking.structured_faults import STRUCTURED
from gradcalc.marking.variations import Site
from gradcalc.marking.writing_slips import NO_FACTOR, NO_GRADIENT, SLIPS, Slip, left_out, rewritten

TRIES = 3_000  # candidates for one answer: counted, so that no machine finds less than another
LOOKED = 3  # places at which a candidate is looked at before it is compared
LEAST = 4  # places at which the right answer has a value under a condition
KINDS = 3  # more kinds of statements than this say nothing

Row: TypeAlias = tuple[str, str, str]  # slug, sentence, where it applies


def table() -> tuple[tuple[str, tuple[Row, ...]], ...]:
    """The table of mistakes: its families in the order in which they are tried, with their rows."""

    def said(rows: Iterable[Said | Slip]) -> list[Row]:
        return [(row.slug, row.sentence, row.where) for row in rows]

    def told(rows: Iterable[Any]) -> list[Row]:
        return [(row.slug, sentence(row.sentence), row.where) for row in rows]

    relation = [(row.slug, sentence(row.words), row.where) for row in RELATIONS]
    right = [
        ("right-only-if", RIGHT_WHERE.format(row.sentence), row.where)
        for row in (*CONDITIONS, *AT_VALUES)
    ]
    right.append(("right-only-if", MULTIPLE_WHERE.format("{condition}", "{factor}"), "the same"))
    numbers = [(row.slug, row.sentence, "a number") for row in NUMBER_SLIPS]
    return (
        ("A relation to the answer", (*said(MULTIPLES), *relation, *said((LAYOUT,)))),
        ("Another quantity of the exercise", tuple(said(OTHERS))),
        (
            "One fault in the derivation",
            (*told(TABLE_3), *told(STRUCTURED), *said(PATHS)),
        ),
        ("One fault in the forward computation", (*told(FORWARD), *said((OTHER_NAME,)))),
        ("Right only if …", tuple(right)),
        ("One slip in writing", tuple(said((*SLIPS, NO_FACTOR, NO_GRADIENT)))),
        ("Numbers", tuple(numbers)),
    )


Family: TypeAlias = Callable[["Search"], Iterator[Mistake]]


@dataclass()
class Budget:
    """How many candidates may still be tried."""

    left: int


@dataclass()
class Search:
    """The search for the mistake of one answer."""

    scene: Scene
    submitted: Submitted
    budget: Budget
    looked: Sequence[Place] = ()

    def over(self) -> bool:
        return self.budget.left <= 0

    def holds(self, candidate: Candidate) -> bool:
        """Does the candidate give exactly this answer, everywhere?"""
        answer, function = candidate.answer or self.submitted.function, candidate.function
        return self.same(answer, function, self.scene.places, self.looked, candidate.common)

    def same(
        self,
        answer: Function,
        function: Function,
        places: Iterable[Place],
        looked: Sequence[Place],
        common: bool = False,
    ) -> bool:
        """Are two functions equal? Looked at first at few places."""
        self.budget.left -= 1
        try:
            if not looked or refuted(answer, function, looked):
                return False
            found = compare(answer, function, places, Rules(common=common, seconds=math.inf))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return False  # an edit may make what means nothing: a matrix as an index
        return found.verdict == RIGHT


def find(scene: Scene, submitted: Submitted, tries: int = TRIES) -> tuple[Mistake, ...]:
    """What gives exactly this answer: mostly one statement, at most three; none where nothing is
    known. The answer is known to be wrong. `tries`: how many candidates are looked at.
    """
    budget = Budget(tries)
    found = _searched(scene, submitted, FAMILIES, budget)
    if found:
        return found
    for words, function in spread(scene, submitted):
        meant = Submitted(function)
        found = _searched(scene, meant, (derived_wrongly, computed_wrongly), budget)
        if found:
            return tuple(replace(m, sentence=f"{m.sentence[:-1]},{words}.") for m in found)
    return ()


def _searched(
    scene: Scene, submitted: Submitted, families: Iterable[Family], budget: Budget
) -> tuple[Mistake, ...]:
    function = submitted.function
    known = (place for place in scene.places if function.floats(place) is not None)
    near = (place for place in scene.places if not place.far and function.floats(place) is not None)
    looked = tuple(islice(near, LOOKED)) or tuple(islice(known, LOOKED))
    search = Search(scene, submitted, budget, looked)
    several: tuple[Mistake, ...] = ()
    for family in families if looked else ():
        kinds: dict[str, Mistake] = {}
        for mistake in family(search):
            kinds.setdefault(mistake.slug, mistake)
            if len(kinds) > KINDS:
                break
        if search.over():
            break
        if len(kinds) == 1:
            return tuple(kinds.values())
        if 1 < len(kinds) <= KINDS and not several:
            several = tuple(kinds.values())
    return several


def _tried(candidates: Iterable[Candidate], search: Search) -> Iterator[Mistake]:
    told: set[Site] = set()
    for candidate in candidates:
        if search.over():
            return
        if candidate.site not in told and search.holds(candidate):
            if candidate.site is not None:
                told.add(candidate.site)
            yield candidate.mistake


def related(search: Search) -> Iterator[Mistake]:
    """Family 1: the first relation says it best, a factor where the matrix is symmetric."""
    scene, submitted = search.scene, search.submitted
    yield from islice(
        _tried(chain(multiples(scene, submitted), relations(scene, submitted)), search), 1
    )


def another(search: Search) -> Iterator[Mistake]:
    """Family 2."""
    return _tried(other_quantities(search.scene, search.submitted), search)


def derived_wrongly(search: Search) -> Iterator[Mistake]:
    """Family 3."""
    return _tried(search.scene.cached("derivation", derivation_faults), search)


def computed_wrongly(search: Search) -> Iterator[Mistake]:
    """Family 4."""
    return _tried(search.scene.cached("forward", forward_faults), search)


def right_only_if(search: Search) -> Iterator[Mistake]:
    """Family 5: matrices, sizes, the upstream gradient."""
    return _right_where(search, CONDITIONS)


def right_at_values(search: Search) -> Iterator[Mistake]:
    """Family 5: inputs that are 0, 1 or positive, which tells less than a slip in writing."""
    return _right_where(search, AT_VALUES)


def _right_where(search: Search, rows: tuple[Condition, ...]) -> Iterator[Mistake]:
    scene = search.scene
    submitted = search.submitted.function
    for words, at, places in conditions(scene, rows):
        if search.over():
            return
        known = [p for p in places if scene.right.floats(p) is not None]
        if len(known) < LEAST or not all(scene.right.floats(p).any() for p in known[:2]):
            continue
        if search.same(submitted, scene.right, known, known[:LOOKED]):
            yield Mistake("right-only-if", RIGHT_WHERE.format(words), at)
            continue
        for value, powers in factors(scene, scene.right, submitted, known):
            multiple = changed(scene.right, multiplied(value, powers))
            if rows is CONDITIONS and search.same(submitted, multiple, known, known[:LOOKED]):
                said = MULTIPLE_WHERE.format(words, factor_text(value, powers))
                yield Mistake("right-only-if", said, at)


def written_wrongly(search: Search) -> Iterator[Mistake]:
    """Family 6: the first slip that is one."""
    scene, submitted = search.scene, search.submitted
    if submitted.read is None:
        return
    for slip in SLIPS:
        for expr in rewritten(slip, scene, submitted):
            if search.over():
                return
            if search.same(submitted.read(expr), scene.right, scene.places, search.looked):
                yield Mistake(slip.slug, slip.sentence)
                return
    yield from islice(_tried(left_out(scene, submitted), search), 1)


FAMILIES: tuple[Family, ...] = (
    related, another, derived_wrongly, computed_wrongly, right_only_if, written_wrongly,
    right_at_values,
)  # fmt: skip
