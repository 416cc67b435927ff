"""Selections to nodes: `base[items]` with entries, slices, named indices and integer inputs."""

from __future__ import annotations

from typing import Any

from gradcalc.graph.lowering import Env, Lowering
from gradcalc.graph.model import Node
from gradcalc.language.errors import SpanError
from gradcalc.language.index_places import IndexPlace, index_place
from gradcalc.language.parser import Expr, Index, Name, Slice, names, unparse
from gradcalc.language.shape_rules import Size, position, show, sliced


def select(low: Lowering, expr: Index, base: int, env: Env) -> int:
    """The node of `base[items]`, where `base` is a node; the base itself where all is selected."""
    node = low.nodes[base]
    if len(expr.items) > len(node.shape):
        raise _too_many(low, expr, node)
    items: list[tuple[Any, ...]] = []
    kept: list[Size] = []
    args = [base]
    place = -1  # where the axes of an integer array go
    for axis, (item, length) in enumerate(zip(expr.items, node.shape, strict=False)):
        if isinstance(item, Slice):
            start, stop, step, count = sliced(item, length, low.sizes)
            items.append(("slice", start, stop, step))
            kept.append(count)
            continue
        item, inner = low.resolve(item, env)
        shifted = index_place(item, low.scope.indices)
        if shifted is not None:
            items.append(_placed(low, expr, item, node, axis, shifted))
        elif all(low.scope.kinds.get(name) == "size" for name in names(item)):
            items.append(("at", position(item, length, low.sizes)))
        else:
            number = _integer(low, item, inner, length)
            if low.nodes[number].shape:
                if place >= 0:
                    raise _unsupported(low, expr, "only one array of indices is supported")
                place = len(kept)
            items.append(("gather", len(args)))
            args.append(number)
            kept += low.nodes[number].shape
    rest = node.shape[len(items) :]
    single = [at for at, item in enumerate(items) if item[0] != "slice"]
    if place >= 0 and single[-1] - single[0] >= len(single):
        raise _unsupported(low, expr, "a slice between indices is not supported")
    if not single and all(
        item[1].number == 0 and item[2] == length and item[3] == 1
        for item, length in zip(items, node.shape, strict=False)
    ):
        return base
    items += [("slice", Size.of(0), length, 1) for length in rest]
    return low.make(
        "getitem", tuple(args), {"items": tuple(items)}, (*kept, *rest), low.piece(expr, env)
    )


def _too_many(low: Lowering, expr: Index, node: Node) -> SpanError:
    """More indices than the base has axes."""
    over = [index for index in node.over if index in low.scope.exercise.examples]
    hint = (
        f"write {unparse(expr.base)}: there is already one for each {over[0]}"
        if over and not node.shape
        else None
    )
    many = "1 index" if len(expr.items) == 1 else f"{len(expr.items)} indices"
    message = f"{many} on {low.words(expr.base)}, which is {show(node.shape)}"
    return SpanError("index", message, *expr.span, hint)


def _unsupported(low: Lowering, expr: Index, reason: str) -> SpanError:
    message = f"{low.words(expr)}: {reason}"
    return SpanError("index", message, *expr.span, "index in two steps")


def _placed(
    low: Lowering, expr: Index, item: Expr, node: Node, axis: int, place: IndexPlace
) -> tuple[Any, ...]:
    """An index along an axis, or a sum of indices that stays on it. Raises SpanError."""
    for name, _ in place.steps:
        if name in node.over:
            message = f"{low.words(expr.base)} already depends on {name}"
            raise SpanError("index", message, *expr.span, f"write {unparse(expr.base)}")
    sizes = {name: low.length(name, item) for name, _ in place.steps}
    if isinstance(item, Name) and (
        sizes[item.id] == node.shape[axis] or (unparse(expr.base), axis, place) not in low.loose
    ):
        _check_index(low, expr, item, node, axis)
        return ("at", Size.of(0)) if low.single(item.id) else ("index", item.id)
    length, base = node.shape[axis], low.words(expr.base)
    first, last = place.first(sizes), place.last(sizes)
    runs = " and ".join(f"{name} runs from 0 to {size - 1}" for name, size in sizes.items())
    if first.number is None or first.number < 0:
        message = (
            f"{low.words(expr)}: {runs}, so `{unparse(item)}` begins at {first}, before entry 0"
        )
        hint = "shift the others instead: x[t + 1] and x[t] for x[t] and x[t - 1]"
        raise SpanError("index", message, *expr.span, hint)
    room = (length - 1 - last).number
    if room is None or room < 0:
        message = (
            f"{low.words(expr)}: {runs}, so axis {axis} of {base} needs {last + 1} entries; "
            f"it has {length}"
        )
        hint = f"declare no range for an index and no shape for {base}, and it is deduced"
        if not {*sizes} & {*low.scope.exercise.indices}:
            hint = "an index has one range in all lines: use another index on this line"
        raise SpanError("index", message, *expr.span, hint)
    steps = tuple((name, step) for name, step in place.steps if not low.single(name))
    return ("shift", steps, place.offset) if steps else ("at", place.offset)


def _check_index(low: Lowering, expr: Index, item: Name, node: Node, axis: int) -> None:
    """Raises SpanError where a named index does not run over the axis."""
    length, words = node.shape[axis], low.words(expr.base)
    if low.length(item.id, item) != length:
        message = (
            f"{low.words(expr)}: {item.id} runs over {low.indices[item.id]}, "
            f"axis {axis} of {words} is {length}: {low.indices[item.id]} ≠ {length}"
        )
        raise SpanError("index", message, *expr.span)


def _integer(low: Lowering, item: Expr, env: Env, length: Size) -> int:
    """An integer input that chooses an entry of an axis."""
    base, _ = low.resolve(item.base if isinstance(item, Index) else item, env)
    kind = low.scope.kinds.get(base.id) if isinstance(base, Name) else None
    if kind != "input" or not isinstance(base, Name):
        what = (
            f"`{base.id}` is computed, so it cannot be an index"
            if kind == "quantity" and isinstance(base, Name)
            else f"`{unparse(item)}` cannot be an index"
        )
        hint = "an index is a whole number, a declared index, an integer input or a slice"
        raise SpanError("index", what, *item.span, hint)
    low.gathers.append((base.id, length, low.source, item))
    return low.expr(item, env)
