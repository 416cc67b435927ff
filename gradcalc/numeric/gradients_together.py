"""The gradients of one number by many inputs, compared at once.

Every input and every quantity is displaced along a random direction, and the change of the number
is compared with the sum of gradient · displacement: a forward pass a direction, however many
gradients there are. Where the two differ, halves are compared, down to those that are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from gradcalc.language.fast_dataclasses import replace
from gradcalc.numeric.comparison import SMALLEST, Outcome, judged
from gradcalc.numeric.finite_differences import Target, coefficients, measure, recompute
from gradcalc.numeric.forward import Forward, propagate
from gradcalc.numeric.precision import balls, climb
from gradcalc.numeric.scalar_functions import Unknown
from gradcalc.numeric.tensor import BATCH, Env, Tensor

DIRECTIONS = 3
HOW = f"power series in enclosures, all gradients at once along {DIRECTIONS} random directions"


def together(values: Forward, target: Target, shown: Mapping[str, Tensor]) -> Outcome:
    """The numbers of gradients, over the examples as the inputs are, beside the computation. Raises
    Undefined where there is nothing to compare.
    """
    rows = {name: displacements(name, tensor) for name, tensor in shown.items()}

    def at(bits: int) -> Outcome:
        with balls(bits).working(1):
            got = changes(values, target, rows, bits)
            want = [_contracted(shown, rows, number) for number in range(DIRECTIONS)]
            return judged(((got[n], *want[n]) for n in range(DIRECTIONS)), HOW)

    return climb(at)


def displacements(name: str, gradient: Tensor) -> Any:
    """Random directions, (direction, *entries), in which every entry of a gradient counts alike:
    none is lost beside larger ones, however small it is.
    """
    import numpy as np

    sizes = np.abs(np.asarray(gradient.data, dtype=float))
    largest = sizes.max(initial=0.0) or 1.0
    sizes = np.maximum(np.where(sizes == 0, largest, sizes), 1e-300)
    random = Random(f"directions of {name}")
    numbers = [
        random.choice((-1, 1)) * random.uniform(0.25, 1) for _ in range(DIRECTIONS * sizes.size)
    ]
    return np.array(numbers).reshape(DIRECTIONS, *sizes.shape) / sizes


def changes(values: Forward, target: Target, rows: Mapping[str, Any], bits: int) -> list[Any]:
    """The derivative of the number along each direction, in enclosures."""
    from gradcalc.numeric.balls import Jet

    env, step = values.env(bits), Jet.of(0, 1)
    if values.scalar:
        found = []
        for direction in range(DIRECTIONS):
            number = env.numbers.scalar.number
            steps = {name: number(row[direction]) * step for name, row in rows.items()}
            result = measure(target, displaced(values, target, env, steps))
            found.append(coefficients(result.data, 1))
        return found
    moved = {}
    for name, row in rows.items():
        base, m = env.value(name), env.numbers.arrays
        moved[name] = Tensor(m.array(base.data) + m.array(row) * step, (BATCH, *base.over))
    result = measure(target, recompute(values, target, env, moved))
    if result.over != (BATCH,):
        raise Unknown("it is no number that depends on all of them")
    return list(coefficients(result.data.reshape(DIRECTIONS, -1)[:, 0], 1))


def displaced(values: Forward, target: Target, env: Env, steps: Mapping[str, Any]) -> Env:
    """The forward computation with a step added to each input, and to each quantity where it is
    computed.
    """
    again = set(target.again)
    moved = {
        name: Tensor(env.value(name).data + step)
        for name, step in steps.items()
        if name not in again
    }
    start = replace(env.bind(moved), frozen=env)
    return propagate(start, (values.definitions[name] for name in target.again), steps)


def _contracted(
    shown: Mapping[str, Tensor], rows: Mapping[str, Any], number: int
) -> tuple[Any, Any, float]:
    """The sum of gradient · displacement along a direction, exactly, the sum of the sizes of its
    terms, and by how much it may be off because small numbers are rounded.
    """
    import numpy as np
    from flint import arb

    total, size, floor = arb(0), arb(0), 0.0
    for name, tensor in shown.items():
        entries = np.asarray(tensor.data, dtype=float).reshape(-1).tolist()
        moves = rows[name][number].reshape(-1).tolist()
        for entry, move in zip(entries, moves, strict=True):
            term = arb(entry) * arb(move)
            total, size, floor = total + term, size + abs(term), floor + abs(move) * SMALLEST
    return total, size, floor
