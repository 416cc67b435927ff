r"""Handouts in LaTeX: one exercise as a question of class exam. latex_document.py puts the file
around them.

Nothing from outside reaches the file but through exercise/tex.py. A sheet has no answers in its
source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.exercise import markdown as md
from gradcalc.exercise.model import Space
from gradcalc.exercise.tex import escape
from gradcalc.language.formula_pieces import Cell, Grid, Line, Math, Names
from gradcalc.render import tikz
from gradcalc.render.latex_document import FITTED, document, frame_of
from gradcalc.render.tikz import indicator
from gradcalc.report.blocks import (
    Equations,
    Heading,
    Listed,
    Note,
    Paragraph,
    Printed,
    Row,
    Table,
)
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import Handout, Part, credits, points_said
from gradcalc.report.lines import text_math
from gradcalc.report.paper_notation import paper_latex

COLUMN = 12.0  # centimetres of a figure in a document of the user's
ROWS = 14  # lines of equations that are kept together
FORMULA = 60  # characters of a formula in running text; a longer one is fitted to the line
PARTS = {1 / 3: r"0.27\textheight", 1 / 2: r"0.42\textheight"}


def render(item: Handout, options: object = None) -> str:
    """One exercise as a document of its own."""
    tex = question(item)
    return document([tex], [frame_of(item, tex)])


def join(parts: Sequence[str]) -> str:
    """Documents, one after the other."""
    return "\n".join(parts)


def question(it: Handout, pictures: frozenset[str] = frozenset()) -> str:
    """One exercise as a question of a document; `pictures` of the author's are those that are
    there.
    """
    names, credited = it.names, credits(it)
    worth = points_said(it.points, it.words) if it.points is not None else ""
    lines = [
        rf"\renewcommand{{\worth}}{{{'(' + escape(worth) + ')' if worth else ''}}}",
        rf"\titledquestion{{{breakable(it.title)}}}\relax",  # a [ after it would be its points
    ]
    if it.statement and not isinstance(it.statement[0], md.Paragraph):
        lines.append(r"\mbox{}\par")  # a list cannot begin on the line of the title
    lines += statement(it.statement, pictures)
    for block in it.given:
        lines += _block(block, names)
    lines += _figures(it)
    if it.parts:
        many = len(it.parts) > 26  # letters end at z
        lines.append(r"\begin{parts}" + many * r"\renewcommand{\thepartno}{\arabic{partno}}")
        for part in it.parts:
            lines += _part(part, it)
        lines.append(r"\keepnext\end{parts}" if credited else r"\end{parts}")
    if credited:
        lines += ["", rf"{{\footnotesize {breakable(credited)}\par}}"]
    return "\n".join(lines) + "\n"


def fragment(it: Handout) -> str:
    r"""Pieces to be \input into a document of the user's: \gradcalcfigure, and of a key
    \gradcalcanswer{df/dx}.
    """
    names = it.names
    lines = [
        "% needs: amsmath, amssymb, graphicx, longtable, xcolor, tikz (with babel also "
        "\\usetikzlibrary{babel})",
        "% \\gradcalcfigure draws the graph; \\gradcalcask{df/dx} asks, \\gradcalcanswer{df/dx} "
        "answers",
        tikz.INDICATOR,
        tikz.COLORS,
        tikz.BLANK,
        r"\makeatletter",
        f"\\@ifundefined{{fitted}}{{%\n{FITTED}\n}}{{}}",
        r"\providecommand{\gradcalcpiece}[2]{\@ifundefined{gradcalc@#1@#2}"
        r"{\PackageError{gradcalc}{there is no piece `#2'}{}}{\@nameuse{gradcalc@#1@#2}}}",
        r"\providecommand{\gradcalcask}[1]{\gradcalcpiece{ask}{#1}}",
        r"\providecommand{\gradcalcanswer}[1]{\gradcalcpiece{answer}{#1}}",
        r"\providecommand{\gradcalcvalue}[1]{\gradcalcpiece{value}{#1}}",
        r"\long\def\gradcalc@def#1#2#3{\long\expandafter\gdef\csname gradcalc@#1@#2\endcsname{#3}}",
        r"\newcommand{\gradcalcfigure}{\par\noindent",
        *(_narrowed(band.rstrip()) for band in tikz.bands(it.figure, it.words, COLUMN)),
        "}",
    ]
    for part in it.parts:
        for key in dict.fromkeys(filter(None, (part.label, part.name))):
            lines += ["", f"\\gradcalc@def{{ask}}{{{key}}}{{{_line(part.ask, names)}}}"]
            body = "\n".join(line for block in part.key for line in _block(block, names, False))
            if it.key:
                lines.append(f"\\gradcalc@def{{answer}}{{{key}}}{{%\n{body.strip()}\n}}")
            if it.key and part.result:
                lines.append(
                    f"\\gradcalc@def{{value}}{{{key}}}{{\\ensuremath{{{_math(part.result, names)}}}}}"
                )
    return "\n".join([*lines, r"\makeatother"]) + "\n"


def _narrowed(body: str) -> str:
    """A drawing made smaller where it is wider than the line, in the words of graphicx."""
    if "longtable" in body:
        return body
    width = r"\ifdim\width>\linewidth\linewidth\else\width\fi"
    return f"\\resizebox{{{width}}}{{!}}{{%\n{body}%\n}}\\par\\medskip"


# ---- the author's words


def statement(blocks: Sequence[md.Block], pictures: frozenset[str] = frozenset()) -> Iterator[str]:
    """An author's text as lines of TeX; `pictures` are the files that are there."""
    for block in blocks:
        match block:
            case md.Paragraph(parts):
                yield _inlines(parts, pictures)
                yield ""
            case md.Title(parts):
                yield rf"\par\medskip\noindent\textbf{{{_inlines(parts)}}}\par"
            case md.Listing(text):
                yield from (
                    rf"\noindent\texttt{{{_code(line)}}}\par" for line in text.split("\n")[:200]
                )
            case md.Items(items, ordered, start):
                yield r"\begin{itemize}"
                for number, item in enumerate(items, start):
                    # numbers of our own: TeX's letters end at z
                    mark = f"[{number}.]" if ordered else ""
                    yield rf"\item{mark} {{}}" + "\n".join(statement(item, pictures)).strip()
                yield r"\end{itemize}"
            case md.Quotation(inner):
                yield r"\par{\advance\leftskip by 2em \advance\rightskip by 2em \itshape"
                yield "\n".join(statement(inner, pictures)).strip()
                yield r"\par}"
            case md.Table(aligned, rows):
                yield from _table(aligned, rows)
            case md.Rule():
                yield r"\par\smallskip\noindent\hrulefill\par\smallskip"


