r"""TeX from authors: read against a list of commands, and written again so that it cannot break or
do anything else.

    check(r"\frac12 x^2")   ->  \frac{1}{2} x^{2}     or SpanError at the place of what is not
    allowed escape("50% & more")    ->  50\% \& more          any text, as TeX prints it
    in_math("\\text{é}→")   ->  \text{é}\rightarrow   formulas of ours, with names in any alphabet

What comes out is made of the commands of these tables alone, braces balanced, every argument in
braces.
"""

from __future__ import annotations

import re
import unicodedata

from gradcalc.exercise.tex_commands import (
    ACCENTED,
    DELIMITERS,
    ENVIRONMENTS,
    MATH_CHARS,
    ONE,
    OPERATORS,
    SIZES,
    SYMBOLS,
    TEXT_CHARS,
    TWO,
    WORDS,
)
from gradcalc.language.errors import SpanError, closest
from gradcalc.language.tokens import shown

MAX_LENGTH, MAX_DEPTH = 4000, 24
_BETWEEN = frozenset(("\\right", "\\middle", "\\end", "\\\\"))  # taken by who began what they end
_SIGNS = frozenset("+-*/=<>()[]|,.;:!?@ ")
_ESCAPES = frozenset(",;:!> {}|%&#_$")  # control symbols, \\ apart
_GREEK_WORD = re.compile(
    "[\u0370-\u03ff\u1f00-\u1fff]{2,}"
)  # a word, and not a letter of mathematics
COMMANDS = (
    SYMBOLS
    | ONE
    | TWO
    | SIZES
    | frozenset(WORDS)
    | {"left", "right", "middle", "begin", "end", "limits", "nolimits"}
)


def check(tex: str) -> str:
    """Mathematics of an author, without its $: the same, written safely. Raises SpanError with
    offsets into `tex`.
    """
    if len(tex) > MAX_LENGTH:
        raise SpanError(
            "math", f"this formula has {len(tex)} characters; the limit is {MAX_LENGTH}", 0, 1
        )
    reader = _Reader(tex)
    out = reader.row("")
    if reader.at < len(tex):
        raise reader.unexpected()
    return out


