"""Random scalars at hard points: every number that is shown is right to 1e-12, or a kink is named, or it is refused.

Ties, branch points, zeros, ±1000, 1e±8. The oracle is mpmath with 2,500 digits and one-sided differences; it shares
nothing with gradcalc but the syntax tree. 60 computations by default; GRADCALC_RANDOM=2000 for more.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import mpmath
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num, parse
from gradcalc.ops import TABLE

COUNT = int(os.environ.get("GRADCALC_RANDOM", "60"))
BATCHES = 6
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
    **{name: getattr(M, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "erf")},
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
            return at.get(tree.id, M.mpf(M.pi))
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
            if (tree.func == "log" and sign(x) <= 0) or (tree.func == "sqrt" and sign(x) < 0):
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


def agree(sides: list[Any]) -> bool:
    mean = sum(sides) / len(sides)
    return all(abs(side - mean) <= M.mpf(10) ** -300 * (1 + abs(mean)) for side in sides)


def close(got: float | None, want: Any) -> bool:
    if got is None:
        return False
    if abs(want) < M.mpf(10) ** -300:
        return abs(got) < 1e-300
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
        mean = sum(sides) / 4
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


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_scalars_at_hard_points(batch: int) -> None:
    random, verdicts = Random(f"hard {batch}"), []
    for _ in range(COUNT // BATCHES):
        formula, values = drawn(random)
        try:
            verdicts += [(kind, (formula, values, what)) for kind, what in judged(formula, values)]
        except GradcalcError as error:  # a constant part may turn out undefined or absurd
            if {problem.slug for problem in error.problems} != {"undefined"}:
                raise
    assert [item for item in verdicts if item[0] in ("wrong", "silent", "false", "needless")] == []
    told = [item for item in verdicts if item[0] in ("right", "refused")]
    refused = [item for item in told if item[0] == "refused"]
    assert len(refused) <= 1 + len(told) // 50, refused
    assert len(told) >= COUNT // BATCHES


@pytest.mark.parametrize(
    ("formula", "values", "kind"),
    [
        ("softsign(x)", {"x": "0"}, "right"), ("abs(cos(x))", {"x": "pi/2"}, "right"), ("max(silu(x), x)", {"x": "100"}, "right"),
        ("exp(x)*(1 - sigmoid(x))", {"x": "200"}, "right"), ("where(x == 1, 7, x)", {"x": "1"}, "right"), ("sqrt(x^4)", {"x": "0"}, "right"),
        ("where(x > 0, x*log(x), 0)", {"x": "-1"}, "right"), ("gelu(x)", {"x": "-30"}, "right"), ("x^y", {"x": "0", "y": "2"}, "right"),
        ("(1 - cos(x))/x^2", {"x": "1e-35"}, "right"), ("log(1 - tanh(x)^2)", {"x": "400"}, "right"), ("elu(x)", {"x": "0"}, "right"),
        ("max(x, y)", {"x": "1", "y": "1.0000000000000000000000001"}, "right"), ("relu(x)^2", {"x": "0"}, "right"),
    ],
)  # fmt: skip
def test_kinds_of_hard_points(formula: str, values: dict[str, str], kind: str) -> None:
    """One of each kind that was wrong once."""
    assert {verdict for verdict, _ in judged(formula, values)} == {kind}


SCALARS = [
    op for op in TABLE.values()
    if op.called and op.kind == "elementwise" and op.partials and op.name not in ("where", "stop_gradient", "half_step")
]  # fmt: skip


def quotients(formula: str, x: str, order: int) -> list[Any]:
    """Difference quotients of the first or second order, from the right and the left."""
    tree, at = parse(formula), number(parse(x), {})
    found = []
    for step in STEPS:
        for side in (step, -step):
            here, one, two = (number(tree, {"x": at + k * side}) for k in range(3))
            found.append((one - here) / side if order == 1 else (two - 2 * one + here) / side**2)
    return found


@pytest.mark.parametrize("x", ["0", "1", "-1"])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", [op.called for op in SCALARS])
def test_every_kink_of_the_table_is_known(name: str, order: int, x: str) -> None:
    """Derivatives from the two sides differ, and then alone, where a warning names the convention."""
    formula = f"{name}(x, 1)" if name in ("max", "min") else f"{name}(x)"
    question = "df/dx" if order == 1 else "d2f/dx2"
    content = {"expression": [f"f = {formula}"], "values": {"x": x}, "questions": [question]}
    (answer,) = solve(exercise_from(content)).answers
    try:
        sides = [quotients(formula, x, k) for k in range(1, order + 1)]
    except (Outside, ArithmeticError, ValueError):
        return
    named = any(warning.slug == "kink" for warning in answer.warnings)
    if all(map(agree, sides)):
        assert not named
        assert close(answer.value, sides[-1][0]), (answer.value, sides[-1][0])
    else:
        assert named or answer.value is None, answer.value
