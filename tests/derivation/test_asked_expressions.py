"""`value E`: expressions in quantities, sizes and the names of answers above, as formulas, numbers
and verdicts. The wanted numbers are computed here, by hand or by differences in NumPy.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradcalc
from gradcalc import GradcalcError
from gradcalc.derivation.solve import Solver
from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import build
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.number_factors import gathered
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Binary, Neg, Num

LEAST_SQUARES = """
expression: "E = norm(X @ w - y)^2"
variables: {X: [3, 2], w: [2], y: [3]}
values: {X: [[1, 0], [0, 1], [1, 1]], w: [1, 2], y: [1, 1, 1]}
questions:
  - g = dE/dw
  - H = d2E/dw2
  - w1 = value w - 0.5*g
  - value norm(g)^2
  - value w - inv(H) @ g
  - value norm(w1)
  - value dE_dw/2
"""


def solved(text: str) -> dict[str, Any]:
    """Question -> answer."""
    answers = gradcalc.solve(parse_exercise(text)).answers
    return {answer.question: answer for answer in answers}


def differences(function: Any, at: Any, step: float = 1e-5) -> Any:
    """The derivative of a function of an array by central differences: axes (*out, *in)."""
    at = np.asarray(at, dtype=float)
    columns = []
    for place in np.ndindex(*at.shape):
        move = np.zeros_like(at)
        move[place] = step
        up, down = (np.asarray(function(at + sign * move)) for sign in (1, -1))
        columns.append((up - down) / (2 * step))
    return np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *at.shape)


def test_a_gradient_step_and_a_newton_step_in_the_names_of_answers_above() -> None:
    found = solved(LEAST_SQUARES)
    X, w, y = np.array([[1, 0], [0, 1], [1, 1.0]]), np.array([1, 2.0]), np.ones(3)

    def loss(at: Any) -> Any:
        return ((X @ at - y) ** 2).sum()

    g = differences(loss, w)
    H = differences(lambda at: differences(loss, at, 1e-3), w, 1e-3)
    for question, want in {
        "value w - 0.5*g": w - 0.5 * g,
        "value norm(g)^2": g @ g,
        "value w - inv(H) @ g": np.linalg.solve(X.T @ X, X.T @ y),
        "value norm(w1)": np.linalg.norm(w - 0.5 * g),
        "value dE_dw/2": g / 2,
    }.items():
        assert_allclose(found[question].value, want, rtol=1e-8)
        assert found[question].verified.ok is True
    assert_allclose(np.array(found["value w - inv(H) @ g"].value), w - np.linalg.inv(H) @ g, 1e-6)


def test_formulas_of_answers_are_put_in_and_simplified() -> None:
    found = solved(LEAST_SQUARES)
    assert found["value w - 0.5*g"].symbolic == "w - X.T @ (X @ w - y)"
    assert found["value dE_dw/2"].symbolic == "X.T @ (X @ w - y)"


@pytest.mark.parametrize(
    ("lines", "questions", "formula", "value"),
    [
        # The elasticity of a power is its exponent, whatever the point.
        ("y = a*x^b", ["dy = dy/dx", "value x/y*dy"], "b", 4),
        # The slope of the level set x² + y² at (3, 2).
        ("F = x^2 + y^2", ["Fx = dF/dx", "Fy = dF/dy", "value -Fx/Fy"], "-x/y", -1.5),
        # Marginal rate of substitution of a Cobb–Douglas utility.
        ("U = x^a*y^(1 - a)", ["Ux = dU/dx", "Uy = dU/dy", "value Ux/Uy"], None, None),
        # Newton's step for x² − 2 is Heron's mean.
        ("f = x^2 - 2", ["f1 = df/dx", "value x - f/f1"], None, 11 / 6),
        # Curvature of a parabola at x = 3: 2/(1 + 36)^(3/2).
        ("y = x^2", ["y1 = dy/dx", "y2 = d2y/dx2", "value y2/(1 + y1^2)^1.5"], None, 2 / 37**1.5),
        ("f = x*y", ["value f^2 + 1"], None, 37),
        ("f = x*y", ["s = value f + x", "value s*2"], None, 18),
        ("f = x*y", ["q = value f", "value q - x"], None, 3),
        ("f = x*y", ["r = local df/dx", "value r + 1"], "y + 1", 3),
        ("f = x*y^2", ["m = d2f/dxdy", "value m/2"], "y", 2),
    ],
)
def test_numbers(lines: str, questions: list[str], formula: str | None, value: Any) -> None:
    known = {"a": 2, "b": 4, "x": 3, "y": 2}
    used = {
        name: number for name, number in known.items() if name in lines and f"{name} =" not in lines
    }
    answer = gradcalc.solve({"expression": lines, "values": used, "questions": questions}).answers[
        -1
    ]
    assert answer.verified.ok is True
    if formula is not None:
        assert answer.symbolic == formula
    if value is not None:
        assert answer.value == pytest.approx(value, rel=1e-12)


def test_values_per_example_in_stacks_and_with_sizes() -> None:
    found = solved("""
