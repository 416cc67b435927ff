"""On which sides of its pieces a computation is: of a relu, a `where`, a maximum of two."""

from __future__ import annotations

from typing import Any

from gradcalc.graph.model import Graph
from gradcalc.language.parser import Expr, unparse
from gradcalc.numeric.kinks import Watcher
from gradcalc.numeric.precision import Numbers
from gradcalc.numeric.tensor import Tensor
from gradcalc.ops import COMPARISONS, TABLE


class Sides(Watcher):
    """Notes kinks as `Watcher` does, and beside them which sides are met: (what, sign)."""

    def __init__(self, graph: Graph, numbers: Numbers) -> None:
        super().__init__(graph, numbers)
        self._met: set[tuple[str, int]] = set()

    @property
    def met(self) -> frozenset[tuple[str, int]]:
        """The sides that were met."""
        return frozenset(self._met)

    def __call__(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        super().__call__(name, expr, operands)
        if name == "where":
            self._conditions(expr, operands[0])
        elif name not in COMPARISONS and name in TABLE and TABLE[name].smooth:
            tie = "!= y" in TABLE[name].smooth and len(operands) > 1
            self._signs(expr, operands[0], operands[1] if tie else None)

    def _conditions(self, expr: Expr, condition: Tensor) -> None:
        for value in _flat(condition.data):
            self._met.add((unparse(expr), 1 if value else -1))

    def _signs(self, expr: Expr, x: Tensor, y: Tensor | None) -> None:
        import numpy as np

        try:
            data = x.data if y is None else np.asarray(x.data) - np.asarray(y.data)
        except ValueError:
            return
        for value in _flat(data):
            sign = self.numbers.scalar.sign_of(value)
            if sign:
                self._met.add((unparse(expr), sign))


def _flat(data: Any) -> list[Any]:
    return list(data.reshape(-1)) if hasattr(data, "reshape") else [data]
