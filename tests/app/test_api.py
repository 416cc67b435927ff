"""gradcalc from Python: solve, explain, diff, and how results show themselves."""

from __future__ import annotations

import doctest
import json
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gradcalc
from gradcalc.language.errors import GradcalcError
from helpers.paths import EX1, EXERCISES
from helpers.program import python

CONTENT: dict[str, Any] = {
    "expression": "q = x + y\nf = q*z",
    "values": {"x": -2, "y": 5, "z": -4},
    "questions": ["df/dx"],
}


# ---- solve


@pytest.mark.parametrize(
    "source",
    [Path(EX1), EX1, CONTENT, gradcalc.exercise_from(CONTENT)],
    ids=lambda s: type(s).__name__,
)
def test_an_exercise_is_a_path_a_mapping_or_an_exercise(source: Any) -> None:
    result = gradcalc.solve(source)
    assert result["df/dx"].value == -4
    assert {name: gradient.value for name, gradient in result.gradients.items()} == {
        "x": -4,
        "y": -4,
        "z": 3,
    }
    assert result.forward == {"q": 3, "f": -12}
    assert result.ok


@pytest.mark.parametrize("text", ["expression: x*y\n", "expression: x*y"])
def test_text_opens_no_file(text: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        gradcalc.solve(text)
    (problem,) = caught.value.problems
    assert problem.message == "this is the text of an exercise, not a path"
    assert problem.hint == "use gradcalc.parse_exercise(text)"


def test_an_expression_is_no_file() -> None:
    with pytest.raises(GradcalcError) as caught:
        gradcalc.solve("x^2*y")
    (problem,) = caught.value.problems
    assert problem.hint == (
        'of an expression, use gradcalc.diff("x^2*y", wrt="x") or solve({"expression": …})'
    )


def test_yaml_text_is_an_exercise_after_it_is_parsed() -> None:
    assert gradcalc.solve(gradcalc.parse_exercise("expression: x*y\n")).graph.outputs == ("f",)


def test_a_shipped_exercise_goes_by_its_name() -> None:
    assert gradcalc.solve("ex1")["df/dx"].symbolic == "z"
    with pytest.raises(GradcalcError, match="did you mean the shipped exercise ex1"):
        gradcalc.solve("exx1")


def test_wrong_sources_and_choices_are_named() -> None:
    with pytest.raises(TypeError, match="not int"):
        gradcalc.solve(3)  # type: ignore[arg-type]
    with pytest.raises(
        GradcalcError, match="unknown form 'matrices'; choose from matrix, index, entries"
    ):
        gradcalc.solve(CONTENT, form="matrices")
    with pytest.raises(KeyError):
        gradcalc.solve(CONTENT)["df/dw"]


def test_a_mistake_carries_its_place() -> None:
    with pytest.raises(GradcalcError) as caught:
        gradcalc.solve({"expression": "x *"})
    (problem,) = caught.value.problems
    assert problem.message == "something is missing after `*`"
    assert problem.place is not None
    assert problem.place.column == 3


@pytest.mark.parametrize("format", ["table", "plain", "markdown", "json", "numpy", "svg", "latex"])
def test_a_result_in_other_formats(format: str) -> None:
    assert gradcalc.solve(CONTENT).to(format).strip()


def test_formats_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown format 'docx'; choose from table"):
        gradcalc.solve(CONTENT).to("docx")


def test_a_result_shows_itself_in_a_notebook() -> None:
    result = gradcalc.solve({**CONTENT, "title": "<b>x</b> costs $5 and $6"})
    shown = result._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", "text/latex", "image/svg+xml"}
    assert "<script" not in shown["text/html"]
    assert "<b>x</b>" not in shown["text/html"]
    assert "costs <span>$</span>5" in shown["text/html"]
    assert r"\frac{\partial f}{\partial x} &= z" in shown["text/latex"]
    assert shown["image/svg+xml"].startswith("<svg")
    assert str(result) == shown["text/plain"]
    assert set(result._repr_mimebundle_(include={"text/html"})) == {"text/html"}
    assert "text/html" not in result._repr_mimebundle_(exclude={"text/html"})


def test_build_gives_the_graph() -> None:
    graph = gradcalc.build(CONTENT)
    assert (graph.inputs, graph.quantities, graph.outputs) == (("x", "y", "z"), ("q", "f"), ("f",))
    assert isinstance(graph, gradcalc.Graph)


# ---- one meaning a name

NETWORK = EXERCISES / "ex3.yaml"


@pytest.mark.parametrize("name", ["ex1", "ex3", "softmax-regression", "attention", "max-tie"])
def test_a_name_means_in_python_what_it_means_in_the_json(name: str) -> None:
    result = gradcalc.solve(EXERCISES / f"{name}.yaml")
    data = json.loads(result.to("json"))
    for answer, told in zip(result.answers, data["answers"], strict=True):
        for key in told.keys() - {"verified", "per_example", "stacked", "shorthand"}:
            assert plain(getattr(answer, key)) == plain(told[key]), (key, answer)
        for key in ("per_example", "stacked", "shorthand"):
            view = getattr(answer, key)
            assert (view is None) == (told[key] is None)
            for word in told[key] or {}:
                assert plain(getattr(view, word)) == plain(told[key][word]), (key, word)
    for name, told in data["gradients"].items():
        for key in told:
            assert plain(getattr(result.gradients[name], key)) == plain(told[key]), key
    assert {name: list(shape) for name, shape in result.shapes.items()} == data["shapes"]
    assert plain(result.inputs) == plain(data["inputs"])
    assert plain(result.forward) == plain(data["forward"])
    assert list(result.warnings) == data["warnings"]


def plain(value: Any) -> Any:
    """Nothing is None in the JSON, sequences are lists."""
    if isinstance(value, (tuple, list)):
        return list(map(plain, value)) or None
    return value or None if isinstance(value, (dict, str)) else value


def test_answers_gradients_and_derivatives_speak_alike() -> None:
    result = gradcalc.solve(
        {"expression": "f = x @ A @ x", "variables": {"x": ["n"], "A": ["n", "n"]}}
    )
    found = gradcalc.diff("x @ A @ x", wrt="x")
    answer, gradient = result["df/dx"], result.gradients["x"]
    assert answer.symbolic == gradient.symbolic == found.symbolic == "(A + A.T) @ x"
    assert answer.text == gradient.text == found.text == "(A + Aᵀ) x"
    assert answer.latex == gradient.latex == found.latex == r"(A + A^{\top}) x"
    assert answer.shape == gradient.shape == found.shape == ("n",)
    assert answer.free == gradient.free == found.free == ()
    assert answer.value is gradient.value is found.value is None
    assert answer.verified is not None
    assert answer.verified.ok
    assert found.verified is not None
    assert found.verified.ok


def test_a_verdict_says_what_the_json_says(tmp_path: Path) -> None:
    answers = {"df/dx": "z", "df/dy": {"formula": "x", "value": -4}, "df/dz": "q + 1"}
    found = gradcalc.check("ex1", answers, reveal=True)
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"answers": answers}))
    done = python(
        "-m", "gradcalc", "check", EX1, str(path), "--reveal", "--format", "json", text=True
    )
    for verdict, told in zip(found, json.loads(done.stdout)["answers"], strict=True):
        for key in told.keys() - {"mistakes"}:
            assert plain(getattr(verdict, key)) == plain(told[key]), key
        assert [one.slug for one in verdict.mistakes] == [one["slug"] for one in told["mistakes"]]
    assert found[4].right
    assert found[3].right_answer == "q"


