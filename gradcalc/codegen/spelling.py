"""How an array library spells what differs between NumPy, PyTorch and JAX: data, and the filling
of templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# How tightly a piece of Python text binds.
COMPARE, SUM, PRODUCT, NEG, POWER, ATOM = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class Spelling:
    """One library.

    title    its name in prose
    imports  the lines that import it
    xp       the name it goes by
    words    what stands for {sigmoid}, {full}, … in templates
    wraps    whether functions take arrays only, no Python numbers
    helpers  functions that a module defines where it uses them, by name
    methods  reductions that arrays have as methods, which cost less than functions on small arrays
    """

    title: str
    imports: tuple[str, ...]
    xp: str
    words: Mapping[str, str]
    wraps: bool = False
    helpers: Mapping[str, str] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()

    def reduction(self, template: str, options: str) -> tuple[str, str]:
        """A template of a reduction and its options, as a method where arrays have it."""
        called = _REDUCTION.fullmatch(template)
        name = self.words.get(called[1], called[1]).rpartition(".")[2] if called else ""
        if name not in self.methods:
            return template, options
        return f"{{0}}.{name}({{options}})", options.removeprefix(", ")

    def fill(
        self, template: str, operands: Sequence[tuple[str, int]] = (), **more: str
    ) -> tuple[str, int]:
        """(text, how tightly it binds) of a template of the table of operations with its
        operands in place.
        """
        for _ in range(2):  # a word may use {xp}
            template = re.sub(
                r"\{(\w+)\}", lambda m: self.word(m.group(1), m.group(0), more), template
            )

        def operand(match: re.Match[str]) -> str:
            text, level = operands[int(match.group(1))]
            before, after = template[: match.start()].rstrip(), template[match.end() :].lstrip()
            alone = (not before or before[-1] in "([,:") and (not after or after[0] in ")],:")
            return text if alone or level >= ATOM else f"({text})"

        text = re.sub(r"\{(\d+)\}", operand, template)
        return text, ATOM if _CALL.fullmatch(template) else operands[0][
            1
        ] if template == "{0}" else SUM

    def word(self, name: str, whole: str, more: Mapping[str, str]) -> str:
        if name == "xp":
            return self.xp
        if name in more:
            return more[name]
        return self.words.get(name, whole)


_REDUCTION = re.compile(r"\{(?:xp\}\.)?(\w+)\}?\(\{0\}\{options\}\)")
_INSIDE = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
_CALL = re.compile(rf"[\w.{{}}]+(?:\({_INSIDE}\)|\[[^\[\]]*\]|\.\w+)+")


def enclose(text: str, level: int, least: int) -> str:
    """The text, in parentheses where it binds less tightly than its place asks for."""
    return text if level >= least else f"({text})"
