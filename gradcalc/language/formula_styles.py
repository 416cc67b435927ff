"""The two scripts formulas are written in, Text for the terminal and Latex, and the Box both
draw into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Num, unparse
from gradcalc.language.sizes import Shape, Size, in_order
from gradcalc.language.tex_names import tex_text
from gradcalc.language.typography import MINUS, braced, lowered, name_latex, name_text, raised, read
from gradcalc.ops import SIGNS, TABLE

# How tightly a box binds. OPEN: a condition or a case distinction, which has to stand alone.
OPEN, SUM, HADAMARD, PRODUCT, POWER, ATOM = range(6)


@dataclass(frozen=True, slots=True)
class Box:
    """A drawn expression.

    minus  a leading minus sign, kept out of `body` so that products can pass it to the front
    head   what it begins with and ends with, for the space between factors:
    tail   d(igit) l(etter) w(ord) f(unction or sign) b(racket) s(uperscript)
    lead   a sum that begins with a minus sign;  open  ends in a big operator, which takes in what
    follows tall   needs growing brackets;  flat  a fraction on one line, for exponents form   of a
    product: * @ /;  dot  a product of vectors that is a number;  row  a 1-D vector written as a row
    stem, above  the two parts of a name with a superscript
    """

    body: str
    level: int
    minus: bool = False
    head: str = "b"
    tail: str = "b"
    lead: bool = False
    open: bool = False
    tall: bool = False
    flat: str | None = None
    form: str = ""
    dot: bool = False
    row: bool = False
    above: str | None = None
    stem: str = ""
    shape: Shape | None = None
    sign: str = MINUS

    @property
    def full(self) -> str:
        return self.sign + self.body if self.minus else self.body

    @property
    def array(self) -> bool:
        """More than one entry; a 1×1 matrix is written as the number it is."""
        return any(size.number != 1 for size in self.shape or ())

    def join(self, between: str, right: Box, level: int) -> Box:
        tall = self.tall or right.tall
        body = self.body + between + right.full
        return Box(body, level, head=self.head, tail=right.tail, tall=tall)


def dotted(left: Box, right: Box, form: str) -> bool:
    """Whether a product needs a sign in any script: before a digit, after a 1, beside a word."""
    return right.head == "d" or left.body == "1" or (form == "*" and "w" in (left.tail, right.head))


class Pen(Protocol):
    """What a script asks of the printer: a box at a level of precedence, and products."""

    def at(self, box: Box, level: int) -> Box: ...
    def product(self, left: Box, right: Box, form: str) -> Box: ...


@dataclass(frozen=True, slots=True)
class Text:
    """One line of Unicode for the terminal."""

    names: Mapping[str, str]  # the TeX of names, used where Unicode has what it draws
    minus: str = MINUS
    dot: str = "·"
    hadamard: str = "∘"
    kron: str = "⊗"

    def number(self, node: Num) -> Box:
        word = unparse(node)
        minus, word = word.startswith("-"), word.removeprefix("-")
        if "/" in word or "*" in word or "+" in word:
            level = SUM if "+" in word else PRODUCT
            return Box(
                word,
                level,
                minus,
                head="d",
                tail="d",
                form="/" if level == PRODUCT else "",
                flat=word,
            )
        return Box(word, ATOM, minus, head="d", tail="d")

    def name(self, name: str) -> Box:
        drawn = tex_text(self.names[name]) if name in self.names else None
        symbol = read(name).symbol if drawn is None else not drawn[:2].isalpha() or len(drawn) == 1
        kind = "l" if symbol else "w"
        return Box(drawn or name_text(name), ATOM, head=kind, tail=kind)

    def ones(self) -> Box:
        """A vector of ones."""
        return Box("𝟏", ATOM, head="l", tail="l")

    def function(self, func: str, axis: str | None = None) -> str:
        word = TABLE[func].text or func
        return word if axis is None else word + (lowered(axis.replace(MINUS, "-")) or f"_{axis}")

    def partial(self, of: str, by: str) -> Box:
        above, below = self.name(of).body, self.name(by).body
        return Box(f"∂{above}/∂{below}", PRODUCT, head="l", tail="l", form="/")

    def slope(self, places: tuple[int, ...]) -> str:
        """∂₁∂₂ before a function that was differentiated by its first and its second argument."""
        counts = Counter(places).items()
        return "".join(f"∂{lowered(str(k))}{raised(str(n)) if n > 1 else ''}" for k, n in counts)

    def between(self, left: Box, right: Box, form: str) -> str:
        if dotted(left, right, form) or (right.head == "1" and left.tail == "d"):
            return " · "
        if left.tail == "d" and right.head == "l":
            return "·" if right.array or right.dot else ""
        return "" if right.head == "b" and left.tail in "dbs" else " "

    def factor(self, box: Box, pen: Pen) -> Box:
        """The left of a product: a fraction stands in brackets there."""
        return pen.at(box, ATOM) if box.form == "/" else box

    def bracket(self, inside: str, pair: str, tall: bool) -> Box:
        kind = "f" if pair in ("||", "‖‖") else "b"  # a space between |x| and |y|
        return Box(
            f"{pair[0]}{inside}{pair[1]}", ATOM, head=kind, tail=kind if kind == "f" else "b"
        )

    def apply(self, function: str, args: tuple[Box, ...], words: list[str] | None = None) -> Box:
        inside = ", ".join([arg.full for arg in args] + (words or []))
        return Box(f"{function}({inside})", ATOM, head="f")

    def fraction(self, top: Box, bottom: Box, pen: Pen) -> Box:
        minus, top = top.minus, replace(top, minus=False)
        top = pen.at(top, ATOM if top.form == "/" else PRODUCT)
        bottom = pen.at(bottom, POWER)
        body = top.body + (" / " if top.form in ("*", "@") else "/") + bottom.body
        return Box(body, PRODUCT, minus, head=top.head, tail=bottom.tail, form="/", dot=top.dot)

    def power(self, base: Box, exponent: Box, mark: str) -> Box:
        small = raised(exponent.full) if not mark else None
        if small is None:
            plain = exponent.level == ATOM and not exponent.minus
            small = f"^{mark}" + (exponent.full if plain else f"({exponent.full})")
        return Box(
            base.body + small, POWER, head=base.head, tail="l" if "^" in small else "s"
        )  # x^n (a + b)

    def postfix(self, base: Box, mark: str) -> Box:
        return Box(
            base.body + {"T": "ᵀ", "-1": "⁻¹", "-T": "⁻ᵀ"}[mark], POWER, head=base.head, tail="s"
        )

    def entry(self, base: Box, items: tuple[str, ...]) -> Box:
        """x_j, W_jk; W₁[j, k], x[0], x[1:] where a bare subscript would not be clear."""
        if base.head == base.tail == "l" and len(base.body) == 1 and _letters(items):
            return Box(f"{base.body}_{''.join(items)}", ATOM, head="l", tail="l")
        return Box(f"{base.body}[{', '.join(items)}]", ATOM, head=base.head, tail="s")

    def below(self, base: Box, word: str) -> Box:
        return replace(base, body=base.body + (lowered(word) or f"_{word}"), tail="s")

    def exp(self, arg: Box) -> Box:
        return self.apply("exp", (arg,))

    def root(self, arg: Box) -> Box:
        bare = arg.level == ATOM and not arg.minus and arg.head != "f"
        return Box(f"√{arg.body}" if bare else f"√({arg.full})", POWER, head="f", tail="s")

    def indicator(self, condition: str) -> Box:
        return Box(f"1[{condition}]", ATOM, head="1")

    def cases(self, condition: str, yes: str, no: str) -> Box:
        return Box(f"({yes} if {condition}, else {no})", ATOM)

    def compare(self, op: str) -> str:
        return {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(op, op)

    def big(self, func: str, indices: list[str], conditions: list[str]) -> str:
        words = [name_text(index) for index in indices]
        sign = {"sum": "Σ", "prod": "Π"}.get(func, func)
        small = [lowered(word) for word in words]
        if all(small) and not conditions:
            return sign + "".join(word or "" for word in small)
        under = ",".join(conditions or words)
        return f"{sign}_{under}" if len(under) == 1 else f"{sign}_{{{under.replace(' ', '')}}}"


_TEX_FUNCTIONS = {"det": r"\det", "max": r"\max", "min": r"\min", "logdet": r"\log\det"}
SHORT = 28  # characters of TeX that are still legible in an exponent


@dataclass(frozen=True, slots=True)
class Latex:
    """TeX that the amsmath and amssymb packages, MathJax and KaTeX draw."""

    names: Mapping[str, str]
    ranges: Mapping[str, Size]
    each: frozenset[str] = frozenset()  # names that carry the example index
    minus: str = "-"
    dot: str = r"\cdot"
    hadamard: str = r"\odot"
    kron: str = r"\otimes"

    def number(self, node: Num) -> Box:
        box = Text({}).number(node)
        body = box.body
        if box.form == "/":
            top, _, bottom = body.partition("/")
            return Box(rf"\frac{{{top}}}{{{bottom}}}", POWER, box.minus, tall=True, flat=body)
        if "e" in body:
            mantissa, _, power = body.partition("e")
            factor = "" if mantissa == "1" else mantissa + r" \cdot "
            return Box(
                f"{factor}10^{braced(power)}", PRODUCT if factor else POWER, box.minus, "d", "s"
            )
        return replace(box, body=body.replace("*", r" \cdot "), flat=None)

    def ones(self) -> Box:
        """A vector of ones."""
        return Box(r"\mathbf{1}", ATOM, head="l", tail="l")

    def name(self, name: str) -> Box:
        body = self.names.get(name) or name_latex(name)
        kind = "l" if read(name).symbol or name in self.names else "w"
        if name in self.each and self.ranges:
            index = "(" + ",".join(map(name_latex, self.ranges)) + ")"
            return Box(f"{body}^{{{index}}}", ATOM, head=kind, tail="s", above=index, stem=body)
        return Box(body, ATOM, head=kind, tail=kind)

    def function(self, func: str, axis: str | None = None) -> str:
        word = (
            TABLE[func].latex
            or _TEX_FUNCTIONS.get(func)
            or rf"\operatorname{{{func.replace('_', chr(92) + '_')}}}"
        )
        return word if axis is None else f"{word}_{braced(axis)}"

    def partial(self, of: str, by: str) -> Box:
        above, below = (self.names.get(name) or name_latex(name) for name in (of, by))
        return Box(rf"\frac{{\partial {above}}}{{\partial {below}}}", POWER, tall=True)

    def slope(self, places: tuple[int, ...]) -> str:
        """∂₁∂₂ before a function that was differentiated by its first and its second argument."""
        counts = Counter(places).items()
        return "".join(rf"\partial_{k}{f'^{n}' if n > 1 else ''} " for k, n in counts)

    def between(self, left: Box, right: Box, form: str) -> str:
        return r" \cdot " if dotted(left, right, form) else " "

    def factor(self, box: Box, pen: Pen) -> Box:
        return box

    def bracket(self, inside: str, pair: str, tall: bool) -> Box:
        left, right = {"||": (r"\lvert ", r" \rvert"), "‖‖": (r"\lVert ", r" \rVert")}.get(
            pair, (pair[0], pair[1])
        )
        if tall:
            left, right = rf"\left{left}", rf"\right{right.strip()}"
        return Box(f"{left}{inside}{right}", ATOM, tall=tall)

    def apply(self, function: str, args: tuple[Box, ...], words: list[str] | None = None) -> Box:
        inside = ", ".join(
            [arg.full for arg in args] + [rf"\text{{{word}}}" for word in words or []]
        )
        box = self.bracket(inside, "()", any(arg.tall for arg in args))
        return replace(box, body=function + box.body, head="f")

    def fraction(self, top: Box, bottom: Box, pen: Pen) -> Box:
        flat = None
        if (
            top.level >= POWER
            and bottom.level >= POWER
            and not top.tall
            and not bottom.tall
            and not bottom.minus
        ):
            flat = f"{top.body}/{bottom.body}"
        above, below = (
            r"\displaystyle " * (part.tall and not part.flat)
            + text  # or it is set too small for hats and subscripts
            for part, text in ((top, top.body), (bottom, bottom.full))
        )
        return Box(rf"\frac{{{above}}}{{{below}}}", POWER, top.minus, tall=True, flat=flat)

    def power(self, base: Box, exponent: Box, mark: str) -> Box:
        if base.above:  # no double superscripts
            base = self.bracket(base.body, "()", False)
        small = self.small(exponent)
        circle = r"\circ " if mark else ""
        return Box(
            f"{base.body}^{braced(circle + small)}", POWER, head=base.head, tail="s", tall=base.tall
        )

    def small(self, box: Box) -> str:
        """The box as an exponent, fractions with a slash."""
        return ("-" if box.minus else "") + (box.flat or box.body)

    def postfix(self, base: Box, mark: str) -> Box:
        sign = {"T": r"\top", "-1": "-1", "-T": r"-\top"}[mark]
        stem, over = (base.stem, base.above + sign) if base.above else (base.body, sign)
        return Box(f"{stem}^{{{over}}}", POWER, head=base.head, tail="s", tall=base.tall)

    def entry(self, base: Box, items: tuple[str, ...]) -> Box:
        joined = "".join(items) if _letters(items) else ",".join(items)
        if "_" in base.body or (base.level == ATOM and base.head == "f"):
            base = self.bracket(base.body, "[]", base.tall)
        if base.above:
            stem = f"{base.stem}_{braced(joined)}"
            return replace(base, body=f"{stem}^{{{base.above}}}", stem=stem)
        return Box(f"{base.body}_{braced(joined)}", ATOM, head=base.head, tail="l", tall=base.tall)

    def below(self, base: Box, word: str) -> Box:
        return replace(base, body=f"{base.body}_{braced(word)}", tail="s")

    def exp(self, arg: Box) -> Box:
        small = self.small(arg)
        if len(small) > SHORT or (arg.tall and arg.flat is None):
            return self.apply(r"\exp", (arg,))
        return Box(f"e^{braced(small)}", POWER, head="l", tail="s")

    def root(self, arg: Box) -> Box:
        return Box(rf"\sqrt{{{arg.full}}}", ATOM, tall=arg.tall)

    def indicator(self, condition: str) -> Box:
        box = self.bracket(condition, "[]", False)
        return replace(box, body=r"\mathbb{1}" + box.body, head="f")

    def cases(self, condition: str, yes: str, no: str) -> Box:
        body = (
            rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} "
            rf"\end{{cases}}"
        )
        return Box(body, OPEN, tall=True)

    def compare(self, op: str) -> str:
        return TABLE[SIGNS[op]].latex

    def big(self, func: str, indices: list[str], conditions: list[str]) -> str:
        words = [name_latex(index) for index in indices]
        sign = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}.get(
            func, rf"\operatorname{{{func}}}"
        )
        if (
            len(indices) == 1
            and indices[0] in self.ranges
            and not conditions
            and sign in (r"\sum", r"\prod")
        ):
            return f"{sign}_{{{words[0]}=1}}^{braced(size_latex(self.ranges[indices[0]]))}"
        return f"{sign}_{braced(','.join(conditions or words))}"


Script = Text | Latex


def _letters(items: tuple[str, ...]) -> bool:
    return all(len(item) == 1 and item.isalpha() for item in items)


def size_text(size: Size) -> str:
    """A symbolic size for the terminal: D_a₁, N − 1, 2 n m."""
    return _size(size, name_text, MINUS, "·")


def size_latex(size: Size) -> str:
    """A size in TeX."""
    return _size(size, name_latex, "-", r" \, ")


def _size(size: Size, name: Callable[[str], str], minus: str, times: str) -> str:
    out = ""
    for monomial, coefficient in sorted(size.terms, key=in_order):
        words = [name(word) for word in monomial]
        if abs(coefficient) != 1 or not words:
            words.insert(0, str(abs(coefficient)))
        sign = minus if coefficient < 0 else "+"
        out += (f" {sign} " if out else minus if coefficient < 0 else "") + times.join(words)
    return out or "0"
