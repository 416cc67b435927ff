"""The page: an exercise that one can play with, as one HTML file that loads nothing.

    article(item, 1, practice)   ->  the part of one exercise
    page([article, …], …)        ->  the whole file

Formulas are MathML and made here; the script follows the numbers, walks, and checks what is typed.
Style and script are named by their hashes in the page's policy, so nothing else can run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcalc.language.formula_pieces import Line, Math
from gradcalc.language.parser import Name
from gradcalc.language.unparse import unparse
from gradcalc.render import html, svg
from gradcalc.render.mathml import mathml
from gradcalc.render.page.assets import digest, script, style
from gradcalc.render.page.computation import computation
from gradcalc.render.page.language import language, written
from gradcalc.report.blocks import Block, Printed
from gradcalc.report.figure import Vertex
from gradcalc.report.frame_words import direction
from gradcalc.report.handout_model import credits
from gradcalc.report.lines import text_math
from gradcalc.report.page_report import Edge, Field, Formula, PlayPage, Stage, Term

DETAILS = ("brief", "normal", "full")
NARROW, FULL = 9.0, 24.0  # centimetres of the figure on a telephone, and on a desk
_STYLED = re.compile(r' style="[^"]*"')  # which the page's policy would refuse
# What the page's style says for all formulas.
_DISPLAYED = re.compile(r'<math><mstyle displaystyle="true">(.*?)</mstyle></math>')


def page(articles: Sequence[str], titles: Sequence[str], lang: str) -> str:
    """The whole page; several exercises have a table of contents."""
    css, js = style(), script()
    policy = (
        f"default-src 'none'; script-src '{digest(js)}'; style-src '{digest(css)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = " ".join(titles[0].split()) if len(titles) == 1 else "Exercises"
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{svg.escape(lang)}" dir="{direction(lang)}">',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{svg.escape(title) or 'Exercise'}</title>",
        f"<style>{css}</style></head>",
        "<body>",
        "<main>",
        *_contents(titles),
        *articles,
        "</main>",
        f'<script type="application/json" id="language">{_json(language())}</script>',
        f"<script>{js}</script>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def _contents(titles: Sequence[str]) -> Iterator[str]:
    if len(titles) > 1:
        yield '<nav aria-label="Exercises"><ol>'
        for number, title in enumerate(titles, 1):
            yield f'<li><a href="#e{number}">{html.text(title)}</a></li>'
        yield "</ol></nav>"


def article(
    it: PlayPage,
    number: int,
    practice: Mapping[str, Any] | None = None,
    where: html.Where = lambda path: None,
) -> str:
    """One exercise of a page. `practice`: what "check yourself" needs, without which it is left
    out.
    """
    sheet, prefix = it.sheet, f"e{number}"
    parts = [
        f'<header><h1 dir="auto">{html.text(sheet.title)}</h1></header>',
        '<section class="statement">',
        *html.statement(sheet.statement, where),
        *_blocks(it, sheet.given),
        "</section>",
        '<div class="board">',
        *_figure(it, prefix),
        *(_walk(it, prefix) if it.stages and "walk" in it.parts else ()),
        "</div>",
        *_twin(it),
        *(_values(it, prefix) if it.fields and "values" in it.parts else ()),
        *(_check(it, prefix, where) if practice is not None else _questions(it, where)),
        *_key(it, where),
    ]
    if said := credits(sheet):
        parts.append(f'<footer dir="auto">{html.text(said)}</footer>')
    if practice is not None:
        parts.append(_letters(it))
    parts.append(f'<script type="application/json">{_json(_data(it, practice))}</script>')
    text = "\n".join(parts)
    return (
        f'<article class="play" id="{prefix}" lang="{svg.escape(sheet.lang)}" '
        f'dir="{direction(sheet.lang)}">\n{text}\n</article>'
    )


# ---- pieces


def _blocks(it: PlayPage, blocks: Sequence[Printed | Block], level: int = 2) -> Iterator[str]:
    for block in blocks:
        for text in html.printed(block, it.names, level):
            yield _lean(text)


def _line(it: PlayPage, line: Line) -> str:
    return _lean(html.inline(line, it.names))


def _lean(text: str) -> str:
    return _DISPLAYED.sub(r"<math>\1</math>", _STYLED.sub("", text))


def _figure(it: PlayPage, prefix: str) -> Iterator[str]:
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


def _twin(it: PlayPage) -> Iterator[str]:
    """The figure as a table, with a button to the step of each value and gradient."""
    opened = " open" if it.figure.crowded else ""
    yield f'<details class="twin"{opened}><summary>The figure as a table</summary>'
    yield '<div class="block" tabindex="0"><table><thead><tr><th scope="col">Quantity</th>'
    yield '<th scope="col">From</th><th scope="col">Value</th><th scope="col">Gradient</th></tr></thead><tbody>'
    vertices = it.figure.vertices
    into: dict[int, list[Vertex]] = {}
    for wire in it.figure.wires:
        into.setdefault(wire.target, []).append(vertices[wire.source])
    for number, vertex in enumerate(vertices):
        if vertex.name is None:
            continue
        sources = ", ".join(mathml(one.name.latex) for one in into.get(number, ()) if one.name)
        key = svg.escape(vertex.key)
        yield (
            f'<tr data-of="{key}"><th scope="row">{mathml(vertex.name.latex)}</th><td>{sources}</td>'
            f'<td class="value">{mathml(vertex.above.latex) if vertex.above else ""}</td>'
            '<td class="gradient"><span class="number"></span></td></tr>'
        )
    yield "</tbody></table></div></details>"


def _walk(it: PlayPage, prefix: str) -> Iterator[str]:
    last = len(it.stages)
    yield f'<section class="walk" hidden aria-labelledby="{prefix}-walk"><h2 id="{prefix}-walk">Walk</h2>'
    yield '<div class="bar" role="group" aria-label="Steps">'
    for name, sign, said in (
        ("first", "«", "First step"), ("back", "‹", "Back"),
        ("next", "›", "Next step"), ("last", "»", "To the end"),
    ):  # fmt: skip
        yield f'<button type="button" class="{name}" aria-label="{said}" title="{said}">{sign}</button>'
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
    for detail, blocks in zip(DETAILS, (stage.brief, stage.normal, stage.full), strict=True):
        if not blocks:
            continue
        if blocks in written:  # at this detail it says no more
            continue
        written.append(blocks)
        text = "".join(_blocks(it, blocks, 2))
        yield f'<div class="{detail}">{text}</div>'
    if stage.total is not None:
        yield f'<p class="numbers"><span class="left">{_line(it, stage.written)}</span> <output></output></p>'
    yield "</section>"


def _values(it: PlayPage, prefix: str) -> Iterator[str]:
    yield f'<section class="change" hidden aria-labelledby="{prefix}-values"><h2 id="{prefix}-values">Values</h2>'
    yield "<p>Change a value: every number on this page follows.</p>"
    yield '<div class="fields">'
    for field in it.fields:
        yield f'<fieldset data-of="{svg.escape(field.name)}"><legend>{_line(it, field.written)}</legend></fieldset>'
    yield "</div>"
    yield '<p class="said" role="status"></p>'
    if it.variants:
        yield (
            '<p class="others"><button type="button" class="other">Other numbers</button> '
            '<span class="which" role="status"></span></p>'
        )
    yield '<p><button type="button" class="reset">Reset</button></p>'
    yield '<div class="nudge"></div></section>'


def _questions(it: PlayPage, where: html.Where) -> Iterator[str]:
    """What is asked, where the page does not check."""
    yield '<section class="asked"><h2>Questions</h2><ol type="a">'
    for part in it.sheet.parts:
        yield f"<li>{_lean(html.asked(part, it.sheet, where))}</li>"
    yield "</ol></section>"


def _check(it: PlayPage, prefix: str, where: html.Where) -> Iterator[str]:
    yield f'<section class="check" aria-labelledby="{prefix}-check"><h2 id="{prefix}-check">Check yourself</h2>'
    yield (
        '<p class="note">This page contains the answers: it is for practice, not for exams. '
        'What you type stays on this page.</p><ol class="parts">'
    )
    for number, (part, more) in enumerate(zip(it.sheet.parts, it.help, strict=True)):
        label = svg.escape(part.label)
        stage = "" if more.stage is None else f' data-stage="{more.stage}"'
        yield f'<li class="question" data-number="{number}"{stage}><p>{_lean(html.asked(part, it.sheet, where))}</p>'
        yield (
            f'<div class="try" hidden><input type="text" class="answer" aria-label="Answer to {label}" '
            'autocomplete="off" autocapitalize="off" spellcheck="false" autocorrect="off">'
            '<button type="button" class="ask">Check</button>'
            '<button type="button" class="hint">Hint</button></div>'
            '<div class="echo"></div><div class="verdict" aria-live="polite"></div>'
        )
        yield '<div class="help" aria-live="polite">'
        for level, hint in enumerate(more.levels, 1):
            text = "".join(_blocks(it, hint, 2))
            yield f'<div class="level" hidden><p class="title">Hint {level}</p>{text}</div>'
        yield "</div></li>"
    yield '</ol><div class="copy" hidden><button type="button" class="yaml">Copy my answers</button>'
    yield '<p class="said" role="status"></p></div></section>'


def _key(it: PlayPage, where: html.Where) -> Iterator[str]:
    if it.key is None:
        return
    yield '<details class="key"><summary>All answers</summary><ol type="a">'
    for part in it.key.parts:
        text = "".join(_blocks(it, part.key, 2))
        yield f'<li>{_lean(html.asked(part, it.sheet, where))}<div class="solved">{text}</div></li>'
    yield "</ol></details>"


def _letters(it: PlayPage) -> str:
    """How each name is written, for the script to copy."""
    shown = "".join(
        f'<span data-name="{svg.escape(name)}">{_line(it, (Math((Name(name),)),))}</span>'
        for name in sorted({*it.names.shapes, *it.names.latex, *it.names.partials, *it.sizes})
    )
    return f'<div class="letters" hidden>{shown}</div>'


# ---- the data of the script


def _json(data: Any) -> str:
    """Data as it may stand in a page."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _data(it: PlayPage, practice: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {"digits": it.digits}
    if it.stages:
        found["stages"] = [_stage_data(stage) for stage in it.stages]
    if it.fields:
        found["fields"] = [_field_data(field) for field in it.fields]
        found["runs"] = [[_formula_data(one) for one in run.formulas] for run in it.runs]
        found["of"] = [run.name for run in it.runs]
        found["sizes"] = dict(it.sizes)
        if it.variants:
            found["variants"] = list(it.variants)
        found["kinks"] = [_edge_data(it, edge) for edge in it.edges]
    if practice is not None:
        found["practice"] = practice
    if it.fields or practice is not None:
        found["computation"] = computation(it.graph)
    return found


