"""Points to evaluate at: the given one, completed by the seed, and random ones at other sizes.

Values are drawn until the computation is defined there, and smooth as far as values decide that.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from gradcalc.exercise.model import Value
from gradcalc.graph.model import Graph, unfit
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.shape_rules import Size
from gradcalc.numeric.drawn_values import draw, draw_upstream
from gradcalc.numeric.forward import Forward, Point, blank, propagate, symbol_of
from gradcalc.numeric.kinks import Kink, places
from gradcalc.numeric.precision import floats
from gradcalc.numeric.scalar_functions import TooLarge, Undefined, Unknown

TRIES = 60
MAX_DRAWN = 200_000
MAX_IN_ALL = 20_000  # in vain, for one point of other sizes
ALWAYS = 3  # kinks that so many points have, the last one exactly, are those of every point
KINKED = "whatever the values, the computation is at a kink"
MANY = 8  # sizes that are all different, whether they meet or not


def given_point(graph: Graph) -> Point:
    """The values of the exercise; what is not given is drawn where there is a `seed`, else
    listed as missing.
    """
    exercise = graph.exercise
    sizes = dict(graph.sizes)
    unsized = tuple(sorted(name for name in size_names(graph) if name not in sizes))
    values = {name: value for name, value in exercise.values.items() if name in graph.names}
    lacking = [name for name in graph.inputs if name not in values]
    upstream, symbolic = upstreams(graph)
    if exercise.seed is None or unsized:
        return Point(sizes, values, upstream, (*unsized, *lacking, *_symbols(graph, symbolic)))
    if not lacking and not symbolic:
        return Point(sizes, values, upstream)
    found = _search(
        graph,
        f"{exercise.seed}",
        sizes,
        values,
        upstream,
        lacking,
        symbolic,
        "the given and drawn values",
        smooth=False,
    )
    if found.point is not None:
        return found.point
    if found.reason.endswith("drawn"):
        return Point(sizes, values, upstream, (*lacking, *_symbols(graph, symbolic)))
    drawn = {name: draw(graph, name, sizes, f"{exercise.seed}", 0) for name in lacking}
    return Point(
        sizes,
        {**values, **drawn},
        {**upstream, **draw_upstream(graph, symbolic, sizes, f"{exercise.seed}")},
    )


def random_points(
    graph: Graph, wanted: int = 2, seed: str = "oracle", smooth: bool = True
) -> tuple[list[Point], str | None]:
    """Up to `wanted` points with other values, upstream gradients that are numbers kept, and, where
    sizes are symbolic, other sizes: pairwise different, from 2 on.

    (points, None), or perhaps fewer points and the reason: none was found at which the computation
    is defined. Not `smooth`: kinks that no value avoids, such as that of max(c, c), do not matter,
    and where no values are found at which everything is defined, part of it is.
    """
    points: list[Point] = []
    unknown = sorted(
        name for name, variable in graph.exercise.variables.items() if variable.function
    )
    reason: str | None = None
    upstream, symbolic = upstreams(graph)
    numbers = {name: value for name, value in upstream.items() if not isinstance(value, tuple)}
    quantities = [name for name in (*upstream, *symbolic) if name not in numbers]
    for number in range(wanted):
        tried: list[Searched] = []
        for sizes in other_sizes(graph, number):
            label = "other values" + (
                f" and sizes {', '.join(f'{k} = {v}' for k, v in sizes.items())}" if sizes else ""
            )
            if unknown:
                several = any(graph.exercise.variables[name].function > 1 for name in unknown)
                label += (
                    f", with {'sums of sines' if several else 'a sine'} for {' and '.join(unknown)}"
                )
            found = _search(
                graph,
                f"{seed}/{number}",
                sizes,
                {},
                numbers,
                list(graph.inputs),
                quantities,
                label,
                bool(unknown),
                smooth,
            )
            tried.append(found)
            drawn = sum(one.drawn for one in tried)
            if found.point is not None or found.reason == KINKED or drawn > MAX_IN_ALL:
                break
        point = next((one.point for one in tried if one.point is not None), None)
        if point is None and tried:
            reason = tried[-1].reason
        if point is None and not smooth:
            point = next((one.partial for one in tried if one.partial is not None), None)
        if point is not None:
            points.append(point)
    return points, reason


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found: a point, or why there is none, then perhaps one at which `partial`ly
    everything is defined, and how many numbers were drawn in vain.
    """

    point: Point | None
    reason: str = ""
    partial: Point | None = None
    drawn: int = 0


