"""What is typed, drawn as gradcalc prints formulas."""

from __future__ import annotations

import re

import pytest

from helpers.page import run
from page.test_reading import FUNCTIONS, KNOWN, python, texts

SHAPES = {"A": ["n", "n"], "B": ["n", "n"], "u": ["n"], "v": ["n"]}


def drawn(text: str) -> str:
    words = {"functions": ["g"], "known": ["x", "y"], "shapes": SHAPES}
    (found,) = run([["mathematics", text, words]])
    assert isinstance(found, str), found
    return (
        re.sub(r"</?(mi|mn|mo|mtext|math)>", "", found).replace("\u2062", "").replace("\u2061", "")
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a + b*c", "<mrow>a+<mrow>bc</mrow></mrow>"),
        ("(a + b)*c", "<mrow><mrow>(<mrow>a+b</mrow>)</mrow>c</mrow>"),
        ("a - (b - c)", "<mrow>a−<mrow>(<mrow>b−c</mrow>)</mrow></mrow>"),
        ("a + -b", "<mrow>a−b</mrow>"),
        ("-(a + b)", "<mrow>−<mrow>(<mrow>a+b</mrow>)</mrow></mrow>"),
        ("-a*b", "<mrow>−<mrow>ab</mrow></mrow>"),
        ("2*3", "<mrow>2·3</mrow>"),
        ("2*3^2", "<mrow>2·<msup>32</msup></mrow>"),
        ("2*(3 + x)^2", "<mrow>2<msup><mrow>(<mrow>3+x</mrow>)</mrow>2</msup></mrow>"),
        ("3*(1/2)", "<mrow>3·<mfrac>12</mfrac></mrow>"),
        ("2x", "<mrow>2x</mrow>"),
        ("a/b/c", "<mfrac><mfrac>ab</mfrac>c</mfrac>"),
        ("(a + 1)/(b - 1)", "<mfrac><mrow>a+1</mrow><mrow>b−1</mrow></mfrac>"),
        ("a^b^c", "<msup>a<msup>bc</msup></msup>"),
        ("(a^b)^c", "<msup><mrow>(<msup>ab</msup>)</mrow>c</msup>"),
        ("(-a)^2", "<msup><mrow>(<mrow>−a</mrow>)</mrow>2</msup>"),
        ("sqrt(x + 1)", "<msqrt><mrow>x+1</mrow></msqrt>"),
        ("x_1 + w0", "<mrow><msub>x1</msub>+<msub>w0</msub></mrow>"),
        ("exp(-x)", "<msup>e<mrow>−x</mrow></msup>"),
        ("A*B", "<mrow>A∘B</mrow>"),
        ("x*B", "<mrow>xB</mrow>"),
        ("A @ B.T", "<mrow>A<msup>B⊤</msup></mrow>"),
        ("u @ v", "<mrow><msup>u⊤</msup>v</mrow>"),
        ("inv(A).T", "<msup>A<mrow>−⊤</mrow></msup>"),
        ("A^2", "<msup>A<mrow>∘2</mrow></msup>"),
        ("sum(u[j]*v[j], j)", "<mrow><munder>∑j</munder><mrow><msub>uj</msub><msub>vj</msub></mrow></mrow>"),
        ("sum(u[j] + 1, j)", "<mrow><munder>∑j</munder><mrow>(<mrow><msub>uj</msub>+1</mrow>)</mrow></mrow>"),
        ("max(x, 0)", "<mrow>max(<mrow>x,0</mrow>)</mrow>"),
        ("sigmoid(x)", "<mrow>σ(x)</mrow>"),
        ("g'(x)", "<mrow><mrow>g′</mrow>(x)</mrow>"),
        ("|x| + ||u||_1", "<mrow><mrow>|x|</mrow>+<msub><mrow>‖u‖</mrow>1</msub></mrow>"),
        ("where(x > 0, 1, 0)", "<mrow>𝟙[<mrow>x&gt;0</mrow>]</mrow>"),
        ("A[0, 1:]", "<msub>A<mrow>0,<mrow>1:</mrow></mrow></msub>"),
        ("1e-5*x", "<mrow><msup>10−5</msup>x</mrow>"),
    ],
)  # fmt: skip
def test_typed_formulas_are_drawn_by_precedence(text: str, shown: str) -> None:
    assert drawn(text).replace(">0</mrow>]", "&gt;0</mrow>]") == shown


def test_whatever_is_read_is_drawn() -> None:
    read = [text for text in texts() if python(text) is not None]
    words = {"functions": FUNCTIONS, "known": KNOWN, "shapes": SHAPES}
    found = run([["mathematics", text, words] for text in read])
    assert all(isinstance(one, str) and one.startswith("<math>") for one in found)
    assert len(found) > 1000
