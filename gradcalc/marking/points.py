"""Places at which an answer is compared with the right one: exact values of the inputs, near and
far, at the given sizes and at others, where the exercise is defined.

Values are fractions with prime denominators, so that none of them lies on a kink or meets another
by chance. Places come in pairs with opposite signs, some of them far out (50 to 500), because a
piece of a function may begin there. They depend on the exercise alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import takewhile
from random import Random
from typing import TypeAlias

from gradcalc.exercise.model import Definition, Value
from gradcalc.graph.model import Graph, unfit
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.shape_rules import INDEXED
from gradcalc.language.sizes import Size
from gradcalc.language.tree import Binary, Call, Compare, Expr, Name, children, names, walk
from gradcalc.numeric.drawn_values import draw, nested, stacked_shape
from gradcalc.numeric.evaluation_points import other_sizes, size_names, upstreams
from gradcalc.numeric.forward import Point, blank, propagate
from gradcalc.numeric.precision import FLOAT, balls, floats
from gradcalc.numeric.scalar_functions import LADDER, TooLarge, Undefined, Unknown, Unsure
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE

PRIMES = (10007, 10009, 10037, 10039, 10061, 10067, 10069, 10079)
STYLES = ("near", "near", "far", "-far", "near", "wide", "-wide", "far", "-far", "near", "wide")
# Places that leave no gap, for functions made of pieces: of numbers, of small arrays, of others.
STRATA, STRATA_OF_ARRAYS, STRATA_AT_LEAST = 40, 25, 8
SMALL = 120  # entries of all inputs and quantities
MORE = 12  # places where the precision does not tell at enough of them
CONSTRAINTS = ("free", "free", "positive", "unit", "definite", "mixed")
TRIES = 24  # values that are drawn for a place
LARGE = 2_000  # entries of all inputs and quantities at sizes that are left out
PIECES = frozenset(("max", "min", "step", "sign", "where"))
_One: TypeAlias = "Callable[[Random], Fraction]"
STRUCTURED = frozenset(("onehot", "orthogonal", "diagonal", "symmetric", "binary", "lower", "skew"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers are compared. `given`: at the sizes of the exercise; `far`: with inputs
    beyond 50.
    """

    number: int
    point: Point
    far: bool
    given: bool

    @property
    def extra(self) -> bool:
        """Is it only looked at where the first ones do not tell, or for functions of pieces?"""
        return self.number >= len(STYLES)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Numbers for the symbolic sizes."""
        return self.point.sizes


class Values:
    """The forward computation of an exercise at a place, in enclosures of any precision."""

    def __init__(self, graph: Graph, point: Point, definitions: Mapping[str, Definition]) -> None:
        self.graph, self.point, self.definitions = graph, point, definitions
        self.scalar = not graph.indices and all(not graph.node(name).shape for name in graph.names)
        self._envs: dict[int, Env] = {}

    def env(self, bits: int = LADDER[0]) -> Env:
        """Names and their values at a precision; inside `working` of its numbers."""
        if bits not in self._envs:
            numbers = floats() if bits == FLOAT else balls(bits)
            with numbers.working():
                env = blank(self.graph, self.point, numbers)
                self._envs[bits] = propagate(
                    env, (self.definitions[name] for name in self.graph.quantities)
                )
        return self._envs[bits]

    def __getitem__(self, name: str, /) -> Tensor:
        env = self.env()
        if name not in env.values:
            raise env.lacking.get(name) or Unknown(f"{name} has no value")
        return env.values[name]


class Computation:
    """An exercise, or a variation of one, computed at places of the exercise."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        exercise = graph.exercise
        self.definitions = {d.name: d for d in exercise.definitions}
        lines = [d.expr for d in exercise.definitions]
        lines += [function.expr for function in exercise.functions.values()]
        self.pieces = any(map(in_pieces, lines))
        self.ends = tuple(end for d in exercise.definitions for end in ends_of_pieces(d.expr))
        self._values: dict[int, Values] = {}

    def at(self, place: Place) -> Values:
        """Its values at a place. Computed once."""
        if place.number < 0:
            return Values(self.graph, place.point, self.definitions)
        if place.number not in self._values:
            self._values[place.number] = Values(self.graph, place.point, self.definitions)
        return self._values[place.number]


