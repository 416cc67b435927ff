"""Calls to nodes: what is not one operation of the table is written in operations that are.

Each function takes the lowering, the call, and what the parameters stand for where it is inside a
function; it returns the node. Operations that are not here are elementwise and become one node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from gradcalc.graph.lowering import Env, Lowering
from gradcalc.language.constants import fraction, whole
from gradcalc.language.errors import SpanError
from gradcalc.language.parser import Call, Compare, Expr, Name, parse, unparse
from gradcalc.language.shape_rules import (
    INDEXED,
    ONE,
    Options,
    ShapeError,
    axes,
    bound,
    operands,
    options,
    product,
    rule,
)
from gradcalc.ops import TABLE

_SINGLE = frozenset(
    ("sum", "mean", "prod", "max", "min", "logsumexp")
)  # a single entry is its own sum
MAX_POWER = 20  # of matrix_power, which becomes that many products


def structured(low: Lowering, call: Call, env: Env) -> int:
    """One node of the same name: outer, kron, tr, det, inv, …"""
    return low.elementwise(call.func, call, call.args, env)


def given(low: Lowering, call: Call) -> tuple[Expr, Options]:
    """The array that a reduction or softmax is taken of, and its options."""
    arrays = operands(call, low.scope.indices)
    if len(arrays) > 1 and call.func not in INDEXED:
        raise SpanError(
            "argument", f"{call.func} takes one array, not {len(arrays)}", *call.args[1].span
        )
    if len(arrays) > 1:
        wrong = call.args[1]
        hint = (
            "declare it: indices: {" + f"{wrong.id}: n" + "}"
            if isinstance(wrong, Name)
            else f"{call.func}(e, j), {call.func}(e, axis=0)"
        )
        raise SpanError("index", f"`{unparse(wrong)}` is not an index", *wrong.span, hint)
    return arrays[0], options(call)


def along(low: Lowering, call: Call, number: int, axis: tuple[int, ...] | None) -> tuple[int, ...]:
    """The axes a reduction runs over, from 0."""
    try:
        return axes(call.func, low.nodes[number].shape, axis)
    except ShapeError as error:
        raise low.mismatch(error, call, call.args[:1], (number,)) from None


def reduce(
    low: Lowering, call: Call, env: Env, op: str, number: int, axis: tuple[int, ...], keepdims: bool
) -> int:
    """A reduction of a node; over no axis at all those of _SINGLE are the node itself."""
    shape = low.nodes[number].shape
    if not axis and op not in _SINGLE:
        raise SpanError("shape", f"{op} needs an array, and this is a number", *call.args[0].span)
    if not axis:
        return number
    result = rule("sum", [shape], Options(axis, keepdims))
    return low.make(
        op, (number,), {"axis": axis, "keepdims": keepdims}, result, low.piece(call, env)
    )


def reduction(low: Lowering, call: Call, env: Env) -> int:
    """sum, mean, prod: over axes, or over named indices with a condition."""
    runs = bound(call, low.scope.indices)
    if runs:
        return over_indices(low, call, env, *runs)
    array, opts = given(low, call)
    number = low.expr(array, env)
    node = low.nodes[number]
    each = [index for index in node.over if index in low.scope.exercise.examples]
    if not node.shape and each and call.func in ("sum", "mean"):
        hint = f"write {call.func}({unparse(array)}, {each[0]}) for all examples"
        raise SpanError(
            "index",
            f"{low.words(array)} is a scalar for each {each[0]}, so it has no entries for "
            f"{call.func}",
            *call.span,
            hint,
        )
    return reduce(
        low, call, env, call.func, number, along(low, call, number, opts.axis), opts.keepdims
    )


def over_indices(
    low: Lowering, call: Call, env: Env, indices: tuple[str, ...], conditions: tuple[Compare, ...]
) -> int:
    """sum(e, j, k, j != k): a sum over named indices."""
    if any(keyword == "axis" for keyword, _ in call.kwargs):
        raise SpanError(
            "argument", f"{call.func} runs over indices or over axes, not over both", *call.span
        )
    if len(set(indices)) < len(indices):
        raise SpanError("index", "an index is given twice", *call.span)
    for index in indices:
        low.length(index, call)
        for param, value in env.items():
            if index in low.nodes[value.node].over:
                message = f"the argument {param} depends on {index}, over which the function sums"
                raise SpanError("index", message, *call.span, "use another index in one of them")
    number = low.expr(call.args[0], env)
    for condition in conditions:
        if call.func not in ("sum", "prod"):
            raise SpanError(
                "argument",
                f"{call.func} takes no condition",
                *condition.span,
                "only sum and prod take one",
            )
        neutral = low.make.const(Fraction(call.func == "prod"))
        number = low.make("where", (low.condition(condition, env), number, neutral), expr=None)
    shape, over = low.nodes[number].shape, low.nodes[number].over
    if call.func == "prod" and (
        equal := [index for index in indices if index not in over]
    ):  # equal factors are a power
        indices = tuple(index for index in indices if index in over)
        count = low.make.size(product(tuple(low.length(index, call) for index in equal)))
        number = low.make("pow", (number, count), expr=None if indices else low.piece(call, env))
    if not indices:
        return number
    attrs = {"index": low.scope.sorted(indices)}
    if call.func in ("logsumexp", "softmax", "log_softmax"):
        powers = low.make("exp", (number,))
        total = low.make("sum", (powers,), attrs, shape)
        if call.func == "softmax":
            return low.make("div", (powers, total), expr=low.piece(call, env))
        level = low.make(
            "log", (total,), expr=low.piece(call, env) if call.func == "logsumexp" else None
        )
        return (
            level
            if call.func == "logsumexp"
            else low.make("sub", (number, level), expr=low.piece(call, env))
        )
    return low.make(call.func, (number,), attrs, shape, low.piece(call, env))


def extremum(low: Lowering, call: Call, env: Env) -> int:
    """max(a, b) entry by entry, max(v) over all entries, max(e, j) over an index."""
    if len(call.args) == 1 or bound(call, low.scope.indices):
        return reduction(low, call, env)
    if call.kwargs:
        raise SpanError(
            "argument",
            f"{call.func} of several arguments is elementwise and has no `{call.kwargs[0][0]}`",
            *call.span,
        )
    numbers = [low.expr(arg, env) for arg in call.args]
    number = numbers[0]
    for place, other in enumerate(numbers[1:], 2):
        if other == number:  # max(x, x) is x
            continue
        pair = (number, other)
        zero = next((at for at in (0, 1) if low.make.value(pair[at]) == 0), None)
        if call.func == "max" and zero is not None:  # ReLU, whose derivative at 0 is 0
            parts, attrs = call.args[1 - zero : 2 - zero], {"zero": zero}
            number = low.apply("relu", call, parts, (pair[1 - zero],), env, attrs=attrs)
        else:
            number = low.apply(call.func + "imum", call, call.args[:place], pair, env)
    return number


def var(low: Lowering, call: Call, env: Env) -> int:
    """sum((x - mean)^2)/(n - ddof)"""
    array, opts = given(low, call)
    number = low.expr(array, env)
    axis = along(low, call, number, opts.axis)
    if not axis:
        raise SpanError(
            "shape",
            f"{low.words(array)} is a scalar, so it has no variance",
            *call.span,
        )
    shape = low.nodes[number].shape
    count = product(tuple(shape[place] for place in axis)) - opts.ddof
    if count.number is not None and count.number <= 0:
        raise SpanError("undefined", "division by zero: ddof takes all entries", *call.span)
    mean = low.make(
        "mean",
        (number,),
        {"axis": axis, "keepdims": True},
        rule("mean", [shape], Options(axis, True)),
    )
    square = low.make("pow", (low.make("sub", (number, mean)), low.make.const(Fraction(2))))
    total = reduce(low, call, env, "sum", square, axis, opts.keepdims)
    low.nodes[total].expr = None
    return low.make("div", (total, low.make.size(count)), expr=low.piece(call, env))


def norm(low: Lowering, call: Call, env: Env) -> int:
    """The 2-norm (Frobenius for a matrix) as one node; other orders by powers: 1, inf, p."""
    array, opts = given(low, call)
    number = low.expr(array, env)
    shape, axis = low.nodes[number].shape, along(low, call, number, opts.axis)
    order = None if opts.ord is None else fraction(opts.ord)
    infinite = isinstance(opts.ord, Name) and opts.ord.id in ("inf", "oo")
    if opts.ord is not None and not infinite and (order is None or order < 1):
        raise SpanError(
            "argument",
            f"`{unparse(opts.ord)}` is not the order of a norm",
            *opts.ord.span,
            "use a number of at least 1, or inf",
        )
    piece = low.piece(call, env)
    if not axis:
        if isinstance(array, Name) and array.id in low.scope.inputs:
            message = f"`{array.id}` is a number, so its norm is its absolute value"
            hint = f"declare variables: {{{array.id}: [n]}}, or write abs({array.id})"
            low.warn("norm", message, call, hint)
        return low.make("abs", (number,), expr=piece)
    ambiguous = opts.ord is not None and len(axis) > 1 and ONE not in shape
    if ((order is None and not infinite) or order == 2) and not ambiguous:
        return low.make(
            "norm",
            (number,),
            {"axis": axis, "keepdims": opts.keepdims},
            rule("sum", [shape], Options(axis, opts.keepdims)),
            piece,
        )
    if ambiguous:
        name = unparse(array)
        raise SpanError(
            "argument",
            f"ord={unparse(opts.ord or Name('2'))} of a matrix is ambiguous",
            *call.span,
            f"write norm({name}) for the Frobenius norm"
            if order == 2
            else f"write sum(abs({name})) or max(abs({name})) for its entries, norm({name}) for "
            "the Frobenius norm",
        )
    size = low.make("abs", (number,))
    if infinite or order == 1:
        return reduce(low, call, env, "max" if infinite else "sum", size, axis, opts.keepdims)
    power = low.make.const(order or Fraction(2))
    total = reduce(low, call, env, "sum", low.make("pow", (size, power)), axis, opts.keepdims)
    low.nodes[total].expr = None
    return low.make("pow", (total, low.make.const(1 / (order or Fraction(2)))), expr=piece)


def softmax(low: Lowering, call: Call, env: Env) -> int:
    """softmax, log_softmax: along one axis; logsumexp: one number for each vector."""
    if bound(call, low.scope.indices):
        return reduction(low, call, env)
    array, opts = given(low, call)
    number = low.expr(array, env)
    axis = along(low, call, number, opts.axis)
    shape = low.nodes[number].shape
    if call.func == "logsumexp":
        return low.make(
            "logsumexp",
            (number,),
            {"axis": axis, "keepdims": opts.keepdims},
            rule("sum", [shape], Options(axis, opts.keepdims)),
            low.piece(call, env),
        )
    if len(axis) != 1:
        raise SpanError("argument", f"{call.func} takes one axis", *call.span)
    return low.make(call.func, (number,), {"axis": axis[0]}, shape, low.piece(call, env))


def dot(low: Lowering, call: Call, env: Env) -> int:
    """Of two vectors the matrix product, of two columns the sum of the products."""
    numbers = [low.expr(arg, env) for arg in call.args]
    shapes = [low.nodes[number].shape for number in numbers]
    if len(shapes[0]) == 2 and ONE in shapes[0] and shapes[0] == shapes[1]:
        products = low.make("mul", tuple(numbers))
        return reduce(low, call, env, "sum", products, (0, 1), False)
    return low.apply("matmul", call, call.args, numbers, env)


def kron(low: Lowering, call: Call, env: Env) -> int:
    """Of two vectors the columns of outer(v, u) one under another, as in NumPy; of matrices one
    node.
    """
    left, right = (low.expr(arg, env) for arg in call.args)
    if len(low.nodes[left].shape) != 1 or len(low.nodes[right].shape) != 1:
        return low.apply("kron", call, call.args, (left, right), env)
    return low.make("vec", (low.make("outer", (right, left)),), expr=low.piece(call, env))


def matrix_power(low: Lowering, call: Call, env: Env) -> int:
    """A whole power: products of the matrix, of its inverse, or the identity."""
    base, times = low.expr(call.args[0], env), whole(call.args[1], "the power of a matrix")
    if abs(times) > MAX_POWER:
        raise SpanError(
            "limit", f"the power of a matrix is at most {MAX_POWER}", *call.args[1].span
        )
    shape = low.nodes[base].shape
    if len(shape) != 2 or shape[0] != shape[1]:
        raise low.mismatch(
            ShapeError("matrix_power takes a square matrix"), call, call.args[:1], (base,)
        )
    if times == 0:
        return low.make("eye", (), {"shape": shape}, shape, low.piece(call, env))
    if times < 0:
        base = low.make("inv", (base,), expr=low.piece(call, env) if times == -1 else None)
    number = base
    for _ in range(abs(times) - 1):
        number = low.make("matmul", (number, base))
    return number


def filled(low: Lowering, call: Call, env: Env) -> int:
    """eye(n), ones(n, m), zeros(n, m)"""
    sizes = tuple(low.at(low.resolve(arg, env)[0]) for arg in call.args)
    for size, arg in zip(sizes, call.args, strict=True):
        if size.number is not None and size.number < 1:
            raise SpanError("size", "every axis needs at least one entry", *arg.span)
    shape = sizes * 2 if call.func == "eye" else sizes
    return low.make(call.func, (), {"shape": shape}, shape, low.piece(call, env))


def concat(low: Lowering, call: Call, env: Env) -> int:
    """Arrays one after the other; a scalar is one entry."""
    numbers = [low.expr(arg, env) for arg in call.args]
    opts = options(call)
    try:
        shape = rule("concat", [low.nodes[number].shape for number in numbers], opts)
    except ShapeError as error:
        raise low.mismatch(error, call, call.args, numbers) from None
    axis = (opts.axis or (0,))[0] % len(shape)
    return low.make("concat", tuple(numbers), {"axis": axis}, shape, low.piece(call, env))


def stack(low: Lowering, call: Call, env: Env) -> int:
    """stack(x) of a per-example quantity: all examples; stack(u, v): a new first axis."""
    if len(call.args) == 1:
        expr, inner = low.resolve(call.args[0], env)
        if isinstance(expr, Name) and low.scope.examples(expr.id):
            return low.stack(expr.id, call)
        number = low.expr(expr, inner)
        if any(index in low.scope.exercise.examples for index in low.nodes[number].over):
            raise SpanError(
                "index",
                "only a named quantity can be stacked over the examples",
                *call.span,
                "give it a name on a line of its own",
            )
    return structured(low, call, env)


def where(low: Lowering, call: Call, env: Env) -> int:
    """where(c, x, y), with the condition as a comparison."""
    condition = low.condition(call.args[0], env)
    numbers = (condition, *(low.expr(arg, env) for arg in call.args[1:]))
    return low.apply("where", call, call.args, numbers, env)


def with_parameters(low: Lowering, call: Call, env: Env) -> int:
    """leaky_relu, elu: their slope where it is not given."""
    op = TABLE[call.func]
    left_out = [
        parse(text)
        for text in list(op.parameters.values())[
            len(call.args) - len(op.operands) + len(op.parameters) :
        ]
    ]
    return low.elementwise(call.func, call, (*call.args, *left_out), env)


def polygamma(low: Lowering, call: Call, env: Env) -> int:
    """polygamma(k, x), whose order is a whole number from 0 on; of order 0 it is digamma."""
    order = whole(low.resolve(call.args[0], env)[0], "the order of polygamma")
    if not 0 <= order <= MAX_POWER:
        said = f"the order of polygamma is a whole number from 0 to {MAX_POWER}"
        raise SpanError("argument", said, *call.args[0].span)
    return low.elementwise("polygamma" if order else "digamma", call, call.args[not order :], env)


def triangle(low: Lowering, call: Call, env: Env) -> int:
    """triu(A, k), tril(A, k): k is the diagonal it begins at."""
    k = whole(low.resolve(call.args[1], env)[0], "a diagonal") if len(call.args) > 1 else 0
    array = call.args[:1]
    return low.apply(call.func, call, array, [low.expr(array[0], env)], env, attrs={"k": k})


CALLS: Mapping[str, Callable[[Lowering, Call, Env], int]] = {
    **{name: reduction for name, op in TABLE.items() if op.signature == "reduction"},
    **{name: with_parameters for name, op in TABLE.items() if op.parameters},
    "max": extremum,
    "min": extremum,
    "var": var,
    "norm": norm,
    "logsumexp": softmax,
    "softmax": softmax,
    "log_softmax": softmax,
    "cumsum": softmax,
    "triu": triangle,
    "tril": triangle,
    "dot": dot,
    "kron": kron,
    "matrix_power": matrix_power,
    "polygamma": polygamma,
    "eye": filled,
    "ones": filled,
    "zeros": filled,
    "concat": concat,
    "stack": stack,
    "where": where,
}
