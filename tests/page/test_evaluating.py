"""The page computes what Python computes: the lines of the shipped exercises, and their answers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.solve import solve
from gradcalc.exercise.load import load_exercise
from gradcalc.graph.build import build
from gradcalc.graph.model import Graph
from gradcalc.language.parser import Expr, Name, parse
from gradcalc.language.sizes import Shape
from gradcalc.numeric.forward import Forward, upstream_key
from gradcalc.numeric.scalar_functions import Undefined
from gradcalc.render.page.computation import computation
from gradcalc.render.page.language import written
from helpers.page import agrees, at, point_of, run, upstream
from helpers.paths import EXERCISES, SHIPPED

Printed = tuple[Expr, tuple[tuple[str, Expr], ...], tuple[str, ...], Shape]
FEW = [
    EXERCISES / f"{name}.yaml"
    for name in ("ex1", "ex2", "max-tie", "softmax-cross-entropy", "gaussian-kl", "lstm-cell-scalar",
                 "unknown-function-chain", "upstream-inside", "self-attention")
]  # fmt: skip


@cache
def exercises() -> tuple[tuple[str, Graph, Forward], ...]:
    found = []
    for path in SHIPPED:
        graph = build(load_exercise(str(path)))
        point = point_of(graph)
        if point is not None:
            found.append((path.stem, graph, Forward(graph, point)))
    return tuple(found)


def test_every_line_has_the_same_value() -> None:
    cases = [["values", computation(graph), at(graph, f.point)] for _, graph, f in exercises()]
    lines = 0
    for (name, graph, forward), answers in zip(exercises(), run(cases), strict=True):
        for quantity, answer in zip(graph.quantities, answers, strict=True):
            lines += 1
            if quantity in forward:
                tensor = forward[quantity]
                assert agrees(answer, tensor.data, tensor.over), (name, quantity, answer)
            else:
                assert "problem" in answer, (name, quantity)
    assert lines > 400


def test_answers_have_the_same_value() -> None:
    assert compared(FEW, ("matrix",)) > 60


@pytest.mark.slow
def test_every_answer_has_the_same_value_in_every_form() -> None:
    assert compared(SHIPPED, ("matrix", "index")) > 1500


def compared(paths: Sequence[Path], forms: Sequence[str]) -> int:
    """How many printed formulas have the value in the page that Python computes."""
    cases, wanted = [], []
    for path in paths:
        exercise = load_exercise(str(path))
        graph = build(exercise)
        point = point_of(graph)
        if point is None:
            continue
        forward = Forward(graph, point)
        asked, values = [], []
        for answer in (one for form in forms for one in solve(exercise, form).answers):
            for formula in printed(answer):
                question, value = _evaluated(formula, graph, forward)
                if question is not None:
                    asked.append(question)
                    values.append(value)
        cases.append(["formulas", computation(graph), at(graph, point), asked])
        wanted.append((path.stem, asked, values))
    for (name, asked, values), answers in zip(wanted, run(cases), strict=True):
        for question, value, answer in zip(asked, values, answers, strict=True):
            if value is None:
                assert "problem" in answer, (name, question)
            else:
                assert agrees(answer, value.data, value.over), (name, question, answer)
    return sum(len(asked) for _, asked, _ in wanted)


def printed(answer: Answer) -> Iterator[Printed]:
    """Every formula that an answer is written in."""
    if answer.symbolic is not None:
        yield answer.symbolic, answer.where, answer.free, answer.shape
    if answer.expanded is not None and not answer.free:
        yield answer.expanded, answer.where, (), answer.shape
    for view in (answer.per_example, answer.stacked):
        if view is not None and view.symbolic is not None:
            yield view.symbolic, answer.where, view.free, view.shape


def _evaluated(formula: Printed, graph: Graph, forward: Forward) -> tuple[Any, Any]:
    """What the page is asked, and its value; None where it is undefined."""
    expr, where, free, shape = formula
    axes = [size.at(dict(forward.point.sizes)) for size in shape if size.number != 1]
    if free and len(free) != len(axes):
        return None, None
    lengths = dict(zip(free, axes, strict=True)) if free else {}
    question: dict[str, Any] = {
        "text": written(expr),
        "values": [[name, written(tree)] for name, tree in where],
    }
    given = [(name, Name(upstream_key(quantity))) for name, quantity in upstream(graph).items()]
    try:
        value = forward.evaluate(expr, [*given, *where], lengths)
    except Undefined:
        value = None
    return {**question, **({"free": lengths} if free else {})}, value


def test_the_step_at_a_tie_is_written_out() -> None:
    assert written(parse("2*step(x)")) == "2*step(x)"
    (tie,) = (one for one in solve(load_exercise(str(EXERCISES / "max-tie.yaml"))).answers[:1])
    assert tie.symbolic is not None
    assert "sign" in written(tie.symbolic) or "step" not in written(tie.symbolic)


def _values(lines: dict[str, str], at: dict[str, Any], **more: Any) -> list[Any]:
    data = {
        "indices": {},
        "functions": {},
        "unknown": [],
        "inputs": [{"name": name} for name in at["values"]],
        "lines": [{"name": name, "formula": formula} for name, formula in lines.items()],
        **more,
    }
    (found,) = run([["values", data, {"sizes": {}, **at}]])
    assert isinstance(found, list)
    return found


def test_an_unknown_function_has_a_value_only_where_another_stands_in() -> None:
    point = {"values": {"x": 1}}
    (lacking,) = _values({"f": "g(x) + g'(x)"}, point, unknown=["g"])
    assert lacking["message"] == "g is an unknown function"
    (found,) = _values({"f": "g(x)"}, {**point, "standIn": True}, unknown=["g"])
    assert agrees(found, math.sin(1.5), ())


def test_names_of_javascript_are_names_as_others() -> None:
    words = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf", "length"]
    for word in words:
        (found,) = _values({"f": f"{word}*2 + sum([1, 2][{word}], {word})"}, {"values": {}})
        assert found["problem"] == "Unknown", word
    named = {word: number for number, word in enumerate(words) if word != "__proto__"}
    found = _values({"toStringOf": "constructor + toString*length"}, {"values": named})
    assert agrees(found[0], 5.0, ())
    for text in ("constructor(2)", "toString(x)", "x.constructor", "__proto__(1)"):
        (answer,) = run([["parse", text, {}]])
        assert answer["problem"] == "ReadError", text


def test_what_is_too_large_is_left_to_the_command_line() -> None:
    for formula in ("sum(eye(1000))", "sum(ones(300, 300) @ ones(300, 300))"):
        (found,) = _values({"f": formula}, {"values": {}})
        assert found["problem"] == "Unsupported", formula
    (found,) = _values({"f": "exp(800) - exp(800)"}, {"values": {}})
    assert found["problem"] == "Unsure"
    (found,) = _values({"f": "log(0.1 + 0.2 - 0.3)"}, {"values": {}})
    assert found["problem"] == "Unsure"


@pytest.mark.parametrize("m", [1, 3])
def test_an_index_that_an_equation_alone_tells_runs_as_far(m: int, tmp_path: Path) -> None:
    lines = (
        "vec(v + A) - t",
        "kron(w, ones(m)) + t",
        "kron(ones(m), w) + t",
        "vec(c*ones(n, m) + A)",
    )
    for number, line in enumerate(lines):
        names = {"v": "[m]", "A": "[n, m]", "w": "[n]", "t": "[n*m]", "c": "[]"}
        used = {name: shape for name, shape in names.items() if name in re.findall(r"\w+", line)}
        by = min(used.keys() & {"v", "w", "c"})
        text = (
            f"expression: |\n  y = {line}\n  L = sum(y^3)\nsizes: {{n: 2, m: {m}}}\nseed: 1\n"
            f"variables: {{{', '.join(f'{name}: {shape}' for name, shape in used.items())}}}\n"
            f"questions: [dy/d{by}, dL/d{by}, d2L/d{by}2]\n"
        )
        (tmp_path / f"{number}.yaml").write_text(text, "utf-8")
    assert compared(sorted(tmp_path.iterdir()), ("matrix", "index")) > 20
