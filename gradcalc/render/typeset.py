"""Formulas as runs of glyphs at places, for pictures: what mathml.py writes, laid out with the
widths of Times.

    typeset(r"\\frac{a}{b}")  ->  Set: its width, how far it reaches above and below the line, and
    runs, rules and boxes

Lengths are in ems of the formula's size. A question mark is a box to write in.
"""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from functools import lru_cache

from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.render.mathml import mathml

SCRIPT = 0.7  # size of an index beside its letter
LEAST = 0.7  # no glyph is smaller than this beside the formula's size
AXIS, RULE = 0.26, 0.045  # height of the line of a fraction, and how thick it is
BLANK = (3.4, 1.7)  # a box to write in: 12 mm by 6 mm at 10 points
# Widths of Times, in thousandths of an em: upright, then italic.
_UPRIGHT = {
    **dict.fromkeys("0123456789", 500),
    **dict.fromkeys("ijlt", 278),
    **dict.fromkeys("f", 333),
    **dict.fromkeys("rs", 361),
    **dict.fromkeys("acez", 444),
    **dict.fromkeys("bdghknopquvxy", 500),
    **dict.fromkeys("w", 722),
    **dict.fromkeys("m", 778),
    **dict.fromkeys("ABCDGHKNOQRUVXY", 722),
    **dict.fromkeys("EFLPSTZ", 600),
    **dict.fromkeys("MW", 900),
    **dict.fromkeys("IJ", 360),
    **dict.fromkeys(".,:;|'!", 260),
    **dict.fromkeys("()[]", 333),
    **dict.fromkeys("{}", 480),
    " ": 250,
    "/": 278,
    "-": 333,
    **dict.fromkeys("+−=<>×÷±≈≤≥≠·∘⊙", 564),
    "√": 550,
    "∂": 494,
    "∑": 713,
    "∏": 823,
    "⋯": 1000,
    "…": 1000,
    "⊤": 560,
    "′": 247,
}
_ITALIC = {
    **dict.fromkeys("ijlt", 300),
    **dict.fromkeys("frs", 400),
    **dict.fromkeys("acez", 450),
    **dict.fromkeys("bdghknopquvxy", 510),
    **dict.fromkeys("w", 690),
    **dict.fromkeys("m", 790),
    **dict.fromkeys("MW", 900),
    **dict.fromkeys("IJ", 450),
}
_TALL = frozenset("()[]{}|‖⟨⟩⌊⌋⌈⌉")


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs on one line from x on, y below the line of the formula; `wide`: what they take."""

    text: str
    x: float
    y: float
    size: float
    wide: float
    italic: bool = False
    stretch: float = 1.0  # taller than they are, for brackets


@dataclass(frozen=True, slots=True)
class Box:
    """A rule, or a frame: left, top, width and height."""

    x: float
    y: float
    width: float
    height: float
    frame: bool = False


@dataclass(frozen=True, slots=True)
class Set:
    """A formula laid out: runs of text and rules around a baseline, lengths in em."""

    width: float
    above: float
    below: float
    runs: tuple[Run, ...] = ()
    boxes: tuple[Box, ...] = ()

    @property
    def height(self) -> float:
        return self.above + self.below


EMPTY = Set(0.0, 0.0, 0.0)


@lru_cache(maxsize=4096)
def typeset(tex: str) -> Set:
    """The TeX of a label, without its $."""
    return _set(ET.fromstring(mathml(tex)), 1.0)


def words(text: str, size: float = 1.0) -> Set:
    """Text of the sheet's own words."""
    wide = _wide(text, False) * size
    return Set(wide, 0.7 * size, 0.22 * size, (Run(text, 0.0, 0.0, size, wide),))


def beside(parts: Sequence[Set], between: float = 0.0) -> Set:
    """Formulas side by side on one baseline, `between` em apart."""
    x = 0.0
    runs: list[Run] = []
    boxes: list[Box] = []
    above = max((part.above for part in parts), default=0.0)
    below = max((part.below for part in parts), default=0.0)
    for part in parts:
        moved = shifted(part, x, 0.0)
        runs += moved.runs
        boxes += moved.boxes
        x += part.width + between
    return Set(max(x - between, 0.0) if parts else 0.0, above, below, tuple(runs), tuple(boxes))


def shifted(part: Set, x: float, y: float) -> Set:
    """A formula moved by (x, y) em."""
    runs = tuple(
        Run(r.text, r.x + x, r.y + y, r.size, r.wide, r.italic, r.stretch) for r in part.runs
    )
    boxes = tuple(Box(b.x + x, b.y + y, b.width, b.height, b.frame) for b in part.boxes)
    return Set(part.width, part.above - y, part.below + y, runs, boxes)


