"""Syntax tree to number: the meaning of the expression language, once more, from format.md alone.

    evaluate(expr, env) -> Tensor

The graph and its rules are not looked at, so that what is computed here can check them; only the
scalar functions of the table are shared. Undefined numbers raise `Undefined` with the step and the
value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, TypeAlias

from gradcalc.language.brackets import split
from gradcalc.language.errors import SpanError
from gradcalc.language.named_formulas import Formulas, needed
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
)
from gradcalc.language.shape_rules import Shape, ShapeError, shape_of
from gradcalc.language.tree import Sized, occurrences, substitute
from gradcalc.numeric.array_operations import (
    CALLS,
    broadcast_to_index,
    getitem,
    integer,
    matmul,
    reduction,
    transpose,
    vector,
)
from gradcalc.numeric.index_ranges import index_ranges
from gradcalc.numeric.scalar_functions import Misfit, Undefined, Unknown, Unsure
from gradcalc.numeric.tensor import (
    BATCH,
    Env,
    Kept,
    Tensor,
    elementwise,
    expand,
    finish,
    layered,
    located,
    ones,
)
from gradcalc.ops import SCALAR, SIGNS, TABLE

_REDUCTIONS = frozenset(name for name, op in TABLE.items() if op.signature == "reduction")
_ALONG = frozenset(("softmax", "log_softmax"))
_BY_INDEX = {"sum": 0, "mean": 0, "prod": 1, "max": None, "min": None, "logsumexp": None, "norm": 0}


def evaluate(expr: Expr, env: Env) -> Tensor:
    """The value of an expression. Raises Undefined where there is none, Unknown where a name has
    none.
    """
    match expr:
        case Num():
            return Tensor(env.numbers.scalar.constant(expr.value))
        case Name():
            return _name(expr, env)
        case Binary():
            return _binary(expr, env)
        case Neg():
            return elementwise("neg", [evaluate(expr.arg, env)], env, expr)
        case Call():
            return _call(expr, env)
        case Compare():
            left = _compared(expr.left, env)
            right = left if expr.right == expr.left else _compared(expr.right, env)
            operands = [left, right]
            return elementwise(SIGNS[expr.op], operands, env, expr)
        case Index():
            return _index(expr, env)
        case Transpose():
            return transpose(evaluate(expr.arg, env), env)
        case Vector():
            return vector([evaluate(item, env) for item in expr.items], env)
        case Sized():
            return evaluate(expr.expr, env)


def _name(expr: Name, env: Env) -> Tensor:
    name = expr.id
    if name in env.values:
        return env.values[name]
    if name in env.indices:
        return Tensor(env.numbers.arrays.array(range(env.indices[name])), (name,))
    if name in env.sizes:
        return Tensor(env.numbers.scalar.number(env.sizes[name]))
    if name in env.stacks:
        whole = Name(env.stacks[name])
        return stacked(evaluate(whole, env), env, whole)
    if name in ("pi", "e") and name not in env.shapes:  # a declared name is never a constant
        return Tensor(getattr(env.numbers.scalar, name))
    raise env.lacking.get(name) or Unknown(f"{name} has no value")


def constant(expr: Expr, env: Env) -> Any:
    """A number without a name in it, computed once."""
    if expr not in env.constants:
        env.constants[expr] = evaluate(expr, replace(env, shapes={}, values={})).data
    return env.constants[expr]


def _compared(expr: Expr, env: Env) -> Tensor:
    """One side of a comparison."""
    if not isinstance(expr, Name) and all(
        name.id in ("pi", "e") and name.id not in env.values and name.id not in env.shapes
        for name in occurrences(expr)
    ):
        return Tensor(constant(expr, env))
    return evaluate(expr, env)


def _binary(expr: Binary, env: Env) -> Tensor:
    """Left-leaning chains are walked, not recursed into: a sum may have hundreds of terms."""
    if env.brackets and (parts := split(expr)) is not None:
        return _bracketed(*parts, env)
    chain = [expr]
    while isinstance(chain[-1].left, Binary):
        if env.brackets and split(chain[-1].left) is not None:
            break
        chain.append(chain[-1].left)
    left = evaluate(chain[-1].left, env)
    for link in reversed(chain):
        right = evaluate(link.right, env)
        if link.op == "@":
            left = matmul(left, right, env, link)
        elif link.op == "-" and left.plain and left.data is right.data:  # pi - pi is 0, no ball
            left = Tensor(env.numbers.scalar.number(0))
        elif link.op == "/" and _is_norm(link.right, env):  # 0/norm(0): 0 by convention
            left = elementwise("div", [left, right], env, link, lambda m, x, y: m.ratio(x, y))
        else:
            left = elementwise(SIGNS[link.op], [left, right], env, link)
    return left


def _bracketed(brackets: Expr, rest: Expr, env: Env) -> Tensor:
    """A product, 0 where a bracket is, though the rest may be undefined there."""
    front = evaluate(brackets, env)
    if front.plain:
        off = Tensor(bool(front.data == 0))
    else:
        import numpy as np

        off = Tensor(np.asarray(front.data == 0, dtype=bool), front.over)
    noted: list[Undefined] = []
    inner = replace(env, tolerant=noted) if _any(off.data) else env
    whole = elementwise("mul", [front, evaluate(rest, inner)], inner, rest)
    if inner is env:
        return whole
    zero = Tensor(env.numbers.scalar.number(0))
    result = elementwise("where", [off, zero, whole], inner, rest)
    _settle(result, noted, env)
    return result


def _is_norm(expr: Expr, env: Env) -> bool:
    match expr:
        case Name():
            return expr.id in env.norms
        case Call():
            return expr.func == "norm"
        case Index():
            return _is_norm(expr.base, env)
        case Transpose():
            return _is_norm(expr.arg, env)
        case Binary():
            return expr.op in "*^" and (_is_norm(expr.left, env) or _is_norm(expr.right, env))
        case _:
            return False


def _call(expr: Call, env: Env) -> Tensor:
    func = expr.func
    if func in env.unknown or expr.primes:
        return _unknown(expr, env)
    if func in env.functions:
        return _user(expr, env)
    if func == "where" and len(expr.args) == 3:
        return _where(expr, env)
    if func == "stop_gradient":
        return evaluate(expr.args[0], env.frozen or env)
    if func in _REDUCTIONS or (func in _ALONG and len(expr.args) > 1):
        return _reduce(expr, env)
    if func in CALLS:
        arguments = [evaluate(arg, env) for arg in expr.args]
        if (
            func == "stack"
            and len(arguments) == 1
            and any(name in env.examples for name in arguments[0].over)
        ):
            return stacked(arguments[0], env, expr.args[0])
        options = {name: _option(name, value, env) for name, value in expr.kwargs}
        try:
            return CALLS[func](arguments, options, env, expr)
        except Undefined as problem:
            raise located(problem, expr) from None
    op = TABLE.get(func)
    if op is None or op.value is None:
        raise Unknown(f"{func} is an unknown function")
    operands = [evaluate(arg, env) for arg in expr.args]
    for parameter in op.operands[len(operands) :]:
        numerator, _, denominator = op.parameters[parameter].partition("/")
        number = env.numbers.scalar.number
        operands.append(Tensor(number(int(numerator)) / number(int(denominator or 1))))
    return elementwise(func, operands, env, expr)


def _unknown(expr: Call, env: Env) -> Tensor:
    """g(z), g'(z), …: sin(z + shift), whose derivatives are sines shifted further; the shift is
    the function's own. Of several arguments a sum of sines, see `_of_several`.
    """
    if not env.stand_in:
        raise Unknown(f"{expr.func} is an unknown function")
    if len(expr.args) > 1:
        return _of_several(expr, env)
    scalar = env.numbers.scalar
    shift = (
        scalar.number(1 + sorted(env.unknown).index(expr.func)) / 2 + expr.primes * scalar.pi / 2
    )
    moved = elementwise("add", [evaluate(expr.args[0], env), Tensor(shift)], env, expr)
    return elementwise("sin", [moved], env, expr)


def _of_several(expr: Call, env: Env) -> Tensor:
    """f(x, y), ∂₁f(x, y), …: Σ_r sin(Σ_k c_rk x_k + shift_r) with c_rk = [r = k] + 1/(r + k), and
    its derivatives: every one is another function, and the Hessian is regular.
    """
    number, pi = env.numbers.scalar.number, env.numbers.scalar.pi
    args = [evaluate(arg, env) for arg in expr.args]
    own = sorted(env.unknown).index(expr.func)
    total: Tensor | None = None
    for r in range(1, len(args) + 1):
        slopes = [number(int(r == k)) + number(1) / (r + k) for k in range(1, len(args) + 1)]
        angle = Tensor(number(1 + own) / 2 + number(r) / 3 + len(expr.places) * pi / 2)
        for slope, arg in zip(slopes, args, strict=True):
            part = elementwise("mul", [Tensor(slope), arg], env, expr)
            angle = elementwise("add", [angle, part], env, expr)
        term = elementwise("sin", [angle], env, expr)
        for place in expr.places:
            term = elementwise("mul", [Tensor(slopes[place - 1]), term], env, expr)
        total = term if total is None else elementwise("add", [total, term], env, expr)
    assert total is not None
    return total


def _user(expr: Call, env: Env) -> Tensor:
    function = env.functions[expr.func]
    if len(function.params) != len(expr.args):
        raise Unknown(f"{expr.func} takes {len(function.params)} arguments")
    if env.watch is not None:  # what is said of a kink is said in the names of the exercise
        return evaluate(
            substitute(function.expr, dict(zip(function.params, expr.args, strict=True))), env
        )
    given = dict(zip(function.params, (evaluate(arg, env) for arg in expr.args), strict=True))
    shapes = {name: shape for name, shape in env.shapes.items() if name not in given}
    env = replace(env, shapes=shapes, brackets=False)  # as the author computes it
    frozen = env.frozen
    if frozen is not None:
        held = {
            name: evaluate(arg, frozen)
            for name, arg in zip(function.params, expr.args, strict=True)
        }
        frozen = frozen.bind(held)
    return evaluate(function.expr, replace(env.bind(given), frozen=frozen))


def _where(expr: Call, env: Env) -> Tensor:
    """Only branches that are taken have to be defined: where(x > 0, log(x), 0) is 0 at 0."""
    condition = evaluate(expr.args[0], env)
    if condition.plain and env.watch is None:
        return evaluate(expr.args[1 if condition.data else 2], env)
    noted: list[Undefined] = []
    inner = replace(env, tolerant=noted)
    branches = [evaluate(arg, inner) for arg in expr.args[1:]]
    result = elementwise("where", [condition, *branches], inner, expr)
    _settle(result, noted, env)
    return result


def _any(chosen: Any) -> bool:
    """Whether a condition holds anywhere."""
    return bool(chosen.any()) if hasattr(chosen, "any") else bool(chosen)


def _settle(result: Tensor, noted: list[Undefined], env: Env) -> None:
    """Raise what was noted in a branch if an entry of the result comes from there.

    Of several notes, which belong to that entry is not known: an index out of range, the usual one
    in what conditions leave out, only where nothing else was noted.
    """
    numbers = env.numbers
    if result.plain:
        bad = not numbers.scalar.finite(result.data)
    else:
        bad = bool(numbers.arrays.lost(result.data).any())
    if bad:
        unsure = [problem for problem in noted if isinstance(problem, Unsure)]
        other = [problem for problem in noted if not isinstance(problem, Misfit)]
        problem = (unsure or other or noted or [Undefined("the result is undefined")])[0]
        if env.tolerant is None:
            raise problem
        env.tolerant.append(problem)


def _reduce(expr: Call, env: Env) -> Tensor:
    func, args = expr.func, list(expr.args)
    options: dict[str, Any] = {name: _option(name, value, env) for name, value in expr.kwargs}
    bound = _bound(expr, env)
    names = [arg.id for arg in args[1:] if isinstance(arg, Name) and _summable(arg.id, bound, env)]
    conditions = [arg for arg in args[1:] if isinstance(arg, Compare)]
    if names:
        return _over_indices(expr, names, conditions, bound, env)
    if func in ("max", "min") and len(args) > 1:
        args = sorted(args, key=is_zero) if func == "max" else args
        result = evaluate(args[0], env)
        for arg in args[1:]:
            if func == "max" and is_zero(arg):  # ReLU, whose derivative at 0 is 0
                call = replace(expr, func="relu", args=(args[0],))
                result = elementwise("relu", [result], env, call)
            else:
                result = elementwise(SCALAR[func], [result, evaluate(arg, env)], env, expr)
        return result
    if len(args) == 2:
        option = "ord" if func == "norm" else "axis"
        options.setdefault(option, _option(option, args[1], env))
    return reduction(func, evaluate(args[0], env), options, env, expr)


def _summable(name: str, bound: Mapping[str, int], env: Env) -> bool:
    if name in env.values and name not in env.indices:
        return False
    return name in env.indices or name in bound


def _bound(expr: Call, env: Env) -> dict[str, int]:
    """The indices that are bound here and declared nowhere, with their sizes."""
    names = [
        arg.id
        for arg in expr.args[1:]
        if isinstance(arg, Name) and arg.id not in env.indices and arg.id not in env.values
    ]
    if not names:
        return {}

    shapes: dict[Expr, tuple[int, ...] | None] = {}  # it may be indexed at many places

    def axis(base: Expr, place: int) -> int | None:
        if base not in shapes:
            try:
                shapes[base] = evaluate(base, env).shape
            except Unknown:  # it holds an index that is bound here
                shapes[base] = None
        shape = shapes[base]
        return None if shape is None else shape[place]

    def whole(expr: Expr) -> int | None:
        try:
            value = evaluate(expr, env)
        except Undefined:
            return None
        return integer(value.data) if value.plain else None

    return index_ranges(names, expr.args[0], env.indices, axis, whole)


def _over_indices(
    expr: Call,
    names: list[str],
    conditions: list[Compare],
    fresh: Mapping[str, int],
    env: Env,
) -> Tensor:
    """sum(e, j, k, condition): over named indices, bound here; every index counts, also where e
    does not have it.
    """
    func = expr.func
    if fresh:
        env = replace(env, indices={**env.indices, **fresh})
        if env.frozen is not None:
            env = replace(env, frozen=replace(env.frozen, indices=env.indices))
    shadowed = [name for name in names if name in env.values]
    if shadowed:
        env = replace(env, values={k: v for k, v in env.values.items() if k not in shadowed})
    inner = env
    noted: list[Undefined] = []
    if conditions:
        inner = replace(env, tolerant=noted)
    term = evaluate(expr.args[0], inner)
    for name in names:
        term = broadcast_to_index(term, name, env)
    if conditions:
        chosen = [evaluate(condition, env) for condition in conditions]
        neutral = _BY_INDEX.get(func)
        if func == "mean":
            count = Tensor(env.numbers.scalar.number(1))
            for choice in chosen:
                count = elementwise(
                    "where", [choice, count, Tensor(env.numbers.scalar.number(0))], env, expr
                )
            for name in names:
                count = broadcast_to_index(count, name, env)
        filler = (
            Tensor(env.numbers.scalar.number(neutral))
            if neutral is not None
            else _lowest(term, func, env)
        )
        for choice in chosen:
            term = elementwise("where", [choice, term, filler], inner, expr)
        _settle(term, noted, env)
        if func == "mean":
            total, number = (_collapse("sum", t, names, env, expr) for t in (term, count))
            return elementwise("div", [total, number], env, expr)
    return _collapse(func, term, names, env, expr)


def _lowest(term: Tensor, func: str, env: Env) -> Tensor:
    """A number that a maximum, minimum or logsumexp over the other entries never notices."""
    import numpy as np

    scalar = env.numbers.scalar
    if func == "logsumexp":
        return Tensor(scalar.number(-1e18))
    values = np.asarray(term.data).reshape(-1)
    kept = values[~env.numbers.arrays.lost(values)].tolist()
    return Tensor(reduce(scalar.minimum if func == "max" else scalar.maximum, kept))


def _collapse(func: str, term: Tensor, names: list[str], env: Env, expr: Expr) -> Tensor:
    """Reduce named axes: moved to the end, they are positional."""
    import numpy as np

    kept = tuple(name for name in term.over if name not in names)
    places = [term.over.index(name) for name in names]
    if func in _ALONG:
        total = _collapse("logsumexp", term, names, env, expr)
        logs = elementwise("sub", [term, total], env, expr)
        return logs if func == "log_softmax" else elementwise("exp", [logs], env, expr)
    moved = np.moveaxis(np.asarray(term.data), places, range(-len(names), 0))
    axes = tuple(range(-len(names), 0))
    return reduction(func, Tensor(moved, kept), {"axis": axes}, env, expr)


def _option(name: str, expr: Expr, env: Env) -> Any:
    if name == "keepdims":
        return isinstance(expr, Name) and expr.id == "True"
    if name == "ord" and isinstance(expr, Name) and expr.id in ("inf", "oo"):
        return float("inf")
    if isinstance(expr, Vector):
        return tuple(_option(name, item, env) for item in expr.items)
    value = float(evaluate(expr, env).data)
    return int(value) if value == int(value) else value


def _index(expr: Index, env: Env) -> Tensor:
    base = evaluate(expr.base, env)
    items: list[Any] = []
    for item in expr.items:
        if isinstance(item, Slice):
            bounds = [
                None if part is None else int(evaluate(part, env).data)
                for part in (item.start, item.stop, item.step)
            ]
            items.append(slice(*bounds))
        else:
            items.append(evaluate(item, env))
    try:
        return getitem(base, items, env)
    except Undefined as problem:
        raise located(problem, expr) from None


def stacked(tensor: Tensor, env: Env, expr: Expr | None = None, column: bool = True) -> Tensor:
    """Examples last: [D, 1] and [D] become D × m, [1, 1] becomes 1 × m, [] becomes m, else one more
    last axis.

    `column`: an axis of length 1 may be one of a column, as far as its declaration says.
    """
    named = [name for name in tensor.over if name in env.examples]
    if not named:
        return tensor
    import numpy as np

    rest = tuple(name for name in tensor.over if name not in named)
    data = np.asarray(tensor.data)
    places = [tensor.over.index(name) for name in named]
    data = np.moveaxis(data, places, range(-len(named), 0))
    single = tensor.rank == 2 and (
        ones(tensor, expr, env) if expr else (False, tensor.shape[1] == 1)
    )
    if column and single and single[1]:
        data = np.squeeze(data, axis=len(rest) + 1)
    return finish(data, rest)


def positional(tensor: Tensor, names: tuple[str, ...], env: Env) -> Tensor:
    """Named indices become leading positional axes, in the order given: p[k] = …"""
    import numpy as np

    for name in names:
        tensor = broadcast_to_index(tensor, name, env)
    kept = tuple(name for name in tensor.over if name not in names)
    order = [tensor.over.index(name) for name in (*kept, *names)]
    order += range(len(order), np.ndim(tensor.data))
    return Tensor(np.transpose(np.asarray(tensor.data), order), kept)


def entries(expr: Expr, free: Mapping[str, int], env: Env) -> Tensor:
    """An entry formula with free indices, {name: size}, as an array whose axes are these indices
    in order.
    """
    outer = {name: size for name, size in env.indices.items() if name not in free}
    inner = replace(
        env,
        indices={**outer, **free},
        values={k: v for k, v in env.values.items() if k not in free},
    )
    return positional(evaluate(expr, inner), tuple(free), inner)


def bind(env: Env, formulas: Iterable[tuple[str, Expr]]) -> Env:
    """Further names, each with its formula, in order. One without a value is only missed where
    it is used.
    """
    if isinstance(formulas, Formulas):
        return _bind_named(env, formulas)
    for name, tree in formulas:
        if (found := _with_shape(tree, env)) is not None:
            env = _bound_to(env, {name: found})
    return env


Found: TypeAlias = "tuple[Tensor, Shape | None]"  # a value, and its declared shape


def _bind_named(env: Env, formulas: Formulas) -> Env:
    """Those that stand directly in what is evaluated; each formula that they rest on is evaluated
    once in an environment.
    """
    kept = env.kept or Kept()
    found = kept.of(env, formulas.before)
    env = bind(env, formulas.before) if formulas.before else env
    for one in needed(formulas.direct, found):
        uses = {use.name: known for use in one.uses if (known := found.get(use)) is not None}
        found[one] = _with_shape(one.formula, _bound_to(env, uses))
    direct = {one.name: known for one in formulas.direct if (known := found[one]) is not None}
    return _bound_to(env, direct)


def _with_shape(tree: Expr, env: Env) -> Found | None:
    """The value of a formula with its declared shape, where it has one; None without a value."""
    try:
        value = evaluate(tree, env)
    except Unknown:
        return None
    try:
        return value, shape_of(tree, env.shapes)
    except (ShapeError, SpanError):
        return value, None


def _bound_to(env: Env, found: Mapping[str, Found]) -> Env:
    if not found:
        return env
    shapes = {name: shape for name, (_, shape) in found.items() if shape is not None}
    values = {name: value for name, (value, _) in found.items()}
    return replace(env, values=layered(env.values, values), shapes=layered(env.shapes, shapes))


__all__ = [
    "BATCH",
    "Env",
    "Tensor",
    "bind",
    "entries",
    "evaluate",
    "expand",
    "positional",
    "stacked",
]


def is_zero(expr: Expr) -> bool:
    """Is it the number 0?"""
    return isinstance(expr, Num) and not expr.value
