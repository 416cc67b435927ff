"""Scalar graphs: all gradients as numbers, by gradcalc, by hand in floats, and by the peers.

Every contender starts from the same program and gives the gradient at every input as a number. Run as
`python -m benchmarks.scalars PEER FAMILY`, it prints a line for each size until it is stopped.
"""

from __future__ import annotations

import math
import random
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

from benchmarks import clock
from benchmarks.program import Program


def sigmoid_chain(n: int) -> Program:
    """x ← sigmoid(w x), n times, each with its own w."""
    rng, p = random.Random(n), Program()
    x = p.input(0.5)
    for _ in range(n):
        x = p.do("sigmoid", p.do("mul", p.input(rng.uniform(-2, 2)), x))
    return p


def product(n: int) -> Program:
    """x₁ x₂ … xₙ."""
    rng, p = random.Random(n), Program()
    x = p.input(1.0)
    for _ in range(n - 1):
        x = p.do("mul", x, p.input(rng.choice((-1, 1)) * rng.uniform(0.99, 1.01)))
    return p


def diamonds(n: int) -> Program:
    """x ← sin x + tanh x, n times: 2ⁿ paths."""
    p = Program()
    x = p.input(0.7)
    for _ in range(n):
        x = p.do("add", p.do("sin", x), p.do("tanh", x))
    return p


def lstm(n: int) -> Program:
    """An LSTM cell of width one, unrolled n steps; twelve shared parameters."""
    rng, p = random.Random(n), Program()
    gates = [[p.input(rng.uniform(-1, 1)) for _ in range(3)] for _ in range(4)]
    h, c = p.input(0.1), p.input(-0.2)
    for _ in range(n):
        x = p.input(rng.uniform(-1, 1))
        sums = [
            p.do("add", p.do("add", p.do("mul", w, x), p.do("mul", u, h)), b) for w, u, b in gates
        ]
        i, f, o = (p.do("sigmoid", s) for s in sums[:3])
        c = p.do("add", p.do("mul", f, c), p.do("mul", i, p.do("tanh", sums[3])))
        h = p.do("mul", o, p.do("tanh", c))
    return p


