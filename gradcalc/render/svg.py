"""The graph as SVG: one self-contained picture with title and description. Colour is never the only
sign.

Formulas are runs of glyphs at their places, so that the picture is right where no MathML is drawn.
A picture that is wider than paper, or than a telephone, goes on in rows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from gradcalc.language.fast_dataclasses import replace
from gradcalc.render.drawing import EM, bands, branching
from gradcalc.render.typeset import Set, beside, typeset, words
from gradcalc.report.figure import Picture, Vertex
from gradcalc.report.figure_folding import Band
from gradcalc.report.figure_layout import Box
from gradcalc.report.frame_words import EN, Words
from gradcalc.report.labels import equation

CM = 96 / 2.54  # pixels of a centimetre
SIZE = EM * CM  # pixels of an em: 10 points
MARGIN = 12.0
LINE = 24.0  # of the legend and the notes
BETWEEN = 22.0  # between the rows of a folded picture
COLORS = {"ink": "#111111", "fwd": "#0a6e28", "back": "#b41919"}
FONT = (
    "'Times New Roman', 'Liberation Serif', 'Nimbus Roman', 'STIX Two Text', Times, 'DejaVu "
    "Serif', serif"
)
SLACK = 1.04


def render(item: Picture, options: object = None) -> str:
    """A picture as an SVG document."""
    return draw(item)


def join(parts: list[str]) -> str:
    """Pictures, one after the other."""
    return "\n".join(parts)


def draw(what: Picture, said: Words = EN) -> str:
    """A picture as the text of an SVG file."""
    return drawn(what, said) + "\n"


def drawn(
    what: Picture,
    said: Words = EN,
    width: float | None = None,
    kind: str = "",
    notes: bool = True,
    prefix: str = "",
) -> str:
    """An svg element; `width` in centimetres is what it may take, `kind` its class; without
    `notes` what its marks stand for is said elsewhere. With a `prefix` every node and every wire
    is a group of its own whose id begins so.
    """
    if what.crowded:
        body, wide, high = _listing(what, said)
        return _element(what, body, wide, high, kind)
    parts = bands(what, SLACK) if width is None else bands(what, SLACK, width - 2 * MARGIN / CM)
    body, y, wide = [], 0.0, 0.0
    for number, band in enumerate(parts):
        body.append(f'<g transform="translate(0 {_n(y)})">')
        body += _band(band, f"{prefix}-{number}" if prefix else "")
        body.append("</g>")
        y += band.drawing.height * CM + BETWEEN
        wide = max(wide, band.drawing.width * CM)
    what = what if notes else replace(what, notes=())
    limit = max(wide, (width or 0) * CM - 2 * MARGIN)
    foot, high, most = _foot(what, said, y, limit)
    return _element(what, body + foot, max(wide, most), high, kind)


def escape(text: str) -> str:
    """Text as it may stand in XML, in an element or between quotes; what does not print becomes
    U+FFFD.
    """
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    safe = "".join(
        " " if char in "\n\t\r" else "\ufffd" if unicodedata.category(char) in hidden else char
        for char in text
    )
    for char, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("'", "&#39;"),
    ):
        safe = safe.replace(char, entity)
    return safe


def kept(text: str) -> str:
    """A text whose spaces at the ends are kept: a viewer would drop plain ones."""
    inside = text.strip(" ")
    before, _, behind = text.partition(inside) if inside else (text, "", "")
    return before.replace(" ", "\u00a0") + inside + behind.replace(" ", "\u00a0")


def _element(what: Picture, body: list[str], width: float, height: float, kind: str) -> str:
    wide, high = _n(width + 2 * MARGIN), _n(height + 2 * MARGIN)
    named = f' class="{kind}"' if kind else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg"{named} width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" '
        f'role="img" aria-label="{escape(what.description)}" font-family="{FONT}">'
    )
    lines = [
        head,
        f"<title>{escape(what.title)}</title>",
        f"<desc>{escape(what.description)}</desc>",
        f'<rect class="ground" width="{wide}" height="{high}" fill="#ffffff"/>',
        f'<g transform="translate({_n(MARGIN)} {_n(MARGIN)})">',
        *body,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines)


def _n(value: float) -> str:
    return (
        f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0")
        if abs(value) < 0.05
        else f"{value:.1f}".rstrip("0").rstrip(".")
    )


def _put(made: Set, x: float, y: float, color: str, size: float = SIZE) -> Iterator[str]:
    """A formula with its line at y, from x on."""
    for run in made.runs:
        slant = ' font-style="italic"' if run.italic else ""
        place = f'x="{_n(x + run.x * size)}" y="{_n(y + run.y * size)}"'
        if run.stretch > 1.05:
            across = (
                f"translate({_n(x + run.x * size)} {_n(y + run.y * size)}) scale(1 "
                f"{run.stretch:.2f})"
            )
            place = f'transform="{across}"'
        length = (
            f' textLength="{_n(run.wide * size)}" lengthAdjust="spacingAndGlyphs"'
            if len(run.text) > 1
            else ""
        )
        yield (
            f'<text class="{color}" {place} font-size="{_n(run.size * size)}"{slant} '
            f'fill="{COLORS[color]}"{length}>'
            f"{escape(kept(run.text))}</text>"
        )
    for box in made.boxes:
        place = (
            f'x="{_n(x + box.x * size)}" y="{_n(y + box.y * size)}" width="{_n(box.width * size)}"'
        )
        if box.frame:
            yield (
                f'<rect class="stroke box" {place} height="{_n(box.height * size)}" '
                'fill="#ffffff" stroke="#111111"/>'
            )
        else:
            yield (
                f'<rect class="{color}" {place} height="{max(box.height * size, 0.8):.1f}" '
                f'fill="{COLORS[color]}"/>'
            )


def _middle(made: Set, x: float, y: float, color: str) -> Iterator[str]:
    """A formula whose middle is at a point."""
    across = made.width * SIZE / 2
    yield from _put(made, x - across, y + (made.above - made.below) * SIZE / 2, color)


# ---- a row


def _band(band: Band, prefix: str) -> Iterator[str]:
    shown, drawing = band.picture, band.drawing
    yield from _wires(band, prefix)
    for number, (vertex, box) in enumerate(zip(shown.vertices, drawing.boxes, strict=True)):
        if prefix:
            yield f'<g id="{prefix}-node-{number}" class="node"{_of(vertex)}>'
        yield from _vertex(vertex, box)
        yield from _labels(vertex, box)
        if prefix:
            yield "</g>"


def _of(vertex: Vertex) -> str:
    return f' data-of="{escape(vertex.key)}"'


def _wires(band: Band, prefix: str) -> Iterator[str]:
    shown, drawing = band.picture, band.drawing
    for number, (wire, points) in enumerate(zip(shown.wires, drawing.paths, strict=True)):
        if prefix:
            start, end = shown.vertices[wire.source], shown.vertices[wire.target]
            ends = end.key if end.kind != "to" else ""
            yield (
                f'<g id="{prefix}-wire-{number}" class="wire" data-from="{escape(start.key)}" '
                f'data-to="{escape(ends)}">'
            )
        *before, (x, y) = [(x * CM, y * CM) for x, y in points]
        corners = " ".join(f"{_n(a)},{_n(b)}" for a, b in (*before, (x - 5, y)))
        yield (
            f'<polyline class="stroke" points="{corners}" fill="none" stroke="#111111" '
            'stroke-width="1.2" '
            'stroke-linejoin="round"/>'
        )
        head = (
            f"{_n(x)},{_n(y)} {_n(x - 7)},{_n(y - 3.4)} {_n(x - 5.4)},{_n(y)} "
            f"{_n(x - 7)},{_n(y + 3.4)}"
        )
        yield f'<polygon class="ink" points="{head}" fill="#111111"/>'
        if wire.share:
            made = typeset(wire.share.latex)
            left = drawing.boxes[wire.target].left * CM - 8 - made.width * SIZE
            yield from _put(made, left, y + 3 + made.above * SIZE, "back")
        if prefix:
            yield "</g>"
    for source in branching(shown):
        box = drawing.boxes[source]
        yield (
            f'<circle class="ink" cx="{_n(box.end * CM)}" cy="{_n(box.y * CM)}" r="2.6" '
            'fill="#111111"/>'
        )


def _vertex(vertex: Vertex, box: Box) -> Iterator[str]:
    if vertex.kind != "constant":
        round_gate = vertex.kind == "gate" and box.width <= box.height + 0.01
        corner = (
            box.width * CM / 2
            if round_gate
            else 7
            if vertex.kind == "gate"
            else 3
            if vertex.kind in ("from", "to")
            else 0
        )
        fill, color = ("param", "#e4e4e4") if vertex.kind == "parameter" else ("box", "#ffffff")
        dashed = ' stroke-dasharray="3 2.5"' if vertex.kind in ("from", "to") else ""
        place = f'x="{_n(box.left * CM)}" y="{_n((box.y - box.height / 2) * CM)}"'
        size = f'width="{_n(box.width * CM)}" height="{_n(box.height * CM)}" rx="{_n(corner)}"'
        yield (
            f'<rect class="stroke {fill}" {place} {size} fill="{color}" stroke="#111111" '
            f'stroke-width="1.2"{dashed}/>'
        )
    yield from _middle(typeset(vertex.label.latex), box.x * CM, box.y * CM, "ink")


def _labels(vertex: Vertex, box: Box) -> Iterator[str]:
    x, y, end = box.right * CM, box.y * CM, box.end * CM
    if end > x + 0.5 and vertex.kind != "to":
        yield (
            f'<line class="stroke" x1="{_n(x)}" y1="{_n(y)}" x2="{_n(end)}" y2="{_n(y)}" '
            'stroke="#111111" stroke-width="1.2"/>'
        )
    if vertex.above:
        made = typeset(vertex.above.latex)
        base = y - 3 - made.below * SIZE
        yield from _label(vertex, "value", x + 5, base, made, "fwd")
    if vertex.below and not vertex.passes:
        made = typeset(vertex.below.latex)
        yield from _put(made, x + 5, y + 3 + made.above * SIZE, "back")
    for number, label in enumerate(vertex.passes):
        if label is not None:
            made = typeset(label.latex)
            base = y + 3 + made.above * SIZE
            yield from _label(vertex, f"gradient run-{number}", x + 5, base, made, "back")


def _label(vertex: Vertex, kind: str, x: float, y: float, made: Set, color: str) -> Iterator[str]:
    """A label on a wire; in a figure to play with in a group that knows where its number goes:
    behind the name, which is the first `data-keep` runs.
    """
    if not vertex.key:
        yield from _put(made, x, y, color)
        return
    keep, at = 0, x
    name = vertex.name
    if kind == "value" and vertex.kind == "gate" and name is not None:
        own = typeset(f"{name.latex} = ")
        keep, at = len(own.runs), x + own.width * SIZE
    yield (
        f'<g class="{kind}" data-of="{escape(vertex.key)}" data-keep="{keep}" '
        f'data-x="{_n(at)}" data-y="{_n(y)}">'
    )
    yield from _put(made, x, y, color)
    yield "</g>"


# ---- below the drawing


def _foot(what: Picture, said: Words, top: float, limit: float) -> tuple[list[str], float, float]:
    """Legend and notes, each on a line of its own where the width asks for it; how far they
    reach.
    """
    before, _, after = said.below.partition("{}")
    below = beside([words(before), typeset(what.of.latex), *([words(after)] if after else [])])
    entries: list[tuple[Set, str, str | None]] = [
        (words(said.above_shape if what.shapes else said.above), "fwd", None),
        (below, "back", None),
    ]
    if "parameter" in what.kinds:
        entries += [(words(said.leaf), "ink", "box"), (words(said.parameter), "ink", "param")]
    body: list[str] = []
    x, y, most = 0.0, top, 0.0
    for made, color, sample in entries:
        wide = made.width * SIZE + (16 if sample else 0)
        if x and x + wide > max(limit, 200):
            x, y = 0.0, y + LINE
        if sample:
            fill = "#e4e4e4" if sample == "param" else "#ffffff"
            body.append(
                f'<rect class="stroke {sample}" x="{_n(x)}" y="{_n(y - 10)}" width="11" '
                f'height="11" fill="{fill}" stroke="#111111"/>'
            )
        body += _put(made, x + (16 if sample else 0), y, color)
        most = max(most, x + wide)
        x += wide + 18
    for line in (line for note in what.notes for line in equation(*note)):
        made = typeset(line.replace("&", "", 1))
        left = 2 * SIZE if line.startswith("&") else 0.0
        y += max(LINE, (made.above + 0.5) * SIZE)
        body += _put(made, left, y, "ink")
        y += max(0.0, made.below - 0.2) * SIZE
        most = max(most, left + made.width * SIZE)
    return body, y + 8, most


def _listing(what: Picture, said: Words) -> tuple[list[str], float, float]:
    """A table in place of a drawing that nobody could read."""
    from gradcalc.report.figure_table import rows

    _, *lines = rows(what)
    cells = [
        [words(word) for word in said.head],
        *([typeset(c.latex) if c.latex else words("") for c in row] for row in lines),
    ]
    widths = [max(row[k].width for row in cells) * SIZE + 18 for k in range(len(said.head))]
    body: list[str] = []
    y = 0.0
    for row in cells:
        above, below = max(cell.above for cell in row), max(cell.below for cell in row)
        y += max(LINE * 0.7, above * SIZE) + 4
        x = 0.0
        for cell, width in zip(row, widths, strict=True):
            body += _put(cell, x, y, "ink")
            x += width
        y += below * SIZE + 2
    return body, sum(widths), y