class _Reader:
    """Recursive descent; every method returns the TeX of what it has read."""

    def __init__(self, tex: str) -> None:
        self.tex, self.at, self.depth = tex, 0, 0

    def fail(self, message: str, start: int | None = None, hint: str | None = None) -> SpanError:
        start = self.at if start is None else start
        return SpanError(
            "math", message, min(start, max(len(self.tex) - 1, 0)), max(self.at, start + 1), hint
        )

    def unexpected(self) -> SpanError:
        char = self.tex[self.at]
        if char == "}":
            return self.fail("`}` closes nothing")
        if char in "%#$":
            return self.fail(f"`{char}` is a special character in TeX", hint=f"write \\{char}")
        if char == "&":
            return self.fail(
                "`&` is only allowed between the columns of a matrix", hint="write \\&"
            )
        word, start = self.word(), self.at
        if word in ("\\right", "\\middle"):
            return self.fail(f"`{word}` without \\left", start)
        if word == "\\end":
            return self.fail("`\\end` without \\begin", start)
        return self.fail("`\\\\` is only allowed between the rows of a matrix", start)

    def word(self) -> str:
        """The control sequence at this place, "" where there is none."""
        tex, at = self.tex, self.at
        if tex[at : at + 1] != "\\":
            return ""
        end = at + 1
        while end < len(tex) and tex[end].isascii() and tex[end].isalpha():
            end += 1
        return tex[at : max(end, at + 2)]

    def space(self) -> None:
        while self.tex[self.at : self.at + 1].isspace():
            self.at += 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested more than {MAX_DEPTH} deep")

    def row(self, stop: str) -> str:
        """Atoms with their scripts up to `stop` (a character, not taken), or to what belongs to
        who called.
        """
        self.deeper()
        out: list[str] = []
        scripts: set[str] = set()
        operator = False
        while self.at < len(self.tex):
            char, word = self.tex[self.at], self.word()
            if (stop and char == stop) or char in "}&%#$" or word in _BETWEEN:
                break
            if char in "^_":
                if char in scripts:
                    raise self.fail(
                        f"a second {'exponent' if char == '^' else 'subscript'}",
                        hint="put braces around the first",
                    )
                start, self.at = self.at, self.at + 1
                out.append(char + self.argument(start, char))
                scripts.add(char)
                operator = False
            elif char == "'":
                if "^" in scripts:
                    raise self.fail(
                        "a ' after an exponent", hint="put braces around what comes before"
                    )
                start = self.at
                while self.tex[self.at : self.at + 1] == "'":
                    self.at += 1
                primes = r"\prime" * (self.at - start)
                if self.tex[self.at : self.at + 1] == "^":
                    self.at += 1
                    primes += " " + self.argument(self.at - 1, "^")
                out.append(f"^{{{primes}}}")
                scripts.add("^")
            elif word in ("\\limits", "\\nolimits"):
                if not operator or scripts:
                    raise self.fail(f"`{word}` is only allowed after a big operator")
                self.at += len(word)
                out.append(word + " ")
                operator = False
            elif char.isspace():
                self.space()
                out.append(" ")
            else:
                operator = word in OPERATORS
                if scripts:
                    scripts = set()
                out.append(self.atom())
        self.depth -= 1
        return "".join(out).replace("  ", " ")

    def argument(self, start: int, of: str) -> str:
        """A group, a character or a command, in braces."""
        self.space()
        if self.at >= len(self.tex) or self.tex[self.at] in "}^_'&%#$" or self.word() in _BETWEEN:
            raise self.fail(f"`{of}` without its argument", start)
        if self.tex[self.at] == "{":
            return self.group()
        self.deeper()
        inner = self.atom()
        self.depth -= 1
        return f"{{{inner.strip()}}}"

    def group(self) -> str:
        start, self.at = self.at, self.at + 1
        inner = self.row("}")
        if self.tex[self.at : self.at + 1] != "}":
            if self.at < len(self.tex):
                raise self.unexpected()
            raise self.fail("`{` is never closed", start)
        self.at += 1
        return f"{{{inner.strip()}}}"

    def atom(self) -> str:
        char, word, start = self.tex[self.at], self.word(), self.at
        if char == "{":
            return self.group()
        if not word or word == "\\":
            if word:
                raise self.fail("`\\` at the end of a formula")
            self.at += 1
            if char.isascii() and (char.isalnum() or char in _SIGNS):
                return char
            if char == "~":
                return r"\ {}"
            if char in MATH_CHARS:
                return MATH_CHARS[char] + " "
            if char.isascii():
                raise self.fail(f"`{char}` is not allowed in a formula", start)
            return rf"\text{{{escape(char)}}}"
        self.at += len(word)
        name = word[1:]
        if len(name) == 1 and not name.isalpha():
            if name.isspace():
                return r"\ {}"
            if name not in _ESCAPES:
                raise self.fail(f"the command `{shown(word)}` is not supported", start)
            return word
        if name in SYMBOLS:
            return word + " "
        if name in ONE:
            option = ""
            self.space()
            if name == "sqrt" and self.tex[self.at : self.at + 1] == "[":
                self.at += 1
                option = f"[{{{self.row(']').strip()}}}]"
                if self.tex[self.at : self.at + 1] != "]":
                    raise self.fail("`[` is never closed", start)
                self.at += 1
            return word + option + self.argument(start, word)
        if name in TWO:
            return word + self.argument(start, word) + self.argument(start, word)
        if name in WORDS:
            return self.words(name, start)
        if name in SIZES:
            return word + self.delimiter(word, start)
        if name == "left":
            return self.fenced(start)
        if name == "begin":
            return self.environment(start)
        near = closest(name, COMMANDS)
        raise self.fail(
            f"the command `{shown(word)}` is not supported",
            start,
            f"did you mean \\{near}?" if near else None,
        )

    def words(self, name: str, start: int) -> str:
        r"""\text{…}, \operatorname{…}, \mathbb{R}: plain characters in braces."""
        star = ""
        if name == "operatorname" and self.tex[self.at : self.at + 1] == "*":
            self.at, star = self.at + 1, "*"
        self.space()
        end = self.tex.find("}", self.at)
        if self.tex[self.at : self.at + 1] != "{" or end < 0:
            raise self.fail(f"`\\{name}` needs its argument in braces", start)
        inner = self.tex[self.at + 1 : end]
        allowed = WORDS[name]
        for offset, char in enumerate(inner):
            if char in "\\{}$" or not (
                allowed == "" or (char.isascii() and (char.isalnum() or char in allowed))
            ):
                raise self.fail(f"`{char}` is not allowed in \\{name}{{…}}", self.at + 1 + offset)
        if name == "mathbb" and not all(char.isupper() or char == "1" for char in inner):
            raise self.fail("\\mathbb is for capital letters and 1", self.at + 1)
        self.at = end + 1
        return f"\\{name}{star}{{{escape(inner)}}}"

    def delimiter(self, of: str, start: int) -> str:
        self.space()
        word = self.word()
        taken = word or self.tex[self.at : self.at + 1]
        if taken not in DELIMITERS:
            raise self.fail(f"`{of}` needs a bracket after it", start)
        self.at += len(taken)
        return taken + (" " if taken[-1].isalpha() else "")

    def fenced(self, start: int) -> str:
        left = self.delimiter("\\left", start)
        parts = [self.row("")]
        while self.word() == "\\middle":
            self.at += 7
            parts.append("\\middle" + self.delimiter("\\middle", self.at) + self.row(""))
        if self.word() != "\\right":
            raise (
                self.fail("`\\left` without \\right", start)
                if self.at >= len(self.tex)
                else self.unexpected()
            )
        self.at += 6
        return "\\left" + left + "".join(parts) + "\\right" + self.delimiter("\\right", self.at)

    def braces(self, of: str, start: int) -> str:
        self.space()
        end = self.tex.find("}", self.at)
        if self.tex[self.at : self.at + 1] != "{" or end < 0:
            raise self.fail(f"`{of}` needs a name in braces", start)
        name = self.tex[self.at + 1 : end]
        self.at = end + 1
        return name

    def environment(self, start: int) -> str:
        name = self.braces("\\begin", start)
        if name not in ENVIRONMENTS:
            raise self.fail(
                f"`\\begin{{{name[:20]}}}` is not allowed in formulas",
                start,
                f"there are {', '.join(ENVIRONMENTS)}",
            )
        most, cells, rows = ENVIRONMENTS[name], 1, []
        row = [self.row("").strip()]
        while True:
            if self.tex[self.at : self.at + 1] == "&":
                self.at, cells = self.at + 1, cells + 1
                if cells > most:
                    raise self.fail(f"{name} has at most {most} columns")
                row.append(self.row("").strip())
            elif self.word() == "\\\\":
                self.at, cells = self.at + 2, 1
                rows.append(" & ".join(row))
                row = [self.row("").strip()]
            else:
                break
        if self.word() != "\\end":
            raise (
                self.fail("`\\begin` without \\end", start)
                if self.at >= len(self.tex)
                else self.unexpected()
            )
        at, self.at = self.at, self.at + 4
        if (other := self.braces("\\end", at)) != name:
            raise self.fail(f"\\begin{{{name}}} ends with \\end{{{other[:20]}}}", at)
        rows.append(" & ".join(row))
        rows = [
            "{}" + line if line.startswith(("[", "*")) else line for line in rows
        ]  # no option of \\
        return f"\\begin{{{name}}} " + r" \\ ".join(rows) + f" \\end{{{name}}}"


