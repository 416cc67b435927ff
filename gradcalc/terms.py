"""Index-notation terms: what a derivative is made of inside.

A `Term` is  coefficient × Π groups × Π Kronecker deltas, summed over its `summed` indices:

    (1/m) Σ_i (ŷ_i − y_i) · W2_k · 1[z1_ki > 0] · x_qi   =  Term(1/m, {(i,): ŷ−y, (k,): W2, (k,i): mask, (q,i): x}, summed={i})

A group is one scalar SymPy expression of *entries*; its key is the set of indices the entries carry. Factors on the
same indices meet in one SymPy product, so p·(1/p) cancels by itself. A scalar is a term whose only key is ().
The method is that of Laue, Mitterreiter and Giesen, "Computing Higher Order Derivatives of Matrix and Tensor
Expressions" (NeurIPS 2018) and "A Simple and Efficient Tensor Calculus" (AAAI 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import permutations
from typing import Any, TypeAlias

import sympy as sp

from gradcalc.effort import Effort, expandable
from gradcalc.errors import GradcalcError, Problem
from gradcalc.scalar import function_class
from gradcalc.shapes import Size

Key: TypeAlias = "tuple[Ix, ...]"


@dataclass(frozen=True, slots=True, order=True)
class Ix:
    """An index that runs over `size`. Two are the same index if they have the same number.

    `label` is the named index (an example index, say) it stands for, if any.
    """

    uid: int
    size: Size = field(compare=False)
    label: str | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return self.uid


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient (numbers and sizes) × groups × deltas, summed over `summed`; all other indices are free."""

    coef: sp.Expr
    groups: Mapping[Key, sp.Expr]
    deltas: frozenset[tuple[Ix, Ix]] = frozenset()
    summed: frozenset[Ix] = frozenset()

    @property
    def indices(self) -> set[Ix]:
        found = {ix for key in self.groups for ix in key}
        return found | {ix for pair in self.deltas for ix in pair}


class Entries:
    """The one table of entry symbols of a derivation: symbol <-> (quantity, indices)."""

    def __init__(self) -> None:
        self._symbol: dict[tuple[Any, Key], sp.Symbol] = {}
        self._entry: dict[sp.Symbol, tuple[Any, Key]] = {}
        self._within: dict[sp.Expr, list[tuple[sp.Symbol, Any, Key]]] = {}
        self._count = 0
        self.length: Callable[[Any], int] = lambda quantity: 1  # of what is written for a quantity (see `cost`)

    def index(self, size: Size, label: str | None = None) -> Ix:
        self._count += 1
        return Ix(self._count, size, label)

    def like(self, ix: Ix) -> Ix:
        return self.index(ix.size, ix.label)

    def symbol(self, quantity: Any, indices: Key) -> sp.Symbol:
        """The entry of a quantity at indices, as a real SymPy symbol; on the diagonal of an identity it is 1."""
        found = self._symbol.get((quantity, indices))
        if found is None:
            if getattr(quantity, "kind", "") == "eye" and indices[0] == indices[1]:
                return sp.S.One
            # The name only has to be unique and to sort stably: quantities in the order of the graph.
            rank = f"{quantity:06d}" if isinstance(quantity, int) else str(quantity)
            length = self.length(quantity)
            name = "q" + rank + "".join(f".{ix.uid:05d}" for ix in indices) + (f"~{length}" if length > 1 else "")
            found = sp.Symbol(name, real=True)
            self._symbol[quantity, indices] = found
            self._entry[found] = (quantity, indices)
        return found

    def entry(self, symbol: sp.Symbol) -> tuple[Any, Key] | None:
        """(quantity, indices) of an entry symbol; None for a size."""
        return self._entry.get(symbol)

    def entries(self, expr: sp.Expr) -> list[tuple[sp.Symbol, Any, Key]]:
        """The entries in an expression, in a stable order."""
        found = self._within.get(expr)
        if found is None:  # kept for every part: SymPy walks the whole expression whenever it is asked for symbols
            if expr in self._entry:
                found = [(expr, *self._entry[expr])]
            else:
                inner = {item[0]: item for arg in expr.args for item in self.entries(arg)}
                found = sorted(inner.values(), key=lambda item: item[0].name)
            self._within[expr] = found
        return found

    def key(self, expr: sp.Expr) -> Key:
        return tuple(sorted({ix for _, _, at in self.entries(expr) for ix in at}))

    def rename(self, expr: sp.Expr, table: Mapping[Ix, Ix], symmetric: Any) -> sp.Expr:
        """One simultaneous renaming of indices. `symmetric(quantity)` sorts the two indices of a symmetric one."""
        swaps = {}
        for symbol, quantity, indices in self.entries(expr):
            if any(ix in table for ix in indices):
                renamed = tuple(table.get(ix, ix) for ix in indices)
                swaps[symbol] = self.symbol(quantity, sort_symmetric(renamed, symmetric(quantity)))
        return expr.xreplace(swaps) if swaps else expr


