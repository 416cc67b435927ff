"""What each place of an operand contributes: it adds up to the whole."""

from __future__ import annotations

from gradcalc.language.unparse import unparse
from helpers.derivations import derivation_of, steps, wire


def parts(text: str, quantity: str, through: str) -> dict[str, str]:
    path = wire(derivation_of(text), quantity, through)
    return {
        unparse(one.part) if one.part else "": (
            unparse(one.product.symbolic) if one.product else " . ".join(map(unparse, one.factors))
        )
        for one in path.parts
    }


def test_of_numbers_the_factors_of_each_way() -> None:
    assert parts("{expression: 'f = sin(x^2)*exp(-x)', values: {x: 1}}", "x", "f") == {
        "sin(x^2)": "exp(-x) . cos(x^2) . 2*x",
        "exp(-x)": "sin(x^2) . exp(-x) . -1",
    }


def test_a_term_behind_a_minus_sign_has_it() -> None:
    assert parts("{expression: 'f = x^2 - 3*x', values: {x: 1}}", "x", "f") == {
        "x^2": "2*x",
        "-3*x": "-3",
    }


def test_both_factors_of_a_square_contribute() -> None:
    path = wire(derivation_of("{expression: 'f = x*x', values: {x: 3}}"), "x", "f")
    assert [[unparse(f) for f in one.factors] for one in path.parts] == [["x"], ["x"]]
    path = wire(derivation_of("{expression: 'f = x^x', values: {x: 3}}"), "x", "f")
    assert [[unparse(f) for f in one.factors] for one in path.parts] == [
        ["x*x^(x - 1)"],
        ["f*log(x)"],
    ]


def test_one_way_of_several_operations_is_a_chain() -> None:
    assert parts("{expression: 'f = sin(x^2)', values: {x: 1}}", "x", "f") == {"": "cos(x^2) . 2*x"}


ARRAYS = """
expression: J = norm(X @ w - y)^2 + c*norm(w)^2
variables: {X: [4, 3], w: [3], y: [4], c: []}
seed: 1
questions: [dJ/dw]
"""


def test_of_arrays_the_part_of_the_gradient() -> None:
    found = parts(ARRAYS, "w", "J")
    assert list(found) == ["norm(X @ w - y)^2", "c*norm(w)^2"]
    assert found["norm(X @ w - y)^2"] == "2*X.T @ (X @ w - y)"
    assert steps(derivation_of(ARRAYS))["w"].verified is not None
