"""Ways to draw the inputs of an exercise, for `--auto`: what each may be, judged by its shape, its
assumptions and the value it has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import permutations

from gradcalc.exercise.model import Exercise
from gradcalc.exercise.vary_model import Aim, Domain, Drawn
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Call, Expr, Name, Neg, walk
from gradcalc.language.tree import number
from gradcalc.numeric.drawn_values import values_of_index
from gradcalc.variants.aims import Aimer
from gradcalc.variants.draws import Entry, flat
from gradcalc.variants.prepared import Prepared

SQUASHED = frozenset(
    ("sigmoid", "tanh", "exp", "softplus", "silu", "softmax", "log_softmax", "logsumexp",
     "sinh", "cosh", "expm1")
)  # fmt: skip
ALONG = frozenset(("softmax", "log_softmax", "logsumexp"))
LABELS = frozenset(("y", "t", "label", "target"))
MOST_ENTRIES = 400  # of an input that varies
# Of which an aim is the logarithm: σ and σ′ are then nice, as tanh and tanh′ are at their roots.
ODDS = ("2", "1/2", "4", "1/4", "3/2", "2/3", "9", "1/9", "7/3", "3/7")
SUM = 12  # of the weights that softmax is aimed at
AIMS = 12  # at most


@dataclass(frozen=True, slots=True)
class Way:
    """How numbers are drawn: scalars and arrays, of any sign and positive ones."""

    kind: str
    scalar: tuple[Fraction, Fraction]
    array: tuple[Fraction, Fraction]
    positive: tuple[Fraction, Fraction]
    positive_array: tuple[Fraction, Fraction]
    step: Fraction = Fraction(1)
    all_positive: bool = False
    like_given: bool = False  # what is given positive is positive


def _pair(low: float, high: float) -> tuple[Fraction, Fraction]:
    return Fraction(str(low)), Fraction(str(high))


HALF, TENTH = Fraction(1, 2), Fraction(1, 10)
WAYS = (
    Way("integers", _pair(-9, 9), _pair(-3, 3), _pair(1, 9), _pair(1, 5)),
    Way("decimals", _pair(-12, 12), _pair(-3, 3), _pair(0.5, 12), _pair(0.5, 4), HALF),
    Way("decimals", _pair(-9.9, 9.9), _pair(-3, 3), _pair(0.1, 9.9), _pair(0.1, 3), TENTH),
    Way("integers", _pair(-9, 9), _pair(-2, 2), _pair(1, 9), _pair(1, 3), like_given=True),
    Way("integers", _pair(1, 9), _pair(1, 5), _pair(1, 9), _pair(1, 5), all_positive=True),
    Way("decimals", _pair(0.5, 4), _pair(0.5, 4), _pair(0.5, 4), _pair(0.5, 4), HALF, True),
    Way("decimals", _pair(-2, 2), _pair(-1, 1), _pair(0.1, 2), _pair(0.1, 2), TENTH,
        like_given=True),
    Way("decimals", _pair(0.1, 0.9), _pair(0.1, 0.9), _pair(0.1, 0.9), _pair(0.1, 0.9), TENTH,
        True),
)  # fmt: skip


class Profiles:
    """The ways for one exercise."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.prepared = Prepared(exercise, ())
        graph = self.prepared.graph
        unsized = [name for name in self.prepared.point.missing if name not in graph.inputs]
        if unsized:
            message = f"{', '.join(unsized)} has no number"
            raise GradcalcError(Problem("vary", message, None, "give sizes, and values"))
        variables = exercise.variables
        if any(variable.function for variable in variables.values()):
            message = "it has an unknown function, so its answers have no numbers"
            raise GradcalcError(Problem("vary", message))
        self.assume = {
            name: variables[name].assume if name in variables else frozenset[str]()
            for name in graph.inputs
        }
        self.given = self.prepared.point.values
        self.fixed = {name: self._structured(name) for name in graph.inputs}
        self.varied = [
            name
            for name in graph.inputs
            if "constant" not in self.assume[name]
            and not {"orthogonal", "diagonal"} & self.assume[name]
            and math.prod(self.prepared.shape(name)) <= MOST_ENTRIES
        ]

    def all(self) -> Iterator[tuple[Mapping[str, Domain], bool]]:
        """The domains of every input, way by way: first with aims, where something is squashed.
        The last way, near the given values, is the one for numbers that are not nice.
        """
        aims = self._aims()
        for way in WAYS:
            domains = {name: self.fixed[name] or self._numbers(name, way) for name in self.varied}
            if aims:
                yield {**domains, **aims}, False
            else:
                yield domains, False
        if aims:
            for way in WAYS:
                yield {n: self.fixed[n] or self._numbers(n, way) for n in self.varied}, False
        near = {name: self.fixed[name] or self._near(name) for name in self.varied}
        yield near, True

    # ---- one input

    def _entries(self, name: str) -> list[Entry]:
        return flat(self.given[name]) if name in self.given else []

    def _structured(self, name: str) -> Domain | None:
        """A domain that does not depend on the way: labels, indices, one-hot vectors."""
        graph, entries = self.prepared.graph, self._entries(name)
        shape, assume = self.prepared.shape(name), self.assume[name]
        if name in graph.integers:
            most = max(1, values_of_index(graph, name, self.prepared.sizes))
            return Domain("integers", Fraction(0), Fraction(most - 1), zero=True)
        binary = bool(entries) and set(entries) <= {Fraction(0), Fraction(1)}
        if "onehot" in assume:
            return Domain("given", onehot=True)
        if binary and shape and _onehot(entries, shape):
            return Domain("given", onehot=True)
        if "binary" in assume or (binary and len(entries) > 1 and 0 in entries and 1 in entries):
            return Domain("integers", Fraction(0), Fraction(1), zero=True)
        if binary and not shape and name in LABELS:
            return Domain("integers", Fraction(0), Fraction(1), zero=True)
        fractions = [entry for entry in entries if isinstance(entry, Fraction)]
        total = sum(fractions, Fraction(0))
        shares = len(entries) > 1 and len(fractions) == len(entries)
        if shares and all(0 < e < 1 for e in fractions) and abs(total - 1) < TENTH / 10:
            return Domain("given", permutation=True)
        return None

    def _positive(self, name: str) -> bool:
        entries = self._entries(name)
        known = [entry for entry in entries if isinstance(entry, Fraction)]
        given = bool(known) and all(entry > 0 for entry in known) and len(known) == len(entries)
        return bool({"positive", "nonnegative"} & self.assume[name]) or given

    def _numbers(self, name: str, way: Way) -> Domain:
        shape = self.prepared.shape(name)
        square = len(shape) == 2 and shape[0] == shape[1] and shape[0] > 1
        surely = bool({"positive", "nonnegative"} & self.assume[name])
        like = way.like_given and self._positive(name)
        positive = way.all_positive or surely or like
        low, high = (
            (way.positive_array if shape else way.positive)
            if positive
            else (way.array if shape else way.scalar)
        )
        return Domain(
            way.kind,
            low,
            high,
            step=way.step,
            zero=bool(shape) and not positive,
            symmetric=square and "symmetric" in self.assume[name],
        )

    def _near(self, name: str) -> Domain:
        """Two decimals, near the given value."""
        entries = [float(e) for e in self._entries(name) if isinstance(e, Fraction)] or [1.0]
        low, high = min(entries), max(entries)
        shape = self.prepared.shape(name)
        room = max(0.3, abs(low) / 4, abs(high) / 4)
        unit = 0 < low <= high < 1
        low, high = (max(0.05, low / 2) if low > 0 else low - room), high + room
        if unit:
            high = min(0.95, high)
        square = len(shape) == 2 and shape[0] == shape[1] and shape[0] > 1
        return Domain(
            "uniform",
            Fraction(str(round(low, 2))),
            Fraction(str(round(high, 2))),
            step=Fraction(1, 100),
            symmetric=square and "symmetric" in self.assume[name],
        )

    # ---- aims

    def _aims(self) -> dict[str, Domain]:
        """Inputs that can be solved so that what is squashed is a logarithm, and inputs that are
        squashed themselves.
        """
        found: dict[str, Domain] = {}
        aimed: set[str] = set()
        graph = self.prepared.graph
        for name, along in self._squashed().items():
            if name in graph.inputs:
                if name in self.varied and self.fixed[name] is None:
                    values = self._targets(self.prepared.shape(name), along)
                    if values:
                        found[name] = Domain("choices", choices=tuple(values), zero=True)
                continue
            aim = self._solvable(name, along, found, aimed)
            if aim is not None:
                found[aim[0]] = aim[1]
                aimed.add(name)
        return found

    def _squashed(self) -> dict[str, bool]:
        """The names that stand in a sigmoid, an exponential, a softmax -> whether in a row."""
        found: dict[str, bool] = {}
        for definition in self.exercise.definitions:
            for part in walk(definition.expr):
                if not isinstance(part, Call) or part.func not in SQUASHED or not part.args:
                    continue
                argument = part.args[0]
                while isinstance(argument, Neg):
                    argument = argument.arg
                if isinstance(argument, Name) and argument.id in self.prepared.graph.names:
                    found[argument.id] = found.get(argument.id, False) or part.func in ALONG
        order = [*self.prepared.graph.inputs, *self.prepared.graph.quantities]
        return {name: found[name] for name in order if name in found}

    def _targets(self, shape: list[int], along: bool) -> list[Drawn]:
        """Values that give fractions under an exponential."""
        count = math.prod(shape)
        if count == 1 or not shape:
            one: list[Drawn] = [_log(Fraction(n)) for n in ODDS]
            return [_shaped([value], shape) for value in one] if shape else one
        if count > 4 or len([n for n in shape if n > 1]) != 1:
            return []
        weights = [
            row
            for row in permutations(range(1, 9), count)
            if (sum(row) <= SUM if along else max(row) <= 4)
        ] or [tuple([1] * (count - 1) + [2])]
        step = max(1, len(weights) // AIMS)
        return [_shaped([_log(Fraction(n)) for n in row], shape) for row in weights[::step][:AIMS]]

    def _solvable(
        self, quantity: str, along: bool, found: Mapping[str, Domain], aimed: set[str]
    ) -> tuple[str, Domain] | None:
        """The input to solve for, and what to aim at."""
        node = self.prepared.graph.node(quantity)
        if node.over:
            return None
        shape = [size.at(self.prepared.sizes) for size in node.shape]
        targets = self._targets(shape, along)
        if not targets:
            return None
        rests = self.prepared.rests_on(quantity)
        candidates = [
            name
            for name in self.varied
            if name in rests
            and name not in found
            and self.fixed[name] is None
            and math.prod(self.prepared.shape(name)) == math.prod(shape)
        ]
        aims = tuple(Aim(quantity, value) for value in targets)
        for name in reversed(candidates):  # a bias stands last
            try:
                aimer = Aimer(self.prepared, {name: aims})
                (entries,) = aimer.solved(name, aims[:1], {})
            except GradcalcError:
                continue
            if entries is not None:
                return name, Domain("aim", aims=aims)
        return None


def _log(value: Fraction) -> Expr:
    if value == 1:
        return number(0)
    if value < 1:
        return Neg(Call("log", (number(1 / value),)))
    return Call("log", (number(value),))


def _shaped(entries: list[Drawn], shape: list[int]) -> Drawn:
    if not shape:
        return entries[0]
    step = math.prod(shape[1:])
    return tuple(_shaped(entries[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0]))


def _onehot(entries: list[Entry], shape: list[int]) -> bool:
    """Is there one 1 in a vector, or in each column?"""
    rows, columns = shape[0], math.prod(shape[1:])
    if rows < 2:
        return False
    return all(
        sum(1 for i in range(rows) if entries[i * columns + j] == 1) == 1 for j in range(columns)
    )