def random_graph(n: int) -> Program:
    """n nodes, each of the one before and, half of them, of a random earlier one."""
    rng, p = random.Random(n), Program()
    inputs = [p.input(rng.uniform(-1, 1)) for _ in range(max(2, n // 20))]
    while len(p.ops) < n:
        last, other = len(p.ops) - 1, rng.randrange(len(p.ops))
        if p.ops[last] not in ("add", "sub", "mul") and rng.random() < 0.8:
            p.do(rng.choice(("add", "sub", "mul")), last, other)
        else:
            p.do(rng.choice(("sin", "tanh", "sigmoid", "cos")), last)
    assert len(inputs) < n
    return p


# Family -> (program, what n counts, sizes for gradcalc and the float pass, sizes for the peers)
FAMILIES: dict[str, tuple[Callable[[int], Program], str, tuple[int, ...], tuple[int, ...]]] = {
    "sigmoid chain": (sigmoid_chain, "layers", (100, 300, 1000, 3000, 10000, 30000), (10, 30, 100, 300, 1000, 3000, 10000)),
    "product of inputs": (product, "inputs", (100, 300, 1000, 3000, 10000, 30000), (10, 30, 100, 300, 1000, 3000, 10000)),
    "diamonds": (diamonds, "levels", (12, 30, 100, 300, 1000, 3000, 10000, 30000), (4, 8, 12, 16, 20, 30, 100, 300, 1000, 3000)),
    "LSTM unrolled": (lstm, "steps", (4, 10, 30, 100, 300, 1000, 3000), (1, 2, 4, 10, 30, 100, 300, 1000)),
    "random graph": (random_graph, "nodes", (100, 300, 1000, 3000, 10000, 30000, 100000), (30, 100, 300, 1000, 3000, 10000, 100000)),
}  # fmt: skip


def by_hand(p: Program) -> dict[int, float]:
    """A float reverse pass as one would write it: forward values, then one sweep backwards."""
    values: list[float] = []
    for k, (op, args) in enumerate(zip(p.ops, p.args, strict=True)):
        if op == "mul":
            values.append(values[args[0]] * values[args[1]])
        elif op == "add":
            values.append(values[args[0]] + values[args[1]])
        elif op == "sub":
            values.append(values[args[0]] - values[args[1]])
        elif op == "input":
            values.append(p.values[k])
        elif op == "sigmoid":
            values.append(1 / (1 + math.exp(-values[args[0]])))
        elif op == "tanh":
            values.append(math.tanh(values[args[0]]))
        elif op == "sin":
            values.append(math.sin(values[args[0]]))
        elif op == "cos":
            values.append(math.cos(values[args[0]]))
    grads = [0.0] * len(values)
    grads[-1] = 1.0
    for k in range(len(values) - 1, -1, -1):
        op, args, g = p.ops[k], p.args[k], grads[k]
        if op == "mul":
            grads[args[0]] += g * values[args[1]]
            grads[args[1]] += g * values[args[0]]
        elif op == "add":
            grads[args[0]] += g
            grads[args[1]] += g
        elif op == "sub":
            grads[args[0]] += g
            grads[args[1]] -= g
        elif op == "sigmoid":
            grads[args[0]] += g * values[k] * (1 - values[k])
        elif op == "tanh":
            grads[args[0]] += g * (1 - values[k] ** 2)
        elif op == "sin":
            grads[args[0]] += g * math.cos(values[args[0]])
        elif op == "cos":
            grads[args[0]] -= g * math.sin(values[args[0]])
    return {k: grads[k] for k in p.values}


def graph(p: Program) -> list[Any]:
    """The program as gradcalc has it."""
    from gradcalc.graph.model import Node

    return [Node(op, args, ()) for op, args in zip(p.ops, p.args, strict=True)]


def gradcalc(p: Program, nodes: list[Any]) -> dict[int, float]:
    """The pass that puts numbers on the wires of a figure."""
    from gradcalc.numeric.scalar_gradients import through

    found = through(nodes, p.values, {len(nodes) - 1: 1.0}).gradients
    return {k: found[k] or 0.0 for k in p.values}


def agree(got: dict[int, float], want: dict[int, float]) -> bool:
    """Equal up to rounding, relative to the largest gradient."""
    scale = max(map(abs, want.values()), default=1.0)
    return all(
        math.isclose(got[k], want[k], rel_tol=1e-6, abs_tol=1e-9 * scale + 1e-300) for k in want
    )


def ours(family: str) -> None:
    """gradcalc and the float pass, run by run in turn."""
    make, _, sizes, _ = FAMILIES[family]
    clock.say(loaded=True)
    for n in sizes:
        p = make(n)
        nodes = graph(p)
        rounds = 3 if len(p.ops) > 30000 else 7
        pairs = [
            (clock.timed(by_hand, p, most=1), clock.timed(gradcalc, p, nodes, most=1))
            for _ in range(rounds)
        ]
        hand, own = (
            sorted(t for t, _ in column)[rounds // 2] for column in zip(*pairs, strict=True)
        )
        right = agree(pairs[-1][1][1], pairs[-1][0][1])
        tracemalloc.start()
        gradcalc(p, graph(p))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        clock.say(
            n=n, nodes=len(p.ops), hand=hand, gradcalc=own, right=right, bytes=peak / len(p.ops)
        )


def peer(name: str, family: str) -> None:
    """One peer over growing sizes."""
    from benchmarks.peers import PEERS

    load, work = PEERS[name]
    library = load()
    make, _, _, sizes = FAMILIES[family]
    work(library, make(sizes[0]))  # what happens only once
    clock.say(loaded=True)
    for n in sizes:
        p = make(n)
        seconds, got = clock.timed(work, library, p, most=3)
        clock.say(n=n, nodes=len(p.ops), seconds=seconds, right=agree(got, by_hand(p)))


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    arguments: list[Any] = sys.argv[1:]
    ours(arguments[1]) if arguments[0] == "gradcalc" else peer(*arguments)
