"""Questions: which are asked by default, and which cannot be answered."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.errors import GradcalcError
from gradcalc.language.unparse import unparse
from helpers.graphs import graph

ENTRIES = {
    "expression": ["y = W @ x", "a = tanh(y)", "J = sum(a)"], "variables": {"W": ["n", "d"], "x": ["d"]},
    "values": {"W": [[1, 2], [3, 4]], "x": [1, 2]},
}  # fmt: skip


@pytest.mark.parametrize(
    "question", ["dJ/dW[2, 0]", "dJ/dx[0, 0]", "dJ/dx[1.5]", "dJ/dx[-1]", "dJ/dx[i]"]
)
def test_an_entry_that_is_not_there_is_an_error(question: str) -> None:
    with pytest.raises(GradcalcError):
        solve(exercise_from({**ENTRIES, "questions": [question]}))


@pytest.mark.parametrize(
    ("question", "stacked", "value"),
    [
        ("dJ/dX", "2*w @ Z", [[4, 8, 12], [8, 16, 24]]),
        ("dJ/dstack(x)", "2*w @ Z", [[4, 8, 12], [8, 16, 24]]),
        ("dZ/dw", "X", [[[0, 2, 2], [1, 1, 2]]]),
        ("dstack(z)/dw", "X", [[[0, 2, 2], [1, 1, 2]]]),
        ("dZ/dX", "outer(w, ones(m))", [[[1, 1, 1], [2, 2, 2]]]),
    ],
)
def test_questions_may_name_stacks(question: str, stacked: str, value: Any) -> None:
    exercise = {
        "expression": ["z = w.T @ x", "J = sum(z^2, i)"], "examples": {"i": "m"},
        "variables": {"x": {"shape": ["D", 1], "each": "i"}, "w": ["D", 1]},
        "values": {"x": [[0, 2, 2], [1, 1, 2]], "w": [[1], [2]]}, "questions": [question],
    }  # fmt: skip
    (found,) = solve(exercise_from(exercise)).answers
    assert found.verified is not None
    assert found.verified.ok, found.verified
    assert found.stacked is not None
    assert (unparse(found.stacked.symbolic), found.value) == (stacked, value)


EACH = "examples: {i: m}\n"


# ---- questions


def test_default_questions_are_local_then_total_in_the_order_of_the_graph() -> None:
    found = graph("q = x + y; f = q*z")
    assert [question.text for question in default_questions(found)] == [
        "dq/dx",
        "dq/dy",
        "df/dq",
        "df/dz",
        "df/dx",
        "df/dy",
    ]
    assert {question.kind for question in default_questions(found)} == {"derivative"}


def test_a_local_derivative_that_is_not_the_total_one_is_asked_as_local() -> None:
    found = graph("q = x^2; f = q*x", "", "")
    assert [question.text for question in default_questions(found)] == [
        "dq/dx",
        "df/dq",
        "local df/dx",
        "df/dx",
    ]


def test_default_questions_leave_out_what_has_no_gradient() -> None:
    found = graph("f = w[y] * c", "{w: [n], c: {assume: constant}}")
    assert [question.text for question in default_questions(found)] == ["df/dw"]


# ---- size


def test_default_questions_leave_out_derivatives_between_examples() -> None:
    found = graph(
        "mu = 1/m * sum(x, i); c = x - mu; J = sum(c^2, i)", "{x: {shape: [], each: i}}", EACH
    )
    assert [question.text for question in default_questions(found)] == [
        "dmu/dx",
        "local dc/dx",
        "dc/dmu",
        "dJ/dc",
        "dJ/dmu",
        "dJ/dx",
    ]


@pytest.mark.parametrize("question", ["d2y/dhdw", "d2y/dwdh"])
def test_a_second_derivative_by_a_quantity_and_what_it_comes_from_is_refused(question: str) -> None:
    """h stands for w x: with h held y does not depend on w, along all paths it does."""
    with pytest.raises(GradcalcError) as caught:
        graph("h = w*x; y = v*h^2", more=f"questions: [{question}]\n")
    assert [(p.message, p.hint) for p in caught.value.problems] == [
        (
            "h is computed from w, so the two are not varied one by one",
            "ask for d2y/dw2, along all paths",
        )
    ]


@pytest.mark.parametrize("layout", ["gradient", "jacobian", "denominator"])
def test_an_entry_of_a_gradient_is_that_of_the_denominator_in_every_layout(layout: str) -> None:
    """The 2×3 gradient is a 3×2 matrix in numerator layout; d/dA[0, 1] is by A[0, 1] there too."""
    data = {
        "expression": "f = A[0, 0]*A[0, 1]^2 + x[1]^3", "variables": {"A": [2, 3], "x": [2]},
        "values": {"A": [[1, 2, 3], [4, 5, 6]], "x": [1, 2]},
        "questions": ["df/dA[0, 1]", "df/dA[0]", "df/dA[1, 2]", "df/dx[1]"],
    }  # fmt: skip
    found = solve(exercise_from(data), layout=layout).answers
    assert [answer.value for answer in found] == [4, [4, 4, 0], 0, 12]
    assert all(answer.verified and answer.verified.ok for answer in found)
