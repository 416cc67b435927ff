"""Differences of the forward computation along directions, all of them in one pass.

A direction moves entries of `by`. Where `by` and what is differentiated have a value per example, all examples
move at once; where only `by` has, each example moves alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.numeric.forward import Forward, propagate, upstream_key
from gradcalc.numeric.scalar_functions import Misfit, TooLarge, Undefined, Unknown
from gradcalc.numeric.tensor import BATCH, Env, Tensor, expand

# Offsets and weights of the first derivative, of order h^6; steps for floats, and for many digits.
_OFFSETS, _WEIGHTS = (-3, -2, -1, 1, 2, 3), (-1 / 60, 3 / 20, -3 / 4, 3 / 4, -3 / 20, 1 / 60)
_STEP, _STEP_TWICE = 2.0**-9, 2.0**-6
_MAX_FLOATS = 3_000_000  # in one pass


@dataclass(frozen=True, slots=True)
class Target:
    """What is differentiated: a quantity, or the loss (None); by what; and the definitions that have to be computed again."""

    of: str | None
    bys: tuple[str, ...]
    again: tuple[str, ...]


def needed(
    graph: Graph,
    uses: Mapping[str, frozenset[str]],
    of: str | None,
    bys: tuple[str, ...],
    local: bool,
) -> tuple[str, ...]:
    """The quantities on a path from any of `bys` to `of`, in the order of the computation, `bys` themselves left out."""
    if local:
        return (of,) if of in graph.quantities and of not in bys else ()
    moved = set(bys)
    for name in graph.quantities:
        if name not in moved and uses[name] & moved:
            moved.add(name)
    wanted = (
        {of} if of is not None else {u.of or graph.outputs[-1] for u in graph.exercise.upstream}
    )
    for name in reversed(graph.quantities):
        if name in wanted:
            wanted |= uses[name]
    return tuple(
        name for name in graph.quantities if name in moved and name in wanted and name not in bys
    )


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions in the space of each `by`: one array (directions, entries) each, in step.

    over        example axes of the derivative; paired: those that all of it shares
    positional  the axes (*of, *by, …)
    complete    every entry is among the directions
    """

    arrays: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]  # of each `by`: (*enumerated examples, *positional)
    enumerated: tuple[tuple[str, ...], ...]
    of_over: tuple[str, ...]
    of_shape: tuple[int, ...]
    positional: tuple[int, ...]
    complete: bool

    def some(self, rows: Iterable[int]) -> Directions:
        chosen = [k for k in rows if k < len(self.arrays[0])]
        return replace(self, arrays=tuple(array[chosen] for array in self.arrays), complete=False)

    def contract(self, claim: Tensor, layout: str, env: Env) -> Any:
        """A claimed derivative along these directions, as an array (direction, rest). Raises Misfit for a wrong shape."""
        import numpy as np

        matrix = self.matrix(claim, layout, env)
        first = self.arrays[0].astype(matrix.dtype)
        if len(self.arrays) == 1:
            return first @ matrix
        second = self.arrays[1].astype(matrix.dtype)
        half = np.tensordot(first, matrix, axes=(1, 0))
        return (half * second[:, :, None]).sum(axis=1)

    def matrix(self, claim: Tensor, layout: str, env: Env) -> Any:
        """The claim as an array (entries of each `by`, …, rest), whatever its layout, stacked or over the examples."""
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

        of, total = len(self.of_shape), data.ndim - first
        if layout == "jacobian" and _is_transposed(self):
            squeezed = [k for k in range(first + of, data.ndim) if data.shape[k] != 1]
            return np.swapaxes(data, squeezed[0], squeezed[1]).reshape(
                (*data.shape[:first], *self.positional)
            )
        if layout == "denominator" and math.prod(self.of_shape) != 1 and len(self.arrays) == 1:
            return np.moveaxis(
                data, range(first, first + total - of), range(first + of, first + total)
            )
        return data


