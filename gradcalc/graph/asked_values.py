"""`value E`: an expression in quantities, sizes and the names of answers above it, as a quantity
of an exercise of its own, in which the derivatives that it names are inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gradcalc.exercise.model import Definition, Exercise, Question, Text, Variable
from gradcalc.exercise.questions import answer_names
from gradcalc.graph.model import AskedValue, Graph
from gradcalc.language.errors import GradcalcError, Place, Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.layouts import derivative_shape
from gradcalc.language.parser import names
from gradcalc.language.shape_rules import Shape, stacked
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import Expr, Name

Build = Callable[[Exercise], Graph]


def answers_above(
    questions: Iterable[Question], question: Question, taken: Iterable[str]
) -> dict[str, Question]:
    """The answers above a question by the names that it may use; those of quantities are none."""
    found: dict[str, Question] = {}
    for earlier in questions:
        if (earlier.text, earlier.name) == (question.text, question.name):
            break
        for name in answer_names(earlier):
            found.setdefault(name, earlier)
    return {name: earlier for name, earlier in found.items() if name not in set(taken)}


def asked_value(graph: Graph, question: Question, build: Build) -> AskedValue:
    """The expression of a `value` question. Raises GradcalcError with what is wrong with it."""
    assert question.expr is not None
    exercise = graph.exercise
    above = answers_above(exercise.questions, question, (*graph.names, *graph.stacks))
    lines: dict[str, Question] = {}
    answers: dict[str, Question] = {}

    def follow(expr: Expr) -> None:
        for name in names(expr):
            earlier = above.get(name)
            if earlier is None or name in lines or name in answers:
                continue
            if earlier.kind == "shape":
                message = f"`{name}` is a shape, so it has no value"
                raise GradcalcError(Problem("question", message, question.place))
            if earlier.kind == "value":
                follow(_value(earlier))
                lines[name] = earlier
            else:
                answers[name] = earlier

    follow(question.expr)
    name = free_name("value", (*graph.names, *graph.stacks, *above, *exercise.functions))
    definitions = [
        Definition(line, _value(earlier), earlier.source or Text(earlier.text), (), earlier.place)
        for line, earlier in lines.items()
    ]
    source = question.source or Text(question.text)
    definitions.append(Definition(name, question.expr, source, (), question.place))
    sub = within(graph, definitions, {
        answer: _variable(graph, answer, earlier) for answer, earlier in answers.items()
    })  # fmt: skip
    try:
        built = build(sub)
    except GradcalcError as error:
        raise GradcalcError(*(_placed(one, question.place) for one in error.problems)) from None
    opened = tuple((line, _value(earlier)) for line, earlier in lines.items())
    return AskedValue(built, name, question.expr, opened, tuple(answers.items()))


def _placed(problem: Problem, place: Place | None) -> Problem:
    return problem if problem.place else replace(problem, place=place)


def _value(question: Question) -> Expr:
    """What a `value` question asks for, as an expression."""
    return Name(question.of) if question.expr is None else question.expr


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where it is taken."""
    known = set(taken)
    while name in known:
        name += "1"
    return name


def within(
    graph: Graph, definitions: Iterable[Definition], variables: Mapping[str, Variable]
) -> Exercise:
    """The exercise of a graph with more lines and more variables; all its shapes are declared,
    so that a line changes none.
    """
    exercise = graph.exercise
    declared = dict(exercise.variables)
    for name in graph.inputs:
        shape = tuple(map(size_tree, graph.node(name).shape))
        declared[name] = replace(declared.get(name, Variable(name)), shape=shape)
    return replace(
        exercise,
        definitions=(*exercise.definitions, *definitions),
        variables={**declared, **variables},
        sizes=graph.sizes,
        questions=(),
        upstream=(),
        warnings=(),
    )


def _variable(graph: Graph, name: str, question: Question) -> Variable:
    """The answer to a question about a derivative as an input."""
    shape = answer_shape(graph, question, answer_layout(graph, question))
    over = answer_examples(graph, question)
    if stacks(graph, question):
        shape, over = stacked(shape, *(graph.indices[index] for index in over)), ()
    if len(over) > 1:
        message = f"`{name}` is per example of {' and '.join(over)}, so it has no place in a value"
        raise GradcalcError(Problem("question", message, question.place))
    each = over[0] if over else None
    return Variable(name, tuple(map(size_tree, shape)), each, place=question.place)


# ---- what an answer looks like


def answer_examples(graph: Graph, question: Question) -> tuple[str, ...]:
    """The example indices that an answer is per: of its numerator and its denominators."""
    if question.expr is not None:
        over = set(graph.asked[question.text].over)
    else:
        asked = (*(() if question.loss else (question.of,)), *question.by)
        over = {ix for name in asked for ix in graph.node(graph.stacks.get(name, name)).over}
    return tuple(index for index in graph.examples if index in over)


def stacks(graph: Graph, question: Question) -> bool:
    """Is an answer one array for all examples, for its question names a stack?"""
    return any(by in graph.stacks for by in question.by)


def answer_layout(graph: Graph, question: Question, layout: str | None = None) -> str:
    """The layout of an answer. One entry of the gradient of a number is the derivative by that
    entry of the denominator, whatever the layout.
    """
    layout = layout or graph.exercise.notation.layout
    if question.entry is None or len(question.by) != 1:
        return layout
    of, by = (graph.stacks.get(name, name) for name in (question.of, question.by[0]))
    number = question.loss or graph.node(of).shape == ()
    return "gradient" if number and len(question.entry) <= len(graph.node(by).shape) else layout


def answer_shape(
    graph: Graph, question: Question, layout: str = "gradient", whole: bool = False
) -> Shape:
    """The shape that the answer to a question has, per example. `whole`: before an entry is
    taken.
    """
    if question.expr is not None:
        return graph.asked[question.text].shape
    of = graph.stacks.get(question.of, question.of)
    if question.kind in ("value", "shape"):
        return graph.node(of).shape
    into = [graph.node(graph.stacks.get(name, name)).shape for name in question.by]
    numerator = () if question.loss else graph.node(of).shape
    output = question.loss or of == graph.outputs[-1]
    _, shape = derivative_shape(numerator, into, layout, output)
    if question.entry and not whole:
        return shape[len(question.entry) :]
    return shape
