"""Derivatives of the forward computation along directions, all of them in one pass, by none of the
rules.

In float64 by differences; in enclosures by power series in t, or, where it is not smooth, by
differences from each side.

A direction moves entries of `by`. Where `by` and what is differentiated have a value per example,
all examples move at once; where only `by` has, each example moves alone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

from gradcalc.exercise.model import Definition
from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.numeric.forward import Forward, propagate, rounded, upstream_key
from gradcalc.numeric.free_parameters import moved_together
from gradcalc.numeric.precision import balls, climb
from gradcalc.numeric.scalar_functions import Misfit, TooLarge, Unknown
from gradcalc.numeric.tensor import BATCH, TRIES, Env, Tensor, expand

# Offsets and weights of the first derivative, of order h^6; steps for floats, and for many digits.
_OFFSETS, _WEIGHTS = (-3, -2, -1, 1, 2, 3), (-1 / 60, 3 / 20, -3 / 4, 3 / 4, -3 / 20, 1 / 60)
_STEP, _STEP_TWICE = 2.0**-9, 2.0**-6
_MAX_FLOATS = 3_000_000  # in one pass
SIDE_BITS, STEPS = 5000, (1500, 1600)  # of one-sided differences with steps 2^-1500, 2^-1600


class Computed(Protocol):
    """The forward computation at a point, in several precisions: `Forward`, and what else
    computes as it does.
    """

    @property
    def graph(self) -> Graph: ...

    @property
    def definitions(self) -> Mapping[str, Definition]: ...

    @property
    def scalar(self) -> bool:
        """Are all its quantities numbers?"""

    def env(self, bits: int = ...) -> Env:
        """Names and their values at a precision."""

    def __getitem__(self, name: str, /) -> Tensor:
        """A quantity or an input: its shape is what matters here."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is differentiated: a quantity, or the loss (None); by what; and the definitions that
    have to be computed again.
    """

    of: str | None
    bys: tuple[str, ...]
    again: tuple[str, ...]


def needed(
    graph: Graph,
    uses: Mapping[str, frozenset[str]],
    of: str | None,
    bys: tuple[str, ...],
    local: bool,
    places: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """The quantities on a path from any of `bys` to `of`, in the order of the computation, `bys`
    themselves left out. `places`: of all names in that order, which spare the walk to the inputs.
    """
    if local:
        return (of,) if of in graph.quantities and of not in bys else ()
    found = moving(graph, uses, of, bys, places or in_order(graph, uses))
    return tuple(name for name in found if name not in bys)


def moving(
    graph: Graph,
    uses: Mapping[str, frozenset[str]],
    of: str | None,
    bys: Collection[str],
    places: Mapping[str, int],
) -> tuple[str, ...]:
    """The same with those of `bys` that are quantities on a path to `of`."""
    stack = [of] if of is not None else [u.of or graph.outputs[-1] for u in graph.exercise.upstream]
    first = min((places[name] for name in bys if name in places), default=len(places))
    wanted = set(stack)
    while stack:
        for name in uses.get(stack.pop(), ()):
            if name in uses and name not in wanted and places[name] > first:
                wanted.add(name)
                stack.append(name)
    moved = set(bys)
    for name in sorted(wanted & uses.keys(), key=places.__getitem__):
        if name not in moved and not uses[name].isdisjoint(moved):
            moved.add(name)
    return tuple(sorted(wanted & moved & uses.keys(), key=places.__getitem__))


def in_order(graph: Graph, uses: Mapping[str, frozenset[str]]) -> Mapping[str, int]:
    """The place of every name in the order of the computation, of an input just before what uses
    it first.
    """
    places: dict[str, int] = {}
    for name in graph.quantities:
        for used in (*(used for used in uses[name] if used not in uses), name):
            places.setdefault(used, len(places))
    for name in graph.inputs:
        places.setdefault(name, len(places))
    return places


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions in the space of each `by`: one array (directions, entries) each, in step.

    over        example axes of the derivative; paired: those that all of it shares
    positional  the axes (*of, *by, …)
    units       which of them are 1 by declaration, and not a size that happens to be 1
    free        the structure of each `by` whose free parameters are varied, else ""
    complete    every entry is among the directions
    """

    arrays: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]  # of each `by`: (*enumerated examples, *positional)
    enumerated: tuple[tuple[str, ...], ...]
    of_over: tuple[str, ...]
    of_shape: tuple[int, ...]
    positional: tuple[int, ...]
    units: tuple[bool, ...]
    complete: bool
    free: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[Any, ...]:
        """What moves along each direction: entries that are one parameter together."""
        if not any(self.free):
            return self.arrays
        parts = zip(self.arrays, self.shapes, self.free, strict=True)
        return tuple(moved_together(*part) for part in parts)

    def along(self, arrays: tuple[Any, ...]) -> Directions:
        return replace(self, arrays=arrays, complete=False)

    def rows(self, rows: Any) -> Directions:
        return replace(self, arrays=tuple(array[rows] for array in self.arrays))

    def some(self, rows: Iterable[int]) -> Directions:
        return replace(self.rows([k for k in rows if k < len(self.arrays[0])]), complete=False)

    def contract(self, claim: Tensor, layout: str, env: Env) -> tuple[Any, Any]:
        """A claimed derivative along these directions, as an array (direction, rest), and the sum
        of the sizes of its terms. Raises Misfit for a wrong shape.
        """
        import numpy as np

        def contracted(matrix: Any, arrays: list[Any]) -> Any:
            half = arrays[0] @ matrix.reshape(len(matrix), -1)
            if len(arrays) == 1:
                return half
            return (half.reshape(-1, *matrix.shape[1:]) * arrays[1][:, :, None]).sum(axis=1)

        matrix = self.matrix(claim, layout, env)
        arrays = [env.numbers.arrays.array(array) for array in self.arrays]
        return contracted(matrix, arrays), contracted(np.abs(matrix), [*map(np.abs, arrays)])

    def matrix(self, claim: Tensor, layout: str, env: Env) -> Any:
        """The claim as an array (entries of each `by`, …, rest), whatever its layout, stacked or
        over the examples.
        """
        import numpy as np

        over = env.order(self.of_over, *self.enumerated)
        named = tuple(env.indices[name] for name in over)
        shape = arranged_shape(self, layout)
        data = env.numbers.arrays.array(claim.data)
        if (
            not claim.over
            and over
            and _same(claim.shape, (*shape, *named))
            and not _same(claim.shape, shape)
        ):
            data = np.moveaxis(
                data.reshape((*shape, *named)), range(-len(over), 0), range(len(over))
            )
        elif _same(claim.shape, shape):
            if not set(claim.over) <= set(over):
                raise Misfit(
                    f"a derivative over {', '.join(claim.over)}, on which it cannot depend"
                )
            sizes = dict(zip(claim.over, data.shape, strict=False))
            data = data.reshape((*(sizes.get(name, 1) for name in over), *shape))
            data = np.broadcast_to(data, (*named, *shape))
        else:
            raise Misfit(f"the formula has shape {claim.shape}, not {shape}")
        data = self._arrange(data, layout, len(over))
        places = {name: k for k, name in enumerate(over)}
        order: list[int] = []
        at = len(over) + len(self.of_shape)
        taken: set[str] = set()
        for names, by_shape in zip(self.enumerated, self.shapes, strict=True):
            order += [places[name] for name in names if name not in taken]
            rank = len(by_shape) - len(names)
            order += range(at, at + rank)
            at += rank
            taken |= set(names)
        order += [places[name] for name in self.of_over]
        order += range(len(over), len(over) + len(self.of_shape))
        counts = [math.prod(by_shape) for by_shape in self.shapes]
        return np.transpose(data, order).reshape((*counts, -1))

    def _arrange(self, data: Any, layout: str, first: int) -> Any:
        """From the layout back to (*of, *by)."""
        import numpy as np

        total = data.ndim - first
        order = arrangement(self, layout)
        return np.transpose(data, [*range(first), *(first + order.index(k) for k in range(total))])


