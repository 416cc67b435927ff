"""Family 1: how the answer and the right one are related as arrays: a factor, a transpose, an axis.

These rows edit the right answer, or the wrong one, and not the exercise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import unparse
from gradcalc.language.tree import Binary, Expr, Name, Neg, number
from gradcalc.marking.candidates import (
    IF,
    Candidate,
    Found,
    Said,
    Scene,
    Submitted,
    changed,
    sentence,
)
from gradcalc.marking.equality import Function, derivative
from gradcalc.marking.model import Mistake
from gradcalc.marking.points import Place
from gradcalc.numeric.precision import balls
from gradcalc.numeric.scalar_functions import LADDER, Misfit
from gradcalc.numeric.tensor import Tensor

Change: TypeAlias = Callable[[Tensor, Place], Tensor]


@dataclass(frozen=True, slots=True)
class Relation:
    """A row of the table. `change` makes the wrong answer of the right one (`of_right`), or the
    right one of the wrong one.
    """

    slug: str
    words: str
    where: str
    change: Change
    of_right: bool = True


def exactly(value: Fraction) -> Any:
    """A number among enclosures."""
    return balls(LADDER[0]).scalar.constant(value)


def _array(tensor: Tensor) -> Any:
    import numpy as np

    return np.asarray(tensor.data, dtype=object)


def transposed(tensor: Tensor, place: Place) -> Tensor:
    """Rows and columns exchanged."""
    first = len(tensor.over)
    if tensor.rank != 2 or 1 in tensor.shape:
        raise Misfit("only a matrix can be transposed")
    return Tensor(_array(tensor).swapaxes(first, first + 1), tensor.over)


def _square(tensor: Tensor) -> Any:
    if tensor.over or tensor.rank != 2 or tensor.shape[0] != tensor.shape[1]:
        raise Misfit("only a square matrix has a diagonal")
    return _array(tensor)


def diagonal(tensor: Tensor, place: Place) -> Tensor:
    """Its diagonal, as a vector."""
    import numpy as np

    return Tensor(np.diagonal(_square(tensor)))


def diagonal_matrix(tensor: Tensor, place: Place) -> Tensor:
    """Its diagonal, and 0 elsewhere."""
    import numpy as np

    data = _square(tensor)
    return Tensor(np.where(np.eye(len(data), dtype=bool), data, 0 * data))


def off_diagonal(tensor: Tensor, place: Place) -> Tensor:
    """The same with 0 on the diagonal."""
    import numpy as np

    data = _square(tensor)
    return Tensor(np.where(np.eye(len(data), dtype=bool), 0 * data, data))


def with_transpose(tensor: Tensor, place: Place) -> Tensor:
    """A + A.T."""
    data = _square(tensor)
    return Tensor(data + data.T)


def summed(axis: int) -> Change:
    """The sum over a positional axis."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        if not -tensor.rank <= axis < tensor.rank or tensor.shape[axis] == 1:
            raise Misfit("there is no such axis")
        at = len(tensor.over) + axis if axis >= 0 else axis
        return Tensor(_array(tensor).sum(axis=at), tensor.over)

    return change


def summed_whole() -> Change:
    """The sum of all entries."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        if not tensor.rank or tensor.over:
            raise Misfit("there are no axes")
        return Tensor(_array(tensor).sum())

    return change


def over_examples() -> Change:
    """The sum over the examples, of what is per example."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        if not tensor.over:
            raise Misfit("it is not per example")
        return Tensor(_array(tensor).sum(axis=tuple(range(len(tensor.over)))))

    return change


def tied(tensor: Tensor, place: Place) -> Tensor:
    """G + Gᵀ - diag(G): the entries of a symmetric matrix changed together."""
    data = _square(tensor)
    return Tensor(data + data.T - diagonal_matrix(tensor, place).data)


# fmt: off
SIGN = Said("sign", IF + "the sign is wrong everywhere.", "any derivative")
NO_MEAN = Said("missing-mean", IF + "the factor 1/{size} is left out.", "a mean")
EXTRA_MEAN = Said("extra-mean", IF + "it is divided by {size} once too often.", "a mean")
OTHER_SIZE = Said("wrong-size", IF + "the factor 1/{size} stands where 1/{other} belongs.",
                  "a mean")
FACTOR = Said("constant-factor", IF + "everything is multiplied by {factor}.", "any derivative")
LAYOUT = Said("layout",
              IF + "it is written in the {other} layout, and not in the {layout} layout.",
              "a derivative of an array")
