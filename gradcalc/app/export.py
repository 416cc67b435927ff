"""Solutions to files: which formats there are, what each is called, and several exercises in one
document.

export(solutions, "latex", Export())  ->  [Made("ex1.tex", "…")]
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcalc.codegen import LIBRARIES, code
from gradcalc.derivation.answer_model import Solution
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.report.blocks import Options
from gradcalc.report.figure import Sheet, picture
from gradcalc.report.frame_words import words

if TYPE_CHECKING:
    from gradcalc.derivation.step_model import Derivation
    from gradcalc.exercise.vary_model import Drawn
    from gradcalc.report.handout_model import Handout

# Format -> ending of its files.
ENDINGS: Mapping[str, str] = {
    "latex": "tex", "pdf": "pdf", "markdown": "md",
    "html": "html", "page": "html", "svg": "svg", "tikz": "tex", "png": "png",
    "numpy": "py", "torch": "py", "jax": "py",
}  # fmt: skip
DOCUMENTS = frozenset(("latex", "pdf", "markdown", "html", "page"))  # that hold several exercises
BINARY = frozenset(("pdf", "png"))
CODE = frozenset(LIBRARIES)
MOST_BYTES = 8 << 20  # of a picture in a statement
KINDS: Mapping[str, str] = {
    ".png": "image/png", ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".svg": "image/svg+xml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """What is wanted beside the format. stem: the name of the document, for the pictures beside
    it; variants: the other values that a page has.
    """

    sheet: Sheet = field(default_factory=Sheet)
    standalone: bool = False
    preamble: str = ""
    options: Options = field(default_factory=Options)
    stem: str = "handout"
    flavour: str = "plain"
    variants: Sequence[Mapping[str, Drawn]] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The text of one file, and of those it refers to, by name; `files` are pictures to be copied:
    name and source. For pdf and png it is what they are made from. frame: what the whole must know
    of a part.
    """

    text: str
    beside: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    frame: Mapping[str, Any] = field(default_factory=dict)


def export(solutions: Sequence[Solution], to: str, wanted: Export) -> Made:
    """One file of one or several exercises. Pictures and code take exactly one."""
    names = part_names(wanted.stem, len(solutions), to)
    return whole(
        [part(*item, to, wanted) for item in zip(solutions, names, strict=True)], to, wanted
    )


def part_names(stem: str, count: int, to: str) -> list[str]:
    """What the parts of a document of so many exercises are called: by the picture beside each,
    ex3.svg, or on a page by their numbers.
    """
    if to == "page":
        return [str(number) for number in range(1, count + 1)]
    return (
        [f"{stem}.svg"]
        if count == 1
        else [f"{stem}-{number}.svg" for number in range(1, count + 1)]
    )


def part(
    solution: Solution, name: str, to: str, wanted: Export, derivation: Derivation | None = None
) -> Made:
    """What one exercise adds to a file; `name` is for the picture beside it, `derivation` says
    why in a key.
    """
    if to == "page":
        return _played(solution, derivation, int(name), wanted)
    if to in DOCUMENTS:
        from gradcalc.report.handout import compose

        return _written(compose(solution, wanted.sheet, derivation), name, to, wanted)
    if to in CODE:
        return Made(code(solution.graph, to))
    what = picture(solution, wanted.sheet)
    if to == "tikz":
        from gradcalc.render import tikz

        return Made(
            tikz.document(what, wanted.preamble) if wanted.standalone else tikz.render(what)
        )
    from gradcalc.render import svg

    return Made(svg.draw(what, words(wanted.sheet.lang or solution.graph.exercise.lang)))


def _played(solution: Solution, derivation: Derivation | None, number: int, wanted: Export) -> Made:
    """An exercise of a page; with the answers what checks them is on it."""
    from gradcalc.marking.marker import Marker
    from gradcalc.marking.practice import Practice
    from gradcalc.render.page import document as playing
    from gradcalc.report.page_report import compose_page

    assert derivation is not None
    exercise = solution.graph.exercise
    checked = wanted.sheet.solution and "check" in exercise.page_parts
    practice = Practice(Marker(exercise)).data() if checked else None
    item = compose_page(derivation, wanted.sheet, wanted.variants)
    known = {path: data_uri(Path(source)) for path, source in _pictures(item.sheet)}
    frame = {"title": item.sheet.title, "lang": item.sheet.lang}
    return Made(playing.article(item, number, practice, known.get), frame=frame)


def _pictures(handout: Handout) -> tuple[tuple[str, str], ...]:
    """The pictures of a statement, with where they are."""
    from gradcalc.exercise.markdown import images

    where = Path(handout.folder)
    pictures = dict.fromkeys(image.path for image in images(handout.statement))
    return tuple((path, str(where / path)) for path in pictures if allowed(where, path))


def _written(handout: Handout, name: str, to: str, wanted: Export) -> Made:
    files = _pictures(handout)
    match to:
        case "html":
            from gradcalc.render import html

            known = {path: data_uri(Path(source)) for path, source in files}
            frame = {"title": handout.title, "lang": handout.lang}
            return Made(html.article(handout, known.get), frame=frame)
        case "markdown":
            from gradcalc.render import handout_markdown, svg

            text = handout_markdown.page(handout, name, wanted.flavour)
            return Made(text, ((name, svg.draw(handout.figure, handout.words)),), files)
    from gradcalc.render import latex
    from gradcalc.render.latex_document import frame_of

    if wanted.standalone and to == "latex":
        return Made(latex.fragment(handout), (), files)
    text = latex.question(handout, frozenset(path for path, _ in files))
    return Made(text, (), files, asdict(frame_of(handout, text)))


def whole(parts: Sequence[Made], to: str, wanted: Export) -> Made:
    """The file of which these are the parts."""
    texts = [made.text for made in parts]
    beside = tuple(item for made in parts for item in made.beside)
    files = tuple(dict.fromkeys(item for made in parts for item in made.files))
    match to:
        case "latex" if wanted.standalone:
            return Made("\n".join(texts), beside, files)
        case "latex" | "pdf":
            from gradcalc.render.latex_document import Frame, document

            frames = [Frame.of(dict(made.frame)) for made in parts]
            need = {"characters": "".join(frame.foreign for frame in frames)}
            return Made(document(texts, frames, wanted.preamble), beside, files, need)
        case "markdown":
            return Made("\n---\n\n".join(texts), beside, files)
        case "html":
            from gradcalc.render import html

            first = parts[0].frame
            return Made(html.page(texts, first["title"], first["lang"]))
        case "page":
            from gradcalc.render.page import document as playing

            return Made(
                playing.page(texts, [made.frame["title"] for made in parts], parts[0].frame["lang"])
            )
    return parts[0]


def allowed(folder: Path, path: str) -> bool:
    """Whether a picture is a file of moderate size that is really in the exercise's folder, or
    below it.
    """
    found = folder / path
    try:
        real, root = found.resolve(strict=True), folder.resolve(strict=True)
        return real.is_file() and real.is_relative_to(root) and real.stat().st_size <= MOST_BYTES
    except OSError:
        return False


def data_uri(path: Path) -> str | None:
    """A picture as an address that holds it; None for a kind that browsers do not show."""
    kind = KINDS.get(path.suffix.lower())
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}" if kind else None


def stem(path: Path | None) -> str:
    """A name that is safe in a link, after the document's."""
    word = path.stem if path else "handout"
    return (
        "".join(
            char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in word
        )
        or "handout"
    )
