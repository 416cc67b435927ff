"""The graph as plain TikZ pictures, for a handout or to be \\input. No libraries; colours are given
where they are used.

TeX measures: a vertex is a node as large as its label asks, and wires end at its border. Labels are
set at 10 points and never made smaller; a picture that is wider than paper is several, one under
another.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.exercise.tex import escape
from gradcalc.render.drawing import PAPER, branching
from gradcalc.render.drawing import bands as folded
from gradcalc.report.figure import Picture, Vertex
from gradcalc.report.figure_folding import Band
from gradcalc.report.figure_layout import Box
from gradcalc.report.frame_words import EN, Words
from gradcalc.report.labels import equation

SLACK = 1.08  # letters of Computer Modern beside those of Times
HEAD = (
    "% needs: \\usepackage{amsmath,amssymb,graphicx,tikz}; with babel also "
    "\\usetikzlibrary{babel}\n"
)
COLORS = "\\definecolor{forward}{RGB}{10,110,40}\\definecolor{backward}{RGB}{180,25,25}\\definecolor{parameter}{gray}{0.88}"
INDICATOR = r"\providecommand{\indicator}{\mathrm{1\mkern-4.2mu l}}"
# A box of 12 by 6 mm to write in, its middle on the axis of the formula.
BLANK = r"\providecommand{\gradcalcblank}{\vcenter{\hbox{\fboxsep=0pt\fboxrule=0.5pt\fbox{\rule{0pt}{6mm}\rule{12mm}{0pt}}}}}"
SIZES = r"\DeclareMathSizes{10}{10}{7}{7}"


def render(item: Picture, options: object = None) -> str:
    """A figure that stands alone in a document of the user's."""
    head = f"{HEAD}{COLORS}%\n{INDICATOR}%\n{BLANK}%\n"
    return head + "\\par\\medskip\n".join(bands(item))


def join(parts: list[str]) -> str:
    """Figures, one after the other."""
    return "\n".join(parts)


def math(tex: str) -> str:
    r"""TeX of a formula between $; the indicator is drawn by a macro, for fonts have no
    blackboard 1.
    """
    return f"${indicator(tex)}$"


def indicator(tex: str) -> str:
    """TeX with the indicator 𝟏 in a form that every installation can print."""
    return tex.replace(r"\mathbb{1}", r"\indicator ")


def blanked(tex: str) -> str:
    """A label, its question mark a box to write in."""
    return math(tex.replace("?", r"\gradcalcblank "))


def bands(what: Picture, said: Words = EN, width: float = PAPER) -> list[str]:
    """The parts of a picture, one under another, at most so many centimetres wide; a table where
    it would be crowded.
    """
    if what.crowded:
        return [table(what, said)]
    parts = folded(what, SLACK, width)
    return [_band(band, what, said, band is parts[-1]) for band in parts]


def draw(what: Picture, said: Words = EN) -> str:
    """A picture as TikZ, its bands one below the other."""
    return "\\par\\medskip\n".join(bands(what, said))


def _band(band: Band, whole: Picture, said: Words, last: bool) -> str:
    shown, drawing = band.picture, band.drawing
    lines = [
        r"{\fontsize{10}{12}\selectfont%",
        r"\begin{tikzpicture}[x=1cm, y=-1cm, inner sep=1pt, line width=0.5pt, >=stealth]",
    ]
    for number, (vertex, box) in enumerate(zip(shown.vertices, drawing.boxes, strict=True)):
        lines.append(_vertex(number, vertex, box))
    lines += _wires(band)
    for vertex, box in zip(shown.vertices, drawing.boxes, strict=True):
        lines += _labels(vertex, box)
    if last:
        lines += _legend(whole, drawing.height, said)
    lines += [r"\end{tikzpicture}}"]
    return "\n".join(lines) + "\n"


def _n(value: float) -> str:
    return (
        f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0")
        if abs(value) < 0.005
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )


def _at(x: float, y: float) -> str:
    return f"({_n(x)}, {_n(y)})"


def _round(vertex: Vertex, box: Box) -> bool:
    return vertex.kind == "gate" and box.width <= box.height + 0.01


def _vertex(number: int, vertex: Vertex, box: Box) -> str:
    size = f"minimum width={_n(box.width)}cm, minimum height={_n(box.height)}cm"
    if vertex.kind == "constant":
        style = "inner sep=2pt"
    elif vertex.kind in ("from", "to"):
        style = f"draw, dashed, rounded corners=2pt, {size}"
    elif _round(vertex, box):
        style = f"draw, circle, inner sep=0pt, minimum size={_n(box.width)}cm"
    else:
        corner = (
            f", rounded corners={_n(min(box.height / 2, 0.18))}cm" if vertex.kind == "gate" else ""
        )
        fill = ", fill=parameter" if vertex.kind == "parameter" else ""
        style = f"draw, {size}{corner}{fill}"
    return rf"\node[{style}] (v{number}) at {_at(box.x, box.y)} {{{math(vertex.label.latex)}}};"


