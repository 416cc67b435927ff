"""The page's verdicts beside those of marking: never the opposite, mostly the same, in its words."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.exercise.model import Grading
from gradcalc.exercise.source import Text
from gradcalc.language.parser import Binary, Expr, Num, children, parse, unparse, walk
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import Given, Verdict
from gradcalc.marking.practice import Practice
from gradcalc.render.page.computation import computation
from helpers.page import run
from helpers.paths import EXERCISES, ROOT

MARKING = ROOT / "tests" / "marking"
NAME = re.compile(r"[^\W\d]\w*(?!\w|\s*\()")
Row = tuple[str, int, str]  # an exercise, the number of a question, an answer


@cache
def marker(text: str, hints: str = "full") -> Marker:
    """Of an exercise: a file, or its content as JSON."""
    found = exercise_from(json.loads(text)) if text.startswith("{") else load_exercise(text)
    return Marker(found, Grading(hints=hints))


def both(rows: Iterable[Row], hints: str = "full") -> list[tuple[Row, dict[str, Any], Verdict]]:
    """Each answer with the page's verdict and Python's."""
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row[0], []).append(row)
    cases = []
    for name, answers in by_file.items():
        data = Practice(marker(name, hints)).data()
        data["computation"] = computation(marker(name, hints).asked.graph)
        cases.append(["judge", data, [[number, answer] for _, number, answer in answers]])
    found = []
    for answers, results in zip(by_file.values(), run(cases), strict=True):
        assert isinstance(results, list), results  # else the script has thrown
        for row, result in zip(answers, results, strict=True):
            name, number, answer = row
            (verdict,) = marker(name, hints).mark({number: Given(Text(answer))}, only=True)
            found.append((row, result, verdict))
    return found


def opposite(found: Iterable[tuple[Row, dict[str, Any], Verdict]]) -> list[Any]:
    """Where the page says right for what is not, or wrong for what is right; and what else it
    decides in another way.
    """
    return [
        (row, result["verdict"], verdict.verdict)
        for row, result, verdict in found
        if result["verdict"] not in ("undecided", verdict.verdict)
    ]


def undecided(found: Iterable[tuple[Row, dict[str, Any], Verdict]]) -> list[str]:
    return [row[2] for row, result, _ in found if result["verdict"] == "undecided"]


def scalar_rows(every: int) -> list[Row]:
    rows = []
    for line in (MARKING / "labelled" / "pairs.tsv").read_text("utf-8").splitlines()[::every]:
        reference, answer, label, kind = [*line.split("\t"), ""][:4]
        made = re.search(r"f=(\S+) wrt=(\S+)", kind)
        text = f"{reference} {answer if label != 'invalid' else ''} {made[1] if made else ''}"
        known = {name: [] for name in NAME.findall(text) if name not in ("pi", "e")}
        exercise: dict[str, Any] = {"expression": f"g = u9*({reference})", "questions": ["dg/du9"]}
        exercise["variables"] = known | {"u9": []}
        if made and "f" not in known:
            exercise = {"expression": f"f = {made[1]}", "questions": [f"df/d{made[2]}"]}
            exercise["variables"] = known | {made[2]: []}
        if answer.strip():
            rows.append((json.dumps(exercise), 0, answer))
    return rows


def matrix_rows(path: Path, every: int) -> list[Row]:
    rows = []
    for line in path.read_text("utf-8").splitlines()[::every]:
        name, question, answer, *_ = line.split("\t")
        file = str(MARKING / "exercises" / f"{name}.yaml")
        texts = [item.text for item in marker(file).questions]
        rows.append((file, texts.index(question), answer))
    return rows


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_labelled_scalar_answers(every: int) -> None:
    rows = [row for row in scalar_rows(every) if row[2].strip() != "?"]
    found = both(rows, hints="verdict")
    assert opposite(found) == []
    assert len(undecided(found)) <= 0.02 * len(rows) + 1


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_labelled_matrix_answers(every: int) -> None:
    found = both(matrix_rows(MARKING / "labelled" / "matrix_pairs.tsv", every))
    assert opposite(found) == []
    assert undecided(found) == []
    shapes = [row for row in found if row[2].decided and row[2].decided.by == "shape"]
    # Of what does not fit inside an answer the page says the numbers, Python the names of the sizes.
    wrong = [
        (result["message"][:20], v.message[:20]) for _, result, v in shapes if v.verdict == "wrong"
    ]
    assert len(wrong) >= len(shapes) // 3
    assert [pair for pair in wrong if pair[0] != pair[1]] == []


def test_mistakes_of_matrices_are_told_in_the_same_words() -> None:
    found = both(matrix_rows(MARKING / "matrix_mistakes.tsv", 5))
    assert opposite(found) == []
    same = [
        [one["sentence"] for one in result["mistakes"]] == [one.sentence for one in v.mistakes]
        for _, result, v in found
    ]
    assert sum(same) >= 0.7 * len(same)


def test_mistakes_of_numbers_are_told_in_the_same_words() -> None:
    file = str(EXERCISES / "ex1.yaml")
    answers = ["q", "-z", "2*z", "z/3", "1", "4", "-8", "-40", "-4.01", "f", "-4*pi/180", "3"]
    found = both([(file, 4, answer) for answer in answers])
    assert [result["message"] for _, result, _ in found] == [v.message for _, _, v in found]


def test_what_is_right_for_symmetric_matrices_only() -> None:
    names = {"quad": ("df/dx", "2*A @ x"), "gauss": ("dL/dmu", "P @ (x - mu)")}
    names |= {"trace": ("df/dX", "2*A @ X @ B")}
    rows = []
    for name, (question, answer) in names.items():
        file = str(MARKING / "exercises" / f"{name}.yaml")
        texts = [item.text for item in marker(file).questions]
        rows.append((file, texts.index(question), answer))
    found = both(rows)
    assert [result["message"] for _, result, _ in found] == [v.message for _, _, v in found]
    assert all(result["mistakes"][0]["slug"] == "right-only-if" for _, result, _ in found)


NEAR = ["z + 1e-12*x", "z + exp(-40)", "cos(exp(-20)*x)*z", "z*(1 + exp(-50))", "z + 1e-30",
        "tanh(20 + x^2)*z", "sigmoid(60)*z", "0.9999999999999999*z", "z^(1 + 1e-14)",
        "where(x > 1000, 0, z)", "where(x > 7, 2*z, z)", "z*sqrt(x^2)/abs(x)"]  # fmt: skip


def test_what_doubles_cannot_tell_is_never_right() -> None:
    found = both([(str(EXERCISES / "ex1.yaml"), 4, answer) for answer in NEAR])
    assert opposite(found) == []
    assert [row[2] for row, result, _ in found if result["verdict"] == "right"] == []


THIRD = json.dumps({"expression": "f = x*y/3 + exp(-y)", "questions": ["df/dx", "df/dy"]})


def test_a_long_decimal_is_no_fraction() -> None:
    answers = ["y/3", "0.3333333333*y", "0.33333333333333333333*y", "y*0.5/1.5", "0.333*y"]
    found = both([(THIRD, 0, answer) for answer in answers])
    verdicts = [result["verdict"] for _, result, _ in found]
    assert verdicts == ["right", "wrong", "undecided", "right", "wrong"]
    assert "0.333 is not 1/3" in found[-1][1]["message"]


VALUES = json.dumps(
    {
        "expression": "f = sum(W @ x)",
        "values": {"W": [[1, 2, 3], [4, 5, 6]], "x": [1, -1, 2]},
        "questions": ["df/dW", "df/dx", "value f", {"ask": "df/dx", "answer": "value"}],
    }
)


def test_numbers_and_arrays_of_numbers() -> None:
    rows = [
        (0, "[[1, -1, 2], [1, -1, 2]]"), (0, "1 -1 2; 1 -1 2"), (0, "1 -1 2; 1 -1 3"),
        (0, "1; 2"), (0, "0"), (0, "5"), (0, "[[1, 1], [-1, -1], [2, 2]]"), (1, "5 7 9"),
        (1, "[5, 7, 9.001]"), (1, "[5, 7, 9.1]"), (1, "9 7 5"), (1, "5; 7; 9"), (2, "16"),
        (2, "-16"), (2, "16.2"), (2, "sum(W @ x)"), (2, "f"), (2, "1,5"), (2, "16 = f"),
        (3, "[5, 7, 9]"), (3, "W.T"), (2, "2^4"), (2, "1e400"), (2, "[16"), (0, "ones(2) @ x"),
    ]  # fmt: skip
    found = both([(VALUES, number, answer) for number, answer in rows])
    assert opposite(found) == []
    assert len(undecided(found)) <= 1
    entries = [(result["entries"], v.entries) for _, result, v in found if not v.right]
    assert all(mine == theirs for mine, theirs in entries)


def test_shapes() -> None:
    answers = ["[D_a1, D_x]", "(D_a1, D_x)", "D_a1 x D_x", "D_x×D_a1", "[4, 3]", "[3, 4]", "", "q"]
    found = both([(str(EXERCISES / "ex3.yaml"), 0, answer) for answer in answers])
    assert opposite(found) == []
    assert undecided(found) == []


NETWORK = json.dumps(
    {
        "expression": "z = W @ x + b\nh = tanh(z)\nL = sum((h - t)^2, i)/m",
        "variables": {
            "x": {"shape": ["d"], "each": "i"},
            "t": {"shape": ["k"], "each": "i"},
            "W": ["k", "d"],
            "b": ["k"],
        },
        "examples": {"i": "m"},
        "questions": [{"ask": "dL/dz", "name": "delta"}, "dL/dW", "dL/db", "dL/dx"],
    }
)  # fmt: skip


def test_examples_stacks_and_indices() -> None:
    rows = [
        (0, "2*(h - t)*(1 - h^2)/m"), (0, "2*(H - T)*(1 - H^2)/m"), (0, "2*(h - t)/m"),
        (1, "sum(outer(delta, x), i)"), (1, "Z"), (1, "delta"), (1, "2*(H - T)*(1 - H^2) @ X.T/m"),
        (1, "2*(H - T)*(1 - H^2) @ X.T"), (1, "X @ ((H - T)*(1 - H^2)).T*2/m"),
        (1, "sum(2*(h[k] - t[k])*(1 - h[k]^2)*x[j], i)/m"), (2, "sum(delta, i)"),
        (1, "sum(2*(h[r] - t[r])*(1 - h[r]^2)*x[s], i)/m"), (2, "delta"), (2, "sum(dL/dz, i)"),
        (3, "W.T @ delta"), (3, "W @ delta"), (3, "W.T @ (2*(H - T)*(1 - H^2)/m)"), (2, "0"),
    ]  # fmt: skip
    found = both([(NETWORK, number, answer) for number, answer in rows])
    assert opposite(found) == []
    assert len(undecided(found)) <= 1


# ---- rewrites and slips of right answers, drawn


def rewrites(tree: Expr, draw: random.Random) -> Iterable[str]:
    """The same in other words, and something else in almost the same words."""
    text = unparse(tree)
    yield from (f"({text})*2/2", f"-(-({text}))", f"({text}) + x - x", f"3*({text}) - 2*({text})")
    yield from (f"({text})*(sin(x)^2 + cos(x)^2)", f"exp(log(2))*({text})/2")
    yield from (
        f"({text}) + 1",
        f"-({text})",
        f"({text})^2",
        f"({text})*1.0001",
        f"({text}) + 1e-7",
    )
    numbers = [part for part in walk(tree) if isinstance(part, Num)]
    sums = [part for part in walk(tree) if isinstance(part, Binary) and len(children(part)) == 2]
    for part in draw.sample(numbers, min(2, len(numbers))):
        yield text.replace(unparse(part), f"({unparse(part)} + 1)", 1)
    for part in draw.sample(sums, min(3, len(sums))):
        yield text.replace(unparse(part), f"({unparse(part.right)})", 1)


SCALARS = ("x^3*y + sin(x*y)", "log(x^2 + 1)/y", "x*exp(-y*x)", "tanh(x + 2*y)*x", "sqrt(x^2 + y^2)",
           "max(x, y)*x", "sigmoid(x)*y - x/(1 + y^2)", "abs(x)*y")  # fmt: skip


def test_rewrites_and_slips_of_right_answers() -> None:
    draw = random.Random(1)
    rows = []
    for formula in SCALARS:
        name = json.dumps({"expression": f"f = {formula}", "questions": ["df/dx"]})
        answer = marker(name, "verdict").printed.symbolic(0, "matrix")
        assert answer is not None
        assert answer.symbolic is not None
        rows += [(name, 0, text) for text in rewrites(parse(unparse(answer.symbolic)), draw)]
    found = both(rows, "verdict")
    assert opposite(found) == []
    counts = Counter(result["verdict"] for _, result, _ in found)
    assert counts["right"] >= 6 * len(SCALARS) - 2
    assert len(undecided(found)) <= 0.02 * len(rows) + 1


def test_one_number_stands_for_those_of_all_examples() -> None:
    exercise = {
        "examples": {"i": "N"},
        "expression": ["f = w @ x", "J = sum(f, i)", "K = 1/N*sum(f, i)"],
        "variables": {"w": ["n"], "x": {"shape": ["n"], "each": "i"}},
        "sizes": {"N": 3, "n": 2},
        "values": {"w": [1, 2], "x": [[1, 1, 2], [1, 1, 2]]},
        "questions": ["dJ/df", "dK/df", "dJ/dx"],
    }
    answers = ("1", "2", "1/3", "1/N", "[1, 1, 1]", "0")
    rows = [(json.dumps(exercise), number, text) for number in range(3) for text in answers]
    found = both(rows)
    assert not opposite(found)
    said = {(number, text): result["verdict"] for (_, number, text), result, _ in found}
    assert said[0, "1"] == said[1, "1/3"] == said[1, "1/N"] == said[0, "[1, 1, 1]"] == "right"
    assert said[0, "2"] == said[2, "1"] == said[2, "0"] == "wrong"
