r"""The LaTeX file around exercises: class, packages, fonts, header, what is given to the PDF as its
title and language.

What TeX Live 2022 sets with pdfTeX is set with it. Text in other scripts needs LuaTeX and fonts
that have its characters: tex_fonts.py finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcalc.exercise.tex import beyond_pdftex, escape
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.render.tex_fonts import lua_fonts
from gradcalc.report.frame_words import words
from gradcalc.report.handout_model import Handout

PACKAGES = r"""
\usepackage{textcomp,amsmath,amssymb,graphicx,longtable,xcolor,tikz}
\usetikzlibrary{babel}% handles the characters that babel makes active
""".strip()
PDFTEX = "\\usepackage[T1]{fontenc}\\usepackage{lmodern}"
FITTED = r"""
% A formula that is too wide or too high for the page is made smaller.
\newsavebox{\fittedbox}
\newenvironment{fitted}{\begin{lrbox}{\fittedbox}}{\end{lrbox}%
  \ifdim\wd\fittedbox>\linewidth \sbox{\fittedbox}{\resizebox{\linewidth}{!}{\usebox{\fittedbox}}}\fi
  \ifdim\dimexpr\ht\fittedbox+\dp\fittedbox\relax>0.8\textheight
    \sbox{\fittedbox}{\resizebox*{!}{0.8\textheight}{\usebox{\fittedbox}}}\fi
  \usebox{\fittedbox}}
""".strip()
MACROS = r"""
% The indicator, 1[z > 0]: math fonts have no blackboard 1.
\providecommand{\indicator}{\mathrm{1\mkern-4.2mu l}}
\providecommand{\gradcalcblank}{\vcenter{\hbox{\fboxsep=0pt\fboxrule=0.5pt\fbox{\rule{0pt}{6mm}\rule{12mm}{0pt}}}}}
% No index is set smaller than 7 points.
\DeclareMathSizes{10.95}{10.95}{8}{7}\DeclareMathSizes{10}{10}{7}{7}\DeclareMathSizes{9}{9}{7}{7}\DeclareMathSizes{8}{8}{7}{7}
% FITTED
% A figure stands in the middle of the page, over its margins where it is wide. It is never made smaller.
\newenvironment{figured}{\par\smallskip\begin{lrbox}{\fittedbox}%
  \ifdefined\textdir \textdir TLT\pardir TLT\bodydir TLT\fi}{\end{lrbox}%
  \noindent\hspace*{\dimexpr0.5\linewidth-0.5\wd\fittedbox-(\textwidth-\linewidth)*\ifdim\wd\fittedbox>\linewidth 1\else 0\fi/2\relax}%
  \rlap{\usebox{\fittedbox}}\par\smallskip}
