"""Given values: their shapes, the sizes they fix, and what they break."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.model import Exercise, Value
from gradcalc.language.constants import number
from gradcalc.language.errors import Place, Problem, SpanError
from gradcalc.language.shape_rules import Shape, Size, as_vector, show

Number: TypeAlias = Fraction | float
Array: TypeAlias = "Number | list[Array]"

TOLERANCE = 1e-6  # of "symmetric", "orthogonal": values are given with a few digits


def entries(value: Array) -> Iterator[Number]:
    """The numbers of a nested list, in order."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        else:
            yield item


def evaluated(value: Value, sizes: Mapping[str, int]) -> Array:
    """Numbers for the constant expressions. Raises SpanError."""
    return (
        [evaluated(item, sizes) for item in value]
        if isinstance(value, tuple)
        else number(value, sizes)
    )


class Sizes:
    """Numbers for sizes, from `sizes` and from values; every contradiction is a problem."""

    def __init__(self, exercise: Exercise) -> None:
        self.numbers: dict[str, int] = dict(exercise.sizes)
        self.origin: dict[str, str] = dict.fromkeys(exercise.sizes, "`sizes`")
        self.problems: list[Problem] = []

    def known(self, size: Size) -> int | None:
        return size.at(self.numbers) if size.names <= self.numbers.keys() else None

    def equal(self, size: Size, count: int, origin: str, place: Place | None) -> bool:
        """Note that `size` is `count`; False and a problem where it is not. Sizes with two
        unknown names stay open.
        """
        known = self.known(size)
        if known is not None:
            if known != count:
                name = next(iter(size.names), None)
                first = f" by {self.origin[name]}" if name and len(size.terms) == 1 else ""
                message = (
                    f"{size} is {known}{first} and {count} by {origin}"
                    if name
                    else f"{size} ≠ {count}, from {origin}"
                )
                self.problems.append(Problem("size", message, place, "give a size only once"))
            return known == count
        unknown = [name for name in sorted(size.names) if name not in self.numbers]
        if len(unknown) == 1:
            (name,) = unknown
            zero, unit = (size.at({**self.numbers, name: at}) for at in (0, 1))
            if size.at({**self.numbers, name: 2}) - unit == unit - zero != 0:  # linear in the name
                answer, rest = divmod(count - zero, unit - zero)
                if rest or answer < 1:
                    self.problems.append(
                        Problem("size", f"{size} cannot be {count}, as in {origin}", place)
                    )
                    return False
                self.numbers[name], self.origin[name] = answer, origin
        return True

    def fit(
        self, name: str, value: Value, shape: Shape, place: Place | None, what: str = "the value of"
    ) -> None:
        """A value against the shape it must have; fixes the sizes in it."""
        given = shape_of_value(value)
        origin = f"{what} {name}"
        if len(given) != len(shape):
            want = "a number" if not shape else f"an array of shape {show(shape)}"
            have = (
                "a number" if not given else f"an array of shape {show(tuple(map(Size.of, given)))}"
            )
            self.problems.append(Problem("value", f"{origin} is {have}, not {want}", place))
        else:
            wrong = [
                size
                for size, count in zip(shape, given, strict=True)
                if size.number not in (None, count)
            ]
            if wrong:
                message = (
                    f"{origin} has shape {show(tuple(map(Size.of, given)))}, not {show(shape)}"
                )
                self.problems.append(Problem("value", message, place))
                return
            for size, count in zip(shape, given, strict=True):
                if not self.equal(size, count, origin, place):
                    return


# ---- assumptions


def _square(value: Array) -> list[list[float]]:
    return [[float(item) for item in row] for row in value] if isinstance(value, list) else []  # type: ignore[union-attr, arg-type]


def _symmetric(value: Array) -> bool:
    rows = _square(value)
    return all(
        abs(rows[i][j] - rows[j][i]) <= TOLERANCE * (1 + abs(rows[i][j]))
        for i in range(len(rows))
        for j in range(i)
    )


def _diagonal(value: Array) -> bool:
    return all(
        item == 0 for i, row in enumerate(_square(value)) for j, item in enumerate(row) if i != j
    )


def _lower(value: Array) -> bool:
    return all(item == 0 for i, row in enumerate(_square(value)) for item in row[i + 1 :])


def _skew(value: Array) -> bool:
    rows = _square(value)
    return all(
        abs(rows[i][j] + rows[j][i]) <= TOLERANCE * (1 + abs(rows[i][j]))
        for i in range(len(rows))
        for j in range(i + 1)
    )


