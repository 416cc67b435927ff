"""The oracle: right derivatives pass, wrong ones do not, and what cannot be compared says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.language.parser import parse
from gradcalc.numeric.forward import to_lists
from gradcalc.numeric.oracle import Claim, Oracle
from gradcalc.numeric.precision import Numbers
from gradcalc.numeric.tensor import Tensor
from helpers.graphs import graph_of
from helpers.program import python


def test_scalar_exercises_do_not_load_numpy() -> None:
    """Start-up counts."""
    code = (
        "import sys; from gradcalc.exercise.load import parse_exercise; from gradcalc.graph.build import build;"
        "from gradcalc.numeric.oracle import Claim, Oracle; from gradcalc.language.parser import parse;"
        "g = build(parse_exercise('expression: f = sigmoid(x*y)\\nvalues: {x: 1, y: 2}', 'f'));"
        "v = Oracle(g).verify(Claim(parse('y*f*(1 - f)')), 'f', 'x'); assert v.ok, v;"
        "assert 'numpy' not in sys.modules and 'sympy' not in sys.modules"
    )
    done = python("-c", code, text=True)
    assert done.returncode == 0, done.stderr


def verified(text: str, of: str | None, by: str, claim: str, **options: Any) -> Any:
    where = tuple((name, parse(formula)) for name, formula in options.pop("where", {}).items())
    free = options.pop("free", ())
    return Oracle(graph_of(text)).verify(Claim(parse(claim), where, free), of, by, **options)


CHAIN = "expression: |\n  z = w*x + b\n  a = sigmoid(z)\n  f = (a - y)^2\nvalues: {w: 2, x: -1, b: 3, y: 0.5}\n"


def test_a_right_scalar_derivative_passes() -> None:
    found = verified(CHAIN, "f", "w", "2*(a - y)*a*(1 - a)*x")
    assert found.ok is True
    assert found.error < 1e-12
    assert found.method == "power series in enclosures, at the given values; at other values"


@pytest.mark.parametrize("factor", ["1.0005", "0.9995", "1.0000001", "-1"])
def test_a_derivative_wrong_by_little_fails(factor: str) -> None:
    """0.05 %, and less."""
    found = verified(CHAIN, "f", "w", f"{factor}*2*(a - y)*a*(1 - a)*x")
    assert found.ok is False
    assert found.reason.startswith("the oracle says")


def test_an_intermediate_is_moved_with_all_that_follows() -> None:
    text = "expression: |\n  a = x^2\n  b = a*x\n  f = a*b\nvalues: {x: 2}\n"
    oracle = Oracle(graph_of(text))
    assert oracle.derivative("f", "a").data == pytest.approx(2 * 4 * 2)
    assert oracle.derivative("f", "x").data == pytest.approx(5 * 2**4)
    assert oracle.derivative("f", "x", local=True).data == 0
    assert oracle.derivative("b", "x", local=True).data == pytest.approx(4)
    assert oracle.derivative("a", "b").data == 0
    assert oracle.second("f", "x", "x").data == pytest.approx(20 * 2**3)


def test_second_derivatives_of_scalars() -> None:
    text = "expression: f = sin(x*y)*exp(y)\nvalues: {x: 0.3, y: 1.1}\n"
    right = "exp(y)*(cos(x*y) - x*y*sin(x*y) + y*cos(x*y))"
    assert verified(text, "f", "x", right, then="y").ok is True
    assert verified(text, "f", "x", f"1.0005*{right}", then="y").ok is False
    assert Oracle(graph_of(text)).second("f", "x", "x").data == pytest.approx(
        -1.21 * np.sin(0.33) * np.exp(1.1)
    )


def test_stop_gradient_stops() -> None:
    text = "expression: |\n  t = stop_gradient(x^2)\n  f = t*x\nvalues: {x: 3}\n"
    assert verified(text, "f", "x", "t").ok is True
    assert verified(text, "f", "x", "3*x^2").ok is False


def test_functions_are_looked_into() -> None:
    text = "expression: |\n  g(t) = c*t^2\n  f = g(x)\nvalues: {x: 3, c: 2}\n"
    assert verified(text, "f", "x", "2*c*x").ok is True
    assert verified(text, "f", "c", "x^2").ok is True


LAYER = """
expression: |
  z = W @ x + b
  a = tanh(z)
  f = sum(a^2)
