"""Sizes, shapes, the shape of every operation and of expressions, and inference with its reasons and errors."""

from __future__ import annotations

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.graph.build import Graph, build, stack_shape
from gradcalc.language.constants import size_of
from gradcalc.language.errors import GradcalcError
from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import (
    ONE,
    OWN,
    Shape,
    ShapeError,
    Size,
    broadcast,
    parsed,
    shape_of,
    show,
    stacked,
)
from gradcalc.ops import TABLE


def sizes(text: str) -> Shape:
    """`n 1 N-1` as a shape"""
    return tuple(size_of(parse(word)) for word in text.split())


def graph(text: str) -> Graph:
    return build(parse_exercise(text, "e.yaml"))


def inferred(expression: str, variables: str = "", more: str = "") -> dict[str, str]:
    """name -> shape, of everything; lines of the expression are separated by `;`"""
    lines = "".join(f"  {line.strip()}\n" for line in expression.split(";"))
    found = graph(
        f"expression: |\n{lines}" + (f"variables: {variables}\n" if variables else "") + more
    )
    return {name: show(found.node(name).shape) for name in found.names}


# ---- sizes


def test_sizes_are_polynomials_that_print_as_written() -> None:
    n, m = Size.of("n"), Size.of("m")
    assert str(n + 1) == "n + 1"
    assert str(n - 1) == "n - 1"
    assert str(n * m + n * m) == "2*m*n"
    assert n + 1 - 1 == n
    assert n - n == Size.of(0)
    assert (n * 2 + 1).at({"n": 3}) == 7


def test_a_size_expression_may_divide_what_is_divisible() -> None:
    assert size_of(parse("(4*n + 2)/2")) == Size.of("n") * 2 + 1


@pytest.mark.parametrize(("left", "right", "result"), [
    ("n k", "1 k", "n k"), ("n k", "k", "n k"), ("n 1", "1 k", "n k"), ("", "n k", "n k"), ("k", "n 1", "n k"), ("", "", ""),
])  # fmt: skip
def test_broadcasting_follows_numpy(left: str, right: str, result: str) -> None:
    assert broadcast(sizes(left), sizes(right)) == sizes(result)
    assert broadcast(sizes(right), sizes(left)) == sizes(result)


def test_sizes_that_differ_in_name_do_not_broadcast() -> None:
    with pytest.raises(ShapeError, match="n ≠ m"):
        broadcast(sizes("n"), sizes("m"))


@pytest.mark.parametrize(
    ("shape", "stack"),
    [("D", "D m"), ("D 1", "D m"), ("1 1", "1 m"), ("", "m"), ("1 D", "1 D m"), ("a b", "a b m")],
)
def test_examples_stack_last_and_columns_lose_their_1(shape: str, stack: str) -> None:
    assert stacked(sizes(shape), Size.of("m")) == sizes(stack)


def test_shapes_are_shown_as_on_a_board() -> None:
    assert show(()) == "a scalar"
    assert show(sizes("n")) == "[n]"
    assert show(sizes("D_x 1")) == "D_x×1"
    assert show(sizes("N-1 d")) == "(N - 1)×d"


# ---- the shape of expressions of known names

