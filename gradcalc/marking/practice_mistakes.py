"""The mistakes of a question that do not depend on what is typed, found before anybody types: what
each gives at the points of the page, as one number.

Families 2, 3 and 4 of the table. Which of them is told is settled here by the rules of `mistakes`:
the first family with exactly one kind of statement for what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.marking.candidates import Candidate, Scene, Submitted
from gradcalc.marking.derivation_faults import derivation_faults
from gradcalc.marking.digests import DOUBTFUL, EQUAL, Print, fingerprint
from gradcalc.marking.forward_faults import forward_faults
from gradcalc.marking.mistakes import KINDS
from gradcalc.marking.model import Mistake
from gradcalc.marking.other_quantities import other_quantities
from gradcalc.marking.points import Place

# Candidates of each family: counted, so that the page is always the same.
TRIED, TRIED_OF_ARRAYS = (40, 60, 40), (40, 40, 16)
AT, AT_OF_ARRAYS = 10, 4  # points at which they are looked at
KEPT = 60  # a question
LEAST = 4  # points at which one has a value


@dataclass(frozen=True, slots=True)
class Known:
    """What several mistakes give, and what is said of it. `skipped`: points where it has no
    value.
    """

    total: float
    skipped: tuple[int, ...]
    said: tuple[Mistake, ...]

    def data(self, sentences: dict[str, int]) -> list[Any]:
        """As JSON-able data; a sentence is named by its number."""
        found: list[Any] = [round(self.total, 10), [told(one, sentences) for one in self.said]]
        return [*found, list(self.skipped)] if self.skipped else found


def told(mistake: Mistake, sentences: dict[str, int]) -> list[Any]:
    """A mistake: its slug, the number of its sentence, its place, and the share that it earns."""
    found: list[Any] = [mistake.slug, sentences.setdefault(mistake.sentence, len(sentences))]
    if mistake.at or mistake.points is not None:
        found.append(dict(mistake.at))
    return found if mistake.points is None else [*found, mistake.points]


def families(scene: Scene) -> tuple[Iterable[Candidate], ...]:
    """The candidates of each family that do not depend on what is typed."""
    nothing = Submitted(scene.right)
    return (other_quantities(scene, nothing), derivation_faults(scene), forward_faults(scene))


def known_mistakes(
    scene: Scene, places: Sequence[Place], author: Iterable[tuple[Any, Mistake]] = ()
) -> tuple[Known, ...]:
    """What mistakes give at places, those of the author first."""
    right = fingerprint(scene.right, places)
    tried = TRIED if scene.places.scalar else TRIED_OF_ARRAYS
    found: list[_Same] = []
    for function, mistake in author:
        _put(found, Candidate(mistake, function), -1, places, right)
    for number, candidates in enumerate(families(scene)):
        for candidate in islice(candidates, tried[number]):
            _put(found, candidate, number, places, right)
    known = ((same, same.told()) for same in found[:KEPT])
    return tuple(
        Known(same.found.total(), same.found.skipped, said) for same, said in known if said
    )


def _put(
    found: list[_Same], candidate: Candidate, family: int, places: Sequence[Place], right: Print
) -> None:
    """A candidate beside what gives the same, or behind."""
    mine = fingerprint(candidate.function, places)
    if mine.known < min(LEAST, len(places)):
        return
    skipped = {*mine.skipped, *right.skipped}
    if abs(mine.total(skipped) - right.total(skipped)) < DOUBTFUL:
        return
    total = mine.total()
    for same in found:
        if same.found.skipped == mine.skipped and abs(same.total - total) < EQUAL:
            same.candidates.append((family, candidate))
            return
    found.append(_Same(mine, total, [(family, candidate)]))


@dataclass(frozen=True, slots=True)
class _Same:
    """Candidates that give the same, with the numbers of their families."""

    found: Print
    total: float
    candidates: list[tuple[int, Candidate]]

    def told(self) -> tuple[Mistake, ...]:
        """What is told: of the first family with one kind of statement, else of the first with
        few.
        """
        several: tuple[Mistake, ...] = ()
        for kinds in self._families():
            if len(kinds) == 1:
                return kinds
            if len(kinds) <= KINDS and not several:
                several = kinds
        return several

    def _families(self) -> Iterator[tuple[Mistake, ...]]:
        for family in sorted({number for number, _ in self.candidates}):
            sites = set()
            kinds: dict[str, Mistake] = {}
            for number, candidate in self.candidates:
                if number == family and (candidate.site is None or candidate.site not in sites):
                    sites.add(candidate.site)
                    kinds.setdefault(candidate.mistake.slug, candidate.mistake)
            yield tuple(kinds.values())
