"""Evaluation: numbers of expressions and exercises, and every way in which there is none."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import Graph, build
from gradcalc.language.parser import Num, parse, unparse
from gradcalc.numeric.evaluate import entries, evaluate, stacked
from gradcalc.numeric.evaluation_points import given_point, random_points
from gradcalc.numeric.exact_values import exact
from gradcalc.numeric.forward import Point, forward
from gradcalc.numeric.kinks import Kink, places
from gradcalc.numeric.precision import Numbers, balls, climb, floats
from gradcalc.numeric.scalar_functions import Undefined, Unknown
from gradcalc.numeric.tensor import Env, Tensor

GENERATOR = np.random.default_rng(7)
A, M, X = GENERATOR.normal(size=(3, 4)), GENERATOR.normal(size=(3, 3)), GENERATOR.normal(size=4)
T, P, Y = GENERATOR.normal(size=(2, 3, 4)), GENERATOR.random((5, 3)), np.array([0, 2, 1, 1, 0])
C, H = A[:, :1], np.exp(A)


def graph_of(text: str) -> Graph:
    return build(parse_exercise(text, "test.yaml"))


def kinks(graph: Graph) -> list[Kink]:
    return places(forward(graph, given_point(graph)))


def environment(numbers: Numbers) -> Env:
    """A 3×4, M 3×3, x 4, T 2×3×4, c 3×1, per example i of 5: y (integers), p 3; z 3 (integers)."""
    array = numbers.arrays.array
    values = {
        "A": Tensor(array(A)), "M": Tensor(array(M)), "x": Tensor(array(X)), "T": Tensor(array(T)), "c": Tensor(array(C)),
        "y": Tensor(array(Y), ("i",)), "p": Tensor(array(P), ("i",)), "z": Tensor(array([0, 1, 1])),
    }  # fmt: skip
    return Env(numbers, values, {"n": 3, "m": 5}, {"i": 5, "j": 4, "k": 3}, examples=("i",))


def softmax(a: Any, axis: int) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=axis, keepdims=True)


CASES: list[tuple[str, Any, tuple[str, ...]]] = [
    ("A @ x", A @ X, ()), ("x @ A.T", X @ A.T, ()), ("x @ x", X @ X, ()), ("T @ x", T @ X, ()), ("A.T @ M", A.T @ M, ()),
    ("2x^2 - x/3", 2 * X**2 - X / 3, ()), ("A + x", A + X, ()), ("A * c", A * C, ()), ("-x^2", -(X**2), ()),
    ("sum(A)", A.sum(), ()), ("sum(A, axis=0)", A.sum(0), ()), ("mean(A, axis=-1, keepdims=True)", A.mean(1, keepdims=True), ()),
    ("var(A, axis=(0, 1), ddof=1)", A.var(ddof=1), ()), ("prod(x)", X.prod(), ()), ("max(A, axis=0)", A.max(0), ()),
    ("min(x)", X.min(), ()), ("max(x, 0, x/2)", np.maximum(np.maximum(X, 0), X / 2), ()), ("norm(A)", np.linalg.norm(A), ()),
    ("norm(x, ord=1)", abs(X).sum(), ()), ("norm(x, ord=3)", (abs(X) ** 3).sum() ** (1 / 3), ()),
    ("norm(x, ord=inf)", abs(X).max(), ()), ("softmax(A)", softmax(A, 1), ()), ("softmax(c)", softmax(C, 0), ()),
    ("log_softmax(A, axis=0)", np.log(softmax(A, 0)), ()), ("logsumexp(A, axis=1)", np.log(H.sum(1)), ()),
    ("logsumexp(c)", np.log(np.exp(C).sum()), ()), ("tr(M)", np.trace(M), ()), ("det(M)", np.linalg.det(M), ()),
    ("inv(M)", np.linalg.inv(M), ()), ("logdet(M @ M.T)", np.log(np.linalg.det(M @ M.T)), ()),
    ("matrix_power(M, 3)", M @ M @ M, ()), ("kron(M, A)", np.kron(M, A), ()), ("vec(A)", A.T.ravel(), ()),
    ("diag(x)", np.diag(X), ()), ("diag(M)", np.diag(M), ()), ("diag(c)", np.diag(C[:, 0]), ()),
    ("concat(x, 1, x)", np.concatenate([X, [1], X]), ()), ("concat(A, M, axis=1)", np.concatenate([A, M], 1), ()),
    ("stack(x, 2*x)", np.stack([X, 2 * X]), ()), ("[x[0], 1, x[-1]]", [X[0], 1, X[-1]], ()), ("outer(x, c)", np.outer(X, C), ()),
    ("dot(x, x)", X @ X, ()), ("eye(n) + ones(n, n) - zeros(n)", np.eye(3) + 1, ()), ("x[1:] - x[:-1]", np.diff(X), ()),
    ("x[n]", X[3], ()), ("A[z]", A[[0, 1, 1]], ()), ("A[:, z]", A[:, [0, 1, 1]], ()), ("T[1, z, 1:]", T[1][[0, 1, 1]][:, 1:], ()),
    ("A[y, :]", A[Y], ("i",)), ("A[:, y]", A[:, Y].T, ("i",)), ("p[y]", P[range(5), Y], ("i",)), ("p[k]", P, ("i", "k")),
    ("A[k, y]", A[:, Y].T, ("i", "k")), ("T[:, k, y]", T[:, :, Y].transpose(2, 1, 0), ("i", "k")),
    ("sum(x[j]*A[k, j], j)", A @ X, ("k",)), ("sum(x[j], k)", 3 * X, ("j",)), ("sum(j*x[j], j, j != 2)", X[1] + 3 * X[3], ()),
    ("max(A[k, 0], k)", A[:, 0].max(), ()), ("mean(p, i)", P.mean(0), ()), ("sum(p[k]*log(p[k]), k)", (P * np.log(P)).sum(1), ("i",)),
    ("sum(log(x[j]), j, x[j] > 0)", np.log(X[X > 0]).sum(), ()), ("sum(A[k, j]*A[k, j], j, k)", (A**2).sum(), ()),
    ("logsumexp(x[j], j)", np.log(np.exp(X).sum()), ()),
    ("where(x > 0, log(x), 0)", np.where(X > 0, np.log(abs(X)), 0), ()), ("where(j == y, 1, 0)", np.eye(4)[Y], ("i", "j")),
    ("stop_gradient(x) + pi - e", X + np.pi - np.e, ()), ("leaky_relu(x) + elu(x)", np.where(X > 0, 2 * X, 0.01 * X + np.expm1(X)), ()),
]  # fmt: skip


@pytest.mark.parametrize("numbers", [floats(), balls(120)], ids=["floats", "balls"])
@pytest.mark.parametrize(("text", "want", "over"), CASES, ids=[case[0] for case in CASES])
def test_expressions_mean_what_numpy_means(
    text: str, want: Any, over: tuple[str, ...], numbers: Numbers
) -> None:
    """Values with their named axes, in both precisions, without a warning."""
    with numbers.working():
        found = evaluate(parse(text), environment(numbers))
    assert found.over == over
    assert np.shape(found.data) == np.shape(want)
    assert np.allclose(np.asarray(found.data, dtype=float), want, rtol=1e-12, atol=1e-13)


def test_entry_formulas_become_arrays() -> None:
    """Free indices are the axes, in the order given, and shadow indices of the exercise."""
    found = entries(
        parse("where(j == b, x[d], 0)"), {"j": 3, "b": 3, "d": 4}, environment(floats())
    )
    assert np.array_equal(found.data, np.einsum("ab,d->abd", np.eye(3), X))


def test_an_index_bound_in_a_formula_needs_no_declaration() -> None:
    found = evaluate(parse("sum(A[k, q]*x[q], q)"), environment(floats()))
    assert found.over == ("k",)
    assert np.allclose(found.data, A @ X)


def test_a_long_sum_is_walked_not_recursed_into() -> None:
    tree = parse("1")
    for _ in range(20_000):
        from gradcalc.language.parser import Binary

        tree = Binary("+", tree, Num(Fraction(1)))
    assert evaluate(tree, Env(floats(), {})).data == 20_001


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log(-2)", "log of -2 is undefined (in `log(-2)`)"),
        ("1/0", "1 / 0 is undefined (in `1/0`)"),
        ("0^-1", "0^(-1) is undefined (in `0^(-1)`)"),
        ("(-8)^(1/3)", "(-8)^(0.333333) is undefined among the real numbers (in `(-8)^(1/3)`)"),
        ("tan(pi/2)", "tan of 1.5708 is undefined to working precision (in `tan(pi/2)`)"),
        ("exp(1000)^2000", ""),
        ("acos(2)", "acos of 2 is undefined (in `acos(2)`)"),
        ("asin(-1.5)", "asin of -1.5 is undefined (in `asin(-1.5)`)"),
        ("0*log(0)", "log of 0 is undefined (in `log(0)`)"),
        ("sqrt(sin(4))", "sqrt of -0.756802 is undefined (in `sqrt(sin(4))`)"),
        ("log(x - x)", "log of 0 is undefined (in `log(x - x)`)"),
        ("inv(ones(n, n))", "the inverse of a singular matrix is undefined (in `inv(ones(n, n))`)"),
        ("c/zeros(n, 1)", f"{C[0, 0]:.6g} / 0 is undefined (in `c/zeros(n, 1)`)"),
        ("p[y + 2]", "index 4 is out of range for 3 entries (in `p[y + 2]`)"),
        (
            "logdet(-M @ M.T)",
            "logdet of a matrix whose determinant is not positive is undefined (in `logdet(-M @ M.T)`)",
        ),
    ],
)
@pytest.mark.parametrize("exact", [False, True], ids=["floats", "balls"])
def test_undefined_numbers_are_refused_by_name(text: str, message: str, exact: bool) -> None:
    """The step and the value are named, in scalars and arrays alike."""
    if text.startswith("exp(1000)"):
        message = f"exp of {'1e+31' if exact else '1000'} overflows (in `exp({'10^31' if exact else '1000'})`)"
        text = text.replace("1000", "10^31") if exact else text

    def found() -> Tensor:
        if exact:
            return climb(lambda bits: evaluate(parse(text), environment(balls(bits))))
        return evaluate(parse(text), environment(floats()))

    with pytest.raises(Undefined) as caught:
        found()
    assert caught.value.message == message


def test_names_without_value_are_unknown() -> None:
    with pytest.raises(Unknown, match="w has no value"):
        evaluate(parse("w + 1"), environment(floats()))


def scalar(text: str, **values: str) -> float:
    """The last quantity of a scalar exercise."""
    given = ", ".join(f"{name}: {value}" for name, value in values.items())
    graph = graph_of(f"expression: |\n  f = {text}\nvalues: {{{given}}}\n")
    found = forward(graph, given_point(graph))
    if "f" in found.undefined:
        raise found.undefined["f"]
    return float(found["f"].data)


@pytest.mark.parametrize(
    ("text", "x", "want"),
    [
        ("sigmoid(x)", "1000", 1.0), ("sigmoid(x)", "-700", 9.859676543759770e-305), ("softplus(x)", "1000", 1000.0),
        ("softplus(x)", "-700", 9.859676543759770e-305), ("log(sigmoid(x))", "-1000", -1000.0), ("1 - sigmoid(x)", "40", 4.248354255291589e-18),
        ("log(1 + exp(x))", "1000", 1000.0), ("-(0*log(sigmoid(x)) + (1 - 0)*log(1 - sigmoid(x)))", "1000", 1000.0),
        ("1 - tanh(x)^2", "50", 1.4880303904083345e-43), ("exp(x)/(1 + exp(x))", "1000", 1.0), ("1/(1 + exp(-x))", "-1000", 0.0),
        ("sin(pi*x)", "1", 0.0), ("0.1 + 0.2 - 0.3*x", "1", 0.0),
    ],
)  # fmt: skip
def test_scalars_are_right_to_the_last_digit(text: str, x: str, want: float) -> None:
    """D5: no overflow, no cancellation; as many digits as it takes."""
    assert scalar(text, x=x) == pytest.approx(want, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("expression", "want"),
    [
        ("logsumexp([1000, 0, -1000])", 1000.0), ("logsumexp([-1000, -1000])", -999.306852819440),
        ("softmax([1000, 0, -1000])", [1.0, 0.0, 0.0]), ("log_softmax([1000, 0])", [0.0, -1000.0]),
        ("log_softmax([50, 0])", [-1.928749847963918e-22, -50.0]), ("sigmoid([1000, -1000, -700])", [1.0, 0.0, 9.85967654375977e-305]),
        ("softplus([1000, -700])", [1000.0, 9.85967654375977e-305]), ("log(sigmoid([-1000, 0]))", [-1000.0, -0.6931471805599453]),
        ("-sum([1, 0]*log(softmax([-1000, 0])))", 1000.0),
    ],
)  # fmt: skip
def test_arrays_are_stable(expression: str, want: Any) -> None:
    """D5: sigma, softplus, log-sum-exp, softmax, cross entropy at ±1000, relative error at most 1e-12."""
    graph = graph_of(f"expression:\n  - f = {expression} + 0*x\nvalues: {{x: 1}}\n")
    found = forward(graph, given_point(graph))
    assert found.undefined == {}
    assert np.allclose(found["f"].data, want, rtol=1e-12, atol=0)


@pytest.mark.parametrize("order", ["x: 0, y: 0", "y: 0, x: 0"])
def test_zero_over_zero_is_refused_in_any_order(order: str) -> None:
    """D6: x/y at 0, 0."""
    graph = graph_of(f"expression: f = x/y\nvalues: {{{order}}}\n")
    found = forward(graph, given_point(graph))
    assert str(found.undefined["f"]) == "0 / 0 is undefined (in `x/y`)"


@pytest.mark.parametrize(
    ("derivative", "x", "message"),
    [
        ("1/(2*sqrt(x))", "0", "1 / 0 is undefined"), ("2/3*x^(-1/3)", "0", "0^(-0.333333) is undefined"), ("1/x", "0", "1 / 0"),
        ("log(x)", "0", "log of 0 is undefined"), ("log(x)", "-1", "log of -1 is undefined"), ("-1/x^2", "0", "1 / 0 is undefined"),
        ("1 + tan(x)^2", "pi/2", "to working precision"), ("x^x*(log(x) + 1)", "0", "log of 0 is undefined"),
        ("1/sqrt(1 - x^2)", "1", "1 / 0 is undefined"), ("-1/sqrt(1 - x^2)", "-1", "1 / 0 is undefined"),
        ("1/(cos(x)*1)", "pi/2", "cannot be told to working precision"), ("0^x*log(0*x)", "2", "log of 0 is undefined"),
    ],
)  # fmt: skip
def test_infinite_derivatives_are_refused(derivative: str, x: str, message: str) -> None:
    """D4: the derivative's own formula is evaluated, and says which step has no value."""
    graph = graph_of(f"expression: f = x + 1\nvalues: {{x: {x}}}\n")
    with pytest.raises(
        Undefined, match=message.replace("^", r"\^").replace("(", r"\(").replace(")", r"\)")
    ):
        forward(graph, given_point(graph)).evaluate(parse(derivative))


