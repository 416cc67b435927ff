"""Random values of inputs and upstream gradients.

Random numbers come from a stream per name, `random.Random("seed/name/try")`, which is the same on
every machine; values are standard normal with two decimals and move, try by try, to where the
computation is defined: positive, between 0 and 1, larger, matrices positive definite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from random import Random
from typing import Any

from gradcalc.exercise.model import Value
from gradcalc.graph.model import Graph, Node
from gradcalc.language.parser import Neg, Num
from gradcalc.numeric.forward import Point, blank, leaf
from gradcalc.numeric.precision import floats
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.ops import COMPARISONS

_KINDS = ("normal", "positive", "unit", "large", "definite", "small")


def draw(graph: Graph, name: str, sizes: Mapping[str, int], seed: str, attempt: int) -> Value:
    """A value for an input, per-example ones as stacks, that meets its assumptions; the kind
    varies with the attempt.
    """
    node = graph.node(name)
    random = Random(f"{seed}/{name}/{attempt}")
    shape = [size.at(dict(sizes)) for size in node.shape]
    stack = [graph.indices[index].at(dict(sizes)) for index in node.over]
    assume = (
        graph.exercise.variables[name].assume if name in graph.exercise.variables else frozenset()
    )
    if name in graph.integers:
        bound = max(1, values_of_index(graph, name, sizes))
        return nested(
            [random.randrange(bound) for _ in range(math.prod(shape + stack))],
            stacked_shape(shape, stack),
        )
    kind = _kind(graph, name, attempt, random)
    copies = math.prod(stack)
    arrays = [_array(random, shape, assume, kind, _distinct(graph, name)) for _ in range(copies)]
    full = stacked_shape(shape, stack)
    if not stack:
        return nested(arrays[0], full)
    return nested([array[k] for k in range(math.prod(shape)) for array in arrays], full)


def stacked_shape(shape: list[int], stack: list[int]) -> list[int]:
    """The shape of the stack of arrays of a shape, examples on the last axis."""
    if not stack:
        return shape
    column = len(shape) == 2 and shape[1] == 1
    return (shape[:1] if column else shape) + stack


def _kind(graph: Graph, name: str, attempt: int, random: Random) -> str:
    """First like the given values (all positive, all within 0 and 1), then each kind in turn,
    then a mixture.
    """
    given = [number for number in _numbers(graph, name) if number is not None]
    if attempt < 8:
        if given and all(0 < number < 1 for number in given):
            return "unit"
        if given and all(number > 0 for number in given):
            return "positive"
        if attempt >= 4 and _square(graph.node(name)):
            return "definite"
        return "normal"
    if attempt < 8 + 3 * len(_KINDS):
        return _KINDS[1 + (attempt // 3) % (len(_KINDS) - 1)]
    return random.choice(_KINDS)


def _numbers(graph: Graph, name: str) -> list[float | None]:
    """The given entries of an input as floats, the first fifty."""
    pending: list[Any] = [graph.exercise.values.get(name, ())]
    found: list[float | None] = []
    env = None
    while pending and len(found) < 50:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(reversed(value))
        else:
            env = env or blank(graph, Point({}, {}), floats())
            try:
                found.append(float(leaf(value, env)))
            except Undefined:
                found.append(None)
    return found


def _distinct(graph: Graph, name: str) -> list[Fraction] | None:
    """The values to choose from where the given ones are labels: an array of few whole numbers
    from 0.
    """
    given = _numbers(graph, name)
    if len(given) < 2 or any(
        number is None or number < 0 or number != int(number) for number in given
    ):
        return None
    values = sorted({int(number) for number in given if number is not None})
    return (
        [Fraction(value) for value in values] if 2 <= len(values) <= 4 and values[0] == 0 else None
    )


def _square(node: Node) -> bool:
    return len(node.shape) >= 2 and node.shape[-1] == node.shape[-2]


def _array(
    random: Random,
    shape: list[int],
    assume: frozenset[str],
    kind: str,
    labels: list[Fraction] | None,
) -> list[Fraction]:
    """The entries of one array, row by row."""
    count = math.prod(shape)
    if "onehot" in assume:
        return _onehot(random, shape)
    if "binary" in assume:
        return [Fraction(random.randrange(2)) for _ in range(count)]
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    if square and "orthogonal" in assume:
        return _blocks(shape, lambda n: _orthogonal(random, n))
    if labels is not None and not assume:
        return [random.choice(labels) for _ in range(count)]
    sign = "positive" if "positive" in assume or "nonnegative" in assume else kind
    if square and "diagonal" in assume:
        return _blocks(
            shape,
            lambda n: [
                _one(random, sign) if i == j else Fraction(0) for i in range(n) for j in range(n)
            ],
        )
    if square and ("lower" in assume or "skew" in assume):
        return _blocks(shape, lambda n: _triangular(random, n, sign, "skew" in assume))
    if square and kind == "definite":
        return _blocks(shape, lambda n: _definite(random, n, "positive" in assume))
    if square and "symmetric" in assume:
        return _blocks(shape, lambda n: _symmetric(random, n, sign))
    return [_one(random, sign) for _ in range(count)]


def _blocks(shape: list[int], make: Any) -> list[Fraction]:
    return [entry for _ in range(math.prod(shape[:-2])) for entry in make(shape[-1])]


def _normal(random: Random) -> float:
    radius = math.sqrt(-2 * math.log(1 - random.random()))
    return radius * math.cos(2 * math.pi * random.random())


def _one(random: Random, kind: str) -> Fraction:
    """Two decimals, never 0."""
    while True:
        if kind == "unit":
            number = 0.05 + 0.9 * random.random()
        elif kind == "positive":
            number = 0.1 + abs(_normal(random))
        elif kind == "large":
            number = 2 + 3 * random.random()
        elif kind == "small":
            number = 0.3 * _normal(random)
        else:
            number = _normal(random)
        value = Fraction(round(100 * number), 100)
        if value:
            return value


def _symmetric(random: Random, n: int, kind: str) -> list[Fraction]:
    rows = [[Fraction(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i, n):
            rows[i][j] = rows[j][i] = _one(random, kind)
    return [entry for row in rows for entry in row]


def _triangular(random: Random, n: int, kind: str, skew: bool) -> list[Fraction]:
    """A lower triangle; of a skew matrix its negative above, and 0 on the diagonal."""
    rows = [[Fraction(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i if skew else i + 1):
            rows[i][j] = _one(random, kind)
            if skew:
                rows[j][i] = -rows[i][j]
    return [entry for row in rows for entry in row]


def _definite(random: Random, n: int, positive: bool) -> list[Fraction]:
    """B Bᵀ + 1/2, rounded to two decimals: symmetric, and positive definite by the 1/2."""
    kind = "positive" if positive else "normal"
    b = [[int(100 * _one(random, kind)) for _ in range(n)] for _ in range(n)]  # hundredths
    found = []
    for i, row in enumerate(b):
        for j, other in enumerate(b):
            product = sum(x * y for x, y in zip(row, other, strict=True))
            entry = Fraction(product, 100) + (50 if i == j else 0)
            found.append(Fraction(round(entry), 100))
    return found


def _orthogonal(random: Random, n: int) -> list[Fraction]:
    """A product of two or three reflections, I - 2 v vᵀ / vᵀv, so that the entries are exact. One
    alone would be symmetric.
    """
    rows = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    for _ in range(random.choice((2, 3))):
        v = [Fraction(random.choice((-3, -2, -1, 1, 2, 3))) for _ in range(n)]
        norm = sum((x * x for x in v), Fraction(0))
        for row in rows:
            along = 2 * sum((a * b for a, b in zip(row, v, strict=True)), Fraction(0)) / norm
            row[:] = [a - along * b for a, b in zip(row, v, strict=True)]
    return [entry for row in rows for entry in row]


def _onehot(random: Random, shape: list[int]) -> list[Fraction]:
    """One 1 along the last axis, a column counting as a vector."""
    length = (
        shape[-1] if shape and not (len(shape) == 2 and shape[1] == 1) else shape[0] if shape else 1
    )
    entries: list[Fraction] = []
    for _ in range(math.prod(shape) // max(1, length)):
        hot = random.randrange(max(1, length))
        entries += [Fraction(int(k == hot)) for k in range(length)]
    return entries


def nested(entries: Iterable[Any], shape: list[int]) -> Value:
    """Entries, row by row, as nested rows of exact numbers."""
    flat: list[Any] = []
    for entry in entries:
        value = Fraction(entry)
        flat.append(Num(value, decimal=True) if value >= 0 else Neg(Num(-value, decimal=True)))
    if not shape:
        return flat[0]  # type: ignore[no-any-return]
    for length in reversed(shape[1:]):
        flat = [tuple(flat[k : k + length]) for k in range(0, len(flat), length)] if length else []
    return tuple(flat)


def values_of_index(graph: Graph, name: str, sizes: Mapping[str, int]) -> int:
    """How many values an integer input may take: the shortest axis it indexes, or the size of an
    index it is compared to.
    """
    bounds = []
    place = graph.names[name]
    for node in graph.nodes:
        if place not in node.args:
            continue
        if node.op == "getitem":
            base = graph.nodes[node.args[0]]
            for axis, item in enumerate(node.attrs["items"]):
                if item[0] == "gather" and node.args[item[1]] == place:
                    bounds.append(base.shape[axis].at(dict(sizes)))
        elif node.op in COMPARISONS:
            for other in node.args:
                if graph.nodes[other].op == "index":
                    bounds.append(graph.indices[graph.nodes[other].attrs["name"]].at(dict(sizes)))
    return min(bounds, default=2)


def draw_upstream(
    graph: Graph, quantities: list[str], sizes: Mapping[str, int], seed: str
) -> dict[str, Value]:
    """Values for the upstream gradients at these quantities."""
    drawn: dict[str, Value] = {}
    for name in quantities:
        node = graph.node(name)
        random = Random(f"{seed}/upstream of {name}")
        shape = [size.at(dict(sizes)) for size in node.shape]
        stack = [graph.indices[index].at(dict(sizes)) for index in node.over]
        full = stacked_shape(shape, stack)
        drawn[name] = nested([_one(random, "normal") for _ in range(math.prod(full))], full)
    return drawn
