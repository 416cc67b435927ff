"""Scalar expressions, whose names stand for pieces, as array code: the operands are aligned,
then each operation written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from fractions import Fraction

from gradcalc.codegen.labelled_arrays import Arrays, Axes, Piece, met, target
from gradcalc.codegen.spelling import ATOM, COMPARE, NEG, POWER, PRODUCT, SUM
from gradcalc.language import typography
from gradcalc.language.brackets import inside, split
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.parser import Binary, Call, Compare, Expr, Name, Neg, Num
from gradcalc.language.tree import occurrences
from gradcalc.ops import SCALAR, TABLE

# What takes no Python numbers in PyTorch, beside arrays.
NO_NUMBERS = frozenset(("maximum", "minimum", "clip", "hypot", "atan2"))
# What every number has: with it a product of a condition that does not hold is 0. An infinity
# or nan would stay one.
EVERYWHERE = frozenset(
    [
        "abs",
        "sign",
        "step",
        "half_step",
        "relu",
        "leaky_relu",
        "maximum",
        "minimum",
        "clip",
        "sin",
        "cos",
        "tanh",
        "atan",
        "erf",
        "sigmoid",
        "where",
    ]
)
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


def formula(
    arrays: Arrays, expr: Expr, leaves: Mapping[str, Piece], hint: Axes | None, masks: bool = False
) -> Piece:
    """An expression in leaves as one piece. `masks`: where(z > 0, 1, 0) as a factor is written
    (z > 0).
    """
    used = [
        leaves[name]
        for name in dict.fromkeys(name.id for name in occurrences(expr))
        if name in leaves
    ]
    wanted = target(used, hint)
    aligned = {
        name: arrays.align(piece, wanted)
        for name, piece in leaves.items()
        if piece.labels <= set(wanted)
    }
    written = _Printer(arrays, aligned, masks).write(expr)
    return Piece(
        written.text,
        written.level,
        met([aligned[n] for n in aligned if leaves[n] in used], wanted),
        written.plain,
    )


class _Printer:
    def __init__(self, arrays: Arrays, leaves: Mapping[str, Piece], masks: bool) -> None:
        self.arrays, self.leaves, self.masks = arrays, leaves, masks

    def write(self, expr: Expr) -> Piece:
        match expr:
            case Num(value):
                return number(value)
            case Name(id):
                return self.leaves[id] if id in self.leaves else self.constant(id)
            case Neg(arg):
                inner = self.write(arg)
                level = inner.level if inner.level >= PRODUCT else PRODUCT
                return Piece(f"-{inner.at(PRODUCT)}", min(level, NEG), (), inner.plain)
            case Binary():
                within = self.within(expr)
                return self.binary(expr) if within is expr else self.write(within)
            case Compare(op, left, right):
                sides = self.write(left), self.write(right)
                return Piece(f"{sides[0].at(SUM)} {op} {sides[1].at(SUM)}", COMPARE)
            case Call(func, args):
                return self.call(SCALAR.get(func, func), args)
        raise TypeError(f"no elementwise expression: {expr!r}")

    def constant(self, name: str) -> Piece:
        return Piece(self.arrays.spelling.words[name], ATOM, (), True)

    def binary(self, expr: Binary) -> Piece:
        # A sum of many terms leans to the left, further than the stack is deep.
        spine = [expr]
        while isinstance(spine[-1].left, Binary):
            spine.append(spine[-1].left)
        left = self.factor(spine[-1], spine[-1].left, spine[-1].right)
        for part in reversed(spine):
            right = self.factor(part, part.right, part.left)
            plain = left.plain and right.plain
            if part.op == "^":
                left = Piece(f"{left.at(ATOM)} ** {right.at(NEG)}", POWER, (), plain)
            else:
                level = LEVELS[part.op]
                left = Piece(f"{left.at(level)} {part.op} {right.at(level + 1)}", level, (), plain)
        return left

    def within(self, expr: Binary) -> Expr:
        """A product of masks and of what some numbers do not have, with this inside: 1[x > 0]
        log(x) is where(x > 0, log(x), 0), which is 0 at x = -1 where the product is nan.
        """
        parts = split(expr) if self.masks else None
        return expr if parts is None or self.everywhere(parts[1]) else inside(expr)

    def everywhere(self, expr: Expr) -> bool:
        """Has an expression a finite value for all numbers that are not too large?"""
        match expr:
            case Num() | Name():
                return True
            case Neg(arg):
                return self.everywhere(arg)
            case Binary("/", left, right):
                return self.everywhere(left) and self.written_number(right)
            case Binary("^", left, Num(power)):
                return power.denominator == 1 and power > 0 and self.everywhere(left)
            case Binary("+" | "-" | "*", left, right) | Compare(_, left, right):
                return self.everywhere(left) and self.everywhere(right)
            case Call(func, args):
                return SCALAR.get(func, func) in EVERYWHERE and all(map(self.everywhere, args))
        return False

    def written_number(self, expr: Expr) -> bool:
        """Is an expression made of numbers and sizes alone?"""
        named = [name.id for name in occurrences(expr)]
        return all(self.leaves[name].plain for name in named if name in self.leaves)

    def factor(self, product: Binary, side: Expr, other: Expr) -> Piece:
        """One side of an operation; the mask in a product is its condition."""
        if (
            self.masks
            and product.op == "*"
            and mask(side) is not None
            and mask(other) is None
            and self.solid(other)
        ):
            condition = mask(side)
            assert condition is not None
            inner = self.write(condition)
            return Piece(f"({inner.text})", ATOM)
        return self.write(side)

    def solid(self, expr: Expr) -> bool:
        """Whether a factor is an array of numbers, not made of masks alone."""
        if isinstance(expr, Binary) and expr.op in "*/":
            return self.solid(expr.left) or (expr.op == "*" and self.solid(expr.right))
        if isinstance(expr, Neg):
            return self.solid(expr.arg)
        return mask(expr) is None and any(
            not self.leaves[n.id].plain for n in occurrences(expr) if n.id in self.leaves
        )

    def call(self, op: str, args: tuple[Expr, ...]) -> Piece:
        written = [self.write(arg) for arg in args]
        plain = all(piece.plain for piece in written)
        # Of Python numbers alone a library makes an array of its own default type.
        typed = op in ("step", "half_step") or (op == "where" and all(p.plain for p in written[1:]))
        if op in NO_NUMBERS or plain != (op == "where"):
            written = [self.arrays.array(piece) for piece in written]
        found = self.arrays.call(TABLE[op].code, *written, axes=())
        if plain:
            return self.arrays.call("{number}", found, axes=())
        return self.arrays.call("{typed}", found, axes=()) if typed else found


def mask(expr: Expr) -> Expr | None:
    """The condition of a factor that is 1 where it holds and 0 elsewhere."""
    if isinstance(expr, Call) and expr.func == "step":
        return Compare(">", expr.args[0], Num(Fraction(0)))
    if (
        isinstance(expr, Call)
        and expr.func == "where"
        and expr.args[1:] == (Num(Fraction(1)), Num(Fraction(0)))
    ):
        return expr.args[0]
    return None


def number(value: Fraction) -> Piece:
    """A whole number from 0 as Python writes it: others are quotients, and a sign stands before
    them. Raises GradcalcError for one that no float is.
    """
    assert value == abs(value.numerator), value
    if value > sys.float_info.max:
        text = typography.number(value.numerator)
        raise GradcalcError(Problem("export", f"{text} is too large for the numbers of the code"))
    return Piece(str(value) if value < 2**53 else repr(float(value)), ATOM, (), True)
