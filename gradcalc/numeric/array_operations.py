"""Operations on whole arrays: products, reductions, indexing, rearrangements, on values with
named axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradcalc.language.parser import Call, Expr
from gradcalc.numeric.scalar_functions import Misfit, Undefined
from gradcalc.numeric.tensor import (
    Env,
    Tensor,
    checked,
    elementwise,
    expand,
    finish,
    located,
    ones,
    quiet,
    within_limit,
)
from gradcalc.ops import TABLE

Options = dict[str, Any]


def run(
    name: str, tensor: Tensor, data: Any, env: Env, expr: Expr, *more: Any, **options: Any
) -> Tensor:
    """The table's `value` of a structured operation on `data`, which has the named axes of
    `tensor` in front.
    """
    value = TABLE[name].value
    assert value is not None
    functions = env.numbers.arrays
    functions.tolerant = env.tolerant
    try:
        with quiet():
            result = value(functions, data, *more, **options)
    except Undefined as problem:
        raise located(problem, expr) from None
    return finish(checked(result, env, expr, lambda place: "the result overflows"), tensor.over)


def array(tensor: Tensor, env: Env) -> Any:
    """The data of a tensor as an array of the current precision."""
    return env.numbers.arrays.array(tensor.data)


def broadcast_to_index(tensor: Tensor, name: str, env: Env) -> Tensor:
    """The same value for every value of an index it does not depend on."""
    import numpy as np

    if name in tensor.over:
        return tensor
    over = env.order(tensor.over, (name,))
    data = (
        expand(Tensor(array(tensor, env), tensor.over), over, tensor.rank)
        if not tensor.plain
        else array(tensor, env).reshape((1,) * len(over))
    )
    shape = list(data.shape)
    shape[over.index(name)] = env.indices[name]
    return Tensor(np.broadcast_to(data, shape), over)


def axes_of(rank: int, axis: Any) -> tuple[int, ...]:
    """Axes counted from the end; all of them where none is named. Raises Undefined for one that
    is not there.
    """
    if axis is None:
        return tuple(range(-rank, 0))
    chosen = axis if isinstance(axis, tuple) else (axis,)
    for k in chosen:
        if not -rank <= k < rank:
            raise Misfit(f"there is no axis {k} in an array with {rank}")
    return tuple(sorted(k - rank if k >= 0 else k for k in chosen))


def reduction(func: str, tensor: Tensor, options: Options, env: Env, expr: Expr) -> Tensor:
    """sum, mean, var, prod, max, min, norm, logsumexp with axis, keepdims, ord, ddof."""
    options = dict(options)
    if tensor.rank == 0:
        if func == "norm":
            return elementwise("abs", [tensor], env, expr)
        return tensor if func != "var" else finish(0 * tensor.data, tensor.over)
    data = array(tensor, env)
    axis = options.pop("axis", None)
    keep = bool(options.pop("keepdims", False))
    if func == "logsumexp" and axis is None and tensor.rank > 1:
        argument = expr.args[0] if isinstance(expr, Call) else expr
        axis = (-2, -1) if tensor.rank == 2 and any(ones(tensor, argument, env)) else -1
    axes = axes_of(tensor.rank, axis)
    if env.watch is not None:
        kept = run(func, tensor, data, env, expr, axis=axes, keepdims=True, **options)
        if func == "norm" and options.get("ord", 2) != 2:  # made of |x|, and of their largest
            sizes = elementwise("abs", [tensor], env, expr)
            if options["ord"] == math.inf:
                env.watch("max", expr, [sizes, kept])
        else:
            env.watch(func, expr, [tensor, kept])
    return run(func, tensor, data, env, expr, axis=axes, keepdims=keep, **options)


def transpose(tensor: Tensor, env: Env) -> Tensor:
    """NumPy's: the positional axes in reverse."""
    import numpy as np

    if tensor.rank < 2:
        return tensor
    first = len(tensor.over)
    total = first + tensor.rank
    return Tensor(
        np.transpose(tensor.data, [*range(first), *reversed(range(first, total))]), tensor.over
    )


