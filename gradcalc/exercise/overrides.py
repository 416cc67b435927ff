"""Values from outside the file (`--set x=3`), and why a name takes none."""

from __future__ import annotations

from typing import Any

from gradcalc.exercise.declarations import MAX_SIZE
from gradcalc.exercise.literals import vector_value
from gradcalc.exercise.model import Exercise
from gradcalc.exercise.source import Text
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.errors import GradcalcError, SpanError, closest
from gradcalc.language.parser import Num, parse
from gradcalc.language.tokens import read_name, shown


def why_no_value(name: str, exercise: Exercise) -> tuple[str, str, str | None]:
    """Slug, message and hint for a value of something that takes none."""
    word = shown(name)
    if name in exercise.size_names:
        return "value", f"`{word}` is a size, not a variable", f"write sizes: {{{word}: …}}"
    if any(definition.name == name for definition in exercise.definitions):
        return "value", f"`{word}` is computed, so it cannot be given a value", None
    if name in exercise.examples or name in exercise.indices:
        return "value", f"`{word}` is an index, so it has no value", None
    if name in exercise.unknown_functions or name in exercise.functions:
        return "value", f"`{word}` is a function, so it has no value", None
    if name in CONSTANTS:
        return (
            "value",
            f"`{word}` is a constant",
            f"to use it as a variable, declare it: variables: {{{word}: []}}",
        )
    near = closest(name, exercise.inputs)
    stacked = next(
        (x for x in exercise.inputs if x != name and x[:1].upper() + x[1:] == name), None
    )
    if stacked and exercise.examples:
        return (
            "unknown-name",
            f"`{word}` is the stack of `{stacked}`",
            f"give it under the name {stacked}",
        )
    hint = f"did you mean {near}?" if near else f"inputs: {', '.join(exercise.inputs[:8])}"
    return "unknown-name", f"there is no input `{word}`", hint if exercise.inputs else None


def read_setting(setting: str, exercise: Exercise) -> tuple[str, Any]:
    """`x=3`, `w=[1, 2]`: the name and its value; an int for a size. Raises GradcalcError."""
    text = Text(setting, "--set")
    word, equals, value = setting.partition("=")
    try:
        if not equals:
            raise SpanError(
                "set",
                f"`{shown(setting)}` has no `=`",
                0,
                len(setting),
                "write --set x=3",
            )
        name = read_name(word)
        if name not in exercise.inputs and name not in exercise.size_names:
            slug, message, hint = why_no_value(name, exercise)
            raise SpanError(slug, message, 0, len(word), hint)
        try:
            read = vector_value(parse(value))
        except SpanError as error:
            at = len(word) + 1
            raise SpanError(
                error.slug, error.message, error.start + at, error.end + at, error.hint
            ) from None
        if name in exercise.size_names:
            if not (
                isinstance(read, Num)
                and read.value.denominator == 1
                and 1 <= read.value <= MAX_SIZE
            ):
                raise SpanError(
                    "size",
                    f"the size `{name}` must be a whole number of at least 1",
                    len(word) + 1,
                    len(setting),
                )
            return name, int(read.value)
        return name, read
    except SpanError as error:
        raise GradcalcError(text.problem(error)) from None
