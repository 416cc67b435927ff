"""One backward pass, symbolic: every gradient named, each contribution an upstream gradient times a local derivative.

    BackwardPass(writer, "J", "J").run()  ->  stages, output first:
        ∂J/∂a1 = W2ᵀ ∂J/∂z2,  ∂J/∂z1 = ∂J/∂a1 ∘ 1[z1 > 0],  ∂J/∂W1 = Σᵢ ∂J/∂z1 xᵀ

The engine that answers questions pulls the terms back; here it stops at every named quantity, and the gradient there
gets a name of its own, which the stages after it use. Where the numerator is an array its axes come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

import sympy as sp

from gradcalc.answers import Answerer
from gradcalc.ask import operands
from gradcalc.derive import Derivative
from gradcalc.errors import GradcalcError
from gradcalc.exercise import Question
from gradcalc.forms import as_vector
from gradcalc.graph import Node
from gradcalc.matrix import NoMatrixForm
from gradcalc.records import dataclass, replace
from gradcalc.shapes import ONE, Shape
from gradcalc.solution import Shorthand
from gradcalc.syntax import Binary, Expr, Name, Neg, Num
from gradcalc.terms import Key, Term


@dataclass(frozen=True, slots=True)
class Written:
    """A derivative written down. `free`: it is one entry at these indices; `each`: the examples it is per; `stacked`:
    the same in stacks over the examples, where it has that form; `paired`: examples meet, it is written in stacks."""

    symbolic: Expr
    shape: Shape
    free: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    stacked: Expr | None = None
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """An edge entry by entry: z1[k] = …, ∂z1[k]/∂W1[p, q] = …, and the sum over k of upstream × local."""

    definition: Written | None  # None for an operation that is not a sum of products (an inverse, softmax)
    local: Written
    product: Written


@dataclass(frozen=True, slots=True)
class Edge:
    """What a quantity hands back to one of its operands. `through` None: the loss, by the upstream gradient given.

    local: the local derivative, in full; shorthand: what is written for it. product: upstream × local.
    """

    through: str | None
    product: Written
    local: Written | None = None
    shorthand: Shorthand | None = None
    entries: Entries | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The gradient at a quantity; `name` (dJ_dz1) is what later stages call it, `shape` and `over` are its axes."""

    quantity: str
    name: str
    edges: tuple[Edge, ...]
    total: Written
    shape: Shape
    over: tuple[str, ...]