def sort_symmetric(indices: Key, is_symmetric: bool) -> Key:
    if is_symmetric and len(indices) >= 2 and indices[1] < indices[0]:
        return (indices[1], indices[0], *indices[2:])
    return indices


def minus(coef: sp.Expr) -> bool:
    """Does a coefficient bear a minus? SymPy finds one in 1/(n − 1) too."""
    return bool(coef.as_coeff_Mul()[0] < 0)


def kind(ix: Ix) -> tuple[str, str]:
    """Indices of one kind may stand for each other."""
    return str(ix.size), ix.label or ""


def unnamed(expr: sp.Expr) -> bool:
    """Is it an entry of a quantity without a name, which is written out?"""
    return bool(expr.is_Symbol and expr.name.startswith("q") and "~" in expr.name)


def size_expr(size: Size) -> sp.Expr:
    """A size as a SymPy expression of positive integer symbols."""
    total = sp.Integer(0)
    for monomial, coefficient in size.terms:
        total += coefficient * sp.Mul(*(sp.Symbol(name, positive=True, integer=True) for name in monomial))
    return total


@lru_cache(maxsize=50_000)
def cost(expr: sp.Expr) -> int:
    """How long an expression reads: its atoms and operations, as one would write it with fractions."""
    if isinstance(expr, sp.Rational):
        return 1 if expr.q == 1 else 2
    if expr.is_Atom:
        return int(expr.name.partition("~")[2]) if unnamed(expr) else 1
    if isinstance(expr, (sp.Mul, sp.Pow)):
        above, below, inside = 0, 0, 0
        parts = [factor for factor in sp.Mul.make_args(expr) if factor is not sp.S.NegativeOne]
        for factor in parts:
            base, exponent = factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
            negative = exponent.could_extract_minus_sign()
            exponent = -exponent if negative else exponent
            raised = 0 if exponent == 1 else 1 if exponent == sp.S.Half else 1 + cost(exponent)
            length = cost(base) + raised
            above, below = (above, below + length) if negative else (above + length, below)
            inside += isinstance(base, sp.Add) and any(sp.fraction(arg)[1] != 1 for arg in base.args)
        # A fraction inside another is hard to read.
        return above + below + len(parts) - 1 + (2 if below and not above else 0) + (3 * inside if below else 0)
    return sum(cost(arg) for arg in expr.args) + max(len(expr.args) - 1, 1)


def shortest(exprs: Sequence[sp.Expr]) -> sp.Expr:
    """The one that reads shortest; of several, the one that `measure` prefers, and of those the first."""
    costs = [cost(expr) for expr in exprs]
    best = [expr for expr, length in zip(exprs, costs, strict=True) if length == min(costs)]
    return best[0] if len(best) == 1 else min(best, key=measure)


def measure(expr: sp.Expr) -> tuple[int, int, int]:
    """What `shortest` means: how long it reads, how many different quantities it names, how much is left to factor."""
    sums = [part for part in sp.preorder_traversal(expr) if isinstance(part, sp.Add)]
    unfactored = sum(bool(set.intersection(*(set(arg.free_symbols) for arg in part.args))) for part in sums)
    return cost(expr), len(expr.free_symbols), unfactored + sum(len(complements(part)) for part in sums)


