"""Names and text of an exercise as they may stand in Python: identifiers, string literals,
comments of one line.
"""

from __future__ import annotations

import builtins
import json
import keyword
import unicodedata
from collections.abc import Sequence

RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(dir(builtins))
    | frozenset(
        (
            "forward",
            "gradients",
            "value_and_gradients",
            "inputs",
            "dtype",
            "valued",
            "wrt",
            "found",
            "INPUTS",
            "UPSTREAM",
            "GRADIENTS",
            "ARGUMENTS",
            "ALL",
            "FLOAT",
            "VALUES",
            "np",
            "torch",
            "jnp",
            "jax",
            "math",
            "sys",
            "_passes",
            "_array",
            "_dtype",
            "_full",
            "_chosen",
            "_compare",
        )
    )
)


def comment(text: str) -> str:
    """Text from outside on one line, nothing in it that a line could end with or an editor could
    obey.
    """
    kept = (
        " " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co") else char
        for char in text
    )
    return " ".join("".join(kept).split())


class Identifiers:
    """Python identifiers for names, each once."""

    def __init__(self, taken: frozenset[str]) -> None:
        self.taken = set(taken)
        self.found: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The identifier of a name of the exercise."""
        if name not in self.found:
            self.found[name] = self.new(name)
        return self.found[name]

    def new(self, name: str) -> str:
        word = "".join(
            char if f"_{char}".isidentifier() else "_"
            for char in unicodedata.normalize("NFKC", name)
        )
        word = word if word.isidentifier() else f"_{word}"
        while word in self.taken:
            word += "_"
        self.taken.add(word)
        return word


def quoted(name: str) -> str:
    """A name as a string literal of Python."""
    return json.dumps(name, ensure_ascii=False)


def listed(names: Sequence[str]) -> str:
    """Names as a tuple."""
    return "(" + ", ".join(map(quoted, names)) + ("," if len(names) == 1 else "") + ")"