def matmul(left: Tensor, right: Tensor, env: Env, expr: Expr) -> Tensor:
    """NumPy's `@`: a vector is a row on the left and a column on the right."""
    import numpy as np

    if left.rank == 0 or right.rank == 0:
        raise located(Misfit("@ needs arrays on both sides"), expr)
    over = env.order(left.over, right.over)
    a, b = array(left, env), array(right, env)
    if left.rank == 1:
        a = a[..., None, :]
    if right.rank == 1:
        b = b[..., :, None]
    if a.shape[-1] != b.shape[-2]:
        raise located(Misfit(f"shapes {left.shape} and {right.shape} do not conform"), expr)
    rank = max(a.ndim - len(left.over), b.ndim - len(right.over))
    a, b = expand(Tensor(a, left.over), over, rank), expand(Tensor(b, right.over), over, rank)
    if a.size * b.size > env.numbers.limit:
        within_limit(
            math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2])) * a.shape[-2] * b.shape[-1],
            env,
        )
    result = run("matmul", Tensor(None, over), a, env, expr, b)
    data = result.data
    if left.rank == 1:
        data = data[..., 0, :]
    if right.rank == 1:
        data = data[..., 0]
    return finish(data, over)


def aligned(tensors: list[Tensor], env: Env) -> tuple[list[Any], tuple[str, ...]]:
    """The arrays with the same named axes in front, broadcast over them; positional axes as they
    are.
    """
    import numpy as np

    over = env.order(*(tensor.over for tensor in tensors))
    arrays = []
    for tensor in tensors:
        data = array(tensor, env)
        arrays.append(
            expand(Tensor(data, tensor.over), over, tensor.rank)
            if data.ndim
            else data.reshape((1,) * len(over))
        )
    named = np.broadcast_shapes(*(data.shape[: len(over)] for data in arrays))
    return [np.broadcast_to(data, named + data.shape[len(over) :]) for data in arrays], over


def vector(items: list[Tensor], env: Env) -> Tensor:
    """[a, b]: a new first positional axis."""
    import numpy as np

    arrays, over = aligned(items, env)
    try:
        shape = np.broadcast_shapes(*(data.shape for data in arrays))
    except ValueError:
        raise Misfit("the parts of a vector have different shapes") from None
    return Tensor(np.stack([np.broadcast_to(data, shape) for data in arrays], axis=len(over)), over)


def getitem(base: Tensor, items: list[Tensor | slice], env: Env) -> Tensor:
    """`base[items]` as NumPy reads it, where an index or a per-example integer picks one entry
    for each of its values.
    """
    import numpy as np

    if len(items) > base.rank:
        raise Misfit(f"{len(items)} indices for an array with {base.rank} axes")
    data = array(base, env)
    first, count = len(base.over), base.rank
    if all(isinstance(item, slice) or (item.plain and not item.over) for item in items):
        chosen = [
            item if isinstance(item, slice) else _whole(item, data.shape[first + k])
            for k, item in enumerate(items)
        ]
        return finish(data[(slice(None),) * first + tuple(chosen)], base.over)
    picks = {k: item for k, item in enumerate(items) if not isinstance(item, slice)}
    gathering = any(item.rank for item in picks.values())
    # A plain integer among index arrays takes part in NumPy's rule on where the new axes go; alone
    # it just drops its axis.
    over = env.order(base.over, *(item.over for item in picks.values()))
    paired = [name for name in base.over if any(name in item.over for item in picks.values())]
    named = env.order(*(item.over for item in picks.values()))
    depth = max(item.rank for item in picks.values())
    sizes = {**env.indices, **dict(zip(base.over, data.shape, strict=False))}
    for item in picks.values():
        sizes.update(zip(item.over, np.shape(item.data), strict=False))

    def shaped(values: Any, item_over: tuple[str, ...]) -> Any:
        return (
            expand(Tensor(np.asarray(values), item_over), named, depth)
            if np.ndim(values)
            else np.asarray(values)
        )

    advanced = [shaped(np.arange(sizes[name]), (name,)) for name in paired]
    beyond = {k: _beyond(item, data.shape[first + k], env) for k, item in picks.items()}
    advanced += [
        shaped(_whole(_held(item, beyond[k]), data.shape[first + k]), item.over)
        for k, item in picks.items()
    ]
    slices = [item if isinstance(item, slice) else slice(None) for item in items]
    data = data[(slice(None),) * first + tuple(slices)]
    front = [base.over.index(name) for name in paired] + [first + k for k in picks]
    free = [k for k in range(first) if base.over[k] not in paired]
    rest = [first + k for k in range(count) if k not in picks]
    result = np.transpose(data, front + free + rest)[tuple(advanced)]
    full = tuple(sizes[name] for name in named)
    gathered = np.broadcast_shapes(*(np.shape(a) for a in advanced))
    result = np.broadcast_to(result, full + gathered[len(named) :] + result.shape[len(gathered) :])
    for k, outside in beyond.items():
        if outside is not None:
            lost = np.asarray(shaped(outside, picks[k].over))
            lost = lost.reshape(*lost.shape, *(1,) * (result.ndim - lost.ndim))
            result = np.where(lost, env.numbers.scalar.nan, result)
    # Axes now: named, gathered (depth), free named, remaining positional.
    positions = sorted(picks)
    together = positions == list(range(positions[0], positions[-1] + 1))
    before = sum(1 for k in range(positions[0]) if k not in picks) if gathering and together else 0
    at = {name: k for k, name in enumerate(named)}
    at.update({base.over[k]: len(named) + depth + n for n, k in enumerate(free)})
    tail = len(named) + depth + len(free)
    places = [at[name] for name in over]
    places += range(tail, tail + before)
    places += range(len(named), len(named) + depth)
    places += range(tail + before, tail + len(rest))
    return finish(np.transpose(result, places), over)