def test_what_depends_on_an_undefined_quantity_names_the_cause() -> None:
    graph = graph_of("expression: |\n  q = log(x)\n  r = x + 1\n  f = q + 1\nvalues: {x: -2}\n")
    found = forward(graph, given_point(graph))
    assert found.lists("r") == -1
    assert found.lists("f") is None
    assert str(found.undefined["f"]) == "log of -2 is undefined (in `log(x)`)"


def test_an_untaken_branch_may_be_undefined() -> None:
    assert scalar("where(x > 0, x*log(x), 0)", x="0") == 0
    graph = graph_of(
        "expression: f = where(v > 0, v*log(v), 0)\nvariables: {v: [3]}\nvalues: {v: [0, 1, -2]}\n"
    )
    assert forward(graph, given_point(graph)).lists("f") == [0.0, 0.0, 0.0]


def test_a_taken_branch_may_not() -> None:
    graph = graph_of(
        "expression: f = where(v > -1, log(v), 0)\nvariables: {v: [2]}\nvalues: {v: [0, 1]}\n"
    )
    assert (
        str(forward(graph, given_point(graph)).undefined["f"])
        == "log of 0 is undefined (in `log(v)`)"
    )


PER_EXAMPLE = """
expression: |
  z = W @ x + b
  a = relu(z)
  s = sum(a)
  J = mean(s, i)
examples: {i: m}
variables:
  W: [2, 3]
  x: {shape: [3, 1], each: i}
  b: [2, 1]
values:
  W: [[1, 0, -1], [2, 1, 0]]
  x: [[1, 2, 3, 4], [0, 1, 0, 1], [1, 1, 1, 1]]
  b: [[0], [-1]]
"""


