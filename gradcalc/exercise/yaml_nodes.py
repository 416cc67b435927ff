"""YAML to nodes that know their place. Scalars stay text: what they mean is for the schema to say.

Reads PyYAML's events, so that nothing is built before it is checked: depth, aliases, tags, duplicate keys and second
documents are refused where they stand, and nothing in a file can make an object or refer to another part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from gradcalc.exercise.source import Source, Text
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.tokens import canonical, shown

MAX_DEPTH = 16
MAX_PROBLEMS = 50  # more are not worth reading
MAX_SCALARS = 50_000  # some 50 µs each

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt\s].*)?|\d+:\d{1,2}(:\d{1,2})?(\.\d*)?")
_COMMENT = re.compile(r"[ \t]+(#[^\n]*)")


@dataclass(slots=True)
class Node:
    """`kind` is scalar, list, mapping, empty (nothing written), or broken (a problem was reported; say no more)."""

    kind: str
    text: Text
    plain: bool = False  # a scalar without quotes
    flow: bool = False  # written with [ ] or { }
    comment: str = ""  # what follows on the line of a plain scalar, from #
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.text.place()


class _Stop(Exception):
    """Enough is wrong; reading on would not help."""


def read_yaml(data: bytes | str, file: str) -> tuple[Node, list[Problem]]:
    """The one document of a file, and every problem of its form. Raises GradcalcError where nothing can be read."""
    source = Source.of(data, file)
    reader = _Reader(source)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            reader.take(event)
    except _Stop:
        pass
    except yaml.YAMLError as error:
        last = explain(source, error)
        others = [problem for problem in reader.problems if not _same_spot(problem, last)]
        raise GradcalcError(*_ordered([*others, last])) from None
    except (ValueError, OverflowError, RecursionError, AttributeError):  # PyYAML lets some through
        raise GradcalcError(
            *reader.problems, source.problem("yaml", "this is not readable as YAML", 0)
        ) from None
    if reader.stopped:
        raise GradcalcError(*_ordered(reader.problems))
    if reader.root is None:
        raise GradcalcError(
            *reader.problems,
            source.problem("empty", "the file is empty", 0, "an exercise has an `expression`"),
        )
    return reader.root, reader.problems


def _same_spot(one: Problem, other: Problem) -> bool:
    a, b = one.place, other.place
    return a is not None and b is not None and (a.line, a.column) == (b.line, b.column)


def _ordered(problems: list[Problem]) -> list[Problem]:
    return sorted(
        problems,
        key=lambda problem: (problem.place.line, problem.place.column) if problem.place else (0, 0),
    )


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.open: list[Node] = []
        self.lists: list[bool] = []  # whether each open node is a list
        self.keys: list[Node | None] = []  # per open mapping: the key that waits for its value
        self.seen: list[dict[str, int]] = []
        self.documents = self.scalars = 0
        self.stopped = False

    def wrong(
        self, slug: str, message: str, event: Any, hint: str | None = None, stop: bool = False
    ) -> None:
        index = event.start_mark.index
        self.problems.append(
            self.source.problem(slug, message, index, hint, max(event.end_mark.index - index, 1))
        )
        if stop or len(self.problems) >= MAX_PROBLEMS:
            self.stopped = True
            raise _Stop

    def take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.wrong(
                        "documents",
                        "a second document in one file",
                        event,
                        "one exercise per file: remove this ---",
                        stop=True,
                    )
            case yaml.AliasEvent():
                self.add(self.node("broken", event))
                word = f"*{shown(str(event.anchor))}"
                self.wrong(
                    "alias",
                    f"`{word}` reads as a YAML alias, and aliases have no place here",
                    event,
                    "quote an expression that begins with *",
                )
            case yaml.ScalarEvent():
                self.refuse_extras(event)
                self.scalar(event)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self.refuse_extras(event)
                self.begin(
                    "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping", event
                )
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.end()

    def refuse_extras(self, event: Any) -> None:
        if event.anchor is not None:
            hint = "quote an expression that begins with &"
            self.wrong(
                "anchor",
                f"`&{shown(event.anchor)}` is a YAML anchor, and anchors have no place here",
                event,
                hint,
            )
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.wrong(
                "tag",
                f"`{shown(tag)}` is a YAML tag, and tags have no place here",
                event,
                "write the value plainly, or quote it",
            )

    def node(self, kind: str, event: Any) -> Node:
        place = self.source.cut("", event.start_mark.index, event.start_mark.index)
        return Node(kind, place, flow=bool(getattr(event, "flow_style", False)))

    def scalar(self, event: Any) -> None:
        self.scalars += 1
        if self.scalars > MAX_SCALARS:
            self.wrong("limit", f"more than {MAX_SCALARS:,} values", event, stop=True)
        start, end, style = event.start_mark.index, event.end_mark.index, event.style or ""
        style = "" if style not in ("'", '"', "|", ">") else style
        text = self.source.cut(event.value, start, end, style)
        if not style and event.value in ("", "~"):
            self.add(Node("empty", text))
            return
        node = Node("scalar" if event.tag is None else "broken", text, plain=not style)
        if not style:
            if match := _COMMENT.match(self.source.text, end):
                node.comment = match.group(1)
            if _DATE.fullmatch(event.value):
                self.problems.append(
                    text.wrong(
                        "date",
                        f"`{shown(event.value)}` looks like a date or a time",
                        "quote it if it is text",
                    )
                )
                node.kind = "broken"
        self.add(node)

    def begin(self, kind: str, event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            self.wrong(
                "limit", f"lists and mappings nested more than {MAX_DEPTH} deep", event, stop=True
            )
        node = self.node(kind if event.tag is None else "broken", event)
        self.add(node)
        self.open.append(node)
        self.lists.append(kind == "list")
        self.keys.append(None)
        self.seen.append({})

    def end(self) -> None:
        node = self.open.pop()
        self.lists.pop()
        self.keys.pop()
        self.seen.pop()
        if node.flow:
            self.find_cut(node)

    def add(self, node: Node) -> None:
        if not self.open:
            self.root = self.root or node
            return
        parent = self.open[-1]
        if self.lists[-1]:
            parent.items.append(node)
        elif (key := self.keys[-1]) is not None:
            parent.pairs.append((key, node))
            self.keys[-1] = None
        else:
            self.keys[-1] = node
            self.check_key(node)

    def check_key(self, node: Node) -> None:
        word = node.text.value
        if node.kind in ("list", "mapping", "empty"):
            self.problems.append(
                node.text.wrong("key", "a key is a name, not a list, a mapping or nothing")
            )
            node.kind = node.kind if node.kind in ("list", "mapping") else "broken"
        elif word == "<<" and node.plain:
            self.problems.append(
                node.text.wrong("merge", "merge keys have no place here", "write the entries out")
            )
            node.kind = "broken"
        elif (line := self.seen[-1].get(canonical(word))) is not None:
            self.problems.append(
                node.text.wrong(
                    "duplicate", f"`{shown(word)}` stands twice; the first is on line {line}"
                )
            )
            node.kind = "broken"
        else:
            self.seen[-1][canonical(word)] = node.place.line

    def find_cut(self, node: Node) -> None:
        """`{q: max(x, y)}` is read by YAML as q: `max(x` and a key `y)`: parentheses tell."""
        parts = [part for pair in node.pairs for part in pair] + node.items
        for part in parts:
            value = part.text.value
            if part.plain and (
                value.count("(") != value.count(")") or value.count("[") != value.count("]")
            ):
                message = "flow style, [ ] and { }, cuts expressions at their commas"
                self.problems.append(
                    part.text.wrong(
                        "flow", message, "write one line per item, or quote the expression"
                    )
                )
                node.kind = "broken"
                return


def explain(source: Source, error: yaml.YAMLError) -> Problem:
    """What an author most likely did where YAML gives up."""
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    message = str(getattr(error, "problem", "") or "this is not readable as YAML")
    where = str(getattr(error, "context", "") or "")
    index = min(mark.index, len(source.text)) if mark else 0
    place = source.place(index)
    before, rest = place.text[: place.column - 1], place.text[place.column - 1 :]
    value = re.match(r"\s*(?:- +)*(?:[^\s:#'\"\[{]+\s*:\s+)?(.*)", place.text)
    begun = value.group(1) if value else ""

    def problem(text: str, hint: str | None = None, at: int = index, length: int = 1) -> Problem:
        return source.problem("yaml", text, at, hint, length)

    if "\t" in before + rest[:1] and "cannot start any token" in message:
        return problem("a tab where YAML wants spaces", "indent with spaces")
    if (
        "cannot start any token" in message
        and rest
        and not (begun[:1] in ("[", "{") and before.rstrip()[-1:] in ("]", "}"))
    ):
        return problem(
            f"a plain value cannot begin with `{rest[0]}`", f"quote it: '{_short(rest)}'"
        )
    if "quoted scalar" in where:
        if "end of stream" in message or "document indicator" in message:
            return problem(
                "a quote that is never closed", None, context.index if context else index
            )
        return problem(
            "an escape that YAML does not know",
            "in double quotes write \\\\ for \\, or use single quotes",
        )
    if "block scalar" in where and context:
        start = min(context.index, len(source.text) - 1)
        kind = source.text[start]
        return problem(
            f"a value that begins with `{kind}` is a block of text for YAML",
            f"quote it: '{_short(begun)}'" if begun else None,
            start,
        )
    if "anchor" in where or "alias" in where:
        return problem(
            "a plain value cannot begin with * or &",
            f"quote it: '{_short(begun)}'" if begun else None,
        )
    if "flow" in where:
        if rest[:1] in ("[", "{") and before.rstrip()[-1:] not in ("[", ",", "{", ":", ""):
            return problem(
                "flow style, [ ] and { }, cuts expressions at their commas",
                "write one line per item, or quote the expression",
            )
        if rest[:1] in ("]", "}"):
            return problem(
                f"`{rest[0]}` where {'a ]' if 'sequence' in where else 'a }'} or a comma belongs"
            )
        opened = (
            context.index
            if context and source.text[context.index : context.index + 1] in ("[", "{")
            else -1
        )
        opened = (
            opened
            if opened >= 0
            else max(source.text.rfind("[", 0, index), source.text.rfind("{", 0, index), 0)
        )
        sign = source.text[opened : opened + 1]
        return problem(
            f"`{sign}` is never closed, or something is missing before line {place.line}, column {place.column}",
            None,
            opened,
        )
    if begun[:1] in ("*", "&", "!") and ("expected key" in message or "expected" in message):
        return problem(
            f"a plain value cannot begin with `{begun[0]}`",
            f"quote it: '{_short(begun)}'",
            source.starts[place.line - 1] + place.text.find(begun),
        )
    if (
        begun[:1] in ("[", "{", '"', "'")
        and before.strip()
        and ("expected key" in message or "any token" in message)
    ):
        noun = "a list" if begun[0] == "[" else "a mapping" if begun[0] == "{" else "quoted text"
        return problem(
            f"for YAML this value ends here: it begins with `{begun[0]}`, as {noun}",
            "quote the whole of it, or begin with |",
        )
    if "mapping values are not allowed" in message:
        if value and value.start(1) < place.column - 1 and ":" in before:
            quote = '"' if "'" in begun else "'"
            return problem(
                "a colon and a space inside a plain value",
                f"quote it: {quote}{_short(begun)}{quote}",
            )
        return problem(
            "a key that is indented under a value", "give it the indentation of the keys above"
        )
    if "sequence entries are not allowed" in message:
        return problem("a list item on the line of its key", "begin it on the next line")
    if "end of the stream" in message or "document start" in message:
        return problem(
            "a line that does not fit the indentation above", "give all keys the same indentation"
        )
    if "expected key" in message or "'-' indicator" in message:
        return problem(
            "a line that does not fit the indentation above",
            "check the spaces before it, and the line above",
        )
    if "node content" in message and rest:
        return problem(
            f"`{rest[0]}` where a value belongs", "quote it if it is part of an expression"
        )
    return problem(f"not readable as YAML: {message}")


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 50 else text[:49] + "…"


def from_python(value: Any, file: str) -> Node:
    """Python data (the content of a YAML file as a dict) as nodes; places name the value alone."""
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if value is None:
        return Node("empty", Text("", file))
    if isinstance(value, Mapping):
        pairs = [
            (from_python(str(key), file), from_python(item, file)) for key, item in value.items()
        ]
        return Node("mapping", Text("", file), pairs=pairs)
    if isinstance(value, (list, tuple)):
        return Node("list", Text("", file), items=[from_python(item, file) for item in value])
    return Node("scalar", Text(value if isinstance(value, str) else repr(value), file))
