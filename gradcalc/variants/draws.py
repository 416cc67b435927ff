"""What a try draws for each name. A draw depends on the seed, the exercise, the number of the
variant, the try and the name alone, so it is the same on every machine and in every order.

    Draws(domains, shapes, exercise="3f…", seed=1).entries("x", Try(17, 0))   [Fraction(-3)]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import product
from typing import Any, TypeAlias

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.vary_model import Domain, Drawn
from gradcalc.language.constants import fraction
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Expr, Neg, Num
from gradcalc.language.tree import number
from gradcalc.numeric.closed_forms import full_rank

Entry: TypeAlias = "Fraction | Expr"  # an expression where it is no fraction: log(2)

REDRAWS = 50  # of an array, until its entries are as they have to be


@dataclass(frozen=True, slots=True)
class Try:
    """The t-th try of a variant."""

    number: int
    count: int


class Unfit(Exception):
    """The entries of an array cannot be as they have to be."""


class Stream:
    """Whole numbers that follow from a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._numbers = self._all()

    def _all(self) -> Iterator[int]:
        block = 0
        while True:
            data = blake2b(f"{self.text}/{block}".encode()).digest()
            for k in range(0, 64, 8):
                yield int.from_bytes(data[k : k + 8], "big")
            block += 1

    def below(self, count: int) -> int:
        """A number from 0 to count - 1."""
        return next(self._numbers) % count

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        """The items in another order."""
        found = list(items)
        for k in range(len(found) - 1, 0, -1):
            other = self.below(k + 1)
            found[k], found[other] = found[other], found[k]
        return found


def stream(exercise: str, seed: int, at: Try, name: str) -> Stream:
    """The stream of a name at a try."""
    return Stream(f"gradcalc/{seed}/{exercise}/{at.number}/{at.count}/{name}")


def values_of(domain: Domain) -> list[Entry]:
    """The numbers that one entry may be; none for a domain of whole arrays or of functions."""
    match domain.kind:
        case "integers" | "decimals" | "uniform" | "sizes":
            count = math.floor((domain.high - domain.low) / domain.step) + 1
            found: list[Entry] = [domain.low + k * domain.step for k in range(count)]
        case "rationals":
            low, high = int(domain.low), int(domain.high)
            below = range(domain.below[0], domain.below[1] + 1)
            pairs = product(range(low, high + 1), below)
            found = list(dict.fromkeys(Fraction(n, d) for n, d in pairs))
        case "choices":
            return [
                value if (known := fraction(value)) is None else known
                for value in domain.choices
                if not isinstance(value, tuple)
            ]
        case _:
            return []
    return found if domain.zero or found == [0] else [value for value in found if value != 0]


class Source:
    """Draws the entries of one name."""

    def __init__(self, domain: Domain, given: Drawn | None) -> None:
        self.domain = domain
        self.given = [] if given is None else flat(given)
        self.values = values_of(domain)
        self.arrays = [value for value in domain.choices if isinstance(value, tuple)]

    def entries(self, source: Stream, shape: Sequence[int]) -> list[Entry]:
        """The entries of an array of a shape, row by row. Raises Unfit."""
        for _ in range(REDRAWS):
            found = self._once(source, shape)
            if self._fits(found, shape):
                return found
        raise Unfit

    def _once(self, source: Stream, shape: Sequence[int]) -> list[Entry]:
        count, domain = math.prod(shape), self.domain
        if domain.onehot:
            return onehot(source, shape)
        if domain.permutation:
            return self._permutation(source, shape)
        if self.arrays:
            fitting = [a for a in self.arrays if _squeezed(shape_of_value(a)) == _squeezed(shape)]
            if not fitting:
                raise Unfit
            return flat(fitting[source.below(len(fitting))])
        if domain.symmetric and len(shape) >= 2:
            return symmetric(shape, lambda: self._one(source))
        if domain.distinct:
            if count > len(self.values):
                raise Unfit
            return source.shuffled(self.values)[:count]
        return [self._one(source) for _ in range(count)]

    def _one(self, source: Stream) -> Entry:
        return self.values[source.below(len(self.values))]

    def _permutation(self, source: Stream, shape: Sequence[int]) -> list[Entry]:
        count, values = math.prod(shape), self.values or self.given
        if len(values) == count:
            return list(source.shuffled(values))
        if len(shape) == 2 and shape[0] == shape[1] and not self.values:
            order = source.shuffled(range(shape[0]))
            return [Fraction(int(order[i] == j)) for i in range(shape[0]) for j in range(shape[0])]
        raise Unfit

    def _fits(self, entries: list[Entry], shape: Sequence[int]) -> bool:
        if self.domain.distinct and len(set(entries)) < len(entries):
            return False
        return not self.domain.full_rank or _full_rank(entries, shape)


