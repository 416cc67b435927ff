"""Texts as they were probably meant: from the tokens around a mistake to the text without it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from gradcalc.language.cures import swap
from gradcalc.language.errors import Mend
from gradcalc.language.foreign import CALLS
from gradcalc.language.refused_signs import filled
from gradcalc.language.tokens import Token

_ENDS_OF_TERM = frozenset(("+", "-", ")", "]", ",", "=", "end", "<", ">", "<=", ">=", "==", "!="))


def closing(tokens: Sequence[Token], at: int) -> int:
    """The token that closes the bracket at `at`; the end token where none does."""
    depth = 0
    for number in range(at, len(tokens)):
        kind = tokens[number].kind
        depth += (kind in ("(", "[")) - (kind in (")", "]"))
        if depth == 0:
            return number
    return len(tokens) - 1


def opening(tokens: Sequence[Token], at: int) -> int:
    """The token that opens the bracket closed at `at`."""
    depth = 0
    for number in range(at, -1, -1):
        kind = tokens[number].kind
        depth += (kind in (")", "]")) - (kind in ("(", "["))
        if depth == 0:
            return number
    return 0


def parts(tokens: Sequence[Token], at: int) -> list[tuple[int, int]]:
    """Where the arguments behind the bracket at `at` begin and end in the text."""
    end, depth, found = closing(tokens, at), 0, list[tuple[int, int]]()
    start = tokens[at].end
    for token in tokens[at + 1 : end]:
        depth += (token.kind in ("(", "[")) - (token.kind in (")", "]"))
        if token.kind == "," and depth == 0:
            found.append((start, token.start))
            start = token.end
    return [*found, (start, tokens[end].start)]


def primary_end(tokens: Sequence[Token], at: int, functions: Collection[str]) -> int:
    """The last token of the factor that begins at `at`: 2x, det(X), x_i^2, |x|; a function takes
    its argument along.
    """
    kind = tokens[at].kind
    if kind in ("(", "["):
        at = closing(tokens, at)
    elif kind in ("|", "||"):
        at = next((n for n in range(at + 1, len(tokens)) if tokens[n].kind == kind), at)
    elif kind == "number" and tokens[at + 1].kind in ("name", "("):
        return primary_end(tokens, at + 1, functions)
    elif kind == "name" and tokens[at + 1].kind == "(":
        at = closing(tokens, at + 1)
    elif (
        kind == "name"
        and tokens[at].text in functions
        and tokens[at + 1].kind in ("name", "number")
    ):
        return primary_end(tokens, at + 1, functions)
    while True:
        after = tokens[min(at + 1, len(tokens) - 1)]
        if after.kind == "[":
            at = closing(tokens, at + 1)
        elif after.kind in ("power", "ᵀ", "'"):
            at += 1
        elif after.kind == "." and tokens[at + 2].text == "T":
            at += 2
        elif after.kind == "^":
            at = primary_end(tokens, at + 2 + (tokens[at + 2].kind == "-"), functions)
        else:
            return at


def primary_start(tokens: Sequence[Token], at: int) -> int:
    """The first token of the factor that ends at `at`."""
    while True:
        kind = tokens[at].kind
        if kind in (")", "]"):
            at = opening(tokens, at)
            if (
                at
                and tokens[at - 1].kind in ("name", ")", "]")
                and tokens[at - 1].end == tokens[at].start
            ):
                at -= 1
                continue
        elif kind in ("power", "ᵀ", "'") and at:
            at -= 1
            continue
        if at > 1 and tokens[at].text == "T" and tokens[at - 1].kind == ".":
            at -= 2
            continue
        return at


def call(tokens: Sequence[Token], at: int, template: str, start: int | None = None) -> Mend:
    """The call whose name is the token `at`, or whose text begins at `start`, in the words of a
    template of foreign.py.
    """
    spans, end = parts(tokens, at + 1), tokens[closing(tokens, at + 1)].end
    begin = tokens[at].start if start is None else start

    def mend(text: str) -> str:
        return text[:begin] + filled(template, [text[a:b] for a, b in spans]) + text[end:]

    return mend


def method(tokens: Sequence[Token], dot: int, first: int) -> Mend:
    """x.sum(axis=0) as sum(x, axis=0): the receiver becomes the first argument."""
    name, end = tokens[dot + 1], tokens[closing(tokens, dot + 2)].end
    spans = [span for span in parts(tokens, dot + 2) if span[1] > span[0]]
    begin, until = tokens[first].start, tokens[dot].start

    def mend(text: str) -> str:
        receiver = text[begin:until].strip()
        if receiver[:1] == "(" and receiver[-1:] == ")" and first == opening(tokens, dot - 1):
            receiver = receiver[1:-1]
        args = [receiver, *(text[a:b] for a, b in spans)]
        word = {"dot": "matmul"}.get(name.text, name.text)
        template = CALLS.get(word, "T" if word == "T" else word + "({all})")
        written = filled("{f0}.T" if template == "T" else template, args)
        if text[end : end + 1] == "." and not written.endswith(")"):
            written = f"({written})"
        return text[:begin] + written + text[end:]

    return mend


def series(
    tokens: Sequence[Token], at: int, func: str, index: str | None
) -> tuple[Mend, str | None]:
    """`Σ_i x_i^2`, the sign at `at`, as sum(x[i]^2, i); also the index that it runs over."""
    end, depth = at + 1, 0
    while tokens[end].kind != "end" and (
        depth or tokens[end].kind not in _ENDS_OF_TERM or end == at + 1
    ):
        depth += (tokens[end].kind in ("(", "[")) - (tokens[end].kind in (")", "]"))
        end += 1
    inside = tokens[at + 1 : end]
    if index is None:
        tails = {t.text.rpartition("_")[2] for t in inside if re.fullmatch(r"\w+_[a-z]", t.text)}
        index = tails.pop() if len(tails) == 1 else None
    edits = [(tokens[at].start, tokens[at + 1].start, func + "(")]
    for token in inside:
        if index and token.kind == "name" and token.text.endswith(f"_{index}"):
            edits.append((token.start, token.end, f"{token.text[: -len(index) - 1]}[{index}]"))
    last = tokens[end - 1].end
    return swap(*edits, (last, last, f", {index})" if index else ")")), index
