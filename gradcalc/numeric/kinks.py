"""Points at which a computation is not smooth: where conventions are needed, or a derivative is
missing.

relu(0), abs(0), ties of max and the like have a derivative by convention (slug "kink"); where the
branches of `where` do not meet there is none (slug "jump"), and none that the chain rule finds
where a root is taken of 0 (slug "root"), or where a branch holds at that point alone, as in where(x
== 0, 5x, x^2), or for one label (slug "point").

What is found here may be one: whether derivatives from the sides differ is for the oracle to say
(`Oracle.met`). A kink is met where the numbers are equal, or where no precision separates them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Call, Compare, Expr, Index, Num, names, unparse
from gradcalc.numeric.forward import Forward, define
from gradcalc.numeric.precision import FLOAT, Numbers
from gradcalc.numeric.scalar_functions import LADDER, Undefined
from gradcalc.numeric.tensor import Env, Tensor, expand, quiet
from gradcalc.ops import COMPARISONS, SCALAR, TABLE
from gradcalc.ops.entry import Op


@dataclass(frozen=True, slots=True)
class Kink:
    """One place where the definition of `quantity` may not be smooth; `slug` is "kink", "jump",
    "root" or "point".

    on: the names that it is about; it matters to derivatives by what they are made from alone
    """

    quantity: str
    slug: str
    message: str
    on: frozenset[str] = frozenset()


class Watcher:
    """Shown every operation of a definition, it notes the entries that lie on a kink, or within
    `near` of one.

    `unsure`: some of them are there only as far as this precision tells.
    """

    def __init__(self, graph: Graph, numbers: Numbers, near: float = 0.0) -> None:
        self.graph, self.numbers, self.near = graph, numbers, near
        self.quantity = ""
        self.found: list[Kink] = []
        self.unsure = False
        self._boundary: dict[int, Any] = {}

    def __call__(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        if name in COMPARISONS and isinstance(expr, Compare):
            close = self._close(operands[0], operands[1]) if self._real(expr) else None
            self._boundary[id(expr)] = close
        elif name == "where" and isinstance(expr, Call):
            self._where(expr, operands)
        elif name in ("max", "min", "norm"):
            self._reduction(name, expr, operands)
        elif name in ("sqrt", "pow"):
            self._root(expr, operands)
        elif name in TABLE and (TABLE[name].smooth or TABLE[name].smooth_twice):
            self._operand(name, expr, operands)
        elif name in TABLE and TABLE[name].cut:
            self._cut(TABLE[name], expr, operands)

    def _real(self, expr: Compare) -> bool:
        """Whether anything that can vary smoothly is compared."""
        graph = self.graph
        return any(name in graph.names and name not in graph.integers for name in names(expr))

    def _note(self, slug: str, message: str, on: frozenset[str] = frozenset()) -> None:
        kink = Kink(self.quantity, slug, message, on)
        if kink not in self.found:
            self.found.append(kink)

    def _meets(self, x: Any, y: Any) -> bool:
        """Are two numbers equal, or nearer than `near`, which is relative to their size?"""
        if not self.numbers.exact:
            return bool(abs(x - y) <= self.near * max(1.0, abs(y)))
        sign = self.numbers.scalar.sign_of(x - y)
        self.unsure = self.unsure or sign is None
        return not sign

    def _close(self, x: Tensor, y: Tensor | None) -> Any:
        """Which entries of x are 0, or equal to those of y."""
        if x.plain and (y is None or y.plain):
            return self._meets(x.data, y.data if y is not None else 0)
        import numpy as np

        if y is None and not self.numbers.exact:
            return np.abs(x.data) <= self.near
        if y is None:
            return np.frompyfunc(lambda a: self._meets(a, 0), 1, 1)(x.data).astype(bool)
        over, rank = self._over(x, y), max(x.rank, y.rank)
        left, right = (expand(t, over, rank) for t in (x, y))
        if not self.numbers.exact:
            return np.abs(left - right) <= self.near * np.maximum(1.0, np.abs(right))
        return np.asarray(np.frompyfunc(self._meets, 2, 1)(left, right)).astype(bool)

    def _over(self, *tensors: Tensor) -> tuple[str, ...]:
        found = {name for tensor in tensors for name in tensor.over}
        return tuple(name for name in self.graph.indices if name in found)

    def _operand(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        op = TABLE[name]
        args = expr.args if isinstance(expr, Call) else ()
        for clause in (op.smooth or op.smooth_twice).split(", "):
            other = clause.partition(" != ")[2]
            place = op.operands.index(other) if other in op.operands else None
            met = (args[0], args[place]) if place and len(op.operands) > 2 else args
            self._clause(op, met, operands[0], None if place is None else operands[place])

    def _clause(self, op: Op, args: Sequence[Expr], x: Tensor, y: Tensor | None) -> None:
        """One place where an operation is not smooth: x is 0, or equal to another operand."""
        close = self._close(x, y)
        if not _any(close):
            return
        if y is not None:
            *most, last = map(unparse, args) if args else ("the operands",)
            what = f"{', '.join(most)} and {last}" if most else last
            pairs = ", two by two" if len(most) > 1 else ""  # max(x, y, z) is max(max(x, y), z)
            self._note(
                "kink", f"{what} are equal: {op.convention}{pairs}, by convention", _on(args)
            )
        else:
            what = _entries(args[0] if args else None, close, x)
            self._note("kink", f"{what} 0: {op.convention} by convention", _on(args))

    def _cut(self, op: Op, expr: Expr, operands: list[Tensor]) -> None:
        """Where an operation jumps when its first operand varies: atan2(y, x) at y = 0, x < 0."""
        import numpy as np

        args = expr.args if isinstance(expr, Call) else ()
        met: Any = np.array(True)
        for clause, operand in zip(op.cut.split(", "), operands, strict=True):
            close = np.asarray(self._close(operand, None))
            below = np.asarray(np.frompyfunc(self._below, 1, 1)(np.asarray(operand.data)))
            met = met & (close if "==" in clause else ~close & below.astype(bool))
        if not self.near and _any(met):
            conditions = " and ".join(
                f"{unparse(arg)} is {'0' if '==' in clause else 'negative'}"
                for arg, clause in zip(args, op.cut.split(", "), strict=True)
            )
            message = f"{conditions}, where {unparse(expr)} jumps: it has no derivative there"
            self._note("jump", message, _on(args[:1]))

    def _below(self, x: Any) -> bool:
        """Is a number negative?"""
        return bool(x < 0) if not self.numbers.exact else self.numbers.scalar.sign_of(x) == -1

    def _root(self, expr: Expr, operands: list[Tensor]) -> None:
        """A power between 0 and 1 of 0: |x| as sqrt(x^2) has a formula for its slope, sign(x),
        but no slope at 0.
        """
        base = expr.args[0] if isinstance(expr, Call) else getattr(expr, "left", None)
        if base is None or self.near or (len(operands) > 1 and not _is_root(operands[1])):
            return
        if _any(self._close(operands[0], None)):
            message = f"the root of 0 has an infinite derivative (in `{unparse(expr)}`)"
            self._note("root", message, _on((base,)))

    def _reduction(self, name: str, expr: Expr, operands: list[Tensor]) -> None:
        import numpy as np

        array, kept = operands
        argument = unparse(expr.args[0]) if isinstance(expr, Call) else "the operand"
        if name == "norm":
            if _any(self._close(kept, None)):
                message = f"norm({argument}) is 0: its derivative there is 0 by convention"
                self._note("kink", message, _on((expr,)))
            return
        lengths = zip(np.shape(array.data), np.shape(kept.data), strict=True)
        axes = tuple(k for k, (n, one) in enumerate(lengths) if n != one)
        if axes and (self._close(array, kept).sum(axis=axes) > 1).any():
            message = f"entries of {argument} tie: {TABLE[SCALAR[name]].convention}, by convention"
            self._note("kink", message, _on((expr,)))

    def _where(self, expr: Call, operands: list[Tensor]) -> None:
        condition = expr.args[0]
        close = self._boundary.get(id(condition))
        if close is None or not _any(close):
            return
        assert isinstance(condition, Compare)
        meeting = f"{unparse(condition.left)} is {unparse(condition.right)}"
        gap = self._gap(close, operands, lambda a, b: not self._same(a, b))
        slug = "jump" if gap else "kink"
        point = condition.op in ("==", "!=")
        lost = self._gap(close, operands, lambda a, b: self._lost(a) or self._lost(b))
        if lost and not point:
            message = (
                f"{meeting}, where a branch of {unparse(expr)} is undefined: it has no derivative "
                "there"
            )
        elif gap:
            message = f"{meeting}, where {unparse(expr)} jumps: it has no derivative there"
        elif point:
            message = (
                f"{meeting}: a branch of {unparse(expr)} that holds at one point has no "
                "derivative there"
            )
        else:
            message = (
                f"{meeting}: the derivative is that of the branch that is taken, by convention"
            )
        self._note("point" if point else slug, message, _on((condition,)))

    def _gap(
        self, close: Any, operands: Sequence[Tensor], differ: Callable[[Any, Any], bool]
    ) -> bool:
        """Do the branches differ where the condition changes?"""
        condition, yes, no = operands
        if yes.plain and no.plain and not hasattr(close, "any"):
            return differ(yes.data, no.data)
        import numpy as np

        over = self._over(condition, yes, no)
        rank = max(operand.rank for operand in (condition, yes, no))
        mask = expand(replace(condition, data=np.asarray(close)), over, rank)
        left, right = (expand(t, over, rank) for t in (yes, no))
        found = np.frompyfunc(lambda m, a, b: bool(m) and differ(a, b), 3, 1)
        with quiet():
            return bool(np.asarray(found(mask, left, right)).astype(bool).any())

    def _lost(self, x: Any) -> bool:
        """Is a number none, for its branch is undefined?"""
        return not self.numbers.scalar.finite(x)

    def _same(self, x: Any, y: Any) -> bool:
        if self.numbers.exact:
            return not (self._lost(x) or self._lost(y)) and self._meets(x, y)
        return bool(abs(x - y) <= max(self.near, 1e-12) * max(1.0, abs(x)))


def _is_root(exponent: Tensor) -> bool:
    return exponent.plain and 0 < float(exponent.data) < 1


def _on(parts: Sequence[Expr]) -> frozenset[str]:
    return frozenset(name for part in parts for name in names(part))


def _any(close: Any) -> bool:
    return bool(close.any()) if hasattr(close, "any") else bool(close)


def _entries(expr: Expr | None, close: Any, tensor: Tensor) -> str:
    """`z is`, `z[2] is`, `(x - y)[2] is` or `3 entries of z are`."""
    text = unparse(expr) if expr is not None else "the operand"
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
    if entry and expr is not None:
        text = unparse(Index(expr, tuple(Num(Fraction(k)) for k in entry)))
    named = ", ".join(f"{name} = {k}" for name, k in zip(tensor.over, place, strict=False))
    return f"{text} (at {named}) is" if named else f"{text} is"


def places(values: Forward, near: float = 0.0) -> list[Kink]:
    """Where the computation at a point may not be smooth, in its order. `near`: how close
    counts, by default exactly.
    """
    if near or values.coarse:
        return _watched(values, values.env(FLOAT), near).found
    for bits in LADDER:
        with values.env(bits).numbers.working():
            watcher = _watched(values, values.env(bits), near)
        if not watcher.unsure:
            break
    return watcher.found


def _watched(values: Forward, env: Env, near: float) -> Watcher:
    watcher = Watcher(values.graph, env.numbers, near)
    watched = replace(env, watch=watcher)
    for name in values.graph.quantities:
        watcher.quantity = name
        try:
            define(values.definitions[name], watched)
        except Undefined:
            continue
    return watcher