def in_pieces(expr: Expr) -> bool:
    """Has an expression an operation that is not smooth everywhere?"""
    return any(
        isinstance(part, Compare)
        or (
            isinstance(part, Call)
            and (part.func in PIECES or (part.func in TABLE and bool(TABLE[part.func].smooth)))
        )
        for part in walk(expr)
    )


def ends_of_pieces(expr: Expr) -> list[Expr]:
    """Expressions that are 0 where one piece of a function ends and another begins: x of step(x),
    a - b of max(a, b) and of a < b. Those with indices that a sum binds are left out.
    """
    found: dict[Expr, None] = {}
    stack: list[tuple[Expr, frozenset[str]]] = [(expr, frozenset())]
    while stack:
        part, bound = stack.pop()
        ends: list[Expr] = []
        if isinstance(part, Compare):
            ends = [Binary("-", part.left, part.right)]
        elif isinstance(part, Call):
            indices = [arg.id for arg in part.args[1:] if isinstance(arg, Name)]
            if part.func in INDEXED - {"max", "min"} and indices:
                bound |= frozenset(indices)
            elif part.func in ("max", "min"):  # an index has no value, and then there is no edge
                ends = [Binary("-", part.args[0], arg) for arg in part.args[1:]]
            elif part.func != "where" and in_pieces(Call(part.func, part.args[:1])):
                ends = [part.args[0]]
        found.update(dict.fromkeys(end for end in ends if bound.isdisjoint(names(end))))
        stack += [(child, bound) for child in children(part)]
    return list(found)


