"""Answers and gradients as Python shows them. A name means here what it means in the JSON of
`solve --format json`, and the same for an answer, a gradient and a single derivative:

    symbolic  the formula in the expression language; it parses back
    text      the formula for people, in Unicode
    latex     the formula in TeX, without $
    value     the number, or nested lists of numbers row by row
    shape     sizes as a tuple, () for a number: ("D_a1", "D_x"), ("n", 3)
    free      the indices of an entry, where there is no matrix form
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcalc.graph.printed_names import printed_names
from gradcalc.graph.ways import Ways
from gradcalc.language import formula
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.formula_styles import size_text
from gradcalc.language.named_formulas import joined
from gradcalc.language.sizes import Shape, stacked
from gradcalc.language.tree import Expr
from gradcalc.numeric.verified import Verified

if TYPE_CHECKING:
    from gradcalc.derivation import answer_model
    from gradcalc.derivation.answer_model import Solution
    from gradcalc.language.formula_pieces import Names
    from gradcalc.marking import model as marking
    from gradcalc.marking.model import Mistake

Sizes: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One way of writing an answer: per example, or stacked over the examples.

    Its names mean what they mean in an Answer.
    """

    symbolic: str | None
    text: str | None
    latex: str | None
    shape: Sizes
    value: Any = None
    free: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shorthand:
    """What the literature writes for a derivative with too many axes, and how it is meant."""

    symbolic: str
    text: str
    latex: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    >>> import gradcalc
    >>> answer = gradcalc.solve("ex1")["df/dx"]
    >>> answer.symbolic, answer.value, answer.verified.ok
    ('z', -4.0, True)

    question   as it is asked, "df/dx"; name: the name it was given, or None
    kind       derivative, shape or value
    symbolic   the formula in the expression language, in named quantities; it parses back
    text       the formula for people; latex: in TeX, without $
    value      the number, or nested lists row by row; stacked over the examples
    shape      sizes, () for a number; layout: gradient, jacobian or denominator
    free       the indices of an entry, where there is no matrix form
    expanded   in inputs alone, or None where that is too long
    simplified a shorter form beside a local derivative that stays as its rule gives it, or None
    where      named gradients in the formula -> their own formulas
    chain      the paths from numerator to denominator, each a tuple of "df/dq"
    with_upstream  the value with the upstream gradient, where there is one
    per_example, stacked, shorthand  other ways of writing it, or None
    reason     why a shape is what it is, or why there is no number
    warnings   sentences
    verified   what the numeric check found: ok, method, error, reason
    """

    question: str
    name: str | None
    kind: str
    symbolic: str | None
    text: str | None
    latex: str | None
    value: Any
    shape: Sizes
    layout: str | None
    free: tuple[str, ...] = ()
    expanded: str | None = None
    simplified: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    chain: tuple[tuple[str, ...], ...] = ()
    with_upstream: Any = None
    per_example: View | None = None
    stacked: View | None = None
    shorthand: Shorthand | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    verified: Verified | None = None

    def __repr__(self) -> str:
        number = "" if self.value is None else f"value {self.value}"
        said = ", ".join(filter(None, (self.symbolic, number)))
        return f"<Answer {self.question}: {said}>"


@dataclass(frozen=True, slots=True)
class Gradient:
    """The gradient of the loss at an input, upstream gradient included, in the shape of the input.

    >>> import gradcalc
    >>> gradient = gradcalc.solve("ex1").gradients["z"]
    >>> gradient.symbolic, gradient.value
    ('q', 3.0)

    symbolic, text, latex, value, shape, free and where mean what they mean in an Answer.
    """

    symbolic: str | None
    text: str | None
    latex: str | None
    value: Any
    shape: Sizes
    free: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        number = "" if self.value is None else f", value {self.value}"
        return f"<Gradient {self.symbolic}{number}>"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an answer is right, and what it was if not.

    >>> import gradcalc
    >>> verdict = gradcalc.check("logdet(X)", wrt="X", answer="inv(X)")
    >>> verdict.verdict, verdict.mistake
    ('wrong', 'transposed')
    >>> verdict.message
    'This is what comes out if the matrix is transposed.'

    question   as it is asked; name: the name it was given, or None
    answer     what was written; read_as: how it was read, in the expression language
    kind       formula, value, both, shape or blank
    verdict    right, wrong, undecided, invalid or blank; `right` is true for the first
    points     earned, out of `of`
    message    one or two sentences for the student
    mistakes   those that give exactly this answer: slug, sentence, at; `mistake`: the first slug
    carried    the earlier wrong answers that this one follows from, or None
    entries    of an array: which entries are right
    decided    what proves the verdict: how, at which sizes, and a point where the two differ;
               decided_value: the same of the number, where formula and number were given
    right_answer  in the expression language, where it was asked for (`reveal`)
    """

    question: str
    name: str | None
    answer: str
    read_as: str | None
    kind: str
    verdict: str
    points: float
    of: float
    message: str
    mistakes: tuple[Mistake, ...] = ()
    carried: Mapping[str, Any] | None = None
    entries: Any = None
    decided: Mapping[str, Any] | None = None
    decided_value: Mapping[str, Any] | None = None
    right_answer: str | None = None

    @property
    def right(self) -> bool:
        """Is it proved to be right?"""
        return self.verdict == "right"

    @property
    def mistake(self) -> str | None:
        """The slug of the mistake that gives exactly this answer, where there is one."""
        return self.mistakes[0].slug if self.mistakes else None

    def __repr__(self) -> str:
        return f"<Verdict {self.question}: {self.verdict}, {self.points:g} of {self.of:g}>"


