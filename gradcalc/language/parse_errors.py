"""What is wrong where an expression cannot be read on: the cause at its place, and the text as
it was meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from gradcalc.language.cures import swap
from gradcalc.language.errors import Mend, SpanError, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.foreign import CALLS, CONSTANTS, LIBRARIES, NOTES, OPTIONS
from gradcalc.language.mends import call, closing, method, parts, primary_end, primary_start, series
from gradcalc.language.tokens import Token, shown

_JOINED = {"and": "where(a, where(b, x, y), y)", "or": "where(a, x, where(b, x, y))"}
_SERIES = re.compile(r"(Σ|Π|sum|prod)(?:_?(\w+))?")
_INVERSE = {"sin": "asin", "cos": "acos", "tan": "atan"}
_STARTS = frozenset(("name", "number", "(", "[", "√", "|", "||"))
_FUNCTION_NAMES = frozenset(["f", "g", "h", "F", "G", "H", "φ", "ψ", "phi", "psi"])
_METHODS = frozenset(("T", "t", "transpose"))


@dataclass(frozen=True, slots=True)
class Reading:
    """How far an expression was read. spelled: every word that may be called, with the operation
    that it means.
    """

    tokens: Sequence[Token]
    at: int
    open: Sequence[Token]
    functions: Collection[str]
    variables: Collection[str]
    spelled: Mapping[str, str]

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def before(self) -> Token:
        return self.tokens[self.at - 1]

    def is_function(self, token: Token) -> bool:
        known = token.text in self.spelled or token.text in self.functions
        return token.kind == "name" and known and token.text not in self.variables

    def fail(
        self,
        message: str,
        token: Token | None = None,
        hint: str | None = None,
        mend: Mend | None = None,
        slug: str = "syntax",
    ) -> SpanError:
        token = token or self.token
        return SpanError(slug, message, token.start, max(token.end, token.start + 1), hint, mend)


def unexpected(r: Reading) -> SpanError:
    """Something stands where nothing can be read on."""
    token = r.token
    if token.kind == "end":
        if r.open:
            end = token.start
            return r.fail(f"`{r.open[-1].text}` is never closed", r.open[-1], None, _close(r, end))
        last = r.tokens[r.at - 1] if r.at else token
        return r.fail(f"something is missing after `{shown(last.text)}`", last)
    if token.kind in (")", "]"):
        if r.open:
            other = {"(": ")", "[": "]"}.get(r.open[-1].kind, "|")
            message = f"`{r.open[-1].text}` is closed by `{token.text}` instead of `{other}`"
            return r.fail(message, None, None, swap((token.start, token.end, other)))
        mend = swap((token.start, token.end, ""))
        return r.fail(f"`{token.text}` closes nothing", None, None, mend)
    if token.kind == "=":
        mend = swap((token.start, token.end, "=="))
        message = "`=` defines a quantity; in a condition, equality is `==`"
        return r.fail(message, None, None, mend if r.open else None)
    if token.kind == "'":
        return r.fail("`'` must follow what it transposes, A', or an unknown function, g'(z)")
    if token.kind in ("|", "||"):
        if r.at and r.is_function(r.before):
            return missing_operator(r)
        if r.at and any(one.kind == token.kind for one in r.tokens[r.at + 1 :]):
            return missing_operator(r)
        return r.fail(f"`{token.text}` has no partner")
    if token.kind == "," and not r.open:
        if r.before.kind == "number" and r.tokens[r.at + 1].kind == "number":
            mend = swap((token.start, r.tokens[r.at + 1].start, "."))
            return r.fail("a decimal is written with a point, not a comma", None, None, mend)
        return r.fail(
            "a comma separates the arguments of a function", None, "write one quantity per line"
        )
    if token.kind in _STARTS and r.at:
        return missing_operator(r)
    if token.kind == ".":
        hint = "declare how far an index runs: indices: {i: n}"
        return r.fail("a range is not written with points", None, hint)
    if token.kind == ":" and not r.open:
        return r.fail("a range is only possible inside [ ]", None, "write x[1:3] for a part of x")
    return r.fail(f"`{token.text}` is not expected here")


def _close(r: Reading, end: int) -> Mend:
    closers = "".join(
        {"(": ")", "[": "]"}.get(token.kind, token.text) for token in reversed(r.open)
    )
    return lambda text: text[:end].rstrip() + closers + text[end:]


def no_operand(r: Reading, token: Token) -> SpanError:
    """An operand was wanted at the token before `at`, which is `token`."""
    before = r.tokens[r.at - 1] if r.at else None
    if (
        before is None
        or token.kind in ("end", "=", "'")
        or (token.kind in (")", "]") and not r.open)
    ):
        return unexpected(r)
    pair = before.kind + token.kind
    whole = swap(
        (
            before.start,
            token.end,
            {"//": "/", "<>": "!=", "@@": "@", "^^": "^", "^*": "^"}.get(pair, ""),
        )
    )
    if pair == "//":
        return r.fail("gradcalc has no `//`; division is `/`", before, None, whole)
    if pair in ("<>", "@@", "^^", "^*"):
        return r.fail(f"`{before.text}{token.text}` is not an operator", before, None, whole)
    if token.kind == "." and r.tokens[r.at + 1].kind == ".":
        if "[" in [one.kind for one in r.open]:
            return r.fail(
                "`...` is not supported in an index", token, "write `:` for each axis that is kept"
            )
        return r.fail(
            "gradcalc cannot fill in `...`", token, "write sum(x) for all entries, or sum(x[i], i)"
        )
    if before.kind in ("(", "[") and token.kind in (")", "]"):
        return r.fail("the parentheses are empty", before)
    if before.kind == "," and token.kind in (")", "]"):
        mend = swap((before.start, token.start, ""))
        return r.fail("something is missing after `,`", before, None, mend)
    return r.fail(f"something is missing between `{shown(before.text)}` and `{token.text}`", token)


def two_signs(r: Reading) -> SpanError:
    """`--x`: at the second sign."""
    first, second = r.before, r.token
    last = r.tokens[primary_end(r.tokens, r.at + 1, r.spelled)]
    mend = swap((second.start, second.start, "("), (last.end, last.end, ")"))
    return r.fail(f"two signs in a row, `{first.text}{second.text}`", first, None, mend)


def double_bars(r: Reading, first: int) -> SpanError:
    """`||Ax - b||`: at the bars that close."""
    opened, closed = r.tokens[first], r.token
    edits = [(opened.start, opened.end, "norm("), (closed.start, closed.end, ")")]
    for one in r.tokens[first + 1 : r.at]:
        product = one.kind == "name" and re.fullmatch("[A-Z][a-z]", one.text)
        if product and one.text not in r.variables:
            edits.append((one.start + 1, one.start + 1, " @ "))
    return r.fail("a norm is written norm(…)", opened, None, swap(*edits))


def tuple_(r: Reading) -> SpanError:
    """`(x, y)`: at the comma."""
    start = r.open[-1].start
    at = next(n for n, token in enumerate(r.tokens) if token.start == start)
    last = r.tokens[closing(r.tokens, at)]
    mend = swap((start, start + 1, "["), (last.start, last.end, "]"))
    return r.fail("a comma is only used between arguments and entries", None, None, mend)


def chained(r: Reading) -> SpanError:
    """`a < b < c`: at the second sign."""
    return r.fail(
        "comparisons cannot be chained", None, "nest them: where(a < b, where(b < c, x, y), y)"
    )


def missing_operator(r: Reading) -> SpanError:
    """Two operands side by side: a product, a function without parentheses, a sum sign, or
    another language's word.
    """
    tokens, at, before, token = r.tokens, r.at, r.before, r.token
    left, right = shown(before.text), shown(token.text)
    if before.kind == token.kind == "number":
        if any(one.kind == "[" for one in r.open):
            mend = swap((before.end, token.start, ", "))
            return r.fail("the entries of a vector are separated by commas", token, None, mend)
        return r.fail(f"an operator is missing between {left} and {right}")
    for number in (at, at - 1):
        if (word := tokens[number].text) in _JOINED:
            return r.fail(
                f"`{word}` does not combine conditions",
                tokens[number],
                f"nest them: {_JOINED[word]}",
            )
    if word_error := _python_word(r):
        return word_error
    sign = None if before.text in r.variables else _SERIES.fullmatch(before.text)
    if sign and (sign[1] in "ΣΠ" or sign[2]):
        func = "sum" if sign[1] in ("Σ", "sum") else "prod"
        mend, index = series(tokens, at - 1, func, sign[2])
        hint = f"declare how far it runs: indices: {{{index}: n}}" if index else None
        return r.fail(f"`{left}` is written {func}(…)", before, hint, mend)
    if r.is_function(before):
        return _bare_function(r, at - 1)
    if (power := _function_power(r, at)) is not None:
        return power
    if before.text == "T" and tokens[at - 2].kind == "^" and "T" not in r.variables:
        mend = swap((tokens[at - 2].start, before.end, ".T"))
        return r.fail("`^T` is a power; a transpose is written .T", tokens[at - 2], None, mend)
    if before.text == "T" and tokens[at - 2].kind == "." and tokens[at + 1].kind == ")":
        mend = swap((token.start, tokens[at + 1].end, ""))
        return r.fail("the transpose .T is written without parentheses", token, None, mend)
    start = primary_start(tokens, at - 1)
    matrices = any(
        (one.kind == "name" and one.text[:1].isupper()) or one.kind in ("ᵀ", "'") or one.text == "T"
        for one in tokens[start:at]
    ) and token.kind in ("name", "(", "[")
    product = " @ " if matrices else "*"
    hint = "or use * for the elementwise product" if matrices else None
    spot = [(before.end, token.start, product)]
    if matrices and before.end == token.start and re.fullmatch("[A-Z][a-z]", token.text):
        spot.append((token.start + 1, token.start + 1, " @ "))  # xᵀAx
    message = f"an operator is missing between `{left}` and `{right}`"
    return r.fail(message, token, hint, swap(*spot))


def _bare_function(r: Reading, at: int) -> SpanError:
    """log det(X): a function followed by something without parentheses."""
    name, last = r.tokens[at], r.tokens[primary_end(r.tokens, at + 1, r.spelled)]
    first = r.tokens[at + 1]
    mend = swap((name.end, first.start, "("), (last.end, last.end, ")"))
    return r.fail(f"`{name.text}` is a function: put its argument in parentheses", name, None, mend)


def _function_power(r: Reading, at: int) -> SpanError | None:
    """sin²(x) and sin^2(x): the power of a function's value, written behind its name."""
    tokens, before = r.tokens, r.tokens[at - 1]
    sign = before.kind == "number" and tokens[at - 2].kind == "-"
    name = at - 2 if before.kind == "power" else at - 3 - sign
    if name < 0 or not r.is_function(tokens[name]) or before.kind not in ("power", "number"):
        return None
    if before.kind == "number" and tokens[name + 1].kind != "^":
        return None
    func, power, end = tokens[name], before.value, primary_end(tokens, at, r.spelled)
    wrapped = tokens[at].kind != "("
    last = tokens[end].end
    written = func.text + "^" + ("-" if sign else "") + str(power)
    if sign and power == 1 and func.text in _INVERSE:
        new, tail = _INVERSE[func.text], ""
        message = f"`{written}` is not read as the inverse function"
    else:
        new, tail = func.text, f"^(-{power})" if sign else f"^{power}"
        message = f"put the power after the argument of `{func.text}`"
    left, right = ("(", ")") if wrapped else ("", "")
    mend = swap((func.start, tokens[at].start, new + left), (last, last, right + tail))
    return r.fail(message, func, None, mend)