def complements(total: sp.Add) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """(t·a, −t·a², a) among the summands, which read better as t·a·(1 − a)."""
    found = []
    for square in total.args if len(total.args) > 2 else ():
        for factor in sp.Mul.make_args(square):
            if isinstance(factor, sp.Pow) and factor.exp == 2 and -square / factor.base in total.args:
                found.append((-square / factor.base, square, factor.base))
    return found


def complemented(total: sp.Add) -> sp.Expr:
    """σ − σ² in a sum as σ·(1 − σ)."""
    for linear, square, base in complements(total):
        if linear in total.args and square in total.args:
            total = total - linear - square + sp.Mul(linear, 1 - base)
    return total


def apart(expr: sp.Expr) -> list[sp.Expr]:
    """Factors of an expression that can be simplified one by one: they share no symbol, so nothing cancels between them.

    All that has denominators stays together, with the number in front.
    """
    if isinstance(expr, sp.Add):
        common = set.intersection(*(set(sp.Mul.make_args(arg)) for arg in expr.args))
        rest = sp.Add(*(sp.Mul(*(f for f in sp.Mul.make_args(arg) if f not in common)) for arg in expr.args))
        factors = [*common, rest]
    else:
        factors = list(sp.Mul.make_args(expr))
    groups: list[tuple[set[sp.Basic], bool, sp.Expr]] = []
    for factor in factors:
        symbols, divides = factor.free_symbols, factor.is_number or divided(factor)
        met = [group for group in groups if (divides and group[1]) or group[0] & symbols]
        groups = [group for group in groups if group not in met]
        symbols = symbols.union(*(group[0] for group in met))
        groups.append((symbols, divides or any(group[1] for group in met), sp.Mul(*(g[2] for g in met), factor)))
    return [group[2] for group in groups]


def divided(expr: sp.Expr) -> bool:
    """Does it have a denominator anywhere?"""
    return any(power.exp.could_extract_minus_sign() for power in expr.atoms(sp.Pow))


def signs_met(expr: sp.Expr) -> sp.Expr:
    """What meets in products and sums: x·sign(x) is |x|, sinh x/cosh x is tanh x, and 1 − σ(−x) is σ(x); cases of one
    condition are one case."""
    for f in expr.atoms(sp.Function):
        if operation(f) == "sigmoid" and f.args[0].could_extract_minus_sign():
            expr = expr.subs(1 - f, type(f)(-f.args[0]))
    expr = expr.replace(lambda part: isinstance(part, (sp.Mul, sp.Pow)), factors_met)
    return expr.replace(lambda part: isinstance(part, sp.Add), cases_met)


def operation(expr: sp.Expr) -> str:
    """The operation of the table that a SymPy function stands for; "" for anything else."""
    return getattr(type(expr), "op", "")


def slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """∂expr/∂symbol, as SymPy gives it; SymPy goes through all of the parts, and checks each anew."""
    if expr == symbol:
        return sp.S.One
    inside = [n for n, arg in enumerate(expr.args) if arg.has_free(symbol)]
    if isinstance(expr, sp.Add):
        return sp.Add(*(slope(expr.args[n], symbol) for n in inside))
    if isinstance(expr, sp.Mul):
        return sp.Add(*(sp.Mul(*expr.args[:n], slope(expr.args[n], symbol), *expr.args[n + 1 :]) for n in inside))
    if isinstance(expr, sp.Pow) and expr.exp.is_number:
        return expr * (slope(expr.base, symbol) * expr.exp / expr.base)
    if expr.has(sp.Abs, sp.sign):  # SymPy's own, for sqrt(x^2), whose derivative it calls DiracDelta
        return slope(expr.replace(sp.Abs, function_class("abs")).replace(sp.sign, function_class("sign")), symbol)
    if operation(expr):
        return sp.Add(*(expr.fdiff(n + 1) * slope(expr.args[n], symbol) for n in inside))
    found = sp.diff(expr, symbol)
    if found.has(sp.I, sp.nan, sp.zoo):  # (-2)^x and 0^x by x: the logarithm of the base
        what = "a number that is not positive, to a power that varies, has no derivative by the exponent"
        raise GradcalcError(Problem("undefined", what))
    return found


