"""Which common mistakes would give the right number: those of the families 1 to 4 of the table,
computed for many tries at once, in floats, by differences of the edited computation.

A mistake that gives the right answer at points of any kind is none, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from gradcalc.exercise.model import Definition
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.tree import names
from gradcalc.marking.asked import Asked
from gradcalc.marking.candidates import Candidate, Scene, Submitted, changed, sentence
from gradcalc.marking.derivation_faults import derivation_faults
from gradcalc.marking.forward_faults import forward_faults
from gradcalc.marking.functions import UNCHECKED, Changed, Derived, Function, entry_of
from gradcalc.marking.model import Mistake
from gradcalc.marking.other_quantities import other_quantities
from gradcalc.marking.points import Computation, Place
from gradcalc.marking.relations import RELATIONS, other_layouts
from gradcalc.numeric.derivative_arrays import arranged
from gradcalc.numeric.drawn_values import draw
from gradcalc.numeric.finite_differences import arrangement, assembled, columns, directions
from gradcalc.numeric.forward import Point, define
from gradcalc.numeric.precision import FLOAT
from gradcalc.numeric.scalar_functions import Undefined, Unknown
from gradcalc.numeric.tensor import TRIES, Env, Tensor
from gradcalc.variants.prepared import Prepared

FINER, FINER_TWICE = 64, 8  # of differences: how much shorter steps are, for kinks may be near
DIGITS = 10  # significant ones of a number that was computed by differences
SEEDS, ATTEMPTS = 6, 12  # of points that are drawn to find those
GENERIC = 6  # points at which a mistake is compared with the right answer
CLOSE = 1e-6  # relative
NOISE = 1e-8  # of differences


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A mistake that may give the right number of a question for some values."""

    question: int
    text: str
    mistake: Mistake
    function: Function


@dataclass(slots=True)
class Values:
    """A variation of an exercise for many tries at once, as `finite_differences` takes it."""

    graph: Graph
    definitions: Mapping[str, Definition]
    known: Env
    scalar: bool = False
    _found: dict[str, Any] = field(default_factory=dict)

    def env(self, bits: int = FLOAT) -> Env:
        return self.known

    def __getitem__(self, name: str, /) -> Tensor:
        if name not in self.known.values:
            raise self.known.lacking.get(name) or Unknown(f"{name} has no value")
        return self.known.values[name]


