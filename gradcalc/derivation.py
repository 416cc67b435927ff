"""Making the derivation: which passes there are, each step of them written, evaluated and checked.

derive(solver, solution)  ->  Derivation (see steps.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcalc.answers import Answerer, upstream_name
from gradcalc.ask import ancestors, depends, operands
from gradcalc.assembly import Assembly, assemble
from gradcalc.backpass import BackwardPass, Edge, Stage, Written
from gradcalc.because import why
from gradcalc.blocks import Names
from gradcalc.derive import Derivative
from gradcalc.errors import GradcalcError, SpanError
from gradcalc.exercise import Definition, Exercise, Question, Text, Variable
from gradcalc.gates import Gate, GateWriter, constants, depth, inside, leading, said
from gradcalc.graph import Graph, build
from gradcalc.matrix import size_tree
from gradcalc.numeric.forward import Point
from gradcalc.numeric.oracle import Claim, Oracle
from gradcalc.numeric.verified import Verified
from gradcalc.plug import Numbers, plugged
from gradcalc.questions import Known, read_question, stack_names
from gradcalc.records import replace
from gradcalc.shapes import ONE
from gradcalc.solution import Answer, Number, Solution
from gradcalc.solver import Solver
from gradcalc.steps import Derivation, Pass, Path, Quantity, Rule, Step
from gradcalc.syntax import Expr, names, unparse

LONG = 60  # steps; in a longer pass only what was asked is written out, and only so many are compared with the oracle


def explained(exercise: Exercise, detail: str = "normal", only: str | None = None) -> Derivation:
    """An exercise solved and derived; `only`: one answer, by the text or the name of its question, or a new question.

    Raises GradcalcError.
    """
    asked = None
    if only is not None:
        exercise, asked = with_question(exercise, only)
    solver = Solver(build(exercise), exercise.notation.form, exercise.notation.layout)
    solution = solver.solution()
    answer = next((answer for answer in solution.answers if answer.question == asked), None)
    return derive(solver, solution, detail, answer)


def with_question(exercise: Exercise, text: str) -> tuple[Exercise, Question]:
    """The exercise with a question that `--for` names, asked last if it is not asked yet. Raises GradcalcError."""
    wanted = text.strip()
    for question in exercise.questions:
        if wanted in (question.name, question.text, question.text.replace(" ", "")):
            return exercise, question
    names = frozenset((*exercise.inputs, *(definition.name for definition in exercise.definitions)))
    known = Known(
        names, stack_names(names) if exercise.examples else frozenset(), exercise.loss if exercise.upstream else None
    )
    source = Text(wanted, "--for")
    try:
        found = read_question(source, known)
    except SpanError as error:
        raise GradcalcError(source.problem(error)) from None
    same = next(
        (
            q
            for q in exercise.questions
            if (q.kind, q.of, q.by, q.entry) == (found.kind, found.of, found.by, found.entry)
        ),
        None,
    )
    return (exercise, same) if same else (replace(exercise, questions=(*exercise.questions, found)), found)


def with_quantity(graph: Graph, name: str, answer: Answer, point: Point) -> tuple[Graph, Point]:
    """The graph with an answer as one more quantity, an upstream gradient in it an input; and the point with its value."""
    exercise = graph.exercise
    assert answer.symbolic is not None
    formulas = [*((word, expr, ()) for word, expr in answer.where), (name, answer.symbolic, answer.free)]
    made = tuple(Definition(word, expr, Text(unparse(expr), exercise.file), free) for word, expr, free in formulas)
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
    exercise = replace(
        exercise,
        definitions=(*exercise.definitions, *made),
        variables=variables,
        upstream=(),
        questions=(),
        indices=indices,
    )
    return build(exercise), replace(point, values=values, upstream={})


def derive(solver: Solver, solution: Solution, detail: str = "normal", only: Answer | None = None) -> Derivation:
    """The derivation of every answer of a solution, or of `only` one along its paths. detail: brief, normal or full."""
    return _Deriver(solver, solution, detail, only).derivation()


class _Deriver:
    def __init__(self, solver: Solver, solution: Solution, detail: str, only: Answer | None) -> None:
        self.solver, self.solution, self.detail, self.only = solver, solution, detail, only
        self.graph = solver.graph
        self.exercise = solver.graph.exercise
        self.answers = (only,) if only is not None else solution.answers
        self.answerer = Answerer.__new__(
            Answerer
        )  # the solver's own, so that nothing is derived twice; gradients follow no layout
        self.answerer.__dict__.update(solver.answerer.__dict__)
        self.answerer.layout = "gradient"
        self.gates = GateWriter(self.graph, solver.form)
        self.steady = constants(self.graph)
        self.long = len(self.graph.quantities) > LONG
        self.compared = frozenset(self.graph.quantities[:: max(1, len(self.graph.quantities) // LONG)])
        self._totals: dict[int, Mapping[int, Derivative]] = {}
        self.names = Names.of(self.graph, tuple(pair for answer in self.answers for pair in answer.where))

    def derivation(self) -> Derivation:
        passes = [self.backward(of, wanted) for of, wanted in self.starts()] + list(self.seconds())
        passes = [one for one in passes if one.steps]
        return Derivation(
            self.graph, self.solution, tuple(map(self.quantity, self.shown())), tuple(passes), self.answers, self.names,
            self.assemblies(), self.detail, self.only.question.text if self.only else None,
        )  # fmt: skip

    def assemblies(self) -> tuple[Assembly, ...]:
        """Chains of arrays whose factors do not simply multiply, each with the value of its answer."""
        if self.detail == "brief":
            return ()
        made = (assemble(self.graph, answer, self.solution.answers) for answer in self.answers)
        return tuple(one for one in made if one is not None and one.literal != one.shape and self.right(one))

    def right(self, one: Assembly) -> bool:
        """Whether the composition has the value of the answer; where there are no numbers the engine's word is taken."""
        answer = next(answer for answer in self.answers if answer.question == one.question)
        if answer.value is None:
            return True
        numbers = Numbers(self.solver)
        for factor in one.factors:
            if numbers.bind(factor.name, Written(factor.short, factor.shape), factor.shape, ()) is None:
                return False
        return numbers.close(numbers.value(Written(one.product, one.shape)), answer.value)

    # ---- forward

    def shown(self) -> list[str]:
        """The quantities a derivation needs, inputs first."""
        names = [*self.graph.inputs, *self.graph.quantities]
        if self.only is None or self.only.question.loss or self.only.kind == "shape":
            return names
        needed = ancestors(self.graph, self.graph.stacks.get(self.only.question.of, self.only.question.of))
        return [name for name in names if self.graph.names[name] in needed]

    def quantity(self, name: str) -> Quantity:
        graph, solution = self.graph, self.solution
        node = graph.node(name)
        definition = next((d for d in self.exercise.definitions if d.name == name), None)
        values = solution.inputs if name in graph.inputs else solution.forward
        expr = definition.expr if definition else None
        return Quantity(
            name, expr, definition.indices if definition else (),
            plugged(expr, self.values, self.digits) if expr is not None and self.scalar else None,
            node.shape, tuple(index for index in node.over if index in graph.examples), values.get(name),
            solution.forward_exact.get(name), graph.reasons.get(name), operands(graph, name) if definition else (),
        )  # fmt: skip

    @property
    def digits(self) -> int:
        return self.exercise.notation.digits

    @property
    def scalar(self) -> bool:
        return self.solver.values.scalar

    @property
    def values(self) -> dict[str, Number]:
        return {**self.solution.inputs, **self.solution.forward}

    # ---- which passes there are

    def starts(self) -> list[tuple[str | None, tuple[str, ...]]]:
        """(the numerator or None for the loss, the denominators; none: all) of first derivatives."""
        graph = self.graph
        main: list[str | None] = []
        if self.only is None:
            output = graph.node(graph.outputs[-1])
            number = not output.over and all(size.number == 1 for size in output.shape)
            main = [None] if self.exercise.upstream else [graph.outputs[-1]] if number else []
        more: dict[str | None, list[str]] = {}
        for answer in self.answers:
            question = answer.question
            if answer.kind != "derivative" or question.kind == "second":
                continue
            by = graph.stacks.get(question.by[0], question.by[0])
            of = None if question.loss else graph.stacks.get(question.of, question.of)
            if of not in main and not (self.only is None and self.covered(question, of, by, main)):
                more.setdefault(of, []).append(by)
        return [*((of, ()) for of in main), *((of, tuple(dict.fromkeys(by))) for of, by in more.items())]

    def covered(self, question: Question, of: str | None, by: str, main: Sequence[str | None]) -> bool:
        """Does a main pass show this derivative on its way: as a local derivative, or times an upstream gradient of 1?"""
        graph = self.graph
        if not main or of is None:
            return bool(main)
        start = main[0]
        borne = [item.of or graph.outputs[-1] for item in self.exercise.upstream]
        on_path = any(depends(graph, word, of) for word in (borne if start is None else [start]))
        direct = by in operands(graph, of)
        if question.kind == "local":
            return on_path and direct
        others = any(depends(graph, other, by) for other in operands(graph, of) if other != by) if direct else True
        if on_path and direct and not others:
            return True
        return borne == [of] and self.scalar

    # ---- one pass

    def backward(self, of: str | None, wanted: tuple[str, ...]) -> Pass:
        word = self.exercise.loss if of is None else of
        entries = self.detail == "full" or self.solver.form != "matrix"
        stages = BackwardPass(self.answerer, of, word, wanted, entries).run()
        self.add_names(stages, word)
        numbers = Numbers(self.solver)
        steps: list[Step] = []
        done: dict[str, Stage] = {}
        values: dict[str, Number] = {}
        for stage in stages:
            steps.append(self.step(stage, of, numbers, done, values))
            done[stage.quantity] = stage
            values[stage.quantity] = steps[-1].value
        return Pass(word, of is None, tuple(steps))

    def seconds(self) -> Iterator[Pass]:
        """A pass for every first derivative that is differentiated again."""
        again: dict[tuple[str, str, bool], list[Answer]] = {}
        for answer in self.answers:
            question = answer.question
            if question.kind != "second":
                continue
            one, two = (self.graph.stacks.get(name, name) for name in question.by)
            if one == two or not (depends(self.graph, one, two) or depends(self.graph, two, one)):  # else it is 0
                again.setdefault((question.of, question.by[0], question.loss), []).append(answer)
        taken = {
            *self.graph.names,
            *self.graph.stacks,
            *self.graph.sizes,
            *self.graph.indices,
            *self.exercise.functions,
        }
        words = [word for word in ("g", "h", "u", "v", *(f"g{n}" for n in range(1, 99))) if word not in taken]
        for name, answers in zip(words, again.values(), strict=False):
            yield self.second(name, answers)

    def second(self, name: str, answers: Sequence[Answer]) -> Pass:
        """The first derivative as a quantity like any other, differentiated again."""
        asked = answers[0].question
        one = Question(f"d{asked.of}/d{asked.by[0]}", "derivative", asked.of, asked.by[:1], loss=asked.loss)
        wanted = [self.graph.stacks.get(answer.question.by[1], answer.question.by[1]) for answer in answers]
        writer = self.answerer.varied([self.graph.names[by] for by in wanted]) or self.answerer
        first = writer.answer(one)
        assert first.symbolic is not None
        graph, point = with_quantity(self.graph, name, first, self.solver.oracle.given.point)
        solver = Solver(graph, self.solver.form, "gradient")
        solver.oracle = Oracle(graph, point)
        posed = tuple(
            replace(answer, question=Question(f"d{name}/d{by}", "derivative", name, (by,)))
            for answer, by in zip(answers, wanted, strict=True) if not answer.question.entry
        )  # fmt: skip
        forward = {**self.solution.forward, name: solver.values.lists(name)}
        solution = replace(self.solution, graph=graph, answers=posed, forward=forward, gradients={})
        inner = _Deriver(solver, solution, self.detail, None)
        found = inner.backward(name, tuple(dict.fromkeys(wanted)))
        self.names = replace(
            inner.names,
            shapes={**self.names.shapes, **inner.names.shapes},
            partials={**self.names.partials, **inner.names.partials},
        )
        return replace(found, first=(one, inner.quantity(name)))

    def add_names(self, stages: Sequence[Stage], word: str) -> None:
        """What printers must know of the gradients' names."""
        shapes, partials = dict(self.names.shapes), dict(self.names.partials)
        for stage in stages:
            shapes[stage.name] = stage.shape
            partials[stage.name] = (word, stage.quantity)
        self.names = replace(self.names, shapes=shapes, partials=partials)

    def step(
        self, stage: Stage, of: str | None, numbers: Numbers, done: Mapping[str, Stage], values: Mapping[str, Number]
    ) -> Step:
        paths = tuple(self.path(stage, edge, numbers, done, values) for edge in stage.edges)
        refused = self.solver.oracle.refusal(of, (stage.quantity,))
        value = None if refused else numbers.bind(stage.name, stage.total, stage.shape, stage.over)
        known = self.known(of, stage.quantity)
        collected, where = self.collected(of, stage, known)
        verified = None if refused else self.check(of, stage, numbers, known, done)
        collected = None if collected == stage.total.symbolic else collected
        return Step(stage.quantity, stage.name, paths, stage.total, stage.shape, collected, where, value, verified)

    def known(self, of: str | None, by: str) -> Answer | None:
        """The answer that a step leads to, if it was asked for."""
        for answer in self.solution.answers:
            question = answer.question
            if answer.kind != "derivative" or question.kind != "derivative" or question.entry:
                continue
            numerator = None if question.loss else self.graph.stacks.get(question.of, question.of)
            if numerator == of and self.graph.stacks.get(question.by[0], question.by[0]) == by:
                return answer
        return None

    def check(
        self, of: str | None, stage: Stage, numbers: Numbers, known: Answer | None, done: Mapping[str, Stage]
    ) -> Verified | None:
        """The value of a step against the oracle; where an answer to the same was checked, against that answer."""
        right = known is not None and known.verified is not None and known.verified.ok and known.layout == "gradient"
        if known is not None and right and known.value is not None and numbers.known(stage.name):
            same = numbers.close(numbers.lists(stage.name), known.value)
            return known.verified if same else Verified(False, "the answer", None, "differs from the answer")
        if self.long and stage.quantity not in self.compared:
            return None
        if not numbers.known(stage.name):
            return self.claimed(of, stage, done)
        return self.solver.oracle.verify(numbers.tensor(stage.name), of, stage.quantity, layout="gradient")

    def claimed(self, of: str | None, stage: Stage, done: Mapping[str, Stage]) -> Verified | None:
        """Without values: the formulas of all steps so far, at values that are drawn."""
        stages = (*done.values(), stage)
        if any(item.total.paired or (item.total.free and item is not stage) for item in stages):
            return None
        where = tuple((item.name, item.total.symbolic) for item in done.values())
        claim = Claim(stage.total.symbolic, self.solver.where(where), stage.total.free)
        return self.solver.oracle.verify(claim, of, stage.quantity)

    def collected(
        self, of: str | None, stage: Stage, known: Answer | None
    ) -> tuple[Expr | None, tuple[tuple[str, Expr], ...]]:
        """The gradient with the gradients of the steps before put in: exactly as the answers have it."""
        if known is not None and known.layout == "gradient":
            return known.symbolic, known.where
        start = of or self.graph.outputs[-1]
        if of is None or start == self.graph.outputs[-1]:
            gradient = self.solution.gradients.get(stage.quantity)
            if gradient is not None and not gradient.free and (of is None) == bool(self.exercise.upstream):
                return gradient.symbolic, gradient.where
        if stage.total.free or stage.total.paired or self.long:
            return None, ()
        question = Question("", "derivative", start, (stage.quantity,), loss=of is None)
        try:
            number, by = self.answerer.numerator(question), self.graph.names[stage.quantity]
            answer = self.answerer.written(question, self.totals(number)[by], number, [by], False)
        except (GradcalcError, KeyError):
            return None, ()
        return (answer.symbolic, answer.where) if not answer.free else (None, ())

    def totals(self, of: int) -> Mapping[int, Derivative]:
        """The total derivatives of a node by all it is made from, in one pass."""
        if of not in self._totals:
            engine = self.answerer.engine
            engine.scope = engine.ancestors(of)
            self._totals[of] = engine.derivatives(of, {n for n in engine.scope if n in set(self.graph.names.values())})
        return self._totals[of]

    # ---- one path

    def path(
        self, stage: Stage, edge: Edge, numbers: Numbers, done: Mapping[str, Stage], values: Mapping[str, Number]
    ) -> Path:
        rules, gates = self.rules(edge.through, stage, done)
        before = done.get(edge.through) if edge.through else None
        local_value = numbers.value(edge.local) if edge.local and self.scalar else None
        value = numbers.value(edge.product, stage.shape, stage.over) if len(stage.edges) > 1 else None
        reasons = why(self.graph, self.names, stage, edge, before, self.stretched(edge.through, stage.quantity))
        return Path(
            edge.through, rules, edge.local, edge.shorthand, local_value, before.name if before else None,
            values.get(before.quantity) if before else None, edge.product, value, reasons, edge.entries, gates,
        )  # fmt: skip

    def operations(self, through: str, quantity: str) -> dict[int, list[int]]:
        return leading(inside(self.graph, through), self.graph.names[quantity])

    def rules(
        self, through: str | None, stage: Stage, done: Mapping[str, Stage]
    ) -> tuple[tuple[Rule, ...], tuple[Gate, ...]]:
        """The operations a gradient passes on an edge, each said once; one by one where they are several."""
        if through is None or through not in self.graph.names:
            return (), ()
        found: dict[tuple[str, str], Rule] = {}
        operations = self.operations(through, stage.quantity)
        for number, args in operations.items():
            node = self.graph.nodes[number]
            for arg in args:
                sentence = said(self.graph, number, arg, self.steady)
                fixed = len(node.args) > 1 and all(other in self.steady for other in node.args if other != arg)
                found.setdefault((node.op, sentence), Rule(node.op, node.args.index(arg), sentence, fixed))
        before = done.get(through)
        wanted = (
            len(operations) > 1
            if self.detail == "full"
            else self.detail == "normal" and not self.long and depth(self.graph, operations) > 1
        )
        gates: tuple[Gate, ...] = ()
        if wanted:
            node = self.graph.node(through)
            name = before.name if before else None
            shape, over = (before.shape, before.over) if before else (node.shape, node.over)
            gates = self.gates.gates(through, name, shape, over, stage.quantity)
        return tuple(found.values()), gates

    def stretched(self, through: str | None, quantity: str) -> tuple[str, ...]:
        """Axes and examples along which an operand is repeated on the way into a quantity."""
        if through is None or through not in self.graph.names:
            return ()
        found: dict[str, None] = {}
        for number, args in self.operations(through, quantity).items():
            for arg in args:
                found.update(dict.fromkeys(self.gates.stretched(number, arg)))
        return tuple(found)
