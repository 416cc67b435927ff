"""Handouts in Markdown for course pages: $…$ for mathematics, the figure as an SVG file beside the
page.

flavour "github": formulas as GitHub reads them, in $`…`$ and blocks of code called math, where no
sign of Markdown in them is taken for one, and without \\operatorname, which it does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gradcalc.exercise import markdown as md
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.formula_pieces import Cell, Line, Names
from gradcalc.language.typography import for_terminal
from gradcalc.render.markdown import escape
from gradcalc.report.blocks import Equations, Heading, Listed, Note, Paragraph, Printed, Row, Table
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import Handout, Part, credits, points_said
from gradcalc.report.paper_notation import paper_latex

FLAVOURS = ("plain", "github")


def page(it: Handout, figure: str, flavour: str = "plain") -> str:
    """One exercise; `figure` is the name of its picture's file."""
    return _Writer(it, flavour).page(figure)


def tex(formula: str) -> str:
    """TeX between $: a < before a letter would begin HTML."""
    return formula.replace("<", r"\lt ").replace(">", r"\gt ")


@dataclass(frozen=True, slots=True)
class _Writer:
    it: Handout
    flavour: str

    def page(self, figure: str) -> str:
        return "\n\n".join(part for part in self.parts(figure) if part) + "\n"

    def parts(self, figure: str) -> Iterator[str]:
        it = self.it
        worth = f" ({points_said(it.points, it.words)})" if it.points is not None else ""
        paper = it.paper
        known = [paper.course, f"{it.words.form} {paper.form}" if paper.form else None, paper.date]
        if any(known):
            yield escape(" · ".join(word for word in known if word))
        yield f"# {escape(' '.join(it.title.split()))}{escape(worth)}"
        if paper.fields and not it.key:
            yield " ".join(
                f"{escape(name)}: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_" for name in paper.fields
            )
        yield from self.statement(it.statement)
        for block in it.given:
            yield from self.block(block, it.names)
        yield f"![{escape(it.figure.description)}]({figure})"
        yield from self.notes(it.figure)
        for number, part in enumerate(it.parts, 1):
            yield f"{number}. {self.ask(part)}"
            for block in part.key:
                yield from map(_indented, self.block(block, it.names))
        if said := credits(it):
            yield f"*{escape(said)}*"

    # ---- formulas

    def inline(self, formula: str) -> str:
        if self.flavour == "github":
            return f"$`{_allowed(formula)}`$"
        return f"${tex(formula)}$"

    def display(self, formula: str) -> str:
        if self.flavour == "github":
            return f"```math\n{_allowed(formula)}\n```"
        return f"$${tex(formula)}$$"

    def line(self, line: Line, names: Names) -> str:
        return "".join(
            escape(part) if isinstance(part, str) else self.inline(paper_latex(part, names))
            for part in line
        )

    def equations(self, rows: Sequence[Row], names: Names) -> str:
        lines = []
        for row in rows:
            left, right = (_math(part, names) for part in (row.left, row.right))
            lead = "" if right.startswith(("=", r"\approx")) else r"\quad "
            lines.append(f"{left} &{lead}{right}")
        body = r" \\ ".join(lines)
        return self.display(rf"\begin{{aligned}} {body} \end{{aligned}}")

    # ---- blocks

    def block(self, block: Printed, names: Names) -> Iterator[str]:
        match block:
            case Heading(line, level):
                yield "#" * min(level + 1, 6) + " " + self.line(line, names)
            case Paragraph(line) | Note(_, line):
                yield self.line(line, names)
            case Equations(rows):
                yield self.equations(rows, names)
            case Listed(title, items):
                yield self.line(title, names)
                yield ", ".join(self.line(item, names) for item in items)
            case Table(columns, rows, True):
                for row in rows:
                    fields = zip(columns[1:], row[1:], strict=True)
                    yield "\n".join(
                        f"- {escape(column.title)}: {self.cell(cell, names)}"
                        for column, cell in fields
                        if cell
                    )
            case Table(columns, rows):
                yield self.table(
                    [
                        [escape(column.title) for column in columns],
                        *([self.cell(cell, names) for cell in row] for row in rows),
                    ]
                )

    def cell(self, cell: Cell, names: Names) -> str:
        return "; ".join(self.line(line, names) for line in cell)

    def table(self, rows: Sequence[Sequence[str]], aligned: Sequence[str] = ()) -> str:
        marks = {"right": " ---: |", "center": " :---: |"}
        sides = aligned or ["left"] * len(rows[0])
        lines = ["|" + "".join(marks.get(side, " --- |") for side in sides)]
        shown = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([shown[0], *lines, *shown[1:]])

    def notes(self, what: Picture) -> Iterator[str]:
        if what.notes:
            yield "; ".join(
                self.inline(f"{mark.latex} = {formula.latex}") for mark, formula in what.notes
            )

    def ask(self, part: Part) -> str:
        worth = (
            f"({escape(points_said(part.points, self.it.words))}) "
            if part.points is not None
            else ""
        )
        prompt = self.inlines(part.prompt)
        return worth + (prompt + " " if prompt else "") + self.line(part.ask, self.it.names)

    # ---- the author's words

    def statement(self, blocks: Sequence[md.Block]) -> Iterator[str]:
        for block in blocks:
            match block:
                case md.Paragraph(parts):
                    yield self.inlines(parts).strip()
                case md.Title(parts, level):
                    yield "#" * min(level + 1, 6) + " " + self.inlines(parts)
                case md.Listing(raw):
                    text = for_terminal(raw, lines=True)
                    runs = (len(run) for run in re.findall("`+", text))
                    fence = "`" * max(3, max(runs, default=0) + 1)
                    yield f"{fence}\n{text}\n{fence}"
                case md.Items(items, ordered, start):
                    for number, item in enumerate(items, start):
                        mark = f"{number}. " if ordered else "- "
                        body = "\n\n".join(self.statement(item)) or escape("")
                        yield mark + body.replace("\n", "\n" + " " * len(mark))
                case md.Quotation(inner):
                    body = "\n\n".join(self.statement(inner))
                    yield "\n".join(f"> {line}".rstrip() for line in body.split("\n"))
                case md.Table(aligned, rows):
                    # | inside a formula would end its cell
                    cells = [
                        [self.inlines(cell).replace("|", r"\|") for cell in row] for row in rows
                    ]
                    yield self.table(cells, aligned)
                case md.Rule():
                    yield "---"

    def inlines(self, parts: Sequence[md.Inline]) -> str:
        out: list[str] = []
        for part in parts:
            match part:
                case md.Words(text):
                    out.append(escape(text) if not out else escape("x" + text)[1:])
                case md.Formula(body, display):
                    if display:
                        out.append(f"\n\n{self.display(body)}\n\n")
                    elif body:
                        out.append(self.inline(body))
                case md.Code(raw):
                    out.append(_code(for_terminal(raw)))
                case md.Emphasis(inner, strong):
                    mark = "**" if strong else "*"
                    out.append(f"{mark}{self.inlines(inner).strip()}{mark}")
                case md.Link(inner, url):
                    out.append(f"[{self.inlines(inner)}]({url})")
                case md.Image(path, alt):
                    out.append(f"![{escape(alt)}]({path})")
                case md.Break():
                    out.append("  \n")
        return "".join(out)


def _code(text: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def _math(line: Line, names: Names) -> str:
    return "".join(
        rf"\text{{{part}}}" if isinstance(part, str) else paper_latex(part, names) for part in line
    )


def _allowed(formula: str) -> str:
    return re.sub(r"\\operatorname\*?\{", r"\\mathrm{", formula).replace("`", "'")


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" if line else "" for line in text.split("\n"))