class Lookalikes:
    """The mistakes of one exercise whose values are not fixed."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.asked = Asked(prepared.exercise)
        self.place = Place(-1, Point(prepared.sizes, {}), False, True)
        self._found: tuple[Lookalike, ...] | None = None
        self._mentioned: dict[int, tuple[Definition, frozenset[str]]] = {}

    def mentioned(self, definition: Definition) -> frozenset[str]:
        """The names in a definition, and in the functions of the exercise."""
        key = id(definition)
        if key not in self._mentioned:
            functions = self.prepared.exercise.functions.values()
            inside = [definition.expr, *(function.expr for function in functions)]
            found = frozenset(name for expr in inside for name in names(expr))
            stacks = {self.prepared.graph.stacks.get(name, name) for name in found}
            self._mentioned[key] = (definition, found | stacks)
        return self._mentioned[key][1]

    # ---- which there are

    def all(self) -> tuple[Lookalike, ...]:
        """The mistakes that give another answer than the right one at points of any kind, each
        once a question.
        """
        if self._found is None:
            self._found = tuple(self._distinct())
        return self._found

    def _distinct(self) -> Iterator[Lookalike]:
        generic = self.generic
        if generic is None:
            return
        batch = Batch(self, generic)
        for number, question in enumerate(self.asked.questions):
            if question.kind == "shape":
                continue
            right = batch.right(number)
            if right is None:
                continue
            seen = {_fingerprint(right)}
            for candidate in self._candidates(number):
                found = batch.value(candidate.function)
                if found is None or found.shape[0] != right.shape[0]:
                    continue
                if not _finite(found) or (key := _fingerprint(found)) in seen:
                    continue
                seen.add(key)
                if _squeezed(found) != _squeezed(right):
                    continue  # of another shape, it is never the right number
                yield Lookalike(number, question.text, candidate.mistake, candidate.function)

    def _candidates(self, number: int) -> Iterator[Candidate]:
        scene = Scene(self.asked, number)
        submitted = Submitted(scene.right)
        families = (
            _relations(scene, submitted),
            other_quantities(scene, submitted),
            derivation_faults(scene),
            forward_faults(scene),
        )
        for candidate in chain.from_iterable(families):
            if candidate.answer is None:
                yield candidate

    @cached_property
    def generic(self) -> Env | None:
        """The exercise at points of any kind, at the given sizes; None where there are none."""
        import numpy as np

        prepared = self.prepared
        drawn = [(seed, attempt) for attempt in range(ATTEMPTS) for seed in range(SEEDS)]
        found = {
            name: np.array(
                [
                    _floats(draw(prepared.graph, name, prepared.sizes, f"generic/{seed}", attempt))
                    for seed, attempt in drawn
                ],
                dtype=float,
            )
            for name in prepared.graph.inputs
        }
        env = prepared.computed(prepared.together(found, len(drawn)))
        fine = np.ones(len(drawn), dtype=bool)
        for quantity in (*prepared.graph.quantities,):
            if quantity not in env.values:
                return None
            data = np.asarray(env.values[quantity].data, dtype=float)
            if TRIES in env.values[quantity].over:
                fine &= np.isfinite(data.reshape(len(drawn), -1)).all(axis=1)
        rows = np.flatnonzero(fine)[:GENERIC]
        if len(rows) < 2:
            return None
        kept = {name: data[rows] for name, data in found.items()}
        return prepared.computed(prepared.together(kept, len(rows)))

    # ---- whom they give the right number

    def coincidences(self, env: Env, among: tuple[Lookalike, ...]) -> list[Any]:
        """For each mistake, for which tries it gives the right number: arrays of truth values."""
        import numpy as np

        batch, found = Batch(self, env), []
        grading = self.prepared.exercise.grading
        relative = max(float(grading.relative), CLOSE)
        for one in among:
            if batch.surely_other(one.function, self.asked.right(one.question), relative):
                found.append(np.zeros(env.indices[TRIES], dtype=bool))
                continue
            right = batch.right(one.question)
            value = batch.value(one.function)
            if right is None or value is None or _squeezed(value) != _squeezed(right):
                found.append(np.zeros(env.indices[TRIES], dtype=bool))
                continue
            with np.errstate(all="ignore"):
                gap = np.abs(value.reshape(right.shape) - right)
                near = gap <= np.maximum(float(grading.absolute), relative * np.abs(right))
            found.append(near.reshape(len(near), -1).all(axis=1))
        return found


class Batch:
    """Functions computed for many tries at once."""

    def __init__(self, of: Lookalikes, env: Env) -> None:
        self.of, self.base = of, env
        self.count = env.indices[TRIES]
        self._values: dict[int, tuple[Any, Values]] = {}
        self._known: dict[int, tuple[Function, Any]] = {}
        self._right: dict[int, Any] = {}
        self._firsts: dict[int, tuple[Derived, Any]] = {}

    def right(self, number: int) -> Any:
        """The right answer to a question, (try, …); None where it has no number."""
        if number not in self._right:
            answers = [q for q in self.of.prepared.answers if q.question == number]
            found = None
            for quantity in answers:
                try:
                    found = self._whole(self.of.prepared.value(quantity, self.base))
                except (Undefined, *UNCHECKED):
                    found = None
            self._right[number] = found
        return self._right[number]

    def surely_other(self, one: Function, right: Function, relative: float) -> bool:
        """Do two derivatives differ for every try along their first entry already?"""
        import numpy as np

        if not (isinstance(one.made, Derived) and isinstance(right.made, Derived)):
            return False
        mine, theirs = one.made.target, right.made.target
        if mine is None or theirs is None or (mine.of, mine.bys) != (theirs.of, theirs.bys):
            return False
        try:
            got, want = self._first(one.made), self._first(right.made)
        except (Undefined, MemoryError, *UNCHECKED):
            return False
        if got is None or want is None or got.shape != want.shape:
            return False
        with np.errstate(all="ignore"):
            near = np.abs(got - want) <= 2 * relative * np.abs(want) + NOISE
        return not bool(near.all(axis=1).any())

    def _first(self, made: Derived) -> Any:
        """A derivative by the first entry alone, (try, …); None where that is all of it."""
        key = id(made)
        if key not in self._firsts:
            found = None
            values, target = self._computed(made), made.target
            assert target is not None
            chosen = directions(values, target, None)
            if len(chosen.arrays[0]) > 1 and chosen.of_over[:1] == (TRIES,):
                finer = FINER_TWICE if len(target.bys) == 2 else FINER
                data = columns(values, target, chosen.some([0]), finer)
                found = data.reshape(self.count, -1)
            self._firsts[key] = (made, found)
        return self._firsts[key][1]

    def value(self, function: Function) -> Any:
        """The value of a candidate, (try, …); None where it has none."""
        key = id(function)
        if key not in self._known:
            self._known[key] = (function, self._value(function))
        return self._known[key][1]

    def _value(self, function: Function) -> Any:
        try:
            match function.made:
                case Derived():
                    return self._whole(self._derived(function.made))
                case Changed():
                    return self._changed(function.made)
        except (Undefined, MemoryError, *UNCHECKED):
            return None
        return None

    def _whole(self, tensor: Tensor) -> Any:
        """A tensor as an array with an axis of tries, numbers for all of them alike."""
        import numpy as np

        data = np.asarray(tensor.data, dtype=float)
        if TRIES not in tensor.over:
            return np.broadcast_to(data, (self.count, *data.shape))
        return data

    def _derived(self, made: Derived) -> Tensor:
        values = self._computed(made)
        graph, question = values.graph, made.question
        if made.target is None:
            return values[graph.stacks.get(question.of, question.of)]
        target = made.target
        for name in (*((target.of,) if target.of else ()), *target.bys):
            values[name]
        chosen = directions(values, target, None)
        finer = FINER_TWICE if len(target.bys) == 2 else FINER
        found = assembled(columns(values, target, chosen, finer), chosen, values)
        lengths = [size.at(dict(self.of.place.sizes)) for size in made.shape]
        result = arranged(found, arrangement(chosen, made.layout), lengths)
        result = Tensor(_rounded(result.data), result.over)
        return entry_of(result, question, values.known) if question.entry else result

    def _computed(self, made: Derived) -> Values:
        computation = made.computation
        key = id(computation)
        if key not in self._values:
            env = self._propagated(computation)
            values = Values(computation.graph, computation.definitions, env)
            self._values[key] = (computation, values)
        return self._values[key][1]

    def _propagated(self, computation: Computation) -> Env:
        """The quantities of an edited exercise. Most edits change derivatives alone: what has the
        value that it has in the exercise is not computed again, nor what is made from it.
        """
        own, base = self.of.prepared.definitions, self.base
        moved: set[str] = set()
        values, lacking = dict(base.values), dict(base.lacking)
        env = replace(base, values=values, lacking=lacking)
        for name in computation.graph.quantities:
            definition = computation.definitions[name]
            if own.get(name) is definition and moved.isdisjoint(self.of.mentioned(definition)):
                continue
            lacking.pop(name, None)
            before = base.values.get(name)
            try:
                values[name] = define(definition, env)
            except Undefined as problem:
                values.pop(name, None)
                lacking[name] = problem
            if name not in values or before is None or not _equal(values[name], before):
                moved.add(name)
            else:
                values[name] = before
        return env

    def _changed(self, made: Changed) -> Any:
        """Try by try, for a change looks at one array at a time."""
        import numpy as np

        inner, over = self._inner(made.function)
        if inner is None:
            return None
        rows = []
        for row in inner:
            found = made.change(Tensor(row if row.ndim else row[()], over), self.of.place)
            rows.append(np.asarray(found.data, dtype=float))
        return np.array(rows) if len({row.shape for row in rows}) == 1 else None

    def _inner(self, function: Function) -> tuple[Any, tuple[str, ...]]:
        """A function's values, and over which examples they are."""
        if isinstance(function.made, Derived):
            tensor = self._derived(function.made)
            return self._whole(tensor), tuple(name for name in tensor.over if name != TRIES)
        return self.value(function), ()


