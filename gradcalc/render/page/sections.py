"""The sections of an exercise's page as HTML: figure, walk, values, check, key. The script fills in
what changes; without it the statement, the figure and the key can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradcalc.language.formula_pieces import Line, Math
from gradcalc.language.parser import Name
from gradcalc.render import html, svg
from gradcalc.render.mathml import mathml
from gradcalc.report.blocks import Block, Heading, Paragraph, Printed, Table
from gradcalc.report.figure import Vertex
from gradcalc.report.page_model import PlayPage, Stage

DETAILS = ("brief", "normal", "full")
NARROW, FULL = 9.0, 24.0  # centimetres of the figure on a telephone, and on a desk
_STYLED = re.compile(r' style="[^"]*"')  # which the page's policy would refuse
# What the page's style says for all formulas.
_DISPLAYED = re.compile(r'<math><mstyle displaystyle="true">(.*?)</mstyle></math>')


def _section(kind: str, name: str, title: str, more: str = "") -> str:
    """The beginning of a section with its heading."""
    return f'<section class="{kind}"{more} aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'


def blocks(it: PlayPage, items: Sequence[Printed | Block]) -> Iterator[str]:
    """Blocks of a report; the page's style says what others say in place."""
    for block in items:
        for text in html.printed(block, it.names, 2):
            yield _lean(text)


def _line(it: PlayPage, line: Line) -> str:
    return _lean(html.inline(line, it.names))


def _lean(text: str) -> str:
    return _DISPLAYED.sub(r"<math>\1</math>", _STYLED.sub("", text))


def figure(it: PlayPage, prefix: str) -> Iterator[str]:
    """The figure for a desk and for a telephone, each node and wire with an id."""
    what = it.figure
    yield '<figure class="graph">'
    if not what.crowded:
        for kind, width in (("full", FULL), ("narrow", NARROW)):
            ids = f"{prefix}-{kind}"
            yield svg.drawn(what, it.sheet.words, width, kind, notes=False, prefix=ids)
    if what.notes:
        rows = r" \\ ".join(f"{mark.latex} &= {formula.latex}" for mark, formula in what.notes)
        drawn = mathml(rf"\begin{{aligned}}{rows}\end{{aligned}}")
        yield f'<div class="block" tabindex="0">{drawn}</div>'
    yield "</figure>"


def twin(it: PlayPage) -> Iterator[str]:
    """The figure as a table, with a button to the step of each value and gradient."""
    opened = " open" if it.figure.crowded else ""
    yield f'<details class="twin"{opened}><summary>The figure as a table</summary>'
    yield '<div class="block" tabindex="0"><table><thead><tr><th scope="col">Quantity</th>'
    yield '<th scope="col">From</th><th scope="col">Value</th><th scope="col">Gradient</th></tr>'
    yield "</thead><tbody>"
    vertices = it.figure.vertices
    into: dict[int, list[Vertex]] = {}
    for wire in it.figure.wires:
        into.setdefault(wire.target, []).append(vertices[wire.source])
    for number, vertex in enumerate(vertices):
        if vertex.name is None:
            continue
        sources = ", ".join(mathml(one.name.latex) for one in into.get(number, ()) if one.name)
        own = mathml(vertex.name.latex)
        yield (
            f'<tr data-of="{svg.escape(vertex.key)}"><th scope="row">{own}</th>'
            f"<td>{sources}</td>"
            f'<td class="value">{mathml(vertex.above.latex) if vertex.above else ""}</td>'
            '<td class="gradient"><span class="number"></span></td></tr>'
        )
    yield "</tbody></table></div></details>"


def walk(it: PlayPage, prefix: str) -> Iterator[str]:
    """The steps of the derivation, and what one goes through them with."""
    last = len(it.stages)
    yield _section("walk", f"{prefix}-walk", "Walk", " hidden")
    yield '<div class="bar" role="group" aria-label="Steps">'
    for name, sign, said in (
        ("first", "«", "First step"), ("back", "‹", "Back"),
        ("next", "›", "Next step"), ("last", "»", "To the end"),
    ):  # fmt: skip
        told = f'aria-label="{said}" title="{said}"'
        yield f'<button type="button" class="{name}" {told}>{sign}</button>'
    yield (
        f'<input type="range" class="at" min="1" max="{last}" value="1" aria-label="Step">'
        f'<span class="count">1 of {last}</span>'
    )
    yield (
        '<label class="pick">Detail <select class="detail"><option>brief</option>'
        "<option selected>normal</option><option>full</option></select></label>"
        '<label class="pick"><input type="checkbox" class="predict"> Predict</label></div>'
    )
    yield '<div class="steps" aria-live="polite">'
    for number, stage in enumerate(it.stages, 1):
        yield from _stage(it, stage, number, prefix)
    yield "</div></section>"


