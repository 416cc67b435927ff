"""What `solve` and `diff` return: a solved exercise and a single derivative, and how they are
displayed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradcalc.graph.printed_names import printed_names
from gradcalc.language.parser import names, unparse
from gradcalc.language.sizes import show
from gradcalc.language.typography import to_ascii

if TYPE_CHECKING:
    from gradcalc.app.results import Answer, Gradient, Sizes
    from gradcalc.derivation.answer_model import Solution
    from gradcalc.derivation.single_expression import Single
    from gradcalc.graph.model import Graph
    from gradcalc.language.formula_pieces import Number
    from gradcalc.numeric.verified import Verified
    from gradcalc.report.blocks import Report


class Result:
    """A solved exercise. It prints as text; a notebook displays HTML, LaTeX and SVG.

    >>> import gradcalc
    >>> result = gradcalc.solve("ex1")
    >>> result["df/dx"]
    <Answer df/dx: z, value -4.0>
    >>> result.gradients["z"].value, result.forward["q"], result.ok
    (3.0, 3.0, True)

    answers    one for each question; result["df/dx"] is the one with that question or name
    gradients  input -> gradient of the loss, in the shape of the input
    inputs     input -> the value it was evaluated at; forward: quantity -> value
    shapes     name -> sizes, as a tuple
    warnings   sentences
    ok         whether every answer agrees with its numeric check
    to         as text: table, json, markdown, latex, html, svg, numpy, …
    graph      nodes, names and shapes; solution: all of it as the program has it
    """

    def __init__(self, solution: Solution) -> None:
        self.solution = solution

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    @property
    def graph(self) -> Graph:
        """Nodes, names and shapes of the exercise."""
        return self.solution.graph

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """One for each question, in order."""
        from gradcalc.app.results import answers

        return answers(self.solution)

    @cached_property
    def gradients(self) -> Mapping[str, Gradient]:
        """Input -> gradient of the loss, upstream included, in the shape of the input."""
        from gradcalc.app.results import gradients

        return gradients(self.solution)

    @property
    def inputs(self) -> Mapping[str, Number]:
        """Input -> the value it was evaluated at, given or drawn; None where there is none."""
        return self.solution.inputs

    @property
    def forward(self) -> Mapping[str, Number]:
        """Quantity -> value; in stacks, the examples are the last axis."""
        return self.solution.forward

    @property
    def shapes(self) -> Mapping[str, Sizes]:
        """Name -> sizes, () for a number; of one example where there are examples."""
        from gradcalc.app.results import sizes

        graph = self.graph
        return {name: sizes(graph.nodes[node].shape) for name, node in graph.names.items()}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is said about the exercise as a whole."""
        from gradcalc.render.json import said

        return tuple(map(said, self.solution.warnings))

    @property
    def ok(self) -> bool:
        """No answer, and no gradient, was refuted by its check."""
        return self.solution.right

    def __getitem__(self, question: str) -> Answer:
        """The answer to a question, by its text (`df/dx`) or its name. Raises KeyError."""
        for answer in self.answers:
            if question in (answer.question, answer.name):
                return answer
        raise KeyError(
            f"there is no question {question}; choose from "
            f"{', '.join(answer.question for answer in self.answers)}"
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
        for answer in self.solution.answers:
            question = answer.question
            if answer.symbolic is not None and question.kind not in ("shape", "value"):
                left = partial_latex(Partial(question.of, question.by), known)
                lines.append(f"{left} &= {formula.latex(answer.symbolic, known)}")
        return (
            "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$" if lines else ""
        )


class Derivative:
    """One derivative. Its names mean what they mean in an answer of `solve`.

    >>> import gradcalc
    >>> found = gradcalc.diff("x.T @ A @ x", wrt="x")
    >>> found.symbolic, found.text, found.shape
    ('(A + A.T) @ x', '(A + Aᵀ) x', ('n',))
    >>> found.assumed
    {'x': ('n',), 'A': ('n', 'n')}

    symbolic  the formula in the expression language; text: for people; latex: in TeX
    shape     sizes as a tuple; free: the indices of an entry, where there is no matrix form
    value     its number where there are values; layout: gradient, jacobian or denominator
    assumed   name -> shape that nobody declared; notes: the same in words
    verified  what the numeric check found: ok, method, error, reason
    """

    def __init__(self, found: Single) -> None:
        self.found = found

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    @property
    def solution(self) -> Solution:
        """All of it as the program has it."""
        return self.found.solution

    @property
    def graph(self) -> Graph:
        """Nodes, names and shapes of the expression."""
        return self.solution.graph

    @property
    def ok(self) -> bool:
        """The derivative was not refuted by its check."""
        return self.solution.right

    @property
    def verified(self) -> Verified | None:
        """What the numeric check found."""
        return self.found.answer.verified

    @property
    def value(self) -> Number:
        """The number, where nothing in the expression lacks a value; else None."""
        return self.found.answer.value

    @property
    def layout(self) -> str:
        """gradient, jacobian or denominator."""
        return self.found.answer.layout

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
        else as a result.
        """
        import json

        if format in ("table", "plain"):
            shown = self.text if format == "table" else self.symbolic
            shown = to_ascii(self.symbolic) if ascii else shown
            return f"{shown}\n{self.number}" if self.number else shown
        if format == "markdown":
            return f"${self.latex}$" + (f"\n\n{self.number}" if self.number else "")
        if format in ("json", "jsonl"):
            return json.dumps(self.data, ensure_ascii=ascii, indent=2 if format == "json" else None)
        return Result(self.solution).to(format, solution=solution)

    @property
    def notes(self) -> list[str]:
        """What the formula rests on, in words."""
        found = [f"{name} is {show(shape)}" for name, shape in self.found.assumed.items()]
        said = [f"assumed: {', '.join(found)}"] if found else []
        if self.free:
            shape = "×".join(f"({size})" if " " in str(size) else str(size) for size in self.shape)
            said.append(f"one entry, at {', '.join(self.free)}: the derivative is {shape}")
        if self.found.output in names(self.found.expr):
            said.append(f"{self.found.output} is the expression")
        return said

    @property
    def latex(self) -> str:
        """The formula in TeX."""
        from gradcalc.language import formula

        return formula.latex(self.found.expr, printed_names(self.graph))

    @property
    def number(self) -> str:
        """The number as text, where values were given; else empty."""
        from gradcalc.language.formula_pieces import Math, Values
        from gradcalc.report.lines import text_math

        exercise = self.graph.exercise
        if self.value is None or not (exercise.values or exercise.sizes):
            return ""
        digits = exercise.notation.digits
        return text_math(Math((Values(self.value, digits),)), printed_names(self.graph))

    @property
    def shape(self) -> Sizes:
        """The sizes of the derivative's axes; () for a number."""
        from gradcalc.app.results import sizes

        return sizes(self.found.answer.shape)

    @property
    def free(self) -> tuple[str, ...]:
        """The indices, where the formula is one entry because there is no matrix form."""
        return self.found.free

    @property
    def assumed(self) -> dict[str, Sizes]:
        """Name -> shape that nobody declared."""
        from gradcalc.app.results import sizes

        return {name: sizes(shape) for name, shape in self.found.assumed.items()}

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
            "assumed": {name: list(shape) for name, shape in self.assumed.items()},
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
