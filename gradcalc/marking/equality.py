"""Is one formula equal to another, as a function of the inputs? Decided by enclosures, place by
place.

    places = Places(graph)
    right = derivative(places.computation, question)         the right answer, computed once
    answer = written(tree, places.computation)               an answer as it was read
    compare(answer, right, places)                           Decision: right, wrong, undecided
    refuted(answer, candidate, places)                       True where they surely differ, cheaply

The right answer is the derivative of the forward computation itself (power series in enclosures),
and shares nothing with the rules. `wrong` is proved: at some place the enclosures of the two
exclude equality, or the answer has no value where the right one has. `right` needs enclosures that
overlap, of relative radius 2^-80 at most, at eight places or more, at every choice of sizes and, if
the exercise has values there, far out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from gradcalc.exercise.model import Question
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.layouts import derivative_shape
from gradcalc.language.parser import Expr, names
from gradcalc.language.sizes import Shape, Size
from gradcalc.marking.model import INVALID, RIGHT, UNDECIDED, WRONG, Decision, Entries
from gradcalc.marking.points import Computation, Place, Places, in_pieces
from gradcalc.numeric.agreement import Pair, Unlike, decimal, judged, paired
from gradcalc.numeric.evaluate import entries, evaluate
from gradcalc.numeric.finite_differences import (
    Target,
    arrangement,
    assembled,
    directions,
    needed,
    slopes,
)
from gradcalc.numeric.forward import mentioned
from gradcalc.numeric.precision import balls
from gradcalc.numeric.scalar_functions import (
    LADDER,
    Misfit,
    TooLarge,
    Undefined,
    Unknown,
    Unsure,
)
from gradcalc.numeric.tensor import Env, Tensor

ENOUGH = 8  # places that agree
SECONDS = 2.0  # for one answer
MOST_ENTRIES = 3_000  # of a derivative at a place

Compute: TypeAlias = Callable[[Place, int], Tensor]


class Function:
    """What has a value at every place: a right answer, an answer as it was read, a candidate for
    a mistake. Values are computed once for each place and precision. `pieces`: it may be made of
    pieces, step(x) or max(x, y), so that more places are looked at.
    """

    def __init__(self, compute: Compute, pieces: bool = False) -> None:
        self._compute, self.pieces = compute, pieces
        self._known: dict[tuple[int, int], Tensor | Undefined] = {}
        self._floats: dict[int, Any] = {}

    def at(self, place: Place, bits: int) -> Tensor:
        """Its value. Raises Undefined where there is none, Unsure where more bits may tell,
        Misfit and TooLarge where it cannot be computed at all.
        """
        key = (place.number, bits)
        known = self._known.get(key)
        if known is None:
            try:
                known = self._compute(place, bits)
            except Undefined as problem:
                known = problem
            self._known[key] = known
        if isinstance(known, Undefined):
            raise known
        return known

    def floats(self, place: Place) -> Any:
        """About how large its entries are, as a NumPy array; None where it has no value."""
        if place.number not in self._floats:
            self._floats[place.number] = self._rounded(place)
        return self._floats[place.number]

    def _rounded(self, place: Place) -> Any:
        import numpy as np

        from gradcalc.numeric.balls import middle

        for bits in LADDER[:2]:
            try:
                data = self.at(place, bits).data
            except Unsure:
                continue
            except Undefined:
                return None
            try:
                found = np.frompyfunc(middle, 1, 1)(np.asarray(data, dtype=object))
                return np.asarray(found, dtype=float)
            except (OverflowError, TypeError):
                return None
        return None


def written(
    expr: Expr,
    computation: Computation,
    more: Mapping[str, Function] | None = None,
    free: Sequence[tuple[str, Size]] = (),
) -> Function:
    """A formula in the names of an exercise. `more`: further names, each a function; `free`: the
    free indices of an entry formula with their ranges, which become its axes.
    """
    used = {name: function for name, function in (more or {}).items() if name in set(names(expr))}

    def at(place: Place, bits: int) -> Tensor:
        env = computation.at(place).env(bits)
        with env.numbers.working():
            if used:
                env = env.bind({name: function.at(place, bits) for name, function in used.items()})
            try:
                if not free:
                    return evaluate(expr, env)
                ranges = {name: size.at(dict(place.sizes)) for name, size in free}
                return entries(expr, ranges, env)
            except UNCHECKED as problem:  # a line of an exercise is checked before, an answer not
                raise Misfit(f"it cannot be computed: {problem}") from None

    return Function(at, computation.pieces or in_pieces(expr))


UNCHECKED = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


# ---- what is right


def derivative(computation: Computation, question: Question, layout: str = "gradient") -> Function:
    """The right answer to a question about an exercise, or about a variation of it: the derivative
    of what is computed, or the value of a quantity.
    """
    graph = computation.graph
    of = None if question.loss else graph.stacks.get(question.of, question.of)
    if question.kind == "value":
        return Function(lambda place, bits: _quantity(computation, of or "", place, bits))
    bys = tuple(graph.stacks.get(name, name) for name in question.by)
    local = question.kind == "local"
    target = Target(of, bys, needed(graph, mentioned(graph), of, bys, local))
    shape = answer_shape(graph, question, layout, whole=True)

    def at(place: Place, bits: int) -> Tensor:
        values = computation.at(place)
        for name in (*((of,) if of else ()), *bys):
            values[name]
        if values.scalar:
            return Tensor(slopes(values, target, None, bits))
        import numpy as np

        chosen = directions(values, target, None)
        if len(chosen.arrays[0]) * int(np.prod(chosen.of_shape)) > MOST_ENTRIES:
            raise TooLarge("this derivative has too many entries to be compared")
        found = assembled(slopes(values, target, chosen, bits), chosen, values)
        result = _arranged(found, arrangement(chosen, layout), shape, place)
        return _entry(result, question, values.env(bits)) if question.entry else result

    return Function(at, computation.pieces)


def _quantity(computation: Computation, name: str, place: Place, bits: int) -> Tensor:
    env = computation.at(place).env(bits)
    if name not in env.values:
        raise env.lacking.get(name) or Unknown(f"{name} has no value")
    return env.values[name]


def _arranged(found: Tensor, order: Sequence[int], shape: Shape, place: Place) -> Tensor:
    """A derivative over the examples, its axes in the order of a layout, and in the shape of the
    answer.
    """
    import numpy as np

    first = len(found.over)
    data = np.transpose(np.asarray(found.data), [*range(first), *(first + k for k in order)])
    target = [size.at(dict(place.sizes)) for size in shape]
    data = data.reshape((*data.shape[:first], *target))
    return Tensor(data if data.ndim else data[()], found.over)


def _entry(whole: Tensor, question: Question, env: Env) -> Tensor:
    """The entry that is asked for."""
    from gradcalc.numeric.array_operations import getitem

    with env.numbers.working():
        return getitem(whole, [evaluate(item, env) for item in question.entry or ()], env)


def answer_shape(
    graph: Graph, question: Question, layout: str = "gradient", whole: bool = False
) -> Shape:
    """The shape that the answer to a question has, per example. `whole`: before an entry is
    taken.
    """
    of = graph.stacks.get(question.of, question.of)
    if question.kind in ("value", "shape"):
        return graph.node(of).shape
    into = [graph.node(graph.stacks.get(name, name)).shape for name in question.by]
    numerator = () if question.loss else graph.node(of).shape
    output = question.loss or of == graph.outputs[-1]
    _, shape = derivative_shape(numerator, into, layout, output)
    if question.entry and not whole:
        return shape[len(question.entry) :]
    return shape


# ---- comparing


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as the same. `loose`: a vector is a column and a row; `common`: only where both
    are defined.
    """

    loose: bool = True
    common: bool = False
    seconds: float = SECONDS