def test_stacks_have_the_examples_last() -> None:
    """[D, 1] becomes D × m, [] becomes m; values of per-example inputs are stacks."""
    graph = graph_of(PER_EXAMPLE)
    found = forward(graph, given_point(graph))
    assert found.lists("z") == [[0, 1, 2, 3], [1, 4, 5, 8]]
    assert found.lists("s") == [1, 5, 7, 11]
    assert found.lists("J") == 6
    assert stacked(found["x"], found.env()).shape == (3, 4)


def test_defined_indices_become_axes() -> None:
    graph = graph_of(
        "expression: 'p[k] = exp(s[k]) / sum(exp(s[l]), l)'\nindices: {k: 3, l: 3}\nvariables: {s: [3]}\nvalues: {s: [1, 2, 3]}\n"
    )
    assert forward(graph, given_point(graph)).lists("p") == pytest.approx(
        list(softmax(np.array([1.0, 2, 3]), 0))
    )


def test_functions_of_the_exercise_are_evaluated() -> None:
    graph = graph_of("expression: |\n  g(t) = t^2 + c\n  f = g(x) * g(2*x)\nvalues: {x: 1, c: 3}\n")
    assert forward(graph, given_point(graph)).lists("f") == 28


def test_missing_values_are_listed_not_refused() -> None:
    graph = graph_of("expression: f = x*y + 1\nvalues: {x: 1}\n")
    point = given_point(graph)
    assert point.missing == ("y",)
    assert isinstance(forward(graph, point).undefined["f"], Unknown)


