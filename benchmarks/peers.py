"""The peers' ways to the same gradients, each as its documentation would do it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.program import Program


ARITHMETIC = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


def replay(
    p: Program, inputs: dict[int, Any], functions: dict[str, Callable[..., Any]]
) -> list[Any]:
    """The program on values of any kind."""
    values: list[Any] = []
    for k, (op, args) in enumerate(zip(p.ops, p.args, strict=True)):
        if op == "input":
            values.append(inputs[k])
        else:
            values.append((ARITHMETIC.get(op) or functions[op])(*(values[a] for a in args)))
    return values


def load_casadi() -> Any:
    import casadi

    return casadi


def casadi(ca: Any, p: Program) -> dict[int, float]:
    """SX graph, `gradient`, a Function of it, called once."""
    symbols = {k: ca.SX.sym(f"x{k}") for k in p.values}
    functions = {
        "sigmoid": lambda x: 1 / (1 + ca.exp(-x)),
        "tanh": ca.tanh,
        "sin": ca.sin,
        "cos": ca.cos,
    }
    output = replay(p, symbols, functions)[-1]
    inputs = ca.vertcat(*symbols.values())
    found = ca.Function("g", [inputs], [ca.gradient(output, inputs)])(list(p.values.values()))
    return dict(zip(p.values, map(float, found.full().ravel()), strict=True))


def load_symengine() -> Any:
    import symengine

    return symengine


def symengine(se: Any, p: Program) -> dict[int, float]:
    """Every node a symbol: its local derivatives by `diff`, an adjoint expression each, both evaluated."""
    symbols = [se.Symbol(f"n{k}") for k in range(len(p.ops))]
    functions = {
        "sigmoid": lambda x: 1 / (1 + se.exp(-x)),
        "tanh": se.tanh,
        "sin": se.sin,
        "cos": se.cos,
        **ARITHMETIC,
    }
    values: list[Any] = []
    adjoints: list[list[Any]] = [[] for _ in symbols]
    expressions: list[Any] = []
    for k, (op, args) in enumerate(zip(p.ops, p.args, strict=True)):
        if op == "input":
            expressions.append(None)
            values.append(se.RealDouble(p.values[k]))
            continue
        expression = functions[op](*(symbols[a] for a in args))
        expressions.append(expression)
        # As a float: x - x is the exact 0, and what is computed from it would stay exact.
        values.append(se.RealDouble(float(expression.subs({symbols[a]: values[a] for a in args}))))
        for a in dict.fromkeys(args):
            adjoints[a].append((k, se.diff(expression, symbols[a])))
    uppers = [se.Symbol(f"g{k}") for k in range(len(p.ops))]
    grads: list[Any] = [se.RealDouble(0.0)] * len(symbols)
    grads[-1] = se.RealDouble(1.0)
    for k in range(len(symbols) - 2, -1, -1):
        expression = sum((uppers[n] * local for n, local in adjoints[k]), se.Integer(0))
        known = {uppers[n]: grads[n] for n, _ in adjoints[k]}
        for n, _ in adjoints[k]:
            known.update({symbols[a]: values[a] for a in p.args[n]})
        grads[k] = se.RealDouble(float(expression.subs(known)))
    return {k: float(grads[k]) for k in p.values}


def load_sympy() -> Any:
    import sympy

    return sympy


def sympy(sp: Any, p: Program) -> dict[int, float]:
    """The composed expression, `diff` by every input, floats put in."""
    from sympy.core.cache import clear_cache

    clear_cache()
    symbols = {k: sp.Symbol(f"x{k}", real=True) for k in p.values}
    functions = {
        "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
        "tanh": sp.tanh,
        "sin": sp.sin,
        "cos": sp.cos,
    }
    output = replay(p, symbols, functions)[-1]
    known = {symbols[k]: sp.Float(value) for k, value in p.values.items()}
    return {k: float(sp.diff(output, symbol).xreplace(known)) for k, symbol in symbols.items()}


def load_jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    return jax


def jax_grad(jax: Any, p: Program, compiled: bool = False) -> dict[int, float]:
    """`jax.grad` by the list of inputs."""
    import jax.numpy as jnp

    functions = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "sin": jnp.sin, "cos": jnp.cos}
    gradient = jax.grad(lambda xs: replay(p, dict(zip(p.values, xs, strict=True)), functions)[-1])
    found = (jax.jit(gradient) if compiled else gradient)(list(p.values.values()))
    return {k: float(g) for k, g in zip(p.values, found, strict=True)}


def jax_jit(jax: Any, p: Program) -> dict[int, float]:
    """The same, compiled first."""
    return jax_grad(jax, p, compiled=True)


def load_solver() -> Any:
    from gradcalc.derivation.solve import solve
    from gradcalc.exercise.load import exercise_from

    return lambda data: solve(exercise_from(data))


def exercise(p: Program) -> dict[str, Any]:
    """An exercise with every node named, which asks for the gradient at every input."""
    signs = {"add": "+", "sub": "-", "mul": "*"}
    lines = {
        f"n{k}": f"n{args[0]} {signs[op]} n{args[1]}" if op in signs else f"{op}(n{args[0]})"
        for k, (op, args) in enumerate(zip(p.ops, p.args, strict=True))
        if op != "input"
    }
    used = {arg for args in p.args for arg in args}
    return {
        "expression": lines,
        "variables": [f"n{k}" for k in p.values if k in used],
        "values": {f"n{k}": value for k, value in p.values.items() if k in used},
        "questions": [f"dn{len(p.ops) - 1}/dn{k}" for k in p.values if k in used],
    }


def checked(solve: Any, p: Program) -> dict[int, float]:
    """The whole of gradcalc: each answer in shortest form and verified."""
    data = exercise(p)
    answers = solve(data).answers
    assert all(answer.verified.ok for answer in answers)
    found = {int(name[1:]): 0.0 for name in (f"n{k}" for k in p.values)}
    names = (int(question.rpartition("n")[2]) for question in data["questions"])
    return found | {k: float(answer.value) for k, answer in zip(names, answers, strict=True)}


# Name -> (what loads it, its work)
PEERS: dict[str, tuple[Callable[[], Any], Callable[[Any, Program], dict[int, float]]]] = {
    "CasADi SX": (load_casadi, casadi),
    "symengine per node": (load_symengine, symengine),
    "sympy.diff": (load_sympy, sympy),
    "jax.grad": (load_jax, jax_grad),
    "jax.jit(jax.grad)": (load_jax, jax_jit),
    "gradcalc, checked": (load_solver, checked),
}