def compare(
    answer: Function, right: Function, places: Iterable[Place], rules: Rules | None = None
) -> Decision:
    """Is `answer` equal to `right` as a function? Never raises; a shape that does not fit and a
    formula that is undefined everywhere are `invalid`, another shape is `wrong`. Of an exercise's
    places it takes more where the usual ones do not tell.
    """
    return _Comparison(answer, right, rules or Rules()).run(places)


def refuted(
    answer: Function, candidate: Function, places: Iterable[Place], loose: bool = True
) -> bool:
    """Do the two surely differ? A cheap look in floats, for trying many candidates; False says
    nothing.
    """
    import numpy as np

    for place in places:
        got, want = answer.floats(place), candidate.floats(place)
        if got is None or want is None:
            return True
        if got.shape != want.shape:
            got, want = np.squeeze(got), np.squeeze(want)
            if got.shape != want.shape and got.size == want.size:
                return False  # stacked beside per example: left to the comparison
            if got.shape != want.shape:
                return not (got.size == 1 and not got.any())
        size = np.maximum(np.abs(got), np.abs(want))
        # Entries next to nothing beside the others may be lost to cancellation.
        if not (np.abs(got - want) <= 1e-9 * size + 1e-12 * size.max(initial=0)).all():
            return True
    return False


