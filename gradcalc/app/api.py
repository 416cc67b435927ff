"""The library: exercises solved and single derivatives from Python. Nothing here is needed by the
command line.

    import gradcalc

    result = gradcalc.solve("ex1.yaml")               # a path, a dict, or an Exercise
    result.gradients["x"].value                       # -4.0, in the shape of the input
    print(result)                                     # the answers as a table
    gradcalc.diff("x.T @ A @ x", wrt="x").text        # '(A + Aᵀ) x'

Mistakes are GradcalcError, with every problem and its place as data. No text is ever run, and no
text but a path opens a file: YAML goes through parse_exercise.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from gradcalc.app.limits import SECONDS, within
from gradcalc.exercise.load import exercise_from, load_exercise
from gradcalc.exercise.model import Exercise
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import names, unparse
from gradcalc.language.sizes import show
from gradcalc.language.typography import to_ascii

if TYPE_CHECKING:
    from gradcalc.derivation.answer_model import Answer, Gradient, Solution
    from gradcalc.derivation.single_expression import Declared, Single
    from gradcalc.graph.model import Graph
    from gradcalc.language.formula_pieces import Number
    from gradcalc.language.shape_rules import Shape
    from gradcalc.marking.model import Verdict
    from gradcalc.report.blocks import Report

Source: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Exercise"


def solve(
    source: Source,
    *,
    form: str | None = None,
    layout: str | None = None,
    timeout: float | None = SECONDS,
) -> Result:
    """Every answer of an exercise, symbolic, evaluated and checked.

    source  a path to a YAML file, the content of one as a mapping, or an Exercise
    form    matrix, index or entries; layout: gradient, jacobian or denominator; None: as the
            exercise says
    timeout seconds of processor time; None: no limit

    Raises GradcalcError where the exercise cannot be read, makes no sense or takes too long.
    """
    from gradcalc.derivation.solve import solve as answered

    _choice("form", form, ("matrix", "index", "entries"))
    _choice("layout", layout, ("gradient", "jacobian", "denominator"))
    with within(timeout):
        return Result(answered(exercise(source), form, layout))


def diff(
    expression: str,
    wrt: str | Sequence[str],
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    *,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    values: Mapping[str, Any] | None = None,
    form: str | None = None,
    layout: str | None = None,
    timeout: float | None = SECONDS,
) -> Derivative:
    """The derivative of one expression.

    expression  in the expression language: "norm(A@x - y)^2"
    wrt         the name to differentiate by; two names for a second derivative, ("x", "x") for the
                Hessian
    shapes      {"x": ["n"], "A": ["m", "n"], "c": []}; what is not said follows from the
                expression, or by convention: a–g and Greek letters are scalars, h–z vectors,
                capitals matrices (see `assumed`); without an array operation all are scalars
    indices     {"i": "n"}: indices of sums and entries, with the sizes that they run to
    functions   {"f": 1}: unknown functions, each with the number of its arguments
    values      {"x": 3}: where the derivative is evaluated
    timeout     seconds of processor time; None: no limit

    Raises GradcalcError.
    """
    said = _declared(shapes, indices, functions, values)
    with within(timeout):
        return differentiated(
            expression, (wrt,) if isinstance(wrt, str) else wrt, said, form, layout
        )


def differentiated(
    expression: str, wrt: Sequence[str], said: Declared, form: str | None, layout: str | None
) -> Derivative:
    """The same, with all that is said of the names in one value, and no limit of time."""
    from gradcalc.derivation.single_expression import differentiate

    _choice("form", form, ("matrix", "index", "entries"))
    _choice("layout", layout, ("gradient", "jacobian", "denominator"))
    if len(wrt) not in (1, 2):
        raise GradcalcError(Problem("argument", "wrt is one name, or two for a second derivative"))
    return Derivative(differentiate(expression, tuple(wrt), said, form, layout))


@overload
def check(
    source: str,
    answers: None = None,
    *,
    wrt: str | Sequence[str],
    answer: str,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    layout: str | None = None,
) -> Verdict:
    """A verdict on one claim, without a file."""


@overload
def check(
    source: Source,
    answers: Mapping[str, Any] | str | os.PathLike[str],
    *,
    policy: str | None = None,
    reveal: bool = False,
) -> list[Verdict]:
    """A verdict for each question of an exercise."""


def check(
    source: Source,
    answers: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    wrt: str | Sequence[str] = (),
    answer: str | None = None,
    shapes: Mapping[str, Sequence[str | int]] | None = None,
    indices: Mapping[str, str | int] | None = None,
    functions: Mapping[str, int] | None = None,
    layout: str | None = None,
    policy: str | None = None,
    reveal: bool = False,
) -> Verdict | list[Verdict]:
    """Is an answer right? `check("logdet(X)", wrt="X", answer="inv(X)")` is a Verdict on one claim;
    `check("ex1.yaml", {"df/dx": "z"})` marks answers to an exercise, a Verdict for each question.

    answers   question (its text, its name or its number from 1) -> a formula, a number, nested
              lists, or {"formula": …, "value": …}; or the path of a file of answers of one student
    policy    a file with the keys of `grading`; reveal: the verdicts hold the right answers too

    Raises GradcalcError where the exercise or the answers cannot be used. What is wrong with one
    answer is its verdict: `invalid`.
    """
    from gradcalc.app import marking

    if answer is not None:
        if not isinstance(source, str) or not wrt:
            raise GradcalcError(
                Problem("argument", "a claim needs an expression and wrt, the name to derive by")
            )
        by = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        said = _declared(shapes, indices, functions, None)
        _, (verdict,) = marking.checked_claims(source, by, said, [answer], layout)
        return verdict
    if answers is None:
        raise GradcalcError(Problem("argument", "give answers, or wrt and answer"))
    return marking.checked(exercise(source), answers, policy, reveal)


def _declared(
    shapes: Mapping[str, Sequence[str | int]] | None,
    indices: Mapping[str, str | int] | None,
    functions: Mapping[str, int] | None,
    values: Mapping[str, Any] | None,
) -> Declared:
    """What is said of the names of an expression."""
    from gradcalc.derivation.single_expression import Declared

    return Declared(
        {name: tuple(map(str, shape)) for name, shape in (shapes or {}).items()},
        {name: str(size) for name, size in (indices or {}).items()},
        functions or {},
        values or {},
    )


def exercise(source: Source) -> Exercise:
    """A path, a mapping or an Exercise as an Exercise. Raises GradcalcError, and TypeError for
    anything else.
    """
    if isinstance(source, Exercise):
        return source
    if isinstance(source, Mapping):
        return exercise_from(source)
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        if "\n" in path:
            raise GradcalcError(
                Problem(
                    "file",
                    "this is the text of an exercise, not a path",
                    None,
                    "use gradcalc.parse_exercise(text)",
                )
            )
        return load_exercise(path)
    raise TypeError(f"an exercise is a path, a mapping or an Exercise, not {type(source).__name__}")


def build(source: Source) -> Graph:
    """The computational graph: elementary nodes with shapes, names, outputs. Raises
    GradcalcError.
    """
    from gradcalc.graph.build import build as built

    return built(exercise(source))


class Result:
    """A solved exercise. Displayed as text, and in a notebook as HTML, LaTeX and SVG.

    solution   all of it as data      graph      nodes, names and shapes
    answers    one for each question  gradients  input -> gradient of the loss, in the shape of the
    input forward    quantity -> value      ok         whether every answer agrees with its numeric
    check
    """

    def __init__(self, solution: Solution) -> None:
        self.solution = solution

    @property
    def graph(self) -> Graph:
        """Nodes, names and shapes of the exercise."""
        return self.solution.graph

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One for each question, in order."""
        return self.solution.answers

    @property
    def gradients(self) -> Mapping[str, Gradient]:
        """Input -> gradient of the loss, upstream included, in the shape of the input."""
        return self.solution.gradients

    @property
    def forward(self) -> Mapping[str, Number]:
        """Quantity -> value; in stacks, the examples are the last axis."""
        return self.solution.forward

    @property
    def ok(self) -> bool:
        """No answer, and no gradient, was refuted by its check."""
        return self.solution.right

    def __getitem__(self, question: str) -> Answer:
        """The answer to a question, by its text (`df/dx`) or its name. Raises KeyError."""
        for answer in self.answers:
            if question in (answer.question.text, answer.question.name):
                return answer
        raise KeyError(
            f"there is no question {question}; choose from "
            f"{', '.join(a.question.text for a in self.answers)}"
        )

    @cached_property
    def report(self) -> Report:
        """The answers as blocks that every format draws."""
        from gradcalc.report.answer_report import compose_solution
        from gradcalc.report.blocks import Options

        return compose_solution(self.solution, Options())

    def to(self, format: str, *, solution: bool = True) -> str:
        """The result as text: table, plain, markdown, json, jsonl; numpy, torch, jax; latex, html,
        svg, tikz.

        solution: for documents and figures, whether answers are filled in. Raises ValueError for
        another format.
        """
        from gradcalc.app.export import BINARY, ENDINGS, Export, export
        from gradcalc.render import printed, render_as
        from gradcalc.report.blocks import Options
        from gradcalc.report.figure import Sheet

        if format in printed():
            return render_as(format, [self.solution], Options())
        if format not in ENDINGS or format in BINARY:
            raise ValueError(
                f"unknown format {format!r}; choose from "
                f"{', '.join(dict.fromkeys((*printed(), *(f for f in ENDINGS if f not in BINARY))))}"
            )
        return export([self.solution], format, Export(Sheet(solution, detail="brief"))).text

    def __str__(self) -> str:
        return self.to("table").rstrip("\n")

    def __repr__(self) -> str:
        title = self.graph.exercise.title or self.graph.exercise.file
        return f"<gradcalc.Result {title!r}: {len(self.answers)} answers>"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from gradcalc.render.html import fragment

        svg = self.to("svg")
        found = {
            "text/plain": str(self),
            "text/html": fragment(self.report, svg),
            "text/latex": self.latex,
            "image/svg+xml": svg,
        }
        return {
            kind: text
            for kind, text in found.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }

    @property
    def latex(self) -> str:
        """Every symbolic answer as a line of an aligned display."""
        from gradcalc.language import formula
        from gradcalc.language.formula_pieces import Partial
        from gradcalc.report.lines import partial_latex

        known, lines = printed_names(self.graph), []
        for answer in self.answers:
            question = answer.question
            if answer.symbolic is not None and question.kind not in ("shape", "value"):
                left = partial_latex(Partial(question.of, question.by), known)
                lines.append(f"{left} &= {formula.latex(answer.symbolic, known)}")
        return (
            "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$" if lines else ""
        )


