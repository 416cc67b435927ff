"""Expression text to syntax tree and back. No eval, no sympify; numbers are exact.

    parse("w0*x0 + 1/3")  ->  Binary("+", Binary("*", Name("w0"), Name("x0")), Binary("/", Num(1),
    Num(3))) unparse(tree)         ->  the same in the expression language; parse(unparse(t)) == t

The tree is in tree.py, the tokens in tokens.py, the lines of an exercise in statements.py, what is
wrong in parse_errors.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from gradcalc.language.cures import cured, swap
from gradcalc.language.errors import SpanError
from gradcalc.language.parse_errors import (
    Reading,
    after_point,
    ambiguous,
    chained,
    double_bars,
    no_operand,
    renamed_option,
    tuple_,
    two_signs,
    unexpected,
    unknown_function,
)
from gradcalc.language.tokens import Token, shown, tokenize
from gradcalc.language.tree import (
    NOWHERE,
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Slice,
    Span,
    Transpose,
    Vector,
    children,
    names,
    number,
    occurrences,
    walk,
)
from gradcalc.language.unparse import unparse
from gradcalc.ops import COMPARISONS, SIGNS, SPELLINGS, TABLE

__all__ = [
    "CALLABLE",
    "NOWHERE",
    "Binary",
    "Call",
    "Compare",
    "Expr",
    "Index",
    "Name",
    "Neg",
    "Num",
    "Slice",
    "Span",
    "Transpose",
    "Vector",
    "children",
    "names",
    "number",
    "occurrences",
    "parse",
    "parse_from",
    "unparse",
    "walk",
]  # fmt: skip

MAX_DEPTH = 60

OPTIONS = frozenset(("axis", "keepdims", "ord", "ddof"))
SOFTMAX = frozenset(("softmax", "log_softmax", "logsumexp", "cumsum"))
_YES, _NO = Name("True"), Name("False")
_FLAGS: dict[Expr, Expr] = {
    _YES: _YES,
    _NO: _NO,
    Name("true"): _YES,
    Name("false"): _NO,
    Num(Fraction(1)): _YES,
    Num(Fraction(0)): _NO,
}
Args: TypeAlias = tuple[Expr, ...]
Kwargs: TypeAlias = tuple[tuple[str, Expr], ...]

# Left and right binding power; from loose to tight. Unary minus binds like a product unless a
# product came before it.
_POWERS = {"+": (20, 21), "-": (20, 21), "*": (30, 31), "/": (30, 31), "@": (30, 31), "^": (41, 40)}
_COMPARE, _PRODUCT, _POSTFIX = 10, 30, 50
_STARTS = frozenset(("name", "number", "(", "[", "√"))


# Every word that may be called, with the operation it means: ln -> log.
CALLABLE: Mapping[str, str] = {word: name for word, name in SPELLINGS.items() if word != "√"}


Soften: TypeAlias = Callable[[list[Token]], list[Token]]


def parse(
    text: str,
    functions: Collection[str] = frozenset(),
    variables: Collection[str] = frozenset(),
    soften: Soften | None = None,
) -> Expr:
    """One expression. `functions` are names the exercise defines or declares: they take no
    canonical spelling and may carry primes, g'(z). `variables`, where known, make messages better.
    `soften` turns the tokens into others before they are read. Raises SpanError with offsets into
    `text`.
    """
    return parse_from(text, 0, len(text), functions, variables, soften)


def parse_from(
    text: str,
    start: int,
    stop: int,
    functions: Collection[str] = frozenset(),
    variables: Collection[str] = frozenset(),
    soften: Soften | None = None,
) -> Expr:
    """As `parse`, from one offset to another."""

    def whole(tokens: list[Token]) -> Expr:
        return _Parser(soften(tokens) if soften else tokens, functions, variables).whole()

    def read(line: str) -> Expr:
        return whole(tokenize(line, start))

    try:
        return whole(tokenize(text, start, stop))
    except SpanError as error:
        raise cured(error, text[:stop], start, read) from None


# What may stand below the bars of a norm.
ORDERS: Mapping[str, tuple[tuple[str, Expr], ...]] = {
    "_1": (("ord", Num(Fraction(1))),),
    "_2": (("ord", Num(Fraction(2))),),
    "_F": (),
    "_inf": (("ord", Name("inf")),),
    "_oo": (("ord", Name("inf")),),
}


def slope_of(word: str, functions: Collection[str]) -> tuple[str, tuple[int, ...]] | None:
    """d12f as (f, (1, 2)), where f is one of the functions; places ascend."""
    match = re.fullmatch(r"d([1-9]{1,9})(\w+)", word)
    if match is None or match[2] not in functions:
        return None
    return match[2], tuple(sorted(map(int, match[1])))


class _Parser:
    """A Pratt parser: `expression(least)` reads an operand and every operator that binds at
    least so tightly.
    """

    def __init__(
        self, tokens: list[Token], functions: Collection[str], variables: Collection[str]
    ) -> None:
        self.tokens, self.functions, self.variables = tokens, functions, variables
        self.at = 0
        self.depth = 0
        self.open: list[Token] = []
        self.words: list[Token] = []  # the names of options

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def span(self, start: int) -> Span:
        return start, self.tokens[self.at - 1].end

    @property
    def reading(self) -> Reading:
        """How far it has come, for messages."""
        functions, variables = self.functions, self.variables
        return Reading(self.tokens, self.at, self.open, functions, variables, CALLABLE)

    def fail(
        self,
        message: str,
        token: Token | None = None,
        hint: str | None = None,
        slug: str = "syntax",
    ) -> SpanError:
        return self.reading.fail(message, token, hint, None, slug)

    def whole(self) -> Expr:
        if self.token.kind == "end":
            raise self.fail("an expression is missing")
        expr = self.level(0)
        if self.token.kind != "end":
            raise unexpected(self.reading)
        return expr

    def expression(self, least: int) -> Expr:
        """A nested expression: in brackets, behind a sign, or in an exponent."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(
                f"nested more than {MAX_DEPTH} deep",
                None,
                "give parts of it a line of their own",
                "limit",
            )
        expr = self.level(least)
        self.depth -= 1
        return expr

    def level(self, least: int) -> Expr:
        start, compared = self.token.start, False
        left = self.operand(least)
        while True:
            token = self.token
            if token.kind in _POWERS:
                power, right_power = _POWERS[token.kind]
                if power < least:
                    break
                self.take()
                right = (
                    self.expression(right_power) if token.kind == "^" else self.level(right_power)
                )
                left = Binary(token.kind, left, right, self.span(start))
            elif token.kind == "power":
                if least > _POWERS["^"][0]:
                    break
                self.take()
                left = Binary(
                    "^",
                    left,
                    Num(token.value or Fraction(0), (token.start, token.end), decimal=True),
                    self.span(start),
                )
            elif SIGNS.get(token.kind) in COMPARISONS:
                if least > _COMPARE:
                    break
                if compared:
                    raise chained(self.reading)
                self.take()
                compared = True
                right = self.level(_COMPARE + 1)
                left = Compare(token.kind, left, right, self.span(start))
            elif (
                token.kind in ("name", "(", "√")
                and self.at
                and self.tokens[self.at - 1].kind == "number"
            ):
                if least > _PRODUCT:
                    break
                if not _ends_in_factor(left):
                    raise ambiguous(self.reading)
                right = self.level(_PRODUCT + 1)
                left = Binary("*", left, right, self.span(start))
            else:
                return left
        return left

    def operand(self, least: int) -> Expr:
        first, token = self.at, self.take()
        match token.kind:
            case "number":
                return Num(token.value or Fraction(0), (token.start, token.end), decimal=True)
            case "name":
                expr: Expr = self.name(token)
            case "(":
                self.open.append(token)
                expr = self.expression(0)
                self.close(")")
            case "[":
                self.open.append(token)
                expr = self.vector(token)
            case "|" | "||":
                expr = self.expression(_COMPARE + 1)
                if self.token.kind != token.kind:
                    self.open.append(token)
                    raise unexpected(self.reading)
                self.take()
                if token.kind == "||":
                    expr = self.norm(token, expr, first)
                else:
                    expr = Call("abs", (expr,), span=self.span(token.start))
            case "√":
                return Call("sqrt", (self.expression(_POSTFIX),), span=self.span(token.start))
            case "-" | "+":
                if self.token.kind in ("-", "+"):
                    raise two_signs(self.reading)
                arg = self.expression(max(least, _PRODUCT))
                return Neg(arg, self.span(token.start)) if token.kind == "-" else arg
            case _:
                self.at -= 1
                raise no_operand(self.reading, token)
        return self.postfix(expr, first)

    def close(self, kind: str) -> None:
        if self.token.kind != kind:
            if self.token.kind == "," and kind == ")":
                raise tuple_(self.reading)
            raise unexpected(self.reading)
        self.take()
        self.open.pop()

    def postfix(self, expr: Expr, first: int) -> Expr:
        start = self.tokens[first].start
        while True:
            token = self.token
            if token.kind == "[":
                self.open.append(self.take())
                items = self.items()
                self.close("]")
                expr = Index(expr, items, self.span(start))
            elif token.kind in ("ᵀ", "'"):
                self.take()
                expr = Transpose(expr, self.span(start))
            elif token.kind == ".":
                word = self.tokens[self.at + 1]
                if word.kind != "name" or word.text != "T":
                    raise after_point(self.reading, first)
                self.at += 2
                expr = Transpose(expr, self.span(start))
            else:
                return expr

    def items(self) -> tuple[Expr | Slice, ...]:
        items = [self.item()]
        while self.token.kind == ",":
            self.take()
            items.append(self.item())
        return tuple(items)

    def item(self) -> Expr | Slice:
        start = self.token.start
        bounds: list[Expr | None] = [None]
        while self.token.kind not in (",", "]"):
            if self.token.kind == ":" and len(bounds) < 3:
                self.take()
                bounds.append(None)
            elif bounds[-1] is None:
                bounds[-1] = self.expression(0)
            else:
                raise unexpected(self.reading)
        if len(bounds) > 1:
            begin, stop, step = (*bounds, None)[:3]
            return Slice(begin, stop, step, self.span(start))
        if bounds[0] is None:
            raise self.fail("an index is missing")
        return bounds[0]

    def vector(self, token: Token) -> Expr:
        items: list[Expr] = []
        if self.token.kind == "]":
            raise self.fail("a vector needs at least one entry")
        while True:
            items.append(self.expression(0))
            if self.token.kind != ",":
                break
            self.take()
        self.close("]")
        return Vector(tuple(items), self.span(token.start))

    def name(self, token: Token) -> Expr:
        primes = 0
        while self.tokens[self.at + primes].kind == "'":
            primes += 1
        if self.tokens[self.at + primes].kind != "(":
            return Name(token.text, (token.start, token.end))
        func = token.text if token.text in self.functions else CALLABLE.get(token.text)
        if func is None and not primes and (found := slope_of(token.text, self.functions)):
            return self.slope(token, *found)
        if func is None:
            raise unknown_function(self.reading, self.at - 1)
        if primes and token.text not in self.functions:
            raise self.fail(
                f"`{token.text}'`: only the derivatives of unknown functions are written with '",
                hint="ask for derivatives under `questions`: [df/dx]",
            )
        self.at += primes
        self.open.append(self.take())
        args, kwargs = self.arguments(token, func)
        self.close(")")
        if token.text not in self.functions:
            args, kwargs = as_named(func, args, kwargs)
        call = Call(func, args, kwargs, primes, self.span(token.start))
        if token.text not in self.functions:
            check_arguments(call, token, self.words)
        elif not args or kwargs:
            raise self.fail(f"`{token.text}` takes no named arguments", token)
        return call

    def norm(self, token: Token, expr: Expr, first: int) -> Expr:
        """||x||, and ||x||_1, ||A||_F. `Ax` in it is a product as on paper: an error."""
        for name in occurrences(expr):
            if re.fullmatch("[A-Z][a-z]", name.id) and name.id not in self.variables:
                self.at -= 1
                raise double_bars(self.reading, first)
        after, beside = self.token, self.tokens[self.at - 1].end
        order = ORDERS.get(after.text) if after.kind == "name" and after.start == beside else None
        if order is not None:
            self.take()
        return Call("norm", (expr,), order or (), span=self.span(token.start))

    def slope(self, token: Token, func: str, places: tuple[int, ...]) -> Expr:
        """d12f(x, y): the derivative of an unknown function by its first and second argument."""
        self.open.append(self.take())
        args, kwargs = self.arguments(token, func)
        self.close(")")
        if not args or kwargs:
            raise self.fail(f"`{token.text}` takes no named arguments", token)
        return Call(func, args, span=self.span(token.start), places=places)

    def arguments(
        self, token: Token, func: str
    ) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
        args: list[Expr] = []
        kwargs: dict[str, Expr] = {}
        if self.token.kind == ")":
            raise self.fail(f"`{token.text}` needs an argument", token)
        while True:
            word = self.token
            if word.kind == "name" and self.tokens[self.at + 1].kind == "=":
                if word.text in kwargs:
                    raise self.fail(f"`{word.text}` is given twice")
                self.at += 2
                self.words.append(word)
                kwargs[word.text] = self.option()
            elif kwargs:
                raise self.fail("named arguments must come last")
            else:
                args.append(self.expression(0))
            if self.token.kind != ",":
                return tuple(args), tuple(kwargs.items())
            self.take()

    def option(self) -> Expr:
        """The value of a named argument; axis=(0, 1) is read as axis=[0, 1]."""
        token = self.token
        if token.kind == "(":
            ahead = self.at + 1
            while self.tokens[ahead].kind in ("number", "-"):
                ahead += 1
            if self.tokens[ahead].kind == ",":
                self.open.append(self.take())
                items = [self.expression(_COMPARE + 1)]
                while self.token.kind == ",":
                    self.take()
                    if self.token.kind != ")":
                        items.append(self.expression(_COMPARE + 1))
                self.close(")")
                return Vector(tuple(items), self.span(token.start))
        return self.expression(0)