expression: |
  a = sigmoid(w.T @ x + b)
  J = sum((a - y)^2/2, i)/m
examples: {i: m}
variables:
  x: {shape: [2, 1], each: i}
  y: {shape: [1, 1], each: i}
  w: [2, 1]
  b: [1, 1]
values: {x: [[1, 2, 0], [0, 1, 3]], y: [[1, 0, 1]], w: [[0.5], [-1]], b: [[0.1]], eta: 0.3}
questions:
  - delta = dJ/da
  - gw = dJ/dw
  - gx = dJ/dX
  - g0 = dJ/dw[0, 0]
  - value w - eta*gw
  - value m*delta
  - value X - eta*gx
  - value sum(delta, i)
  - value w[0, 0] - eta*g0
""".replace("eta: 0.3}", "}").replace("eta*", "0.3*"))  # fmt: skip
    x, y = np.array([[1, 2, 0], [0, 1, 3.0]]), np.array([[1, 0, 1.0]])
    w, b = np.array([[0.5], [-1]]), 0.1

    def loss(w: Any, x: Any) -> Any:
        a = 1 / (1 + np.exp(-(w.T @ x + b)))
        return ((a - y) ** 2).sum() / 2 / 3

    a = 1 / (1 + np.exp(-(w.T @ x + b)))
    gw, gx = differences(lambda at: loss(at, x), w), differences(lambda at: loss(w, at), x)
    for question, want in {
        "value w - 0.3*gw": w - 0.3 * gw,
        "value m*delta": a - y,
        "value X - 0.3*gx": x - 0.3 * gx,
        "value sum(delta, i)": ((a - y).sum() / 3).reshape(1, 1),
        "value w[0, 0] - 0.3*g0": w[0, 0] - 0.3 * gw[0, 0],
    }.items():
        assert_allclose(found[question].value, want, rtol=1e-7, err_msg=question)
        assert found[question].verified.ok is True, question


def test_a_hessian_that_is_known_by_its_entries() -> None:
    """Its formula is an entry, so the expression keeps its name; the number is there."""
    text = """
expression: |
  f = sum(x[j]^2*x[k], j, k) + sum(x[j]^4, j)
indices: {j: n, k: n}
variables: {x: [n]}
values: {x: [1, 2, 3]}
questions: [g = df/dx, H = d2f/dx2, value x - inv(H) @ g, value g @ H @ g]
"""
    found = solved(text)
    x = np.array([1, 2, 3.0])

    def f(x: Any) -> Any:
        return (x**2).sum() * x.sum() + (x**4).sum()

    g = differences(f, x, 1e-4)
    H = differences(lambda at: differences(f, at, 1e-3), x, 1e-3)
    assert_allclose(found["value x - inv(H) @ g"].value, x - np.linalg.solve(H, g), rtol=1e-5)
    assert_allclose(found["value g @ H @ g"].value, g @ H @ g, rtol=1e-5)
    assert found["value g @ H @ g"].verified.ok is True


def test_without_values_the_formula_is_checked_elsewhere() -> None:
    answer = gradcalc.solve(
        {"expression": "y = a*x^b", "questions": ["dy = dy/dx", "value x/y*dy"]}
    ).answers[-1]
    assert (answer.symbolic, answer.value, answer.verified.ok) == ("b", None, True)


def test_an_upstream_gradient_by_its_name() -> None:
    found = solved("""
expression: "Z = X @ W"
variables: {X: [3, 2], W: [2, 2]}
upstream: {dL/dZ: G}
questions: [gW = dL/dW, value W - gW/10]
""")
    assert found["value W - gW/10"].symbolic == "W - X.T @ G/10"
    assert found["value W - gW/10"].verified.ok is True


def test_at_a_kink_the_value_rests_on_a_convention_and_is_not_verified() -> None:
    answer = solved("""