def test_shapes_are_tuples_of_sizes() -> None:
    result = gradcalc.solve(NETWORK)
    assert result["shape X"].shape == ("D_x", "m")
    assert (result["shape X"].symbolic, result["shape X"].text) == ("[D_x, m]", "D_x × m")
    assert result["delta5"].shape == ("D_a1", "D_a1", "D_x")
    assert result.shapes["W2"] == (1, "D_a1")
    assert repr(result.graph.node("W1").shape) == "(D_a1, D_x)"
    stacked = result["dJ/dW1"].stacked
    assert stacked is not None
    assert stacked.text == "(W₂ᵀ(Ŷ − Y) ∘ 1[Z₁ > 0]) Xᵀ / m"


@pytest.mark.parametrize("shape", [["n", 3], ("n", "3"), "[n, 3]", "n, 3"])
def test_shapes_may_be_lists_or_text(shape: Any) -> None:
    found = gradcalc.diff("sum(A)", "A", {"A": shape})
    assert found.shape == ("n", 3)
    assert found.data["shape"] == ["n", 3]


def test_what_completion_offers_is_small() -> None:
    result, found = gradcalc.solve(CONTENT), gradcalc.diff("x^2", "x")
    for offered in (dir(gradcalc), dir(result), dir(found)):
        assert len(offered) < 20
        assert [name for name in offered if name.startswith("_") and name != "__version__"] == []
    assert "symbolic" in dir(result["df/dx"])


