"""Exported code: what it reads like, what it computes, and what cannot get into it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcalc.app import cli
from gradcalc.codegen.backward_code import staged
from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.graph.build import build
from gradcalc.graph.stable import stable
from gradcalc.language.errors import GradcalcError
from gradcalc.ops import TABLE
from helpers.exported_code import agrees, body, exported, imported, written
from helpers.paths import EXERCISES

# Written with signs, taken apart, or without code: every other operation is exported by its entry.
NO_EXAMPLE = frozenset(("toaxis", "apply"))
SHAPES = {"A": [2, 3], "B": [3, 2], "M": [3, 3], "u": [3], "v": [3], "x": [3], "y": [3]}


# ---- what it reads like


def test_the_network_of_exercise_3_reads_as_one_writes_it() -> None:
    lines = body(written(load_exercise(str(EXERCISES / "ex3.yaml"))))
    for line in (
        "z1 = W1 @ x + b1", "a1 = np.maximum(z1, 0.0)", "z2 = W2 @ a1 + b2", "yhat = sigmoid(z2)",
        "J = -1 / m * np.sum(L, axis=1, keepdims=True)",
        "dloss_dz2 = dloss_dL * (y - yhat)", "dloss_dz1 = dloss_da1 * (z1 > 0)",
        "dloss_dW2 = dloss_dz2 @ a1.T", "dloss_dW1 = dloss_dz1 @ x.T", "dloss_dx = W1.T @ dloss_dz1",
        "dloss_db1 = np.sum(dloss_dz1, axis=1, keepdims=True)",
    ):  # fmt: skip
        assert line in lines, line


def test_each_line_has_its_formula_and_shape() -> None:
    text = written(load_exercise(str(EXERCISES / "ex3.yaml")))
    assert "    z1 = W1 @ x + b1  # z₁ = W₁ x + b₁: D_a₁×m\n" in text
    assert "    dloss_dW1 = dloss_dz1 @ x.T  # ∂loss/∂W₁ = Σᵢ (∂loss/∂z₁) xᵀ: D_a₁×D_x\n" in text


def test_gradients_do_not_compute_the_loss() -> None:
    text = written(load_exercise(str(EXERCISES / "ex3.yaml")))
    shared, rest = text.split("    if not backward:\n")
    assert "    yhat = sigmoid(z2)" in shared
    assert "        J = -1 / m * np.sum(L, axis=1, keepdims=True)" in rest
    assert "    J = " not in shared


def test_every_gradient_stands_once_in_reverse_order() -> None:
    graph = build(exercise_from({"expression": "q = x + y\nr = q^2\nf = r*q"}))
    assert [stage.name for stage in staged(graph).stages] == ["f", "r", "q", "y", "x"]


def test_a_step_used_twice_has_a_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {
        "expression": "f = sum(tanh(A @ x)) * sum(exp(tanh(A @ x)))",
        "variables": {"A": ["n", "m"], "x": ["m"]},
    }
    text = written(exercise_from(content))
    assert "\n".join(body(text)).count("np.tanh(") == 1
    agrees(imported(text, tmp_path), capsys)


# ---- what it computes


@pytest.mark.parametrize(
    "op", [op for op in TABLE.values() if op.name not in NO_EXAMPLE], ids=lambda op: op.name
)
def test_every_operation_is_exported(
    op: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of each entry of the table becomes code whose gradients agree with finite differences."""
    names = set(re.findall(r"\b[ABMuvxy]\b", op.example))
    variables = {name: SHAPES[name] for name in sorted(names)} or {"x": [3]}
    head = op.example if names else f"{op.example} + 0 * x[0]"
    module = exported({"expression": f"f = sum(({head})^2) / 2", "variables": variables}, tmp_path)
    if op.name == "stop_gradient":
        assert not module.gradients(**module.VALUES)["x"].any()
    else:
        agrees(module, capsys)