class BackwardPass:
    """From a quantity `of`, or from the loss behind the upstream gradients (None). `word` is the numerator in names of
    gradients. `wanted`: only the paths to these. `entries`: edges are written entry by entry besides."""

    def __init__(
        self, writer: Answerer, of: str | None, word: str, wanted: Sequence[str] = (), entries: bool = False
    ) -> None:
        self.writer, self.graph, self.engine = writer, writer.graph, writer.engine
        self.of, self.word, self.entries = of, word, entries
        graph = self.graph
        self.numbers = all(not node.shape and not node.over for node in graph.nodes)
        self.skip = {graph.names[name] for name in (*graph.integers, *graph.constants)}
        self.wanted = {graph.names[name] for name in wanted}
        self.below: dict[int, set[int]] = {}
        self.own: dict[int, Key] = {}
        self.reached: dict[int, list[tuple[int, Derivative, list[Term]]]] = {}  # (user, local derivative, product)
        self.names: dict[int, str] = {}  # node -> the name of its gradient
        self.out: Key = ()

    def run(self) -> list[Stage]:
        """The stages in working order: a quantity when all that uses it is done, inputs right behind their last use."""
        engine = self.engine
        start = self.writer.loss if self.of is None else self.graph.names[self.of]
        assert start is not None
        engine.scope = engine.ancestors(start)
        self.start = start
        self.find_edges(start)
        pending = Counter(operand for below in self.below.values() for operand in below)
        own = () if self.of is None else engine.fresh(start)
        self.out = tuple(engine.entries.like(ix) for ix in own)
        self.array = bool(own) and any(size != ONE for size in engine.nodes[start].shape)
        stages: list[Stage] = []
        ready = [start]
        while ready:
            number = min(ready, key=self.turn)
            ready.remove(number)
            if number == start:
                deltas = frozenset((min(pair), max(pair)) for pair in zip(self.out, own, strict=True))
                self.hand_back(number, own, Term(sp.S.One, {}, deltas))
            elif number in self.reached:
                stages.append(self.stage(number))
            for operand in sorted(self.below[number]):
                pending[operand] -= 1
                if not pending[operand]:
                    ready.append(operand)
        return stages

    def turn(self, number: int) -> tuple[bool, int]:
        """Inputs before quantities, as declared; of quantities the one computed last."""
        given = number < len(self.graph.nodes) and self.engine.nodes[number].op == "input"
        return not given, number if given else -number

    def find_edges(self, start: int) -> None:
        """Fill `below`: each named quantity on a path, and its named operands there."""
        names = self.graph.names
        named = {names[name] for name in names if names[name] in self.engine.scope} - self.skip - {start}
        reads = {n: {names[word] for word in self.uses(n)} & named for n in (*sorted(named), start)}
        kept = set(reads)
        if self.wanted:
            kept = {start}
            for number in sorted(named):
                if number in self.wanted or reads[number] & kept:
                    kept.add(number)
        self.below = {number: found & kept for number, found in reads.items() if number in kept}

    def uses(self, number: int) -> Sequence[str]:
        """The named operands of a quantity; of the loss those that have an upstream gradient."""
        if number >= len(self.graph.nodes):
            return [item.of or self.graph.outputs[-1] for item in self.graph.exercise.upstream]
        node = self.graph.nodes[number]
        return operands(self.graph, node.name) if node.name and node.op != "input" else ()

    # ---- one stage

    def hand_back(self, number: int, own: Key, term: Term) -> None:
        """Multiply the gradient at a quantity with its local derivatives."""
        engine = self.engine
        if number in engine.virtual:
            pulled = engine.pull(number, own, [term], set(self.below[number]), lambda n: engine.nodes[n].name is None)
            for operand, (at, terms) in sorted(pulled.items()):
                mine = self.own.setdefault(operand, engine.fresh(operand))
                table = dict(zip(at, mine, strict=True))
                renamed = [engine.algebra.rename(t, table) for t in terms]
                self.reached.setdefault(operand, []).append((number, Derivative(tuple(renamed), (), mine), renamed))
            return
        for operand, local in sorted(self.writer.links(number).items()):
            if operand not in self.below[number]:
                continue
            mine = self.own.setdefault(operand, engine.fresh(operand))
            product = []
            for piece in () if self.numbers else local.terms:
                tied = engine.algebra.rename(piece, dict(zip((*local.out, *local.into), (*own, *mine), strict=True)))
                product.append(self.multiplied(term, tied, own))
            self.reached.setdefault(operand, []).append((number, local, product))

    def multiplied(self, upstream: Term, local: Term, own: Key) -> Term:
        """Upstream × local, nothing simplified, summed over the indices of the quantity between them."""
        groups = dict(local.groups)
        for key, expr in upstream.groups.items():
            groups[key] = groups.get(key, sp.S.One) * expr
        summed = upstream.summed | local.summed | frozenset(own)
        product = Term(upstream.coef * local.coef, groups, upstream.deltas | local.deltas, summed)
        return self.engine.inline(self.engine.selected(self.engine.algebra.normal(product)))

    def stage(self, number: int) -> Stage:
        node = self.engine.nodes[number]
        assert node.name is not None
        parts = self.reached[number]
        edges = tuple(self.edge(user, number, local, terms) for user, local, terms in parts)
        if self.numbers:
            total = replace(edges[0].product, symbolic=reduce(plus, (edge.product.symbolic for edge in edges)))
        else:
            total = (
                edges[0].product if len(edges) == 1 else self.write([t for _, _, terms in parts for t in terms], number)
            )
        shape, over, term = self.symbol(number)
        if node.op != "input":
            self.hand_back(number, self.own[number], term)
        return Stage(node.name, self.names[number], edges, total, shape, over)

    def symbol(self, number: int) -> tuple[Shape, tuple[str, ...], Term]:
        """The gradient at a node as a quantity of its own: its shape, its examples, and it as a term.

        An example of the numerator is the same example as that of the node.
        """
        engine, node, own = self.engine, self.engine.nodes[number], self.own[number]
        labels = {ix.label for ix in own if ix.label}
        out = [ix for ix in self.out if not (ix.label and ix.label in labels)]
        same = frozenset((min(a, b), max(a, b)) for a in self.out for b in own if a.label and a.label == b.label)
        first, last = [ix for ix in (*out, *own) if not ix.label], [ix for ix in (*out, *own) if ix.label]
        shape, over = node.shape, node.over
        if any(not ix.label for ix in self.out):
            shape = tuple(ix.size for ix in first)
        if self.out:
            over = tuple(ix.label for ix in last if ix.label)
        name = self.fresh_name(f"d{self.word}_d{node.name}")
        self.names[number] = name
        engine.nodes.append(Node("gradient", (), shape, over, name=name))
        entry = engine.entry(len(engine.nodes) - 1, (*first, *last))
        return shape, over, Term(sp.S.One, {engine.entries.key(entry): entry}, same)

    def fresh_name(self, name: str) -> str:
        while name in self.graph.names or name in self.graph.stacks:
            name += "_"
        return name

    def edge(self, user: int, number: int, derivative: Derivative, terms: list[Term]) -> Edge:
        through = self.engine.nodes[user].name if user < len(self.graph.nodes) else None
        if through is None:
            return Edge(None, self.write(terms, number))
        local, shorthand = self.local(user, number, derivative)
        if self.numbers and local is not None:
            upstream = Name(self.names[user]) if user in self.names else None
            return Edge(through, replace(local, symbolic=times(upstream, local.symbolic)), local)
        entries = self.by_entries(user, number, derivative, terms) if self.entries else None
        product = self.write(terms, number)
        if local is not None and user in self.names and self.alike(user, number):
            product = replace(product, symbolic=times(Name(self.names[user]), local.symbolic))  # nothing done to it yet
        return Edge(through, product, local, shorthand, entries)

    def alike(self, user: int, number: int) -> bool:
        """Whether an edge leads from one number to one number, 1×1 or in each example, and the numerator is one."""
        nodes = [self.engine.nodes[n] for n in (user, number)]
        return not self.array and nodes[0].over == nodes[1].over and all(s == ONE for node in nodes for s in node.shape)

    def local(self, user: int, number: int, derivative: Derivative) -> tuple[Written | None, Shorthand | None]:
        """The local derivative as its rule gives it, and what the literature writes for it."""
        engine, writer = self.engine, self.writer
        question = Question("", "local", engine.nodes[user].name or "", (engine.nodes[number].name or "",))
        try:
            terms, out, into, each = writer.per_example(derivative, question)
            terms = [engine.residuals_open(engine.algebra.normal(term)) for term in terms]
            out_shape, shape = writer.shapes(user, [number], question)
            if writer.pairs(terms, each):
                return None, None
            form = writer.form_of(terms, writer.order(out, into, out_shape), each, shape, into)
        except (GradcalcError, NoMatrixForm):
            return None, None
        short = writer.shorthand(terms, out, into, each, [number]) if terms else None
        return Written(form.expr, shape, form.free, tuple(each.values())), short

    def by_entries(self, user: int, number: int, derivative: Derivative, terms: Sequence[Term]) -> Entries | None:
        """The derivation behind the matrix rule; None for numbers, which have one entry, and where examples meet."""
        engine = self.engine
        if self.out or not (derivative.out or derivative.into):
            return None
        own = engine.fresh(user)
        opened = [engine.inline(engine.algebra.normal(part)) for part in self.summands(user, own)]
        try:
            return Entries(
                self.one_entry(opened, own, ()) if opened else None,
                self.one_entry(derivative.terms, derivative.out, derivative.into),
                self.one_entry(terms, (), self.own[number]),
            )
        except (GradcalcError, NoMatrixForm):
            return None

    def summands(self, number: int, own: Key) -> list[Term]:
        """A definition as terms, a sum taken apart."""
        engine, found = self.engine, list[Term]()
        for term in engine.definition(number, own):
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

    def one_entry(self, terms: Sequence[Term], out: Key, into: Key) -> Written:
        writer = self.writer
        parts, out, into, each = writer.per_example(
            Derivative(tuple(terms), out, into), Question("", "local", "", ("",))
        )
        parts = [self.engine.algebra.normal(term) for term in parts]
        if writer.pairs(parts, each):
            raise NoMatrixForm
        form = writer.entry_form(parts, (*out, *into), each, into)
        return Written(form.expr, (), form.free, tuple(each.values()))

    # ---- writing

    def write(self, terms: Sequence[Term], number: int) -> Written:
        """Terms of a gradient at a node in the shape of the node behind the numerator's; they are gathered, not more."""
        engine, writer, node = self.engine, self.writer, self.engine.nodes[number]
        tidied = [engine.residuals_open(engine.algebra.normal(term)) for term in terms]
        tidied = engine.algebra.gather(tidied)
        question = Question(f"d{self.word}/d{node.name}", "derivative", self.word, (node.name or "",))
        parts, out, into, each = writer.per_example(Derivative(tuple(tidied), self.out, self.own[number]), question)
        shape = node.shape
        if self.array:
            shape = (*as_vector(self.engine.nodes[self.start].shape), *as_vector(node.shape))
        free = (*out, *into)
        if writer.pairs(parts, each):
            answer = writer.paired(question, parts, free, each, shape, into, self.start)
            assert answer.symbolic is not None
            return Written(answer.symbolic, answer.shape, answer.free, paired=True)
        form = writer.form_of(parts, free, each, shape, into)
        sums = any(ix.label in self.graph.examples for term in parts for ix in term.summed)
        stacked = writer.stacked(parts, free, each, shape, into) if each or sums else None
        return Written(
            form.expr,
            shape,
            form.free,
            tuple(each.values()),
            stacked.symbolic if stacked and not stacked.free else None,
        )


MINUS_ONE = Neg(Num(Fraction(1)))


def times(upstream: Expr | None, local: Expr) -> Expr:
    """upstream × local, without a factor 1 or −1."""
    for one, other in ((upstream, local), (local, upstream)):
        if other is not None and (one is None or (isinstance(one, Num) and one.value == 1)):
            return other
        if other is not None and one == MINUS_ONE:
            return other.arg if isinstance(other, Neg) else Neg(other)
    assert upstream is not None
    constant = isinstance(local, Num) or (isinstance(local, Neg) and isinstance(local.arg, Num))
    return Binary("*", local, upstream) if constant else Binary("*", upstream, local)


def plus(left: Expr, right: Expr) -> Expr:
    return Binary("-", left, right.arg) if isinstance(right, Neg) else Binary("+", left, right)
