"""The derivation as data, step by step."""

from __future__ import annotations

from gradcalc.language.parser import unparse
from gradcalc.report.lines import plain_line
from helpers.derivations import derivation_of, shipped_derivation, steps, wire


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


def test_an_input_without_a_value_leaves_the_steps_symbolic() -> None:
    found = derivation_of("{expression: 'f = x * y', variables: [x, y]}")
    assert steps(found)["x"].value is None
    assert unparse(steps(found)["x"].total.symbolic) == "y"
