"""The general formula of an operation, from its entry in the table: ∂(x y)/∂y = x;  A B: A gets
G Bᵀ.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from gradcalc.language import entry_fields
from gradcalc.language.formula_pieces import Line, Math, Names, Piece, Slope
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, children, parse
from gradcalc.language.shape_rules import Size, shape_of
from gradcalc.language.sizes import Shape
from gradcalc.language.tree import number, substitute
from gradcalc.ops import TABLE

_N, _M, _K = (Size.of(word) for word in ("n", "m", "k"))
LETTERS: dict[str, Shape] = {"A": (_N, _M), "B": (_M, _K), "M": (_N, _N), "u": (_N,), "v": (_N,)}
NUMBERS = Names(shapes=dict.fromkeys("xyac", ()))


@cache
def general(operation: str, operand: int) -> Line:
    """The rule for one operand of an operation; () where the table states no formula."""
    op = TABLE[operation]
    if operation == "apply":
        names = Names(functions=frozenset("g"))
        call = parse("g(x)", functions={"g"})
        return (Math((Slope(call, Name("x")), "=", parse("g'(x)", functions={"g"})), names=names),)
    if op.partials:
        return _entry_by_entry(operation, operand)
    return _by_upstream(operation, operand) if operand < len(op.back) else ()


def _entry_by_entry(operation: str, operand: int) -> Line:
    op = TABLE[operation]
    by = Name(op.operands[operand])
    operands = tuple(map(Name, op.operands))
    whole: Expr = Call(op.called, operands) if op.called else parse(op.example)
    local = partial(op.name, operand, operands, whole)
    return (Math((Slope(whole, by), "=", local), names=NUMBERS),) if local is not None else ()


def partial(operation: str, operand: int, operands: Sequence[Expr], result: Expr) -> Expr | None:
    """The local derivative that the table states, in the operands and the result given; None
    where it states none.
    """
    op = TABLE[operation]
    stated = entry_fields.partial(op, operand)
    if stated is None:
        return None
    if operation == "pow" and operand == 0 and isinstance(operands[1], Num):
        lower = operands[1].value - 1
        base = operands[0] if lower == 1 else Binary("^", operands[0], number(lower))
        return Binary("*", operands[1], base)
    values = dict(zip((*op.operands, "r"), (*operands, result), strict=True))
    return _single(substitute(stated, values))


def _single(expr: Expr) -> Expr:
    """−(x/y)/y with one fraction bar: −x/y²."""
    match expr:
        case Neg(arg):
            return Neg(_single(arg))
        case Binary("/", Binary("/", top, bottom), again) if bottom == again:
            return Binary("/", top, Binary("^", bottom, Num(Fraction(2))))
    return expr


def _by_upstream(operation: str, operand: int) -> Line:
    op = TABLE[operation]
    example = parse(op.example)
    parts = [part for part in children(example) if isinstance(part, Name)]
    names = rule_names(operation)
    by, back = parts[operand], entry_fields.back(op, operand)
    every = shape_of(back, names.shapes) == () and names.shapes[by.id] != ()

    def line(*pieces: Piece) -> Math:
        return Math(pieces, names=names)

    gets = ": every entry of " if every else ": "
    return (line(example), gets, line(by), " gets ", line(back), ", G the upstream gradient")


def rule_names(operation: str) -> Names:
    """The letters of a rule: A, B and M matrices, u and v vectors, G in the shape of the result."""
    example = parse(TABLE[operation].example)
    result = shape_of(example, LETTERS)
    return Names(shapes={**LETTERS, "G": result})
