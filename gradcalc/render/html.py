"""Handouts as one HTML page, for a browser to show or to print: no scripts, nothing loaded from anywhere.

Formulas are MathML, figures are pictures in the page. Text from authors is escaped, links of theirs are printed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence

from gradcalc.exercise.markdown import (
    Block,
    Break,
    Code,
    Emphasis,
    Formula,
    Inline,
    Items,
    Link,
    Listing,
    Paragraph,
    Title,
    Words,
)
from gradcalc.render import svg
from gradcalc.render.mathml import mathml
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import Derived, Handout, Part, Said, Step, Summary, credits

_STYLE = """
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.45 Georgia, 'Times New Roman', serif; color: #111 }
h1 { font-size: 1.25rem } h1 small { float: right; font-weight: normal } footer { font-size: .85rem; margin: 1.5rem 0 }
img { max-width: 100%; display: block; margin: 1rem auto } article + article { border-top: 1px solid #999; margin-top: 2.5rem }
.room, .block { break-inside: avoid } li { margin: .6rem 0 } pre { overflow-x: auto }
.key { color: #102c6e } div.key { border-left: 3px solid; padding-left: .7rem; margin: .5rem 0 } .key p { margin: .3rem 0 }
table { border-collapse: collapse } td, th { border: 1px solid #999; padding: .3rem .6rem; text-align: left }
math { font-size: 1.05em } .block { margin: .5rem 0; overflow-x: auto } .boxed { border: 1px solid; padding: .2em }
.aligned > mtr > mtd { padding: .35em 0; text-align: left } .aligned > mtr > mtd:nth-child(odd) { text-align: right }
.cases > mtr > mtd { text-align: left }
@media print { body { margin: 0; max-width: none } article + article { border: 0; break-before: page } }
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(articles: Sequence[str]) -> str:
    """The whole file."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        "<title>Handout</title>",
        f"<style>\n{_STYLE}\n</style></head>",
        "<body>",
    ]
    return "\n".join([*lines, *articles, "</body>", "</html>", ""])


def article(it: Handout, solution: bool) -> str:
    """One handout as an <article>; `solution` adds the answers."""
    worth = (
        f" <small>({it.points:g} point{'' if it.points == 1 else 's'})</small>"
        if it.points is not None
        else ""
    )
    parts = [f"<h1>{text(it.title)}{worth}</h1>", *_blocks(it.statement), *map(_step, it.given)]
    parts += _figure(it.solved if solution else it.blank)
    if it.parts:
        parts += ['<ol type="a">', *(_part(part, solution) for part in it.parts), "</ol>"]
    if solution and it.summary:
        parts.append(_table(it.summary))
    if said := credits(it):
        parts.append(f"<footer>{text(said)}</footer>")
    return "\n".join(["<article>", *parts, "</article>"])


def text(words: str) -> str:
    """Text as HTML prints it; what begins mathematics for a script of another page stands in an element of its own."""
    safe = svg.escape(words)
    for char in "\\$":
        safe = safe.replace(char, f"<span>{char}</span>")
    return safe


def _figure(what: Picture) -> Iterator[str]:
    data = b64encode(svg.draw(what).encode()).decode()
    yield f'<img alt="{svg.escape(what.description)}" src="data:image/svg+xml;base64,{data}">'


def _part(part: Part, solution: bool) -> str:
    worth = (
        f"({part.points:g} point{'' if part.points == 1 else 's'}) "
        if part.points is not None
        else ""
    )
    prompt = _inlines(part.prompt)
    asked = f"{worth}{prompt}{' ' * bool(prompt)}{_said(part.ask)}"
    if not solution:
        return f'<li class="room" style="padding-bottom: {part.room:g}cm">{asked}</li>'
    return "\n".join([f"<li>{asked}", '<div class="key">', *map(_step, part.key), "</div></li>"])


def _said(said: Said) -> str:
    return "".join(text(part) if isinstance(part, str) else mathml(part.latex) for part in said)


def _step(step: Step) -> str:
    if isinstance(step, Derived):
        rows = r" \\ ".join(
            f"{row.left.latex if row.left else ''} &{row.right.latex}" for row in step.rows
        )
        tex = rf"\begin{{aligned}}{rows}\end{{aligned}}"
        return f'<div class="block">{mathml(tex)}</div>' if step.rows else ""
    return f"<p>{_said(step)}</p>"


def _table(it: Summary) -> str:
    head = "".join(f"<th>{text(title)}</th>" for title in it.head)
    rows = (
        f"<tr>{''.join(f'<td>{mathml(cell.latex) if cell else str()}</td>' for cell in row)}</tr>"
        for row in it.rows
    )
    return "\n".join(['<table class="key">', f"<tr>{head}</tr>", *rows, "</table>"])


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(parts):
                yield f"<p>{_inlines(parts)}</p>"
            case Title(parts, level):
                yield f"<h{min(level + 1, 6)}>{_inlines(parts)}</h{min(level + 1, 6)}>"
            case Listing(lines):
                yield "<pre>" + "\n".join(map(text, lines.split("\n"))) + "</pre>"
            case Items(items, ordered, start):
                tag, first = ("ol", f' start="{start}"') if ordered else ("ul", "")
                yield (
                    f"<{tag}{first}>"
                    + "".join(f"<li>{''.join(_blocks(item))}</li>" for item in items)
                    + f"</{tag}>"
                )


def _inlines(parts: Sequence[Inline]) -> str:
    out = []
    for part in parts:
        match part:
            case Words(words):
                out.append(text(words))
            case Formula(tex, display):
                out.append(mathml(tex, display))
            case Code(words):
                out.append(f"<code>{text(words)}</code>")
            case Emphasis(inner, strong):
                tag = "strong" if strong else "em"
                out.append(f"<{tag}>{_inlines(inner)}</{tag}>")
            case Link(inner, url):
                said = _inlines(inner)
                out.append(
                    f"{said} (<code>{text(url)}</code>)" if said else f"<code>{text(url)}</code>"
                )
            case Break():
                out.append("<br>")
    return "".join(out)