def _table(aligned: Sequence[str], rows: Sequence[Sequence[Sequence[md.Inline]]]) -> Iterator[str]:
    columns = "".join(word[0] for word in aligned)
    yield r"\begin{center}\begin{fitted}\begin{tabular}{" + columns + r"} \hline"
    for number, row in enumerate(rows):
        yield " & ".join(map(_inlines, row)) + r" \\" + (r" \hline" if not number else "")
    yield r"\hline\end{tabular}\end{fitted}\end{center}"


def _code(text: str) -> str:
    """Code, with its spaces, that may be broken anywhere between words."""
    return escape(text).replace("  ", r"\ \ ") or r"\strut"


def _inlines(parts: Sequence[md.Inline], pictures: frozenset[str] = frozenset()) -> str:
    out = []
    for part in parts:
        match part:
            case md.Words(text):
                out.append(breakable(text))
            case md.Formula(tex, display):
                body = indicator(tex)
                if display:
                    opened = r"\begin{center}\begin{fitted}$\displaystyle "
                    out.append(f"\n{opened}{body}$\\end{{fitted}}\\end{{center}}\n")
                elif len(body) > 2 * FORMULA:
                    out.append(rf"\begin{{fitted}}${body}$\end{{fitted}}")
                elif body.strip():
                    out.append(f"${body}$")
            case md.Code(text):
                out.append(rf"\texttt{{{breakable(text)}}}")
            case md.Emphasis(inner, strong):
                out.append(rf"\{'textbf' if strong else 'emph'}{{{_inlines(inner)}}}")
            case md.Link(inner, url):
                said = _inlines(inner)
                address = rf"\texttt{{{_address(url)}}}"
                out.append(address if not said else f"{said} ({address})")
            case md.Image(path, alt):
                out.append(_picture(path, alt, pictures))
            case md.Break():
                out.append(r"\hfil\break ")
    return "".join(out)


