"""Formulas as they stand on paper: what the expression language says in words of code is written as
mathematics.

    sum(A)            Σ_{k,l} A_{kl}          sum(G, axis=0)    Gᵀ 𝟏
    ones(m)           𝟏_m                     concat(a, b)      a over b in brackets
    x[1:]             x_{1…n−1}               softmax(A, 1)     softmax over rows

paper_latex(math, names)  ->  TeX without $, for every format that sets formulas
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from gradcalc.exercise.tex import check, in_math
from gradcalc.language import formula
from gradcalc.language.formula_pieces import (
    Factors,
    Grid,
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
from gradcalc.language.formula_styles import ATOM, Latex, size_latex
from gradcalc.language.parser import (
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
)
from gradcalc.language.shape_rules import shape_of
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Shape, Size
from gradcalc.language.tree import walk
from gradcalc.language.typography import name_latex
from gradcalc.report.lines import array_latex, partial_latex, shape_latex

LETTERS = "ijklpqrst"  # indices that a sum may take
SHOWN = 10  # entries of a column, and of the rows and columns of a matrix, that are written out
PROPER: Mapping[str, str] = {
    "relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU",
    "gelu": "GELU", "silu": "SiLU", "stop_gradient": "stopgrad",
}  # fmt: skip
SIGNS: Mapping[str, str] = {
    "·": r"\cdot", "≈": r"\approx", "∘": r"\odot", "→": r"\to",
    "−": "-", "×": r"\times", "÷": r"\div", "…": r"\cdots", "✓": r"\checkmark",
}  # fmt: skip
_ELEMENTWISE = frozenset("+-*/^")


def tex_names(names: Names) -> Names:
    """Names with the TeX of authors rewritten, in braces where it has scripts of its own."""
    rewritten = {}
    for name in names.shapes:
        of = name.removeprefix("upstream_")
        if of != name and of in names.shapes and name not in names.latex:
            # what is given at a quantity that other paths lead to as well
            inner = names.latex.get(of) or name_latex(of)
            loss = next((loss for loss, by in names.partials.values() if by == of), "L")
            word = names.latex.get(loss) or name_latex(loss)
            rewritten[name] = (
                rf"\left[ \frac{{\partial {word}}}{{\partial {inner}}} \right]_{{\text{{direct}}}}"
            )
    for name, tex in names.latex.items():
        safe = check(tex).strip()
        rewritten[name] = f"{{{safe}}}" if set("^_'") & set(safe) else safe
    return replace(names, latex=rewritten)


def paper_latex(math: Math, names: Names) -> str:
    """A formula in TeX, without $. `names` have passed `tex_names`."""
    names = math.names or names
    out = ""
    for piece in math.pieces:
        word = _piece(piece, names, math.example)
        tight = not out or out.endswith(("[", "(")) or piece in (",", "]", ")", "'")
        out += word if tight else " " + word
    return in_math(out)


def _piece(piece: Piece, names: Names, example: bool) -> str:
    match piece:
        case str():
            return SIGNS.get(piece, piece)
        case Partial():
            return _partial(piece, names)
        case Shaped(shape):
            return shape_latex(shape)
        case Values(value, digits):
            return values_latex(value, digits)
        case Grid():
            return _grid(piece, names)
        case Factors(parts):
            shown = [on_paper(part, names) for part in parts]
            for _, more in shown:
                names = more
            return formula.factors(tuple(part for part, _ in shown), names, _script(names, example))
        case Slope(of, by, alone):
            d = r"\mathrm{d}" if alone else r"\partial"
            box = formula.draw(of, names, _script(names, False))
            inner = box.full if box.level >= ATOM and not box.minus else rf"\left({box.full}\right)"
            return rf"\frac{{{d}}}{{{d} {formula.latex(by, names)}}} {inner}"
        case Under(expr, shape):
            inner = expression_latex(expr, names, example)
            if isinstance(expr, Neg) or (isinstance(expr, Binary) and expr.op in "+-"):
                inner = rf"\left({inner}\right)"
            if not shape or all(size.number == 1 for size in shape):
                return inner
            return rf"\underbrace{{{inner}}}_{{{shape_latex(shape)}}}"
    return expression_latex(piece, names, example)


def expression_latex(expr: Expr, names: Names, example: bool = False) -> str:
    """An expression in TeX, in the notation of paper: Σ and 𝟏 for code words."""
    shown, known = on_paper(expr, names)
    return formula.draw(shown, known, _script(known, example)).full


def _script(names: Names, example: bool) -> Latex:
    return Latex(names.latex, names.ranges, names.each if example else frozenset())


def _partial(partial: Partial, names: Names) -> str:
    above, below = partial.places
    if not above and not below:
        return partial_latex(partial, names)

    def entry(word: str, at: tuple[str, ...]) -> str:
        base = names.latex.get(word) or name_latex(word)
        if not at:
            return base
        short = "".join(at) if all(len(index) == 1 for index in at) else ",".join(at)
        return rf"[{base}]_{{{short}}}" if "_" in base else f"{base}_{{{short}}}"

    return (
        rf"\frac{{\partial {entry(partial.of, above)}}}{{\partial {entry(partial.by[0], below)}}}"
    )


# ---- arrays


def values_latex(value: Number, digits: int) -> str:
    """A number; an array of order 1 is a column. Long ones are shortened: they are answers, not
    what is given.
    """
    if isinstance(value, list) and value and not isinstance(value[0], list):
        if len(value) > SHOWN:
            return rf"{array_latex([value], digits)}^{{\top}}"
        return array_latex([[item] for item in value], digits)
    return array_latex(value, digits)


def _grid(grid: Grid, names: Names) -> str:
    def cell(item: Expr | float) -> str:
        if isinstance(item, int | float):
            return array_latex(item, 17)
        return expression_latex(item, names)

    rows = grid.rows
    if grid.turned:
        rows = (tuple(row[0] for row in rows),)
    body = r" \\ ".join(" & ".join(map(cell, row)) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}" + (r"^{\top}" if grid.turned else "")


# ---- expressions


def on_paper(expr: Expr, names: Names) -> tuple[Expr, Names]:
    """The expression with its words of code rewritten, and names for what was put into it."""
    writer = _Writer(expr, names)
    shown = writer.of(expr)
    if not writer.shapes and not writer.latex:
        return shown, names
    shapes = {**names.shapes, **writer.shapes}
    return shown, replace(names, shapes=shapes, latex={**names.latex, **writer.latex})


class _Writer:
    """Rewrites one expression. Stand-ins are names that no author can write, with the TeX they
    stand for.
    """

    def __init__(self, expr: Expr, names: Names) -> None:
        self.names = names
        self.shapes: dict[str, Shape] = {}
        self.latex: dict[str, str] = {}
        self.taken = {part.id for part in walk(expr) if isinstance(part, Name)} | set(names.shapes)

    def stand_in(self, tex: str, shape: Shape) -> Name:
        name = f"#{len(self.latex)}"
        while name in self.names.latex or name in self.latex:
            name += "#"
        self.latex[name], self.shapes[name] = tex, shape
        return Name(name)

    def shape(self, expr: Expr) -> Shape | None:
        try:
            return shape_of(expr, {**self.names.shapes, **self.shapes})
        except Exception:  # an unknown shape: it is then written as it is
            return None

    def tex(self, expr: Expr) -> str:
        known = replace(
            self.names,
            shapes={**self.names.shapes, **self.shapes},
            latex={**self.names.latex, **self.latex},
        )
        return formula.latex(expr, known)

    def of(self, expr: Expr) -> Expr:
        match expr:
            case Neg(arg):
                return Neg(self.of(arg))
            case Transpose(arg):
                return Transpose(self.of(arg))
            case Binary(op, left, right):
                return Binary(op, self.of(left), self.of(right))
            case Compare(op, left, right):
                return Compare(op, self.of(left), self.of(right))
            case Vector(items):
                return Vector(tuple(map(self.of, items)))
            case Index(base, items):
                return self.index(expr, self.of(base), items)
            case Call():
                return self.call(expr)
        return expr

    def index(self, whole: Expr, base: Expr, items: tuple[Expr | Slice, ...]) -> Expr:
        """x[1:] runs from 1 to n − 1, both named."""
        shape = self.shape(whole.base) if isinstance(whole, Index) else None
        if not any(isinstance(item, Slice) for item in items) or shape is None:
            return Index(base, tuple(i if isinstance(i, Slice) else self.of(i) for i in items))
        words = []
        for item, size in zip(items, shape, strict=False):
            if isinstance(item, Slice):
                word = self.span(item, size)
                if word is None:
                    return Index(base, items)
                words.append(word)
            else:
                words.append(self.tex(self.of(item)))
        words += [":"] * (len(shape) - len(items))
        inner = self.tex(base)
        if not isinstance(base, Name) or "_" in inner:
            inner = f"[{inner}]"
        found = self.shape(whole)
        below = r",\,".join(words)
        return self.stand_in(f"{inner}_{{{below}}}", found or ())

    def span(self, item: Slice, size: Size) -> str | None:
        if item.step is not None:
            return None
        ends = []
        for end, otherwise in ((item.start, Size.of(0)), (item.stop, size)):
            if end is None:
                ends.append(otherwise)
            elif isinstance(end, Neg):
                found = _size(end.arg)
                if found is None:
                    return None
                ends.append(size - found)
            elif (found := _size(end)) is not None:
                ends.append(found)
            else:
                return None
        if item.start is None and item.stop is None:
            return ":"
        first, last = ends[0], ends[1] - 1
        return (
            size_latex(first)
            if first == last
            else rf"{size_latex(first)} \ldots {size_latex(last)}"
        )

    # ---- calls

    def call(self, expr: Call) -> Expr:
        rule: Callable[[Call], Expr | None] | None = {
            "sum": self.reduced,
            "mean": self.reduced,
            "prod": self.reduced,
            "ones": self.constant,
            "zeros": self.constant,
            "concat": self.blocks,
            "stack": self.blocks,
            "log_softmax": self.log_softmax,
            "softmax": self.along,
            "logsumexp": self.along,
            "norm": self.along,
            "var": self.along,
            "max": self.along,
            "min": self.along,
        }.get(expr.func)
        found = rule(expr) if rule is not None and expr.func not in self.names.functions else None
        if found is not None:
            return found
        args = tuple(map(self.of, expr.args))
        if expr.func in PROPER and expr.func not in self.names.functions:
            word = f"#{PROPER[expr.func]}"
            self.latex[word] = rf"\operatorname{{{PROPER[expr.func]}}}"
            if expr.func == "stop_gradient" or len(args) == 1:
                return Call(word, args)
            if expr.func in ("leaky_relu", "elu"):
                self.latex[word] += rf"_{{{self.tex(args[1])}}}"
                return Call(word, args[:1])
        kwargs = tuple((name, self.of(value)) for name, value in expr.kwargs)
        return Call(expr.func, args, kwargs, expr.primes, places=expr.places)

    def options(self, expr: Call) -> tuple[int | None, bool]:
        """The axis, None for all, and whether it is kept."""
        kwargs = dict(expr.kwargs)
        axis = kwargs.get("axis")
        keep = kwargs.get("keepdims") in (Name("True"), Num(Fraction(1)))
        if axis is None:
            return None, keep
        value = _size(axis.arg if isinstance(axis, Neg) else axis)
        number = value.number if value is not None else None
        return (-number if isinstance(axis, Neg) and number is not None else number), keep

    def reduced(self, expr: Call) -> Expr | None:
        """A sum, a mean or a product over entries: with a big operator over indices, or as a
        product with ones.
        """
        if len(expr.args) != 1:
            return None
        (arg,) = expr.args
        shape = self.shape(arg)
        if not shape or len(shape) > 3:
            return None
        axis, keep = self.options(expr)
        inner = self.of(arg)
        count = Size.of(1)
        if axis is None and not dict(expr.kwargs).get("axis"):
            running = [size for size in shape if size.number != 1]
            letters = self.letters(len(running))
            if len(letters) < len(running) or not running:
                return None
            at = iter(letters)
            places = tuple(Name(next(at)) for size in shape if size.number != 1)
            for size in running:
                count = count * size
            big = "prod" if expr.func == "prod" else "sum"
            body: Expr = Call(big, (self.entry(inner, arg, places), *places))
        elif axis is not None and len(shape) == 2 and expr.func != "prod":
            axis %= 2
            count = shape[axis]
            ones = self.stand_in(r"\mathbf{1}", (shape[axis],))
            if axis == 0:
                body = Binary("@", ones, inner) if keep else Binary("@", Transpose(inner), ones)
                if keep:
                    body = Binary("@", Transpose(ones), inner)
            else:
                body = Binary("@", inner, ones)
        else:
            return self.along(expr)
        if expr.func != "mean":
            return body
        return Binary("*", Binary("/", Num(Fraction(1)), size_tree(count)), body)

    def letters(self, count: int) -> list[str]:
        free = [
            letter
            for letter in LETTERS
            if letter not in self.taken and letter not in self.names.ranges
        ]
        return free[:count]

    def entry(self, shown: Expr, original: Expr, places: tuple[Name, ...]) -> Expr:
        """One entry of an expression, the index pushed into what is taken entry by entry."""
        shape = self.shape(original)
        if shape is not None and all(size.number == 1 for size in shape):
            return shown
        match shown, original:
            case Neg(arg), Neg(old):
                return Neg(self.entry(arg, old, places))
            case Binary(op, left, right), Binary(_, old_left, old_right) if op in _ELEMENTWISE and (
                self.alike(old_left, shape) and self.alike(old_right, shape)
            ):
                return Binary(
                    op, self.entry(left, old_left, places), self.entry(right, old_right, places)
                )
            case Call(func, (arg,), (), 0), Call(_, (old,)) if func in (
                "exp",
                "log",
                "sqrt",
                "abs",
                "tanh",
                "sigmoid",
            ):
                return Call(func, (self.entry(arg, old, places),))
            case Transpose(arg), Transpose(old) if len(places) == 2:
                return self.entry(arg, old, places[::-1])
        return Index(shown, places)

    def alike(self, part: Expr, shape: Shape | None) -> bool:
        """Whether a part of an elementwise expression has the whole's shape, or is a number."""
        own = self.shape(part)
        return own is not None and (own == shape or all(size.number == 1 for size in own))

    def constant(self, expr: Call) -> Expr | None:
        shape = self.shape(expr)
        if shape is None:
            return None
        digit = "1" if expr.func == "ones" else "0"
        return self.stand_in(rf"\mathbf{{{digit}}}_{{{shape_latex(shape)}}}", shape)

    def blocks(self, expr: Call) -> Expr | None:
        """Joined arrays as a block vector or matrix; one row a part where they are joined along
        the first axis.
        """
        shape = self.shape(expr)
        axis, _ = self.options(expr)
        parts = [
            item for arg in expr.args for item in (arg.items if isinstance(arg, Vector) else (arg,))
        ]
        if shape is None or len(shape) > 2 or not parts:
            return None
        below = (axis or 0) % len(shape) == 0
        row = expr.func == "stack" and len(shape) == 2
        words = [self.tex(self.of(part)) + (r"^{\top}" if row and below else "") for part in parts]
        body = (r" \\ " if below else " & ").join(words)
        return self.stand_in(rf"\begin{{bmatrix}} {body} \end{{bmatrix}}", shape)

    def log_softmax(self, expr: Call) -> Expr | None:
        inner = Call("softmax", expr.args, expr.kwargs)
        return Call("log", (self.of(inner),))

    def along(self, expr: Call) -> Expr | None:
        """What is taken along an axis of a matrix says so in a word; along the last axis softmax
        needs none.
        """
        shape = self.shape(expr.args[0]) if expr.args else None
        axis, _ = self.options(expr)
        if axis is None or shape is None or len(expr.args) != 1:
            return None
        axis %= max(len(shape), 1)
        inner = self.of(expr.args[0])
        found = self.shape(expr) or ()
        if expr.func == "softmax" and axis == len(shape) - 1:
            return Call("softmax", (inner,))
        word = "rows" if axis == 1 else "columns"
        where = rf"\text{{{word}}}" if len(shape) == 2 else rf"\text{{axis {axis}}}"
        if expr.func == "norm":
            return self.stand_in(rf"\left\lVert {self.tex(inner)} \right\rVert_{{{where}}}", found)
        name = {"max": r"\max", "min": r"\min"}.get(expr.func, rf"\operatorname{{{expr.func}}}")
        extra = [f"{key} = {self.tex(value)}" for key, value in expr.kwargs if key == "ddof"]
        under = ",\\,".join([where, *(rf"\text{{{word}}}" for word in extra)])
        return self.stand_in(rf"{name}_{{{under}}} \left( {self.tex(inner)} \right)", found)


def _size(expr: Expr) -> Size | None:
    """A size as it stands in an index: a number, a name, sums and products of them."""
    match expr:
        case Num(value) if value.denominator == 1:
            return Size.of(int(value))
        case Name(id):
            return Size.of(id)
        case Neg(arg):
            inner = _size(arg)
            return None if inner is None else -inner
        case Binary("+" | "-" | "*" as op, left, right):
            one, other = _size(left), _size(right)
            if one is None or other is None:
                return None
            return one + other if op == "+" else one - other if op == "-" else one * other
    return None
