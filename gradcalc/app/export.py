"""Solutions to files: which formats there are, what each is called, and several exercises in one document.

export(solutions, "latex", Export())  ->  [Made("ex1.tex", "…")]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradcalc.codegen import LIBRARIES, code
from gradcalc.derivation.answer_model import Solution
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.report.blocks import Options
from gradcalc.report.figure import Sheet, picture

if TYPE_CHECKING:
    from gradcalc.report.handout_model import Handout

# Format -> ending of its files.
ENDINGS: Mapping[str, str] = {
    "latex": "tex", "pdf": "pdf", "markdown": "md", "html": "html", "svg": "svg", "tikz": "tex", "png": "png",
    "numpy": "py", "torch": "py", "jax": "py",
}  # fmt: skip
DOCUMENTS = frozenset(("latex", "pdf", "markdown", "html"))  # that hold several exercises
BINARY = frozenset(("pdf", "png"))
CODE = frozenset(LIBRARIES)


@dataclass(frozen=True, slots=True)
class Export:
    """What is wanted beside the format. stem: the name of the document, for the pictures beside it."""

    sheet: Sheet = field(default_factory=Sheet)
    standalone: bool = False
    preamble: str = ""
    options: Options = field(default_factory=Options)
    stem: str = "handout"


@dataclass(frozen=True, slots=True)
class Made:
    """The text of one file, and of those it refers to, by name. For pdf and png it is what they are made from."""

    text: str
    beside: tuple[tuple[str, str], ...] = ()


def export(solutions: Sequence[Solution], to: str, wanted: Export) -> Made:
    """One file of one or several exercises. Pictures and code take exactly one."""
    names = picture_names(wanted.stem, len(solutions))
    return whole(
        [part(*item, to, wanted) for item in zip(solutions, names, strict=True)], to, wanted
    )


def picture_names(stem: str, count: int) -> list[str]:
    """What the pictures beside a document of so many exercises are called."""
    return (
        [f"{stem}.svg"]
        if count == 1
        else [f"{stem}-{number}.svg" for number in range(1, count + 1)]
    )


def part(solution: Solution, name: str, to: str, wanted: Export) -> Made:
    """What one exercise adds to a file; `name` is for the picture beside it."""
    match to:
        case "latex" | "pdf" | "markdown" | "html":
            from gradcalc.report.handout import compose

            handout = compose(solution, wanted.sheet)
            if to == "html":
                from gradcalc.render import html

                return Made(html.article(handout, wanted.sheet.solution))
            return (
                _page(handout, name, wanted)
                if to == "markdown"
                else Made(_question(handout, to, wanted))
            )
        case "svg" | "png":
            from gradcalc.render import svg

            return Made(svg.draw(picture(solution, wanted.sheet)))
        case "tikz":
            from gradcalc.render import tikz

            what = picture(solution, wanted.sheet)
            return Made(
                tikz.document(what, wanted.preamble) if wanted.standalone else tikz.fragment(what)
            )
    return Made(code(solution.graph, to))


def whole(parts: Sequence[Made], to: str, wanted: Export) -> Made:
    """The file of which these are the parts."""
    texts = [made.text for made in parts]
    match to:
        case "latex" if wanted.standalone:
            return Made("\n".join(texts))
        case "latex" | "pdf":
            from gradcalc.render import latex

            return Made(latex.document(texts, wanted.sheet.solution, wanted.preamble))
        case "markdown":
            return Made(
                "\n---\n\n".join(texts), tuple(item for made in parts for item in made.beside)
            )
        case "html":
            from gradcalc.render import html

            return Made(html.page(texts))
    return parts[0]


def _question(handout: Handout, to: str, wanted: Export) -> str:
    from gradcalc.render import latex

    if wanted.standalone and to == "latex":
        return latex.fragment(handout, wanted.sheet.solution)
    return latex.question(handout)


def _page(handout: Handout, name: str, wanted: Export) -> Made:
    from gradcalc.render import handout_markdown, svg

    shown = handout.solved if wanted.sheet.solution else handout.blank
    return Made(
        handout_markdown.page(handout, wanted.sheet.solution, name), ((name, svg.draw(shown)),)
    )


def stem(path: Path | None) -> str:
    """A name that is safe in a link, after the document's."""
    word = path.stem if path else "handout"
    return (
        "".join(
            char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in word
        )
        or "handout"
    )
