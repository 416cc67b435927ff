"""One backward pass made into steps: each written, evaluated, checked, with its rules and reasons.

CheckedPass(context, "J", ()).made()  ->  Pass (see steps.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from gradcalc.derivation.answer_model import Answer, Solution
from gradcalc.derivation.backward_pass import BackwardPass, chained
from gradcalc.derivation.contributions import contributions
from gradcalc.derivation.elementary_steps import GateWriter, depth, inside, leading
from gradcalc.derivation.form_changes import Rewriting, canonical, rewritings
from gradcalc.derivation.reasons import argued, shaped
from gradcalc.derivation.rule_book import RuleBook
from gradcalc.derivation.simplification import Facts, multiplied_out
from gradcalc.derivation.solve import Solver
from gradcalc.derivation.step_model import Contribution, Entries, Gate, Pass, Path, Rule, Step
from gradcalc.derivation.step_values import StepValues
from gradcalc.exercise.model import Question
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.formula_pieces import Line, Names, Number
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import Binary, Call, Expr, Index, Name, Num, plus, substitute, walk
from gradcalc.numeric.oracle import FEW, Claim
from gradcalc.numeric.verified import Verified
from gradcalc.ops import TABLE

LONG = (
    60  # quantities; with more of them gradients are not written out in terms of the values alone
)
KNOWN_SUMS = {"one-hot": "one-hot", "softmax": "a softmax", "divided": "divided by its sum"}
KINKED = frozenset(
    ("max", "min", "norm", "where")
)  # that have kinks besides those whose entry in the table says so


class DerivationContext:
    """What all passes over one graph share. `names` grows by the names of gradients."""

    def __init__(self, solver: Solver, solution: Solution, detail: str, names: Names) -> None:
        self.solver, self.solution, self.detail, self.names = solver, solution, detail, names
        self.graph, self.exercise, self.oracle = solver.graph, solver.graph.exercise, solver.oracle
        self.writer = solver.answerer.laid_out("gradient")  # whatever the layout of the answers
        self.gates = GateWriter(self.graph, solver.form)
        self.steady = self.gates.steady
        self.book = RuleBook(self.graph, self.steady)
        self.long = len(self.graph.quantities) > LONG

    def called(self, shapes: Mapping[str, Shape], partials: Mapping[str, tuple[str, str]]) -> None:
        """Gradients with names, by their shapes and by what they are gradients of."""
        names = self.names
        self.names = replace(
            names, shapes={**names.shapes, **shapes}, partials={**names.partials, **partials}
        )

    def joined(self, other: Names) -> None:
        """The names of a graph that has a derivative as one more quantity."""
        self.names = replace(
            other,
            shapes={**self.names.shapes, **other.shapes},
            partials={**self.names.partials, **other.partials},
        )


class CheckedPass:
    """The pass from a quantity `of`, or from the loss behind the upstream gradients (None).
    `wanted`: only the paths to these.
    """

    def __init__(self, context: DerivationContext, of: str | None, wanted: Sequence[str]) -> None:
        self.context, self.of, self.wanted = context, of, wanted
        self.graph, self.solver = context.graph, context.solver
        self.word = context.exercise.loss if of is None else of
        self.numbers = StepValues(context.solver)
        self.steps: dict[str, Step] = {}
        self.turns: dict[str, int] = {}  # the name of a gradient -> when its step was made
        self.pending: list[Step] = []  # whose numbers are to be compared
        self.flat: dict[
            str, Expr
        ] = {}  # the name of a gradient -> the gradient in quantities alone

    def made(self) -> Pass:
        context = self.context
        entries = context.detail != "brief" or context.solver.form != "matrix"
        steps = BackwardPass(context.writer, self.of, self.word, self.wanted, entries).run()
        shapes = {step.name: step.shape for step in steps}
        partials = {step.name: (self.word, step.quantity) for step in steps}
        context.called(shapes, partials)
        for step in steps:
            self.steps[step.quantity] = step = self.completed(step)
            self.turns.setdefault(step.name, len(self.turns))
            formula = step.total.symbolic if step.collected is None else step.collected
            if (
                not step.where
                and not step.total.free
                and not step.total.paired
                and not self.open(formula)
            ):
                self.flat[step.name] = formula
        self.compared()
        return Pass(self.word, self.of is None, tuple(self.steps.values()))

    def open(self, expr: Expr) -> list[str]:
        """The gradients of earlier steps that a formula is written in."""
        words = {part.id for part in walk(expr) if isinstance(part, Name)}
        return sorted(words & self.turns.keys(), key=self.turns.__getitem__)

    def completed(self, step: Step) -> Step:
        """A step with its numbers, its reasons, its formula as answers are written, and its
        check.
        """
        numbers = self.numbers
        step = replace(step, paths=tuple(self.path(step, path) for path in step.paths))
        refused = self.context.oracle.refusal(self.of, (step.quantity,))
        value = None if refused else numbers.bind(step.name, step.total, step.shape, step.over)
        known = self.known(step.quantity)
        collected, where = self.collected(step, known)
        if collected is not None and self.same(collected, step.total.symbolic):
            collected, where = None, ()
        where = tuple((name, expr) for name, expr in where if not numbers.known(name))
        verified = None if refused else self.check(step, known)
        step = replace(step, collected=collected, where=where, value=value, verified=verified)
        put_in = self.put_in(step) if self.context.detail != "brief" else None
        if put_in is None or collected is None:
            return step
        return replace(
            step,
            put_in=put_in,
            between=self.between(step, put_in, collected),
            rewritings=(*self.known_sums(step), *rewritings(put_in, collected)),
            facts=Facts(self.graph, numbers).used(put_in, collected, step.shape)
            if not step.over and not where and value is not None
            else (),
        )

    def between(self, step: Step, put_in: Expr, collected: Expr) -> Expr | None:
        """What was put in, multiplied out; None where nothing cancels, or it says no more."""

        def rank(expr: Expr) -> int | None:
            shape = shaped(expr, self.context.names)
            return None if shape is None else len(shape)

        found = multiplied_out(put_in, rank)
        if found is None or canonical(found) == canonical(collected):
            return None
        written = replace(step.total, symbolic=found)
        value = self.numbers.value(written, step.shape, step.over)
        return found if self.numbers.same(value, step.value) else None

    def known_sums(self, step: Step) -> Iterator[Rewriting]:
        """What was known of sums and used, as the rule that used it says."""
        derivatives, names = self.context.writer.derivatives, self.graph.names
        start = derivatives.loss if self.of is None else names[self.of]
        nodes = self.graph.nodes
        for known in derivatives.gradients(start).known(names[step.quantity]) if start else ():
            if known.kind == "deviations":
                yield Rewriting("deviations from a mean sum to 0")
            elif 0 <= known.quantity < len(nodes):
                said = f"sums to 1, because it is {KNOWN_SUMS[known.kind]}"
                yield Rewriting(said, (tree(nodes, known.quantity),))

    # ---- the gradient without the gradients before it

    def known(self, by: str) -> Answer | None:
        """The answer that a step leads to, if it was asked for."""
        stacks = self.graph.stacks
        for answer in self.context.solution.answers:
            question = answer.question
            if answer.kind != "derivative" or question.kind != "derivative" or question.entry:
                continue
            of = None if question.loss else stacks.get(question.of, question.of)
            if of == self.of and stacks.get(question.by[0], question.by[0]) == by:
                return answer
        return None

    def collected(
        self, step: Step, known: Answer | None
    ) -> tuple[Expr | None, Sequence[tuple[str, Expr]]]:
        """The gradient with the gradients of the steps before put in: exactly as the answers
        have it.
        """
        context, of = self.context, self.of
        if known is not None and known.layout == "gradient":
            return known.symbolic, known.where
        start = of or self.graph.outputs[-1]
        if of is None or start == self.graph.outputs[-1]:
            gradient = context.solution.gradients.get(step.quantity)
            if (
                gradient is not None
                and not gradient.free
                and (of is None) == bool(context.exercise.upstream)
            ):
                return gradient.symbolic, gradient.where
        if step.total.free or step.total.paired or context.long:
            return None, ()
        question = Question("", "derivative", start, (step.quantity,), loss=of is None)
        derivatives, by = context.writer.derivatives, self.graph.names[step.quantity]
        number = derivatives.numerator(question)
        try:
            total = derivatives.total(number, by)
            answer = context.writer.written(question, total, number, [by], False)
        except GradcalcError:
            return None, ()
        return (answer.symbolic, answer.where) if not answer.free else (None, ())

    def same(self, collected: Expr, total: Expr) -> bool:
        """Whether two forms differ at most in what gradients are called."""
        named = {
            answer.question.name: Name(step.name)
            for quantity, step in self.steps.items()
            if (answer := self.known(quantity)) is not None and answer.question.name
        }
        return canonical(substitute(collected, named)) == canonical(total)

    def put_in(self, step: Step) -> Expr | None:
        """The gradient with those before it put in and nothing done to it yet; None where it
        says no more.
        """
        names, total = self.open(step.total.symbolic), step.total
        if (
            total.free
            or total.paired
            or step.collected is None
            or not names
            or not self.flat.keys() >= set(names)
        ):
            return None
        expr = substitute(total.symbolic, {name: self.flat[name] for name in names})
        plain = all(isinstance(self.flat[name], Num) for name in names)
        if plain or not rewritings(
            expr, step.collected
        ):  # a number put in, or factors in another order
            return None
        if step.value is None:
            right = self.context.oracle.verify(
                Claim(expr, self.solver.formulas.where(())), self.of, step.quantity
            ).ok
        else:
            right = self.numbers.same(
                self.numbers.value(replace(total, symbolic=expr), step.shape, step.over), step.value
            )
        return expr if right else None

    # ---- the check

    def check(self, step: Step, known: Answer | None) -> Verified | None:
        """The value of a step against the oracle; where an answer to the same was checked,
        against that answer.
        """
        right = (
            known is not None
            and known.verified is not None
            and known.verified.ok
            and known.layout == "gradient"
        )
        if (
            known is not None
            and right
            and known.value is not None
            and self.numbers.known(step.name)
        ):
            same = self.numbers.same(self.numbers.lists(step.name), known.value)
            return (
                known.verified
                if same
                else Verified(False, "the answer", None, "differs from the answer")
            )
        if not self.numbers.known(step.name):
            return self.claimed(step)
        self.pending.append(step)
        return None

    def compared(self) -> None:
        """The steps whose numbers are still to be compared: all at once, where that tells."""
        oracle, numbers = self.context.oracle, self.numbers
        shown = {step.quantity: numbers.tensor(step.name) for step in self.pending}
        common = oracle.together(self.of, shown) if len(shown) > FEW else None
        for quantity, tensor in shown.items():
            verified = common or oracle.verify(tensor, self.of, quantity, layout="gradient")
            self.steps[quantity] = replace(self.steps[quantity], verified=verified)

    def claimed(self, step: Step) -> Verified | None:
        """Without values: the formulas of all steps so far, at values that are drawn."""
        before = [*self.steps.values()]
        if step.total.paired or any(item.total.paired or item.total.free for item in before):
            return None
        where = tuple((item.name, item.total.symbolic) for item in before)
        claim = Claim(step.total.symbolic, self.solver.formulas.where(where), step.total.free)
        return self.context.oracle.verify(claim, self.of, step.quantity)

    # ---- one path

    def path(self, step: Step, path: Path) -> Path:
        """A path with its numbers, its rules and its reasons."""
        context, numbers = self.context, self.numbers
        value = numbers.value(path.product, step.shape, step.over)
        through = path.through
        if through is None:
            return replace(path, value=value if len(step.paths) > 1 else None)
        before = self.steps.get(through)
        operations = leading(
            inside(self.graph, through, context.steady), self.graph.names[step.quantity]
        )
        # Without operations it is only compared there.
        rules = (
            context.book.rules(operations) if operations else (Rule("eq", 0, TABLE["eq"].sentence),)
        )
        path = argued(self.graph, context.names, step, path, before, operations)
        because = path.because if operations else ()
        if path.entries is not None and before is not None:
            path = replace(path, entries=self.summed(path.entries, step, before, value))
        return replace(
            path,
            upstream=before.name if before else None,
            upstream_value=before.value if before else None,
            local_value=numbers.value(path.local)
            if path.local and self.solver.values.scalar
            else None,
            value=value if len(step.paths) > 1 else None,
            rules=rules,
            parts=self.parts(path, step, before, value) if context.detail != "brief" else (),
            because=(*because, *self.conventions(step, through, rules)),
            gates=self.opened(through, operations, step, before),
        )

    def parts(
        self, path: Path, step: Step, before: Step | None, value: Number
    ) -> tuple[Contribution, ...]:
        """What each place of the operand contributes, where that adds up to the whole."""
        found = contributions(self.context.gates, path.through or "", before, step.quantity)
        if not found or value is None or path.local is None:
            return found if value is None else ()
        products = [one.product.symbolic for one in found if one.product is not None]
        if products:
            made = replace(path.product, symbolic=reduce(plus, products))
            total = self.numbers.value(made, step.shape, step.over)
            return found if self.numbers.same(total, value) else ()
        factors = reduce(plus, (reduce(chained, one.factors) for one in found))
        whole = path.shorthand.symbolic if path.shorthand is not None else path.local.symbolic
        user = self.graph.node(path.through or "")
        totals = (
            self.numbers.value(replace(path.local, symbolic=expr, free=()), user.shape, user.over)
            for expr in (factors, whole)
        )
        return found if self.numbers.same(*totals) else ()

    def summed(self, entries: Entries, step: Step, before: Step, value: Number) -> Entries:
        """One entry of a product before anything is done: upstream × local, summed over the
        entries of the quantity between, and over the examples that share the operand; only where it
        has the value of the product.
        """
        into = entries.product.free
        over = [index for index in entries.local.free if index not in into]
        if not over or value is None:
            return entries
        upstream = Index(Name(before.name), tuple(map(Name, over)))
        shared = [index for index in before.over if index not in step.over]
        body = Binary("*", upstream, entries.local.symbolic)
        expr = Call("sum", (body, *map(Name, (*shared, *over))))
        made = replace(entries.product, symbolic=expr, shape=step.shape)
        found = self.numbers.value(made, step.shape, step.over)
        return replace(entries, summed=expr) if self.numbers.same(found, value) else entries

    def opened(
        self, through: str, operations: Mapping[int, list[int]], step: Step, before: Step | None
    ) -> tuple[Gate, ...]:
        """The operations one by one, where several follow one another."""
        context = self.context
        several = (
            len(operations) > 1
            if context.detail == "full"
            else depth(self.graph, operations, context.steady) > 1
        )
        return (
            context.gates.gates(through, before, step.quantity)
            if several and context.detail != "brief"
            else ()
        )

    def conventions(self, step: Step, through: str, rules: Sequence[Rule]) -> list[Line]:
        """What is taken where a rule meets a kink at the given values."""
        if not any(TABLE[rule.operation].smooth or rule.operation in KINKED for rule in rules):
            return []
        oracle = self.context.oracle
        kinks = oracle.met(through, (step.quantity,), local=True)
        return [
            (f"here {kink.message}; there is no derivative at this point",)
            for kink in kinks
            if kink.quantity == through
        ]
