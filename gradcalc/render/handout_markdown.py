"""Handouts in Markdown for course pages and GitHub: $…$ for mathematics, the figure as an SVG file beside the page."""

from __future__ import annotations

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
from gradcalc.language.typography import for_terminal
from gradcalc.render.markdown import escape
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import Derived, Handout, Part, Said, Step, Summary, credits


def page(it: Handout, solution: bool, figure: str) -> str:
    """One exercise; `figure` is the name of its picture's file."""
    return "\n\n".join(part for part in _parts(it, solution, figure) if part) + "\n"


def _parts(it: Handout, solution: bool, figure: str) -> Iterator[str]:
    worth = f" ({it.points:g} points)" if it.points is not None else ""
    yield f"# {escape(' '.join(it.title.split()))}{worth}"
    yield from _blocks(it.statement)
    for given in it.given:
        yield _step(given)
    what = it.solved if solution else it.blank
    yield f"![{escape(what.description)}]({figure})"
    yield from _notes(what)
    for number, part in enumerate(it.parts, 1):
        yield f"{number}. {_ask(part)}"
        if solution:
            yield from (_indented(_step(step)) for step in part.key)
    if solution and it.summary:
        yield _table(it.summary)
    if said := credits(it):
        yield f"*{escape(said)}*"


def _notes(what: Picture) -> Iterator[str]:
    if what.notes:
        yield "; ".join(
            f"${tex(mark.latex)} = {tex(formula.latex)}$" for mark, formula in what.notes
        )


def tex(formula: str) -> str:
    """TeX between $: a < before a letter would begin HTML."""
    return formula.replace("<", r"\lt ").replace(">", r"\gt ")


def _ask(part: Part) -> str:
    worth = (
        f"({part.points:g} point{'' if part.points == 1 else 's'}) "
        if part.points is not None
        else ""
    )
    prompt = _inlines(part.prompt)
    return worth + (prompt + " " if prompt else "") + _said(part.ask)


def _said(said: Said) -> str:
    return "".join(
        escape(part) if isinstance(part, str) else f"${tex(part.latex)}$" for part in said
    )


def _step(step: Step) -> str:
    if isinstance(step, Derived):
        lines = r" \\ ".join(
            f"{tex(row.left.latex) if row.left else ''} &{tex(row.right.latex)}"
            for row in step.rows
        )
        return rf"$$\begin{{aligned}} {lines} \end{{aligned}}$$" if step.rows else ""
    return _said(step)


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" if line else "" for line in text.split("\n"))


def _table(it: Summary) -> str:
    head = "| " + " | ".join(map(escape, it.head)) + " |"
    lines = [head, "|" + " --- |" * len(it.head)]
    # | inside a formula would end its cell
    lines += [
        "| "
        + " | ".join(
            f"${tex(cell.latex).replace('|', chr(92) + 'vert ')}$" if cell else "" for cell in row
        )
        + " |"
        for row in it.rows
    ]
    return "\n".join(lines)


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(parts):
                yield _inlines(parts).strip()
            case Title(parts, level):
                yield "#" * min(level + 1, 6) + " " + _inlines(parts)
            case Listing(raw):
                text = for_terminal(raw, lines=True)
                fence = "`" * (
                    max((len(run) for run in text.split() if set(run) == {"`"}), default=0) + 3
                )
                yield f"{fence}\n{text}\n{fence}"
            case Items(items, ordered, start):
                for number, item in enumerate(items, start):
                    mark = f"{number}. " if ordered else "- "
                    body = "\n\n".join(_blocks(item)) or escape("")
                    yield mark + body.replace("\n", "\n" + " " * len(mark))


def _inlines(parts: Sequence[Inline]) -> str:
    out: list[str] = []
    for part in parts:
        match part:
            case Words(text):
                out.append(escape(text) if not out else escape("x" + text)[1:])
            case Formula(body, display):
                out.append(
                    f"\n\n$${tex(body)}$$\n\n" if display else f"${tex(body)}$" if body else ""
                )
            case Code(raw):
                text = for_terminal(raw)
                fence = "`" * (
                    max(
                        (len(run) for run in text.replace("`", " ` ").split() if run == "`"),
                        default=0,
                    )
                    + 1
                )
                out.append(f"{fence} {text} {fence}" if "`" in text else f"`{text}`")
            case Emphasis(inner, strong):
                mark = "**" if strong else "*"
                out.append(f"{mark}{_inlines(inner).strip()}{mark}")
            case Link(inner, url):
                out.append(f"[{_inlines(inner)}]({url})")
            case Break():
                out.append("  \n")
    return "".join(out)