def _over(width: float, parts: Sequence[Set]) -> Set:
    """Sets that are in their places already, as one."""
    above, below = max(p.above for p in parts), max(p.below for p in parts)
    runs = tuple(run for part in parts for run in part.runs)
    return Set(width, above, below, runs, tuple(box for part in parts for box in part.boxes))


def _wide(text: str, italic: bool) -> float:
    total = 0.0
    for char in text:
        base = unicodedata.normalize("NFD", char)[0]
        if unicodedata.combining(char):
            continue
        wide = unicodedata.east_asian_width(base) in "WF"
        table = _ITALIC if italic else _UPRIGHT
        total += 1000 if wide else table.get(base, _UPRIGHT.get(base, 540))
    return total / 1000


def _glyphs(text: str, size: float, italic: bool) -> Set:
    wide = _wide(text, italic) * size
    tall = (
        0.72
        if any(c.isupper() or c.isdigit() or c in "bdfhkltβδζθλξ()[]|∑∏√" for c in text)
        else 0.5
    )
    deep = 0.22 if any(c in "gjpqyQβγζημξρςφχψ()[]|,;" for c in text) else 0.04
    return Set(wide, tall * size, deep * size, (Run(text, 0.0, 0.0, size, wide, italic),))


def _set(node: ET.Element, size: float) -> Set:
    parts = list(node)
    match node.tag:
        case "math" | "mrow" | "mstyle" | "mtd":
            return _row(parts, size)
        case "mi":
            text = _plain(node.text or "")
            slanted = len(node.text or "") == 1 and node.get("mathvariant") != "normal"
            mathematical = (node.text or "") != text
            return _glyphs(text, size, (slanted or mathematical) and not text.isdigit())
        case "mn":
            return _glyphs(node.text or "", size, False)
        case "mtext":
            return _glyphs(node.text or "", size, False)
        case "mo":
            return _operator(node, size)
        case "mspace":
            return Set(
                max(float((node.get("width") or "0em").removesuffix("em")), 0.0) * size, 0, 0
            )
        case "mphantom":
            inner = _row(parts, size)
            return Set(inner.width, inner.above, inner.below)
        case "mfrac":
            return _fraction(_set(parts[0], size), _set(parts[1], size), size)
        case "msub" | "msup" | "msubsup":
            return _scripts(
                node.tag,
                [_set(parts[0], size), *(_set(p, _smaller(size)) for p in parts[1:])],
                size,
            )
        case "munder" | "mover" | "munderover":
            return _limits(node, parts, size)
        case "msqrt" | "mroot":
            return _root(_row(parts[:1] if node.tag == "mroot" else parts, size), size)
        case "mtable":
            return _table(parts, size)
    return _row(parts, size)


def _smaller(size: float) -> float:
    return max(size * SCRIPT, LEAST)


def _plain(text: str) -> str:
    """Letters of a mathematical alphabet as the letters they are."""
    return "".join(
        unicodedata.normalize("NFKC", char) if ord(char) > 0x1D3FF else char for char in text
    )


def _operator(node: ET.Element, size: float) -> Set:
    text = node.text or ""
    if text == "?":
        width, height = BLANK
        top = -AXIS * size - height / 2
        return Set(
            width,
            height / 2 + AXIS * size,
            height / 2 - AXIS * size,
            (),
            (Box(0, top, width, height, True),),
        )
    own = _glyphs(text, size, False)
    tight = (
        node.get("lspace") == "0"
        or node.get("form") in ("prefix", "postfix")
        or text in "()[]{}|/,.!′‖"
    )
    if text in ("∑", "∏"):
        big = _glyphs(text, size * 1.35, False)
        return Set(
            big.width + 0.22 * size,
            1.0 * size,
            0.35 * size,
            tuple(Run(r.text, 0, 0.22 * size, r.size, r.wide) for r in big.runs),
        )
    if tight:
        return own
    space = 0.22 * size if size > LEAST else 0.06
    return Set(own.width + 2 * space, own.above, own.below, shifted(own, space, 0).runs)


def _row(parts: Sequence[ET.Element], size: float) -> Set:
    sets = [_set(part, size) for part in parts]
    fences = [
        k
        for k, part in enumerate(parts)
        if part.tag == "mo"
        and part.get("stretchy") == "true"
        and (part.text or "") in _TALL
        and part.text
    ]
    if fences:
        inner = beside([one for k, one in enumerate(sets) if k not in fences])
        for k in fences:
            sets[k] = _stretched(sets[k], inner, size)
    return beside(sets)