def _beyond(item: Tensor, length: int, env: Env) -> Any:
    """Which places lie outside the axis, where that is allowed for a condition may forbid them."""
    import numpy as np

    if env.tolerant is None or item.plain:
        return None
    values = np.asarray(item.data, dtype=float)
    outside = (values < 0) | (values >= length)
    if not outside.any():
        return None
    wrong = int(values[outside].flat[0])
    env.tolerant.append(Misfit(f"index {wrong} is out of range for {length} entries"))
    return outside


def _held(item: Tensor, outside: Any) -> Tensor:
    """The places with 0 for those outside."""
    import numpy as np

    return item if outside is None else Tensor(np.where(outside, 0, item.data), item.over)


def _whole(item: Tensor, length: int) -> Any:
    """Integers within 0 … length - 1; a plain number may count from the end. Raises Undefined
    for others.
    """
    import numpy as np

    if item.plain:
        value = float(item.data)
        if not value.is_integer():
            raise Undefined(f"{value:g} is no index")
        number = int(value)
        if not -length <= number < length:
            raise Misfit(f"index {number} is out of range for {length} entries")
        return number
    values = np.asarray(item.data, dtype=float)
    if not (np.isfinite(values) & (values == np.rint(values))).all():
        raise Undefined("an index is not an integer")
    whole = values.astype(int)
    if ((whole < 0) | (whole >= length)).any():
        wrong = int(whole[(whole < 0) | (whole >= length)][0])
        raise Misfit(f"index {wrong} is out of range for {length} entries")
    return whole


def _vectors(tensor: Tensor, env: Env) -> Any:
    """A vector, row, column or any array, flattened to one positional axis."""
    data = array(tensor, env)
    return data.reshape(*data.shape[: len(tensor.over)], -1)


