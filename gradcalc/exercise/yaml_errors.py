"""Where YAML gives up: what the author most likely did there, and how to write it."""

from __future__ import annotations

import re

import yaml

from gradcalc.exercise.source import Source
from gradcalc.language.errors import Problem

MAPPINGS = frozenset(
    ("values", "sizes", "upstream", "examples", "indices", "variables", "notation", "vary")
)
_VALUE = re.compile(r"\s*(?:- +)*(?:[^\s:#'\"\[{]+\s*:\s+)?(.*)")
_FLOW = (
    "YAML cuts this at its commas, inside [ ] and { }",
    "quote the value, or write one item per line",
)


class _Failure:
    """Where reading stopped: PyYAML's words, and the line in two parts."""

    def __init__(self, source: Source, error: yaml.YAMLError) -> None:
        self.source = source
        mark = getattr(error, "problem_mark", None)
        self.context = getattr(error, "context_mark", None)
        self.message = str(getattr(error, "problem", "") or "this is not valid YAML")
        self.where = str(getattr(error, "context", "") or "")
        self.index = min(mark.index, len(source.text)) if mark else 0
        self.place = source.place(self.index)
        self.before = self.place.text[: self.place.column - 1]
        self.rest = self.place.text[self.place.column - 1 :]
        value = _VALUE.match(self.place.text)
        self.begun = value.group(1) if value else ""
        self.begins = value.start(1) if value else 0

    def problem(
        self, text: str, hint: str | None = None, at: int | None = None, length: int = 1
    ) -> Problem:
        at = self.index if at is None else at
        return self.source.problem("yaml", text, at, hint, length)


def explained(source: Source, error: yaml.YAMLError) -> Problem:
    """The problem, at the place of its cause."""
    failure = _Failure(source, error)
    for look in (_tab, _no_colon, _value, _flow, _indentation):
        if found := look(failure):
            return found
    return failure.problem(f"this is not valid YAML: {failure.message}")


def _tab(f: _Failure) -> Problem | None:
    """A tab that indents, on the line where reading stopped or on one near it."""
    first = f.context.line if f.context else f.place.line - 1
    for number in range(first, min(f.place.line + 1, len(f.source.lines))):
        if (found := re.match(r" *\t", f.source.lines[number])) and f.source.lines[number].strip():
            at = f.source.starts[number] + found.end() - 1
            return f.problem("YAML does not allow a tab here", "indent with spaces", at)
    if "\t" in f.rest[:1] and "cannot start any token" in f.message:
        return f.problem("YAML does not allow a tab here", "use spaces")
    return None


def _no_colon(f: _Failure) -> Problem | None:
    """`title Simple`, `title:Simple`, `title = Simple`: a key whose colon or space is missing."""
    if not ("mapping values" in f.message or "expected ':'" in f.message):
        return None
    numbers = [f.context.line] if f.context else []
    numbers += range(f.place.line - 2, max(f.place.line - 4, -1), -1)
    for number in numbers:
        line = f.source.lines[number]
        found = re.fullmatch(r"(\s*)([A-Za-z]\w*)\s*([:=]?)\s*(\S.*?)\s*", line)
        if found is None or re.search(r":(\s|$)", line):
            continue
        indent, key, sign, value = found.groups()
        if len(indent) > len(f.place.text) - len(f.place.text.lstrip()):
            continue
        what = (
            f"a space is missing after `{key}:`"
            if sign == ":"
            else f"a colon is missing after `{key}`"
        )
        at = f.source.starts[number] + len(indent)
        return f.problem(what, f"write {key}: {_short(value)}", at, len(key))
    return None


def _quoted(text: str) -> str:
    quote = '"' if "'" in text else "'"
    return f"quote it: {quote}{_short(text)}{quote}"


