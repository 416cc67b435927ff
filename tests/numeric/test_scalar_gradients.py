"""Numbers on the wires of a scalar graph: those of the solution, every rule of the table, what has no value."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.graph.model import Node
from gradcalc.numeric.precision import floats
from gradcalc.numeric.scalar_gradients import Flow, flow, functions, is_scalar, through
from gradcalc.ops import TABLE
from gradcalc.report.figure import sketch
from helpers.pictures import exercise


@pytest.mark.parametrize(
    "name",
    [
        "ex1",
        "ex2",
        "ex2-gates",
        "diamond-chain",
        "gru-cell-scalar",
        "relu-kink",
        "max-tie",
        "several-outputs",
    ],
)
def test_the_float_gradients_are_those_of_the_solution(name: str) -> None:
    solution = solve(exercise(name))
    graph = solution.graph
    found = flow(graph)
    for by, gradient in solution.gradients.items():
        got = found.gradients[graph.names[by]]
        assert got == pytest.approx(gradient.value, abs=1e-9) or (
            got is None and gradient.value == 0
        )


def test_shares_add_up_to_the_gradient() -> None:
    solution = sketch(exercise("lstm-cell-scalar"))
    graph = solution.graph
    assert is_scalar(graph)
    found, names = flow(graph), frozenset(graph.names.values())
    total = dict.fromkeys(graph.names.values(), 0.0)
    for name in graph.quantities:
        for source, share in found.shares(graph.names[name], names).items():
            total[source] += share or 0.0
    for name in graph.inputs:
        assert total[graph.names[name]] == pytest.approx(found.gradients[graph.names[name]])


RULES = [
    (name, k)
    for name, op in TABLE.items()
    for k, text in enumerate(op.partials or ())
    if op.value and text not in ("", "0")
]


def inputs(count: int) -> list[Node]:
    return [Node("input", (), ()) for _ in range(count)]


def last(nodes: list[Node], at: dict[int, float]) -> Flow:
    """Back from the last node, at these values of the inputs."""
    return through(nodes, at, {len(nodes) - 1: 1.0})


@pytest.mark.parametrize(("name", "k"), RULES)
def test_a_rule_is_the_slope_of_its_operation(name: str, k: int) -> None:
    """Against central differences; a condition (of where) is given as it is."""
    op = TABLE[name]
    start = 1.37 if name == "acosh" else 0.37
    at = [1.0 if operand == "c" else start + 0.21 * i for i, operand in enumerate(op.operands)]
    nodes = [*inputs(len(at)), Node(name, tuple(range(len(at))), ())]
    value, h = functions()[name], 1e-6
    slope = (value(*at[:k], at[k] + h, *at[k + 1 :]) - value(*at[:k], at[k] - h, *at[k + 1 :])) / (
        2 * h
    )
    found = last(nodes, dict(enumerate(at)))
    assert found.gradients[k] == pytest.approx(slope, rel=1e-7, abs=1e-9)
    assert found.share(len(at), k) == found.gradients[k]


@pytest.mark.parametrize(
    "name",
    [name for name, op in TABLE.items() if op.value and op.partials and len(op.operands) == 1],
)
def test_a_function_taken_directly_is_that_of_the_table(name: str) -> None:
    for x in (1.3, 1.9) if name == "acosh" else (0.3, 0.9):
        own = TABLE[name].value(floats().scalar, x)  # type: ignore[misc]
        assert functions()[name](x) == pytest.approx(own, rel=4e-16)


def test_contributions_add_over_two_to_the_sixty_paths() -> None:
    """x <- x + x, sixty times."""
    nodes = inputs(1)
    for n in range(60):
        nodes.append(Node("add", (n, n), ()))
    assert last(nodes, {0: 0.5}).gradients[0] == 2.0**60


def test_a_long_chain_needs_no_recursion() -> None:
    nodes = inputs(1)
    for n in range(20_000):
        nodes.append(Node("tanh" if n % 2 else "sin", (n,), ()))
    found = last(nodes, {0: 0.5})
    assert 0 < (found.gradients[0] or 0) < 1
    assert None not in found.gradients


def test_a_shared_factor_gathers_what_all_products_hand_back() -> None:
    """w·x₁ + w·x₂ + …: what stands beside w, added up."""
    nodes = inputs(101)
    total = 1
    for n in range(1, 101):
        nodes.append(Node("mul", (0, n), ()))
        if n > 1:
            nodes.append(Node("add", (total, len(nodes) - 1), ()))
        total = len(nodes) - 1
    found = last(nodes, {0: 2.0, **{n: float(n) for n in range(1, 101)}})
    assert found.gradients[0] == 5050.0
    assert set(found.gradients[1:101]) == {2.0}


def test_what_the_output_does_not_depend_on_has_no_gradient() -> None:
    nodes = [
        *inputs(3),
        Node("sin", (0,), ()),
        Node("stop_gradient", (1,), ()),
        Node("add", (3, 4), ()),
    ]
    assert list(last(nodes, {0: 0.0, 1: 2.0, 2: 1.0}).gradients[:3]) == [1.0, 0.0, None]


def test_a_share_stops_at_the_nodes_it_is_asked_for() -> None:
    """y = sin(a) · b with a = x²: y hands cos(a) b back to a, and nothing through a to x."""
    nodes = [
        *inputs(2),
        Node("mul", (0, 0), ()),
        Node("sin", (2,), ()),
        Node("mul", (3, 1), ()),
    ]
    found = last(nodes, {0: 0.5, 1: 3.0})
    assert found.shares(4, {0, 1, 2, 4}) == {2: math.cos(0.25) * 3.0, 1: math.sin(0.25)}


@pytest.mark.parametrize(("op", "x"), [("log", -1.0), ("exp", 1e4), ("sqrt", -1.0)])
def test_a_node_without_a_value_has_none_and_neither_has_what_needs_it(op: str, x: float) -> None:
    nodes = [*inputs(1), Node(op, (0,), ()), Node("sin", (1,), ())]
    found = last(nodes, {0: x})
    assert list(found.values[1:]) == [None, None]
    assert found.gradients[1] is None


def test_constants_are_numbers_of_any_kind() -> None:
    nodes = [*inputs(1), Node("const", (), (), attrs={"value": "pi"}), Node("mul", (0, 1), ())]
    assert last(nodes, {0: 2.0}).gradients[0] == math.pi


@pytest.mark.parametrize(
    ("line", "x", "value", "gradient"),
    [
        ("f = where(x > 0, log(x), x^2)", -1, 1.0, -2.0),
        ("f = where(x > 1, sqrt(x - 1), 2*x)*x", Fraction(1, 2), 0.5, 2.0),
        ("f = x*where(x < 0, 1/(x - 3), where(x > 5, 1, log(x)))", 1, 0.0, 1.0),
        ("f = where(x == 0, 1, sin(x)/x)", 2, 0.45464871341284085, -0.4353977749799916),
    ],
)
def test_a_branch_that_is_not_taken_need_not_be_defined(
    line: str, x: Fraction, value: float, gradient: float
) -> None:
    """Its wires carry the gradient 0, and the value of `where` is that of the other branch."""
    graph = build(exercise_from({"expression": line, "values": {"x": str(x)}}))
    found = flow(graph)
    assert found.values[graph.names["f"]] == value
    assert found.gradients[graph.names["x"]] == gradient


@pytest.mark.parametrize(
    "formula",
    ["sinh((pi - pi) - (x - 2))", "exp(exp(x))", "x*cosh(x)^3", "1/sinh(x)", "log(exp(x))*x"],
)
@pytest.mark.parametrize("x", ["1e8", "-1e8", "1e300", "-1e300"])
def test_what_is_beyond_every_float_has_no_number_on_its_wire(formula: str, x: str) -> None:
    """A question mark in the figure, and no exception; what is known beside it stays."""
    data = {"expression": f"u = {formula}\nf = 3*u + x", "values": {"x": x}}
    solution = solve(exercise_from(data))
    found = flow(solution.graph)
    numbers = solution.graph.names
    assert found.values[numbers["x"]] == float(x)
    assert found.gradients[numbers["u"]] == 3
    for name in ("u", "f"):
        lists = solution.forward[name]
        assert found.values[numbers[name]] == lists
    assert all(
        answer.verified is None or answer.verified.ok is not False for answer in solution.answers
    )
