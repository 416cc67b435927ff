"""Terms in index notation: one entry of a derivative, Σ and Kronecker deltas written out.

∂z1/∂W1  =  where(k == p, x[q], 0)   with free indices k, p, q
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction

import sympy as sp

from gradcalc.calculus.notation.author_order import NO_TEXT, AuthorOrder, AuthorText
from gradcalc.calculus.notation.index_names import BOUND, INTO, OUT, IndexNames
from gradcalc.calculus.notation.places import folded, on_the_axis, solved
from gradcalc.calculus.notation.stack_entries import StackEntries
from gradcalc.calculus.quantities import Pseudo
from gradcalc.calculus.reading import NO_NAMES, Reading
from gradcalc.calculus.reverse_mode import Engine
from gradcalc.calculus.sympy_functions import Spell, numerals, plain_name, to_ast, unspelled
from gradcalc.calculus.terms import Ix, Key, Term, minus
from gradcalc.graph.model import Node
from gradcalc.graph.to_expression import tree
from gradcalc.language.fast_dataclasses import dataclass, field, replace
from gradcalc.language.index_places import place_tree
from gradcalc.language.parser import Binary, Call, Compare, Expr, Index, Name, Neg, Num, Slice
from gradcalc.language.shape_rules import ONE, Size
from gradcalc.language.size_expressions import size_tree
from gradcalc.language.tree import substitute

ZERO, UNIT = Num(Fraction(0)), Num(Fraction(1))
NONE = Size.of(0)  # of a place that does not tell how far its index runs
TIES = frozenset(
    ("unit", "gather", "shift", "pair", "place")
)  # selectors that say where an index is


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
        reading: Reading = NO_NAMES,
        text: AuthorText = NO_TEXT,
    ) -> None:
        self.engine, self.numeral = engine, numerals(spelled)
        self.rank = AuthorOrder(engine, reading, text)
        self.names = IndexNames(engine, taken, hidden or {})
        self.hidden = frozenset(hidden or {})
        self.stacks = {per: stack for stack, per in engine.graph.stacks.items()}
        self.ties: dict[Ix, tuple[Pseudo, Key]] = {}  # R is c p + r, by a selector
        self.solved: list[Ix] = []  # those that a selector was solved for: t is R - s
        # How far an index runs by the places it stands in, and by the equations.
        self.told: dict[Ix, list[Size]] = {}
        self.equal: dict[Ix, list[Size]] = {}

    def write(self, terms: Sequence[Term], free_indices: Key, into: Key) -> EntryForm:
        """The sum of terms; `into` are those of the free indices that belong to the denominator."""
        self.names.offer(terms)
        free = tuple(self.names.of(ix, INTO if ix in into else OUT) for ix in free_indices)
        total: Expr | None = None
        signs = sorted(terms, key=lambda t: minus(t.coef))
        for term in signs:
            negative = minus(term.coef)
            piece = self.term(-term.coef if negative else term.coef, term)
            if total is None:
                total = Neg(piece) if negative else piece
            else:
                total = Binary("-" if negative else "+", total, piece)
        if total is not None:
            total = folded(total, {*self.names.words.values()})
        return EntryForm(total if total is not None else ZERO, free, self.names.sizes)

    def term(self, coef: sp.Expr, term: Term) -> Expr:
        """coefficient · Σ Π groups, with deltas as conditions."""
        self.told, self.equal = {}, {}
        factors = self.tied(sp.Mul.make_args(sp.Mul(*term.groups.values())), term.summed)
        over = [ix for ix in sorted(term.summed) if ix not in self.ties]
        for ix in over:
            self.names.of(ix, BOUND)
        conditions: list[Expr] = []  # under the sum
        outer: list[Expr] = []
        constant: list[sp.Expr] = []  # carries no summed index, and stands in front of the sum
        summed: list[sp.Expr] = []
        bounds: list[Expr] = []  # of the sum
        for ix in self.solved:
            within_sum = self.behind((ix,)) & set(over)
            (bounds if within_sum else outer).extend(on_the_axis(self.at(ix), ix, self.ties[ix]))
        for factor in factors:
            condition = self.condition(factor)
            within = self.carried(factor) & set(over)
            if condition is not None:
                (conditions if within else outer).append(condition)
            else:
                (summed if within else constant).append(factor)
        if over:
            body = self.total(over, summed, conditions, bounds)
            front = coef * sp.Mul(*constant)
            if front != 1:
                body = above_the_bar(to_ast(front, self.leaf, self.rank, self.numeral), body)
        else:
            body = to_ast(coef * sp.Mul(*constant), self.leaf, self.rank, self.numeral)
        outer += [Compare("==", self.at(a), self.at(b)) for a, b in sorted(term.deltas)]
        for condition in outer:
            body = Call("where", (condition, body, ZERO))
        return body

    def total(
        self,
        over: Sequence[Ix],
        factors: list[sp.Expr],
        conditions: list[Expr],
        bounds: Sequence[Expr],
    ) -> Expr:
        """Σ of the factors where the conditions and bounds hold. An index runs as far as the places
        go that it stands in; where it ends before, that is one more condition.
        """
        body = to_ast(sp.Mul(*factors), self.leaf, self.rank, self.numeral)
        for condition in conditions:
            body = Call("where", (condition, body, ZERO))
        limits = list(bounds)
        for ix in over:
            word = Name(self.names.words[ix])
            if word.id in self.names.given or ix in self.hidden:
                continue
            told = self.told.get(ix) or self.equal.get(ix) or []
            if not told:
                carrier = Index(Call("ones", (size_tree(ix.size),)), (word,))
                body = carrier if body == UNIT else Binary("*", carrier, body)
            elif all(size != ix.size for size in told):
                limits.append(Compare("<", word, size_tree(ix.size)))
        return Call("sum", (body, *(Name(self.names.words[ix]) for ix in over), *limits))

    def tied(self, factors: Sequence[sp.Expr], summed: Set[Ix]) -> list[sp.Expr]:
        """The factors without the selectors that say where a summed index is: Σ_b 1[b = c p + r]
        A_ab is A at a and c p + r.
        """
        self.ties, self.solved = {}, []
        kept = []
        for factor in factors:
            quantity, at = (
                self.engine.quantities.entries.entry(factor) if factor.is_Symbol else None
            ) or (None, ())
            if (
                isinstance(quantity, Pseudo)
                and quantity.kind in TIES
                and at[0] in summed - self.ties.keys() - self.hidden
                and at[0] not in self.behind(at[1:])
            ):
                self.ties[at[0]] = quantity, at
            elif isinstance(quantity, Pseudo) and quantity.kind in ("place", "shift"):
                open_ = summed - self.ties.keys() - self.hidden
                found = solved(quantity, at, sorted(open_ - self.behind((at[0],))))
                if found is None:
                    kept.append(factor)
                else:
                    self.solved.append(found[1][0])
                    self.ties[found[1][0]] = found
            else:
                kept.append(factor)
        return kept

    def behind(self, at: Iterable[Ix]) -> set[Ix]:
        """These indices, and for those that are tied to others, the others."""
        found: set[Ix] = set()
        for ix in at:
            found |= self.behind(self.ties[ix][1][1:]) if ix in self.ties else {ix}
        return found

    def carried(self, factor: sp.Expr) -> set[Ix]:
        """The indices in a factor, and those behind the places in it."""
        return self.behind(self.engine.quantities.entries.key(factor))

    def at(self, ix: Ix) -> Expr:
        """An index as it is written: its name, or the place that a selector ties it to."""
        return self.place(*self.ties[ix]) if ix in self.ties else Name(self.names.of(ix, BOUND))

    def place(self, quantity: Pseudo, at: Key) -> Expr:
        """Where a selector has its 1: R = c p + r."""
        if quantity.kind == "eye":
            return self.at(at[1])
        if quantity.kind == "unit":
            return size_tree(quantity.offset)
        if quantity.kind == "gather":
            return self.node(quantity.node, at[1:])
        inner = self.at(at[1])
        if quantity.kind == "shift":
            start = quantity.offset
            if all(count < 0 for _, count in start.terms):
                return place_tree([(inner, quantity.step)], start)
            if quantity.step != 1:
                inner = Binary("*", Num(Fraction(quantity.step)), inner)
            return inner if start.number == 0 else Binary("+", inner, size_tree(start))
        if quantity.kind == "place":
            walked = zip(map(self.at, at[1:]), quantity.steps, strict=True)
            return place_tree(list(walked), quantity.offset)
        return Binary("+", Binary("*", inner, size_tree(quantity.size)), self.at(at[2]))

    def reach(self, ix: Ix, size: Size, found: dict[Ix, list[Size]]) -> None:
        """Note how far indices run that stand in a place below `size`."""
        quantity, at = self.ties.get(ix, (None, ()))
        if quantity is None:
            found.setdefault(ix, []).append(size)
        elif quantity.kind == "shift":
            room = size - quantity.offset
            if quantity.step != 1:
                last = (room - ONE).number
                room = NONE if last is None else Size.of(last // quantity.step + 1)
            self.reach(at[1], room, found)
        elif quantity.kind == "place":
            for inner, step in zip(at[1:], quantity.steps, strict=True):
                if step > 0 and ix not in self.solved:
                    self.reach(inner, NONE, found)
        elif quantity.kind == "pair":
            whole = size == at[1].size * quantity.size and at[2].size == quantity.size
            self.reach(at[1], at[1].size if whole else NONE, found)
            self.reach(at[2], at[2].size if whole else NONE, found)

    def condition(self, factor: sp.Expr) -> Expr | None:
        """A selector as the condition it stands for."""
        found = self.engine.quantities.entries.entry(factor) if factor.is_Symbol else None
        if found is None or not isinstance(found[0], Pseudo) or found[0].kind == "iota":
            return None
        quantity, at = found
        if quantity.kind in ("shift", "pair"):
            kept, self.ties = self.ties, {**self.ties, at[0]: found}
            self.reach(at[0], at[0].size, self.equal)
            self.ties = kept
        return Compare("==", self.at(at[0]), self.place(quantity, at))

    def leaf(self, symbol: sp.Symbol) -> Expr:
        found = self.engine.quantities.entries.entry(symbol)
        if found is None:
            return plain_name(symbol, self.engine.quantities.graph.names)
        quantity, at = found
        if isinstance(quantity, Pseudo):
            if quantity.kind == "iota":
                return self.at(at[0])
            condition = self.condition(symbol)
            assert condition is not None
            return Call("where", (condition, UNIT, ZERO))
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
        items: list[Expr] = []
        for size in node.shape:
            if size == ONE:
                items.append(ZERO)
                continue
            ix = next(given)
            self.reach(ix, size, self.told)
            items.append(self.at(ix))
        over = dict(zip(node.over, at[len(sizes) :], strict=True))
        examples = [ix for ix in over.values() if ix.label is not None and ix not in self.hidden]
        for ix in over.values():
            self.reach(ix, ix.size, self.told)
        if (
            examples
        ):  # one of several examples in a formula: an entry of the stack, the example last
            if node.name is None or node.name not in self.stacks:
                return self.of_examples(quantity, items, examples, over)
            if len(node.shape) == 2 and node.shape[1] == ONE:
                items.pop()
            items += [self.at(ix) for ix in examples]
            return Index(Name(self.stacks[node.name]), tuple(items))
        if node.name is None and node.attrs.get("keepdims"):
            return self.without_kept(quantity, items, over)
        base = self.with_indices(quantity, over)
        while items and node.shape[len(items) - 1] == ONE:
            items.pop()
        return self.indexed(base, items)

    def without_kept(self, quantity: int, items: Sequence[Expr], over: Mapping[str, Ix]) -> Expr:
        """An entry of a reduction that keeps its axes, without them: mean(B, axis=1)[p]."""
        node = self.engine.quantities.nodes[quantity]
        axes = node.attrs.get("axis", ())
        if not axes or all(size == ONE for size in node.shape):
            axes = tuple(range(len(items)))
        bare = replace(node, attrs={**node.attrs, "keepdims": False, "axis": axes})
        base = self.with_indices(quantity, over, bare)
        left = [n for n in range(len(items)) if n not in axes]
        while left and node.shape[left[-1]] == ONE:
            left.pop()
        return Index(base, tuple(items[n] for n in left)) if left else base

    def indexed(self, base: Expr, items: Sequence[Expr]) -> Expr:
        """base[items], in one pair of brackets where the base is an entry: x[t + s, p]; what the
        base chooses with an array of places is chosen by an entry of it, M[b[p], l].
        """
        if not items:
            return base
        if not isinstance(base, Index) or any(isinstance(item, Slice) for item in base.items):
            return Index(base, tuple(items))
        axes = [self.axes(item) for item in base.items]
        inside, behind = items[: max(axes)], items[max(axes) :]
        chosen = (
            Index(item, tuple(inside[len(inside) - count :]))
            if count and isinstance(item, Name)
            else item
            for item, count in zip(base.items, axes, strict=True)
        )
        return Index(base.base, (*chosen, *behind))

    def axes(self, item: Expr | Slice) -> int:
        """How many axes a place between brackets has: one that is a quantity may be an array."""
        graph = self.engine.graph
        if not isinstance(item, Name) or item.id not in graph.names:
            return 0
        return len(graph.node(item.id).shape)

    def with_indices(self, quantity: int, over: Mapping[str, Ix], node: Node | None = None) -> Expr:
        """The expression of a quantity, its named indices in the names or places they have here;
        `node`: what stands for it.
        """
        tied = {f"~{name}": self.at(ix) for name, ix in over.items() if ix in self.ties}
        words = {
            name: f"~{name}" if ix in self.ties else self.names.of(ix, BOUND)
            for name, ix in over.items()
        }
        nodes = self.engine.quantities.nodes
        shown = nodes if node is None else [*nodes[:quantity], node]
        return substitute(tree(shown, quantity, words), tied)

    def of_examples(
        self, quantity: int, items: list[Expr], examples: list[Ix], over: Mapping[str, Ix]
    ) -> Expr:
        """Entries h[t + a] of one of several examples as entries of the stacks, H[t + A[i], i].
        Raises NoMatrixForm.
        """
        inside = {name: ix for name, ix in over.items() if ix not in examples}
        base = self.indexed(self.with_indices(quantity, inside), items)
        nodes = self.engine.quantities.nodes
        named = {node.name: node for node in nodes if node.name is not None}
        return StackEntries(named, self.stacks, tuple(map(self.at, examples))).read(base)

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
        body: Expr = UNIT
        for ix, other in reversed(bound.items()):
            here = Compare("==", Name(self.names.of(other, BOUND)), self.at(ix))
            body = Call("where", (here, body, same))
        return (
            Call("prod", (body, *(Name(self.names.words[ix]) for ix in bound.values())))
            if bound
            else body
        )

    def pairs(self, vector: int, at: Key) -> Expr:
        """Π of the entries of a vector that are not at these places."""
        k = self.engine.quantities.entries.index(at[0].size)
        body = self.node(vector, (k,))
        for ix in dict.fromkeys(reversed(at)):
            here = Compare("==", Name(self.names.of(k, BOUND)), self.at(ix))
            body = Call("where", (here, UNIT, body))
        return Call("prod", (body, Name(self.names.words[k])))


def above_the_bar(front: Expr, body: Expr) -> Expr:
    """front · body, where a quotient takes the body into its numerator: 2 Σ …/n, not (2/n) Σ …"""
    if isinstance(front, Binary) and front.op == "/":
        return Binary("/", above_the_bar(front.left, body), front.right)
    return body if front == UNIT else Binary("*", front, body)
