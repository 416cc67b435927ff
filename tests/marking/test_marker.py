"""Marked answers: labelled ones, policies, forms, points, and what is said of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.exercise.model import Grading
from gradcalc.exercise.source import Text
from gradcalc.language.parser import unparse
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given, Verdict
from helpers.paths import EXERCISES

HERE = Path(__file__).parent
LABELLED = HERE / "labelled"
WANT = {"equal": "right", "different": "wrong"}
NAME = re.compile(r"[^\W\d]\w*")
WHERE, QUICK = Grading(hints="where"), Grading(hints="verdict")


@cache
def usual(text: str) -> Marker:
    return marker(text, WHERE)


@cache
def quick(text: str) -> Marker:
    """One that looks for no mistakes."""
    return marker(text, QUICK)


def marker(text: str, policy: Grading | None = None) -> Marker:
    """The marker of an exercise: a file, or its content as JSON."""
    if policy is None:
        return usual(text)
    read = exercise_from(json.loads(text)) if text.startswith("{") else load_exercise(text)
    return Marker(read, policy)


def check(of: Marker, answer: str, question: int | str = 0, **given: Any) -> Verdict:
    texts = [item.text for item in of.questions]
    number = question if isinstance(question, int) else texts.index(question)
    (verdict,) = of.mark({number: Given(Text(answer), claimed=True, **given)}, only=True)
    return verdict


def scalars(text: str, found: dict[str, list[str]]) -> None:
    for match in NAME.finditer(text):
        called = text[match.end() :].lstrip().startswith("(")
        if not called and match[0] not in ("pi", "e"):
            found[match[0]] = []


def pair(line: str) -> tuple[str, str, str, str]:
    """(the exercise as JSON, the answer, the verdict that is right, the kind)."""
    reference, answer, label, kind = [*line.split("\t"), ""][:4]
    made = re.search(r"f=(\S+) wrt=(\S+)", kind)
    known: dict[str, list[str]] = {}
    for text in (reference, answer if label != "invalid" else "", made[1] if made else ""):
        scalars(text, known)
    exercise: dict[str, Any] = {"expression": f"g = u9*({reference})", "questions": ["dg/du9"]}
    exercise["variables"] = known | {"u9": []}
    if made and "f" not in known:
        exercise = {"expression": f"f = {made[1]}", "questions": [f"df/d{made[2]}"]}
        exercise["variables"] = known
    return json.dumps(exercise), answer, WANT.get(label, label), kind


EVERY = [10, pytest.param(1, marks=pytest.mark.slow)]


@pytest.mark.parametrize("every", EVERY)
def test_labelled_scalar_answers(every: int) -> None:
    count: Counter[str] = Counter()
    wrong = []
    for line in (LABELLED / "pairs.tsv").read_text("utf-8").splitlines()[::every]:
        exercise, answer, verdict, _ = pair(line)
        if not answer.strip():
            continue
        found = check(quick(exercise), answer)
        count[found.verdict] += 1
        if found.verdict != verdict:
            wrong.append((line, found.verdict, found.message))
    assert wrong == []
    if every == 1:
        assert count == {"right": 164, "wrong": 191, "invalid": 48}


@pytest.mark.parametrize("every", EVERY)
def test_labelled_matrix_answers(every: int) -> None:
    wrong = []
    for line in (LABELLED / "matrix_pairs.tsv").read_text("utf-8").splitlines()[::every]:
        name, question, answer, verdict, slug = line.split("\t")
        found = check(marker(str(HERE / "exercises" / f"{name}.yaml")), answer, question)
        if found.verdict != verdict:
            wrong.append((line, found.verdict, found.message))
        if slug == "shape":  # both shapes are said
            assert " is " in found.message or "indices on" in found.message, found.message
        if found.decided is not None and found.decided.by == "shape" and found.decided.shapes:
            got, want = found.decided.shapes
            said = f"Wrong shape: yours is {got}, the answer is {want}."
            assert found.message.startswith(said)
    assert wrong == []


@pytest.mark.parametrize("name", ["ex1", "ex2", "ex3", "softmax-by-entries", "norms-three"])
def test_printed_answers_are_right(name: str) -> None:
    of = marker(str(EXERCISES / f"{name}.yaml"))
    checked = 0
    for number in range(len(of.questions)):
        answer = of.printed.symbolic(number, "matrix")
        assert answer is not None
        forms = [answer.symbolic, answer.expanded, answer.stacked and answer.stacked.symbolic]
        forms.append(answer.shorthand and answer.shorthand.symbolic)
        for form in forms:
            if form is not None:
                found = check(of, unparse(form), number, formula_only=answer.kind != "shape")
                assert found.verdict == "right", (answer.question.text, unparse(form))
                checked += 1
    assert checked >= 6


def test_the_point_that_proves_wrong_can_be_computed_again() -> None:
    found = check(marker('{"expression": "f = x^2*y", "questions": ["df/dx"]}'), "2*x")
    assert found.decided is not None
    point = {name: Fraction(text) for name, text in (found.decided.point or {}).items()}
    assert 2 * point["x"] * point["y"] != 2 * point["x"]


EX1 = str(EXERCISES / "ex1.yaml")


def test_zero_is_a_number_where_a_number_is_known() -> None:
    """Of an array it is the formula 0, an array of zeros."""
    exercise = {
        "expression": {"v": "x*y + z", "w": "x*c"},
        "variables": {"c": ["n"]},
        "values": {"x": 2, "y": -3, "z": 6, "c": [0, 1]},
        "questions": ["value v", "dv/dx", "dw/dy", "dw/dx"],
    }
    of = marker(json.dumps(exercise))
    assert check(of, "0", "value v").right
    assert check(of, "0", "dv/dx").verdict == "wrong"
    assert check(of, "0", "dw/dy").right
    assert check(of, "0", "dw/dx").verdict == "wrong"


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("dJ/dg", ["1", "2/2", "[1, 1, 1]", "ones(N)", "g/g"], ["2", "[1, 1, 2]", "N", "0"]),
        ("dK/dg", ["1/N", "1/3", "0.3333", "[1/3, 1/3, 1/3]"], ["1", "1/2", "1/n"]),
        ("dJ/df", ["2*f", "2*F", "[6, 6, 12]"], ["6", "12", "2"]),
        ("dJ/dx", ["2*f*w", "2*outer(w, F)"], ["1", "6", "0"]),
        ("value h", ["5", "[5, 5, 5]"], ["4"]),
    ],
)
def test_one_number_stands_for_those_of_all_examples(
    question: str, right: list[str], wrong: list[str]
) -> None:
    """As it is printed for each example, whether it is written as a formula or as a number."""
    exercise = {
        "examples": {"i": "N"},
        "expression": ["f = w @ x", "g = f^2", "J = sum(g, i)", "K = 1/N*sum(g, i)", "h = 5 + 0*f"],
        "variables": {"w": ["n"], "x": {"shape": ["n"], "each": "i"}},
        "sizes": {"N": 3, "n": 2},
        "values": {"w": [1, 2], "x": [[1, 1, 2], [1, 1, 2]]},
        "questions": ["dJ/dg", "dK/dg", "dJ/df", "dJ/dx", "value h"],
    }
    of = marker(json.dumps(exercise))
    assert {text: check(of, text, question).verdict for text in right} == dict.fromkeys(
        right, "right"
    )
    assert {text: check(of, text, question).verdict for text in wrong} == dict.fromkeys(
        wrong, "wrong"
    )


def test_a_number_is_judged_as_a_number_and_a_formula_as_a_formula() -> None:
    of = marker(EX1)  # df/dx is z, and z is -4
    assert check(of, "-4", "df/dx").reading.kind == "value"
    assert check(of, "-4", "df/dx").right
    assert check(of, "-4.003", "df/dx").right
    assert check(of, "-4.005", "df/dx").verdict == "wrong"
    assert check(of, "z", "df/dx").right
    assert check(of, "q", "df/dx").verdict == "wrong"
    assert check(of, "-4", "df/dx", formula_only=True).verdict == "wrong"
    without = marker('{"expression": "f = x/3", "questions": ["df/dx"]}')
    assert check(without, "1/3").right
    rough = check(without, "0.333")
    assert rough.verdict == "wrong"
    assert "0.333 is not 1/3" in rough.message


def test_both_count_half_each() -> None:
    of = marker(EX1)
    both = Given(Text("z"), Text("4"))
    (found,) = of.mark({4: both}, only=True)
    assert (found.verdict, found.points, found.of) == ("wrong", 1.0, 2.0)
    assert found.message == "Formula: Right. Value: Wrong."
    (found,) = of.mark({4: Given(Text("z"), Text("-4"))}, only=True)
    assert (found.verdict, found.points) == ("right", 2.0)


ARRAY = json.dumps(
    {
        "expression": "f = sum(x^2)",
        "questions": [{"ask": "df/dx", "points": 3}],
        "values": {"x": [1, 2, 3]},
    }
)


def test_arrays_of_numbers_earn_the_share_of_their_right_entries() -> None:
    found = check(marker(ARRAY), "[2, 4, 7]")
    assert (found.verdict, found.points, found.entries) == ("wrong", 2.0, [True, True, False])
    assert found.message == "Wrong. 2 of 3 entries are right."
    assert check(marker(ARRAY), "2 4 6").right
    assert check(marker(ARRAY), "2; 4; 6").right  # a column
    assert check(marker(ARRAY, Grading(entries="all")), "[2, 4, 7]").points == 0
    strict = Grading(columns="strict")
    assert check(marker(ARRAY, strict), "2; 4; 6").decided.by == "shape"  # type: ignore[union-attr]
    assert check(marker(ARRAY), "[2, 4]").message == "Wrong shape: yours is [2], the answer is [3]."


def test_significant_digits_instead_of_a_tolerance() -> None:
    of = '{"expression": "f = x^3", "questions": ["df/dx"], "values": {"x": "1/7"}}'  # 3/49
    three, exact = Grading(digits=3), Grading(relative=Fraction(0), absolute=Fraction(0))
    assert check(marker(of, three), "0.0612").right
    assert check(marker(of, three), "0.0611").verdict == "wrong"
    assert check(marker(of, exact), "0.0612").verdict == "wrong"
    assert check(marker(of, exact), "3/49").right


def test_domain_and_layout_are_for_the_policy_to_say() -> None:
    of = '{"expression": "f = x^2/2", "questions": ["df/dx"]}'
    assert "undefined where the answer is defined" in check(marker(of), "exp(log(x))").message
    assert check(marker(of, Grading(domain="common")), "exp(log(x))").right
    of = json.dumps(
        {
            "expression": "y = W @ x",
            "questions": ["dy/dx"],
            "variables": {"W": ["m", "n"], "x": ["n"]},
        }
    )
    assert check(marker(of), "W.T").message == "Wrong shape: yours is n×m, the answer is m×n."
    found = check(marker(of, Grading(layouts="any")), "W.T")
    assert found.right
    assert found.message == (
        "Right. It is written in denominator layout; the exercise uses gradient layout."
    )


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ("none", ""),
        ("verdict", "Wrong."),
        ("where", "Wrong: it differs from the answer. No entry is right."),
    ],
)
def test_hints_say_no_more_than_the_policy_allows(hints: str, message: str) -> None:
    found = check(marker(ARRAY, Grading(hints=hints)), "3*x")
    assert found.message == message
    assert found.mistakes == ()
    assert (found.entries is None) == (hints != "where")


def test_mistakes_that_the_author_expects() -> None:
    asked = {"ask": "df/dx", "points": 2}
    known = {"answer": "x", "say": "The 2 is missing.", "points": "0.25"}
    of = marker(json.dumps({
        "expression": "f = x^2", "questions": [{**asked, "mistakes": [known]}],
    }), Grading())  # fmt: skip
    found = check(of, "x*1")
    assert (found.verdict, found.points, found.message) == ("wrong", 0.5, "The 2 is missing.")
    assert found.mistake == "author"


def test_shapes_in_symbols_and_in_numbers() -> None:
    of = marker(str(EXERCISES / "ex3.yaml"))
    for answer in (
        "[D_a1, D_x]",
        "D_a1 x D_x",
        "D_a1×D_x",
        "(D_a1, D_x)",
        "4x3".replace("x", " x "),
    ):
        assert check(of, answer, "shape W1").right, answer
    assert check(of, "[D_x, D_a1]", "shape W1").verdict == "wrong"
    assert check(of, "[D_a1]", "shape b1").right
    assert check(of, "D_x×m", "shape X").right
    found = check(of, "[D_z, D_x]", "shape W1")
    assert found.verdict == "invalid"
    assert "no size of the exercise (did you mean D_x?)" in found.message


def test_names_that_an_answer_may_use() -> None:
    of = marker(str(HERE / "exercises" / "relulayer.yaml"))
    assert check(of, "dL/dA * (Z > 0)", "dL/dZ").right
    assert check(of, "G * step(Z)", "dL/dZ").right
    assert check(of, "X.T @ dL/dZ", "dL/dW").right  # asked above
    assert check(of, "dL/dZ", "dL/dZ").verdict == "invalid"
    assert check(of, "dL/dW", "dL/dZ").verdict == "invalid"  # asked below
    named = marker(json.dumps({
        "expression": "q = x*y\nf = q^2", "questions": ["d1 = df/dq", "df/dx", "value q"],
    }))  # fmt: skip
    assert check(named, "d1*y", 1).right
    assert check(named, "df/dq * y", 1).right
    assert check(named, "d1", 0).verdict == "invalid"
    assert check(named, "x*y", 2).right
    assert check(named, "q", 2).message.startswith("`q` is what is asked for")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("(A + A.T)x", "invalid"),  # @ or *
        ("(A + A.T)(x)", "invalid"),
        ("(A + A.T) @ x", "right"),
        ("2(A @ x)/2 + A.T @ x", "right"),
        ("sum((A[i, j] + A[j, i])*x[j], j)", "right"),
        ("(A[q, :] + A[:, q]) @ x", "right"),
        ("I @ x", "invalid"),
    ],
)
def test_products_and_entries_as_they_are_written_by_hand(answer: str, verdict: str) -> None:
    assert check(marker(str(HERE / "exercises" / "quad.yaml")), answer, "df/dx").verdict == verdict


def test_blank_is_no_mistake() -> None:
    of = marker(EX1)
    for text in ("", "  ", "?"):
        (found,) = of.mark({0: Given(Text(text))}, only=True)
        assert (found.verdict, found.points) == ("blank", 0.0)
    assert {found.verdict for found in of.mark({})} == {"blank"}


def test_values_of_a_variant_are_left_to_the_teacher() -> None:
    of = marker(EX1)
    (found,) = of.mark({4: Given(Text("-4"))}, only=True, variant=17)
    assert found.verdict == "undecided"
    (found,) = of.mark({4: Given(Text("z"))}, only=True, variant=17)
    assert found.right


@pytest.mark.parametrize(
    "answer",
    [
        "(" * 3000 + "x" + ")" * 3000,
        "-" * 500 + "x",
        "x" + "**2" * 50,
        "x" + "^x" * 100,
        "9^9^9^9",
        "x^(10^9)",
        "exp(exp(exp(exp(exp(x)))))",
        "eye(10^6)",
        "eye(-1)",
        "zeros(0)",
        "ones(1000, 1000) @ ones(1000, 1000)",
        "kron(kron(kron(W1, W1), kron(W1, W1)), kron(W1, W1))",
        "matrix_power(W1, 10^6)",
        "sum(x[i], i)",
        "x[99999999999]",
        "norm(x, 0)",
        "\x00",
        "\ud800",
        "é" * 100,
        "1" * 50,
        "1e-400",
        "x\ny",
        "tan(pi/2)",
        "__import__('os').getpid()",
        "[[1, 2], [3]]",
        "diag(2)",
        "log(eye(2))",
    ],
)
def test_hostile_answers_are_judged_in_time(answer: str) -> None:
    for file, question in (("twolayer", "dL/dx"), ("quad", "df/dA"), (None, "df/dx")):
        of = quick(str(HERE / "exercises" / f"{file}.yaml") if file else EX1)
        assert check(of, answer, question).verdict in ("invalid", "wrong", "undecided")
