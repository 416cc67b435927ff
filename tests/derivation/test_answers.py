"""What an answer says: its form, layout, shorthand, stacks, entries and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.answers import answerer
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import exercise_from, parse_exercise
from gradcalc.graph.build import build
from gradcalc.language.unparse import unparse
from helpers.answers import answer, solved

NETWORK = """z1 = W1 @ x + b1; a1 = relu(z1); z2 = W2 @ a1 + b2; yhat = sigmoid(z2)
L = y * log(yhat) + (1 - y) * log(1 - yhat); J = -1/m * sum(L, i)""".replace("\n", ";")


SHAPES = {
    "x": {"shape": ["D_x", 1], "each": "i"},
    "y": {"shape": [1, 1], "each": "i"},
    "z1": {"shape": ["D_a1", 1]},
}


@pytest.mark.parametrize(
    ("question", "per_example", "stacked"),
    [
        ("dJ/dyhat", "((1 - y)/(1 - yhat) - y/yhat)/m", "((1 - Y)/(1 - Yhat) - Y/Yhat)/m"),
        ("dyhat/dz2", "yhat*(1 - yhat)", "Yhat*(1 - Yhat)"),
        ("dJ/dz1", "(yhat - y)*W2.T*step(z1)/m", "W2.T @ (Yhat - Y)*step(Z1)/m"),
        (
            "dJ/dW1",
            "sum((yhat - y)*W2.T*step(z1) @ x.T, i)/m",
            "W2.T @ (Yhat - Y)*step(Z1) @ X.T/m",
        ),
        ("dJ/dW2", "sum((yhat - y)*a1.T, i)/m", "(Yhat - Y) @ A1.T/m"),
        ("dJ/db2", "sum(yhat - y, i)/m", "sum(Yhat - Y)/m"),
    ],
)
def test_examples(question: str, per_example: str, stacked: str) -> None:
    """Per example with a sum over the examples, and stacked, the examples last."""
    found = answer(
        NETWORK,
        SHAPES,
        {},
        question,
        examples={"i": "m"},
        sizes={"D_x": 3, "D_a1": 4, "m": 5},
        seed=1,
    )
    assert found.per_example is not None
    assert found.stacked is not None
    assert unparse(found.per_example.symbolic) == per_example
    assert unparse(found.stacked.symbolic) == stacked
    assert found.verified is not None
    assert found.verified.ok is True


def test_shorthand() -> None:
    """A Jacobian that is mostly zeros comes with what the literature writes for it."""
    found = answer(NETWORK, SHAPES, {}, "dz1/dW1", examples={"i": "m"})
    assert found.free == ("k", "p", "q")
    assert found.shorthand is not None
    assert unparse(found.shorthand.symbolic) == "x.T"


@pytest.mark.parametrize(
    ("layout", "formula"), [("gradient", "W"), ("jacobian", "W"), ("denominator", "W.T")]
)
def test_layout(layout: str, formula: str) -> None:
    """The denominator layout is the transpose of the numerator layout."""
    found = answer(
        "z = W @ x", {"W": ["m", "n"], "x": ["n"]}, {}, "dz/dx", notation={"layout": layout}
    )
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula
    assert found.verified is not None
    assert found.verified.ok is True


def test_names_of_earlier_answers() -> None:
    """A later answer is written with the name of an earlier one, where that is shorter."""
    lines = "z = W @ x; a = sigmoid(z); C = 1/2 * norm(y - a)^2"
    exercise = {
        "expression": lines.split(";"),
        "variables": {"W": ["m", "n"], "x": ["n"], "y": ["m"]},
        "questions": ["delta = dC/dz", "dC/dW"],
    }
    first, second = solve(exercise_from(exercise)).answers
    assert unparse(second.symbolic) == "outer(delta, x)"  # type: ignore[arg-type]
    assert second.where == (("delta", first.symbolic),)


@pytest.mark.parametrize(
    ("line", "expanded"),
    [
        ("s = sum(T, axis=(0, 1)); f = s @ s", "2*sum(T, axis=[0, 1])"),
        ("s = logsumexp(X, axis=(0, 1)); f = s^2", "2*logsumexp(X, axis=[0, 1])"),
    ],
)
def test_axes_survive(line: str, expanded: str) -> None:
    """A reduction over several axes is written with all of them: without, it would mean another one."""
    exercise = {
        "expression": [part.strip() for part in line.split(";")],
        "variables": {"T": ["a", "b", "c"]},
        "questions": ["df/ds"],
    }
    if "X" in line:
        exercise["variables"] = {"X": ["a", "b"]}
    found = solve(exercise_from(exercise)).answers[0]
    assert found.expanded is not None
    assert unparse(found.expanded) == expanded
    assert found.verified is not None
    assert found.verified.ok is True


INDEXED = {"indices": {"i": "I", "j": "J", "k": "K", "r": "R", "t": "T"}, "seed": 1}


@pytest.mark.parametrize(
    ("lines", "shapes", "question", "formula", "free"),
    [
        (
            "f = sum((X[i, j, k] - sum(A[i, r]*B[j, r]*C[k, r], r))^2, i, j, k)",
            {"X": ["I", "J", "K"], "A": ["I", "R"], "B": ["J", "R"], "C": ["K", "R"]},
            "df/dA",
            "2*sum(B[j, p]*C[k, p]*(sum(A[i, r]*B[j, r]*C[k, r], r) - X[i, j, k]), j, k)",
            ("i", "p"),
        ),
        (
            "p = softmax(Z); L = -mean(log(p[t, y[t]]), t)",
            {"Z": ["T", "V"], "y": ["T"]},
            "dL/dZ",
            "(p - eye(V)[y])/T",
            (),
        ),
        (
            "f = x[y] + sum(x[j]^2, j, j != y)",
            {"x": ["J"], "y": []},
            "df/dx",
            "2*x*(1 - eye(J)[y]) + eye(J)[y]",
            (),
        ),
    ],
)
def test_indices(
    lines: str, shapes: dict[str, Any], question: str, formula: str, free: tuple[str, ...]
) -> None:
    """An entry is written with the author's indices; a place that an index is compared with is a unit vector."""
    sizes = {"I": 2, "J": 3, "K": 4, "R": 2, "T": 3, "V": 4}
    found = answer(lines, shapes, {}, question, sizes=sizes, **INDEXED)
    assert found.symbolic is not None
    assert (unparse(found.symbolic), found.free) == (formula, free)
    assert found.verified is not None
    assert found.verified.ok is True


