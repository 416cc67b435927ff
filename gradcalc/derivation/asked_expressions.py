"""The formula of an expression that is asked for, w - 0.5*g: with the formulas of the answers
that it names in their place, and simplified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradcalc.derivation.answer_model import Answer
from gradcalc.derivation.expansion import reading_length
from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Definition, Question, Text, Variable
from gradcalc.graph.asked_values import free_name, within
from gradcalc.graph.build import build
from gradcalc.graph.model import AskedValue, Graph
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.errors import GradcalcError
from gradcalc.language.number_factors import gathered
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import Binary, Call, Expr, Name, Vector, names, substitute, walk

LONGEST = 30  # names and operations of an expression with the answers written out

Normal = Callable[[Graph, Question], Answer]


def named(answers: Mapping[str, Answer]) -> tuple[tuple[str, Expr], ...]:
    """The answers that an expression names, each with its formula; those of entries have none."""
    return tuple(
        pair
        for name, answer in answers.items()
        if answer.symbolic is not None and not answer.free
        for pair in (*answer.where, (name, answer.symbolic))
    )


def short(expr: Expr) -> bool:
    """Is an expression with the answers written out preferred to their names? Not where it has an
    array entry by entry.
    """
    entries = any(
        isinstance(part, Vector) or (isinstance(part, Call) and part.func == "stack")
        for part in walk(expr)
    )
    return not entries and reading_length(expr) <= LONGEST


def put_in(asked: AskedValue, answers: Mapping[str, Answer]) -> Expr | None:
    """The expression with the formulas of the answers in their places; None where that of an
    answer is one of its entries.
    """
    table: dict[str, Expr] = {}
    for name, answer in answers.items():
        if answer.symbolic is None or answer.free:
            return None
        inner: dict[str, Expr] = {}
        for other, formula in answer.where:
            inner[other] = substitute(formula, inner)
        table[name] = substitute(answer.symbolic, inner)
    return substitute(asked.opened, table)


def shortened(graph: Graph, asked: AskedValue, expr: Expr, normal: Normal) -> Expr | None:
    """An expression in quantities, as short as can be; None where it sums over an index that the
    exercise does not have.
    """
    given = _upstreams(graph)
    known = {*graph.names, *graph.stacks, *graph.indices, *graph.sizes, *given, *CONSTANTS}
    if not set(names(expr)) <= known | graph.exercise.size_names:
        return None
    plain = gathered(expr)
    short = simplified(graph, asked, plain, given, normal)
    short = None if short is None else gathered(short)
    return plain if short is None or reading_length(short) > reading_length(plain) else short


def _upstreams(graph: Graph) -> dict[str, Variable]:
    """The upstream gradients under the names that formulas have for them, as inputs."""
    found: dict[str, Variable] = {}
    for item in graph.exercise.upstream:
        node, name = graph.node(item.of or graph.outputs[-1]), upstream_name(graph, item)
        each = next((index for index in node.over if index in graph.examples), None)
        found[name] = Variable(name, tuple(map(size_tree, node.shape)), each)
    return {name: variable for name, variable in found.items() if name not in graph.names}


def simplified(
    graph: Graph,
    asked: AskedValue,
    expr: Expr,
    given: Mapping[str, Variable],
    normal: Normal,
) -> Expr | None:
    """An expression E as the gradient of the sum of u ∘ E by u, which is E as derivatives are
    written; None where that has no matrix form.
    """
    taken = (*graph.names, *graph.stacks, *given, *graph.exercise.functions)
    pair, factor = free_name("pair", taken), free_name("factor", taken)
    each = next(iter(asked.over), None)
    variable = Variable(factor, tuple(map(size_tree, asked.shape)), each)
    weighed: Expr = Binary("*", Name(factor), expr)
    if asked.shape:
        weighed = Call("sum", (weighed,))
    lines = [Definition(pair, weighed, Text(""))]
    try:
        built = build(within(graph, lines, {**given, factor: variable}))
        answer = normal(built, Question("", "derivative", pair, (factor,)))
    except GradcalcError:
        return None
    if answer.free or answer.where or factor in set(names(answer.symbolic or expr)):
        return None
    return answer.symbolic
