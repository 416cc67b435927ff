"""Exercises on chain rules, implicit slopes, elasticities, Newton and gradient steps as they were
published: the computation, what is asked, and the answer that was printed, as a formula or a number.

The printed formulas are compared by `check`, which differentiates the forward computation itself.
Where a source is wrong, its answer has to be found wrong, and the corrected one right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcalc

UNKNOWN = {"f": {"function": 2}, "g": {"function": 1}, "h": {"function": 1}}

# source, lines, values, questions, {question: what was printed}
PUBLISHED: list[tuple[str, str, dict[str, Any], list[str], dict[str, Any]]] = [
    ("Stewart, Calculus, 14.5, exercise 45 (a)", "x = r*cos(t)\ny = r*sin(t)\nz = f(x, y)", {}, ["dz/dr", "dz/dt"],
     {"dz/dr": "d1f(x, y)*cos(t) + d2f(x, y)*sin(t)", "dz/dt": "-d1f(x, y)*r*sin(t) + d2f(x, y)*r*cos(t)"}),
    ("Stewart, Calculus, 14.5, exercise 45 (b); UCLA 32A sample final 10", "x = r*cos(t)\ny = r*sin(t)\nz = f(x, y)", {},
     ["zr = dz/dr", "zt = dz/dt", "value zr^2 + zt^2/r^2"], {"value zr^2 + zt^2/r^2": "d1f(x, y)^2 + d2f(x, y)^2"}),
    ("Stewart, Calculus, 14.5, chain rule, case 1", "x = g(t)\ny = h(t)\nz = f(x, y)", {}, ["dz/dt"],
     {"dz/dt": "d1f(x, y)*g'(t) + d2f(x, y)*h'(t)"}),
    ("Stewart, Calculus, 14.5, exercise 19: g(u, v) = f(e^u + sin v, e^u + cos v)", "z = f(exp(u) + sin(v), exp(u) + cos(v))", {},
     ["dz/du", "dz/dv"], {"dz/du": "(d1f(exp(u) + sin(v), exp(u) + cos(v)) + d2f(exp(u) + sin(v), exp(u) + cos(v)))*exp(u)",
                          "dz/dv": "d1f(exp(u) + sin(v), exp(u) + cos(v))*cos(v) - d2f(exp(u) + sin(v), exp(u) + cos(v))*sin(v)"}),
    ("Stewart, Calculus, 14.5, exercise 20: g(r, s) = f(2r - s, s^2 - 4r)", "z = f(2*r - s, s^2 - 4*r)", {}, ["dz/dr", "dz/ds"],
     {"dz/dr": "2*d1f(2*r - s, s^2 - 4*r) - 4*d2f(2*r - s, s^2 - 4*r)", "dz/ds": "-d1f(2*r - s, s^2 - 4*r) + 2*s*d2f(2*r - s, s^2 - 4*r)"}),
    ("MIT 18.02, chain rule practice", "x = r*cos(t)\ny = r*sin(t)\nw = (x^2 + y^2)*x*y", {"r": 2, "t": "pi/4"}, ["dw/dr", "dw/dt"],
     {"dw/dr": 16, "dw/dt": "r^4*cos(2*t)"}),
    ("Multivariable quiz: x^2 + y^3 - 5 = 0", "F = x^2 + y^3 - 5", {"x": 1, "y": 2}, ["Fx = dF/dx", "Fy = dF/dy", "value -Fx/Fy"],
     {"value -Fx/Fy": "-(2*x)/(3*y^2)"}),
    ("Implicit differentiation, section 11 (1): x^3 + y^3 = 3", "F = x^3 + y^3 - 3", {}, ["a = dF/dx", "b = dF/dy", "value -a/b"],
     {"value -a/b": "-x^2/y^2"}),
    ("Implicit differentiation, section 11 (2): x^3 + y^3 = x y", "F = x^3 + y^3 - x*y", {}, ["a = dF/dx", "b = dF/dy", "value -a/b"],
     {"value -a/b": "(y - 3*x^2)/(3*y^2 - x)"}),
    ("acemicro.org: u = X Y", "u = X*Y", {}, ["MX = du/dX", "MY = du/dY", "value -MX/MY"], {"value -MX/MY": "-Y/X"}),
    ("acemicro.org: u = X^340 Y^759", "u = X^340*Y^759", {}, ["MX = du/dX", "MY = du/dY", "value -MX/MY"],
     {"value -MX/MY": "-340*Y/(759*X)"}),
    ("Microeconomics question 125706: U = X^0.4 Y^0.5 at (3, 4)", "U = X^0.4*Y^0.5", {"X": 3, "Y": 4}, ["MX = dU/dX", "MY = dU/dY", "value -MX/MY"],
     {"value -MX/MY": "-1.0667"}),
    ("Constant elasticity: q = a p^(-b)", "q = a*p^(-b)", {}, ["dq = dq/dp", "value p/q*dq"], {"value p/q*dq": "-b"}),
    ("CMSE 382, worksheet 5-1, question 1", "f = 100*x[0]^4 + 0.01*x[1]^4", {"x": [1, 1]}, ["g = df/dx", "H = d2f/dx2", "value x - inv(H) @ g"],
     {"df/dx": [400, "0.04"], "d2f/dx2": [[1200, 0], [0, "0.12"]], "value x - inv(H) @ g": ["2/3", "2/3"]}),
    ("CMSE 382, worksheet 5-1, question 2: f = sqrt(1 + x^2)", "f = sqrt(1 + x^2)", {}, ["f1 = df/dx", "f2 = d2f/dx2", "value x - f1/f2"],
     {"df/dx": "x/sqrt(1 + x^2)", "d2f/dx2": "1/(1 + x^2)^(3/2)", "value x - f1/f2": "-x^3"}),
    ("Newton's method for two variables, from (4, 4)", "f = x[0]^4 + 0.8*x[1]^4 + 4*x[0]^2 + 2*x[1]^2 - x[0]*x[1] - 0.2*x[0]^2*x[1]", {"x": [4, 4]},
     ["g = df/dx", "H = d2f/dx2", "value x - inv(H) @ g"],
     {"df/dx": ["277.6", "213.6"], "d2f/dx2": [["198.4", "-2.6"], ["-2.6", "157.6"]]}),
    ("One Newton step from (0, 1): 4x^3 + 6x^2 - 12xy + 2y^2", "f = 4*x[0]^3 + 6*x[0]^2 - 12*x[0]*x[1] + 2*x[1]^2", {"x": [0, 1]},
     ["g = df/dx", "H = d2f/dx2", "value x - inv(H) @ g"], {"df/dx": [-12, 4], "value x - inv(H) @ g": [0, 0]}),
    ("One Newton step from (0, 1): x1^2 + 2 x2^2 + 2 x1 + 3", "f = x[0]^2 + 2*x[1]^2 + 2*x[0] + 3", {"x": [0, 1]},
     ["g = df/dx", "H = d2f/dx2", "value x - inv(H) @ g"], {"df/dx": [2, 4], "value x - inv(H) @ g": [-1, 0]}),
    ("Newton's method for x^2/2 - sin x: the second step", "f = x^2/2 - sin(x)", {"x": 1}, ["f1 = df/dx", "f2 = d2f/dx2", "value x - f1/f2"],
     {"value x - f1/f2": "0.750363867840244"}),
    ("Newton's method for x^2/2 - sin x: the third step", "f = x^2/2 - sin(x)", {"x": 0.750363867840244}, ["f1 = df/dx", "f2 = d2f/dx2", "value x - f1/f2"],
     {"value x - f1/f2": "0.739112890911362"}),
    ("Newton's own example, x^3 - 2x - 5 from 2", "f = x^3 - 2*x - 5", {"x": 2}, ["s = df/dx", "value x - f/s"], {"value x - f/s": "2.1"}),
    ("Gradient descent on x^2 from 10 with 0.1, two steps", "f = x^2", {"x": 10}, ["g = df/dx", "x1 = value x - 0.1*g", "value x1 - 0.1*2*x1"],
     {"value x - 0.1*g": 8, "value x1 - 0.1*2*x1": "6.4"}),
    ("Gradient descent on x^2 from 5 with 0.1, the first step", "f = x^2", {"x": 5}, ["g = df/dx", "value x - 0.1*g"], {"value x - 0.1*g": 4}),
    ("Dive into Deep Learning: x^2 with 0.2", "f = x^2", {}, ["g = df/dx", "value x - 0.2*g"], {"value x - 0.2*g": "0.6*x"}),
]  # fmt: skip


def exercise(
    lines: str, values: dict[str, Any], questions: list[str], more: dict[str, Any]
) -> dict[str, Any]:
    """The content of an exercise file."""
    used = {name: one for name, one in UNKNOWN.items() if f" {name}(" in lines}
    shaped = {"x": [2]} if "x[0]" in lines else {}
    found = {"expression": lines, "questions": questions, "variables": {**used, **shaped, **more}}
    return found | ({"values": values} if values else {})


@pytest.mark.parametrize(("source", "lines", "values", "questions", "printed"), PUBLISHED)
def test_as_published(
    source: str, lines: str, values: dict[str, Any], questions: list[str], printed: dict[str, Any]
) -> None:
    content = exercise(lines, values, questions, {})
    result = gradcalc.solve(content)
    assert all(answer.verified is None or answer.verified.ok for answer in result.answers)
    verdicts = gradcalc.check(content, printed)
    found = [verdict for verdict in verdicts if verdict.verdict != "blank"]
    assert len(found) == len(printed), source
    assert {verdict.verdict for verdict in found} == {"right"}, (source, found)


def test_the_newton_step_from_4_4_by_hand() -> None:
    """(2.58, 2.62) in print, here with all digits from NumPy."""
    _, lines, values, questions, _ = next(row for row in PUBLISHED if "(4, 4)" in row[0])
    answer = gradcalc.solve(exercise(lines, values, questions, {})).answers[-1]
    step = np.linalg.solve([[198.4, -2.6], [-2.6, 157.6]], [277.6, 213.6])
    assert answer.value == pytest.approx(4 - step, rel=1e-12)
    assert np.round(answer.value, 2).tolist() == [2.58, 2.62]


def test_a_printed_mistake_is_found() -> None:
    """3xy + x² − 2y³ = 7: the source prints 3x + 6y² below the bar, for 3x − 6y²."""
    content = exercise("F = 3*x*y + x^2 - 2*y^3", {}, ["a = dF/dx", "b = dF/dy", "value -a/b"], {})
    for answer, verdict in (
        ("-(2*x + 3*y)/(3*x + 6*y^2)", "wrong"),
        ("-(2*x + 3*y)/(3*x - 6*y^2)", "right"),
    ):
        assert gradcalc.check(content, {"value -a/b": answer})[2].verdict == verdict
