"""Family 1: how the answer and the right one are related as arrays: a factor, a transpose, an axis.

These rows edit the right answer, or the wrong one, and not the exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import unparse
from gradcalc.language.tree import number
from gradcalc.marking.candidates import Candidate, Found, Scene, Submitted, changed, sentence
from gradcalc.marking.equality import Function
from gradcalc.marking.model import Mistake
from gradcalc.marking.points import Place
from gradcalc.numeric.scalar_functions import Misfit
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


def _array(tensor: Tensor) -> Any:
    import numpy as np

    return np.asarray(tensor.data, dtype=object)


def negative(tensor: Tensor, place: Place) -> Tensor:
    return Tensor(-tensor.data, tensor.over)


def transposed(tensor: Tensor, place: Place) -> Tensor:
    first = len(tensor.over)
    if tensor.rank != 2 or 1 in tensor.shape:
        raise Misfit("only a matrix can be transposed")
    return Tensor(_array(tensor).swapaxes(first, first + 1), tensor.over)


def negative_transposed(tensor: Tensor, place: Place) -> Tensor:
    return negative(transposed(tensor, place), place)


def _square(tensor: Tensor) -> Any:
    if tensor.over or tensor.rank != 2 or tensor.shape[0] != tensor.shape[1]:
        raise Misfit("only a square matrix has a diagonal")
    return _array(tensor)


def diagonal(tensor: Tensor, place: Place) -> Tensor:
    import numpy as np

    return Tensor(np.diagonal(_square(tensor)))


def diagonal_matrix(tensor: Tensor, place: Place) -> Tensor:
    import numpy as np

    data = _square(tensor)
    return Tensor(np.where(np.eye(len(data), dtype=bool), data, 0 * data))


def off_diagonal(tensor: Tensor, place: Place) -> Tensor:
    import numpy as np

    data = _square(tensor)
    return Tensor(np.where(np.eye(len(data), dtype=bool), 0 * data, data))


def with_transpose(tensor: Tensor, place: Place) -> Tensor:
    data = _square(tensor)
    return Tensor(data + data.T)


def summed(axis: int, mean: bool = False) -> Change:
    """The sum over a positional axis, or its mean."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        if not -tensor.rank <= axis < tensor.rank or tensor.shape[axis] == 1:
            raise Misfit("there is no such axis")
        at = len(tensor.over) + axis if axis >= 0 else axis
        data = _array(tensor)
        total = data.sum(axis=at)
        if mean:
            total = total / data.shape[at]
        return Tensor(total if getattr(total, "ndim", 0) else total, tensor.over)

    return change


def summed_whole(mean: bool = False) -> Change:
    def change(tensor: Tensor, place: Place) -> Tensor:
        if not tensor.rank or tensor.over:
            raise Misfit("there are no axes")
        data = _array(tensor)
        total = data.sum()
        return Tensor(total / data.size if mean else total)

    return change


def over_examples(mean: bool = False) -> Change:
    """The sum over the examples, of what is per example."""

    def change(tensor: Tensor, place: Place) -> Tensor:
        if not tensor.over:
            raise Misfit("it is not per example")
        data = _array(tensor)
        axes = tuple(range(len(tensor.over)))
        total = data.sum(axis=axes)
        if mean:
            for axis in axes:
                total = total / data.shape[axis]
        return Tensor(total)

    return change


RELATIONS: tuple[Relation, ...] = (
    Relation("sign", "the sign is wrong everywhere", "any derivative", negative),
    Relation("transposed", "the matrix is transposed", "a matrix", transposed),
    Relation("transposed", "the matrix is transposed and has the opposite sign", "a matrix",
             negative_transposed),
    Relation("diagonal-only", "of the matrix only the diagonal is kept", "a square matrix",
             diagonal),
    Relation("diagonal-only", "everything off the diagonal of the matrix is set to 0",
             "a square matrix", diagonal_matrix),
    Relation("off-diagonal-only", "the diagonal of the matrix is set to 0", "a square matrix",
             off_diagonal),
    Relation("batch-sum-missing", "the sum over the examples is left out",
             "an answer with an axis more", over_examples(), of_right=False),
    Relation("batch-sum-missing", "the mean over the examples is left out",
             "an answer with an axis more", over_examples(mean=True), of_right=False),
    Relation("batch-sum-missing", "the sum over the first axis is left out",
             "an answer with an axis more", summed(0), of_right=False),
    Relation("batch-sum-missing", "the sum over the last axis is left out",
             "an answer with an axis more", summed(-1), of_right=False),
    Relation("batch-sum-missing", "the mean over the first axis is left out",
             "an answer with an axis more", summed(0, mean=True), of_right=False),
    Relation("batch-sum-missing", "the mean over the last axis is left out",
             "an answer with an axis more", summed(-1, mean=True), of_right=False),
    Relation("reduced-too-much", "the right array is summed over its first axis", "an array",
             summed(0)),
    Relation("reduced-too-much", "the right array is summed over its last axis", "an array",
             summed(-1)),
    Relation("reduced-too-much", "the mean of the right array over its first axis is taken",
             "an array", summed(0, mean=True)),
    Relation("reduced-too-much", "the mean of the right array over its last axis is taken",
             "an array", summed(-1, mean=True)),
    Relation("reduced-too-much", "all entries of the right array are added up", "an array",
             summed_whole()),
    Relation("reduced-too-much", "the mean of all entries of the right array is taken", "an array",
             summed_whole(mean=True)),
    Relation("term-missing", "its transpose is not added to the matrix", "a square matrix",
             with_transpose, of_right=False),
)  # fmt: skip