def test_a_gradient_at_a_factor_of_zero() -> None:
    """The derivative of a product is not divided by an entry that is 0."""
    found = answer("f = prod(x)", {"x": ["n"]}, {}, "df/dx", values={"x": [0, 2, 3]})
    assert found.value == [6, 0, 0]
    found = answer("f = prod(x)", {"x": ["n"]}, {}, "d2f/dx2", values={"x": [0, 2, 0]})
    assert found.value == [[0, 0, 2], [0, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize(
    ("expression", "shape", "indices", "x", "gradient"),
    [
        ("sum(prod(x, axis=0))", ["n", "m"], {}, [[1, 0, 2], [0, 3, 4]], [[0, 3, 4], [1, 0, 2]]),
        ("sum(prod(x, axis=1, keepdims=True))", ["n", "m"], {}, [[1, 0, 2], [0, 3, 4]], [[0, 2, 0], [12, 0, 0]]),
        ("prod(x)", ["n", "m"], {}, [[1, 2], [0, 3]], [[0, 0], [6, 0]]),
        ("prod(x[j] + x[j]^2, j)", ["n"], {"j": "n"}, [2, 0, 1], [0, 12, 0]),
        ("prod(a*x)", ["n"], {}, [2, 0, 1], [0, 16, 0]),
    ],
)  # fmt: skip
def test_a_gradient_at_a_factor_of_zero_along_any_axis(
    expression: str, shape: list[str], indices: dict[str, str], x: Any, gradient: Any
) -> None:
    content = {
        "expression": f"f = {expression}",
        "variables": {"x": shape, "a": []},
        "indices": indices,
    }
    solution = solve(exercise_from({**content, "values": {"x": x, "a": 2}, "questions": ["df/dx"]}))
    (found,) = solution.answers
    assert found.value == gradient
    assert solution.gradients["x"].value == gradient
    assert found.verified is not None
    assert found.verified.ok is True


def test_a_named_power_is_not_read_back_by_a_division() -> None:
    """3 s² x³ is not 3 q/s, which has no value where s is 0."""
    lines, values = ["q = (x*s)^3", "f = sum(q)"], {"x": [1, 2], "s": 0}
    exercise = {
        "expression": lines,
        "variables": {"x": ["n"], "s": []},
        "values": values,
        "questions": ["dq/ds", "df/ds"],
    }
    local, total = solve(exercise_from(exercise)).answers
    assert (local.text, local.value) == ("3*s^2*x^3", [0, 0])
    assert (total.text, total.value) == ("3*s^2*sum(x^3)", 0)


def test_second_derivatives_by_a_stack() -> None:
    lines = ["z = w.T @ x", "J = sum(z^2, i)"]
    variables = {"w": ["n", 1], "x": {"shape": ["n", 1], "each": "i"}}
    given = {"examples": {"i": "m"}, "sizes": {"n": 2, "m": 3}, "seed": 1}
    exercise = {
        "expression": lines,
        "variables": variables,
        **given,
        "questions": ["d2J/dX2", "d2J/dx2"],
    }
    by_stack, by_each = solve(exercise_from(exercise)).answers
    assert by_stack.verified is not None
    assert by_stack.verified.ok is True
    assert by_stack.value == by_each.value
    assert by_stack.per_example is not None
    assert unparse(by_stack.per_example.symbolic) == "2*w @ w.T"


def test_gradients_of_a_given_upstream_are_named() -> None:
    """An array upstream names the gradients on the way, as a loss does: 12 layers with skips are no larger than two."""
    lines = [
        f"h{n} = tanh(W @ {f'h{n - 1}' if n > 1 else 'x'}) + {f'h{n - 1}' if n > 1 else 'x'}"
        for n in range(1, 13)
    ]
    exercise = {
        "expression": lines,
        "variables": {"x": ["n"], "W": ["n", "n"]},
        "upstream": {"dL/dh12": "G"},
    }
    (found,) = solve(exercise_from({**exercise, "questions": ["dL/dx"]})).answers
    assert len(unparse(found.symbolic)) < 400  # type: ignore[arg-type]
    assert found.where


@pytest.mark.parametrize(
    ("question", "formula"),
    [
        (
            "dL/dx",
            "[2*(z[0]*W[0, 0] + z[1]*W[1, 0]), 2*(z[0]*W[0, 1] + z[1]*W[1, 1]), 2*(z[0]*W[0, 2] + z[1]*W[1, 2])]",
        ),
        ("dz/dW", "[[[x[0], x[1], x[2]], [0, 0, 0]], [[0, 0, 0], [x[0], x[1], x[2]]]]"),
    ],
)
def test_entries(question: str, formula: str) -> None:
    """The form `entries` lists every entry where the sizes are numbers."""
    lines = "z = W @ x; L = norm(z)^2"
    found = answer(
        lines, {"W": [2, 3], "x": [3]}, {}, question, notation={"form": "entries"}, seed=1
    )
    assert unparse(found.symbolic) == formula  # type: ignore[arg-type]
    assert found.verified is not None
    assert found.verified.ok is True


def test_what_an_answer_says_of_itself() -> None:
    """Entries of a symmetric matrix are varied one by one; a derivative per example may be the same for all."""
    (said,) = answer(
        "f = tr(A @ X)", {"A": ["n", "n"], "X": ["n", "n"]}, {"X": "symmetric"}, "df/dX"
    ).warnings
    assert said.message == "X is symmetric, but its entries are treated as independent variables"
    assert answer(NETWORK, SHAPES, {}, "dz2/da1", examples={"i": "m"}).same


def test_stacks_of_what_has_no_stack() -> None:
    """A gradient given per example is stacked by name; a stack at an example is an entry of it."""
    lines = "mu = mean(x, i); v = mean((x - mu)^2, i); h = (x - mu)/sqrt(v + 1)"
    shapes = {"x": {"shape": [], "each": "i"}}
    more = {"examples": {"i": "m"}, "sizes": {"m": 4}, "seed": 1}
    found = answer(lines, shapes, {}, "dL/dx", upstream={"dL/dh": "G"}, **more)
    assert unparse(found.symbolic) == "(stack(G) - stack(G) @ H*H/m - sum(stack(G))/m)/sqrt(v + 1)"  # type: ignore[arg-type]
    found = answer(
        "s = w*x; T = stack(s); L = logsumexp(T)", {**shapes, "w": []}, {}, "dL/ds", **more
    )
    assert unparse(found.symbolic) == "softmax(T)[i]"  # type: ignore[arg-type]
    assert isinstance(found.value, list)


def test_no_shorthand_that_leaves_factors_out() -> None:
    """∂Z/∂X of relu(X W) needs W and the mask at once: no single matrix stands for it in the chain."""
    assert (
        answer("Z = relu(X @ W)", {"X": ["n", "d"], "W": ["d", "k"]}, {}, "dZ/dX").shorthand is None
    )


def test_second_derivatives_per_example() -> None:
    exercise = {
        "expression": ["z = w.T @ x", "a = z^3", "J = 1/m*sum(a, i)"], "examples": {"i": "m"}, "sizes": {"n": 3, "m": 4},
        "variables": {"x": {"shape": ["n", 1], "each": "i"}, "w": {"shape": ["n", 1]}}, "seed": 1,
        "questions": ["d2a/dz2", "d2a/dw2", "d2J/dxdw", "d2J/dw2"],
    }  # fmt: skip
    answers = solve(exercise_from(exercise)).answers
    assert all(answer.verified is not None and answer.verified.ok for answer in answers)
    assert [unparse(answer.symbolic) for answer in answers if answer.symbolic is not None] == [
        "6*z", "6*z*x @ x.T", "3*(z^2*eye(n) + 2*z*w @ x.T)/m", "6*sum(z*x @ x.T, i)/m"
    ]  # fmt: skip
    stacked = answers[0].stacked
    assert stacked is not None
    assert unparse(stacked.symbolic) == "6*Z"


def test_a_gradient_on_the_way_of_a_second_derivative_is_not_called_the_loss_s() -> None:
    exercise = {
        "expression": ["k = p*t + r", "m = tanh(k)", "h = where(k > 0, m*k, k^2)", "G = h*m - log(1 + t^2)"],
        "values": {"p": 0.5, "t": 2, "r": -0.25}, "upstream": {"dE/dG": 3}, "questions": ["d2G/dr2"],
    }  # fmt: skip
    (answer,) = solve(exercise_from(exercise)).answers
    assert answer.verified is not None
    assert answer.verified.ok
    assert [name for name, _ in answer.where] == ["d2G_drdk"]


def test_products_have_no_parentheses_around_factors_that_are_products() -> None:
    found = answer("q = x*y; r = x/y; f = q^2 + r^2", {}, {}, "df/dq")
    assert found.expanded is not None
    assert unparse(found.expanded) == "2*x*y"
    found = answer("q = x*y; r = x/y; f = q^2 + r^2", {}, {}, "df/dr")
    assert found.expanded is not None
    assert unparse(found.expanded) == "2*x/y"


def test_an_upstream_gradient_may_be_a_constant_expression_and_values_stay_exact_beside_it() -> (
    None
):
    exercise = {
        "expression": "f = x^2", "values": {"x": "1/3"}, "upstream": {"dL/df": "pi/4"}, "questions": ["dL/dx", "df/dx"],
    }  # fmt: skip
    loss, f = solve(exercise_from(exercise)).answers
    assert [unparse(expr) for expr in (loss.symbolic, loss.exact, f.exact) if expr is not None] == [
        "pi*x/2",
        "pi/6",
        "2/3",
    ]
    assert loss.value == pytest.approx(0.5235987755982988)


def test_the_maximum_of_one_and_the_same_is_no_tie() -> None:
    (found,) = solve(parse_exercise("expression: f = max(x, x)\nvalues: {x: 1}\n")).answers
    assert (found.symbolic and unparse(found.symbolic), found.value) == ("1", 1)


def test_the_chain_of_the_loss_begins_with_each_upstream_gradient() -> None:
    exercise = {
        "expression": ["q = x*y", "f = q^2", "g = q + z"], "upstream": {"dL/df": 3, "dL/dg": "G", "dL/dq": -5},
        "questions": ["dL/dx", "dL/dq", "dL/df", "df/dx"],
    }  # fmt: skip
    answers = solve(exercise_from(exercise)).answers
    assert [[[local.label for local in path] for path in answer.chain] for answer in answers] == [
        [["dL/df", "df/dq", "dq/dx"], ["dL/dg", "dg/dq", "dq/dx"], ["dL/dq", "dq/dx"]],
        [["dL/df", "df/dq"], ["dL/dg", "dg/dq"], ["dL/dq"]], [["dL/df"]], [["df/dq", "dq/dx"]],
    ]  # fmt: skip
    firsts = [path[0] for path in answers[0].chain]
    assert [(unparse(local.symbolic), local.direct) for local in firsts if local.symbolic is not None] == [
        ("3", False), ("G", False), ("-5", True)
    ]  # fmt: skip


ENTRIES = {
    "expression": ["y = W @ x", "a = tanh(y)", "J = sum(a)"], "variables": {"W": ["n", "d"], "x": ["d"]},
    "values": {"W": [[1, 2], [3, 4]], "x": [1, 2]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "question", "formula", "free", "value"),
    [
        ("matrix", "dy/dW[0, 0, 1]", "x[1]", (), 2),
        ("matrix", "dy/dx[n - 1, 0]", "W[n - 1, 0]", (), 3),
        ("matrix", "dy/dW[0, 0]", "x[q]", ("q",), [1, 2]),
        ("matrix", "dy/dW[0]", "where(0 == p, x[q], 0)", ("p", "q"), [[1, 2], [0, 0]]),
        ("matrix", "dy/dx[1, 0]", "W[1, 0]", (), 3),
        ("index", "dJ/dW[1, 0]", "(1 - a[1]^2)*x[0]", (), 1.1157e-9),
        ("index", "dJ/dx[1]", "sum((1 - a[b]^2)*W[b, 1], b)", (), 3.632e-4),
    ],
)
def test_an_entry_names_no_index_that_it_fixes(
    form: str, question: str, formula: str, free: tuple[str, ...], value: Any
) -> None:
    exercise = exercise_from({**ENTRIES, "notation": {"form": form}, "questions": [question]})
    (found,) = solve(exercise).answers
    assert found.symbolic is not None
    assert (unparse(found.symbolic), found.free, found.expanded is None) == (formula, free, False)
    assert (
        found.value == pytest.approx(value, rel=1e-3)
        if not isinstance(value, list)
        else found.value == value
    )


def test_a_stack_of_numbers_has_their_derivatives_once() -> None:
    exercise = {
        "expression": ["z = w*x", "J = sum(z^2, i)"], "examples": {"i": 2}, "variables": {"x": {"each": "i"}},
        "values": {"x": [1, 2], "w": 3}, "questions": ["dJ/dX", "shape stack(x)"],
    }  # fmt: skip
    by_stack, shape = solve(exercise_from(exercise)).answers
    assert by_stack.value == [18, 36]
    assert by_stack.verified is not None
    assert by_stack.verified.ok
    assert [str(size) for size in shape.shape] == ["2"]


def test_a_convention_is_said_of_the_answers_that_depend_on_it() -> None:
    questions = ["dr/dx", "dm/dy", "dm/dz"]
    result = solved("r = relu(x); m = max(x, y)*z", questions, values={"x": 0, "y": 0, "z": 2})
    said = [[problem.message for problem in result[question].warnings] for question in questions]
    assert said == [
        ["x is 0: relu'(0) = 0 by convention"],
        ["x and y are equal: at a tie max shares the gradient evenly, by convention"],
        [],
    ]


@pytest.mark.parametrize(
    ("lines", "value", "exact"),
    [
        ("f = 1/x^(3/2)", 2, "1/(2*sqrt(2))"),
        ("f = x^(5/2)", 2, "4*sqrt(2)"),
        ("f = sqrt(x)", 12, "2*sqrt(3)"),
        ("f = sqrt(x)", "1/2", "sqrt(2)/2"),
        ("f = x^(4/3)", 2, "2*2^(1/3)"),
    ],
)
def test_exact_roots_are_taken_out(lines: str, value: Any, exact: str) -> None:
    found = solved(lines, "value f", values={"x": value})["value f"].exact
    assert found is not None
    assert unparse(found) == exact


def test_another_layout_shares_what_is_derived_and_changes_nothing() -> None:
    exercise = exercise_from(
        {
            "expression": "y = A @ x",
            "variables": {"A": ["m", "n"], "x": ["n"]},
            "questions": ["dy/dx"],
        }
    )
    one = answerer(build(exercise), layout="denominator")
    other = one.laid_out("gradient")
    (question,) = exercise.questions
    answers = [who.answer(question) for who in (other, one)]
    assert [(a.layout, unparse(a.symbolic)) for a in answers if a.symbolic] == [
        ("gradient", "A"),
        ("denominator", "A.T"),
    ]
    assert other.derivatives is one.derivatives


def asked(expression: str, *questions: str, **more: object) -> list[str | None]:
    """The formulas of the answers to questions about a computation."""
    lines = "\n".join(expression.split("; "))
    exercise = exercise_from({"expression": lines, "questions": list(questions), **more})
    one = answerer(build(exercise))
    return [one.answer(question).text for question in exercise.questions]


def test_a_long_answer_above_is_used_by_its_name() -> None:
    line = "z = w*x + b; a = tanh(z); E = (v*a - y)^2"
    assert asked(line, "dE/dz", "dE/dw")[1] == "dE_dz*x"
    assert "dE_dz" not in (asked(line, "dE/dw")[0] or "")


def test_a_short_answer_above_is_written_again() -> None:
    assert asked("y = w*x; E = (y - t)^2", "dE/dy", "dE/dw") == ["2*(y - t)", "2*(y - t)*x"]


def test_a_name_that_hides_what_cancels_is_not_used() -> None:
    line = "p = sigmoid(z); J = -t*log(p) - (1 - t)*log(1 - p)"
    assert asked(line, "dJ/dp", "dJ/dz")[1] == "p - t"


@pytest.mark.parametrize(
    ("line", "question", "wanted"),
    [
        ("n = 1 + p; d = 3 + q; f = n/d", "df/dd", "-n/d^2"),
        ("n = 1 + p; d = 3 + q; f = n/d", "df/dq", "-n/d^2"),
        ("y = 5*sqrt(t)", "dy/dt", "5/(2*sqrt(t))"),
        ("r = sqrt(x^2 + 4)", "dr/dx", "x/r"),
        ("N = 1 + exp(-z); q = 1/N", "dq/dz", "q*(1 - q)"),
        ("g = (exp(z) - exp(-z))/(exp(z) + exp(-z))", "dg/dz", "1 - g^2"),
        ("u = exp(a); v = exp(b); p = u/(u + v)", "dp/da", "p*(1 - p)"),
    ],
)
def test_a_name_is_read_back_where_the_rule_has_it(line: str, question: str, wanted: str) -> None:
    assert asked(line, question) == [wanted]


def test_a_recurrence_stays_one() -> None:
    line = "a1 = tanh(P @ a0); a2 = tanh(P @ a1); a3 = tanh(P @ a2); E = norm(a1 - t1)^2/2 + norm(a2 - t2)^2/2"
    line = line.replace("E = ", "E = norm(a3 - t3)^2/2 + ")
    shapes = {"P": ["n", "n"], "a0": ["n"], "t1": ["n"], "t2": ["n"], "t3": ["n"]}
    (found,) = asked(line, "dE/dP", variables=shapes)
    assert found is not None
    assert "outer(dE_da2*(1 - a2^2), a1)" in found
    assert "outer(dE_da1*(1 - a1^2), a0)" in found


@pytest.mark.parametrize(
    ("line", "values", "want"),
    [
        ("f = max(s[k], k)", [1, 3, 3], [0, 0.5, 0.5]),
        ("f = max(s[k]^2, k)", [1, -3, 2], [0, -6, 0]),
        ("f = min(s[k]*s[j], j, k)", [1, 3, 2], [2, 0, 0]),
        ("p[j] = max(s[j]*s[k], k); f = sum(p)", [1, 3, 2], [3, 9, 3]),
    ],
)
def test_ties_over_an_index_are_counted_over_that_index(
    line: str, values: list[int], want: list[float]
) -> None:
    found = solved(line, "df/ds", indices={"k": 3, "j": 3}, values={"s": values})
    (answer,) = found.answers
    assert answer.value == want
    assert answer.verified is not None
    assert answer.verified.ok is (None if values[-1] == 3 else True)  # a tie is a convention


def test_a_value_per_example_has_the_shape_of_its_stack() -> None:
    each = {"w": [], "x": {"shape": [], "each": "i"}, "h": {"shape": [3], "each": "i"}}
    variables = {**each, "W": [2, 3]}
    data = {"examples": {"i": "m"}, "variables": variables, "sizes": {"m": 1}}
    found = solved("q = x*w; z = W @ h", ["value q", "value z", "value X"], **data)
    shapes = [tuple(map(str, answer.shape)) for answer in found.answers]
    assert shapes == [("m",), ("2", "m"), ("m",)]
    assert [np.shape(answer.value) for answer in found.answers] == [(1,), (2, 1), (1,)]
    assert all(answer.verified and answer.verified.ok for answer in found.answers)
