"""Values with named and positional axes, the names they are looked up in, and elementwise
application.

A `Tensor` over ("i", "j") has one array of positional axes for every i and j: `data` has shape (i,
j, *positional). A perturbation of an input is nothing but one more named axis, `BATCH`, so the
oracle recomputes for hundreds of perturbations in one pass. A single number is kept as a plain
number: scalar exercises need no NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from gradcalc.exercise.model import Function
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.named_formulas import Named
from gradcalc.language.parser import Expr, unparse
from gradcalc.language.shape_rules import Shape, ShapeError, shape_of
from gradcalc.language.tree import occurrences
from gradcalc.numeric.precision import Numbers
from gradcalc.numeric.scalar_functions import Misfit, TooLarge, Undefined, Unknown
from gradcalc.ops import TABLE

BATCH = "*"
TRIES = "+"  # an axis of other values of all inputs, first among the indices; no index is called so


@dataclass(frozen=True, slots=True)
class Tensor:
    """`data`: a number or an array of shape (*over, *positional)."""

    data: Any
    over: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The positional axes."""
        return tuple(getattr(self.data, "shape", ()))[len(self.over) :]

    @property
    def rank(self) -> int:
        return getattr(self.data, "ndim", 0) - len(self.over)

    @property
    def plain(self) -> bool:
        """A single number."""
        return getattr(self.data, "ndim", 0) == 0

    def size(self, index: str) -> int:
        return int(self.data.shape[self.over.index(index)])


