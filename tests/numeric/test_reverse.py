"""Reverse mode over light nodes: every rule of the table, many paths, long chains."""

from __future__ import annotations

import math

import pytest

from gradcalc.graph.model import Node
from gradcalc.numeric.precision import floats
from gradcalc.numeric.reverse import adjoints, evaluate, functions
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.ops import TABLE

RULES = [
    (name, k)
    for name, op in TABLE.items()
    for k, text in enumerate(op.partials or ())
    if op.value and text not in ("", "0")
]


def inputs(count: int) -> list[Node]:
    return [Node("input", (), ()) for _ in range(count)]


def gradients(nodes: list[Node], at: dict[int, float]) -> dict[int, float]:
    tape = adjoints(nodes, len(nodes) - 1)
    values = evaluate(tape, at)
    return {n: values[tape.adjoint[n]] for n in at if tape.adjoint[n] >= 0}


@pytest.mark.parametrize(("name", "k"), RULES)
def test_a_rule_is_the_slope_of_its_operation(name: str, k: int) -> None:
    """Against central differences; a condition (of where) is given as it is."""
    op = TABLE[name]
    at = [1.0 if operand == "c" else 0.37 + 0.21 * i for i, operand in enumerate(op.operands)]
    nodes = [*inputs(len(at)), Node(name, tuple(range(len(at))), ())]
    value, h = functions()[name], 1e-6
    slope = (value(*at[:k], at[k] + h, *at[k + 1 :]) - value(*at[:k], at[k] - h, *at[k + 1 :])) / (
        2 * h
    )
    assert gradients(nodes, dict(enumerate(at))).get(k, 0.0) == pytest.approx(
        slope, rel=1e-7, abs=1e-9
    )


@pytest.mark.parametrize(
    "name",
    [name for name, op in TABLE.items() if op.value and op.partials and len(op.operands) == 1],
)
def test_a_function_taken_directly_is_that_of_the_table(name: str) -> None:
    for x in (0.3, 0.9):
        assert functions()[name](x) == TABLE[name].value(floats().scalar, x)  # type: ignore[misc]


def test_contributions_add_over_two_to_the_sixty_paths() -> None:
    """x <- x + x, sixty times."""
    nodes = inputs(1)
    for n in range(60):
        nodes.append(Node("add", (n, n), ()))
    assert gradients(nodes, {0: 0.5}) == {0: 2.0**60}


def test_a_long_chain_costs_three_nodes_a_link_at_most() -> None:
    nodes = inputs(1)
    for n in range(20_000):
        nodes.append(Node("tanh" if n % 2 else "sin", (n,), ()))
    tape = adjoints(nodes, len(nodes) - 1)
    assert len(tape.ops) <= 3 * len(nodes)
    assert 0 < evaluate(tape, {0: 0.5})[tape.adjoint[0]] < 1


def test_a_shared_factor_costs_one_node_a_product() -> None:
    """w·x₁ + w·x₂ + …: the contributions to w are multiplied and added in one step."""
    nodes = inputs(101)
    total = 1
    for n in range(1, 101):
        nodes.append(Node("mul", (0, n), ()))
        if n > 1:
            nodes.append(Node("add", (total, len(nodes) - 1), ()))
        total = len(nodes) - 1
    tape = adjoints(nodes, total)
    assert len(tape.ops) == tape.size + 1 + 200
    assert (
        evaluate(tape, {0: 2.0, **{n: float(n) for n in range(1, 101)}})[tape.adjoint[0]] == 5050.0
    )


def test_what_the_output_does_not_depend_on_has_no_adjoint() -> None:
    nodes = [
        *inputs(2),
        Node("sin", (0,), ()),
        Node("stop_gradient", (1,), ()),
        Node("add", (2, 3), ()),
    ]
    tape = adjoints(nodes, 4)
    assert tape.adjoint[1] == -1
    assert evaluate(tape, {0: 0.0, 1: 2.0})[tape.adjoint[0]] == 1.0


@pytest.mark.parametrize(("op", "x"), [("log", -1.0), ("exp", 1e4), ("sqrt", -1.0)])
def test_a_node_without_a_value_is_refused(op: str, x: float) -> None:
    tape = adjoints([*inputs(1), Node(op, (0,), ())], 1)
    with pytest.raises(Undefined):
        evaluate(tape, {0: x})


def test_constants_are_numbers_of_any_kind() -> None:
    nodes = [*inputs(1), Node("const", (), (), attrs={"value": "pi"}), Node("mul", (0, 1), ())]
    assert gradients(nodes, {0: 2.0}) == {0: math.pi}
