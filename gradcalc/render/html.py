"""Handouts and reports as HTML, for a browser to show or to print: no scripts, nothing loaded from
anywhere.

Formulas are MathML, figures are drawings in the page. Text from authors is escaped, links of theirs
are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gradcalc.exercise import markdown as md
from gradcalc.exercise.model import Space
from gradcalc.language.formula_pieces import Cell, Line, Math, Names
from gradcalc.language.typography import for_terminal
from gradcalc.render import svg
from gradcalc.render.mathml import mathml
from gradcalc.report.blocks import (
    Equations,
    Heading,
    Listed,
    Note,
    Paragraph,
    Printed,
    Report,
    Row,
    Table,
)
from gradcalc.report.figure import Picture
from gradcalc.report.frame_words import direction
from gradcalc.report.handout_model import Handout, Part, credits, points_said
from gradcalc.report.labels import equation
from gradcalc.report.lines import text_math
from gradcalc.report.paper_notation import paper_latex

WIDE = 26  # characters of a formula that always fit an answer in a window of 320 pixels
PAGE = 24.0  # centimetres of a page that can be written on
NARROW, FULL = 9.0, 18.5  # centimetres of a drawing for a telephone, and for a page

_STYLE = """
:root { color-scheme: light dark; --ink: #111; --paper: #fff; --key: #102c6e; --line: #8a8a8a; --fwd: #0a6e28; --back: #b41919; --param: #e4e4e4 }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #16181c; --key: #a8c4ff; --line: #8a8a8a; --fwd: #6fd68b; --back: #ff9a94; --param: #3a3d44 } }
html { background: var(--paper) }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1.0625rem/1.5 Georgia, 'Times New Roman', serif; color: var(--ink); overflow-wrap: break-word }
h1 { font-size: 1.3rem; line-height: 1.3 } h1 small { font-weight: normal; font-size: 1rem; white-space: nowrap }
h2, h3, h4, h5, h6 { font-size: 1.1rem; margin: 1.2rem 0 .4rem } footer { font-size: .9rem; margin: 1.5rem 0 }
main.several { counter-reset: exercise } main.several article { counter-increment: exercise }
main.several h1::before { content: counter(exercise) '. ' }
article + article { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: .5rem }
.top { display: flex; flex-wrap: wrap; gap: .3rem 2rem; border-bottom: 1px solid var(--line); padding-bottom: .6rem }
.top .field { flex: 1 1 16rem; display: flex; gap: .5rem } .top .field::after { content: ''; flex: 1; border-bottom: 1px solid currentColor }
ol.parts > li { margin: .9rem 0; padding-inline-start: .2rem } pre, .wide, .block { overflow-x: auto }
.wide { display: inline-block; max-width: 100%; vertical-align: middle } .block { margin: .6rem 0; padding: .1rem 0 }
.key { color: var(--key) } div.key { border-inline-start: 3px solid; padding-inline-start: .7rem; margin: .5rem 0 }
.key p, dd p { margin: .35rem 0 } dt { font-style: italic } dd { margin-inline-start: 1.2rem } .title { margin-bottom: .2rem }
.given { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; list-style: none; padding: 0; margin: .3rem 0 .8rem } .given li { max-width: 100%; overflow-x: auto }
table { border-collapse: collapse; margin: .6rem 0 } td, th { border: 1px solid var(--line); padding: .3rem .6rem; text-align: start }
.left { text-align: left } .center { text-align: center } .right { text-align: right } .display { display: block }
blockquote { margin: .6rem 0; padding-inline-start: 1rem; border-inline-start: 3px solid var(--line) }
img { max-width: 100%; height: auto } math { font-size: 1.08em } .boxed { border: 1px solid; padding: .2em }
figure { margin: 1rem 0; overflow-x: auto } figure svg { display: block; margin: 0 auto } figure .narrow { display: none }
figure svg .ink { fill: var(--ink) } figure svg .stroke { stroke: var(--ink) } figure svg .box { fill: var(--paper) }
figure svg .fwd { fill: var(--fwd) } figure svg .back { fill: var(--back) } figure svg .param { fill: var(--param) }
figure svg .ground { fill: var(--paper) }
.aligned > mtr > mtd { padding: .35em 0; text-align: left } .aligned > mtr > mtd:nth-child(odd) { text-align: right }
.cases > mtr > mtd { text-align: left }
@media (max-width: 44rem) { figure .full { display: none } figure .narrow { display: block } body { margin-top: 1rem } ol.parts { padding-inline-start: 1.4rem } }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --key: #102c6e; --fwd: #0a6e28; --back: #b41919; --param: #e4e4e4 }
  body { margin: 0; max-width: none; font-size: 11pt } article + article { border: 0; break-before: page } ol.parts > li, figure, .block { break-inside: avoid }
  h1, h2, h3, .title { break-after: avoid } figure .full { display: block } figure .narrow { display: none } .block, .wide, figure { overflow: visible } }