def _picture(path: str, alt: str, pictures: frozenset[str]) -> str:
    """A picture, or its words where it is not there or of a kind that TeX does not read."""
    plain = all(char.isascii() and (char.isalnum() or char in "-_./") for char in path)
    if path in pictures and plain and path.lower().endswith((".png", ".jpg", ".jpeg", ".pdf")):
        return rf"\authorpicture{{{path}}}"
    return rf"\fbox{{{breakable(alt or path)}}}"


def _address(url: str) -> str:
    return "".join(escape(char) + (r"\allowbreak{}" if char in "/.-_?&=" else "") for char in url)


def breakable(text: str) -> str:
    """Text in which words of more than 20 characters may be broken."""
    words = []
    for word in text.split(" "):
        long = len(word) > 20 and word.isascii()
        parts = [word[k : k + 4] for k in range(0, len(word), 4)] if long else [word]
        words.append(r"\allowbreak{}".join(map(escape, parts)))
    return " ".join(words)


# ---- blocks


def _block(block: Printed, names: Names, fitted: bool = True) -> Iterator[str]:
    match block:
        case Equations(rows):
            yield from _equations(rows, names, fitted)
        case Paragraph(line) | Note(_, line):
            ends = isinstance(line[-1], str) and line[-1].endswith(":") if line else False
            yield rf"\noindent {_line(line, names)}" + (r"\par\nopagebreak" if ends else r"\par")
        case Listed(title, items):
            yield from _listed(title, items, names)
        case Heading(line):
            yield rf"\par\medskip\noindent\textbf{{{_line(line, names)}}}\par"
        case Table(columns, rows, True):
            for row in rows:
                for column, cell in zip(columns[1:], row[1:], strict=True):
                    yield from _field(column.title, cell, names)
        case Table(columns, rows):
            yield (
                r"\par\smallskip\noindent\begin{fitted}\begin{tabular}{" + "l" * len(columns) + "}"
            )
            yield " & ".join(escape(column.title) for column in columns) + r" \\ \hline"
            yield from (" & ".join(_cell(cell, names) for cell in row) + r" \\" for row in rows)
            yield r"\end{tabular}\end{fitted}\par\smallskip"


def _field(title: str, cell: Cell, names: Names) -> Iterator[str]:
    lead = rf"\emph{{{escape(title)}}}:\enspace "
    for line in cell:
        yield rf"\noindent {lead}{_line(line, names)}\par"
        lead = r"\hspace*{1em}"


def _cell(cell: Cell, names: Names) -> str:
    return r"\quad ".join(_line(line, names) for line in cell)


def _line(line: Line, names: Names) -> str:
    return "".join(
        breakable(part) if isinstance(part, str) else _formula(part, names) for part in line
    )


def _math(line: Line, names: Names) -> str:
    """A line that is one formula, without $; words between formulas as text."""
    return "".join(
        rf"\text{{{escape(part)}}}"
        if isinstance(part, str)
        else indicator(paper_latex(part, names))
        for part in line
    )


