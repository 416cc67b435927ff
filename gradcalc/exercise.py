"""YAML to Exercise: an immutable value in which everything is parsed, typed and placed, and nothing computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gradcalc.errors import Place, Problem
from gradcalc.syntax import Expr


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of source text that knows where each of its characters stands in the file."""

    value: str
    file: str = "<expression>"
    # For each line of `value`: (offset in value, line in file, column in file), ascending.
    lines: tuple[tuple[int, int, int], ...] = ((0, 1, 1),)

    def place(self, start: int, end: int | None = None) -> Place:
        raise NotImplementedError


# A number (constant expression), or nested tuples of them, row by row.
Value: TypeAlias = "Expr | tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared name. `shape` is None where it is to be inferred; its items are size expressions."""

    name: str
    shape: tuple[Expr, ...] | None = None
    each: str | None = None
    latex: str | None = None
    assume: frozenset[str] = frozenset()
    function: bool = False
    description: str | None = None
    place: Place | None = None
    source: Text | None = None  # of the shape, for errors at its size expressions


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = expr`, `name[k] = expr` (indices ("k",)). Spans in `expr` are offsets into `source`."""

    name: str
    expr: Expr
    source: Text
    indices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """`name(params) = expr`, to be inlined where it is called."""

    name: str
    params: tuple[str, ...]
    expr: Expr
    source: Text


@dataclass(frozen=True, slots=True)
class Question:
    """`kind`: derivative (df/dx), local (local df/dx), second (d2f/dxdy), shape, value.

    `of` is the numerator (or the asked quantity), `by` the denominators (one, or two for `second`),
    `entry` an index list for one entry of the answer. `text` is the question as asked.
    `loss`: the numerator is the loss behind the upstream gradients, not a quantity of the exercise.
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


@dataclass(frozen=True, slots=True)
class Upstream:
    """Gradient of the loss at `of` (None: at *the* output). `value` a number, nested tuples, or a Name (symbolic)."""

    of: str | None
    value: Value
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Notation:
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
    vary: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names that are used or declared but neither defined, sizes, indices, constants nor functions,
        in declared order, then in order of first use."""
        raise NotImplementedError

    @classmethod
    def parse(cls, text: str | bytes, file: str = "<text>") -> Exercise:
        """YAML text to an exercise. Raises GradcalcError with every problem found."""
        raise NotImplementedError

    @classmethod
    def read(cls, path: str) -> Exercise:
        """A file (or `-`: standard input) to an exercise."""
        raise NotImplementedError