SHAPES = {
    "W": sizes("n d"), "x": sizes("d"), "c": sizes("d 1"), "r": sizes("1 d"), "M": sizes("d d"), "s": (), "N": sizes("V d"), "T": sizes("a b e"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), [
    ("W @ x", "n"), ("W @ c", "n 1"), ("x @ x", ""), ("x @ x.T", ""), ("r @ c", "1 1"), ("c @ r", "d d"), ("x @ W.T", "n"), ("T @ ones(e, 2)", "a b 2"),
    ("s * W + r", "n d"), ("W^2", "n d"), ("-W", "n d"), ("where(x > 0, x, 0)", "d"), ("max(x, 0)", "d"), ("max(x)", ""), ("min(x, s, 1)", "d"),
    ("sum(W)", ""), ("sum(W, axis=0)", "d"), ("sum(W, 1)", "n"), ("sum(W, axis=-1, keepdims=True)", "n 1"), ("sum(T, axis=(0, 2))", "b"),
    ("mean(W, keepdims=True)", "1 1"), ("var(W, axis=0, ddof=1)", "d"), ("norm(x, 1)", ""), ("norm(W, axis=1)", "n"), ("prod(x)", ""),
    ("softmax(W)", "n d"), ("log_softmax(c)", "d 1"), ("logsumexp(W)", "n"), ("logsumexp(c)", ""), ("logsumexp(x)", ""),
    ("tr(M)", ""), ("det(M)", ""), ("logdet(M)", ""), ("inv(M)", "d d"), ("matrix_power(M, 3)", "d d"), ("diag(x)", "d d"), ("diag(c)", "d d"),
    ("diag(M)", "d"), ("diag(step(c))", "d d"), ("outer(x, c)", "d d"), ("dot(x, x)", ""), ("dot(c, c)", ""), ("dot(r, c)", "1 1"),
    ("kron(W, M)", "n*d d*d"), ("vec(W)", "n*d"), ("concat(1, x)", "d+1"), ("concat(x, x)", "2*d"), ("concat(W, W, axis=1)", "n 2*d"),
    ("concat(1, c)", "d+1 1"), ("stack(x, x)", "2 d"), ("[s, 1, 2]", "3"), ("[[1, 2, 3], [4, 5, 6]]", "2 3"), ("eye(k)", "k k"),
    ("ones(n, m)", "n m"), ("zeros(3)", "3"), ("x[0]", ""), ("x[-1]", ""), ("W[0]", "d"), ("W[:, 0]", "n"), ("x[1:]", "d-1"), ("x[:-1]", "d-1"),
    ("x[1:3]", "2"), ("W[1:, j]", "n-1"), ("W[k, :]", "d"), ("N[y, :]", "d"), ("sum(x[j]*x[j], j)", ""), ("sum(W[k, :], k)", "d"),
    ("sum(x[j], j, j != 2)", ""), ("sigmoid(W)", "n d"), ("g(x)", "d"), ("stop_gradient(c)", "d 1"), ("m*x", "d"), ("pi", ""), ("x.T.T", "d"),
    ("T.T", "e b a"), ("T[0].T", "e b"),
])  # fmt: skip
def test_the_shape_of_an_expression(text: str, shape: str) -> None:
    assert show(shape_of(parse(text, functions={"g"}), SHAPES)) == show(sizes(shape))


def test_a_long_sum_needs_no_deep_stack() -> None:
    assert shape_of(parse("+".join(["x"] * 400)), SHAPES) == sizes("d")


@pytest.mark.parametrize(("text", "reason"), [
    ("W @ W", "d ≠ n"), ("s @ x", "@ cannot multiply a scalar"), ("x + N", None), ("W + N", "n ≠ V"), ("det(W)", "n ≠ d"), ("sum(x, axis=1)", "there is no axis 1 in [d]"),
    ("softmax(s)", "softmax needs a vector, not a scalar"), ("stack(x, s)", "the parts have different shapes"), ("outer(W, x)", "outer takes a vector"),
    ("concat(W, x)", "concat joins arrays with equally many axes, not n×d and [d]"), ("kron(x, x)", "kron takes two matrices"),
    ("sum(W, axis=(0, 0))", "an axis is given twice"), ("x[0, 1]", "2 indices on [d]"), ("diag(W)", "diag takes a vector or a square matrix"),
])  # fmt: skip
def test_shapes_that_cannot_be(text: str, reason: str | None) -> None:
    if reason is None:
        assert shape_of(parse(text), SHAPES) == sizes("V d")
        return
    with pytest.raises(ShapeError) as caught:
        shape_of(parse(text), SHAPES)
    assert caught.value.reason == reason


