"""The expression language as data for the page: its JavaScript reads and computes by this table.

Everything is taken from where Python itself has it. The functions of the table are traced: each
entry's `value` is called with a recording set of functions, and what it calls is written down,
`["divide", ["log", "x"], ["log", 2]]`. So the page knows a new operation as soon as its entry
stands in the table, if it is made of the functions that `m` offers; of one that cannot be traced
the page says that the command line computes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from gradcalc.calculus.notation.recognised import rebuilt
from gradcalc.exercise.check_names import NOT_NUMBERS
from gradcalc.language import foreign, parser, tokens
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.tree import Binary, Call, Expr, number
from gradcalc.language.unparse import unparse
from gradcalc.ops import SIGNS, SPELLINGS, TABLE, WRITTEN
from gradcalc.ops.entry import Op

_LETTERS = "ABCDEF"
# What Python says of these depends on what stands around them.
_BRACES = "`{ }` are not used in expressions: ( ) group, [ ] make a vector"
_LATEX = "`\\` is LaTeX", "write a/b, sqrt(x), A.T and x[i] instead of commands"


class Recorded:
    """A number that is not there: what is done with it is written down in `said`."""

    def __init__(self, said: Any) -> None:
        self.said = said

    def __add__(self, other: Any) -> Recorded:
        return called("add", self, other)

    def __radd__(self, other: Any) -> Recorded:
        return called("add", other, self)

    def __sub__(self, other: Any) -> Recorded:
        return called("subtract", self, other)

    def __rsub__(self, other: Any) -> Recorded:
        return called("subtract", other, self)

    def __mul__(self, other: Any) -> Recorded:
        return called("multiply", self, other)

    def __rmul__(self, other: Any) -> Recorded:
        return called("multiply", other, self)

    def __truediv__(self, other: Any) -> Recorded:
        return called("divide", self, other)

    def __rtruediv__(self, other: Any) -> Recorded:
        return called("divide", other, self)

    def __neg__(self) -> Recorded:
        return called("negative", self)

    def __bool__(self) -> bool:
        raise TypeError("a recorded number is neither true nor false")


class Recorder:
    """The set of functions `m` that records its calls."""

    def __getattr__(self, name: str) -> Any:
        if name in CONSTANTS:
            return Recorded([name])
        return lambda *args: called(name, *args)


def called(name: str, *args: Any) -> Recorded:
    """A call, written down."""
    return Recorded([name, *map(_said, args)])


def _said(value: Any) -> Any:
    if isinstance(value, Recorded):
        return value.said
    if isinstance(value, tuple):
        items = [_said(item) for item in value]
        return items[0] if items == ["shape"] else ["list", *items]
    if isinstance(value, bool | int | float):
        return value
    raise TypeError(f"{value!r} cannot be recorded")


def recorded(value: Callable[..., Any]) -> Any:
    """What a `value` of the table does, as nested lists; None where it cannot be traced."""
    words = list(inspect.signature(value).parameters)[1:]
    try:
        return _said(value(Recorder(), *map(Recorded, words)))
    except (TypeError, AttributeError, ValueError):
        return None


def operation(op: Op) -> dict[str, Any]:
    """What the reader and the evaluator need of an entry; setLanguage puts in what is left out."""
    found: dict[str, Any] = {
        "operands": list(op.operands) if op.operands != ("x",) else None,
        "signature": op.signature if op.signature != "elementwise" else None,
        "options": list(op.options),
        "parameters": dict(op.parameters),
        "text": op.text if op.text != op.name else None,
    }
    if op.value is not None:
        parameters = list(inspect.signature(op.value).parameters.values())[1:]
        found["defaults"] = {
            one.name: one.default for one in parameters if one.default is not one.empty
        }
        found["value"] = recorded(op.value)
    return {word: value for word, value in found.items() if value}


def language() -> dict[str, Any]:
    """The table of operations, the spellings and signs, the limits, and the common mistakes."""
    return {
        "operations": {op.name: operation(op) for op in TABLE.values() if _is_known(op)},
        "spellings": dict(parser.CALLABLE),
        "signs": dict(SIGNS),
        "along": sorted(parser.SOFTMAX),
        "constants": list(CONSTANTS),
        "noNumbers": sorted(NOT_NUMBERS),
        "letters": dict(tokens.LETTERS),
        "looks": dict(tokens.SIGNS),
        "limits": {
            "length": tokens.MAX_LENGTH,
            "tokens": tokens.MAX_TOKENS,
            "digits": tokens.MAX_DIGITS,
            "power": tokens.MAX_POWER_OF_TEN,
            "name": tokens.MAX_NAME,
            "depth": parser.MAX_DEPTH,
        },
        "refused": _refused_signs(),
        "foreign": _foreign_functions(),
        "libraries": sorted(foreign.LIBRARIES),
    }


def _is_known(op: Op) -> bool:
    return op.value is not None or op.name in SPELLINGS.values()


def _refused_signs() -> Mapping[str, tuple[str, str]]:
    """Sign -> what is wrong with it, and what would be right."""
    found = {"{": (_BRACES, ""), "}": (_BRACES, ""), "\\": _LATEX}
    found[";"] = ("`;` is not used in expressions", "separate arguments and entries by commas")
    for sign, (instead, message) in foreign.SIGNS.items():
        hint = foreign.HINTS.get(sign, f"write {instead}" if instead else "")
        found[sign] = (message.format(c=sign), hint)
    return found


def _foreign_functions() -> Mapping[str, str]:
    """Function of another language -> how it is written here."""
    return {
        word: "write " + template.format(*_LETTERS, **_words())
        for word, template in foreign.CALLS.items()
        if word not in SPELLINGS
    }


def _words() -> dict[str, str]:
    factors = {f"f{number}": letter for number, letter in enumerate(_LETTERS)}
    return {**factors, "all": "A, …", "bare": "A, B"}


# ---- formulas as text for the page


def written(expr: Expr) -> str:
    """An expression as text that the page evaluates to the same number: `unparse`, where the step
    at a tie, 1/2, which nobody can write as a function, is written out.
    """
    return unparse(rebuilt(expr, _plain))


def _plain(part: Expr) -> Expr:
    if not isinstance(part, Call) or part.func not in WRITTEN:
        return part
    op = TABLE[part.func]
    assert op.value is not None
    return _tree(recorded(op.value), dict(zip(op.operands, part.args, strict=True)))


def _tree(said: Any, operands: Mapping[str, Expr]) -> Expr:
    """What was recorded, as an expression."""
    if isinstance(said, str):
        return operands[said]
    if not isinstance(said, list):
        return number(said)
    word, *parts = said
    args = [_tree(part, operands) for part in parts]
    sign = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}.get(word)
    return Binary(sign, args[0], args[1]) if sign else Call(word, tuple(args))
