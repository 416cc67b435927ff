"""Exercise to Graph: elementary nodes with shapes, each made by one operation; named quantities
keep their names.

names and order (scope.py) -> shapes (shape_inference.py) -> nodes (lowering.py) -> questions
checked (question_checks.py)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradcalc.exercise.literals import shape_of_value
from gradcalc.exercise.model import Exercise, Question
from gradcalc.graph.asked_values import asked_value
from gradcalc.graph.given_values import Sizes, check_values
from gradcalc.graph.lowering import Lowering
from gradcalc.graph.lowering_calls import CALLS
from gradcalc.graph.lowering_selections import select
from gradcalc.graph.model import AskedValue, Graph, Node, unfit
from gradcalc.graph.question_checks import check_questions
from gradcalc.graph.scope import Scope, scope
from gradcalc.graph.shape_inference import Inferred, infer
from gradcalc.graph.shape_reasons import computed
from gradcalc.language.errors import GradcalcError, Problem
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import names as expr_names
from gradcalc.language.parser import unparse
from gradcalc.language.shape_rules import ONE, Shape, Size, show, stacked
from gradcalc.language.size_expressions import size_of


def build(exercise: Exercise) -> Graph:
    """Infer shapes and make the nodes. Raises GradcalcError with every problem found."""
    found = scope(exercise)
    sizes = Sizes(exercise)
    problems: list[Problem] = sizes.problems
    declared = declared_shapes(exercise, problems)
    indices = index_sizes(exercise)
    stop(problems)
    for name in simplest(exercise.values, declared):
        if name in declared:
            sizes.fit(
                name,
                exercise.values[name],
                whole(found, name, declared[name], indices),
                exercise.value_places.get(name),
            )
    stop(problems)
    inferred = shapes_of(found, declared, indices, sizes)
    problems += inferred.problems
    for name in simplest(exercise.values, inferred.shapes):  # sizes that only became known now
        if name in inferred.shapes and name not in declared and not inferred.problems:
            sizes.fit(
                name,
                exercise.values[name],
                whole(found, name, inferred.shapes[name], inferred.indices),
                exercise.value_places.get(name),
            )
    stop(problems)

    lowering = Lowering(found, inferred.shapes, inferred.indices, declared, CALLS, select)
    lowering.run()
    problems += lowering.problems
    stop(problems)
    integers: dict[str, Size] = {}
    for name, axis, _, _ in lowering.gathers:
        integers.setdefault(name, axis)
    for name, axis in compared_with_indices(lowering.make.nodes, inferred.indices):
        integers.setdefault(name, axis)
    problems += check_values(
        exercise,
        sizes.numbers,
        inferred.shapes,
        integers,
        {name: len(found.examples(name)) for name in found.inputs},
    )
    nodes, numbers = lowering.make.pruned(lowering.names)
    problems += misfits(exercise, nodes, sizes, inferred.indices)
    used = {name for reads in found.uses.values() for name in reads}
    stacks = dict(found.stacks)
    each = frozenset(name for name, number in numbers.items() if nodes[number].over)
    exercise = replace(
        exercise, questions=tuple(called(question, stacks, each) for question in exercise.questions)
    )
    graph = Graph(
        exercise=exercise,
        nodes=nodes,
        names=numbers,
        inputs=found.inputs,
        quantities=tuple(definition.name for definition in found.order),
        outputs=tuple(d.name for d in exercise.definitions if d.name not in used)
        or (found.order[-1].name,),
        integers=frozenset(integers),
        constants=frozenset(
            n
            for n in found.inputs
            if n in exercise.variables and "constant" in exercise.variables[n].assume
        ),
        indices={
            index: inferred.indices[index] for index in found.indices if index in inferred.indices
        },
        examples=tuple(index for index in found.indices if index in exercise.examples),
        sizes=sizes.numbers,
        stacks=stacks,
        reasons=reasons(found, declared, inferred, nodes, numbers),
        warnings=(*lowering.warnings, *unused(found, used), *identity(found, nodes, numbers)),
    )
    problems += check_questions(graph, sizes)
    stop(problems)
    return with_values(graph)


def with_values(graph: Graph) -> Graph:
    """The graph with the expressions that `value E` asks for. Raises GradcalcError with what is
    wrong with them.
    """
    asked: dict[str, AskedValue] = {}
    problems: list[Problem] = []
    for question in graph.exercise.questions:
        if question.expr is not None and question.text not in asked:
            try:
                asked[question.text] = asked_value(graph, question, build)
            except GradcalcError as error:
                problems += error.problems
    stop(problems)
    return replace(graph, asked=asked) if asked else graph


def called(question: Question, stacks: dict[str, str], each: frozenset[str]) -> Question:
    """A question with stack(x) under the name of that stack, X; where that name is taken,
    stack(x) becomes one.
    """

    def name(text: str) -> str:
        one = text.removeprefix("stack(").removesuffix(")")
        if one == text or one not in each:
            return text
        known = next((stack for stack, of in stacks.items() if of == one), text)
        stacks.setdefault(known, one)
        return known

    return replace(question, of=name(question.of), by=tuple(map(name, question.by)))


def compared_with_indices(
    nodes: Sequence[Node], indices: Mapping[str, Size]
) -> Iterator[tuple[str, Size]]:
    """Inputs that are compared with an index for being it, j == y, and the sizes of these
    indices.
    """
    for node in nodes:
        if node.op not in ("eq", "ne"):
            continue
        for one, other in (node.args, node.args[::-1]):
            named = nodes[other].op == "input" and nodes[other].name
            if nodes[one].op == "index" and named:
                yield named, indices[nodes[one].attrs["name"]]


def stop(problems: list[Problem]) -> None:
    """Raise what was found so far, in the order of the source."""
    if problems:
        distinct = list(dict.fromkeys(problems))
        distinct.sort(key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0))
        raise GradcalcError(*distinct)


def declared_shapes(exercise: Exercise, problems: list[Problem]) -> dict[str, Shape]:
    """The declared shapes; every name in them is a size."""
    shapes: dict[str, Shape] = {}
    for name, variable in exercise.variables.items():
        if variable.shape is None or variable.function:
            continue
        shape = tuple(map(size_of, variable.shape))
        if any(size.number is not None and size.number < 1 for size in shape):
            problems.append(
                Problem("size", f"{name}: every axis needs at least one entry", variable.place)
            )
            continue
        square = variable.assume & {"symmetric", "diagonal", "orthogonal", "lower", "skew"}
        if square and (len(shape) != 2 or ("orthogonal" not in square and shape[0] != shape[1])):
            problems.append(
                Problem(
                    "assumption",
                    f"{name} is {show(shape)}: only a square matrix can be {min(square)}",
                    variable.place,
                )
            )
        shapes[name] = shape
    for name, variable in exercise.variables.items():
        defined = any(definition.name == name for definition in exercise.definitions)
        if variable.free and (defined or variable.shape is None):
            why = "a line defines it" if defined else "its shape is not declared"
            hint = (
                None
                if defined
                else f"variables: {{{name}: {{shape: [n, n], free: {variable.free}}}}}"
            )
            problems.append(
                Problem("free", f"{name} has no free parameters: {why}", variable.place, hint)
            )
    return shapes


def index_sizes(exercise: Exercise) -> dict[str, Size]:
    """How far the declared indices run."""
    return {
        index: size_of(expr) for index, expr in {**exercise.indices, **exercise.examples}.items()
    }


def whole(found: Scope, name: str, shape: Shape, indices: Mapping[str, Size]) -> Shape:
    """The shape a value has: for per-example inputs that of the stack."""
    return stacked(shape, *(indices[index] for index in found.examples(name)))


def shapes_of(
    found: Scope, declared: Mapping[str, Shape], indices: Mapping[str, Size], sizes: Sizes
) -> Inferred:
    """The shapes of the inputs: declared or scalar by value, else inferred from everything."""
    exercise = found.exercise
    values = {name: shape_of_value(value) for name, value in exercise.values.items()}
    plain = {name: () for name, shape in values.items() if shape == () and not found.examples(name)}
    known = {**plain, **declared}
    if all(name in known for name in found.inputs) and all(
        index in indices for index in found.indices
    ):
        reasons = dict.fromkeys(plain.keys() - declared.keys(), "its value is a number")
        return Inferred({name: known[name] for name in found.inputs}, dict(indices), reasons)
    return infer(found, declared, indices, values, sizes.numbers)


def simplest(names: Iterable[str], shapes: Mapping[str, Shape]) -> list[str]:
    """Names in an order in which their values tell sizes: [m] before [n + m - 1]."""
    return sorted(
        names,
        key=lambda name: max((len(size.names) for size in shapes.get(name, ())), default=0),
    )


def misfits(
    exercise: Exercise, nodes: list[Node], sizes: Sizes, indices: Mapping[str, Size]
) -> list[Problem]:
    """What cannot be at the sizes that are known."""
    if (found := unfit(nodes, sizes.numbers, indices)) is None:
        return []
    node, reason = found
    variable = exercise.variables.get(node.name or "")
    what = node.name if node.expr is None else unparse(node.expr)
    return [Problem("size", f"{what or node.op} {reason}", variable.place if variable else None)]


def reasons(
    found: Scope,
    declared: Mapping[str, Shape],
    inferred: Inferred,
    nodes: list[Node],
    numbers: Mapping[str, int],
) -> dict[str, str]:
    """Why every name has its shape."""
    said = {
        name: "declared" if name in declared else inferred.reasons.get(name, "")
        for name in found.inputs
    }
    for definition in found.order:
        name = definition.name
        said[name] = (
            "declared"
            if name in declared
            else inferred.reasons.get(name) or computed(definition, nodes, numbers)
        )
    return said


def identity(found: Scope, nodes: Sequence[Node], numbers: Mapping[str, int]) -> list[Problem]:
    """An input I that is a square matrix, and prints as the identity does."""
    for name in found.inputs:
        shape = nodes[numbers[name]].shape
        if name == "I" and len(shape) == 2 and shape[0] == shape[1] != ONE:
            variable = found.exercise.variables.get(name)
            place = variable.place if variable else None
            message, hint = "`I` is a matrix like any other here", "write eye(n) for the identity"
            return [Problem("identity", message, place, hint)]
    return []


def unused(found: Scope, used: set[str]) -> list[Problem]:
    """Declared variables that occur nowhere."""
    asked = {
        name
        for question in found.exercise.questions
        if question.expr is not None
        for name in expr_names(question.expr)
    }
    return [
        Problem(
            "unused",
            f"{name} is not used in the expression, so its gradient is 0",
            found.exercise.variables[name].place,
        )
        for name in found.inputs
        if name not in used | asked and name in found.exercise.variables
    ]