def relations(scene: Scene, submitted: Submitted) -> Found:
    """The relations between the answer and the right one that are to be tried."""
    yield from factors(scene, submitted)
    for row in RELATIONS:
        mistake = Mistake(row.slug, sentence(row.words))
        if row.of_right:
            yield Candidate(mistake, changed(scene.right, row.change))
        else:
            yield Candidate(mistake, scene.right, changed(submitted.function, row.change))
    yield from other_layouts(scene, submitted)


def other_layouts(scene: Scene, submitted: Submitted) -> Found:
    """The right answer in another layout."""
    from gradcalc.marking.equality import derivative

    if not scene.bys or scene.question.entry:
        return
    for layout in ("gradient", "jacobian", "denominator"):
        if layout != scene.layout:
            found = derivative(scene.places.computation, scene.question, layout)
            words = f"the answer is written in the {layout} layout, and not in the {scene.layout} layout"
            yield Candidate(Mistake("layout", sentence(words)), found)


# ---- a constant factor


def factors(scene: Scene, submitted: Submitted) -> Found:
    """A factor that is the same at all points and for all entries: a number, or made of sizes."""
    measured = list(_ratios(scene.right, submitted.function, scene))
    if len(measured) < 2:
        return
    for value, powers in _factors(scene, measured):
        mistake = _factor_mistake(value, powers)
        if mistake is not None:
            yield Candidate(mistake, changed(scene.right, _multiplied(value, powers)))


def _multiplied(value: Fraction, powers: Mapping[str, int]) -> Change:
    def change(tensor: Tensor, place: Place) -> Tensor:
        from flint import fmpq

        factor = fmpq(value.numerator, value.denominator)
        for name, power in powers.items():
            factor *= fmpq(place.sizes[name]) ** power
        return Tensor(tensor.data * factor, tensor.over)

    return change


def _ratios(right: Function, answer: Function, scene: Scene) -> Iterator[tuple[Place, float]]:
    """The answer over the right one, where that is the same number for all entries."""
    import numpy as np

    count = 0
    for place in scene.places:
        got, want = answer.floats(place), right.floats(place)
        if got is None or want is None:
            continue
        got, want = np.squeeze(got), np.squeeze(want)
        if got.shape != want.shape:
            if got.size != want.size:
                return
            got, want = got.reshape(-1), np.moveaxis(want, 0, -1).reshape(-1)
        if not want.any():
            continue
        at = np.unravel_index(np.argmax(np.abs(want)), want.shape)
        ratio = float(got[at] / want[at])
        if not np.allclose(got, ratio * want, rtol=1e-9, atol=1e-9 * float(np.abs(want).max())):
            return
        yield place, ratio
        count += 1
        if count == 4:
            return


def _factors(
    scene: Scene, measured: list[tuple[Place, float]]
) -> Iterator[tuple[Fraction, Mapping[str, int]]]:
    """What the factor is: the first that fits of a number, and of numbers times powers of sizes."""
    names = sorted({name for place, _ in measured for name in place.sizes})
    options: list[dict[str, int]] = [{}]
    options += [{name: power} for power in (1, -1, 2, -2) for name in names]
    options += [
        {one: a, two: b}
        for one, two in combinations(names, 2)
        for a in (1, -1)
        for b in (1, -1)
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


def _factor_mistake(value: Fraction, powers: Mapping[str, int]) -> Mistake | None:
    """What a factor means."""
    if value == 1 and not powers or value == -1 and not powers:
        return None
    match sorted(powers.items(), key=lambda item: item[1]):
        case [(name, 1)] if value == 1:
            return Mistake("missing-mean", sentence(f"the factor 1/{name} is left out"))
        case [(name, -1)] if value == 1:
            return Mistake("extra-mean", sentence(f"it is divided by {name} once too often"))
        case [(one, -1), (other, 1)] if value == 1:
            words = f"the factor 1/{one} stands where 1/{other} belongs"
            return Mistake("wrong-size", sentence(words))
        case _:
            factor = unparse(number(value)) if value != 1 or not powers else ""
            for name, power in powers.items():
                factor += ("*" if factor else "") + (f"{name}^{power}" if power != 1 else name)
            words = f"everything is multiplied by {factor}"
            return Mistake("constant-factor", sentence(words))
