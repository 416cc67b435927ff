"""Solutions to files: which formats there are, what each is called, and several exercises in one document.

export(solutions, "latex", Export())  ->  [Made("ex1.tex", "…")]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcalc.blocks import Options
from gradcalc.errors import GradcalcError, Problem
from gradcalc.figure import Sheet, picture
from gradcalc.records import dataclass, field
from gradcalc.solution import Solution

# Format -> ending of its files.
ENDINGS: Mapping[str, str] = {
    "latex": "tex", "pdf": "pdf", "markdown": "md", "html": "html", "svg": "svg", "tikz": "tex", "png": "png",
    "numpy": "py", "torch": "py", "jax": "py",
}  # fmt: skip
DOCUMENTS = frozenset(("latex", "pdf", "markdown", "html"))  # that hold several exercises
BINARY = frozenset(("pdf", "png"))
CODE = frozenset(("numpy", "torch", "jax"))


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
    match to:
        case "latex" | "pdf":
            return Made(_latex(solutions, wanted, to == "pdf"))
        case "markdown":
            return _markdown(solutions, wanted)
        case "svg" | "png":
            from gradcalc.render import svg

            return Made(svg.draw(picture(solutions[0], wanted.sheet)))
        case "tikz":
            return Made(_tikz(solutions[0], wanted))
    from gradcalc.render import formats, load

    if to not in formats():
        raise GradcalcError(Problem("format", f"there is no export to {to} yet"))
    module: Any = load(to)
    return Made(module.join([module.render(solution, wanted.options) for solution in solutions]))


def _latex(solutions: Sequence[Solution], wanted: Export, whole: bool) -> str:
    from gradcalc.handout import compose
    from gradcalc.render import latex

    handouts = [compose(solution, wanted.sheet) for solution in solutions]
    if wanted.standalone and not whole:
        return "\n".join(latex.fragment(handout, wanted.sheet.solution) for handout in handouts)
    return latex.document([latex.question(handout) for handout in handouts], wanted.sheet.solution, wanted.preamble)


def _tikz(solution: Solution, wanted: Export) -> str:
    from gradcalc.render import tikz

    what = picture(solution, wanted.sheet)
    return tikz.document(what, wanted.preamble) if wanted.standalone else tikz.render(what)


def _markdown(solutions: Sequence[Solution], wanted: Export) -> Made:
    from gradcalc.handout import compose
    from gradcalc.render import handout_markdown, svg

    pages, pictures = [], []
    for number, solution in enumerate(solutions, 1):
        handout = compose(solution, wanted.sheet)
        name = f"{wanted.stem}-{number}.svg" if len(solutions) > 1 else f"{wanted.stem}.svg"
        pictures.append((name, svg.draw(handout.solved if wanted.sheet.solution else handout.blank)))
        pages.append(handout_markdown.page(handout, wanted.sheet.solution, name))
    return Made("\n---\n\n".join(pages), tuple(pictures))


def stem(path: Path | None) -> str:
    """A name that is safe in a link, after the document's."""
    word = path.stem if path else "handout"
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in word) or "handout"
