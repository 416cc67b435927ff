"""The derivation as data: products equal results, steps equal answers, every rule is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.derive_steps import derive
from gradcalc.derivation.form_changes import rewritings
from gradcalc.derivation.general_rules import LETTERS, general
from gradcalc.derivation.plug import decimal, plugged
from gradcalc.derivation.solve import Solver
from gradcalc.exercise.load import load_exercise
from gradcalc.graph.build import build
from gradcalc.language.formula_pieces import Names
from gradcalc.language.parser import children, parse, unparse
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Name
from gradcalc.numeric.evaluate import evaluate
from gradcalc.numeric.precision import floats
from gradcalc.numeric.tensor import Env, Tensor
from gradcalc.ops import TABLE
from gradcalc.report.lines import latex_math, plain_line, text_line
from helpers.derivations import derivation_of, shipped_derivation, steps, wire
from helpers.paths import EXERCISES

NETWORK = """
expression: |
  z = W @ x + b
  a = relu(z)
  J = 1/m * sum(v.T @ a, i)
examples: {i: m}
variables:
  x: {shape: [d, 1], each: i}
  z: {shape: [h, 1]}
  v: {shape: [h, 1]}
sizes: {d: 2, h: 3, m: 4}
seed: 3
questions: [{ask: dz/dW, name: delta}, dJ/dW]
"""


# ---- the table


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_operation_says_why_and_how(name: str) -> None:
    op = TABLE[name]
    assert op.sentence
    assert op.sentence[0].islower() or op.sentence.split()[0] in ("SiLU", "GELU", "ELU", "ReLU")
    assert not op.sentence.endswith(".")
    assert all(op.fixed)
    assert len(op.fixed) in (0, len(op.operands))
    for operand in range(max(len(op.partials), len(op.back))):
        line = general(name, operand)
        if not line:
            assert name == "where"
            continue
        assert text_line(line, Names())
        assert plain_line(line)
        assert all(latex_math(part, Names()) for part in line if not isinstance(part, str))


def test_what_has_no_formula_is_known() -> None:
    without = {
        name for name, op in TABLE.items() if not op.partials and not op.back and name != "apply"
    }
    assert without == {
        "lt", "le", "gt", "ge", "eq", "ne", "kron", "matrix_power", "vec", "concat", "stack", "eye", "ones", "zeros", "getitem", "toaxis",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", sorted(name for name, op in TABLE.items() if op.back and name != "apply")
)
def test_what_an_operand_gets_is_its_vector_jacobian_product(name: str) -> None:
    """The stated formula against differences of Σ G · op(operands)."""
    op, random = TABLE[name], np.random.default_rng(5)
    sizes = {"n": 3, "m": 3 if name in ("var", "mean", "sum") else 4, "k": 2}

    def draw(shape: Shape) -> Any:
        return random.uniform(0.5, 2.0, [size.at(sizes) for size in shape])

    def env(values: dict[str, Any]) -> Env:
        return Env(floats(), {key: Tensor(value) for key, value in values.items()}, sizes)

    example = parse(op.example)
    operands = [part.id for part in children(example) if isinstance(part, Name)]
    values = {word: draw(LETTERS[word]) for word in operands}
    if "M" in values:
        values["M"] = values["M"] + 3 * np.eye(3)
    upstream = random.uniform(-1, 1, np.shape(evaluate(example, env(values)).data))
    for place, word in enumerate(operands):
        if name in ("sum", "mean", "var"):
            sizes["n"] = values[word].size
        stated = evaluate(parse(op.back[place]), env({**values, "G": upstream})).data
        sizes["n"] = 3
        found, step = np.zeros_like(values[word]), 1e-6
        for at in np.ndindex(found.shape):
            ends = []
            for side in (step, -step):
                moved = {**values, word: values[word].copy()}
                moved[word][at] += side
                ends.append(np.sum(upstream * np.asarray(evaluate(example, env(moved)).data)))
            found[at] = (ends[0] - ends[1]) / (2 * step)
        assert np.allclose(np.broadcast_to(stated, found.shape), found, rtol=1e-6, atol=1e-8), word


def test_a_constant_factor_has_a_sentence_of_its_own() -> None:
    found = derivation_of("{expression: 'f = 3 * x^2', values: {x: 2}}", "full")
    (path,) = steps(found)["x"].paths
    assert [rule.operation for rule in path.rules] == ["mul", "pow"]
    assert path.rules[0].sentence.startswith("a constant factor stays")
    assert path.rules[1].sentence.startswith("power rule")


# ---- numbers


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (-0.73105857, "-0.7311"), (1e-7, "1e-7"), (0, "0")]
)
def test_numbers_are_put_in_as_they_are_printed(value: float, text: str) -> None:
    assert unparse(decimal(value, 4)) == text


def test_an_expression_with_numbers_for_its_names() -> None:
    found = plugged(parse("w*x + b"), {"w": 2.0, "x": -1.5, "b": 1.0}, 4)
    assert found is not None
    assert unparse(found) == "2*(-1.5) + 1"
    assert plugged(parse("w*x"), {"w": 2.0, "x": None}, 4) is None
    assert plugged(parse("2 + 3"), {}, 4) is None


# ---- steps


def test_the_first_exercise_step_by_step() -> None:
    found = shipped_derivation("ex1")
    assert [q.name for q in found.forward] == ["x", "y", "z", "q", "f"]
    (one,) = found.passes
    assert (one.of, one.loss) == ("L", True)
    assert [step.quantity for step in one.steps] == ["f", "z", "q", "x", "y"]
    path = wire(found, "x", "q")
    assert (path.upstream, path.upstream_value, path.local_value) == ("dL_dq", -4.0, 1.0)
    assert steps(found)["x"].value == -4.0
    assert [rule.operation for rule in path.rules] == ["add"]


def test_contributions_of_all_paths_are_added() -> None:
    found = shipped_derivation("diamond")
    step = steps(found)["x"]
    assert [path.through for path in step.paths] == ["v", "u"]
    assert sum(path.value for path in step.paths) == step.value == 14.0


def test_a_gradient_given_in_the_middle_is_one_of_the_contributions() -> None:
    step = steps(shipped_derivation("upstream-inside"))["h"]
    assert [path.through for path in step.paths] == [None, "y"]
    assert sum(path.value for path in step.paths) == step.value


SCALARS = [
    "ex1", "ex2", "ex2-gates", "diamond", "rosenbrock", "quotient-rule", "gru-cell-scalar", "vanishing-gradient",
    "reused-variable", "loss-huber", "gate-max", "second-derivative-sigmoid", "upstream-inside",
]  # fmt: skip


@pytest.mark.parametrize("name", SCALARS)
def test_the_product_of_the_shown_factors_is_the_shown_result(name: str) -> None:
    found = shipped_derivation(name)
    checked = 0
    for one in found.passes:
        for step in one.steps:
            total = 0.0
            for path in step.paths:
                part = path.value if path.value is not None else step.value
                if path.through is not None:
                    upstream = 1.0 if path.upstream is None else path.upstream_value
                    assert math.isclose(
                        upstream * path.local_value, part, rel_tol=1e-12, abs_tol=1e-15
                    )
                    checked += 1
                total += part
            assert math.isclose(total, step.value, rel_tol=1e-12, abs_tol=1e-14)
    assert checked


ARRAYS = [
    "ex3",
    "batch-normalisation",
    "minibatch-network",
    "attention",
    "softmax-regression",
    "network-examples",
    "matrix-product",
]


@pytest.mark.parametrize("name", ARRAYS)
def test_upstream_times_local_is_the_product_entry_by_entry(name: str) -> None:
    """The full local derivative, contracted with the upstream gradient by NumPy, against the product that is shown."""
    exercise = load_exercise(str(EXERCISES / f"{name}.yaml"))
    solver = Solver(build(exercise), "matrix", "gradient")
    found = derive(solver, solver.solution())
    graph, checked = solver.graph, 0
    for one in found.passes:
        values = {step.quantity: step.value for step in one.steps}
        for step in one.steps:
            for path in step.paths:
                if (
                    path.through is None
                    or path.upstream is None
                    or path.local is None
                    or len(step.paths) > 1
                ):
                    continue
                user, own = graph.node(path.through), graph.node(step.quantity)
                local = solver.oracle.derivative(path.through, step.quantity, local=True)
                upstream = np.asarray(values[path.through])
                if local.over:
                    upstream = np.moveaxis(upstream.reshape(-1, upstream.shape[-1]), -1, 0)
                    full = np.asarray(local.data).reshape(upstream.shape[0], upstream.shape[1], -1)
                    got = np.einsum("ik,ikp->ip", upstream, full)
                    got = got.T if own.over else got.sum(axis=0)
                elif user.over:
                    continue
                else:
                    got = upstream.reshape(-1) @ np.asarray(local.data).reshape(upstream.size, -1)
                assert np.allclose(
                    got.reshape(-1), np.asarray(step.value).reshape(-1), rtol=1e-6, atol=1e-8
                )
                checked += 1
    assert checked


@pytest.mark.parametrize("name", [*SCALARS, *ARRAYS])
def test_every_gradient_on_the_way_agrees_with_the_oracle(name: str) -> None:
    for one in shipped_derivation(name).passes:
        if one.first is None:
            assert all(step.verified is not None and step.verified.ok for step in one.steps)


def test_the_last_step_has_the_form_of_the_answer() -> None:
    found = shipped_derivation("ex3")
    answer = next(a for a in found.answers if a.question.text == "dJ/dW1")
    assert steps(found)["W1"].collected == answer.symbolic


def test_what_is_shared_by_the_examples_is_summed_over_them() -> None:
    path = wire(derivation_of(NETWORK), "W", "z")
    assert unparse(path.product.symbolic) == "sum(dJ_dz @ x.T, i)"
    said = [text_line(line, derivation_of(NETWORK).names) for line in path.because]
    assert said == [
        "∂J/∂W must have the shape of W, h × d; ∂J/∂z is h × 1 and xᵀ is 1 × d, so it is the outer product, column times row",
        "the transpose, because x itself is d × 1: without the transpose the product does not conform",
        "W is the same for all m examples: what every example hands back is added up, the sum over i",
    ]


def test_a_mask_is_entry_by_entry() -> None:
    found = derivation_of(NETWORK)
    path = wire(found, "z", "a")
    assert unparse(path.product.symbolic) == "dJ_da*step(z)"
    assert text_line(path.because[0], found.names).endswith(
        "multiplied entry by entry, not as matrices"
    )
    assert path.shapes is not None
    assert (
        text_line((path.shapes,), found.names) == "∂J/∂a  ∘  1[z > 0]  →  h × 1\nh × 1      h × 1"
    )


def test_what_is_stretched_is_added_up_along_the_axis() -> None:
    path = wire(shipped_derivation("batch-normalisation"), "beta", "Y")
    assert plain_line(path.because[-1]).startswith("beta is repeated along an axis of length m")


def test_a_path_on_which_nothing_comes_back_says_so() -> None:
    path = wire(shipped_derivation("batch-normalisation"), "mu", "v")
    assert plain_line(path.because[0]).startswith("nothing comes back on this path")


def test_the_operations_of_a_definition_one_by_one() -> None:
    found = derivation_of("{expression: 'f = sin(x^2) * exp(-x)', values: {x: 1}}")
    (path,) = steps(found)["x"].paths
    gates = {
        (gate.operation, unparse(gate.operand)): gate.local and unparse(gate.local)
        for gate in path.gates
    }
    assert gates == {
        ("mul", "sin(x^2)"): "exp(-x)", ("mul", "exp(-x)"): "sin(x^2)", ("exp", "-x"): "exp(-x)", ("neg", "x"): "-1",
        ("sin", "x^2"): "cos(x^2)", ("pow", "x"): "2*x",
    }  # fmt: skip
    assert sum(gate.operand == Name("x") for gate in path.gates) == 2


def test_entries_behind_the_matrix_rule() -> None:
    path = wire(shipped_derivation("ex3", "full"), "W1", "z1")
    found = path.entries
    assert found is not None
    assert found.definition is not None
    assert (unparse(found.definition.symbolic), found.definition.free) == (
        "b1[k] + sum(x[a]*W1[k, a], a)",
        ("k",),
    )
    assert (unparse(found.local.symbolic), found.local.free) == (
        "where(k == p, x[q], 0)",
        ("k", "p", "q"),
    )
    assert (unparse(found.product.symbolic), found.product.free) == (
        "sum(x[q]*dJ_dz1[p], i)",
        ("p", "q"),
    )


def test_a_second_derivative_differentiates_the_first() -> None:
    found = shipped_derivation("second-derivative-sigmoid")
    one = found.passes[-1]
    assert one.first is not None
    assert (one.of, one.first[0].text, unparse(one.first[1].expr)) == ("g", "da/dz", "a*(1 - a)")
    assert [(step.quantity, step.verified.ok) for step in one.steps if step.verified] == [
        ("a", True),
        ("z", True),
    ]


def test_a_first_derivative_is_a_quantity_with_rules_of_its_own() -> None:
    """∂f/∂x, here g, is differentiated once for all questions about it; each step has its rules and is checked."""
    found = shipped_derivation("hessian-two-variables")
    assert [one.of for one in found.passes] == ["f", "g", "h"]
    (path,) = next(step for step in found.passes[1].steps if step.quantity == "y").paths
    assert (path.through, {rule.operation for rule in path.rules}) == (
        "g",
        {"sub", "add", "pow", "mul"},
    )
    assert all(step.verified and step.verified.ok for one in found.passes for step in one.steps)


@pytest.mark.parametrize(
    "questions", ["d2L/dx2, d2L/dxdW", "d2L/dWdx, d2z/dx2", "'d2L/dxdW[0, 1, 2]'"]
)
@pytest.mark.parametrize("given", ["[1, -2, 3]", "G", "1"])
def test_second_derivatives_of_arrays_are_checked_step_by_step(given: str, questions: str) -> None:
    """An upstream gradient that a first derivative holds is an input of what is differentiated again."""
    text = f"""