class _Comparison:
    def __init__(self, answer: Function, right: Function, rules: Rules) -> None:
        self.answer, self.right, self.rules = answer, right, rules
        self.spent = 0.0  # seconds on the answer; what is right is computed once, and not counted
        self.agreed: list[Place] = []
        self.looked = 0  # places where the right answer has a value
        self.undefined: list[tuple[Place, Undefined]] = []
        self.bits = 0
        self.form: str | None = None
        self.reason: str | None = None
        self.places: Iterable[Place] = ()

    def run(self, places: Iterable[Place]) -> Decision:
        self.places = places
        for place in places.every() if isinstance(places, Places) else places:
            if place.extra and len(self.agreed) >= ENOUGH and not self.more(place, places):
                break
            try:
                decision = self.look(place)
            except Unlike as found:
                return self.unlike(found, place)
            except Misfit as problem:
                return Decision(INVALID, "shape", reason=problem.message)
            except TooLarge as problem:
                return Decision(UNDECIDED, "shape", reason=problem.message)
            if decision is not None:
                return decision
            if self.spent > self.rules.seconds:
                self.reason = "time ran out"
                break
        return self.verdict()

    def more(self, place: Place, places: Iterable[Place]) -> bool:
        """Is another place needed, because a piece of one of the functions might be missed?"""
        if not (self.answer.pieces or self.right.pieces):
            return False
        return isinstance(places, Places) and place.number < places.pieces

    def verdict(self) -> Decision:
        """The verdict where no place proves a difference."""
        if self.undefined and not self.agreed and len(self.undefined) == self.looked:
            problem = self.undefined[0][1]
            return Decision(INVALID, "undefined", points=self.looked, reason=problem.message)
        if self.undefined and not self.rules.common:
            place, problem = self.undefined[0]
            return Decision(
                WRONG,
                "undefined",
                LADDER[0],
                self.looked,
                (place.sizes,) if place.sizes else (),
                point_of(place),
                reason=problem.message,
            )
        sizes = _distinct(place.sizes for place in self.agreed)
        if len(self.agreed) >= ENOUGH and self.reason is None:
            return Decision(RIGHT, "enclosure", self.bits, len(self.agreed), sizes, form=self.form)
        reason = self.reason or "the precision does not tell at enough points"
        return Decision(UNDECIDED, "enclosure", self.bits, len(self.agreed), sizes, reason=reason)

    def look(self, place: Place) -> Decision | None:
        """A proof that the two differ at a place; None where they agree or nothing is known."""
        counted = False
        for bits in LADDER:
            try:
                want = self.right.at(place, bits)
            except Unsure:
                continue
            except (Misfit, TooLarge):
                raise
            except Undefined:
                return None
            self.looked += not counted
            counted = True
            start = time.monotonic()
            try:
                got = self.answer.at(place, bits)
            except Unsure:
                continue
            except (Misfit, TooLarge):
                raise
            except Undefined as problem:
                self.undefined.append((place, problem))
                return None
            finally:
                self.spent += time.monotonic() - start
            pair = paired(got, want, self.rules.loose)
            with balls(bits).working():
                found = judged(pair, bits)
            if found is None:
                if self.spent > self.rules.seconds:
                    return None
                continue
            if all(found):
                self.bits = max(self.bits, bits)
                self.agreed.append(place)
                self.form = pair.form if self.form in (None, pair.form) else self.form
                return None
            return self.wrong(place, pair, found, bits)
        return None

    def wrong(self, place: Place, pair: Pair, found: list[bool], bits: int) -> Decision:
        first = found.index(False)
        entries = _nested(found, pair.shape)
        if pair.shape and not place.given:
            entries = self.at_given_sizes() or entries
        return Decision(
            WRONG,
            "enclosure",
            bits,
            max(self.looked, 1),
            (place.sizes,) if place.sizes else (),
            point_of(place),
            (decimal(pair.got[first]), decimal(pair.want[first])),
            pair.form,
            entries=entries,
        )

    def at_given_sizes(self) -> Entries:
        """Which entries are right at the sizes of the exercise, as far as two places tell."""
        both: list[bool] | None = None
        shape: tuple[int, ...] = ()
        for place in islice((place for place in self.places if place.given), 2):
            try:
                bits = LADDER[0]
                pair = paired(
                    self.answer.at(place, bits), self.right.at(place, bits), self.rules.loose
                )
                with balls(bits).working():
                    found = judged(pair, bits)
            except (Undefined, Unlike):
                continue
            if found is not None:
                both = (
                    found if both is None else [a and b for a, b in zip(both, found, strict=True)]
                )
                shape = pair.shape
        return None if both is None else _nested(both, shape)

    def unlike(self, found: Unlike, place: Place) -> Decision:
        return Decision(
            WRONG,
            "shape",
            0,
            max(self.looked, 1),
            (place.sizes,) if place.sizes else (),
            shapes=(_shape_text(found.got), _shape_text(found.want)),
        )


def _nested(found: list[bool], shape: tuple[int, ...]) -> Entries:
    """Which entries are right, row by row; None for a number."""
    count = 1
    for length in shape:
        count *= length
    if not shape or len(found) != count:
        return None
    flat: list[Any] = list(found)
    for length in reversed(shape[1:]):
        flat = [flat[k : k + length] for k in range(0, len(flat), length)]
    return flat


def _distinct(sizes: Iterable[Mapping[str, int]]) -> tuple[Mapping[str, int], ...]:
    found: list[Mapping[str, int]] = []
    for one in sizes:
        if one and one not in found:
            found.append(one)
    return tuple(found)


def point_of(place: Place) -> dict[str, Any]:
    """The inputs and upstream gradients at a place as exact numbers in text, row by row."""
    from gradcalc.language.parser import unparse

    def shown(value: Any) -> Any:
        return [shown(item) for item in value] if isinstance(value, tuple) else unparse(value)

    found = {name: shown(value) for name, value in place.point.values.items()}
    for name, value in place.point.upstream.items():
        found[f"upstream of {name}"] = shown(value)
    return found


def _shape_text(tensor: Tensor) -> str:
    shape = "×".join(map(str, tensor.shape)) or "a number"
    return f"{shape} per example" if tensor.over else shape