variables: {W: [k, n], x: [n], b: [k]}
sizes: {k: 2, n: 3}
values: {W: [[0.1, -0.4, 0.3], [1.2, 0.2, -0.5]], x: [0.5, -1, 2], b: [0.3, -0.2]}
"""


def test_arrays_are_compared_entry_by_entry_at_three_sizes() -> None:
    found = verified(LAYER, "f", "W", "outer(d, x)", where={"d": "2*a*(1 - a^2)"})
    assert found.ok is True
    assert found.method.startswith(
        "power series in enclosures, entry by entry, at the given values; at other values and sizes "
    )
    assert found.method.count("sizes") == 2


@pytest.mark.parametrize(
    "claim",
    ["1.0005*outer(2*a*(1 - a^2), x)", "outer(2*a*(1 - a^2), x) + 1e-6", "outer(a*(1 - a^2), x)"],
)
def test_arrays_wrong_by_little_fail(claim: str) -> None:
    assert verified(LAYER, "f", "W", claim).ok is False


def test_one_wrong_entry_is_found() -> None:
    claim = "where(k == 0, where(l == 1, 1.0005, 1), 1)*(2*a*(1 - a^2))[k]*x[l]"
    assert verified(LAYER, "f", "W", claim.replace("1.0005", "1"), free=("k", "l")).ok is True
    assert verified(LAYER, "f", "W", claim, free=("k", "l")).ok is False


def test_what_is_right_only_for_square_matrices_fails_at_other_sizes() -> None:
    """A transposed gradient of a symmetric value is right at the given point alone."""
    text = "expression: f = tr(A @ B)\nvariables: {A: [n, m], B: [m, n]}\nsizes: {n: 2, m: 2}\nvalues: {A: [[1, 2], [2, 3]], B: [[1, 5], [5, 2]]}\n"
    assert verified(text, "f", "A", "B.T").ok is True
    found = verified(text, "f", "A", "B")
    assert found.ok is False
    assert found.reason.startswith("the formula has shape")


def test_jacobians_and_entry_formulas() -> None:
    assert verified(LAYER, "a", "z", "diag(1 - a^2)").ok is True
    assert verified(LAYER, "a", "x", "diag(1 - a^2) @ W").ok is True
    assert verified(LAYER, "z", "W", "where(i == p, x[q], 0)", free=("i", "p", "q")).ok is True
    assert (
        verified(
            LAYER,
            "z",
            "W",
            "where(i == p, x[q], 0) + where(i == q, 1, 0)*0.001",
            free=("i", "p", "q"),
        ).ok
        is False
    )


def test_layouts() -> None:
    """jacobian transposes the derivative of a scalar by a matrix, denominator puts the input axes first."""
    assert verified(LAYER, "f", "W", "outer(x, 2*a*(1 - a^2))", layout="jacobian").ok is True
    assert verified(LAYER, "f", "x", "[(2*a*(1 - a^2)) @ W]", layout="jacobian").ok is True
    assert verified(LAYER, "a", "x", "W.T @ diag(1 - a^2)", layout="denominator").ok is True
    assert (
        verified(
            LAYER, "z", "W", "where(i == p, x[q], 0)", free=("p", "q", "i"), layout="denominator"
        ).ok
        is True
    )
    assert verified(LAYER, "f", "W", "outer(2*a*(1 - a^2), x)", layout="denominator").ok is True


def test_hessians() -> None:
    text = "expression: f = x.T @ A @ x + sum(x^4)\nvariables: {A: [n, n], x: [n]}\nsizes: {n: 3}\nseed: 2\n"
    assert verified(text, "f", "x", "A + A.T + diag(12*x^2)", then="x").ok is True
    assert verified(text, "f", "x", "2*A + diag(12*x^2)", then="x").ok is False
    assert (
        verified(
            text,
            "f",
            "A",
            "where(p == r, x[q], 0) + where(q == r, x[p], 0)",
            then="x",
            free=("p", "q", "r"),
        ).ok
        is True
    )


@pytest.mark.parametrize("expression", ["f = 7*sum(v)", "f = sum(v[j], j, l, j > 0)"])
def test_a_second_derivative_that_is_0_is_not_taken_for_rounding(expression: str) -> None:
    exercise = {
        "expression": expression, "variables": {"v": ["n"]}, "sizes": {"n": 2, "m": 3}, "indices": {"j": "n", "l": "m"},
        "values": {"v": [0.941, 1.627]}, "questions": ["d2f/dv2"],
    }  # fmt: skip
    (answer,) = solve(exercise_from(exercise)).answers
    assert answer.verified is not None
    assert answer.verified.ok is True


def test_many_entries_are_compared_along_random_directions() -> None:
    text = "expression: f = sum(tanh(X @ Y))\nvariables: {X: [n, m], Y: [m, 3]}\nsizes: {n: 30, m: 12}\nseed: 5\n"
    found = verified(text, "f", "X", "(1 - tanh(X @ Y)^2) @ Y.T")
    assert found.ok is True
    assert "along 2 random directions" in found.method
    assert verified(text, "f", "X", "1.0005*(1 - tanh(X @ Y)^2) @ Y.T").ok is False


NETWORK = """
expression: |
  z1 = W1 @ x + b1
  a1 = relu(z1)
  z2 = W2 @ a1 + b2
  yhat = sigmoid(z2)
  L = y * log(yhat) + (1 - y) * log(1 - yhat)
  J = -1/m * sum(L, i)