""".strip()
# The mark of a variant, at the foot of each printed page where the page holds that variant alone.
_MARK = """
.mark { font: .8rem monospace; margin: 1.5rem 0 0 }
@media print { main:not(.several) .mark { position: fixed; bottom: 0; margin: 0 } }"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

# Says where a picture of the author's is: an address, or None where it is not to be shown.
Where = Callable[[str], str | None]


def render(item: Handout, options: object = None) -> str:
    """One exercise as a page."""
    return page([article(item)], item.title, item.lang)


def join(parts: Sequence[str]) -> str:
    """Pages, one after the other."""
    return "\n".join(parts)


def page(articles: Sequence[str], title: str, lang: str) -> str:
    """The whole page."""
    several = ' class="several"' if len(articles) > 1 else ""
    marks = _MARK if any('<p class="mark">' in article for article in articles) else ""
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{svg.escape(lang)}" dir="{direction(lang)}">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{svg.escape(' '.join(title.split())) or 'Handout'}</title>",
        f"<style>\n{_STYLE}{marks}\n</style></head>",
        "<body>",
        f"<main{several}>",
    ]
    return "\n".join([*lines, *articles, "</main>", "</body>", "</html>", ""])


def article(it: Handout, where: Where = lambda path: None) -> str:
    """One exercise of a page; `where` says where the author's pictures are."""
    names = it.names
    worth = (
        f" <small>({text(points_said(it.points, it.words))})</small>"
        if it.points is not None
        else ""
    )
    parts = [
        *_top(it),
        f'<h1 dir="auto">{text(it.title)}{worth}</h1>',
        *statement(it.statement, where),
    ]
    parts += [line for block in it.given for line in printed(block, names)]
    parts += _figure(it)
    if it.parts:
        parts += [
            '<ol type="a" class="parts">',
            *(_part(part, it, where) for part in it.parts),
            "</ol>",
        ]
    if said := credits(it):
        parts.append(f'<footer dir="auto">{text(said)}</footer>')
    if it.mark:
        parts.append(f'<p class="mark">{text(it.mark)}</p>')
    return "\n".join([f'<article lang="{svg.escape(it.lang)}">', *parts, "</article>"])


def fragment(report: Report, drawing: str = "") -> str:
    """A report for a notebook: formulas as MathML, no scripts and no identifiers; `drawing`, an
    SVG, under its title.
    """
    parts: list[str] = []
    for block in report.blocks:
        parts += printed(block, report.names, 2)
        if drawing and isinstance(block, Heading):
            style = "max-width: 100%; overflow-x: auto"
            parts.append(f'<div style="{style}">{drawing}</div>')
            drawing = ""
    return "<div>" + "\n".join(parts) + "</div>"


def text(words: str) -> str:
    """Text as HTML prints it; what begins mathematics for a script of another page stands in an
    element of its own.
    """
    safe = svg.escape(for_terminal(words) if "\x1b" in words else words)
    for char in "\\$":
        safe = safe.replace(char, f"<span>{char}</span>")
    return safe


def _top(it: Handout) -> Iterator[str]:
    """Course, date, and what is to be filled in."""
    paper, said = it.paper, it.words
    form = f"{said.form} {paper.form}" if paper.form else ""
    known = [
        word for word in (paper.course, form, paper.date, said.key if it.key else None) if word
    ]
    fields = () if it.key else paper.fields or ()
    if known or fields:
        spans = [f"<span>{text(word)}</span>" for word in known]
        spans += [f'<span class="field">{text(name)}:</span>' for name in fields]
        yield f'<div class="top" dir="auto">{"".join(spans)}</div>'


# ---- blocks


