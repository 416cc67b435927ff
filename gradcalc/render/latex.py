r"""Handouts in LaTeX: one document of class exam, the sheet and the key from one source (\printanswers).

Works with TeX Live 2022 and newer, pdfTeX or XeTeX, and with babel in a preamble of the user's. Nothing from outside
reaches the file but through texmath.py.
"""

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
from gradcalc.exercise.tex import escape
from gradcalc.language.typography import for_terminal, to_ascii
from gradcalc.render import tikz
from gradcalc.render.tikz import indicator, math
from gradcalc.report.figure import Picture
from gradcalc.report.handout_model import (
    Derived,
    Handout,
    Part,
    Said,
    Step,
    Summary,
    credits,
    plain,
)
from gradcalc.report.labels import Label

CLASS = r"\documentclass[11pt,a4paper,addpoints]{exam}"
PACKAGES = r"""
\usepackage[T1]{fontenc}
\usepackage{lmodern,textcomp,amsmath,amssymb,graphicx,longtable,xcolor,tikz}
\usetikzlibrary{babel}% handles the characters that babel makes active
""".strip()
MACROS = r"""
% The indicator, 1[z > 0]: math fonts have no blackboard 1.
\providecommand{\indicator}{\mathrm{1\mkern-4.2mu l}}
% What is too wide or too high for the page is made smaller.
\newsavebox{\fittedbox}
\newdimen\widest
\newenvironment{fitted}[1][\linewidth]{\widest=\dimexpr#1\relax
  \ifdim\widest<\linewidth \widest=\linewidth\fi \begin{lrbox}{\fittedbox}}{\end{lrbox}%
  \ifdim\wd\fittedbox>\widest \sbox{\fittedbox}{\resizebox{\widest}{!}{\usebox{\fittedbox}}}\fi
  \ifdim\dimexpr\ht\fittedbox+\dp\fittedbox\relax>0.8\textheight
    \sbox{\fittedbox}{\resizebox*{!}{0.8\textheight}{\usebox{\fittedbox}}}\fi
  \ifdim\wd\fittedbox>\linewidth \makebox[\linewidth]{\usebox{\fittedbox}}\else \usebox{\fittedbox}\fi}
\definecolor{forward}{RGB}{10,125,44}\definecolor{backward}{RGB}{196,30,30}\definecolor{parameter}{gray}{0.88}
\newcommand{\worth}{}
\qformat{\makebox[\leftmargin][l]{\textbf{\thequestion}}%
  \parbox[t]{0.78\linewidth}{\raggedright\textbf{\thequestiontitle}\rule[-1.7ex]{0pt}{0pt}}\hfill\worth}
\pagestyle{headandfoot}
\firstpageheader{}{}{\ifprintanswers Key\else Name:\enspace\makebox[6cm]{\hrulefill}\fi}
\runningheader{}{}{\ifprintanswers Key\fi}
\footer{}{\thepage\,/\,\numpages}{}
\setlength{\emergencystretch}{3em} \setlength{\jot}{6pt}
% A question stays with the room for its answer, a source with its exercise.
\newcommand{\kept}{\ifprintanswers\else\filbreak\fi}
\AddToHook{env/solution/after}{\kept}
\newcommand{\keepnext}{\csname @endparpenalty\endcsname=10000 }
\raggedbottom \hbadness=2000
\definecolor{key}{RGB}{16,44,110}
% The frames of exam cannot be broken wherever a page ends: a solution is set in another colour, under its title.
\renewenvironment{TheSolution}{\par\nopagebreak\smallskip\noindent\color{key}\solutiontitle\ignorespaces}{\par\medskip}
\allowdisplaybreaks
""".strip()

ROWS = 14  # lines of equations that are kept together


def document(questions: Sequence[str], solution: bool, preamble: str = "") -> str:
    r"""The whole file. `preamble` comes before \begin{document}; with a \documentclass of its own it comes first."""
    own = "\\documentclass" in preamble
    begin = [preamble.rstrip()] if own else [CLASS]
    rest = [preamble.rstrip()] if preamble.strip() and not own else []
    answers = r"\printanswers" if solution else r"%\printanswers % this line makes it the key"
    # A preamble may have said \begin{document} at its end.
    begin = [part.replace("\\begin{document}", "") for part in begin]
    rest = [part.replace("\\begin{document}", "") for part in rest]
    lines = [*begin, PACKAGES, *rest, MACROS, answers, r"\begin{document}", r"\begin{questions}"]
    return "\n".join(
        [*lines, "", "\n\n".join(questions).strip(), "", r"\end{questions}", r"\end{document}", ""]
    )


