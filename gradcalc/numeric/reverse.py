"""Reverse mode over light nodes: every adjoint of a scalar graph, symbolic and evaluated, in time linear in its size.

    tape = adjoints(graph.nodes, output)     # adjoints as nodes of the same kind: (operation, operands)
    values = evaluate(tape, inputs)          # floats of all nodes, adjoints included
    values[tape.adjoint[n]]                  # ∂output/∂node n

Local derivatives come from the table of operations, in terms of operands and result. Nothing here loads SymPy or
NumPy; the number of paths does not matter, each node is visited once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from operator import add, itemgetter, mul, sub
from typing import Any

from gradcalc.graph.model import Node
from gradcalc.language import entry_fields
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num
from gradcalc.language.tree import occurrences
from gradcalc.numeric.precision import floats
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.ops import SIGNS, TABLE

ARITHMETIC: Mapping[str, Callable[..., Any]] = {"+": add, "-": sub, "*": mul}


@dataclass(slots=True)
class Tape:
    """`ops[n]`, `args[n]`: node n is an operation on earlier nodes; those from `size` on belong to adjoints.

    adjoint[n] is the node that holds ∂output/∂node n, or -1 where the output does not depend on it.
    Besides the operations of the table there are pullbacks: "tanh'0", of (upstream, operands…, result), is upstream
    times the local derivative of tanh by operand 0 as the table states it; "muladd" of (a, b, c) is a·b + c.
    """

    ops: list[str]
    args: list[Any]
    size: int
    adjoint: list[int]


# How the adjoint of a node goes on to an operand: multiplied by another operand or by the RESULT, as it is, turned,
# or through the pullback of that name.
Way = int | str
RESULT, PASS, TURN = -1, "pass", "neg"
MULADD = "muladd"


@cache
def ways(op: str) -> tuple[tuple[int, Way], ...]:
    """(k, way): how the adjoint of an operation goes on to operand k. Operands without influence are left out."""
    entry = TABLE[op]
    plain: dict[str, Way] = {"1": PASS, "-1": TURN, "r": RESULT}
    plain.update({name: k for k, name in enumerate(entry.operands)})
    return tuple(
        (k, plain.get(text, f"{op}'{k}"))
        for k, text in enumerate(entry.partials or ())
        if text not in ("", "0")
    )


def adjoints(nodes: Sequence[Node], output: int) -> Tape:
    """The adjoint of every node that `output` depends on, as light nodes. Scalar elementwise graphs only."""
    ops = [node.op for node in nodes]
    args: list[Any] = [node.args for node in nodes]
    for number, node in enumerate(nodes):
        if node.op == "const":
            args[number] = node.attrs["value"]
    size = count = len(ops)
    adjoint = [-1] * size
    new_op, new_args = ops.append, args.append
    adjoint[output] = count
    new_op("const")
    new_args(1.0)
    count += 1
    plans = {op: ways(op) if op in TABLE else () for op in set(ops)}
    for number in range(output, -1, -1):
        upstream = adjoint[number]
        if upstream < 0:
            continue
        operands = args[number]
        for k, way in plans[ops[number]]:
            operand = operands[k]
            others = adjoint[operand]
            if way is PASS:
                share = upstream
            elif way.__class__ is int:
                adjoint[operand] = count
                count += 1
                factor = operands[way] if way >= 0 else number
                if others < 0:
                    new_op("mul")
                    new_args((upstream, factor))
                else:
                    new_op(MULADD)
                    new_args((upstream, factor, others))
                continue
            else:
                share = count
                count += 1
                if way is TURN:
                    new_op("neg")
                    new_args((upstream,))
                else:
                    new_op(way)  # type: ignore[arg-type]
                    new_args(
                        (upstream, operands[0], number)
                        if len(operands) == 1
                        else (upstream, *operands, number)
                    )
            if others < 0:
                adjoint[operand] = share
            else:  # another path to the same node: the contributions add
                adjoint[operand] = count
                count += 1
                new_op("add")
                new_args((others, share))
    return Tape(ops, args, size, adjoint)


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Float functions by operation: those of `math` and of our floats by the same name, else as the table has them.

    They raise Undefined, ArithmeticError or ValueError where there is no value.
    """
    numbers = floats().scalar
    found: dict[str, Callable[..., Any]] = {}
    for name, op in TABLE.items():
        if op.value is not None:
            direct = (
                getattr(math, name, None) or getattr(numbers, name, None)
                if op.partials and len(op.operands) == 1
                else None
            )
            found[name] = direct or partial(op.value, numbers)
    return found