# fmt: on
MULTIPLES = (SIGN, NO_MEAN, EXTRA_MEAN, OTHER_SIZE, FACTOR)

RELATIONS: tuple[Relation, ...] = (
    Relation("transposed", "the matrix is transposed", "a matrix", transposed),
    Relation("diagonal-only", "of the matrix only the diagonal is kept", "a square matrix",
             diagonal),
    Relation("diagonal-only", "everything off the diagonal of the matrix is set to 0",
             "a square matrix", diagonal_matrix),
    Relation("off-diagonal-only", "the diagonal of the matrix is set to 0", "a square matrix",
             off_diagonal),
    Relation("batch-sum-missing", "the sum over the examples is left out",
             "an answer with an axis more", over_examples(), of_right=False),
    Relation("batch-sum-missing", "the sum over the first axis is left out",
             "an answer with an axis more", summed(0), of_right=False),
    Relation("batch-sum-missing", "the sum over the last axis is left out",
             "an answer with an axis more", summed(-1), of_right=False),
    Relation("reduced-too-much", "the right array is summed over its first axis", "an array",
             summed(0)),
    Relation("reduced-too-much", "the right array is summed over its last axis", "an array",
             summed(-1)),
    Relation("reduced-too-much", "all entries of the right array are added up", "an array",
             summed_whole()),
    Relation("term-missing", "its transpose is not added to the matrix", "a square matrix",
             with_transpose, of_right=False),
    Relation("right-only-if",
             "the denominator is a symmetric matrix, and its entries change together",
             "a square matrix", tied),
)  # fmt: skip


def relations(scene: Scene, submitted: Submitted) -> Found:
    """The relations between the answer and the right one that are to be tried, each with a
    factor that is measured first.
    """
    for row in RELATIONS:
        right, answer = scene.right, submitted.function
        if row.of_right:
            right = changed(right, row.change)
        else:
            answer = changed(answer, row.change)
        for value, powers in factors(scene, right, answer):
            if (value != 1 or powers) and row.change in (with_transpose, tied):
                continue
            words = row.words
            if value != 1 or powers:
                words += f", and everything is multiplied by {factor_text(value, powers)}"
            found = changed(right, multiplied(value, powers))
            yield Candidate(Mistake(row.slug, sentence(words)), found, answer)
    yield from other_layouts(scene, submitted)


def other_layouts(scene: Scene, submitted: Submitted) -> Found:
    """The right answer in another layout."""
    if not scene.bys or scene.question.entry or scene.of is None or not scene.shapes[scene.of]:
        return
    for layout in ("gradient", "jacobian", "denominator"):
        if layout != scene.layout:
            found = derivative(scene.places.computation, scene.question, layout)
            yield Candidate(LAYOUT.mistake(other=layout, layout=scene.layout), found)


# ---- a constant factor


def multiples(scene: Scene, submitted: Submitted) -> Found:
    """The right answer times a factor that is the same at all points and for all entries."""
    return multiples_of(scene, scene.right, submitted)


def multiples_of(scene: Scene, right: Function, submitted: Submitted) -> Found:
    """The same for another way of writing the right answer."""
    for value, powers in factors(scene, right, submitted.function):
        mistake = _factor_mistake(value, powers)
        if mistake is not None:
            yield Candidate(mistake, changed(right, multiplied(value, powers)))


def factors(
    scene: Scene, right: Function, answer: Function, places: Iterable[Place] = ()
) -> Iterator[tuple[Fraction, Mapping[str, int]]]:
    """The factor between two functions, at the places of the exercise or at others: a number
    times powers of sizes.
    """
    measured = list(_ratios(right, answer, scene, places or scene.places))
    if len(measured) >= 2:
        yield from _factors(measured)


