"""`free`: entries of a matrix that are one parameter are varied together, and the answer says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.exercise.source import Text
from gradcalc.language.errors import GradcalcError
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given


def content(free: str, expression: str, *questions: str) -> dict[str, Any]:
    return {
        "expression": expression,
        "variables": {"S": {"shape": ["n", "n"], "free": free}, "A": ["n", "n"], "x": ["n"]},
        "questions": list(questions),
    }


@pytest.mark.parametrize(
    ("free", "expression", "answer"),
    [
        ("symmetric", "f = tr(A @ S)", "A + A.T - diag(diag(A))"), ("skew", "f = tr(A @ S)", "A.T - A"),
        ("diagonal", "f = tr(A @ S)", "diag(diag(A))"), ("lower", "f = tr(A @ S)", "tril(A.T)"),
        ("symmetric", "f = x @ S @ x", "2*outer(x, x) - diag(x^2)"), ("symmetric", "f = logdet(S)", "2*inv(S) - diag(diag(inv(S)))"),
    ],
)  # fmt: skip
def test_the_free_parameters_are_varied(free: str, expression: str, answer: str) -> None:
    (found,) = solve(exercise_from(content(free, expression, "df/dS"))).answers
    assert found.text == answer
    assert found.verified is not None
    assert found.verified.ok is True
    assert [warning.slug for warning in found.warnings] == ["free-parameters"]


def test_second_derivatives_are_by_the_parameters_too() -> None:
    exercise = exercise_from(
        {**content("symmetric", "f = tr(S @ S)/2", "d2f/dSdS"), "sizes": {"n": 2}, "seed": 1}
    )
    (found,) = solve(exercise).answers
    assert found.verified is not None
    assert found.verified.ok is True
    hessian = np.asarray(found.value, dtype=float)  # of (a² + d²)/2 + b² in a, b, d
    assert hessian[0, 0, 0, 0] == hessian[1, 1, 1, 1] == 1
    assert hessian[0, 1, 0, 1] == hessian[0, 1, 1, 0] == 2


def test_an_assumption_leaves_the_entries_independent() -> None:
    exercise = parse_exercise(
        "expression: f = x @ S @ x\nvariables: {S: {shape: [n, n], assume: symmetric}, x: [n]}\nquestions: [df/dS]\n"
    )
    assert solve(exercise).answers[0].text == "outer(x, x)"


@pytest.mark.parametrize(
    ("variable", "message", "hint"),
    [
        (
            "{shape: [n, n], free: symmetric, assume: orthogonal}", "`free: symmetric` and `assume: orthogonal` do not go together",
            "free varies what is one parameter together; assume leaves the entries independent",
        ),
        ("{free: symmetric}", "S has no free parameters: its shape is not declared", "variables: {S: {shape: [n, n], free: symmetric}}"),
        ("{shape: [n, m], free: lower}", "S is n×m: only a square matrix can be lower", None),
    ],
)  # fmt: skip
def test_what_does_not_go_together(variable: str, message: str, hint: str | None) -> None:
    with pytest.raises(GradcalcError) as caught:
        solve(parse_exercise(f"expression: f = sum(S)\nvariables: {{S: {variable}}}\n"))
    (problem,) = caught.value.problems
    assert (problem.message, problem.hint) == (message, hint)


def test_values_have_the_structure() -> None:
    text = "expression: f = sum(S)\nvariables: {S: {shape: [2, 2], free: skew}}\nvalues: {S: [[0, 1], [1, 0]]}\n"
    with pytest.raises(GradcalcError, match="the value of S is not skew-symmetric"):
        solve(parse_exercise(text))


def test_marking_follows() -> None:
    """The derivative by the parameters is right, that by independent entries wrong."""
    marker = Marker(exercise_from(content("symmetric", "f = x @ S @ x", "df/dS")))
    verdicts = [
        marker.one(0, Given(Text(answer))).verdict
        for answer in ("2*outer(x, x) - diag(x*x)", "outer(x, x)")
    ]
    assert verdicts == ["right", "wrong"]
