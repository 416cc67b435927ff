"""Markdown of statements, read by markdown-it-py: CommonMark with tables and $…$, as data.

    read("Let $q = x + y$.")  ->  (Paragraph((Words("Let "), Formula("q = x + y"), Words("."))),)

HTML is text like any other. Mathematics may use the commands of tex_commands.py alone. Raises
SpanError with offsets. A `$` that has no partner, stands beside a space inside, or closes before a
digit is a dollar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_LISTS = 3  # how deep lists nest (TeX stops at four); what is deeper stands under the item above
SCHEMES = ("http://", "https://", "mailto:")
PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".pdf")


@dataclass(frozen=True, slots=True)
class Words:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics, checked; `display`: on a line of its own."""

    tex: str
    display: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Code inside a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Emphasised text; `strong`: bold."""

    parts: tuple[Inline, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """`url` begins with http://, https:// or mailto:; anything else is not read as a link."""

    parts: tuple[Inline, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by its path below the exercise's folder, and what it shows in words."""

    path: str
    alt: str


@dataclass(frozen=True, slots=True)
class Break:
    """A line break that the author asked for."""


Inline: TypeAlias = Words | Formula | Code | Emphasis | Link | Image | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """A heading; `level` counts from 1, the highest."""

    parts: tuple[Inline, ...]
    level: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of code as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; an ordered one counts from `start`."""

    items: tuple[tuple[Block, ...], ...]
    ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation, itself made of blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`aligned`: left, center or right for each column; the first row is the head."""

    aligned: tuple[str, ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line."""


Block: TypeAlias = Paragraph | Title | Listing | Items | Quotation | Table | Rule


def read(text: str, problems: list[SpanError] | None = None) -> tuple[Block, ...]:
    """Blocks of a text. Raises SpanError where mathematics is not what it may be, or adds it to
    `problems`.
    """
    return tuple(_Reader(text, problems).blocks(_parser().parse(text)))


def read_line(text: str, problems: list[SpanError] | None = None) -> tuple[Inline, ...]:
    """A text that stands within a line."""
    text = text.replace("\n", " ").strip()
    reader = _Reader(text, problems)
    return tuple(
        part
        for token in _parser().parseInline(text)
        for part in reader.inlines(token.children or ())
    )


def formulas(item: object) -> Iterator[str]:
    """The TeX of every formula in a text."""
    if isinstance(item, Formula):
        yield item.tex
    elif isinstance(item, tuple):
        for part in item:
            yield from formulas(part)
    elif isinstance(item, Block | Inline):
        for name in getattr(item, "__dataclass_fields__", ()):
            yield from formulas(getattr(item, name))


def images(item: object) -> Iterator[Image]:
    """Every picture in a text."""
    if isinstance(item, Image):
        yield item
    elif isinstance(item, tuple):
        for part in item:
            yield from images(part)
    elif isinstance(item, Block | Inline):
        for name in getattr(item, "__dataclass_fields__", ()):
            yield from images(getattr(item, name))


def inside(path: str) -> bool:
    """Whether a path names a picture in the exercise's folder or below it."""
    parts = path.split("/")
    plain = "\\" not in path and ":" not in path and not path.startswith("/")
    return plain and ".." not in parts and path.lower().endswith(PICTURES)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 24}).enable("table")
    parser.disable(["entity", "html_inline", "html_block", "autolink"])
    return parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        double_inline=True,
    )


