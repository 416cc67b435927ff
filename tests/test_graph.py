"""From exercises to nodes: lowering, recognition, named indices, examples, questions; and every mistake."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest

from gradcalc.exercise.load import load_exercise, parse_exercise
from gradcalc.graph.build import Graph, build, default_questions, depends, operands, stack_shape
from gradcalc.language.errors import GradcalcError
from gradcalc.language.shape_rules import Size, show

SHIPPED = sorted(Path(__file__).parent.parent.joinpath("exercises").glob("*.yaml"))


def graph(expression: str, variables: str = "", more: str = "") -> Graph:
    """Lines of the expression are separated by `;`"""
    lines = "".join(f"  {line.strip()}\n" for line in expression.split(";"))
    return build(
        parse_exercise(
            f"expression: |\n{lines}" + (f"variables: {variables}\n" if variables else "") + more,
            "e.yaml",
        )
    )


def shown(found: Graph, number: int) -> str:
    """A node as operations in one another, down to names and numbers."""
    node = found.nodes[number]
    inner = [found.nodes[arg].name or shown(found, arg) for arg in node.args]
    if node.op == "input":
        return node.name or ""
    if node.op in ("const", "size"):
        return str(node.attrs["value"])
    said = [
        f"{key}={'/'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in node.attrs.items()
        if key not in ("shape", "items")
    ]
    for item in node.attrs.get("items", ()):
        said.append(f"{item[1]}:{item[2]}" if item[0] == "slice" else f"{item[0]} {item[1]}")
    return f"{node.op}({', '.join([*inner, *said])})"


def lowered(expression: str, variables: str = "", more: str = "") -> str:
    """The node of the last quantity."""
    found = graph(expression, variables, more)
    return shown(found, found.names[found.quantities[-1]])


# ---- lowering

X, C, A, V = "{x: [n]}", "{x: [n, 1]}", "{A: [n, n]}", "{x: [3]}"
AXES = "axis=0, keepdims=False"


@pytest.mark.parametrize(("expression", "variables", "nodes"), [
    ("f = -x + 2*y/3", "", "add(neg(x), div(mul(2, y), 3))"),
    ("f = x^(1/2)", "", "pow(x, 1/2)"),
    ("f = 2^3 * x - (1 - 3)", "", "sub(mul(8, x), -2)"),
    ("f = e^x + pi", "", "add(exp(x), pi)"),
    ("f = 1/m * x", "{x: [m]}", "mul(div(1, m), x)"),
    ("f = x", "", "copy(x)"),
    ("f = x @ A @ x", "{A: [n, n], x: [n]}", "matmul(matmul(x, A), x)"),
    ("f = A.T", A, "transpose(A)"),
    ("f = sin(x.T)", X, "sin(x)"),
    ("f = sum(x)", X, f"sum(x, {AXES})"),
    ("f = sum(A, axis=-1, keepdims=True)", A, "sum(A, axis=1, keepdims=True)"),
    ("f = mean(A)", A, "mean(A, axis=0/1, keepdims=False)"),
    ("f = max(x)", X, f"max(x, {AXES})"),
    ("f = max(x, 0, y)", "", "maximum(maximum(x, 0), y)"),
    ("f = var(x)", X, f"div(sum(pow(sub(x, mean(x, axis=0, keepdims=True)), 2), {AXES}), n)"),
    ("f = var(x, ddof=1)", V, f"div(sum(pow(sub(x, mean(x, axis=0, keepdims=True)), 2), {AXES}), 2)"),
    ("f = norm(x)", X, f"norm(x, {AXES})"),
    ("f = norm(x, ord=1)", X, f"sum(abs(x), {AXES})"),
    ("f = norm(x, ord=inf)", X, f"max(abs(x), {AXES})"),
    ("f = norm(x, 3)", X, f"pow(sum(pow(abs(x), 3), {AXES}), 1/3)"),
    ("f = norm(x)", "{x: []}", "abs(x)"),
    ("f = dot(x, x)", X, "matmul(x, x)"),
    ("f = dot(x, x)", C, "sum(mul(x, x), axis=0/1, keepdims=False)"),
    ("f = matrix_power(A, 3)", A, "matmul(matmul(A, A), A)"),
    ("f = matrix_power(A, -2)", A, "matmul(inv(A), inv(A))"),
    ("f = matrix_power(A, 0) + A", A, "add(eye(), A)"),
    ("f = softmax(x)", C, "softmax(x, axis=0)"),
    ("f = softmax(A)", A, "softmax(A, axis=1)"),
    ("f = logsumexp(A, axis=0)", A, f"logsumexp(A, {AXES})"),
    ("f = leaky_relu(x)", "", "leaky_relu(x, 1/100)"),
    ("f = elu(x)", "", "elu(x, 1)"),
    ("f = concat(1, x)", X, "concat(1, x, axis=0)"),
    ("f = [x, 2]", "", "stack(x, 2)"),
    ("f = where(x > 0, x, 0)", "", "where(gt(x, 0), x, 0)"),
    ("f = where(x, y, 0)", "", "where(ne(x, 0), y, 0)"),
    ("f = g''(x)", "{x: [n], g: {function: 1}}", "apply(x, function=g, order=2)"),
    ("g(s, t) = s*t + s; f = g(x, g(x, 2))", "", "add(mul(x, add(mul(x, 2), x)), x)"),
    ("f = x[0]", X, "getitem(x, at 0)"),
    ("f = x[-1]", X, "getitem(x, at n - 1)"),
    ("f = x[1:]", X, "getitem(x, 1:n)"),
    ("f = x[:-1]", X, "getitem(x, 0:n - 1)"),
    ("f = A[1]", A, "getitem(A, at 1, 0:n)"),
    ("f = exp(x[:])", X, "exp(x)"),
    ("f = x[y]", X, "getitem(x, y, gather 1)"),
    ("f = A[y, :]", A, "getitem(A, y, gather 1, 0:n)"),
])  # fmt: skip
def test_expressions_become_elementary_nodes(expression: str, variables: str, nodes: str) -> None:
    assert lowered(expression, variables) == nodes


INDEX = "indices: {j: n, k: n}\n"


@pytest.mark.parametrize(("expression", "variables", "nodes"), [
    ("f = sum(x[j]^2, j)", X, "sum(pow(getitem(x, index j), 2), index=j)"),
    ("f = sum(A[j, k], k, j)", A, "sum(getitem(A, index j, index k), index=j/k)"),
    ("f = sum(x[j], j, j != k0)", X, "sum(where(ne(index(name=j), k0), getitem(x, index j), 0), index=j)"),
    ("f = prod(x[j], j, j < 2)", X, "prod(where(lt(index(name=j), 2), getitem(x, index j), 1), index=j)"),
    ("f = prod(x[j]*c, j, k)", X, "prod(pow(mul(getitem(x, index j), c), n), index=j)"),  # equal factors
    ("f = prod(c, j)", "", "pow(c, n)"),
    ("f = mean(j * x[j], j)", X, "mean(mul(index(name=j), getitem(x, index j)), index=j)"),
    ("f = max(x[j], j)", X, "max(getitem(x, index j), index=j)"),
    ("f = sum(3, j)", "", "sum(3, index=j)"),
    ("p[k] = x[k]^2", X, "toaxis(pow(getitem(x, index k), 2), indices=k)"),
    ("M[k, j] = x[k]*x[j]", X, "toaxis(mul(getitem(x, index k), getitem(x, index j)), indices=k/j)"),
    ("f = logsumexp(A[0, j], j)", A, "log(sum(exp(getitem(A, at 0, index j)), index=j))"),  # no vector of its own
])  # fmt: skip
def test_named_indices(expression: str, variables: str, nodes: str) -> None:
    assert lowered(expression, variables, INDEX) == nodes


def test_indices_come_in_declared_order_the_examples_last() -> None:
    found = graph(
        "p[k] = w[k] * x; s = sum(w[k] * x * v[j], k, j); J = sum(s + sum(p), i)",
        "{w: [n], v: [d], x: {shape: [], each: i}}",
        "examples: {i: m}\nindices: {j: d, k: n}\n",
    )
    assert found.node("p").over == ("i",)
    assert found.node("s").over == ("i",)
    assert found.node("J").over == ()
    assert {node.over for node in found.nodes} >= {("j",), ("j", "k", "i"), ("k", "i")}
    assert list(found.indices) == ["j", "k", "i"]
    assert found.examples == ("i",)


def test_equal_pieces_are_one_node_but_names_stay_apart() -> None:
    found = graph("q = x + y; f = (x + y) * sin(x + y); p = sin(x + y)")
    assert shown(found, found.names["f"]) == "mul(add(x, y), sin(add(x, y)))"
    assert sum(node.op == "add" for node in found.nodes) == 2  # q, and the unnamed one
    assert not depends(found, "f", "q")
    assert not depends(found, "p", "f")


def test_nodes_keep_the_authors_piece() -> None:
    found = graph("f = 1/(1 + exp(-z)) + cos(z*w)")
    pieces = {node.op: node.expr for node in found.nodes}
    source = found.exercise.definitions[0].source.value
    assert source[slice(*pieces["cos"].span)] == "cos(z*w)"  # type: ignore[union-attr]
    assert source[slice(*pieces["sigmoid"].span)] == "1/(1 + exp(-z))"  # type: ignore[union-attr]


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


# ---- recognition


@pytest.mark.parametrize(("expression", "nodes"), [
    ("f = 1/(1 + exp(-z))", "sigmoid(z)"),
    ("f = 1/(exp(-z) + 1)", "sigmoid(z)"),
    ("f = 1/(1 + e^(-(w*x + b)))", "sigmoid(add(mul(w, x), b))"),
    ("f = 1/(1 + exp(-w*x))", "sigmoid(mul(w, x))"),
    ("f = 1/(1 + exp(-2*x))", "sigmoid(mul(2, x))"),
    ("f = 1/(1 + exp(z))", "sigmoid(neg(z))"),
    ("f = (1 + exp(-z))^-1", "sigmoid(z)"),
    ("f = exp(z)/(1 + exp(z))", "sigmoid(z)"),
    ("g(t) = 1/(1 + exp(-t)); f = g(g(z))", "sigmoid(sigmoid(z))"),
    ("f = (exp(z) - exp(-z))/(exp(z) + exp(-z))", "tanh(z)"),
    ("f = (exp(z) - exp(-z))/(exp(-z) + exp(z))", "tanh(z)"),
    ("f = (exp(-z) - exp(z))/(exp(z) + exp(-z))", "tanh(neg(z))"),
    ("f = (exp(2*z) - 1)/(exp(2*z) + 1)", "tanh(z)"),
    ("f = (1 - exp(-2*z))/(1 + exp(-2*z))", "tanh(z)"),
    ("f = 2*sigmoid(2*z) - 1", "tanh(z)"),
    ("f = 2/(1 + exp(-2*z)) - 1", "sub(div(2, add(1, exp(neg(mul(2, z))))), 1)"),
    ("f = log(1 + exp(z))", "softplus(z)"),
    ("f = log(exp(-z) + 1)", "softplus(neg(z))"),
    ("f = log(det(S))", "logdet(S)"),
    ("f = exp(s)/sum(exp(s))", "softmax(s, axis=0)"),
    ("f = exp(c)/sum(exp(c), axis=0, keepdims=True)", "softmax(c, axis=0)"),
    ("f = exp(c)/sum(exp(c))", "softmax(c, axis=0)"),
    ("f = exp(M)/sum(exp(M), axis=1, keepdims=True)", "softmax(M, axis=1)"),
    ("f = exp(M)/sum(exp(M))", "div(exp(M), sum(exp(M), axis=0/1, keepdims=False))"),
    ("f = log(sum(exp(s)))", "logsumexp(s, axis=0, keepdims=False)"),
    ("f = log(softmax(s))", "log_softmax(s, axis=0)"),
    ("f[k] = exp(s[k])/sum(exp(s[j]), j)", "softmax(s, axis=0)"),
    ("f = log(sum(exp(s[j]), j))", "logsumexp(s, axis=0, keepdims=False)"),
    ("E = exp(-z); f = 1/(1 + E)", "div(1, add(1, E))"),  # what has a name stays a gate
    ("d = det(S); f = log(d)", "log(d)"),
    ("f = 1/(2 + exp(-z))", "div(1, add(2, exp(neg(z))))"),
    ("f = exp(z)/(1 + exp(-z))", "div(exp(z), add(1, exp(neg(z))))"),
])  # fmt: skip
def test_functions_written_out_are_recognised(expression: str, nodes: str) -> None:
    variables = "{s: [n], c: [3, 1], M: [a, b], S: [n, n], z: [], w: [], x: [], b0: []}"
    assert lowered(expression, variables, INDEX) == nodes


def number(found: Graph, at: int, inputs: dict[str, float]) -> float:
    """The value of a scalar node of the kinds that recognition makes."""
    node = found.nodes[at]
    args = [number(found, arg, inputs) for arg in node.args]
    unary = {
        "sigmoid": lambda t: 1 / (1 + math.exp(-t)), "tanh": math.tanh, "softplus": lambda t: math.log1p(math.exp(t)), "neg": lambda t: -t,
        "exp": math.exp, "log": math.log,
    }  # fmt: skip
    if node.op == "input":
        return inputs[node.name or ""]
    if node.op == "const":
        return float(node.attrs["value"])
    if node.op in unary:
        return unary[node.op](args[0])
    return {
        "mul": args[0] * args[-1],
        "div": args[0] / args[-1],
        "add": args[0] + args[-1],
        "sub": args[0] - args[-1],
    }[node.op]


@pytest.mark.parametrize(("expression", "value"), [
    ("1/(1 + exp(3*z - w))", lambda z, w: 1 / (1 + math.exp(3 * z - w))),
    ("1/(1 + exp(-(z - w)/2))", lambda z, w: 1 / (1 + math.exp(-(z - w) / 2))),
    ("1/(1 + exp(z*(-w)))", lambda z, w: 1 / (1 + math.exp(-z * w))),
    ("(exp(z) - 1)/(exp(z) + 1)", lambda z, w: (math.exp(z) - 1) / (math.exp(z) + 1)),
    ("(1 - exp(z*w))/(1 + exp(z*w))", lambda z, w: (1 - math.exp(z * w)) / (1 + math.exp(z * w))),
    ("(exp(-z*w) - exp(z*w))/(exp(z*w) + exp(-z*w))", lambda z, w: -math.tanh(z * w)),
    ("2*sigmoid(z + z) - 1", lambda z, w: math.tanh(z)),
    ("2*sigmoid(4*z) - 1", lambda z, w: math.tanh(2 * z)),
    ("2*sigmoid(z) - 1", lambda z, w: math.tanh(z / 2)),
    ("log(1 + exp(-w*z))", lambda z, w: math.log(1 + math.exp(-w * z))),
])  # fmt: skip
def test_recognition_is_exact(expression: str, value: object) -> None:
    found = graph(f"f = {expression}")
    assert found.node("f").op in ("sigmoid", "tanh", "softplus")
    for z, w in ((0.3, 1.7), (-1.2, 0.4), (2.5, -0.6)):
        assert number(found, found.names["f"], {"z": z, "w": w}) == pytest.approx(
            value(z, w), rel=1e-12
        )  # type: ignore[operator]


# ---- examples and stacks

EACH = "examples: {i: m}\n"


def test_stacks_are_named_in_upper_case_where_that_is_new() -> None:
    found = graph(
        "yhat = w.T @ x; H = yhat + 1; h = yhat", "{x: {shape: [d], each: i}, w: [d], X2: []}", EACH
    )
    assert found.stacks == {"X": "x", "Yhat": "yhat"}  # H is taken
    assert show(stack_shape(found, "Yhat")) == "[m]"
    assert show(stack_shape(found, "w")) == "[d]"


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
    ("f = x[j + 1]", X, INDEX, "2:9: `j + 1` cannot be an index"),
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
        ("f = sum(x[k:])", "variables: {x: [n]}\nsizes: {n: 3, k: 3}\n", "x[k:] is [-k + n]: at the sizes given it has no entry"),
        ("j(t) = t; f = j(x)", "indices: {j: 2}\n", "`j` is used both as an index and as a function"),
    ],
)  # fmt: skip
def test_mistakes_without_a_place(expression: str, more: str, message: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        graph(expression, more=more)
    (problem,) = caught.value.problems
    assert (problem.place, problem.message) == (None, message)


@pytest.mark.parametrize(("shape", "size"), [("n*n", "n*n"), ("n*k", "k*n")])
def test_a_value_fixes_no_size_that_it_does_not_determine(shape: str, size: str) -> None:
    found = graph("f = sum(x)", f"{{x: [{shape}]}}", "values: {x: [1, 2, 3, 4]}\n")
    assert (show(found.node("x").shape), dict(found.sizes)) == (f"[{size}]", {})


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


# ---- questions


def test_default_questions_are_local_then_total_in_the_order_of_the_graph() -> None:
    found = graph("q = x + y; f = q*z")
    assert [question.text for question in default_questions(found)] == [
        "dq/dx",
        "dq/dy",
        "df/dq",
        "df/dz",
        "df/dx",
        "df/dy",
    ]
    assert {question.kind for question in default_questions(found)} == {"derivative"}


def test_a_local_derivative_that_is_not_the_total_one_is_asked_as_local() -> None:
    found = graph("q = x^2; f = q*x", "", "")
    assert [question.text for question in default_questions(found)] == [
        "dq/dx",
        "df/dq",
        "local df/dx",
        "df/dx",
    ]


def test_default_questions_leave_out_what_has_no_gradient() -> None:
    found = graph("f = w[y] * c", "{w: [n], c: {assume: constant}}")
    assert [question.text for question in default_questions(found)] == ["df/dw"]


def test_what_depends_on_what() -> None:
    found = graph("q = x + y; r = sin(q)*z; f = r + q")
    assert depends(found, "f", "x")
    assert not depends(found, "q", "z")
    assert operands(found, "r") == ("q", "z")
    assert operands(found, "f") == ("r", "q")


# ---- size


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


def test_default_questions_leave_out_derivatives_between_examples() -> None:
    found = graph(
        "mu = 1/m * sum(x, i); c = x - mu; J = sum(c^2, i)", "{x: {shape: [], each: i}}", EACH
    )
    assert [question.text for question in default_questions(found)] == [
        "dmu/dx",
        "local dc/dx",
        "dc/dmu",
        "dJ/dc",
        "dJ/dmu",
        "dJ/dx",
    ]
