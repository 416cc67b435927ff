"""The graph as a whole: order, outputs, sizes, and every mistake at its place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from gradcalc.exercise.load import load_exercise
from gradcalc.graph.build import build
from gradcalc.graph.question_checks import default_questions
from gradcalc.language.errors import GradcalcError
from gradcalc.language.shape_rules import Size
from helpers.graphs import graph
from helpers.paths import SHIPPED

# ---- lowering


X, C, A, V = "{x: [n]}", "{x: [n, 1]}", "{A: [n, n]}", "{x: [3]}"


INDEX = "indices: {j: n, k: n}\n"


def test_nodes_are_topological_and_inputs_in_declared_order() -> None:
    found = graph("f = b*q; q = a + c", "{c: [], a: [], b: []}")
    assert found.inputs == ("c", "a", "b")
    assert found.quantities == ("q", "f")
    assert found.outputs == ("f",)
    assert all(arg < number for number, node in enumerate(found.nodes) for arg in node.args)


def test_the_last_of_several_outputs_is_the_output() -> None:
    assert graph("f = x + y; q = x*y; g = q + 1").outputs == ("f", "g")


def test_integer_inputs_constants_and_sizes() -> None:
    found = graph(
        "L = -log(p[y]) + c", "{p: [n], c: {assume: constant}}", "values: {p: [0.2, 0.8], y: 1}\n"
    )
    assert found.integers == {"y"}
    assert found.constants == {"c"}
    assert found.sizes == {"n": 2}


EACH = "examples: {i: m}\n"


# ---- what is wrong


ERRORS = [
    ("f = sum(x, i)", "{x: {shape: [n], each: k}}", EACH, "`k` is not declared under `examples`"),
    ("z = w[j]", X.replace("x", "w"), INDEX, "2:7: `z` depends on the index j"),
    ("f = sum(x[j], j)", "{x: [d]}", INDEX, "2:11: `x[j]`: j runs over n, axis 0 of x is d: n ≠ d"),
    ("f = mean(x[j], j, j != 2)", X, INDEX, "2:21: mean takes no condition"),
    ("g(t) = sum(t * w[j], j); f = sum(g(x[j]), j)", "{w: [n], x: [n]}", INDEX, "2:10: the argument t depends on j, over which the function sums"),
    ("f = sum(x[j], j, axis=0)", X, INDEX, "2:7: sum runs over indices or over axes, not over both"),
    ("f = x[3]", V, "", "2:9: there is no entry 3 on an axis of 3"),
    ("f = x[-4]", V, "", "2:9: there is no entry -4 on an axis of 3"),
    ("f = x[j + 1]", X, INDEX, "2:7: `x[j + 1]`: j runs from 0 to n - 1, so axis 0 of x needs n + 1 entries; it has n"),
    ("f = sum(x[j - 1], j)", X, INDEX, "2:11: `x[j - 1]`: j runs from 0 to n - 1, so `j - 1` begins at -1, before entry 0"),
    ("f = sum(x[j*k], j, k)", X, INDEX, "2:13: `j*k` is no sum of indices"),
    ("f = sum(x[2*j + k], j, k)", X, INDEX, "2:11: `x[2*j + k]`: j runs from 0 to n - 1 and k runs from 0 to n - 1, so axis 0 of x needs 3*n - 2 entries; it has n"),
    ("f = x[q]; q = 2*y", X, "", "2:9: `q` is computed, so it cannot be an index"),
    ("f = x[0, 1]", X, "", "2:7: 2 indices on x, which is [n]"),
    ("f = x[2:2]", X, "", "2:9: the slice is empty"),
    ("f = x[::2]", X, "", "2:9: the length of a slice with step 2 of an axis of n is unknown"),
    ("J = sum(L); L = w*x", "{x: {shape: [], each: i}, w: []}", EACH, "2:7: L is a scalar for each i, so it has no entries for sum"),
    ("J = sum(x[i], i)", "{x: {shape: [], each: i}}", EACH, "2:11: 1 index on x, which is a scalar"),
    ("f = norm(A, ord=1)", A, "", "2:7: ord=1 of a matrix is ambiguous"),
    ("f = norm(x, ord=1/2)", X, "", "2:19: `1/2` is not the order of a norm"),
    ("f = matrix_power(A, 21)", A, "", "2:23: the power of a matrix is at most 20"),
    ("f = matrix_power(A, k0)", A, "", "2:23: the power of a matrix is a whole number, not `k0`"),
    ("f = var(x, ddof=3)", V, "", "2:7: division by zero: ddof takes all entries"),
    ("g(t) = 1/t; f = x + g(0)", "", "", "2:10: division by zero"),
    ("f = p[y]", "{p: [3]}", "values: {y: 3}\n", "4:13: the index y is 3: out of range"),
    ("f = p[y]", "{p: [3]}", "values: {y: 1/2}\n", "4:13: y is an index, and 0.5 is not a whole number"),
    ("f = A @ x", "{A: {shape: [n, n], assume: symmetric}, x: [n]}", "values: {A: [[1, 2], [3, 4]]}\n", "4:10: the value of A is not symmetric, although `assume` says so"),
    ("f = x", "{x: {shape: [n], assume: positive}}", "values: {x: [1, 0]}\n", "4:10: the value of x has an entry that is not positive, although `assume` says so"),
    ("f = x", "{x: {shape: [n, k], assume: onehot}}", "values: {x: [[0, 1], [1, 1]]}\n", "4:10: the value of x is not one-hot, although `assume` says so"),
    ("f = x", "{x: {shape: [n], assume: binary}}", "values: {x: [0, 2]}\n", "4:10: the value of x has an entry that is neither 0 nor 1, although `assume` says so"),
    ("f = tr(A)", "{A: {shape: [n, n], assume: orthogonal}}", "values: {A: [[0.6, 0.8], [0.8, 0.6]]}\n", "4:10: the value of A is not orthogonal, although `assume` says so"),
    ("J = sum(x)", "{x: {shape: [2], each: i, assume: positive}}", EACH + "values: {x: [[1, 2, 3], [4, 5, -1]]}\n", "5:10: the value of x has an entry that is not positive, although `assume` says so"),
    ("f = x", "{x: {shape: [], assume: positive}}", "values: {x: exp(1000)}\n", "4:13: the value of x: `exp(1000)` is undefined"),
    ("f = x", "{x: {shape: [], assume: positive}}", "values: {x: 10^400*pi}\n", "4:13: the value of x: `10^400*pi` is undefined"),
    ("f = x", "{x: {shape: [], assume: positive}}", "values: {x: log(2)/pi - sqrt(2)*e}\n", "4:13: the value of x has an entry that is not positive, although `assume` says so"),
    ("f = x", "{x: [2 - n]}", "sizes: {n: 3}\n", "3:13: x is [-n + 2]: at the sizes given it has no entry"),
    ("f = x", "{x: [3 - 3]}", "", "3:13: x: every axis needs at least one entry"),
    ("f = sum(zeros(0)) + x", "", "", "2:17: every axis needs at least one entry"),
    ("f = x[::-1]", X, "", "2:9: a step is a positive number"),
    ("f = x[1/0]", X, "", "2:9: division by zero"),
    ("f = sum(x, axis=1/0)", X, "", "2:19: division by zero"),
    ("f = sum(x, axis=y)", X, "", "2:19: an axis is a whole number, not `y`"),
    ("f = x[0:k]", X, "", "2:11: `k` is not a size"),
    ("f = x[0:nn]", X, "", "2:11: `nn` is not a size"),
    ("f = x[0:n/3]", X, "", "2:11: `n/3` is not a size"),
    ("f = vec(x)", "{x: [2, 3, 4]}", "", "2:7: `vec(x)`: x is 2×3×4: vec takes a matrix"),
    ("f = concat(x, y, axis=3)", "{x: [2], y: [2]}", "", "2:7: `concat(x, y, axis=3)`: x is [2], y is [2]: there is no axis 3 in arrays of 1 axes"),
    ("f = softmax(A, axis=(0, 1))", A, "", "2:7: softmax takes one axis"),
    ("f = norm(x, y)", "{x: [n], y: []}", "", "2:15: norm takes one array, not 2"),
    ("f = var(x, 2*y)", "{x: [n], y: []}", "", "2:14: var takes one array, not 2"),
    ("f = logsumexp(x, y)", "{x: [n], y: []}", "", "2:20: `y` is not an index"),
    ("f = sum(x, y > 1)", "{x: [n], y: []}", "", "2:14: `y > 1` is not an index"),
    ("f = max(x, y > 1)", "{x: [n], y: []}", "", "2:14: comparisons are only allowed inside where(…) and conditions"),
    ("f = max(x, y, axis=0)", "{x: [n], y: [n]}", "", "2:7: max of several arguments is elementwise and has no `axis`"),
    ("f = sum(x[j], j, (j > 1)*y)", "{x: [n], y: []}", INDEX, "2:21: a comparison is not a number"),
    ("f = sum(x[j], j, j)", X, INDEX, "2:7: an index is given twice"),
    ("f = logsumexp(x, j)", X, "", "2:7: the range of the index j is unknown"),
    ("f = sum(A[j][j], j)", "{A: [n, n]}", INDEX, "2:11: `A[j]` already depends on j"),
    ("f = sum(A[p, q])", "{A: [5, n], p: [4], q: [3]}", "", "2:11: `A[p, q]`: only one array of indices is supported"),
    ("f = sum(A[p, :, 0, q])", "{A: [2, n, 3, 4], p: [4], q: []}", "", "2:11: `A[p, :, 0, q]`: a slice between indices is not supported"),
    ("f = var(x)", "{x: []}", "", "2:7: x is a scalar, so it has no variance"),
    ("f = matrix_power(x, 2)", X, "", "2:7: `matrix_power(x, 2)`: x is [n]: matrix_power takes a square matrix"),
    ("f = stack(x + y)", "{x: {shape: [], each: i}, y: []}", EACH, "2:7: only a named quantity can be stacked over the examples"),
    ("g(t) = 2^t; f = x + g(10^9)", "", "", "2:10: this number is too large to compute"),
    ("g(t) = t; f = g + x", "", "", "3:7: `g` is a function"),
    ("g(t) = t*f; f = g(x)", "", "", "3:7: `f` is used in its own definition"),
    ("g(t) = t*q; q = f; f = g(x)", "", "", "4:7: circular definitions: q needs f, f needs q"),
    ("x = sum(X)", "{x: {shape: [], each: i}}", EACH, "2:7: `x` is used in its own definition"),
    ("J = w*y", "{w: [], x: {shape: [], each: i}}", EACH + "questions: [dJ/dW]\n", "5:13: there is no quantity `W`"),
    ("; ".join(["g0(t) = t", *(f"g{n + 1}(t) = {'sin(' * 55}g{n}(t){')' * 55}" for n in range(3)), "f = g3(x)"]), "", "", "5:11: functions and parentheses are nested too deep"),
    ("f = tr(A)", "{A: {shape: [n, m], assume: symmetric}}", "", "3:13: A is n×m: only a square matrix can be symmetric"),
    ("f = A @ x", "{A: [n, m], x: [m]}", "sizes: {m: 4}\nvalues: {A: [[1, 2, 3], [3, 4, 5]]}\n", "5:10: m is 4 by `sizes` and 3 by the value of A"),
    ("f = A @ x", "{A: [n, n], x: [n]}", "values: {A: [[1, 2, 3], [3, 4, 5]]}\n", "4:10: n is 2 by the value of A and 3 by the value of A"),
    ("f = sin(x)", "{x: [2*n]}", "values: {x: [1, 2, 3]}\n", "4:10: 2*n cannot be 3, as in the value of x"),
    ("f = sin(x)", "{x: [n]}", "values: {x: 3}\n", "4:13: the value of x is a number, not an array of shape [n]"),
    ("f = sin(x)", "{x: [2]}", "values: {x: [1, 2, 3]}\n", "4:10: the value of x has shape [3], not [2]"),
    ("f = m * x", "{x: [m], m: []}", "", "3:21: `m` is used both as a size and as a variable"),
    ("f = W @ x", "{W: [a, b], x: [b]}", "upstream: {dL/df: [[1, 2, 3]]}\n", "the upstream gradient at f is an array of shape 1×3, not an array of shape [a]"),
    ("q = x + y; f = q*z", "", "questions: [dx/df]\n", "4:13: the wrong way round: f is computed from x"),
    ("f = p[y]", "{p: [3]}", "questions: [df/dy]\n", "4:13: y is an integer index, so it has no gradient"),
    ("c = x - 1/m*sum(x, i)", "{x: {shape: [], each: i}}", EACH + "questions: [dc/dx]\n", "c of one example depends on x of the other examples, so there is no derivative per example"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "variables", "more", "message"), ERRORS)
def test_mistakes_are_said_at_their_place(
    expression: str, variables: str, more: str, message: str
) -> None:
    with pytest.raises(GradcalcError) as caught:
        graph(expression, variables, more)
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert message in (
        problem.message,
        f"{problem.place.line}:{problem.place.column}: {problem.message}",
    )


@pytest.mark.parametrize(
    ("expression", "more", "message"),
    [
        ("f = x*sum(zeros(n - 3))", "sizes: {n: 3}\n", "zeros(n - 3) is [n - 3]: at the sizes given it has no entry"),
        ("f = x[n - 5:]", "variables: {x: [n]}\nsizes: {n: 3}\n", "x[n - 5:] reaches beyond the axis of n at the sizes given"),
        ("f = x[:k]", "variables: {x: [n]}\nsizes: {n: 3, k: 5}\n", "x[:k] reaches beyond the axis of n at the sizes given"),
        ("f = x[3]", "variables: {x: [n]}\nvalues: {x: [1, 2, 3]}\n", "x[3] reaches beyond the axis of n at the sizes given"),
        ("f = sum(x[k:])", "variables: {x: [n]}\nsizes: {n: 3, k: 3}\n", "x[k:] is [n - k]: at the sizes given it has no entry"),
        ("j(t) = t; f = j(x)", "indices: {j: 2}\n", "`j` is used both as an index and as a function"),
    ],
)  # fmt: skip
def test_mistakes_without_a_place(expression: str, more: str, message: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        graph(expression, more=more)
    (problem,) = caught.value.problems
    assert (problem.place, problem.message) == (None, message)


def test_several_mistakes_come_at_once() -> None:
    with pytest.raises(GradcalcError) as caught:
        graph("a = x[5]; b = a + 1; c = x @ w; d = det(w)", "{x: [3], w: [n]}")
    assert [problem.message for problem in caught.value.problems] == [
        "there is no entry 5 on an axis of 3", "`x @ w`: x is [3], w is [n]: 3 ≠ n", "`det(w)`: w is [n]: det takes a square matrix",
    ]  # fmt: skip


def test_warnings_name_what_was_probably_meant() -> None:
    found = graph("f = sum(A^2) + x @ x.T", "{A: [n, n], x: [n], unused: []}")
    assert [(warning.message, warning.hint) for warning in found.warnings] == [
        (
            "`A^2` raises every entry of A to that power",
            "write A @ A, or matrix_power(A, k), for the matrix power",
        ),
        (
            "`x @ x.T` is a scalar, because .T does nothing to a vector with one axis",
            "write outer(x, x) for the matrix",
        ),
        ("unused is not used in the expression, so its gradient is 0", None),
    ]


# ---- size


@pytest.mark.slow
def test_five_thousand_lines_in_any_order() -> None:
    lines = ";".join(f"x{n + 1} = x{n}*w + sin(x{n})" for n in reversed(range(4900)))
    found = graph(lines)
    assert found.outputs == ("x4900",)
    assert len(found.nodes) == 3 * 4900 + 2
    assert len(default_questions(found)) == 3 * 4900


def test_functions_that_double_their_argument_stay_small() -> None:
    lines = "; ".join(
        ["f0(t) = t + t", *(f"f{n + 1}(t) = f{n}(t) + f{n}(t*t)" for n in range(25)), "y = f25(x)"]
    )
    assert len(graph(lines).nodes) < 500


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_exercise_becomes_a_graph(path: Path) -> None:
    found = build(load_exercise(str(path)))
    assert set(found.names) == {*found.inputs, *found.quantities}
    assert all(found.reasons[name] for name in found.names)
    for node in found.nodes:
        assert all(isinstance(size, Size) for size in node.shape)
        assert node.op != "const" or isinstance(node.attrs["value"], Fraction | str)
