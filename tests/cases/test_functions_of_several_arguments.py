"""Unknown functions of several arguments: `{function: 2}`.

The formulas are evaluated here with a function that is known, f(x, y) = x² y³ + sin(x + 2y), whose
derivatives SymPy finds, and compared with SymPy's derivative of the whole.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sympy as sp

import gradcalc
from gradcalc import GradcalcError
from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.language import formula
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Binary, Call, Expr, Name, Neg, Num
from gradcalc.numeric.evaluation_points import random_points
from gradcalc.numeric.forward import Forward
from gradcalc.numeric.precision import FLOAT

S = sp.symbols("s1:4")
KNOWN = {
    "f": S[0] ** 2 * S[1] ** 3 + sp.sin(S[0] + 2 * S[1]),
    "h": S[0] * sp.exp(S[1] * S[2]) + S[2] ** 2,
    "g": sp.log(1 + S[0] ** 2),
    "k": sp.cos(S[0]) + S[0] ** 3,
}
DECLARED = "variables: {f: {function: 2}, h: {function: 3}, g: {function: 1}, k: {function: 1}}"


def value(expr: Expr, names: dict[str, Any]) -> Any:
    """An expression with the known functions in the place of the unknown ones."""
    match expr:
        case Num(number):
            return sp.Rational(number.numerator, number.denominator)
        case Name(word):
            return names[word]
        case Neg(arg):
            return -value(arg, names)
        case Binary(op, left, right):
            one, other = value(left, names), value(right, names)
            return {"+": one + other, "-": one - other, "*": one * other}.get(op) or (
                one / other if op == "/" else one**other
            )
        case Call(func, args) if func in KNOWN:
            places = expr.places or (1,) * expr.primes
            slope = KNOWN[func]
            for place in places:
                slope = sp.diff(slope, S[place - 1])
            given = dict(zip(S, [value(arg, names) for arg in args], strict=False))
            return slope.subs(given, simultaneous=True)
        case Call(func, (arg,)):
            return getattr(sp, func)(value(arg, names))
    raise AssertionError(expr)


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (("x = g(t)", "y = k(t)", "z = f(x, y)"), "dz/dt"),
        (("x = g(t)", "y = k(t)", "z = f(x, y)"), "d2z/dt2"),
        (("x = r*cos(t)", "y = r*sin(t)", "z = f(x, y)"), "d2z/drdt"),
        (("x = r*cos(t)", "y = r*sin(t)", "z = f(x, y)"), "d2z/dt2"),
        (("z = f(r, r)",), "d2z/dr2"),
        (("z = f(r*t, r/t)^2",), "dz/dt"),
        (("z = f(r + t, g(r))*k(t)",), "d2z/drdt"),
        (("z = h(r, t, f(t, r))",), "dz/dt"),
        (("z = h(r, t, f(t, r))",), "d2z/drdt"),
        (("z = d1f(r, t) + d12f(t, r)",), "dz/dr"),
    ],
)
def test_the_chain_rule_with_a_function_that_is_known(lines: tuple[str, ...], asked: str) -> None:
    text = "expression: |\n  " + "\n  ".join(lines) + f"\n{DECLARED}\nquestions: [{asked}]\n"
    answer = gradcalc.solve(parse_exercise(text)).answers[0]
    assert answer.verified.ok is True
    names: dict[str, Any] = {word: sp.Symbol(word) for word in ("r", "t")}
    for line in lines:
        name, _, definition = line.partition(" = ")
        names[name] = value(parse(definition, set(KNOWN)), names)
    by = [names[word] for word in asked.partition("/")[2] if word in "rt"]
    by = by * 2 if asked.endswith("2") else by
    want = sp.diff(names["z"], *by)
    for formula_ in (answer.symbolic, answer.expanded):
        got = value(parse(formula_, set(KNOWN)), names)
        at = {sp.Symbol("r"): sp.Rational(7, 5), sp.Symbol("t"): sp.Rational(3, 4)}
        assert abs(sp.N((got - want).subs(at), 30)) < 1e-20, formula_


def test_arrays_are_taken_entry_by_entry() -> None:
    text = """
expression: |
  u = A @ x
  L = sum(f(u, y))
