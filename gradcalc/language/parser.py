"""Expression text to syntax tree and back. No eval, no sympify; numbers are exact.

    parse("w0*x0 + 1/3")  ->  Binary("+", Binary("*", Name("w0"), Name("x0")), Binary("/", Num(1), Num(3)))
    unparse(tree)         ->  the same in the expression language; parse(unparse(t)) == t

The tree stands in tree.py, the tokens in tokens.py, the lines of an exercise in lines.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from gradcalc.language.errors import SpanError, closest
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
    "parse_tokens",
    "unparse",
    "walk",
]  # fmt: skip

MAX_DEPTH = 60

OPTIONS = frozenset(("axis", "keepdims", "ord", "ddof"))

# Left and right binding power; from loose to tight. Unary minus binds like a product unless a product came before it.
_POWERS = {"+": (20, 21), "-": (20, 21), "*": (30, 31), "/": (30, 31), "@": (30, 31), "^": (41, 40)}
_COMPARE, _PRODUCT, _POSTFIX = 10, 30, 50
_STARTS = frozenset(("name", "number", "(", "[", "√"))
_JOINED = {"and": "where(a, where(b, x, y), y)", "or": "where(a, x, where(b, x, y))"}

_INSTEAD = {
    "log10": "log(x)/log(10)", "log2": "log(x)/log(2)", "log1p": "log(1 + x)", "expm1": "exp(x) - 1", "pow": "x^y",
    "sec": "1/cos(x)", "csc": "1/sin(x)", "cot": "1/tan(x)", "trace": "tr(A)", "transpose": "A.T", "matmul": "A @ B",
    "average": "mean(x)", "solve": "inv(A) @ b", "floor": None, "factorial": None, "heaviside": "step(x)",
    "square": "x^2", "reciprocal": "1/x", "amax": "max(x)", "amin": "min(x)", "concatenate": "concat(x, y)",
    "identity": "eye(n)", "indicator": "where(x > 0, 1, 0)", "cross_entropy": "-sum(y * log(p))", "logistic": "sigmoid(x)",
}  # fmt: skip


# Every word that may be called, with the operation it means: ln -> log.
CALLABLE: Mapping[str, str] = {word: name for word, name in SPELLINGS.items() if word != "√"}


def parse(
    text: str, functions: Collection[str] = frozenset(), variables: Collection[str] = frozenset()
) -> Expr:
    """One expression. `functions` are names the exercise defines or declares: they take no canonical spelling and may
    carry primes, g'(z). `variables`, where known, make messages better. Raises SpanError with offsets into `text`.
    """
    return parse_tokens(tokenize(text), functions, variables)


def parse_tokens(
    tokens: list[Token],
    functions: Collection[str] = frozenset(),
    variables: Collection[str] = frozenset(),
) -> Expr:
    """As `parse`, from tokens that end in an end token."""
    return _Parser(tokens, functions, variables).whole()


class _Parser:
    """A Pratt parser: `expression(least)` reads an operand and every operator that binds at least so tightly."""

    def __init__(
        self, tokens: list[Token], functions: Collection[str], variables: Collection[str]
    ) -> None:
        self.tokens, self.functions, self.variables = tokens, functions, variables
        self.at = 0
        self.depth = 0
        self.open: list[Token] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def span(self, start: int) -> Span:
        return start, self.tokens[self.at - 1].end

    def fail(
        self,
        message: str,
        token: Token | None = None,
        hint: str | None = None,
        slug: str = "syntax",
    ) -> SpanError:
        token = token or self.token
        return SpanError(slug, message, token.start, max(token.end, token.start + 1), hint)

    def whole(self) -> Expr:
        if self.token.kind == "end":
            raise self.fail("an expression is missing")
        expr = self.level(0)
        if self.token.kind != "end":
            raise self.unexpected()
        return expr

    def unexpected(self) -> SpanError:
        token = self.token
        if token.kind == "end":
            if self.open:
                return self.fail(f"`{self.open[-1].text}` is never closed", self.open[-1])
            last = self.tokens[self.at - 1] if self.at else token
            return self.fail(f"something is missing after `{shown(last.text)}`", last)
        if token.kind in (")", "]"):
            return self.fail(
                f"`{token.text}` closes nothing"
                if not self.open
                else f"`{self.open[-1].text}` is closed by `{token.text}`"
            )
        if token.kind == "=":
            return self.fail(
                "`=` stands only after the name that a line defines",
                hint="equality in a condition is ==",
            )
        if token.kind == "'":
            return self.fail(
                "`'` stands only behind what it transposes, A', or behind an unknown function, g'(z)"
            )
        if token.kind == "|" and not self.open:
            return self.fail("`|` has no partner")
        if token.kind in _STARTS and self.at:
            return self.missing_operator()
        return self.fail(f"`{token.text}` is not expected here")

    def missing_operator(self) -> SpanError:
        before, token = self.tokens[self.at - 1], self.token
        left, right = shown(before.text), shown(token.text)
        if before.kind == token.kind == "number":
            return self.fail(f"missing operator between {left} and {right}")
        if before.kind == "name" and before.text in CALLABLE and token.kind in ("name", "number"):
            return self.fail(
                f"`{left}` is a function: its argument stands in parentheses",
                token,
                f"write {left}({right})",
            )
        if joint := next(
            (_JOINED[word.text] for word in (token, before) if word.text in _JOINED), None
        ):
            return self.fail(
                f"missing operator before `{right}`", token, f"conditions are nested: {joint}"
            )
        hint = (
            f"write {left}*{right}"
            if token.kind == "name" and before.kind in ("name", "number")
            else None
        )
        return self.fail(f"missing operator before `{right}`", token, hint)

    def expression(self, least: int) -> Expr:
        """A nested expression: in brackets, behind a sign, or in an exponent."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested more than {MAX_DEPTH} deep", None, "name parts of it", "limit")
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
                    raise self.fail("comparisons do not chain", hint="compare two things at a time")
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
                    before = self.tokens[self.at - 1]
                    raise self.fail(
                        f"`{before.text}{shown(token.text)}` is ambiguous here",
                        before,
                        "write the * and the parentheses you mean",
                    )
                right = self.level(_PRODUCT + 1)
                left = Binary("*", left, right, self.span(start))
            else:
                return left
        return left

    def operand(self, least: int) -> Expr:
        token = self.take()
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
            case "|":
                expr = self.expression(_COMPARE + 1)
                if self.token.kind != "|":
                    self.open.append(token)
                    raise self.unexpected()
                self.take()
                expr = Call("abs", (expr,), span=self.span(token.start))
            case "√":
                return Call("sqrt", (self.expression(_POSTFIX),), span=self.span(token.start))
            case "-" | "+":
                if self.token.kind in ("-", "+"):
                    raise self.fail(
                        f"two signs in a row, `{token.text}{self.token.text}`", token, "write -(-x)"
                    )
                arg = self.expression(max(least, _PRODUCT))
                return Neg(arg, self.span(token.start)) if token.kind == "-" else arg
            case _:
                self.at -= 1
                if self.at and token.kind not in ("end", "=", "'"):
                    before = self.tokens[self.at - 1]
                    if token.kind not in (")", "]") or self.open:
                        raise self.fail(
                            f"something is missing between `{shown(before.text)}` and `{token.text}`"
                        )
                raise self.unexpected()
        return self.postfix(expr, token.start)

    def close(self, kind: str) -> None:
        if self.token.kind != kind:
            if self.token.kind == "," and kind == ")":
                raise self.fail(
                    "a comma stands only between the arguments of a function",
                    hint="a vector is written [a, b]",
                )
            raise self.unexpected()
        self.take()
        self.open.pop()

    def postfix(self, expr: Expr, start: int) -> Expr:
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
                    raise self.fail(
                        "only .T, the transpose, may stand after a point",
                        word if word.kind == "name" else token,
                    )
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
                raise self.unexpected()
        if len(bounds) > 1:
            begin, stop, step = (*bounds, None)[:3]
            return Slice(begin, stop, step, self.span(start))
        if bounds[0] is None:
            raise self.fail("an index is missing")
        return bounds[0]

    def vector(self, token: Token) -> Expr:
        items: list[Expr] = []
        if self.token.kind == "]":
            raise self.fail("a vector without entries")
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
        if func is None:
            raise self.unknown_function(token)
        if primes and token.text not in self.functions:
            raise self.fail(
                f"`{token.text}'`: only unknown functions are written with '",
                hint="declare it as {function: 1}",
            )
        self.at += primes
        self.open.append(self.take())
        args, kwargs = self.arguments(token, func)
        self.close(")")
        call = Call(func, args, kwargs, primes, self.span(token.start))
        if token.text not in self.functions:
            check_arguments(call, token)
        elif not args or kwargs:
            raise self.fail(f"`{token.text}` takes arguments without names", token)
        return call

    def arguments(
        self, token: Token, func: str
    ) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
        args: list[Expr] = []
        kwargs: dict[str, Expr] = {}
        if self.token.kind == ")":
            raise self.fail(f"`{token.text}` without an argument", token)
        while True:
            word = self.token
            if word.kind == "name" and self.tokens[self.at + 1].kind == "=":
                if word.text in kwargs:
                    raise self.fail(f"`{word.text}` is given twice")
                self.at += 2
                kwargs[word.text] = self.option()
            elif kwargs:
                raise self.fail("named arguments come last")
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

    def unknown_function(self, token: Token) -> SpanError:
        word = shown(token.text)
        if token.text in self.variables:
            return self.fail(
                f"`{word}` is a variable, not a function", token, f"write {word}*(…)", "function"
            )
        if token.text in _INSTEAD:
            instead = _INSTEAD[token.text]
            return self.fail(
                f"there is no function `{word}`",
                token,
                f"write {instead}" if instead else None,
                "function",
            )
        near = closest(token.text, [*CALLABLE, *self.functions])
        if near:
            return self.fail(
                f"unknown function `{word}`", token, f"did you mean {near}?", "function"
            )
        hint = (
            f"for a product write {word}*(…); to declare it: variables: {{{word}: {{function: 1}}}}"
        )
        return self.fail(
            f"unknown function `{word}`", token, hint if len(word) < 20 else None, "function"
        )