@pytest.mark.parametrize("module", ["api", "solved", "results"])
def test_the_examples_in_the_docstrings_hold(module: str) -> None:
    failed, tried = doctest.testmod(import_module(f"gradcalc.app.{module}"))
    assert failed == 0
    assert tried > 4


def test_everything_public_says_what_it_is() -> None:
    for name in gradcalc.__all__:
        assert name == "__version__" or getattr(gradcalc, name).__doc__


# ---- one derivative


FORMULAS = [
    ("norm(A@x - y)^2", "x", "2·Aᵀ(A x − y)"), ("x.T @ A @ x", "x", "(A + Aᵀ) x"), ("logdet(X)", "X", "X⁻ᵀ"),
    ("tr(A@X@B)", "X", "Aᵀ Bᵀ"), ("norm(x)", "x", "x/‖x‖"), ("lambda*x@x", "x", "2λ x"), ("exp(a)*b", "a", "exp(a) b"),
    ("a*x", "x", "a"), ("x^2", "x", "2x"), ("w1*x1 + w2*x2 + b", "w1", "x₁"), ("norm(A@x - b)^2", "b", "2(b − A x)"),
    ("inv(A) @ b", "b", "A⁻¹"), ("1/N*sum((X@w - y)^2)", "w", "2·Xᵀ(X w − y) / N"), ("||A@x - b||^2", "x", "2·Aᵀ(A x − b)"),
    ("logdet(A@A.T + lambda*eye(n))", "A", "2(A Aᵀ + λ I)⁻¹ A"), ("sum((x - mu)^2)", "mu", "2 sum(μ − x)"),
    ("norm(A@x - b)^2 + lam*norm(x)^2", "x", "2(Aᵀ(A x − b) + lam · x)"), ("x.T @ B @ a", "x", "B a"),
    ("1/2*(x - mu).T @ inv(Sigma) @ (x - mu)", "mu", "(Σ⁻¹ + Σ⁻ᵀ)(μ − x) / 2"), ("norm(X)^2/(2*m)", "X", "X/m"),
    ("a.T @ X @ b", "X", "a bᵀ"), ("sum(x^p)", "p", "log(x)ᵀ x^p"), ("tr(x)", "x", "I"), ("x.T @ mu", "mu", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "wrt", "formula"), FORMULAS)
def test_derivatives_read_as_one_writes_them(expression: str, wrt: str, formula: str) -> None:
    found = gradcalc.diff(expression, wrt=wrt)
    assert str(found) == formula
    assert found.ok


def test_shapes_may_be_declared() -> None:
    found = gradcalc.diff("sum(b * x)", "b", {"b": ["n"], "x": ["n"]})
    assert (found.symbolic, found.shape, found.assumed) == ("x", ("n",), {})


def test_the_second_derivative_by_two_names() -> None:
    found = gradcalc.diff("x.T @ A @ x", wrt=("x", "x"))
    assert (found.text, found.shape) == ("A + Aᵀ", ("n", "n"))


