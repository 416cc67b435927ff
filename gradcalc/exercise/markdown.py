"""A small Markdown for statements: paragraphs, lists, headings, code, emphasis, links, and $…$ for mathematics.

    read("Let $q = x + y$.")  ->  (Paragraph((Words("Let "), Formula("q = x + y"), Words("."))),)

HTML is text like any other. Mathematics may use the commands of textables.py alone. Raises SpanError with offsets.
A `$` that has no partner, stands beside a space inside, or closes before a digit is a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from gradcalc.exercise.tex import check
from gradcalc.language.errors import SpanError
from gradcalc.language.fast_dataclasses import dataclass, replace

MAX_LISTS = 3  # how deep lists nest (TeX stops at four), and emphasis


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
    """Text in the font of code."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Emphasised text; strong is bold."""

    parts: tuple[Inline, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """`url` begins with http://, https:// or mailto:; anything else is not read as a link."""

    parts: tuple[Inline, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line within a paragraph."""


Inline: TypeAlias = Words | Formula | Code | Emphasis | Link | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """A heading of a level from 1."""

    parts: tuple[Inline, ...]
    level: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of code as they stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; `start` is the first number of an ordered one."""

    items: tuple[tuple[Block, ...], ...]
    ordered: bool = False
    start: int = 1


Block: TypeAlias = Paragraph | Title | Listing | Items

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*$")
_TITLE = re.compile(r" {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
_BULLET = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])( +)(?=\S)")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\(((?:https?://|mailto:)[^\s()<>\"\\]*)\)")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    at: int  # offset of its first character in the whole

    def cut(self, length: int) -> _Line:
        return _Line(self.text[length:], self.at + length)


def read(text: str, problems: list[SpanError] | None = None) -> tuple[Block, ...]:
    """Blocks of a text. Raises SpanError where mathematics is not what it may be, or adds it to `problems`."""
    return tuple(_Reader(problems).blocks(_lines(text), 0))


def read_line(text: str) -> tuple[Inline, ...]:
    """A text that stands within a line."""
    return tuple(_Reader(None).inlines([_Line(text.replace("\n", " "), 0)], 0))


def _lines(text: str) -> list[_Line]:
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append(_Line(line.replace("\t", " ").rstrip("\r"), at))
        at += len(line) + 1
    return lines


class _Reader:
    """Reads blocks, and the spans in their lines."""

    def __init__(self, problems: list[SpanError] | None) -> None:
        self.problems = problems

    def blocks(self, lines: list[_Line], depth: int) -> Iterator[Block]:
        at = 0
        while at < len(lines):
            line = lines[at].text
            if not line.strip():
                at += 1
            elif fence := _FENCE.match(line):
                end = at + 1
                while end < len(lines) and not lines[end].text.strip().startswith(fence[1]):
                    end += 1
                yield Listing("\n".join(line.text for line in lines[at + 1 : end]))
                at = end + 1
            elif title := _TITLE.match(line):
                yield Title(
                    tuple(self.inlines([_Line(title[2], lines[at].at + title.start(2))], 0)),
                    len(title[1]),
                )
                at += 1
            elif (bullet := _BULLET.match(line)) and depth < MAX_LISTS:
                at, items = self.items(lines, at, depth)
                mark = bullet[2]
                yield Items(
                    tuple(items), mark[0].isdigit(), int(mark[:-1]) if mark[0].isdigit() else 1
                )
            else:
                end = at + 1
                while end < len(lines) and lines[end].text.strip() and not _begins(lines[end].text):
                    end += 1
                while end < len(lines) and _open_display(
                    lines[at:end]
                ):  # a formula goes on over an empty line's neighbours
                    end += 1
                yield Paragraph(
                    tuple(
                        self.inlines(
                            [
                                replace(
                                    line,
                                    text=line.text.rstrip(" ") + "  " * line.text.endswith("  "),
                                )
                                for line in lines[at:end]
                            ],
                            0,
                        )
                    )
                )
                at = end

    def items(self, lines: list[_Line], at: int, depth: int) -> tuple[int, list[tuple[Block, ...]]]:
        """The items of a list that begins at a line, and the line after it."""
        first = _BULLET.match(lines[at].text)
        assert first is not None
        ordered, items = first[2][0].isdigit(), []
        while (
            at < len(lines)
            and (bullet := _BULLET.match(lines[at].text))
            and bullet[2][0].isdigit() == ordered
            and len(bullet[1]) <= len(first[1])
        ):
            indent = bullet.end()
            own, at = [lines[at].cut(indent)], at + 1
            while at < len(lines):
                line = lines[at].text
                if not line.strip():
                    following = lines[at + 1].text if at + 1 < len(lines) else ""
                    if not following[:indent].isspace():
                        break
                elif line[:indent].isspace():
                    pass
                elif _BULLET.match(line) or not own[-1].text.strip():
                    break
                own.append(lines[at].cut(min(indent, len(line) - len(line.lstrip()))))
                at += 1
            while at < len(lines) and not lines[at].text.strip():
                at += 1
            items.append(tuple(self.blocks(own, depth + 1)))
        return at, items

    def inlines(self, lines: list[_Line], depth: int) -> Iterator[Inline]:
        text = "\n".join(line.text for line in lines)
        starts: list[tuple[int, int]] = []  # offset here, offset in the whole
        at = 0
        for line in lines:
            starts.append((at, line.at))
            at += len(line.text) + 1

        def whole(offset: int) -> int:
            here, there = max((pair for pair in starts if pair[0] <= offset), default=(0, 0))
            return there + offset - here

        return self.spans(text, 0, len(text), whole, depth)

    def spans(
        self, text: str, start: int, end: int, whole: Callable[[int], int], depth: int
    ) -> Iterator[Inline]:
        """The inlines of a stretch of text: what begins with a sign, and the words between."""
        words: list[str] = []
        at = start
        while at < end:
            char = text[at]
            if char == "\\" and at + 1 < end and text[at + 1] in _PUNCTUATION:
                words.append(text[at + 1])
                at += 2
                continue
            if char == "\n":
                while words and words[-1] == " ":
                    words.pop()
            found = self.marked(text, at, end, whole, depth)
            if found is None:
                words.append(" " if char == "\n" else char)
                at += 1
            else:
                inline, at = found
                if isinstance(inline, str):
                    words.append(inline)
                else:
                    yield from _said(words)
                    words.clear()
                    yield inline
            while char == "\n" and at < end and text[at] == " ":
                at += 1
        yield from _said(words)

    def marked(
        self, text: str, at: int, end: int, whole: Callable[[int], int], depth: int
    ) -> tuple[Inline | str, int] | None:
        """What the sign at an offset begins, and where that ends; a str is plain text. None where it begins nothing."""
        char = text[at]
        if char == "\n":
            return (Break(), at + 1) if at >= 2 and text[at - 2 : at] == "  " else None
        if char == "`":
            return _code(text, at, end)
        if char == "$":
            return self.formula(text, at, end, whole)
        if char in "*_" and depth < MAX_LISTS and (mark := _emphasis(text, at, end)):
            width, stop = mark
            inside = tuple(self.spans(text, at + width, stop, whole, depth + 1))
            return Emphasis(inside, width == 2), stop + width
        if char == "[" and depth < MAX_LISTS and (link := _LINK.match(text, at, end)):
            inside = tuple(self.spans(text, link.start(1), link.end(1), whole, MAX_LISTS))
            return Link(inside, link[2]), link.end()
        return None

    def formula(
        self, text: str, at: int, end: int, whole: Callable[[int], int]
    ) -> tuple[Formula, int] | None:
        """The formula that a dollar begins, checked; a mistake is placed in the whole text."""
        found = _formula(text, at, end)
        if found is None:
            return None
        first, last, after, display = found
        try:
            tex = check(text[first:last])
        except SpanError as error:
            placed = SpanError(
                error.slug,
                error.message,
                whole(first + error.start),
                whole(first + error.end - 1) + 1,
                error.hint,
            )
            if self.problems is None:
                raise placed from None
            self.problems.append(placed)
            tex = ""
        return Formula(tex.strip(), display), after