SEEDED = """
expression: |
  z = W @ x
  l = log(det(S)) + sum(log(r)) + p[y] + sum(sqrt(q))
variables:
  W: [2, n]
  x: [n]
  S: {shape: [3, 3], assume: symmetric}
  r: {shape: [4], assume: positive}
  h: {shape: [n], assume: onehot}
  p: [5]
  q: [2]
sizes: {n: 3}
seed: 1
"""


def test_a_seed_draws_what_is_missing_where_it_is_defined() -> None:
    """The same numbers each time, two decimals, assumptions kept, the domain respected."""
    graph = graph_of(SEEDED)
    point = given_point(graph)
    assert point == given_point(graph)
    assert point.missing == ()
    found = forward(graph, point)
    assert found.undefined == {}
    symmetric = np.array(found.lists("S"))
    assert np.array_equal(symmetric, symmetric.T)
    assert min(found.lists("r")) > 0
    assert sorted(found.lists("h")) == [0, 0, 1]
    assert found.lists("y") in range(5)
    assert all(round(100 * x) == pytest.approx(100 * x) for row in found.lists("W") for x in row)


def test_random_points_have_other_sizes_pairwise_different() -> None:
    graph = graph_of(
        SEEDED.replace("seed: 1", "examples: {i: m}").replace("W: [2, n]", "W: [d, n]")
    )
    points, reason = random_points(graph, 2)
    assert reason is None
    assert len(points) == 2
    for point in points:
        assert len(set(point.sizes.values())) == len(point.sizes)
        assert min(point.sizes.values()) >= 2
        assert forward(graph, point).undefined == {}
    assert points[0].sizes != points[1].sizes