def _same(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Equal shapes but for axes of length 1."""
    return tuple(n for n in one if n != 1) == tuple(n for n in other if n != 1)


def _is_transposed(chosen: Directions) -> bool:
    """Jacobian layout writes the derivative of a scalar by a matrix transposed."""
    by = [n for n in chosen.positional[len(chosen.of_shape) :] if n != 1]
    return math.prod(chosen.of_shape) == 1 and len(chosen.arrays) == 1 and len(by) == 2


def arranged_shape(chosen: Directions, layout: str) -> tuple[int, ...]:
    """The positional axes in a layout."""
    of, by = chosen.positional[: len(chosen.of_shape)], chosen.positional[len(chosen.of_shape) :]
    if layout == "jacobian" and _is_transposed(chosen):
        places = [k for k, n in enumerate(by) if n != 1]
        swapped = list(by)
        swapped[places[0]], swapped[places[1]] = by[places[1]], by[places[0]]
        return (*of, *swapped)
    if layout == "denominator" and math.prod(of) != 1 and len(chosen.arrays) == 1:
        return (*by, *of)
    return (*of, *by)


def directions(values: Forward, target: Target, limit: int | None, random: int = 3) -> Directions:
    """Every entry, or every pair of entries, up to `limit` of them; beyond, random directions."""
    import numpy as np

    env = values.env(16)
    of = Tensor(0.0) if target.of is None else values[target.of]
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
        arrays = tuple(
            np.array([[generator.uniform(-1, 1) for _ in range(count)] for _ in range(random)])
            for count in counts
        )
    positional = (*of.shape, *(n for by in target.bys for n in values[by].shape))
    return Directions(
        arrays, tuple(shapes), tuple(enumerated), of.over, of.shape, positional, complete
    )


def columns(
    values: Forward, target: Target, chosen: Directions, digits: int, finer: int = 1
) -> Any:
    """The differences along the chosen directions: an array (direction, rest), rest the flattened (*of_over, *of).

    `finer` divides the steps in floats, for points near the edge of a domain.
    """
    import numpy as np

    env = values.env(digits)
    biggest = max((getattr(tensor.data, "size", 1) for tensor in env.values.values()), default=1)
    samples = (len(_OFFSETS) if digits <= 16 else 2) ** len(target.bys)
    chunk = max(1, _MAX_FLOATS // (samples * biggest * (1 if digits <= 16 else 100)))
    count = len(chosen.arrays[0])
    parts = []
    start = 0
    while start < count:
        rows = slice(start, min(start + chunk, count))
        part = replace(chosen, arrays=tuple(array[rows] for array in chosen.arrays))
        try:
            parts.append(_columns(values, target, part, env, digits, finer))
        except TooLarge:
            if chunk == 1:
                raise
            chunk = max(1, min(chunk, count) // 4)
            continue
        start += chunk
    return np.concatenate(parts) if parts else np.zeros((0, 1))


def _columns(
    values: Forward, target: Target, chosen: Directions, env: Env, digits: int, finer: int
) -> Any:
    import numpy as np

    m = env.numbers.arrays
    count = len(chosen.arrays[0])
    twice = len(target.bys) == 2
    if digits <= 16:
        offsets, weights = np.array(_OFFSETS, dtype=float), np.array(_WEIGHTS)
        step: Any = (_STEP_TWICE if twice else _STEP) / finer
    else:
        offsets, weights = m.array([-1, 1]), m.array([-1, 1]) / 2
        step = env.numbers.scalar.number(10) ** (-(digits // 4) if twice else -(digits // 3))
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
        target.bys, grids, chosen.arrays, chosen.shapes, chosen.enumerated, strict=True
    ):
        base = env.values[by]
        data = m.array(base.data)
        rows_array = rows if digits <= 16 else m.array(rows)
        if digits <= 16:
            size = np.abs(rows.reshape(count, *shape)).reshape(count, -1)
            entry = (
                np.abs(np.moveaxis(data, [base.over.index(n) for n in alone], range(len(alone))))
                if alone
                else np.abs(data)
            )
            entry = (
                entry.reshape(*shape[: len(alone)], -1, *shape[len(alone) :]).max(axis=len(alone))
                if base.over and len(alone) < len(base.over)
                else entry
            )
            scale = (size * entry.reshape(1, -1)).max(axis=1) / np.maximum(size.max(axis=1), 1e-300)
            steps = step * np.clip(scale, 1e-3, 10.0)
            steps = np.where(scale == 0, step, steps)
        else:
            steps = m.array(np.full(count, step, dtype=object))
        amounts = grid[:, None] * steps[None, :]
        change = amounts.reshape(samples, count, *(1,) * len(shape)) * rows_array.reshape(
            1, count, *shape
        )
        change = change.reshape(samples * count, *shape)
        change = expand(Tensor(change, (BATCH, *alone)), (BATCH, *base.over), base.rank)
        before = moved[by].data if by in moved else data
        moved[by] = Tensor(before + change, (BATCH, *base.over))
        divisor = divisor * steps
    result = measure(target, recompute(values, target, env, moved))
    if BATCH not in result.over:
        rest = math.prod(np.shape(result.data)) if not result.plain else 1
        return m.array(np.zeros((count, rest)))
    data = m.array(result.data).reshape(samples, count, -1)
    if result.over[1:] != chosen.of_over:
        wanted = (BATCH, *chosen.of_over)
        full = expand(result, wanted, result.rank)
        sizes = [samples * count, *(env.indices[name] for name in chosen.of_over)]
        data = np.broadcast_to(full, (*sizes, *result.shape)).reshape(samples, count, -1)
    total = (factor.reshape(samples, 1, 1) * data).sum(axis=0)
    return total / np.asarray(divisor).reshape(count, 1)


def scalar_difference(values: Forward, target: Target, digits: int) -> Any:
    """The derivative of a number by a number, or the second one by two: central differences, without arrays.

    With 16 digits, first derivatives alone.
    """
    env = values.env(digits)
    number = env.numbers.scalar.number
    twice = len(target.bys) == 2
    if digits <= 16:
        return _float_difference(values, target, env)
    step = number(10) ** (-(digits // 4) if twice else -(digits // 3))
    total: Any = number(0)
    for signs in ((1,), (-1,)) if not twice else ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        moved: dict[str, Tensor] = {}
        for by, sign in zip(target.bys, signs, strict=True):
            before = moved[by] if by in moved else env.values[by]
            moved[by] = Tensor(before.data + sign * step)
        total += math.prod(signs) * measure(target, recompute(values, target, env, moved)).data
    return total / (2 * step) ** len(target.bys)


def _float_difference(values: Forward, target: Target, env: Env) -> float:
    """The first derivative of a number by a number from six floats around the point."""
    base = env.values[target.bys[0]].data
    step = _STEP * min(max(abs(base), 1e-3), 10.0) if base else _STEP
    total = 0.0
    for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True):
        moved = {target.bys[0]: Tensor(base + offset * step)}
        total += weight * measure(target, recompute(values, target, env, moved)).data
    return total / step


def recompute(values: Forward, target: Target, env: Env, moved: Mapping[str, Tensor]) -> Env:
    """The forward computation with some values replaced; what depends on them is computed again."""
    start = replace(env.bind(moved), frozen=env)
    return propagate(start, (values.definitions[name] for name in target.again))


def measure(target: Target, env: Env) -> Tensor:
    """The value of what is differentiated; for the loss, the sum of upstream gradient times quantity."""
    if target.of is not None:
        if target.of not in env.values:
            raise env.lacking.get(target.of) or Unknown(f"{target.of} has no value")
        return env.values[target.of]
    total: Tensor | None = None
    keys = {upstream_key(name): name for name in env.values if upstream_key(name) in env.values}
    if not keys:
        raise Unknown("the upstream gradient has no value")
    for key, name in keys.items():
        term = _inner(env.values[key], env.values[name], env)
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
    if BATCH not in over:
        return Tensor(product.sum())
    return Tensor(product.reshape(product.shape[0], -1).sum(axis=1), (BATCH,))


def _add(left: Tensor, right: Tensor, env: Env) -> Tensor:
    over = env.order(left.over, right.over)
    return Tensor(expand(left, over, 0) + expand(right, over, 0), over)


def derivative_of(values: Forward, target: Target, digits: int) -> Tensor:
    """The whole derivative, every entry: over the examples, positional axes (*of, *by, …). Raises Undefined."""
    for name in (*((target.of,) if target.of else ()), *target.bys):
        if name in values.undefined:
            raise values.undefined[name]
    if values.scalar:
        return Tensor(float(scalar_difference(values, target, 60)))
    import numpy as np

    chosen = directions(values, target, None)
    try:
        found = columns(values, target, chosen, digits)
    except Undefined:
        if digits > 16:
            raise
        found = columns(values, target, chosen, 60)
    env = values.env(16)
    over = env.order(chosen.of_over, *chosen.enumerated)
    sizes = [n for shape in chosen.shapes for n in shape]
    of_named = [env.indices[name] for name in chosen.of_over]
    data = np.asarray(found, dtype=float).reshape((*sizes, *of_named, *chosen.of_shape))
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
    return Tensor(data if data.ndim else float(data), over)