def verdict(found: marking.Verdict) -> Verdict:
    """A verdict from its JSON, so that the two cannot differ."""
    from gradcalc.render.marks_json import answer

    return Verdict(**{**answer(found), "mistakes": found.mistakes})


def sizes(shape: Shape) -> Sizes:
    """A shape as readable sizes: numbers, and text where a size has a name."""
    return tuple(str(size) if size.number is None else size.number for size in shape)


def answers(solution: Solution) -> tuple[Answer, ...]:
    """The answers of a solution, in the order of the questions."""
    where = joined([answer.where for answer in solution.answers])
    names = printed_names(solution.graph, where)
    ways = Ways(solution.graph)
    return tuple(_answer(one, names, ways) for one in solution.answers)


def gradients(solution: Solution) -> dict[str, Gradient]:
    """Input -> gradient of the loss."""
    from gradcalc.render.json import data, named

    graph = solution.graph
    found = {}
    for name, one in solution.gradients.items():
        node = graph.node(name)
        own = stacked(node.shape, *(graph.indices[index] for index in node.over))
        names = printed_names(graph, one.where)
        found[name] = Gradient(
            data(one.symbolic),
            people(one.symbolic, names),
            None if one.symbolic is None else formula.latex(one.symbolic, names),
            data(one.value),
            sizes(own),
            one.free,
            named(one.where),
        )
    return found


def people(expr: Expr | None, names: Names, shape: Shape | None = None) -> str | None:
    """A formula for people; a shape where it is what was asked for."""
    if shape is not None:
        return " × ".join(map(size_text, shape)) or "scalar"
    return None if expr is None else formula.text(expr, names)


def _answer(one: answer_model.Answer, names: Names, ways: Ways) -> Answer:
    """An answer from its JSON, so that the two cannot differ; `text` is added."""
    from gradcalc.render.json import answer_data

    fields = answer_data(one, names, ways)
    asked = one.shape if one.kind == "shape" else None
    short = one.shorthand
    fields.update(
        text=people(one.symbolic, names, asked),
        shape=sizes(one.shape),
        free=one.free,
        where=fields["where"] or {},
        chain=tuple(map(tuple, fields["chain"])),
        warnings=tuple(fields["warnings"]),
        verified=one.verified,
        shorthand=short
        and Shorthand(**fields["shorthand"], text=formula.text(short.symbolic, names)),
    )
    for word, view in (("per_example", one.per_example), ("stacked", one.stacked)):
        fields[word] = view and View(
            **{
                **fields[word],
                "text": people(view.symbolic, names, view.shape if asked is not None else None),
                "shape": sizes(view.shape),
                "free": view.free,
            }
        )
    return Answer(**fields)


def readable(shapes: Mapping[str, Sequence[str | int] | str]) -> dict[str, tuple[str, ...]]:
    """Shapes as a caller gives them, lists of sizes or text: ["n", 3], "[n, 3]", "n"."""
    found = {}
    for name, shape in shapes.items():
        if isinstance(shape, str):
            inside = shape.strip().removeprefix("[").removesuffix("]")
            shape = [size.strip() for size in inside.split(",")] if inside.strip() else []
        found[name] = tuple(map(str, shape))
    return found
