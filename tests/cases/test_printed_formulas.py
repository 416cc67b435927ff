"""What is printed is what it says: every formula of the shipped exercises parses back to the same value and shape, and
every product of a chain, multiplied out, is the answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.solve import Solver, solve
from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.graph.build import build
from gradcalc.language.errors import SpanError
from gradcalc.language.formula_pieces import Factors, Math
from gradcalc.language.parser import Call, Expr, parse, unparse, walk
from gradcalc.numeric.evaluation_points import given_point
from gradcalc.numeric.forward import Forward
from gradcalc.ops import SPELLINGS, WRITTEN
from gradcalc.report.answer_cells import AnswerCells
from helpers.paths import EXERCISES, SHIPPED

FORMS = ("matrix", "index", "entries")
SAMPLE = [
    EXERCISES / f"{name}.yaml"
    for name in ("ex3", "attention", "batch-normalisation", "linear-system-adjoint", "triplet-loss")
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_formulas_parse_back_to_their_value(path: Path, form: str) -> None:
    compare(path, form)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_all_formulas_parse_back_to_their_value(path: Path, form: str) -> None:
    compare(path, form)


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_products_of_chains_are_the_answers(path: Path) -> None:
    solver, solution = solved(path, "matrix")
    for answer in solution.answers:
        multiplied(solver, solution, answer)


def test_a_product_of_matrices_is_not_written_for_a_number() -> None:
    content = {
        "expression": ["Y = t*A", "f = tr(B @ Y)"],
        "variables": {"A": ["n", "n"], "B": ["n", "n"], "t": []},
        "sizes": {"n": 2},
        "seed": 1,
        "questions": ["df/dt"],
    }
    solver = Solver(build(exercise_from(content)), "matrix", "gradient")
    cell = AnswerCells(solver.solution(), 4).chain(solver.solution().answers[0])
    pieces = [piece for line in cell for found in line for piece in getattr(found, "pieces", ())]
    assert pieces != []
    assert not any(isinstance(piece, Factors) for piece in pieces)


def solved(path: Path, form: str) -> tuple[Solver, Solution]:
    exercise = load_exercise(str(path))
    solver = Solver(build(exercise), form, exercise.notation.layout)
    return solver, solver.solution()


def compare(path: Path, form: str) -> None:
    """Each way in which an answer is written against the value of the answer."""
    solver, solution = solved(path, form)
    for answer in solution.answers:
        if answer.kind != "derivative" or answer.value is None or answer.question.entry:
            continue
        if any(problem.slug in ("limit", "kink") for problem in answer.warnings):  # off kinks
            continue
        examples = (
            ()
            if answer.per_example is None and answer.stacked
            else solver.examples(answer.question)
        )
        for expr, free, over in written(answer, examples):
            text = unparse(expr)
            again = read(expr)
            assert again is None or unparse(again) == text
            where = solver.formulas.where(answer.where)
            value, problem = solver.formulas.number(again or expr, where, free, answer.shape, over)
            assert problem is None, (answer.question.text, text, problem)
            got, want = np.asarray(value, dtype=float), np.asarray(answer.value, dtype=float)
            assert got.shape == want.shape, (answer.question.text, text)
            assert np.allclose(got, want, rtol=1e-7, atol=1e-9), (answer.question.text, text)


def written(
    answer: Answer, examples: tuple[str, ...]
) -> list[tuple[Expr, tuple[str, ...], tuple[str, ...]]]:
    """(formula, free indices, examples) of each way in which an answer is written."""
    stacked = answer.stacked
    found: list[tuple[Expr | None, tuple[str, ...], tuple[str, ...]]] = [
        (answer.symbolic, answer.free, examples),
        (answer.expanded, answer.free, examples),
        (answer.simplified, answer.free, examples),
    ]
    if stacked is not None and stacked.shape == answer.shape:
        found.append((stacked.symbolic, stacked.free, ()))
    return [(expr, free, over) for expr, free, over in found if expr is not None]


def read(expr: Expr) -> Expr | None:
    """A formula read again, with the author's functions; None where it is longer than a line may
    be.
    """
    called = {part.func for part in walk(expr) if isinstance(part, Call)}
    try:
        return parse(unparse(expr), called - SPELLINGS.keys() - WRITTEN.keys())
    except SpanError as error:
        if error.slug == "limit":
            return None
        raise


def multiplied(solver: Solver, solution: Solution, answer: Answer) -> None:
    """The products that stand in the cell of the chain, multiplied out and added up."""
    products = [
        (sign, piece)
        for line in AnswerCells(solution, 4, full=True).chain(answer)
        for found in line
        if isinstance(found, Math)
        for sign, piece in zip(("+", *found.pieces), found.pieces, strict=False)
        if isinstance(piece, Factors)
    ]
    if not products or answer.value is None:
        return
    where = solver.formulas.where(answer.where)
    total: Any = 0.0
    for sign, piece in products:
        values = [
            np.asarray(solver.values.evaluate(factor, where).data, dtype=float)
            for factor in piece.factors
        ]
        product = values[0]
        for value in values[1:]:
            product = product @ value if product.ndim and value.ndim else product * value
        total = total - product if sign == "−" else total + product
    assert np.shape(total) in ((), (1,), (1, 1)), (answer.question.text, products)
    assert np.allclose(total, answer.value, rtol=1e-6), (answer.question.text, products)


@pytest.mark.parametrize("order", ["3", "4", "7"])
@pytest.mark.parametrize("array", ["2*u", "A @ u", "u - v", "u*u + v - v"])
def test_the_norm_of_zeros_has_its_slope_in_every_form(order: str, array: str) -> None:
    """Written in the inputs it was a root, whose slope at 0 was 0/0."""
    data: dict[str, Any] = {
        "expression": [f"z = {array}", f"f = norm(z, ord={order})", "g = 3*f"],
        "variables": {"u": ["n"], "v": ["n"], "A": ["m", "n"]},
        "values": {"u": [0, 0], "v": [0, 0], "A": [[1, 2], [3, 4], [0, 1]]},
        "questions": ["df/du", "df/dz", "dg/dz"],
    }
    used = set(re.findall(r"\w+", array))
    for part in ("variables", "values"):
        data[part] = {name: one for name, one in data[part].items() if name in used}
    solution = solve(exercise_from(data))
    values = Forward(solution.graph, given_point(solution.graph))
    for answer in solution.answers:
        assert answer.value == [0, 0] or answer.value == [0, 0, 0]
        for expr in (answer.symbolic, answer.expanded):
            if expr is not None:
                assert not values.evaluate(expr, answer.where).data.any(), unparse(expr)
