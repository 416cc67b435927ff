"""One entry of an answer: (df/dx)[0, 2]."""

from __future__ import annotations

from typing import Any

from gradcalc.calculus.notation.entry_lists import settled
from gradcalc.derivation.answer_model import Answer
from gradcalc.graph.model import Graph
from gradcalc.language.errors import GradcalcError, Problem, SpanError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.shape_rules import Size
from gradcalc.language.size_expressions import size_of
from gradcalc.language.tree import Expr, Index, substitute


def one_entry(
    graph: Graph, sizes: dict[str, int], answer: Answer, entry: tuple[Expr, ...]
) -> Answer:
    """A single entry of an answer. Raises GradcalcError where it has none at that place."""
    question = answer.question
    try:
        known = {name for node in graph.nodes for size in node.shape for name in size.names}
        places = [length(size_of(item, known), sizes) for item in entry]
    except SpanError as error:
        raise GradcalcError(
            Problem("entry", error.message, question.place, "entries are counted from 0")
        ) from None
    axes = [length(size, sizes) for size in answer.shape]
    pairs = [(k, n) for k, n in zip(places, axes, strict=False) if k is not None]
    if len(places) > len(axes) or any(k < 0 or (n is not None and k >= n) for k, n in pairs):
        message = (
            f"`{question.text}`: the derivative has the shape [{', '.join(map(str, answer.shape))}]"
        )
        raise GradcalcError(Problem("entry", message, question.place, "entries are counted from 0"))

    def pick(value: Any) -> Any:
        for place in places:
            value = value[place] if isinstance(value, list) and place is not None else None
        return value

    fixed = [item for item, size in zip(entry, answer.shape, strict=False) if size.number != 1]
    table = dict(zip(answer.free, fixed, strict=False))

    def part(expr: Expr | None) -> Expr | None:
        if expr is None or not answer.free:
            return None if expr is None else Index(expr, entry)
        return settled(substitute(expr, table), {})

    return replace(
        answer,
        symbolic=part(answer.symbolic),
        expanded=part(answer.expanded),
        value=pick(answer.value),
        with_upstream=pick(answer.with_upstream),
        shape=answer.shape[len(entry) :],
        free=answer.free[len(table) :],
        per_example=None,
        stacked=None,
        shorthand=None,
    )


def length(size: Size, sizes: dict[str, int]) -> int | None:
    """The number that a size is; None where no value is given for it."""
    try:
        return size.at(sizes)
    except KeyError:
        return None
