"""What a written formula is recognised as: a sum over its count as a mean, the trace of an outer
product as a product of vectors.

A table of rules on expressions; each gives the part in fewer words, or None where it does not
apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

from gradcalc.calculus.notation.products import chain_of, scaled
from gradcalc.graph.model import Graph
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.shape_rules import Shape, ShapeError, Size, shape_of, stacked
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Transpose,
    Vector,
    walk,
)

TWO = Num(Fraction(2))
CALLED = frozenset(("sum", "tr", "softmax", "triu", "tril"))  # in what the rules recognise


class Recognised:
    """Recognises parts of formulas over the quantities of one graph, and what their author calls a
    mean.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.shapes: dict[str, Shape] = {
            name: graph.nodes[number].shape for name, number in graph.names.items()
        }
        for stack, name in graph.stacks.items():
            node = graph.node(name)
            self.shapes[stack] = stacked(node.shape, *(graph.indices[i] for i in node.over))

    def written(self, expr: Expr, shapes: Mapping[str, Shape]) -> Expr:
        """An expression with its parts recognised; `shapes`: of further names in it."""
        calls = (part.func for part in walk(expr) if isinstance(part, Call))
        chains = any(isinstance(part, Binary) and part.op == "@" for part in walk(expr))
        if not chains and not any(func in CALLED for func in calls):
            return expr
        known = Known({**self.shapes, **shapes}, self.averaged)

        def change(part: Expr) -> Expr:
            for rule in RULES:
                found = rule(part, known)
                if found is not None:
                    return found
            return part

        return rebuilt(expr, change)

    @cached_property
    def averaged(self) -> Averaged:
        """What the author averages."""
        sizes: set[Size] = set()
        sums: set[tuple[Expr, Expr | None]] = set()
        known = Known(self.shapes, Averaged())
        for definition in self.graph.exercise.definitions:
            for part in walk(definition.expr):
                match part:
                    case Call("mean" | "var", (_,)) if (count := known.count(part)) is not None:
                        sizes.add(count)
                    case Binary("/", Call("sum", (_,)) as total, below):
                        count = known.count(total)
                        if count is not None and below == size_tree(count):
                            sums.add(known.what(total))
                    case Binary("*", Binary("/", Num(value=1), below), Call("sum", (_,)) as total):
                        count = known.count(total)
                        if count is not None and below == size_tree(count):
                            sums.add(known.what(total))
        return Averaged(frozenset(sizes), frozenset(sums))


@dataclass(frozen=True, slots=True)
class Averaged:
    """The counts of the author's means, and the sums that are divided by their count."""

    sizes: frozenset[Size] = frozenset()
    sums: frozenset[tuple[Expr, Expr | None]] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """The shapes of names, and what the author averages."""

    shapes: Mapping[str, Shape]
    averaged: Averaged

    def shape(self, expr: Expr) -> Shape | None:
        """The shape of an expression; None where it is not known."""
        try:
            return shape_of(expr, self.shapes)
        except (ShapeError, SpanError):
            return None

    def what(self, total: Call) -> tuple[Expr, Expr | None]:
        """What a reduction adds up, and along which axis."""
        return total.args[0], dict(total.kwargs).get("axis")

    def count(self, total: Call) -> Size | None:
        """How many entries a reduction takes together; None where that is not known."""
        shape, (_, axis) = self.shape(total.args[0]), self.what(total)
        if not shape or not (axis is None or isinstance(axis, Num)):
            return None
        if isinstance(axis, Num) and axis.value >= len(shape):
            return None
        count = Size.of(1)
        for size in shape if axis is None else [shape[int(axis.value)]]:
            count = count * size
        return count


Rule = Callable[[Expr, Known], "Expr | None"]


def mean(expr: Expr, known: Known) -> Expr | None:
    """Σ/n over n entries is a mean, where the author takes means of so many or of the same."""
    if not isinstance(expr, Binary) or expr.op != "/":
        return None
    for total in factors(expr.left):
        if not isinstance(total, Call) or total.func != "sum" or len(total.args) != 1:
            continue
        count = known.count(total)
        if count is None or count == Size.of(1):
            continue
        if count not in known.averaged.sizes and known.what(total) not in known.averaged.sums:
            continue
        below = divided(expr.right, count)
        if below is not None:
            top = put(expr.left, total, replace(total, func="mean"))
            return top if below == Num(Fraction(1)) else Binary("/", top, below)
    return None


def trace(expr: Expr, known: Known) -> Expr | None:
    """tr(u vᵀ) is uᵀ v."""
    match expr:
        case Call("tr", (Call("outer", (left, right)),)):
            if all(len(known.shape(side) or ()) == 1 for side in (left, right)):
                return Binary("@", left, right)
        case Call("tr", (Binary("@", left, Transpose(right)),)):
            if [size.number for size in (known.shape(right) or ())[1:]] == [1]:
                return Binary("@", Transpose(right), left)
    return None


def squares(expr: Expr, known: Known) -> Expr | None:
    """Σ vᵢ² of a vector is ‖v‖²."""
    match expr:
        case Call("sum", (Binary("^", Name() as vector, Num(value=2)),), ()):
            if len(known.shape(vector) or ()) == 1:
                return Binary("^", Call("norm", (vector,)), TWO)
    return None


