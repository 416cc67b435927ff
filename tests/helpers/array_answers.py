"""Every answer about an array program against differences in NumPy, and every way of writing it
against every other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.solve import Solver
from gradcalc.exercise.load import exercise_from
from gradcalc.graph.build import build
from gradcalc.language.errors import SpanError
from gradcalc.language.parser import Expr, parse, unparse
from helpers.array_programs import INTEGER, WORD, Choices, Program, program

LAYOUTS = ("gradient", "jacobian", "denominator")


FORMS = ("matrix", "matrix", "index", "entries")


SKIPPED = ("kink", "jump", "undefined")


Question = tuple[str, str, str]  # kind, numerator, denominator


def questions(choose: Choices, made: Program) -> list[Question]:
    """Some derivatives that a program has."""
    names = [*made.inputs, *(line.name for line in made.lines)]
    found = []
    for line in made.lines[::-1]:
        if not (made.mixing and line.part.each):
            reached = made.mentions(line.name)
            found += [(line, by) for by in names if by in reached and by not in INTEGER]
    result: list[Question] = []
    for _ in range(min(len(found), 1 + choose(3))):
        line, by = found.pop(choose(len(found)))
        direct = by in re.findall(WORD, line.part.text)
        result.append(("local" if direct and choose(3) == 1 else "derivative", line.name, by))
    last = made.lines[-1].name
    vectors = [by for by in made.inputs if by in made.mentions(last) and len(made.inputs[by]) <= 1]
    vectors = [by for by in vectors if by not in (*INTEGER, *made.each)]
    if vectors and choose(4) == 1 and not any("stop_gradient" in line.text for line in made.lines):
        result.append(("second", last, choose.pick(vectors)))
    return result


def arranged(program: Program, value: Any, of: str, by: str, layout: str) -> Any:
    """A derivative (*of, *by, examples) in a layout."""
    out, inner = program.shapes[of], program.shapes[by]
    rank, place = len(out), len(inner)
    if not out and layout == "jacobian" and place == 2:
        return np.swapaxes(value, 0, 1)
    if layout == "denominator":
        return np.moveaxis(value, range(rank), range(place, place + rank))
    return value


def same(got: Any, want: Any, tolerance: float = 1e-6) -> bool:
    """Equal up to axes of length 1 and to the error of the differences."""
    got, want = np.squeeze(np.asarray(got, dtype=float)), np.squeeze(np.asarray(want, dtype=float))
    if got.shape != want.shape:
        return False
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    return bool(np.abs(got - want).max(initial=0) <= tolerance * scale)


def solved(
    program: Program, questions: Sequence[tuple[str, str, str]], form: str, layout: str
) -> tuple[Solver, Solution]:
    words = {"derivative": "d{0}/d{1}", "local": "local d{0}/d{1}", "second": "d2{0}/d{1}2"}
    content = program.content([words[kind].format(of, by) for kind, of, by in questions])
    solver = Solver(build(exercise_from(content)), form, layout)
    return solver, solver.solution()


def forms(solver: Solver, answer: Answer) -> list[tuple[str, Expr, tuple[Any, ...]]]:
    """Every way in which an answer is written, with the named gradients it uses."""
    where = solver.formulas.where(answer.where)
    found: list[tuple[str, Expr | None, tuple[Any, ...]]] = [
        ("symbolic", answer.symbolic, where),
        ("expanded", answer.expanded, ()),
        ("simplified", answer.simplified, where),
        ("stacked", answer.stacked and answer.stacked.symbolic, where),
        ("per example", answer.per_example and answer.per_example.symbolic, where),
    ]
    return [(word, expr, where) for word, expr, where in found if expr is not None]


def turned_wrong(
    solver: Solver, answer: Answer, word: str, expr: Expr, where: tuple[Any, ...]
) -> tuple[Any, ...]:
    """(what a formula's shape is, what it should be) where it is another. A 1-D array may stand
    for a row or a column, and a column for a vector.
    """
    views = {"stacked": (answer.stacked,), "per example": (answer.per_example,)}
    view = next(filter(None, views.get(word, (answer.per_example, answer.stacked))), answer)
    if view.free or answer.free:
        return ()
    found = solver.formulas.values.evaluate(expr, where)
    have = list(found.shape)
    want = [size.at(solver.formulas.sizes) for size in view.shape]
    if [n for n in have if n != 1] != [n for n in want if n != 1]:
        return () if not have else (have, want)  # one number for all entries
    return (have, want) if len(have) == len(want) and have != want else ()


def check(
    program: Program, questions: Sequence[tuple[str, str, str]], form: str, layout: str
) -> int:
    """How many answers were compared. Fails where anything differs."""
    solver, solution = solved(program, questions, form, layout)
    base, functions = program.run(program.values), frozenset(solver.graph.exercise.functions)
    said = {problem.slug for problem in solution.warnings}
    for line in program.lines:
        if solution.forward[line.name] is not None:
            want = program.listed(line.name, program.take(base, line.name))
            assert same(solution.forward[line.name], want, 1e-9), (
                "forward",
                line.name,
                solution.forward[line.name],
                want,
            )
    compared = 0
    for (kind, of, by), answer in zip(questions, solution.answers, strict=True):
        note = (
            answer.question.text,
            unparse(answer.symbolic) if answer.symbolic else None,
            answer.free,
            answer.where,
        )
        assert answer.verified is not None
        assert answer.verified.ok is not False, (*note, answer.verified)
        examples = (
            ()
            if answer.per_example is None and answer.stacked
            else solver.examples(answer.question)
        )
        for word, expr, where in forms(solver, answer):
            text = unparse(expr)
            try:
                again = parse(text, functions)
            except SpanError as error:
                if error.slug == "limit" and word != "expanded":
                    continue
                raise
            assert unparse(again) == text, (*note, word, text)
            if answer.value is None or {w.slug for w in answer.warnings} & {"limit", "kink"}:
                continue
            stacked = answer.stacked if word == "stacked" else None
            free, shape, over = (
                (answer.free, answer.shape, examples)
                if stacked is None
                else (stacked.free, stacked.shape, ())
            )
            value, problem = solver.formulas.number(again, where, free, shape, over)
            assert problem is None, (*note, word, text, problem)
            assert same(value, answer.value, 1e-8), (*note, word, text, value, answer.value)
            turned = turned_wrong(solver, answer, word, again, where)
            assert not turned, (*note, word, text, *turned)
        if answer.value is None or answer.verified.ok is None or said & set(SKIPPED):
            continue
        if kind == "second":
            want, tolerance = program.second(of, by), 1e-3
        else:
            want, tolerance = program.derivative(of, by, kind == "local"), 1e-6
            want = arranged(program, want, of, by, layout)
        if kind != "second" and not same(answer.value, want, tolerance):  # near a kink, perhaps
            want = arranged(
                program, program.derivative(of, by, kind == "local", 1e-5), of, by, layout
            )
            tolerance = 1e-5
        elif not same(answer.value, want, tolerance):  # |x|^3 at 0, perhaps
            want = program.second(of, by, 1e-4)
        if np.abs(want).max(initial=0) > 1e3:  # NumPy's differences lose too much
            continue
        assert same(answer.value, want, tolerance), (
            *note,
            layout,
            "value",
            answer.value,
            "NumPy",
            want.tolist(),
        )
        compared += 1
    last = program.lines[-1].name
    for name, gradient in solution.gradients.items():
        if gradient.symbolic is not None:
            try:
                text = unparse(gradient.symbolic)
                assert unparse(parse(text, functions)) == text, (name, text)
            except SpanError as error:  # longer than a line may be
                if error.slug != "limit":
                    raise
        if gradient.value is None or name in INTEGER or said & set(SKIPPED):
            continue
        want = program.derivative(last, name)
        if name in program.each:
            want = np.asarray(program.listed(name, np.moveaxis(want, -1, 0)))
        if not same(gradient.value, want):
            want = program.derivative(last, name, step=1e-5)
            if name in program.each:
                want = np.asarray(program.listed(name, np.moveaxis(want, -1, 0)))
        assert np.shape(gradient.value) == np.shape(want), ("gradient", name, gradient)
        assert same(gradient.value, want, 1e-5), ("gradient", name, gradient, want.tolist())
    return compared


def case(choose: Choices, ones: bool = False) -> tuple[Program, list[Question], str, str]:
    """A program, what is asked, a form and a layout. `ones`: with sizes that happen to be 1."""
    made = program(choose, ones)
    return made, questions(choose, made), choose.pick(FORMS), choose.pick(LAYOUTS)
