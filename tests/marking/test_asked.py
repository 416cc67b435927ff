"""Answers to `value E`: an expression in the names of answers above."""

from __future__ import annotations

import pytest

import gradcalc
from gradcalc.exercise.load import parse_exercise

STEPS = """
expression: "E = norm(X @ w - y)^2"
variables: {X: [3, 2], w: [2], y: [3]}
values: {X: [[1, 0], [0, 1], [1, 1]], w: [1, 2], y: [1, 1, 1]}
questions: [g = dE/dw, H = d2E/dw2, w1 = value w - 0.5*g, value norm(g)^2, value w - inv(H) @ g]
"""


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("w1", "w - X.T @ (X @ w - y)", "right"),
        ("w1", "w - g/2", "right"),
        ("w1", "[-1, -1]", "right"),
        ("w1", "w + 0.5*g", "wrong"),
        ("w1", "[-1, 1]", "wrong"),
        ("w1", "norm(g)", "wrong"),
        ("w1", "w - q", "invalid"),
        ("value norm(g)^2", "4*norm(X.T @ (X @ w - y))^2", "right"),
        ("value norm(g)^2", "52", "right"),
        ("value norm(g)^2", "norm(g)", "wrong"),
        ("value w - inv(H) @ g", "inv(X.T @ X) @ X.T @ y", "right"),
        ("value w - inv(H)@g", "w + inv(H) @ g", "wrong"),
        ("5", "w - H @ g", "wrong"),
    ],
)
def test_marked(question: str, answer: str, verdict: str) -> None:
    found = gradcalc.check(parse_exercise(STEPS), {question: answer})
    assert [one.verdict for one in found if one.verdict != "blank"] == [verdict]


def test_a_sign_in_the_step_is_named() -> None:
    found = gradcalc.check(parse_exercise(STEPS), {"w1": "w + 0.5*g"})
    assert found[2].message == "One sign in what is written is wrong."


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("w1", "w - 0.5*X.T @ (X @ w - y)"),  # half the gradient, as it was answered above
        ("w1", "[0, 1/2]"),
        ("value norm(g)^2", "13"),
    ],
)
def test_a_wrong_gradient_is_carried_into_the_step(question: str, answer: str) -> None:
    answers = {"g": "X.T @ (X @ w - y)", question: answer}
    found = gradcalc.check(parse_exercise(STEPS), answers)
    (carried,) = [one for one in found[2:] if one.verdict != "blank"]
    assert carried.verdict == "wrong"
    assert carried.carried is not None
    assert carried.points == 1


def test_per_example_and_stacked() -> None:
    text = """
expression: |
  a = w*x
  J = sum((a - y)^2, i)/m
examples: {i: m}
variables: {x: {each: i}, y: {each: i}, w: []}
sizes: {m: 3}
seed: 1
questions: [d = dJ/da, g = dJ/dw, value m*d/2, value w - g/10]
"""
    answers = {"value m*d/2": "a - y", "value w - g/10": "w - sum((a - y)*x, i)/(5*m)"}
    found = gradcalc.check(parse_exercise(text), answers)
    assert [one.verdict for one in found] == ["blank", "blank", "right", "right"]
