"""The graph as SVG: one self-contained picture with title and description. Colour is never the only sign."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from gradcalc.derivation.answer_model import Solution
from gradcalc.report.figure import Picture, Sheet, picture
from gradcalc.report.figure_layout import Box, Drawing, Metrics, lay_out
from gradcalc.report.frame_words import EN, Words
from gradcalc.report.labels import Label

SCALE = 44.0  # pixels to a unit
MARGIN = 14.0
LINE = 22.0  # of the legend and the notes
GREEN, RED, GREY = "#0a7d2c", "#c41e1e", "#666666"
FONT = "'DejaVu Sans', 'Segoe UI Symbol', 'Cambria Math', Arial, sans-serif"
METRICS = Metrics(character=0.2, pad=0.26)


def render(item: Solution | Picture, options: object = None) -> str:
    """A picture as an SVG document."""
    return draw(item if isinstance(item, Picture) else picture(item, Sheet()))


def join(parts: list[str]) -> str:
    return "\n".join(parts)


def draw(what: Picture) -> str:
    if what.crowded:
        return _document(what, *_listing(what))
    drawing = lay_out(what, METRICS)
    body = list(_wires(what, drawing))
    for vertex, box in zip(what.vertices, drawing.boxes, strict=True):
        body += _vertex(vertex.kind, vertex.label, box)
        body += _labels(
            vertex.above, vertex.below, box, stub=vertex.kind != "constant" or bool(vertex.above)
        )
    foot = drawing.height * SCALE + SCALE * 0.75
    below = list(_legend(what, foot))
    return _document(
        what,
        body + below,
        max(
            drawing.width * SCALE,
            _width(_legend_text(what)),
            *(_width(f"{a.text} = {b.text}") for a, b in what.notes),
        ),
        foot + LINE * (1 + len(what.notes)),
    )


def drawn(what: Picture, said: Words = EN, width: float = 18.5, kind: str = "") -> str:
    return draw(what)


def escape(text: str) -> str:
    """Text as it may stand in XML, in an element or between quotes; what does not print becomes U+FFFD."""
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


def _document(what: Picture, body: list[str], width: float, height: float) -> str:
    wide, high = _n(width + 2 * MARGIN), _n(height + 2 * MARGIN)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        f'aria-labelledby="title desc" font-family="{FONT}" font-size="14">'
    )
    lines = [
        head,
        f'<title id="title">{escape(what.title)}</title>',
        f'<desc id="desc">{escape(what.description)}</desc>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0.5 L8 4 L0 7.5 z" fill="#222222"/></marker></defs>',
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
        f'<g transform="translate({_n(MARGIN)} {_n(MARGIN)})">',
        *body,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _x(value: float) -> float:
    return value * SCALE


def _y(value: float) -> float:
    return (value + 0.62) * SCALE


def _width(text: str) -> float:
    return METRICS.width(text) * SCALE


def _text(
    x: float, y: float, label: str, color: str, size: float = 14, anchor: str = "middle"
) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{_n(size)}" fill="{color}">{escape(label)}</text>'


def _wires(what: Picture, drawing: Drawing) -> Iterator[str]:
    branching = {
        wire.source
        for k, wire in enumerate(what.wires)
        if any(o.source == wire.source for o in what.wires[:k])
    }
    for wire, points in zip(what.wires, drawing.paths, strict=True):
        corners = " ".join(f"{_n(_x(x))},{_n(_y(y))}" for x, y in points)
        yield f'<polyline points="{corners}" fill="none" stroke="#222222" stroke-width="1.2" stroke-linejoin="round" marker-end="url(#arrow)"/>'
        if wire.share:
            x, y = drawing.boxes[wire.target].left, points[-1][1]
            yield _text(_x(x) - 12, _y(y) + 12, wire.share.text, RED, 11, "end")
    for source in sorted(branching):
        box = drawing.boxes[source]
        yield f'<circle cx="{_n(_x(box.end))}" cy="{_n(_y(box.y))}" r="2.6" fill="#222222"/>'


def _vertex(kind: str, label: Label, box: Box) -> Iterator[str]:
    x, y, w, h = _x(box.left), _y(box.y - box.height / 2), box.width * SCALE, box.height * SCALE
    if kind != "constant":
        round_ = min(w, h) / 2 if kind == "gate" and w <= h + 0.5 else 9 if kind == "gate" else 0
        fill = "#e4e4e4" if kind == "parameter" else "#ffffff"
        yield (
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(round_)}" fill="{fill}" stroke="#222222" '
            f'stroke-width="1.3"/>'
        )
    yield _text(_x(box.x), _y(box.y) + 5, label.text, "#111111")


def _labels(above: Label | None, below: Label | None, box: Box, stub: bool) -> Iterator[str]:
    if stub and box.end > box.right:
        yield f'<line x1="{_n(_x(box.right))}" y1="{_n(_y(box.y))}" x2="{_n(_x(box.end))}" y2="{_n(_y(box.y))}" stroke="#222222" stroke-width="1.2"/>'
    if above:
        yield _text(_x(box.right) + 6, _y(box.y) - 6, above.text, GREEN, 13, "start")
    if below:
        yield _text(_x(box.right) + 6, _y(box.y) + 16, below.text, RED, 13, "start")


def _legend_text(what: Picture) -> str:
    return (
        f"above the wire: forward   below: gradient of {what.of.text}"
        + "      input   parameter" * ("parameter" in what.kinds)
    )


def _legend(what: Picture, top: float) -> Iterator[str]:
    y = top + 8
    first, second = "above the wire: forward", f"below: gradient of {what.of.text}"
    yield _text(0, y, first, GREEN, 12, "start")
    x = _width(first) * 0.9 + 16
    yield _text(x, y, second, RED, 12, "start")
    if "parameter" in what.kinds:
        x += _width(second) * 0.9 + 16
        for word, fill in (("input", "#ffffff"), ("parameter", "#e4e4e4")):
            yield f'<rect x="{_n(x)}" y="{_n(y - 10)}" width="11" height="11" fill="{fill}" stroke="#222222"/>'
            yield _text(x + 16, y, word, GREY, 12, "start")
            x += _width(word) * 0.9 + 30
    for k, (mark, formula) in enumerate(what.notes):
        yield _text(0, y + LINE * (k + 1), f"{mark.text} = {formula.text}", "#111111", 13, "start")


def _listing(what: Picture) -> tuple[list[str], float, float]:
    """A table in place of a drawing that nobody could read."""
    from gradcalc.report.figure_table import rows

    head, *lines = rows(what)
    widths = [max(_width(row[k].text) for row in (head, *lines)) + 14 for k in range(len(head))]
    body = []
    for number, row in enumerate((head, *lines)):
        x = 0.0
        for cell, width in zip(row, widths, strict=True):
            body.append(
                _text(
                    x, 16 + LINE * number, cell.text, GREY if not number else "#111111", 13, "start"
                )
            )
            x += width
    return body, sum(widths), LINE * (len(lines) + 1)