def _stage_data(stage: Stage) -> dict[str, Any]:
    return {
        "kind": stage.kind,
        "at": stage.at,
        "run": stage.run,
        "total": stage.total,
        "terms": [_term_data(term) for term in stage.terms],
        **({"plugged": unparse(stage.plugged)} if stage.plugged is not None else {}),
    }


def _term_data(term: Term) -> list[str | None]:
    return [*term.wire, term.upstream, term.local]


def _formula_data(one: Formula) -> dict[str, Any]:
    found: dict[str, Any] = {"key": one.key, "text": written(one.expr), "shape": list(one.lengths)}
    for name, value in (
        ("free", dict(one.free)),
        ("over", list(one.over)),
        ("stacked", one.stacked),
    ):
        if value:
            found[name] = value
    return found


def _edge_data(it: PlayPage, edge: Edge) -> dict[str, str]:
    quantity, zero = (
        text_math(Math((part,)), it.names) for part in (Name(edge.quantity), edge.expr)
    )
    said = f"At {zero} = 0 {quantity} has a kink: the gradient follows a convention there."
    return {"text": unparse(edge.expr), "said": said}


def _field_data(field: Field) -> dict[str, Any]:
    found = {"name": field.name, "value": field.value, "kind": field.kind, "assumed": field.assumed}
    if field.range is not None:
        found["range"] = field.range
    return found | ({"upstream": True} if field.upstream else {})
