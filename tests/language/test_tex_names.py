r"""An author's TeX for a name in the terminal: \bar{\alpha} is ᾱ."""

from __future__ import annotations

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import parse_exercise
from gradcalc.language import formula
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import parse
from gradcalc.language.tex_names import tex_text
from gradcalc.render import render_as
from gradcalc.report.blocks import Options


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\bar{\alpha}", "ᾱ"),
        (r"\ell", "ℓ"),
        (r"\dot\theta", "θ̇"),
        (r"\hat y", "ŷ"),
        ("x_{t-1}", "xₜ₋₁"),
        (r"x_0^{(i)}", "x₀⁽ⁱ⁾"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbf{w}", "𝐰"),
        (r"\boldsymbol{\mu}", "𝝁"),
        (r"\tilde{x}_{n+1}", "x̃ₙ₊₁"),
        ("D_{a_1}", "D_a₁"),
        (r"\text{loss}", "loss"),
        ("f'", "f′"),
        # What Unicode lacks, or would read as something else.
        (r"W^{[1]}", None),
        (r"\frac{a}{b}", None),
        (r"x^\star", None),
        ("x^2", None),
        (r"\bar{xy}", None),
        ("x_", None),
        ("{x", None),
        ("", None),
    ],
)
def test_one_line_of_unicode(tex: str, text: str | None) -> None:
    assert tex_text(tex) == text


def test_names_are_drawn_so_in_formulas() -> None:
    names = Names(
        latex={"abar": r"\bar{\alpha}", "l2": r"\ell", "W1": "W^{[1]}", "w": r"\text{loss}"}
    )
    assert formula.text(parse("2*l2*abar + W1*w"), names) == "2ℓ ᾱ + W₁ · loss"


EXERCISE = r"""
expression: |
  q = l2*x
  f = q^2
variables: {l2: {latex: '\ell'}, q: {latex: '\dot{\theta}'}, x: []}
questions: [df/dq, df/dl2]
"""


def test_in_the_terminal_in_questions_and_answers() -> None:
    shown = render_as("table", [solve(parse_exercise(EXERCISE))], Options(width=100))
    assert "∂f/∂θ̇" in shown
    assert "∂f/∂θ̇ · ∂θ̇/∂ℓ" in shown
    assert "ℓ · x" in shown or "ℓ x" in shown


def test_two_names_that_are_drawn_alike_draw_a_warning() -> None:
    text = "expression: l2 + ell\nvariables: {l2: {latex: '\\ell'}, ell: []}\n"
    assert [problem.slug for problem in parse_exercise(text).warnings] == ["alike"]