def test_every_structured_operation_has_a_shape_rule() -> None:
    """Its signature is elementwise, reduction, same, a list of letters, or a rule of its own."""
    for op in TABLE.values():
        if op.signature == "own":
            assert op.name in OWN or op.name in ("getitem", "toaxis"), op.name
        elif op.signature not in ("elementwise", "reduction", "same"):
            inputs, output = parsed(op.signature)
            assert len(inputs) == len(op.operands), op.name
            assert set(output) <= {letter for letters in inputs for letter in letters}, op.name


# ---- inference

EX3 = """
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
  z1: {shape: [D_a1, 1]}
"""


def test_exercise_3_infers_the_parameters_and_says_why() -> None:
    found = graph(EX3)
    shapes = {name: show(found.node(name).shape) for name in ("W1", "b1", "W2", "b2", "z2", "J")}
    assert shapes == {
        "W1": "D_a1×D_x",
        "b1": "D_a1×1",
        "W2": "1×D_a1",
        "b2": "1×1",
        "z2": "1×1",
        "J": "1×1",
    }
    assert show(stack_shape(found, "X")) == "D_x×m"
    assert show(stack_shape(found, "Y")) == "1×m"
    assert found.stacks["X"] == "x"
    assert found.stacks["Yhat"] == "yhat"
    assert found.reasons["x"] == found.reasons["z1"] == "declared"
    assert found.reasons["W1"] == "`W1 @ x` is D_a1×1 and x is D_x×1, so W1 is D_a1×D_x"
    assert (
        found.reasons["b1"]
        == "`W1 @ x + b1` is taken entry by entry and z1 is D_a1×1, so b1 is D_a1×1"
    )
    assert found.reasons["W2"] == "`W2 @ a1` is 1×1 and a1 is D_a1×1, so W2 is 1×D_a1"
    assert (
        found.reasons["yhat"]
        == "`y * log(yhat)` is taken entry by entry and y is 1×1, so z2 and yhat are 1×1"
    )
    assert found.reasons["a1"] == "z1 is D_a1×1, so `relu(z1)` is D_a1×1"


@pytest.mark.parametrize(("expression", "variables", "name", "shape"), [
    ("f = x + y * z", "", "x", "a scalar"),  # nothing constrains it
    ("f = w * x", "{x: [n]}", "w", "[n]"),  # no broadcasting is assumed
    ("f = 2 * x + m", "{x: [m]}", "f", "[m]"),  # literals and sizes broadcast
    ("J = norm(w)^2 * c", "{w: [n]}", "c", "a scalar"),  # a scalar operand says nothing against a scalar
    ("Y = X @ W + b; L = norm(Y - T)^2", "{X: [N, D], T: [N, K], b: [1, K]}", "W", "D×K"),  # broadcasting that is certain
    ("Y = X @ W + b; L = norm(Y - T)^2", "{X: [N, D], T: [N, K], b: [K]}", "W", "D×K"),
    ("s = x.T @ A @ x", "{x: [n, 1]}", "A", "n×n"),
    ("a = b.T", "{a: [n, m]}", "b", "m×n"),
    ("s = sum(X, axis=1, keepdims=True); f = sum(s * t)", "{X: [n, d]}", "t", "n×1"),
    ("f = det(A) + tr(A @ B)", "{B: [n, n]}", "A", "n×n"),
    ("f = tr(diag(x) @ A)", "{A: [n, n]}", "x", "[n]"),
    ("f = sum(outer(u, v) * M)", "{M: [n, m]}", "u", "[n]"),
    ("f = dot(u, v)", "{u: [n]}", "v", "[n]"),
    ("g(t) = exp(t) * c; f = g(x)", "{x: [n]}", "c", "[n]"),
    ("z = W @ x; p = softmax(z)", "{x: [d], p: [k]}", "W", "k×d"),
    ("f = max(x, y) + where(c > 0, x, 1)", "{x: [n]}", "c", "[n]"),
    ("f = a * b", "{f: []}", "b", "a scalar"),
    ("f = x + y", "{f: [1, n], x: [1, n]}", "y", "1×n"),
    ("f = x @ y", "{f: [n], x: [n, k]}", "y", "[k]"),
    ("f = x @ y", "{f: [n], x: [n]}", "y", "n×n"),
    ("f = x @ y + w", "{x: [2, n, m], y: [2, m, k]}", "w", "2×n×k"),
    ("f = x @ y + w", "{x: [1, n, m], y: [3, m, k]}", "w", "3×n×k"),
    ("f = x.T", "{f: [n, m]}", "x", "m×n"),
    ("f = softmax(x)", "{f: [n]}", "x", "[n]"),
    ("p[j] = x + w; f = sum(p @ w)", "{p: [n, k]}\nindices: {j: n}", "x", "[k]"),
    ("f = x[1:] * w", "{x: [n + 1]}", "w", "[n]"),
])  # fmt: skip
def test_inference_without_assuming_broadcasting(
    expression: str, variables: str, name: str, shape: str
) -> None:
    assert inferred(expression, variables)[name] == shape


