"""Scalar computations at hard points, and what is right there: ties, branch points, zeros, ±1000,
1e±8, 1e±300.

The oracle is mpmath with 2,500 digits and one-sided differences; it shares nothing with gradcalc
but the syntax tree.
"""

from __future__ import annotations

from random import Random
from typing import Any

import mpmath

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num, parse

M = mpmath.mp.clone()
M.dps = 2500
ZERO, STEPS = M.mpf(10) ** -2000, (M.mpf(10) ** -500, M.mpf(10) ** -600)
VALUES = ("0", "0", "1", "-1", "1000", "-1000", "1e-8", "1e8", "1e-35", "1/2", "2", "1/3", "0.1", "0.3", "pi/2", "pi", "37")  # fmt: skip
UNARY = [
    "exp",
    "log",
    "sqrt",
    "abs",
    "sign",
    "step",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "erf",
    "sigmoid",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
]


class Outside(Exception):
    """There is no number, or one so large that mpmath takes too long."""


def sign(x: Any) -> int:
    return 0 if abs(x) < ZERO else 1 if x > 0 else -1


def sigmoid(x: Any) -> Any:
    return 1 / (1 + M.exp(-x)) if x > 0 else M.exp(x) / (1 + M.exp(x))


FUNCTIONS: dict[str, Any] = {
    **{name: getattr(M, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf", "asinh", "acosh", "atanh", "log10", "log1p", "expm1", "hypot", "atan2", "digamma")},
    "log2": lambda x: M.log(x, 2), "clip": lambda x, low, high: min(max(x, low), high), "polygamma": lambda k, x: M.psi(int(k), x),
    "lgamma": lambda x: M.log(abs(M.gamma(x))),
    "abs": abs, "sign": lambda x: M.mpf(sign(x)), "step": lambda x: M.mpf(sign(x) > 0), "sigmoid": sigmoid,
    "relu": lambda x: max(x, M.mpf(0)), "leaky_relu": lambda x: x if x > 0 else x / 100, "elu": lambda x: x if x > 0 else M.expm1(x),
    "gelu": lambda x: x * M.erfc(-x / M.sqrt(2)) / 2, "silu": lambda x: x * sigmoid(x), "softsign": lambda x: x / (1 + abs(x)),
    "softplus": lambda x: max(x, M.mpf(0)) + M.log1p(M.exp(-abs(x))), "max": max, "min": min,
}  # fmt: skip


def number(tree: Expr, at: dict[str, Any]) -> Any:
    """The value of a scalar expression. Raises Outside."""
    match tree:
        case Num():
            return M.mpf(tree.value.numerator) / tree.value.denominator
        case Name():
            return at[tree.id] if tree.id in at else +getattr(M, tree.id)  # pi, e
        case Neg():
            return -number(tree.arg, at)
        case Binary():
            return power_of(tree.op, number(tree.left, at), number(tree.right, at))
        case Call() if tree.func == "where":
            condition = tree.args[0]
            assert isinstance(condition, Compare)
            side = sign(number(condition.left, at) - number(condition.right, at))
            holds = {
                "<": side < 0,
                "<=": side <= 0,
                ">": side > 0,
                ">=": side >= 0,
                "==": side == 0,
            }
            return number(tree.args[1 if holds[condition.op] else 2], at)
        case Call():
            operands = [number(arg, at) for arg in tree.args]
            x = operands[0]
            if tree.func == "sqrt" and sign(x) < 0:
                raise Outside
            positive = {"log": 0, "log2": 0, "log10": 0, "log1p": -1}
            if tree.func in positive and sign(x - positive[tree.func]) <= 0:
                raise Outside
            if tree.func in ("lgamma", "digamma", "polygamma") and operands[-1] <= 0:
                raise Outside
            if (tree.func == "acosh" and x < 1) or (tree.func == "atanh" and abs(x) >= 1):
                raise Outside
            if tree.func in ("asin", "acos") and sign(abs(x) - 1) > 0:
                raise Outside
            if tree.func == "sqrt" and sign(x) == 0:
                return M.mpf(0)
            if (
                tree.func in ("exp", "sinh", "cosh", "sigmoid", "silu", "softplus", "elu")
                and abs(x) > 1e6
            ):
                raise Outside
            if tree.func == "tan" and sign(M.cos(x)) == 0:
                raise Outside
            return finite(FUNCTIONS[tree.func](*operands))
    raise TypeError(tree)


def power_of(op: str, x: Any, y: Any) -> Any:
    if op == "/" and sign(y) == 0:
        raise Outside
    if op == "^":
        whole = y == int(y)
        if (not whole and sign(x) < 0) or (sign(x) == 0 and y <= 0 and not y == 0) or abs(y) > 1e4:
            raise Outside
        if sign(x) == 0:
            return M.mpf(y == 0)
        return finite(x ** int(y) if whole else x**y)
    return {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y}[op]()


def finite(x: Any) -> Any:
    if isinstance(x, M.mpc):
        if abs(x.imag) > ZERO:
            raise Outside
        x = x.real
    if not M.isfinite(x) or (x and abs(M.mag(x)) > 3_000_000):
        raise Outside
    return x


def text(random: Random, depth: int) -> str:
    kind = random.randrange(8) if depth else 0
    if kind == 0:
        return random.choice(("x", "x", "y", "1", "2", "1/3", "pi"))

    def part() -> str:
        return text(random, depth - 1)

    if kind <= 3:
        return f"({part()} {random.choice('+-*/')} {part()})"
    if kind <= 5:
        return f"{random.choice(UNARY)}({part()})"
    if kind == 6:
        return random.choice(("({0})^2", "({0})^3", "({0})^(-1)", "({0})^(1/2)", "sqrt(({0})^2)", "abs({0})^3")).format(part())  # fmt: skip
    pattern = random.choice(("max({0}, {1})", "min({0}, {1})", "where({0} > {1}, {0}, {1})", "where({0} == {1}, {0}, {1})", "where({0} <= 1, {1}, 2)"))  # fmt: skip
    return pattern.format(part(), part())


def slopes(tree: Expr, at: dict[str, Any], by: str) -> list[Any]:
    """Difference quotients from the right and the left, with two steps. Raises Outside."""
    here = number(tree, at)
    return [
        (number(tree, {**at, by: at[by] + side * step}) - here) / (side * step)
        for step in STEPS
        for side in (1, -1)
    ]


def limits(sides: list[Any]) -> list[Any]:
    """The slopes of the finer step; 0 where they go to 0 with the step, or are what rounding
    left.
    """
    count = len(sides) // 2
    return [
        M.mpf(0) if abs(fine) <= max(M.mpf(10) ** -40 * abs(coarse), M.mpf(10) ** -1400) else fine
        for coarse, fine in zip(sides[:count], sides[count:], strict=True)
    ]


def agree(sides: list[Any]) -> bool:
    """Do the slopes from all sides agree, at their own scale? Where they grow as the step gets
    finer, there is a jump.
    """
    count = len(sides) // 2
    pairs = zip(sides[:count], sides[count:], strict=True)
    if any(abs(fine) > M.mpf(10) ** 40 * max(abs(coarse), 1) for coarse, fine in pairs):
        return False
    one, *others = limits(sides)
    return all(abs(one - other) <= M.mpf(10) ** -30 * max(abs(one), abs(other)) for other in others)


def close(got: float | None, want: Any) -> bool:
    if got is None:
        return False
    if abs(want) < M.mpf(10) ** -310:
        return abs(got) < 1e-309
    return bool(abs(got - want) <= M.mpf(10) ** -12 * abs(want))


def judged(formula: str, values: dict[str, str]) -> list[tuple[str, str]]:
    """(verdict, what): right, wrong, refused, silent (a kink that nothing names), needless (one that is none), false (a
    check that fails), skipped."""
    exercise = {
        "expression": [f"f = {formula}"], "variables": {name: [] for name in values},
        "values": values, "questions": [f"df/d{name}" for name in values],
    }  # fmt: skip
    solution = solve(exercise_from(exercise))
    tree, found = parse(formula), []
    at = {name: number(parse(value), {}) for name, value in values.items()}
    try:
        want = number(tree, at)
    except (Outside, ArithmeticError, ValueError):
        return [("skipped", "outside")]
    shown = solution.forward["f"]
    if shown is None:
        found.append(("refused" if abs(want) < 1e300 else "right", f"f is {M.nstr(want, 10)}"))
    else:
        found.append(
            ("right" if close(shown, want) else "wrong", f"f = {shown}, not {M.nstr(want, 17)}")
        )
    for name, answer in zip(values, solution.answers, strict=True):
        note = f"df/d{name} = {answer.value}"
        assert answer.verified is not None
        if answer.verified.ok is False:
            found.append(("false", f"{note}: {answer.verified}"))
        try:
            sides = slopes(tree, at, name)
        except (Outside, ArithmeticError, ValueError):
            found.append(("skipped", note))
            continue
        mean = sum(limits(sides)) / 2
        smooth = agree(sides)
        conventions = any(warning.slug == "kink" for warning in answer.warnings)
        if not smooth:
            found.append(("right" if answer.value is None or conventions else "silent", note))
        elif answer.value is None:
            found.append(
                ("refused" if abs(mean) < 1e300 else "right", f"{note}, is {M.nstr(mean, 10)}")
            )
        elif conventions and close(answer.value, mean):
            found.append(("needless", note))
        elif not conventions:
            found.append(
                (
                    "right" if close(answer.value, mean) else "wrong",
                    f"{note}, not {M.nstr(mean, 17)}",
                )
            )
    return found


def drawn(random: Random) -> tuple[str, dict[str, str]]:
    formula = text(random, random.choice((2, 2, 3)))
    first = random.choice(VALUES)
    values = {"x": first, "y": random.choice((first, *VALUES))}
    return formula, {name: value for name, value in values.items() if name in formula.replace("max", "").replace("exp", "")}  # fmt: skip