def flat(value: Drawn) -> list[Entry]:
    """The entries of a value, row by row."""
    if isinstance(value, tuple):
        return [entry for item in value for entry in flat(item)]
    known = fraction(value)
    return [value if known is None else known]


def nested(entries: Sequence[Entry], shape: Sequence[int], decimal: bool = False) -> Drawn:
    """Entries row by row as a value; `decimal`: fractions are written as decimals."""
    if not shape:
        (one,) = entries
        return as_tree(one, decimal)
    step = math.prod(shape[1:])
    return tuple(
        nested(entries[k * step : (k + 1) * step], shape[1:], decimal) for k in range(shape[0])
    )


def as_tree(entry: Entry, decimal: bool = False) -> Expr:
    """An entry as an expression."""
    if not isinstance(entry, Fraction):
        return entry
    if decimal and entry.denominator != 1:
        found = Num(abs(entry), decimal=True)
        return Neg(found) if entry < 0 else found
    return number(entry)


def onehot(source: Stream, shape: Sequence[int]) -> list[Entry]:
    """A 1 in a vector, or in each column; 0 elsewhere."""
    rows = shape[0] if shape else 1
    columns = math.prod(shape[1:])
    at = [source.below(rows) for _ in range(columns)]
    return [Fraction(int(at[j] == i)) for i in range(rows) for j in range(columns)]


def symmetric(shape: Sequence[int], one: Callable[[], Entry]) -> list[Entry]:
    """Symmetric in the last two axes."""
    n, found = shape[-1], list[Entry]()
    for _ in range(math.prod(shape[:-2])):
        rows: dict[tuple[int, int], Entry] = {}
        for i in range(n):
            for j in range(i, n):
                rows[i, j] = rows[j, i] = one()
        found += [rows[i, j] for i in range(n) for j in range(n)]
    return found


def _full_rank(entries: Sequence[Entry], shape: Sequence[int]) -> bool:
    """Has a matrix of fractions full rank? Of other arrays nothing is asked."""
    known = [entry for entry in entries if isinstance(entry, Fraction)]
    if len(shape) != 2 or len(known) < len(entries):
        return True
    return full_rank(known, shape[0], shape[1])


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def count_of(domains: Mapping[str, Domain], shapes: Mapping[str, Sequence[int]]) -> int:
    """How many draws there are, at least roughly: the product of what each entry may be."""
    total = 1
    for name, domain in domains.items():
        entries = math.prod(shapes.get(name, ()))
        match domain.kind:
            case "functions":
                total *= len(domain.functions)
            case "aim":
                total *= len(domain.aims)
            case _ if domain.onehot:
                total *= (shapes[name][0] if shapes[name] else 1) ** math.prod(shapes[name][1:])
            case _ if domain.permutation:
                total *= math.factorial(min(entries, 12))
            case _ if any(isinstance(value, tuple) for value in domain.choices):
                total *= len(domain.choices)
            case _:
                total *= max(1, len(values_of(domain))) ** min(entries, 50)
    return total