variables: {A: [m, n], x: [n], y: [m], f: {function: 2}}
questions: [dL/dx, dL/dA, dL/dy, d2L/dx2]
"""
    answers = gradcalc.solve(parse_exercise(text)).answers
    assert [answer.symbolic for answer in answers] == [
        "A.T @ d1f(u, y)",
        "outer(d1f(u, y), x)",
        "d2f(u, y)",
        "A.T @ diag(d11f(u, y)) @ A",
    ]
    assert all(answer.verified.ok for answer in answers)


def test_in_the_usual_notation() -> None:
    expr = parse("d1f(x, y) + d12f(x, y)*d112f(x, y)", {"f"})
    names = Names(functions=frozenset("f"))
    assert formula.text(expr, names) == "∂₁f(x, y) + ∂₁∂₂f(x, y) ∂₁²∂₂f(x, y)"
    assert formula.latex(expr, names) == (
        r"\partial_1 f(x, y) + \partial_1 \partial_2 f(x, y) \partial_1^2 \partial_2 f(x, y)"
    )


@pytest.mark.parametrize("text", ["∂₁f(x, y)", "∂₁∂₂f(x, y)", "∂₁²f(x, y)", "∂₂²∂₁f(x, y)"])
def test_what_is_printed_can_be_pasted_back(text: str) -> None:
    tree = parse(text, {"f"})
    assert parse(unparse(tree), {"f"}) == tree
    assert isinstance(tree, Call)
    counts = {"∂₁f(x, y)": (1,), "∂₁∂₂f(x, y)": (1, 2), "∂₁²f(x, y)": (1, 1)}
    assert tree.places == counts.get(text, (1, 2, 2))


def test_the_stand_in_has_the_derivatives_that_it_says() -> None:
    """Differences of the stand-in, and no two of its second derivatives alike."""
    step = 1e-5
    text = f"expression: z = f(x, y) + h(x, y, x)\n{DECLARED}\n"
    graph = build(parse_exercise(text))
    points, _ = random_points(graph, 1)
    forward = Forward(graph, points[0])
    env = forward.env(FLOAT)
    from gradcalc.numeric.evaluate import evaluate

    def at(call: str, x: float, y: float) -> float:
        from gradcalc.numeric.tensor import Tensor

        here = env.bind({"x": Tensor(x), "y": Tensor(y), "w": Tensor(0.3)})
        return float(evaluate(parse(call, set(KNOWN)), here).data)

    for call, by in itertools.product(("f(x, y)", "d1f(x, y)", "d2f(x, y)"), (1, 2)):
        places = call[1 : call.index("f")] if call.startswith("d") else ""
        slope = f"d{''.join(sorted(places + str(by)))}f(x, y)"
        move = (step, 0) if by == 1 else (0, step)
        up, down = (at(call, 0.4 + sign * move[0], 0.7 + sign * move[1]) for sign in (1, -1))
        assert at(slope, 0.4, 0.7) == pytest.approx((up - down) / (2 * step), rel=1e-8)
    second = [at(f"d{places}f(x, y)", 0.4, 0.7) for places in ("11", "12", "22")]
    assert abs(second[0] * second[2] - second[1] ** 2) > 1e-3
    assert at("d1h(x, y, w)", 0.4, 0.7) != at("d3h(x, y, w)", 0.4, 0.7)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("f(x)", "`f` takes 2 arguments, not 1", "declare variables: {f: {function: 1}}"),
        ("d3f(x, y)", "`f` has no argument 3, only 2", None),
        ("d1g(x)", "`d1g`: `g` has one argument", "write g'(…)"),
        ("f'(x, y)", "`f'`: a function of 2 arguments has 2 derivatives", "write d1f(…) or d2f(…)"),
        ("q(x, y)", "unknown function `q`", "define it, q(s, t) = …, or declare it unknown, variables: {q: {function: 2}}"),
    ],
)  # fmt: skip
def test_calls_that_cannot_be(line: str, message: str, hint: str | None) -> None:
    with pytest.raises(GradcalcError) as caught:
        parse_exercise(f"expression: z = {line}\n{DECLARED}\n")
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (message, hint)


MARKED = f"""
expression: |
  x = g(t)
  y = k(t)
  z = f(x, y)
{DECLARED}
questions: [dz/dt, d2z/dt2]
"""


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("dz/dt", "d1f(x, y)*g'(t) + d2f(x, y)*k'(t)", "right"),
        ("dz/dt", "∂₁f(g(t), y) g'(t) + ∂₂f(x, y)*k'(t)".replace(") g", ")*g"), "right"),
        ("dz/dt", "∂₂f(x, y)*g'(t) + ∂₁f(x, y)*k'(t)", "wrong"),
        ("dz/dt", "∂₁f(x, y)*g'(t)", "wrong"),
        ("d2z/dt2", "d1f(x, y)*g''(t) + d2f(x, y)*k''(t) + d11f(x, y)*g'(t)^2 + d22f(x, y)*k'(t)^2 + 2*d12f(x, y)*g'(t)*k'(t)", "right"),
        ("d2z/dt2", "∂₁²f(x, y)*g'(t)^2", "wrong"),
        ("dz/dt", "d3f(x, y)", "invalid"),
        ("dz/dt", "f'(x, y)", "invalid"),
    ],
)  # fmt: skip
def test_marked(question: str, answer: str, verdict: str) -> None:
    found = gradcalc.check(parse_exercise(MARKED), {question: answer})
    assert [v.verdict for v in found if v.verdict != "blank"] == [verdict]


def test_a_path_that_is_left_out_is_named() -> None:
    found = gradcalc.check(parse_exercise(MARKED), {"dz/dt": "∂₁f(x, y)*g'(t)"})
    said = "This is what comes out if the path through `t` in the line of y is left out."
    assert found[0].message == said
