"""One backward pass made into steps: each written, evaluated, checked, with its rules and reasons.

Walk(kit, "J", ()).made()  ->  Pass (see steps.py)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcalc.answers import Answerer
from gradcalc.backpass import BackwardPass, Edge, Stage
from gradcalc.because import why
from gradcalc.blocks import Line, Names
from gradcalc.errors import GradcalcError
from gradcalc.exercise import Question
from gradcalc.gates import Gate, GateWriter, depth, inside, leading, said
from gradcalc.numeric.oracle import Claim
from gradcalc.numeric.verified import Verified
from gradcalc.ops import TABLE
from gradcalc.plug import Numbers
from gradcalc.records import replace
from gradcalc.rewriting import canonical, rewritings
from gradcalc.solution import Answer, Number, Solution
from gradcalc.solver import Solver
from gradcalc.steps import Pass, Path, Rule, Step
from gradcalc.tree import Expr, Name, Num, substitute, walk

LONG = 60  # quantities; with more of them gradients are not written out in terms of the values alone
KINKED = frozenset(("max", "min", "norm", "where"))  # that have kinks besides those whose entry in the table says so


class Kit:
    """What all passes over one graph share. `names` grows by the names of gradients."""

    def __init__(self, solver: Solver, solution: Solution, detail: str, names: Names) -> None:
        self.solver, self.solution, self.detail, self.names = solver, solution, detail, names
        self.graph, self.exercise, self.oracle = solver.graph, solver.graph.exercise, solver.oracle
        self.writer = Answerer.__new__(Answerer)  # the solver's own, so that nothing is derived twice
        self.writer.__dict__.update(solver.answerer.__dict__)
        self.writer.layout = "gradient"  # which gradients follow, whatever the answers do
        self.gates = GateWriter(self.graph, solver.form)
        self.steady = self.gates.steady
        self.long = len(self.graph.quantities) > LONG


class Walk:
    """The pass from a quantity `of`, or from the loss behind the upstream gradients (None). `wanted`: only the paths
    to these."""

    def __init__(self, kit: Kit, of: str | None, wanted: Sequence[str]) -> None:
        self.kit, self.of, self.wanted = kit, of, wanted
        self.graph, self.solver = kit.graph, kit.solver
        self.word = kit.exercise.loss if of is None else of
        self.numbers = Numbers(kit.solver)
        self.stages: dict[str, Stage] = {}
        self.steps: dict[str, Step] = {}
        self.flat: dict[str, Expr] = {}  # the name of a gradient -> the gradient in quantities alone

    def made(self) -> Pass:
        kit = self.kit
        entries = kit.detail == "full" or kit.solver.form != "matrix"
        stages = BackwardPass(kit.writer, self.of, self.word, self.wanted, entries).run()
        shapes = {stage.name: stage.shape for stage in stages}
        partials = {stage.name: (self.word, stage.quantity) for stage in stages}
        kit.names = replace(
            kit.names, shapes={**kit.names.shapes, **shapes}, partials={**kit.names.partials, **partials}
        )
        for stage in stages:
            step = self.step(stage)
            self.stages[stage.quantity], self.steps[stage.quantity] = stage, step
            formula = step.total.symbolic if step.collected is None else step.collected
            if not step.where and not step.total.free and not step.total.paired and not self.open(formula):
                self.flat[stage.name] = formula
        return Pass(self.word, self.of is None, tuple(self.steps.values()))

    def open(self, expr: Expr) -> list[str]:
        """The gradients of earlier steps that a formula is written in."""
        words = {part.id for part in walk(expr) if isinstance(part, Name)}
        return [stage.name for stage in self.stages.values() if stage.name in words]

    def step(self, stage: Stage) -> Step:
        numbers = self.numbers
        paths = tuple(self.path(stage, edge) for edge in stage.edges)
        refused = self.kit.oracle.refusal(self.of, (stage.quantity,))
        value = None if refused else numbers.bind(stage.name, stage.total, stage.shape, stage.over)
        known = self.known(stage.quantity)
        collected, where = self.collected(stage, known)
        if collected is not None and self.same(collected, stage.total.symbolic):
            collected, where = None, ()
        where = tuple((name, expr) for name, expr in where if not numbers.known(name))
        verified = None if refused else self.check(stage, known)
        put_in = self.put_in(stage, value, collected) if self.kit.detail == "full" and collected is not None else None
        done = rewritings(put_in or stage.total.symbolic, collected) if put_in and collected is not None else ()
        return Step(stage.quantity, stage.name, paths, stage.total, stage.shape, put_in, done, collected, where, value, verified)  # fmt: skip

    # ---- the gradient without the gradients before it

    def known(self, by: str) -> Answer | None:
        """The answer that a step leads to, if it was asked for."""
        stacks = self.graph.stacks
        for answer in self.kit.solution.answers:
            question = answer.question
            if answer.kind != "derivative" or question.kind != "derivative" or question.entry:
                continue
            of = None if question.loss else stacks.get(question.of, question.of)
            if of == self.of and stacks.get(question.by[0], question.by[0]) == by:
                return answer
        return None

    def collected(self, stage: Stage, known: Answer | None) -> tuple[Expr | None, tuple[tuple[str, Expr], ...]]:
        """The gradient with the gradients of the steps before put in: exactly as the answers have it."""
        kit, of = self.kit, self.of
        if known is not None and known.layout == "gradient":
            return known.symbolic, known.where
        start = of or self.graph.outputs[-1]
        if of is None or start == self.graph.outputs[-1]:
            gradient = kit.solution.gradients.get(stage.quantity)
            if gradient is not None and not gradient.free and (of is None) == bool(kit.exercise.upstream):
                return gradient.symbolic, gradient.where
        if stage.total.free or stage.total.paired or kit.long:
            return None, ()
        question = Question("", "derivative", start, (stage.quantity,), loss=of is None)
        number, by = kit.writer.numerator(question), self.graph.names[stage.quantity]
        try:
            answer = kit.writer.written(question, kit.writer.total(number, by), number, [by], False)
        except GradcalcError:
            return None, ()
        return (answer.symbolic, answer.where) if not answer.free else (None, ())

    def same(self, collected: Expr, total: Expr) -> bool:
        """Whether two forms differ at most in what gradients are called."""
        named = {answer.question.name: Name(stage.name) for quantity, stage in self.stages.items()
                 if (answer := self.known(quantity)) is not None and answer.question.name}  # fmt: skip
        return canonical(substitute(collected, named)) == canonical(total)

    def put_in(self, stage: Stage, value: Number, collected: Expr) -> Expr | None:
        """The gradient with those before it put in and nothing done to it yet; None where it says no more."""
        names = self.open(stage.total.symbolic)
        if stage.total.free or stage.total.paired or not names or not self.flat.keys() >= set(names):
            return None
        expr = substitute(stage.total.symbolic, {name: self.flat[name] for name in names})
        plain = all(isinstance(self.flat[name], Num) for name in names)
        if plain or not rewritings(expr, collected):  # a number put in, or factors in another order
            return None
        if value is None:
            right = self.kit.oracle.verify(Claim(expr, self.solver.where(())), self.of, stage.quantity).ok
        else:
            right = self.numbers.close(self.numbers.value(replace(stage.total, symbolic=expr), stage.shape, stage.over), value)  # fmt: skip
        return expr if right else None

    # ---- the check

    def check(self, stage: Stage, known: Answer | None) -> Verified | None:
        """The value of a step against the oracle; where an answer to the same was checked, against that answer."""
        right = known is not None and known.verified is not None and known.verified.ok and known.layout == "gradient"
        if known is not None and right and known.value is not None and self.numbers.known(stage.name):
            same = self.numbers.close(self.numbers.lists(stage.name), known.value)
            return known.verified if same else Verified(False, "the answer", None, "differs from the answer")
        if not self.numbers.known(stage.name):
            return self.claimed(stage)
        return self.kit.oracle.verify(self.numbers.tensor(stage.name), self.of, stage.quantity, layout="gradient")

    def claimed(self, stage: Stage) -> Verified | None:
        """Without values: the formulas of all steps so far, at values that are drawn."""
        if any(item.total.paired or (item.total.free and item is not stage) for item in (*self.stages.values(), stage)):
            return None
        where = tuple((item.name, item.total.symbolic) for item in self.stages.values())
        claim = Claim(stage.total.symbolic, self.solver.where(where), stage.total.free)
        return self.kit.oracle.verify(claim, self.of, stage.quantity)

    # ---- one path

    def path(self, stage: Stage, edge: Edge) -> Path:
        kit, numbers = self.kit, self.numbers
        before = self.stages.get(edge.through) if edge.through else None
        operations: Mapping[int, list[int]] = {}
        if edge.through is not None:
            operations = leading(inside(self.graph, edge.through, kit.steady), self.graph.names[stage.quantity])
        rules = self.rules(operations)
        if edge.through is not None and not operations:  # it is only compared there
            rules = (Rule("eq", 0, TABLE["eq"].sentence),)
        local_value = numbers.value(edge.local) if edge.local and self.solver.values.scalar else None
        value = numbers.value(edge.product, stage.shape, stage.over) if len(stage.edges) > 1 else None
        stretched = dict.fromkeys(axis for n, args in operations.items() for arg in args for axis in kit.gates.stretched(n, arg))  # fmt: skip
        reasons = why(self.graph, kit.names, stage, edge, before, tuple(stretched))
        argument = reasons.reasons if operations else ()
        reasons = replace(reasons, reasons=(*argument, *self.conventions(stage, edge, rules)))
        return Path(
            edge.through, rules, edge.local, edge.shorthand, local_value, before.name if before else None,
            self.steps[before.quantity].value if before else None, edge.product, value, reasons, edge.entries,
            self.opened(edge.through, operations, stage, before),
        )  # fmt: skip

    def rules(self, operations: Mapping[int, list[int]]) -> tuple[Rule, ...]:
        """The operations a gradient passes on an edge, each said once."""
        found: dict[tuple[str, str], Rule] = {}
        for number, args in operations.items():
            node = self.graph.nodes[number]
            for arg in args:
                sentence = said(self.graph, number, arg, self.kit.steady)
                found.setdefault((node.op, sentence), Rule(node.op, node.args.index(arg), sentence))
        return tuple(found.values())

    def opened(
        self, through: str | None, operations: Mapping[int, list[int]], stage: Stage, before: Stage | None
    ) -> tuple[Gate, ...]:
        """The operations one by one, where several follow one another."""
        kit = self.kit
        several = len(operations) > 1 if kit.detail == "full" else depth(self.graph, operations, kit.steady) > 1
        if through is None or not several or kit.detail == "brief":
            return ()
        node = self.graph.node(through)
        name, shape, over = (before.name, before.shape, before.over) if before else (None, node.shape, node.over)
        return kit.gates.gates(through, name, shape, over, stage.quantity)

    def conventions(self, stage: Stage, edge: Edge, rules: Sequence[Rule]) -> list[Line]:
        """What is taken where a rule meets a kink at the given values."""
        if edge.through is None or not any(TABLE[rule.operation].smooth or rule.operation in KINKED for rule in rules):
            return []
        target = self.kit.oracle.target(edge.through, (stage.quantity,), local=True)
        return [("here " + kink.message,) for kink in self.kit.oracle.kinks(self.kit.oracle.given, target) if kink.quantity == edge.through]  # fmt: skip