def test_no_point_in_the_domain_gives_a_reason() -> None:
    points, reason = random_points(graph_of("expression: f = log(-1 - x^2)\n"), 1)
    assert points == []
    assert reason is not None
    assert reason.startswith("log of -")


@pytest.mark.parametrize(
    ("text", "x", "want"),
    [
        ("relu(x)", "0", ["x is 0: relu'(0) = 0 by convention"]),
        ("abs(x - 1)", "1", ["x - 1 is 0: abs'(0) = 0 by convention"]),
        (
            "step(x) + sign(x)",
            "0",
            ["x is 0: step'(0) = 0 by convention", "x is 0: sign'(0) = 0 by convention"],
        ),
        (
            "max(x, 2, 2*x - 2)",
            "2",
            [
                "x, 2 and 2*x - 2 are equal: at a tie max shares the gradient evenly, two by two, by convention"
            ],
        ),
        (
            "max(x, 2)",
            "2",
            ["x and 2 are equal: at a tie max shares the gradient evenly, by convention"],
        ),
        ("relu(0.1 + 0.2 - x)", "0.3", ["0.1 + 0.2 - x is 0: relu'(0) = 0 by convention"]),
        (
            "where(x > 1, 2*x, x + 1)",
            "1",
            ["x is 1: the derivative is that of the branch that is taken, by convention"],
        ),
        ("relu(x) + max(x, 2)", "1", []),
    ],
)
def test_kinks_name_the_convention(text: str, x: str, want: list[str]) -> None:
    graph = graph_of(f"expression: f = {text}\nvalues: {{x: {x}}}\n")
    assert [kink.message for kink in kinks(graph)] == want


def test_a_jump_is_no_kink() -> None:
    graph = graph_of("expression: f = where(x > 1, 2*x, x)\nvalues: {x: 1}\n")
    found = kinks(graph)
    assert [problem.slug for problem in found] == ["jump"]
    assert (
        found[0].message == "x is 1, where where(x > 1, 2*x, x) jumps: it has no derivative there"
    )


