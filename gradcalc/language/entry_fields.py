"""The fields of an operation's entry that hold expressions, read. A mistake in one names the
operation.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from gradcalc.language.errors import SpanError
from gradcalc.language.parser import parse
from gradcalc.language.tree import Expr, names
from gradcalc.ops import WRITTEN
from gradcalc.ops.entry import Op

CONSTANTS = frozenset(("pi", "e"))


class EntryError(Exception):
    """An entry of the table of operations cannot be read: it says which operation, which field,
    and what is wrong.
    """


def partial(op: Op, operand: int) -> Expr | None:
    """The local derivative by an operand, in the operands and `r`, the result; None where the entry
    states none.

    Raises EntryError.
    """
    if not op.partials:
        return None
    if len(op.partials) != len(op.operands):
        count, operands = len(op.partials), ", ".join(op.operands)
        raise EntryError(
            f"operation `{op.name}`: partials has {count} entries, the operands are {operands}"
        )
    text = op.partials[operand]
    return _read(op.name, f"partials[{operand}]", text, (*op.operands, "r")) if text else None


def form(op: Op) -> Expr | None:
    """The operation in simpler ones; None where the entry states none. Raises EntryError."""
    return _read(op.name, "form", op.form, op.operands) if op.form else None


def domain(op: Op) -> Expr | None:
    """The condition under which the operation is defined; None where it always is. Raises
    EntryError.
    """
    return _read(op.name, "domain", op.domain, op.operands) if op.domain else None


def smooth(op: Op) -> tuple[Expr, ...]:
    """The conditions under which the operation is differentiable; none where it always is. Raises
    EntryError.
    """
    texts = op.smooth.split(", ") if op.smooth else []
    return tuple(_read(op.name, "smooth", text, op.operands) for text in texts)


def law(op: Op) -> Expr | None:
    """The textbook form where both operands vary, in them and their derivatives dx, dy; None where
    the entry states none. Raises EntryError.
    """
    known = (*op.operands, *(f"d{word}" for word in op.operands))
    return _read(op.name, "law", op.law, known) if op.law else None


def entry(op: Op) -> Expr | None:
    """∂s[j]/∂u[k] of a function of a vector u with the result s; None where the entry states none.
    Raises EntryError.
    """
    return _read(op.name, "entry", op.entry, ("s", "u", "j", "k")) if op.entry else None


def back(op: Op, operand: int) -> Expr:
    """What an operand gets from the upstream gradient G, in the names of the example; n is the
    number of entries.

    Raises EntryError.
    """
    example = _read(op.name, "example", op.example, None)
    return _read(op.name, f"back[{operand}]", op.back[operand], (*names(example), "G", "n"))


@cache
def _read(operation: str, field: str, text: str, known: Collection[str] | None) -> Expr:
    """The expression in a field; `known` are the names that may stand in it, None: any."""
    where = f"operation `{operation}`: {field} `{text}`"
    try:
        expr = parse(text, functions={"g", *WRITTEN})  # g: of `apply`, an unknown function
    except SpanError as error:
        hint = f" ({error.hint})" if error.hint else ""
        raise EntryError(f"{where} cannot be read: {error.message}{hint}") from None
    strange = [
        name for name in names(expr) if known is not None and name not in {*known, *CONSTANTS}
    ]
    if strange:
        raise EntryError(
            f"{where} names {', '.join(strange)}; it may name {', '.join(known or ())}"
        )
    return expr
