"""Numbers an author gives: exact constants, nested lists of them, whole numbers. Nothing here is
ever a float.
"""

from __future__ import annotations

import re
from collections.abc import Container
from fractions import Fraction

from gradcalc.exercise.meant_values import rows
from gradcalc.exercise.model import Value
from gradcalc.exercise.source import Text
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.constants import CONSTANTS, check_constants
from gradcalc.language.errors import Problem, SpanError
from gradcalc.language.parser import (
    Expr,
    Index,
    Name,
    Neg,
    Num,
    Transpose,
    Vector,
    occurrences,
    parse,
    walk,
)
from gradcalc.language.tokens import MAX_DIGITS, shown

_PLAIN = re.compile(r"(-?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def read_constant(text: str) -> Expr:
    """`-2`, `1e-3`, `1/3`, `pi/4`, `log(2)`. Raises SpanError."""
    if (match := _PLAIN.fullmatch(text)) and len(text) <= MAX_DIGITS:
        number = Num(Fraction(match.group(2)), match.span(2), decimal=True)
        return Neg(number, (0, len(text))) if match.group(1) else number
    if re.fullmatch(r"[-+]?\.?(inf|nan)", text, re.IGNORECASE):
        raise SpanError("number", f"`{shown(text)}` is not a finite number", 0, len(text))
    expr = parse(text)
    for name in occurrences(expr):
        if name.id not in CONSTANTS:
            raise SpanError(
                "number",
                f"`{shown(name.id)}` is not a number",
                *name.span,
                "a value is a number or a constant such as 1/3, pi/4 or log(2)",
            )
    for part in walk(expr):
        if isinstance(part, Vector | Index | Transpose):
            raise SpanError(
                "number",
                "expected one number",
                *part.span,
                "write an array as a list, without quotes",
            )
    check_constants(expr)
    return expr


def read_value(node: Node, path: str, problems: list[Problem]) -> Value | None:
    """A number or nested lists of numbers, row by row; None where something is wrong with it."""
    if node.kind == "scalar":
        try:
            return read_constant(node.text.value)
        except SpanError as error:
            problems.append(node.text.problem(error))
            return None
    if node.kind != "list":
        return None
    if written := rows(node):
        name = path.rpartition(".")[2]
        message = (
            "a matrix is a list of its rows"
            if written.startswith("[[")
            else "entries are separated by commas"
        )
        problems.append(node.text.wrong("value", message, f"write {name}: {written}"))
        return None
    if not node.items:
        problems.append(
            node.text.wrong(
                "value", f"`{path}` has an empty list", "an array needs at least one entry"
            )
        )
        return None
    parts = [read_value(item, path, problems) for item in node.items]
    if any(part is None for part in parts):
        return None
    shapes = [shape_of_value(part) for part in parts]
    for item, shape in zip(node.items, shapes, strict=True):
        if shape != shapes[0]:
            message = (
                f"the rows of `{path}` differ: this one has shape {_say(shape)}, the first "
                f"{_say(shapes[0])}"
            )
            problems.append(item.text.wrong("ragged", message))
            return None
    return tuple(part for part in parts if part is not None)


def shape_of_value(value: Value | None) -> tuple[int, ...]:
    """The shape of nested tuples, whose rows are equally long."""
    shape: list[int] = []
    while isinstance(value, tuple):
        shape.append(len(value))
        value = value[0]
    return tuple(shape)


def _say(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def read_integer(
    text: Text, least: int, most: int, problems: list[Problem], what: str
) -> int | None:
    """A whole number in a range, as written in digits."""
    word = text.value.strip()
    if not re.fullmatch(r"[-+]?[0-9]{1,40}", word):
        problems.append(
            text.wrong(
                "number", f"`{shown(word)}` is not a whole number", f"{what} must be a whole number"
            )
        )
        return None
    value = int(word)
    if not least <= value <= most:
        problems.append(text.wrong("number", f"{what} must be between {least} and {most}"))
        return None
    return value


def vector_value(expr: Expr) -> Value:
    """`[[1, 2], [3, 4]]`, read as an expression, as nested tuples. Raises SpanError for ragged
    ones and for names.
    """
    if not isinstance(expr, Vector):
        for name in occurrences(expr):
            if name.id not in CONSTANTS:
                raise SpanError("number", f"`{shown(name.id)}` is not a number", *name.span)
        check_constants(expr)
        return expr
    parts = tuple(vector_value(item) for item in expr.items)
    if len({shape_of_value(part) for part in parts}) > 1:
        raise SpanError("ragged", "the rows have different lengths", *expr.span)
    return parts


def is_symbol(node: Node, declared: Container[str] = ()) -> str | None:
    """The name, where a scalar is nothing but a name that stands for no constant; one that is
    `declared` never does.
    """
    if node.kind != "scalar":
        return None
    try:
        expr = parse(node.text.value)
    except SpanError:
        return None
    if not isinstance(expr, Name) or (expr.id in CONSTANTS and expr.id not in declared):
        return None
    return expr.id
