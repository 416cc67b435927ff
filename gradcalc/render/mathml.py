r"""Formulas in MathML, which browsers draw by themselves: the TeX of textables.py and of our own
printers, written again.

    mathml(r"\frac{1}{2} x^{2}")  ->  <math><mfrac><mn>1</mn><mn>2</mn></mfrac> … </math>

The TeX has passed texmath.check or was made by us, so it is well formed; a command that is on no
list raises ValueError.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from html import escape

from gradcalc.exercise.tex_commands import (
    ACCENTED,
    ENVIRONMENTS,
    FUNCTIONS,
    MATH_CHARS,
    ONE,
    OPERATORS,
    SIZES,
    TEXT_CHARS,
    WORDS,
)
from gradcalc.language.fast_dataclasses import dataclass

_TOKEN = re.compile(r"\\[A-Za-z]+ ?|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
# Commands beside those that characters are written with, each with its character behind it.
_MORE = (
    "leq≤ geq≥ neq≠ land∧ lor∨ neg¬ gets← to→ implies⟹ impliedby⟸ iff⟺ longrightarrow⟶ "
    "longleftarrow⟵ "
    "Longrightarrow⟹ longmapsto⟼ hookrightarrow↪ uparrow↑ downarrow↓ lvert| rvert| vert| mid∣ "
    "lVert‖ rVert‖ "
    "lbrace{ rbrace} lbrack[ rbrack] lceil⌈ rceil⌉ ast∗ star⋆ bullet∙ ominus⊖ oslash⊘ setminus∖ "
    "supset⊃ supseteq⊇ "
    "ni∋ nmid∤ parallel∥ perp⊥ models⊨ vdash⊢ asymp≍ doteq≐ cong≅ simeq≃ prec≺ succ≻ preceq⪯ "
    "succeq⪰ dots… dotsb… "
    "dotsc… ddots⋱ colon: backslash\\ dagger† ddagger‡ angle∠ triangle△ square□ blacksquare■ "
    "checkmark✓ because∵ "
    "therefore∴ intercal⊺ nexists∄ varnothing∅ alephℵ Reℜ Imℑ imathı jmathȷ wp℘ varpiϖ varrhoϱ "
    "bigcup⋃ bigcap⋂ "
    "bigoplus⨁ bigotimes⨂ bigodot⨀ bigwedge⋀ bigvee⋁ coprod∐ iint∬ iiint∭ oint∮"
)
_SIGNS: Mapping[str, str] = {
    **{tex: char for char, tex in sorted(MATH_CHARS.items()) if re.fullmatch(r"\\[A-Za-z]+", tex)},
    **{"\\" + pair[:-1]: pair[-1] for pair in _MORE.split()},
}
_NAMES = "hbar ell partial nabla infty emptyset varnothing aleph Re Im imath jmath wp top bot prime"
_LETTERS = frozenset("\\" + word for word in _NAMES.split())  # signs that are set as letters
_SPACES: Mapping[str, str] = {
    ",": "0.17em", ":": "0.22em", ">": "0.22em", ";": "0.28em",
    "!": "-0.17em", " ": "0.25em", "quad": "1em", "qquad": "2em",
}  # fmt: skip
_ACCENTS: Mapping[str, str] = {
    "hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "ddot": "¨",
    "vec": "→", "check": "ˇ", "breve": "˘", "acute": "´", "grave": "`",
    "mathring": "˚", "widehat": "^", "widetilde": "~", "overline": "¯",
    "overrightarrow": "→", "overleftarrow": "←", "overbrace": "⏞",
}  # fmt: skip
_BELOW: Mapping[str, str] = {"underline": "_", "underbrace": "⏟"}
_STRETCHED = frozenset(
    ("widehat", "widetilde", "overline", "overrightarrow", "overleftarrow", "overbrace")
)
# Where the alphabets of a command begin in Unicode: capitals, small letters, digits, Greek. Letters
# that stand elsewhere: _ELSEWHERE.
_ALPHABETS: Mapping[str, tuple[int, ...]] = {
    "mathbf": (0x1D400, 0x1D41A, 0x1D7CE),
    "textbf": (0x1D400, 0x1D41A, 0x1D7CE), "mathit": (0x1D434, 0x1D44E, 0),
    "boldsymbol": (0x1D468, 0x1D482, 0x1D7CE, 0x1D6A8, 0x1D736),
    "mathcal": (0x1D49C, 0x1D4B6, 0), "mathfrak": (0x1D504, 0x1D51E, 0),
    "mathbb": (0x1D538, 0x1D552, 0x1D7D8),
    "mathsf": (0x1D5A0, 0x1D5BA, 0x1D7E2), "mathtt": (0x1D670, 0x1D68A, 0x1D7F6),
}  # fmt: skip
_ELSEWHERE = {
    0x1D455: "ℎ", 0x1D49D: "ℬ", 0x1D4A0: "ℰ", 0x1D4A1: "ℱ",
    0x1D4A3: "ℋ", 0x1D4A4: "ℐ", 0x1D4A7: "ℒ", 0x1D4A8: "ℳ", 0x1D4AD: "ℛ",
    0x1D4BA: "ℯ", 0x1D4BC: "ℊ", 0x1D4C4: "ℴ", 0x1D506: "ℭ",
    0x1D50B: "ℌ", 0x1D50C: "ℑ", 0x1D515: "ℜ", 0x1D51D: "ℨ", 0x1D53A: "ℂ",
    0x1D53F: "ℍ", 0x1D545: "ℕ", 0x1D547: "ℙ", 0x1D548: "ℚ", 0x1D549: "ℝ", 0x1D551: "ℤ",
}  # fmt: skip
_FENCES = {
    "pmatrix": "()",
    "bmatrix": "[]",
    "Bmatrix": "{}",
    "vmatrix": "||",
    "Vmatrix": "‖‖",
    "cases": "{ ",
}
_THIN = frozenset(
    (("ord", "op"), ("close", "op"), ("op", "ord"), ("op", "op"), ("op", "big"), ("wide", "wide"))
)  # as in TeX
_OPEN, _CLOSE = frozenset("([{⟨⌊⌈"), frozenset(")]}⟩⌋⌉")


def mathml(tex: str, display: bool = False) -> str:
    """A formula, without its $, as a MathML element."""
    reader = _Reader(tex)
    body = reader.row()
    if reader.at < len(reader.tokens):
        raise ValueError(f"{reader.tokens[reader.at]!r} in {tex!r}")
    return f'<math display="block">{body}</math>' if display else f"<math>{body}</math>"


@dataclass(frozen=True, slots=True)
class _Atom:
    """`kind`: ord, op (a function's name), lim (one with limits), big, brace (of limits too),
    open, close, sign, space.
    """

    xml: str
    kind: str = "ord"


class _Reader:
    def __init__(self, tex: str) -> None:
        self.tokens = [
            token.rstrip() if token[0] == "\\" and len(token) > 2 else token
            for token in _TOKEN.findall(tex)
        ]
        self.at, self.letters = 0, ""

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token, self.at = self.next(), self.at + 1
        return token

    def blank(self) -> None:
        while self.next().isspace():
            self.at += 1

    def row(self, stop: str = "") -> str:
        """Atoms up to `}`, `&`, `\\\\`, `\\end`, `\\right`, `\\middle` or `stop`, none of them
        taken.
        """
        out: list[str] = []
        before = ""
        while (
            (token := self.next())
            and token not in ("}", "&", "\\\\", "\\end", "\\right", "\\middle")
            and token != stop
        ):
            if token.isspace():
                self.at += 1
            elif token in ("\\displaystyle", "\\textstyle", "\\scriptstyle"):
                self.at += 1
                inner = self.row(stop)
                level = ' scriptlevel="1"' if token == "\\scriptstyle" else ""
                out.append(
                    "<mstyle "
                    f'displaystyle="{str(token == chr(92) + "displaystyle").lower()}"{level}>{inner}</mstyle>'
                )
            else:
                signed = token in ("-", "+", "\\pm", "\\mp") and before in (
                    "",
                    "sign",
                    "open",
                    "big",
                    "op",
                )
                atom = self.scripted()
                if (before, atom.kind) in _THIN:
                    out.append('<mspace width="0.17em"/>')
                if signed and atom.xml.startswith("<mo>"):  # of a number, and not between two
                    out.append(
                        atom.xml.replace("<mo>", '<mo form="prefix" lspace="0" rspace="0">', 1)
                    )
                    before = "open"
                    continue
                out.append(atom.xml)
                before = atom.kind
        return out[0] if len(out) == 1 else f"<mrow>{''.join(out)}</mrow>"

    def scripted(self) -> _Atom:
        """An atom with its exponent and subscript."""
        base = _Atom("<mrow></mrow>") if self.next() in ("^", "_", "'") else self.atom()
        limits = base.kind in ("big", "lim", "brace")
        scripts: dict[str, str] = {}
        while True:
            self.blank()
            match self.next():
                case "\\limits" | "\\nolimits" as word:
                    self.at += 1
                    limits = word == "\\limits"
                    fixed = base.xml.replace(' movablelimits="true"', "")
                    base = _Atom(fixed, base.kind)
                case "^" | "_" as mark:
                    self.at += 1
                    scripts[mark] = self.argument()
                case "'":
                    count = 0
                    while self.next() == "'":
                        self.at, count = self.at + 1, count + 1
                    scripts["^"] = f"<mo>{'′' * count}</mo>"
                case _:
                    break
        kind = {"lim": "op", "brace": "wide"}.get(base.kind, base.kind)
        if not scripts:
            return _Atom(base.xml, kind)
        below, above = scripts.get("_"), scripts.get("^")
        name = ("munder", "mover", "munderover") if limits else ("msub", "msup", "msubsup")
        tag = name[2] if below and above else name[0] if below else name[1]
        return _Atom(
            f"<{tag}>{base.xml}{below or ''}{above or ''}</{tag}>",
            "ord" if kind == "sign" else kind,
        )

    def argument(self) -> str:
        self.blank()
        return self.group() if self.next() == "{" else self.atom().xml

    def group(self) -> str:
        self.at += 1
        inner = self.row()
        self.at += 1
        return inner

    def atom(self) -> _Atom:
        token = self.take()
        if token == "{":
            self.at -= 1
            return _Atom(self.group())
        if token[0] != "\\":
            return self.character(token)
        name = token[1:]
        if token in _SIGNS:
            return self.sign(token)
        if name in _SPACES:
            if name == " " and self.next() == "{":
                self.group()
            return _Atom(f'<mspace width="{_SPACES[name]}"/>', "space")
        if name in ("lim", "limsup", "liminf", "max", "min", "sup", "inf", "Pr", "gcd"):
            said = {"limsup": "lim sup", "liminf": "lim inf"}.get(name, name)
            return _Atom(f'<mo movablelimits="true" lspace="0" rspace="0">{said}</mo>', "lim")
        if name in FUNCTIONS:
            return _Atom(f'<mi mathvariant="normal">{name}</mi>', "op")
        if name == "bmod":
            return _Atom('<mo lspace="0.22em" rspace="0.22em">mod</mo>', "sign")
        if len(name) == 1 and not name.isalpha():
            return _Atom(
                f"<mo>{escape({'|': '‖'}.get(name, name))}</mo>",
                {"{": "open", "}": "close"}.get(name, "sign"),
            )
        if name in SIZES:
            size = {"big": "1.2em", "Big": "1.8em", "bigg": "2.4em", "Bigg": "3em"}[
                name.rstrip("lrm")
            ]
            return _Atom(
                f'<mo stretchy="true" minsize="{size}" maxsize="{size}">{self.delimiter()}</mo>',
                "sign",
            )
        return _Atom(
            self.command(name),
            "brace"
            if name in ("underbrace", "overbrace")
            else "op"
            if name == "operatorname"
            else "ord",
        )

    def character(self, char: str) -> _Atom:
        if char[0].isdigit():
            return _Atom(f"<mn>{self.styled(char)}</mn>")
        if char.isalpha():
            plain = ' mathvariant="normal"' if self.letters == "mathrm" else ""
            return _Atom(f"<mi{plain}>{self.styled(char)}</mi>")
        if char in _OPEN or char in _CLOSE:
            return _Atom(f'<mo stretchy="false">{char}</mo>', "open" if char in _OPEN else "close")
        if char in "|/":
            return _Atom(f'<mo stretchy="false" lspace="0" rspace="0">{char}</mo>', "sign")
        return _Atom(
            f"<mo>{'−' if char == '-' else '∗' if char == '*' else escape(char)}</mo>", "sign"
        )

    def sign(self, token: str) -> _Atom:
        char = _SIGNS[token]
        if token in OPERATORS:
            limits = "" if "int" in token else ' movablelimits="true"'
            return _Atom(f"<mo{limits}>{char}</mo>", "ord" if "int" in token else "big")
        if char.isalpha() or token in _LETTERS:
            return _Atom(f"<mi>{self.styled(char)}</mi>")
        if char in _OPEN | _CLOSE or token in (r"\lvert", r"\rvert", r"\lVert", r"\rVert"):
            opens = char in _OPEN or token[1] == "l"
            return _Atom(
                f'<mo stretchy="false" form="{"prefix" if opens else "postfix"}">{char}</mo>',
                "open" if opens else "close",
            )
        return _Atom(f"<mo>{escape(char)}</mo>", "sign")

    def command(self, name: str) -> str:
        if name in ("frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "tbinom"):
            bar = ' linethickness="0"' if "binom" in name else ""
            body = f"<mfrac{bar}>{self.argument()}{self.argument()}</mfrac>"
            if "binom" in name:
                body = f"<mrow><mo>(</mo>{body}<mo>)</mo></mrow>"
            style = {"d": "true", "c": "true", "t": "false"}.get(name[0])
            return f'<mstyle displaystyle="{style}">{body}</mstyle>' if style else body
        if name == "sqrt":
            self.blank()
            if self.next() != "[":
                return f"<msqrt>{self.argument()}</msqrt>"
            self.at += 1
            degree = self.row("]")
            self.at += 1
            return f"<mroot>{self.argument()}{degree}</mroot>"
        if name in ("overset", "stackrel", "underset"):
            mark, base = self.argument(), self.argument()
            tag = "munder" if name == "underset" else "mover"
            return f"<{tag}>{base}{mark}</{tag}>"
        if name in _ACCENTS:
            stretch = str(name in _STRETCHED).lower()
            return (
                f'<mover accent="true">{self.argument()}<mo '
                f'stretchy="{stretch}">{_ACCENTS[name]}</mo></mover>'
            )
        if name in _BELOW:
            return (
                f'<munder accentunder="true">{self.argument()}<mo '
                f'stretchy="true">{_BELOW[name]}</mo></munder>'
            )
        if name == "phantom":
            return f"<mphantom>{self.argument()}</mphantom>"
        if name == "boxed":
            return f'<mrow class="boxed">{self.argument()}</mrow>'
        if name in ("pmod", "mod"):
            inner = f'<mi mathvariant="normal">mod</mi><mspace width="0.28em"/>{self.argument()}'
            return (
                "<mrow><mspace "
                f'width="1em"/>{"<mo>(</mo>" + inner + "<mo>)</mo>" if name == "pmod" else inner}</mrow>'
            )
        if name in WORDS:
            return self.words(name)
        if name == "ensuremath":
            return self.argument()
        if name in ONE:  # an alphabet
            outer, self.letters = self.letters, name
            word = self.word()
            normal = ' mathvariant="normal"' if name == "mathrm" else ""
            inner = f"<mi{normal}>{self.styled(word)}</mi>" if word else self.argument()
            self.letters = outer
            return inner
        if name == "left":
            return self.fenced()
        if name == "begin":
            return self.environment()
        raise ValueError(f"no MathML for \\{name}")

    def delimiter(self) -> str:
        self.blank()
        token = self.take()
        return (
            ""
            if token == "."
            else escape(
                {"\\{": "{", "\\}": "}", "\\|": "‖", "<": "⟨", ">": "⟩"}.get(token)
                or _SIGNS.get(token, token)
            )
        )

    def fenced(self) -> str:
        out = f'<mo stretchy="true" form="prefix">{self.delimiter()}</mo>' + self.row()
        while self.next() == "\\middle":
            self.at += 1
            out += f'<mo stretchy="true">{self.delimiter()}</mo>' + self.row()
        self.at += 1
        return f'<mrow>{out}<mo stretchy="true" form="postfix">{self.delimiter()}</mo></mrow>'

    def environment(self) -> str:
        name = self.name()
        if name not in ENVIRONMENTS:
            raise ValueError(f"no MathML for {name}")
        rows, row = [], [self.row()]
        while self.next() in ("&", "\\\\"):
            if self.take() == "&":
                row.append(self.row())
            else:
                rows.append(row)
                row = [self.row()]
        self.at += 1
        self.name()
        rows.append(row)
        kind = name if name in ("aligned", "cases") else "matrix"
        cells = "".join(
            "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in row) + "</mtr>" for row in rows
        )
        style = ' displaystyle="true"' if name in ("aligned", "gathered") else ""
        table = f'<mtable class="{kind}"{style}>{cells}</mtable>'
        left, right = tuple(_FENCES.get(name, "  "))
        opened = f'<mo stretchy="true" form="prefix">{left}</mo>' if left != " " else ""
        closed = f'<mo stretchy="true" form="postfix">{right}</mo>' if right != " " else ""
        return f"<mrow>{opened}{table}{closed}</mrow>"

    def name(self) -> str:
        self.blank()
        end = self.tokens.index("}", self.at)
        found = "".join(self.tokens[self.at + 1 : end])
        self.at = end + 1
        return found

    def word(self) -> str:
        """The letters and digits that a group consists of, taken; "" where there is anything
        else in it.
        """
        self.blank()
        if self.next() != "{" or "}" not in self.tokens[self.at :]:
            return ""
        end = self.tokens.index("}", self.at)
        found = "".join(self.tokens[self.at + 1 : end])
        if not found.isalnum():
            return ""
        self.at = end + 1
        return found

    def words(self, name: str) -> str:
        """Text of which texmath.escape has made TeX."""
        if self.next() == "*":
            self.at += 1
        self.blank()
        text = self.text()
        if name in ("operatorname", "textrm", "text"):
            tag = "mi" if name == "operatorname" else "mtext"
            normal = ' mathvariant="normal"' if tag == "mi" else ""
            return f"<{tag}{normal}>{escape(re.sub('^ | $', chr(0xA0), text))}</{tag}>"
        outer, self.letters = self.letters, {"textit": "mathit", "texttt": "mathtt"}.get(name, name)
        body = f"<{'mi' if name == 'mathbb' else 'mtext'}>{self.styled(text)}</{'mi' if name == 'mathbb' else 'mtext'}>"
        self.letters = outer
        return body

    def text(self) -> str:
        """The plain text of a group."""
        self.at += 1
        out: list[str] = []
        while (token := self.take()) != "}":
            if token == "{":
                self.at -= 1
                out.append(self.text())
            elif token == "\\ensuremath":
                out.append(_CHARS.get("".join(self.plain()), ""))
            elif token == "\\texttt":  # U+4E2D
                out.append(chr(int("".join(self.plain())[2:], 16)))
            elif token in _MARKS:
                out.append(
                    unicodedata.normalize(
                        "NFC", self.text().replace("ı", "i").replace("ȷ", "j") + _MARKS[token]
                    )
                )
            else:
                out.append(_PLAIN.get(token, token))
        return "".join(out)

    def plain(self) -> list[str]:
        """The tokens of a group."""
        self.at += 1
        depth, out = 1, []
        while depth:
            out.append(self.take())
            depth += (out[-1] == "{") - (out[-1] == "}")
        return out[:-1]

    def styled(self, text: str) -> str:
        starts = _ALPHABETS.get(self.letters)
        if not starts:
            return escape(text)
        out = []
        for char in text:
            for start, first, last in zip(starts, "Aa0Αα", "Zz9Ωω", strict=False):
                if start and first <= char <= last:
                    code = start + ord(char) - ord(first)
                    char = _ELSEWHERE.get(code) or chr(code)
                    break
            out.append(escape(char))
        return "".join(out)


_PLAIN = {
    tex.removesuffix("{}"): char for char, tex in TEXT_CHARS.items() if tex.startswith("\\")
} | {
    r"\j": "ȷ",
    "~": "\u00a0",
}
_MARKS = {tex: char for char, tex in ACCENTED.items()}
_CHARS = {tex: char for char, tex in MATH_CHARS.items()}
