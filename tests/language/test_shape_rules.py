"""The shape of every operation and of expressions of known names."""

from __future__ import annotations

import pytest

from gradcalc.language.parser import parse
from gradcalc.language.shape_rules import (
    OWN,
    ShapeError,
    Size,
    broadcast,
    parsed,
    shape_of,
    show,
    stacked,
)
from gradcalc.ops import TABLE
from helpers.graphs import graph, sizes


@pytest.mark.parametrize(
    ("part", "shape", "length"),
    [
        ("0:6*n/3", "7*n", "[2*n]"),
        (":n + 1", "n", "[n]"),
        ("n - 5:", "n", "[5]"),
        ("1:4", "n", "[3]"),
    ],
)
def test_how_long_a_slice_is(part: str, shape: str, length: str) -> None:
    assert show(graph(f"f = x[{part}]", f"{{x: [{shape}]}}").node("f").shape) == length


# ---- sizes


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
    ("concat(W, x)", "concat joins arrays with equally many axes, not n×d and [d]"), ("kron(x, W)", "kron takes two matrices or two vectors"),
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
            assert op.name in OWN or op.name in ("getitem", "toaxis", "free"), op.name
        elif op.signature not in ("elementwise", "reduction", "same"):
            inputs, output = parsed(op.signature)
            assert len(inputs) == len(op.operands) - len(op.parameters), op.name
            assert set(output) <= {letter for letters in inputs for letter in letters}, op.name
