"""Nodes and the graph of them: what graph.py builds and everything after it reads. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcalc.exercise.model import Exercise, Question
from gradcalc.language.errors import Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Expr
from gradcalc.language.shape_rules import Shape, Size, show
from gradcalc.language.tree import substitute


@dataclass(slots=True)
class Node:
    """One elementary operation. A light object: 10^5 of them cost what a float pass costs.

    `shape` are the positional axes. `over` are the named indices (examples and `indices`) the value
    depends on besides: a node over ("i",) has one array of shape `shape` for each i. `attrs` by op:
      input, const {value: Fraction|"pi"|"e"}, size {value: Size}, index {name}
      sum mean prod max min  {axis: tuple[int, ...], keepdims: bool}  or  {index: tuple[str, ...]}
      (over named indices) softmax log_softmax    {axis: int};  logsumexp {axis: tuple[int, ...],
      keepdims: bool} norm                   {axis: tuple[int, ...], keepdims: bool}  (2-norm /
      Frobenius; other ord are lowered) matmul transpose outer kron tr det logdet inv diag vec
      concat {axis} stack (new axis 0) eye ones zeros copy
      getitem  {items: one per axis of args[0]: ("at", Size) | ("slice", start Size, stop Size, step
               int)
                | ("index", name) | ("gather", position in args)}
      toaxis   {indices: tuple[str, ...]}: named indices become leading axes (p[k] = …)
      apply    {function: str, order: int, places: tuple[int, ...]}: unknown elementwise function or
      its derivative; `places` of one of several arguments
      compare operations: lt le gt ge eq ne;  where(c, a, b);  stop_gradient
    """

    op: str
    args: tuple[int, ...]
    shape: Shape
    over: tuple[str, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    expr: Expr | None = None  # the piece of the author's expression this node stands for


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in topological order; `names` maps every input and named quantity to its node."""

    exercise: Exercise
    nodes: list[Node]
    names: Mapping[str, int]
    inputs: tuple[str, ...]  # declared order, then order of first use
    quantities: tuple[str, ...]  # defined names in topological order
    outputs: tuple[str, ...]  # quantities that nothing else uses; the last is *the* output
    integers: frozenset[str]  # inputs used as indices
    constants: frozenset[str]  # inputs with `assume: constant`
    indices: Mapping[str, Size]  # every named index with its size
    examples: tuple[str, ...]  # those of `indices` that run over examples
    sizes: Mapping[str, int]  # numbers for sizes, from `sizes` and from values
    stacks: Mapping[str, str]  # name of the stack -> per-example name (X -> x)
    reasons: Mapping[str, str] = field(default_factory=dict)  # name -> why it has its shape
    warnings: tuple[Problem, ...] = ()
    asked: Mapping[str, AskedValue] = field(default_factory=dict)  # by the text of the question

    def node(self, name: str) -> Node:
        return self.nodes[self.names[name]]

    def __repr__(self) -> str:
        of, given = ", ".join(self.outputs), ", ".join(self.inputs)
        return f"<Graph of {of}: {len(self.nodes)} nodes; inputs {given}>"


@dataclass(frozen=True, slots=True)
class AskedValue:
    """An expression that is asked for.

    name     the quantity that it is in `graph`
    lines    the answers of `value` questions that it names, each with its expression, in order
    answers  the derivatives that it and they name, each with its question
    over     the examples that it is per
    """

    graph: Graph
    name: str
    expr: Expr
    lines: tuple[tuple[str, Expr], ...]
    answers: tuple[tuple[str, Question], ...]

    @property
    def shape(self) -> Shape:
        """The shape of its value, per example."""
        return self.graph.node(self.name).shape

    @property
    def over(self) -> tuple[str, ...]:
        """The examples that it is per."""
        return self.graph.node(self.name).over

    @property
    def opened(self) -> Expr:
        """The expression in quantities and derivatives alone."""
        table: dict[str, Expr] = {}
        for name, expr in self.lines:
            table[name] = substitute(expr, table)
        return substitute(self.expr, table)


def item_indices(item: tuple[Any, ...]) -> tuple[str, ...]:
    """The named indices in a place between brackets."""
    if item[0] == "index":
        return (item[1],)
    return tuple(name for name, _ in item[1]) if item[0] == "shift" else ()


def unfit(
    nodes: Sequence[Node], numbers: Mapping[str, int], indices: Mapping[str, Size]
) -> tuple[Node, str] | None:
    """The first node that cannot be at these sizes: an array without entries, an index without
    values, or entries beyond an axis.
    """

    def ascend(*row: int | Size) -> bool:
        sizes = [Size.of(item) for item in row]
        known = [size.at(dict(numbers)) for size in sizes if size.names <= numbers.keys()]
        return len(known) < len(row) or known == sorted(known)

    for node in nodes:
        if not all(ascend(1, size) for size in node.shape):
            return node, f"is {show(node.shape)}: at the sizes given it has no entry"
        for name in node.over:
            if not ascend(1, indices[name]):
                return (
                    node,
                    f"has no {name} at the sizes given: it runs over {indices[name]} values",
                )
        if node.op == "getitem":
            for (kind, *places), length in zip(
                node.attrs["items"], nodes[node.args[0]].shape, strict=False
            ):
                if kind in ("at", "slice") and not ascend(0, *places[:2], length - (kind == "at")):
                    return node, f"reaches beyond the axis of {length} at the sizes given"
    return None