def _equal(one: Tensor, other: Tensor) -> bool:
    import numpy as np

    if one.over != other.over or one.shape != other.shape:
        return False
    a, b = (np.asarray(tensor.data, dtype=float) for tensor in (one, other))
    return bool(np.array_equal(a, b, equal_nan=True))


def _relations(scene: Scene, submitted: Submitted) -> Iterator[Candidate]:
    """Family 1, as far as it says how a wrong answer comes out of the right one."""
    for row in RELATIONS:
        if row.of_right:
            function = changed(scene.right, row.change)
            yield Candidate(Mistake(row.slug, sentence(row.words)), function)
    yield from other_layouts(scene, submitted)


def _floats(value: Any) -> Any:
    from gradcalc.language.constants import number

    return [_floats(item) for item in value] if isinstance(value, tuple) else float(number(value))


def _rounded(data: Any) -> Any:
    """To so many significant digits, so that what is equal but for the last ones is equal."""
    import numpy as np

    data = np.asarray(data, dtype=float)
    with np.errstate(all="ignore"):
        size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(data))))
        found = np.round(data * size) / size
    noise = 1e-9 * np.max(np.abs(data), initial=0, where=np.isfinite(data))
    return np.where(
        (np.abs(data) <= noise) | ~np.isfinite(found),
        np.where(np.isfinite(data), 0.0, np.nan),
        found,
    )


def _fingerprint(data: Any) -> tuple[Any, ...]:
    """What two functions have in common that are one."""
    import numpy as np

    rounded = np.asarray(data, dtype=float)
    scale = np.max(np.abs(rounded), initial=0) or 1.0
    return (
        _squeezed(data),
        tuple(np.round(rounded.reshape(-1) / scale, 7).tolist()),
        f"{scale:.6g}",
    )


def _squeezed(data: Any) -> tuple[int, ...]:
    return tuple(n for n in data.shape[1:] if n != 1)


def _finite(data: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(data).all())