expression: "f = abs(x)"
values: {x: 0}
questions: [g = df/dx, value x - g]
""")["value x - g"]
    assert (answer.value, answer.verified.ok) == (0, None)
    assert answer.verified.reason == "a convention: nothing to compare at this point"


@pytest.mark.parametrize("wrong", [Num(Fraction(2)), Neg(Num(Fraction(1)))])
def test_a_wrong_formula_fails_its_check(wrong: Any) -> None:
    """The oracle computes the expression from its own derivatives: a formula that is off by any
    factor is refuted.
    """
    exercise = parse_exercise(
        "expression: f = x^3\nvalues: {x: 2}\nquestions: [g = df/dx, value g + 1]\n"
    )
    solver = Solver(build(exercise), "matrix", "gradient")
    question = exercise.questions[-1]
    right = solver.answerer.answer(question)
    bad = replace(right, symbolic=Binary("*", wrong, right.symbolic))
    assert solver.asked_value(right).verified.ok is True
    assert solver.asked_value(bad).verified.ok is False


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0.5*(2*X.T @ r)", "X.T @ r"),
        ("w - 0.1*(2*x)", "w - 0.2*x"),
        ("a - 3*(-2*x)", "a + 6*x"),
        ("(2*x)/(4*y)", "x/y/2"),
        ("2*(3*(4*x))", "24*x"),
        ("f(2*(3*x))", "f(6*x)"),
        ("x/(2*y)*2", "x/y"),
        ("-(-x)", "x"),
        ("0*x", "0*x"),
        ("m*x*x", "m*x^2"),
        ("x*(3*x)", "3*x^2"),
        ("x - 2", "x - 2"),
        ("x + 2*3", "x + 6"),
    ],
)
def test_numbers_of_a_product_are_gathered(text: str, wanted: str) -> None:
    assert unparse(gathered(parse(text, {"f"}))) == wanted


# ---- what is refused


@pytest.mark.parametrize(
    ("questions", "message", "hint"),
    [
        (["value x - g", "g = df/dx"], "`g` is the answer to a question below", "put that question above this one"),
        (["value x - df/dx"], "`df/dx` is a derivative; in an expression it is written by its name", "ask for it above, g = df/dx, and write g here"),
        (["value x - q"], "there is no quantity and no answer above `q`", "names: x, f"),
        (["s = shape x", "value s + 1"], "`s` is a shape, so it has no value", None),
        (["value x +"], "something is missing after `+`", None),
        (["value x == 1"], "a comparison is not a number", "write where(x == 1, 1, 0)"),
        (["value 1/0"], "division by zero", None),
        (["value h(x)"], "unknown function `h`", "define it, h(t) = …, or declare it unknown, variables: {h: {function: 1}}"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(questions: list[str], message: str, hint: str | None) -> None:
    with pytest.raises(GradcalcError) as caught:
        gradcalc.solve({"expression": "f = x^2", "questions": questions})
    problem = caught.value.problems[0]
    assert (problem.message, problem.hint) == (message, hint)


def test_shapes_that_do_not_fit_are_said_at_their_place() -> None:
    with pytest.raises(GradcalcError) as caught:
        solved("expression: f = norm(x)^2\nvariables: {x: [3]}\nquestions:\n  - value x @ [1, 2]\n")
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.place.line, problem.slug) == (4, "shape")


def test_a_derivative_in_a_line_is_refused_with_the_questions_that_ask_for_it() -> None:
    with pytest.raises(GradcalcError) as caught:
        solved("expression: |\n  L = (w - 1)^2\n  w_new = w - eta*dL/dw\n")
    (problem,) = caught.value.problems
    assert problem.message == "`dL/dw` is a derivative, which a line cannot have in it"
    assert problem.hint == "ask for both: questions: [g = dL/dw, w_new = value w - eta*g]"


def test_names_that_have_values_are_read_as_inputs() -> None:
    found = solved(
        "expression: |\n  L = (w - 1)^2\n  v = w - dL/dw\nvalues: {w: 3, dL: 4, dw: 2}\nquestions: [value v]\n"
    )
    assert found["value v"].value == 1