def _formula(part: Math, names: Names) -> str:
    """A formula in running text; a long one in a box that fits."""
    body = indicator(paper_latex(part, names))
    if len(text_math(part, names)) > FORMULA or "bmatrix" in body:
        return rf"\begin{{fitted}}$\displaystyle {body}$\end{{fitted}}"
    return rf"$\displaystyle {body}$"


def _equations(rows: Sequence[Row], names: Names, fitted: bool) -> Iterator[str]:
    for k in range(0, len(rows), ROWS):  # a page may end between them
        lines = []
        for row in rows[k : k + ROWS]:
            right = _math(row.right, names)
            lead = "" if right.startswith(("=", r"\approx")) else r"\quad "
            lines.append(f"{_math(row.left, names)} &{lead}{right}")
        body = " \\\\\n".join(lines)
        if fitted:
            yield (
                "\\par\\smallskip\\noindent\\begin{fitted}$\\displaystyle\\begin{aligned}\n"
                + body
                + "\n\\end{aligned}$\\end{fitted}\\par\\smallskip"
            )
        else:
            yield "\\[\n\\begin{aligned}\n" + body + "\n\\end{aligned}\n\\]"


def _listed(title: Line, items: Sequence[Line], names: Names) -> Iterator[str]:
    """Formulas side by side, numbers with commas between them, arrays with room."""
    plain = not any(
        isinstance(p, Grid) for item in items for m in item if isinstance(m, Math) for p in m.pieces
    )
    shown = [
        _line(item, names).replace(r"\begin{fitted}", "").replace(r"\end{fitted}", "")
        for item in items
    ]
    between = ", " if plain else r"\quad\hskip 0pt plus 2em\relax "
    said = f"{between.join(shown)}{'.' if plain else ''}"
    yield rf"{{\raggedright\noindent {_line(title, names)}\enspace {said}\par}}"


# ---- figure


def _figures(it: Handout) -> Iterator[str]:
    if it.solved is None:
        yield from _drawn(it.blank, it)
        return
    yield r"\ifprintanswers"
    yield from _drawn(it.solved, it)
    yield r"\else"
    yield from _drawn(it.blank, it)
    yield r"\fi"


def _drawn(what: Picture, it: Handout) -> Iterator[str]:
    for band in tikz.bands(what, it.words):
        if what.crowded:
            yield rf"{{\footnotesize {band}}}"
        else:
            yield f"\\begin{{figured}}%\n{band.rstrip()}%\n\\end{{figured}}"
    notes = list(tikz.notes(what))
    if notes:
        yield r"\nopagebreak\begin{center}\small\lineskiplimit=4pt\lineskip=6pt"
        between = r"\end{fitted}\quad\allowbreak" + "\n"
        yield (
            between.join(rf"\begin{{fitted}}$\displaystyle {note}$" for note in notes)
            + r"\end{fitted}"
        )
        yield r"\end{center}"


# ---- questions and answers


def _part(part: Part, it: Handout) -> Iterator[str]:
    worth = f"({escape(points_said(part.points, it.words))}) " if part.points is not None else ""
    prompt = _inlines(part.prompt)
    yield (
        rf"\part{{}} "
        rf"{worth}{prompt + ' ' if prompt else ''}{_line(part.ask, it.names)}\par\nopagebreak"
    )
    if not it.key:
        yield _room(part.room)
        return
    yield rf"\begin{{solution}}[{_length(part.room)}]"
    for number, block in enumerate(part.key):
        lines = "\n".join(_block(block, it.names))
        kept = lines.replace(r"\par\smallskip", r"\par\nopagebreak\smallskip", 1)
        yield lines if number else kept
    yield r"\end{solution}"


def _room(space: Space) -> str:
    if space.page == 1:
        return r"\vspace*{\fill}\newpage"
    return rf"\room{{{_length(space)}}}"


def _length(space: Space) -> str:
    if space.page is not None:
        return PARTS.get(space.page, r"0.85\textheight")
    return f"{space.cm:g}cm"
