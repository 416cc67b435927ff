"""Why a product looks as it does: the shapes of its factors as an argument, what is summed over,
what is entry by entry.

argued(…) of ∂J/∂W1 = Σᵢ ∂J/∂z1 xᵀ  ->  "∂J/∂W1 must be D_a1 × D_x like W1; ∂J/∂z1 is D_a1 × 1 and
xᵀ is 1 × D_x, so the outer product"; "W1 is the same for all m examples: add what every example
hands back"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcalc.derivation.step_model import Path, Step
from gradcalc.graph.model import Graph
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
    listed,
)
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, Transpose
from gradcalc.language.shape_rules import ONE, ShapeError, shape_of
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Shape
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
    if zero(path.product.symbolic):
        lines.append(
            ("nothing comes back on this path: what the entries hand back cancels in the sum",)
        )
    for index in before.over if before else user.over:
        if index in graph.examples and index not in own.over:
            ending = f" examples: what every example hands back is added up, the sum over {index}"
            lines.append(
                line(name, " is the same for all ", size_tree(graph.indices[index]), ending)
            )
    axes = (
        size for n, args in operations.items() for arg in args for size in stretched(graph, n, arg)
    )
    for axis in dict.fromkeys(map(str, axes)):
        length = Name(axis) if axis.isidentifier() else axis
        ending = ": every copy hands its gradient back, so they are added up along that axis"
        lines.append(line(name, " is repeated along an axis of length ", length, ending))
    return replace(path, because=tuple(lines))


def stretched(graph: Graph, number: int, operand: int) -> Shape:
    """The axes along which an operand was repeated to meet the others."""
    result, shape = graph.nodes[number], graph.nodes[operand].shape
    if TABLE[result.op].signature != "elementwise":
        return ()
    own = (ONE,) * (len(result.shape) - len(shape)) + shape
    return tuple(
        size for size, had in zip(result.shape, own, strict=True) if size != ONE and had == ONE
    )


def of_shape(shape: Shape) -> Line:
    """A shape in a sentence: a number, a vector of length n, m × n."""
    return (
        line("a vector of length " if len(shape) == 1 else "", Shaped(shape))
        if shape
        else ("a number",)
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
    """The argument from the shapes."""
    factors = found.factors
    if len(factors) < 2 or not any(size != ONE for _, shape in factors for size in shape):
        return
    (first, shape), (last, _) = factors[0], factors[-1]
    if found.kind == "dot":
        both = line(first, " and ", last, " are vectors of one length, and ")
        yield line(both, Name(step.quantity), " is a number: their dot product")
        return
    if found.kind == "*":
        ending = (
            ", and each entry depends on its own entry alone: they are multiplied entry by "
            "entry, not as matrices"
        )
        yield line(first, " and ", last, " are both ", of_shape(shape), ending)
        return
    if found.kind == ".":
        so = "each entry is multiplied by that number"
    elif len(factors) == 2 and shape[1:] == (ONE,) and factors[1][1][:1] == (ONE,):
        so = "it is the outer product, column times row"
    elif len(factors) == 2 and conforms(factors[::-1]) != step.shape:
        so = "only this order conforms and gives it"
    else:
        so = "this product gives it"
    of, by = names.partials[step.name]
    said = listed(line(part, " is ", of_shape(size)) for part, size in factors)
    must = line(
        Partial(of, (by,)),
        " must have the shape of ",
        Name(step.quantity),
        ", ",
        of_shape(step.shape),
    )
    yield line(must, "; ", said, f", so {so}")
    yield from scaling(factors)
    yield from untransposed(found, step.shape, names)


def scaling(factors: Sequence[tuple[Expr, Shape]]) -> Iterator[Line]:
    """What a diagonal matrix does to the other factor."""
    sides = ((-1, "on the right multiplies every column"), (0, "on the left multiplies every row"))
    for place, what in sides:
        part = factors[place][0]
        if (
            isinstance(part, Call)
            and part.func == "diag"
            and len(part.args) == 1
            and len(factors) > 1
        ):
            yield line(part, f" {what} by its own entry of ", part.args[0])


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
        why = line("the transpose, because ", part.arg, " itself is ", Shaped(own))
        if found.kind == ".":
            yield line(why, ", not ", Shaped(result))
        elif not conforms(changed):
            yield line(why, ": without the transpose the product does not conform")


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
