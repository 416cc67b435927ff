"""The graph as a plain TikZ picture, for a handout or to be \\input. No libraries; colours are given where they are used."""

from __future__ import annotations

from collections.abc import Iterator

from gradcalc.derivation.answer_model import Solution
from gradcalc.report.figure import Picture, Sheet, picture
from gradcalc.report.figure_layout import Box, Drawing, Metrics, lay_out
from gradcalc.report.frame_words import EN, Words
from gradcalc.report.labels import Label

METRICS = Metrics(
    character=0.148,
    pad=0.2,
    box=0.56,
    row=1.15,
    lane=0.64,
    channel=0.4,
    spread=0.04,
    port=0.2,
    script=0.8,
)
HEAD = "% needs: \\usepackage{amsmath,amssymb,graphicx,tikz}; with babel also \\usetikzlibrary{babel}\n"
COLORS = "\\definecolor{forward}{RGB}{10,125,44}\\definecolor{backward}{RGB}{196,30,30}\\definecolor{parameter}{gray}{0.88}"
INDICATOR = r"\providecommand{\indicator}{\mathrm{1\mkern-4.2mu l}}"


def render(item: Solution | Picture, options: object = None) -> str:
    """A figure that stands alone in a document of the user's."""
    return (
        HEAD
        + COLORS
        + "%\n"
        + INDICATOR
        + "%\n"
        + draw(item if isinstance(item, Picture) else picture(item, Sheet()))
    )


def join(parts: list[str]) -> str:
    return "\n".join(parts)


def math(tex: str) -> str:
    r"""TeX of a formula between $; the indicator is drawn by a macro, for fonts have no blackboard 1."""
    return f"${indicator(tex)}$"


def indicator(tex: str) -> str:
    return tex.replace(r"\mathbb{1}", r"\indicator ")


def draw(what: Picture) -> str:
    """The picture, and below it what its marks stand for; a table where it would be crowded."""
    if what.crowded:
        return table(what)
    drawing = lay_out(what, METRICS)
    lines = [
        r"\begin{tikzpicture}[x=1cm, y=-1cm, font=\footnotesize, inner sep=1pt, line width=0.5pt, >=stealth]",
        *_wires(what, drawing),
    ]
    for vertex, box in zip(what.vertices, drawing.boxes, strict=True):
        lines += _vertex(vertex.kind, vertex.label, box)
        lines += _labels(vertex.above, vertex.below, box)
    lines += _legend(what, drawing)
    lines.append(r"\end{tikzpicture}")
    return "\n".join(lines) + "\n"


def bands(what: Picture, said: Words = EN) -> list[str]:
    """The parts of a picture, one under another."""
    return [draw(what)]


def _n(value: float) -> str:
    return (
        f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0")
        if abs(value) < 0.005
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )


def _at(x: float, y: float) -> str:
    return f"({_n(x)}, {_n(y)})"


def _wires(what: Picture, drawing: Drawing) -> Iterator[str]:
    branching = {
        wire.source
        for k, wire in enumerate(what.wires)
        if any(o.source == wire.source for o in what.wires[:k])
    }
    for wire, points in zip(what.wires, drawing.paths, strict=True):
        corners = " -- ".join(_at(x, y) for x, y in points)
        yield rf"\draw[->] {corners};"
        if wire.share:
            x, y = drawing.boxes[wire.target].left, points[-1][1]
            yield rf"\node[below left, backward, font=\scriptsize] at {_at(x - 0.12, y + 0.02)} {{{math(wire.share.latex)}}};"
    for source in sorted(branching):
        yield rf"\fill {_at(drawing.boxes[source].end, drawing.boxes[source].y)} circle[radius=1.4pt];"


def _vertex(kind: str, label: Label, box: Box) -> Iterator[str]:
    if kind != "constant":
        corner = (
            f"{_n(min(box.height / 2, 0.18))}cm"
            if box.width > box.height + 0.01
            else f"{_n(box.width / 2)}cm"
        )
        style = "fill=parameter" if kind == "parameter" else "fill=white"
        if kind == "gate":
            style += f", rounded corners={corner}"
        low, high = _at(box.left, box.y - box.height / 2), _at(box.right, box.y + box.height / 2)
        round_gate = kind == "gate" and box.width <= box.height + 0.01
        shape = (
            f"{_at(box.x, box.y)} circle[radius={_n(box.width / 2)}cm]"
            if round_gate
            else f"{low} rectangle {high}"
        )
        yield rf"\draw[{'fill=white' if round_gate else style}] {shape};"
    yield rf"\node at {_at(box.x, box.y)} {{{math(label.latex)}}};"


def _labels(above: Label | None, below: Label | None, box: Box) -> Iterator[str]:
    if box.end > box.right:
        yield rf"\draw {_at(box.right, box.y)} -- {_at(box.end, box.y)};"
    if above:
        yield rf"\node[above right, forward] at {_at(box.right + 0.06, box.y)} {{{math(above.latex)}}};"
    if below:
        yield rf"\node[below right, backward] at {_at(box.right + 0.06, box.y)} {{{math(below.latex)}}};"


def _legend(what: Picture, drawing: Drawing) -> Iterator[str]:
    y = drawing.height + 0.3
    text = rf"\textcolor{{forward}}{{above the wire: forward}}\quad \textcolor{{backward}}{{below: gradient of {math(what.of.latex)}}}"
    if "parameter" in what.kinds:
        box = r"\fboxsep=0pt\fboxrule=0.4pt"
        text += rf"\quad {{{box}\fbox{{\rule{{0pt}}{{1ex}}\rule{{1ex}}{{0pt}}}}}} input"
        text += rf"\quad {{{box}\fcolorbox{{black}}{{parameter}}{{\rule{{0pt}}{{1ex}}\rule{{1ex}}{{0pt}}}}}} parameter"
    yield rf"\node[below right, font=\scriptsize, inner sep=0pt] at {_at(0, y)} {{{text}}};"


def notes(what: Picture) -> Iterator[str]:
    """What marks in the picture stand for, as formulas."""
    for mark, formula in what.notes:
        yield indicator(f"{mark.latex} = {formula.latex}")


def table(what: Picture) -> str:
    from gradcalc.report.figure_table import rows

    head, *lines = rows(what)
    out = [
        r"\begin{longtable}{rllll}",
        r"\hline",
        " & ".join(math(cell.latex) for cell in head) + r" \\ \hline \endhead",
    ]
    for row in lines:
        out.append(" & ".join(math(cell.latex) if cell.latex else "" for cell in row) + r" \\")
    return "\n".join([*out, r"\hline", r"\end{longtable}"]) + "\n"


def document(what: Picture, preamble: str = "") -> str:
    """The picture as a document that compiles by itself, cut to its size; a crowded one as a page."""
    cls = (
        r"\documentclass[a4paper]{article}"
        if what.crowded
        else r"\documentclass[border=4pt]{standalone}"
    )
    packages = r"\usepackage[T1]{fontenc}\usepackage{lmodern,amsmath,amssymb,graphicx,longtable,xcolor,tikz}\usetikzlibrary{babel}"
    lines = [
        cls,
        packages,
        preamble.replace("\\begin{document}", "").rstrip(),
        COLORS,
        INDICATOR,
        r"\begin{document}",
    ]
    return (
        "\n".join([*(line for line in lines if line), draw(what).rstrip(), r"\end{document}"])
        + "\n"
    )