MET = {("sign", "abs"): "", ("step", "relu"): "relu"}  # f(x)·g(x) is h(x); "" is x itself
QUOTIENTS = {sp.cosh: (sp.sinh, sp.tanh), sp.cos: (sp.sin, sp.tan)}


def factors_met(product: sp.Expr) -> sp.Expr:
    """The factors of a product that say something together: x·sign(x), relu(x)·step(x), step(x)², sinh(x)/cosh(x)."""
    powers = product.as_powers_dict()
    for factor, exponent in powers.items():
        name, arg = operation(factor), factor.args[0] if factor.args else None
        if name == "step" and exponent.is_integer and exponent > 1:
            return factors_met(product / factor ** (exponent - 1))
        if name == "sign" and arg in powers and powers[arg] == 1:
            return factors_met(product / factor / arg * function_class("abs")(arg))
        for other in powers:
            met = MET.get((name, operation(other))) if exponent == 1 and other.args[:1] == (arg,) else None
            if met is not None:
                return factors_met(product / factor / other * (function_class(met)(arg) if met else arg))
        if type(factor) in QUOTIENTS and exponent.could_extract_minus_sign():
            above, name = QUOTIENTS[type(factor)]
            if above(arg) in powers and powers[above(arg)] == -exponent:
                return factors_met(product / factor**exponent / above(arg) ** -exponent * name(arg) ** -exponent)
    return product


def cases_met(total: sp.Add) -> sp.Expr:
    """a·where(c, p, q) + b·where(c, r, s) is where(c, a·p + b·r, a·q + b·s)."""
    cases: dict[sp.Expr, list[tuple[sp.Expr, sp.Expr]]] = {}
    for arg in total.args:
        found = [factor for factor in sp.Mul.make_args(arg) if operation(factor) == "where"]
        if len(found) == 1:
            cases.setdefault(found[0].args[0], []).append((arg, found[0]))
    for condition, met in cases.items():
        if len(met) > 1:
            yes, no = (sp.Add(*(arg / case * case.args[n] for arg, case in met)) for n in (1, 2))
            rest = sp.Add(*(arg for arg in total.args if all(arg != other for other, _ in met)))
            return rest + (yes if yes == no else function_class("where")(condition, yes, no))
    return total


