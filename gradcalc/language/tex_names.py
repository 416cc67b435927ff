r"""What an author's TeX for a name looks like in one line of Unicode: \bar{\alpha} is ᾱ, x_{t-1} is
xₜ₋₁, \mathcal{L} is ℒ. Where Unicode lacks a part of it there is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from gradcalc.language.typography import ACCENTS, GREEK, lowered

LETTERS: Mapping[str, str] = {
    **GREEK, "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς",
    "hbar": "ℏ", "imath": "ı", "jmath": "ȷ", "partial": "∂", "nabla": "∇", "infty": "∞",
}  # fmt: skip
OVER: Mapping[str, str] = {command[1:]: char for char, command in ACCENTS.values()} | {
    "ddot": "\u0308", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a", "vec": "\u20d7", "widehat": "\u0302", "widetilde": "\u0303",
    "overline": "\u0305", "underline": "\u0332",
}  # fmt: skip
UPRIGHT = frozenset(("mathrm", "mathit", "text", "textit", "textrm", "operatorname", "mathsf"))
# Alphabets of Unicode by the words in the names of their letters.
ALPHABETS: Mapping[str, tuple[str, ...]] = {
    "mathcal": ("SCRIPT {}", "MATHEMATICAL SCRIPT {}"),
    "mathscr": ("SCRIPT {}", "MATHEMATICAL SCRIPT {}"),
    "mathbb": ("DOUBLE-STRUCK {}", "MATHEMATICAL DOUBLE-STRUCK {}"),
    "mathfrak": ("BLACK-LETTER {}", "MATHEMATICAL FRAKTUR {}"),
    "mathbf": ("MATHEMATICAL BOLD {}",),
    "boldsymbol": ("MATHEMATICAL BOLD ITALIC {}",),
    "bm": ("MATHEMATICAL BOLD ITALIC {}",),
}
_ABOVE = str.maketrans("0123456789+-−()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿⁱᵀ")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_']|\s+|.")


@lru_cache(maxsize=1024)
def tex_text(tex: str) -> str | None:
    """One line of Unicode, or None."""
    reader = _Reader([token for token in _TOKEN.findall(tex) if not token.isspace()])
    try:
        found = reader.several()
    except _Unwritten:
        return None
    return unicodedata.normalize("NFC", found) if reader.done and found else None


class _Unwritten(Exception):
    """Unicode has no such sign."""


class _Reader:
    """Reads the tokens of a name from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    @property
    def done(self) -> bool:
        return self.at == len(self.tokens)

    @property
    def next(self) -> str:
        return "" if self.done else self.tokens[self.at]

    def take(self) -> str:
        if self.done:
            raise _Unwritten
        self.at += 1
        return self.tokens[self.at - 1]

    def several(self) -> str:
        """Letters with their scripts, up to the end or a closing brace."""
        found = ""
        while not self.done and self.next != "}":
            found += self.one()
            while self.next in ("_", "^", "'"):
                found += self.script(self.take())
        return found

    def one(self) -> str:
        """A letter, a word, a group."""
        token = self.take()
        if token == "{":
            found = self.several()
            if self.take() != "}":
                raise _Unwritten
            return found
        if not token.startswith("\\"):
            if token in "_^'":
                raise _Unwritten
            return token
        word = token[1:]
        if word in LETTERS:
            return LETTERS[word]
        if word in OVER:
            return accented(self.one(), OVER[word])
        if word in UPRIGHT:
            return self.one()
        if word in ALPHABETS:
            return styled(self.one(), ALPHABETS[word])
        raise _Unwritten

    def script(self, sign: str) -> str:
        """What stands below or above: small where Unicode has it."""
        if sign == "'":
            return "′"
        text = self.one()
        if sign == "_":
            return lowered(text) or f"_{text}"
        if text in ("′", "\\prime"):
            return "′"
        above = text.translate(_ABOVE)
        if text.isdigit() or any(char in above for char in text):  # x² would be a square
            raise _Unwritten
        return above


def accented(text: str, mark: str) -> str:
    """One letter under an accent."""
    if len(text) != 1:
        raise _Unwritten
    return unicodedata.normalize("NFC", text + mark)


def styled(text: str, alphabets: tuple[str, ...]) -> str:
    """Letters of another alphabet, 𝐰 or ℒ."""
    found = ""
    for char in text:
        name = unicodedata.name(char, "").removeprefix("LATIN ").removeprefix("GREEK ")
        name = name.replace(" LETTER ", " ")
        for pattern in alphabets:
            try:
                found += unicodedata.lookup(pattern.format(name))
                break
            except KeyError:
                continue
        else:
            raise _Unwritten
    return found