\newcommand{\authorpicture}[1]{\begin{fitted}\includegraphics{#1}\end{fitted}}
\definecolor{forward}{RGB}{10,110,40}\definecolor{backward}{RGB}{180,25,25}\definecolor{parameter}{gray}{0.88}
\newcommand{\worth}{}
\qformat{\makebox[\leftmargin][l]{\textbf{\thequestion}}%
  \parbox[t]{0.78\linewidth}{\raggedright\textbf{\thequestiontitle}\rule[-1.7ex]{0pt}{0pt}}\hfill\worth}
\pagestyle{headandfoot}
\footer{}{\thepage\,/\,\numpages}{}
\setlength{\emergencystretch}{3em} \setlength{\jot}{6pt}
% A question stays with the room for its answer, a source with its exercise.
\newcommand{\room}[1]{\nopagebreak\vspace{#1}\filbreak}
\newcommand{\keepnext}{\csname @endparpenalty\endcsname=10000 }
\raggedbottom \hbadness=2000
\definecolor{key}{RGB}{16,44,110}
% The frames of exam cannot be broken wherever a page ends: a solution is set in another colour, under its title.
\renewenvironment{TheSolution}{\par\nopagebreak\smallskip\noindent\color{key}\ignorespaces}{\par\medskip}
\allowdisplaybreaks
""".strip().replace("% FITTED", FITTED)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a document must know of one of its exercises."""

    title: str
    lang: str = "en"
    key: bool = False
    size: str = "a4"
    author: str = ""
    course: str = ""
    date: str = ""
    form: str = ""
    fields: tuple[str, ...] | None = None
    breaks: bool = False
    table: bool = False
    points: float | None = None
    foreign: str = ""  # characters that pdfTeX has no fonts for
    mark: str = ""  # of a variant, on each of its pages

    @classmethod
    def of(cls, data: dict[str, Any]) -> Frame:
        fields = data.get("fields")
        return cls(**{**data, "fields": None if fields is None else tuple(fields)})


def frame_of(it: Handout, tex: str) -> Frame:
    """What the document must know of an exercise that was written as `tex`."""
    paper, said = it.paper, words(it.lang)
    texts = [
        said.key,
        said.name,
        paper.course or "",
        paper.date or "",
        paper.form or "",
        *(paper.fields or ()),
    ]
    return Frame(
        it.title,
        it.lang,
        it.key,
        paper.size or "a4",
        it.author or "",
        paper.course or "",
        paper.date or "",
        paper.form or "",
        paper.fields,
        paper.breaks,
        paper.grade_table,
        it.points,
        beyond_pdftex(tex + "".join(map(escape, texts))),
        it.mark,
    )


def document(questions: Sequence[str], frames: Sequence[Frame], preamble: str = "") -> str:
    r"""The whole file. `preamble` comes before \begin{document}; with a \documentclass of its
    own it comes first.
    """
    first = frames[0]
    own = "\\documentclass" in preamble
    size = f"{first.size}paper" if first.size == "a4" else "letterpaper"
    # A preamble may have said \begin{document} at its end.
    given = preamble.replace("\\begin{document}", "").rstrip()
    others = "".join(sorted({char for frame in frames for char in frame.foreign}))
    head = [given] if own else [rf"\documentclass[11pt,{size},addpoints]{{exam}}"]
    head += [PACKAGES]
    head += lua_fonts(others, first.lang) if others else [PDFTEX]
    if not own:
        head += babel(first.lang, bool(others))
    head += [given] if given and not own else []
    head += [MACROS, *metadata(first), *_header(first)]
    if first.key:
        head.append(r"\printanswers % without this line it is the sheet")
    if any(frame.mark for frame in frames):
        sheets = [line for pair in zip(questions, frames, strict=True) for line in _sheet(*pair)]
        return "\n".join([*head, r"\begin{document}", *sheets, r"\end{document}", ""])
    body = []
    for number, (text, frame) in enumerate(zip(questions, frames, strict=True)):
        body += [r"\newpage"] * (number > 0 and frame.breaks) + [text.strip()]
    if first.table:
        body.append(_grades(frames))
    lines = [
        *head,
        r"\begin{document}",
        *_top(first),
        r"\begin{questions}",
        "",
        "\n\n".join(body),
        "",
    ]
    return "\n".join(
        [*(line for line in lines if line is not None), r"\end{questions}", r"\end{document}", ""]
    )


def _sheet(question: str, frame: Frame) -> list[str]:
    """A variant: it begins a page, counts its pages, has its own header, and its mark on each."""
    mark = rf"\footnotesize\ttfamily {escape(frame.mark)}"
    return [
        r"\clearpage\setcounter{page}{1}\setcounter{question}{0}",
        *_header(frame),
        rf"\footer{{{mark}}}{{}}{{\thepage}}",
        r"\printanswers" if frame.key else r"\noprintanswers",
        *_top(frame),
        r"\begin{questions}",
        question.strip(),
        r"\end{questions}",
        "",
    ]


def babel(lang: str, lua: bool) -> list[str]:
    """Hyphenation in the language of the text, where babel has it; TeX's log says so where it
    has not.
    """
    name = words(lang).babel
    if not name or lua:
        return []
    missing = rf"\typeout{{gradcalc: babel has no {name} here}}"
    return [rf"\IfFileExists{{{name}.ldf}}{{\usepackage[{name}]{{babel}}}}{{{missing}}}"]


def metadata(frame: Frame) -> list[str]:
    """Title, author and language of the PDF."""
    title, author = (_pdf_text(text) for text in (frame.title, frame.author))
    lang = frame.lang if frame.lang.replace("-", "").isalnum() else "en"
    return [
        r"\ifdefined\pdfinfo \pdfinfo{/Title <" + title + "> /Author <" + author + ">}",
        rf"\pdfcatalog{{/Lang ({lang}) /ViewerPreferences << /DisplayDocTitle true >>}}",
        r"\else\ifdefined\pdfextension \pdfextension info{/Title <"
        + title
        + "> /Author <"
        + author
        + ">}",
        r"\pdfextension "
        rf"catalog{{/Lang ({lang}) /ViewerPreferences << /DisplayDocTitle true >>}}\fi\fi",
    ]


def _pdf_text(text: str) -> str:
    """A PDF string in UTF-16, as hexadecimal digits."""
    return "FEFF" + " ".join(text.split()).encode("utf-16-be", "replace").hex().upper()


def _header(frame: Frame) -> list[str]:
    said = words(frame.lang)
    right = escape(said.key) if frame.key else ""
    if not frame.key and frame.fields is None and not (frame.course or frame.date):
        right = rf"{escape(said.name)}:\enspace\makebox[6cm]{{\hrulefill}}"
    return [
        rf"\firstpageheader{{}}{{}}{{{right}}}",
        rf"\runningheader{{}}{{}}{{{escape(said.key) if frame.key else ''}}}",
    ]


def _top(frame: Frame) -> list[str]:
    """Course, date and form, and the fields to fill in."""
    said = words(frame.lang)
    lines: list[str] = []
    left = rf"\textbf{{{escape(frame.course)}}}" if frame.course else ""
    form = f"{said.form} {frame.form}" if frame.form else ""
    right = r"\quad ".join(escape(word) for word in (form, frame.date) if word)
    if left or right:
        lines.append(rf"\noindent {left}\hfill {right}\par")
    if frame.fields and not frame.key:
        for k in range(0, len(frame.fields), 2):
            row = (rf"{escape(name)}:\enspace\hrulefill" for name in frame.fields[k : k + 2])
            lines.append(r"\medskip\noindent " + r"\quad ".join(row) + r"\par")
    if lines:
        lines.append(r"\medskip\hrule\bigskip")
    return lines


def _grades(frames: Sequence[Frame]) -> str:
    """A table of the points: a column an exercise, and the sum."""
    said = words(frames[0].lang)
    worth = [frame.points for frame in frames]
    head = [said.exercise, *(str(k) for k in range(1, len(frames) + 1)), said.total]
    total = sum(points for points in worth if points)
    most = [
        said.points.format("").strip(),
        *(f"{points:g}" if points else "" for points in worth),
        f"{total:g}",
    ]
    rows = [head, most, [said.score, *[""] * (len(frames) + 1)]]
    body = " ".join(" & ".join(map(escape, row)) + r" \\ \hline" for row in rows)
    columns = "|".join(["l", *["c"] * (len(frames) + 1)])
    return (
        r"\end{questions}\bigskip\begin{center}\renewcommand{\arraystretch}{1.4}\begin{fitted}"
        rf"\begin{{tabular}}{{|{columns}|}}\hline {body}\end{{tabular}}\end{{fitted}}\end{{center}}"
        "\n\\begin{questions}"
    )