def printed(block: Printed, names: Names, level: int = 1) -> Iterator[str]:
    """A block; a heading is `level` below its own."""
    match block:
        case Heading(line, own):
            at = min(own + level, 6)
            yield f"<h{at}>{inline(line, names)}</h{at}>"
        case Paragraph(line):
            ends = bool(line) and isinstance(line[-1], str) and line[-1].endswith((":", "："))
            yield f"<p{' class=' + chr(34) + 'title' + chr(34) if ends else ''}>{inline(line, names)}</p>"
        case Note(kind, line):
            lead = {"error": "<b>Error:</b> ", "warning": "<b>Warning:</b> "}.get(kind, "")
            yield f"<p>{lead}{inline(line, names)}</p>"
        case Equations(rows):
            yield _equations(rows, names)
        case Listed(title, items):
            shown = "".join(f"<li>{inline(item, names)}</li>" for item in items)
            yield f'<p class="title">{inline(title, names)}</p><ul class="given">{shown}</ul>'
        case Table(columns, rows, True):
            for row in rows:
                head = f"<p>{_cell(row[0], names)}</p>" if any(row[0]) and any(row[0][0]) else ""
                fields = "".join(
                    f"<dt>{text(column.title)}</dt><dd>{_cell(cell, names)}</dd>"
                    for column, cell in zip(columns[1:], row[1:], strict=True)
                    if cell
                )
                yield f"{head}<dl>{fields}</dl>"
        case Table(columns, rows):
            titles = "".join(f"<th>{text(column.title)}</th>" for column in columns)
            body = "".join(
                "<tr>" + "".join(f"<td>{_cell(cell, names)}</td>" for cell in row) + "</tr>"
                for row in rows
            )
            table = f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
            yield f'<div class="block" tabindex="0" style="overflow-x: auto">{table}</div>'


def _cell(cell: Cell, names: Names) -> str:
    return (
        "".join(f"<p>{inline(line, names)}</p>" for line in cell)
        if len(cell) > 1
        else inline(cell[0], names)
        if cell
        else ""
    )


def inline(line: Line, names: Names) -> str:
    """A line of words and formulas."""
    return "".join(
        _coded(part) if isinstance(part, str) else _formula(part, names) for part in line
    )


def _coded(words: str) -> str:
    """Words in which what stands between backticks is code."""
    parts = words.split("`")
    if len(parts) % 2 == 0:  # one stands alone
        return text(words)
    return "".join(
        f"<code>{text(part)}</code>" if number % 2 else text(part)
        for number, part in enumerate(parts)
    )


def _formula(part: Math, names: Names) -> str:
    drawn = mathml(r"\displaystyle " + paper_latex(part, names))
    if len(text_math(part, names)) <= WIDE:
        return drawn
    return (
        '<span class="wide" tabindex="0" style="display: inline-block; max-width: 100%; '
        f'overflow-x: auto">{drawn}</span>'
    )


def _equations(rows: Sequence[Row], names: Names) -> str:
    lines = []
    for row in rows:
        left, right = (_tex(part, names) for part in (row.left, row.right))
        lead = "" if right.startswith(("=", r"\approx")) else r"\quad "
        lines.append(f"{left} &{lead}{right}")
    body = r" \\ ".join(lines)
    drawn = mathml(rf"\begin{{aligned}}{body}\end{{aligned}}")
    return f'<div class="block" tabindex="0">{drawn}</div>'


def _tex(line: Line, names: Names) -> str:
    return "".join(rf"\text{{{p}}}" if isinstance(p, str) else paper_latex(p, names) for p in line)


def _figure(it: Handout) -> Iterator[str]:
    what = it.figure
    yield '<figure tabindex="0">'
    if what.crowded:
        yield _table(what)
    else:
        for kind, width in (("full", FULL), ("narrow", NARROW)):
            yield svg.drawn(what, it.words, width, kind, notes=False)
    yield "</figure>"
    if what.notes:
        lines = r" \\ ".join(line for note in what.notes for line in equation(*note))
        drawn = mathml(rf"\begin{{aligned}}{lines}\end{{aligned}}")
        yield f'<div class="block" tabindex="0">{drawn}</div>'