def _orthogonal(value: Array) -> bool:
    rows = _square(value)
    return all(
        abs(sum(a * b for a, b in zip(first, second, strict=True)) - (i == j)) <= 1e-2
        for i, first in enumerate(rows) for j, second in enumerate(rows[: i + 1])
    )  # fmt: skip


CHECKS: Mapping[str, tuple[Callable[[Array], bool], str]] = {
    "symmetric": (_symmetric, "is not symmetric"),
    "diagonal": (_diagonal, "is not diagonal"),
    "orthogonal": (_orthogonal, "is not orthogonal"),
    "lower": (_lower, "has an entry above the diagonal"),
    "skew": (_skew, "is not skew-symmetric"),
    "positive": (
        lambda value: all(item > 0 for item in entries(value)),
        "has an entry that is not positive",
    ),
    "nonnegative": (
        lambda value: all(item >= 0 for item in entries(value)),
        "has a negative entry",
    ),
    "binary": (
        lambda value: all(item in (0, 1) for item in entries(value)),
        "has an entry that is neither 0 nor 1",
    ),
}


def onehot(value: Array, shape: Shape, stacks: int) -> bool:
    """One entry 1 and the others 0 along the last axis of `shape` (a column counts as a vector),
    for each example.
    """
    vector = as_vector(shape)
    flat = list(entries(value))
    length = _length(value)
    if len(vector) != 1:
        width = length[len(shape) - 1] if shape else 1
        step = math.prod(length[len(shape) :])  # the examples stand behind the vector's axis
        starts = [
            block + offset for block in range(0, len(flat), width * step) for offset in range(step)
        ]
        return all(_unit([flat[start + step * k] for k in range(width)]) for start in starts)
    step = math.prod(length[1:]) if stacks else 1  # D×m: the examples are the columns
    return all(_unit(flat[start::step]) for start in range(step))


def _length(value: Array) -> list[int]:
    """The lengths of the axes of a regular array."""
    found = []
    while isinstance(value, list):
        found.append(len(value))
        value = value[0]
    return found


def _each(value: Array, stacks: int) -> list[Array]:
    """The arrays in a stack, whose last axes are the examples."""
    if not stacks:
        return [value]

    def take(item: list[Array], number: int) -> Array:
        return [take(inner, number) for inner in item if isinstance(inner, list)] or item[number]

    assert isinstance(value, list)
    return [
        single
        for number in range(_length(value)[-1])
        for single in _each(take(value, number), stacks - 1)
    ]


def _unit(row: list[Number]) -> bool:
    return sorted(row) == [0] * (len(row) - 1) + [1]


def check_values(
    exercise: Exercise,
    sizes: Mapping[str, int],
    shapes: Mapping[str, Shape],
    integers: Mapping[str, Size],
    examples: Mapping[str, int],
) -> list[Problem]:
    """Values that break an assumption, or are no indices where an index is needed.

    `integers`: integer inputs with the axis they index; `examples`: how many indices of examples an
    input has.
    """
    problems: list[Problem] = []
    for name, value in exercise.values.items():
        variable = exercise.variables.get(name)
        assume = variable.assume if variable else frozenset()
        if name not in shapes or not (assume or name in integers):
            continue
        place = exercise.value_places.get(name)
        try:
            array = evaluated(value, sizes)
        except SpanError as error:
            problems.append(
                Problem(error.slug, f"the value of {name}: {error.message}", place, error.hint)
            )
            continue
        for word in sorted(assume):
            if word == "onehot":
                if not onehot(array, shapes[name], examples.get(name, 0)):
                    problems.append(
                        Problem(
                            "assumption",
                            f"the value of {name} is not one-hot, although `assume` says so",
                            place,
                            "one entry is 1, the others are 0",
                        )
                    )
            elif word in CHECKS and not all(
                map(CHECKS[word][0], _each(array, examples.get(name, 0)))
            ):
                problems.append(
                    Problem(
                        "assumption",
                        f"the value of {name} {CHECKS[word][1]}, although `assume` says so",
                        place,
                    )
                )
        if name in integers:
            problems += _indices(name, array, integers[name], sizes, place)
    return problems


def _indices(
    name: str, array: Array, axis: Size, sizes: Mapping[str, int], place: Place | None
) -> list[Problem]:
    length = axis.at(dict(sizes)) if axis.names <= sizes.keys() else None
    for item in entries(array):
        if item != int(item):
            return [
                Problem(
                    "value", f"{name} is an index, and {float(item):g} is not a whole number", place
                )
            ]
        if item < 0 or (length is not None and item >= length):
            reach = f"from 0 to {length - 1}" if length is not None else "from 0"
            return [
                Problem(
                    "value",
                    f"the index {name} is {int(item)}: out of range",
                    place,
                    f"it must be {reach}",
                )
            ]
    return []
