"""A source file as text, and pieces of it that know where each of their characters stands."""

from __future__ import annotations

import re
from bisect import bisect_right

from gradcalc.language.errors import GradcalcError, Place, Problem, SpanError
from gradcalc.language.fast_dataclasses import dataclass, field

MAX_BYTES = 256 * 1024  # without the numbers in arrays, which are counted apart
MAX_LINES = 5000
MAX_TOTAL = 4 * 1024 * 1024

_NUMBERS = re.compile(r"\[[-+0-9.eE,\s\[\]]*\]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of source text that knows where each of its characters stands in the file.

    `lines` holds a run of characters that stand side by side in the file as (offset in value, line,
    column), ascending: one for each line of a block, one more behind each escape of a quoted
    scalar. `source` is the file, line by line.
    """

    value: str
    file: str = "<expression>"
    lines: tuple[tuple[int, int, int], ...] = ((0, 1, 1),)
    source: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def place(self, start: int = 0, end: int | None = None) -> Place:
        """The place of the characters `start:end`, on the line where they begin."""
        end = max(start + 1, len(self.value) if end is None else end)
        run = max(bisect_right(self.lines, (start, 1 << 60, 0)) - 1, 0)
        offset, line, column = self.lines[run]
        column += start - offset
        text = (self.source or self.value.split("\n"))[line - 1]
        while run + 1 < len(self.lines) and self.lines[run + 1][0] < end:
            run += 1
            if self.lines[run][1] != line:
                end = self.lines[run][0]
        length = min(end - start, max(len(text) - column + 1, 1))
        return Place(self.file, line, column, text, length)

    def problem(self, error: SpanError) -> Problem:
        """A mistake at offsets of this text, placed in the file."""
        return Problem(error.slug, error.message, self.place(error.start, error.end), error.hint)

    def wrong(self, slug: str, message: str, hint: str | None = None) -> Problem:
        """A mistake of the text as a whole."""
        return Problem(slug, message, self.place(), hint)


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its text with \\n as line end, and where its lines begin."""

    file: str
    text: str
    lines: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, data: bytes | str, file: str) -> Source:
        """Checks encoding, size and characters. Raises GradcalcError."""
        text = data if isinstance(data, str) else _decode(data, file)
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        lines = tuple(text.split("\n"))
        starts = [0]
        for line in lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        source = cls(file, text, lines, tuple(starts))
        if found := _CONTROL.search(text):
            code = ord(found.group())
            raise GradcalcError(
                source.problem(
                    "character",
                    f"a control character (U+{code:04X}) is not allowed",
                    found.start(),
                    "delete it",
                )
            )
        size, count = len(text.encode("utf-8", "replace")), len(lines)
        if size > MAX_BYTES or count > MAX_LINES + 1:
            rest = _NUMBERS.sub("[]", text)
            size, count = (
                min(size, len(rest.encode("utf-8", "replace"))) if size <= MAX_TOTAL else size,
                rest.count("\n") + 1,
            )
        if size > MAX_BYTES:
            raise GradcalcError(
                source.problem(
                    "limit",
                    f"the file has {size // 1024} KiB; the limit is {MAX_BYTES // 1024} KiB",
                    0,
                )
            )
        if count > MAX_LINES + 1:
            raise GradcalcError(
                source.problem("limit", f"the file has {count} lines; the limit is {MAX_LINES}", 0)
            )
        return source

    def place(self, index: int, length: int = 1) -> Place:
        line = bisect_right(self.starts, index)
        return Place(
            self.file, line, index - self.starts[line - 1] + 1, self.lines[line - 1], length
        )

    def problem(
        self, slug: str, message: str, index: int, hint: str | None = None, length: int = 1
    ) -> Problem:
        return Problem(slug, message, self.place(index, length), hint)

    def cut(self, value: str, start: int, end: int, style: str = "") -> Text:
        """The scalar between two indices as a Text. `style` is YAML's: "", ', ", | or >."""
        line = bisect_right(self.starts, start)
        column = start - self.starts[line - 1] + 1
        if not style and self.text.startswith(value, start):
            return Text(value, self.file, ((0, line, column),), self.lines)
        return Text(value, self.file, self._runs(value, start, end, style), self.lines)

    def _runs(
        self, value: str, start: int, end: int, style: str
    ) -> tuple[tuple[int, int, int], ...]:
        """Where each character of a scalar stands: source and value hold the same characters, but
        for white space, quotes and escapes.
        """
        raw, runs, expected = self.text, [], -1
        at = start + 1 if style in ("'", '"') else start
        if style in ("|", ">"):
            at = raw.find("\n", start) + 1 or end
        for offset, char in enumerate(value):
            if style == '"':
                while raw.startswith("\\\n", at):
                    at = _skip(raw, at + 2, end)
            if not char.isspace():
                if raw[at : at + 1].isspace():
                    at = _skip(raw, at, end)
                while style == '"' and raw.startswith("\\\n", at):
                    at = _skip(raw, at + 2, end)
            elif char != "\n" and style in ("|", ">") and (at == 0 or raw[at - 1] == "\n"):
                at = max(at, _skip(raw, at, end) - 1)
            if at != expected:
                line = bisect_right(self.starts, min(at, len(raw)))
                runs.append((offset, line, min(at, len(raw)) - self.starts[line - 1] + 1))
            expected = at + 1
            if style == '"' and raw.startswith("\\", at):
                at += {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
            elif style == "'" and char == "'":
                at += 2
            elif raw[at : at + 1] == char or (char.isspace() and raw[at : at + 1].isspace()):
                at += 1
        line = bisect_right(self.starts, start)
        return tuple(runs) or ((0, line, start - self.starts[line - 1] + 1),)


def _skip(raw: str, at: int, end: int) -> int:
    while at < end and raw[at].isspace():
        at += 1
    return at


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_TOTAL:
        raise GradcalcError(
            Problem(
                "limit",
                f"the file has more than {MAX_TOTAL // 1024} KiB; the limit is "
                f"{MAX_BYTES // 1024} KiB",
                Place(file, 1, 1),
            )
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise GradcalcError(
            Problem("encoding", "this file is UTF-16", Place(file, 1, 1), "save it as UTF-8")
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        text = data[begin:].split(b"\n")[0].decode("utf-8", "replace")
        column = len(data[begin : error.start].decode("utf-8", "replace")) + 1
        raise GradcalcError(
            Problem(
                "encoding",
                "this file is not UTF-8",
                Place(file, line, column, text),
                "save it as UTF-8",
            )
        ) from None