def _said(words: list[str]) -> Iterator[Words]:
    if words:
        yield Words("".join(words))


def _code(text: str, at: int, end: int) -> tuple[Code | str, int]:
    """Code between runs of as many backticks; the run itself where none closes it."""
    run = len(text[at:end]) - len(text[at:end].lstrip("`"))
    close = re.compile(rf"(?<!`)`{{{run}}}(?!`)").search(text, at + run, end)
    if close is None:
        return "`" * run, at + run
    return Code(" ".join(text[at + run : close.start()].split("\n")).strip() or " "), close.end()


def _begins(line: str) -> bool:
    bullet = _BULLET.match(line)
    return bool(
        _FENCE.match(line)
        or _TITLE.match(line)
        or (bullet and (bullet[2] in "-*+" or bullet[2][:-1] == "1"))
    )


def _open_display(lines: list[_Line]) -> bool:
    return sum(line.text.count("$$") for line in lines) % 2 == 1 and len(lines) < 40


def _formula(text: str, at: int, end: int) -> tuple[int, int, int, bool] | None:
    """Where the mathematics that begins with this $ begins and ends, what comes after it, and whether it is displayed."""
    if text.startswith("$$", at):
        close = _closing(text, at + 2, end, "$$")
        return (
            (at + 2, close, close + 2, True)
            if close is not None and text[at + 2 : close].strip()
            else None
        )
    if at + 1 >= end or text[at + 1].isspace():
        return None
    close = _closing(text, at + 1, end, "$")
    if close is None or text[close - 1].isspace() or text[close + 1 : close + 2].isdigit():
        return None
    return at + 1, close, close + 1, False


def _closing(text: str, at: int, end: int, mark: str) -> int | None:
    while at < end:
        if text[at] == "\\":
            at += 2
        elif text.startswith(mark, at):
            return at
        else:
            at += 1
    return None


def _emphasis(text: str, at: int, end: int) -> tuple[int, int] | None:
    """Width of the mark that opens here, and where it closes; None where it opens nothing."""
    mark = text[at]
    width = 2 if text.startswith(mark * 2, at) else 1
    if (
        at + width >= end
        or text[at + width].isspace()
        or (mark == "_" and at and text[at - 1].isalnum())
    ):
        return None
    close = text.find(mark * width, at + width, end)
    while close >= 0:
        after = text[close + width : close + width + 1]
        if (
            not text[close - 1].isspace()
            and text[close - 1] != "\\"
            and close > at + width
            and not (mark == "_" and after.isalnum())
        ):
            inner = text[at + width : close]
            if inner.count("$") % 2 == 0 and inner.count("`") % 2 == 0:
                return width, close
        close = text.find(mark * width, close + width, end)
    return None
