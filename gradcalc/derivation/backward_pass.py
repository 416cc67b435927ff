"""One backward pass, symbolic: every gradient named, each contribution an upstream gradient times a
local derivative.

    BackwardPass(writer, "J", "J").run()  ->  steps, output first:
        ∂J/∂a1 = W2ᵀ ∂J/∂z2,  ∂J/∂z1 = ∂J/∂a1 ∘ 1[z1 > 0],  ∂J/∂W1 = Σᵢ ∂J/∂z1 xᵀ

The engine that answers questions pulls the terms back; here it stops at every named quantity, and
the gradient there gets a name of its own, which the steps after it use. Where the numerator is an
array its axes come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple, TypeAlias

import sympy as sp

from gradcalc.calculus.notation.derivative_forms import Forms
from gradcalc.calculus.notation.matrix import NoMatrixForm
from gradcalc.calculus.reverse_mode import Derivative, Engine
from gradcalc.calculus.terms import Key, Term
from gradcalc.derivation.answer_details import shorthand
from gradcalc.derivation.answer_model import Shorthand
from gradcalc.derivation.answers import Answerer
from gradcalc.derivation.step_model import Entries, Path, Step, Written
from gradcalc.exercise.model import Question
from gradcalc.graph.backward import Handed, pull
from gradcalc.graph.dependencies import operands
from gradcalc.graph.model import Node
from gradcalc.language.errors import GradcalcError
from gradcalc.language.fast_dataclasses import replace
from gradcalc.language.parser import Binary, Expr, Name, Neg, Num
from gradcalc.language.shape_rules import ONE, Shape, as_vector
from gradcalc.language.tree import plus

_Handed: TypeAlias = "Handed[list[Term], Derivative]"


class _Named(NamedTuple):
    """The gradient at a node as a quantity of its own: its name, its shape, its examples, and it
    as a term.
    """

    name: str
    shape: Shape
    over: tuple[str, ...]
    term: Term


class BackwardPass:
    """From a quantity `of`, or from the loss behind the upstream gradients (None). `word` is the
    numerator in names of gradients. `wanted`: only the paths to these, the first of them first;
    none: all. `entries`: paths are written entry by entry besides.
    """

    def __init__(
        self,
        writer: Answerer,
        of: str | None,
        word: str,
        wanted: Sequence[str] = (),
        entries: bool = False,
    ) -> None:
        self.writer, self.graph, self.engine = writer, writer.graph, writer.engine
        self.word, self.entries = word, entries
        graph, engine = self.graph, self.engine
        start = writer.derivatives.loss if of is None else graph.names[of]
        assert start is not None
        self.start = start
        self.forms = replace(writer.forms, reading=engine.search.reading(start))
        self.scope = engine.quantities.ancestors(start)
        self.numbers = all(not node.shape and not node.over for node in graph.nodes)
        own = () if of is None else engine.quantities.fresh(start)
        self.out = tuple(engine.quantities.entries.like(ix) for ix in own)
        self.own: dict[int, Key] = {start: own}
        self.array = bool(self.out) and any(
            size != ONE for size in engine.quantities.nodes[start].shape
        )
        self.below = self.operands({graph.names[name] for name in wanted})
        self.turns = self.working_order([graph.names[name] for name in wanted])
        self.named: dict[int, _Named] = {}

    def run(self) -> list[Step]:
        """The steps in working order: a quantity when all that uses it is done, inputs right
        behind their last use.
        """
        pairs = zip(self.out, self.own[self.start], strict=True)
        given = Term(sp.S.One, {}, frozenset((min(pair), max(pair)) for pair in pairs))
        reached = pull({self.start: [given]}, self)
        return [self.step(one.node, one.handed) for one in reached if one.node != self.start]

    def working_order(self, wanted: Sequence[int]) -> dict[int, int]:
        """Each quantity's turn: when all that uses it is done; of those that are ready first what
        the first wanted gradient needs, then as the definition reads, numerator before denominator.
        """
        pending = Counter(operand for below in self.below.values() for operand in below)
        urgent, places = self.urgency(wanted), count()
        turns: dict[int, int] = {}
        ready = [(0, next(places), self.start)]
        while ready:
            _, _, number = heappop(ready)
            turns[number] = len(turns)
            for operand in self.below[number]:
                pending[operand] -= 1
                if not pending[operand]:
                    heappush(ready, (urgent.get(operand, 0), next(places), operand))
        return turns

    def urgency(self, wanted: Sequence[int]) -> dict[int, int]:
        """The place among those wanted of the first gradient that needs this one."""
        found: dict[int, int] = {}
        above: dict[int, list[int]] = {}
        for number, below in self.below.items():
            for operand in below:
                above.setdefault(operand, []).append(number)
        for place, target in enumerate(wanted):
            stack = [target]
            while stack:
                number = stack.pop()
                if number not in found:
                    found[number] = place
                    stack += above.get(number, ())
        return found

    def operands(self, wanted: set[int]) -> dict[int, list[int]]:
        """Each named quantity on a path to what is wanted (nothing: on any path), and its named
        operands there, as its definition reads.
        """
        graph, names = self.graph, self.graph.names
        still = {names[name] for name in (*graph.integers, *graph.constants)}
        named = {n for n in names.values() if n in self.scope} - still - {self.start}
        reads = {
            n: [k for k in dict.fromkeys(names[word] for word in self.uses(n)) if k in named]
            for n in (*sorted(named), self.start)
        }
        kept = set() if wanted else set(reads)
        for number, found in reads.items():
            if number in wanted or number == self.start or not kept.isdisjoint(found):
                kept.add(number)
        return {n: [k for k in reads[n] if k in kept] for n in reads if n in kept}

    def uses(self, number: int) -> Sequence[str]:
        """The named operands of a quantity; of the loss those that have an upstream gradient."""
        if number >= len(self.graph.nodes):
            return [item.of or self.graph.outputs[-1] for item in self.graph.exercise.upstream]
        node = self.graph.nodes[number]
        return operands(self.graph, node.name) if node.name and node.op != "input" else ()

    # ---- the pass

    def turn(self, node: int) -> int:
        return self.turns[node]

    def gradient(self, node: int, handed: Sequence[_Handed]) -> list[Term]:
        """The gradient by its name, which the steps after it use; that from which the way begins
        as it is.
        """
        if node == self.start:
            return handed[0].product
        self.named[node] = self.symbol(node)
        return [self.named[node].term]

    def handed_back(
        self, number: int, gradient: list[Term]
    ) -> Iterator[tuple[int, Derivative, list[Term]]]:
        """The gradient at a quantity times its local derivatives by the named quantities it is
        made from.
        """
        engine, own, below = self.engine, self.own[number], self.below[number]
        loss = number in engine.quantities.virtual
        if loss:
            unnamed = self.writer.derivatives.unnamed
            pulled = engine.pull(number, own, gradient, set(below), unnamed, self.forms.reading)
            links = {n: Derivative(tuple(terms), own, at) for n, (at, terms) in pulled.items()}
        elif below:
            links = {
                n: local for n, local in self.writer.derivatives.links(number).items() if n in below
            }
        else:
            links = {}
        for operand, local in sorted(links.items()):
            mine = self.own.setdefault(operand, engine.quantities.fresh(operand))
            table = dict(zip((*local.out, *local.into), (*own, *mine), strict=True))
            pieces = () if self.numbers and not loss else local.terms
            product = [
                self.multiplied(term, engine.algebra.rename(piece, table), own)
                for piece in pieces
                for term in gradient
            ]
            yield operand, local, product

    def multiplied(self, upstream: Term, local: Term, own: Key) -> Term:
        """Upstream × local, nothing simplified, summed over the indices of the quantity between
        them.
        """
        groups = dict(local.groups)
        for key, expr in upstream.groups.items():
            groups[key] = groups.get(key, sp.S.One) * expr
        summed = upstream.summed | local.summed | frozenset(own)
        product = Term(upstream.coef * local.coef, groups, upstream.deltas | local.deltas, summed)
        return self.engine.names.inline(
            self.engine.names.selected(self.engine.algebra.normal(product))
        )

    # ---- one step

    def step(self, number: int, handed: Sequence[_Handed]) -> Step:
        node, named = self.engine.quantities.nodes[number], self.named[number]
        assert node.name is not None
        paths = tuple(self.path(number, one) for one in handed)
        total = paths[0].product
        if self.numbers:
            total = replace(total, symbolic=reduce(plus, (path.product.symbolic for path in paths)))
        elif len(paths) > 1:
            total = self.write([term for one in handed for term in one.product], number)
        return Step(self.word, node.name, named.name, paths, total, named.shape, named.over)

    def symbol(self, number: int) -> _Named:
        """The gradient at a node as a quantity of its own.

        An example of the numerator is the same example as that of the node.
        """
        engine, node, own = self.engine, self.engine.quantities.nodes[number], self.own[number]
        labels = {ix.label for ix in own if ix.label}
        out = [ix for ix in self.out if not (ix.label and ix.label in labels)]
        same = frozenset(
            (min(a, b), max(a, b)) for a in self.out for b in own if a.label and a.label == b.label
        )
        first, last = (
            [ix for ix in (*out, *own) if not ix.label],
            [ix for ix in (*out, *own) if ix.label],
        )
        shape, over = node.shape, node.over
        if any(not ix.label for ix in self.out):
            shape = tuple(ix.size for ix in first)
        if self.out:
            over = tuple(ix.label for ix in last if ix.label)
        name = f"d{self.word}_d{node.name}"
        while name in self.graph.names or name in self.graph.stacks:
            name += "_"
        term = standing_for(engine, name, shape, over, (*first, *last))
        return _Named(name, shape, over, replace(term, deltas=same))

    def path(self, number: int, handed: _Handed) -> Path:
        user, derivative, terms = handed.node, handed.local, handed.product
        assert user is not None
        assert derivative is not None
        through = self.engine.quantities.nodes[user].name if user < len(self.graph.nodes) else None
        if through is None:
            return Path(None, self.write(terms, number))
        local, shorthand = self.local(user, number, derivative)
        upstream = Name(self.named[user].name) if user in self.named else None
        if self.numbers and local is not None:
            return Path(through, replace(local, symbolic=chained(upstream, local.symbolic)), local)
        entries = self.by_entries(user, number, derivative, terms) if self.entries else None
        product = self.write(terms, number)
        if local is not None and upstream is not None and self.alike(user, number):
            product = replace(
                product, symbolic=chained(upstream, local.symbolic)
            )  # nothing done to it yet
        return Path(through, product, local, shorthand, entries)

    def alike(self, user: int, number: int) -> bool:
        """Whether a wire leads from one number to one number, 1×1 or in each example, and the
        numerator is one.
        """
        nodes = [self.engine.quantities.nodes[n] for n in (user, number)]
        return (
            not self.array
            and nodes[0].over == nodes[1].over
            and all(s == ONE for node in nodes for s in node.shape)
        )

    def local(
        self, user: int, number: int, derivative: Derivative
    ) -> tuple[Written | None, Shorthand | None]:
        """The local derivative as its rule gives it, and what the literature writes for it."""
        forms = self.forms
        _, shape = forms.shapes(user, [number], ANY)
        opened = replace(derivative, terms=tuple(self.opened(derivative.terms)))
        try:
            found = written(forms, opened, shape)
        except (GradcalcError, NoMatrixForm):
            return None, None
        return found, shorthand(forms, *forms.per_example(opened, ANY)) if opened.terms else None

    def by_entries(
        self, user: int, number: int, derivative: Derivative, terms: Sequence[Term]
    ) -> Entries | None:
        """The derivation behind the matrix rule; None for numbers, which have one entry, and
        where examples meet.
        """
        engine = self.engine
        if self.out or not (derivative.out or derivative.into):
            return None
        own = engine.quantities.fresh(user)
        opened = tuple(
            engine.names.inline(engine.algebra.normal(part)) for part in self.summands(user, own)
        )
        product = Derivative(tuple(terms), (), self.own[number])
        try:
            return Entries(
                written(self.forms, Derivative(opened, own, ())) if opened else None,
                written(self.forms, derivative),
                written(self.forms, product),
            )
        except (GradcalcError, NoMatrixForm):
            return None

    def summands(self, number: int, own: Key) -> list[Term]:
        """A definition as terms, a sum taken apart."""
        engine, found = self.engine, list[Term]()
        for term in engine.definitions.definition(number, own):
            sums = [key for key, expr in term.groups.items() if isinstance(expr, sp.Add)]
            if len(sums) != 1:
                found.append(term)
                continue
            for arg in term.groups[sums[0]].args:
                rest = {key: expr for key, expr in term.groups.items() if key != sums[0]}
                for key, expr in engine.algebra.split(arg).items():
                    rest[key] = rest.get(key, sp.S.One) * expr
                found.append(replace(term, groups=rest))
        return found

    def write(self, terms: Sequence[Term], number: int) -> Written:
        """Terms of a gradient at a node in the shape of the node behind the numerator's; they
        are gathered, not more.
        """
        engine, shape = self.engine, self.engine.quantities.nodes[number].shape
        if self.array:
            shape = (*as_vector(engine.quantities.nodes[self.start].shape), *as_vector(shape))
        tidied = engine.algebra.gather(self.opened(terms))
        of, by = self.word, engine.quantities.nodes[number].name or ""
        found = Derivative(tuple(tidied), self.out, self.own[number])
        asked = Question(f"d{of}/d{by}", "derivative", of, (by,))
        return written(self.forms, found, shape, self.start, asked)

    def opened(self, terms: Sequence[Term]) -> list[Term]:
        return [
            self.engine.names.residuals_open(self.engine.algebra.normal(term)) for term in terms
        ]


def standing_for(engine: Engine, name: str, shape: Shape, over: tuple[str, ...], at: Key) -> Term:
    """A gradient as a quantity of its own, by its name: the term that stands for its entry at
    these indices.
    """
    entry = engine.quantities.entry(
        engine.quantities.added(Node("gradient", (), shape, over, name=name)), at
    )
    return Term(sp.S.One, {engine.quantities.entries.key(entry): entry})


ANY = Question("", "local", "", ("",))  # what is written here answers no question


def written(
    forms: Forms,
    derivative: Derivative,
    shape: Shape | None = None,
    of: int | None = None,
    asked: Question = ANY,
) -> Written:
    """A derivative written in a shape; None: one entry of it. `of`: a gradient of that node, which
    may be in stacks.

    Raises NoMatrixForm where examples meet, GradcalcError where they do and it may be in stacks.
    """
    terms, out, into, each = forms.per_example(derivative, asked)
    terms = [forms.engine.algebra.normal(term) for term in terms]
    free, examples = (*out, *into), tuple(each.values())
    if forms.pairs(terms, each):
        if of is None or shape is None:
            raise NoMatrixForm
        view = forms.paired(terms, free, each, shape, into, asked)
        return Written(view.symbolic, view.shape, view.free, paired=True)
    if shape is None:
        form = forms.entry_form(terms, free, each, into)
        return Written(form.expr, (), form.free, examples)
    form = forms.form_of(terms, free, each, shape, into)
    sums = any(ix.label in forms.graph.examples for term in terms for ix in term.summed)
    stacked = (
        forms.stacked(terms, free, each, shape, into) if of is not None and (each or sums) else None
    )
    return Written(
        form.expr,
        shape,
        form.free,
        examples,
        stacked.symbolic if stacked and not stacked.free else None,
    )


MINUS_ONE = Neg(Num(Fraction(1)))


def chained(upstream: Expr | None, local: Expr) -> Expr:
    """upstream × local, without a factor 1 or −1."""
    for one, other in ((upstream, local), (local, upstream)):
        if other is not None and (one is None or (isinstance(one, Num) and one.value == 1)):
            return other
        if other is not None and one == MINUS_ONE:
            return other.arg if isinstance(other, Neg) else Neg(other)
    assert upstream is not None
    constant = isinstance(local, Num) or (isinstance(local, Neg) and isinstance(local.arg, Num))
    return Binary("*", local, upstream) if constant else Binary("*", upstream, local)
