"""Family 5: right only if an input is 0, 1, symmetric, …, all sizes are equal, there is one
example, the upstream gradient is 1.

The answer is compared with the right one at other values: the exercise with values of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from gradcalc.exercise.model import Value
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.tree import Num
from gradcalc.marking.candidates import Scene
from gradcalc.marking.points import Place
from gradcalc.numeric.drawn_values import draw
from gradcalc.numeric.evaluation_points import size_names
from gradcalc.numeric.forward import Point

ZERO, ONE = Num(Fraction(0)), Num(Fraction(1))
FIRST = 1_000  # the number of the first place of a condition; those of an exercise are fewer
RIGHT_WHERE = "This is right where {}, but not in general."
MULTIPLE_WHERE = "Where {}, this is the right answer multiplied by {}."
ATTEMPTS = (0, 4)  # of `draw`: the second gives definite matrices
PER = 12  # places a condition
Make: TypeAlias = "Callable[[Scene, Point, str, int, int], Point | None]"


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of the table. `each`: one for every input it applies to; `make` gives the point."""

    sentence: str
    where: str
    inputs: Callable[[Scene], Iterator[str]]
    make: Make


def _filled(value: Value, leaf: Any) -> Value:
    return tuple(_filled(item, leaf) for item in value) if isinstance(value, tuple) else leaf


def _with(point: Point, name: str, value: Value) -> Point:
    return replace(point, values={**point.values, name: value})


def _real(scene: Scene) -> Iterator[str]:
    """Inputs of which nothing is assumed."""
    for name in scene.graph.inputs:
        variable = scene.exercise.variables.get(name)
        if name in scene.graph.integers or (variable is not None and variable.assume):
            continue
        yield name


def _square(scene: Scene) -> Iterator[str]:
    for name in _real(scene):
        shape = scene.shapes[name]
        if len(shape) == 2 and shape[0] == shape[1] and not scene.graph.node(name).over:
            yield name


def _several_square(scene: Scene) -> Iterator[str]:
    if len(list(_square(scene))) > 1:
        yield ""


def constant(value: Num) -> Make:
    """The input with that number in every entry."""

    def make(scene: Scene, point: Point, name: str, number: int, attempt: int) -> Point:
        return _with(point, name, _filled(point.values[name], value))

    return make


def _assumed(assumption: str) -> Make:
    def make(scene: Scene, point: Point, name: str, number: int, attempt: int) -> Point | None:
        names = [name] if name else list(_square(scene))
        for one in names:
            variables = dict(scene.exercise.variables)
            known = variables.get(one)
            if known is None:
                from gradcalc.exercise.model import Variable

                known = Variable(one)
            variables[one] = replace(known, assume=frozenset((assumption,)))
            graph = replace(scene.graph, exercise=replace(scene.exercise, variables=variables))
            found = draw(graph, one, point.sizes, f"condition/{number}", attempt)
            point = _with(point, one, found)
        return point

    return make


def _equal_sizes(scene: Scene, point: Point, name: str, number: int, attempt: int) -> Point | None:
    return _resized(scene, dict.fromkeys(size_names(scene.graph), 2 + number % 3), number)


def _one_example(scene: Scene, point: Point, name: str, number: int, attempt: int) -> Point | None:
    sizes = dict(point.sizes)
    for index in scene.graph.examples:
        for size in scene.graph.indices[index].names:
            sizes[size] = 1
    return _resized(scene, sizes, number)


def _resized(scene: Scene, sizes: dict[str, int], number: int) -> Point | None:
    from gradcalc.marking.points import _Drawer

    try:
        return _Drawer(scene.graph).point(sizes, "near", "free", number, 0)
    except KeyError:
        return None


def _unit_upstream(
    scene: Scene, point: Point, name: str, number: int, attempt: int
) -> Point | None:
    upstream = {of: _filled(value, ONE) for of, value in point.upstream.items()}
    return replace(point, upstream=upstream)


def _if(holds: Callable[[Scene], bool]) -> Callable[[Scene], Iterator[str]]:
    def inputs(scene: Scene) -> Iterator[str]:
        if holds(scene):
            yield ""

    return inputs


CONDITIONS: tuple[Condition, ...] = (
    Condition("{name} is symmetric", "a square matrix", _square, _assumed("symmetric")),
    Condition("{names} are symmetric", "several square matrices", _several_square,
              _assumed("symmetric")),
    Condition("{name} is diagonal", "a square matrix", _square, _assumed("diagonal")),
    Condition("{name} is orthogonal", "a square matrix", _square, _assumed("orthogonal")),
    Condition("there is one example", "an exercise with examples",
              _if(lambda scene: bool(scene.graph.examples)), _one_example),
    Condition("all sizes are equal", "an exercise with several symbolic sizes",
              _if(lambda scene: len(size_names(scene.graph)) > 1), _equal_sizes),
    Condition("the upstream gradient is 1", "an exercise with a symbolic upstream gradient",
              _if(lambda scene: bool(scene.exercise.upstream)), _unit_upstream),
)  # fmt: skip
# What hardly tells anything: tried last.
AT_VALUES: tuple[Condition, ...] = (
    Condition("{name} is 1", "an input", _real, constant(ONE)),
    Condition("{name} is 0", "an input", _real, constant(ZERO)),
    Condition("{name} is positive", "an input", _real, _assumed("positive")),
)  # fmt: skip


def conditions(
    scene: Scene, rows: tuple[Condition, ...]
) -> Iterator[tuple[str, Mapping[str, Any], list[Place]]]:
    """The conditions that are to be tried, each in words, with its place in the exercise and
    points at which it holds.
    """
    number = FIRST if rows is CONDITIONS else 2 * FIRST
    places = list(scene.places)[:PER]
    for condition in rows:
        for name in condition.inputs(scene):
            found = []
            for place in places:
                for attempt in ATTEMPTS:
                    number += 1
                    point = condition.make(scene, place.point, name, number, attempt)
                    if point is None:
                        break
                    moved = replace(place, number=number, point=point)
                    if not scene.places.computation.at(moved).env().lacking:
                        found.append(moved)
                        break
            words = condition.sentence.format(name=name, names=" and ".join(_square(scene)))
            yield words, scene.place_of(name or None), found
