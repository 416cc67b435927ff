"""Lines of aligned equations from expressions: long sums broken, shapes under the factors of
arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gradcalc.calculus.notation.views import View
from gradcalc.language.errors import SpanError
from gradcalc.language.formula_pieces import Line, Math, Names, Piece, math
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num
from gradcalc.language.shape_rules import ShapeError, shape_of
from gradcalc.report.blocks import Row
from gradcalc.report.lines import shape_latex, text_math
from gradcalc.report.paper_notation import expression_latex

LONG = 72  # characters of a formula on one line; longer sums are broken
FRACTIONS = 108  # characters of partial derivatives, which are set as fractions


def written(expr: Expr, names: Names) -> str:
    """A formula as the terminal has it: how long it is, and whether two are the same to the eye."""
    return text_math(Math((expr,)), names)


def rows(left: Line, expr: Expr, names: Names, example: bool = False) -> list[Row]:
    """`left = expr`; a long sum over several lines."""
    pieces = [piece for sign, term in summands(expr) for piece in signed(sign, term)]
    if len(written(expr, names)) <= LONG or len(pieces) == 1:
        return [Row(left, math("=", expr, example=example))]
    return broken(left, pieces, names, example)


def broken(
    left: Line, pieces: Sequence[Piece], names: Names, example: bool = False, most: int = LONG
) -> list[Row]:
    """`left = pieces`, with a new line before a sign where more than `most` characters would stand
    on one.
    """
    found: list[Row] = []
    line: list[Piece] = ["="]
    width = 0
    for sign, term in terms(pieces):
        length = len(text_math(Math(tuple(term)), names)) + 3
        if width and width + length > most:
            found.append(Row(() if found else left, math(*line, example=example)))
            line, width = [], 0
        line += [*sign, *term]
        width += length
    return [*found, Row(() if found else left, math(*line, example=example))]


def terms(pieces: Sequence[Piece]) -> list[tuple[list[Piece], list[Piece]]]:
    """The terms of a sum in pieces, each with its sign."""
    found: list[tuple[list[Piece], list[Piece]]] = [([], [])]
    for piece in pieces:
        if isinstance(piece, str) and piece in ("+", "−"):
            found.append(([piece], []))
        else:
            found[-1][1].append(piece)
    return [pair for pair in found if pair[1]]


def under(left: Line, view: View, names: Names, example: bool) -> list[Row]:
    """An answer of arrays, the shape of each factor under it."""
    expr = view.symbolic
    shapes, latex = dict(names.shapes), dict(names.latex)
    count = 0

    def braced(part: Expr) -> Expr:
        nonlocal count
        try:
            shape = shape_of(part, names.shapes)
        except (ShapeError, SpanError, TypeError, KeyError, ValueError):
            return part  # it is then written without
        if not shape or all(size.number == 1 for size in shape):
            return part
        count += 1
        tag = f"factor#{count}"
        inner = expression_latex(part, names, example)
        if isinstance(part, Neg) or (isinstance(part, Binary) and part.op in "+-"):
            inner = rf"\left({inner}\right)"
        shapes[tag] = shape
        latex[tag] = rf"\underbrace{{{inner}}}_{{{shape_latex(shape)}}}"
        return Name(tag)

    marked = factored(expr, braced)
    if count < 2 or len(written(expr, names)) > LONG:
        return rows(left, expr, names, example)
    known = replace(names, shapes=shapes, latex=latex)
    return [Row(left, (Math(("=", marked), example, known),))]


def summands(expr: Expr) -> list[tuple[str, Expr]]:
    """The terms of a sum with their signs; the first one's is empty."""
    found: list[tuple[str, Expr]] = []
    while isinstance(expr, Binary) and expr.op in "+-":
        found.append((expr.op, expr.right))
        expr = expr.left
    found.append(("", expr))
    return found[::-1]


def signed(sign: str, term: Expr) -> list[Piece]:
    """A term behind its sign."""
    shown = {"-": ["−"], "+": ["+"], "": []}[sign]
    return [*shown, "(", term, ")"] if sign == "-" and isinstance(term, Neg) else [*shown, term]


def ended(whole: Line, most: int, ends: int) -> Line:
    """A line in which a sum of more than `most` terms is cut to those at its ends."""
    return tuple(
        part
        if isinstance(part, str)
        else replace(
            part, pieces=tuple(one for piece in part.pieces for one in _ended(piece, most, ends))
        )
        for part in whole
    )


def _ended(piece: Piece, most: int, ends: int) -> tuple[Piece, ...]:
    terms = summands(piece) if isinstance(piece, Binary) else []
    if len(terms) <= most:
        return (piece,)
    first = [shown for sign, term in terms[:ends] for shown in signed(sign, term)]
    last = [shown for sign, term in terms[-ends:] for shown in signed(sign, term)]
    return (*first, "+", f"… {len(terms) - 2 * ends:,} more …", *last)


def factored(expr: Expr, mark: Callable[[Expr], Expr]) -> Expr:
    """The expression with each factor of its top product marked; quotients and signs around it
    stay.
    """
    match expr:
        case Neg(arg):
            return Neg(factored(arg, mark))
        case Binary("/", left, right):
            return Binary("/", factored(left, mark), right)
        case Binary("*" | "@" as op, left, right):
            return Binary(op, factored(left, mark), factored(right, mark))
        case Call("sum", (body, *over), kwargs) if over:
            return Call("sum", (factored(body, mark), *over), kwargs)
        case Num():
            return expr
    return mark(expr)
