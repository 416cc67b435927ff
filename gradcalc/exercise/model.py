"""What an exercise says: an immutable value in which everything is parsed, typed and placed, and
nothing computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from gradcalc.exercise.source import Text
from gradcalc.exercise.vary_model import Variant, Vary
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.errors import Place, Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr, names

__all__ = [
    "PARTS",
    "Definition",
    "Exercise",
    "Function",
    "Grading",
    "KnownMistake",
    "Notation",
    "Paper",
    "Question",
    "Space",
    "Text",
    "Upstream",
    "Value",
    "Variable",
]  # fmt: skip

# A number (constant expression), or nested tuples of them, row by row.
Value: TypeAlias = "Expr | tuple[Value, ...]"

PARTS = ("walk", "values", "check")  # of a page, in their order


@dataclass(frozen=True, slots=True)
class Space:
    """Room to write in: `cm`, or a part of a page (1/3, 1/2, 1)."""

    cm: float | None = None
    page: float | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on a printed sheet beside the exercise; None: as the format does by itself.

    fields: what students fill in at the top; breaks: each exercise begins a page; points: they are
    shown; grade_table: a table of the points at the end of the header.
    """

    size: str | None = None  # a4 | letter
    course: str | None = None
    date: str | None = None
    form: str | None = None
    fields: tuple[str, ...] | None = None
    space: Space | None = None
    breaks: bool = False
    points: bool = True
    grade_table: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared name. `shape` is None where it is to be inferred; its items are size
    expressions. `free`: the structure of a matrix whose free parameters are varied, which is among
    what is assumed too; "" where each entry is a parameter.
    """

    name: str
    shape: tuple[Expr, ...] | None = None
    each: str | None = None
    latex: str | None = None
    assume: frozenset[str] = frozenset()
    function: int = 0  # how many arguments an unknown function has; 0: it is none
    description: str | None = None
    place: Place | None = None
    source: Text | None = None  # of the shape, for errors at its size expressions
    free: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = expr`, `name[k] = expr` (indices ("k",)). Spans in `expr` are offsets into
    `source`.
    """

    name: str
    expr: Expr
    source: Text
    indices: tuple[str, ...] = ()
    place: Place | None = None  # of the name


@dataclass(frozen=True, slots=True)
class Function:
    """`name(params) = expr`, to be inlined where it is called."""

    name: str
    params: tuple[str, ...]
    expr: Expr
    source: Text
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class KnownMistake:
    """A wrong answer that the author expects: the answer as text, what to say of it, and the
    share of the points that it earns.
    """

    answer: Text
    say: str
    points: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Grading:
    """How answers are marked.

    relative, absolute  the tolerance of numbers; formulas are exact
    digits      None, or how many significant digits of a number must be right at least
    entries     proportional (an array earns the share of its right entries) or all
    mistakes    slug -> the share of the points where exactly this mistake was made
    carry       the share of the points for an answer that follows from an earlier wrong one
    domain      same, or common: where one of the two is undefined does not count
    layouts     exercise, or any: another layout is right, with a note
    columns     loose: a vector is a column and a row; or strict
    hints       none, verdict, where or full: how much the message may say
    """

    relative: Fraction = Fraction(1, 1000)
    absolute: Fraction = Fraction(1, 10**9)
    digits: int | None = None
    entries: str = "proportional"
    mistakes: Mapping[str, Fraction] = field(default_factory=dict)
    carry: Fraction = Fraction(1)
    domain: str = "same"
    layouts: str = "exercise"
    columns: str = "loose"
    hints: str = "full"


@dataclass(frozen=True, slots=True)
class Question:
    """`kind`: derivative (df/dx), local (local df/dx), second (d2f/dxdy), shape, value.

    `of` is the numerator (or the asked quantity), `by` the denominators (one, or two for `second`),
    `entry` an index list for one entry of the answer. `text` is the question as asked.
    `loss`: the numerator is the loss behind the upstream gradients, not a quantity of the exercise.
    `answer`: what an answer may be: formula, value, both or either. `expr`: what `value E` asks for
    where that is no quantity (`of` is empty then); spans in it are offsets into `source`.
    """

    text: str
    kind: str
    of: str
    by: tuple[str, ...] = ()
    name: str | None = None
    entry: tuple[Expr, ...] | None = None
    loss: bool = False
    prompt: str | None = None
    points: float | None = None
    place: Place | None = None
    space: Space | None = None  # room to write the answer in
    answer: str = "either"
    mistakes: tuple[KnownMistake, ...] = ()
    expr: Expr | None = None
    source: Text | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """Gradient of the loss at `of` (None: at *the* output). `value` a number, nested tuples, or
    a Name (symbolic).
    """

    of: str | None
    value: Value
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Notation:
    """How answers are written: layout, form, significant digits, names in TeX."""

    layout: str = "gradient"  # gradient | jacobian | denominator
    form: str = "matrix"  # matrix | index | entries
    digits: int = 4
    latex: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What the file says. Values stay exact expressions; sizes and names are unresolved."""

    file: str
    definitions: tuple[Definition, ...]
    functions: Mapping[str, Function] = field(default_factory=dict)
    title: str | None = None
    text: str | None = None
    author: str | None = None
    source: str | None = None
    tags: tuple[str, ...] = ()
    lang: str = "en"
    paper: Paper = field(default_factory=Paper)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    complete: bool = False  # `variables` was a list: any other name is an error
    sizes: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Expr] = field(default_factory=dict)  # index -> its size expression
    indices: Mapping[str, Expr] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    value_places: Mapping[str, Place] = field(default_factory=dict)
    seed: int | None = None
    upstream: tuple[Upstream, ...] = ()
    loss: str = "L"  # what the loss is called where there is an upstream gradient
    questions: tuple[Question, ...] = ()  # empty: not asked; the graph then makes the default ones
    notation: Notation = field(default_factory=Notation)
    vary: Vary = field(default_factory=Vary)
    variant: Variant | None = None
    grading: Grading = field(default_factory=Grading)
    page_parts: tuple[str, ...] = PARTS  # that its page has
    warnings: tuple[Problem, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names that are used or declared but neither defined, sizes, indices, constants nor
        functions, in declared order, then in order of first use.
        """
        taken = (
            {definition.name for definition in self.definitions}
            | self.size_names
            | set(self.examples)
            | set(self.indices)
        )
        taken |= set(self.unknown_functions) | set(CONSTANTS) - set(self.variables)
        found = dict.fromkeys(name for name in self.variables if name not in taken)
        for definition in self.definitions:
            bound = set(definition.indices)
            found.update(
                dict.fromkeys(
                    n for n in names(definition.expr) if n not in taken and n not in bound
                )
            )
        for function in self.functions.values():
            bound = set(function.params)
            found.update(
                dict.fromkeys(n for n in names(function.expr) if n not in taken and n not in bound)
            )
        return tuple(found)

    @property
    def size_names(self) -> frozenset[str]:
        """Names of symbolic sizes: those with a number, and those that shapes, examples and
        indices run to.
        """
        found = set(self.sizes)
        for expr in [*self.examples.values(), *self.indices.values()]:
            found.update(names(expr))
        for variable in self.variables.values():
            for size in variable.shape or ():
                found.update(names(size))
        return frozenset(found)

    @property
    def unknown_functions(self) -> tuple[str, ...]:
        """Names declared as `{function: 1}`, or of more arguments."""
        return tuple(name for name, variable in self.variables.items() if variable.function)