def _table(what: Picture) -> str:
    from gradcalc.report.figure_table import rows

    head, *lines = rows(what)
    titles = "".join(f"<th>{mathml(cell.latex)}</th>" for cell in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{mathml(cell.latex) if cell.latex else ''}</td>" for cell in row)
        + "</tr>"
        for row in lines
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def asked(part: Part, it: Handout, where: Where) -> str:
    """What is asked, with what it is worth."""
    worth = f"({text(points_said(part.points, it.words))}) " if part.points is not None else ""
    prompt = _inlines(part.prompt, where)
    return f"{worth}{prompt}{' ' * bool(prompt)}{inline(part.ask, it.names)}"


def _part(part: Part, it: Handout, where: Where) -> str:
    said = asked(part, it, where)
    if not it.key:
        return f'<li style="padding-bottom: {_room(part.room):g}cm">{said}</li>'
    answer = [line for block in part.key for line in printed(block, it.names)]
    return "\n".join([f"<li>{said}", '<div class="key">', *answer, "</div></li>"])


def _room(space: Space) -> float:
    return round(space.page * PAGE, 1) if space.page is not None else space.cm or 0.0


# ---- the author's words


def statement(blocks: Sequence[md.Block], where: Where) -> Iterator[str]:
    """What the author wrote."""
    before = 1
    for block in blocks:
        if isinstance(block, md.Title):  # no level of heading is left out
            before = min(block.level + 1, before + 1, 6)
            yield f'<h{before} dir="auto">{_inlines(block.parts, where)}</h{before}>'
        else:
            yield from _written(block, where)


def _written(block: md.Block, where: Where) -> Iterator[str]:
    match block:
        case md.Paragraph(parts):
            yield f'<p dir="auto">{_inlines(parts, where)}</p>'
        case md.Title(parts):
            yield f"<p><strong>{_inlines(parts, where)}</strong></p>"
        case md.Listing(lines):
            yield '<pre tabindex="0">' + "\n".join(map(text, lines.split("\n"))) + "</pre>"
        case md.Items(items, ordered, start):
            tag, first = ("ol", f' start="{start}"') if ordered else ("ul", "")
            shown = "".join(
                f"<li>{''.join(x for b in item for x in _written(b, where))}</li>" for item in items
            )
            yield f"<{tag}{first}>{shown}</{tag}>"
        case md.Quotation(inner):
            yield f"<blockquote>{''.join(x for b in inner for x in _written(b, where))}</blockquote>"
        case md.Table(aligned, rows):
            yield from _grid(aligned, rows, where)
        case md.Rule():
            yield "<hr>"


def _grid(
    aligned: Sequence[str], rows: Sequence[Sequence[Sequence[md.Inline]]], where: Where
) -> Iterator[str]:
    yield '<div class="block" tabindex="0"><table>'
    for number, row in enumerate(rows):
        tag = "td" if number else "th"
        cells = zip(row, aligned, strict=False)
        yield (
            "<tr>"
            + "".join(
                f'<{tag} class="{side}">{_inlines(cell, where)}</{tag}>' for cell, side in cells
            )
            + "</tr>"
        )
    yield "</table></div>"


def _inlines(parts: Sequence[md.Inline], where: Where) -> str:
    out = []
    for part in parts:
        match part:
            case md.Words(words):
                out.append(text(words))
            case md.Formula(tex, display):
                out.append(_author_formula(tex, display))
            case md.Code(words):
                out.append(f"<code>{text(words)}</code>")
            case md.Emphasis(inner, strong):
                tag = "strong" if strong else "em"
                out.append(f"<{tag}>{_inlines(inner, where)}</{tag}>")
            case md.Link(inner, url):
                said = _inlines(inner, where)
                out.append(
                    f"{said} (<code>{text(url)}</code>)" if said else f"<code>{text(url)}</code>"
                )
            case md.Image(path, alt):
                data = where(path)
                shown = (
                    f'<img alt="{svg.escape(alt)}" src="{svg.escape(data)}">'
                    if data
                    else f"[{text(alt or path)}]"
                )
                out.append(shown)
            case md.Break():
                out.append("<br>")
    return "".join(out)


def _author_formula(tex: str, display: bool) -> str:
    drawn = mathml(tex if display or r"\frac" not in tex else r"\displaystyle " + tex, display)
    if display:
        return f'<span class="wide display" tabindex="0">{drawn}</span>'
    return drawn if len(tex) <= 2 * WIDE else f'<span class="wide" tabindex="0">{drawn}</span>'
