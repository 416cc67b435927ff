"""The page: an exercise that one can play with, as one HTML file that loads nothing.

    article(item, 1, practice)   ->  the part of one exercise
    page([article, …], …)        ->  the whole file

Formulas are MathML and made here; the script follows the numbers, walks, and checks what is typed.
Style and script are named by their hashes in the page's policy, so nothing else can run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcalc.render import html, svg
from gradcalc.render.page.assets import digest, script, style
from gradcalc.render.page.data import json_text, page_data
from gradcalc.render.page.language import language
from gradcalc.render.page.sections import (
    blocks,
    check,
    figure,
    key,
    letters,
    questions,
    twin,
    values,
    walk,
)
from gradcalc.report.frame_words import direction
from gradcalc.report.handout_model import credits
from gradcalc.report.page_model import PlayPage


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
        f'<script type="application/json" id="language">{json_text(language())}</script>',
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
        *blocks(it, sheet.given),
        "</section>",
        '<div class="board">',
        *figure(it, prefix),
        *(walk(it, prefix) if it.stages and "walk" in it.parts else ()),
        "</div>",
        *twin(it),
        *(values(it, prefix) if it.fields and "values" in it.parts else ()),
        *(check(it, prefix, where) if practice is not None else questions(it, where)),
        *key(it, where),
    ]
    if said := credits(sheet):
        parts.append(f'<footer dir="auto">{html.text(said)}</footer>')
    if practice is not None:
        parts.append(letters(it))
    parts.append(f'<script type="application/json">{json_text(page_data(it, practice))}</script>')
    text = "\n".join(parts)
    return (
        f'<article class="play" id="{prefix}" lang="{svg.escape(sheet.lang)}" '
        f'dir="{direction(sheet.lang)}">\n{text}\n</article>'
    )
