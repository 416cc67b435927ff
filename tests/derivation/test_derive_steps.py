"""The derivation as data, step by step."""

from __future__ import annotations

from gradcalc.language.parser import unparse
from gradcalc.report.lines import plain_line
from helpers.derivations import derivation_of, shipped_derivation, steps, wire


def test_the_first_exercise_step_by_step() -> None:
    found = shipped_derivation("ex1")
    assert [q.name for q in found.forward] == ["x", "y", "z", "q", "f"]
    (one,) = found.passes
    assert (one.of, one.loss) == ("f", False)
    assert [step.quantity for step in one.steps] == ["q", "z", "x", "y"]
    path = wire(found, "x", "q")
    assert (path.upstream, path.upstream_value, path.local_value) == ("df_dq", -4.0, 1.0)
    assert steps(found)["x"].value == -4.0
    assert [rule.operation for rule in path.rules] == ["add"]


CHAIN = """
expression: |
  u = x*y
  v = u + y
  f = u/v
  h = x + z
values: {x: 1, y: 2, z: 3}
"""


def shown(text: str) -> list[tuple[str, list[str]]]:
    return [(one.of, [step.quantity for step in one.steps]) for one in derivation_of(text).passes]


def test_only_what_a_question_needs_is_derived_the_first_asked_first() -> None:
    assert shown(CHAIN + "questions: [df/dv, df/dy]") == [("f", ["v", "u", "y"])]
    assert shown(CHAIN + "questions: [df/du, df/dv]") == [("f", ["v", "u"])]
    assert shown(CHAIN + "questions: [du/dy, df/dx]") == [("f", ["v", "u", "x"]), ("u", ["y"])]
    assert shown(CHAIN + "questions: [du/dx, df/dx]") == [("f", ["v", "u", "x"])]
    assert shown(CHAIN + "questions: [shape u, value f]") == []


def test_without_questions_everything_is_derived_numerator_before_denominator() -> None:
    text = CHAIN.replace("  h = x + z\n", "").replace(", z: 3", "")
    assert shown(text) == [("f", ["v", "u", "x", "y"])]
    quotient = "{expression: 'u = x^2\n\nv = x + 1\n\nf = u/v', values: {x: 1}}"
    assert shown(quotient) == [("f", ["u", "v", "x"])]


def test_an_upstream_gradient_is_the_start_only_where_the_loss_is_asked_about() -> None:
    assert shown(CHAIN + "upstream: {dL/df: 2}\nquestions: [df/dx]") == [("f", ["v", "u", "x"])]
    assert shown(CHAIN + "upstream: {dL/df: 2}\nquestions: [dL/dx]") == [
        ("L", ["f", "v", "u", "x"])
    ]


def test_what_a_gradient_means_is_computed() -> None:
    found = shipped_derivation("ex1").meaning
    assert found is not None
    assert (found.of, found.by, found.step) == ("f", "y", 0.01)
    assert found.change == -0.04
    steep = derivation_of("{expression: 'f = exp(200*x)', values: {x: 0}, questions: [df/dx]}")
    assert steep.meaning is not None
    assert steep.meaning.step == 0.0001
    kink = derivation_of("{expression: 'f = abs(x)', values: {x: -0.00001}, questions: [df/dx]}")
    assert kink.meaning is None


def test_contributions_of_all_paths_are_added() -> None:
    found = shipped_derivation("diamond")
    step = steps(found)["x"]
    assert [path.through for path in step.paths] == ["u", "v"]
    assert sum(path.value for path in step.paths) == step.value == 14.0


def test_a_gradient_given_in_the_middle_is_one_of_the_contributions() -> None:
    step = steps(shipped_derivation("upstream-inside"))["h"]
    assert [path.through for path in step.paths] == [None, "y"]
    assert sum(path.value for path in step.paths) == step.value


def test_the_last_step_has_the_form_of_the_answer() -> None:
    found = shipped_derivation("ex3")
    answer = next(a for a in found.answers if a.question.text == "dJ/dW1")
    assert steps(found)["W1"].collected == answer.symbolic


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


def test_a_convention_is_said_where_it_is_needed() -> None:
    (path,) = [
        path for path in steps(shipped_derivation("relu-kink"))["x"].paths if path.through == "a"
    ]
    assert [plain_line(line) for line in path.because] == [
        "here x is 0: relu'(0) = 0 by convention; there is no derivative at this point"
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


def test_an_input_without_a_value_leaves_the_steps_symbolic() -> None:
    found = derivation_of("{expression: 'f = x * y', variables: [x, y]}")
    assert steps(found)["x"].value is None
    assert unparse(steps(found)["x"].total.symbolic) == "y"