def _python_word(r: Reading) -> SpanError | None:
    """x if c else z, lambda x: …, return x, def f(x)."""
    after, word = r.token, r.before
    if after.text == "if":
        return _ternary(r)
    if after.text == "is":
        return r.fail("`is` is Python's; equality is `==`", after)
    if after.text == "for":
        hint = "declare how far i runs, indices: {i: n}"
        return r.fail("a sum over an index is written sum(x[i], i)", after, hint)
    if word.text in r.variables:
        return None
    if word.text == "not":
        return r.fail("`not` is not an operator here", word, "swap the last two arguments of where")
    if word.text == "return":
        mend = swap((word.start, after.start, ""))
        return r.fail("`return` is Python's; a line is an expression", word, None, mend)
    if word.text == "lambda" and any(one.kind == ":" for one in r.tokens[r.at :]):
        return r.fail("a function is defined on a line of its own", word, "write g(t) = …")
    if word.text == "def":
        return r.fail("a function is defined with `=`", word, f"write {after.text}(t) = …")
    return None


def _ternary(r: Reading) -> SpanError | None:
    """`x if c else z`: at the `if`."""
    word, rest = r.token, r.tokens[r.at :]
    middle = next((one for one in rest if one.text == "else"), None)
    if middle is None:
        return None
    start, end, other = r.tokens[0].start, rest[-1].end, middle

    def mend(text: str) -> str:
        condition = text[word.end : other.start].strip()
        yes, no = text[start : word.start].strip(), text[other.end : end].strip()
        return f"{text[:start]}where({condition}, {yes}, {no}){text[end:]}"

    return r.fail("a choice is written with where", word, None, mend)