def question(it: Handout) -> str:
    """One handout as a question of the document."""
    credited = credits(it)
    lines = [
        rf"\renewcommand{{\worth}}{{{_points(it.points) if it.points is not None else ''}}}",
        rf"\titledquestion{{{breakable(it.title)}}}\relax",  # a [ after it would be its points
    ]
    if it.statement and not isinstance(it.statement[0], Paragraph):
        lines.append(r"\mbox{}\par")  # a list cannot begin on the line of the title
    lines += _blocks(it.statement)
    for given in it.given:
        lines += _step(given)
    lines += _figure(it.blank, it.solved)
    if it.parts:
        many = len(it.parts) > 26  # letters end at z
        lines.append(r"\begin{parts}" + many * r"\renewcommand{\thepartno}{\arabic{partno}}")
        for part in it.parts:
            lines += _part(part)
        lines.append(r"\keepnext\end{parts}" if credited else r"\end{parts}")
    if it.summary:
        lines += [r"\ifprintanswers", *_summary(it.summary, bool(credited)), r"\fi"]
    if credited:
        lines += ["", rf"{{\footnotesize {breakable(credited)}\par}}"]
    return "\n".join([*lines, r"\kept"]) + "\n"


def fragment(it: Handout, solution: bool) -> str:
    r"""Figure, equations and table to be \input into a document of the user's, each under a comment."""
    lines = [
        "% needs: amsmath, amssymb, graphicx, longtable, xcolor, tikz (with babel also \\usetikzlibrary{babel})",
        tikz.INDICATOR,
        tikz.COLORS,
    ]
    what = it.solved if solution else it.blank
    drawn = tikz.draw(what).rstrip()
    lines += ["% the graph", drawn if what.crowded else _narrowed(drawn)]
    for part in it.parts:
        lines += ["", "% " + to_ascii(for_terminal(plain(part.ask))).replace("\\", "")]
        if not solution:
            lines.append(_said(part.ask))
        for step in part.key if solution else ():
            lines += _step(step, fitted=False)
    if solution and it.summary:
        lines += ["", "% analytic beside numeric", _narrowed(_tabular(it.summary))]
    return "\n".join(lines) + "\n"


def _narrowed(body: str) -> str:
    """A box made smaller where it is wider than the page, in the words of graphicx."""
    width = r"\ifdim\width>\linewidth\linewidth\else\width\fi"
    return f"\\noindent\\resizebox{{{width}}}{{!}}{{%\n{body}%\n}}\\par"


def _points(points: float) -> str:
    word = f"{points:g}"
    return f"({word} point{'' if word == '1' else 's'})"


# ---- statement


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(parts):
                yield _inlines(parts)
                yield ""
            case Title(parts):
                yield rf"\par\medskip\noindent\textbf{{{_inlines(parts)}}}\par"
            case Listing(text):
                yield from (
                    rf"\noindent\texttt{{{_code(line)}}}\par" for line in text.split("\n")[:200]
                )
            case Items(items, ordered, start):
                yield r"\begin{itemize}"
                for number, item in enumerate(
                    items, start
                ):  # numbers of our own: TeX's letters end at z
                    yield (
                        rf"\item{f'[{number}.]' if ordered else ''} {{}}"
                        + "\n".join(_blocks(item)).strip()
                    )
                yield r"\end{itemize}"


def _code(text: str) -> str:
    """Code, with its spaces, that may be broken anywhere between words."""
    return escape(text).replace("  ", r"\ \ ") or r"\strut"


def _inlines(parts: Sequence[Inline]) -> str:
    out = []
    for part in parts:
        match part:
            case Words(text):
                out.append(breakable(text))
            case Formula(tex, display):
                body = indicator(tex)
                if display:
                    out.append(
                        "\n"
                        + r"\begin{center}\begin{fitted}$\displaystyle "
                        + body
                        + r"$\end{fitted}\end{center}"
                        + "\n"
                    )
                elif len(body) > 120:
                    out.append(rf"\begin{{fitted}}${body}$\end{{fitted}}")
                elif body.strip():
                    out.append(f"${body}$")
            case Code(text):
                out.append(rf"\texttt{{{breakable(text)}}}")
            case Emphasis(inner, strong):
                out.append(rf"\{'textbf' if strong else 'emph'}{{{_inlines(inner)}}}")
            case Link(inner, url):
                said = _inlines(inner)
                address = rf"\texttt{{{_address(url)}}}"
                out.append(address if not said else f"{said} ({address})")
            case Break():
                out.append(r"\hfil\break ")
    return "".join(out)


def _address(url: str) -> str:
    return "".join(escape(char) + (r"\allowbreak{}" if char in "/.-_?&=" else "") for char in url)