def _ends_in_factor(left: Expr) -> bool:
    """A number directly before a name or ( multiplies it, unless something else has taken the number: 1/2x."""
    while isinstance(left, Binary) and left.op == "*":
        left = left.right
    return isinstance(left, Num)


def check_arguments(call: Call, token: Token) -> None:
    """The number and the names of a built-in's arguments. Raises SpanError."""

    op = TABLE[call.func]
    for word, value in call.kwargs:
        if word not in op.options:
            listed = " and ".join(op.options) or "none"
            raise SpanError(
                "argument",
                f"`{token.text}` has no argument `{shown(word)}`",
                *value.span,
                f"named arguments: {listed}",
            )
        if word == "keepdims" and not (isinstance(value, Name) and value.id in ("True", "False")):
            raise SpanError("argument", "keepdims is True or False", *value.span)
    given, most = len(call.args), len(op.operands)
    if op.signature == "reduction" or "*" in op.operands:
        if not given:
            raise SpanError(
                "argument", f"`{token.text}` without an argument", token.start, token.end
            )
        return
    least = most - len(op.parameters)
    if not least <= given <= most:
        takes = f"{most}" if least == most else f"{least} or {most}"
        extra = call.args[most].span if given > most else (token.start, token.end)
        hint = "the logarithm to base b is log(x)/log(b)" if call.func == "log" else None
        noun = "argument" if most == 1 else "arguments"
        raise SpanError(
            "argument", f"`{token.text}` takes {takes} {noun}, not {given}", *extra, hint
        )