class Derivative(Result):
    """One derivative. `text` and `latex` are for people, `symbolic` parses back.

    shape    of the derivative, sizes as text    assumed  shapes that nobody declared
    free     indices, where the formula is one entry because there is no matrix form
    """

    def __init__(self, found: Single) -> None:
        super().__init__(found.solution)
        self.found = found

    @property
    def symbolic(self) -> str:
        """The formula in the expression language; it parses back."""
        return unparse(self.found.expr)

    @property
    def text(self) -> str:
        """The formula for people, in Unicode."""
        from gradcalc.language import formula

        return formula.text(self.found.expr, printed_names(self.graph))

    def to(self, format: str, *, solution: bool = True, ascii: bool = False) -> str:
        """The formula as text: table (for people), plain (parses back), markdown, json, jsonl;
        else as a result, with latex as a document.
        """
        import json

        if format in ("table", "plain"):
            shown = self.text if format == "table" else self.symbolic
            shown = to_ascii(self.symbolic) if ascii else shown
            return shown if self.value is None else f"{shown}\n{self.number}"
        if format == "markdown":
            return f"${self.latex}$" + ("" if self.value is None else f"\n\n{self.number}")
        if format in ("json", "jsonl"):
            return json.dumps(self.data, ensure_ascii=ascii, indent=2 if format == "json" else None)
        return super().to(format, solution=solution)

    @property
    def notes(self) -> list[str]:
        """What the formula rests on, in words."""
        found = [f"{name} is {show(shape)}" for name, shape in self.assumed.items()]
        said = [f"assumed: {', '.join(found)}"] if found else []
        if self.free:
            said.append(
                f"one entry, at {', '.join(self.free)}: the derivative is {'×'.join(self.shape)}"
            )
        if self.found.output in names(self.found.expr):
            said.append(f"{self.found.output} is the expression")
        return said

    @property
    def latex(self) -> str:
        """The formula in TeX."""
        from gradcalc.language import formula

        return formula.latex(self.found.expr, printed_names(self.graph))

    @property
    def value(self) -> Number:
        """Its number where there are values, else None."""
        return self.found.answer.value

    @property
    def number(self) -> str:
        """The number as text."""
        from gradcalc.language.formula_pieces import Math, Values
        from gradcalc.report.lines import text_math

        digits = self.graph.exercise.notation.digits
        return text_math(Math((Values(self.value, digits),)), printed_names(self.graph))

    @property
    def shape(self) -> tuple[str, ...]:
        """The sizes of the derivative's axes, as text; () for a number."""
        return tuple(map(str, self.found.answer.shape))

    @property
    def free(self) -> tuple[str, ...]:
        """The indices, where the formula is one entry because there is no matrix form."""
        return self.found.free

    @property
    def assumed(self) -> Mapping[str, Shape]:
        """Name -> shape that nobody declared."""
        return self.found.assumed

    @property
    def data(self) -> dict[str, Any]:
        """Everything as JSON data."""
        from gradcalc.render.json import fields

        answer = self.found.answer
        return {
            "format": 1,
            "expression": unparse(self.graph.exercise.definitions[-1].expr),
            "wrt": list(answer.question.by),
            "symbolic": self.symbolic,
            "free": list(self.free) or None,
            "latex": self.latex,
            "shape": list(self.shape),
            "layout": answer.layout,
            "value": self.value,
            "assumed": {name: list(map(str, shape)) for name, shape in self.assumed.items()},
            "verified": answer.verified and fields(answer.verified, "ok method"),
        }

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<gradcalc.Derivative {self.symbolic}>"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from html import escape

        tex = f"${self.latex}$"
        found = {"text/plain": self.text, "text/html": escape(tex, quote=False), "text/latex": tex}
        return {
            kind: text
            for kind, text in found.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }


def _choice(word: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        raise GradcalcError(
            Problem("argument", f"unknown {word} {value!r}; choose from {', '.join(choices)}")
        )
