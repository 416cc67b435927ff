"""Questions to symbolic answers: which derivative is meant, in which layout, written per example and stacked.

Everything here is symbolic; solver.py evaluates and checks what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import sympy as sp

from gradcalc.definitions import UNDEFINED
from gradcalc.derive import Derivative, Engine
from gradcalc.errors import GradcalcError, Problem, SpanError
from gradcalc.exact import fraction
from gradcalc.exercise import Question
from gradcalc.folding import divisors, units_read
from gradcalc.graph import Graph, Node, default_questions, operands
from gradcalc.indexform import IndexWriter
from gradcalc.listing import listed
from gradcalc.matrix import Matrix, NoMatrixForm, size_tree, transpose, write
from gradcalc.notation import Writer, oriented, wants_row
from gradcalc.ops import SPELLINGS
from gradcalc.paths import paths, reached_otherwise
from gradcalc.records import dataclass, replace
from gradcalc.scalar import from_ast, to_ast
from gradcalc.shapes import ONE, Shape, Size
from gradcalc.simplify import measure
from gradcalc.solution import SAME, Answer, Gradient, Local, Shorthand, View
from gradcalc.syntax import parse, unparse
from gradcalc.terms import Ix, Key, Term
from gradcalc.tree import Binary, Call, Expr, Name, Neg, Num, Vector, children, occurrences, substitute, walk
from gradcalc.unbuild import tree

EXPANDED_LIMIT = 300
TIDIED_LIMIT = 100  # operations of an expanded form that is searched for what cancels
SHORTER = 0.75  # a local derivative is replaced by its simplified form below this share of its length


APART = frozenset(("symmetric", "diagonal", "orthogonal"))  # assumptions by which entries could change only together
TIES = frozenset(("symmetric", "diagonal", "onehot"))  # assumptions by which one entry tells another


@dataclass(frozen=True, slots=True)
class Form:
    """A derivative written down: matrix form, or one entry with its free indices and the sizes of all indices in it."""

    expr: Expr
    free: tuple[str, ...] = ()
    sizes: Mapping[str, Size] | None = None


class Answerer:
    """Answers the questions of one graph. `form`: matrix, index or entries; `layout`: see format.md section 3."""

    def __init__(self, graph: Graph, form: str = "matrix", layout: str = "gradient") -> None:
        self.graph, self.form, self.layout = graph, form, layout
        self.engine = Engine(graph)
        self.engine.writable = self.has_matrix_form
        self.engine.spelled = self.spelled
        self._all: dict[tuple[int, frozenset[tuple[int, int]]], dict[int, Derivative]] = {}
        self._names: dict[
            int, dict[int, str]
        ] = {}  # numerator -> node -> the name of the answer to d numerator / d node
        self._locals: dict[tuple[str, str], Expr | None] = {}
        self._links: dict[int, dict[int, Derivative]] = {}
        self._gradients: dict[int, Expr] = {}

    # ---- what is asked

    @cached_property
    def loss(self) -> int | None:
        """The loss behind the upstream gradients as a node: Σ upstream · quantity; None without upstream."""
        upstream = self.graph.exercise.upstream
        if not upstream:
            return None
        engine, terms = self.engine, []
        for item in upstream:
            number = self.graph.names[item.of or self.graph.outputs[-1]]
            indices = engine.fresh(number)
            given = self.upstream_entry(item, number, indices)
            terms.append(engine.algebra.term(given * engine.entry(number, indices), indices))
        engine.nodes.append(Node("gradient", (), (), name=None))
        loss = len(engine.nodes) - 1
        engine.virtual[loss] = ((), terms)
        return loss

    def upstream_entry(self, item: Any, number: int, indices: Key) -> sp.Expr:
        """A number, or the entry of an input that is the upstream gradient."""
        node = self.graph.nodes[number]
        number_ = None if isinstance(item.value, (tuple, Name)) else fraction(item.value)
        if number_ is not None and (number_ == 1 or not (node.shape or node.over)):
            return sp.Rational(number_.numerator, number_.denominator)
        name = upstream_name(self.graph, item)
        if name in self.graph.names:
            return self.engine.entry(self.graph.names[name], indices)
        for n, other in enumerate(self.engine.nodes):
            if other.name == name:
                return self.engine.entry(n, indices)
        self.engine.nodes.append(Node("input", (), node.shape, node.over, name=name))
        return self.engine.entry(len(self.engine.nodes) - 1, indices)

    def numerator(self, question: Question) -> int:
        if question.loss:
            assert self.loss is not None
            return self.loss
        return self.graph.names[question.of]

    def answer(self, question: Question) -> Answer:
        if question.kind == "value":
            return self.value(question)
        if question.kind == "shape":
            return self.shape(question)
        of = self.numerator(question)
        stacked_by = [name for name in question.by if name in self.graph.stacks]
        by = [self.graph.names[self.graph.stacks.get(name, name)] for name in question.by]
        if question.kind == "second" and (free := self.varied(by)) is not None:
            answer = free.answer(question)
            return replace(answer, expanded=self.expanded(answer.symbolic, answer.where) if answer.symbolic else None)
        if question.kind == "second":
            first = self.total(of, by[0])
            inner = self.engine.quantity(first)
            second = self.engine.derivative(inner, by[1])
            # The gradient's own axes come first: numerator, then the first denominator.
            derivative = second
            single = False
        elif question.kind == "local":
            self.engine.within(of)
            derivative = self.engine.derivative(of, by[0], lambda n: self.engine.nodes[n].name is None)
            single = True
        else:
            derivative = self.total(of, by[0])
            single = self.is_single(question)
        answer = self.written(question, derivative, of, by, single)
        if question.kind == "derivative":
            answer = self.with_names(question, answer, of, by)
        chain, rest = ((), 0) if question.kind != "derivative" else self.chain(question)
        warnings = list(answer.warnings)
        if derivative.terms:
            warnings += self.taken_apart(by)
        if not derivative.terms and not self.depends(of, by):
            warnings.append(
                Problem("independent", f"{question.of} does not depend on {question.by[-1]}: the derivative is 0")
            )
        if stacked_by and answer.stacked is not None:
            answer = replace(
                answer, symbolic=answer.stacked.symbolic, free=answer.stacked.free, shape=answer.stacked.shape
            )
        return replace(answer, chain=chain, chain_rest=rest, warnings=tuple(warnings))

    def taken_apart(self, by: Sequence[int]) -> Iterable[Problem]:
        """An assumption that ties entries together does not tie their changes: the answer says so."""
        for number in dict.fromkeys(by):
            tied = sorted(APART & self.engine.assume.get(number, frozenset()))
            if tied:
                name = self.engine.nodes[number].name
                yield Problem("entries-apart", f"{name} is {tied[0]}, but its entries are varied one by one")

    def varied(self, by: Sequence[int]) -> Answerer | None:
        """The same where the denominators are inputs of which nothing is known; None where they are so already.

        What holds at their values may not be used before the last differentiation: 2 S x, by S, is not S x + Sᵀ x.
        """
        nodes, variables = list(self.graph.nodes), dict(self.graph.exercise.variables)
        for number in by:
            node = nodes[number]
            if node.op != "input":
                nodes[number] = Node("input", (), node.shape, node.over, name=node.name)
            elif TIES & self.engine.assume.get(number, frozenset()):
                assert node.name is not None
                variables[node.name] = replace(variables[node.name], assume=variables[node.name].assume - TIES)
        exercise = replace(self.graph.exercise, variables=variables)
        if nodes == self.graph.nodes and exercise == self.graph.exercise:
            return None
        return Answerer(replace(self.graph, exercise=exercise, nodes=nodes), self.form, self.layout)

    def with_names(self, question: Question, answer: Answer, of: int, by: list[int]) -> Answer:
        """The answer in the names of earlier answers, where that is shorter; its own name is for later ones."""
        names = self._names.get(of, {})
        if names:
            self.engine.asked = {(of, n): name for n, name in names.items() if n != by[0]}
            if self.engine.asked:
                named = self.written(question, self.total(of, by[0]), of, by, False)
                stacks = [bool(one.stacked and not one.stacked.free) for one in (answer, named)]
                lost = stacks == [True, False]  # the stack of a named gradient has no name
                written = not lost and named.symbolic is not None and answer.symbolic is not None and not named.free
                if written and (answer.free or operations(named.symbolic) < operations(answer.symbolic)):
                    answer = replace(named, simplified=None, expanded=answer.expanded)
            self.engine.asked = {}
        if question.name and by[0] not in names and self.graph.nodes[by[0]].op != "input":
            self._names.setdefault(of, {})[by[0]] = question.name
        return answer

    def depends(self, of: int, by: Sequence[int]) -> bool:
        ancestors = self.engine.ancestors(of)
        return all(n in ancestors for n in by)

    def total(self, of: int, by: int) -> Derivative:
        """The total derivative of a node by another, along all paths; what is asked of a node is found in one pass."""
        self.engine.within(of)
        found = self._all.setdefault((of, frozenset(self.engine.asked)), {})
        if by not in found:
            found |= self.engine.derivatives(of, {by} | self._wanted.get(of, set()))
        return found[by]

    def want(self, of: int, by: Iterable[int]) -> None:
        """Further nodes by which a numerator is differentiated, in the pass that finds the others."""
        self._wanted.setdefault(of, set()).update(by)

    @cached_property
    def _wanted(self) -> dict[int, set[int]]:
        """Numerator -> the nodes by which it is differentiated somewhere."""
        graph = self.graph
        wanted: dict[int, set[int]] = {}
        for question in graph.exercise.questions or default_questions(graph):
            if question.kind in ("derivative", "second"):
                by = graph.names[graph.stacks.get(question.by[0], question.by[0])]
                wanted.setdefault(self.numerator(question), set()).add(by)
        last = graph.names[graph.outputs[-1]] if self.loss is None else self.loss
        wanted.setdefault(last, set()).update(graph.names[name] for name in graph.inputs)
        return wanted

    def spelled(self, expr: sp.Expr) -> Expr | None:
        """A sum or an argument of a function as the author wrote it: σ(β x), though x was named before β."""
        return self._spellings.get(expr)

    @cached_property
    def _spellings(self) -> Mapping[sp.Expr, Expr]:
        found: dict[sp.Expr, Expr] = {}
        for number, node in enumerate(self.graph.nodes):
            if number in self.engine.bounded or node.shape or node.over or not node.args:
                continue
            expr = self.engine.expr(number, (), {})
            if not expr.is_Atom and expr not in found:
                found[expr] = tree(self.graph.nodes, number)
        return found

    def has_matrix_form(self, terms: Sequence[Term], own: Key) -> bool:
        each = {ix: ix.label for ix in own if ix.label in self.graph.examples and ix.label}
        try:
            self.matrix(terms, tuple(ix for ix in own if ix not in each), each, ())
        except NoMatrixForm:
            return False
        return True

    def is_single(self, question: Question) -> bool:
        """One local derivative and nothing else: it stays as its rule gives it."""
        by = self.graph.stacks.get(question.by[0], question.by[0])
        found, rest = paths(self.graph, question.of, by, 2) if not question.loss else ([], 1)
        if rest or len(found) != 1:
            return False
        locals_ = [self.local(a, b).symbolic for a, b in pairwise(found[0])]
        return (
            sum(expr is None or any(name.id in self.graph.names for name in occurrences(expr)) for expr in locals_) <= 1
        )

    # ---- writing

    def written(self, question: Question, derivative: Derivative, of: int, by: list[int], single: bool) -> Answer:
        engine = self.engine
        terms, out, into, each = self.per_example(derivative, question)
        terms = [engine.residuals_open(engine.algebra.normal(term)) for term in terms]
        simplified_terms = [
            replace(t, groups={k: engine.shorten(e, deep=not single) for k, e in t.groups.items()}) for t in terms
        ]
        simplified_terms = engine.algebra.gather([engine.algebra.normal(t) for t in simplified_terms])
        simplified_terms = engine.with_totals(simplified_terms)
        simplified: Expr | None = None
        out_shape, shape = self.shapes(of, by, question)
        free = self.order(out, into, out_shape)
        if single and length(simplified_terms) < length(terms):
            if length(simplified_terms) < SHORTER * length(terms) or not (divided(terms) or polynomial(terms)):
                terms = simplified_terms
            else:
                simplified = self.form_of(simplified_terms, free, each, shape, into).expr
        else:
            terms = simplified_terms
        terms = [engine.algebra.facing(term) for term in terms]
        if self.pairs(terms, each):
            return self.paired(question, terms, free, each, shape, into, of)
        form = self.form_of(terms, free, each, shape, into)
        if simplified is not None and fractions(simplified) >= fractions(form.expr):
            simplified = None  # x² + 12xy³ is as good as x (x + 12y³)
        view = View(form.expr, shape)
        layout = self.layout
        answer = Answer(question, "derivative", form.expr, shape, layout, form.free, simplified=simplified)
        sums = any(ix.label in self.graph.examples for term in terms for ix in term.summed)
        if each or sums:
            answer = replace(answer, per_example=view, stacked=self.stacked(terms, free, each, shape, into))
        if each and terms and not any(ix in term.indices for term in terms for ix in each):
            answer = replace(answer, warnings=(Problem(SAME, "it is the same for every example"),))
        where = self.gradients_named(form.expr, of)
        answer = replace(answer, expanded=self.expanded(form.expr, where), where=where)
        return replace(answer, shorthand=self.shorthand(terms, out, into, each, by))

    def pairs(self, terms: Sequence[Term], each: Mapping[Ix, str]) -> bool:
        """Does a term speak of two examples at once? Then it has no form per example, only in stacks."""
        for term in terms:
            labels = [ix.label for ix in (*each, *term.summed) if ix.label in self.graph.examples]
            if len(set(labels)) != len(labels):
                return True
        return False

    def paired(
        self,
        question: Question,
        terms: Sequence[Term],
        free: Key,
        each: Mapping[Ix, str],
        shape: Shape,
        into: Key,
        of: int,
    ) -> Answer:
        """An answer in which examples meet, written in stacks, the example index last."""
        full = stack_shape(shape, [ix.size for ix in each])
        view = self.stacked(terms, free, each, shape, into)
        if view is None:
            message = f"{question.text}: this sum over pairs of examples cannot be written"
            raise GradcalcError(Problem("no-form", message, question.place))
        stacked = None if view.free else view
        answer = Answer(question, "derivative", view.symbolic, full, self.layout, view.free, stacked=stacked)
        where = self.gradients_named(view.symbolic, of)
        return replace(answer, expanded=None, where=where)

    def per_example(self, derivative: Derivative, question: Question) -> tuple[list[Term], Key, Key, dict[Ix, str]]:
        """Terms with one shared example index where the derivative is per example; it is hidden, not an axis."""
        examples = self.graph.examples
        each: dict[Ix, str] = {}
        terms = list(derivative.terms)
        out = [ix for ix in derivative.out if ix.label not in examples]
        into = [ix for ix in derivative.into if ix.label not in examples]
        for ix in derivative.out:
            if ix.label not in examples:
                continue
            assert ix.label is not None
            each[ix] = ix.label
        for ix in derivative.into:
            if ix.label not in examples:
                continue
            assert ix.label is not None
            twin = next((other for other in each if other.label == ix.label), None)
            if twin is None:
                each[ix] = ix.label
                continue
            pair = tuple(sorted((ix, twin)))
            if any(pair not in term.deltas for term in terms):
                raise GradcalcError(
                    Problem(
                        "mixed-examples",
                        f"{question.text}: the examples influence each other here, so there is no derivative per example",
                        question.place,
                    )
                )
            kept = [replace(term, deltas=term.deltas - {pair}) for term in terms]
            terms = [self.engine.algebra.rename(term, {ix: twin}) for term in kept]
        return terms, tuple(out), tuple(into), each

    def form_of(self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape, into: Key = ()) -> Form:
        if not terms:
            return Form(Num(Fraction(0)) if all(size == ONE for size in shape) else zeros(shape))
        if self.form == "matrix":
            try:
                return Form(self.matrix(terms, free, each, shape))
            except NoMatrixForm:
                pass
        form = self.entry_form(terms, free, each, into)
        whole = listed(form.expr, form.free, form.sizes or {}, shape) if self.form == "entries" else None
        return form if whole is None else Form(whole)

    def matrix(self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape) -> Expr:
        """Matrix form with example sums written Σ_i of per-example quantities."""
        groups: dict[tuple[str, ...], list[Term]] = {}
        for term in terms:
            labels = tuple(sorted(ix.label or "" for ix in term.summed if ix.label in self.graph.examples))
            if len(set(labels)) != len(labels):
                raise NoMatrixForm
            groups.setdefault(labels, []).append(term)
        parts: list[Matrix] = []
        for labels, members in groups.items():
            parts.append(self.summed(labels, members, free, each, shape))
        if len(parts) == 1:
            return oriented(parts[0], shape)
        coefficients = [part.coefficients[0] if part.kind == "scaled" else None for part in parts]
        bare = [part.parts[0] if part.kind == "scaled" else part for part in parts]
        order = sorted(range(len(parts)), key=lambda n: isinstance(coefficients[n], Neg))
        total = Matrix(
            "sum",
            parts[0].rows,
            parts[0].cols,
            tuple(bare[n] for n in order),
            coefficients=tuple(coefficients[n] for n in order),
        )
        return oriented(total, shape)

    def summed(
        self, labels: tuple[str, ...], terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape
    ) -> Matrix:
        if not labels:
            return Writer(self.engine, each).matrix(terms, free)
        hidden = dict(each)
        shared = {label: self.engine.entries.index(self.graph.indices[label], label) for label in labels}
        hidden.update({ix: label for label, ix in shared.items()})
        members = []
        for term in terms:
            table = {ix: shared[ix.label] for ix in term.summed if ix.label in shared}
            renamed = self.engine.algebra.rename(term, table)
            members.append(replace(renamed, summed=renamed.summed - set(shared.values())))
        writer = Writer(self.engine, hidden)
        factor, rests = writer.common([term.coef for term in members])
        inner = writer.matrix([replace(term, coef=rest) for term, rest in zip(members, rests, strict=True)], free)
        if wants_row(shape) and inner.cols == ONE and inner.rows != ONE:
            inner = transpose(inner)
        expr, rank = write(inner)
        body = Matrix("leaf", inner.rows, inner.cols, (), Call("sum", (expr, *(Name(label) for label in labels))), rank)
        if factor == 1:
            return body
        return Matrix(
            "scaled", body.rows, body.cols, (body,), coefficients=(to_ast(factor, lambda s: Name(s.name), writer.rank),)
        )

    def entry_form(
        self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], into: Key, apart: bool = False
    ) -> Form:
        """One entry; `apart`: example indices are indices like others, into the stacks."""
        graph = self.graph
        taken = frozenset(graph.names) | frozenset(graph.sizes) | frozenset(graph.indices) | {"e", "pi"}
        taken |= {name for size in graph.indices.values() for name in size.names}
        taken |= {name for node in graph.nodes for size in node.shape for name in size.names}
        taken |= set(graph.exercise.functions)
        hidden = dict(each)
        for term in terms if not apart else ():
            hidden.update({ix: ix.label for ix in term.summed if ix.label in graph.examples and ix.label})
        form = IndexWriter(self.engine, taken, hidden).write(terms, free, into)
        return Form(form.expr, form.free, form.sizes)  # type: ignore[arg-type]

    def stacked(self, terms: Sequence[Term], free: Key, each: Mapping[Ix, str], shape: Shape, into: Key) -> View | None:
        """The same in stacks over the examples, the example axis last; one entry where that has no matrix form."""
        axes = (*free, *each)
        full = stack_shape(shape, [ix.size for ix in each])
        if not terms:
            return View(zeros(full), full)
        if self.form == "matrix":
            with suppress(NoMatrixForm):
                return View(oriented(Writer(self.engine).matrix(terms, axes), full), full)
        with suppress(NoMatrixForm):
            form = self.entry_form(terms, axes, {}, (*into, *each), apart=True)
            return View(form.expr, full, free=form.free)
        return None

    def order(self, out: Key, into: Key, out_shape: Shape | None) -> Key:
        """Free indices in the order of the layout."""
        if out_shape is None and self.layout == "jacobian" and len(into) == 2:
            return into[::-1]
        if out_shape is not None and self.layout == "denominator":
            return (*into, *out)
        return (*out, *into)

    def shapes(self, of: int, by: Sequence[int], question: Question) -> tuple[Shape | None, Shape]:
        """(the numerator's axes, or None where it is a scalar; the shape of the answer in the layout)."""
        node = self.engine.nodes[of]
        into = [self.engine.nodes[n].shape for n in by]
        scalar = node.shape == () or (
            all(s == ONE for s in node.shape) and (node.name is None or node.name == self.graph.outputs[-1])
        )
        inner = tuple(size for shape in into for size in (as_vector(shape) if len(into) > 1 or not scalar else shape))
        if scalar:
            if self.layout == "jacobian" and len(into) == 1:
                if len(into[0]) == 1:
                    return None, (ONE, into[0][0])
                if len(into[0]) == 2:
                    return None, into[0][::-1]
            return None, inner
        out = as_vector(node.shape)
        return out, (inner + out if self.layout == "denominator" else out + inner)

    # ---- beside the formula

    def gradients_named(self, expr: Expr, of: int) -> tuple[tuple[str, Expr], ...]:
        """The named gradients an expression uses, each with its own formula, those it needs first."""
        by_name = {self.engine.nodes[n].name: n for n in self.engine.named}
        found: dict[str, Expr] = {}
        stack = [expr]
        order: list[str] = []
        while stack:
            for name in occurrences(stack.pop()):
                if name.id in by_name and name.id not in found:
                    found[name.id] = self.gradient_named(by_name[name.id])
                    order.append(name.id)
                    stack.append(found[name.id])
        # A gradient nearer the output is used by those further down: it has to come first.
        ranked = sorted(order, key=lambda name: by_name[name])
        return tuple((name, found[name]) for name in ranked)

    def gradient_named(self, number: int) -> Expr:
        """The formula of a named gradient; its name where it has none."""
        if number not in self._gradients:
            own, terms = self.engine.virtual[number]
            node = self.engine.nodes[number]
            each = {ix: ix.label for ix in own if ix.label in self.graph.examples and ix.label}
            free = tuple(ix for ix in own if ix not in each)
            form = self.form_of([self.engine.residuals_open(term) for term in terms], free, each, node.shape)
            self._gradients[number] = form.expr if not form.free else Name(node.name or "")
        return self._gradients[number]

    def expanded(self, expr: Expr, where: Sequence[tuple[str, Expr]]) -> Expr | None:
        """The expression in inputs alone, or None beyond 300 operations, and where its text is more than one line may be."""
        table, lengths = dict(self.opened[0]), dict(self.opened[1])
        for name, formula in where:
            table[name], lengths[name] = formula, expanded_length(formula, lengths)
        if expanded_length(expr, lengths) > EXPANDED_LIMIT:
            return None
        for _ in range(len(table) + 1):
            used = {name.id for name in occurrences(expr)} & table.keys()
            if not used:
                expr = self.tidied(expr)
                return expr if readable(expr) else None
            expr = substitute(expr, {name: table[name] for name in used})
        return None

    def tidied(self, expr: Expr) -> Expr:
        """An expression in numbers alone with what cancels cancelled, where that is shorter: a + b + (a − b) is 2a."""
        numbers = {
            name: n
            for name, n in self.graph.names.items()
            if not self.engine.axes(n) and not self.engine.nodes[n].shape
        }
        if operations(expr) > TIDIED_LIMIT or not {name.id for name in occurrences(expr)} <= {*numbers, "pi", "e"}:
            return expr
        try:
            found = from_ast(expr, {name: self.engine.entry(n, ()) for name, n in numbers.items()})
        except (TypeError, KeyError):
            return expr
        found = self.engine.algebra.tidy(units_read(found))
        if not UNDEFINED.isdisjoint(sp.preorder_traversal(found)):
            return expr
        writer = Writer(self.engine)
        written = writer.matrix([self.engine.algebra.term(found)], ())
        return min(
            expr, write(written)[0], key=lambda form: operations(form) + bars(form) + len(list(occurrences(form)))
        )

    @cached_property
    def opened(self) -> tuple[Mapping[str, Expr], Mapping[str, int]]:
        """Every quantity as it is defined, and how many operations it has when written in inputs alone."""
        table: dict[str, Expr] = {}
        lengths: dict[str, int] = {}
        for name in self.graph.quantities:
            if self.graph.node(name).op != "toaxis":
                table[name] = tree(self.graph.nodes, self.graph.names[name], open_=True)
                lengths[name] = expanded_length(table[name], lengths)
        return table, lengths

    def chain(self, question: Question) -> tuple[tuple[tuple[Local, ...], ...], int]:
        """The paths from numerator to denominator as local derivatives (at most 20), and how many more there are."""
        if question.loss:
            return (), 0
        by = self.graph.stacks.get(question.by[0], question.by[0])
        found, rest = paths(self.graph, question.of, by, 20)
        return tuple(tuple(self.local(a, b) for a, b in pairwise(path)) for path in found), rest

    def links(self, of: int) -> Mapping[int, Derivative]:
        """The local derivatives of a quantity by the named operands of its definition, in one pass."""
        if of not in self._links:
            by = {self.graph.names[name] for name in operands(self.graph, self.graph.nodes[of].name or "")}
            self._links[of] = self.engine.derivatives(of, by, lambda n: self.engine.nodes[n].name is None)
        return self._links[of]

    def local(self, of: str, by: str) -> Local:
        if (of, by) not in self._locals:
            question = Question(f"d{of}/d{by}", "local", of, (by,))
            numbers = self.graph.names[of], self.graph.names[by]
            try:
                terms, out, into, each = self.per_example(self.links(numbers[0])[numbers[1]], question)
                terms = [self.engine.algebra.normal(term) for term in terms]
                out_shape, shape = self.shapes(numbers[0], numbers[1:], question)
                form = self.form_of(terms, self.order(out, into, out_shape), each, shape, into)
                self._locals[of, by] = form.expr
            except GradcalcError:
                self._locals[of, by] = None
        return Local(f"d{of}/d{by}", self._locals[of, by], direct=reached_otherwise(self.graph, of, by))

    def shorthand(
        self, terms: Sequence[Term], out: Key, into: Key, each: Mapping[Ix, str], by: Sequence[int]
    ) -> Shorthand | None:
        """What the literature writes for a derivative that is mostly zeros, and how it enters the chain."""
        if len(terms) != 1 or not terms[0].deltas or self.layout != "gradient":
            return None
        bare = replace(terms[0], deltas=frozenset())
        writer = Writer(self.engine, each)
        try:
            if len(terms[0].deltas) == len(out) == len(into) == 2:
                if not bare.groups or any(tuple(sorted(p)) not in terms[0].deltas for p in zip(out, into, strict=True)):
                    return None
                matrix = write(writer.matrix([bare], tuple(min(p) for p in zip(out, into, strict=True))))[0]
                return Shorthand(
                    matrix,
                    "each entry depends on one entry alone, so in the chain it multiplies the upstream gradient entry by entry",
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
                    "the Jacobian is diagonal, so in the chain it multiplies the upstream gradient entry by entry",
                )
            if len(out) == 1 and len(into) == 2 and {a, b} == {out[0], into[0]}:
                row = write(transpose(writer.matrix([bare], (into[1],))))[0]
                return Shorthand(
                    row,
                    "in the chain it stands on the right of the upstream gradient: a column times this row, the outer product",
                )
            if len(out) == 2 and len(into) == 2 and {a, b} == {out[1], into[1]}:
                left = write(writer.matrix([bare], (into[0], out[0])))[0]
                return Shorthand(left, "in the chain it multiplies the upstream gradient from the left")
            if len(out) == 2 and len(into) == 2 and {a, b} == {out[0], into[0]}:
                right = write(writer.matrix([bare], (out[1], into[1])))[0]
                return Shorthand(right, "in the chain it multiplies the upstream gradient from the right")
        except NoMatrixForm:
            return None
        return None

    # ---- values, shapes, gradients

    def value(self, question: Question) -> Answer:
        number = self.graph.names[self.graph.stacks.get(question.of, question.of)]
        node = self.graph.nodes[number]
        expr = tree(self.graph.nodes, number, open_=True) if node.op != "input" else Name(node.name or "")
        return Answer(question, "value", expr, node.shape, self.layout, expanded=self.expanded(expr, ()))

    def shape(self, question: Question) -> Answer:
        of = question.of
        node = self.graph.node(self.graph.stacks.get(of, of))
        examples = [self.graph.indices[name] for name in node.over if name in self.graph.examples]
        full = stack_shape(node.shape, examples)
        shape = full if of in self.graph.stacks else node.shape
        reason = self.graph.reasons.get(self.graph.stacks.get(of, of))
        views = {}
        if self.graph.examples:
            views = {"per_example": View(sizes(node.shape), node.shape), "stacked": View(sizes(full), full)}
        return Answer(question, "shape", sizes(shape), shape, self.layout, reason=reason, **views)  # type: ignore[arg-type]

    def gradients(self) -> dict[str, Gradient]:
        """The total gradient at every real input, upstream included; {} for an array output without upstream."""
        graph = self.graph
        output = graph.node(graph.outputs[-1])
        of = self.loss
        if of is None:
            if any(size != ONE for size in output.shape) or output.over:
                return {}
            of = graph.names[graph.outputs[-1]]
        result = {}
        held = Answerer.__new__(Answerer)
        held.__dict__.update(self.__dict__)
        held.layout = "gradient"
        for name in graph.inputs:
            if name in graph.integers or name in graph.constants:
                continue
            derivative = held.total(of, graph.names[name])
            terms, _, into, each = held.per_example(derivative, Question(name, "derivative", name))
            terms = [held.engine.algebra.normal(term) for term in terms]
            shape = graph.node(name).shape
            if held.pairs(terms, each):
                asked = Question(f"d{graph.exercise.loss}/d{name}", "derivative", name)
                answer = held.paired(asked, terms, into, each, shape, into, of)
                result[name] = Gradient(answer.symbolic, free=answer.free, where=answer.where, shape=answer.shape)
                continue
            form = held.form_of(terms, into, each, shape)
            where = held.gradients_named(form.expr, of)
            result[name] = Gradient(form.expr, free=form.free, sizes=form.sizes, where=where)
        return result


def upstream_name(graph: Graph, item: Any) -> str:
    """How an upstream gradient is written: its own name, or dL_df."""
    if isinstance(item.value, Name):
        return item.value.id
    quantity = item.of or graph.outputs[-1]
    # At a quantity that feeds others the total gradient is more than what is given there.
    return f"d{graph.exercise.loss}_d{quantity}" if quantity in graph.outputs else f"upstream_{quantity}"


def as_vector(shape: Shape) -> Shape:
    """A column [D, 1] or a row [1, D] counts as a vector in Jacobians."""
    if len(shape) == 2 and ONE in shape:
        return (shape[1] if shape[0] == ONE else shape[0],)
    return shape


def stack_shape(shape: Shape, examples: Sequence[Size]) -> Shape:
    """Examples last: [D, 1] and [D] stack to D × m, [1, 1] to 1 × m, [] to m."""
    if not examples:
        return shape
    inner = shape[:1] if len(shape) == 2 and shape[1] == ONE else shape
    return (*inner, *examples)


def sizes(shape: Shape) -> Expr:
    return Vector(tuple(size_tree(size) for size in shape))


def zeros(shape: Shape) -> Expr:
    return Call("zeros", tuple(size_tree(size) for size in shape)) if shape else Num(Fraction(0))


def operations(expr: Expr | None) -> int:
    """How many operations an expression has."""
    count, stack = 0, [expr] if expr is not None else []
    while stack:
        parts = children(stack.pop())
        count += bool(parts)
        stack.extend(parts)
    return count


def divided(terms: Sequence[Term]) -> bool:
    return any(divisors(expr) for term in terms for expr in term.groups.values())


def polynomial(terms: Sequence[Term]) -> bool:
    return all(expr.is_polynomial() for term in terms for expr in term.groups.values())


def fractions(expr: Expr) -> int:
    return sum(isinstance(part, Binary) and part.op == "/" for part in walk(expr))


def bars(expr: Expr) -> int:
    """How many fractions of an expression stand in a product, a power or another fraction."""
    within = [part for part in walk(expr) if isinstance(part, Binary) and part.op in "/*^"]
    return sum(isinstance(side, Binary) and side.op == "/" for part in within for side in (part.left, part.right))


def readable(expr: Expr) -> bool:
    """Is its text within the limits of a line, so that it parses back?"""
    try:
        parse(unparse(expr), {call.func for call in walk(expr) if isinstance(call, Call)} - SPELLINGS.keys())
    except SpanError:
        return False
    return True


def expanded_length(expr: Expr, lengths: Mapping[str, int]) -> int:
    """How many operations an expression has once its names are replaced by expressions of these lengths."""
    return operations(expr) + sum(lengths.get(name.id, 0) for name in occurrences(expr))


def length(terms: Sequence[Term]) -> int:
    return sum(measure(expr)[0] for term in terms for expr in term.groups.values()) + 3 * max(len(terms) - 1, 0)
