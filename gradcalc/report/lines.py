"""Lines of a report as strings: for the terminal, in the expression language, and in TeX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from gradcalc.language import formula
from gradcalc.language.cell_width import cells
from gradcalc.language.formula_pieces import (
    Factors,
    Grid,
    Line,
    Math,
    Names,
    Number,
    Partial,
    Piece,
    Shaped,
    Slope,
    Under,
    Values,
)
from gradcalc.language.formula_styles import ATOM, Latex, Text, size_latex, size_text
from gradcalc.language.parser import Binary, Expr, Name, unparse
from gradcalc.language.sizes import Shape
from gradcalc.language.typography import MINUS, for_terminal, name_latex, number

SHORTEN = 8  # rows or columns of an array that are printed whole
ROWS = 16  # rows of an array of order 3 or more that are printed whole
EDGE = 3  # entries kept at either end of a longer one


def text_line(line: Line, names: Names, ascii: bool = False, width: int = 10_000) -> str:
    """For the terminal: Unicode, or ASCII. Arrays of order 2 and more take several lines."""
    parts = [
        part if isinstance(part, str) else text_math(part, names, ascii, width) for part in line
    ]
    return for_terminal(
        "".join(parts), ascii, lines=not all(isinstance(part, str) for part in line)
    )


def text_math(math: Math, names: Names, ascii: bool = False, width: int = 10_000) -> str:
    """Mathematics as text, at most `width` columns wide where it can be; factors with shapes take
    two lines.
    """
    names = math.names or names

    def written(piece: Piece) -> str:
        return plain_piece(piece, width) if ascii else _text(piece, names, width)

    if any(isinstance(piece, Under) for piece in math.pieces):
        above, below = _two_lines(math, written)
        if len(above) <= width:
            return f"{above}\n{below}"
    return _joined(math, written)


def depends_on_width(math: Math) -> bool:
    """Whether its text differs with the columns that it has: arrays are shortened, and the shapes
    of factors stand below them or behind.
    """
    return any(isinstance(piece, Under | Values) for piece in math.pieces)


def _two_lines(math: Math, written: Callable[[Piece], str]) -> tuple[str, str]:
    """A product with the shape of each factor in the line below."""
    above, below = "", ""
    for piece in math.pieces:
        word, small = written(piece), ""
        if isinstance(piece, Under):
            small = written(Shaped(piece.shape))
            word = word[: word.rindex(" [")]
        size = max(cells(word), cells(small))
        above += "  " * bool(above) + word.center(size + len(word) - cells(word))
        below += "  " * bool(below) + small.center(size + len(small) - cells(small))
    return above.rstrip(), below.rstrip()


def _factor(expr: Expr, names: Names) -> str:
    """In brackets where it is a sum."""
    return (
        formula.factors((expr, expr), names, Text(names.latex)).split(" · ")[0]
        if isinstance(expr, Binary)
        else formula.text(expr, names)
    )


def _text(piece: Piece, names: Names, width: int) -> str:
    match piece:
        case str():
            return piece
        case Partial(of, by, entry, local):
            order = "²" if len(by) == 2 else ""
            below = (
                f"∂{formula.text(Name(by[0]), names)}²"
                if len(by) == 2 and by[0] == by[1]
                else "".join("∂" + formula.text(Name(b), names) for b in by)
            )
            items = f"[{', '.join(formula.text(item, names) for item in entry)}]" if entry else ""
            return (
                f"{'local ' if local else ''}∂{order}{formula.text(Name(of), names)}/{below}{items}"
            )
        case Shaped(shape):
            return shape_text(shape)
        case Values(value, digits):
            return array_text(value, digits, MINUS, width)
        case Grid(rows, turned):
            return _grid(rows, turned, lambda cell: formula.text(cell, names), MINUS)
        case Factors(parts):
            return formula.factors(parts, names, Text(names.latex))
        case Slope(of, by, alone):
            box = formula.draw(of, names, Text(names.latex))
            inner = box.full if box.level >= ATOM and not box.minus else f"({box.full})"
            below = formula.text(by, names)
            return f"d/d{below} {inner}" if alone else f"∂{inner}/∂{below}"
        case Under(expr, shape):
            return f"{_factor(expr, names)} [{shape_text(shape)}]"
        case _:
            return formula.text(piece, names)


def shape_text(shape: Shape) -> str:
    """D × m, n × (d + n); a number's "scalar"."""
    words = map(size_text, shape)
    return (
        " × ".join(f"({word})" if " " in word and len(shape) > 1 else word for word in words)
        or "scalar"
    )