def _value(f: _Failure) -> Problem | None:
    """A value that cannot stand as it is: its first sign, a colon in it, a quote in it."""
    begun, before, rest, message = f.begun, f.before, f.rest, f.message
    closed = begun[:1] in ("[", "{") and before.rstrip()[-1:] in ("]", "}")
    if "cannot start any token" in message and rest and not closed:
        return f.problem(f"a value without quotes cannot begin with `{rest[0]}`", _quoted(rest))
    if "quoted scalar" in f.where:
        if "end of stream" in message or "document indicator" in message:
            at = f.context.index if f.context else None
            return f.problem("this quotation mark is never closed", None, at)
        hint = "write \\\\ for \\ in double quotes, or use single quotes"
        return f.problem("YAML does not know this escape", hint)
    if "block scalar" in f.where and f.context:
        start = min(f.context.index, len(f.source.text) - 1)
        kind = f.source.text[start]
        message = f"YAML reads `{kind}` at the beginning of a value as the sign of a text block"
        return f.problem(message, _quoted(begun) if begun else None, start)
    if "anchor" in f.where or "alias" in f.where:
        sign = begun[:1] if begun[:1] in ("*", "&") else "*"
        return f.problem(
            f"a value without quotes cannot begin with `{sign}`", _quoted(begun) if begun else None
        )
    if "flow" in f.where:
        return None
    if begun[:1] in ("*", "&", "!") and "expected" in message:
        at = f.source.starts[f.place.line - 1] + f.place.text.find(begun)
        return f.problem(
            f"a value without quotes cannot begin with `{begun[0]}`", _quoted(begun), at
        )
    if (
        begun[:1] in ("[", "{", '"', "'")
        and before.strip()
        and ("expected key" in message or "any token" in message)
    ):
        noun = {"[": "a list", "{": "a mapping"}.get(begun[0], "quoted text")
        message = f"YAML ends the value here, because it begins with `{begun[0]}` as {noun}"
        return f.problem(message, "quote all of it, or begin it with |")
    if (
        "mapping values are not allowed" in message
        and f.begins < f.place.column - 1
        and ":" in before
    ):
        key = before[: f.begins].strip(" -:")
        if key in MAPPINGS:
            return f.problem(
                "a mapping on one line needs braces", f"write {key}: {{{_short(begun)}}}"
            )
        return f.problem(
            "a value without quotes cannot contain a colon and a space", _quoted(begun)
        )
    return None


def _flow(f: _Failure) -> Problem | None:
    """Inside [ ] or { }."""
    if "flow" not in f.where:
        return None
    rest, context, text = f.rest, f.context, f.source.text
    if rest[:1] in ("[", "{") and f.before.rstrip()[-1:] not in ("[", ",", "{", ":", ""):
        return f.problem(*_FLOW)
    if rest[:1] in ("]", "}"):
        wanted = "]" if "sequence" in f.where else "}"
        return f.problem(f"expected `{wanted}` or a comma, not `{rest[0]}`")
    opened = (
        context.index if context and text[context.index : context.index + 1] in ("[", "{") else -1
    )
    if opened < 0:
        opened = max(text.rfind("[", 0, f.index), text.rfind("{", 0, f.index), 0)
    sign, place = text[opened : opened + 1], f.place
    message = (
        f"`{sign}` is never closed, or something is missing before line {place.line}, "
        f"column {place.column}"
    )
    return f.problem(message, None, opened)


def _indentation(f: _Failure) -> Problem | None:
    """Lines that do not go together."""
    message = f.message
    if "mapping values are not allowed" in message:
        return f.problem("this key is indented under a value", "indent it like the keys above")
    if "sequence entries are not allowed" in message:
        return f.problem("a list cannot begin on the line of its key", "begin it on the next line")
    if "end of the stream" in message or "document start" in message:
        return f.problem("the indentation of this line does not fit", "indent all keys alike")
    if "expected key" in message or "'-' indicator" in message:
        hint = "check the spaces before it, and the line above"
        return f.problem("the indentation of this line does not fit", hint)
    if "node content" in message and f.rest:
        hint = "quote it if it belongs to an expression"
        return f.problem(f"expected a value, not `{f.rest[0]}`", hint)
    return None


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 50 else text[:49] + "…"