class Places:
    """The places of an exercise, drawn when they are asked for. `reason`: why there are none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.computation = Computation(graph)
        self.reason = "no point was found at which the exercise is defined"
        self._found: list[Place] = []
        self._choices = list(_choices(graph))
        self._worked: list[str] = []  # constraints on the inputs that gave a place before
        self._drawer = _Drawer(graph)
        self._ended = False
        self.scalar = self._drawer.scalar
        strata = STRATA if self.scalar else self._strata()
        self.pieces = len(STYLES) + strata  # so many places for functions made of pieces
        self._styles = (*STYLES, *(f"strata {k}/{strata}" for k in range(strata)), *["near"] * MORE)

    def __iter__(self) -> Iterator[Place]:
        return takewhile(lambda place: not place.extra, self.every())

    def every(self) -> Iterator[Place]:
        """The places, and behind them those that are only looked at where they do not tell."""
        number = 0
        while (place := self.get(number)) is not None:
            yield place
            number += 1

    def _strata(self) -> int:
        sizes = [group[0][0] for group in self._choices if group]
        most = max((_entries(self.graph, one) for one in sizes), default=0)
        return STRATA_OF_ARRAYS if most <= SMALL else STRATA_AT_LEAST

    def get(self, number: int) -> Place | None:
        """A place by its number; None where there are no more."""
        while len(self._found) <= number and not self._ended:
            self._draw(len(self._found))
        return self._found[number] if number < len(self._found) else None

    def _draw(self, number: int) -> None:
        if number >= len(self._styles):
            self._ended = True
            return
        group = self._choices[number % len(self._choices)] if self._choices else ()
        style = self._styles[number]
        for wanted in dict.fromkeys((style, "wide", "near")):
            for sizes, given in group:
                point = self._search(number, sizes, wanted)
                if point is not None:
                    self._found.append(Place(number, point, wanted.endswith("far"), given))
                    return
        # What cannot be computed at one choice of sizes is compared at the others.
        if len(self._choices) > 1:
            self._choices.remove(group)
        else:
            self._ended = True

    def _search(self, number: int, sizes: Mapping[str, int], style: str) -> Point | None:
        for attempt in range(TRIES):
            if attempt == 1 and self._worked:
                constraint = self._worked[-1]
            else:
                constraint = CONSTRAINTS[min(attempt, len(CONSTRAINTS) - 1)]
            try:
                point = self._drawer.point(sizes, style, constraint, number, attempt)
            except (Undefined, KeyError) as problem:
                self.reason = str(problem)
                return None
            values = Values(self.graph, point, self.computation.definitions)
            wrong = [
                problem
                for problem in values.env().lacking.values()
                if not isinstance(problem, Unknown | Unsure)
            ]
            if not wrong:
                if attempt > 1:
                    self._worked.append(constraint)
                return point
            self.reason = wrong[0].message
            if any(isinstance(problem, TooLarge) for problem in wrong):
                return None
        return None


def _choices(graph: Graph) -> Iterator[tuple[tuple[Mapping[str, int], bool], ...]]:
    """Choices of sizes, each with others in its stead: pairwise different ones, the given ones,
    two more.
    """
    names = size_names(graph)
    if not names:
        yield (({}, True),)
        return
    literals = {
        size.number for name in graph.names for size in graph.node(name).shape if not size.names
    }
    others: list[tuple[tuple[Mapping[str, int], bool], ...]] = []
    for number in range(3):
        met = [sizes for group in others for sizes, _ in group[:1]]
        found = list(other_sizes(graph, number))
        found = [sizes for sizes in found if sizes not in met] or found
        clear = [sizes for sizes in found if literals.isdisjoint(sizes.values())] or found
        clear.sort(key=lambda sizes: _entries(graph, sizes))
        small = [sizes for sizes in clear if _entries(graph, sizes) <= LARGE] or clear[:1]
        others.append(tuple((sizes, False) for sizes in small[:5]))
    given = {name: graph.sizes[name] for name in names if name in graph.sizes}
    yield others[0]
    fits = len(given) == len(names) and unfit(graph.nodes, given, graph.indices) is None
    if fits and _entries(graph, given) <= LARGE:
        yield ((given, True),)
    else:
        yield others[2]
    yield others[1]


def _entries(graph: Graph, sizes: Mapping[str, int]) -> int:
    """The entries of all inputs and quantities."""

    def length(size: Size) -> int:
        try:
            return size.at(dict(sizes))
        except KeyError:
            return 1

    total = 0
    for name in graph.names:
        node = graph.node(name)
        total += math.prod(
            length(size) for size in (*node.shape, *(graph.indices[i] for i in node.over))
        )
    return total


class _Drawer:
    """Draws values for the inputs and for the upstream gradients that are no numbers."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        given, symbolic = upstreams(graph)
        self.numbers = {name: v for name, v in given.items() if not isinstance(v, tuple)}
        self.quantities = [n for n in (*given, *symbolic) if n not in self.numbers]
        variables = graph.exercise.variables
        self.assume = {
            name: variables[name].assume if name in variables else frozenset()
            for name in graph.inputs
        }
        self.stand_in = any(variable.function for variable in variables.values())
        self.scalar = all(not graph.node(n).shape and not graph.node(n).over for n in graph.inputs)

    def point(
        self, sizes: Mapping[str, int], style: str, constraint: str, number: int, attempt: int
    ) -> Point:
        """Raises KeyError for a size without a number."""
        sign = -1 if style.startswith("-") else 1
        seed = f"{number - (sign < 0)}/{attempt}"
        values: dict[str, Value] = {}
        for name in self.graph.inputs:
            random = Random(f"marking/{seed}/{name}")
            values[name] = self.input(name, sizes, style.lstrip("-"), constraint, sign, random)
        upstream: dict[str, Value] = dict(self.numbers)
        for name in self.quantities:
            random = Random(f"marking/{seed}/upstream of {name}")
            upstream[name] = self.entries(
                name, sizes, lambda r: sign * _entry(r, "near", "free"), random
            )
        return Point(dict(sizes), values, upstream, stand_in=self.stand_in)

    def input(
        self,
        name: str,
        sizes: Mapping[str, int],
        style: str,
        constraint: str,
        sign: int,
        random: Random,
    ) -> Value:
        """A value for an input, per-example ones as stacks, that meets its assumptions."""
        assume = self.assume[name]
        if name in self.graph.integers or STRUCTURED & assume:
            seed = f"marking/{random.random()}"
            return draw(self.graph, name, sizes, seed, 4 if constraint == "definite" else 0)
        if constraint == "mixed":
            constraint = random.choice(CONSTRAINTS[1:5])
        if {"positive", "nonnegative"} & assume and constraint != "unit":
            constraint = "positive"
        node = self.graph.node(name)
        square = len(node.shape) >= 2 and node.shape[-1] == node.shape[-2] and not node.over
        if constraint == "definite" and square:
            return self.definite(name, sizes, random)
        if constraint == "definite":
            constraint = "free"
        if style.startswith("strata"):
            number, _, count = style.removeprefix("strata ").partition("/")
            strata = _Strata(name, int(number), int(count), constraint)
            return self.entries(name, sizes, strata, random)
        signed = sign if constraint == "free" else 1
        return self.entries(name, sizes, lambda r: signed * _entry(r, style, constraint), random)

    def shape(self, name: str, sizes: Mapping[str, int]) -> list[int]:
        node = self.graph.node(name)
        shape = [size.at(dict(sizes)) for size in node.shape]
        stack = [self.graph.indices[index].at(dict(sizes)) for index in node.over]
        return stacked_shape(shape, stack) if stack else shape

    def entries(self, name: str, sizes: Mapping[str, int], one: _One, random: Random) -> Value:
        full = self.shape(name, sizes)
        return nested([one(random) for _ in range(math.prod(full))], full)

    def definite(self, name: str, sizes: Mapping[str, int], random: Random) -> Value:
        """B Bᵀ/n + 1/2: symmetric and positive definite."""
        full = self.shape(name, sizes)
        n = full[-1]
        flat: Iterable[Fraction] = ()
        for _ in range(math.prod(full[:-2])):
            b = [[_entry(random, "near", "free") for _ in range(n)] for _ in range(n)]
            flat = (
                *flat,
                *(
                    sum((b[i][k] * b[j][k] for k in range(n)), Fraction(0)) / n
                    + (Fraction(1, 2) if i == j else 0)
                    for i in range(n)
                    for j in range(n)
                ),
            )
        return nested(flat, full)


