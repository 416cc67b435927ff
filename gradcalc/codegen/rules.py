"""Operations on whole arrays as code, one function each: Emitter, node, its indices, the axes
wanted -> Piece.

None means: written from its definition in index notation instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.calculus.derivative_rules import reduced
from gradcalc.calculus.quantities import whole
from gradcalc.calculus.terms import Ix
from gradcalc.codegen.elementwise import formula
from gradcalc.codegen.emit import Emitter, Rule
from gradcalc.codegen.labelled_arrays import Axes, Piece
from gradcalc.graph.model import Node
from gradcalc.language.parser import Binary, Compare, Name
from gradcalc.language.shape_rules import ONE
from gradcalc.ops import TABLE


def fresh(emit: Emitter, arg: int) -> list[Ix | None]:
    """New labels for a node's positional axes."""
    return [
        None if size == ONE else emit.engine.quantities.entries.index(size)
        for size in emit.engine.quantities.nodes[arg].shape
    ]


def matmul(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """A @ B, a contraction over the inner index."""
    left, right = (emit.engine.quantities.nodes[arg] for arg in node.args)
    size = left.shape[-1]
    k = None if size == ONE else emit.engine.quantities.entries.index(size)
    rows = at[: len(left.shape) - 1]
    batch, columns = rows[:-1], at[len(rows) :]
    a = emit.value(node.args[0], [*rows, k], named)
    b = emit.value(
        node.args[1],
        [*batch[: max(len(right.shape) - 2, 0)], k, *columns] if len(right.shape) > 1 else [k],
        named,
    )
    return contracted(emit, [a, b], {k} if k is not None else set(), hint)


def contracted(emit: Emitter, pieces: list[Piece], summed: set[Ix], hint: Axes) -> Piece:
    """Σ of a product; a label that no piece has counts as often as its index has values."""
    have = set().union(*(piece.labels for piece in pieces))
    found = emit.arrays.contract(pieces, summed & have, hint)
    for ix in sorted(summed - have):
        found = scaled(emit, found, emit.size(ix.size), hint)
    return found


def scaled(emit: Emitter, piece: Piece, factor: Piece, hint: Axes) -> Piece:
    """piece · factor, a number."""
    return formula(
        emit.arrays, Binary("*", Name("~0"), Name("~1")), {"~0": piece, "~1": factor}, hint
    )


def reduction(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """sum, mean, prod, max, min, norm, logsumexp."""
    inner, names, over, _ = reduced(emit.engine.quantities, node, at, named)
    arg = node.args[0]
    piece = emit.value(arg, inner, names)
    template = TABLE[node.op].code
    missing = over - piece.labels
    if missing and node.op not in ("mean", "max", "min", "sum"):
        axes = emit.stored(emit.engine.quantities.nodes[arg], inner, names)
        piece = emit.exact(arg, inner, names, axes)
        missing = set()
    if over - missing:
        piece = emit.arrays.array(piece)
        if node.op == "prod" and len(over) > 1 and hint != ():
            for ix in sorted(over):  # one axis at a time: not every library takes several
                piece = emit.arrays.reduce(template, piece, {ix}, None)
        elif node.op == "norm" and 2 < len(over) < len(piece.axes):
            square = formula(emit.arrays, Binary("*", Name("~"), Name("~")), {"~": piece}, None)
            total = emit.arrays.reduce("{xp}.sum({0}{options})", square, over, None)
            piece = emit.arrays.call("{xp}.sqrt({0})", total, axes=total.axes)
        else:
            piece = emit.arrays.reduce(template, piece, over - missing, hint)
    elif node.op == "norm":
        piece = emit.arrays.call("{xp}.abs({0})", emit.arrays.array(piece), axes=piece.axes)
    if node.op == "sum":
        for ix in sorted(missing):
            piece = scaled(emit, piece, emit.size(ix.size), hint)
    return piece


def along(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """softmax and log_softmax: the shape stays. A softmax whose logarithm is at hand is its
    exponential.
    """
    for number in emit.variables:
        other = emit.engine.quantities.nodes[number]
        if (
            other.op == "log_softmax"
            and node.op == "softmax"
            and (other.args, other.attrs) == (node.args, node.attrs)
        ):
            return emit.arrays.call(
                "{xp}.exp({0})", emit.value(number, at, named), axes=emit.stored(other, at, named)
            )
    arg = emit.engine.quantities.nodes[node.args[0]]
    axes = emit.stored(arg, at, named)
    piece = emit.exact(node.args[0], at, named, axes)
    label = at[node.attrs["axis"]]
    if label is None:
        return Piece("1.0" if node.op == "softmax" else "0.0", plain=True)
    return emit.arrays.call(
        TABLE[node.op].code, piece, axes=axes, options=f", axis={axes.index(label)}"
    )


def square(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """det, logdet, inv: functions of the last two axes, so named indices come first."""
    arg = node.args[0]
    inner = at if node.op == "inv" else fresh(emit, arg)
    before = tuple(named[name] for name in emit.engine.quantities.nodes[arg].over)
    axes = (*before, *inner)
    piece = emit.exact(arg, inner, named, axes)
    return emit.arrays.call(TABLE[node.op].code, piece, axes=axes if node.op == "inv" else before)


def trace(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """The trace of a matrix, over the examples too."""
    arg = node.args[0]
    row, column = inner = fresh(emit, arg)
    axes = emit.stored(emit.engine.quantities.nodes[arg], inner, named)
    piece = emit.exact(arg, inner, named, axes)
    if row is None or column is None:
        return piece
    if len(axes) == 2:
        return emit.arrays.call(TABLE["tr"].code, piece, axes=())
    return emit.arrays.reduce(
        "{xp}.sum({0}{options})", emit.diagonal(piece, row, column), {row}, hint
    )


def diag(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece | None:
    """A vector on the diagonal, or the diagonal of a matrix."""
    arg = node.args[0]
    if len(node.shape) == 1:
        row, column = inner = fresh(emit, arg)
        if row is None or column is None or at[0] is None:
            return emit.value(arg, inner, named)
        axes = emit.stored(emit.engine.quantities.nodes[arg], inner, named)
        piece = emit.exact(arg, inner, named, axes)
        found = emit.diagonal(piece, row, column)
        return Piece(
            found.text, found.level, tuple(at[0] if axis is row else axis for axis in found.axes)
        )
    row, column = at
    if row is None or column is None or named.keys() & set(node.over):
        return None
    v = emit.exact(
        arg,
        [None if size == ONE else row for size in emit.engine.quantities.nodes[arg].shape],
        named,
        (row,),
    )
    return emit.arrays.call(TABLE["diag"].code, v, axes=(row, column))


def outer(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """The outer product of two vectors."""
    left, right = (
        emit.value(
            arg,
            [None if size == ONE else ix for size in emit.engine.quantities.nodes[arg].shape],
            named,
        )
        for arg, ix in zip(node.args, at, strict=True)
    )
    return emit.arrays.product(left, right, hint)


def kron(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece | None:
    """The Kronecker product; None for one per example, which is written by its terms."""
    if node.over:
        return None
    sides = []
    for arg in node.args:
        inner = fresh(emit, arg)
        sides.append(emit.exact(arg, inner, named, tuple(inner)))
    return emit.arrays.call(TABLE["kron"].code, *sides, axes=tuple(at))


def vec(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece | None:
    """The columns under one another; None for one per example, which is written by its terms."""
    if node.over:
        return None
    inner = fresh(emit, node.args[0])
    piece = emit.exact(node.args[0], inner, named, tuple(inner))
    return emit.arrays.call(TABLE["vec"].code, piece, axes=tuple(at))


def concat(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """Pieces one after the other along an axis; a number counts as one entry."""
    axis = node.attrs.get("axis", 0)
    over = tuple(named[name] for name in node.over)
    parts = []
    for arg in node.args:
        shape = emit.engine.quantities.nodes[arg].shape
        own = (
            emit.engine.quantities.entries.index(shape[axis])
            if shape and shape[axis] != ONE
            else None
        )
        inner = tuple(own if n == axis else ix for n, ix in enumerate(at))
        parts.append(emit.exact(arg, inner if shape else (), named, (*inner, *over)))
    return joined(emit, "concat", parts, (*at, *over), axis)


def stack(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """Arrays as the entries of a new first axis."""
    over = tuple(named[name] for name in node.over)
    parts = [
        emit.arrays.array(emit.exact(arg, at[1:], named, (*at[1:], *over))) for arg in node.args
    ]
    return joined(emit, "stack", parts, (*at, *over), 0)


def joined(emit: Emitter, op: str, parts: Sequence[Piece], axes: Sequence[Any], axis: int) -> Piece:
    """concatenate or stack of some pieces."""
    inside = Piece(f"[{', '.join(part.text for part in parts)}]")
    found = emit.arrays.call(
        TABLE[op].code, inside, axes=tuple(axes), options=f", axis={axis}" if axis else ""
    )
    if all(part.plain for part in parts):  # Python numbers
        return emit.arrays.call("{typed}", found, axes=found.axes)
    return found


def eye(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """The identity matrix."""
    return emit.arrays.call(TABLE["eye"].code, emit.size(node.shape[0]), axes=tuple(at))


def free(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """The entries of a matrix in its free parameters: the numbers are the same."""
    return emit.value(node.args[0], at, named)


def triangle(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """Ones above or below a diagonal."""
    sizes = ", ".join(emit.size(size).text for size in node.shape)
    one = emit.arrays.array(Piece("1.0", plain=True))
    ones = emit.arrays.call("{full}", Piece(f"({sizes})"), one)
    name, k = "triu" if node.attrs["upper"] else "tril", node.attrs["k"]
    return emit.arrays.call(
        f"{{xp}}.{name}({{0}}{', ' + str(k) if k else ''})", ones, axes=tuple(at)
    )


def ties(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """How many entries reach the maximum."""
    inner, names, over, _ = reduced(emit.engine.quantities, node, at, named)
    leaves = {
        "~0": emit.value(node.args[0], inner, names),
        "~1": emit.value(node.args[1], at, named),
    }
    reached = formula(emit.arrays, Compare("==", Name("~0"), Name("~1")), leaves, None)
    count = emit.arrays.reduce("{xp}.sum({0}{options})", reached, over, hint)
    return emit.arrays.call("{typed}", count, axes=count.axes)  # a count is a whole number


def guard(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """A norm as a divisor: 1 where it is 0, for x/‖x‖ is 0 there by convention."""
    norm = emit.value(node.args[0], at, named)
    return emit.arrays.call(
        "{xp}.where({0} == 0, {1}, {0})",
        norm,
        emit.arrays.array(Piece("1.0", plain=True)),
        axes=norm.axes,
    )


def rest(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """The products of all other entries along the axes of a `prod`."""
    arg, attrs = node.args[0], node.attrs
    axes = emit.stored(emit.engine.quantities.nodes[arg], at, named)
    over = {
        *(at[axis] for axis in attrs.get("axis", ())),
        *(named[name] for name in attrs.get("index", ())),
    }
    places = tuple(n for n, axis in enumerate(axes) if axis is not None and axis in over)
    if not places:
        return Piece("1.0", plain=True)
    return emit.arrays.call(
        "_others({0}{options})", emit.exact(arg, at, named, axes), axes=axes, options=f", {places}"
    )


def getitem(
    emit: Emitter, node: Node, at: list[Ix | None], named: Mapping[str, Ix], hint: Axes
) -> Piece:
    """Entries, slices and integer arrays: first what Python's own indexing says, then the
    integer arrays.
    """
    engine = emit.engine
    base = engine.quantities.nodes[node.args[0]]
    given = iter(at)
    inner: list[Ix | None] = []
    chosen: dict[
        Ix, tuple[str, Ix | None]
    ] = {}  # label of the base -> (slice or number, label of the result)
    gathers: dict[Ix, Piece] = {}
    places: list[Ix | None] | None = None
    for item, size in engine.quantities.items(node):
        ix = None if size == ONE else engine.quantities.entries.index(size)
        kind = item[0]
        if kind == "index":
            ix = named[item[1]] if size != ONE else None
        elif kind == "shift" and ix is not None:
            parts = [(named[name], step) for name, step in item[1]]
            gathers[ix] = emit.positions(parts, item[2])
        elif kind == "slice":
            result = next(given)
            if whole(item, size):
                ix = result
            elif ix is not None:
                chosen[ix] = (sliced(emit, item, size), result)
        elif kind == "at" and ix is not None:
            chosen[ix] = (emit.size(item[1]).text, None)
        elif kind == "gather":
            index = engine.quantities.nodes[node.args[item[1]]]
            if places is None:  # several integer arrays are walked side by side, as in NumPy
                places = [next(given) for _ in index.shape]
            if ix is not None:
                gathers[ix] = emit.value(node.args[item[1]], places, named)
        inner.append(ix)
    piece = emit.value(node.args[0], inner, named)
    missing = gathers.keys() - piece.labels
    if missing:
        axes = emit.stored(base, inner, named)
        piece = emit.arrays.exact(piece, axes, emit.shape(axes))
    if any(axis in chosen for axis in piece.axes):
        words = [chosen[axis][0] if axis in chosen else ":" for axis in piece.axes]
        kept = [axis for axis in piece.axes if axis not in chosen or ":" in chosen[axis][0]]
        while words[-1] == ":":
            words.pop()
        piece = Piece(
            f"{piece.at(6)}[{', '.join(words)}]",
            axes=tuple(chosen[axis][1] if axis in chosen else axis for axis in kept),
        )
    return gathered(emit, piece, gathers) if gathers else piece


def gathered(emit: Emitter, piece: Piece, gathers: Mapping[Ix, Piece]) -> Piece:
    """Axes indexed by integer arrays. An axis that such an array has too is walked along with
    it.
    """
    wanted = tuple(dict.fromkeys(axis for index in gathers.values() for axis in index.axes))
    longest = max((index.axes for index in gathers.values()), key=len)
    wanted = longest if set(wanted) == set(longest) else wanted
    shared = [
        axis for axis in piece.axes if axis is not None and axis in wanted and axis not in gathers
    ]
    words, first, last = [], -1, -1
    for n, axis in enumerate(piece.axes):
        if axis in gathers:
            words.append(emit.arrays.align(gathers[axis], wanted).text)  # type: ignore[index]
        elif axis in shared:
            steps = emit.arrays.call("{arange}", emit.size(axis.size), axes=(axis,))
            words.append(emit.arrays.align(steps, wanted).text)
        else:
            words.append(":")
            continue
        first, last = n if first < 0 else first, n
    rest = [axis for axis in piece.axes if axis not in gathers and axis not in shared]
    adjacent = last - first + 1 == len(gathers) + len(shared)
    place = first if adjacent else 0  # NumPy puts the axes of separated integer arrays first
    while words[-1] == ":":
        words.pop()
    return Piece(f"{piece.at(6)}[{', '.join(words)}]", axes=(*rest[:place], *wanted, *rest[place:]))


def sliced(emit: Emitter, item: Any, size: Any) -> str:
    """A slice as Python writes it: 1:n, ::2."""
    start, stop, step = item[1:]
    begin = "" if start.number == 0 else emit.size(start).text
    end = "" if stop == size else emit.size(stop).text
    return f"{begin}:{end}" + (f":{step}" if step != 1 else "")


ARRAY_RULES: Mapping[str, Rule] = {
    **{name: reduction for name, op in TABLE.items() if op.signature == "reduction"},
    "matmul": matmul,
    "softmax": along,
    "log_softmax": along,
    "det": square,
    "logdet": square,
    "inv": square,
    "tr": trace,
    "diag": diag,
    "outer": outer,
    "kron": kron,
    "vec": vec,
    "concat": concat,
    "stack": stack,
    "eye": eye,
    "triangle": triangle,
    "free": free,
    "ties": ties,
    "guard": guard,
    "rest": rest,
    "getitem": getitem,
}
