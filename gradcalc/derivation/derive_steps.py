"""Making the derivation: which passes there are, each step of them written, evaluated and checked.

derive(solver, solution)  ->  Derivation (see steps.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.chain_products import Assembler
from gradcalc.derivation.checked_steps import CheckedPass, DerivationContext
from gradcalc.derivation.meaning import meaning
from gradcalc.derivation.solve import Solver
from gradcalc.derivation.step_model import Assembly, Derivation, Pass, Quantity, Written
from gradcalc.derivation.step_values import StepValues
from gradcalc.derivation.substituted_numbers import plugged
from gradcalc.derivation.total_derivatives import upstream_name
from gradcalc.exercise.model import Definition, Exercise, Question, Text, Variable
from gradcalc.exercise.questions import Known, answer_names, read_question, stack_names
from gradcalc.graph.build import build
from gradcalc.graph.dependencies import ancestors, depends, operands, reached_otherwise
from gradcalc.graph.model import Graph
from gradcalc.graph.printed_names import printed_names
from gradcalc.language.constants import CONSTANTS
from gradcalc.language.errors import GradcalcError, SpanError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.named_formulas import joined
from gradcalc.language.parser import names, unparse
from gradcalc.language.shape_rules import ONE
from gradcalc.language.size_expressions import size_tree
from gradcalc.numeric.forward import Point
from gradcalc.numeric.oracle import Oracle


def explained(exercise: Exercise, detail: str = "normal", only: str | None = None) -> Derivation:
    """An exercise solved and derived; `only`: one answer, by the text or the name of its question,
    or a new question.

    Raises GradcalcError.
    """
    asked = None
    if only is not None:
        exercise, asked = with_question(exercise, only)
    solver = Solver(build(exercise), exercise.notation.form, exercise.notation.layout)
    solution = solver.solution() if asked is None else solver.solution_for(asked)
    answer = next((answer for answer in solution.answers if answer.question == asked), None)
    return derive(solver, solution, detail, answer)


def with_question(exercise: Exercise, text: str) -> tuple[Exercise, Question]:
    """The exercise with a question that `--for` names, asked last if it is not asked yet. Raises
    GradcalcError.
    """
    wanted = text.strip()
    for question in exercise.questions:
        if wanted in (question.name, question.text, question.text.replace(" ", "")):
            return exercise, question
    names = frozenset((*exercise.inputs, *(definition.name for definition in exercise.definitions)))
    stacks = stack_names(names) if exercise.examples else frozenset()
    known = Known(
        names,
        stacks,
        exercise.loss if exercise.upstream else None,
        answers=tuple(name for one in exercise.questions for name in answer_names(one)),
        others=exercise.size_names | {*exercise.indices, *exercise.examples, *CONSTANTS},
        callable=frozenset({*exercise.functions, *exercise.unknown_functions}),
    )
    source = Text(wanted, "--for")
    try:
        found = read_question(source, known)
    except SpanError as error:
        raise GradcalcError(source.problem(error)) from None
    asked = found.kind, found.of, found.by, found.entry, found.expr
    same = next(
        (q for q in exercise.questions if (q.kind, q.of, q.by, q.entry, q.expr) == asked), None
    )
    return (
        (exercise, same)
        if same
        else (replace(exercise, questions=(*exercise.questions, found)), found)
    )


def with_quantity(graph: Graph, name: str, answer: Answer, point: Point) -> tuple[Graph, Point]:
    """The graph with an answer as one more quantity, an upstream gradient in it an input; and
    the point with its value.
    """
    exercise = graph.exercise
    assert answer.symbolic is not None
    formulas = [
        *((word, expr, ()) for word, expr in answer.where),
        (name, answer.symbolic, answer.free),
    ]
    made = tuple(
        Definition(word, expr, Text(unparse(expr), exercise.file), free)
        for word, expr, free in formulas
    )
    used = {word for _, expr, _ in formulas for word in names(expr)}
    variables, values = dict(exercise.variables), dict(point.values)
    for item in exercise.upstream:
        word, of = upstream_name(graph, item), item.of or graph.outputs[-1]
        if word in used and word not in graph.names:
            node = graph.node(of)
            each = next((index for index in node.over if index in graph.examples), None)
            variables[word] = Variable(word, tuple(map(size_tree, node.shape)), each)
            if of in point.upstream:
                values[word] = point.upstream[of]
    sizes = [size_tree(size) for size in answer.shape if size != ONE] if answer.free else []
    indices = {**exercise.indices, **dict(zip(answer.free, sizes, strict=True))}
    definitions = (*exercise.definitions, *made)
    exercise = replace(
        exercise,
        definitions=definitions,
        variables=variables,
        upstream=(),
        questions=(),
        indices=indices,
    )
    return build(exercise), replace(point, values=values, upstream={})


def derive(
    solver: Solver, solution: Solution, detail: str = "normal", only: Answer | None = None
) -> Derivation:
    """The derivation of every answer of a solution, or of `only` one along its paths. detail:
    brief, normal or full.
    """
    return _Deriver(solver, solution, detail, only).derivation()


class _Deriver:
    """Which passes a derivation has, and what stands before and behind them."""

    def __init__(
        self, solver: Solver, solution: Solution, detail: str, only: Answer | None
    ) -> None:
        self.solver, self.graph, self.solution, self.only = solver, solver.graph, solution, only
        self.answers = solution.answers
        if only is not None:  # what an expression names is explained with it
            asked = solver.graph.asked.get(only.question.text)
            named = {question.text for _, question in asked.answers} if asked else set()
            self.answers = (*(a for a in solution.answers if a.question.text in named), only)
        names = printed_names(solver.graph, joined([answer.where for answer in self.answers]))
        self.context = DerivationContext(solver, solution, detail, names)

    def derivation(self) -> Derivation:
        passes = [
            *(CheckedPass(self.context, of, wanted).made() for of, wanted in self.starts()),
            *self.seconds(),
        ]
        return Derivation(
            self.graph,
            self.solution,
            tuple(map(self.quantity, self.shown())),
            tuple(one for one in passes if one.steps),
            self.answers,
            self.context.names,
            self.assemblies(),
            self.context.detail,
            self.only.question.text if self.only else None,
            meaning(self.solver, self.answers) if self.context.detail != "brief" else None,
        )

    def assemblies(self) -> tuple[Assembly, ...]:
        """Chains of arrays whose factors do not simply multiply, each with the value of its
        answer.
        """
        if self.context.detail == "brief" or self.solver.form != "matrix":
            return ()
        assembler = Assembler(self.context.writer, self.solution.answers)
        made = [(answer, assembler.assemble(answer)) for answer in self.answers]
        return tuple(one for answer, one in made if one is not None and self.right(answer, one))

    def right(self, answer: Answer, one: Assembly) -> bool:
        """Whether the composition has the value of the answer; where there are no numbers the
        engine's word is taken.
        """
        if answer.value is None:
            return True
        numbers = StepValues(self.solver)
        for factor in one.factors:
            if (
                numbers.bind(factor.name, Written(factor.short, factor.shape), factor.shape, ())
                is None
            ):
                return False
        return numbers.same(numbers.value(Written(one.product, one.shape)), answer.value)

    # ---- forward

    def shown(self) -> list[str]:
        """The quantities a derivation needs, inputs first."""
        names = [*self.graph.inputs, *self.graph.quantities]
        question = self.only.question if self.only else None
        if question is None or question.loss or question.kind == "shape" or question.expr:
            return names
        needed = ancestors(self.graph, self.graph.stacks.get(question.of, question.of))
        return [name for name in names if self.graph.names[name] in needed]

    def quantity(self, name: str) -> Quantity:
        graph, solution = self.graph, self.solution
        node = graph.node(name)
        definition = next((d for d in self.graph.exercise.definitions if d.name == name), None)
        values = solution.inputs if name in graph.inputs else solution.forward
        expr = definition.expr if definition else None
        scalar, known = self.solver.values.scalar, {**solution.inputs, **solution.forward}
        return Quantity(
            name,
            expr,
            definition.indices if definition else (),
            plugged(expr, known, self.graph.exercise.notation.digits)
            if expr is not None and scalar
            else None,
            node.shape,
            tuple(index for index in node.over if index in graph.examples),
            values.get(name),
            solution.forward_exact.get(name),
            graph.reasons.get(name),
            operands(graph, name) if definition else (),
        )

    # ---- which passes there are

    def starts(self) -> list[tuple[str | None, tuple[str, ...]]]:
        """(the numerator or None for the loss, the denominators; none: all) of first
        derivatives: what the questions need, or where nothing was asked everything.
        """
        graph, stacks = self.graph, self.graph.stacks
        every = self.only is None and not graph.exercise.questions
        groups: dict[str | None, list[tuple[Question, str]]] = {}
        last = None if graph.exercise.upstream else graph.outputs[-1]
        if every and (last is None or self.is_number(last)):
            groups[last] = []
        for answer in self.answers:
            question = answer.question
            if answer.kind == "derivative" and question.kind != "second":
                of = None if question.loss else stacks.get(question.of, question.of)
                pair = question, stacks.get(question.by[0], question.by[0])
                groups.setdefault(of, []).append(pair)
        if not groups:
            return []
        main = next(
            (of for of in (None, *reversed(graph.outputs)) if of in groups), next(iter(groups))
        )
        whole = every and main == last and (last is None or self.is_number(last))
        shown = [] if whole else [*dict.fromkeys(by for _, by in groups[main])]
        found = [(main, tuple(shown))]
        for of, pairs in groups.items():
            more = [
                by for question, by in pairs
                if of != main and not self.covered(question, of, by, main, shown)
            ]  # fmt: skip
            if more:
                found.append((of, tuple(dict.fromkeys(more))))
        return found

    def is_number(self, name: str) -> bool:
        node = self.graph.node(name)
        return not node.over and all(size.number == 1 for size in node.shape)

    def covered(
        self, question: Question, of: str | None, by: str, main: str | None, shown: Sequence[str]
    ) -> bool:
        """Does the main pass show this derivative on its way: as a local derivative, or times an
        upstream gradient of 1? `shown`: the denominators that the pass leads to; none: all.
        """
        graph = self.graph
        if of is None or self.only is not None:
            return False
        if shown and by not in shown and not any(depends(graph, by, word) for word in shown):
            return False
        borne = [item.of or graph.outputs[-1] for item in graph.exercise.upstream]
        on_path = any(depends(graph, word, of) for word in (borne if main is None else [main]))
        direct = by in operands(graph, of)
        if question.kind == "local":
            return on_path and direct
        if on_path and direct and not reached_otherwise(graph, of, by):
            return True
        return borne == [of] and self.solver.values.scalar

    # ---- one pass

    def seconds(self) -> Iterator[Pass]:
        """A pass for every first derivative that is differentiated again."""
        again: dict[tuple[str, str, bool], list[Answer]] = {}
        for answer in self.answers:
            question = answer.question
            if question.kind != "second":
                continue
            one, two = (self.graph.stacks.get(name, name) for name in question.by)
            if one == two or not (
                depends(self.graph, one, two) or depends(self.graph, two, one)
            ):  # else it is 0
                again.setdefault((question.of, question.by[0], question.loss), []).append(answer)
        graph = self.graph
        taken = {
            *graph.names,
            *graph.stacks,
            *graph.sizes,
            *graph.indices,
            *self.graph.exercise.functions,
        }
        words = [
            word
            for word in ("g", "h", "u", "v", *(f"g{n}" for n in range(1, 99)))
            if word not in taken
        ]
        for name, answers in zip(words, again.values(), strict=False):
            yield self.second(name, answers)

    def second(self, name: str, answers: Sequence[Answer]) -> Pass:
        """The first derivative as a quantity like any other, differentiated again."""
        asked = answers[0].question
        one = Question(
            f"d{asked.of}/d{asked.by[0]}", "derivative", asked.of, asked.by[:1], loss=asked.loss
        )
        wanted = [
            self.graph.stacks.get(answer.question.by[1], answer.question.by[1])
            for answer in answers
        ]
        writer = (
            self.context.writer.varied([self.graph.names[by] for by in wanted])
            or self.context.writer
        )
        first = writer.answer(one)
        assert first.symbolic is not None
        graph, point = with_quantity(self.graph, name, first, self.solver.oracle.given.point)
        solver = Solver(graph, self.solver.form, "gradient", Oracle(graph, point))
        posed = tuple(
            replace(answer, question=Question(f"d{name}/d{by}", "derivative", name, (by,)))
            for answer, by in zip(answers, wanted, strict=True) if not answer.question.entry
        )  # fmt: skip
        forward = {**self.solution.forward, name: solver.values.lists(name)}
        solution = replace(self.solution, graph=graph, answers=posed, forward=forward, gradients={})
        inner = _Deriver(solver, solution, self.context.detail, None)
        found = CheckedPass(inner.context, name, tuple(dict.fromkeys(wanted))).made()
        self.context.joined(inner.context.names)
        return replace(found, first=(one, inner.quantity(name)))