class Layered(Mapping[str, Any]):
    """A mapping with some entries in place of those of another one, which is not copied. What is
    `HIDDEN` is not there.
    """

    __slots__ = ("base", "top")

    def __init__(self, base: Mapping[str, Any], top: dict[str, Any]) -> None:
        self.base, self.top = base, top

    def __getitem__(self, name: str) -> Any:
        if name not in self.top:
            return self.base[name]
        if (found := self.top[name]) is HIDDEN:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return self.top[name] is not HIDDEN if name in self.top else name in self.base

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self.base if name not in self.top)
        yield from (name for name, found in self.top.items() if found is not HIDDEN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


HIDDEN = object()


def layered(base: Mapping[str, Any], top: Mapping[str, Any]) -> Layered:
    """`base` with the entries of `top` in place of its own; one layer, however often it is done."""
    if isinstance(base, Layered):
        return Layered(base.base, {**base.top, **top})
    return Layered(base, dict(top))


# Called at a point where an operation is not smooth: (operation, the expression, its operands,
# where).
Watch = Callable[[str, Expr, list[Tensor]], None]


class Kept:
    """The values of named formulas in one environment, None of those that have none there. They are
    good as long as names mean the same: see `of`.
    """

    def __init__(self) -> None:
        self._env: Env | None = None
        self._found: dict[Any, dict[Named, tuple[Tensor, Shape | None] | None]] = {}

    def of(self, env: Env, before: Any) -> dict[Named, tuple[Tensor, Shape | None] | None]:
        """What was found in an environment, behind the same formulas that come `before`; what is
        found is to be entered.
        """
        known = self._env
        same = known is not None and (
            known.values is env.values
            and known.indices is env.indices
            and known.numbers is env.numbers
            and known.shapes is env.shapes
            and known.tolerant is env.tolerant
        )
        if not same:
            self._env, self._found = env, {}
        return self._found.setdefault(before, {})


@dataclass(frozen=True, slots=True)
class Env:
    """What names mean.

    values     inputs, quantities, upstream gradients
    indices    named indices and their sizes, in the order in which they stand as axes
    examples   those indices that run over examples
    stand_in   unknown functions are computed as shifted sines, to check formulas with g'(z) in them
    frozen     what `stop_gradient` looks at while an input is being perturbed
    tolerant   collects what is undefined instead of raising, for branches that may not be taken
    watch      is shown every operation that is not smooth everywhere
    norms      quantities that are norms: x/norm(x) is 0 where x is 0, by convention
    lacking    quantities without a value, with what was wrong
    shapes     declared shapes of names, which tell an axis of one from a size that happens to be 1
    kept       values of named formulas that were found in this environment
    constants  numbers without a name in them, such as sqrt(2), each computed once: the same ball is
               equal to itself, which two balls of one number are never known to be
    brackets   a condition that does not hold makes a product 0, whatever its other factors are
    """

    numbers: Numbers
    values: Mapping[str, Tensor]
    sizes: Mapping[str, int] = field(default_factory=dict)
    indices: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    stacks: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()
    stand_in: bool = False
    frozen: Env | None = None
    tolerant: list[Undefined] | None = None
    watch: Watch | None = None
    norms: frozenset[str] = frozenset()
    lacking: Mapping[str, Undefined] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    kept: Kept | None = field(default=None, compare=False, repr=False)
    constants: dict[Expr, Any] = field(default_factory=dict)
    brackets: bool = False

    def value(self, name: str) -> Tensor:
        """Of an input or a quantity. Raises Undefined where it has none in these numbers."""
        if name not in self.values:
            raise self.lacking.get(name) or Unknown(f"{name} has no value")
        return self.values[name]

    def bind(self, values: Mapping[str, Tensor]) -> Env:
        """The same with more values; they shadow those of the same name."""
        return replace(self, values=layered(self.values, values))

    def order(self, *overs: tuple[str, ...]) -> tuple[str, ...]:
        """The union of several index lists in the order of the axes."""
        found = {name for over in overs for name in over}
        if not found:
            return ()
        first = (BATCH,) if BATCH in found else ()
        return first + tuple(name for name in self.indices if name in found)


def ones(tensor: Tensor, expr: Expr, env: Env) -> tuple[bool, ...]:
    """Which positional axes of an expression's value are 1 by declaration: by number, where
    nothing is declared.
    """
    counted = tuple(n == 1 for n in tensor.shape)
    if not any(counted) or not any(size == 1 for size in env.sizes.values()):
        return counted
    named = {name.id for name in occurrences(expr)}
    if any(
        name in env.values and env.values[name].rank and name not in env.shapes for name in named
    ):
        return counted
    try:
        declared = tuple(size.number == 1 for size in shape_of(expr, env.shapes))
    except (ShapeError, SpanError):
        return counted
    return declared if len(declared) == len(counted) else counted


def located(problem: Undefined, expr: Expr) -> Undefined:
    """The same problem with the step named, unless an inner step was named before."""
    if "(in `" in problem.message:
        return problem
    text = unparse(expr)
    if len(text) > 80:
        text = text[:77] + "…"
    return type(problem)(f"{problem.message} (in `{text}`)")


def expand(tensor: Tensor, over: tuple[str, ...], rank: int) -> Any:
    """Its data with axes of length 1 put in, so that it broadcasts against others over `over` of
    that rank.
    """
    data = tensor.data
    if getattr(data, "ndim", 0) == 0:
        return data
    if tensor.over == over and data.ndim == len(over) + rank:
        return data
    sizes = dict(zip(tensor.over, data.shape, strict=False))
    named = [sizes.get(name, 1) for name in over]
    return data.reshape(*named, *(1,) * (rank - tensor.rank), *data.shape[len(tensor.over) :])


def within_limit(entries: int, env: Env) -> None:
    """Raises TooLarge before an array is made that would fill the memory."""
    if entries > env.numbers.limit:
        raise TooLarge(f"an array of {entries:,} entries is too large")


def quiet() -> Any:
    """NumPy's warnings off: what is not finite is found and named afterwards."""
    import numpy as np

    return np.errstate(all="ignore")


def finish(data: Any, over: tuple[str, ...]) -> Tensor:
    """A tensor, single numbers unwrapped."""
    return Tensor(
        data if getattr(data, "ndim", 0) else data[()] if hasattr(data, "dtype") else data, over
    )


def elementwise(
    name: str,
    operands: list[Tensor],
    env: Env,
    expr: Expr,
    instead: Callable[..., Any] | None = None,
) -> Tensor:
    """The operation `name` of the table, entry by entry with broadcasting. Raises Undefined with
    step and value.

    `instead`: a function of (functions, *operands) in place of the table's `value`.
    """
    value = instead or TABLE[name].value
    assert value is not None
    if env.watch is not None:
        env.watch(name, expr, operands)
    if all(operand.plain for operand in operands):
        return Tensor(_single(value, [operand.data for operand in operands], env, expr))
    over = env.order(*(operand.over for operand in operands))
    rank = max(operand.rank for operand in operands)
    arrays = [expand(operand, over, rank) for operand in operands]
    functions = env.numbers.arrays
    functions.tolerant = env.tolerant
    noted = len(env.tolerant or ())
    try:
        if math.prod(getattr(array, "size", 1) for array in arrays) > env.numbers.limit:
            within_limit(math.prod(_broadcast(arrays)), env)
        with quiet():
            data = value(functions, *arrays)
    except Undefined as problem:
        raise located(problem, expr) from None
    except ValueError:
        shapes = " and ".join(
            "×".join(map(str, operand.shape)) or "a number" for operand in operands
        )
        raise located(Misfit(f"shapes {shapes} do not fit"), expr) from None
    if env.tolerant:
        env.tolerant[noted:] = [located(problem, expr) for problem in env.tolerant[noted:]]
    data = checked(data, env, expr, lambda place: _message(value, arrays, place, env), arrays)
    return finish(data, over)


def _broadcast(arrays: list[Any]) -> tuple[int, ...]:
    import numpy as np

    return np.broadcast_shapes(*(np.shape(array) for array in arrays))


def _single(value: Callable[..., Any], operands: list[Any], env: Env, expr: Expr) -> Any:
    scalar = env.numbers.scalar
    try:
        return scalar.settled(value(scalar, *operands))
    except (Undefined, OverflowError) as problem:
        if env.tolerant and not all(
            operand is True or operand is False or scalar.finite(operand) for operand in operands
        ):
            return scalar.nan  # noted where it arose
        known = problem if isinstance(problem, Undefined) else Undefined("the result overflows")
        if env.tolerant is None:
            raise located(known, expr) from None
        env.tolerant.append(located(known, expr))
        return scalar.nan


def checked(
    data: Any,
    env: Env,
    expr: Expr,
    message: Callable[[tuple[int, ...]], str],
    operands: Sequence[Any] = (),
) -> Any:
    """`data` if every entry is finite. Else raises Undefined, or notes it where untaken branches
    are allowed; what comes of a lost entry of the operands, which broadcast to it, is noted
    already.
    """
    import numpy as np

    if env.numbers.exact:
        functions = env.numbers.arrays
        functions.tolerant = env.tolerant
        try:
            return functions.settled(data)
        except Undefined as found:
            raise located(found, expr) from None
    array = np.asarray(data)
    bad = ~np.isfinite(array)
    if array.dtype.kind == "b" or not bad.any():
        return data
    fresh = bad
    if env.tolerant:
        lost = (np.isnan(array) for array in map(np.asarray, operands) if array.dtype.kind == "f")
        fresh = bad & ~reduce(np.logical_or, lost, np.array(not operands))
    if fresh.any():
        place = tuple(int(k) for k in np.argwhere(fresh)[0])
        problem = located(Undefined(message(place)), expr)
        if env.tolerant is None:
            raise problem
        env.tolerant.append(problem)
    if array.dtype.kind == "f" and not np.isnan(array[bad]).all():
        data = np.where(bad, np.nan, array)  # an infinity must not hide behind 1/inf
    return data


def _message(value: Callable[..., Any], arrays: list[Any], place: tuple[int, ...], env: Env) -> str:
    """What the scalar functions say about the entry that went wrong."""
    import numpy as np

    shape = _broadcast(arrays)
    entries = [np.broadcast_to(array, shape)[place] for array in arrays]
    entries = [entry.item() if hasattr(entry, "item") else entry for entry in entries]
    try:
        value(env.numbers.scalar, *entries)
    except Undefined as problem:
        return problem.message
    except OverflowError:
        pass
    return "the result overflows"
