"""Terms in index notation: one entry of a derivative, Σ and Kronecker deltas written out.

∂z1/∂W1  =  where(k == p, x[q], 0)   with free indices k, p, q
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain, count

import sympy as sp

from gradcalc.calculus.notation.matrix import NoMatrixForm
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.sympy_functions import Spell, numerals, plain_name, to_ast, unspelled
from gradcalc.calculus.terms import Ix, Key, Term, minus
from gradcalc.graph.to_expression import tree
from gradcalc.language.fast_dataclasses import dataclass, field
from gradcalc.language.parser import Binary, Call, Compare, Expr, Index, Name, Neg, Num
from gradcalc.language.shape_rules import ONE
from gradcalc.language.size_expressions import size_tree

OUT, INTO, BOUND = "kluv", "pqrs", "abcdghst"


@dataclass(slots=True)
class EntryForm:
    """One entry: the expression, its free index names in the order of the axes, and the sizes of
    all indices in it.
    """

    expr: Expr
    free: tuple[str, ...]
    sizes: dict[str, object] = field(default_factory=dict)


class IndexWriter:
    """`taken` are the names an index must not have; `hidden` example indices keep their own
    name.
    """

    def __init__(
        self,
        engine: Engine,
        taken: frozenset[str],
        hidden: Mapping[Ix, str] | None = None,
        spelled: Spell = unspelled,
    ) -> None:
        self.engine, self.numeral = engine, numerals(spelled)
        self.taken = set(taken)
        self.words: dict[Ix, str] = dict(hidden or {})
        self.hidden = frozenset(hidden or {})
        self.stacks = {per: stack for stack, per in engine.graph.stacks.items()}
        self.sizes: dict[str, object] = {}
        self.declared: list[tuple[str, object]] = []

    def available(self, terms: Sequence[Term]) -> list[tuple[str, object]]:
        """The author's indices with their sizes, save those that a sum inside an unnamed
        quantity binds.
        """
        graph, nodes = self.engine.graph, self.engine.quantities.nodes
        exprs = (expr for term in terms for expr in term.groups.values())
        stack = [
            q.node if isinstance(q, Pseudo) else q
            for e in exprs
            for _, q, _ in self.engine.quantities.entries.entries(e)
        ]
        seen, bound = set(), set(graph.examples) | graph.names.keys()
        while stack:
            number = stack.pop()
            if number not in seen and number >= 0 and nodes[number].name is None:
                seen.add(number)
                bound.update(nodes[number].attrs.get("index", ()))
                stack += nodes[number].args
        return [(name, size) for name, size in graph.indices.items() if name not in bound]

    def name(self, ix: Ix, letters: str) -> str:
        given = (
            next((item for item in self.declared if item[1] == ix.size), None)
            if ix not in self.words
            else None
        )
        if given is not None:
            self.declared.remove(given)
            self.words[ix], self.sizes[given[0]] = given[0], ix.size
        if ix not in self.words:
            free = (x + tail for tail in chain([""], map(str, count(1))) for x in letters)
            word = next(w for w in free if w not in self.taken)
            self.words[ix] = word
            self.taken.add(word)
            self.sizes[word] = ix.size
        return self.words[ix]

    def write(self, terms: Sequence[Term], free_indices: Key, into: Key) -> EntryForm:
        """The sum of terms; `into` are those of the free indices that belong to the denominator."""
        self.declared = self.available(terms)
        free = tuple(self.name(ix, INTO if ix in into else OUT) for ix in free_indices)
        total: Expr | None = None
        signs = sorted(terms, key=lambda t: minus(t.coef))
        for term in signs:
            negative = minus(term.coef)
            piece = self.term(-term.coef if negative else term.coef, term)
            if total is None:
                total = Neg(piece) if negative else piece
            else:
                total = Binary("-" if negative else "+", total, piece)
        return EntryForm(total if total is not None else Num(Fraction(0)), free, self.sizes)

    def term(self, coef: sp.Expr, term: Term) -> Expr:
        """coefficient · Σ Π groups, with deltas as conditions."""
        for ix in sorted(term.summed):
            self.name(ix, BOUND)
        inside = sp.Mul(*term.groups.values())
        conditions: list[Expr] = []  # under the sum
        outer: list[Expr] = []
        factors = []
        for factor in sp.Mul.make_args(inside):
            condition = self.condition(factor)
            if condition is not None:
                (
                    conditions
                    if set(self.engine.quantities.entries.key(factor)) & term.summed
                    else outer
                ).append(condition)
            else:
                factors.append(factor)
        # What carries no summed index stands in front of the sum.
        constant = (
            [f for f in factors if not set(self.engine.quantities.entries.key(f)) & term.summed]
            if term.summed
            else []
        )
        summed = [f for f in factors if f not in constant]
        over = sorted(term.summed)
        if over:
            body = to_ast(sp.Mul(*summed), self.leaf, self.rank, self.numeral)
            for condition in conditions:
                body = Call("where", (condition, body, Num(Fraction(0))))
            body = Call("sum", (body, *(Name(self.words[ix]) for ix in over)))
            front = coef * sp.Mul(*constant)
            if front != 1:
                body = above_the_bar(to_ast(front, self.leaf, self.rank, self.numeral), body)
        else:
            body = to_ast(coef * sp.Mul(*factors), self.leaf, self.rank, self.numeral)
        outer += [
            Compare("==", Name(self.words[a]), Name(self.words[b])) for a, b in sorted(term.deltas)
        ]
        for condition in outer:
            body = Call("where", (condition, body, Num(Fraction(0))))
        return body

    def rank(self, expr: sp.Expr, summand: bool = False) -> object:
        names = sorted(s.name for s, _, _ in self.engine.quantities.entries.entries(expr))
        simple = expr.is_Symbol or (isinstance(expr, sp.Pow) and expr.base.is_Symbol)
        return (bool(names), not simple, names, expr.sort_key())

    def condition(self, factor: sp.Expr) -> Expr | None:
        """A selector as the condition it stands for."""
        found = self.engine.quantities.entries.entry(factor) if factor.is_Symbol else None
        if found is None or not isinstance(found[0], Pseudo) or found[0].kind == "iota":
            return None
        quantity, at = found
        here = Name(self.name(at[0], BOUND))
        if quantity.kind == "eye":
            return Compare("==", here, Name(self.name(at[1], BOUND)))
        if quantity.kind == "unit":
            return Compare("==", here, size_tree(quantity.offset))
        if quantity.kind == "gather":
            return Compare("==", here, self.node(quantity.node, at[1:]))
        inner: Expr = Name(self.name(at[1], BOUND))
        if quantity.kind == "shift":
            if quantity.step != 1:
                inner = Binary("*", Num(Fraction(quantity.step)), inner)
            return Compare(
                "==",
                here,
                inner
                if quantity.offset.number == 0
                else Binary("+", inner, size_tree(quantity.offset)),
            )
        return Compare(
            "==",
            here,
            Binary(
                "+", Binary("*", inner, size_tree(quantity.size)), Name(self.name(at[2], BOUND))
            ),
        )

    def leaf(self, symbol: sp.Symbol) -> Expr:
        found = self.engine.quantities.entries.entry(symbol)
        if found is None:
            return plain_name(symbol, self.engine.quantities.graph.names)
        quantity, at = found
        if isinstance(quantity, Pseudo):
            if quantity.kind == "iota":
                return Name(self.name(at[0], BOUND))
            condition = self.condition(symbol)
            assert condition is not None
            return Call("where", (condition, Num(Fraction(1)), Num(Fraction(0))))
        return self.node(quantity, at)

    def node(self, quantity: int, at: Key) -> Expr:
        """x[q], inv(S)[p, q]: an entry of a quantity, named indices inside its expression."""
        node = self.engine.quantities.nodes[quantity]
        if node.op == "pairs":
            return self.pairs(node.args[0], at)
        if node.op == "rest":
            return self.rest(quantity, at)
        sizes = [size for size in node.shape if size != ONE]
        given = iter(at)
        items: list[Expr] = [
            Num(Fraction(0)) if size == ONE else Name(self.name(next(given), BOUND))
            for size in node.shape
        ]
        over = dict(zip(node.over, at[len(sizes) :], strict=True))
        examples = [ix for ix in over.values() if ix.label is not None and ix not in self.hidden]
        if (
            examples
        ):  # one of several examples in a formula: an entry of the stack, the example last
            if node.name is None or node.name not in self.stacks:
                raise NoMatrixForm
            if len(node.shape) == 2 and node.shape[1] == ONE:
                items.pop()
            items += [Name(self.name(ix, BOUND)) for ix in examples]
            return Index(Name(self.stacks[node.name]), tuple(items))
        words = {name: self.name(ix, BOUND) for name, ix in over.items()}
        base = tree(self.engine.quantities.nodes, quantity, words)
        while items and isinstance(items[-1], Num):
            items.pop()
        return Index(base, tuple(items)) if items else base

    def rest(self, number: int, at: Key) -> Expr:
        """Π of the entries of an array that are not at this place, along the axes of the
        product.
        """
        node, engine = self.engine.quantities.nodes[number], self.engine
        kept = engine.quantities.multiplied(number, at)
        bound = {
            ix: engine.quantities.entries.index(ix.size, ix.label) for ix in at if ix not in kept
        }
        same = self.node(node.args[0], tuple(bound.get(ix, ix) for ix in at))
        body: Expr = Num(Fraction(1))
        for ix, other in reversed(bound.items()):
            here = Compare("==", Name(self.name(other, BOUND)), Name(self.name(ix, BOUND)))
            body = Call("where", (here, body, same))
        return (
            Call("prod", (body, *(Name(self.words[ix]) for ix in bound.values())))
            if bound
            else body
        )

    def pairs(self, vector: int, at: Key) -> Expr:
        """Π of the entries of a vector that are not at these places."""
        k = self.engine.quantities.entries.index(at[0].size)
        body = self.node(vector, (k,))
        for ix in dict.fromkeys(reversed(at)):
            here = Compare("==", Name(self.name(k, BOUND)), Name(self.name(ix, BOUND)))
            body = Call("where", (here, Num(Fraction(1)), body))
        return Call("prod", (body, Name(self.words[k])))


def above_the_bar(front: Expr, body: Expr) -> Expr:
    """front · body, where a quotient takes the body into its numerator: 2 Σ …/n, not (2/n) Σ …"""
    if isinstance(front, Binary) and front.op == "/":
        return Binary("/", above_the_bar(front.left, body), front.right)
    return body if front == Num(Fraction(1)) else Binary("*", front, body)
