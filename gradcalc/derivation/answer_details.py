"""What stands beside a derivative: the gradients it names, the same in inputs alone, the chain rule, the shorthand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import sympy as sp

from gradcalc.calculus.folding import units_read
from gradcalc.calculus.notation.derivative_forms import Forms, much_shorter
from gradcalc.calculus.notation.matrix import NoMatrixForm, transpose, write
from gradcalc.calculus.notation.matrix_writer import Writer
from gradcalc.calculus.quantities import UNDEFINED
from gradcalc.calculus.reverse_mode import Derivative
from gradcalc.calculus.sympy_functions import from_ast
from gradcalc.calculus.terms import Ix, Key, Term
from gradcalc.derivation.answer_model import LINKS, Local, Shorthand
from gradcalc.exercise.model import Question, Upstream
from gradcalc.graph.dependencies import operands, paths, reached_otherwise
from gradcalc.graph.model import Graph
from gradcalc.graph.to_expression import tree
from gradcalc.language.errors import GradcalcError, SpanError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import parse, unparse
from gradcalc.language.tree import Binary, Call, Expr, Name, children, occurrences, substitute, walk
from gradcalc.ops import SPELLINGS

EXPANDED_LIMIT = 300
PATHS = 20  # of a chain
TIDIED_LIMIT = 100  # operations of an expanded form that is searched for what cancels


class Beside(Forms):
    """Finds what is shown beside the derivatives of one graph."""

    def __init__(self, graph: Graph, form: str = "matrix", layout: str = "gradient") -> None:
        super().__init__(graph, form, layout)
        self._locals: dict[tuple[str, str], Local] = {}
        self._named_links: dict[tuple[str, str], Local] = {}
        self._derivatives: dict[int, dict[int, Derivative]] = {}
        self._gradients: dict[int, Expr] = {}

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
            form = self.form_of(
                [self.engine.residuals_open(term) for term in terms], free, each, node.shape
            )
            self._gradients[number] = form.expr if not form.free else Name(node.name or "")
        return self._gradients[number]

    def expanded(self, expr: Expr, where: Sequence[tuple[str, Expr]]) -> Expr | None:
        """The expression in inputs alone, or None beyond 300 operations, and where its text is more than one line may be."""
        table, lengths = dict(self.opened[0]), dict(self.opened[1])
        for name, formula in where:
            opened(name, formula, table, lengths)
        if expanded_length(expr, lengths) > EXPANDED_LIMIT:
            return None
        expr = self.tidied(substitute(expr, table))
        return expr if readable(expr) else None

    def tidied(self, expr: Expr) -> Expr:
        """An expression in numbers alone with what cancels cancelled, where that is shorter: a + b + (a − b) is 2a."""
        numbers = {
            name: n
            for name, n in self.graph.names.items()
            if not self.engine.axes(n) and not self.engine.nodes[n].shape
        }
        if (
            self.engine.long
            or operations(expr) > TIDIED_LIMIT
            or not {name.id for name in occurrences(expr)} <= {*numbers, "pi", "e"}
        ):
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
            expr,
            write(written)[0],
            key=lambda form: operations(form) + bars(form) + len(list(occurrences(form))),
        )

    @cached_property
    def opened(self) -> tuple[Mapping[str, Expr], Mapping[str, int]]:
        """Quantities written in inputs alone, where that is short enough, and how many operations all of them have."""
        table: dict[str, Expr] = {}
        lengths: dict[str, int] = {}
        for name in self.graph.quantities:
            if self.graph.node(name).op != "toaxis":
                opened(
                    name, tree(self.graph.nodes, self.graph.names[name], open_=True), table, lengths
                )
        return table, lengths

    def chain(self, question: Question) -> tuple[tuple[tuple[Local, ...], ...], int]:
        """The paths from numerator to denominator as local derivatives (at most 20), and how many more there are."""
        by = self.graph.stacks.get(question.by[0], question.by[0])
        if not question.loss:
            found, rest = paths(
                self.graph, self.graph.stacks.get(question.of, question.of), by, PATHS
            )
            return tuple(map(self.links_of, found)), rest
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
            found, rest = paths(self.graph, of, by, PATHS - len(chains))
            found = [(of,)] if of == by else found
            chains += [(first, *self.links_of(path)) for path in found]
            more += rest
        return tuple(chains), more

    def links_of(self, path: Sequence[str]) -> tuple[Local, ...]:
        """The local derivatives along a path."""
        return tuple(map(self.local if len(path) <= LINKS else self.named, path, path[1:]))

    def named(self, of: str, by: str) -> Local:
        """A local derivative by its name alone."""
        if (of, by) not in self._named_links:
            self._named_links[of, by] = Local(
                f"d{of}/d{by}", None, direct=reached_otherwise(self.graph, of, by)
            )
        return self._named_links[of, by]

    def links(self, of: int) -> Mapping[int, Derivative]:
        """The local derivatives of a quantity by the named operands of its definition, in one pass."""
        if of not in self._derivatives:
            by = {
                self.graph.names[name]
                for name in operands(self.graph, self.graph.nodes[of].name or "")
            }
            self._derivatives[of] = self.engine.derivatives(
                of, by, lambda n: self.engine.nodes[n].name is None
            )
        return self._derivatives[of]

    def local(self, of: str, by: str) -> Local:
        if (of, by) not in self._locals:
            formula: Expr | None = None
            question = Question(f"d{of}/d{by}", "local", of, (by,))
            numbers = self.graph.names[of], self.graph.names[by]
            try:
                terms, out, into, each = self.per_example(
                    self.links(numbers[0])[numbers[1]], question
                )
                terms = [self.engine.algebra.normal(term) for term in terms]
                if not self.engine.axes(numbers[0]) and not self.engine.long:
                    with self.engine.about(numbers[0]):
                        short = self.shortened(terms, single=True)
                    terms = short if much_shorter(short, terms) else terms
                out_shape, shape = self.shapes(numbers[0], numbers[1:], question)
                form = self.form_of(terms, self.order(out, into, out_shape), each, shape, into)
                formula = form.expr
            except GradcalcError:
                pass
            self._locals[of, by] = replace(self.named(of, by), symbolic=formula)
        return self._locals[of, by]

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
                if not bare.groups or any(
                    tuple(sorted(p)) not in terms[0].deltas for p in zip(out, into, strict=True)
                ):
                    return None
                matrix = write(
                    writer.matrix([bare], tuple(min(p) for p in zip(out, into, strict=True)))
                )[0]
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
                return Shorthand(
                    left, "in the chain it multiplies the upstream gradient from the left"
                )
            if len(out) == 2 and len(into) == 2 and {a, b} == {out[0], into[0]}:
                right = write(writer.matrix([bare], (out[1], into[1])))[0]
                return Shorthand(
                    right, "in the chain it multiplies the upstream gradient from the right"
                )
        except NoMatrixForm:
            return None
        return None


def operations(expr: Expr | None) -> int:
    """How many operations an expression has."""
    count, stack = 0, [expr] if expr is not None else []
    while stack:
        parts = children(stack.pop())
        count += bool(parts)
        stack.extend(parts)
    return count


def readable(expr: Expr) -> bool:
    """Is its text within the limits of a line, so that it parses back?"""
    try:
        parse(
            unparse(expr),
            {call.func for call in walk(expr) if isinstance(call, Call)} - SPELLINGS.keys(),
        )
    except SpanError:
        return False
    return True


def opened(name: str, formula: Expr, table: dict[str, Expr], lengths: dict[str, int]) -> None:
    """Enter a formula in those written in inputs alone, if it is not beyond the limit; and its length."""
    lengths[name] = expanded_length(formula, lengths)
    if lengths[name] <= EXPANDED_LIMIT:
        table[name] = substitute(formula, table)


def upstream_name(graph: Graph, item: Upstream) -> str:
    """How an upstream gradient is written: its own name, or dL_df."""
    if isinstance(item.value, Name):
        return item.value.id
    quantity = item.of or graph.outputs[-1]
    # At a quantity that feeds others the total gradient is more than what is given there.
    return (
        f"d{graph.exercise.loss}_d{quantity}"
        if quantity in graph.outputs
        else f"upstream_{quantity}"
    )


def expanded_length(expr: Expr, lengths: Mapping[str, int]) -> int:
    """How many operations an expression has once its names are replaced by expressions of these lengths."""
    return operations(expr) + sum(lengths.get(name.id, 0) for name in occurrences(expr))


def fractions(expr: Expr) -> int:
    return sum(isinstance(part, Binary) and part.op == "/" for part in walk(expr))


def bars(expr: Expr) -> int:
    """How many fractions of an expression stand in a product, a power or another fraction."""
    within = [part for part in walk(expr) if isinstance(part, Binary) and part.op in "/*^"]
    return sum(
        isinstance(side, Binary) and side.op == "/"
        for part in within
        for side in (part.left, part.right)
    )
