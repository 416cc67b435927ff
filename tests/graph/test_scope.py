"""What names stand for: quantities per example and their stacks."""

from __future__ import annotations

import pytest

from gradcalc.graph.printed_names import printed_names
from gradcalc.language.shape_rules import show
from helpers.graphs import graph, shown

EACH = "examples: {i: m}\n"


def test_stacks_are_named_in_upper_case_where_that_is_new() -> None:
    found = graph(
        "yhat = w.T @ x; H = yhat + 1; h = yhat", "{x: {shape: [d], each: i}, w: [d], X2: []}", EACH
    )
    assert found.stacks == {"X": "x", "Yhat": "yhat"}  # H is taken
    assert show(printed_names(found).shapes["Yhat"]) == "[m]"
    assert show(printed_names(found).shapes["w"]) == "[d]"


@pytest.mark.parametrize(("shape", "nodes", "stacked"), [
    ("[]", "toaxis(x, indices=i)", "[m]"),
    ("[d]", "transpose(toaxis(x, indices=i))", "d×m"),
    ("[d, 1]", "transpose(toaxis(getitem(x, 0:d, at 0), indices=i))", "d×m"),
    ("[1, 1]", "transpose(toaxis(getitem(x, 0:1, at 0), indices=i))", "1×m"),
    ("[a, b]", "transpose(toaxis(transpose(x), indices=i))", "a×b×m"),
])  # fmt: skip
def test_a_stack_in_an_expression_has_the_examples_last(
    shape: str, nodes: str, stacked: str
) -> None:
    found = graph("f = exp(X); g = exp(stack(x))", f"{{x: {{shape: {shape}, each: i}}}}", EACH)
    for name in ("f", "g"):
        assert shown(found, found.names[name]) == f"exp({nodes})"
        assert show(found.node(name).shape) == stacked
        assert found.node(name).over == ()


def test_a_quantity_that_is_declared_per_example_is_per_example() -> None:
    found = graph("mu = w * 2", "{w: [], mu: {each: i}}", EACH)
    assert found.node("mu").over == ("i",)
