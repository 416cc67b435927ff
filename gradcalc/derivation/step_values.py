"""The values of a backward pass, step by step."""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.derivation.formula_values import shaped
from gradcalc.derivation.solve import Solver
from gradcalc.derivation.step_model import Written
from gradcalc.graph.dependencies import depends
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Number
from gradcalc.language.parser import Expr
from gradcalc.language.shape_rules import Shape
from gradcalc.numeric.evaluate import bind, entries, evaluate
from gradcalc.numeric.forward import to_lists
from gradcalc.numeric.precision import FLOAT
from gradcalc.numeric.scalar_functions import TooLarge, Undefined
from gradcalc.numeric.tensor import Env, Tensor


@dataclass(frozen=True, slots=True)
class _Bound:
    """A step's formula, which later formulas name."""

    name: str
    written: Written
    shape: Shape
    over: tuple[str, ...]


class StepValues:
    """The values of a pass at the given point: formulas may use the gradients that were bound
    before.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.bound: dict[str, Tensor] = {}
        self._steps: list[_Bound] = []
        self._envs: dict[int, tuple[Env, int]] = {}

    def _env(self, bits: int) -> Env:
        """All names with what was bound so far, at a precision."""
        if bits not in self._envs:
            start = self.solver.values.formulas(bits)
            self._envs[bits] = bind(start, self.solver.formulas.where(())), 0
        env, count = self._envs[bits]
        for step in self._steps[count:]:
            try:
                env = env.bind({step.name: self._value(step.written, step.shape, step.over, env)})
            except TooLarge:
                continue
        self._envs[bits] = env, len(self._steps)
        return env

    def evaluated(
        self, written: Written, shape: Shape | None = None, over: tuple[str, ...] = ()
    ) -> Tensor | None:
        """A formula's value over its examples, in floats, or None where it has none."""
        try:
            return self.solver.values.known(
                lambda bits: self._value(written, shape, over, self._env(bits))
            )
        except (Undefined, KeyError, ValueError, OverflowError):
            return None

    def _value(
        self, written: Written, shape: Shape | None, over: tuple[str, ...], env: Env
    ) -> Tensor:
        formulas = self.solver.formulas
        target = [size.at(formulas.sizes) for size in (written.shape if shape is None else shape)]
        free = formulas.lengths(written.free, written.shape)
        tensor = entries(written.symbolic, free, env) if free else evaluate(written.symbolic, env)
        if written.paired:
            tensor = self.unstacked(tensor, over)
        tensor = shaped(tensor, target, [tensor.size(name) for name in tensor.over])
        examples = formulas.graph.examples
        return formulas.spread(
            tensor, tuple(name for name in over or written.each if name in examples)
        )

    def unstacked(self, tensor: Tensor, over: tuple[str, ...]) -> Tensor:
        """A stack, its examples last, as one array for each example."""
        import numpy as np

        count = len(over)
        data = np.asarray(tensor.data)
        return (
            Tensor(np.moveaxis(data, range(data.ndim - count, data.ndim), range(count)), over)
            if count
            else tensor
        )

    def value(
        self, written: Written, shape: Shape | None = None, over: tuple[str, ...] = ()
    ) -> Number:
        tensor = self.evaluated(written, shape, over)
        return None if tensor is None else self.listed(tensor)

    def listed(self, tensor: Tensor) -> Number:
        try:
            return to_lists(self.solver.graph, tensor)
        except Undefined:
            return None

    def elsewhere(self, expr: Expr, shape: Shape, values: Mapping[str, Number]) -> Number:
        """A formula's value where some names have other values; what is computed from them is
        computed again. None where it has none.
        """
        import numpy as np

        graph = self.solver.graph
        changed = {name: Tensor(np.asarray(value, dtype=float)) for name, value in values.items()}
        after = [d for d in graph.exercise.definitions if d.name not in values]
        after = [d for d in after if any(depends(graph, d.name, name) for name in values)]
        if any(definition.indices for definition in after):
            return None
        try:
            env = self._env(FLOAT).bind(changed)
            for name in graph.quantities:
                for definition in (d for d in after if d.name == name):
                    env = env.bind({name: evaluate(definition.expr, env)})
            return self.listed(self._value(Written(expr, shape), shape, (), env))
        except (Undefined, KeyError, ValueError, OverflowError, TooLarge):
            return None

    def bind(self, name: str, written: Written, shape: Shape, over: tuple[str, ...]) -> Number:
        """The value of a step's formula; later formulas may use it under that name."""
        tensor = self.evaluated(written, shape, over)
        if tensor is None:
            return None
        self.bound[name] = tensor
        self._steps.append(_Bound(name, written, shape, over))
        return self.listed(tensor)

    def known(self, name: str) -> bool:
        return name in self.bound

    def tensor(self, name: str) -> Tensor:
        """A bound value in floats."""
        return self.bound[name]

    def lists(self, name: str) -> Number:
        return self.listed(self.bound[name]) if name in self.bound else None

    def same(self, one: Number, other: Number) -> bool:
        """Whether both are there and are one number, or array."""
        return one is not None and other is not None and self.solver.formulas.same(one, other)