def shape_latex(shape: Shape) -> str:
    """A shape in TeX."""
    words = map(size_latex, shape)
    return (
        r" \times ".join(f"({word})" if " " in word and len(shape) > 1 else word for word in words)
        or r"\text{scalar}"
    )


def plain_line(line: Line) -> str:
    """In the expression language, on one line."""
    parts = (part if isinstance(part, str) else _joined(part, plain_piece) for part in line)
    return for_terminal("".join(parts))


def plain_piece(piece: Piece, width: int | None = None) -> str:
    """A piece in the expression language; with `width` arrays are laid out for reading."""
    match piece:
        case str():
            return {"·": "*", "≈": "~", "∘": "*", "→": "->", "−": "-"}.get(piece, piece)
        case Partial(of, by, entry, local):
            below = (
                f"d{by[0]}2"
                if len(by) == 2 and by[0] == by[1]
                else "".join("d" + name for name in by)
            )
            items = f"[{', '.join(map(unparse, entry))}]" if entry else ""
            return f"{'local ' if local else ''}d{'2' if len(by) == 2 else ''}{of}/{below}{items}"
        case Shaped(shape):
            return f"[{', '.join(map(str, shape))}]"
        case Values(value, digits):
            return array_text(value, digits, "-", width) if width else _nested(value, digits)
        case Grid(rows, turned):
            return _grid(rows, turned, unparse, "-")
        case Factors(parts):
            return unparse(reduce(lambda left, right: Binary("*", left, right), parts))
        case Slope(of, expr):
            return (
                f"d({unparse(of)})/d{unparse(expr)}"
                if not isinstance(of, Name)
                else f"d{unparse(of)}/d{unparse(expr)}"
            )
        case Under(expr, shape):
            return f"{unparse(expr)} [{', '.join(map(str, shape))}]"
        case _:
            return unparse(piece)


def latex_math(math: Math, names: Names) -> str:
    """In TeX, without $."""
    names = math.names or names

    def written(piece: Piece) -> str:
        match piece:
            case str():
                return {
                    "·": r"\cdot", "≈": r"\approx", "∘": r"\odot", "→": r"\to", "−": "-",
                    "✓": r"\checkmark",
                }.get(piece, piece)  # fmt: skip
            case Partial():
                return partial_latex(piece, names)
            case Shaped(shape):
                return shape_latex(shape)
            case Values(value, digits):
                return array_latex(value, digits)
            case Grid(rows, turned):
                return _grid(rows, turned, lambda cell: formula.latex(cell, names), "-")
            case Factors(parts):
                script = Latex(
                    names.latex, names.ranges, names.each if math.example else frozenset()
                )
                return formula.factors(parts, names, script)
            case Slope(of, by, alone):
                d = r"\mathrm{d}" if alone else r"\partial"
                box = formula.draw(of, names, Latex(names.latex, names.ranges, frozenset()))
                inner = (
                    box.full if box.level >= ATOM and not box.minus else rf"\left({box.full}\right)"
                )
                return rf"\frac{{{d}}}{{{d} {formula.latex(by, names)}}} {inner}"
            case Under(expr, shape):
                return rf"\underset{{{shape_latex(shape)}}}{{{formula.latex(expr, names, math.example)}}}"
            case _:
                return formula.latex(piece, names, math.example)

    return _joined(math, written)


def partial_latex(partial: Partial, names: Names) -> str:
    """∂f/∂x in TeX."""

    def name(word: str) -> str:
        return names.latex.get(word) or name_latex(word)

    by = partial.by
    square = len(by) == 2 and by[0] == by[1]
    below = (
        rf"\partial {name(by[0])}^2"
        if square
        else r" \, ".join(rf"\partial {name(word)}" for word in by)
    )
    body = rf"\frac{{\partial{'^2' if len(by) == 2 else ''} {name(partial.of)}}}{{{below}}}"
    if partial.local:
        body = rf"\text{{local }} {body}"
    if not partial.entry:
        return body
    return (
        rf"\left[{body}\right]_{{{','.join(formula.latex(item, names) for item in partial.entry)}}}"
    )


def _joined(math: Math, written: Callable[[Piece], str]) -> str:
    out = ""
    for piece in math.pieces:
        word = written(piece)
        out += (
            word
            if not out or out.endswith(("[", "(")) or piece in (",", "]", ")", "'")
            else " " + word
        )
    return out