expression: |
  y = W @ x
  z = tanh(y)
variables: {{W: [n, n], x: [n]}}
upstream: {{dL/dz: {given}}}
sizes: {{n: 3}}
seed: 1
questions: [{questions}]
"""
    again = [one for one in derivation_of(text).passes if one.first is not None]
    assert again
    for one in again:
        assert all(step.verified is not None and step.verified.ok for step in one.steps)
        assert all(path.rules for step in one.steps for path in step.paths)


def test_a_second_derivative_that_is_zero_by_convention_has_no_steps() -> None:
    """By an intermediate quantity and what it is computed from: u is held while x varies, and the other way round."""
    found = derivation_of(
        "{expression: 'u = x^2\n\nf = sin(u) * x', values: {x: 2}, questions: [d2f/dudx, d2f/du2]}"
    )
    assert [(one.of, [step.quantity for step in one.steps]) for one in found.passes][1:] == [
        ("g", ["u"])
    ]


def test_what_is_done_to_a_gradient_is_named() -> None:
    """δ₁ δ₂ of seed 3: put in, multiplied out, cancelled."""
    step = steps(shipped_derivation("ex3", "full"))["z2"]
    assert step.put_in is not None
    assert step.collected is not None
    assert unparse(step.put_in) == "((1 - y)/(1 - yhat) - y/yhat)/m*(yhat*(1 - yhat))"
    assert unparse(step.collected) == "(yhat - y)/m"
    done = [(found.what, [unparse(part) for part in found.parts]) for found in step.rewritings]
    assert done == [("multiplied out", []), ("cancel", ["1 - yhat", "yhat"])]


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("x*a*(1 - a)", "(1 - a)*x*a", []),
        ("-(1/m)*(a - b)", "(b - a)/m", []),
        ("a/b*b", "a", ["cancels b"]),
        ("2*x + 3*x*y - x", "x + 3*x*y", ["like terms collected"]),
        ("x*y + x*z", "x*(y + z)", ["what the terms share is drawn out in front"]),
        ("x*(y + z) + z*x", "x*y + 2*(z*x)", ["like terms collected"]),
        ("x/a + y/a", "(x + y)/a", ["what the terms share is drawn out in front"]),
        ("p*(x - mu)/sigma", "p*xhat", ["read back in the place of what defines it xhat"]),
    ],
)
def test_what_lies_between_two_forms(before: str, after: str, done: list[str]) -> None:
    found = rewritings(parse(before), parse(after))
    assert [" ".join([item.what, *map(unparse, item.parts)]) for item in found] == done


def test_a_convention_is_said_where_it_is_needed() -> None:
    (path,) = [
        path for path in steps(shipped_derivation("relu-kink"))["x"].paths if path.through == "a"
    ]
    assert [plain_line(line) for line in path.because] == [
        "here x is 0: relu'(0) = 0 by convention"
    ]


def test_a_gradient_under_another_name_is_not_written_twice() -> None:
    """GS is ∂L/∂S: GS K/√d after (∂L/∂S) K/√d says nothing."""
    found = steps(shipped_derivation("attention"))
    assert (found["Q"].collected, found["Q"].where, found["K"].collected) == (None, (), None)


def test_only_one_answer_along_its_paths() -> None:
    found = shipped_derivation("ex2", only="dalpha/dx0")
    assert found.asked == "dalpha/dx0"
    assert [step.quantity for one in found.passes for step in one.steps] == ["z", "x0"]
    assert [answer.question.text for answer in found.answers] == ["dalpha/dx0"]
    named = shipped_derivation("ex3", only="delta4")
    assert [step.quantity for one in named.passes for step in one.steps] == ["z1"]


def test_the_literal_product_of_a_chain_and_what_conforms() -> None:
    """Seed 3: δ₁ δ₂ δ₃ δ₄ δ₅ has the wrong shape, δ₁ δ₂ (δ₃ᵀ ∘ δ₄) δ₅ the right one."""
    (one,) = shipped_derivation("ex3").assemblies
    assert [factor.name for factor in one.factors] == [
        "delta1",
        "delta2",
        "delta3",
        "delta4",
        "delta5",
    ]
    assert [tuple(map(str, factor.shape)) for factor in one.factors] == [
        ("1", "1"),
        ("1", "1"),
        ("1", "D_a1"),
        ("D_a1", "1"),
        ("1", "D_x"),
    ]
    assert one.literal is not None
    assert (tuple(map(str, one.literal)), tuple(map(str, one.shape))) == (
        ("1", "D_x"),
        ("D_a1", "D_x"),
    )
    assert unparse(one.product) == "sum(delta1*delta2*delta3.T*delta4 @ delta5, i)"


def test_an_input_without_a_value_leaves_the_steps_symbolic() -> None:
    found = derivation_of("{expression: 'f = x * y', variables: [x, y]}")
    assert steps(found)["x"].value is None
    assert unparse(steps(found)["x"].total.symbolic) == "y"


def test_what_is_only_compared_hands_nothing_back_and_says_why() -> None:
    (path,) = steps(
        derivation_of("{expression: 'f = where(y > 1, 2*x, x)', values: {x: 3, y: 2}}")
    )["y"].paths
    assert [rule.sentence for rule in path.rules] == ["a comparison has no gradient"]
    assert path.because == ()
