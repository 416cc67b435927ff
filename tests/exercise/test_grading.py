"""The key `grading`, and wrong answers that an author expects."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gradcalc.exercise.load import parse_exercise
from gradcalc.exercise.model import Grading
from gradcalc.language.errors import GradcalcError

HEAD = "expression: f = x^2\n"


def test_a_policy_is_read_key_by_key() -> None:
    text = HEAD + (
        "grading:\n  tolerance: {relative: 1/100}\n  digits: 3\n  entries: all\n"
        "  mistakes: {sign: 0.5, missing-mean: 1/4}\n  carry: 0\n  layouts: any\n  hints: where\n"
    )
    found = parse_exercise(text).grading
    assert found == Grading(
        relative=Fraction(1, 100),
        digits=3,
        entries="all",
        mistakes={"sign": Fraction(1, 2), "missing-mean": Fraction(1, 4)},
        carry=Fraction(0),
        layouts="any",
        hints="where",
    )
    assert parse_exercise(HEAD).grading == Grading()
    assert parse_exercise(HEAD + "grading: {digits: null}\n").grading.digits is None


def test_a_question_says_what_an_answer_may_be_and_which_mistakes_it_expects() -> None:
    text = HEAD + (
        "questions:\n- ask: df/dx\n  answer: both\n  mistakes:\n"
        "  - {answer: x, say: The 2 is missing., points: 0.5}\n"
    )
    (question,) = parse_exercise(text).questions
    assert question.answer == "both"
    (known,) = question.mistakes
    assert (known.answer.value, known.say, known.points) == ("x", "The 2 is missing.", 0.5)


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("grading: {carry: 2}", 18, "`2` is not a share, between 0 and 1", None),
        ("grading: {carry: x}", 18, "`x` is not a number", None),
        ("grading: {mistakes: {sgin: 1}}", 22, "there is no mistake `sgin`", "did you mean sign?"),
        ("grading: {tolerance: {relative: -1}}", 33, "`-1` is not a number of at least 0", None),
        ("grading: {digits: 0}", 19, "`digits` must be between 1 and 30", None),
        ("grading: {hint: full}", 11, "unknown key `hint` in `grading`", "did you mean hints?"),
        ("grading: {columns: lose}", 20, "`grading.columns` cannot be `lose`", "loose?"),
        ("questions: [{ask: df/dx, answer: number}]", 34, "`questions[0].answer` cannot be", None),
        ("questions: [{ask: df/dx, mistakes: [{answer: x}]}]", 37, "the key `questions[0]", None),
    ],
)
def test_mistakes_in_a_policy_are_told_at_their_place(
    text: str, column: int, message: str, hint: str | None
) -> None:
    with pytest.raises(GradcalcError) as found:
        parse_exercise(HEAD + text + "\n")
    problem = found.value.problems[0]
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (2, column)
    assert problem.message.startswith(message)
    assert hint is None or hint in str(problem.hint)