class Algebra:
    """Products, sums and simplification of terms over one table of entries."""

    def __init__(
        self,
        entries: Entries,
        symmetric: Any = lambda quantity: False,
        known_sum: Any = lambda expr, ix: None,
        computed: Any = lambda quantity: True,
        made_by: Any = lambda quantity: "",
    ) -> None:
        self.entries = entries
        self.symmetric = symmetric
        self.computed = computed  # not an input
        self.made_by = made_by  # the operation of a quantity
        self.effort = Effort()
        self._tidied: dict[sp.Expr, sp.Expr] = {}
        self.known_sum = known_sum  # (expression, index) -> a number that it sums to, or None
        self.centred: Any = lambda expr, over: False  # (expression, indices) -> does it sum to 0 over all of them?
        self.knowing = True  # known sums and symmetries are used

    # ---- making terms

    def term(self, expr: sp.Expr, summed: Iterable[Ix] = (), coef: sp.Expr = sp.S.One) -> Term:
        """A scalar expression of entries as a term: each factor goes to the group of its indices."""
        return self.normal(Term(coef, self.split(expr), frozenset(), frozenset(summed)))

    def split(self, expr: sp.Expr) -> dict[Key, sp.Expr]:
        groups: dict[Key, sp.Expr] = {}
        for factor in sp.Mul.make_args(expr):
            if isinstance(factor, sp.Pow) and isinstance(factor.base, sp.Mul) and factor.exp.is_Integer:
                for key, part in self.split(factor.base).items():
                    groups[key] = groups.get(key, sp.S.One) * part**factor.exp
                continue
            key = self.entries.key(factor)
            groups[key] = groups.get(key, sp.S.One) * factor
        return groups

    def times(self, left: Term, right: Term) -> Term:
        """Product of two terms whose summed indices are distinct; same-index groups meet and are tidied."""
        groups = dict(left.groups)
        met = set()
        for key, expr in right.groups.items():
            if key in groups and groups[key] != 1 and expr != 1:
                met.add(key)
            groups[key] = groups.get(key, sp.S.One) * expr
        groups = {key: self.tidy(expr) if key in met else expr for key, expr in groups.items()}
        return self.normal(Term(left.coef * right.coef, groups, left.deltas | right.deltas, left.summed | right.summed))

    def normal(self, term: Term) -> Term:
        """Deltas with a summed index eliminated, groups regrouped, numbers and signs in the coefficient."""
        groups: Mapping[Key, sp.Expr] = term.groups
        deltas, summed, coef = set(term.deltas), set(term.summed), term.coef
        while True:
            table: dict[Ix, Ix] = {}
            for a, b in sorted(deltas):
                if a == b:
                    deltas.discard((a, b))
                elif a in summed or b in summed:
                    gone, stays = (b, a) if b in summed else (a, b)
                    if a in summed and b in summed and stays.label is None:
                        gone, stays = stays, gone
                    table = {gone: stays}
                    deltas.discard((a, b))
                    summed.discard(gone)
                    break
            else:
                break
            if table:
                groups = self.rename_groups(groups, table)
                deltas = {tuple(sorted((table.get(a, a), table.get(b, b)))) for a, b in deltas}  # type: ignore[misc]
        result: dict[Key, sp.Expr] = {}
        for expr in groups.values():
            for key, part in self.split(expr).items():
                result[key] = result.get(key, sp.S.One) * part
        # A delta between free indices identifies them: write every entry with the first of the two.
        same = {b: a for a, b in sorted(deltas)}
        if same:
            result = dict(self.rename_groups(result, same))
        met = self.selectors(result, summed)
        if met is not None:
            kept, pairs, absorbed = met
            return self.normal(Term(coef, kept, frozenset(deltas) | pairs, frozenset(summed) - absorbed))
        final: dict[Key, sp.Expr] = {}
        for key in sorted(result):
            number, expr = self.content(result[key])
            coef *= number
            if expr != 1:
                final[key] = expr
        present = {ix for key in final for ix in key}
        for ix in sorted(summed - present):
            coef *= size_expr(ix.size)
            summed.discard(ix)
        coef, final = self.constants(coef, final)
        if minus(coef):
            coef, final = self.turned(coef, final)
        term = Term(coef, final, frozenset(deltas), frozenset(summed))
        return self.unit_sums(term)

    def selectors(
        self, groups: Mapping[Key, sp.Expr], summed: set[Ix]
    ) -> tuple[dict[Key, sp.Expr], frozenset[tuple[Ix, Ix]], set[Ix]] | None:
        """An identity I_ab is δ_ab, and so is Σ_R S(R, a…) S(R, b…) for two equal selectors that share only R."""
        for key, expr in groups.items():
            for factor in sp.Mul.make_args(expr):
                quantity, at = (self.entries.entry(factor) if factor.is_Symbol else None) or (None, ())
                if getattr(quantity, "kind", "") == "eye":
                    rest = {**groups, key: expr / factor}
                    return rest, frozenset((tuple(sorted(at)),)), set()  # type: ignore[arg-type]
        for ix in sorted(summed):
            keys = [key for key in groups if ix in key]
            if len(keys) != 2 or not all(groups[key].is_Symbol for key in keys):
                continue
            (left, first), (right, second) = (self.entries.entry(groups[key]) or (None, ()) for key in keys)
            if left == right and getattr(left, "kind", "") in ("shift", "pair") and first[0] == second[0] == ix:
                pairs = frozenset(tuple(sorted(pair)) for pair in zip(first[1:], second[1:], strict=True))
                return {key: e for key, e in groups.items() if key not in keys}, pairs, {ix}  # type: ignore[return-value]
        return None

    def facing(self, term: Term) -> Term:
        """The term with its minus taken into a difference of any length: −(Λz + μ − x) zᵀ as (x − Λz − μ) zᵀ."""
        if not minus(term.coef):
            return term
        coef, groups = self.turned(term.coef, dict(term.groups), longest=4)
        return replace(term, coef=coef, groups=groups)

    def turned(self, coef: sp.Expr, groups: dict[Key, sp.Expr], longest: int = 2) -> tuple[sp.Expr, dict[Key, sp.Expr]]:
        """−(μ − x) as (x − μ): a difference takes the sign in, where nothing speaks for its own order."""
        sums = (f for expr in groups.values() for f in sp.Mul.make_args(expr) if isinstance(f, sp.Add))
        differences = [total for total in sums if any(minus(arg) for arg in total.args)]
        if len(differences) != 1:
            return coef, groups  # −(x − μ)(x − μ)ᵀ keeps its sign in front
        for key, expr in groups.items():
            for factor in sp.Mul.make_args(expr):
                if not isinstance(factor, sp.Add):
                    continue
                constant = any(not self.entries.entries(arg) for arg in factor.args)
                negative = any(minus(arg) for arg in factor.args)
                lone = len(groups) == 1 and factor == expr
                bare = constant and abs(coef.as_coeff_Mul()[0].p) == 1 and not self.is_slope(factor, expr)
                if negative and (lone or bare or (len(factor.args) <= longest and not constant)):
                    turned = sp.Add(*(-arg for arg in factor.args))
                    # Only the factor itself: the same difference may stand in a function beside it.
                    parts = [turned if part == factor else part for part in sp.Mul.make_args(expr)]
                    return -coef, {**groups, key: sp.Mul(*parts)}
        return coef, groups

    def is_slope(self, factor: sp.Add, product: sp.Expr) -> bool:
        """1 − s beside s, or 1 − t² for t = tanh: it keeps its order, though the product is negative."""
        (rest,) = factor.args[1:] if len(factor.args) == 2 else (factor,)
        base = (-rest).as_base_exp()[0]
        found = self.entries.entry(base) if base.is_Symbol else None
        made_by = self.made_by(found[0]) if found else operation(base) or str(base.func)
        return made_by in ("tanh", "sigmoid") or base in sp.Mul.make_args(product)

    def constants(self, coef: sp.Expr, groups: dict[Key, sp.Expr]) -> tuple[sp.Expr, dict[Key, sp.Expr]]:
        """A scalar group free of entries belongs to the coefficient."""
        scalar = groups.get((), sp.S.One)
        numbers = [f for f in sp.Mul.make_args(scalar) if not self.entries.entries(f)]
        if numbers:
            rest = sp.Mul(*(f for f in sp.Mul.make_args(scalar) if self.entries.entries(f)))
            coef *= sp.Mul(*numbers)
            groups = {**groups, (): rest}
            if rest == 1:
                del groups[()]
        return coef, groups

    def unit_sums(self, term: Term) -> Term:
        """Sums that are known: Σ_j p_j = 1 for softmax and one-hot, so Σ_j (p_j − y_j) = 0; Σ_j (x_j − μ) = 0."""
        for ix in sorted(term.summed) if self.knowing else ():
            where = [key for key in term.groups if ix in key]
            if len(where) != 1:
                continue
            total = self.known_sum(term.groups[where[0]], ix)
            if total is None:
                continue
            if total == 0:
                return Term(sp.S.Zero, {}, term.deltas, frozenset())
            groups = {key: expr for key, expr in term.groups.items() if key != where[0]}
            return self.normal(Term(term.coef * total, groups, term.deltas, term.summed - {ix}))
        for key, expr in term.groups.items() if self.knowing and len(term.summed) > 1 else ():
            apart = (
                len(key) > 1 and set(key) <= term.summed and not any(set(key) & set(k) for k in term.groups if k != key)
            )
            if apart and self.centred(expr, key):
                return Term(sp.S.Zero, {}, term.deltas, frozenset())
        return term

    def rename_groups(self, groups: Mapping[Key, sp.Expr], table: Mapping[Ix, Ix]) -> dict[Key, sp.Expr]:
        # A renaming may identify two indices, so the groups are formed anew.
        result: dict[Key, sp.Expr] = {}
        for expr in groups.values():
            for key, part in self.split(self.entries.rename(expr, table, self.same)).items():
                result[key] = result.get(key, sp.S.One) * part
        return result

    def same(self, quantity: Any) -> bool:
        """May A_ji be written A_ij? Not while differentiating: the entries are varied one by one."""
        return self.knowing and bool(self.symmetric(quantity))

    def identified(self, term: Term) -> Term:
        """The two entries A_ij and A_ji of a symmetric matrix written as one."""
        swaps = {}
        for expr in term.groups.values():
            for symbol, quantity, at in self.entries.entries(expr):
                if len(at) >= 2 and at[1] < at[0] and self.symmetric(quantity):
                    swaps[symbol] = self.entries.symbol(quantity, sort_symmetric(at, True))
        if not swaps:
            return term
        return replace(term, groups={key: expr.xreplace(swaps) for key, expr in term.groups.items()})

    def rename(self, term: Term, table: Mapping[Ix, Ix]) -> Term:
        """Rename indices, summed ones included."""
        deltas = frozenset(tuple(sorted((table.get(a, a), table.get(b, b)))) for a, b in term.deltas)
        summed = frozenset(table.get(ix, ix) for ix in term.summed)
        return Term(term.coef, self.rename_groups(term.groups, table), deltas, summed)  # type: ignore[arg-type]

    def fresh(self, term: Term) -> Term:
        """The same term with new summed indices."""
        return self.rename(term, {ix: self.entries.like(ix) for ix in sorted(term.summed)})

    # ---- simplification

    def content(self, expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """(number, rest): numeric content and sign of a group; the constant of a sum is made positive."""
        number, rest = sp.S.One, sp.S.One
        for factor in sp.Mul.make_args(expr):
            if factor.is_Rational:
                number *= factor
                continue
            base, exponent = factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
            if isinstance(base, sp.Add) and exponent.is_Integer:
                inner, sum_ = base.primitive()
                if inner.q != 1 and any(arg.as_coeff_Mul()[0].q == 1 for arg in base.args):
                    inner, sum_ = sp.S.One, base  # v + 1/2 stays
                if self.negative(sum_):
                    inner, sum_ = -inner, sp.Add(*(-arg for arg in sum_.args))
                number *= inner**exponent
                factor = sum_**exponent
            rest *= factor
        if isinstance(rest, sp.Mul):
            inner, rest = rest.as_coeff_Mul()
            number *= inner
        return number, rest

    def negative(self, sum_: sp.Add) -> bool:
        """Would one rather write −(…)? Its constant is negative, or, without one, most of its terms are."""
        constant = next((arg for arg in sum_.args if not self.entries.entries(arg)), None)
        if not self.entries.entries(sum_):
            return False  # n − 1
        if constant is not None:
            return bool(constant.could_extract_minus_sign())
        signs = [bool(arg.as_coeff_Mul()[0] < 0) for arg in sum_.args]
        if 2 * sum(signs) != len(signs):
            return 2 * sum(signs) > len(signs)
        # A tie: a computed quantity (ŷ) stands first with a plus, the given one (y) is subtracted.
        first = max(sum_.args, key=self.precedence)
        return bool(first.as_coeff_Mul()[0] < 0)

    def precedence(self, arg: sp.Expr) -> tuple[bool, str]:
        found = self.entries.entries(arg)
        name = max((s.name for s, _, _ in found), default="")
        return any(self.computed(q) for _, q, _ in found), "".join(chr(0x10FFFF - ord(c)) for c in name)

    def tidy(self, expr: sp.Expr) -> sp.Expr:
        """The shortest of a few rewritings of one group, if there is something to cancel; never a whole term."""
        if not isinstance(expr, (sp.Mul, sp.Add, sp.Pow)) or cost(expr) > 64:
            return expr
        has_sum = any(isinstance(part, sp.Add) for arg in sp.Mul.make_args(expr) for part in (arg, *arg.args))
        has_power = divided(expr)
        # Without a denominator a product has nothing to cancel, and a sum can only be factored.
        if not has_power and not (has_sum and isinstance(expr, sp.Add)):
            return signs_met(expr)
        if len(expr.free_symbols) > 12:
            return expr
        if expr not in self._tidied:
            parts = apart(expr)
            if len(parts) > 1:
                self._tidied[expr] = sp.Mul(*map(self.tidy, parts))
            elif not expr.has(sp.Add):
                self._tidied[expr] = signs_met(expr)
            else:
                affordable = self.effort.affords(expr, cost(expr))
                self._tidied[expr] = shortest(self.rewritings(expr)) if affordable else expr
        return self._tidied[expr]

    def rewritings(self, expr: sp.Expr) -> list[sp.Expr]:
        """Equal expressions, the given one first."""
        found = [expr]
        expr = signs_met(expr)
        if expr not in found:
            found.append(expr)
        for rewrite in (sp.cancel, sp.factor, sp.factor_terms) if divided(expr) else (sp.factor, sp.factor_terms):
            try:
                result = rewrite(expr)
            except (sp.PolynomialError, NotImplementedError, RecursionError):
                continue
            if result not in found:
                found.append(result)
                if rewrite is sp.cancel:
                    rewritten = (
                        (sp.factor_terms(result), sp.factor(result))
                        if cost(result) < 30
                        else (sp.factor_terms(result),)
                    )
                    found += [again for again in rewritten if again not in found]
        read = [again.replace(lambda part: isinstance(part, sp.Add), complemented) for again in found]
        return found + [again for again in read if again not in found]

    # ---- sums of terms

    def gather(self, terms: Sequence[Term]) -> list[Term]:
        """Terms added up: equal ones, and those equal save in one group (the distributive law backwards)."""
        pool = [term for term in terms if term.coef != 0 and all(expr != 0 for expr in term.groups.values())]
        merged = True
        while merged:
            merged = False
            for i in range(len(pool)):
                for j in range(i + 1, len(pool)):
                    both = self.merge(pool[i], pool[j])
                    if both is not None:
                        rest = [term for k, term in enumerate(pool) if k not in (i, j)]
                        pool = rest[:i] + ([both] if both.coef != 0 else []) + rest[i:]
                        merged = True
                        break
                if merged:
                    break
        return pool

    def merge(self, a: Term, b: Term) -> Term | None:
        if len(a.summed) != len(b.summed) or a.deltas != b.deltas or abs(len(a.groups) - len(b.groups)) > 1:
            return None
        if len(a.summed) > 5 or sorted(map(kind, a.summed)) != sorted(map(kind, b.summed)):
            return None
        targets = sorted(a.summed)
        for order in permutations(sorted(b.summed)):
            if any(kind(x) != kind(y) for x, y in zip(order, targets, strict=True)):
                continue
            renamed = self.rename_groups(b.groups, dict(zip(order, targets, strict=True)))
            both = self.merge_named(a, Term(b.coef, renamed, b.deltas, a.summed))
            if both is not None:
                return both
        return None

    def merge_named(self, a: Term, b: Term) -> Term | None:
        keys = sorted(set(a.groups) | set(b.groups))
        differ = [key for key in keys if a.groups.get(key, sp.S.One) != b.groups.get(key, sp.S.One)]
        if not differ:
            return self.normal(replace(a, coef=a.coef + b.coef))
        if len(differ) > 1:
            return None
        key = differ[0]
        left, right = a.groups.get(key, sp.S.One), b.groups.get(key, sp.S.One)
        if key and (left == 1 or right == 1) and any(ix in a.summed for ix in key):
            return None
        ratio = b.coef / a.coef
        ratio = sp.cancel(ratio) if expandable(ratio) else ratio
        if not ratio.is_Rational and key != ():
            return None
        number = a.coef.as_coeff_Mul()[0]
        if ratio.is_Rational and number.is_Rational:
            expr = self.tidy(number * left + number * ratio * right)
            return self.normal(replace(a, coef=a.coef / number, groups={**a.groups, key: expr}))
        expr = self.tidy(left + ratio * right)
        return self.normal(replace(a, groups={**a.groups, key: expr}))
