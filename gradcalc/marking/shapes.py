"""The shape of an answer in the sizes of the exercise, and why shapes in it do not fit: the answer
is built as one more line of the exercise.
"""

from __future__ import annotations

from gradcalc.exercise.model import Definition, Variable
from gradcalc.exercise.source import Text
from gradcalc.graph.build import build
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import dataclass, replace
from gradcalc.language.parser import Expr, names
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.sizes import Shape, show, stacked
from gradcalc.language.tree import Name
from gradcalc.marking.asked import Asked

FRESH = "answer_"


@dataclass(frozen=True, slots=True)
class Built:
    """The shape of an answer, or the problem with it. `over`: the examples it is per."""

    shape: Shape | None = None
    over: tuple[str, ...] = ()
    problem: Problem | None = None

    @property
    def said(self) -> str:
        """The shape in words."""
        return said(self.shape or (), self.over)


def said(shape: Shape, over: tuple[str, ...] = ()) -> str:
    """A shape in words: N×d, [n], a scalar, [n] for each example."""
    return show(shape) + (" for each example" if over else "")


def built(asked: Asked, number: int, expr: Expr, text: Text) -> Built:
    """An answer built as a line of the exercise."""
    exercise, graph = asked.exercise, asked.graph
    variables = dict(exercise.variables)
    for name, shape in asked.shapes(number).items():
        if name in names(expr):
            variables[name] = Variable(name, tuple(map(size_tree, shape)))
    for name in graph.inputs:  # as they were inferred, so that the answer changes none of them
        variable = variables.get(name) or Variable(name)
        shape = graph.node(name).shape
        variables[name] = replace(variable, shape=tuple(map(size_tree, shape)))
    fresh = FRESH
    while fresh in graph.names:
        fresh += "_"
    line = Definition(fresh, expr, text, (), text.place())
    used = {item.value.id for item in exercise.upstream if isinstance(item.value, Name)}
    upstream = () if used & set(names(expr)) else exercise.upstream
    changed = replace(
        exercise,
        definitions=(*exercise.definitions, line),
        variables=variables,
        questions=(),
        upstream=upstream,
    )
    try:
        node = build(changed).node(fresh)
    except GradcalcError as error:
        own = [p for p in error.problems if p.place is not None and p.place.text == _line(text)]
        return Built(problem=(own or list(error.problems))[0])
    except KeyError:
        return Built()
    over = tuple(index for index in node.over if index in graph.examples)
    return Built(node.shape, over)


def _line(text: Text) -> str:
    return text.place().text


def wanted(asked: Asked, number: int) -> str:
    """The shape of the right answer in words, per example and stacked."""
    shape, question = asked.shape(number), asked.questions[number]
    found = {
        index
        for name in (question.of, *question.by)
        if (one := asked.graph.stacks.get(name, name)) in asked.graph.names
        for index in asked.graph.node(one).over
        if index in asked.graph.examples
    }
    if not found:
        return show(shape)
    ranges = [asked.graph.indices[index] for index in asked.graph.examples if index in found]
    return f"{show(shape)} for each example, {show(stacked(shape, *ranges))} stacked"
