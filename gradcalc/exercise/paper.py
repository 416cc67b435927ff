"""What an exercise says of its sheet and its page: paper, header, room to write in, the language of
the text, the parts of the page.
"""

from __future__ import annotations

import re

from gradcalc.exercise.model import PARTS, Paper, Space
from gradcalc.exercise.schema import get
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.errors import Problem
from gradcalc.language.tokens import shown

_PARTS = {"third": 1 / 3, "half": 1 / 2, "page": 1.0}
_UNITS = {"cm": 1.0, "mm": 0.1, "in": 2.54}


def read_language(exercise: Node, problems: list[Problem]) -> str:
    """A language code, en where there is none."""
    word = _text(exercise, "lang")
    if word is None:
        return "en"
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", word):
        node = get(exercise, "lang")
        assert node is not None
        message = f"`{shown(word)}` is not a language code"
        problems.append(node.text.wrong("lang", message, "write for example de, fr, zh or pt-BR"))
        return "en"
    return word.replace("_", "-")


def read_paper(exercise: Node, problems: list[Problem]) -> Paper:
    """What `sheet:` says of the paper; mistakes are added to `problems`."""
    node = get(exercise, "sheet")
    header = get(node, "header") if node is not None and node.kind == "mapping" else None
    fields = get(header, "fields") if header is not None and header.kind == "mapping" else None
    space = get(node, "space") if node is not None and node.kind == "mapping" else None
    return Paper(
        size=_text(node, "paper"),
        course=_text(header, "course"),
        date=_text(header, "date"),
        form=_text(header, "form"),
        fields=None if fields is None else tuple(item.text.value for item in fields.items),
        space=read_space(space, problems),
        breaks=_text(node, "break") == "exercise",
        points=_text(node, "points") not in ("no", "false"),
        grade_table=_text(node, "grade-table") in ("yes", "true"),
    )


def read_parts(exercise: Node) -> tuple[str, ...]:
    """The parts that its page has, in the order of a page; all where it does not say."""
    node = get(exercise, "page")
    parts = get(node, "parts") if node is not None and node.kind == "mapping" else None
    if parts is None:
        return PARTS
    wanted = {item.text.value for item in parts.items if item.kind == "scalar"}
    return tuple(part for part in PARTS if part in wanted)


def read_space(node: Node | None, problems: list[Problem]) -> Space | None:
    """`half`, `4cm`: room to write in."""
    if node is None or node.kind != "scalar":
        return None
    word = node.text.value.strip()
    if word in _PARTS:
        return Space(page=_PARTS[word])
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*(cm|mm|in)", word)
    if match is None:
        message = f"`{shown(word)}` is not a space for an answer"
        hint = "write third, half, page, or a length such as 4cm"
        problems.append(node.text.wrong("space", message, hint))
        return None
    return Space(cm=float(match[1]) * _UNITS[match[2]])


def _text(of: Node | None, key: str) -> str | None:
    found = get(of, key) if of is not None and of.kind == "mapping" else None
    return found.text.value if found is not None and found.kind == "scalar" else None
