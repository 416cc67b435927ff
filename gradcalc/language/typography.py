"""THE TABLE of how names and signs look: one reading of a name, three ways to print it.

    read("W1")     ->  W with the subscript 1          W₁     W_{1}              W1
    read("yhat")   ->  y under a hat                   ŷ      \\hat{y}            yhat
    read("D_a1")   ->  D with the subscript a1         D_a₁   D_{a_{1}}          D_a1
    read("theta")  ->  θ                               θ      \\theta             theta
    read("logits") ->  a word, left as it is           logits \\mathit{logits}    logits

Also here: numbers at a number of digits, and what may reach a terminal.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from gradcalc.language.fast_dataclasses import dataclass

GREEK: Mapping[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "ell": "ℓ",
}  # fmt: skip
SPELLED: Mapping[str, str] = {letter: word for word, letter in GREEK.items()} | {
    "ϵ": "epsilon",
    "ϕ": "phi",
    "ϑ": "theta",
}
LATEX_SPELLED: Mapping[str, str] = {
    "ε": r"\varepsilon",
    "φ": r"\varphi",
}  # drawn like the letter in the terminal
ACCENTS: Mapping[str, tuple[str, str]] = {  # ending of a name -> combining character, TeX command
    "hat": ("\u0302", r"\hat"), "bar": ("\u0304", r"\bar"),
    "tilde": ("\u0303", r"\tilde"), "dot": ("\u0307", r"\dot"),
}  # fmt: skip

_SUBSCRIPTS = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_SUPERSCRIPTS = str.maketrans("0123456789+-−()nTi", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿᵀⁱ")
_LETTERS_BELOW = str.maketrans("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_RAISABLE = frozenset("0123456789+-−n")
_HEAD = re.compile(r"([^\W\d_]+)(\d*)")
_TEX_WORD = {"_": r"\_", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "{": r"\{", "}": r"\}"}

MINUS = "−"
ASCII_SIGNS: Mapping[str, str] = {
    "−": "-", "·": "*", "×": "x", "∘": "*", "≈": "~", "≠": "!=",
    "≤": "<=", "≥": ">=", "∂": "d", "√": "sqrt", "ᵀ": ".T",
    "…": "...", "–": "-", "—": "-", "‘": "'", "’": "'",
    "“": '"', "”": '"', "→": "->", "⁻": "^-", "²": "^2", "³": "^3",
    "✓": "ok", "✗": "x", "∞": "infinity", "Σ": "sum", "ₓ": "x",
    "′": "'", "∈": "in", "•": "*", "ŷ": "yhat", "Ŷ": "Yhat",
    "\u00a0": " ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """A name as it is drawn: a letter or a word, perhaps under an accent, with subscripts."""

    body: str
    symbol: bool  # one letter, to be set in italics; else a word
    accent: str | None = None
    below: tuple[Look, ...] = ()


@lru_cache(maxsize=4096)
def read(name: str) -> Look:
    """How a name is to be drawn. Names that are neither letters with digits nor letters under an
    accent are words.
    """
    if name.endswith("'"):  # a derivative in a textbook rule
        look = read(name[:-1])
        return Look(look.body + "'", look.symbol, look.accent, look.below)
    head, *tail = name.split("_")
    match = _HEAD.fullmatch(head)
    if not match or not all(tail):
        return Look(name, False)
    letters, digits = match.groups()
    accent = None
    if tail and tail[0] in ACCENTS and _letter(letters) and not digits:
        accent, tail = tail[0], tail[1:]
    elif not _letter(letters):
        stem = next(
            (a for a in ACCENTS if letters.endswith(a) and _letter(letters.removesuffix(a))), None
        )
        if stem:
            accent, letters = stem, letters.removesuffix(stem)
    below = tuple(_below(part) for part in ([digits] if digits else []) + tail)
    letter = _letter(letters)
    return Look(letter or letters, letter is not None, accent, below)


def _letter(word: str) -> str | None:
    """The one letter a word stands for (θ for `theta`), or None."""
    return word if len(word) == 1 and word.isalpha() else GREEK.get(word)


def _below(part: str) -> Look:
    return Look(part, True) if part.isdigit() else read(part)


def name_text(name: str) -> str:
    """A name for the terminal: w₀, ŷ, θ, D_a₁, logits."""
    return _text(read(name))


def _text(look: Look) -> str:
    body = (
        unicodedata.normalize("NFC", look.body + ACCENTS[look.accent][0])
        if look.accent
        else look.body
    )
    if len(look.below) == 1 and look.below[0].body.isdigit():
        return body + look.below[0].body.translate(_SUBSCRIPTS)
    return "_".join((body, *map(_text, look.below)))


def name_latex(name: str) -> str:
    r"""A name in TeX: w_{0}, \hat{y}, \theta, D_{a_{1}}, \mathit{logits}."""
    return _latex(read(name))


def _latex(look: Look) -> str:
    body = look.body
    if look.symbol:
        body = _tex_letter(body) if body.isalpha() else body
    else:
        command = r"\mathit" if body.isascii() else r"\text"
        body = command + "{" + "".join(_TEX_WORD.get(char, char) for char in body) + "}"
    if look.accent:
        body = f"{ACCENTS[look.accent][1]}{{{body}}}"
    return body + "_" + braced(",".join(map(_latex, look.below))) if look.below else body


def braced(script: str) -> str:
    """A TeX sub- or superscript, with braces where it needs them: 0, {a_0}."""
    return script if len(script) == 1 and script.isalnum() else f"{{{script}}}"


def _tex_letter(letter: str) -> str:
    if letter in LATEX_SPELLED:
        return LATEX_SPELLED[letter]
    if letter in SPELLED:
        return "\\" + SPELLED[letter]
    return letter if letter.isascii() else f"\\text{{{letter}}}"


def lowered(text: str) -> str | None:
    """Digits and most letters as subscripts (ᵢ), or None where Unicode lacks one."""
    below = text.translate(_SUBSCRIPTS).translate(_LETTERS_BELOW)
    return (
        below
        if below != text and not any(char in below for char in text if char.isalnum())
        else None
    )


def raised(text: str) -> str | None:
    """A number or n as a superscript (x², xⁿ), or None where it would not be legible."""
    return text.translate(_SUPERSCRIPTS) if set(text) <= _RAISABLE else None


def number(value: float | int, digits: int = 4) -> str:
    """A number at significant digits: 0.3333, 1.200 (rounded), 1.2 (exact), 3, -12, 1e-7. Whole
    numbers stay whole; never -0, nan or inf (ValueError).
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a finite number")
    if value == 0:
        return "0"
    digits = max(1, digits)
    if abs(value) < (10**20 if isinstance(value, int) else 10**15) and value == int(value):
        return str(int(value))
    decimal = Decimal(
        repr(float(value)) if isinstance(value, float) else value
    )  # the digits a float has, and no more
    mantissa, _, exponent = f"{decimal:.{digits - 1}e}".partition("e")
    power = int(exponent)
    exact = abs(Decimal(f"{mantissa}e{power}") / decimal - 1) < Decimal("1e-12")
    if -4 <= power < max(digits, 6):
        text = f"{decimal:.{max(0, digits - 1 - power)}f}"
        return text.rstrip("0").rstrip(".") if exact and "." in text else text
    if exact and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{power}"