class _Reader:
    """Reads the tokens of markdown-it; `at` is how far in the text formulas have been found."""

    def __init__(self, text: str, problems: list[SpanError] | None) -> None:
        self.text, self.problems, self.at = text, problems, 0

    def blocks(self, tokens: Sequence[Token], depth: int = 0) -> Iterator[Block]:
        k = 0
        while k < len(tokens):
            token = tokens[k]
            end = _closing(tokens, k)
            inner = tokens[k + 1 : end]
            match token.type:
                case "paragraph_open":
                    yield Paragraph(self.line(inner))
                case "heading_open":
                    yield Title(self.line(inner), int(token.tag[1:]))
                case "fence" | "code_block":
                    yield Listing(token.content.rstrip("\n"))
                case "math_block":
                    yield Paragraph((Formula(self.formula(token.content), True),))
                case "bullet_list_open" | "ordered_list_open" if depth < MAX_LISTS:
                    items = tuple(tuple(self.blocks(part, depth + 1)) for part in _children(inner))
                    start: Any = token.attrs.get("start", 1)
                    yield Items(items, token.type[0] == "o", int(start))
                case "bullet_list_open" | "ordered_list_open":
                    for part in _children(inner):
                        yield from self.blocks(part, depth)
                case "blockquote_open":
                    yield Quotation(tuple(self.blocks(inner, depth)))
                case "table_open":
                    yield self.table(inner)
                case "hr":
                    yield Rule()
                case "inline":
                    yield Paragraph(tuple(self.inlines(token.children or ())))
            k = end + 1

    def line(self, tokens: Sequence[Token]) -> tuple[Inline, ...]:
        return tuple(part for token in tokens for part in self.inlines(token.children or ()))

    def table(self, tokens: Sequence[Token]) -> Table:
        rows: list[tuple[tuple[Inline, ...], ...]] = []
        aligned: list[str] = []
        for k, token in enumerate(tokens):
            if token.type == "tr_open":
                cells = []
                for j in range(k + 1, _closing(tokens, k)):
                    if tokens[j].type in ("th_open", "td_open"):
                        cells.append(self.line(tokens[j + 1 : j + 2]))
                        if not rows:
                            style = str(tokens[j].attrs.get("style", ""))
                            aligned.append(style.partition(":")[2].strip() or "left")
                rows.append(tuple(cells))
        return Table(tuple(aligned), tuple(rows))

    def inlines(self, tokens: Sequence[Token]) -> Iterator[Inline]:
        words: list[str] = []

        def flush() -> Iterator[Inline]:
            text = "".join(words)
            words.clear()
            if text:
                yield Words(text)

        k = 0
        while k < len(tokens):
            token = tokens[k]
            end = _closing(tokens, k)
            inner = tokens[k + 1 : end]
            match token.type:
                case "text" | "text_special":
                    words.append(token.content)
                case "softbreak":
                    words.append(" ")
                case "link_open" if not str(token.attrs.get("href", "")).startswith(SCHEMES):
                    said = "".join(part.content for part in inner)
                    words.append(f"[{said}]({token.attrs.get('href', '')})")
                case _:
                    yield from flush()
                    yield from self.inline(token, inner)
            k = end + 1
        yield from flush()

    def inline(self, token: Token, inner: Sequence[Token]) -> Iterator[Inline]:
        match token.type:
            case "hardbreak":
                yield Break()
            case "code_inline":
                yield Code(token.content or " ")
            case "math_inline" | "math_inline_double":
                yield Formula(self.formula(token.content), token.type.endswith("double"))
            case "em_open" | "strong_open":
                yield Emphasis(tuple(self.inlines(inner)), token.type == "strong_open")
            case "link_open":
                yield Link(tuple(self.inlines(inner)), str(token.attrs["href"]))
            case "image":
                yield self.image(str(token.attrs.get("src", "")), token.content)

    def image(self, path: str, alt: str) -> Inline:
        if inside(path):
            return Image(path, alt)
        start = max(self.text.find(path, self.at), 0) if path else 0
        message = "a picture is a file in the exercise's folder or below it"
        hint = f"one of {', '.join(PICTURES)}, by a relative path"
        self.wrong(SpanError("image", message, start, start + max(len(path), 1), hint))
        return Words(alt)

    def formula(self, tex: str) -> str:
        """Checked TeX; what is wrong with it is placed in the text."""
        found = self.text.find(tex, self.at)
        if found < 0:  # a line of a quotation or a list was taken out of its middle
            found = max(self.text.find(tex.split("\n")[0], self.at), self.at)
        start = min(found, max(len(self.text) - 1, 0))
        self.at = min(start + len(tex), len(self.text))
        try:
            return check(tex).strip()
        except SpanError as error:
            last = len(self.text)
            first = min(start + error.start, max(last - 1, 0))
            self.wrong(
                SpanError(
                    error.slug, error.message, first, min(start + error.end, last), error.hint
                )
            )
            return ""

    def wrong(self, error: SpanError) -> None:
        if self.problems is None:
            raise error from None
        self.problems.append(error)


def _closing(tokens: Sequence[Token], k: int) -> int:
    """Where what a token opens is closed; the token itself where it opens nothing."""
    depth = 0
    for at in range(k, len(tokens)):
        depth += tokens[at].nesting
        if depth == 0:
            return at
    return len(tokens)


def _children(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """What stands in each of the items of a list."""
    k = 0
    while k < len(tokens):
        end = _closing(tokens, k)
        yield tokens[k + 1 : end]
        k = end + 1
