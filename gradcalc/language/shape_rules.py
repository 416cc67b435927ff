"""The shape of every operation's result from the shapes of its operands, and of an expression from
those of its names.

The table of operations says how: "elementwise" (broadcasting), "reduction" (axis, keepdims),
"same", a signature in the manner of einops ("n, m -> n m"; a column or row counts as a vector
there), or "own", for which the rule stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache

from gradcalc.language.constants import fraction, whole
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    unparse,
)
from gradcalc.language.size_expressions import size_of
from gradcalc.language.sizes import (
    ONE,
    Shape,
    ShapeError,
    Size,
    broadcast,
    product,
    quoted,
    show,
    stacked,
)
from gradcalc.ops import TABLE

__all__ = [
    "ONE", "PLAIN", "Options", "Shape", "ShapeError", "Size", "as_vector",
    "axes", "bound", "broadcast", "operands", "options", "parsed",
    "position", "product", "product_hint", "quoted",
    "rule", "shape_of", "show", "sliced", "stacked",
]  # fmt: skip

NUMPY = frozenset(
    ("sum", "mean", "prod", "var")
)  # whose second argument may be the axis, as in NumPy


@dataclass(frozen=True, slots=True)
class Options:
    """What stands behind the operands: axis (None: not given), keepdims, ord, ddof, and sizes
    (of eye, ones, zeros).
    """

    axis: tuple[int, ...] | None = None
    keepdims: bool = False
    ord: Expr | None = None
    ddof: int = 0
    sizes: Shape = ()


PLAIN = Options()


def options(call: Call) -> Options:
    """The options of a call. A number as second argument of `sum` is the axis, of `norm` the
    order, as in NumPy.
    """
    axis, keepdims, order, ddof = None, False, None, 0
    given = dict(call.kwargs)
    if len(call.args) == 2 and call.func in NUMPY | {"norm"} and fraction(call.args[1]) is not None:
        given.setdefault("ord" if call.func == "norm" else "axis", call.args[1])
    for word, value in given.items():
        if word == "axis":
            items = value.items if isinstance(value, Vector) else (value,)
            axis = (
                None if value == Name("None") else tuple(whole(item, "an axis") for item in items)
            )
        elif word == "keepdims":
            keepdims = value == Name("True")
        elif word == "ddof":
            ddof = whole(value, "ddof")
        else:
            order = value
    return Options(axis, keepdims, order, ddof)


def operands(call: Call, indices: Collection[str]) -> tuple[Expr, ...]:
    """The arguments that are arrays: without bound indices, the condition, and an axis or order
    given by position.
    """
    if bound(call, indices) or (
        len(call.args) == 2 and call.func in NUMPY | {"norm"} and fraction(call.args[1]) is not None
    ):
        return call.args[:1]
    op = TABLE.get(call.func)
    if op is not None and op.parameters and op.signature != "elementwise":
        return call.args[: len(op.operands) - len(op.parameters)]
    return call.args


def bound(
    call: Call, indices: Collection[str]
) -> tuple[tuple[str, ...], tuple[Compare, ...]] | None:
    """The named indices that `sum(e, j, k, condition)` runs over, and the conditions; None where
    it runs over none.
    """
    if call.func not in INDEXED or len(call.args) < 2:
        return None
    names: list[str] = []
    conditions: list[Compare] = []
    for arg in call.args[1:]:
        if isinstance(arg, Name) and arg.id in indices and not conditions:
            names.append(arg.id)
        elif isinstance(arg, Compare) and names:
            conditions.append(arg)
        else:
            return None
    return tuple(names), tuple(conditions)


INDEXED = frozenset(("sum", "mean", "prod", "max", "min", "logsumexp", "softmax", "log_softmax"))


def axes(func: str, shape: Shape, axis: tuple[int, ...] | None) -> tuple[int, ...]:
    """The axes an operation runs over, from 0 and ascending. softmax and its kin: the last, a
    column being a vector.
    """
    rank = len(shape)
    if axis is None:
        if func not in ("softmax", "log_softmax", "logsumexp", "cumsum"):
            return tuple(range(rank))
        if func == "cumsum" and rank > 1 and ONE not in shape:
            raise ShapeError("cumsum of a matrix needs an axis", "write axis=0 or axis=1")
        if rank == 0:
            raise ShapeError(f"{func} needs a vector, not a scalar")
        if rank == 2 and ONE in shape:
            return (
                (0, 1)
                if func == "logsumexp"
                else (0,)
                if shape[1] == ONE and shape[0] != ONE
                else (1,)
            )
        return (rank - 1,)
    for number in axis:
        if not -rank <= number < rank:
            raise ShapeError(f"there is no axis {number} in {show(shape)}", "axes count from 0")
    found = sorted({number % rank for number in axis})
    if len(found) < len(axis):
        raise ShapeError("an axis is given twice")
    return tuple(found)


def rule(func: str, shapes: Sequence[Shape], given: Options = PLAIN) -> Shape:
    """The shape of `func` applied to operands of these shapes. Raises ShapeError with the small
    fact that is wrong.
    """
    if func in OWN:
        return OWN[func](list(shapes), given)
    signature = TABLE[func].signature
    if signature == "elementwise":
        return broadcast(*shapes)
    if signature == "reduction":
        over = axes(func, shapes[0], given.axis)
        return tuple(
            ONE if place in over else size
            for place, size in enumerate(shapes[0])
            if given.keepdims or place not in over
        )
    if signature == "same":
        axes(func, shapes[0], given.axis)
        return shapes[0]
    return signed(func, signature, shapes)


@cache
def parsed(signature: str) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """ "n, m -> n m" as ((("n",), ("m",)), ("n", "m"))."""
    left, _, right = signature.partition("->")
    return tuple(tuple(part.split()) for part in left.split(",")), tuple(right.split())


def signed(func: str, signature: str, shapes: Sequence[Shape]) -> Shape:
    """The result under a signature such as "n n -> n n"."""
    inputs, output = parsed(signature)
    sizes: dict[str, Size] = {}
    for letters, shape in zip(inputs, shapes, strict=True):
        found = as_vector(shape) if len(letters) == 1 else shape
        if len(found) != len(letters):
            kind = (
                "a vector"
                if len(letters) == 1
                else "a square matrix"
                if len(set(letters)) == 1
                else "a matrix"
            )
            raise ShapeError(f"{func} takes {kind}")
        for letter, size in zip(letters, found, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(
                    f"{sizes[letter]} ≠ {size}",
                    f"{func} takes a square matrix" if len(inputs) == 1 else None,
                )
    return tuple(sizes[letter] for letter in output)


def as_vector(shape: Shape) -> Shape:
    """A column or row as the vector it holds; other shapes as they are."""
    if len(shape) == 2 and ONE in shape:
        return (shape[0] if shape[1] == ONE else shape[1],)
    return shape


def matmul(shapes: list[Shape], _: Options) -> Shape:
    """Of A @ B: [n, k] and [k, m] give [n, m]; a vector loses its axis. Raises ShapeError."""
    left, right = shapes
    if not left or not right:
        raise ShapeError("@ cannot multiply a scalar", "write * for a product with a scalar")
    inner = right[-2] if len(right) > 1 else right[0]
    if left[-1] != inner:
        raise ShapeError(f"{left[-1]} ≠ {inner}")
    batch = broadcast(left[:-2], right[:-2])
    return (
        *batch,
        *(left[-2:-1] if len(left) > 1 else ()),
        *(right[-1:] if len(right) > 1 else ()),
    )


def product_hint(expr: Expr, left: Shape | None, right: Shape | None) -> str | None:
    """How to write a product whose operands do not fit: with @ for *, or with a transpose."""
    if not isinstance(expr, Binary) or left is None or right is None or expr.op not in "*@":
        return None
    a, b = unparse(expr.left), unparse(expr.right)
    ways = [(left, right, f"{a} @ {b}")] if expr.op == "*" else []
    if len(left) == 2:
        ways.append((left[::-1], right, f"{a}.T @ {b}"))
    if len(right) == 2:
        ways.append((left, right[::-1], f"{a} @ {b}.T"))
    for one, other, written in ways:
        with suppress(ShapeError):
            matmul([one, other], PLAIN)
            if len(one) > 1 or len(other) > 1:
                return f"write {written}" + (" for the matrix product" if expr.op == "*" else "")
    return None


def dot(shapes: list[Shape], given: Options) -> Shape:
    """Of two vectors, or two columns, a scalar; of matrices the matrix product, as in NumPy."""
    left, right = shapes
    if left == right and (len(left) == 1 or (len(left) == 2 and ONE in left)):
        return ()
    return matmul(shapes, given)


def kron(shapes: list[Shape], _: Options) -> Shape:
    """Of two matrices, sizes multiplied. Raises ShapeError."""
    left, right = shapes
    if len(left) != len(right) or len(left) not in (1, 2):
        raise ShapeError("kron takes two matrices or two vectors")
    return tuple(a * b for a, b in zip(left, right, strict=True))


def diag(shapes: list[Shape], _: Options) -> Shape:
    """Of a vector the diagonal matrix, of a square matrix its diagonal."""
    vector = as_vector(shapes[0])
    if len(vector) == 1:
        return vector * 2
    if len(vector) != 2 or vector[0] != vector[1]:
        raise ShapeError("diag takes a vector or a square matrix")
    return vector[:1]


def vec(shapes: list[Shape], _: Options) -> Shape:
    """Of a matrix, its entries on one axis. Raises ShapeError."""
    if len(shapes[0]) > 2:
        raise ShapeError("vec takes a matrix")
    return (product(shapes[0]),)


def concat(shapes: list[Shape], given: Options) -> Shape:
    """Along `axis` (0 where not given); a scalar counts as one entry."""
    rank = max([1, *map(len, shapes)])
    axis = given.axis or (0,)
    if len(axis) != 1 or not -rank <= axis[0] < rank:
        raise ShapeError(f"there is no axis {axis[0]} in arrays of {rank} axes")
    place = axis[0] % rank
    whole_shape = next((shape for shape in shapes if len(shape) == rank), (ONE,))
    total = Size.of(0)
    for shape in shapes:
        shape = shape or (ONE,) * rank
        if len(shape) != rank:
            raise ShapeError(
                f"concat joins arrays with equally many axes, not {show(whole_shape)} and "
                f"{show(shape)}"
            )
        for number, (size, other) in enumerate(zip(shape, whole_shape, strict=True)):
            if number != place and size != other:
                raise ShapeError(f"{other} ≠ {size}")
        total = total + shape[place]
    return (*whole_shape[:place], total, *whole_shape[place + 1 :])


def stack(shapes: list[Shape], _: Options) -> Shape:
    """Of equal shapes, a new axis in front. Raises ShapeError."""
    for shape in shapes:
        if shape != shapes[0]:
            raise ShapeError("the parts have different shapes")
    return (Size.of(len(shapes)), *shapes[0])


def correlated(shapes: list[Shape], rank: int) -> Shape:
    """Of conv and conv2d: where the kernel lies inside the array. Raises ShapeError."""
    array, kernel = shapes
    if len(array) != rank or len(kernel) != rank:
        what = "two vectors" if rank == 1 else "two matrices"
        raise ShapeError(f"{'conv' if rank == 1 else 'conv2d'} takes {what}")
    sizes = tuple(n - k + 1 for n, k in zip(array, kernel, strict=True))
    if any(size.number is not None and size.number < 1 for size in sizes):
        raise ShapeError(f"the kernel is longer: {show(kernel)} does not fit into {show(array)}")
    return sizes


OWN: Mapping[str, Callable[[list[Shape], Options], Shape]] = {
    "matmul": matmul,
    "dot": dot,
    "kron": kron,
    "diag": diag,
    "vec": vec,
    "concat": concat,
    "stack": stack,
    "conv": lambda shapes, _: correlated(shapes, 1),
    "conv2d": lambda shapes, _: correlated(shapes, 2),
    "transpose": lambda shapes, _: shapes[0][::-1],
    "matrix_power": lambda shapes, _: signed("matrix_power", "n n -> n n", shapes[:1]),
    "eye": lambda _, given: given.sizes * 2,
    "ones": lambda _, given: given.sizes,
    "zeros": lambda _, given: given.sizes,
}


# ---- indexing


def sliced(
    item: Slice, length: Size, known: Collection[str] | None = None
) -> tuple[Size, Size, int, Size]:
    """start, stop, step and the number of entries of a slice of an axis, counted as Python
    counts.
    """
    step = 1 if item.step is None else whole(item.step, "a step")
    if step < 1:
        raise SpanError("index", "a step is a positive number", *item.span)
    start = Size.of(0) if item.start is None else _edge(item.start, length, known)
    stop = length if item.stop is None else _edge(item.stop, length, known)
    count, number = stop - start, (stop - start).number
    if number is not None:
        count = Size.of(max(0, -(-number // step)))
    elif step != 1:
        raise SpanError(
            "index",
            f"the length of a slice with step {step} of an axis of {length} is unknown",
            *item.span,
            "give the size as a number",
        )
    if count.number == 0:
        raise SpanError("index", "the slice is empty", *item.span)
    return start, stop, step, count


def _edge(expr: Expr, length: Size, known: Collection[str] | None) -> Size:
    """Where a slice begins or ends: negative counts from the end, beyond the end is the end."""
    size = size_of(expr, known)
    if size.number is not None and size.number < 0:
        size = size + length
        return Size.of(max(size.number, 0)) if size.number is not None else size
    beyond = (size - length).number
    return length if beyond is not None and beyond > 0 else size


def position(expr: Expr, length: Size, known: Collection[str] | None = None) -> Size:
    """An entry's place on an axis: from 0, negative from the end. Raises SpanError where it is
    out of range.
    """
    size = size_of(expr, known)
    if size.number is not None and size.number < 0:
        size = size + length
    rest = (length - size).number
    if (size.number is not None and size.number < 0) or (rest is not None and rest <= 0):
        raise SpanError(
            "index",
            f"there is no entry {size_of(expr)} on an axis of {length}",
            *expr.span,
            "entries count from 0",
        )
    return size


# ---- expressions


def shape_of(
    expr: Expr,
    shapes: Mapping[str, Shape],
    over: Mapping[str, tuple[str, ...]] | None = None,
    indices: Mapping[str, Size] | None = None,
) -> Shape:
    """The shape of an expression from the shapes of its names; other names (sizes, indices,
    constants) are scalars.

    `over` is not needed for the positional shape, save that `stack(x)` stacks the examples of x.
    `indices` are the named indices with their sizes; names that only index are recognised without.
    No unification. Raises ShapeError, or SpanError for an index.
    """
    spine: list[Expr] = []  # sums lean to the left, further than the stack is deep
    while isinstance(expr, Binary | Transpose | Index):
        spine.append(expr)
        expr = (
            expr.left
            if isinstance(expr, Binary)
            else expr.arg
            if isinstance(expr, Transpose)
            else expr.base
        )

    def inner(part: Expr) -> Shape:
        return shape_of(part, shapes, over, indices)

    shape = _leaf(expr, shapes, over or {}, indices or {}, inner)
    for part in reversed(spine):
        if isinstance(part, Transpose):
            shape = shape[::-1]
        elif isinstance(part, Index):
            shape = _indexed(shape, part, inner)
        elif isinstance(part, Binary):
            other = inner(part.right)
            shape = matmul([shape, other], PLAIN) if part.op == "@" else broadcast(shape, other)
    return shape


def _leaf(
    expr: Expr,
    shapes: Mapping[str, Shape],
    over: Mapping[str, tuple[str, ...]],
    indices: Mapping[str, Size],
    inner: Callable[[Expr], Shape],
) -> Shape:
    match expr:
        case Name(id):
            return shapes.get(id, ())
        case Neg(arg):
            return inner(arg)
        case Compare():
            return broadcast(inner(expr.left), inner(expr.right))
        case Vector(items):
            return stack([inner(item) for item in items], PLAIN)
        case Call(func, args):
            if func in ("eye", "ones", "zeros"):
                return rule(func, [], Options(sizes=tuple(size_of(arg) for arg in args)))
            if (
                func == "stack"
                and len(args) == 1
                and isinstance(args[0], Name)
                and over.get(args[0].id)
            ):
                from_examples = [indices[name] for name in over[args[0].id] if name in indices]
                return stacked(inner(args[0]), *from_examples)
            free = {arg.id for arg in args[1:] if isinstance(arg, Name) and arg.id not in shapes}
            arrays = operands(expr, free | indices.keys())
            if func not in TABLE or (func in ("max", "min") and len(arrays) > 1):
                return broadcast(*(inner(arg) for arg in arrays))
            if len(arrays) < len(args) and bound(expr, free | indices.keys()):
                return inner(arrays[0])
            return rule(func, [inner(arg) for arg in arrays], options(expr))
    return ()


def _indexed(shape: Shape, expr: Index, inner: Callable[[Expr], Shape]) -> Shape:
    if len(expr.items) > len(shape):
        raise ShapeError(f"{len(expr.items)} indices on {show(shape)}")
    kept: list[Size] = []
    for item, length in zip(expr.items, shape, strict=False):
        if isinstance(item, Slice):
            kept.append(sliced(item, length)[3])
        elif not isinstance(item, Num | Neg | Binary):
            kept.extend(inner(item))  # an integer array; an index or size is a scalar
    return (*kept, *shape[len(expr.items) :])