# ---- text


def escape(text: str) -> str:
    """Any text as TeX prints it, in text mode, on one line. What does not print becomes its code,
    U+202E; other alphabets stay as they are: a document in which some are needs LuaTeX, see
    render/tex_fonts.py.
    """
    out: list[str] = []
    text = unicodedata.normalize("NFC", text)
    greek = {at for word in _GREEK_WORD.finditer(text) for at in range(*word.span())}
    for at, char in enumerate(text):
        out.append(char if at in greek else _escaped(char))
        if len(out) > 1 and out[-1] in ("-", "'", ",") and out[-2].endswith(out[-1]):
            out[-1] = "{}" + out[-1]  # no ligature
    return "".join(out)


def _escaped(char: str) -> str:
    if char in TEXT_CHARS:
        return TEXT_CHARS[char]
    if char.isascii() and char.isprintable():
        return char
    if char in "\t\n\r\u2028\u2029\x0b\x0c\x85":
        return " "
    if "\u00c0" <= char <= "\u00ff" and char not in "×÷":
        return char
    if char in MATH_CHARS:
        return rf"\ensuremath{{{MATH_CHARS[char]}}}"
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in ACCENTED:
        base = (
            {"i": r"\i", "j": r"\j"}.get(parts[0], parts[0])
            if parts[1] not in "\u0323\u0327\u0328\u0331"
            else parts[0]
        )
        return f"{ACCENTED[parts[1]]}{{{base}}}"
    if category == "Mn" and char in ACCENTED:
        return ""  # an accent over nothing
    if category[0] in "LMNPS" and category != "Cn":
        return char
    return rf"\texttt{{U+{ord(char):04X}}}"


def beyond_pdftex(tex: str) -> str:
    """The characters in what `escape` has written that pdfTeX has no fonts for, each once, in
    order.
    """
    return "".join(sorted({char for char in tex if char > "\u00ff"}))


def in_math(tex: str) -> str:
    """A formula of our own in the characters TeX knows: those of other alphabets become
    commands.
    """
    if tex.isascii():
        return tex
    out = []
    for char in unicodedata.normalize("NFC", tex):
        if char.isascii():
            out.append(char)
        elif char in MATH_CHARS:
            out.append(rf"\ensuremath{{{MATH_CHARS[char]}}}")
        else:
            out.append(rf"\text{{{_escaped(char)}}}")
    return "".join(out)