def _entry(random: Random, style: str, constraint: str) -> Fraction:
    prime = random.choice(PRIMES)
    while True:
        if constraint == "unit":
            number = 0.03 + 0.94 * random.random()
        elif style == "far" or (style == "wide" and random.random() < 0.4):
            number = 50 + 450 * random.random()
        elif style == "wide" and random.random() < 0.5:
            number = random.choice((0.01, 3, 20)) * (1 + random.random())
        else:
            number = max(0.05, abs(random.gauss(0, 1)))
        if constraint == "free" and random.random() < 0.5:
            number = -number
        value = round(number * prime)
        if value % prime:
            return Fraction(value, prime)


class _Strata:
    """Entries of which, over all places, each lies in another part of the line from -60 to 60, most
    of them within ±3, so that no piece of a function that is wider than a part is missed.
    """

    def __init__(self, name: str, number: int, count: int, constraint: str) -> None:
        self.name, self.number, self.count, self.constraint = name, number, count, constraint
        self.entry = 0

    def __call__(self, random: Random) -> Fraction:
        parts = list(range(self.count))
        Random(f"strata/{self.name}/{self.entry}").shuffle(parts)
        self.entry += 1
        part, prime = parts[self.number], random.choice(PRIMES)
        while True:
            value = round(self.place(part, random.random()) * prime)
            if value % prime:
                return Fraction(value, prime)

    def place(self, part: int, offset: float) -> float:
        """A number in a part."""
        if self.constraint == "unit":
            return 0.02 + 0.96 * (part + offset) / self.count
        outer = self.count // 5
        if part < 2 * outer:
            size = 3 * 20 ** ((part // 2 + offset) / outer)
            number = size if part % 2 else -size
        else:
            number = -3 + 6 * (part - 2 * outer + offset) / (self.count - 2 * outer)
        return abs(number) if self.constraint == "positive" else number