def test_values_fix_shapes_and_sizes() -> None:
    found = graph(
        "expression: z = W @ x + b\nvariables: {x: [n, 1]}\nvalues: {W: [[1, 2], [3, 4], [5, 6]]}\n"
    )
    assert show(found.node("W").shape) == "3×n"
    assert show(found.node("b").shape) == "3×1"
    assert found.sizes == {"n": 2}
    assert found.reasons["W"] == "its value has shape 3×n"


def test_the_value_of_a_per_example_input_is_its_stack() -> None:
    found = graph(
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


def test_an_upstream_gradient_has_the_shape_of_its_quantity() -> None:
    found = graph(
        "expression: Y = X @ W + b\nvariables: {W: [d, k], b: [1, k]}\nupstream: {dL/dY: [[1, 2], [3, 4], [5, 6]]}\n"
    )
    assert show(found.node("X").shape) == "3×d"
    assert found.sizes == {"k": 2}


def test_indices_fix_the_axes_they_index() -> None:
    found = graph(
        "expression: |\n  a[i] = sum(W[i, j] * x[j], j) + b[i]\n  f = sum(a)\nindices: {i: n, j: d}\n"
    )
    assert {name: show(found.node(name).shape) for name in ("W", "x", "b", "a")} == {
        "W": "n×d",
        "x": "[d]",
        "b": "[n]",
        "a": "[n]",
    }
    assert found.reasons["x"] == "`x[j]` is a scalar and j runs over d, so x is [d]"


ERRORS = [
    ("z = W1 @ x", "{W1: [D_a1, D_x], x: [D_z, 1]}", ["2:7: `W1 @ x`: W1 is D_a1×D_x, x is D_z×1: D_x ≠ D_z"]),
    ("z = W1 @ x; v = z + x; u = x @ x", "{W1: [a, b], x: [b, 1]}", ["3:7: `z + x`: z is a×1, x is b×1: a ≠ b", "4:7: `x @ x`: x is b×1: 1 ≠ b"]),
    ("z = A @ x; v = B @ x + c", "{A: [a, n], B: [b, m], x: [n]}", ["3:7: `B @ x`: B is b×m, x is [n]: m ≠ n"]),
    ("z = W @ x", "{x: [n]}", ["2:7: `W @ x`: W could be [n] or k×n"]),
    ("z = W @ x", "{W: [m, n]}", ["2:7: `W @ x`: x could be [n] or n×1"]),
    ("z = W @ x", "{W: [a, b], x: [b], z: [b]}", ["2:7: z is declared [b], but `W @ x` is [a]"]),
    ("z = tanh(x); f = det(z)", "{x: [n, m]}", ["3:7: `det(z)`: z is n×m: n ≠ m"]),
    ("z = U @ tanh(V @ x)", "{z: [k, 1], x: [d, 1]}", ["2:7: the length of axis 1 of U is unknown", "2:16: the length of axis 0 of V is unknown"]),
    ("f = logdet(S)", "{}", ["2:14: the length of axis 0 of S is unknown"]),
    ("f = x - y", "{x: [n], y: [n + 1]}", ["2:7: `x - y`: x is [n], y is [n + 1]: n ≠ n + 1"]),
    ("f = c * x", "{c: [2], x: [n]}", ["2:7: `c * x`: c is [2], x is [n]: 2 ≠ n"]),
    ("f = a @ x", "{a: [], x: [n]}", ["2:7: `a @ x`: a is a scalar, x is [n]: @ cannot multiply a scalar"]),
    ("f = g(A, x); g(M, v) = M @ v", "{A: [n, m], x: [n]}", ["3:13: `M @ v`: M is n×m, v is [n]: m ≠ n"]),
    ("f = concat(A, B)", "{A: [a, b], B: [c, d]}", ["2:7: `concat(A, B)`: A is a×b, B is c×d: b ≠ d"]),
    ("f = sum(A, axis=2)", "{A: [n, m]}", ["2:7: `sum(A, axis=2)`: A is n×m: there is no axis 2 in n×m"]),
    ("f = a * b", "{f: [], b: [n]}", ["2:7: `a * b`: a is a scalar, b is [n]: the result is a scalar, b is not"]),
    ("f = x + y", "{f: [n, m], x: [n], y: [n]}", ["2:7: f is declared n×m, but `x + y` is [n]"]),
    ("f = x + y", "{f: [n], x: [n, m]}", ["2:7: `x + y`: x is n×m, y is [?]: the result has 1 axes, not 2"]),
    ("f = x @ y", "{f: [n, m], x: [n]}", ["2:7: `x @ y`: x is [n]: the result is n×m"]),
    ("f = x @ y", "{x: [2, n, m], y: [3, m, k]}", ["2:7: `x @ y`: x is 2×n×m, y is 3×m×k: 2 ≠ 3"]),
    ("f = sum(x, axis=0)", "{f: [n]}", ["2:11: the length of axis 0 of x is unknown"]),
    ("f = sum(x, axis=0, keepdims=True)", "{f: [1, n]}", ["2:11: the length of axis 0 of x is unknown"]),
    ("f = sum(x, axis=2)", "{f: [n]}", ["2:7: `sum(x, axis=2)`: x is ?×?: there is no axis 2 in ?×?"]),
    ("f = x[:, :, 0]", "{f: [n]}", ["2:7: `x[:, :, 0]`: the result is [n]"]),
    ("f = x[1:]; h = x @ w", "{w: [5]}", ["3:7: `x @ w`: x could be [5] or k×5"]),
    ("f = x[y, :]", "{f: [k, n]}", ["2:9: no shape of y fits all of its uses"]),
    ("f = inv(x)", "{f: [n]}", ["2:7: f is declared [n], but `inv(x)` is ?×?"]),
    ("f = softmax(x)", "{f: []}", ["2:7: `softmax(x)`: x is a scalar: it acts on a vector"]),
    ("f = softmax(z)", "{z: []}", ["2:7: `softmax(z)`: z is a scalar: softmax needs a vector, not a scalar"]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "variables", "messages"), ERRORS)
def test_shape_errors_stand_at_their_place(
    expression: str, variables: str, messages: list[str]
) -> None:
    with pytest.raises(GradcalcError) as caught:
        inferred(expression, variables)
    found = [
        f"{p.place.line}:{p.place.column}: {p.message}" for p in caught.value.problems if p.place
    ]
    assert found == messages


def test_a_choice_comes_with_both_ways_to_make_it() -> None:
    with pytest.raises(GradcalcError) as caught:
        inferred("z = W @ x", "{x: [n]}")
    assert caught.value.problems[0].hint == "declare it: variables: {W: [n]} or {W: [k, n]}"


def test_an_axis_of_1_is_the_number_1() -> None:
    assert sizes("1") == (ONE,)