J3, K3 = {"indices": {"j": 3}}, {"indices": {"j": 3, "k": 3}}
EACH = {
    "examples": {"i": 4},
    "indices": {"k": 2},
    "variables": {"z": {"each": "i", "shape": [2, 2]}, "w": [2], "s": []},
}
MORE = {
    "T": [2, 3, 4],
    "Q": [2, 2, 2, 3],
    "c": [3, 1],
    "r": [1, 3],
    "o": [1, 1],
    "p": [1],
    "s": [],
    "k": [4],
}


@pytest.mark.parametrize(
    ("expression", "content"),
    [
        ("f = sum(norm(Q, axis=(0, 1, 2)))", {}), ("f = prod(M)*s + sum(prod(T, axis=(0, 2)))", {}), ("f = norm(o)*s + norm(p) + norm(s)", {}),
        ("f = sum(softmax(c, axis=1)) + sum(log_softmax(p)) + tr(o)*s + sum(diag(o)) + sum(diag(p))", {}),
        ("f = sum(x[::2]^2) + sum(M[::2, 1:] @ M[1:, ::2])", {}), ("f = tr(T[0, :, :3].T @ M) + tr(diag(x))", {}), ("f = sum((M.T @ x.T).T)", {}),
        ("f = prod(s, j)*s + sum(prod(M*s, j))", J3), ("f = sum(s*x, j) @ y", J3), ("f = sum(M[j, :]*x[j], j) @ y", J3),
        ("P[j, k] = x[j]*y[k]; f = sum(P @ M)", K3), ("q[j] = sum(M[j, k]*x[k], k) + o[0, 0]; f = sum(q^2)", K3),
        ("f = sum(ones(3)[k]*x[0]) + sum(eye(3)[k] @ x)", {"values": {"k": [0, 2, 1, 1]}}),
        ("f = sum(T.T * T.T) + sum(M[0]) * sum(M[:, 0]) + sum(ones(2, 3) @ ones(3))*s", {}),
        ("J = sum(kron(z, z), i); f = sum(J)", EACH), ("J = sum(vec(z), i); f = sum(J^2)", EACH), ("J = sum(prod(z) + tr(z), i)", EACH),
        ("J = sum(sum(norm(z, axis=0)) + norm(w), i)", EACH), ("p[k] = s*w[k]; J = sum(sum(z @ p), i)", EACH),
    ],
)  # fmt: skip
def test_shapes_that_are_rare_are_exported_too(
    expression: str, content: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = {**SHAPES, **MORE}
    used = (
        set(re.findall(r"[A-Za-z]\w*", expression))
        & shapes.keys() - content.get("indices", {}).keys()
    )
    variables = content.get("variables", {name: shapes[name] for name in sorted(used)})
    agrees(
        exported(
            {**content, "expression": expression.split("; "), "variables": variables}, tmp_path
        ),
        capsys,
    )


def test_a_product_with_a_factor_of_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Along any axis nothing is divided by an entry."""
    lines = [
        "f = prod(x) + prod(A)",
        "g = prod(A, axis=0)",
        "h = prod(w[j] + x[j], j)",
        "J = f + sum(g*w) + h",
    ]
    content = {
        "expression": lines, "variables": {"x": [3], "A": [2, 3], "w": [3]}, "indices": {"j": 3},
        "values": {"x": [2, 0, 3], "A": [[1, 0, 2], [3, 4, 5]], "w": [1, 0, 2]},
    }  # fmt: skip
    agrees(exported(content, tmp_path), capsys)


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_gradient_that_is_no_number_does_not_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported({"expression": "f = x^y", "values": {"x": 0, "y": 2}}, tmp_path)._compare()
    x, y = capsys.readouterr().out.splitlines()
    assert x.startswith("x: agrees")
    assert y == "y: DIFFERS from finite differences, by at most nan"


@pytest.mark.parametrize(
    "name",
    ["ex1", "ex2-gates", "ex3", "attention", "batch-normalisation", "layer-normalisation", "embedding-lookup", "lstm-cell",
     "convolution-slices", "gaussian-likelihood", "softmax-regression", "max-tie", "relu-kink", "normalise-vector"],
)  # fmt: skip
def test_shipped_exercises_check_themselves(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = EXERCISES / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"no exercise {name}")
    agrees(imported(written(load_exercise(str(path))), tmp_path), capsys)


CASES: dict[str, dict[str, Any]] = {
    "vectors per example": {
        "expression": "s = W @ x + b\np = softmax(s)\nl = -log(p[y])\nJ = sum(l, i)/m", "examples": {"i": "m"},
        "variables": {"x": {"shape": ["d"], "each": "i"}, "y": {"shape": [], "each": "i"}, "W": ["k", "d"], "b": ["k"]},
    },
    "one matrix per example": {
        "expression": "q = x.T @ S @ x\nd = logdet(S)\nJ = sum(q + d, i)", "examples": {"i": "m"},
        "variables": {"x": {"shape": ["n", 1], "each": "i"}, "S": {"shape": ["n", "n"], "each": "i", "assume": "positive"}},
    },
    "entry by entry": {
        "expression": "p[k] = exp(s[k]) / sum(exp(s[l]), l)\nf = sum(a[k]*p[k]*k, k)", "indices": {"k": "n", "l": "n"},
        "variables": {"s": ["n"], "a": ["n"]},
    },
    "pairs with a condition": {"expression": "f = sum(x[j]*x[k]^2, j, k, j != k)", "indices": {"j": "n", "k": "n"}, "variables": {"x": ["n"]}},
    "slices": {"expression": "d = x[1:] - x[:-1]\nf = sum(d^2) + x[0]*x[2]", "variables": {"x": ["n"]}, "sizes": {"n": 5}},
    "pieces": {"expression": "h = concat(u, v, [a, 1])\nf = sum(h^3)", "variables": {"u": ["n"], "v": ["m"], "a": []}},
    "broadcasting": {
        "expression": "mu = mean(X, axis=0)\ns = var(X, axis=0)\nZ = (X - mu)/sqrt(s + 1)\nf = sum(G*Z)",
        "variables": {"X": ["m", "n"], "G": ["m", "n"], "mu": ["n"], "s": ["n"]},
    },
    "three axes": {"expression": "C = A @ B\nf = sum(C^2)", "variables": {"A": ["b", "n", "k"], "B": ["b", "k", "m"]}},
    "an array as output": {"expression": "Z = tanh(X @ W)", "variables": {"X": ["n", "d"], "W": ["d", "k"]}},
    "upstream inside": {
        "expression": "q = x*y\nf = q^2", "variables": {"x": ["n"], "y": ["n"]}, "sizes": {"n": 3},
        "upstream": {"dL/df": "G", "dL/dq": [1, 2, 3]},
    },
    "kron and vec": {"expression": "f = sum(vec(kron(A, B))^2)", "variables": {"A": ["n", "m"], "B": ["p", "q"]}},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_arrays_of_every_kind(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agrees(
        exported({**CASES[name], "seed": 1} if "sizes" in CASES[name] else CASES[name], tmp_path),
        capsys,
    )


def test_gradients_have_the_shape_of_their_input(tmp_path: Path) -> None:
    module = exported(CASES["vectors per example"], tmp_path)
    rng = np.random.default_rng(0)
    given = {
        "x": rng.normal(size=(3, 4)),
        "W": rng.normal(size=(2, 3)),
        "b": rng.normal(size=2),
        "y": [0.0, 1.0, 1.0, 0.0],
    }
    found = module.gradients(**given)
    assert {name: value.shape for name, value in found.items()} == {
        "x": (3, 4),
        "W": (2, 3),
        "b": (2,),
    }
    assert module.forward(**given)["l"].shape == (4,)


def test_a_gradient_that_is_the_same_everywhere_may_be_written_to(tmp_path: Path) -> None:
    found = exported({"expression": "f = sum(x)", "variables": {"x": ["n"]}}, tmp_path).gradients(
        x=[1.0, 2.0]
    )["x"]
    found[0] = 5.0
    assert found.tolist() == [5.0, 1.0]


def test_an_input_nothing_depends_on_has_gradient_0(tmp_path: Path) -> None:
    module = exported({"expression": "f = x^2", "variables": {"x": [], "w": [2]}}, tmp_path)
    assert module.gradients(x=3, w=[1, 2])["w"].tolist() == [0.0, 0.0]


def test_constants_and_integers_have_no_gradient(tmp_path: Path) -> None:
    content = {
        "expression": "f = c*w[k]",
        "variables": {"w": [3], "k": [], "c": {"shape": [], "assume": "constant"}},
    }
    assert exported(content, tmp_path).gradients(w=[1, 2, 3], k=2.0, c=4)["w"].tolist() == [
        0.0,
        0.0,
        4.0,
    ]


def test_upstream_is_an_argument(tmp_path: Path) -> None:
    module = exported({"expression": "f = x^2", "upstream": 1}, tmp_path)
    assert module.gradients(x=3)["x"] == 6
    assert module.gradients(x=3, dL_df=10)["x"] == 60


def test_an_array_needs_its_upstream(tmp_path: Path) -> None:
    module = exported({"expression": "z = 2*x", "variables": {"x": ["n"]}}, tmp_path)
    assert module.gradients(x=[1, 2], dL_dz=[1, 3])["x"].tolist() == [2, 6]
    with pytest.raises(TypeError, match="missing argument dL_dz"):
        module.gradients(x=[1, 2])


def test_a_size_in_no_shape_is_an_argument(tmp_path: Path) -> None:
    module = exported(
        {"expression": "f = N*x", "variables": {"x": []}, "sizes": {"N": 3}}, tmp_path
    )
    assert module.forward(x=2, N=5)["f"] == 10


def test_a_size_is_read_from_a_sum(tmp_path: Path) -> None:
    module = exported(
        {"expression": "f = sum(x)/N", "variables": {"x": ["N - 1"]}, "sizes": {"N": 3}}, tmp_path
    )
    assert module.forward(x=[2.0, 2.0, 2.0])["f"] == 1.5


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    module = exported({"expression": "f = sum(x)", "variables": {"x": ["n"]}}, tmp_path)
    for given, message in (({}, "missing argument x"), ({"x": [1], "z": 2}, "unknown argument z")):
        with pytest.raises(TypeError, match=message):
            module.forward(**given)
    with pytest.raises(ValueError, match="x has 0 axes, not 1"):
        module.forward(x=1)


# ---- stability


def test_logarithms_of_probabilities_are_stable(tmp_path: Path) -> None:
    """log σ, log(1 − σ) and their gradients where σ is 0 or 1 to the last digit."""
    content = {"expression": "p = sigmoid(z)\nL = -y*log(p) - (1 - y)*log(1 - p)"}
    module = exported(content, tmp_path)
    for z, y, loss, slope in (
        (800.0, 0.0, 800.0, 1.0),
        (-800.0, 1.0, 800.0, -1.0),
        (800.0, 1.0, 0.0, 0.0),
    ):
        assert module.forward(z=z, y=y)["L"] == loss
        assert module.gradients(z=z, y=y)["z"] == slope


def test_softmax_and_cross_entropy_are_stable(tmp_path: Path) -> None:
    module = exported(
        {"expression": "p = softmax(s)\nL = -log(p[k])", "variables": {"s": ["n"], "k": []}},
        tmp_path,
    )
    given = {"s": [1000.0, 0.0, -1000.0], "k": 2}
    assert module.forward(**given)["L"] == 2000
    assert module.gradients(**given)["s"].tolist() == [1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("lines", "op"),
    [("s = exp(x)\nt = sum(s)\nf = log(t)", "logsumexp"), ("D = det(x)\nf = log(D)", "logdet"), ("e1 = exp(x)\nq = 1 + e1\nf = sum(log(q))", "softplus")],
)  # fmt: skip
def test_stable_looks_through_names(lines: str, op: str) -> None:
    shape = ["n", "n"] if op == "logdet" else ["n"]
    graph = stable(build(exercise_from({"expression": lines, "variables": {"x": shape}})))
    assert op in {node.op for node in graph.nodes}


def test_quantities_keep_their_values_when_the_graph_is_made_stable(tmp_path: Path) -> None:
    module = exported(
        {"expression": "D = det(A)\nf = log(D)", "variables": {"A": ["n", "n"]}}, tmp_path
    )
    found = module.forward(A=[[2.0, 0.0], [0.0, 3.0]])
    assert found["D"] == pytest.approx(6)
    assert found["f"] == pytest.approx(np.log(6))


# ---- names and text


def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Keywords, names of ours and of Python, and look-alikes that Python would take for one name."""
    content = {
        "expression": "import1 = lambda*np + class*inputs\nforward = ϕ*import1 + ﬁ*fi\nprint = forward*µ",
        "variables": ["lambda", "np", "class", "inputs", "ϕ", "ﬁ", "fi", "µ"],
    }  # fmt: skip
    module = exported(content, tmp_path)
    names = module.INPUTS
    found = module.gradients(**{name: n + 2.0 for n, name in enumerate(names)})
    value = {name: n + 2.0 for n, name in enumerate(names)}
    assert set(found) == set(names)
    assert found["lambda"] == value[names[4]] * value["np"] * value[names[7]]


EVIL = [
    'x\n"""\nraise SystemExit("injected")\n"""', "a\x0craise SystemExit(1)", "a\u2028raise SystemExit(1)", "# -*- coding: utf-7 -*-",
    "\\", '"""', "{0}{xp}", "a\r\nraise SystemExit(1)",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_text_cannot_get_into_the_code(text: str, tmp_path: Path) -> None:
    clean = ast.dump(ast.parse(written(exercise_from({"expression": "f = x^2"}))))
    exercise = exercise_from(
        {"expression": "f = x^2", "title": text, "source": text, "author": text}
    )
    found = written(exercise)
    assert ast.dump(ast.parse(found)) == clean
    assert imported(found, tmp_path).gradients(x=3.0)["x"] == 6.0
    assert "coding" not in "".join(found.splitlines()[:2])


def test_the_module_needs_numpy_alone() -> None:
    tree = ast.parse(written(load_exercise(str(EXERCISES / "ex3.yaml"))))
    assert [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ] == ["import numpy as np"]


def test_unknown_functions_have_no_code() -> None:
    with pytest.raises(GradcalcError, match="g is an unknown function: there is no code for it"):
        written(
            exercise_from({"expression": "f = g(x)", "variables": {"x": [], "g": {"function": 1}}})
        )


@pytest.mark.parametrize("to", ["numpy", "torch", "jax"])
def test_the_three_libraries_differ_in_spelling_alone(to: str) -> None:
    """Same names, same number of lines in both passes; all of it is Python."""
    exercise = load_exercise(str(EXERCISES / "ex3.yaml"))
    text, plain = written(exercise, to), written(exercise)
    ast.parse(text)
    left = [line.split(" = ")[0] for line in body(text)]
    assert left == [line.split(" = ")[0] for line in body(plain)]


# ---- the command


def test_export_writes_a_module_that_runs_alone(tmp_path: Path) -> None:
    path = tmp_path / "ex1.py"
    assert cli.run(["export", str(EXERCISES / "ex1.yaml"), "--to", "numpy", "-o", str(path)]) == 0
    done = subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        f"{name}: agrees with finite differences" for name in "xyz"
    ]
