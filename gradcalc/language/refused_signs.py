"""Signs that are no part of the expression language: what they mean elsewhere, and the text
without them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction

from gradcalc.language.cures import swap
from gradcalc.language.errors import Mend, SpanError
from gradcalc.language.foreign import COMMANDS, HINTS, SIGNS

_OPERAND = r"(?:\w+(?:\([^()]*\)|\[[^\[\]]*\])?(?:\.T)?|\([^()]*\))"
_INVERSE = {"sin": "asin", "cos": "acos", "tan": "atan"}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def refused(text: str, at: int) -> SpanError:
    """What is wrong with the character at `at`, and how to write what it was meant for."""
    char = text[at]
    category = unicodedata.category(char)
    if category[0] == "C" or category in ("Zl", "Zp"):
        message = f"the invisible character U+{ord(char):04X} is not allowed in an expression"
        return SpanError("character", message, at, at + 1, "delete it")
    line = text.rfind("\n", 0, at) + 1
    if char in "\\{}":
        return _braces(text, at, line)
    if char == ";":
        return _semicolon(text, at)
    if char in SIGNS:
        new, message = SIGNS[char]
        mend = swap((at, at + 1, new)) if new is not None else None
        for pattern, template in _REWRITES.get(char, ()):
            if re.search(pattern, text[line:]):
                mend = _in_line(line, pattern, template)
        hint = None if mend else HINTS.get(char)
        return SpanError("character", message.format(c=char), at, at + 1, hint, mend)
    message = f"`{char}` is not part of the expression language"
    for pattern, template in _REWRITES.get(char, ()):
        if re.search(pattern, text[line:]):
            return SpanError(
                "character", message, at, at + 1, None, _in_line(line, pattern, template)
            )
    if category == "No" and (fraction := Fraction(unicodedata.numeric(char)).limit_denominator(10)):
        gap = re.match(r"\s*(?=[\w(|√])", text[at + 1 :])
        end, times = (at + 1 + gap.end(), "*") if gap else (at + 1, "")
        mend = swap((at, end, f"({fraction}){times}"))
        return SpanError("character", message, at, at + 1, None, mend)
    return SpanError("character", message, at, at + 1)


def _inverse(found: re.Match[str]) -> str:
    name, power = found[1], found[2].translate(_RAISED)
    if name in ("sinh", "cosh", "tanh", "exp", "log", "ln", "sec", "csc", "cot"):
        raise ValueError("there is no function for its inverse")
    if name in _INVERSE and power == "1":
        return _INVERSE[name]
    return f"inv({name})" if name[:1].isupper() and power == "1" else f"{name}^(-{power})"


_Template = str | Callable[[re.Match[str]], str]
# How a line with such a sign is written here: the first pattern that is found is replaced.
_REWRITES: dict[str, tuple[tuple[str, _Template], ...]] = {
    "?": ((r"(?<=\s)([^=?\s][^=?]*?)\s*\?\s*([^:]+?)\s*:\s*(.+)", r"where(\1, \2, \3)"),),
    "&": ((r"where\((.+?)\s*&&?\s*(.+?),(.+),(.+)\)", r"where(\1, where(\2,\3,\4),\4)"),),
    "~": ((r"~=", "!="),),
    "⊗": ((rf"({_OPERAND})\s*⊗\s*({_OPERAND})", r"kron(\1, \2)"),),
    "⁻": ((r"(\w+)⁻([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", _inverse),),
    "⊤": ((r"\^?⊤", ".T"),),
    "ᵗ": ((r"\^?ᵗ", ".T"),),
    "⟨": ((r"⟨\s*([^,|⟨⟩]+?)\s*[,|]\s*([^⟨⟩]+?)\s*⟩", r"(\1 @ \2)"),),
    "∛": ((rf"∛\s*({_OPERAND})", r"\1^(1/3)"),),
}


def _in_line(line: int, pattern: str, template: _Template) -> Mend:
    return lambda text: text[:line] + re.sub(pattern, template, text[line:], count=1)


def _semicolon(text: str, at: int) -> SpanError:
    """`;` ends a line of MATLAB, parts the rows of its matrices, and two statements of Python."""
    before, after = text[:at], text[at + 1 :].partition("\n")[0]
    opened = max(before.rfind("["), before.rfind("]"))
    if opened >= 0 and before[opened] == "[" and (closed := text.find("]", at)) > 0:
        rows = [re.split(r"[,\s]+", row.strip()) for row in text[opened + 1 : closed].split(";")]
        matrix = "[" + ", ".join(f"[{', '.join(row)}]" for row in rows) + "]"
        message = "rows are not separated by `;`: a matrix is a list of its rows"
        return SpanError("character", message, at, at + 1, None, swap((opened, closed + 1, matrix)))
    if before.count("(", before.rfind("\n") + 1) > before.count(")", before.rfind("\n") + 1):
        message = "arguments are separated by commas"
        return SpanError("character", message, at, at + 1, None, swap((at, at + 1, ",")))
    if not after.split("#")[0].strip():
        message = "a line does not end with `;`"
        return SpanError("character", message, at, at + 1, None, swap((at, at + 1, "")))
    message = "`;` does not separate quantities"
    return SpanError("character", message, at, at + 1, "write one quantity per line")


def _braces(text: str, at: int, line: int) -> SpanError:
    """A backslash or brace: LaTeX, MATLAB's A \\ b, or Mathematica's {a, b}."""
    char, before = text[at], text[line:at]
    if command := re.match(r"\\[A-Za-z]+|\\[,;:!{}|]", text[at:]):
        word = command.group()
        return SpanError("latex", f"`{word}` is LaTeX", at, at + len(word), None, _latex(line))
    if char == "\\":
        mend = _in_line(line, rf"({_OPERAND})\s*\\\s*({_OPERAND})", r"inv(\1) @ \2")
        message = "`\\` is MATLAB's; a linear system is solved with inv"
        return SpanError("character", message, at, at + 1, None, mend)
    if "\\" in text[line:] or before.rstrip()[-1:] in ("^", "_"):
        message = (
            f"`{before.rstrip()[-1:]}{char}` is LaTeX" if char == "{" else f"`{char}` is LaTeX"
        )
        return SpanError("latex", message, at, at + 1, None, _latex(line))
    message = "`{ }` are not used in expressions: ( ) group, [ ] make a vector"
    closed, depth = at, 0
    for closed in range(at, len(text)):
        depth += (text[closed] == "{") - (text[closed] == "}")
        if depth == 0:
            break
    if char == "}" or depth:
        return SpanError("character", message, at, at + 1)
    vector = "," in text[at:closed] and not before[-1:].isalnum()
    left, right = "[]" if vector else "()"
    mend = swap((at, at + 1, left), (closed, closed + 1, right))
    return SpanError("character", message, at, at + 1, None, mend)


def _latex(line: int) -> Mend:
    def mend(text: str) -> str:
        name = re.match(r"\s*[^\W\d]\w*\s*=(?!=)\s*", text[line:])
        at = line + (name.end() if name else 0)
        return text[:at] + from_latex(text[at:])

    return mend


def factor(text: str) -> str:
    """An argument as it can stand as a factor."""
    text = text.strip()
    plain = re.fullmatch(r"[\w.]+|\w*(\([^()]*\)|\[[^\[\]]*\])(\.T)?", text)
    return text if plain else f"({text})"


def filled(template: str, args: Sequence[str]) -> str:
    """A template with its arguments. Raises IndexError where one is missing."""
    args = [arg.strip() for arg in args]
    words = {f"f{number}": factor(arg) for number, arg in enumerate(args)}
    bare = [arg[1:-1] if arg[:1] in "[(" and arg[-1:] in "])" else arg for arg in args]
    return template.format(*args, **words, all=", ".join(args), bare=", ".join(bare))


def from_latex(text: str) -> str:
    """LaTeX in the expression language, as far as a table of commands and braces goes."""
    text = re.sub(r"\\[,;:! ]", " ", text.replace("$", ""))
    for _ in range(20):  # innermost braces first
        before = text
        text = re.sub(
            r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}",
            lambda m: f"{factor(m[1])}/{factor(m[2])}",
            text,
        )
        text = re.sub(
            r"\\(mathbf|boldsymbol|mathrm|bm|text|operatorname|mathit|vec)\s*\{(\w*)\}", r"\2", text
        )
        text = re.sub(
            r"\\hat\s*\{?(\w+)\}?", r"\1hat", re.sub(r"\\bar\s*\{?(\w+)\}?", r"\1bar", text)
        )
        text = re.sub(r"_\{(\w+)\}", r"_\1", text)
        text = re.sub(r"\^\{?\\?(?:top|intercal|mathsf\{T\}|T)\b\}?", ".T", text)
        text = re.sub(r"\^\{(\w+)\}", r"^\1", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", text)
        text = re.sub(r"\\(?![dt]?frac)([A-Za-z]+)\s*\{([^{}]*)\}", r"\\\1(\2)", text)
        if text == before:
            break
    text = re.sub(r"\\([A-Za-z]+)", lambda m: COMMANDS.get(m[1], m[1]), text)
    return re.sub(r"  +", " ", text.replace(".T ", ".T ").replace("{", "(").replace("}", ")"))
