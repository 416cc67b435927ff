"""Questions in their short and their long form."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import Binary, Name, Num


@pytest.mark.parametrize(
    ("question", "kind", "of", "by"),
    [
        ("df/dx", "derivative", "f", ("x",)),
        ("∂f/∂x", "derivative", "f", ("x",)),
        ("d f / d x", "derivative", "f", ("x",)),
        ("local df/dq", "local", "f", ("q",)),
        ("df/dx2", "derivative", "f", ("x2",)),
        ("d2f/dx22", "second", "f", ("x2", "x2")),
        ("d2f/dx2", "second", "f", ("x", "x")),
        ("∂²f/∂x∂q", "second", "f", ("x", "q")),
        ("∂²f/∂x²", "second", "f", ("x", "x")),
        ("d2f/dxddot", "second", "f", ("x", "dot")),
        ("df/ddot", "derivative", "f", ("dot",)),
        ("dloss/dx", "derivative", "loss", ("x",)),
        ("shape x", "shape", "x", ()),
        ("value q", "value", "q", ()),
        ("shape X2", "shape", "X2", ()),
        ("shape stack(x)", "shape", "stack(x)", ()),
    ],
)
def test_questions(question: str, kind: str, of: str, by: tuple[str, ...]) -> None:
    text = (
        "expression: |\n  q = x*x2\n  dot = q*L\n  f = q + dot\nvariables: {x2: {each: i}}\nexamples: {i: m}\n"
        f"upstream: 1\nquestions:\n  - {question}\n"
    )
    (read,) = parse_exercise(text).questions
    assert (read.kind, read.of, read.by, read.loss) == (kind, of, by, of == "loss")


def test_a_question_for_one_entry_and_in_long_form() -> None:
    first, second = parse_exercise(
        "expression: J = x\nquestions:\n  - g0 = dJ/dx[0, n - 1]\n  - {ask: dJ/dx, name: g, text: How?, points: 1.5}\n"
    ).questions
    assert first.entry == (Num(Fraction(0)), Binary("-", Name("n"), Num(Fraction(1))))
    assert (first.name, first.text) == ("g0", "dJ/dx[0, n - 1]")
    assert (second.name, second.prompt, second.points) == ("g", "How?", 1.5)
