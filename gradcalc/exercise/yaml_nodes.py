"""YAML to nodes that know their place. Scalars stay text: what they mean is for the schema to say.

Reads PyYAML's events, so that nothing is built before it is checked: depth, aliases, tags,
duplicate keys and second documents are refused where they stand, and nothing in a file can make an
object or refer to another part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from gradcalc.exercise.source import Source, Text
from gradcalc.exercise.yaml_errors import explained
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
    """`kind` is scalar, list, mapping, empty (nothing written), or broken (a problem was
    reported; say no more).
    """

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
    """The one document of a file, and every problem of its form. Raises GradcalcError where
    nothing can be read.
    """
    source = Source.of(data, file)
    reader = _Reader(source)
    try:
        for event in yaml.parse(source.text, Loader=_LOADER):
            reader.take(event)
    except _Stop:
        pass
    except yaml.YAMLError as error:
        last = explained(source, error)
        others = [problem for problem in reader.problems if not _same_spot(problem, last)]
        raise GradcalcError(*_ordered([*others, last])) from None
    except (ValueError, OverflowError, RecursionError, AttributeError):  # PyYAML lets some through
        raise GradcalcError(
            *reader.problems, source.problem("yaml", "this is not valid YAML", 0)
        ) from None
    if reader.stopped:
        raise GradcalcError(*_ordered(reader.problems))
    if reader.root is None:
        raise GradcalcError(
            *reader.problems,
            source.problem(
                "empty", "the file is empty", 0, "write for example expression: f = x * y"
            ),
        )
    return reader.root, reader.problems


def cut(node: Node, part: Node) -> tuple[str, str]:
    """Message and hint for a value that [ ] or { } has cut at its commas."""
    message = "YAML cuts this at its commas, inside [ ] and { }"
    hint = "quote the value, or write one item per line"
    values = [item for pair in node.pairs for item in pair] + node.items
    rest = [item.text.value for item in values[values.index(part) :] if item.kind != "empty"]
    whole = ", ".join(rest)
    if (found := re.match(r"\(([^()]*)\)", whole)) and len(found[1]) < 40:
        return "YAML cuts `(…)` at its commas; a list has square brackets", f"write [{found[1]}]"
    return message, hint


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
                        "a file holds one exercise",
                        event,
                        "remove this --- and what follows",
                        stop=True,
                    )
            case yaml.AliasEvent():
                self.add(self.node("broken", event))
                word = f"*{shown(str(event.anchor))}"
                self.wrong(
                    "alias",
                    f"YAML reads `{word}` as an alias, and aliases are not supported",
                    event,
                    "quote a value that begins with *",
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
            hint = "quote a value that begins with &"
            self.wrong(
                "anchor",
                f"YAML reads `&{shown(event.anchor)}` as an anchor, and anchors are not supported",
                event,
                hint,
            )
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.wrong(
                "tag",
                f"YAML reads `{shown(tag)}` as a tag, and tags are not supported",
                event,
                "remove it, or quote the value",
            )

    def node(self, kind: str, event: Any) -> Node:
        place = self.source.cut("", event.start_mark.index, event.start_mark.index)
        return Node(kind, place, flow=bool(getattr(event, "flow_style", False)))

    def scalar(self, event: Any) -> None:
        self.scalars += 1
        if self.scalars > MAX_SCALARS:
            self.wrong("limit", f"the file has more than {MAX_SCALARS:,} values", event, stop=True)
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
                        "quote it",
                    )
                )
                node.kind = "broken"
        self.add(node)

    def begin(self, kind: str, event: Any) -> None:
        if len(self.open) >= MAX_DEPTH:
            self.wrong(
                "limit",
                f"lists and mappings are nested more than {MAX_DEPTH} deep",
                event,
                stop=True,
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
            self.problems.append(node.text.wrong("key", "a key must be a name"))
            node.kind = node.kind if node.kind in ("list", "mapping") else "broken"
        elif word == "<<" and node.plain:
            self.problems.append(
                node.text.wrong(
                    "merge", "YAML merge keys are not supported", "write the entries out"
                )
            )
            node.kind = "broken"
        elif (line := self.seen[-1].get(canonical(word))) is not None:
            self.problems.append(
                node.text.wrong(
                    "duplicate", f"duplicate key `{shown(word)}` (first used on line {line})"
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
                self.problems.append(part.text.wrong("flow", *cut(node, part)))
                node.kind = "broken"
                return


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