def root_of_squares(expr: Expr, known: Known) -> Expr | None:
    """The root of ‖u‖² ‖v‖² is ‖u‖ ‖v‖."""
    match expr:
        case Call("sqrt", (arg,)):
            norms = [
                factor.left
                for factor in factors(arg)
                if isinstance(factor, Binary) and (factor.op, factor.right) == ("^", TWO)
            ]
            plain = all(isinstance(norm, Call) and norm.func == "norm" for norm in norms)
            if norms and plain and len(norms) == len(factors(arg)) and not isinstance(arg, Neg):
                total = norms[0]
                for norm in norms[1:]:
                    total = Binary("*", total, norm)
                return total
    return None


def turned_softmax(expr: Expr, known: Known) -> Expr | None:
    """softmax(Sᵀ)ᵀ is the softmax of the columns of S."""
    match expr:
        case Transpose(Call("softmax", (Transpose(arg),), ())):
            shape = known.shape(arg)
            if shape is not None and len(shape) == 2 and Size.of(1) not in shape:
                return Call("softmax", (arg,), (("axis", Num(Fraction(0))),))
    return None


def chained(expr: Expr, known: Known) -> Expr | None:
    """A number times a product of matrices is a product: 2 (A v) is 2 A v."""
    match expr:
        case Binary("*", number, Binary("@") as chain) if known.shape(number) == ():
            first = known.shape(chain_of(chain)[0])
            if first is not None and len(first) == 2:
                return scaled(number, chain)
    return None


def triangular(part: Expr, known: Known) -> Expr | None:
    """tril(A) for A ∘ tril(1 1ᵀ), a number in front; whose diagonal is 1."""

    def triangle(func: str, inner: Expr, k: Sequence[Expr]) -> Expr:
        same = isinstance(inner, Call) and (inner.func, inner.args[1:]) == (func, tuple(k))
        return inner if same else Call(func, (inner, *k))

    match part:
        case Call("diag", (Call("triu" | "tril", (Call("ones", (size, _)),)),)):
            return Call("ones", (size,))
        case Binary("*", other, Call("triu" | "tril" as func, (Call("ones", sizes), *k))) | Binary(
            "*", Call("triu" | "tril" as func, (Call("ones", sizes), *k)), other
        ):
            shape = known.shape(other)
            if shape is None or tuple(map(size_tree, shape)) != sizes:
                return None
            match other:
                case Binary("*", Num() as number, inner):
                    return Binary("*", number, triangle(func, inner, k))
                case Neg(inner):
                    return Neg(triangle(func, inner, k))
            return triangle(func, other, k)
    return None


RULES: tuple[Rule, ...] = (
    mean, trace, squares, root_of_squares, turned_softmax, chained, triangular,
)  # fmt: skip


def rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """An expression with each of its parts changed, the inner ones first."""

    def of(part: Expr) -> Expr:
        return rebuilt(part, change)

    match expr:
        case Neg() | Transpose():
            return change(replace(expr, arg=of(expr.arg)))
        case Binary() | Compare():
            return change(replace(expr, left=of(expr.left), right=of(expr.right)))
        case Call():
            return change(replace(expr, args=tuple(map(of, expr.args))))
        case Vector():
            return change(replace(expr, items=tuple(map(of, expr.items))))
        case Index():
            items = tuple(item if isinstance(item, Slice) else of(item) for item in expr.items)
            return change(replace(expr, base=of(expr.base), items=items))
    return change(expr)


def factors(expr: Expr) -> list[Expr]:
    """The factors of a product, entry by entry or of matrices."""
    if isinstance(expr, Neg):
        return factors(expr.arg)
    if isinstance(expr, Binary) and expr.op in "*@":
        return factors(expr.left) + factors(expr.right)
    return [expr]


def put(expr: Expr, part: Expr, other: Expr) -> Expr:
    """A product with another factor in the place of one."""
    if expr is part:
        return other
    if isinstance(expr, Neg):
        return Neg(put(expr.arg, part, other))
    if isinstance(expr, Binary) and expr.op in "*@":
        return Binary(expr.op, put(expr.left, part, other), put(expr.right, part, other))
    return expr


def divided(expr: Expr, count: Size) -> Expr | None:
    """A product of sizes and other factors over one of them; None where that leaves a fraction."""
    if expr == size_tree(count):
        return Num(Fraction(1))
    rest = factors(expr)
    number = Fraction(1)
    if len(count.terms) == 1:
        ((names, coefficient),) = count.terms
        wanted: list[Expr] = [Name(name) for name in names]
        number = Fraction(coefficient)
    else:
        wanted = [size_tree(count)]
    for factor in wanted:
        if factor not in rest:
            return None
        rest.remove(factor)
    if number != 1:
        given = next((factor for factor in rest if isinstance(factor, Num)), None)
        if given is None or (given.value / number).denominator != 1:
            return None
        rest[rest.index(given)] = Num(given.value / number)
    rest = [factor for factor in rest if factor != Num(Fraction(1))]
    total = rest[0] if rest else Num(Fraction(1))
    for factor in rest[1:]:
        total = Binary("*", total, factor)
    return total