def _stretched(fence: Set, inner: Set, size: float) -> Set:
    """A bracket as high as what it encloses."""
    need = max(inner.above - AXIS * size, inner.below + AXIS * size) * 2 + 0.1 * size
    factor = need / (0.94 * size)
    if factor <= 1.05:
        return fence
    run = fence.runs[0]
    # The middle of a bracket stands on the axis, however high it is.
    y = AXIS * size * (factor - 1)
    made = Run(run.text, run.x, y, run.size, run.wide, False, factor)
    return Set(fence.width, need / 2 + AXIS * size, need / 2 - AXIS * size, (made,))


def _fraction(top: Set, bottom: Set, size: float) -> Set:
    width = max(top.width, bottom.width) + 0.16 * size
    gap = 0.12 * size
    up = -(AXIS * size + gap + top.below)
    down = -AXIS * size + gap + bottom.above
    parts = (
        shifted(top, (width - top.width) / 2, up),
        shifted(bottom, (width - bottom.width) / 2, down),
        Set(width, 0, 0, (), (Box(0, -AXIS * size - RULE / 2, width, RULE),)),
    )
    made = _over(width, parts)
    return Set(
        width + 0.1 * size,
        made.above,
        made.below,
        shifted(made, 0.05 * size, 0).runs,
        shifted(made, 0.05 * size, 0).boxes,
    )


def _scripts(tag: str, sets: Sequence[Set], size: float) -> Set:
    base, *small = sets
    low = small[0] if tag != "msup" else None
    high = small[-1] if tag != "msub" else None
    x = base.width + 0.03 * size
    parts = [base]
    if high is not None:
        parts.append(shifted(high, x + 0.04 * size, -max(0.36 * size, base.above - 0.32 * size)))
    if low is not None:
        parts.append(shifted(low, x, max(0.16 * size, base.below * 0.8) + 0.04 * size))
    return _over(x + max(part.width for part in small) + 0.04 * size, parts)


def _limits(node: ET.Element, parts: Sequence[ET.Element], size: float) -> Set:
    base = _set(parts[0], size)
    if node.get("accent") == "true":
        mark = _ACCENTS.get(parts[1].text or "", parts[1].text or "")
        wide = _wide(mark, False) * size
        run = Run(
            mark, (base.width - wide) / 2 + 0.06 * size, -(base.above - 0.52 * size), size, wide
        )
        return Set(base.width, base.above + 0.2 * size, base.below, (*base.runs, run), base.boxes)
    if parts[0].get("movablelimits") and node.tag != "mover":
        tag = "msub" if node.tag == "munder" else "msubsup"
        return _scripts(tag, [base, *(_set(p, _smaller(size)) for p in parts[1:])], size)
    under = node.tag != "mover"
    sign = _set(parts[1], _smaller(size))
    if (parts[1].text or "") == "⏟":
        return Set(base.width, base.above, base.below + 0.1 * size, base.runs, base.boxes)
    width = max(base.width, sign.width)
    y = base.below + sign.above + 0.12 * size if under else -(base.above + sign.below + 0.12 * size)
    return _over(
        width,
        (shifted(base, (width - base.width) / 2, 0), shifted(sign, (width - sign.width) / 2, y)),
    )


_ACCENTS = {"^": "ˆ", "¯": "¯", "~": "˜", "˙": "˙", "→": "→"}


def _root(inner: Set, size: float) -> Set:
    sign = _glyphs("√", size, False)
    factor = max(1.0, (inner.height + 0.15 * size) / (0.9 * size))
    run = Run("√", 0, inner.below * 0.9, size, sign.width, False, factor)
    top = -(inner.above + 0.1 * size)
    made = shifted(inner, sign.width, 0)
    bar = Box(sign.width - 0.02 * size, top, inner.width + 0.06 * size, RULE)
    return Set(
        sign.width + inner.width + 0.08 * size,
        inner.above + 0.16 * size,
        inner.below + 0.05,
        (run, *made.runs),
        (bar, *made.boxes),
    )


def _table(rows: Sequence[ET.Element], size: float) -> Set:
    grid = [[_row(list(cell), size) for cell in row] for row in rows]
    columns = max(map(len, grid))
    widths = [
        max((row[k].width for row in grid if k < len(row)), default=0.0) for k in range(columns)
    ]
    heights = [
        (max(c.above for c in row) + 0.12 * size, max(c.below for c in row) + 0.12 * size)
        for row in grid
    ]
    total = sum(a + b for a, b in heights)
    y = -total / 2 - AXIS * size
    parts: list[Set] = []
    for row, (above, below) in zip(grid, heights, strict=True):
        x = 0.0
        for cell, width in zip(row, widths, strict=False):
            parts.append(shifted(cell, x + (width - cell.width) / 2, y + above))
            x += width + 0.8 * size
        y += above + below
    width = sum(widths) + 0.8 * size * (columns - 1)
    made = _over(width, parts) if parts else EMPTY
    return Set(width, total / 2 + AXIS * size, total / 2 - AXIS * size, made.runs, made.boxes)
