"""The values of a backward pass, step by step."""

from __future__ import annotations

from gradcalc.derivation.formula_values import shaped
from gradcalc.derivation.solve import Solver
from gradcalc.derivation.step_model import Written
from gradcalc.language.formula_pieces import Number
from gradcalc.language.shape_rules import Shape
from gradcalc.numeric.evaluate import bind, entries, evaluate
from gradcalc.numeric.forward import rounded, to_lists
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor


class StepValues:
    """The values of a pass at the given point: formulas may use the gradients that were bound before.

    Scalars are computed with 60 digits, so that 1 − σ(40) is no zero; arrays in floats.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.env = bind(
            solver.values.env(60 if solver.values.precise else 16), solver.formulas.where(())
        )
        self.bound: dict[str, Tensor] = {}

    def evaluated(
        self, written: Written, shape: Shape | None = None, over: tuple[str, ...] = ()
    ) -> Tensor | None:
        """A formula's value over its examples, or None where it has none."""
        sizes = self.solver.formulas.sizes
        try:
            target = [size.at(sizes) for size in (written.shape if shape is None else shape)]
            free = {}
            if written.free:
                inner = [size.at(sizes) for size in written.shape]
                counts = [n for n in inner if n != 1]
                counts = inner if len(counts) != len(written.free) else counts
                free = dict(zip(written.free, counts, strict=True))
            tensor = (
                entries(written.symbolic, free, self.env)
                if free
                else evaluate(written.symbolic, self.env)
            )
            if written.paired:
                tensor = self.unstacked(tensor, over)
            tensor = shaped(tensor, target, [tensor.size(name) for name in tensor.over])
        except (Undefined, KeyError, ValueError, OverflowError):
            return None
        examples = self.solver.graph.examples
        return self.solver.formulas.spread(
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

    def bind(self, name: str, written: Written, shape: Shape, over: tuple[str, ...]) -> Number:
        """The value of a step's formula; later formulas may use it under that name."""
        tensor = self.evaluated(written, shape, over)
        if tensor is None:
            return None
        self.bound[name] = tensor
        self.env = self.env.bind({name: tensor})
        return self.listed(tensor)

    def known(self, name: str) -> bool:
        return name in self.bound

    def tensor(self, name: str) -> Tensor:
        """A bound value in floats. Raises Undefined where it is too large for one."""
        return rounded(self.bound[name])

    def lists(self, name: str) -> Number:
        return self.listed(self.bound[name]) if name in self.bound else None

    @staticmethod
    def close(one: Number, other: Number) -> bool:
        if one is None or other is None:
            return False
        if isinstance(one, int | float) and isinstance(other, int | float):
            return abs(one - other) <= 1e-8 * max(abs(one), abs(other)) + 1e-12
        import numpy as np

        first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
        return first.size == second.size and bool(
            np.allclose(first.ravel(), second.ravel(), rtol=1e-7, atol=1e-9)
        )