def ambiguous(r: Reading) -> SpanError:
    """1/2x and x^2y: does the operator take the product or the number alone?"""
    if (power := _function_power(r, r.at)) is not None:
        return power
    tokens, at, number = r.tokens, r.at, r.before
    end = primary_end(tokens, at, r.spelled) + 1
    sign = tokens[at - 2].kind == "-"
    base = primary_start(tokens, at - 3 - sign) if at > 2 + sign else 0

    def words(start: int, stop: int) -> str:
        return "".join(one.text for one in tokens[start:stop])

    left, right = words(base, at - 1 - sign), words(at, end)
    message = f"`{number.text}{shown(r.token.text)}` can be read in two ways here"
    if sign and left[:1].isupper() and left.endswith("^") and number.text == "1":
        hint = f"write inv({left[:-1]}) @ {right} for the inverse of a matrix"
    elif sign:
        hint = f"write {left}(-{number.text})*{right}"
    else:
        hint = f"write {left}{number.text}*{right} or {left}({number.text}*{right})"
    return r.fail(message, number, hint if len(hint) < 80 else "write the * and the parentheses")


def after_point(r: Reading, first: int) -> SpanError:
    """np.dot(W, x), x.sum(), A.*B, x.shape: `at` is the point, `first` the token where its
    operand begins.
    """
    tokens, at = r.tokens, r.at
    word, begin = tokens[at + 1], tokens[first]
    if word.kind in ("*", "/", "^", "'"):
        new = ".T" if word.kind == "'" else word.text
        message = f"`.{word.text}` is MATLAB's; here `{word.text}` is elementwise"
        if word.kind == "'":
            message = "`.'` is MATLAB's; a transpose is .T"
        return SpanError(
            "syntax", message, r.token.start, word.end, None, swap((r.token.start, word.end, new))
        )
    if word.kind != "name":
        return r.fail("a point must be followed by T, the transpose", r.token)
    if (
        begin.kind == "name"
        and begin.text in LIBRARIES
        and begin.text not in r.variables
        and first == at - 1
    ):
        last = at + 1
        while (
            tokens[last + 1].kind == "."
            and tokens[last + 2].kind == "name"
            and tokens[last + 2].text != "T"
        ):
            last += 2
        library, name = LIBRARIES[begin.text], tokens[last].text
        path = "".join(one.text for one in tokens[first : last + 1])
        new = CONSTANTS.get(name, name)
        plain = swap((begin.start, tokens[last].end, new))
        called = tokens[last + 1].kind == "("
        hint = NOTES.get(name) if called else None
        message = f"`{path}` is {library}; names here have no prefix"
        return SpanError(
            "syntax", message, begin.start, tokens[last].end, hint, None if hint else plain
        )
    if tokens[at + 2].kind == "(":
        hint = NOTES.get(word.text)
        mend: Mend | None = None if hint else method(tokens, at, first)
        if hint is None and word.text not in {*r.spelled, *CALLS, *_METHODS}:
            return r.fail(f"gradcalc has no method `.{word.text}(…)`", word)
        if word.text in _METHODS:
            mend = swap((word.start, tokens[closing(tokens, at + 2)].end, "T"))
        return r.fail(f"`.{word.text}(…)` is a method; write it as a function", word, hint, mend)
    hint = NOTES.get(word.text)
    upper = swap((word.start, word.end, "T")) if word.text in _METHODS else None
    return r.fail("only .T, the transpose, can follow a point", word, hint, upper)


