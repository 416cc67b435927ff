"""Signs that may be meant otherwise: a power of a matrix, a transpose of a vector, `*` beside a
transpose.
"""

from __future__ import annotations

from gradcalc.language.constants import fraction
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import Binary, Call, Expr, Neg, Transpose, unparse
from gradcalc.language.shape_rules import ONE, Shape


@dataclass(frozen=True, slots=True)
class Doubt:
    """A warning: `{0}` and `{1}` in the message are the words of the whole and of its left
    operand.
    """

    slug: str
    message: str
    hint: str


def doubt(expr: Expr, left: Shape, right: Shape, constant: bool) -> Doubt | None:
    """What may be meant otherwise in an operation on operands of these shapes; `constant`: the
    right one is a number.
    """
    if not isinstance(expr, Binary):
        return None
    if expr.op == "^" and constant and len(left) == 2 and left[0] == left[1] != ONE:
        base, twice = unparse(expr.left), unparse(Binary("@", expr.left, expr.left))
        power = f"write {twice}, or matrix_power({base}, k), for the matrix power"
        inverse = f"write inv({base}) for the inverse"
        return Doubt(
            "elementwise-power",
            "{0} raises every entry of {1} to that power",
            inverse if fraction(expr.right) == -1 else power,
        )
    if expr.op == "@" and isinstance(expr.right, Transpose) and len(left) == len(right) == 1:
        return Doubt(
            "one-axis-transpose",
            "{0} is a scalar, because .T does nothing to a vector with one axis",
            f"write outer({unparse(expr.left)}, {unparse(expr.right.arg)}) for the matrix",
        )
    beside = _turned(expr.left, -1) or _turned(expr.right, 0)
    if expr.op == "*" and beside and _conform(left, right):
        return Doubt(
            "elementwise-product",
            "{0} multiplies entry by entry",
            f"write {unparse(Binary('@', expr.left, expr.right))} for the matrix product",
        )
    return None


def _turned(expr: Expr, end: int) -> bool:
    """Does a transpose stand at the end of a product, the last (-1) or the first (0)?"""
    while isinstance(expr, Binary) and expr.op in ("*", "@"):
        expr = expr.right if end else expr.left
    while isinstance(expr, Neg):
        expr = expr.arg
    if isinstance(expr, Call):
        return False
    return isinstance(expr, Transpose)


def _conform(left: Shape, right: Shape) -> bool:
    """Is there a matrix product of these shapes, other than of columns and rows of length 1?"""
    if not left or not right or {*left, *right} == {ONE}:
        return False
    return len(left) <= 2 and len(right) <= 2 and left[-1] == right[-2 if len(right) > 1 else 0]
