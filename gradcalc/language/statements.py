"""The lines of an exercise: `name = expr`, `p[k] = expr`, `g(t) = expr`, or one expression without
a name.

`#` begins a comment; a line goes on while a parenthesis is open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from gradcalc.language.cures import cured, swap
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.parser import OPTIONS, parse_from
from gradcalc.language.tokens import Token, shown, tokenize
from gradcalc.language.tree import Expr, Span

_BREAK = re.compile(r"[#\n()\[\]]")
# What a new line looks like: where one follows an open parenthesis, the parenthesis was forgotten.
_FRESH = re.compile(r"\s*([^\W\d]\w*)\s*(?:\([\w\s,]*\)|\[[\w\s,]*\])?\s*=(?!=)")


_HEAD = re.compile(r"\s*[^\W\d]\w*\s*(?:\([\w\s,]*\)|\[[\w\s,]*\])?\s*=(?!=)\s*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: what stands left of `=` and the tokens of the right side. Offsets are into the text
    as a whole.

    `kind` is quantity, entries (`p[k] = …`, params are the indices) or function (`g(t) = …`, params
    its arguments). `name` is None for an expression without one. Its right side is
    `text[body:stop]`.
    """

    name: str | None
    kind: str
    params: tuple[str, ...]
    span: Span  # of the name, or of the whole line
    text: str
    body: int
    stop: int

    def parse(self, functions: Collection[str], variables: Collection[str]) -> Expr:
        """Raises SpanError, with the cure where it is known."""
        return parse_from(self.text, self.body, self.stop, functions, variables)


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


def statements(
    text: str, lines: Sequence[Span] | None = None
) -> tuple[list[Statement], list[tuple[SpanError, Span]]]:
    """Every line that can be taken apart, and what is wrong with the others, which are named by
    where they stand.
    """
    found, wrong = [], []
    for start, end in logical_lines(text) if lines is None else lines:
        try:
            found.append(read_statement(text, start, end))
        except SpanError as error:
            wrong.append((error, (start, end)))
    return found, wrong


def with_cure(
    error: SpanError, text: str, line: Span, functions: Collection[str], variables: Collection[str]
) -> SpanError:
    """What is wrong with a line that cannot be taken apart, and how to write it."""
    start, end = line

    def read(mended: str) -> Expr:
        return read_statement(mended, start, len(mended)).parse(functions, variables)

    head = _HEAD.match(text[start:end])
    return cured(error, text[:end], start, read, head.end() if head else 0)


def read_statement(text: str, start: int = 0, end: int | None = None) -> Statement:
    """One line. Raises SpanError where the left side is none."""
    end = len(text) if end is None else end
    tokens = tokenize(text, start, end)
    depth, equals = 0, -1
    for at, token in enumerate(tokens):
        depth += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
        if token.kind != "=" or depth > 0:
            continue
        if equals >= 0:
            raise _second_equals(tokens, equals, at)
        equals = at
    if equals < 0:
        if (arrow := _meant_definition(tokens)) is not None:
            raise arrow
        whole = (tokens[0].start, tokens[-1].end)
        return Statement(None, "quantity", (), whole, text, tokens[0].start, end)
    name, kind, params, span = read_head(tokens[:equals], tokens[equals])
    return Statement(name, kind, params, span, text, tokens[equals].end, end)


def _second_equals(tokens: list[Token], first: int, second: int) -> SpanError:
    """Two definitions on one line, or an equation."""
    token, before = tokens[second], tokens[second - 1]
    if second > first + 2 and before.kind == "name":
        comma = tokens[second - 2].kind == ","
        message = "two quantities on one line"
        hint = f"write `{before.text} = …` on the next line" + (
            ", without the comma" if comma else ""
        )
        return SpanError("syntax", message, before.start, token.end, hint)
    message = "a line has one `=`, after the name that it defines"
    return SpanError(
        "syntax",
        message,
        token.start,
        token.end,
        "gradcalc computes quantities; it does not solve equations",
    )


def _meant_definition(tokens: list[Token]) -> SpanError | None:
    """`q == x + y` and `q <- x + y`, where a definition was meant."""
    if len(tokens) < 4 or tokens[0].kind != "name":
        return None
    sign, after = tokens[1], tokens[2]
    if sign.kind == "==" and all(token.kind != "," for token in tokens):
        mend = swap((sign.start, sign.end, "="))
        return SpanError(
            "syntax", "`==` compares; a definition has one `=`", sign.start, sign.end, None, mend
        )
    if sign.kind == "<" and after.kind == "-" and sign.end == after.start:
        mend = swap((sign.start, after.end, "="))
        return SpanError(
            "syntax",
            "a definition is written with `=`, not `<-`",
            sign.start,
            after.end,
            None,
            mend,
        )
    return None


def read_head(tokens: list[Token], end: Token) -> tuple[str, str, tuple[str, ...], Span]:
    """Name, kind, params and span of what a line defines. `end` is the token behind it. Raises
    SpanError.
    """
    if not tokens:
        raise SpanError(
            "syntax", "a name is missing before `=`", end.start, max(end.end, end.start + 1)
        )
    head, rest = tokens[0], tokens[1:]
    whole = _no_name(tokens, end)
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
                "syntax",
                f"`{shown(token.text)}` cannot be the name of {noun}",
                token.start,
                token.end,
            )
    params = tuple(token.text for token in inside)
    if len(set(params)) < len(params):
        raise SpanError("syntax", "the same name appears twice", rest[0].start, rest[-1].end)
    return head.text, "function" if opener == "(" else "entries", params, span


def _no_name(tokens: list[Token], end: Token) -> SpanError:
    """The left side is no name: x += 1, a, b = x, y, or an equation."""
    first, last = tokens[0], tokens[-1]
    at, until = first.start, last.end
    if first.kind == "name" and len(tokens) == 2 and last.kind in ("+", "-", "*", "/", "@", "^"):
        message = f"`{last.text}=` does not exist: every quantity is defined once"
        hint = f"give the new value another name: {first.text}1 = {first.text} {last.text} …"
        return SpanError("syntax", message, last.start, end.end, hint)
    if (
        all(token.kind == ("name", ",")[k % 2] for k, token in enumerate(tokens))
        and len(tokens) > 1
    ):
        message = "a line defines one quantity"
        each = f"write one line for each: {first.text} = … and {last.text} = …"
        return SpanError("syntax", message, at, until, each)
    message = "the left side of `=` must be a name"
    return SpanError("syntax", message, at, until, "write z = …, p[k] = … or g(t) = …")
