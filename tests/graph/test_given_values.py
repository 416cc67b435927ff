"""Values and sizes of a file: what shapes they fix, and what does not fit."""

from __future__ import annotations

import pytest

from gradcalc.language.errors import GradcalcError
from gradcalc.language.shape_rules import (
    show,
)
from helpers.graphs import graph, graph_of, inferred


@pytest.mark.parametrize(("shape", "size"), [("n*n", "n*n"), ("n*k", "k*n")])
def test_a_value_fixes_no_size_that_it_does_not_determine(shape: str, size: str) -> None:
    found = graph("f = sum(x)", f"{{x: [{shape}]}}", "values: {x: [1, 2, 3, 4]}\n")
    assert (show(found.node("x").shape), dict(found.sizes)) == (f"[{size}]", {})


def test_values_fix_shapes_and_sizes() -> None:
    found = graph_of(
        "expression: z = W @ x + b\nvariables: {x: [n, 1]}\nvalues: {W: [[1, 2], [3, 4], [5, 6]]}\n"
    )
    assert show(found.node("W").shape) == "3×n"
    assert show(found.node("b").shape) == "3×1"
    assert found.sizes == {"n": 2}
    assert found.reasons["W"] == "its value has shape 3×n"


def test_the_value_of_a_per_example_input_is_its_stack() -> None:
    found = graph_of(
        "expression: z = W @ x\nexamples: {i: m}\nvariables: {x: {each: i}, z: [k, 1]}\nvalues: {x: [[1, 2, 3], [4, 5, 6]]}\n"
    )
    assert show(found.node("x").shape) == "2×1"
    assert found.sizes == {"m": 3}


@pytest.mark.parametrize(
    ("expression", "value", "said"),
    [
        (
            "sum(x, i)",
            "3",
            "the value of x and its uses: its value is a number, not one number for each example",
        ),
        ("sum(sum(x), i)", "[[1, 2, 3], [4, 5, 6]]", "x could be [2] or 2×1"),
    ],
)
def test_a_value_that_is_no_stack_of_the_input(expression: str, value: str, said: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        inferred(
            f"J = {expression}", "{x: {each: i}}", f"examples: {{i: m}}\nvalues: {{x: {value}}}\n"
        )
    assert [problem.message for problem in caught.value.problems] == [said]


def test_a_stack_of_matrices_is_taken_apart() -> None:
    found = inferred(
        "J = sum(sum(x), i)",
        "{x: {each: i}}",
        "examples: {i: m}\nvalues: {x: [[[1, 2, 3], [4, 5, 6]]]}\n",
    )
    assert found["x"] == "1×2"
