"""Syntax tree to expression text, with as few parentheses as the tree allows: parse(unparse(t))
== t.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Name,
    Neg,
    Num,
    Sized,
    Slice,
    Transpose,
    Vector,
    number,
)
from gradcalc.ops import WRITTEN

# How tightly a form binds. Neg stands between sums and products: -a*b is -(a*b), as on a board.
COMPARE, SUM, NEG, PRODUCT, POWER, POSTFIX = range(6)
_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "^": POWER}
_SPACED = {"+": " + ", "-": " - ", "*": "*", "/": "/", "@": " @ ", "^": "^"}

Piece: TypeAlias = "str | tuple[Expr, int]"


def unparse(expr: Expr) -> str:
    """The tree in the expression language. Numbers the program made are printed as fractions, 1/3,
    those an author wrote as decimals, 0.5; either parses to an expression of the same value, parsed
    trees to themselves.
    """
    out: list[str] = []
    stack: list[Piece] = [(expr, COMPARE)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            out.append(piece)
            continue
        node, least = piece
        level, pieces = _pieces(node)
        stack.extend(reversed(pieces if level >= least else ["(", *pieces, ")"]))
    return "".join(out)


def _commas(items: tuple[Piece, ...] | list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for item in items:
        out += [", ", item] if out else [item]
    return out


def _pieces(node: Expr) -> tuple[int, list[Piece]]:
    """The level of a form and what it is made of, each part with the least level it may stand
    there without ( ).
    """
    match node:
        case Num():
            return _number(node)
        case Name(id):
            return POSTFIX, [id]
        case Neg(arg):
            return NEG, ["-", (arg, PRODUCT)]
        case Binary("^", left, right):
            return POWER, [(left, POSTFIX), "^", (right, POWER)]
        case Binary(op, left, right):
            level = _LEVELS[op]
            if (
                level == PRODUCT and isinstance(left, Num) and left.value < 0
            ):  # -2*x is read as -(2*x): the same number
                return NEG, [
                    "-",
                    (Num(-left.value, decimal=left.decimal), PRODUCT),
                    _SPACED[op],
                    (right, POWER),
                ]
            return level, [
                (left, level),
                _SPACED[op],
                (right, level + 2 if level == SUM else POWER),
            ]
        case Compare(op, left, right):
            return COMPARE, [(left, SUM), f" {op} ", (right, SUM)]
        case Call(func, args, kwargs, primes):
            parts: list[Piece] = [(arg, COMPARE) for arg in args]
            listed = _commas(parts)
            for name, value in kwargs:
                listed += [", " if listed else "", f"{name}=", (value, COMPARE)]
            by = f"d{''.join(map(str, node.places))}" if node.places else ""
            word = by + WRITTEN.get(func, func) + "'" * primes
            return POSTFIX, [word + "(", *listed, ")"]
        case Vector(items):
            return POSTFIX, ["[", *_commas([(item, COMPARE) for item in items]), "]"]
        case Transpose(arg):
            return POSTFIX, [*_base(arg), ".T"]
        case Sized(expr):
            return _pieces(expr)
    listed = []
    for position, item in enumerate(node.items):
        listed += [", "] if position else []
        listed += _slice(item) if isinstance(item, Slice) else [(item, COMPARE)]
    return POSTFIX, [*_base(node.base), "[", *listed, "]"]


def _base(arg: Expr) -> list[Piece]:
    """What .T and [ ] are put behind: a number needs parentheses there."""
    return ["(", (arg, COMPARE), ")"] if isinstance(arg, Num) else [(arg, POSTFIX)]


def _slice(item: Slice) -> list[Piece]:
    pieces: list[Piece] = [(item.start, COMPARE)] if item.start is not None else []
    pieces.append(":")
    if item.stop is not None:
        pieces.append((item.stop, COMPARE))
    if item.step is not None:
        pieces += [":", (item.step, COMPARE)]
    return pieces


def _number(node: Num) -> tuple[int, list[Piece]]:
    value = node.value
    if value < 0:
        return NEG, ["-", (Num(-value, decimal=node.decimal), PRODUCT)]
    if value.denominator == 1 and (text := _digits(value.numerator)):
        return POSTFIX, [text]
    if node.decimal and (text := _decimal(value)):
        return POSTFIX, [text]
    if value.denominator != 1:
        return _pieces(number(value))
    high, low = divmod(value.numerator, 10**40)  # more digits than a literal may have
    head = Binary("*", Num(Fraction(high)), Num(Fraction(10**40)))
    return _pieces(Binary("+", head, Num(Fraction(low))) if low else head)


def _digits(value: int) -> str | None:
    """A whole number as a literal of at most 40 digits (1e400), or None."""
    text = str(value) if value < 10**1200 else ""
    if len(text) <= 20:
        return text or None
    mantissa = text.rstrip("0")
    power = len(text) - len(mantissa)
    if len(mantissa) > 40 or power > 400:
        return None
    return text if power <= 5 and len(text) <= 40 else f"{mantissa}e{power}"


def _decimal(value: Fraction) -> str | None:
    """A terminating decimal as it would be written by hand, 0.05 and 1e-5, or None."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 400:
        return None
    text = str(value.numerator * 10**places // value.denominator)
    if places < 20 and places - len(text) < 4 and max(len(text), places + 1) <= 40:
        text = text.rjust(places + 1, "0")
        return f"{text[:-places]}.{text[-places:]}"
    return f"{text}e-{places}" if len(text) <= 40 else None
