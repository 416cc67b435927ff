"""Questions: whether one can be asked, and those that are taken where none are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcalc.exercise.model import Question
from gradcalc.graph.dependencies import depends, interact, mixes, operands
from gradcalc.graph.given_values import Sizes
from gradcalc.graph.model import Graph
from gradcalc.language.errors import Place, Problem, closest
from gradcalc.language.shape_rules import stacked

# ---- the questions that were asked


def check_questions(graph: Graph, sizes: Sizes) -> list[Problem]:
    """Unknown names, questions the wrong way round, and those that have no answer; also the
    upstream gradients.
    """
    problems: list[Problem] = []
    for question in graph.exercise.questions:
        problems += _check(graph, question)
    for upstream in graph.exercise.upstream:
        of = upstream.of or graph.outputs[-1]
        if isinstance(upstream.value, tuple):
            node = graph.node(of)
            shape = stacked(node.shape, *(graph.indices[index] for index in node.over))
            before = len(sizes.problems)
            sizes.fit(of, upstream.value, shape, upstream.place, "the upstream gradient at")
            problems += sizes.problems[before:]
            del sizes.problems[before:]
    return problems


def _check_name(graph: Graph, name: str, place: Place | None) -> list[Problem]:
    if name in graph.names or name in graph.stacks:
        return []
    near = closest(name, [*graph.names, *graph.stacks])
    hint = (
        f"did you mean {near}?"
        if near
        else f"names: {', '.join([*graph.quantities, *graph.inputs][:8])}"
    )
    return [Problem("name", f"there is no quantity `{name}`", place, hint)]


def _check(graph: Graph, question: Question) -> list[Problem]:
    if question.expr is not None:  # it is checked as a line of its own
        return []
    place = question.place
    asked = (*(() if question.loss else (question.of,)), *question.by)
    problems = [
        problem for name in dict.fromkeys(asked) for problem in _check_name(graph, name, place)
    ]
    if problems or question.kind in ("shape", "value"):
        return problems
    by = [graph.stacks.get(name, name) for name in question.by]
    for name in by:
        if name in graph.integers:
            problems.append(
                Problem("question", f"{name} is an integer index, so it has no gradient", place)
            )
    if problems or question.loss:
        return problems
    if question.kind == "second" and (nested := _nested(graph, by)):
        inner, outer = nested
        message = f"{inner} is computed from {outer}, so the two are not varied one by one"
        along = f"ask for d2{question.of}/d{outer}2, along all paths"
        problems.append(Problem("question", message, place, along))
    of = graph.stacks.get(question.of, question.of)
    for name in by:
        if of != name and depends(graph, name, of):
            text = "d2" if question.kind == "second" else "d"
            hint = f"did you mean {text}{name}/d{of}?" if question.kind != "second" else None
            problems.append(
                Problem(
                    "question", f"the wrong way round: {name} is computed from {of}", place, hint
                )
            )
        elif question.kind != "local" and interact(graph, of, name):
            message = (
                f"{of} of one example depends on {name} of the other examples, so there is "
                "no derivative per example"
            )
            problems.append(
                Problem(
                    "question",
                    message,
                    place,
                    "ask about a quantity that is summed over the examples",
                )
            )
    return problems


def _nested(graph: Graph, by: list[str]) -> tuple[str, str] | None:
    """Of two different denominators the one that is computed from the other, and that other."""
    one, *rest = by
    for first, second in ((one, other) for other in rest if other != one):
        if depends(graph, first, second):
            return first, second
        if depends(graph, second, first):
            return second, first
    return None


# ---- the questions where none were asked


def default_questions(graph: Graph) -> tuple[Question, ...]:
    """Local derivatives, then the total derivatives of the outputs, each in the order of the
    graph.
    """
    reads = {name: operands(graph, name) for name in graph.quantities}
    bits = {name: 1 << place for place, name in enumerate((*graph.inputs, *graph.quantities))}
    above = _reachable(graph.inputs, graph.quantities, reads, bits)
    skipped = graph.integers | graph.constants
    local: list[Question] = []
    for name in graph.quantities:
        for operand in reads[name]:
            if operand in skipped:
                continue
            other_paths = any(
                above[other] & bits[operand] for other in reads[name] if other != operand
            )
            text = f"d{name}/d{operand}"
            local.append(
                Question(
                    f"local {text}" if other_paths else text,
                    "local" if other_paths else "derivative",
                    name,
                    (operand,),
                )
            )
    asked = {(question.of, question.by[0]) for question in local if question.kind == "derivative"}
    total = [
        Question(f"d{output}/d{name}", "derivative", output, (name,))
        for output in graph.outputs
        for name in (*graph.quantities[::-1], *graph.inputs)
        if name != output
        and name not in skipped
        and above[output] & bits[name]
        and (output, name) not in asked
    ]
    questions = (*local, *total)
    return (
        tuple(q for q in questions if q.kind == "local" or not interact(graph, q.of, q.by[0]))
        if mixes(graph)
        else questions
    )


def _reachable(
    inputs: Sequence[str],
    quantities: Sequence[str],
    reads: Mapping[str, Sequence[str]],
    bits: Mapping[str, int],
) -> dict[str, int]:
    """For each name the set of names it is computed from, itself included, as bits."""
    above = {name: bits[name] for name in inputs}
    for name in quantities:
        reached = bits[name]
        for operand in reads[name]:
            reached |= above[operand]
        above[name] = reached
    return above
