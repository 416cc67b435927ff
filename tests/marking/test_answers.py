"""Files of answers, and claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcalc.exercise.model import Question
from gradcalc.language.errors import GradcalcError
from gradcalc.marking.answers import Finder, Submission, answers_from, claims, read_answers

QUESTIONS = (
    Question("dJ/dyhat", "derivative", "J", ("yhat",), "delta1"),
    Question("dJ/dW1", "derivative", "J", ("W1",)),
    Question("shape W1", "shape", "W1"),
    Question("d2J/dW12", "second", "J", ("W1", "W1")),
)


def read(tmp_path: Path, name: str, text: str) -> list[Submission]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_answers(str(path), QUESTIONS)


def texts(found: Submission) -> dict[int, str]:
    return {number: given.text.value for number, given in found.answers.items() if given.text}


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("delta1", 0),
        ("dJ/dyhat", 0),
        ("∂J/∂ŷ".replace("ŷ", "yhat"), 0),
        (" dJ / dW1 ", 1),
        ("shape  W1", 2),
        ("d²J/dW12".replace("d²", "d2"), 3),
        ("4", 3),
        ("5", None),
        ("0", None),
        ("dJ/dW2", None),
        ("delta1 = dJ/dyhat", 0),
    ],
)
def test_a_question_is_found_by_name_text_and_number(word: str, number: int | None) -> None:
    assert Finder(QUESTIONS).find(word) == number


YAML = """\
student: s0421
variant: 17
answers:
  delta1: (yhat - y)/m
  ∂J/∂W1: {formula: X.T, value: [[1, 2], [3, 4]]}
  shape W1: [D_a1, D_x]
  4: ?
"""


def test_yaml(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "a.yaml", YAML)
    assert (found.student, found.variant) == ("s0421", 17)
    assert texts(found) == {0: "(yhat - y)/m", 1: "X.T", 2: "[D_a1, D_x]"}
    value = found.answers[1].value
    assert value is not None
    assert value.value == "[[1, 2], [3, 4]]"
    assert found.answers[3].text is None


def test_json_is_read_as_it_is_written(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "a.json", '{"answers": {"delta1": "z", "dJ/dW1": 1e-3, "3": null}}')
    assert texts(found) == {0: "z", 1: "1e-3"}
    assert found.answers[2].text is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_long_tables_hold_many_students(tmp_path: Path, separator: str) -> None:
    rows = [
        ["student", "question", "answer", "value"],
        ["s1", "delta1", "z", ""],
        ["s2", "delta1", "1e-3", "2"],
        ["s1", "2", "=z", ""],
        ["s2", "dJ/dW1", "no", ""],
    ]
    text = "\ufeff" + "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    one, two = read(tmp_path, "a.csv", text)
    assert (one.student, texts(one)) == ("s1", {0: "z", 1: "=z"})
    assert (two.student, texts(two)) == ("s2", {0: "1e-3", 1: "no"})
    assert two.answers[0].value is not None


def test_wide_tables_have_a_column_a_question(tmp_path: Path) -> None:
    text = 'student,delta1,"shape W1",dJ/dW1\ns1,z,"[D, 3]",2024-01-01\ns2,,?,\n'
    one, two = read(tmp_path, "a.csv", text)
    assert texts(one) == {0: "z", 2: "[D, 3]", 1: "2024-01-01"}
    assert texts(two) == {2: "?"}


@pytest.mark.parametrize(
    ("name", "text", "line", "column", "message", "hint"),
    [
        ("a.yaml", "answers:\n  dJ/dW2: 1\n", 2, 3, "there is no question `dJ/dW2`", "dJ/dW1?"),
        ("a.yaml", "answers:\n  delta1: 1\n  1: 2\n", 3, 3, "two answers to dJ/dyhat", None),
        ("a.yaml", "answer: {delta1: 1}\n", 1, 1, "unknown key `answer`", "answers?"),
        ("a.yaml", "delta1: 1\n", 1, 1, "unknown key `delta1`", "under the key `answers`"),
        ("a.yaml", "answers: {delta1: {formla: 1}}\n", 1, 20, "unknown key `formla`", "formula?"),
        ("a.yaml", "student: a b\nanswers: {}\n", 1, 10, "this is no student", None),
        ("a.yaml", "variant: x\nanswers: {}\n", 1, 10, "a variant is a whole number", None),
        ("a.yaml", "answers: 3\n", 1, 10, "`answers` must be a mapping", None),
        ("a.yaml", "- 3\n", 1, 1, "the file has no keys", None),
        ("a.csv", "student,question,answer\ns1,dJ/dW2,1\n", 2, 4, "there is no question", None),
        ("a.csv", "student,question,answer\ns1,1,1\ns1,delta1,2\n", 3, 1, "two answers to", None),
        ("a.csv", "student,question,anwser\n", 1, 9, "there is no question `question`", None),
        ("a.csv", "student,dJ/dW2\n", 1, 9, "there is no question `dJ/dW2`", "dJ/dW1?"),
        ("a.csv", "student,delta1,1\n", 1, 1, "two columns for dJ/dyhat", None),
        ("a.csv", "student,delta1\ns1,1\ns1,2\n", 3, 1, "two rows for s1", None),
        ("a.csv", "student,delta1\na b,1\n", 2, 1, "this is no student", None),
    ],
)
def test_mistakes_are_told_at_their_place(
    tmp_path: Path, name: str, text: str, line: int, column: int, message: str, hint: str | None
) -> None:
    with pytest.raises(GradcalcError) as found:
        read(tmp_path, name, text)
    problem = found.value.problems[0]
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (line, column)
    assert problem.message.startswith(message)
    assert hint is None or hint in str(problem.hint)


def test_an_answer_knows_its_place(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "a.csv", "student,question,answer\ns1,delta1,x y\n")
    text = found.answers[0].text
    assert text is not None
    assert (text.place(2).line, text.place(2).column) == (2, 13)


def test_claims_are_cut_behind_the_question() -> None:
    found = claims(["dJ/dW1=where(x == 0, 1, 2)", "delta1 = dJ/dyhat = z", "3=[D]"], QUESTIONS)
    assert {n: g.text.value.strip() for n, g in found.items() if g.text} == {
        1: "where(x == 0, 1, 2)",
        0: "dJ/dyhat = z",
        2: "[D]",
    }
    assert all(given.claimed for given in found.values())
    for words, message in (
        (["dJ/dW2=1"], "there is no question `dJ/dW2`"),
        (["z"], "an answer is given as QUESTION=ANSWER"),
        (["1=z", "delta1=z"], "two answers to dJ/dyhat"),
    ):
        with pytest.raises(GradcalcError, match=message):
            claims(words, QUESTIONS)


def test_answers_from_python() -> None:
    data = {"delta1": "z", 2: -4, "shape W1": ["D", 3], 4: {"formula": "z", "value": 0.5}}
    found = answers_from(data, QUESTIONS)
    assert texts(found) == {0: "z", 1: "-4", 2: "[D, 3]", 3: "z"}
