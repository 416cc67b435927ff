"""Expression text to tokens with their offsets: ASCII, any Unicode letter, and a short list of
look-alikes.

Whatever is not listed here is refused by name. Limits are checked before anything is computed.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache

from gradcalc.language.cures import swap
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.refused_signs import refused

MAX_LENGTH = 2000  # characters of one line of an expression
MAX_TOKENS = 800
MAX_DIGITS = 40  # of a literal
MAX_POWER_OF_TEN = 400
MAX_NAME = 64

# What is read as something else. Letters are unified inside names, signs become operators.
LETTERS = {"µ": "μ", "ϵ": "ε", "ϕ": "φ"}
SIGNS = {
    "−": "-", "·": "*", "⋅": "*", "×": "*", "∗": "*",
    "⊙": "*", "∘": "*", "÷": "/", "∕": "/", "′": "'",
    "≤": "<=", "≥": ">=", "≠": "!=", "‖": "||", "∥": "||",
}  # fmt: skip
SUBSCRIPTS = {chr(0x2080 + digit): str(digit) for digit in range(10)}
SUPERSCRIPTS = {sign: str(digit) for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
ACCENTS = {
    chr(code) for code in range(0x300, 0x30D)
}  # x̂, x̄, ẋ: where no letter with the accent exists

_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)+")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.(?![A-Za-z])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BARE_POWER = re.compile(r"[eE](?!\w)(?!\s*(?:\^|\*\*))")  # 1e, but not 2e^x
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SLOPE = re.compile("((?:∂[₁-₉]²?)+)(?=[^\\W\\d])")
_PLACE = re.compile("∂([₁-₉])(²?)")
_OPERATOR = re.compile(r"\*\*|\|\||[<>=!:]=|[-+*/^@()\[\],.:=<>|'√ᵀ]")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, power (a superscript), end, or the operator itself; `text` is as
    read.
    """

    kind: str
    text: str
    start: int
    end: int
    value: Fraction | None = None


@lru_cache(maxsize=1024)
def _is_letter(char: str) -> bool:
    """Any Unicode letter; superscript and subscript letters are none."""
    if not char.isalpha() or unicodedata.category(char)[0] != "L":
        return False
    return not unicodedata.decomposition(char).startswith(("<super>", "<sub>"))


def _is_inside(char: str) -> bool:
    return (
        (char.isascii() and (char.isalnum() or char == "_"))
        or char in SUBSCRIPTS
        or char in ACCENTS
        or _is_letter(char)
    )


@lru_cache(maxsize=4096)
def canonical(word: str) -> str:
    """A name as it is compared: NFC, µ as μ, ϵ as ε, ϕ as φ, π as pi, subscript digits as
    digits.
    """
    if word.isascii():
        return word
    word = "".join(
        LETTERS.get(char) or SUBSCRIPTS.get(char) or char
        for char in unicodedata.normalize("NFC", word)
    )
    return "pi" if word == "π" else word


def shown(text: str, limit: int = 30) -> str:
    """A piece of source as it may stand in a message: short, without a character that would not
    be seen.
    """
    text = "".join(
        char if char.isprintable() else f"U+{ord(char):04X}" for char in text[: limit + 1]
    )
    return text if len(text) <= limit else text[:limit] + "…"


def _number(text: str, start: int, end: int) -> Token:
    """The exact value of a literal. Its length is checked before any arithmetic."""
    literal = text[start:end]
    mantissa, _, power = literal.lower().partition("e")
    digits = len(mantissa.replace(".", ""))
    if digits > MAX_DIGITS:
        raise SpanError(
            "number", f"this number has {digits} digits; the limit is {MAX_DIGITS}", start, end
        )
    if len(power) > 8 or (power and abs(int(power)) > MAX_POWER_OF_TEN):
        raise SpanError("number", f"the power of ten is beyond ±{MAX_POWER_OF_TEN}", start, end)
    if literal == "0" and text[end : end + 1].isalpha():
        raise SpanError(
            "number",
            "only decimal numbers are supported",
            start,
            end + 1,
            f"for a product write 0*{text[end]}…",
        )
    if text[end : end + 1] == "_":
        raise SpanError("number", "a number cannot contain _", start, end + 1)
    if _BARE_POWER.match(text, end):
        raise SpanError(
            "number",
            "the exponent of this number has no digits",
            start,
            end + 1,
            f"for a product write {literal}*e",
        )
    return Token("number", literal, start, end, Fraction(literal))


