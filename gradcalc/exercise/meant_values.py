"""YAML values of the wrong kind, and how they are written: x:-2, x = 2, a list without brackets,
a shape as a word.
"""

from __future__ import annotations

import re

from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.tokens import shown

_PAIR = re.compile(r"\s*([^\W\d]\w*|[d∂]\w+/[d∂]\w+)\s*[:=]\s*([^\s,;:=]+)\s*[,;]?")
_SHAPES = {"scalar": "[]", "number": "[]", "vector": "[n]", "column": "[n, 1]",
"row": "[1, n]", "matrix": "[m, n]", "tensor": "[n, m, k]"}  # fmt: skip


def pairs(text: str) -> dict[str, str]:
    """`x:-2, y = 5` as names and values; empty where the text is anything else."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _PAIR.match(text, at)
        if match is None or len(found) > 20:
            return {}
        found[match[1]], at = match[2], match.end()
    return found


def mapping(text: str) -> str | None:
    """A text of pairs as a mapping in braces."""
    found = pairs(text)
    return (
        "{" + ", ".join(f"{name}: {value}" for name, value in found.items()) + "}"
        if found
        else None
    )


def without_space(key: Node) -> tuple[str, str] | None:
    """Message and hint for a key without a value that holds both: `x:-2`, `x=-2`."""
    word = key.text.value
    if not (found := pairs(word)):
        return None
    ((name, value),) = list(found.items())[:1] if len(found) == 1 else [("", "")]
    if not name:
        return None
    if ":" in word:
        return f"a space is missing after the colon in `{shown(word)}`", f"write {name}: {value}"
    return f"`{shown(word)}` has no colon", f"write {name}: {value}"


def listed(path: str, text: str) -> str | None:
    """`x, y, z` and `-df/dx -df/dy` as the list that was meant."""
    if text.startswith("-") and re.match(r"-\S", text):
        first = text[1:].split(" -")[0].strip()
        return f"write a space after each dash: - {shown(first)}"
    parts = [
        part
        for part in re.split(r"\s*[,;]\s*" if re.search("[,;]", text) else r"\s+", text)
        if part
    ]
    if len(text) > 60 or any(re.search(r"[\[\](){}:]", part) for part in parts):
        return None
    return f"write {path}: [{', '.join(parts)}]"


def shape(text: str) -> str | None:
    """A word for a shape as the list that it is: scalar, 3, 3x2, (3, 2), R^n."""
    text = text.strip()
    if text.lower() in _SHAPES:
        return _SHAPES[text.lower()]
    if found := re.fullmatch(r"[Rℝ]\^?\{?([\w\s×x*,]+)\}?", text):
        text = found[1]
    parts = [
        part
        for part in re.split(r"\s*(?:[×*,]|(?<=[\d\s])x(?=[\d\s])|\bx\b)\s*", text.strip("()[] "))
        if part
    ]
    if parts and all(re.fullmatch(r"\w+", part) for part in parts):
        return f"[{', '.join(parts)}]"
    return None


def rows(node: Node) -> str | None:
    """A list of numbers as NumPy prints it or MATLAB writes it: [1 2 3], [1, 2; 3, 4]."""
    texts = [item.text.value for item in node.items if item.kind == "scalar"]
    whole = ", ".join(texts)
    if len(texts) < len(node.items) or not re.search(r"[\d.]\s+[-\d.]|;", whole):
        return None
    if not re.fullmatch(r"[-+\d.eE\s,;/]+", whole) or len(whole) > 60:
        return None
    lines = [", ".join(re.split(r"[,\s]+", row.strip())) for row in whole.split(";")]
    return (
        f"[{lines[0]}]" if len(lines) == 1 else "[" + ", ".join(f"[{line}]" for line in lines) + "]"
    )