def whole(value: float, digits: int = 4) -> bool:
    """Whether `number` prints all there is of a value: 0.75 and 3 at four digits, not 1/3."""
    return abs(float(number(value, digits)) - value) <= 1e-12 * abs(value)


def to_ascii(text: str) -> str:
    """Any text in ASCII: known signs by their stand-ins, accents dropped, what is left as
    \\uXXXX.
    """
    if text.isascii():
        return text
    out = []
    for char in text.replace(" × ", "×").replace("×", " × "):
        if char.isascii():
            out.append(char)
        elif char in ASCII_SIGNS or char in SPELLED:
            out.append(ASCII_SIGNS.get(char) or SPELLED[char])
        else:
            plain = "".join(
                c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)
            )
            out.append(
                plain
                if plain and plain.isascii()
                else char.encode("ascii", "backslashreplace").decode()
            )
    return "".join(out)


def for_terminal(text: str, ascii: bool = False, lines: bool = False) -> str:
    """Text from anywhere, safe to print: control, bidi and invisible characters become visible
    (\\x1b, \\u202e).

    Newlines and tabs become spaces; with `lines` newlines are kept.
    """
    out = []
    for char in text:
        if char == "\n" and lines:
            out.append(char)
        elif char in "\n\t":
            out.append(" ")
        elif unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
            out.append(
                char.encode("ascii", "backslashreplace").decode()
                if ord(char) > 127
                else f"\\x{ord(char):02x}"
            )
        else:
            out.append(char)
    safe = "".join(out)
    return to_ascii(safe) if ascii else safe