def _end_of_name(text: str, start: int, stop: int) -> int:
    """Where the name at `start` ends; `start` itself where there is none."""
    match = _WORD.match(text, start, stop)
    end = match.end() if match else start + (1 if _is_letter(text[start]) else 0)
    while start < end < stop and _is_inside(text[end]):
        end += 1
    return end


def tokenize(text: str, start: int = 0, stop: int | None = None) -> list[Token]:
    """The tokens of `text[start:stop]`, with offsets into `text`, and an end token. Raises
    SpanError.
    """
    stop = len(text) if stop is None else stop
    if stop - start > MAX_LENGTH:
        raise SpanError(
            "limit",
            f"this line has {stop - start} characters; the limit is {MAX_LENGTH}",
            start,
            start + 1,
            "give parts of it a line of their own",
        )
    tokens: list[Token] = []
    at = start
    while at < stop:
        char = text[at]
        if space := _SPACE.match(text, at, stop):
            at = space.end()
            continue
        if len(tokens) == MAX_TOKENS:
            raise SpanError(
                "limit",
                f"this line has more than {MAX_TOKENS} names, numbers and signs",
                at,
                at + 1,
                "give parts of it a line of their own",
            )
        if (match := _NUMBER.match(text, at, stop)) is not None:
            token = _number(text, at, match.end())
        elif (match := _SLOPE.match(text, at, stop)) is not None:  # ∂₁∂₂f as it is printed
            places = "".join(
                SUBSCRIPTS[char] * (2 if power else 1) for char, power in _PLACE.findall(match[1])
            )
            end = _end_of_name(text, match.end(), stop)
            token = Token("name", f"d{places}{canonical(text[match.end() : end])}", at, end)
        elif (end := _end_of_name(text, at, stop)) > at:
            if end - at > MAX_NAME:
                raise SpanError(
                    "name", f"this name has {end - at} characters; the limit is {MAX_NAME}", at, end
                )
            token = Token("name", canonical(text[at:end]), at, end)
        elif char in SUPERSCRIPTS:
            end = at + 1
            while end < stop and text[end] in SUPERSCRIPTS:
                end += 1
            digits = "".join(SUPERSCRIPTS[sign] for sign in text[at:end])
            token = Token("power", text[at:end], at, end, _number(digits, 0, len(digits)).value)
        elif char in SIGNS:
            token = Token(SIGNS[char], char, at, at + 1)
        elif (match := _OPERATOR.match(text, at, stop)) is not None:
            word = match.group()
            if word == ":=":
                mend = swap((at, at + 2, "="))
                raise SpanError(
                    "character", "a definition is written with `=`", at, at + 2, None, mend
                )
            token = Token("^" if word == "**" else word, word, at, match.end())
        elif unicodedata.category(char) == "Zs":
            at += 1
            continue
        else:
            raise refused(text, at)
        tokens.append(token)
        at = token.end
    tokens.append(Token("end", "", stop, stop))
    return tokens


def read_name(text: str) -> str:
    """The canonical form of a text that is one name and nothing else. Raises SpanError."""
    tokens = tokenize(text)
    if not tokens[:-1]:
        raise SpanError("name", "a name is missing", 0, 1)
    if tokens[0].kind != "name":
        raise SpanError(
            "name",
            f"`{shown(text)}` is not a name",
            0,
            len(text),
            "a name has letters, digits and _, and begins with a letter",
        )
    if len(tokens) > 2:
        raise SpanError(
            "name",
            f"`{shown(text)}` is not a name",
            tokens[1].start,
            len(text),
            "a name has letters, digits and _, and begins with a letter",
        )
    return tokens[0].text