def unknown_function(r: Reading, at: int) -> SpanError:
    """The name at `at` is called, and no function is called so: another language's, a typo, a
    product, an index.
    """
    token, tokens = r.tokens[at], r.tokens
    word, opened = shown(token.text), tokens[at + 1]
    if token.text == "T" and at and tokens[at - 1].kind == "^" and "T" not in r.variables:
        mend = swap((tokens[at - 1].start, opened.start, ".T @ "))
        return r.fail("`^T` is a power; a transpose is written .T", tokens[at - 1], None, mend)
    product = swap((token.end, opened.start, "*"))
    spans, inside = parts(tokens, at + 1), tokens[at + 2 : closing(tokens, at + 1)]
    array = token.text in r.variables or (token.text[:1].isupper() and len(token.text) == 1)
    kinds = {one.kind for one in inside}
    if token.text not in r.variables:
        if token.text in CALLS:
            message = f"gradcalc has no function `{word}`"
            return r.fail(message, token, None, call(tokens, at, CALLS[token.text]), "function")
        if token.text in NOTES:
            return r.fail(
                f"gradcalc has no function `{word}`", token, NOTES[token.text], None, "function"
            )
        if len(token.text) > 1 and (near := closest(token.text, [*r.spelled, *r.functions])):
            mend = swap((token.start, token.end, near))
            hint = f"did you mean {near}?"
            return r.fail(f"unknown function `{word}`", token, hint, mend, "function")
    if (
        inside
        and (array or len(token.text) == 1)
        and (
            ":" in kinds
            or any(one.text == "end" for one in inside)
            or (
                "," in kinds and kinds <= {"number", "name", ","} and (array or "name" not in kinds)
            )
            or kinds == {"number"}
        )
    ):
        edits = [
            (opened.start, opened.end, "["),
            (tokens[closing(tokens, at + 1)].start, tokens[closing(tokens, at + 1)].end, "]"),
        ]
        edits += [
            (one.start, one.end, str(one.value - 1))
            for one in inside
            if one.kind == "number" and one.value
        ]
        edits += [(one.start, one.end, "-1") for one in inside if one.text == "end"]
        message = f"`{word}` is not a function; entries are written with [ ] and count from 0"
        return r.fail(message, token, None, swap(*edits), "function")
    if token.text in r.variables:
        return r.fail(f"`{word}` is a variable, not a function", token, None, product, "function")
    declare = f"variables: {{{word}: {{function: {max(len(spans), 1)}}}}}"
    if (
        len(spans) == 1
        and len(token.text) < 3
        and token.text not in _FUNCTION_NAMES
        and not any(one.kind == "'" for one in tokens[at + 1 : at + 2])
    ):
        hint = f"if {word} is an unknown function, declare {declare}"
        return r.fail(f"`{word}` is not a function", token, hint, product, "function")
    letters = "t" if len(spans) < 2 else ", ".join("stuvpq"[: len(spans)])
    hint = f"define it, {word}({letters}) = …, or declare it unknown, {declare}"
    return r.fail(
        f"unknown function `{word}`", token, hint if len(word) < 20 else None, None, "function"
    )


def renamed_option(word: Token, allowed: Sequence[str]) -> Mend | None:
    """dim= as axis=."""
    new = OPTIONS.get(word.text)
    return swap((word.start, word.end, new)) if new in allowed and new else None
