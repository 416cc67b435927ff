"""From the gradient with earlier gradients substituted to the form that answers are written in: the
line of algebra that decides, and the facts that were used.

    multiplied_out(((1 − y)/(1 − ŷ) − y/ŷ) ŷ (1 − ŷ)/m)  ->  ((1 − y) ŷ − y (1 − ŷ))/m
    multiplied_out(p ∘ (−y/p) − (pᵀ(−y/p)) p)            ->  −y + sum(y) p

A fact is found by trying: if the two forms differ where the entries of y do not sum to 1, and agree
where they do, then Σ y = 1 is what was used. Nothing is guessed from how the formulas look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from gradcalc.derivation.form_changes import canonical, divisors, factors_and_divisors
from gradcalc.derivation.step_values import StepValues
from gradcalc.graph.model import Graph
from gradcalc.language.formula_pieces import Line, Number, line, math
from gradcalc.language.parser import Binary, Call, Expr, Name, Neg, Num, Transpose
from gradcalc.language.shape_rules import Shape
from gradcalc.language.tree import names, number

MOST = 6  # terms of a product that is multiplied out


# ---- the line between


def multiplied_out(expr: Expr, rank: Callable[[Expr], int | None]) -> Expr | None:
    """A sum of products in which divisors cancel, or a product with such a sum, written out; None
    where nothing cancels. `rank` tells the axes of a part; a dot product of two vectors becomes a
    sum.
    """
    found = _distributed(expr, rank)
    return found if len([*divisors(found)]) < len([*divisors(expr)]) else None


def _distributed(expr: Expr, rank: Callable[[Expr], int | None]) -> Expr:
    match expr:
        case Neg(arg):
            return _negative(_distributed(arg, rank))
        case Binary("+" | "-" as op, left, right):
            one, other = _distributed(left, rank), _distributed(right, rank)
            if isinstance(other, Neg):
                return Binary("-" if op == "+" else "+", one, other.arg)
            return Binary(op, one, other)
        case Binary("*" | "/"):
            return _product(expr, rank)
        case Binary("@", left, right) if rank(left) == rank(right) == 1:
            inner = left.arg if isinstance(left, Transpose) else left
            product = _product(Binary("*", inner, right), rank)
            if canonical(product) == canonical(Binary("*", inner, right)):
                return expr
            if isinstance(product, Neg):
                return Neg(Call("sum", (product.arg,)))
            return Call("sum", (product,))
    return expr


def _negative(expr: Expr) -> Expr:
    return expr.arg if isinstance(expr, Neg) else Neg(expr)


def _product(expr: Expr, rank: Callable[[Expr], int | None]) -> Expr:
    """A product: its sum multiplied by the other factors, as far as divisors cancel."""
    above: list[Expr] = []
    below: list[Expr] = []
    minus = False
    for part, inverse in factors_and_divisors(expr):
        while isinstance(part, Neg):
            part, minus = part.arg, not minus
        inner = part if inverse else _distributed(part, rank)
        while isinstance(inner, Neg):
            inner, minus = inner.arg, not minus
        more: list[tuple[Expr, bool]] = [(inner, inverse)]
        if isinstance(inner, Binary) and inner.op in "*/" and not inverse:
            more = list(factors_and_divisors(inner))
        for one, under in more:
            (below if under else above).append(one)
    above, below = _cancelled(above, below)
    place = next((k for k, part in enumerate(above) if _cancels(part, above)), None)
    if place is None:
        found = _quotient(above, below)
        return Neg(found) if minus else found
    others = above[:place] + above[place + 1 :]
    terms = list(_terms(above[place]))
    made: Expr | None = None
    for sign, term in terms:
        split = [*factors_and_divisors(term)]
        top = [part for part, inverse in split if not inverse]
        bottom = [part for part, inverse in split if inverse]
        piece = _quotient(*_cancelled([*top, *others], bottom))
        negative = (sign < 0) != minus
        if made is None:
            made = Neg(piece) if negative else piece
        else:
            made = Binary("-" if negative else "+", made, piece)
    assert made is not None
    return _quotient([made], below)


def _cancels(part: Expr, above: Sequence[Expr]) -> bool:
    """Whether a sum has a term with a divisor that is a factor of the product."""
    terms = list(_terms(part))
    if not 1 < len(terms) <= MOST:
        return False
    known = {canonical(other) for other in above if other is not part}
    return any(
        inverse and canonical(divisor) in known
        for _, term in terms
        for divisor, inverse in factors_and_divisors(term)
    )


def _terms(expr: Expr, sign: int = 1) -> Iterator[tuple[int, Expr]]:
    match expr:
        case Binary("+" | "-" as op, left, right):
            yield from _terms(left, sign)
            yield from _terms(right, sign if op == "+" else -sign)
        case Neg(arg):
            yield from _terms(arg, -sign)
        case _:
            yield sign, expr


def _cancelled(above: Sequence[Expr], below: Sequence[Expr]) -> tuple[list[Expr], list[Expr]]:
    left = [part for part in above if not (isinstance(part, Num) and part.value == 1)]
    under: list[Expr] = []
    for divisor in below:
        word = canonical(divisor)
        same = next((k for k, part in enumerate(left) if canonical(part) == word), None)
        if same is None:
            under.append(divisor)
        else:
            del left[same]
    return left, under


def _quotient(above: Sequence[Expr], below: Sequence[Expr]) -> Expr:
    top = reduce(lambda a, b: Binary("*", a, b), above) if above else number(1)
    if not below:
        return top
    return Binary("/", top, reduce(lambda a, b: Binary("*", a, b), below))


# ---- the facts that were used


class Facts:
    """What is known of the names of a graph, and tried on two forms of one gradient."""

    def __init__(self, graph: Graph, numbers: StepValues) -> None:
        self.graph, self.numbers = graph, numbers

    def used(self, before: Expr, after: Expr, shape: Shape) -> tuple[Line, ...]:
        """The facts without which the two forms differ; () where it is algebra alone, or cannot
        be tried.
        """
        import numpy as np

        found: list[Line] = []
        known = {d.name: d for d in self.graph.exercise.definitions}
        for name in dict.fromkeys((*names(before), *names(after))):
            if name not in self.graph.names or self.graph.node(name).over:
                continue
            value = self.numbers.solver.values.lists(name)
            variable = self.graph.exercise.variables.get(name)
            assumed = variable.assume if variable is not None else ()
            if value is None:
                continue
            given = np.asarray(value, dtype=float)
            ramp = 0.3137 + 0.4171 * np.arange(given.size, dtype=float).reshape(given.shape) % 1.7
            definition = known.get(name)
            softmax = (
                definition is not None
                and isinstance(definition.expr, Call)
                and definition.expr.func == "softmax"
                and given.ndim == 1
            )
            if ("onehot" in assumed or softmax) and given.ndim == 1:
                if self.same(before, after, shape, name, ramp) is not False:
                    continue
                if self.same(before, after, shape, name, ramp / ramp.sum()):
                    why = " is one-hot)" if "onehot" in assumed else " is a softmax)"
                    total = math(Call("sum", (Name(name),)), "=", number(1))
                    found.append(line(total, " (", Name(name), why))
                elif "onehot" in assumed:
                    found.append(line(Name(name), " is one-hot"))
            elif "symmetric" in assumed and given.ndim == 2:
                if self.same(before, after, shape, name, given + ramp) is False:
                    same = math(Transpose(Name(name)), "=", Name(name))
                    found.append(line(same, " (", Name(name), " is symmetric)"))
            elif (
                definition is not None
                and not definition.indices
                and self.same(before, after, shape, name, given + ramp) is False
            ):
                found.append(math(Name(name), "=", definition.expr))
        return tuple(found)

    def same(
        self, before: Expr, after: Expr, shape: Shape, name: str, value: Number
    ) -> bool | None:
        """Whether two forms agree where a name has another value; None where one has no number."""
        one, other = (
            self.numbers.elsewhere(expr, shape, {name: value}) for expr in (before, after)
        )
        return None if one is None or other is None else self.numbers.same(one, other)
