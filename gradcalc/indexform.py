"""Terms in index notation: one entry of a derivative, Σ and Kronecker deltas written out.

∂z1/∂W1  =  where(k == p, x[q], 0)   with free indices k, p, q
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain, count

import sympy as sp

from gradcalc.derive import Engine, Pseudo
from gradcalc.matrix import NoMatrixForm, size_tree
from gradcalc.records import dataclass, field
from gradcalc.scalar import to_ast
from gradcalc.shapes import ONE
from gradcalc.syntax import Binary, Call, Compare, Expr, Index, Name, Neg, Num
from gradcalc.terms import Ix, Key, Term
from gradcalc.unbuild import tree

OUT, INTO, BOUND = "kluv", "pqrs", "abcdghst"


@dataclass(slots=True)
class EntryForm:
    """One entry: the expression, its free index names in the order of the axes, and the sizes of all indices in it."""

    expr: Expr
    free: tuple[str, ...]
    sizes: dict[str, object] = field(default_factory=dict)


class IndexWriter:
    """`taken` are the names an index must not have; `hidden` example indices keep their own name."""

    def __init__(self, engine: Engine, taken: frozenset[str], hidden: Mapping[Ix, str] | None = None) -> None:
        self.engine = engine
        self.taken = set(taken)
        self.words: dict[Ix, str] = dict(hidden or {})
        self.hidden = frozenset(hidden or {})
        self.stacks = {per: stack for stack, per in engine.graph.stacks.items()}
        self.sizes: dict[str, object] = {}

    def name(self, ix: Ix, letters: str) -> str:
        if ix not in self.words:
            free = (x + tail for tail in chain([""], map(str, count(1))) for x in letters)
            word = next(w for w in free if w not in self.taken)
            self.words[ix] = word
            self.taken.add(word)
            self.sizes[word] = ix.size
        return self.words[ix]

    def write(self, terms: Sequence[Term], free_indices: Key, into: Key) -> EntryForm:
        """The sum of terms; `into` are those of the free indices that belong to the denominator."""
        free = tuple(self.name(ix, INTO if ix in into else OUT) for ix in free_indices)
        total: Expr | None = None
        signs = sorted(terms, key=lambda t: bool(t.coef.could_extract_minus_sign()))
        for term in signs:
            negative = bool(term.coef.could_extract_minus_sign())
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
        conditions: list[Expr] = []
        factors = []
        for factor in sp.Mul.make_args(inside):
            condition = self.condition(factor)
            if condition is not None:
                conditions.append(condition)
            else:
                factors.append(factor)
        # What carries no summed index stands in front of the sum.
        constant = [f for f in factors if not set(self.engine.entries.key(f)) & term.summed] if term.summed else []
        summed = [f for f in factors if f not in constant]
        over = sorted(term.summed)
        if over:
            body = to_ast(sp.Mul(*summed), self.leaf, self.rank)
            for condition in conditions:
                body = Call("where", (condition, body, Num(Fraction(0))))
            conditions = []
            body = Call("sum", (body, *(Name(self.words[ix]) for ix in over)))
            front = coef * sp.Mul(*constant)
            if front != 1:
                body = times(to_ast(front, self.leaf, self.rank), body)
        else:
            body = to_ast(coef * sp.Mul(*factors), self.leaf, self.rank)
        conditions += [Compare("==", Name(self.words[a]), Name(self.words[b])) for a, b in sorted(term.deltas)]
        for condition in conditions:
            body = Call("where", (condition, body, Num(Fraction(0))))
        return body

    def rank(self, expr: sp.Expr, summand: bool = False) -> object:
        names = sorted(s.name for s, _, _ in self.engine.entries.entries(expr))
        simple = expr.is_Symbol or (isinstance(expr, sp.Pow) and expr.base.is_Symbol)
        return (bool(names), not simple, names, expr.sort_key())

    def condition(self, factor: sp.Expr) -> Expr | None:
        """A selector as the condition it stands for."""
        found = self.engine.entries.entry(factor) if factor.is_Symbol else None
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
                "==", here, inner if quantity.offset.number == 0 else Binary("+", inner, size_tree(quantity.offset))
            )
        return Compare(
            "==", here, Binary("+", Binary("*", inner, size_tree(quantity.size)), Name(self.name(at[2], BOUND)))
        )

    def leaf(self, symbol: sp.Symbol) -> Expr:
        found = self.engine.entries.entry(symbol)
        if found is None:
            return Name(symbol.name)
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
        node = self.engine.nodes[quantity]
        sizes = [size for size in node.shape if size != ONE]
        given = iter(at)
        items: list[Expr] = [
            Num(Fraction(0)) if size == ONE else Name(self.name(next(given), BOUND)) for size in node.shape
        ]
        over = dict(zip(node.over, at[len(sizes) :], strict=True))
        examples = [ix for ix in over.values() if ix.label is not None and ix not in self.hidden]
        if examples:  # one of several examples in a formula: an entry of the stack, the example last
            if node.name is None or node.name not in self.stacks:
                raise NoMatrixForm
            if len(node.shape) == 2 and node.shape[1] == ONE:
                items.pop()
            items += [Name(self.name(ix, BOUND)) for ix in examples]
            return Index(Name(self.stacks[node.name]), tuple(items))
        words = {name: self.name(ix, BOUND) for name, ix in over.items()}
        base = tree(self.engine.nodes, quantity, words)
        while items and isinstance(items[-1], Num):
            items.pop()
        return Index(base, tuple(items)) if items else base


def times(front: Expr, body: Expr) -> Expr:
    if isinstance(front, Binary) and front.op == "/":
        return Binary("/", times(front.left, body), front.right)
    return body if front == Num(Fraction(1)) else Binary("*", front, body)
