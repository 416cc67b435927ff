"""Every sentence that is said of the labelled answers is true, by a program that shares no code with the table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from gradcalc.derivation.solve import Solver
from gradcalc.exercise.grading import SLUGS
from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.exercise.source import Text
from gradcalc.graph.build import build
from gradcalc.language.parser import Expr, parse, unparse
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import WRONG, Given, Mistake, Verdict
from helpers.restated import Case, Point, holds

HERE = Path(__file__).parent
NAME = re.compile(r"[^\W\d]\w*(?!\w|\s*\()")
SIZES = (3, 4, 5, 6, 7, 8)


def scalar_exercise(f: str, wrt: str, answer: str) -> dict[str, object]:
    names = dict.fromkeys(NAME.findall(f"{f} {answer} {wrt}"))
    known = {name: [] for name in names if name not in ("pi", "e")}
    return {"expression": f"f = {f}", "questions": [f"df/d{wrt}"], "variables": known}


def drawn(
    shape: list[object],
    sizes: dict[str, int],
    random: np.random.Generator,
    assume: str,
    positive: bool,
) -> np.ndarray:
    lengths = [sizes[one] if isinstance(one, str) else one for one in shape]
    if assume == "onehot":
        return np.eye(lengths[0])[random.integers(lengths[0])]
    values = random.uniform(0.2, 0.8, lengths) if positive else random.normal(size=lengths)
    return np.asarray(values)


def case_of(data: dict[str, object], question: str, answer: str) -> Case:
    """The exercise read again from its data; three points, two choices of sizes."""
    lines = [line.partition("=") for line in str(data["expression"]).strip().splitlines()]
    formulas = {name.strip(): parse(text) for name, _, text in lines}
    variables: dict = data["variables"]  # type: ignore[assignment]
    shapes = {
        name: one.get("shape", []) if isinstance(one, dict) else one
        for name, one in variables.items()
    }
    assume = {
        name: one.get("assume", "") for name, one in variables.items() if isinstance(one, dict)
    }
    letters = list(
        dict.fromkeys(size for shape in shapes.values() for size in shape if isinstance(size, str))
    )
    of, bys = re.fullmatch(r"d(\w+)/d(\w+)", question).groups(), ()  # type: ignore[union-attr]
    numerator, bys = of[0], (of[1],)
    if second := re.fullmatch(r"d2(\w+)/d(\w+)2", question):
        numerator, bys = second[1], (second[2],) * 2
    upstream = {key[4:]: name for key, name in (data.get("upstream") or {}).items()}  # type: ignore[union-attr]
    points = []
    for k in range(3):
        random = np.random.default_rng(k)
        sizes = {name: SIZES[(j + k) % len(letters)] for j, name in enumerate(letters)}
        positive = needs_positive(formulas.values(), answer)
        values = {
            name: drawn(shape, sizes, random, assume.get(name, ""), positive)
            for name, shape in shapes.items()
        }
        values |= {name: np.float64(size) for name, size in sizes.items()}
        point = Point(values)
        case = Case(formulas, numerator, bys, [point], parse(answer), numerator not in formulas)
        gradients = {
            symbol: random.normal(size=np.shape(case.forward(point, {})[name]))
            for name, symbol in upstream.items()
        }
        points.append(
            Point(
                {**values, **gradients},
                {name: gradients[symbol] for name, symbol in upstream.items()},
            )
        )
    return Case(formulas, numerator, bys, points, parse(answer), numerator not in formulas)


def needs_positive(formulas: object, answer: str) -> bool:
    text = answer + "".join(unparse(one) for one in formulas)  # type: ignore[attr-defined]
    return any(word in text for word in ("log(", "sqrt(", "asin(", "^("))


def verdict(exercise: object, question: str, answer: str) -> Verdict:
    marker = Marker(exercise, seconds=60)  # type: ignore[arg-type]
    number = next(k for k, one in enumerate(marker.questions) if one.text == question)
    return marker.mark({number: Given(Text(answer))}, only=True)[0]


def labelled() -> list[tuple[str, ...]]:
    rows = [
        ("", *line.split("\t"))
        for line in (HERE / "scalar_slips.tsv").read_text("utf-8").splitlines()
    ]
    for line in (HERE / "matrix_mistakes.tsv").read_text("utf-8").splitlines():
        name, question, answer, slug = line.split("\t")
        rows.append((name, question, "", answer, slug))
    return rows


def found(row: tuple[str, ...]) -> tuple[dict[str, object], str, Verdict]:
    name, f, wrt, answer, _ = row
    if name:
        path = HERE / "exercises" / f"{name}.yaml"
        return (
            yaml.safe_load(path.read_text("utf-8")),
            f,
            verdict(load_exercise(str(path)), f, answer),
        )
    data = scalar_exercise(f, wrt, answer)
    question = f"df/d{wrt}"
    return data, question, verdict(exercise_from(data), question, answer)


def printed(data: dict[str, object], question: str) -> tuple[Expr | None, ...]:
    """The right answer as `solve` prints it."""
    exercise = exercise_from(data)
    asked = next(one for one in exercise.questions if one.text == question)
    answer = Solver(build(exercise), "matrix", "gradient").answer(asked)
    return () if answer.free else (answer.symbolic, answer.expanded)


def false_sentences(row: tuple[str, ...]) -> tuple[tuple[Mistake, ...], list[str]]:
    data, question, marked = found(row)
    assert marked.verdict == WRONG
    case = case_of(data, question, row[3])
    case.printed = tuple(one for one in printed(data, question) if one is not None)
    for one in marked.mistakes:  # no sentence says the answer
        quoted = [text.replace(" ", "") for text in re.findall(r"`([^`]*)`", one.sentence)]
        assert not {unparse(answer).replace(" ", "") for answer in case.printed} & set(quoted)
    return marked.mistakes, [
        one.sentence for one in marked.mistakes if not holds(case, one.sentence)
    ]


@pytest.mark.slow
def test_mistakes_are_named_and_every_sentence_is_true() -> None:
    count: Counter[str] = Counter()
    wrong = []
    for row in labelled():
        mistakes, untrue = false_sentences(row)
        kind = "matrix" if row[0] else "scalar"
        count[kind] += 1
        count[f"{kind} named"] += bool(mistakes)
        count[f"{kind} as labelled"] += row[4] in [one.slug for one in mistakes]
        wrong += [(row, sentence) for sentence in untrue]
        assert all(one.slug in SLUGS for one in mistakes)
    assert wrong == []
    assert count["scalar named"] >= 0.95 * count["scalar"]
    assert count["matrix named"] >= 0.95 * count["matrix"]
    assert count["matrix as labelled"] >= 0.85 * count["matrix"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("X.T @ R", "This is what comes out if the factor 1/d is left out."),
        ("X.T @ R", "This is what comes out if the sign is wrong everywhere."),
        ("X.T @ (X @ w)/N", "This is what comes out if `X @ w` is left out of `X @ w - y`."),
        ("2*X.T @ R/N", "One sign in what is written is wrong."),
        ("2*X.T @ R/N", "This is right where y is 0, but not in general."),
        ("R/N", "The chain ends at R: this is dL/dw."),
    ],
)
def test_a_false_sentence_is_found(answer: str, sentence: str) -> None:
    data = yaml.safe_load((HERE / "exercises" / "linreg.yaml").read_text("utf-8"))
    assert not holds(case_of(data, "dL/dw", answer), sentence)