def _same(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Equal shapes but for axes of length 1."""
    return tuple(n for n in one if n != 1) == tuple(n for n in other if n != 1)


def arrangement(chosen: Directions, layout: str) -> tuple[int, ...]:
    """The positional axes in the order of a layout."""
    of, axes = len(chosen.of_shape), range(len(chosen.positional))
    scalar = all(chosen.units[:of])
    if len(chosen.arrays) > 1:
        return tuple(axes)
    if layout == "jacobian" and scalar:
        by = [k for k in axes[of:] if not chosen.units[k]]
        if len(by) == 2:  # the derivative of a scalar by a matrix stands transposed
            swapped = {by[0]: by[1], by[1]: by[0]}
            return tuple(swapped.get(k, k) for k in axes)
    if layout == "denominator" and not scalar:
        return (*axes[of:], *axes[:of])
    return tuple(axes)


def arranged_shape(chosen: Directions, layout: str) -> tuple[int, ...]:
    """The lengths of the positional axes in a layout."""
    return tuple(chosen.positional[k] for k in arrangement(chosen, layout))


def free_lengths(chosen: Directions, layout: str) -> tuple[int, ...]:
    """Those of the axes that have an index in an entry formula: all but those that are 1 by
    declaration.
    """
    return tuple(chosen.positional[k] for k in arrangement(chosen, layout) if not chosen.units[k])


def directions(values: Computed, target: Target, limit: int | None, random: int = 3) -> Directions:
    """Every entry, or every pair of entries, up to `limit` of them; beyond, random directions."""
    import numpy as np

    env = values.env()
    of = _loss(env) if target.of is None else values[target.of]
    shapes: list[tuple[int, ...]] = []
    enumerated: list[tuple[str, ...]] = []
    taken: set[str] = set(of.over)
    for by in target.bys:
        moved = values[by]
        alone = tuple(name for name in moved.over if name not in taken)
        taken |= set(alone)
        enumerated.append(alone)
        shapes.append((*(env.indices[name] for name in alone), *moved.shape))
    counts = [math.prod(shape) for shape in shapes]
    complete = limit is None or math.prod(counts) <= limit
    if complete:
        identity = [np.eye(count) for count in counts]
        if len(counts) == 2:
            identity = [
                np.repeat(identity[0], counts[1], axis=0),
                np.tile(identity[1], (counts[0], 1)),
            ]
        arrays = tuple(identity)
    else:
        generator = Random("directions")
        arrays = tuple(random_rows(random, count, generator) for count in counts)
    positional = (*of.shape, *(n for by in target.bys for n in values[by].shape))
    declared = [*(() if target.of is None else (target.of,)), *target.bys]
    units = tuple(size.number == 1 for name in declared for size in values.graph.node(name).shape)
    variables = values.graph.exercise.variables
    free = tuple(variables[by].free if by in variables else "" for by in target.bys)
    return Directions(
        arrays,
        tuple(shapes),
        tuple(enumerated),
        of.over,
        of.shape,
        positional,
        units,
        complete,
        free,
    )


def _loss(env: Env) -> Tensor:
    """What stands for the loss, where its axes matter: a number for each of several tries."""
    if TRIES not in env.indices:
        return Tensor(0.0)
    import numpy as np

    return Tensor(np.zeros(env.indices[TRIES]), (TRIES,))


def random_rows(count: int, length: int, generator: Random | None = None) -> Any:
    """Directions: numbers between -1 and 1."""
    import numpy as np

    generator = generator or Random("directions")
    return np.array([[generator.uniform(-1, 1) for _ in range(length)] for _ in range(count)])


def columns(values: Computed, target: Target, chosen: Directions, finer: int = 1) -> Any:
    """Differences in float64 along the chosen directions: an array (direction, rest), rest the
    flattened (*of_over, *of).

    `finer` divides the steps, for points near the edge of a domain.
    """
    import numpy as np

    env = values.env()
    biggest = max((getattr(tensor.data, "size", 1) for tensor in env.values.values()), default=1)
    samples = len(_OFFSETS) ** len(target.bys)
    chunk = max(1, _MAX_FLOATS // (samples * biggest))
    count = len(chosen.arrays[0])
    parts = []
    start = 0
    while start < count:
        part = chosen.rows(slice(start, min(start + chunk, count)))
        try:
            parts.append(_columns(values, target, part, env, finer))
        except TooLarge:
            if chunk == 1:
                raise
            chunk = max(1, min(chunk, count) // 4)
            continue
        start += chunk
    return np.concatenate(parts) if parts else np.zeros((0, 1))


def _columns(values: Computed, target: Target, chosen: Directions, env: Env, finer: int) -> Any:
    import numpy as np

    count = len(chosen.arrays[0])
    twice = len(target.bys) == 2
    offsets, weights = np.array(_OFFSETS, dtype=float), np.array(_WEIGHTS)
    step = (_STEP_TWICE if twice else _STEP) / finer
    grids = (
        [offsets]
        if not twice
        else [np.repeat(offsets, len(offsets)), np.tile(offsets, len(offsets))]
    )
    factor = weights if not twice else np.outer(weights, weights).ravel()
    samples = len(factor)
    moved: dict[str, Tensor] = {}
    divisor: Any = 1
    for by, grid, rows, shape, alone in zip(
        target.bys, grids, chosen.moves, chosen.shapes, chosen.enumerated, strict=True
    ):
        base = env.value(by)
        data = np.asarray(base.data, dtype=float)
        steps = _steps(data, base, rows, shape, alone, step)
        amounts = grid[:, None] * steps[None, :]
        change = amounts.reshape(samples, count, *(1,) * len(shape)) * rows.reshape(
            1, count, *shape
        )
        change = change.reshape(samples * count, *shape)
        change = expand(Tensor(change, (BATCH, *alone)), (BATCH, *base.over), base.rank)
        before = moved[by].data if by in moved else data
        moved[by] = Tensor(before + change, (BATCH, *base.over))
        divisor = divisor * steps
    result = measure(target, recompute(values, target, env, moved))
    data = _rest(result, chosen, env, samples * count).reshape(samples, count, -1)
    total = (factor.reshape(samples, 1, 1) * data).sum(axis=0)
    return total / np.asarray(divisor).reshape(count, 1)


def _steps(
    data: Any, base: Tensor, rows: Any, shape: tuple[int, ...], alone: tuple[str, ...], step: float
) -> Any:
    """A step for each direction, in proportion to the entries it moves."""
    import numpy as np

    count = len(rows)
    size = np.abs(rows.reshape(count, *shape)).reshape(count, -1)
    entry = np.abs(data)
    if alone:
        entry = np.moveaxis(entry, [base.over.index(n) for n in alone], range(len(alone)))
    if base.over and len(alone) < len(base.over):
        entry = entry.reshape(*shape[: len(alone)], -1, *shape[len(alone) :]).max(axis=len(alone))
    scale = (size * entry.reshape(1, -1)).max(axis=1) / np.maximum(size.max(axis=1), 1e-300)
    return np.where(scale == 0, step, step * np.clip(scale, 1e-3, 10.0))


def _rest(result: Tensor, chosen: Directions, env: Env, count: int) -> Any:
    """What was measured, as an array (move, rest)."""
    import numpy as np

    wanted = (BATCH, *chosen.of_over)
    data = np.asarray(env.numbers.arrays.array(result.data))
    full = (
        expand(Tensor(data, result.over), wanted, result.rank)
        if data.ndim
        else data.reshape((1,) * len(wanted))
    )
    sizes = [count, *(env.indices[name] for name in chosen.of_over)]
    return np.broadcast_to(full, (*sizes, *result.shape)).reshape(count, -1)


def along(
    values: Computed, target: Target, chosen: Directions | None, bits: int, steps: Sequence[Any]
) -> Any:
    """What is differentiated, with each `by` moved by its step along each direction: an array
    (direction, rest).

    In enclosures; a step is a fraction or a `Jet`. `chosen` None: numbers by numbers, and the
    result is one number. A step of 0 leaves a number as it is, for pi + 0 is another ball than
    pi, and y > pi would not be decided.
    """
    env = values.env(bits)
    moved: dict[str, Tensor] = {}

    def shifted(number: Any, change: Any) -> Any:
        return number if change is None else number + change

    if chosen is None:
        for by, step in zip(target.bys, steps, strict=True):
            start = (moved[by] if by in moved else env.value(by)).data
            moved[by] = Tensor(shifted(start, step or None))
        return measure(target, recompute(values, target, env, moved)).data
    import numpy as np

    m = env.numbers.arrays
    parts = zip(target.bys, steps, chosen.moves, chosen.shapes, chosen.enumerated, strict=True)
    for by, step, rows, shape, alone in parts:
        base = env.value(by)
        change = np.frompyfunc(lambda r, step=step: r * step if r and step else None, 1, 1)(
            m.array(rows)
        )
        change = change.reshape(len(rows), *shape)
        change = expand(Tensor(change, (BATCH, *alone)), (BATCH, *base.over), base.rank)
        before = moved[by].data if by in moved else m.array(base.data)
        moved[by] = Tensor(np.frompyfunc(shifted, 2, 1)(before, change), (BATCH, *base.over))
    result = measure(target, recompute(values, target, env, moved))
    return _rest(result, chosen, env, len(chosen.arrays[0]))


def slopes(values: Computed, target: Target, chosen: Directions | None, bits: int) -> Any:
    """The derivative along each direction, as enclosures: from truncated power series, without a
    step.
    """
    from gradcalc.numeric.balls import Jet

    with balls(bits).working(len(target.bys)):
        moving: Any = Jet.of(0, 1)
        if len(target.bys) == 1:
            return coefficients(along(values, target, chosen, bits, (moving,)), 1)
        both, first, second = (
            coefficients(along(values, target, chosen, bits, steps), 2)
            for steps in ((moving, moving), (moving, 0), (0, moving))
        )
        return both - first - second


def coefficients(data: Any, order: int) -> Any:
    """The coefficients of a power in a number or an array of power series."""
    from flint import fmpq

    from gradcalc.numeric.balls import Jet

    def coefficient(number: Any) -> Any:
        return number.coefficient(order) if type(number) is Jet else fmpq(0)

    if not hasattr(data, "ndim"):
        return coefficient(data)
    import numpy as np

    return np.frompyfunc(coefficient, 1, 1)(data)


def one_sided(values: Forward, target: Target, chosen: Directions | None) -> list[Any]:
    """Difference quotients from every side, with two steps: where they agree, the derivative
    exists.
    """
    from flint import fmpq

    with balls(SIDE_BITS).working():
        return [
            quotient
            for bits in STEPS
            for quotient in _quotients(values, target, chosen, fmpq(1, 2**bits))
        ]


def _quotients(values: Forward, target: Target, chosen: Directions | None, step: Any) -> list[Any]:
    from flint import arb

    def at(*steps: Any) -> Any:
        return along(values, target, chosen, SIDE_BITS, steps)

    if len(target.bys) == 1:
        start = at(0)
        return [(at(side * step) - start) / arb(side * step) for side in (1, -1)]
    start, found = at(0, 0), []
    for one, other in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
        first, second = one * step, other * step
        change = at(first, second) - at(first, 0) - at(0, second) + start
        found.append(change / arb(first * second))
    return found


def recompute(values: Computed, target: Target, env: Env, moved: Mapping[str, Tensor]) -> Env:
    """The forward computation with some values replaced; what depends on them is computed again."""
    start = replace(env.bind(moved), frozen=env)
    return propagate(start, (values.definitions[name] for name in target.again))


def measure(target: Target, env: Env) -> Tensor:
    """The value of what is differentiated; for the loss, the sum of upstream gradient times
    quantity.
    """
    if target.of is not None:
        return env.value(target.of)
    total: Tensor | None = None
    lead = upstream_key("")
    keys = [key for key in env.values if key.startswith(lead)]
    if not keys:
        raise Unknown("the upstream gradient has no value")
    for key in keys:
        name = key.removeprefix(lead)
        term = _inner(env.values[key], env.value(name), env)
        total = term if total is None else _add(total, term, env)
    assert total is not None
    return total


def _inner(gradient: Tensor, value: Tensor, env: Env) -> Tensor:
    if gradient.plain and value.plain:
        return Tensor(gradient.data * value.data)
    import numpy as np

    over = env.order(gradient.over, value.over)
    left, right = expand(gradient, over, value.rank), expand(value, over, value.rank)
    product = np.asarray(left * right)
    kept = tuple(name for name in over if name in (BATCH, TRIES))  # both stand first
    if not kept:
        return Tensor(product.sum())
    return Tensor(product.reshape(*product.shape[: len(kept)], -1).sum(axis=-1), kept)


def _add(left: Tensor, right: Tensor, env: Env) -> Tensor:
    over = env.order(left.over, right.over)
    return Tensor(expand(left, over, 0) + expand(right, over, 0), over)


def derivative_of(values: Forward, target: Target) -> Tensor:
    """The whole derivative, every entry: over the examples, positional axes (*of, *by, …).
    Raises Undefined.
    """
    for name in (*((target.of,) if target.of else ()), *target.bys):
        if name in values.undefined:
            raise values.undefined[name]

    chosen = None if values.scalar else directions(values, target, None)
    if values.coarse and chosen is not None:
        return assembled(columns(values, target, chosen), chosen, values)
    found = climb(lambda bits: rounded(Tensor(slopes(values, target, chosen, bits))))
    return found if chosen is None else assembled(found.data, chosen, values)


def assembled(found: Any, chosen: Directions, values: Computed) -> Tensor:
    """All entries of a derivative, (direction, rest), over the examples, positional axes (*of,
    *by, …).
    """
    import numpy as np

    env = values.env()
    over = env.order(chosen.of_over, *chosen.enumerated)
    sizes = [n for shape in chosen.shapes for n in shape]
    of_named = [env.indices[name] for name in chosen.of_over]
    data = np.asarray(found).reshape((*sizes, *of_named, *chosen.of_shape))
    places: dict[str, int] = {}
    by_axes: list[int] = []
    at = 0
    for names, shape in zip(chosen.enumerated, chosen.shapes, strict=True):
        for name in names:
            places[name] = at
            at += 1
        rank = len(shape) - len(names)
        by_axes += range(at, at + rank)
        at += rank
    for name in chosen.of_over:
        places[name] = at
        at += 1
    of_axes = list(range(at, at + len(chosen.of_shape)))
    data = np.transpose(data, [places[name] for name in over] + of_axes + by_axes)
    return Tensor(data if data.ndim else data[()], over)
