"""What a page to play with is made of: the sheet, the steps of the walk, the formulas whose numbers
it follows, and the values that can be changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.graph.model import Graph
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Line, Names, Number
from gradcalc.language.parser import Expr
from gradcalc.report.blocks import Block
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import Handout


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that the page evaluates, under a name that later formulas may use.

    lengths  of its axes at the given sizes; free: the indices of an entry formula, in their order,
             with their lengths
    over     the examples it is per; stacked: it is written in stacks over them
    """

    key: str
    expr: Expr
    lengths: tuple[int, ...]
    free: tuple[tuple[str, int], ...] = ()
    over: tuple[str, ...] = ()
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A backward pass: the name of what it differentiates, and its formulas in the order of the
    steps.
    """

    name: str
    formulas: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """upstream × local along one wire: keys of formulas; None for one that has no number, and for
    the upstream gradient where the pass begins.
    """

    wire: tuple[str, str]
    upstream: str | None
    local: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the walk. kind: given, forward, backward or end.

    at       the quantity it is about; run: which pass it belongs to
    head     its title; brief, normal, full: what it says at three details, in symbols alone
    total    the key of its number; terms: what that is the sum of
    plugged  forward: the expression in which the page puts the numbers
    """

    kind: str
    at: str | None
    run: int
    head: Line
    brief: tuple[Block, ...] = ()
    normal: tuple[Block, ...] = ()
    full: tuple[Block, ...] = ()
    written: Line = ()
    total: str | None = None
    terms: tuple[Term, ...] = ()
    plugged: Expr | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A value that can be changed. kind: number, array or fixed, which keeps its value because of
    what is assumed of it; upstream: it is an upstream gradient and no input.
    """

    name: str
    written: Line
    value: Number
    kind: str
    assumed: tuple[str, ...] = ()
    upstream: bool = False
    range: tuple[float, float] | None = None  # of its slider; None: as the page finds good


@dataclass(frozen=True, slots=True)
class Help:
    """Help with one question, a little more at each level, and the step of the walk that finds
    it, counted from 0.
    """

    levels: tuple[tuple[Block, ...], ...]
    stage: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """Where two pieces of a quantity meet: there `expr` is 0, and a derivative is a convention."""

    quantity: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class PlayPage:
    """A page: `sheet` without answers, `key` with them (None: no answers on the page); `parts`:
    which of walk, values and check it has; `variants`: other values of the fields.
    """

    sheet: Handout
    key: Handout | None
    figure: Picture
    stages: tuple[Stage, ...]
    runs: tuple[Run, ...]
    fields: tuple[Field, ...]
    names: Names
    graph: Graph
    digits: int
    sizes: Mapping[str, int]
    help: tuple[Help, ...]  # for each question
    edges: tuple[Edge, ...]
    parts: tuple[str, ...]
    variants: tuple[Mapping[str, Number], ...]