@pytest.mark.parametrize(
    ("expression", "sizes"),
    [
        ("concat(x, y) @ z", {"x": ("n",), "y": ("m",), "z": ("m + n",)}),
        ("kron(A, X) @ x", {"A": ("n", "m"), "X": ("k", "l"), "x": ("l*m",)}),
    ],
)
def test_sizes_get_letters_where_an_operation_needs_them(
    expression: str, sizes: dict[str, tuple[str, ...]]
) -> None:
    found = gradcalc.diff(expression, wrt="x")
    assert found.assumed == sizes


def test_what_was_assumed_is_told() -> None:
    found = gradcalc.diff("norm(A@x - y)^2", wrt="x")
    assert found.assumed == {"A": ("n", "m"), "x": ("m",), "y": ("n",)}
    assert found.data["assumed"] == {"A": ["n", "m"], "x": ["m"], "y": ["n"]}
    assert found._repr_mimebundle_()["text/latex"] == r"$2 A^{\top} (A x - y)$"
    assert repr(found) == "<gradcalc.Derivative 2*A.T @ (A @ x - y)>"
    assert found.to("latex").startswith("\\documentclass")


def test_what_is_not_one_derivative_is_refused() -> None:
    with pytest.raises(
        gradcalc.GradcalcError, match="wrt is one name, or two for a second derivative"
    ):
        gradcalc.diff("x*y*z", wrt=["x", "y", "z"])


def test_what_is_offered_and_how_a_result_prints() -> None:
    assert dir(gradcalc) == sorted(gradcalc.__all__)
    result = gradcalc.solve(EX1)
    assert repr(result) == "<gradcalc.Result 'Simple computational graph': 6 answers>"


@pytest.mark.parametrize("expression", ["kron(B, x) @ x", "x @ y + tr(x) + outer(x, y)"])
def test_a_convention_that_does_not_fit_says_so(expression: str) -> None:
    with pytest.raises(GradcalcError) as caught:
        gradcalc.diff(expression, wrt="x")
    assert "assumed by convention: " in (caught.value.problems[0].hint or "")
    assert "x a vector" in (caught.value.problems[0].hint or "")


def test_indices_functions_and_values_may_be_declared() -> None:
    assert gradcalc.diff("sum(x[i]*y[i], i)", "x", indices={"i": "n"}).symbolic == "y"
    found = gradcalc.diff("f(x, 2*x)", "x", functions={"f": 2})
    assert (found.text, found.ok) == ("∂₁f(x, 2x) + 2 ∂₂f(x, 2x)", True)
    found = gradcalc.diff("x^2*y", "x", values={"x": 3, "y": 2})
    assert (found.value, str(found), found.to("table")) == (12, "2x y", "2x y\n12")
    assert gradcalc.diff("norm(x)^2", "x", values={"x": [1, 2]}).data["value"] == [2, 4]
    verdict = gradcalc.check("f(x)", wrt="x", answer="f'(x)", functions={"f": 1})
    assert verdict.right


def test_a_name_that_does_not_occur() -> None:
    with pytest.raises(GradcalcError, match="`w` is not in the expression"):
        gradcalc.diff("x@x", wrt="w")


# ---- the notebook


def test_results_read_well_where_they_are_looked_at() -> None:
    result = gradcalc.solve(CONTENT)
    assert repr(result["df/dx"]) == "<Answer df/dx: z, value -4.0>"
    assert repr(result.gradients["x"]) == "<Gradient z, value -4.0>"
    assert repr(result.graph) == "<Graph of f: 5 nodes; inputs x, y, z>"
    with pytest.raises(KeyError, match="there is no question df/dw; choose from df/dx"):
        result["df/dw"]


def test_the_library_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command line has; the signal that it takes is left as it was."""

    def endless(*_: object) -> None:
        try:
            while True:
                pass
        except Exception:
            pass

    monkeypatch.setattr("gradcalc.derivation.solve.build", endless)
    with pytest.raises(GradcalcError) as caught:
        gradcalc.solve({"expression": "x^2"}, timeout=0.2)
    (problem,) = caught.value.problems
    assert problem.message == "no answer: it took longer than 0.2 seconds"
    assert problem.hint == "use timeout=… to allow more seconds"
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    monkeypatch.undo()
    assert gradcalc.solve({"expression": "x^2"}, timeout=None).ok