def multiplied(value: Fraction, powers: Mapping[str, int]) -> Change:
    """A function times a factor."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        factor = value
        for name, power in powers.items():
            factor *= Fraction(place.sizes[name]) ** power
        return Tensor(tensor.data * exactly(factor), tensor.over)

    return change


def _ratios(
    right: Function, answer: Function, scene: Scene, places: Iterable[Place]
) -> Iterator[tuple[Place, float]]:
    """The answer over the right one, where that is the same number for all entries."""
    import numpy as np

    count = 0
    stacked = bool(scene.graph.examples)
    for place in places:
        got, want = answer.floats(place), right.floats(place)
        if got is None or want is None or place.far:
            continue
        if not got.shape and not want.shape:
            mine, whole = got.item(), want.item()
            if not (math.isfinite(mine) and math.isfinite(whole) and whole):
                continue
            if not math.isfinite(mine / whole):
                return
            yield place, mine / whole
            count += 1
            if count == 4:
                return
            continue
        if not (np.isfinite(got).all() and np.isfinite(want).all()):
            continue
        got, want = np.squeeze(got), np.squeeze(want)
        if got.shape != want.shape:
            if got.size != want.size or not stacked:
                return
            got, want = got.reshape(-1), np.moveaxis(want, 0, -1).reshape(-1)
        if not want.any():
            continue
        at = np.unravel_index(np.argmax(np.abs(want)), want.shape)
        with np.errstate(all="ignore"):
            ratio = float(got[at] / want[at])
        if not np.isfinite(ratio):
            return
        if not np.allclose(got, ratio * want, rtol=1e-9, atol=1e-9 * float(np.abs(want).max())):
            return
        yield place, ratio
        count += 1
        if count == 4:
            return


def _factors(
    measured: list[tuple[Place, float]],
) -> Iterator[tuple[Fraction, Mapping[str, int]]]:
    """What the factor is: the first that fits of a number, and of numbers times powers of sizes."""
    names = sorted({name for place, _ in measured for name in place.sizes})
    options: list[dict[str, int]] = [{}]
    options += [{name: power} for power in (1, -1, 2, -2) for name in names]
    options += [
        {one: a, two: b} for one, two in combinations(names, 2) for a in (1, -1) for b in (1, -1)
    ]
    for powers in options:
        found: set[Fraction] = set()
        for place, ratio in measured:
            rest = ratio
            for name, power in powers.items():
                rest /= float(place.sizes[name]) ** power
            value = Fraction(rest).limit_denominator(144)
            if not value or abs(float(value) - rest) > 1e-9 * abs(rest):
                found.clear()
                break
            found.add(value)
        if len(found) == 1:
            yield found.pop(), powers
            return


def factor_text(value: Fraction, powers: Mapping[str, int]) -> str:
    """A factor as it is written: 2*N/d."""
    found: Expr = number(abs(value.numerator))
    for name, power in sorted(powers.items()):
        for _ in range(power):
            found = Name(name) if found == number(1) else Binary("*", found, Name(name))
    below = [number(value.denominator)] if value.denominator != 1 else []
    below += [Name(name) for name, power in sorted(powers.items()) for _ in range(-power)]
    for divisor in below:
        found = Binary("/", found, divisor)
    return unparse(Neg(found) if value < 0 else found)


def _factor_mistake(value: Fraction, powers: Mapping[str, int]) -> Mistake | None:
    """What a factor means."""
    if not powers and value in (1, -1):
        return SIGN.mistake() if value == -1 else None
    match sorted(powers.items(), key=lambda item: item[1]):
        case [(name, 1)] if value == 1:
            return NO_MEAN.mistake(size=name)
        case [(name, -1)] if value == 1:
            return EXTRA_MEAN.mistake(size=name)
        case [(one, -1), (other, 1)] if value == 1:
            return OTHER_SIZE.mistake(size=one, other=other)
        case _:
            return FACTOR.mistake(factor=factor_text(value, powers))


def spread(scene: Scene, submitted: Submitted) -> Iterator[tuple[str, Function]]:
    """A number where an array is asked for, as the array that may be meant: every entry that
    number, or those on the diagonal; a vector as a diagonal.
    """

    def filled(tensor: Tensor, place: Place) -> Tensor:
        import numpy as np

        want = scene.right.at(place, LADDER[0])
        if not tensor.plain or not want.rank:
            raise Misfit("it is an array")
        return Tensor(np.full(np.shape(want.data), tensor.data, dtype=object), want.over)

    def on_diagonal(tensor: Tensor, place: Place) -> Tensor:
        import numpy as np

        want = scene.right.at(place, LADDER[0])
        n = want.shape[0] if want.rank == 2 else 0
        square = not want.over and not tensor.over and want.shape == (n, n) and n > 1
        if not square or not (tensor.plain or tensor.shape == (n,)):
            raise Misfit("it is no diagonal")
        data = np.full((n, n), exactly(Fraction(0)), dtype=object)
        np.fill_diagonal(data, tensor.data)
        return Tensor(data)

    if not scene.question.entry:
        yield " with the same number in every entry", changed(submitted.function, filled)
        yield " of which only the diagonal is written", changed(submitted.function, on_diagonal)