def _wires(band: Band) -> Iterator[str]:
    shown, drawing = band.picture, band.drawing
    for wire, points in zip(shown.wires, drawing.paths, strict=True):
        target = drawing.boxes[wire.target]
        port = points[-1][1] - target.y
        corners = " -- ".join(_at(x, y) for x, y in points[:-1])
        end = (
            f"(v{wire.target}.west)"
            if abs(port) < 0.005
            else f"([yshift={_n(-port)}cm]v{wire.target}.west)"
        )
        if _round(shown.vertices[wire.target], target) and abs(port) >= 0.005:
            end = _at(*points[-1])
        yield rf"\draw[->] {corners} -- {end};"
        if wire.share:
            at = _at(target.left - 0.14, points[-1][1] + 0.03)
            yield (
                rf"\node[below left, backward, inner sep=1.5pt] at {at} "
                rf"{{{blanked(wire.share.latex)}}};"
            )
    for source in branching(shown):
        box = drawing.boxes[source]
        yield rf"\fill {_at(box.end, box.y)} circle[radius=1.4pt];"


def _labels(vertex: Vertex, box: Box) -> Iterator[str]:
    number = _at(box.right, box.y)
    if box.end > box.right and vertex.kind != "to":
        yield rf"\draw {number} -- {_at(box.end, box.y)};"
    for label, side, color in (
        (vertex.above, "above right", "forward"),
        (vertex.below, "below right", "backward"),
    ):
        if label:
            place = _at(box.right + 0.08, box.y)
            yield rf"\node[{side}, {color}, inner sep=2pt] at {place} {{{blanked(label.latex)}}};"


def _legend(what: Picture, height: float, said: Words) -> Iterator[str]:
    before, _, after = said.below.partition("{}")
    below = f"{escape(before)}{math(what.of.latex)}{escape(after)}"
    above = escape(said.above_shape if what.shapes else said.above)
    text = rf"\textcolor{{forward}}{{{above}}}\quad \textcolor{{backward}}{{{below}}}"
    if "parameter" in what.kinds:
        box = r"\fboxsep=0pt\fboxrule=0.4pt"
        text += (
            rf"\quad {{{box}\fbox{{\rule{{0pt}}{{1ex}}\rule{{1ex}}{{0pt}}}}}} {escape(said.leaf)}"
        )
        text += (
            r"\quad "
            rf"{{{box}\fcolorbox{{black}}{{parameter}}{{\rule{{0pt}}{{1ex}}\rule{{1ex}}{{0pt}}}}}} {escape(said.parameter)}"
        )
    yield (
        rf"\node[below right, inner sep=0pt] at {_at(0, height + 0.25)} "
        rf"{{\fontsize{{9}}{{11}}\selectfont {text}}};"
    )


def notes(what: Picture) -> Iterator[str]:
    """What marks in the picture stand for: formulas, those of several lines aligned."""
    for mark, formula in what.notes:
        if formula.broken:
            lines = r" \\ ".join(equation(mark, formula))
            yield indicator(rf"\begin{{aligned}}{lines}\end{{aligned}}")
        else:
            yield indicator(f"{mark.latex} = {formula.latex}")


def table(what: Picture, said: Words = EN) -> str:
    """A picture that is too large to draw, as a table of its vertices."""
    from gradcalc.report.figure_table import rows

    _, *lines = rows(what)
    out = [
        r"\begin{longtable}{rllll}",
        r"\hline",
        " & ".join(map(escape, said.head)) + r" \\ \hline \endhead",
    ]
    for row in lines:
        out.append(" & ".join(blanked(cell.latex) if cell.latex else "" for cell in row) + r" \\")
    return "\n".join([*out, r"\hline", r"\end{longtable}"]) + "\n"


def document(what: Picture, preamble: str = "") -> str:
    """The picture as a document that compiles by itself, cut to its size; a crowded one as a
    page.
    """
    cls = (
        r"\documentclass[a4paper]{article}"
        if what.crowded
        else r"\documentclass[border=4pt,varwidth=20cm]{standalone}"
    )
    packages = r"\usepackage[T1]{fontenc}\usepackage{lmodern,amsmath,amssymb,graphicx,longtable,xcolor,tikz}\usetikzlibrary{babel}"
    lines = [
        cls,
        packages,
        preamble.replace("\\begin{document}", "").rstrip(),
        COLORS,
        INDICATOR,
        BLANK,
        SIZES,
        r"\begin{document}",
    ]
    return (
        "\n".join([*(line for line in lines if line), draw(what).rstrip(), r"\end{document}"])
        + "\n"
    )
