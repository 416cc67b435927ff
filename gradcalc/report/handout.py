"""A handout of one exercise: statement, what is given, figure, questions with points and room; and
the key.

compose(solution, Sheet())                           a sheet: nothing of the answers is in it
compose(solution, Sheet(solution=True), derivation)  the key; with a derivation it says why
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from gradcalc.derivation.answer_model import Solution
from gradcalc.derivation.step_model import Derivation
from gradcalc.exercise.markdown import read, read_line
from gradcalc.exercise.model import Question, Space
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.formula_pieces import Line, line
from gradcalc.language.named_formulas import joined
from gradcalc.report.answer_cells import wrong
from gradcalc.report.answer_key import Key, arrayed
from gradcalc.report.answer_report import asked
from gradcalc.report.blocks import Paragraph, Printed
from gradcalc.report.figure import Sheet, picture
from gradcalc.report.frame_words import words
from gradcalc.report.given import given
from gradcalc.report.handout_model import Handout, Part, variant_mark
from gradcalc.report.paper_notation import tex_names


def compose(solution: Solution, sheet: Sheet, derivation: Derivation | None = None) -> Handout:
    """The handout of a solution: a sheet, or with `sheet.solution` the key."""
    exercise = solution.graph.exercise
    lang = sheet.lang or exercise.lang
    said = words(lang)
    where = joined([answer.where for answer in solution.answers])
    known = printed_names(solution.graph, where)
    if derivation is not None:  # what it calls the intermediate gradients
        own = derivation.names
        known = replace(
            known,
            shapes={**own.shapes, **known.shapes},
            partials={**own.partials, **known.partials},
        )
    known = tex_names(known)
    digits = sheet.digits or exercise.notation.digits
    statement = read(exercise.text) if exercise.text else ()
    key = Key(solution, known, digits, said, sheet.detail, derivation) if sheet.solution else None
    paper = exercise.paper
    parts = tuple(
        Part(
            answer.question.text,
            answer.question.name,
            ask(answer.question, said.shape_of, said.value_of, said.local_of),
            read_line(answer.question.prompt) if answer.question.prompt else (),
            answer.question.points if paper.points else None,
            answer.question.space or paper.space or room(answer.kind, arrayed(answer)),
            tuple(key.answer(answer)) if key else (),
            line(answer.symbolic)
            if key and answer.symbolic is not None and not wrong(answer)
            else (),
        )
        for answer in solution.answers
    )
    return Handout(
        title=exercise.title or said.exercise,
        file=exercise.file,
        lang=lang,
        paper=replace(paper, size=sheet.paper or paper.size),
        author=exercise.author,
        source=exercise.source,
        statement=statement,
        given=(*given(solution, statement, known, said), *layouts(solution, said.layouts)),
        blank=picture(solution, replace(sheet, solution=False)),
        solved=picture(solution, sheet) if sheet.solution else None,
        parts=parts,
        names=known,
        folder=str(Path(exercise.file).parent),
        mark=variant_mark(exercise.file, exercise.variant),
    )


def layouts(solution: Solution, said: Mapping[str, str]) -> Iterator[Printed]:
    """Which layout derivatives have, where one is an array."""
    if not any(arrayed(answer) for answer in solution.answers if answer.kind != "shape"):
        return
    for layout in sorted({a.layout for a in solution.answers if a.kind != "shape"}):
        if layout in said:
            yield Paragraph((said[layout],))


def ask(question: Question, shape: str, value: str, local: str) -> Line:
    """What a question asks: ∂f/∂x, The shape of W₁."""
    frame = {"shape": shape, "value": value, "local": local}.get(question.kind)
    if frame is None:
        return asked(question)
    before, _, after = frame.partition("{}")
    formula = tuple(part for part in asked(question) if not isinstance(part, str))
    return line(before, formula, after)


def room(kind: str, array: bool) -> Space:
    """Space to write an answer in, in centimetres, by the kind of its question."""
    return Space(cm=1.5 if kind in ("shape", "value") else 3.2 if array else 2.0)
