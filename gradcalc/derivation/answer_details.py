"""What stands beside a derivative: the gradients it names, the same in inputs alone, the chain
rule, the shorthand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcalc.calculus.notation.derivative_forms import Forms
from gradcalc.calculus.notation.matrix import NoMatrixForm, transpose
from gradcalc.calculus.notation.matrix_expressions import write
from gradcalc.calculus.notation.shorter_forms import much_shorter
from gradcalc.calculus.reading import Reading
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.derivation.answer_model import ELIDED, ENDS, LINKS, Answer, Local, Shorthand
from gradcalc.derivation.total_derivatives import Derivatives, upstream_name
from gradcalc.exercise.model import Question
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.named_formulas import Formulas, Named
from gradcalc.language.tree import Expr, Name, names, occurrences

PATHS = 20  # of a chain


class Details:
    """Finds what is shown beside the derivatives of one graph."""

    def __init__(self, derivatives: Derivatives, forms: Forms) -> None:
        self.derivatives, self.forms = derivatives, forms
        self.engine, self.graph = derivatives.engine, derivatives.graph
        self._locals: dict[tuple[str, str], Local] = {}
        self._named_links: dict[tuple[str, str], Local] = {}
        self._gradients: dict[tuple[int, Reading], Expr] = {}
        self._shown: dict[str, Expr] = {}
        self._named_gradients: dict[Reading, dict[int, Named]] = {}
        self._named_for = 0  # names that were given again since
        questions = self.graph.exercise.questions
        self._authored = {question.name for question in questions if question.name}

    def show(self, name: str, answer: Answer) -> None:
        """Keep the formula of an answer that others are written by; the first one stays."""
        if answer.layout == "gradient" and answer.symbolic is not None:
            self._shown.setdefault(name, answer.symbolic)

    def called(self, answer: Answer) -> bool:
        """Does an answer use a name that an author gave to an answer above?"""
        return bool(self._authored) and any(name in self._authored for name, _ in answer.where)

    def gradients_named(self, *exprs: Expr, reading: Reading) -> Formulas:
        """The named gradients that expressions use, each with its own formula."""
        return Formulas(tuple(self.named_in(exprs, reading)))

    def named_in(self, exprs: Sequence[Expr], reading: Reading) -> list[Named]:
        """The named gradients that stand in expressions."""
        called = self.engine.called
        used = (called.get(name.id) for expr in exprs for name in occurrences(expr))
        stack = [number for number in dict.fromkeys(used) if number is not None]
        found, made = list(stack), self.made(reading)
        opened: dict[int, list[int]] = {}
        while stack:
            number = stack[-1]
            if number in made:
                stack.pop()
                continue
            if number not in opened:
                words = names(self.gradient_named(number, reading))
                opened[number] = [called[word] for word in words if word in called]
                # One that is being found already is its own part: it stays a name.
                stack += (n for n in opened[number] if n not in made and n not in opened)
                continue
            node, formula = self.engine.quantities.nodes[number], self._gradients[number, reading]
            uses = tuple(made[n] for n in opened[number] if n in made)
            made[number] = Named(node.name or "", formula, uses, number)
        return [made[number] for number in found]

    def made(self, reading: Reading) -> dict[int, Named]:
        """The named gradients that were found already. A name that is given to another one makes
        others of them.
        """
        if self._named_for != len(self.engine.named) - len(self.engine.called):
            self._named_for = len(self.engine.named) - len(self.engine.called)
            self._named_gradients.clear()
        return self._named_gradients.setdefault(reading, {})

    def gradient_named(self, number: int, reading: Reading) -> Expr:
        """The formula of a named gradient; its name where it has none."""
        key = number, reading
        if key not in self._gradients:
            own, terms = self.engine.quantities.virtual[number]
            node = self.engine.quantities.nodes[number]
            each = {ix: ix.label for ix in own if ix.label in self.graph.examples and ix.label}
            free = tuple(ix for ix in own if ix not in each)
            opened = [self.engine.names.residuals_open(term) for term in terms]
            forms = replace(self.forms, reading=reading)
            form = forms.form_of(opened, free, each, node.shape)
            if form.free:  # a definition is of the whole: one entry would not be the quantity
                form = replace(forms, form="matrix").form_of(opened, free, each, node.shape)
            shown = Name(node.name or "") if form.free else form.expr
            self._gradients[key] = self._shown.get(node.name or "", shown)
        return self._gradients[key]

    def chain(self, question: Question) -> tuple[tuple[tuple[Local, ...], ...], int]:
        """The paths from numerator to denominator as local derivatives (at most 20), and how
        many more there are.
        """
        by = self.graph.stacks.get(question.by[0], question.by[0])
        if not question.loss:
            of = self.graph.stacks.get(question.of, question.of)
            found = self.paths(of, by, PATHS)
            return tuple(found), self.derivatives.ways.count(of, by) - len(found)
        chains: list[tuple[Local, ...]] = []
        more = 0
        for item in self.graph.exercise.upstream:
            of = item.of or self.graph.outputs[-1]
            given = (
                Name(upstream_name(self.graph, item))
                if isinstance(item.value, tuple)
                else item.value
            )
            first = Local(f"d{question.of}/d{of}", given, direct=of not in self.graph.outputs)
            found = self.paths(of, by, PATHS - len(chains))
            more += self.derivatives.ways.count(of, by) - len(found)
            chains += [(first, *path) for path in ([()] if of == by else found)]
        return tuple(chains), more

    def paths(self, of: str, by: str, limit: int) -> list[tuple[Local, ...]]:
        """The local derivatives along each of the first paths; the ends of one that is long."""
        ways = self.derivatives.ways
        found = ways.paths(of, by, limit, LINKS)
        if found or not limit or not ways.count(of, by):
            return [tuple(map(self.local, path, path[1:])) for path in found]
        first, last = (map(self.named, path, path[1:]) for path in ways.ends(of, by, ENDS))
        return [(*first, ELIDED, *last)]

    def named(self, of: str, by: str) -> Local:
        """A local derivative by its name alone."""
        if (of, by) not in self._named_links:
            self._named_links[of, by] = Local(
                f"d{of}/d{by}", None, direct=self.derivatives.ways.otherwise(of, by)
            )
        return self._named_links[of, by]

    def local(self, of: str, by: str) -> Local:
        """A local derivative with its formula; without one where examples meet."""
        if (of, by) not in self._locals:
            formula: Expr | None = None
            question = Question(f"d{of}/d{by}", "local", of, (by,))
            numbers = self.graph.names[of], self.graph.names[by]
            forms = replace(self.forms, reading=self.derivatives.reading(numbers[0]))
            try:
                link = self.derivatives.links(numbers[0])[numbers[1]]
                terms, out, into, each = forms.per_example(link, question)
                terms = [self.engine.algebra.normal(term) for term in terms]
                if not self.engine.quantities.axes(numbers[0]):
                    short = forms.shortened(terms, single=True)
                    lengths = self.engine.quantities.entries.lengths
                    terms = short if much_shorter(short, terms, lengths) else terms
                out_shape, shape = forms.shapes(numbers[0], numbers[1:], question)
                form = forms.form_of(terms, forms.order(out, into, out_shape), each, shape, into)
                formula = form.expr
            except GradcalcError:
                pass
            self._locals[of, by] = replace(self.named(of, by), symbolic=formula)
        return self._locals[of, by]


def shorthand(
    forms: Forms, terms: Sequence[Term], out: Key, into: Key, each: Mapping[Ix, str]
) -> Shorthand | None:
    """What the literature writes for a derivative that is mostly zeros, and how it enters the
    chain.
    """
    if len(terms) != 1 or not terms[0].deltas or forms.layout != "gradient":
        return None
    bare = replace(terms[0], deltas=frozenset())
    writer = forms.writer(each)
    try:
        if len(terms[0].deltas) == len(out) == len(into) == 2:
            if not bare.groups or any(
                tuple(sorted(p)) not in terms[0].deltas for p in zip(out, into, strict=True)
            ):
                return None
            matrix = write(
                writer.matrix([bare], tuple(min(p) for p in zip(out, into, strict=True)))
            )[0]
            return Shorthand(
                matrix,
                "each output entry depends on one input entry only, so multiply the upstream "
                "gradient elementwise by it",
            )
        if len(terms[0].deltas) != 1:
            return None
        ((a, b),) = terms[0].deltas
        if len(out) == 1 and len(into) == 1:
            if not any(a in key for key in bare.groups):
                return None
            vector = write(writer.matrix([bare], (a,)))[0]
            return Shorthand(
                vector,
                "the Jacobian is diagonal, so multiplying by it is elementwise multiplication by "
                "its diagonal",
            )
        if len(out) == 1 and len(into) == 2 and {a, b} == {out[0], into[0]}:
            row = write(transpose(writer.matrix([bare], (into[1],))))[0]
            return Shorthand(
                row,
                "it becomes an outer product: upstream gradient (column) times this row",
            )
        if len(out) == 2 and len(into) == 2 and {a, b} == {out[1], into[1]}:
            left = write(writer.matrix([bare], (into[0], out[0])))[0]
            return Shorthand(left, "multiply the upstream gradient by it from the left")
        if len(out) == 2 and len(into) == 2 and {a, b} == {out[0], into[0]}:
            right = write(writer.matrix([bare], (out[1], into[1])))[0]
            return Shorthand(right, "multiply the upstream gradient by it from the right")
    except NoMatrixForm:
        return None
    return None