examples: {i: m}
variables:
  x: {shape: [D_x, 1], each: i}
  y: {shape: [1, 1], each: i}
  W1: [D_a1, D_x]
  b1: [D_a1, 1]
  W2: [1, D_a1]
  b2: [1, 1]
sizes: {D_x: 3, D_a1: 4, m: 5}
seed: 1
"""


DELTAS = {"d1": "-1/m*(y/yhat - (1 - y)/(1 - yhat))", "d2": "yhat*(1 - yhat)"}


@pytest.mark.parametrize(
    ("of", "by", "claim", "free"),
    [
        ("J", "yhat", "d1", ()), ("J", "Yhat", "-1/m*(Y/Yhat - (1 - Y)/(1 - Yhat))", ()), ("yhat", "z2", "d2", ()),
        ("yhat", "z2", "Yhat*(1 - Yhat)", ()), ("z2", "a1", "W2", ()), ("a1", "z1", "diag(step(z1))", ()),
        ("z1", "W1", "where(k == p, x[q, 0], 0)", ("k", "p", "q")), ("J", "W1", "sum(W2.T * step(z1)*d1*d2 @ x.T, i)", ()),
        ("J", "W1", "1/m*(W2.T @ (Yhat - Y) * step(Z1)) @ X.T", ()), ("J", "x", "W1.T @ (W2.T*(yhat - y)*step(z1))/m", ()),
        ("J", "x", "W1.T @ (W2.T @ (Yhat - Y)*step(Z1))/m", ()), ("J", "b2", "sum(yhat - y, i)/m", ()),
        ("L", "yhat", "y/yhat - (1 - y)/(1 - yhat)", ()),
    ],
)  # fmt: skip
def test_examples(of: str, by: str, claim: str, free: tuple[str, ...]) -> None:
    """Per example and stacked; examples that do not depend on each other move at once."""
    by = {"Yhat": "yhat"}.get(by, by)
    assert verified(NETWORK, of, by, claim, where=DELTAS, free=free).ok is True
    assert verified(NETWORK, of, by, f"1.0005*({claim})", where=DELTAS, free=free).ok is False


def test_numeric_derivatives_of_examples_have_them_last() -> None:
    graph = graph_of(NETWORK)
    assert np.shape(to_lists(graph, Oracle(graph).derivative("J", "x"))) == (1, 1, 3, 1, 5)
    assert np.shape(to_lists(graph, Oracle(graph).derivative("J", "W1"))) == (1, 1, 4, 3)
    assert np.shape(to_lists(graph, Oracle(graph).derivative("L", "yhat"))) == (1, 1, 1, 1, 5)


LOSS = "expression: |\n  q = x*y\n  f = q + x\n  g = q^2\nvalues: {x: 2, y: 3}\n"


def test_the_loss_adds_what_flows_in_from_every_upstream_gradient() -> None:
    assert (
        verified(LOSS + "upstream: {dL/df: 5, dL/dg: 7}\n", None, "x", "5*(y + 1) + 7*2*q*y").ok
        is True
    )
    assert verified(LOSS + "upstream: {dL/df: 5, dL/dq: 7}\n", None, "q", "5 + 7").ok is True
    assert verified(LOSS + "upstream: {dL/df: 5, dL/dq: 7}\n", None, "x", "5*(y + 1)").ok is False


def test_symbolic_and_array_upstream_gradients() -> None:
    text = "expression: Z = X @ W\nvariables: {X: [n, d], W: [d, k]}\nsizes: {n: 2, d: 3, k: 4}\nseed: 3\n"
    assert verified(text + "upstream: {dL/dZ: G}\n", None, "W", "X.T @ G").ok is True
    assert verified(text + "upstream: {dL/dZ: G}\n", None, "W", "1.0005*X.T @ G").ok is False
    assert (
        verified(text + "upstream: {dL/dZ: 2}\n", None, "X", "2*ones(n, k) @ W.T", where={}).ok
        is True
    )


def test_without_values_random_points_are_used() -> None:
    found = verified("expression: f = log(x)*sqrt(y - 1)\n", "f", "x", "sqrt(y - 1)/x")
    assert found.ok is True
    assert "the given values" not in found.method


def test_nothing_to_compare_says_why() -> None:
    found = verified("expression: f = log(-1 - x^2)\n", "f", "x", "2*x/(1 + x^2)")
    assert found.ok is None
    assert found.reason
    graph = graph_of("expression: f = x\nvariables: {x: [2]}\n")
    found = Oracle(graph).verify(np.eye(2), "f", "x")
    assert found.ok is None
    assert found.reason == "f: x has no value"


def test_unknown_functions_are_checked_with_others_in_their_place() -> None:
    text = "expression: f = g(h(x)*x)\nvariables: {g: {function: 1}, h: {function: 1}, x: []}\nvalues: {x: 2}\n"
    graph = graph_of(text)

    def claim(factor: str) -> Claim:
        return Claim(parse(f"{factor}*g'(h(x)*x)*(h'(x)*x + h(x))", frozenset(("g", "h"))))

    found = Oracle(graph).verify(claim("1"), "f", "x")
    assert found.ok is True
    assert found.method.endswith("at other values, with a sine for g and h")
    assert found.reason == "f: g is an unknown function"
    assert Oracle(graph).verify(claim("1.0005"), "f", "x").ok is False


def test_no_comparison_at_a_kink_but_elsewhere() -> None:
    found = verified("expression: f = relu(x) + y\nvalues: {x: 0, y: 1}\n", "f", "x", "step(x)")
    assert found.ok is True
    assert found.reason == "a convention: nothing to compare at this point"
    assert verified(
        "expression: f = relu(x) + y\nvalues: {x: 0, y: 1}\n", "f", "y", "1"
    ).method.startswith("power series in enclosures")


def test_near_a_kink_float_differences_are_checked_again() -> None:
    text = "expression: f = sum(relu(v))\nvariables: {v: [3]}\nvalues: {v: [0.0000001, -0.0000001, 2]}\n"
    found = verified(text, "f", "v", "step(v)")
    assert found.ok is True
    assert verified(text, "f", "v", "1 + 0*v").ok is False


def test_near_the_edge_of_a_domain() -> None:
    text = "expression: f = sum(log(v)) + sum(acos(w))\nvariables: {v: [2], w: [2]}\nvalues: {v: [0.00000001, 3], w: [0.9999999, 0]}\n"
    assert verified(text, "f", "v", "1/v").ok is True
    assert verified(text, "f", "w", "-1/sqrt(1 - w^2)").ok is True
    assert verified(text, "f", "v", "1.0005/v").ok is False


def test_extreme_values_do_not_mislead() -> None:
    """Finding 5: 1 - tanh(x)^2 against 1/cosh(x)^2 at 1000 takes more than 60 digits."""
    text = "expression: f = tanh(x)\nvalues: {x: 1000}\n"
    assert verified(text, "f", "x", "1/cosh(x)^2").ok is True
    assert (
        verified(
            "expression: f = log(1 - sigmoid(x))\nvalues: {x: 100}\n", "f", "x", "-sigmoid(x)"
        ).ok
        is True
    )


def test_an_array_can_be_claimed_at_the_given_point() -> None:
    graph = graph_of(LAYER)
    right = np.array(Oracle(graph).derivative("f", "W").data)
    assert Oracle(graph).verify(right, "f", "W").ok is True
    wrong = right.copy()
    wrong[1, 2] *= 1.0005
    assert Oracle(graph).verify(wrong, "f", "W").ok is False


@pytest.mark.parametrize(
    ("expression", "x", "reason"),
    [
        ("log(x)", "-1", "log of -1 is undefined (in `log(x)`)"),
        (
            "where(x > 1, 2*x, x)",
            "1",
            "x is 1, where where(x > 1, 2*x, x) jumps: it has no derivative there",
        ),
        (
            "where(x == 0, 5, x^2)",
            "0",
            "x is 0, where where(x == 0, 5, x^2) jumps: it has no derivative there",
        ),
        ("where(x == 0, 5*x, x^2)", "0", None),
        ("where(x == 1, 5*x, x^2)", "0", None),
        ("relu(x)", "0", None),
    ],
)
def test_a_number_is_refused_where_the_function_has_none_or_jumps(
    expression: str, x: str, reason: str | None
) -> None:
    """The formula 1/x has a value at -1; the derivative of log has none."""
    found = Oracle(graph_of(f"expression: f = {expression}\nvalues: {{x: {x}}}\n")).refusal(
        "f", ("x",)
    )
    assert (found and found.message) == reason


def test_arrays_that_would_fill_the_memory_are_not_made() -> None:
    """The check goes on at smaller sizes."""
    text = "expression: f = sum(outer(x, x))\nvariables: {x: [n]}\nsizes: {n: 5000}\nseed: 1\n"
    found = verified(text, "f", "x", "2*sum(x)*ones(n)")
    assert found.ok is True
    assert found.reason == "f: an array of 25,000,000 entries is too large (in `outer(x, x)`)"


def test_very_many_definitions_are_differentiated_in_floats() -> None:
    lines = "\n".join(f"  a{k + 1} = tanh(w*a{k} + 1/2)" for k in range(500))
    text = f"expression: |\n{lines}\nvalues: {{a0: 0.5, w: 0.25}}\n"
    oracle = Oracle(graph_of(text))
    exactly = oracle.derivative("a500", "w")
    assert oracle.verify(float(exactly.data), "a500", "w").ok is True
    assert oracle.verify(float(exactly.data) * 1.0005, "a500", "w").ok is False


@pytest.mark.parametrize(
    ("expression", "question"),
    [("q = min(inv(M @ M.T + 2*eye(m)), axis=0)", "dq/dM"), ("f = norm(M[0], ord=3)", "d2f/dM2")],
)
def test_ties_but_for_rounding_and_a_jump_in_the_third_derivative(
    expression: str, question: str
) -> None:
    exercise = {
        "expression": [expression], "variables": {"M": ["m", "m"]}, "sizes": {"m": 3}, "questions": [question],
        "values": {"M": [[0, 1, 0], [0.948, -1.492, 1.072], [-1.399, 0.689, -0.973]]},
    }  # fmt: skip
    (answer,) = solve(exercise_from(exercise)).answers
    assert answer.verified is not None
    assert answer.verified.ok is True, answer.verified


def test_a_tiny_derivative_is_not_taken_for_rounding() -> None:
    text = "expression: f = 1 + exp(-100)*x\nvalues: {x: 1}\n"
    assert verified(text, "f", "x", "exp(-100)").ok is True
    assert verified(text, "f", "x", "1.0005*exp(-100)").ok is False
    assert verified(text, "f", "x", "0").ok is False


@pytest.mark.parametrize(
    ("expression", "claim"),
    [
        ("x + 10^300", "1"),
        ("tan(x*2^1000)", "2^1000*(1 + tan(x*2^1000)^2)"),
        ("sum(v) + 10^300", "ones(2)"),
    ],
)
def test_numbers_too_large_for_differences_are_not_compared(expression: str, claim: str) -> None:
    text = (
        f"expression: f = {expression}\nvalues: {{x: 1, v: [1, 2]}}\nvariables: {{x: [], v: [2]}}\n"
    )
    found = verified(text, "f", "v" if "v" in expression else "x", claim)
    assert found.ok is not False


def test_what_holds_where_another_quantity_has_one_value_is_differentiated_by_the_others() -> None:
    """A branch chosen by y == 0 is the right one for a derivative by x, and none at all for one by y."""
    text = (
        "expression: f = where(y == 0, x, x^2)\nvalues: {x: 2, y: 0}\nquestions: [df/dx, df/dy]\n"
    )
    by_x, by_y = solve(parse_exercise(text)).answers
    assert (by_x.value, by_y.value) == (1, None)
    assert by_x.verified
    assert by_x.verified.ok


def test_a_computation_that_is_defined_nowhere_says_so_although_no_values_are_given() -> None:
    (answer,) = solve(parse_exercise("expression: f = log(-1 - x^2)\n")).answers
    assert answer.verified is not None
    assert answer.verified.ok is None
    assert "is undefined" in (answer.verified.reason or "")


@pytest.mark.parametrize("upstream", ["1e309", ["1e309", 1]])
def test_an_upstream_gradient_that_is_no_float_loses_only_its_numbers(upstream: Any) -> None:
    """The formula stands, and what cannot be compared says why."""
    content = {
        "expression": "f = x*[1, 2]",
        "values": {"x": 2},
        "upstream": {"dL/df": upstream},
        "questions": ["df/dx"],
    }
    (answer,) = solve(exercise_from(content)).answers
    assert answer.value == [1.0, 2.0]
    assert answer.verified is not None
    assert (answer.verified.ok, answer.verified.reason) == (None, "a constant overflows")


@pytest.mark.parametrize(("off", "verdict"), [(0, True), (3e-9, True), (1e-3, False)])
def test_a_number_of_floats_is_compared_as_one(
    off: float, verdict: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where enclosures would be too many a number has the digits that cancellation leaves it, and
    is not said to be wrong for the others.
    """
    graph = graph_of(
        "expression: f = sum(x^3)*sum(x)\nvariables: {x: [4]}\nvalues: {x: [1, 2, 3, 4]}\n"
    )
    cube = "sum(outer(kron(x, x), x))"
    claim = Claim(parse(f"3*x^2*sum(x) + sum(x^3)*{cube}/{cube}"))
    shown = Tensor(np.array([130.0, 220, 370, 580]) * (1 + off))
    assert Oracle(graph).verify(claim, "f", "x", shown=shown).ok is (off == 0)
    monkeypatch.setattr(Numbers, "limit", property(lambda numbers: 20 if numbers.exact else 10**6))
    oracle = Oracle(graph)
    assert oracle._rough(claim, oracle.target("f", ("x",)), "gradient")
    monkeypatch.setattr(Oracle, "others", ())
    assert oracle.verify(claim, "f", "x", shown=shown).ok is verdict
