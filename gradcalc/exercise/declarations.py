"""What an exercise declares: names and their shapes, sizes, indices, notation, texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gradcalc.exercise.author_tex import check_markdown, check_tex
from gradcalc.exercise.literals import read_integer
from gradcalc.exercise.model import Notation, Variable
from gradcalc.exercise.schema import STRUCTURES, get
from gradcalc.exercise.source import Text
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.errors import Problem, SpanError
from gradcalc.language.parser import Binary, Expr, Name, Num, parse, walk
from gradcalc.language.tokens import canonical, read_name, shown

MAX_SIZE = 1_000_000


def named(node: Node | None) -> list[tuple[Node, Node]]:
    """The entries of a mapping that can be read."""
    if node is None or node.kind != "mapping":
        return []
    return [
        (key, part)
        for key, part in node.pairs
        if key.kind == "scalar" and part.kind not in ("broken", "empty")
    ]


def multiplied(size: Expr) -> Expr:
    """A size with its powers written as products: k^2 is k*k."""
    if not isinstance(size, Binary):
        return size
    left, right = multiplied(size.left), multiplied(size.right)
    if size.op != "^" or not isinstance(right, Num) or right.value not in range(1, 9):
        return Binary(size.op, left, right, size.span)
    power = left
    for _ in range(int(right.value) - 1):
        power = Binary("*", power, left, size.span)
    return power


class Keys:
    """Reads a checked node key by key. Mistakes are added to `problems`, remarks to `warnings`."""

    def __init__(self, node: Node, problems: list[Problem]) -> None:
        self.node, self.problems = node, problems
        self.warnings: list[Problem] = []

    def attempt(self, text: Text, read: Any, at: int = 0) -> Any:
        """What `read` returns, or None where it raises SpanError, which becomes a problem of
        this text.
        """
        try:
            return read()
        except SpanError as error:
            self.problems.append(
                text.problem(
                    SpanError(
                        error.slug, error.message, error.start + at, error.end + at, error.hint
                    )
                )
            )
            return None

    def text(self, key: str) -> str | None:
        node = get(self.node, key)
        if node is None or node.kind != "scalar":
            return None
        if re.match(r"#\S", node.comment):
            message = (
                f"YAML reads `{shown(node.comment, 12)}` as a comment, so `{key}` ends before it"
            )
            self.warnings.append(node.text.wrong("comment", message, "quote the whole text"))
        if key == "text":  # titles and names are text as it stands
            self.problems += [node.text.problem(error) for error in check_markdown(node.text.value)]
        return node.text.value

    def tex(self, node: Node) -> str | None:
        """Mathematics in TeX, without $."""
        if node.kind != "scalar":
            return None
        self.problems += [node.text.problem(error) for error in check_tex(node.text.value)]
        return node.text.value

    def items(self, key: str) -> list[Node]:
        node = get(self.node, key)
        return [item for item in node.items if item.kind == "scalar"] if node else []

    def entries(self, key: str) -> list[tuple[Node, Node]]:
        node = get(self.node, key)
        return named(node) if node else []

    def integer(self, key: str, least: int, most: int) -> int | None:
        node = get(self.node, key)
        return read_integer(node.text, least, most, self.problems, f"`{key}`") if node else None

    def name(self, node: Node) -> str | None:
        name: str | None = self.attempt(node.text, lambda: read_name(node.text.value))
        return name


class Declarations:
    """Names and their shapes, sizes, indices and notation, from the keys of an exercise."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.node, self.problems = keys, keys.node, keys.problems

    def variables(self) -> tuple[bool, dict[str, Variable]]:
        node = get(self.node, "variables")
        found: dict[str, Variable] = {}
        if node is None:
            return False, found
        for item in node.items if node.kind == "list" else []:
            if item.kind == "scalar" and (name := self.keys.name(item)):
                if name in found:
                    self.problems.append(item.text.wrong("duplicate", f"`{name}` is listed twice"))
                found[name] = Variable(name, place=item.place, source=item.text)
        for key, part in named(node):
            if name := self.keys.name(key):
                found[name] = self.variable(name, key, part)
        return node.kind == "list", found

    def variable(self, name: str, key: Node, node: Node) -> Variable:
        if node.kind != "mapping":
            return Variable(name, self.shape(node), place=key.place, source=node.text)
        parts = {
            word: get(node, word)
            for word in ("shape", "each", "latex", "assume", "free", "function", "description")
        }
        latex = self.keys.tex(parts["latex"]) if parts["latex"] else None
        words = {
            word: part.text.value for word, part in parts.items() if part and part.kind == "scalar"
        }
        assume = parts["assume"]
        assumptions = (
            [item.text.value for item in assume.items] if assume and assume.kind == "list" else []
        )
        each = parts["each"] and self.keys.name(parts["each"])
        if each and each not in {
            canonical(key.text.value) for key, _ in self.keys.entries("examples")
        }:
            assert parts["each"] is not None
            message = f"`{shown(each)}` is not declared under `examples`"
            hint = f"add examples: {{{shown(each, 10)}: m}}"
            if not any(found.hint == hint for found in self.problems):  # said once
                self.problems.append(parts["each"].text.wrong("each", message, hint))
        function = int(words.get("function", "0"))
        if function and (
            extra := [word for word in ("shape", "each", "assume", "free") if parts[word]]
        ):
            self.problems.append(
                key.text.wrong("function", f"an unknown function cannot have `{extra[0]}`")
            )
        if function and parts["function"]:
            parts["shape"] = None
        shape = self.shape(parts["shape"]) if parts["shape"] else None
        assumed = frozenset([*assumptions, *([words["assume"]] if "assume" in words else [])])
        free = self.free(words.get("free", ""), assumed, key, each)
        assumed = assumed | {free} if free else assumed
        source = parts["shape"].text if parts["shape"] else key.text
        return Variable(
            name,
            shape,
            each or None,
            latex,
            assumed,
            function,
            words.get("description"),
            key.place,
            source,
            free,
        )

    def free(self, word: str, assumed: frozenset[str], key: Node, each: object) -> str:
        """The structure whose parameters are varied, where nothing else is said of the entries."""
        against = sorted(assumed & {*STRUCTURES, "orthogonal", "onehot", "constant", "binary"})
        if word and (against or each):
            said = f"assume: {against[0]}" if against else "each"
            message = f"`free: {word}` and `{said}` do not go together"
            hint = (
                "free varies what is one parameter together; assume leaves the entries independent"
            )
            self.problems.append(key.text.wrong("free", message, hint if against else None))
            return ""
        return word

    def shape(self, node: Node) -> tuple[Expr, ...] | None:
        sizes = [self.size(item) for item in node.items]
        return tuple(size for size in sizes if size is not None) if node.kind == "list" else None

    def size(self, node: Node) -> Expr | None:
        """A sum, difference or product of names and whole numbers."""
        if node.kind != "scalar":
            return None

        def read() -> Expr:
            expr = multiplied(parse(node.text.value))
            for part in walk(expr):
                whole = isinstance(part, Num) and (
                    part.value.denominator != 1 or part.value > MAX_SIZE
                )
                if whole or not (
                    isinstance(part, Num | Name) or getattr(part, "op", "") in ("+", "-", "*")
                ):
                    hint = (
                        "a size is a name, a whole number, or a sum, difference, product or "
                        "power of them"
                    )
                    raise SpanError(
                        "size", f"`{shown(node.text.value)}` is not a size", *part.span, hint
                    )
            return expr

        size: Expr | None = self.keys.attempt(node.text, read)
        if isinstance(size, Num) and size.value < 1:
            self.problems.append(node.text.wrong("size", "a size must be at least 1"))
        return size

    def sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for key, part in self.keys.entries("sizes"):
            name = self.keys.name(key)
            number = (
                read_integer(part.text, 1, MAX_SIZE, self.problems, "a size")
                if part.kind == "scalar"
                else None
            )
            if name and number is not None:
                found[name] = number
        return found

    def ranges(self, key: str) -> dict[str, Expr]:
        found: dict[str, Expr] = {}
        for word, part in self.keys.entries(key):
            name, size = self.keys.name(word), self.size(part)
            if name and size is not None:
                found[name] = size
        return found

    def notation(self, variables: Mapping[str, Variable]) -> Notation:
        node = get(self.node, "notation")
        latex = {
            name: variable.latex
            for name, variable in variables.items()
            if variable.latex is not None
        }
        if node is None:
            return Notation(latex=latex)
        words = {
            key: part.text.value
            for key in ("layout", "form")
            if (part := get(node, key)) and part.kind == "scalar"
        }
        digits = get(node, "digits")
        count = read_integer(digits.text, 1, 30, self.problems, "`digits`") if digits else None
        for key, part in named(get(node, "latex")):
            if (name := self.keys.name(key)) and (written := self.keys.tex(part)) is not None:
                latex[name] = written
        return Notation(
            words.get("layout", "gradient"), words.get("form", "matrix"), count or 4, latex
        )