def _stage(it: PlayPage, stage: Stage, number: int, prefix: str) -> Iterator[str]:
    yield (
        f'<section class="step {stage.kind}" id="{prefix}-step-{number}" hidden>'
        f"<h3>{_line(it, stage.head)}</h3>"
    )
    written: list[Sequence[Block]] = []
    for detail, said in zip(DETAILS, (stage.brief, stage.normal, stage.full), strict=True):
        items = [block for block in said if not _repeats(block, stage.head)]
        if not items:
            continue
        if stage.kind == "forward" and detail != "brief":  # the formula always stands there
            items = [*stage.brief, *items]
        if items in written:  # at this detail it says no more
            continue
        written.append(items)
        text = "".join(blocks(it, items))
        yield f'<div class="{detail}">{text}</div>'
    if stage.total is not None:
        left = f'<span class="left">{_line(it, stage.written)}</span>'
        yield f'<p class="numbers">{left} <output></output></p>'
    yield "</section>"


def _repeats(block: Block, head: Line) -> bool:
    """Does a block say nothing, or only what the head of its step says?"""
    if isinstance(block, Table):
        return not any(cell for row in block.rows for cell in row)
    if not isinstance(block, Heading | Paragraph) or len(block.line) != 1:
        return False
    (said,) = block.line
    return isinstance(said, str) and (said.removesuffix(":"),) == tuple(head)


def values(it: PlayPage, prefix: str) -> Iterator[str]:
    """A box for each value that can be changed; the script puts the fields in."""
    yield _section("change", f"{prefix}-values", "Values", " hidden")
    walked = it.stages and "walk" in it.parts
    yield f"<p>Change a value: the figure {'and the steps follow' if walked else 'follows'}.</p>"
    yield '<div class="fields">'
    for field in it.fields:
        legend = f"<legend>{_line(it, field.written)}</legend>"
        yield f'<fieldset data-of="{svg.escape(field.name)}">{legend}</fieldset>'
    yield "</div>"
    yield '<p class="said" role="status"></p>'
    if it.variants:
        yield (
            '<p class="others"><button type="button" class="other">Other numbers</button> '
            '<span class="which" role="status"></span></p>'
        )
    yield '<p><button type="button" class="reset">Reset</button></p>'
    yield '<div class="nudge"></div></section>'


def questions(it: PlayPage, where: html.Where) -> Iterator[str]:
    """What is asked, where the page does not check."""
    yield '<section class="asked"><h2>Questions</h2><ol type="a">'
    for part in it.sheet.parts:
        yield f"<li>{_lean(html.asked(part, it.sheet, where))}</li>"
    yield "</ol></section>"


def check(it: PlayPage, prefix: str, where: html.Where) -> Iterator[str]:
    """A field for each question, with help of rising levels."""
    yield _section("check", f"{prefix}-check", "Check yourself")
    yield (
        '<p class="note">This page contains the answers: it is for practice, not for exams. '
        'What you type stays on this page.</p><ol class="parts" type="a">'
    )
    for number, (part, more) in enumerate(zip(it.sheet.parts, it.help, strict=True)):
        label = svg.escape(part.label)
        stage = "" if more.stage is None else f' data-stage="{more.stage}"'
        said = _lean(html.asked(part, it.sheet, where))
        yield f'<li class="question" data-number="{number}"{stage}><p>{said}</p>'
        yield (
            '<div class="try" hidden><input type="text" class="answer" '
            f'aria-label="Answer to {label}" '
            'autocomplete="off" autocapitalize="off" spellcheck="false" autocorrect="off">'
            '<button type="button" class="ask">Check</button>'
            '<button type="button" class="hint">Hint</button></div>'
            '<div class="echo"></div><div class="verdict" aria-live="polite"></div>'
        )
        yield '<div class="help" aria-live="polite">'
        for level, hint in enumerate(more.levels, 1):
            text = "".join(blocks(it, hint))
            yield f'<div class="level" hidden><p class="title">Hint {level}</p>{text}</div>'
        yield "</div></li>"
    yield '</ol><div class="copy" hidden>'
    yield '<button type="button" class="yaml">Copy my answers</button>'
    yield '<p class="said" role="status"></p></div></section>'


def key(it: PlayPage, where: html.Where) -> Iterator[str]:
    """All answers, closed at first; without a script they are all that the page knows."""
    if it.key is None:
        return
    yield '<details class="key"><summary>All answers</summary><ol type="a">'
    for part in it.key.parts:
        text = "".join(blocks(it, part.key))
        said = _lean(html.asked(part, it.sheet, where))
        yield f'<li>{said}<div class="solved">{text}</div></li>'
    yield "</ol></details>"


def letters(it: PlayPage) -> str:
    """How each name is written, for the script to copy."""
    shown = "".join(
        f'<span data-name="{svg.escape(name)}">{_line(it, (Math((Name(name),)),))}</span>'
        for name in sorted({*it.names.shapes, *it.names.latex, *it.names.partials, *it.sizes})
    )
    return f'<div class="letters" hidden>{shown}</div>'
