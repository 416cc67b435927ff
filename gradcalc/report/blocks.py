"""What a report is made of: a closed set of blocks that every format draws, mathematics kept as data in them.

A format decides how an expression, a partial derivative, a shape or a number is written; a view (see report.py)
decides what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from gradcalc.derivation.answer_model import Number
from gradcalc.graph.build import Graph
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr, Name
from gradcalc.language.shape_rules import shape_of
from gradcalc.language.sizes import Shape, Size, stacked


@dataclass(frozen=True, slots=True)
class Options:
    """How to print: `width` of the terminal, `digits` None for the exercise's own, `form` for matrix answers."""

    width: int = 80
    color: bool = False
    ascii: bool = False
    digits: int | None = None
    form: str | None = None
    detail: str = "normal"


@dataclass(frozen=True, slots=True)
class Names:
    """What printers must know of the names in an expression.

    shapes     of quantities, inputs and stacks; a name that is missing (a size, an index) is a number
    each       quantities with one value per example; in per-example views they carry the example index
    ranges     the example indices with their sizes
    latex      TeX for a name, from `notation.latex` or its declaration
    functions  unknown functions
    partials   names of upstream gradients that nobody named: dL_dO is written ∂L/∂O
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    each: frozenset[str] = frozenset()
    ranges: Mapping[str, Size] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    partials: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, where: Sequence[tuple[str, Expr]] = ()) -> Names:
        """The names of a graph, its stacks included; `where` are named gradients, with their formulas."""
        shapes: dict[str, Shape] = {
            name: graph.nodes[node].shape for name, node in graph.names.items()
        }
        over = {
            name: [i for i in graph.nodes[node].over if i in graph.examples]
            for name, node in graph.names.items()
        }
        for stack, name in graph.stacks.items():
            shapes.setdefault(
                stack, stacked(shapes[name], *(graph.indices[index] for index in over[name]))
            )
        loss = graph.exercise.loss
        partials = {
            f"d{loss}_d{name}": (loss, name)
            for name in graph.quantities
            if f"d{loss}_d{name}" not in shapes
        }
        for name, _ in where:
            of, _, by = name.removeprefix("d").partition("_d")
            if name not in shapes and of in shapes and by in shapes and name == f"d{of}_d{by}":
                partials[name] = (of, by)
        shapes.update({name: shapes[of] for name, (_, of) in partials.items()})
        shapes.update(
            {
                f"upstream_{name}": shapes[name]
                for name in graph.quantities
                if f"upstream_{name}" not in shapes
            }
        )
        for upstream in graph.exercise.upstream:
            of = upstream.of or graph.outputs[-1]
            if isinstance(upstream.value, Name) and of in shapes:
                shapes.setdefault(upstream.value.id, shapes[of])
        for name, expr in where:
            try:
                shapes[name] = shapes[name] if name in graph.names else shape_of(expr, shapes)
            except Exception:  # an unknown shape is printed as a number's
                continue
        variables = graph.exercise.variables
        latex = {name: variable.latex for name, variable in variables.items() if variable.latex}
        return cls(
            shapes=shapes,
            each=frozenset(name for name, indices in over.items() if indices),
            ranges={index: graph.indices[index] for index in graph.examples},
            latex={**latex, **graph.exercise.notation.latex},
            functions=frozenset(name for name, variable in variables.items() if variable.function),
            partials=partials,
        )


# ---- mathematics in a report


@dataclass(frozen=True, slots=True)
class Partial:
    """∂f/∂x, ∂²f/∂x∂y, ∂f/∂x[0, 2]. `local`: with the other operands held, where it is not all of ∂f/∂x."""

    of: str
    by: tuple[str, ...]
    entry: tuple[Expr, ...] = ()
    local: bool = False


@dataclass(frozen=True, slots=True)
class Shaped:
    """A shape, D_x × m."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Values:
    """A number, or nested lists of them, at significant digits."""

    value: Number
    digits: int


@dataclass(frozen=True, slots=True)
class Factors:
    """A product with a dot between its factors, as a chain of local derivatives is written: α (1 − α) · w₀."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of an expression, ∂(x y)/∂x."""

    of: Expr
    by: Expr


@dataclass(frozen=True, slots=True)
class Under:
    """A factor with its shape below it."""

    expr: Expr
    shape: Shape


Piece: TypeAlias = Expr | Partial | Shaped | Values | Factors | Slope | Under | str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula: pieces side by side; a str is a sign between them (= ≈ · + , ∘ →). `example`: a per-example view;
    `names`: of a formula that is not about the report's quantities, a general rule."""

    pieces: tuple[Piece, ...]
    example: bool = False
    names: Names | None = None


Line: TypeAlias = tuple[str | Math, ...]
Cell: TypeAlias = tuple[Line, ...]


# ---- blocks


@dataclass(frozen=True, slots=True)
class Heading:
    line: Line
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    line: Line


@dataclass(frozen=True, slots=True)
class Column:
    """`right`: numbers, aligned to the right. `aside`: may stand in a list of its own where the table is too wide."""

    title: str
    right: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first cell names its row. `records`: one row under another rather than a grid."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    records: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """`kind`: note, check, warning or error."""

    kind: str
    line: Line


Block: TypeAlias = Heading | Paragraph | Table | Note


@dataclass(frozen=True, slots=True)
class Report:
    blocks: tuple[Block, ...]
    names: Names = field(default_factory=Names)
    title: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be read, for formats that list it among the others."""

    file: str
    problems: tuple[Problem, ...]


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], records: bool = False
) -> Table:
    """A table without the columns that are empty in every row."""
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    return Table(
        tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows), records
    )


def continues(line: Line) -> bool:
    """Whether a line goes on with the formula of the line before: = …, + …"""
    return isinstance(line[0], Math) and line[0].pieces[0] in ("=", "+", "−", "+ …")


def math(*pieces: Piece, example: bool = False) -> Line:
    """A line that is one formula."""
    return (Math(pieces, example),)


def line(*parts: str | Line | Math | Piece, example: bool = False) -> Line:
    """Text with formulas in it: a str is text, a line stands as it is, anything else is a formula of its own."""
    found: list[str | Math] = []
    for part in parts:
        if isinstance(part, tuple):
            found += part
        elif part != "":
            found.append(part if isinstance(part, str | Math) else Math((part,), example))
    return tuple(found)


def listed(
    parts: Iterable[str | Line | Math | Piece],
    between: str = ", ",
    last: str = " and ",
    example: bool = False,
) -> Line:
    """In a sentence: a, b and c."""
    lines = [line(part, example=example) for part in parts]
    signs = ["", *[between] * (len(lines) - 2), last]
    return line(*(piece for pair in zip(signs, lines, strict=False) for piece in pair))