def _dot(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    """Of two vectors or two columns a number, of matrices their product."""
    a, b = arguments
    if a.shape == b.shape and (a.rank == 1 or (a.rank == 2 and any(ones(a, expr.args[0], env)))):
        return _two_vectors("dot")(arguments, options, env, expr)
    return matmul(a, b, env, expr)


def _two_vectors(name: str) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        a, b = arguments
        over = env.order(a.over, b.over)
        left, right = (expand(Tensor(_vectors(t, env), t.over), over, 1) for t in (a, b))
        within_limit(left.size * right.size if name == "outer" else 0, env)
        return run(name, Tensor(None, over), left, env, expr, right)

    return call


def _kron(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    a, b = arguments
    over = env.order(a.over, b.over)
    flat = a.rank < 2 and b.rank < 2
    arrays = []
    for tensor in arguments:
        data = array(tensor, env)
        missing = 2 - tensor.rank
        data = data.reshape(*data.shape[: len(tensor.over)], *(1,) * missing, *tensor.shape)
        arrays.append(expand(Tensor(data, tensor.over), over, 2))
    within_limit(arrays[0].size * arrays[1].size, env)
    result = run("kron", Tensor(None, over), arrays[0], env, expr, arrays[1])
    return finish(result.data[..., 0, :], over) if flat else result


def _square(name: str) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        tensor = arguments[0]
        if tensor.rank == 0:
            if name == "inv":
                raise Misfit("inv needs a matrix")
            tensor = Tensor(
                array(tensor, env).reshape(*getattr(tensor.data, "shape", ()), 1, 1), tensor.over
            )
        if tensor.rank < 2 or tensor.shape[-1] != tensor.shape[-2]:
            raise Misfit(f"{name} needs a square matrix")
        more = [_size(argument) for argument in arguments[1:]]
        return run(name, tensor, array(tensor, env), env, expr, *more)

    return call


def _size(tensor: Tensor) -> int:
    number = integer(tensor.data) if tensor.plain else None
    if number is None:
        raise Undefined("a size is a whole number")
    return number


def integer(number: Any) -> int | None:
    """A number as an integer, where it is one exactly: an enclosure that is wider is none."""
    value = float(number)
    return int(value) if value.is_integer() and number == int(value) else None


def _softmax(name: str) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        tensor = arguments[0]
        if tensor.rank == 0:
            raise Misfit(f"{name} needs an array")
        axis = options.get("axis")
        if axis is None:
            column = tensor.rank == 2 and ones(tensor, expr.args[0], env)[1]
            axis = -2 if column else -1
        return run(name, tensor, array(tensor, env), env, expr, axis=axes_of(tensor.rank, axis)[0])

    return call


def _cumsum(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    tensor = arguments[0]
    if options.get("axis") is None and tensor.rank > 1 and not any(ones(tensor, expr.args[0], env)):
        raise Misfit("cumsum of a matrix needs an axis")
    return _softmax("cumsum")(arguments, options, env, expr)


def _triangle(name: str) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        tensor = arguments[0]
        if tensor.rank != 2:
            raise Misfit(f"{name} needs a matrix")
        more = [int(argument.data) for argument in arguments[1:]]
        return run(name, tensor, array(tensor, env), env, expr, *more)

    return call


def _correlate(name: str, rank: int) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        x, k = arguments
        fits = x.rank == k.rank == rank and all(
            m <= n for n, m in zip(x.shape, k.shape, strict=True)
        )
        if not fits:
            raise Misfit(f"shapes {x.shape} and {k.shape} do not fit {name}")
        over = env.order(x.over, k.over)
        left, right = (expand(Tensor(array(t, env), t.over), over, rank) for t in (x, k))
        within_limit(left.size * right.size, env)
        return run(name, Tensor(None, over), left, env, expr, right)

    return call


def _diag(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    """A vector, row or column makes a diagonal matrix; a square matrix gives its diagonal."""
    tensor = arguments[0]
    if tensor.rank == 2 and not any(ones(tensor, expr.args[0], env)):
        return finish(env.numbers.arrays.diagonal(array(tensor, env)), tensor.over)
    vectors = _vectors(tensor, env)
    within_limit(vectors.size * vectors.shape[-1], env)
    return run("diag", tensor, vectors, env, expr)


def _vec(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    tensor = arguments[0]
    return tensor if tensor.rank < 2 else run("vec", tensor, array(tensor, env), env, expr)


def _concat(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    import numpy as np

    arrays, over = aligned(arguments, env)
    arrays = [data[..., None] if data.ndim == len(over) else data for data in arrays]
    axis = options.get("axis", 0)
    rank = arrays[0].ndim - len(over)
    axes_of(rank, axis)
    try:
        return Tensor(np.concatenate(arrays, axis=axis + len(over) if axis >= 0 else axis), over)
    except ValueError:
        raise Misfit(
            "shapes " + ", ".join(str(t.shape) for t in arguments) + " cannot be joined"
        ) from None


def _stack(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
    return vector(arguments, env)


def _made(name: str) -> Callable[..., Tensor]:
    def call(arguments: list[Tensor], options: Options, env: Env, expr: Call) -> Tensor:
        sizes = [_size(argument) for argument in arguments]
        within_limit(math.prod(sizes) ** (2 if name == "eye" else 1), env)
        value = TABLE[name].value
        assert value is not None
        return finish(value(env.numbers.arrays, *sizes), ())

    return call


CALLS: Mapping[str, Callable[[list[Tensor], Options, Env, Call], Tensor]] = {
    "outer": _two_vectors("outer"),
    "dot": _dot,
    "kron": _kron,
    "tr": _square("tr"),
    "det": _square("det"),
    "logdet": _square("logdet"),
    "inv": _square("inv"),
    "matrix_power": _square("matrix_power"),
    "softmax": _softmax("softmax"),
    "log_softmax": _softmax("log_softmax"),
    "cumsum": _cumsum,
    "triu": _triangle("triu"),
    "tril": _triangle("tril"),
    "conv": _correlate("conv", 1),
    "conv2d": _correlate("conv2d", 2),
    "diag": _diag,
    "vec": _vec,
    "concat": _concat,
    "stack": _stack,
    "eye": _made("eye"),
    "ones": _made("ones"),
    "zeros": _made("zeros"),
}
