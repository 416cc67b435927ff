"""Why a product looks as it does: a shape check, why a factor is transposed, what is summed over.

argued(…) of ∂J/∂W1 = Σᵢ ∂J/∂z1 xᵀ  ->  "∂J/∂W1 must be D_a1 × D_x like W1: (D_a1 × 1)(1 × D_x) =
D_a1 × D_x ✓"; "W1 is shared by all m examples, so its gradient is the sum of the per-example
gradients"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce

from gradcalc.derivation.step_model import Path, Step
from gradcalc.graph.model import Graph, Node
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.formula_pieces import (
    Line,
    Math,
    Names,
    Partial,
    Piece,
    Shaped,
    Under,
    line,
    math,
)
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, Transpose
from gradcalc.language.shape_rules import ONE, ShapeError, shape_of
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Shape
from gradcalc.language.tree import walk
from gradcalc.ops import TABLE


def argued(
    graph: Graph,
    names: Names,
    step: Step,
    path: Path,
    before: Step | None,
    operations: Mapping[int, Sequence[int]],
) -> Path:
    """A path with the reasons for its product; `before` is the step of the quantity it comes
    through, `operations` those between it and the operand.
    """
    name, own, user = Name(step.quantity), graph.node(step.quantity), graph.node(path.through or "")
    lines: list[Line] = []
    if (
        before is not None
        and before.shape == user.shape
        and not path.product.free
        and not path.product.paired
    ):
        found = core(path.product.symbolic, names)
        lines += dimensions(names, step, found)
        factors = found.factors if len(found.factors) > 1 else ()
        path = replace(path, shapes=under(found, step.shape), factors=factors)
    none = zero(path.product.symbolic) or (path.local is not None and zero(path.local.symbolic))
    if none and not flat(graph, operations):
        lines.append(nothing(graph, name.id, user))
    for index in before.over if before else user.over:
        if index in graph.examples and index not in own.over and index not in step.over:
            count = size_tree(graph.indices[index])
            ending = " examples, so its gradient is the sum of the per-example gradients"
            lines.append(line(name, " is shared by all ", count, ending))
    number = graph.names[name.id]
    axes = {
        str(size): Shaped((size,))
        for n, args in operations.items()
        for arg in args
        for size in stretched(graph, n, arg)
        if arg == number
    }
    for length in axes.values() if before is not None and not none else ():
        ending = " entries, so its gradient is the sum over those "
        lines.append(line(name, " is broadcast to ", length, ending, length, " entries"))
    return replace(path, because=tuple(lines))


def flat(graph: Graph, operations: Mapping[int, Sequence[int]]) -> bool:
    """Whether a rule on the way is 0 by itself: of a step, a comparison, a gradient stopped."""
    return not operations or any(
        set(TABLE[graph.nodes[n].op].partials) == {"0"} for n in operations
    )


def nothing(graph: Graph, name: str, user: Node) -> Line:
    """Why a path contributes 0 although no rule on it is 0: μ in a variance around the mean."""
    definitions = {d.name: d.expr for d in graph.exercise.definitions}
    mean, through = definitions.get(name), definitions.get(user.name or "")
    if isinstance(mean, Call) and mean.func == "mean" and through is not None:
        of = mean.args[0]
        for part in walk(through):
            if (
                isinstance(part, Binary)
                and part.op == "-"
                and (part.left, part.right) == (of, Name(name))
            ):
                total = math(Call("sum", (part,)), "=", Num(Fraction(0)))
                because = "this path contributes 0, because deviations from the mean sum to zero: "
                return (because, *total)
    return ("this path contributes 0: its terms cancel in the sum",)


def stretched(graph: Graph, number: int, operand: int) -> Shape:
    """The axes along which an operand was repeated to meet the others."""
    result, shape = graph.nodes[number], graph.nodes[operand].shape
    if TABLE[result.op].signature != "elementwise":
        return ()
    own = (ONE,) * (len(result.shape) - len(shape)) + shape
    return tuple(
        size for size, had in zip(result.shape, own, strict=True) if size != ONE and had == ONE
    )


def zero(expr: Expr) -> bool:
    """Whether an expression is 0 or an array of zeros."""
    return (isinstance(expr, Num) and expr.value == 0) or (
        isinstance(expr, Call) and expr.func == "zeros"
    )


@dataclass(frozen=True, slots=True)
class Core:
    """The array product in a formula: "@", "dot" (of two vectors), "*" (entry by entry), "." (a
    number times an array) or "" (a single factor).
    """

    kind: str
    factors: tuple[tuple[Expr, Shape], ...]


def core(expr: Expr, names: Names) -> Core:
    """What is left of a formula without signs, numbers, divisors and the sums over examples."""
    while True:
        match expr:
            case Neg(arg):
                expr = arg
            case Binary("/", left, right) if bare(right, names):
                expr = left
            case Binary("*", left, right) if plain(left, names):
                expr = right
            case Binary("*", left, right) if plain(right, names):
                expr = left
            case Call("sum", (body, *over)) if over and all(
                isinstance(item, Name) and item.id in names.ranges for item in over
            ):
                expr = body
            case _:
                break
    match expr:
        case Binary("@"):
            parts = with_shapes(matrix_factors(expr, names), names)
            return Core("dot" if [len(shape) for _, shape in parts] == [1, 1] else "@", parts)
        case Call("outer", (left, right)):
            sizes = [
                next((size for size in shape if size != ONE), ONE)
                for _, shape in with_shapes((left, right), names)
            ]
            return Core("@", ((left, (sizes[0], ONE)), (Transpose(right), (ONE, sizes[1]))))
        case Binary("*", left, right):
            parts = with_shapes((left, right), names)
            small = [all(size == ONE for size in shape) for _, shape in parts]
            return Core("." if any(small) else "*", parts)
    return Core("", with_shapes((expr,), names))


def matrix_factors(expr: Expr, names: Names) -> tuple[Expr, ...]:
    """The factors of a matrix product, numbers in front left out."""
    factors: list[Expr] = []
    while isinstance(expr, Binary) and expr.op == "@":
        factors.insert(0, expr.right)
        expr = expr.left
    while isinstance(expr, Binary) and expr.op == "*" and plain(expr.left, names):
        expr = expr.right
    return (expr, *factors)


def with_shapes(parts: Sequence[Expr], names: Names) -> tuple[tuple[Expr, Shape], ...]:
    """Each part with its shape; () where it is unknown."""
    return tuple((part, shaped(part, names) or ()) for part in parts)


def shaped(expr: Expr, names: Names) -> Shape | None:
    """The shape of an expression; None where it cannot be told."""
    try:
        return shape_of(expr, names.shapes)
    except (ShapeError, SpanError):
        return None


def plain(expr: Expr, names: Names) -> bool:
    """A number that is no gradient: a coefficient."""
    return shaped(expr, names) == () and not (isinstance(expr, Name) and expr.id in names.partials)


def bare(expr: Expr, names: Names) -> bool:
    """Whether an expression is known to be one number."""
    shape = shaped(expr, names)
    return shape is not None and all(size == ONE for size in shape)


def under(found: Core, result: Shape) -> Math | None:
    """The factors with their shapes below, and the shape of their product."""
    if len(found.factors) < 2 or not any(
        size != ONE for _, shape in found.factors for size in shape
    ):
        return None
    pieces: list[Piece] = []
    for number, (part, shape) in enumerate(found.factors):
        if number:
            pieces.append({"*": "∘", "@": "", ".": "·", "dot": "·"}[found.kind])
        pieces.append(Under(part, shape))
    return Math((*(piece for piece in pieces if piece != ""), "→", Shaped(result)))


def dimensions(names: Names, step: Step, found: Core) -> Iterator[Line]:
    """The shapes as a check, and why a factor is transposed."""
    factors = found.factors
    if len(factors) < 2 or not any(size != ONE for _, shape in factors for size in shape):
        return
    if found.kind == "dot":
        both = line("both factors are vectors of the same length, and ", Name(step.quantity))
        yield line(both, " is a number, so take their dot product")
        return
    if found.kind == "*":
        return
    turned = any(isinstance(factor, Transpose) for factor, _ in factors)
    got = conforms(factors) if found.kind == "@" else scaled(factors) if turned else None
    if got == step.shape:
        of, by = names.partials[step.name]
        must = line(Partial(of, (by,)), " must be ", Shaped(step.shape), " like ", Name(by), ": ")
        yield line(must, Math((*multiplied(found), "=", Shaped(got), "✓")))
    yield from scaling(factors)
    yield from untransposed(found, step.shape, names)


def multiplied(found: Core) -> list[Piece]:
    """The shapes of a product: (a × b) (b × c), or number · (a × b)."""
    if found.kind == "@":
        shapes = [shape for _, shape in found.factors]
        return [piece for shape in shapes for piece in ("(", of_shape(shape), ")")]
    (array,) = (shape for _, shape in found.factors if any(size != ONE for size in shape))
    return ["number", "·", "(", Shaped(array), ")"]


def of_shape(shape: Shape) -> Piece:
    """A shape, or the word for none."""
    return Shaped(shape) if shape else "scalar"


def scaled(factors: Sequence[tuple[Expr, Shape]]) -> Shape | None:
    """The shape of a number times an array."""
    arrays = [shape for _, shape in factors if any(size != ONE for size in shape)]
    return arrays[0] if len(arrays) == 1 else None


def scaling(factors: Sequence[tuple[Expr, Shape]]) -> Iterator[Line]:
    """What a diagonal matrix does to the other factor."""
    sides = ((-1, " on the right multiplies column "), (0, " on the left multiplies row "))
    for place, what in sides:
        part = factors[place][0]
        if (
            isinstance(part, Call)
            and part.func == "diag"
            and len(part.args) == 1
            and len(factors) > 1
        ):
            yield line(part, what, Name("k"), " by entry ", Name("k"), " of ", part.args[0])


def untransposed(found: Core, result: Shape, names: Names) -> Iterator[Line]:
    """What would happen without the transpose."""
    for number, (part, shape) in enumerate(found.factors):
        if not isinstance(part, Transpose) or not isinstance(part.arg, Name) or len(shape) < 2:
            continue
        own = shaped(part.arg, names)
        if own is None or own == shape or len(own) < 2:
            continue
        changed = [*found.factors]
        changed[number] = (part.arg, own)
        why = line("why the transpose? ", part.arg, " is ", Shaped(own))
        if found.kind == ".":
            yield line(why, ", not ", Shaped(result))
        elif not conforms(changed):
            without = [factor for factor, _ in changed]
            yield line(why, ", so ", product(without), " is not defined")


def product(factors: Sequence[Expr]) -> Expr:
    """A matrix product of several factors."""
    return reduce(lambda left, right: Binary("@", left, right), factors)


def conforms(factors: Sequence[tuple[Expr, Shape]]) -> Shape | None:
    """The shape of a matrix product, None where it does not conform."""
    names = {f"#{number}": shape for number, (_, shape) in enumerate(factors)}
    product: Expr = Name("#0")
    for word in list(names)[1:]:
        product = Binary("@", product, Name(word))
    try:
        return shape_of(product, names)
    except (ShapeError, SpanError):
        return None
