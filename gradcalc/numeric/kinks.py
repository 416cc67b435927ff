"""Points at which a computation is not smooth: where conventions are needed, or a derivative is missing.

relu(0), abs(0), ties of max and the like have a derivative by convention (slug "kink"); where the branches of `where`
do not meet there is none (slug "jump"), and none that the chain rule finds where a root is taken of 0 (slug "root"),
or where a branch holds at that point alone, as in where(x == 0, 5x, x^2) (slug "point").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcalc.graph.model import Graph
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Binary, Call, Compare, Expr, names, unparse
from gradcalc.numeric.forward import Forward, Point, define
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.numeric.tensor import Tensor, expand
from gradcalc.ops import COMPARISONS, SCALAR, TABLE

EXACTLY = 1e-14  # how near to a kink a float may be that lies on it


@dataclass(frozen=True, slots=True)
class Kink:
    """One place where the definition of `quantity` is not smooth; `slug` is "kink", "jump", "root" or "point".

    on: the names that it is about; it matters to derivatives by what they are made from alone
    """

    quantity: str
    slug: str
    message: str
    on: frozenset[str] = frozenset()


class Watcher:
    """Shown every operation of a definition, it notes the entries that lie within `near` of a kink."""

    def __init__(self, graph: Graph, near: float) -> None:
        self.graph, self.near = graph, near
        self.quantity = ""
        self.found: list[Kink] = []
        self._boundary: dict[int, Any] = {}

    def __call__(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        if name in COMPARISONS and isinstance(expr, Compare) and self._real(expr):
            self._boundary[id(expr)] = self._close(operands[0], operands[1])
        elif name == "where" and isinstance(expr, Call):
            self._where(expr, operands)
        elif name in ("max", "min", "norm"):
            self._reduction(name, expr, operands)
        elif name in ("sqrt", "pow"):
            self._root(expr, operands)
        elif name in TABLE and TABLE[name].smooth:
            self._operand(name, expr, operands)

    def _real(self, expr: Compare) -> bool:
        """Whether anything that can vary smoothly is compared."""
        graph = self.graph
        return any(name in graph.names and name not in graph.integers for name in names(expr))

    def _note(self, slug: str, message: str, on: frozenset[str] = frozenset()) -> None:
        kink = Kink(self.quantity, slug, message, on)
        if kink not in self.found:
            self.found.append(kink)

    def _close(self, x: Tensor, y: Tensor | None) -> Any:
        """Which entries of x are 0, or equal to those of y; `near` is relative to their size."""
        if x.plain and (y is None or y.plain):
            scale = max(1.0, abs(float(y.data))) if y is not None else 1.0
            return abs(float(x.data - (y.data if y is not None else 0))) <= self.near * scale
        import numpy as np

        if y is None:
            return np.abs(np.asarray(x.data, dtype=float)) <= self.near
        over = tuple(dict.fromkeys((*x.over, *y.over)))
        rank = max(x.rank, y.rank)
        if x.over and y.over and x.over != y.over:
            over = tuple(name for name in self.graph.indices if name in over)
        left, right = (np.asarray(expand(t, over, rank), dtype=float) for t in (x, y))
        return np.abs(left - right) <= self.near * np.maximum(1.0, np.abs(right))

    def _operand(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        op = TABLE[name]
        tie = "!= y" in op.smooth
        close = self._close(operands[0], operands[1] if tie else None)
        if not _any(close):
            return
        args = expr.args if isinstance(expr, Call) else ()
        if tie:
            *most, last = map(unparse, args) if args else ("the operands",)
            what = f"{', '.join(most)} and {last}" if most else last
            pairs = ", two by two" if len(most) > 1 else ""  # max(x, y, z) is max(max(x, y), z)
            self._note(
                "kink", f"{what} are equal: {op.convention}{pairs}, by convention", _on(args)
            )
        else:
            what = _entries(unparse(args[0]) if args else "the operand", close, operands[0])
            self._note("kink", f"{what} 0: {op.convention} by convention", _on(args))

    def _root(self, expr: Expr, operands: list[Tensor]) -> None:
        """A power between 0 and 1 of 0: |x| as sqrt(x^2) has a formula for its slope, sign(x), but no slope at 0."""
        if isinstance(expr, Call):
            base = expr.args[0]
        elif isinstance(expr, Binary) and operands[1].plain and 0 < float(operands[1].data) < 1:
            base = expr.left
        else:
            return
        if self.near <= EXACTLY and _any(self._close(operands[0], None)):
            message = f"the root of 0 has an infinite derivative (in `{unparse(expr)}`)"
            self._note("root", message, _on((base,)))

    def _reduction(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        import numpy as np

        array, kept = (np.asarray(operand.data, dtype=float) for operand in operands)
        argument = unparse(expr.args[0]) if isinstance(expr, Call) else "the operand"
        if name == "norm":
            if (kept <= self.near).any():
                self._note(
                    "kink",
                    f"norm({argument}) is 0: its derivative there is 0 by convention",
                    _on((expr,)),
                )
            return
        axes = tuple(
            k for k, (n, one) in enumerate(zip(array.shape, kept.shape, strict=True)) if n != one
        )
        ties = (np.abs(array - kept) <= self.near * np.maximum(1.0, np.abs(kept))).sum(axis=axes)
        if axes and (ties > 1).any():
            message = f"entries of {argument} tie: {TABLE[SCALAR[name]].convention}, by convention"
            self._note("kink", message, _on((expr,)))

    def _where(self, expr: Call, operands: list[Tensor]) -> None:
        condition = expr.args[0]
        close = self._boundary.get(id(condition))
        if close is None or not _any(close):
            return
        assert isinstance(condition, Compare)
        meeting = f"{unparse(condition.left)} is {unparse(condition.right)}"
        _, yes, no = operands
        if yes.plain and no.plain:
            gap = bool(
                abs(float(yes.data - no.data))
                > max(self.near, 1e-12) * max(1.0, abs(float(yes.data)))
            )
        else:
            import numpy as np

            over = tuple(
                name
                for name in self.graph.indices
                if name in (*yes.over, *no.over, *operands[0].over)
            )
            rank = max(operand.rank for operand in operands)
            left, right, mask = (
                expand(t, over, rank)
                for t in (yes, no, replace(operands[0], data=np.asarray(close)))
            )
            difference = np.abs(np.asarray(left, dtype=float) - np.asarray(right, dtype=float))
            gap = bool((difference * np.asarray(mask, dtype=float) > max(self.near, 1e-12)).any())
        if condition.op in (
            "==",
            "!=",
        ):  # with a gap it is a label that is compared, which is not varied
            if not gap:
                message = f"{meeting}: a branch of {unparse(expr)} that holds at one point has no derivative there"
                self._note("point", message, _on((condition,)))
        elif gap:
            self._note(
                "jump", f"{meeting}, where {unparse(expr)} jumps: it has no derivative there"
            )
        else:
            message = (
                f"{meeting}: the derivative is that of the branch that is taken, by convention"
            )
            self._note("kink", message, _on((condition,)))


def _on(parts: Sequence[Expr]) -> frozenset[str]:
    return frozenset(name for part in parts for name in names(part))


def _any(close: Any) -> bool:
    return bool(close.any()) if hasattr(close, "any") else bool(close)


def _entries(text: str, close: Any, tensor: Tensor) -> str:
    """`z is`, `z[2] is` or `3 entries of z are`."""
    if not hasattr(close, "any") or tensor.plain:
        return f"{text} is"
    import numpy as np

    places = np.argwhere(close)
    if len(places) > 1:
        return f"{len(places)} entries of {text} are"
    place = [int(k) for k in places[0]]
    entry = place[len(tensor.over) :]
    if tensor.rank == 2 and tensor.shape[1] == 1:
        entry.pop()
    text += f"[{', '.join(map(str, entry))}]" if entry else ""
    named = ", ".join(f"{name} = {k}" for name, k in zip(tensor.over, place, strict=False))
    return f"{text} (at {named}) is" if named else f"{text} is"


def places(values: Forward, near: float | None = None) -> list[Kink]:
    """The kinks at a point, in the order of the computation. `near`: how close counts, by default exactly."""
    digits = 30 if values.precise else 16
    env = values.env(digits)
    watcher = Watcher(
        values.graph, near if near is not None else 1e-20 if values.precise else EXACTLY
    )
    watched = replace(env, watch=watcher)
    for name in values.graph.quantities:
        watcher.quantity = name
        try:
            define(values.definitions[name], watched)
        except Undefined:
            continue
    return watcher.found


def kinks(graph: Graph, point: Point) -> list[Problem]:
    """A warning for every kink at the point, naming the convention; slug "jump" where there is no derivative."""
    found = places(Forward(graph, point))
    return [
        Problem(kink.slug, kink.message) for kink in found if kink.slug not in ("root", "point")
    ]