@cache
def pullback(name: str) -> Callable[[tuple[Any, ...]], Any]:
    """The local derivative that a pullback multiplies by, of (operands…, result)."""
    stated, places = _stated(name)
    return function(stated, places)


@cache
def reads(name: str) -> frozenset[int]:
    """Which of (operands…, result) a pullback reads."""
    stated, places = _stated(name)
    return frozenset(places[part.id] for part in occurrences(stated) if part.id in places)


def _stated(name: str) -> tuple[Expr, Mapping[str, int]]:
    """The formula of a pullback in the table, and the places of the names in it."""
    op, k = name.split("'")
    entry = TABLE[op]
    stated = entry_fields.partial(entry, int(k))
    assert stated is not None  # else nothing passes, and nobody asks
    return stated, {word: place for place, word in enumerate((*entry.operands, "r"))}


def function(tree: Expr, places: Mapping[str, int]) -> Callable[[Any], Any]:
    """A scalar formula as a function of a tuple, put together from those of its parts; `places`: of names in the tuple.

    Raises KeyError for any other name, TypeError for what is no scalar expression.
    """
    if isinstance(tree, Name) and tree.id in places:
        return itemgetter(places[tree.id])
    if isinstance(tree, (Name, Num)):
        constant = (
            {"pi": math.pi, "e": math.e}[tree.id] if isinstance(tree, Name) else float(tree.value)
        )
        return lambda v: constant
    if isinstance(tree, Neg):
        inner = function(tree.arg, places)
        return lambda v: -inner(v)
    if isinstance(tree, Call):
        called, (first, *rest) = (
            functions()[tree.func],
            [function(arg, places) for arg in tree.args],
        )
        return (
            (lambda v: called(first(v), *[part(v) for part in rest]))
            if rest
            else (lambda v: called(first(v)))
        )
    if not isinstance(tree, (Binary, Compare)):
        raise TypeError(f"not a scalar expression: {tree!r}")
    place = places.get(tree.left.id) if isinstance(tree.left, Name) else None
    if tree.op == "^" and tree.right == Num(Fraction(2)):
        return (
            _square(function(tree.left, places)) if place is None else lambda v: v[place] * v[place]
        )
    combined = ARITHMETIC.get(tree.op) or functions()[SIGNS[tree.op]]
    left, right = function(tree.left, places), function(tree.right, places)
    if isinstance(tree.left, Num):
        number = float(tree.left.value)
        return lambda v: combined(number, right(v))
    return (
        (lambda v: combined(left(v), right(v)))
        if place is None
        else lambda v: combined(v[place], right(v))
    )


def _square(base: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def square(v: Any) -> Any:
        value = base(v)
        return value * value

    return square


def evaluate(tape: Tape, inputs: Mapping[int, float]) -> list[float]:
    """The value of every node of a tape, given those of its input nodes. Raises Undefined where one has none."""
    table = functions()
    pulls = {op: pullback(op) for op in set(tape.ops) if "'" in op}
    values: list[Any] = []
    push = values.append
    try:
        for op, args in zip(tape.ops, tape.args, strict=True):
            if op == "mul":
                a, b = args
                push(values[a] * values[b])
            elif op == "add":
                a, b = args
                push(values[a] + values[b])
            elif op == MULADD:
                a, b, c = args
                push(values[a] * values[b] + values[c])
            elif (pull := pulls.get(op)) is not None:
                if len(args) == 3:
                    a, b, c = args
                    push(values[a] * pull((values[b], values[c])))
                else:
                    push(values[args[0]] * pull(tuple([values[n] for n in args[1:]])))
            elif op == "input":
                push(float(inputs[len(values)]))
            elif op == "const":
                push({"pi": math.pi, "e": math.e}[args] if isinstance(args, str) else float(args))
            elif len(args) == 1:
                push(table[op](values[args[0]]))
            else:
                push(table[op](*[values[n] for n in args]))
    except (ArithmeticError, ValueError) as error:
        raise Undefined(f"node {len(values)} has no value: {error}") from None
    return values
