"""Points at which a condition holds, a matrix is symmetric or there is one example, so that a page
can say that an answer is right there alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.marking.candidates import Scene
from gradcalc.marking.conditions import ATTEMPTS, CONDITIONS, Condition
from gradcalc.marking.points import Place, Places
from gradcalc.marking.practice_points import DIGITS_OF_ARRAYS, Shared, defined, short

POINTS = 4  # a condition
FIRST = 200_000  # the number of their first place


@dataclass(frozen=True, slots=True)
class Met:
    """A condition in words, with points at which it holds: each one of the page with other
    values.
    """

    words: str
    at: Mapping[str, Any]
    places: tuple[tuple[int, Place], ...]

    def data(self, points: Sequence[Shared]) -> dict[str, Any]:
        """As JSON-able data; of a point what differs from the one it was made of."""
        found: dict[str, Any] = {"words": self.words, "points": []}
        for k, place in self.places:
            row = {key: value for key, value in Shared(place, 0).data().items() if key != "given"}
            if place.sizes == points[k].place.sizes:
                base = points[k].data()
                row = {
                    key: {name: one for name, one in row[key].items() if one != base[key][name]}
                    for key in ("values", "upstream")
                }
            changed = {key: value for key, value in row.items() if value}
            found["points"].append(changed | {"base": k})
        return found | ({"at": dict(self.at)} if self.at else {})


def met_conditions(scene: Scene, points: Sequence[Shared]) -> tuple[Met, ...]:
    """The conditions on matrices, sizes and the upstream gradient that apply to an exercise."""
    found: list[Met] = []
    near = [k for k, point in enumerate(points) if point.near]
    for condition in CONDITIONS:
        for name in condition.inputs(scene):
            places: list[tuple[int, Place]] = []
            for k in near:
                place = _made(condition, scene, points[k], name, FIRST + 100 * len(found) + k)
                if place is not None:
                    places.append((k, place))
                if len(places) == POINTS:
                    break
            if len(places) == POINTS:
                words = condition.sentence.format(name=name, names=_squares(scene))
                found.append(Met(words, scene.place_of(name or None), tuple(places)))
    return tuple(found)


def _made(
    condition: Condition, scene: Scene, shared: Shared, name: str, number: int
) -> Place | None:
    places: Places = scene.places
    for attempt in ATTEMPTS:
        point = condition.make(scene, shared.place.point, name, number + attempt, attempt)
        if point is None:
            return None
        if point.sizes != shared.place.sizes:
            values = {key: short(value, DIGITS_OF_ARRAYS) for key, value in point.values.items()}
            drawn = {key: short(value, DIGITS_OF_ARRAYS) for key, value in point.upstream.items()}
            point = replace(point, values=values, upstream=drawn)
        if defined(point, places):
            return replace(shared.place, number=number, point=point)
    return None


def _squares(scene: Scene) -> str:
    """The inputs that are square matrices, in words."""
    row = next(row for row in CONDITIONS if "{name} is symmetric" in row.sentence)
    return " and ".join(row.inputs(scene))
