"""The lines of an exercise: `name = expr`, `p[k] = expr`, `g(t) = expr`, or one expression without a name.

`#` begins a comment; a line goes on while a parenthesis is open.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import OPTIONS, parse_tokens
from gradcalc.language.tokens import Token, shown, tokenize
from gradcalc.language.tree import Expr, Span

_BREAK = re.compile(r"[#\n()\[\]]")
# What a new line looks like: where one follows an open parenthesis, the parenthesis was forgotten.
_FRESH = re.compile(r"\s*([^\W\d]\w*)\s*(?:\([\w\s,]*\)|\[[\w\s,]*\])?\s*=(?!=)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: what stands left of `=` and the tokens of the right side. Offsets are into the text as a whole.

    `kind` is quantity, entries (`p[k] = …`, params are the indices) or function (`g(t) = …`, params its arguments).
    `name` is None for an expression without one.
    """

    name: str | None
    kind: str
    params: tuple[str, ...]
    span: Span  # of the name, or of the whole line
    body: list[Token]

    def parse(self, functions: Collection[str], variables: Collection[str]) -> Expr:
        return parse_tokens(self.body, functions, variables)


def logical_lines(text: str) -> list[Span]:
    """Where each line begins and ends, comments and empty lines left out."""
    found: list[Span] = []
    start, at, depth = 0, 0, 0
    while match := _BREAK.search(text, at):
        sign, at = match.group(), match.end()
        if sign == "#":
            at = text.find("\n", at)
            at = len(text) if at < 0 else at
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth = max(depth - 1, 0)
        elif depth == 0 or ((fresh := _FRESH.match(text, at)) and fresh.group(1) not in OPTIONS):
            found.append((start, match.start()))
            start, depth = at, 0
    found.append((start, len(text)))
    return [(start, end) for start, end in found if re.sub(r"#[^\n]*", "", text[start:end]).strip()]


def statements(text: str) -> tuple[list[Statement], list[SpanError]]:
    """Every line that can be taken apart, and what is wrong with the others."""
    found, wrong = [], []
    for start, end in logical_lines(text):
        try:
            found.append(read_statement(text, start, end))
        except SpanError as error:
            wrong.append(error)
    return found, wrong


def read_statement(text: str, start: int = 0, end: int | None = None) -> Statement:
    """One line. Raises SpanError where the left side is none."""
    tokens = tokenize(text, start, end)
    depth, equals = 0, -1
    for at, token in enumerate(tokens):
        depth += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
        if token.kind != "=" or depth > 0:
            continue
        if equals >= 0:
            raise SpanError(
                "syntax",
                "a second `=` in one line",
                token.start,
                token.end,
                "one quantity per line; equality is ==",
            )
        equals = at
    if equals < 0:
        return Statement(None, "quantity", (), (tokens[0].start, tokens[-1].end), tokens)
    name, kind, params, span = read_head(tokens[:equals], tokens[equals])
    return Statement(name, kind, params, span, tokens[equals + 1 :])


def read_head(tokens: list[Token], end: Token) -> tuple[str, str, tuple[str, ...], Span]:
    """Name, kind, params and span of what a line defines. `end` is the token behind it. Raises SpanError."""
    if not tokens:
        raise SpanError(
            "syntax", "a name is missing before `=`", end.start, max(end.end, end.start + 1)
        )
    head, rest = tokens[0], tokens[1:]
    whole = SpanError(
        "syntax",
        "the left side of `=` is not a name",
        head.start,
        tokens[-1].end,
        "write z = …, p[k] = … or g(t) = …",
    )
    if head.kind != "name":
        raise whole
    span = (head.start, head.end)
    if not rest:
        return head.text, "quantity", (), span
    opener, closer = rest[0].kind, rest[-1].kind
    inside, commas = rest[1:-1:2], rest[2:-1:2]
    if (
        (opener, closer) not in (("(", ")"), ("[", "]"))
        or len(rest) % 2 == 0
        or any(t.kind != "," for t in commas)
    ):
        raise whole
    for token in inside:
        if token.kind != "name":
            noun = "an argument" if opener == "(" else "an index"
            raise SpanError(
                "syntax", f"`{shown(token.text)}` is not the name of {noun}", token.start, token.end
            )
    params = tuple(token.text for token in inside)
    if len(set(params)) < len(params):
        raise SpanError("syntax", "a name stands twice", rest[0].start, rest[-1].end)
    return head.text, "function" if opener == "(" else "entries", params, span
