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
from functools import cache
from typing import Any

from gradcalc.nodes import Node
from gradcalc.numeric.backends import floats
from gradcalc.ops import TABLE
from gradcalc.records import dataclass
from gradcalc.syntax import Binary, Call, Compare, Expr, Name, Neg, Num, parse

WORDS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow"}
TESTS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
# One step of a local derivative: (operation, operands); an operand is a step's number, or ~k for operand k of the
# node (~0, ~1, …), the last one being its result. A constant is ("const", value).
Step = tuple[str, Any]


@dataclass(slots=True)
class Tape:
    """`ops[n]`, `args[n]`: node n is an operation on earlier nodes; those from `size` on belong to adjoints.

    adjoint[n] is the node that holds ∂output/∂node n, or -1 where the output does not depend on it.
    """

    ops: list[str]
    args: list[Any]
    size: int
    adjoint: list[int]


@cache
def local(op: str, operand: int) -> tuple[Step, ...]:
    """The local derivative of an operation by one operand as steps; () is 0, the constant 1 is ("const", 1.0)."""
    entry = TABLE[op]
    text = entry.partials[operand] if entry.partials else ""
    if text in ("", "0"):
        return ()
    places = {name: ~k for k, name in enumerate((*entry.operands, "r"))}
    steps: list[Step] = []

    def emit(tree: Expr) -> int:
        if isinstance(tree, Name) and tree.id in places:
            return places[tree.id]
        if isinstance(tree, Name):
            step: Step = ("const", {"pi": math.pi, "e": math.e}[tree.id])
        elif isinstance(tree, Num):
            step = ("const", float(tree.value))
        elif isinstance(tree, Neg):
            step = ("neg", (emit(tree.arg),))
        elif isinstance(tree, (Binary, Compare)):
            word = WORDS[tree.op] if isinstance(tree, Binary) else TESTS[tree.op]
            step = (word, (emit(tree.left), emit(tree.right)))
        elif isinstance(tree, Call):
            step = (tree.func, tuple(emit(arg) for arg in tree.args))
        else:
            raise TypeError(f"not a scalar expression: {tree!r}")
        steps.append(step)
        return len(steps) - 1

    last = emit(parse(text))
    if last < 0:
        steps.append(("copy", (last,)))
    return tuple(steps)


def adjoints(nodes: Sequence[Node], output: int) -> Tape:
    """The adjoint of every node that `output` depends on, as light nodes. Scalar elementwise graphs only."""
    ops = [node.op for node in nodes]
    args: list[Any] = [node.attrs["value"] if node.op == "const" else node.args for node in nodes]
    size = len(ops)
    adjoint = [-1] * size
    new_op, new_args = ops.append, args.append
    adjoint[output] = size
    new_op("const")
    new_args(1.0)
    for number in range(output, -1, -1):
        upstream = adjoint[number]
        if upstream < 0:
            continue
        op, operands = ops[number], args[number]
        if op in ("input", "const"):
            continue
        for k, operand in enumerate(operands):
            if op == "add" or op == "copy" or (op == "sub" and k == 0):
                share = upstream
            elif op == "mul":
                share = len(ops)
                new_op("mul")
                new_args((upstream, operands[1 - k]))
            else:
                steps = local(op, k)
                if not steps:
                    continue
                base = len(ops)
                for word, inputs in steps:
                    new_op(word)
                    new_args(
                        inputs
                        if word == "const"
                        else tuple(
                            base + i if i >= 0 else (operands[~i] if ~i < len(operands) else number) for i in inputs
                        )
                    )
                share = len(ops)
                new_op("mul")
                new_args((upstream, share - 1))
            if adjoint[operand] < 0:
                adjoint[operand] = share
            else:  # another path to the same node: the contributions add
                total = len(ops)
                new_op("add")
                new_args((adjoint[operand], share))
                adjoint[operand] = total
    return Tape(ops, args, size, adjoint)


@cache
def functions() -> Mapping[str, Callable[..., Any]]:
    """Float functions by operation; the arithmetic is Python's own."""
    numbers = floats().scalar
    found: dict[str, Callable[..., Any]] = {}
    for name, op in TABLE.items():
        if op.value is not None:
            found[name] = _bind(op.value, numbers)
    return found


def _bind(value: Callable[..., Any], numbers: Any) -> Callable[..., Any]:
    return lambda *operands: value(numbers, *operands)


def evaluate(tape: Tape, inputs: Mapping[int, float]) -> list[float]:
    """The value of every node of a tape, given those of its input nodes. Raises Undefined where one has none."""
    table = functions()
    values: list[Any] = []
    push = values.append
    for number, (op, args) in enumerate(zip(tape.ops, tape.args, strict=True)):
        if op == "mul":
            push(values[args[0]] * values[args[1]])
        elif op == "add":
            push(values[args[0]] + values[args[1]])
        elif op == "sub":
            push(values[args[0]] - values[args[1]])
        elif op == "const":
            push(
                args
                if isinstance(args, float)
                else float(Fraction(args))
                if not isinstance(args, str)
                else {"pi": math.pi, "e": math.e}[args]
            )
        elif op == "input":
            push(float(inputs[number]))
        else:
            push(table[op](*[values[n] for n in args]))
    return values