# ---- numbers and arrays


def _word(value: Number, digits: int, minus: str) -> str:
    if value is None:
        return "undefined"
    return number(value, digits).replace("-", minus)


def _grid(
    rows: tuple[tuple[Expr | float, ...], ...],
    turned: bool,
    written: Callable[[Expr], str],
    minus: str,
) -> str:
    """An array as it was given, on one line; a column as a list."""

    def cell(item: Expr | float) -> str:
        return _word(item, 17, minus) if isinstance(item, int | float) else written(item)

    if turned or all(len(row) == 1 for row in rows):
        return f"[{', '.join(cell(row[0]) for row in rows)}]"
    return "[" + ", ".join(f"[{', '.join(map(cell, row))}]" for row in rows) + "]"


def _nested(value: Number, digits: int) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item, digits) for item in value) + "]"
    return _word(value, digits, "-")


def _blocks(value: Number) -> list[Number]:
    """The matrices of an array of higher order; only the first and last where that makes many
    rows.
    """
    rows, part = 1, value
    while isinstance(part[0], list):
        rows, part = rows * len(part), part[0]
    return _edges(value, 2 if rows > ROWS else SHORTEN)


def _edges(items: Sequence[Number], most: int = SHORTEN) -> list[Number]:
    """The items, or the first and last of a long list around an ellipsis."""
    edge = max(1, min(EDGE, (most - 1) // 2))
    return list(items) if len(items) <= most else [*items[:edge], "…", *items[-edge:]]


def array_text(value: Number, digits: int, minus: str = MINUS, width: int = 10_000) -> str:
    """A number, or an array as NumPy prints it, columns aligned; large ones, or wider than
    `width`, are shortened.
    """
    if not isinstance(value, list):
        return _word(value, digits, minus)
    if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list):
        parts = [
            "…" if item == "…" else array_text(item, digits, minus, width - 1)
            for item in _blocks(value)
        ]
        return "[" + ",\n\n".join(parts).replace("\n", "\n ").replace("\n \n", "\n\n") + "]"
    vector = not (value and isinstance(value[0], list))
    rows = [value] if vector else value
    for most in range(SHORTEN, 1, -1):
        grid = [["…"] if row == "…" else _edges(row, most) for row in _edges(rows)]
        words = [
            [item if item == "…" else _word(item, digits, minus) for item in row] for row in grid
        ]
        columns = list(zip(*(row for row in words if row != ["…"]), strict=True))
        sizes = [_size(column) for column in columns]
        brackets = 0 if vector else 2  # beside those of a row
        if sum(left + right for left, right in sizes) + 2 * len(columns) + brackets <= width:
            break
    lines = [
        "…" if row == ["…"] and len(columns) > 1 else f"[{', '.join(map(_aligned, row, sizes))}]"
        for row in words
    ]
    return lines[0] if vector else "[" + ",\n ".join(lines) + "]"


def _size(column: Sequence[str]) -> tuple[int, int]:
    """Room before and after the decimal point."""
    parts = [_split(word) for word in column]
    return max(len(left) for left, _ in parts), max(len(right) for _, right in parts)


def _split(word: str) -> tuple[str, str]:
    whole, point, rest = word.partition(".")
    return whole, point + rest


def _aligned(word: str, size: tuple[int, int]) -> str:
    left, right = _split(word)
    if not right:
        return left.rjust(sum(size))
    return left.rjust(size[0]) + right.ljust(size[1])


def array_latex(value: Number, digits: int) -> str:
    """A value in TeX, large arrays with dots."""
    if not isinstance(value, list):
        if value is None:
            return r"\text{undefined}"
        mantissa, _, power = number(value, digits).partition("e")
        if not power:
            return mantissa
        factor = mantissa.removesuffix("1") if mantissa in ("1", "-1") else rf"{mantissa} \cdot "
        return f"{factor}10^{{{power}}}"
    if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list):
        return (
            r"\left["
            + r",\; ".join(
                r"\cdots" if item == "…" else array_latex(item, digits) for item in _blocks(value)
            )
            + r"\right]"
        )
    rows = value if value and isinstance(value[0], list) else [value]
    lines = []
    for row in _edges(rows):
        words = (
            [r"\vdots"]
            if row == "…"
            else [r"\cdots" if item == "…" else array_latex(item, digits) for item in _edges(row)]
        )
        lines.append(" & ".join(words))
    return r"\begin{bmatrix} " + r" \\ ".join(lines) + r" \end{bmatrix}"