def test_kinks_in_arrays_say_which_entry() -> None:
    text = "expression: |\n  a = relu(v)\n  n = norm(w)\n  t = max(v)\nvariables: {v: [3], w: [2]}\nvalues: {v: [1, 0, 1], w: [0, 0]}\n"
    graph = graph_of(text)
    assert [kink.message for kink in kinks(graph)] == [
        "v[1] is 0: relu'(0) = 0 by convention",
        "norm(w) is 0: its derivative there is 0 by convention",
        "entries of v tie: at a tie max shares the gradient evenly, by convention",
    ]


def test_the_derivative_of_a_norm_at_zero_is_zero_by_convention() -> None:
    graph = graph_of("expression: r = norm(w)\nvariables: {w: [2]}\nvalues: {w: [0, 0]}\n")
    found = forward(graph, given_point(graph))
    for text in ("w/r", "w/norm(w)", "3*w/(2*norm(w))"):
        assert np.array_equal(found.evaluate(parse(text)).data, [0, 0])


def test_scalar_exercises_do_not_load_numpy() -> None:
    """Start-up counts."""
    code = (
        "import sys; from gradcalc.exercise.load import parse_exercise; from gradcalc.graph.build import build;"
        "from gradcalc.numeric.oracle import Claim, Oracle; from gradcalc.language.parser import parse;"
        "g = build(parse_exercise('expression: f = sigmoid(x*y)\\nvalues: {x: 1, y: 2}', 'f'));"
        "v = Oracle(g).verify(Claim(parse('y*f*(1 - f)')), 'f', 'x'); assert v.ok, v;"
        "assert 'numpy' not in sys.modules and 'sympy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("1/3 + 1/6", "1/2"), ("x*y + 1", "1/3"), ("exp(log(2))", "2"), ("log(2)/2", "log(2)/2"), ("sqrt(8/18)", "2/3"),
        ("sqrt(2)*3/2", "3*sqrt(2)/2"), ("sin(pi/2) + cos(pi)", "0"), ("8^(1/3)", "2"), ("2^0.5", "sqrt(2)"), ("exp(-log(2)/2)", "sqrt(2)/2"), ("cos(pi/6)", "sqrt(3)/2"), ("exp(1/2)^2", "e"), ("leaky_relu(-2, 1/10)", "-1/5"),
        ("sin(-3*pi/4)", "-sqrt(2)/2"), ("tan(pi/6)", "1/sqrt(3)"), ("sin(pi/4)^2", "1/2"), ("1/(sqrt(70)/5)", "5/sqrt(70)"), ("sqrt(2)^3", "2*sqrt(2)"),
        ("0*log(2)", "0"),
        ("sigmoid(0)*(1 - sigmoid(0))", "1/4"), ("softplus(0)", "log(2)"), ("where(x < y, 5, 6)", "5"), ("relu(x) + max(1, x)", "1"),
        ("1/(1 + exp(-1))", "1/(1 + exp(-1))"), ("x^3", "-8"), ("(1 - 1/3*3)/5", "0"), ("exp(1)", "e"), ("1/3*pi/2", "pi/6"), ("2/3*(3*pi/4)", "pi/2"), ("abs(-log(2))", "log(2)"),
        ("tanh(0) + atan(0)", "0"), ("sqrt(2)*sqrt(2)", "2"), ("-2*-4", "8"),
    ],
)  # fmt: skip
def test_exact_values(text: str, want: str) -> None:
    found = exact(parse(text), {"x": parse("-2"), "y": parse("1/3")})
    assert found is not None
    assert unparse(found) == want
    value = float(evaluate(found, Env(floats(), {})).data)
    names = {"x": Tensor(-2.0), "y": Tensor(1 / 3)}
    assert value == pytest.approx(
        float(evaluate(parse(text), Env(floats(), names)).data), abs=1e-15
    )


@pytest.mark.parametrize(
    "text",
    [
        "9^9^9",
        "log(-2)",
        "1/0",
        "1/(sqrt(2)^2 - 2)",
        "log(2) + log(3) + log(5)*log(7)",
        "w + 1",
        "(1/7)^80",
    ],
)
def test_no_exact_value(text: str) -> None:
    assert exact(parse(text), {}) is None


def test_a_point_is_only_data() -> None:
    graph = graph_of("expression: f = x^2\n")
    assert forward(graph, Point({}, {"x": Num(Fraction(3, 2))})).lists("f") == 2.25
