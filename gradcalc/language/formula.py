"""Expressions as people write them: for the terminal (text) and in TeX (latex). For pasting there
is `unparse`.

    w0*alpha*(1 - alpha)    w₀ α (1 − α)          w_0 \\alpha (1 - \\alpha)
    X.T @ (X @ w - y)/m     Xᵀ(X w − y) / m       \\frac{X^{\\top} (X w - y)}{m}
    A * step(Z)             A ∘ 1[Z > 0]          A \\odot \\mathbb{1}[Z > 0]
    sum(L, i)               Σᵢ L                  \\sum_{i=1}^{m} L

Each node is drawn once, from the inside out, into a Box that knows how tightly it binds; a parent
puts brackets around a part that binds less tightly than its place asks for. Both scripts share
this: they differ in signs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from gradcalc.language.conditions import positive
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import Names
from gradcalc.language.formula_styles import (
    ATOM,
    HADAMARD,
    OPEN,
    POWER,
    PRODUCT,
    SUM,
    Box,
    Latex,
    Script,
    Text,
)
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
    unparse,
)
from gradcalc.language.shape_rules import shape_of
from gradcalc.language.sizes import Shape
from gradcalc.language.tree import children, names, walk
from gradcalc.language.typography import to_ascii
from gradcalc.ops import TABLE

__all__ = ["Names", "draw", "latex", "text"]

BIG_OPERATORS = ("sum", "prod")


def text(expr: Expr, names: Names, ascii: bool = False) -> str:
    """An expression on one line for a terminal; in ASCII it is the expression language."""
    if ascii:
        return to_ascii(unparse(expr))
    return draw(expr, names, Text(names.latex)).full


def latex(expr: Expr, names: Names, example: bool = False) -> str:
    """An expression in TeX without $; with `example`, per-example names carry their index:
    x^{(i)}.
    """
    return draw(
        expr, names, Latex(names.latex, names.ranges, names.each if example else frozenset())
    ).full


def factors(parts: tuple[Expr, ...], names: Names, script: Script) -> str:
    """A product with a dot between its factors, each in brackets where it needs them."""
    pen, out = _Pen(names, script), []
    for number, part in enumerate(parts):
        box = draw(part, names, script)
        if (box.minus and not number) or (
            box.open and not box.minus and 0 < number == len(parts) - 1
        ):
            out.append(box.full if box.level >= PRODUCT else pen.at(box, PRODUCT).full)
        else:
            out.append(pen.at(box, PRODUCT).full)
    return f" {script.dot} ".join(out)


def draw(expr: Expr, names: Names, script: Script) -> Box:
    """The box of an expression. Iterates, for a derivative of 300 operations may be 300 deep."""
    pen = _Pen(names, script)
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in pen.boxes:
            continue
        if ready:
            pen.boxes[id(node)] = replace(pen.draw(node), shape=pen.shape(node), sign=script.minus)
        else:
            stack.append((node, True))
            stack.extend((part, False) for part in children(node))
    return pen.boxes[id(expr)]


class _Pen:
    """Draws one node from the boxes of its parts."""

    def __init__(self, names: Names, script: Script) -> None:
        self.names, self.script = names, script
        self.boxes: dict[int, Box] = {}

    def box(self, node: Expr) -> Box:
        return self.boxes[id(node)]

    def shape(self, node: Expr) -> Shape | None:
        """The shape of a node from those of its parts; None where it has none (a condition) or
        it is not known.
        """
        if isinstance(node, Name):
            return self.names.shapes.get(node.id, ())
        if isinstance(node, Num):
            return ()
        if isinstance(node, Compare):
            node = Binary("+", node.left, node.right)
        if isinstance(node, Binary) and node.op != "@" and self._numbers(node.left, node.right):
            return ()
        shapes: dict[str, Shape] = {}
        if isinstance(node, Call) and node.func in ("eye", "ones", "zeros"):
            return shape_of(node, shapes)
        shallow = _with_parts(node, lambda part: self._stand_in(part, shapes))
        try:
            return shape_of(shallow, shapes)
        except (
            Exception
        ):  # a printer prints what it is given: without a shape as if it were a number
            return None

    def _numbers(self, *parts: Expr) -> bool:
        return all(self.boxes[id(part)].shape == () for part in parts)

    def _stand_in(self, part: Expr, shapes: dict[str, Shape]) -> Expr:
        if isinstance(part, Num):
            return part
        if isinstance(part, Name):
            shapes[part.id] = self.names.shapes.get(part.id, ())
            return part
        known = self.box(part).shape
        if known is None:
            return part
        name = Name(f"#{len(shapes)}")
        shapes[name.id] = known
        return name

    def draw(self, node: Expr) -> Box:
        script = self.script
        match node:
            case Num():
                return script.number(node)
            case Name(id):
                return (
                    script.partial(*self.names.partials[id])
                    if id in self.names.partials
                    else script.name(id)
                )
            case Neg(arg):
                box = self.box(arg)
                return replace(
                    box if box.open and not box.minus else self.at(box, HADAMARD), minus=True
                )
            case Binary("+" | "-" as op, left, right):
                return self.plus(self.box(left), op, self.box(right))
            case Binary("*", left, right):
                return self.times(self.box(left), self.box(right))
            case Binary("/", left, right):
                return script.fraction(self.box(left), self.box(right), self)
            case Binary("@", left, right):
                return self.matmul(left, right)
            case Binary("^", left, right):
                return self.power(self.box(left), self.box(right))
            case Compare():
                a, b = self.box(node.left), self.box(node.right)
                return Box(
                    f"{a.full} {script.compare(node.op)} {b.full}", OPEN, tall=a.tall or b.tall
                )
            case Transpose(Call("inv", (arg,))):
                return script.postfix(self.at(self.box(arg), ATOM), "-T")
            case Transpose(arg):
                box = script.postfix(self.at(self.box(arg), ATOM), "T")
                return replace(box, row=_rank(self.box(arg)) == 1)
            case Vector(items):
                return script.bracket(
                    ", ".join(self.box(item).full for item in items), "[]", self.tall(items)
                )
            case Index(Call("eye", (_,)), (item,)) if (
                not isinstance(item, Slice) and "e" not in self.names.shapes
            ):
                return script.entry(script.name("e"), (self.box(item).full,))
            case Index(base, items):
                words = tuple(
                    self.slice(item) if isinstance(item, Slice) else self.box(item).full
                    for item in items
                )
                return script.entry(self.at(self.box(base), ATOM), words)
            case Call():
                return self.call(node)
        raise TypeError(f"no typography for {type(node).__name__}")

    def at(self, box: Box, level: int) -> Box:
        """The box, in brackets where it binds less tightly than `level`."""
        if box.level >= level and not box.minus and not (box.open and level > SUM):
            return box
        return replace(self.script.bracket(box.full, "()", box.tall), shape=box.shape)

    def tall(self, items: tuple[Expr, ...]) -> bool:
        return any(self.box(item).tall for item in items)

    def plus(self, left: Box, op: str, right: Box) -> Box:
        minus = op == "-"
        if right.minus and not minus:
            minus, right = True, replace(right, minus=False)
        elif right.minus or right.lead or (right.level <= SUM if minus else right.level < SUM):
            right = self.script.bracket(right.full, "()", right.tall)
        left = self.at(left, SUM) if left.level < SUM else left
        body = f"{left.full} {self.script.minus if minus else '+'} {right.body}"
        return Box(
            body,
            SUM,
            head=left.head,
            tail=right.tail,
            tall=left.tall or right.tall,
            lead=left.minus or left.lead,
        )

    def times(self, left: Box, right: Box) -> Box:
        """`*`: a product of numbers, a number times an array, or entry by entry."""
        minus = left.minus
        left = replace(left, minus=False) if minus else left
        if left.array and right.array:
            left, right = self.at(left, HADAMARD), self.at(right, HADAMARD)
            box = left.join(f" {self.script.hadamard} ", right, HADAMARD)
            return replace(box, minus=minus)
        # uᵀ v w would be read as uᵀ (v w): a dot product times an array stands in brackets
        if left.dot and right.array:
            left = self.at(left, ATOM)
        if (right.dot and left.array) or right.form == "/":
            right = self.at(right, ATOM)
        return replace(self.product(left, right, "*"), minus=minus, dot=left.dot or right.dot)

    def product(self, left: Box, right: Box, form: str) -> Box:
        left = self.script.factor(self.at(left, PRODUCT), self)
        right = (
            right
            if right.open and not right.minus and right.level >= PRODUCT
            else self.at(right, PRODUCT)
        )
        return replace(
            left.join(self.script.between(left, right, form), right, PRODUCT),
            form=form,
            open=right.open,
        )

    def matmul(self, left: Expr, right: Expr) -> Box:
        """`@`. A 1-D vector on the left is written as a row, uᵀ v, as it acts there; a number in
        front of it stays in front: ½ uᵀ v.
        """
        if (
            isinstance(left, Binary)
            and left.op == "*"
            and not self.box(left.left).array
            and _rank(self.box(left.right)) == 1
        ):
            inner = self.matmul(left.right, right)
            whole = self.times(self.box(left.left), inner)
            return replace(whole, row=inner.row, dot=inner.dot, shape=inner.shape)
        a, b = self.box(left), self.box(right)
        minus, a = a.minus, replace(a, minus=False)
        if isinstance(right, Transpose) and _rank(b) == 1:
            b = self.box(right.arg)  # x.T of a 1-D x is x
        if _rank(a) == 1 and not a.row:
            a = replace(self.script.postfix(self.at(a, ATOM), "T"), shape=a.shape)
        if (a.form == "*" and a.dot) or a.form == "/":
            a = self.at(a, ATOM)
        b = self.at(b, PRODUCT if b.form in ("@", "") else ATOM)
        scalar = (a.shape is not None and b.shape is not None) and (
            _rank(a) == _rank(b) == 1 or (_one(a.shape[:-1]) and _one(b.shape[1:]))
        )
        return replace(self.product(a, b, "@"), minus=minus, row=_rank(a) == 1, dot=scalar)

    def power(self, base: Box, exponent: Box) -> Box:
        shape = base.shape or ()
        square = len(shape) == 2 and shape[0] == shape[1] and not _one(shape)
        return self.script.power(self.at(base, ATOM), exponent, "∘" if square else "")

    def slice(self, item: Slice) -> str:
        start, stop, step = (
            self.box(part).full if part is not None else ""
            for part in (item.start, item.stop, item.step)
        )
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def call(self, node: Call) -> Box:
        script, args = self.script, tuple(map(self.box, node.args))
        options = {name: value for name, value in node.kwargs if name != "keepdims"}
        if node.func in self.names.functions or node.func not in TABLE:
            slope = script.slope(node.places) if node.places else ""
            return script.apply(slope + script.name(node.func).body + "'" * node.primes, args)
        match node.func, node.args:
            case "where", (condition, yes, Num(value=zero)) if not zero:
                said, shape = self.box(condition).full, self.box(condition).shape
                match condition, yes:  # 0 ≤ p and p < n as 0 ≤ p < n
                    case (
                        Compare("<", place),
                        Call("where", (Compare(">=", low) as other, inner, Num(value=none))),
                    ) if place == low and not none:
                        (said,), yes = self.conditions((other, condition)), inner
                indicator = replace(script.indicator(said), shape=shape)
                if isinstance(yes, Num) and yes.value == 1:
                    return indicator
                number = not any(isinstance(part, Name) for part in walk(yes))
                return (
                    self.times(self.box(yes), indicator)
                    if number
                    else self.times(indicator, self.box(yes))
                )
            case "where", (condition, yes, no):
                return script.cases(self.box(condition).full, self.box(yes).full, self.box(no).full)
            case "step" | "half_step", (arg,):
                solved = draw(positive(arg), self.names, script).full
                return replace(script.indicator(solved), shape=self.box(arg).shape)
            case "exp", (arg,) if "e" not in self.names.shapes:
                return script.exp(args[0])
            case "sqrt", (arg,):
                return script.root(args[0])
            case "abs", (arg,):
                return script.bracket(args[0].full, "||", args[0].tall)
            case "norm", (arg,) if "axis" not in options:
                box = script.bracket(args[0].full, "‖‖", args[0].tall)
                return script.below(box, self.box(options["ord"]).full) if "ord" in options else box
            case "inv", (arg,):
                return script.postfix(self.at(args[0], ATOM), "-1")
            case "transpose", (arg,):
                return script.postfix(self.at(args[0], ATOM), "T")
            case "matrix_power", (_, _):
                return script.power(self.at(args[0], ATOM), args[1], "")
            case "outer", (_, _):
                # A product x @ M of a 1-D x is drawn as a row already: u xᵀ M.
                row = args[1] if args[1].row else script.postfix(self.at(args[1], ATOM), "T")
                column = script.postfix(self.at(args[0], ATOM), "T") if args[0].row else args[0]
                chained = column.form in ("@", "") and not column.dot
                return self.product(
                    self.at(column, PRODUCT if chained else ATOM), self.at(row, PRODUCT), "@"
                )
            case "dot", (_, _):
                row = script.postfix(self.at(args[0], ATOM), "T")
                return replace(
                    self.product(row, self.at(args[1], ATOM if args[1].form else PRODUCT), "@"),
                    dot=True,
                )
            case "kron", (_, _):
                return self.at(args[0], POWER).join(
                    f" {script.kron} ", self.at(args[1], POWER), HADAMARD
                )
            case "eye", (_,) if "I" not in self.names.shapes:
                return script.name("I")
            case "ones" | "zeros", _ if len(args) <= 2:
                return self.constant(node)
            case func, (arg, *over) if over and func in _REDUCE and self.runs(func, arg, over):
                return self.over(func, args[0], node.args[1:])
        # The axis stands below the function; below a norm one would read the order there.
        below = None if "ord" in TABLE[node.func].options else options.pop("axis", None)
        words = [f"{name} = {self.box(value).full}" for name, value in options.items()]
        axis = None if below is None else self.box(below).full
        return script.apply(script.function(node.func, axis), args, words)

    def constant(self, node: Call) -> Box:
        """An array of zeros as 0; of ones as 𝟏, a row as 𝟏ᵀ and a matrix as 𝟏𝟏ᵀ."""
        if node.func == "zeros":
            return self.script.number(Num(Fraction(0)))
        shape = shape_of(node, {})
        ones = self.script.ones()
        if len(shape) < 2 or shape[1].number == 1:
            return ones
        row = self.script.postfix(ones, "T")
        return row if shape[0].number == 1 else ones.join("", row, PRODUCT)

    def runs(self, func: str, body: Expr, over: Sequence[Expr]) -> bool:
        """Is it taken over indices? max(x, n) and min(x, pi) are of two numbers; in max(s[k], k)
        the second is an index of the first.
        """
        if not all(map(self.binds, over)):
            return False
        places = {
            name
            for part in walk(body)
            if isinstance(part, Index)
            for item in part.items
            if not isinstance(item, Slice)
            for name in names(item)
        }
        return func not in ("max", "min") or any(
            isinstance(item, Name) and item.id in places for item in over
        )

    def binds(self, item: Expr) -> bool:
        """Whether it is an index to sum over, or a condition."""
        return isinstance(item, Compare) or (
            isinstance(item, Name) and item.id not in self.names.shapes
        )

    def conditions(self, given: Sequence[Compare]) -> list[str]:
        """Conditions as they stand under a sum: e ≥ 0 and e < n are 0 ≤ e < n."""
        found = []
        rest = list(given)
        while rest:
            low, *rest = rest
            high = next((c for c in rest if (c.op, c.left) == ("<", low.left)), None)
            if low.op == ">=" and high is not None:
                rest.remove(high)
                first, between, last = (self.box(e).full for e in (low.right, low.left, high.right))
                signs = self.script.compare("<="), self.script.compare("<")
                found.append(f"{first} {signs[0]} {between} {signs[1]} {last}")
            else:
                found.append(self.box(low).full)
        return found

    def over(self, func: str, body: Box, over: tuple[Expr, ...]) -> Box:
        """sum(e, i): a big operator over named indices, perhaps under a condition."""
        indices = [item.id for item in over if isinstance(item, Name)]
        conditions = self.conditions([item for item in over if isinstance(item, Compare)])
        inner = (
            body
            if body.open and not body.minus and body.level >= PRODUCT
            else self.at(body, PRODUCT)
        )
        sign = self.script.big(func, indices, conditions)
        if func in BIG_OPERATORS:
            return Box(
                f"{sign} {inner.body}", PRODUCT, head="f", tail=inner.tail, open=True, tall=True
            )
        return self.script.apply(sign, (body,))


_REDUCE = frozenset(("sum", "mean", "prod", "max", "min", "norm", "logsumexp", "softmax", "var"))


def _rank(box: Box) -> int:
    return len(box.shape or ())


def _one(shape: Shape) -> bool:
    return all(size.number == 1 for size in shape)


def _with_parts(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The node with each of its direct parts changed."""
    match node:
        case Neg(arg):
            return Neg(change(arg))
        case Transpose(arg):
            return Transpose(change(arg))
        case Binary(op, left, right):
            return Binary(op, change(left), change(right))
        case Call(func, args, kwargs, primes):
            return Call(func, tuple(map(change, args)), kwargs, primes, places=node.places)
        case Index(base, items):
            return Index(change(base), items)
        case Vector(items):
            return Vector(tuple(map(change, items)))
    return node
