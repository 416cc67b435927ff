"""Variables, what is varied, upstream gradients."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.language.parser import Name, Num, unparse
from helpers.mistakes import one, problems


def test_vary() -> None:
    vary = parse_exercise(
        "expression: f = x*y\nvary: {x: {integers: [-2, 2]}, y: {choices: [1, 1/2, 3]}, require: [f != 0, x < y]}\n"
    ).vary
    x, y = vary.domains["x"], vary.domains["y"]
    assert (x.kind, x.low, x.high, x.zero) == ("integers", -2, 2, False)
    assert [unparse(value) for value in y.choices] == ["1", "1/2", "3"]
    assert [unparse(condition) for condition in vary.require] == ["f != 0", "x < y"]
    (wrong,) = problems("expression: f = x\nvary: {require: f +}\n")
    assert wrong.message == "something is missing after `+`"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("i", "`i` is an index, so it has no value", None),
        ("g", "`g` is a function, so it has no value", None),
        ("pi", "`pi` is a constant", "to use it as a variable, declare it: variables: {pi: []}"),
        ("X", "`X` is the stack of `x`", "give it under the name x"),
        ("ww", "there is no input `ww`", "did you mean w?"),
    ],
)
def test_what_takes_no_value(name: str, message: str, hint: str | None) -> None:
    text = "expression: J = sum(g(x*w), i)\nexamples: {i: m}\nvariables: {x: {each: i}, w: [], g: {function: 1}}\n"
    assert one(f"{text}values: {{{name}: 1}}\n") == (4, 10, message, hint)


def test_upstream() -> None:
    def upstream(text: str) -> Any:
        exercise = parse_exercise(f"expression: |\n  q = x\n  f = q*L\n{text}\n")
        return exercise.loss, [(part.of, part.value) for part in exercise.upstream]

    one, two = Num(Fraction(1)), Num(Fraction(2))
    assert upstream("upstream: 1") == ("loss", [(None, one)])
    assert upstream("upstream: {dℓ/df: 1, dℓ/dq: [1, 2]}") == ("ℓ", [("f", one), ("q", (one, two))])
    assert upstream("upstream: {dJ/df: G}") == ("J", [("f", Name("G"))])