def _search(
    graph: Graph,
    seed: str,
    sizes: Mapping[str, int],
    values: Mapping[str, Value],
    upstream: Mapping[str, Value],
    lacking: list[str],
    symbolic: list[str],
    label: str,
    stand_in: bool = False,
    smooth: bool = True,
) -> Searched:
    """The first try at which everything is defined and smooth; else the reason against the last."""
    drawn_entries = sum(
        math.prod(size.at(dict(sizes)) for size in graph.node(name).shape)
        for name in (*lacking, *symbolic)
    )
    if drawn_entries > MAX_DRAWN:
        return Searched(None, f"{drawn_entries:,} numbers would have to be drawn")
    reason = "no point was found at which everything is defined"
    kinked: list[tuple[Point, list[Kink]]] = []
    always: list[Kink] = []
    partial: tuple[int, Point] | None = None
    known = {definition.name: definition for definition in graph.exercise.definitions}
    definitions = [known[name] for name in graph.quantities]
    for attempt in range(min(TRIES, max(2, MAX_DRAWN // max(1, drawn_entries)))):
        try:
            drawn = {name: draw(graph, name, sizes, seed, attempt) for name in lacking}
            more = draw_upstream(graph, symbolic, sizes, seed)
            point = Point(
                dict(sizes),
                {**values, **drawn},
                {**upstream, **more},
                label=label,
                stand_in=stand_in,
            )
            rough = propagate(blank(graph, point, floats()), definitions)
        except KeyError as missing:
            return Searched(None, f"the size {missing.args[0]} has no number")
        except Undefined as problem:
            reason = problem.message
            continue
        wrong = [problem for problem in rough.lacking.values() if not isinstance(problem, Unknown)]
        if wrong:
            reason = wrong[0].message
            if any(isinstance(problem, TooLarge) for problem in wrong):
                return Searched(None, reason)
            if partial is None or len(wrong) < partial[0]:
                partial = len(wrong), point
            if attempt >= 4 and "singular" in reason:
                break  # a matter of the sizes
            continue
        found = Forward(graph, point)
        near = _near(found)
        if not near:
            return Searched(point)
        always = [kink for kink in near if kink in always] if kinked else near
        kinked.append((point, near))
        if len(kinked) >= ALWAYS and always == near == places(found):
            if smooth:
                return Searched(None, KINKED)
            return Searched(next(one for one, met in kinked if met == always))
        if attempt > 12:
            break
    vain = drawn_entries * (attempt + 1)
    if kinked and not places(Forward(graph, kinked[0][0])):
        return Searched(kinked[0][0])
    if kinked:
        return Searched(None, "no point away from kinks was found", drawn=vain)
    clear = partial is not None and not _near(Forward(graph, partial[1]))
    return Searched(None, reason, partial[1] if partial and clear else None, vain)


def _near(found: Forward) -> list[Kink]:
    """The kinks that are close: the more entries there are, the closer."""
    entries = sum(math.prod(tensor.shape) for tensor in found.values())
    return places(found, 0.02 / max(1, entries))


def size_names(graph: Graph) -> list[str]:
    """Every size that some shape or index mentions, in order of first mention."""
    found: dict[str, None] = {}
    listed: list[Size] = [size for name in graph.inputs for size in graph.node(name).shape]
    listed += list(graph.indices.values())
    listed += [size for name in graph.quantities for size in graph.node(name).shape]
    for node in graph.nodes:
        if node.op == "size":
            listed.append(node.attrs["value"])
    for size in listed:
        for name in sorted(size.names):
            found[name] = None
    return list(found)


def other_sizes(graph: Graph, number: int) -> Iterable[dict[str, int]]:
    """Assignments of numbers to the symbolic sizes, other than those given; larger ones later. They
    are pairwise different; of more than `MANY` those that meet in an operation are.

    Where no order will do, the order of the given sizes is tried: inv(A @ A.T) needs a wide A.
    """
    sizes = size_names(graph)
    if not sizes:
        yield {}
        return
    like_given = sorted(sizes, key=lambda name: graph.sizes.get(name, 0))
    for start in (2, 3, 4, 7, 12):
        turn = (2 * number + 1) % len(sizes)
        turned = sizes[-turn:] + sizes[:-turn]
        for order in (turned[::-1] if number % 2 else turned, like_given):
            first = start + number if len(sizes) == 1 or order is like_given else start
            places = range(len(order)) if len(order) <= MANY else apart(graph, order)
            chosen = {name: first + k for name, k in zip(order, places, strict=True)}
            if all(graph.sizes.get(name) == n for name, n in chosen.items()):
                chosen = {name: n + 1 for name, n in chosen.items()}
            if unfit(graph.nodes, chosen, graph.indices) is None:  # x[1:4] has an n from 4
                yield chosen
    # n - m + 1 may want another order
    for start in (2, 3, 4, 7, 12):
        for order in (sizes, sizes[::-1]):
            chosen = {name: start + 2 * number + (k + 1) * k for k, name in enumerate(order)}
            if unfit(graph.nodes, chosen, graph.indices) is None and chosen != graph.sizes:
                yield chosen


def apart(graph: Graph, names: Sequence[str]) -> list[int]:
    """A number from 0 for each of many sizes, the least that no size it meets in an operation has:
    the layers of a deep network stay small.
    """
    meets: dict[str, set[str]] = {name: set() for name in names}
    for node in graph.nodes:
        shapes = (node.shape, *(graph.nodes[arg].shape for arg in node.args))
        met = {name for shape in shapes for size in shape for name in size.names}
        for name in met & meets.keys():
            meets[name] |= met
    found: dict[str, int] = {}
    for name in names:
        taken = {found.get(other) for other in meets[name]}
        found[name] = next(k for k in count() if k not in taken)
    return [found[name] for name in names]


def upstreams(graph: Graph) -> tuple[dict[str, Value], list[str]]:
    """(quantity -> value of the upstream gradient there, quantities whose upstream gradient has
    no value).
    """
    values: dict[str, Value] = {}
    lacking: list[str] = []
    for upstream in graph.exercise.upstream:
        quantity = upstream.of if upstream.of is not None else graph.outputs[-1]
        value: Value = upstream.value
        symbol = symbol_of(upstream)
        if symbol is not None:
            if symbol not in graph.exercise.values:
                lacking.append(quantity)
                continue
            value = graph.exercise.values[symbol]
        values[quantity] = value
    return values, lacking


def _symbols(graph: Graph, quantities: Collection[str]) -> list[str]:
    """What the upstream gradients at these quantities are called."""
    given = (
        (upstream.of or graph.outputs[-1], symbol_of(upstream))
        for upstream in graph.exercise.upstream
    )
    return [symbol for quantity, symbol in given if symbol is not None and quantity in quantities]