def breakable(text: str) -> str:
    """Text in which words of more than 20 characters may be broken, and runs of characters that TeX lacks."""
    words = []
    for word in text.split(" "):
        parts = (
            [escape(word[k : k + 4]) for k in range(0, len(word), 4)]
            if len(word) > 20
            else [escape(word)]
        )
        words.append(r"\allowbreak{}".join(parts).replace(r"\texttt{U+", r"\allowbreak\texttt{U+"))
    return " ".join(words)


# ---- figure


def _figure(blank: Picture, solved: Picture) -> Iterator[str]:
    yield r"\ifprintanswers"
    yield from _drawn(solved)
    yield r"\else"
    yield from _drawn(blank)
    yield r"\fi"


def _drawn(what: Picture) -> Iterator[str]:
    body = tikz.draw(what).rstrip()
    if what.crowded:
        yield rf"{{\footnotesize {body}}}"
    else:
        yield (
            "\\begin{center}\\begin{fitted}[\\paperwidth-4cm]%\n"
            + body
            + "%\n\\end{fitted}\\end{center}"
        )
    notes = list(tikz.notes(what))
    if notes:
        yield r"\nopagebreak\begin{center}\footnotesize"
        yield (r"\end{fitted}\quad\allowbreak" + "\n").join(
            rf"\begin{{fitted}}$\displaystyle {note}$" for note in notes
        ) + r"\end{fitted}"
        yield r"\end{center}"


# ---- questions and answers


def _part(part: Part) -> Iterator[str]:
    half = (
        part.points is not None
        and part.points * 2 == int(part.points * 2)
        and 0 < part.points < 1000
    )
    option, worth = "", ""
    if part.points is not None and half:
        whole = int(part.points)
        option = f"[{whole or ''}{'' if part.points == whole else chr(92) + 'half'}]"
    elif part.points is not None:
        worth = _points(part.points) + " "
    ask = _said(part.ask)
    prompt = _inlines(part.prompt)
    yield rf"\part{option}{{}} {worth}{prompt + ' ' if prompt else ''}{ask}\par\nopagebreak"
    yield rf"\begin{{solution}}[{part.room:g}cm]"
    for number, step in enumerate(part.key):
        lines = "\n".join(_step(step))
        yield (
            lines.replace(r"\par\smallskip", r"\par\nopagebreak\smallskip", 1)
            if not number
            else lines
        )
    yield r"\end{solution}"


def _said(said: Said) -> str:
    return "".join(
        breakable(part) if isinstance(part, str) else math(r"\displaystyle " + part.latex)
        for part in said
    )


def _step(step: Step | Said, fitted: bool = True) -> Iterator[str]:
    if isinstance(step, Derived):
        if not step.rows:
            return
        if len(step.rows) > ROWS:  # a page may end between them
            for k in range(0, len(step.rows), ROWS):
                yield from _step(Derived(step.rows[k : k + ROWS]), fitted)
            return
        lines = [f"{row.left.latex if row.left else ''} &{row.right.latex}" for row in step.rows]
        body = indicator(" \\\\\n".join(lines))
        if fitted:
            yield (
                "\\par\\smallskip\\noindent\\begin{fitted}$\\displaystyle\\begin{aligned}\n"
                + body
                + "\n\\end{aligned}$\\end{fitted}\\par\\smallskip"
            )
        else:
            yield "\\[\n\\begin{aligned}\n" + body + "\n\\end{aligned}\n\\]"
        return
    yield (
        r"\noindent "
        + "".join(
            breakable(part) if isinstance(part, str) else _inline(part, fitted) for part in step
        )
        + (r"\par\nopagebreak" if isinstance(step[-1], str) and step[-1].endswith(":") else r"\par")
    )


def _inline(label: Label, fitted: bool = True) -> str:
    """A formula in running text; a long one in a box that fits."""
    if fitted and (len(label.text) > 60 or "bmatrix" in label.latex):
        return rf"\begin{{fitted}}{math(label.latex)}\end{{fitted}}"
    return math(label.latex)


def _summary(it: Summary, keep: bool) -> Iterator[str]:
    end = r"\keepnext\end{center}" if keep else r"\end{center}"
    yield "\\begin{center}\\begin{fitted}%\n" + _tabular(it) + "%\n\\end{fitted}" + end


def _tabular(it: Summary) -> str:
    strut = r"\rule[-2.3ex]{0pt}{6ex}"
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{'l' * (len(it.head) - 1)}@{{}}}}",
        r"\hline",
        " & ".join(map(escape, it.head)) + r" \\ \hline",
    ]
    for row in it.rows:
        lines.append(
            strut
            + " & ".join(math(r"\displaystyle " + cell.latex) if cell else "" for cell in row)
            + r" \\"
        )
    return "\n".join([*lines, r"\hline", r"\end{tabular}"])