def _ends_in_factor(left: Expr) -> bool:
    """A number directly before a name or ( multiplies it, unless something else has taken the
    number: 1/2x.
    """
    while isinstance(left, Binary) and left.op == "*":
        left = left.right
    return isinstance(left, Num)


def as_named(func: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
    """NumPy's other ways to say the same: softmax(A, 0) is softmax(A, axis=0), keepdims=1 is
    keepdims=True.
    """
    if func in SOFTMAX and len(args) == 2 and isinstance(args[-1], Num | Neg):
        args, kwargs = args[:1], (("axis", args[-1]), *kwargs)
    return args, tuple(
        (word, _FLAGS.get(value, value) if word == "keepdims" else value) for word, value in kwargs
    )


def check_arguments(call: Call, token: Token, words: Sequence[Token] = ()) -> None:
    """The number and the names of a built-in's arguments. Raises SpanError."""

    op, called = TABLE[call.func], token.text
    for word, value in call.kwargs:
        if word not in op.options:
            name = next((one for one in reversed(words) if one.text == word), token)
            listed = ", ".join(f"{option}=" for option in op.options)
            hint = f"it has {listed}" if listed else None
            mend = renamed_option(name, op.options)
            message = f"`{called}` has no argument `{shown(word)}`"
            raise SpanError("argument", message, name.start, name.end, None if mend else hint, mend)
        if word == "keepdims" and value not in _FLAGS.values():
            raise SpanError("argument", "`keepdims` must be True or False", *value.span)
    given, most = len(call.args), len(op.operands)
    if op.signature == "reduction" or "*" in op.operands:
        if not given:
            raise SpanError("argument", f"`{called}` needs an array", token.start, token.end)
        return
    least = most - len(op.parameters)
    if not least <= given <= most:
        takes = f"{most}" if least == most else f"{least} or {most}"
        extra = call.args[most].span if given > most else (token.start, token.end)
        mend = None
        if call.func == "log" and given == 2:
            mend = swap((call.args[0].span[1], call.args[1].span[0], ")/log("))
        noun = "argument" if most == 1 else "arguments"
        message = f"`{called}` takes {takes} {noun}, not {given}"
        raise SpanError("argument", message, *extra, None, mend)
